#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Real drivers. Two cards of virtio_net on one wire, each in a namespace of its own: native XDP on
# several queues, a link that comes and goes, VLAN devices, MTU, all three modes. Then a card that
# takes tags out of frames, vmxnet3, which knows XDP since Linux 6.6.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite virtio

# A card's name by its MAC address: card LAST-BYTE
card() {
	grep -l "^02:00:00:00:00:0$1\$" /sys/class/net/*/address 2>/dev/null |
		sed -n '1s|.*/\(.*\)/address|\1|p'
}

near=$(card 1) far=$(card 2)
[[ -n "$near" && -n "$far" ]] || bail "no cards"
add_ns client host
client=$pre-client host=$pre-host
need ip link set "$near" netns "$client" name c0
need ip link set "$far" netns "$host" name h0
need ip -n "$client" link set c0 up
need ip -n "$host" link set h0 up
add_addr "$client" c0 198.18.0.1/24 fd00:18::1/64
add_addr "$host" h0 198.18.0.2/24 fd00:18::2/64
pairs=$(in_ns "$host" ethtool -l h0 | awk '/Combined/ { n = $2 } END { print n }')
note "$(in_ns "$host" ethtool -i h0 | head -n 2 | tr '\n' ' '), $pairs queues"

# monitor COMMAND...: said to QEMU
monitor() {
	echo "$*" >/dev/ttyS2
}

# carrier NETNS IFACE 0|1
carrier() {
	[ "$(in_ns "$1" cat "/sys/class/net/$2/carrier")" = "$3" ]
}

# sent_back: how many frames XDP has sent back, of each queue, a line each
sent_back() {
	in_ns "$host" ethtool -S h0 | sed -nE 's/^ *(rx_queue_|rx)([0-9]+)_xdp_tx: ([0-9]+)$/\2 \3/p'
}

# Requests that the kernel and echogate have answered: "KERNEL ECHOGATE"
counted=h0
tally() {
	echo "$(kernel_echos "$host" "$1") $(answers "$host" "$counted" "$1")"
}

# answered NAME FAMILY COUNT PING-ARGUMENT...: each once, and by echogate
answered() {
	local name=$1 family=$2 count=$3 before after out
	shift 3

	before=$(tally "$family")
	out=$(in_ns "$client" ping -n -q -W 20 -c "$count" "$@" 2>&1)
	after=$(tally "$family")
	if [[ $out != *" 0% packet loss"* || $out == *errors* || $out == *duplicates* ]]; then
		not_ok "$name" "$out"
		return
	fi
	is "$name" "kernel $((${after% *} - ${before% *})), echogate $((${after#* } - ${before#* }))" \
		"kernel 0, echogate $count"
}

both() {
	local name=$1 count=$2 size=$3
	shift 3

	answered "$name, IPv4, $size bytes" 4 "$count" -s "$size" "$@" 198.18.0.2
	answered "$name, IPv6, $size bytes" 6 "$count" -s "$size" "$@" fd00:18::2
}

warm_up "$client" 198.18.0.2 fd00:18::2
like "attach takes native mode by itself" "$("$ECHOGATE" attach h0 --netns "$host" 2>&1)" \
	"^h0: attached, native,"
for size in 0 56 1000 1452; do
	both native 20 "$size" -i 0.01
done
both "native, a flood" "$(scaled 3000 500)" 56 -f

# --- queues ---

echo "reply-path swap" >"$work/swap"
if [ "${EG_QUEUES:-1}" -gt 1 ]; then
	check "there are two queues" [ "$pairs" -ge 2 ]
	need "$ECHOGATE" attach h0 --netns "$host" --config "$work/swap"
	sent_back >"$work/before"
	before=$(answers "$host" h0 4)
	# The wire chooses a queue by the addresses.
	out=$(in_ns "$client" "$EG_TESTS/flood" -r 2000 -c 512 -s 64 c0 icmp from=198.18.0.64)
	# Of those that came: on a busy host a wire may be too slow for some.
	sent_back >"$work/after"
	read -r used sum < <(paste "$work/before" "$work/after" |
		awk '$4 > $2 { n++; sum += $4 - $2 } END { print n + 0, sum + 0 }')
	is "64 sources: echogate counts what XDP sends back" "$(($(answers "$host" h0 4) - before))" "$sum"
	note "of 512 there came $sum, and $(member back "$out") back, from $used queues"
	check "they are nearly all" [ "$(member back "$out")" -ge 400 ]
	check "several queues have sent them" [ "$used" -ge 2 ]
	like "and CPUs" "$("$ECHOGATE" stats h0 --netns "$host" --per-cpu --json |
		grep -c '"cpu":')" '^[2-9]$'
	need "$ECHOGATE" attach h0 --netns "$host" --config /dev/null
