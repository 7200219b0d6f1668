#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules against real packets. First every matcher: each frame of a list is sent alone, and
# each rule of another list must have counted just the frames that its line names.

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite rules

# NAME and what `frame` makes of it
frames='
arp        arp
lldp       ether=0x88cc data=50
short4     udp cut=18
version4   udp first=0x55
version6   udp to=fd00:18::2 first=0x50
chain6     udp ext=60 cut=12
igmp       igmp ttl=1 to=224.0.0.1
echo4      icmp
echo4code  icmp code=7
stamp      icmp type=13
port4      icmp type=3 code=3
toobig4    icmp type=3 code=4
cut4       icmp cut=4
echo6      icmp6
port6      icmp6 type=1 code=4
ns         icmp6 type=135 ttl=255
dns4       udp dport=53
dns6       udp dport=53 to=fd00:18::2
reply4     udp sport=53 dport=3000
udpcut     udp dport=53 cut=4
udplite    udplite dport=53
sctp       sctp dport=53
dccp       dccp dport=53
syn4       tcp dport=22
syn6       tcp dport=22 to=fd00:18::2
synack     tcp dport=22 flags=0x12
null       tcp dport=23 flags=0
xmas       tcp dport=22 flags=0x29
words4     tcp dport=22 words=4
tcpcut     tcp dport=22 cut=6
gre        proto=47 data=20
ospf6      proto=89 to=fd00:18::2 data=20
other4     udp from=198.18.7.7
other6     udp from=fd00:77::7 to=fd00:18::2
listed4    udp from=198.18.9.9
listed6    udp from=fd00:99::9 to=fd00:18::2
self4      udp from=198.18.0.2 to=198.18.0.1
notself4   udp to=198.18.0.77
bcast4     udp to=198.18.0.255
ttl1       udp ttl=1
hops9      udp ttl=9 to=fd00:18::2
ef         udp tos=0xb8
ef6        udp tos=0xbb to=fd00:18::2
ecn        udp tos=3
long4      udp data=972
long6      udp data=952 to=fd00:18::2
liar       udp length=1000
first4     udp dport=53 frag=0:1 data=16
later4     udp dport=53 frag=2 data=16
first6     udp dport=53 ext=44:0:1 data=16
later6     udp dport=53 ext=44:2 data=16
atomic6    udp dport=53 ext=44:0 data=16
echofirst  icmp frag=0:1 data=16
options4   udp dport=53 options=01010100
optfirst   udp dport=53 options=01010100 frag=0:1 data=16
ext6       udp dport=53 ext=60
hop6       icmp6 ext=0
vlan10     udp vlan=10
vlan20     icmp vlan=0xe014
qinq       udp vlan=0x88a8:10 vlan=20
vlanarp    arp vlan=11
'
sets='
set listed { 198.18.9.0/24, fd00:99::/32 }
set fromfile file "listed.txt"
'

sets='
set listed { 198.18.9.0/24, fd00:99::/32 }
set fromfile file "listed.txt"
'

# A rule, and the frames it matches: "all but NAME..." are all others
bad="short4 version4 version6 chain6"
nonip="arp lldp vlanarp $bad"
tagged="vlan10 vlan20 qinq vlanarp"
matchers="
ip                : all but arp lldp vlanarp version6 chain6 echo6 port6 ns dns6 syn6 ospf6 other6 \
		    listed6 hops9 ef6 long6 first6 later6 atomic6 ext6 hop6
ip6               : version6 chain6 echo6 port6 ns dns6 syn6 ospf6 other6 listed6 hops9 ef6 long6 \
		    first6 later6 atomic6 ext6 hop6
arp               : arp vlanarp
non-ip            : lldp
icmp              : echo4 echo4code stamp port4 toobig4 cut4 echofirst vlan20
icmp6             : echo6 port6 ns hop6
tcp               : syn4 syn6 synack null xmas words4 tcpcut
udp               : dns4 dns6 reply4 udpcut other4 other6 listed4 listed6 self4 notself4 bcast4 ttl1 \
		    hops9 ef ef6 ecn long4 long6 liar first4 later4 first6 later6 atomic6 options4 \
		    optfirst ext6 vlan10 qinq
not tcp           : all but syn4 syn6 synack null xmas words4 tcpcut
not ip6           : all but version6 chain6 echo6 port6 ns dns6 syn6 ospf6 other6 listed6 hops9 ef6 \
		    long6 first6 later6 atomic6 ext6 hop6
