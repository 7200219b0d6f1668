#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# top: its numbers under a flood that is known, as JSON and as text; its screen in a terminal of several sizes,
# by keys; and the terminal as it was before, however it ends. The same for a member of the group.

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
. "$(dirname "$0")/daemon.sh"

suite top
make_station
with_daemon
flood=
trap 'stop_top; stop_all; cleanup' EXIT

stop_top() {
	tmux_ kill-server 2>/dev/null
	[ -z "$flood" ] || kill "$flood" 2>/dev/null
}

# --- words ---

terminals=0
tmux_() {
	tmux -S "$work/tmux$terminals" -u -f /dev/null "$@"
}

top_() {
	"$ECHOGATE" top --netns "$host" "$@"
}

# flood_of RATE WORD...: frames for as long as it takes, a minute at most
flood_of() {
	ip netns exec "$client" "$EG_TESTS/flood" -r "$1" -t 60 "${@:2}" >/dev/null 2>&1 &
	flood=$!
}

end_flood() {
	kill "$flood" 2>/dev/null
	wait "$flood" 2>/dev/null
	flood=
}

# run_in WIDTH HEIGHT COMMAND...: in a terminal; what it was like before and after is written down
run_in() {
	local size=(-x "$1" -y "$2")
	shift 2

	tmux_ kill-server 2>/dev/null
	terminals=$((terminals + 1))
	rm -f "$work/ended" "$work/after"
	printf '%q ' "$@" >"$work/command"
	# shellcheck disable=SC2016  # the inner shell expands
	tmux_ new-session -d "${size[@]}" bash -c '
		export LC_ALL=$2; cd "$1"; echo before; stty -g >before; . ./command; echo $? >ended
		stty -g >after; exec sleep 600' bash "$work" "${locale:-C.UTF-8}"
}

screen() {
	tmux_ capture-pane -p
}

# What the process in the terminal is: the viewer
viewer() {
	pgrep -P "$(tmux_ display -p '#{pane_pid}')"
}

shown() {
	screen | grep -- "$1"
}

# shows NAME TEXT: sooner or later
shows() {
	if wait_for 60 shown "$2"; then
		ok "$1"
	else
		not_ok "$1" "no \"$2\" in" "$(screen)"
	fi
}

press() {
	tmux_ send-keys "$@"
}

resize() {
	tmux_ resize-window -x "$1" -y "$2"
}

# row N: of the screen, from 1
row() {
	screen | sed -n "$1p"
}

# restored NAME STATUS [TEXT]: it ends with this status, having said that, and the terminal is as it was
restored() {
	if ! wait_for 60 test -s "$work/after"; then
		not_ok "$1" "it doesn't end" "$(screen)"
		return
	fi
	is "$1" "$(cat "$work/ended"), $(cmp "$work/before" "$work/after" 2>&1), alternate $(tmux_ display -p \
		'#{alternate_on}'), cursor $(tmux_ display -p '#{cursor_flag}')" "$2, , alternate 0, cursor 1"
	if [ -z "${locale-}" ] && [ "$(row 1)" != before ]; then
		not_ok "$1: what stood there is there again" "$(screen)"
	fi
	[ -z "${3-}" ] || like "$1: it says why" "$(screen | tr '\n' ' ')" "$3"
}

watched() {
	[ "$("$ECHOGATE" maps h0 dump eg_taps --netns "$host" --json | grep -c '"live": *[1-9]')" -gt 0 ]
}

# --- numbers ---

need "$ECHOGATE" attach h0 -m native --netns "$host"
apply_rules h0 <<-'END'
	count icmp type echo-request
	drop udp port 9
	default answer
END
flood_of 500 c0 icmp
before=$(answers "$host" h0 4)
json=$(top_ --json -c 3)
counted=$(($(answers "$host" h0 4) - before))
told=0 ms=0
while read -r line; do
	told=$((told + $(field interfaces.0.verdicts.answer.packets <<<"$line") * $(field milliseconds <<<"$line") / 1000))
	ms=$((ms + $(field milliseconds <<<"$line")))
done <<<"$json"
json=$(tail -n 1 <<<"$json")
# Slack is for flood, which may have to wait for a CPU.
between "rates in $ms ms make packets that were counted" $told $((500 * ms / 1000 / 5)) $((counted + 20))
rate=$(field interfaces.0.verdicts.answer.packets <<<"$json")
between "the rate of what is answered" "$rate" 100 2000
between "the same by type" "$(field interfaces.0.icmp.echo-request.answer.packets <<<"$json")" "$rate" "$rate"
between "by rule" "$(field interfaces.0.rules.0.packets <<<"$json")" $((rate - 20)) $((rate + 20))
between "of its source" "$(field interfaces.0.sources.0.packets <<<"$json")" 50 3000
is "which is known for certain" "$(field interfaces.0.sources.0.at_least <<<"$json")" \
	"$(field interfaces.0.sources.0.packets <<<"$json")"
