/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets written as hex: pairs of digits, with or without blanks and colons between them. An
 * empty line ends a packet. Lines as tcpdump -x, -xx and -XX print them are understood: an
 * offset before the bytes, a text column behind them, a line with the time above.
 */
#ifndef LOADER_HEX_H
#define LOADER_HEX_H

#include "ruleset.h"

#define HEX_MAX		(256UL << 10)	/* bytes of a packet */

struct hex_packet {
	const __u8 *data;
	size_t length;			/* never 0 */
};

struct hex {
	__u8 *bytes;			/* of all packets */
	struct hex_packet *list;
	size_t count;
};

struct hex_fault {
	struct place place;
	char text[96];
};

/* -EINVAL: *fault says what is wrong where; -ENOMEM. The caller frees in any case. */
int hex__parse(struct hex *h, const char *text, size_t size, struct hex_fault *fault);
void hex__free(struct hex *h);

#endif
