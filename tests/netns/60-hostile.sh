#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Wrong arguments and hostile circumstances: one clear line on standard error, the
# exit status of the manual, and nothing half-attached.
#
# Runs alone: which call fails goes by its number, and how many there are by what else is loaded.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite hostile
make_pair
add_ns twin
twin=$pre-twin
need in_ns "$client" ping -n -q -c 1 -W 5 198.18.0.2

# A user who is nobody must be able to run it.
chmod 755 "$work"
cp "$ECHOGATE" "$work/echogate"
chmod 755 "$work/echogate"
ECHOGATE=$work/echogate

echogate() {
	"$ECHOGATE" "$@"
}

state() {
	echogate status "$1" --netns "$host" --json 2>/dev/null | field interfaces.0.state
}

answered() {
	local before

	before=$(counter "$host" h0 verdicts.answer.packets)
	in_ns "$client" ping -n -q -c 3 -i 0.002 -W 5 198.18.0.2 >/dev/null || echo "no reply"
	echo $(($(counter "$host" h0 verdicts.answer.packets) - before))
}

# The same as refuses, for what must leave the host's namespace untouched
refuses_cleanly() {
	local left

	refuses "$@"
	left=$(leftovers "$host")
	[ -z "$left" ] || not_ok "$1: nothing is left" "$left"
}

# without_notes NAME [PROGRAM...]: a test that nothing is left but what only the notes knew, which
# is taken back here
without_notes() {
	local name=$1 left
	shift

	left=$(leftovers "$host" "$@" | grep -vE '^lo\.forwarding|^qdisc clsact .* dev h0 ')
	is "$name: nothing is left but what the notes knew" "$left" ""
	take_back "$host" h0
}

new_pair() {
	need ip -n "$host" link add "$1" type veth peer name "$1-peer"
	need ip -n "$host" link set "$1" up
}

# --- the command line ---

refuses "no command" 2 "no command" echogate
refuses "unknown command" 2 'unknown command "frobnicate"' echogate frobnicate
refuses "empty command" 2 'unknown command ""' echogate ""
refuses "ambiguous prefix" 2 '"st" is ambiguous: status, stats' echogate st
refuses "unknown long option" 2 "unknown.* --nope" echogate attach h0 --nope
refuses "unknown short option" 2 "unknown option -x" echogate stats -x
refuses "ambiguous option" 2 "ambiguous.* --r" echogate stats --r --netns "$host"
refuses "option without its value" 2 "option --mode needs a value" echogate attach h0 --mode
refuses "option with a value it doesn't take" 2 "option --json=3 takes no value" echogate stats --json=3
for command in attach detach; do
	refuses "$command: no interface" 2 "no interface" echogate $command
	refuses "$command: empty interface" 2 "empty" echogate $command "" --netns "$host"
	refuses "$command: interface name of 16 characters" 2 "15" echogate $command \
		abcdefghijklmnop --netns "$host"
	refuses "$command: interface name with a slash" 2 "eth/0" echogate $command eth/0 --netns "$host"
	refuses "$command: empty namespace" 2 "empty" echogate $command h0 --netns ""
	refuses "$command: no such namespace" 1 'no network namespace "eg-nowhere"' \
		echogate $command h0 --netns eg-nowhere
	refuses "$command: no such path" 1 "/nowhere" echogate $command h0 --netns /nowhere
	refuses "$command: a path that is no namespace" 1 "no network namespace" \
		echogate $command h0 --netns /etc/passwd
	refuses "$command: no such process" 1 "4194399" echogate $command h0 --netns 4194399
	refuses "$command: pid out of range" 2 "out of range" echogate $command h0 \
		--netns 99999999999999999999
	refuses "$command: no such interface" 1 "nope: no such interface" \
		echogate $command nope --netns "$host"
