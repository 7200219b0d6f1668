#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules that follow rules: apply, --check, --confirm, rollback, what runs as text, counters
# that survive, and that whatever fails or is killed leaves the old rules or the new ones whole.

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

# Two rulesets that one ping each tells apart, and that have a rule in common.
cat >"$work/a" <<-'END'
	# what is common to both
	count icmp type echo-request
	drop icmp type echo-request ttl 77
	egress {
		count icmp type echo-reply
	}
END
cat >"$work/b" <<-'END'
	drop icmp type echo-request ttl 99
	count icmp type echo-request
END
printf 'drop icmp type echo-request ttl 77\ndrop icmp tpye 8\n' >"$work/bad"

reply_to() {
	in_ns "$client" ping -n -q -c 1 -W 0.3 -t "$1" "${2:-198.18.0.2}" >/dev/null 2>&1
}

# what_runs [ADDRESS]: a, b, or what else it does
what_runs() {
	local a b

	exec 3< <(reply_to 77 "${1:-}" && echo answers || echo drops)
	reply_to 99 "${1:-}" && b=answers || b=drops
	read -r a <&3
	case $a-$b in
	drops-answers) echo a ;;
	answers-drops) echo b ;;
	answers-answers) echo none ;;
	*) echo "neither: $a $b" ;;
	esac
}

answered() {
	local before

	before=$(counter "$host" h0 verdicts.answer.packets)
	in_ns "$client" ping -n -q -c "${1:-3}" -i 0.002 -W 5 198.18.0.2 >/dev/null || echo "no reply"
	echo $(($(counter "$host" h0 verdicts.answer.packets) - before))
}

# status_of IFACE PATH
status_of() {
	echogate status "$1" --netns "$host" --json 2>/dev/null | field "interfaces.0.$2"
}

