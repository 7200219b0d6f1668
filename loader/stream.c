// SPDX-License-Identifier: GPL-2.0-only
#include "stream.h"
#include "counters.h"
#include "interrupt.h"
#include "json.h"
#include "readingjson.h"
#include "sampler.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RULES_MAX	64		/* that are told of an interface: those that match most */
#define SOURCES_TOLD	64

struct stream {
	const struct scope *scope;
	char *const *names;
	size_t name_count;
	struct instances all;
	struct reading *before;		/* of each */
	struct sampler *sampler;	/* NULL: there is none */
	__u64 pins;			/* hash of what is attached */
};

/* What is attached ---------------------------------------------------------------- */

static __u64 hash_pins(void)
{
	__u64 hash = HASH_START;
	struct pin_dir *dirs;
	size_t count;

	if (pins__list(&dirs, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (dirs[i].place != PLACE_RUNNING)
			continue;
		hash = hash_bytes(hash, &dirs[i].cookie, sizeof(dirs[i].cookie));
		hash = hash_bytes(hash, &dirs[i].ifindex, sizeof(dirs[i].ifindex));
	}
	free(dirs);
	return hash;
}

static void forget(struct stream *s)
{
	sampler__close(s->sampler);
	s->sampler = NULL;
	readings__free(s->before, s->all.count);
	s->before = NULL;
	instances__free(&s->all);
}

/* Finds what there is and reads it a first time. Reports. */
static enum status look(struct stream *s)
{
	enum status st;
	int err;

	forget(s);
	s->pins = hash_pins();
	st = instances__select(s->scope, s->names, s->name_count, SELECT_LIVE, &s->all);
	err = readings__take(&s->before, &s->all);
	if (err) {
		/* There is nothing to go by: it is looked again as if something had changed. */
		forget(s);
		s->pins = 0;
		return report(status_of(err), "the counters can't be read: %s", why(err));
	}
	if (s->all.count)
		s->sampler = sampler__open(&s->all);
	return st;
}

/* Telling ------------------------------------------------------------------------- */

static int by_packets(const void *a, const void *b)
{
	const struct listed_rule *x = a, *y = b;

	if (x->count.packets != y->count.packets)
		return x->count.packets < y->count.packets ? 1 : -1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* Leaves those that matched most. */
static void choose_rules(struct rulelist *rules)
{
	size_t kept = 0;

	if (rules->count)
		qsort(rules->list, rules->count, sizeof(*rules->list), by_packets);
	while (kept < rules->count && kept < RULES_MAX && rules->list[kept].count.packets)
		kept++;
	rules->count = kept;
}

static struct json_object *json_source(const struct source *s)
{
	struct json_object *o = json_object_new_object(), *verdicts = json_object_new_object();
	char text[INET6_ADDRSTRLEN];

	in6__print(&s->address, text);
	json__add_string(o, "address", text);
	json__add_number(o, "packets", s->packets + 0.5);
	json__add_number(o, "at_least", s->packets - s->error + 0.5);
	for (int v = 0; v < EG_VERDICT_COUNT; v++)
		json__add_number(verdicts, verdict_names[v], s->by[v] + 0.5);
	json_object_object_add(o, "verdicts", verdicts);
	return o;
}

static struct json_object *json_sources(const struct sampler *sampler, size_t nth)
{
	struct json_object *list = json_object_new_array();
	static struct source top[SOURCES_TOLD];
	size_t count = sampler__top(sampler, nth, top, SOURCES_TOLD);

	for (size_t i = 0; i < count; i++)
		if (top[i].packets >= 0.5)
			json_object_array_add(list, json_source(&top[i]));
	return list;
}

/* Rates since the reading before, which the present one takes the place of. -errno. */
static int add_interface(struct stream *s, size_t nth, struct json_object *list)
{
	struct reading now, rate = {};
	struct json_object *o;
	int err;

	instance__refresh(&s->all.list[nth]);
	err = reading__take(&now, &s->all.list[nth]);
	if (err)
		return err;
	err = reading__rate(&rate, &s->before[nth], &now);
	if (!err) {
		choose_rules(&rate.rules);
		o = json__reading(&s->all.list[nth], &rate, true);
		if (s->sampler)
			json_object_object_add(o, "sources", json_sources(s->sampler, nth));
		json_object_array_add(list, o);
	}
	reading__free(&rate);
	reading__free(&s->before[nth]);
	s->before[nth] = now;
	return err;
}

/* Reports. */
static enum status print(struct stream *s, __u64 ns)
{
	struct json_object *doc = json__document(), *list = json_object_new_array();
	int err = 0;

	json__add_number(doc, "time", time(NULL));
	json__add_number(doc, "milliseconds", ns / 1000000);
	json__add_number(doc, "sample", s->sampler ? sampler__sample(s->sampler) : 0);
	for (size_t i = 0; !err && i < s->all.count; i++)
		err = add_interface(s, i, list);
	if (s->sampler)
		sampler__fade(s->sampler);
	json_object_object_add(doc, "interfaces", list);
	json__print(doc, true);
	return err ? report(status_of(err), "the counters can't be read: %s", why(err)) : DONE;
}

/* What an interval lasts. Without a sampler that works it does without. */
static void pass_time(struct stream *s, __u64 ns)
{
	__u64 began = monotonic_ns(), passed;
	int err = s->sampler ? sampler__run(s->sampler, ns) : 0;

	if (err) {
		note("sources aren't shown any more: %s", why(err));
		sampler__close(s->sampler);
		s->sampler = NULL;
	}
	passed = monotonic_ns() - began;
	if (passed < ns)
		interrupt__sleep(ns - passed);
}

enum status stream__run(const struct stream_options *opts, const struct scope *scope,
			char *const *names, size_t count)
{
	struct stream s = { .scope = scope, .names = names, .name_count = count };
	__u64 began, ended;
	enum status st;

	interrupt__catch();
	signal(SIGPIPE, SIG_IGN);	/* what is open is to be closed in order */
	st = look(&s);
	began = monotonic_ns();
	/* Later it may be that nothing is attached any more, or not yet again. */
	for (unsigned long n = 1; s.all.count || n > 1; n++) {
		pass_time(&s, opts->interval * SECOND);
		if (interrupted())
			break;
		ended = monotonic_ns();
		st = print(&s, ended - began);
		if (st || fflush(stdout) || n == opts->count)
			break;
		began = ended;
		if (hash_pins() != s.pins)
			look(&s);
	}
	forget(&s);
	return interrupted() ? DONE : st;
}
