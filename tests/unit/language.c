// SPDX-License-Identifier: GPL-2.0-only
/* The language of rules: what texts mean, what is said about wrong ones, and the way back to text. */
#include "vectors/cmocka.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "check.h"
#include "unit/roundtrip.h"

static char *said;		/* by the last call of the loader */
static size_t said_size;

/* What the loader prints between the two is in `said`. */
static FILE *hear(void)
{
	FILE *real = stderr;

	free(said);
	said = NULL;
	stderr = open_memstream(&said, &said_size);
	assert_non_null(stderr);
	return real;
}

static void stop_hearing(FILE *real)
{
	fclose(stderr);
	stderr = real;
}

static enum status parse(const char *text, struct config **c)
{
	FILE *real = hear();
	enum status st = config__parse("test.conf", text, strlen(text), c);

	stop_hearing(real);
	return st;
}

static enum status select_quietly(const struct config *c, const char *ifname, struct rules *r)
{
	FILE *real = hear();
	enum status st = config__select(c, ifname, r);

	stop_hearing(real);
	return st;
}

static void check_round_trip(const char *text, const char *ifname)
{
	const char *difference;
	struct config *c;
	char *printed;
	FILE *real;

	if (parse(text, &c))
		fail_msg("\"%s\" is refused: %s", text, said);
	real = hear();
	difference = round_trip(c, ifname, &printed);
	stop_hearing(real);
	if (difference)
		fail_msg("\"%s\" comes back as \"%s\": %s", text, printed, difference);
	free(printed);
	config__free(c);
}

/* Rules and what is printed of them; NULL: the same. */
static const struct {
	const char *text, *printed;
} rules[] = {
	{ "pass", NULL },
	{ "drop", NULL },
	{ "count", NULL },
	{ "drop even-protected", NULL },
	{ "drop ip", NULL },
	{ "drop not ip6", NULL },
	{ "drop arp", NULL },
	{ "drop not non-ip", NULL },
	{ "drop tcp", NULL },
	{ "drop protocol tcp", "drop tcp" },
	{ "drop protocol 6", "drop tcp" },
	{ "drop protocol 1", NULL },
	{ "drop protocol 58", NULL },
	{ "drop protocol icmp6", "drop icmp6" },
	{ "drop protocol 250-255", NULL },
	{ "drop ipv6", "drop protocol ipv6" },
	{ "drop not protocol { tcp, udp, arp, 99, 200-210 }", NULL },
	{ "drop protocol {6,17,}", "drop protocol { tcp, udp }" },
	{ "drop sctp port 1 source-port 2", "drop sctp source-port 2 port 1" },
	{ "drop protocol { tcp, udp, dccp, udplite, sctp } port { 0, 80-90, 65535 }",
	  "drop protocol { tcp, udp, dccp, udplite, sctp } port { 0, 80-90, 65535 }" },
	{ "drop not port 22 tcp", "drop tcp not port 22" },
	{ "drop icmp type 8", "drop icmp type echo-request" },
	{ "drop type 8 icmp", "drop icmp type echo-request" },
	{ "drop icmp6 type 8", NULL },
	{ "drop icmp6 type echo-request", NULL },
	{ "drop icmp type { source-quench, 200-255, address-mask-reply }", NULL },
	{ "drop icmp not type redirect", NULL },
	{ "drop icmp type destination-unreachable code 3",
	  "drop icmp type destination-unreachable code port-unreachable" },
	{ "drop icmp6 type 1 code { 4, 255, net-unreachable }",
	  "drop icmp6 type destination-unreachable code { port-unreachable, 255, no-route }" },
	{ "drop icmp type { redirect, destination-unreachable } code port-unreachable",
	  "drop icmp type { redirect, destination-unreachable } code 3" },
	{ "drop icmp code 0-255", NULL },
	{ "drop tcp flags syn", NULL },
	{ "drop tcp flags ack+syn", "drop tcp flags syn+ack" },
	{ "drop tcp flags syn/syn", "drop tcp flags syn" },
	{ "drop tcp flags syn/ack+syn", "drop tcp flags syn/syn+ack" },
	{ "drop tcp not flags { none, none/fin, cwr+ece+urg+ack+psh+rst+syn+fin }",
	  "drop tcp not flags { none, none/fin, fin+syn+rst+psh+ack+urg+ece+cwr }" },
	{ "drop fragment", NULL },
	{ "drop not fragment first", NULL },
	{ "drop fragment later not options", NULL },
	{ "drop options", NULL },
	{ "drop solicited", NULL },
	{ "drop icmp type echo-reply unsolicited", NULL },
	{ "drop not solicited icmp6", "drop icmp6 unsolicited" },
	{ "drop protocol { icmp, icmp6 } not unsolicited", "drop protocol { icmp, icmp6 } solicited" },
	{ "drop options solicited ttl 1", NULL },
	{ "drop ttl 0-5", NULL },
	{ "drop not ttl { 255 }", "drop not ttl 255" },
	{ "drop dscp { 46, cs7, 1, 44, 63, 10-12, cs0 }",
	  "drop dscp { ef, cs7, le, va, 63, 10-12, cs0 }" },
	{ "drop length 1000-65535", NULL },
	{ "drop vlan none", NULL },
	{ "drop vlan any", NULL },
	{ "drop vlan { 7, none, 9-4095 }", "drop vlan { none, 7, 9-4095 }" },
	{ "drop not vlan 10", NULL },
	{ "drop from local", NULL },
	{ "drop not to local from 192.0.2.1/32", "drop from 192.0.2.1 not to local" },
	{ "drop from { fd00::/8, 0.0.0.0/0, ::/0, 2001:DB8::0:1 }",
	  "drop from { fd00::/8, 0.0.0.0/0, ::/0, 2001:db8::1 }" },
	{ "drop to 64:ff9b::192.0.2.33", "drop to 64:ff9b::c000:221" },
	{ "drop to ::192.0.2.33/128", "drop to ::192.0.2.33" },
	{ "drop from 10.1.2.3/8", "drop from 10.0.0.0/8" },
	{ "drop from 2001:db8::1/33", "drop from 2001:db8::/33" },
	{ "drop to 1:2:3:4:5:6:7::", "drop to 1:2:3:4:5:6:7:0" },
	{ "protect tcp port 22", NULL },
	{ "reject", "reject with port-unreachable" },
	{ "reject even-protected tcp with tcp-reset", NULL },
	{ "reject udp with net-unreachable limit 5/s", "reject udp with net-unreachable limit 5/s burst 5" },
	{ "reject with host-unreachable", NULL },
	{ "reject with protocol-unreachable", NULL },
	{ "reject with admin-prohibited", NULL },
	{ "answer icmp type echo-request", NULL },
	{ "answer icmp type { echo-request, timestamp-request } to local", NULL },
	{ "answer icmp6 type 128 to fd00::1", "answer icmp6 type echo-request to fd00::1" },
	{ "drop limit 1000/s", "drop limit 1000/s burst 100" },
	{ "drop limit 100000000/s burst 100000000", NULL },
	{ "drop limit 30/m", "drop limit 30/m burst 5" },
	{ "drop limit 3/h", "drop limit 3/h burst 3" },
	{ "drop limit 7/h burst 7", NULL },
	{ "drop per-source 50/s burst 10 limit 60/m", "drop limit 60/m burst 5, per-source 50/s burst 10" },
	{ "drop per-source/24 50/s", "drop per-source/24 50/s burst 5" },
	{ "drop per-source/32/64 50/s", "drop per-source 50/s burst 5" },
	{ "drop per-source / 24 / 48 50 / s", "drop per-source/24/48 50/s burst 5" },
	{ "drop ip6 per-source/48 50/s", "drop ip6 per-source/48 50/s burst 5" },
	{ "drop icmp6 per-source/24/48 50/s", "drop icmp6 per-source/24/48 50/s burst 5" },
	{ "drop icmp6 per-source/24/64 50/s", "drop icmp6 per-source/24/64 50/s burst 5" },
	{ "drop per-source 1000000/s burst 1", NULL },
	{ "drop per-source 60000000/m burst 1", NULL },
	{ "drop sample 1/1, limit 1/s count", "drop limit 1/s burst 5, sample 1/1" },
	{ "drop sample 1/4294967295", NULL },
	{ "answer icmp type echo-request above 1000/s", "answer icmp type echo-request above 1000/s burst 100" },
	{ "answer icmp type echo-request to local while unit nginx, above 3/h limit 5/s burst 1",
	  "answer icmp type echo-request to local limit 5/s burst 1, above 3/h burst 3, "
	  "while unit nginx.service" },
	{ "answer icmp type 8 to 192.0.2.1 while unit my-app@1.socket",
	  "answer icmp type echo-request to 192.0.2.1 while unit my-app@1.socket" },
	{ "answer icmp type echo-request to local while unit \"dev-a\\\\x2db.mount\"", NULL },
	{ "answer icmp type echo-request to local while file /run/x", NULL },
	{ "answer icmp type echo-request to local while file \"/run/x y,\"", NULL },
	{ "answer icmp type echo-request to local while file \"/a while \\\"b\"", NULL },
	{ "answer icmp type echo-request to local while file \"/run/x\"",
	  "answer icmp type echo-request to local while file /run/x" },
	{ "answer icmp type echo-request to local while tcp 192.0.2.1:080",
	  "answer icmp type echo-request to local while tcp 192.0.2.1:80" },
	{ "answer icmp6 type echo-request to fd00::1 while tcp [fd00::0:1]:65535",
	  "answer icmp6 type echo-request to fd00::1 while tcp [fd00::1]:65535" },
	{ "drop from \\\n 10.0.0.0/8 # text ; }", "drop from 10.0.0.0/8" },
	{ "drop tcp port {\n 1, # one\n\n\t2\n}", "drop tcp port { 1, 2 }" },
	{ ";;\n \t;drop;", "drop" },
	{ "drop arp\r\n", "drop arp" },
};

