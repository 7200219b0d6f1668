#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# explain: what it says of packets is what happens to them, in each mode and from a file; it
# counts nothing and uses no limit up; and whatever is wrong with its input is said in a line.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite explain
make_pair
# A user who is nobody must be able to run it.
chmod 755 "$work"
cp "$ECHOGATE" "$work/echogate"
chmod 755 "$work/echogate"
ECHOGATE=$work/echogate

echogate() {
	"$ECHOGATE" "$@"
}

# Frames from the client to the host, checksums and all.
ping4=020000000002020000000001080045000024000100004001eeb0c6120001c612000208005435123400016162636465666768
ping6=02000000000202000000000186dd6000000000103a40fd000018000000000000000000000001fd0000180000000000000000000000028000e1b5123400016162636465666768
ssh=020000000002020000000001080045000028000100004006eea7c6120001c61200029c40001600000001000000005002040083630000
telnet=020000000002020000000001080045000028000100004006eea7c6120001c61200029c40001700000001000000005002040083620000
trace=020000000002020000000001080045000020000100004011eea4c6120001c61200029c4082dc000c8fca61626364
arp=ffffffffffff02000000000108060001080006040001020000000001c6120001000000000000c6120002
foreign=020000000002020000000001080045000024000100004001e5a9c6120001c612090908005435123400016162636465666768
tagged=0200000000020200000000018100000a080045000024000100004001eeb0c6120001c612000208005435123400016162636465666768
wrong=${ping4%68}69			# its ICMP checksum is
detour=${ping4/020000000001/020000000009}	# from another station than the next hop
short=${ping4:0:60}			# ends within the IP header
raw=${ping4:28}				# without its Ethernet header
non_ip=02000000000202000000000188cc0102

cat >"$work/rules.conf" <<'END'
default answer
protect tcp port 22 from 198.18.0.0/24
count icmp limit 1/h burst 1
drop tcp
drop arp
reject udp port 33434-33534
answer icmp type echo-request to local limit 1/h burst 1, per-source 1/h burst 1
drop icmp type echo-request
egress {
	drop tcp port 23
}
END
rules=$work/rules.conf

# The sense of what explain prints about one packet, on one line. awk expands.
# shellcheck disable=SC2016
said() {
	echogate explain "$@" --netns "$host" 2>&1 | awk '
		/^  matched|^            line/ {
			if (match($0, /line [0-9]+:/))
				lines = lines " " substr($0, RSTART + 5, RLENGTH - 6)
		}
		/^  protected/ { protected = ", protected" }
		/^  verdict/ { verdict = $2; sub(/.*, by /, ""); by = $0 }
		/^  reason/ { reason = " (" substr($2, 1, length($2) - 1) ")" }
		/^echogate:/ { print }
		END { print "matched" lines protected ": " verdict " by " by reason }'
}

# What stands on the line that begins with a word: line WORD, of what explain printed
part() {
	sed -n "s/^  $1  *//p"
}

# The verdicts, for a place as explain's arguments name it
verdicts() {
	local name=$1
	shift

	is "$name: answered by a rule" "$(said $ping4 "$@")" "matched 3 7: answer by line 7"
	is "$name: answered by default" "$(said $ping6 "$@")" "matched: answer by default answer"
	is "$name: protected by a rule" "$(said $ssh "$@")" \
		"matched 2, protected: pass by default answer"
	is "$name: protected for what it is" "$(said $arp "$@")" \
		"matched, protected: pass by default answer"
	is "$name: dropped" "$(said $telnet "$@")" "matched 4: drop by line 4"
	is "$name: rejected" "$(said $trace "$@")" "matched 6: reject by line 6"
	is "$name: not for this host" "$(said $foreign "$@")" "matched 3 8: drop by line 8"
	is "$name: can't be answered, and why" "$(said "$wrong" "$@")" \
		"matched 3 7: pass by line 7 (icmp-checksum)"
	is "$name: an IP packet without link header" "$(said "$raw" "$@" | sed 's/ (other-path)//')" \
		"$(said $ping4 "$@" | if [ $# -eq 2 ]; then cat; else sed s/answer/pass/; fi)"
	is "$name: on the way out" "$(said $telnet --egress "$@")" "matched 10: drop by line 10"
	is "$name: on the way out, no rule" "$(said $ssh --egress "$@")" "matched: pass by default pass"
}

