/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking an instance away, also one that is not whole. */
#ifndef LOADER_DETACH_H
#define LOADER_DETACH_H

#include "instance.h"

/*
 * Takes links, filters, sysctls and pins of an instance away. The process is
 * in its namespace, if that still exists. -errno.
 */
int instance__remove(struct instance *in, bool in_namespace);

/*
 * Clears what was left behind: directories that were never finished in the
 * scope's namespace, and pins of interfaces and namespaces that are gone.
 * Silent. Returns how many finished instances it removed.
 */
size_t leftovers__clear(const struct scope *s);

#endif
