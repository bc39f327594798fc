#!/usr/bin/env bash
# Tries the interleavings of the lock-free protocols of the engine and the scheduler. What is compiled for that is not
# what is used otherwise, so it has a target directory of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
export RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/loom
cargo test -q -p deadheat-engine --test loom --release
cargo test -q -p deadheat-runtime --lib --release models::
