// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is sent for a rejected packet, byte by byte against the RFCs, and about what
 * nothing may be sent. The hooks' part, room and way back, is played with memory.
 */
#include "vectors/cmocka.h"

#include <echogate/reject.h>
#include "pure.h"

static struct eg_addrs *own;

struct outcome {
	enum eg_reason reason;
	bool unfinished;
	size_t len;
	uint8_t packet[2048];		/* from the IP header on */
};

/* The way of bpf/reject.bpf.h, with an Ethernet frame without tags. */
static struct outcome reject_frame(const struct frame *f, enum eg_reject kind, bool offload)
{
	struct outcome out = { .reason = EG_REASON_NONE };
	uint8_t *frame = sharp_alloc(f->len, false), *to;
	const void *ip = frame + 14, *end = frame + f->len;
	const __u32 none = 0;
	struct eg_error e = { .hops = 61 };
	struct eg_match m;
	struct eg_packet p;

	memcpy(frame, f->data, f->len);
	eg_parse((struct eg_cursor){ frame, end }, false, &p);
	eg_fields_kind(frame, end, &p, &m);
	eg_fields_read(frame, end, &p, &none, &m);
	out.reason = eg_error_judge(ip, end, &p, &m, own, kind, &e);
	if (out.reason == EG_REASON_NONE)
		out.reason = eg_error_sum(ip, end, p.kind, offload, &e);
	if (out.reason == EG_REASON_NONE) {
		memcpy(e.from, m.to, sizeof(e.from));
		out.len = e.head + e.quote;
		assert_int_equal(out.len, e.len);
		out.unfinished = e.unfinished;
		to = sharp_alloc(out.len, true);
		memset(to, 0xee, e.head);
		memcpy(to + e.head, ip, e.quote);
		eg_error_write(to, &e, m.family == AF_INET, 0x1234);
		memcpy(out.packet, to, out.len);
		sharp_free(to, true);
	}
	sharp_free(frame, false);
	return out;
}

static struct outcome reject(const struct vector *v, enum eg_reject kind)
{
	static struct frame f;

	vector_request(v, &f);
	return reject_frame(&f, kind, false);
}

/* Sum of the pseudo-header of what is at `ip`. */
static uint16_t pseudo(const uint8_t *ip, uint8_t protocol, size_t len)
{
	uint16_t sum = ip[0] >> 4 == 4 ? sum_bytes(0, ip + 12, 8) : sum_bytes(0, ip + 8, 32);

	return sum_add(sum_add(sum, protocol), len);
}

/* An ICMP error as it should be about what vector_request() makes of `v`. */
static void check_error(const struct vector *v, enum eg_reject kind, int type, int code,
			unsigned int rest)
{
	struct outcome out = reject(v, kind);
	static struct frame f;
	size_t head = v->family == 4 ? 28 : 48, most = v->family == 4 ? 576 : 1280, quote;
	uint8_t *ip = out.packet, *icmp = ip + head - 8;
	uint8_t src[16], dst[16];

	vector_request(v, &f);
	quote = f.len - 14 < most - head ? f.len - 14 : most - head;
	address(vector_src(v), src);
	address(vector_dst(v), dst);
	assert_int_equal(out.reason, EG_REASON_NONE);
	assert_int_equal(out.len, head + quote);
	if (v->family == 4) {
		assert_int_equal(ip[0], 0x45);
		assert_int_equal(ip[1], (v->tos & 0x1e) | 0xc0);
		assert_int_equal(get16(ip + 2), out.len);
		assert_int_equal(get16(ip + 4), 0x1234);
		assert_int_equal(get16(ip + 6), 0);
		assert_int_equal(ip[8], 61);
		assert_int_equal(ip[9], 1);
		assert_int_equal(sum_bytes(0, ip, 20), 0xffff);
		assert_memory_equal(ip + 12, dst, 4);
		assert_memory_equal(ip + 16, src, 4);
		assert_int_equal(sum_bytes(0, icmp, out.len - 20), 0xffff);
	} else {
		assert_int_equal(get16(ip), 0x6000);
		assert_int_equal(get16(ip + 2), 0x1234);
		assert_int_equal(get16(ip + 4), out.len - 40);
		assert_int_equal(ip[6], 58);
		assert_int_equal(ip[7], 61);
		assert_memory_equal(ip + 8, dst, 16);
		assert_memory_equal(ip + 24, src, 16);
		assert_int_equal(sum_bytes(sum_pseudo(ip, out.len - 40), icmp, out.len - 40),
				 0xffff);
	}
	assert_int_equal(icmp[0], type);
	assert_int_equal(icmp[1], code);
	assert_int_equal(get16(icmp + 4) << 16 | get16(icmp + 6), rest);
	assert_memory_equal(icmp + 8, f.data + 14, quote);
}

