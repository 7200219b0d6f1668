// SPDX-License-Identifier: GPL-2.0-only
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <json-c/json.h>

#define VERSION	1
#define DEPTH	4			/* no message needs more */
#define RUN_NETNS	"/run/netns/"

int wire__address(struct sockaddr_un *a, const char *netns)
{
	size_t stem = strlen(WIRE_SOCKET) - strlen(".sock");
	int length;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	netns = netns ?: "";
	/* There, a name and its path are the same. */
	if (!strncmp(netns, RUN_NETNS, strlen(RUN_NETNS)))
		netns += strlen(RUN_NETNS);
	length = snprintf(a->sun_path, sizeof(a->sun_path), "%.*s%s%s.sock", (int)stem,
			  WIRE_SOCKET, *netns ? "-" : "", netns);
	if ((size_t)length >= sizeof(a->sun_path))
		return -ENAMETOOLONG;
	for (char *c = a->sun_path + stem; *c; c++)
		if (*c == '/')
			*c = '-';
	return 0;
}

/* NULL unless it is one object and nothing else. */
static struct json_object *parse(const char *text, size_t size)
{
	struct json_tokener *t = json_tokener_new_ex(DEPTH);
	struct json_object *o = NULL;

	if (!t)
		return NULL;
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(t, text, size);
	if (json_tokener_get_error(t) != json_tokener_success ||
	    json_tokener_get_parse_end(t) != size || !json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(t);
	return o;
}

static struct json_object *member(const struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

/* As a C string has it: NULL for none, and for one with a NUL in it. */
static char *copy_string(struct json_object *o)
{
	const char *text = o ? json_object_get_string(o) : NULL;

	if (!text || strlen(text) != (size_t)json_object_get_string_len(o))
		return NULL;
	return strdup(text);
}

static const char *take_command(struct json_object *list, struct request *r)
{
	size_t count = list ? json_object_array_length(list) : 0;

	if (!count)
		return "it names no command";
	r->argv = calloc(count + 1, sizeof(*r->argv));
	if (!r->argv)
		return why(ENOMEM);
	for (size_t i = 0; i < count; i++) {
		struct json_object *word = json_object_array_get_idx(list, i);

		if (json_object_is_type(word, json_type_string))
			r->argv[i] = copy_string(word);
		if (!r->argv[i])
			return "an argument is no text";
		r->argc++;
	}
	return NULL;
}

const char *request__decode(const char *text, size_t size, struct request *r)
{
	struct json_object *o = parse(text, size), *version, *directory, *terminal;
	const char *wrong = NULL;

	memset(r, 0, sizeof(*r));
	if (!o)
		return "it is no JSON object";
	version = member(o, "version", json_type_int);
	directory = member(o, "directory", json_type_string);
	terminal = member(o, "terminal", json_type_boolean);
	if (!version || json_object_get_int64(version) != VERSION)
		wrong = "its version isn't 1";
	else
		wrong = take_command(member(o, "command", json_type_array), r);
	if (!wrong && directory) {
		r->directory = copy_string(directory);
		if (!r->directory)
			wrong = "the directory is no text";
	}
	r->terminal = terminal && json_object_get_boolean(terminal);
	json_object_put(o);
	if (wrong)
		request__free(r);
	return wrong;
}

void request__free(struct request *r)
{
	for (int i = 0; i < r->argc; i++)
		free(r->argv[i]);
	free(r->argv);
	free(r->directory);
	memset(r, 0, sizeof(*r));
}

/* Frees the message. */
static int transmit(int fd, int flags, struct json_object *o)
{
	size_t size;
	const char *text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE, &size);
	int err = 0;

	if (!text)
		err = -ENOMEM;
	else if (size > WIRE_MAX)
		err = -EMSGSIZE;
	else if (send(fd, text, size, flags | MSG_NOSIGNAL) < 0)
		err = -errno;
	json_object_put(o);
	return err;
}

int request__send(int fd, const struct request *r)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(o, "version", json_object_new_int(VERSION));
	for (int i = 0; i < r->argc; i++)
		json_object_array_add(list, json_object_new_string(r->argv[i]));
	json_object_object_add(o, "command", list);
	if (r->directory)
		json_object_object_add(o, "directory", json_object_new_string(r->directory));
	json_object_object_add(o, "terminal", json_object_new_boolean(r->terminal));
	return transmit(fd, 0, o);
}

bool answer__decode(const char *text, size_t size, struct answer *a)
{
	struct json_object *o = parse(text, size), *stream, *data, *end;
	bool good = true;

	memset(a, 0, sizeof(*a));
	if (!o)
		return false;
	stream = member(o, "stream", json_type_string);
	data = member(o, "data", json_type_string);
	end = member(o, "exit", json_type_int);
	if (end) {
		a->ends = true;
		a->status = json_object_get_int(end);
	} else if (stream && data) {
		a->error = !strcmp(json_object_get_string(stream), "stderr");
		a->size = json_object_get_string_len(data);
		a->data = malloc(a->size + 1);
		good = a->data;
		if (good)
			memcpy(a->data, json_object_get_string(data), a->size);
	} else {
		good = false;
	}
	json_object_put(o);
	return good;
}

void answer__free(struct answer *a)
{
	free(a->data);
	a->data = NULL;
}

int answer__send(int fd, int flags, bool error, const char *data, size_t size)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "stream", json_object_new_string(error ? "stderr" : "stdout"));
	json_object_object_add(o, "data", json_object_new_string_len(data, size));
	return transmit(fd, flags, o);
}

int answer__send_end(int fd, int flags, enum status status)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "exit", json_object_new_int(status));
	return transmit(fd, flags, o);
}
