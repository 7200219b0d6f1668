/* SPDX-License-Identifier: GPL-2.0-only */
/* A host under way: its last requests, and what has come of all of them. */
#ifndef PROBE_TARGET_H
#define PROBE_TARGET_H

#include "host.h"
#include "samples.h"

/* When a request was sent, by each clock: ns, 0 if that one isn't known. */
struct request {
	__u64 number;			/* from 1 on; on the wire its low 16 bits */
	__u64 monotonic;
	__u64 real;			/* CLOCK_REALTIME, which the kernel stamps packets by */
	__u64 hardware;			/* the interface's own */
	bool answered;
	bool settled;			/* answered, or refused by an error */
};

/* Which clock a round-trip time is by. */
enum clock_used { CLOCK_USED_OWN, CLOCK_USED_KERNEL, CLOCK_USED_HARDWARE, CLOCK_USED_COUNT };

extern const char *const clock_names[CLOCK_USED_COUNT];

struct target {
	const struct host *host;
	struct request *window;		/* by number, the newest `slots` */
	__u32 slots;			/* a power of two, 65536 at most */
	__u64 sent;			/* what the kernel took; it is the last request's number, too */
	__u64 failed;			/* what it refused: too long, no room, no route any more */
	__u64 received;			/* requests that were answered */
	__u64 duplicates;		/* replies to a request that was answered already */
	__u64 reordered;		/* answered after a later one (RFC 4737) */
	__u64 corrupted;		/* replies with wrong checksum, length or data */
	__u64 errors;			/* ICMP errors that quote a request */
	__u64 highest;			/* number of the latest request that was answered */
	__u64 open;			/* neither answered nor refused yet */
	__u64 clocks[CLOCK_USED_COUNT];	/* how many round-trip times are by each */
	struct samples rtt;
	char last_error[160];		/* in words; "": none */
	int last_errno;			/* why the last request couldn't be sent; 0: it could */
	bool given_up;
};

/* @slots requests at least are remembered, @samples times kept for percentiles. -ENOMEM. */
int target__init(struct target *t, const struct host *h, size_t slots, size_t samples);
void target__free(struct target *t);

/* The next request is on its way; its times are the caller's to note. */
struct request *target__send(struct target *t);

/* It isn't: as if target__send() had not been. */
void target__unsend(struct target *t, struct request *r);

/* The newest request with this number on the wire; NULL if it is forgotten, or never was. */
struct request *target__find(struct target *t, __u16 seq);
struct request *target__find_number(struct target *t, __u64 number);

/* A reply came; false: it is a duplicate. */
bool target__answer(struct target *t, struct request *r);

/* An error came. */
void target__refuse(struct target *t, struct request *r);

/*
 * The round-trip time by the best clock that has both ends. No time may be longer than the
 * monotonic clock says that it can have been: then that is taken, since somebody set the other one.
 */
__u64 request__rtt(const struct request *r, __u64 monotonic, __u64 real, __u64 hardware,
		   enum clock_used *used);

#endif