/* Who only has a rule's text finds the same check in it. */
static void reads_again(const struct rule *r)
{
	const char *at = strstr(r->text, CHECK_MARK);
	struct check again;

	assert_int_equal(!!at, r->check.kind != CHECK_NONE);
	if (!at)
		return;
	assert_int_equal(check__parse(&again, at + strlen(CHECK_MARK)), 0);
	assert_int_equal(again.kind, r->check.kind);
	assert_string_equal(again.name, r->check.name);
	assert_true(again.id == r->check.id);
	free(again.name);
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const char *printed = rules[i].printed ?: rules[i].text;
		struct config *c;
		struct rules r;

		if (parse(rules[i].text, &c))
			fail_msg("\"%s\" is refused: %s", rules[i].text, said);
		assert_int_equal(select_quietly(c, "eth0", &r), DONE);
		assert_int_equal(r.count[EG_INGRESS], 1);
		assert_string_equal(r.list[EG_INGRESS][0]->text, printed);
		assert_int_not_equal(r.list[EG_INGRESS][0]->id, 0);
		reads_again(r.list[EG_INGRESS][0]);
		rules__free(&r);
		config__free(c);
		check_round_trip(rules[i].text, NULL);
		check_round_trip(rules[i].text, "eth0");
	}
}

static const char *one_of(uint64_t *seed, const char *const *list, size_t count)
{
	return list[rnd(seed) % count];
}

#define ONE_OF(list)	one_of(&seed, list, ARRAY_SIZE(list))
#define MAYBE_NOT	(rnd(&seed) % 2 ? "not " : "")

/* Every matcher, negated and not, with every verdict and modifier: all can be said again. */
static void test_combinations(void **state)
{
	static const char *const verdicts[] = { "pass", "drop", "count", "reject", "protect",
						"drop even-protected" };
	static const char *const families[] = { "", "", "ip", "ip6", "not ip", "not ip6" };
	/* What only stands beside its protocol, each field once. */
	static const char *const kinds[][4] = {
		{ "icmp", "type echo-reply", "code 0", "" },
		{ "icmp", "type { 3, 5, 11 }", "code { 1-2, 255 }", "" },
		{ "icmp6", "type packet-too-big", "code 0", "" },
		{ "icmp6", "type { 1-4, redirect }", "code 0-255", "" },
		{ "tcp", "port 22", "source-port 1-9", "flags syn/syn+ack" },
		{ "tcp", "port 0-65535", "source-port { 1, 3 }", "flags { none, fin, none/rst }" },
		{ "udp", "port { 53, 123 }", "source-port 53", "" },
		{ "sctp", "port 5", "", "" },
		{ "protocol { tcp, udp }", "port 53", "source-port { 1, 2-3 }", "" },
	};
	static const char *const others[] = { "", "", "arp", "non-ip", "gre", "protocol 1",
					      "protocol 100-110", "protocol { icmp, arp, 0 }" };
	static const char *const fields[][5] = {
		{ "ttl 1-5", "ttl 255", "ttl { 0, 2 }", "ttl 0-255", "ttl 64" },
		{ "dscp ef", "dscp { cs1, 9 }", "dscp 0-63", "dscp 0", "dscp va" },
		{ "length 20", "length { 5, 20-40 }", "length 0", "length 0-9", "length 65535" },
		{ "fragment", "fragment first", "fragment later", "fragment", "fragment" },
		{ "options", "options", "options", "options", "options" },
		{ "vlan none", "vlan any", "vlan { none, 5 }", "vlan 0-7", "vlan { any, none }" },
		{ "from local", "from 192.0.2.0/24", "from @set", "from { ::1, @other }",
		  "from { 192.0.2.1, @set, fd00::/8, @other }" },
		{ "to local", "to fd00::/8", "to { @other, @set }", "to 0.0.0.0/0", "to @other" },
	};
	static const char *const modifiers[] = {
		"", "limit 5/s", "limit 7/m burst 3", "per-source 50/s", "per-source/24 9/h burst 9",
		"per-source/24/56 3/s, limit 10/s", "sample 1/10", "limit 3/s sample 1/2 count",
	};
	static const char sets[] = "set other { ::1 }; set set { 10.0.0.0/8, fd00::/8 }";
	uint64_t seed = RND_SEED;
	char text[1024];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		const char *const *kind = kinds[rnd(&seed) % ARRAY_SIZE(kinds)];
		const char *verdict = ONE_OF(verdicts), *other = ONE_OF(others);
		int at = sprintf(text, "%s\n%s %s", sets, verdict, ONE_OF(families));

		if (rnd(&seed) % 2) {
			at += sprintf(text + at, " %s%s", *other ? MAYBE_NOT : "", other);
		} else {
			at += sprintf(text + at, " %s", kind[0]);
			for (int j = 1; j < 4; j++)
				if (*kind[j] && rnd(&seed) % 2)
					at += sprintf(text + at, " %s%s", MAYBE_NOT, kind[j]);
		}
		for (size_t j = 0; j < ARRAY_SIZE(fields); j++)
			if (rnd(&seed) % 4 == 0)
				at += sprintf(text + at, " %s%s", MAYBE_NOT, ONE_OF(fields[j]));
		if (strcmp(verdict, "protect"))
			sprintf(text + at, " %s", ONE_OF(modifiers));
		check_round_trip(text, rnd(&seed) % 2 ? "eth0" : NULL);
	}
}

