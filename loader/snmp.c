// SPDX-License-Identifier: GPL-2.0-only
#include "snmp.h"
#include "command.h"
#include "counters.h"
#include "interrupt.h"
#include "json.h"
#include "mib.h"
#include "snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a user was shown last; beside the daemon's socket, where only root can write. */
#define HISTORY		"/run/echogate-snmp.%u"

/* A namespace and its table. */
struct table {
	__u64 cookie;
	const struct instance *first;	/* one that is in it */
	struct mib mib;
	__u64 when;			/* ns, monotonic */
};

struct tables {
	struct table *list;
	size_t count;
};

static void tables__free(struct tables *t)
{
	for (size_t i = 0; i < t->count; i++)
		mib__free(&t->list[i].mib);
	free(t->list);
	memset(t, 0, sizeof(*t));
}

static struct table *tables__find(const struct tables *t, __u64 cookie)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].cookie == cookie)
			return &t->list[i];
	return NULL;
}

static struct table *tables__add(struct tables *t, __u64 cookie)
{
	struct table *list = realloc(t->list, (t->count + 1) * sizeof(*list));

	if (!list)
		return NULL;
	t->list = list;
	list[t->count] = (struct table){ .cookie = cookie };
	return &list[t->count++];
}

/* Reading ----------------------------------------------------------------------- */

static int add_interface(struct mib *m, const struct instance *in)
{
	struct reading r;
	int err;

	err = reading__take(&r, in);
	if (err)
		return err;
	err = mib__add(m, &r.sum[EG_INGRESS], !in->present || !device__is_l3(&in->device));
	reading__free(&r);
	return err;
}

static int read_table(struct table *t, const struct scope *scope, const struct instances *all)
{
	char name[EG_META_PATH];
	int err;

	err = netns__enter(scope, t->cookie, t->first->netns, name, sizeof(name));
	if (err)
		return err;
	err = mib__read(&t->mib);
	scope__enter(scope);
	for (size_t i = 0; !err && i < all->count; i++)
		if (all->list[i].dir.cookie == t->cookie)
			err = add_interface(&t->mib, &all->list[i]);
	t->when = monotonic_ns();
	return err;
}

/* One for each namespace of the interfaces that are @chosen. Reports. */
static enum status read_tables(struct tables *out, const struct scope *scope,
			       const struct instances *chosen, const struct instances *all)
{
	struct table *t;
	int err = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; !err && i < chosen->count; i++) {
		const struct instance *in = &chosen->list[i];

		if (tables__find(out, in->dir.cookie))
			continue;
		t = tables__add(out, in->dir.cookie);
		if (!t) {
			err = -ENOMEM;
			break;
		}
		t->first = in;
		err = read_table(t, scope, all);
		if (err)
			report(status_of(err), "the counters of %s's network namespace can't be "
			       "read: %s", in->ifname, why(err));
	}
	if (!err)
		return DONE;
	tables__free(out);
	return status_of(err);
}

/* Makes @now what went on since @before. */
static void subtract(struct tables *now, const struct tables *before)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct table *old = tables__find(before, now->list[i].cookie);

		if (old)
			mib__subtract(&now->list[i].mib, &old->mib);
	}
}

static void divide(struct tables *now, const struct tables *before)
{
	for (size_t i = 0; i < now->count; i++) {
		struct table *t = &now->list[i];
		const struct table *old = tables__find(before, t->cookie);
		__u64 ns = old && t->when > old->when ? t->when - old->when : SECOND;

		for (size_t k = 0; k < t->mib.count; k++) {
			t->mib.list[k].kernel = per_second(t->mib.list[k].kernel, ns);
			t->mib.list[k].echogate = per_second(t->mib.list[k].echogate, ns);
		}
	}
}

/* What was shown last -------------------------------------------------------------- */

static void history__path(char *path, size_t size, const char *suffix)
{
	snprintf(path, size, HISTORY "%s", (unsigned int)asking_user, suffix);
}

