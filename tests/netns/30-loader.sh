#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The commands, when nothing is wrong: several interfaces and namespaces, modes,
# staleness, counters in every form, maps, and that detach leaves nothing.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite loader
make_pair
add_pair "$client" c1 02:00:00:00:01:01 "$host" h1 02:00:00:00:01:02
add_addr "$client" c1 198.18.1.1/24
add_addr "$host" h1 198.18.1.2/24
# A second host whose interfaces are called alike.
add_ns twin
twin=$pre-twin
add_pair "$client" c2 02:00:00:00:02:01 "$twin" h0 02:00:00:00:02:02
add_addr "$client" c2 198.18.2.1/24
add_addr "$twin" h0 198.18.2.2/24

echogate() {
	"$ECHOGATE" "$@"
}

ping_back() {
	in_ns "$client" ping -n -q -c "${2:-10}" -i 0.002 -W 5 "$1"
}

# answers_to ADDRESS NETNS IFACE: how many of ten pings echogate answers
answers_to() {
	local before

	before=$(counter "$2" "$3" verdicts.answer.packets)
	ping_back "$1" >/dev/null 2>&1
	echo $(($(counter "$2" "$3" verdicts.answer.packets) - before))
}

stale() {
	echo "$(status_of "$host" h0 addresses.stale) $(status_of "$host" h0 settings.stale)"
}

# --- several interfaces, several namespaces ---

out=$(echogate attach h0 h1 --netns "$host" 2>&1)
is "attach two interfaces: a line each" "$out" \
	$'h0: attached, native, 4 addresses\nh1: attached, native, 4 addresses'
is "attach the interface of the same name in another namespace" \
	"$(echogate attach h0 --netns "/run/netns/$twin" 2>&1)" "h0: attached, native, 2 addresses"
warm_up "$client" 198.18.0.2 198.18.1.2 198.18.2.2
is "the first answers" "$(answers_to 198.18.0.2 "$host" h0)" 10
is "the second answers" "$(answers_to 198.18.1.2 "$host" h1)" 10
is "its twin answers" "$(answers_to 198.18.2.2 "$twin" h0)" 10
is "status without a name shows the namespace's interfaces" \
	"$(echogate status --netns "$host" --json | "$EG_TESTS/json-get" interfaces)" 2
is "stats without a name too" \
	"$(echogate stats --netns "$host" --json | "$EG_TESTS/json-get" interfaces)" 2
out=$(echogate status | grep -oE "^h[01] in (/run/netns/)?($host|$twin) " | sort)
is "from outside, status shows all namespaces" "$out" \
	"h0 in /run/netns/$twin "$'\n'"h0 in $host "$'\n'"h1 in $host "
used=$(programs "$host" h0)
other=$(programs "$host" h1)
like "programs are found by the maps they use" "$used" "[0-9]"
check "detach one of two" echogate detach h0 --netns "$host"
is "the other one answers on" "$(answers_to 198.18.1.2 "$host" h1)" 10
is "forwarding on lo stays for it" "$(get_sysctl "$host" net/ipv4/conf/lo/forwarding)" 1
is "only its pins are left" "$(ls "$(pin_dir "$host")")" "$(ifindex "$host" h1)"
check "the twin's are untouched" test -d "$(pin_dir "$twin")/$(ifindex "$twin" h0)"
check "detach --all" echogate detach --all --netns "$host"
# shellcheck disable=SC2086  # a list
clean "nothing is left of both" "$host" $used $other
is "the kernel answers instead" "$(ping_back 198.18.0.2 | grep -o '[0-9]* received')" "10 received"

# --- ways to name a namespace ---

ip netns exec "$twin" sleep 1000 &
sleeper=$!
same_namespace() {
	[ "$(readlink /proc/"$sleeper"/ns/net)" = "$(in_ns "$twin" readlink /proc/self/ns/net)" ]
}
wait_for 5 same_namespace
is "--netns PID" "$(echogate attach h0 --netns $sleeper 2>&1)" \
	"h0: attached again, native, 2 addresses"