done
refuses "mode that is none" 2 '"fast".*auto, native, generic or tc' echogate attach h0 --mode fast
refuses "empty mode" 2 '""' echogate attach h0 --mode ""
refuses "mode half written" 2 '"nat"' echogate attach h0 -m nat
refuses "detach: --all and a name" 2 "exclude" echogate detach --all h0
refuses "detach: not attached" 4 "h0: not attached" echogate detach h0 --netns "$host"
refuses "detach --all: nothing attached" 4 "nothing is attached" echogate detach --all --netns "$host"
for command in status stats maps; do
	refuses "$command: nothing attached" 4 "nothing is attached" echogate $command --netns "$host"
	refuses "$command: not attached" 4 "h0: not attached" echogate $command h0 --netns "$host"
	refuses "$command: no such interface" 1 "no such interface" echogate $command nope --netns "$host"
	refuses "$command: empty interface" 2 "empty" echogate $command "" --netns "$host"
done
for seconds in 80abc '' 0 -1 86401 99999999999999999999 ' 1' 1.5 0x10; do
	refuses "stats --watch=$seconds" 2 "--watch: .*expected 1 to 86400" \
		echogate stats --netns "$host" "--watch=$seconds"
done
refuses "stats: two forms at once" 2 "exclude" echogate stats --json --openmetrics
refuses "stats: --reset with --watch" 2 "neither" echogate stats --reset --watch
refuses "maps: no such map" 2 'no map "eg_nope"' echogate maps dump eg_nope
refuses "maps: dump of nothing" 2 "name of one map" echogate maps dump
refuses "help: unknown command" 2 'unknown command "nope"' echogate help nope
refuses "version: too much" 2 "version" echogate version now
is "nothing attached as JSON is an empty list, but exit status 4" \
	"$(echogate stats --netns "$host" --json 2>/dev/null | field interfaces; echo "${PIPESTATUS[0]}")" \
	$'0\n4'

# --- configuration files ---

refuses_cleanly "configuration file that isn't there" 2 "nothing.conf: No such file" \
	echogate attach h0 --netns "$host" --config "$work/nothing.conf"
refuses_cleanly "configuration file that is a directory" 2 "directory" \
	echogate attach h0 --netns "$host" --config "$work"
refuses "empty name of a configuration file" 2 "config" \
	echogate attach h0 --netns "$host" --config ""

# bad_config NAME LINE COLUMN REGEX: of what is in $work/bad.conf
bad_config() {
	local name=$1 line=$2 column=$3 regex=$4 status err text caret

	echogate attach h0 --netns "$host" --config "$work/bad.conf" >"$work/out" 2>"$work/err"
	status=$?
	err=$(head -n 1 "$work/err")
	text=$(sed -n "${line}p" "$work/bad.conf")
	caret=$(printf '%*s' $((column + 3)) '')^
	is "$name: exit status" "$status" 2
	like "$name: file, line and column" "$err" "bad.conf:$line:$column: $regex"
	is "$name: the line, and a caret under it" "$(tail -n +2 "$work/err")" "    $text"$'\n'"$caret"
	clean "$name: nothing is left" "$host"
}

printf '# one\n\nreply-path fob\n' >"$work/bad.conf"
bad_config "unknown value" 3 12 '.*"fob".*fib or swap'
printf 'reply-path fib\n  reply-bath swap\n' >"$work/bad.conf"
bad_config "unknown setting" 2 3 '.*"reply-bath".*reply-path'
printf 'reply-path\n' >"$work/bad.conf"
bad_config "no value" 1 11 '.*fib or swap'
printf 'reply-path fib twice\n' >"$work/bad.conf"
bad_config "too much" 1 16 '.*"twice"'
printf 'reply-path fib\nreply-path swap\n' >"$work/bad.conf"
bad_config "set twice" 2 1 '.*twice'

# --- privileges ---

