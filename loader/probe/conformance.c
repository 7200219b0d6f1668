// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requests of the battery are sent one after the other without waiting for what they draw:
 * each has a mark, which comes back in a reply and in what an error quotes. Those that can't bear
 * one have the line to themselves. What should have drawn something and didn't is sent once more.
 */
#include "bytes.h"
#include "findings.h"
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <net/ethernet.h>
#include <sys/random.h>

#define MARK_FIRST	0x1000
#define MARK_LAST	0xe000	/* of the first request's marks */

#define TRIES		3	/* of the ordinary request in front of all */
#define GAP		(SECOND / 200)	/* between requests */
#define SETTLE		(SECOND / 40)	/* at least, for what must be alone */
#define LAST_WAIT	(SECOND / 2)

/* Linux sends six errors at once, then one a second, to a host. One less is taken of it. */
#define ERROR_EVERY	SECOND
#define ERRORS_AT_ONCE	5

#define RESPONSES_MAX	(REQUEST_BURST + 8)	/* of a request: more say no more */

struct kept {
	__u8 *data;
	size_t size;
};

struct trial {
	const char *skipped;		/* why, or NULL */
	struct kept kept[RESPONSES_MAX];
	size_t count;
};

struct conformance {
	struct nexthop hop;
	struct line line;
	struct battery battery;
	struct trial *trials;		/* one for each request */
	struct opinion *opinions;
	__u16 mark;
	size_t current;			/* the request that was sent last */
	__u64 settle, last_wait;
	__u64 errors_until;		/* when the errors drawn will be made up for */
	struct received received;
	struct pieces pieces;
};

/* Whose response ----------------------------------------------------------------- */

static bool is_mark(const struct conformance *c, __u16 value, size_t *at)
{
	*at = (__u16)(value - c->mark);
	return *at < c->battery.count;
}

static bool find_quoted(const struct conformance *c, const struct response *r, size_t *at)
{
	const __u8 *quote = r->l4 + 8;

	if (r->l4_len < 8 + 20)
		return false;
	return is_mark(c, get16(quote + (r->family == 4 ? 4 : 2)), at);
}

static bool find_mark(const struct conformance *c, const struct response *r, size_t *at)
{
	if (response__is_error(r))
		return find_quoted(c, r, at);
	if (response__is_icmp(r))
		return is_mark(c, get16(r->l4 + 4), at);
	if (r->proto == IPPROTO_UDP && r->l4_len >= 4)
		return is_mark(c, get16(r->l4), at) || is_mark(c, get16(r->l4 + 2), at);
	return false;
}

/* What keeps a network going, whoever asked. */
static bool is_housekeeping(const struct conformance *c, const struct response *r)
{
	const struct request *q = &c->battery.list[c->current];

	if (r->family == 4 || !response__is_icmp(r))
		return false;
	if (r->l4[0] == 136)
		return q->spec.l4[0] != 135;
	return (r->l4[0] >= 130 && r->l4[0] <= 137) || r->l4[0] == 143;
}

/* What was chosen to fit a checksum may look like another's mark. */
static bool is_answer_to_current(const struct conformance *c, const struct response *r)
{
	const struct request *q = &c->battery.list[c->current];

	return q->flags & REQUEST_ALONE && q->message_len >= 8 && response__is_icmp(r) &&
	       !response__is_error(r) && !memcmp(r->l4 + 4, q->message + 4, 2);
}

/* Without a mark: to what stands alone, unless it is somebody else's ping; or by what is broken. */
static bool is_for_current(const struct conformance *c, const struct response *r)
{
	const struct request *q = &c->battery.list[c->current];
	size_t size = r->family == 4 ? 4 : 16;

	if (memcmp(r->from, q->spec.dst, size) && memcmp(r->to, q->spec.src, size) &&
	    memcmp(r->from, c->hop.route.to, size))
		return false;
	if (r->fault)
		return true;
	if (!(q->flags & REQUEST_ALONE))
		return r->proto == q->spec.proto && !response__is_icmp(r);
	if (!response__is_icmp(r))
		return r->proto == q->spec.proto;
	return r->l4[0] != (r->family == 4 ? 0 : 129) || q->message_len < 8 ||
	       !memcmp(r->l4 + 4, q->message + 4, 2);
}