kill $sleeper
wait $sleeper 2>/dev/null
is "status inside ip netns exec, which hides bpffs" \
	"$(in_ns "$twin" "$ECHOGATE" status h0 --json | field interfaces.0.generation)" 2
is "attach inside ip netns exec" "$(in_ns "$twin" "$ECHOGATE" attach h0 2>&1)" \
	"h0: attached again, native, 2 addresses"
is "and it outlives that" "$(answers_to 198.18.2.2 "$twin" h0)" 10
used=$(programs "$twin" h0)
check "detach inside ip netns exec" in_ns "$twin" "$ECHOGATE" detach h0
# shellcheck disable=SC2086  # a list
clean "nothing is left" "$twin" $used

# --- modes ---

for mode in native generic tc native tc generic auto; do
	want=$mode
	[ "$mode" != auto ] || want=native
	out=$(echogate attach h0 --netns "$host" -m "$mode" 2>&1)
	like "mode $mode over the one before" "$out" "^h0: attached( again)?, $want, 4 addresses$"
	warm_up "$client" 198.18.0.2
	is "mode $mode answers" "$(answers_to 198.18.0.2 "$host" h0)" 10
	is "mode $mode in status" "$(status_of "$host" h0 mode) $(status_of "$host" h0 state)" \
		"$want attached"
done
is "two hooks, whatever was before" "$(status_of "$host" h0 hooks)" 2
before=$(counter "$host" h0 egress.icmp.echo-request.packets)
seen=$(counter "$host" h0 icmp.echo-reply.pass.packets)
in_ns "$host" ping -n -q -c 10 -i 0.002 -W 5 198.18.0.1 >/dev/null
is "what the host sends is counted at egress" \
	$(($(counter "$host" h0 egress.icmp.echo-request.packets) - before)) 10
is "and the replies it gets at ingress" \
	$(($(counter "$host" h0 icmp.echo-reply.pass.packets) - seen)) 10
used=$(programs "$host" h0)
check "detach after all that" echogate detach h0 --netns "$host"
# shellcheck disable=SC2086  # a list
clean "nothing is left of seven modes" "$host" $used

need ip -n "$host" link add br0 type bridge
need ip -n "$host" link set br0 up
like "auto on a bridge, which has no native XDP: generic, and why" \
	"$(echogate attach br0 --netns "$host" 2>&1)" \
	"^br0: attached, generic \(native: [a-z].*\), [0-9]+ address"
check "detach it" echogate detach br0 --netns "$host"
need ip -n "$host" link del br0

if [ -c /dev/net/tun ] && ip -n "$host" tuntap add mode tun name t0 2>"$work/tun"; then
	add_addr "$host" t0 198.18.66.1/24 fd00:66::1/64
	need ip -n "$host" link set t0 up
	like "auto on a tun device: tc, and why" "$(echogate attach t0 --netns "$host" 2>&1)" \
		"^t0: attached, tc \(XDP: .*no Ethernet header\), [0-9]+ addresses$"
	for addr in 198.18.66 fd00:66:; do
		family=4 sep=.
		[ "$addr" = 198.18.66 ] || family=6 sep=:
		before=$(kernel_echos "$host" $family)
		seen=$(answers "$host" t0 $family)
		is "tun: IPv$family replies come out of the device" \
			"$(in_ns "$host" "$EG_TESTS/tun-echo" t0 "$addr${sep}2" "$addr${sep}1" 10 2>&1)" \
			"received 10"
		is "tun: IPv$family, all of them by echogate" \
			"kernel $(($(kernel_echos "$host" $family) - before)), echogate $(($(answers "$host" t0 $family) - seen))" \
			"kernel 0, echogate 10"
	done
	used=$(programs "$host" t0)
	check "detach the tun device" echogate detach t0 --netns "$host"
	# shellcheck disable=SC2086  # a list
	clean "nothing is left on it" "$host" $used
	ip -n "$host" link del t0
