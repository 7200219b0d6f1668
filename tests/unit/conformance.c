// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `probe --conformance` thinks of responses: a responder that does as Linux does is like
 * Linux in every request; each thing done otherwise is noticed, as bad as it is.
 */
#include "vectors/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "probe/judge.h"

#define ROOM	4096
#define HEADER4	20
#define HEADER6	40

/* A response to be sent, before and after it is read. */
struct answer {
	int family;
	size_t len;
	uint8_t packet[ROOM];
};

static struct battery battery[2];	/* IPv4, IPv6 */

static int index_of(int family)
{
	return family == 6;
}

static const struct request *request(int family, const char *name)
{
	const struct battery *b = &battery[index_of(family)];

	for (size_t i = 0; i < b->count; i++)
		if (!strcmp(b->list[i].name, name))
			return &b->list[i];
	fail_msg("there is no \"%s\"", name);
	return NULL;
}

/* A responder ------------------------------------------------------------------------ */

static uint32_t add(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static size_t header_of(const struct answer *a)
{
	return a->family == 4 ? (a->packet[0] & 15) * 4 : HEADER6;
}

static uint8_t *message(struct answer *a)
{
	return a->packet + header_of(a);
}

/* Lengths and checksums, after something was changed. */
static void seal_header(struct answer *a)
{
	uint8_t *ip = a->packet;

	if (a->family == 4) {
		put(ip + 10, 0);
		put(ip + 10, ~add(0, ip, header_of(a)));
	}
}

static void seal(struct answer *a)
{
	uint8_t *ip = a->packet, *l4 = message(a);
	size_t len = a->len - header_of(a);
	uint32_t sum = 0;

	put(a->family == 4 ? ip + 2 : ip + 4, a->family == 4 ? a->len : len);
	put(l4 + 2, 0);
	if (a->family == 6)
		sum = add(len + 58, ip + 8, 32);
	sum = add(sum, l4, len);
	put(l4 + 2, ~sum & 0xffff);
	seal_header(a);
}

/* From whom was asked to whom asked, as Linux fills in the rest; no message yet. */
static void begin(struct answer *a, const struct request *q, uint8_t tos)
{
	const struct spec *s = &q->spec;
	bool group = s->family == 4 ? s->dst[0] >= 224 : s->dst[0] == 0xff;
	const struct spec *plain = &battery[index_of(s->family)].list[0].spec;
	const uint8_t *from = group ? plain->dst : s->dst;

	memset(a, 0, sizeof(*a));
	a->family = s->family;
	if (s->family == 4) {
		a->packet[0] = 0x45;
		a->packet[1] = tos;
		put(a->packet + 4, 77);
		a->packet[8] = 64;
		a->packet[9] = 1;
		memcpy(a->packet + 12, from, 4);
		memcpy(a->packet + 16, s->src, 4);
		a->len = HEADER4;
	} else {
		a->packet[0] = 0x60 | tos >> 4;
		a->packet[1] = tos << 4 | 5;
		a->packet[6] = 58;
		a->packet[7] = 64;
		memcpy(a->packet + 8, from, 16);
		memcpy(a->packet + 24, s->src, 16);
		a->len = HEADER6;
	}
}

static void echo(struct answer *a, const struct request *q)
{
	begin(a, q, q->spec.tos);
	if (q->option_len) {
		a->packet[0] += q->option_len / 4;
		memcpy(a->packet + HEADER4, q->options, q->option_len);
		if (q->clock_at)
			put(a->packet + HEADER4 + q->clock_at, 0x1234);
		a->len += q->option_len;
	}
	memcpy(a->packet + a->len, q->message, q->message_len);
	a->packet[a->len] = a->family == 4 ? 0 : 129;
	a->len += q->message_len;
	seal(a);
}

static void stamp(struct answer *a, const struct request *q)
{
	begin(a, q, q->spec.tos);
	memcpy(a->packet + a->len, q->message, 20);
	put(a->packet + a->len, 14 << 8);
	memset(a->packet + a->len + 12, 1, 8);
	a->len += 20;
	seal(a);
}

static void error(struct answer *a, const struct request *q, struct reaction r)
{
	size_t most = q->spec.family == 4 ? 576 - 28 : 1280 - 48;
	size_t sent = q->frame[0]->len - 14 - q->spec.trailer;
	uint8_t *l4;

	begin(a, q, q->spec.family == 4 ? 0xc0 : 0);
	l4 = a->packet + a->len;
	l4[0] = r.type;
	l4[1] = r.code;
	put(l4 + 4, r.rest >> 16);
	put(l4 + 6, r.rest);
	if (sent > most)
		sent = most;
	memcpy(l4 + 8, q->frame[0]->data + 14, sent);
	a->len += 8 + sent;
	seal(a);
}

static void advert(struct answer *a, const struct request *q)
{
	begin(a, q, 0);
	a->packet[7] = 255;
	a->packet[a->len] = 136;
	a->packet[a->len + 4] = 0x60;
	memcpy(a->packet + a->len + 8, q->spec.dst, 16);
	a->len += 24;
	seal(a);
}

/* As Linux does it. False where that is silence. */
static bool answer(struct answer *a, const struct request *q)
{
	switch (q->linux_does.kind) {
	case REACTION_ECHO:
		echo(a, q);
		/* Its defect. */
		if (q->flags & REQUEST_ZERO && q->spec.family == 4)
			put(message(a) + 2, 0);
		return true;
	case REACTION_STAMP:
		stamp(a, q);
		return true;
	case REACTION_ERROR:
		error(a, q, q->linux_does);
		return true;
	case REACTION_ADVERT:
		advert(a, q);
		return true;
	default:
		return false;
	}
}

/* What is thought of it ---------------------------------------------------------------- */

/* Of @count copies of an answer, each read from memory that ends where it ends. */
static struct opinion think(const struct request *q, const struct answer *a, size_t count)
{
	struct response list[REQUEST_BURST];
	uint8_t *copy = malloc(a->len);
	struct opinion o;

	assert_non_null(copy);
	memcpy(copy, a->packet, a->len);
	for (size_t i = 0; i < count; i++)
		assert_true(response__read(&list[i], copy, a->len, q->spec.family));
	judge(q, true, list, count, &o);
	free(copy);
	return o;
}

static void expect_opinion(const struct request *q, const struct opinion *o, enum finding want,
			   const char *what)
{
	if (o->finding != want)
		fail_msg("IPv%d %s: %s is %s, not %s: %s", q->spec.family, q->name, what,
			 finding__name(o->finding), finding__name(want), o->why);
	if (want != FINDING_LIKE)
		assert_true(*o->why);
	assert_int_equal(want == FINDING_WRONG, !!*o->clause);
}

static void expect(const struct request *q, const struct answer *a, enum finding want,
		   const char *what)
{
	struct opinion o = think(q, a, 1);

	expect_opinion(q, &o, want, what);
}

/* Every request ------------------------------------------------------------------------- */

#define EACH_REQUEST(q)							\
	for (int f_ = 0; f_ < 2; f_++)					\
		for (const struct request *q = battery[f_].list;	\
		     q < battery[f_].list + battery[f_].count; q++)

static void test_table(void **state)
{
	(void)state;
	for (int f = 0; f < 2; f++) {
		const struct battery *b = &battery[f];

		assert_true(b->count >= 120);
		for (size_t i = 0; i < b->count; i++) {
			const struct request *q = &b->list[i];

			assert_true(*q->name && !strncmp(q->clause, "RFC ", 4) && q->count);
			assert_int_equal(q->mark, b->list[0].mark + i);
			/* Nobody else is bothered, but for what is about just that. */
			if (q->frame[0]->data[0] & 1)
				assert_non_null(strstr(q->name, "broadcast frame"));
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(q->name, b->list[j].name);
		}
	}
}

static void test_linux(void **state)
{
	struct answer a;

	(void)state;
	EACH_REQUEST(q) {
		size_t count = answer(&a, q);
		struct opinion o = think(q, &a, count);

		expect_opinion(q, &o, FINDING_LIKE, "what Linux does");
	}
}

static void test_silence(void **state)
{
	struct answer a = { .family = 4 };

	(void)state;
	EACH_REQUEST(q) {
		struct opinion o = think(q, &a, 0);
		enum finding want = FINDING_LIKE;

		if (q->linux_does.kind != REACTION_SILENCE)
			want = q->flags & REQUEST_VARIABLE ? FINDING_CONFORMS :
			       q->demand == DEMAND_MUST && !(q->flags & REQUEST_LIMITED) ?
							     FINDING_WRONG : FINDING_UNLIKE;
		expect_opinion(q, &o, want, "silence");
	}
}

/* An echo reply to everything, be it as good as it can. */
static void test_eager(void **state)
{
	struct answer a;

	(void)state;
	EACH_REQUEST(q) {
		enum finding want;

		if (q->linux_does.kind == REACTION_ECHO || q->message_len < 8)
			continue;
		echo(&a, q);
		want = q->demand == DEMAND_NOTHING || q->demand == DEMAND_NO_ECHO ? FINDING_WRONG :
		       q->demand == DEMAND_MUST && q->linux_does.kind != REACTION_SILENCE ?
										    FINDING_WRONG :
		       q->flags & REQUEST_VARIABLE ? FINDING_CONFORMS : FINDING_UNLIKE;
		expect(q, &a, want, "an echo reply");
	}
}

/* Nothing but errors: to what may draw none they are as wrong as any reply. */
static void test_errors_to_all(void **state)
{
	struct answer a;

	(void)state;
	EACH_REQUEST(q) {
		struct reaction r = { REACTION_ERROR, 3, 13, 0 };

		if (q->spec.family == 6)
			r = (struct reaction){ REACTION_ERROR, 1, 1, 0 };
		error(&a, q, r);
		if (q->demand == DEMAND_NOTHING)
			expect(q, &a, FINDING_WRONG, "an error");
		if (q->demand == DEMAND_MUST && q->linux_does.kind == REACTION_ECHO &&
		    !(q->flags & REQUEST_VARIABLE))
			expect(q, &a, FINDING_WRONG, "an error");
	}
}

/* Each thing that can be wrong -------------------------------------------------------------- */

/* The echo reply to the ordinary request, with something else in it. */
#define CHANGED(family_, want, what, ...)					\
	do {									\
		const struct request *q = request(family_, "an ordinary echo request"); \
		struct answer a;						\
		uint8_t *ip = a.packet, *l4;					\
										\
		echo(&a, q);							\
		l4 = message(&a);						\
		(void)ip, (void)l4;						\
		__VA_ARGS__;							\
		expect(q, &a, want, what);					\
	} while (0)

static void test_echo4(void **state)
{
	(void)state;
	CHANGED(4, FINDING_LIKE, "nothing", seal(&a));
	CHANGED(4, FINDING_WRONG, "ICMP checksum", l4[2] ^= 1);
	CHANGED(4, FINDING_WRONG, "header checksum", ip[10] ^= 1);
	CHANGED(4, FINDING_WRONG, "total length beyond", put(ip + 2, a.len + 1); seal_header(&a));
	CHANGED(4, FINDING_WRONG, "total length below the header", put(ip + 2, 19);
		seal_header(&a));
	CHANGED(4, FINDING_WRONG, "header length", ip[0] = 0x44);
	CHANGED(4, FINDING_WRONG, "header length beyond", ip[0] = 0x4f; a.len = 50);
	CHANGED(4, FINDING_WRONG, "type", l4[0] = 8; seal(&a));
	CHANGED(4, FINDING_WRONG, "code", l4[1] = 1; seal(&a));
	CHANGED(4, FINDING_WRONG, "identifier", l4[5] ^= 1; seal(&a));
	CHANGED(4, FINDING_WRONG, "sequence number", l4[6] ^= 1; seal(&a));
	CHANGED(4, FINDING_WRONG, "first byte of data", l4[8] ^= 1; seal(&a));
	CHANGED(4, FINDING_WRONG, "last byte of data", l4[63] ^= 1; seal(&a));
	CHANGED(4, FINDING_WRONG, "a byte less", a.len--; seal(&a));
	CHANGED(4, FINDING_WRONG, "a byte more", ip[a.len++] = 0; seal(&a));
	CHANGED(4, FINDING_WRONG, "no data", a.len = 28; seal(&a));
	CHANGED(4, FINDING_WRONG, "cut", a.len = 24; put(ip + 2, 24); seal_header(&a));
	CHANGED(4, FINDING_WRONG, "source", ip[15] ^= 1; seal_header(&a));
	CHANGED(4, FINDING_WRONG, "source a group", ip[12] = 224; seal_header(&a));
	CHANGED(4, FINDING_WRONG, "destination", ip[19] ^= 1; seal_header(&a));
	CHANGED(4, FINDING_WRONG, "TTL 0", ip[8] = 0; seal_header(&a));
	CHANGED(4, FINDING_UNLIKE, "TTL 255", ip[8] = 255; seal_header(&a));
	CHANGED(4, FINDING_WRONG, "reserved flag", ip[6] = 0x80; seal_header(&a));
	CHANGED(4, FINDING_UNLIKE, "DF", ip[6] = 0x40; seal_header(&a));
	CHANGED(4, FINDING_UNLIKE, "TOS", ip[1] = 0xc0; seal_header(&a));
	CHANGED(4, FINDING_UNLIKE, "trailer", a.len++);
	CHANGED(4, FINDING_UNLIKE, "options", memmove(ip + 24, ip + 20, 64); ip[0]++;
		memset(ip + 20, 1, 4); a.len += 4; seal(&a));
	CHANGED(4, FINDING_UNLIKE, "protocol", ip[9] = 17; seal_header(&a);
		q = request(4, "code 1"));
}

static void test_echo6(void **state)
{
	(void)state;
	CHANGED(6, FINDING_LIKE, "nothing", seal(&a));
	CHANGED(6, FINDING_WRONG, "ICMPv6 checksum", l4[2] ^= 1);
	CHANGED(6, FINDING_WRONG, "checksum of the other source", ip[23] ^= 1);
	CHANGED(6, FINDING_WRONG, "payload length beyond", put(ip + 4, a.len - 39));
	CHANGED(6, FINDING_WRONG, "payload length short", put(ip + 4, a.len - 41));
	CHANGED(6, FINDING_WRONG, "code", l4[1] = 1; seal(&a));
	CHANGED(6, FINDING_WRONG, "identifier", l4[5] ^= 1; seal(&a));
	CHANGED(6, FINDING_WRONG, "sequence number", l4[6] ^= 1; seal(&a));
	CHANGED(6, FINDING_WRONG, "data", l4[20] ^= 1; seal(&a));
	CHANGED(6, FINDING_WRONG, "a byte less", a.len--; seal(&a));
	CHANGED(6, FINDING_WRONG, "source", ip[20] ^= 1; seal(&a));
	CHANGED(6, FINDING_WRONG, "source a group", ip[8] = 0xff; seal(&a));
	CHANGED(6, FINDING_WRONG, "destination", ip[39] ^= 1; seal(&a));
	CHANGED(6, FINDING_WRONG, "hop limit 0", ip[7] = 0);
	CHANGED(6, FINDING_UNLIKE, "hop limit 255", ip[7] = 255);
	CHANGED(6, FINDING_UNLIKE, "traffic class", ip[1] |= 0x20);
	CHANGED(6, FINDING_UNLIKE, "trailer", a.len += 2);
	CHANGED(6, FINDING_UNLIKE, "extension header", memmove(ip + 48, ip + 40, 64); ip[6] = 60;
		memcpy(ip + 40, "\x3a\0\1\4\0\0\0", 8); a.len += 8; put(ip + 4, a.len - 40));
	CHANGED(6, FINDING_WRONG, "extension header cut off", ip[6] = 60; l4[1] = 200);
	CHANGED(6, FINDING_WRONG, "nothing but the beginning of one", ip[6] = 60; a.len = 45;
		put(ip + 4, 5));
	CHANGED(6, FINDING_UNLIKE, "flow label echoed",
		q = request(6, "flow label 0x12345"); echo(&a, q);
		ip[1] = (ip[1] & 0xf0) | 1; put(ip + 2, 0x2345));
}

static void test_count(void **state)
{
	const struct request *q = request(4, "an ordinary echo request");
	struct opinion o;
	struct answer a;

	(void)state;
	echo(&a, q);
	o = think(q, &a, 2);
	expect_opinion(q, &o, FINDING_UNLIKE, "two replies");
	for (int f = 4; f <= 6; f += 2) {
		q = request(f, "many errors at once");
		error(&a, q, q->linux_does);
		o = think(q, &a, REQUEST_BURST - 1);
		expect_opinion(q, &o, FINDING_LIKE, "one missing");
		o = think(q, &a, REQUEST_BURST);
		expect_opinion(q, &o, f == 4 ? FINDING_UNLIKE : FINDING_WRONG, "no limit");
	}
}

static void test_zero(void **state)
{
	const struct request *q = request(4, "identifier, sequence number and data all zero");
	struct answer a;

	(void)state;
	echo(&a, q);
	put(message(&a) + 2, 0xffff);
	expect(q, &a, FINDING_CONFORMS, "the right checksum");
	put(message(&a) + 2, 1);
	expect(q, &a, FINDING_WRONG, "another checksum");
	/* Of any other request it is a mistake. */
	q = request(4, "data of nothing but 0x00");
	echo(&a, q);
	memset(message(&a), 0, a.len - HEADER4);
	expect(q, &a, FINDING_WRONG, "zeros");
}

#define OTHER(family_, name, want, what, ...)				\
	do {								\
		const struct request *q = request(family_, name);	\
		struct answer a;					\
		uint8_t *ip = a.packet, *l4;				\
									\
		answer(&a, q);						\
		l4 = message(&a);					\
		(void)ip, (void)l4;					\
		__VA_ARGS__;						\
		expect(q, &a, want, what);				\
	} while (0)

static void test_errors(void **state)
{
	static const char port[] = "UDP to a closed port, data of length 100";
	static const char option[] = "hop-by-hop: unknown option, report";

	(void)state;
	OTHER(4, port, FINDING_UNLIKE, "code", l4[1] = 1; seal(&a));
	OTHER(4, port, FINDING_UNLIKE, "precedence", ip[1] = 0; seal_header(&a));
	OTHER(4, port, FINDING_UNLIKE, "a shorter quote", a.len = 28 + 28; seal(&a));
	OTHER(4, port, FINDING_WRONG, "too short a quote", a.len = 28 + 27; seal(&a));
	OTHER(4, port, FINDING_WRONG, "a longer quote", a.len++; seal(&a));
	OTHER(4, port, FINDING_WRONG, "another's quote", l4[8 + 12] ^= 1; seal(&a));
	OTHER(4, port, FINDING_LIKE, "TTL in the quote", l4[8 + 8]--; seal(&a));
	OTHER(4, port, FINDING_UNLIKE, "source", ip[15] ^= 1; seal(&a));
	OTHER(4, port, FINDING_WRONG, "destination", ip[19] ^= 1; seal(&a));
	OTHER(4, "unknown protocol 253, 1,000 bytes", FINDING_UNLIKE, "beyond 576 bytes",
	      memcpy(l4 + 8, q->frame[0]->data + 14, 600); a.len = 28 + 600; seal(&a));
	OTHER(4, "options: length 0", FINDING_UNLIKE, "pointer", l4[4]++; seal(&a));
	OTHER(6, port, FINDING_WRONG, "a shorter quote", a.len--; seal(&a));
	OTHER(6, option, FINDING_WRONG, "pointer", l4[7]++; seal(&a));
	OTHER(6, option, FINDING_WRONG, "code", l4[1] = 1; seal(&a));
	OTHER(6, "unknown next header 253, 1,400 bytes", FINDING_WRONG, "beyond 1,280 bytes",
	      memcpy(l4 + 8, q->frame[0]->data + 14, 1300); a.len = 48 + 1300; seal(&a));
}

static void test_others(void **state)
{
	(void)state;
	OTHER(4, "timestamp request", FINDING_WRONG, "identifier", l4[4] ^= 1; seal(&a));
	OTHER(4, "timestamp request", FINDING_WRONG, "originate", l4[11] ^= 1; seal(&a));
	OTHER(4, "timestamp request", FINDING_WRONG, "no time of day", put(l4 + 12, 0x7fff);
	      seal(&a));
	OTHER(4, "timestamp request", FINDING_LIKE, "another kind of time", put(l4 + 16, 0x8fff);
	      seal(&a));
	OTHER(4, "timestamp request", FINDING_WRONG, "short", a.len -= 4; seal(&a));
	OTHER(4, "timestamp request", FINDING_UNLIKE, "long", a.len += 4; seal(&a));
	OTHER(4, "timestamp request, code 5", FINDING_UNLIKE, "code", l4[1] = 5; seal(&a));
	OTHER(6, "neighbour solicitation", FINDING_WRONG, "target", l4[9] ^= 1; seal(&a));
	OTHER(6, "neighbour solicitation", FINDING_WRONG, "not solicited", l4[4] = 0x20; seal(&a));
	OTHER(6, "neighbour solicitation", FINDING_WRONG, "hop limit", ip[7] = 64);
	OTHER(4, "options: record route, room for two", FINDING_UNLIKE, "options",
	      ip[20 + 7] ^= 1; seal(&a));
	OTHER(4, "options: timestamp, room for one", FINDING_LIKE, "time", ip[20 + 4] ^= 1;
	      seal(&a));
	OTHER(4, "identification 0xffff", FINDING_UNLIKE, "identification", put(ip + 4, 0xffff);
	      seal(&a));
	/* What was missing is said later; it is no reply. */
	for (int f = 4; f <= 6; f += 2) {
		const struct request *q = request(f, "fragments: the last missing");
		struct answer a;

		error(&a, q, (struct reaction){ REACTION_ERROR, f == 4 ? 11 : 3, 1, 0 });
		expect(q, &a, FINDING_LIKE, "time exceeded");
	}
}

/* Reading --------------------------------------------------------------------------------- */

/* Whatever is cut off, nothing beyond is read; what is left is never right. */
static void test_cut(void **state)
{
	struct answer a;

	(void)state;
	EACH_REQUEST(q) {
		if (!answer(&a, q) || a.len > 200)
			continue;
		for (size_t len = 0; len < a.len; len++) {
			uint8_t *copy = malloc(len ?: 1);
			struct response r;
			struct opinion o;

			memcpy(copy, a.packet, len);
			if (response__read(&r, copy, len, a.family)) {
				judge(q, true, &r, 1, &o);
				assert_int_equal(o.finding, FINDING_WRONG);
			}
			free(copy);
		}
	}
}

static void test_mutants(void **state)
{
	uint64_t seed = RND_SEED;
	struct answer a;

	(void)state;
	for (int i = 0; i < 20; i++) {
		EACH_REQUEST(q) {
			if (!answer(&a, q))
				continue;
			for (int n = rnd(&seed) % 4 + 1; n; n--)
				a.packet[rnd(&seed) % a.len] = rnd(&seed);
			if (a.packet[0] >> 4 == a.family)
				think(q, &a, 1);
		}
	}
}

enum order { FORWARDS, BACKWARDS, SECOND_LAST, ORDERS };

static size_t place_of(enum order order, size_t i, size_t count)
{
	if (order == BACKWARDS)
		return count - 1 - i;
	if (order == SECOND_LAST && count > 1 && i)
		return i == count - 1 ? 1 : i + 1;
	return i;
}

/* A packet in pieces of @step bytes. */
static void send_pieces(struct pieces *p, const struct answer *a, size_t step, enum order order,
			const uint8_t **whole, size_t *size)
{
	size_t header = header_of(a), len = a->len - header;
	size_t count = (len + step - 1) / step;

	*whole = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t at = place_of(order, i, count) * step;
		size_t part = len - at < step ? len - at : step;
		bool more = at + part < len;
		struct response r;
		struct answer f = *a;

		assert_null(*whole);
		if (a->family == 4) {
			put(f.packet + 6, at / 8 | (more ? 0x2000 : 0));
			memmove(f.packet + header, a->packet + header + at, part);
			f.len = header + part;
			put(f.packet + 2, f.len);
			seal_header(&f);
		} else {
			const uint8_t fragment[8] = { 58, 0, at >> 8, at | more, 1, 2, 3, 4 };

			f.packet[6] = 44;
			memcpy(f.packet + header, fragment, 8);
			memmove(f.packet + header + 8, a->packet + header + at, part);
			f.len = header + 8 + part;
			put(f.packet + 4, 8 + part);
		}
		assert_true(response__read(&r, f.packet, f.len, a->family));
		assert_true(r.fragment);
		*whole = response__join(p, &r, size);
	}
	assert_non_null(*whole);
}

