// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends frames and says what comes back.
 *
 *	frame [-w MS] [-x] IFACE <DESCRIPTIONS
 *
 * A frame a line, described as in packet.h. For each a line of output: what came back
 * within MS milliseconds (0), or "silent":
 *
 *	icmp 3/3 from 198.18.0.2 to 198.18.0.1 tos c0 ttl 64 len 64 quote 36 sums ok
 *	tcp flags 14 from ... seq 0 ack 1001 sums ok
 *	icmp 14/0 from ... now sums ok
 *
 * "sums ok": every checksum is right. An error must quote the first bytes of what was sent, the
 * number of which is told. "now": receive and transmit time are the present to the second,
 * and the originate time is the request's. Whatever isn't so stands there as "BAD".
 * Tags stand behind what it is, "vlan 88a8:0007 8100:0005", as they arrive.
 * With -x the packet follows in hexadecimal, from its IP header on.
 */
#include <netinet/in.h>

#include "station.h"

#define DAY_MS	86400000

static int usage(void)
{
	fprintf(stderr, "usage: frame [-w MS] [-x] IFACE <DESCRIPTIONS\n");
	return 2;
}

/* Sum of the upper layer at `upper`; the checksum in it makes it right or not. */
static bool sums(const uint8_t *ip, size_t len, size_t head, int protocol)
{
	size_t size = len - head;
	uint32_t pseudo = 0;

	if (ip[0] >> 4 == 4) {
		if (echo_fold(echo_sum(0, ip, head)))
			return false;
		if (protocol != IPPROTO_ICMP)
			pseudo = echo_sum(size + protocol, ip + 12, 8);
	} else {
		pseudo = echo_sum(size + protocol, ip + 8, 32);
	}
	return !echo_fold(echo_sum(pseudo, ip + head, size));
}

/* Receive and transmit of a timestamp reply, milliseconds of the day. */
static bool is_now(const uint8_t *icmp)
{
	struct timespec t;
	int32_t off;

	clock_gettime(CLOCK_REALTIME, &t);
	off = (t.tv_sec % 86400) * 1000 + t.tv_nsec / 1000000 - packet_get32(icmp + 12);
	/* Just after midnight. */
	if (off < -DAY_MS / 2)
		off += DAY_MS;
	return packet_get32(icmp + 8) == 0x00c0ffee && !memcmp(icmp + 12, icmp + 16, 4) &&
	       off > -1000 && off < 1000;
}

static void print_icmp(const uint8_t *ip, size_t len, size_t head, const struct packet *sent)
{
	const uint8_t *icmp = ip + head, *quoted = icmp + 8;
	bool v4 = ip[0] >> 4 == 4, same;
	size_t quote = len - head - 8;

	if (v4 ? icmp[0] == 0 : icmp[0] == 129) {
		same = len - head == sent->len - sent->l4 &&
		       !memcmp(icmp + 4, sent->bytes + sent->l4 + 4, len - head - 4);
		printf(" echo%s", same ? "" : " BAD");
	} else if (v4 && icmp[0] == 14) {
		printf(" now%s", len == head + 20 && is_now(icmp) ? "" : " BAD");
	} else {
		same = quote <= sent->len - sent->l3 &&
		       !memcmp(quoted, sent->bytes + sent->l3, quote);
		if (packet_get32(icmp + 4))
			printf(" rest %x", packet_get32(icmp + 4));
		printf(" quote %zu%s", quote, same ? "" : " BAD");
	}
}

static void print_packet(const uint8_t *ip, size_t room, const struct station_tags *tags,
			 const struct packet *sent, bool hex)
{
	bool v4 = ip[0] >> 4 == 4;
	size_t head = v4 ? (ip[0] & 15) * 4 : 40;
	size_t len = v4 ? packet_get16(ip + 2) : 40 + packet_get16(ip + 4);
	int protocol = v4 ? ip[9] : ip[6];
	const uint8_t *upper = ip + head;
	char from[64], to[64];

	if (len > room || len < head + 8) {
		printf("BAD length\n");
		return;
	}
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip + 12 : ip + 8, from, sizeof(from));
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip + 16 : ip + 24, to, sizeof(to));
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		printf("%s %u/%u", v4 ? "icmp" : "icmp6", upper[0], upper[1]);
	else if (protocol == IPPROTO_TCP && len >= head + 20)
		printf("tcp %u to %u flags %02x", packet_get16(upper), packet_get16(upper + 2),
		       upper[13]);
	else
		printf("protocol %d", protocol);
	for (unsigned int i = 0; i < tags->count; i++)
		printf("%s %04x:%04x", i ? "" : " vlan", tags->tpid[i], tags->tci[i]);
	printf(" from %s to %s tos %02x ttl %u len %zu", from, to,
	       v4 ? ip[1] : (packet_get16(ip) >> 4 & 0xff), v4 ? ip[8] : ip[7], len);
	if (v4 && packet_get16(ip + 6))
		printf(" frag %04x", packet_get16(ip + 6));
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		print_icmp(ip, len, head, sent);
	else if (protocol == IPPROTO_TCP && len >= head + 20)
		printf(" seq %u ack %u", packet_get32(upper + 4), packet_get32(upper + 8));
	printf(" sums %s", sums(ip, len, head, protocol) ? "ok" : "BAD");
	if (hex) {
		putchar(' ');
		for (size_t i = 0; i < len; i++)
			printf("%02x", ip[i]);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	static uint8_t in[65536];
	static struct packet sent;
	struct station_tags tags;
	struct packet_spec spec;
	char line[4096];
	struct station st = {};
	bool hex = false;
	long wait = 0;
	int o, err;

	while ((o = getopt(argc, argv, "w:x")) != -1) {
		if (o == 'w')
			wait = atol(optarg);
		else if (o == 'x')
			hex = true;
		else
			return usage();
	}
	if (optind + 1 != argc)
		return usage();
	err = station_open(&st, argv[optind]);
	if (err) {
		fprintf(stderr, "frame: %s: %s\n", argv[optind], strerror(-err));
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		int64_t end = station_now_us() + wait * 1000;
		size_t len = 0, l3;

		if (!packet_parse(&spec, line))
			return 2;
		packet_build(&spec, st.mac, &sent);
		if (send(st.fd, sent.bytes, sent.len, 0) != (ssize_t)sent.len) {
			perror("frame: send");
			return 1;
		}
		do {
			len = station_receive(&st, in, sizeof(in), &l3, &tags);
		} while (!len && station_wait(&st, end - station_now_us()));
		if (len)
			print_packet(in + l3, len - l3, &tags, &sent, hex);
		else
			puts("silent");
		fflush(stdout);
	}
	return 0;
}
