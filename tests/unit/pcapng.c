// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capture files: what loader/pcapng.c writes is read again, by libpcap and block by block. And
 * filters of libpcap's language, with and without link header.
 */
#include <stdlib.h>
#include <string.h>
#include <pcap/pcap.h>

#include "vectors/cmocka.h"
#include "loader/filter.h"
#include "loader/pcapng.h"

#define TIME 1790000000123456789ull

static const __u8 ping[] = {
	0x02, 0, 0, 0, 0,   2,	0x02, 0, 0,   0,  0, 1, 0x08, 0, 0x45, 0, 0, 29, 0, 1, 0,   0,
	64,   1, 0, 0, 198, 18, 0,    1, 198, 18, 0, 2, 8,    0, 0,    0, 0, 1,	 0, 1, 'x',
};

/* A file as it was written. */
static char *text;
static size_t size;

static const char long_comment[] = "drop (icmp-checksum) by line 4096: drop from @x";

static void write_file(void)
{
	struct pcapng_interface interface = { .name = "h0",
					      .description = "a test",
					      .filter = "icmp",
					      .link = PCAPNG_ETHERNET,
					      .snap = 9344 };
	struct pcapng_packet packet = { .time = TIME,
					.data = ping,
					.captured = sizeof(ping),
					.length = 1514,
					.way = PCAPNG_INBOUND,
					.program = PCAPNG_XDP,
					.code = 3,
					.comment = "answer" };
	struct pcapng p;
	FILE *f;

	free(text);
	f = open_memstream(&text, &size);
	assert_non_null(f);
	pcapng__begin(&p, f, "echogate test");
	pcapng__interface(&p, &interface);
	interface.name = "eth0.123";
	interface.filter = NULL;
	pcapng__interface(&p, &interface);
	pcapng__packet(&p, &packet);
	/* Every length, hence every padding. */
	packet.interface = 1;
	packet.way = PCAPNG_OUTBOUND;
	packet.program = PCAPNG_NO_PROGRAM;
	for (__u32 n = 0; n < sizeof(ping); n++) {
		packet.captured = n;
		packet.comment = long_comment + n % 8;
		packet.time++;
		pcapng__packet(&p, &packet);
	}
	pcapng__statistics(&p, 1, packet.time, 50, 44, 6);
	assert_false(p.failed);
	pcapng__end(&p);
	fclose(f);
}

static void test_libpcap(void **state)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const u_char *data;
	__u32 count = 0;
	pcap_t *pcap;
	FILE *f;
	int got;

	(void)state;
	write_file();
	f = fmemopen(text, size, "r");
	pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!pcap)
		fail_msg("%s", error);
	assert_int_equal(pcap_datalink(pcap), DLT_EN10MB);
	assert_int_equal(pcap_snapshot(pcap), 9344);
	while ((got = pcap_next_ex(pcap, &h, &data)) == 1) {
		__u32 want = count ? count - 1 : sizeof(ping);

		assert_int_equal(h->caplen, want);
		assert_int_equal(h->len, 1514);
		assert_memory_equal(data, ping, want);
		assert_int_equal((__u64)h->ts.tv_sec, (TIME + count) / 1000000000);
		assert_int_equal((__u64)h->ts.tv_usec, (TIME + count) % 1000000000);
		count++;
	}
	assert_int_equal(got, PCAP_ERROR_BREAK);
	assert_int_equal(count, 1 + sizeof(ping));
	pcap_close(pcap);
}

/* An option of a block that ends at `end`, and its length; NULL if there is none. */
static const __u8 *option(const __u8 *at, const __u8 *end, __u16 code, __u16 *length)
{
	__u16 head[2];

	while (at + sizeof(head) <= end) {
		memcpy(head, at, sizeof(head));
		*length = head[1];
		if (head[0] == code)
			return at + sizeof(head);
		if (!head[0])
			break;
		at += sizeof(head) + (head[1] + 3) / 4 * 4;
	}
	return NULL;
}

static bool says(const __u8 *at, const __u8 *end, __u16 code, const void *want, size_t length)
{
	__u16 have;
	const __u8 *o = option(at, end, code, &have);

	return o && have == length && !memcmp(o, want, length);
}

