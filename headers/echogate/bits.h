/* SPDX-License-Identifier: GPL-2.0-only */
/* What other machines have an instruction for and BPF has not. */
#ifndef ECHOGATE_BITS_H
#define ECHOGATE_BITS_H

#include "env.h"

/* A de Bruijn sequence: each six bits of it in a row occur once, and so tell a place. */
#define EG_DE_BRUIJN	0x03f79d71b4cb0a89ull

static const __u8 eg_bit_place[64] = {
	0,  1,	48, 2,	57, 49, 28, 3,	61, 58, 50, 42, 38, 29, 17, 4,
	62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
	63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
	46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,	13, 8,	7,  6,
};

/* Number of the lowest bit that is set; 0 for 0. */
static __always_inline __u32 eg_first_bit(__u64 v)
{
	return eg_bit_place[((v & -v) * EG_DE_BRUIJN) >> 58];
}

#endif
