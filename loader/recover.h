/* SPDX-License-Identifier: GPL-2.0-only */
/* Putting in order what commands that were killed have left. */
#ifndef LOADER_RECOVER_H
#define LOADER_RECOVER_H

#include "instance.h"

/*
 * Whoever holds the lock calls this first. A swap that was interrupted after the ingress program
 * is completed, one that wasn't so far is forgotten; a generation that nobody confirmed in time
 * is rolled back; pins of interfaces and namespaces that are gone go too. Silent. Returns
 * how many attached instances it removed.
 */
size_t recover(const struct scope *s);

/* The same for the scope's namespace alone: the daemon can't enter others. */
size_t recover__here(const struct scope *s);

#endif
