/* SPDX-License-Identifier: GPL-2.0-only */
/* Putting echogate on an interface, or anew on one that has it. */
#ifndef LOADER_ATTACH_H
#define LOADER_ATTACH_H

#include "generation.h"

#define MODE_AUTO	(-1)

struct attach_options {
	int mode;			/* enum eg_mode or MODE_AUTO */
	bool replace;			/* a foreign XDP program */
	const struct config *config;	/* NULL: the rules that run are kept */
};

/* The caller holds the lock. Says what it did. Reports. */
enum status attach(const struct scope *scope, const struct attach_options *opts,
		   const char *name);

#endif
