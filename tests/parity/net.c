// SPDX-License-Identifier: GPL-2.0-only
/* The namespaces: sockets, the XDP program a veth end needs, counters. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>

#include "parity.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* As they stand in /proc/net/snmp ("Group Name") and snmp6. */
const char *const counter_names[COUNTER_COUNT] = {
	[IP_IN_RECEIVES] = "Ip: InReceives",
	[IP_IN_HDR_ERRORS] = "Ip: InHdrErrors",
	[IP_IN_ADDR_ERRORS] = "Ip: InAddrErrors",
	[IP_IN_UNKNOWN_PROTOS] = "Ip: InUnknownProtos",
	[IP_IN_DELIVERS] = "Ip: InDelivers",
	[IP_REASM_REQDS] = "Ip: ReasmReqds",
	[ICMP_IN_MSGS] = "Icmp: InMsgs",
	[ICMP_IN_ERRORS] = "Icmp: InErrors",
	[ICMP_IN_CSUM_ERRORS] = "Icmp: InCsumErrors",
	[ICMP_IN_ECHOS] = "Icmp: InEchos",
	[ICMP_IN_TIMESTAMPS] = "Icmp: InTimestamps",
	[IP6_IN_RECEIVES] = "Ip6InReceives",
	[IP6_IN_HDR_ERRORS] = "Ip6InHdrErrors",
	[IP6_IN_ADDR_ERRORS] = "Ip6InAddrErrors",
	[IP6_IN_UNKNOWN_PROTOS] = "Ip6InUnknownProtos",
	[IP6_IN_DELIVERS] = "Ip6InDelivers",
	[IP6_REASM_REQDS] = "Ip6ReasmReqds",
	[ICMP6_IN_MSGS] = "Icmp6InMsgs",
	[ICMP6_IN_ERRORS] = "Icmp6InErrors",
	[ICMP6_IN_CSUM_ERRORS] = "Icmp6InCsumErrors",
	[ICMP6_IN_ECHOS] = "Icmp6InEchos",
};

static void enter(const char *netns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("network namespace %s: %s", netns, strerror(errno));
	close(fd);
}

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

/*
 * A veth end hands on the frames that its peer sends with XDP_TX only while it
 * has a native program of its own.
 */
static int attach_pass(int ifindex)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const char license[] = "GPL";
	union bpf_attr attr;
	int prog, link;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.expected_attach_type = BPF_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = sizeof(insns) / sizeof(insns[0]);
	attr.license = (uintptr_t)license;
	prog = sys_bpf(BPF_PROG_LOAD, &attr);
	if (prog < 0)
		die("loading XDP_PASS: %s", strerror(errno));

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = prog;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = BPF_XDP;
	attr.link_create.flags = XDP_FLAGS_DRV_MODE;
	link = sys_bpf(BPF_LINK_CREATE, &attr);
	if (link < 0)
		die("attaching XDP_PASS: %s", strerror(errno));
	close(prog);
	return link;
}

