// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox.h"
#include "forwarding.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#define DEVICE	  "bench0"
#define OTHER_END "bench1"
#define GATEWAY4  "169.254.0.1"
#define GATEWAY6  "fe80::1"
#define MESSAGE	  1024 /* room for any of ours */

/* Locally administered. */
static const __u8 mac[6] = { 2, 0, 0, 0, 0xe6, 1 }, gateway_mac[6] = { 2, 0, 0, 0, 0xe6, 2 };

/* What is asked for must not be there yet. */
static struct nlmsghdr *create(char *buf, __u16 type, const void *header, size_t size)
{
	struct nlmsghdr *nlh = rtnl__request(buf, type, header, size);

	nlh->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	return nlh;
}

/* A veth, since that has XDP and is there wherever containers are. */
static int add_pair(struct rtnl *rt)
{
	struct ifinfomsg down = {};
	struct nlattr *info, *data, *peer;
	char buf[MESSAGE] = {};
	struct nlmsghdr *nlh;

	nlh = create(buf, RTM_NEWLINK, &down, sizeof(down));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, DEVICE);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac), mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(down)), &down, sizeof(down));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, OTHER_END);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return rtnl__talk(rt, nlh, NULL, NULL);
}

static int set_up(struct rtnl *rt, const char *name)
{
	int ifindex = if_nametoindex(name);
	struct ifinfomsg up = { .ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	char buf[MESSAGE] = {};

	return rtnl__talk(rt, rtnl__request(buf, RTM_NEWLINK, &up, sizeof(up)), NULL, NULL);
}

static int add_gateway(struct rtnl *rt, int ifindex, __u8 family, const char *text)
{
	struct ndmsg neighbour = {
		.ndm_family = family,
		.ndm_ifindex = ifindex,
		.ndm_state = NUD_PERMANENT,
	};
	struct rtmsg route = {
		.rtm_family = family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = RTNH_F_ONLINK,
	};
	size_t size = family == AF_INET ? 4 : 16;
	char buf[MESSAGE] = {};
	struct nlmsghdr *nlh;
	__u8 gateway[16];
	int err;

	inet_pton(family, text, gateway);
	nlh = create(buf, RTM_NEWNEIGH, &neighbour, sizeof(neighbour));
	mnl_attr_put(nlh, NDA_DST, size, gateway);
	mnl_attr_put(nlh, NDA_LLADDR, sizeof(gateway_mac), gateway_mac);
	err = rtnl__talk(rt, nlh, NULL, NULL);
	if (err)
		return err;
	memset(buf, 0, sizeof(buf));
	nlh = create(buf, RTM_NEWROUTE, &route, sizeof(route));
	mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	mnl_attr_put(nlh, RTA_GATEWAY, size, gateway);
	return rtnl__talk(rt, nlh, NULL, NULL);
}

int sandbox__enter(struct sandbox *s)
{
	struct rtnl rt = {};
	__u32 forwarded;
	int err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	err = rtnl__open(&rt) ?: add_pair(&rt) ?: set_up(&rt, "lo") ?: set_up(&rt, DEVICE) ?:
	      set_up(&rt, OTHER_END);
	if (err)
		goto cleanup;
	s->ifindex = if_nametoindex(DEVICE);
	memcpy(s->mac, mac, sizeof(mac));
	memcpy(s->gateway, gateway_mac, sizeof(gateway_mac));
	err = add_gateway(&rt, s->ifindex, AF_INET, GATEWAY4);
	/* Without IPv6 its packets have no way back, and that is what is then told of them. */
	if (!err)
		add_gateway(&rt, s->ifindex, AF_INET6, GATEWAY6);
	err = err ?: forwarding__enable(&rt, &forwarded);
cleanup:
	rtnl__close(&rt);
	return err;
}
