// SPDX-License-Identifier: GPL-2.0-only
#include "daemon.h"

#include <errno.h>
#include <stdlib.h>

void reload__begin_with(struct daemon *d, struct config *config)
{
	d->coming = config;
	d->deployment = (struct deployment){ .scope = d->scope, .config = config };
}

void reload__begin(struct daemon *d)
{
	struct config *config = NULL;
	enum status st;

	d->reload_due = false;
	d->recover_due = true;
	st = config__read(d->path, &config) ?: config__load_sets(config, NULL, 0);
	if (!st) {
		reload__begin_with(d, config);
		return;
	}
	d->broken = true;
	d->tally.failed_reloads++;
	config__free(config);
	report(st, "%s: it isn't taken up, see above; what ran before runs on", d->path);
}

void reload__close(struct daemon *d)
{
	deployment__close(&d->deployment);
	free(d->queue);
	d->queue = NULL;
	config__free(d->coming);
	d->coming = NULL;
}

/* What the file names. -ENOMEM: nothing has changed. */
static int take_over(struct daemon *d, struct config *config)
{
	const char **names;
	struct wanted *list;
	size_t count;

	names = config__interfaces(config, &count);
	list = names ? calloc(count ?: 1, sizeof(*list)) : NULL;
	if (!list) {
		free(names);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		list[i].name = names[i];
	free(names);
	free(d->wanted);
	d->wanted = list;
	d->wanted_count = count;
	config__free(d->config);
	d->config = config;
	return 0;
}

static void tell_result(const struct deployment *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct generation *g = &all->list[i];

		tell(LEVEL_INFO, "%s: generation %llu: %zu rule%s (%zu new, %zu gone)", g->name,
		     (unsigned long long)g->meta.generation, g->compiled.rule_count,
		     g->compiled.rule_count == 1 ? "" : "s", g->changes.added, g->changes.gone);
	}
}

static void end(struct daemon *d, bool done)
{
	d->broken = !done || take_over(d, d->coming);
	if (d->broken) {
		d->tally.failed_reloads++;
		note("%s: it isn't taken up; what ran before runs on", d->path);
		reload__close(d);
		return;
	}
	d->tally.reloads++;
	tell_result(&d->deployment);
	tell(LEVEL_INFO, "%s: taken up", d->path);
	d->coming = NULL;
	reload__close(d);
	for (size_t i = 0; i < d->ward_count; i++)
		daemon__acknowledge(d, d->wards[i].ifindex);
}

static int fill_queue(struct daemon *d)
{
	d->queue = calloc(d->ward_count ?: 1, sizeof(*d->queue));
	if (!d->queue)
		return -ENOMEM;
	d->queue_count = d->queue_at = 0;
	for (size_t i = 0; i < d->ward_count; i++)
		if (d->wards[i].state == INSTANCE_ATTACHED)
			copy_text(d->queue[d->queue_count++], d->wards[i].name, IFNAMSIZ);
	return 0;
}

static enum status build_next(struct daemon *d)
{
	const char *name = d->queue[d->queue_at++];
	size_t before = d->deployment.count;
	enum status st;

	/* It may have gone since. */
	if (!if_nametoindex(name))
		return DONE;
	st = deployment__build(&d->deployment, name, true);
	if (!st && d->deployment.count == before)
		tell(LEVEL_INFO, "%s: what the file says runs already", name);
	return st;
}

void reload__go_on(struct daemon *d)
{
	enum status st;

	if (!d->queue && fill_queue(d)) {
		report(FAILED, "%s: %s", d->path, why(ENOMEM));
		end(d, false);
		return;
	}
	if (d->queue_at < d->queue_count) {
		if (build_next(d))
			end(d, false);
		return;
	}
	for (size_t i = 0; i < d->deployment.count; i++)
		generation__forward(&d->deployment.list[i]);
	st = deployment__swap(&d->deployment);
	end(d, !st);
}