protocol { 47, ospf, sctp } : sctp gre ospf6
icmp type echo-request      : echo4 echo4code echofirst vlan20
icmp type { 13, destination-unreachable } code { 0, port-unreachable } : stamp port4
icmp6 type echo-request     : echo6 hop6
icmp not type echo-request  : stamp port4 toobig4
icmp type echo-request code 7 : echo4code
icmp6 code 4      : port6
protocol { tcp, udp, udplite, sctp, dccp } port 53 : dns4 dns6 udplite sctp dccp first4 first6 \
		    atomic6 options4 optfirst ext6
udp port 53       : dns4 dns6 first4 first6 atomic6 options4 optfirst ext6
protocol { udp, sctp } port 50-60 : dns4 dns6 sctp first4 first6 atomic6 options4 optfirst ext6
tcp not port 22   : null
udp source-port { 53, 123 } : reply4
udp not source-port 40000   : reply4
tcp flags syn     : syn4 syn6 synack
tcp flags syn/syn+ack       : syn4 syn6
tcp flags none/fin+syn+rst+psh+ack+urg : null
tcp not flags syn : null xmas
ttl 1             : igmp ttl1
ttl { 9, 255 }    : ns hops9
not ttl 64        : igmp ns ttl1 hops9
dscp ef           : ef ef6
not dscp cs0      : ef ef6
length 1000       : long4 long6 liar
length 29-40      : stamp syn4 synack null xmas words4 tcpcut sctp dccp later4 gre options4
not length 0-999  : long4 long6 liar
fragment          : first4 later4 first6 later6 atomic6 echofirst optfirst
fragment first    : first4 first6 atomic6 echofirst optfirst
fragment later    : later4 later6
not fragment      : all but $nonip first4 later4 first6 later6 atomic6 echofirst optfirst
options           : options4 optfirst ext6 hop6
not options       : all but $nonip options4 optfirst ext6 hop6
vlan none         : all but $tagged
vlan any          : $tagged
vlan 10           : vlan10 qinq
vlan { 11, 20 }   : vlan20 vlanarp
not vlan 10-19    : all but vlan10 qinq vlanarp
from 198.18.7.0/24          : other4
not from { 198.18.0.0/24, fd00:18::/64 } : other4 other6 listed4 listed6
from @listed      : listed4 listed6
from @fromfile    : listed4 listed6
not from @listed  : all but $nonip listed4 listed6
from { 198.18.7.7, @listed, fd00:77::/64 } : other4 other6 listed4 listed6
to 198.18.0.2 not udp       : echo4 echo4code stamp port4 toobig4 cut4 udplite sctp dccp syn4 synack \
		    null xmas words4 tcpcut gre echofirst vlan20
not to { 198.18.0.2, fd00:18::2 } : igmp self4 notself4 bcast4
from local        : self4
to local          : all but $nonip igmp self4 notself4 bcast4
not to local      : igmp self4 notself4 bcast4
udp port 53 from 198.18.0.0/24 not fragment ttl 64 vlan none : dns4 options4
"

# Rules that match nothing, so many that they don't fit into a word
padding() {
	for port in {1..70}; do
		echo "count tcp port $port ttl 200"
	done
}

