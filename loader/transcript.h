/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is written about packets: a line for each, an object of JSON for each, or a capture file
 * with the packets themselves.
 */
#ifndef LOADER_TRANSCRIPT_H
#define LOADER_TRANSCRIPT_H

#include "filter.h"
#include "pcapng.h"
#include "rulelist.h"
#include "tap.h"

enum form { FORM_TEXT, FORM_JSON, FORM_PCAPNG };

struct view;

struct transcript {
	FILE *to;
	enum form form;
	const struct filter *filter;
	struct pcapng file;
	struct view *views;		/* of the interfaces, in their order */
	size_t count;
	__u64 number;			/* packets in the file so far */
	__u64 written;			/* without replies */
	__u8 *buffer;			/* a packet with the tag that was beside it */
};

/* The interfaces stay the caller's, and must live on. Writes how it begins. Reports. */
enum status transcript__open(struct transcript *t, FILE *to, enum form form,
			     const struct filter *filter, struct instances *all, __u32 snap);

/* One packet of the nth interface, and its reply, if the filter lets it pass. */
void transcript__add(struct transcript *t, size_t nth, const struct tap_packet *p);

/* At the end, for the nth interface. */
void transcript__statistics(struct transcript *t, size_t nth, const struct eg_tap_count *count);
void transcript__close(struct transcript *t);

#endif
