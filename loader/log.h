/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's log: lines on stderr, each with its priority as the journal reads it, "<3>...",
 * unless a terminal does. A line that comes again within a minute isn't printed again, but
 * counted, and the count told when the minute is over.
 */
#ifndef LOADER_LOG_H
#define LOADER_LOG_H

#include "util.h"

/* From now on report(), note() and tell() go there. */
void log__open(void);

/* On and off: tells what is to be told by now. */
void log__tick(void);

/* What follows is said for another reason than what came before: nothing is held back. */
void log__begin_anew(void);

#endif
