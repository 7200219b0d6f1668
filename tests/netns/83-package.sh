#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What comes with the command: man pages, completion, examples and unit agree with it; make install
# and uninstall; the Debian package, which is installed, used, upgraded, removed and purged on a
# machine that systemd starts (machine.sh). That is a view of this very system, or, by
# EG_DEBOOTSTRAP=1, Debian 12 with no more than the package says it needs.

# shellcheck disable=SC2317  # functions as arguments
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/machine.sh
. "$(dirname "$0")/machine.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
share=$root/loader/share

suite package
trap 'machine_end; cleanup' EXIT
if [ ! -f "$root/Makefile" ]; then
	skip "what is installed" "there are no sources here"
	finish
fi

# --- what the help says ---

commands() {
	"$ECHOGATE" help | sed -n 's/^  \([a-z]*\) .*/\1/p'
}

# usage COMMAND: its long options by its usage, a line each
usage() {
	"$ECHOGATE" help "$1" | head -n 1 | grep -o -- '--[a-z][a-z-]*' | sort
}

# --- man pages ---

# lint PAGE: what mandoc says, but for manuals that this machine hasn't
lint() {
	mandoc -T lint "$1" 2>&1 | grep -v 'referenced manual not found\|outdated mandoc.db'
}

# man_options COMMAND: as usage, by echogate(8)
man_options() {
	awk -v command="$1" '
	/^\.It Xo/ { getline; on = $1 == ".Ic" && $2 == command }
	/^\.It Ic/ { on = $3 == command }
	on { for (i = 1; i < NF; i++) if ($i == "Fl" || $i == ".Fl") print $(i + 1) }
	/^\.Xc/ || /^\.El/ { on = 0 }' "$share/echogate.8" | sed -n 's/^-/--/p' | sort
}

for page in echogate.8 echogate.conf.5; do
	is "$page is clean" "$(lint "$share/$page")" ""
done
is "echogate(8) has the commands of the help" \
	"$(sed -n '/^\.Sh COMMANDS/,/^\.Sh/s/^\.\(It \)\?Ic \([a-z]*\).*/\2/p' \
		"$share/echogate.8" | sort | uniq | xargs)" "$(commands | sort | xargs)"
for command in $(commands); do
	is "echogate(8) has the options of $command" "$(man_options "$command" | xargs)" \
		"$(usage "$command" | xargs)"
	is "the help explains the options of $command" \
		"$("$ECHOGATE" help "$command" | sed -n 's/^  [-A-Za-z, ]\{4\}\(--[a-z-]*\).*/\1/p' |
			grep -v -x -e --verbose -e --help | sort | xargs)" \
		"$(usage "$command" | xargs)"
done

# man_counters: what echogate(8) says of counters, in the form of the help
man_counters() {
	awk '/^\.Sh/ { on = $2 == "COUNTERS" }
	!on { next }
	sub(/^\.Ss /, "") { titled = 1; print; next }
	/^\.It/ { name = $3 }
	/^\./ { next }
	name { sub(/\.$/, ""); $0 = name " " $0; name = "" }
	titled' "$share/echogate.8" | tr '[:upper:]' '[:lower:]'
}

help_counters() {
	"$ECHOGATE" help reasons | sed '1,/^$/d; /^$/d; s/^ *//; s/  */ /g' | tr '[:upper:]' '[:lower:]'
}

is "echogate(8) explains the counters as the help does" "$(man_counters)" "$(help_counters)"

# --- completion ---

# completes WORD...: what the last one may become
completes() {
	bash -c '
		. "$1"
		self=$2
		shift 2
		COMP_WORDS=(echogate "$@") COMP_CWORD=$# COMPREPLY=()
		_echogate "$self" "${!#}" echogate
		printf "%s\n" "${COMPREPLY[@]}"' bash "$share/echogate.bash" "$ECHOGATE" "$@" 2>&1
}

wrong=
for command in $(commands); do
	got=$(completes "$command" -- | grep -v -x -e --verbose -e --help | sort | xargs)
	[ "$got" = "$(usage "$command" | xargs)" ] || wrong+="$command: $got; "
done
make_pair
is "completion knows all options" "$wrong" ""
is "completion knows all commands" "$(completes "" | sort)" "$(commands | sort)"
is "... also as arguments of help" "$(completes help "" | sort)" "$({ commands; echo reasons; } |
	sort)"
