# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the suites of this folder share: TAP, namespaces, and reading what the
# kernel and echogate count. Sourced; the suite starts with "suite NAME" and ends with
# "finish".

# Hence no "| grep -q": who writes on after it has found something dies of SIGPIPE.
set -uo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

# tests/run says where they are; a suite started by hand takes what make has built.
output=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.output
: "${ECHOGATE:=$output/echogate}" "${EG_TESTS:=$output/tests}"

number=0
failures=0
pre=			# prefix of this suite's namespaces
work=			# a directory for its files
declare -A cookies=()	# of its namespaces

# TAP ---------------------------------------------------------------------------

ok() {
	number=$((number + 1))
	echo "ok $number - $1"
}

# not_ok NAME [LINE...]: the lines say more about it
not_ok() {
	number=$((number + 1))
	failures=$((failures + 1))
	echo "not ok $number - $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/# /'
}

skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

note() {
	echo "# $*"
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got:    $2" "wanted: $3"
	fi
}

# like NAME TEXT REGEX
like() {
	if [[ $2 =~ $3 ]]; then
		ok "$1"
	else
		not_ok "$1" "got: $2" "wanted something like: $3"
	fi
}

# between NAME NUMBER LEAST MOST
between() {
	if [ "${2:--1}" -ge "$3" ] && [ "${2:--1}" -le "$4" ]; then
		ok "$1"
		note "$2"
	else
		not_ok "$1" "got: $2" "wanted: $3 to $4"
	fi
}

# check NAME COMMAND...: it succeeds
check() {
	local name=$1 out
	shift

	if out=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "exit status $?: $*" "$out"
	fi
}

finish() {
	echo "1..$number"
	[ "$failures" -eq 0 ]
	exit
}

# Something without which the suite makes no sense
bail() {
	echo "Bail out! $*"
	exit 1
}

need() {
	"$@" >"$work/need" 2>&1 || bail "$*: $(cat "$work/need")"
}

have() {
	command -v "$1" >/dev/null
}

