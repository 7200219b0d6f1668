// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a message of the control socket, in either direction: nothing crashes, and a request
 * that is understood is the same when it is sent and read again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what)
{
	fprintf(stderr, "request: %s\n", what);
	abort();
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void check_well_formed(const struct request *r)
{
	if (r->argc < 1 || r->argv[r->argc])
		fail("no list of arguments");
	for (int i = 0; i < r->argc; i++)
		if (!r->argv[i])
			fail("an argument is missing");
}

static void check_round_trip(const struct request *r)
{
	static char text[WIRE_MAX];
	struct request again;
	ssize_t size;
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
		fail("no sockets");
	err = request__send(ends[0], r);
	size = err ? 0 : recv(ends[1], text, sizeof(text), MSG_DONTWAIT);
	close(ends[0]);
	close(ends[1]);
	/* Written out in full it may be longer than it came. */
	if (err == -EMSGSIZE)
		return;
	if (err || request__decode(text, size, &again))
		fail("what was read isn't understood when it is sent");
	check_well_formed(&again);
	if (again.argc != r->argc || !same(again.directory, r->directory) ||
	    again.terminal != r->terminal)
		fail("another came back");
	for (int i = 0; i < r->argc; i++)
		if (strcmp(again.argv[i], r->argv[i]))
			fail("another argument came back");
	request__free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request r;
	struct answer a;

	if (!request__decode((const char *)data, size, &r)) {
		check_well_formed(&r);
		check_round_trip(&r);
		request__free(&r);
	}
	if (answer__decode((const char *)data, size, &a)) {
		if (!a.ends && !a.data)
			fail("an answer without data");
		answer__free(&a);
	}
	return 0;
}
