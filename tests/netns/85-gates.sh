#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What holds answers back. `above`: the kernel answers until a rate is exceeded, then echogate,
# until it has been quiet for a while. `while`: answers to an address depend on a file, on
# something that listens, on a unit; when nobody looks any more they end, and no others do.

# shellcheck disable=SC2317,SC2119  # functions as arguments, with none of their own
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
. "$(dirname "$0")/daemon.sh"

suite gates
add_ns client host
client=$pre-client host=$pre-host
# Each CPU sends into a queue of its own, so that the programs run on both at once.
cpus=$(($(nproc) < 2 ? 1 : 2))
add_pair "$client" c0 02:00:00:00:00:01 "$host" h0 02:00:00:00:00:02 "$cpus"
# shellcheck disable=SC2016  # the inner shell expands
[ "$cpus" -eq 1 ] || need in_ns "$client" sh -c 'for n in 0 1; do
	echo $((n + 1)) >/sys/class/net/c0/queues/tx-$n/xps_cpus || exit 1; done'
add_addr "$client" c0 198.18.0.1/24 fd00:18::1/64
add_addr "$host" h0 198.18.0.2/24 fd00:18::2/64
need ip -n "$client" route add 198.18.5.0/24 via 198.18.0.2
# The kernel would answer for these.
add_addr "$host" lo 198.18.5.1/32 198.18.5.2/32 198.18.5.3/32 198.18.5.4/32
warm_up "$client" 198.18.0.2

with_daemon
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$work/bus"

flood() {
	in_ns "$client" "$EG_TESTS/flood" "$@" 2>&1
}

echoes() {
	answers "$host" h0 4
}

# by KERNEL-BEFORE ECHOGATE-BEFORE: who has answered since
by() {
	echo "kernel $(($(kernel_echos "$host" 4) - $1)) echogate $(($(echoes) - $2))"
}

# answered COMMAND...: by whom, a flood's requests
answered() {
	local kernel ours

	kernel=$(kernel_echos "$host" 4) ours=$(echoes)
	"$@" >"$work/flood"
	by "$kernel" "$ours"
}

member_of() {
	member "$1" "$(cat "$work/flood")"
}

# --- above ---

# above MODE
above() {
	local mode=$1 out kernel ours pids=() cpu

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	apply_rules <<-'END'
		default pass
		answer icmp type echo-request to local above 200/s burst 20
	END
	is "$mode: the kernel answers a few pings" "$(answered flood -c 20 c0 icmp)" \
		"kernel 20 echogate 0"
	is "$mode: below its rate is a reason" \
		"$(counter "$host" h0 reasons.below-rate.packets)" 20
	sleep 0.3
	# Slower than the rate for as long as one likes; a machine that stands still catches up in bursts.
	is "$mode: and as many as it takes at half the rate" \
		"$(answered flood -r 100 -t 2 c0 icmp)" "kernel $(member_of sent) echogate 0"

	kernel=$(kernel_echos "$host" 4) ours=$(echoes)
	out=$(flood -c 2000 c0 icmp)
	like "$mode: above it echogate does" "$(by "$kernel" "$ours")" 'kernel 2[0-9] echogate 19[78][0-9]$'
	is "$mode: all are answered" "$(member back "$out")" 2000
	is "$mode: and that is rather a state than a limit" \
		"$(answered flood -r 150 -t 2 c0 icmp)" "kernel 0 echogate $(member_of sent)"
	sleep 2
	is "$mode: until it has been quiet" "$(answered flood -c 5 c0 icmp)" "kernel 5 echogate 0"
	flood -c 200 c0 icmp >/dev/null
	like "$mode: or nearly so" "$(answered flood -r 40 -t 6 c0 icmp)" '^kernel [12][0-9]{2} echogate [1-9][0-9]*$'

	if [ "$cpus" -eq 2 ]; then
		# Neither CPU's share would do.
		sleep 2
		kernel=$(kernel_echos "$host" 4) ours=$(echoes)
		for cpu in 0 1; do
			flood -p "$cpu" -r 180 -t 3 c0 icmp >"$work/cpu$cpu" &
			pids+=($!)
		done
		wait "${pids[@]}"
		note "$(by "$kernel" "$ours")"
		check "$mode: it is the rate of all CPUs together" [ $(($(echoes) - ours)) -ge 600 ]
	else
		skip "$mode: the rate of all CPUs together" "one CPU"
	fi
	is "$mode: its rule has counted all" "$(rule_counts)" \
		$(($(counter "$host" h0 reasons.below-rate.packets) + $(echoes)))
	need "$ECHOGATE" detach h0 --netns "$host"
}

above native
above tc

