// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"
#include "language.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_MAX	255		/* systemd.unit(5) */
#define PATH_MAX_BYTES	4095

static const char *const kinds[] = {
	[CHECK_UNIT] = "unit", [CHECK_FILE] = "file", [CHECK_TCP] = "tcp",
};

/* The name, or what is wrong with it. `*out` is NULL without memory. */
static const char *read_unit(const char *name, char **out)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789:-_.\\@";

	if (!*name || *name == '.' || strlen(name) > UNIT_MAX || name[strspn(name, allowed)])
		return "this can't be the name of a unit; expected one of 'systemctl list-units'";
	if (asprintf(out, "%s%s", name, strchr(name, '.') ? "" : ".service") < 0)
		*out = NULL;
	return NULL;
}

static const char *read_path(const char *name, const char *directory, char **out)
{
	if (!*name || strlen(name) > PATH_MAX_BYTES || strchr(name, '\n'))
		return "this can't be the path of a file; expected one, in quotes if it has odd characters";
	if (asprintf(out, "%s%s%s", *name == '/' ? "" : directory,
		     *name == '/' || !strcmp(directory, "/") ? "" : "/", name) < 0)
		*out = NULL;
	return NULL;
}

int check__address(const char *name, struct sockaddr_storage *addr, socklen_t *length)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)addr;
	struct sockaddr_in *four = (struct sockaddr_in *)addr;
	const char *colon = strrchr(name, ':');
	char host[INET6_ADDRSTRLEN + 1];
	unsigned long port;
	size_t len;
	char *end;

	memset(addr, 0, sizeof(*addr));
	if (!colon || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	len = colon - name;
	if (*end || !port || port > 65535 || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, name, len);
	host[len] = 0;
	if (*host == '[' && host[len - 1] == ']') {
		host[len - 1] = 0;
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		*length = sizeof(*six);
		return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1 ? 0 : -EINVAL;
	}
	four->sin_family = AF_INET;
	four->sin_port = htons(port);
	*length = sizeof(*four);
	return inet_pton(AF_INET, host, &four->sin_addr) == 1 ? 0 : -EINVAL;
}

static const char *read_address(const char *name, char **out)
{
	const struct sockaddr_in6 *six;
	const struct sockaddr_in *four;
	struct sockaddr_storage addr;
	char host[INET6_ADDRSTRLEN];
	socklen_t length;
	int n;

	if (check__address(name, &addr, &length))
		return "this is no address with a port; expected as 198.18.5.1:80 or [fd00::1]:80";
	four = (const struct sockaddr_in *)&addr;
	six = (const struct sockaddr_in6 *)&addr;
	if (addr.ss_family == AF_INET)
		n = asprintf(out, "%s:%u", inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host)),
			     ntohs(four->sin_port));
	else
		n = asprintf(out, "[%s]:%u", inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host)),
			     ntohs(six->sin6_port));
	if (n < 0)
		*out = NULL;
	return NULL;
}

const char *check__read(struct check *c, enum check_kind kind, const char *name,
			const char *directory, int *err)
{
	const char *wrong = NULL;

	c->kind = kind;
	c->name = NULL;
	switch (kind) {
	case CHECK_UNIT:
		wrong = read_unit(name, &c->name);
		break;
	case CHECK_FILE:
		wrong = read_path(name, directory, &c->name);
		break;
	case CHECK_TCP:
		wrong = read_address(name, &c->name);
		break;
	case CHECK_NONE:
		break;
	}
	*err = wrong || c->name ? 0 : -ENOMEM;
	if (c->name) {
		c->id = hash_bytes(HASH_START, kinds[kind], strlen(kinds[kind]) + 1);
		c->id = hash_bytes(c->id, c->name, strlen(c->name));
	}
	return wrong;
}

int check__parse(struct check *c, const char *text)
{
	struct slice name = { strchr(text, ' '), 0 };
	const char *wrong = NULL;
	char *plain;
	int err;

	memset(c, 0, sizeof(*c));
	for (int k = CHECK_UNIT; k <= CHECK_TCP; k++)
		if (name.at && slice__is((struct slice){ text, name.at - text }, kinds[k]))
			c->kind = k;
	if (c->kind == CHECK_NONE)
		return -EINVAL;
	name.at++;
	name.length = strlen(name.at);
	if (*name.at == '"' && name.length >= 2)
		plain = slice__unquote((struct slice){ name.at + 1, name.length - 2 });
	else
		plain = strdup(name.at);
	if (!plain)
		return -ENOMEM;
	wrong = check__read(c, c->kind, plain, "/", &err);
	free(plain);
	return wrong ? -EINVAL : err;
}

/* What the scanner takes for one word. */
static bool is_plain(const char *text)
{
	for (const char *t = text; *t; t++)
		if (*t <= ' ' || *t > '~' || strchr(";,{}#\"\\", *t))
			return false;
	return *text;
}

void check__print(FILE *f, const struct check *c)
{
	fprintf(f, "%s ", kinds[c->kind]);
	if (is_plain(c->name))
		fputs(c->name, f);
	else
		print_quoted(f, c->name);
}

char *check__text(const struct check *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	check__print(f, c);
	fclose(f);
	return text;
}
