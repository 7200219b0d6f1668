// SPDX-License-Identifier: GPL-2.0-only
#include "recover.h"
#include "confirm.h"
#include "detach.h"
#include "swap.h"
#include "tap.h"

#include <stdlib.h>

/* The generations of one interface. */
struct generations {
	struct instance at[PLACE_COUNT];
};

static void close_all(struct generations *g)
{
	for (int i = 0; i < PLACE_COUNT; i++)
		instance__close(&g->at[i]);
}

/* False if something can't be read: then nothing is to be concluded from it. */
static bool open_all(struct generations *g, const struct pin_dir *any)
{
	bool readable = true;

	for (int i = 0; i < PLACE_COUNT; i++) {
		struct pin_dir dir = pins__beside(any, i);

		readable = !instance__open(&g->at[i], &dir) && readable;
	}
	if (!readable)
		close_all(g);
	return readable;
}

/*
 * The new one is what ran before, if its command was killed just after the directories were
 * exchanged; else it is one that never ran.
 */
static void judge_new(struct generations *g)
{
	struct instance *running = &g->at[PLACE_RUNNING], *new = &g->at[PLACE_NEW];

	if (swap__fits(running, new) && new->meta.generation < running->meta.generation)
		swap__retire(new, running);
	else if (new->state != INSTANCE_ABSENT)
		instance__remove(new, running->reachable);
}

static void judge_previous(struct generations *g)
{
	struct instance *running = &g->at[PLACE_RUNNING], *previous = &g->at[PLACE_PREVIOUS];

	if (previous->system_id && running->system_id &&
	    previous->system_id != running->system_id) {
		pins__remove(&previous->dir);
		return;
	}
	if (running->abi != EG_ABI || !confirm__overdue(&running->meta))
		return;
	if (swap__fits(running, previous)) {
		swap__back(running, previous);
		return;
	}
	/* Somebody took away what there was to go back to. */
	running->meta.confirm_by = 0;
	instance__set_meta(running, &running->meta);
}

/*
 * A swap that was interrupted after the ingress program: what runs isn't what the directory
 * holds. True if it was completed.
 */
static bool complete(const struct generations *g)
{
	const struct instance *running = &g->at[PLACE_RUNNING];
	__u32 id = instance__program(running, instance__ingress(running));

	if (running->abi != EG_ABI || !id || id == running->program_ids[EG_INGRESS])
		return false;
	for (int place = PLACE_NEW; place < PLACE_COUNT; place++) {
		const struct instance *in = &g->at[place];

		if (swap__fits(running, in) && in->program_ids[EG_INGRESS] == id)
			return !swap__complete(running, in);
	}
	return false;
}

/* Of an interface that is not attached, or whose first attach was killed. */
static void clear_unfinished(const struct scope *s, struct generations *g)
{
	struct instance *new = &g->at[PLACE_NEW];
	bool here;

	if (new->state != INSTANCE_ABSENT) {
		here = !netns__enter(s, new->dir.cookie, new->meta.netns, new->netns,
				     sizeof(new->netns));
		instance__remove(new, here);
	}
	pins__remove(&g->at[PLACE_PREVIOUS].dir);
}

/* True if what was attached there is gone. Leaves the process in any namespace. */
static bool put_in_order(const struct scope *s, const struct pin_dir *any)
{
	struct generations g;
	struct instance *running = &g.at[PLACE_RUNNING];
	bool gone = false;

	if (!open_all(&g, any))
		return false;
	if (running->state == INSTANCE_ABSENT) {
		clear_unfinished(s, &g);
		goto cleanup;
	}
	gone = running->state == INSTANCE_GONE;
	instance__look(running, s);
	gone = gone || running->state == INSTANCE_GONE;
	if (gone) {
		gone = !instance__remove(running, running->reachable);
		goto cleanup;
	}
	if (!running->reachable)
		goto cleanup;
	if (complete(&g)) {
		close_all(&g);
		if (!open_all(&g, any))
			return false;
		instance__look(running, s);
	}
	judge_new(&g);
	judge_previous(&g);
	tap__reclaim(running);
cleanup:
	close_all(&g);
	return gone;
}

static size_t put_all_in_order(const struct scope *s, bool here)
{
	size_t count, removed = 0;
	struct pin_dir *dirs;

	if (here ? pins__list_of(s->cookie, &dirs, &count) : pins__list(&dirs, &count))
		return 0;
	/* In order, so those of an interface are neighbours. */
	for (size_t i = 0; i < count; i++) {
		if (i && dirs[i].cookie == dirs[i - 1].cookie &&
		    dirs[i].ifindex == dirs[i - 1].ifindex)
			continue;
		removed += put_in_order(s, &dirs[i]);
		scope__enter(s);
	}
	free(dirs);
	return removed;
}

size_t recover(const struct scope *s)
{
	return put_all_in_order(s, s->confined);
}

size_t recover__here(const struct scope *s)
{
	return put_all_in_order(s, true);
}
