#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The same frames to a plain namespace and to one with echogate: replies must be
# equal, in each mode and with sysctls that change how the kernel replies.
#
#	50-parity.sh [plain|native|generic|tc|ignored|ratemask|sysctls ...]
#
# plain: the kernel on both sides, which shows what the comparison itself is worth.

# shellcheck disable=SC2317,SC2016  # cleanup runs in a trap; the inner script expands for itself

set -euo pipefail

: "${ECHOGATE:?path of the echogate binary}"
: "${EG_TESTS:?directory of the test programs}"
PARITY=$EG_TESTS/parity

pre=eg-parity-$$
sides=(plain gate)
gate=$pre-gate-target
rounds=("$@")
[ ${#rounds[@]} -gt 0 ] || rounds=(native generic tc ignored ratemask sysctls)

number=1
failed=0
work=$(mktemp -d)

cleanup() {
	local side end

	"$ECHOGATE" detach eg0 --netns "$gate" >/dev/null 2>&1 || true
	for side in "${sides[@]}"; do
		for end in tester target; do
			ip netns del "$pre-$side-$end" 2>/dev/null || true
		done
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

ok() {
	echo "ok $number - $1"
	number=$((number + 1))
}

not_ok() {
	echo "not ok $number - $1"
	number=$((number + 1))
	failed=1
}

# Sysctls not there on older kernels are left out alike on both sides.
settle() {
	local netns=$1 pair
	shift
	for pair in "$@"; do
		echo "${pair%%=*} ${pair#*=}"
	done | ip netns exec "$netns" bash -c '
		while read -r name value; do
			path=/proc/sys/$name
			[ ! -w "$path" ] || echo "$value" >"$path" || exit 1
		done'
}

# What a new namespace has depends on the host: everything that matters is said.
defaults() {
	local netns=$1 dev

	settle "$netns" \
		net/ipv4/ip_forward=0 net/ipv4/ip_default_ttl=64 net/ipv4/icmp_echo_ignore_all=0 \
		net/ipv4/icmp_echo_ignore_broadcasts=1 net/ipv4/icmp_echo_enable_probe=0 \
		net/ipv4/icmp_ratelimit=0 net/ipv4/icmp_ratemask=6168 \
		net/ipv4/icmp_msgs_per_sec=1000000 net/ipv4/icmp_msgs_burst=100000 \
		net/ipv4/icmp_errors_use_inbound_ifaddr=0 net/ipv4/ipfrag_time=1 \
		net/ipv4/ip_no_pmtu_disc=0 net/ipv4/icmp_ignore_bogus_error_responses=1 \
		net/ipv6/conf/all/forwarding=0 net/ipv6/auto_flowlabels=1 \
		net/ipv6/flowlabel_reflect=0 net/ipv6/ip6frag_time=1 net/ipv6/icmp/ratelimit=0 \
		net/ipv6/icmp/echo_ignore_all=0 net/ipv6/icmp/echo_ignore_multicast=0 \
		net/ipv6/icmp/echo_ignore_anycast=0 net/ipv6/icmp/ratemask=0-1,3-127
	for dev in all default lo eg0 eg1; do
		settle "$netns" \
			"net/ipv4/conf/$dev/rp_filter=0" "net/ipv4/conf/$dev/accept_local=0" \
			"net/ipv4/conf/$dev/log_martians=0" "net/ipv4/conf/$dev/forwarding=0" \
			"net/ipv4/conf/$dev/accept_source_route=0" \
			"net/ipv4/conf/$dev/accept_redirects=0" \
			"net/ipv4/conf/$dev/drop_unicast_in_l2_multicast=0" \
			"net/ipv4/conf/$dev/route_localnet=0" \
			"net/ipv4/conf/$dev/arp_ignore=0" "net/ipv4/conf/$dev/arp_announce=0" \
			"net/ipv6/conf/$dev/accept_ra=0" "net/ipv6/conf/$dev/autoconf=0" \
			"net/ipv6/conf/$dev/router_solicitations=0" \
			"net/ipv6/conf/$dev/hop_limit=64" \
			"net/ipv6/conf/$dev/accept_redirects=0" \
			"net/ipv6/conf/$dev/drop_unicast_in_l2_multicast=0" \
			"net/ipv6/conf/$dev/accept_source_route=0"
	done
	# An unknown neighbour fails at once: no request and no error seconds later.
	for dev in eg0 eg1; do
		settle "$netns" "net/ipv4/neigh/$dev/mcast_solicit=0" \
			"net/ipv6/neigh/$dev/mcast_solicit=0"
	done
}

make_side() {
	local tester=$pre-$1-tester target=$pre-$1-target end

	ip netns add "$tester"
	ip netns add "$target"
	ip -n "$tester" link add t0 address 02:00:00:00:00:01 type veth \
		peer name eg0 netns "$target" address 02:00:00:00:00:02
	ip -n "$tester" link add t1 address 02:00:00:00:07:01 type veth \
		peer name eg1 netns "$target" address 02:00:00:00:07:02

	# The tester's ends have no address and say nothing.
	settle "$tester" net/ipv4/ip_forward=0 net/ipv6/conf/all/disable_ipv6=1 \
		net/ipv6/conf/default/disable_ipv6=1 \
		net/ipv6/conf/t0/disable_ipv6=1 net/ipv6/conf/t1/disable_ipv6=1
	for end in eg0 eg1; do
		ip -n "$target" link set "$end" addrgenmode none
	done
	defaults "$target"
	ip -n "$tester" link set t0 up
	ip -n "$tester" link set t1 up
	ip -n "$target" link set lo up
	ip -n "$target" link set eg0 up
	ip -n "$target" link set eg1 up

	ip -n "$target" -batch - <<-END
		address add 198.18.0.2/24 broadcast 198.18.0.255 dev eg0
		address add 198.18.0.3/24 broadcast 198.18.0.255 dev eg0
		address add 198.18.9.9/32 dev lo
		address add 198.18.7.2/24 broadcast 198.18.7.255 dev eg1
		address add fe80::2/64 dev eg0 nodad
		address add fd00:18::2/64 dev eg0 nodad
		address add fd00:18::3/128 dev eg0 nodad
		address add fd00:9::9/128 dev lo nodad
		address add fe80::7:2/64 dev eg1 nodad
		address add fd00:7::2/64 dev eg1 nodad
		neighbour add 198.18.0.1 lladdr 02:00:00:00:00:01 dev eg0
		neighbour add 198.18.0.50 lladdr 02:00:00:00:00:50 dev eg0
		neighbour add 198.18.0.254 lladdr 02:00:00:00:00:fe dev eg0
		neighbour add 198.18.0.253 lladdr 02:00:00:00:00:fd dev eg0
		neighbour add 198.18.7.77 lladdr 02:00:00:00:07:01 dev eg1
		neighbour add fd00:18::1 lladdr 02:00:00:00:00:01 dev eg0
		neighbour add fd00:18::50 lladdr 02:00:00:00:00:50 dev eg0
		neighbour add fd00:18::fe lladdr 02:00:00:00:00:fe dev eg0
		neighbour add fd00:18::fd lladdr 02:00:00:00:00:fd dev eg0
		neighbour add fe80::1 lladdr 02:00:00:00:00:01 dev eg0
		neighbour add fd00:7::77 lladdr 02:00:00:00:07:01 dev eg1
		route add 198.19.0.0/16 via 198.18.0.254
		route add 0.1.2.0/24 via 198.18.0.254
		route add 240.0.0.0/8 via 198.18.0.254
		route add blackhole 198.19.101.0/24
		route add unreachable 198.19.102.0/24
		route add prohibit 198.19.103.0/24
		route add 198.19.104.0/24 via 198.18.0.254 hoplimit 99
		route add 198.19.105.0/24 via 198.18.0.254 mtu 600
		route add 198.19.109.0/24 via 198.18.0.254 mtu lock 600
		route add 198.19.106.0/24 via 198.18.0.254
		route add 198.19.106.0/24 tos 0x10 via 198.18.0.253
		route add 198.19.107.0/24 via 198.18.0.253 table 107
		rule add to 198.19.107.0/24 lookup 107
		route add 198.19.108.0/24 via 198.18.0.253 table 108
		rule add from 198.18.9.9 to 198.19.108.0/24 lookup 108
	END
	ip -n "$target" -6 -batch - <<-END
		route add fd00:19::/32 via fd00:18::fe
		route add blackhole fd00:19:101::/48
		route add unreachable fd00:19:102::/48
		route add prohibit fd00:19:103::/48
		route add fd00:19:104::/48 via fd00:18::fe hoplimit 99
		route add fd00:19:105::/48 via fd00:18::fe mtu 1300
		route add fd00:19:107::/48 via fd00:18::fd table 107
		route add fd00:19:108::/48 via fd00:18::fd table 108
		rule add from fd00:9::9 to fd00:19:108::/48 lookup 108
		rule add to fd00:19:107::/48 lookup 107
	END
	# Its detection of duplicates takes longer than any test.
	settle "$target" net/ipv6/conf/eg0/dad_transmits=1000
	ip -n "$target" address add fd00:18::7e57/64 dev eg0
}

# The packets of verdict "answer" in what stats --json wrote
answered() {
	tr -d ' \n' <"$1" | sed -n \
	's/.*"verdicts":{\("[a-z]*":{[^}]*},\)*"answer":{[^}]*"packets":\([0-9]*\).*/\2/p'
}

run_tool() {
	local round=$1 lines
	shift
	"$PARITY" --label "$round" --first "$number" "$@" \
		"$pre-plain-tester" "$pre-plain-target" "$pre-gate-tester" "$gate" \
		>"$work/out" || failed=1
	cat "$work/out"
	lines=$(grep -cE '^(not )?ok ' "$work/out" || true)
	number=$((number + lines))
}

run_gate() {
	local round=$1 mode=$2 minimum=$3 count
	shift 3
	if ! "$ECHOGATE" attach eg0 --netns "$gate" --mode "$mode" >"$work/attach" 2>&1; then
		not_ok "$round: attach"
		sed 's/^/# /' "$work/attach"
		return
	fi
	run_tool "$round" "$@"
	"$ECHOGATE" stats eg0 --netns "$gate" --json >"$work/stats" || true
	count=$(answered "$work/stats")
	count=${count:-0}
	if [ "$minimum" -gt 0 ]; then
		if [ "$count" -ge "$minimum" ]; then
			ok "$round: echogate counts $minimum answers or more"
		else
			not_ok "$round: echogate counts $minimum answers or more, not $count"
		fi
	elif [ "$count" -eq 0 ]; then
		ok "$round: echogate counts no answer"
	else
		not_ok "$round: echogate counts no answer, but $count"
	fi
	if "$ECHOGATE" detach eg0 --netns "$gate" >"$work/detach" 2>&1; then
		ok "$round: detach"
	else
		not_ok "$round: detach"
		sed 's/^/# /' "$work/detach"
	fi
}

both() {
	local side

	for side in "${sides[@]}"; do
		settle "$pre-$side-target" "$@"
	done
}

for side in "${sides[@]}"; do
	make_side "$side"
done

for round in "${rounds[@]}"; do
	case $round in
	plain)
		run_tool plain --plain --exhaustive
		;;
	dump)
		run_tool dump --dump
		;;
	native | tc)
		run_gate "$round" "$round" 131072 --exhaustive
		;;
	generic)
		run_gate generic generic 300
		;;
	ignored)
		both net/ipv4/icmp_echo_ignore_all=1 net/ipv6/icmp/echo_ignore_all=1
		run_gate ignored native 0 --variant ignored
		;;
	ratemask)
		both net/ipv4/icmp_ratemask=6169 net/ipv6/icmp/ratemask=0-1,3-129
		run_gate ratemask native 0 --variant ignored
		;;
	sysctls)
		both net/ipv4/ip_default_ttl=77 net/ipv6/conf/eg0/hop_limit=33 \
			net/ipv6/auto_flowlabels=0 net/ipv4/conf/all/rp_filter=1 \
			net/ipv4/conf/eg0/rp_filter=1 net/ipv4/icmp_echo_ignore_broadcasts=0 \
			net/ipv4/icmp_echo_enable_probe=1 \
			net/ipv4/conf/eg0/drop_unicast_in_l2_multicast=1 \
			net/ipv6/conf/eg0/drop_unicast_in_l2_multicast=1 \
			net/ipv6/icmp/echo_ignore_multicast=1
		run_gate sysctls native 300 --variant sysctls
		both net/ipv6/auto_flowlabels=1 net/ipv6/flowlabel_reflect=4
		run_gate reflect native 300 --variant sysctls
		;;
	*)
		echo "50-parity.sh: no round $round" >&2
		exit 2
		;;
	esac
	for side in "${sides[@]}"; do
		defaults "$pre-$side-target"
	done
done

echo "1..$((number - 1))"
exit "$failed"
