// SPDX-License-Identifier: GPL-2.0-only
#include "generation.h"
#include "charge.h"
#include "forwarding.h"
#include "groups.h"
#include "health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/libbpf.h>

static struct pin_dir new_dir(const struct generation *g)
{
	return pins__beside(&g->running.dir, PLACE_NEW);
}

void generation__init(struct generation *g)
{
	memset(g, 0, sizeof(*g));
	instance__init(&g->running);
	instance__init(&g->former);
	instance__init(&g->next);
}

enum status generation__open(struct generation *g, const struct scope *scope, const char *name)
{
	struct pin_dir dir = { .cookie = scope->cookie }, previous;
	enum status st;
	int err;

	g->scope = scope;
	g->name = name;
	st = check_ifname(name);
	if (st)
		return st;
	dir.ifindex = if_nametoindex(name);
	if (!dir.ifindex)
		return report(FAILED, "%s: no such interface%s%s; 'ip link' lists them", name,
			      *scope->name ? " in network namespace " : "", scope->name);
	err = rtnl__open(&g->rt);
	err = err ?: rtnl__device(&g->rt, dir.ifindex, &g->dev);
	if (err)
		return report(status_of(err), "%s: rtnetlink: %s", name, why(err));
	previous = pins__beside(&dir, PLACE_PREVIOUS);
	err = instance__open(&g->running, &dir) ?: instance__open(&g->former, &previous);
	if (err)
		return report(status_of(err), "%s: its pins can't be opened: %s", name, why(err));
	for (int i = 0; i < HOOK_COUNT; i++) {
		g->running.alive[i] = hooks__here(&g->running, i, &g->dev);
		g->running.filters[i] = hooks__filter(dir.ifindex, i);
	}
	return DONE;
}

void generation__close(struct generation *g)
{
	instance__close(&g->next);
	instance__close(&g->former);
	instance__close(&g->running);
	rtnl__close(&g->rt);
	compiled__free(&g->compiled);
	rules__free(&g->rules);
	free(g->text);
}

/* Rules ------------------------------------------------------------------------ */

/* Length of the texts, each with its NUL; with @to they are written there. */
static size_t put_texts(const struct rules *r, const char *whole, char *to)
{
	size_t len, total = strlen(whole) + 1;

	if (to)
		memcpy(to, whole, total);
	for (int d = 0; d < EG_DIRECTION_COUNT; d++) {
		for (size_t i = 0; i < r->count[d]; i++) {
			len = strlen(r->list[d][i]->text) + 1;
			if (to)
				memcpy(to + total, r->list[d][i]->text, len);
			total += len;
		}
	}
	return total;
}

static int write_down(struct generation *g)
{
	char *whole = rules__print(&g->rules, NULL);

	if (!whole)
		return -ENOMEM;
	g->text_size = put_texts(&g->rules, whole, NULL);
	g->text_size = (g->text_size + EG_TEXT_CHUNK - 1) / EG_TEXT_CHUNK * EG_TEXT_CHUNK;
	g->text = calloc(1, g->text_size);
	if (g->text)
		put_texts(&g->rules, whole, g->text);
	free(whole);
	return g->text ? 0 : -ENOMEM;
}

/* All that a generation is made of: the programs, the texts, where they stand, and the sets. */
static __u64 hash_origin(const struct generation *g)
{
	__u64 h = object__build();

	h = hash_bytes(h, g->config, strlen(g->config) + 1);
	h = hash_bytes(h, g->text, g->text_size);
	for (int d = 0; d < EG_DIRECTION_COUNT; d++)
		for (size_t i = 0; i < g->rules.count[d]; i++)
			h = hash_bytes(h, &g->rules.list[d][i]->place.line,
				       sizeof(g->rules.list[d][i]->place.line));
	for (size_t i = 0; i < g->rules.set_count; i++) {
		const struct prefixes *p = &g->rules.sets[i]->prefixes;

		/* Member by member: the padding is anything. */
		for (size_t j = 0; j < p->count; j++) {
			h = hash_bytes(h, p->list[j].addr, sizeof(p->list[j].addr));
			h = hash_bytes(h, &p->list[j].length, sizeof(p->list[j].length));
			h = hash_bytes(h, &p->list[j].family, sizeof(p->list[j].family));
		}
	}
	return h;
}

static int take_notes(struct generation *g)
{
	const struct instance *old = &g->running;
	struct eg_meta *m = &g->meta;
	bool again = old->abi == EG_ABI;
	__u64 last = again ? old->meta.generation : 0;

	/* A number is never used twice, also if one went back to a smaller one. */
	if (g->former.abi == EG_ABI && g->former.meta.generation > last)
		last = g->former.meta.generation;
	memset(m, 0, sizeof(*m));
	m->abi = EG_ABI;
	m->mode = old->meta.mode;
	m->since = again ? old->meta.since : (__u64)time(NULL);
	m->generation = last + 1;
	m->ifindex = g->dev.ifindex;
	for (int d = 0; d < EG_DIRECTION_COUNT; d++)
		m->rules[d] = g->rules.count[d];
	/* Should we be killed before the end, this is what may have to be undone. */
	m->owned = old->meta.owned;
	if (!g->rules.swap)
		m->owned |= forwarding__off();
	copy_text(m->ifname, g->dev.name, sizeof(m->ifname));
	copy_text(m->netns, g->scope ? g->scope->name : "", sizeof(m->netns));
	copy_text(m->config, g->config, sizeof(m->config));
	m->origin = g->origin;
	m->swap = g->rules.swap;
	for (size_t i = 0; i < g->compiled.rule_count; i++)
		m->gates += !!(g->compiled.rules[i].flags & EG_RULE_GATE);
	m->check_every = g->rules.check_every;
	m->check_lease = g->rules.check_lease;
	m->tracks = g->compiled.tracking.flags;
	m->groups = g->compiled.group_count;
	/* Sources are found again by the keys under which they were put into eg_sources. */
	if (!again)
		return object__keys(m->keys);
	memcpy(m->keys, old->meta.keys, sizeof(m->keys));
	return 0;
}

