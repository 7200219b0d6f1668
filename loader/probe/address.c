// SPDX-License-Identifier: GPL-2.0-only
#include "address.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

socklen_t address__size(const union address *a)
{
	return a->sa.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
}

const void *address__bytes(const union address *a)
{
	return a->sa.sa_family == AF_INET ? (const void *)&a->in.sin_addr
					  : (const void *)&a->in6.sin6_addr;
}

size_t address__length(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

__u16 address__port(const union address *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

void address__set_port(union address *a, __u16 port)
{
	*(a->sa.sa_family == AF_INET ? &a->in.sin_port : &a->in6.sin6_port) = htons(port);
}

bool address__equal(const union address *a, const union address *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr) &&
	       (!a->in6.sin6_scope_id || !b->in6.sin6_scope_id ||
		a->in6.sin6_scope_id == b->in6.sin6_scope_id);
}

bool address__is_loopback(const union address *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

static int look_up(const char *name, int family, int flags, union address *a)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_DGRAM,
				  .ai_flags = flags }, *found = NULL;
	int err;

	err = getaddrinfo(name, NULL, &hints, &found);
	if (err)
		return err;
	memset(a, 0, sizeof(*a));
	memcpy(a, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

int address__look_up(const char *name, int family, union address *a)
{
	return look_up(name, family, 0, a);
}

int address__parse(const char *text, int family, union address *a)
{
	return look_up(text, family, AI_NUMERICHOST, a) ? -EINVAL : 0;
}

const char *address__print(const union address *a, char *text)
{
	if (getnameinfo(&a->sa, address__size(a), text, ADDRESS_TEXT, NULL, 0, NI_NUMERICHOST))
		copy_text(text, "?", ADDRESS_TEXT);
	return text;
}

const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}
