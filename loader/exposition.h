/* SPDX-License-Identifier: GPL-2.0-only */
/* All that the daemon can tell as metrics: what its interfaces count, and how it is itself. */
#ifndef LOADER_EXPOSITION_H
#define LOADER_EXPOSITION_H

#include "daemon.h"

/* As OpenMetrics text, on stdout. -errno. */
int exposition__print(const struct daemon *d);

#endif
