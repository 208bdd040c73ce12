#!/bin/sh
# fuzz.sh [--keep] [TIME [PATTERN [OTHERS]]] runs each fuzz target whose package or
# name matches PATTERN (a grep -E pattern) for TIME (10s; in s or m), and all others for OTHERS
# (default: not at all), one worker each, as many side by side as there are cores, or
# FUZZ_WORKERS. --keep copies what was found worth keeping
# from Go's cache to testdata/fuzz, where every go test tries it again: the
# shortest 40 inputs of a target, none over 2 KB.
set -eu
cd "$(dirname "$0")/../.."

keep=false
if [ "${1:-}" = --keep ]; then
	keep=true
	shift
fi
time=${1:-10s}
pattern=${2:-.}
others=${3:-}

targets() { # "DIRECTORY NAME TIME" a line
	git ls-files --cached --others --exclude-standard '*_test.go' | while read -r file; do
		sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$(dirname "$file") \1|p" "$file"
	done | sort -u | awk -v time="$time" -v others="$others" -v pattern="$pattern" \
		'$0 ~ pattern { print $0, time; next } others { print $0, others }'
}

program() { # program DIRECTORY: where the tests of a package are, built once for all its targets
	printf '%s/%s.test\n' "$FUZZ_PROGRAMS" "$(printf '%s' "$1" | tr / -)"
}

seconds() { # seconds TIME: of 10s or 2m
	case $1 in
	*m) echo $((${1%m} * 60)) ;;
	*) echo "${1%s}" ;;
	esac
}

fuzz_one() { # fuzz_one DIRECTORY NAME TIME
	# An input worth keeping is made smaller for a second, not for go's minute, in
	# which nothing else is tried.
	out=$(cd "$1" && "$(program "$1")" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$3" -test.fuzzminimizetime 1s \
		-test.parallel 1 -test.paniconexit0 -test.fuzzcachedir "$FUZZ_FOUND/$1" 2>&1) && failed= || failed=1
	# Go counts the inputs kept from earlier runs, which it tries first, among all.
	kept=$(printf '%s\n' "$out" | sed -n 's|.*baseline coverage: [0-9]*/\([0-9]*\) completed.*|\1|p' | tail -n 1)
	tried=$(printf '%s\n' "$out" | sed -n 's/.*execs: \([0-9]*\).*/\1/p' | tail -n 1)
	tried=$((${tried:-0} - ${kept:-0}))
	# go.dev/issue/75804: when time is up while a worker is in an input, go test
	# calls that a failure. A real one names its input.
	case $out in
	*"Failing input written"*) ;;
	*"context deadline exceeded"*) failed= ;;
	esac
	if [ -n "$failed" ]; then
		printf '%s\nFAILED %s %s\n' "$out" "$1" "$2"
		return 1
	fi
	# The time can pass with the kept ones.
	if [ "$tried" -le 0 ]; then
		longer=$(($(seconds "$3") * 3))
		if [ "$longer" -gt 300 ]; then
			printf '%s\nFAILED %s %s: no new input was tried in %s\n' "$out" "$1" "$2" "$3"
			return 1
		fi
		fuzz_one "$1" "$2" "${longer}s"
		return
	fi
	printf 'ok %10s inputs in %s  %s %s\n' "$tried" "$3" "$1" "$2"
}

keep_corpus() { # keep_corpus DIRECTORY NAME
	from=$FUZZ_FOUND/$1/$2
	to=$1/testdata/fuzz/$2
	[ -d "$from" ] || return 0
	mkdir -p "$to"
	find "$from" -type f -size -3 -printf '%s %p\n' | sort -n | head -n 40 | while read -r _ file; do
		cp "$file" "$to/"
	done
}

if [ "${1:-}" = --one ]; then
	fuzz_one "$2" "$3" "$4"
	exit
fi
FUZZ_FOUND=$(go env GOCACHE)/fuzz/$(go list -m)
FUZZ_PROGRAMS=$(mktemp -d)
export FUZZ_FOUND FUZZ_PROGRAMS
trap 'rm -rf "$FUZZ_PROGRAMS"' EXIT
trap 'exit 130' INT
targets | cut -d ' ' -f 1 | uniq | while read -r dir; do
	go test -c -fuzz=. -o "$(program "$dir")" "./$dir"
done
targets | xargs -L 1 -P "${FUZZ_WORKERS:-$(nproc)}" "$0" --one || {
	echo 'fuzz: a target failed; its input is in testdata/fuzz, go test tries it again' >&2
	exit 1
}
if $keep; then
	targets | while read -r dir name _; do keep_corpus "$dir" "$name"; done
fi
