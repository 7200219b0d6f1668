// SPDX-License-Identifier: GPL-2.0-only
/* What is measured, side by side, and what it has to reach. */
#include <stdio.h>

#include "state.h"

#define BIT(n)	  (1u << (n))
#define EVERY	  (BIT(CANDIDATES) - 1)
#define ANSWERERS (EVERY & ~(BIT(GENERATOR) | BIT(BARE_DROP) | BIT(TC_EGRESS)))
#define XDP_PAIR  (BIT(BARE_TX) | BIT(NATIVE))
#define MANY	  (XDP_PAIR | BIT(SWAP) | BIT(KERNEL))

const struct candidate candidates[CANDIDATES] = {
	[GENERATOR] = { "generator alone", "generator", AT_OWN, false, false },
	[BARE_DROP] = { "bare XDP_DROP", "drop", AT_OWN, false, false },
	[BARE_TX] = { "bare XDP_TX", "tx", AT_OWN, false, true },
	[LEAST] = { "least echo", "least", AT_OWN, true, true },
	[NATIVE] = { "echogate native", "native", AT_NATIVE, true, true },
	[SWAP] = { "echogate swap", "swap", AT_SWAP, true, true },
	[TC_LEAST] = { "least tc echo", "least-tc", AT_TC_OWN, true, true },
	[TC_EGRESS] = { "least tc, egress", "egress", AT_TC_OWN, true, true },
	[TC] = { "echogate tc", "tc", AT_TC, true, true },
	[KERNEL] = { "kernel's stack", "kernel", AT_KERNEL, true, true },
};

const struct group groups[GROUPS] = {
	{ 4, 64, 1, EVERY, false },
	{ 6, 64, 1, EVERY, false },
	{ 4, 98, 1, ANSWERERS, false },
	{ 6, 98, 1, ANSWERERS, false },
	{ 4, 1514, 1, ANSWERERS, false },
	{ 6, 1514, 1, ANSWERERS, false },
	{ 4, 64, 512, XDP_PAIR, false },
	{ 6, 64, 512, XDP_PAIR, false },
	{ 4, 64, 65536, MANY, true },
	{ 6, 64, 65536, MANY, true },
	{ 4, 64, STATION_SPAN_4, XDP_PAIR, true },
	{ 6, 64, STATION_SPAN_6, XDP_PAIR, true },
};

/* What issue 2 asks for. */
const struct target targets[TARGETS] = {
	{ "IPv4, 64 bytes, over bare XDP_TX", 0, NATIVE, BARE_TX, 0.80 },
	{ "IPv6, 64 bytes, over bare XDP_TX", 1, NATIVE, BARE_TX, 0.78 },
	{ "IPv4, 1514 bytes, over bare XDP_TX", 4, NATIVE, BARE_TX, 0.52 },
	{ "IPv6, 1514 bytes, over bare XDP_TX", 5, NATIVE, BARE_TX, 0.52 },
	{ "IPv4, 65536 sources, over bare XDP_TX", 8, NATIVE, BARE_TX, 0.68 },
	{ "IPv6, 65536 sources, over bare XDP_TX", 9, NATIVE, BARE_TX, 0.68 },
	{ "IPv4, 64 bytes, over the kernel's stack", 0, NATIVE, KERNEL, 9 },
	{ "IPv6, 64 bytes, over the kernel's stack", 1, NATIVE, KERNEL, 9 },
	{ "IPv4, 64 bytes, tc over least tc echo", 0, TC, TC_LEAST, 0.95 },
	{ "IPv6, 64 bytes, tc over least tc echo", 1, TC, TC_LEAST, 0.95 },
	/* Not asked for: what an egress program costs there is no fault of echogate's. */
	{ "IPv4, the same, least echo with egress", 0, TC, TC_EGRESS, 0.95 },
	{ "IPv6, the same, least echo with egress", 1, TC, TC_EGRESS, 0.95 },
};

const char *sources(__u64 span)
{
	static char text[32];

	if (span == STATION_SPAN_6)
		return "2^32";
	snprintf(text, sizeof(text), "%llu", (unsigned long long)span);
	return text;
}
