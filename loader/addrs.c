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

/* One dump at a time adds to it. */
struct reading {
	struct census *census;
	const struct device *devs;
	size_t dev_count;
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
	return cb_result(add(&r->census->everywhere, AF_INET, rtm->rtm_type == RTN_BROADCAST,
			     &dst));
}

static int add_carried(struct carried_list *l, const void *addr, size_t size, __u32 ifindex)
{
	struct carried *more;

	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 16;

		more = realloc(l->list, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->list = more;
		l->room = room;
	}
	more = &l->list[l->count++];
	memset(more, 0, sizeof(*more));
	memcpy(more->addr, addr, size);
	more->ifindex = ifindex;
	return 0;
}

/* An address as RTM_NEWADDR tells it. */
struct told {
	const void *addr;		/* NULL: none */
	__u32 flags;
};

static struct told read_told(const struct nlmsghdr *nlh, size_t size)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct told t = { .flags = ifa->ifa_flags };
	const void *local = NULL;
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(*ifa)) {
		__u16 len = mnl_attr_get_payload_len(a), type = mnl_attr_get_type(a);

		if (type == IFA_FLAGS && len == sizeof(t.flags))
			t.flags = mnl_attr_get_u32(a);
		else if (type == IFA_ADDRESS && len == size)
			t.addr = mnl_attr_get_payload(a);
		else if (type == IFA_LOCAL && len == size)
			local = mnl_attr_get_payload(a);
	}
	/* With a peer address, IFA_ADDRESS is the peer's. */
	if (local)
		t.addr = local;
	return t;
}

#define UNREADY	(IFA_F_TENTATIVE | IFA_F_OPTIMISTIC | IFA_F_DADFAILED)

/* What is secondary in IPv4 is temporary in IPv6: neither is what others know us by. */
static int read_source(struct reading *r, const struct nlmsghdr *nlh, const struct told *t)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	bool six = ifa->ifa_family == AF_INET6;

	if (ifa->ifa_scope != RT_SCOPE_UNIVERSE ||
	    t->flags & (IFA_F_SECONDARY | IFA_F_DEPRECATED | UNREADY))
		return 0;
	return add_carried(&r->census->sources[six], t->addr, six ? 16 : 4, ifa->ifa_index);
}

static int read_address4(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct told t;

	if (nlh->nlmsg_type != RTM_NEWADDR || ifa->ifa_family != AF_INET)
		return MNL_CB_OK;
	t = read_told(nlh, 4);
	return t.addr ? cb_result(read_source(data, nlh, &t)) : MNL_CB_OK;
}

static int read_address6(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct reading *r = data;
	const struct device *dev;
	struct in6_addr in6;
	struct told t;
	int err;

	if (nlh->nlmsg_type != RTM_NEWADDR || ifa->ifa_family != AF_INET6)
		return MNL_CB_OK;
	t = read_told(nlh, 16);
	if (!t.addr || t.flags & UNREADY)
		return MNL_CB_OK;
	err = read_source(r, nlh, &t);
	dev = device__find(r->devs, r->dev_count, ifa->ifa_index);
	if (err || !dev || !(dev->flags & IFF_UP))
		return cb_result(err);	/* if it is down, the kernel has no route to it now */
	memcpy(&in6, t.addr, sizeof(in6));
	if (IN6_IS_ADDR_LOOPBACK(&in6) || IN6_IS_ADDR_UNSPECIFIED(&in6))
		return MNL_CB_OK;
	if (IN6_IS_ADDR_LINKLOCAL(&in6))
		err = add_carried(&r->census->scoped, &in6, sizeof(in6), ifa->ifa_index);
	else
		err = add(&r->census->everywhere, AF_INET6, false, &in6);
	return cb_result(err);
}

static void restart_routes(void *data)
{
	struct reading *r = data;

	r->census->everywhere.count = 0;
}

static void restart_addresses4(void *data)
{
	struct reading *r = data;

	r->census->sources[0].count = 0;
}

static void restart_addresses6(void *data)
{
	struct reading *r = data;
	struct addresses *a = &r->census->everywhere;
	size_t kept = 0;

	while (kept < a->count && a->list[kept].family == AF_INET)
		kept++;
	a->count = kept;
	r->census->scoped.count = r->census->sources[1].count = 0;
}

static int dump_addresses(struct rtnl *rt, __u8 family, mnl_cb_t cb, void (*restart)(void *),
			  struct reading *r)
{
	const struct ifaddrmsg ifa = { .ifa_family = family };
	char buf[256] = {};

	return rtnl__dump(rt, rtnl__request(buf, RTM_GETADDR, &ifa, sizeof(ifa)), cb, restart, r);
}

