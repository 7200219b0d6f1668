#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317,SC2119  # functions as arguments, with none of their own
#
# Everything at once for SOAK_SECONDS (12; `make soak` takes an hour): floods of several kinds, applies and
# rollbacks, attaches, addresses that come and go under a daemon, captures, every command that looks.
# In the end every packet generated is in exactly one counter, of its kind and in sum, and memory,
# descriptors, pins, programs and maps are no more than they were after the first quarter.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
. "$(dirname "$0")/daemon.sh"

seconds=${SOAK_SECONDS:-12}
rate=${SOAK_RATE:-4000}		# frames a second of each of five floods

suite soak
make_station 2
# An own address that no ruleset is about, for pings that are passed on.
add_addr "$host" h0 198.18.0.3/24
for octet in 1 2 3 4 5; do
	need ip -n "$host" route add 198.18.$((10 * octet)).0/24 via 198.18.0.1
done
need ip -n "$host" route add fd00:19::/64 via fd00:18::1
started=()
with_daemon
trap 'stop_floods; stop_all; cleanup' EXIT

stop_floods() {
	touch "$work/stop"
	kill "${started[@]}" 2>/dev/null
}

# What is common to both rulesets decides about the floods, so that it is known what becomes of them.
common='
drop udp port 9
reject udp port 7 with port-unreachable
answer icmp type echo-request to 198.18.0.2
answer icmp6 type echo-request to fd00:18::2
pass tcp
'
{
	echo 'interface h0 {'
	echo "$common"
	echo 'count sctp port 1'
	echo '}'
} >"$work/a"
{
	echo 'interface h0 {'
	echo "$common"
	for n in $(seq 100); do echo "drop from 203.0.113.$n ttl $n"; done
	echo 'egress { count icmp type echo-reply; }'
	echo '}'
} >"$work/b"
cp "$work/a" "$work/conf"

# --- what goes on ---

# keeps NAME COMMAND...: again and again until the end; what fails is kept, and how often it was done
keeps() {
	local name=$1 n=0
	shift

	while [ ! -e "$work/stop" ]; do
		"$@" >"$work/$name.out" 2>&1 || { echo "$name: $(cat "$work/$name.out")" >>"$work/failed"; }
		n=$((n + 1))
	done
	echo "$n" >"$work/$name.count"
}

apply_by_turns() {
	local which

	for which in b a; do
		"$ECHOGATE" apply "$work/$which" h0 --netns "$host" || return
		sleep 0.2
	done
	# After an attach there is nothing to go back to.
	"$ECHOGATE" rollback --netns "$host" || [ $? -eq 1 ]
}

attach_again() {
	sleep 1.5
	"$ECHOGATE" attach h0 --netns "$host"
}

churn() {
	local n

	for n in $(seq 100 120); do
		ip -n "$host" address add "198.18.7.$n/32" dev h0 || return
		ip -n "$host" -6 address add "fd00:18::7:$n/128" dev h0 nodad || return
	done
	for n in $(seq 100 120); do
		ip -n "$host" address del "198.18.7.$n/32" dev h0 || return
		ip -n "$host" -6 address del "fd00:18::7:$n/128" dev h0 || return
	done
}

look() {
	local command

	for command in status stats "stats --openmetrics" "stats --per-cpu --json" "rules --stats" maps; do
		# shellcheck disable=SC2086  # words
		"$ECHOGATE" $command --netns "$host" || return
	done
}

capture() {
	timeout -s INT --preserve-status 3 "$ECHOGATE" capture h0 --netns "$host" -w /dev/null
}

# A flood, as long as all of it; its line says how much was sent.
floods() {
	local name=$1
	shift

	in_ns "$client" "$EG_TESTS/flood" -r "$rate" -t "$seconds" "$@" >"$work/flood.$name" 2>&1 &
	started+=($!)
}

sent() {
	member sent "$(cat "$work/flood.$1")"
}

# Frames for which veth had no room, and of which the flood wasn't told.
drops() {
	echo $(($(in_ns "$client" cat /sys/class/net/c0/statistics/tx_dropped) +
		$(in_ns "$host" cat /sys/class/net/h0/statistics/rx_dropped)))
}

# --- what must not grow ---

# usage: words NAME=NUMBER about the daemon and what is pinned
usage() {
	echo "rss_kib=$(rss)" "descriptors=$(descriptors)" \
		"pins=$(find "$(pin_dir "$host")" -type f | wc -l)" \
		"programs=$(programs "$host" h0 | wc -l)" \
		"map_bytes=$("$ECHOGATE" maps h0 --netns "$host" --json |
			sed -n 's/.*"memory": \([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n + 0 }')"
}

# Alone, when nothing is in the making: each apply frees what was before the one before.
settled_usage() {
	"$ECHOGATE" apply "$work/b" h0 --netns "$host" >/dev/null 2>&1
	"$ECHOGATE" apply "$work/a" h0 --netns "$host" >/dev/null 2>&1
	wait_for 20 settled
	usage
}

