#!/usr/bin/env bash
# Opens the page of `deadheat report --html` in headless Chromium: at 1280 and 390 pixels, light
# and dark; drives it by keyboard, and runs axe-core over it. Any finding, any message on the
# console and any request to the network is a failure.
#
#   scripts/page.sh [REPORTS [SCREENSHOTS]]
#
# REPORTS is a report file; without one, the corpus of the tests. SCREENSHOTS is a folder that
# stays. Needs chromium, node and npm.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in node npm; do
    command -v "$program" >/dev/null || { echo "$program is not there: install it" >&2; exit 2; }
done
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$CHROMIUM" ] || { echo "there is no chromium: install it, or name it in CHROMIUM" >&2; exit 2; }
export CHROMIUM

reports=$(realpath "${1:-cli/tests/formats/corpus.jsonl}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shots=$(realpath -m "${2:-$work/shots}")
mkdir -p "$shots"

cargo run -q -p deadheat-cli --bin deadheat -- report --html -o "$work/page.html" "$reports"
page=$PWD/scripts/page.mjs
cd "$work"
npm install --silent --no-fund --no-audit puppeteer-core@25 axe-core@4 >/dev/null
node "$page" "$work/page.html" "$shots"