is "and looked at packet by packet" "$(field interfaces.0.sources.0.address <<<"$json") $(field sample <<<"$json")" \
	"198.18.0.1 1"
is "an object a line" "$(top_ --json -c 2 | grep -c '^{"version":1,.*}$')" 2
# Sources are missing from an interval that began while another command was busy with the interface.
once_with_sources() {
	once=$(top_ --once)
	[[ $once == *sources* ]]
}
wait_for 20 once_with_sources
like "as text" "$once" "echogate: h0 in $host, native .*answer +[0-9.k]+ pkts/s.*icmp echo-request +[1-9]"
like "with all there is" "$once" "CPUs .*CPU 0.*sources .*198.18.0.1"
is "no wider than eighty columns" "$(awk 'length > 80' <<<"$once")" ""
end_flood

# From many, and more than can be looked at
flood_of 60000 -s 500 c0 udp dport=9
json=$(top_ --json -c 3 | tail -n 1)
dropped=$(field interfaces.0.verdicts.drop.packets <<<"$json")
sample=$(field sample <<<"$json")
check "a flood is sampled, one packet in $sample of $dropped" [ "$sample" -ge 4 ]
first=$(field interfaces.0.sources.0.packets <<<"$json")
between "none of five hundred sources stands out" "$first" 1 $((dropped / 20))
like "and each is one of them" "$(field interfaces.0.sources.3.address <<<"$json")" '^198\.18\.[01]\.'
end_flood

refuses "an interface that isn't there" 1 nothing top_ --once nothing
refuses "the same as JSON" 1 nothing top_ --json nothing
refuses "no terminal" 2 "are to be a terminal" top_
refuses "what makes no sense" 2 "is for --json" top_ -c 3
refuses "no seconds" 2 "interval" top_ -i 0

# --- the screen ---

if ! have tmux; then
	skip "the screen" "no tmux"
	need "$ECHOGATE" detach --all --netns "$host"
	clean "nothing is left" "$host"
	finish
fi

flood_of 500 c0 icmp
run_in 80 24 "$ECHOGATE" top --netns "$host"
shows "80x24: the interface" "echogate: h0 in $host"
shows "the rate" 'answer  *[1-9][0-9.k]* pkts/s'
shows "the types" 'icmp echo-request  *[1-9][0-9.k]* '
shows "bars" 'answer .*█.* max [1-9]'
check "sources are watched" watched
is "the keys are in the last row" "$(row 24)" \
	"q quit  p pause  <-/-> interface  1-5 view  s sort  +/- interval  h help"
like "columns end at the edge" "$(row 8)" '^types  +pkts/s   pass   drop answer reject  bit/s$'
is "what draws it has no capabilities" "$(sed -n 's/^CapEff:\s*//p' "/proc/$(viewer)/status")" 0000000000000000
press 3
shows "rules" '  [0-9]* .* count icmp type echo-request'
press v
shows "CPUs" '^CPU 1'
press 5
shows "sources" '^198.18.0.1  *[1-9][0-9.k]* '
press 2
shows "reasons, of which there are none" '^nothing'
press h
shows "help" 'q            quit'
press h
press p
shows "a pause" PAUSED
end_flood
sleep 1.5
like "in which numbers stay" "$(row 4)" "answer +[1-9][0-9.k]* pkts"
press p
shows "and then go on" 'answer  *0 pkts/s'
press +
shows "longer means" 'means of 2 intervals'
press -
press 1
resize 200 60
shows "200x60: all panels at once" 'types .*reject  bit/s  reasons '
is "the keys have come along" "$(row 60 | cut -c1-14)" "q quit  p paus"
is "each panel once" "$(screen | sed 7d | grep -o 'types  \|reasons  \|bit/s rules\|CPUs  \|sources [ (]' | wc -l)" 5
resize 79 24
shows "79x24: too small" '^79x24: top needs 80x24'
resize 80 24
shows "and back" '^types '
resize 3 2
resize 80 24
shows "from next to nothing, too" '^types '

