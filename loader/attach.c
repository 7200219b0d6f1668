// SPDX-License-Identifier: GPL-2.0-only
#include "attach.h"
#include "ask.h"
#include "command.h"
#include "confirm.h"
#include "forwarding.h"
#include "recover.h"
#include "rulelist.h"
#include "swap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/if_link.h>

/* One interface on its way to being attached. */
struct attachment {
	const struct attach_options *opts;
	struct generation g;
	struct snapshot snap;
	enum eg_mode loaded;		/* what it is made for */
	struct hooks hooks;
	char refusals[400];		/* why modes that were tried first are not it */
};

/* Checks ---------------------------------------------------------------------- */

static enum status check_device(struct attachment *a)
{
	const char *name = a->g.name;
	int mode = a->opts->mode;

	if (a->g.dev.type != ARPHRD_ETHER && a->g.dev.type != ARPHRD_LOOPBACK &&
	    !device__is_l3(&a->g.dev))
		return report(FAILED, "%s: link type %u is neither Ethernet nor plain IP; "
			      "choose another interface", name, a->g.dev.type);
	if (device__is_l3(&a->g.dev) && (mode == EG_MODE_NATIVE || mode == EG_MODE_GENERIC))
		return report(FAILED, "%s: it has no Ethernet header, and XDP needs one; "
			      "try --mode tc", name);
	if (!strcmp(a->g.dev.slave_kind, "vrf"))
		return report(FAILED,
			      "%s: it belongs to a VRF, whose addresses and routes can't be "
			      "told apart here; choose an interface outside of it",
			      name);
	return DONE;
}

static enum status check_foreign(struct attachment *a)
{
	__u32 id = hooks__foreign_xdp(&a->g.dev, &a->g.running);

	if (!id || a->opts->mode == EG_MODE_TC || a->opts->replace)
		return DONE;
	return report(FAILED, "%s: another XDP program is attached (id %u); --replace removes it, "
		      "--mode tc leaves it in place", a->g.name, id);
}

static enum status remove_foreign(struct attachment *a)
{
	__u32 id = hooks__foreign_xdp(&a->g.dev, &a->g.running);
	int err;

	if (!id || a->opts->mode == EG_MODE_TC)
		return DONE;
	err = hooks__remove_foreign_xdp(&a->g.rt, &a->g.dev, &a->g.running);
	if (!err)
		return DONE;
	if (err == -EBUSY)
		return report(FAILED,
			      "%s: XDP program %u is held by several links, and which is this "
			      "interface's can't be told; try: bpftool link detach id LINK",
			      a->g.name, id);
	return report(status_of(err), "%s: XDP program %u can't be removed: %s", a->g.name, id,
		      why(err));
}

/* Modes ------------------------------------------------------------------------ */

/* Why XDP was refused, in words that help. */
static void explain_xdp(struct attachment *a, enum eg_mode mode, int err, char *text, size_t size)
{
	__u32 flags = mode == EG_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	const char *kernel;

	rtnl__xdp_try(&a->g.rt, a->g.dev.ifindex, a->g.next.programs[EG_INGRESS], flags);
	kernel = a->g.rt.extack;
	if (strcasestr(kernel, "mtu") || err == -ERANGE || err == -EFBIG || err == -E2BIG)
		snprintf(text, size,
			 "MTU %u is too large for this driver (%s); try: ip link set dev "
			 "%s mtu 1500",
			 a->g.dev.mtu, *kernel ? kernel : why(err), a->g.dev.name);
	else if (err == -EOPNOTSUPP && (!*kernel || strcasestr(kernel, "does not support XDP")))
		snprintf(text, size, "not supported by this driver");
	else
		snprintf(text, size, "%s%s%s%s", *kernel ? kernel : why(err), *kernel ? " (" : "",
			 *kernel ? why(err) : "", *kernel ? ")" : "");
}

/* The same for tc. */
static void explain_tc(const struct attachment *a, int err, char *text, size_t size)
{
	if (err == -EADDRINUSE)
		snprintf(text, size,
			 "an ingress qdisc stands where clsact is needed; try: tc qdisc del dev %s "
			 "ingress", a->g.name);
	else
		snprintf(text, size, "%s (%s)", why(err), libbpf_last_warning());
}

