// SPDX-License-Identifier: GPL-2.0-only
/* The vectors through headers/ alone: as they are, cut at every length, and mutated. */
#include "vectors/cmocka.h"
#include "vectors/opinion.h"
#include "vectors/table.h"
#include "pure.h"

#define REPLY_ID 0xbee5
#define MUTANTS	 200000

static struct eg_addrs *own;
static struct frame request, expected;
static struct pure got;

static uint32_t label_of(const struct vector *v)
{
	return v->label ^ 0x5a5a5;
}

static enum eg_reason pure_reason(const struct vector *v)
{
	switch (v->stage) {
	case STAGE_BEYOND:
		return EG_REASON_NOT_LINEAR;
	case STAGE_HOOK:
		return EG_REASON_NONE;
	case STAGE_PURE:
	case STAGE_HOST_ONLY:
		break;
	}
	return v->reason;
}

static bool pure_answers(const struct vector *v)
{
	return v->stage == STAGE_HOOK || v->verdict == EG_VERDICT_ANSWER;
}

/* Tags are the hooks' to clear: what lies between the MAC addresses and the EtherType is not compared. */
static void same_reply(const struct vector *v, const struct pure *p)
{
	size_t l3 = vector_l3(v);

	assert_int_equal(p->l3, l3);
	assert_int_equal(p->len, expected.len);
	assert_memory_equal(p->reply, expected.data, 12);
	assert_memory_equal(p->reply + l3, expected.data + l3, expected.len - l3);
}

static void test_vector(void **state)
{
	const struct vector *v = *state;

	vector_request(v, &request);
	pure_run(request.data, request.len, false, own, vector_hops(v), REPLY_ID, label_of(v),
		 &got);
	assert_int_equal(got.reason, pure_reason(v));
	assert_int_equal(got.cell, v->cell);
	assert_int_equal(got.answered, pure_answers(v));
	assert_true(got.agreed);
	if (got.answered) {
		vector_reply(v, REPLY_ID, label_of(v), &expected);
		same_reply(v, &got);
	}
}

static void test_without_link(void **state)
{
	(void)state;
	for (const struct vector *v = vectors; v < vectors + VECTOR_COUNT; v++) {
		if (!works_without_link(v))
			continue;
		vector_request(v, &request);
		pure_run(request.data + 14, request.len - 14, true, own, vector_hops(v), REPLY_ID,
			 label_of(v), &got);
		if (got.reason != pure_reason(v) || got.cell != v->cell ||
		    got.answered != pure_answers(v))
			fail_msg("%s: reason %d cell %u", v->name, got.reason, got.cell);
		if (!got.answered)
			continue;
		vector_reply(v, REPLY_ID, label_of(v), &expected);
		assert_int_equal(got.l3, 0);
		assert_int_equal(got.len, expected.len - 14);
		assert_memory_equal(got.reply, expected.data + 14, got.len);
	}
}

/* What is answered must be right, and what is right must be answered. */
static void second_opinion(const char *name, const uint8_t *frame, size_t len)
{
	static uint8_t reply[FRAME_MAX];
	struct opinion o = {};
	bool good = opinion(frame, len, &o);

	if (good && o.len - (o.family == 4 ? 20 : 40) > EG_SUM_MAX)
		good = false;
	pure_run(frame, len, false, own, OWN_TTL, REPLY_ID, 0x13579, &got);
	if (got.answered != good)
		fail_msg("%s, %zu bytes: %s, reason %d", name, len,
			 got.answered ? "answered" : "not answered", got.reason);
	if (!got.agreed)
		fail_msg("%s, %zu bytes: read otherwise as a plain one", name, len);
	assert_true(got.cell < EG_CELL_COUNT);
	assert_true(got.reason < EG_REASON_COUNT);
	if (!good)
		return;
	if (got.len > len || got.len != o.l3 + o.len)
		fail_msg("%s: reply of %zu bytes to %zu", name, got.len, len);
	opinion_reply(frame + o.l3, &o, REPLY_ID, 0x13579, OWN_TTL, reply);
	if (memcmp(got.reply, frame + 6, 6) || memcmp(got.reply + 6, frame, 6) ||
	    memcmp(got.reply + 12, frame + 12, o.l3 - 12) || memcmp(got.reply + o.l3, reply, o.len))
		fail_msg("%s, %zu bytes: wrong reply", name, len);
}

static void test_cut_everywhere(void **state)
{
	(void)state;
	for (const struct vector *v = vectors; v < vectors + VECTOR_COUNT; v++) {
		/* Of the long ones the first kilobyte, the last bytes, and some between. */
		vector_request(v, &request);
		for (size_t len = 0; len <= request.len;
		     len += len < 1100 || len + 40 > request.len ? 1 : 37)
			second_opinion(v->name, request.data, len);
	}
}