# scaled MANY FEW: how often something is done; EG_SHORT is for machines that are very slow
scaled() {
	if [ -n "${EG_SHORT:-}" ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local end=$((SECONDS + $1))
	shift

	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# TCX came with Linux 6.6.
has_tcx() {
	[ "$(printf '6.6\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.6 ]
}

# Namespaces ---------------------------------------------------------------------

suite() {
	pre=eg-$1-$$
	work=$(mktemp -d)
	trap cleanup EXIT
	trap 'exit 1' INT TERM
}

cleanup() {
	local name dir

	for name in "${!cookies[@]}"; do
		dir=/sys/fs/bpf/echogate/${cookies[$name]}
		# It waits for others' commands: not where nothing was ever attached.
		[ ! -d "$dir" ] || "$ECHOGATE" detach --all --netns "$name" >/dev/null 2>&1
		ip netns pids "$name" 2>/dev/null | xargs -r kill 2>/dev/null
		ip netns del "$name" 2>/dev/null
		rm -f "/run/echogate-$name.sock"	# of a daemon that was killed
		# A detach that doesn't work must not leave anything to the next suite.
		[ -z "${cookies[$name]}" ] || rm -rf "$dir"
	done
	[ -z "$work" ] || rm -rf "$work"
}

in_ns() {
	local name=$1
	shift
	ip netns exec "$name" "$@"
}

# add_ns NAME...: makes namespaces $pre-NAME with lo up and IPv6 that is ready at once
add_ns() {
	local name

	for name; do
		name=$pre-$name
		need ip netns add "$name"
		cookies[$name]=$(in_ns "$name" "$EG_TESTS/netns-cookie")
		[ -n "${cookies[$name]}" ] || bail "the cookie of $name can't be read"
		need ip -n "$name" link set lo up
		need set_sysctl "$name" net/ipv6/conf/all/accept_dad=0 \
			net/ipv6/conf/default/accept_dad=0 net/ipv6/conf/default/accept_ra=0
	done
}

# set_sysctl NETNS NAME=VALUE...
# shellcheck disable=SC2016  # the inner shell expands
set_sysctl() {
	local name=$1
	shift
	printf '%s\n' "$@" | in_ns "$name" sh -c '
		while IFS== read -r name value; do
			echo "$value" >"/proc/sys/$name" || exit 1
		done'
}

get_sysctl() {
	in_ns "$1" cat "/proc/sys/$2"
}

# add_pair NETNS IFACE MAC NETNS IFACE MAC [QUEUES]: the first is the client's, and gets the
# program without which a veth doesn't take what XDP sends back, before any traffic.
add_pair() {
	local queues=(numtxqueues "${7:-1}" numrxqueues "${7:-1}")

	need ip -n "$1" link add "$2" address "$3" "${queues[@]}" type veth \
		peer name "$5" netns "$4" address "$6" "${queues[@]}"
	need "$EG_TESTS/xdp-pass" "$1" "$2"
	need ip -n "$1" link set "$2" up
	need ip -n "$4" link set "$5" up
	wait_for 3 has_address "$4" "$5" scope link
}

# has_address NETNS IFACE to ADDRESS|scope link: an IPv6 address in use, which attach would miss
# before. The link's own comes with the link, and each is tentative until a worker has run.
has_address() {
	[ -n "$(ip -n "$1" -6 address show dev "$2" "${@:3}" -tentative)" ]
}

# add_addr NETNS IFACE ADDRESS...
add_addr() {
	local name=$1 iface=$2 addr
	shift 2

	for addr; do
		if [[ $addr == *:* ]]; then
			need ip -n "$name" address add "$addr" dev "$iface" nodad
			wait_for 5 has_address "$name" "$iface" to "${addr%/*}"
		else
			need ip -n "$name" address add "$addr" dev "$iface"
		fi
	done
}

# One ping that the kernel may answer, so that both sides know each other's MAC
# address: to a neighbour it doesn't know yet, echogate leaves the reply to the kernel.
warm_up() {
	local name=$1 addr
	shift

	for addr; do
		wait_for 10 in_ns "$name" ping -n -q -c 1 -W 1 "$addr" ||
			note "no reply from $addr before the test"
	done
}

# Both ends' usual place: client and host with one pair between them, c0 and h0
make_pair() {
	add_ns client host
	client=$pre-client host=$pre-host
	add_pair "$client" c0 02:00:00:00:00:01 "$host" h0 02:00:00:00:00:02
	add_addr "$client" c0 198.18.0.1/24 fd00:18::1/64
	add_addr "$host" h0 198.18.0.2/24 fd00:18::2/64
}

# What is counted ------------------------------------------------------------------

# Echo requests that the namespace's own stack has seen: kernel_echos NETNS 4|6
# shellcheck disable=SC2016  # awk expands
kernel_echos() {
	if [ "$2" = 4 ]; then
		in_ns "$1" awk '/^Icmp:/ && !n { n = split($0, name); next }
			/^Icmp:/ { for (i = 2; i <= n; i++) if (name[i] == "InEchos") print $i }' \
			/proc/net/snmp
	else
		in_ns "$1" awk '$1 == "Icmp6InEchos" { print $2 }' /proc/net/snmp6
	fi
}

# field PATH: out of JSON on standard input; 0 for what has not been counted
field() {
	"$EG_TESTS/json-get" "$1" 2>/dev/null || echo 0
}

# counter NETNS IFACE PATH: as in verdicts.answer.packets
counter() {
	"$ECHOGATE" stats "$2" --netns "$1" --json 2>/dev/null | field "interfaces.0.$3"
}

# Echo requests that echogate answered on an interface: answers NETNS IFACE 4|6
answers() {
	local family=icmp

	[ "$3" = 4 ] || family=icmp6
	counter "$1" "$2" "$family.echo-request.answer.packets"
}

# Rules that run --------------------------------------------------------------------

# Two rulesets, $work/a and $work/b, that have a rule in common and that pings tell apart
two_rulesets() {
	cat >"$work/a" <<-'END'
		# what is common to both
		count icmp type echo-request
		drop icmp type echo-request ttl 77
		egress {
			count icmp type echo-reply
		}
	END
	cat >"$work/b" <<-'END'
		drop icmp type echo-request ttl 99
		count icmp type echo-request
	END
}

# replies ADDRESS TTL...: to one ping with each, and one with the usual TTL after it: what
# has not been answered when that one is never will be. A number for each.
# shellcheck disable=SC2016  # the inner shell expands
replies() {
	in_ns "$client" sh -c '
		received() {
			awk "/^Icmp:/ && !n { n = split(\$0, name); next } /^Icmp:/ {
				for (i = 2; i <= n; i++) if (name[i] == \"InEchoReps\") print \$i }" /proc/net/snmp
		}
		addr=$1
		shift
		for ttl; do
			before=$(received)
			ping -n -q -c 1 -W 0.001 -t "$ttl" "$addr"
			ping -n -q -c 1 -W 10 "$addr" || echo no reply >&2
			echo $(($(received) - before)) >&3
		done' sh "$@" 3>&1 >/dev/null
}

# what_runs [ADDRESS]: a, b, none, or what else becomes of the two pings
what_runs() {
	local got

	got=$(replies "${1:-198.18.0.2}" 77 99 | xargs)
	case $got in
	"1 2") echo a ;;
	"2 1") echo b ;;
	"2 2") echo none ;;
	*) echo "neither: $got" ;;
	esac
}

# status_of NETNS IFACE PATH
status_of() {
	"$ECHOGATE" status "$2" --netns "$1" --json 2>/dev/null | field "interfaces.0.$3"
}

# Leftovers -----------------------------------------------------------------------

pin_dir() {
	echo "/sys/fs/bpf/echogate/${cookies[$1]}"
}

ifindex() {
	in_ns "$1" cat "/sys/class/net/$2/ifindex"
}

