// SPDX-License-Identifier: GPL-2.0-only
#include "addrs.h"
#include "echogate/addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/random.h>

/* With half the places taken, one seed in two suits; more tries change nothing. */
#define SEED_TRIES	64

struct reading {
	struct addresses *addrs;
	const struct device *devs;
	size_t dev_count;
	const __u32 *own;
	size_t own_count;
	struct scoped *scoped;		/* link-local addresses of own devices */
	size_t scoped_count;
};

struct scoped {
	__be32 addr[4];
	__u32 ifindex;
};

static int add(struct addresses *a, __u8 family, bool broadcast, const void *addr)
{
	struct address *more;

	if (a->count == a->room) {
		size_t room = a->room ? 2 * a->room : 64;

		more = realloc(a->list, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		a->list = more;
		a->room = room;
	}
	more = &a->list[a->count++];
	memset(more, 0, sizeof(*more));
	more->family = family;
	more->broadcast = broadcast;
	memcpy(more->addr, addr, family == AF_INET ? 4 : 16);
	return 0;
}

/* Of two entries with one address the broadcast one comes first, and stays. */
static int by_address(const void *va, const void *vb)
{
	const struct address *a = va, *b = vb;
	int d;

	if (a->family != b->family)
		return a->family - b->family;
	d = memcmp(a->addr, b->addr, sizeof(a->addr));
	return d ?: b->broadcast - a->broadcast;
}

static void sort_once(struct addresses *a)
{
	size_t kept = 0;

	if (!a->count)
		return;
	qsort(a->list, a->count, sizeof(*a->list), by_address);
	for (size_t i = 1; i < a->count; i++) {
		if (a->list[i].family == a->list[kept].family &&
		    !memcmp(a->list[i].addr, a->list[kept].addr, sizeof(a->list[i].addr)))
			continue;
		a->list[++kept] = a->list[i];
	}
	a->count = kept + 1;
}

static int cb_result(int err)
{
	if (!err)
		return MNL_CB_OK;
	errno = -err;
	return MNL_CB_ERROR;
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct reading *r = data;
	const struct nlattr *a;
	__be32 dst = 0;

	/* Kernels without strict checking dump every table. */
	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_table != RT_TABLE_LOCAL ||
	    rtm->rtm_dst_len != 32 ||
	    (rtm->rtm_type != RTN_LOCAL && rtm->rtm_type != RTN_BROADCAST))
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*rtm))
		if (mnl_attr_get_type(a) == RTA_DST && mnl_attr_get_payload_len(a) == sizeof(dst))
			memcpy(&dst, mnl_attr_get_payload(a), sizeof(dst));
	if (!dst || ntohl(dst) >> 24 == 127)
		return MNL_CB_OK;
	return cb_result(add(r->addrs, AF_INET, rtm->rtm_type == RTN_BROADCAST, &dst));
}

static bool is_own(const struct reading *r, __u32 ifindex)
{
	for (size_t i = 0; i < r->own_count; i++)
		if (r->own[i] == ifindex)
			return true;
	return false;
}

static int add_scoped(struct reading *r, const void *addr, __u32 ifindex)
{
	struct scoped *more;

	more = realloc(r->scoped, (r->scoped_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->scoped = more;
	more = &r->scoped[r->scoped_count++];
	memcpy(more->addr, addr, sizeof(more->addr));
	more->ifindex = ifindex;
	return 0;
}

static int read_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const void *addr = NULL, *local = NULL;
	__u32 flags = ifa->ifa_flags;
	struct reading *r = data;
	const struct device *dev;
	struct in6_addr in6;
	const struct nlattr *a;

	if (nlh->nlmsg_type != RTM_NEWADDR || ifa->ifa_family != AF_INET6)
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*ifa)) {
		__u16 len = mnl_attr_get_payload_len(a);

		switch (mnl_attr_get_type(a)) {
		case IFA_FLAGS:
			if (len == sizeof(flags))
				flags = mnl_attr_get_u32(a);
			break;
		case IFA_ADDRESS:
			addr = len == sizeof(in6) ? mnl_attr_get_payload(a) : NULL;
			break;
		case IFA_LOCAL:
			/* With a peer address, IFA_ADDRESS is the peer's. */
			local = len == sizeof(in6) ? mnl_attr_get_payload(a) : NULL;
			break;
		}
	}
	if (local)
		addr = local;
	if (!addr || flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC | IFA_F_DADFAILED))
		return MNL_CB_OK;
	dev = device__find(r->devs, r->dev_count, ifa->ifa_index);
	if (!dev || !(dev->flags & IFF_UP))
		return MNL_CB_OK;	/* the kernel has no route to it now */
	memcpy(&in6, addr, sizeof(in6));
	if (IN6_IS_ADDR_LOOPBACK(&in6) || IN6_IS_ADDR_UNSPECIFIED(&in6))
		return MNL_CB_OK;
	if (!IN6_IS_ADDR_LINKLOCAL(&in6))
		return cb_result(add(r->addrs, AF_INET6, false, &in6));
	if (!is_own(r, ifa->ifa_index))
		return MNL_CB_OK;
	return cb_result(add_scoped(r, &in6, ifa->ifa_index));
}

