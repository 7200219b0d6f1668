// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "detach.h"
#include "forwarding.h"
#include "hooks.h"
#include "instance.h"
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <linux/if_link.h>

#define MODE_AUTO	(-1)
#define FORWARD_BITS	(EG_OWNED_FORWARD4 | EG_OWNED_FORWARD6)

struct attach_options {
	int mode;		/* enum eg_mode or MODE_AUTO */
	bool replace;
	const char *netns;
	struct settings settings;
};

/* One interface on its way to being attached. */
struct attachment {
	const struct attach_options *opts;
	const struct scope *scope;
	const char *name;		/* as given */
	struct rtnl rt;
	struct device dev;
	struct snapshot snap;
	struct instance old;		/* what is there already */
	struct object obj;
	enum eg_mode loaded;		/* what obj is made for */
	struct hooks hooks;
	struct eg_meta meta;
	__u32 forwarded;		/* EG_OWNED_FORWARD4/6 that this attach turned on */
	char refusals[400];		/* why modes that were tried first are not it */
};

/* Checks ---------------------------------------------------------------------- */

static enum status check_device(struct attachment *a)
{
	const char *name = a->name;
	int mode = a->opts->mode;

	if (a->dev.type != ARPHRD_ETHER && a->dev.type != ARPHRD_LOOPBACK &&
	    !device__is_l3(&a->dev))
		return report(FAILED, "%s: link type %u is neither Ethernet nor plain IP; "
			      "choose another interface", name, a->dev.type);
	if (device__is_l3(&a->dev) && (mode == EG_MODE_NATIVE || mode == EG_MODE_GENERIC))
		return report(FAILED, "%s: it has no Ethernet header, and XDP needs one; "
			      "try --mode tc", name);
	if (!strcmp(a->dev.slave_kind, "vrf"))
		return report(FAILED,
			      "%s: it belongs to a VRF, whose addresses and routes can't be "
			      "told apart here; choose an interface outside of it",
			      name);
	return DONE;
}

static enum status check_foreign(struct attachment *a)
{
	__u32 id = hooks__foreign_xdp(&a->dev, &a->old);

	if (!id || a->opts->mode == EG_MODE_TC || a->opts->replace)
		return DONE;
	return report(FAILED, "%s: another XDP program is attached (id %u); --replace removes it, "
		      "--mode tc leaves it in place", a->name, id);
}

static enum status remove_foreign(struct attachment *a)
{
	__u32 id = hooks__foreign_xdp(&a->dev, &a->old);
	int err;

	if (!id || a->opts->mode == EG_MODE_TC)
		return DONE;
	err = hooks__remove_foreign_xdp(&a->rt, &a->dev, &a->old);
	if (!err)
		return DONE;
	if (err == -EBUSY)
		return report(FAILED,
			      "%s: XDP program %u is held by several links, and which is this "
			      "interface's can't be told; try: bpftool link detach id LINK",
			      a->name, id);
	return report(status_of(err), "%s: XDP program %u can't be removed: %s", a->name, id,
		      why(err));
}

/* Modes ------------------------------------------------------------------------ */

/* Why XDP was refused, in words that help. */
static void explain_xdp(struct attachment *a, enum eg_mode mode, int err, char *text, size_t size)
{
	__u32 flags = mode == EG_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	const char *kernel;

	rtnl__xdp_try(&a->rt, a->dev.ifindex, a->obj.programs[HOOK_XDP], flags);
	kernel = a->rt.extack;
	if (strcasestr(kernel, "mtu") || err == -ERANGE || err == -EFBIG || err == -E2BIG)
		snprintf(text, size,
			 "MTU %u is too large for this driver (%s); try: ip link set dev "
			 "%s mtu 1500",
			 a->dev.mtu, *kernel ? kernel : why(err), a->dev.name);
	else if (err == -EOPNOTSUPP && (!*kernel || strcasestr(kernel, "does not support XDP")))
		snprintf(text, size, "not supported by this driver");
	else
		snprintf(text, size, "%s%s%s%s", *kernel ? kernel : why(err), *kernel ? " (" : "",
			 *kernel ? why(err) : "", *kernel ? ")" : "");
}

