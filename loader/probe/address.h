/* SPDX-License-Identifier: GPL-2.0-only */
/* An address of either family, as sockets take it. */
#ifndef PROBE_ADDRESS_H
#define PROBE_ADDRESS_H

#include "util.h"

#include <sys/socket.h>

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* "fe80::1%eth0", with room for the end. */
#define ADDRESS_TEXT	(INET6_ADDRSTRLEN + 1 + IF_NAMESIZE)

socklen_t address__size(const union address *a);

/* The address itself, in network order, and how long it is. */
const void *address__bytes(const union address *a);
size_t address__length(int family);

__u16 address__port(const union address *a);
void address__set_port(union address *a, __u16 port);

/* Ports and, unless both have one, scopes don't count. */
bool address__equal(const union address *a, const union address *b);

bool address__is_loopback(const union address *a);

/* By a name, of the family if it isn't AF_UNSPEC. 0, or an error of getaddrinfo(). */
int address__look_up(const char *name, int family, union address *a);

/* The same, from numbers. -EINVAL. */
int address__parse(const char *text, int family, union address *a);

/* In numbers; returns @text, of ADDRESS_TEXT. */
const char *address__print(const union address *a, char *text);

/* "IPv4" or "IPv6". */
const char *family_name(int family);

#endif
