// SPDX-License-Identifier: GPL-2.0-only
/* What can only be said of a configuration when all of it is read. */
#include "language.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* By name, then by scope, then in order. */
static int compare(const char *name, size_t length, size_t scope, const struct defined_set *d)
{
	int order = strncmp(name, d->set.name, length) ?: d->set.name[length] ? -1 : 0;

	return order ?: scope < d->scope->number ? -1 : scope > d->scope->number;
}

static int compare_sets(const void *a, const void *b)
{
	const struct defined_set *x = *(struct defined_set *const *)a;
	const struct defined_set *y = *(struct defined_set *const *)b;

	return compare(x->set.name, strlen(x->set.name), x->scope->number, y) ?:
	       x->number < y->number ? -1 : 1;
}

static struct defined_set *find(struct defined_set *const *sorted, size_t count, struct slice name,
				size_t scope)
{
	size_t low = 0, high = count, middle;
	int order;

	while (low < high) {
		middle = (low + high) / 2;
		order = compare(name.at, name.length, scope, sorted[middle]);
		if (!order)
			return sorted[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* A set of a block may not have the name of one outside: both may have to stand in one text. */
static void check_names(struct config *c, struct defined_set *const *sorted)
{
	const struct defined_set *first = NULL;	/* of those with this name */

	for (size_t i = 0; i < c->set_count; i++) {
		const struct defined_set *d = sorted[i], *before = i ? sorted[i - 1] : NULL;

		if (!before || strcmp(before->set.name, d->set.name)) {
			first = d;
			continue;
		}
		if (before->scope == d->scope || !first->scope->number)
			source__say(&c->source, ERROR, d->name_at,
				    "set %s is defined twice, first in line %u; expected another name",
				    d->set.name,
				    (before->scope == d->scope ? before : first)->name_at.line);
	}
}

static void unknown_set(struct config *c, const struct reference *ref, const struct scope *scope)
{
	unsigned int best = words__tolerance(ref->name.length) + 1, d;
	const char *near = NULL;

	if (source__wanted(&c->source, ERROR, ref->place))
		for (size_t i = 0; i < c->set_count; i++) {
			const struct defined_set *s = c->sets[i];

			if (s->scope->number && s->scope != scope)
				continue;
			d = words__distance(ref->name, s->set.name, best);
			if (d < best) {
				best = d;
				near = s->set.name;
			}
		}
	source__say(&c->source, ERROR, ref->place,
		    "unknown set @%.*s%s%s%s; expected one defined with \"set %.*s\"", SHOWN(ref->name),
		    near ? " (did you mean @" : "", near ?: "", near ? "?)" : "", SHOWN(ref->name));
}

/* Turns names into sets, each once in a list; those of `to` or the others. */
static int resolve(struct config *c, struct defined_set *const *sorted,
		   const struct references *refs, bool to, const struct scope *scope,
		   struct endpoint *e, size_t mark)
{
	struct defined_set *d;
	size_t count = 0;

	for (size_t i = 0; i < refs->count; i++)
		count += refs->list[i].to == to;
	if (!count)
		return 0;
	e->sets = calloc(count, sizeof(*e->sets));
	if (!e->sets)
		return -ENOMEM;
	for (size_t i = 0; i < refs->count; i++) {
		const struct reference *ref = &refs->list[i];

		if (ref->to != to)
			continue;
		d = find(sorted, c->set_count, ref->name, scope->number) ?:
		    find(sorted, c->set_count, ref->name, 0);
		if (!d) {
			unknown_set(c, ref, scope);
		} else if (d->mark != mark) {
			d->mark = mark;
			e->sets[e->set_count++] = &d->set;
		}
	}
	return 0;
}

static const char *const matcher_names[MATCHER_COUNT] = {
	[MATCH_TYPE] = "type",	     [MATCH_CODE] = "code",	[MATCH_SPORT] = "source-port",
	[MATCH_DPORT] = "port",	     [MATCH_FLAGS] = "flags",	[MATCH_FRAGMENT] = "fragment",
	[MATCH_OPTIONS] = "options", [MATCH_TTL] = "ttl",	[MATCH_DSCP] = "dscp",
	[MATCH_LENGTH] = "length",   [MATCH_FROM] = "from",	[MATCH_TO] = "to",
	[MATCH_SOURCE] = "per-source", [MATCH_SOLICITED] = "solicited or unsolicited",
};

/* Warns of a rule that contradicts itself. */
static void check_sense(struct config *c, struct written_rule *w)
{
	const struct rule *r = &w->rule;
	struct source *s = &c->source;
	struct frames f;

	frames__of_kind(r, &f);
	if (frames__empty(&f)) {
		source__say(s, WARNING, w->at[w->at[MATCH_FAMILY].line ? MATCH_FAMILY : MATCH_KIND],
			    "this rule never matches: no packet is of this family and this protocol");
		w->warned = true;
		return;
	}
	frames__only(&f, FAMILY4 | FAMILY6);
	for (enum matcher m = 0; m < MATCHER_COUNT && frames__empty(&f); m++)
		if (matcher_names[m] && w->at[m].line) {
			source__say(s, WARNING, w->at[m],
				    "this rule never matches: %s is of IP packets, its protocol isn't",
				    matcher_names[m]);
			w->warned = true;
			return;
		}
	for (int to = 0; to < 2; to++) {
		const struct endpoint *e = to ? &r->to : &r->from;

		if (!e->present)
			continue;
		frames__only(&f, endpoint__families(e));
		if (!frames__empty(&f))
			continue;
		source__say(s, WARNING, w->at[to ? MATCH_TO : MATCH_FROM],
			    "this rule never matches: these addresses are not of the family that the rest "
			    "of it is about");
		w->warned = true;
		return;
	}
	for (enum matcher m = MATCH_TYPE; m <= MATCH_FLAGS; m++)
		if (w->at[m].line && r->fragment == FRAGMENT_LATER && !r->fragment_negated) {
			source__say(s, WARNING, w->at[m],
				    "this rule never matches: %s is not read from later fragments",
				    matcher_names[m]);
			w->warned = true;
			return;
		}
}

int config__resolve(struct config *c)
{
	struct defined_set **sorted = NULL;
	size_t mark = 0;
	int err = 0;

	if (c->set_count) {
		sorted = malloc(c->set_count * sizeof(*sorted));
		if (!sorted)
			return -ENOMEM;
		memcpy(sorted, c->sets, c->set_count * sizeof(*sorted));
		qsort(sorted, c->set_count, sizeof(*sorted), compare_sets);
		check_names(c, sorted);
	}
	for (size_t i = 0; i < c->rule_count && !err; i++) {
		struct written_rule *w = c->rules[i];

		err = resolve(c, sorted, &w->references, false, w->scope, &w->rule.from, ++mark) ?:
		      resolve(c, sorted, &w->references, true, w->scope, &w->rule.to, ++mark);
		free(w->references.list);
		memset(&w->references, 0, sizeof(w->references));
	}
	for (size_t i = 0; i < c->scope_count && !err; i++) {
		struct scope *s = c->scopes[i];

		err = resolve(c, sorted, &s->measure.references, false, s, &s->measure.of, ++mark) ?:
		      resolve(c, sorted, &s->observe.references, false, s, &s->observe.of, ++mark);
	}
	/* The rest is said, and printed, of what is right. */
	for (size_t i = 0; i < c->rule_count && !err && !c->source.messages[ERROR].total; i++) {
		check_sense(c, c->rules[i]);
		c->rules[i]->rule.text = rule__print(&c->rules[i]->rule);
		if (!c->rules[i]->rule.text)
			err = -ENOMEM;
	}
	free(sorted);
	return err;
}
