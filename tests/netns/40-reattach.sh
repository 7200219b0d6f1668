#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How soon the first ping is answered, that an attach over an attach loses none under
# a flood, and what a loader killed half-way leaves.
#
# Runs alone: pings get lost in the queues of busy CPUs, too.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite reattach
make_pair

pinger() {
	in_ns "$client" "$EG_TESTS/pinger" "$@"
}

# value NAME TEXT: of NAME=VALUE in the line that pinger printed
value() {
	sed -n "s/.*\\b$1=\\(-\\{0,1\\}[0-9]*\\).*/\\1/p" <<<"$2"
}

# --- attach to first answer ---

# The kernel answers until then, so its own stack is kept from seeing the requests: a
# filter behind both of echogate's hooks drops IPv4 ICMP (EtherType 0x800, protocol 1).
need in_ns "$host" tc qdisc add dev h0 clsact
drop_icmp='6,40 0 0 12,21 0 3 2048,48 0 0 23,21 0 1 1,6 0 0 2,6 0 0 4294967295'
need in_ns "$client" ping -n -q -c 1 -W 5 198.18.0.2
need in_ns "$host" tc filter add dev h0 ingress bpf da bytecode "$drop_icmp"
for mode in native generic tc; do
	in_ns "$client" ping -n -q -c 1 -W 1 198.18.0.2 >/dev/null &&
		bail "the filter lets pings through"
	out=$(pinger -1 -i 1000 -w 30000 198.18.0.2 \
		"$ECHOGATE" attach h0 --netns "$host" --mode "$mode" 2>"$work/err" | tail -n 1)
	us=$(value first_us "$out")
	# Two seconds: what is asserted is that it comes; how fast is for the reader.
	if [ "${us:--1}" -gt 0 ] && [ "$us" -lt 2000000 ]; then
		ok "$mode: the first ping is answered after attach"
		note "$mode: attach to first answered ping: $((us / 1000)) ms (to reach: 200)"
	else
		not_ok "$mode: the first ping is answered after attach" "$out" "$(cat "$work/err")"
	fi
	need "$ECHOGATE" detach h0 --netns "$host"
done
need in_ns "$host" tc qdisc del dev h0 clsact

# --- attach over attach, under a flood ---

# loses_none NAME COMMAND...: as long as the command runs
loses_none() {
	local name=$1 out
	shift

	out=$(pinger 198.18.0.2 "$@" 2>"$work/err" | tail -n 1)
	if [ "$(value lost "$out")" = 0 ] && [ "$(value wrong "$out")" = 0 ] &&
	   [ "$(value duplicate "$out")" = 0 ] && [ "$(value status "$out")" = 0 ]; then
		ok "$name"
		note "$(value sent "$out") pings, the longest silence $(value gap_us "$out") us"
	else
		not_ok "$name" "$out" "$(cat "$work/err")"
	fi
}

two_programs() {
	[ "$(programs "$host" h0 | wc -l)" -eq 2 ]
}

# shellcheck disable=SC2016  # the inner shell expands
refresh='for i in 1 2 3 4 5; do
	ip -n "$0" address add 198.18.0.$((100 + i))/24 dev h0 &&
	"$1" attach h0 --netns "$0" --mode "$2" >/dev/null || exit
	ip -n "$0" address del 198.18.0.$((100 + i))/24 dev h0 || exit
done'
# shellcheck disable=SC2016
again='for i in $(seq "$3"); do "$1" attach h0 --netns "$0" --mode "$2" >/dev/null || exit; done'
times=$(scaled 20 3)

for mode in native generic tc; do
	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	need in_ns "$client" ping -n -q -c 1 -W 5 198.18.0.2
	loses_none "$mode: $times times attached again, no ping lost" \
		bash -c "$again" "$host" "$ECHOGATE" "$mode" "$times"
	loses_none "$mode: addresses refreshed, no ping lost" \
		bash -c "$refresh" "$host" "$ECHOGATE" "$mode"
	is "$mode: every attach counted" \
		"$("$ECHOGATE" status h0 --netns "$host" --json | field interfaces.0.generation)" $((times + 6))
	like "$mode: echogate answered, not the kernel alone" \
		"$(counter "$host" h0 verdicts.answer.packets)" "^[1-9][0-9]*$"
	check "$mode: programs of former attaches are gone" wait_for 5 two_programs
	used=$(programs "$host" h0)
	need "$ECHOGATE" detach h0 --netns "$host"
	# shellcheck disable=SC2086  # a list
	clean "$mode: nothing is left" "$host" $used