is "... beginnings" "$(completes det)" detach
is "... interfaces" "$(completes attach l)" lo
is "... those of a namespace" "$(completes attach --netns "$host" "" | sort | xargs)" "h0 lo"
is "... with = before it" "$(completes attach --netns = "$host" h)" h0
is "... namespaces" "$(completes status --netns "$host")" "$host"
mkdir "$work/files"
touch "$work/files/a file" "$work/files/another"
is "... files" "$(completes apply "$work/files/" | sort)" "$work/files/a file
$work/files/another"
is "... after options, too" "$(completes apply --confirm 5 "$work/files/an")" "$work/files/another"
is "... then interfaces" "$(completes apply "$work/files/another" l)" lo
is "... files of options" "$(completes run --config "$work/files/an")" "$work/files/another"
modes=$(completes attach -m "")
for mode in $modes; do
	"$ECHOGATE" attach nosuch0 --mode "$mode" >/dev/null 2>&1
	[ $? -ne 2 ] || modes+=" but not $mode"
done
is "... modes, all of which there are" "$(echo "$modes" | xargs)" "auto native generic tc"

# --- configurations ---

# check_each FILE: what --check says of each interface in it says
check_each() {
	local iface

	while read -r iface; do
		"$ECHOGATE" apply --check "$1" "$iface" 2>&1 || echo "failed"
	done < <(sed -n 's/^interface \([a-z0-9]*\) .*/\1/p' "$1") | sed 's/,.*//'
}

for file in "$share"/examples/*; do
	like "example $(basename "$file") is right" "$(check_each "$file")" \
		$'^(eth[01]: [1-9][0-9]* rules\n?)+$'
done
is "the default configuration says nothing" "$(grep -v '^#' "$share/echogate.conf" | xargs)" ""
sed 's/^#interface/interface/' "$share/echogate.conf" >"$work/default"
is "... and is right where its comments are taken away" "$(check_each "$work/default")" \
	"eth0: 0 rules"

# --- make install ---

# made TARGET [VARIABLE=VALUE...]: without being shown
made() {
	make -C "$root" "$@" >"$work/make" 2>&1 || { cat "$work/make"; return 1; }
}

files_of() {
	(cd "$1" && find . -type f | sed 's/^\.//' | sort)
}

check "make install" made install DESTDIR="$work/opt" PREFIX=/opt/eg
check "... with a command that runs" "$work/opt/opt/eg/sbin/echogate" version
unit=$work/opt/opt/eg/lib/systemd/system/echogate.service
is "... and a unit that calls it" "$(grep -c '^Exec[A-Za-z]*=/opt/eg/sbin/echogate ' "$unit")" 2
echo "# changed" >>"$work/opt/etc/echogate.conf"
check "make install again" made install DESTDIR="$work/opt" PREFIX=/opt/eg
is "... leaves a changed configuration as it is" "$(tail -n 1 "$work/opt/etc/echogate.conf")" \
	"# changed"
check "make uninstall" made uninstall DESTDIR="$work/opt" PREFIX=/opt/eg
is "... leaves only that" "$(files_of "$work/opt")" /etc/echogate.conf
need made install DESTDIR="$work/usr" PREFIX=/usr
files_of "$work/usr" >"$work/installed"
unit=$work/usr/usr/lib/systemd/system/echogate.service
if have systemd-analyze; then
	check "the unit's exposure is under 3.0" systemd-analyze security --offline=true \
		--threshold=30 --no-pager "$unit"
else
	skip "the unit's exposure is under 3.0" "no systemd-analyze"
fi
cp -r "$work/usr" "$work/gone"
need made uninstall DESTDIR="$work/gone" PREFIX=/usr
is "an unchanged configuration goes with the rest" "$(files_of "$work/gone")" ""

# --- make deb ---

if ! have dh || ! have dpkg-buildpackage; then
	skip "the Debian package" "no debhelper"
	finish
fi
check "make deb" made deb
version=$(dpkg-parsechangelog -l "$share/debian/changelog" -S Version)
deb=$root/.output/deb/echogate_${version}_$(dpkg --print-architecture).deb
[ -f "$deb" ] || bail "no $deb: $(cat "$work/make")"
like "its version is the command's" "$("$ECHOGATE" version --json | xargs)" "echogate: ${version}[,}]"
dpkg-deb -x "$deb" "$work/deb"
is "it has what make install installs, and what Debian wants" \
	"$(files_of "$work/deb" | sed 's/\.gz$//; s,^/lib/,/usr/lib/,' | sort)" \
	"$({ cat "$work/installed"; printf '/usr/share/doc/echogate/%s\n' changelog copyright; } |
		sort)"
# What the build asks pkg-config for, the package must ask for, too.
wanted=$(sed -n 's/^LOADER_PKGS.*:= //p' "$root/Makefile")
for name in $wanted; do
	package=$(dpkg -S "*/$name.pc" | sed 's/:.*//' | head -n 1)
	grep -q "^ ${package/[0-9.]*-dev/-dev}," "$share/debian/control" ||
		wanted+=" but not $package of $name"
