// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way back as the kernel's tables change, what is remembered of it and for how
 * long; what differs from reply to reply; every identifier; frames in fragments.
 */
#include "world.h"

/*
 * Memories of `ageing` end within a second, as attach has them; those of `lasting` never,
 * so that no machine is too slow for what is asked of them. Mostly skel is `lasting`.
 */
#define NEVER	40		/* as a shift of jiffies */
#define PATIENCE 60		/* seconds until a memory must have ended */

static struct echogate *skel, *lasting, *ageing;

/* XDP and tc share the memory and the code that asks; what differs is only where they find the frame. */
static const struct vector ping4 = { .name = "v4", .family = 4, .size = 56 };
static const struct vector ping6 = { .name = "v6", .family = 6, .size = 56 };

static struct frame request, out, expected;

static int run(enum hook hook, const struct vector *v)
{
	vector_request(v, &request);
	return run_program(program(skel, hook), hook, request.data, request.len, 0, &out);
}

static bool is_answered(enum hook hook, const struct vector *v)
{
	return answered(hook, run(hook, v));
}

/* The reason that is counted for a frame that passes. */
static enum eg_reason reason_of(enum hook hook, const struct vector *v)
{
	static struct eg_counters before, after;
	enum eg_reason reason = EG_REASON_NONE;

	counters_read(skel, EG_INGRESS, &before);
	assert_true(passed(hook, run(hook, v)));
	counters_read(skel, EG_INGRESS, &after);
	for (int r = 0; r < EG_REASON_SLOTS; r++) {
		__u64 more = after.reason[r].packets - before.reason[r].packets;

		if (!more)
			continue;
		assert_int_equal(more, 1);
		assert_int_equal(reason, EG_REASON_NONE);
		reason = r;
	}
	return reason;
}

#define NO_WAY_BACK "route del default via 198.18.0.2\nroute del default via fd00:e6::2\n"
#define WAY_BACK    "route add default via 198.18.0.2\nroute add default via fd00:e6::2\n"

#define FAR4	    .family = 4, .src = "203.0.113.5", .size = 56
#define FAR6	    .family = 6, .src = "2001:db8::5", .size = 56

static const struct vector far4 = { FAR4 };
static const struct vector far6 = { FAR6 };

/* A path of its own for each hook and family: what one remembers the other must ask for. */
static const struct {
	enum hook hook;
	struct vector v;
} remembering[] = {
	{ HOOK_XDP, { .family = 4, .src = "203.0.113.6", .size = 56 } },
	{ HOOK_XDP, { .family = 6, .src = "2001:db8::6", .size = 56 } },
	{ HOOK_TC, { .family = 4, .src = "203.0.113.7", .size = 56 } },
	{ HOOK_TC, { .family = 6, .src = "2001:db8::7", .size = 56 } },
};

#define REMEMBERING (sizeof(remembering) / sizeof(remembering[0]))

/* The second packet is answered though the route has gone. */
static void test_remembered(void **state)
{
	(void)state;
	forget(skel);
	for (size_t i = 0; i < REMEMBERING; i++)
		assert_true(is_answered(remembering[i].hook, &remembering[i].v));
	ip(NO_WAY_BACK);
	for (size_t i = 0; i < REMEMBERING; i++)
		assert_true(is_answered(remembering[i].hook, &remembering[i].v));
	ip(WAY_BACK);
}

/* Some time all of them are answered again, or none. */
static bool becomes(bool answered)
{
	time_t end = time(NULL) + PATIENCE;
	size_t agree;

	do {
		usleep(100000);
		agree = 0;
		for (size_t i = 0; i < REMEMBERING; i++)
			agree += is_answered(remembering[i].hook, &remembering[i].v) == answered;
	} while (agree < REMEMBERING && time(NULL) < end);
	return agree == REMEMBERING;
}

/* That there is a way back grows old, and that there is none. */
static void test_ageing(void **state)
{
	(void)state;
	skel = ageing;
	assert_true(becomes(true));
	ip(NO_WAY_BACK);
	assert_true(becomes(false));
	for (size_t i = 0; i < REMEMBERING; i++)
		assert_int_equal(reason_of(remembering[i].hook, &remembering[i].v),
				 EG_REASON_NO_ROUTE);
	ip(WAY_BACK);
	assert_true(becomes(true));
}

