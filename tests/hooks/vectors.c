// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vectors through the programs, by BPF_PROG_TEST_RUN: XDP and tc ingress, each
 * frame twice, asked and remembered; tc egress; reply-path swap, with lengths kept, too; devices
 * without link header; in tc with the outer tag beside the frame; and all of it while
 * somebody captures.
 *
 * The last needs a program in front: __sk_buff's VLAN fields can't be given to
 * BPF_PROG_TEST_RUN.
 */
#include "taps.h"
#include "vectors/table.h"

static struct echogate *fib, *swap, *kept, *l3;
static struct listener listener;
static bool listening;

/* What a vector comes to in circumstances that the table doesn't know. */
struct outcome {
	__u32 cell;
	enum eg_reason reason;
	enum eg_verdict verdict;
};

static struct outcome by_table(const struct vector *v)
{
	return (struct outcome){ v->cell, v->reason, v->verdict };
}

static void check_label(const struct vector *v, uint32_t label)
{
	if (v->flags & EG_FLAG_LABEL_REFLECT && v->label)
		assert_int_equal(label, v->label);
	else if (!(v->flags & EG_FLAG_LABEL_AUTO))
		assert_int_equal(label, 0);
}

/* What a capture has to tell of a run: all of it, and nothing else. */
static void check_event(const struct vector *v, enum hook hook, const struct frame *request,
			const struct frame *out, __u32 mark, struct outcome want)
{
	const struct eg_event *e = &listener.event;
	bool replied = want.verdict == EG_VERDICT_ANSWER;

	if (listener_read(&listener) != 1)
		fail_msg("%s: not one event", v->name);
	assert_int_equal(e->verdict, want.verdict);
	assert_int_equal(e->reason, want.reason);
	assert_int_equal(e->direction, hook == HOOK_EGRESS ? EG_EGRESS : EG_INGRESS);
	assert_int_equal(e->xdp, hook == HOOK_XDP);
	assert_int_equal(e->rule, 0);
	assert_int_equal(e->tag, mark);
	assert_int_equal(e->length, request->len);
	assert_int_equal(e->captured, request->len);
	assert_memory_equal(listener.frame, request->data, request->len);
	assert_int_equal(e->reply, replied ? out->len : 0);
	assert_int_equal(e->replied, e->reply);
	assert_memory_equal(listener.reply, out->data, e->replied);
}

/* One run: code, bytes and counters. `from` bytes of the vector's frame aren't in the one sent. */
static void run_once(struct echogate *skel, enum hook hook, int fd, const struct vector *v,
		     const struct frame *request, size_t from, __u32 mark, struct outcome want)
{
	static struct eg_counters have, expect;
	static struct frame out, reply;
	enum eg_direction direction = hook == HOOK_EGRESS ? EG_EGRESS : EG_INGRESS;
	int rc;

	counters_read(skel, direction, &expect);
	count_one(&expect, want.cell, want.verdict, want.reason, request->len);
	rc = run_program(fd, hook, request->data, request->len, mark, &out);
	counters_read(skel, direction, &have);
	same_counters(v->name, &have, &expect);
	if (listening)
		check_event(v, hook, request, &out, mark, want);
	if (want.verdict == EG_VERDICT_ANSWER) {
		size_t at = vector_l3(v) - from;
		uint32_t label = v->family == 6 ? reply_label(&out, at) : 0;

		if (!answered(hook, rc))
			fail_msg("%s: answered, but code %d", v->name, rc);
		if (v->family == 6)
			check_label(v, label);
		vector_reply(v, reply_id(&out, at), label, &reply);
		/* The link header, or the outer tag behind the MAC addresses, is left out. */
		if (from == 14)
			memmove(reply.data, reply.data + 14, reply.len - 14);
		else if (from)
			memmove(reply.data + 12, reply.data + 12 + from, reply.len - 12 - from);
		reply.len -= from;
		/* Padding stays where it was. */
		if (skel->rodata->eg_keep_length && reply.len < request->len) {
			memcpy(reply.data + reply.len, request->data + reply.len,
			       request->len - reply.len);
			reply.len = request->len;
		}
		assert_int_equal(out.len, reply.len);
		assert_memory_equal(out.data, reply.data, reply.len);
	} else {
		if (!passed(hook, rc))
			fail_msg("%s: not answered, but code %d", v->name, rc);
		assert_int_equal(out.len, request->len);
		assert_memory_equal(out.data, request->data, request->len);
	}
}

static void run_twice(struct echogate *skel, enum hook hook, int fd, const struct vector *v,
		      const struct frame *request, size_t from, __u32 mark, struct outcome want)
{
	skel->data_eg_config->eg_config.flags = v->flags;
	forget(skel);
	run_once(skel, hook, fd, v, request, from, mark, want);
	run_once(skel, hook, fd, v, request, from, mark, want);
}