if have setpriv; then
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
	for command in "attach h0" "detach h0" "detach --all" status stats "maps dump eg_meta"; do
		# shellcheck disable=SC2086  # words
		refuses_cleanly "$command without privileges" 3 "not permitted: .*run it as root" \
			"${nobody[@]}" "$ECHOGATE" $command --netns "$host"
	done
	refuses_cleanly "attach without CAP_NET_ADMIN" 3 "CAP_NET_ADMIN" \
		setpriv --bounding-set=-net_admin "$ECHOGATE" attach h0 --netns "$host"
	refuses_cleanly "attach without CAP_BPF and CAP_SYS_ADMIN" 3 "CAP_BPF" \
		setpriv --bounding-set=-bpf,-sys_admin "$ECHOGATE" attach h0 --netns "$host"
	refuses_cleanly "--netns without CAP_SYS_ADMIN" 3 "CAP_SYS_ADMIN" \
		setpriv --bounding-set=-sys_admin "$ECHOGATE" attach h0 --netns "$host"
	check "version needs none" "${nobody[@]}" "$ECHOGATE" version
	check "help needs none" "${nobody[@]}" "$ECHOGATE" help attach
else
	skip "without privileges" "setpriv is not installed"
fi

# --- BPF that fails ---

# with_fault SYSCALLS ERROR [WHEN] COMMAND...
with_fault() {
	local calls=$1 error=$2 when=$3
	shift 3
	strace -o /dev/null -e "inject=$calls:error=$error${when:+:when=$when}" "$@"
}

# start_over BASE: after something went wrong
start_over() {
	echogate detach h0 --netns "$host" >/dev/null 2>&1
	rm -rf "$(pin_dir "$host")"
	take_back "$host" h0
	[ "$1" = nothing ] || echogate attach h0 --netns "$host" >/dev/null 2>&1
}

# every_fault BASE CALLS ERROR STEP: each STEPth call fails once. Some are tries that
# libbpf and echogate do without; otherwise one line, an exit status, and no change.
every_fault() {
	local base=$1 calls=$2 error=$3 step=$4 n status failed=0 broken='' total left

	# How many there are: the last N at which something is injected.
	total=$(strace -o "$work/calls" -e "trace=$calls" "$ECHOGATE" attach h0 --netns "$host" \
		>/dev/null 2>&1; grep -c '(' "$work/calls")
	[ "$base" != nothing ] || echogate detach h0 --netns "$host" >/dev/null
	for ((n = 1; n <= total; n += step)); do
		with_fault "$calls" "$error" "$n" "$ECHOGATE" attach h0 --netns "$host" \
			>"$work/out" 2>"$work/err"
		status=$?
		if [ "$base" = nothing ]; then
			if [ "$status" -eq 0 ]; then
				echogate detach h0 --netns "$host" >/dev/null || broken+="detach after $n "
			fi
			left=$(leftovers "$host")
		else
			left=
			[ "$(state h0)" = attached ] || left+="state $(state h0) "
			[ "$(answered)" = 3 ] || left+="no longer answers "
		fi
		# Each is to be judged alone.
		if [ -n "$left" ]; then
			broken+="call $n: $left"$'\n'
			start_over "$base"
		fi
		[ "$status" -ne 0 ] || continue
		failed=$((failed + 1))
		[ "$(wc -l <"$work/err")" -eq 1 ] || broken+="call $n: $(cat "$work/err") "
		[ "$status" -eq 1 ] || [ "$status" -eq 3 ] || broken+="call $n: status $status "
		[ ! -s "$work/out" ] || broken+="call $n: says $(cat "$work/out") "
	done
	is "attach over $base, $calls fails once: nothing is changed" "$broken" ""
	note "$calls: $total calls, $failed attaches refused"
}

