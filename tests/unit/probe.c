// SPDX-License-Identifier: GPL-2.0-only
/* What probe reckons, writes and reads without a socket: loader/probe/. */
#include "vectors/cmocka.h"

#include "probe/echo.h"
#include "probe/reply.h"
#include "probe/samples.h"
#include "probe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>

#define SECOND 1000000000ULL

/* Statistics ------------------------------------------------------------------------- */

static void test_moments(void **state)
{
	static const __u64 values[] = { 5, 1, 4, 2, 3 };
	struct samples s = SAMPLES_INIT(100);

	(void)state;
	assert_int_equal(samples__percentile(&s, 50), 0);
	assert_true(samples__deviation(&s) == 0);
	for (size_t i = 0; i < 5; i++)
		samples__add(&s, values[i]);
	assert_int_equal(s.least, 1);
	assert_int_equal(s.most, 5);
	assert_true(fabs(s.mean - 3) < 1e-9);
	/* As ping: the root of (25 + 1 + 16 + 4 + 9) / 5 - 9. */
	assert_true(fabs(samples__deviation(&s) - sqrt(2)) < 1e-9);
	samples__free(&s);
}

/* ping's formula, a difference of large numbers, would be off by thousands here. */
static void test_moments_far_out(void **state)
{
	struct samples s = SAMPLES_INIT(4);

	(void)state;
	for (int i = 0; i < 1000; i++)
		samples__add(&s, 3600 * SECOND + (i % 2 ? 10 : 0));
	assert_true(fabs(s.mean - (3600e9 + 5)) < 1e-2);
	assert_true(fabs(samples__deviation(&s) - 5) < 1e-2);
	samples__free(&s);
}

static void test_percentiles(void **state)
{
	struct samples s = SAMPLES_INIT(1000);

	(void)state;
	/* 1 to 100, in no order. */
	for (int i = 0; i < 100; i++)
		samples__add(&s, i * 37 % 100 + 1);
	assert_int_equal(samples__percentile(&s, 50), 50);
	assert_int_equal(samples__percentile(&s, 90), 90);
	assert_int_equal(samples__percentile(&s, 99), 99);
	assert_int_equal(samples__percentile(&s, 100), 100);
	samples__add(&s, 1000);
	/* Nearest rank of 101: the 51st, the 100th. */
	assert_int_equal(samples__percentile(&s, 50), 51);
	assert_int_equal(samples__percentile(&s, 99), 100);
	samples__free(&s);
	s = (struct samples)SAMPLES_INIT(1000);
	samples__add(&s, 7);
	assert_int_equal(samples__percentile(&s, 0), 7);
	assert_int_equal(samples__percentile(&s, 99), 7);
	samples__free(&s);
}

/* Beyond the limit a uniform sample: of 0..99999 in order, the middle stays in the middle. */
static void test_sample(void **state)
{
	struct samples s = SAMPLES_INIT(2000);

	(void)state;
	for (int i = 0; i < 100000; i++)
		samples__add(&s, i);
	assert_int_equal(s.held, 2000);
	assert_in_range(samples__percentile(&s, 50), 45000, 55000);
	assert_in_range(samples__percentile(&s, 90), 87000, 93000);
	assert_int_equal(s.most, 99999);
	samples__free(&s);
}

/* Requests --------------------------------------------------------------------------- */

static struct target target_of(size_t slots)
{
	static const struct host host;
	struct target t;

	assert_int_equal(target__init(&t, &host, slots, 16), 0);
	return t;
}

static void test_answers(void **state)
{
	struct target t = target_of(16);
	struct request *r;

	(void)state;
	assert_null(target__find(&t, 0));
	assert_null(target__find(&t, 1));
	for (int i = 0; i < 4; i++)
		target__send(&t);
	assert_int_equal(t.open, 4);
	assert_null(target__find(&t, 0));
	assert_null(target__find(&t, 5));
	assert_true(target__answer(&t, target__find(&t, 1)));
	assert_true(target__answer(&t, target__find(&t, 3)));
	assert_true(target__answer(&t, target__find(&t, 2)));
	assert_int_equal(t.reordered, 1);
	assert_false(target__answer(&t, target__find(&t, 2)));
	assert_int_equal(t.duplicates, 1);
	assert_int_equal(t.received, 3);
	assert_int_equal(t.open, 1);
	target__refuse(&t, target__find(&t, 4));
	assert_int_equal(t.errors, 1);
	assert_int_equal(t.open, 0);
	/* Refused, and answered all the same. */
	assert_true(target__answer(&t, target__find(&t, 4)));
	assert_int_equal(t.open, 0);
	r = target__send(&t);
	target__unsend(&t, r);
	assert_int_equal(t.sent, 4);
	assert_int_equal(t.open, 0);
	assert_null(target__find(&t, 5));
	target__free(&t);
}

