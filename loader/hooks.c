// SPDX-License-Identifier: GPL-2.0-only
#include "hooks.h"
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <bpf/libbpf.h>

/* Of our filters; the programs' names say that they are ours. */
#define FILTER_HANDLE		0xe6
#define FILTER_PRIORITY		0xe60

static const __u32 owned_bits[HOOK_COUNT] = {
	[HOOK_TC_INGRESS] = EG_OWNED_INGRESS,
	[HOOK_TC_EGRESS] = EG_OWNED_EGRESS,
};

static const __u32 way_flags[XDP_WAY_COUNT] = {
	[XDP_WAY_DRIVER] = XDP_FLAGS_DRV_MODE,
	[XDP_WAY_SKB] = XDP_FLAGS_SKB_MODE,
	[XDP_WAY_HARDWARE] = XDP_FLAGS_HW_MODE,
};

void hooks__init(struct hooks *h, __u32 ifindex)
{
	memset(h, 0, sizeof(*h));
	h->ifindex = ifindex;
	h->suspended = -1;
	for (int i = 0; i < HOOK_COUNT; i++)
		h->at[i].link = h->at[i].old_program = -1;
}

void hooks__close(struct hooks *h)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		/* An updated link's descriptor belongs to the old instance. */
		if (h->at[i].did == LINK_MADE)
			close_fd(&h->at[i].link);
		close_fd(&h->at[i].old_program);
	}
	close_fd(&h->suspended);
}

/* Only with CAP_SYS_ADMIN may one ask for a program by its id; the pinned ones are at hand. */
static int open_program(const struct instance *own, __u32 id)
{
	int fd;

	for (int i = 0; i < EG_DIRECTION_COUNT; i++) {
		if (own->programs[i] < 0 || own->program_ids[i] != id)
			continue;
		fd = fcntl(own->programs[i], F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	fd = bpf_prog_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

/* Links --------------------------------------------------------------------- */

static int make_link(struct hook_change *at, int program, __u32 ifindex, int type, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd;

	fd = bpf_link_create(program, ifindex, type, &opts);
	if (fd < 0)
		return -errno;
	at->did = LINK_MADE;
	at->link = fd;
	return 0;
}

static int update_link(struct hook_change *at, enum hook hook, int program,
		       const struct instance *own)
{
	int old, link = own->links[hook];

	old = open_program(own, own->info[hook].prog_id);
	if (old < 0)
		return old;
	if (bpf_link_update(link, program, NULL)) {
		int err = -errno;

		close(old);
		return err;
	}
	at->did = LINK_UPDATED;
	at->link = link;
	at->old_program = old;
	return 0;
}

int hooks__xdp(struct hooks *h, enum eg_mode mode, int program, const struct instance *old,
	       const struct device *dev)
{
	enum xdp_way way = mode == EG_MODE_NATIVE ? XDP_WAY_DRIVER : XDP_WAY_SKB;
	struct hook_change *at = &h->at[HOOK_XDP];
	__u32 id = old->info[HOOK_XDP].prog_id;

	if (!old->alive[HOOK_XDP])
		return make_link(at, program, h->ifindex, BPF_XDP, way_flags[way]);
	if (dev->xdp_prog[way] == id)
		return update_link(at, HOOK_XDP, program, old);
	/* Native and generic exclude each other; the kernel answers in between. */
	if (h->suspended < 0) {
		h->suspended = open_program(old, id);
		if (h->suspended < 0)
			return h->suspended;
		for (int i = 0; i < XDP_WAY_COUNT; i++)
			if (dev->xdp_prog[i] == id)
				h->suspended_flags = way_flags[i];
		bpf_link_detach(old->links[HOOK_XDP]);
	}
	return make_link(at, program, h->ifindex, BPF_XDP, way_flags[way]);
}

/* clsact -------------------------------------------------------------------- */

static void tc_hook__init(struct bpf_tc_hook *h, __u32 ifindex, enum bpf_tc_attach_point at)
{
	/* libbpf looks at the padding too. */
	memset(h, 0, sizeof(*h));
	h->sz = sizeof(*h);
	h->ifindex = ifindex;
	h->attach_point = at;
}

static enum bpf_tc_attach_point point_of(enum hook hook)
{
	return hook == HOOK_TC_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

/* Who may not look takes handle and priority for it. */
static bool is_ours(__u32 prog_id)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	bool ours = false;
	int fd;

	fd = bpf_prog_get_fd_by_id(prog_id);
	if (fd < 0)
		return errno == EPERM;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		ours = !strncmp(info.name, "eg_tc_", 6);
	close(fd);
	return ours;
}

__u32 hooks__filter(__u32 ifindex, enum hook hook)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook h;

	if (hook == HOOK_XDP)
		return 0;
	tc_hook__init(&h, ifindex, point_of(hook));
	if (bpf_tc_query(&h, &opts) || !is_ours(opts.prog_id))
		return 0;
	return opts.prog_id;
}

bool hooks__has_clsact(__u32 ifindex)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook h;

	tc_hook__init(&h, ifindex, BPF_TC_INGRESS);
	/* ENOENT is a qdisc without this filter; EINVAL, no qdisc to look in. */
	return bpf_tc_query(&h, &opts) != -EINVAL;
}

static int set_filter(__u32 ifindex, enum hook hook, int program, bool replace)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = program, .flags = replace ? BPF_TC_F_REPLACE : 0);
	struct bpf_tc_hook h;

	tc_hook__init(&h, ifindex, point_of(hook));
	return bpf_tc_attach(&h, &opts);
}

