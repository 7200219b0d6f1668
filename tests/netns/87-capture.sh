#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# capture: what tshark and tcpdump read in its files is what happened, in each mode; filters, pipes,
# several at once; nothing is left of a killed one; losses are counted to the packet. And what the
# flight recorder keeps.

# shellcheck disable=SC2317,SC2119  # functions as arguments; arguments that may be missing
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite capture
make_station
have tshark || bail "tshark is missing"
have tcpdump || bail "tcpdump is missing"

rules=$work/rules.conf
cat >"$rules" <<'END'
default answer
drop icmp type echo-request ttl 77
reject udp port 33434 with port-unreachable
pass tcp port 80
egress {
	drop udp port 7
}
END

echogate() {
	"$ECHOGATE" "$@"
}

# Captures ------------------------------------------------------------------------------

# Of the host's namespace that are under way
running() {
	[ "$(status_of "$host" h0 captures)" = "$1" ]
}

# live: the word that the programs look at
live() {
	echogate maps h0 dump eg_taps --netns "$host" --json | field interfaces.0.entries.0.value.eg_taps.live
}

is_off() {
	[ "$(live)" = 0 ]
}

# start NAME ARGUMENT...: a capture in the background, output in $work/NAME, what it says in
# $work/NAME.said; started when the programs know of it. Its process is pid[NAME].
declare -A pid=()
started=0
start() {
	local name=$1
	shift

	"$ECHOGATE" capture --netns "$host" "$@" >"$work/$name" 2>"$work/$name.said" </dev/null &
	pid[$name]=$!
	started=$((started + 1))
	wait_for 30 running $started || bail "$name doesn't start: $(cat "$work/$name.said")"
}

# stop NAME [SIGNAL]: its exit status
stop() {
	kill "-${2:-INT}" "${pid[$1]}" 2>/dev/null
	ended "$1"
}

is_over() {
	! kill -0 "$1" 2>/dev/null
}

ended() {
	wait_for 20 is_over "${pid[$1]}" || kill -KILL "${pid[$1]}"
	wait "${pid[$1]}"
	local status=$?

	started=$((started - 1))
	return $status
}

# read_file FILE: what tshark has to say about its packets, a line each, into $work/table; it takes
# long to start, so all is asked at once
columns=(frame.comment frame.packet_flags_direction frame.interface_name ip.checksum.status
	icmp.checksum.status frame.time_epoch ip.src ip.dst icmp.ident icmp.seq data.data icmp.type ip.ttl
	eth.src vlan.id vlan.priority frame.len frame.cap_len data.len udp.dstport)
read_file() {
	tshark -n -r "$1" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -T fields -E separator=/t \
		"${columns[@]/#/-e}" >"$work/table" 2>/dev/null
}

# of FIELD...: what was read, a line for each packet
# shellcheck disable=SC2016  # awk expands
of() {
	awk -F '\t' -v columns="${columns[*]}" -v wanted="$*" '
		BEGIN {
			for (n = split(columns, name, " "); n; n--) at[name[n]] = n
			n = split(wanted, field, " ")
		}
		{ for (i = 1; i <= n; i++) printf "%s%s", $at[field[i]], i < n ? " " : "\n" }' "$work/table"
}

# The number that a summary has for a word: said NAME captured|seen|lost
said() {
	sed -n "s/.*[ :]\([0-9]*\) \(packets \)\?$2.*/\1/p" "$work/$1.said"
}

# One of each: answered, dropped, rejected, passed, passed for a reason; and IPv6
one_of_each() {
	send_frames -w 20 >/dev/null <<-'END'
		icmp data=56
		icmp data=56 ttl=77
		udp dport=33434 data=20
		tcp dport=80
		icmp data=56 to=198.18.0.77
		icmp6 data=56
	END
}

each_comment="answer by default
reply to packet 1
drop by line 2: drop icmp type echo-request ttl 77
reject by line 3: reject udp port 33434 with port-unreachable
reply to packet 4
pass by line 4: pass tcp port 80
pass (not-local) by default
answer by default
reply to packet 8"
each_way="1 2 1 1 2 1 1 1 2"