static void add_refusal(struct attachment *a, enum eg_mode mode, const char *text)
{
	size_t used = strlen(a->refusals);

	snprintf(a->refusals + used, sizeof(a->refusals) - used, "%s%s: %s", used ? "; " : "",
		 mode_names[mode], text);
}

static enum status load(struct attachment *a, enum eg_mode mode)
{
	a->loaded = mode;
	return generation__load(&a->g, mode, &a->snap);
}

/* Ingress in one mode. A refusal is recorded, not reported. -errno. */
static int try_mode(struct attachment *a, enum eg_mode mode)
{
	char text[256];
	int err;

	if (mode == EG_MODE_TC)
		err = hooks__tc(&a->hooks, HOOK_TC_INGRESS, a->g.next.programs[EG_INGRESS],
				&a->g.running);
	else
		err = hooks__xdp(&a->hooks, mode, a->g.next.programs[EG_INGRESS], &a->g.running,
				 &a->g.dev);
	if (!err) {
		a->g.meta.mode = mode;
		return 0;
	}
	if (mode == EG_MODE_TC)
		explain_tc(a, err, text, sizeof(text));
	else
		explain_xdp(a, mode, err, text, sizeof(text));
	add_refusal(a, mode, text);
	return err;
}

/* Ingress in the mode asked for, or in the first that works. Reports. */
static enum status attach_ingress(struct attachment *a)
{
	bool any = a->opts->mode == MODE_AUTO;
	int err = -EOPNOTSUPP;
	enum status st;

	for (int mode = EG_MODE_NATIVE; mode < EG_MODE_COUNT; mode++) {
		if (!any && mode != a->opts->mode)
			continue;
		if (mode != EG_MODE_TC && device__is_l3(&a->g.dev)) {
			if (mode == EG_MODE_NATIVE)
				snprintf(a->refusals, sizeof(a->refusals),
					 "XDP: the interface has no Ethernet header");
			continue;
		}
		if (mode != (int)a->loaded) {
			st = load(a, mode);
			if (st)
				return st;
		}
		err = try_mode(a, mode);
		if (!err)
			return DONE;
		if (err == -ENODEV)
			return report(FAILED, "%s: the interface vanished", a->g.name);
		/* What has been running in this mode was not refused by the driver. */
		if (a->g.running.alive[HOOK_XDP] && a->g.running.meta.mode == (__u32)mode)
			break;
		if (err == -EPERM || err == -EACCES)
			break;
	}
	if (err == -EOPNOTSUPP && a->opts->mode == EG_MODE_NATIVE)
		return report(FAILED, "%s: %s; try --mode generic or --mode tc", a->g.name,
			      a->refusals);
	return report(status_of(err), "%s: can't be attached: %s", a->g.name, a->refusals);
}

/* Steps ------------------------------------------------------------------------ */

static void print_result(const struct attachment *a)
{
	size_t n = addresses__local(&a->snap.addrs), rules = a->g.compiled.rule_count;
	char vlans[32] = "", given[32] = "";

	if (a->snap.vlan_count)
		snprintf(vlans, sizeof(vlans), ", %zu VLAN%s", a->snap.vlan_count,
			 a->snap.vlan_count == 1 ? "" : "s");
	if (a->g.rules.given)
		snprintf(given, sizeof(given), ", %zu rule%s", rules, rules == 1 ? "" : "s");
	tell(LEVEL_INFO, "%s: %s, %s%s%s%s, %zu address%s%s%s", a->g.name,
	    a->g.meta.generation > 1 ? "attached again" : "attached", mode_name(a->g.meta.mode),
	    *a->refusals ? " (" : "", a->refusals, *a->refusals ? ")" : "", n,
	    n == 1 ? "" : "es", vlans, given);
}

/*
 * Everything is loaded before anything is touched, and every touch is undone
 * when a later one fails. Reports.
 */
static enum status build(struct attachment *a)
{
	struct generation *g = &a->g;
	enum status st;
	char text[256];
	int err;

