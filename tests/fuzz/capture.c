// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a file of packets, pcap, pcapng or hex: nothing crashes, and each packet that comes out
 * of it is as long as it says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include "packets.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file;
static char path[64];

/* What is said about the files is of no interest here; it is composed all the same. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = memfd_create("capture", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	stderr = fopen("/dev/null", "w");
	return file < 0 || !stderr ? -1 : 0;
}

static void fail(const char *what)
{
	puts(what);
	fflush(stdout);
	abort();
}

/* All of it may be read, and written: ASan sees to that. */
static void use(const struct packet *p)
{
	if (p->length > p->whole)
		fail("longer than it was on the wire");
	if (p->made_up && p->length && p->length < ETH_HLEN)
		fail("made up, and not even a header");
	for (size_t i = 0; i < p->length; i++)
		p->frame[i] ^= 0x55;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packets *packets = NULL;
	struct packet p = {};
	bool more = true;

	if (ftruncate(file, 0) || pwrite(file, data, size, 0) != (ssize_t)size)
		fail("no file");
	if (packets__open(path, &packets) != DONE)
		return 0;
	while (packets__next(packets, &p, &more) == DONE && more)
		use(&p);
	packets__close(packets);
	return 0;
}
