// SPDX-License-Identifier: GPL-2.0-only
#include "openmetrics.h"

#include <stdio.h>
#include <string.h>

#define RULES_MAX	8192		/* shown of all interfaces together */
#define RULE_TEXT_MAX	160		/* bytes of a rule's text: its id tells it from others */

/* What one metric family takes from a count. */
struct family {
	const char *name;	/* without _total */
	const char *unit;	/* "" or the name's last word */
	const char *help;
	bool bytes;
	/* @room: how many more rules may be shown, of all interfaces */
	void (*print)(const struct family *f, const struct instance *in, const struct reading *r,
		      size_t *room);
};

/* Label values may hold anything but these three as they are. */
static void print_escaped(const char *s, size_t length)
{
	for (const char *end = s + length; s < end; s++) {
		if (*s == '\n')
			fputs("\\n", stdout);
		else if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else
			putchar(*s);
	}
}

static void print_place(const char *name, const char *suffix, const struct instance *in)
{
	printf("%s%s{interface=\"", name, suffix);
	print_escaped(in->ifname, strlen(in->ifname));
	printf("\",ifindex=\"%u\",netns=\"", in->dir.ifindex);
	print_escaped(in->netns, strlen(in->netns));
	putchar('"');
}

static void print_value(const struct family *f, const struct eg_count *c)
{
	printf("} %llu\n", (unsigned long long)(f->bytes ? c->bytes : c->packets));
}

static void print_cells(const struct family *f, const struct instance *in, int direction,
			const char *family, const char *label, const struct eg_cell *cells,
			const char *const *names, int count)
{
	for (int i = 0; i < count; i++) {
		for (int v = 0; v < EG_VERDICT_COUNT; v++) {
			const struct eg_count *c = &cells[i].verdict[v];

			if (!c->packets)
				continue;
			print_place(f->name, "_total", in);
			printf(",direction=\"%s\",family=\"%s\",%s=\"%s\",verdict=\"%s\"",
			       direction_names[direction], family, label, names[i],
			       verdict_names[v]);
			print_value(f, c);
		}
	}
}

static void print_traffic(const struct family *f, const struct instance *in,
			  const struct reading *r, size_t *room)
{
	(void)room;
	for (int d = 0; d < EG_DIRECTION_COUNT; d++) {
		const struct eg_counters *c = &r->sum[d];
		struct eg_cell protocols[EG_PROTOCOL_COUNT];

		for (int i = 0; i < EG_PROTOCOL_COUNT; i++)
			protocols[i] = counters__protocol_cell(c, i);
		print_cells(f, in, d, "icmp", "type", c->icmp, icmp_names, EG_ICMP_COUNT);
		print_cells(f, in, d, "icmp6", "type", c->icmp6, icmp6_names, EG_ICMP6_COUNT);
		print_cells(f, in, d, "protocol", "protocol", protocols, protocol_names,
			    EG_PROTOCOL_COUNT);
	}
}

static void print_reasons(const struct family *f, const struct instance *in,
			  const struct reading *r, size_t *room)
{
	(void)room;
	for (int i = EG_REASON_NONE + 1; i < EG_REASON_COUNT; i++) {
		const struct eg_count *c = &r->sum[EG_INGRESS].reason[i];

		if (!c->packets)
			continue;
		print_place(f->name, "_total", in);
		printf(",reason=\"%s\"", reason_names[i]);
		print_value(f, c);
	}
}

/*
 * Matched or not: a series that is missing can't be told from one that stands. But there is an end
 * to what a scraper is to keep, of a text and of all of them.
 */
static void print_rules(const struct family *f, const struct instance *in,
			const struct reading *r, size_t *room)
{
	for (size_t i = 0; i < r->rules.count && *room; i++, --*room) {
		const struct listed_rule *rule = &r->rules.list[i];
		size_t length = strlen(rule->text), shown = length;

		if (length > RULE_TEXT_MAX) {
			shown = RULE_TEXT_MAX;
			while (shown && ((unsigned char)rule->text[shown] & 0xc0) == 0x80)
				shown--;	/* not within a character */
		}
		print_place(f->name, "_total", in);
		printf(",direction=\"%s\",id=\"%016llx\",text=\"",
		       direction_names[rule->direction], (unsigned long long)rule->id);
		print_escaped(rule->text, shown);
		fputs(shown < length ? "...\"" : "\"", stdout);
		print_value(f, &rule->count);
	}
}

