// SPDX-License-Identifier: GPL-2.0-only
/* What ICMP errors say beside the packet that they quote: right, wrong, and in words. */
#include "vectors/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "probe/extensions.h"

#define ROOM	512

/* Objects behind a header whose checksum is right. */
struct bytes {
	uint8_t data[ROOM];
	size_t size;
};

static void seal(struct bytes *b)
{
	uint32_t sum = 0;

	b->data[2] = b->data[3] = 0;
	for (size_t i = 0; i < b->size; i++)
		sum += i & 1 ? b->data[i] : b->data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	b->data[2] = ~sum >> 8;
	b->data[3] = ~sum;
}

static struct bytes begin(void)
{
	return (struct bytes){ .data = { 0x20 }, .size = 4 };
}

static void object(struct bytes *b, uint8_t class, uint8_t type, const void *data, size_t size)
{
	uint8_t *p = b->data + b->size;

	p[0] = (size + 4) >> 8;
	p[1] = size + 4;
	p[2] = class;
	p[3] = type;
	if (size)
		memcpy(p + 4, data, size);
	b->size += 4 + size;
	seal(b);
}

/* In words, read from memory that ends where they end; "no" if they aren't believed. */
static const char *words(const struct bytes *b)
{
	static char text[4096];
	uint8_t *copy = malloc(b->size ?: 1);
	struct extensions e;
	FILE *f;

	assert_non_null(copy);
	memcpy(copy, b->data, b->size);
	memset(text, 0, sizeof(text));
	if (extensions__read(&e, copy, b->size)) {
		assert_int_equal(e.count, 0);
		strcpy(text, "no");
	} else {
		f = fmemopen(text, sizeof(text) - 1, "w");
		assert_non_null(f);
		extensions__print(&e, f);
		fclose(f);
		json_object_put(extensions__json(&e));
	}
	free(copy);
	return text;
}

static const uint8_t two_labels[] = { 0x05, 0xdc, 0xca, 1, 0xff, 0xff, 0xf1, 0xff };

static void test_labels(void **state)
{
	struct bytes b = begin();

	(void)state;
	object(&b, 1, 1, two_labels, 8);
	assert_string_equal(words(&b), " <MPLS:L=24012,E=5,S=0,T=1/L=1048575,E=0,S=1,T=255>");
	object(&b, 1, 1, "\0\1\1\1", 4);
	assert_string_equal(words(&b), " <MPLS:L=24012,E=5,S=0,T=1/L=1048575,E=0,S=1,T=255;"
				       "MPLS:L=16,E=0,S=1,T=1>");
	/* Another type of the class, and a stack without labels */
	b = begin();
	object(&b, 1, 2, two_labels, 4);
	object(&b, 1, 1, NULL, 0);
	assert_string_equal(words(&b), " <1/2:05dcca01;1/1:>");
}

static void test_interfaces(void **state)
{
	static const uint8_t all[] = { 0, 0, 0, 7, 0, 1, 0, 0, 198, 18, 66, 1,
				       8, 'e', 't', 'h', '0', 0, 0, 0, 0, 0, 5, 0xdc };
	static const uint8_t six[] = { 0, 2, 0, 0, 0xfd, 0, 0, 0, 0, 0,
				       0, 0, 0, 0, 0,	 0, 0, 0, 0, 1 };
	struct bytes b = begin();

	(void)state;
	object(&b, 2, 0x0f, all, sizeof(all));
	assert_string_equal(words(&b), " <incoming: index=7 198.18.66.1 \"eth0\" mtu=1500>");
	b = begin();
	object(&b, 2, 0x84, six, sizeof(six));
	object(&b, 2, 0xc1, "\0\0\x23\x28", 4);
	object(&b, 2, 0x40, NULL, 0);
	assert_string_equal(words(&b), " <outgoing: fd00::1;next-hop: mtu=9000;incoming-part:>");
	/* A name that would be more than a name on a terminal */
	b = begin();
	object(&b, 2, 0x02, "\x08\x1b[2J\"\n", 8);
	assert_string_equal(words(&b), " <incoming: \"?[2J??\">");
	/* Less than its type says, each part in turn: as bytes. */
	for (size_t size = 0; size < sizeof(all); size += 4) {
		b = begin();
		object(&b, 2, 0x0f, all, size);
		assert_memory_equal(words(&b), " <2/15:", 7);
	}
	/* Families nobody knows; names of impossible sizes */
	b = begin();
	object(&b, 2, 0x04, "\0\3\0\0\1\2\3\4", 8);
	assert_string_equal(words(&b), " <2/4:0003000001020304>");
	for (int size = 0; size < 8; size++) {
		uint8_t name[4] = { size, 'a', 'b', 'c' };

		b = begin();
		object(&b, 2, 0x02, name, 4);
		if (size == 4)
			assert_string_equal(words(&b), " <incoming: \"abc\">");
		else
			assert_memory_equal(words(&b), " <2/2:", 6);
	}
}

