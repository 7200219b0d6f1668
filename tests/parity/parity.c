// SPDX-License-Identifier: GPL-2.0-only
/*
 * parity [--dump] [--exhaustive] [--plain] [--variant NAME] [--first N] [--label TEXT]
 *        PLAIN-TESTER PLAIN-TARGET TESTER TARGET       (names of network namespaces)
 *
 * Each case is sent to both targets. A frame that only the kernel answers (a TCP
 * SYN to a closed port) follows twice, so that when its second RST is here, all
 * that the case causes is here: the first pass may overtake what XDP_TX has queued.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "parity.h"

#define SENTINEL_MS 500
#define SENTINELS   2
#define WINDOW	    128
#define LATE_MS	    1400 /* ipfrag_time and ip6frag_time are 1 s */

struct replies {
	size_t count;
	struct frame frame[CASE_REPLIES];
	int port[CASE_REPLIES];
};

static struct {
	bool dump, exhaustive, plain;
	bool all_pass;	/* nothing may be answered by echogate */
	bool no_golden; /* sysctls differ from what the table was written for */
	unsigned int number;
	const char *label;
	unsigned int failed;
	uint64_t answered;
} run = { .number = 1, .label = "parity" };

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "parity: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	printf("Bail out! parity could not run\n");
	exit(1);
}

static void result(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void result(bool ok, const char *format, ...)
{
	va_list args;

	if (run.dump)
		return;
	printf("%sok %u - %s: ", ok ? "" : "not ", run.number++, run.label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	run.failed += !ok;
}

static void print_frame(const char *title, int port, const struct frame *frame)
{
	size_t i;

	printf("#   %s, %zu bytes%s:", title, frame->len, port ? ", on the other interface" : "");
	for (i = 0; i < frame->len && i < 160; i++)
		printf("%s%02x", i == 0 || i == 14 || i % 16 == 14 ? " " : "", frame->data[i]);
	printf("%s\n", i < frame->len ? " ..." : "");
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = value >> 24;
	at[1] = value >> 16;
	at[2] = value >> 8;
	at[3] = value;
}

/* What a target sends of its own accord. */
static bool unsolicited(const struct frame *frame)
{
	const uint8_t *ip = frame->data + ETH_HLEN;

	switch (get16(frame->data + 12)) {
	case ETH_P_ARP:
		return frame->len >= ETH_HLEN + 8 && get16(ip + 6) == 1;
	case ETH_P_IP:
		return frame->len > ETH_HLEN + 20 && ip[9] == IPPROTO_IGMP;
	case ETH_P_IPV6:
		if (frame->len < ETH_HLEN + 41)
			return false;
		if (ip[6] == 0) /* MLD has a router alert in front */
			return ip[40] == IPPROTO_ICMPV6;
		return ip[6] == IPPROTO_ICMPV6 && (ip[40] == 133 || ip[40] == 135);
	}
	return false;
}

/* "Reassembly time exceeded" comes a second after its case. */
static bool is_late(const struct frame *frame)
{
	const uint8_t *ip = frame->data + ETH_HLEN;

	switch (get16(frame->data + 12)) {
	case ETH_P_IP:
		return frame->len > ETH_HLEN + 28 && ip[9] == IPPROTO_ICMP && ip[20] == 11 &&
		       ip[21] == 1;
	case ETH_P_IPV6:
		return frame->len > ETH_HLEN + 48 && ip[6] == IPPROTO_ICMPV6 && ip[40] == 3 &&
		       ip[41] == 1;
	}
	return false;
}

static void send_sentinel(struct side *side)
{
	static const uint8_t syn[20] = { 0xfa, 0xce, 0, 1, [12] = 0x50, 2, 0x20 };
	struct frame frame;
	struct spec s = {
		.family = 4,
		.eth_dst = { 2, 0, 0, 0, 0, 2 },
		.eth_src = { 2, 0, 0, 0, 0, 1 },
		.ethertype = ETH_P_IP,
		.version = 4,
		.ttl = 64,
		.proto = IPPROTO_TCP,
		.length = -1,
		.l4_len = sizeof(syn),
		.l4_sum_at = 16,
	};

	spec__address(s.src, "198.18.0.1");
	spec__address(s.dst, "198.18.0.2");
	memcpy(s.l4, syn, sizeof(syn));
	put32(s.l4 + 4, ++side->sentinel);
	spec__build(&s, &frame);
	side__send(side, &frame);
}

/* The RST to any sentinel; *current if to the last one. */
static bool is_sentinel(const struct side *side, const struct frame *frame, bool *current)
{
	const uint8_t *ip = frame->data + ETH_HLEN, *tcp = ip + 20;
	uint8_t ack[4];

	if (frame->len != ETH_HLEN + 40 || get16(frame->data + 12) != ETH_P_IP ||
	    ip[9] != IPPROTO_TCP || get16(tcp + 2) != 0xface || get16(tcp) != 1)
		return false;
	put32(ack, side->sentinel + 1);
	*current = !memcmp(ack, tcp + 8, 4);
	return true;
}

static void keep(struct side *side, struct replies *replies, const struct frame *frame, int port)
{
	if (unsolicited(frame))
		return;
	if (is_late(frame)) {
		if (side->late_count < CASE_REPLIES)
			side->late[side->late_count++] = *frame;
		return;
	}
	if (replies->count < CASE_REPLIES) {
		replies->frame[replies->count] = *frame;
		replies->port[replies->count++] = port;
	}
}

static void collect(struct side *side, struct replies *replies)
{
	bool current;
	struct frame frame;
	int round, port;

	for (round = 0; round < SENTINELS; round++) {
		send_sentinel(side);
		for (current = false; !current;) {
			if (!side__receive(side, &frame, &port, SENTINEL_MS))
				die("%s: the target no longer answers a TCP SYN", side->name);
			if (!is_sentinel(side, &frame, &current))
				keep(side, replies, &frame, port);
		}
	}
	while (side__receive(side, &frame, &port, 0))
		if (!is_sentinel(side, &frame, &current))
			keep(side, replies, &frame, port);
}

static int by_content(const void *a, const void *b)
{
	const struct frame *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->data, y->data, len);

	return order ? order : (int)x->len - (int)y->len;
}

/* Two interrupted streams may be merged in another order: compare as sets. */
static bool same(const struct replies *a, const struct replies *b, const struct parity_case *c)
{
	static struct frame x[CASE_REPLIES], y[CASE_REPLIES];
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		x[i] = a->frame[i];
		y[i] = b->frame[i];
		judge__mask(&x[i], c);
		judge__mask(&y[i], c);
		x[i].data[0] ^= a->port[i]; /* told apart by the interface too */
		y[i].data[0] ^= b->port[i];
	}
	qsort(x, a->count, sizeof(x[0]), by_content);
	qsort(y, b->count, sizeof(y[0]), by_content);
	for (i = 0; i < a->count; i++)
		if (by_content(&x[i], &y[i]))
			return false;
	return true;
}

