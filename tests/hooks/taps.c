// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures and the flight recorder, by BPF_PROG_TEST_RUN: who gets which packets, what is lost, who
 * is switched off, what is kept. That verdicts and replies don't change is in vectors.c.
 */
#include <sys/epoll.h>

#include "ruled.h"
#include "taps.h"

#define RULES \
	"drop icmp type echo-request ttl 5\n" \
	"reject udp port 33434 with port-unreachable\n" \
	"pass tcp port 80\n" \
	"answer icmp type echo-request to local\n" \
	"egress { drop tcp port 23; }\n"

enum packet { PING, DROPPED, REJECTED, WRONG_SUM, FOREIGN, HTTP, TELNET, PACKETS };

static struct ruled ruled;
static struct frame frames[PACKETS];
static struct listener listener;

/* clang-format off */
static const struct vector packets[PACKETS] = {
	[PING] = { "ping", .family = 4, .size = 56 },
	[DROPPED] = { "dropped", .family = 4, .size = 56, TTL(5) },
	[REJECTED] = { "rejected", .family = 4, .size = 56, PROTO(17) },
	[WRONG_SUM] = { "wrong sum", .family = 4, .size = 56, .sum = SUM_ADD, .sum_value = 1 },
	[FOREIGN] = { "foreign", .family = 4, .size = 56, .dst = "198.18.77.7" },
	[HTTP] = { "http", .family = 4, .size = 56, PROTO(6) },
	[TELNET] = { "telnet", .family = 4, .size = 56, PROTO(6) },
};
/* clang-format on */

/* As much of a header as rules look at; no checksum, which is to be none in UDP. */
static void make_header(struct frame *f, unsigned int port)
{
	set16(f->data + 34, 40000);
	set16(f->data + 36, port);
	set16(f->data + 38, f->len - 34);
	set16(f->data + 40, 0);
	f->data[46] = 5 << 4;
}

static void make_frames(void)
{
	for (int i = 0; i < PACKETS; i++)
		vector_request(&packets[i], &frames[i]);
	make_header(&frames[REJECTED], 33434);
	make_header(&frames[HTTP], 80);
	make_header(&frames[TELNET], 23);
}

static struct frame out;

static void run(enum packet p, enum hook hook)
{
	run_program(program(ruled.skel, hook), hook, frames[p].data, frames[p].len, 0, &out);
}

/* One of each, on their ways in by XDP and tc and out. */
static void send_all(void)
{
	for (enum packet p = PING; p < PACKETS; p++)
		for (enum hook hook = HOOK_XDP; hook <= HOOK_EGRESS; hook++)
			run(p, hook);
}

static unsigned int get(struct eg_tap tap)
{
	unsigned int n;

	listener_open(&listener, ruled.skel, 3, 1 << 20, tap);
	send_all();
	n = listener_read(&listener);
	listener_close(&listener);
	return n;
}

/* Filters ------------------------------------------------------------------------- */

static void test_filters(void **state)
{
	struct eg_tap tap = tap_of_all();

	(void)state;
	assert_int_equal(get(tap), 3 * PACKETS);
	tap.verdicts = 1 << EG_VERDICT_ANSWER;
	assert_int_equal(get(tap), 2); /* XDP, tc */
	tap.verdicts = 1 << EG_VERDICT_DROP;
	assert_int_equal(get(tap), 2 + 1); /* and TELNET on its way out */
	tap.directions = 1 << EG_EGRESS;
	assert_int_equal(get(tap), 1);
	assert_int_equal(listener.event.direction, EG_EGRESS);
	tap.verdicts = 0xff;
	assert_int_equal(get(tap), PACKETS);
	tap.directions = 1 << EG_INGRESS;
	assert_int_equal(get(tap), 2 * PACKETS);
	tap.reasons = 1ull << EG_REASON_ICMP_CHECKSUM;
	assert_int_equal(get(tap), 2);
	assert_int_equal(listener.event.reason, EG_REASON_ICMP_CHECKSUM);
	tap.reasons = 1ull << EG_REASON_NONE;
	assert_int_equal(get(tap), 2 * (PACKETS - 2)); /* WRONG_SUM and FOREIGN have one */
}