static bool can_run(enum hook hook, const struct vector *v)
{
	static struct frame request;

	if (v->stage == STAGE_HOST_ONLY)
		return false;
	vector_request(v, &request);
	return hook == HOOK_XDP || makes_skb(&request);
}

static void run_vector(struct echogate *skel, enum hook hook, const struct vector *v,
		       struct outcome want)
{
	static struct frame request;

	vector_request(v, &request);
	run_twice(skel, hook, program(skel, hook), v, &request, 0, 0, want);
}

static void test_xdp(void **state)
{
	run_vector(fib, HOOK_XDP, *state, by_table(*state));
}

static void test_tc(void **state)
{
	run_vector(fib, HOOK_TC, *state, by_table(*state));
}

/* From `v` on the first vector that the hook can run; NULL at the end. */
static const struct vector *runnable(enum hook hook, const struct vector *v)
{
	while (v < vectors + VECTOR_COUNT && !can_run(hook, v))
		v++;
	return v < vectors + VECTOR_COUNT ? v : NULL;
}

/* Egress counts what passes and touches nothing. What is said of requests isn't meant for it. */
static void test_egress(void **state)
{
	(void)state;
	for (const struct vector *v = runnable(HOOK_EGRESS, vectors); v;
	     v = runnable(HOOK_EGRESS, v + 1)) {
		struct outcome want = { v->cell, v->reason, EG_VERDICT_PASS };

		if (v->cell == EG_CELL_ICMP + EG_ICMP_ECHO_REQUEST ||
		    v->cell == EG_CELL_ICMP6 + EG_ICMP6_ECHO_REQUEST)
			want.reason = EG_REASON_NONE;
		run_vector(fib, HOOK_EGRESS, v, want);
	}
}

static bool only_fib_objects(enum eg_reason reason)
{
	return reason == EG_REASON_NO_ROUTE || reason == EG_REASON_NO_NEIGHBOUR ||
	       reason == EG_REASON_OTHER_PATH || reason == EG_REASON_FRAG_NEEDED ||
	       reason == EG_REASON_ROUTE_METRICS;
}

static struct outcome without_fib(const struct vector *v)
{
	struct outcome want = by_table(v);

	if (only_fib_objects(v->reason))
		want = (struct outcome){ v->cell, EG_REASON_NONE, EG_VERDICT_ANSWER };
	return want;
}

static void all_through(struct echogate *skel, enum hook hook,
			struct outcome (*expected)(const struct vector *))
{
	for (const struct vector *v = runnable(hook, vectors); v; v = runnable(hook, v + 1))
		run_vector(skel, hook, v, expected(v));
}

static void test_swap_xdp(void **state)
{
	(void)state;
	all_through(swap, HOOK_XDP, without_fib);
}

/* What `echogate object` writes. */
static void test_kept_xdp(void **state)
{
	(void)state;
	all_through(kept, HOOK_XDP, without_fib);
}

static void test_swap_tc(void **state)
{
	(void)state;
	all_through(swap, HOOK_TC, without_fib);
}

/* No link header: nobody's MAC address can be wrong, nor unknown. */
static struct outcome without_link(const struct vector *v)
{
	struct outcome want = by_table(v);
	bool next_hop = v->reason == EG_REASON_OTHER_PATH && !strstr(v->name, "interface");

	if (v->reason == EG_REASON_ETH_GROUP || v->reason == EG_REASON_ETH_NOT_OURS ||
	    v->reason == EG_REASON_NO_NEIGHBOUR || next_hop)
		want = (struct outcome){ v->cell, EG_REASON_NONE, EG_VERDICT_ANSWER };
	return want;
}

/*
 * BPF_PROG_TEST_RUN takes any 14 bytes for a link header, and shows all of the
 * frame to the program: here it begins with the IP header.
 */
static void without_link_through(enum hook hook)
{
	static struct frame request;

	for (const struct vector *v = runnable(HOOK_XDP, vectors); v;
	     v = runnable(HOOK_XDP, v + 1)) {
		struct outcome want = without_link(v);

		vector_request(v, &request);
		if (!works_without_link(v) || request.len < 14 + 14)
			continue;
		memmove(request.data, request.data + 14, request.len - 14);
		request.len -= 14;
		if (hook == HOOK_EGRESS) {
			want.verdict = EG_VERDICT_PASS;
			if (v->cell == EG_CELL_ICMP + EG_ICMP_ECHO_REQUEST ||
			    v->cell == EG_CELL_ICMP6 + EG_ICMP6_ECHO_REQUEST)
				want.reason = EG_REASON_NONE;
		}
		run_twice(l3, hook, program(l3, hook), v, &request, 14, 0, want);
	}
}

static void test_without_link(void **state)
{
	(void)state;
	without_link_through(HOOK_TC);
}

