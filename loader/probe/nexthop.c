// SPDX-License-Identifier: GPL-2.0-only
#include "nexthop.h"
#include "echo.h"
#include "endpoint.h"

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#define TRIES		3	/* of a second each */
#define LOOKS		20	/* at the neighbour table, in each */
#define RESOLVED	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct found {
	int family;			/* AF_INET or AF_INET6 */
	struct routing routing;
	bool has_mac;
	__u8 mac[6];
};

static int ask_route(struct rtnl *rt, const union address *to, const struct probe_options *o,
		     struct found *f)
{
	bool any = o->from.sa.sa_family == AF_UNSPEC;
	__u32 ifindex = o->ifindex;

	f->family = to->sa.sa_family;
	if (!ifindex && f->family == AF_INET6)
		ifindex = to->in6.sin6_scope_id;
	return rtnl__route(rt, f->family, address__bytes(to), any ? NULL : address__bytes(&o->from),
			   ifindex, &f->routing);
}

static int read_neighbour(const struct nlmsghdr *nlh, void *data)
{
	const struct ndmsg *nd = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	struct found *f = data;

	if (!(nd->ndm_state & RESOLVED))
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*nd)) {
		if (mnl_attr_get_type(a) != NDA_LLADDR || mnl_attr_get_payload_len(a) != 6)
			continue;
		f->has_mac = true;
		memcpy(f->mac, mnl_attr_get_payload(a), 6);
	}
	return MNL_CB_OK;
}

static int ask_neighbour(struct rtnl *rt, struct found *f)
{
	const struct ndmsg msg = {
		.ndm_family = f->routing.gateway_family,
		.ndm_ifindex = f->routing.ifindex,
	};
	char buf[256] = {};
	struct nlmsghdr *nlh = rtnl__request(buf, RTM_GETNEIGH, &msg, sizeof(msg));
	int err;

	mnl_attr_put(nlh, NDA_DST, address__length(f->routing.gateway_family), f->routing.gateway);
	err = rtnl__talk(rt, nlh, read_neighbour, f);
	return err == -ENOENT ? 0 : err;
}

/* One ping, for the kernel to look for whom it goes to. */
static void ping(const struct endpoint *e, const struct host *host)
{
	static const struct pattern none;
	__u8 message[ECHO_HEADER];

	echo__build(message, e->family, e->id, 0, &none, 0);
	/* Whether it got anywhere is seen in the neighbour table. */
	(void)!sendto(e->fd, message, sizeof(message), MSG_DONTWAIT, &host->address.sa,
		      address__size(&host->address));
}

static enum status resolve(struct rtnl *rt, struct found *f, const struct host *host,
			   const struct probe_options *o, const char *ifname)
{
	struct endpoint e = ENDPOINT_INIT;
	union address neighbour = { .sa.sa_family = f->routing.gateway_family };
	char text[ADDRESS_TEXT];
	enum status st;
	int err;

	st = endpoint__open(&e, host->address.sa.sa_family, o);
	if (st)
		return st;
	for (int i = 0; i < TRIES * LOOKS && !f->has_mac; i++) {
		err = ask_neighbour(rt, f);
		if (err) {
			st = report(FAILED, "neighbours of %s: %s", ifname, why(err));
			goto cleanup;
		}
		if (f->has_mac)
			break;
		if (i % LOOKS == 0)
			ping(&e, host);
		usleep(1000000 / LOOKS);
	}
	if (!f->has_mac) {
		memcpy((void *)address__bytes(&neighbour), f->routing.gateway,
		       address__length(f->routing.gateway_family));
		st = report(FAILED, "%s: nobody at %s says that %s is his; is the host up?",
			    host->name, ifname, address__print(&neighbour, text));
	}
cleanup:
	endpoint__close(&e);
	return st;
}

static int prefix_of(const struct sockaddr *mask)
{
	const __u8 *m = address__bytes((const union address *)mask);
	int prefix = 0;

	for (size_t i = 0; i < address__length(mask->sa_family); i++)
		prefix += __builtin_popcount(m[i]);
	return prefix;
}

/* Of our own address; that of a host where it is no interface's. */
static __u8 find_prefix(const struct found *f)
{
	struct ifaddrs *all = NULL;
	int prefix = address__length(f->family) * 8;

	if (getifaddrs(&all))
		return prefix;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_addr->sa_family == f->family && a->ifa_netmask &&
		    !memcmp(address__bytes((const union address *)a->ifa_addr), f->routing.source,
			    address__length(f->family)))
			prefix = prefix_of(a->ifa_netmask);
	freeifaddrs(all);
	return prefix;
}

static enum status no_route(const struct host *host, const struct probe_options *o, int err)
{
	if (err == -EINVAL && o->source)
		return report(FAILED, "--source %s: no interface here has this address; 'ip "
			      "address' lists them", o->source);
	return report(FAILED, "%s: no route to it%s%s (%s); 'ip route get %s' says the same",
		      host->name, o->interface ? " through " : "", o->interface ?: "", why(err),
		      host->text);
}

static enum status fill(struct nexthop *n, struct rtnl *rt, struct found *f,
			const struct host *host, const struct probe_options *o)
{
	struct route *r = &n->route;
	int err;

	err = rtnl__device(rt, f->routing.ifindex, &n->device);
	if (err)
		return report(FAILED, "interface %u: %s", f->routing.ifindex, why(err));
	if (f->routing.type != RTN_UNICAST && f->routing.type != RTN_LOCAL)
		return report(FAILED, "%s: it is no single host's address", host->name);
	if (!f->routing.has_source)
		return report(FAILED, "%s: it has no %s address to send from; give it one, or say "
			      "--source", n->device.name, family_name(f->family));
	n->loopback = f->routing.type == RTN_LOCAL || n->device.type == ARPHRD_LOOPBACK;
	n->ethernet = !n->loopback && n->device.type == ARPHRD_ETHER;
	n->on_link = f->routing.gateway_family == AF_UNSPEC;
	r->family = f->family == AF_INET ? 4 : 6;
	memcpy(r->from, f->routing.source, address__length(f->family));
	memcpy(r->to, address__bytes(&host->address), address__length(f->family));
	memcpy(r->from_mac, n->device.mac, 6);
	r->prefix = find_prefix(f);
	r->mtu = n->device.mtu;
	if (!n->ethernet)
		return DONE;
	if (n->on_link) {
		f->routing.gateway_family = f->family;
		memcpy(f->routing.gateway, r->to, 16);
	}
	if (n->device.flags & IFF_NOARP)
		return DONE;
	err = resolve(rt, f, host, o, n->device.name);
	memcpy(r->to_mac, f->mac, 6);
	return err;
}

enum status nexthop__find(struct nexthop *n, const struct host *host,
			  const struct probe_options *o)
{
	struct found f = {};
	struct rtnl rt;
	enum status st;
	int err;

	memset(n, 0, sizeof(*n));
	err = rtnl__open(&rt);
	if (err)
		return report(FAILED, "rtnetlink: %s", why(err));
	err = ask_route(&rt, &host->address, o, &f);
	st = err ? no_route(host, o, err) : fill(n, &rt, &f, host, o);
	rtnl__close(&rt);
	return st;
}
