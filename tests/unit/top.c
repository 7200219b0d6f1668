// SPDX-License-Identifier: GPL-2.0-only
/* What top shows, without a terminal: who sends most, numbers, bars, and what is laid out where. */
#include "vectors/cmocka.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "loader/canvas.h"
#include "loader/sources.h"
#include "loader/view.h"

/* Sources ------------------------------------------------------------------------ */

static struct in6_addr address(unsigned int n)
{
	struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = n >> 16,
					   [14] = n >> 8, [15] = n } };

	return a;
}

static void send_as(struct sources *s, unsigned int n, double packets)
{
	struct in6_addr a = address(n);

	sources__add(s, &a, EG_VERDICT_DROP, packets);
}

/* Few are known exactly. */
static void test_few(void **state)
{
	struct sources *s = calloc(1, sizeof(*s));
	struct source top[3];

	(void)state;
	for (int round = 0; round < 10; round++)
		for (unsigned int n = 0; n < SOURCES_MAX; n++)
			send_as(s, n, n);
	assert_int_equal(sources__top(s, top, 3), 3);
	for (unsigned int i = 0; i < 3; i++) {
		struct in6_addr a = address(SOURCES_MAX - 1 - i);

		assert_memory_equal(&top[i].address, &a, sizeof(a));
		assert_true(top[i].packets == 10 * (SOURCES_MAX - 1 - i));
		assert_true(top[i].error == 0);
		assert_true(top[i].by[EG_VERDICT_DROP] == top[i].packets);
	}
	free(s);
}

/*
 * Among 200,000 that send once, those that send more than their share are there, whenever they do;
 * none has sent more than is told of it, nor less than that without the error.
 */
static void test_many(void **state)
{
	enum { HEAVY = 10, EACH = 1250, LIGHT = 200000 };
	struct sources *s = calloc(1, sizeof(*s));
	static struct source top[SOURCES_MAX];
	double sum = 0;
	size_t count;

	(void)state;
	for (unsigned int i = 0; i < LIGHT; i++) {
		send_as(s, 1000 + i, 1);
		/* One after the other, so that the last begin when all places are taken. */
		if (i % (LIGHT / HEAVY / EACH) == 0 && i / (LIGHT / HEAVY) < HEAVY)
			send_as(s, i / (LIGHT / HEAVY), 1);
	}
	count = sources__top(s, top, SOURCES_MAX);
	assert_int_equal(count, SOURCES_MAX);
	for (size_t i = 0; i < count; i++)
		sum += top[i].packets;
	/* Nothing is lost: places only change hands. */
	assert_true(fabs(sum - s->total) < 1);
	for (unsigned int n = 0; n < HEAVY; n++) {
		struct in6_addr a = address(n);
		const struct source *found = NULL;

		for (size_t i = 0; i < count && !found; i++)
			if (!memcmp(&top[i].address, &a, sizeof(a)))
				found = &top[i];
		assert_non_null(found);
		assert_true(found->packets >= EACH);
		assert_true(found->packets - found->error <= LIGHT / HEAVY / 16);
		assert_true(found->error <= s->total / SOURCES_MAX);
	}
	free(s);
}

static void test_fade(void **state)
{
	struct sources *s = calloc(1, sizeof(*s));
	struct source top[2];

	(void)state;
	send_as(s, 1, 100);
	for (int i = 0; i < 10; i++) {
		sources__fade(s, 0.5);
		send_as(s, 2, 1);
	}
	assert_int_equal(sources__top(s, top, 2), 2);
	assert_int_equal(top[0].address.s6_addr[15], 2);
	assert_true(top[1].packets < 0.1 && top[1].packets > 0.09);
	for (int i = 0; i < 40; i++)
		sources__fade(s, 0.5);
	assert_int_equal(s->count, 0);
	free(s);
}

/* How it is found, or isn't. Each frame ends where its memory does. */
static void address_of(const char *hex, bool l3, const char *wanted)
{
	size_t size = strlen(hex) / 2;
	__u8 *frame = malloc(size ?: 1);
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;

	for (size_t i = 0; i < size; i++)
		sscanf(hex + 2 * i, "%2hhx", &frame[i]);
	assert_int_equal(sources__address(frame, size, l3, &a), !!wanted);
	if (wanted)
		assert_string_equal(inet_ntop(AF_INET6, &a, text, sizeof(text)), wanted);
	free(frame);
}

#define MACS	"020000000002020000000001"
#define IP4	"4500001c000000004001000bc6120001c6120002"

