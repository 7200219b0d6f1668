#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `probe` as a ping and as a flood: against the kernel, echogate and a host that lies
# (tools/liar.c); what its options put on the wire; ten thousand hosts; beside iputils ping;
# without privileges; what it refuses.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite probe
make_pair
chmod 755 "$work"

# probe ARGUMENT...: from the client; its JSON in $work/json, its errors in $work/err
probe() {
	in_ns "$client" timeout 60 "$ECHOGATE" probe "$@" >"$work/json" 2>"$work/err"
}

# counts PATH...: of the JSON, in one line
counts() {
	local path line=()

	for path; do
		line+=("$(field "$path" <"$work/json")")
	done
	echo "${line[*]}"
}

# exits NAME STATUS COMMAND...
exits() {
	local name=$1 want=$2 status
	shift 2

	"$@"
	status=$?
	is "$name" "$status" "$want"
	[ "$status" -eq "$want" ] || note "$(cat "$work/err")"
}

h=hosts.0

# --- whoever answers ---

warm_up "$client" 198.18.0.2 fd00:18::2
for by in kernel native; do
	if [ "$by" = native ]; then
		check "attach" "$ECHOGATE" attach h0 --mode native --netns "$host"
		warm_up "$client" 198.18.0.2 fd00:18::2
	fi
	for family in 4 6; do
		addr=198.18.0.2
		[ "$family" = 4 ] || addr=fd00:18::2
		for size in 0 1 56 1473 9000; do
			exits "$by, IPv$family, $size bytes" 0 probe -c 5 -i 0.005 -s "$size" --json "$addr"
			# The kernel begins to stamp some time after it is asked to.
			like "... all are answered, and by the kernel's clock" \
				"$(counts $h.sent $h.received $h.lost $h.duplicates $h.reordered \
					$h.corrupted total.strays $h.stamps.kernel)" '^5 5 0 0 0 0 0 [45]$'
		done
	done
done
like "by echogate" "$(answers "$host" h0 4)" '^[1-9][0-9]'

# --- what it prints ---

out=$(in_ns "$client" "$ECHOGATE" probe -c 2 -i 0.1 198.18.0.2)
like "as ping prints it" "$out" \
'^PING 198.18.0.2 \(198.18.0.2\) 56\(84\) bytes of data.
64 bytes from 198.18.0.2: icmp_seq=1 ttl=64 time=[0-9.]+ ms
64 bytes from 198.18.0.2: icmp_seq=2 ttl=64 time=[0-9.]+ ms

