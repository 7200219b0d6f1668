// SPDX-License-Identifier: GPL-2.0-only
#include "echo.h"
#include "inbox.h"
#include "interrupt.h"
#include "json.h"
#include "loop.h"
#include "own.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/sock_diag.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "echogate/csum.h"

#define BATCH	   64
#define SEEN	   (1u << 20)	  /* of the newest requests, whose replies are told apart */
#define SEEN_SHORT (1u << 16)	  /* ... if they have no room for more than 16 bits of a number */
#define NUMBER	   8		  /* bytes of data that are the request's number */
#define WINDOW	   1024		  /* on their way at once without a rate */
#define STUCK	   (SECOND / 100) /* then a full window is lost */
#define LAG_MAX	   (SECOND / 100) /* of a rate: what is later isn't made up for */
#define BOUND	   (10 * SECOND)  /* without --deadline */
#define LIVE	   (SECOND / 2)	  /* between two lines on a terminal */

struct flood {
	const struct probe_options *o;
	const struct host *host;
	struct endpoint endpoint;
	struct inbox *inbox;
	struct mmsghdr heads[BATCH];
	struct iovec parts[BATCH];
	__u8 *messages, *model; /* BATCH of them; one with the number 0 */
	size_t size;
	__u64 *seen; /* by number: the request there, twice, + 1 if answered */
	__u32 slots;
	__u64 begun, last_sent, last_came;
	__u64 start;   /* of the rate: begun, later by what wasn't made up for */
	__u64 skipped; /* requests of a window that was lost */
	__u64 sent, received, duplicates, corrupted, strays, errors;
	__u64 no_room;		    /* times that the kernel had none to send: ENOBUFS */
	__u64 overruns;		    /* replies that came and weren't taken in time */
	int failed;		    /* why sending ended, or 0 */
	__u64 lines;		    /* when the next line is due */
	__u64 line_sent, line_time; /* at the last one */
};

/* Permission ------------------------------------------------------------------------- */

static enum status check_target(const struct flood *f)
{
	char where[300];

	if (f->o->mine)
		return DONE;
	if (!own__address(&f->host->address, f->o, where, sizeof(where)))
		return report(
			USAGE,
			"--flood: %s is neither loopback nor, by this way, an address of this "
			"machine's namespaces that can be looked into; if the host is yours, say "
			"--yes-this-is-mine",
			f->host->text);
	note("%s is an address of %s", f->host->text, where);
	return DONE;
}

/* Sending ---------------------------------------------------------------------------- */

/* Gives a copy of the model its number. */
static void number_message(struct flood *f, __u8 *message, __u64 number)
{
	__be64 wide = htobe64(number);
	__be16 seq = htons(number), checksum;

	memcpy(message + 6, &seq, sizeof(seq));
	if (f->o->size >= NUMBER)
		memcpy(message + ECHO_HEADER, &wide, sizeof(wide));
	else
		wide = 0;
	if (f->endpoint.family == AF_INET6)
		return;
	memcpy(&checksum, f->model + 2, sizeof(checksum));
	checksum = ~eg_fold((__u64)(__u16)~checksum + seq + (wide & 0xffffffff) + (wide >> 32));
	memcpy(message + 2, &checksum, sizeof(checksum));
}

/* What of the rate, or of the window, is left. */
static __u64 allowance(struct flood *f, __u64 now)
{
	__u64 left = f->o->count ? f->o->count - f->sent : ~0ULL, due, open;

	if (f->o->rate) {
		due = (unsigned __int128)(now - f->start) * f->o->rate / SECOND;
		if (due > f->sent + f->o->rate / (SECOND / LAG_MAX) + 1) {
			f->start = now - (unsigned __int128)f->sent * SECOND / f->o->rate;
			due = f->sent + 1;
		}
		due = due > f->sent ? due - f->sent : 0;
	} else {
		open = f->sent - f->received - f->skipped;
		if (open >= WINDOW && now > f->last_sent + STUCK && now > f->last_came + STUCK) {
			f->skipped += open;
			open = 0;
		}
		due = open < WINDOW ? WINDOW - open : 0;
	}
	return due < left ? due : left;
}

static void send_batch(struct flood *f, int batch)
{
	int n;

	for (int i = 0; i < batch; i++) {
		__u64 number = f->sent + i;

		number_message(f, f->messages + i * f->size, number);
		f->seen[number & (f->slots - 1)] = number * 2;
	}
	n = sendmmsg(f->endpoint.fd, f->heads, batch, MSG_DONTWAIT);
	if (n > 0) {
		f->sent += n;
		f->last_sent = monotonic_ns();
	} else if (errno == ENOBUFS) {
		f->no_room++;
	} else if (errno != EAGAIN && errno != EINTR) {
		f->failed = errno;
	}
}

/* Receiving -------------------------------------------------------------------------- */

