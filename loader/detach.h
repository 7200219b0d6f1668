/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking an instance away, also one that is not whole. */
#ifndef LOADER_DETACH_H
#define LOADER_DETACH_H

#include "instance.h"

/*
 * Takes links, filters, sysctls and pins of an instance away, and with what runs all that
 * is kept beside it. The process is in its namespace, if that still exists. -errno.
 */
int instance__remove(struct instance *in, bool in_namespace);

#endif
