// SPDX-License-Identifier: GPL-2.0-only
#include "exam.h"
#include "forwarding.h"
#include "freshness.h"
#include "hooks.h"
#include "netdev.h"
#include "quote.h"
#include "snapshot.h"
#include "sysctl.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/version.h>
#include <linux/xfrm.h>

/* Places ------------------------------------------------------------------------------- */

/* Where the namespace is that --netns would call @netns. */
static void find_path(char *path, size_t size, const char *netns)
{
	snprintf(path, size, strchr(netns, '/') ? "%s" : "/run/netns/%s", netns);
	if (access(path, F_OK))
		snprintf(path, size, "/proc/%s/ns/net", netns);
}

/* @netns: as --netns takes it; "": the caller's own. */
static void place__name(struct place *p, const char *netns)
{
	char path[PATH_MAX], word[WORD_SIZE];

	*p = (struct place){};
	if (!*netns)
		return;
	quote(word, sizeof(word), netns);
	snprintf(p->option, sizeof(p->option), " --netns %s", word);
	find_path(path, sizeof(path), netns);
	quote(word, sizeof(word), path);
	snprintf(p->enter, sizeof(p->enter), "nsenter --net=%s ", word);
}

/* The host ------------------------------------------------------------------------------- */

static long read_number(const char *path)
{
	char line[64], *end;
	long v;

	if (read_line(path, line, sizeof(line)))
		return -1;
	v = strtol(line, &end, 10);
	return end == line ? -1 : v;
}

/* These belong to the whole machine, and are seen in the first namespace only. */
static void read_global(const struct scope *s, struct host *h)
{
	int fd = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
	bool entered = fd >= 0 && !setns(fd, CLONE_NEWNET);

	h->jit = read_number("/proc/sys/net/core/bpf_jit_enable");
	h->jit_harden = read_number("/proc/sys/net/core/bpf_jit_harden");
	h->unprivileged_bpf_disabled = read_number("/proc/sys/kernel/unprivileged_bpf_disabled");
	h->bpf_stats = read_number("/proc/sys/kernel/bpf_stats_enabled");
	if (entered)
		scope__enter(s);
	close_fd(&fd);
}

static void read_lockdown(struct host *h)
{
	char line[80], *from, *to;

	h->lockdown[0] = 0;
	if (read_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		return;
	/* "none [integrity] confidentiality" */
	from = strchr(line, '[');
	to = from ? strchr(from, ']') : NULL;
	if (!to)
		return;
	*to = 0;
	copy_text(h->lockdown, from + 1, sizeof(h->lockdown));
}

static void read_kernel(struct host *h)
{
	unsigned int major = 0, minor = 0, patch = 0;
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };
	__u32 id, count = 0, ifindex = if_nametoindex("lo");
	__u64 unused;
	struct utsname u;
	int err;

	if (!uname(&u)) {
		copy_text(h->release, u.release, sizeof(h->release));
		sscanf(u.release, "%u.%u.%u", &major, &minor, &patch);
	}
	h->kernel = KERNEL_VERSION(major, minor, patch < 255 ? patch : 255);
	h->can_bpf = capability__held(CAP_BPF) || capability__held(CAP_SYS_ADMIN);
	h->can_net = capability__held(CAP_NET_ADMIN);
	h->can_perfmon = capability__held(CAP_PERFMON) || capability__held(CAP_SYS_ADMIN);
	h->has_bpf = !bpf_prog_get_next_id(0, &id) || errno != ENOSYS;
	h->tcx = h->kernel >= KERNEL_VERSION(6, 6, 0);
	err = bpf_prog_query(ifindex, ATTACH_TCX_INGRESS, 0, NULL, NULL, &count);
	if (err != -EPERM)
		h->tcx = err != -EINVAL;
	if (hooks__shun_tcx())
		h->tcx = false;
	h->netdev = netdev__xdp_features(ifindex, &unused) != -ENOENT;
	h->cpus = sysconf(_SC_NPROCESSORS_CONF);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	h->memlock = limit.rlim_cur == RLIM_INFINITY ? ULONG_MAX : limit.rlim_cur;
	read_lockdown(h);
}

