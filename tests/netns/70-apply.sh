#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules that follow rules: apply, --check, --confirm, rollback, what runs as text, counters
# that survive, and that what is refused changes nothing.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite apply
make_pair
add_pair "$client" c1 02:00:00:00:01:01 "$host" h1 02:00:00:00:01:02
add_addr "$client" c1 198.18.1.1/24
add_addr "$host" h1 198.18.1.2/24

echogate() {
	"$ECHOGATE" "$@"
}

two_rulesets
printf 'drop icmp type echo-request ttl 77\ndrop icmp tpye 8\n' >"$work/bad"

# pings TTL: one, and one of the usual TTL
pings() {
	replies 198.18.0.2 "$1" >/dev/null
}

answered() {
	local before

	before=$(counter "$host" h0 verdicts.answer.packets)
	in_ns "$client" ping -n -q -c "${1:-3}" -i 0.002 -W 5 198.18.0.2 >/dev/null || echo "no reply"
	echo $(($(counter "$host" h0 verdicts.answer.packets) - before))
}

state() {
	status_of "$host" "$1" state
}

# matched IFACE TEXT: packets
matched() {
	echogate rules "$1" --stats --netns "$host" | awk -v text="$2" '
		{ packets = $1; sub(/^ *[0-9]+ +[0-9]+ +/, "") } $0 == text { print packets; exit }'
}

apply() {
	echogate apply "$@" --netns "$host"
}

# What is pinned where, in one number
pins() {
	find "$dir" | sort | cksum
}

common='count icmp type echo-request'
dir=$(pin_dir "$host")
h0=$(ifindex "$host" h0)

# --- before anything is attached ---

refuses "apply: no file" 2 "no file given" echogate apply
refuses "apply: not attached" 4 "h0: not attached" echogate apply "$work/a" h0 --netns "$host"
refuses "apply: nothing attached" 4 "nothing is attached" echogate apply "$work/a" --netns "$host"
refuses "apply: file that isn't there" 2 "nothing.*No such file" \
	echogate apply "$work/nothing" --netns "$host"
refuses "apply: a directory" 2 "directory" echogate apply "$work" --netns "$host"
for seconds in 80abc '' 0 -1 86401 1.5; do
	refuses "apply --confirm=$seconds" 2 "--confirm: .*expected 1 to 86400" \
		echogate apply "$work/a" --netns "$host" "--confirm=$seconds"
done
refuses "apply: --check and --confirm" 2 "exclude" echogate apply "$work/a" --check --confirm 5
for command in confirm rollback rules; do
	refuses "$command: not attached" 4 "h0: not attached" echogate $command h0 --netns "$host"
	refuses "$command: nothing attached" 4 "nothing is attached" echogate $command --netns "$host"
	refuses "$command: no such interface" 1 "no such interface" echogate $command nope --netns "$host"
done
is "--check of a file, for an interface or for none" \
	"$({ echogate apply --check "$work/a" h0; apply --check "$work/a"; } | sed 's:, [0-9]* KiB$::')" \
	"$(printf 'h0: 3 rules (1 for egress)\n%s: 3 rules (1 for egress)' "$work/a")"
if have setpriv; then
	chmod 755 "$work"
	chmod 644 "$work"/[ab]
	cp "$ECHOGATE" "$work/echogate"
	check "--check needs no privileges" setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps=-all "$work/echogate" apply --check "$work/a"
	for command in "apply $work/a" "apply $work/a --confirm 5" confirm rollback rules; do
		# shellcheck disable=SC2086  # words
		refuses "$command without privileges" 3 "not permitted: .*run it as root" \
			setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
			"$work/echogate" $command --netns "$host"
	done
else
	skip "without privileges" "setpriv is not installed"
fi

# --- one after the other ---