# What runs and what there is to go back to, of two programs each.
settled() {
	[ "$(programs "$host" h0 | wc -l)" -le 4 ]
}

# grown NAME SLACK: of two lines of usage
grown() {
	local was is

	was=$(member "$1" "$first") is=$(member "$1" "$last")
	[ "$is" -le $((was + $2)) ] || echo "$1: $was, then $is; "
}

# --- all of it ---

start
is_attached() {
	[ "$(status_of "$host" h0 state)" = attached ]
}
is_fresh() {
	[ "$(status_of "$host" h0 addresses.stale)" = false ]
}
wait_for 60 is_attached || bail "the daemon attaches nothing: $(cat "$work/log")"

# What a rule has to know of the other side is asked once, before anything is counted.
first=$(settled_usage)
need "$ECHOGATE" stats h0 --netns "$host" --reset
lost=$(drops)

floods ping -s 200 c0 icmp from=198.18.10.1 to=198.18.0.2
floods ping6 -s 200 c0 icmp6 from=fd00:19::1 to=fd00:18::2
floods tcp -s 200 c0 tcp from=198.18.20.1 to=198.18.0.3 dport=80
floods dropped -s 200 c0 udp from=198.18.30.1 to=198.18.0.2 dport=9
floods rejected -s 200 c0 udp from=198.18.40.1 to=198.18.0.2 dport=7
for what in apply_by_turns attach_again churn look capture; do
	keeps $what $what &
	started+=($!)
done

# The quarter is for the daemon's memory to find its size.
sleep $((seconds / 4))
later=$(usage)
wait "${started[@]:0:5}"
touch "$work/stop"
wait "${started[@]:5}"
sleep 0.5

total=0 refused=0
for name in ping ping6 tcp dropped rejected; do
	like "flood: $name" "$(cat "$work/flood.$name")" "^sent=[1-9]"
	total=$((total + $(sent $name)))
	refused=$((refused + $(member refused "$(cat "$work/flood.$name")")))
done
is "no command failed" "$(sort "$work/failed" 2>/dev/null | uniq -c | head -n 5)" ""
for what in apply_by_turns attach_again churn look capture; do
	like "$what: done" "$(cat "$work/$what.count")" "^[1-9]"
	note "$what: $(cat "$work/$what.count") times"
done

# --- to the packet ---

lost=$(($(drops) - lost - refused))
"$ECHOGATE" stats h0 --netns "$host" --json >"$work/json"
of() {
	field "interfaces.0.$1" <"$work/json"
}
answered=$(of verdicts.answer.packets) dropped=$(of verdicts.drop.packets)
passed=$(of verdicts.pass.packets) rejected=$(of verdicts.reject.packets)
note "generated $total, of them lost by veth $lost; answered $answered, dropped $dropped," \
	"passed $passed, rejected $rejected"
is "generated = answered + dropped + passed + rejected" \
	$((answered + dropped + passed + rejected)) $((total - lost))
like "all of them occur" "$answered $dropped $passed $rejected" \
	"^[1-9][0-9]* [1-9][0-9]* [1-9][0-9]* [1-9]"
if [ "$lost" -eq 0 ]; then
	is "pings" $(($(of icmp.echo-request.answer.packets) + $(of icmp.echo-request.pass.packets))) \
		"$(sent ping)"
	is "IPv6 pings" $(($(of icmp6.echo-request.answer.packets) +
		$(of icmp6.echo-request.pass.packets))) "$(sent ping6)"
	is "TCP" "$(of protocols.tcp.packets)" "$(sent tcp)"
	is "UDP, dropped and rejected" "$(of protocols.udp.packets)" \
		$(($(sent dropped) + $(sent rejected)))
	is "dropped" "$dropped" $(($(sent dropped) + $(sent rejected) - rejected))
	is "nothing else" "$(of reasons.reject-limit.packets)" $(($(sent rejected) - rejected))
	# Its rule is in both rulesets, so it has counted through all of it.
	is "the rule that drops" "$("$ECHOGATE" rules h0 --netns "$host" --stats |
		awk '/drop udp port 9/ { print $1 }')" "$(sent dropped)"
else
	skip "kind by kind" "veth had no room for $lost frames"
fi

# --- no more than before ---

last=$(settled_usage)
note "before: $first"
note "after:  $last"
# A daemon's heap has its size by then.
like "memory" "$(($(member rss_kib "$last") - $(member rss_kib "$later")))" "^(-|[0-9]{1,3}\$|1[0-9]{3}\$)"
is "descriptors, pins, programs and maps" "$(grown descriptors 0)$(grown pins 0)$(grown programs 0)$(
	grown map_bytes 0)" ""
check "addresses are right in the end" wait_for 20 is_fresh
stop
is "the daemon ends well" "$stopped" 0
used=$(programs "$host" h0)
need "$ECHOGATE" detach h0 --netns "$host"
# shellcheck disable=SC2086  # a list
clean "nothing is left" "$host" $used

finish
