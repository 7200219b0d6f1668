/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtnetlink, as much of it as the loader asks. A socket belongs to the network
 * namespace in which it was opened; after a failure it may be another, so ask there only.
 * All functions are silent: -errno.
 */
#ifndef LOADER_RTNL_H
#define LOADER_RTNL_H

#include "util.h"

#include <libmnl/libmnl.h>
#include <linux/types.h>

struct rtnl {
	struct mnl_socket *socket;	/* NULL after an answer that wasn't read to its end */
	int protocol;
	unsigned int seq;
	char extack[160];	/* the kernel's own words about the last refusal */
};

/* How XDP programs are attached by netlink; also an index. */
enum xdp_way { XDP_WAY_DRIVER, XDP_WAY_SKB, XDP_WAY_HARDWARE, XDP_WAY_COUNT };

struct device {
	char name[IFNAMSIZ];
	__u32 ifindex;
	__u32 lower;			/* IFLA_LINK, if in the same namespace; else 0 */
	__u32 link;			/* IFLA_LINK: of a veth, its other end */
	int link_netnsid;		/* where that is; -1: in the same namespace */
	__u32 master;			/* bridge, bond, ... that it belongs to; 0: none */
	__u32 flags;			/* IFF_* */
	__u32 mtu;
	__u16 type;			/* ARPHRD_* */
	__u8 mac[6];
	char kind[16];			/* "vlan", "veth", ... or "" */
	char slave_kind[16];		/* kind of the master, or "" */
	__u16 vlan_id;
	__u16 vlan_protocol;		/* host order */
	__u32 xdp_prog[XDP_WAY_COUNT];	/* ids of attached programs; 0: none */
	__u64 rx_dropped;
};

/* How packets to an address go. */
struct routing {
	__u8 type;			/* RTN_* */
	__u32 ifindex;
	bool has_source;
	__u8 source[16];
	int gateway_family;		/* AF_UNSPEC: none */
	__u8 gateway[16];
};

int rtnl__open(struct rtnl *rt);

/* Other protocols of netlink are spoken in the same way: NETLINK_GENERIC, ... */
int rtnl__open_protocol(struct rtnl *rt, int protocol);

void rtnl__close(struct rtnl *rt);

/*
 * Begins a request in @buf, which must have room for all of it, by the header of its type. It is
 * one to talk: rtnl__dump() has flags of its own.
 */
struct nlmsghdr *rtnl__request(void *buf, __u16 type, const void *header, size_t size);

/* Sends @nlh and hands each answer to @cb, which may be NULL. */
int rtnl__talk(struct rtnl *rt, struct nlmsghdr *nlh, mnl_cb_t cb, void *data);

/*
 * The same for a dump; done again if the kernel's tables changed meanwhile.
 * @restart is called before each attempt, to forget what came so far.
 */
int rtnl__dump(struct rtnl *rt, struct nlmsghdr *nlh, mnl_cb_t cb, void (*restart)(void *data),
	       void *data);

/* -ENODEV if there is none. */
int rtnl__device(struct rtnl *rt, __u32 ifindex, struct device *dev);

/* The same of another namespace, by the id that this one knows it by. */
int rtnl__device_of(struct rtnl *rt, int netnsid, __u32 ifindex, struct device *dev);

/* That id, of a namespace's open file. -ENOENT: it has none here. */
int rtnl__netnsid(struct rtnl *rt, int netns_fd, int *id);

/* All devices of the namespace; the caller frees *list. */
int rtnl__devices(struct rtnl *rt, struct device **list, size_t *count);

const struct device *device__find(const struct device *list, size_t count, __u32 ifindex);

/*
 * Asks the driver to take an XDP program by netlink, only to hear in the
 * kernel's words (rt->extack) why it refuses; links say no more than an errno.
 * Should it take the program, it is removed again.
 */
int rtnl__xdp_try(struct rtnl *rt, __u32 ifindex, int prog_fd, __u32 flags);

/*
 * Asks for the way to an address, which has 4 or 16 bytes; from one, and through an interface, if
 * those aren't NULL and 0.
 */
int rtnl__route(struct rtnl *rt, int family, const void *to, const void *from, __u32 ifindex,
		struct routing *r);

/* Number of tc filters in one of clsact's two places (TC_H_MIN_*). */
int rtnl__filters(struct rtnl *rt, __u32 ifindex, __u32 minor);

/* Whether the interface has a qdisc of that kind. */
bool rtnl__has_qdisc(struct rtnl *rt, __u32 ifindex, const char *kind);

#endif
