#!/bin/sh
# testdb-stop.sh ends the test database server of this clone, unless a test is
# using it. It would end by itself some minutes after the last test.
cd "$(dirname "$0")/../.." || exit 0
[ -d .cache/testdb ] || exit 0
cd .cache/testdb || exit 0
exec 8>start.lock # held by whoever starts or ends the server
flock 8
flock -n users.lock true || {
	echo "the test database is in use and stays" >&2
	exit 0
}
pid=$(head -n 1 server/pgdata/postmaster.pid 2>/dev/null) || exit 0
kill -INT "$pid" 2>/dev/null || exit 0
while [ -e server/pgdata/postmaster.pid ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
