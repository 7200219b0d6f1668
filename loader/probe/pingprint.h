/* SPDX-License-Identifier: GPL-2.0-only */
/* What ping says: its own familiar lines, and JSON. */
#ifndef PROBE_PINGPRINT_H
#define PROBE_PINGPRINT_H

#include "inbox.h"
#include "target.h"

/* All that the statistics are made of. */
struct ping_result {
	const struct probe_options *options;
	struct target *targets;
	size_t count;
	__u64 elapsed;			/* ns */
	__u64 malformed;		/* replies that nobody could be told to be of */
	__u64 strays;			/* replies to nothing that was asked, or forgotten since */
};

/* "PING HOST (ADDRESS) 56(84) bytes of data." */
void pingprint__begin(const struct probe_options *o, const struct hosts *hosts);

/* What is the matter with a reply, beside what its checksum says. */
struct corruption {
	bool length;			/* there isn't as much data as was sent */
	size_t at;			/* the first wrong byte, if it is below the data's size */
	__u8 sent, came;
};

void pingprint__reply(const struct target *t, const struct arrival *a, __u64 number, __u64 rtt,
		      bool duplicate, const struct corruption *c);

/* An error that quotes a request of ours; an arrival that is malformed. */
void pingprint__error(const struct ping_result *p, const struct target *t, const struct arrival *a,
		      __u64 number);
void pingprint__malformed(const struct arrival *a);

/* One line on stderr, as ping's on SIGQUIT. */
void pingprint__glance(const struct ping_result *p);

/* The statistics, as text or JSON. */
void pingprint__end(const struct ping_result *p);

#endif
