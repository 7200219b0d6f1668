/* SPDX-License-Identifier: GPL-2.0-only */
/* An attached interface, as its pins tell it. */
#ifndef LOADER_INSTANCE_H
#define LOADER_INSTANCE_H

#include "netns.h"
#include "pins.h"
#include "rtnl.h"

#include <bpf/bpf.h>

enum instance_state {
	INSTANCE_ABSENT,	/* no pins */
	INSTANCE_ATTACHED,	/* complete, and every hook in place */
	INSTANCE_MOVED,		/* the same, but in another namespace now */
	INSTANCE_INCOMPLETE,	/* a loader was killed, or somebody removed a part */
	INSTANCE_OTHER_ABI,	/* pins of another version of echogate */
	INSTANCE_GONE,		/* the interface or its namespace is gone */
};

struct instance {
	struct pin_dir dir;
	enum instance_state state;
	__u32 abi;
	struct eg_meta meta;			/* of another ABI only owned, the rest zero */
	int maps[PIN_MAP_COUNT];		/* -1: not pinned */
	int links[HOOK_COUNT];			/* -1: not pinned */
	int programs[EG_DIRECTION_COUNT];	/* -1: not pinned */
	__u32 program_ids[EG_DIRECTION_COUNT];	/* 0: not known */
	__u32 system_id;			/* of eg_config; the same: all MAP_SYSTEM are */
	struct bpf_link_info info[HOOK_COUNT];
	bool alive[HOOK_COUNT];			/* the link holds a program on a device */

	/* Filled by instance__visit(). */
	char ifname[IFNAMSIZ];			/* present name, else the recorded one */
	char netns[EG_META_PATH];		/* "": the caller's own */
	bool reachable;				/* its namespace could be entered */
	bool present;				/* the interface is in it; then: */
	struct device device;
	__u32 filters[HOOK_COUNT];		/* programs of filters of ours */
};

/* A list of instances. */
struct instances {
	struct instance *list;
	size_t count;
};

void instance__init(struct instance *in);

/* Opens what is pinned in a directory; state ABSENT if nothing is. -errno. */
int instance__open(struct instance *in, const struct pin_dir *dir);
void instance__close(struct instance *in);

/* Which hook its ingress program hangs on. */
enum hook instance__ingress(const struct instance *in);

/* Id of the program that runs there, by link or filter (then: visited); 0: none. */
__u32 instance__program(const struct instance *in, enum hook hook);

/*
 * Enters its namespace, if it can be found, and looks at the interface. The
 * process stays there; scope__enter() leads back. If another generation runs than
 * the directory's, it is that one afterwards.
 */
void instance__visit(struct instance *in, const struct scope *s);

/* The same, but it stays what its directory says. */
void instance__look(struct instance *in, const struct scope *s);

/* Writes its notes. -errno. */
int instance__set_meta(const struct instance *in, const struct eg_meta *meta);

/* Another generation may run by now. */
void instance__refresh(struct instance *in);

/* How a state is called, for people and in JSON. */
const char *state_name(enum instance_state state);

enum selection {
	SELECT_ALL,	/* of every namespace, unless one is named */
	SELECT_LIVE,	/* of those, what is attached; the rest is an error when named */
	SELECT_HERE,	/* what is attached in the scope's namespace */
};

/*
 * The instances a read command shows: those named, or all there are when
 * @count is 0. Visited. Reports what can't be shown; the list holds the rest.
 */
enum status instances__select(const struct scope *s, char *const *names, size_t count,
			      enum selection which, struct instances *out);
/* The one that is named, or the only one there is; it is attached, and whole. Reports. */
enum status instances__only(const struct scope *s, char *const *names, size_t count,
			    struct instances *all);
void instances__free(struct instances *all);

/*
 * The pins that a name stands for in the scope's namespace: of the interface
 * with this name, or of one that had it and is gone. Reports, unless @quiet.
 */
enum status instance__find(const struct scope *s, const char *name, struct instance *in);

#endif