else
	skip "tun device" "this machine has none: $(head -n 1 "$work/tun" 2>/dev/null)"
fi

# --- configuration ---

printf '# the fastest\nreply-path swap\n' >"$work/swap.conf"
check "attach with reply-path swap" echogate attach h0 --netns "$host" --config "$work/swap.conf"
is "status names the configuration and the reply path" \
	"$(status_of "$host" h0 config) $(status_of "$host" h0 reply_path)" "$work/swap.conf swap"
is "swap needs no forwarding on lo" "$(get_sysctl "$host" net/ipv4/conf/lo/forwarding)" 0
is "swap answers" "$(answers_to 198.18.0.2 "$host" h0)" 10
check "attach again without it" echogate attach h0 --netns "$host"
is "which keeps it" "$(status_of "$host" h0 config) $(status_of "$host" h0 reply_path)" \
	"$work/swap.conf swap"
check "attach again with an empty one" echogate attach h0 --netns "$host" --config /dev/null
is "which is fib again" "$(status_of "$host" h0 config) $(status_of "$host" h0 reply_path)" \
	"/dev/null fib"
warm_up "$client" 198.18.0.2
is "fib answers" "$(answers_to 198.18.0.2 "$host" h0)" 10

# --- what follows the system ---

is "fresh after attach" "$(stale)" "false false"
before=$(counter "$host" h0 verdicts.answer.packets)
add_addr "$host" h0 198.18.0.77/24
is "stale after a new address" "$(stale)" "true false"
is "the kernel answers for it" "$(answers_to 198.18.0.77 "$host" h0)" 0
check "attach again" echogate attach h0 --netns "$host"
is "fresh again" "$(stale)" "false false"
is "the new address is answered" "$(answers_to 198.18.0.77 "$host" h0)" 10
is "counters went on" $(($(counter "$host" h0 verdicts.answer.packets) - before)) 10
need ip -n "$host" address del 198.18.0.77/24 dev h0
is "stale after an address is gone" "$(stale)" "true false"
set_sysctl "$host" net/ipv4/ip_default_ttl=99
is "a sysctl makes the settings stale" "$(stale)" "true true"
check "attach takes both up" echogate attach h0 --netns "$host"
is "fresh once more" "$(stale)" "false false"
like "the new ttl" "$(in_ns "$client" ping -n -c 1 -W 5 198.18.0.2)" "ttl=99"
like "and it is echogate's" "$(answers_to 198.18.0.2 "$host" h0)" "^10$"
set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=1
check "attach with icmp_echo_ignore_all" echogate attach h0 --netns "$host"
is "then nobody answers" "$(in_ns "$client" ping -n -q -c 3 -i 0.01 -W 1 198.18.0.2 |
	grep -o '[0-9]* received')" "0 received"
like "and the reason is counted" "$(counter "$host" h0 reasons.echo-ignored.packets)" "^3$"
set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=0 net/ipv4/ip_default_ttl=64
check "attach without" echogate attach h0 --netns "$host"

# --- counters ---

warm_up "$client" 198.18.0.2 fd00:18::2
check "stats --reset" echogate stats h0 --netns "$host" --reset
is "starts at zero" "$(counter "$host" h0 verdicts.answer.packets)" 0
ping_back 198.18.0.2 100 >/dev/null
ping_back fd00:18::2 50 >/dev/null
echogate stats h0 --netns "$host" --json --per-cpu >"$work/stats"
stat_field() {
	field "interfaces.0.$1" <"$work/stats"
}
is "JSON: version" "$("$EG_TESTS/json-get" version <"$work/stats")" 1
is "JSON: place" "$(stat_field interface) $(stat_field ifindex) $(stat_field netns) $(stat_field mode)" \
	"h0 $(ifindex "$host" h0) $host native"
is "JSON: verdicts" "$("$EG_TESTS/json-get" interfaces.0.verdicts <"$work/stats" | xargs)" \
	"pass drop answer reject"
is "JSON: packets and bytes" "$(stat_field verdicts.answer.packets) $(stat_field verdicts.answer.bytes)" \
	"150 $((100 * 98 + 50 * 118))"