static void test_kinds(void **state)
{
	static const struct {
		enum eg_reject kind;
		int type4, code4, type6, code6;
		unsigned int rest6;
	} kinds[] = {
		{ EG_REJECT_NET_UNREACHABLE, 3, 0, 1, 0, 0 },
		{ EG_REJECT_HOST_UNREACHABLE, 3, 1, 1, 3, 0 },
		{ EG_REJECT_PROTOCOL_UNREACHABLE, 3, 2, 4, 1, 6 },
		{ EG_REJECT_PORT_UNREACHABLE, 3, 3, 1, 4, 0 },
		{ EG_REJECT_ADMIN_PROHIBITED, 3, 13, 1, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct vector v4 = { .family = 4, PROTO(17), .size = 60, .tos = 0xff };
		struct vector v6 = { .family = 6, PROTO(17), .size = 60, .tos = 0xff };

		check_error(&v4, kinds[i].kind, kinds[i].type4, kinds[i].code4, 0);
		check_error(&v6, kinds[i].kind, kinds[i].type6, kinds[i].code6, kinds[i].rest6);
	}
}

/* All of a short packet, as much as fits of a long one, every length around. */
static void test_lengths(void **state)
{
	(void)state;
	for (uint32_t size = 8; size < 1600; size += size % 64 ? 1 : 7) {
		struct vector v4 = { .family = 4, PROTO(17), .size = size };
		struct vector v6 = { .family = 6, PROTO(17), .size = size };

		check_error(&v4, EG_REJECT_PORT_UNREACHABLE, 3, 3, 0);
		check_error(&v6, EG_REJECT_PORT_UNREACHABLE, 1, 4, 0);
	}
}

static void test_headers(void **state)
{
	struct vector options = { .family = 4, PROTO(17), .size = 60, .vihl = 0x4a, .options = 20 };
	struct vector chain = { .family = 6, PROTO(17), CHAIN(0, 60), .size = 60 };
	struct vector first = { .family = 4, PROTO(17), .size = 64, .frag = 0x2000 };

	(void)state;
	check_error(&options, EG_REJECT_ADMIN_PROHIBITED, 3, 13, 0);
	check_error(&chain, EG_REJECT_ADMIN_PROHIBITED, 1, 1, 0);
	check_error(&first, EG_REJECT_PORT_UNREACHABLE, 3, 3, 0);
	/* Where the next header is named, isn't known behind extension headers. */
	assert_int_equal(reject(&chain, EG_REJECT_PROTOCOL_UNREACHABLE).reason,
			 EG_REASON_REJECT_FORBIDDEN);
}

#define NEVER(...) { __VA_ARGS__ }

/* RFC 1122 3.2.2, RFC 4443 2.4 (e) */
static void test_forbidden(void **state)
{
	static const struct vector never[] = {
		NEVER("an error", .family = 4, TYPE(3), .size = 60),
		NEVER("a redirect", .family = 4, TYPE(5), .size = 60),
		NEVER("time exceeded", .family = 4, TYPE(11), .size = 60),
		NEVER("parameter problem", .family = 4, TYPE(12), .size = 60),
		NEVER("an unknown type", .family = 4, TYPE(99), .size = 60),
		NEVER("an error, v6", .family = 6, TYPE(1), .size = 60),
		NEVER("packet too big", .family = 6, TYPE(2), .size = 60),
		NEVER("an unknown error, v6", .family = 6, TYPE(127), .size = 60),
		NEVER("a later fragment", .family = 4, PROTO(17), .size = 64, .frag = 0x0010),
		NEVER("a later fragment, v6", .family = 6, CHAIN(44), PROTO(17), .size = 64,
		      .ext_frag = 0x0080),
		NEVER("to a group", .family = 4, PROTO(17), .size = 60, .dst = "224.0.0.1"),
		NEVER("to everybody", .family = 4, PROTO(17), .size = 60, .dst = "255.255.255.255"),
		NEVER("to the subnet", .family = 4, PROTO(17), .size = 60, .dst = BROADCAST4),
		NEVER("to a group, v6", .family = 6, PROTO(17), .size = 60, .dst = "ff02::1"),
		NEVER("from 0.0.0.0", .family = 4, PROTO(17), .size = 60, .src = "0.0.0.0"),
		NEVER("from loopback", .family = 4, PROTO(17), .size = 60, .src = "127.0.0.1"),
		NEVER("from a group", .family = 4, PROTO(17), .size = 60, .src = "224.0.0.9"),
		NEVER("from class E", .family = 4, PROTO(17), .size = 60, .src = "240.0.0.1"),
		NEVER("from everybody", .family = 4, PROTO(17), .size = 60,
		      .src = "255.255.255.255"),
		NEVER("from ::", .family = 6, PROTO(17), .size = 60, .src = "::"),
		NEVER("from ::1", .family = 6, PROTO(17), .size = 60, .src = "::1"),
		NEVER("from a group, v6", .family = 6, PROTO(17), .size = 60, .src = "ff02::1"),
		NEVER("wrong header checksum", .family = 4, PROTO(17), .size = 60,
		      .header_sum = SUM_ADD, .header_sum_value = 1),
		NEVER("beyond the frame", .family = 4, PROTO(17), TOTAL(400), .size = 60),
		NEVER("beyond the frame, v6", .family = 6, PROTO(17), TOTAL(400), .size = 60),
		NEVER("shorter than its header", .family = 4, PROTO(17), TOTAL(19), .size = 60),
		NEVER("no IP", .size = 60, .ethertype = 0x88cc),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		enum eg_reason reason =
			reject(&never[i], EG_REJECT_PORT_UNREACHABLE).reason;

		if (reason != EG_REASON_REJECT_FORBIDDEN)
			fail_msg("%s: %d", never[i].name, reason);
	}
	for (int type = 0; type < 256; type++) {
		struct vector v4 = { .family = 4, TYPE(type), .size = 60 };
		struct vector v6 = { .family = 6, TYPE(type), .size = 60 };
		bool query = type == 0 || (type >= 8 && type <= 10) || (type >= 13 && type <= 18) ||
			     type == 42 || type == 43;

		assert_int_equal(reject(&v4, EG_REJECT_ADMIN_PROHIBITED).reason ==
				 EG_REASON_NONE, query);
		assert_int_equal(reject(&v6, EG_REJECT_ADMIN_PROHIBITED).reason ==
				 EG_REASON_NONE, type >= 128);
	}
}

/* Resets ------------------------------------------------------------------- */

/* A vector's payload is a ramp, so a TCP header is laid over it: `flags`, `data` bytes behind. */
static struct outcome reset(int family, uint8_t flags, uint32_t data, uint8_t doff, bool partial)
{
	struct vector v = { .family = family, PROTO(6), .size = 20 + data };
	uint8_t *tcp;
	static struct frame f;

	vector_request(&v, &f);
	tcp = f.data + (family == 4 ? 34 : 54);
	set16(tcp, 40000);
	set16(tcp + 2, 443);
	memcpy(tcp + 4, "\xff\xff\xff\xfe\x01\x02\x03\x04", 8);
	tcp[12] = doff << 4;
	tcp[13] = flags;
	if (partial)
		set16(tcp + 16, pseudo(f.data + 14, 6, 20 + data));
	return reject_frame(&f, EG_REJECT_TCP_RESET, true);
}

static void test_reset(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		for (int flags = 0; flags < 256; flags++) {
			struct outcome out = reset(family, flags, 11, 5, false);
			size_t head = family == 4 ? 20 : 40;
			uint8_t *tcp = out.packet + head;
			uint32_t ack = 0xfffffffe + 11 + !!(flags & 2) + (flags & 1);

			if (flags & 4) {
				assert_int_equal(out.reason, EG_REASON_REJECT_FORBIDDEN);
				continue;
			}
			assert_int_equal(out.reason, EG_REASON_NONE);
			assert_int_equal(out.len, head + 20);
			assert_int_equal(get16(tcp), 443);
			assert_int_equal(get16(tcp + 2), 40000);
			assert_int_equal(tcp[12], 0x50);
			if (flags & 16) {
				assert_int_equal(tcp[13], 4);
				assert_memory_equal(tcp + 4, "\1\2\3\4\0\0\0\0", 8);
			} else {
				assert_int_equal(tcp[13], 20);
				assert_memory_equal(tcp + 4, "\0\0\0\0", 4);
				assert_int_equal((uint32_t)get16(tcp + 8) << 16 | get16(tcp + 10),
						 ack);
			}
			assert_int_equal(sum_bytes(pseudo(out.packet, 6, 20), tcp, 20), 0xffff);
			if (family == 4)
				assert_int_equal(sum_bytes(0, out.packet, 20), 0xffff);
		}
	}
	/* A data offset beyond the segment; one within moves the acknowledgment. */
	assert_int_equal(reset(4, 2, 11, 8, false).reason, EG_REASON_REJECT_FORBIDDEN);
	assert_int_equal(get16(reset(4, 0, 11, 7, false).packet + 20 + 10), 1);
}