/* A line each: cookie, name, the kernel's part, echogate's. What can't be read never was. */
static int history__read(struct tables *out)
{
	unsigned long long cookie, kernel, echogate;
	char path[64], line[160], name[48];
	struct table *t;
	int err = 0;
	FILE *f;

	memset(out, 0, sizeof(*out));
	history__path(path, sizeof(path), "");
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!err && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llu %47s %llu %llu", &cookie, name, &kernel, &echogate) != 4)
			continue;
		t = tables__find(out, cookie) ?: tables__add(out, cookie);
		err = t ? mib__append(&t->mib, name, kernel, echogate) : -ENOMEM;
	}
	fclose(f);
	if (err)
		tables__free(out);
	return err;
}

static void history__print(FILE *f, const struct table *t)
{
	for (size_t i = 0; i < t->mib.count; i++) {
		const struct mib_counter *c = &t->mib.list[i];

		if (c->kernel || c->echogate)
			fprintf(f, "%llu %s %llu %llu\n", (unsigned long long)t->cookie, c->name,
				(unsigned long long)c->kernel, (unsigned long long)c->echogate);
	}
}

static bool is_attached(const struct instances *all, __u64 cookie)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].dir.cookie == cookie)
			return true;
	return false;
}

/* Of namespaces that weren't shown now the last time stays, unless echogate has left them. */
static void history__write(const struct tables *now, const struct tables *before,
			   const struct instances *all)
{
	char path[64], temporary[64];
	FILE *f;
	int err;

	history__path(path, sizeof(path), "");
	history__path(temporary, sizeof(temporary), "-new");
	unlink(temporary);
	f = fopen(temporary, "wxe");
	err = f ? 0 : -errno;
	for (size_t i = 0; f && i < now->count; i++)
		history__print(f, &now->list[i]);
	for (size_t i = 0; f && i < before->count; i++)
		if (!tables__find(now, before->list[i].cookie) &&
		    is_attached(all, before->list[i].cookie))
			history__print(f, &before->list[i]);
	if (f && (fclose(f) || rename(temporary, path)))
		err = -errno;
	if (err)
		note("%s: %s; the next call tells the same again", path, why(err));
}

/* Showing ----------------------------------------------------------------------- */

static bool is_shown(const struct snmp_options *opts, const struct mib_counter *c)
{
	return opts->zeros || c->kernel || c->echogate;
}

static void print_place(const struct table *t, const struct instances *all)
{
	const char *between = "#";

	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].dir.cookie != t->cookie)
			continue;
		printf("%s%s", between, all->list[i].ifname);
		between = ", ";
	}
	printf("%s%s\n", *t->first->netns ? " in " : "", t->first->netns);
}

static void print_text(const struct snmp_options *opts, const struct tables *tables,
		       const struct instances *all)
{
	if (opts->watch && stdout_is_terminal)
		fputs("\033[H\033[2J", stdout);
	for (size_t i = 0; i < tables->count; i++) {
		const struct table *t = &tables->list[i];

		if (i)
			putchar('\n');
		print_place(t, all);
		printf("#%-33s %20s %20s\n", "", opts->rate	? "per second" :
						 opts->absolute ? "since boot" :
								  "since last time",
		       "thereof by echogate");
		for (size_t k = 0; k < t->mib.count; k++) {
			const struct mib_counter *c = &t->mib.list[k];

			if (is_shown(opts, c))
				printf("%-34s %20llu %20llu\n", c->name,
				       (unsigned long long)(c->kernel + c->echogate),
				       (unsigned long long)c->echogate);
		}
	}
}

static struct json_object *json_table(const struct snmp_options *opts, const struct table *t,
				      const struct instances *all)
{
	struct json_object *o = json_object_new_object(), *names = json_object_new_array();
	struct json_object *sum = json_object_new_object(), *own = json_object_new_object();

	json__add_string_or_null(o, "netns", t->first->netns);
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].dir.cookie == t->cookie)
			json_object_array_add(names, json_object_new_string(all->list[i].ifname));
	json_object_object_add(o, "interfaces", names);
	for (size_t i = 0; i < t->mib.count; i++) {
		const struct mib_counter *c = &t->mib.list[i];

		if (!is_shown(opts, c))
			continue;
		json__add_number(sum, c->name, c->kernel + c->echogate);
		if (c->echogate)
			json__add_number(own, c->name, c->echogate);
	}
	json_object_object_add(o, "snmp", sum);
	json_object_object_add(o, "echogate", own);
	return o;
}

