/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A generation of an interface in the making: rules selected and compiled, maps and programs
 * made of them and pinned aside. attach and apply differ in what comes then.
 */
#ifndef LOADER_GENERATION_H
#define LOADER_GENERATION_H

#include "hooks.h"
#include "instance.h"
#include "object.h"
#include "slots.h"

struct generation {
	const struct scope *scope;
	const char *name;		/* of the interface, as given */
	struct rtnl rt;
	struct device dev;
	struct instance running;	/* what is there already; ABSENT: nothing */
	struct instance former;		/* what was kept to go back to */
	struct instance next;		/* this one, once it is loaded */
	bool kept;			/* the rules are those of what runs */
	struct rules rules;
	struct compiled compiled;
	struct slot_changes changes;
	char *text;			/* contents of eg_text */
	size_t text_size;
	char config[EG_META_PATH];	/* whose rules they are; "": nobody's */
	__u64 origin;			/* as in eg_meta */
	struct eg_meta meta;
	__u32 forwarded;		/* EG_OWNED_FORWARD4/6 that was turned on for it */
	__u64 started, built;		/* ns, monotonic */
	__u64 both_ns;			/* while one hook was its and the other its predecessor's */
};

void generation__init(struct generation *g);

/* Looks at the interface and at what is there. Reports. */
enum status generation__open(struct generation *g, const struct scope *scope, const char *name);
void generation__close(struct generation *g);

/*
 * Selects the interface's part of a configuration (NULL: none). Nothing need be open:
 * then it is for a check, and without a name in dev for what is outside of all blocks. Reports.
 */
enum status generation__select(struct generation *g, const struct config *config);

/* What was selected is just what runs, so that loading it would change nothing. */
bool generation__is_running(const struct generation *g);

/* Compiles what was selected. Reports. */
enum status generation__compile(struct generation *g);

/* Both. Reports. */
enum status generation__plan(struct generation *g, const struct config *config);

/*
 * Loads it for an ingress mode, in place of what was loaded before. Maps of the system are made
 * of @snap, or with NULL those of what runs are used. Reports.
 */
enum status generation__load(struct generation *g, enum eg_mode mode,
			     const struct snapshot *snap);

/* Turns forwarding on lo on, if its way back needs that. */
void generation__forward(struct generation *g);

/* After a failure: nothing is left of it. */
void generation__discard(struct generation *g);

#endif
