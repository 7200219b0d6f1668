#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# doctor: what can be wrong in a namespace is made wrong, one thing after the other. It is found,
# with its severity; the command that doctor prints is run as it is; then it is found no more.

# shellcheck disable=SC2317,SC2016  # functions as arguments, and what eval expands
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite doctor
make_pair

echogate() {
	"$ECHOGATE" "$@"
}

# doctor [IFACE...]: of the host's namespace
doctor() {
	echogate doctor --netns "$host" "$@" 2>&1
}

# severity CHECK <WHAT DOCTOR SAYS: of the first finding of that check; nothing if there is none
severity() {
	awk -v check="$1:" '$2 == check { print $1; exit }'
}

# mend CHECK <...: its command
mend() {
	awk -v check="$1:" '$2 == check { on = 1; next }
		on { if ($1 == "$") { sub(/^ *\$ /, ""); print } exit }'
}

# finds NAME SEVERITY CHECK [IFACE...]: and leaves in $said what it said
said=
holder=
finds() {
	local name=$1 want=$2 check=$3
	shift 3

	said=$(doctor "$@")
	is "$name: found" "$(severity "$check" <<<"$said")" "$want"
}

# mends NAME SEVERITY CHECK [IFACE...]: found, and gone after the command that is printed
mends() {
	local name=$1 check=$3 command

	finds "$@"
	shift 3
	command=$(mend "$check" <<<"$said")
	if [ -z "$command" ]; then
		not_ok "$name: there is a command" "$said"
		return
	fi
	note "$command"
	check "$name: the command works" eval "$command"
	said=$(doctor "$@")
	is "$name: gone" "$(severity "$check" <<<"$said")" ""
}

# add_veth IFACE PEER: whose other end, at the client, has no program
add_veth() {
	need ip -n "$host" link add "$1" type veth peer name "$2" netns "$client"
	need ip -n "$host" link set "$1" up
	need ip -n "$client" link set "$2" up
}

# hold HOW: a foreign program on h0, held by a link until `release`. False: it can't be.
hold() {
	mkfifo "$work/hold"
	"$EG_TESTS/xdp-pass" "$host" h0 "$1" <"$work/hold" >"$work/held" 2>/dev/null &
	holder=$!
	exec 9>"$work/hold"
	wait_for 10 test -s "$work/held"
}

release() {
	exec 9>&-
	wait "$holder" 2>/dev/null
	rm "$work/hold" "$work/held"
}

# What doctor must not change
state() {
	for name in "$host" "$client"; do
		ip -n "$name" -d address
		in_ns "$name" tc qdisc show
		in_ns "$name" nft list ruleset 2>/dev/null
		in_ns "$name" sh -c 'cat /proc/sys/net/ipv[46]/conf/*/forwarding'
		find "$(pin_dir "$name")" 2>/dev/null
	done
}

# --- nothing is wrong ---

mends "tags that veth carries beside the frame" note vlan-tags h0
said=$(doctor h0)
is "exit status 0" $? 0
like "a veth whose other end has a program is well" "$said" \
	$'h0: would be native\n  nothing to complain of\n'
before=$(state)
doctor >/dev/null
is "doctor changes nothing" "$(state)" "$before"
need echogate attach h0 --netns "$host"
said=$(doctor h0)
is "exit status 0 when attached" $? 0
like "well when attached" "$said" $'h0: attached, native\n  nothing to complain of\n'
before=$(state)
doctor >/dev/null
is "nor does it when attached" "$(state)" "$before"

# --- which interfaces, and JSON ---

add_veth h1 c1
is "without a name: what is attached" "$(doctor | grep -c '^h[01]:')" 1
is "a name: that one" "$(doctor h1 | grep -o '^h[01]:')" h1:
need echogate detach h0 --netns "$host"
is "nothing attached: what is up" "$(doctor | grep -o '^[a-z0-9]*:' | xargs)" "h0: h1:"
need ip -n "$host" link set h1 down
is "but not what is down" "$(doctor | grep -o '^[a-z0-9]*:' | xargs)" "h0:"
json=$(doctor h0 h1 --json)
is "JSON: exit status 1 if there is an error" $? 1
is "JSON: version" "$(field version <<<"$json")" 1
is "JSON: namespace" "$(field host.netns <<<"$json")" "$host"
check "JSON: a list for the host" "$EG_TESTS/json-get" host.findings <<<"$json"
is "JSON: interfaces" "$(field interfaces.0.interface <<<"$json")$(
	field interfaces.1.interface <<<"$json")" "h0h1"
