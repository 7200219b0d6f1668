#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The daemon: what changes in the system is in the maps soon after, whatever happens to links; the
# file and its reloads; a daemon that is stopped, killed or replaced while a flood is answered; and
# address churn, EG_CHURN (2000) changes, after which all is equal and memory no more. EG_LINKS (10)
# pairs of interfaces come and go at once.

# shellcheck disable=SC2317,SC2119  # functions as arguments, with none of their own
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
. "$(dirname "$0")/daemon.sh"

suite daemon
make_pair
add_ns else
elsewhere=$pre-else
with_daemon

# --- words ---

said() {
	grep -c -- "$1" "$work/log"
}

# stale IFACE...: what of the maps isn't as the system
stale() {
	local iface json what

	for iface; do
		json=$("$ECHOGATE" status "$iface" --netns "$host" --json 2>/dev/null)
		for what in addresses vlans metrics settings; do
			[ "$("$EG_TESTS/json-get" "interfaces.0.$what.stale" <<<"$json" 2>&1)" = false ] ||
				echo "$iface: $what"
		done
	done
}

fresh() {
	[ -z "$(stale "$@")" ]
}

count_of() {
	status_of "$host" "$1" "$2.count"
}

counts() {
	[ "$(count_of "$1" "$2")" = "$3" ]
}

state() {
	status_of "$host" "$1" state
}

attached() {
	[ "$(state "$1")" = attached ]
}

not_attached() {
	! attached "$1"
}

# echoed ADDRESS: whether echogate answers for it, not the kernel
echoed() {
	local before family=4

	[[ $1 != *:* ]] || family=6
	before=$(answers "$host" "${2:-h0}" $family)
	in_ns "$client" ping -n -q -c 1 -W 5 "$1" >/dev/null || return
	[ $(($(answers "$host" "${2:-h0}" $family) - before)) -eq 1 ]
}

# --- before it runs ---

echo 'drop icmp tpye 8' >"$work/bad"
refuses "no interface is given on the command line" 2 "named in the file" "$ECHOGATE" run h0
refuses "a file that isn't there" 2 "No such file" \
	"$ECHOGATE" run --config "$work/nothing" --netns "$host"
"$ECHOGATE" run --config "$work/bad" --netns "$host" >"$work/log" 2>&1
is "a broken file: it refuses to start" $? 2
like "and says where" "$(cat "$work/log")" "<3>$work/bad:1:11: "
like "with the line, of the same priority" "$(cat "$work/log")" $'\n<3>    drop icmp tpye 8\n<3> '
clean "nothing is attached by it" "$host"
check "nobody is in charge" [ ! -e /run/echogate/"${cookies[$host]}".lock ]

# --- start ---

ln -s conf.first "$work/conf"
cat >"$work/conf" <<END
count icmp type echo-request
interface h0, h1, h4 {
	count icmp6 type echo-request
}
END
: >"$work/log"
start
is "the interface of the file is attached" "$(state h0)" attached
is "status says who is in charge" "$(status_of "$host" h0 daemon)" "$daemon"
like "so does its text" "$("$ECHOGATE" status h0 --netns "$host")" "daemon +process $daemon"
is "capabilities: BPF, PERFMON and NET_ADMIN" \
	"$(sed -n 's/^CapEff:\s*//p; s/^CapPrm:\s*//p' "/proc/$daemon/status" | sort -u)" 000000c000001000
is "no new privileges" "$(sed -n 's/^NoNewPrivs:\s*//p' "/proc/$daemon/status")" 1
refuses "a second one is refused" 1 "process $daemon" \
	"$ECHOGATE" run --config "$work/conf" --netns "$host"
check "the service manager is told how it is" \
	wait_for 5 grep -q 'STATUS=1 interface, [0-9]* addresses; 2 not attached' "$work/told"
warm_up "$client" 198.18.0.2 fd00:18::2
check "IPv4 is answered" echoed 198.18.0.2
check "IPv6 is answered" echoed fd00:18::2

