// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>

#include "bench.h"
#include "rules.h"
#include "station.h"

__u32 rules__source(int family, __u32 n)
{
	__u32 words[4];

	inet_pton(family == 4 ? AF_INET : AF_INET6,
		  family == 4 ? STATION_SOURCE_4 : STATION_SOURCE_6, words);
	return ntohl(words[family == 4 ? 0 : 3]) + n * STATION_SCATTER;
}

static void write_prefix(FILE *f, int family, __u32 n, __u32 length)
{
	__u32 source = rules__source(family, n) >> (32 - length) << (32 - length);

	if (family == 4)
		fprintf(f, "%u.%u.%u.%u", source >> 24, source >> 16 & 255, source >> 8 & 255,
			source & 255);
	else
		fprintf(f, "fd00::%x:%x", source >> 16, source & 0xffff);
	if (length < 32)
		fprintf(f, "/%u", family == 4 ? length : 96 + length);
}

/* Length of the prefix that holds source `n`. */
static __u32 length_of(const struct rules *r, __u32 n)
{
	return r->kind == RULES_MIXED ? 16 + n % 17 : 32;
}

static void write_list(FILE *f, const struct rules *r)
{
	for (__u32 n = 0; n < r->count; n++) {
		fputs(n ? ",\n" : "", f);
		write_prefix(f, r->family, n, length_of(r, n));
	}
}

void rules__write_echogate(FILE *f, const struct rules *r)
{
	if (r->kind == RULES_SWAP)
		fputs("reply-path swap\n", f);
	else if (r->kind == RULES_PLAIN)
		fputs("recorder off\n", f);
	else if (r->kind != RULES_TRACK && r->kind != RULES_WATCH)
		fputs("default pass\n", f);
	switch (r->kind) {
	case RULES_NONE:
	case RULES_SWAP:
	case RULES_PLAIN:
		break;
	case RULES_TYPE:
		fputs("drop icmp type echo-request\n", f);
		break;
	case RULES_EACH:
		for (__u32 n = r->count; n--;) {
			fputs("drop from ", f);
			write_prefix(f, r->family, n, 32);
			fputc('\n', f);
		}
		break;
	case RULES_SET:
	case RULES_MIXED:
		fputs("set members {\n", f);
		write_list(f, r);
		fputs("\n}\ndrop from @members\n", f);
		break;
	case RULES_TRACK:
		fputs("measure rtt of { 198.18.0.0/16, fd00::/64 }\n"
		      "count solicited\n"
		      "pass unsolicited\n",
		      f);
		break;
	case RULES_ASKED:
		fputs("drop icmp type echo-reply unsolicited\n", f);
		break;
	case RULES_WATCH:
		fputs("observe from { 198.18.0.0/15, fd00::/64 }\n", f);
		break;
	case RULES_SOURCE:
		fputs("drop icmp type echo-request per-source 10/s burst 5\n"
		      "drop icmp type echo-request\n",
		      f);
		break;
	}
}

void rules__write_nft(FILE *f, const struct rules *r, const char *device)
{
	fprintf(f, "table %s bench {\n", device ? "netdev" : "ip");
	if (r->kind == RULES_SET) {
		fputs("set members { type ipv4_addr; elements = {\n", f);
		write_list(f, r);
		fputs("\n}\n}\n", f);
	}
	if (device)
		fprintf(f, "chain in {\ntype filter hook ingress device \"%s\" priority 0;\n", device);
	else
		fputs("chain in {\ntype filter hook prerouting priority raw;\n", f);
	switch (r->kind) {
	case RULES_TYPE:
		fputs("icmp type echo-request drop\n", f);
		break;
	case RULES_EACH:
		for (__u32 n = r->count; n--;) {
			fputs("ip saddr ", f);
			write_prefix(f, r->family, n, 32);
			fputs(" drop\n", f);
		}
		break;
	default:
		fputs("ip saddr @members drop\n", f);
		break;
	}
	fputs("}\n}\n", f);
}
