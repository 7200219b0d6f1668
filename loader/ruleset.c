// SPDX-License-Identifier: GPL-2.0-only
/* A configuration: how it is read, and what of it holds for an interface. */
#include "check.h"
#include "language.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void free_scope(struct scope *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->names[i]);
	free(s->names);
	said_peers__free(&s->measure);
	said_peers__free(&s->observe);
	free(s);
}

static void free_set(struct defined_set *d)
{
	free(d->set.name);
	free(d->set.file);
	free(d->set.path);
	prefixes__free(&d->set.prefixes);
	prefixes__free(&d->sorted);
	free(d);
}

void config__free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->rule_count; i++)
		written_rule__free(c->rules[i]);
	for (size_t i = 0; i < c->set_count; i++)
		free_set(c->sets[i]);
	for (size_t i = 0; i < c->scope_count; i++)
		free_scope(c->scopes[i]);
	free(c->rules);
	free(c->sets);
	free(c->scopes);
	free(c->path);
	free(c->directory);
	source__free(&c->source);
	free(c);
}

const char **config__interfaces(const struct config *c, size_t *count)
{
	const char **list;
	size_t room = 1;

	*count = 0;
	for (size_t i = 0; i < c->scope_count; i++)
		room += c->scopes[i]->count;
	list = calloc(room, sizeof(*list));
	if (!list)
		return NULL;
	for (size_t i = 0; i < c->scope_count; i++) {
		for (size_t j = 0; j < c->scopes[i]->count; j++) {
			const char *name = c->scopes[i]->names[j];
			size_t k = 0;

			while (k < *count && strcmp(list[k], name))
				k++;
			if (k == *count)
				list[(*count)++] = name;
		}
	}
	return list;
}

struct meeting config__metrics(const struct config *c)
{
	return c ? c->metrics : (struct meeting){ .size = 0 };
}

const char *config__path(const struct config *c)
{
	return c ? c->path : "";
}

/* Absolute, the name of the file itself as given; the file need not exist. -ENOMEM. */
static int place_paths(struct config *c, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char here[PATH_MAX], *directory;

	if (!slash)
		directory = strdup(".");
	else
		directory = strndup(path, slash == path ? 1 : slash - path);
	if (!directory)
		return -ENOMEM;
	c->directory = realpath(directory, NULL);
	if (!c->directory && *directory == '/') {
		c->directory = directory;
		directory = NULL;
	} else if (!c->directory && (!getcwd(here, sizeof(here)) ||
				     asprintf(&c->directory, "%s/%s", here, directory) < 0)) {
		c->directory = NULL;
	}
	free(directory);
	if (!c->directory)
		return -ENOMEM;
	c->path = *path ? realpath(path, NULL) : strdup("");
	if (!c->path && asprintf(&c->path, "%s/%s", strcmp(c->directory, "/") ? c->directory : "",
				 base) < 0)
		c->path = NULL;
	return c->path ? 0 : -ENOMEM;
}

/* The text is in c->source. */
static int parse(struct config *c)
{
	struct parser p = {
		.c = c,
		.here = { 1, 1 },
		.fresh = true,
	};
	struct scope *outside = calloc(1, sizeof(*outside));
	int err;

	c->scopes = malloc(sizeof(*c->scopes));
	if (!c->scopes || !outside) {
		free(outside);
		return -ENOMEM;
	}
	outside->swap = outside->recorder = -1;
	outside->fallback[EG_INGRESS] = outside->fallback[EG_EGRESS] = -1;
	c->scopes[c->scope_count++] = p.scope = outside;
	err = parser__run(&p) ?: martians__define(&p);
	rule__abandon(&p);
	free(p.items.list);
	free(p.type.list);
	free(p.code.list);
	free(p.prefixes.list);
	return err ?: config__resolve(c);
}

/* Of a configuration whose source is there, or of none. */
static enum status read_source(struct config *c, const char *path, struct config **out)
{
	enum status st;
	int err;

	err = place_paths(c, path) ?: parse(c);
	st = source__flush(&c->source);
	if (err)
		st = report(FAILED, "%s: %s", path, why(err));
	if (st)
		config__free(c);
	else
		*out = c;
	return st;
}

enum status config__read(const char *path, struct config **out)
{
	struct config *c = calloc(1, sizeof(*c));
	enum status st;

