// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "generation.h"
#include "recover.h"
#include "swap.h"

#include <stdio.h>

static enum status rollback_one(const struct scope *scope, const char *name, bool named,
				size_t *done)
{
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
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		COMMON_OPTIONS
	};
	struct scope scope = SCOPE_INIT;
	struct instances all = {};
	const char *netns = NULL;
	enum status st, first;
	size_t done = 0;
	int o, lock = -1;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			netns = optarg;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	st = check_privileges() ?: scope__open(&scope, netns) ?: pins__lock(&lock);
	if (st)
		goto cleanup;
	recover(&scope);
	first = instances__select(&scope, argv + optind, argc - optind, SELECT_HERE, &all);
	for (size_t i = 0; i < all.count; i++) {
		st = rollback_one(&scope, all.list[i].ifname, optind < argc, &done);
		first = first ?: st;
	}
	st = first;
	if (!st && !done)
		st = report(FAILED, "there is nothing to go back to: no rules were applied since "
				    "attach");
cleanup:
	instances__free(&all);
	pins__unlock(&lock);
	scope__close(&scope);
	return st;
}
