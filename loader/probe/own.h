/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether what is sent to an address stays on this machine. */
#ifndef PROBE_OWN_H
#define PROBE_OWN_H

#include "address.h"

struct probe_options;

/*
 * It does if it is loopback, or the caller's own network namespace says that packets to the address
 * end there, and no interface has been chosen for them. Other namespaces, below /run/netns and of
 * processes, may have the address while the way from here leads elsewhere: of those that may be
 * entered and say so, each gets a datagram with a secret, sent from here as the options say, and the
 * address is ours if it arrives. @where gets who has it: "this namespace", "namespace blue", "the
 * namespace of process 123".
 */
bool own__address(const union address *a, const struct probe_options *o, char *where, size_t size);

#endif