static void read_bpffs(struct host *h)
{
	struct statvfs fs;

	h->bpffs = pins__mounted();
	h->bpffs_read_only = h->bpffs && !statvfs(BPFFS, &fs) && fs.f_flag & ST_RDONLY;
}

static int read_policies(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(__u32)) {
		const struct xfrmu_spdinfo *info = mnl_attr_get_payload(a);

		if (mnl_attr_get_type(a) == XFRMA_SPD_INFO &&
		    mnl_attr_get_payload_len(a) >= sizeof(*info))
			*(long *)data = info->incnt;
	}
	return MNL_CB_OK;
}

static long count_policies(void)
{
	const __u32 flags = ~0U;
	struct rtnl xfrm;
	char buf[256] = {};
	long count = -1;

	if (rtnl__open_protocol(&xfrm, NETLINK_XFRM))
		return -1;
	rtnl__talk(&xfrm, rtnl__request(buf, XFRM_MSG_GETSPDINFO, &flags, sizeof(flags)),
		   read_policies, &count);
	rtnl__close(&xfrm);
	return count;
}

static void read_sysctls(struct host *h)
{
	h->ignore4 = sysctl__number("ipv4/icmp_echo_ignore_all", -1);
	h->ignore6 = sysctl__number("ipv6/icmp/echo_ignore_all", -1);
	h->ratemask4 = sysctl__number("ipv4/icmp_ratemask", -1);
	h->ratemask6 = sysctl__list_has("ipv6/icmp/ratemask", ICMPV6_ECHO_REPLY);
	h->forwarding_off = forwarding__off();
	h->forwarding_fixed = access("/proc/sys/net/ipv4/conf/lo/forwarding", W_OK) &&
			      errno == EROFS;
}

static int add_leftover(struct host *h, const struct instance *in, bool here)
{
	struct leftover *more, *l;

	more = realloc(h->leftovers, (h->leftover_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	h->leftovers = more;
	l = &more[h->leftover_count++];
	memset(l, 0, sizeof(*l));
	l->gone = in->state == INSTANCE_GONE;
	pins__dir(l->dir, sizeof(l->dir), &in->dir);
	if (here && *in->ifname && !if_nametoindex(in->ifname))
		quote(l->name, sizeof(l->name), in->ifname);
	return 0;
}

/* Of this namespace, and of those that are gone altogether. */
static int find_leftovers(const struct scope *s, struct host *h)
{
	struct pin_dir *dirs;
	struct instance in;
	size_t count;
	int err;

	err = pins__list(&dirs, &count);
	for (size_t i = 0; !err && i < count; i++) {
		bool here = dirs[i].cookie == s->cookie;

		if (dirs[i].place != PLACE_RUNNING || instance__open(&in, &dirs[i]))
			continue;
		if (here) {
			instance__look(&in, s);
			scope__enter(s);
		}
		if (in.state == INSTANCE_GONE || in.state == INSTANCE_MOVED)
			err = add_leftover(h, &in, here);
		else if (here)
			quote(h->attached, sizeof(h->attached), in.ifname);
		instance__close(&in);
	}
	free(dirs);
	return err == -EACCES || err == -EPERM ? 0 : err;
}

int host__examine(const struct scope *s, struct rtnl *rt, struct host *h)
{
	struct metrics metrics = {};
	int err;

	memset(h, 0, sizeof(*h));
	place__name(&h->place, s->name);
	read_global(s, h);
	read_kernel(h);
	read_bpffs(h);
	read_sysctls(h);
	h->policies = count_policies();
	err = rtnl__devices(rt, &h->devs, &h->dev_count) ?: metrics__read(rt, &metrics) ?:
	      listeners__read(&h->listeners, &h->listener_count) ?:
	      firewall__read(&h->firewall) ?: find_leftovers(s, h);
	h->metrics = metrics.count;
	metrics__free(&metrics);
	if (err)
		host__free(h);
	return err;
}

void host__free(struct host *h)
{
	free(h->devs);
	free(h->listeners);
	free(h->leftovers);
	firewall__free(&h->firewall);
	memset(h, 0, sizeof(*h));
}

/* The other end of a veth ------------------------------------------------------------------ */

static bool is_of(struct rtnl *rt, const char *path, int netnsid)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), id;
	bool same;

	if (fd < 0)
		return false;
	same = !rtnl__netnsid(rt, fd, &id) && id == netnsid;
	close(fd);
	return same;
}

