#!/usr/bin/env bash
# All primitives at once, with panics, cancelling and timeouts from a seed, for so many minutes: no
# hang, no lost wake-up, no memory that grows. Usage: scripts/soak.sh [MINUTES] [OPTIONS], with
# --detect for detection on, --seed N, --procs N; see examples/soak/. Prints the memory in use every
# ten seconds. Exit code 1 where something does not hold, after a list of what all goroutines do
# where nothing goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=10
if [[ ${1-} =~ ^[0-9.]+$ ]]; then
    minutes=$1
    shift
fi
exec cargo run -q --release --example soak -- --minutes "$minutes" "$@"
