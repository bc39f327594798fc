#!/usr/bin/env bash
# Compares the engine with the oracle on random sequences of events, 20,000 of each of the six
# mixtures. Usage: scripts/oracle.sh [SEQUENCES OF EACH MIXTURE]
set -euo pipefail
cd "$(dirname "$0")/.."
PROPTEST_CASES=${1:-20000} cargo test --release -p deadheat-detector --test engine agreement
