#!/bin/sh
# e2e.sh [ARGUMENT…] runs the browser tests against bin/huicun and bin/wecomsim.
# Arguments go to vitest.
set -eu
cd "$(dirname "$0")/../.."
if [ -z "${CHROMIUM_PATH:-}" ]; then
	for name in chromium chromium-browser google-chrome; do
		CHROMIUM_PATH=$(command -v "$name") && break
	done
	export CHROMIUM_PATH
fi
[ -x "$CHROMIUM_PATH" ] || {
	echo "e2e: no Chromium found: run make setup, or set CHROMIUM_PATH" >&2
	exit 1
}
exec npm --prefix h5 run e2e -- "$@"