# Trials ask, and count nothing.
ping_hex="020000000002 020000000001 0800 4500001c000000004001eeb9 c6120001 c6120002 0800f7fe00010000"
need "$ECHOGATE" attach h0 --netns "$host"
apply_rules <<<"answer icmp type echo-request to local above 1/h burst 1"
for _ in 1 2 3; do
	like "explain: still below the rate" "$("$ECHOGATE" explain "$ping_hex" h0 --netns "$host")" \
		"reason +below-rate"
done
is "and so it is" "$(answered flood -c 3 c0 icmp)" "kernel 1 echogate 2"
like "explain: above it" "$("$ECHOGATE" explain "$ping_hex" h0 --netns "$host")" \
	"verdict +answer .*by line 1"
apply_rules <<<"answer icmp type echo-request to local above 1/h burst 1
drop udp"
is "an unchanged rule stays above its rate" "$(answered flood -c 3 c0 icmp)" "kernel 0 echogate 3"
# Limits that are exhausted lead on to other rules; gates don't.
apply_rules <<<"answer icmp type echo-request to 198.18.5.1 limit 1/m burst 1 while file /nonexistent
answer icmp type echo-request"
is "a gate comes before a limit" "$(answered flood -c 3 c0 icmp to=198.18.5.1)" \
	"kernel 0 echogate 0"
is "its rule has dropped them" "$(rule_counts | xargs)" "3 0"
apply_rules <<<"protect icmp
answer icmp type echo-request to 198.18.5.1 while file /nonexistent"
is "what is protected isn't spared" "$(answered flood -c 3 c0 icmp to=198.18.5.1)" \
	"kernel 0 echogate 0"
need "$ECHOGATE" detach h0 --netns "$host"

# --- while ---

# replied ADDRESS: whether a ping is answered, at once
replied() {
	in_ns "$client" ping -n -q -c 1 -W 0.3 "$1" >/dev/null
}

silent() {
	! replied "$1"
}

# opens NAME ADDRESS: soon, and by echogate; shuts NAME ADDRESS: and by nobody
opens() {
	local kernel ours

	if ! wait_for 10 replied "$2"; then
		not_ok "$1" "no reply" "$(gates)"
		return
	fi
	kernel=$(kernel_echos "$host" 4) ours=$(echoes)
	replied "$2"
	is "$1" "$(by "$kernel" "$ours")" "kernel 0 echogate 1"
}

shuts() {
	local kernel ours

	if ! wait_for 10 silent "$2"; then
		not_ok "$1" "still answered" "$(gates)"
		return
	fi
	kernel=$(kernel_echos "$host" 4) ours=$(echoes)
	replied "$2"
	is "$1" "$(by "$kernel" "$ours")" "kernel 0 echogate 0"
}

gates() {
	"$ECHOGATE" status h0 --netns "$host" | grep -A 4 gates
}

# gate ADDRESS: what `rules` says of its rule
gate() {
	"$ECHOGATE" rules h0 --netns "$host" --stats | sed -n "s/.* to $1 .*# //p"
}

says() {
	[ "$(gate "$1")" = "$2" ]
}

# a ruleset; more of it on standard input
ruleset() {
	cat <<-END
		interface h0 {
			check every 250ms lease 2s
			answer icmp type echo-request to 198.18.5.1 while file "$work/well"
			answer icmp type echo-request to 198.18.5.2 while tcp 198.18.0.2:7777
			answer icmp type echo-request to 198.18.5.3 while unit web
			$(cat)
		}
		# What answers everybody doesn't answer for these.
		answer icmp type echo-request to 198.18.0.0/16
	END
}

# lossless NAME ADDRESS COMMAND...: no ping is lost while it runs
lossless() {
	local name=$1 addr=$2 out pid
	shift 2

	flood -r 500 -t 6 c0 icmp to="$addr" >"$work/flood" &
	pid=$!
	sleep 0.5
	"$@" >"$work/during" 2>&1 || note "failed: $* $(cat "$work/during")"
	wait "$pid"
	out=$(cat "$work/flood")
	is "$name" "$(member back "$out")" "$(member sent "$out")"
}

# Five times other rules, that with the gate among them
apply_others() {
	local n

	for n in 1 2 3 4 5; do
		ruleset <<<"drop udp port $n" |
			sed "s/198.18.5.1 while/198.18.5.1 limit ${n}00000\/s while/" >"$work/other"
		"$ECHOGATE" apply "$work/other" --netns "$host" || return
	done
}

restart() {
	crash
	start
}

: >"$work/units"
"$EG_TESTS/systemd" "$work/bus" "$work/units" &
bus=$!
holders+=("$bus")
wait_for 5 test -S "$work/bus" || bail "no bus"

