#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Echo replies that were asked for and those that weren't, how long they took, and who pings
# this host. The client is a station; echoer answers for it, as late as it is told to, so round
# trips are known beforehand, and to ping too. Floods of replies are counted to the packet while
# the host's own pings go on.

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite solicit
make_station
need ip -n "$host" neigh add 198.18.0.9 lladdr 02:00:00:00:00:01 nud permanent dev h0

# answering OPTION...: a station that answers, until quiet
answering() {
	mkfifo "$work/end" "$work/said" || bail "no pipes"
	in_ns "$client" "$EG_TESTS/echoer" "$@" c0 <"$work/end" >"$work/said" 2>&1 &
	echoer=$!
	exec 8>"$work/end" 9<"$work/said"
	read -r -t 20 -u 9 said || said="nothing"
	[ "$said" = ready ] || bail "echoer: $said"
}

quiet() {
	exec 8>&-
	read -r -t 20 -u 9 said || said="nothing"
	exec 9<&-
	wait "$echoer"
	rm -f "$work/end" "$work/said"
}

# rtt PATH [IFACE]: of the first interface's round trips
rtt() {
	"$ECHOGATE" stats h0 --netns "$host" --rtt --json | field "interfaces.0.rtt.$1"
}

# row N: what is known of the Nth who pings this host
row() {
	local all member out=

	all=$("$ECHOGATE" stats h0 --netns "$host" --observed --json)
	for member in received missing duplicates reordered restarts strays; do
		out+=" $(field "interfaces.0.observed.$1.$member" <<<"$all")"
	done
	echo "${out# }"
}

# pings ADDRESS OPTION...: "received" and least and average of ping's own round trips, ns
pings() {
	in_ns "$host" ping -n -q "$@" 2>&1 |
		awk '/received/ { for (i = 2; i <= NF; i++) if ($i ~ /^received/) got = $(i - 1) }
			/^rtt/ { split($4, t, "/") }
			END { print got + 0, int(t[1] * 1000000), int(t[2] * 1000000) }'
}

# close_to NAME GOT WANTED: within 20 % or 50 us, ns
close_to() {
	local off=$(($2 > $3 ? $2 - $3 : $3 - $2))

	if [ "$off" -le 50000 ] || [ $((off * 5)) -le "$3" ]; then
		ok "$1"
		note "$2 ns, ping says $3 ns"
	else
		not_ok "$1" "$2 ns instead of ping's $3 ns"
	fi
}

# round_trips MODE ADDRESS DELAY COUNT INTERVAL: measured as ping measures them. A machine that
# stands still while ping asks for the time gets a second try.
round_trips() {
	local mode=$1 address=$2 delay=$3 try got
	local name="$mode: $2 after $3 us"

	answering -d "$delay"
	for try in 1 2; do
		need "$ECHOGATE" stats h0 --netns "$host" --rtt --reset
		read -ra got <<<"$(pings -c "$4" -i "$5" -W 5 "$address")"
		[ $((got[2] - 2 * got[1])) -gt 100000 ] || break
		note "try $try: ping's times differ much: ${got[*]}"
	done
	quiet
	is "$name: every reply is measured" "$(rtt 0.replies) of ${got[0]}" "$4 of $4"
	close_to "$name: the least" "$(rtt 0.least_ns)" "${got[1]}"
	close_to "$name: on average" "$(rtt 0.average_ns)" "${got[2]}"
}

# Requests with these numbers, from one of each family
numbers() {
	local n

	for n; do
		echo "icmp type=8 seq=$n"
		echo "icmp6 type=128 seq=$n"
	done | send_frames >/dev/null
}