static void test_wrong(void **state)
{
	struct bytes b = begin(), c;

	(void)state;
	assert_string_equal(words(&b), "");
	object(&b, 1, 1, two_labels, 8);
	object(&b, 200, 3, "\xca\xfe\0\1", 4);
	assert_string_equal(words(&b), " <MPLS:L=24012,E=5,S=0,T=1/L=1048575,E=0,S=1,T=255;"
				       "200/3:cafe0001>");
	/* Each bit of it counts. */
	for (size_t bit = 0; bit < b.size * 8; bit++) {
		c = b;
		c.data[bit / 8] ^= 1 << bit % 8;
		if (!c.data[2] && !c.data[3])
			continue;
		assert_string_equal(words(&c), "no");
	}
	/* No checksum at all is allowed. */
	c = b;
	c.data[2] = c.data[3] = 0;
	assert_string_equal(words(&c), words(&b));
	/* Cut off, anywhere but between objects */
	for (size_t size = 0; size < b.size; size++) {
		c = b;
		c.size = size;
		if (size >= 4)
			seal(&c);
		if (size == 4 || size == 4 + 12)
			assert_string_not_equal(words(&c), "no");
		else
			assert_string_equal(words(&c), "no");
	}
	/* Versions, and lengths of objects, with a checksum that is right */
	for (int version = 0; version < 16; version++) {
		c = b;
		c.data[0] = version << 4;
		seal(&c);
		if (version == 2)
			assert_string_not_equal(words(&c), "no");
		else
			assert_string_equal(words(&c), "no");
	}
	for (int length = 0; length < 256; length++) {
		c = b;
		c.data[5] = length;
		seal(&c);
		if (length == 12 || length == 20)
			assert_string_not_equal(words(&c), "no");
		else
			assert_string_equal(words(&c), "no");
	}
}

/* Objects come in units of four bytes. */
static void test_odd(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 8; size++) {
		struct bytes b = begin();

		object(&b, 9, 1, "\1\2\3\4\5\6\7\10", size);
		if (size % 4)
			assert_string_equal(words(&b), "no");
		else
			assert_string_not_equal(words(&b), "no");
	}
}

static void test_many(void **state)
{
	struct bytes b = begin();
	struct extensions e;

	(void)state;
	for (int i = 0; i < EXTENSIONS_MAX + 10; i++)
		object(&b, 9, i, "\1\2\3\4", 4);
	assert_int_equal(extensions__read(&e, b.data, b.size), 0);
	assert_int_equal(e.count, EXTENSIONS_MAX);
}

/* Where they are in what an error quotes. */
static void test_find(void **state)
{
	uint8_t quoted[ROOM] = {};
	struct bytes b = begin();

	(void)state;
	object(&b, 1, 1, two_labels, 8);
	memcpy(quoted + 120, b.data, b.size);
	assert_int_equal(extensions__find(quoted, 120 + b.size, 20, 120), 120);
	assert_true(extensions__find(quoted, 120 + b.size, 20, 116) < 0);
	assert_true(extensions__find(quoted, 120, 20, 120) < 0);
	assert_true(extensions__find(quoted, 100, 20, 120) < 0);
	/* Unsaid, they are 128 bytes from the IP header on. */
	memset(quoted, 0, sizeof(quoted));
	memcpy(quoted + 108, b.data, b.size);
	assert_int_equal(extensions__find(quoted, 108 + b.size, 20, 0), 108);
	assert_true(extensions__find(quoted, 108 + b.size, 28, 0) < 0);
	assert_true(extensions__find(quoted, 108, 20, 0) < 0);
	assert_true(extensions__find(quoted, 108 + b.size, 128, 0) < 0);
	/* And then nothing is believed without a checksum, or without an object. */
	quoted[110] = quoted[111] = 0;
	assert_true(extensions__find(quoted, 108 + b.size, 20, 0) < 0);
	assert_int_equal(extensions__find(quoted, 108 + b.size, 20, 108), 108);
	b = begin();
	seal(&b);
	memcpy(quoted + 108, b.data, b.size);
	assert_true(extensions__find(quoted, 108 + b.size, 20, 0) < 0);
	assert_int_equal(extensions__find(quoted, 108 + b.size, 20, 108), 108);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels), cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_wrong),  cmocka_unit_test(test_odd),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_find),
	};

	return TAP_RUN("extensions", tests);
}