/* Files, and what holds of them for an interface. */
static const struct {
	const char *text, *ifname, *printed;
} files[] = {
	{ "", NULL, "reply-path fib\ndefault answer\n" },
	{ "", "eth0", "interface eth0 {\n\treply-path fib\n\tdefault answer\n}\n" },
	{ "recorder on", NULL, "reply-path fib\ndefault answer\n" },
	{ "recorder off\ninterface eth0 { recorder on }\ninterface eth1 { drop udp }", "eth1",
	  "interface eth1 {\n\treply-path fib\n\trecorder off\n\tdefault answer\n\tdrop udp\n}\n" },
	{ "recorder off\ninterface eth0 { recorder on }", "eth0",
	  "interface eth0 {\n\treply-path fib\n\tdefault answer\n}\n" },
	{ "drop udp; protect tcp port 22\ndefault drop\nreply-path swap", NULL,
	  "reply-path swap\ndefault drop\nprotect tcp port 22\ndrop udp\n" },
	{ "set a { ::1 }\nset b { ::2, }\nset c { }\ndrop from { @c, @b, @b }\n", NULL,
	  "reply-path fib\nset b {\n\t::2\n}\nset c { }\ndefault answer\ndrop from { @c, @b }\n" },
	{ "drop from @a; set a { 192.0.2.1, 192.0.2.2 }", NULL,
	  "reply-path fib\nset a {\n\t192.0.2.1,\n\t192.0.2.2\n}\ndefault answer\ndrop from @a\n" },
	{ "set a file \"/tmp/a \\\"b\\\\\"\ndrop from @a", NULL,
	  "reply-path fib\nset a file \"/tmp/a \\\"b\\\\\"\ndefault answer\ndrop from @a\n" },
	{ "egress { drop udp; protect arp }", NULL,
	  "reply-path fib\ndefault answer\negress {\n\tdefault pass\n\tprotect arp\n\tdrop "
	  "udp\n}\n" },
	{ "egress {\n default drop\n}\n", NULL,
	  "reply-path fib\ndefault answer\negress {\n\tdefault drop\n}\n" },
	{ "drop gre\ninterface eth0 { drop udp }\ndrop esp\n", NULL,
	  "reply-path fib\ndefault answer\ndrop gre\ndrop esp\n" },
	{ "drop gre\ninterface eth1, eth0 { drop udp }\ndrop esp\n", "eth0",
	  "interface eth0 {\n\treply-path fib\n\tdefault answer\n\tdrop gre\n\tdrop udp\n"
	  "\tdrop esp\n}\n" },
	{ "default pass\ninterface \"e;0\", vpn@if3, eth0.7 { }", "eth0.7",
	  "interface eth0.7 {\n\treply-path fib\n\tdefault pass\n}\n" },
	{ "default pass\ninterface 6in4 {\ndefault drop;reply-path swap; set s { ::1 }; drop from "
	  "@s\n"
	  "egress { default drop; pass from @s }\n}\n",
	  "6in4",
	  "interface 6in4 {\n\treply-path swap\n\tset s {\n\t\t::1\n\t}\n\tdefault drop\n"
	  "\tdrop from @s\n\tegress {\n\t\tdefault drop\n\t\tpass from @s\n\t}\n}\n" },
	{ "interface drop, set { drop udp }\ninterface set { drop tcp }", "set",
	  "interface set {\n\treply-path fib\n\tdefault answer\n\tdrop udp\n\tdrop tcp\n}\n" },
	{ "measure rtt\nobserve from 192.0.2.1", NULL,
	  "reply-path fib\nmeasure rtt\nobserve from 192.0.2.1\ndefault answer\n" },
	{ "observe from { @b, ::/0, }; measure rtt of @a; set a { ::1 } ; set b { ::2 }", NULL,
	  "reply-path fib\nset a {\n\t::1\n}\nset b {\n\t::2\n}\nmeasure rtt of @a\n"
	  "observe from { ::/0, @b }\ndefault answer\n" },
	{ "measure rtt of { 192.0.2.0/24, ::1 }\nobserve from ::1\ninterface a { measure rtt }", "a",
	  "interface a {\n\treply-path fib\n\tmeasure rtt\n\tobserve from ::1\n\tdefault answer\n}\n" },
	{ "interface a { set s { ::1 }; observe from @s }\nset t { ::2 }\nobserve from @t", "a",
	  "interface a {\n\treply-path fib\n\tset s {\n\t\t::1\n\t}\n\tobserve from @s\n"
	  "\tdefault answer\n}\n" },
	{ "interface a { set s { ::1 } drop from @s }\ninterface b { set s { ::2 }; drop from @s }",
	  "b", NULL },
	{ "interface a { set s { ::1 }; drop from @s }\ninterface b { set s { ::2 }; drop from @s "
	  "}",
	  "b",
	  "interface b {\n\treply-path fib\n\tset s {\n\t\t::2\n\t}\n\tdefault answer\n"
	  "\tdrop from @s\n}\n" },
	{ "\xef\xbb\xbf"
	  "drop udp\r\n",
	  NULL, "reply-path fib\ndefault answer\ndrop udp\n" },
	{ "drop from { @martians, @a }\nset a { ::1 }", NULL,
	  "reply-path fib\nset a {\n\t::1\n}\nset martians {\n\t0.0.0.0/8,\n\t127.0.0.0/8,\n"
	  "\t192.0.2.0/24,\n\t198.51.100.0/24,\n\t203.0.113.0/24,\n\t224.0.0.0/4,\n"
	  "\t240.0.0.0/4,\n\t::/80,\n\t2001:db8::/32,\n\t3fff::/20,\n\tfec0::/10,\n"
	  "\tff00::/8\n}\ndefault answer\ndrop from { @martians, @a }\n" },
	{ "drop from @martians\nset martians { ::1 }", NULL,
	  "reply-path fib\nset martians {\n\t::1\n}\ndefault answer\ndrop from @martians\n" },
	{ "interface a { set martians { ::1 }; drop from @martians }", "a",
	  "interface a {\n\treply-path fib\n\tset martians {\n\t\t::1\n\t}\n\tdefault answer\n"
	  "\tdrop from @martians\n}\n" },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct config *c;
		struct rules r;
		char *text;

		if (!files[i].printed) {
			assert_int_equal(parse(files[i].text, &c), USAGE);
			continue;
		}
		if (parse(files[i].text, &c))
			fail_msg("\"%s\" is refused: %s", files[i].text, said);
		assert_int_equal(select_quietly(c, files[i].ifname, &r), DONE);
		text = rules__print(&r, files[i].ifname);
		assert_string_equal(text, files[i].printed);
		assert_true(r.given);
		free(text);
		rules__free(&r);
		config__free(c);
		check_round_trip(files[i].text, files[i].ifname);
	}
}

/* Without a file: what `attach` alone means. */
static void test_no_file(void **state)
{
	struct rules r;

	(void)state;
	assert_int_equal(config__select(NULL, "eth0", &r), DONE);
	assert_false(r.given);
	assert_false(r.swap);
	assert_int_equal(r.fallback[EG_INGRESS], EG_DEFAULT_ANSWER);
	assert_int_equal(r.fallback[EG_EGRESS], EG_DEFAULT_PASS);
	assert_int_equal(r.count[EG_INGRESS] + r.count[EG_EGRESS] + r.set_count, 0);
	rules__free(&r);
	assert_string_equal(config__path(NULL), "");
}

