// SPDX-License-Identifier: GPL-2.0-only
#include "reply.h"
#include "echo.h"

#include <stdio.h>
#include <string.h>
#include <linux/errqueue.h>

#include "echogate/ip.h"

#define HEADER		8		/* of every ICMP message */

static void malformed(struct reply *r, const char *flaw)
{
	r->kind = REPLY_MALFORMED;
	r->flaw = flaw;
}

/* What is quoted ------------------------------------------------------------------- */

static void read_upper(struct quoted *q, int family, const __u8 *upper, size_t size)
{
	int icmp = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int request = family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
	__be16 word;

	q->upper = upper;
	q->size = size;
	if (q->protocol != icmp || q->later || size < HEADER || upper[0] != request)
		return;
	q->echo = true;
	memcpy(&word, upper + 4, sizeof(word));
	q->id = ntohs(word);
	memcpy(&word, upper + 6, sizeof(word));
	q->seq = ntohs(word);
}

static const char *read_quoted4(struct quoted *q, const __u8 *p, size_t size)
{
	struct iphdr ip;
	size_t length;

	if (size < sizeof(ip))
		return "it quotes less than an IP header";
	memcpy(&ip, p, sizeof(ip));
	length = (*p & 15) * 4;
	if (*p >> 4 != 4 || length < sizeof(ip))
		return "what it quotes is no IPv4 header";
	if (size < length)
		return "it quotes less than an IP header";
	q->from.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = ip.saddr };
	q->to.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = ip.daddr };
	q->protocol = ip.protocol;
	q->ttl = ip.ttl;
	q->tos = ip.tos;
	q->later = ntohs(ip.frag_off) & EG_IPV4_OFFSET;
	read_upper(q, AF_INET, p + length, size - length);
	return NULL;
}

/* Steps over extension headers; false if the quotation ends before the upper layer is known. */
static bool skip_extensions(struct quoted *q, const __u8 **p, size_t *size)
{
	for (int i = 0; i < EG_IPV6_EXTENSIONS && !q->later; i++) {
		enum eg_ext kind = eg_ipv6_ext[q->protocol];
		size_t length;

		if (kind == EG_EXT_NONE)
			return true;
		if (*size < 8)
			return false;
		length = kind == EG_EXT_UNITS8 ? ((*p)[1] + 1) * 8 :
			 kind == EG_EXT_UNITS4 ? ((*p)[1] + 2) * 4 : 8;
		if (*size < length)
			return false;
		q->later = kind == EG_EXT_FRAGMENT && ((*p)[2] || (*p)[3] & 0xf8);
		q->protocol = **p;
		*p += length;
		*size -= length;
	}
	return q->later || eg_ipv6_ext[q->protocol] == EG_EXT_NONE;
}

static const char *read_quoted6(struct quoted *q, const __u8 *p, size_t size)
{
	struct ipv6hdr ip;

	if (size < sizeof(ip))
		return "it quotes less than an IP header";
	if (*p >> 4 != 6)
		return "what it quotes is no IPv6 header";
	memcpy(&ip, p, sizeof(ip));
	q->from.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = ip.saddr };
	q->to.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = ip.daddr };
	q->protocol = ip.nexthdr;
	q->ttl = ip.hop_limit;
	q->tos = eg_ipv6_flow(&ip) >> 20;
	p += sizeof(ip);
	size -= sizeof(ip);
	if (skip_extensions(q, &p, &size)) {
		read_upper(q, AF_INET6, p, size);
	} else {
		q->protocol = 0;
		q->upper = p;
	}
	return NULL;
}

/* Messages ------------------------------------------------------------------------- */

