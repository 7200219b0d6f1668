// SPDX-License-Identifier: GPL-2.0-only
#include "echo.h"
#include "inbox.h"
#include "loop.h"
#include "pingprint.h"
#include "target.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#define BURST		16		/* sent at once, when others held us up */
#define LAG_MAX		(SECOND / 20)	/* later than that, nothing is made up for */
#define SAMPLES_ALL	(1 << 17)	/* kept for percentiles, of all hosts together */
#define SAMPLES_MIN	256		/* ... but of each so many */
#define KEYS		4096		/* requests whose stamps are waited for; a power of two */

/* A family: its socket and what is sent through it. */
struct line {
	struct ping *ping;
	struct endpoint endpoint;
	struct inbox *inbox;
	struct watch watch;
	__u8 *message;
	size_t size;
	/* The last requests in the order in which the kernel stamps them. */
	struct {
		__u32 target;
		__u64 number;
	} keys[KEYS];
	__u32 key;			/* of the next request */
};

struct ping {
	const struct probe_options *o;
	struct loop loop;
	struct line *lines[2];		/* IPv4, IPv6; NULL: nobody to ask there */
	struct ping_result result;
	struct target *targets;
	size_t count;
	__u32 *index;			/* hash of an address: 1 + which target */
	size_t buckets;			/* a power of two */
	struct watch sender, ender, signals;
	__u64 begun;			/* when the first request was due */
	__u64 turn;			/* requests that have had their turn */
	__u64 open;			/* requests whose fate is open */
	size_t given_up;
	bool failed;
};

/* Targets ---------------------------------------------------------------------------- */

static size_t bucket_of(const struct ping *p, const union address *a)
{
	return hash_bytes(HASH_START, address__bytes(a), address__length(a->sa.sa_family)) &
	       (p->buckets - 1);
}

static struct target *find_target(const struct ping *p, const union address *a)
{
	for (size_t i = bucket_of(p, a); p->index[i]; i = (i + 1) & (p->buckets - 1))
		if (address__equal(&p->targets[p->index[i] - 1].host->address, a))
			return &p->targets[p->index[i] - 1];
	return NULL;
}

static void enter_target(struct ping *p, size_t target)
{
	size_t i = bucket_of(p, &p->targets[target].host->address);

	while (p->index[i])
		i = (i + 1) & (p->buckets - 1);
	p->index[i] = target + 1;
}

static struct line *line_of(const struct ping *p, const struct target *t)
{
	return p->lines[t->host->address.sa.sa_family == AF_INET6];
}

static enum status make_targets(struct ping *p, const struct hosts *hosts)
{
	size_t samples = SAMPLES_ALL / hosts->count;
	/* Replies are known as long as they may come, and duplicates some time longer. */
	size_t slots = p->o->timeout / p->o->interval * 2 + 2;

	for (p->buckets = 2; p->buckets < hosts->count * 2;)
		p->buckets *= 2;
	p->index = calloc(p->buckets, sizeof(*p->index));
	p->targets = calloc(hosts->count, sizeof(*p->targets));
	if (!p->index || !p->targets)
		return report(FAILED, "%zu hosts: %s", hosts->count, why(ENOMEM));
	for (size_t i = 0; i < hosts->count; i++) {
		if (target__init(&p->targets[i], &hosts->list[i], slots,
				 samples > SAMPLES_MIN ? samples : SAMPLES_MIN))
			return report(FAILED, "%zu hosts: %s", hosts->count, why(ENOMEM));
		p->count++;
		enter_target(p, i);
	}
	return DONE;
}

/* The end ---------------------------------------------------------------------------- */

static bool all_sent(const struct ping *p)
{
	return p->given_up == p->count || (p->o->count && p->turn == p->o->count * p->count);
}

static void end(struct watch *w)
{
	struct ping *p = w->owner;

	p->loop.stop = true;
}

static void end_at(struct ping *p, __u64 when)
{
	if (!p->ender.due || when < p->ender.due)
		p->ender.due = when;
}

static void look_for_end(struct ping *p)
{
	if (all_sent(p) && !p->open)
		p->loop.stop = true;
}

static void take_signal(struct watch *w)
{
	struct ping *p = w->owner;
	struct signalfd_siginfo s;

	while (read(w->fd, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGQUIT)
			pingprint__glance(&p->result);
		else
			p->loop.stop = true;
	}
}

