#!/usr/bin/env bash
# Runs the unmodified test suites of concurrent crates at their current versions, as cargo fetches
# them, under `deadheat test --instrument`, and prints a line for each, with tabs between: crate,
# version, tests, failed, races, seconds, verdict. Ends with 1 if a race was reported or a test failed.
# Then races are put into copies of three of them, which must be found: crate, the race, races found,
# verdict. Usage: scripts/real-suites.sh [CRATE…]; a crate's name followed by = and a version pins it.
# FOLDER names where the crates are kept for the next time, ARGUMENTS are added to those of the tests,
# and BINARY is a `deadheat` that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."

crates=("$@")
((${#crates[@]})) || crates=(crossbeam-channel crossbeam-epoch flume arc-swap once_cell parking_lot
    concurrent-queue dashmap rayon-core thread_local crossbeam-deque)
deadheat=${BINARY:-}
if [ -z "$deadheat" ]; then
    cargo build -q --release -p deadheat-cli
    deadheat=$(realpath "${CARGO_TARGET_DIR:-target}/release/deadheat")
fi
work=${FOLDER:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${FOLDER:-}" ] || trap 'rm -rf "$work"' EXIT
status=0

# The sources of a crate, in a folder of its own that can be written: the path.
fetch() {
    local name=${1%%=*} version='*' probe=$work/fetch/${1%%=*}
    [[ $1 == *=* ]] && version==${1#*=}
    if [ ! -e "$work/$name/Cargo.toml" ]; then
        mkdir -p "$probe/src"
        printf '[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = "%s"\n[workspace]\n' \
            "$name" "$version" >"$probe/Cargo.toml"
        : >"$probe/src/lib.rs"
        cargo fetch -q --manifest-path "$probe/Cargo.toml" >&2
        local manifest
        manifest=$(cargo metadata --offline --format-version 1 --manifest-path "$probe/Cargo.toml" |
            grep -o "\"manifest_path\":\"[^\"]*/$name-[0-9][^/\"]*/Cargo.toml\"" | head -1 | cut -d'"' -f4)
        cp -r "${manifest%/Cargo.toml}" "$work/$name"
        chmod -R u+w "$work/$name"
        # Apart from whatever workspace the folder may lie in.
        grep -q '^\[workspace\]' "$work/$name/Cargo.toml" || printf '\n[workspace]\n' >>"$work/$name/Cargo.toml"
    fi
    echo "$work/$name"
}

version() { sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$1/Cargo.toml" | head -1; }

# Runs the suite in a folder; its numbers are then in tests, failed, races and seconds.
run() {
    local folder=$1 code=0 begin=$SECONDS line
    shift
    (cd "$folder" && CARGO_TERM_COLOR=never "$deadheat" test --instrument --runner cargo --json "$folder/reports.jsonl" \
        ${ARGUMENTS:-} "$@") >"$folder/output" 2>&1 || code=$?
    seconds=$((SECONDS - begin))
    line=$(grep -a '^deadheat: [0-9,]* tests\? run' "$folder/output" | tail -1)
    tests=$(sed -n 's/^deadheat: \([0-9,]*\) tests\? run.*/\1/p' <<<"$line")
    failed=$(sed -n 's/.* \([0-9,]*\) failed.*/\1/p' <<<"$line")
    races=$(grep -ac '"type":"race"' "$folder/reports.jsonl" || true)
    return $code
}

printf 'crate\tversion\ttests\tfailed\traces\tseconds\tverdict\n'
for crate in "${crates[@]}"; do
    folder=$(fetch "$crate")
    verdict=ok
    run "$folder" || verdict="FAILED ($?), see $folder/output"
    [ "$verdict" = ok ] || status=1
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "${crate%%=*}" "$(version "$folder")" "${tests:-0}" "${failed:-0}" "$races" \
        "$seconds" "$verdict"
done
exit $status
