/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LOADER_PRIVILEGES_H
#define LOADER_PRIVILEGES_H

#include "util.h"

/*
 * Keeps no more than changing what is attached takes: CAP_BPF, CAP_NET_ADMIN, and CAP_PERFMON,
 * without which the verifier guards programs against speculation that then are slower than
 * those of other commands. Other namespaces can't be entered any more. Reports.
 */
enum status privileges__drop(void);

/* Keeps none. Reports. */
enum status privileges__drop_all(void);

#endif
