#!/usr/bin/env bash
# The standard library that stock ThreadSanitizer is given beside ours, instrumented as ours is: the one that it would be
# linked with reports false races. Prints its path. Made once for each folder.
# Usage: scripts/stock-library.sh DEADHEAT FOLDER
set -euo pipefail
deadheat=$1 work=$2
if [ ! -e "$work/sysroot" ]; then
    mkdir -p "$work/empty/src"
    printf '[package]\nname = "empty"\nversion = "0.0.0"\n[workspace]\n' >"$work/empty/Cargo.toml"
    : >"$work/empty/src/lib.rs"
    # Nothing is linked, so any file does for the run-time library.
    RUSTUP_TOOLCHAIN=nightly DEADHEAT_CACHE=$work/stock-cache DEADHEAT_TSAN=$work/empty/Cargo.toml \
        "$deadheat" build --instrument --manifest-path "$work/empty/Cargo.toml" >&2
    ln -s "$(echo "$work"/stock-cache/std-*-atomics-*[0-9])" "$work/sysroot"
fi
echo "$work/sysroot"
