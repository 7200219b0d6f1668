// SPDX-License-Identifier: GPL-2.0-only
#include "echoes.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

#define BAR_WIDTH  46
#define NAME_WIDTH 20

/* Round trips ------------------------------------------------------------------- */

static void print_time(__u64 ns, int width)
{
	if (ns < 1000)
		printf("%*llu ns", width - 3, (unsigned long long)ns);
	else if (ns < 1000000)
		printf("%*.1f us", width - 3, ns / 1e3);
	else if (ns < 1000000000)
		printf("%*.1f ms", width - 3, ns / 1e6);
	else
		printf("%*.2f s ", width - 3, ns / 1e9);
}

static void print_line(const struct histogram *h)
{
	const __u64 times[] = {
		h->rtt.least,
		histogram__average(h),
		histogram__percentile(h, 50),
		histogram__percentile(h, 90),
		histogram__percentile(h, 99),
		h->rtt.most,
	};

	printf("    %-*s %10llu", NAME_WIDTH, h->name, (unsigned long long)h->count);
	for (size_t i = 0; h->count && i < ARRAY_SIZE(times); i++)
		print_time(times[i], 10);
	putchar('\n');
}

/* A row for each bucket between the first and the last that count anything. */
static void print_bars(const struct histogram *h)
{
	int first = 0, last = EG_RTT_BUCKETS - 1;
	__u64 most = 0;

	while (first < last && !h->rtt.bucket[first])
		first++;
	while (last > first && !h->rtt.bucket[last])
		last--;
	for (int i = first; i <= last; i++)
		if (h->rtt.bucket[i] > most)
			most = h->rtt.bucket[i];
	printf("  %s\n", h->name);
	for (int i = first; i <= last; i++) {
		__u64 bucket = h->rtt.bucket[i];

		fputs("    below", stdout);
		print_time(histogram__bound(i), 10);
		printf(" %10llu ", (unsigned long long)bucket);
		for (__u64 n = 0; n < (bucket * BAR_WIDTH + most - 1) / most; n++)
			putchar('#');
		putchar('\n');
	}
}

void roundtrips__print(const struct roundtrips *r)
{
	if (!r->count) {
		puts("  no round trips are measured; `measure rtt` in the configuration has them "
		     "measured");
		return;
	}
	printf("  %-*s %10s%10s%10s%10s%10s%10s%10s\n", NAME_WIDTH + 2, "round trips", "replies",
	       "least", "average", "50 %", "90 %", "99 %", "most");
	for (size_t i = 0; i < r->count; i++)
		print_line(&r->list[i]);
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i].count)
			print_bars(&r->list[i]);
}

static struct json_object *json_buckets(const struct histogram *h)
{
	struct json_object *list = json_object_new_array(), *o;

	for (int i = 0; i < EG_RTT_BUCKETS; i++) {
		if (!h->rtt.bucket[i])
			continue;
		o = json_object_new_object();
		json__add_number(o, "below_ns", histogram__bound(i));
		json__add_number(o, "replies", h->rtt.bucket[i]);
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *roundtrips__json(const struct roundtrips *r)
{
	struct json_object *list = json_object_new_array(), *o;

	for (size_t i = 0; i < r->count; i++) {
		const struct histogram *h = &r->list[i];

		o = json_object_new_object();
		json__add_string(o, "peers", h->name);
		json__add_number(o, "replies", h->count);
		json__add_number(o, "sum_ns", h->rtt.sum);
		json__add_number(o, "least_ns", h->rtt.least);
		json__add_number(o, "average_ns", histogram__average(h));
		json__add_number(o, "p50_ns", histogram__percentile(h, 50));
		json__add_number(o, "p90_ns", histogram__percentile(h, 90));
		json__add_number(o, "p99_ns", histogram__percentile(h, 99));
		json__add_number(o, "most_ns", h->rtt.most);
		json_object_object_add(o, "buckets", json_buckets(h));
		json_object_array_add(list, o);
	}
	return list;
}

/* Rows of requests ---------------------------------------------------------------- */

static void address_text(const struct eg_observed_key *key, char text[INET6_ADDRSTRLEN])
{
	in6__print((const void *)key->addr, text);
}

static __u64 seconds_ago(__u64 when)
{
	__u64 now = monotonic_ns();

	return now > when ? (now - when) / SECOND : 0;
}

void observed__print(const struct observed *o, bool watched)
{
	char address[INET6_ADDRSTRLEN];
	int width = strlen("echo requests from");

	if (!watched && !o->count) {
		puts("  nobody is observed; `observe from ADDRESSES` in the configuration names "
		     "whose "
		     "requests are");
		return;
	}
	for (size_t i = 0; i < o->count; i++) {
		address_text(&o->list[i].key, address);
		if ((int)strlen(address) > width)
			width = strlen(address);
	}
	printf("  %-*s %5s %9s %9s %10s %9s %8s %6s %8s\n", width, "echo requests from", "id",
	       "received", "missing", "duplicates", "reordered", "restarts", "strays", "ago");
	for (size_t i = 0; i < o->count; i++) {
		const struct eg_observed *s = &o->list[i].seen;

		address_text(&o->list[i].key, address);
		printf("  %-*s %5u %9llu %9llu %10llu %9llu %8llu %6llu %6llu s\n", width, address,
		       o->list[i].key.id, (unsigned long long)s->received,
		       (unsigned long long)s->missing, (unsigned long long)s->duplicates,
		       (unsigned long long)s->reordered, (unsigned long long)s->restarts,
		       (unsigned long long)s->strays, (unsigned long long)seconds_ago(s->last));
	}
}

struct json_object *observed__json(const struct observed *o)
{
	struct json_object *list = json_object_new_array(), *row;
	char address[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < o->count; i++) {
		const struct eg_observed *s = &o->list[i].seen;

		address_text(&o->list[i].key, address);
		row = json_object_new_object();
		json__add_string(row, "from", address);
		json__add_number(row, "id", o->list[i].key.id);
		json__add_number(row, "received", s->received);
		json__add_number(row, "missing", s->missing);
		json__add_number(row, "duplicates", s->duplicates);
		json__add_number(row, "reordered", s->reordered);
		json__add_number(row, "restarts", s->restarts);
		json__add_number(row, "strays", s->strays);
		json__add_number(row, "highest", s->top);
		json__add_number(row, "first_seconds_ago", seconds_ago(s->first));
		json__add_number(row, "last_seconds_ago", seconds_ago(s->last));
		json_object_array_add(list, row);
	}
	return list;
}
