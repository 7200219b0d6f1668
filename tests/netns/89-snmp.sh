#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stats --snmp: the same frames go to a host with echogate and to its twin without. What the first shows, kernel
# and echogate together, has grown by what the twin's kernel has counted; of what rules drop, by what was sent.

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite snmp
history=/run/echogate-snmp.$(id -u)
[ ! -e "$history" ] || cp -p "$history" "$work/history"
trap 'restore; cleanup' EXIT

restore() {
	rm -f "$history"
	[ ! -e "$work/history" ] || cp -p "$work/history" "$history"
}

# --- words ---

# What errors cost in time is not what this is about.
calm=(net/ipv4/icmp_ratelimit=0 net/ipv6/icmp/ratelimit=0 net/ipv4/icmp_msgs_per_sec=100000
	net/ipv4/icmp_msgs_burst=100000)

# The kernel's own, "NAME VALUE" a line
# shellcheck disable=SC2016  # awk expands
kernel_table() {
	in_ns "$1" awk '
		FILENAME ~ /snmp6/ { print $1, $2; next }
		FNR % 2 { split($0, name, /[ :]+/); next }
		{ n = split($0, value, /[ :]+/); for (i = 2; i <= n; i++) print value[1] name[i], value[i] }' \
		/proc/net/snmp /proc/net/snmp6 /proc/net/netstat
}

merged() {
	"$ECHOGATE" stats --snmp "$@" --netns "$host"
}

merged_table() {
	merged -a -z | awk '!/^#/ { print $1, $2 }'
}

# grown BEFORE NOW: what has, and by how much; what can't be known of packets that are only counted is left out
grown() {
	awk 'NR == FNR { before[$1] = $2; next } $2 != before[$1] { print $1, $2 - before[$1] }' "$1" "$2" |
		grep -v 'ECT[01]*Pkts\|CEPkts\|UdpNoPorts\|Udp6NoPorts' | sort
}

mark() {
	merged_table >"$work/merged"
	kernel_table "$twin" >"$work/twin"
}

host_grew() {
	merged_table >"$work/merged2"
	grown "$work/merged" "$work/merged2"
}

twin_grew() {
	kernel_table "$twin" >"$work/twin2"
	grown "$work/twin" "$work/twin2"
}

same_growth() {
	[ "$(host_grew)" = "$(twin_grew)" ] && [ -s "$work/merged2" ]
}

# feed TIMES <FRAMES: to both
feed() {
	local i frames

	frames=$(cat)
	for ((i = 0; i < $1; i++)); do
		echo "$frames"
	done >"$work/frames"
	in_ns "$client" "$EG_TESTS/frame" c0 <"$work/frames" >"$work/sent" || bail "frames: $(cat "$work/sent")"
	in_ns "$feeder" "$EG_TESTS/frame" c0 <"$work/frames" >"$work/sent" || bail "frames: $(cat "$work/sent")"
}

# agree NAME: the host has grown as its twin
agree() {
	if wait_for 10 same_growth; then
		ok "$1"
	else
		not_ok "$1" "$(diff <(host_grew) <(twin_grew))"
	fi
}

# of NAME <TABLE: 0 if it isn't there
of() {
	awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }'
}

# echogate's share, so that it isn't the kernel that did everything
share() {
	merged -a | awk -v name="$1" '$1 == name { n = $3 } END { print n + 0 }'
}

quiet() {
	local before

	before=$(kernel_table "$host" | of Icmp6OutMsgs; kernel_table "$twin" | of Icmp6OutMsgs)
	sleep 1.2
	[ "$before" = "$(kernel_table "$host" | of Icmp6OutMsgs; kernel_table "$twin" | of Icmp6OutMsgs)" ]
}

# --- each mode ---