static const char *judge_all(const struct replies *replies, bool kernel_bug)
{
	const char *fault;
	size_t i;

	for (i = 0; i < replies->count; i++) {
		fault = judge__frame(&replies->frame[i]);
		if (fault && !(kernel_bug && !strcmp(fault, "ICMP checksum is wrong")))
			return fault;
	}
	return NULL;
}

static void moved(struct counters *delta, const struct counters *before,
		  const struct counters *after)
{
	int i;

	for (i = 0; i < COUNTER_COUNT; i++)
		delta->value[i] = after->value[i] - before->value[i];
}

/* The first counter that differs, or -1. */
static int differing(const struct counters *a, const struct counters *b)
{
	int i;

	for (i = 0; i < COUNTER_COUNT; i++)
		if (a->value[i] != b->value[i])
			return i;
	return -1;
}

static void dump(const struct parity_case *c, const struct replies *replies,
		 const struct counters *delta)
{
	static const char *const expected[] = { "answer", "kernel", "silent", "pass", "either" };
	size_t i;
	int n;

	printf("%s  [%s]\n", c->name, expected[c->expect]);
	for (i = 0; i < c->count; i++)
		print_frame("request", 0, c->frame[i]);
	for (i = 0; i < replies->count; i++)
		print_frame("reply", replies->port[i], &replies->frame[i]);
	if (!replies->count)
		printf("#   no reply\n");
	printf("#   counters:");
	for (n = 0; n < COUNTER_COUNT; n++)
		if (delta->value[n])
			printf(" %s +%llu", counter_names[n], (unsigned long long)delta->value[n]);
	printf("\n");
}