if have strace && strace -o /dev/null true 2>/dev/null; then
	refuses_cleanly "a kernel without BPF" 1 "." \
		with_fault bpf ENOSYS "" "$ECHOGATE" attach h0 --netns "$host"
	refuses_cleanly "BPF that is forbidden" 3 "." \
		with_fault bpf EPERM "" "$ECHOGATE" attach h0 --netns "$host"
	refuses_cleanly "rtnetlink that is forbidden" 3 "." \
		with_fault sendto EPERM "" "$ECHOGATE" attach h0 --netns "$host"
	check "attach" echogate attach h0 --netns "$host"
	is "answers" "$(answered)" 3
	# Over an attach there is more to break.
	for base in nothing "an attach"; do
		step=$(scaled 5 25)
		[ "$base" = nothing ] || step=$(scaled 3 15)
		[ "$base" = nothing ] || need "$ECHOGATE" attach h0 --netns "$host"
		every_fault "$base" bpf ENOMEM "$step"
		every_fault "$base" sendto ENOBUFS "$(scaled 1 4)"
		every_fault "$base" '?mkdir,mkdirat,?rename,renameat2' EIO "$(scaled 1 3)"
	done
	echogate detach h0 --netns "$host" >/dev/null 2>&1
	clean "nothing is left of all these" "$host"
	start_over nothing
	# veth takes what is too long in fragments, as nearly every driver with XDP does
	# today: an MTU that is too large can't be had here, but its error can.
	n=$(strace -o "$work/calls" -e trace=bpf "$ECHOGATE" attach h0 --netns "$host" >/dev/null 2>&1
		grep 'bpf(' "$work/calls" | grep -n -m 1 BPF_LINK_CREATE | cut -d: -f1)
	check "detach" echogate detach h0 --netns "$host"
	refuses_cleanly "MTU too large for native mode" 1 "MTU 1500 is too large.*mtu" \
		with_fault bpf ERANGE "$n" "$ECHOGATE" attach h0 --netns "$host" --mode native
else
	skip "BPF that fails" "strace is not installed, or not allowed"
fi

# --- the BPF file system ---

need "$ECHOGATE" attach h0 --netns "$host"	# so that it is mounted
need "$ECHOGATE" detach h0 --netns "$host"
# shellcheck disable=SC2016  # the inner shell expands
refuses_cleanly "read-only bpffs" 1 "read-only" unshare -m --propagation private sh -c \
	'mount -o remount,bind,ro /sys/fs/bpf && exec "$0" "$@"' \
	"$ECHOGATE" attach h0 --netns "$host"
# With an own /proc, whose process 1 has no other mounts: it has to be mounted.
# shellcheck disable=SC2016
is "bpffs that isn't mounted is mounted" "$(unshare -m -p -f --mount-proc --propagation private sh -c \
	'umount /sys/fs/bpf; "$0" attach h0 --netns "$1" && "$0" status --netns "$1" | grep -c hooks
	 stat -f -c %T /sys/fs/bpf; "$0" detach h0 --netns "$1"' "$ECHOGATE" "$host" 2>&1)" \
	$'h0: attached, native, 3 addresses\n1\nbpf_fs\nh0: detached'
clean "nothing is left" "$host"

# --- drivers and other people's programs ---

need ip -n "$host" link add br0 type bridge
need ip -n "$host" link set br0 up
refuses_cleanly "native mode without support by the driver" 1 \
	"br0: native: .*--mode generic or --mode tc" echogate attach br0 --netns "$host" --mode native
check "generic mode on it" echogate attach br0 --netns "$host" --mode generic
check "detach it" echogate detach br0 --netns "$host"
need ip -n "$host" link del br0

for how in native generic; do
	id=$("$EG_TESTS/xdp-pass" "$host" h0 $how)
	for mode in auto native generic; do
		refuses_cleanly "foreign $how program, mode $mode" 1 "id $id\).*--replace" \
			echogate attach h0 --netns "$host" --mode $mode
	done
	like "foreign $how program stays" "$(ip -n "$host" -d link show h0)" "id $id "
	check "foreign $how program: tc mode beside it" \
		echogate attach h0 --netns "$host" --mode tc
	is "foreign $how program: tc mode answers" "$(answered)" 3
	check "foreign $how program: detach" echogate detach h0 --netns "$host"
	like "foreign $how program stays after it" "$(ip -n "$host" -d link show h0)" "id $id "
	check "foreign $how program: --replace" echogate attach h0 --netns "$host" --replace
	is "foreign $how program: answers" "$(answered)" 3
	check "foreign $how program: detach after --replace" echogate detach h0 --netns "$host"
	clean "foreign $how program: nothing is left" "$host"
done
# coproc: its standard input is what keeps the link
coproc HOLD { "$EG_TESTS/xdp-pass" "$host" h0 hold; }
# Once it has ended, bash forgets the variable.
holder=$HOLD_PID
read -r id <&"${HOLD[0]}"
refuses_cleanly "foreign program held by a link" 1 "id $id\).*--replace" \
	echogate attach h0 --netns "$host"
