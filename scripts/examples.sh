#!/usr/bin/env bash
# Runs the example suite under detection on many seeds and both schedulers, and checks that
# every racy twin is found and no mended twin is. Usage: scripts/examples.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-20}

cargo build -q -p deadheat-cli
deadheat=${CARGO_TARGET_DIR:-target}/debug/deadheat
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The tests that a report names, one a line.
named() {
    grep -o '"name":"[a-z_]*::tests::[a-z_]*"' "$1" | sed 's/.*tests:://; s/"//' | sort -u
}

cargo test -q --examples --no-run
cargo test -q --examples -- --list 2>/dev/null | sed -n 's/^tests::\(.*_racy\): test$/\1/p' | sort >"$work/expected"
test "$(wc -l <"$work/expected")" -ge 8

for scheduler in controlled parallel; do
    for seed in $(seq 1 "$runs"); do
        code=0
        "$deadheat" test --examples --scheduler "$scheduler" --seed "$seed" \
            --json "$work/reports.jsonl" >"$work/out" 2>"$work/err" || code=$?
        grep '"type":"race"' "$work/reports.jsonl" >"$work/races"
        named "$work/races" >"$work/found"
        if [ "$code" -ne 66 ] || ! diff "$work/expected" "$work/found"; then
            echo "scheduler $scheduler, seed $seed: exit code $code (66 is right); the difference is above"
            tail -40 "$work/err"
            exit 1
        fi
    done
    echo "$scheduler: $runs runs, each racy twin found, no mended one"
done