/* The sentinels' share, so that what is left is the case's own. */
static void without_sentinels(struct counters *delta)
{
	delta->value[IP_IN_RECEIVES] -= SENTINELS;
	delta->value[IP_IN_DELIVERS] -= SENTINELS;
}

/* One case on both sides, and its counters' movement. */
static void exchange(struct side *sides, const struct parity_case *c, struct replies *replies,
		     struct counters *delta)
{
	struct counters before, after;
	size_t k;
	int i;

	for (i = 0; i < 2; i++) {
		side__counters(&sides[i], &before);
		replies[i].count = 0;
		for (k = 0; k < c->count; k++)
			side__send(&sides[i], c->frame[k]);
		collect(&sides[i], &replies[i]);
		side__counters(&sides[i], &after);
		moved(&delta[i], &before, &after);
		without_sentinels(&delta[i]);
	}
}

/* Why this is not as it must be, or NULL. */
static const char *verdict(const struct parity_case *c, const struct replies *replies,
			   const struct counters *delta)
{
	static const struct counters none;
	static char why[160];
	bool bug = c->flags & CASE_ALL_ZERO;
	enum expect expect = c->expect;
	const char *fault;
	int n;

	fault = judge_all(&replies[0], bug);
	if (fault) {
		snprintf(why, sizeof(why), "plain kernel: %s", fault);
		return why;
	}
	fault = judge_all(&replies[1], bug && (run.plain || run.all_pass));
	if (fault)
		return fault;
	if (!same(&replies[0], &replies[1], c))
		return "replies differ";
	if (!run.no_golden) {
		if (expect == SILENT && replies[1].count)
			return "replied to what must not be replied to";
		if ((expect == ANSWER || expect == KERNEL) && !replies[0].count)
			return "the plain kernel did not reply";
		if (expect == ANSWER && replies[1].count != 1)
			return "not exactly one reply";
	}

	if (run.plain || (run.all_pass && expect == ANSWER))
		expect = PASS;
	if (expect == ANSWER) {
		n = differing(&delta[1], &none);
		if (n < 0)
			return NULL;
		snprintf(why, sizeof(why), "left to the kernel: its %s moved", counter_names[n]);
		return why;
	}
	if (expect == EITHER && differing(&delta[1], &none) < 0)
		return NULL;
	n = differing(&delta[0], &delta[1]);
	if (n < 0)
		return NULL;
	snprintf(why, sizeof(why),
		 "not left to the kernel: its %s moved by %lld, the plain one's by %lld",
		 counter_names[n], (long long)delta[1].value[n], (long long)delta[0].value[n]);
	return why;
}

/* Twice in a row: the second time, echogate remembers the first. */
static void run_case(struct side *sides, const struct parity_case *c)
{
	static struct replies replies[2];
	static const struct counters none;
	struct counters delta[2];
	const char *why = NULL;
	int i, times = c->flags & CASE_ONCE ? 1 : 2;
	size_t k;

	for (i = 0; i < times && !why; i++) {
		exchange(sides, c, replies, delta);
		if (run.dump) {
			dump(c, &replies[0], &delta[0]);
			return;
		}
		why = verdict(c, replies, delta);
	}
	if (differing(&delta[1], &none) < 0 && differing(&delta[0], &none) >= 0) {
		run.answered++;
		if (c->expect == EITHER)
			printf("# %s: answered by echogate: %s\n", run.label, c->name);
	}

	result(!why, "%s", c->name);
	if (!why)
		return;
	printf("#   %s%s\n", why, i == 2 ? " (the second time)" : "");
	for (k = 0; k < c->count; k++)
		print_frame("request", 0, c->frame[k]);
	for (i = 0; i < 2; i++)
		for (k = 0; k < replies[i].count; k++)
			print_frame(i ? "with echogate" : "plain", replies[i].port[k],
				    &replies[i].frame[k]);
}

