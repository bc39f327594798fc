#!/usr/bin/env bash
# Measures what `deadheat test` itself costs over `cargo test`, on the example suite without
# detection, and prints the figure beside its bound as scripts/figures.sh does. Rounds alternate
# between the two; the figure is the ratio of the medians. Usage: scripts/overhead.sh [ROUNDS]
# Run it on a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-31}

cargo build -q --release -p deadheat-cli
deadheat=$(realpath "${CARGO_TARGET_DIR:-target}/release/deadheat")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The time of a command in microseconds, added to a file; its output is of no interest.
timed() {
    local file=$1 begin end
    shift
    begin=${EPOCHREALTIME/./}
    "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
    end=${EPOCHREALTIME/./}
    echo $((end - begin)) >>"$work/$file"
}

median() { sort -n "$work/$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# Rounds of two commands in turns, each beginning every other round; then the ratio.
compare() {
    local name=$1 bound=$2 ours=$3 theirs=$4
    rm -f "$work/ours" "$work/theirs"
    for round in $(seq 0 "$rounds"); do
        if ((round % 2)); then
            timed ours $ours
            timed theirs $theirs
        else
            timed theirs $theirs
            timed ours $ours
        fi
        # The first round warms the caches.
        if ((round == 0)); then rm "$work/ours" "$work/theirs"; fi
    done
    awk -v ours="$(median ours)" -v theirs="$(median theirs)" -v bound="$bound" -v name="$name" 'BEGIN {
        OFS = "\t"
        percent = (ours / theirs - 1) * 100
        printf "%s: medians of %.1f and %.1f ms\n", name, ours / 1000, theirs / 1000 > "/dev/stderr"
        print name, sprintf("%.1f", percent), "%", "<= " bound, percent <= bound ? "met" : "MISSED"
    }'
}

printf 'figure\tmeasured\tunit\tbound\tverdict\n'
suite="--examples --no-fail-fast"
compare "deadheat test over cargo test" 5 \
    "$deadheat test --runner cargo --no-detect --json $work/reports.jsonl $suite" \
    "cargo test $suite"
if cargo nextest --version >/dev/null 2>&1; then
    compare "deadheat test over cargo nextest run" 5 \
        "$deadheat test --runner nextest --no-detect --json $work/reports.jsonl $suite" \
        "cargo nextest run $suite"
fi
