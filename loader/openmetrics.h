/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters as OpenMetrics text. */
#ifndef LOADER_OPENMETRICS_H
#define LOADER_OPENMETRICS_H

#include "counters.h"
#include "instance.h"

/* One reading for each instance, in order. Others may stand behind, and then the end. */
void openmetrics__print(const struct instances *all, const struct reading *readings);
void openmetrics__print_end(void);

#endif