/* An ingress qdisc answers to clsact's handle, but what is put at its egress runs at ingress. */
static bool has_ingress_qdisc(__u32 ifindex)
{
	struct rtnl rt;
	bool has;

	if (rtnl__open(&rt))
		return false;
	has = rtnl__has_qdisc(&rt, ifindex, "ingress");
	rtnl__close(&rt);
	return has;
}

static int attach_filter(struct hooks *h, enum hook hook, int program,
			 const struct instance *old)
{
	struct bpf_tc_hook both;
	struct hook_change *at = &h->at[hook];
	__u32 old_id = hooks__filter(h->ifindex, hook);
	int err;

	if (old_id) {
		at->old_program = open_program(old, old_id);
		if (at->old_program < 0)
			return at->old_program;
	} else {
		tc_hook__init(&both, h->ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
		err = bpf_tc_hook_create(&both);
		if (!err)
			h->owned |= EG_OWNED_QDISC;
		else if (err != -EEXIST)
			return err;
		else if (has_ingress_qdisc(h->ifindex))
			return -EADDRINUSE;
	}
	err = set_filter(h->ifindex, hook, program, old_id);
	if (err)
		return err;
	/* A qdisc of the attach before is still ours to remove. */
	h->owned |= old->meta.owned & EG_OWNED_QDISC;
	at->did = old_id ? FILTER_UPDATED : FILTER_MADE;
	h->owned |= owned_bits[hook];
	return 0;
}

static void remove_filter(__u32 ifindex, enum hook hook)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook h;

	tc_hook__init(&h, ifindex, point_of(hook));
	if (hooks__filter(ifindex, hook))
		bpf_tc_detach(&h, &opts);
}

