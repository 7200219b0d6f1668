// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits until the table of own addresses that is pinned in a directory says something.
 *
 *	owner DIRECTORY ADDRESS local|broadcast|none [COMMAND...]
 *	owner DIRECTORY crowd COUNT
 *
 * Looks into it all the while that COMMAND runs and for ten seconds after. Prints
 *
 *	begun_us=5210 ended_us=3400
 *
 * microseconds from the start and from the end of COMMAND (0: it came before) to that moment. Exit
 * status 1: it never came.
 *
 * The second form prints COUNT addresses of 198.19.0.0/16, up to 40, that its seed puts into one bucket.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "echogate/addr.h"

#define PATIENCE_US	10000000

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static int fail(const char *what)
{
	perror(what);
	return 2;
}

static enum eg_owner ask(const struct eg_addrs *t, int family, const __be32 addr[4])
{
	__asm__ volatile("" ::: "memory");
	if (family == AF_INET)
		return eg_addr4_owner(t, addr[0]);
	return eg_addr6_own(t, addr) ? EG_OWNER_LOCAL : EG_OWNER_NONE;
}

static int crowd(const struct eg_addrs *t, int count)
{
	__u32 bucket = eg_addr4_bucket_of(t->seed, htonl(0xc6130001));

	for (__u32 a = 0xc6130001; count > 0 && a < 0xc613ffff; a++) {
		struct in_addr addr = { htonl(a) };

		if (eg_addr4_bucket_of(t->seed, addr.s_addr) != bucket)
			continue;
		puts(inet_ntoa(addr));
		count--;
	}
	return count > 0;
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "none", "local", "broadcast" };
	long begun, ended = 0, came = 0;
	const struct eg_addrs *table;
	unsigned int wanted = 0;
	__be32 addr[4] = {};
	char path[256];
	int fd, family;
	pid_t pid;

	if (argc < 4) {
		fprintf(stderr, "usage: owner DIRECTORY ADDRESS local|broadcast|none [COMMAND...]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/eg_addrs", argv[1]);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return fail(path);
	table = mmap(NULL, sizeof(*table), PROT_READ, MAP_SHARED, fd, 0);
	if (table == MAP_FAILED)
		return fail("mmap");
	if (!strcmp(argv[2], "crowd"))
		return crowd(table, atoi(argv[3]));
	family = strchr(argv[2], ':') ? AF_INET6 : AF_INET;
	while (wanted < 3 && strcmp(names[wanted], argv[3]))
		wanted++;
	if (inet_pton(family, argv[2], addr) != 1 || wanted == 3) {
		fprintf(stderr, "owner: no address, or no word for it\n");
		return 2;
	}
	begun = now_us();
	pid = fork();
	if (!pid) {
		if (argc > 4)
			execvp(argv[4], argv + 4);
		_exit(argc > 4);
	}
	while (!came || !ended) {
		int status;

		if (!ended && waitpid(pid, &status, WNOHANG) == pid) {
			ended = now_us();
			if (status)
				return 2;
		}
		if (!came && ask(table, family, addr) == (enum eg_owner)wanted)
			came = now_us();
		if (ended && !came && now_us() > ended + PATIENCE_US)
			return 1;
		usleep(100);
	}
	printf("begun_us=%ld ended_us=%ld\n", came - begun, came > ended ? came - ended : 0);
	return 0;
}