# --- addresses ---

follows "an IPv4 address that is added" 198.18.0.7 local ip -n "$host" address add 198.18.0.7/24 dev h0
check "is answered for" echoed 198.18.0.7
follows "one that is removed" 198.18.0.7 none ip -n "$host" address del 198.18.0.7/24 dev h0
follows "a broadcast address that is added" 198.18.9.255 broadcast \
	ip -n "$host" address add 198.18.9.1/24 dev h0
follows "and removed" 198.18.9.255 none ip -n "$host" address del 198.18.9.1/24 dev h0
follows "one on lo" 198.18.7.7 local ip -n "$host" address add 198.18.7.7/32 dev lo
need in_ns "$client" ip route add 198.18.7.7 via 198.18.0.2
check "is answered for, too" echoed 198.18.7.7
follows "an IPv6 address that is added" fd00:18::7 local \
	ip -n "$host" address add fd00:18::7/64 dev h0 nodad
check "is answered for" echoed fd00:18::7
follows "one that gets deprecated stays" fd00:18::7 local \
	ip -n "$host" address change fd00:18::7/64 dev h0 preferred_lft 0 nodad
follows "one that is removed" fd00:18::7 none ip -n "$host" address del fd00:18::7/64 dev h0

# The client has the address already, so that detection finds a duplicate and it stays tentative;
# with another, it is taken up when detection ends.
need set_sysctl "$host" net/ipv6/conf/h0/accept_dad=1 net/ipv6/conf/h0/dad_transmits=1
need ip -n "$host" address add fd00:18::1/64 dev h0
need ip -n "$host" address add fd00:18::8/64 dev h0
tentative() {
	[ -n "$(ip -n "$host" -o address show dev h0 to fd00:18::8 tentative)" ]
}
if tentative; then
	ok "a tentative address"
	# shellcheck disable=SC2016  # the inner shell expands
	follows "is held when detection has ended" fd00:18::8 local \
		bash -c 'while [ -n "$(ip -n "$0" -o address show dev h0 to fd00:18::8 tentative)" ]; do :; done' "$host"
else
	skip "a tentative address" "detection was over too soon"
	check "is held when detection has ended" "$EG_TESTS/owner" "$(pins_of h0)" fd00:18::8 local
fi
check "a duplicate one isn't" "$EG_TESTS/owner" "$(pins_of h0)" fd00:18::1 none
need ip -n "$host" address del fd00:18::1/64 dev h0
need set_sysctl "$host" net/ipv6/conf/h0/accept_dad=0
check "all is as the system has it" wait_for 5 fresh h0

# More than a bucket holds: only another seed has a place for them, and so a new generation.
mapfile -t crowd < <("$EG_TESTS/owner" "$(pins_of h0)" crowd 8)
is "eight addresses of one bucket" "${#crowd[@]}" 8
generation=$(status_of "$host" h0 generation)
for addr in "${crowd[@]}"; do
	add_addr "$host" lo "$addr/32"
done
held() {
	local addr

	for addr in "${crowd[@]}"; do
		"$EG_TESTS/owner" "$(pins_of h0)" "$addr" local true >/dev/null || return
	done
}
spread() {
	[ "$(status_of "$host" h0 generation)" -gt "$generation" ]
}
check "more addresses than a bucket holds: a table with another seed" wait_for 20 spread
check "which holds them all" held
check "and is as the system has it" wait_for 5 fresh h0
is "one new generation did" "$(status_of "$host" h0 generation)" $((generation + 1))
is "with the rules that were" "$(status_of "$host" h0 rules.ingress)" 2
for addr in "${crowd[@]}"; do
	need ip -n "$host" address del "$addr/32" dev lo
done

# --- settings, VLANs, routes ---

# reply_ttl ADDRESS TTL
reply_ttl() {
	in_ns "$client" ping -n -c 1 -W 5 "$1" | grep "ttl=$2 "
}