/* What is behind a few texts that could be printed right and stored wrong. */
static void test_meaning(void **state)
{
	const struct rule *rule;
	struct config *c;
	struct rules r;

	(void)state;
	assert_int_equal(parse("reject icmp6 type 1 code 4 not from { 10.1.2.3/9, ::ffff:1.2.3.4 } "
			       "vlan { none, 5 } per-source/48 90/m burst 7, limit 2000/s\n"
			       "drop tcp flags { none, syn, syn/syn+ack } fragment\n"
			       "egress { drop icmp protocol 1 }", &c), USAGE);
	assert_int_equal(parse("reject icmp6 type 1 code 4 not from { 10.129.2.3/9, ::ffff:1.2.3.4 } "
			       "vlan { none, 5 } per-source/48 90/m burst 7, limit 2000/s\n"
			       "drop tcp flags { none, syn, syn/syn+ack } fragment\n"
			       "egress { drop icmp }", &c), DONE);
	assert_int_equal(select_quietly(c, NULL, &r), DONE);
	rule = r.list[EG_INGRESS][0];
	assert_int_equal(rule->verdict, EG_RULE_REJECT);
	assert_int_equal(rule->reject, EG_REJECT_PORT_UNREACHABLE);
	assert_int_equal(rule->kind.list[0].family, 6);
	assert_int_equal(rule->kind.list[0].first, 58);
	assert_int_equal(rule->type.list[0].first, 1);
	assert_int_equal(rule->code.list[0].last, 4);
	assert_true(rule->from.negated);
	assert_int_equal(rule->from.prefixes.count, 2);
	assert_int_equal(rule->from.prefixes.list[0].family, AF_INET);
	assert_int_equal(rule->from.prefixes.list[0].length, 9);
	assert_int_equal(rule->from.prefixes.list[0].addr[0], htonl(0x0a800000));
	assert_int_equal(rule->from.prefixes.list[0].addr[1], 0);
	assert_int_equal(rule->from.prefixes.list[1].family, AF_INET6);
	assert_int_equal(rule->from.prefixes.list[1].length, 128);
	assert_int_equal(rule->from.prefixes.list[1].addr[2], htonl(0xffff));
	assert_int_equal(rule->from.prefixes.list[1].addr[3], htonl(0x01020304));
	assert_true(rule->vlan_none);
	assert_int_equal(rule->vlan.count, 1);
	assert_int_equal(rule->source4, 32);
	assert_int_equal(rule->source6, 48);
	assert_int_equal(rule->per_source.count, 90);
	assert_int_equal(rule->per_source.seconds, 60);
	assert_int_equal(rule->per_source.burst, 7);
	assert_int_equal(rule->limit.count, 2000);
	assert_int_equal(rule->limit.seconds, 1);
	assert_int_equal(rule->limit.burst, 200);
	rule = r.list[EG_INGRESS][1];
	assert_int_equal(rule->place.line, 2);
	assert_int_equal(rule->place.column, 1);
	assert_int_equal(rule->flags.list[0].value, 0);
	assert_int_equal(rule->flags.list[0].mask, 0xff);
	assert_int_equal(rule->flags.list[1].value, 2);
	assert_int_equal(rule->flags.list[1].mask, 2);
	assert_int_equal(rule->flags.list[2].value, 2);
	assert_int_equal(rule->flags.list[2].mask, 0x12);
	assert_int_equal(rule->fragment, FRAGMENT_FIRST | FRAGMENT_LATER);
	assert_int_equal(r.list[EG_EGRESS][0]->kind.list[0].family, 4);
	rules__free(&r);
	config__free(c);
}

/* What a check asks for, how often, and what makes two of them one. */
static void test_checks(void **state)
{
	struct rule **list;
	struct config *c;
	struct rules r;

	(void)state;
	assert_int_equal(parse("answer icmp type 8 to 10.0.0.1 while unit a\n"
			       "answer icmp type 8 to 10.0.0.2 above 60/m while unit a.service\n"
			       "answer icmp type 8 to 10.0.0.3 while file a.service\n"
			       "answer icmp type 8 to 10.0.0.4 while file \"/run/b\"\n"
			       "answer icmp type 8 to 10.0.0.5 while unit 10.0.0.6:80\n"
			       "answer icmp type 8 to 10.0.0.6 while tcp 10.0.0.6:80\n"
			       "interface a { check every 250ms lease 2s }\n"
			       "interface b { check every 20m }\n", &c), DONE);
	assert_int_equal(select_quietly(c, "eth0", &r), DONE);
	assert_int_equal(r.check_every, 1000);
	assert_int_equal(r.check_lease, 5000);
	list = r.list[EG_INGRESS];
	assert_int_equal(list[0]->check.kind, CHECK_UNIT);
	assert_string_equal(list[0]->check.name, "a.service");
	assert_true(list[0]->check.id == list[1]->check.id);
	assert_true(list[0]->check.id != list[2]->check.id);
	assert_int_equal(list[2]->check.kind, CHECK_FILE);
	assert_int_equal(*list[2]->check.name, '/');
	assert_string_equal(strrchr(list[2]->check.name, '/'), "/a.service");
	assert_string_equal(list[3]->check.name, "/run/b");
	assert_string_equal(list[4]->check.name, list[5]->check.name);
	assert_true(list[4]->check.id != list[5]->check.id);
	assert_int_equal(list[1]->above.count, 60);
	assert_int_equal(list[1]->above.seconds, 60);
	assert_int_equal(list[1]->above.burst, 5);
	assert_false(list[1]->limit.present);
	rules__free(&r);
	assert_int_equal(select_quietly(c, "a", &r), DONE);
	assert_int_equal(r.check_every, 250);
	assert_int_equal(r.check_lease, 2000);
	rules__free(&r);
	assert_int_equal(select_quietly(c, "b", &r), DONE);
	assert_int_equal(r.check_every, 1200000);
	assert_int_equal(r.check_lease, 3600000);
	rules__free(&r);
	config__free(c);
}

/* Ids: of the text, the direction, and which of several alike it is. */
static void test_ids(void **state)
{
	__u64 first, second, third, egress, one_more;
	struct config *c;
	struct rules r;

	(void)state;
	assert_int_equal(parse("count udp; count tcp; count udp; egress { count udp }", &c), DONE);
	assert_int_equal(select_quietly(c, NULL, &r), DONE);
	first = r.list[EG_INGRESS][0]->id;
	second = r.list[EG_INGRESS][1]->id;
	third = r.list[EG_INGRESS][2]->id;
	egress = r.list[EG_EGRESS][0]->id;
	assert_true(first != second && first != third && second != third && egress != first);
	rules__free(&r);
	config__free(c);
	/* Elsewhere in another file, with another rule of the same text for another interface. */
	assert_int_equal(parse("interface a { count udp }\n\ninterface b { drop gre; count   udp }", &c),
			 DONE);
	assert_int_equal(select_quietly(c, "b", &r), DONE);
	one_more = r.list[EG_INGRESS][1]->id;
	assert_true(one_more == first);
	rules__free(&r);
	config__free(c);
}

/* What is wrong, where, and what is said: `place` and a piece of the line. */
struct complaint {
	const char *text, *place, *piece;
};

