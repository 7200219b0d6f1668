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

/* How long a map lives, and so whose it is. */
enum map_kind {
	MAP_LASTING,		/* until detach */
	MAP_SYSTEM,		/* what attach read from the system; all generations since use it */
	MAP_GENERATION,		/* one ruleset's own */
};

enum pin_map {
	PIN_COUNTERS,
	PIN_RULE_CELLS,
	PIN_LIMITS,
	PIN_SOURCES,
	PIN_GATES,
	PIN_TAPS,
	PIN_TAP_RINGS,
	PIN_TAP_CELLS,
	PIN_RECORDER,
	PIN_ECHOES,
	PIN_RTT,
	PIN_OBSERVED,
	PIN_CONFIG,
	PIN_ADDRS,
	PIN_PATHS,
	PIN_VLANS,
	PIN_METRICS,
	PIN_TABLE,
	PIN_VECTORS,
	PIN_RULES,
	PIN_PREFIX4,
	PIN_BUCKET4,
	PIN_MIXED4,
	PIN_PREFIX6,
	PIN_BUCKET6,
	PIN_GROUPS,
	PIN_TRACE,
	PIN_TEXT,
	PIN_META,
	PIN_MAP_COUNT
};

struct pinned_map {
	const char *name;
	enum map_kind kind;
};

extern const struct pinned_map pinned_maps[PIN_MAP_COUNT];
extern const char *const pin_program_names[EG_DIRECTION_COUNT];
extern const char *const pin_link_names[HOOK_COUNT];

/* A generation is made as the new one, runs, and is then kept to go back to. */
enum pin_place { PLACE_RUNNING, PLACE_NEW, PLACE_PREVIOUS, PLACE_COUNT };

struct pin_dir {
	__u64 cookie;
	__u32 ifindex;
	enum pin_place place;
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

/* The same without waiting: if somebody else holds it, it is done and *lock is -1. Reports. */
enum status pins__try_lock(int *lock);

/* Releases, and leaves no empty directory behind, of a namespace or PIN_ROOT itself. */
void pins__unlock(int *lock);

/* Path of a directory; of a pin in it. */
void pins__dir(char *path, size_t size, const struct pin_dir *d);
void pins__path(char *path, size_t size, const struct pin_dir *d, const char *name);

/* The same interface's in another place. */
struct pin_dir pins__beside(const struct pin_dir *d, enum pin_place place);

/* Every directory there is, in order; the caller frees *list. -errno. */
int pins__list(struct pin_dir **list, size_t *count);

/* Those of one namespace. */
int pins__list_of(__u64 cookie, struct pin_dir **list, size_t *count);

/* Creates a directory, empty. -errno. */
int pins__make(const struct pin_dir *d);

/* Exchanges two directories, at once; if there is no @b, @a takes its place. -errno. */
int pins__exchange(const struct pin_dir *a, const struct pin_dir *b);

/* Unpins everything in a directory and removes it. */
int pins__remove(const struct pin_dir *d);

#endif
