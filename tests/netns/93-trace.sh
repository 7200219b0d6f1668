#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `probe --trace` along four namespaces, of which the middle two have a link with a smaller MTU:
# the same hops as traceroute finds, by each method and in both families; path MTU, what is
# unreachable, without privileges; and an MPLS network (tools/label.c), also beside traceroute.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite trace
add_ns a r1 r2 b m
here=$pre-a

# link NETNS IFACE NETNS IFACE NETWORK [MTU]
link() {
	add_pair "$pre-$1" "$2" "02:00:00:00:0$5:01" "$pre-$3" "$4" "02:00:00:00:0$5:02"
	need ip -n "$pre-$1" link set "$2" mtu "${6:-1500}"
	need ip -n "$pre-$3" link set "$4" mtu "${6:-1500}"
	add_addr "$pre-$1" "$2" "198.18.$5.1/24" "fd00:$5::1/64"
	add_addr "$pre-$3" "$4" "198.18.$5.2/24" "fd00:$5::2/64"
}

for name in r1 r2; do
	need set_sysctl "$pre-$name" net/ipv4/ip_forward=1 net/ipv6/conf/all/forwarding=1
done
link a a0 r1 r10 1
link r1 r11 r2 r20 2 1400
link r2 r21 b b0 3
# Nobody here limits errors: how often is asked shall not matter.
for name in r1 r2 b; do
	need set_sysctl "$pre-$name" net/ipv4/icmp_ratelimit=0 net/ipv6/icmp/ratelimit=0
done
need ip -n "$pre-a" route add default via 198.18.1.2
need ip -n "$pre-a" route add default via fd00:1::2
need ip -n "$pre-r1" route add 198.18.3.0/24 via 198.18.2.2
need ip -n "$pre-r1" route add fd00:3::/64 via fd00:2::2
need ip -n "$pre-r1" route add 198.18.4.0/24 via 198.18.2.2
need ip -n "$pre-r1" route add fd00:4::/64 via fd00:2::2
need ip -n "$pre-r2" route add prohibit 198.18.4.0/24
need ip -n "$pre-r2" route add prohibit fd00:4::/64
need ip -n "$pre-r2" route add 198.18.1.0/24 via 198.18.2.1
need ip -n "$pre-r2" route add fd00:1::/64 via fd00:2::1
need ip -n "$pre-b" route add default via 198.18.3.1
need ip -n "$pre-b" route add default via fd00:3::1
warm_up "$pre-a" 198.18.3.2 fd00:3::2

trace() {
	in_ns "$here" "$ECHOGATE" probe --trace "$@"
}

# theirs METHOD HOST [OPTION]: the same by traceroute, which else waits too short for some
theirs() {
	local method=-I
	local -A letters=([--udp]=-U [--tcp]=-T)

	[ -z "$1" ] || method=${letters[$1]}
	[ "$method" != -U ] || set -- "$@" -p 33434
	in_ns "$here" traceroute -n -w 5,0,0 "$method" "${@:3}" "$2" 2>&1
}

# hops: of a trace, each hop's number and who was heard, times left out
hops() {
	sed -n 's/ *[0-9.]* ms//g; s/ \[closed\]//g; s/  */ /g; s/^ //; s/ *$//; /^[0-9]/p'
}

declare -A target=([4]=198.18.3.2 [6]=fd00:3::2) prefix=([4]=198.18. [6]=fd00:)
ways=("1 198.18.1.2|2 198.18.2.2|3 198.18.3.2" "1 fd00:1::2|2 fd00:2::2|3 fd00:3::2")

for family in 4 6; do
	way=$(tr '|' '\n' <<<"${ways[$((family == 6))]}")
	for method in "" --udp --tcp; do
		what="IPv$family${method:+ $method}"
		# shellcheck disable=SC2086  # none is no argument
		out=$(trace -n $method "${target[$family]}" 2>&1)
		is "$what: exit status" $? 0
		is "$what: the hops" "$(hops <<<"$out")" "$way"
		is "$what: nine times" "$(grep -o ' [0-9.]* ms' <<<"$out" | wc -l)" 9
		if have traceroute; then
			is "$what: as traceroute has it" "$(hops <<<"$out")" \
				"$(theirs "$method" "${target[$family]}" | hops)"
		else
			skip "$what: as traceroute has it" "traceroute isn't there"
		fi
		# shellcheck disable=SC2086
		out=$(trace -n --mtu $method "${target[$family]}" 2>&1)
		is "$what: path MTU" "$(tail -n 1 <<<"$out")" "path MTU 1400"
		like "$what: who says so" "$out" \
			"1  ${prefix[$family]}[:0-9.]* F=1400 .*: a link takes no more than 1400 bytes"
	done