make_station
add_station feeder twin
feeder=$pre-feeder twin=$pre-twin
need set_sysctl "$host" "${calm[@]}"
need set_sysctl "$twin" "${calm[@]}"
need "$ECHOGATE" attach h0 -m native --netns "$host"
# Reports of group membership come when they come.
wait_for 30 quiet || note "the hosts don't fall silent"

for mode in native generic tc; do
	need "$ECHOGATE" detach h0 --netns "$host"
	need "$ECHOGATE" attach h0 -m $mode --netns "$host"

	# Requests are answered by the first rounds, the rest passes.
	mark
	feed 7 <<-'END'
		icmp data=56
		icmp data=1000 code=3
		icmp6 data=56
		icmp6 data=1200
	END
	agree "$mode: pings answered"
	is "$mode: by echogate" "$(share IcmpInEchos) $(share Icmp6OutEchoReplies)" "14 14"

	mark
	feed 3 <<-'END'
		icmp data=40 options=0707040000000000
		icmp data=56 options=01010101
		icmp data=56 badsum=upper
		icmp data=56 badsum=ip
		icmp data=56 length=20
		icmp type=13
		icmp type=0
		icmp type=3 data=28
		icmp type=17 data=4
		icmp type=99
		icmp data=56 frag=0:1 id=7
		icmp data=40 to=198.18.7.7
		icmp data=56
		icmp6 data=56 ext=60
		icmp6 data=56 badsum=upper
		icmp6 type=129
		icmp6 type=1 data=48
		icmp6 type=200
		icmp6 data=56 to=fd00:18::77
		icmp6 data=56
		udp dport=9 data=20
		udp dport=9 data=20 to=fd00:18::2
		udp dport=9 data=20 badsum=upper
		tcp dport=9
		tcp dport=9 to=fd00:18::2
		arp
	END
	agree "$mode: pings among what passes"

	apply_rules h0 <<-'END'
		reject udp port 9 with port-unreachable limit 100000/s
		reject tcp with tcp-reset limit 100000/s
		answer icmp type timestamp-request to local
	END
	mark
	feed 5 <<-'END'
		udp dport=9 data=20
		udp dport=9 data=900
		udp dport=9 data=20 to=fd00:18::2
		tcp dport=9 flags=2
		tcp dport=9 flags=2 to=fd00:18::2
	END
	agree "$mode: errors and resets as the kernel's"
	is "$mode: they were echogate's" \
		"$(share IcmpOutDestUnreachs) $(share Icmp6OutDestUnreachs) $(share TcpOutRsts)" "10 5 10"
	# Since 6.4 the kernel calls its own timestamp replies echo replies here.
	feed 5 <<<"icmp type=13"
	timed() {
		[ "$(share IcmpMsgInType13) $(share IcmpInTimestamps)" = "5 5" ]
	}
	check "$mode: times of day were asked for" wait_for 10 timed
	is "$mode: and told" "$(share IcmpMsgOutType14) $(share IcmpOutTimestampReps)" "5 5"

	apply_rules h0 <<-'END'
		drop icmp type { echo-request, redirect }
		drop icmp6 type echo-request
		drop udp port 7
		reject icmp6 type 200 with admin-prohibited
		reject udp port 9 with protocol-unreachable
		drop sctp
	END
	mark
	feed 4 <<-'END'
		icmp data=56
		icmp data=56 badsum=upper
		icmp type=5 data=28
		icmp6 data=56
		icmp6 data=56
		icmp6 data=56
		icmp6 type=200
		udp dport=7 data=20
		udp dport=7 data=20 to=fd00:18::2
		udp dport=9 data=20 to=fd00:18::2
		sctp to=fd00:18::2
	END
	# IPv4: 16 packets of 84, 84, 56 and 48 bytes, all dropped. IPv6: 28, of which 8 are rejected.
	wanted="Icmp6InEchos 12
