#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What `reject` sends, and never sends: by raw frames from a station (c0), and by a kernel
# that must believe the errors (c1, of another namespace).

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite reject
make_station
add_ns user
user=$pre-user
add_pair "$user" c1 02:00:00:00:01:01 "$host" h1 02:00:00:00:01:02
add_addr "$user" c1 198.18.1.1/24 fd00:19::1/64
add_addr "$host" h1 198.18.1.2/24 fd00:19::2/64

rejected="from 198.18.0.2 to 198.18.0.1 tos c0 ttl 64"
rejected6="from fd00:18::2 to fd00:18::1 tos 00 ttl 64"

kinds() {
	local mode=$1

	apply_rules <<-'EOF'
		default pass
		reject udp port 1 with net-unreachable
		reject udp port 2 with host-unreachable
		reject udp port 3 with protocol-unreachable
		reject udp port 4 with port-unreachable
		reject udp port 5 with admin-prohibited
		reject tcp port 6 with tcp-reset
		reject tcp port 7
		reject icmp not type echo-request
		reject protocol { 41, 47 } with protocol-unreachable
		reject udp to 198.18.44.0/24 with net-unreachable
		reject udp to fd00:44::/32 with net-unreachable
	EOF
	sends "$mode: net-unreachable" "udp dport=1" "icmp 3/0 $rejected len 56 quote 28 sums ok"
	sends "$mode: host-unreachable" "udp dport=2 data=1" \
		"icmp 3/1 $rejected len 57 quote 29 sums ok"
	sends "$mode: protocol-unreachable" "udp dport=3" \
		"icmp 3/2 $rejected len 56 quote 28 sums ok"
	sends "$mode: port-unreachable" "udp dport=4" "icmp 3/3 $rejected len 56 quote 28 sums ok"
	sends "$mode: admin-prohibited" "udp dport=5" "icmp 3/13 $rejected len 56 quote 28 sums ok"
	sends "$mode: port-unreachable is the default" "tcp dport=7" \
		"icmp 3/3 $rejected len 68 quote 40 sums ok"
	sends "$mode: for a protocol without ports" "proto=47 data=33" \
		"icmp 3/2 $rejected len 81 quote 53 sums ok"
	sends "$mode: for an ICMP query" "icmp type=17" "icmp 3/3 $rejected len 56 quote 28 sums ok"
	sends "$mode: TOS: precedence 6, and the packet's own type of service" \
		"udp dport=4 tos=0x3f" "icmp 3/3 ${rejected/c0/de} len 56 quote 28 sums ok"
	sends "$mode: 576 bytes at most" "udp dport=4 data=521" \
		"icmp 3/3 $rejected len 576 quote 548 sums ok"
	sends "$mode: 576 bytes just fit" "udp dport=4 data=520" \
		"icmp 3/3 $rejected len 576 quote 548 sums ok"
	sends "$mode: options are quoted" "udp dport=4 options=01010100 data=5" \
		"icmp 3/3 $rejected len 65 quote 37 sums ok"
	sends "$mode: a first fragment" "udp dport=4 frag=0:1 data=16" \
		"icmp 3/3 $rejected len 72 quote 44 sums ok"

	sends "$mode: net-unreachable, IPv6" "udp dport=1 to=fd00:18::2" \
		"icmp6 1/0 $rejected6 len 96 quote 48 sums ok"
	sends "$mode: host-unreachable, IPv6" "udp dport=2 to=fd00:18::2 data=1" \
		"icmp6 1/3 $rejected6 len 97 quote 49 sums ok"
	sends "$mode: protocol-unreachable, IPv6: parameter problem, and where" \
		"udp dport=3 to=fd00:18::2" "icmp6 4/1 $rejected6 len 96 rest 6 quote 48 sums ok"
	sends "$mode: port-unreachable, IPv6" "udp dport=4 to=fd00:18::2" \
		"icmp6 1/4 $rejected6 len 96 quote 48 sums ok"
	sends "$mode: admin-prohibited, IPv6" "udp dport=5 to=fd00:18::2" \
		"icmp6 1/1 $rejected6 len 96 quote 48 sums ok"
	sends "$mode: 1,280 bytes at most" "udp dport=4 to=fd00:18::2 data=1185" \
		"icmp6 1/4 $rejected6 len 1280 quote 1232 sums ok"
	sends "$mode: extension headers are quoted" "udp dport=4 ext=60" \
		"icmp6 1/4 $rejected6 len 104 quote 56 sums ok"

	# RFC 9293 3.10.7.1
	sends "$mode: tcp-reset of a SYN" "tcp dport=6 seq=4294967295" \
		"tcp 6 to 40000 flags 14 ${rejected/c0/00} len 40 seq 0 ack 0 sums ok"
	sends "$mode: tcp-reset of a segment with data and FIN" \
		"tcp dport=6 flags=0x01 seq=5 data=7 words=7" \
		"tcp 6 to 40000 flags 14 ${rejected/c0/00} len 40 seq 0 ack 13 sums ok"
	sends "$mode: tcp-reset of a segment with ACK" "tcp dport=6 flags=0x10 ack=77 data=100" \
		"tcp 6 to 40000 flags 04 ${rejected/c0/00} len 40 seq 77 ack 0 sums ok"
	sends "$mode: tcp-reset, IPv6" "tcp dport=6 to=fd00:18::2 data=3" \
		"tcp 6 to 40000 flags 14 $rejected6 len 60 seq 0 ack 1004 sums ok"

	# Nobody can send an error in the name of an address that isn't his.
	sends "$mode: for a packet to somebody else" "udp to=198.18.44.4" \
		"icmp 3/0 $rejected len 56 quote 28 sums ok"
	sends "$mode: for a packet to somebody else, IPv6" "udp to=fd00:44::4" \
		"icmp6 1/0 $rejected6 len 96 quote 48 sums ok"
}

