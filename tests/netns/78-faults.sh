#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317  # functions as arguments
#
# Each system call of attach, apply, rollback, detach and run fails once, and at each that changes
# something the command is killed. Afterwards: either it did what it was to, or it said in a line why
# not, and what ran before runs on; nothing is left of it, no pin, link, qdisc or descriptor; and the
# next command works.
#
# Runs alone: which call fails goes by its number, and how many there are by what else is loaded.
#
#	tests/netns/78-faults.sh		every 250th, others each time
#	EG_EVERY=1 tests/netns/78-faults.sh	all of them: `make faults`
#	EG_OFFSET=17				which of every EG_EVERY, as printed
#	EG_COMMANDS="detach run"		of these commands only
#
# Not made to fail: what the dynamic linker does, and calls that never fail like this (close that
# doesn't close, munmap, exit; brk returns an address, not an error).

# With a BPF file system of its own, which no other suite fills: calls have the same numbers in
# each run of a command.
if [ -z "${EG_OWN_BPFFS:-}" ]; then
	export EG_OWN_BPFFS=1
	# shellcheck disable=SC2016  # the inner shell expands
	exec unshare -m --propagation private sh -c 'mount -t bpf bpf /sys/fs/bpf && exec "$0"' "$0"
fi

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

every=${EG_EVERY:-250}
offset=${EG_OFFSET:-$((RANDOM % every))}
chosen=${EG_COMMANDS:-attach again apply rollback detach run}

suite faults
make_pair
two_rulesets
dir=$(pin_dir "$host")
h0=$(ifindex "$host" h0)
daemon=
trap '[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null; cleanup' EXIT

# Errors that a call can really have, and that somebody may have forgotten.
declare -A errors=(
	[bpf]="ENOMEM EPERM ENOSPC EAGAIN EINTR" [sendto]="ENOBUFS EPERM EINTR"
	[sendmsg]="ENOBUFS EPERM EAGAIN" [recvmsg]="ENOBUFS EINTR" [openat]="EMFILE EPERM EINTR"
	[read]="EINTR EIO" [write]="ENOSPC EIO" [mmap]=ENOMEM
	[socket]="EMFILE ENOMEM" [mkdir]="ENOSPC EPERM" [mkdirat]="ENOSPC EPERM"
	[rename]="ENOSPC EPERM" [renameat2]="ENOSPC EPERM" [unlink]="EPERM EIO"
	[unlinkat]="EPERM EIO" [rmdir]="EPERM EIO" [dup3]="EMFILE" [fcntl]="EMFILE"
	[getrandom]="EINTR EAGAIN" [epoll_wait]=EINTR [epoll_pwait2]=EINTR [accept4]="EMFILE EAGAIN"
)
skipped='close|brk|munmap|mprotect|exit_group|exit|execve|rt_sig[a-z]*|restart_syscall|arch_prctl|set_tid_address|set_robust_list|rseq|futex|madvise|clock_nanosleep|wait4'
changes='bpf|sendto|sendmsg|renameat2|rename|mkdir|mkdirat|rmdir|unlink|unlinkat|write'

# --- what is done, and what is looked at ---

# shellcheck disable=SC2086  # words
command_of() {
	case $1 in
	attach | again) set -- attach h0 ;;
	apply) set -- apply $work/a ;;
	rollback) set -- rollback ;;
	detach) set -- detach h0 ;;
	esac
	echo "$ECHOGATE" "$@" --netns "$host"
}

# before COMMAND: what it finds
before() {
	case $1 in
	attach) "$ECHOGATE" detach h0 --netns "$host" ;;
	again | detach) attached || "$ECHOGATE" attach h0 --netns "$host" --config "$work/b" ;;
	apply)
		attached || "$ECHOGATE" attach h0 --netns "$host" --config "$work/b"
		[ "$(runs)" = b ] || "$ECHOGATE" apply "$work/b" --netns "$host"
		;;
	rollback)
		# Back and forth leads to a again.
		[ "$(runs)" = b ] || "$ECHOGATE" apply "$work/b" --netns "$host" ||
			"$ECHOGATE" attach h0 --netns "$host" --config "$work/b"
		[ -d "$dir/previous$h0" ] ||
			{ "$ECHOGATE" apply "$work/a" --netns "$host" &&
				"$ECHOGATE" apply "$work/b" --netns "$host"; }
		;;
	esac >/dev/null 2>&1
}

