#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Real pings, in every mode: iputils ping and fping of both families, all sizes, a
# flood; who answered them (echogate's counter and the kernel's own), and how.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite ping
make_pair
add_addr "$host" h0 198.18.0.3/24 fd00:18::3/64
add_addr "$host" lo 198.18.9.9/32 fd00:9::9/128
# A third machine's network, whose address here is pinged through h0.
add_ns other
add_pair "$pre-other" o0 02:00:00:00:07:01 "$host" h1 02:00:00:00:07:02
add_addr "$host" h1 198.18.7.2/24 fd00:7::2/64
need ip -n "$client" route add 198.18.0.0/16 via 198.18.0.2
need ip -n "$client" route add fd00:7::/64 via fd00:18::2
need ip -n "$client" route add fd00:9::/64 via fd00:18::2
# Values nobody has by default show whose they are.
set_sysctl "$host" net/ipv4/ip_default_ttl=71 net/ipv6/conf/h0/hop_limit=72

own4=(198.18.0.2 198.18.0.3 198.18.9.9 198.18.7.2)
own6=(fd00:18::2 fd00:18::3 fd00:9::9 fd00:7::2)

# Requests that the kernel and echogate have answered: "KERNEL ECHOGATE"
tally() {
	echo "$(kernel_echos "$host" "$1") $(answers "$host" h0 "$1")"
}

# answered NAME FAMILY COUNT COMMAND...: it succeeds; all were echogate's
answered() {
	local name=$1 family=$2 count=$3 before after out
	shift 3

	before=$(tally "$family")
	if ! out=$("$@" 2>&1); then
		not_ok "$name" "$*" "$out"
		return
	fi
	after=$(tally "$family")
	is "$name" "kernel $((${after% *} - ${before% *})), echogate $((${after#* } - ${before#* }))" \
		"kernel 0, echogate $count"
}

# The kernel or echogate, but somebody, and each request once.
shared() {
	local name=$1 family=$2 count=$3 before after out
	shift 3

	before=$(tally "$family")
	if ! out=$("$@" 2>&1); then
		not_ok "$name" "$*" "$out"
		return
	fi
	after=$(tally "$family")
	is "$name" "$((${after% *} - ${before% *} + ${after#* } - ${before#* }))" "$count"
	note "of $count echogate answered $((${after#* } - ${before#* }))"
}

# Its exit status alone says only whether anything came back.
ping_all() {
	local out

	out=$(in_ns "$client" ping -n -q -W 5 "$@") &&
		[[ $out == *" 0% packet loss"* && $out != *errors* && $out != *duplicates* ]] &&
		return
	echo "$out"
	return 1
}

fping_each() {
	in_ns "$client" fping -q -c 20 -p 5 -i 1 -t 2000 "$@"
}

fping_all() {
	local mode=$1 family=$2
	shift 2

	answered "$mode: fping of addresses here and there, IPv$family" "$family" $((20 * $#)) \
		fping_each "$@"
}

reply_fields() {
	local mode=$1 family=$2 addr=$3 ttl=$4 out

	out=$(in_ns "$client" "$EG_TESTS/pinger" -c 20 -Q 0xb9 "$addr" 2>&1)
	is "$mode: IPv$family ttl and tos of the reply, every byte of it" \
		"${out%first_us*}" \
		"sent=20 received=20 lost=0 duplicate=0 wrong=0 ttl=$ttl tos=185 "
}

run_mode() {
	local mode=$1 family addr size out own

	if ! out=$("$ECHOGATE" attach h0 --netns "$host" --mode "$mode" 2>&1); then
		not_ok "$mode: attach" "$out"
		return
	fi
	like "$mode: attach says so" "$out" "^h0: attached, $mode, [0-9]+ addresses$"
	for family in 4 6; do
		own=("${own4[@]}")
		[ "$family" = 4 ] || own=("${own6[@]}")
		warm_up "$client" "${own[@]}"
		addr=${own[0]}
		for size in 0 1 16 56 1452; do
			answered "$mode: IPv$family, $size bytes" "$family" 20 ping_all -c 20 \
				-i 0.002 -s "$size" "$addr"
		done
		if [ "$family" = 4 ]; then
			answered "$mode: IPv4, 1472 bytes, don't fragment" 4 20 ping_all -c 20 \
				-i 0.002 -s 1472 -M "do" "$addr"
			# Fragments are the kernel's.
			shared "$mode: IPv4, 3000 bytes in fragments" 4 5 ping_all -c 5 \
				-i 0.01 -s 3000 -M dont "$addr"
		fi
		answered "$mode: IPv$family, one address of another interface" "$family" 10 ping_all \
			-c 10 -i 0.002 "${own[3]}"
		if have fping; then
			fping_all "$mode" "$family" "${own[@]}"
		else
			skip "$mode: fping, IPv$family" "fping is not installed"
		fi
		answered "$mode: IPv$family, flood of $flood" "$family" "$flood" ping_all -f \
			-c "$flood" "$addr"
		reply_fields "$mode" "$family" "$addr" $((family == 4 ? 71 : 72))
	done
	# The MTU grows while attached.
	need ip -n "$client" link set c0 mtu 9000
	need ip -n "$host" link set h0 mtu 9000
	for size in 1472 3000 4000 8972; do
		shared "$mode: IPv4, MTU 9000, $size bytes, don't fragment" 4 20 ping_all \
			-c 20 -i 0.002 -s "$size" -M "do" 198.18.0.2
	done
	for size in 1452 3000 4000 8952; do
		shared "$mode: IPv6, MTU 9000, $size bytes, don't fragment" 6 20 ping_all \
			-c 20 -i 0.002 -s "$size" -M "do" fd00:18::2
	done
	need ip -n "$client" link set c0 mtu 1500
	need ip -n "$host" link set h0 mtu 1500
	check "$mode: detach" "$ECHOGATE" detach h0 --netns "$host"
}

flood=$(scaled 20000 500)
for mode in native generic tc; do
	run_mode "$mode"
done

# At MTU 9000 from the start, where native mode needs a program with fragments.
need ip -n "$client" link set c0 mtu 9000
need ip -n "$host" link set h0 mtu 9000
check "attach in native mode at MTU 9000" "$ECHOGATE" attach h0 --netns "$host" --mode native
warm_up "$client" 198.18.0.2 fd00:18::2
answered "MTU 9000: IPv4, 1472 bytes" 4 20 ping_all -c 20 -i 0.002 -s 1472 198.18.0.2
answered "MTU 9000: IPv6, 1452 bytes" 6 20 ping_all -c 20 -i 0.002 -s 1452 fd00:18::2

finish
