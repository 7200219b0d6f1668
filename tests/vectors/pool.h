/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Few values, drawn by random rules and by random packets alike, for the ones to hit the
 * others: on edges, and beside them.
 */
#ifndef TESTS_VECTORS_POOL_H
#define TESTS_VECTORS_POOL_H

#include "cmocka.h"
#include "frame.h"

static inline uint32_t below(uint64_t *s, uint32_t n)
{
	return (rnd(s) >> 32) % n;
}

static inline bool percent(uint64_t *s, uint32_t p)
{
	return below(s, 100) < p;
}

#define PICK(s, pool) ((pool)[below(s, sizeof(pool) / sizeof((pool)[0]))])

static const char *const pool4[] = {
	OWN4,	      OWN4,	    OWN4,	   OWN4_LO,	      OWN4_VLAN,
	PEER4,	      PEER4,	    PEER4,	   PEER4_VLAN,	      BROADCAST4,
	"198.18.0.3", "198.19.2.7", "203.0.113.5", "203.0.113.77",    "10.1.2.3",
	"10.1.200.9", "224.0.0.1",  "0.0.0.0",	   "255.255.255.255",
};

static const char *const pool6[] = {
	OWN6,
	OWN6,
	OWN6,
	OWN6_LO,
	OWN6_VLAN,
	PEER6,
	PEER6,
	PEER6,
	PEER6_VLAN,
	"fd00:e6::3",
	"fd00:e6:2::7",
	"2001:db8::1",
	"2001:db8:ffff::1",
	"2001:db8:0:1::5",
	"fe80::1",
	"ff02::1",
	"::",
	"::ffff:198.18.0.2",
};

static const uint8_t pool_length4[] = { 0,  1,	4,  8,	12, 15, 16, 17, 20,
					23, 24, 25, 28, 30, 31, 32, 32, 32 };
static const uint8_t pool_length6[] = { 0,  1,	8,  16, 28, 31, 32,  33,  47,  48,  49,	 56,  63,
					64, 64, 65, 80, 96, 97, 100, 112, 120, 127, 128, 128, 128 };

static const uint16_t pool_port[] = { 0,    1,	   22,	  53,	 80,	443,   1023,
				      1024, 33434, 33435, 33500, 33534, 40000, 65535 };
static const uint8_t pool_type4[] = {
	0, 3, 4, 5, 8, 8, 8, 8, 11, 12, 13, 13, 14, 17, 42, 254, 255
};
static const uint8_t pool_type6[] = { 1,   2,	3,   4,	  128, 128, 128, 128, 129, 130, 131, 132,
				      133, 134, 135, 135, 136, 137, 141, 143, 151, 153, 160, 255 };
static const uint8_t pool_code[] = { 0, 0, 0, 1, 2, 3, 4, 13, 15, 254, 255 };
static const uint8_t pool_ttl[] = { 0, 1, 1, 2, 63, 64, 65, 128, 254, 255, 255 };
static const uint8_t pool_dscp[] = { 0, 0, 0, 1, 8, 10, 26, 34, 38, 44, 45, 46, 48, 56, 63 };
static const uint16_t pool_length[] = { 20, 28, 29,  40,  48,  60,   61,
					64, 84, 100, 128, 576, 1280, 1500 };
static const uint16_t pool_vlan[] = { 1, 2, VLAN_ONE, VLAN_OUTER, VLAN_INNER, 100, 4094 };
static const uint8_t pool_flags[] = { 0x02, 0x02, 0x12, 0x10, 0x18, 0x04, 0x14,
				      0x01, 0x11, 0x29, 0x00, 0x3f, 0xc2, 0xff };
static const uint8_t pool_proto[] = { 1,  1,  2,  4,  6,  6,  6,   17,	17,  17,  33, 41,
				      47, 50, 58, 58, 59, 89, 112, 132, 132, 136, 253 };

#endif
