#!/usr/bin/env bash
# Runs the unmodified test suites of concurrent crates at their current versions, as cargo fetches
# them, under `deadheat test --instrument`, and prints a line for each, with tabs between: crate,
# version, tests, failed, races, seconds, verdict. Ends with 1 if a race was reported or a test failed.
# Then races are put into copies of three of them, which must be found.
# Usage: scripts/real-suites.sh [CRATE…]; a crate's name followed by = and a version pins it.
# UNSEEDED=1 leaves out the races that are put in, FOLDER names where the crates are kept for the next
# time, ARGUMENTS are added to those of the tests, and BINARY is a `deadheat` that is built already.
# STOCK=1 runs each suite with the nightly toolchain's ThreadSanitizer, too, whose standard library is instrumented as
# ours is; a second line has the seconds that the tests took with either, as they say themselves, and the ratio.
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
        # What its authors build it with is not what is looked at here.
        rm -f "$work/$name/rust-toolchain" "$work/$name/rust-toolchain.toml"
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

# The seconds that tests took, as cargo's output in a file tells, without those of the documentation.
took() {
    awk '/^ *Doc-tests / { exit } match($0, /finished in [0-9.]+s/) { all += substr($0, RSTART + 12, RLENGTH - 13) }
        END { printf "%.2f", all }' "$1"
}

# Runs the suite in a folder with stock ThreadSanitizer, which says nothing: it knows no fences.
run_stock() {
    local folder=$1 library
    library=$(scripts/stock-library.sh "$deadheat" "$work")
    (cd "$folder" && RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --sysroot=$library" \
        TSAN_OPTIONS="report_bugs=0 exitcode=0" cargo +nightly test --tests --no-fail-fast --target x86_64-unknown-linux-gnu \
        --target-dir "$folder/target/stock") >"$folder/stock-output" 2>&1 || true
}

printf 'crate\tversion\ttests\tfailed\traces\tseconds\tverdict\n'
for crate in "${crates[@]}"; do
    folder=$(fetch "$crate")
    verdict=ok
    run "$folder" || verdict="FAILED ($?), see $folder/output"
    [ "$verdict" = ok ] || status=1
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "${crate%%=*}" "$(version "$folder")" "${tests:-0}" "${failed:-0}" "$races" \
        "$seconds" "$verdict"
    if [ -n "${STOCK:-}" ]; then
        run_stock "$folder"
        awk -v crate="${crate%%=*}" -v ours="$(took "$folder/output")" -v stock="$(took "$folder/stock-output")" -v OFS='\t' \
            'BEGIN { print crate ", beside stock", ours, stock, (stock > 0 ? sprintf("%.2f", ours / stock) : "-") }'
    fi
done

# A copy of a crate with a race put in by edits, whose suite must find it: seed CRATE WHAT FUNCTION ARGUMENTS EDITS…
# Each edit is a file and an expression of sed that must change it. Both stacks of a race must have FUNCTION.
seed() {
    local crate=$1 what=$2 function=$3 arguments=$4 folder verdict=found
    shift 4
    folder=$work/seeded-$crate
    rm -rf "$folder"
    cp -r "$(fetch "$crate")" "$folder"
    rm -rf "$folder/target"
    while (($#)); do
        cp "$folder/$1" "$folder/before"
        sed -i "$2" "$folder/$1"
        ! cmp -s "$folder/$1" "$folder/before" || { verdict="NOT SEEDED: $1 has changed"; status=1; }
        shift 2
    done
    # shellcheck disable=SC2086
    run "$folder" $arguments || true
    # Of the lines with a race, one whose two stacks have the function.
    if ! awk -v name="$function" '/"type":"race"/ { if (split($0, all, name) > 2) found = 1 } END { exit !found }' \
        "$folder/reports.jsonl"; then
        verdict="MISSED, see $folder/output"
        status=1
    fi
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$crate, $what" "$(version "$folder")" "${tests:-0}" "${failed:-0}" "$races" \
        "$seconds" "$verdict"
}

if [ -z "${UNSEEDED:-}" ]; then
    seed once_cell "relaxed for a release" stampede_once "--lib" \
        src/imp_std.rs 's/swap(self.new_queue, Ordering::AcqRel)/swap(self.new_queue, Ordering::Relaxed)/' \
        src/imp_std.rs 's/signaled.store(true, Ordering::Release)/signaled.store(true, Ordering::Relaxed)/'
    seed parking_lot "a lock that locks nothing" lots_and_lots "--lib lots_and_lots" \
        src/raw_mutex.rs 's/fn lock(&self) -> Self::Guard {/&\n        return Self::Guard::new();/' \
        src/raw_mutex.rs 's/unsafe fn unlock(&self, _guard: Self::Guard) {/&\n        return;/'
    seed concurrent-queue "a plain read beside an atomic" push_or_else "--test bounded mpmc" \
        src/bounded.rs 's/let mut tail = self.tail.load(Ordering::Relaxed);/let mut tail = unsafe { *self.tail.as_ptr() };/'
fi
exit $status