# --- all that happens, in each mode ---

try_mode() {
	local mode=$1 file=$work/$1.pcapng bad

	need echogate attach h0 --netns "$host" --mode "$mode" --config "$rules"
	one_of_each	# the paths back are known from here on
	start "$mode" --direction in -w "$file" -- not arp
	start "$mode.line" --direction in -- not arp
	one_of_each
	wait_for 5 grep -q fd00:18::1 "$work/$mode.line"
	stop "$mode.line"
	stop "$mode"
	is "$mode: exit status" $? 0
	read_file "$file"
	is "$mode: verdicts, reasons, rules" "$(of frame.comment)" "$each_comment"
	is "$mode: which way they went" "$(of frame.packet_flags_direction | sed 's/0x0*//' | xargs)" \
		"$each_way"
	is "$mode: the interface's name" "$(of frame.interface_name | sort -u)" h0
	is "$mode: checksums" "$(of ip.checksum.status icmp.checksum.status | tr , ' ' | xargs -n 1 |
		sort -u)" 1
	# A request and its reply: one time, addresses exchanged, the same message.
	bad=$(of frame.time_epoch ip.src ip.dst icmp.ident icmp.seq data.data | awk '
		NR == 1 { want = $1 " " $3 " " $2 " " $4 " " $5 " " $6 }
		NR == 2 && $0 != want { print "wanted " want ", got " $0 }
		$1 < last { print "time goes back" } { last = $1 }')
	is "$mode: a request and its reply" "$bad" ""
	is "$mode: the packet as it came, not as it was sent back" \
		"$(of icmp.type ip.ttl eth.src | head -1)" "8 64 02:00:00:00:00:01"
	is "$mode: an error and what it quotes" "$(of icmp.type ip.src ip.dst | grep '^3')" \
		"3 198.18.0.2,198.18.0.1 198.18.0.1,198.18.0.2"
	is "$mode: nanoseconds" "$(of frame.time_epoch | grep -vc '000$')" 9
	is "$mode: tcpdump reads as many" "$(tcpdump -n -r "$file" 2>/dev/null | wc -l)" 9
	is "$mode: tcpdump finds no wrong checksum" "$(tcpdump -nvv -r "$file" 2>/dev/null |
		grep -v '\.80:' | grep -ci 'wrong\|bad cksum')" 0
	is "$mode: what it says" "$(said "$mode" captured) $(said "$mode" lost)" "6 0"
	is "$mode: lines" "$(cut -d' ' -f2- "$work/$mode.line")" \
		"h0 in IPv4 icmp echo-request 198.18.0.1 > 198.18.0.2 ttl 64, 98 bytes: answer by default
h0 in IPv4 icmp echo-request 198.18.0.1 > 198.18.0.2 ttl 77, 98 bytes: drop by line 2: drop icmp type echo-request ttl 77
h0 in IPv4 udp 198.18.0.1 port 40000 > 198.18.0.2 port 33434 ttl 64, 62 bytes: reject by line 3: reject udp port 33434 with port-unreachable
h0 in IPv4 tcp 198.18.0.1 port 40000 > 198.18.0.2 port 80 syn ttl 64, 54 bytes: pass by line 4: pass tcp port 80
h0 in IPv4 icmp echo-request 198.18.0.1 > 198.18.0.77 ttl 64, 98 bytes: pass (not-local) by default
h0 in IPv6 icmp6 echo-request fd00:18::1 > fd00:18::2 ttl 64, 118 bytes: answer by default"
	# Both directions: what the stack sends, too; a reply of ours is no packet of its own.
	start "$mode.out" --direction out -c 1 -- icmp or udp
	send_frames -w 20 >/dev/null <<<"icmp data=56"
	in_ns "$host" bash -c 'echo x >/dev/udp/198.18.0.1/7' 2>/dev/null
	wait_for 10 grep -q 'port 7' "$work/$mode.out"
	is "$mode: on the way out" "$(cut -d' ' -f2- "$work/$mode.out" | sed 's/port [0-9]* >/>/')" \
		"h0 out IPv4 udp 198.18.0.2 > 198.18.0.1 port 7 ttl 64, 44 bytes: drop by line 6: drop udp port 7"
	ended "$mode.out"
	is "$mode: off again" "$(live)" 0
	# Tags stand in the frames, also where the driver has put them aside.
	start "$mode.tag" -w "$work/tag" -c 1 -- vlan 5 and icmp
	send_frames -w 20 >/dev/null <<<"icmp data=56 vlan=0x8100:0x6005"
	ended "$mode.tag"
	read_file "$work/tag"
	is "$mode: a tag" "$(of vlan.id vlan.priority ip.src icmp.type frame.len)" \
		"5 3 198.18.0.1 8 102"
	need echogate detach h0 --netns "$host"
}

