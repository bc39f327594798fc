#!/usr/bin/env bash
# Puts the run-time library together: assemble.sh [ARCHIVE [OBJECT]]. From the archive that cargo has
# built (target/library/libdeadheat_tsan.a), one object that a program is linked with, whose only
# symbols are what the pass calls and what is interposed. Prints the object's path. SYSROOT says
# which toolchain's tools are used, where that is not rustc's in the path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

target=${CARGO_TARGET_DIR:-$here/../../target}
archive=${1:-$target/library/libdeadheat_tsan.a}
object=${2:-${archive%/*}/deadheat_tsan.o}
sysroot=${SYSROOT:-$(rustc --print sysroot)}
tools=$sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin
export LD_LIBRARY_PATH="$sysroot/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

[ -e "$archive" ] || { echo "assemble.sh: there is no $archive: run \`cargo build --profile library -p deadheat-tsan\` first" >&2; exit 2; }
"$tools/rust-lld" -flavor gnu -r --whole-archive "$archive" -o "$work/whole.o"
# The library's own calls of memcpy and its kind must not be seen: they go to functions of its own.
"$tools/rust-objcopy" --strip-debug \
    --redefine-sym memcpy=__deadheat_own_memcpy \
    --redefine-sym memmove=__deadheat_own_memmove \
    --redefine-sym memset=__deadheat_own_memset \
    "$work/whole.o" "$work/renamed.o"
# That has left each of them twice, called and defined: this makes one of the two.
"$tools/rust-lld" -flavor gnu -r "$work/renamed.o" -o "$work/own.o"
# Then the functions that stand in front of the C library's get their names, and the rest is hidden.
rename=() keep=() weaken=()
for name in memcpy mempcpy memmove memset memcmp bcmp strlen; do
    rename+=(--redefine-sym "__deadheat_interpose_$name=$name")
done
while read -r name; do
    case $name in
        ''|'#'*) continue ;;
        __tsan_*|__deadheat_*|DW.*) ;;
        *) weaken+=(--weaken-symbol "$name") ;;
    esac
    keep+=(--keep-global-symbol "$name")
done < "$here/symbols"
"$tools/rust-objcopy" "${rename[@]}" "$work/own.o" "$work/named.o"
"$tools/rust-objcopy" --wildcard "${keep[@]}" "$work/named.o" "$work/local.o"
"$tools/rust-objcopy" "${weaken[@]}" "$work/local.o" "$object"
echo "$object"
