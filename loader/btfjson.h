/* SPDX-License-Identifier: GPL-2.0-only */
/* A value in memory as JSON, by its BTF type. */
#ifndef LOADER_BTFJSON_H
#define LOADER_BTFJSON_H

#include <bpf/btf.h>
#include <json-c/json.h>

/* NULL for what has no sensible JSON. The caller owns the result. */
struct json_object *btf__to_json(const struct btf *btf, __u32 type_id, const void *data,
				 size_t size);

#endif
