// SPDX-License-Identifier: GPL-2.0-only
#include "deploy.h"
#include "swap.h"

#include <errno.h>
#include <stdlib.h>

enum status deployment__build(struct deployment *d, const char *name, bool if_new)
{
	struct generation *g, *more;
	enum status st;

	more = realloc(d->list, (d->count + 1) * sizeof(*more));
	if (!more)
		return report(FAILED, "%s: %s", name, why(ENOMEM));
	d->list = more;
	g = &more[d->count++];
	generation__init(g);
	st = generation__open(g, d->scope, name) ?: generation__select(g, d->config);
	if (!st && if_new && generation__is_running(g)) {
		generation__close(g);
		d->count--;
		return DONE;
	}
	return st ?: generation__compile(g) ?: generation__load(g, g->running.meta.mode, NULL);
}

static void take_back(const struct generation *done)
{
	struct generation g;
	enum status st;
	int err;

	generation__init(&g);
	st = generation__open(&g, done->scope, done->name);
	if (!st) {
		err = swap__back(&g.running, &g.former);
		if (err)
			note("%s: generation %llu stays, it can't be rolled back: %s", g.name,
			     (unsigned long long)g.running.meta.generation, why(err));
	}
	generation__close(&g);
}

enum status deployment__swap(struct deployment *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct generation *g = &d->list[i];
		int err = swap__run(&g->running, &g->next, &g->meta, &g->both_ns);

		if (!err)
			continue;
		report(status_of(err), "%s: its programs can't be exchanged: %s", g->name,
		       why(err));
		for (size_t j = 0; j < i; j++)
			take_back(&d->list[j]);
		return status_of(err);
	}
	d->swapped = true;
	return DONE;
}

void deployment__close(struct deployment *d)
{
	for (size_t i = 0; i < d->count; i++) {
		if (!d->swapped)
			generation__discard(&d->list[i]);
		generation__close(&d->list[i]);
	}
	free(d->list);
	d->list = NULL;
	d->count = 0;
}