need set_sysctl "$host" net/ipv4/ip_default_ttl=99 net/ipv6/conf/h0/hop_limit=98
check "a sysctl is followed: TTL" wait_for 10 reply_ttl 198.18.0.2 99
check "and hop limit" wait_for 10 reply_ttl fd00:18::2 98
need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=1
check "icmp_echo_ignore_all" wait_for 10 fresh h0
refused() {
	! in_ns "$client" ping -n -q -c 1 -W 0.2 198.18.0.2
}
check "then nobody answers" refused
need set_sysctl "$host" net/ipv4/icmp_echo_ignore_all=0 net/ipv4/ip_default_ttl=64 \
	net/ipv6/conf/h0/hop_limit=64
check "and back" wait_for 10 fresh h0
need set_sysctl "$host" net/ipv4/conf/all/forwarding=0 net/ipv6/conf/all/forwarding=0
forwards() {
	[ "$(get_sysctl "$host" net/ipv4/conf/lo/forwarding)$(
		get_sysctl "$host" net/ipv6/conf/lo/forwarding)" = 11 ]
}
check "forwarding on lo that was turned off is on again" wait_for 10 forwards
need ip -n "$host" link set h0 address 02:00:00:00:00:99
check "a MAC address that changes" wait_for 5 fresh h0
need ip -n "$host" link set h0 address 02:00:00:00:00:02
check "and changes back" wait_for 5 fresh h0
if ip -n "$host" link add h0.5 link h0 type vlan id 5 2>/dev/null; then
	need ip -n "$host" link set h0.5 up
	check "a VLAN device" wait_for 5 counts h0 vlans 1
	need set_sysctl "$host" net/ipv6/conf/h0.5/hop_limit=77
	check "its hop limit" wait_for 10 fresh h0
	need ip -n "$host" link del h0.5
	check "that goes" wait_for 5 counts h0 vlans 0
else
	skip "a VLAN device" "no 8021q in this kernel"
fi
need ip -n "$host" route add 198.18.200.0/24 via 198.18.0.1 hoplimit 9
check "a route with metrics" wait_for 5 counts h0 metrics 1
need ip -n "$host" route replace 198.18.200.0/24 via 198.18.0.1
check "that is replaced by one without" wait_for 5 counts h0 metrics 0
need ip -n "$host" -6 route add fd00:18:200::/64 via fd00:18::1 hoplimit 9
check "IPv6 too" wait_for 5 counts h0 metrics 1
need ip -n "$host" -6 route del fd00:18:200::/64
check "which is deleted" wait_for 5 counts h0 metrics 0
check "all is as the system has it" wait_for 5 fresh h0

# --- links ---

# link IFACE: a pair, whose other end is the client's
link() {
	add_pair "$client" "c$1" "02:00:00:00:0$1:01" "$host" "h$1" "02:00:00:00:0$1:02"
	add_addr "$client" "c$1" "198.18.$1.1/24"
	add_addr "$host" "h$1" "198.18.$1.2/24"
}

