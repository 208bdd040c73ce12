#!/bin/sh
# demo.sh [--vite] starts wecomsim and huicun against it, on loopback, with their
# data under data/demo, and stops both on Ctrl-C. The next start goes on with
# the same data. bin/ is built already (see the Makefile).
#
# DEMO_DIR, DEMO_MESSAGES and DEMO_RATE (messages a minute) change the defaults;
# they count when the data is made, at the first start. DEMO_ALARM=1m, at any
# start, lets the alarm (alarm.stalled) come after a minute instead of ten.
# SEARCH=elastic, at any start, searches by a node of Elasticsearch, which it
# starts; without it Postgres does.
set -eu
cd "$(dirname "$0")/../.."

root=$(pwd)
data=${DEMO_DIR:-data/demo}
case $data in /*) ;; *) data=$root/$data ;; esac
messages=${DEMO_MESSAGES:-20000}
rate=${DEMO_RATE:-20}
alarm=${DEMO_ALARM:-10m}
search=${SEARCH:-postgres}
vite=false
[ "${1:-}" = --vite ] && vite=true

# Made up for the demonstration; they guard nothing.
corp_id=ww5f0c1a7e9b3d2846
agent_id=1000012
app_secret=demo-app-secret
archive_secret=demo-archive-secret
contact_secret=demo-contact-secret
app_token=DemoAppToken
app_key=kWxGz7RbT2mVq9LdYc4NsHf6PjUa1EoXi8ZtCwB3MDy
archive_token=DemoArchiveToken
archive_key=Qn5VtZ8cLw2RyXk7BmJd4HgPs9FaUe1ToIi6YqCxM3N
admin=QinZhiyuan
admin_name=秦志远

sim_pid=
huicun_pid=
vite_pid=
node= # folder of the node of Elasticsearch

# Progress overwrites itself on a terminal, and takes a line each elsewhere.
if [ -t 1 ]; then
	begin=$(printf '\r')
	clear=$(printf '\033[K')
	end=
else
	begin=
	clear=
	end='
'
fi

say() { printf '%s\n' "$*"; }

fail() {
	printf 'demo: %s\n' "$*" >&2
	stop
	exit 1
}

stop() {
	# Whoever asks a second time is not kept waiting.
	trap 'kill -9 $vite_pid $huicun_pid $sim_pid 2>/dev/null; exit 1' INT TERM
	for pid in $vite_pid $huicun_pid $sim_pid; do
		kill -INT "$pid" 2>/dev/null || true
	done
	for pid in $vite_pid $huicun_pid $sim_pid; do
		wait "$pid" 2>/dev/null || true
	done
	vite_pid= huicun_pid= sim_pid=
	if [ -n "$node" ]; then
		deploy/dev/elasticsearch/elasticsearch.sh stop "$node" >/dev/null 2>&1 || true
		node=
	fi
}

interrupted() {
	say ''
	say 'Stopping …'
	stop
	say 'Stopped. make demo goes on where you left.'
	exit 0
}

# free_ports keeps the ports of the last start where they are still free.
free_ports() {
	wanted='9800 18080 18081 5173'
	[ -f "$data/ports" ] && wanted=$(cat "$data/ports")
	# The ports are words to split.
	# shellcheck disable=SC2086
	ports=$(node deploy/dev/ports.mjs $wanted)
	printf '%s\n' "$ports" >"$data/ports"
	# shellcheck disable=SC2086
	set -- $ports
	port=$1 sim_port=$2 proxy_port=$3 vite_port=$4
	huicun=http://127.0.0.1:$port
	sim=http://127.0.0.1:$sim_port
	front=$huicun
	$vite && front=http://127.0.0.1:$vite_port
	return 0
}

start_sim() {
	: >"$data/wecomsim.json"
	bin/wecomsim -listen "127.0.0.1:$sim_port" -proxy-listen "127.0.0.1:$proxy_port" \
		-data "$data/wecom" -messages "$messages" -rate "$rate" -gallery -huicun-url "$front" \
		-corpid "$corp_id" -agentid "$agent_id" -app-secret "$app_secret" \
		-archive-secret "$archive_secret" -contact-secret "$contact_secret" \
		-callback-url "app=$huicun/wecom/callback/app" \
		-callback-token "app=$app_token" -callback-aeskey "app=$app_key" \
		-callback-url "archive=$huicun/wecom/callback/archive" \
		-callback-token "archive=$archive_token" -callback-aeskey "archive=$archive_key" \
		>"$data/wecomsim.json" 2>"$data/wecomsim.log" </dev/null &
	sim_pid=$!
	until [ -s "$data/wecomsim.json" ]; do
		kill -0 "$sim_pid" 2>/dev/null || fail "wecomsim did not start: $(tail -n 3 "$data/wecomsim.log")"
		sleep 0.1
	done
}

start_elasticsearch() {
	script=deploy/dev/elasticsearch/elasticsearch.sh
	"$script" install >"$data/elasticsearch.log" 2>&1 || fail "Elasticsearch cannot be had; see $data/elasticsearch.log"
	node=$data/elasticsearch
	"$script" start "$node" >>"$data/elasticsearch.log" 2>&1 || fail "Elasticsearch did not start; see $data/elasticsearch.log"
	elasticsearch=$(head -n 1 "$node/urls")
}

# search_config names the engine.
search_config() {
	printf '\n[search]\nengine = "%s"\n' "$search"
	[ "$search" = postgres ] || printf 'urls = ["%s"]\nprefix = "demo"\nreplicas = 0\n' "$elasticsearch"
}

# finance_client takes WeCom's own library where it can run: the copy in the Go
# module cache, for linux on x86-64.
finance_client() {
	client=pure
	library=
	if [ "$(go env GOOS)/$(go env GOARCH)/$(go env CGO_ENABLED)" = linux/amd64/1 ]; then
		library=$(go list -m -f '{{.Dir}}' github.com/silenceper/wechat/v2)/work/msgaudit/lib/libWeWorkFinanceSdk_C.so
		[ -f "$library" ] && client=sdk
	fi
	return 0
}

write_config() {
	cat >"$data/huicun.toml" <<END
# Written by every make demo.
data_dir = "$data"

[server]
listen = "127.0.0.1:$port"
public_url = "$front"

[wecom]
corp_id = "$corp_id"
agent_id = $agent_id
app_secret = "$app_secret"
archive_secret = "$archive_secret"
contact_secret = "$contact_secret"
api_base = "$sim"
oauth_base = "$sim"
web_login_base = "$sim"

[finance]
client = "$client"
library = "$library"
keys_dir = "$data/wecom"
proxy = "http://127.0.0.1:$proxy_port"
ca_file = "$data/wecom/ca.pem"

[callback.app]
token = "$app_token"
aes_key = "$app_key"

[callback.archive]
token = "$archive_token"
aes_key = "$archive_key"

[access]
admins = ["$admin"]

[alarm]
stalled = "$alarm"
END
	search_config >>"$data/huicun.toml"
}

start_huicun() {
	# Settings of the person's own environment belong to another huicun.
	for name in $(env | sed -n 's/^\(HUICUN_[A-Z0-9_]*\)=.*/\1/p'); do
		unset "$name"
	done
	bin/huicun serve -config "$data/huicun.toml" 2>"$data/huicun.log" >/dev/null </dev/null &
	huicun_pid=$!
	until answers "$huicun/readyz"; do
		kill -0 "$huicun_pid" 2>/dev/null || fail "huicun did not start; the end of $data/huicun.log: $(tail -n 3 "$data/huicun.log")"
		sleep 0.3
	done
}