/*
 * A namespace among what @parent lists, as --netns takes it: by its name below /run/netns, and by
 * its path below /proc, as the number of a process may be a name, too.
 */
static bool find_name(struct rtnl *rt, const char *parent, int netnsid, char *name, size_t size)
{
	bool found = false, is_proc = !strcmp(parent, "/proc");
	char path[NAME_MAX + 64];
	struct dirent *e;
	DIR *dir;

	dir = opendir(parent);
	if (!dir)
		return false;
	while (!found && (e = readdir(dir))) {
		if (*e->d_name == '.' || (is_proc && !isdigit((unsigned char)*e->d_name)))
			continue;
		snprintf(path, sizeof(path), is_proc ? "%s/%s/ns/net" : "%s/%s", parent, e->d_name);
		found = is_of(rt, path, netnsid);
		if (found)
			copy_text(name, is_proc ? path : e->d_name, size);
	}
	closedir(dir);
	return found;
}

static void ask_peer_driver(const struct scope *s, const char *netns, struct peer *p)
{
	char path[PATH_MAX];
	int fd;

	find_path(path, sizeof(path), netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !setns(fd, CLONE_NEWNET)) {
		ethtool__driver(p->dev.name, &p->driver);
		scope__enter(s);
	}
	close_fd(&fd);
}

static void examine_peer(const struct scope *s, struct rtnl *rt, struct exam *e)
{
	char netns[NAME_MAX + 1] = "";
	struct peer *p = &e->peer;
	int id = e->dev.link_netnsid;

	if (strcmp(e->dev.kind, "veth"))
		return;
	if (id < 0) {
		p->found = !rtnl__device(rt, e->dev.link, &p->dev);
		p->reachable = p->found;
		p->place = e->host->place;
		if (p->found)
			ethtool__driver(p->dev.name, &p->driver);
	} else {
		p->found = !rtnl__device_of(rt, id, e->dev.link, &p->dev);
		p->reachable = find_name(rt, "/run/netns", id, netns, sizeof(netns)) ||
			       find_name(rt, "/proc", id, netns, sizeof(netns));
		place__name(&p->place, netns);
		if (p->found && p->reachable)
			ask_peer_driver(s, netns, p);
	}
	quote(p->name, sizeof(p->name), p->dev.name);
}

/* An interface ------------------------------------------------------------------------------ */

/* The link that holds a program here; 0: none, or there are several. */
static __u32 find_link(__u32 type, __u32 ifindex, __u32 program)
{
	__u32 id = 0, found = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		/* TCX keeps its ifindex in the same place. */
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == type &&
		    info.xdp.ifindex == ifindex && info.prog_id == program) {
			if (found) {
				close(fd);
				return 0;
			}
			found = id;
		}
		close_fd(&fd);
	}
	return found;
}

static void find_foreign_xdp(struct exam *e, const struct instance *in)
{
	__u32 id = hooks__foreign_xdp(&e->dev, in);

	e->foreign_xdp = id;
	if (!id)
		return;
	for (int i = 0; i < XDP_WAY_COUNT; i++)
		if (e->dev.xdp_prog[i] == id)
			e->foreign_way = i;
	e->foreign_link = find_link(BPF_LINK_TYPE_XDP, e->dev.ifindex, id);
}

