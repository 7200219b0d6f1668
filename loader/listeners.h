/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that get copies of packets from the stack: nothing of what is answered before it. */
#ifndef LOADER_LISTENERS_H
#define LOADER_LISTENERS_H

#include "util.h"

struct listener {
	int family;		/* AF_INET, AF_INET6: raw ICMP or ICMPv6; AF_PACKET */
	__u32 ifindex;		/* of AF_PACKET; 0: every interface */
	unsigned long inode;
	int pid;		/* 0: nobody can be found who holds it */
	char process[16];
};

/* Of the namespace the process is in; the caller frees *list. -errno. */
int listeners__read(struct listener **list, size_t *count);

#endif