static void remove_qdisc(__u32 ifindex)
{
	struct bpf_tc_hook both;
	struct rtnl rt;
	bool empty;

	if (rtnl__open(&rt))
		return;
	/* Others may have put filters into it since. */
	empty = !rtnl__filters(&rt, ifindex, TC_H_MIN_INGRESS) &&
		!rtnl__filters(&rt, ifindex, TC_H_MIN_EGRESS);
	rtnl__close(&rt);
	if (!empty)
		return;
	tc_hook__init(&both, ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	bpf_tc_hook_destroy(&both);
}

void hooks__remove_filters(__u32 ifindex, __u32 owned)
{
	if (owned & EG_OWNED_INGRESS)
		remove_filter(ifindex, HOOK_TC_INGRESS);
	if (owned & EG_OWNED_EGRESS)
		remove_filter(ifindex, HOOK_TC_EGRESS);
	if (owned & EG_OWNED_QDISC)
		remove_qdisc(ifindex);
}

/* Both ---------------------------------------------------------------------- */

bool hooks__shun_tcx(void)
{
	return getenv("ECHOGATE_NO_TCX");
}

int hooks__tc(struct hooks *h, enum hook hook, int program, const struct instance *old)
{
	int type = hook == HOOK_TC_INGRESS ? ATTACH_TCX_INGRESS : ATTACH_TCX_EGRESS;
	int err = -EINVAL;

	if (!hooks__shun_tcx()) {
		if (old->alive[hook])
			return update_link(&h->at[hook], hook, program, old);
		err = make_link(&h->at[hook], program, h->ifindex, type, 0);
	}
	/* What a kernel before 6.6 says to an attach type it doesn't know. */
	if (err == -EINVAL)
		err = attach_filter(h, hook, program, old);
	return err;
}

int hooks__update(struct hooks *h, enum hook hook, int program, const struct instance *old)
{
	if (old->alive[hook])
		return update_link(&h->at[hook], hook, program, old);
	/* XDP has no filters. */
	return old->filters[hook] ? attach_filter(h, hook, program, old) : -ENOENT;
}

void hooks__inherit(struct hooks *h, enum hook hook, const struct instance *old)
{
	h->at[hook].link = old->links[hook];
	h->at[hook].did = old->alive[hook] ? LINK_UPDATED : FILTER_UPDATED;
	if (!old->alive[hook])
		h->owned |= owned_bits[hook] | (old->meta.owned & EG_OWNED_QDISC);
}

void hooks__undo(struct hooks *h, const struct instance *old)
{
	char path[2 * PIN_PATH];
	__u32 made = h->owned & ~old->meta.owned;

	for (int i = 0; i < HOOK_COUNT; i++) {
		struct hook_change *at = &h->at[i];

		switch (at->did) {
		case LINK_MADE:
			bpf_link_detach(at->link);
			break;
		case LINK_UPDATED:
			bpf_link_update(at->link, at->old_program, NULL);
			break;
		case FILTER_MADE:
			made |= owned_bits[i];
			break;
		case FILTER_UPDATED:
			set_filter(h->ifindex, i, at->old_program, true);
			made &= ~owned_bits[i];
			break;
		case HOOK_UNTOUCHED:
			break;
		}
	}
	hooks__remove_filters(h->ifindex, made);
	if (h->suspended >= 0) {
		struct hook_change again = { .link = -1 };

		pins__path(path, sizeof(path), &old->dir, pin_link_names[HOOK_XDP]);
		if (!make_link(&again, h->suspended, h->ifindex, BPF_XDP, h->suspended_flags)) {
			unlink(path);
			bpf_obj_pin(again.link, path);
			close(again.link);
		}
	}
	hooks__close(h);
}

void hooks__retire(const struct hooks *h, const struct instance *old)
{
	for (int i = 0; i < HOOK_COUNT; i++)
		if (old->links[i] >= 0 && h->at[i].link != old->links[i])
			bpf_link_detach(old->links[i]);
	hooks__remove_filters(h->ifindex, old->meta.owned & ~h->owned);
}

bool hooks__here(const struct instance *in, enum hook hook, const struct device *dev)
{
	int type = hook == HOOK_TC_INGRESS ? ATTACH_TCX_INGRESS : ATTACH_TCX_EGRESS;
	__u32 id = in->info[hook].prog_id, ids[64], count = ARRAY_SIZE(ids);

	if (!in->alive[hook] || in->info[hook].xdp.ifindex != dev->ifindex)
		return false;
	if (hook == HOOK_XDP) {
		for (int i = 0; i < XDP_WAY_COUNT; i++)
			if (dev->xdp_prog[i] == id)
				return true;
		return false;
	}
	/* The kernel takes an ifindex in place of libbpf's target descriptor. */
	if (bpf_prog_query(dev->ifindex, type, 0, NULL, ids, &count))
		return true;	/* more programs than fit, or it can't be asked */
	for (__u32 i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Foreign XDP programs ------------------------------------------------------- */

__u32 hooks__foreign_xdp(const struct device *dev, const struct instance *own)
{
	__u32 ours = own && own->alive[HOOK_XDP] ? own->info[HOOK_XDP].prog_id : 0;

	for (int i = 0; i < XDP_WAY_COUNT; i++)
		if (dev->xdp_prog[i] && dev->xdp_prog[i] != ours)
			return dev->xdp_prog[i];
	return 0;
}

/* A link says its ifindex, but not the namespace that this is an index of. */
static int detach_link_of(__u32 ifindex, __u32 prog_id)
{
	int found = -1, fd, err = -ENOENT;
	struct bpf_link_info info;
	__u32 id = 0, len;

	while (!bpf_link_get_next_id(id, &id)) {
		fd = bpf_link_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.type != BPF_LINK_TYPE_XDP ||
		    info.xdp.ifindex != ifindex || info.prog_id != prog_id) {
			close(fd);
		} else if (found >= 0) {
			close(fd);
			err = -EBUSY;
			goto cleanup;
		} else {
			found = fd;
		}
	}
	if (found >= 0)
		err = bpf_link_detach(found) ? -errno : 0;
cleanup:
	close_fd(&found);
	return err;
}

int hooks__remove_foreign_xdp(struct rtnl *rt, struct device *dev, const struct instance *own)
{
	__u32 ours = own->alive[HOOK_XDP] ? own->info[HOOK_XDP].prog_id : 0;
	int err;

	for (int i = 0; i < XDP_WAY_COUNT; i++) {
		__u32 id = dev->xdp_prog[i];

		if (!id || id == ours)
			continue;
		/* A program that a link holds can't be removed by netlink. */
		err = bpf_xdp_detach(dev->ifindex, way_flags[i], NULL);
		if (err)
			err = detach_link_of(dev->ifindex, id);
		if (err)
			return err;
	}
	err = rtnl__device(rt, dev->ifindex, dev);
	if (!err && hooks__foreign_xdp(dev, own))
		err = -EBUSY;
	return err;
}
