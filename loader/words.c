// SPDX-License-Identifier: GPL-2.0-only
#include "words.h"

#include <string.h>

#define WORD_MAX	64		/* no name is longer, so none longer is near one */

#define ROW(id, num, name)		{ name, num, 0 },
#define ROW_REJECT(id, name, t, c, t6, c6) { name, EG_REJECT_##id, 0 },

static const struct word protocols[] = { EG_PROTOCOLS(ROW) };
static const struct word types4[] = { EG_ICMP_TYPES(ROW) };
static const struct word types6[] = { EG_ICMP6_TYPES(ROW) };
static const struct word rejects[] = { EG_REJECTS(ROW_REJECT) };

/* IANA's icmp-parameters, shortened to what people say. */
static const struct word codes4[] = {
	{ "net-unreachable", 0, 3 },
	{ "host-unreachable", 1, 3 },
	{ "protocol-unreachable", 2, 3 },
	{ "port-unreachable", 3, 3 },
	{ "fragmentation-needed", 4, 3 },
	{ "source-route-failed", 5, 3 },
	{ "net-unknown", 6, 3 },
	{ "host-unknown", 7, 3 },
	{ "source-host-isolated", 8, 3 },
	{ "net-prohibited", 9, 3 },
	{ "host-prohibited", 10, 3 },
	{ "net-tos", 11, 3 },
	{ "host-tos", 12, 3 },
	{ "admin-prohibited", 13, 3 },
	{ "communication-prohibited", 13, 3 },
	{ "host-precedence-violation", 14, 3 },
	{ "precedence-cutoff", 15, 3 },
	{ "redirect-net", 0, 5 },
	{ "redirect-host", 1, 5 },
	{ "redirect-tos-net", 2, 5 },
	{ "redirect-tos-host", 3, 5 },
	{ "normal-router", 0, 9 },
	{ "not-common-traffic", 16, 9 },
	{ "ttl-exceeded", 0, 11 },
	{ "reassembly-exceeded", 1, 11 },
	{ "bad-pointer", 0, 12 },
	{ "missing-option", 1, 12 },
	{ "bad-length", 2, 12 },
	{ "bad-spi", 0, 40 },
	{ "authentication-failed", 1, 40 },
	{ "decompression-failed", 2, 40 },
	{ "decryption-failed", 3, 40 },
	{ "need-authentication", 4, 40 },
	{ "need-authorization", 5, 40 },
	{ "no-error", 0, 43 },
	{ "malformed-query", 1, 43 },
	{ "no-such-interface", 2, 43 },
	{ "no-such-table-entry", 3, 43 },
	{ "multiple-interfaces", 4, 43 },
};

/* IANA's icmpv6-parameters, the same way. */
static const struct word codes6[] = {
	{ "no-route", 0, 1 },
	{ "net-unreachable", 0, 1 },
	{ "admin-prohibited", 1, 1 },
	{ "beyond-scope", 2, 1 },
	{ "address-unreachable", 3, 1 },
	{ "host-unreachable", 3, 1 },
	{ "port-unreachable", 4, 1 },
	{ "failed-policy", 5, 1 },
	{ "reject-route", 6, 1 },
	{ "source-routing-error", 7, 1 },
	{ "headers-too-long", 8, 1 },
	{ "hop-limit-exceeded", 0, 3 },
	{ "reassembly-exceeded", 1, 3 },
	{ "bad-header", 0, 4 },
	{ "unknown-next-header", 1, 4 },
	{ "protocol-unreachable", 1, 4 },
	{ "unknown-option", 2, 4 },
	{ "incomplete-header-chain", 3, 4 },
	{ "sr-upper-layer", 4, 4 },
	{ "unknown-next-header-on-path", 5, 4 },
	{ "extension-header-too-big", 6, 4 },
	{ "extension-chain-too-long", 7, 4 },
	{ "too-many-extension-headers", 8, 4 },
	{ "too-many-options", 9, 4 },
	{ "option-too-big", 10, 4 },
	{ "renumbering-command", 0, 138 },
	{ "renumbering-result", 1, 138 },
	{ "sequence-number-reset", 255, 138 },
	{ "about-ipv6-address", 0, 139 },
	{ "about-name", 1, 139 },
	{ "about-ipv4-address", 2, 139 },
	{ "successful-reply", 0, 140 },
	{ "refused", 1, 140 },
	{ "unknown-query", 2, 140 },
	{ "no-error", 0, 161 },
	{ "malformed-query", 1, 161 },
	{ "no-such-interface", 2, 161 },
	{ "no-such-table-entry", 3, 161 },
	{ "multiple-interfaces", 4, 161 },
};