static void test_without_link_egress(void **state)
{
	(void)state;
	without_link_through(HOOK_EGRESS);
}

/* A tag's priority could not be cleared here, and one more tag can be read than in the frame. */
static struct outcome tag_beside(const struct vector *v)
{
	struct outcome want = by_table(v);

	if (v->verdict == EG_VERDICT_ANSWER && (v->tag[0].tci | v->tag[1].tci) & 0xf000)
		want = (struct outcome){ v->cell, EG_REASON_VLAN_PRIORITY, EG_VERDICT_PASS };
	if (v->reason == EG_REASON_VLAN_DEPTH)
		want.cell = EG_CELL_ICMP + EG_ICMP_ECHO_REQUEST;
	return want;
}

static void tagged_through(struct echogate *skel, struct outcome (*expected)(const struct vector *))
{
	int array, fd = tagging_program(program(skel, HOOK_TC), &array);
	static struct frame request;
	int count = 0;

	for (const struct vector *v = runnable(HOOK_TC, vectors); v; v = runnable(HOOK_TC, v + 1)) {
		/* The driver has taken the tag out: nothing can be cut there. */
		if (!vector_tags(v) || v->reason == EG_REASON_ETH_TRUNCATED)
			continue;
		vector_request(v, &request);
		memmove(request.data + 12, request.data + 16, request.len - 16);
		request.len -= 4;
		if (!makes_skb(&request))
			continue;
		run_twice(skel, HOOK_TC, fd, v, &request, 4,
			  (__u32)v->tag[0].tpid << 16 | v->tag[0].tci, expected(v));
		count++;
	}
	close(fd);
	close(array);
	assert_in_range(count, 20, VECTOR_COUNT);
}

static void test_tag_beside(void **state)
{
	(void)state;
	tagged_through(fib, tag_beside);
}

static struct outcome tag_beside_swap(const struct vector *v)
{
	struct outcome want = tag_beside(v);

	return only_fib_objects(v->reason) ? without_fib(v) : want;
}

static void test_tag_beside_swap(void **state)
{
	(void)state;
	tagged_through(swap, tag_beside_swap);
}

/* Whatever is done by another test, once more while it is captured. */
static void while_captured(struct echogate *skel, void (*test)(void **state))
{
	listener_open(&listener, skel, 5, 1 << 20, tap_of_all());
	listening = true;
	test(NULL);
	listening = false;
	listener_close(&listener);
}

static void test_all_xdp(void **state)
{
	(void)state;
	all_through(fib, HOOK_XDP, by_table);
}

static void test_all_tc(void **state)
{
	(void)state;
	all_through(fib, HOOK_TC, by_table);
}

static void test_captured_xdp(void **state)
{
	(void)state;
	while_captured(swap, test_swap_xdp);
	while_captured(fib, test_all_xdp);
}

static void test_captured_tc(void **state)
{
	(void)state;
	while_captured(swap, test_swap_tc);
	while_captured(fib, test_all_tc);
	while_captured(fib, test_tag_beside);
	while_captured(l3, test_without_link);
}

static void test_captured_egress(void **state)
{
	(void)state;
	while_captured(fib, test_egress);
	while_captured(l3, test_without_link_egress);
}

#define OTHERS 11 /* tests that take no vector of their own */

int main(void)
{
	static char names[2 * VECTOR_COUNT][128];
	static struct CMUnitTest tests[2 * VECTOR_COUNT + OTHERS] = {
		cmocka_unit_test(test_egress),
		cmocka_unit_test(test_swap_xdp),
		cmocka_unit_test(test_kept_xdp),
		cmocka_unit_test(test_swap_tc),
		cmocka_unit_test(test_without_link),
		cmocka_unit_test(test_without_link_egress),
		cmocka_unit_test(test_tag_beside),
		cmocka_unit_test(test_tag_beside_swap),
		cmocka_unit_test(test_captured_xdp),
		cmocka_unit_test(test_captured_tc),
		cmocka_unit_test(test_captured_egress),
	};
	size_t count = OTHERS;

	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		for (const struct vector *v = runnable(hook, vectors); v;
		     v = runnable(hook, v + 1)) {
			char *name = names[count - OTHERS];

			snprintf(name, sizeof(names[0]), "%s: %s", hook == HOOK_XDP ? "xdp" : "tc",
				 v->name);
			tests[count++] = (struct CMUnitTest){
				.name = name,
				.test_func = hook == HOOK_XDP ? test_xdp : test_tc,
				.initial_state = (void *)v,
			};
		}
	}
	if (geteuid())
		return tap_skip(tests, count, "needs root");
	world_make();
	fib = world_load(false, false);
	swap = world_load(true, false);
	kept = world_open(true, false);
	kept->rodata->eg_keep_length = true;
	world_start(kept);
	l3 = world_load(false, true);
	return tap_run("hooks", tests, count);
}
