#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The control socket: members of the group look, root does all, with the same output and exit statuses as
# without a daemon; nobody else gets anything; and whatever is done to the socket, the daemon goes on.

# shellcheck disable=SC2317,SC2119  # functions as arguments, with none of their own
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
. "$(dirname "$0")/daemon.sh"

suite control
make_pair
with_daemon
socket=/run/echogate-$host.sock

if ! have setpriv || ! unshare -m true 2>/dev/null; then
	skip "the control socket" "no setpriv, or no mount namespaces"
	finish
fi

# --- words ---

# In the directory that a stranger may read, with what a stranger has
member() {
	setpriv --reuid "${uid:-54320}" --regid 54320 --groups "$group" -- "$@"
}

own_group() {
	setpriv --reuid 54322 --regid "$group" --clear-groups -- "$@"
}

stranger() {
	setpriv --reuid 54323 --regid 54323 --clear-groups -- "$@"
}

bare_root() {
	setpriv --bounding-set -all --inh-caps -all -- "$@"
}

# run_as WHO COMMAND...: what it prints and how it ends
run_as() {
	local who=$1
	shift

	"$who" "$ECHOGATE" "$@" --netns "$host" </dev/null >"$work/out" 2>"$work/err"
	echo "exit $?"
	cat "$work/out" "$work/err"
}

equal() {
	[ "$(run_as env "$@")" = "$(run_as member "$@")" ]
}

# the_same COMMAND...: for root and for a member, when nothing is counted in between
the_same() {
	if wait_for 10 equal "$@"; then
		ok "the same for a member: $*"
	else
		not_ok "the same for a member: $*" "$(diff <(run_as env "$@") <(run_as member "$@"))"
	fi
}

says() {
	# shellcheck disable=SC2086  # a function
	"${who:-member}" "$EG_TESTS/peer" say "$socket"
}

# request WORD...: as JSON
request() {
	local list

	printf -v list ',"%s"' "$@"
	printf '{"version":1,"command":[%s]}' "${list:1}"
}

# --- who may what ---

with_group
echo 'root:x:0:' >"$work/nogroup"
printf 'count icmp type echo-request\ndrop udp port 9\ninterface h0 {\n}\n' >"$work/conf"
start_grouped
is "the socket is the group's" "$(stat -c '%u %g %a %F' "$socket")" "0 $group 660 socket"
warm_up "$client" 198.18.0.2 fd00:18::2
the_same status
the_same status h0
the_same status --json
the_same stats
the_same stats --per-cpu --json
the_same stats --openmetrics
the_same stats --snmp -a
the_same rules
the_same rules --stats
the_same rules h0 --json
the_same maps
the_same maps --json
the_same maps dump eg_meta
the_same maps h0 dump eg_addrs --json
the_same status nothing
the_same rules h0 nothing
the_same maps dump nothing
the_same stats --rate
like "there is output" "$(run_as member stats h0)" "^exit 0.*icmp"
like "by its own group, too" "$(run_as own_group stats h0)" "^exit 0.*icmp"
check "help needs nobody" stranger "$ECHOGATE" status --help
like "nor does what is wrong" "$(run_as stranger stats --jsn)" "exit 2.*unknown"
watched=$(timeout 4 setpriv --reuid 54320 --regid "$group" --clear-groups \
	"$ECHOGATE" stats h0 --watch --json --netns "$host" | grep -c '^{"version":')
check "--watch goes on" [ "$watched" -ge 2 ]
check "and who goes takes the child along" wait_for 10 no_children
refuses "a stranger is kept out" 3 "is for root and the group echogate" \
	stranger "$ECHOGATE" status --netns "$host"
chmod 666 "$socket"
refuses "who gets in is asked for credentials" 3 "answers root and the group echogate" \
	stranger "$ECHOGATE" status --netns "$host"
chmod 660 "$socket"
refuses "no daemon there: as it was" 3 "CAP_NET_ADMIN are missing; run it as root" \
	member "$ECHOGATE" status --netns "no-$host"

before="$(status_of "$host" h0 generation) $(run_as env rules)"
for command in "attach h0" "attach h0 --config $work/conf" "detach h0" "detach --all" "apply $work/conf" \
	rollback confirm "stats --reset"; do
	# shellcheck disable=SC2086  # words
	refuses "a member may not: $command" 3 "for root only; run it as root" \
		member "$ECHOGATE" $command --netns "$host"
