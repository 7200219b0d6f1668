// SPDX-License-Identifier: GPL-2.0-only
#include "forwarding.h"
#include "sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/rtnetlink.h>

#define LO4	"ipv4/conf/lo/forwarding"
#define LO6	"ipv6/conf/lo/forwarding"

/* Devices over which a router advertisement gave a default route. */
struct ra_devices {
	__u32 *list;
	size_t count;
};

static int add_ra_device(struct ra_devices *ra, __u32 ifindex)
{
	__u32 *more;

	for (size_t i = 0; i < ra->count; i++)
		if (ra->list[i] == ifindex)
			return 0;
	more = realloc(ra->list, (ra->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	ra->list = more;
	more[ra->count++] = ifindex;
	return 0;
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct ra_devices *ra = data;
	const struct nlattr *a;
	int err = 0;

	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_dst_len ||
	    rtm->rtm_protocol != RTPROT_RA)
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*rtm)) {
		if (mnl_attr_get_type(a) == RTA_OIF) {
			err = err ?: add_ra_device(ra, mnl_attr_get_u32(a));
		} else if (mnl_attr_get_type(a) == RTA_MULTIPATH) {
			const struct rtnexthop *nh = mnl_attr_get_payload(a);
			int len = mnl_attr_get_payload_len(a);

			for (; !err && RTNH_OK(nh, len); nh = RTNH_NEXT(nh)) {
				len -= RTNH_ALIGN(nh->rtnh_len);
				err = add_ra_device(ra, nh->rtnh_ifindex);
			}
		}
	}
	if (!err)
		return MNL_CB_OK;
	errno = -err;
	return MNL_CB_ERROR;
}

static void restart(void *data)
{
	((struct ra_devices *)data)->count = 0;
}

static int find_ra_devices(struct rtnl *rt, struct ra_devices *ra)
{
	/* Strictly checked, the protocol leaves out all that a router may hold. */
	const struct rtmsg rtm = { .rtm_family = AF_INET6, .rtm_protocol = RTPROT_RA };
	char buf[256] = {};

	return rtnl__dump(rt, rtnl__request(buf, RTM_GETROUTE, &rtm, sizeof(rtm)), read_route,
			  restart, ra);
}

static int accept_ra_path(__u32 ifindex, char *path, size_t size)
{
	char name[IFNAMSIZ];

	if (!if_indextoname(ifindex, name))
		return -errno;
	snprintf(path, size, "ipv6/conf/%s/accept_ra", name);
	return 0;
}

/*
 * Turning IPv6 forwarding on anywhere makes the kernel drop the default routes
 * it learned from router advertisements, in the whole namespace, unless their
 * interface has accept_ra 2 (addrconf_fixup_forwarding(),
 * rt6_purge_dflt_routers()). So these have it while we write.
 */
static int enable6(struct rtnl *rt)
{
	struct ra_devices ra = {};
	long *saved = NULL;
	char path[96];
	int err;

	err = find_ra_devices(rt, &ra);
	if (err)
		goto cleanup;
	saved = calloc(ra.count + 1, sizeof(*saved));
	if (!saved) {
		err = -ENOMEM;
		goto cleanup;
	}
	for (size_t i = 0; i < ra.count; i++) {
		saved[i] = 2;
		if (accept_ra_path(ra.list[i], path, sizeof(path)))
			continue;
		saved[i] = sysctl__number(path, 2);
		if (saved[i] == 2)
			continue;
		err = sysctl__write(path, "2");
		if (err) {
			ra.count = i;	/* rather no forwarding than a lost route */
			goto restore;
		}
	}
	err = sysctl__write(LO6, "1");
restore:
	for (size_t i = 0; i < ra.count; i++) {
		char value[24];

		if (saved[i] == 2 || accept_ra_path(ra.list[i], path, sizeof(path)))
			continue;
		snprintf(value, sizeof(value), "%ld", saved[i]);
		sysctl__write(path, value);
	}
cleanup:
	free(saved);
	free(ra.list);
	return err;
}

__u32 forwarding__off(void)
{
	__u32 off = 0;

	/* A family that the kernel doesn't have needs none. */
	if (!sysctl__number(LO4, 1))
		off |= EG_OWNED_FORWARD4;
	if (!sysctl__number(LO6, 1))
		off |= EG_OWNED_FORWARD6;
	return off;
}

int forwarding__enable(struct rtnl *rt, __u32 *owned)
{
	__u32 off = forwarding__off();
	int err4 = 0, err6 = 0;

	*owned = 0;
	if (off & EG_OWNED_FORWARD4) {
		err4 = sysctl__write(LO4, "1");
		if (!err4)
			*owned |= EG_OWNED_FORWARD4;
	}
	if (off & EG_OWNED_FORWARD6) {
		err6 = enable6(rt);
		if (!err6)
			*owned |= EG_OWNED_FORWARD6;
	}
	return err4 ?: err6;
}

static void turn_off(const char *path)
{
	int err = sysctl__write(path, "0");

	if (err)
		note("net/%s can't be set back: %s; try: sysctl -w net/%s=0", path, why(err), path);
}

void forwarding__restore(__u32 owned)
{
	if (owned & EG_OWNED_FORWARD4)
		turn_off(LO4);
	if (owned & EG_OWNED_FORWARD6)
		turn_off(LO6);
}
