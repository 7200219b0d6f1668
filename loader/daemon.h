/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon takes care of: which interfaces, by which rules, and that their maps hold what
 * the system says. It decides nothing by what an event was about, only by what is there now; and it
 * does slow things one at a time, so that maps are in step in between.
 */
#ifndef LOADER_DAEMON_H
#define LOADER_DAEMON_H

#include "deploy.h"
#include "loop.h"
#include "sync.h"

/* An interface that is attached. */
struct ward {
	char name[IFNAMSIZ];
	__u32 ifindex;
	__u64 place;			/* inode of its pins as they were opened; 0: not opened */
	enum instance_state state;
	struct eg_meta meta;
	struct sync sync;		/* if ATTACHED */
	bool seen;			/* its pins are there */
	bool mine;			/* named in the file: when it no longer is, it is detached */
	bool renamed;			/* other rules may be for it now */
	bool crowded;			/* a table with another seed would hold more */
	size_t tried;			/* addresses left out when that was last found out */
	__u64 retry;			/* ns: not again before */
	unsigned int failures;
};

/* An interface that the file names. */
struct wanted {
	const char *name;
	__u32 settled;			/* its index when it was attached: once each */
	__u64 retry;
	unsigned int failures;
};

struct daemon {
	const struct scope *scope;
	char *path;			/* of the file */
	struct rtnl rt;

	struct config *config;		/* NULL: the file was broken from the start */
	struct wanted *wanted;
	size_t wanted_count;
	bool broken;			/* what the file says now isn't what runs */

	struct ward *wards;
	size_t ward_count;
	struct survey survey;		/* as of the last round */
	struct metrics metrics;
	bool metrics_known, metrics_due;
	__u64 metrics_pause;		/* ns: not again before */
	__u64 overruns;

	/* Rules on their way. */
	struct config *coming;
	struct deployment deployment;
	char (*queue)[IFNAMSIZ];	/* NULL: not begun */
	size_t queue_count, queue_at;

	bool recover_due;
	__u64 trusted;			/* ns: since when nothing was opened again */
	struct watch work;		/* due when there may be something slow to do */
	int lock;			/* of the pins, while it is held; -1 */
	__u64 waits;			/* for it since then, ns; 0: it doesn't */
};

void daemon__init(struct daemon *d, const struct scope *scope);
void daemon__close(struct daemon *d);

/* Takes up what is pinned, and with @config (which it then owns, NULL: none) begins. -errno */
int daemon__open(struct daemon *d, struct config *config);

/* Reads the system, and brings all maps in step with it. -errno: try again soon. */
int daemon__round(struct daemon *d);

/* Once a second: what sends no events. True if a round is due. */
bool daemon__look(struct daemon *d);

/* Begins to put the file as it is now in place of the one that was. */
enum status daemon__reload(struct daemon *d);

enum progress {
	PROGRESS_IDLE,			/* nothing is to be done before d->work is due again */
	PROGRESS_WAITING,		/* somebody else holds the lock */
	PROGRESS_PART,			/* there is more of the same */
	PROGRESS_DONE,			/* and a round is due */
};

/* The next slow thing, if there is one; d->work is due then when the one after it may be. */
enum progress daemon__work(struct daemon *d);

/* Whether new rules are on their way. */
bool daemon__is_loading(const struct daemon *d);

/* Something may have happened to what is attached: the next round opens all of it again. */
void daemon__distrust(struct daemon *d);

/* How it is, in a line. */
void daemon__describe(const struct daemon *d, char *text, size_t size);

#endif