static bool is_intact(const struct flood *f, const struct reply *r)
{
	size_t from = f->o->size >= NUMBER ? NUMBER : 0;

	return r->body_size == f->o->size && !r->checksum_wrong &&
	       !memcmp(r->body + from, f->model + ECHO_HEADER + from, f->o->size - from);
}

static __u64 number_of(const struct flood *f, const struct reply *r)
{
	__be64 wide;

	if (f->o->size < NUMBER)
		return f->sent - 1 - (__u16)(f->sent - 1 - r->seq);
	memcpy(&wide, r->body, sizeof(wide));
	return be64toh(wide);
}

static void take(struct flood *f, const struct reply *r)
{
	__u64 number, *seen;

	if (r->kind == REPLY_ERROR) {
		f->errors += r->quoted.echo && r->quoted.id == f->endpoint.id;
		return;
	}
	if (r->kind != REPLY_ECHO || r->id != f->endpoint.id)
		return;
	if (!is_intact(f, r)) {
		f->corrupted++;
		return;
	}
	number = number_of(f, r);
	seen = &f->seen[number & (f->slots - 1)];
	if (number >= f->sent || *seen >> 1 != number) {
		f->strays++;
	} else if (*seen & 1) {
		f->duplicates++;
	} else {
		*seen |= 1;
		f->received++;
	}
}

/* Whether there was anything. */
static bool receive(struct flood *f)
{
	struct arrival a;
	bool any = false;
	int n;

	do {
		n = inbox__receive(f->inbox);
		for (int i = 0; i < n; i++) {
			inbox__get(f->inbox, i, &a);
			take(f, &a.reply);
		}
		any |= n > 0;
	} while (n == INBOX_BATCH);
	/* A raw socket's errors have come as packets; a ping socket's are here. */
	do {
		n = inbox__receive_errors(f->inbox);
		for (int i = 0; i < n && !f->endpoint.raw; i++) {
			inbox__get(f->inbox, i, &a);
			take(f, &a.reply);
		}
	} while (n == INBOX_BATCH);
	if (any)
		f->last_came = monotonic_ns();
	return any;
}

static void wait_for(struct flood *f, __u64 ns, short events)
{
	struct pollfd fd = { .fd = f->endpoint.fd, .events = events };
	struct timespec t = { .tv_sec = ns / SECOND, .tv_nsec = ns % SECOND };

	ppoll(&fd, 1, &t, NULL);
}

static void count_overruns(struct flood *f)
{
	__u32 info[SK_MEMINFO_VARS] = {};
	socklen_t size = sizeof(info);

	if (!getsockopt(f->endpoint.fd, SOL_SOCKET, SO_MEMINFO, info, &size))
		f->overruns = info[SK_MEMINFO_DROPS];
}

/* From the beginning to the end --------------------------------------------------------- */

static void show_line(struct flood *f, __u64 now)
{
	if (!f->lines || now < f->lines)
		return;
	fprintf(stderr, "\r%llu/s, %llu sent, %llu received, %llu duplicates \033[K",
		(__u64)((f->sent - f->line_sent) * 1e9 / (now - f->line_time)), f->sent,
		f->received, f->duplicates);
	f->line_sent = f->sent;
	f->line_time = now;
	f->lines = now + LIVE;
}

/* Until the next request of the rate is due, or something must have come. */
static __u64 pause_of(const struct flood *f, __u64 now)
{
	__u64 due;

	if (!f->o->rate)
		return STUCK;
	due = f->start + ((unsigned __int128)f->sent + 1) * SECOND / f->o->rate;
	return due > now ? due - now : 0;
}

static void send_all(struct flood *f, __u64 until)
{
	while (!interrupted() && !f->failed && (!f->o->count || f->sent < f->o->count)) {
		__u64 now = monotonic_ns(), may, before = f->sent;

		if (now >= until)
			return;
		show_line(f, now);
		may = allowance(f, now);
		if (may)
			send_batch(f, may < BATCH ? may : BATCH);
		if (!receive(f) && f->sent == before)
			wait_for(f, may ? SECOND / 1000 : pause_of(f, now),
				 POLLIN | (may ? POLLOUT : 0));
	}
}

/* The last replies; those of windows given up may come as well. */
static void take_rest(struct flood *f, __u64 now)
{
	__u64 until = now + f->o->timeout;

	while (!interrupted() && f->received < f->sent && now < until) {
		if (!receive(f))
			wait_for(f, until - now, POLLIN);
		now = monotonic_ns();
	}
	/* Duplicates of the last ones. */
	receive(f);
}

static double per_second(__u64 count, __u64 ns)
{
	return ns ? count * 1e9 / ns : 0;
}

static void print_result(const struct flood *f, __u64 elapsed)
{
	printf("\n--- %s flood statistics ---\n", f->host->name);
	printf("%llu packets transmitted, %llu received, %llu lost, %llu duplicates, %g%% packet "
	       "loss, time %llums\n",
	       f->sent, f->received, f->sent - f->received, f->duplicates,
	       f->sent ? (f->sent - f->received) * 100. / f->sent : 0., elapsed / (SECOND / 1000));
	printf("rate %.0f/s; %llu times no room to send (ENOBUFS), %llu replies not taken in time, "
	       "%llu corrupted, %llu errors, %llu strays\n",
	       per_second(f->sent, elapsed), f->no_room, f->overruns, f->corrupted, f->errors,
	       f->strays);
}