is "JSON: ifindex" "$(field interfaces.1.ifindex <<<"$json")" "$(ifindex "$host" h1)"
is "JSON: attached" "$(field interfaces.0.attached <<<"$json")" false
is "JSON: mode" "$(field interfaces.0.mode <<<"$json")" native
is "JSON: a finding's keys" "$(field interfaces.1.findings.0 <<<"$json" | xargs)" \
	"check severity text mend"
is "JSON: check" "$(field interfaces.1.findings.0.check <<<"$json")" down
is "JSON: command" "$(field interfaces.1.findings.0.mend <<<"$json")" \
	"nsenter --net=/run/netns/$host ip link set dev h1 up"
refuses "an interface that isn't there" 1 "no such interface" \
	"$ECHOGATE" doctor h0 nope --netns "$host"
refuses "an unknown option" 2 "unknown" "$ECHOGATE" doctor --all

# --- ways to name the namespace ---

mends "an interface that is down" warning down h1
like "inside the namespace nothing is entered" \
	"$(need ip -n "$host" link set h1 down; in_ns "$host" "$ECHOGATE" doctor h1 | mend down)" \
	"^ip link set dev h1 up$"
command=$(echogate doctor h1 --netns "/run/netns/$host" | mend down)
check "by its path" eval "$command"
like "then it is up" "$(ip -n "$host" link show h1)" ",UP"
need ip -n "$host" link set h1 down
ip netns exec "$host" sleep 1000 &
sleeper=$!
home=$(in_ns "$host" readlink /proc/self/ns/net)
entered() {
	[ "$(readlink "/proc/$sleeper/ns/net")" = "$home" ]
}
wait_for 5 entered
command=$(echogate doctor h1 --netns $sleeper | mend down)
check "by a process" eval "$command"
like "then it is up, too" "$(ip -n "$host" link show h1)" ",UP"
kill $sleeper
wait $sleeper 2>/dev/null
need ip -n "$host" link add 'a;b$(c)' type bridge
mends "a name that the shell would obey" warning down 'a;b$(c)'
need ip -n "$host" link del 'a;b$(c)'

# --- veth ---

finds "veth without a program at its other end" error veth-peer h1
doctor h1 >/dev/null
is "which is an error" $? 1
mends "the same" error veth-peer h1
need echogate attach h1 --netns "$host"
is "with it" "$(doctor h1 | severity veth-peer)" ""
need echogate detach c1 --netns "$client"
mends "attached, and the program is taken away" error veth-peer h1
is "it is in tc mode then" "$(status_of "$host" h1 mode)" tc
need echogate detach h1 --netns "$host"
# That it is true: replies get stuck, and tc mode helps.
add_addr "$client" c1 198.18.1.1/24
add_addr "$host" h1 198.18.1.2/24
need ip -n "$host" neigh add 198.18.1.1 dev h1 nud permanent \
	lladdr "$(in_ns "$client" cat /sys/class/net/c1/address)"
received() {
	in_ns "$client" ping -n -q -c 600 -i 0.002 -W 1 198.18.1.2 | grep -o '[0-9]* received'
}
need echogate attach h1 --netns "$host" --mode native
like "without it replies are lost" "$(received)" "^([0-5]?[0-9]?[0-9]) received"
mends "as doctor says" error veth-peer h1
is "and tc mode mends it" "$(received)" "600 received"
need echogate detach h1 --netns "$host"

# --- others' programs ---

for how in native generic; do
	need "$EG_TESTS/xdp-pass" "$host" h0 $how
	mends "foreign $how program" error foreign-xdp h0
done
need hold hold
need echogate attach h0 --netns "$host" --mode tc
finds "foreign program before tc mode" note foreign-xdp h0
need echogate detach h0 --netns "$host"
mends "foreign program held by a link" error foreign-xdp h0
release
check "then attach takes the interface" echogate attach h0 --netns "$host"
need echogate detach h0 --netns "$host"
if hold tcx; then
	mends "foreign TCX program" warning foreign-tc h0
else
	skip "foreign TCX program" "TCX came with Linux 6.6"
fi
release
need in_ns "$host" tc qdisc add dev h0 clsact
need in_ns "$host" tc filter add dev h0 ingress bpf da bytecode '1,6 0 0 4294967295'
mends "a filter of clsact" warning foreign-tc h0
need in_ns "$host" tc qdisc del dev h0 clsact
ECHOGATE_NO_TCX=1 need echogate attach h0 --netns "$host" --mode tc
is "our own filter is no finding" "$(ECHOGATE_NO_TCX=1 doctor h0 | severity foreign-tc)" ""
need echogate detach h0 --netns "$host"
need in_ns "$host" tc qdisc add dev h0 ingress
if has_tcx; then
	is "an ingress qdisc is in nobody's way with TCX" "$(doctor h0 | severity ingress-qdisc)" ""