state() {
	status_of "$1" state
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
	is "$mode: status" "$(state h0) $(status_of h0 generation) $(status_of h0 previous_generation)" \
		"attached 2 1"
	is "$mode: and it answers" "$(answered)" 3
	check "$mode: rollback" echogate rollback h0 --netns "$host"
	is "$mode: the old ones run" "$(what_runs) $(status_of h0 generation)" "a 1"
	check "$mode: another rollback" echogate rollback --netns "$host"
	is "$mode: leads back" "$(what_runs) $(status_of h0 generation)" "b 2"
	check "$mode: rollback once more" echogate rollback --netns "$host"
	check "$mode: apply after it" apply "$work/b"
	is "$mode: gets a number of its own" "$(what_runs) $(status_of h0 generation)" "b 3"
	is "$mode: hooks are updated, not added" \
		"$(status_of h0 hooks) $(find "$dir" -name 'link_*' | grep -vc "/$h0/")" "2 0"
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
reply_to 99
is "a new one starts at zero" "$(matched h0 'drop icmp type echo-request ttl 99')" 1
need "$ECHOGATE" rollback --netns "$host"
is "a rollback keeps it too" "$(matched h0 "$common")" 20
reply_to 77
need "$ECHOGATE" rollback --netns "$host"
is "a rule that waits keeps what it had" "$(matched h0 'drop icmp type echo-request ttl 99')" 1
for _ in 1 2 3; do
	need apply "$work/a"
	need apply "$work/b"
done
is "after many of them" "$(matched h0 "$common") $(matched h0 'drop icmp type echo-request ttl 99')" "21 0"
need "$ECHOGATE" attach h0 --netns "$host"
is "attach without --config keeps rules and counters" "$(what_runs) $(matched h0 "$common")" "b 22"
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
is "status --json" "$(status_of h0 rules.ingress) $(status_of h0 rules.egress) $(status_of h0 config)" \
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
	for i in $(seq 20); do
		"$0" apply "$1/a" h0 --netns "$2" >/dev/null && "$0" apply "$1/b" h0 --netns "$2" >/dev/null || exit
	done' "$ECHOGATE" "$work" "$host" 2>"$work/err" | tail -n 1)
like "40 times applied: no ping lost, wrong or answered twice" "$out" "lost=0.*status=0"
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
like "status --json too" "$(status_of h0 confirm_seconds_left)" "^3[56][0-9][0-9]$"
refuses "apply --confirm while one waits" 1 "waits for confirmation.*echogate confirm h0.*rollback h0" \
	apply "$work/b" --confirm 5
refuses "attach while one waits" 1 "waits for confirmation" echogate attach h0 --netns "$host"
is "changes nothing" "$(what_runs)" a
like "confirm" "$(echogate confirm --netns "$host")" "^h0: generation [0-9]+ stays$"
is "then nothing waits any more" "$(status_of h0 confirm_seconds_left) $(what_runs)" "null a"
check "its guard ends soon" wait_for 30 no_guards

before=$(status_of h0 generation)
need apply "$work/b" --confirm 1
check "without a confirmation the old rules come back" wait_for 30 runs a
is "as the generation they were" "$(status_of h0 generation) $(status_of h0 confirm_seconds_left)" \
	"$before null"
check "the one that went can be had again" echogate rollback h0 --netns "$host"
is "and stays" "$(what_runs) $(status_of h0 confirm_seconds_left)" "b null"
check "its guard is gone" wait_for 30 no_guards

# A session of its own, whose shell, terminal and command are all killed.
setsid sh -c "'$ECHOGATE' apply '$work/a' --confirm 2 --netns '$host' >'$work/out'; kill -HUP 0; kill -9 0" \
	>/dev/null 2>&1
is "the session that applied is killed" "$(what_runs)" a
check "the old rules come back all the same" wait_for 30 runs b
# The command itself is killed, when it has printed and is about to end.
strace -o /dev/null -e inject=exit_group:signal=KILL "$ECHOGATE" apply "$work/a" --confirm 2 \
	--netns "$host" >/dev/null 2>&1
is "the command that applied is killed" "$(what_runs)" a
check "the old rules come back then too" wait_for 30 runs b
# Guard and all: the next command that changes anything does it.
need apply "$work/a" --confirm 1
pgrep -f "^$ECHOGATE apply $work/a" | xargs -r kill -9
sleep 2.5
is "without its guard it waits" "$(what_runs)" a
refuses "for the next command" 1 "nothing waits" echogate confirm h0 --netns "$host"
is "which rolls back" "$(what_runs)" b
# Replaced meanwhile.
need apply "$work/a" --confirm 2
need apply "$work/b"
need apply "$work/a"
sleep 3.5
is "a guard of what was replaced does nothing" "$(what_runs)" a
need apply "$work/b" --confirm 3600
need "$ECHOGATE" rollback --netns "$host"
is "rollback doesn't wait" "$(what_runs) $(status_of h0 confirm_seconds_left)" "a null"
need apply "$work/b" --confirm 3600
used=$(programs "$host" h0)
check "detach while one waits" echogate detach h0 --netns "$host"
# shellcheck disable=SC2086  # a list
clean "nothing is left" "$host" $used
check "nor a guard" wait_for 30 no_guards

# --- calls that fail ---

changes='bpf,sendto,renameat2,?mkdir,?rename,?rmdir,?unlink,unlinkat,mkdirat'

# with_fault CALLS ERROR WHEN COMMAND...
with_fault() {
	local calls=$1 error=$2 when=$3
	shift 3
	strace -o /dev/null -e "inject=$calls:error=$error:when=$when" "$@"
}

# calls_of CALLS COMMAND...: how many it makes
calls_of() {
	local calls=$1
	shift
	strace -o "$work/calls" -e "trace=$calls" "$@" >/dev/null 2>&1
	grep -c '(' "$work/calls"
}

# Rules b run and a is to come: by an apply, or by a rollback, which has been to b and back before.
declare -A words=([apply]="apply $work/a" [rollback]=rollback)

set_up() {
	need apply "$work/a"
	need apply "$work/b"
}

# back_to_b COMMAND RUNNING: which shows, too, that the next command works
back_to_b() {
	case $1-$2 in
	apply-*) apply "$work/b" ;;
	rollback-a) echogate rollback --netns "$host" ;;
	rollback-*) echogate rollback --netns "$host" && echogate rollback --netns "$host" ;;
	esac
}

# every_fault COMMAND CALLS ERROR STEP: each STEPth call fails once. Either the command does
# without and a runs, or there is one line, an exit status, and b runs.
# shellcheck disable=SC2086  # words
every_fault() {
	local command=$1 calls=$2 error=$3 step=$4 n total status now failed=0 broken=''

	set_up
	total=$(calls_of "$calls" "$ECHOGATE" ${words[$command]} --netns "$host")
	for ((n = 1; n <= total; n += step)); do
		[ "$(what_runs)" = b ] || back_to_b "$command" a >/dev/null
		with_fault "$calls" "$error" "$n" "$ECHOGATE" ${words[$command]} --netns "$host" \
			>"$work/out" 2>"$work/err"
		status=$?
		now=$(what_runs)
		[ "$(state h0)" = attached ] || broken+="call $n: state $(state h0)"$'\n'
		if [ "$status" -eq 0 ]; then
			[ "$now" = a ] || broken+="call $n: done, but $now runs"$'\n'
			continue
		fi
		failed=$((failed + 1))
		[ "$now" = b ] || broken+="call $n: refused, but $now runs"$'\n'
		[ "$(wc -l <"$work/err")" -eq 1 ] || broken+="call $n: $(cat "$work/err") "
		[ "$status" -eq 1 ] || [ "$status" -eq 3 ] || broken+="call $n: status $status "
	done
	is "$command: $calls fails once" "$broken" ""
	like "$command: $calls: some of it is fatal" "$failed" "^[1-9]"
	note "$calls: $total calls, $failed times refused"
}