static void restart_routes(void *data)
{
	struct reading *r = data;

	r->addrs->count = 0;
}

static void restart_addresses(void *data)
{
	struct reading *r = data;
	size_t kept = 0;

	while (kept < r->addrs->count && r->addrs->list[kept].family == AF_INET)
		kept++;
	r->addrs->count = kept;
	r->scoped_count = 0;
}

static int add_common_scoped(struct reading *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->scoped_count; i++) {
		size_t have = 0;

		for (size_t j = 0; j < r->scoped_count; j++)
			have += !memcmp(r->scoped[i].addr, r->scoped[j].addr,
					sizeof(r->scoped[i].addr));
		if (have == r->own_count)
			err = add(r->addrs, AF_INET6, false, r->scoped[i].addr);
	}
	return err;
}

int addresses__read(struct rtnl *rt, const struct device *devs, size_t dev_count,
		    const __u32 *own, size_t own_count, struct addresses *a)
{
	struct reading r = { .addrs = a, .devs = devs, .dev_count = dev_count,
			     .own = own, .own_count = own_count };
	struct nlmsghdr *nlh;
	struct ifaddrmsg *ifa;
	struct rtmsg *rtm;
	char buf[256];
	int err;

	memset(a, 0, sizeof(*a));
	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	rtm->rtm_table = RT_TABLE_LOCAL;
	err = rtnl__dump(rt, nlh, read_route, restart_routes, &r);
	/* No IPv4 route yet in a new namespace: then the table isn't there. */
	if (err && err != -ENOENT)
		goto cleanup;

	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETADDR;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET6;
	err = rtnl__dump(rt, nlh, read_address, restart_addresses, &r);
	/* Without IPv6 in the kernel nobody answers. */
	if (err && err != -EOPNOTSUPP)
		goto cleanup;
	err = add_common_scoped(&r);
	sort_once(a);
cleanup:
	free(r.scoped);
	if (err)
		addresses__free(a);
	return err;
}

/* The first of the interface, and the first of any. */
struct choice {
	__u32 ifindex;
	bool own, any;
	__be32 addr[4];
};

static int choose(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const void *addr = NULL, *local = NULL;
	__u32 flags = ifa->ifa_flags;
	struct choice *c = data;
	const struct nlattr *a;
	size_t size;

	if (nlh->nlmsg_type != RTM_NEWADDR || ifa->ifa_scope != RT_SCOPE_UNIVERSE)
		return MNL_CB_OK;
	size = ifa->ifa_family == AF_INET ? 4 : 16;
	mnl_attr_for_each(a, nlh, sizeof(*ifa)) {
		__u16 len = mnl_attr_get_payload_len(a), type = mnl_attr_get_type(a);

		if (type == IFA_FLAGS && len == sizeof(flags))
			flags = mnl_attr_get_u32(a);
		else if (type == IFA_ADDRESS && len == size)
			addr = mnl_attr_get_payload(a);
		else if (type == IFA_LOCAL && len == size)
			local = mnl_attr_get_payload(a);
	}
	if (local)
		addr = local;
	/* What is secondary in IPv4 is temporary in IPv6: neither is what others know us by. */
	if (!addr || flags & (IFA_F_SECONDARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE |
			      IFA_F_OPTIMISTIC | IFA_F_DADFAILED))
		return MNL_CB_OK;
	if (c->own || (c->any && ifa->ifa_index != c->ifindex))
		return MNL_CB_OK;
	memcpy(c->addr, addr, size);
	c->any = true;
	c->own = ifa->ifa_index == c->ifindex;
	return MNL_CB_OK;
}

static void choose_again(void *data)
{
	struct choice *c = data;

	*c = (struct choice){ .ifindex = c->ifindex };
}

int addresses__choose(struct rtnl *rt, __u32 ifindex, __u8 family, __be32 addr[4])
{
	struct choice c = { .ifindex = ifindex };
	struct nlmsghdr *nlh;
	struct ifaddrmsg *ifa;
	char buf[256] = {};
	int err;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETADDR;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = family;
	err = rtnl__dump(rt, nlh, choose, choose_again, &c);
	memcpy(addr, c.addr, sizeof(c.addr));
	/* Without IPv6 in the kernel there is none. */
	return err == -EOPNOTSUPP ? 0 : err;
}