check "foreign link: --replace" echogate attach h0 --netns "$host" --replace
is "foreign link: answers" "$(answered)" 3
eval "exec ${HOLD[1]}>&-"
wait "$holder" 2>/dev/null
is "foreign link: its end changes nothing" "$(answered)" 3
check "foreign link: detach" echogate detach h0 --netns "$host"
clean "foreign link: nothing is left" "$host"

# --- attached twice, in part, damaged ---

check "attach" echogate attach h0 --netns "$host"
like "attach twice is an attach again" "$(echogate attach h0 --netns "$host" 2>&1)" \
	"^h0: attached again, native, 3 addresses$"
new_pair v0
out=$(echogate attach v0 nope h0 --netns "$host" 2>"$work/err")
is "one of three doesn't exist: exit status" $? 1
like "the others are attached" "$out" "^v0: attached, .*h0: attached again"
is "and one line says so" "$(cat "$work/err")" \
	"echogate: nope: no such interface in network namespace $host; 'ip link' lists them"
out=$(echogate detach v0 nope --netns "$host" 2>"$work/err")
is "detach of two, one of which doesn't exist: exit status" $? 1
is "the other is detached" "$out" "v0: detached"
check "the same interface twice in one command" echogate attach v0 v0 --netns "$host"
need "$ECHOGATE" detach v0 --netns "$host"
need ip -n "$host" link del v0

dir=$(pin_dir "$host")/$(ifindex "$host" h0)
bpftool link detach pinned "$dir/link_xdp" 2>/dev/null
is "somebody detached the link: status" "$(state h0)" incomplete
check "attach mends it" echogate attach h0 --netns "$host"
is "it answers" "$(state h0) $(answered)" "attached 3"
rm "$dir/eg_paths"
is "somebody removed a pin: status" "$(state h0)" incomplete
check "stats still work" echogate stats h0 --netns "$host"
check "attach mends it" echogate attach h0 --netns "$host"
is "it answers" "$(state h0) $(answered)" "attached 3"
rm "$dir/eg_meta"
is "the notes are gone: status" "$(state h0)" incomplete
refuses "the notes are gone: stats" 1 "attach again" echogate stats h0 --netns "$host"
check "attach mends it" echogate attach h0 --netns "$host"
is "it answers" "$(state h0) $(answered)" "attached 3"
check "detach" echogate detach h0 --netns "$host"
without_notes "the notes are gone"
check "attach" echogate attach h0 --netns "$host"
rm -r "$dir"
check "all pins removed by hand: attach" echogate attach h0 --netns "$host"
is "it answers" "$(state h0) $(answered)" "attached 3"
check "detach" echogate detach h0 --netns "$host"
without_notes "all pins removed by hand"

# another_abi NUMBER: what an echogate with another idea of the maps leaves. Its notes
# have another size in general, so only the number at their start can be relied on.
# shellcheck disable=SC2046  # words are wanted
another_abi() {
	local size

	size=$(bpftool map show pinned "$dir/eg_meta" | sed -n 's/.* value \([0-9]*\)B .*/\1/p')
	need bpftool map update pinned "$dir/eg_meta" key 0 0 0 0 \
		value "$1" $(printf '0 %.0s' $(seq $((size - 1))))
}

for abi in 0 77; do
	need "$ECHOGATE" attach h0 --netns "$host"
	used=$(programs "$host" h0)
	another_abi $abi
	if [ $abi = 0 ]; then
		is "ABI 0: status" "$(state h0)" incomplete
	else
		refuses "ABI $abi: status" 1 "ABI 77.*attach again" echogate status h0 --netns "$host"
		refuses "ABI $abi: stats" 1 "ABI 77.*attach again" echogate stats h0 --netns "$host"
	fi
	check "ABI $abi: attach replaces it" echogate attach h0 --netns "$host"
	is "ABI $abi: it answers" "$(state h0) $(answered)" "attached 3"
	another_abi $abi
	check "ABI $abi: detach" echogate detach h0 --netns "$host"
	# shellcheck disable=SC2086  # a list
	without_notes "ABI $abi" $used
