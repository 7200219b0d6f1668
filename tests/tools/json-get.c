// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads one JSON value from standard input and prints what stands at a path.
 *
 *	json-get interfaces.0.verdicts.answer.packets
 *
 * A string or number is printed as it is, an array as its length, an object as its
 * keys, one a line. An empty path is the whole. Exit status: 0 found, 1 not there,
 * 2 not JSON, or something stands behind it.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

static char *read_all(size_t *len)
{
	size_t room = 0, got;
	char *text = NULL;

	*len = 0;
	do {
		room += 1 << 16;
		text = realloc(text, room + 1);
		if (!text)
			return NULL;
		got = fread(text + *len, 1, room - *len, stdin);
		*len += got;
	} while (*len == room);
	text[*len] = 0;
	return text;
}

static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;
	size_t end;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(tok, text, len + 1);
	end = json_tokener_get_parse_end(tok);
	if (json_tokener_get_error(tok) != json_tokener_success)
		o = NULL;
	json_tokener_free(tok);
	while (end < len && isspace((unsigned char)text[end]))
		end++;
	return end == len ? o : NULL;
}

/* json-c's null is a NULL pointer: what is found may be that. */
static bool step(struct json_object **o, const char *name)
{
	unsigned long n;
	char *end;

	if (json_object_is_type(*o, json_type_object))
		return json_object_object_get_ex(*o, name, o);
	if (!json_object_is_type(*o, json_type_array))
		return false;
	n = strtoul(name, &end, 10);
	if (!*name || *end || n >= json_object_array_length(*o))
		return false;
	*o = json_object_array_get_idx(*o, n);
	return true;
}

int main(int argc, char **argv)
{
	struct json_object *o;
	char *text, *name;
	size_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: json-get PATH <FILE\n");
		return 2;
	}
	text = read_all(&len);
	o = text ? parse(text, len) : NULL;
	if (!o) {
		fprintf(stderr, "json-get: not JSON\n");
		return 2;
	}
	for (name = strtok(argv[1], "."); name; name = strtok(NULL, ".")) {
		if (!step(&o, name))
			return 1;
	}
	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value) {
			(void)value;
			puts(key);
		}
	} else if (json_object_is_type(o, json_type_array)) {
		printf("%zu\n", json_object_array_length(o));
	} else {
		puts(o ? json_object_get_string(o) : "null");
	}
	return 0;
}