done
# The kernel answers between two hooks; nothing may fall between them.
need "$ECHOGATE" attach h0 --netns "$host"
# shellcheck disable=SC2016
loses_none "from mode to mode, no ping lost" bash -c \
	'for m in tc native tc native; do "$1" attach h0 --netns "$0" --mode $m >/dev/null || exit; done' \
	"$host" "$ECHOGATE"
loses_none "detach, no ping lost" "$ECHOGATE" detach h0 --netns "$host"

# --- a loader that is killed ---

# Calls with which an attach changes something; it is killed on entering the Nth.
changes='bpf,sendto,renameat2,?mkdir,?rename,?rmdir,?unlink,unlinkat,mkdirat'

# Fails when there was no Nth.
attach_killed() {
	! strace -o /dev/null -e "inject=$changes:signal=KILL:when=$1" \
		"$ECHOGATE" attach h0 --netns "$host" >/dev/null 2>&1
}

# attach_mends WHAT: the next attach works and a detach leaves nothing; says what not
attach_mends() {
	local state left used

	"$ECHOGATE" attach h0 --netns "$host" >/dev/null 2>"$work/err" ||
		echo "$1: attach: $(cat "$work/err")"
	state=$("$ECHOGATE" status h0 --netns "$host" --json | field interfaces.0.state)
	[ "$state" = attached ] || echo "$1: state $state"
	used=$(programs "$host" h0)
	"$ECHOGATE" detach h0 --netns "$host" >/dev/null 2>"$work/err" ||
		echo "$1: detach: $(cat "$work/err")"
	# shellcheck disable=SC2086  # a list
	left=$(leftovers "$host" $used)
	[ -z "$left" ] || echo "$1: left: $left"
}

detach_mends() {
	local left

	"$ECHOGATE" detach --all --netns "$host" >/dev/null 2>"$work/err"
	left=$(leftovers "$host")
	[ -z "$left" ] || echo "$1: left: $left"
}

# What ran before the attach that was killed runs on, and so do its counters.
still_answers() {
	local before

	before=$(counter "$host" h0 verdicts.answer.packets)
	in_ns "$client" ping -n -q -c 1 -W 5 198.18.0.2 >/dev/null || echo "$1: no reply"
	[ $(($(counter "$host" h0 verdicts.answer.packets) - before)) -eq 1 ] ||
		echo "$1: not answered by echogate"
}

# sweep BASE MENDS STEP: kill at every STEPth change, then mend
sweep() {
	local base=$1 mends=$2 step=$3 n count=0 broken=''

	for ((n = 1; n < 1000; n += step)); do
		[ "$base" = nothing ] || "$ECHOGATE" attach h0 --netns "$host" >/dev/null
		attach_killed "$n" || break
		count=$((count + 1))
		[ "$base" = nothing ] || broken+=$(still_answers "at change $n")
		broken+=$($mends "at change $n")
	done
	"$ECHOGATE" detach h0 --netns "$host" >/dev/null 2>&1
	is "killed while attaching over $base, then $mends" "$broken" ""
	like "at many moments" "$count" "$(scaled '^[1-9][0-9]+$' '^[1-9]')"
	note "$count moments"
}

need in_ns "$client" ping -n -q -c 1 -W 5 198.18.0.2
if have strace && strace -o /dev/null true 2>/dev/null; then
	for base in nothing "an attach"; do
		sweep "$base" attach_mends "$(scaled 3 16)"
		sweep "$base" detach_mends "$(scaled 4 16)"
	done
else
	skip "killed at chosen moments" "strace is not installed, or not allowed"
fi

broken=
for i in 1 2 3 4 5 6 7 8 9 10; do
	"$ECHOGATE" attach h0 --netns "$host" >/dev/null 2>&1 &
	victim=$!
	sleep "0.0$(printf %02d $((RANDOM % 50)))"
	kill -9 $victim 2>/dev/null
	wait $victim 2>/dev/null
	broken+=$(attach_mends "killed $i")
done
is "killed at ten random moments" "$broken" ""

finish
