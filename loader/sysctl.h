/* SPDX-License-Identifier: GPL-2.0-only */
/* Network sysctls of the namespace the process is in. Silent: -errno. */
#ifndef LOADER_SYSCTL_H
#define LOADER_SYSCTL_H

#include "util.h"

/* @path is below /proc/sys/net. */
int sysctl__write(const char *path, const char *value);

/* A number, or @otherwise if it isn't there. */
long sysctl__number(const char *path, long otherwise);

/* True if a list like "0-1,3-127" holds @n. */
bool sysctl__list_has(const char *path, unsigned long n);

#endif