else
	skip "several queues" "no tap devices out there"
fi

# --- links ---

# As if the cable were pulled; nobody attaches anything anew.
for n in 1 2 3; do
	monitor set_link card2 off
	check "cable $n: out" wait_for 20 carrier "$host" h0 0
	monitor set_link card2 on
	check "cable $n: in again" wait_for 20 carrier "$host" h0 1
done
warm_up "$client" 198.18.0.2 fd00:18::2
is "it is still attached" "$(status_of "$host" h0 state)" attached
both "native, after three times" 20 56 -i 0.01
# While there are packets on their way.
in_ns "$client" "$EG_TESTS/flood" -r 1000 -t 6 c0 icmp >"$work/flood" &
flood=$!
for n in 1 2 3 4; do
	monitor set_link card2 off
	sleep 0.4
	monitor set_link card2 on
	sleep 0.6
done
wait "$flood"
note "$(cat "$work/flood")"
check "flapping: the link is there" wait_for 20 carrier "$host" h0 1
warm_up "$client" 198.18.0.2 fd00:18::2
both "native, after links flapped under a flood" 20 56 -i 0.01
check "the link goes" ip -n "$host" link set h0 down
check "the link comes back" ip -n "$host" link set h0 up
add_addr "$host" h0 fd00:18::2/64
need "$ECHOGATE" attach h0 --netns "$host"
warm_up "$client" 198.18.0.2 fd00:18::2
both "native, after the link was down" 20 56 -i 0.01

printf 'drop icmp type echo-request\ndrop icmp6 type echo-request\n' >"$work/drop"
check "rules that drop" "$ECHOGATE" apply "$work/drop" --netns "$host"
is "nobody answers then" "$(in_ns "$client" ping -n -q -c 3 -i 0.1 -W 1 198.18.0.2 |
	grep -o '[0-9]* received')" "0 received"
printf 'reject udp port 9\n' >"$work/reject"
check "rules that reject" "$ECHOGATE" apply "$work/reject" --netns "$host"
both "native, with rules" 20 56 -i 0.01
before=$(counter "$host" h0 udp.reject.packets)
in_ns "$client" bash -c 'echo x >/dev/udp/198.18.0.2/9; echo x >/dev/udp/198.18.0.2/9' 2>/dev/null
note "rejected: $before, now $(counter "$host" h0 udp.reject.packets)"

if ip -n "$client" link add link c0 name c0.7 type vlan id 7 2>/dev/null; then
	need ip -n "$host" link add link h0 name h0.7 type vlan id 7
	for pair in "$client c0.7 1" "$host h0.7 2"; do
		read -r name iface last <<<"$pair"
		need ip -n "$name" link set "$iface" up
		add_addr "$name" "$iface" "198.18.7.$last/24" "fd00:7::$last/64"
	done
	need "$ECHOGATE" attach h0 --netns "$host"
	warm_up "$client" 198.18.7.2 fd00:7::2
	answered "native, tagged, IPv4" 4 20 -i 0.01 198.18.7.2
	answered "native, tagged, IPv6" 6 20 -i 0.01 fd00:7::2
else
	skip "native, tagged" "no VLAN devices"
fi
clean_id=$(programs "$host" h0)
check "detach" "$ECHOGATE" detach h0 --netns "$host"
# shellcheck disable=SC2086  # numbers
clean "nothing is left" "$host" $clean_id

for mode in generic tc; do
	check "$mode: attach" "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	warm_up "$client" 198.18.0.2 fd00:18::2
	both "$mode" 20 56 -i 0.01
	both "$mode" 20 1452 -i 0.01
	check "$mode: detach" "$ECHOGATE" detach h0 --netns "$host"
done

# More than a page holds: whoever takes it, the kernel or echogate, answers each once.
for iface in "$client c0" "$host h0"; do
	read -r name iface <<<"$iface"
	ip -n "$name" link set "$iface" mtu 3000
