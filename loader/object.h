/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF object: configured, loaded, its maps filled, attached nowhere yet. */
#ifndef LOADER_OBJECT_H
#define LOADER_OBJECT_H

#include "pins.h"
#include "settings.h"
#include "snapshot.h"

struct object {
	struct echogate *skeleton;
	int programs[HOOK_COUNT];	/* -1: not loaded */
	int maps[PIN_MAP_COUNT];
};

struct object_options {
	const struct snapshot *snapshot;
	const struct settings *settings;
	const struct eg_meta *meta;
	int counters;			/* map to go on counting in, or -1 */
	enum eg_mode mode;		/* of ingress */
	bool l3;			/* frames without an Ethernet header */
};

/* @name is the interface's, for messages. Reports. */
enum status object__load(const struct object_options *opts, const char *name, struct object *obj);
void object__close(struct object *obj);

int object__set_meta(const struct object *obj, const struct eg_meta *meta);

#endif