for mode in native generic tc; do
	try_mode $mode
done

# --- filters, in the programs and here ---

need echogate attach h0 --netns "$host" --mode native --config "$rules"
one_of_each

# only NAME WANTED ARGUMENT...: how many of one of each a capture gets
only() {
	local name=$1 want=$2 got
	shift 2

	start only --json --direction in "$@"
	start all --direction in -c 6 -- not arp	# when this one has all, so has the other
	one_of_each
	ended all
	stop only
	got=$(sed -n 's/.*"verdict":"\([^"]*\)","reason":"\([^"]*\)".*/\1 \2/p' "$work/only" | xargs)
	is "$name" "$got" "$want"
}

id=$(echogate rules h0 --json --netns "$host" | field interfaces.0.rules.1.id)
only "verdicts" "drop none reject none" --verdict drop,reject
only "a reason" "pass not-local" --reason not-local
only "no reason" "drop none pass none" --reason none --verdict pass,drop -- not arp
only "a rule by its line" "reject none" --rule 3
only "a rule by its id" "reject none" --rule "$id"
only "a filter" "answer none" -- icmp6 and dst fd00:18::2
only "a filter and a verdict" "drop none" --verdict drop -- icmp and 'ip[8]' = 77
refuses "a verdict that isn't one" 2 "--verdict: unknown word \"dropped\"; there are pass, drop" \
	echogate capture --verdict dropped
refuses "a reason that isn't one" 2 "unknown word \"checksum\".*icmp-checksum" \
	echogate capture --reason icmp-checksum,checksum
refuses "a filter that isn't one" 2 "filter \"icmp and\": .*syntax error" \
	echogate capture h0 --netns "$host" -- icmp and
refuses "a sample that isn't one" 2 "--sample: \"10\" is not of the form 1/N" \
	echogate capture --sample 10
refuses "no rule in that line" 1 "no rule in line 77" echogate capture --netns "$host" --rule 77
refuses "no such interface" 1 "no such interface" echogate capture nope --netns "$host"
refuses "a file that can't be written" 1 "/nowhere/x: No such file" \
	echogate capture --netns "$host" -w /nowhere/x
echo precious >"$work/precious"
refuses "nothing attached" 4 "nothing is attached" \
	echogate capture --netns "$client" -w "$work/precious"
is "... and the file that was there is as it was" "$(cat "$work/precious")" precious
if have script; then
	like "no capture file for a terminal" "$(script -qec \
		"$ECHOGATE capture h0 --netns $host -w -" /dev/null </dev/null)" "standard output is a terminal"
else
	skip "no capture file for a terminal" "no script"
fi

# --- how many, how much ---

flood() {
	in_ns "$client" "$EG_TESTS/flood" "$@" 2>&1
}

start count -w "$work/count" -c 10 --verdict answer -s 60
start sample -w "$work/sample" --sample 1/10 --verdict answer
flood -r 20000 -c 4000 c0 icmp data=1000 >/dev/null
ended count
stop sample
is "-c: so many, and their replies" "$(tcpdump -n -r "$work/count" 2>/dev/null | wc -l)" 20
read_file "$work/count"
is "-s: cut, and how long they were" "$(of frame.cap_len frame.len | sort -u)" "60 1042"
# Five deviations of the mean
between "--sample: one in ten" "$(said sample captured)" 305 495