static void find_foreign_tc(struct rtnl *rt, struct exam *e, const struct instance *in)
{
	__u32 ids[64], count = ARRAY_SIZE(ids), ours = 0;

	if (in->alive[HOOK_TC_INGRESS])
		ours = in->info[HOOK_TC_INGRESS].prog_id;
	if (bpf_prog_query(e->dev.ifindex, ATTACH_TCX_INGRESS, 0, NULL, ids, &count))
		count = 0;
	for (__u32 i = 0; i < count; i++) {
		if (ids[i] == ours)
			continue;
		if (!e->foreign_tcx++)
			e->foreign_tcx_link = find_link(LINK_TYPE_TCX, e->dev.ifindex, ids[i]);
	}
	e->own_filter = in->filters[HOOK_TC_INGRESS] || in->filters[HOOK_TC_EGRESS];
	e->filters = rtnl__filters(rt, e->dev.ifindex, TC_H_MIN_INGRESS);
	e->filters -= !!in->filters[HOOK_TC_INGRESS];
	if (e->filters < 0)
		e->filters = 0;
}

bool interface__attached(const struct scope *s, __u32 ifindex)
{
	struct pin_dir dir = { .cookie = s->cookie, .ifindex = ifindex };
	char path[PIN_PATH];

	pins__dir(path, sizeof(path), &dir);
	return !access(path, F_OK);
}

static void examine_instance(const struct scope *s, struct rtnl *rt, struct exam *e)
{
	struct pin_dir dir = { .cookie = s->cookie, .ifindex = e->dev.ifindex };
	struct freshness fresh;
	struct instance in;

	instance__init(&in);
	if (!pins__mounted() || instance__open(&in, &dir))
		instance__init(&in);
	if (in.state != INSTANCE_ABSENT) {
		instance__visit(&in, s);
		scope__enter(s);
	}
	if (in.state == INSTANCE_ATTACHED) {
		freshness__count(&in, &fresh);
		freshness__compare(&in, &fresh);
		e->stale = freshness__stale(&fresh);
	}
	e->state = in.state;
	e->mode = in.meta.mode;
	e->swap = in.meta.swap;
	find_foreign_xdp(e, &in);
	find_foreign_tc(rt, e, &in);
	instance__close(&in);
}

static long read_rp_filter(const char *ifname)
{
	char path[64];
	long all = sysctl__number("ipv4/conf/all/rp_filter", -1), own;

	snprintf(path, sizeof(path), "ipv4/conf/%s/rp_filter", ifname);
	own = sysctl__number(path, -1);
	return own > all ? own : all;
}

int interface__examine(const struct scope *s, struct rtnl *rt, const struct host *h,
		       __u32 ifindex, struct exam *e)
{
	const struct device *dev, *master;

	memset(e, 0, sizeof(*e));
	e->host = h;
	dev = device__find(h->devs, h->dev_count, ifindex);
	if (!dev)
		return -ENODEV;
	e->dev = *dev;
	e->l3 = device__is_l3(dev);
	quote(e->name, sizeof(e->name), dev->name);
	master = dev->master ? device__find(h->devs, h->dev_count, dev->master) : NULL;
	if (master) {
		quote(e->master, sizeof(e->master), master->name);
		e->master_attached = interface__attached(s, master->ifindex);
	}
	for (size_t i = 0; i < h->dev_count; i++)
		e->vlans += !strcmp(h->devs[i].kind, "vlan") && h->devs[i].lower == ifindex;
	ethtool__driver(dev->name, &e->driver);
	e->xdp_known = !netdev__xdp_features(ifindex, &e->xdp_features);
	e->rp_filter = read_rp_filter(dev->name);
	e->ingress_qdisc = rtnl__has_qdisc(rt, ifindex, "ingress");
	examine_peer(s, rt, e);
	examine_instance(s, rt, e);
	return 0;
}
