/* SPDX-License-Identifier: GPL-2.0-only */
/* Having the daemon do what this process may not. */
#ifndef LOADER_ASK_H
#define LOADER_ASK_H

#include "command.h"

/*
 * If the privileges for a command are missing here, and there is a daemon for the namespace: it
 * runs the command, whose output is printed here. True then, with *st what came of it. Reports.
 */
bool ask__instead(const struct command *self, int argc, char **argv, const char *netns,
		  enum status *st);

#endif
