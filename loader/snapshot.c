// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot.h"
#include "sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#define DEFAULT_TTL	64

bool device__is_l3(const struct device *dev)
{
	return dev->type == ARPHRD_NONE;
}

__u8 device__hop_limit(const char *ifname)
{
	char path[96];

	snprintf(path, sizeof(path), "ipv6/conf/%s/hop_limit", ifname);
	return sysctl__number(path, DEFAULT_TTL);
}

__s32 tai_offset(void)
{
	struct timex t = {};

	return adjtimex(&t) < 0 ? 0 : t.tai;
}

void settings__read(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	s->ttl4 = sysctl__number("ipv4/ip_default_ttl", DEFAULT_TTL);
	if (sysctl__number("ipv4/icmp_echo_ignore_all", 0))
		s->flags |= EG_FLAG_IGNORE4;
	if (sysctl__number("ipv6/icmp/echo_ignore_all", 0))
		s->flags |= EG_FLAG_IGNORE6;
	if (sysctl__number("ipv4/icmp_ratemask", 0) & 1 << ICMP_ECHOREPLY)
		s->flags |= EG_FLAG_RATEMASK4;
	if (sysctl__list_has("ipv6/icmp/ratemask", ICMPV6_ECHO_REPLY))
		s->flags |= EG_FLAG_RATEMASK6;
	if (sysctl__number("ipv6/auto_flowlabels", 1))
		s->flags |= EG_FLAG_LABEL_AUTO;
	if (sysctl__number("ipv6/flowlabel_reflect", 0) & 4)
		s->flags |= EG_FLAG_LABEL_REFLECT;
	s->tai = tai_offset();
}

static void describe(const struct survey *s, const struct device *dev, struct eg_config *c)
{
	memset(c, 0, sizeof(*c));
	c->ifindex = dev->ifindex;
	if (!device__is_l3(dev))
		memcpy(c->mac, dev->mac, sizeof(c->mac));
	c->flags = s->settings.flags;
	c->ttl4 = s->settings.ttl4;
	c->hop6 = device__hop_limit(dev->name);
	c->tai = s->settings.tai;
}

static void choose_error_sources(const struct census *census, struct eg_config *c)
{
	__be32 addr[4];

	census__choose(census, c->ifindex, AF_INET, addr);
	c->error4 = addr[0];
	census__choose(census, c->ifindex, AF_INET6, c->error6);
}

static bool is_vlan_on(const struct device *dev, __u32 lower)
{
	return !strcmp(dev->kind, "vlan") && dev->lower == lower && dev->flags & IFF_UP;
}

static __u32 tag_of(const struct device *vlan)
{
	return (__u32)vlan->vlan_protocol << 16 | vlan->vlan_id;
}

static int add_vlan(struct snapshot *snap, const struct device *dev, __u32 outer, __u32 inner)
{
	struct vlan *more;

	if (snap->vlan_count == EG_VLANS_MAX)
		return 0;	/* its packets are the kernel's */
	more = realloc(snap->vlans, (snap->vlan_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	snap->vlans = more;
	more = &snap->vlans[snap->vlan_count++];
	memset(more, 0, sizeof(*more));
	more->key.outer = outer;
	more->key.inner = inner;
	more->value.ifindex = dev->ifindex;
	memcpy(more->value.mac, dev->mac, sizeof(more->value.mac));
	more->value.hop6 = device__hop_limit(dev->name);
	return 0;
}

int vlan__compare(const void *va, const void *vb)
{
	const struct vlan *a = va, *b = vb;

	if (a->key.outer != b->key.outer)
		return a->key.outer < b->key.outer ? -1 : 1;
	return (a->key.inner > b->key.inner) - (a->key.inner < b->key.inner);
}

/* One VLAN device on the interface, or two on top of each other. */
static int read_vlans(const struct device *devs, size_t count, __u32 ifindex,
		      struct snapshot *snap)
{
	int err = 0;

	for (size_t i = 0; !err && i < count; i++) {
		if (!is_vlan_on(&devs[i], ifindex))
			continue;
		err = add_vlan(snap, &devs[i], tag_of(&devs[i]), 0);
		for (size_t j = 0; !err && j < count; j++)
			if (is_vlan_on(&devs[j], devs[i].ifindex))
				err = add_vlan(snap, &devs[j], tag_of(&devs[i]), tag_of(&devs[j]));
	}
	if (snap->vlan_count)
		qsort(snap->vlans, snap->vlan_count, sizeof(*snap->vlans), vlan__compare);
	return err;
}

int survey__take(struct rtnl *rt, struct survey *s)
{
	int err;

	memset(s, 0, sizeof(*s));
	settings__read(&s->settings);
	err = rtnl__devices(rt, &s->devs, &s->dev_count) ?:
	      census__take(rt, s->devs, s->dev_count, &s->census);
	if (err)
		survey__free(s);
	return err;
}

void survey__free(struct survey *s)
{
	census__free(&s->census);
	free(s->devs);
	memset(s, 0, sizeof(*s));
}

int survey__snapshot(const struct survey *s, __u32 ifindex, struct snapshot *snap)
{
	const struct device *dev = device__find(s->devs, s->dev_count, ifindex);
	__u32 *own = NULL;
	int err;

	memset(snap, 0, sizeof(*snap));
	if (!dev)
		return -ENODEV;
	describe(s, dev, &snap->config);
	choose_error_sources(&s->census, &snap->config);
	err = read_vlans(s->devs, s->dev_count, ifindex, snap);
	if (err)
		goto cleanup;
	own = calloc(snap->vlan_count + 1, sizeof(*own));
	if (!own) {
		err = -ENOMEM;
		goto cleanup;
	}
	own[0] = ifindex;
	for (size_t i = 0; i < snap->vlan_count; i++)
		own[i + 1] = snap->vlans[i].value.ifindex;
	err = census__addresses(&s->census, own, snap->vlan_count + 1, &snap->addrs);
cleanup:
	free(own);
	if (err)
		snapshot__free(snap);
	return err;
}

int snapshot__take(struct rtnl *rt, __u32 ifindex, struct snapshot *snap)
{
	struct survey s;
	int err;

	err = survey__take(rt, &s);
	if (err) {
		memset(snap, 0, sizeof(*snap));
		return err;
	}
	err = survey__snapshot(&s, ifindex, snap) ?: metrics__read(rt, &snap->metrics);
	survey__free(&s);
	if (err)
		snapshot__free(snap);
	return err;
}

void snapshot__free(struct snapshot *snap)
{
	addresses__free(&snap->addrs);
	metrics__free(&snap->metrics);
	free(snap->vlans);
	memset(snap, 0, sizeof(*snap));
}

bool config__equal(const struct eg_config *a, const struct eg_config *b)
{
	return a->flags == b->flags && a->ifindex == b->ifindex && a->ttl4 == b->ttl4 &&
	       a->hop6 == b->hop6 && !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       a->error4 == b->error4 && !memcmp(a->error6, b->error6, sizeof(a->error6));
}