static const struct complaint errors[] = {
	/* syntax */
	{ "reply-bath swap", "1:1", "\"reply-bath\" (did you mean reply-path?); expected" },
	{ "reply-path", "1:11", "expected fib or swap" },
	{ "reply-path   # nothing", "1:11", "expected fib or swap" },
	{ "\n  reply-path fob", "2:14", "\"fob\" (did you mean fib?); expected fib or swap" },
	{ "reply-path fib twice", "1:16", "\"twice\"; expected the end of the statement" },
	{ "default block", "1:9", "expected pass, drop or answer" },
	{ "drop tpc", "1:6", "did you mean tcp?" },
	{ "drop icmpv6", "1:6", "did you mean icmp6?" },
	{ "drop tcp prot 22", "1:10", "did you mean port?" },
	{ "drop tcp port", "1:14",
	  "the statement ends too early; expected a port or a range of ports" },
	{ "drop icmp type", "1:15", "expected an ICMP type's name or number or a list in { }" },
	{ "drop from 10/8", "1:11", "expected" },
	{ "drop from eth0", "1:11", "an address or prefix" },
	{ "drop from { 10.0.0.0/8 192.0.2.1 }", "1:24", "expected" },
	{ "drop tcp port 80abc", "1:15", "\"80abc\"" },
	{ "drop tcp port { }", "1:17", "expected a port" },
	{ "drop tcp port { 1,\n2\n\ndrop udp\n", "1:15", "this list is not closed" },
	{ "drop tcp port { 1,", "1:15", "this list is not closed" },
	{ "interface eth0 {\ndrop udp\n", "1:16", "this block is not closed" },
	{ "drop udp }", "1:10", "unexpected \"}\"" },
	{ "}", "1:1", "unexpected \"}\"" },
	{ "drop $", "1:6", "unexpected \"$\"" },
	{ "drop \xc3\xa9 udp", "1:6", "\"\xc3\xa9\"" },
	{ "set s file /tmp/x", "1:12", "expected a text in quotes" },
	{ "set s file \"x", "1:12", "a quote is not closed" },
	{ "set s", "1:6", "expected a list in { } or file" },
	{ "drop limit 5", "1:13", "expected /" },
	{ "drop limit 5/", "1:14", "expected s, m or h" },
	{ "drop limit 5/s tcp", "1:16", "unexpected \"tcp\"" },
	{ "not drop", "1:1", "unexpected \"not\"" },
	{ "interface eth0", "1:15", "expected" },
	{ "interface { }", "1:11", "expected an interface's name" },
	/* blocks and settings */
	{ "reply-path fib\nreply-path swap", "2:1", "reply-path is set twice" },
	{ "recorder on\nrecorder on", "2:1", "recorder is set twice" },
	{ "recorder", "1:9", "expected on or off" },
	{ "egress { recorder off }", "1:10", "recorder in an egress block" },
	{ "default drop\ndefault drop", "2:1", "default is set twice" },
	{ "interface a { default drop; default pass }", "1:29",
	  "default is set twice in this block" },
	{ "interface a { interface b { } }", "1:15", "inside another" },
	{ "egress { egress { } }", "1:10", "inside another" },
	{ "egress { interface a { } }", "1:10", "inside egress" },
	{ "egress { reply-path fib }", "1:10", "reply-path in an egress block" },
	{ "egress { set s { ::1 } }", "1:14", "a set in an egress block" },
	{ "egress { default answer }", "1:10", "default answer in egress" },
	{ "egress { answer icmp type 8 }", "1:10", "answer in egress" },
	{ "egress { reject }", "1:10", "reject in egress" },
	{ "metrics", "1:8", "expected a port, an address with a port, or a path in quotes" },
	{ "metrics 0", "1:9", "expected a port of 1 to 65535" },
	{ "metrics 65536", "1:9", "expected a port of 1 to 65535" },
	{ "metrics 127.0.0.1:", "1:9", "expected a port of 1 to 65535" },
	{ "metrics localhost:9342", "1:9", "expected an address before the port" },
	{ "metrics ::1:9342", "1:9", "expected an address before the port" },
	{ "metrics [1.2.3.4]:9342", "1:9", "expected an IPv6 address in the brackets" },
	{ "metrics 127.0.0.1:9342 9343", "1:24", "expected the end of the statement" },
	{ "metrics \"m\"", "1:9", "a path that begins with /" },
	{ "metrics 1\nmetrics 1", "2:1", "metrics is set twice, first in line 1" },
	{ "interface a { metrics 1 }", "1:15", "expected it outside of all blocks" },
	{ "egress { metrics 1 }", "1:10", "expected it outside of all blocks" },
	{ "metric 1", "1:1", "did you mean metrics?" },
	{ "interface eth0/1 { }", "1:11", "can't be an interface's name" },
	{ "interface \"a b\" { }", "1:11", "can't be an interface's name" },
	{ "interface \"\" { }", "1:11", "is empty" },
	{ "interface a2345678901234567 { }", "1:11", "too long" },
	/* sets */
	{ "set 9x { }", "1:5", "can't be the name of a set" },
	{ "set x { }\nset x { ::1 }", "2:5", "set x is defined twice, first in line 1" },
	{ "interface a { set x { ::1 } }\nset x { ::1 }", "1:19", "set x is defined twice" },
	{ "set bogons { ::1 }\ndrop from @bogon", "2:11",
	  "unknown set @bogon (did you mean @bogons?)" },
	{ "interface a { set x { ::1 } }\ndrop from @x", "2:11", "unknown set @x" },
	{ "interface a { set martians { ::1 } }\ndrop from @martians", "2:11",
	  "unknown set @martians" },
	{ "drop from @martian", "1:11", "unknown set @martian (did you mean @martians?)" },
	{ "set x file \"\"", "1:12", "is empty" },
	/* addresses */
	{ "drop from 10.0.0.0/33", "1:20", "expected /0 to /32" },
	{ "drop from 10.0.0.0/", "1:20", "expected /0 to /32" },
	{ "drop from ::/129", "1:14", "expected /0 to /128" },
	{ "drop from 10.0.0", "1:17", "not an IPv4 address" },
	{ "drop from 10.0.0.256", "1:18", "not a number of an IPv4 address" },
	{ "drop from 10.0.0.01", "1:18", "not a number of an IPv4 address" },
	{ "drop from 10.0.0.1.2", "1:19", "not an IPv4 address" },
	{ "drop from 1::2::3", "1:16", "a second ::" },
	{ "drop from 1:2:3:4:5:6:7", "1:24", "fewer than eight groups" },
	{ "drop from 1:2:3:4:5:6:7:8:9", "1:27", "more than eight groups" },
	{ "drop from 12345::", "1:15", "more than four digits" },
	{ "drop from fe80::1%eth0", "1:18", "a zone" },
	{ "drop from ::1.2.3", "1:18", "not an IPv4 address" },
	{ "drop from { local, 10.0.0.0/8 }", "1:13", "local stands in a list" },
	/* matchers */
	{ "drop icmp type echo-requst", "1:16", "(did you mean echo-request?)" },
	{ "drop icmp type neighbor-solicitation", "1:16", "no type of icmp" },
	{ "drop icmp type { 8, 256 }", "1:21", "type 256 is out of range; expected 0 to 255" },
	{ "drop icmp type other", "1:16", "unknown ICMP type" },
	{ "drop icmp6 type 1 code port-unreachabel", "1:24", "(did you mean port-unreachable?)" },
	{ "drop icmp code port-unreachable", "1:16", "expected type destination-unreachable" },
	{ "drop icmp code 99999999999999999999", "1:16", "out of range" },
	{ "drop type 8", "1:6", "type without ICMP" },
	{ "drop not icmp type 8", "1:15", "type without ICMP" },
	{ "drop tcp code 8", "1:10", "code without ICMP" },
	{ "drop protocol { icmp, icmp6 } type 1", "1:31", "type without ICMP" },
	{ "drop port 22", "1:6", "port without a protocol that has ports" },
	{ "drop protocol 6-17 port 22", "1:20", "port without a protocol that has ports" },
	{ "drop not tcp source-port 22", "1:14", "source-port without a protocol" },
	{ "drop udp flags syn", "1:10", "flags without TCP" },
	{ "drop tcp flags syk", "1:16", "unknown TCP flag \"syk\" (did you mean syn?)" },
	{ "drop tcp flags syn+none", "1:16", "none stands beside other flags" },
	{ "drop tcp flags syn/ack", "1:16", "flags before /" },
	{ "drop tcp port 22 port 23", "1:18", "port twice" },
	{ "drop tcp udp", "1:10", "a protocol twice" },
	{ "drop ip ip6", "1:9", "twice" },
	{ "drop from local from local", "1:17", "from twice" },
	{ "drop tcp port 90-80", "1:15", "reversed; expected 80-90" },
	{ "drop tcp port 65536", "1:15", "port 65536 is out of range; expected 0 to 65535" },
	{ "drop tcp port ssh", "1:15", "\"ssh\" is no number" },
	{ "drop ttl 256", "1:10", "expected 0 to 255" },
	{ "drop dscp 64", "1:11", "expected 0 to 63" },
	{ "drop dscp af44", "1:11", "unknown DSCP \"af44\" (did you mean" },
	{ "drop length 65536", "1:13", "expected 0 to 65535" },
	{ "drop vlan 4096", "1:11", "expected 0 to 4095" },
	{ "drop vlan some", "1:11", "unknown VLAN" },
	{ "drop protocol 256", "1:15", "expected 0 to 255" },
	{ "drop protocol { tcp, udq }", "1:22", "(did you mean udp?)" },
	/* verdicts and modifiers */
	{ "drop with tcp-reset", "1:6", "with belongs to reject" },
	{ "reject udp with tcp-reset", "1:12", "tcp-reset without TCP" },
	{ "reject with port-unreachble", "1:13", "(did you mean port-unreachable?)" },
	{ "answer icmp", "1:1", "answer is for requests" },
	{ "answer icmp type echo-reply", "1:13", "answer is for requests" },
	{ "answer icmp6 type timestamp-request", "1:19", "no type of icmp6" },
	{ "answer icmp not type echo-request", "1:17", "answer is for requests" },
	{ "answer icmp type 8 not to local", "1:24", "answer with not to" },
	{ "drop limit 0/s", "1:12", "out of range; expected 1/s to 100000000/s" },
	{ "drop limit 100000001/s", "1:12", "out of range" },
	{ "drop limit 5/d", "1:14", "expected s, m or h" },
	{ "drop limit 5/s burst 0", "1:22", "out of range; expected 1 to 18000" },
	{ "drop limit 1/m burst 61", "1:22", "expected 1 to 60" },
	{ "drop limit 1/s limit 2/s", "1:16", "limit twice" },
	{ "drop per-source 1000001/s", "1:17", "expected 1/s to 1000000/s" },
	{ "drop per-source/33 1/s", "1:17", "expected 1 to 32" },
	{ "drop per-source/32/129 1/s", "1:20", "expected 1 to 128" },
	{ "drop ip6 per-source/0 1/s", "1:21", "expected 1 to 128" },
	{ "drop sample 1/0", "1:15", "expected 1/1" },
	{ "drop sample 2/3", "1:13", "expected 1/N" },
	{ "drop sample 1/4294967296", "1:15", "expected 1/1" },
	/* what holds answers back */
	{ "pass above 5/s", "1:6", "above belongs to answer" },
	{ "answer icmp type 8 above 0/s", "1:26", "above 0/s is out of range" },
	{ "answer icmp type 8 above 1/m burst 61", "1:36", "expected 1 to 60" },
	{ "answer icmp type 8 above 1/s above 1/s", "1:30", "above twice" },
	{ "drop while file /x", "1:6", "while belongs to answer" },
	{ "answer icmp type 8 while file /x", "1:20", "while without to" },
	{ "answer icmp type 8 to local while file /x while file /x", "1:43", "while twice" },
	{ "answer icmp type 8 to local while", "1:34", "expected unit, tcp or file" },
	{ "answer icmp type 8 to local while fle /x", "1:35", "(did you mean file?)" },
	{ "answer icmp type 8 to local while unit\n/x", "1:39", "the name of a unit" },
	{ "answer icmp type 8 to local while unit a/b", "1:40", "can't be the name of a unit" },
	{ "answer icmp type 8 to local while file \"\"", "1:40", "can't be the path" },
	{ "answer icmp type 8 to local while tcp 80", "1:39", "no address with a port" },
	{ "answer icmp type 8 to local while tcp 192.0.2.1:0", "1:39", "no address" },
	{ "answer icmp type 8 to local while tcp 192.0.2.1:65536", "1:39", "no address" },
	{ "answer icmp type 8 to local while tcp fd00::1:80", "1:39", "no address" },
	{ "answer icmp type 8 to local while tcp [192.0.2.1]:80", "1:39", "no address" },
	{ "check every 5", "1:13", "expected a time" },
	{ "check every 1s\ncheck every 1s", "2:1", "check is set twice" },
	{ "check every 99ms", "1:13", "expected 100ms" },
	{ "check every 1s lease 1999ms", "1:22", "a lease of 1999ms" },
	{ "check every 1s lease 3601s", "1:22", "3600s at most" },
	{ "egress { check every 1s }", "1:10", "in an egress block" },
	/* echo messages */
	{ "egress { drop solicited }", "1:15", "solicited in egress" },
	{ "egress { pass icmp not unsolicited }", "1:24", "unsolicited in egress" },
	{ "drop tcp solicited", "1:10", "solicited is about echo replies; expected icmp" },
	{ "drop not icmp unsolicited", "1:15", "unsolicited is about echo replies" },
	{ "drop icmp type echo-request solicited", "1:29", "solicited is about echo replies" },
	{ "drop icmp6 type 0 solicited", "1:19", "solicited is about echo replies" },
	{ "drop icmp not type echo-reply solicited", "1:31", "solicited is about echo replies" },
	{ "drop solicited not unsolicited", "1:20", "solicited or unsolicited twice" },
	{ "drop unsolicted", "1:6", "did you mean unsolicited?" },
	{ "measure", "1:8", "expected rtt" },
	{ "measure rtt to ::1", "1:13", "expected of or the end of the statement" },
	{ "measure rtt of local", "1:16", "expected a list in { }, an address or prefix or a @set" },
	{ "measure rtt of { }", "1:18", "expected" },
	{ "measure rtt of { ::1, local }", "1:23", "unexpected \"local\"" },
	{ "measure rtt of @x", "1:16", "unknown set @x" },
	{ "measure rtt\nmeasure rtt of ::1", "2:1", "measure is set twice, first in line 1" },
	{ "egress { measure rtt }", "1:10", "measure in an egress block" },
	{ "observe", "1:8", "expected from" },
	{ "observe from ::1\nobserve from ::2", "2:1", "observe is set twice" },
	{ "interface a { observe from ::1; observe from ::2 }", "1:33", "twice in this block" },
	{ "egress { observe from ::1 }", "1:10", "observe in an egress block" },
};

