/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words to the service manager: sd_notify(3) without its library. Without one that listens,
 * nothing happens.
 */
#ifndef LOADER_NOTIFY_H
#define LOADER_NOTIFY_H

#include "util.h"

/* To be called in the namespaces that the service manager is in. */
void notify__open(void);

/* Lines like "READY=1", with a newline between them. */
__attribute__((format(printf, 1, 2)))
void notify(const char *fmt, ...);

/* How often the service manager wants to hear WATCHDOG=1, ns; 0: never. */
__u64 notify__watchdog(void);

#endif
