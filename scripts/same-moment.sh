#!/usr/bin/env bash
# Counts how often the race of two threads that write one word at the same moment is found, by `--instrument` and by the
# ThreadSanitizer of the nightly toolchain, in alternating runs. A line for each, with tabs between: tool, runs, found.
# Usage: scripts/same-moment.sh [RUNS]. FOLDER and BINARY are as for scripts/beside-stock.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-500}
. scripts/beside-stock.sh

# Whether a run ends with 66, as both tools do where they found a race.
finds() {
    local code=0
    "$@" >"$work/output" 2>&1 || code=$?
    case $code in
    0) return 1 ;;
    66) return 0 ;;
    esac
    echo "same-moment.sh: $* failed ($code):" >&2
    head -40 "$work/output" >&2
    exit 1
}

by_ours=0 by_stock=0
for _ in $(seq "$runs"); do
    finds env DEADHEAT=detect=on "$ours/same-moment" && by_ours=$((by_ours + 1))
    finds env TSAN_OPTIONS=atexit_sleep_ms=0 "$stock/same-moment" && by_stock=$((by_stock + 1))
done
printf 'tool\truns\tfound\nours\t%s\t%s\nstock\t%s\t%s\n' "$runs" "$by_ours" "$runs" "$by_stock"