link 1
check "an interface of the file that appears is attached" wait_for 20 attached h1
warm_up "$client" 198.18.1.2
check "it answers" wait_for 5 echoed 198.18.1.2 h1
is "the addresses of both are known on both" "$(stale h0 h1)" ""
first=$(ifindex "$host" h1)
need ip -n "$host" link del h1
gone() {
	[ ! -e "$(pin_dir "$host")/$1" ]
}
check "when it is deleted, so are its pins" wait_for 10 gone "$first"
link 1
check "when it is there again, it is attached again" wait_for 20 attached h1
check "with no other generation before" [ "$(status_of "$host" h1 generation)" = 1 ]
need ip -n "$host" link set h1 down
need ip -n "$host" link set h1 name h5
need ip -n "$host" link set h5 up
check "renamed to a name that isn't in the file, it is detached" wait_for 10 not_attached h5
need ip -n "$host" link set h5 down
need ip -n "$host" link set h5 name h1
need ip -n "$host" link set h1 up
check "renamed back, it is attached" wait_for 20 attached h1
first=$(ifindex "$host" h1)
need ip -n "$host" link set h1 netns "$elsewhere"
check "moved to another namespace, it is detached" wait_for 10 gone "$first"
need ip -n "$elsewhere" link set h1 netns "$host"
need ip -n "$host" link set h1 up
check "moved back, it is attached" wait_for 20 attached h1
link 2
need "$ECHOGATE" attach h2 --netns "$host"
add_addr "$host" h2 198.18.2.9/24
check "one that a command attaches is followed as well" wait_for 10 fresh h2
need "$ECHOGATE" detach h1 --netns "$host"
link 4
check "another one is attached" wait_for 20 attached h4
check "one that a command has detached stays detached" not_attached h1
need ip -n "$host" link del h4
need ip -n "$host" link set h2 down
need ip -n "$host" link set h2 name h3
need ip -n "$host" link set h3 up
check "one that the file doesn't name stays attached when it is renamed" attached h3
generation=$(status_of "$host" h0 generation)
need bpftool link detach pinned "$(pins_of h0)/link_xdp"
mended() {
	attached h0 && [ "$(status_of "$host" h0 generation)" -gt "$generation" ]
}
check "where somebody detaches the link, it is attached again" wait_for 60 mended
check "and answers" wait_for 10 echoed 198.18.0.2
is "nothing was reported but what was wanted" "$(grep -c '^<[0-4]>' "$work/log")" 0

# --- the file ---

two_rulesets
for file in a b; do
	{ cat "$work/$file"; printf 'interface h0, h1 {\n}\n'; } >"$work/conf.$file"
done
cp "$work/conf.a" "$work/conf"
reload
is "a reload: rules of the file run" "$(what_runs)" a
check "what it names is attached again" attached h1
generation=$(status_of "$host" h0 generation)
reload
is "a reload of the same changes nothing" "$(status_of "$host" h0 generation)" "$generation"
cat "$work/conf.b" "$work/bad" >"$work/conf"
before=$(find "$(pin_dir "$host")" | sort | cksum)
reload
is "a reload of a broken file changes nothing" "$(what_runs)" a
is "no pin is another" "$(find "$(pin_dir "$host")" | sort | cksum)" "$before"
like "the line is named" "$(tail -n 6 "$work/log")" "<3>$work/conf:[0-9]+:11: "
check "the service manager is told" wait_for 5 grep -q 'STATUS=.*is broken' "$work/told"
reload
is "the same again is said again" "$(said '<3>.*/conf:[0-9]*:11: ')" 2
cp "$work/conf.b" "$work/conf"
reload
is "mended, it is taken up" "$(what_runs)" b
need "$ECHOGATE" apply "$work/a" --netns "$host"
is "a command applies another" "$(what_runs)" a
add_addr "$host" h0 198.18.0.10/24
check "which is followed" wait_for 10 fresh h0 h1 h3
need "$ECHOGATE" rollback --netns "$host"
is "and rolls back" "$(what_runs)" b
add_addr "$host" h0 198.18.0.11/24
check "which is followed, too" wait_for 10 fresh h0 h1 h3
link 4
printf 'interface h0, h1, h4 {\n}\n' | cat "$work/a" - >"$work/conf"
need "$ECHOGATE" apply "$work/conf" --netns "$host" --confirm 60
add_addr "$host" h0 198.18.0.13/24
check "a command applies the file itself, which is followed" wait_for 10 fresh h0 h1 h3
is "but not taken up before that is confirmed" "$(said 'a command applied')" 0
need "$ECHOGATE" confirm --netns "$host"
check "but after it" wait_for 60 attached h4
ready=$(told READY=1)
cp "$work/conf.b" "$work/conf"
need "$ECHOGATE" apply "$work/conf" --netns "$host"
check "the file applied again: what it doesn't name any more is detached" wait_for 60 not_attached h4
need "$ECHOGATE" rollback h0 --netns "$host"
add_addr "$host" h0 198.18.0.14/24
check "rolled back, it is followed" wait_for 10 fresh h0 h1 h3
is "and left so" "$(what_runs)" a
check "each was told of" is_told READY=1 $((ready + 1))
need ip -n "$host" link del h4
cp "$work/conf.b" "$work/conf.second"
ln -sfn conf.second "$work/conf"
reload
is "a file that is a link is what that leads to now" "$(what_runs)" b
applied=$(said 'a command applied')
was_applied() {
	[ "$(said 'a command applied')" -gt "$applied" ]
}
need "$ECHOGATE" apply "$work/conf" --netns "$host"
check "also where a command applies it" wait_for 60 was_applied