for mode in native generic tc "clsact tc" "clsact native"; do
	unset ECHOGATE_NO_TCX
	case $mode in
	clsact*) export ECHOGATE_NO_TCX=1 ;;
	esac
	need "$ECHOGATE" attach h0 --netns "$host" --mode "${mode#clsact }" --config "$work/a"
	# Only attach asks which way; apply takes the one that is there.
	unset ECHOGATE_NO_TCX
	warm_up "$client" 198.18.0.2
	is "$mode: attach brings the rules" "$(what_runs)" a
	like "$mode: apply says what it did" "$(apply "$work/b" h0 2>&1)" \
		"^h0: generation 2: 2 rules \(1 new, 2 gone\), [0-9]+ KiB; built in [0-9]+ ms, .* [0-9]+ us$"
	is "$mode: the new rules run" "$(what_runs)" b
	is "$mode: status" "$(state h0) $(status_of "$host" h0 generation) $(status_of "$host" h0 previous_generation)" \
		"attached 2 1"
	is "$mode: and it answers" "$(answered)" 3
	check "$mode: rollback" echogate rollback h0 --netns "$host"
	is "$mode: the old ones run" "$(what_runs) $(status_of "$host" h0 generation)" "a 1"
	check "$mode: another rollback" echogate rollback --netns "$host"
	is "$mode: leads back" "$(what_runs) $(status_of "$host" h0 generation)" "b 2"
	check "$mode: rollback once more" echogate rollback --netns "$host"
	check "$mode: apply after it" apply "$work/b"
	is "$mode: gets a number of its own" "$(what_runs) $(status_of "$host" h0 generation)" "b 3"
	is "$mode: hooks are updated, not added" \
		"$(status_of "$host" h0 hooks) $(find "$dir" -name 'link_*' | grep -vc "/$h0/")" "2 0"
	used=$(programs "$host" h0)
	check "$mode: detach" echogate detach h0 --netns "$host"
	# shellcheck disable=SC2086  # a list
	clean "$mode: nothing is left" "$host" $used
done

# --- counters of what is in both ---

need "$ECHOGATE" attach h0 --netns "$host" --config "$work/a"
warm_up "$client" 198.18.0.2
need "$ECHOGATE" stats h0 --netns "$host" --reset
is "--reset sets those of rules to zero too" "$(matched h0 "$common")" 0
answered 10 >/dev/null
is "rules --stats counts" "$(matched h0 "$common")" 10
need apply "$work/b"
is "an unchanged rule keeps its counter" "$(matched h0 "$common")" 10
answered 10 >/dev/null
is "and goes on" "$(matched h0 "$common")" 20
pings 99
is "a new one starts at zero" "$(matched h0 'drop icmp type echo-request ttl 99')" 1
need "$ECHOGATE" rollback --netns "$host"
is "a rollback keeps it too" "$(matched h0 "$common")" 21
pings 77
need "$ECHOGATE" rollback --netns "$host"
is "a rule that waits keeps what it had" "$(matched h0 'drop icmp type echo-request ttl 99')" 1
for _ in 1 2 3; do
	need apply "$work/a"
	need apply "$work/b"
done
is "after many of them" "$(matched h0 "$common") $(matched h0 'drop icmp type echo-request ttl 99')" "23 0"
need "$ECHOGATE" attach h0 --netns "$host"
is "attach without --config keeps rules and counters" "$(what_runs) $(matched h0 "$common")" "b 26"
is "and their lines in the file" \
	"$(echogate rules h0 --netns "$host" --json | field interfaces.0.rules.1.line)" 2
refuses "then there is nothing to go back to" 1 "h0: there is nothing to go back to" \
	echogate rollback h0 --netns "$host"
refuses "nor anywhere else" 1 "^echogate: there is nothing to go back to" \
	echogate rollback --netns "$host"

# --- what runs, as text and otherwise ---

need apply "$work/a"
echogate rules h0 --netns "$host" >"$work/text"
stats=$(echogate rules h0 --stats --netns "$host")
check "what rules prints can be applied" apply "$work/text"
is "and is the same then" "$(echogate rules h0 --netns "$host")" "$(cat "$work/text")"
is "to the counters" "$(echogate rules h0 --stats --netns "$host")" "$stats"
is "every rule has one, and settings have none" \
	"$(grep -cE '^ +[0-9]+ +[0-9]+  ' <<<"$stats") $(grep -c "default answer" <<<"$stats")" "3 1"
echogate rules h0 --json --netns "$host" >"$work/json"
echogate stats h0 --json --netns "$host" >"$work/stats"
for place in json stats; do
	like "$place: a rule's id" "$(field interfaces.0.rules.0.id <"$work/$place")" "^[0-9a-f]{16}$"
	is "$place: its text" "$(field interfaces.0.rules.0.text <"$work/$place")" "$common"
done
is "ids are the same in both" "$(field interfaces.0.rules.2.id <"$work/json")" \
	"$(field interfaces.0.rules.2.id <"$work/stats")"
is "directions" "$(field interfaces.0.rules.1.direction <"$work/json") $(field interfaces.0.rules.2.direction <"$work/json")" \
	"ingress egress"
