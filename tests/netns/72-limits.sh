#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Limits of rules, for all and for each source, and samples. What a limit lets through is
# compared with its rate times the time that the flood took, by the replies and by the rule's
# counter. A machine that stands still for longer than a burst lasts gets a second try.

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite limits
# Each CPU sends into a queue of its own, so that the programs run on both at once.
make_station 2
# shellcheck disable=SC2016  # the inner shell expands
need in_ns "$client" sh -c 'for n in 0 1; do
	echo $((n + 1)) >/sys/class/net/c0/queues/tx-$n/xps_cpus || exit 1; done'

flood() {
	in_ns "$client" "$EG_TESTS/flood" "$@" 2>&1
}

# within NAME GOT WANTED PERCENT
within() {
	local off=$(($2 > $3 ? $2 - $3 : $3 - $2))

	if [ $((off * 100)) -le $(($3 * $4)) ]; then
		ok "$1"
		note "$2 of $3"
	else
		not_ok "$1" "$2 instead of $3, give or take $4 %"
	fi
}

# Packets that the nth rule has counted
counted() {
	rule_counts | sed -n "$1p"
}

# stood_still TRY GAP MOST: whether there was a pause too long for the first try
stood_still() {
	[ "$2" -ge "$3" ] || return 1
	note "the machine stood still for $2 us"
	[ "$1" -eq 1 ]
}

# limited NAME RATE BURST [-p CPU...]: a flood from each of these CPUs at once, all sources
# of one limit; the rules are in force and the limit hasn't been touched yet.
limited() {
	local name=$1 rate=$2 burst=$3 try out back elapsed gap before cpu pids n
	shift 3

	for try in 1 2; do
		before=$(counted 1) back=0 elapsed=0 gap=0 pids=() n=0
		for cpu; do
			flood -p "$cpu" -r 20000 -t 3 c0 icmp from="198.18.$((100 + cpu)).1" \
				>"$work/flood.$cpu" &
			pids+=($!)
		done
		wait "${pids[@]}"
		for cpu; do
			out=$(cat "$work/flood.$cpu")
			note "CPU $cpu: $out"
			back=$((back + $(member back "$out")))
			n=$(member elapsed_us "$out")
			elapsed=$((n > elapsed ? n : elapsed))
			n=$(member gap_us "$out")
			gap=$((gap == 0 || n < gap ? n : gap))
		done
		# While one CPU stands still, the other sends enough.
		stood_still "$try" "$gap" $((burst * 1000000 / rate)) || break
		sleep 1
	done
	within "$name: replies" $((back - burst)) $((rate * elapsed / 1000000)) 5
	is "$name: what the rule counted" $(($(counted 1) - before)) "$back"
}

rules() {
	printf '%s\n' "reply-path swap" "default drop" "$@" | apply_rules
}

limits() {
	local mode=$1 out

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	rules "answer icmp type echo-request limit 1000/s burst 500"
	limited "$mode: 1000/s from one CPU" 1000 500 0
	is "$mode: the other CPU had no part in it" "$("$ECHOGATE" stats h0 --netns "$host" \
		--json --per-cpu | field interfaces.0.per_cpu.1.verdicts.answer.packets)" 0
	rules "answer icmp type echo-request limit 2000/s burst 1000"
	limited "$mode: 2000/s from two CPUs at once" 2000 1000 0 1
	like "$mode: both had their part" "$("$ECHOGATE" stats h0 --netns "$host" --json --per-cpu |
		field interfaces.0.per_cpu.1.verdicts.answer.packets)" '^[1-9][0-9]{2}'

	# Over the limit the next rule is asked. A minute's burst doesn't grow meanwhile.
	rules "answer icmp type echo-request limit 1/m burst 5" "drop icmp dscp cs2" \
		"answer icmp type echo-request limit 2/m burst 3"
	out=$(flood -c 20 c0 icmp)
	is "$mode: over the limit the next rule is asked" \
		"back=$(member back "$out") $(rule_counts | tr '\n' ' ')" "back=8 5 0 3 "
	rules "drop udp" "answer icmp type echo-request limit 1/m burst 5" \
		"answer icmp type echo-request limit 2/m burst 3"
	out=$(flood -c 20 c0 icmp)
	is "$mode: an unchanged rule's limit stays used up" \
		"back=$(member back "$out") $(rule_counts | tr '\n' ' ')" "back=0 0 5 3 "
	rules "answer icmp type echo-request limit 1/m burst 6"
	out=$(flood -c 20 c0 icmp)
	is "$mode: a changed one's is new" "$(member back "$out")" 6
	need "$ECHOGATE" detach h0 --netns "$host"
}