static bool is_error(int family, int type)
{
	if (family == AF_INET6)
		return !(type & ICMPV6_INFOMSG_MASK);
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* The second word of an error, for those types that say something there. */
static void read_info(struct reply *r, __be32 word)
{
	if (r->family == AF_INET6) {
		if (r->type == ICMPV6_PKT_TOOBIG || r->type == ICMPV6_PARAMPROB)
			r->info = ntohl(word);
	} else if (r->type == ICMP_REDIRECT) {
		r->gateway.in = (struct sockaddr_in){ .sin_family = AF_INET,
						      .sin_addr.s_addr = word };
	} else if (r->type == ICMP_DEST_UNREACH && r->code == ICMP_FRAG_NEEDED) {
		r->info = ntohl(word) & 0xffff;
	} else if (r->type == ICMP_PARAMETERPROB) {
		r->info = ntohl(word) >> 24;
	}
}

void reply__parse(int family, const void *message, size_t size, struct reply *r)
{
	const __u8 *p = message;
	const char *flaw;
	__be16 halves[2];
	__be32 word;

	memset(r, 0, sizeof(*r));
	r->family = family;
	r->size = size;
	if (size < HEADER)
		return malformed(r, "it is shorter than an ICMP header");
	r->type = p[0];
	r->code = p[1];
	r->body = p + HEADER;
	r->body_size = size - HEADER;
	r->checksum_wrong = family == AF_INET && echo__checksum(message, size);
	r->kind = REPLY_OTHER;
	if (r->type == (family == AF_INET ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY)) {
		memcpy(halves, p + 4, sizeof(halves));
		r->kind = REPLY_ECHO;
		r->id = ntohs(halves[0]);
		r->seq = ntohs(halves[1]);
	} else if (is_error(family, r->type)) {
		memcpy(&word, p + 4, sizeof(word));
		r->kind = REPLY_ERROR;
		read_info(r, word);
		flaw = family == AF_INET ? read_quoted4(&r->quoted, r->body, r->body_size) :
					   read_quoted6(&r->quoted, r->body, r->body_size);
		if (flaw)
			malformed(r, flaw);
	}
}

bool reply__is_redirect(const struct reply *r)
{
	return r->family == AF_INET && r->kind == REPLY_ERROR && r->type == ICMP_REDIRECT;
}

void reply__parse_ipv4(const void *packet, size_t size, struct reply *r)
{
	const __u8 *p = packet;
	size_t length = size ? (*p & 15) * 4 : 0;

	if (length >= sizeof(struct iphdr) && *p >> 4 == 4 && size >= length) {
		reply__parse(AF_INET, p + length, size - length, r);
		return;
	}
	memset(r, 0, sizeof(*r));
	r->family = AF_INET;
	malformed(r, "it has no IPv4 header");
}

void reply__from_queue(const struct sock_extended_err *e, const union address *to,
		       const void *quoted, size_t size, struct reply *r)
{
	memset(r, 0, sizeof(*r));
	r->family = to->sa.sa_family;
	r->kind = REPLY_ERROR;
	r->type = e->ee_type;
	r->code = e->ee_code;
	/* Host order, a gateway too. */
	if (reply__is_redirect(r))
		r->gateway.in = (struct sockaddr_in){ .sin_family = AF_INET,
						      .sin_addr.s_addr = htonl(e->ee_info) };
	else
		r->info = e->ee_info;
	r->quoted.to = *to;
	r->quoted.protocol = r->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	r->body = quoted;
	r->body_size = size;
	read_upper(&r->quoted, r->family, quoted, size);
}

/* Words ------------------------------------------------------------------------------ */

static const char *const unreachable4[] = {
	"Destination Net Unreachable", "Destination Host Unreachable",
	"Destination Protocol Unreachable", "Destination Port Unreachable", NULL,
	"Source Route Failed", "Destination Net Unknown", "Destination Host Unknown",
	"Source Host Isolated", "Destination Net Prohibited", "Destination Host Prohibited",
	"Destination Net Unreachable for Type of Service",
	"Destination Host Unreachable for Type of Service", "Packet filtered",
	"Precedence Violation", "Precedence Cutoff",
};

static const char *const unreachable6[] = {
	"Destination unreachable: No route",
	"Destination unreachable: Administratively prohibited",
	"Destination unreachable: Beyond scope of source address",
	"Destination unreachable: Address unreachable",
	"Destination unreachable: Port unreachable",
	"Destination unreachable: Source address failed policy",
	"Destination unreachable: Reject route",
};

static const char *const redirects[] = {
	"Redirect Network", "Redirect Host", "Redirect Type of Service and Network",
	"Redirect Type of Service and Host",
};

static const char *const problems6[] = {
	"Wrong header field", "Unknown header", "Unknown option",
};

static const char *word(const char *const *words, size_t count, size_t at)
{
	return at < count ? words[at] : NULL;
}

const char *reply__describe(const struct reply *r, char *text, size_t size)
{
	bool v4 = r->family == AF_INET;
	const char *fixed = NULL;
	char address[ADDRESS_TEXT];

	if (v4 && r->type == ICMP_DEST_UNREACH && r->code == ICMP_FRAG_NEEDED) {
		snprintf(text, size, "Frag needed and DF set (mtu = %u)", r->info);
		return text;
	} else if (!v4 && r->type == ICMPV6_PKT_TOOBIG) {
		snprintf(text, size, "Packet too big: mtu=%u", r->info);
		return text;
	} else if (reply__is_redirect(r)) {
		snprintf(text, size, "%s(New nexthop: %s)",
			 word(redirects, ARRAY_SIZE(redirects), r->code) ?: "Redirect",
			 address__print(&r->gateway, address));
		return text;
	} else if (v4 && r->type == ICMP_PARAMETERPROB) {
		snprintf(text, size, "Parameter problem: pointer = %u", r->info);
		return text;
	} else if (!v4 && r->type == ICMPV6_PARAMPROB) {
		snprintf(text, size, "Parameter problem: %s at %u",
			 word(problems6, ARRAY_SIZE(problems6), r->code) ?: "Unknown code",
			 r->info);
		return text;
	}
	if (r->type == (v4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH))
		fixed = v4 ? word(unreachable4, ARRAY_SIZE(unreachable4), r->code) :
			     word(unreachable6, ARRAY_SIZE(unreachable6), r->code);
	else if (v4 && r->type == ICMP_TIME_EXCEEDED)
		fixed = r->code == ICMP_EXC_TTL ? "Time to live exceeded" :
			r->code == ICMP_EXC_FRAGTIME ? "Frag reassembly time exceeded" : NULL;
	else if (!v4 && r->type == ICMPV6_TIME_EXCEED)
		fixed = r->code == ICMPV6_EXC_HOPLIMIT ? "Time exceeded: Hop limit" :
			r->code == ICMPV6_EXC_FRAGTIME ?
				"Time exceeded: Defragmentation failure" : NULL;
	else if (v4 && r->type == ICMP_SOURCE_QUENCH)
		fixed = "Source Quench";
	if (fixed)
		snprintf(text, size, "%s", fixed);
	else
		snprintf(text, size, "ICMP type %u, code %u", r->type, r->code);
	return text;
}
