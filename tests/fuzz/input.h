/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer's bytes as a frame. The first of them says what is put right in the rest: nobody guesses a
 * checksum, and behind it most of the code lies.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stdarg.h>
#include "vectors/frame.h"

#define INPUT_LENGTH 1 /* the IP header's length is that of the frame */
#define INPUT_HEADER 2 /* the sum of an IPv4 header */
#define INPUT_ICMP   4 /* that of an ICMP message */
#define INPUT_BITS   3 /* what is left of the byte is for whoever asks */

/* Where a plain IP header begins, behind up to two tags; 0: nowhere. */
static inline size_t input_l3(const struct frame *f, int *family)
{
	size_t at = 12;

	for (int tags = 0; tags < 3 && at + 2 <= f->len; tags++, at += 4) {
		unsigned int type = get16(f->data + at);

		if (type == 0x0800 || type == 0x86dd) {
			*family = type == 0x0800 ? 4 : 6;
			return at + 2;
		}
		if (type != 0x8100 && type != 0x88a8)
			break;
	}
	return 0;
}

static inline void input_repair4(struct frame *f, size_t l3, unsigned int how)
{
	uint8_t *ip = f->data + l3;
	size_t room = f->len - l3, head, len;

	if (room < 20)
		return;
	head = (ip[0] & 15) * 4;
	if (how & INPUT_LENGTH)
		set16(ip + 2, room);
	len = get16(ip + 2);
	if (head < 20 || head > room)
		return;
	if (how & INPUT_HEADER)
		put_sum(SUM_GOOD, 0, ip + 10, NULL, 0, ip, head, 0);
	if (how & INPUT_ICMP && ip[9] == 1 && len >= head + 8 && len <= room)
		put_sum(SUM_GOOD, 0, ip + head + 2, NULL, 0, ip + head, len - head, 0);
}

static inline void input_repair6(struct frame *f, size_t l3, unsigned int how)
{
	uint8_t *ip = f->data + l3;
	size_t room = f->len - l3, len;

	if (room < 40)
		return;
	if (how & INPUT_LENGTH)
		set16(ip + 4, room - 40);
	len = get16(ip + 4);
	if (how & INPUT_ICMP && ip[6] == 58 && len >= 8 && len <= room - 40)
		put_sum(SUM_GOOD, 0, ip + 42, NULL, sum_pseudo(ip, len), ip + 40, len, 0);
}

/* False if there are too few bytes, or too many. Returns what is left of the first in *rest. */
static inline bool input_frame(const uint8_t *data, size_t size, struct frame *f,
			       unsigned int *rest)
{
	int family;
	size_t l3;

	if (size < 1 || size - 1 > sizeof(f->data))
		return false;
	f->len = size - 1;
	memcpy(f->data, data + 1, f->len);
	*rest = data[0] >> INPUT_BITS;
	l3 = input_l3(f, &family);
	if (l3 && family == 4)
		input_repair4(f, l3, data[0]);
	else if (l3)
		input_repair6(f, l3, data[0]);
	return true;
}

__attribute__((format(printf, 3, 4), noreturn)) static inline void
broken(const struct frame *f, const struct frame *reply, const char *fmt, ...)
{
	const struct frame *const both[] = { f, reply };
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	for (int i = 0; i < 2 && both[i]; i++) {
		fprintf(stderr, "\n%s, %zu bytes: ", i ? "reply" : "frame", both[i]->len);
		for (size_t n = 0; n < both[i]->len; n++)
			fprintf(stderr, "%02x", both[i]->data[n]);
	}
	fputc('\n', stderr);
	abort();
}

#endif
