// SPDX-License-Identifier: GPL-2.0-only
#include "transcript.h"
#include "command.h"
#include "facts.h"
#include "json.h"
#include "mapped.h"
#include "rodata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#define LEAD		2		/* bytes before a frame: IP is aligned then */
#define TAG_AT		(2 * ETH_ALEN)
#define TAG_SIZE	4

/* An interface, and what runs on it. */
struct view {
	struct instance *in;
	bool l3;
	struct rulelist rules;
	const struct listed_rule *last;	/* that was looked for */
	__u64 asked;			/* ns, monotonic: when they were read */
	struct mapped own;		/* eg_addrs */
	__u64 written;
};

/* A frame as it was on the wire. */
struct shown {
	const __u8 *data;
	__u32 captured, length;
};

/* Rules -------------------------------------------------------------------------- */

static void read_rules(struct view *v)
{
	rulelist__free(&v->rules);
	v->last = NULL;
	v->asked = monotonic_ns();
	if (rulelist__read(&v->rules, v->in))
		memset(&v->rules, 0, sizeof(v->rules));
}

static const struct listed_rule *find_rule(struct view *v, __u64 id)
{
	if (v->last && v->last->id == id)
		return v->last;
	for (size_t i = 0; i < v->rules.count; i++)
		if (v->rules.list[i].id == id)
			return v->last = &v->rules.list[i];
	return NULL;
}

/* NULL: it isn't known any more, or not yet. Others may have been applied meanwhile. */
static const struct listed_rule *rule_of(struct view *v, __u64 id)
{
	const struct listed_rule *r = id ? find_rule(v, id) : NULL;

	if (!id || r || monotonic_ns() - v->asked < SECOND / 10)
		return r;
	instance__refresh(v->in);
	read_rules(v);
	return find_rule(v, id);
}

/* Packets ------------------------------------------------------------------------- */

/* With the tag where it belongs; in the buffer, for its alignment. */
static struct shown put_together(const struct transcript *t, const struct eg_event *e,
				 const __u8 *data, __u32 captured, __u32 length)
{
	struct shown s = { t->buffer + LEAD, captured, length };
	__u8 *to = t->buffer + LEAD;
	__be16 tag[2] = { htons(e->tag >> 16), htons(e->tag & 0xffff) };

	if (!e->tag || captured < TAG_AT) {
		memcpy(to, data, captured);
		return s;
	}
	memcpy(to, data, TAG_AT);
	memcpy(to + TAG_AT, tag, TAG_SIZE);
	memcpy(to + TAG_AT + TAG_SIZE, data + TAG_AT, captured - TAG_AT);
	s.captured += TAG_SIZE;
	s.length += TAG_SIZE;
	return s;
}

/* "drop (reason) by line 7: drop from @x" */
static void describe(struct view *v, const struct eg_event *e, char *text, size_t size)
{
	const struct listed_rule *r = rule_of(v, e->rule);
	size_t used;

	used = snprintf(text, size, "%s", verdict_names[e->verdict]);
	if (e->reason != EG_REASON_NONE)
		used += snprintf(text + used, size - used, " (%s)", reason_names[e->reason]);
	if (r)
		snprintf(text + used, size - used, " by line %u: %s", r->line, r->text);
	else if (e->rule)
		snprintf(text + used, size - used, " by line %u, which is no longer there",
			 e->line);
	else
		snprintf(text + used, size - used, " by default");
}

/* Lines ---------------------------------------------------------------------------- */

static void print_time(const struct eg_event *e, FILE *to)
{
	__u64 ns = tap__time(e);
	time_t seconds = ns / SECOND;
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%T", &tm);
	fprintf(to, "%s.%06llu", text, ns % SECOND / 1000);
}

