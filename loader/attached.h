/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that take [IFACE...] [--netns NAME] and do one thing to each that is attached. */
#ifndef LOADER_ATTACHED_H
#define LOADER_ATTACHED_H

#include "command.h"
#include "instance.h"

/*
 * One interface. `named`: on the command line, so that having nothing to do is an error.
 * Counts in *done. Reports.
 */
typedef enum status attached_fn(const struct scope *scope, struct instance *in, bool named,
				size_t *done);

/*
 * Reads the arguments, takes the lock, puts in order what was left, and calls @one for each; @nothing
 * is what is reported if that was nothing to any of them. Reports.
 */
enum status attached__each(const struct command *self, int argc, char **argv, attached_fn *one,
			   const char *nothing);

#endif