static const struct complaint warnings[] = {
	{ "drop from 10.0.0.1/8", "1:11", "taken as 10.0.0.0/8" },
	{ "drop from ::ffff:10.0.0.1", "1:11", "only matches IPv6 packets" },
	{ "metrics 0.0.0.0:9342", "1:9", "whoever reaches 0.0.0.0:9342 sees" },
	{ "metrics 198.18.0.1:9342", "1:9", "whoever reaches" },
	{ "metrics [::]:9342", "1:9", "whoever reaches" },
	{ "set x { }\ndrop from @x", "1:5", "set x is empty" },
	{ "set x { ::1, ::2, ::1 }", "1:5", "::1 stands here twice" },
	{ "set x { ::1, ::2, ::1, 1.1.1.1/24, 1.1.1.0/24, ::1 }", "1:5",
	  "3 prefixes stand here again, ::1 the first" },
	{ "pass even-protected", "1:6", "only means something to drop and reject" },
	{ "drop ipv6", "1:6", "for IPv6 packets write ip6" },
	{ "drop icmp from fd00::/8", "1:11", "never matches" },
	{ "drop icmp6 to { 10.0.0.0/8, 11.0.0.0/8 }", "1:12", "never matches" },
	{ "set x { ::1 }\ndrop ip from @x", "2:9", "never matches" },
	{ "drop ip icmp6", "1:6", "never matches" },
	{ "drop arp from 10.0.0.0/8", "1:10", "never matches" },
	{ "drop arp ttl 5", "1:10", "never matches" },
	{ "drop tcp port 5 fragment later", "1:10", "never matches" },
	{ "drop\ndrop udp", "2:1", "covered by that in line 1" },
	{ "drop udp\nreject not from 10.0.0.0/8 udp port 5", "2:1", "line 1" },
	{ "pass from 10.0.0.0/8\ndrop even-protected from 10.1.0.0/16", "2:1", "line 1" },
	{ "drop from 10.0.0.0/8\npass tcp from 10.1.0.0/16", "2:1", "line 1" },
	{ "set x { ::1, ::2 }\npass from @x\npass from ::2", "3:1", "line 2" },
	{ "drop from @martians\ndrop from 127.1.0.0/16", "2:1", "line 1" },
	{ "set x { ::1, ::2 }\npass from @x\npass from @x to ::1", "3:1", "line 2" },
	{ "pass not from 10.0.0.0/16\ndrop not from 10.0.0.0/8", "2:1", "line 1" },
	{ "pass not from 10.0.0.0/16\ndrop from 11.0.0.0/8", "2:1", "line 1" },
	{ "pass tcp not port 22\ndrop tcp port 23-65535", "2:1", "line 1" },
	{ "pass tcp port { 1-5, 6, 8 }\ndrop tcp port { 2-6, 8 }", "2:1", "line 1" },
	{ "pass vlan any\ndrop not vlan none ttl 1", "2:1", "line 1" },
	{ "pass tcp flags syn\ndrop tcp flags syn+ack", "2:1", "line 1" },
	{ "pass fragment\ndrop fragment first", "2:1", "line 1" },
	{ "pass unsolicited\ndrop unsolicited icmp6", "2:1", "line 1" },
	{ "pass icmp\ndrop ip solicited", "2:1", "line 1" },
	{ "measure rtt of { ::1, ::2, ::1 }", "1:1", "::1 stands here twice" },
	{ "pass icmp type echo-request\nanswer icmp type echo-request", "2:1", "line 1" },
	{ "answer icmp type 8\nanswer icmp type 8 to local", "2:1", "line 1" },
	{ "pass from 0.0.0.0/0\ndrop ip ttl 5", "2:1", "line 1" },
	{ "protect tcp\nprotect tcp port 22", "2:1", "protects nothing more than line 1" },
	{ "count udp\ncount udp", "2:1", "counts the same as line 1" },
	{ "egress { pass\ndrop udp }", "2:1", "line 1" },
	{ "interface eth0 { pass udp }\ndrop udp port 1", "2:1", "line 1" },
	/* Both decide, whatever they hold back. */
	{ "answer icmp type 8 to local above 5/s\nanswer icmp type 8 to local", "2:1", "line 1" },
	{ "answer icmp type 8 to 10.0.0.1 while file /x\nanswer icmp type 8 to 10.0.0.1", "2:1", "line 1" },
};

