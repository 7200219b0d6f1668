#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A real driver with native XDP: virtio_net. Two cards on one wire, each in a namespace of
# its own; MTU, a link that comes and goes, VLAN tags, all three modes.

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
[ -n "$near$far" ] || bail "no cards"
add_ns client host
client=$pre-client host=$pre-host
need ip link set "$near" netns "$client" name c0
need ip link set "$far" netns "$host" name h0
need ip -n "$client" link set c0 up
need ip -n "$host" link set h0 up
add_addr "$client" c0 198.18.0.1/24 fd00:18::1/64
add_addr "$host" h0 198.18.0.2/24 fd00:18::2/64
note "$(in_ns "$host" ethtool -i h0 | head -n 2 | tr '\n' ' ')," \
	"$(in_ns "$host" ethtool -l h0 | awk '/Combined/ { n = $2 } END { print n }') queues"

# Requests that the kernel and echogate have answered: "KERNEL ECHOGATE"
tally() {
	echo "$(kernel_echos "$host" "$1") $(answers "$host" h0 "$1")"
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
both "native, a flood" 3000 56 -f

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
finish
