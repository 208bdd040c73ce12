#!/bin/sh
# gen-check.sh fails when the generated files differ from what server/openapi.yaml
# gives today. It writes into a scratch folder and leaves the tree as it is.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

stale=
same() {
	cmp -s "$1" "$2" && return 0
	printf '%s is out of date: run make gen\n' "$1" >&2
	diff -u "$1" "$2" | head -n 40 >&2 || true
	stale=yes
}

sed "s|^output: .*|output: $work/api.gen.go|" server/api/config.yaml >"$work/config.yaml"
deploy/dev/tool.sh oapi-codegen -config "$work/config.yaml" server/openapi.yaml
same server/api/api.gen.go "$work/api.gen.go"

(cd h5 && node_modules/.bin/openapi-typescript ../server/openapi.yaml -o "$work/schema.d.ts" >/dev/null)
same h5/src/api/schema.d.ts "$work/schema.d.ts"
[ -z "$stale" ]