enum status generation__select(struct generation *g, const struct config *config)
{
	enum status st;
	int err;

	g->started = monotonic_ns();
	st = config__select(config, *g->dev.name ? g->dev.name : NULL, &g->rules);
	if (st)
		return st;
	err = write_down(g);
	if (err)
		return report(status_of(err), "%s: its rules can't be taken up: %s", g->name,
			      why(err));
	copy_text(g->config, config ? config__path(config) : "", sizeof(g->config));
	g->origin = hash_origin(g);
	return DONE;
}

bool generation__is_running(const struct generation *g)
{
	return g->running.abi == EG_ABI && g->running.meta.origin == g->origin;
}

enum status generation__compile(struct generation *g)
{
	int cpus = libbpf_num_possible_cpus(), err;
	enum status st;

	if (cpus < 0)
		return report(FAILED, "%s: the CPUs can't be counted: %s", g->name, why(cpus));
	st = compile(&g->rules, g->name, object__tick(), cpus, &g->compiled);
	if (st)
		return st;
	err = slots__assign(g->compiled.rules, g->compiled.rule_count, &g->running, &g->former,
			    g->kept, &g->changes) ?:
	      groups__assign(&g->rules, &g->compiled, &g->running, &g->former) ?: take_notes(g);
	if (err)
		return report(status_of(err), "%s: its rules can't be taken up: %s", g->name,
			      why(err));
	return DONE;
}

enum status generation__plan(struct generation *g, const struct config *config)
{
	return generation__select(g, config) ?: generation__compile(g);
}

/* Loading ---------------------------------------------------------------------- */

static int pin_at(const struct pin_dir *dir, const char *name, int fd)
{
	char path[2 * PIN_PATH];

	pins__path(path, sizeof(path), dir, name);
	unlink(path);		/* of the mode that was tried before */
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

static int pin_all(const struct object *obj, const struct pin_dir *dir)
{
	int err = 0;

	for (int i = 0; !err && i < PIN_MAP_COUNT; i++)
		err = pin_at(dir, pinned_maps[i].name, obj->maps[i]);
	for (int i = 0; !err && i < EG_DIRECTION_COUNT; i++)
		err = pin_at(dir, pin_program_names[i], object__program(obj, i));
	return err;
}

/* Pins what is loaded, and opens it as what it is to be. Reports. */
static enum status stage(struct generation *g, const struct object *obj)
{
	struct pin_dir dir = new_dir(g);
	int err;

	instance__close(&g->next);
	err = pins__make(&dir);
	if (err && err != -EEXIST)
		return report(status_of(err), "%s: its pins can't be made: %s", g->name, why(err));
	err = pin_all(obj, &dir) ?: instance__open(&g->next, &dir);
	if (err)
		return report(status_of(err), "%s: its maps can't be pinned: %s", g->name,
			      why(err));
	return DONE;
}

static bool is_reused(enum map_kind kind, const struct snapshot *snap)
{
	return kind == MAP_LASTING || (kind == MAP_SYSTEM && !snap);
}

static void look_at_gates(const struct generation *g)
{
	health__look_first(&g->rules, g->next.maps[PIN_GATES]);
	if (!charge__holder(g->scope->cookie))
		note("%s: the gates of its rules (while) are kept open by 'echogate run', which "
		     "doesn't run here: in %u s they are shut", g->name,
		     (g->meta.check_lease + 999) / 1000);
}

enum status generation__load(struct generation *g, enum eg_mode mode,
			     const struct snapshot *snap)
{
	struct object_options opts = {
		.compiled = &g->compiled,
		.text = g->text,
		.text_size = g->text_size,
		.snapshot = snap,
		.meta = &g->meta,
		.mode = mode,
		.swap = g->rules.swap,
		.recorder = g->rules.recorder,
		.l3 = device__is_l3(&g->dev),
	};
	const struct instance *old = &g->running;
	bool again = old->abi == EG_ABI;
	struct object obj;
	enum status st;

	g->meta.mode = mode;
	for (int i = 0; i < PIN_MAP_COUNT; i++)
		opts.reuse[i] = again && is_reused(pinned_maps[i].kind, snap) ? old->maps[i] : -1;
	st = object__load(&opts, g->name, &obj);
	if (st)
		return st;
	st = stage(g, &obj);
	object__close(&obj);
	g->built = monotonic_ns();
	if (!st && g->meta.gates)
		look_at_gates(g);
	return st;
}

void generation__forward(struct generation *g)
{
	int err;

	if (g->rules.swap)
		return;
	err = forwarding__enable(&g->rt, &g->forwarded);
	if (err)
		note("%s: forwarding on lo can't be turned on: %s; without it pings go to the "
		     "kernel (fib-disabled), unless reply-path swap is configured",
		     g->name, why(err));
	g->meta.owned = g->forwarded;
}

void generation__discard(struct generation *g)
{
	struct pin_dir dir = new_dir(g);

	forwarding__restore(g->forwarded);
	if (dir.ifindex)
		pins__remove(&dir);
}
