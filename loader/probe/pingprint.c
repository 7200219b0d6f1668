// SPDX-License-Identifier: GPL-2.0-only
#include "pingprint.h"
#include "echo.h"
#include "json.h"
#include "loop.h"

#include <stdio.h>
#include <string.h>

#define MS	1000000ULL

/* Lines -------------------------------------------------------------------------- */

void pingprint__begin(const struct probe_options *o, const struct hosts *hosts)
{
	const struct host *h = &hosts->list[0];

	if (o->json)
		return;
	if (hosts->count > 1)
		printf("PING %zu hosts, %zu bytes of data.\n", hosts->count, o->size);
	else if (h->address.sa.sa_family == AF_INET)
		printf("PING %s (%s) %zu(%zu) bytes of data.\n", h->name, h->text, o->size,
		       o->size + ECHO_HEADER + 20);
	else
		printf("PING %s (%s) %zu data bytes\n", h->name, h->text, o->size);
}

/* "0.045 ms": three digits that count, as ping has it. */
static const char *print_time(__u64 ns, char *text, size_t size)
{
	double ms = ns / (double)MS;

	snprintf(text, size, "%.*f ms", ms >= 100 ? 0 : ms >= 10 ? 1 : ms >= 1 ? 2 : 3, ms);
	return text;
}

/* "localhost (127.0.0.1)", or only an address. */
static void print_from(const struct target *t, const union address *from)
{
	char text[ADDRESS_TEXT];

	address__print(from, text);
	if (t && strcmp(t->host->name, t->host->text) && address__equal(from, &t->host->address))
		printf("%s (%s)", t->host->name, text);
	else
		fputs(text, stdout);
}

void pingprint__reply(const struct target *t, const struct arrival *a, __u64 number, __u64 rtt,
		      bool duplicate, const struct corruption *c)
{
	char text[32];

	printf("%zu bytes from ", a->reply.size);
	print_from(t, &a->from);
	printf(": icmp_seq=%llu", number);
	if (a->ttl >= 0)
		printf(" ttl=%d", a->ttl);
	printf(" time=%s%s%s%s%s\n", print_time(rtt, text, sizeof(text)),
	       duplicate ? " (DUP!)" : "", a->reply.checksum_wrong ? " (BAD CHECKSUM!)" : "",
	       address__equal(&a->from, &t->host->address) ? "" : " (DIFFERENT ADDRESS!)",
	       c->length ? " (WRONG LENGTH!)" : "");
	if (c->at < a->reply.body_size)
		printf("wrong data byte #%zu should be 0x%x but was 0x%x\n", c->at, c->sent,
		       c->came);
}

void pingprint__error(const struct ping_result *p, const struct target *t, const struct arrival *a,
		      __u64 number)
{
	char text[160];

	fputs("From ", stdout);
	print_from(NULL, &a->from);
	printf(" icmp_seq=%llu %s", number, reply__describe(&a->reply, text, sizeof(text)));
	if (p->count > 1)
		printf(", on the way to %s", t->host->name);
	puts("");
}

void pingprint__malformed(const struct arrival *a)
{
	fputs("From ", stdout);
	print_from(NULL, &a->from);
	printf(" malformed ICMP type %u, code %u: %s\n", a->reply.type, a->reply.code,
	       a->reply.flaw);
}

/* Statistics --------------------------------------------------------------------- */

/* The sum of all targets' counters. */
static struct target sum(const struct ping_result *p)
{
	struct target all = {};

	for (size_t i = 0; i < p->count; i++) {
		const struct target *t = &p->targets[i];

		all.sent += t->sent;
		all.failed += t->failed;
		all.received += t->received;
		all.duplicates += t->duplicates;
		all.reordered += t->reordered;
		all.corrupted += t->corrupted;
		all.errors += t->errors;
	}
	return all;
}

static size_t answered(const struct ping_result *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->targets[i].received > 0;
	return n;
}

static double loss(const struct target *t)
{
	return t->sent ? (t->sent - t->received) * 100. / t->sent : 0;
}

static void print_extra(const char *what, __u64 n)
{
	if (n)
		printf(", +%llu %s", n, what);
}

static void print_extras(const struct target *t)
{
	print_extra("duplicates", t->duplicates);
	print_extra("reordered", t->reordered);
	print_extra("corrupted", t->corrupted);
	print_extra("errors", t->errors + t->failed);
}

/* "3 packets transmitted, 3 received, +1 duplicates, 0% packet loss, time 2001ms" */
static void print_counts(const struct ping_result *p, const struct target *t)
{
	printf("%llu packets transmitted, %llu received", t->sent, t->received);
	print_extras(t);
	printf(", %g%% packet loss", loss(t));
	print_extra("malformed", p->malformed);
	print_extra("strays", p->strays);
	printf(", time %llums\n", p->elapsed / MS);
}