# --- somebody who holds the lock ---

exec 8</sys/fs/bpf/echogate
flock 8
need ip -n "$host" link del h1
link 1
beats=$(told WATCHDOG=1)
check "with the lock of the pins held by another the watchdog is fed" \
	wait_for 20 is_told WATCHDOG=1 $((beats + 3))
check "nothing is attached" not_attached h1
follows "addresses are followed" 198.18.0.15 local ip -n "$host" address add 198.18.0.15/24 dev h0
flock -u 8
exec 8<&-
check "once it is free, what is due is done" wait_for 20 attached h1

printf 'drop icmp type echo-request ttl 77\ninterface h0 {\n}\n' >"$work/conf"
reload
check "an interface that the file no longer names is detached" wait_for 10 not_attached h1
check "another one isn't" attached h3
need ip -n "$host" link del h3

# --- restarts, under a flood ---

# loses_none NAME FUNCTION: nothing while that runs, nor while the flood ends
loses_none() {
	local name=$1 out
	shift

	mkfifo "$work/go"
	in_ns "$client" "$EG_TESTS/pinger" -i 100 198.18.0.2 cat "$work/go" >"$work/flood" 2>&1 &
	flood=$!
	exec 9>"$work/go"
	"$@"
	exec 9>&-
	wait "$flood"
	rm "$work/go"
	out=$(tail -n 1 "$work/flood")
	if [ "$(member lost "$out")" = 0 ] && [ "$(member wrong "$out")" = 0 ] &&
	   [ "$(member duplicate "$out")" = 0 ] && [ "$(member sent "$out")" -gt 0 ]; then
		ok "$name"
		note "$(member sent "$out") pings, the longest silence $(member gap_us "$out") us"
	else
		not_ok "$name" "$out"
	fi
}

restart() {
	stop
	start
}

recrash() {
	crash
	start
}

# Programs of another build: a name in what describes them is another.
upgrade() {
	stop
	binary=$work/echogate
	start
}

reloads() {
	local i

	for i in b a b a; do
		cp "$work/conf.$i" "$work/conf"
		reload
	done
}

cp "$work/conf.a" "$work/conf"
LC_ALL=C sed 's/EG_ECHO_STAMP/EG_ECHO_STOMP/' "$ECHOGATE" >"$work/echogate"
chmod +x "$work/echogate"
loses_none "a reload, no ping lost" reload
generation=$(status_of "$host" h0 generation)
loses_none "a restart, no ping lost" restart
is "it ends well" "$stopped" 0
is "and what it finds it leaves" "$(status_of "$host" h0 generation)" "$generation"
loses_none "kill -9 and a restart, no ping lost" recrash
is "which leaves it as well" "$(status_of "$host" h0 generation)" "$generation"
loses_none "another build, no ping lost" upgrade
is "brings its own programs" "$(status_of "$host" h0 generation)" $((generation + 1))
is "and the rules of the file" "$(what_runs)" a
binary=$ECHOGATE
loses_none "reloads, no ping lost" reloads
is "echogate answered" "$(echoed 198.18.0.2 && echo yes)" yes