done
is "it is built with what the build needs" "$wanted" "${wanted%% but *}"
check "... all of which make deps installs" sh -c "cd '$share' && dpkg-checkbuilddeps -I"
if have lintian; then
	is "lintian has nothing against it" "$(lintian --allow-root --fail-on none "$deb" 2>&1)" ""
else
	skip "lintian has nothing against it" "no lintian"
fi

# --- on a machine ---

lower=/
if [ -n "${EG_DEBOOTSTRAP:-}" ]; then
	lower=$root/.output/debian-12
	"$root/tests/netns/debian" "$lower" "$deb" >"$work/debootstrap" 2>&1 ||
		{ note "$(tail -n 3 "$work/debootstrap")"; lower=; }
fi
if [ -z "$lower" ]; then
	skip "the package on Debian 12" "debootstrap, or the network"
	finish
elif [ "$(basename "$(readlink "$lower/sbin/init")")" != systemd ]; then
	skip "the package on a machine" "no systemd there to start it"
	finish
elif ! machine_make "$lower" "$deb" 2>"$work/err"; then
	skip "the package on a machine" "$(tail -n 1 "$work/err")"
	finish
fi
machine_start "$host" || bail "the machine doesn't start: $(cat "$work/boot")"

on_package() {
	on_machine dpkg "$@" "/$(basename "$deb")"
}

configure() {
	printf '%s\n' "$@" >"$work/conf"
	on_machine sh -c 'cat >/etc/echogate.conf' <"$work/conf"
}

# Who answers: echogate, kernel, both or nobody
answered_by() {
	local before

	before=$(kernel_echos "$host" 4)
	in_ns "$client" ping -n -q -c 5 -i 0.01 -W 5 198.18.0.2 >"$work/pings" || echo nobody
	case $(($(kernel_echos "$host" 4) - before)) in
	0) echo echogate ;;
	5) echo kernel ;;
	*) echo both ;;
	esac
}

# pinged COMMAND...: works, and not one of the pings meanwhile is lost or seen by the kernel
pinged() {
	local before pings status

	before=$(kernel_echos "$host" 4)
	# Not by in_ns: what is to be interrupted is ping itself.
	ip netns exec "$client" ping -n -q -i 0.002 -c 30000 -W 5 198.18.0.2 >"$work/pings" &
	pings=$!
	"$@"
	status=$?
	kill -INT "$pings"
	wait "$pings"
	cat "$work/pings"
	[ "$status" -eq 0 ] && grep -q '[0-9][0-9] received, 0% packet loss' "$work/pings" &&
		[ "$(kernel_echos "$host" 4)" = "$before" ]
}

service() {
	on_machine systemctl show -P "$1" "${2:-echogate}"
}

is_active() {
	[ "$(service ActiveState "$1")" = active ]
}

# It dies, and systemd starts another.
crash() {
	local pid

	pid=$(service MainPID)
	on_machine systemctl kill -s KILL echogate
	wait_for 30 restarted "$pid"
}

restarted() {
	is_active echogate && [ "$(service MainPID)" != "$1" ]
}

table_holds() {
	[ "$(on_machine echogate status h0 --json | field interfaces.0.addresses.count)" = "$1" ]
}

check "it installs" on_machine dpkg -i "/$(basename "$deb")"
is "... its configuration as one" "$(on_machine dpkg-query -W -f "\${Conffiles}" echogate |
	awk '{ print $1 }' | xargs)" /etc/echogate.conf
like "... its group" "$(on_machine getent group echogate)" ^echogate:
is "... its service, which runs" "$(service ActiveState) $(service UnitFileState)" "active enabled"
is "... and attaches nothing" "$(on_machine ls /sys/fs/bpf | grep -v '\.debug$')" ""
check "the unit has nothing that systemd doesn't know" on_machine systemd-analyze verify --man=no \
	echogate.service

