# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the suites share in which a daemon runs, in the host's namespace, by $work/conf. Sourced after
# lib.sh; the suite calls "with_daemon" when it has its namespaces.

# shellcheck disable=SC2154,SC2034  # from lib.sh, and for the suite

daemon=			# its process, while there is one
binary=$ECHOGATE	# what it is
holders=()
next=10
group=54321		# of with_group

with_daemon() {
	: >"$work/told"
	"$EG_TESTS/listen" "$work/notify" >>"$work/told" &
	listener=$!
	trap 'stop_all; cleanup' EXIT
}

stop_all() {
	[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null
	[ ${#holders[@]} -eq 0 ] || kill "${holders[@]}" 2>/dev/null
	kill "$listener" 2>/dev/null
	wait
}

# told WORD: how often the service manager has heard it
told() {
	grep -c -- "$1" "$work/told"
}

is_told() {
	[ "$(told "$1")" -ge "$2" ]
}

# launch COMMAND...: runs the daemon by it, and waits until it is ready
launch() {
	local ready

	ready=$(told READY=1)
	NOTIFY_SOCKET=$work/notify "$@" "$binary" run --config "$work/conf" --netns "$host" \
		>>"$work/log" 2>&1 9>&- &
	daemon=$!
	wait_for 60 is_told READY=1 $((ready + 1)) || bail "not ready: $(cat "$work/log")"
}

# start [VARIABLE=VALUE...]
start() {
	launch env "$@"
}

# with_group: the group echogate, for start_grouped; strangers may read $work
with_group() {
	chmod 755 "$work"
	printf 'root:x:0:\nechogate:x:%d:\n' "$group" >"$work/group"
}

# start_grouped [GROUPS]: in a mount namespace where the group is a known one, with this file
start_grouped() {
	# shellcheck disable=SC2016  # the inner shell expands
	launch unshare -m sh -c '
		mount --bind "$1" /etc/group && shift && exec "$@"' sh "${1:-$work/group}"
}

# stop: and $stopped is how it ended
stop() {
	kill -TERM "$daemon"
	wait "$daemon"
	stopped=$?
	daemon=
}

crash() {
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}

# reload: and what came of it, when that is known
reload() {
	local ready

	ready=$(told READY=1)
	kill -HUP "$daemon"
	wait_for 60 is_told READY=1 $((ready + 1))
}

pins_of() {
	echo "$(pin_dir "$host")/$(ifindex "$host" "$1")"
}

# follows NAME ADDRESS local|broadcast|none COMMAND...: it is in the table of h0 soon. What
# is asserted is a second; what it took is for the reader, machines being busy.
follows() {
	local name=$1 out
	shift

	if out=$("$EG_TESTS/owner" "$(pins_of h0)" "$@" 2>&1) &&
	   [[ $out =~ ended_us=([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -lt 1000000 ]; then
		ok "$name"
		note "in the table ${BASH_REMATCH[1]} us after the command (to reach: 50000)"
	else
		not_ok "$name" "$out" "$(tail -n 5 "$work/log")"
	fi
}

# goes_on NAME: the daemon takes an address up, whatever else is going on
goes_on() {
	next=$((next + 1))
	follows "$1" "198.18.0.$next" local \
		ip -n "$host" address add "198.18.0.$next/24" dev h0
}

# hold COMMAND... -- TARGET COUNT [TEXT]: connections, made by what the command runs, until release
hold() {
	local by=()

	while [ "$1" != -- ]; do
		by+=("$1")
		shift
	done
	shift
	rm -f "$work/hold" "$work/held"
	mkfifo "$work/hold"
	"${by[@]}" "$EG_TESTS/peer" hold "$@" <"$work/hold" >"$work/held" &
	holders=("$!")
	exec 9>"$work/hold"
	wait_for 60 grep -q made= "$work/held" || note "not held: $(cat "$work/held")"
}

# release: and $held is what became of them
release() {
	exec 9>&-
	wait "${holders[@]}"
	holders=()
	held=$(xargs <"$work/held")
}

children() {
	pgrep -P "$daemon" | wc -l
}

no_children() {
	[ "$(children)" -eq 0 ]
}

descriptors() {
	find "/proc/$daemon/fd" -type l | wc -l
}

rss() {
	sed -n 's/^VmRSS:\s*\([0-9]*\).*/\1/p' "/proc/$daemon/status"
}