ruleset >"$work/conf" </dev/null
start
is "a daemon knows that it runs" "$(grep "doesn't run here" "$work/log")" ""
refuses "and is still in charge" 1 "process $daemon" "$ECHOGATE" run --config "$work/conf" --netns "$host"
shuts "file: shut while it isn't there" 198.18.5.1
like "file: it is said why" "$(gate 198.18.5.1)" '^shut: No such file or directory$'
like "file: status too" "$(gates)" "file $work/well: shut: No such file"
is "file: and JSON" "$("$ECHOGATE" status h0 --netns "$host" --json |
	field interfaces.0.gates.0.open)" false
touch "$work/well"
opens "file: open when it is" 198.18.5.1
is "file: it is said that it is" "$(gate 198.18.5.1)" "open: there"
rm "$work/well"
shuts "file: shut when it is gone" 198.18.5.1
check "others are answered all the while" replied 198.18.0.2

shuts "tcp: shut while nothing listens" 198.18.5.2
is "tcp: it is said why" "$(gate 198.18.5.2)" "shut: Connection refused"
ip netns exec "$host" "$EG_TESTS/accept" 198.18.0.2 7777 &
web=$!
holders+=("$web")
opens "tcp: open when something does" 198.18.5.2
is "tcp: it is said so" "$(gate 198.18.5.2)" "open: connected"

shuts "unit: shut while there is none" 198.18.5.3
is "unit: it is said why" "$(gate 198.18.5.3)" "shut: no such unit"
echo web.service activating >"$work/units"
wait_for 5 says 198.18.5.3 "shut: activating"
is "unit: not yet" "$(gate 198.18.5.3)" "shut: activating"
echo web.service active >"$work/units"
opens "unit: open when it is active" 198.18.5.3
is "unit: it is said so" "$(gate 198.18.5.3)" "open: active"
echo web.service failed >"$work/units"
shuts "unit: shut when it has failed" 198.18.5.3
echo web.service active >"$work/units"
opens "unit: open again" 198.18.5.3
# No answer is no bad news, but it doesn't do for good; nor does anything else wait for it.
echo web.service silent >"$work/units"
check "unit: silence is borne for a while" wait_for 5 says 198.18.5.3 "open: no answer in time"
shuts "unit: shut when its lease has run out" 198.18.5.3
like "unit: it is said why" "$(gate 198.18.5.3)" "^shut: no answer in time"
touch "$work/well"
opens "and others are looked after meanwhile" 198.18.5.1
echo web.service active >"$work/units"
opens "unit: open when it speaks again" 198.18.5.3
kill "$bus"
shuts "unit: shut when systemd is gone" 198.18.5.3
rm -f "$work/bus"
"$EG_TESTS/systemd" "$work/bus" "$work/units" &
holders+=($!)
opens "unit: open when it is back" 198.18.5.3
kill "$web"
shuts "tcp: shut when nothing listens any more" 198.18.5.2

like "each was told once" "$(grep -c "unit web.service: failed: what depends on it isn't" "$work/log")" '^1$'

# What is open stays so.
lossless "no ping is lost while rules change" 198.18.5.1 apply_others
lossless "none while the daemon is another" 198.18.5.1 restart
ruleset >"$work/new" <<<"answer icmp type echo-request to 198.18.5.4 while file \"$work/conf\""
lossless "none when a gate is new and well" 198.18.5.4 \
	"$ECHOGATE" apply "$work/new" --netns "$host"

# explain
like "explain names the gate" "$("$ECHOGATE" explain \
	"020000000002 020000000001 0800 4500001c000000004001e9ba c6120001 c6120501 0800f7fe00010000" \
	h0 --netns "$host")" "gate +file $work/well: open: there"

# The end of the daemon
opens "open before it" 198.18.5.1
crash
check "without a daemon it is still answered" replied 198.18.5.1
shuts "and no longer when the lease has run out" 198.18.5.1
shuts "nor are others that depend" 198.18.5.4
check "what doesn't is" replied 198.18.0.2
sleep 10
like "it is said why" "$(gate 198.18.5.1)" "^shut: there; last checked [0-9]+ s ago, which 'echogate run' does"
like "apply says that nobody checks" "$("$ECHOGATE" apply "$work/conf" --netns "$host" 2>&1)" \
	"'echogate run', which doesn't run here"
opens "apply looks itself, once" 198.18.5.1
shuts "which doesn't last" 198.18.5.1
start
opens "a daemon looks again" 198.18.5.1
stop
need "$ECHOGATE" detach h0 --netns "$host"
clean "nothing is left" "$host"

finish