done

# --- interfaces that change under it ---

new_pair v1
need "$ECHOGATE" attach v1 --netns "$host"
need ip -n "$host" link set v1 down
need ip -n "$host" link set v1 name w1
is "renamed: status by the new name" \
	"$(echogate status w1 --netns "$host" --json | field interfaces.0.interface) $(state w1)" \
	"w1 attached"
refuses "renamed: the old name is nobody's" 1 "v1: no such interface" \
	echogate detach v1 --netns "$host"
check "renamed: attach again" echogate attach w1 --netns "$host"
check "renamed: detach" echogate detach w1 --netns "$host"
clean "renamed: nothing is left" "$host"

for then in detach "detach --all" attach; do
	new_pair v2
	need "$ECHOGATE" attach v2 --netns "$host"
	used=$(programs "$host" v2)
	gone=$(pin_dir "$host")/$(ifindex "$host" v2)
	need ip -n "$host" link del v2
	if [ ! -d "$gone" ]; then
		skip "deleted while attached, then $then" "another echogate here was faster to clear it"
		continue
	fi
	is "deleted while attached: status" "$(state v2)" gone
	refuses "deleted while attached: stats" 4 "gone" echogate stats v2 --netns "$host"
	case $then in
	detach)
		check "deleted while attached: detach" echogate detach v2 --netns "$host"
		;;
	"detach --all")
		check "deleted while attached: detach --all" echogate detach --all --netns "$host"
		;;
	attach)
		check "deleted while attached: attach of another" \
			echogate attach h0 --netns "$host"
		is "deleted while attached: its pins are gone" "$(ls "$(pin_dir "$host")")" \
			"$(ifindex "$host" h0)"
		check "deleted while attached: detach of the other" \
			echogate detach h0 --netns "$host"
		;;
	esac
	# shellcheck disable=SC2086  # a list
	clean "deleted while attached, then $then: nothing is left" "$host" $used
done

new_pair v3
need "$ECHOGATE" attach v3 --netns "$host"
used=$(programs "$host" v3)
need ip -n "$host" link set v3 netns "$twin"
is "moved to another namespace: status" "$(state v3)" moved
check "moved to another namespace: detach where it was" echogate detach v3 --netns "$host"
# shellcheck disable=SC2086  # a list
clean "moved to another namespace: nothing is left" "$host" $used
check "moved to another namespace: attach there" echogate attach v3 --netns "$twin"
check "moved to another namespace: detach there" echogate detach v3 --netns "$twin"
clean "moved to another namespace: nothing is left there" "$twin"
need ip -n "$twin" link del v3

add_ns doomed
doomed=$pre-doomed
need ip -n "$doomed" link add d0 type veth peer name d1
need "$ECHOGATE" attach d0 --netns "$doomed"
used=$(programs "$doomed" d0)
gone=$(pin_dir "$doomed")
need ip netns del "$doomed"
is_gone() {
	echogate status 2>/dev/null | grep "^d0 in $doomed .*: gone"
}
wait_for 10 is_gone
check "namespace deleted while attached: the next attach" echogate attach h0 --netns "$host"
is "namespace deleted while attached: its pins are gone" "$(ls -d "$gone" 2>/dev/null)" ""
for id in $used; do
	wait_for 10 program_gone "$id" || not_ok "program $id of the deleted namespace is there still"
done
check "namespace deleted while attached: detach" echogate detach h0 --netns "$host"
clean "nothing is left" "$host"

# --- output that can't be written ---

need "$ECHOGATE" attach h0 --netns "$host"
for command in stats "stats --json" status "maps" "maps dump eg_counters"; do
	# shellcheck disable=SC2086  # words
	"$ECHOGATE" $command --netns "$host" >/dev/full 2>"$work/err"
	is "$command on a full disk" "$? $(wc -l <"$work/err")" "1 1"
done
for command in attach detach; do
	"$ECHOGATE" $command h0 --netns "$host" >/dev/full 2>"$work/err"
	is "$command on a full disk" "$? $(wc -l <"$work/err")" "1 1"
done
clean "nothing is left in the end" "$host"

finish
