/* SPDX-License-Identifier: GPL-2.0-only */
/* For commands that go on until somebody wants an end of it: SIGINT, SIGTERM, SIGHUP, SIGQUIT. */
#ifndef LOADER_INTERRUPT_H
#define LOADER_INTERRUPT_H

#include <stdbool.h>
#include <linux/types.h>

/* From here on these signals are only noted. */
void interrupt__catch(void);

bool interrupted(void);

/* -EINTR if it was wanted meanwhile, or before. */
int interrupt__sleep(__u64 ns);

#endif
