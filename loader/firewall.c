// SPDX-License-Identifier: GPL-2.0-only
#include "firewall.h"
#include "quote.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <json-c/json.h>

#define OUTPUT_MAX	(64UL << 20)
#define DEPTH_MAX	128

/* Running a command ------------------------------------------------------------------ */

static void become(const char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(127);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* All of a descriptor as text; the caller frees *text. */
static int read_all(int fd, char **text)
{
	size_t used = 0, room = 1 << 16;
	char *more;
	ssize_t n;

	*text = malloc(room + 1);
	if (!*text)
		return -ENOMEM;
	while ((n = read(fd, *text + used, room - used))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		used += n;
		if (used < room)
			continue;
		if (room >= OUTPUT_MAX)
			return -E2BIG;
		room *= 2;
		more = realloc(*text, room + 1);
		if (!more)
			return -ENOMEM;
		*text = more;
	}
	(*text)[used] = 0;
	return 0;
}

/* What a command prints; the caller frees *text. -ENOENT: it isn't there; -EIO: it failed. */
static int output_of(const char *const *argv, char **text)
{
	int ends[2], status = 0, err;
	pid_t pid;

	*text = NULL;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0) {
		err = -errno;
		close(ends[0]);
		close(ends[1]);
		return err;
	}
	if (!pid)
		become(argv, ends[1]);
	close(ends[1]);
	err = read_all(ends[0], text);
	close(ends[0]);
	if (err)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!err && status)
		err = WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EIO;
	if (err) {
		free(*text);
		*text = NULL;
	}
	return err;
}

/* nftables ---------------------------------------------------------------------------- */

static int add(struct firewall *fw, const struct firewall_rule *rule)
{
	struct firewall_rule *more = realloc(fw->rules, (fw->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	fw->rules = more;
	more[fw->count++] = *rule;
	return 0;
}

static bool is_icmp(const char *word)
{
	static const char *const words[] = { "icmp", "icmp6", "icmpv6", "ipv6-icmp" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

/* Whether ICMP is asked for; to reject with it is something else. */
static bool mentions_icmp(struct json_object *o)
{
	if (json_object_is_type(o, json_type_string))
		return is_icmp(json_object_get_string(o));
	if (json_object_is_type(o, json_type_array))
		for (size_t i = 0; i < json_object_array_length(o); i++)
			if (mentions_icmp(json_object_array_get_idx(o, i)))
				return true;
	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value)
			if (strcmp(key, "reject") && mentions_icmp(value))
				return true;
	}
	return false;
}

static const char *member(struct json_object *o, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(o, key));

	return text ?: "";
}

static bool same_chain(struct json_object *rule, struct json_object *chain)
{
	return !strcmp(member(rule, "family"), member(chain, "family")) &&
	       !strcmp(member(rule, "table"), member(chain, "table")) &&
	       !strcmp(member(rule, "chain"), member(chain, "name"));
}

/* An answered ping would have passed neither forward nor, as it isn't one, output. */
static bool sees_requests(struct json_object *all, struct json_object *rule)
{
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct json_object *o = json_object_array_get_idx(all, i), *chain;
		const char *hook;

		chain = json_object_object_get(o, "chain");
		if (!chain || !same_chain(rule, chain))
			continue;
		hook = member(chain, "hook");
		return strcmp(hook, "forward") && strcmp(hook, "output") &&
		       strcmp(hook, "postrouting") && strcmp(hook, "egress");
	}
	return true;
}

static int add_nft_rule(struct firewall *fw, struct json_object *rule)
{
	char table[80], chain[80];
	struct firewall_rule r;

	quote(table, sizeof(table), member(rule, "table"));
	quote(chain, sizeof(chain), member(rule, "chain"));
	snprintf(r.text, sizeof(r.text), "nftables %s %s %s, handle %s", member(rule, "family"),
		 table, chain, member(rule, "handle"));
	r.remove[0] = 0;
	if (*member(rule, "handle"))
		snprintf(r.remove, sizeof(r.remove), "nft delete rule %s %s %s handle %s",
			 member(rule, "family"), table, chain, member(rule, "handle"));
	return add(fw, &r);
}