static const struct family families[] = {
	{ "echogate_packets", "packets", "Packets seen, each counted once", false, print_traffic },
	{ "echogate_bytes", "bytes", "Bytes of the same frames", true, print_traffic },
	{ "echogate_reason_packets", "packets", "Packets left to the kernel, by reason", false,
	  print_reasons },
	{ "echogate_reason_bytes", "bytes", "Bytes of the same frames", true, print_reasons },
	{ "echogate_rule_packets", "packets", "Packets that a rule matched", false, print_rules },
	{ "echogate_rule_bytes", "bytes", "Bytes of the same frames", true, print_rules },
};

static void print_histogram(const struct instance *in, const struct histogram *h)
{
	static const char name[] = "echogate_rtt_seconds";
	__u64 below = 0;

	for (int i = 0; i <= EG_RTT_BUCKETS; i++) {
		print_place(name, "_bucket", in);
		fputs(",peers=\"", stdout);
		print_escaped(h->name, strlen(h->name));
		if (i < EG_RTT_BUCKETS) {
			below += h->rtt.bucket[i];
			printf("\",le=\"%.10g\"} %llu\n", histogram__bound(i) / 1e9,
			       (unsigned long long)below);
		} else {
			printf("\",le=\"+Inf\"} %llu\n", (unsigned long long)h->count);
		}
	}
	print_place(name, "_count", in);
	fputs(",peers=\"", stdout);
	print_escaped(h->name, strlen(h->name));
	printf("\"} %llu\n", (unsigned long long)h->count);
	print_place(name, "_sum", in);
	fputs(",peers=\"", stdout);
	print_escaped(h->name, strlen(h->name));
	printf("\"} %llu.%09llu\n", (unsigned long long)h->rtt.sum / 1000000000,
	       (unsigned long long)h->rtt.sum % 1000000000);
}

static void print_histograms(const struct instances *all, const struct reading *readings)
{
	printf("# TYPE echogate_rtt_seconds histogram\n"
	       "# UNIT echogate_rtt_seconds seconds\n"
	       "# HELP echogate_rtt_seconds Round trips of echo requests that left.\n");
	for (size_t i = 0; i < all->count; i++)
		for (size_t j = 0; j < readings[i].roundtrips.count; j++)
			print_histogram(&all->list[i], &readings[i].roundtrips.list[j]);
}

static void print_gauges(const struct instances *all)
{
	printf("# TYPE echogate_attached_timestamp_seconds gauge\n"
	       "# UNIT echogate_attached_timestamp_seconds seconds\n"
	       "# HELP echogate_attached_timestamp_seconds When it was first attached.\n");
	for (size_t i = 0; i < all->count; i++) {
		print_place("echogate_attached_timestamp_seconds", "", &all->list[i]);
		printf("} %llu\n", (unsigned long long)all->list[i].meta.since);
	}
	printf("# TYPE echogate_generation gauge\n"
	       "# HELP echogate_generation Number of the rules that run.\n");
	for (size_t i = 0; i < all->count; i++) {
		print_place("echogate_generation", "", &all->list[i]);
		printf("} %llu\n", (unsigned long long)all->list[i].meta.generation);
	}
}

static void print_omitted(const struct instances *all, const struct reading *readings)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += readings[i].rules.count;
	printf("# TYPE echogate_omitted_rules gauge\n"
	       "# HELP echogate_omitted_rules Rules beyond the %d that are shown.\n"
	       "echogate_omitted_rules %zu\n", RULES_MAX,
	       count > RULES_MAX ? count - RULES_MAX : 0);
}

void openmetrics__print(const struct instances *all, const struct reading *readings)
{
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		size_t room = RULES_MAX;

		printf("# TYPE %s counter\n# UNIT %s %s\n# HELP %s %s.\n", families[f].name,
		       families[f].name, families[f].unit, families[f].name, families[f].help);
		for (size_t i = 0; i < all->count; i++)
			families[f].print(&families[f], &all->list[i], &readings[i], &room);
	}
	print_omitted(all, readings);
	print_histograms(all, readings);
	print_gauges(all);
}

void openmetrics__print_end(void)
{
	puts("# EOF");
}