/* Sending ------------------------------------------------------------------------------ */

static void hear_errors(struct line *l);

static int send_message(struct line *l, const struct target *t)
{
	const union address *to = &t->host->address;

	return sendto(l->endpoint.fd, l->message, l->size, MSG_DONTWAIT, &to->sa,
		      address__size(to)) < 0 ? -errno : 0;
}

/* Once, until another one comes or the next request can be sent. */
static void complain(struct ping *p, struct target *t, int err)
{
	const char *name = t->host->name;

	snprintf(t->last_error, sizeof(t->last_error), "%s", why(err));
	if (t->last_errno == err)
		return;
	t->last_errno = err;
	if (err == -ENETUNREACH || err == -EHOSTUNREACH)
		report(FAILED, "%s: no route: %s; 'ip route get %s' says more", name, why(err),
		       t->host->text);
	else if (err == -EMSGSIZE && p->o->df)
		report(FAILED, "%s: %zu bytes of data are too long for the way there, whose MTU is "
		       "%u; without --df they go in fragments", name, p->o->size,
		       endpoint__mtu(&line_of(p, t)->endpoint, &t->host->address));
	else if (err == -EMSGSIZE)
		report(FAILED, "%s: %zu bytes of data are too long for IP; expected %u at most", name,
		       p->o->size, t->host->address.sa.sa_family == AF_INET ? SIZE_MAX4 : SIZE_MAX6);
	else if (err == -EACCES)
		report(NOT_PERMITTED, "%s: it is an address of many, a broadcast's; name a host",
		       name);
	else if (err == -EPERM)
		report(NOT_PERMITTED, "%s: %s; a firewall of this host drops it, see 'nft list "
		       "ruleset'", name, why(err));
	else
		report(FAILED, "%s: sending failed: %s", name, why(err));
}

static void send_failed(struct ping *p, struct target *t, struct request *r, int err)
{
	target__unsend(t, r);
	p->open--;
	t->failed++;
	complain(p, t, err);
	/* What can be otherwise the next time is tried again, the rest only if it ever worked. */
	if (t->sent || err == -ENOBUFS || err == -EAGAIN || err == -EMSGSIZE || err == -ENOMEM)
		return;
	t->given_up = true;
	p->given_up++;
	p->failed = true;
}

static void send_one(struct ping *p, struct target *t)
{
	struct line *l = line_of(p, t);
	__u64 open = t->open;
	struct request *r;
	int err;

	r = target__send(t);
	p->open += t->open - open;
	l->keys[l->key % KEYS].target = t - p->targets;
	l->keys[l->key % KEYS].number = r->number;
	echo__renumber(l->message, l->endpoint.family, r->number);
	r->monotonic = monotonic_ns();
	r->real = realtime_ns();
	err = send_message(l, t);
	if (err && !l->endpoint.raw) {
		/* It may have been an error that had come for another request. */
		hear_errors(l);
		err = send_message(l, t);
	}
	if (!err) {
		l->key++;
		t->last_errno = 0;
		return;
	}
	hear_errors(l);
	inbox__restart_keys(l->inbox);
	l->key = 0;
	send_failed(p, t, r, err);
}

/* When the next one is to be sent: hosts take turns, evenly within an interval. */
static __u64 next_due(const struct ping *p)
{
	return p->begun + p->turn / p->count * p->o->interval +
	       (__u64)((unsigned __int128)p->o->interval * (p->turn % p->count) / p->count);
}

static void send_due(struct watch *w)
{
	struct ping *p = w->owner;
	__u64 now = monotonic_ns();

	if (now > next_due(p) + LAG_MAX)
		p->begun += now - next_due(p);
	for (int i = 0; i < BURST && !all_sent(p) && next_due(p) <= now; i++) {
		struct target *t = &p->targets[p->turn++ % p->count];

		if (!t->given_up)
			send_one(p, t);
	}
	if (!all_sent(p)) {
		w->due = next_due(p);
		return;
	}
	end_at(p, now + p->o->timeout);
	look_for_end(p);
}

/* Receiving ---------------------------------------------------------------------------- */

