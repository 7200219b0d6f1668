/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether two sets of rules mean the same, field by field: for round trips. */
#ifndef TESTS_UNIT_ROUNDTRIP_H
#define TESTS_UNIT_ROUNDTRIP_H

#include <stdlib.h>
#include <string.h>
#include "ruleset.h"

static inline bool ranges_same(const struct ranges *a, const struct ranges *b)
{
	if (a->present != b->present || a->negated != b->negated || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].first != b->list[i].first || a->list[i].last != b->list[i].last)
			return false;
	return true;
}

static inline bool kinds_same(const struct kinds *a, const struct kinds *b)
{
	if (a->present != b->present || a->negated != b->negated || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].family != b->list[i].family || a->list[i].first != b->list[i].first ||
		    a->list[i].last != b->list[i].last)
			return false;
	return true;
}

static inline bool flags_same(const struct flag_tests *a, const struct flag_tests *b)
{
	if (a->present != b->present || a->negated != b->negated || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].value != b->list[i].value || a->list[i].mask != b->list[i].mask)
			return false;
	return true;
}

static inline bool prefixes_same(const struct prefixes *a, const struct prefixes *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].family != b->list[i].family ||
		    a->list[i].length != b->list[i].length ||
		    memcmp(a->list[i].addr, b->list[i].addr, sizeof(a->list[i].addr)))
			return false;
	return true;
}

static inline bool endpoints_same(const struct endpoint *a, const struct endpoint *b)
{
	if (a->present != b->present || a->negated != b->negated || a->local != b->local ||
	    a->set_count != b->set_count || !prefixes_same(&a->prefixes, &b->prefixes))
		return false;
	for (size_t i = 0; i < a->set_count; i++)
		if (strcmp(a->sets[i]->name, b->sets[i]->name))
			return false;
	return true;
}

static inline bool limits_same(const struct limit *a, const struct limit *b)
{
	return a->present == b->present && a->count == b->count && a->seconds == b->seconds &&
	       a->burst == b->burst;
}

#define DIFFER(name, same)	do { if (!(same)) return name; } while (0)

/* The name of the first thing that differs; NULL: nothing does. */
static inline const char *rule_difference(const struct rule *a, const struct rule *b)
{
	DIFFER("verdict", a->verdict == b->verdict);
	DIFFER("text", !strcmp(a->text, b->text));
	DIFFER("id", a->id == b->id);
	DIFFER("even_protected", a->even_protected == b->even_protected);
	DIFFER("family", a->family == b->family && a->family_negated == b->family_negated);
	DIFFER("kind", kinds_same(&a->kind, &b->kind));
	DIFFER("type", ranges_same(&a->type, &b->type));
	DIFFER("code", ranges_same(&a->code, &b->code));
	DIFFER("sport", ranges_same(&a->sport, &b->sport));
	DIFFER("dport", ranges_same(&a->dport, &b->dport));
	DIFFER("flags", flags_same(&a->flags, &b->flags));
	DIFFER("ttl", ranges_same(&a->ttl, &b->ttl));
	DIFFER("dscp", ranges_same(&a->dscp, &b->dscp));
	DIFFER("length", ranges_same(&a->length, &b->length));
	DIFFER("vlan", ranges_same(&a->vlan, &b->vlan) && a->vlan_none == b->vlan_none);
	DIFFER("fragment", a->fragment == b->fragment && a->fragment_negated == b->fragment_negated);
	DIFFER("options", a->options == b->options && a->options_negated == b->options_negated);
	DIFFER("solicited", a->solicited == b->solicited);
	DIFFER("from", endpoints_same(&a->from, &b->from));
	DIFFER("to", endpoints_same(&a->to, &b->to));
	DIFFER("reject", a->reject == b->reject);
	DIFFER("limit", limits_same(&a->limit, &b->limit));
	DIFFER("per_source", limits_same(&a->per_source, &b->per_source));
	DIFFER("source4", a->source4 == b->source4);
	DIFFER("source6", a->source6 == b->source6);
	DIFFER("sample", a->sample == b->sample);
	DIFFER("above", limits_same(&a->above, &b->above));
	DIFFER("check", a->check.kind == b->check.kind && a->check.id == b->check.id &&
	       (!a->check.name || !strcmp(a->check.name, b->check.name)));
	return NULL;
}

/* Otherwise nobody is told how often. */
static inline bool has_checks(const struct rules *r)
{
	for (size_t i = 0; i < r->count[EG_INGRESS]; i++)
		if (r->list[EG_INGRESS][i]->check.kind != CHECK_NONE)
			return true;
	return false;
}

static inline const char *rules_difference(const struct rules *a, const struct rules *b)
{
	DIFFER("given", a->given == b->given);
	DIFFER("swap", a->swap == b->swap);
	DIFFER("check every", !has_checks(a) || (a->check_every == b->check_every &&
						a->check_lease == b->check_lease));
	DIFFER("measure", a->measure == b->measure);
	DIFFER("measured", endpoints_same(&a->measured, &b->measured));
	DIFFER("observed", endpoints_same(&a->observed, &b->observed));
	DIFFER("set_count", a->set_count == b->set_count);
	for (size_t i = 0; i < a->set_count; i++) {
		const struct set *s = a->sets[i], *t = b->sets[i];

		DIFFER("set's name", !strcmp(s->name, t->name));
		DIFFER("set's path", !s->path == !t->path && (!s->path || !strcmp(s->path, t->path)));
		DIFFER("set's prefixes", prefixes_same(&s->prefixes, &t->prefixes));
	}
	for (int d = 0; d < EG_DIRECTION_COUNT; d++) {
		DIFFER("fallback", a->fallback[d] == b->fallback[d]);
		DIFFER("count", a->count[d] == b->count[d]);
		for (size_t i = 0; i < a->count[d]; i++) {
			const char *what = rule_difference(a->list[d][i], b->list[d][i]);

			DIFFER(what, !what);
		}
	}
	return NULL;
}

#undef DIFFER

/*
 * Prints what holds for an interface, reads it and prints it again. NULL, or what differs. The
 * first text is the caller's to free, whatever comes out.
 */
static inline const char *round_trip(const struct config *c, const char *ifname, char **text)
{
	const char *difference = NULL;
	struct config *again = NULL;
	struct rules one, two;
	char *copy = NULL;

	*text = NULL;
	if (config__select(c, ifname, &one))
		return "not selected";
	*text = rules__print(&one, ifname);
	if (!*text)
		difference = "not printed";
	else if (config__parse("again.conf", *text, strlen(*text), &again))
		difference = "its print is refused";
	if (difference)
		goto cleanup;
	if (config__select(again, ifname, &two)) {
		difference = "its print is not selected";
		goto cleanup;
	}
	copy = rules__print(&two, ifname);
	difference = rules_difference(&one, &two) ?: !copy || strcmp(*text, copy) ? "print" : NULL;
	rules__free(&two);
cleanup:
	rules__free(&one);
	config__free(again);
	free(copy);
	return difference;
}

#endif