# sources MODE
sources() {
	local mode=$1 out

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	rules "answer icmp type echo-request per-source 1/m burst 5" \
		"answer icmp6 type echo-request per-source 1/m burst 4"
	out=$(flood -c 1280 -s 64 c0 icmp from=198.18.100.0)
	is "$mode: each of 64 sources has its own share" \
		"$(member back "$out") $(member least "$out") $(member most "$out")" "320 5 5"
	out=$(flood -c 200 -s 10 c0 icmp6 from=fd00:18:0:64::1)
	is "$mode: those of a /64 share one" "$(member back "$out")" 4
	out=$(flood -c 1280 -s 64:64 c0 icmp6 from=fd00:18:0:100::1)
	is "$mode: 64 of them have one each" \
		"$(member back "$out") $(member least "$out") $(member most "$out")" "256 4 4"
	rules "drop tcp" "answer icmp type echo-request per-source 1/m burst 5" \
		"answer icmp6 type echo-request per-source 1/m burst 4"
	out=$(flood -c 1280 -s 64 c0 icmp from=198.18.100.0)
	is "$mode: used up even when other rules have changed" "$(member back "$out")" 0

	rules "answer icmp type echo-request per-source/24 1/m burst 7" \
		"answer icmp6 type echo-request per-source/128 1/m burst 3"
	out=$(flood -c 1000 -s 100 c0 icmp from=198.18.101.0)
	is "$mode: per-source/24: those of a /24 share" "$(member back "$out")" 7
	out=$(flood -c 160 -s 8:8 c0 icmp from=198.18.104.1)
	is "$mode: per-source/24: those of others don't" \
		"$(member back "$out") $(member least "$out") $(member most "$out")" "56 7 7"
	out=$(flood -c 160 -s 8 c0 icmp6 from=fd00:18:0:64::1)
	is "$mode: per-source/128" \
		"$(member back "$out") $(member least "$out") $(member most "$out")" "24 3 3"

	rules "answer icmp type echo-request per-source 1/m burst 5, limit 1/m burst 12"
	out=$(flood -c 20 c0 icmp from=198.18.100.1)
	is "$mode: a source that used up its own" "$(member back "$out")" 5
	out=$(flood -c 80 -s 4 c0 icmp from=198.18.100.2)
	is "$mode: leaves the rest of what is for all to others" "$(member back "$out")" 7
	need "$ECHOGATE" detach h0 --netns "$host"
}

# A share that grows: 64 sources, each with 20 a second
shares() {
	local mode=$1 try out elapsed least most want

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	for try in 1 2; do
		rules "answer icmp type echo-request per-source 20/s burst $((9 + try))"
		out=$(flood -r 20000 -t 3 -s 64 c0 icmp from=198.18.100.0)
		note "$out"
		stood_still "$try" "$(member gap_us "$out")" 400000 || break
	done
	elapsed=$(member elapsed_us "$out") least=$(member least "$out") most=$(member most "$out")
	want=$((20 * elapsed / 1000000))
	within "$mode: 20/s for each source: the least" $((least - 9 - try)) "$want" 5
	within "$mode: 20/s for each source: the most" $((most - 9 - try)) "$want" 5
	is "$mode: what the rule counted" "$(counted 1)" "$(member back "$out")"
	need "$ECHOGATE" detach h0 --netns "$host"
}

# One in four of 8,000 is 2,000, and more than 200 off once in ten million.
samples() {
	local mode=$1 out

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	rules "count icmp sample 1/4" "answer icmp type echo-request"
	out=$(flood -c 8000 c0 icmp)
	is "$mode: sampled packets aren't decided about" "$(member back "$out") $(counted 2)" \
		"8000 8000"
	within "$mode: sample 1/4" "$(counted 1)" 2000 10
	need "$ECHOGATE" detach h0 --netns "$host"
}

limits native
limits tc
sources native
shares native
samples native

finish