static void test_address(void **state)
{
	const char *ip6 = "6000000000083a40fd001800000000000000000000000001"
			  "fd001800000000000000000000000002";
	char frame[256];

	(void)state;
	address_of(MACS "0800" IP4, false, "::ffff:198.18.0.1");
	address_of(MACS "81000007" "0800" IP4, false, "::ffff:198.18.0.1");
	address_of(MACS "88a80007" "81000008" "0800" IP4, false, "::ffff:198.18.0.1");
	address_of(IP4, true, "::ffff:198.18.0.1");
	snprintf(frame, sizeof(frame), MACS "86dd%s", ip6);
	address_of(frame, false, "fd00:1800::1");
	address_of(ip6, true, "fd00:1800::1");
	frame[strlen(frame) - 2] = 0;
	address_of(frame, false, NULL);
	address_of(MACS "0806" IP4, false, NULL);
	address_of(MACS "0800" "45", false, NULL);
	address_of(MACS "8100", false, NULL);
	address_of(MACS, false, NULL);
	address_of("02", false, NULL);
	address_of("", false, NULL);
	address_of("", true, NULL);
}

/* Canvas ------------------------------------------------------------------------- */

static void test_shorten(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ -1, "0" }, { 0, "0" }, { 0.4, "0" }, { 7, "7" }, { 999, "999" }, { 999.6, "1.00k" },
		{ 1000, "1.00k" }, { 9994, "9.99k" }, { 9996, "10.0k" }, { 99940, "99.9k" },
		{ 99960, "100k" }, { 999499, "999k" }, { 999600, "1.00M" }, { 14.88e6, "14.9M" },
		{ 1e9, "1.00G" }, { 1e30, "9999E" },
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(shorten(rows[i].value, text), rows[i].text);
	for (double v = 1; v < 1e18; v *= 1.01)
		assert_true(strlen(shorten(v, text)) <= 5);
}

/* A row as text. */
static const char *row_of(const struct canvas *c, int row)
{
	static char text[1024];
	int n = 0;

	text[0] = 0;
	for (int i = 0; i < c->width; i++)
		n += snprintf(text + n, sizeof(text) - n, "%lc",
			      (wint_t)canvas__at(c, row, i)->c);
	return text;
}

static void test_put(void **state)
{
	struct canvas c;

	(void)state;
	canvas__init(&c, 10, 2);
	assert_int_equal(canvas__put(&c, 0, 2, 4, LOOK_PLAIN, "abcdef"), 6);
	assert_string_equal(row_of(&c, 0), "  abcd    ");
	canvas__put(&c, 0, 7, 100, LOOK_PLAIN, "overflowing");
	assert_string_equal(row_of(&c, 0), "  abcd ove");
	assert_string_equal(row_of(&c, 1), "          ");
	canvas__put(&c, 1, 0, 10, LOOK_PLAIN, "a\033[2J\n\xff\xc3\xa9\xe6\xbc\xa2");
	assert_string_equal(row_of(&c, 1), "a?[2J??\xc3\xa9? ");
	canvas__put(&c, 1, 0, -5, LOOK_PLAIN, "no");
	canvas__put(&c, 7, 0, 5, LOOK_PLAIN, "no");
	canvas__put(&c, -1, -3, 5, LOOK_PLAIN, "no");
	canvas__free(&c);
}

static void spark_is(const float *values, size_t count, size_t now, size_t span, int width,
		     bool unicode, const char *wanted)
{
	struct canvas c;

	canvas__init(&c, width, 1);
	canvas__spark(&c, 0, 0, width, LOOK_PLAIN, values, count, now, span, unicode);
	assert_string_equal(row_of(&c, 0), wanted);
	canvas__free(&c);
}