int census__take(struct rtnl *rt, const struct device *devs, size_t dev_count, struct census *c)
{
	struct reading r = { .census = c, .devs = devs, .dev_count = dev_count };
	const struct rtmsg rtm = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_LOCAL };
	char buf[256] = {};
	int err;

	memset(c, 0, sizeof(*c));
	err = rtnl__dump(rt, rtnl__request(buf, RTM_GETROUTE, &rtm, sizeof(rtm)), read_route,
			 restart_routes, &r);
	/* No IPv4 route yet in a new namespace: then the table isn't there. */
	if (err && err != -ENOENT)
		goto cleanup;
	err = dump_addresses(rt, AF_INET, read_address4, restart_addresses4, &r);
	if (err)
		goto cleanup;
	err = dump_addresses(rt, AF_INET6, read_address6, restart_addresses6, &r);
	/* Without IPv6 in the kernel nobody answers. */
	if (err == -EOPNOTSUPP)
		err = 0;
	sort_once(&c->everywhere);
cleanup:
	if (err)
		census__free(c);
	return err;
}

void census__free(struct census *c)
{
	addresses__free(&c->everywhere);
	free(c->scoped.list);
	free(c->sources[0].list);
	free(c->sources[1].list);
	memset(c, 0, sizeof(*c));
}

static size_t carriers(const struct census *c, const __be32 addr[4], const __u32 *own,
		       size_t own_count)
{
	size_t n = 0;

	for (size_t i = 0; i < c->scoped.count; i++) {
		const struct carried *s = &c->scoped.list[i];

		for (size_t j = 0; j < own_count; j++)
			n += s->ifindex == own[j] && !memcmp(s->addr, addr, sizeof(s->addr));
	}
	return n;
}