/* On loopback, requests come back by themselves. */
static bool is_own(const struct conformance *c, const struct received *r)
{
	const struct request *q = &c->battery.list[c->current];
	const size_t same = 12;		/* behind it the stack changes nothing */

	for (size_t i = 0; i < q->count && c->line.way == LINE_STACK; i++) {
		const struct frame *f = q->frame[i];

		if (f->len - ETH_HLEN == r->size && r->size > same &&
		    !memcmp(f->data + ETH_HLEN + same, r->data + same, r->size - same))
			return true;
	}
	return false;
}

static int keep(struct trial *t, const struct response *r, size_t size)
{
	struct kept *k = &t->kept[t->count];

	if (t->count == RESPONSES_MAX)
		return 0;
	k->data = malloc(size ?: 1);
	if (!k->data)
		return -ENOMEM;
	memcpy(k->data, r->packet, size);
	k->size = size;
	t->count++;
	return 0;
}

static int take(struct conformance *c)
{
	int family = c->hop.route.family;
	size_t size = c->received.size, at;
	const __u8 *whole;
	struct response r;

	if (is_own(c, &c->received))
		return 0;
	if (!response__read(&r, c->received.data, size, family))
		return 0;
	if (r.fragment && !r.fault) {
		whole = response__join(&c->pieces, &r, &size);
		if (!whole || !response__read(&r, whole, size, family))
			return 0;
	}
	if (is_housekeeping(c, &r))
		return 0;
	if (is_answer_to_current(c, &r)) {
		at = c->current;
	} else if (!find_mark(c, &r, &at)) {
		if (!is_for_current(c, &r))
			return 0;
		at = c->current;
	}
	return keep(&c->trials[at], &r, size);
}

static int listen_until(struct conformance *c, __u64 deadline)
{
	int err;

	while ((err = line__receive(&c->line, &c->received, deadline)) > 0) {
		err = take(c);
		if (err)
			return err;
	}
	return err;
}

static int listen_for(struct conformance *c, __u64 ns)
{
	return listen_until(c, monotonic_ns() + ns);
}

/* Sending ------------------------------------------------------------------------ */

static int send_frames(struct conformance *c, const struct request *q)
{
	size_t copies = q->flags & REQUEST_LIMITED ? REQUEST_BURST : 1;
	int err = 0;

	for (size_t i = 0; i < copies && !err; i++)
		for (size_t j = 0; j < q->count && !err; j++)
			err = line__send(&c->line, q->frame[j]);
	return err;
}

/* The host isn't asked for more errors than it sends. */
static int wait_for_errors(struct conformance *c)
{
	__u64 now = monotonic_ns(), allowed;
	int err = 0;

	if (c->line.way == LINE_STACK)
		return 0;
	if (c->errors_until < now)
		c->errors_until = now;
	allowed = c->errors_until - now;
	if (allowed > (ERRORS_AT_ONCE - 1) * ERROR_EVERY)
		err = listen_for(c, allowed - (ERRORS_AT_ONCE - 1) * ERROR_EVERY);
	c->errors_until += ERROR_EVERY;
	return err;
}

static int try(struct conformance *c, size_t at)
{
	const struct request *q = &c->battery.list[at];
	struct trial *t = &c->trials[at];
	__u64 after = GAP;
	int err = 0;

	t->skipped = line__cannot(&c->line, q);
	if (t->skipped)
		return 0;
	if (q->linux_does.kind == REACTION_ERROR)
		err = wait_for_errors(c);
	if (!err && q->flags & REQUEST_ALONE)
		err = listen_for(c, after = c->settle);
	if (err)
		return err;
	c->current = at;
	err = send_frames(c, q);
	/* A stack that fills in headers may refuse what we have made of them. */
	if (err && c->line.way == LINE_STACK && err != -ENOMEM) {
		t->skipped = "this host's own stack wouldn't send it";
		return 0;
	}
	return err ?: listen_for(c, after);
}

static bool is_missed(const struct request *q, const struct trial *t)
{
	return !t->skipped && !t->count && q->linux_does.kind != REACTION_SILENCE;
}

static int try_all(struct conformance *c)
{
	int err = 0;

	for (size_t i = 0; i < c->battery.count && !err; i++)
		err = try(c, i);
	if (!err)
		err = listen_for(c, c->last_wait);
	for (size_t i = 0; i < c->battery.count && !err; i++)
		if (is_missed(&c->battery.list[i], &c->trials[i]))
			err = try(c, i);
	return err ?: listen_for(c, c->last_wait);
}

static void forget(struct trial *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->kept[i].data);
	t->count = 0;
}