# While nobody is there
stop
check "who is stopped leaves it attached" attached h0
is "with nobody in charge" "$(status_of "$host" h0 daemon)" null
add_addr "$host" h0 198.18.0.12/24
check "without a daemon nothing is followed" [ -n "$(stale h0)" ]
need "$ECHOGATE" apply "$work/b" --netns "$host"
cat "$work/bad" >"$work/conf"
: >"$work/log"
start
check "a start with a broken file: what runs stays, and is followed" wait_for 10 fresh h0
is "as it was" "$(what_runs)" b
like "and the log says why" "$(cat "$work/log")" "<3>$work/conf:1:11: .*<5>$work/conf: it isn't taken up"
cp "$work/conf.a" "$work/conf"
reload
is "mended, it is taken up" "$(what_runs)" a
stop

# As often as the service manager wants, and not only once a second.
beats=$(told WATCHDOG=1)
start WATCHDOG_USEC=400000
check "the watchdog is fed as often as it wants" wait_for 3 is_told WATCHDOG=1 $((beats + 8))
stop

# --- more than the socket holds ---

# batch add|del FIRST LAST: addresses for ip -batch
batch() {
	local i

	for ((i = $2; i < $3; i++)); do
		echo "address $1 198.19.$((i / 250)).$((i % 250 + 1))/32 dev h0"
	done
}

ip_batch() {
	ip -n "$host" -batch "$1"
}

batch add 0 1000 >"$work/add"
batch del 0 1000 >"$work/del"
batch del 0 500 >"$work/half"
batch add 0 500 >"$work/back"
: >"$work/log"
start ECHOGATE_RCVBUF=1
# It can't read while it is stopped.
kill -STOP "$daemon"
need ip_batch "$work/add"
need ip_batch "$work/half"
kill -CONT "$daemon"
overrun() {
	[ "$(said 'more changes came')" -ge 1 ]
}
check "too many changes for the socket" wait_for 10 overrun
check "end in equality" wait_for 20 fresh h0
check "the service manager is told how often" wait_for 5 grep -q 'STATUS=.*overrun' "$work/told"
stop
start
need ip_batch "$work/back"
check "a thousand addresses" wait_for 20 fresh h0
follows "one more is followed as soon" 198.18.0.200 local \
	ip -n "$host" address add 198.18.0.200/24 dev h0

# --- many interfaces ---

pairs=${EG_LINKS:-$(scaled 10 4)}
names=()
for ((i = 0; i < pairs; i++)); do
	names+=("d$i" "e$i")
	printf '%s\n' "link add d$i up type veth peer name e$i" "link set e$i up"
done >"$work/links"
need ip_batch "$work/links"
{ cat "$work/b"; printf 'interface h0, %s {\n}\n' "$(IFS=,; echo "${names[*]}")"; } >"$work/conf"
reload
all_attached() {
	[ "$("$ECHOGATE" status --netns "$host" --json | grep -c '"state": *"attached"')" -eq $((2 * pairs + 1)) ]
}
check "$((2 * pairs)) interfaces more are attached" wait_for 600 all_attached
follows "with these and a thousand addresses, one more" 198.18.0.201 local \
	ip -n "$host" address add 198.18.0.201/24 dev h0
check "which all of them have" wait_for 10 fresh h0 d0 "d$((pairs - 1))" "e$((pairs - 1))"
for ((i = 0; i < pairs; i++)); do
	echo "link del d$i"
done >"$work/links"
need ip_batch "$work/links"
only_h0() {
	[ "$(find "$(pin_dir "$host")" -mindepth 1 -maxdepth 1 -type d | wc -l)" -le 2 ] && attached h0
}
check "all at once they go" wait_for 60 only_h0
cp "$work/conf.b" "$work/conf"
reload
need ip_batch "$work/del"