static void print_single(const struct ping_result *p)
{
	struct target *t = &p->targets[0];
	struct samples *s = &t->rtt;

	printf("\n--- %s ping statistics ---\n", t->host->name);
	print_counts(p, t);
	if (!s->count)
		return;
	printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", s->least / (double)MS,
	       s->mean / MS, s->most / (double)MS, samples__deviation(s) / MS);
	printf("rtt p50/p90/p99 = %.3f/%.3f/%.3f ms\n", samples__percentile(s, 50) / (double)MS,
	       samples__percentile(s, 90) / (double)MS, samples__percentile(s, 99) / (double)MS);
}

/* As fping has it. */
static void print_line(struct target *t, int width)
{
	struct samples *s = &t->rtt;

	printf("%-*s : xmt/rcv/%%loss = %llu/%llu/%g%%", width, t->host->name, t->sent,
	       t->received, loss(t));
	if (s->count)
		printf(", min/avg/max = %.3f/%.3f/%.3f, p50/p90/p99 = %.3f/%.3f/%.3f",
		       s->least / (double)MS, s->mean / MS, s->most / (double)MS,
		       samples__percentile(s, 50) / (double)MS,
		       samples__percentile(s, 90) / (double)MS,
		       samples__percentile(s, 99) / (double)MS);
	print_extras(t);
	if (!t->received && *t->last_error)
		printf(", %s", t->last_error);
	puts("");
}

static void print_many(const struct ping_result *p)
{
	struct target all = sum(p);
	int width = 0;

	for (size_t i = 0; i < p->count; i++) {
		int length = strlen(p->targets[i].host->name);

		width = length > width ? length : width;
	}
	printf("\n--- ping statistics ---\n");
	for (size_t i = 0; i < p->count; i++)
		print_line(&p->targets[i], width);
	printf("%zu of %zu hosts answered, ", answered(p), p->count);
	print_counts(p, &all);
}

void pingprint__glance(const struct ping_result *p)
{
	struct target all = sum(p);
	struct samples *s = &p->targets[0].rtt;

	fflush(stdout);
	if (p->count > 1)
		fprintf(stderr, "%zu/%zu hosts, ", answered(p), p->count);
	fprintf(stderr, "%llu/%llu packets, %g%% loss", all.received, all.sent, loss(&all));
	if (p->count == 1 && s->count)
		fprintf(stderr, ", min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms",
			s->least / (double)MS, s->mean / MS, s->most / (double)MS,
			samples__deviation(s) / MS);
	fputs("\n", stderr);
}

/* JSON ----------------------------------------------------------------------------- */

static void add_counts(struct json_object *o, const struct target *t)
{
	json__add_number(o, "sent", t->sent);
	json__add_number(o, "received", t->received);
	json__add_number(o, "lost", t->sent - t->received);
	json__add_number(o, "duplicates", t->duplicates);
	json__add_number(o, "reordered", t->reordered);
	json__add_number(o, "corrupted", t->corrupted);
	json__add_number(o, "errors", t->errors);
	json__add_number(o, "failed", t->failed);
}

static struct json_object *json_rtt(struct samples *s)
{
	struct json_object *o;

	if (!s->count)
		return NULL;
	o = json_object_new_object();
	json__add_number(o, "min", s->least);
	json__add_number(o, "avg", s->mean);
	json__add_number(o, "max", s->most);
	json__add_number(o, "mdev", samples__deviation(s));
	json__add_number(o, "p50", samples__percentile(s, 50));
	json__add_number(o, "p90", samples__percentile(s, 90));
	json__add_number(o, "p99", samples__percentile(s, 99));
	return o;
}

static struct json_object *json_target(struct target *t)
{
	struct json_object *o = json_object_new_object(), *clocks = json_object_new_object();

	json__add_string(o, "host", t->host->name);
	json__add_string(o, "address", t->host->text);
	add_counts(o, t);
	json_object_object_add(o, "rtt_ns", json_rtt(&t->rtt));
	for (int i = 0; i < CLOCK_USED_COUNT; i++)
		json__add_number(clocks, clock_names[i], t->clocks[i]);
	json_object_object_add(o, "stamps", clocks);
	json__add_string_or_null(o, "last_error", t->last_error);
	return o;
}

static void print_json(const struct ping_result *p)
{
	struct json_object *doc = json__document(), *hosts = json_object_new_array();
	struct json_object *total = json_object_new_object();
	struct target all = sum(p);

	for (size_t i = 0; i < p->count; i++)
		json_object_array_add(hosts, json_target(&p->targets[i]));
	json_object_object_add(doc, "hosts", hosts);
	add_counts(total, &all);
	json__add_number(total, "hosts", p->count);
	json__add_number(total, "answered", answered(p));
	json__add_number(total, "malformed", p->malformed);
	json__add_number(total, "strays", p->strays);
	json__add_number(total, "elapsed_ns", p->elapsed);
	json_object_object_add(doc, "total", total);
	json__print(doc, false);
}

void pingprint__end(const struct ping_result *p)
{
	if (p->options->json)
		print_json(p);
	else if (p->count > 1)
		print_many(p);
	else
		print_single(p);
}