/* Time exceeded in reassembly, from all the fragments that were left alone. */
static void run_late(struct side *sides)
{
	static const struct frame nothing;
	static struct replies replies[2], late[2];
	struct parity_case c = { .name = "reassembly times out", .count = 1 };
	struct timespec wait = { .tv_sec = LATE_MS / 1000, .tv_nsec = LATE_MS % 1000 * 1000000L };
	size_t k;
	int i;

	c.frame[0] = (struct frame *)&nothing;
	nanosleep(&wait, NULL);
	for (i = 0; i < 2; i++) {
		replies[i].count = 0;
		collect(&sides[i], &replies[i]);
		late[i].count = sides[i].late_count;
		for (k = 0; k < late[i].count; k++)
			late[i].frame[k] = sides[i].late[k];
	}
	if (run.dump) {
		printf("%s\n", c.name);
		for (k = 0; k < late[0].count; k++)
			print_frame("reply", 0, &late[0].frame[k]);
		return;
	}
	result(late[0].count && same(&late[0], &late[1], &c) && !judge_all(&late[1], false),
	       "%s: %zu and %zu errors", c.name, late[0].count, late[1].count);
	result(!replies[0].count && !replies[1].count, "no reply comes late");
}

/* IDs are the host's own, not the request's: a repeated coincidence is none. */
static void run_ids(struct side *side)
{
	static struct replies replies;
	struct parity_case *c;
	unsigned int copied = 0, asked = 0;
	size_t i;

	for (i = 0; i < case_count && asked < 32; i++) {
		c = &cases[i];
		if (c->expect != ANSWER || get16(c->frame[0]->data + 12) != ETH_P_IP)
			continue;
		asked++;
		replies.count = 0;
		side__send(side, c->frame[0]);
		collect(side, &replies);
		if (replies.count)
			copied +=
				get16(replies.frame[0].data + 18) == get16(c->frame[0]->data + 18);
	}
	result(copied < 3, "the ID of a reply is not its request's");
}

/* A run of echo requests told apart by their identifiers, from 0 on. */
struct sweep {
	int family;
	unsigned int count;
	unsigned int sizes; /* 0: no data; else data of 0 to sizes - 1 bytes */
	uint8_t seen[65536 / 8];
	unsigned int replies, twice, wrong, differ;
};

static void sweep_request(const struct sweep *sweep, unsigned int id, struct frame *frame)
{
	static const int fills[] = { 0x00, 0xff, 0x01, -1 };
	bool four = sweep->family == 4;
	struct spec s = {
		.family = sweep->family,
		.eth_dst = { 2, 0, 0, 0, 0, 2 },
		.eth_src = { 2, 0, 0, 0, 0, 1 },
		.ethertype = four ? ETH_P_IP : ETH_P_IPV6,
		.version = sweep->family,
		.ttl = 64,
		.proto = four ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		.length = -1,
		.type = four ? 8 : 128,
		.id = id,
	};

	spec__address(s.src, four ? "198.18.0.1" : "fd00:18::1");
	spec__address(s.dst, four ? "198.18.0.2" : "fd00:18::2");
	if (sweep->sizes) {
		s.data_len = id % sweep->sizes;
		s.fill = fills[id / sweep->sizes];
	}
	spec__build(&s, frame);
}

static void sweep_reply(struct sweep *sweep, const struct frame *frame)
{
	size_t ip = sweep->family == 4 ? 20 : 40, width = sweep->family == 4 ? 4 : 16;
	const uint8_t *address = frame->data + ETH_HLEN + ip - 2 * width;
	const uint8_t *icmp = frame->data + ETH_HLEN + ip, *asked;
	uint16_t type = sweep->family == 4 ? ETH_P_IP : ETH_P_IPV6;
	struct frame request;
	uint16_t id;

	if (frame->len < ETH_HLEN + ip + 8 || get16(frame->data + 12) != type ||
	    icmp[0] != (sweep->family == 4 ? 0 : 129))
		return;
	id = get16(icmp + 4);
	if (id >= sweep->count)
		return;
	if (sweep->seen[id / 8] & 1 << id % 8)
		sweep->twice++;
	sweep->seen[id / 8] |= 1 << id % 8;
	sweep->replies++;
	/* The kernel's own answer to an all-zero echo is wrong: that is not ours to mend. */
	if (judge__frame(frame) && !(run.plain && !id))
		sweep->wrong++;

	sweep_request(sweep, id, &request);
	asked = request.data + ETH_HLEN + ip;
	if (frame->len != request.len || memcmp(frame->data, request.data + 6, 6) ||
	    memcmp(frame->data + 6, request.data, 6) || memcmp(address, asked - width, width) ||
	    memcmp(address + width, asked - 2 * width, width) || icmp[1] != asked[1] ||
	    memcmp(icmp + 4, asked + 4, frame->len - ETH_HLEN - ip - 4))
		sweep->differ++;
}