static void test_reason_remembered(void **state)
{
	static const struct vector cut4 = {
		.name = "v4", .family = 4, .src = "198.19.1.1", .size = 56
	};
	static const struct vector cut6 = {
		.name = "v6", .family = 6, .src = "fd00:e6:1::1", .size = 56
	};
	static const struct vector *const vs[] = { &cut4, &cut6 };

	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		for (int n = 0; n < 2; n++) {
			forget(skel);
			assert_int_equal(reason_of(hook, vs[n]), EG_REASON_NO_ROUTE);
			ip("route del unreachable 198.19.1.0/24\n"
			   "route del unreachable fd00:e6:1::/48\n");
			assert_int_equal(reason_of(hook, vs[n]), EG_REASON_NO_ROUTE);
			forget(skel);
			assert_true(is_answered(hook, vs[n]));
			ip("route add unreachable 198.19.1.0/24\n"
			   "route add unreachable fd00:e6:1::/48\n");
		}
	}
}

/* Whoever writes the configuration changes the salt, and every path is asked for again. */
static void test_salt(void **state)
{
	static const struct vector *const vs[] = { &far4, &far6 };

	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		for (int n = 0; n < 2; n++) {
			forget(skel);
			assert_true(is_answered(hook, vs[n]));
			ip(NO_WAY_BACK);
			forget(skel);
			assert_int_equal(reason_of(hook, vs[n]), EG_REASON_NO_ROUTE);
			ip(WAY_BACK);
			forget(skel);
		}
	}
}

/* The kernel resolves the neighbour meanwhile: the next packet finds it. */
static void test_neighbour_not_remembered(void **state)
{
	static const struct vector near4 = {
		.name = "v4", .family = 4, .src = "198.19.2.9", .size = 56
	};
	static const struct vector near6 = {
		.name = "v6", .family = 6, .src = "fd00:e6:2::9", .size = 56
	};

	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		forget(skel);
		assert_int_equal(reason_of(hook, &near4), EG_REASON_NO_NEIGHBOUR);
		assert_int_equal(reason_of(hook, &near6), EG_REASON_NO_NEIGHBOUR);
		ip("neigh add 198.19.2.9 lladdr 02:00:00:00:e6:02 dev eg0 nud permanent\n"
		   "neigh add fd00:e6:2::9 lladdr 02:00:00:00:e6:02 dev eg0 nud permanent\n");
		assert_true(is_answered(hook, &near4));
		assert_true(is_answered(hook, &near6));
		ip("neigh del 198.19.2.9 dev eg0\nneigh del fd00:e6:2::9 dev eg0\n");
	}
}

/*
 * A memory is of one path. With the route gone, whatever the way back may depend on
 * makes it another; whatever it can't depend on does not.
 */
static const struct {
	const char *what; /* is another than in far4 or far6 */
	bool same;
	struct vector v;
} variants[] = {
	{ "source", false, { .family = 4, .src = "203.0.113.4", .size = 56 } },
	{ "destination", false, { FAR4, .dst = OWN4_LO } },
	{ "TOS", false, { FAR4, .tos = 0x10 } },
	{ "length", false, { .family = 4, .src = "203.0.113.5", .size = 57 } },
	{ "source MAC", false, { FAR4, .from = STATION_OTHER } },
	{ "destination MAC", false, { FAR4, .to = STATION_VLAN } },
	{ "VLAN tag", false, { FAR4, .tag = { { 0x8100, VLAN_ONE } } } },
	{ "TTL", true, { FAR4, TTL(3) } },
	{ "identification", true, { FAR4, .id = 0x4242 } },
	{ "data", true, { FAR4, .fill = FILL_ONES } },
	{ "trailer", true, { FAR4, .trailer = 9 } },
	{ "code", true, { FAR4, .code = 9 } },
	{ "source, first word", false, { .family = 6, .src = "2001:db9::5", .size = 56 } },
	{ "source, second word", false, { .family = 6, .src = "2001:db8:0:1::5", .size = 56 } },
	{ "source, third word", false, { .family = 6, .src = "2001:db8::1:0:5", .size = 56 } },
	{ "source, last word", false, { .family = 6, .src = "2001:db8::4", .size = 56 } },
	{ "destination", false, { FAR6, .dst = OWN6_LO } },
	{ "traffic class", false, { FAR6, .tos = 0x10 } },
	{ "length", false, { .family = 6, .src = "2001:db8::5", .size = 57 } },
	{ "source MAC", false, { FAR6, .from = STATION_OTHER } },
	{ "destination MAC", false, { FAR6, .to = STATION_VLAN } },
	{ "VLAN tag", false, { FAR6, .tag = { { 0x8100, VLAN_ONE } } } },
	{ "hop limit", true, { FAR6, TTL(3) } },
	{ "flow label", true, { FAR6, .label = 0x54321 } },
	{ "data", true, { FAR6, .fill = FILL_ONES } },
	{ "trailer", true, { FAR6, .trailer = 9 } },
};