Icmp6InMsgs 16
Icmp6InType128 12
Icmp6OutDestUnreachs 4
Icmp6OutMsgs 8
Icmp6OutParmProblems 4
Icmp6OutType1 4
Icmp6OutType4 4
IcmpInEchos 8
IcmpInMsgs 12
IcmpInRedirects 4
IcmpMsgInType5 4
IcmpMsgInType8 8
Ip6InDelivers 8
Ip6InDiscards 20
Ip6InOctets $((4 * (3 * 104 + 48 + 68 + 68 + 52)))
Ip6InReceives 28
Ip6OutOctets $((4 * (2 * 48 + 48 + 68)))
Ip6OutRequests 8
Ip6OutTransmits 8
IpExtInOctets $((4 * (84 + 84 + 56 + 48)))
IpInDiscards 16
IpInReceives 16"
	# A kernel before 6.8 doesn't count it.
	grep -q ^Ip6OutTransmits "$work/merged" || wanted=$(grep -v Transmits <<<"$wanted")
	as_sent() {
		[ "$(host_grew)" = "$wanted" ]
	}
	if wait_for 10 as_sent; then
		ok "$mode: what rules drop counts as it was sent"
	else
		not_ok "$mode: what rules drop counts as it was sent" "$(diff <(host_grew) <(echo "$wanted"))"
	fi
done

# --- how it is shown ---

apply_rules h0 <<<"default answer"
rm -f "$history"
like "the first time all of it" "$(merged)" "IcmpMsgInType8 .*[0-9]"
is "history belongs to its user" "$(stat -c '%a %u' "$history")" "644 $(id -u)"
is "then nothing, while nothing comes" "$(merged | grep -v '^#')" ""
feed 3 <<<"icmp data=56"
enough() {
	[ "$(merged -a | of IcmpInEchos)" -ge $((before + 3)) ]
}
before=$(($(merged -a | of IcmpInEchos) - 3))
wait_for 10 enough
shown=$(merged h0)
is "then what has been added" "$(of IcmpInEchos <<<"$shown") $(of IpInReceives <<<"$shown")" "3 3"
is "and by whom" "$(awk '$1 == "IcmpOutEchoReps" { print $3 }' <<<"$shown")" 3
check "--absolute leaves the history alone" [ "$(merged h0 | grep -cv '^#')" = 0 ]
feed 2 <<<"icmp6 data=56"
json=$(merged --json)
is "JSON has both" "$(field namespaces.0.snmp.Icmp6InEchos <<<"$json") $(field namespaces.0.echogate.Icmp6InEchos <<<"$json") \
$(field namespaces.0.interfaces.0 <<<"$json") $(field namespaces.0.netns <<<"$json")" "2 2 h0 $host"
like "zeros on demand" "$(merged -z)" "IpInReceives  *0  *0"
merged --rate >"$work/rate" &
rating=$!
sleep 0.3
feed 20 <<<"icmp data=56"
wait $rating
check "--rate is per second" [ "$(of IcmpInEchos <"$work/rate")" -le 20 ]
like "and says so" "$(cat "$work/rate")" "per second"

# Two interfaces of one namespace are one table.
add_pair "$client" c1 02:00:00:00:01:01 "$host" h1 02:00:00:00:01:02
need "$ECHOGATE" attach h1 -m native --netns "$host"
is "one table a namespace" "$(merged -a | grep '^#h')" "#h0, h1 in $host"
is "whichever interface is named" "$(merged h1 -a | grep '^#h')" "#h0, h1 in $host"
refuses "an interface that isn't there" 1 nothing merged nothing
refuses "-a without --snmp" 2 "are for --snmp" "$ECHOGATE" stats -a
refuses "what doesn't go together" 2 "goes with none of" merged --reset
need "$ECHOGATE" detach --all --netns "$host"
is "nothing attached: an empty list" "$(merged --json | tr -d ' \n')" \
	'{"version":1,"per_second":false,"absolute":false,"namespaces":[]}'
clean "nothing is left" "$host"
finish