/* The ordinary request: what it says of the time that is needed is all that is kept. */
static enum status warm_up(struct conformance *c, const struct host *host)
{
	struct trial *t = &c->trials[0];
	__u64 sent, took;
	int err = 0;

	c->current = 0;
	for (int i = 0; i < TRIES; i++) {
		sent = monotonic_ns();
		err = send_frames(c, &c->battery.list[0]);
		while (!err && !t->count && monotonic_ns() < sent + SECOND)
			err = listen_for(c, SECOND / 1000);
		if (err)
			return report(status_of(err), "%s: %s", c->hop.device.name, why(err));
		if (!t->count)
			continue;
		took = monotonic_ns() - sent;
		c->settle = 3 * took > SETTLE ? 3 * took : SETTLE;
		c->last_wait = 4 * took + LAST_WAIT;
		/* An earlier one may be answered yet. */
		err = i ? listen_for(c, c->settle) : 0;
		forget(t);
		return err ? report(FAILED, "%s: %s", c->hop.device.name, why(err)) : DONE;
	}
	return report(FAILED, "%s: no reply to an ordinary echo request, so there is nothing to "
		      "compare; try 'echogate probe %s'", host->name, host->name);
}

/* Judging ------------------------------------------------------------------------ */

static void judge_all(struct conformance *c)
{
	static struct response list[RESPONSES_MAX];

	for (size_t i = 0; i < c->battery.count; i++) {
		const struct request *q = &c->battery.list[i];
		const struct trial *t = &c->trials[i];
		struct opinion *o = &c->opinions[i];

		if (t->skipped) {
			copy_text(o->why, t->skipped, sizeof(o->why));
			continue;
		}
		for (size_t j = 0; j < t->count; j++)
			response__read(&list[j], t->kept[j].data, t->kept[j].size, q->spec.family);
		judge(q, c->hop.on_link, list, t->count, o);
	}
}

static int conclude(struct conformance *c, const struct probe_options *o, const struct host *host)
{
	struct findings f = { .host = host, .line = &c->line, .battery = &c->battery,
			      .opinions = c->opinions };
	size_t counts[FINDINGS];

	judge_all(c);
	if (o->json)
		findings__print_json(&f);
	else
		findings__print(&f, o->quiet);
	findings__count(&f, counts);
	return counts[FINDING_UNLIKE] || counts[FINDING_WRONG] ? PROBE_SILENT : PROBE_ANSWERED;
}

static enum status prepare(struct conformance *c, const struct host *host,
			   const struct probe_options *o)
{
	enum status st;
	int err;

	if (!capability__held(CAP_NET_RAW))
		return report(NOT_PERMITTED, "--conformance: not permitted: without CAP_NET_RAW "
			      "all of its requests would be skipped; run it as root");
	st = nexthop__find(&c->hop, host, o) ?: line__open(&c->line, &c->hop);
	if (st)
		return st;
	if (getrandom(&c->mark, sizeof(c->mark), 0) != sizeof(c->mark))
		c->mark = monotonic_ns() / 1000;
	c->mark = MARK_FIRST + c->mark % (MARK_LAST - MARK_FIRST);
	err = battery__build(&c->battery, &c->hop.route, c->mark);
	if (!err) {
		c->trials = calloc(c->battery.count, sizeof(*c->trials));
		c->opinions = calloc(c->battery.count, sizeof(*c->opinions));
		err = c->trials && c->opinions ? 0 : -ENOMEM;
	}
	return err ? report(FAILED, "--conformance: %s", why(err)) : warm_up(c, host);
}

int conformance__run(const struct probe_options *o, const struct hosts *hosts)
{
	const struct host *host = hosts->list;
	struct conformance *c;
	int status = PROBE_ERROR, err;

	if (hosts->count + hosts->unknown > 1) {
		report(USAGE, "--conformance: one host at a time");
		return PROBE_ERROR;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		report(FAILED, "--conformance: %s", why(ENOMEM));
		return PROBE_ERROR;
	}
	c->line = (struct line)LINE_INIT;
	if (prepare(c, host, o))
		goto cleanup;
	if (!o->json)
		findings__begin(host, &c->line, c->battery.count);
	err = try_all(c);
	if (err)
		report(status_of(err), "%s: %s", c->hop.device.name, why(err));
	else
		status = conclude(c, o, host);
cleanup:
	for (size_t i = 0; c->trials && i < c->battery.count; i++)
		forget(&c->trials[i]);
	free(c->trials);
	free(c->opinions);
	battery__free(&c->battery);
	line__close(&c->line);
	free(c);
	return status;
}