# One mode, both families
replies() {
	local mode=$1 before out got

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	apply_rules <<-'END'
		measure rtt of { 198.18.0.0/24, fd00:18::/64, 198.19.0.0/16 }
		pass icmp type echo-reply solicited
		pass icmp6 solicited
		drop unsolicited
	END
	round_trips "$mode" 198.18.0.1 2000 20 0.02
	round_trips "$mode" fd00:18::1 20000 10 0.03
	is "$mode: a group of peers has its own" \
		"$(rtt 1.peers) $(rtt 1.replies) $(rtt 2.peers) $(rtt 2.replies) $(rtt 3.replies)" \
		"198.18.0.0/24 0 fd00:18::/64 10 0"

	# Twice the same answers is a duplicate: it was asked for, but took no time.
	before=$(rule_counts | head -1)
	answering -n 3
	out=$(in_ns "$host" ping -n -q -c 10 -i 0.01 -W 5 198.18.0.1)
	quiet
	# ping doesn't wait for the last ones.
	like "$mode: duplicates reach who asked" "$out" '10 received, \+(18|19|20) duplicates'
	is "$mode: they were asked for, too" "$(($(rule_counts | head -1) - before))" 30
	is "$mode: they are not measured" "$(rtt 1.replies) $(rtt 0.replies)" "10 20"

	# Among a flood of what nobody asked for, of which some have ping's own address.
	before=$(rule_counts | tr '\n' ' ')
	answering -d 100
	in_ns "$host" ping -n -q -c 50 -i 0.02 -W 5 198.18.0.1 >"$work/ping4" &
	in_ns "$host" ping -n -q -c 50 -i 0.02 -W 5 fd00:18::1 >"$work/ping6" &
	got=$(in_ns "$client" "$EG_TESTS/flood" -r 20000 -c 10000 -s 16 c0 icmp type=0)
	out=$(in_ns "$client" "$EG_TESTS/flood" -r 20000 -c 10000 -s 16 c0 icmp6 type=129)
	wait %2 %3 2>/dev/null
	wait_for 20 grep -q received "$work/ping4"
	wait_for 20 grep -q received "$work/ping6"
	quiet
	like "$mode: the host's pings go on" "$(cat "$work/ping4" "$work/ping6")" \
		'50 received, 0%.* 50 received, 0%'
	is "$mode: every one of the flood is dropped, and nothing else" \
		"$before / $(rule_counts | tr '\n' ' ')/ $(member sent "$got") $(member sent "$out")" \
		"$(awk '{ print $1, $2, $3, "/", $1 + 50, $2 + 50, $3 + 20000, "/ 10000 10000" }' \
			<<<"$before" | sed 's,^\([0-9 ]*\) / ,\1  / ,')"

	# Whoever is of the group may answer.
	answering -a 198.18.0.9
	like "$mode: a broadcast is answered by whom it reaches" \
		"$(in_ns "$host" ping -n -b -c 1 -W 5 198.18.0.255 2>&1)" '1 received'
	like "$mode: somebody else's answer is none" \
		"$(in_ns "$host" ping -n -c 1 -W 0.3 198.18.0.1)" '0 received'
	quiet
	answering -a fd00:18::1
	like "$mode: a multicast is answered by whom it reaches" \
		"$(in_ns "$host" ping -n -c 1 -W 5 ff02::1%h0 2>&1)" '1 received'
	quiet
	need "$ECHOGATE" detach h0 --netns "$host"
}

# What a trial says of replies, and that it changes nothing
explained() {
	local frame=0200000000020200000000010800
	local reply=${frame}4500001c0000000040010000c6120001c612000200000000e9e20001 out

	need "$ECHOGATE" attach h0 --netns "$host"
	apply_rules <<-'END'
		measure rtt
		count icmp type echo-reply solicited
		drop unsolicited
	END
	out=$("$ECHOGATE" explain "$reply" h0 --netns "$host" 2>&1)
	like "explain: nobody asked for it" "$out" 'unsolicited: no such request.*drop \(discarded\)'
	# Nobody answers: the request alone is known. The station's frames have this identifier.
	in_ns "$host" ping -n -q -c 1 -W 0.1 -e 59874 198.18.0.1 >/dev/null
	out=$("$ECHOGATE" explain "$reply" h0 --netns "$host" 2>&1)
	like "explain: this one was asked for" "$out" ' solicited: its request left.*pass \(handed on'
	out=$("$ECHOGATE" explain "$reply" h0 --netns "$host" --json 2>&1)
	is "explain: as JSON" "$(field packets.0.solicited <<<"$out")" true
	is "explain: nothing was measured" "$(rtt 0.replies)" 0
	send_frames >/dev/null <<-'END'
		icmp type=0 seq=2
		icmp type=0 seq=1 from=198.18.0.9
		icmp type=0 seq=1
		icmp type=0 seq=1
	END
	is "the reply itself is, once" "$(rtt 0.replies) $(rule_counts | tr '\n' ' ')" "1 2 2 "
	need "$ECHOGATE" detach h0 --netns "$host"
}