static void test_rule(void **state)
{
	struct eg_tap tap = tap_of_all();

	(void)state;
	tap.rule = ruled.compiled.rules[1].id;
	assert_int_equal(get(tap), 2);
	assert_int_equal(listener.event.rule, tap.rule);
	assert_int_equal(listener.event.line, 2);
	assert_int_equal(listener.event.verdict, EG_VERDICT_REJECT);
	assert_true(listener.event.replied > 0);
	tap.rule++;
	assert_int_equal(get(tap), 0);
}

static void test_snap(void **state)
{
	struct eg_tap tap = tap_of_all();

	(void)state;
	tap.snap = 40;
	tap.verdicts = 1 << EG_VERDICT_ANSWER;
	assert_int_equal(get(tap), 2);
	assert_int_equal(listener.event.captured, 40);
	assert_int_equal(listener.event.replied, 40);
	assert_int_equal(listener.event.length, frames[PING].len);
	assert_memory_equal(listener.frame, frames[PING].data, 40);
}

/* Neither too few nor too many: five deviations of a fair coin. */
static void test_sample(void **state)
{
	struct eg_tap tap = tap_of_all();
	unsigned int n;

	(void)state;
	tap.sample = 4;
	listener_open(&listener, ruled.skel, 0, 4 << 20, tap);
	for (int i = 0; i < 4000; i++)
		run(HTTP, HOOK_XDP);
	n = listener_read(&listener);
	listener_close(&listener);
	assert_in_range(n, 1000 - 5 * 28, 1000 + 5 * 28);
}

/* Two at once, each with what it wants. */
static void test_two(void **state)
{
	struct eg_tap small = tap_of_all(), tap = tap_of_all();
	static struct listener other;

	(void)state;
	small.snap = 20;
	small.verdicts = 1 << EG_VERDICT_DROP;
	small.source = 77;
	listener_open(&listener, ruled.skel, 0, 1 << 20, tap);
	listener_open(&other, ruled.skel, 7, 1 << 20, small);
	send_all();
	assert_int_equal(listener_read(&listener), 3 * PACKETS);
	assert_int_equal(listener.event.source, 0);
	assert_int_equal(listener.event.captured, frames[TELNET].len);
	assert_int_equal(listener_read(&other), 3);
	assert_int_equal(other.event.source, 77);
	assert_int_equal(other.event.captured, 20);
	listener_close(&other);
	run(PING, HOOK_XDP);
	assert_int_equal(listener_read(&listener), 1);
	listener_close(&listener);
}

/* Losses, leases, trials ------------------------------------------------------------ */

static void test_losses(void **state)
{
	struct eg_tap_count before, after;
	unsigned int n;

	(void)state;
	listener_open(&listener, ruled.skel, 2, 4096, tap_of_all());
	before = listener_count(&listener);
	for (int i = 0; i < 1000; i++)
		run(PING, HOOK_XDP);
	after = listener_count(&listener);
	n = listener_read(&listener);
	assert_in_range(n, 1, 4096 / 64);
	assert_int_equal(after.taken - before.taken, 1000);
	assert_int_equal(after.lost - before.lost, 1000 - n);
	/* Room again. */
	run(PING, HOOK_XDP);
	assert_int_equal(listener_read(&listener), 1);
	listener_close(&listener);
}

static void test_lease(void **state)
{
	struct eg_taps *taps = &ruled.skel->data_eg_taps->eg_taps;
	static struct listener other;

	(void)state;
	listener_open(&listener, ruled.skel, 1, 1 << 20, tap_of_all());
	listener_open(&other, ruled.skel, 4, 1 << 20, tap_of_all());
	listener_tap(&other)->until = tap_now() - NS;
	run(HTTP, HOOK_XDP);
	assert_int_equal(taps->live, 1 << 1);
	assert_int_equal(listener_read(&other), 0);
	assert_int_equal(listener_read(&listener), 1);
	listener_close(&listener);
	listener_close(&other);
	assert_int_equal(taps->live, 0);
}

