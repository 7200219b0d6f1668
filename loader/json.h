/* SPDX-License-Identifier: GPL-2.0-only */
/* What every command's JSON has in common. */
#ifndef LOADER_JSON_H
#define LOADER_JSON_H

#include "instance.h"
#include "rulelist.h"

#include <json-c/json.h>

/* {"version":1} */
struct json_object *json__document(void);

/* {"id", "line", "text", "packets", "bytes"} */
struct json_object *json__rule(const struct listed_rule *rule);

/* Adds "interface", "ifindex" and "netns". */
void json__add_place(struct json_object *obj, const struct instance *in);

void json__add_string(struct json_object *obj, const char *key, const char *value);
/* null for "". */
void json__add_string_or_null(struct json_object *obj, const char *key, const char *value);
void json__add_number(struct json_object *obj, const char *key, __u64 value);
void json__add_bool(struct json_object *obj, const char *key, bool value);
/* A rule's: 16 hex digits, since not every reader's numbers have 64 bits. */
void json__add_id(struct json_object *obj, const char *key, __u64 id);

/* Prints and releases; indented, or on one line. */
void json__print(struct json_object *document, bool one_line);

/* Prints a document of @list, if there is one and it is @worth it; releases the list anyhow. */
void json__print_interfaces(struct json_object *list, bool worth);

#endif
