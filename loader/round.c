// SPDX-License-Identifier: GPL-2.0-only
#include "confirm.h"
#include "daemon.h"
#include "forwarding.h"

#include <errno.h>
#include <string.h>

/* A change rarely comes alone: a round waits for quiet, but not for ever. */
#define QUIET_NS	10000000ULL
#define PATIENCE_NS	30000000ULL
#define RETRY_NS	20000000ULL	/* after a round that failed */

#define DUMP_SHARE	10		/* of the time, at most one part in so many reads routes */
#define TRUST_NS	(10 * SECOND)	/* what nobody tells, like a link detached by hand */

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static __u64 later(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/* When a round is due --------------------------------------------------------------- */

static void mark(struct daemon *d)
{
	__u64 now = monotonic_ns();

	if (!d->round.due)
		d->first = now;
	d->round.due = later(earlier(now + QUIET_NS, d->first + PATIENCE_NS), d->pause);
}

void round__hasten(struct daemon *d)
{
	d->first = 0;
	d->round.due = later(monotonic_ns(), d->pause);
}

/* What has gone may be there again by now, without what hung on it. */
static void distrust_gone(struct daemon *d)
{
	const struct events *e = &d->events;

	if (e->gone_count > ARRAY_SIZE(e->gone)) {
		daemon__distrust(d);
		return;
	}
	for (size_t i = 0; i < e->gone_count; i++) {
		struct ward *w = daemon__ward(d, e->gone[i]);

		if (w)
			w->place = 0;
	}
}

static void take_news(struct watch *w)
{
	struct daemon *d = w->owner;
	unsigned int bits = events__drain(&d->events);

	d->tally.wakeups++;
	if (bits & EVENT_OVERRUN) {
		d->tally.overruns++;
		tell(LEVEL_WARNING, "more changes came than the kernel keeps; all is read anew");
		bits |= EVENT_SYSTEM | EVENT_METRICS;
		daemon__distrust(d);
	}
	distrust_gone(d);
	/* Metrics may go with a route, and routes with what they lead over. */
	if (bits & EVENT_METRICS || (bits && d->metrics.count))
		d->metrics_due = true;
	if (bits & EVENT_SYSTEM || d->metrics_due)
		mark(d);
}

/* Sysctls, of which nobody tells. */
static bool settings_changed(const struct daemon *d)
{
	struct settings now;

	settings__read(&now);
	for (size_t i = 0; i < d->ward_count; i++) {
		const struct ward *w = &d->wards[i];
		const struct eg_config *c;

		if (!w->place || w->state != INSTANCE_ATTACHED)
			continue;
		c = sync__config(&w->sync);
		if (c->flags != now.flags || c->ttl4 != now.ttl4 || c->tai != now.tai ||
		    c->hop6 != device__hop_limit(w->name))
			return true;
		for (size_t j = 0; j < w->sync.vlan_count; j++) {
			const struct eg_vlan *v = &w->sync.vlans[j].value;
			const struct device *dev = device__find(d->survey.devs,
								d->survey.dev_count, v->ifindex);

			if (dev && v->hop6 != device__hop_limit(dev->name))
				return true;
		}
	}
	return false;
}

void daemon__look(struct daemon *d)
{
	__u64 now = monotonic_ns();

	if (d->metrics_due || settings_changed(d) || daemon__pins_changed(d))
		round__hasten(d);
	for (size_t i = 0; i < d->ward_count; i++) {
		struct ward *w = &d->wards[i];

		if (confirm__overdue(&w->meta)) {
			d->recover_due = true;
			upkeep__hasten(d);
		}
		if (w->place && now > w->opened + TRUST_NS) {
			w->place = 0;
			round__hasten(d);
		}
	}
	if (daemon__needs_forwarding(d) && forwarding__off())
		upkeep__hasten(d);
	daemon__tell_status(d);
}

/* The round ------------------------------------------------------------------------- */

static int read_metrics(struct daemon *d)
{
	__u64 start = monotonic_ns();
	struct metrics now;
	int err;

	if (start < d->metrics_pause)
		return 0;
	err = metrics__read(&d->rt, &now);
	if (err)
		return err;
	metrics__free(&d->metrics);
	d->metrics = now;
	d->metrics_due = false;
	d->metrics_known = true;
	/* Where there are a million routes, this takes a while. */
	d->metrics_pause = monotonic_ns() + DUMP_SHARE * (monotonic_ns() - start);
	return 0;
}

/* It has this name now. */
static void name_ward(struct daemon *d, struct ward *w, const char *name)
{
	struct wanted *wanted = daemon__wanted(d, name);

	if (*w->name && strcmp(w->name, name)) {
		tell(LEVEL_INFO, "%s: it is called %s now", w->name, name);
		w->renamed = true;
	}
	copy_text(w->name, name, sizeof(w->name));
	if (!wanted)
		return;
	w->mine = true;
	wanted->settled = w->ifindex;
}

/* Opens what is another, and looks at what the system says of it. -errno */
static int visit(struct daemon *d, struct ward *w, bool *wait)
{
	const struct device *dev = device__find(d->survey.devs, d->survey.dev_count, w->ifindex);
	int err;

	w->wanting = false;
	if (!ward__is_current(d, w) || (!dev && w->state == INSTANCE_ATTACHED)) {
		err = ward__open(d, w);
		if (err)
			return err;
	}
	if (dev)
		name_ward(d, w, dev->name);
	if (!dev || w->state != INSTANCE_ATTACHED)
		return 0;
	err = survey__snapshot(&d->survey, w->ifindex, &w->want);
	if (err)
		return err;
	err = sync__retire(&w->sync, &w->want, wait);
	if (err)
		snapshot__free(&w->want);
	w->wanting = !err;
	return err;
}

/* Seeds are tried once for each number that is left out. */
static void judge_left_out(struct ward *w)
{
	if (!w->sync.left_out)
		w->tried = 0;
	if (w->sync.left_out <= w->tried)
		return;
	w->tried = w->sync.left_out;
	w->crowded = sync__would_fit_more(&w->sync);
	if (!w->crowded)
		note("%s: %zu of %zu addresses don't fit into the table; the kernel answers for "
		     "them", w->name, w->sync.left_out, w->sync.held.count);
}

static int bring(struct daemon *d, struct ward *w)
{
	int err;

	if (!w->wanting)
		return 0;
	w->wanting = false;
	err = sync__bring(&w->sync, &w->want, &d->metrics);
	snapshot__free(&w->want);
	if (err)
		report(FAILED, "%s: its maps can't be brought in step: %s", w->name, why(err));
	judge_left_out(w);
	return err;
}

static int bring_all(struct daemon *d)
{
	bool wait = false;
	int err, first = 0;

	for (size_t i = 0; i < d->ward_count; i++) {
		err = visit(d, &d->wards[i], &wait);
		first = first ?: err;
	}
	if (wait)
		sync__wait();
	for (size_t i = 0; i < d->ward_count; i++) {
		err = bring(d, &d->wards[i]);
		first = first ?: err;
	}
	return first;
}

/* Whatever comes back under a name of the file is another. */
static void forget_gone(struct daemon *d)
{
	for (size_t i = 0; i < d->wanted_count; i++) {
		struct wanted *n = &d->wanted[i];
		bool there = false;

		for (size_t j = 0; !there && j < d->survey.dev_count; j++)
			there = !strcmp(d->survey.devs[j].name, n->name);
		if (!there)
			*n = (struct wanted){ .name = n->name };
	}
}

static int go_round(struct daemon *d)
{
	struct survey survey;
	int err;

	err = survey__take(&d->rt, &survey);
	if (err)
		return err;
	survey__free(&d->survey);
	d->survey = survey;
	/* As long as it is due, daemon__look() has it tried again. */
	if (d->metrics_due) {
		err = read_metrics(d);
		if (err && !d->metrics_known)
			return err;
	}
	err = daemon__list(d) ?: bring_all(d);
	forget_gone(d);
	upkeep__hasten(d);
	return err;
}

int round__take(struct daemon *d)
{
	__u64 start = monotonic_ns(), end;
	int err;

	err = go_round(d);
	daemon__follow_gates(d);
	end = monotonic_ns();
	d->pause = end + (end - start);
	d->tally.rounds++;
	if (!err)
		return 0;
	d->pause += RETRY_NS;
	round__hasten(d);
	/* Interrupted by changes is no failure: the next one sees them. */
	if (err == -EINTR)
		return 0;
	d->tally.failed_rounds++;
	return err;
}

static void call_round(struct watch *w)
{
	int err = round__take(w->owner);

	if (err)
		report(FAILED, "the system can't be read: %s", why(err));
}

int round__open(struct daemon *d)
{
	int err;

	err = events__open(&d->events);
	if (err)
		return err;
	d->news = (struct watch){ .fd = events__fd(&d->events), .call = take_news, .owner = d };
	d->round = (struct watch){ .fd = -1, .call = call_round, .owner = d };
	return loop__add(d->loop, &d->news, EPOLLIN) ?: loop__add(d->loop, &d->round, 0);
}
