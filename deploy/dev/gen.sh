#!/bin/sh
# gen.sh writes again what is made from other files: the API of server/openapi.yaml
# for Go and for the front end, the example configuration, and the README's
# table of settings. gen.sh --check fails when one of them is out of date, and
# leaves the tree as it is.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check=false
[ "${1:-}" = --check ] && check=true
stale=

# put FILE NEW: FILE becomes NEW, or is complained about.
put() {
	cmp -s "$1" "$2" && return 0
	if $check; then
		printf '%s is out of date: run make gen\n' "$1" >&2
		diff -u "$1" "$2" | head -n 40 >&2 || true
		stale=yes
	else
		cat "$2" >"$1"
		printf '    %s\n' "$1"
	fi
}

sed "s|^output: .*|output: $work/api.gen.go|" server/api/config.yaml >"$work/config.yaml"
deploy/dev/tool.sh oapi-codegen -config "$work/config.yaml" server/openapi.yaml
put server/api/api.gen.go "$work/api.gen.go"

(cd h5 && node_modules/.bin/openapi-typescript ../server/openapi.yaml -o "$work/schema.d.ts" >/dev/null)
put h5/src/api/schema.d.ts "$work/schema.d.ts"

go run ./cmd/huicun config >"$work/example.toml"
put deploy/huicun.example.toml "$work/example.toml"

# The table stands behind its mark, up to the next heading.
go run ./cmd/huicun config -table >"$work/table.md"
awk -v table="$work/table.md" '
	/^<!-- settings: made by/ {
		print; print ""
		while ((getline line < table) > 0) print line
		skip = 1; next
	}
	skip && /^#/ { print ""; skip = 0 }
	!skip { print }
' README.md >"$work/README.md"
put README.md "$work/README.md"

[ -z "$stale" ]