static void test_trial(void **state)
{
	struct eg_trace trace;

	(void)state;
	listener_open(&listener, ruled.skel, 1, 1 << 20, tap_of_all());
	for (enum hook hook = HOOK_XDP; hook <= HOOK_EGRESS; hook++) {
		ruled_trial(&ruled, program(ruled.skel, hook), hook, &frames[DROPPED], 0, &trace);
		assert_int_equal(trace.verdict,
				 hook == HOOK_EGRESS ? EG_VERDICT_PASS : EG_VERDICT_DROP);
	}
	assert_int_equal(listener_read(&listener), 0);
	run(DROPPED, HOOK_XDP);
	assert_int_equal(listener_read(&listener), 1);
	listener_close(&listener);
}

/* The reader is called once, when much has come. */
static void test_wake(void **state)
{
	struct eg_tap tap = tap_of_all();
	struct epoll_event event;
	int fd;

	(void)state;
	tap.wake = 32768;
	listener_open(&listener, ruled.skel, 1, 1 << 17, tap);
	fd = ring_buffer__epoll_fd(listener.reader);
	for (int i = 0; i < 100; i++)
		run(PING, HOOK_XDP);
	assert_int_equal(epoll_wait(fd, &event, 1, 0), 0);
	for (int i = 0; i < 200; i++)
		run(PING, HOOK_XDP);
	assert_int_equal(epoll_wait(fd, &event, 1, 1000), 1);
	listener_close(&listener);
}

/* The recorder ----------------------------------------------------------------------- */

static struct eg_record_bucket *records;

static void records_open(void)
{
	if (!records)
		records = map_memory(ruled.skel->maps.eg_recorder);
}

static const struct eg_record_bucket *records_of(int cpu, enum eg_direction direction, __u32 bucket)
{
	return &records[(cpu * EG_DIRECTION_COUNT + direction) * EG_RECORD_BUCKETS + bucket];
}

/* Of a bucket, whatever the CPU; *last is its latest. */
static unsigned int recorded(enum eg_direction direction, __u32 bucket, struct eg_record *last)
{
	unsigned int n = 0;

	for (int cpu = 0; cpu < ruled.cpus; cpu++) {
		const struct eg_record_bucket *b = records_of(cpu, direction, bucket);

		for (int i = 0; i < EG_RECORDS; i++) {
			if (!b->record[i].event.time)
				continue;
			if (!n || b->record[i].event.time > last->event.time)
				*last = b->record[i];
			n++;
		}
	}
	return n;
}

/* Of a bucket of what comes in, those that are no longer there, too. */
static __u64 ever_recorded(__u32 bucket)
{
	__u64 count = 0;

	for (int cpu = 0; cpu < ruled.cpus; cpu++)
		count += records_of(cpu, EG_INGRESS, bucket)->count;
	return count;
}

static __u32 bucket_of_rule(size_t rule)
{
	return EG_REASON_SLOTS + ruled.compiled.rules[rule].slot % EG_RECORD_RULES;
}

static void wait_for_tokens(void)
{
	const struct timespec gap = { .tv_nsec = EG_RECORDS * EG_RECORD_GAP };

	nanosleep(&gap, NULL);
}

static void check_record(const struct eg_record *r, enum packet p, enum eg_verdict verdict,
			 enum eg_reason reason)
{
	assert_int_equal(r->event.verdict, verdict);
	assert_int_equal(r->event.reason, reason);
	assert_int_equal(r->event.length, frames[p].len);
	assert_int_equal(r->event.source, if_nametoindex(DEV));
	assert_in_range(r->event.captured, 40, EG_RECORD_SNAP);
	assert_memory_equal(r->frame, frames[p].data, r->event.captured);
}

