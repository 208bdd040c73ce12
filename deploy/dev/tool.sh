#!/bin/sh
# tool.sh NAME [ARGUMENT…] runs a Go tool of a fixed version, and installs it
# into .cache/bin first if it is not there. tool.sh --install NAME only installs.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)

only_install=false
if [ "$1" = --install ]; then
	only_install=true
	shift
fi
name=$1
shift

case $name in
gofumpt) package=mvdan.cc/gofumpt@v0.12.0 ;;
golangci-lint) package=github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 ;;
govulncheck) package=golang.org/x/vuln/cmd/govulncheck@v1.6.0 ;;
oapi-codegen) package=github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.0 ;;
versitygw) package=github.com/versity/versitygw/cmd/versitygw@v1.8.0 ;;
*)
	printf 'tool.sh: no tool %s\n' "$name" >&2
	exit 2
	;;
esac

# The version is part of the folder, so that a change of it installs anew.
dir=$root/.cache/bin/${package##*@}
if [ ! -x "$dir/$name" ]; then
	printf '    installing %s (once; %s)\n' "$name" "${package##*@}" >&2
	mkdir -p "$dir"
	# Outside the module, so that go.mod stays as it is.
	(cd "$dir" && GOBIN=$dir GOFLAGS= go install "$package") || {
		printf 'tool.sh: cannot install %s\n' "$package" >&2
		exit 3
	}
fi
$only_install && exit 0
exec "$dir/$name" "$@"
