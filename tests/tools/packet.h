/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame from a line of words, for the tools that send raw frames:
 *
 *	PROTOCOL [WORD=VALUE]...
 *
 * PROTOCOL: icmp icmp6 tcp udp sctp dccp udplite igmp arp, proto=N (IP), ether=N (no IP);
 * words, numbers as C has them:
 *	from= to=		addresses; that of `to` says which IP (198.18.0.1, 198.18.0.2)
 *	mac= vlan=TCI		destination; a tag, outermost first (vlan=TPID:TCI)
 *	ttl= tos= id= df=1	and frag=OFFSET[:MORE], OFFSET in units of 8 bytes
 *	options=HEX		of IPv4
 *	ext=N,N...		IPv6 extension headers by number; 44:OFFSET[:MORE] is a fragment's
 *	type= code= sport= dport= flags= seq= ack= words=	(words: TCP header in 32-bit words)
 *	data=N			bytes behind the upper layer's header, which count up (0)
 *	length= first=		the IP header's length, and its first byte, whatever is true
 *	badsum=ip|upper		a wrong checksum
 *	cut=N			bytes that the frame ends too early
 */
#ifndef TESTS_TOOLS_PACKET_H
#define TESTS_TOOLS_PACKET_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "echo.h"

#define PACKET_TAGS	3
#define PACKET_EXT	10
#define PACKET_DATA	8192
#define PACKET_ROOM	(PACKET_DATA + 512)

struct packet_ext {
	int number;
	unsigned int offset, more;
};

struct packet_spec {
	uint8_t mac[6];
	unsigned int tpid[PACKET_TAGS], tci[PACKET_TAGS], tags;
	int protocol, ether;		/* ether: -1 for IP */
	struct echo_ends ends;
	unsigned int ttl, tos, id, df, offset, more;
	uint8_t options[40];
	size_t option_len;
	struct packet_ext ext[PACKET_EXT];
	unsigned int exts;
	int type, code, flags;
	unsigned int sport, dport, words, data, cut;
	uint32_t seq, ack;
	long length, first;
	bool bad_ip, bad_upper;
};

struct packet {
	int family;			/* 0: no IP */
	size_t len, l3, l4;		/* offsets of IP and upper-layer header */
	uint8_t bytes[PACKET_ROOM];
};

static inline void packet_put32(uint8_t *p, uint32_t v)
{
	echo_put16(p, v >> 16);
	echo_put16(p + 2, v);
}

static inline uint16_t packet_get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline uint32_t packet_get32(const uint8_t *p)
{
	return (uint32_t)packet_get16(p) << 16 | packet_get16(p + 2);
}

/* Words ---------------------------------------------------------------------- */

static inline bool packet_protocol(struct packet_spec *s, const char *word)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{ "icmp", 1 }, { "igmp", 2 }, { "tcp", 6 }, { "udp", 17 }, { "dccp", 33 },
		{ "icmp6", 58 }, { "sctp", 132 }, { "udplite", 136 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(word, names[i].name)) {
			s->protocol = names[i].number;
			return true;
		}
	}
	if (!strcmp(word, "arp"))
		s->ether = 0x0806;
	else if (!strncmp(word, "proto=", 6))
		s->protocol = atoi(word + 6);
	else if (!strncmp(word, "ether=", 6))
		s->ether = strtol(word + 6, NULL, 0);
	else
		return false;
	return true;
}

static inline bool packet_hex(struct packet_spec *s, const char *text)
{
	size_t len = strlen(text) / 2;

	if (len > sizeof(s->options) || len % 4)
		return false;
	for (size_t i = 0; i < len; i++)
		if (sscanf(text + 2 * i, "%2hhx", &s->options[i]) != 1)
			return false;
	s->option_len = len;
	return true;
}

