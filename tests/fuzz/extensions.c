// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as what an ICMP error quotes, and the objects of RFC 4884 in it: nothing is read that
 * isn't there, what is found lies in it, and words and JSON can be made of all of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "probe/extensions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what)
{
	fprintf(stderr, "extensions: %s\n", what);
	abort();
}

static void show(const struct extensions *e, const uint8_t *data, size_t size)
{
	static FILE *nowhere;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		fail("no /dev/null");
	for (size_t i = 0; i < e->count; i++)
		if (e->list[i].data < data || e->list[i].data + e->list[i].size > data + size)
			fail("an object beyond the message");
	extensions__print(e, nowhere);
	json_object_put(extensions__json(e));
}

/* The IP header's length and where they are said to be; then what is quoted. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct extensions e;
	int at;

	if (size < 2)
		return 0;
	if (!extensions__read(&e, data + 2, size - 2))
		show(&e, data + 2, size - 2);
	at = extensions__find(data + 2, size - 2, data[0], data[1]);
	if (at < 0)
		return 0;
	if ((size_t)at >= size - 2 || extensions__read(&e, data + 2 + at, size - 2 - at))
		fail("found where there is nothing");
	show(&e, data + 2 + at, size - 2 - at);
	return 0;
}