/* Rules that something of is left for. */
static const char *const silent[] = {
	"drop udp\ndrop",
	"pass udp limit 5/s\ndrop udp",
	"pass udp sample 1/2\ndrop udp",
	"count udp\ndrop udp",
	"drop\npass icmp6",				/* ND is protected */
	"drop\npass arp",
	"protect tcp port 22\ndrop from 10.0.0.0/8\npass tcp from 10.0.0.0/8",
	"pass tcp port 1-5\ndrop tcp port 5-6",
	"pass tcp not port 22\ndrop tcp",
	"pass tcp port 0-65535\ndrop tcp",		/* a later fragment has no port */
	"pass from 10.0.0.0/8\ndrop not from 11.0.0.0/8",
	"pass not from 10.0.0.0/8\ndrop from 0.0.0.0/0",
	"pass not from 10.0.0.0/8\ndrop not from 10.0.0.0/16",
	"pass from local\ndrop from 10.0.0.1",
	"pass fragment first\ndrop fragment",
	"pass tcp flags syn/syn+ack\ndrop tcp flags syn",
	"pass not options\ndrop options",
	"pass solicited\ndrop icmp type echo-reply",
	"pass icmp solicited\ndrop icmp unsolicited",
	"pass vlan any\ndrop vlan none",
	"pass not ip6\ndrop ip6",
	"answer icmp type 8\ndrop icmp type 8",
	"answer icmp type 8 to 10.0.0.1\ndrop icmp type 8 to local",
	"drop from { 10.0.0.0/8, fd00::/8 } icmp",
	"set x file \"/nonexistent\"\npass from @x\ndrop from 10.0.0.1",
	"interface a { pass }\ninterface b { drop udp }",
};

static void complains(const struct complaint *c, const char *severity)
{
	char head[64], *line = said, *end;

	snprintf(head, sizeof(head), "echogate: test.conf:%s: %s", c->place, severity);
	for (; line && *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		*end = 0;
		if (!strncmp(line, head, strlen(head)) && strstr(line, c->piece))
			return;
		*end = '\n';
	}
	fail_msg("\"%s\" should be called \"%s...%s\", but: %s", c->text, head, c->piece, said);
}

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct config *c = (void *)1;

		if (parse(errors[i].text, &c) != USAGE)
			fail_msg("\"%s\" is accepted", errors[i].text);
		assert_null(c);
		complains(&errors[i], "");
	}
}

static void test_warnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++) {
		FILE *real = hear();
		const char *text = warnings[i].text;
		enum status st, selected = FAILED;
		struct config *c;
		struct rules r;

		st = config__parse("test.conf", text, strlen(text), &c);
		if (!st)
			selected = config__select(c, "eth0", &r);
		stop_hearing(real);
		if (st || selected)
			fail_msg("\"%s\" is refused: %s", text, said);
		rules__free(&r);
		complains(&warnings[i], "warning: ");
		/* Said once, however many interfaces there are. */
		assert_int_equal(select_quietly(c, "eth0", &r), DONE);
		assert_string_equal(said, "");
		rules__free(&r);
		config__free(c);
	}
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		struct config *c;
		struct rules r;

		assert_int_equal(parse(silent[i], &c), DONE);
		if (*said)
			fail_msg("\"%s\" has nothing wrong, but: %s", silent[i], said);
		assert_int_equal(select_quietly(c, "a", &r), DONE);
		if (*said)
			fail_msg("\"%s\" has nothing wrong, but: %s", silent[i], said);
		rules__free(&r);
		config__free(c);
	}
}

/* All errors of a file in their order, each with its line and a caret. */
static void test_all_errors(void **state)
{
	struct config *c;

	(void)state;
	assert_int_equal(parse("drop tcp prot 1\n"
			       "\tdrop from @nix\n"
			       "drop from { 10.0.0.0/8 11.0.0.0/8 }; drop \xc3\xa9\n"
			       "drop udp\n"
			       "interface a,, b {\n"
			       "drop foo\n"
			       "}\n"
			       "drop icmp type { 300, bar }\r\n", &c), USAGE);
	assert_string_equal(said,
		"echogate: test.conf:1:10: unknown word \"prot\" (did you mean port?); expected a matcher "
		"(from, to, tcp, icmp, type, port, not, ...), with, limit, per-source, sample, above, while or the end "
		"of the statement\n"
		"    drop tcp prot 1\n"
		"             ^\n"
		"echogate: test.conf:2:12: unknown set @nix; expected one defined with \"set nix\"\n"
		"    \tdrop from @nix\n"
		"    \t          ^\n"
		"echogate: test.conf:3:24: unexpected \"11.0.0.0/8\"; expected the closing } or ,\n"
		"    drop from { 10.0.0.0/8 11.0.0.0/8 }; drop \xc3\xa9\n"
		"                           ^\n"
		"echogate: test.conf:3:43: unexpected \"\xc3\xa9\"; expected a matcher (from, to, tcp, icmp, "
		"type, port, not, ...), even-protected, with, limit, per-source, sample, above, while or the end of the "
		"statement\n"
		"    drop from { 10.0.0.0/8 11.0.0.0/8 }; drop \xc3\xa9\n"
		"                                              ^\n"
		"echogate: test.conf:5:13: unexpected \",\"; expected an interface's name\n"
		"    interface a,, b {\n"
		"                ^\n"
		"echogate: test.conf:6:6: unknown word \"foo\"; expected a matcher (from, to, tcp, icmp, "
		"type, port, not, ...), even-protected, with, limit, per-source, sample, above, while or the end of the "
		"statement\n"
		"    drop foo\n"
		"         ^\n"
		"echogate: test.conf:8:18: type 300 is out of range; expected 0 to 255\n"
		"    drop icmp type { 300, bar }\n"
		"                     ^\n"
		"echogate: test.conf:8:23: unknown ICMP type \"bar\"; expected a name of IANA's registry or "
		"0 to 255\n"
		"    drop icmp type { 300, bar }\n"
		"                          ^\n");
}

static char *repeat(const char *head, const char *body, size_t times, const char *tail)
{
	size_t length = strlen(body);
	char *text = malloc(strlen(head) + length * times + strlen(tail) + 1), *at;

	assert_non_null(text);
	at = stpcpy(text, head);
	for (; times; times--)
		at = mempcpy(at, body, length);
	strcpy(at, tail);
	return text;
}

static size_t count_of(const char *piece)
{
	size_t count = 0;

	for (const char *c = said; (c = strstr(c, piece)); c++)
		count++;
	return count;
}

