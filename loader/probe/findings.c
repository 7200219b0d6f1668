// SPDX-License-Identifier: GPL-2.0-only
#include "findings.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

#define SHOWN	3	/* names of requests that have something in common */

void findings__begin(const struct host *host, const struct line *line, size_t requests)
{
	printf("%s (%s): %zu requests over %s, %s\n", host->name, host->text, requests,
	       line->hop->device.name, line__describe(line));
	fflush(stdout);
}

void findings__count(const struct findings *f, size_t *counts)
{
	memset(counts, 0, FINDINGS * sizeof(*counts));
	for (size_t i = 0; i < f->battery->count; i++)
		counts[f->opinions[i].finding]++;
}

static void print_one(const struct request *q, const struct opinion *o)
{
	printf("%-12s  %-56s  %-36s  %s", finding__name(o->finding), q->name, o->came, q->clause);
	if (*o->why)
		printf("  %s", o->why);
	/* What is wrong by another clause than the one that was tried. */
	if (*o->clause && strcmp(o->clause, q->clause))
		printf(" (%s)", o->clause);
	putchar('\n');
}

static bool is_same(const struct opinion *a, const struct opinion *b)
{
	return a->finding == b->finding && !strcmp(a->why, b->why) && !strcmp(a->clause, b->clause);
}

/* One thing that is said of several requests is printed once, at the first. */
static bool is_first(const struct findings *f, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_same(&f->opinions[i], &f->opinions[at]))
			return false;
	return true;
}

static void print_group(const struct findings *f, size_t at)
{
	const struct opinion *o = &f->opinions[at];
	size_t count = 0;

	printf("  %s", o->why);
	if (*o->clause)
		printf(" (%s)", o->clause);
	for (size_t i = at; i < f->battery->count; i++) {
		if (!is_same(&f->opinions[i], o))
			continue;
		if (count++ < SHOWN)
			printf("%s%s", count > 1 ? "; " : ": ", f->battery->list[i].name);
	}
	if (count > SHOWN)
		printf("; %zu more", count - SHOWN);
	putchar('\n');
}

static void print_groups(const struct findings *f, enum finding finding, const char *title)
{
	bool any = false;

	for (size_t i = 0; i < f->battery->count; i++) {
		if (f->opinions[i].finding != finding || !is_first(f, i))
			continue;
		if (!any)
			printf("\n%s:\n", title);
		any = true;
		print_group(f, i);
	}
}

void findings__print(const struct findings *f, bool quiet)
{
	size_t counts[FINDINGS];

	for (size_t i = 0; i < f->battery->count && !quiet; i++)
		print_one(&f->battery->list[i], &f->opinions[i]);
	print_groups(f, FINDING_WRONG, "Wrong");
	print_groups(f, FINDING_UNLIKE, "Unlike Linux");
	print_groups(f, FINDING_CONFORMS, "Conforms, where Linux does one thing or the other");
	print_groups(f, FINDING_SKIPPED, "Skipped");
	findings__count(f, counts);
	printf("\n%zu requests: %zu like Linux, %zu conform, %zu unlike Linux, %zu wrong, "
	       "%zu skipped\n", f->battery->count, counts[FINDING_LIKE], counts[FINDING_CONFORMS],
	       counts[FINDING_UNLIKE], counts[FINDING_WRONG], counts[FINDING_SKIPPED]);
}

/* As a key or value: "like-linux", "like_linux". */
static const char *word(enum finding finding, char between, char *text, size_t size)
{
	copy_text(text, finding__name(finding), size);
	for (char *p = text; *p; p++)
		*p = *p == ' ' ? between : *p == 'L' ? 'l' : *p;
	return text;
}

static struct json_object *request_json(const struct request *q, const struct opinion *o)
{
	struct json_object *obj = json_object_new_object();
	char text[96];

	json__add_string(obj, "name", q->name);
	json__add_string(obj, "clause", q->clause);
	json__add_string(obj, "demand", demand__name(q->demand));
	json__add_string(obj, "linux", reaction__describe(q, text, sizeof(text)));
	json__add_string_or_null(obj, "came", o->came);
	json__add_string(obj, "finding", word(o->finding, '-', text, sizeof(text)));
	json__add_string_or_null(obj, "why", o->why);
	json__add_string_or_null(obj, "violates", o->clause);
	return obj;
}

void findings__print_json(const struct findings *f)
{
	struct json_object *doc = json__document(), *list = json_object_new_array();
	struct json_object *summary = json_object_new_object();
	size_t counts[FINDINGS];
	char key[32];

	json__add_string(doc, "host", f->host->name);
	json__add_string(doc, "address", f->host->text);
	json__add_string(doc, "interface", f->line->hop->device.name);
	json__add_string(doc, "way", line__describe(f->line));
	json__add_bool(doc, "on_link", f->line->hop->on_link);
	for (size_t i = 0; i < f->battery->count; i++)
		json_object_array_add(list, request_json(&f->battery->list[i], &f->opinions[i]));
	json_object_object_add(doc, "requests", list);
	findings__count(f, counts);
	json__add_number(summary, "requests", f->battery->count);
	for (size_t i = 0; i < FINDINGS; i++)
		json__add_number(summary, word(i, '_', key, sizeof(key)), counts[i]);
	json_object_object_add(doc, "summary", summary);
	json__print(doc, false);
}
