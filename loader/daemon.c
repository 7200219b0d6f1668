// SPDX-License-Identifier: GPL-2.0-only
#include "daemon.h"
#include "attach.h"
#include "confirm.h"
#include "detach.h"
#include "forwarding.h"
#include "recover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BUSY_NS		20000000	/* until somebody else has done */
#define QUEUE_NS	SECOND		/* then we wait in line, like everybody else */
#define RETRY_MAX	60		/* seconds from one failure to the next attempt */
#define DUMP_SHARE	10		/* of the time, at most one part in so many reads routes */
#define TRUST_NS	(10 * SECOND)	/* what nobody tells, like a link detached by hand */

void daemon__init(struct daemon *d, const struct scope *scope)
{
	memset(d, 0, sizeof(*d));
	d->scope = scope;
	d->lock = -1;
	d->metrics_due = true;
}

static void hasten(struct daemon *d)
{
	d->work.due = monotonic_ns();
}

/* Wards ------------------------------------------------------------------------ */

static struct pin_dir dir_of(const struct daemon *d, const struct ward *w)
{
	return (struct pin_dir){ .cookie = d->scope->cookie, .ifindex = w->ifindex };
}

static struct ward *find_ward(struct daemon *d, __u32 ifindex)
{
	for (size_t i = 0; i < d->ward_count; i++)
		if (d->wards[i].ifindex == ifindex)
			return &d->wards[i];
	return NULL;
}

static struct wanted *find_wanted(struct daemon *d, const char *name)
{
	for (size_t i = 0; i < d->wanted_count; i++)
		if (!strcmp(d->wanted[i].name, name))
			return &d->wanted[i];
	return NULL;
}

static struct ward *add_ward(struct daemon *d, __u32 ifindex)
{
	struct ward *more;