	*out = NULL;
	if (!c)
		return report(FAILED, "%s: %s", path, why(ENOMEM));
	st = source__read(&c->source, path, "configuration file");
	if (st) {
		config__free(c);
		return st;
	}
	return read_source(c, path, out);
}

enum status config__parse(const char *path, const char *text, size_t size, struct config **out)
{
	struct config *c = calloc(1, sizeof(*c));
	enum status st;

	*out = NULL;
	if (!c)
		return report(FAILED, "%s: %s", path, why(ENOMEM));
	st = source__copy(&c->source, path, text, size);
	if (st) {
		config__free(c);
		return st;
	}
	return read_source(c, path, out);
}

static bool wanted_by(const struct scope *s, char *const *ifnames, size_t count)
{
	bool wanted = !ifnames || scope__holds(s, NULL);

	for (size_t i = 0; i < count && !wanted; i++)
		wanted = scope__holds(s, ifnames[i]);
	return wanted;
}

/* Those that an endpoint names and that aren't loaded yet. Reports. */
static enum status load_sets(struct config *c, const struct endpoint *e)
{
	enum status st = DONE, one;

	for (size_t i = 0; i < e->set_count; i++) {
		struct defined_set *d = (struct defined_set *)e->sets[i];

		if (d->set.loaded || d->failed)
			continue;
		one = set__load(c, d);
		d->failed = one;
		st = st ?: one;
	}
	return st;
}

enum status config__load_sets(struct config *c, char *const *ifnames, size_t count)
{
	enum status st = DONE, one;

	for (size_t i = 0; i < c->rule_count; i++) {
		const struct rule *r = &c->rules[i]->rule;

		if (!wanted_by(c->rules[i]->scope, ifnames, count))
			continue;
		one = load_sets(c, &r->from);
		st = st ?: one;
		one = load_sets(c, &r->to);
		st = st ?: one;
	}
	for (size_t i = 0; i < c->scope_count; i++) {
		if (!wanted_by(c->scopes[i], ifnames, count))
			continue;
		one = load_sets(c, &c->scopes[i]->measure.of);
		st = st ?: one;
		one = load_sets(c, &c->scopes[i]->observe.of);
		st = st ?: one;
	}
	return st;
}

/* FNV-1a, and a last stir: its upper bits are poor. */
static __u64 stir(__u64 h)
{
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93;
	return h ^ h >> 32;
}

static __u64 hash(enum eg_direction direction, const char *text)
{
	__u64 h = (0xcbf29ce484222325 ^ direction) * 0x100000001b3;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

/* The same text again is another rule, with counters of its own. */
static void give_ids(struct rules *r, enum eg_direction direction)
{
	struct rule **list = r->list[direction];
	size_t count = r->count[direction];

	for (size_t i = 0; i < count; i++)
		list[i]->id = hash(direction, list[i]->text);
	for (size_t i = count; i-- > 0;) {
		__u64 before = 0;

		for (size_t j = 0; j < i; j++)
			before += list[j]->id == list[i]->id;
		list[i]->id = stir(list[i]->id ^ before * 0x9e3779b97f4a7c15);
	}
}

/* `protect` first. Returns how many. */
static size_t gather(const struct config *c, const char *ifname, enum eg_direction direction,
		     struct written_rule **found)
{
	size_t count = 0;

	for (int protect = 1; protect >= 0; protect--)
		for (size_t i = 0; i < c->rule_count; i++) {
			struct written_rule *w = c->rules[i];

			if (w->direction == direction && scope__holds(w->scope, ifname) &&
			    (w->rule.verdict == EG_RULE_PROTECT) == protect)
				found[count++] = w;
		}
	return count;
}

static void mark_sets(const struct endpoint *e)
{
	for (size_t i = 0; i < e->set_count; i++)
		((struct defined_set *)e->sets[i])->used = true;
}

static int list_sets(const struct config *c, struct rules *r)
{
	for (size_t i = 0; i < c->set_count; i++)
		c->sets[i]->used = false;
	for (int d = 0; d < EG_DIRECTION_COUNT; d++)
		for (size_t i = 0; i < r->count[d]; i++) {
			mark_sets(&r->list[d][i]->from);
			mark_sets(&r->list[d][i]->to);
		}
	mark_sets(&r->measured);
	mark_sets(&r->observed);
	r->sets = calloc(c->set_count ?: 1, sizeof(*r->sets));
	if (!r->sets)
		return -ENOMEM;
	for (size_t i = 0; i < c->set_count; i++)
		if (c->sets[i]->used)
			r->sets[r->set_count++] = &c->sets[i]->set;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct set *const *)a)->name, (*(struct set *const *)b)->name);
}

