/* SPDX-License-Identifier: GPL-2.0-only */
/* What `probe --conformance` found, as text and as JSON. */
#ifndef PROBE_FINDINGS_H
#define PROBE_FINDINGS_H

#include "judge.h"
#include "line.h"

struct findings {
	const struct host *host;
	const struct line *line;
	const struct battery *battery;
	const struct opinion *opinions;	/* one for each request */
};

/* The line in front of all, while the requests are still to be sent. */
void findings__begin(const struct host *host, const struct line *line, size_t requests);

/* @quiet: only the summary. */
void findings__print(const struct findings *f, bool quiet);
void findings__print_json(const struct findings *f);

/* How often each was found; @counts has FINDINGS places. */
void findings__count(const struct findings *f, size_t *counts);

#endif
