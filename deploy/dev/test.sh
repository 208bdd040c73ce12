#!/bin/sh
# test.sh [--full] runs every test, goes on after a failure, and ends with what
# failed and a table of what was run, how long it took and how it went (who has
# only the end of the output learns there what to mend), and which browser tests
# passed only when they were repeated. --full adds formats,
# linters, the race detector on everything, and known vulnerabilities.
# bin/ and h5/dist are built already (see the Makefile).
set -u
cd "$(dirname "$0")/../.." || exit 1

full=false
[ "${1:-}" = --full ] && full=true

table=
failed=0
work=$(mktemp -d) || exit 1
: >"$work/repeated"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
escape=$(printf '\033')

# failures prints what of a failed step's output names a failed test and why:
# the lines of go test, and vitest's own list of what failed, at most 100 lines;
# of other commands, and of what did not build, the end.
failures() { # failures FILE
	sed "s/$escape\\[[0-9;]*m//g" "$1" >"$work/plain"
	awk '
		/Failed (Tests|Suites) [0-9]+/ { listed = 1 }
		/^ *Test Files / { if (listed) print; listed = 0 }
		listed && NF || /--- FAIL|_test\.go:[0-9]+:|^panic:|DATA RACE|^FAIL|FAILED/
	' "$work/plain" | cut -c 1-300 | head -n 100 >"$work/named"
	cat "$work/named"
	if [ ! -s "$work/named" ] || grep -q 'build failed' "$work/named"; then
		tail -n 40 "$work/plain" | cut -c 1-300
	fi
}

run() { # run TITLE COMMAND…
	title=$1
	shift
	printf '\n==> %s\n' "$title"
	start=$(date +%s)
	rm -f "$work/status"
	{
		"$@" 2>&1
		echo $? >"$work/status"
	} | tee "$work/output"
	grep -a '^PASSED ONLY WHEN REPEATED: ' "$work/output" >>"$work/repeated"
	if [ "$(cat "$work/status" 2>/dev/null)" = 0 ]; then result=ok; else
		result=FAILED
		failed=$((failed + 1))
		{
			printf '\n==> failed: %s\n' "$title"
			failures "$work/output"
		} >>"$work/failures"
	fi
	table="$table$(printf '%-6s %5d s  %s' "$result" $(($(date +%s) - start)) "$title")
"
}

skip() { # skip TITLE REASON
	table="$table$(printf '%-6s %5s    %s (%s)' skip '' "$1" "$2")
"
}

# Packages whose tests run with the race detector in every run: they share
# memory between goroutines and are quick.
raced='^huicun/(server|internal/(outbox|ingest|alert))$'
race_packages() { go list ./... | grep -E "$raced"; }
other_packages() { go list ./... | grep -vE "$raced"; }

gofumpt_clean() {
	files=$(deploy/dev/tool.sh gofumpt -l cmd internal server migrations h5/*.go) || return 1
	[ -z "$files" ] && return 0
	printf 'not formatted (make fmt):\n%s\n' "$files" >&2
	return 1
}

# vulnerabilities passes when the list of them cannot be reached.
vulnerabilities() {
	out=$(deploy/dev/tool.sh govulncheck ./... 2>&1)
	status=$?
	printf '%s\n' "$out"
	case $out in
	*"fetching vulnerabilities"*)
		echo 'the list of vulnerabilities cannot be reached: not checked'
		return 0
		;;
	esac
	return $status
}

vitest() { npm --prefix h5 run test; }
eslint() { npm --prefix h5 run lint; }
types() { npm --prefix h5 run typecheck; }

# Before the tests that run it, so that its building counts against none of
# them. Without it they fail, and say so.
deploy/dev/tool.sh --install versitygw || true
deploy/dev/elasticsearch/elasticsearch.sh install || true

run "go vet" go vet ./...
if $full; then
	run "go test -race" go test -race -timeout 30m ./...
else
	# The names are words to split.
	# shellcheck disable=SC2046
	run "go test" go test -vet=off -timeout 20m $(other_packages)
	# shellcheck disable=SC2046
	run "go test -race, where goroutines share memory" go test -vet=off -race -timeout 20m $(race_packages)
fi
# Longer what takes bytes from the network or an address: messages, keys, frames, links.
run "fuzzing: decoders and parsers 10 s each, the rest 3 s" deploy/dev/fuzz.sh 10s \
	'^internal/(archive|cursor|ingest/chatdata|personid|wecom/[a-z]+) |^server FuzzParsePosition$' 3s
if ldconfig -p 2>/dev/null | grep -q 'libcrypto\.so\.3 '; then
	run "go test -tags openssl: RSA by OpenSSL" go test -timeout 5m -tags openssl \
		-run 'Decrypt|Key|RealSDK|FiveThousand' ./internal/wecom/finance ./cmd/huicun
else
	skip "go test -tags openssl" "there is no libcrypto.so.3"
fi
if deploy/dev/tool.sh --install oapi-codegen; then
	run "generated files are up to date" deploy/dev/gen.sh --check
else
	skip "generated files are up to date" "oapi-codegen cannot be installed"
fi
run "front end: types" types
run "front end: eslint" eslint
run "front end: vitest" vitest
run "browser tests" deploy/dev/e2e.sh
if $full; then
	run "gofumpt" gofumpt_clean
	run "golangci-lint" deploy/dev/tool.sh golangci-lint run ./...
	run "govulncheck" vulnerabilities
fi
deploy/dev/testdb-stop.sh
deploy/dev/elasticsearch/elasticsearch.sh stop-unused .cache/testelastic

[ "$failed" -eq 0 ] || cat "$work/failures"
printf '\n%s' "$table"
cat "$work/repeated"
if [ "$failed" -ne 0 ]; then
	printf 'FAIL: %d of the steps above failed\n' "$failed"
	exit 1
fi
echo 'PASS: all tests passed'