# killed COMMAND STEP: at every STEPth call that changes something. Afterwards a or b runs whole,
# its text is what is shown, and the next command works.
# shellcheck disable=SC2086  # words
killed() {
	local command=$1 step=$2 n count=0 new=0 now text broken=''

	set_up
	for ((n = 1; n < 1000; n += step)); do
		strace -o /dev/null -e "inject=$changes:signal=KILL:when=$n" \
			"$ECHOGATE" ${words[$command]} --netns "$host" >/dev/null 2>&1 && break
		count=$((count + 1))
		now=$(what_runs)
		[ "$now" = b ] || new=$((new + 1))
		text=$(echogate rules h0 --netns "$host" | grep -o 'ttl [0-9]*')
		case $now-$text in
		a-ttl\ 77 | b-ttl\ 99) ;;
		*) broken+="at $n: $now runs, rules says $text"$'\n' ;;
		esac
		[ "$(state h0)" = attached ] || broken+="at $n: state $(state h0)"$'\n'
		# Any command that takes the lock puts in order what there is to be.
		echogate confirm --netns "$host" >/dev/null 2>&1
		[ "$(what_runs)" = "$now" ] || broken+="at $n: $(what_runs) instead of $now after it"$'\n'
		[ ! -e "$dir/new$h0" ] || broken+="at $n: new$h0 is there still"$'\n'
		[ "$(state h0)" = attached ] || broken+="at $n: state $(state h0) after it"$'\n'
		back_to_b "$command" "$now" >/dev/null 2>"$work/err" || broken+="at $n: $(cat "$work/err")"$'\n'
		[ "$(what_runs)" = b ] || broken+="at $n: the next command doesn't work"$'\n'
	done
	is "$command killed" "$broken" ""
	like "$command killed at many moments" "$count" "^[1-9][0-9]+$"
	like "$command killed after the point of no return too" "$new" "^[1-9]"
	note "$count moments, at $new of them the new rules ran already"
}

if have strace && strace -o /dev/null true 2>/dev/null; then
	is "--check asks nothing of the kernel" "$(calls_of bpf "$ECHOGATE" apply "$work/a" --check --netns "$host")" 0
	need "$ECHOGATE" attach h0 --netns "$host" --config "$work/b"
	warm_up "$client" 198.18.0.2
	for command in apply rollback; do
		every_fault $command bpf ENOMEM 5
		every_fault $command '?mkdir,mkdirat,?rename,renameat2' EIO 1
		killed $command 3
	done
	# What has no link: filters of clsact.
	need "$ECHOGATE" detach h0 --netns "$host"
	ECHOGATE_NO_TCX=1 need "$ECHOGATE" attach h0 --netns "$host" --config "$work/b" --mode tc
	warm_up "$client" 198.18.0.2
	killed apply 7
	# Of two interfaces both are changed, or none.
	need "$ECHOGATE" detach h0 --netns "$host"
	need "$ECHOGATE" attach h0 h1 --netns "$host" --config "$work/b"
	warm_up "$client" 198.18.0.2 198.18.1.2
	total=$(calls_of bpf "$ECHOGATE" apply "$work/b" --netns "$host")
	broken=
	for ((n = total / 2; n <= total; n += 3)); do
		need apply "$work/b"
		with_fault bpf ENOMEM "$n" "$ECHOGATE" apply "$work/a" --netns "$host" >/dev/null 2>&1
		now="$(what_runs) $(what_runs 198.18.1.2)"
		[ "$now" = "a a" ] || [ "$now" = "b b" ] || broken+="call $n: $now "
	done
	is "two interfaces: both or none" "$broken" ""
	used="$(programs "$host" h0) $(programs "$host" h1)"
	need "$ECHOGATE" detach --all --netns "$host"
	# shellcheck disable=SC2086  # a list
	clean "nothing is left of all these" "$host" $used
else
	skip "calls that fail, and kills" "strace is not installed, or not allowed"
fi

finish
