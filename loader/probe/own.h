/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether an address is this machine's. */
#ifndef PROBE_OWN_H
#define PROBE_OWN_H

#include "address.h"

/*
 * Asks the routing of the caller's network namespace whether packets to the address end there, then
 * of each below /run/netns and of each process's that may be entered. @where gets which said so:
 * "this namespace", "namespace blue", "the namespace of process 123". False also if none can be
 * asked: who may not enter others knows only his own.
 */
bool own__address(const union address *a, char *where, size_t size);

#endif
