/* SPDX-License-Identifier: GPL-2.0-only */
/* What doctor makes of the facts: pure functions in one table. */
#ifndef LOADER_CHECKS_H
#define LOADER_CHECKS_H

#include "exam.h"

enum severity {
	SEVERITY_NOTE,		/* good to know */
	SEVERITY_WARNING,	/* works less well, or differently than somebody expects */
	SEVERITY_ERROR,		/* doesn't work */
	SEVERITY_COUNT
};

extern const char *const severity_names[SEVERITY_COUNT];

struct finding {
	const char *check;		/* its name */
	enum severity severity;
	char text[400];			/* one sentence, without a full stop */
	char mend[400];			/* the command that mends it; "": there is none */
};

struct findings {
	const char *check;		/* the one that runs */
	struct finding *list;
	size_t count;
	bool lost;			/* one had no room in memory */
};

enum subject { SUBJECT_HOST, SUBJECT_INTERFACE };

/* Appends what the checks of a subject find. Of a host only e->host is looked at. */
void checks__run(const struct exam *e, enum subject subject, struct findings *f);
void findings__free(struct findings *f);

/* The mode it runs in, or that attach would choose. */
enum eg_mode exam__mode(const struct exam *e);

#endif
