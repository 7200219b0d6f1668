// SPDX-License-Identifier: GPL-2.0-only
#include "btfvalue.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>

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

#define PATH_SIZE	256

static bool is_zero(const __u8 *data, size_t size)
{
	while (size && !*data) {
		data++;
		size--;
	}
	return !size;
}

static const char *name_of(const struct btf *btf, __u32 type_id)
{
	const struct btf_type *t = btf__type_by_id(btf, type_id);

	return t ? btf__name_by_offset(btf, t->name_off) : "";
}

static void print_text(const char *path, const char *data, size_t size)
{
	printf("  %s = \"", path);
	for (size_t i = 0; i < size && data[i]; i++) {
		unsigned char c = data[i];

		/* Somebody else may have written the map: no control codes for the terminal. */
		if (isprint(c) && c != '"' && c != '\\')
			putchar(c);
		else
			printf("\\x%02x", c);
	}
	puts("\"");
}

static void print_bytes(const char *path, const __u8 *data, size_t size)
{
	printf("  %s = ", path);
	for (size_t i = 0; i < size; i++)
		printf("%s%02x", i ? ":" : "", data[i]);
	putchar('\n');
}

static void print_address(const char *path, int family, const void *data)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, data, text, sizeof(text)))
		printf("  %s = %s\n", path, text);
}

static void print_array(const struct btf *btf, const struct btf_type *t, const char *path,
			const void *data, size_t size)
{
	const struct btf_array *a = btf_array(t);
	__s64 each = btf__resolve_size(btf, a->type);
	const char *element = name_of(btf, a->type);
	char sub[PATH_SIZE];

	if (each <= 0 || (__u64)each * a->nelems > size)
		return;
	if (!strcmp(element, "char")) {
		print_text(path, data, a->nelems);
	} else if (each == 1) {
		print_bytes(path, data, a->nelems);
	} else if (!strcmp(element, "__be32") && a->nelems == 4) {
		/* The only four words in network order that our maps hold. */
		print_address(path, AF_INET6, data);
	} else {
		for (__u32 i = 0; i < a->nelems; i++) {
			snprintf(sub, sizeof(sub), "%s[%u]", path, i);
			btf__print(btf, a->type, sub, (const char *)data + i * each, each);
		}
	}
}

static void print_members(const struct btf *btf, const struct btf_type *t, const char *path,
			  const void *data, size_t size)
{
	const struct btf_member *m = btf_members(t);
	char sub[PATH_SIZE];

	for (int i = 0; i < btf_vlen(t); i++, m++) {
		__u32 at = btf_member_bit_offset(t, i) / 8;
		__s64 len = btf__resolve_size(btf, m->type);

		if (btf_member_bitfield_size(t, i) || len < 0 || at + (__u64)len > size)
			continue;
		snprintf(sub, sizeof(sub), "%s%s%s", path, *path ? "." : "",
			 btf__name_by_offset(btf, m->name_off));
		btf__print(btf, m->type, sub, (const char *)data + at, len);
	}
}

static void print_number(const struct btf_type *t, const char *path, const void *data, size_t size)
{
	struct json_object *o = number(t, data, size);

	if (o)
		printf("  %s = %s\n", *path ? path : "value", json_object_to_json_string(o));
	json_object_put(o);
}

void btf__print(const struct btf *btf, __u32 type_id, const char *path, const void *data,
		size_t size)
{
	const struct btf_type *t = btf__type_by_id(btf, type_id);
	const struct btf_var_secinfo *v;

	if (is_zero(data, size))
		return;
	while (t && (btf_is_mod(t) || btf_is_typedef(t))) {
		if (!strcmp(btf__name_by_offset(btf, t->name_off), "__be32")) {
			print_address(path, AF_INET, data);
			return;
		}
		t = btf__type_by_id(btf, t->type);
	}
	if (!t)
		return;
	if (btf_is_array(t)) {
		print_array(btf, t, path, data, size);
	} else if (btf_is_composite(t)) {
		print_members(btf, t, path, data, size);
	} else if (btf_is_datasec(t)) {
		v = btf_var_secinfos(t);
		for (int i = 0; i < btf_vlen(t); i++, v++) {
			const struct btf_type *var = btf__type_by_id(btf, v->type);

			if (var && (size_t)v->offset + v->size <= size)
				btf__print(btf, var->type, path, (const char *)data + v->offset,
					   v->size);
		}
	} else if (btf_is_int(t) || btf_is_any_enum(t)) {
		print_number(t, path, data, size);
	}
}
