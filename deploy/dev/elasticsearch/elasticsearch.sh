#!/bin/sh
# elasticsearch.sh runs a real Elasticsearch, one node or a cluster of some, on
# the loopback, for tests and for make demo.
#
#   install                  prepare what a node needs: JDK, Maven, jars
#   start DIR [--nodes N]    start those of the N nodes (1) in DIR that do not
#                            run, and wait until all are one cluster; DIR/urls
#                            has their addresses, one a line. With --fresh it
#                            forgets what DIR held, if no node runs
#   stop DIR                 end them; their data stays
#   prepare DIR [--nodes N]  only choose ports and write settings, once
#   run DIR I                be node I (1 to N) of DIR, which is prepared, until
#                            it is ended or standard input is
#   stop-unused DIR          stop, unless a process holds a lock of DIR/users.lock
#   watch DIR IDLE INTERVAL  look each INTERVAL s, and stop once nobody has used
#                            it for IDLE s
#
# DIR/I/ holds node I: config/elasticsearch.yml (may be edited), data/, log, pid,
# url. ELASTICSEARCH_HEAP (512m) is a node's heap. ES_JAVA_OPTS takes the place
# of the options that halve the work of a start and cost speed later: set it
# to nothing for measuring.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
version=$(sed -n 's|.*<elasticsearch.version>\(.*\)</elasticsearch.version>.*|\1|p' "$here/pom.xml")
home=$root/.cache/elasticsearch/$version

fail() {
	printf 'elasticsearch.sh: %s\n' "$*" >&2
	exit 1
}

# find_java sets $java and $javac: those of JAVA_HOME, of PATH, or of Debian.
find_java() {
	for bin in "${JAVA_HOME:-/nowhere}/bin/" '' /usr/lib/jvm/*/bin/; do
		java=${bin}java javac=${bin}javac
		command -v "$java" >/dev/null 2>&1 && command -v "$javac" >/dev/null 2>&1 || continue
		major=$("$java" -version 2>&1 | sed -n 's/^[a-z]* version "\([0-9]*\).*/\1/p')
		[ "${major:-0}" -ge 17 ] && return 0
	done
	java=
	return 1
}

have_mvn() { command -v mvn >/dev/null 2>&1; }

# stamp tells what an installation was made from.
stamp() {
	echo "layout 1" # another one when fetch makes something else of the same files
	cat "$here/pom.xml" "$here/HuicunNode.java"
	"$java" -version 2>&1
}

installed() { stamp | cmp -s - "$home/stamp"; }

# fetch fills $home: lib/ for the module path, modules/transport-netty4/ as an
# Elasticsearch has it, node.jar, and node.jsa, an archive of loaded classes
# that makes each start twice as fast. It is trained at its final place, as it
# is valid there only.
fetch() {
	printf '    installing Elasticsearch %s (once)\n' "$version" >&2
	rm -rf "$home"
	mkdir -p "$home/lib" "$home/modules/transport-netty4" "$home/classes"
	mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/lib" >"$home/mvn.log" 2>&1 ||
		fail "Maven cannot fetch Elasticsearch: $(grep -m 3 ERROR "$home/mvn.log" || tail -n 3 "$home/mvn.log")"
	mv "$home"/lib/netty-*.jar "$home"/lib/transport-netty4-*.jar "$home/modules/transport-netty4/"
	cat >"$home/modules/transport-netty4/plugin-descriptor.properties" <<END
name=transport-netty4
description=HTTP and transport over Netty
version=$version
elasticsearch.version=$version
java.version=17
classname=org.elasticsearch.transport.netty4.Netty4Plugin
END
	"$javac" -d "$home/classes" --module-path "$home/lib" --add-modules org.elasticsearch.server "$here/HuicunNode.java"
	"${javac%javac}jar" cf "$home/node.jar" -C "$home/classes" .
	train
	stamp >"$home/stamp"
}

train() {
	dir=$home/training
	prepare 1
	sharing=-XX:ArchiveClassesAtExit=$home/node.jsa
	start_nodes
	stop_nodes
	[ -f "$home/node.jsa" ] || printf '    (no class archive was made; nodes start more slowly)\n' >&2
	sharing=
	rm -rf "$dir"
}

