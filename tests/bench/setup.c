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

#include "filter.h"
#include "bench.skel.h"

static int program(const struct bpf_program *p)
{
	return bpf_program__fd(p);
}

/* A candidate whose target can't be had is not measured, and the report says why. */
static int leave_out(enum candidate_id id, const char *why)
{
	snprintf(b.missing[id], sizeof(b.missing[id]), "%s", why);
	return 0;
}

/* Whether anybody who takes part is measured at this candidate's station. */
static bool wanted(enum candidate_id station)
{
	for (int g = 0; g < GROUPS; g++)
		for (int id = 0; id < CANDIDATES; id++)
			if (station_of(id) == station && takes_part(&groups[g], id))
				return true;
	return false;
}

/* A candidate's rules, in memory: a run that is killed leaves no file behind. */
static int write_rules(const struct candidate *c, char *path, size_t size)
{
	int fd = memfd_create("rules", MFD_CLOEXEC), err = 0;
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (!f)
		return -errno;
	if (c->at == AT_NFT || c->at == AT_RAW)
		rules__write_nft(f, &c->rules, c->at == AT_RAW ? NULL : STATION_DEVICE);
	else
		rules__write_echogate(f, &c->rules);
	if (fclose(f))
		err = -errno;
	snprintf(path, size, "/proc/%d/fd/%d", getpid(), fd);
	return err ? err : fd;
}

/* In what echogate says of it, before the time in which there were two. */
#define BOTH_SAID "two generations in place for "

static int apply_rules(enum candidate_id id)
{
	const struct candidate *c = &candidates[id];
	struct applied *a = &b.applied[id];
	const char *place;
	char path[64];
	int file, err;
	__u64 start;

	file = write_rules(c, path, sizeof(path));
	if (file < 0)
		return file;
	start = now();
	if (c->at == AT_NFT || c->at == AT_RAW)
		err = station__apply_nft(&b.stations[id], path);
	else
		err = station__apply(&b.stations[id], b.echogate, path, a->said, sizeof(a->said));
	a->ms = (double)(now() - start) / 1e6;
	close(file);
	place = strstr(a->said, BOTH_SAID);
	if (place)
		a->both_us = strtol(place + strlen(BOTH_SAID), NULL, 10);
	return err;
}

static int open_echogate(enum candidate_id id, const char *mode)
{
	struct station *s = &b.stations[id];
	int err = station__attach_echogate(s, b.echogate, mode);

	if (!err && candidates[id].rules.kind != RULES_NONE)
		err = apply_rules(id);
	if (err) {
		leave_out(id, "echogate could not be attached with its rules");
		b.wrong++;
	}
	return 0;
}

static int open_filter(enum candidate_id id)
{
	const char *why = filter__attach(&b.stations[id], &candidates[id].rules);

	return why ? leave_out(id, why) : 0;
}

static int open_dpdk(enum candidate_id id)
{
	const char *why = dpdk__start(&b.dpdk, &b.stations[id], b.cpu);

	return why ? leave_out(id, why) : 0;
}

static int open_station(enum candidate_id id)
{
	enum place at = candidates[id].at;
	struct station *s = &b.stations[id];
	int err;

	b.opened[id] = true;
	err = station__open(s, id, program(b.skel->progs.bench_sink));
	if (err)
		return err;
	/* A program before the link is up and frames flow, whoever comes later. */
	if (at == AT_BARE)
		err = station__attach_xdp(s, program(b.skel->progs.bench_drop));
	else if (at == AT_FILTER)
		err = open_filter(id);
	else if (at != AT_NATIVE)
		err = station__enable_gro(s);
	if (!err)
		err = station__up(s);
	if (err)
		return err;
	switch (at) {
	case AT_TC_BARE:
		if (station__attach_tc(s, program(b.skel->progs.bench_tc4), -1))
			return leave_out(id, "this kernel has no tcx");
		return 0;
	case AT_NATIVE:
		return open_echogate(id, "native");
	case AT_TC:
		return open_echogate(id, "tc");
	case AT_NFT:
	case AT_RAW:
		if (apply_rules(id))
			return leave_out(id, "nft (package nftables) is not there or failed");
		return 0;
	case AT_DPDK:
		return open_dpdk(id);
	case AT_BARE:
	case AT_KERNEL:
	case AT_FILTER:
		break;
	}
	return 0;
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
 * it out again, waiting tens of ms for RCU each time; so does putting another program in
 * a link. It need not for a program that is attached somewhere: so these are, where no
 * frame ever comes.
 */
static int park(void)
{
	const struct bpf_program *const parked[PARKED] = {
		b.skel->progs.bench_gen4,    b.skel->progs.bench_gen6,	 b.skel->progs.bench_pass,
		b.skel->progs.bench_hundred, b.skel->progs.bench_calls,	 b.skel->progs.bench_drop,
		b.skel->progs.bench_tx,	     b.skel->progs.bench_least4, b.skel->progs.bench_least6,
		b.skel->progs.bench_check,
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
	for (int id = 0; id < CANDIDATES && !err && !stop; id++)
		if (wanted(id))
			err = open_station(id);
	return err;
}

void tear_down(void)
{
	dpdk__stop(&b.dpdk);
	for (int id = 0; id < CANDIDATES; id++)
		if (b.opened[id])
			station__close(&b.stations[id], b.echogate);
	bench__destroy(b.skel);
	free(b.alone);
}
