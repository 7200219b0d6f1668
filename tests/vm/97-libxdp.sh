#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Beside other XDP programs, under libxdp's dispatcher: what `echogate object` writes, loaded
# by xdp-loader with xdp-filter before it. The dispatcher takes programs by freplace, which not
# every kernel has.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

suite libxdp
make_pair
object=$work/echogate.o

# In the network namespace only: ip netns would hide bpffs, in which libxdp keeps its notes.
on_host() {
	nsenter --net="/run/netns/$host" "$@"
}

status() {
	on_host xdp-loader status h0 2>&1
}

# order: names of the programs with priority and actions, in the order in which they run
order() {
	status | awk '$1 == "=>" { print $3, $2, $NF }' | paste -s -d ,
}

# answered NAME FAMILY ADDRESS: twenty pings, all of them, and by echogate
answered() {
	local before out

	before=$(kernel_echos "$host" "$2")
	out=$(in_ns "$client" ping -n -q -c 20 -i 0.01 -W 10 "$3" 2>&1)
	like "$1: all come back" "$out" " 20 received, 0% packet loss"
	is "$1: not from the kernel" "$(($(kernel_echos "$host" "$2") - before))" 0
}

silent() {
	! in_ns "$client" ping -n -q -c 3 -i 0.05 -W 0.3 198.18.0.2 >/dev/null
}

if ! have xdp-loader; then
	skip "libxdp's dispatcher" "no xdp-tools"
	finish
fi
warm_up "$client" 198.18.0.2 fd00:18::2
"$ECHOGATE" object h0 --netns "$host" >"$object" || bail "no object"
if ! out=$(on_host xdp-loader load h0 "$object" 2>&1); then
	# Why, only the verifier's log says.
	out=$(on_host xdp-loader load -vv h0 "$object" 2>&1 | tail -n 20)
	bail "xdp-loader doesn't load it: $out"
fi
ok "xdp-loader loads it"
note "$(status | tail -n +3)"
like "under the dispatcher, with the priority and actions it asks for" "$(order)" \
	'^eg_xdp 30 XDP_PASS$'
answered "alone" 4 198.18.0.2
answered "alone" 6 fd00:18::2
before=$(kernel_echos "$host" 4)
in_ns "$client" ping -n -q -c 5 -i 0.05 -W 5 -s 3000 198.18.0.2 >/dev/null
is "what it passes reaches the kernel: fragments" "$(($(kernel_echos "$host" 4) - before))" 5

check "xdp-filter comes beside it" on_host xdp-filter load -m native h0
like "and runs before it" "$(order)" '^[a-z_]*filt[a-z_]* 10 XDP_PASS,eg_xdp 30 XDP_PASS$'
answered "behind xdp-filter" 4 198.18.0.2
answered "behind xdp-filter" 6 fd00:18::2
check "xdp-filter drops a source" on_host xdp-filter ip -m src 198.18.0.1
check "nobody answers it then" silent
answered "others still" 6 fd00:18::2
check "xdp-filter spares it again" on_host xdp-filter ip -r -m src 198.18.0.1
answered "spared" 4 198.18.0.2

refuses "attach displaces nobody" 1 "another XDP program is attached" \
	"$ECHOGATE" attach h0 --netns "$host"
like "doctor says so too" "$("$ECHOGATE" doctor h0 --netns "$host")" "foreign-xdp: "
check "tc mode gets along with both" "$ECHOGATE" attach h0 --netns "$host" --mode tc
check "and goes" "$ECHOGATE" detach h0 --netns "$host"

check "xdp-filter goes" on_host xdp-filter unload h0
like "and leaves it alone" "$(order)" '^eg_xdp 30 XDP_PASS$'
answered "alone again" 4 198.18.0.2
check "xdp-loader unloads it" on_host xdp-loader unload h0 --all
before=$(kernel_echos "$host" 4)
in_ns "$client" ping -n -q -c 5 -i 0.05 -W 5 198.18.0.2 >/dev/null
is "then the kernel answers" "$(($(kernel_echos "$host" 4) - before))" 5
clean "nothing is left" "$host"
refuses "object wants an interface" 2 "one interface" "$ECHOGATE" object
refuses "which is there" 1 "no such interface" "$ECHOGATE" object h9 --netns "$host"
finish
