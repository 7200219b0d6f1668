/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A filter of libpcap's language, run here on packets that have been captured. Opaque: its header
 * and the kernel's don't get along.
 */
#ifndef LOADER_FILTER_H
#define LOADER_FILTER_H

#include "util.h"

struct filter;

/* @text must stay. NULL in place of a filter: everything passes. Reports. */
enum status filter__compile(struct filter **out, const char *text);
void filter__free(struct filter *f);

const char *filter__text(const struct filter *f);

/* Why it can't be for packets of devices without link header; NULL: it can. */
const char *filter__needs_link(const struct filter *f);

/* @length is that of the packet before it was cut to @captured; @l3: it has no link header. */
bool filter__passes(const struct filter *f, bool l3, const __u8 *data, __u32 captured,
		    __u32 length);

#endif