# What outlives generations
kept() {
	need "$ECHOGATE" attach h0 --netns "$host"
	echo "measure rtt" | apply_rules
	answering
	is "ten are measured" "$(pings -c 10 -i 0.01 -W 5 198.18.0.1 | cut -d' ' -f1)" 10
	apply_rules <<-'END'
		set peers { 198.18.0.0/24 }
		measure rtt of { fd00:18::/64, @peers }
	END
	is "an apply keeps what is measured of all" "$(rtt 0.replies) $(rtt 1.replies) $(rtt 2.replies)" \
		"10 0 0"
	need in_ns "$host" ping -n -q -c 5 -i 0.01 -W 5 198.18.0.1
	apply_rules <<-'END'
		set peers { 198.18.0.0/24 }
		measure rtt of { 198.18.0.1, @peers }
		drop unsolicited
	END
	is "groups that stay keep theirs, wherever they stand" \
		"$(rtt 0.replies) $(rtt 1.replies) $(rtt 2.peers) $(rtt 2.replies)" "15 0 @peers 5"
	need in_ns "$host" ping -n -q -c 3 -i 0.01 -W 5 198.18.0.1
	is "the first group that a peer is in counts" "$(rtt 1.replies) $(rtt 2.replies)" "3 5"
	need "$ECHOGATE" rollback h0 --netns "$host"
	is "so does a rollback" "$(rtt 0.replies) $(rtt 1.peers) $(rtt 2.replies)" "18 fd00:18::/64 5"
	quiet
	like "as text" "$("$ECHOGATE" stats h0 --netns "$host" --rtt)" \
		'all +18 .*@peers +5 .*below +[0-9.]+ us +[0-9]+ #'
	need "$ECHOGATE" stats h0 --netns "$host" --rtt --reset
	is "--reset sets them to zero" "$(rtt 0.replies) $(rtt 2.replies) $(rtt 0.sum_ns)" "0 0 0"
	need "$ECHOGATE" detach h0 --netns "$host"
}

# observed MODE
observed() {
	local mode=$1

	need "$ECHOGATE" attach h0 --netns "$host" --mode "$mode"
	apply_rules <<-'END'
		set monitors { 198.18.0.1, fd00:18::/64 }
		observe from @monitors
	END
	numbers 1 2 3
	is "$mode: in order" "$(row 0) / $(row 1)" "3 0 0 0 0 0 / 3 0 0 0 0 0"
	numbers 7 8 5 8 8
	is "$mode: gaps, duplicates, late ones" "$(row 0) / $(row 1)" "8 2 2 1 0 0 / 8 2 2 1 0 0"
	numbers 65000 20000 20001 20002
	is "$mode: a stray, and a new beginning" "$(row 0) / $(row 1)" \
		"12 2 2 1 1 1 / 12 2 2 1 1 1"
	send_frames >/dev/null <<-'END'
		icmp type=8 from=198.18.0.9 seq=1
		icmp type=8 from=198.18.0.9 seq=9
	END
	is "$mode: who isn't observed isn't" "$("$ECHOGATE" stats h0 --netns "$host" --observed \
		--json | grep -c '"from"')" 2
	need "$ECHOGATE" stats h0 --netns "$host" --observed --reset
	is "$mode: --reset forgets them" "$("$ECHOGATE" stats h0 --netns "$host" --observed --json |
		grep -c '"from"')" 0
	need "$ECHOGATE" detach h0 --netns "$host"
}

for mode in native generic tc; do
	replies "$mode"
	observed "$mode"
done
explained
kept
clean "nothing is left" "$host"
finish
