/* SPDX-License-Identifier: GPL-2.0-only */
/* Echo requests, as bytes; and what of their data comes back wrong. */
#ifndef PROBE_ECHO_H
#define PROBE_ECHO_H

#include "probe.h"

#define ECHO_HEADER	8

/* The Internet checksum of a message whose own field is zero; 0 for one that is right as it is. */
__u16 echo__checksum(const void *message, size_t size);

/* Writes ECHO_HEADER + @size bytes. The checksum of ICMPv6 is left to the kernel: it has addresses. */
void echo__build(void *message, int family, __u16 id, __u16 seq, const struct pattern *p,
		 size_t size);

/* Its checksum, after its bytes have been changed. */
void echo__finish(void *message, int family, size_t size);

/* Gives a message that echo__build() made another number, and its checksum what that takes. */
void echo__renumber(void *message, int family, __u16 seq);

/* The byte that belongs there. */
__u8 pattern__byte(const struct pattern *p, size_t at);

/* Where @data first differs from what was sent; @size if it doesn't. */
size_t pattern__differs(const struct pattern *p, const __u8 *data, size_t size);

#endif
