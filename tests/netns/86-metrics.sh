#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Metrics over HTTP: the text as OpenMetrics' own parser wants it, with the numbers that stats shows; where they are
# to be had, and that reloads move them; what is bounded; and scrapers that are slow, many, or say nothing.

# shellcheck disable=SC2317,SC2119  # functions as arguments, with none of their own
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
. "$(dirname "$0")/daemon.sh"

suite metrics
make_pair
with_daemon
url=http://127.0.0.1:9342/metrics

if ! have curl; then
	skip "metrics" "no curl"
	finish
fi
python=
for command in /usr/bin/python3 python3; do
	[ -z "$python" ] || break
	"$command" -c 'import prometheus_client.openmetrics.parser' 2>/dev/null && python=$command
done

# --- words ---

# says LINE...: is the file, but for the rules
says() {
	printf '%s\n' "$@" 'measure rtt of { 198.18.0.0/24, fd00:18::/64 }' \
		'count icmp type echo-request' 'interface h0 {' '}' >"$work/conf"
}

# scrape [OPTION...]: in the host's namespace, to standard output
scrape() {
	in_ns "$host" curl -sS -f -m 20 "$@"
}

answers_at() {
	scrape -o /dev/null "$@"
}

silent_at() {
	! scrape -o /dev/null "$@" 2>/dev/null
}

# value REGEX: of the one series whose line it matches
value() {
	grep -E -- "$1" "$work/text" | sed 's/.* //'
}

# valid NAME: what is in $work/text, by the parser of Prometheus' client
valid() {
	local out

	if [ -z "$python" ]; then
		skip "$1" "no python3-prometheus-client"
	elif out=$("$python" - "$work/text" 2>&1 <<-'END'
		import sys
		from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
		families = list(parse(open(sys.argv[1]).read()))
		seen = set()
		for f in families:
		    assert f.documentation, f.name + " has no help"
		    for s in f.samples:
		        key = s.name, tuple(sorted(s.labels.items()))
		        assert key not in seen, "twice: %s" % (key,)
		        seen.add(key)
		assert len(families) > 15 and len(seen) > 15, "few of them"
		END
	   ); then
		ok "$1"
	else
		not_ok "$1" "$(tail -n 3 <<<"$out")"
	fi
}

# ports: that somebody listens on
ports() {
	in_ns "$host" cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == "0A"' | wc -l
}

# --- what is told ---

says '# nothing'
start
is "without a word in the file nobody listens" "$(ports)" 0
says 'metrics 9342'
reload
check "a port: told" wait_for 10 answers_at "$url"
is "in one place" "$(ports)" 1
check "which isn't reached from elsewhere" \
	in_ns "$client" sh -c '! curl -s -m 5 http://198.18.0.2:9342/metrics'
warm_up "$client" 198.18.0.2
in_ns "$client" ping -n -q -c 20 -i 0.01 198.18.0.2 >/dev/null
in_ns "$host" ping -n -q -c 7 -i 0.01 198.18.0.1 >/dev/null
sleep 1.1	# what was just told is told again within a second
scrape -D "$work/head" "$url" >"$work/text"
like "its type" "$(cat "$work/head")" \
	$'^HTTP/1.1 200 OK.*Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r'
valid "OpenMetrics"
is "what echogate answered" "$(value 'echogate_packets_total.*"echo-request",verdict="answer"')" \
	"$(answers "$host" h0 4)"
check "is no little" [ "$(answers "$host" h0 4)" -ge 20 ]
is "what a rule counted" "$(value 'echogate_rule_packets_total.*text="count icmp type echo-request"')" \
	"$(rule_counts)"
is "round trips" "$(value '^echogate_rtt_seconds_count.*peers="198.18.0.0/24"') $(value \
	'^echogate_rtt_seconds_bucket.*peers="all",le="\+Inf"') $(value \
	'^echogate_rtt_seconds_count.*peers="fd00:18::/64"')" "7 7 0"
is "its generation" "$(value 'echogate_generation.*"h0"')" "$(status_of "$host" h0 generation)"
is "one interface is attached" "$(value '^echogate_daemon_attached_interfaces ')" 1
is "none is missing" "$(value '^echogate_daemon_missing_interfaces ')" 0
is "two files were taken up" "$(value '^echogate_daemon_reloads_total ')" 2
check "rounds were made" [ "$(value '^echogate_daemon_resyncs_total ')" -gt 0 ]
started=$(value '^echogate_daemon_start_timestamp_seconds ')
check "and when it was started" [ $(($(date +%s) - started)) -lt 600 ]
"$ECHOGATE" stats --openmetrics --netns "$host" >"$work/stats"
is "all that stats tells is told" "$(grep '^# TYPE' "$work/stats" | grep -vxFf "$work/text")" ""
is "HEAD" "$(scrape -I "$url" | head -n 1 | tr -d '\r')" "HTTP/1.1 200 OK"
is "elsewhere is nothing" "$(in_ns "$host" curl -s -w '%{http_code}' http://127.0.0.1:9342/x)" \
	$'metrics are at /metrics\n404'
is "nothing is posted" "$(in_ns "$host" curl -s -o /dev/null -w '%{http_code}' -d x "$url")" 405

# --- where ---

says 'metrics [::1]:9342'
reload
check "an IPv6 address" wait_for 10 answers_at 'http://[::1]:9342/metrics'
check "the other place is closed" silent_at "$url"
says "metrics \"$work/socket\""
reload
check "a path" wait_for 10 answers_at --unix-socket "$work/socket" http://echogate/metrics
is "no port" "$(ports)" 0
says 'metrics 0.0.0.0:9342'
reload
check "any address" wait_for 10 answers_at "$url"
check "is reached from elsewhere" \
	in_ns "$client" curl -s -f -o /dev/null http://198.18.0.2:9342/metrics
