# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A machine to install packages on: a system that systemd starts, in namespaces of its own over a
# copy-on-write view of a directory. Sourced after lib.sh.

# shellcheck disable=SC2154  # work and pre are lib.sh's

machine=	# process id of its init; empty: none runs
layers=		# of its file system: upper, work, root
groups=		# where cgroups are mounted

# machine_make DIRECTORY [FILE...]: its files are those of DIRECTORY; the others are laid in /
machine_make() {
	local lower=$1
	shift

	layers=$work/machine groups=$work/groups
	mkdir "$layers" "$groups" &&
	mount -t cgroup2 cgroup2 "$groups" &&
	mkdir "$groups/$pre" &&
	mount -t tmpfs -o size=1g tmpfs "$layers" &&
	mkdir "$layers"/{upper,work,root} &&
	mount -t overlay -o "lowerdir=$lower,upperdir=$layers/upper,workdir=$layers/work" overlay \
		"$layers/root" &&
	{ [ $# -eq 0 ] || cp "$@" "$layers/root"; }
}

# What the shell that becomes its init does: only here these mounts exist. sysfs is read-only, by
# which systemd knows that devices are none of its business.
# shellcheck disable=SC2016  # that shell expands
become_init='
	set -e
	root=$1
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount -t bpf -o mode=700 bpf "$root/sys/fs/bpf"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	mkdir "$root"/dev/{pts,shm}
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	for device in null zero full random urandom tty; do
		: >"$root/dev/$device"
		mount --bind "/dev/$device" "$root/dev/$device"
	done
	cd "$root"
	mkdir -p run/outside
	pivot_root . run/outside
	umount -l /run/outside
	rmdir /run/outside
	exec env -i container=echogate PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init
'

# machine_start NETNS: in that network namespace, until it is up
machine_start() {
	# Nothing but systemd itself starts, whatever the directory has enabled; what gets
	# installed does, whatever it forbids.
	rm -rf "$layers"/root/etc/systemd/system/*.wants "$layers/root/usr/sbin/policy-rc.d"
	# shellcheck disable=SC2016
	nsenter --net="/run/netns/$1" bash -c '
		echo 0 >"$1/cgroup.procs"
		exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child \
			bash -c "$2" init "$3"' \
		starter "$groups/$pre" "$become_init" "$layers/root" >"$work/boot" 2>&1 &
	starter=$!
	wait_for 60 machine_runs
}

machine_runs() {
	local pid

	read -r pid <"/proc/$starter/task/$starter/children"
	[ "$(cat "/proc/$pid/comm")" != systemd ] || machine=$pid
	[ -n "$machine" ] && on_machine systemctl is-system-running | grep 'running\|degraded' >/dev/null
}

# on_machine COMMAND...
on_machine() {
	nsenter -t "$machine" -m -p -u -i -n -C env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

machine_end() {
	if [ -n "${starter:-}" ]; then
		kill -KILL "$starter" 2>/dev/null
		wait "$starter" 2>/dev/null
		starter='' machine=''
	fi
	[ -n "$layers" ] || return
	# The last of its processes may take a while.
	wait_for 10 no_groups
	umount -l "$groups" "$layers/root" "$layers" 2>/dev/null
	layers=
}

no_groups() {
	find "$groups/$pre" -depth -type d -exec rmdir {} \; 2>/dev/null
	[ ! -d "$groups/$pre" ]
}