/* Two blocks for one interface may have given one name to two sets; one text can't hold both. */
static int check_sets(struct config *c, const struct rules *r, const char *ifname)
{
	struct set **sorted;

	if (!r->set_count)
		return 0;
	sorted = malloc(r->set_count * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, r->sets, r->set_count * sizeof(*sorted));
	qsort(sorted, r->set_count, sizeof(*sorted), compare_names);
	for (size_t i = 1; i < r->set_count; i++)
		if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
			source__say(&c->source, ERROR, ((struct defined_set *)sorted[i])->name_at,
				    "two blocks for %s define a set %s each; expected another name",
				    ifname, sorted[i]->name);
	free(sorted);
	return 0;
}

static int flatten(struct config *c, const char *ifname, struct rules *r)
{
	const char *name = ifname ?: "what is outside of all blocks";
	struct written_rule **found;
	size_t count[EG_DIRECTION_COUNT], at = 0;
	int err = -ENOMEM;

	found = calloc(c->rule_count + 1, sizeof(*found));
	if (!found)
		return -ENOMEM;
	for (int d = 0; d < EG_DIRECTION_COUNT; d++) {
		count[d] = gather(c, ifname, d, found + at);
		at += count[d];
	}
	if (at > EG_RULES_MAX)
		source__say(&c->source, ERROR, found[EG_RULES_MAX]->rule.place,
			    "more than %d rules for %s; expected fewer", EG_RULES_MAX, name);
	r->copies = calloc(at + 1, sizeof(*r->copies));
	if (!r->copies)
		goto cleanup;
	at = 0;
	for (int d = 0; d < EG_DIRECTION_COUNT; d++) {
		r->list[d] = calloc(count[d] + 1, sizeof(*r->list[d]));
		if (!r->list[d])
			goto cleanup;
		for (; r->count[d] < count[d]; r->count[d]++, at++) {
			r->copies[at] = found[at]->rule;
			r->list[d][r->count[d]] = &r->copies[at];
		}
		give_ids(r, d);
	}
	err = list_sets(c, r) ?: check_sets(c, r, name);
	at = 0;
	for (int d = 0; !err && d < EG_DIRECTION_COUNT; at += count[d++])
		err = config__warn_covered(c, found + at, count[d]);
cleanup:
	free(found);
	return err;
}

enum status config__select(const struct config *c, const char *ifname, struct rules *r)
{
	/* Nothing that anybody sees changes but which warnings have been given. */
	struct config *own = (struct config *)c;
	enum status st = DONE;
	int err;

	memset(r, 0, sizeof(*r));
	r->recorder = true;
	r->check_every = CHECK_EVERY;
	r->check_lease = CHECK_EVERY * CHECK_LEASES;
	r->fallback[EG_INGRESS] = EG_DEFAULT_ANSWER;
	r->fallback[EG_EGRESS] = EG_DEFAULT_PASS;
	if (!c)
		return DONE;
	r->given = true;
	for (size_t i = 0; i < c->scope_count; i++) {
		const struct scope *s = c->scopes[i];

		if (!scope__holds(s, ifname))
			continue;
		if (s->swap >= 0)
			r->swap = s->swap;
		if (s->recorder >= 0)
			r->recorder = s->recorder;
		if (s->check_every) {
			r->check_every = s->check_every;
			r->check_lease = s->check_lease;
		}
		if (s->measure.at.line) {
			r->measure = true;
			r->measured = s->measure.of;
		}
		if (s->observe.at.line)
			r->observed = s->observe.of;
		for (int d = 0; d < EG_DIRECTION_COUNT; d++)
			if (s->fallback[d] >= 0)
				r->fallback[d] = s->fallback[d];
	}
	err = flatten(own, ifname, r);
	st = source__flush(&own->source);
	if (err)
		st = report(FAILED, "%s: %s", c->source.path, why(err));
	if (st)
		rules__free(r);
	return st;
}

void rules__free(struct rules *r)
{
	for (int d = 0; d < EG_DIRECTION_COUNT; d++)
		free(r->list[d]);
	free(r->copies);
	free(r->sets);
	memset(r, 0, sizeof(*r));
}
