// SPDX-License-Identifier: GPL-2.0-only
#include "daemon.h"
#include "notify.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct pin_dir ward__dir(const struct daemon *d, const struct ward *w)
{
	return (struct pin_dir){ .cookie = d->scope->cookie, .ifindex = w->ifindex };
}

struct ward *daemon__ward(struct daemon *d, __u32 ifindex)
{
	for (size_t i = 0; i < d->ward_count; i++)
		if (d->wards[i].ifindex == ifindex)
			return &d->wards[i];
	return NULL;
}

struct wanted *daemon__wanted(struct daemon *d, const char *name)
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
	gates__init(&more->gates);
	return more;
}

void daemon__drop(struct daemon *d, struct ward *w)
{
	sync__close(&w->sync);
	gates__close(&w->gates);
	d->gates_due = true;
	*w = d->wards[--d->ward_count];
}

/* The directory of a generation that follows another is another. 0: there is none. */
static __u64 inode_of(const struct pin_dir *dir)
{
	char path[PIN_PATH];
	struct stat st;

	pins__dir(path, sizeof(path), dir);
	return stat(path, &st) ? 0 : st.st_ino;
}

/*
 * Whether a command has put the file in place here, for good. Then we follow it with all the rest. A
 * rollback leads to a number that is known.
 */
static bool is_applied(const struct daemon *d, struct ward *w)
{
	__u64 known = w->generation;
	char *file;
	bool ours;

	if (w->meta.confirm_by || w->meta.generation <= known)
		return false;
	w->generation = w->meta.generation;
	if (!known)
		return false;
	file = realpath(d->path, NULL);
	ours = !strcmp(w->meta.config, file ?: d->path);
	free(file);
	return ours;
}

int ward__open(struct daemon *d, struct ward *w)
{
	struct pin_dir dir = ward__dir(d, w);
	__u64 place = inode_of(&dir);
	struct instance in;
	int err;

	sync__close(&w->sync);
	gates__close(&w->gates);
	d->gates_due = true;
	w->place = 0;
	err = instance__open(&in, &dir);
	if (err)
		return err;
	if (in.state != INSTANCE_ABSENT)
		instance__look(&in, d->scope);
	w->state = in.state;
	if (in.meta.generation != w->meta.generation)
		w->crowded = false;
	w->meta = in.meta;
	if (!*w->name)
		copy_text(w->name, in.ifname, sizeof(w->name));
	if (in.state == INSTANCE_ATTACHED)
		err = sync__open(&w->sync, &in) ?: gates__open(&w->gates, &in);
	if (tap__census(&in).dead) {
		d->recover_due = true;
		upkeep__hasten(d);
	}
	instance__close(&in);
	if (err)
		return err;
	w->place = place;
	w->opened = monotonic_ns();
	if (w->state == INSTANCE_ATTACHED && is_applied(d, w)) {
		tell(LEVEL_INFO, "%s: a command applied %s", w->name, d->path);
		daemon__reload(d);
	}
	return 0;
}

bool ward__is_current(const struct daemon *d, const struct ward *w)
{
	struct pin_dir dir = ward__dir(d, w);

	return w->place && w->place == inode_of(&dir);
}

void daemon__acknowledge(struct daemon *d, __u32 ifindex)
{
	struct ward *w = daemon__ward(d, ifindex) ?: add_ward(d, ifindex);

	/* Whatever comes after it is newer, and this one may be anybody's. */
	if (!w)
		return;
	w->generation = 0;
	ward__open(d, w);
}

/* Somebody is at work, or was killed at it. */
static bool is_left_over(const struct daemon *d, const struct pin_dir *dir)
{
	return dir->place == PLACE_NEW && !d->coming;
}

int daemon__list(struct daemon *d)
{
	struct pin_dir *dirs;
	size_t count;
	int err;

	err = pins__list_of(d->scope->cookie, &dirs, &count);
	if (err)
		return err;
	for (size_t i = d->ward_count; i-- > 0;) {
		struct pin_dir dir = ward__dir(d, &d->wards[i]);

		if (!inode_of(&dir))
			daemon__drop(d, &d->wards[i]);
	}
	for (size_t i = 0; !err && i < count; i++) {
		if (is_left_over(d, &dirs[i]))
			d->recover_due = true;
		if (dirs[i].place == PLACE_RUNNING && !daemon__ward(d, dirs[i].ifindex) &&
		    !add_ward(d, dirs[i].ifindex))
			err = -ENOMEM;
	}
	free(dirs);
	return err;
}