static void print_line(struct transcript *t, struct view *v, const struct eg_event *e,
		       const struct shown *s)
{
	char text[512];
	struct facts f;

	print_time(e, t->to);
	fprintf(t->to, " %s %s ", v->in->ifname, e->direction == EG_EGRESS ? "out" : "in");
	facts__read(&f, s->data, s->captured, v->l3);
	facts__print(&f, s->length, t->to);
	describe(v, e, text, sizeof(text));
	fprintf(t->to, ": %s\n", text);
}

/* JSON ------------------------------------------------------------------------------ */

static struct json_object *json_rule(struct view *v, const struct eg_event *e)
{
	const struct listed_rule *r = rule_of(v, e->rule);
	struct json_object *o;

	if (!e->rule)
		return NULL;
	o = json_object_new_object();
	json__add_id(o, "id", e->rule);
	json__add_number(o, "line", e->line);
	json__add_string_or_null(o, "text", r ? r->text : "");
	return o;
}

static void print_json(struct transcript *t, struct view *v, const struct eg_event *e,
		       const struct shown *s)
{
	struct json_object *o = json__document();
	__u64 ns = tap__time(e);
	struct facts f;
	char *summary;

	json__add_number(o, "time", ns / SECOND);
	json__add_number(o, "nanoseconds", ns % SECOND);
	json__add_place(o, v->in);
	json__add_number(o, "cpu", e->cpu);
	json__add_string(o, "direction", direction_names[e->direction]);
	json__add_string(o, "verdict", verdict_names[e->verdict]);
	json__add_string(o, "reason", reason_names[e->reason]);
	json_object_object_add(o, "rule", json_rule(v, e));
	json__add_number(o, "length", s->length);
	json__add_number(o, "captured", s->captured);
	json__add_number(o, "reply_length", e->reply);
	facts__read(&f, s->data, s->captured, v->l3);
	summary = facts__text(&f, s->length);
	json__add_string(o, "summary", summary ?: "");
	free(summary);
	if (v->own.data)
		json_object_object_add(o, "fields", facts__json(&f, v->own.data));
	fprintf(t->to, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* The file --------------------------------------------------------------------------- */

/* The code that a verdict became, for programs that read epb_verdict. */
static __u64 code_of(const struct eg_event *e)
{
	switch (e->verdict) {
	case EG_VERDICT_DROP:
		return e->xdp ? (__u64)XDP_DROP : TC_ACT_SHOT;
	case EG_VERDICT_ANSWER:
	case EG_VERDICT_REJECT:
		return e->xdp ? (__u64)XDP_TX : TC_ACT_REDIRECT;
	default:
		return e->xdp ? (__u64)XDP_PASS : (__u64)TC_ACT_UNSPEC;
	}
}

/* With what goes for a packet and for the reply to it. */
static void write_frame(struct transcript *t, const struct view *v, const struct eg_event *e,
			const struct shown *s, struct pcapng_packet *packet)
{
	packet->interface = v - t->views;
	packet->time = tap__time(e);
	packet->data = s->data;
	packet->captured = s->captured;
	packet->length = s->length;
	pcapng__packet(&t->file, packet);
	t->number++;
}

static void write_packet(struct transcript *t, struct view *v, const struct eg_event *e,
			 const struct shown *s)
{
	char comment[512];
	struct pcapng_packet packet = {
		.way = e->direction == EG_EGRESS ? PCAPNG_OUTBOUND : PCAPNG_INBOUND,
		.program = e->xdp ? PCAPNG_XDP : PCAPNG_TC,
		.code = code_of(e),
		.comment = comment,
	};

	describe(v, e, comment, sizeof(comment));
	write_frame(t, v, e, s, &packet);
}

static void write_reply(struct transcript *t, const struct view *v, const struct eg_event *e,
			const struct shown *s)
{
	char comment[64];
	struct pcapng_packet packet = { .way = PCAPNG_OUTBOUND, .comment = comment };

	snprintf(comment, sizeof(comment), "reply to packet %llu", (unsigned long long)t->number);
	write_frame(t, v, e, s, &packet);
}

/* Beginning and end ------------------------------------------------------------------- */

static enum status view__open(struct view *v, struct instance *in, const struct filter *filter)
{
	int err;

	v->in = in;
	err = in->programs[EG_INGRESS] < 0 ? -ENOENT
	      : rodata__read(in->programs[EG_INGRESS], "eg_l3", &v->l3, sizeof(v->l3));
	if (err)
		return report(status_of(err), "%s: its program can't be read: %s", in->ifname,
			      why(err));
	if (v->l3 && filter__needs_link(filter))
		return report(USAGE, "filter \"%s\": %s; %s has no link header",
			      filter__text(filter), filter__needs_link(filter), in->ifname);
	read_rules(v);
	mapped__open(&v->own, in->maps[PIN_ADDRS], false);
	return DONE;
}

static void describe_interface(struct transcript *t, const struct view *v, __u32 snap)
{
	char text[EG_META_PATH + 64];
	struct pcapng_interface i = {
		.name = v->in->ifname,
		.description = text,
		.filter = filter__text(t->filter),
		.link = v->l3 ? PCAPNG_RAW : PCAPNG_ETHERNET,
		.snap = snap,
	};

	snprintf(text, sizeof(text), "echogate, %s%s%s", mode_name(v->in->meta.mode),
		 *v->in->netns ? ", netns " : "", v->in->netns);
	pcapng__interface(&t->file, &i);
}

enum status transcript__open(struct transcript *t, FILE *to, enum form form,
			     const struct filter *filter, struct instances *all, __u32 snap)
{
	enum status st = DONE;

	memset(t, 0, sizeof(*t));
	t->to = to;
	t->form = form;
	t->filter = filter;
	t->views = calloc(all->count, sizeof(*t->views));
	t->buffer = malloc(LEAD + TAG_SIZE + EG_SNAP_MAX);
	if (!t->views || !t->buffer)
		return report(FAILED, "capturing: %s", why(ENOMEM));
	for (; !st && t->count < all->count; t->count++)
		st = view__open(&t->views[t->count], &all->list[t->count], filter);
	if (st || form != FORM_PCAPNG)
		return st;
	pcapng__begin(&t->file, to, "echogate " ECHOGATE_VERSION);
	for (size_t i = 0; i < t->count; i++)
		describe_interface(t, &t->views[i], snap);
	return DONE;
}

void transcript__add(struct transcript *t, size_t nth, const struct tap_packet *p)
{
	const struct eg_event *e = p->event;
	struct view *v = &t->views[nth];
	struct shown s;

	/* Of another build's programs, it could be anything. */
	if (e->verdict >= EG_VERDICT_COUNT || e->reason >= EG_REASON_COUNT ||
	    e->direction >= EG_DIRECTION_COUNT || e->captured > EG_SNAP_MAX ||
	    e->replied > EG_SNAP_MAX)
		return;
	s = put_together(t, e, p->frame, e->captured, e->length);
	if (!filter__passes(t->filter, v->l3, s.data, s.captured, s.length))
		return;
	t->written++;
	v->written++;
	switch (t->form) {
	case FORM_TEXT:
		print_line(t, v, e, &s);
		return;
	case FORM_JSON:
		print_json(t, v, e, &s);
		return;
	case FORM_PCAPNG:
		break;
	}
	write_packet(t, v, e, &s);
	if (!e->replied)
		return;
	s = put_together(t, e, p->reply, e->replied, e->reply);
	write_reply(t, v, e, &s);
}

void transcript__statistics(struct transcript *t, size_t nth, const struct eg_tap_count *count)
{
	struct timespec now;

	if (t->form != FORM_PCAPNG)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	pcapng__statistics(&t->file, nth, now.tv_sec * SECOND + now.tv_nsec, count->taken,
			   t->views[nth].written, count->lost);
}

void transcript__close(struct transcript *t)
{
	for (size_t i = 0; i < t->count; i++) {
		rulelist__free(&t->views[i].rules);
		mapped__close(&t->views[i].own);
	}
	pcapng__end(&t->file);
	free(t->views);
	free(t->buffer);
}
