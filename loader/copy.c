// SPDX-License-Identifier: GPL-2.0-only
#include "copy.h"

#include <string.h>

/* What rules are answered `while` is taken for well. -errno. */
static int open_gates(const struct compiled *c, int map)
{
	static const struct eg_gate open = { .until = UINT64_MAX, .why = "taken for open" };
	int err = 0;

	for (size_t i = 0; !err && i < c->rule_count; i++)
		if (c->rules[i].flags & EG_RULE_GATE)
			err = bpf_map_update_elem(map, &c->rules[i].gate, &open, BPF_ANY);
	return err;
}

enum status copy__load(struct copy *c, const struct copy_options *opts)
{
	struct generation *g = &c->g;
	struct object_options load = {};
	enum status st;
	int err;

	memset(c, 0, sizeof(*c));
	generation__init(g);
	g->name = opts->name;
	st = generation__plan(g, opts->config);
	if (st)
		return st;
	g->meta.mode = opts->mode;
	load = (struct object_options){
		.compiled = &g->compiled,
		.text = g->text,
		.text_size = g->text_size,
		.snapshot = opts->snapshot,
		.meta = &g->meta,
		.mode = opts->mode,
		.swap = g->rules.swap || opts->any_path,
		.recorder = g->rules.recorder,
	};
	memset(load.reuse, -1, sizeof(load.reuse));
	st = object__load(&load, g->name, &c->obj);
	if (st)
		return st;
	err = open_gates(&g->compiled, c->obj.maps[PIN_GATES]);
	if (err)
		return report(status_of(err), "%s: its gates can't be opened: %s", g->name,
			      why(err));
	instance__init(&c->in);
	c->in.meta = g->meta;
	c->in.dir.ifindex = opts->ifindex;
	memcpy(c->in.maps, c->obj.maps, sizeof(c->in.maps));
	for (int d = 0; d < EG_DIRECTION_COUNT; d++)
		c->in.programs[d] = object__program(&c->obj, d);
	return DONE;
}

void copy__close(struct copy *c)
{
	object__close(&c->obj);
	if (c->g.name)
		generation__close(&c->g);
}
