/* SPDX-License-Identifier: GPL-2.0-only */
/* `stats --rtt` and `stats --observed`: shows what roundtrips.c reads. */
#ifndef LOADER_ECHOES_H
#define LOADER_ECHOES_H

#include "roundtrips.h"

#include <json-c/json.h>

void roundtrips__print(const struct roundtrips *r);
struct json_object *roundtrips__json(const struct roundtrips *r);

/* `watched`: whether anybody is observed at all. */
void observed__print(const struct observed *o, bool watched);
struct json_object *observed__json(const struct observed *o);

#endif