static void take_stamp(struct line *l, const struct arrival *a)
{
	struct ping *p = l->ping;
	struct request *r;

	if (l->key - a->key - 1 >= KEYS)
		return;
	r = target__find_number(&p->targets[l->keys[a->key % KEYS].target],
				l->keys[a->key % KEYS].number);
	if (!r)
		return;
	/* By the device's clock later than by the kernel's: each tells its own. */
	r->real = a->real ?: r->real;
	r->hardware = a->hardware ?: r->hardware;
}

static bool differs(const struct probe_options *o, const struct reply *r, struct corruption *c)
{
	size_t size = r->body_size < o->size ? r->body_size : o->size;

	c->length = r->body_size != o->size;
	c->at = pattern__differs(&o->pattern, r->body, size);
	if (c->at == size) {
		c->at = r->body_size;
		return c->length;
	}
	c->sent = pattern__byte(&o->pattern, c->at);
	c->came = r->body[c->at];
	return true;
}

static void take_echo(struct line *l, const struct arrival *a, __u64 now)
{
	struct ping *p = l->ping;
	struct target *t = find_target(p, &a->from);
	enum clock_used used;
	struct corruption c;
	struct request *r;
	bool first = false;
	__u64 rtt, open;

	/* A single host may answer from another address: it is who was asked. */
	if (!t && p->count == 1)
		t = &p->targets[0];
	r = t ? target__find(t, a->reply.seq) : NULL;
	if (a->reply.id != l->endpoint.id || !r) {
		p->result.strays += a->reply.id == l->endpoint.id;
		return;
	}
	open = t->open;
	rtt = request__rtt(r, now, a->real, a->hardware, &used);
	if (differs(p->o, &a->reply, &c) || a->reply.checksum_wrong)
		t->corrupted++;
	/* With a wrong checksum nothing of it can be relied upon: the request isn't answered. */
	if (!a->reply.checksum_wrong)
		first = target__answer(t, r);
	p->open -= open - t->open;
	if (first) {
		samples__add(&t->rtt, rtt);
		t->clocks[used]++;
	}
	if (!p->o->quiet && !p->o->json)
		pingprint__reply(t, a, r->number, rtt, !first && !a->reply.checksum_wrong, &c);
}

static void take_error(struct line *l, const struct arrival *a)
{
	const struct quoted *q = &a->reply.quoted;
	struct ping *p = l->ping;
	struct target *t;
	struct request *r;
	char text[96], from[ADDRESS_TEXT];
	__u64 open;

	/* It may quote others' packets: another ping's, or none at all. */
	if (!q->echo || q->id != l->endpoint.id)
		return;
	t = find_target(p, &q->to);
	r = t ? target__find(t, q->seq) : NULL;
	if (!r) {
		p->result.strays++;
		return;
	}
	open = t->open;
	/* After a redirect the request is still on its way. */
	if (reply__is_redirect(&a->reply))
		t->errors++;
	else
		target__refuse(t, r);
	p->open -= open - t->open;
	snprintf(t->last_error, sizeof(t->last_error), "%s from %s",
		 reply__describe(&a->reply, text, sizeof(text)), address__print(&a->from, from));
	if (!p->o->quiet && !p->o->json)
		pingprint__error(&p->result, t, a, r->number);
}

static void take(struct line *l, const struct arrival *a, __u64 now)
{
	struct ping *p = l->ping;

	if (a->stamp) {
		take_stamp(l, a);
	} else if (a->local) {
		/* sendto() has said it. */
	} else if (a->reply.kind == REPLY_ECHO) {
		take_echo(l, a, now);
	} else if (a->reply.kind == REPLY_ERROR) {
		take_error(l, a);
	} else if (a->reply.kind == REPLY_MALFORMED) {
		p->result.malformed++;
		if (!p->o->quiet && !p->o->json)
			pingprint__malformed(a);
	}
}

/* A batch; false: there is nothing more. */
static bool hear(struct line *l, int (*receive)(struct inbox *in))
{
	int n = receive(l->inbox);
	__u64 now = monotonic_ns();
	struct arrival a;

	for (int i = 0; i < n; i++) {
		inbox__get(l->inbox, i, &a);
		take(l, &a, now);
	}
	/* An error of the socket is one that the error queue tells more about. */
	return n == INBOX_BATCH;
}

/* Also the stamps, which must be there before the reply. */
static void hear_errors(struct line *l)
{
	while (hear(l, inbox__receive_errors))
		;
}

static void hear_all(struct watch *w)
{
	struct line *l = w->owner;

	hear_errors(l);
	hear(l, inbox__receive);
	look_for_end(l->ping);
}

