/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of commands, and what they share in reading their arguments. */
#ifndef LOADER_COMMAND_H
#define LOADER_COMMAND_H

#include "util.h"

#include <getopt.h>
#include <sys/types.h>

#define ECHOGATE_VERSION	"0.1.0"

/* Who may have the daemon run it: see control.h. */
enum access {
	ACCESS_ROOT,
	ACCESS_READ,		/* the group, too: it changes nothing, nor opens a file it is given */
	ACCESS_LOCAL,		/* nobody */
};

struct command {
	const char *name;
	const char *usage;	/* what follows the name */
	const char *help;	/* one line */
	const char *options;	/* a line for each, or NULL */
	enum status (*run)(const struct command *self, int argc, char **argv);
	enum access access;
};

extern const struct command commands[];
extern const size_t command_count;

/* This is run for somebody who must not change anything. */
extern bool only_looking;

/* Who wants it run: the caller, or whom the daemon does it for. */
extern uid_t asking_user;

/* By name or unique prefix. Reports, and returns NULL. */
const struct command *command__find(const char *name);

void command__print_help(const struct command *c);

/* Every command's options end with these. */
#define COMMON_OPTIONS                                \
	{ "verbose", no_argument, NULL, 'v' },        \
	{ "help", no_argument, NULL, 'h' },           \
	{ NULL, 0, NULL, 0 }

/* What command__option() returns beside the options' own values. */
#define OPTION_END	(-1)
#define OPTION_HELP	(-2)	/* printed; the command is done */
#define OPTION_WRONG	(-3)	/* reported; USAGE */

/* The next option. Handles COMMON_OPTIONS itself. @shorts: "m:", without v and h. */
int command__option(const struct command *c, int argc, char **argv, const char *shorts,
		    const struct option *longs);

/* The line that follows a mistake in the arguments of a command. Reports. */
__attribute__((format(printf, 2, 3)))
enum status command__wrong(const struct command *c, const char *fmt, ...);

enum status cmd_attach(const struct command *self, int argc, char **argv);
enum status cmd_apply(const struct command *self, int argc, char **argv);
enum status cmd_confirm(const struct command *self, int argc, char **argv);
enum status cmd_rollback(const struct command *self, int argc, char **argv);
enum status cmd_rules(const struct command *self, int argc, char **argv);
enum status cmd_detach(const struct command *self, int argc, char **argv);
enum status cmd_status(const struct command *self, int argc, char **argv);
enum status cmd_stats(const struct command *self, int argc, char **argv);
enum status cmd_top(const struct command *self, int argc, char **argv);
enum status cmd_maps(const struct command *self, int argc, char **argv);
enum status cmd_capture(const struct command *self, int argc, char **argv);
enum status cmd_explain(const struct command *self, int argc, char **argv);
enum status cmd_run(const struct command *self, int argc, char **argv);
enum status cmd_doctor(const struct command *self, int argc, char **argv);
enum status cmd_object(const struct command *self, int argc, char **argv);
enum status cmd_probe(const struct command *self, int argc, char **argv);
enum status cmd_bench(const struct command *self, int argc, char **argv);
enum status cmd_version(const struct command *self, int argc, char **argv);
enum status cmd_help(const struct command *self, int argc, char **argv);

#endif
