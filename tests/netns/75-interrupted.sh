#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# apply and rollback that fail or are killed at every moment: the old rules or the new ones
# run whole, what is shown is what runs, and the next command works.
#
# Runs alone: which call fails goes by its number, and how many there are by what else is loaded.
#
#	EG_EVERY=1 tests/netns/75-interrupted.sh	at all of them, not every third or ninth

# With a BPF file system of its own, which no other suite fills: calls have the same numbers
# in each run of a command.
if [ -z "${EG_OWN_BPFFS:-}" ]; then
	export EG_OWN_BPFFS=1
	# shellcheck disable=SC2016  # the inner shell expands
	exec unshare -m --propagation private sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$0"' "$0"
fi

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite interrupted
make_pair
add_pair "$client" c1 02:00:00:00:01:01 "$host" h1 02:00:00:00:01:02
add_addr "$client" c1 198.18.1.1/24
add_addr "$host" h1 198.18.1.2/24
two_rulesets

echogate() {
	"$ECHOGATE" "$@"
}

apply() {
	echogate apply "$@" --netns "$host"
}

state() {
	status_of "$host" "$1" state
}

dir=$(pin_dir "$host")
h0=$(ifindex "$host" h0)

changes='bpf,sendmsg,sendto,renameat2,?mkdir,?rename,?rmdir,?unlink,unlinkat,mkdirat'

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
every=${EG_EVERY:-}
declare -A steps=([apply]=${every:-$(scaled 3 30)} [rollback]=$(scaled 1 10))

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

# moments COMMAND STEP LAST: which of its calls change something, every STEPth of them, and each
# of the LAST ones, among which is the swap. As NAME:N, the Nth call of that name: so strace counts.
# shellcheck disable=SC2086  # words
moments() {
	strace -o "$work/calls" -e "trace=$changes" "$ECHOGATE" ${words[$1]} --netns "$host" >/dev/null 2>&1
	awk -F'(' -v step="$2" -v last="$3" '
		!/\(/ { next }
		{ n[$1]++ }
		!/BPF_(OBJ_GET|MAP_LOOKUP|MAP_GET|PROG_GET|LINK_GET|BTF_GET|PROG_QUERY)/ { at[m++] = $1 ":" n[$1] }
		END { for (i = 0; i < m; i++) if (i % step == 0 || i >= m - last) print at[i] }' "$work/calls"
}

# shown_wrongly MOMENT RUNNING: says so if rules shows others than those that run
shown_wrongly() {
	local text

	text=$(echogate rules h0 --netns "$host" | grep -o 'ttl [0-9]*')
	case $2-$text in
	a-ttl\ 77 | b-ttl\ 99) ;;
	*) echo "at $1: $2 runs, rules says $text" ;;
	esac
}

# killed COMMAND STEP LAST: at these moments. Afterwards a or b runs whole, its text is what is
# shown, and the next command works.
# shellcheck disable=SC2086  # words
killed() {
	local command=$1 n count=0 new=0 now broken='' all

	set_up
	all=$(moments "$command" "$2" "$3")
	back_to_b "$command" a >/dev/null
	for n in $all; do
		strace -o /dev/null -e "inject=${n%:*}:signal=KILL:when=${n#*:}" \
			"$ECHOGATE" ${words[$command]} --netns "$host" >/dev/null 2>&1 && continue
		count=$((count + 1))
		now=$(what_runs)
		[ "$now" = b ] || new=$((new + 1))
		broken+=$(shown_wrongly "$n" "$now")
		[ "$(state h0)" = attached ] || broken+="at $n: state $(state h0)"$'\n'
		# Any command that takes the lock puts in order what there is to be.
		echogate confirm --netns "$host" >/dev/null 2>&1
		[ "$(what_runs)" = "$now" ] || broken+="at $n: $(what_runs) instead of $now after it"$'\n'
		broken+=$(shown_wrongly "$n, put in order" "$now")
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
	need "$ECHOGATE" attach h0 --netns "$host" --config "$work/b"
	warm_up "$client" 198.18.0.2
	for command in apply rollback; do
		every_fault $command bpf ENOMEM "${every:-$(scaled 9 40)}"
		every_fault $command '?mkdir,mkdirat,?rename,renameat2' EIO "$(scaled 1 5)"
		killed $command "${steps[$command]}" "$(scaled 36 12)"
	done
	# What has no link: filters of clsact.
	need "$ECHOGATE" detach h0 --netns "$host"
	ECHOGATE_NO_TCX=1 need "$ECHOGATE" attach h0 --netns "$host" --config "$work/b" --mode tc
	warm_up "$client" 198.18.0.2
	killed apply "$(scaled 20 60)" 9
	# Of two interfaces both are changed, or none.
	need "$ECHOGATE" detach h0 --netns "$host"
	need "$ECHOGATE" attach h0 h1 --netns "$host" --config "$work/b"
	warm_up "$client" 198.18.0.2 198.18.1.2
	total=$(calls_of bpf "$ECHOGATE" apply "$work/b" --netns "$host")
	broken=
	for ((n = total / 2; n <= total; n += 13)); do
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