static void test_spark(void **state)
{
	static const float up[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const float flat[] = { 5, 5, 5, 5 };
	static const float zero[] = { 0, 0, 0 };
	static const float peak[] = { 1e9, 1, 0, 2 };

	(void)state;
	spark_is(up, 9, 9, 9, 9, true, " ▁▂▃▄▅▆▇█");
	spark_is(up, 9, 9, 9, 9, false, " .:-=+*#@");
	/* Those that came last, when there is less room. */
	spark_is(up, 9, 9, 4, 4, true, "▅▆▇█");
	/* On the right, when there is more. */
	spark_is(flat, 4, 4, 8, 8, true, "    ████");
	spark_is(zero, 3, 3, 3, 3, true, "   ");
	/* What is small isn't nothing. */
	spark_is(peak, 4, 4, 4, 4, false, "@. .");
	/* Two values a bar: the same bars one value later, but for the new one. */
	spark_is(up, 8, 8, 8, 4, false, ".-*@");
	spark_is(up, 9, 9, 8, 4, false, "-+#@");
	spark_is(up, 9, 9, 9, 0, true, "");
	spark_is(up, 0, 0, 9, 3, true, "   ");
}

/* Layout ------------------------------------------------------------------------- */

/* All inside, none on another, and each high enough for a title and some rows. */
static void test_layout(void **state)
{
	struct area a[PANEL_COUNT];

	(void)state;
	for (int width = VIEW_WIDTH; width <= 400; width++) {
		for (int height = VIEW_HEIGHT; height <= 150; height++) {
			int n = view__layout(width, height, 7, a);

			assert_in_range(n, 1, PANEL_COUNT);
			for (int i = 0; i < n; i++) {
				assert_true(a[i].row >= 7 && a[i].row + a[i].height <= height);
				assert_true(a[i].column >= 0 &&
					    a[i].column + a[i].width <= width);
				assert_true(a[i].width >= 80 && a[i].height >= 10);
				for (int k = 0; k < i; k++)
					assert_true(a[k].row + a[k].height <= a[i].row ||
						    a[k].column + a[k].width < a[i].column);
			}
		}
	}
	assert_int_equal(view__layout(80, 23, 7, a), 1);
	assert_int_equal(view__layout(200, 59, 7, a), PANEL_COUNT);
}

/* View --------------------------------------------------------------------------- */

#define COUNT(n)	"{\"packets\":" #n ",\"bytes\":100}"
#define VERDICTS(p, d)	"{\"pass\":" COUNT(p) ",\"drop\":" COUNT(d) ",\"answer\":" COUNT(0) ",\"reject\":" COUNT(0) "}"
#define INTERFACE(name, p, d) \
	"{\"interface\":\"" name "\",\"netns\":null,\"mode\":\"native\",\"verdicts\":" VERDICTS(p, d) "," \
	"\"icmp\":{\"echo-request\":" VERDICTS(p, d) "},\"icmp6\":{}," \
	"\"protocols\":{\"icmp\":" COUNT(p) ",\"tcp\":" COUNT(12345) "},\"reasons\":{\"fragment\":" COUNT(3) "}," \
	"\"rules\":[{\"text\":\"drop from @\\u001b[31mbogons\",\"packets\":9,\"bytes\":9}]," \
	"\"per_cpu\":[{\"cpu\":0,\"verdicts\":" VERDICTS(p, d) "}]," \
	"\"sources\":[{\"address\":\"2001:db8:1234:5678:9abc:def0:1234:5678\",\"packets\":77,\"at_least\":70," \
	"\"verdicts\":{\"drop\":77}}]}"
#define OBJECT(...)	"{\"version\":1,\"milliseconds\":1000,\"sample\":64,\"time\":1,\"interfaces\":[" __VA_ARGS__ "]}"

static const char *drawn(const struct view *v, const struct look_at *l, int width, int height)
{
	static char text[65536];
	struct canvas c;
	int n = 0;

	canvas__init(&c, width, height);
	view__draw(v, l, &c);
	for (int i = 0; i < height; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s\n", row_of(&c, i));
	canvas__free(&c);
	return text;
}

static void shows(const struct view *v, const struct look_at *l, const char *what)
{
	const char *text = drawn(v, l, 80, 24);

	if (!strstr(text, what))
		fail_msg("no \"%s\" in\n%s", what, text);
}

static void test_view(void **state)
{
	struct look_at l = { .average = 1 };
	struct view *v = view__new();

	(void)state;
	assert_int_equal(view__interfaces(v), 0);
	shows(v, &l, "measuring");
	assert_true(view__take(v, OBJECT(INTERFACE("h0", 1000, 20)), 1));
	assert_int_equal(view__interfaces(v), 1);
	shows(v, &l, "echogate: h0, native");
	shows(v, &l, "pass     1.00k pkts/s    800 bit/s");
	shows(v, &l, "icmp echo-request                       1.02k  1.00k     20");
	shows(v, &l, "tcp                                     12.3k                                800");
	l.panel = PANEL_REASONS;
	shows(v, &l, "fragment");
	l.panel = PANEL_RULES;
	shows(v, &l, "      9     72 drop from @?[31mbogons");
	l.panel = PANEL_CPUS;
	shows(v, &l, "CPU 0");
	l.panel = PANEL_SOURCES;
	shows(v, &l, "sources (sampled 1/64)");
	shows(v, &l, "2001:db8:1234:5678:9abc:def0:1234:567");
	shows(v, &l, "     77     70            77");
	/* A second one: their sum comes first. */
	l.panel = PANEL_TYPES;
	assert_true(view__take(v, OBJECT(INTERFACE("h0", 1000, 20) "," INTERFACE("h1", 500, 0)), 1));
	assert_int_equal(view__interfaces(v), 3);
	shows(v, &l, "all 2 interfaces");
	shows(v, &l, "pass     1.50k pkts/s");
	l.interface = 2;
	shows(v, &l, "h1, native");
	shows(v, &l, "pass       500 pkts/s");
	/* Gone again, one of them; then both. */
	assert_true(view__take(v, OBJECT(INTERFACE("h1", 1, 0)), 1));
	shows(v, &l, "h1, native");
	assert_true(view__take(v, OBJECT(), 1));
	shows(v, &l, "nothing is attached");
	view__free(v);
}

static void test_average(void **state)
{
	struct look_at l = { .average = 3 };
	struct view *v = view__new();

	(void)state;
	assert_false(view__take(v, OBJECT(INTERFACE("h0", 300, 0)), 3));
	assert_false(view__take(v, OBJECT(INTERFACE("h0", 0, 0)), 3));
	assert_true(view__take(v, OBJECT(INTERFACE("h0", 0, 30)), 3));
	shows(v, &l, "pass       100 pkts/s");
	shows(v, &l, "drop        10 pkts/s");
	view__free(v);
}

/* By the second column, the last one, and by name. */
static void test_sort(void **state)
{
	struct look_at l = { .average = 1 };
	struct view *v = view__new();
	const char *text;

	(void)state;
	view__take(v, OBJECT(INTERFACE("h0", 1000, 20)), 1);
	text = drawn(v, &l, 80, 24);
	assert_true(strstr(text, "tcp") < strstr(text, "icmp echo-request"));
	l.sort = 1;
	text = drawn(v, &l, 80, 24);
	assert_true(strstr(text, "tcp") > strstr(text, "icmp echo-request"));
	l.sort = 6;
	text = drawn(v, &l, 80, 24);
	assert_true(strstr(text, "tcp") > strstr(text, "icmp echo-request"));
	l.sort = 7;
	text = drawn(v, &l, 80, 24);
	assert_true(strstr(text, "tcp") < strstr(text, "icmp echo-request"));
	view__free(v);
}

/* What is no object of ours does no harm. */
static void test_odd(void **state)
{
	static const char *const odd[] = {
		"", "{", "[]", "7", "null", "{}", "{\"interfaces\":7,\"milliseconds\":1}",
		"{\"interfaces\":[],\"milliseconds\":0}", "{\"interfaces\":[],\"milliseconds\":-5}",
	};
	static const char *const bad[] = {
		OBJECT("7"), OBJECT("{}"), OBJECT("{\"interface\":7,\"icmp\":[],\"rules\":{}}"),
		OBJECT("{\"interface\":\"h0\",\"rules\":[7],\"sources\":[null],\"per_cpu\":[[]]}"),
	};
	struct look_at l = { .average = 1, .panel = PANEL_RULES };
	struct view *v = view__new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		assert_false(view__take(v, odd[i], 1));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(view__take(v, bad[i], 1));
		drawn(v, &l, 200, 60);
	}
	view__free(v);
}

/* At any size something sensible, and long after. */
static void test_sizes(void **state)
{
	struct look_at l = { .average = 1, .unicode = true };
	struct view *v = view__new();

	(void)state;
	for (int i = 0; i < 700; i++)
		view__take(v, OBJECT(INTERFACE("h0", 1000, 20) "," INTERFACE("h1", 5, 5)), 1);
	for (int width = 1; width <= 220; width += 7) {
		for (int height = 1; height <= 70; height += 3) {
			const char *text = drawn(v, &l, width, height);

			if (width < 80 || height < 24)
				assert_null(strstr(text, "pkts"));
			else
				assert_non_null(strstr(text, "q quit"));
		}
	}
	l.help = true;
	shows(v, &l, "q            quit");
	view__free(v);
}

static void test_once(void **state)
{
	struct look_at l = { .average = 1 };
	struct view *v = view__new();
	struct canvas c;
	char *text = NULL;
	size_t size;
	FILE *f;

	(void)state;
	view__take(v, OBJECT(INTERFACE("h0", 1000, 20) "," INTERFACE("h1", 5, 5)), 1);
	assert_int_equal(view__draw_all(v, &l, 80, &c), 0);
	f = open_memstream(&text, &size);
	canvas__print(&c, f);
	fclose(f);
	assert_non_null(strstr(text, "echogate: all 2 interfaces"));
	assert_non_null(strstr(text, "echogate: h1, native"));
	assert_non_null(strstr(text, "\nfragment "));
	assert_null(strstr(text, " \n"));
	free(text);
	canvas__free(&c);
	view__free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few),	cmocka_unit_test(test_many),
		cmocka_unit_test(test_fade),	cmocka_unit_test(test_address),
		cmocka_unit_test(test_shorten), cmocka_unit_test(test_put),
		cmocka_unit_test(test_spark),	cmocka_unit_test(test_layout),
		cmocka_unit_test(test_view),	cmocka_unit_test(test_average),
		cmocka_unit_test(test_sort),	cmocka_unit_test(test_odd),
		cmocka_unit_test(test_sizes),	cmocka_unit_test(test_once),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
