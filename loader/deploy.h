/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * New rules for interfaces that are attached: a generation of each is built, one after the
 * other, and when all are there they are swapped in, all or none.
 */
#ifndef LOADER_DEPLOY_H
#define LOADER_DEPLOY_H

#include "generation.h"

struct deployment {
	const struct scope *scope;
	const struct config *config;
	struct generation *list;
	size_t count;
	bool swapped;
};

/*
 * Builds the next one. With @if_new an interface on which just this runs already is left out.
 * The name must stay. Reports.
 */
enum status deployment__build(struct deployment *d, const char *name, bool if_new);

/* Reports; then those that were swapped have been rolled back. */
enum status deployment__swap(struct deployment *d);

/* Whatever was built and not swapped is discarded. */
void deployment__close(struct deployment *d);

#endif
