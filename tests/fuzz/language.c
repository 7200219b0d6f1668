// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a configuration file: nothing crashes, and what is accepted comes back the same
 * when it is printed and read again. No file is opened but this text.
 */
#include <stdio.h>
#include "unit/roundtrip.h"
#include "language.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is said about the texts is of no interest here, and slow; it is composed all the same. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	stderr = fopen("/dev/null", "w");
	return stderr ? 0 : -1;
}

static void check(const struct config *c, const char *ifname)
{
	const char *difference;
	char *text;

	difference = round_trip(c, ifname, &text);
	/* Two blocks for an interface may define a set each: that is an error of its own. */
	if (difference && text) {
		printf("%s: the round trip fails: %s\n%s\n", ifname ?: "outside", difference, text);
		fflush(stdout);
		abort();
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *c;

	if (config__parse("fuzz.conf", (const char *)data, size, &c))
		return 0;
	check(c, NULL);
	for (size_t i = 0; i < c->scope_count && i < 4; i++)
		for (size_t j = 0; j < c->scopes[i]->count && j < 2; j++)
			check(c, c->scopes[i]->names[j]);
	config__free(c);
	return 0;
}