# --- nothing is attached ---

refuses "nothing attached" 4 "nothing is attached" echogate explain $ping4 --netns "$host"
refuses "not attached" 4 "h0: not attached" echogate explain $ping4 h0 --netns "$host"
refuses "nothing attached, as JSON" 4 "nothing is attached" \
	echogate explain $ping4 --json --netns "$host"
verdicts "from a file" --config "$rules"
is "from a file: whatever its VLAN" "$(said $tagged --config "$rules")" \
	"matched 3 7: answer by line 7"
is "from a file: wherever it came from" "$(said "$detour" --config "$rules")" \
	"matched 3 7: answer by line 7"
like "from a file: the output says so" \
	"$(echogate explain $ping4 --config "$rules" --netns "$host")" "attached nowhere.*isn't judged"
clean "from a file: nothing is left" "$host"

# --- what is loaded, in each mode ---

need ip -n "$host" neighbour replace 198.18.0.1 lladdr 02:00:00:00:00:01 dev h0 nud permanent
need ip -n "$host" neighbour replace fd00:18::1 lladdr 02:00:00:00:00:01 dev h0 nud permanent

# A counter may move because of somebody's multicast report: then once more.
counts_nothing() {
	local before after

	for _ in 1 2 3 4 5; do
		before=$(echogate stats h0 --netns "$host" --json)
		verdicts "again" h0 >/dev/null
		after=$(echogate stats h0 --netns "$host" --json)
		[ "$before" = "$after" ] && break
	done
	[ -n "$before" ] || echo "no counters"
	diff <(echo "$before") <(echo "$after")
}

pings() {
	in_ns "$client" ping -n -q -c 1 -W 1 198.18.0.2 >/dev/null 2>&1 && echo answered || echo silence
}

for mode in native generic tc; do
	need echogate attach h0 --netns "$host" --mode "$mode" --config "$rules"
	verdicts "$mode" h0
	is "$mode: from another station than the next hop" "$(said "$detour")" \
		"matched 3 7: pass by line 7 (other-path)"
	is "$mode: no such VLAN" "$(said $tagged)" "matched 3 7: pass by line 7 (vlan-unknown)"
	is "$mode: no counter has moved" "$(counts_nothing)" ""
	is "$mode: no limit was used up: one ping is answered, as the rule says" "$(pings)" answered
	is "$mode: and no more" "$(pings)" silence
	is "$mode: a limit that is used up counts no more in a trial" "$(said $ping4)" \
		"matched 3 7: answer by line 7"
	need echogate detach h0 --netns "$host"
done
need echogate attach h0 --netns "$host" --mode tc --config "$rules"
refuses_some() {
	local name=$1 regex=$2 out status
	shift 2

	out=$(echogate explain "$@" --netns "$host" 2>"$work/err")
	status=$?
	is "$name: exit status" $status 1
	like "$name: why" "$out" "$regex"
	like "$name: a line about it" "$(cat "$work/err")" "packets can't be tried"
}
refuses_some "what makes no packet in tc" "verdict +none: .*shorter" "$short"
need echogate attach h0 --netns "$host" --mode native --config "$rules"
is "the same in XDP" "$(said "$short")" "matched: pass by default answer (ip-truncated)"

# --- what is printed ---

out=$(echogate explain $ping4 h0 --netns "$host")
like "text: the interface and what runs there" "$out" "^h0 .netns $host.: ingress, native, generation "
like "text: what the packet is" "$out" \
	$'\n#1  IPv4 icmp echo-request 198.18.0.1 > 198.18.0.2 ttl 64, 50 bytes\n'
like "text: a rule with its line, and that limits aren't counted" "$out" \
	"line 7: answer icmp .* \(limit not counted\)"
