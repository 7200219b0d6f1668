/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be thought of the responses to a request. Facts in, an opinion out: nothing is
 * sent or read here.
 *
 * What is malformed by itself, or isn't the reply to what was asked, is *wrong*. Then, what
 * Linux does is *like Linux*, even where the clause asks for more. What the clause forbids, or
 * demands and isn't there, is *wrong*. What it leaves open and Linux does otherwise is *unlike
 * Linux*; but it *conforms* where Linux' own choice depends on how it is set up or on its
 * version, or is a known defect.
 */
#ifndef PROBE_JUDGE_H
#define PROBE_JUDGE_H

#include "battery.h"
#include "response.h"

/* From good to bad. */
enum finding { FINDING_SKIPPED, FINDING_LIKE, FINDING_CONFORMS, FINDING_UNLIKE, FINDING_WRONG };
#define FINDINGS (FINDING_WRONG + 1)

struct opinion {
	enum finding finding;
	char came[96];		/* what came back, in words */
	char why[160];		/* of what isn't like Linux; of what was skipped */
	char clause[32];	/* that is violated; "" unless it is wrong */
};

/* @on_link: no router between, so that a TTL arrives as it was sent. */
void judge(const struct request *q, bool on_link, const struct response *list, size_t count,
	   struct opinion *o);

/* "echo reply", "destination unreachable 3/3", ... */
const char *response__describe(const struct response *r, char *text, size_t size);

/* What Linux does: "an echo reply", "nothing", ... */
const char *reaction__describe(const struct request *q, char *text, size_t size);

/* "like Linux", ... */
const char *finding__name(enum finding finding);

#endif
