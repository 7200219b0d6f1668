// SPDX-License-Identifier: GPL-2.0-only
#include "names.h"

#define NAME_2(id, name, ...)	name,
#define NAME_3(id, num, name)	name,
#define NUMBER(id, num, name)	num,
#define TEXT(id, name, text)	text,
#define REASON_VERDICT(id, name, verdict, text)	EG_VERDICT_##verdict,
#define REASON_TEXT(id, name, verdict, text)	text,

const char *const verdict_names[] = { EG_VERDICTS(NAME_2) };
const char *const verdict_texts[] = { EG_VERDICTS(TEXT) };
const char *const reason_names[] = { EG_REASONS(NAME_2) };
const enum eg_verdict reason_verdicts[] = { EG_REASONS(REASON_VERDICT) };
const char *const reason_texts[] = { EG_REASONS(REASON_TEXT) };
const char *const protocol_names[] = { EG_PROTOCOLS(NAME_3) };
const char *const icmp_names[] = { EG_ICMP_TYPES(NAME_3) };
const char *const icmp6_names[] = { EG_ICMP6_TYPES(NAME_3) };
const int protocol_numbers[] = { EG_PROTOCOLS(NUMBER) };
const int icmp_numbers[] = { EG_ICMP_TYPES(NUMBER) };
const int icmp6_numbers[] = { EG_ICMP6_TYPES(NUMBER) };

const char *const mode_names[] = {
	[EG_MODE_NATIVE] = "native",
	[EG_MODE_GENERIC] = "generic",
	[EG_MODE_TC] = "tc",
};

const char *const direction_names[] = {
	[EG_INGRESS] = "ingress",
	[EG_EGRESS] = "egress",
};

const char *const default_names[] = {
	[EG_DEFAULT_ANSWER] = "answer",
	[EG_DEFAULT_PASS] = "pass",
	[EG_DEFAULT_DROP] = "drop",
};

const char *const hook_names[] = {
	[HOOK_XDP] = "xdp",
	[HOOK_TC_INGRESS] = "tc_ingress",
	[HOOK_TC_EGRESS] = "tc_egress",
};

const char *mode_name(__u32 mode)
{
	return mode < EG_MODE_COUNT ? mode_names[mode] : "unknown";
}