/* What is beyond the window is forgotten, and neither waited for nor mistaken for a newer one. */
static void test_window(void **state)
{
	struct target t = target_of(16);

	(void)state;
	for (int i = 0; i < 70000; i++)
		target__send(&t);
	assert_int_equal(t.open, 16);
	assert_int_equal(target__find(&t, (__u16)70000)->number, 70000);
	assert_int_equal(target__find(&t, (__u16)69985)->number, 69985);
	assert_null(target__find(&t, (__u16)69984));
	assert_null(target__find(&t, (__u16)70001));
	assert_null(target__find_number(&t, 0));
	target__free(&t);
	t = target_of(1 << 20);
	assert_int_equal(t.slots, 65536);
	for (int i = 0; i < 65537; i++)
		target__send(&t);
	/* 1 on the wire is 65537 now, not 1. */
	assert_int_equal(target__find(&t, 1)->number, 65537);
	target__free(&t);
}

static void test_rtt(void **state)
{
	struct request r = { .number = 1, .monotonic = 1000, .real = 500000, .hardware = 70 };
	enum clock_used used;

	(void)state;
	assert_int_equal(request__rtt(&r, 2000, 0, 0, &used), 1000);
	assert_int_equal(used, CLOCK_USED_OWN);
	assert_int_equal(request__rtt(&r, 2000, 500900, 0, &used), 900);
	assert_int_equal(used, CLOCK_USED_KERNEL);
	assert_int_equal(request__rtt(&r, 2000, 500900, 870, &used), 800);
	assert_int_equal(used, CLOCK_USED_HARDWARE);
	/* Somebody set the clock, forwards and backwards. */
	assert_int_equal(request__rtt(&r, 2000, 501900, 0, &used), 1000);
	assert_int_equal(used, CLOCK_USED_OWN);
	assert_int_equal(request__rtt(&r, 2000, 400000, 0, &used), 1000);
	assert_int_equal(used, CLOCK_USED_OWN);
	/* The interface stamped only one of the two. */
	r.hardware = 0;
	assert_int_equal(request__rtt(&r, 2000, 500900, 870, &used), 900);
	assert_int_equal(used, CLOCK_USED_KERNEL);
}

/* Values ----------------------------------------------------------------------------- */

/* What is wrong is said on stderr, which isn't TAP. */
static int silence(void)
{
	int keep = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	close(null);
	return keep;
}

static void test_seconds(void **state)
{
	static const struct {
		const char *text;
		__u64 ns; /* 0: refused */
	} rows[] = {
		{ "1", SECOND },
		{ "0.2", SECOND / 5 },
		{ ".5", SECOND / 2 },
		{ "2.", 2 * SECOND },
		{ "0.002", 2000000 },
		{ "1.000000001", SECOND + 1 },
		{ "1.0000000019", SECOND + 1 },
		{ "10", 10 * SECOND },
		{ "010", 10 * SECOND },
		{ "0.0019", 0 },
		{ "10.1", 0 },
		{ "11", 0 },
		{ "99999999999999999999999", 0 },
		{ "", 0 },
		{ ".", 0 },
		{ "-1", 0 },
		{ "1s", 0 },
		{ "1.2.3", 0 },
		{ " 1", 0 },
		{ "1 ", 0 },
		{ "0x1", 0 },
		{ "1e1", 0 },
		{ "inf", 0 },
		{ "nan", 0 },
	};
	int keep = silence();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__u64 ns = 0;
		enum status st = parse_seconds("--interval", rows[i].text, 2000000, 10, &ns);

		if (st != (rows[i].ns ? DONE : USAGE) || (!st && ns != rows[i].ns))
			fail_msg("\"%s\": status %d, %llu ns", rows[i].text, st, ns);
	}
	dup2(keep, STDERR_FILENO);
	close(keep);
}

