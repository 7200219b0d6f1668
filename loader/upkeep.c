// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is slow, and done with the lock of the pins: to attach, to remove, to put in order. What is to
 * be done is decided anew each time, from what is there.
 */
#include "attach.h"
#include "daemon.h"
#include "detach.h"
#include "forwarding.h"
#include "notify.h"
#include "recover.h"


#define BUSY_NS		20000000	/* until somebody else has done */
#define RETRY_MAX	60		/* seconds from one failure to the next attempt */

/* How much longer the service manager is to wait, while something slow is done. */
#define EXTEND		"EXTEND_TIMEOUT_USEC=60000000"

enum task {
	TASK_NONE,
	TASK_RECOVER,			/* what others left */
	TASK_LOAD,			/* new rules */
	TASK_REMOVE,			/* a ward */
	TASK_REPLACE,			/* one that isn't whole */
	TASK_RESEED,			/* its table */
	TASK_RENAME,			/* other rules may be for its name */
	TASK_ATTACH,			/* an interface of the file */
	TASK_FORWARD,			/* the sysctl */
};

struct job {
	enum task task;
	struct ward *ward;
	struct wanted *wanted;
	__u32 ifindex;			/* of the wanted one */
	const char *reason;
};

void upkeep__hasten(struct daemon *d)
{
	d->upkeep.due = monotonic_ns();
}

/* Deciding -------------------------------------------------------------------------- */

/* Later, and then something may be due. */
static bool is_put_off(const struct backoff *b, __u64 now, __u64 *next)
{
	if (b->until <= now)
		return false;
	if (!*next || b->until < *next)
		*next = b->until;
	return true;
}

static enum task judge(struct daemon *d, const struct ward *w, const char **reason)
{
	switch (w->state) {
	case INSTANCE_ABSENT:
		return TASK_NONE;
	case INSTANCE_GONE:
		*reason = "it is gone";
		return TASK_REMOVE;
	case INSTANCE_MOVED:
		*reason = "it is in another namespace";
		return TASK_REMOVE;
	case INSTANCE_INCOMPLETE:
	case INSTANCE_OTHER_ABI:
		return TASK_REPLACE;
	case INSTANCE_ATTACHED:
		break;
	}
	if (d->config && w->mine && !daemon__wanted(d, w->name)) {
		*reason = "no block of the file is for it";
		return TASK_REMOVE;
	}
	if (d->config && w->renamed)
		return TASK_RENAME;
	return w->crowded && !w->meta.confirm_by ? TASK_RESEED : TASK_NONE;
}

static bool find_ward(struct daemon *d, __u64 now, __u64 *next, struct job *j)
{
	for (size_t i = 0; i < d->ward_count; i++) {
		struct ward *w = &d->wards[i];

		/* What isn't open is the next round's. */
		j->task = w->place ? judge(d, w, &j->reason) : TASK_NONE;
		if (j->task == TASK_NONE || is_put_off(&w->backoff, now, next))
			continue;
		j->ward = w;
		return true;
	}
	return false;
}

/* An interface of the file that isn't attached, and hasn't been detached by somebody. */
static bool find_missing(struct daemon *d, __u64 now, __u64 *next, struct job *j)
{
	for (size_t i = 0; i < d->survey.dev_count; i++) {
		const struct device *dev = &d->survey.devs[i];
		struct wanted *n = daemon__wanted(d, dev->name);

		if (!n || dev->ifindex == n->settled || daemon__ward(d, dev->ifindex) ||
		    is_put_off(&n->backoff, now, next))
			continue;
		j->task = TASK_ATTACH;
		j->wanted = n;
		j->ifindex = dev->ifindex;
		return true;
	}
	return false;
}

/* The first of what is due; else *next is when something will be, or 0. */
static struct job find_job(struct daemon *d, __u64 now, __u64 *next)
{
	struct job j = {};

	*next = 0;
	/* Rules on their way hold the lock: there is nobody who could leave anything. */
	if (d->recover_due && d->lock < 0)
		j.task = TASK_RECOVER;
	else if (d->coming)
		j.task = TASK_LOAD;
	else if (find_ward(d, now, next, &j) || find_missing(d, now, next, &j))
		return j;
	else if (daemon__needs_forwarding(d) && !is_put_off(&d->forwarding, now, next) &&
		 forwarding__off())
		j.task = TASK_FORWARD;
	else
		j.task = TASK_NONE;
	return j;
}

/* Doing ----------------------------------------------------------------------------- */

static void put_off(struct backoff *b)
{
	unsigned int wait = b->failures < 6 ? 1U << b->failures : RETRY_MAX;

	b->failures++;
	b->until = monotonic_ns() + wait * SECOND;
}