done

# JSON: addresses, and times in nanoseconds that are some
trace --json -n --queries 2 --mtu 198.18.3.2 >"$work/json"
is "JSON: addresses" "$(for hop in 0 1 2; do field "hops.$hop.packets.1.address" <"$work/json"; done | xargs)" \
	"198.18.1.2 198.18.2.2 198.18.3.2"
check "JSON: a time" test "$(field hops.2.packets.0.rtt_ns <"$work/json")" -gt 0
is "JSON: path MTU, and where" "$(field mtu.path <"$work/json") $(field mtu.links.0.address <"$work/json")" \
	"1400 198.18.1.2"
is "JSON: it was reached" "$(field reached <"$work/json")" true

# What doesn't lead there
out=$(trace -n --max-hops 2 198.18.3.2)
is "--max-hops: exit status 1" $? 1
is "--max-hops: so many" "$(hops <<<"$out" | tail -n 1)" "2 198.18.2.2"
# For what routes forbid, the kernel's limit of one a second can't be set here.
sleep 1.5
out=$(trace -n --queries 1 203.0.113.1)
is "no route on the way: exit status 1" $? 1
is "no route on the way: who says so" "$(hops <<<"$out")" "1 198.18.1.2 !N"
sleep 1.5
is "prohibited: by whom" "$(trace -n --queries 1 198.18.4.1 | hops)" $'1 198.18.1.2\n2 198.18.2.2 !X'
is "prohibited, IPv6: by whom" "$(trace -n fd00:4::1 | hops)" $'1 fd00:1::2\n2 fd00:2::2 !X !X !X'
out=$(trace -n --queries 1 198.18.3.77)
is "nobody is there: said by the last router, when it has looked" "$(hops <<<"$out")" \
	$'1 198.18.1.2\n2 198.18.2.2\n3 198.18.2.2 !H'
in_ns "$pre-b" "$EG_TESTS/accept" 198.18.3.2 4711 >/dev/null 2>&1 &
disown
open() {
	[[ $(trace -n --queries 1 --tcp 4711 198.18.3.2) =~ 198.18.3.2\ *[0-9.]*\ ms\ \[open\] ]]
}
check "an open port of TCP" wait_for 10 open
if have nft; then
	in_ns "$pre-r1" nft -f - <<-'END'
		table ip hole {
			chain output {
				type filter hook output priority 0
				icmp type destination-unreachable icmp code 4 drop
			}
		}
	END
	is "a black hole is named" "$(trace -n --mtu 198.18.3.2 | tail -n 1)" \
		"path MTU unknown: packets of 1500 bytes get lost, and nobody says why"
	need in_ns "$pre-r1" nft delete table ip hole
else
	skip "a black hole is named" "nft isn't there"
fi