# --- alive, and through pipes ---

(
	echo "$BASHPID" >"$work/pipe.pid"
	exec "$ECHOGATE" capture --netns "$host" -w - --verdict answer 2>"$work/pipe.said"
) | tcpdump -l -n -r - >"$work/pipe" 2>/dev/null &
wait_for 10 running 1
for n in 1 2 3; do
	start_us=${EPOCHREALTIME/./}
	send_frames -w 20 >/dev/null <<<"icmp data=$((50 + n))"
	wait_for 5 grep -q "echo reply.*length $((58 + n))" "$work/pipe"
	took=$((${EPOCHREALTIME/./} - start_us))
	[ "$took" -gt 1000000 ] || break
done
between "tcpdump at the other end of a pipe sees a ping at once, us" "$took" 0 1000000
kill -TERM "$(cat "$work/pipe.pid")"
wait
is "ended by SIGTERM: off" "$(live)" 0
"$ECHOGATE" capture --netns "$host" -w - --verdict answer 2>"$work/epipe.said" | head -c 100 >/dev/null &
wait_for 10 running 1
for _ in 1 2 3 4 5; do
	send_frames -w 20 >/dev/null <<<"icmp data=56"
done
wait_for 10 running 0
is "nobody reads the pipe any more: off" "$(live)" 0
wait

# --- several at once, and rules that change meanwhile ---

start one --verdict answer -w "$work/one"
start two -s 64 -w "$work/two" --direction in -- icmp
one_of_each
sed 's/ttl 77/ttl 99/' "$rules" >"$work/other.conf"
need echogate apply "$work/other.conf" --netns "$host"
send_frames -w 20 >/dev/null <<-'END'
	icmp data=56 ttl=99
	icmp data=56
END
stop one
stop two
read_file "$work/one"
is "two at once: what one wants" "$(of frame.comment | grep -c answer)" 3
is "two at once: all of it" "$(of frame.cap_len | sort -n | tail -1)" 118
read_file "$work/two"
is "two at once: what the other wants" "$(of frame.comment | grep -vc reply)" 5
is "two at once: as much as it wants" "$(of frame.cap_len | sort -n | tail -1)" 64
is "rules that came meanwhile are known" "$(of frame.comment | grep drop)" \
	"drop by line 2: drop icmp type echo-request ttl 77
drop by line 2: drop icmp type echo-request ttl 99"
is "and both are off" "$(live)" 0

# --- losses, to the packet ---

start loss -B 4 -w "$work/loss" --verdict answer
start whole -w "$work/whole" --verdict answer
before=$(answers "$host" h0 4)
flood -c 30000 c0 icmp data=56 >"$work/flood"
answered=$(($(answers "$host" h0 4) - before))
stop loss
stop whole
is "a flood: every answer was seen" "$(said loss seen)" "$answered"
is "a flood: captured and lost make all" $(($(said loss captured) + $(said loss lost))) "$answered"
is "a flood: the file has what was captured, and the replies" \
	"$(tcpdump -n -r "$work/loss" 2>/dev/null | wc -l)" $((2 * $(said loss captured)))
if [ "$(nproc)" -gt 1 ]; then
	between "a flood: a small buffer loses some" "$(said loss lost)" 1 "$answered"
else
	skip "a flood: a small buffer loses some" "with one processor the reader has its turn in between"
fi
is "a flood: the same beside it" $(($(said whole captured) + $(said whole lost))) "$answered"
# Ended in the middle of it: what is in the ring then isn't forgotten.
start middle --verdict answer -w "$work/middle"
flood -c 40000 c0 icmp data=56 >"$work/flood" &
wait_for 5 test -s "$work/middle.said"
sleep 0.1
stop middle
wait
is "a flood: captured and lost make all when it is ended in the middle" \
	$(($(said middle captured) + $(said middle lost))) "$(said middle seen)"
