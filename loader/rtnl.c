// SPDX-License-Identifier: GPL-2.0-only
#include "rtnl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#define BUFFER		32768
#define DUMP_TRIES	5

static int open_socket(struct rtnl *rt)
{
	int on = 1;

	rt->socket = mnl_socket_open2(rt->protocol, SOCK_CLOEXEC);
	if (!rt->socket)
		return -errno;
	if (mnl_socket_bind(rt->socket, 0, MNL_SOCKET_AUTOPID)) {
		int err = -errno;

		rtnl__close(rt);
		return err;
	}
	/* Both only make answers better; older kernels do without. */
	mnl_socket_setsockopt(rt->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(rt->socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return 0;
}

int rtnl__open_protocol(struct rtnl *rt, int protocol)
{
	memset(rt, 0, sizeof(*rt));
	rt->protocol = protocol;
	return open_socket(rt);
}

int rtnl__open(struct rtnl *rt)
{
	return rtnl__open_protocol(rt, NETLINK_ROUTE);
}

void rtnl__close(struct rtnl *rt)
{
	if (rt->socket)
		mnl_socket_close(rt->socket);
	rt->socket = NULL;
}

static void read_extack(struct rtnl *rt, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	size_t offset = sizeof(*e);
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&e->msg);
	mnl_attr_for_each(attr, nlh, offset)
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
			copy_text(rt->extack, mnl_attr_get_str(attr), sizeof(rt->extack));
}

struct nlmsghdr *rtnl__request(void *buf, __u16 type, const void *header, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), header, size);
	return nlh;
}

/* Calls @cb for each answer. What is left of them would be taken for later ones: the socket goes. */
static int receive(struct rtnl *rt, char *buf, mnl_cb_t cb, void *data)
{
	unsigned int port = mnl_socket_get_portid(rt->socket);
	const struct nlmsghdr *head = (const void *)buf;
	bool whole = false;
	ssize_t n;
	int err;

	do {
		n = mnl_socket_recvfrom(rt->socket, buf, BUFFER);
		if (n >= 0 && mnl_nlmsg_ok(head, n) && head->nlmsg_type == NLMSG_ERROR) {
			read_extack(rt, head);
			whole = true;
		}
		err = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, n, rt->seq, port, cb, data);
	} while (err > MNL_CB_STOP);
	err = err < 0 ? -errno : 0;
	if (err && !whole)
		rtnl__close(rt);
	return err;
}

int rtnl__talk(struct rtnl *rt, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	char *buf;
	int err;

	err = rt->socket ? 0 : open_socket(rt);
	if (err)
		return err;
	buf = malloc(BUFFER);
	if (!buf)
		return -ENOMEM;
	rt->extack[0] = 0;
	nlh->nlmsg_seq = ++rt->seq;
	err = mnl_socket_sendto(rt->socket, nlh, nlh->nlmsg_len) < 0 ? -errno :
	      receive(rt, buf, cb, data);
	free(buf);
	return err;
}

int rtnl__dump(struct rtnl *rt, struct nlmsghdr *nlh, mnl_cb_t cb, void (*restart)(void *data),
	       void *data)
{
	int err = 0;

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	for (int i = 0; i < DUMP_TRIES; i++) {
		restart(data);
		err = rtnl__talk(rt, nlh, cb, data);
		if (err != -EINTR)
			break;
	}
	return err;
}

struct devices {
	struct device *list;
	size_t count;
};

static void forget_devices(void *data)
{
	struct devices *d = data;

	d->count = 0;
}

static void parse_info(const struct nlattr *info, struct device *dev)
{
	const struct nlattr *a, *v;

	mnl_attr_for_each_nested(a, info) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_INFO_KIND:
			if (!mnl_attr_validate(a, MNL_TYPE_STRING))
				copy_text(dev->kind, mnl_attr_get_str(a), sizeof(dev->kind));
			break;
		case IFLA_INFO_SLAVE_KIND:
			if (!mnl_attr_validate(a, MNL_TYPE_STRING))
				copy_text(dev->slave_kind, mnl_attr_get_str(a),
					  sizeof(dev->slave_kind));
			break;
		case IFLA_INFO_DATA:
			/* Numbered per kind; the kernel puts the kind first. */
			if (strcmp(dev->kind, "vlan"))
				break;
			mnl_attr_for_each_nested(v, a) {
				if (mnl_attr_validate(v, MNL_TYPE_U16) < 0)
					continue;
				if (mnl_attr_get_type(v) == IFLA_VLAN_ID)
					dev->vlan_id = mnl_attr_get_u16(v);
				else if (mnl_attr_get_type(v) == IFLA_VLAN_PROTOCOL)
					dev->vlan_protocol = ntohs(mnl_attr_get_u16(v));
			}
			break;
		}
	}
}

