// SPDX-License-Identifier: GPL-2.0-only
#include "json.h"

#include <stdio.h>

struct json_object *json__document(void)
{
	struct json_object *doc = json_object_new_object();

	json__add_number(doc, "version", 1);
	return doc;
}

struct json_object *json__rule(const struct listed_rule *rule)
{
	struct json_object *o = json_object_new_object();

	json__add_id(o, "id", rule->id);
	json__add_number(o, "line", rule->line);
	json__add_string(o, "text", rule->text);
	json__add_number(o, "packets", rule->count.packets);
	json__add_number(o, "bytes", rule->count.bytes);
	return o;
}

void json__add_place(struct json_object *obj, const struct instance *in)
{
	json__add_string_or_null(obj, "interface", in->ifname);
	json__add_number(obj, "ifindex", in->dir.ifindex);
	json__add_string_or_null(obj, "netns", in->netns);
}

void json__add_string(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, json_object_new_string(value));
}

void json__add_string_or_null(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, *value ? json_object_new_string(value) : NULL);
}

void json__add_number(struct json_object *obj, const char *key, __u64 value)
{
	json_object_object_add(obj, key, json_object_new_uint64(value));
}

void json__add_bool(struct json_object *obj, const char *key, bool value)
{
	json_object_object_add(obj, key, json_object_new_boolean(value));
}

void json__add_id(struct json_object *obj, const char *key, __u64 id)
{
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)id);
	json__add_string(obj, key, text);
}

void json__print(struct json_object *document, bool one_line)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	flags |= one_line ? JSON_C_TO_STRING_PLAIN :
			    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	puts(json_object_to_json_string_ext(document, flags));
	json_object_put(document);
}

void json__print_interfaces(struct json_object *list, bool worth)
{
	struct json_object *doc;

	if (!list || !worth) {
		json_object_put(list);
		return;
	}
	doc = json__document();
	json_object_object_add(doc, "interfaces", list);
	json__print(doc, false);
}