static void test_pattern(void **state)
{
	static const char *const wrong[] = {
		"", "f", "fff", "fg", "0x00", "ff ", "ff00f", "000102030405060708090a0b0c0d0e0f10"
	};
	static const __u8 data[] = { 0xff, 0, 0xff, 0, 0xff };
	struct pattern p = {};
	int keep = silence();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (pattern__parse(&p, wrong[i]) != USAGE)
			fail_msg("\"%s\" is accepted", wrong[i]);
	dup2(keep, STDERR_FILENO);
	close(keep);
	p = (struct pattern){};
	for (int i = 0; i < 600; i++)
		assert_int_equal(pattern__byte(&p, i), i & 255);
	assert_int_equal(pattern__parse(&p, "Ff00"), DONE);
	assert_int_equal(p.size, 2);
	assert_int_equal(pattern__differs(&p, data, 5), 5);
	assert_int_equal(pattern__differs(&p, data + 1, 4), 0);
	assert_int_equal(pattern__differs(&p, (const __u8 *)"\xff\0\xff\1", 4), 3);
	assert_int_equal(pattern__parse(&p, "000102030405060708090a0b0c0d0e0f"), DONE);
	assert_int_equal(pattern__byte(&p, 31), 15);
}

/* Messages --------------------------------------------------------------------------- */

/* A copy that ends where it ends, for ASan. */
static __u8 *exact(const void *bytes, size_t size)
{
	__u8 *copy = malloc(size + 1);

	assert_non_null(copy);
	memcpy(copy + 1, bytes, size);
	return copy + 1;
}

static void release(__u8 *copy)
{
	free(copy - 1);
}

static void test_build(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 7, 56, 57, 1472, 65507 };
	struct pattern p = {};
	struct reply r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = ECHO_HEADER + sizes[i];
		__u8 *m = malloc(size);

		assert_non_null(m);
		echo__build(m, AF_INET, 0x1234, 0, &p, sizes[i]);
		assert_int_equal(echo__checksum(m, size), 0);
		for (int seq = 0; seq<65536; seq += sizes[i]> 100 ? 21845 : 257) {
			echo__renumber(m, AF_INET, seq);
			assert_int_equal(echo__checksum(m, size), 0);
		}
		m[0] = 0;
		echo__finish(m, AF_INET, size);
		reply__parse(AF_INET, m, size, &r);
		assert_int_equal(r.kind, REPLY_ECHO);
		assert_false(r.checksum_wrong);
		assert_int_equal(r.id, 0x1234);
		assert_int_equal(r.seq, 65535);
		assert_int_equal(r.body_size, sizes[i]);
		assert_int_equal(pattern__differs(&p, r.body, r.body_size), sizes[i]);
		/* ICMPv6: the kernel's to sum. */
		echo__build(m, AF_INET6, 0x1234, 7, &p, sizes[i]);
		assert_int_equal(m[2] | m[3], 0);
		free(m);
	}
}

static void test_echo_reply(void **state)
{
	static const __u8 v6[] = { 129, 0, 0, 0, 0x12, 0x34, 0, 5, 1, 2 };
	static const __u8 v4[] = { 0x46, 0, 0, 34, 0, 0, 0, 0, 64, 1, 0, 0,    1,    2, 3, 4, 5,
				   6,	 7, 8, 1,  1, 1, 1, 0, 0,  0, 0, 0x12, 0x34, 0, 5, 1, 2 };
	struct reply r;

	(void)state;
	for (size_t size = 0; size <= sizeof(v6); size++) {
		__u8 *copy = exact(v6, size);

		reply__parse(AF_INET6, copy, size, &r);
		assert_int_equal(r.kind, size < 8 ? REPLY_MALFORMED : REPLY_ECHO);
		if (size >= 8) {
			assert_int_equal(r.id, 0x1234);
			assert_int_equal(r.seq, 5);
			assert_int_equal(r.body_size, size - 8);
			assert_false(r.checksum_wrong);
		}
		release(copy);
	}
	for (size_t size = 0; size <= sizeof(v4); size++) {
		__u8 *copy = exact(v4, size);

		reply__parse_ipv4(copy, size, &r);
		assert_int_equal(r.kind, size < 32 ? REPLY_MALFORMED : REPLY_ECHO);
		if (size >= 32) {
			assert_int_equal(r.seq, 5);
			assert_true(r.checksum_wrong);
		} else {
			assert_non_null(r.flaw);
		}
		release(copy);
	}
	/* Another protocol's reply type is no reply. */
	reply__parse(AF_INET, v6, sizeof(v6), &r);
	assert_int_equal(r.kind, REPLY_OTHER);
}

/* Fragmentation needed, MTU 1400, quoting an echo request with options behind its header. */
static const __u8 too_big[] = {
	3,    4, 0, 0, 0, 0, 0x05, 0x78, 0x46, 0x0c, 0,	   84,	 0, 0,
	0x40, 0, 7, 1, 0, 0, 198,  18,	 0,    1,    198,  18,	 0, 2,
	1,    1, 1, 1, 8, 0, 0,	   0,	 0x12, 0x34, 0x00, 0x63,
};

