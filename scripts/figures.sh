#!/usr/bin/env bash
# Measures what has a bound, and prints each figure beside it: name, figure, unit, bound, and "met"
# or "MISSED", a line each, with tabs between. A miss is no failure; a bench that does not run is.
# Instructions are counted where there is a valgrind. Takes a few minutes, and 3 GB of memory; run
# it on a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

# Lines of a bench: figure, measured, unit, bound ("<= 3", ">= 5", or "-" for none).
judge() {
    awk -F'\t' -v OFS='\t' '
        $1 == "figure" { next }
        NF != 4 { print "not a figure: " $0 > "/dev/stderr"; bad = 1; exit 1 }
        {
            split($4, bound, " ")
            verdict = "-"
            if (bound[1] == "<=") verdict = $2 + 0 <= bound[2] + 0 ? "met" : "MISSED"
            if (bound[1] == ">=") verdict = $2 + 0 >= bound[2] + 0 ? "met" : "MISSED"
            print $1, $2, $3, $4, verdict
            figures++
        }
        END { exit bad || !figures }'
}

bench() { cargo bench -q -p "$1" --bench "$2" -- "${@:3}" | judge; }

# The file that cargo made of a bench.
executable() {
    cargo bench -q -p "$1" --bench "$2" --no-run --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}

# The instructions of a hundred thousand accesses of one kind, as callgrind counts them.
counted() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" --count "$2" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

instructions() {
    if ! command -v valgrind >/dev/null; then
        echo "instructions are not counted: there is no valgrind" >&2
        return
    fi
    local access plain kind
    access=$(executable deadheat-detector access)
    plain=$(counted "$access" plain)
    for kind in same ordered; do
        awk -v all="$(counted "$access" "$kind")" -v plain="$plain" -v kind="$kind" 'BEGIN {
            each = (all - plain) / (200 * 512)
            if (each <= 0) exit 1
            printf "%s epoch, above the plain access\t%.1f\tinstructions\t-\n", kind, each
        }' | judge
    done
}

printf 'figure\tmeasured\tunit\tbound\tverdict\n'
bench deadheat-detector access
instructions
bench deadheat-rivals clocks --figures
bench deadheat-detector objects
bench deadheat-detector offline
bench deadheat-cli report
scripts/overhead.sh | tail -n +2