like "OpenMetrics" "$(echogate stats h0 --openmetrics --netns "$host")" \
	"echogate_rule_packets_total\{interface=\"h0\",.*,direction=\"ingress\",id=\"[0-9a-f]{16}\",text=\"$common\"\} [0-9]+"
need "$ECHOGATE" stats h0 --netns "$host" --reset
answered 4 >/dev/null
like "text of stats" "$(echogate stats h0 --netns "$host")" "rules.* 4 +392.*$common"
like "status" "$(echogate status h0 --netns "$host")" "rules +3, 1 for egress"
is "status --json" "$(status_of "$host" h0 rules.ingress) $(status_of "$host" h0 rules.egress) $(status_of "$host" h0 config)" \
	"2 1 $work/text"
like "maps" "$(echogate maps h0 --netns "$host")" "eg_rules +array .*eg_text "
like "maps dump eg_text" "$(echogate maps h0 --netns "$host" dump text)" "$common"

# --- several interfaces ---

cat >"$work/both" <<-'END'
	count icmp type echo-request
	interface h0 { drop icmp type echo-request ttl 77 }
	interface h1 { drop icmp type echo-request ttl 99 }
END
need "$ECHOGATE" attach h0 h1 --netns "$host" --config /dev/null
warm_up "$client" 198.18.0.2 198.18.1.2
is "without rules" "$(what_runs) $(what_runs 198.18.1.2)" "none none"
is "apply to all: a line each" "$(apply "$work/both" | grep -c '^h[01]: generation [0-9]*: 2 rules')" 2
is "each has its own block" "$(what_runs) $(what_runs 198.18.1.2)" "a b"
echogate rules --netns "$host" >"$work/text"
is "rules of both, in blocks" "$(grep -c '^interface h[01] {$' "$work/text")" 2
check "can be applied" apply "$work/text"
is "and are the same then" "$(echogate rules --netns "$host")" "$(cat "$work/text")"
is "to each its own" "$(what_runs) $(what_runs 198.18.1.2)" "a b"
check "an interface named twice is one" apply "$work/b" h0 h0
is "and the other is let alone" "$(what_runs) $(what_runs 198.18.1.2)" "b b"
is "--check names those that are attached" \
	"$(apply "$work/both" --check | cut -d, -f1)" $'h0: 2 rules\nh1: 2 rules'
is "one of two isn't attached: exit status" \
	"$(apply "$work/a" h0 lo >/dev/null 2>&1; echo $?)" 4
is "and nothing is changed" "$(what_runs) $(what_runs 198.18.1.2)" "b b"

# --- what is refused changes nothing ---

before=$(pins)
out=$(apply "$work/bad" 2>"$work/err")
is "a wrong file: exit status" $? 2
like "file, line and column" "$(head -n 1 "$work/err")" "bad:2:11: "
is "nothing on standard output" "$out" ""
is "the rules are what they were" "$(what_runs) $(what_runs 198.18.1.2)" "b b"
is "and so are the pins" "$(pins)" "$before"
apply "$work/a" --check >/dev/null
is "--check leaves them alone" "$(pins)" "$before"
if have strace && strace -o /dev/null true 2>/dev/null; then
	strace -o "$work/calls" -e trace=bpf "$ECHOGATE" apply "$work/a" --check --netns "$host" >/dev/null
	is "and asks nothing of the kernel" "$(grep -c 'bpf(' "$work/calls")" 0
else
	skip "--check asks nothing of the kernel" "strace is not installed, or not allowed"
fi
printf 'set s file "%s"\ndrop from @s\n' "$work/missing" >"$work/noset"
refuses "a set whose file is missing" 2 "missing: No such file" apply "$work/noset"
is "changes nothing" "$(what_runs) $(pins)" "b $before"
need rm "$dir/$h0/eg_paths"
refuses "damaged pins" 1 "h0: it is incomplete" apply "$work/a" h0
need "$ECHOGATE" attach h0 --netns "$host"
is "attach mends them, and keeps the rules" "$(state h0) $(what_runs)" "attached b"
need "$ECHOGATE" detach h1 --netns "$host"

# --- under a flood ---