# Interfaces that come and go
add_pair "$client" c1 02:00:00:00:01:01 "$host" h1 02:00:00:00:01:02
need "$ECHOGATE" attach h1 -m native --netns "$host"
shows "a second one" 'all 2 interfaces'
press Right
shows "the first" "h0 in $host"
press Tab
shows "the next" "h1 in $host"
need "$ECHOGATE" detach h1 --netns "$host"
shows "gone again" "h0 in $host"
need "$ECHOGATE" detach h0 --netns "$host"
shows "all of it" 'nothing is attached'
need "$ECHOGATE" attach h0 -m native --netns "$host"
shows "and there again" "h0 in $host"
press q
restored "q" 0

for signal in TERM INT HUP QUIT; do
	run_in 80 24 "$ECHOGATE" top --netns "$host"
	wait_for 60 shown pkts/s
	kill -$signal "$(viewer)"
	restored "SIG$signal" 0
done
run_in 80 24 "$ECHOGATE" top --netns "$host"
wait_for 60 shown pkts/s
kill -SEGV "$(viewer)"
restored "SIGSEGV" 139
run_in 80 24 "$ECHOGATE" top --netns "$host"
wait_for 60 shown pkts/s
producer=$(pgrep -P "$(viewer)")
kill -KILL "$producer"
restored "its child killed" 1 "ended early: Killed"
run_in 80 24 "$ECHOGATE" top nothing --netns "$host"
restored "an interface that isn't there" 1 "no such interface"
run_in 80 24 "$ECHOGATE" top --netns "$host"
wait_for 60 shown pkts/s
press C-z
sleep 0.3
kill -CONT "$(viewer)"
shows "stopped, and it goes on" pkts/s
producer=$(pgrep -P "$(viewer)")
kill -KILL "$(viewer)"
gone() {
	[ ! -e "/proc/$producer" ]
}
check "killed, it takes its child along" wait_for 60 gone
run_in 80 24 env TERM=nonsense "$ECHOGATE" top --netns "$host"
restored "a terminal that nobody knows" 1 'TERM is "nonsense"'
# A terminal without a second screen
locale=C
run_in 80 24 env TERM=vt100 "$ECHOGATE" top --netns "$host"
wait_for 60 shown pkts/s
check "neither colours nor UTF-8" wait_for 60 shown '^types'
is "nothing but ASCII" "$(screen | LC_ALL=C grep -c '[^ -~]')" 0
press q
restored "q" 0
locale=

# No capture is left on by any of them, the killed ones included: their places are taken back by the
# first packet after their leases.
idle() {
	in_ns "$client" "$EG_TESTS/flood" -c 1 c0 icmp >/dev/null
	! watched
}
check "nothing is watched any more" wait_for 60 idle

# --- through the daemon ---

member=(setpriv --reuid 54320 --regid 54320 --groups "$group" --)

if ! have setpriv || ! unshare -m true 2>/dev/null; then
	skip "through the daemon" "no setpriv, or no mount namespaces"
else
	with_group
	printf 'interface h0 {\n}\n' >"$work/conf"
	start_grouped
	flood_of 500 c0 icmp
	json=$("${member[@]}" "$ECHOGATE" top --json -c 2 --netns "$host" | tail -n 1)
	between "a member gets the same" "$(field interfaces.0.verdicts.answer.packets <<<"$json")" 100 2000
	is "sources included" "$(field interfaces.0.sources.0.address <<<"$json")" 198.18.0.1
	like "as text" "$("${member[@]}" "$ECHOGATE" top --once --netns "$host")" "icmp echo-request +[1-9]"
	run_in 80 24 "${member[@]}" "$ECHOGATE" top --netns "$host"
	shows "on the screen" 'answer  *[1-9][0-9.k]* pkts/s'
	is "by a child of the daemon" "$(children)" 1
	press q
	restored "q" 0
	check "which ends, too" wait_for 60 no_children
	run_in 80 24 "${member[@]}" "$ECHOGATE" top --netns "$host"
	wait_for 60 shown pkts/s
	kill -STOP "$(viewer)"
	sleep 1
	check "who is stopped doesn't stop the daemon" \
		timeout 60 "${member[@]}" "$ECHOGATE" status --netns "$host"
	kill -CONT "$(viewer)"
	shows "and goes on" pkts/s
	crash
	restored "a daemon that is killed" 1 "no more readings"
	refuses "a stranger gets nothing" 3 "." setpriv --reuid 54323 --regid 54323 --clear-groups -- \
		"$ECHOGATE" top --once --netns "$host"
	end_flood
fi

need "$ECHOGATE" detach --all --netns "$host"
clean "nothing is left" "$host"
finish
