// SPDX-License-Identifier: GPL-2.0-only
#include "netdev.h"
#include "rtnl.h"

#include <errno.h>
#include <linux/genetlink.h>

#define NETDEV_CMD_DEV_GET		1
#define NETDEV_A_DEV_IFINDEX		1
#define NETDEV_A_DEV_XDP_FEATURES	3

static struct nlmsghdr *request(char *buf, __u16 family, __u8 command)
{
	const struct genlmsghdr genl = { .cmd = command, .version = 1 };

	return rtnl__request(buf, family, &genl, sizeof(genl));
}

static int read_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			*(__u16 *)data = mnl_attr_get_u16(a);
	return MNL_CB_OK;
}

static int read_features(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == NETDEV_A_DEV_XDP_FEATURES)
			*(__u64 *)data = mnl_attr_get_u64(a);
	return MNL_CB_OK;
}

int netdev__xdp_features(__u32 ifindex, __u64 *features)
{
	struct nlmsghdr *nlh;
	struct rtnl genl;
	char buf[256] = {};
	__u16 family = 0;
	int err;

	*features = 0;
	err = rtnl__open_protocol(&genl, NETLINK_GENERIC);
	if (err)
		return err;
	nlh = request(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "netdev");
	err = rtnl__talk(&genl, nlh, read_family, &family);
	if (!err && !family)
		err = -ENOENT;
	if (err)
		goto cleanup;
	nlh = request(buf, family, NETDEV_CMD_DEV_GET);
	mnl_attr_put_u32(nlh, NETDEV_A_DEV_IFINDEX, ifindex);
	err = rtnl__talk(&genl, nlh, read_features, features);
cleanup:
	rtnl__close(&genl);
	return err;
}