# Programs that use the maps pinned for an interface: they are what is to be gone
# later. Others' programs on this machine may have the same names.
programs() {
	local id

	id=$(bpftool map show pinned "$(pin_dir "$1")/$(ifindex "$1" "$2")/eg_counters" |
		sed -n 's/^\([0-9]*\):.*/\1/p')
	[ -n "$id" ] || return 0
	bpftool prog show | awk -v id="$id" '
		/^[0-9]+:/ { prog = $1 + 0 }
		/map_ids/ { n = split($0, w, "map_ids "); split(w[n], m, /[ ,]/)
			for (i in m) if (m[i] == id) print prog }'
}

program_gone() {
	! bpftool prog show id "$1" >/dev/null 2>&1
}

# leftovers NETNS [PROGRAM...]: what a detach forgot, a line each
leftovers() {
	local name=$1 dir id
	shift

	dir=$(pin_dir "$name")
	[ ! -e "$dir" ] || find "$dir"
	in_ns "$name" tc qdisc show | grep clsact
	ip -n "$name" -d link show | grep prog/ | grep -v ' name xdp_pass '
	[ "$(get_sysctl "$name" net/ipv4/conf/lo/forwarding)" = 0 ] || echo "lo.forwarding of IPv4"
	[ "$(get_sysctl "$name" net/ipv6/conf/lo/forwarding)" = 0 ] || echo "lo.forwarding of IPv6"
	# The kernel frees programs some time after their last user is gone.
	for id; do
		wait_for 5 program_gone "$id" || bpftool prog show id "$id"
	done
}

# take_back NETNS IFACE: what only echogate's notes knew to be its own, once they are lost: two
# sysctls, and before Linux 6.6 the clsact qdisc
take_back() {
	set_sysctl "$1" net/ipv4/conf/lo/forwarding=0 net/ipv6/conf/lo/forwarding=0
	in_ns "$1" tc qdisc del dev "$2" clsact 2>/dev/null
}

# clean NAME NETNS [PROGRAM...]: a test that nothing is left
clean() {
	local name=$1 left
	shift

	left=$(leftovers "$@")
	is "$name" "$left" ""
}

# Commands that fail ----------------------------------------------------------------

# refuses NAME STATUS REGEX COMMAND...: one line on standard error that says so, and
# nothing on standard output
refuses() {
	local name=$1 want=$2 regex=$3 status err out lines
	shift 3

	"$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	err=$(cat "$work/err")
	out=$(cat "$work/out")
	lines=$(wc -l <"$work/err")
	if [ "$status" -ne "$want" ]; then
		not_ok "$name" "exit status $status instead of $want: $*" "$err" "$out"
	elif [ "$lines" -ne 1 ]; then
		not_ok "$name" "$lines lines on standard error instead of one" "$err"
	elif [[ ! $err =~ $regex ]]; then
		not_ok "$name" "got: $err" "wanted something like: $regex"
	elif [ -n "$out" ]; then
		not_ok "$name" "unexpected output: $out"
	else
		ok "$name"
		note "$err"
	fi
}

# Rules and raw frames ----------------------------------------------------------------

# add_station NAME NAME [QUEUES]: as make_pair, but the first is a station that says nothing of
# its own accord: what arrives at the other is what the test sends, and no more.
add_station() {
	local station=$pre-$1 other=$pre-$2 addr

	add_ns "$1" "$2"
	need set_sysctl "$station" net/ipv6/conf/default/disable_ipv6=1
	add_pair "$station" c0 02:00:00:00:00:01 "$other" h0 02:00:00:00:00:02 "${3:-1}"
	add_addr "$other" h0 198.18.0.2/24 fd00:18::2/64
	for addr in 198.18.0.1 fd00:18::1; do
		need ip -n "$other" neigh add "$addr" lladdr 02:00:00:00:00:01 nud permanent dev h0
	done
}

# make_station [QUEUES]: the client is one
make_station() {
	add_station client host "$@"
	client=$pre-client host=$pre-host
}

# apply_rules [IFACE...]: those on standard input, in the host's namespace
apply_rules() {
	cat >"$work/rules"
	"$ECHOGATE" apply "$work/rules" "$@" --netns "$host" >"$work/apply" 2>&1 ||
		bail "apply: $(cat "$work/apply" "$work/rules")"
}

# rule_counts [IFACE]: packets of each rule, a line each, in their order
rule_counts() {
	"$ECHOGATE" rules "${1:-h0}" --netns "$host" --stats --json |
		sed -n 's/.*"packets": \([0-9]*\).*/\1/p'
}

# send_frames [-w MS] <DESCRIPTIONS: what came back, a line each (tools/frame.c)
send_frames() {
	in_ns "$client" "$EG_TESTS/frame" "$@" c0 2>&1
}

# sends NAME DESCRIPTION WANTED: what comes back is that; `silent` is waited for in vain
sends() {
	local wait=5000

	[ "$3" != silent ] || wait=100
	is "$1" "$(send_frames -w "$wait" <<<"$2")" "$3"
}

# member NAME TEXT: of a tool's output "NAME=NUMBER ..."
member() {
	[[ " $2" =~ \ $1=([^ ]*) ]] && echo "${BASH_REMATCH[1]}"
}
