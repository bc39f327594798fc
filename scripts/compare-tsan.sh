#!/usr/bin/env bash
# Compares `--instrument` with the ThreadSanitizer of the nightly toolchain, on the kernels in
# scripts/kernels. Both have the standard library instrumented in the same way. Rounds alternate between the
# two; a line for each kernel has the medians and their ratios, with tabs between: kernel, our time and
# theirs in ms, ratio, our peak memory and theirs in KiB, ratio, verdict. The last has the geometric
# means. Bounds: time, 1.5 for each and 1.0 for the mean; memory, 1.0 for each.
# Usage: scripts/compare-tsan.sh [ROUNDS [KERNEL…]], on a machine that does nothing else.
# FOLDER and BINARY are as for scripts/beside-stock.sh. BESIDE=1 keeps a second thread, which
# does nothing, beside each kernel: where a process has but one, there is nothing to detect, and we record nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-9}
shift || true
. scripts/beside-stock.sh
ours=$ours/kernels stock=$stock/kernels

# Stock ThreadSanitizer knows no fences, and reports races in Arc's drop: that is no failure here.

# Runs a kernel; adds its time in microseconds and its peak memory to files.
timed() {
    local name=$1 begin end peak
    shift
    begin=${EPOCHREALTIME/./}
    peak=$("$@" 2>"$work/errors") || {
        echo "compare-tsan.sh: $* failed ($?):" >&2
        head -40 "$work/errors" >&2
        exit 1
    }
    end=${EPOCHREALTIME/./}
    echo $((end - begin)) >>"$work/$name.time"
    echo "$peak" >>"$work/$name.memory"
}

median() { sort -n "$work/$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

printf 'kernel\tours_ms\tstock_ms\ttime\tours_kib\tstock_kib\tmemory\tverdict\n'
kernels=("$@")
((${#kernels[@]})) || mapfile -t kernels < <("$ours")
: >"$work/ratios"
for kernel in "${kernels[@]}"; do
    rm -f "$work"/{ours,stock}.{time,memory}
    run_ours=(env DEADHEAT=detect=on "$ours" "$kernel" ${BESIDE:+beside})
    run_stock=(env TSAN_OPTIONS=exitcode=0:atexit_sleep_ms=0 "$stock" "$kernel" ${BESIDE:+beside})
    for round in $(seq 0 "$rounds"); do
        if ((round % 2)); then
            timed ours "${run_ours[@]}"
            timed stock "${run_stock[@]}"
        else
            timed stock "${run_stock[@]}"
            timed ours "${run_ours[@]}"
        fi
        # The first round warms the caches.
        ((round)) || rm -f "$work"/{ours,stock}.{time,memory}
    done
    printf '%s\t%s\t%s\t%s\t%s\n' "$kernel" "$(median ours.time)" "$(median stock.time)" \
        "$(median ours.memory)" "$(median stock.memory)" |
        awk -F'\t' -v OFS='\t' '{
            time = $2 / $3; memory = $4 / $5
            print $1, sprintf("%.1f", $2 / 1000), sprintf("%.1f", $3 / 1000), sprintf("%.2f", time), $4, $5,
                sprintf("%.2f", memory), time <= 1.5 && memory <= 1 ? "met" : "MISSED"
        }' | tee -a "$work/ratios"
done
awk -F'\t' -v OFS='\t' '{ time += log($4); memory += log($7); n++ } END {
    time = exp(time / n); memory = exp(memory / n)
    print "geometric mean", "", "", sprintf("%.2f", time), "", "", sprintf("%.2f", memory),
        time <= 1 && memory <= 1 ? "met" : "MISSED"
}' "$work/ratios"
