// SPDX-License-Identifier: GPL-2.0-only
#include "glossary.h"
#include "names.h"

#include <stdio.h>
#include <string.h>

#define WIDTH	80

static const char *const unnumbered[EG_PROTOCOL_COUNT] = {
	[EG_PROTOCOL_OTHER] = "IP with a protocol that isn't below",
	[EG_PROTOCOL_NON_IP] = "neither IP nor ARP",
	[EG_PROTOCOL_ARP] = "ARP",
	[EG_PROTOCOL_IPV4] = "IPv4 with a header that can't be read",
	[EG_PROTOCOL_IPV6] = "IPv6 with headers that can't be read",
};

static void print_row(const char *name, const char *text)
{
	printf("  %-18s %s\n", name, text);
}

static void print_reasons(const char *title, enum eg_verdict verdict)
{
	printf("\n%s\n", title);
	for (int i = EG_REASON_NONE + 1; i < EG_REASON_COUNT; i++)
		if (reason_verdicts[i] == verdict)
			print_row(reason_names[i], reason_texts[i]);
}

/* What stands in a registry under a number needs no other words. */
static void print_numbered(const char *title, const char *const *names, const int *numbers,
			   int count)
{
	int column = WIDTH;
	char text[64];

	printf("\n%s", title);
	for (int i = 0; i < count; i++) {
		if (numbers[i] < 0)
			continue;
		snprintf(text, sizeof(text), " %s %d%s", names[i], numbers[i],
			 i + 1 < count ? "," : "");
		if (column + strlen(text) > WIDTH)
			column = printf("\n ") - 1;
		column += printf("%s", text);
	}
	printf("\n");
}

void glossary__print(void)
{
	printf("A packet is counted by its ICMP or ICMPv6 type, or else its protocol, and there\n"
	       "by verdict. It counts again for its reason, if it could not be read, answered or\n"
	       "rejected as it was to be, and for each rule that it matched.\n");
	printf("\nVerdicts\n");
	for (int i = 0; i < EG_VERDICT_COUNT; i++)
		print_row(verdict_names[i], verdict_texts[i]);
	print_reasons("Reasons to leave a packet to the kernel", EG_VERDICT_PASS);
	print_reasons("Reasons to drop a packet", EG_VERDICT_DROP);
	printf("\nProtocols without a number\n");
	for (int i = 0; i < EG_PROTOCOL_COUNT; i++)
		if (protocol_numbers[i] < 0)
			print_row(protocol_names[i], unnumbered[i]);
	print_numbered("Protocols by IANA's numbers; of ICMP, only what shows no type",
		       protocol_names, protocol_numbers, EG_PROTOCOL_COUNT);
	print_numbered("ICMP types by IANA's numbers; the rest is other", icmp_names, icmp_numbers,
		       EG_ICMP_COUNT);
	print_numbered("ICMPv6 types, the same way", icmp6_names, icmp6_numbers, EG_ICMP6_COUNT);
}
