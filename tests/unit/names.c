// SPDX-License-Identifier: GPL-2.0-only
/* The tables of words: unique, printable, and under the numbers that IANA gave them. */
#include "vectors/cmocka.h"

#include <ctype.h>
#include <string.h>
#include <echogate/parse.h>

struct row {
	const char *name;
	int number;
};

#define ROW_TEXT(id, name, text)  { name, sizeof(text) > 1 },
#define ROW_REASON(id, name, verdict, text) { name, sizeof(text) > 1 },
#define ROW_NUMBER(id, num, name) { name, num },

static const struct row verdicts[] = { EG_VERDICTS(ROW_TEXT) };
static const struct row reasons[] = { EG_REASONS(ROW_REASON) };
static const struct row protocols[] = { EG_PROTOCOLS(ROW_NUMBER) };
static const struct row icmp[] = { EG_ICMP_TYPES(ROW_NUMBER) };
static const struct row icmp6[] = { EG_ICMP6_TYPES(ROW_NUMBER) };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void good_names(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = rows[i].name;

		assert_true(name[0] && isalnum(name[0]) && isalnum(name[strlen(name) - 1]));
		for (const char *p = name; *p; p++)
			if (!islower(*p) && !isdigit(*p) && *p != '-')
				fail_msg("%s: '%c'", name, *p);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(name, rows[j].name))
				fail_msg("%s stands twice", name);
	}
}

static void test_words(void **state)
{
	(void)state;
	good_names(verdicts, COUNT(verdicts));
	good_names(reasons, COUNT(reasons));
	good_names(protocols, COUNT(protocols));
	good_names(icmp, COUNT(icmp));
	good_names(icmp6, COUNT(icmp6));
	for (size_t i = 0; i < COUNT(verdicts); i++)
		assert_true(verdicts[i].number); /* each is explained */
	for (size_t i = 0; i < COUNT(reasons); i++)
		assert_true(reasons[i].number);
	assert_int_equal(COUNT(verdicts), EG_VERDICT_COUNT);
	assert_int_equal(COUNT(reasons), EG_REASON_COUNT);
	assert_string_equal(reasons[0].name, "none");
}

static void slots_match(const char *what, const struct row *rows, size_t count, const __u8 *slot)
{
	bool named[256] = { false };

	for (size_t i = 0; i < count; i++) {
		if (rows[i].number < 0)
			continue;
		assert_in_range(rows[i].number, 0, 255);
		if (named[rows[i].number])
			fail_msg("%s %d stands twice", what, rows[i].number);
		named[rows[i].number] = true;
		assert_int_equal(slot[rows[i].number], i);
	}
	for (int n = 0; n < 256; n++)
		if (!named[n] && slot[n])
			fail_msg("%s %d has the slot of %s", what, n, rows[slot[n]].name);
	assert_string_equal(rows[0].name, "other");
}

static void test_slots(void **state)
{
	(void)state;
	slots_match("protocol", protocols, COUNT(protocols), eg_protocol_slot);
	slots_match("ICMP type", icmp, COUNT(icmp), eg_icmp_slot);
	slots_match("ICMPv6 type", icmp6, COUNT(icmp6), eg_icmp6_slot);
}

static void numbers_match(const struct row *rows, size_t count, const struct row *iana, size_t n,
			  const __u8 *slot)
{
	for (size_t i = 0; i < n; i++) {
		assert_true(slot[iana[i].number] < count);
		assert_string_equal(rows[slot[iana[i].number]].name, iana[i].name);
	}
}

/* Written down again from IANA's registries, so that a slip in one place shows. */
static void test_iana(void **state)
{
	static const struct row protocol[] = {
		{ "icmp", 1 },	 { "igmp", 2 },	  { "ipip", 4 },      { "tcp", 6 },
		{ "udp", 17 },	 { "dccp", 33 },  { "ipv6", 41 },     { "gre", 47 },
		{ "esp", 50 },	 { "ah", 51 },	  { "icmp6", 58 },    { "ipv6-nonxt", 59 },
		{ "eigrp", 88 }, { "ospf", 89 },  { "pim", 103 },     { "vrrp", 112 },
		{ "l2tp", 115 }, { "sctp", 132 }, { "udplite", 136 },
	};
	static const struct row types[] = {
		{ "echo-reply", 0 },
		{ "destination-unreachable", 3 },
		{ "source-quench", 4 },
		{ "redirect", 5 },
		{ "echo-request", 8 },
		{ "router-advertisement", 9 },
		{ "router-solicitation", 10 },
		{ "time-exceeded", 11 },
		{ "parameter-problem", 12 },
		{ "timestamp-request", 13 },
		{ "timestamp-reply", 14 },
		{ "information-request", 15 },
		{ "information-reply", 16 },
		{ "address-mask-request", 17 },
		{ "address-mask-reply", 18 },
		{ "traceroute", 30 },
		{ "photuris", 40 },
		{ "extended-echo-request", 42 },
		{ "extended-echo-reply", 43 },
	};
	static const struct row types6[] = {
		{ "destination-unreachable", 1 },
		{ "packet-too-big", 2 },
		{ "time-exceeded", 3 },
		{ "parameter-problem", 4 },
		{ "echo-request", 128 },
		{ "echo-reply", 129 },
		{ "multicast-listener-query", 130 },
		{ "multicast-listener-report", 131 },
		{ "multicast-listener-done", 132 },
		{ "router-solicitation", 133 },
		{ "router-advertisement", 134 },
		{ "neighbor-solicitation", 135 },
		{ "neighbor-advertisement", 136 },
		{ "redirect", 137 },
		{ "multicast-listener-report-v2", 143 },
		{ "mpl-control", 159 },
		{ "extended-echo-request", 160 },
		{ "extended-echo-reply", 161 },
	};

	(void)state;
	numbers_match(protocols, COUNT(protocols), protocol, COUNT(protocol), eg_protocol_slot);
	numbers_match(icmp, COUNT(icmp), types, COUNT(types), eg_icmp_slot);
	numbers_match(icmp6, COUNT(icmp6), types6, COUNT(types6), eg_icmp6_slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_iana),
	};

	return TAP_RUN("names", tests);
}
