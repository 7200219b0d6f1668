// SPDX-License-Identifier: GPL-2.0-only
/* The programs for those who attach them by themselves. */
#include "command.h"
#include "generation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Reports. */
static enum status write_out(const struct generation *g, const struct snapshot *snap)
{
	/* Whoever loads it may do so in either mode, and turns on no forwarding for a FIB. */
	const struct object_options opts = {
		.compiled = &g->compiled,
		.snapshot = snap,
		.meta = &g->meta,
		.mode = EG_MODE_GENERIC,
		.swap = true,
	};
	enum status st;
	size_t size;
	void *elf;

	st = object__write(&opts, g->name, &elf, &size);
	if (!st && (fwrite(elf, size, 1, stdout) != 1 || fflush(stdout)))
		st = report(FAILED, "%s: the object can't be written: %s", g->name, why(errno));
	free(elf);
	return st;
}

enum status cmd_object(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		COMMON_OPTIONS
	};
	struct scope scope = SCOPE_INIT;
	const char *netns = NULL;
	struct snapshot snap = {};
	struct generation g;
	enum status st;
	int o, err;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		if (o != 'n')
			return o == OPTION_HELP ? DONE : USAGE;
		netns = optarg;
	}
	if (argc - optind != 1)
		return command__wrong(self, "one interface");
	if (isatty(STDOUT_FILENO))
		return command__wrong(self, "standard output is a terminal; lead it into a file");
	generation__init(&g);
	st = scope__open(&scope, netns) ?: generation__open(&g, &scope, argv[optind]);
	if (st)
		goto cleanup;
	if (device__is_l3(&g.dev)) {
		st = report(FAILED, "%s: it has no Ethernet header, and XDP needs one; 'echogate "
			    "attach' does it in tc", g.name);
		goto cleanup;
	}
	err = snapshot__take(&g.rt, g.dev.ifindex, &snap);
	if (err) {
		st = report(status_of(err), "%s: addresses can't be read: %s", g.name, why(err));
		goto cleanup;
	}
	st = generation__plan(&g, NULL) ?: write_out(&g, &snap);
cleanup:
	snapshot__free(&snap);
	generation__close(&g);
	scope__close(&scope);
	return st;
}