static void test_one_path_each(void **state)
{
	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
			const struct vector *v = &variants[i].v;
			bool got;

			forget(skel);
			assert_true(is_answered(hook, v->family == 4 ? &far4 : &far6));
			ip(NO_WAY_BACK);
			got = is_answered(hook, v);
			ip(WAY_BACK);
			if (got != variants[i].same)
				fail_msg("v%d, another %s: %s", v->family, variants[i].what,
					 got ? "answered from memory" : "asked for again");
		}
	}
}

static void test_fib_disabled(void **state)
{
	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		forget(skel);
		sysctl_set("ipv4/conf/lo/forwarding", "0");
		assert_int_equal(reason_of(hook, &ping4), EG_REASON_FIB_DISABLED);
		assert_true(is_answered(hook, &ping6));
		sysctl_set("ipv4/conf/lo/forwarding", "1");
		forget(skel);
		sysctl_set("ipv6/conf/lo/forwarding", "0");
		assert_int_equal(reason_of(hook, &ping6), EG_REASON_FIB_DISABLED);
		assert_true(is_answered(hook, &ping4));
		sysctl_set("ipv6/conf/lo/forwarding", "1");
		forget(skel);
		assert_true(is_answered(hook, &ping4));
		assert_true(is_answered(hook, &ping6));
	}
}

/* lo need not be up, nor the host forward anything. */
static void test_lo_down(void **state)
{
	(void)state;
	ip("link set lo down\n");
	sysctl_set("ipv4/conf/eg0/forwarding", "0");
	sysctl_set("ipv6/conf/eg0/forwarding", "0");
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		forget(skel);
		assert_true(is_answered(hook, &ping4));
		assert_true(is_answered(hook, &ping6));
	}
	ip("link set lo up\naddr replace fd00:e6:9::9/128 nodad dev lo\n");
}

/* The kernel draws identifications; here they must at least not repeat soon. */
static void test_identification(void **state)
{
	cpu_set_t before, one;

	(void)state;
	/* Counted per CPU: a move from one to another could repeat some. */
	sched_getaffinity(0, sizeof(before), &before);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		static bool seen[1 << 16];

		memset(seen, 0, sizeof(seen));
		forget(skel);
		for (int i = 0; i < 1000; i++) {
			assert_true(is_answered(hook, &ping4));
			assert_false(seen[reply_id(&out, 14)]);
			seen[reply_id(&out, 14)] = true;
		}
	}
	sched_setaffinity(0, sizeof(before), &before);
}

/* One label for the packets of a flow, others for other flows. */
static void test_flow_label(void **state)
{
	static bool seen[1 << 20];
	struct vector v = ping6;
	int different = 0;
	char src[40];

	(void)state;
	skel->data_eg_config->eg_config.flags = EG_FLAG_LABEL_AUTO;
	forget(skel);
	for (int i = 0; i < 1000; i++) {
		uint32_t label;

		snprintf(src, sizeof(src), "2001:db8::%x", i + 2);
		v.src = src;
		v.label = i;
		assert_true(is_answered(HOOK_XDP, &v));
		label = reply_label(&out, 14);
		different += !seen[label];
		seen[label] = true;
		v.label = i ^ 0xfffff;
		v.fill = FILL_ONES;
		assert_true(is_answered(HOOK_TC, &v));
		assert_int_equal(reply_label(&out, 14), label);
		v.fill = FILL_RAMP;
	}
	skel->data_eg_config->eg_config.flags = 0;
	assert_in_range(different, 990, 1000);
}