static __u32 word(const __u8 *at)
{
	__u32 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static void check_packet(const __u8 *block, const __u8 *end, __u32 number)
{
	static const __u8 verdict[9] = { 2, 3 }; /* XDP_TX, of XDP */
	const __u8 *options = block + 28 + (word(block + 20) + 3) / 4 * 4;
	const char *comment = number ? long_comment + (number - 1) % 8 : "answer";
	__u32 flags = number ? 2 : 1;
	__u16 length;

	assert_int_equal(word(block + 8), number ? 1 : 0);
	assert_true(says(options, end, 1, comment, strlen(comment)));
	assert_true(says(options, end, 2, &flags, sizeof(flags)));
	if (number)
		assert_null(option(options, end, 7, &length));
	else
		assert_true(says(options, end, 7, verdict, sizeof(verdict)));
}

static void check_interface(const __u8 *block, const __u8 *end, __u32 number)
{
	const char *name = number ? "eth0.123" : "h0";
	__u8 resolution = 9;
	__u16 length;

	assert_true(says(block + 16, end, 2, name, strlen(name)));
	assert_true(says(block + 16, end, 3, "a test", 6));
	assert_true(says(block + 16, end, 9, &resolution, 1));
	if (number)
		assert_null(option(block + 16, end, 11, &length));
	else
		assert_true(says(block + 16, end, 11, "\0icmp", 5));
}

static void check_statistics(const __u8 *block, const __u8 *end)
{
	__u64 there = 50, lost = 6, written = 44;

	assert_int_equal(word(block + 8), 1);
	assert_true(says(block + 20, end, 4, &there, sizeof(there)));
	assert_true(says(block + 20, end, 5, &lost, sizeof(lost)));
	assert_true(says(block + 20, end, 8, &written, sizeof(written)));
}

static void test_blocks(void **state)
{
	__u32 packets = 0, interfaces = 0, statistics = 0;
	const __u8 *at, *end, *options_end;

	(void)state;
	write_file();
	at = (const __u8 *)text;
	end = at + size;
	assert_int_equal(word(at), 0x0a0d0d0a);
	assert_int_equal(word(at + 8), 0x1a2b3c4d);
	assert_true(says(at + 24, at + word(at + 4) - 4, 4, "echogate test", 13));
	for (; at < end; at += word(at + 4)) {
		/* The length stands at both ends, and is one of whole words. */
		assert_int_equal(word(at + 4) % 4, 0);
		assert_true(word(at + 4) <= (size_t)(end - at));
		assert_int_equal(word(at + word(at + 4) - 4), word(at + 4));
		options_end = at + word(at + 4) - 4;
		switch (word(at)) {
		case 1:
			check_interface(at, options_end, interfaces++);
			break;
		case 5:
			check_statistics(at, options_end);
			statistics++;
			break;
		case 6:
			check_packet(at, options_end, packets++);
			break;
		default:
			assert_int_equal(word(at), 0x0a0d0d0a);
		}
	}
	assert_int_equal(interfaces, 2);
	assert_int_equal(packets, 1 + sizeof(ping));
	assert_int_equal(statistics, 1);
}

static void test_filter(void **state)
{
	struct filter *f = NULL;

	(void)state;
	/* None at all: all pass. */
	assert_true(filter__passes(NULL, false, ping, sizeof(ping), sizeof(ping)));
	assert_null(filter__needs_link(NULL));
	assert_int_equal(filter__compile(&f, "icmp and src host 198.18.0.1"), DONE);
	assert_true(filter__passes(f, false, ping, sizeof(ping), sizeof(ping)));
	assert_true(filter__passes(f, true, ping + 14, sizeof(ping) - 14, sizeof(ping) - 14));
	assert_null(filter__needs_link(f));
	/* What is cut off matches nothing, and nothing beyond it is read. */
	assert_false(filter__passes(f, false, ping, 20, sizeof(ping)));
	filter__free(f);
	assert_int_equal(filter__compile(&f, "udp"), DONE);
	assert_false(filter__passes(f, false, ping, sizeof(ping), sizeof(ping)));
	filter__free(f);
	assert_int_equal(filter__compile(&f, "greater 1000"), DONE);
	assert_true(filter__passes(f, false, ping, sizeof(ping), 1514));
	assert_false(filter__passes(f, false, ping, sizeof(ping), sizeof(ping)));
	filter__free(f);
	assert_int_equal(filter__compile(&f, "ether src 02:00:00:00:00:01"), DONE);
	assert_true(filter__passes(f, false, ping, sizeof(ping), sizeof(ping)));
	assert_non_null(filter__needs_link(f));
	filter__free(f);
	assert_int_equal(filter__compile(&f, "icmp and and"), USAGE);
	filter__free(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libpcap),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_filter),
	};
	int failed = TAP_RUN("pcapng", tests);

	free(text);
	return failed;
}