attached() {
	[ "$(status_of "$host" h0 state)" = attached ]
}

# Which rules the program on the hook has: a ping that each would drop
runs() {
	attached || { echo nothing; return; }
	what_runs 198.18.0.2
}

# Pings are answered, and not by the kernel.
answers_on() {
	local was

	was=$(counter "$host" h0 verdicts.answer.packets)
	in_ns "$client" ping -n -q -c 1 -W 5 198.18.0.2 >/dev/null || echo "no reply; "
	[ "$(counter "$host" h0 verdicts.answer.packets)" -gt "$was" ] || echo "not by echogate; "
}

# Leftovers of a command that found nothing attached
nothing_left() {
	leftovers "$host" | tr '\n' ' '
}

# What couldn't be taken away, or put in its place, goes with the next command that takes the lock.
half_done() {
	[ ! -e "$dir/new$h0" ] || "$ECHOGATE" confirm --netns "$host" >/dev/null 2>&1
	[ ! -e "$dir/new$h0" ] || echo "new$h0 is there; "
}

# judge COMMAND STATUS KILLED: what is wrong now; the next command comes with it
judge() {
	local status=$2 killed=$3 now

	case $1 in
	attach)
		if [ "$status" -ne 0 ] && ! $killed; then
			nothing_left
		elif ! $killed; then
			attached || echo "done, but not attached; "
		fi
		# Whatever it was: the next attach works, and a detach leaves nothing.
		if [ "$status" -eq 0 ] || $killed || [ $((RANDOM % 8)) -eq 0 ]; then
			"$ECHOGATE" attach h0 --netns "$host" >/dev/null 2>"$work/next" ||
				echo "the next attach: $(cat "$work/next"); "
			answers_on
			"$ECHOGATE" detach h0 --netns "$host" >/dev/null 2>"$work/next" ||
				echo "the next detach: $(cat "$work/next"); "
			nothing_left
		fi
		;;
	again)
		! $killed || "$ECHOGATE" confirm --netns "$host" >/dev/null 2>&1
		attached || echo "state $(status_of "$host" h0 state); "
		answers_on
		half_done
		;;
	apply | rollback)
		! $killed || "$ECHOGATE" confirm --netns "$host" >/dev/null 2>&1
		now=$(runs)
		if $killed; then
			[ "$now" = a ] || [ "$now" = b ] || echo "$now runs; "
		elif [ "$status" -eq 0 ]; then
			[ "$now" = a ] || echo "done, but $now runs; "
		else
			[ "$now" = b ] || echo "refused, but $now runs; "
		fi
		half_done
		;;
	detach)
		if [ "$status" -eq 0 ] && ! $killed; then
			# What could not be set back is the user's, who has been told how.
			if grep -q 'sysctl -w net/ipv[46]/conf/lo/forwarding=0' "$work/err"; then
				set_sysctl "$host" net/ipv4/conf/lo/forwarding=0 \
					net/ipv6/conf/lo/forwarding=0
			fi
			# An empty directory goes with the next attachment.
			if [ -n "$(nothing_left)" ]; then
				"$ECHOGATE" attach h0 --netns "$host" >/dev/null 2>&1
				"$ECHOGATE" detach h0 --netns "$host" >/dev/null 2>&1
			fi
			nothing_left
			return
		fi
		if attached; then
			answers_on
		fi
		# 4: there was nothing left to do.
		"$ECHOGATE" detach --all --netns "$host" >/dev/null 2>"$work/next" ||
			[ $? -eq 4 ] || echo "the next detach: $(cat "$work/next"); "
		nothing_left
		;;
	esac
}

# start_over COMMAND: each point is to be judged alone
start_over() {
	# Somebody mounted another one over it, which hides all pins.
	while [ "$(grep -c ' /sys/fs/bpf bpf ' /proc/self/mounts)" -gt "$mounts" ]; do
		umount /sys/fs/bpf || break
	done
	"$ECHOGATE" detach --all --netns "$host" >/dev/null 2>&1
	rm -rf "$dir"
	take_back "$host" h0
	[ "$1" = attach ] || "$ECHOGATE" attach h0 --netns "$host" --config "$work/b" >/dev/null 2>&1
	warm_up "$client" 198.18.0.2
}

# --- points ---