--- 198.18.0.2 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time [0-9]+ms
rtt min/avg/max/mdev = [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms
rtt p50/p90/p99 = [0-9.]+/[0-9.]+/[0-9.]+ ms$'
out=$("$ECHOGATE" probe -q -c 2 -i 0.01 --netns "$client" 198.18.0.2 fd00:18::2 198.18.0.1)
like "several hosts, as fping does" "$out" \
'
198.18.0.2 : xmt/rcv/%loss = 2/2/0%, min/avg/max = .*
fd00:18::2 : xmt/rcv/%loss = 2/2/0%, min/avg/max = .*
198.18.0.1 : xmt/rcv/%loss = 2/2/0%, min/avg/max = .*
3 of 3 hosts answered, 6 packets transmitted, 6 received, 0% packet loss, time [0-9]+ms$'
is "--quiet has no lines of replies" "$(grep -c ' bytes from ' <<<"$out")" 0

is "hosts by standard input" \
	"$(in_ns "$client" "$ECHOGATE" probe -q -c 1 @- <<<"198.18.0.2 # one" | grep -c ' 1 received')" 1

# Signals, to a program that has no end of its own
ip netns exec "$client" "$ECHOGATE" probe -i 0.05 198.18.0.2 >"$work/out" 2>"$work/err" &
pid=$!
wait_for 10 grep -q icmp_seq=5 "$work/out"
kill -QUIT "$pid"
check "SIGQUIT: a line in between" wait_for 10 grep -q -E \
	'^[0-9]+/[0-9]+ packets, 0% loss, min/avg/max/mdev = ' "$work/err"
kill -INT "$pid"
wait "$pid"
is "SIGINT: it ends well" "$?" 0
like "... with the statistics" "$(cat "$work/out")" 'packets transmitted, [0-9]+ received, 0%'

# --- options on the wire ---

add_addr "$client" c0 198.18.0.11/24
add_addr "$host" h0 198.18.9.9/32
# The kernel's answers, for tcpdump to see.
"$ECHOGATE" detach h0 --netns "$host" >/dev/null
ip netns exec "$host" tcpdump -i h0 -n -U -w "$work/pcap" icmp or icmp6 2>"$work/tcpdump" &
pid=$!
wait_for 10 grep -q 'listening on' "$work/tcpdump"
probe -c 1 -t 9 -Q 72 -p a55a01 -s 30 198.18.0.2
probe -c 1 -t 9 -Q 72 fd00:18::2
probe -c 1 --df -s 100 198.18.0.2
probe -c 1 -s 2000 198.18.0.2
probe -c 1 -s 31 --source 198.18.0.11 198.18.0.2
exits "without a route there is no --interface" 2 probe -c 1 198.18.9.9
exits "with one there is" 0 probe -c 1 -s 32 --interface c0 198.18.9.9
exits "too long for the link, and --df" 1 probe -c 1 --df -s 2000 -W 0.1 198.18.0.2
like "... it says for which" "$(cat "$work/err")" \
	'^echogate: 198.18.0.2: 2000 bytes of data are too long for the way there, whose MTU is 1500;'
exits "IPv6: too long, and --df" 1 probe -c 1 --df -s 2000 -W 0.1 fd00:18::2
probe -c 3 -i 0.1 -t 123 198.18.0.2
wait_for 10 sh -c "tcpdump -n -v -r '$work/pcap' 2>/dev/null | grep -A 1 'ttl 123' | grep 'seq 3'"
kill "$pid"
wait "$pid"
tcpdump -n -v -x -r "$work/pcap" 2>/dev/null >"$work/wire"
# Each packet in one line
wire=$(awk '/^[0-9]/ && NR > 1 { print "" } { sub(/^\t0x[0-9a-f]*:/, ""); printf "%s ", $0 }' "$work/wire" |
	tr -s ' ')
# seen NAME REGEX COUNT: so many packets
seen() {
	is "$1" "$(grep -c -E -- "$2" <<<"$wire")" "$3"
}
seen "--ttl, --tos, --size" 'tos 0x48, ttl 9, .* 198.18.0.1 > 198.18.0.2: ICMP echo request, .* seq 1, length 38 ' 1
seen "--pattern" 'length 38 .*a55a 01a5 5a01 a55a 01a5 5a01 a55a 01a5 5a01 a55a 01a5 5a01 a55a 01a5 5a01( |$)' 2
seen "IPv6: --ttl, --tos" 'class 0x48.* hlim 9, .* fd00:18::1 > fd00:18::2: .*echo request.* seq 1' 1
seen "--df" 'flags \[DF\].* ICMP echo request.* length 108 ' 1
seen "without: a first fragment" 'offset 0, flags \[\+\].*198.18.0.1 > 198.18.0.2: ICMP echo request.* length 1480 ' 1
seen "... and the rest" 'offset 1480, flags \[none\].*198.18.0.1 > 198.18.0.2: ' 1
seen "--source" '198.18.0.11 > 198.18.0.2: ICMP echo request.* length 39 ' 1
seen "--interface" '198.18.0.1 > 198.18.9.9: ICMP echo request.* length 40 ' 1
seen "numbers from 1 on" 'ttl 123, .*ICMP echo request.* seq [123], ' 3

# --- hosts that lie ---

need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=1 net/ipv6/icmp/echo_ignore_all=1

# lies FAMILY HOW...: until quiet
lies() {
	coproc LIAR { exec ip netns exec "$host" "$EG_TESTS/liar" "$@" 2>"$work/liar"; }
	liar=$LIAR_PID
	read -r -t 10 _ <&"${LIAR[0]}" || bail "liar: $(cat "$work/liar")"
}

quiet() {
	kill "$liar"
	wait "$liar" 2>/dev/null
}

all=(sent received lost duplicates reordered corrupted errors failed)
every=(honest silent twice hold honest data short long checksum number id unreachable too-big redirect
	runt nonsense strange)
lies 4 "${every[@]}"
exits "IPv4, every lie" 0 probe -c 17 -i 0.05 -W 1 198.18.0.2
text=$(cat "$work/json")
probe -c 17 -i 0.05 -W 1 --json 198.18.0.2
is "... is counted" "$(counts "${all[@]/#/$h.}" total.malformed total.strays)" "17 8 9 1 1 4 3 0 2 1"
while read -r what regex; do
	like "... and said: $what" "$text" "$regex"
done <<'END'
twice icmp_seq=3 ttl=64 time=[0-9.]+ ms \(DUP!\)
hold icmp_seq=5 .*icmp_seq=4 
data icmp_seq=6 ttl=64 time=[0-9.]+ ms.wrong data byte #10 should be 0xa but was 0x8a
short 63 bytes from 198.18.0.2: icmp_seq=7 ttl=64 time=[0-9.]+ ms \(WRONG LENGTH!\)
long 65 bytes from 198.18.0.2: icmp_seq=8 ttl=64 time=[0-9.]+ ms \(WRONG LENGTH!\)
checksum icmp_seq=9 ttl=64 time=[0-9.]+ ms \(BAD CHECKSUM!\)
unreachable From 198.18.0.2 icmp_seq=12 Destination Host Unreachable
too-big From 198.18.0.2 icmp_seq=13 Frag needed and DF set \(mtu = 1234\)
redirect From 198.18.0.2 icmp_seq=14 Redirect Host\(New nexthop: 198.18.0.77\)
runt From 198.18.0.2 malformed ICMP type 3, code 1: it quotes less than an IP header
nonsense From 198.18.0.2 malformed ICMP type 3, code 1: what it quotes is no IPv4 header
sum \+1 duplicates, \+1 reordered, \+4 corrupted, \+3 errors, 52.9412% packet loss, \+2 malformed, \+1 strays
END
is "... and no more" "$(grep -c '^[0-9]* bytes from' <<<"$text") $(grep -c ^From <<<"$text")" "10 5"
quiet
ip -n "$client" route flush cache

lies 6 "${every[@]/checksum/silent}"
probe -c 17 -i 0.05 -W 1 --json fd00:18::2
is "IPv6, every lie" "$(counts "${all[@]/#/$h.}" total.malformed total.strays)" "17 8 9 1 1 3 2 0 2 1"
quiet
ip -n "$client" -6 route flush cache

# iputils ping on the same path: what is lost, and how long it takes.
# shellcheck disable=SC2317
compare() {
	local ours theirs

	probe -c 24 -i 0.05 -W 1 --json 198.18.0.2
	ours="$(counts $h.sent $h.received)"
	theirs=$(in_ns "$client" ping -n -q -c 24 -i 0.05 -W 1 198.18.0.2 | tee "$work/ping" |
		sed -n 's/ packets transmitted, \([0-9]*\) received.*/ \1/p')
	is "ping and probe lose the same" "$ours" "$theirs"
	is "... a quarter" "$ours" "24 18"
	theirs=$(sed -n 's,^rtt [^=]* = [^/]*/\([0-9]*\)\..*,\1,p' "$work/ping")
	ours=$(($(counts $h.rtt_ns.avg) / 1000000))
	note "20 ms, and what the host needs: ping $theirs ms, probe $ours ms on an average"
	if [ "$ours" -ge 20 ] && [ "$ours" -le $((theirs * 2)) ] && [ "$theirs" -le $((ours * 2)) ]; then
		ok "... and tell about the same time"
	else
		not_ok "... and tell about the same time" "ping $theirs ms, probe $ours ms"
	fi
}
lies 4 late late silent late
compare
quiet

# --- stamps ---

# All that is slow is this process: the kernel's stamps don't know of it.
need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=0 net/ipv6/icmp/echo_ignore_all=0
if have strace && strace -o /dev/null true 2>/dev/null; then
	for where in sendto recvmmsg; do
		probe_slowly() {
			in_ns "$client" strace -o /dev/null -e "trace=$where" \
				-e "inject=$where:delay_enter=100000" \
				"$ECHOGATE" probe -c 5 -i 0.2 --json 198.18.0.2 >"$work/json"
		}
		exits "a $where() that takes its time" 0 probe_slowly
		like "... is no part of the round trip" "$(($(counts $h.rtt_ns.p50) / 1000000))" '^[0-9]$|^[1-4][0-9]$'
	done
	# The kernel drops what isn't ours: another ping's replies to the same host.
	ip netns exec "$client" ping -n -q -i 0.005 -w 3 198.18.0.2 >/dev/null &
	pid=$!
	in_ns "$client" strace -o "$work/calls" -e trace=recvmmsg \
		"$ECHOGATE" probe -q -c 10 -i 0.05 198.18.0.2 >"$work/out"
	is "others' replies aren't heard at all" "$(awk '/MSG_ERRQUEUE/ { next }
		match($0, /= [0-9]+$/) { n += substr($0, RSTART + 2) } END { print n }' "$work/calls")" 10
	kill "$pid"
	wait "$pid" 2>/dev/null
else
	skip "stamps and filters" "strace is not installed, or not allowed"
fi

# --- without privileges ---

cp "$ECHOGATE" "$work/echogate"
chmod 755 "$work/echogate"
if have setpriv; then
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$work/echogate")
	need set_sysctl "$client" "net/ipv4/ping_group_range=1 0"
	refuses "neither raw nor a ping socket" 2 'not permitted: .*net.ipv4.ping_group_range \(1-0\).*sysctl ' \
		in_ns "$client" "${nobody[@]}" probe -c 1 198.18.0.2
	need set_sysctl "$client" "net/ipv4/ping_group_range=0 65534"
	as_nobody() {
		in_ns "$client" "${nobody[@]}" probe "$@" >"$work/json" 2>"$work/err"
	}
	exits "ping sockets of both families" 0 as_nobody -c 3 -i 0.01 --json 198.18.0.2 fd00:18::2
	is "... are answered" "$(counts $h.received hosts.1.received total.strays)" "3 3 0"
	is "... and it says once what they hide" "$(wc -l <"$work/err")" 1
	like "... namely" "$(cat "$work/err")" 'without CAP_NET_RAW: .* hides replies that are malformed'
	need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=1
	lies 4 "${every[@]}"
	as_nobody -c 17 -i 0.05 -W 1 --json 198.18.0.2
	# The kernel has dropped the wrong checksum, what quotes nothing, and what quotes others'.
	is "... every lie that is visible" "$(counts "${all[@]/#/$h.}" total.malformed)" "17 8 9 1 1 3 3 0 0"
	quiet
	need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=0
	ip -n "$client" route flush cache
	refuses "nobody floods a namespace that he can't look into" 2 'neither loopback nor' \
		in_ns "$client" "${nobody[@]}" probe --flood 10 -c 10 198.18.0.2
	exits "... but his own" 0 as_nobody --flood 1000 -c 10 198.18.0.1
else
	skip "without privileges" "setpriv is not installed"
fi

# --- many ---

add_ns many
many=$pre-many
need ip -n "$many" route add local 198.18.0.0/16 dev lo
for ((i = 0; i < 10000; i++)); do
	echo "198.18.$((i / 250)).$((i % 250 + 1))"
done >"$work/hosts"
echo "# a comment, twice the same, and in one line: 198.18.0.1" >>"$work/hosts"
echo "198.18.0.1 198.18.0.2 # three" >>"$work/hosts"
ip netns exec "$many" tcpdump -i lo -Q in -n -s 64 -B 65536 -U -w "$work/many" 'icmp[0] == 8' 2>"$work/tcpdump" &
pid=$!
wait_for 10 grep -q 'listening on' "$work/tcpdump"
probe_many() {
	in_ns "$many" "$ECHOGATE" probe "$@" >"$work/json" 2>"$work/err"
}
exits "ten thousand hosts" 0 probe_many -q -c 2 -i 1 --json "@$work/hosts"
# Only the sum: of ten thousand, each look takes long.
sum=$(sed -n '/^  "total"/,$p' "$work/json")
echo "{ $sum" >"$work/json"
is "... all answered, each twice" "$(counts total.hosts total.answered total.sent total.received \
	total.duplicates total.strays)" "10000 10000 20000 20000 0 0"
is "... an address given twice is asked once, and said" "$(cat "$work/err")" \
	"echogate: 198.18.0.1: it is 198.18.0.1, which is asked already
echogate: 198.18.0.2: it is 198.18.0.2, which is asked already"
# What waits for it in the ring when it is ended is not written.
written() {
	[ "$(tcpdump -n -r "$work/many" 2>/dev/null | wc -l)" -ge 20000 ]
}
wait_for 20 written
kill "$pid"
wait "$pid"
# Whoever holds it up for 50 ms shifts it; nothing is made up for beyond that.
read -r packets hosts most < <(tcpdump -tt -n -r "$work/many" 2>/dev/null | awk '
	{ n++; bin[substr($1, 6, 7)]++; to[$5]++ }
	END { for (b in bin) if (bin[b] > most) most = bin[b]; for (t in to) hosts++; print n, hosts, most }')
is "... as seen on the wire" "$packets $hosts" "20000 10000"
if [ "$most" -ge 500 ] && [ "$most" -le 1700 ]; then
	ok "... evenly: no tenth of a second has more than 1700"
else
	not_ok "... evenly: no tenth of a second has more than 1700" "$most"
fi
note "at most $most in a tenth of a second, 1000 are meant"

# --- floods ---

# floods NAME WHO COUNT ARGUMENT...: WHO counts as many as were sent
floods() {
	local name=$1 who=$2 count=$3 before after
	shift 3

	before=$($who)
	exits "flood: $name" 0 probe --json --flood "$@"
	after=$($who)
	is "... what was sent has arrived" "$(counts $h.sent)" "$((after - before))"
	is "... all of it was answered" "$(counts $h.received $h.lost $h.duplicates $h.corrupted $h.strays)" \
		"$(counts $h.sent) 0 0 0 0"
	[ "$count" = any ] || is "... and so much was asked for" "$(counts $h.sent)" "$count"
}
by_kernel4() { kernel_echos "$host" 4; }
by_kernel6() { kernel_echos "$host" 6; }
by_echogate() { answers "$host" h0 4; }

floods "IPv4" by_kernel4 20000 -c 20000 198.18.0.2
floods "IPv6" by_kernel6 20000 -c 20000 fd00:18::2
floods "no room for a number" by_kernel4 5000 -c 5000 -s 4 198.18.0.2
floods "a rate, as an argument of its own" by_kernel4 any 2000 -w 1 198.18.0.2
rate=$(counts $h.per_second)
if [ "$rate" -ge 200 ] && [ "$rate" -le 2020 ]; then
	ok "... is kept"
else
	not_ok "... is kept" "$rate instead of 2000 a second"
fi
note "$rate/s of 2000/s"
check "attach again" "$ECHOGATE" attach h0 --mode native --netns "$host"
warm_up "$client" 198.18.0.2
floods "echogate" by_echogate 20000 -c 20000 --netns "$client" 198.18.0.2
"$ECHOGATE" detach h0 --netns "$host" >/dev/null

need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=1
lies 4 honest twice data silent
exits "flood: a host that lies" 0 probe --json --flood 200 -c 100 -W 0.5 198.18.0.2
is "... is found out" "$(counts $h.sent $h.received $h.lost $h.duplicates $h.corrupted $h.strays)" \
	"100 50 50 25 25 0"
quiet
exits "flood: a host that is silent" 1 probe --json --flood -c 3000 -W 0.1 198.18.0.2
is "... is counted as lost" "$(counts $h.sent $h.received $h.lost)" "3000 0 3000"
need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=0
like "a line shows its rate on a terminal" "$(script -q -e -c \
	"ip netns exec $client $ECHOGATE probe --flood 1000 -w 0.8 198.18.0.1" /dev/null </dev/null)" \
	'[0-9]+/s, [0-9]+ sent, [0-9]+ received, 0 duplicates'
like "a flood ends by itself" "$(in_ns "$client" "$ECHOGATE" probe --flood -c 10 127.0.0.1 2>&1)" \
	'56 bytes of data, 10 s at most'

# Another machine's address, though a namespace here has it, too
add_ns away
add_addr "$pre-away" lo 198.18.0.50/32
before=$(kernel_echos "$host" 4)
refuses "a stranger" 2 '198.18.77.77 is neither loopback nor.*--yes-this-is-mine' \
	in_ns "$client" "$ECHOGATE" probe --flood 198.18.77.77
refuses "an address that a namespace has, but not on this way" 2 '198.18.0.50 is neither loopback nor' \
	in_ns "$client" "$ECHOGATE" probe --flood 198.18.0.50
refuses "loopback, but by way of an interface" 2 '127.0.0.1 is neither loopback nor, by this way,' \
	in_ns "$client" "$ECHOGATE" probe --flood -I c0 127.0.0.1
exits "... which may be lo" 0 probe --flood -c 10 -I lo 127.0.0.1
need ip -n "$host" address add 198.18.0.50/24 dev h0
exits "... and when it has it" 0 probe --flood -c 10 --json 198.18.0.50
like "... it says who" "$(cat "$work/err")" "198.18.0.50 is an address of namespace $host"
need ip -n "$host" address del 198.18.0.50/24 dev h0
exits "a stranger that is mine" 1 probe --flood 100 -c 5 -W 0.1 --yes-this-is-mine --json 198.18.0.60
is "... is flooded" "$(counts $h.sent)" 5
refuses "a flood of several" 2 'one host at a time' \
	in_ns "$client" "$ECHOGATE" probe --flood 127.0.0.1 198.18.0.2
is "... and nothing else was sent" "$(($(kernel_echos "$host" 4) - before))" 10

# --- what can't be ---

# wrong NAME REGEX ARGUMENT...: an error, exit status 2, no statistics
wrong() {
	local name=$1 regex=$2 status
	shift 2

	probe "$@"
	status=$?
	if [ "$status" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && [[ $(cat "$work/err") =~ $regex ]] &&
		! grep -q statistics "$work/json"; then
		ok "$name"
		note "$(cat "$work/err")"
	else
		not_ok "$name" "exit status $status" "$(cat "$work/err")" "wanted: $regex"
	fi
}
wrong "unknown host" 'nosuch.invalid: (unknown host|Temporary failure)' -c 1 nosuch.invalid
wrong "no host" 'no host is named' -c 1
wrong "an empty file" 'no host is named' -c 1 @/dev/null
wrong "no file" 'hosts: /nonexistent: No such file' -c 1 @/nonexistent
wrong "no address of that family" '127.0.0.1: it has no IPv6 address' -6 -c 1 127.0.0.1
wrong "both families at once" 'exclude each other' -4 -6 127.0.0.1
wrong "no route" '192.0.2.1: no route: .*ip route get 192.0.2.1' -c 1 192.0.2.1
wrong "no route, IPv6" 'fd00:77::1: no route: ' -c 1 fd00:77::1
wrong "a broadcast" 'address of many' -c 1 198.18.0.255
wrong "no interface" '--interface nope0: it doesn.t exist' -I nope0 198.18.0.2
need ip -n "$client" link add bare0 type veth peer name bare1
need ip -n "$client" link set bare0 up
wrong "an interface without address" 'bare0: it has no IPv4 address to send from' -c 1 -I bare0 198.18.0.2
wrong "others' address" '--source 198.18.0.99: no interface here has this' -c 1 --source 198.18.0.99 198.18.0.2
wrong "no address" '--source: "x" is no IP address' --source x 198.18.0.2
wrong "a source of the other family" 'it has no IPv6 address' --source fd00:18::1 198.18.0.2
wrong "a link-local address of any link" 'fe80::1: it exists on every link; say which: fe80::1%IFACE' fe80::1
for pair in "-c 0" "-c x" "-i 0.001" "-i x" "-s 65528" "-t 0" "-t 256" "-Q 256" "-p xyz" "-p 0" "-W 0" "-w x" \
	"--flood=0"; do
	read -r -a words <<<"$pair"
	wrong "$pair" '--(count|interval|size|ttl|tos|pattern|timeout|deadline|flood): ' "${words[@]}" 198.18.0.2
done
wrong "a flood with an interval" 'no --interval' --flood -i 1 198.18.0.2
probe -c 1 -s 65508 -W 0.1 198.18.0.2
like "too long for IPv4" "$(cat "$work/err")" '65508 bytes of data are too long for IP; expected 65507'
exits "one of three is unknown, one has no route" 2 \
	probe -c 1 --json 198.18.0.2 nosuch.invalid 192.0.2.1
is "... the others are asked all the same" "$(counts total.hosts total.answered total.sent $h.received)" \
	"2 1 1 1"
exits "nobody answers" 1 probe -c 2 -i 0.1 -W 0.2 --json 198.18.0.77
exits "one of two doesn't" 1 probe -c 2 -i 0.1 -W 0.2 --json 198.18.0.2 198.18.0.77
is "... and the other one" "$(counts $h.received hosts.1.received)" "2 0"
begun=$SECONDS
exits "--deadline ends it" 0 probe -i 0.05 -w 1 --json 198.18.0.2
check "... in time" test $((SECONDS - begun)) -le 20
exits "--count within --deadline" 1 probe -c 1000 -w 0.3 --json 198.18.0.2

# --- with sanitizers ---

if [ -x "$EG_TESTS/echogate-san" ]; then
	ECHOGATE=$EG_TESTS/echogate-san
	export ASAN_OPTIONS=detect_leaks=1
	head -n 500 "$work/hosts" >"$work/some"
	exits "with sanitizers, 500 hosts" 0 probe_many -q -c 2 -i 0.5 --json "@$work/some"
	is "... answered" "$(counts total.received)" 1000
	exits "with sanitizers, a flood" 0 probe_many --flood -c 2000 --json 198.18.0.1
	need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=1
	lies 4 "${every[@]}"
	exits "with sanitizers, every lie" 0 probe -c 17 -i 0.05 -W 0.5 198.18.0.2 fd00:18::2
	quiet
	exits "with sanitizers, an unknown host" 2 probe -c 1 nosuch.invalid 192.0.2.1
	is "... and nothing is said but that" "$(grep -c -v '^echogate: ' "$work/err")" 0
else
	skip "with sanitizers" "echogate-san is not built"
fi

finish