static void print_json(const struct flood *f, __u64 elapsed)
{
	struct json_object *doc = json__document(), *hosts = json_object_new_array();
	struct json_object *o = json_object_new_object();

	json__add_string(o, "host", f->host->name);
	json__add_string(o, "address", f->host->text);
	json__add_number(o, "sent", f->sent);
	json__add_number(o, "received", f->received);
	json__add_number(o, "lost", f->sent - f->received);
	json__add_number(o, "duplicates", f->duplicates);
	json__add_number(o, "corrupted", f->corrupted);
	json__add_number(o, "errors", f->errors);
	json__add_number(o, "strays", f->strays);
	json__add_number(o, "enobufs", f->no_room);
	json__add_number(o, "overruns", f->overruns);
	json__add_number(o, "per_second", per_second(f->sent, elapsed));
	json__add_number(o, "elapsed_ns", elapsed);
	json_object_array_add(hosts, o);
	json_object_object_add(doc, "hosts", hosts);
	json__print(doc, false);
}

static enum status prepare(struct flood *f)
{
	const union address *to = &f->host->address;
	int family = to->sa.sa_family, on = 1;
	enum status st;

	f->size = ECHO_HEADER + f->o->size;
	f->slots = f->o->size < NUMBER ? SEEN_SHORT : SEEN;
	f->model = malloc(f->size);
	f->messages = malloc(BATCH * f->size);
	f->seen = malloc(f->slots * sizeof(*f->seen));
	if (!f->model || !f->messages || !f->seen)
		return report(FAILED, "flood: %s", why(ENOMEM));
	memset(f->seen, 0xff, f->slots * sizeof(*f->seen));
	st = endpoint__open(&f->endpoint, family, f->o)
		     ?: inbox__open(&f->inbox, &f->endpoint, f->o->size);
	if (st)
		return st;
	/* Only who asks for errors is told that a queue of this host was full. */
	setsockopt(f->endpoint.fd, family == AF_INET ? SOL_IP : SOL_IPV6,
		   family == AF_INET ? IP_RECVERR : IPV6_RECVERR, &on, sizeof(on));
	echo__build(f->model, family, f->endpoint.id, 0, &f->o->pattern, f->o->size);
	/* The number's place in the sum is empty. */
	if (f->o->size >= NUMBER)
		memset(f->model + ECHO_HEADER, 0, NUMBER);
	echo__finish(f->model, family, f->size);
	for (int i = 0; i < BATCH; i++) {
		memcpy(f->messages + i * f->size, f->model, f->size);
		f->parts[i] = (struct iovec){ f->messages + i * f->size, f->size };
		f->heads[i].msg_hdr = (struct msghdr){
			.msg_name = (void *)to,
			.msg_namelen = address__size(to),
			.msg_iov = &f->parts[i],
			.msg_iovlen = 1,
		};
	}
	return DONE;
}

static int flood(struct flood *f)
{
	__u64 deadline = f->o->deadline ?: BOUND, elapsed;

	interrupt__catch();
	prctl(PR_SET_TIMERSLACK, 1);
	if (!f->o->json)
		printf("FLOOD %s (%s), %zu bytes of data, %g s at most.\n", f->host->name,
		       f->host->text, f->o->size, (double)deadline / SECOND);
	fflush(stdout);
	f->begun = f->start = f->line_time = monotonic_ns();
	if (isatty(STDERR_FILENO) && !f->o->quiet)
		f->lines = f->begun + LIVE;
	send_all(f, f->begun + deadline);
	elapsed = monotonic_ns() - f->begun;
	take_rest(f, f->begun + elapsed);
	count_overruns(f);
	if (f->lines)
		fputs("\r\033[K", stderr);
	if (f->o->json)
		print_json(f, elapsed);
	else
		print_result(f, elapsed);
	if (f->failed) {
		report(FAILED, "%s: sending failed: %s", f->host->name, why(f->failed));
		return PROBE_ERROR;
	}
	return f->received ? PROBE_ANSWERED : PROBE_SILENT;
}

int flood__run(const struct probe_options *o, const struct hosts *hosts)
{
	struct flood f = { .o = o, .host = &hosts->list[0], .endpoint = ENDPOINT_INIT };
	int status = PROBE_ERROR;

	if (hosts->count > 1 || hosts->unknown)
		report(USAGE, "--flood: one host at a time");
	else if (!check_target(&f) && !prepare(&f))
		status = flood(&f);
	inbox__close(f.inbox);
	endpoint__close(&f.endpoint);
	free(f.seen);
	free(f.messages);
	free(f.model);
	return status;
}
