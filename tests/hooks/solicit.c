// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests through the egress program, replies through both ingress programs: which of them is
 * taken for asked for, by the rule that counts it, and what is measured of it.
 */
#include "ruled.h"

#include <echogate/solicit.h>

#define RULES \
	"measure rtt of { 198.18.0.0/24, fd00:e6::/32 }\n" \
	"observe from 198.18.0.2\n" \
	"count solicited\n" \
	"count unsolicited\n" \
	"drop icmp type echo-reply unsolicited\n" \
	"egress { drop icmp type echo-request ttl 9 }\n"

enum { SOLICITED, UNSOLICITED, DROPPED, RULES_COUNT };

static struct ruled r;
static struct frame request, reply, out;
static uint16_t number;

static __u64 counted(int rule)
{
	__u64 packets = 0;

	for (int cpu = 0; cpu < r.cpus; cpu++)
		packets += r.cells[cpu * EG_RULE_SLOTS + ruled_slot(rule)].count.packets;
	return packets;
}

/* Round trips measured of a group; 0: of all. */
static __u64 measured(__u32 group, struct eg_rtt *sum)
{
	struct eg_rtt *each = calloc(r.cpus, sizeof(*each));
	__u64 count = 0;

	assert_non_null(each);
	memset(sum, 0, sizeof(*sum));
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(r.skel->maps.eg_rtt), &group, each), 0);
	for (int cpu = 0; cpu < r.cpus; cpu++) {
		for (int i = 0; i < EG_RTT_BUCKETS; i++)
			count += each[cpu].bucket[i];
		sum->sum += each[cpu].sum;
	}
	free(each);
	return count;
}

/* Gives a message of the vector's own number the next one; of a fragment no sum is looked at. */
static void renumber(struct frame *f, const struct vector *v, size_t l3)
{
	size_t at = l3 + (v->family == 4 ? 20 + v->options : 40);

	for (uint32_t i = 0; i < v->chain_count; i++)
		at += v->chain[i] == 51 ? 24 : 8;
	set16(f->data + at + 6, number);
}

/* `from` sends to `to`, both of the host's view; the frame goes the other way for a reply. */
static void build(struct frame *f, const struct vector *like, const char *from, const char *to,
		  uint8_t type)
{
	struct vector v = *like;

	v.src = from;
	v.dst = to;
	v.type = 1 + type;
	vector_request(&v, f);
	renumber(f, &v, vector_l3(&v));
}

static void send_request(const struct vector *v, const char *to)
{
	number++;
	build(&request, v, v->family == 4 ? "198.18.0.1" : "fd00:e6::1", to,
	      v->family == 4 ? 8 : 128);
	assert_int_equal(run_program(program(r.skel, HOOK_EGRESS), HOOK_EGRESS, request.data,
				     request.len, 0, &out),
			 TC_ACT_UNSPEC);
}

/* What a reply is taken for; that only one of the rules has counted it. */
static enum eg_solicited receive(enum hook hook, const struct vector *v, const char *from)
{
	__u64 yes = counted(SOLICITED), no = counted(UNSOLICITED);

	build(&reply, v, from, v->family == 4 ? "198.18.0.1" : "fd00:e6::1",
	      v->family == 4 ? 0 : 129);
	run_program(program(r.skel, hook), hook, reply.data, reply.len, 0, &out);
	yes = counted(SOLICITED) - yes;
	no = counted(UNSOLICITED) - no;
	assert_true(yes + no <= 1);
	return yes ? EG_SOLICITED_YES : no ? EG_SOLICITED_NO : EG_SOLICITED_NONE;
}

#define YES(hook, v, from)	assert_int_equal(receive(hook, v, from), EG_SOLICITED_YES)
#define NO(hook, v, from)	assert_int_equal(receive(hook, v, from), EG_SOLICITED_NO)
#define NONE(hook, v, from)	assert_int_equal(receive(hook, v, from), EG_SOLICITED_NONE)

static const struct vector ping4 = { .family = 4, .size = 56 }, ping6 = { .family = 6, .size = 56 };

