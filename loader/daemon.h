/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon takes care of: which interfaces, by which rules, and that their maps hold what
 * the system says. It decides nothing by what an event was about, only by what is there now.
 *
 *	daemon.c	what it knows of what is attached
 *	round.c		the system is read, and all maps are brought in step with it
 *	upkeep.c	slow things, one at a time so that rounds come in between
 *	reload.c	the file anew: the slowest of them
 */
#ifndef LOADER_DAEMON_H
#define LOADER_DAEMON_H

#include "deploy.h"
#include "events.h"
#include "gates.h"
#include "health.h"
#include "loop.h"
#include "sync.h"

/* After failures: not before, and each time twice as long after. */
struct backoff {
	__u64 until;			/* ns, monotonic */
	unsigned int failures;
};

/* An interface that is attached. */
struct ward {
	char name[IFNAMSIZ];
	__u32 ifindex;
	__u64 place;			/* inode of its pins as they were opened; 0: open them */
	__u64 opened;			/* ns, monotonic */
	enum instance_state state;
	struct eg_meta meta;
	struct sync sync;		/* if ATTACHED */
	struct gates gates;
	struct snapshot want;		/* in a round: what it is to be in step with */
	bool wanting;
	__u64 generation;		/* the newest we know where it came from */
	bool mine;			/* named in the file: when it no longer is, it is detached */
	bool renamed;			/* other rules may be for it now */
	bool crowded;			/* a table with another seed would hold more */
	size_t tried;			/* addresses left out when that was last found out */
	struct backoff backoff;
};

/* An interface that the file names. */
struct wanted {
	const char *name;
	__u32 settled;			/* its index when it was attached: once each */
	struct backoff backoff;
};

/* What it has done, for those who watch it. */
struct tally {
	__u64 started;			/* seconds since 1970 */
	__u64 wakeups, overruns;	/* by events */
	__u64 rounds, failed_rounds;
	__u64 reloads, failed_reloads;
};

struct daemon {
	const struct scope *scope;
	const char *path;		/* of the file */
	struct loop *loop;
	struct rtnl rt;

	struct config *config;		/* NULL: the file was broken from the start */
	struct wanted *wanted;
	size_t wanted_count;
	bool broken;			/* what the file says now isn't what runs */
	struct tally tally;

	struct ward *wards;
	size_t ward_count;
	struct health health;		/* of what their gates depend on */
	bool gates_due;			/* they may be others now */

	/* round.c */
	struct events events;
	struct watch news, round;
	__u64 first;			/* of the changes that the round is due for */
	__u64 pause;			/* none before: half of the time is others' */
	struct survey survey;		/* as of the last round */
	struct metrics metrics;
	bool metrics_known, metrics_due;
	__u64 metrics_pause;

	/* upkeep.c */
	struct watch upkeep;
	bool recover_due;
	int lock;			/* of the pins, while it is held; -1 */
	struct backoff forwarding;

	/* reload.c */
	bool reload_due;
	struct config *coming;		/* on its way; NULL: none is */
	struct deployment deployment;
	char (*queue)[IFNAMSIZ];	/* interfaces it is for; NULL: not begun */
	size_t queue_count, queue_at;

	bool busy;			/* not ready, as the service manager has it */
	char told[512];			/* STATUS= */
};

void daemon__init(struct daemon *d, const struct scope *scope, const char *path);

/* What takes privileges that are given up then. -errno. */
int daemon__open(struct daemon *d, struct loop *loop);
void daemon__close(struct daemon *d);

/* Takes up what is pinned, and begins with @config, which is the daemon's then; NULL: broken. -errno. */
int daemon__start(struct daemon *d, struct config *config);

/* Once a second: what sends no events, and what the service manager is to know. */
void daemon__look(struct daemon *d);

/* Puts the file as it is now in place of the one that was: soon, all of it or nothing. */
void daemon__reload(struct daemon *d);

/* Between these files ------------------------------------------------------------- */

/* daemon.c */
struct ward *daemon__ward(struct daemon *d, __u32 ifindex);
struct wanted *daemon__wanted(struct daemon *d, const char *name);
struct pin_dir ward__dir(const struct daemon *d, const struct ward *w);
/* Open, and still what is pinned. */
bool ward__is_current(const struct daemon *d, const struct ward *w);
/* Opens what is pinned now. -errno. */
int ward__open(struct daemon *d, struct ward *w);
/* The generation that runs there now is our own; with the lock. */
void daemon__acknowledge(struct daemon *d, __u32 ifindex);
/* What is pinned in the namespace becomes wards. -errno. */
int daemon__list(struct daemon *d);
void daemon__drop(struct daemon *d, struct ward *w);
/* Others are checked from now on, if the gates of wards are others. */
void daemon__follow_gates(struct daemon *d);
/* What commands beside us have changed. */
bool daemon__pins_changed(struct daemon *d);
/* Something may have happened to what is attached: the next round opens all of it again. */
void daemon__distrust(struct daemon *d);
bool daemon__needs_forwarding(const struct daemon *d);
void daemon__tell_status(struct daemon *d);

/* round.c */
int round__open(struct daemon *d);
int round__take(struct daemon *d);
/* For what we did ourselves, or know to be stale for long. */
void round__hasten(struct daemon *d);

/* upkeep.c */
int upkeep__open(struct daemon *d);
void upkeep__hasten(struct daemon *d);

/* reload.c */
/* Reads the file, and says why not if it can't be taken up. */
void reload__begin(struct daemon *d);
void reload__begin_with(struct daemon *d, struct config *config);
/* One interface more, or at the end the swap of all; with the lock, which is held until then. */
void reload__go_on(struct daemon *d);
void reload__close(struct daemon *d);

#endif