	more = realloc(d->wards, (d->ward_count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	d->wards = more;
	more = &d->wards[d->ward_count++];
	memset(more, 0, sizeof(*more));
	more->ifindex = ifindex;
	sync__init(&more->sync);
	return more;
}

static void drop_ward(struct daemon *d, struct ward *w)
{
	sync__close(&w->sync);
	*w = d->wards[--d->ward_count];
}

/* After a failure: twice as long as the last time. */
static void put_off(__u64 *retry, unsigned int *failures)
{
	unsigned int wait = *failures < 6 ? 1U << *failures : RETRY_MAX;

	++*failures;
	*retry = monotonic_ns() + (wait < RETRY_MAX ? wait : RETRY_MAX) * SECOND;
}

/* The directory of a generation that follows another is another. 0: there is none. */
static __u64 inode_of(const struct pin_dir *dir)
{
	char path[PIN_PATH];
	struct stat st;

	pins__dir(path, sizeof(path), dir);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* Opens what is pinned now. -errno. */
static int open_ward(struct daemon *d, struct ward *w)
{
	struct pin_dir dir = dir_of(d, w);
	__u64 place = inode_of(&dir);
	struct instance in;
	int err;

	sync__close(&w->sync);
	w->place = 0;
	w->crowded = false;
	err = instance__open(&in, &dir);
	if (err)
		return err;
	if (in.state != INSTANCE_ABSENT)
		instance__look(&in, d->scope);
	w->state = in.state;
	w->meta = in.meta;
	if (!*w->name)
		copy_text(w->name, in.ifname, sizeof(w->name));
	if (in.state == INSTANCE_ATTACHED)
		err = sync__open(&w->sync, &in);
	instance__close(&in);
	if (!err)
		w->place = place;
	return err;
}

/* Whose pins are there. Those of an interface that was just attached by whomever are new. -errno */
static int list_wards(struct daemon *d)
{
	struct pin_dir *dirs;
	size_t count;
	int err;

	err = pins__list_of(d->scope->cookie, &dirs, &count);
	if (err)
		return err;
	for (size_t i = 0; i < d->ward_count; i++)
		d->wards[i].seen = false;
	for (size_t i = 0; !err && i < count; i++) {
		struct ward *w = find_ward(d, dirs[i].ifindex);

		/* Somebody is at work, or was killed at it. */
		if (dirs[i].place == PLACE_NEW && !daemon__is_loading(d)) {
			d->recover_due = true;
			hasten(d);
		}
		if (dirs[i].place != PLACE_RUNNING)
			continue;
		w = w ?: add_ward(d, dirs[i].ifindex);
		if (w)
			w->seen = true;
		else
			err = -ENOMEM;
	}
	free(dirs);
	for (size_t i = d->ward_count; !err && i-- > 0;)
		if (!d->wards[i].seen)
			drop_ward(d, &d->wards[i]);
	return err;
}

/* It has this name now. */
static void name_ward(struct daemon *d, struct ward *w, const char *name)
{
	struct wanted *wanted = find_wanted(d, name);

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

/* Rounds ----------------------------------------------------------------------- */

static void read_metrics(struct daemon *d)
{
	__u64 start = monotonic_ns();
	struct metrics now;

	if (start < d->metrics_pause)
		return;
	if (metrics__read(&d->rt, &now))
		return;
	metrics__free(&d->metrics);
	d->metrics = now;
	d->metrics_due = false;
	d->metrics_known = true;
	/* Where there are a million routes, this takes a while. */
	d->metrics_pause = monotonic_ns() + DUMP_SHARE * (monotonic_ns() - start);
}

/* -errno of what may be better the next time. */
static int bring(struct daemon *d, struct ward *w)
{
	struct snapshot snap;
	int err;

	if (!d->metrics_known)
		return -EINTR;
	err = survey__snapshot(&d->survey, w->ifindex, &snap);
	if (err == -ENODEV) {
		/* By its next opening it is known where it went. */
		w->place = 0;
		return 0;
	}
	if (err)
		return err;
	err = sync__bring(&w->sync, &snap, &d->metrics);
	if (err)
		report(FAILED, "%s: its maps can't be brought in step: %s", w->name, why(err));
	if (!w->sync.left_out)
		w->tried = 0;
	/* Seeds are tried once for each number that is left out. */
	if (w->sync.left_out > w->tried) {
		w->tried = w->sync.left_out;
		w->crowded = sync__would_fit_more(&w->sync, &snap);
		if (!w->crowded)
			note("%s: %zu of %zu addresses don't fit into the table; the kernel "
			     "answers for them", w->name, w->sync.left_out, snap.addrs.count);
	}
	snapshot__free(&snap);
	return err;
}

int daemon__round(struct daemon *d)
{
	struct survey survey;
	int err, first;

	err = survey__take(&d->rt, &survey);
	if (err)
		return err;
	survey__free(&d->survey);
	d->survey = survey;
	if (d->metrics_due)
		read_metrics(d);
	first = list_wards(d);
	for (size_t i = 0; i < d->ward_count; i++) {
		struct ward *w = &d->wards[i];
		struct pin_dir dir = dir_of(d, w);
		const struct device *dev;

		if (!w->place || w->place != inode_of(&dir)) {
			err = open_ward(d, w);
			first = first ?: err;
			if (err)
				continue;
		}
		dev = device__find(survey.devs, survey.dev_count, w->ifindex);
		if (dev)
			name_ward(d, w, dev->name);
		if (w->state != INSTANCE_ATTACHED)
			continue;
		err = bring(d, w);
		first = first ?: err;
	}
	/* Whatever comes back under a name of the file is another. */
	for (size_t i = 0; i < d->wanted_count; i++) {
		struct wanted *n = &d->wanted[i];
		bool there = false;

		for (size_t j = 0; !there && j < survey.dev_count; j++)
			there = !strcmp(survey.devs[j].name, n->name);
		if (there)
			continue;
		n->settled = 0;
		n->failures = 0;
		n->retry = 0;
	}
	hasten(d);
	return first;
}

void daemon__distrust(struct daemon *d)
{
	d->trusted = monotonic_ns();
	for (size_t i = 0; i < d->ward_count; i++)
		d->wards[i].place = 0;
}

/* Sysctls, of which nobody tells. */
static bool settings_changed(const struct daemon *d)
{
	struct settings now;
	bool known = false;

	settings__read(&now);
	for (size_t i = 0; i < d->ward_count; i++) {
		const struct ward *w = &d->wards[i];
		const struct eg_config *c;

		if (!w->place || w->state != INSTANCE_ATTACHED)
			continue;
		c = sync__config(&w->sync);
		if (!known && (c->flags != now.flags || c->ttl4 != now.ttl4 || c->tai != now.tai))
			return true;
		known = true;
		if (c->hop6 != device__hop_limit(w->name))
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

/* Commands beside us attach, detach and apply. */
static bool pins_changed(const struct daemon *d)
{
	struct pin_dir *dirs;
	size_t count, running = 0;
	bool changed = false;

	if (pins__list_of(d->scope->cookie, &dirs, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct ward *w = NULL;

		/* What a killed command left, unless it is what we are making. */
		if (dirs[i].place == PLACE_NEW && !daemon__is_loading(d))
			changed = true;
		if (dirs[i].place != PLACE_RUNNING)
			continue;
		running++;
		for (size_t j = 0; !w && j < d->ward_count; j++)
			if (d->wards[j].ifindex == dirs[i].ifindex)
				w = &d->wards[j];
		changed = changed || !w || w->place != inode_of(&dirs[i]);
	}
	free(dirs);
	return changed || running != d->ward_count;
}

static bool forwarding_is_needed(const struct daemon *d)
{
	for (size_t i = 0; i < d->ward_count; i++)
		if (d->wards[i].state == INSTANCE_ATTACHED && !d->wards[i].meta.swap)
			return true;
	return false;
}

bool daemon__look(struct daemon *d)
{
	bool due = d->metrics_due || settings_changed(d) || pins_changed(d);

	for (size_t i = 0; i < d->ward_count; i++) {
		if (confirm__overdue(&d->wards[i].meta)) {
			d->recover_due = true;
			hasten(d);
		}
	}
	if (forwarding_is_needed(d) && forwarding__off())
		hasten(d);
	if (monotonic_ns() < d->trusted + TRUST_NS)
		return due;
	daemon__distrust(d);
	return true;
}

/* Slow things: all with the lock --------------------------------------------------- */

static void recover_all(struct daemon *d)
{
	recover__here(d->scope);
	d->recover_due = false;
	daemon__distrust(d);
}

static void remove_ward(struct daemon *d, struct ward *w, const char *reason)
{
	struct pin_dir dir = dir_of(d, w);
	struct instance in;
	int err;

	err = instance__open(&in, &dir);
	if (!err && in.state != INSTANCE_ABSENT) {
		instance__look(&in, d->scope);
		err = instance__remove(&in, true);
	}
	if (err) {
		report(status_of(err), "%s: its pins can't be removed: %s", w->name, why(err));
		put_off(&w->retry, &w->failures);
		return;
	}
	tell(LEVEL_INFO, "%s: detached: %s", w->name, reason);
	drop_ward(d, w);
}

/* Again, with the file's rules or those it has. */
static void attach_again(struct daemon *d, struct ward *w, const struct config *config, int mode)
{
	struct attach_options opts = { .mode = mode, .config = config };

	w->place = 0;
	w->crowded = false;
	if (attach(d->scope, &opts, w->name))
		put_off(&w->retry, &w->failures);
	else
		w->failures = 0;
}

static void attach_wanted(struct daemon *d, struct wanted *n, __u32 ifindex)
{
	struct attach_options opts = { .mode = MODE_AUTO, .config = d->config };

	if (attach(d->scope, &opts, n->name)) {
		put_off(&n->retry, &n->failures);
		return;
	}
	n->failures = 0;
	n->settled = ifindex;
}

/* Of one that has another name now, if that makes a difference. */
static void change_rules(struct daemon *d, struct ward *w)
{
	struct deployment one = { .scope = d->scope, .config = d->config };

	if (!deployment__build(&one, w->name, true)) {
		for (size_t i = 0; i < one.count; i++)
			generation__forward(&one.list[i]);
		if (!deployment__swap(&one) && one.count)
			tell(LEVEL_INFO, "%s: generation %llu: the rules for this name", w->name,
			    (unsigned long long)one.list[0].meta.generation);
	}
	deployment__close(&one);
	w->renamed = false;
	w->place = 0;
}

/* Somebody turned it off, as a write to conf.all.forwarding does. */
static void mend_forwarding(struct daemon *d)
{
	__u32 owned = 0, zero = 0;
	int err;

	err = forwarding__enable(&d->rt, &owned);
	if (err)
		note("forwarding on lo can't be turned on: %s; without it pings go to the kernel",
		     why(err));
	for (size_t i = 0; owned && i < d->ward_count; i++) {
		struct pin_dir dir = dir_of(d, &d->wards[i]);
		struct instance in;

		if (d->wards[i].state != INSTANCE_ATTACHED || instance__open(&in, &dir))
			continue;
		in.meta.owned |= owned;
		if (in.abi == EG_ABI &&
		    !bpf_map_update_elem(in.maps[PIN_META], &zero, &in.meta, BPF_ANY)) {
			note("forwarding on lo was off, and is on again");
			owned = 0;
		}
		instance__close(&in);
	}
}

/* Loading new rules ----------------------------------------------------------------- */

bool daemon__is_loading(const struct daemon *d)
{
	return d->coming;
}

static int set_wanted(struct daemon *d, struct config *config)
{
	const char **names;
	struct wanted *list;
	size_t count;

	names = config__interfaces(config, &count);
	list = names ? calloc(count ?: 1, sizeof(*list)) : NULL;
	if (!list) {
		free(names);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		list[i].name = names[i];
	free(names);
	free(d->wanted);
	d->wanted = list;
	d->wanted_count = count;
	config__free(d->config);
	d->config = config;
	return 0;
}

static void begin_loading(struct daemon *d, struct config *config)
{
	d->coming = config;
	d->deployment = (struct deployment){ .scope = d->scope, .config = config };
	hasten(d);
}

enum status daemon__reload(struct daemon *d)
{
	struct config *config = NULL;
	enum status st;

	st = config__read(d->path, &config) ?: config__load_sets(config, NULL, 0);
	if (!st) {
		begin_loading(d, config);
		return DONE;
	}
	d->broken = true;
	config__free(config);
	report(st, "%s: it isn't taken up, see above; what ran before runs on", d->path);
	return st;
}

static void end_loading(struct daemon *d, bool done)
{
	struct config *config = d->coming;

	for (size_t i = 0; done && i < d->deployment.count; i++) {
		const struct generation *g = &d->deployment.list[i];

		tell(LEVEL_INFO, "%s: generation %llu: %zu rule%s (%zu new, %zu gone)", g->name,
		    (unsigned long long)g->meta.generation, g->compiled.rule_count,
		    g->compiled.rule_count == 1 ? "" : "s", g->changes.added, g->changes.gone);
	}
	deployment__close(&d->deployment);
	free(d->queue);
	d->queue = NULL;
	d->coming = NULL;
	pins__unlock(&d->lock);
	d->broken = !done || set_wanted(d, config);
	if (d->broken) {
		config__free(config);
		note("%s: it isn't taken up; what ran before runs on", d->path);
		return;
	}
	tell(LEVEL_INFO, "%s: taken up", d->path);
	daemon__distrust(d);
}

static int fill_queue(struct daemon *d)
{
	d->queue = calloc(d->ward_count ?: 1, sizeof(*d->queue));
	if (!d->queue)
		return -ENOMEM;
	d->queue_count = d->queue_at = 0;
	for (size_t i = 0; i < d->ward_count; i++)
		if (d->wards[i].state == INSTANCE_ATTACHED)
			copy_text(d->queue[d->queue_count++], d->wards[i].name, IFNAMSIZ);
	return 0;
}

static enum status build_next(struct daemon *d)
{
	const char *name = d->queue[d->queue_at++];
	size_t before = d->deployment.count;
	enum status st;

	/* It may have gone since. */
	if (!if_nametoindex(name))
		return DONE;
	st = deployment__build(&d->deployment, name, true);
	if (!st && d->deployment.count == before)
		tell(LEVEL_INFO, "%s: what the file says runs already", name);
	return st;
}

/* One interface more, or at the end the swap of all. */
static void load_next(struct daemon *d)
{
	enum status st;

	if (!d->queue && fill_queue(d)) {
		report(FAILED, "%s: %s", d->path, why(ENOMEM));
		end_loading(d, false);
		return;
	}
	if (d->queue_at < d->queue_count) {
		st = build_next(d);
		if (st)
			end_loading(d, false);
		return;
	}
	for (size_t i = 0; i < d->deployment.count; i++)
		generation__forward(&d->deployment.list[i]);
	st = deployment__swap(&d->deployment);
	end_loading(d, !st);
}

/* What is due ----------------------------------------------------------------------- */

static bool is_due(__u64 at, __u64 now, __u64 *next)
{
	if (at <= now)
		return true;
	if (!*next || at < *next)
		*next = at;
	return false;
}

static bool work_on_ward(struct daemon *d, struct ward *w)
{
	/* Before we had the lock, a command may have been half-way through with it. */
	if (w->state != INSTANCE_ATTACHED && (open_ward(d, w) || w->state == INSTANCE_ATTACHED))
		return true;
	switch (w->state) {
	case INSTANCE_ABSENT:
		drop_ward(d, w);
		return true;
	case INSTANCE_GONE:
		remove_ward(d, w, "it is gone");
		return true;
	case INSTANCE_MOVED:
		remove_ward(d, w, "it is in another namespace");
		return true;
	case INSTANCE_INCOMPLETE:
	case INSTANCE_OTHER_ABI:
		attach_again(d, w, d->config, MODE_AUTO);
		return true;
	case INSTANCE_ATTACHED:
		break;
	}
	if (d->config && w->mine && !find_wanted(d, w->name)) {
		remove_ward(d, w, "no block of the file is for it");
		return true;
	}
	if (d->config && w->renamed) {
		change_rules(d, w);
		return true;
	}
	if (w->crowded && !w->meta.confirm_by) {
		attach_again(d, w, NULL, w->meta.mode);
		return true;
	}
	return false;
}

/* Whether work_on_ward() would do something. */
static bool needs_work(struct daemon *d, struct ward *w)
{
	if (!w->place)
		return false;
	if (w->state != INSTANCE_ATTACHED)
		return w->state != INSTANCE_ABSENT;
	return (d->config && ((w->mine && !find_wanted(d, w->name)) || w->renamed)) ||
	       (w->crowded && !w->meta.confirm_by);
}

/* An interface of the file that isn't attached, and hasn't been detached by somebody. */
static struct wanted *find_missing(struct daemon *d, __u64 now, __u64 *next, __u32 *ifindex)
{
	for (size_t i = 0; i < d->wanted_count; i++) {
		struct wanted *n = &d->wanted[i];

		for (size_t j = 0; j < d->survey.dev_count; j++) {
			const struct device *dev = &d->survey.devs[j];

			if (strcmp(dev->name, n->name) || dev->ifindex == n->settled ||
			    find_ward(d, dev->ifindex) || !is_due(n->retry, now, next))
				continue;
			*ifindex = dev->ifindex;
			return n;
		}
	}
	return NULL;
}

/* False if nothing was to be done. */
static bool work_once(struct daemon *d, __u64 now, __u64 *next)
{
	struct wanted *missing;
	__u32 ifindex;

	if (d->recover_due) {
		recover_all(d);
		return true;
	}
	for (size_t i = 0; i < d->ward_count; i++) {
		struct ward *w = &d->wards[i];

		if (needs_work(d, w) && is_due(w->retry, now, next) && work_on_ward(d, w))
			return true;
	}
	missing = find_missing(d, now, next, &ifindex);
	if (missing) {
		attach_wanted(d, missing, ifindex);
		return true;
	}
	if (forwarding_is_needed(d) && forwarding__off())
		mend_forwarding(d);
	return false;
}

static bool has_work(struct daemon *d, __u64 now, __u64 *next)
{
	__u32 ifindex;

	if (d->recover_due || daemon__is_loading(d))
		return true;
	for (size_t i = 0; i < d->ward_count; i++)
		if (needs_work(d, &d->wards[i]) && is_due(d->wards[i].retry, now, next))
			return true;
	return find_missing(d, now, next, &ifindex) ||
	       (forwarding_is_needed(d) && forwarding__off());
}

/*
 * Maps can be brought in step without the lock, while somebody loads a million prefixes under it; so
 * we ask now and then. False: not yet.
 */
static bool take_lock(struct daemon *d, __u64 now)
{
	if (d->lock >= 0)
		return true;
	if (d->waits && now > d->waits + QUEUE_NS)
		pins__lock(&d->lock);
	else
		pins__try_lock(&d->lock);
	d->waits = d->lock >= 0 ? 0 : d->waits ?: now;
	return d->lock >= 0;
}

enum progress daemon__work(struct daemon *d)
{
	__u64 now = monotonic_ns(), next = 0;
	bool done;

	if (!has_work(d, now, &next)) {
		d->work.due = next;
		return PROGRESS_IDLE;
	}
	if (!take_lock(d, now)) {
		d->work.due = now + BUSY_NS;
		return PROGRESS_WAITING;
	}
	/* What others left comes first; then new rules, which hold the lock until they are there. */
	if (daemon__is_loading(d) && (d->queue || !d->recover_due)) {
		load_next(d);
		hasten(d);
		return daemon__is_loading(d) ? PROGRESS_PART : PROGRESS_DONE;
	}
	done = work_once(d, now, &next);
	pins__unlock(&d->lock);
	d->work.due = done ? monotonic_ns() : next;
	return done ? PROGRESS_DONE : PROGRESS_IDLE;
}

/* The whole ------------------------------------------------------------------------- */

int daemon__open(struct daemon *d, struct config *config)
{
	int err;

	d->recover_due = true;
	if (config)
		begin_loading(d, config);
	err = rtnl__open(&d->rt);
	if (err)
		return err;
	err = daemon__round(d);
	return err == -EINTR ? 0 : err;
}

void daemon__close(struct daemon *d)
{
	while (d->ward_count)
		drop_ward(d, d->wards);
	free(d->wards);
	deployment__close(&d->deployment);
	free(d->queue);
	config__free(d->coming);
	free(d->wanted);
	config__free(d->config);
	survey__free(&d->survey);
	metrics__free(&d->metrics);
	rtnl__close(&d->rt);
	pins__unlock(&d->lock);
	free(d->path);
}

void daemon__describe(const struct daemon *d, char *text, size_t size)
{
	size_t attached = 0, addresses = 0, missing = 0;

	for (size_t i = 0; i < d->ward_count; i++) {
		const struct ward *w = &d->wards[i];
		const struct eg_addrs *a;

		if (w->state != INSTANCE_ATTACHED || !w->place)
			continue;
		attached++;
		a = sync__addrs(&w->sync);
		if (a->count4 + a->count6 > addresses)
			addresses = a->count4 + a->count6;
	}
	for (size_t i = 0; i < d->wanted_count; i++)
		missing += !d->wanted[i].settled;
	snprintf(text, size, "%zu interface%s, %zu address%s", attached, attached == 1 ? "" : "s",
		 addresses, addresses == 1 ? "" : "es");
	if (missing)
		snprintf(text + strlen(text), size - strlen(text), "; %zu not attached", missing);
	if (d->overruns)
		snprintf(text + strlen(text), size - strlen(text), "; %llu overrun%s",
			 (unsigned long long)d->overruns, d->overruns == 1 ? "" : "s");
	if (d->broken)
		snprintf(text + strlen(text), size - strlen(text),
			 "; %s is broken, what ran before runs on", d->path);
}