done
for words in "run" "help" "version" "explain 00" "stat" "daemon" "/bin/sh" ""; do
	# shellcheck disable=SC2086  # words
	like "the daemon runs nothing else: ${words:-nothing}" "$(request ${words:-""} | says)" \
		'runs no command.*"exit":2'
done
like "nor looks where it is told to" \
	"$(request status --netns /proc/self/ns/net | says)" 'another"?.*"exit":1'
like "nor into files" "$(request maps --netns /etc/shadow | says)" 'another.*"exit":1'
like "a directory is root's to give" \
	"$(echo '{"version":1,"command":["status"],"directory":"/nowhere"}' | says)" '"exit":0'
like "which root does" \
	"$(echo '{"version":1,"command":["status"],"directory":"/nowhere"}' | who="env" says)" \
	'No such file.*"exit":1'
is "all of it has changed nothing" "$(status_of "$host" h0 generation) $(run_as env rules)" "$before"

# --- root without capabilities ---

two_rulesets
cd "$work" || bail "no $work"
like "root has the daemon do it: apply, a file beside" "$(run_as bare_root apply a)" "exit 0.*generation 2"
is "which runs" "$(what_runs)" a
like "rollback" "$(run_as bare_root rollback)" "exit 0.*generation 1"
is "runs what ran" "$(what_runs)" none
like "apply --confirm" "$(run_as bare_root apply b --confirm 3)" "exit 0.*comes back in 3 s"
is "runs" "$(what_runs)" b
back() {
	[ "$(what_runs)" = none ]
}
check "until nobody confirmed" wait_for 20 back
like "one that is wrong" "$(run_as bare_root apply nothing)" "exit 2.*nothing: No such file"
like "detach" "$(run_as bare_root detach h0)" "exit 0.*detached"
clean "leaves nothing" "$host"
like "attach" "$(run_as bare_root attach h0 --config conf)" "exit 0.*attached"
the_same status
like "stats --reset" "$(run_as bare_root stats --reset)" "exit 0.*set to zero"
cd / || bail "no /"

# --- messages that are none ---

for text in '' '{' '{"version":1,"command":["status"' 'status' '[]' '{"version":1,"command":[]}' \
	'{"version":1,"command":["status\u0000"]}' '{"version":7,"command":["status"]}' \
	'{"version":1,"command":["status"]} {}' '[[[[[[[[[[[[[[[[[[[[[['; do
	if [ -z "$text" ]; then
		is "nothing is answered with nothing" "$(says </dev/null)" ""
	else
		like "not understood: $text" "$(printf %s "$text" | says)" \
			"the request isn't understood: .*\"exit\":2"
	fi
done
like "random bytes" "$(head -c 60000 /dev/urandom | says)" 'no JSON object.*"exit":2'
head -c 65000 /dev/zero | tr '\0' '[' >"$work/nested"
like "as deep as a message is long" "$(says <"$work/nested")" 'no JSON object.*"exit":2'
head -c 65537 /dev/zero | tr '\0' ' ' >"$work/long"
like "too long" "$(says <"$work/long")" 'too long: 65537 bytes.*"exit":2'
{ printf '{"version":1,"command":["status","'; head -c 65000 /dev/zero | tr '\0' x; printf '"]}'; } >"$work/word"
like "a long word" "$(says <"$work/word")" 'interface name .*"exit":2'
goes_on "an address is followed all the same"

# --- many, and slow ones ---

before=$(descriptors)
hold member -- "$socket" 1000
check "a thousand connections, of which few stay" [ "$(descriptors)" -le $((before + 20)) ]
refuses "its user has no more" 1 "too many connections" member "$ECHOGATE" status --netns "$host"
like "another has" "$(uid=54400 run_as member stats h0)" "^exit 0"
like "root has" "$(run_as bare_root stats h0)" "^exit 0"
goes_on "a thousand connections: an address is followed"
few() {
	[ "$(descriptors)" -le "$before" ]
}
check "who says nothing has to go" wait_for 30 few
like "and there is room again" "$(run_as member stats h0)" "^exit 0"
release
is "none was kept" "$held" "made=1000 open=0"