static inline bool packet_chain(struct packet_spec *s, char *text)
{
	char *save, *item;

	for (item = strtok_r(text, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		struct packet_ext *e = &s->ext[s->exts];

		if (s->exts++ == PACKET_EXT ||
		    sscanf(item, "%d:%u:%u", &e->number, &e->offset, &e->more) < 1)
			return false;
	}
	return true;
}

static inline bool packet_tag(struct packet_spec *s, const char *text)
{
	char *colon = strchr(text, ':');

	if (s->tags == PACKET_TAGS)
		return false;
	s->tpid[s->tags] = colon ? strtoul(text, NULL, 0) : 0x8100;
	s->tci[s->tags++] = strtoul(colon ? colon + 1 : text, NULL, 0);
	return true;
}

static inline bool packet_word(struct packet_spec *s, const char *key, char *value)
{
	const struct {
		const char *key;
		unsigned int *value;
	} numbers[] = {
		{ "ttl", &s->ttl }, { "tos", &s->tos }, { "id", &s->id }, { "df", &s->df },
		{ "sport", &s->sport }, { "dport", &s->dport }, { "words", &s->words },
		{ "data", &s->data }, { "cut", &s->cut }, { "seq", &s->seq }, { "ack", &s->ack },
		{ "type", (unsigned int *)&s->type }, { "code", (unsigned int *)&s->code },
		{ "flags", (unsigned int *)&s->flags },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (!strcmp(key, numbers[i].key)) {
			*numbers[i].value = strtoul(value, NULL, 0);
			return true;
		}
	}
	if (!strcmp(key, "mac"))
		return sscanf(value, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &s->mac[0], &s->mac[1],
			      &s->mac[2], &s->mac[3], &s->mac[4], &s->mac[5]) == 6;
	if (!strcmp(key, "vlan"))
		return packet_tag(s, value);
	if (!strcmp(key, "frag"))
		return sscanf(value, "%u:%u", &s->offset, &s->more) >= 1;
	if (!strcmp(key, "options"))
		return packet_hex(s, value);
	if (!strcmp(key, "ext"))
		return packet_chain(s, value);
	if (!strcmp(key, "length"))
		s->length = strtol(value, NULL, 0);
	else if (!strcmp(key, "first"))
		s->first = strtol(value, NULL, 0);
	else if (!strcmp(key, "badsum") && !strcmp(value, "ip"))
		s->bad_ip = true;
	else if (!strcmp(key, "badsum") && !strcmp(value, "upper"))
		s->bad_upper = true;
	else
		return false;
	return true;
}

/* Reads `line`, which is cut into pieces; false and an error line if it means nothing. */
static inline bool packet_parse(struct packet_spec *s, char *line)
{
	const char *from = NULL, *to = NULL;
	char *save, *word, *value;

	*s = (struct packet_spec){ .mac = { 2, 0, 0, 0, 0, 2 }, .protocol = -1, .ether = -1,
				   .ttl = 64, .type = -1, .words = 5, .sport = 40000, .dport = 9,
				   .flags = 2, .seq = 1000, .length = -1, .first = -1 };
	word = strtok_r(line, " \t\n", &save);
	if (!word || !packet_protocol(s, word))
		goto wrong;
	while ((word = strtok_r(NULL, " \t\n", &save))) {
		value = strchr(word, '=');
		if (!value)
			goto wrong;
		*value++ = 0;
		if (!strcmp(word, "from"))
			from = value;
		else if (!strcmp(word, "to"))
			to = value;
		else if (!packet_word(s, word, value))
			goto wrong;
	}
	if (!to)
		to = s->protocol == 58 || s->exts ? "fd00:18::2" : "198.18.0.2";
	if (!from)
		from = strchr(to, ':') ? "fd00:18::1" : "198.18.0.1";
	if (s->type < 0)
		s->type = s->protocol == 58 ? 128 : s->protocol == 2 ? 0x16 : 8;
	if (s->data > PACKET_DATA || !echo_ends(&s->ends, from, to))
		goto wrong;
	return true;
wrong:
	fprintf(stderr, "what is \"%s\"?\n", word ? word : "");
	return false;
}

/* Bytes ------------------------------------------------------------------------ */

static inline uint32_t packet_pseudo(const struct echo_ends *e, int protocol, size_t len)
{
	size_t size = e->family == AF_INET ? 4 : 16;

	return echo_sum(echo_sum(len + protocol, e->src, size), e->dst, size);
}

/* The header of the upper layer; returns its length, and where its checksum is in *sum. */
static inline size_t packet_upper(const struct packet_spec *s, uint8_t *p, size_t *sum)
{
	*sum = 0;
	switch (s->protocol) {
	case 1:
	case 58:
		p[0] = s->type;
		p[1] = s->code;
		*sum = 2;
		echo_put16(p + 4, ECHO_ID);
		echo_put16(p + 6, s->seq);
		if (s->protocol == 58 || (s->type != 13 && s->type != 14))
			return 8;
		packet_put32(p + 8, 0x00c0ffee);
		return 20;
	case 2:
		p[0] = s->type;
		*sum = 2;
		return 8;
	case 6:
		echo_put16(p, s->sport);
		echo_put16(p + 2, s->dport);
		packet_put32(p + 4, s->seq);
		packet_put32(p + 8, s->ack);
		p[12] = s->words << 4;
		p[13] = s->flags;
		echo_put16(p + 14, 1024);
		*sum = 16;
		memset(p + 20, 1, s->words > 5 ? 4 * s->words - 20 : 0);
		return s->words > 5 ? 4 * s->words : 20;
	case 17:
	case 136:
		echo_put16(p, s->sport);
		echo_put16(p + 2, s->dport);
		echo_put16(p + 4, 8 + s->data);
		*sum = 6;
		return 8;
	case 33:
	case 132:
		echo_put16(p, s->sport);
		echo_put16(p + 2, s->dport);
		return 12;
	default:
		return 0;
	}
}

/* Upper layer and data at `p`; of a later fragment there is only data. */
static inline size_t packet_payload(const struct packet_spec *s, uint8_t *p, bool later)
{
	size_t head = 0, sum = 0;
	uint32_t pseudo = 0;

	if (!later)
		head = packet_upper(s, p, &sum);
	for (unsigned int i = 0; i < s->data; i++)
		p[head + i] = i;
	if (s->protocol != 1 && s->protocol != 2)
		pseudo = packet_pseudo(&s->ends, s->protocol, head + s->data);
	if (sum)
		echo_put16(p + sum, echo_fold(echo_sum(pseudo, p, head + s->data)) ^ s->bad_upper);
	return head + s->data;
}

static inline void packet_ipv4(const struct packet_spec *s, struct packet *out)
{
	uint8_t *ip = out->bytes + out->l3;
	size_t head = 20 + s->option_len;

	out->l4 = out->l3 + head;
	out->len = out->l4 + packet_payload(s, ip + head, s->offset);
	ip[0] = s->first >= 0 ? s->first : (long)(0x40 | head / 4);
	ip[1] = s->tos;
	echo_put16(ip + 2, s->length >= 0 ? s->length : (long)(out->len - out->l3));
	echo_put16(ip + 4, s->id);
	echo_put16(ip + 6, (!!s->df << 14) | (!!s->more << 13) | s->offset);
	ip[8] = s->ttl;
	ip[9] = s->protocol;
	memcpy(ip + 12, s->ends.src, 4);
	memcpy(ip + 16, s->ends.dst, 4);
	memcpy(ip + 20, s->options, s->option_len);
	echo_put16(ip + 10, echo_fold(echo_sum(0, ip, head)) ^ s->bad_ip);
}

static inline void packet_ipv6(const struct packet_spec *s, struct packet *out)
{
	uint8_t *ip6 = out->bytes + out->l3, *at = ip6 + 40, *next = ip6 + 6;
	bool later = false;

	packet_put32(ip6, 0x60000000 | s->tos << 20);
	if (s->first >= 0)
		ip6[0] = s->first;
	ip6[7] = s->ttl;
	memcpy(ip6 + 8, s->ends.src, 16);
	memcpy(ip6 + 24, s->ends.dst, 16);
	for (unsigned int i = 0; i < s->exts; i++) {
		const struct packet_ext *e = &s->ext[i];
		size_t size = e->number == 51 ? 16 : 8;

		*next = e->number;
		next = at;
		if (e->number == 44) {
			echo_put16(at + 2, e->offset << 3 | !!e->more);
			packet_put32(at + 4, s->id);
			later = later || e->offset;
		} else if (e->number == 51) {
			at[1] = 2;
		} else {
			at[2] = 1;		/* PadN */
			at[3] = 4;
		}
		at += size;
	}
	*next = s->protocol;
	out->l4 = at - out->bytes;
	out->len = out->l4 + packet_payload(s, at, later);
	echo_put16(ip6 + 4, s->length >= 0 ? s->length : (long)(out->len - out->l3 - 40));
}

static inline void packet_arp(const struct packet_spec *s, struct packet *out)
{
	static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t *arp = out->bytes + out->l3;

	memcpy(arp, head, sizeof(head));
	memcpy(arp + 8, out->bytes + 6, 6);
	memcpy(arp + 14, s->ends.src, 4);
	memcpy(arp + 24, s->ends.dst, 4);
	out->len = out->l3 + 28;
}

/* The frame that `s` describes, from the station `mac`. */
static inline void packet_build(const struct packet_spec *s, const uint8_t mac[6],
				struct packet *out)
{
	uint8_t *at = out->bytes + 12;

	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, s->mac, 6);
	memcpy(out->bytes + 6, mac, 6);
	for (unsigned int i = 0; i < s->tags; i++) {
		echo_put16(at, s->tpid[i]);
		echo_put16(at + 2, s->tci[i]);
		at += 4;
	}
	out->family = s->ether < 0 ? s->ends.family : 0;
	echo_put16(at, s->ether >= 0 ? s->ether : out->family == AF_INET ? 0x0800 : 0x86dd);
	out->l3 = out->l4 = at + 2 - out->bytes;
	if (out->family == AF_INET)
		packet_ipv4(s, out);
	else if (out->family == AF_INET6)
		packet_ipv6(s, out);
	else if (s->ether == 0x0806)
		packet_arp(s, out);
	else
		out->len = out->l3 + s->data;
	out->len -= s->cut < out->len ? s->cut : out->len;
}

#endif
