/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of commands that are printed for people to run. */
#ifndef LOADER_QUOTE_H
#define LOADER_QUOTE_H

#include "util.h"

/*
 * @word for the shell: names of interfaces and tables may hold anything, and whoever gave them
 * must not choose what is run. What doesn't fit, or a terminal would obey, becomes ''.
 */
void quote(char *to, size_t size, const char *word);

#endif