/* Where it stands in a sorted list, or would. */
static size_t place_of(const struct addresses *a, const struct address *key)
{
	size_t low = 0, high = a->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (by_address(&a->list[mid], key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int census__addresses(const struct census *c, const __u32 *own, size_t own_count,
		      struct addresses *a)
{
	memset(a, 0, sizeof(*a));
	a->room = c->everywhere.count + c->scoped.count;
	a->list = malloc(a->room * sizeof(*a->list) ?: 1);
	if (!a->list)
		return -ENOMEM;
	a->count = c->everywhere.count;
	if (a->count)
		memcpy(a->list, c->everywhere.list, a->count * sizeof(*a->list));
	for (size_t i = 0; i < c->scoped.count; i++) {
		const struct carried *s = &c->scoped.list[i];
		struct address new = { .family = AF_INET6 };
		size_t at;

		if (s->ifindex != own[0] || carriers(c, s->addr, own, own_count) != own_count)
			continue;
		memcpy(new.addr, s->addr, sizeof(new.addr));
		at = place_of(a, &new);
		memmove(&a->list[at + 1], &a->list[at], (a->count - at) * sizeof(new));
		a->list[at] = new;
		a->count++;
	}
	return 0;
}

void census__choose(const struct census *c, __u32 ifindex, __u8 family, __be32 addr[4])
{
	const struct carried_list *l = &c->sources[family == AF_INET6];
	const struct carried *best = l->count ? l->list : NULL;

	for (size_t i = 0; i < l->count; i++) {
		if (l->list[i].ifindex == ifindex) {
			best = &l->list[i];
			break;
		}
	}
	memset(addr, 0, sizeof(best->addr));
	if (best)
		memcpy(addr, best->addr, sizeof(best->addr));
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

int addresses__read(const struct eg_addrs *t, struct addresses *a)
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

/* The order of addresses, whatever they say of broadcast. */
static int by_place(const struct address *a, const struct address *b)
{
	return a->family != b->family ? a->family - b->family :
					memcmp(a->addr, b->addr, sizeof(a->addr));
}

int addresses__compare(const struct addresses *held, const struct addresses *want,
		       struct addresses *gone, struct addresses *fresh)
{
	const struct address *h = held->list, *w = want->list;
	const struct address *h_end = h + held->count, *w_end = w + want->count;
	int err = 0;

	memset(gone, 0, sizeof(*gone));
	memset(fresh, 0, sizeof(*fresh));
	while (!err && (h < h_end || w < w_end)) {
		int d = h == h_end ? 1 : w == w_end ? -1 : by_place(h, w);

		if (d < 0)
			err = add(gone, h->family, h->broadcast, h->addr);
		else if (d > 0 || h->broadcast != w->broadcast)
			err = add(fresh, w->family, w->broadcast, w->addr);
		h += d <= 0;
		w += d >= 0;
	}
	if (err) {
		addresses__free(gone);
		addresses__free(fresh);
	}
	return err;
}

/* Programs read while we write: any store may be the last that one sees. A test looks after each. */
#ifndef PUBLISH
#define PUBLISH(place, value)	__atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
#endif

static bool is_free6(const __be32 addr[4])
{
	return !(addr[0] | addr[1] | addr[2] | addr[3]);
}

/* Whether it stands there, or -1; the first free place is left in @vacant, or -1. */
static int stands4(const struct eg_addr4_bucket *b, const struct address *a, int *vacant)
{
	*vacant = -1;
	for (int w = 0; w < EG_ADDR4_WAYS; w++) {
		if (b->addr[w] == a->addr[0])
			return w;
		if (!b->addr[w] && *vacant < 0)
			*vacant = w;
	}
	return -1;
}

static int stands6(const struct eg_addr6_bucket *b, const struct address *a, int *vacant)
{
	*vacant = -1;
	for (int w = 0; w < EG_ADDR6_WAYS; w++) {
		if (!memcmp(b->addr[w], a->addr, sizeof(a->addr)))
			return w;
		if (is_free6(b->addr[w]) && *vacant < 0)
			*vacant = w;
	}
	return -1;
}

static void remove4(struct eg_addrs *t, const struct address *a)
{
	struct eg_addr4_bucket *b = &t->v4[eg_addr4_bucket_of(t->seed, a->addr[0])];
	int vacant, w = stands4(b, a, &vacant);

	if (w < 0)
		return;
	if (!(b->broadcast >> w & 1))
		PUBLISH(t->count4, t->count4 - 1);
	PUBLISH(b->addr[w], 0);
}

static void remove6(struct eg_addrs *t, const struct address *a)
{
	struct eg_addr6_bucket *b = &t->v6[eg_addr6_bucket_of(t->seed, a->addr)];
	int vacant, w = stands6(b, a, &vacant);

	if (w < 0)
		return;
	for (int word = 0; word < 4; word++)
		PUBLISH(b->addr[w][word], 0);
	PUBLISH(t->count6, t->count6 - 1);
}

void addresses__remove(const struct addresses *gone, struct eg_addrs *table)
{
	for (size_t i = 0; i < gone->count; i++) {
		const struct address *a = &gone->list[i];

		if (a->family == AF_INET)
			remove4(table, a);
		else
			remove6(table, a);
	}
}

static void turn4(struct eg_addrs *t, struct eg_addr4_bucket *b, int w, bool broadcast)
{
	if ((b->broadcast >> w & 1) == broadcast)
		return;
	PUBLISH(b->broadcast, b->broadcast ^ 1U << w);
	PUBLISH(t->count4, broadcast ? t->count4 - 1 : t->count4 + 1);
}

static bool insert4(struct eg_addrs *t, const struct address *a)
{
	struct eg_addr4_bucket *b = &t->v4[eg_addr4_bucket_of(t->seed, a->addr[0])];
	int w, held = stands4(b, a, &w);
	__u32 bit;

	if (held >= 0) {
		turn4(t, b, held, a->broadcast);
		return true;
	}
	if (w < 0)
		return false;
	bit = 1U << w;
	PUBLISH(b->broadcast, a->broadcast ? b->broadcast | bit : b->broadcast & ~bit);
	PUBLISH(b->addr[w], a->addr[0]);
	if (!a->broadcast)
		PUBLISH(t->count4, t->count4 + 1);
	return true;
}

/*
 * Word 0 comes last, and is what a program reads first: before it is there, nothing begins
 * like the address. Unless it is zero, as no address in use begins: such a one waits for the next table.
 */
static bool insert6(struct eg_addrs *t, const struct address *a)
{
	struct eg_addr6_bucket *b = &t->v6[eg_addr6_bucket_of(t->seed, a->addr)];
	int w;

	if (stands6(b, a, &w) >= 0)
		return true;
	if (w < 0 || !a->addr[0])
		return false;
	for (int word = 3; word >= 0; word--)
		PUBLISH(b->addr[w][word], a->addr[word]);
	PUBLISH(t->count6, t->count6 + 1);
	return true;
}

size_t addresses__insert(const struct addresses *fresh, struct eg_addrs *table)
{
	size_t left_out = 0;

	for (int broadcast = 0; broadcast < 2; broadcast++) {
		for (size_t i = 0; i < fresh->count; i++) {
			const struct address *a = &fresh->list[i];

			if (a->broadcast == broadcast)
				left_out += !(a->family == AF_INET ? insert4(table, a) :
								     insert6(table, a));
		}
	}
	return left_out;
}

/* An address without a place isn't missed: attaching again would not help. */
static bool has_room(const struct eg_addrs *t, const struct address *a)
{
	int vacant;

	if (a->family == AF_INET)
		stands4(&t->v4[eg_addr4_bucket_of(t->seed, a->addr[0]) & (EG_ADDR4_BUCKETS - 1)],
			a, &vacant);
	else
		stands6(&t->v6[eg_addr6_bucket_of(t->seed, a->addr) & (EG_ADDR6_BUCKETS - 1)],
			a, &vacant);
	return vacant >= 0;
}

int addresses__in_table(const struct addresses *a, const struct eg_addrs *table, bool *same)
{
	struct addresses held;
	size_t h = 0;
	int err;

	err = addresses__read(table, &held);
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
