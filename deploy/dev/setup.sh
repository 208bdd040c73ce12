#!/bin/sh
# setup.sh installs what a fresh machine lacks for building, testing and trying
# Huicun. It looks first and installs only what is missing, so a second run
# costs nothing. It changes no configuration and starts no service.
# setup.sh --install PACKAGE… installs these Debian packages and nothing else.
set -eu
cd "$(dirname "$0")/../.."

fail() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

any() { # any FILE…: does one of them exist?
	for f in "$@"; do
		[ -e "$f" ] && return 0
	done
	return 1
}

# version_at_least HAVE WANT, both as MAJOR.MINOR
version_at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

need_toolchains() {
	have go || fail "Go is missing: install Go $(awk '/^go / { print $2 }' go.mod) or newer"
	have node || fail "Node is missing: install Node 20.19 or newer"
	have npm || fail "npm is missing: it comes with Node"
	want=$(awk '/^go / { print $2 }' go.mod)
	got=$(go env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
	version_at_least "$got" "$want" || fail "Go $got is too old: $want or newer is needed"
	got=$(node -p process.versions.node)
	version_at_least "$got" 20.19 || fail "Node $got is too old: 20.19 or newer is needed"
}

# Debian packages that are missing, one a line.
missing() {
	any /usr/lib/postgresql/*/bin/initdb || have initdb || echo postgresql
	have chromium || have chromium-browser || have google-chrome || [ -n "${CHROMIUM_PATH:-}" ] || echo chromium
	any /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc /usr/share/fonts/*/NotoSansCJK* /usr/share/fonts/*/*/NotoSansCJK* || echo fonts-noto-cjk
	any /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf /usr/share/fonts/*/NotoColorEmoji* /usr/share/fonts/*/*/NotoColorEmoji* || echo fonts-noto-color-emoji
	have ffmpeg && have ffprobe || echo ffmpeg
	have pdftoppm && have pdfinfo || echo poppler-utils
	# Chinese documents name fonts instead of holding them.
	any /usr/share/poppler/cMap/Adobe-GB1 || echo poppler-data
	have redis-server || echo redis-server
	# WeCom's library is loaded through cgo.
	have gcc || have clang || [ -n "${CC:-}" ] || echo gcc libc6-dev
	have flock && have prlimit || echo util-linux
}

install() {
	have apt-get || fail "these are missing, and there is no apt-get to install them with: $*"
	sudo=
	if [ "$(id -u)" -ne 0 ]; then
		have sudo || fail "these packages are missing; install them as root: apt-get install $*"
		sudo=sudo
	fi
	printf 'setup: installing %s\n' "$*"
	export DEBIAN_FRONTEND=noninteractive
	$sudo apt-get update -qq || fail "apt-get update did not work"
	$sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
		fail "apt-get install $* did not work"
}

# headless_shell installs the half of Chromium that the browser tests need half the
# time with; where it cannot be had they run in the whole, and nobody asks again.
headless_shell() {
	none=.cache/no-chromium-headless-shell
	if have chromium-headless-shell || [ -n "${CHROMIUM_PATH:-}" ] || [ -e "$none" ]; then return; fi
	(install chromium-headless-shell) || {
		echo 'setup: without chromium-headless-shell the browser tests take longer' >&2
		: >"$none"
	}
}

# npm_ci runs when the lock file is not the one that node_modules was made from.
npm_ci() {
	[ -f h5/package-lock.json ] || return 0
	cmp -s h5/package-lock.json h5/node_modules/.huicun-lock && return 0
	deploy/dev/step.sh "install the front end's packages" npm --prefix h5 ci --silent
	cp h5/package-lock.json h5/node_modules/.huicun-lock
}

main() {
	need_toolchains
	packages=$(missing | tr '\n' ' ')
	if [ -n "$packages" ]; then
		# The names are words to split.
		# shellcheck disable=SC2086
		install $packages
	fi
	headless_shell
	npm_ci
}

if [ "${1:-}" = --install ]; then
	shift
	install "$@"
	exit
fi
mkdir -p .cache
if have flock && [ -z "${SETUP_LOCKED:-}" ]; then
	# Two at once must not both write node_modules.
	SETUP_LOCKED=1 exec flock .cache/setup.lock "$0" "$@"
fi
main
