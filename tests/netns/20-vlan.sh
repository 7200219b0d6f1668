#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tagged requests. VLAN devices need the kernel's 8021q, which not every machine has;
# what echogate does with tags is tested without: frames are tagged by hand, and the
# test plays the loader and fills eg_vlans, as if h0 itself were the VLAN device.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite vlan
make_pair

# le32 NUMBER: its bytes as bpftool wants them
le32() {
	printf '0x%02x 0x%02x 0x%02x 0x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) \
		$(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

# shellcheck disable=SC2046  # words are wanted
add_vlan() {
	local outer=$1 inner=$2 hop6=$3

	need bpftool map update pinned "$(pin_dir "$host")/$(ifindex "$host" h0)/eg_vlans" \
		key $(le32 "$outer") $(le32 "$inner") \
		value $(le32 "$(ifindex "$host" h0)") 0x02 0 0 0 0 0x02 "$hop6" 0
}

# tagged4 TAG..., tagged6 TAG...: what comes back to a ping in a frame with these tags
tagged4() {
	send_frames -w 500 <<<"icmp data=56 ${*/#/vlan=}"
}

tagged6() {
	send_frames -w 500 <<<"icmp6 data=56 ${*/#/vlan=}"
}

# reply4 TTL [TAG...], reply6 TTL [TAG...]: the reply that is wanted
reply4() {
	echo "icmp 0/0${2:+ vlan ${*:2}} from 198.18.0.2 to 198.18.0.1 tos 00 ttl $1 len 84 echo sums ok"
}

reply6() {
	echo "icmp6 129/0${2:+ vlan ${*:2}} from fd00:18::2 to fd00:18::1 tos 00 ttl $1 len 104" \
		"echo sums ok"
}

# A verdict on a path is remembered for about a second: the loader would have made
# them void, bpftool doesn't.
settled() {
	[ "$(tagged4 0x8100:5)" != silent ] && [ "$(tagged6 0x8100:5)" != silent ]
}

# counts NAME PATH N COMMAND...: the command's output, and that PATH grew by N
counts() {
	local name=$1 path=$2 n=$3 want=$4 before got
	shift 4

	before=$(counter "$host" h0 "$path")
	got=$("$@")
	is "$name" "$got, $path +$(($(counter "$host" h0 "$path") - before))" "$want, $path +$n"
}

run_mode() {
	local mode=$1 echo=echo-request.answer.packets

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	warm_up "$client" 198.18.0.2 fd00:18::2
	counts "$mode: no VLAN device: left to the kernel, which is silent" \
		reasons.vlan-unknown.packets 1 silent tagged4 0x8100:5
	counts "$mode: the same in IPv6" reasons.vlan-unknown.packets 1 silent tagged6 0x8100:5
	# The kernel answers VLAN 0 untagged.
	counts "$mode: priority tag: left to the kernel, which answers" \
		reasons.vlan-priority.packets 1 "$(reply4 64)" tagged4 0x8100:0xe000
	counts "$mode: three tags: left to the kernel, which is silent" \
		reasons.vlan-depth.packets 1 silent tagged4 0x88a8:7 0x8100:5 0x8100:6

	add_vlan 0x81000005 0 64
	add_vlan 0x88a80007 0x81000005 44
	wait_for 10 settled
	counts "$mode: one tag" "icmp.$echo" 1 "$(reply4 64 8100:0005)" tagged4 0x8100:5
	counts "$mode: one tag, IPv6" "icmp6.$echo" 1 "$(reply6 64 8100:0005)" tagged6 0x8100:5
	counts "$mode: another tag" reasons.vlan-unknown.packets 1 silent tagged4 0x8100:6
	counts "$mode: the tag's other type" reasons.vlan-unknown.packets 1 silent tagged4 0x88a8:5
	counts "$mode: two tags" "icmp.$echo" 1 "$(reply4 64 88a8:0007 8100:0005)" tagged4 0x88a8:7 0x8100:5
	counts "$mode: two tags, IPv6, hop limit of the VLAN" "icmp6.$echo" 1 \
		"$(reply6 44 88a8:0007 8100:0005)" tagged6 0x88a8:7 0x8100:5
	counts "$mode: two tags in the other order" reasons.vlan-unknown.packets 1 silent \
		tagged4 0x8100:5 0x88a8:7
	if [ "$mode" = tc ]; then
		# The tag is beside the frame, and its priority can't be cleared there.
		counts "$mode: priority and drop eligibility: left to the kernel" \
			reasons.vlan-priority.packets 1 silent tagged4 0x8100:0xf005
	else
		counts "$mode: priority and drop eligibility don't come back" "icmp.$echo" 1 \
			"$(reply4 64 8100:0005)" tagged4 0x8100:0xf005
	fi
	apply_rules h0 <<<"reject udp"
	counts "$mode: reject, one tag" verdicts.reject.packets 1 \
		"icmp 3/3 vlan 8100:0005 from 198.18.0.2 to 198.18.0.1 tos c0 ttl 64 len 56 quote 28 sums ok" \
		send_frames -w 500 <<<"udp vlan=5"
	counts "$mode: reject, two tags, IPv6" verdicts.reject.packets 1 \
		"icmp6 1/4 vlan 88a8:0007 8100:0005 from fd00:18::2 to fd00:18::1 tos 00 ttl 44 len 96 quote 48 sums ok" \
		send_frames -w 500 <<<"udp to=fd00:18::2 vlan=0x88a8:7 vlan=5"
	counts "$mode: reject, another tag: there is no way back" reasons.reject-failed.packets 1 \
		silent send_frames -w 500 <<<"udp vlan=6"
	check "$mode: attach again" "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	counts "$mode: which reads the devices there are: none" reasons.vlan-unknown.packets 1 \
		silent tagged4 0x8100:5
	need "$ECHOGATE" detach h0 --netns "$host"
}

# with_device MODE: real VLAN devices on both ends
with_device() {
	local mode=$1 before out

	out=$("$ECHOGATE" attach h0 --netns "$host" --mode "$mode" 2>&1)
	like "$mode: attach counts the VLAN" "$out" "1 VLAN$"
	warm_up "$client" 198.19.5.2 fd00:5::2
	for addr in 198.19.5.2 fd00:5::2; do
		before=$(counter "$host" h0 verdicts.answer.packets)
		check "$mode: ping $addr on the VLAN device" \
			in_ns "$client" ping -n -q -c 10 -i 0.002 -W 5 "$addr"
		is "$mode: answered by echogate" \
			$(($(counter "$host" h0 verdicts.answer.packets) - before)) 10
	done
	need "$ECHOGATE" detach h0 --netns "$host"
}

for mode in native generic tc; do
	run_mode "$mode"
done

if ip -n "$host" link add link h0 name h0.5 type vlan id 5 2>"$work/vlan"; then
	need ip -n "$client" link add link c0 name c0.5 type vlan id 5
	# Or veth carries the tag beside the frame, where XDP doesn't see it.
	need in_ns "$client" ethtool -K c0 txvlan off
	add_addr "$client" c0.5 198.19.5.1/24 fd00:5::1/64
	add_addr "$host" h0.5 198.19.5.2/24 fd00:5::2/64
	need ip -n "$client" link set c0.5 up
	need ip -n "$host" link set h0.5 up
	for mode in native generic tc; do
		with_device "$mode"
	done
	"$ECHOGATE" attach h0 --netns "$host" >/dev/null
	need ip -n "$host" link add link h0 name h0.6 up type vlan id 6
	is "status: the VLANs are stale when one was added" \
		"$("$ECHOGATE" status h0 --netns "$host" --json | field interfaces.0.vlans.stale)" true
else
	skip "VLAN devices" "this kernel has none: $(head -n 1 "$work/vlan")"
fi

finish
