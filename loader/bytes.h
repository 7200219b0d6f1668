/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers in network order, wherever they lie. */
#ifndef LOADER_BYTES_H
#define LOADER_BYTES_H

#include <stdint.h>

static inline uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static inline void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

#endif