static void print_json(const struct snmp_options *opts, const struct tables *tables,
		       const struct instances *all)
{
	struct json_object *doc = json__document(), *list = json_object_new_array();

	json__add_bool(doc, "per_second", opts->rate);
	json__add_bool(doc, "absolute", opts->absolute);
	for (size_t i = 0; i < tables->count; i++)
		json_object_array_add(list, json_table(opts, &tables->list[i], all));
	json_object_object_add(doc, "namespaces", list);
	json__print(doc, opts->watch);
}

/* -errno. */
static int copy_tables(struct tables *to, const struct tables *from)
{
	struct table *t;
	int err = 0;

	memset(to, 0, sizeof(*to));
	for (size_t i = 0; !err && i < from->count; i++) {
		t = tables__add(to, from->list[i].cookie);
		if (!t)
			return -ENOMEM;
		t->first = from->list[i].first;
		t->when = from->list[i].when;
		for (size_t k = 0; !err && k < from->list[i].mib.count; k++) {
			const struct mib_counter *c = &from->list[i].mib.list[k];

			err = mib__append(&t->mib, c->name, c->kernel, c->echogate);
		}
	}
	return err;
}

static void print_tables(const struct snmp_options *opts, const struct tables *tables,
			 const struct instances *all)
{
	if (opts->json)
		print_json(opts, tables, all);
	else
		print_text(opts, tables, all);
}

/* Rates need a reading before; increases that of the last time. */
static enum status show(const struct snmp_options *opts, const struct scope *scope,
			const struct instances *chosen, struct instances *all)
{
	struct tables before = {}, now = {}, shown = {};
	enum status st = DONE;
	int err = 0;

	if (opts->rate) {
		st = read_tables(&before, scope, chosen, all);
		if (st || interrupt__sleep((opts->watch ?: 1) * SECOND))
			goto cleanup;
	} else if (!opts->absolute) {
		err = history__read(&before);
	}
	while (!err) {
		st = read_tables(&now, scope, chosen, all);
		if (st)
			break;
		err = copy_tables(&shown, &now);
		if (err)
			break;
		if (!opts->absolute)
			subtract(&shown, &before);
		if (opts->rate)
			divide(&shown, &before);
		print_tables(opts, &shown, all);
		if (!opts->rate && !opts->absolute)
			history__write(&now, &before, all);
		if (fflush(stdout) || !opts->watch || interrupt__sleep(opts->watch * SECOND))
			break;
		tables__free(&shown);
		tables__free(&before);
		before = now;
		now = (struct tables){};
		for (size_t i = 0; i < all->count; i++)
			instance__refresh(&all->list[i]);
	}
	if (err)
		st = report(FAILED, "%s", why(err));
cleanup:
	tables__free(&before);
	tables__free(&now);
	tables__free(&shown);
	return interrupted() ? DONE : st;
}

enum status snmp__show(const struct snmp_options *opts, const struct scope *scope,
		       char *const *names, size_t count)
{
	struct instances chosen = {}, all = {};
	struct snmp_options empty = *opts;
	enum status st, shown;

	st = instances__select(scope, names, count, SELECT_LIVE, &chosen);
	if (!chosen.count) {
		empty.watch = 0;
		/* An empty list is an answer too, for programs that asked for one. */
		if (st == NOT_ATTACHED && !count && opts->json)
			print_json(&empty, &(struct tables){}, &chosen);
		goto cleanup;
	}
	/* Names are those of one namespace. */
	if (count) {
		shown = instances__select(scope, NULL, 0, SELECT_HERE, &all);
		st = st ?: shown;
	}
	shown = show(opts, scope, &chosen, count ? &all : &chosen);
	st = st ?: shown;
cleanup:
	instances__free(&chosen);
	instances__free(&all);
	return st;
}
