// SPDX-License-Identifier: GPL-2.0-only
#include "metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/rtnetlink.h>

/* An IPv4 prefix stands behind the 96 bits of ::ffff:0:0. */
#define MAPPED_BITS	96

struct reading {
	struct metrics *m;
	size_t before;			/* keys of the family read before */
};

static int add(struct metrics *m, const struct eg_metrics_key *key)
{
	struct eg_metrics_key *more;

	if (m->count > EG_METRICS_MAX)
		return 0;
	more = realloc(m->keys, (m->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->keys = more;
	more[m->count++] = *key;
	return 0;
}

static int read_metric(const struct nlattr *a, void *data)
{
	__u32 *metrics = data, type = mnl_attr_get_type(a);

	if (type <= RTAX_MAX && mnl_attr_get_payload_len(a) == sizeof(*metrics))
		metrics[type] = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

/* The helper heeds an IPv4 MTU only if it is locked, as forwarding does; and never a hop limit. */
static bool is_untold(int family, const __u32 *metrics)
{
	bool locked = metrics[RTAX_LOCK] & 1 << RTAX_MTU;

	return metrics[RTAX_HOPLIMIT] || (metrics[RTAX_MTU] && !(family == AF_INET && locked));
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	__u32 metrics[RTAX_MAX + 1] = {};
	struct eg_metrics_key key = {};
	struct reading *r = data;
	const struct nlattr *a;
	__u8 *addr = (__u8 *)key.addr;
	size_t size = 16;

	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	key.prefix = rtm->rtm_dst_len;
	if (rtm->rtm_family == AF_INET) {
		key.prefix += MAPPED_BITS;
		key.addr[2] = htonl(0xffff);
		addr += 12;
		size = 4;
	}
	mnl_attr_for_each(a, nlh, sizeof(*rtm)) {
		if (mnl_attr_get_type(a) == RTA_METRICS)
			mnl_attr_parse_nested(a, read_metric, metrics);
		else if (mnl_attr_get_type(a) == RTA_DST && mnl_attr_get_payload_len(a) == size)
			memcpy(addr, mnl_attr_get_payload(a), size);
	}
	if (!is_untold(rtm->rtm_family, metrics) || !add(r->m, &key))
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

bool metrics__of_route(const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	__u32 metrics[RTAX_MAX + 1] = {};
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(*rtm))
		if (mnl_attr_get_type(a) == RTA_METRICS)
			mnl_attr_parse_nested(a, read_metric, metrics);
	return is_untold(rtm->rtm_family, metrics);
}

static void forget(void *data)
{
	struct reading *r = data;

	r->m->count = r->before;
}

static int dump(struct rtnl *rt, __u8 family, struct metrics *m)
{
	struct reading r = { .m = m, .before = m->count };
	const struct rtmsg rtm = { .rtm_family = family };
	char buf[256] = {};

	return rtnl__dump(rt, rtnl__request(buf, RTM_GETROUTE, &rtm, sizeof(rtm)), read_route,
			  forget, &r);
}

int metrics__compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct eg_metrics_key));
}

int metrics__read(struct rtnl *rt, struct metrics *m)
{
	size_t kept = 0;
	int err;

	memset(m, 0, sizeof(*m));
	err = dump(rt, AF_INET, m) ?: dump(rt, AF_INET6, m);
	if (err) {
		metrics__free(m);
		return err;
	}
	if (!m->count)
		return 0;
	qsort(m->keys, m->count, sizeof(*m->keys), metrics__compare);
	for (size_t i = 1; i < m->count; i++)
		if (metrics__compare(&m->keys[i], &m->keys[kept]))
			m->keys[++kept] = m->keys[i];
	m->count = kept + 1;
	if (m->count > EG_METRICS_MAX) {
		memset(m->keys, 0, sizeof(*m->keys));
		m->count = 1;
	}
	return 0;
}

void metrics__free(struct metrics *m)
{
	free(m->keys);
	memset(m, 0, sizeof(*m));
}