is "JSON: by family" "$(stat_field icmp.echo-request.answer.packets) $(stat_field icmp6.echo-request.answer.packets)" \
	"100 50"
is "JSON: protocols" "$(stat_field protocols.icmp.bytes)" 9800
sum=0
for ((cpu = 0; cpu < $(stat_field per_cpu); cpu++)); do
	sum=$((sum + $(stat_field "per_cpu.$cpu.verdicts.answer.packets")))
done
is "JSON: the sum of the CPUs" "$sum" 150
is "netns is null in one's own" \
	"$(in_ns "$host" "$ECHOGATE" stats h0 --json | field interfaces.0.netns)" null
like "text" "$(echogate stats h0 --netns "$host" --per-cpu)" \
	"answer +150 .*echo-request +answer +100 .*cpu [0-9]"
echogate stats h0 --netns "$host" --openmetrics >"$work/metrics"
is "OpenMetrics: ends as it must" "$(tail -n 1 "$work/metrics")" "# EOF"
is "OpenMetrics: every line has a known form" \
	"$(grep -vE '^# (TYPE|UNIT|HELP) [a-z_]+ .|^# EOF$|^[a-z_]+\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\} [0-9]+$|^echogate_omitted_rules [0-9]+$' "$work/metrics")" ""
like "OpenMetrics: the answers" "$(cat "$work/metrics")" \
	'echogate_packets_total\{interface="h0",[^}]*type="echo-request",verdict="answer"\} 100'
echogate stats h0 --netns "$host" --rate --json >"$work/stats" &
rate=$!
in_ns "$client" "$EG_TESTS/pinger" -i 1000 198.18.0.2 sleep 3 >"$work/pings"
wait "$rate"
is "--rate says what it is" "$(field per_second <"$work/stats")" true
like "--rate" "$(stat_field verdicts.answer.packets)" "^[1-9][0-9]*$"
timeout -s INT 3 "$ECHOGATE" stats h0 --netns "$host" --watch=1 --json >"$work/watch"
like "--watch --json: some lines" "$(wc -l <"$work/watch")" "^[2-4]$"
bad=0
while IFS= read -r line; do
	"$EG_TESTS/json-get" version <<<"$line" >/dev/null || bad=1
done <"$work/watch"
is "--watch --json: each an object of its own" "$bad" 0
timeout -s INT 2.5 "$ECHOGATE" stats h0 --netns "$host" --watch --rate >"$work/watch"
like "--watch --rate" "$(cat "$work/watch")" "packets/s"

# --- maps ---

dir=$(pin_dir "$host")/$(ifindex "$host" h0)
like "maps" "$(echogate maps h0 --netns "$host")" "eg_counters +percpu_array .*$dir/eg_meta"
is "maps --json" "$(echogate maps h0 --netns "$host" --json |
	"$EG_TESTS/json-get" interfaces.0.maps)" "$(find "$dir" -name 'eg_*' | wc -l)"
