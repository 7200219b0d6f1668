// SPDX-License-Identifier: GPL-2.0-only
#include "prefixes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define IPV4_WANTED	"; expected four numbers of 0 to 255 like 192.0.2.1"
#define IPV6_WANTED	"; expected groups of hexadecimal digits like 2001:db8::1"

/* A decimal number without leading zeros; -1: there is none, or it is beyond `most`. */
static int number(const char **pos, const char *end, int most)
{
	const char *c = *pos;
	int n = 0;

	if (c == end || *c < '0' || *c > '9' || (*c == '0' && c + 1 < end && c[1] >= '0' && c[1] <= '9'))
		return -1;
	for (; c < end && *c >= '0' && *c <= '9'; c++) {
		n = n * 10 + *c - '0';
		if (n > most)
			return -1;
	}
	*pos = c;
	return n;
}

static const char *parse_ipv4(const char **pos, const char *end, __u8 *bytes)
{
	for (int i = 0; i < 4; i++) {
		int n;

		if (i && (*pos == end || *(*pos)++ != '.'))
			return "not an IPv4 address" IPV4_WANTED;
		n = number(pos, end, 255);
		if (n < 0)
			return "not a number of an IPv4 address" IPV4_WANTED;
		bytes[i] = n;
	}
	return NULL;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool has_dot(const char *pos, const char *end)
{
	while (pos < end && hex(*pos) >= 0)
		pos++;
	return pos < end && *pos == '.';
}

static const char *parse_ipv6(const char **pos, const char *end, __u8 *bytes)
{
	int filled = 0, gap = -1;

	if (end - *pos >= 2 && (*pos)[0] == ':' && (*pos)[1] == ':') {
		*pos += 2;
		gap = 0;
	}
	while (*pos < end && **pos != '/' && !(gap == filled && hex(**pos) < 0)) {
		int value = 0, digits = 0;

		if (filled == 16)
			return "more than eight groups in an IPv6 address" IPV6_WANTED;
		if (filled <= 12 && has_dot(*pos, end)) {
			const char *wrong = parse_ipv4(pos, end, bytes + filled);

			if (wrong)
				return wrong;
			filled += 4;
			break;
		}
		for (; *pos < end && hex(**pos) >= 0; ++*pos) {
			if (++digits > 4)
				return "more than four digits in a group" IPV6_WANTED;
			value = value << 4 | hex(**pos);
		}
		if (!digits)
			return "not an IPv6 address" IPV6_WANTED;
		bytes[filled++] = value >> 8;
		bytes[filled++] = value;
		if (*pos == end || **pos != ':')
			break;
		++*pos;
		if (*pos < end && **pos == ':') {
			if (gap >= 0)
				return "a second :: in an IPv6 address" IPV6_WANTED;
			gap = filled;
			++*pos;
		} else if (*pos == end || **pos == '/') {
			return "an IPv6 address that ends with :" IPV6_WANTED;
		}
	}
	if (gap >= 0 && filled < 16) {
		memmove(bytes + 16 - (filled - gap), bytes + gap, filled - gap);
		memset(bytes + gap, 0, 16 - filled);
	} else if (filled < 16) {
		return "fewer than eight groups in an IPv6 address" IPV6_WANTED;
	} else if (gap >= 0) {
		return ":: in an IPv6 address of eight groups" IPV6_WANTED;
	}
	return NULL;
}

/* Clears what stands behind the first `length` bits. */
static bool mask(__u8 *bytes, int size, int length)
{
	bool host_bits = false;

	for (int i = length / 8; i < size; i++) {
		__u8 keep = i == length / 8 ? (__u8)(0xff00 >> length % 8) : 0;

		host_bits |= bytes[i] & ~keep;
		bytes[i] &= keep;
	}
	return host_bits;
}

const char *prefix__parse(struct slice text, struct prefix *p, size_t *at, bool *host_bits)
{
	const char *pos = text.at, *end = text.at + text.length, *wrong;
	bool six = memchr(text.at, ':', text.length);
	int most = six ? 128 : 32, length = most;
	__u8 *bytes;

	memset(p, 0, sizeof(*p));
	bytes = (__u8 *)p->addr;
	p->family = six ? AF_INET6 : AF_INET;
	wrong = six ? parse_ipv6(&pos, end, bytes) : parse_ipv4(&pos, end, bytes);
	if (!wrong && pos < end && *pos == '/') {
		pos++;
		length = number(&pos, end, most);
		if (length < 0)
			wrong = six ? "not the length of an IPv6 prefix; expected /0 to /128" :
				      "not the length of an IPv4 prefix; expected /0 to /32";
	}
	if (!wrong && pos < end)
		wrong = *pos == '%' ? "a zone behind an address; expected the address alone" :
			six	    ? "not an IPv6 address" IPV6_WANTED :
				      "not an IPv4 address" IPV4_WANTED;
	*at = pos - text.at;
	if (wrong)
		return wrong;
	p->length = length;
	*host_bits = mask(bytes, most / 8, length);
	return NULL;
}

void prefix__print(const struct prefix *p, char text[PREFIX_TEXT])
{
	int most = p->family == AF_INET6 ? 128 : 32;

	inet_ntop(p->family, p->addr, text, PREFIX_TEXT);
	if (p->length < most)
		sprintf(text + strlen(text), "/%u", p->length);
}

bool prefix__contains(const struct prefix *outer, const struct prefix *inner)
{
	const __u8 *a = (const __u8 *)outer->addr, *b = (const __u8 *)inner->addr;
	int whole = outer->length / 8, bits = outer->length % 8;

	return outer->family == inner->family && outer->length <= inner->length &&
	       !memcmp(a, b, whole) && (!bits || !((a[whole] ^ b[whole]) >> (8 - bits)));
}

int prefix__compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	return x->family != y->family ? x->family - y->family :
	       memcmp(x->addr, y->addr, sizeof(x->addr)) ?: x->length - y->length;
}

bool prefix__mapped(const struct prefix *p)
{
	return p->family == AF_INET6 && p->length >= 96 && !p->addr[0] && !p->addr[1] &&
	       p->addr[2] == htonl(0xffff);
}

int prefixes__add(struct prefixes *list, const struct prefix *p)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 4;
		struct prefix *more = reallocarray(list->list, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->list = more;
		list->room = room;
	}
	list->list[list->count++] = *p;
	return 0;
}

void prefixes__free(struct prefixes *list)
{
	free(list->list);
	memset(list, 0, sizeof(*list));
}

static __u64 hash(const struct prefix *p)
{
	__u64 h = p->length * 0x9e3779b97f4a7c15 + p->family;

	for (int i = 0; i < 4; i++) {
		h = (h ^ p->addr[i]) * 0xbf58476d1ce4e5b9;
		h ^= h >> 29;
	}
	return h;
}

ssize_t prefixes__duplicates(const struct prefixes *list, size_t *first)
{
	ssize_t duplicates = 0;
	size_t size = 16, i, at;
	__u32 *seen;		/* 1 + index in the list, where its hash says */

	while (size < list->count * 2)
		size *= 2;
	seen = calloc(size, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	for (i = 0; i < list->count; i++) {
		for (at = hash(&list->list[i]) & (size - 1); seen[at]; at = (at + 1) & (size - 1))
			if (!prefix__compare(&list->list[seen[at] - 1], &list->list[i]))
				break;
		if (!seen[at])
			seen[at] = i + 1;
		else if (!duplicates++)
			*first = i;
	}
	free(seen);
	return duplicates;
}