static void add_refusal(struct attachment *a, enum eg_mode mode, const char *text)
{
	size_t used = strlen(a->refusals);

	snprintf(a->refusals + used, sizeof(a->refusals) - used, "%s%s: %s", used ? "; " : "",
		 mode_names[mode], text);
}

static enum status load(struct attachment *a, enum eg_mode mode)
{
	struct object_options opts = {
		.snapshot = &a->snap,
		.settings = &a->opts->settings,
		.meta = &a->meta,
		.counters = a->old.abi == EG_ABI ? a->old.maps[PIN_COUNTERS] : -1,
		.mode = mode,
		.l3 = device__is_l3(&a->dev),
	};

	object__close(&a->obj);
	a->loaded = mode;
	return object__load(&opts, a->name, &a->obj);
}

static int pin_maps(const struct attachment *a, const struct pin_dir *building)
{
	char dir[PIN_PATH], path[2 * PIN_PATH];

	pins__dir(dir, sizeof(dir), building->cookie, building->ifindex, true);
	for (int i = 0; i < PIN_MAP_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, pin_map_names[i]);
		/* Of the mode that was tried before. */
		unlink(path);
		if (bpf_obj_pin(a->obj.maps[i], path))
			return -errno;
	}
	return 0;
}

/* Pins the maps of what is loaded, in place of what was staged before. Reports. */
static enum status stage(struct attachment *a, const struct pin_dir *building)
{
	int err;

	err = pins__make(building);
	if (err && err != -EEXIST)
		return report(status_of(err), "%s: its pins can't be made: %s", a->name, why(err));
	err = pin_maps(a, building);
	if (err)
		return report(status_of(err), "%s: its maps can't be pinned: %s", a->name,
			      why(err));
	return DONE;
}

/* Ingress in one mode. A refusal is recorded, not reported. -errno. */
static int try_mode(struct attachment *a, enum eg_mode mode)
{
	char text[256];
	int err;

	if (mode == EG_MODE_TC)
		err = hooks__tc(&a->hooks, HOOK_TC_INGRESS, a->obj.programs[HOOK_TC_INGRESS],
				&a->old);
	else
		err = hooks__xdp(&a->hooks, mode, a->obj.programs[HOOK_XDP], &a->old, &a->dev);
	if (!err) {
		a->meta.mode = mode;
		return 0;
	}
	if (mode == EG_MODE_TC)
		copy_text(text, why(err), sizeof(text));
	else
		explain_xdp(a, mode, err, text, sizeof(text));
	add_refusal(a, mode, text);
	return err;
}

/* Ingress in the mode asked for, or in the first that works. Reports. */
static enum status attach_ingress(struct attachment *a, const struct pin_dir *building)
{
	bool any = a->opts->mode == MODE_AUTO;
	int err = -EOPNOTSUPP;
	enum status st;

	for (int mode = EG_MODE_NATIVE; mode < EG_MODE_COUNT; mode++) {
		if (!any && mode != a->opts->mode)
			continue;
		if (mode != EG_MODE_TC && device__is_l3(&a->dev)) {
			if (mode == EG_MODE_NATIVE)
				snprintf(a->refusals, sizeof(a->refusals),
					 "XDP: the interface has no Ethernet header");
			continue;
		}
		if (mode != (int)a->loaded) {
			st = load(a, mode) ?: stage(a, building);
			if (st)
				return st;
		}
		err = try_mode(a, mode);
		if (!err)
			return DONE;
		if (err == -ENODEV)
			return report(FAILED, "%s: the interface vanished", a->name);
		/* What has been running in this mode was not refused by the driver. */
		if (a->old.alive[HOOK_XDP] && a->old.meta.mode == (__u32)mode)
			break;
		if (err == -EPERM || err == -EACCES)
			break;
	}
	if (err == -EOPNOTSUPP && a->opts->mode == EG_MODE_NATIVE)
		return report(FAILED, "%s: %s; try --mode generic or --mode tc", a->name,
			      a->refusals);
	return report(status_of(err), "%s: can't be attached: %s", a->name, a->refusals);
}

/* Steps ------------------------------------------------------------------------ */

