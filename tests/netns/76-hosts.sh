#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules between real hosts: what lives on under `default drop`, addresses that are answered
# for though nobody has them, limits as ping sees them, and blocks for interfaces.

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite hosts
make_pair
add_pair "$client" c1 02:00:00:00:01:01 "$host" h1 02:00:00:00:01:02
add_addr "$client" c1 198.18.1.1/24 fd00:19::1/64
add_addr "$host" h1 198.18.1.2/24 fd00:19::2/64
# Another address of the host, and some of nobody's
add_addr "$host" lo 198.18.40.1/32
need ip -n "$client" route add 198.18.40.0/23 via 198.18.0.2
need ip -n "$client" route add fd00:40::/32 via fd00:18::2

# Nobody knows anybody's MAC address any more.
forget() {
	need ip -n "$client" neigh flush all
	need ip -n "$host" neigh flush all
}

# pings ADDRESS [COUNT]: "received of sent"
pings() {
	in_ns "$client" ping -n -q -c "${2:-3}" -i 0.01 -W "${3:-5}" "$1" 2>&1 |
		sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\2 of \1/p'
}

# known ADDRESS: whether the client knows its MAC address
known() {
	ip -n "$client" neigh show "$1" dev c0 | grep 02:00:00:00:00:02 >/dev/null
}

lifelines() {
	local mode=$1 addr

	apply_rules h0 <<-'EOF'
		default drop
		pass icmp type echo-request
		pass icmp6 type echo-request
	EOF
	for addr in 198.18.0.2 fd00:18::2; do
		forget
		is "$mode: default drop: the neighbours of $addr find each other" \
			"$(pings "$addr")" "3 of 3"
	done
	is "$mode: by ARP and ND alone" "$("$ECHOGATE" rules h0 --netns "$host" --stats --json |
		grep -c '"packets": 3,')" 2
	apply_rules h0 <<-'EOF'
		default drop
		drop even-protected arp
		drop even-protected icmp6 type { neighbor-solicitation, neighbor-advertisement }
		pass icmp type echo-request
		pass icmp6 type echo-request
	EOF
	for addr in 198.18.0.2 fd00:18::2; do
		forget
		is "$mode: even-protected: those of $addr don't" "$(pings "$addr" 1 1)" "0 of 1"
		check "$mode: even-protected: and don't know the MAC address" eval "! known $addr"
	done
}

foreign() {
	local mode=$1 echos4 echos6

	apply_rules h0 <<-'EOF'
		set vips { 198.18.40.0/24, fd00:40::/64 }
		answer icmp type echo-request to @vips
		answer icmp6 type echo-request to @vips
	EOF
	warm_up "$client" 198.18.0.2 fd00:18::2
	echos4=$(kernel_echos "$host" 4) echos6=$(kernel_echos "$host" 6)
	is "$mode: answer to @set: nobody's address" "$(pings 198.18.40.7)" "3 of 3"
	is "$mode: answer to @set: the host's own" "$(pings 198.18.40.1)" "3 of 3"
	is "$mode: answer to @set: IPv6" "$(pings fd00:40::7)" "3 of 3"
	is "$mode: by echogate" "$(kernel_echos "$host" 4) $(kernel_echos "$host" 6)" \
		"$echos4 $echos6"
	is "$mode: what isn't in the set" "$(pings 198.18.41.7 1 1)" "0 of 1"
	is "$mode: what isn't in the set, IPv6" "$(pings fd00:40:0:1::7 1 1)" "0 of 1"
}

over_the_limit() {
	local mode=$1

	apply_rules h0 <<-'EOF'
		answer icmp type echo-request limit 1/m burst 6
		drop icmp type echo-request
	EOF
	warm_up "$client" 198.18.0.2
	is "$mode: as many pings as the limit allows" "$(pings 198.18.0.2 10 1)" "5 of 10"
	is "$mode: the rest meets the next rule" "$(rule_counts | tr '\n' ' ')" "6 5 "
}

# block IFACE ADDRESS TOS WANTED
block() {
	is "$mode: blocks: $1, TOS $3" "$(in_ns "$client" ping -n -q -c 1 -W 1 -Q "$3" "$2" |
		sed -n 's/^\([0-9]*\) .*, \([0-9]*\) received.*/\2 of \1/p')" "$4 of 1"
}

blocks() {
	local mode=$1 before0 before1

	apply_rules <<-'EOF'
		drop icmp type echo-request dscp cs2
		interface h1 {
			drop icmp type echo-request dscp cs3
		}
		interface h0, nowhere {
			default pass
			egress {
				drop icmp type echo-reply dscp cs4
			}
		}
	EOF
	warm_up "$client" 198.18.0.2 198.18.1.2
	before0=$(counter "$host" h0 verdicts.answer.packets)
	before1=$(counter "$host" h1 verdicts.answer.packets)
	block h0 198.18.0.2 0x40 0
	block h0 198.18.0.2 0x60 1
	block h0 198.18.0.2 0x80 0
	block h1 198.18.1.2 0x40 0
	block h1 198.18.1.2 0x60 0
	block h1 198.18.1.2 0x80 1
	is "$mode: blocks: each interface has its rules" \
		"$(rule_counts h0 | tr '\n' ' '), $(rule_counts h1 | tr '\n' ' ')" "1 1 , 1 1 "
	is "$mode: blocks: and its default" \
		"$(($(counter "$host" h0 verdicts.answer.packets) - before0)) $((
			$(counter "$host" h1 verdicts.answer.packets) - before1))" "0 1"
}

for mode in native generic tc; do
	need "$ECHOGATE" attach h0 h1 --netns "$host" --mode "$mode"
	lifelines "$mode"
	foreign "$mode"
	over_the_limit "$mode"
	blocks "$mode"
	need "$ECHOGATE" detach h0 h1 --netns "$host"
done

finish
