#!/bin/sh
# e2e.sh [ARGUMENT…] runs the browser tests against bin/huicun and bin/wecomsim.
# Arguments go to vitest. Without any, those with the programs run beside those
# with the mock server: each half leaves a core idle much of the time. CHROMIUM_PATH
# names another browser, for all of them.
set -eu
cd "$(dirname "$0")/../.."
if [ -z "${CHROMIUM_PATH:-}" ]; then
	for name in chromium chromium-browser google-chrome; do
		CHROMIUM_PATH=$(command -v "$name") && break
	done
	CHROMIUM_SHELL_PATH=${CHROMIUM_SHELL_PATH:-$(command -v chromium-headless-shell || true)}
	export CHROMIUM_PATH CHROMIUM_SHELL_PATH
fi
[ -x "$CHROMIUM_PATH" ] || {
	echo "e2e: no Chromium found: run make setup, or set CHROMIUM_PATH" >&2
	exit 1
}
[ $# -eq 0 ] || exec npm --prefix h5 run e2e -- "$@"

half() { # half NAME ARGUMENT…: runs a part and says how long it took
	name=$1
	shift
	began=$(date +%s)
	npm --prefix h5 run e2e -- "$@" && went=ok || went=FAILED
	echo "e2e: $name: $went, $(($(date +%s) - began)) s"
	[ $went = ok ]
}

log=$(mktemp)
half 'with huicun and wecomsim' --project program >"$log" 2>&1 &
beside=$!
trap 'rm -f "$log"' EXIT
trap 'kill "$beside" 2>/dev/null; exit 130' INT TERM
failed=0
half 'with the mock server, and pictures' --project mock --project visual || failed=1
wait "$beside" || failed=1
cat "$log"
exit $failed
