/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `echogate bench` tells the program that writes packets for another one under
 * BPF_PROG_TEST_RUN (drive.bpf.c): one that changes its packet must never see the same bytes twice.
 */
#ifndef EG_DRIVE_H
#define EG_DRIVE_H

#include <echogate/env.h>

/* Bytes of a frame that are written anew each time; the second part where there is so much. */
#define EG_DRIVE_HEAD 64
#define EG_DRIVE_MORE 16

/* Where frames whose source varies have it: Ethernet, an IP header without options, ICMP. */
#define EG_DRIVE_IP4_SUM   24
#define EG_DRIVE_SOURCE4   26
#define EG_DRIVE_SOURCE6   34 /* the last word of it */
#define EG_DRIVE_ICMP6_SUM 56

/* What tc returns when the packet went to nobody; XDP_ABORTED in XDP. No verdict is either. */
#define EG_DRIVE_LOST 99

/* Whom the packet goes to: an index of eg_drive_targets. */
enum eg_drive_target { EG_DRIVE_BARE, EG_DRIVE_TESTED, EG_DRIVE_TARGETS };

struct eg_drive {
	__u64 head[(EG_DRIVE_HEAD + EG_DRIVE_MORE) / 8];
	__u64 random;  /* state; not 0 */
	__u64 sources; /* 1: the one in the head */
	__u32 first;   /* the lowest of them, IPv6: its last word; host order */
	__u32 sum;     /* of what the checksum covers but for source and itself */
	__u32 length;  /* of the frame, bytes */
	__u32 grown;   /* by so much the program lengthens it in front of the IP header */
	__u32 target;  /* enum eg_drive_target */
	__u8 ipv4;
	__u8 pad[3];
};

#endif
