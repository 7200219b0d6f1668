// SPDX-License-Identifier: GPL-2.0-only
/* Packets written as hex: every form that is understood, and what is said about the others. */
#include "vectors/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/hex.h"

#define MUTANTS	20000

/* Of a copy that ends where the text ends. */
static int parse(const char *text, size_t size, struct hex *h, struct hex_fault *fault)
{
	char *copy = malloc(size ?: 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, text, size);
	err = hex__parse(h, copy, size, fault);
	free(copy);
	return err;
}

/* What the packets are, as "0102 03" for two of them; faults as "line:column: text". */
static void expect(const char *text, const char *want)
{
	char have[256] = "";
	struct hex_fault fault;
	struct hex h;
	int err;

	err = parse(text, strlen(text), &h, &fault);
	if (err == -EINVAL)
		snprintf(have, sizeof(have), "%u:%u: %s", fault.place.line, fault.place.column,
			 fault.text);
	else
		assert_int_equal(err, 0);
	for (size_t i = 0; !err && i < h.count; i++) {
		if (i)
			strcat(have, " ");
		for (size_t j = 0; j < h.list[i].length; j++)
			sprintf(have + strlen(have), "%02x", h.list[i].data[j]);
	}
	assert_string_equal(have, want);
	hex__free(&h);
}

static void test_forms(void **state)
{
	(void)state;
	expect("0102", "0102");
	expect("01 02\n", "0102");
	expect("01:02:aF\r\n", "0102af");
	expect("  01\t02  \n\t03 ", "010203");
	expect("0102 0304\n05", "0102030405");
	expect("01\n\n02", "01 02");
	expect("\n\n01\n \t\r\n\n02\n\n\n", "01 02");
	expect("0x0000:  0102", "0102");
	expect("\t0x0000:  0001 0203 0405 0607 0809 0a0b 0c0d 0e0f\n\t0x0010:  10",
	       "000102030405060708090a0b0c0d0e0f10");
	expect("0x0000:  01\n0x0000:  02\n0X0001: 03", "01 0203");
	expect("0x0000:  4500 4142  E.AB\n0x0004:  43        C", "4500414243");
	expect("12:34:56.789012 IP 1.2.3.4 > 5.6.7.8: ICMP\n\t0x0000:  01\n"
	       "12:34:57.000000 ARP\n\t0x0000:  02\n", "01 02");
}

static void test_faults(void **state)
{
	(void)state;
	expect("", "1:1: there is no packet");
	expect(" \n\n", "1:1: there is no packet");
	expect("12:34:56.7 IP\n", "1:1: there is no packet");
	expect("0g", "1:2: 'g' is not a hex digit");
	expect("01\n  0x", "2:4: 'x' is not a hex digit");
	expect("01 2", "1:4: half a byte: '2' has no second digit");
	expect("1 2", "1:1: half a byte: '1' has no second digit");
	expect("01:2:03", "1:4: half a byte: '2' has no second digit");
	expect("01\n\n\n2\n34", "4:1: half a byte: '2' has no second digit");
	expect("ping", "1:1: 'p' is not a hex digit");
	expect("\x1f\x8b", "1:1: byte 0x1f is not a hex digit");
	expect("01\xc3\xa4", "1:3: byte 0xc3 is not a hex digit");
	expect("0x0000:  01\n0x0010:  02", "2:1: offset 16, but 1 bytes stand before it");
	expect("0x0010:  02", "1:1: offset 16, but 0 bytes stand before it");
	expect("0x123456789: 01", "1:2: 'x' is not a hex digit");
	expect("0x: 01", "1:2: 'x' is not a hex digit");
	expect("01  # a comment", "1:5: '#' is not a hex digit");
}

static void test_length(void **state)
{
	size_t size = 2 * HEX_MAX + 2;
	char *text = malloc(size);
	struct hex_fault fault;
	struct hex h;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', size);
	assert_int_equal(parse(text, size - 2, &h, &fault), 0);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].length, HEX_MAX);
	hex__free(&h);
	assert_int_equal(parse(text, size, &h, &fault), -EINVAL);
	assert_int_equal(fault.place.column, size - 1);
	hex__free(&h);
	free(text);
}

/* Whatever comes, no byte beyond is read or written, and no packet is empty. */
static void test_mutants(void **state)
{
	static const char letters[] = "0123456789abcdefxX:. \t\n\n\r\0g";
	unsigned int seed = 1;
	struct hex_fault fault;
	char text[80];
	struct hex h;

	(void)state;
	for (int n = 0; n < MUTANTS; n++) {
		size_t size = rand_r(&seed) % sizeof(text);

		for (size_t i = 0; i < size; i++)
			text[i] = letters[rand_r(&seed) % (sizeof(letters) - 1)];
		if (n % 2 && size > 8)
			memcpy(text, "0x0000: ", 8);
		if (!parse(text, size, &h, &fault)) {
			assert_true(h.count > 0);
			for (size_t i = 0; i < h.count; i++)
				assert_true(h.list[i].length > 0);
		}
		hex__free(&h);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_mutants),
	};

	return TAP_RUN("hex", tests);
}