before=$(matched h0 "$common")
# shellcheck disable=SC2016  # the inner shell expands
out=$(in_ns "$client" "$EG_TESTS/pinger" 198.18.0.2 bash -c '
	for i in $(seq "$3"); do
		"$0" apply "$1/a" h0 --netns "$2" >/dev/null && "$0" apply "$1/b" h0 --netns "$2" >/dev/null || exit
	done' "$ECHOGATE" "$work" "$host" "$(scaled 10 3)" 2>"$work/err" | tail -n 1)
like "many times applied: no ping lost, wrong or answered twice" "$out" "lost=0.*status=0"
sent=$(sed -n 's/.*sent=\([0-9]*\).*/\1/p' <<<"$out")
is "and each was counted once by the rule that is in both" \
	"$(($(matched h0 "$common") - before))" "$sent"
note "$out"

# --- confirm ---

runs() {
	[ "$(what_runs)" = "$1" ]
}

guards() {
	pgrep -fc "^$ECHOGATE apply $work/.* --netns $host"
}

no_guards() {
	[ "$(guards)" = 0 ]
}

refuses "confirm: nothing waits" 1 "h0: nothing waits" echogate confirm h0 --netns "$host"
refuses "confirm: nothing waits anywhere" 1 "nothing waits" echogate confirm --netns "$host"
out=$(apply "$work/a" --confirm 3600)
like "apply --confirm says what to type" "$out" \
	"h0: generation [0-9]+ comes back in 3600 s, unless: echogate confirm h0 --netns $host$"
is "the new rules run" "$(what_runs)" a
like "status shows it" "$(echogate status h0 --netns "$host")" \
	"generation +[0-9]+, back to [0-9]+ in 3[56][0-9][0-9] s unless confirmed"
like "status --json too" "$(status_of "$host" h0 confirm_seconds_left)" "^3[56][0-9][0-9]$"
refuses "apply --confirm while one waits" 1 "waits for confirmation.*echogate confirm h0.*rollback h0" \
	apply "$work/b" --confirm 5
refuses "attach while one waits" 1 "waits for confirmation" echogate attach h0 --netns "$host"
is "changes nothing" "$(what_runs)" a
like "confirm" "$(echogate confirm --netns "$host")" "^h0: generation [0-9]+ stays$"
is "then nothing waits any more" "$(status_of "$host" h0 confirm_seconds_left) $(what_runs)" "null a"
check "its guard ends soon" wait_for 30 no_guards

before=$(status_of "$host" h0 generation)
need apply "$work/b" --confirm 1
check "without a confirmation the old rules come back" wait_for 30 runs a
is "as the generation they were" "$(status_of "$host" h0 generation) $(status_of "$host" h0 confirm_seconds_left)" \
	"$before null"
check "the one that went can be had again" echogate rollback h0 --netns "$host"
is "and stays" "$(what_runs) $(status_of "$host" h0 confirm_seconds_left)" "b null"
check "its guard is gone" wait_for 30 no_guards

# A session of its own, whose shell, terminal and command are all killed.
setsid sh -c "'$ECHOGATE' apply '$work/a' --confirm 3 --netns '$host' >'$work/out'; kill -HUP 0; kill -9 0" \
	>/dev/null 2>&1
like "a session that applies and is killed" "$(cat "$work/out")" "comes back in 3 s"
check "the old rules come back all the same" wait_for 30 runs b
if have strace && strace -o /dev/null true 2>/dev/null; then
	strace -o /dev/null -e inject=exit_group:signal=KILL "$ECHOGATE" apply "$work/a" --confirm 3 \
		--netns "$host" >"$work/out" 2>&1
	like "a command that is killed when it has printed" "$(cat "$work/out")" "comes back in 3 s"
	check "the old rules come back then too" wait_for 30 runs b
else
	skip "a command that is killed when it has printed" "strace is not installed, or not allowed"
fi
# Guard and all: the next command that changes anything does it.
need apply "$work/a" --confirm 6
pgrep -f "^$ECHOGATE apply $work/a" | xargs -r kill -9
sleep 7
# Any will do, also one of another suite that runs here at the same time.
refuses "without its guard, the next command rolls back" 1 "nothing waits" \
	echogate confirm h0 --netns "$host"
is "to the old rules" "$(what_runs)" b
# Replaced meanwhile.
need apply "$work/a" --confirm 6
need apply "$work/b"
need apply "$work/a"
sleep 7
is "a guard of what was replaced does nothing" "$(what_runs)" a
need apply "$work/b" --confirm 3600
need "$ECHOGATE" rollback --netns "$host"
is "rollback doesn't wait" "$(what_runs) $(status_of "$host" h0 confirm_seconds_left)" "a null"
need apply "$work/b" --confirm 3600
used=$(programs "$host" h0)
check "detach while one waits" echogate detach h0 --netns "$host"
# shellcheck disable=SC2086  # a list
clean "nothing is left" "$host" $used
check "nor a guard" wait_for 30 no_guards

finish
