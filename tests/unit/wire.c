// SPDX-License-Identifier: GPL-2.0-only
/* Messages of the control socket: what is understood, what isn't and why, and what is sent. */
#include "vectors/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/wire.h"

/* Of a copy that ends where the text ends. */
static const char *decode(const char *text, size_t size, struct request *r)
{
	char *copy = malloc(size ?: 1);
	const char *wrong;

	assert_non_null(copy);
	memcpy(copy, text, size);
	wrong = request__decode(copy, size, r);
	free(copy);
	return wrong;
}

static void test_request(void **state)
{
	const char *text = "{\"version\":1,\"command\":[\"stats\",\"h0\",\"--json\"],"
			   "\"directory\":\"/root\",\"terminal\":true}";
	struct request r;

	(void)state;
	assert_null(decode(text, strlen(text), &r));
	assert_int_equal(r.argc, 3);
	assert_string_equal(r.argv[0], "stats");
	assert_string_equal(r.argv[2], "--json");
	assert_null(r.argv[3]);
	assert_string_equal(r.directory, "/root");
	assert_true(r.terminal);
	request__free(&r);
	text = " {\"command\":[\"rules\"],\"version\":1} ";
	assert_null(decode(text, strlen(text), &r));
	assert_null(r.directory);
	assert_false(r.terminal);
	request__free(&r);
}

static void test_halves(void **state)
{
	const char *text = "{\"version\":1,\"command\":[\"stats\",\"h\\u0030\"],"
			   "\"directory\":\"/\"}";
	struct request r;

	(void)state;
	for (size_t size = 0; size < strlen(text); size++)
		assert_string_equal(decode(text, size, &r), "it is no JSON object");
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text, *wrong;
	} list[] = {
		{ "", "it is no JSON object" },
		{ "[]", "it is no JSON object" },
		{ "\"stats\"", "it is no JSON object" },
		{ "stats", "it is no JSON object" },
		{ "{\"version\":1,\"command\":[\"a\"]} x", "it is no JSON object" },
		{ "{\"version\":1,\"command\":[\"a\"]}{}", "it is no JSON object" },
		{ "{\"version\":1,\"command\":[\"a\"],\"x\":[[[[[1]]]]]}", "it is no JSON object" },
		{ "{}", "its version isn't 1" },
		{ "{\"version\":2,\"command\":[\"a\"]}", "its version isn't 1" },
		{ "{\"version\":\"1\",\"command\":[\"a\"]}", "its version isn't 1" },
		{ "{\"version\":1}", "it names no command" },
		{ "{\"version\":1,\"command\":[]}", "it names no command" },
		{ "{\"version\":1,\"command\":\"a\"}", "it names no command" },
		{ "{\"version\":1,\"command\":[1]}", "an argument is no text" },
		{ "{\"version\":1,\"command\":[\"a\",null]}", "an argument is no text" },
		{ "{\"version\":1,\"command\":[\"a\\u0000b\"]}", "an argument is no text" },
		{ "{\"version\":1,\"command\":[\"a\"],\"directory\":\"/\\u0000\"}",
		  "the directory is no text" },
	};
	struct request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		const char *wrong = decode(list[i].text, strlen(list[i].text), &r);

		if (!wrong || strcmp(wrong, list[i].wrong))
			fail_msg("%s: %s", list[i].text, wrong ?: "understood");
	}
}

static void test_sending(void **state)
{
	char *argv[] = { "apply", "a \"b\"\n/\x01\xc3\xa9", NULL }, *many[2] = { NULL };
	struct request sent = { .argc = 2, .argv = argv, .directory = "/x" }, r;
	char text[WIRE_MAX], data[WIRE_PIECE];
	struct answer a;
	ssize_t size;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(request__send(ends[0], &sent), 0);
	size = recv(ends[1], text, sizeof(text), 0);
	assert_null(decode(text, size, &r));
	assert_int_equal(r.argc, 2);
	assert_string_equal(r.argv[1], argv[1]);
	assert_string_equal(r.directory, "/x");
	request__free(&r);

	/* The largest piece of output fits, however it is escaped. */
	memset(data, 1, sizeof(data));
	assert_int_equal(answer__send(ends[0], 0, true, data, sizeof(data)), 0);
	assert_int_equal(answer__send_end(ends[0], 0, NOT_ATTACHED), 0);
	size = recv(ends[1], text, sizeof(text), 0);
	assert_true(answer__decode(text, size, &a));
	assert_true(a.error && !a.ends);
	assert_int_equal(a.size, sizeof(data));
	assert_memory_equal(a.data, data, sizeof(data));
	answer__free(&a);
	size = recv(ends[1], text, sizeof(text), 0);
	assert_true(answer__decode(text, size, &a));
	assert_true(a.ends);
	assert_int_equal(a.status, NOT_ATTACHED);

	many[0] = malloc(WIRE_MAX + 1);
	memset(many[0], 'x', WIRE_MAX);
	many[0][WIRE_MAX] = 0;
	sent = (struct request){ .argc = 1, .argv = many };
	assert_int_equal(request__send(ends[0], &sent), -EMSGSIZE);
	free(many[0]);
	close(ends[1]);
	assert_int_equal(answer__send_end(ends[0], 0, DONE), -EPIPE);
	close(ends[0]);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *netns, *path;
	} list[] = {
		{ NULL, "/run/echogate.sock" },
		{ "", "/run/echogate.sock" },
		{ "blue", "/run/echogate-blue.sock" },
		{ "/run/netns/blue", "/run/echogate-blue.sock" },
		{ "/proc/12/ns/net", "/run/echogate--proc-12-ns-net.sock" },
		{ "../../etc/x", "/run/echogate-..-..-etc-x.sock" },
	};
	char name[200];
	struct sockaddr_un a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		assert_int_equal(wire__address(&a, list[i].netns), 0);
		assert_string_equal(a.sun_path, list[i].path);
	}
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = 0;
	assert_int_equal(wire__address(&a, name), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_sending),
		cmocka_unit_test(test_addresses),
	};

	return TAP_RUN("wire", tests);
}