for map in "$dir"/eg_*; do
	map=${map##*/}
	like "maps dump $map" "$(echogate maps h0 --netns "$host" dump "$map" 2>&1)" "^$dir/$map \("
	check "maps dump $map --json" "$EG_TESTS/json-get" interfaces.0.entries \
		< <(echogate maps h0 --netns "$host" dump "$map" --json)
done
like "maps dump names fields" "$(echogate maps h0 --netns "$host" dump config)" \
	"ifindex = .*mac = 02:00:00:00:00:02"
like "maps dump shows addresses" "$(echogate maps h0 --netns "$host" dump eg_addrs)" \
	"198\.18\.0\.2.*fd00:18::2"
like "bpftool shows the same names" "$(bpftool map dump pinned "$dir/eg_meta")" \
	'"ifname": "h0"'
like "bpftool reads the configuration" "$(bpftool map dump pinned "$dir/eg_config")" \
	'"ttl4": 64'
like "version" "$(echogate version)" "^echogate [0-9]+\.[0-9]+"
is "version --json" "$(echogate version --json | field version)" 1
like "a unique prefix is a command" "$(echogate h)" "^usage: echogate"

used=$(programs "$host" h0)
check "detach in the end" echogate detach h0 --netns "$host"
# shellcheck disable=SC2086  # a list
clean "nothing is left in the end" "$host" $used
is "nothing is left in the other namespace" "$(leftovers "$twin")" ""

# --- kernels before 6.6 have no TCX: clsact instead ---

export ECHOGATE_NO_TCX=1
for mode in native generic tc; do
	check "clsact: attach in mode $mode" echogate attach h0 --netns "$host" --mode $mode
	warm_up "$client" 198.18.0.2
	is "clsact: mode $mode answers" "$(answers_to 198.18.0.2 "$host" h0)" 10
	like "clsact: mode $mode has its filter" "$(in_ns "$host" tc filter show dev h0 egress)" \
		"eg_tc_egress"
	check "clsact: attach again" echogate attach h0 --netns "$host" --mode $mode
	is "clsact: one filter, not two" \
		"$(in_ns "$host" tc filter show dev h0 egress | grep -c eg_tc_egress)" 1
	is "clsact: status" "$(status_of "$host" h0 state)" attached
	used=$(programs "$host" h0)
	check "clsact: detach" echogate detach h0 --netns "$host"
	# shellcheck disable=SC2086  # a list
	clean "clsact: nothing is left of mode $mode, nor the qdisc" "$host" $used
done
check "clsact: attach in tc mode" echogate attach h0 --netns "$host" --mode tc
unset ECHOGATE_NO_TCX
check "from clsact to TCX" echogate attach h0 --netns "$host" --mode tc
if has_tcx; then
	is "the qdisc went with the filters" "$(in_ns "$host" tc qdisc show dev h0 | grep clsact)" ""
else
	skip "the qdisc went with the filters" "TCX came with Linux 6.6"
fi
is "TCX answers" "$(answers_to 198.18.0.2 "$host" h0)" 10
ECHOGATE_NO_TCX=1 check "and back to clsact" echogate attach h0 --netns "$host" --mode tc
is "two hooks" "$(status_of "$host" h0 hooks)" 2
is "clsact answers" "$(answers_to 198.18.0.2 "$host" h0)" 10
check "detach" echogate detach h0 --netns "$host"
clean "nothing is left of clsact" "$host"
# A qdisc that others use is theirs.
need in_ns "$host" tc qdisc add dev h0 clsact
need in_ns "$host" tc filter add dev h0 ingress bpf da bytecode '1,6 0 0 4294967295'
ECHOGATE_NO_TCX=1 check "clsact: attach beside another's filter" \
	echogate attach h0 --netns "$host" --mode tc
check "clsact: detach" echogate detach h0 --netns "$host"
like "the other's qdisc is left alone" "$(in_ns "$host" tc qdisc show dev h0)" clsact
like "and its filter" "$(in_ns "$host" tc filter show dev h0 ingress)" bytecode
# One that drops IPv4 ICMP: EtherType 0x800, protocol 1. Fragments are left to the kernel.
drop_icmp='6,40 0 0 12,21 0 3 2048,48 0 0 23,21 0 1 1,6 0 0 2,6 0 0 4294967295'
need in_ns "$host" tc filter del dev h0 ingress
need in_ns "$host" tc filter add dev h0 ingress bpf da bytecode "$drop_icmp"
for mode in native generic tc; do
	need "$ECHOGATE" attach h0 --netns "$host" --mode $mode
	is "mode $mode: another's filter sees what is left to the kernel" \
		"$(in_ns "$client" ping -n -q -c 3 -i 0.01 -W 1 -s 3000 -M dont 198.18.0.2 |
			grep -o '[0-9]* received')" "0 received"
	need "$ECHOGATE" detach h0 --netns "$host"
done
need in_ns "$host" tc qdisc del dev h0 clsact
clean "nothing is left at the very end" "$host"

finish
