// SPDX-License-Identifier: GPL-2.0-only
#include "extensions.h"
#include "bytes.h"
#include "json.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#define VERSION		2
#define HEADER		4		/* of all, and of each object */
#define FIXED_PLACE	128		/* where they are in errors that don't say so */

#define CLASS_MPLS	1		/* type 1: the label stack that came in */
#define CLASS_INTERFACE	2

/* RFC 5837 4.1: what the type of an interface says is there, in this order. */
#define HAS_INDEX	0x08
#define HAS_ADDRESS	0x04
#define HAS_NAME	0x02
#define HAS_MTU		0x01
#define NAME_MAX_SIZE	64

#define AFI_IPV4	1
#define AFI_IPV6	2

static bool sum_holds(const __u8 *p, size_t size)
{
	__u32 sum = 0;

	/* Zero is none. */
	if (!get16(p + 2))
		return true;
	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

int extensions__read(struct extensions *e, const __u8 *data, size_t size)
{
	size_t at = HEADER, length;

	e->count = 0;
	if (size < HEADER || data[0] >> 4 != VERSION || !sum_holds(data, size))
		return -EINVAL;
	for (; at < size; at += length) {
		length = size - at >= HEADER ? get16(data + at) : 0;
		if (length < HEADER || length % 4 || length > size - at) {
			e->count = 0;
			return -EINVAL;
		}
		if (e->count < EXTENSIONS_MAX)
			e->list[e->count++] =
				(struct extension){ data[at + 2], data[at + 3], data + at + HEADER,
						    length - HEADER };
	}
	return 0;
}

int extensions__find(const __u8 *quoted, size_t size, size_t header, size_t told)
{
	struct extensions e;
	size_t at = told;

	if (!at && header < FIXED_PLACE)
		at = FIXED_PLACE - header;
	if (!at || at >= size || extensions__read(&e, quoted + at, size - at))
		return -ENOENT;
	/* What nobody has announced is believed only if it says that it is right. */
	if (!told && (!get16(quoted + at + 2) || !e.count))
		return -ENOENT;
	return at;
}

/* Interfaces --------------------------------------------------------------------- */

struct interface {
	const char *role;
	bool has_index, has_mtu;
	__u32 index, mtu;
	char address[INET6_ADDRSTRLEN];		/* "" if it isn't there */
	char name[NAME_MAX_SIZE];		/* printable; "" if it isn't there */
};

static const char *const roles[] = { "incoming", "incoming-part", "outgoing", "next-hop" };

/* What is left of an object. */
struct rest {
	const __u8 *p;
	size_t size;
};

static const __u8 *take(struct rest *r, size_t size)
{
	const __u8 *p = r->p;

	if (size > r->size)
		return NULL;
	r->p += size;
	r->size -= size;
	return p;
}

static bool take_address(struct rest *r, struct interface *i)
{
	const __u8 *head = take(r, 4), *address;
	int family;

	if (!head)
		return false;
	family = get16(head) == AFI_IPV4 ? AF_INET : get16(head) == AFI_IPV6 ? AF_INET6 : AF_UNSPEC;
	if (family == AF_UNSPEC)
		return false;
	address = take(r, family == AF_INET ? 4 : 16);
	return address && inet_ntop(family, address, i->address, sizeof(i->address));
}

static bool take_name(struct rest *r, struct interface *i)
{
	size_t size = r->size ? *r->p : 0, n = 0;
	const __u8 *p;

	if (!size || size % 4 || size > NAME_MAX_SIZE)
		return false;
	p = take(r, size);
	for (size_t j = 1; p && j < size && p[j]; j++)
		i->name[n++] = isprint(p[j]) && p[j] != '"' ? p[j] : '?';
	i->name[n] = 0;
	return p;
}

static bool read_interface(const struct extension *e, struct interface *i)
{
	struct rest r = { e->data, e->size };
	const __u8 *p;

	memset(i, 0, sizeof(*i));
	i->role = roles[e->type >> 6];
	if (e->type & HAS_INDEX) {
		p = take(&r, 4);
		if (!p)
			return false;
		i->has_index = true;
		i->index = get32(p);
	}
	if (e->type & HAS_ADDRESS && !take_address(&r, i))
		return false;
	if (e->type & HAS_NAME && !take_name(&r, i))
		return false;
	if (e->type & HAS_MTU) {
		p = take(&r, 4);
		if (!p)
			return false;
		i->has_mtu = true;
		i->mtu = get32(p);
	}
	return true;
}

/* Words -------------------------------------------------------------------------- */

static bool is_mpls(const struct extension *e)
{
	return e->class == CLASS_MPLS && e->type == 1 && e->size && e->size % 4 == 0;
}

static void print_labels(const struct extension *e, FILE *f)
{
	fputs("MPLS:", f);
	for (size_t i = 0; i < e->size; i += 4) {
		__u32 entry = get32(e->data + i);

		fprintf(f, "%sL=%u,E=%u,S=%u,T=%u", i ? "/" : "", entry >> 12, entry >> 9 & 7,
			entry >> 8 & 1, entry & 255);
	}
}

static void print_interface(const struct interface *i, FILE *f)
{
	fprintf(f, "%s:", i->role);
	if (i->has_index)
		fprintf(f, " index=%u", i->index);
	if (*i->address)
		fprintf(f, " %s", i->address);
	if (*i->name)
		fprintf(f, " \"%s\"", i->name);
	if (i->has_mtu)
		fprintf(f, " mtu=%u", i->mtu);
}

static void print_hex(const struct extension *e, FILE *f)
{
	fprintf(f, "%u/%u:", e->class, e->type);
	for (size_t i = 0; i < e->size; i++)
		fprintf(f, "%02x", e->data[i]);
}

void extensions__print(const struct extensions *e, FILE *f)
{
	struct interface in;

	for (size_t i = 0; i < e->count; i++) {
		const struct extension *x = &e->list[i];

		fputs(i ? ";" : " <", f);
		if (is_mpls(x))
			print_labels(x, f);
		else if (x->class == CLASS_INTERFACE && read_interface(x, &in))
			print_interface(&in, f);
		else
			print_hex(x, f);
	}
	if (e->count)
		fputc('>', f);
}

static void add_labels(struct json_object *o, const struct extension *e)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < e->size; i += 4) {
		struct json_object *label = json_object_new_object();
		__u32 entry = get32(e->data + i);

		json__add_number(label, "label", entry >> 12);
		json__add_number(label, "traffic_class", entry >> 9 & 7);
		json__add_bool(label, "bottom", entry >> 8 & 1);
		json__add_number(label, "ttl", entry & 255);
		json_object_array_add(list, label);
	}
	json_object_object_add(o, "mpls", list);
}