static void run_sweep(struct side *side, const char *name, int family, unsigned int count,
		      unsigned int sizes)
{
	static struct sweep sweep;
	struct counters before, after, delta;
	struct frame frame;
	unsigned int sent = 0;
	uint64_t kernel;
	int port;

	memset(&sweep, 0, sizeof(sweep));
	sweep.family = family;
	sweep.count = count;
	sweep.sizes = sizes;

	side__counters(side, &before);
	while (sweep.replies < count) {
		while (sent < count && sent - sweep.replies < WINDOW) {
			sweep_request(&sweep, sent++, &frame);
			side__send(side, &frame);
		}
		if (!side__receive(side, &frame, &port, SENTINEL_MS))
			break;
		sweep_reply(&sweep, &frame);
	}
	side__counters(side, &after);
	moved(&delta, &before, &after);
	kernel = delta.value[family == 4 ? ICMP_IN_ECHOS : ICMP6_IN_ECHOS];

	result(sweep.replies == count && !sweep.twice && !sweep.wrong && !sweep.differ &&
		       (run.plain || !kernel),
	       "IPv%d %s, all %u of them", family, name, count);
	printf("#   %u replies, %u twice, %u checksums or lengths wrong, %u otherwise different\n",
	       sweep.replies, sweep.twice, sweep.wrong, sweep.differ);
	printf("#   %llu of them were left to the kernel\n", (unsigned long long)kernel);
}

/* On one CPU the two ends of a veth take turns: nothing is in flight unseen. */
static void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("affinity: %s", strerror(errno));
}

static void usage(FILE *out)
{
	fprintf(out,
		"usage: parity [--dump] [--exhaustive] [--plain] [--variant NAME] [--first N]\n"
		"              [--label TEXT] PLAIN-TESTER PLAIN-TARGET TESTER TARGET\n"
		"variants: default, ignored (nothing may be answered), sysctls\n");
}

static void variant(const char *name)
{
	if (!strcmp(name, "ignored"))
		run.all_pass = true;
	else if (!strcmp(name, "default"))
		return;
	else if (strcmp(name, "sysctls")) {
		usage(stderr);
		exit(2);
	}
	run.no_golden = true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dump", no_argument, NULL, 'd' },
		{ "exhaustive", no_argument, NULL, 'e' },
		{ "plain", no_argument, NULL, 'p' },
		{ "variant", required_argument, NULL, 'v' },
		{ "first", required_argument, NULL, 'f' },
		{ "label", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct side sides[2];
	size_t i;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (option) {
		case 'd':
			run.dump = true;
			break;
		case 'e':
			run.exhaustive = true;
			break;
		case 'p':
			run.plain = true;
			break;
		case 'v':
			variant(optarg);
			break;
		case 'f':
			run.number = strtoul(optarg, NULL, 10);
			break;
		case 'l':
			run.label = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (argc - optind != 4) {
		usage(stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	stay_on_one_cpu();
	cases__build();
	side__open(&sides[0], "plain", argv[optind], argv[optind + 1]);
	side__open(&sides[1], "with echogate", argv[optind + 2], argv[optind + 3]);

	for (i = 0; i < case_count; i++)
		run_case(sides, &cases[i]);
	run_late(sides);
	if (!run.dump && !run.all_pass)
		run_ids(&sides[1]);
	if (run.exhaustive) {
		/* Every identifier is every checksum that a request can have. */
		run_sweep(&sides[1], "identifiers", 4, 65536, 0);
		run_sweep(&sides[1], "identifiers", 6, 65536, 0);
		run_sweep(&sides[1], "sizes with four kinds of data", 4, 4 * 1473, 1473);
		run_sweep(&sides[1], "sizes with four kinds of data", 6, 4 * 1453, 1453);
	}
	printf("# %s: %zu cases, %u failed, %llu answered by echogate\n", run.label, case_count,
	       run.failed, (unsigned long long)run.answered);
	return run.failed ? 1 : 0;
}