warm_up "$client" 198.18.0.2
configure 'interface h0 { }'
check "a reload takes the file up" on_machine systemctl reload echogate
check "... which others than the service see" wait_for 20 table_holds 3
is "... and who pings" "$(answered_by)" echogate
configure 'interfac h0 { }'
refuses "a reload with a broken file fails" 1 'Job for echogate.service failed' \
	sh -c "$(declare -f on_machine); machine=$machine on_machine systemctl reload echogate 2>&1 |
		head -n 1 >&2; exit 1"
like "... for a reason that the journal has" "$(on_machine journalctl -q -u echogate -n 5)" \
	'unknown word "interfac"'
is "... and what was there goes on" "$(service ActiveState), $(answered_by)" "active, echogate"

configure 'interface h0 { }'
pid=$(service MainPID)
is "the service has the rights that it needs" \
	"$(on_machine sed -n 's/^\(CapBnd\|CapPrm\|NoNewPrivs\|Seccomp\):.//p' "/proc/$pid/status" |
		xargs)" "000000c000001000 000000c000001000 1 2"
is "... lo.forwarding is set all the same" "$(get_sysctl "$host" net/ipv4/conf/lo/forwarding)" 1
# shellcheck disable=SC2016  # the inner shell expands
is "... and may write what it must, and no more" "$(on_machine nsenter -t "$pid" -m sh -c '
	for file; do [ ! -w "$file" ] || echo "$file"; done' sh /etc /usr /home /root /sys/kernel/mm \
	/sys/fs/cgroup /proc/sys/kernel/sysrq /proc/sys/net/ipv4/conf/lo/forwarding /sys/fs/bpf /run |
	xargs)" "/proc/sys/net/ipv4/conf/lo/forwarding /sys/fs/bpf /run"

check "a restart interrupts nothing" pinged on_machine systemctl restart echogate
check "... nor does a kill" pinged crash
check "... nor an upgrade" pinged on_machine sh -c "
	dpkg-deb -R '/$(basename "$deb")' /tmp/next &&
	sed -i 's/^Version: .*/Version: $version.next/' /tmp/next/DEBIAN/control &&
	dpkg-deb -b /tmp/next /next.deb && dpkg -i /next.deb"
restarted "$pid"
is "... which starts the service anew" "$? $(on_machine dpkg-query -W -f "\${Version}" echogate)" \
	"0 $version.next"
add_addr "$host" h0 198.18.0.3/24
check "... and this follows the system" wait_for 20 table_holds 4

# The drop-in of echogate(8), as it stands there
on_machine sh -c '
	mkdir -p /run/netns /etc/systemd/system/echogate-blue.service.d
	touch /run/netns/blue
	unshare --net=/run/netns/blue true
	cp /lib/systemd/system/echogate.service /etc/systemd/system/echogate-blue.service
	cp /etc/echogate.conf /etc/blue.conf
	cat >/etc/systemd/system/echogate-blue.service.d/blue.conf
	systemctl daemon-reload' < <(sed -n '/^\[Service\]/,/^\.Ed/{/^\.Ed/!p}' "$share/echogate.8")
check "with a drop-in it is for another namespace" on_machine systemctl start echogate-blue
is "... beside the other one" "$(service ActiveState echogate-blue) $(service ActiveState)" \
	"active active"
check "... and ends" on_machine systemctl stop echogate-blue

# A chroot on the machine, in which nobody means the machine by it
check "removed in a chroot" on_machine sh -c '
	mkdir /chroot && mount --bind / /chroot && mount -t proc proc /chroot/proc &&
	chroot /chroot dpkg -r echogate && umount -R /chroot'
is "... nothing around it ends" "$(service ActiveState), $(answered_by)" "active, echogate"
need on_machine dpkg -i /next.deb

check "it is removed" on_machine dpkg -r echogate
is "... with what was attached" "$(on_machine ls /sys/fs/bpf | grep -v '\.debug$'
	leftovers "$host"; answered_by)" kernel
is "... and leaves its configuration" "$(on_machine cat /etc/echogate.conf)" "interface h0 { }"
check "it is purged" on_machine dpkg -P echogate
is "... to the last file" "$(on_machine find /etc /lib/systemd /run /usr/bin /usr/lib/sysusers.d \
	/usr/sbin /usr/share/bash-completion /usr/share/doc /usr/share/man /var -name '*echogate*' \
	! -path '/etc/systemd/system/echogate-blue*' ! -path '*/journal/*')" ""
finish