	/* Should we be killed before the end, this is what may have to be undone. */
	g->meta.owned |= EG_OWNED_INGRESS | EG_OWNED_EGRESS;
	if (!hooks__has_clsact(g->dev.ifindex))
		g->meta.owned |= EG_OWNED_QDISC;
	st = load(a, device__is_l3(&g->dev) ? EG_MODE_TC :
		     a->opts->mode == MODE_AUTO ? EG_MODE_NATIVE : (enum eg_mode)a->opts->mode);
	st = st ?: remove_foreign(a);
	if (st)
		goto discard;
	/* Before the first packet, which would remember for a second that it is off. */
	generation__forward(g);
	st = attach_ingress(a);
	if (st)
		goto undo;
	err = hooks__tc(&a->hooks, HOOK_TC_EGRESS, g->next.programs[EG_EGRESS], &g->running);
	if (err) {
		explain_tc(a, err, text, sizeof(text));
		st = report(status_of(err), "%s: tc egress: %s", g->name, text);
		goto undo;
	}
	err = swap__settle(&a->hooks, &g->running, &g->next, &g->meta);
	if (!err)
		return DONE;
	st = report(status_of(err), "%s: its links can't be pinned: %s", g->name, why(err));
undo:
	hooks__undo(&a->hooks, &g->running);
discard:
	generation__discard(g);
	return st;
}

/*
 * Without --config the rules that run are kept: to take up a new address must not open what
 * they close. Reports.
 */
static enum status plan(struct attachment *a)
{
	const struct instance *old = &a->g.running;
	struct config *kept = NULL;
	struct rulelist list = {};
	enum status st = DONE;
	char *name = a->g.dev.name;
	int err;

	if (a->opts->config || old->abi != EG_ABI || !*old->meta.config)
		return generation__plan(&a->g, a->opts->config);
	err = rulelist__read(&list, old);
	if (err)
		return report(status_of(err), "%s: the rules that run can't be read: %s; --config "
			      "FILE gives it others", a->g.name, why(err));
	a->g.kept = true;
	st = config__parse(old->meta.config, list.text, strlen(list.text), &kept) ?:
	     config__load_sets(kept, &name, 1) ?:
	     generation__plan(&a->g, kept);
	rulelist__free(&list);
	config__free(kept);
	return st;
}

enum status attach(const struct scope *scope, const struct attach_options *opts, const char *name)
{
	struct attachment a = { .opts = opts };
	enum status st;
	int err;

	generation__init(&a.g);
	hooks__init(&a.hooks, 0);
	st = generation__open(&a.g, scope, name) ?: confirm__refuse_pending(&a.g.running, name) ?:
	     check_device(&a) ?: check_foreign(&a);
	if (st)
		goto cleanup;
	if (a.g.running.state == INSTANCE_OTHER_ABI)
		note("%s: replacing an echogate with ABI %u by one with %u; counters start at zero",
		     name, a.g.running.abi, EG_ABI);
	err = snapshot__take(&a.g.rt, a.g.dev.ifindex, &a.snap);
	if (err) {
		st = report(status_of(err), "%s: addresses can't be read: %s", name, why(err));
		goto cleanup;
	}
	hooks__init(&a.hooks, a.g.dev.ifindex);
	st = plan(&a) ?: build(&a);
	if (!st)
		print_result(&a);
cleanup:
	hooks__close(&a.hooks);
	generation__close(&a.g);
	snapshot__free(&a.snap);
	return st;
}

/* Reports. */
static enum status read_config(const char *path, char *const *names, size_t count,
			       struct config **c)
{
	if (!path)
		return DONE;
	return config__read(path, c) ?: config__load_sets(*c, names, count);
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
	const char *config = NULL, *netns = NULL;
	struct scope scope = SCOPE_INIT;
	struct config *given = NULL;
	enum status st, first = DONE;
	int o, lock = -1;

	while ((o = command__option(self, argc, argv, "m:", longs)) != OPTION_END) {
		switch (o) {
		case 'm':
			if (parse_mode(self, optarg, &opts.mode))
				return USAGE;
			break;
		case 'n':
			netns = optarg;
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
	if (ask__instead(self, argc, argv, netns, &st))
		return st;
	st = read_config(config, argv + optind, argc - optind, &given);
	opts.config = given;
	st = st ?: check_privileges();
	if (st)
		goto cleanup;
	st = scope__open(&scope, netns) ?: pins__lock(&lock);
	if (st)
		goto cleanup;
	recover(&scope);
	for (int i = optind; i < argc; i++) {
		st = attach(&scope, &opts, argv[i]);
		first = first ?: st;
	}
	st = first;
cleanup:
	pins__unlock(&lock);
	scope__close(&scope);
	config__free(given);
	return st;
}