/* From the beginning to the end -------------------------------------------------------- */

static enum status open_line(struct ping *p, int family)
{
	struct line *l = calloc(1, sizeof(*l));
	enum status st;
	int err;

	if (!l)
		return report(FAILED, "%s: %s", family_name(family), why(ENOMEM));
	p->lines[family == AF_INET6] = l;
	l->ping = p;
	l->endpoint = (struct endpoint)ENDPOINT_INIT;
	l->size = ECHO_HEADER + p->o->size;
	l->message = malloc(l->size);
	if (!l->message)
		return report(FAILED, "%s: %s", family_name(family), why(ENOMEM));
	st = endpoint__open(&l->endpoint, family, p->o) ?:
	     inbox__open(&l->inbox, &l->endpoint, p->o->size);
	if (st)
		return st;
	echo__build(l->message, family, l->endpoint.id, 0, &p->o->pattern, p->o->size);
	inbox__ask_for_stamps(l->inbox);
	l->watch = (struct watch){ .fd = l->endpoint.fd, .call = hear_all, .owner = l };
	err = loop__add(&p->loop, &l->watch, EPOLLIN);
	return err ? report(FAILED, "waiting for replies: %s", why(err)) : DONE;
}

static void close_line(struct line *l)
{
	if (!l)
		return;
	inbox__close(l->inbox);
	endpoint__close(&l->endpoint);
	free(l->message);
	free(l);
}

static enum status open_lines(struct ping *p)
{
	enum status st = DONE;

	for (size_t i = 0; i < p->count && !st; i++)
		if (!line_of(p, &p->targets[i]))
			st = open_line(p, p->targets[i].host->address.sa.sa_family);
	return st;
}

static enum status prepare(struct ping *p)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->signals = (struct watch){ .call = take_signal, .owner = p };
	p->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	err = p->signals.fd < 0 ? -errno : loop__open(&p->loop);
	p->sender = (struct watch){ .fd = -1, .call = send_due, .owner = p };
	p->ender = (struct watch){ .fd = -1, .call = end, .owner = p };
	if (!err)
		err = loop__add(&p->loop, &p->signals, EPOLLIN) ?:
		      loop__add(&p->loop, &p->sender, 0) ?: loop__add(&p->loop, &p->ender, 0);
	/* What is paced by microseconds isn't put together with other timers. */
	prctl(PR_SET_TIMERSLACK, 1);
	return err ? report(FAILED, "waiting for events: %s", why(err)) : DONE;
}

static int verdict(const struct ping *p, const struct hosts *hosts)
{
	/* As ping: with both given, each request counts. */
	__u64 least = p->o->count && p->o->deadline ? p->o->count : 1;

	if (p->failed || hosts->unknown)
		return PROBE_ERROR;
	for (size_t i = 0; i < p->count; i++)
		if (p->targets[i].received < least)
			return PROBE_SILENT;
	return PROBE_ANSWERED;
}

int ping__run(const struct probe_options *o, const struct hosts *hosts)
{
	struct ping p = { .o = o, .loop = LOOP_INIT, .signals.fd = -1 };
	int status = PROBE_ERROR, err;

	if (prepare(&p) || make_targets(&p, hosts) || open_lines(&p))
		goto cleanup;
	setvbuf(stdout, NULL, _IOLBF, 0);
	pingprint__begin(o, hosts);
	p.begun = monotonic_ns();
	p.sender.due = p.begun;
	p.result = (struct ping_result){ .options = o, .targets = p.targets, .count = p.count };
	if (o->deadline)
		end_at(&p, p.begun + o->deadline);
	err = loop__run(&p.loop);
	if (err) {
		report(FAILED, "waiting for events: %s", why(err));
		goto cleanup;
	}
	p.result.elapsed = monotonic_ns() - p.begun;
	/* What never began has no statistics; why has been said. */
	if (p.given_up < p.count || o->json)
		pingprint__end(&p.result);
	status = verdict(&p, hosts);
cleanup:
	for (size_t i = 0; i < p.count; i++)
		target__free(&p.targets[i]);
	free(p.targets);
	free(p.index);
	close_line(p.lines[0]);
	close_line(p.lines[1]);
	close_fd(&p.signals.fd);
	loop__close(&p.loop);
	return status;
}