/* RFC 2474, 2597, 3246, 5865, 8622. */
static const struct word dscps[] = {
	{ "cs0", 0, 0 },   { "cs1", 8, 0 },   { "cs2", 16, 0 },	 { "cs3", 24, 0 },
	{ "cs4", 32, 0 },  { "cs5", 40, 0 },  { "cs6", 48, 0 },	 { "cs7", 56, 0 },
	{ "af11", 10, 0 }, { "af12", 12, 0 }, { "af13", 14, 0 }, { "af21", 18, 0 },
	{ "af22", 20, 0 }, { "af23", 22, 0 }, { "af31", 26, 0 }, { "af32", 28, 0 },
	{ "af33", 30, 0 }, { "af41", 34, 0 }, { "af42", 36, 0 }, { "af43", 38, 0 },
	{ "ef", 46, 0 },   { "le", 1, 0 },    { "va", 44, 0 },
};

static const struct word flags[] = {
	{ "none", 0, 0 }, { "fin", 1, 0 },  { "syn", 2, 0 },  { "rst", 4, 0 },	 { "psh", 8, 0 },
	{ "ack", 16, 0 }, { "urg", 32, 0 }, { "ece", 64, 0 }, { "cwr", 128, 0 },
};

static const struct word units[] = { { "s", 1, 0 }, { "m", 60, 0 }, { "h", 3600, 0 } };

#define WORDS(a)	{ a, ARRAY_SIZE(a) }

const struct words protocol_words = WORDS(protocols);
const struct words reject_words = WORDS(rejects);
const struct words dscp_words = WORDS(dscps);
const struct words flag_words = WORDS(flags);
const struct words unit_words = WORDS(units);
const struct words type_words[] = { WORDS(types4), WORDS(types6) };
const struct words code_words[] = { WORDS(codes4), WORDS(codes6) };

bool slice__is(struct slice s, const char *name)
{
	return s.length == strlen(name) && !memcmp(s.at, name, s.length);
}

char *slice__unquote(struct slice s)
{
	char *text = strndup(s.at, s.length), *to = text;

	for (const char *c = text; c && *c; c++) {
		if (*c == '\\') {
			c++;
			*to++ = *c == 'n' ? '\n' : *c;
		} else {
			*to++ = *c;
		}
	}
	if (to)
		*to = 0;
	return text;
}

const struct word *words__find(const struct words *w, struct slice name)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].number >= 0 && slice__is(name, w->list[i].name))
			return &w->list[i];
	return NULL;
}

const struct word *words__name(const struct words *w, __u32 number)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].number >= 0 && (__u32)w->list[i].number == number)
			return &w->list[i];
	return NULL;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Letters put in, left out, changed, or two neighbours exchanged. */
unsigned int words__distance(struct slice a, const char *b, unsigned int most)
{
	unsigned int rows[3][WORD_MAX + 1], *old = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t length = strlen(b);

	if (a.length > WORD_MAX || length > WORD_MAX || a.length > length + most ||
	    length > a.length + most)
		return most + 1;
	for (size_t j = 0; j <= length; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.length; i++) {
		now[0] = i;
		for (size_t j = 1; j <= length; j++) {
			bool same = a.at[i - 1] == b[j - 1];

			now[j] = least(last[j - 1] + !same, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a.at[i - 1] == b[j - 2] && a.at[i - 2] == b[j - 1])
				now[j] = least(now[j], old[j - 2] + 1);
		}
		spare = old;
		old = last;
		last = now;
		now = spare;
	}
	return last[length];
}

unsigned int words__tolerance(size_t length)
{
	return length < 2 ? 0 : length < 5 ? 1 : 2;
}

const char *words__nearest(const struct words *w, struct slice name)
{
	unsigned int best = words__tolerance(name.length) + 1, d;
	const char *nearest = NULL;

	for (size_t i = 0; i < w->count && best; i++) {
		if (w->list[i].number < 0)
			continue;
		d = words__distance(name, w->list[i].name, best - 1);
		if (d < best) {
			best = d;
			nearest = w->list[i].name;
		}
	}
	return nearest;
}
