# Builds scripts/kernels with `--instrument` and with the ThreadSanitizer of the nightly toolchain, with the same instrumented
# standard library. Sourced, in the project's folder; sets `work`, and `ours` and `stock` to the folders of programs.
# FOLDER names where builds are kept; BINARY is a `deadheat` that is built already.
work=${FOLDER:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${FOLDER:-}" ] || trap 'rm -rf "$work"' EXIT
target=x86_64-unknown-linux-gnu
manifest=$PWD/scripts/kernels/Cargo.toml

rustup toolchain list | grep -q '^nightly' || {
    echo "${0##*/}: stock ThreadSanitizer needs a nightly toolchain: rustup toolchain install nightly" >&2
    exit 2
}
deadheat=${BINARY:-}
if [ -z "$deadheat" ]; then
    cargo build -q --release -p deadheat-cli
    deadheat=$(realpath "${CARGO_TARGET_DIR:-target}/release/deadheat")
fi

"$deadheat" build --instrument --release --manifest-path "$manifest" --target-dir "$work/ours" >&2
ours=$work/ours/deadheat/instrument/$target/release
sysroot=$(scripts/stock-library.sh "$deadheat" "$work")
RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --sysroot=$sysroot" \
    cargo +nightly build --release --target $target --manifest-path "$manifest" --target-dir "$work/stock" >&2
stock=$work/stock/$target/release