/* In whatever form a message comes, as long as its header can be read. */
static void test_forms(void **state)
{
	static const struct {
		struct vector v;
		bool later;
	} forms[] = {
		{ { .family = 4, .size = 56 }, false },
		{ { .family = 6, .size = 56 }, false },
		{ { .family = 4 }, false },
		{ { .family = 6 }, false },
		{ { .family = 4, .size = 56, .options = 8 }, false },
		{ { .family = 4, .size = 56, .frag = 0x2000 }, false },
		{ { .family = 4, .size = 56, .frag = 0x0008 }, true },
		{ { .family = 6, .size = 56, .chain = { 0 }, .chain_count = 1 }, false },
		{ { .family = 6, .size = 56, .chain = { 44 }, .chain_count = 1, .ext_frag = 1 },
		  false },
		{ { .family = 6, .size = 56, .chain = { 44 }, .chain_count = 1, .ext_frag = 8 },
		  true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
			const struct vector *v = &forms[i].v;
			const char *peer = v->family == 4 ? "198.18.0.2" : "fd00:e6::2";

			send_request(v, peer);
			if (forms[i].later) {
				NONE(hook, v, peer);
				continue;
			}
			YES(hook, v, peer);
			/* One without the other: the header alone counts. */
			YES(hook, v->family == 4 ? &ping4 : &ping6, peer);
			number++;
			NO(hook, v, peer);
		}
}

/* Who sent it, to whom, and with what: each has to be right. */
static void test_keys(void **state)
{
	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		send_request(&ping4, "198.18.0.2");
		NO(hook, &ping4, "198.18.0.3");
		NO(hook, &ping6, "fd00:e6::2");
		number++;
		NO(hook, &ping4, "198.18.0.2");
		number--;
		YES(hook, &ping4, "198.18.0.2");
		send_request(&ping6, "fd00:e6::2");
		NO(hook, &ping6, "fd00:e6::3");
		YES(hook, &ping6, "fd00:e6::2");
	}
}

/* Of a group anybody may answer, and several do. */
static void test_groups(void **state)
{
	static const char *const groups[] = { "224.0.0.1", "239.1.2.3", "255.255.255.255",
					      "198.18.0.255" };
	struct eg_rtt sum;
	__u64 before;

	(void)state;
	before = measured(0, &sum);
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
			send_request(&ping4, groups[i]);
			YES(hook, &ping4, "198.18.0.2");
			YES(hook, &ping4, "203.0.113.9");
			number++;
			NO(hook, &ping4, "198.18.0.2");
		}
		send_request(&ping6, "ff02::1");
		YES(hook, &ping6, "fd00:e6::7");
		YES(hook, &ping6, "fe80::1");
		/* Nobody of a group isn't anybody. */
		send_request(&ping4, "198.18.0.2");
		NO(hook, &ping4, "0.0.0.0");
	}
	assert_int_equal(measured(0, &sum), before);
}

/* Each once, of all and of its group. */
static void test_measured(void **state)
{
	struct eg_rtt sum, one;
	__u64 all, four, six, ns;

	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		all = measured(0, &sum);
		four = measured(1, &one);
		six = measured(2, &one);
		ns = sum.sum;
		send_request(&ping4, "198.18.0.2");
		usleep(3000);
		YES(hook, &ping4, "198.18.0.2");
		assert_int_equal(measured(0, &sum), all + 1);
		assert_in_range(sum.sum - ns, 3000000, 3000000000);
		YES(hook, &ping4, "198.18.0.2");
		send_request(&ping4, "203.0.113.9");
		YES(hook, &ping4, "203.0.113.9");
		send_request(&ping6, "fd00:e6::2");
		YES(hook, &ping6, "fd00:e6::2");
		assert_int_equal(measured(0, &sum), all + 3);
		assert_int_equal(measured(1, &one), four + 1);
		assert_int_equal(measured(2, &one), six + 1);
	}
}