is "text: what the reply is" "$(part reply <<<"$out")" \
	"IPv4 icmp echo-reply 198.18.0.2 > 198.18.0.1 ttl 64, 50 bytes"
is "text: the reply's bytes can be explained themselves" \
	"$(sed -n '/^  reply/,$p' <<<"$out" | tail -n +2 | echogate explain - --config "$rules" \
		--netns "$host" | sed -n 's/^#1  //p')" "$(part reply <<<"$out")"
is "text: a reject's reply" "$(echogate explain $trace --netns "$host" | part reply)" \
	"IPv4 icmp destination-unreachable port-unreachable 198.18.0.2 > 198.18.0.1 ttl 64 dscp cs6, 74 bytes"
like "text: a reason is explained" "$(echogate explain "$wrong" --netns "$host" | part reason)" \
	"^icmp-checksum: ICMP checksum is wrong$"
for frame in "$arp:ARP request 198.18.0.1 > 198.18.0.2, 42 bytes" \
	"$telnet:IPv4 tcp 198.18.0.1 port 40000 > 198.18.0.2 port 23 syn ttl 64, 54 bytes" \
	"$tagged:VLAN 10 IPv4 icmp echo-request 198.18.0.1 > 198.18.0.2 ttl 64, 54 bytes" \
	"$ping6:IPv6 icmp6 echo-request fd00:18::1 > fd00:18::2 ttl 64, 70 bytes" \
	"$non_ip:EtherType 0x88cc, 16 bytes" "$short:IPv4, malformed (ip-truncated), 30 bytes"; do
	is "text: ${frame#*:}" "$(echogate explain "${frame%%:*}" --netns "$host" | sed -n 's/^#1  //p')" \
		"${frame#*:}"
done

json=$(echogate explain $ping4 h0 --json --netns "$host")
for pair in version=1 interface=h0 "netns=$host" mode=native direction=ingress default=answer \
	packets=1 packets.0.number=1 packets.0.time=null packets.0.length=50 \
	packets.0.fields.kind=icmp packets.0.fields.type=echo-request packets.0.fields.ttl=64 \
	packets.0.fields.from=198.18.0.1 packets.0.fields.from_local=false \
	packets.0.fields.to_local=true packets.0.protected=false packets.0.rules=2 \
	packets.0.rules.0.line=3 packets.0.rules.1.line=7 packets.0.verdict=answer \
	packets.0.reason=none packets.0.reply_fields.type=echo-reply packets.0.untried=null; do
	is "JSON: ${pair%%=*}" "$(field "${pair%%=*}" <<<"$json")" "${pair#*=}"
done
is "JSON: decided by the rule with this id" "$(field packets.0.decided_by <<<"$json")" \
	"$(field packets.0.rules.1.id <<<"$json")"
is "JSON: ids are those of rules" "$(field packets.0.decided_by <<<"$json")" \
	"$(echogate rules h0 --json --netns "$host" | field interfaces.0.rules.5.id)"
like "JSON: the reply" "$(field packets.0.reply <<<"$json")" "^020000000001020000000002080045000024"
is "JSON: several packets, all there" \
	"$(printf '%s\n\n' $ping4 $telnet $ssh | echogate explain - --json --netns "$host" |
		tee "$work/several" | field packets; field packets.1.verdict <"$work/several"
	field packets.2.protected <"$work/several")" $'3\ndrop\ntrue'
is "JSON: by default" "$(echogate explain $ping6 --json --netns "$host" | field packets.0.decided_by)" null
is "JSON: from a file" "$(echogate explain $ping4 --json --config "$rules" --netns "$host" |
	field interface)" null

# --- hex ---