# --- churn ---

# churn CHANGES: addresses that come and go, and now and then a link, up and down
churn() {
	local i n=$(($1 / 2))

	for ((i = 0; i < n; i++)); do
		echo "address add 198.19.$((i % 7)).$((i % 101 + 1))/32 dev h0"
		echo "address add fd00:19::$((i % 53 + 1))/128 dev lo nodad"
		[ $((i % 3)) -eq 0 ] || echo "address del 198.19.$((i % 7)).$((i % 101 + 1))/32 dev h0"
		[ $((i % 2)) -eq 0 ] || echo "address del fd00:19::$((i % 53 + 1))/128 dev lo"
		[ $((i % 50)) -ne 0 ] || printf '%s\n' "link add t0 up type veth" \
			"address add 198.19.9.1/24 dev t0" "link set t0 down" "link set t0 up" "link del t0"
	done >"$work/churn"
	# What is there already, or isn't, is refused: that is part of it.
	ip -n "$host" -force -batch "$work/churn" >/dev/null 2>&1
}

churn 500
wait_for 20 fresh h0
before=$(rss)
changes=${EG_CHURN:-$(scaled 2000 200)}
churn "$changes"
check "after $changes changes the maps are as the system has it" wait_for 20 fresh h0
is "so many addresses, exactly" "$(count_of h0 addresses)" "$(
	{ ip -n "$host" -4 route show table local type local | awk '$2 !~ /^127\./ { print $2 }'
	  ip -n "$host" -6 -o address show up | awk '$4 !~ /^(::1|fe80)/ { print $4 }'
	  ip -n "$host" -6 -o address show dev h0 scope link | awk '{ print $4 }'; } | sort -u | wc -l)"
after=$(rss)
note "memory: $before KiB before, $after KiB after"
check "and memory has not grown" [ "$after" -le $((before + before / 10 + 256)) ]
check "it still answers" echoed 198.18.0.2
is "no errors but what was provoked" "$(grep -c '^<[0-3]>' "$work/log")" 0

# --- the same under ASan and UBSan ---

stop
: >"$work/log"
binary=$EG_TESTS/echogate-san
cp "$work/conf.a" "$work/conf"
sed -i 's/interface h0/interface h0, t0/' "$work/conf"
start ECHOGATE_RCVBUF=1
kill -STOP "$daemon"
churn 300
kill -CONT "$daemon"
check "with sanitizers, too many changes for the socket" wait_for 20 overrun
need ip -n "$host" link add t0 up type veth peer name t1
check "with sanitizers, one that appears is attached" wait_for 60 attached t0
need ip -n "$host" link del t0
cp "$work/conf.b" "$work/conf"
reload
cat "$work/bad" >"$work/conf"
reload
need "$ECHOGATE" apply "$work/a" --netns "$host"
churn 300
check "with sanitizers, all is as the system has it" wait_for 20 fresh h0
stop
is "they found nothing" "$stopped: $(grep -A 20 -E 'Sanitizer|runtime error' "$work/log")" "0: "
binary=$ECHOGATE
cp "$work/conf.b" "$work/conf"

# --- clsact instead of TCX, without the right to look at programs ---

need "$ECHOGATE" detach --all --netns "$host"
start ECHOGATE_NO_TCX=1
check "clsact: attached" attached h0
cp "$work/conf.a" "$work/conf"
reload
is "clsact: a reload" "$(what_runs)" a
stop

# --- the end ---

used=$(programs "$host" h0)
need "$ECHOGATE" detach --all --netns "$host"
# shellcheck disable=SC2086  # a list
clean "stopped and detached, nothing is left" "$host" $used
check "nor a lock" [ ! -e /run/echogate/"${cookies[$host]}".lock ]
is "each start and each reload was told of" "$(told RELOADING=1)" "$(($(told READY=1) - $(told STOPPING=1) - 1))"
finish