# points LOG NAMES [not]: calls of a trace with these names, or with none of them, as NAME:N; behind
# the dynamic linker's. Of those that change something, BPF calls that only look aren't.
points() {
	awk -F'(' -v pattern="^($2)\$" -v not="${3:-}" '
		/^[a-z0-9_]+\(/ {
			n[$1]++
			looks = /BPF_(OBJ_GET|MAP_LOOKUP|MAP_GET|PROG_GET|LINK_GET|BTF_GET|PROG_QUERY)/
			if (linked && (not ? $1 !~ pattern : $1 ~ pattern && !looks))
				print $1 ":" n[$1]
		}
		/ld.so.cache/ { cached = 1 }
		/^munmap/ && cached { linked = 1 }' "$1"
}

# some: every EG_EVERYth line, from EG_OFFSET on
some() {
	awk -v every="$every" -v offset="$offset" '(NR - 1) % every == offset % every'
}

# error_of NAME NUMBER
error_of() {
	# shellcheck disable=SC2086  # words
	set -- $2 ${errors[$1]:-EPERM ENOMEM EINTR}
	shift $((1 + $1 % ($# - 1)))
	echo "$1"
}

# fault COMMAND POINT HOW: sets status and said. Fails if the call didn't happen.
# shellcheck disable=SC2046  # words
fault() {
	# In a shell of its own, which alone tells of whoever was killed.
	(strace -o "$work/trace" -e "trace=${2%:*}" -e "inject=${2%:*}:$3:when=${2#*:}" \
		$(command_of "$1") >"$work/out" 2>"$work/err"
		exit $?) 2>/dev/null
	status=$?
	[ "$3" = signal=KILL ] || grep -q INJECTED "$work/trace"
}

# every_fault COMMAND
every_fault() {
	local point error said wrong broken='' count=0 refused=0 n=0 total

	before "$1"
	# shellcheck disable=SC2046  # words
	strace -o "$work/calls" $(command_of "$1") >/dev/null 2>&1
	points "$work/calls" "$skipped" not >"$work/points"
	total=$(wc -l <"$work/points")
	for point in $(some <"$work/points"); do
		before "$1"
		n=$((n + 1))
		error=$(error_of "${point%:*}" $((n + offset)))
		fault "$1" "$point" "error=$error" || continue
		count=$((count + 1))
		# Done, but nobody could be told.
		! grep -q 'writing the output' "$work/err" || status=0
		wrong=$(judge "$1" "$status" false)
		if [ "$status" -ne 0 ]; then
			refused=$((refused + 1))
			said=$(grep -c '^echogate: ' "$work/err")
			[ "$said" -ge 1 ] || [ "${point%:*}" = write ] || wrong+="says nothing; "
			[ "$status" -le 4 ] || wrong+="exit status $status; "
		fi
		[ -n "$wrong" ] || continue
		broken+="$point $error: $wrong$(head -n 2 "$work/err" | tr '\n' ' ')"$'\n'
		start_over "$1"
	done
	is "$1: a call fails" "$broken" ""
	faults=$((faults + count))
	note "$1: $count of $total calls made to fail, $refused times it refused"
}

# every_kill COMMAND
every_kill() {
	local point wrong broken='' count=0 total

	before "$1"
	# shellcheck disable=SC2046  # words
	strace -o "$work/calls" $(command_of "$1") >/dev/null 2>&1
	points "$work/calls" "$changes" >"$work/points"
	total=$(wc -l <"$work/points")
	for point in $(some <"$work/points"); do
		before "$1"
		fault "$1" "$point" signal=KILL
		[ "$status" -gt 128 ] || continue
		count=$((count + 1))
		wrong=$(judge "$1" "$status" true)
		[ -n "$wrong" ] || continue
		broken+="$point: $wrong"$'\n'
		start_over "$1"
	done
	is "$1: killed" "$broken" ""
	kills=$((kills + count))
	note "$1: killed at $count of $total calls"
}

# --- the daemon ---

conf() {
	{
		echo "interface h0 {"
		cat "$work/$1"
		echo "}"
	} >"$work/conf"
}

# Under strace; the daemon is its child.
daemon_pid() {
	pgrep -P "$daemon" 2>/dev/null | head -n 1
}

# Either line may be the write that fails.
ready() {
	gone || grep -q "in charge of\|taken up" "$work/err"
}

gone() {
	! kill -0 "$daemon" 2>/dev/null
}

follows() {
	[ "$(status_of "$host" h0 addresses.stale)" = false ]
}

# live INJECTION: a short life of a daemon: it takes up b, follows an address, is reloaded with a,
# follows another, and ends. Sets status, and wrong to what is wrong.
# shellcheck disable=SC2086  # words
live() {
	local pid

	wrong=
	conf b
	: >"$work/err"
	strace -o "$work/trace" $1 "$ECHOGATE" run --config "$work/conf" --netns "$host" \
		>"$work/out" 2>"$work/err" &
	daemon=$!
	wait_for 30 ready || wrong+="neither ready nor gone; "
	if kill -0 "$daemon" 2>/dev/null; then
		pid=$(daemon_pid)
		need ip -n "$host" address add 198.18.0.77/24 dev h0
		wait_for 20 follows || wrong+="an address isn't followed; "
		conf a
		[ -z "$pid" ] || kill -HUP "$pid" 2>/dev/null
		sleep 0.7
		need ip -n "$host" address del 198.18.0.77/24 dev h0
		wait_for 20 follows || wrong+="an address that went isn't followed; "
		[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null
		wait_for 30 gone || {
			wrong+="doesn't end; "
			kill -KILL "$(daemon_pid)" "$daemon" 2>/dev/null
		}
	fi
	wait "$daemon" 2>/dev/null
	status=$?
	daemon=
	ip -n "$host" address del 198.18.0.77/24 dev h0 2>/dev/null
}

# After a daemon that lived or not: what was attached answers on, and the next one starts.
after_daemon() {
	attached || echo "state $(status_of "$host" h0 state); "
	answers_on
	"$ECHOGATE" apply "$work/b" --netns "$host" >/dev/null 2>"$work/next" ||
		echo "the next apply: $(cat "$work/next"); "
	half_done
}

every_daemon() {
	local point how error broken='' count=0 total n=0 pattern kind every=$every

	# A life takes longer than a command.
	[ "$every" -eq 1 ] || every=$((every * 4))

	"$ECHOGATE" attach h0 --netns "$host" --config "$work/b" >/dev/null 2>&1
	warm_up "$client" 198.18.0.2
	live ""
	is "run: undisturbed" "$wrong$status" 0
	cp "$work/trace" "$work/calls"
	for kind in fails killed; do
		pattern=$skipped
		[ $kind = fails ] || pattern=$changes
		broken=''
		count=0
		points "$work/calls" "$pattern" "$([ $kind = killed ] || echo not)" >"$work/points"
		total=$(wc -l <"$work/points")
		for point in $(some <"$work/points"); do
			n=$((n + 1))
			error=$(error_of "${point%:*}" $((n + offset)))
			how=error=$error
			[ $kind = fails ] || how=signal=KILL
			live "-e inject=${point%:*}:$how:when=${point#*:}"
			if [ $kind = killed ]; then
				# Whoever is dead follows nothing.
				wrong=
			elif [ "$status" -gt 4 ]; then
				wrong+="exit status $status; "
			fi
			# It may refuse to start; then it says why.
			[ $kind = killed ] || [ -s "$work/err" ] || wrong+="says nothing; "
			wrong+=$(after_daemon)
			count=$((count + 1))
			[ -n "$wrong" ] || continue
			broken+="$point $how: $wrong$(tail -n 2 "$work/err" | tr '\n' ' ')"$'\n'
			start_over run
		done
		is "run: $kind" "$broken" ""
		note "run: $count of $total calls $kind"
		if [ $kind = fails ]; then faults=$((faults + count)); else kills=$((kills + count)); fi
	done
}

# --- all of it ---

faults=0 kills=0
mounts=$(grep -c ' /sys/fs/bpf bpf ' /proc/self/mounts)
if have strace && strace -o /dev/null true 2>/dev/null; then
	note "every $every, EG_OFFSET=$offset"
	need "$ECHOGATE" attach h0 --netns "$host" --config "$work/b"
	used=$(programs "$host" h0)
	warm_up "$client" 198.18.0.2
	for command in $chosen; do
		if [ "$command" = run ]; then
			every_daemon
		else
			every_fault "$command"
			every_kill "$command"
		fi
	done
	"$ECHOGATE" detach --all --netns "$host" >/dev/null 2>&1
	# shellcheck disable=SC2086  # a list
	clean "nothing is left of all these" "$host" $used
	note "$faults calls made to fail, $kills kills"
else
	skip "calls that fail, and kills" "strace is not installed, or not allowed"
fi

finish