static void parse_xdp(const struct nlattr *xdp, struct device *dev)
{
	static const __u16 way_of[] = {
		[XDP_ATTACHED_DRV] = XDP_WAY_DRIVER,
		[XDP_ATTACHED_SKB] = XDP_WAY_SKB,
		[XDP_ATTACHED_HW] = XDP_WAY_HARDWARE,
	};
	__u8 attached = XDP_ATTACHED_NONE;
	const struct nlattr *a;
	__u32 id = 0;

	mnl_attr_for_each_nested(a, xdp) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_XDP_ATTACHED:
			attached = mnl_attr_get_u8(a);
			break;
		case IFLA_XDP_PROG_ID:
			id = mnl_attr_get_u32(a);
			break;
		case IFLA_XDP_DRV_PROG_ID:
			dev->xdp_prog[XDP_WAY_DRIVER] = mnl_attr_get_u32(a);
			break;
		case IFLA_XDP_SKB_PROG_ID:
			dev->xdp_prog[XDP_WAY_SKB] = mnl_attr_get_u32(a);
			break;
		case IFLA_XDP_HW_PROG_ID:
			dev->xdp_prog[XDP_WAY_HARDWARE] = mnl_attr_get_u32(a);
			break;
		}
	}
	if (id && attached != XDP_ATTACHED_NONE && attached < ARRAY_SIZE(way_of))
		dev->xdp_prog[way_of[attached]] = id;
}

static void parse_device(const struct nlmsghdr *nlh, struct device *dev)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;

	memset(dev, 0, sizeof(*dev));
	dev->link_netnsid = -1;
	dev->ifindex = ifi->ifi_index;
	dev->type = ifi->ifi_type;
	dev->flags = ifi->ifi_flags;
	mnl_attr_for_each(a, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			copy_text(dev->name, mnl_attr_get_str(a), sizeof(dev->name));
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(a) == sizeof(dev->mac))
				memcpy(dev->mac, mnl_attr_get_payload(a), sizeof(dev->mac));
			break;
		case IFLA_MTU:
			dev->mtu = mnl_attr_get_u32(a);
			break;
		case IFLA_LINK:
			dev->link = mnl_attr_get_u32(a);
			break;
		case IFLA_LINK_NETNSID:
			dev->link_netnsid = (int)mnl_attr_get_u32(a);
			break;
		case IFLA_MASTER:
			dev->master = mnl_attr_get_u32(a);
			break;
		case IFLA_LINKINFO:
			parse_info(a, dev);
			break;
		case IFLA_XDP:
			parse_xdp(a, dev);
			break;
		case IFLA_STATS64: {
			struct rtnl_link_stats64 s = {};
			size_t len = mnl_attr_get_payload_len(a);

			memcpy(&s, mnl_attr_get_payload(a), len < sizeof(s) ? len : sizeof(s));
			dev->rx_dropped = s.rx_dropped;
			break;
		}
		}
	}
	if (dev->link_netnsid < 0)
		dev->lower = dev->link;
}

static int add_device(const struct nlmsghdr *nlh, void *data)
{
	struct devices *d = data;
	struct device *more;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	more = realloc(d->list, (d->count + 1) * sizeof(*more));
	if (!more) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	d->list = more;
	parse_device(nlh, &more[d->count++]);
	return MNL_CB_OK;
}

static struct nlmsghdr *link_request(char *buf, __u16 type, __u32 ifindex)
{
	const struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };

	return rtnl__request(buf, type, &ifi, sizeof(ifi));
}

static int get_device(struct rtnl *rt, struct nlmsghdr *nlh, struct device *dev)
{
	struct devices d = {};
	int err;

	err = rtnl__talk(rt, nlh, add_device, &d);
	if (!err && d.count != 1)
		err = -ENODEV;
	if (!err)
		*dev = d.list[0];
	free(d.list);
	return err;
}

int rtnl__device(struct rtnl *rt, __u32 ifindex, struct device *dev)
{
	char buf[256] = {};

	return get_device(rt, link_request(buf, RTM_GETLINK, ifindex), dev);
}

int rtnl__device_of(struct rtnl *rt, int netnsid, __u32 ifindex, struct device *dev)
{
	char buf[256] = {};
	struct nlmsghdr *nlh = link_request(buf, RTM_GETLINK, ifindex);

	mnl_attr_put_u32(nlh, IFLA_TARGET_NETNSID, netnsid);
	return get_device(rt, nlh, dev);
}

static int read_netnsid(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct rtgenmsg))
		if (mnl_attr_get_type(a) == NETNSA_NSID)
			*(int *)data = (int)mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

int rtnl__netnsid(struct rtnl *rt, int netns_fd, int *id)
{
	const struct rtgenmsg gen = { .rtgen_family = AF_UNSPEC };
	char buf[256] = {};
	struct nlmsghdr *nlh = rtnl__request(buf, RTM_GETNSID, &gen, sizeof(gen));
	int err;

	mnl_attr_put_u32(nlh, NETNSA_FD, netns_fd);
	*id = NETNSA_NSID_NOT_ASSIGNED;
	err = rtnl__talk(rt, nlh, read_netnsid, id);
	if (!err && *id == NETNSA_NSID_NOT_ASSIGNED)
		err = -ENOENT;
	return err;
}