/* An unfinished checksum: the device will make a right one of what is left. */
static void test_unfinished(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		size_t head = family == 4 ? 20 : 40;
		struct outcome out = reset(family, 2, 11, 5, true);

		assert_int_equal(out.reason, EG_REASON_NONE);
		assert_true(out.unfinished);
		assert_int_equal(get16(out.packet + head + 16), pseudo(out.packet, 6, 20));
		for (uint32_t size = 8; size < 1600; size += 13) {
			struct vector v = { .family = family, PROTO(17), .size = size };
			size_t quoted = family == 4 ? 28 : 48, udp = quoted + head;
			static struct frame f;
			uint16_t all;

			vector_request(&v, &f);
			set16(f.data + 14 + head + 6, pseudo(f.data + 14, 17, size));
			out = reject_frame(&f, EG_REJECT_PORT_UNREACHABLE, true);
			assert_int_equal(out.reason, EG_REASON_NONE);
			assert_true(out.unfinished);
			/* As the device does: from the UDP header to the end, into its field. */
			set16(out.packet + udp + 6,
			      ~sum_bytes(0, out.packet + udp, out.len - udp));
			all = family == 4 ? 0 : pseudo(out.packet, 58, out.len - head);
			assert_int_equal(sum_bytes(all, out.packet + head, out.len - head), 0xffff);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),	  cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_headers),	  cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_reset),	  cmocka_unit_test(test_unfinished),
	};

	own = own_addresses();
	return TAP_RUN("reject", tests);
}