static void remove_ward(struct daemon *d, struct ward *w, const char *reason)
{
	struct pin_dir dir = ward__dir(d, w);
	struct instance in;
	int err;

	err = instance__open(&in, &dir);
	if (!err && in.state != INSTANCE_ABSENT) {
		instance__look(&in, d->scope);
		err = instance__remove(&in, true);
	}
	if (err) {
		report(status_of(err), "%s: its pins can't be removed: %s", w->name, why(err));
		put_off(&w->backoff);
		return;
	}
	tell(LEVEL_INFO, "%s: detached: %s", w->name, reason);
	daemon__drop(d, w);
}

/* With the rules of @config; NULL: with those that run there. Wards may be moved by it. */
static bool attach_one(struct daemon *d, const char *name, __u32 ifindex,
		       const struct config *config, int mode, struct backoff *b)
{
	struct attach_options opts = { .mode = mode, .config = config };

	if (attach(d->scope, &opts, name)) {
		put_off(b);
		return false;
	}
	b->failures = 0;
	daemon__acknowledge(d, ifindex);
	return true;
}

/* Of one that has another name now, if that makes a difference. */
static void change_rules(struct daemon *d, struct ward *w)
{
	struct deployment one = { .scope = d->scope, .config = d->config };

	if (!deployment__build(&one, w->name, true) && one.count) {
		generation__forward(one.list);
		if (!deployment__swap(&one)) {
			tell(LEVEL_INFO, "%s: generation %llu: the rules for this name", w->name,
			     (unsigned long long)one.list->meta.generation);
			daemon__acknowledge(d, w->ifindex);
		}
	}
	deployment__close(&one);
	w->renamed = false;
}

/* Somebody turned it off, as a write to conf.all.forwarding does. */
static void mend_forwarding(struct daemon *d)
{
	__u32 owned = 0;
	int err;

	err = forwarding__enable(&d->rt, &owned);
	if (err)
		note("forwarding on lo can't be turned on: %s; without it pings go to the kernel",
		     why(err));
	for (size_t i = 0; owned && i < d->ward_count; i++) {
		struct pin_dir dir = ward__dir(d, &d->wards[i]);
		struct instance in;

		if (d->wards[i].state != INSTANCE_ATTACHED || instance__open(&in, &dir))
			continue;
		in.meta.owned |= owned;
		if (in.abi == EG_ABI && !instance__set_meta(&in, &in.meta)) {
			note("forwarding on lo was off, and is on again");
			owned = 0;
		}
		instance__close(&in);
	}
	if (forwarding__off())
		put_off(&d->forwarding);
	else
		d->forwarding.failures = 0;
}

static void recover_all(struct daemon *d)
{
	recover__here(d->scope);
	d->recover_due = false;
	daemon__distrust(d);
}

static void do_job(struct daemon *d, const struct job *j)
{
	switch (j->task) {
	case TASK_NONE:
		break;
	case TASK_RECOVER:
		recover_all(d);
		break;
	case TASK_LOAD:
		reload__go_on(d);
		break;
	case TASK_REMOVE:
		remove_ward(d, j->ward, j->reason);
		break;
	case TASK_REPLACE:
		attach_one(d, j->ward->name, j->ward->ifindex, d->config, MODE_AUTO,
			   &j->ward->backoff);
		break;
	case TASK_RESEED:
		attach_one(d, j->ward->name, j->ward->ifindex, NULL, j->ward->meta.mode,
			   &j->ward->backoff);
		break;
	case TASK_RENAME:
		change_rules(d, j->ward);
		break;
	case TASK_ATTACH:
		if (attach_one(d, j->wanted->name, j->ifindex, d->config, MODE_AUTO,
			       &j->wanted->backoff))
			j->wanted->settled = j->ifindex;
		break;
	case TASK_FORWARD:
		mend_forwarding(d);
		break;
	}
}

/* Before we had the lock, a command may have been half-way through with it. */
static bool still_holds(struct daemon *d, const struct job *j)
{
	const char *reason;

	return !j->ward || (!ward__open(d, j->ward) && judge(d, j->ward, &reason) == j->task);
}

/* In turn with rounds, which come first: all of this changes what they find. */
static void call_upkeep(struct watch *w)
{
	struct daemon *d = w->owner;
	__u64 now = monotonic_ns();
	struct job j;

	if (d->reload_due && !d->coming)
		reload__begin(d);
	j = find_job(d, now, &w->due);
	if (j.task == TASK_NONE) {
		if (d->busy && !d->round.due) {
			d->busy = false;
			daemon__tell_status(d);
			notify("READY=1");
		}
		return;
	}
	/* While somebody else is at work, maps are kept in step all the same. */
	if (d->lock < 0)
		pins__try_lock(&d->lock);
	if (d->lock < 0) {
		w->due = now + BUSY_NS;
		return;
	}
	if (still_holds(d, &j))
		do_job(d, &j);
	if (!d->queue)
		pins__unlock(&d->lock);
	if (d->busy)
		notify(EXTEND);
	round__hasten(d);
	upkeep__hasten(d);
}

int upkeep__open(struct daemon *d)
{
	d->upkeep = (struct watch){ .fd = -1, .call = call_upkeep, .owner = d };
	return loop__add(d->loop, &d->upkeep, 0);
}