note "$(said middle seen) of 40000 seen"
note "$answered answered; of them lost: $(said loss lost) with 4 KiB, $(said whole lost) with 8 MiB"

# --- killed ---

start killed -w "$work/killed"
ring=$(echogate maps h0 dump eg_tap_rings --netns "$host" --json | field interfaces.0.entries.0.value)
kill -KILL "${pid[killed]}"
{ ended killed; } 2>/dev/null
is "killed: its ring is still there" "$(bpftool map show id "$ring" 2>/dev/null | grep -c ringbuf)" 1
switched_off() {
	send_frames -w 20 >/dev/null <<<"icmp data=56"
	is_off
}
check "killed: the programs switch it off themselves" wait_for 12 switched_off
is "killed: nobody believes that it runs" "$(status_of "$host" h0 captures)" 0
# Any command that changes something clears it away.
echogate confirm --netns "$host" >/dev/null 2>&1
need echogate apply "$rules" --netns "$host"
ring_gone() {
	! bpftool map show id "$ring" >/dev/null 2>&1
}
check "killed: the next command gives its memory back" wait_for 5 ring_gone

# --- stopped for a while, and going on ---

start stopped --verdict answer -w "$work/stopped"
kill -STOP "${pid[stopped]}"
wait_for 12 switched_off
kill -CONT "${pid[stopped]}"
wait_for 5 running 1
sleep 0.6
send_frames -w 20 >/dev/null <<<"icmp data=33"
stop stopped
read_file "$work/stopped"
is "stopped and continued: it goes on" "$(of data.len | grep -c '^33$')" 2

# --- detached meanwhile ---

start detached
need echogate detach h0 --netns "$host"
check "detached: the capture ends by itself" wait_for 10 is_over "${pid[detached]}"
ended detached
is "detached: exit status" $? 0
like "detached: and says so" "$(cat "$work/detached.said")" "h0: no longer captured: it has been detached"

# --- the flight recorder ---

recorded() {
	echogate capture --recorder --netns "$host" "$@" 2>&1
}

for mode in native tc; do
	need echogate attach h0 --netns "$host" --mode $mode --config "$rules"
	is "recorder, $mode: nothing yet" "$(recorded -- not ip6)" ""
	send_frames -w 20 >/dev/null <<-'END'
		udp dport=33434 data=20
		icmp data=56 to=198.18.0.77
	END
	before=$(counter "$host" h0 icmp.echo-request.drop.packets)
	flood -c 20000 c0 icmp data=56 ttl=77 >/dev/null
	is "recorder, $mode: the flood was dropped" \
		$(($(counter "$host" h0 icmp.echo-request.drop.packets) - before)) 20000
	out=$(recorded -- not ip6)
	is "recorder, $mode: a rare reject is still there, as it came" \
		"$(grep -c 'udp 198.18.0.1 port 40000 > 198.18.0.2 port 33434 .*: reject by line 3' <<<"$out")" 1
	is "recorder, $mode: a rare reason is still there" "$(grep -c '(not-local) by default' <<<"$out")" 1
	got=$(grep -c 'drop by line 2' <<<"$out")
	between "recorder, $mode: of the flood a few" "$got" 4 16
	need echogate apply "$work/other.conf" --netns "$host"
	is "recorder, $mode: apply leaves them there" "$(recorded -- not ip6 | grep -c 'reject by line 3')" 1
	recorded -w "$work/recorded" --verdict reject >/dev/null
	read_file "$work/recorded"
	is "recorder, $mode: in a file" "$(of frame.comment udp.dstport)" \
		"reject by line 3: reject udp port 33434 with port-unreachable 33434"
	echo "recorder off" | cat - "$rules" >"$work/off.conf"
	need echogate apply "$work/off.conf" --netns "$host"
	one_of_each
	is "recorder, $mode: off" "$(recorded --json --reason not-local | grep -c '"version":1')" 1
	like "recorder, $mode: off, and it says so" "$(recorded --reason not-local)" "recorder off"
	need echogate detach h0 --netns "$host"
done

clean "nothing is left" "$host"
finish
