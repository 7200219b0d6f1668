// SPDX-License-Identifier: GPL-2.0-only
#include "btfjson.h"

#include <string.h>

static __u64 load(const void *data, size_t size, int is_signed)
{
	union {
		__u8 b1;
		__u16 b2;
		__u32 b4;
		__u64 b8;
	} v = {};

	memcpy(&v, data, size);
	switch (size) {
	case 1:
		return is_signed ? (__u64)(__s8)v.b1 : v.b1;
	case 2:
		return is_signed ? (__u64)(__s16)v.b2 : v.b2;
	case 4:
		return is_signed ? (__u64)(__s32)v.b4 : v.b4;
	default:
		return v.b8;
	}
}

static struct json_object *number(const struct btf_type *t, const void *data, size_t size)
{
	int is_signed = btf_is_int(t) && btf_int_encoding(t) & BTF_INT_SIGNED;
	__u64 v;

	if (t->size > size || (t->size != 1 && t->size != 2 && t->size != 4 && t->size != 8))
		return NULL;
	v = load(data, t->size, is_signed);
	if (btf_is_int(t) && btf_int_encoding(t) & BTF_INT_BOOL)
		return json_object_new_boolean(v != 0);
	return is_signed ? json_object_new_int64((__s64)v) : json_object_new_uint64(v);
}

static struct json_object *array(const struct btf *btf, const struct btf_type *t,
				 const void *data, size_t size)
{
	const struct btf_array *a = btf_array(t);
	__s64 each = btf__resolve_size(btf, a->type);
	struct json_object *list;

	if (each <= 0 || (__u64)each * a->nelems > size)
		return NULL;
	/* Text, as far as it goes. */
	if (each == 1 && a->nelems > 1) {
		const struct btf_type *e = btf__type_by_id(btf, a->type);

		if (e && btf_is_int(e) && !strcmp(btf__name_by_offset(btf, e->name_off), "char"))
			return json_object_new_string_len(data, strnlen(data, a->nelems));
	}
	list = json_object_new_array();
	for (__u32 i = 0; i < a->nelems; i++)
		json_object_array_add(list, btf__to_json(btf, a->type,
							 (const char *)data + i * each, each));
	return list;
}

static struct json_object *members(const struct btf *btf, const struct btf_type *t,
				   const void *data, size_t size)
{
	struct json_object *o = json_object_new_object();
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++, m++) {
		__u32 at = btf_member_bit_offset(t, i) / 8;

		if (btf_member_bitfield_size(t, i) || at > size)
			continue;
		json_object_object_add(o, btf__name_by_offset(btf, m->name_off),
				       btf__to_json(btf, m->type, (const char *)data + at,
						    size - at));
	}
	return o;
}

static struct json_object *section(const struct btf *btf, const struct btf_type *t,
				   const void *data, size_t size)
{
	struct json_object *o = json_object_new_object();
	const struct btf_var_secinfo *v = btf_var_secinfos(t);

	for (int i = 0; i < btf_vlen(t); i++, v++) {
		const struct btf_type *var = btf__type_by_id(btf, v->type);

		if (!var || !btf_is_var(var) || (size_t)v->offset + v->size > size)
			continue;
		json_object_object_add(o, btf__name_by_offset(btf, var->name_off),
				       btf__to_json(btf, var->type,
						    (const char *)data + v->offset, v->size));
	}
	return o;
}

struct json_object *btf__to_json(const struct btf *btf, __u32 type_id, const void *data,
				 size_t size)
{
	const struct btf_type *t = btf__type_by_id(btf, type_id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	if (!t)
		return NULL;
	if (btf_is_int(t) || btf_is_any_enum(t))
		return number(t, data, size);
	if (btf_is_array(t))
		return array(btf, t, data, size);
	if (btf_is_composite(t))
		return members(btf, t, data, size);
	if (btf_is_datasec(t))
		return section(btf, t, data, size);
	return NULL;
}
