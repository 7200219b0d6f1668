// SPDX-License-Identifier: GPL-2.0-only
/* Stations, programs and the CPU: before the first packet and after the last. */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench.skel.h"

static int program(const struct bpf_program *p)
{
	return bpf_program__fd(p);
}

static void leave_out(enum station_id at, const char *why)
{
	snprintf(b.missing[at], sizeof(b.missing[at]), "%s", why);
}

static bool wanted(enum station_id at)
{
	for (int c = 0; c < CANDIDATES; c++)
		if (candidates[c].station == at && (b.only & 1u << c))
			return true;
	return false;
}

static int open_station(enum station_id at)
{
	struct station *s = &b.stations[at];
	int err;

	b.opened[at] = true;
	err = station__open(s, at, program(b.skel->progs.bench_sink));
	if (err)
		return err;
	/* A program before the link is up and frames flow, whoever comes later. */
	if (at == AT_OWN)
		err = station__attach_xdp(s, program(b.skel->progs.bench_drop));
	else if (at == AT_TC_OWN || at == AT_TC || at == AT_KERNEL)
		err = station__enable_gro(s);
	if (!err)
		err = station__up(s);
	if (err)
		return err;
	if (at == AT_TC_OWN) {
		if (station__attach_tc(s, program(b.skel->progs.bench_tc4), -1))
			leave_out(at, "this kernel has no tcx");
	} else if (at == AT_NATIVE || at == AT_SWAP || at == AT_TC) {
		if (station__attach_echogate(s, b.echogate, at == AT_TC ? "tc" : "native",
					     at == AT_SWAP ? b.config : NULL)) {
			leave_out(at, "echogate could not be attached");
			b.wrong++;
		}
	}
	return 0;
}

/* In memory: a run that is killed leaves no file behind. */
static int write_config(void)
{
	static const char text[] = "reply-path swap\n";
	int fd = memfd_create("swap", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(b.config, sizeof(b.config), "/proc/%d/fd/%d", getpid(), fd);
	return write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1 ? 0 : -EIO;
}

static int find_ksoftirqd(void)
{
	char path[300], name[32], want[32];
	struct dirent *entry;
	int err = -ENOENT;
	DIR *proc;
	FILE *f;

	snprintf(want, sizeof(want), "ksoftirqd/%d\n", b.cpu);
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while (err && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strcmp(name, want))
			err = -clock_getcpuclockid(atoi(entry->d_name), &b.ksoftirqd);
		fclose(f);
	}
	closedir(proc);
	return err;
}

/*
 * BPF_PROG_TEST_RUN enters its program in the kernel's XDP dispatcher, and takes
 * it out again, waiting tens of ms for RCU each time. It need not for a program
 * that is attached somewhere: so these are, where no frame ever comes.
 */
static int park(void)
{
	const struct bpf_program *const parked[PARKED] = {
		b.skel->progs.bench_gen4,    b.skel->progs.bench_gen6,	b.skel->progs.bench_pass,
		b.skel->progs.bench_hundred, b.skel->progs.bench_calls, b.skel->progs.bench_drop,
	};
	char name[16];
	int err = 0;

	for (int n = 0; n < PARKED && !err; n++) {
		snprintf(name, sizeof(name), "park%d", n);
		if (n % 2 == 0)
			err = station__run(b.home, "ip link add %s type veth peer name park%d",
					   name, n + 1);
		if (!err)
			err = b.parked[n] = station__park(name, program(parked[n]));
		if (err > 0)
			err = 0;
	}
	return err;
}

int set_up(void)
{
	struct rlimit memory = { RLIM_INFINITY, RLIM_INFINITY };
	cpu_set_t one;
	int err;

	/* Kernels before 5.11 charge maps to this. */
	setrlimit(RLIMIT_MEMLOCK, &memory);
	CPU_ZERO(&one);
	CPU_SET(b.cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one)) {
		err = -errno;
		note("CPU %d is not there, or not for us: %s", b.cpu, strerror(-err));
		return err;
	}
	b.have_ksoftirqd = !find_ksoftirqd();
	/* Whoever shares the machine may use the other CPUs meanwhile. */
	setpriority(PRIO_PROCESS, 0, -20);
	if (unshare(CLONE_NEWNET)) {
		err = -errno;
		note("no network namespace: %s%s", strerror(-err),
		     err == -EPERM ? "; run it as root" : "");
		return err;
	}
	b.skel = bench__open_and_load();
	if (!b.skel) {
		err = -errno;
		note("BPF programs can't be loaded: %s", strerror(-err));
		return err;
	}
	b.home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (b.home < 0)
		return -errno;
	err = park();
	if (!err)
		err = write_config();
	for (int at = 0; at < STATIONS && !err && !stop; at++)
		if (wanted(at) || at == AT_OWN)
			err = open_station(at);
	return err;
}

void tear_down(void)
{
	for (int at = 0; at < STATIONS; at++)
		if (b.opened[at])
			station__close(&b.stations[at], b.echogate);
	bench__destroy(b.skel);
	free(b.alone);
}