static void test_error4(void **state)
{
	char text[160];
	struct reply r;

	(void)state;
	for (size_t size = 0; size <= sizeof(too_big); size++) {
		__u8 *copy = exact(too_big, size);

		reply__parse(AF_INET, copy, size, &r);
		assert_int_equal(r.kind, size < 32 ? REPLY_MALFORMED : REPLY_ERROR);
		assert_int_equal(r.quoted.echo, size == sizeof(too_big));
		if (size < 32)
			assert_non_null(r.flaw);
		release(copy);
	}
	assert_int_equal(r.info, 1400);
	assert_int_equal(r.quoted.id, 0x1234);
	assert_int_equal(r.quoted.seq, 0x63);
	assert_int_equal(r.quoted.ttl, 7);
	assert_int_equal(r.quoted.tos, 0x0c);
	assert_int_equal(ntohl(r.quoted.to.in.sin_addr.s_addr), 0xc6120002);
	assert_int_equal(ntohl(r.quoted.from.in.sin_addr.s_addr), 0xc6120001);
	assert_string_equal(reply__describe(&r, text, sizeof(text)),
			    "Frag needed and DF set (mtu = 1400)");
}

/* What an error quotes of other things than echo requests, or says of itself wrongly. */
static void test_error4_odd(void **state)
{
	__u8 m[sizeof(too_big)];
	struct reply r;

	(void)state;
	memcpy(m, too_big, sizeof(m));
	m[8 + 9] = IPPROTO_UDP;
	reply__parse(AF_INET, m, sizeof(m), &r);
	assert_int_equal(r.kind, REPLY_ERROR);
	assert_false(r.quoted.echo);
	assert_int_equal(r.quoted.protocol, IPPROTO_UDP);
	assert_int_equal(r.quoted.size, 8);
	memcpy(m, too_big, sizeof(m));
	m[8 + 7] = 1; /* a later fragment */
	reply__parse(AF_INET, m, sizeof(m), &r);
	assert_int_equal(r.kind, REPLY_ERROR);
	assert_false(r.quoted.echo);
	memcpy(m, too_big, sizeof(m));
	m[8 + 24] = 0; /* quotes a reply */
	reply__parse(AF_INET, m, sizeof(m), &r);
	assert_false(r.quoted.echo);
	for (int first = 0; first < 256; first++) {
		memcpy(m, too_big, sizeof(m));
		m[8] = first;
		reply__parse(AF_INET, m, sizeof(m), &r);
		assert_int_equal(r.kind,
				 first >> 4 == 4 && (first & 15) >= 5 && (first & 15) * 4 <= 32
					 ? REPLY_ERROR
					 : REPLY_MALFORMED);
	}
}

/* Packet too big, quoting an echo request behind a hop-by-hop and a first fragment's header. */
static const __u8 too_big6[] = {
	2,  0, 0, 0, 0, 0, 5, 0, 0x60, 0, 0, 0,	   0, 24, 0, 3, 0xfd, 0, 0, 0x18, 0,	0,    0, 0,
	0,  0, 0, 0, 0, 0, 0, 1, 0xfd, 0, 0, 0x18, 0, 0,  0, 0, 0,    0, 0, 0,	  0,	0,    0, 2,
	44, 0, 1, 4, 0, 0, 0, 0, 58,   0, 0, 1,	   0, 0,  0, 9, 128,  0, 0, 0,	  0x12, 0x34, 0, 9,
};

static void test_error6(void **state)
{
	__u8 m[sizeof(too_big6)];
	char text[160];
	struct reply r;

	(void)state;
	for (size_t size = 0; size <= sizeof(too_big6); size++) {
		__u8 *copy = exact(too_big6, size);

		reply__parse(AF_INET6, copy, size, &r);
		assert_int_equal(r.kind, size < 48 ? REPLY_MALFORMED : REPLY_ERROR);
		assert_int_equal(r.quoted.echo, size == sizeof(too_big6));
		if (size >= 48 && size < 64)
			assert_int_equal(r.quoted.protocol, 0);
		release(copy);
	}
	assert_int_equal(r.info, 1280);
	assert_int_equal(r.quoted.id, 0x1234);
	assert_int_equal(r.quoted.seq, 9);
	assert_int_equal(r.quoted.ttl, 3);
	assert_string_equal(reply__describe(&r, text, sizeof(text)), "Packet too big: mtu=1280");
	memcpy(m, too_big6, sizeof(m));
	m[8 + 40 + 8 + 3] = 8; /* a later fragment */
	reply__parse(AF_INET6, m, sizeof(m), &r);
	assert_true(r.quoted.later);
	assert_false(r.quoted.echo);
	m[8 + 40 + 1] = 255; /* a header longer than all */
	reply__parse(AF_INET6, m, sizeof(m), &r);
	assert_int_equal(r.kind, REPLY_ERROR);
	assert_int_equal(r.quoted.protocol, 0);
}

