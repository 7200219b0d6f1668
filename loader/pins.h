/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree under /sys/fs/bpf/echogate: one directory per network namespace
 * (named by its cookie) and in it one per interface (named by its index, which
 * a rename doesn't change). bpffs refuses dots in names.
 */
#ifndef LOADER_PINS_H
#define LOADER_PINS_H

#include "names.h"

#define BPFFS		"/sys/fs/bpf"
#define PIN_ROOT	BPFFS "/echogate"
#define PIN_PATH	96	/* long enough for every path below PIN_ROOT */

enum pin_map {
	PIN_COUNTERS,
	PIN_CONFIG,
	PIN_ADDRS,
	PIN_PATHS,
	PIN_VLANS,
	PIN_METRICS,
	PIN_META,
	PIN_MAP_COUNT
};

extern const char *const pin_map_names[PIN_MAP_COUNT];
extern const char *const pin_link_names[HOOK_COUNT];

struct pin_dir {
	__u64 cookie;
	__u32 ifindex;
	bool building;		/* never finished: its loader was killed */
};

/*
 * Inside `ip netns exec` the mount namespace is private and hides bpffs. Goes
 * where it is, which is where it outlives this process. Silent; stays if it can't.
 */
void pins__enter_mounts(void);

/* True if bpffs is mounted here. */
bool pins__mounted(void);

/* Mounts bpffs if it isn't, makes sure of PIN_ROOT, locks it. Reports. */
enum status pins__lock(int *lock);

/* Releases, and leaves no empty PIN_ROOT behind. */
void pins__unlock(int *lock);

/* Directory of an attached interface, or of one that is being attached. */
void pins__dir(char *path, size_t size, __u64 cookie, __u32 ifindex, bool building);

/* Every directory there is, in order; the caller frees *list. -errno. */
int pins__list(struct pin_dir **list, size_t *count);

/* Creates a directory for an interface under construction, empty. -errno. */
int pins__make(const struct pin_dir *d);

/*
 * Puts a finished directory in its place, at once. What stood there before is
 * then the one under construction, for pins__remove(). -errno.
 */
int pins__swap_in(const struct pin_dir *building);

/* Unpins everything in a directory and removes it, and its parent if empty. */
int pins__remove(const struct pin_dir *d);

#endif
