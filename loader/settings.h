/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings file of `attach --config`. */
#ifndef LOADER_SETTINGS_H
#define LOADER_SETTINGS_H

#include "util.h"
#include "echogate/abi.h"

struct settings {
	bool swap;			/* reply-path swap, not fib */
	char path[EG_META_PATH];	/* absolute; "" without a file */
};

/* @path may be NULL: the defaults. Reports. */
enum status settings__read(const char *path, struct settings *s);

#endif