# install_jars needs a JDK and Maven. Two at once must not both write.
install_jars() {
	find_java || fail "no JDK 17 or newer: run deploy/dev/elasticsearch/elasticsearch.sh install"
	installed && return 0
	have_mvn || fail "no mvn: run deploy/dev/elasticsearch/elasticsearch.sh install"
	mkdir -p "$root/.cache/elasticsearch"
	flock -o "$root/.cache/elasticsearch/install.lock" "$0" fetch
}

install_packages() {
	packages=
	find_java || packages=default-jdk-headless
	have_mvn || packages="$packages maven"
	# The names are words to split.
	# shellcheck disable=SC2086
	[ -z "$packages" ] || "$root/deploy/dev/setup.sh" --install $packages
}

# prepare N writes what N nodes need, unless it is there.
prepare() {
	if [ -f "$dir/nodes" ]; then
		[ "$(cat "$dir/nodes")" -eq "$1" ] || fail "$dir has $(cat "$dir/nodes") nodes, not $1"
		return 0
	fi
	# Below the ports that the system gives to clients, so that a node that is
	# down finds its own still free.
	base=$((10000 + $(od -An -N2 -tu2 /dev/urandom) % 20000))
	wanted=$(seq "$base" $((base + 2 * $1 - 1)))
	# shellcheck disable=SC2086
	set -- "$1" $(node "$root/deploy/dev/ports.mjs" $wanted)
	nodes=$1
	shift
	names= seeds=
	i=0
	for port in "$@"; do
		i=$((i + 1))
		[ $i -le "$nodes" ] && names="$names\"node-$i\", " && continue
		seeds="$seeds\"127.0.0.1:$port\", "
	done
	for i in $(seq "$nodes"); do
		mkdir -p "$dir/$i/config" "$dir/$i/logs" "$dir/$i/tmp"
		eval "http=\${$i} transport=\${$((nodes + i))}"
		settings >"$dir/$i/config/elasticsearch.yml"
		echo "http://127.0.0.1:$http" >"$dir/$i/url"
	done
	echo "$nodes" >"$dir/nodes.new"
	mv "$dir/nodes.new" "$dir/nodes"
}

# settings prints those of node $i.
settings() {
	cat <<END
# A name of its own: a node that comes upon a foreign cluster does not join it.
cluster.name: huicun-dev-$base
node.name: node-$i
path.data: $dir/$i/data
path.logs: $dir/$i/logs
http.host: 127.0.0.1
http.port: $http
transport.host: 127.0.0.1
transport.port: $transport
cluster.routing.allocation.disk.threshold_enabled: false
logger.level: WARN
END
	if [ "$nodes" -eq 1 ]; then
		echo 'discovery.type: single-node'
	else
		echo "discovery.seed_hosts: [${seeds%, }]"
		echo "cluster.initial_master_nodes: [${names%, }]"
	fi
}

# run_node I becomes the node.
run_node() {
	config=$dir/$1/config
	[ -f "$config/elasticsearch.yml" ] || fail "there is no node $1 in $dir: prepare it first"
	heap=${ELASTICSEARCH_HEAP:-512m}
	mkdir -p "$dir/$1/tmp"
	echo $$ >"$dir/$1/pid"
	# The options are words to split.
	# shellcheck disable=SC2086
	exec "$java" -Xms"$heap" -Xmx"$heap" ${ES_JAVA_OPTS--XX:+UseSerialGC -XX:TieredStopAtLevel=1} \
		${sharing:--XX:SharedArchiveFile=$home/node.jsa} -Xlog:disable -Xlog:all=error:stderr \
		-Dfile.encoding=UTF-8 -Djava.io.tmpdir="$dir/$1/tmp" -Djna.tmpdir="$dir/$1/tmp" \
		-XX:+ExitOnOutOfMemoryError -XX:ErrorFile="$dir/$1/logs/crash.log" -XX:-OmitStackTraceInFastThrow \
		-Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true -Dio.netty.recycler.maxCapacityPerThread=0 \
		-Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true \
		--module-path "$home/lib" \
		--add-modules org.elasticsearch.server,org.elasticsearch.preallocate,jdk.net \
		--add-opens=java.base/java.io=org.elasticsearch.preallocate \
		$until_stdin_ends -cp "$home/node.jar" HuicunNode "$config" path.home="$home"
}

# arguments PID: those of a process; a minimal system has no ps.
arguments() {
	if [ -r /proc/self/cmdline ]; then tr '\0' ' ' <"/proc/$1/cmdline"; else ps -ww -o args= -p "$1"; fi 2>/dev/null
}