/* Every identifier, and with it every checksum but one a request of this length can have. */
static void every_ident(enum hook hook, const struct vector *v)
{
	size_t upper = 14 + (v->family == 4 ? 20 : 40);
	size_t len;
	uint16_t pseudo;

	forget(skel);
	vector_request(v, &request);
	len = request.len - upper;
	pseudo = v->family == 6 ? sum_pseudo(request.data + 14, len) : 0;
	for (uint32_t id = 0; id <= 0xffff; id++) {
		set16(request.data + upper + 4, id);
		put_sum(SUM_GOOD, 0, request.data + upper + 2, NULL, pseudo, request.data + upper,
			len, 0);
		if (!answered(hook, run_program(program(skel, hook), hook, request.data,
						request.len, 0, &out)))
			fail_msg("identifier %u is not answered", id);
		assert_int_equal(out.len, request.len);
		assert_int_equal(out.data[upper], v->family == 4 ? 0 : 129);
		assert_int_equal(get16(out.data + upper + 4), id);
		if (memcmp(out.data + upper + 6, request.data + upper + 6, len - 6))
			fail_msg("identifier %u: data changed", id);
		if (sum_bytes(pseudo, out.data + upper, len) != 0xffff)
			fail_msg("identifier %u: wrong checksum 0x%04x", id,
				 get16(out.data + upper + 2));
		if (v->family == 4 && sum_bytes(0, out.data + 14, 20) != 0xffff)
			fail_msg("identifier %u: wrong header checksum", id);
	}
}

static void test_every_ident4(void **state)
{
	static const struct vector v = { .family = 4, .zero = true, .fill = FILL_ZERO, .size = 56 };

	(void)state;
	every_ident(HOOK_XDP, &v);
}

static void test_every_ident6(void **state)
{
	static const struct vector v = { .family = 6, .zero = true, .fill = FILL_ZERO, .size = 56 };

	(void)state;
	every_ident(HOOK_XDP, &v);
}

/* Through the kernel's sum helper: 600 bytes. */
static void test_every_ident_long4(void **state)
{
	static const struct vector v = {
		.family = 4, .zero = true, .fill = FILL_ZERO, .size = 600
	};

	(void)state;
	every_ident(HOOK_TC, &v);
}

static void test_every_ident_long6(void **state)
{
	static const struct vector v = {
		.family = 6, .zero = true, .fill = FILL_ZERO, .size = 600
	};

	(void)state;
	every_ident(HOOK_TC, &v);
}

/* Each sum of pieces that a length can be made of, against the helper's idea of it. */
static void test_every_size(void **state)
{
	static const enum fill fills[] = { FILL_RAMP, FILL_ZERO, FILL_ONES };

	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		for (uint32_t size = 0; size <= 3100; size += size < 1600 ? 1 : 17) {
			struct vector v = size % 2 ? ping4 : ping6;

			for (int family = 0; family < 2; family++) {
				v.family = family ? 4 : 6;
				v.size = size;
				v.fill = fills[size % 3];
				v.zero = v.fill == FILL_ZERO;
				if (!is_answered(hook, &v))
					fail_msg("v%d: %u bytes are not answered", v.family, size);
				vector_reply(&v, reply_id(&out, 14), 0, &expected);
				if (v.family == 6)
					assert_int_equal(reply_label(&out, 14), 0);
				if (out.len != expected.len ||
				    memcmp(out.data, expected.data, out.len))
					fail_msg("v%d: %u bytes: wrong reply", v.family, size);
			}
		}
	}
}

/*
 * MTU 9000 in XDP: what doesn't lie in one piece is the kernel's, and counted
 * in full. In tc BPF_PROG_TEST_RUN takes no frame longer than a page (Linux 6.18);
 * the end-to-end tests do that.
 */
static void jumbo_xdp(const struct vector *v, __u32 cell, enum eg_reason reason)
{
	static struct eg_counters have, want;

	counters_read(skel, EG_INGRESS, &want);
	vector_request(v, &request);
	count_one(&want, cell, EG_VERDICT_PASS, reason, request.len);
	assert_true(passed(HOOK_XDP, run(HOOK_XDP, v)));
	counters_read(skel, EG_INGRESS, &have);
	same_counters(v->name, &have, &want);
	assert_int_equal(out.len, request.len);
	assert_memory_equal(out.data, request.data, out.len);
}