/* Puts right what a mutation made wrong, for the next check to be reached. */
static void mend(uint8_t *frame, size_t len, uint64_t how)
{
	size_t l3 = 14, at = 12, head, upper;
	uint8_t *ip;

	while (at + 4 < len && l3 < 22 &&
	       (get16(frame + at) == 0x8100 || get16(frame + at) == 0x88a8)) {
		at += 4;
		l3 += 4;
	}
	ip = frame + l3;
	if (l3 + 48 > len)
		return;
	if (ip[0] >> 4 == 4) {
		head = (ip[0] & 15) * 4;
		upper = get16(ip + 2);
		if (head >= 20 && l3 + head <= len && how & 1)
			put_sum(SUM_GOOD, 0, ip + 10, NULL, 0, ip, head, 0);
		if (upper >= head + 4 && l3 + upper <= len && how & 2)
			put_sum(SUM_GOOD, 0, ip + head + 2, NULL, 0, ip + head, upper - head, 0);
	} else if (how & 2) {
		upper = get16(ip + 4);
		if (upper >= 4 && l3 + 40 + upper <= len)
			put_sum(SUM_GOOD, 0, ip + 42, NULL, sum_pseudo(ip, upper), ip + 40, upper,
				0);
	}
}

static void mutate(struct frame *f, uint64_t *seed)
{
	static const uint16_t interesting[] = {
		0,	1,	7,	8,	19,	20,	27,	28,	0x0045,
		0x4500, 0x46ff, 0x0800, 0x86dd, 0x8100, 0x88a8, 0x2000, 0x4000, 0x1fff,
		0x0801, 0x8000, 0x3a00, 0x2c00, 0x0100, 0xffff, 0xf7ff,
	};

	for (int n = rnd(seed) % 4; n >= 0 && f->len; n--) {
		/* Mostly in the headers. */
		size_t at = rnd(seed) % (rnd(seed) % 8 && f->len > 70 ? 70 : f->len);

		switch (rnd(seed) % 6) {
		case 0:
			f->data[at] ^= 1 << rnd(seed) % 8;
			break;
		case 1:
			f->data[at] = rnd(seed);
			break;
		case 2:
			if (at + 2 <= f->len)
				set16(f->data + at, interesting[rnd(seed) % 25]);
			break;
		case 3:
			f->len = at + 1;
			break;
		case 4:
			/* A tag more, or two bytes of anything. */
			if (f->len + 4 <= 4096 && f->len > 12) {
				memmove(f->data + 16, f->data + 12, f->len - 12);
				set16(f->data + 12, rnd(seed) % 2 ? 0x8100 : 0x88a8);
				set16(f->data + 14, rnd(seed));
				f->len += 4;
			}
			break;
		case 5:
			if (f->len + 9 <= 4096)
				for (int i = rnd(seed) % 9; i > 0; i--)
					put8(f, rnd(seed) & 0xff);
			break;
		}
	}
	mend(f->data, f->len, rnd(seed));
}

static void test_mutants(void **state)
{
	uint64_t seed = RND_SEED;
	size_t answered = 0;

	(void)state;
	for (int i = 0; i < MUTANTS; i++) {
		const struct vector *v = &vectors[rnd(&seed) % VECTOR_COUNT];
		char name[160];

		vector_request(v, &request);
		if (request.len > 1600)
			continue;
		mutate(&request, &seed);
		snprintf(name, sizeof(name), "mutant %d of %s", i, v->name);
		second_opinion(name, request.data, request.len);
		answered += got.answered;
	}
	/* Without answers nothing but refusal was tested. */
	assert_in_range(answered, MUTANTS / 20, MUTANTS);
}

static void test_every_reason(void **state)
{
	bool seen[EG_REASON_COUNT] = { false };

	(void)state;
	for (const struct vector *v = vectors; v < vectors + VECTOR_COUNT; v++)
		seen[v->reason] = true;
	for (int r = 0; r < EG_REASON_COUNT; r++)
		if (!seen[r] && !reason_without_vector(r))
			fail_msg("no vector for reason %d", r);
}

/* The table is meant as it is written: names are unique, and what should verify does. */
static void test_table(void **state)
{
	(void)state;
	for (const struct vector *v = vectors; v < vectors + VECTOR_COUNT; v++) {
		struct opinion o = {};

		for (const struct vector *w = vectors; w < v; w++)
			if (!strcmp(v->name, w->name))
				fail_msg("two vectors called %s", v->name);
		vector_request(v, &request);
		if (pure_answers(v) && !opinion(request.data, request.len, &o))
			fail_msg("%s is no good request", v->name);
		if (v->sum == SUM_WANT) {
			size_t upper = vector_l3(v) + (v->family == 4 ? 20 : 40);

			assert_int_equal(get16(request.data + upper + 2), v->sum_value);
		}
		if (v->header_sum == SUM_WANT)
			assert_int_equal(get16(request.data + 24), v->header_sum_value);
	}
}

int main(void)
{
	static struct CMUnitTest tests[VECTOR_COUNT + 5] = {
		cmocka_unit_test(test_table),	     cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_without_link), cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_mutants),
	};

	own = own_addresses();
	for (size_t i = 0; i < VECTOR_COUNT; i++)
		tests[5 + i] = (struct CMUnitTest){
			.name = vectors[i].name,
			.test_func = test_vector,
			.initial_state = (void *)&vectors[i],
		};
	return TAP_RUN("vectors", tests);
}
