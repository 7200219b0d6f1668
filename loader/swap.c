// SPDX-License-Identifier: GPL-2.0-only
#include "swap.h"
#include "slots.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int pin_links(const struct hooks *h, const struct pin_dir *dir)
{
	char path[2 * PIN_PATH];

	for (int i = 0; i < HOOK_COUNT; i++) {
		if (h->at[i].did != LINK_MADE && h->at[i].did != LINK_UPDATED)
			continue;
		pins__path(path, sizeof(path), dir, pin_link_names[i]);
		unlink(path);
		if (bpf_obj_pin(h->at[i].link, path))
			return -errno;
	}
	return 0;
}

static void unpin_links(const struct pin_dir *dir)
{
	char path[2 * PIN_PATH];

	for (int i = 0; i < HOOK_COUNT; i++) {
		pins__path(path, sizeof(path), dir, pin_link_names[i]);
		unlink(path);
	}
}

bool swap__fits(const struct instance *running, const struct instance *other)
{
	return other->abi == EG_ABI && other->program_ids[EG_INGRESS] &&
	       other->program_ids[EG_EGRESS] && other->meta.mode == running->meta.mode;
}

int swap__retire(const struct instance *old, const struct instance *to)
{
	struct pin_dir previous = pins__beside(&old->dir, PLACE_PREVIOUS);
	bool usable = old->system_id && old->system_id == to->system_id;
	struct eg_meta meta = old->meta;
	int err = 0;

	if (usable) {
		/* Links are the interface's: to end with the directory of what runs. */
		unpin_links(&old->dir);
		meta.confirm_by = 0;
		err = old->meta.confirm_by ? instance__set_meta(old, &meta) : 0;
		if (old->dir.place == PLACE_PREVIOUS)
			return err;
		err = err ?: pins__exchange(&old->dir, &previous);
		if (err)
			return err;
	} else {
		err = pins__remove(&previous);
	}
	return pins__remove(&old->dir) ?: err;
}

int swap__settle(const struct hooks *h, const struct instance *from, const struct instance *to,
		 struct eg_meta *meta)
{
	struct pin_dir running = pins__beside(&to->dir, PLACE_RUNNING);
	struct instance old = *from;
	int err;

	meta->owned = h->owned | ((meta->owned | from->meta.owned) & FORWARD_BITS);
	/* Links come last: a directory that is in its place is complete. */
	err = instance__set_meta(to, meta) ?: pin_links(h, &to->dir) ?: pins__exchange(&to->dir, &running);
	if (err)
		return err;
	hooks__retire(h, from);
	old.dir = to->dir;
	/* What this can't clear, the next command does. */
	swap__retire(&old, to);
	return 0;
}

int swap__run(const struct instance *from, const struct instance *to, struct eg_meta *meta,
	      __u64 *both_ns)
{
	struct hooks h;
	__u64 start;
	int err;

	hooks__init(&h, from->dir.ifindex);
	err = hooks__update(&h, instance__ingress(from), to->programs[EG_INGRESS], from);
	start = monotonic_ns();
	err = err ?: hooks__update(&h, HOOK_TC_EGRESS, to->programs[EG_EGRESS], from);
	if (both_ns)
		*both_ns = monotonic_ns() - start;
	err = err ?: swap__settle(&h, from, to, meta);
	if (err)
		hooks__undo(&h, from);
	hooks__close(&h);
	return err;
}

int swap__complete(const struct instance *from, const struct instance *to)
{
	struct eg_meta meta = to->meta;
	struct hooks h;
	int err;

	hooks__init(&h, from->dir.ifindex);
	hooks__inherit(&h, instance__ingress(from), from);
	err = hooks__update(&h, HOOK_TC_EGRESS, to->programs[EG_EGRESS], from);
	if (err == -ENOENT)
		err = hooks__tc(&h, HOOK_TC_EGRESS, to->programs[EG_EGRESS], from);
	err = err ?: swap__settle(&h, from, to, &meta);
	hooks__close(&h);
	return err;
}

int swap__back(const struct instance *running, const struct instance *former)
{
	struct eg_meta meta = former->meta;
	int err;

	/* Noted before: should we be killed, nobody is to wait for a confirmation of it. */
	meta.confirm_by = 0;
	err = slots__reclaim(former, running) ?: instance__set_meta(former, &meta);
	return err ?: swap__run(running, former, &meta, NULL);
}
