#!/usr/bin/env bash
# Compares the engine with the oracle on random sequences of events, 20,000 of each of the six
# mixtures; then a million accesses that eight OS threads made at once.
# Usage: scripts/oracle.sh [SEQUENCES OF EACH MIXTURE]
set -euo pipefail
cd "$(dirname "$0")/.."
PROPTEST_CASES=${1:-20000} cargo test --release -p deadheat-detector --test engine agreement
cargo test --release -p deadheat-detector --test live