static void prepare_meta(struct attachment *a)
{
	struct eg_meta *m = &a->meta;
	bool again = a->old.abi == EG_ABI;

	memset(m, 0, sizeof(*m));
	m->abi = EG_ABI;
	m->since = again ? a->old.meta.since : (__u64)time(NULL);
	m->generation = again ? a->old.meta.generation + 1 : 1;
	m->ifindex = a->dev.ifindex;
	/* Should we be killed before the end, this is what may have to be undone. */
	m->owned = EG_OWNED_INGRESS | EG_OWNED_EGRESS |
		   (a->old.meta.owned & (FORWARD_BITS | EG_OWNED_QDISC));
	if (!hooks__has_clsact(a->dev.ifindex))
		m->owned |= EG_OWNED_QDISC;
	if (!a->opts->settings.swap)
		m->owned |= forwarding__off();
	copy_text(m->ifname, a->dev.name, sizeof(m->ifname));
	copy_text(m->netns, a->scope->name, sizeof(m->netns));
	copy_text(m->config, a->opts->settings.path, sizeof(m->config));
}

static void enable_forwarding(struct attachment *a)
{
	int err;

	if (a->opts->settings.swap)
		return;
	err = forwarding__enable(&a->rt, &a->forwarded);
	if (err)
		note("%s: forwarding on lo can't be turned on: %s; without it pings go to the "
		     "kernel (fib-disabled), unless reply-path swap is configured",
		     a->name, why(err));
}

/* First link, last pin: a directory that is in its place is complete. */
static int pin(struct attachment *a, const struct pin_dir *building)
{
	char dir[PIN_PATH], path[2 * PIN_PATH];

	pins__dir(dir, sizeof(dir), building->cookie, building->ifindex, true);
	for (int i = 0; i < HOOK_COUNT; i++) {
		if (a->hooks.at[i].did != LINK_MADE && a->hooks.at[i].did != LINK_UPDATED)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, pin_link_names[i]);
		if (bpf_obj_pin(a->hooks.at[i].link, path))
			return -errno;
	}
	return pins__swap_in(building);
}

static void print_result(const struct attachment *a)
{
	size_t n = addresses__local(&a->snap.addrs);

	printf("%s: %s, %s", a->name, a->meta.generation > 1 ? "attached again" : "attached",
	       mode_name(a->meta.mode));
	if (*a->refusals)
		printf(" (%s)", a->refusals);
	printf(", %zu address%s", n, n == 1 ? "" : "es");
	if (a->snap.vlan_count)
		printf(", %zu VLAN%s", a->snap.vlan_count, a->snap.vlan_count == 1 ? "" : "s");
	putchar('\n');
}

/*
 * Everything is loaded before anything is touched, and every touch is undone
 * when a later one fails. Reports.
 */
static enum status build(struct attachment *a)
{
	struct pin_dir building = { .cookie = a->scope->cookie, .ifindex = a->dev.ifindex,
				    .building = true };
	enum status st;
	int err;

	st = load(a, device__is_l3(&a->dev) ? EG_MODE_TC :
		     a->opts->mode == MODE_AUTO ? EG_MODE_NATIVE : (enum eg_mode)a->opts->mode);
	if (st)
		return st;
	st = stage(a, &building) ?: remove_foreign(a);
	if (st)
		goto cleanup;
	/* Before the first packet, which would remember for a second that it is off. */
	enable_forwarding(a);
	st = attach_ingress(a, &building);
	if (st)
		goto undo;
	err = hooks__tc(&a->hooks, HOOK_TC_EGRESS, a->obj.programs[HOOK_TC_EGRESS], &a->old);
	if (err) {
		st = report(status_of(err), "%s: tc egress: %s (%s)", a->name, why(err),
			    libbpf_last_warning());
		goto undo;
	}
	a->meta.owned = a->hooks.owned | a->forwarded | (a->old.meta.owned & FORWARD_BITS);
	err = object__set_meta(&a->obj, &a->meta);
	err = err ?: pin(a, &building);
	if (err) {
		st = report(status_of(err), "%s: its links can't be pinned: %s", a->name, why(err));
		goto undo;
	}
	hooks__retire(&a->hooks, &a->old);
	goto cleanup;
undo:
	hooks__undo(&a->hooks, &a->old);
cleanup:
	/* What the swap took out of its place, or what never got there. */
	err = pins__remove(&building);
	if (err && !st)
		note("%s: the pins before can't be removed: %s", a->name, why(err));
	return st;
}