spaced() {
	sed "s/../&$1/g; s/$1\$//" <<<"$ping4"
}
is "hex with blanks" "$(said "$(spaced ' ')")" "matched 3 7: answer by line 7"
is "hex with colons" "$(said "$(spaced :)")" "matched 3 7: answer by line 7"
is "hex on several lines" "$(said "$(fold -w 20 <<<"$ping4")")" "matched 3 7: answer by line 7"
is "hex in a file" "$(echo $ping4 >"$work/hex.txt"; said "$work/hex.txt")" "matched 3 7: answer by line 7"
refuses "no hex, and no file" 2 '"ping": neither a file nor hex: line 1, column 1: .p.' \
	echogate explain ping --netns "$host"
refuses "half a byte" 2 "column 99: half a byte" echogate explain ${ping4%?} --netns "$host"
refuses "empty hex" 2 "there is no packet" echogate explain "" --netns "$host"
refuses "nothing on standard input" 2 "standard input: .*there is no packet" \
	echogate explain - --netns "$host"

# --- captures ---

# shellcheck disable=SC2001  # what would do it without sed is unreadable
bin() {
	printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"
}
le() {
	printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}
# head_of LINKTYPE [MAGIC]; record HEX [CAPTURED [WHOLE]]
head_of() {
	bin "${2-d4c3b2a1}020004000000000000000000$(le 262144)$(le "$1")"
}
record() {
	local n=$((${#1} / 2))

	bin "$(le 1700000000)$(le 250000)$(le "${2-$n}")$(le "${3-$n}")$1"
}
c=$work/c.pcap

{ head_of 1; record $ping4; record $telnet; } >"$c"
is "pcap" "$(echogate explain "$c" --netns "$host" | part verdict | sed 's/ .*by / by /')" \
	$'answer by line 7\ndrop by line 4'
is "pcap by standard input" "$(echogate explain - --json <"$c" --netns "$host" | field packets)" 2
is "pcap through a pipe" "$(echogate explain - --json --netns "$host" < <(cat "$c") | field packets)" 2
is "pcap: time" "$(TZ=UTC echogate explain "$c" --netns "$host" | sed -n 's/^\(#1 .*\)  IPv4.*/\1/p')" \
	"#1 2023-11-14 22:13:20.250000"
is "pcap: time in JSON" "$(echogate explain "$c" --json --netns "$host" | field packets.0.time)" 1700000000
{ head_of 1 4d3cb2a1; record $ping4; } >"$c"
is "pcap with nanoseconds" "$(echogate explain "$c" --json --netns "$host" | field packets.0.nanoseconds)" \
	250000
{ head_of 101; record "$raw"; } >"$c"
is "raw IP" "$(said "$c")" "matched 3 7: pass by line 7 (other-path)"
like "raw IP: the header is made up, and so is the station it came from" \
	"$(echogate explain "$c" --netns "$host" | part note)" "made up: .*isn't known"
is "raw IP, rules from a file" "$(said "$c" --config "$rules")" "matched 3 7: answer by line 7"
{ head_of 113; record 0000000100060200000000010000"0800$raw"; } >"$c"
is "Linux cooked" "$(said "$c")" "matched 3 7: answer by line 7"
like "Linux cooked: the header is made up" "$(echogate explain "$c" --netns "$host" | part note)" "made up$"
{ head_of 276; record 080000000000000200010006020000000001"0000$raw"; } >"$c"
is "Linux cooked, second form" "$(said "$c")" "matched 3 7: answer by line 7"
{ head_of 113; record 000100010006020000000001"00000800$raw"; } >"$c"
is "Linux cooked, broadcast" "$(said "$c")" "matched 3 7: pass by line 7 (eth-group)"
{ head_of 113; record 00000001000602; record $ping4; } >"$c"
refuses_some "Linux cooked, cut within its header" "none: .*cut off its link header" "$c"
{ head_of 1; record "${ping4:0:92}" 46 50; } >"$c"
is "cut by the capture" "$(said "$c")" "matched 3 7: pass by line 7 (ip-length)"
is "cut by the capture: said" "$(echogate explain "$c" --netns "$host" | part note)" \
	"the capture has cut it to 46 of 50 bytes, hence the reason"
bin "0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000" >"$c"
bin "0100000014000000010000000000000014000000" >>"$c"
bin "06000000$(le 84)000000000000000000000000$(le 50)$(le 50)${ping4}0000$(le 84)" >>"$c"
is "pcapng" "$(said "$c")" "matched 3 7: answer by line 7"
head_of 1 >"$c"
is "a capture without packets" "$(echogate explain "$c" --netns "$host" | tail -n 1)" "no packets"
is "a capture without packets, as JSON" "$(echogate explain "$c" --json --netns "$host" | field packets)" 0

in_ns "$client" tcpdump -U -n -i c0 -c 2 -w "$work/real.pcap" icmp 2>"$work/tcpdump" &
wait_for 10 grep -q "listening on" "$work/tcpdump"
need echogate attach h0 --netns "$host" --config /dev/null
in_ns "$client" ping -n -q -c 1 -W 5 198.18.0.2 >/dev/null
wait
need echogate attach h0 --netns "$host" --config "$rules"
is "what tcpdump has written" "$(echogate explain "$work/real.pcap" --json --netns "$host" |
	tee "$work/several" | field packets.0.verdict; field packets.1.fields.type <"$work/several")" \
	$'answer\necho-reply'

# --- captures that aren't ---

# bad_capture NAME REGEX: of $c, in one line and with status 2
bad_capture() {
	refuses "$1" 2 "$2" echogate explain "$c" --json --netns "$host"
}

head_of 105 >"$c"
bad_capture "link type that isn't understood" "IEEE802_11.*only Ethernet"
head_of 999 >"$c"
bad_capture "link type that nobody knows" "999 \(unknown\)"
head_of 1 | head -c 20 >"$c"
bad_capture "cut in its header" "c.pcap: "
echo "This is no capture" >"$c"
bad_capture "text" "neither a capture .* nor hex: line 1, column 1: .T."
head -c 300 /dev/zero >"$c"
bad_capture "zeros" "byte 0x00 is not a hex digit"
: >"$c"
bad_capture "empty file" "there is no packet"
refuses "directory" 2 "Is a directory" echogate explain "$work" --netns "$host"
refuses "file that isn't there" 2 "nothing.pcap: No such file" \
	echogate explain "$work/nothing.pcap" --netns "$host"
refuses "file that isn't there, without a directory" 2 "nothing.pcap: No such file" \
	echogate explain nothing.pcap --netns "$host"

# The packets before are explained, and what is wrong is said.
half_bad() {
	local name=$1 regex=$2 out status

	out=$(echogate explain "$c" --json --netns "$host" 2>"$work/err")
	status=$?
	is "$name: exit status, and the packet before" \
		"$status $(field packets.0.verdict <<<"$out")" "2 answer"
	like "$name: said in a line" "$(cat "$work/err")" "^echogate: $c: .*$regex"
}
{ head_of 1; record $ping4; record $ping4 2147483647; } >"$c"
half_bad "huge length captured" length
{ head_of 1; record $ping4; record $ping4 4294967295 4294967295; } >"$c"
half_bad "length captured of -1" length
{ head_of 1; record $ping4; record $ping4 5000; } >"$c"
half_bad "cut within a packet" truncated
{ head_of 1; record $ping4; record $ping4 | head -c 10; } >"$c"
half_bad "cut within a header" truncated
{ head_of 1; record $ping4 50 4294967295; record $ping4 50 3; record "" ; } >"$c"
refuses_some "odd lengths" "cut it to 50 of 4294967295 bytes.*IPv4 icmp.*50 bytes.*none: the capture" "$c"
{ head_of 1; bin "ffffffffffffffff$(le 50)$(le 50)$ping4"; } >"$c"
is "a time that is none" "$(said "$c")" "matched 3 7: answer by line 7"

# Cut anywhere: an error, or what is there. Nothing worse, and one line at most.
{ head_of 276; record 080000000000000200010006020000000001"0000$raw"; } >"$work/whole.pcap"
size=$(wc -c <"$work/whole.pcap")
worse=
for ((n = 0; n < size; n++)); do
	head -c "$n" "$work/whole.pcap" >"$c"
	echogate explain "$c" h0 --netns "$host" >/dev/null 2>"$work/err"
	status=$?
	[[ $status =~ ^[012]$ && $(wc -l <"$work/err") -le 1 ]] || worse+=" $n:$status"
done
is "a capture cut at each of its $size bytes" "$worse" ""

# --- many at once, and slow ones ---

# eg_trace is one for all who explain.
{
	head_of 1
	for _ in {1..200}; do record $ping4; record $telnet; record $ssh; done
} >"$c"
echogate explain "$c" h0 --json --netns "$host" | grep -o '"verdict":"[a-z]*"' >"$work/alone"
for n in 1 2 3 4; do
	echogate explain "$c" h0 --json --netns "$host" | grep -o '"verdict":"[a-z]*"' >"$work/at-once-$n" &
done
wait
is "600 packets explained" "$(wc -l <"$work/alone")" 600
for n in 1 2 3 4; do
	check "four at once don't disturb each other: $n" cmp "$work/alone" "$work/at-once-$n"
done

mkfifo "$work/fifo"
echogate explain - h0 --netns "$host" <"$work/fifo" >"$work/slow" &
slow=$!
exec 3>"$work/fifo"
{ head_of 1; record $ping4; } >&3
check "a packet is explained as soon as it is there" wait_for 20 grep -q "verdict.*line 7" "$work/slow"
check "who waits for packets locks nobody out" timeout 60 "$ECHOGATE" attach h0 --netns "$host"
record $telnet >&3
exec 3>&-
wait $slow
is "and goes on afterwards" $? 0
like "to the end" "$(cat "$work/slow")" "verdict.*line 7.*verdict.*line 4"

# --- the command line ---

refuses "no packets" 2 "no packets given" echogate explain
refuses "two interfaces" 2 "one interface at most" echogate explain $ping4 h0 h1
refuses "--config and an interface" 2 "exclude each other" echogate explain $ping4 h0 --config "$rules"
refuses "configuration that isn't there" 2 "nothing.conf: No such" \
	echogate explain $ping4 --config "$work/nothing.conf"
refuses "no such interface" 1 "nope: no such interface" echogate explain $ping4 nope --netns "$host"
refuses "no such namespace" 1 "no network namespace" echogate explain $ping4 --netns eg-nowhere
need ip -n "$host" link add h1 type veth peer name h1-peer
need echogate attach h1 --netns "$host"
refuses "several are attached" 2 "name one of: h0, h1" echogate explain $ping4 --netns "$host"
need echogate detach h1 --netns "$host"
if have setpriv; then
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
	refuses "without privileges" 3 "not permitted: .*run it as root" \
		"${nobody[@]}" "$ECHOGATE" explain $ping4 --netns "$host"
	refuses "without privileges, from a file" 3 "not permitted: .*run it as root" \
		"${nobody[@]}" "$ECHOGATE" explain $ping4 --config /dev/null --netns "$host"
else
	skip "missing privileges" "no setpriv"
fi

# --- without link header ---

if [ -c /dev/net/tun ] && ip -n "$host" tuntap add mode tun name t0 2>"$work/tun"; then
	need ip -n "$host" link set t0 up
	echo "reply-path swap" >"$work/swap.conf"
	need echogate attach t0 --netns "$host" --config "$work/swap.conf"
	is "tun: answered" "$(said "$raw" t0)" "matched: answer by default answer"
	is "tun: the Ethernet header is taken off" "$(said $ping4 t0)" "matched: answer by default answer"
	like "tun: the reply has none" "$(echogate explain $ping4 t0 --json --netns "$host" |
		field packets.0.reply)" "^45"
	refuses_some "tun: what is not IP" "none: it is not IP" $arp t0
	need echogate detach t0 --netns "$host"
	need ip -n "$host" link del t0
else
	skip "tun device" "this machine has none: $(head -n 1 "$work/tun" 2>/dev/null)"
fi

need echogate detach h0 --netns "$host"
clean "nothing is left" "$host"
finish