static void test_jumbo_xdp(void **state)
{
	static const struct vector whole4 = { .name = "v4, 8,972 bytes",
					      .family = 4,
					      .size = 8972 };
	static const struct vector whole6 = { .name = "v6, 8,952 bytes",
					      .family = 6,
					      .size = 8952 };
	static const struct vector wrong4 = { .name = "v4, wrong checksum",
					      .family = 4,
					      .size = 8972,
					      .sum = SUM_ADD,
					      .sum_value = 1 };
	static const struct vector beyond4 = {
		.name = "v4, beyond the frame", .family = 4, .size = 8972, TOTAL(9100)
	};
	static const struct vector tcp = { .name = "TCP", .family = 4, PROTO(6), .size = 8960 };

	(void)state;
	forget(skel);
	jumbo_xdp(&whole4, EG_CELL_ICMP + EG_ICMP_ECHO_REQUEST, EG_REASON_NOT_LINEAR);
	jumbo_xdp(&whole6, EG_CELL_ICMP6 + EG_ICMP6_ECHO_REQUEST, EG_REASON_NOT_LINEAR);
	/* Nobody looks further than what is linear. */
	jumbo_xdp(&wrong4, EG_CELL_ICMP + EG_ICMP_ECHO_REQUEST, EG_REASON_NOT_LINEAR);
	jumbo_xdp(&beyond4, EG_CELL_ICMP + EG_ICMP_ECHO_REQUEST, EG_REASON_NOT_LINEAR);
	jumbo_xdp(&tcp, EG_CELL_PROTOCOL + EG_PROTOCOL_TCP, EG_REASON_NONE);
}

/* A request of which only the trailer lies elsewhere may be answered or not, but never with it. */
static void test_jumbo_trailer(void **state)
{
	static const struct vector trailer = {
		.name = "v4", .family = 4, .size = 56, .trailer = 8000
	};

	(void)state;
	forget(skel);
	if (is_answered(HOOK_XDP, &trailer)) {
		vector_reply(&trailer, reply_id(&out, 14), 0, &expected);
		assert_int_equal(out.len, expected.len);
		assert_memory_equal(out.data, expected.data, expected.len);
	}
}

/* A test that fails stops where it is: the next one finds the world as it was made. */
static int mend(void **state)
{
	(void)state;
	skel = lasting;
	skel->data_eg_config->eg_config.flags = 0;
	sysctl_set("ipv4/conf/lo/forwarding", "1");
	sysctl_set("ipv6/conf/lo/forwarding", "1");
	ip("link set lo up\n"
	   "addr replace fd00:e6:9::9/128 nodad dev lo\n"
	   "route replace default via 198.18.0.2\n"
	   "route replace default via fd00:e6::2\n"
	   "route replace unreachable 198.19.1.0/24\n"
	   "route replace unreachable fd00:e6:1::/48\n");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_remembered, mend),
		cmocka_unit_test_teardown(test_ageing, mend),
		cmocka_unit_test_teardown(test_reason_remembered, mend),
		cmocka_unit_test_teardown(test_salt, mend),
		cmocka_unit_test_teardown(test_neighbour_not_remembered, mend),
		cmocka_unit_test_teardown(test_one_path_each, mend),
		cmocka_unit_test_teardown(test_fib_disabled, mend),
		cmocka_unit_test_teardown(test_lo_down, mend),
		cmocka_unit_test_teardown(test_identification, mend),
		cmocka_unit_test_teardown(test_flow_label, mend),
		cmocka_unit_test_teardown(test_every_ident4, mend),
		cmocka_unit_test_teardown(test_every_ident6, mend),
		cmocka_unit_test_teardown(test_every_ident_long4, mend),
		cmocka_unit_test_teardown(test_every_ident_long6, mend),
		cmocka_unit_test_teardown(test_every_size, mend),
		cmocka_unit_test_teardown(test_jumbo_xdp, mend),
		cmocka_unit_test_teardown(test_jumbo_trailer, mend),
	};
	size_t count = sizeof(tests) / sizeof(tests[0]);

	if (geteuid())
		return tap_skip(tests, count, "needs root");
	world_make();
	ageing = world_load(false, false);
	lasting = world_open(false, false);
	lasting->rodata->eg_epoch_shift = NEVER;
	world_start(lasting);
	skel = lasting;
	return tap_run("path", tests, count);
}