static void add_interface(struct json_object *o, const struct interface *i)
{
	struct json_object *in = json_object_new_object();

	json__add_string(in, "role", i->role);
	if (i->has_index)
		json__add_number(in, "index", i->index);
	if (*i->address)
		json__add_string(in, "address", i->address);
	if (*i->name)
		json__add_string(in, "name", i->name);
	if (i->has_mtu)
		json__add_number(in, "mtu", i->mtu);
	json_object_object_add(o, "interface", in);
}

static void add_hex(struct json_object *o, const struct extension *e)
{
	struct json_object *bytes = json_object_new_array();

	for (size_t i = 0; i < e->size; i++)
		json_object_array_add(bytes, json_object_new_int(e->data[i]));
	json_object_object_add(o, "bytes", bytes);
}

struct json_object *extensions__json(const struct extensions *e)
{
	struct json_object *list = json_object_new_array();
	struct interface in;

	for (size_t i = 0; i < e->count; i++) {
		const struct extension *x = &e->list[i];
		struct json_object *o = json_object_new_object();

		json__add_number(o, "class", x->class);
		json__add_number(o, "type", x->type);
		if (is_mpls(x))
			add_labels(o, x);
		else if (x->class == CLASS_INTERFACE && read_interface(x, &in))
			add_interface(o, &in);
		else
			add_hex(o, x);
		json_object_array_add(list, o);
	}
	return list;
}