else
	skip "an ingress qdisc is in nobody's way with TCX" "TCX came with Linux 6.6"
fi
export ECHOGATE_NO_TCX=1
finds "no TCX" note tcx h0
for mode in native tc; do
	refuses "and is, without, in $mode mode" 1 "ingress qdisc stands .*; try: tc qdisc del dev h0 ingress" \
		echogate attach h0 --netns "$host" --mode "$mode"
done
mends "an ingress qdisc without TCX" error ingress-qdisc h0
check "then attach has room" echogate attach h0 --netns "$host"
need echogate detach h0 --netns "$host"
unset ECHOGATE_NO_TCX

# --- masters, drivers, MTU ---

need ip -n "$host" link add br0 type bridge
need ip -n "$host" link set br0 up
need ip -n "$host" link set h1 master br0
mends "a port of a bridge" warning master h1
need echogate detach br0 --netns "$host"
mends "a driver without native XDP" warning driver br0
need echogate detach br0 --netns "$host"
need ip -n "$host" link del br0
need echogate attach h0 --netns "$host" --mode generic
mends "generic mode where native is possible" note mode h0
need echogate detach h0 --netns "$host"
need ip -n "$client" link set c0 mtu 9000
need ip -n "$host" link set h0 mtu 9000
mends "a large MTU" note mtu h0
need echogate detach h0 --netns "$host"
need ip -n "$client" link set c0 mtu 1500
need ip -n "$host" link set h0 mtu 1500
if ip -n "$host" link add link h0 name h0.5 type vlan id 5 2>/dev/null; then
	need in_ns "$client" ethtool -K c0 txvlan on
	mends "tags beside the frame with a VLAN device" error vlan-tags h0
	need ip -n "$host" link del h0.5
else
	skip "tags beside the frame with a VLAN device" "8021q isn't there"