static void test_large(void **state)
{
	struct config *c;
	char *text;

	(void)state;
	text = repeat("", "dorp udp\n", 100000, "");
	assert_int_equal(parse(text, &c), USAGE);
	assert_int_equal(count_of("test.conf:"), 101);
	assert_non_null(strstr(said, "echogate: test.conf: ... and 99900 more errors\n"));
	free(text);

	/* A megabyte in one line: what is shown of it fits a terminal. */
	text = repeat("drop from { ", "192.0.2.1, ", 100000, "zzz }\n");
	assert_int_equal(parse(text, &c), USAGE);
	assert_non_null(strstr(said, "test.conf:1:1100013: "));
	assert_true(strlen(said) < 600);
	assert_non_null(strstr(said, ", zzz }\n"));
	free(text);
	text = repeat("", "x", 1000000, "");
	assert_int_equal(parse(text, &c), USAGE);
	assert_true(strlen(said) < 600);
	free(text);

	/* The last rule that fits, and the first that doesn't, said once. */
	text = repeat("egress { drop udp }\n", "count udp\n", EG_RULES_MAX - 1, "");
	assert_int_equal(parse(text, &c), DONE);
	config__free(c);
	free(text);
	text = repeat("egress { drop udp }\n", "count udp\n", EG_RULES_MAX + 99, "");
	assert_int_equal(parse(text, &c), USAGE);
	assert_int_equal(count_of("test.conf:"), 1);
	assert_non_null(strstr(said, "test.conf:4097:1: more than 4096 rules"));
	free(text);
	/* Each interface has as many. */
	text = repeat("interface a {", "count udp\n", EG_RULES_MAX, "}; interface b { drop udp }");
	assert_int_equal(parse(text, &c), DONE);
	config__free(c);
	free(text);
	text = repeat("interface a {", "count udp\n", EG_RULES_MAX, "}; drop udp");
	assert_int_equal(parse(text, &c), USAGE);
	assert_int_equal(count_of("more than 4096 rules"), 1);
	free(text);

	text = repeat("", "egress { ", 20000, "");
	assert_int_equal(parse(text, &c), USAGE);
	free(text);
	text = repeat("drop tcp port { ", "1, ", 70000, "2 }");
	assert_int_equal(parse(text, &c), USAGE);
	assert_int_equal(count_of("more than 65536 elements"), 1);
	free(text);
}

/* Files on disk ---------------------------------------------------------------- */

static char directory[] = "/tmp/echogate-language-XXXXXX";

static char *path_of(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

static void write_file(const char *name, const char *text, size_t size)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
	free(path);
}

/* Reads "test.conf" of the directory, then the sets of its rules. */
static enum status read_file(struct config **c)
{
	char *path = path_of("test.conf");
	FILE *real = hear();
	enum status st = config__read(path, c);

	if (!st) {
		st = config__load_sets(*c, NULL, 0);
		if (st) {
			config__free(*c);
			*c = NULL;
		}
	}
	stop_hearing(real);
	free(path);
	return st;
}

static void refuses(const char *text, size_t size, const char *piece)
{
	struct config *c;

	write_file("test.conf", text, size);
	assert_int_equal(read_file(&c), USAGE);
	assert_null(c);
	if (!strstr(said, piece))
		fail_msg("should say \"%s\", but: %s", piece, said);
}

static void refuses_set(const char *text, size_t size, const char *piece)
{
	static const char config[] = "set s file \"set\"\ndrop from @s\n";

	write_file("set", text, size);
	refuses(config, strlen(config), piece);
}

#define BYTES(text)	text, sizeof(text) - 1

static void test_disk(void **state)
{
	struct config *c;
	struct rules r;
	char *path;

	(void)state;
	refuses(BYTES("drop udp\ndrop\0 tcp\n"), "test.conf:2:5: a NUL byte");
	refuses(BYTES("\xff\xfe" "d\0r\0o\0p\0"), "UTF-16");
	refuses(BYTES("\xfe\xff" "\0d\0r\0o\0p"), "UTF-16");
	refuses(BYTES("\xef\xbb\xbf" "dorp\n"), "test.conf:1:1: ");
	refuses(BYTES("drop udp\r\ndorp"), "test.conf:2:1: ");
	refuses(BYTES("set s file \"missing\"\ndrop from @s"), "test.conf:1:5: set s: file ");
	refuses(BYTES("set s file \".\"\ndrop from @s"), "directory");
	refuses(BYTES("set s file \"test.conf\"\ndrop from @s"), "its file is this configuration file");

	refuses_set(BYTES("10.0.0.0/8\n\n 10.0.0.0/33 # x\n"), "/set:3:11: not the length");
	refuses_set(BYTES("# one\n10.0.0.0/8 x\n"), "/set:2:12: text behind a prefix");
	refuses_set(BYTES("10.0.0.0/8\0\n"), "/set:1:11: a NUL byte");
	refuses_set(BYTES("\xff\xfe" "1\0"), "UTF-16");

	write_file("test.conf", BYTES("set s file \"set\"\ndrop from @s\nset unused file \"nothing\""));
	write_file("set", BYTES("\xef\xbb\xbf" "10.0.0.0/8\r\n# text\r\n\t::1/128#x\n\n2001:db8::/32"));
	assert_int_equal(read_file(&c), DONE);
	assert_string_equal(said, "");
	assert_int_equal(select_quietly(c, NULL, &r), DONE);
	assert_int_equal(r.set_count, 1);
	assert_int_equal(r.sets[0]->prefixes.count, 3);
	assert_true(r.sets[0]->loaded);
	path = path_of("set");
	assert_string_equal(r.sets[0]->path, path);
	free(path);
	path = path_of("test.conf");
	assert_string_equal(config__path(c), path);
	rules__free(&r);
	config__free(c);

	write_file("set", BYTES("#nothing\n"));
	assert_int_equal(read_file(&c), DONE);
	assert_non_null(strstr(said, "/set:1:1: warning: set s is empty"));
	config__free(c);
	write_file("set", BYTES("::1\n::1\n10.0.0.1/8"));
	assert_int_equal(read_file(&c), DONE);
	assert_non_null(strstr(said, "/set:1:1: warning: ::1 stands here twice"));
	assert_non_null(strstr(said, "/set:3:1: warning: bits are set"));
	config__free(c);

	assert_int_equal(truncate(path, (64 << 20) + 1), 0);
	assert_int_equal(read_file(&c), USAGE);
	assert_non_null(strstr(said, "larger than 64 MiB"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(read_file(&c), USAGE);
	assert_non_null(strstr(said, "No such file"));
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(read_file(&c), USAGE);
	assert_non_null(strstr(said, "it is a directory"));
	free(path);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char *config = path_of("test.conf"), *set = path_of("set");

	(void)state;
	rmdir(config);
	unlink(config);
	unlink(set);
	free(config);
	free(set);
	free(said);
	return rmdir(directory);
}

static struct meeting metrics_of(const char *text)
{
	struct meeting m;
	struct config *c;

	assert_int_equal(parse(text, &c), DONE);
	assert_string_equal(said, "");
	m = config__metrics(c);
	config__free(c);
	return m;
}

static void check_metrics(const char *text, int family, const void *address, size_t size)
{
	struct meeting m = metrics_of(text);
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&m.address;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&m.address;

	assert_int_equal(m.address.ss_family, family);
	assert_int_equal(m.size, family == AF_INET ? sizeof(*in4) : sizeof(*in6));
	assert_int_equal(ntohs(family == AF_INET ? in4->sin_port : in6->sin6_port), 9342);
	if (family == AF_INET)
		assert_memory_equal(&in4->sin_addr, address, size);
	else
		assert_memory_equal(&in6->sin6_addr, address, size);
}

static void test_metrics(void **state)
{
	static const __u8 host[] = { 127, 0, 0, 1 }, other[] = { 127, 1, 2, 3 };
	struct meeting m;

	(void)state;
	check_metrics("metrics 9342", AF_INET, host, 4);
	check_metrics("metrics 127.0.0.1:9342 # here", AF_INET, host, 4);
	check_metrics("drop udp; metrics 127.1.2.3:9342; drop tcp", AF_INET, other, 4);
	check_metrics("metrics [::1]:9342\n", AF_INET6, &in6addr_loopback, 16);
	m = metrics_of("metrics \"/run/a \\\"b\"");
	assert_int_equal(m.address.ss_family, AF_UNIX);
	assert_string_equal(((struct sockaddr_un *)&m.address)->sun_path, "/run/a \"b");
	assert_int_equal(metrics_of("drop udp").size, 0);
	/* It is the daemon's: rules don't know it, and the word is none where names stand. */
	assert_int_equal(metrics_of("set metrics { ::1 }\ninterface metrics { drop from @metrics }").size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_meaning), cmocka_unit_test(test_checks),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_combinations),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_all_errors),
		cmocka_unit_test(test_large),
		cmocka_unit_test_setup_teardown(test_disk, make_directory, remove_directory),
	};

	return TAP_RUN("language", tests);
}
