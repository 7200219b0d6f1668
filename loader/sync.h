/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system maps of an attached interface, changed in place while its programs read them. What
 * a program finds at any moment is right for what was, or for what is.
 */
#ifndef LOADER_SYNC_H
#define LOADER_SYNC_H

#include "instance.h"
#include "mapped.h"
#include "snapshot.h"

struct sync {
	struct mapped config, addrs;
	int vlan_map, metrics_map;
	/* What these hold, unless that must be read first. */
	bool known;
	struct addresses held;
	struct vlan *vlans;
	size_t vlan_count;
	struct metrics metrics;
	struct addresses fresh;		/* between sync__retire() and sync__bring() */
	bool changed;			/* and path_salt is still the same */
	size_t left_out;		/* addresses that found no place the last time */
};

void sync__init(struct sync *s);

/* -errno */
int sync__open(struct sync *s, const struct instance *in);
void sync__close(struct sync *s);

/*
 * In three steps, the second of which serves any number of interfaces at once. First addresses
 * that are gone are taken out: @wait becomes true if their places are to be taken by others.
 * Before that every program must have ended that may have seen a place as it was. Then the maps
 * are made to hold what @snap and @metrics (those in @snap aren't looked at) say; its addresses are
 * the sync's then. -errno: whatever isn't in step then is after the next calls that succeed.
 */
int sync__retire(struct sync *s, const struct snapshot *snap, bool *wait);
void sync__wait(void);
int sync__bring(struct sync *s, struct snapshot *snap, const struct metrics *metrics);

/* After addresses were left out: whether a table under another seed would hold more of them. */
bool sync__would_fit_more(const struct sync *s);

/* The settings as the programs have them now. */
const struct eg_config *sync__config(const struct sync *s);
const struct eg_addrs *sync__addrs(const struct sync *s);

#endif