fi
for kind in bond team vrf; do
	if ! ip -n "$host" link add m0 type $kind ${kind/#vrf/vrf table 9} 2>/dev/null &&
		! ip -n "$host" link add m0 type $kind 2>/dev/null; then
		skip "a port of a $kind" "the kernel has none"
		continue
	fi
	need ip -n "$host" link set h1 down
	need ip -n "$host" link set h1 master m0
	[ $kind = vrf ] && finds "a port of a $kind" error master h1
	[ $kind = vrf ] || finds "a port of a $kind" warning master h1
	need ip -n "$host" link del m0
	need ip -n "$host" link set h1 up
done

# --- the stack's settings ---

for setting in ipv4/icmp_echo_ignore_all=1 ipv6/icmp/echo_ignore_all=1; do
	need set_sysctl "$host" net/$setting
	mends "$setting" warning echo-ignored h0
done
for setting in ipv4/icmp_ratemask=6169 ipv6/icmp/ratemask=0-129; do
	need set_sysctl "$host" net/$setting
	mends "$setting" warning ratemask h0
done
need ip -n "$host" route add 198.18.9.0/24 via 198.18.0.1 hoplimit 3
finds "a route with a hop limit" note route-metrics h0
need ip -n "$host" route del 198.18.9.0/24
if ip -n "$host" xfrm policy add dir in src 198.18.5.0/24 dst 198.18.6.0/24 \
	tmpl proto esp mode tunnel 2>/dev/null; then
	finds "an IPsec policy" warning ipsec h0
	need ip -n "$host" xfrm policy flush
	is "and no more" "$(doctor h0 | severity ipsec)" ""
else
	skip "an IPsec policy" "the kernel has no IPsec"
fi
need echogate attach h0 --netns "$host"
need set_sysctl "$host" net/ipv4/conf/lo/forwarding=0
mends "forwarding off on lo" error lo-forwarding h0
need set_sysctl "$host" net/ipv6/conf/lo/forwarding=0
mends "the same for IPv6" error lo-forwarding h0
need ip -n "$host" address add 198.18.7.1/32 dev lo
mends "an address that came later" warning attachment h0
need ip -n "$host" route add 198.18.11.0/24 via 198.18.0.1 dev h0 hoplimit 9
mends "a route's hop limit that came later" warning attachment h0
need ip -n "$host" route del 198.18.11.0/24
need echogate attach h0 --netns "$host"
if has_tcx; then
	need rm "$(pin_dir "$host")/$(ifindex "$host" h0)/link_tc_egress"
else
	need in_ns "$host" tc filter del dev h0 egress
fi
mends "a part that is missing" error attachment h0
need set_sysctl "$host" net/ipv4/conf/h0/rp_filter=1
echo "reply-path swap" >"$work/swap"
is "rp_filter and reply-path fib get along" "$(doctor h0 | severity rp-filter)" ""
need echogate attach h0 --netns "$host" --config "$work/swap"
mends "rp_filter and reply-path swap" warning rp-filter h0
need echogate detach h0 --netns "$host"

# --- who doesn't see answered pings ---

ip netns exec "$host" ping -n -q 198.18.0.99 >/dev/null 2>&1 &
pinger=$!
wait_for 10 eval 'doctor h0 | grep raw-socket'
mends "a raw socket" warning raw-socket h0
kill $pinger 2>/dev/null
wait $pinger 2>/dev/null
if have tcpdump; then
	ip netns exec "$host" tcpdump -i h0 -w /dev/null 2>/dev/null &
	dumper=$!
	wait_for 10 eval 'doctor h0 | grep capture:'
	is "a capture of h0 is none of h1" "$(doctor h1 | severity capture)" ""
	like "tcpdump is named" "$(doctor h0)" "tcpdump \(pid $dumper\)"
	mends "a capture" warning capture h0
	need echogate detach h0 --netns "$host"
	kill $dumper
	wait $dumper 2>/dev/null
else
	skip "a capture" "no tcpdump"
fi
if have nft; then
	in_ns "$host" nft -f - <<-'END' || bail nft
		table inet t {
			chain c {
				type filter hook input priority 0
				icmp type echo-request accept
				meta l4proto { tcp, ipv6-icmp } accept
				tcp dport 22 reject with icmpx type port-unreachable
			}
			chain f {
				type filter hook forward priority 0
				icmp type echo-request accept
			}
		}
	END
	finds "rules of nftables" warning firewall h0
	is "two of four" "$(grep -c ' firewall: ' <<<"$said")" 2
	check "delete the first" eval "$(mend firewall <<<"$said")"
	mends "and the second" warning firewall h0
	like "the others stay" "$(in_ns "$host" nft list ruleset | grep -c 'reject\|accept$')" 2
else
	skip "rules of nftables" "no nft"
fi
like "without nft it says so" "$(PATH=$work doctor h0)" "nft isn't installed"
if have iptables-legacy &&
	in_ns "$host" iptables-legacy -A INPUT -p icmp -j ACCEPT 2>/dev/null; then
	mends "a rule of the old iptables" warning firewall h0
else
	skip "a rule of the old iptables" "no iptables-legacy"
fi

# --- what is left of interfaces that are gone ---

# Others' namespaces may have left something on this machine, too.
leftover() {
	doctor h0 | grep -A 1 "leftover: .*$(pin_dir "$host")/"
}
for now in "" "its name is another's" "and another one is attached"; do
	add_veth h5 c5
	need echogate attach h5 --netns "$host" --mode tc
	[[ $now != and* ]] || need echogate attach h1 --netns "$host" --mode tc
	# Any command on this machine clears such things, once it has the lock.
	exec 8</sys/fs/bpf/echogate
	need flock 8
	need ip -n "$host" link del h5
	[ -z "$now" ] || add_veth h5 c5
	left=$(leftover)
	exec 8<&-
	like "an interface that is gone${now:+, $now}" "$left" "^  warning"
	command=$(mend leftover <<<"$left")
	note "$command"
	eval "$command" >/dev/null 2>&1
	is "nothing is left after its command" "$(leftover)" ""
	[ -z "$now" ] || need ip -n "$host" link del h5
done
is "the one attached is so still" "$(status_of "$host" h1 state)" attached
need echogate detach h1 --netns "$host"

# --- what it needs itself ---

if have setpriv; then
	out=$(in_ns "$host" setpriv --bounding-set=-bpf,-sys_admin,-net_admin,-perfmon \
		"$ECHOGATE" doctor h0 2>&1)
	is "without capabilities: exit status 1" $? 1
	like "and it says which" "$out" "error +privileges: CAP_BPF and CAP_NET_ADMIN are missing"
else
	skip "without capabilities" "no setpriv"
fi
# In a mount namespace of its own, and only that mount of it.
# shellcheck disable=SC2016  # the inner shell expands
out=$(unshare -m sh -c 'mount --make-rprivate / && mount --bind /sys/fs/bpf /sys/fs/bpf &&
	mount -o remount,bind,ro /sys/fs/bpf && "$1" doctor h0 --netns "$2"
	echo again; mount -o remount,bind,rw /sys/fs/bpf && "$1" doctor h0 --netns "$2"' \
	sh "$ECHOGATE" "$host" 2>&1)
is "a read-only bpffs" "$(severity bpffs <<<"$out")" error
is "its command" "$(mend bpffs <<<"$out")" "mount -o remount,rw /sys/fs/bpf"
is "and no more" "$(sed '1,/^again/d' <<<"$out" | severity bpffs)" ""

doctor h0 >/dev/null
is "well again" $? 0
clean "nothing is left" "$host"
finish
