// SPDX-License-Identifier: GPL-2.0-only
#include "attached.h"
#include "ask.h"
#include "recover.h"

enum status attached__each(const struct command *self, int argc, char **argv, attached_fn *one,
			   const char *nothing)
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
		if (o != 'n')
			return o == OPTION_HELP ? DONE : USAGE;
		netns = optarg;
	}
	if (ask__instead(self, argc, argv, netns, &st))
		return st;
	st = check_privileges() ?: scope__open(&scope, netns) ?: pins__lock(&lock);
	if (st)
		goto cleanup;
	recover(&scope);
	first = instances__select(&scope, argv + optind, argc - optind, SELECT_HERE, &all);
	for (size_t i = 0; i < all.count; i++) {
		st = one(&scope, &all.list[i], optind < argc, &done);
		first = first ?: st;
	}
	st = first;
	if (!st && !done)
		st = report(FAILED, "%s", nothing);
cleanup:
	instances__free(&all);
	pins__unlock(&lock);
	scope__close(&scope);
	return st;
}