hold member -- "$socket" 1000 '{"version":1,"command":["sta'
goes_on "a thousand halves of messages: an address is followed"
check "no child stays" wait_for 20 no_children
release
check "nor a connection" wait_for 20 few

hold member -- "$socket" 12 "$(request stats --watch=86400)"
busy() {
	[ "$(children)" -eq 12 ]
}
check "twelve who watch: twelve children" wait_for 20 busy
goes_on "an address is followed"
release
check "which end with them" wait_for 20 no_children
wait_for 20 few

# More output than a socket holds, and nobody who takes it
{ for ((i = 1; i <= 3000; i++)); do
	echo "drop udp port $i from 10.$((i / 250)).$((i % 250)).0/24"
  done; printf 'interface h0 {\n}\n'; } >"$work/many"
like "3,000 rules" "$(run_as env apply "$work/many")" "exit 0.*3000 rules"
the_same rules h0
the_same rules --json
hold member -- "$socket" 8 "$(request rules --json)"
stuck() {
	[ "$(children)" -eq 8 ]
}
check "eight who don't read: eight children wait" wait_for 20 stuck
goes_on "an address is followed"
check "but not for ever" wait_for 40 no_children
release

uid=54401 member "$EG_TESTS/peer" flood "$socket" 8 "$(request status --json)" >"$work/flood1" &
flood1=$!
uid=54402 member "$EG_TESTS/peer" flood "$socket" 8 '{"version":1' >"$work/flood2" &
flood2=$!
goes_on "floods of requests: an address is followed"
like "root is served" "$(run_as bare_root stats h0)" "^exit 0"
goes_on "another one"
wait $flood1 $flood2
note "$(xargs <"$work/flood1"), $(xargs <"$work/flood2") of half ones"
check "no child stays" wait_for 20 no_children
check "nor a descriptor" wait_for 20 few
first=$(rss)
member "$EG_TESTS/peer" flood "$socket" 4 "$(request status)" >/dev/null
wait_for 20 no_children
note "memory: $first KiB before a flood, $(rss) KiB after"
check "nor memory" [ "$(rss)" -le $((first + first / 10 + 256)) ]
check "pings are answered" [ "$(in_ns "$client" ping -n -q -c 5 -i 0.05 -W 5 198.18.0.2 | grep -c ' 0% ')" = 1 ]

# --- the file ---

crash
check "killed, it leaves its socket" [ -S "$socket" ]
refuses "behind which nobody is" 3 "run it as root" member "$ECHOGATE" status --netns "$host"
start_grouped
like "the next one replaces it" "$(run_as member stats h0)" "^exit 0"
hold member -- "$socket" 1 "$(request stats --watch=86400)"
busy() {
	[ "$(children)" -eq 1 ]
}
wait_for 20 busy
child=$(pgrep -P "$daemon")
crash
ended() {
	[ ! -e "/proc/$child" ]
}
check "killed, it takes its children along" wait_for 10 ended
release
rm -f "$socket"
mkfifo "$work/lives"
"$EG_TESTS/peer" listen "$socket" <"$work/lives" >"$work/there" &
holders=("$!")
exec 9>"$work/lives"
wait_for 10 grep -q there "$work/there"
inode=$(stat -c %i "$socket")
: >"$work/log"
start_grouped
like "where somebody lives, it does without" "$(cat "$work/log")" "<5>$socket: no control socket: Address already in use"
goes_on "and does all else"
stop
is "the other's socket stays" "$(stat -c %i "$socket")" "$inode"
exec 9>&-
wait "${holders[@]}"
holders=()
rm "$socket"
echo precious >"$socket"
: >"$work/log"
start_grouped
like "a file that is no socket" "$(cat "$work/log")" "<5>$socket: no control socket: File exists"
stop
is "stays, too" "$(cat "$socket")" precious
rm "$socket"
start_grouped "$work/nogroup"
is "without the group it is root's" "$(stat -c '%u %g %a' "$socket")" "0 0 600"
refuses "who was a member is a stranger" 3 "not permitted" member "$ECHOGATE" status --netns "$host"
stop
check "stopped, it takes its socket along" [ ! -e "$socket" ]
refuses "then it is as it always was" 3 "CAP_NET_ADMIN are missing; run it as root" \
	member "$ECHOGATE" status --netns "$host"
need "$ECHOGATE" detach --all --netns "$host"
clean "nothing is left" "$host"
finish