# Of a row of matchers: the rule, and the names of frames it should match, sorted
rule_of() {
	local rule=${1%% : *}

	echo "${rule%"${rule##*[![:space:]]}"}"
}

frames_of() {
	local names

	read -r -a names <<<"${1##* : }"
	if [ "${names[*]:0:2}" = "all but" ]; then
		grep -vxF "$(printf '%s\n' "${names[@]:2}")" <<<"$all"
	else
		printf '%s\n' "${names[@]}"
	fi | sort | tr '\n' ' '
}

# Sends each frame alone. The last rule matches all: when it has counted, the frame has been
# seen, and counters read after that are complete.
measure() {
	local name frame now was last i

	mapfile -t was < <(rule_counts)
	last=$((${#was[@]} - 1))
	while read -r name frame; do
		send_frames <<<"$frame" >"$work/sent" || not_ok "frame $name" "$(cat "$work/sent")"
		wait_for 5 seen $((was[last] + 1)) || not_ok "frame $name: nobody has seen it"
		mapfile -t now < <(rule_counts)
		for i in "${!now[@]}"; do
			[ "${now[i]}" = "${was[i]}" ] || hits[i]+="$name"$'\n'
		done
		was=("${now[@]}")
	done <<<"$frames"
}

seen() {
	[ "$(rule_counts | tail -n 1)" -ge "$1" ]
}

# match_all MODE [WHAT]: with WHAT the padding comes first
match_all() {
	local mode=$1 what=$1${2:+, $2} row at=0 idle=
	local -a hits=()

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	{
		echo "default drop$sets"
		[ $# -eq 1 ] || padding
		while IFS= read -r row; do
			echo "count $(rule_of "$row")"
		done <<<"$matchers"
		echo count
	} | apply_rules
	measure
	if [ $# -gt 1 ]; then
		for ((; at < 70; at++)); do
			idle+=${hits[at]:-}
		done
		is "$what: rules that match nothing" "$idle" ""
	fi
	while IFS= read -r row; do
		is "$what: $(rule_of "$row")" "$(printf %s "${hits[at]:-}" | sort | tr '\n' ' ')" \
			"$(frames_of "$row")"
		at=$((at + 1))
	done <<<"$matchers"
	is "$what: a rule without matchers" "$(printf %s "${hits[at]:-}")" "$all"
	need "$ECHOGATE" detach h0 --netns "$host"
}

make_station
printf '# of all kinds\n198.18.9.0/24\n\nfd00:99::/32 # and this\n' >"$work/listed.txt"
frames=$(grep . <<<"$frames") matchers=$(grep . <<<"$matchers")
all=$(cut -d' ' -f1 <<<"$frames")

match_all native
match_all tc "more than 64 rules"

# Verdicts --------------------------------------------------------------------------

# by NAME WHO WANTED FRAME: what comes back, and whether echogate or the kernel sent it: the
# counter WHO, as in verdicts.answer, is one more afterwards.
by() {
	local name=$1 who=$2 want=$3 before got wait=5000
	shift 3

	[ "$want" != silent ] || wait=100
	before=$(counter "$host" h0 "$who.packets")
	got=$(send_frames -w "$wait" <<<"$*")
	is "$name" "$got, $who +$(($(counter "$host" h0 "$who.packets") - before))" "$want, $who +1"
}

reply4="icmp 0/0 from 198.18.0.2 to 198.18.0.1 tos 00 ttl 64 len 28 echo sums ok"
reply6="icmp6 129/0 from fd00:18::2 to fd00:18::1 tos 00 ttl 64 len 48 echo sums ok"
unreachable="icmp 3/3 from 198.18.0.2 to 198.18.0.1 tos c0 ttl 64 len 56 quote 28 sums ok"
stamp="icmp 14/0 from 198.18.0.2 to 198.18.0.1 tos 00 ttl 64 len 40 now sums ok"
# The kernel sets DF in a reset.
reset="tcp 22 to 40000 flags 14 from 198.18.0.2 to 198.18.0.1 tos 00 ttl 64 len 40 frag 4000 seq 0 ack 1001 sums ok"

verdicts() {
	local mode=$1 pass=verdicts.pass drop=verdicts.drop answer=verdicts.answer

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	by "$mode: no rules: a ping is answered" $answer "$reply4" icmp
	by "$mode: and the kernel answers the time" $pass "$stamp" icmp type=13 code=5

	apply_rules <<-'EOF'
		count icmp length 28
		pass icmp type echo-request dscp cs1
		drop icmp type echo-request dscp cs2
		answer icmp type { echo-request, timestamp-request } dscp cs3
		answer icmp6 type echo-request to local
		drop ip6
		reject udp port 9
		count tcp length 0-39
	EOF
	by "$mode: pass" $pass "${reply4/tos 00/tos 20}" icmp tos=0x20
	by "$mode: drop" $drop silent icmp tos=0x40
	by "$mode: answer" $answer "${reply4/tos 00/tos 60}" icmp tos=0x60
	by "$mode: answer, IPv6" $answer "$reply6" icmp6
	by "$mode: first match wins" $drop silent udp to=fd00:18::2
	by "$mode: answer a timestamp request as the kernel does" $answer "${stamp/tos 00/tos 60}" \
		icmp type=13 code=5 tos=0x60
	by "$mode: answer only echo and timestamp requests" $pass silent icmp type=17 tos=0x60
	by "$mode: what can't be answered faithfully is the kernel's" reasons.ip-options \
		"${reply4/tos 00/tos 60}" icmp tos=0x60 options=01010100
	by "$mode: reject" verdicts.reject "$unreachable" udp
	by "$mode: count and go on" $pass "$reset" tcp dport=22
	by "$mode: no rule: the default is to answer" $answer "$reply4" icmp
	is "$mode: what each rule has counted" "$(rule_counts | tr '\n' ' ')" "5 1 1 3 1 1 1 0 "
	is "$mode: the same in stats" "$("$ECHOGATE" stats h0 --netns "$host" --json |
		field interfaces.0.rules.3.packets)" 3
	# An echo request with Ethernet header is 42 bytes, a timestamp request 54, options are 4.
	is "$mode: and the bytes" "$("$ECHOGATE" rules h0 --netns "$host" --stats --json |
		field interfaces.0.rules.3.bytes)" $((42 + 54 + 46))

	apply_rules <<-'EOF'
		default pass
		drop icmp type echo-request dscp cs2
	EOF
	by "$mode: default pass: the kernel answers" $pass "$reply4" icmp
	by "$mode: default pass: unless a rule drops" $drop silent icmp tos=0x40
	is "$mode: an unchanged rule keeps its counter" "$(rule_counts)" 2

	apply_rules <<-'EOF'
		default drop
		protect tcp port 22 from 198.18.0.0/24
		answer icmp type echo-request
		drop tcp
		drop even-protected icmp6 type { neighbor-solicitation, multicast-listener-query }
	EOF
	by "$mode: default drop" $drop silent udp
	by "$mode: default drop: not what a rule answers" $answer "$reply4" icmp
	by "$mode: protected from a rule that drops" $pass "$reset" tcp dport=22
	by "$mode: not protected" $drop silent tcp dport=22 from=198.18.7.7
	by "$mode: nor another port" $drop silent tcp dport=23
	by "$mode: even-protected: neighbour discovery" icmp6.neighbor-solicitation.drop silent \
		icmp6 type=135 ttl=255
	by "$mode: even-protected: multicast listener discovery" \
		icmp6.multicast-listener-query.drop silent icmp6 type=130 ttl=1
	by "$mode: default drop: neighbour discovery" icmp6.router-advertisement.pass silent \
		icmp6 type=134 ttl=255
	by "$mode: default drop: forged neighbour discovery" icmp6.router-advertisement.drop \
		silent icmp6 type=134 ttl=64
	by "$mode: default drop: multicast listener discovery" \
		icmp6.multicast-listener-report-v2.pass silent icmp6 type=143 ttl=1
	by "$mode: default drop: the same from afar" \
		icmp6.multicast-listener-report-v2.drop silent icmp6 type=143 ttl=2
	by "$mode: default drop: IGMP" protocols.igmp silent igmp
	by "$mode: default drop: redirects" icmp6.redirect.drop silent icmp6 type=137 ttl=255
	is "$mode: what each rule has counted of all that" "$(rule_counts | tr '\n' ' ')" "1 1 2 2 "

	apply_rules <<-'EOF'
		drop from @martians
		pass
	EOF
	by "$mode: a martian" $drop silent udp from=203.0.113.9
	by "$mode: an IPv6 one" $drop silent udp from=2001:db8::9 to=fd00:18::2
	by "$mode: an IPv4 address in an IPv6 packet" $drop silent udp from=::ffff:198.18.0.1 to=fd00:18::2
	by "$mode: no martian: a private address" $pass silent udp from=10.0.0.9
	by "$mode: no martian: who asks whether its address is free" \
		icmp6.neighbor-solicitation.pass silent icmp6 type=135 ttl=255 from=::
	is "$mode: what each rule has counted of them" "$(rule_counts | tr '\n' ' ')" "3 2 "
	is "$mode: and the martians can be applied again" "$("$ECHOGATE" rules h0 --netns "$host" |
		apply_rules && "$ECHOGATE" rules h0 --netns "$host" | grep -c /)" 12

	apply_rules <<-'EOF'
		default pass
		egress {
			default pass
			count icmp
			drop icmp type echo-reply dscp cs2
			drop tcp source-port 22 flags rst
		}
	EOF
	by "$mode: egress: what isn't dropped" $pass "$reply4" icmp
	by "$mode: egress: drop" egress.icmp.echo-reply silent icmp tos=0x40
	by "$mode: egress: drop a reset" egress.protocols.tcp silent tcp dport=22
	is "$mode: egress: what each rule has counted" "$(rule_counts | tr '\n' ' ')" "2 1 1 "
	apply_rules <<-'EOF'
		default pass
		egress {
			default drop
			pass icmp type echo-reply
		}
	EOF
	by "$mode: egress: default drop" egress.protocols.tcp silent tcp dport=22
	by "$mode: egress: default drop: not what a rule passes" $pass "$reply4" icmp
	need "$ECHOGATE" detach h0 --netns "$host"
	clean "$mode: detach leaves no trace" "$host"
}

for mode in native generic tc; do
	verdicts "$mode"
done

finish