done 2>"$work/mtu"
if [ ! -s "$work/mtu" ]; then
	like "attach at an MTU of 3000" "$("$ECHOGATE" attach h0 --netns "$host" 2>&1)" "^h0: attached, "
	warm_up "$client" 198.18.0.2
	check "MTU 3000: 2900 bytes" in_ns "$client" ping -n -q -c 10 -i 0.05 -W 20 -s 2900 198.18.0.2
	both "MTU 3000" 20 56 -i 0.01
	check "MTU 3000: detach" "$ECHOGATE" detach h0 --netns "$host"
else
	skip "an MTU of 3000" "$(cat "$work/mtu")"
fi

# --- a card that strips tags ---

third=$(card 3)
if [ -z "$third" ]; then
	skip "a card that takes tags out of frames" "no vmxnet3"
	finish
fi
for iface in "$client c0" "$host h0"; do
	read -r name iface <<<"$iface"
	ip -n "$name" link set "$iface" mtu 1500
done
need ip -n "$client" link set c0 down
need ip -n "$client" link set c0 up
add_ns strip
strip=$pre-strip
need ip link set "$third" netns "$strip" name s0
need ip -n "$strip" link set s0 up
add_addr "$strip" s0 198.18.0.3/24
need ip -n "$strip" link add link s0 name s0.7 type vlan id 7
need ip -n "$strip" link set s0.7 up
# The card drops tags that no device stands for; this one is down.
need ip -n "$strip" link add link s0 name s0.8 type vlan id 8
add_addr "$strip" s0.7 198.18.9.3/24
add_addr "$client" c0.7 198.18.9.1/24
need ip -n "$strip" neigh replace 198.18.0.1 lladdr 02:00:00:00:00:01 dev s0
host=$strip counted=s0
modes="generic tc"
if in_ns "$strip" ethtool -i s0 | grep vmxnet3 >/dev/null &&
	"$ECHOGATE" attach s0 --netns "$strip" --mode native >"$work/native" 2>&1; then
	modes="native $modes"
	need "$ECHOGATE" detach s0 --netns "$strip"
else
	skip "vmxnet3: native" "$(cat "$work/native")"
fi

# tagged_by ECHOGATE-OR-KERNEL: who answers pings of a VLAN that is there
tagged_by() {
	local before after

	before=$(kernel_echos "$strip" 4)
	in_ns "$client" ping -n -q -c 5 -i 0.05 -W 20 198.18.9.3 >"$work/tagged" || echo "no reply"
	after=$(kernel_echos "$strip" 4)
	[ $((after - before)) -eq 0 ] && echo echogate
	[ $((after - before)) -eq 5 ] && echo kernel
}

# What comes back to a request of a VLAN in which nobody may answer.
lost_tag() {
	in_ns "$client" "$EG_TESTS/frame" -w 2000 c0 <<<"icmp mac=02:00:00:00:00:03 to=198.18.0.3 vlan=8" 2>&1
}

for mode in $modes; do
	in_ns "$strip" ethtool -K s0 rxvlan on >/dev/null 2>&1
	need "$ECHOGATE" attach s0 --netns "$strip" --mode "$mode"
	warm_up "$client" 198.18.0.3 198.18.9.3
	if [ "$mode" = tc ]; then
		is "vmxnet3, tc: a tag beside the frame is seen" "$(lost_tag)" silent
		is "vmxnet3, tc: tagged pings are answered" "$(tagged_by)" echogate
	else
		# In generic mode it is beside the frame still, and what becomes of it the kernel's affair.
		[ "$mode" = generic ] ||
			like "vmxnet3, $mode: a tag that was taken off is lost" "$(lost_tag)" '^icmp 0/0 [^v]*$'
		like "vmxnet3, $mode: doctor warns of it" \
			"$("$ECHOGATE" doctor s0 --netns "$strip")" "vlan-tags"
		is "vmxnet3, $mode: the kernel answers tagged pings, the way back is another" \
			"$(tagged_by)" kernel
		check "vmxnet3, $mode: the tag stays in the frame" \
			in_ns "$strip" ethtool -K s0 rxvlan off
		warm_up "$client" 198.18.0.3 198.18.9.3
		is "vmxnet3, $mode: then it is seen" "$(lost_tag)" silent
		is "vmxnet3, $mode: tagged pings are answered" "$(tagged_by)" echogate
	fi
	answered "vmxnet3, $mode: pings without a tag" 4 20 -i 0.01 198.18.0.3
	need "$ECHOGATE" detach s0 --netns "$strip"
done
finish
