// SPDX-License-Identifier: GPL-2.0-only
#include "dpdk.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

#define PROGRAM "dpdk-testpmd"
/* It says nothing when it is ready that would be the same in each version. */
#define READY_SECONDS 3

/* Of those there are; our own affinity is one CPU by now. -1: there is none. */
static int other_cpu(int cpu)
{
	int count = (int)sysconf(_SC_NPROCESSORS_ONLN);

	return count < 2 ? -1 : cpu ? cpu - 1 : 1;
}

static bool installed(void)
{
	return !system("command -v " PROGRAM " >/dev/null 2>&1");
}

static void become(const struct station *s, int input, int cpu, int poller)
{
	char lcores[32], main_lcore[16];
	cpu_set_t all;
	int null = open("/dev/null", O_WRONLY);

	CPU_ZERO(&all);
	CPU_SET(cpu, &all);
	CPU_SET(poller, &all);
	snprintf(lcores, sizeof(lcores), "%d,%d", cpu, poller);
	snprintf(main_lcore, sizeof(main_lcore), "%d", cpu);
	if (null < 0 || setns(s->netns, CLONE_NEWNET) || sched_setaffinity(0, sizeof(all), &all))
		_exit(126);
	dup2(input, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	/* The main core only waits for the end; no huge pages, no hardware, nothing left in files. */
	execlp(PROGRAM, PROGRAM, "-l", lcores, "--main-lcore", main_lcore, "--no-shconf", "--no-huge",
	       "-m", "128", "--no-pci", "--no-telemetry",
	       "--vdev=net_af_packet0,iface=" STATION_DEVICE, "--", "--forward-mode=icmpecho",
	       "--auto-start", "--total-num-mbufs=8192", (char *)NULL);
	_exit(127);
}

const char *dpdk__start(struct dpdk *d, struct station *s, int cpu)
{
	int ends[2], poller = other_cpu(cpu);

	if (!installed())
		return PROGRAM " (package dpdk-dev) is not installed";
	if (poller < 0)
		return "it polls, and there is no second CPU for that";
	if (station__run(s->netns, "sysctl -q -w net.ipv4.icmp_echo_ignore_all=1") ||
	    pipe2(ends, O_CLOEXEC))
		return "its namespace can't be prepared";
	fflush(NULL);
	d->process = fork();
	if (!d->process)
		become(s, ends[0], cpu, poller);
	close(ends[0]);
	d->input = ends[1];
	sleep(READY_SECONDS);
	if (d->process > 0 && !waitpid(d->process, NULL, WNOHANG)) {
		dpdk__wake(d, false);
		return NULL;
	}
	d->process = 0;
	close(d->input);
	return PROGRAM " doesn't run here";
}

void dpdk__wake(const struct dpdk *d, bool awake)
{
	if (d->process > 0)
		kill(d->process, awake ? SIGCONT : SIGSTOP);
}

void dpdk__stop(struct dpdk *d)
{
	if (d->process <= 0)
		return;
	dpdk__wake(d, true);
	close(d->input);
	kill(d->process, SIGTERM);
	waitpid(d->process, NULL, 0);
	d->process = 0;
}