# Names: only this command's view of /etc/hosts is changed
printf '%s\n' "198.18.1.2 first.example" "198.18.3.2 last.example" >"$work/hosts"
# shellcheck disable=SC2016  # the inner shell expands
out=$(in_ns "$here" sh -c 'mount --bind "$1/hosts" /etc/hosts && shift &&
	exec "$@"' sh "$work" "$ECHOGATE" probe --trace --queries 1 --max-hops 1 last.example)
like "names" "$out" "traceroute to last.example \(198.18.3.2\), 1 hops max.*
 1  first.example \(198.18.1.2\)  [0-9.]+ ms"

# Without privileges
if have setpriv; then
	need set_sysctl "$here" "net/ipv4/ping_group_range=0 65535"
	cp "$ECHOGATE" "$work/echogate"
	chmod -R a+rX "$work"
	nobody() {
		in_ns "$here" setpriv --reuid=65534 --regid=65534 --clear-groups "$work/echogate" probe --trace "$@"
	}
	for family in 4 6; do
		way=$(tr '|' '\n' <<<"${ways[$((family == 6))]}")
		is "IPv$family without privileges" "$(nobody -n "${target[$family]}" 2>/dev/null | hops)" "$way"
		is "IPv$family --udp without privileges" \
			"$(nobody -n --udp "${target[$family]}" 2>/dev/null | hops)" "$way"
		is "IPv$family --udp --mtu without privileges" \
			"$(nobody -n --udp --mtu "${target[$family]}" 2>/dev/null | tail -n 1)" "path MTU 1400"
	done
	refuses "--tcp without privileges" 2 "it needs CAP_NET_RAW" nobody --tcp 198.18.3.2
else
	skip "without privileges" "setpriv isn't there"
fi

# An MPLS network, whose routers are one program
add_pair "$here" a1 02:00:00:00:06:01 "$pre-m" m1 02:00:00:00:06:02
add_addr "$here" a1 198.18.6.1/24 fd00:6::1/64
need set_sysctl "$pre-m" net/ipv6/conf/m1/disable_ipv6=1
for addr in 198.18.6.2 fd00:6::2; do
	need ip -n "$here" neigh add "$addr" lladdr 02:00:00:00:06:02 nud permanent dev a1
done
need ip -n "$here" route add 198.18.66.0/24 via 198.18.6.2
need ip -n "$here" route add fd00:66::/64 via fd00:6::2
in_ns "$pre-m" "$EG_TESTS/label" m1 &
disown
wait_for 10 trace -n --queries 1 --timeout 1 198.18.66.9 || note "the MPLS network doesn't answer"
for net in 198.18.66. fd00:66::; do
	for method in "" --udp; do
		# shellcheck disable=SC2086
		out=$(trace -n $method "${net}9")
		is "$net* $method: labels and interfaces" "$(hops <<<"$out" | sed "s/$net//")" \
"1 1 <MPLS:L=24012,E=5,S=0,T=1/L=16,E=0,S=1,T=64;incoming: index=7 198.18.66.1 \"ge-0/0/1\" mtu=9000;next-hop: fd00:66::2>
2 2 <MPLS:L=23,E=0,S=1,T=255>
3 3
4 4 <200/3:cafe0001>
5 9"
		# Of interfaces it has no words.
		if have traceroute; then
			is "$net* $method: labels as traceroute has them" "$(hops <<<"$out" | sed 1d)" \
				"$(theirs "$method" "${net}9" -e | hops | sed 1d)"
		else
			skip "$net* $method: labels as traceroute has them" "traceroute isn't there"
		fi
	done
done
if have setpriv; then
	like "labels without privileges" "$(nobody -n --udp --queries 1 198.18.66.9)" \
		"1  198.18.66.1 <MPLS:L=24012,E=5,S=0,T=1/L=16,E=0,S=1,T=64;.*
 2  198.18.66.2 <MPLS:L=23,E=0,S=1,T=255>"
else
	skip "labels without privileges" "setpriv isn't there"
fi
trace -n --json 198.18.66.9 >"$work/json"
is "JSON: a label" "$(field hops.0.packets.0.extensions.0.mpls.1.label <"$work/json")" 16
is "JSON: an interface" "$(field hops.0.packets.0.extensions.1.interface.name <"$work/json")" ge-0/0/1
is "JSON: what nobody knows" "$(field hops.3.packets.0.extensions.0.bytes.1 <"$work/json")" 254

refuses "two hosts" 2 "one host at a time" trace 198.18.3.2 198.18.1.2
refuses "two methods" 2 "exclude each other" trace --udp --tcp 198.18.3.2
refuses "two kinds of probing" 2 "exclude each other" trace --conformance 198.18.3.2
refuses "a method without a trace" 2 "belong to --trace" in_ns "$here" "$ECHOGATE" probe --udp 198.18.3.2
refuses "a port that there isn't" 2 "--tcp" trace --tcp=65536 198.18.3.2
need ip -n "$here" route del default
trace 203.0.113.1 >"$work/out" 2>"$work/err"
is "no route: exit status 2" $? 2
like "no route: said in a line" "$(cat "$work/err")" \
	"^echogate: 203.0.113.1: no route to it \(Network is unreachable\); 'ip route get 203.0.113.1' says the same$"

finish