static void test_recorder(void **state)
{
	struct eg_record last;

	(void)state;
	records_open();
	wait_for_tokens();
	send_all();
	/* As they came, also what was sent back as something else. */
	assert_true(recorded(EG_INGRESS, bucket_of_rule(0), &last) > 0);
	check_record(&last, DROPPED, EG_VERDICT_DROP, EG_REASON_NONE);
	assert_int_equal(last.event.rule, ruled.compiled.rules[0].id);
	assert_true(recorded(EG_INGRESS, bucket_of_rule(1), &last) > 0);
	check_record(&last, REJECTED, EG_VERDICT_REJECT, EG_REASON_NONE);
	assert_true(recorded(EG_INGRESS, EG_REASON_ICMP_CHECKSUM, &last) > 0);
	check_record(&last, WRONG_SUM, EG_VERDICT_PASS, EG_REASON_ICMP_CHECKSUM);
	assert_true(recorded(EG_EGRESS, bucket_of_rule(4), &last) > 0);
	check_record(&last, TELNET, EG_VERDICT_DROP, EG_REASON_NONE);
	/* What simply passes, or is answered, isn't. */
	assert_int_equal(recorded(EG_INGRESS, bucket_of_rule(2), &last), 0);
	assert_int_equal(recorded(EG_INGRESS, bucket_of_rule(3), &last), 0);
}

static void test_recorder_flood(void **state)
{
	struct eg_record rare, again;
	unsigned int n;

	(void)state;
	records_open();
	wait_for_tokens();
	run(REJECTED, HOOK_XDP);
	run(WRONG_SUM, HOOK_XDP);
	n = recorded(EG_INGRESS, bucket_of_rule(1), &rare);
	for (int i = 0; i < 20000; i++)
		run(DROPPED, HOOK_XDP);
	assert_int_equal(recorded(EG_INGRESS, bucket_of_rule(1), &again), n);
	assert_memory_equal(&again, &rare, sizeof(rare));
	assert_true(recorded(EG_INGRESS, EG_REASON_ICMP_CHECKSUM, &again) > 0);
}

/* A few at once, then one each gap: as many as that on this CPU, and no more. */
static void test_recorder_rate(void **state)
{
	__u64 before, after, start;
	struct eg_record last;

	(void)state;
	records_open();
	wait_for_tokens();
	before = ever_recorded(bucket_of_rule(0));
	start = tap_now();
	for (int i = 0; i < 1000; i++)
		run(DROPPED, HOOK_TC);
	after = ever_recorded(bucket_of_rule(0));
	assert_in_range(after - before, EG_RECORDS,
			ruled.cpus * (EG_RECORDS + (tap_now() - start) / EG_RECORD_GAP + 1));
	assert_true(recorded(EG_INGRESS, bucket_of_rule(0), &last) >= EG_RECORDS);
}

/* What simple rules decide at sight is captured and recorded all the same. */
static void test_at_sight(void **state)
{
	struct ruled kept = ruled;
	struct eg_record last;

	(void)state;
	records = NULL;
	if (!ruled_load(&ruled, "drop icmp type echo-request\n", false))
		DIE("the rule is not accepted");
	assert_int_equal(ruled.compiled.rulesets[EG_INGRESS].simple, 1);
	records_open();
	run(PING, HOOK_XDP);
	assert_int_equal(recorded(EG_INGRESS, bucket_of_rule(0), &last), 1);
	check_record(&last, PING, EG_VERDICT_DROP, EG_REASON_NONE);
	listener_open(&listener, ruled.skel, 0, 1 << 20, tap_of_all());
	run(PING, HOOK_XDP);
	run(PING, HOOK_TC);
	run(HTTP, HOOK_XDP);
	assert_int_equal(listener_read(&listener), 3);
	listener_close(&listener);
	munmap(records, map_bytes(ruled.skel->maps.eg_recorder));
	ruled_free(&ruled);
	ruled = kept;
	records = NULL;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_snap),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_trial),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_recorder),
		cmocka_unit_test(test_recorder_flood),
		cmocka_unit_test(test_recorder_rate),
		cmocka_unit_test(test_at_sight),
	};

	if (geteuid())
		return tap_skip(tests, ARRAY_SIZE(tests), "needs root");
	world_make();
	make_frames();
	if (!ruled_load(&ruled, RULES, false))
		DIE("the rules are not accepted");
	return TAP_RUN("taps", tests);
}
