#!/bin/sh
# faults.sh [-n] runs the tests that the table of docs/faults.md names, in the
# packages where they are; -n only prints what it would run.
set -eu
cd "$(dirname "$0")/../.."

names=$(sed -n 's/^| .*| \(`Test[^|]*\) |$/\1/p' docs/faults.md | tr -d '`,' | tr ' ' '\n' | grep '^Test' | sort -u)
pattern="^func ($(printf '%s' "$names" | tr '\n' '|'))\("
packages=$(grep -rlE --include='*_test.go' "$pattern" cmd internal server | sed 's|/[^/]*$||; s|^|./|' | sort -u)
for name in $names; do
	grep -rqE --include='*_test.go' "^func $name\(" cmd internal server || {
		printf 'docs/faults.md names %s, which is no test\n' "$name" >&2
		exit 1
	}
done

run="^($(printf '%s' "$names" | tr '\n' '|'))\$"
if [ "${1:-}" = -n ]; then
	echo "go test -run '$run'" $packages
	exit 0
fi
export HUICUN_TEST_KILLS="${HUICUN_TEST_KILLS:-200}" HUICUN_TEST_MESSAGES="${HUICUN_TEST_MESSAGES:-20000}" HUICUN_TEST_FILES="${HUICUN_TEST_FILES:-500}"
# shellcheck disable=SC2086
exec go test -v -count=1 -timeout 60m -run "$run" $packages
