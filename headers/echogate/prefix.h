/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class of an address: which of the rules' lists of prefixes it belongs to
 * (loader/prefixtable.h builds, this looks up). IPv4 has a first table by the upper
 * 16 bits, which knows the class of everything up to /16 and which longer prefix
 * lengths occur below; IPv6 the same by a hash of the upper 32 bits. Longer
 * prefixes stand in buckets of one cache line, the longest is tried first.
 */
#ifndef ECHOGATE_PREFIX_H
#define ECHOGATE_PREFIX_H

#include "abi.h"

#endif