static void test_join(void **state)
{
	static struct pieces pieces;
	const uint8_t *whole;
	struct response r;
	struct opinion o;
	struct answer a;
	size_t size;

	(void)state;
	for (int f = 4; f <= 6; f += 2) {
		const struct request *q = request(f, "fragments: a reply longer than the MTU");

		for (size_t step = 8; step <= 1480; step += 184)
			for (enum order order = 0; order < ORDERS; order++) {
				echo(&a, q);
				send_pieces(&pieces, &a, step, order, &whole, &size);
				assert_true(response__read(&r, whole, size, f));
				judge(q, true, &r, 1, &o);
				expect_opinion(q, &o, FINDING_LIKE, "joined");
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_linux),
		cmocka_unit_test(test_silence),	      cmocka_unit_test(test_eager),
		cmocka_unit_test(test_errors_to_all), cmocka_unit_test(test_echo4),
		cmocka_unit_test(test_echo6),	      cmocka_unit_test(test_count),
		cmocka_unit_test(test_zero),	      cmocka_unit_test(test_errors),
		cmocka_unit_test(test_others),	      cmocka_unit_test(test_cut),
		cmocka_unit_test(test_mutants),	      cmocka_unit_test(test_join),
	};
	struct route route = { .family = 4, .prefix = 24, .mtu = 1500,
			       .from_mac = { 2, 0, 0, 0, 0, 1 }, .to_mac = { 2, 0, 0, 0, 0, 2 } };
	int status;

	spec__address(route.from, "198.18.0.1");
	spec__address(route.to, "198.18.0.2");
	if (battery__build(&battery[0], &route, 0x2000))
		return 1;
	route.family = 6;
	spec__address(route.from, "fd00:18::1");
	spec__address(route.to, "fd00:18::2");
	if (battery__build(&battery[1], &route, 0x2000))
		return 1;
	status = TAP_RUN("conformance", tests);
	battery__free(&battery[0]);
	battery__free(&battery[1]);
	return status;
}
