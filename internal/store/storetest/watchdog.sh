# watchdog DIR IDLE_SECONDS INTERVAL_SECONDS
# Ends the shared test server in DIR when no test process has used it for a
# while. Processes that use it hold users.lock; whoever starts or ends it holds
# start.lock. Descriptor 3 is the lock that keeps a second watchdog away.
cd "$1" || exit 0
idle_since=$(date +%s)
while sleep "$3"; do
	pid=$(head -n 1 server/pgdata/postmaster.pid 2>/dev/null) || exit 0
	if ! flock -n users.lock true; then
		idle_since=$(date +%s)
		continue
	fi
	[ $(($(date +%s) - idle_since)) -ge "$2" ] || continue
	exec 8>start.lock
	flock 8
	if flock -n users.lock true; then
		kill -INT "$pid"
		while [ -e server/pgdata/postmaster.pid ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
		exit 0
	fi
	exec 8>&-
done