# first_settings makes what an admin makes first: a rule and a manager.
first_settings() {
	node deploy/dev/demo-setup.mjs "$front" "$sim" "$admin" 2>"$data/setup.log" ||
		say "    (no rule and no manager made: see $data/setup.log)"
}

# answers URL: does it answer with success?
answers() {
	node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$1"
}

# stored tells how many messages huicun holds.
stored() {
	bin/huicun status -config "$data/huicun.toml" -json 2>/dev/null |
		sed -n 's/^ *"received": \([0-9]*\).*/\1/p'
}

# await_messages shows the first pull; it lets go after two minutes, since the
# pull goes on anyway.
await_messages() {
	n= shown=
	deadline=$(($(date +%s) + 120))
	while [ "${n:-0}" -lt "$messages" ] && [ "$(date +%s)" -lt "$deadline" ]; do
		kill -0 "$huicun_pid" 2>/dev/null || fail "huicun ended; the end of $data/huicun.log: $(tail -n 3 "$data/huicun.log")"
		n=$(stored)
		if [ -n "$n" ] && [ "$n" != "$shown" ]; then
			of=" of $messages"
			[ "$n" -ge "$messages" ] && of=
			printf '%s    %s%s messages pulled, decrypted and stored%s' "$begin" "$n" "$of" "$clear$end"
			shown=$n
		fi
		[ "${n:-0}" -ge "$messages" ] || sleep 0.5
	done
	[ -n "$end" ] || printf '\n'
}

