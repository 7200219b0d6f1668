#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench: every kind of packet is measured and comes to what the rules say, on every run; figures are
# there, whatever they are, this being a machine that others use too; no interface, counter, limit or
# map of what runs notices, and nothing is left.
#
# Runs alone: beside others an answer may seem to cost less than nothing.

# shellcheck disable=SC2317,SC2119  # functions as arguments, with none of their own
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite bench
make_station
chmod 755 "$work"

echogate() {
	"$ECHOGATE" "$@"
}

# bench ARGUMENT...: one round, as JSON, and in $work/rows a line for each kind of packet:
# name|bytes|sources|median|min|max|ppm of a core|ppm passed, dropped, answered, rejected|reason
bench() {
	echogate bench "$@" --rounds 1 --json >"$work/json" 2>"$work/err"
	echo "$? $(cat "$work/err")"
	awk '
		/"packets"/ { on = 1 }
		on && /"(packet|bytes|sources|median|min|max|core_ppm|pass|drop|answer|reject|reason)": / {
			value = $0
			sub(/^[^:]*: "?/, "", value)
			sub(/"?,?$/, "", value)
			line = line separator value
			separator = "|"
		}
		/"reason": / { print line; line = separator = "" }' "$work/json" >"$work/rows"
}

# of PATH: out of the last run's JSON
of() {
	"$EG_TESTS/json-get" "$1" <"$work/json" 2>/dev/null
}

# comes_to NAME BYTES SOURCES VERDICT [REASON]: all packets of a row
comes_to() {
	local want=0

	case $4 in
	pass) want='1000000|0|0|0' ;;
	drop) want='0|1000000|0|0' ;;
	answer) want='0|0|1000000|0' ;;
	reject) want='0|0|0|1000000' ;;
	esac
	is "$mode: $1, $2 bytes, $3 sources: $4" \
		"$(grep -F "$1" "$work/rows" | grep -F "|$2|$3|" | cut -d'|' -f 8-)" "$want|${5:-null}"
}

# Rows whose figures aren't; an answer costs something, however busy the machine.
odd_figures() {
	awk -F'|' -v rate="$1" '
		NF != 12 || $5 > $4 || $4 > $6 || $4 * rate / 1e6 - $7 > 2 || $7 - $4 * rate / 1e6 > 2 ||
		($10 == 1000000 && $5 <= 0)
		END { if (NR < 13) print NR " rows" }' "$work/rows"
}

# What must not move: counters of the interface and of echogate, limits, generation, pins, programs.
# shellcheck disable=SC2016  # the inner shell expands
traces() {
	in_ns "$host" sh -c 'cat /sys/class/net/h0/statistics/rx_packets; ls /sys/class/net'
	echogate stats h0 --netns "$host" --json | sed -n '/"verdicts"/,/"rules"/p'
	echogate rules h0 --netns "$host" --stats
	status_of "$host" h0 generation
	find "$(pin_dir "$host")" | sort
	programs "$host" h0
	ip netns list | grep -c "^$pre-"
}

cat >"$work/conf" <<'END'
set bad { 192.0.2.0/24, 2001:db8::/32 }
protect tcp port 22
drop from @bad
drop tcp port 25 flags syn
drop ip fragment
drop ip6 tcp port 26
drop vlan 7
reject udp port 7 with port-unreachable limit 100000000/s burst 1000000
reject tcp port 23 with tcp-reset limit 100000000/s burst 1000000
drop udp port 9 not from 192.0.2.0/24
count sctp
drop ip6 options
END

# --- an interface ---

# In tc it is another program; generic XDP runs native's.
for mode in native tc; do
	need "$ECHOGATE" attach h0 --netns "$host" --mode $mode --config "$work/conf"
	before=$(traces)
	is "$mode: bench" "$(bench h0 --netns "$host" --rate 250k)" "0 "
	is "$mode: nobody notices" "$(traces)" "$before"
	is "$mode: whose figures" "$(of interface) $(of mode) $(of rate) $(of rounds)" \
		"h0 $mode 250000 1"
	is "$mode: figures" "$(odd_figures 250000)" ""
	for version in 4 6; do
		comes_to "echo request, IPv$version" 64 1 answer
		comes_to "echo request, IPv$version" 64 65536 answer
		comes_to "echo request, IPv$version" 1514 1 answer
		comes_to "echo request to another host, IPv$version" 64 1 pass not-local
	done
	comes_to "TCP SYN, IPv4" 64 1 pass
	comes_to "TCP SYN, IPv6" 74 1 pass
	comes_to "ARP request" 64 1 pass
	comes_to "line 3: drop from @bad" 64 1 drop
	comes_to "line 4: drop tcp port 25" 64 1 drop
	comes_to "line 5: drop ip fragment" 64 1 drop
	comes_to "line 6: drop ip6 tcp" 74 1 drop
	comes_to "line 8: reject udp port 7" 64 1 reject
	comes_to "line 9: reject tcp port 23" 64 1 reject
	comes_to "line 10: drop udp port 9" 64 1 drop
	is "$mode: one rule without a packet" "$(of rules_without_packet)" 1
	need "$ECHOGATE" detach h0 --netns "$host"
done
clean "nothing is left" "$host"

# --- a file, and people ---

mode="a file"
cp "$work/conf" "$work/swap"
echo 'reply-path swap' >>"$work/swap"
echogate bench --config "$work/swap" --netns "$client" --rounds 1 >"$work/out" 2>"$work/err"
is "a file" "$? $(cat "$work/err")" "0 "
like "says whose rules" "$(head -n 1 "$work/out")" "^$work/swap: .*rules.*reply-path swap"
like "a line for each kind" "$(cat "$work/out")" \
	"echo request, IPv4 +64 +65536 +[0-9.]+ +[0-9.]+\.\.[0-9.]+ +[0-9.]+ +[0-9.]+ % +answer"
clean "and nothing is left there" "$client"
# Without any address of its own.
add_ns bare
: >"$work/empty"
is "no address, no rule" "$(bench --config "$work/empty" --netns "$pre-bare")" "0 "
comes_to "echo request, IPv4" 64 1 answer
comes_to "echo request, IPv6" 64 1 answer

# --- what is refused ---

refuses "nothing attached" 4 "nothing is attached" echogate bench --netns "$host"
refuses "not attached" 4 "h0: not attached" echogate bench h0 --netns "$host"
refuses "no such interface" 1 "no such interface" echogate bench nope --netns "$host"
refuses "no such file" 2 "nothing.conf: No such file" echogate bench --config "$work/nothing.conf"
refuses "two interfaces" 2 "one interface" echogate bench h0 h1
refuses "a file and an interface" 2 "exclude" echogate bench h0 --config "$work/conf"
for rate in 0 -1 1G 1.5M M '' 2000M; do
	refuses "--rate '$rate'" 2 "--rate" echogate bench h0 --rate "$rate"
done
for rounds in 0 100 x; do
	refuses "--rounds $rounds" 2 "--rounds" echogate bench h0 --rounds $rounds
done
if have setpriv; then
	refuses "without privileges" 3 "not permitted" setpriv --reuid=65534 --regid=65534 \
		--clear-groups --inh-caps=-all "$ECHOGATE" bench --config "$work/empty"
else
	skip "without privileges" "setpriv is not installed"
fi

finish