int firewall__add_nft(struct firewall *fw, const char *json)
{
	struct json_tokener *tok = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *doc, *all, *rule;
	int err = 0;

	if (!tok)
		return -ENOMEM;
	doc = json_tokener_parse_ex(tok, json, -1);
	json_tokener_free(tok);
	all = json_object_is_type(doc, json_type_object) ?
		      json_object_object_get(doc, "nftables") : NULL;
	if (!json_object_is_type(all, json_type_array)) {
		json_object_put(doc);
		return -EINVAL;
	}
	for (size_t i = 0; !err && i < json_object_array_length(all); i++) {
		rule = json_object_array_get_idx(all, i);
		if (!json_object_is_type(rule, json_type_object))
			continue;
		rule = json_object_object_get(rule, "rule");
		if (rule && mentions_icmp(json_object_object_get(rule, "expr")) &&
		    sees_requests(all, rule))
			err = add_nft_rule(fw, rule);
	}
	json_object_put(doc);
	return err;
}

/* iptables' old kind --------------------------------------------------------------------- */

int firewall__add_legacy(struct firewall *fw, const char *command, const char *save)
{
	char line[512], table[32] = "", *rule;
	struct firewall_rule r;
	int err = 0;

	for (const char *p = save; !err && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t n = strcspn(p, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, p);
		if (*line == '*')
			copy_text(table, line + 1, sizeof(table));
		if (strncmp(line, "-A ", 3) || !strncmp(line + 3, "FORWARD ", 8) ||
		    !strncmp(line + 3, "OUTPUT ", 7) || !strncmp(line + 3, "POSTROUTING ", 12))
			continue;
		rule = line + 3;
		if (!strstr(rule, "-p icmp ") && !strstr(rule, "-p ipv6-icmp ") &&
		    !strstr(rule, "-p icmpv6 "))
			continue;
		snprintf(r.text, sizeof(r.text), "%s %.20s %.150s", command, table, rule);
		/* Saved rules are quoted as the shell wants it, but for what it would expand. */
		r.remove[0] = 0;
		if (!strpbrk(rule, "$`\\!") && n < 200)
			snprintf(r.remove, sizeof(r.remove), "%s -t %s -D %.200s", command, table,
				 rule);
		err = add(fw, &r);
	}
	return err;
}

/* Such tables have a file of their names in the namespace; nft doesn't see them. */
static int read_legacy(struct firewall *fw, const char *names, const char *command)
{
	char path[64], line[64], save[64], *text;
	int err;

	snprintf(path, sizeof(path), "/proc/self/net/%s", names);
	if (read_line(path, line, sizeof(line)) || !*line)
		return 0;
	snprintf(save, sizeof(save), "%s-save", command);
	err = output_of((const char *const[]){ save, NULL }, &text);
	if (err) {
		fw->legacy_error = err;
		return err == -ENOMEM ? err : 0;
	}
	err = firewall__add_legacy(fw, command, text);
	free(text);
	return err;
}

int firewall__read(struct firewall *fw)
{
	/* Without the elements of sets, which may be a million. */
	static const char *const nft[] = { "nft", "-j", "-t", "list", "ruleset", NULL };
	char *text;
	int err;

	memset(fw, 0, sizeof(*fw));
	err = output_of(nft, &text);
	if (!err)
		err = firewall__add_nft(fw, text);
	free(text);
	fw->nft_error = err;
	if (err != -ENOMEM)
		err = read_legacy(fw, "ip_tables_names", "iptables-legacy") ?:
		      read_legacy(fw, "ip6_tables_names", "ip6tables-legacy");
	if (err)
		firewall__free(fw);
	return err;
}

void firewall__free(struct firewall *fw)
{
	free(fw->rules);
	memset(fw, 0, sizeof(*fw));
}