int rtnl__devices(struct rtnl *rt, struct device **list, size_t *count)
{
	struct devices d = {};
	char buf[256] = {};
	int err;

	err = rtnl__dump(rt, link_request(buf, RTM_GETLINK, 0), add_device, forget_devices, &d);
	if (err) {
		free(d.list);
		d = (struct devices){};
	}
	*list = d.list;
	*count = d.count;
	return err;
}

const struct device *device__find(const struct device *list, size_t count, __u32 ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].ifindex == ifindex)
			return &list[i];
	return NULL;
}

static int set_xdp(struct rtnl *rt, __u32 ifindex, int prog_fd, __u32 flags)
{
	struct nlmsghdr *nlh;
	struct nlattr *xdp;
	char buf[256] = {};

	nlh = link_request(buf, RTM_SETLINK, ifindex);
	xdp = mnl_attr_nest_start(nlh, IFLA_XDP);
	mnl_attr_put_u32(nlh, IFLA_XDP_FD, prog_fd);
	mnl_attr_put_u32(nlh, IFLA_XDP_FLAGS, flags);
	mnl_attr_nest_end(nlh, xdp);
	return rtnl__talk(rt, nlh, NULL, NULL);
}

int rtnl__xdp_try(struct rtnl *rt, __u32 ifindex, int prog_fd, __u32 flags)
{
	int err = set_xdp(rt, ifindex, prog_fd, flags | XDP_FLAGS_UPDATE_IF_NOEXIST);

	if (!err)
		set_xdp(rt, ifindex, -1, flags);
	return err;
}

static void copy_address(__u8 *to, const struct nlattr *a, size_t skip)
{
	size_t size = mnl_attr_get_payload_len(a);

	if (size > skip && size - skip <= 16)
		memcpy(to, (const __u8 *)mnl_attr_get_payload(a) + skip, size - skip);
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct routing *r = data;
	const struct nlattr *a;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	r->type = rtm->rtm_type;
	mnl_attr_for_each(a, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_OIF:
			r->ifindex = mnl_attr_get_u32(a);
			break;
		case RTA_PREFSRC:
			r->has_source = true;
			copy_address(r->source, a, 0);
			break;
		case RTA_GATEWAY:
			r->gateway_family = rtm->rtm_family;
			copy_address(r->gateway, a, 0);
			break;
		case RTA_VIA:
			r->gateway_family = mnl_attr_get_u16(a);
			copy_address(r->gateway, a, sizeof(__u16));
			break;
		}
	}
	return MNL_CB_OK;
}

int rtnl__route(struct rtnl *rt, int family, const void *to, const void *from, __u32 ifindex,
		struct routing *r)
{
	size_t size = family == AF_INET ? 4 : 16;
	const struct rtmsg rtm = {
		.rtm_family = family,
		.rtm_dst_len = size * 8,
		.rtm_src_len = from ? size * 8 : 0,
	};
	char buf[256] = {};
	struct nlmsghdr *nlh = rtnl__request(buf, RTM_GETROUTE, &rtm, sizeof(rtm));

	mnl_attr_put(nlh, RTA_DST, size, to);
	if (from)
		mnl_attr_put(nlh, RTA_SRC, size, from);
	if (ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	memset(r, 0, sizeof(*r));
	return rtnl__talk(rt, nlh, read_route, r);
}

static void forget_filters(void *data)
{
	*(int *)data = 0;
}

static int count_filter(const struct nlmsghdr *nlh, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);

	/* A classifier announces itself once more, with handle 0. */
	if (nlh->nlmsg_type == RTM_NEWTFILTER && tc->tcm_handle)
		++*(int *)data;
	return MNL_CB_OK;
}

int rtnl__filters(struct rtnl *rt, __u32 ifindex, __u32 minor)
{
	const struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, minor),
	};
	char buf[256] = {};
	int count = 0, err;

	err = rtnl__dump(rt, rtnl__request(buf, RTM_GETTFILTER, &tc, sizeof(tc)), count_filter,
			 forget_filters, &count);
	return err ?: count;
}

struct qdisc_search {
	__u32 ifindex;
	const char *kind;
	bool found;
};

static void restart_search(void *data)
{
	((struct qdisc_search *)data)->found = false;
}

static int match_qdisc(const struct nlmsghdr *nlh, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);
	struct qdisc_search *s = data;
	const struct nlattr *a;

	if (nlh->nlmsg_type != RTM_NEWQDISC || tc->tcm_ifindex != (int)s->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*tc))
		if (mnl_attr_get_type(a) == TCA_KIND && !strcmp(mnl_attr_get_str(a), s->kind))
			s->found = true;
	return MNL_CB_OK;
}

bool rtnl__has_qdisc(struct rtnl *rt, __u32 ifindex, const char *kind)
{
	struct qdisc_search s = { .ifindex = ifindex, .kind = kind };
	const struct tcmsg tc = { .tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex };
	char buf[256] = {};

	return !rtnl__dump(rt, rtnl__request(buf, RTM_GETQDISC, &tc, sizeof(tc)), match_qdisc,
			   restart_search, &s) && s.found;
}
