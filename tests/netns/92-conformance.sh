#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `probe --conformance` against the kernel alone, against echogate in each mode, and against a
# responder as many have written it (tools/naive.c), all at the same time: most of a run is
# waiting for the host's limit of errors. Then what can't be sent, and who may not.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite conformance
places=(plain native generic tc naive far)

# probe PLACE ARGUMENT...
probe() {
	local place=$1
	shift

	in_ns "$pre-$place-c" "$ECHOGATE" probe --conformance "$@"
}

for place in "${places[@]}"; do
	add_ns "$place-c" "$place-h"
	client=$pre-$place-c host=$pre-$place-h
	add_pair "$client" c0 02:00:00:00:00:01 "$host" h0 02:00:00:00:00:02
	add_addr "$client" c0 198.18.0.1/24 fd00:18::1/64
	add_addr "$host" h0 198.18.0.2/24 fd00:18::2/64
	warm_up "$client" 198.18.0.2 fd00:18::2
	case $place in
	plain | far) ;;
	naive)
		need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=1 \
			net/ipv6/icmp/echo_ignore_all=1
		in_ns "$host" "$EG_TESTS/naive" h0 &
		disown
		;;
	*) need "$ECHOGATE" attach h0 --mode "$place" --netns "$host" ;;
	esac
done

# As if a router were in front of it
add_addr "$pre-far-h" lo 198.18.9.9/32
need ip -n "$pre-far-c" route add 198.18.9.9 via 198.18.0.2

# record FILE COMMAND...: in the background
runs=()
record() {
	local file=$1
	shift

	(
		"$@" >"$work/$file" 2>&1
		echo $? >"$work/status-$file"
	) &
	runs+=($!)
}

for place in plain native generic tc naive; do
	record "$place-4" probe "$place" 198.18.0.2 --json
	record "$place-6" probe "$place" fd00:18::2 --json
done
record far probe far 198.18.9.9
record lo in_ns "$pre-far-h" "$ECHOGATE" probe --conformance 127.0.0.1
# Nobody there, and nobody who answers: some seconds each, too
record nobody probe far 198.18.0.77
record deaf in_ns "$pre-naive-h" "$ECHOGATE" probe --conformance 127.0.0.1
wait "${runs[@]}"

# summary PLACE FAMILY KEY
summary() {
	field "summary.$3" <"$work/$1-$2"
}

for place in plain native generic tc; do
	for family in 4 6; do
		what="$place, IPv$family"
		is "$what: exit status 0" "$(cat "$work/status-$place-$family")" 0
		check "$what: 120 requests at least" test "$(summary "$place" "$family" requests)" -ge 120
		is "$what: unlike Linux, wrong, skipped" \
			"$(for k in unlike_linux wrong skipped; do summary "$place" "$family" $k; done | xargs)" \
			"0 0 0"
		check "$what: nearly all like Linux" \
			test "$(summary "$place" "$family" conforms)" -le 4
		[ "$(cat "$work/status-$place-$family")" = 0 ] ||
			grep -B 7 '"finding": "\(wrong\|unlike-linux\)"' "$work/$place-$family" | sed 's/^/# /'
	done
done
for place in native generic tc; do
	for family in 4 6; do
		check "$place, IPv$family: it was echogate who answered" \
			test "$(answers "$pre-$place-h" h0 "$family")" -ge 60
	done
done

# finding FILE NAME: what was found of a request
finding() {
	awk -v name="\"name\": \"$2\"," 'index($0, name) { on = 1 }
		on && /"finding"/ { gsub(/[",]/, "", $2); print $2; exit }' "$work/$1"
}

is "naive, IPv4: exit status 1" "$(cat "$work/status-naive-4")" 1
is "naive, IPv6: exit status 1" "$(cat "$work/status-naive-6")" 1
while IFS=, read -r family want name; do
	is "naive, IPv$family: $name" "$(finding "naive-$family" "$name")" "$want"
done <<-'END'
	4,like-linux,an ordinary echo request
	4,wrong,request with checksum 0xf8ff
	4,wrong,ICMP checksum off by 1
	4,wrong,header checksum off by 1
	4,wrong,header length field 4
	4,wrong,total length one beyond the frame
	4,wrong,TTL 0
	4,unlike-linux,TTL 255
	4,unlike-linux,don't fragment
	4,wrong,reserved flag
	4,unlike-linux,identification 0xffff
	4,unlike-linux,trailer of length 17 behind the packet
	4,wrong,options: nothing, length 4
	4,wrong,fragments: two in order
	4,wrong,to an address that it hasn't, 192.0.2.1
	4,wrong,to 224.0.0.1
	4,wrong,from 127.0.0.1
	4,wrong,from 255.255.255.255
	6,like-linux,an ordinary echo request
	6,wrong,request with checksum 0x0001
	6,wrong,ICMPv6 checksum 0
	6,wrong,hop limit 0
	6,unlike-linux,hop limit 255
	6,unlike-linux,flow label 0x12345
	6,wrong,payload length one beyond the frame
	6,unlike-linux,trailer of length 17 behind the packet
	6,wrong,hop-by-hop: padding
	6,wrong,fragment: atomic
	6,wrong,to ff02::1
	6,wrong,from ff02::1
	6,wrong,to an address that it hasn't, 2001:db8::1
END

is "loopback: exit status 0" "$(cat "$work/status-lo")" 0
like "loopback: what the stack doesn't send is skipped, and counted" "$(tail -n 1 "$work/lo")" \
	"^[0-9]+ requests: 1[0-9][0-9] like Linux, 0 conform, 0 unlike Linux, 0 wrong, [3-9][0-9] skipped$"
like "... and said" "$(cat "$work/lo")" "Skipped:
  this host's own stack wouldn't send it: "
is "behind a router: exit status 0" "$(cat "$work/status-far")" 0
like "behind a router: what it wouldn't pass on is skipped" "$(cat "$work/far")" \
	"Skipped:
  a router is between: TTL 0; TTL 1; "

like "text: a line for each request" \
	"$(sed -n 's/^like Linux  *an ordinary echo request  *echo reply  *//p' "$work/far")" \
	"^RFC 1122 3.2.2.6$"

is "nobody there: exit status 2" "$(cat "$work/status-nobody")" 2
is "nobody there: said in a line" "$(cat "$work/nobody")" \
	"echogate: 198.18.0.77: nobody at c0 says that 198.18.0.77 is his; is the host up?"
is "nobody who answers: exit status 2" "$(cat "$work/status-deaf")" 2
like "nobody who answers: said in a line" "$(cat "$work/deaf")" \
	"^echogate: 127.0.0.1: no reply to an ordinary echo request, so there is nothing to compare; [^
]*$"
refuses "no route" 2 "203.0.113.1: no route to it" probe plain 203.0.113.1
need ip -n "$pre-plain-c" link add d0 type veth peer name d1
need ip -n "$pre-plain-c" link set d0 up
refuses "an interface without address" 2 "d0: it has no IPv4 address to send from" \
	probe plain -I d0 198.18.0.2
refuses "several hosts" 2 "one host at a time" probe plain 198.18.0.2 198.18.9.9
refuses "no single host" 2 "no single host" probe plain 198.18.0.255
if have setpriv; then
	refuses "without CAP_NET_RAW" 2 "without CAP_NET_RAW all of its requests would be skipped" \
		in_ns "$pre-plain-c" setpriv --reuid=65534 --clear-groups \
		"$ECHOGATE" probe --conformance 198.18.0.2
else
	skip "without CAP_NET_RAW" "setpriv isn't there"
fi

finish
