/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of headers/echogate/names.h as strings, indexed by their enums. */
#ifndef LOADER_NAMES_H
#define LOADER_NAMES_H

#include "util.h"
#include "echogate/abi.h"

/* Where a program of ours can hang. */
enum hook { HOOK_XDP, HOOK_TC_INGRESS, HOOK_TC_EGRESS, HOOK_COUNT };

extern const char *const verdict_names[EG_VERDICT_COUNT];
extern const char *const verdict_texts[EG_VERDICT_COUNT];
extern const char *const reason_names[EG_REASON_COUNT];
extern const enum eg_verdict reason_verdicts[EG_REASON_COUNT];	/* what comes of it */
extern const char *const reason_texts[EG_REASON_COUNT];
extern const char *const protocol_names[EG_PROTOCOL_COUNT];
extern const char *const icmp_names[EG_ICMP_COUNT];
extern const char *const icmp6_names[EG_ICMP6_COUNT];
extern const int protocol_numbers[EG_PROTOCOL_COUNT];	/* -1: none */
extern const int icmp_numbers[EG_ICMP_COUNT];
extern const int icmp6_numbers[EG_ICMP6_COUNT];
extern const char *const mode_names[EG_MODE_COUNT];
extern const char *const direction_names[EG_DIRECTION_COUNT];
extern const char *const default_names[EG_DEFAULT_COUNT];
extern const char *const hook_names[HOOK_COUNT];

/* "unknown" for a mode of another ABI. */
const char *mode_name(__u32 mode);

#endif
