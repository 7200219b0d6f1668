// SPDX-License-Identifier: GPL-2.0-only
#include "ask.h"
#include "command.h"
#include "gates.h"
#include "instance.h"
#include "json.h"
#include "rulelist.h"
#include "ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Text -------------------------------------------------------------------------- */

#define MARGIN	"                                   "	/* as wide as two counts */

static bool is_text_of(const char *line, size_t len, const char *text)
{
	size_t indent = strspn(line, " \t");

	return strlen(text) == len - indent && !memcmp(line + indent, text, len - indent);
}

/* Behind its rule, where it is a comment. */
static void print_gate(const struct instance *in, const struct listed_rule *rule)
{
	char state[GATE_TEXT];
	struct gate gate;

	gate__read(in->maps[PIN_GATES], rule->gate, &gate);
	gate__print(&gate, state);
	printf("  # %s", state);
}

/*
 * With counts, those of a rule stand in front of it: rules are in the text in the order of
 * the list. In a block for the interface several texts may stand in one file.
 */
static void print_text(const struct instance *in, const struct rulelist *l, bool in_block,
		       bool stats)
{
	const char *margin = stats ? MARGIN : "", *indent = in_block ? "\t" : "", *text = l->text;
	size_t len, next = 0;

	if (stats)
		printf("%14s %18s\n", "packets", "bytes");
	if (in_block) {
		printf("%sinterface ", margin);
		ifname__print(stdout, in->ifname);
		puts(" {");
	}
	for (; *text; text += len + (text[len] == '\n')) {
		const struct listed_rule *rule = NULL;

		len = strcspn(text, "\n");
		if (stats && next < l->count && is_text_of(text, len, l->list[next].text)) {
			rule = &l->list[next++];
			printf("%14llu %18llu  ", (unsigned long long)rule->count.packets,
			       (unsigned long long)rule->count.bytes);
		} else {
			fputs(margin, stdout);
		}
		printf("%s%.*s", indent, (int)len, text);
		if (rule && gate__check(rule))
			print_gate(in, rule);
		putchar('\n');
	}
	if (in_block)
		printf("%s}\n", margin);
}

/* JSON -------------------------------------------------------------------------- */

static struct json_object *json_instance(const struct instance *in, const struct rulelist *l)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array(), *rule;
	const char *check;
	struct gate gate;

	json__add_place(o, in);
	json__add_string_or_null(o, "config", in->meta.config);
	json__add_number(o, "generation", in->meta.generation);
	for (size_t i = 0; i < l->count; i++) {
		rule = json__rule(&l->list[i]);
		json__add_string(rule, "direction", direction_names[l->list[i].direction]);
		check = gate__check(&l->list[i]);
		if (check) {
			gate__read(in->maps[PIN_GATES], l->list[i].gate, &gate);
			json_object_object_add(rule, "gate", gate__json(&gate, check));
		}
		json_object_array_add(list, rule);
	}
	json_object_object_add(o, "rules", list);
	return o;
}

/* The command -------------------------------------------------------------------- */

enum status cmd_rules(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "stats", no_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		COMMON_OPTIONS
	};
	struct json_object *list = NULL;
	struct scope scope = SCOPE_INIT;
	bool json = false, stats = false;
	struct instances all = {};
	const char *netns = NULL;
	struct rulelist rules;
	enum status st, first;
	int o, err;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			netns = optarg;
			break;
		case 's':
			stats = true;
			break;
		case 'j':
			json = true;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	if (ask__instead(self, argc, argv, netns, &st))
		return st;
	st = check_privileges() ?: scope__open(&scope, netns);
	if (st)
		goto cleanup;
	first = instances__select(&scope, argv + optind, argc - optind, SELECT_LIVE, &all);
	if (json)
		list = json_object_new_array();
	for (size_t i = 0; i < all.count; i++) {
		err = rulelist__read(&rules, &all.list[i]);
		if (err)
			st = report(status_of(err), "%s: its rules can't be read: %s",
				    all.list[i].ifname, why(err));
		else if (json)
			json_object_array_add(list, json_instance(&all.list[i], &rules));
		else
			print_text(&all.list[i], &rules, all.count > 1, stats);
		if (!err)
			rulelist__free(&rules);
		first = first ?: st;
	}
	st = first;
	/* An empty list is an answer too, for programs that asked for one. */
	json__print_interfaces(list, all.count || (st == NOT_ATTACHED && optind == argc));
cleanup:
	instances__free(&all);
	scope__close(&scope);
	return st;
}
