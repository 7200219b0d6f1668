// SPDX-License-Identifier: GPL-2.0-only
#include "gates.h"
#include "check.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STALE	10		/* s; whoever looks after a gate doesn't mostly take so long */

void gates__init(struct gates *g)
{
	memset(g, 0, sizeof(*g));
	g->map = -1;
}

const char *gate__check(const struct listed_rule *rule)
{
	const char *at;

	if (!(rule->flags & EG_RULE_GATE))
		return NULL;
	/* The last of a rule, and the only thing in it that may stand in quotes. */
	at = strstr(rule->text, CHECK_MARK);
	return at ? at + strlen(CHECK_MARK) : NULL;
}

static bool is_known(const struct gates *g, __u64 id)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->list[i].id == id)
			return true;
	return false;
}

/* Their texts are where they are written down; the programs only know hashes of them. */
static int read_checks(struct gates *g, const struct instance *in)
{
	struct rulelist rules;
	int err;

	err = rulelist__read(&rules, in);
	if (err)
		return err;
	g->list = calloc(rules.count ?: 1, sizeof(*g->list));
	err = g->list ? 0 : -ENOMEM;
	for (size_t i = 0; !err && i < rules.count; i++) {
		const char *text = gate__check(&rules.list[i]);

		if (!text || is_known(g, rules.list[i].gate))
			continue;
		err = check__parse(&g->list[g->count++], text);
	}
	rulelist__free(&rules);
	return err;
}

int gates__open(struct gates *g, const struct instance *in)
{
	int err;

	gates__init(g);
	if (!in->meta.gates || in->maps[PIN_GATES] < 0)
		return 0;
	g->every = in->meta.check_every;
	g->lease = in->meta.check_lease;
	g->map = fcntl(in->maps[PIN_GATES], F_DUPFD_CLOEXEC, 0);
	err = g->map < 0 ? -errno : read_checks(g, in);
	if (err)
		gates__close(g);
	return err;
}

void gates__close(struct gates *g)
{
	for (size_t i = 0; i < g->count; i++)
		free(g->list[i].name);
	free(g->list);
	close_fd(&g->map);
	gates__init(g);
}

void gate__read(int map, __u64 key, struct gate *g)
{
	__u64 now = boottime_ns();
	struct eg_gate gate;

	memset(g, 0, sizeof(*g));
	g->checked = UINT64_MAX;
	if (map < 0 || bpf_map_lookup_elem(map, &key, &gate))
		return;
	g->open = gate.until > now;
	if (gate.checked)
		g->checked = gate.checked < now ? (now - gate.checked) / 1000000000 : 0;
	memcpy(g->why, gate.why, sizeof(gate.why));
}

void gate__print(const struct gate *g, char text[GATE_TEXT])
{
	const char *state = g->open ? "open" : "shut", *mark = *g->why ? ": " : "";

	if (g->checked == UINT64_MAX)
		snprintf(text, GATE_TEXT, "%s%s%s; it has not been checked, which 'echogate run' does",
			 state, mark, g->why);
	else if (g->checked < STALE)
		snprintf(text, GATE_TEXT, "%s%s%s", state, mark, g->why);
	else
		snprintf(text, GATE_TEXT, "%s%s%s; last checked %llu s ago%s", state, mark, g->why,
			 (unsigned long long)g->checked,
			 g->open ? "" : ", which 'echogate run' does");
}

struct json_object *gate__json(const struct gate *g, const char *check)
{
	struct json_object *o = json_object_new_object();

	json__add_string(o, "while", check);
	json__add_bool(o, "open", g->open);
	json__add_string_or_null(o, "why", g->why);
	json_object_object_add(o, "checked_seconds_ago", g->checked == UINT64_MAX ? NULL :
			       json_object_new_uint64(g->checked));
	return o;
}

int gates__clear_out(int map)
{
	__u64 keys[2], now = boottime_ns();
	struct eg_gate gate;
	bool more;
	int err = 0;

	more = !bpf_map_get_next_key(map, NULL, &keys[0]);
	while (more && !err) {
		more = !bpf_map_get_next_key(map, &keys[0], &keys[1]);
		if (!bpf_map_lookup_elem(map, &keys[0], &gate) && gate.until < now &&
		    bpf_map_delete_elem(map, &keys[0]) && errno != ENOENT)
			err = -errno;
		keys[0] = keys[1];
	}
	return err;
}