/* Every note made as old as that. */
static void grow_old(__u64 ns)
{
	struct eg_echo_bucket *b = map_memory(r.skel->maps.eg_echoes);

	for (int i = 0; i < EG_ECHO_BUCKETS; i++)
		for (int way = 0; way < EG_ECHO_WAYS; way++) {
			__u64 cell = b[i].cell[way];

			if (cell)
				b[i].cell[way] = (cell & ~EG_ECHO_TIME) |
						 ((cell - (ns >> EG_ECHO_SHIFT)) & EG_ECHO_TIME);
		}
	munmap(b, map_bytes(r.skel->maps.eg_echoes));
}

static void test_age(void **state)
{
	(void)state;
	send_request(&ping4, "198.18.0.2");
	grow_old(EG_ECHO_MAX - 30000000000ull);
	YES(HOOK_XDP, &ping4, "198.18.0.2");
	grow_old(30000000000ull);
	NO(HOOK_XDP, &ping4, "198.18.0.2");
	NO(HOOK_TC, &ping4, "198.18.0.2");
}

/* What egress drops has not left, nor what is merely tried. */
static void test_not_sent(void **state)
{
	struct vector dropped = { .family = 4, .size = 56, TTL(9) };
	struct eg_trace trace;
	struct eg_rtt sum;
	__u64 before;

	(void)state;
	number++;
	build(&request, &dropped, "198.18.0.1", "198.18.0.2", 8);
	assert_int_equal(run_program(program(r.skel, HOOK_EGRESS), HOOK_EGRESS, request.data,
				     request.len, 0, &out),
			 TC_ACT_SHOT);
	NO(HOOK_XDP, &ping4, "198.18.0.2");
	build(&request, &ping4, "198.18.0.1", "198.18.0.2", 8);
	ruled_trial(&r, program(r.skel, HOOK_EGRESS), HOOK_EGRESS, &request, 0, &trace);
	NO(HOOK_XDP, &ping4, "198.18.0.2");
	send_request(&ping4, "198.18.0.2");
	before = measured(0, &sum);
	build(&reply, &ping4, "198.18.0.2", "198.18.0.1", 0);
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		ruled_trial(&r, program(r.skel, hook), hook, &reply, 0, &trace);
		assert_int_equal(trace.index[EG_FIELD_SOLICITED], EG_SOLICITED_YES);
	}
	assert_int_equal(measured(0, &sum), before);
	YES(HOOK_XDP, &ping4, "198.18.0.2");
	assert_int_equal(measured(0, &sum), before + 1);
}

/* Whose requests are watched, and that a trial isn't one. */
static void test_observed(void **state)
{
	int map = bpf_map__fd(r.skel->maps.eg_observed);
	struct eg_observed_key key = { .addr = { 0, 0, htonl(0xffff), htonl(0xc6120002) },
				       .id = 0x1234 };
	struct eg_observed seen;
	struct eg_trace trace;

	(void)state;
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		bpf_map_delete_elem(map, &key);
		for (int i = 0; i < 5; i++) {
			number += 1 + (i == 3);
			build(&request, &ping4, "198.18.0.2", "198.18.0.1", 8);
			run_program(program(r.skel, hook), hook, request.data, request.len, 0, &out);
		}
		ruled_trial(&r, program(r.skel, hook), hook, &request, 0, &trace);
		assert_int_equal(bpf_map_lookup_elem(map, &key, &seen), 0);
		assert_int_equal(seen.received, 5);
		assert_int_equal(seen.missing, 1);
		assert_int_equal(seen.top, number);
	}
	build(&request, &ping4, "198.18.0.3", "198.18.0.1", 8);
	run_program(program(r.skel, HOOK_XDP), HOOK_XDP, request.data, request.len, 0, &out);
	key.addr[3] = htonl(0xc6120003);
	assert_int_equal(bpf_map_lookup_elem(map, &key, &seen), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	 cmocka_unit_test(test_keys),
		cmocka_unit_test(test_groups),	 cmocka_unit_test(test_measured),
		cmocka_unit_test(test_not_sent), cmocka_unit_test(test_observed),
		cmocka_unit_test(test_age),
	};

	if (geteuid())
		return tap_skip(tests, ARRAY_SIZE(tests), "needs root");
	world_make();
	if (!ruled_load(&r, RULES, false))
		DIE("the rules aren't accepted");
	return TAP_RUN("solicit", tests);
}
