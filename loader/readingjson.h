/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOADER_READINGJSON_H
#define LOADER_READINGJSON_H

#include "counters.h"

struct json_object;

/* What an interface has counted, or its rates, as `stats --json` shows it. */
struct json_object *json__reading(const struct instance *in, const struct reading *r, bool per_cpu);

#endif