never='
icmp type=3
icmp type=4
icmp type=5
icmp type=11
icmp type=12
icmp type=200
udp to=198.18.0.255
udp to=255.255.255.255
udp to=224.0.0.1
udp to=239.1.2.3
udp mac=ff:ff:ff:ff:ff:ff
udp mac=01:00:5e:00:00:01
udp mac=02:00:00:00:00:77
udp frag=2 data=16
udp from=0.0.0.0
udp from=127.0.0.1
udp from=224.0.0.1
udp from=240.0.0.1
udp from=255.255.255.255
udp from=198.18.0.2
udp from=198.18.0.255
udp badsum=ip
udp first=0x44
tcp flags=4
tcp flags=0x14
icmp6 type=1
icmp6 type=2
icmp6 type=3
icmp6 type=4
icmp6 type=100
icmp6 type=127
udp to=ff02::1
udp to=ff0e::1
udp to=fd00:18::2 mac=33:33:00:00:00:01
udp to=fd00:18::2 from=::
udp to=fd00:18::2 from=::1
udp to=fd00:18::2 from=ff02::1
udp to=fd00:18::2 from=fd00:18::2
udp ext=44:2 data=16
ether=0x88cc data=50
'
never=$(grep . <<<"$never")

# forbidden MODE PATH: each of these is dropped and nothing comes back, whether or not
# anybody is asked about the way back.
forbidden() {
	local mode=$1 path=$2 before

	apply_rules <<-EOF
		reply-path $path
		reject tcp with tcp-reset limit 100000/s
		reject limit 100000/s
	EOF
	before=$(counter "$host" h0 reasons.reject-forbidden.packets)
	is "$mode, reply path $path: never an error about these" \
		"$(send_frames -w 20 <<<"$never" | paste -d: - <(cat <<<"$never") |
			grep -v ^silent:)" ""
	is "$mode, reply path $path: each under the same reason" \
		"$(($(counter "$host" h0 reasons.reject-forbidden.packets) - before))" \
		"$(wc -l <<<"$never")"
}

limit() {
	local mode=$1 out back most before

	apply_rules <<-'EOF'
		reject udp port 9
		reject udp port 10 limit 100000/s burst 400
	EOF
	before=$(counter "$host" h0 reasons.reject-limit.packets)
	out=$(in_ns "$client" "$EG_TESTS/flood" -c 300 c0 udp dport=9)
	# The clock is the tick, of 10 ms at most, and frames may wait for their turn.
	back=$(member back "$out") most=$((50 + $(member answered_us "$out") / 1000 + 10))
	if [ "$back" -ge 50 ] && [ "$back" -le "$most" ]; then
		ok "$mode: 50 errors at once and 1,000 a second"
	else
		not_ok "$mode: $back errors instead of 50 to $most" "$out"
	fi
	is "$mode: the others under their reason" \
		"$(($(counter "$host" h0 reasons.reject-limit.packets) - before))" $((300 - back))
	out=$(in_ns "$client" "$EG_TESTS/flood" -c 300 c0 udp dport=10)
	is "$mode: a limit of the rule's own" "$(member back "$out")" 300
}