# running I: does node I run? The process is looked at, since its number may be
# somebody else's by now.
running() {
	pid=$(cat "$dir/$1/pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && arguments "$pid" | grep -qF -e "$dir/$1/config path.home="
}

all_nodes() { seq "$(cat "$dir/nodes")"; }

start_nodes() {
	for i in $(all_nodes); do
		running "$i" && continue
		setsid "$0" run-here "$dir" "$i" "$sharing" </dev/null >>"$dir/$i/log" 2>&1 &
		echo $! >"$dir/$i/pid"
	done
	for i in $(all_nodes); do
		until running "$i"; do
			kill -0 "$(cat "$dir/$i/pid")" 2>/dev/null || gone "$i"
			sleep 0.05
		done
	done
	for i in $(all_nodes); do
		node "$here/ready.mjs" "$(cat "$dir/$i/url")" "$(cat "$dir/nodes")" "$(cat "$dir/$i/pid")" || gone "$i"
	done
	for i in $(all_nodes); do cat "$dir/$i/url"; done >"$dir/urls"
}

gone() {
	stop_nodes
	fail "node $1 did not start; the end of $dir/$1/log: $(tail -n 5 "$dir/$1/log")"
}

stop_nodes() {
	[ -f "$dir/nodes" ] || return 0
	rm -f "$dir/urls"
	for i in $(all_nodes); do
		running "$i" && kill -TERM "$pid" 2>/dev/null || true
	done
	waited=0
	for i in $(all_nodes); do
		while running "$i"; do
			[ $waited -lt 600 ] || kill -KILL "$pid" 2>/dev/null || true
			waited=$((waited + 1))
			sleep 0.1
		done
		rm -f "$dir/$i/pid"
	done
}

stop_unused() {
	if flock -n "$dir/users.lock" true; then stop_nodes; else return 1; fi
}

any_running() {
	[ -f "$dir/nodes" ] || return 1
	for i in $(all_nodes); do
		running "$i" && return 0
	done
	return 1
}

# watch_nodes IDLE INTERVAL; one at a time.
watch_nodes() {
	cd "$dir"
	exec 9>watch.lock
	flock -n 9 || exit 0
	idle_since=$(date +%s)
	while sleep "$2"; do
		flock -n users.lock true || idle_since=$(date +%s)
		# Whoever starts waits for this look, and finds no watch that is about to end.
		exec 8>lock
		flock 8
		any_running || exit 0
		if [ $(($(date +%s) - idle_since)) -ge "$1" ] && stop_unused; then exit 0; fi
		exec 8>&-
	done
}

command=${1:-}
sharing=
until_stdin_ends=
case $command in
install)
	install_packages
	install_jars
	exit
	;;
fetch) # by install_jars, alone
	find_java
	installed || fetch
	exit
	;;
esac

[ $# -ge 2 ] || fail "see the head of $0"
case $2 in /*) dir=$2 ;; *) dir=$(pwd)/$2 ;; esac
shift 2
nodes=1
fresh=
if [ "${1:-}" = --nodes ]; then
	nodes=$2
	shift 2
fi
[ "${1:-}" = --fresh ] && fresh=--fresh

# locked COMMAND… runs this script again, alone in $dir; nodes do not inherit
# the lock.
locked() { flock -o "$dir/lock" "$0" "$@"; }

case $command in
prepare | start)
	install_jars
	mkdir -p "$dir"
	locked "$command-here" "$dir" --nodes "$nodes" $fresh
	;;
prepare-here) prepare "$nodes" ;;
start-here)
	[ -z "$fresh" ] || any_running || rm -rf "$dir/nodes" "$dir"/[0-9]*
	prepare "$nodes"
	start_nodes
	;;
stop | stop-unused)
	[ -d "$dir" ] || exit 0
	locked "$command-here" "$dir"
	;;
stop-here) stop_nodes ;;
stop-unused-here) stop_unused || echo "the Elasticsearch in $dir is in use and stays" >&2 ;;
watch) watch_nodes "$1" "$2" ;;
run)
	install_jars
	until_stdin_ends=-Dhuicun.until.stdin.ends=true
	run_node "$1"
	;;
run-here)
	find_java
	sharing=$2
	run_node "$1"
	;;
*) fail "see the head of $0" ;;
esac
