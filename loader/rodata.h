/* SPDX-License-Identifier: GPL-2.0-only */
/* Load-time switches of a program that is loaded: they are in its .rodata and nowhere else. */
#ifndef LOADER_RODATA_H
#define LOADER_RODATA_H

#include "util.h"

/* -errno; -ENOENT: the program has no such variable. */
int rodata__read(int program, const char *name, void *value, size_t size);

#endif