start_vite() {
	(cd h5 && HUICUN_DEV_SERVER="$huicun" exec node_modules/.bin/vite --port "$vite_port" --strictPort) >"$data/vite.log" 2>&1 &
	vite_pid=$!
	until answers "$front/"; do
		kill -0 "$vite_pid" 2>/dev/null || fail "vite did not start; see $data/vite.log"
		sleep 0.3
	done
}

tell() {
	cat <<END

────────────────────────────────────────────────────────────────────────
  Huicun 会存      $front
  WeCom's console  $sim/sim/      say something as anybody, delete a contact
  Members' phones  $sim/phone/    the app messages that they get

  Sign in (the page lets you choose who you are)
    $admin_name  $admin    admin: all chats, rules, who may see what
    周明恺  ZhouMingkai   manager of 华东销售部: the chats of his people only
    anybody else            is told that they have no permission

  Try first
   1. Open $sim/phone/$admin: his phone.
   2. In the console send a sensitive sentence, or let a customer delete an
      employee. The alert reaches the phone at once; tap it, and you are at
      that very message.
   3. Read other chats in Huicun; new messages appear by themselves.
   4. Open 管理 > 消息类型样例: every type of message, with its files. The
      console sends any of them into any chat.
   5. Let WeCom go wrong: $sim/sim/faults.html. With api.error
      on path message/getchatdata nothing is pulled any more; after $alarm (at
      the next start: DEMO_ALARM=1m make demo) the alarm reaches $admin_name's
      phone, and again when it is over.
   6. Search (搜索) for anything that was said: one character is enough. Who
      searches here: $search (make demo SEARCH=elastic starts Elasticsearch;
      stop its node while you search, and Postgres goes on).

  Data and logs: $data
  How the archive stands: bin/huicun status -config $data/huicun.toml
  Ctrl-C stops everything; make demo goes on where you left.
────────────────────────────────────────────────────────────────────────
END
}

case $search in
postgres | elastic) ;;
*) fail "SEARCH is postgres or elastic, not $search" ;;
esac
mkdir -p "$data"
chmod 700 "$data"
trap interrupted INT TERM HUP
free_ports
finance_client
say '==> wecomsim: a WeCom with 星河家居, its customers and their chats'
start_sim
if [ "$search" = elastic ]; then
	say '==> Elasticsearch: a node of its own'
	start_elasticsearch
fi
write_config
chmod 600 "$data/huicun.toml"
say "==> huicun: database, first pull (Finance SDK: $client)"
start_huicun
$vite && start_vite
await_messages
first_settings
tell

# Wait for Ctrl-C, or for one of them to end.
while kill -0 "$sim_pid" 2>/dev/null && kill -0 "$huicun_pid" 2>/dev/null; do
	sleep 1 &
	wait $! || true
done
fail "one of the programs has ended; see $data/*.log"