void daemon__follow_gates(struct daemon *d)
{
	int err = 0;

	if (!d->gates_due)
		return;
	d->gates_due = false;
	health__begin(&d->health);
	for (size_t i = 0; i < d->ward_count; i++) {
		const struct gates *g = &d->wards[i].gates;

		for (size_t j = 0; !err && j < g->count; j++)
			err = health__want(&d->health, &g->list[j], g->every, g->lease, g->map);
	}
	health__end(&d->health);
	if (!err)
		return;
	d->gates_due = true;
	report(FAILED, "not all gates can be looked after: %s", why(err));
}

bool daemon__pins_changed(struct daemon *d)
{
	struct pin_dir *dirs;
	size_t count;
	bool changed = false;

	if (pins__list_of(d->scope->cookie, &dirs, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		changed = changed || is_left_over(d, &dirs[i]) ||
			  (dirs[i].place == PLACE_RUNNING && !daemon__ward(d, dirs[i].ifindex));
	for (size_t i = 0; i < d->ward_count; i++)
		changed = changed || !ward__is_current(d, &d->wards[i]);
	free(dirs);
	return changed;
}

void daemon__distrust(struct daemon *d)
{
	for (size_t i = 0; i < d->ward_count; i++)
		d->wards[i].place = 0;
}

bool daemon__needs_forwarding(const struct daemon *d)
{
	for (size_t i = 0; i < d->ward_count; i++)
		if (d->wards[i].state == INSTANCE_ATTACHED && !d->wards[i].meta.swap)
			return true;
	return false;
}

/* The whole ------------------------------------------------------------------------- */

void daemon__init(struct daemon *d, const struct scope *scope, const char *path)
{
	memset(d, 0, sizeof(*d));
	d->scope = scope;
	d->path = path;
	d->tally.started = time(NULL);
	d->lock = -1;
	d->busy = true;
	d->metrics_due = true;
}

int daemon__open(struct daemon *d, struct loop *loop)
{
	d->loop = loop;
	health__init(&d->health, loop);
	return rtnl__open(&d->rt) ?: round__open(d) ?: upkeep__open(d);
}

int daemon__start(struct daemon *d, struct config *config)
{
	d->recover_due = true;
	if (config)
		reload__begin_with(d, config);
	else
		d->broken = true;
	return round__take(d);
}

void daemon__close(struct daemon *d)
{
	health__close(&d->health);
	while (d->ward_count)
		daemon__drop(d, d->wards);
	free(d->wards);
	reload__close(d);
	free(d->wanted);
	config__free(d->config);
	survey__free(&d->survey);
	metrics__free(&d->metrics);
	events__close(&d->events);
	rtnl__close(&d->rt);
	pins__unlock(&d->lock);
}

void daemon__reload(struct daemon *d)
{
	if (!d->busy)
		notify("RELOADING=1\nMONOTONIC_USEC=%llu",
		       (unsigned long long)monotonic_ns() / 1000);
	d->busy = true;
	d->reload_due = true;
	upkeep__hasten(d);
}

static void describe(const struct daemon *d, char *text, size_t size)
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
	if (d->tally.overruns)
		snprintf(text + strlen(text), size - strlen(text), "; %llu overrun%s",
			 (unsigned long long)d->tally.overruns, d->tally.overruns == 1 ? "" : "s");
	if (d->broken)
		snprintf(text + strlen(text), size - strlen(text),
			 "; %s is broken, what ran before runs on", d->path);
}

void daemon__tell_status(struct daemon *d)
{
	char text[sizeof(d->told)];

	describe(d, text, sizeof(text));
	if (strcmp(text, d->told))
		notify("STATUS=%s", text);
	copy_text(d->told, text, sizeof(d->told));
}