like "and warned of" "$(cat "$work/log")" "conf:1:9: warning: whoever reaches 0.0.0.0:9342 sees"
check "the socket is gone" [ ! -e "$work/socket" ]
says 'metrics 9342' 'drop icmp tpye 8'
reload
check "a broken file moves nothing" \
	in_ns "$client" curl -s -f -o "$work/text" http://198.18.0.2:9342/metrics
sleep 1.1
scrape "$url" >"$work/text"
is "it is told" "$(value '^echogate_daemon_file_broken ')" 1
is "and counted" "$(value '^echogate_daemon_reload_failures_total ')" 1
says '# nothing'
reload
check "none any more" wait_for 10 silent_at "$url"
echo precious >"$work/precious"
: >"$work/log"
says "metrics \"$work/precious\""
reload
noted() {
	grep -q "<5>metrics on $work/precious: File exists" "$work/log"
}
check "where something else is: noted" wait_for 10 noted
is "it stays" "$(cat "$work/precious")" precious
rm "$work/precious"
check "until it is gone" wait_for 10 \
	answers_at --unix-socket "$work/precious" http://echogate/metrics
is "which was noted once" "$(grep -c 'File exists' "$work/log")" 1
crash
check "killed, the daemon leaves it" [ -S "$work/precious" ]
start
check "another one replaces it" wait_for 10 \
	answers_at --unix-socket "$work/precious" http://echogate/metrics

# --- slow ones, and many ---

says 'metrics 9342'
reload
wait_for 10 answers_at "$url"
before=$(descriptors)
hold in_ns "$host" -- tcp:9342 200 $'GET /metrics HTTP/1.1\r\nHo'
check "two hundred who don't end their request: another one is answered" answers_at "$url"
check "and another" answers_at "$url"
goes_on "an address is followed"
check "few of them stay" [ "$(descriptors)" -le $((before + 40)) ]
few() {
	[ "$(descriptors)" -le $((before + 1)) ]
}
check "and not for long" wait_for 40 few
release
is "none is kept" "$held" "made=200 open=0"
first=$(rss)
for ((i = 0; i < 10; i++)); do
	in_ns "$host" "$EG_TESTS/peer" flood tcp:9342 5 $'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' >>"$work/flood" &
	floods[i]=$!
done
goes_on "a flood of requests: an address is followed"
check "one more is answered" wait_for 10 answers_at "$url"
wait "${floods[@]}"
note "$(awk -F= '{ n += $2 } END { print n }' "$work/flood") requests; memory: $first KiB before, $(rss) KiB after"
check "no descriptor stays" wait_for 40 few
check "nor memory" [ "$(rss)" -le $((first + first / 10 + 512)) ]
check "pings are answered" [ "$(in_ns "$client" ping -n -q -c 5 -i 0.05 -W 5 198.18.0.2 | grep -c ' 0% ')" = 1 ]

# --- odd names, and too much ---

need ip -n "$host" link add 'a"b\c' type veth peer name p0
need ip -n "$host" link set 'a"b\c' up
printf '%s\n' 'metrics 9342' "drop udp port { $(seq -s, 1 2 399) }" 'interface h0, "a\"b\\c" {' '}' >"$work/conf"
reload
named() {
	scrape "$url" >"$work/text" && grep -qF '{interface="a\"b\\c",' "$work/text"
}
check "a name with quotes and backslashes" wait_for 20 named
valid "is OpenMetrics, too"
like "a long rule is cut" "$(grep -m 1 'text="drop' "$work/text")" ',[0-9, ]*\.\.\."} 0$'
check "to few bytes" [ "$(grep 'text="drop' "$work/text" | awk '{ print length }' | sort -n | tail -n 1)" -lt 400 ]
{
	echo 'metrics 9342'
	for ((i = 0; i < 3000; i++)); do
		echo "drop udp port $((i + 1)) from 10.$((i / 250)).$((i % 250)).0/24"
	done
	printf '%s\n' 'interface h0, "a\"b\\c", p0 {' '}'
} >"$work/conf"
reload
bounded() {
	scrape "$url" >"$work/text" && [ "$(value '^echogate_omitted_rules ')" = 808 ]
}
need ip -n "$host" link set p0 up
check "9,000 rules: those that are left out are counted" wait_for 60 bounded
is "8,192 are there" "$(grep -c '^echogate_rule_packets_total' "$work/text")" 8192
valid "which is OpenMetrics"
note "$(wc -c <"$work/text") bytes"
# Moved while a text is written: by a child that is stopped meanwhile.
sleep 1.1
check "nobody writes any more" wait_for 10 no_children
scrape "$url" >/dev/null 2>&1 &
scraper=$!
writer=
for ((i = 0; i < 10000; i++)); do
	read -r writer <"/proc/$daemon/task/$daemon/children"
	[ -z "$writer" ] || break
done
check "somebody writes" kill -STOP "$writer"
sed -i '1s/.*/metrics 9343/' "$work/conf"
url=http://127.0.0.1:9343/metrics
reload
check "metrics are moved meanwhile" wait_for 20 answers_at "$url"
wait "$scraper"
check "who wrote is gone, and buried" wait_for 10 no_children
before=$(descriptors)
hold in_ns "$host" -- tcp:9343 60 $'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
goes_on "sixty who don't read it: an address is followed"
check "they make room" wait_for 40 answers_at "$url"
check "and have to go" wait_for 40 few
release
stop
is "it ends well" "$stopped" 0
need "$ECHOGATE" detach --all --netns "$host"
clean "nothing is left" "$host"
finish