# The kernel's errors, but for what no two of them share: identification and with it the
# header's checksum, in IPv6 the flow label.
errors() {
	send_frames -w 5000 -x <<-'EOF' | sed 's/.* ok //' |
		udp dport=9
		udp dport=9 data=1 tos=0x2e ttl=1
		udp dport=9 data=1400 id=7 df=1
		udp dport=9 to=fd00:18::2
		udp dport=9 to=fd00:18::2 data=1 tos=0x2e ttl=1
		udp dport=9 to=fd00:18::2 data=1400
	EOF
		sed -e 's/^\(4.\{7\}\)....\(.\{8\}\)..../\1----\2----/' -e 's/^\(6..\)...../\1-----/'
}

# refused tcp|udp ADDRESS PORT: that is what a process is told, and at once
# shellcheck disable=SC2016  # the inner shell expands
refused() {
	local started=${EPOCHREALTIME/./} out took

	out=$(in_ns "$user" timeout 10 bash -c '
		exec 3<>"/dev/$0/$1/$2" || exit
		for ((i = 0; i < 50; i++)); do
			echo hello >&3 || exit
			sleep 0.02
		done' "$@" 2>&1)
	took=$(((${EPOCHREALTIME/./} - started) / 1000))
	note "$took ms"
	# A SYN that is lost is sent again after a second.
	if [[ $out == *"Connection refused"* ]] && [ "$took" -lt 1000 ]; then
		echo refused
	else
		echo "$out, after $took ms"
	fi
}

believed() {
	local mode=$1 what=$1${2:+, $2} addr before

	apply_rules h1 <<-'EOF'
		default pass
		reject udp port 33434-33534 with port-unreachable
		reject tcp port 99 with tcp-reset
		reject udp port 99
	EOF
	warm_up "$user" 198.18.1.2 fd00:19::2
	for addr in 198.18.1.2 fd00:19::2; do
		before=$(counter "$host" h1 verdicts.reject.packets)
		is "$what: connect() to $addr" "$(refused tcp "$addr" 99 | tail -n 1)" refused
		is "$what: which echogate refused" \
			"$(($(counter "$host" h1 verdicts.reject.packets) - before))" 1
		is "$what: a datagram to $addr" "$(refused udp "$addr" 99 | tail -n 1)" refused
		if have traceroute; then
			like "$what: traceroute ends at $addr" "$(in_ns "$user" \
				traceroute -n -q 1 -w 5 "$addr" 2>&1 | tail -n 1)" \
				"^ 1  $addr  [0-9.]+ ms$"
		else
			skip "$what: traceroute" "traceroute isn't installed"
		fi
	done
}

# What the kernel says about a closed port, as often as it is asked
need set_sysctl "$host" net/ipv4/icmp_ratelimit=0 net/ipv6/icmp/ratelimit=0
kernel=$(errors)
is "the kernel answers all of these" "$(wc -l <<<"$kernel")" 6

for mode in native generic tc; do
	need "$ECHOGATE" attach h0 h1 --netns "$host" --mode "$mode"
	kinds "$mode"
	is "$mode: byte by byte what the kernel says about a closed port" "$(errors)" "$kernel"
	apply_rules h0 <<<"reject udp port 9"
	is "$mode: and so it is when a rule rejects" "$(errors)" "$kernel"
	is "$mode: which it did" "$(rule_counts)" 6
	forbidden "$mode" fib
	forbidden "$mode" swap
	limit "$mode"
	believed "$mode"
	if [ "$mode" = tc ]; then
		# The kernel finishes checksums now that the device doesn't, as on a wire.
		need in_ns "$host" ethtool -K h1 tx off
		believed tc "checksums finished on the way out"
		need in_ns "$host" ethtool -K h1 tx on
	fi
	need "$ECHOGATE" detach h0 h1 --netns "$host"
done

finish