void addresses__free(struct addresses *a)
{
	free(a->list);
	memset(a, 0, sizeof(*a));
}

size_t addresses__local(const struct addresses *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += !a->list[i].broadcast;
	return n;
}

static bool place4(struct eg_addrs *t, const struct address *a)
{
	struct eg_addr4_bucket *b = &t->v4[eg_addr4_bucket_of(t->seed, a->addr[0])];

	for (int i = 0; i < EG_ADDR4_WAYS; i++) {
		if (b->addr[i])
			continue;
		b->addr[i] = a->addr[0];
		b->broadcast |= (__u32)a->broadcast << i;
		t->count4 += !a->broadcast;
		return true;
	}
	return false;
}

static bool place6(struct eg_addrs *t, const struct address *a)
{
	static const __be32 unused[4];
	struct eg_addr6_bucket *b = &t->v6[eg_addr6_bucket_of(t->seed, a->addr)];

	for (int i = 0; i < EG_ADDR6_WAYS; i++) {
		if (memcmp(b->addr[i], unused, sizeof(unused)))
			continue;
		memcpy(b->addr[i], a->addr, sizeof(unused));
		t->count6++;
		return true;
	}
	return false;
}

/* Local addresses first: a broadcast one without a place costs a slow path only. */
static size_t fill(const struct addresses *a, struct eg_addrs *t, __u64 seed)
{
	size_t left_out = 0;

	memset(t, 0, sizeof(*t));
	t->seed = seed;
	for (int broadcast = 0; broadcast < 2; broadcast++) {
		for (size_t i = 0; i < a->count; i++) {
			const struct address *p = &a->list[i];

			if (p->broadcast != broadcast)
				continue;
			left_out += !(p->family == AF_INET ? place4(t, p) : place6(t, p));
		}
	}
	return left_out;
}

static __u64 random_odd(void)
{
	__u64 seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 0xd1342543de82ef95;	/* only spreads worse against design */
	return seed | 1;
}

size_t addresses__build(const struct addresses *a, struct eg_addrs *table)
{
	size_t left_out, least = SIZE_MAX;
	__u64 best = 1;

	for (int i = 0; i < SEED_TRIES; i++) {
		__u64 seed = random_odd();

		left_out = fill(a, table, seed);
		if (!left_out)
			return 0;
		if (left_out < least) {
			least = left_out;
			best = seed;
		}
	}
	return fill(a, table, best);
}

static int extract(const struct eg_addrs *t, struct addresses *a)
{
	static const __be32 unused[4];
	int err = 0;

	memset(a, 0, sizeof(*a));
	for (size_t i = 0; !err && i < EG_ADDR4_BUCKETS; i++)
		for (int w = 0; !err && w < EG_ADDR4_WAYS; w++)
			if (t->v4[i].addr[w])
				err = add(a, AF_INET, t->v4[i].broadcast >> w & 1,
					  &t->v4[i].addr[w]);
	for (size_t i = 0; !err && i < EG_ADDR6_BUCKETS; i++)
		for (int w = 0; !err && w < EG_ADDR6_WAYS; w++)
			if (memcmp(t->v6[i].addr[w], unused, sizeof(unused)))
				err = add(a, AF_INET6, false, t->v6[i].addr[w]);
	if (err)
		addresses__free(a);
	else
		sort_once(a);
	return err;
}

/* An address without a place isn't missed: attaching again would not help. */
static bool has_room(const struct eg_addrs *t, const struct address *a)
{
	static const __be32 unused[4];
	const struct eg_addr6_bucket *b;
	__u32 n;

	if (a->family == AF_INET) {
		n = eg_addr4_bucket_of(t->seed, a->addr[0]) & (EG_ADDR4_BUCKETS - 1);
		return !t->v4[n].addr[EG_ADDR4_WAYS - 1];
	}
	n = eg_addr6_bucket_of(t->seed, a->addr) & (EG_ADDR6_BUCKETS - 1);
	b = &t->v6[n];
	return !memcmp(b->addr[EG_ADDR6_WAYS - 1], unused, sizeof(unused));
}

int addresses__in_table(const struct addresses *a, const struct eg_addrs *table, bool *same)
{
	struct addresses held;
	size_t h = 0;
	int err;

	err = extract(table, &held);
	if (err)
		return err;
	*same = true;
	/* Both are sorted. What is held and not in the list leaves h behind. */
	for (size_t i = 0; *same && i < a->count; i++) {
		if (h < held.count && !by_address(&a->list[i], &held.list[h]))
			h++;
		else
			*same = !has_room(table, &a->list[i]);
	}
	*same = *same && h == held.count;
	addresses__free(&held);
	return 0;
}