/* Checksums must be complete in what the other end sees. */
static void no_checksum_offload(const char *interface)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = 0 };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(request.ifr_name, interface, sizeof(request.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		die("%s: transmit checksum offload: %s", interface, strerror(errno));
	close(fd);
}

static int open_packets(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	int one = 1, buffer = 8 << 20;

	if (fd < 0)
		die("AF_PACKET socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		die("AF_PACKET socket option: %s", strerror(errno));
	return fd;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

void side__open(struct side *side, const char *name, const char *tester, const char *target)
{
	static const char *const near[] = { "t0", "t1" };
	static const char *const far[] = { "eg0", "eg1" };
	int i;

	side->name = name;
	side->sentinel = 0x50415249;

	enter(target);
	for (i = 0; i < 2; i++)
		no_checksum_offload(far[i]);
	side->snmp = open_file("/proc/thread-self/net/snmp");
	side->snmp6 = open_file("/proc/thread-self/net/snmp6");

	enter(tester);
	for (i = 0; i < 2; i++) {
		side->ifindex[i] = if_nametoindex(near[i]);
		if (!side->ifindex[i])
			die("%s in %s: %s", near[i], tester, strerror(errno));
		side->link[i] = attach_pass(side->ifindex[i]);
	}
	side->packets = open_packets();
}

static void read_all(int fd, char *text, size_t size)
{
	size_t have = 0;
	ssize_t got;

	if (lseek(fd, 0, SEEK_SET))
		die("counters: %s", strerror(errno));
	while (have < size - 1 && (got = read(fd, text + have, size - 1 - have)) > 0)
		have += got;
	text[have] = '\0';
}

static void count_as(struct counters *counters, const char *name, const char *value)
{
	int i;

	for (i = 0; i < COUNTER_COUNT; i++)
		if (!strcmp(counter_names[i], name))
			counters->value[i] = strtoull(value, NULL, 10);
}

void side__counters(struct side *side, struct counters *counters)
{
	char text[16384], full[64];
	char *line, *names, *values, *name, *value, *group, *next, *s1, *s2;

	memset(counters, 0, sizeof(*counters));

	/* Two lines a group: names, values. Ip and Icmp come first. */
	read_all(side->snmp, text, sizeof(text));
	next = text;
	while ((names = strsep(&next, "\n")) && (values = strsep(&next, "\n"))) {
		group = strtok_r(names, " ", &s1);
		value = strtok_r(values, " ", &s2);
		if (!group || (strcmp(group, "Ip:") && strcmp(group, "Icmp:")))
			continue;
		while ((name = strtok_r(NULL, " ", &s1)) && (value = strtok_r(NULL, " ", &s2))) {
			snprintf(full, sizeof(full), "%s %s", group, name);
			count_as(counters, full, value);
		}
	}

	read_all(side->snmp6, text, sizeof(text));
	next = text;
	while ((line = strsep(&next, "\n"))) {
		name = strtok_r(line, " \t", &s1);
		value = strtok_r(NULL, " \t", &s1);
		if (name && value)
			count_as(counters, name, value);
	}
}

void side__send(struct side *side, const struct frame *frame)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = side->ifindex[0],
	};

	if (sendto(side->packets, frame->data, frame->len, 0, (void *)&to, sizeof(to)) < 0)
		die("sending %zu bytes: %s", frame->len, strerror(errno));
}

/* The kernel takes a VLAN tag off before a packet socket sees the frame: put it back. */
static void restore_tag(struct frame *frame, struct msghdr *message)
{
	struct tpacket_auxdata *aux;
	struct cmsghdr *control;
	uint8_t *at = frame->data + 12;

	for (control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA)
			continue;
		aux = (void *)CMSG_DATA(control);
		if (!(aux->tp_status & TP_STATUS_VLAN_VALID) || frame->len + 4 > FRAME_MAX)
			continue;
		memmove(at + 4, at, frame->len - 12);
		at[0] = aux->tp_vlan_tpid >> 8;
		at[1] = aux->tp_vlan_tpid & 0xff;
		at[2] = aux->tp_vlan_tci >> 8;
		at[3] = aux->tp_vlan_tci & 0xff;
		frame->len += 4;
	}
}

bool side__receive(struct side *side, struct frame *frame, int *port, int timeout_ms)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct sockaddr_ll from;
	struct iovec data = { .iov_base = frame->data, .iov_len = sizeof(frame->data) };
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct pollfd ready = { .fd = side->packets, .events = POLLIN };
	ssize_t got;

	got = recvmsg(side->packets, &message, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN && timeout_ms) {
		if (poll(&ready, 1, timeout_ms) <= 0)
			return false;
		message.msg_namelen = sizeof(from);
		message.msg_controllen = sizeof(control);
		got = recvmsg(side->packets, &message, MSG_DONTWAIT);
	}
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got < 0)
		die("receiving: %s", strerror(errno));
	frame->len = got;
	restore_tag(frame, &message);
	*port = from.sll_ifindex == side->ifindex[1];
	return true;
}