static enum status attach_one(const struct scope *scope, const struct attach_options *opts,
			      const char *name)
{
	struct attachment a = { .opts = opts, .scope = scope, .name = name };
	struct pin_dir dir = { .cookie = scope->cookie };
	enum status st;
	int err;

	instance__init(&a.old);
	hooks__init(&a.hooks, 0);
	st = check_ifname(name);
	if (st)
		return st;
	dir.ifindex = if_nametoindex(name);
	if (!dir.ifindex)
		return report(FAILED, "%s: no such interface%s%s; 'ip link' lists them", name,
			      *scope->name ? " in network namespace " : "", scope->name);
	err = rtnl__open(&a.rt);
	err = err ?: rtnl__device(&a.rt, dir.ifindex, &a.dev);
	if (err) {
		st = report(status_of(err), "%s: rtnetlink: %s", name, why(err));
		goto cleanup;
	}
	err = instance__open(&a.old, &dir);
	if (err) {
		st = report(status_of(err), "%s: its pins can't be opened: %s", name, why(err));
		goto cleanup;
	}
	for (int i = 0; i < HOOK_COUNT; i++)
		a.old.alive[i] = hooks__here(&a.old, i, &a.dev);
	st = check_device(&a) ?: check_foreign(&a);
	if (st)
		goto cleanup;
	if (a.old.state == INSTANCE_OTHER_ABI)
		note("%s: replacing an echogate with ABI %u by one with %u; counters start at zero",
		     name, a.old.abi, EG_ABI);
	err = snapshot__take(&a.rt, a.dev.ifindex, &a.snap);
	if (err) {
		st = report(status_of(err), "%s: addresses can't be read: %s", name, why(err));
		goto cleanup;
	}
	hooks__init(&a.hooks, a.dev.ifindex);
	prepare_meta(&a);
	st = build(&a);
	if (st)
		forwarding__restore(a.forwarded);
	else
		print_result(&a);
cleanup:
	hooks__close(&a.hooks);
	object__close(&a.obj);
	instance__close(&a.old);
	snapshot__free(&a.snap);
	rtnl__close(&a.rt);
	return st;
}

/* The command ------------------------------------------------------------------- */

static enum status parse_mode(const struct command *self, const char *text, int *mode)
{
	if (!strcmp(text, "auto")) {
		*mode = MODE_AUTO;
		return DONE;
	}
	for (int i = 0; i < EG_MODE_COUNT; i++) {
		if (!strcmp(text, mode_names[i])) {
			*mode = i;
			return DONE;
		}
	}
	return command__wrong(
		self, "--mode: \"%s\" is no mode; expected auto, native, generic or tc", text);
}

enum status cmd_attach(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "netns", required_argument, NULL, 'n' },
		{ "config", required_argument, NULL, 'c' },
		{ "replace", no_argument, NULL, 'r' },
		COMMON_OPTIONS
	};
	struct attach_options opts = { .mode = MODE_AUTO };
	struct scope scope = SCOPE_INIT;
	const char *config = NULL;
	enum status st, first = DONE;
	int o, lock = -1;

	while ((o = command__option(self, argc, argv, "m:", longs)) != OPTION_END) {
		switch (o) {
		case 'm':
			if (parse_mode(self, optarg, &opts.mode))
				return USAGE;
			break;
		case 'n':
			opts.netns = optarg;
			break;
		case 'c':
			config = optarg;
			break;
		case 'r':
			opts.replace = true;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	if (optind == argc)
		return command__wrong(self, "no interface given");
	for (int i = optind; i < argc; i++)
		if (check_ifname(argv[i]))
			return USAGE;
	st = settings__read(config, &opts.settings) ?: check_privileges();
	if (st)
		return st;
	st = scope__open(&scope, opts.netns) ?: pins__lock(&lock);
	if (st)
		goto cleanup;
	leftovers__clear(&scope);
	for (int i = optind; i < argc; i++) {
		st = attach_one(&scope, &opts, argv[i]);
		first = first ?: st;
	}
	st = first;
cleanup:
	pins__unlock(&lock);
	scope__close(&scope);
	return st;
}
