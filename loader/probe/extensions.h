/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ICMP errors say beside the packet that they quote: objects of RFC 4884, of which labels of
 * MPLS (RFC 4950) and interfaces (RFC 5837) have words. Pure functions that never read beyond what
 * they are given.
 */
#ifndef PROBE_EXTENSIONS_H
#define PROBE_EXTENSIONS_H

#include "util.h"

#include <json-c/json.h>
#include <stdio.h>

#define EXTENSIONS_MAX	32	/* objects; more are left out */

struct extension {
	__u8 class, type;
	const __u8 *data;
	size_t size;
};

struct extensions {
	struct extension list[EXTENSIONS_MAX];
	size_t count;
};

/* From the extension header on. -EINVAL, and none, unless all of it is well-formed. */
int extensions__read(struct extensions *e, const __u8 *data, size_t size);

/*
 * Where in @quoted they begin: at @told, or, if that is 0, where errors have them that don't say
 * so, as before RFC 4884 (5.5). @header bytes of the packet precede @quoted. -ENOENT.
 */
int extensions__find(const __u8 *quoted, size_t size, size_t header, size_t told);

/* " <MPLS:L=16,E=0,S=1,T=1>" for each kind of object, as traceroute has them. */
void extensions__print(const struct extensions *e, FILE *f);

/* An array of objects; the caller's. */
struct json_object *extensions__json(const struct extensions *e);

#endif