static void test_words(void **state)
{
	static const struct {
		int family;
		__u8 type, code;
		const char *text;
	} rows[] = {
		{ AF_INET, 3, 0, "Destination Net Unreachable" },
		{ AF_INET, 3, 1, "Destination Host Unreachable" },
		{ AF_INET, 3, 13, "Packet filtered" },
		{ AF_INET, 3, 15, "Precedence Cutoff" },
		{ AF_INET, 3, 16, "ICMP type 3, code 16" },
		{ AF_INET, 4, 0, "Source Quench" },
		{ AF_INET, 5, 1, "Redirect Host(New nexthop: 0.0.5.120)" },
		{ AF_INET, 5, 9, "Redirect(New nexthop: 0.0.5.120)" },
		{ AF_INET, 11, 0, "Time to live exceeded" },
		{ AF_INET, 11, 1, "Frag reassembly time exceeded" },
		{ AF_INET, 11, 2, "ICMP type 11, code 2" },
		{ AF_INET, 12, 0, "Parameter problem: pointer = 0" },
		{ AF_INET6, 1, 3, "Destination unreachable: Address unreachable" },
		{ AF_INET6, 1, 6, "Destination unreachable: Reject route" },
		{ AF_INET6, 1, 7, "ICMP type 1, code 7" },
		{ AF_INET6, 3, 0, "Time exceeded: Hop limit" },
		{ AF_INET6, 3, 255, "ICMP type 3, code 255" },
		{ AF_INET6, 4, 1, "Parameter problem: Unknown header at 1280" },
		{ AF_INET6, 4, 3, "Parameter problem: Unknown code at 1280" },
		{ AF_INET6, 100, 0, "ICMP type 100, code 0" },
	};
	__u8 m[sizeof(too_big6)];
	char text[160];
	struct reply r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool v4 = rows[i].family == AF_INET;
		size_t size = v4 ? sizeof(too_big) : sizeof(too_big6);

		memcpy(m, v4 ? too_big : too_big6, size);
		m[0] = rows[i].type;
		m[1] = rows[i].code;
		reply__parse(rows[i].family, m, size, &r);
		assert_int_equal(r.kind, REPLY_ERROR);
		assert_string_equal(reply__describe(&r, text, sizeof(text)), rows[i].text);
	}
}

static void test_queue(void **state)
{
	static const __u8 quoted[] = { 8, 0, 0, 0, 0x12, 0x34, 0, 5, 1 };
	union address to = { .in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(1) } };
	struct sock_extended_err e = {
		.ee_origin = SO_EE_ORIGIN_ICMP, .ee_type = 3, .ee_code = 4, .ee_info = 1400
	};
	struct reply r;

	(void)state;
	for (size_t size = 0; size <= sizeof(quoted); size++) {
		__u8 *copy = exact(quoted, size);

		reply__from_queue(&e, &to, copy, size, &r);
		assert_int_equal(r.kind, REPLY_ERROR);
		assert_int_equal(r.quoted.echo, size >= 8);
		assert_true(address__equal(&r.quoted.to, &to));
		release(copy);
	}
	assert_int_equal(r.quoted.seq, 5);
	assert_int_equal(r.info, 1400);
	e.ee_type = ICMP_REDIRECT;
	e.ee_info = 0xc612004d;
	reply__from_queue(&e, &to, quoted, sizeof(quoted), &r);
	assert_int_equal(r.info, 0);
	assert_int_equal(ntohl(r.gateway.in.sin_addr.s_addr), 0xc612004d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),	    cmocka_unit_test(test_moments_far_out),
		cmocka_unit_test(test_percentiles), cmocka_unit_test(test_sample),
		cmocka_unit_test(test_answers),	    cmocka_unit_test(test_window),
		cmocka_unit_test(test_rtt),	    cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_pattern),	    cmocka_unit_test(test_build),
		cmocka_unit_test(test_echo_reply),  cmocka_unit_test(test_error4),
		cmocka_unit_test(test_error4_odd),  cmocka_unit_test(test_error6),
		cmocka_unit_test(test_words),	    cmocka_unit_test(test_queue),
	};

	return TAP_RUN("probe", tests);
}
