// SPDX-License-Identifier: GPL-2.0-only
#include "attached.h"
#include "generation.h"
#include "swap.h"

#include <stdio.h>

static enum status rollback_one(const struct scope *scope, struct instance *in, bool named,
				size_t *done)
{
	const char *name = in->ifname;
	struct generation g;
	enum status st;
	int err;

	generation__init(&g);
	st = generation__open(&g, scope, name);
	if (st)
		goto cleanup;
	if (!swap__fits(&g.running, &g.former)) {
		if (named)
			st = report(FAILED, "%s: there is nothing to go back to: generation %llu "
				    "came with attach, or what was before has been taken away",
				    name, (unsigned long long)g.running.meta.generation);
		goto cleanup;
	}
	err = swap__back(&g.running, &g.former);
	if (err) {
		st = report(status_of(err), "%s: can't be rolled back: %s", name, why(err));
		goto cleanup;
	}
	printf("%s: generation %llu runs again; another rollback leads to %llu\n", name,
	       (unsigned long long)g.former.meta.generation,
	       (unsigned long long)g.running.meta.generation);
	++*done;
cleanup:
	generation__close(&g);
	return st;
}

enum status cmd_rollback(const struct command *self, int argc, char **argv)
{
	return attached__each(self, argc, argv, rollback_one,
			     "there is nothing to go back to: no rules were applied since attach");
}
