/* SPDX-License-Identifier: GPL-2.0-only */
/* Values in memory, shown by their BTF types. */
#ifndef LOADER_BTFVALUE_H
#define LOADER_BTFVALUE_H

#include <bpf/btf.h>
#include <json-c/json.h>

/* NULL for what has no sensible JSON. The caller owns the result. */
struct json_object *btf__to_json(const struct btf *btf, __u32 type_id, const void *data,
				 size_t size);

/*
 * A line "path = value" on stdout for each number that isn't zero. @path names
 * the whole, "" is fine. Byte arrays, text and addresses each take one line.
 */
void btf__print(const struct btf *btf, __u32 type_id, const char *path, const void *data,
		size_t size);

#endif
