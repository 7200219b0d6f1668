// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool only_looking;
uid_t asking_user;

const struct command *command__find(const char *name)
{
	const struct command *found = NULL;
	char candidates[256] = "";
	size_t matches = 0;

	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		if (!strcmp(c->name, name))
			return c;
		if (!*name || strncmp(c->name, name, strlen(name)))
			continue;
		if (matches++)
			strncat(candidates, ", ", sizeof(candidates) - strlen(candidates) - 1);
		strncat(candidates, c->name, sizeof(candidates) - strlen(candidates) - 1);
		found = c;
	}
	if (matches == 1)
		return found;
	if (matches)
		report(USAGE, "command \"%s\" is ambiguous: %s", name, candidates);
	else
		report(USAGE, "unknown command \"%s\"; 'echogate help' lists them", name);
	return NULL;
}

void command__print_help(const struct command *c)
{
	printf("usage: echogate %s%s%s\n\n%s.\n", c->name, *c->usage ? " " : "", c->usage, c->help);
	if (c->options)
		printf("\n%s", c->options);
	printf("%s  -v, --verbose        show the messages of libbpf; twice: all of them\n"
	       "  -h, --help           this text\n", c->options ? "" : "\n");
}

enum status command__wrong(const struct command *c, const char *fmt, ...)
{
	char what[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return report(USAGE, "%s: %s; see 'echogate help %s'", c->name, what, c->name);
}

int command__option(const struct command *c, int argc, char **argv, const char *shorts,
		    const struct option *longs)
{
	char all[64];
	int o;

	opterr = 0;
	snprintf(all, sizeof(all), ":hv%s", shorts);
	for (;;) {
		int at = optind;

		o = getopt_long(argc, argv, all, longs, NULL);
		switch (o) {
		case -1:
			return OPTION_END;
		case 'v':
			verbosity++;
			break;
		case 'h':
			command__print_help(c);
			return OPTION_HELP;
		case ':':
			command__wrong(c, "option %s needs a value", argv[optind - 1]);
			return OPTION_WRONG;
		case '?':
			/* Within a cluster like -vx getopt hasn't moved on yet. */
			if (optopt && !strncmp(argv[optind - 1 < at ? at : optind - 1], "--", 2))
				command__wrong(c, "option %s takes no value", argv[optind - 1]);
			else if (optopt)
				command__wrong(c, "unknown option -%c", optopt);
			else
				command__wrong(c, "unknown or ambiguous option %s",
					       argv[optind - 1]);
			return OPTION_WRONG;
		default:
			return o;
		}
	}
}
