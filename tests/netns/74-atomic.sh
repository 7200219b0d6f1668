#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two rulesets by turns under a flood of pings: every packet must see all of one and
# nothing of the other. Both have the same rules, in another order, so that no counter ever
# starts anew: of the first, `count` A and then `answer` A see a packet, of the second both
# B's. A packet between the two would make the numbers of a pair differ; one that saw neither
# would be missing, or would be answered by the kernel.
#
# Runs alone: pings get lost in the queues of busy CPUs, too.
#
#	EG_APPLIES=500 tests/netns/74-atomic.sh		so many applies (100), half in each mode

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

applies=$((${EG_APPLIES:-$(scaled 100 10)} / 2))	# in each mode

suite atomic
make_pair

cat >"$work/a" <<'EOF'
default drop
count icmp type echo-request length 84
answer icmp type echo-request length 84
count icmp type echo-request length 80-88
answer icmp type echo-request length 80-88
protect tcp port 22
count tcp
pass icmp
egress {
	count tcp
}
EOF
# The second pair first, and before it more rules than fit into a word: another way through the
# program, and nothing is where it was.
{
	echo "default drop"
	for port in {1..80}; do
		echo "drop udp port $port"
	done
	sed -n '4,5p' "$work/a"
	sed -n '2,3p; 6,$p' "$work/a"
} >"$work/b"

# What `rules` says that the rule with this text has counted; which of the two runs doesn't matter.
counted() {
	"$ECHOGATE" rules h0 --netns "$host" --stats --json | awk -v text="\"text\": \"$1\"," '
		index($0, text) { found = 1 }
		found && /"packets"/ { print $2 + 0; exit }'
}

# shellcheck disable=SC2016  # the inner shell expands
turns='
	for ((i = 0; i < $1; i++)); do
		for file in a b; do
			"$2" apply "$3/$file" h0 --netns "$4" >"$3/apply.out" 2>&1 || exit 1
		done
	done'

run_mode() {
	local mode=$1 out sent a b kernel before started

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	warm_up "$client" 198.18.0.2
	need "$ECHOGATE" apply "$work/b" h0 --netns "$host"
	kernel=$(kernel_echos "$host" 4)
	before=$(counter "$host" h0 icmp.echo-request.answer.packets)
	started=${EPOCHREALTIME/./}
	out=$(in_ns "$client" "$EG_TESTS/pinger" 198.18.0.2 \
		bash -c "$turns" turns $((applies / 2)) "$ECHOGATE" "$work" "$host")
	note "$out"
	note "$applies applies, $(((${EPOCHREALTIME/./} - started) / applies / 1000)) ms each"
	sent=$(member sent "$out")
	is "$mode: every apply succeeded" "$(member status "$out")" 0
	is "$mode: no ping lost, doubled or wrong" \
		"$(member lost "$out") $(member duplicate "$out") $(member wrong "$out")" "0 0 0"
	is "$mode: none was the kernel's" "$(kernel_echos "$host" 4)" "$kernel"
	a=$(counted "answer icmp type echo-request length 84")
	b=$(counted "answer icmp type echo-request length 80-88")
	note "$a under the first ruleset, $b under the second"
	is "$mode: each was answered by the one or the other ruleset" $((a + b)) "$sent"
	is "$mode: none by a mixture of them" \
		"$(counted "count icmp type echo-request length 84") $(counted \
			"count icmp type echo-request length 80-88")" "$a $b"
	if [ "$a" -gt 0 ] && [ "$b" -gt 0 ]; then
		ok "$mode: both had some"
	else
		not_ok "$mode: both had some" "$a and $b"
	fi
	is "$mode: all verdicts say the same" \
		"$(($(counter "$host" h0 icmp.echo-request.answer.packets) - before))" "$sent"
	need "$ECHOGATE" detach h0 --netns "$host"
	clean "$mode: detach leaves no trace" "$host"
}

for mode in native tc; do
	run_mode "$mode"
done

finish
