// SPDX-License-Identifier: GPL-2.0-only
#include "checks.h"
#include "netdev.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/version.h>

/* What fits into a page beside headroom and skb_shared_info, without its Ethernet header. */
#define ONE_BUFFER	3498

/* Enough for the maps of a ruleset with some prefixes, where memory still counts as locked. */
#define MEMLOCK_WANTED	(64UL << 20)

const char *const severity_names[] = {
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

/*
 * Drivers with native XDP (XDP_TX too), since when, and where their queues for sending come
 * from. Before Linux 6.3 only this list tells; later the kernel does.
 */
enum spare {
	SPARE_OWN,		/* made as needed */
	SPARE_TWIN,		/* one more of the channels for each that is in use */
	SPARE_CPU,		/* one more of the channels for each CPU */
};

static const struct xdp_driver {
	const char *name;
	__u32 since;
	enum spare spare;
} xdp_drivers[] = {
	{ "atlantic", KERNEL_VERSION(5, 19, 0), SPARE_OWN },
	{ "bnxt_en", KERNEL_VERSION(4, 11, 0), SPARE_TWIN },
	{ "bonding", KERNEL_VERSION(5, 15, 0), SPARE_OWN },
	{ "cpsw", KERNEL_VERSION(5, 3, 0), SPARE_OWN },
	{ "ena", KERNEL_VERSION(5, 6, 0), SPARE_TWIN },
	{ "fsl_dpaa2_eth", KERNEL_VERSION(5, 0, 0), SPARE_OWN },
	{ "fsl_enetc", KERNEL_VERSION(5, 13, 0), SPARE_OWN },
	{ "gve", KERNEL_VERSION(6, 4, 0), SPARE_TWIN },
	{ "hv_netvsc", KERNEL_VERSION(5, 6, 0), SPARE_OWN },
	{ "i40e", KERNEL_VERSION(4, 13, 0), SPARE_OWN },
	{ "ice", KERNEL_VERSION(5, 5, 0), SPARE_OWN },
	{ "igb", KERNEL_VERSION(5, 10, 0), SPARE_OWN },
	{ "igc", KERNEL_VERSION(5, 13, 0), SPARE_OWN },
	{ "ixgbe", KERNEL_VERSION(4, 12, 0), SPARE_OWN },
	{ "ixgbevf", KERNEL_VERSION(4, 17, 0), SPARE_OWN },
	{ "mana", KERNEL_VERSION(5, 17, 0), SPARE_OWN },
	{ "mlx4_en", KERNEL_VERSION(4, 8, 0), SPARE_OWN },
	{ "mlx5_core", KERNEL_VERSION(4, 9, 0), SPARE_OWN },
	{ "mvneta", KERNEL_VERSION(5, 5, 0), SPARE_OWN },
	{ "mvpp2", KERNEL_VERSION(5, 9, 0), SPARE_OWN },
	{ "netsec", KERNEL_VERSION(5, 3, 0), SPARE_OWN },
	{ "nfp", KERNEL_VERSION(4, 10, 0), SPARE_OWN },
	{ "nicvf", KERNEL_VERSION(4, 12, 0), SPARE_OWN },
	{ "qede", KERNEL_VERSION(4, 10, 0), SPARE_OWN },
	{ "sfc", KERNEL_VERSION(5, 5, 0), SPARE_OWN },
	{ "tun", KERNEL_VERSION(4, 14, 0), SPARE_OWN },
	{ "veth", KERNEL_VERSION(4, 19, 0), SPARE_OWN },
	{ "virtio_net", KERNEL_VERSION(4, 10, 0), SPARE_CPU },
	{ "xen-netfront", KERNEL_VERSION(5, 9, 0), SPARE_OWN },
};

static const struct xdp_driver *find_driver(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(xdp_drivers); i++)
		if (!strcmp(xdp_drivers[i].name, name))
			return &xdp_drivers[i];
	return NULL;
}

/* Findings ------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4)))
static void find(struct findings *f, enum severity severity, const char *fmt, ...)
{
	struct finding *more = realloc(f->list, (f->count + 1) * sizeof(*more));
	va_list args;

	if (!more) {
		f->lost = true;
		return;
	}
	f->list = more;
	more = &f->list[f->count++];
	more->check = f->check;
	more->severity = severity;
	more->mend[0] = 0;
	va_start(args, fmt);
	vsnprintf(more->text, sizeof(more->text), fmt, args);
	va_end(args);
}

/* The command that mends what was found last. */
__attribute__((format(printf, 2, 3)))
static void mend(struct findings *f, const char *fmt, ...)
{
	va_list args;

	if (!f->count)
		return;
	va_start(args, fmt);
	vsnprintf(f->list[f->count - 1].mend, sizeof(f->list->mend), fmt, args);
	va_end(args);
}

void findings__free(struct findings *f)
{
	free(f->list);
	memset(f, 0, sizeof(*f));
}

/* What else checks ask ---------------------------------------------------------------------- */

static bool is_attached(const struct exam *e)
{
	return e->state == INSTANCE_ATTACHED;
}

static bool has_native(const struct exam *e)
{
	const struct xdp_driver *d = find_driver(e->driver.name);

	if (e->xdp_known)
		return e->xdp_features & NETDEV_XDP_BASIC;
	return d && e->host->kernel >= d->since;
}

enum eg_mode exam__mode(const struct exam *e)
{
	if (is_attached(e))
		return e->mode;
	if (e->l3)
		return EG_MODE_TC;
	return has_native(e) ? EG_MODE_NATIVE : EG_MODE_GENERIC;
}

static bool is_xdp(const struct exam *e)
{
	return exam__mode(e) != EG_MODE_TC;
}

/* "process (pid 1)" */
static void holder(const struct listener *l, char *buf, size_t size)
{
	if (l->pid)
		snprintf(buf, size, "%s (pid %d)", *l->process ? l->process : "a process", l->pid);
	else
		snprintf(buf, size, "a process that can't be seen from here");
}

/* The machine ---------------------------------------------------------------------------------- */

static void check_privileges_held(const struct exam *e, struct findings *f)
{
	const struct host *h = e->host;

	if (h->can_bpf && h->can_net)
		return;
	find(f, SEVERITY_ERROR, "%s missing, so nothing can be attached, and not all of this "
	     "be examined", missing_privileges(h->can_bpf, h->can_net));
	mend(f, "sudo echogate doctor%s", h->place.option);
}

static void check_perfmon(const struct exam *e, struct findings *f)
{
	if (e->host->can_perfmon || !e->host->can_bpf)
		return;
	find(f, SEVERITY_WARNING, "CAP_PERFMON is missing, so the verifier guards programs against "
	     "speculation, which makes them slower");
	mend(f, "sudo echogate doctor%s", e->host->place.option);
}

static void check_bpf(const struct exam *e, struct findings *f)
{
	if (!e->host->has_bpf)
		find(f, SEVERITY_ERROR, "this kernel was built without CONFIG_BPF_SYSCALL; "
		     "another one is needed");
}

static void check_kernel(const struct exam *e, struct findings *f)
{
	if (e->host->kernel < KERNEL_VERSION(6, 1, 0))
		find(f, SEVERITY_ERROR, "Linux %s is too old; 6.1 or later is needed",
		     e->host->release);
}

static void check_tcx(const struct exam *e, struct findings *f)
{
	if (!e->host->tcx)
		find(f, SEVERITY_NOTE, "no TCX, which came with Linux 6.6: in its place the tc "
		     "programs are filters of a clsact qdisc, which whoever deletes the qdisc "
		     "takes away");
}

static void check_netdev(const struct exam *e, struct findings *f)
{
	if (!e->host->netdev)
		find(f, SEVERITY_NOTE, "this kernel doesn't tell what drivers can do with XDP, as "
		     "Linux does from 6.3 on; a list of known drivers has to do");
}

static void check_bpffs(const struct exam *e, struct findings *f)
{
	if (!e->host->bpffs) {
		find(f, SEVERITY_NOTE, "the BPF file system isn't mounted on " BPFFS "; attach "
		     "will do that");
		mend(f, "mount -t bpf bpf " BPFFS);
	} else if (e->host->bpffs_read_only) {
		find(f, SEVERITY_ERROR, "the BPF file system on " BPFFS " is read-only, so nothing "
		     "can be pinned");
		mend(f, "mount -o remount,rw " BPFFS);
	}
}

static void check_jit(const struct exam *e, struct findings *f)
{
	if (e->host->jit == 0) {
		find(f, SEVERITY_WARNING, "BPF programs are interpreted, many times slower, and "
		     "rulesets of more than 64 rules are refused");
		mend(f, "sysctl -w net.core.bpf_jit_enable=1");
	} else if (e->host->jit == 2) {
		find(f, SEVERITY_WARNING, "bpf_jit_enable is 2, for debugging: every program that "
		     "is loaded is dumped to the kernel's log");
		mend(f, "sysctl -w net.core.bpf_jit_enable=1");
	}
}

static void check_jit_harden(const struct exam *e, struct findings *f)
{
	if (e->host->jit_harden != 2)
		return;
	find(f, SEVERITY_WARNING, "the BPF JIT hides constants of root's programs too, which makes "
	     "them slower");
	mend(f, "sysctl -w net.core.bpf_jit_harden=1");
}

static void check_unprivileged(const struct exam *e, struct findings *f)
{
	if (e->host->unprivileged_bpf_disabled)
		return;
	find(f, SEVERITY_NOTE, "every local user may load BPF programs, which echogate doesn't "
	     "need and which is known for leaking memory's contents");
	mend(f, "sysctl -w kernel.unprivileged_bpf_disabled=2");
}

static void check_bpf_stats(const struct exam *e, struct findings *f)
{
	if (e->host->bpf_stats <= 0)
		return;
	find(f, SEVERITY_WARNING, "the kernel takes the time of every run of a BPF program, which "
	     "slows all of them down");
	mend(f, "sysctl -w kernel.bpf_stats_enabled=0");
}

static void check_memlock(const struct exam *e, struct findings *f)
{
	/* Since 5.11 a memory cgroup counts it, and this limit means nothing to BPF. */
	if (e->host->kernel >= KERNEL_VERSION(5, 11, 0) || e->host->memlock >= MEMLOCK_WANTED)
		return;
	find(f, SEVERITY_WARNING, "only %lu KiB may be locked in memory, and this kernel counts "
	     "maps as that", e->host->memlock >> 10);
	mend(f, "ulimit -l unlimited");
}

static void check_lockdown(const struct exam *e, struct findings *f)
{
	if (!strcmp(e->host->lockdown, "confidentiality"))
		find(f, SEVERITY_NOTE, "the kernel is locked down for confidentiality: echogate "
		     "runs, but nobody can trace its programs");
}

/* The namespace -------------------------------------------------------------------------------- */

static void check_ignored(const struct exam *e, struct findings *f)
{
	const struct host *h = e->host;

	if (h->ignore4 > 0) {
		find(f, SEVERITY_WARNING, "net.ipv4.icmp_echo_ignore_all is set, so no IPv4 ping "
		     "is answered, by the kernel or by echogate");
		mend(f, "%ssysctl -w net.ipv4.icmp_echo_ignore_all=0", h->place.enter);
	}
	if (h->ignore6 > 0) {
		find(f, SEVERITY_WARNING, "net.ipv6.icmp.echo_ignore_all is set, so no IPv6 ping "
		     "is answered, by the kernel or by echogate");
		mend(f, "%ssysctl -w net.ipv6.icmp.echo_ignore_all=0", h->place.enter);
	}
}

static void check_ratemask(const struct exam *e, struct findings *f)
{
	const struct host *h = e->host;

	if (h->ratemask4 > 0 && h->ratemask4 & 1 << ICMP_ECHOREPLY) {
		find(f, SEVERITY_WARNING, "net.ipv4.icmp_ratemask limits echo replies, so all IPv4 "
		     "pings are left to the kernel (%s)", reason_names[EG_REASON_ECHO_RATEMASK]);
		mend(f, "%ssysctl -w net.ipv4.icmp_ratemask=%ld", h->place.enter,
		     h->ratemask4 & ~(1L << ICMP_ECHOREPLY));
	}
	if (h->ratemask6) {
		find(f, SEVERITY_WARNING, "net.ipv6.icmp.ratemask limits echo replies, so all IPv6 "
		     "pings are left to the kernel (%s)", reason_names[EG_REASON_ECHO_RATEMASK]);
		mend(f, "%ssysctl -w net.ipv6.icmp.ratemask=0-1,3-127", h->place.enter);
	}
}

static void check_forwarding(const struct exam *e, struct findings *f)
{
	const struct host *h = e->host;

	if (!h->forwarding_off || !h->forwarding_fixed)
		return;
	find(f, SEVERITY_ERROR, "`reply-path fib` needs net.ipv4.conf.lo.forwarding to be 1, and "
	     "/proc/sys can't be written here");
	mend(f, "mount -o remount,rw /proc/sys");
}

static void check_metrics(const struct exam *e, struct findings *f)
{
	if (e->host->metrics)
		find(f, SEVERITY_NOTE, "%zu destination%s route%s with a hop limit or MTU, which "
		     "XDP can't see: pings from there are left to the kernel (%s)",
		     e->host->metrics, e->host->metrics == 1 ? " has a" : "s have",
		     e->host->metrics == 1 ? "" : "s", reason_names[EG_REASON_ROUTE_METRICS]);
}

static void check_raw(const struct exam *e, struct findings *f)
{
	char who[80];

	for (size_t i = 0; i < e->host->listener_count; i++) {
		const struct listener *l = &e->host->listeners[i];

		if (l->family == AF_PACKET)
			continue;
		holder(l, who, sizeof(who));
		find(f, SEVERITY_WARNING, "%s has a raw %s socket, which won't see requests that "
		     "echogate answers; replies to its own pings it will", who,
		     l->family == AF_INET ? "ICMP" : "ICMPv6");
		if (l->pid)
			mend(f, "kill %d", l->pid);
	}
}

/* Rules that couldn't be read, and why. */
static void unknown(struct findings *f, int err, const char *whose, const char *command,
		    const char *package)
{
	if (!err)
		return;
	find(f, SEVERITY_NOTE, "whether %s has rules about ICMP, which wouldn't see answered "
	     "pings, can't be told: %s %s", whose, command,
	     err == -ENOENT ? "isn't installed" : "failed");
	if (err == -ENOENT)
		mend(f, "apt-get install %s", package);
}

static void check_firewall(const struct exam *e, struct findings *f)
{
	const struct firewall *fw = &e->host->firewall;
	const struct place *p = &e->host->place;

	for (size_t i = 0; i < fw->count; i++) {
		find(f, SEVERITY_WARNING, "a rule about ICMP doesn't see pings that echogate "
		     "answers, and belongs into its own rules: %s", fw->rules[i].text);
		if (*fw->rules[i].remove)
			mend(f, "%s%s", p->enter, fw->rules[i].remove);
	}
	unknown(f, fw->nft_error, "nftables", "nft", "nftables");
	unknown(f, fw->legacy_error, "the old iptables", "iptables-legacy-save", "iptables");
}

static void check_ipsec(const struct exam *e, struct findings *f)
{
	if (e->host->policies > 0)
		find(f, SEVERITY_WARNING, "%ld IPsec polic%s for what comes in: pings that "
		     "echogate answers are not held against %s; leave them to the kernel with a rule like "
		     "`pass icmp from ...`", e->host->policies,
		     e->host->policies == 1 ? "y" : "ies", e->host->policies == 1 ? "it" : "them");
}

static void check_leftovers(const struct exam *e, struct findings *f)
{
	const struct host *h = e->host;

	for (size_t i = 0; i < h->leftover_count; i++) {
		const struct leftover *l = &h->leftovers[i];

		find(f, SEVERITY_WARNING, "%s%s is %s, but what was attached to it is still pinned "
		     "in %s and holds memory", *l->name ? "" : "an interface", l->name,
		     l->gone ? "gone" : "in another namespace", l->dir);
		/* Every command that changes something first clears what is gone, anywhere. */
		if (*l->name)
			mend(f, "echogate detach %s%s", l->name, h->place.option);
		else if (!*h->attached)
			mend(f, "echogate detach --all%s", h->place.option);
		else if (l->gone)
			mend(f, "echogate attach %s%s", h->attached, h->place.option);
	}
}

/* An interface -------------------------------------------------------------------------------- */

static void check_link_type(const struct exam *e, struct findings *f)
{
	if (e->l3)
		find(f, SEVERITY_NOTE, "%s has no Ethernet header, so XDP can't be used and tc "
		     "mode is taken", e->name);
	else if (e->dev.type != ARPHRD_ETHER && e->dev.type != ARPHRD_LOOPBACK)
		find(f, SEVERITY_ERROR, "%s is neither Ethernet nor plain IP (link type %u), and "
		     "attach refuses it; choose another interface", e->name, e->dev.type);
}

static void check_down(const struct exam *e, struct findings *f)
{
	if (e->dev.flags & IFF_UP)
		return;
	find(f, SEVERITY_WARNING, "%s is down and receives nothing", e->name);
	mend(f, "%sip link set dev %s up", e->host->place.enter, e->name);
}

static void check_driver(const struct exam *e, struct findings *f)
{
	const struct xdp_driver *d = find_driver(e->driver.name);

	if (exam__mode(e) != EG_MODE_GENERIC || has_native(e))
		return;
	if (e->xdp_known || !*e->driver.name)
		find(f, SEVERITY_WARNING, "the driver %s%sof %s has no native XDP, so the generic "
		     "one is taken, behind the driver's own work", e->driver.name,
		     *e->driver.name ? " " : "", e->name);
	else if (d)
		find(f, SEVERITY_WARNING, "the driver %s of %s has native XDP from Linux %u.%u on; "
		     "here the generic one is taken, behind the driver's own work", d->name,
		     e->name, d->since >> 16, d->since >> 8 & 0xff);
	else
		find(f, SEVERITY_WARNING, "the driver %s of %s isn't known to have native XDP; "
		     "without, the generic one is taken, behind the driver's own work",
		     e->driver.name, e->name);
	mend(f, "echogate attach %s --mode tc%s", e->name, e->host->place.option);
}

static void check_mode(const struct exam *e, struct findings *f)
{
	/* tc mode is never taken in place of native XDP: somebody wanted it. */
	if (!is_attached(e) || e->mode != EG_MODE_GENERIC || !has_native(e))
		return;
	find(f, SEVERITY_NOTE, "%s is attached in generic mode, though its driver has native XDP, "
	     "which is faster", e->name);
	mend(f, "echogate attach %s --mode native%s", e->name, e->host->place.option);
}

static void check_mtu(const struct exam *e, struct findings *f)
{
	bool native = exam__mode(e) == EG_MODE_NATIVE;

	if (!native || e->dev.mtu <= ONE_BUFFER)
		return;
	if (!is_attached(e) && e->xdp_known && !(e->xdp_features & NETDEV_XDP_RX_SG)) {
		find(f, SEVERITY_WARNING, "MTU %u of %s is more than its driver lets XDP have, so "
		     "native mode is refused", e->dev.mtu, e->name);
		mend(f, "%sip link set dev %s mtu 1500", e->host->place.enter, e->name);
		return;
	}
	find(f, SEVERITY_NOTE, "with MTU %u, pings longer than some %u bytes come to %s in pieces "
	     "and are left to the kernel (%s); tc mode answers them, but all others slower",
	     e->dev.mtu, ONE_BUFFER, e->name, reason_names[EG_REASON_NOT_LINEAR]);
	mend(f, "echogate attach %s --mode tc%s", e->name, e->host->place.option);
}

static void check_queues(const struct exam *e, struct findings *f)
{
	const struct xdp_driver *d = find_driver(e->driver.name);
	__u32 used = e->driver.channels, max = e->driver.channels_max, fit;

	if (exam__mode(e) != EG_MODE_NATIVE || !d || d->spare == SPARE_OWN ||
	    !e->driver.channels_known)
		return;
	if (d->spare == SPARE_TWIN) {
		fit = max / 2;
		if (used <= fit)
			return;
		find(f, SEVERITY_WARNING, "%u of %u channels of %s are in use, and %s needs as "
		     "many again for what XDP sends; native mode may be refused", used, max,
		     e->name, d->name);
	} else {
		fit = max > e->host->cpus ? max - e->host->cpus : 0;
		if (used <= fit)
			return;
		find(f, SEVERITY_WARNING, "%u of %u channels of %s are in use, and %s wants one "
		     "more for each of %u CPUs for what XDP sends; else they share queues under "
		     "a lock", used, max, e->name, d->name, e->host->cpus);
	}
	if (fit)
		mend(f, "%sethtool -L %s combined %u", e->host->place.enter, e->name, fit);
}

static void check_offloads(const struct exam *e, struct findings *f)
{
	if (!is_xdp(e))
		return;
	if (e->driver.lro.on) {
		find(f, SEVERITY_WARNING, "LRO of %s puts packets together before XDP sees them, "
		     "and many drivers refuse XDP with it", e->name);
		if (!e->driver.lro.fixed)
			mend(f, "%sethtool -K %s lro off", e->host->place.enter, e->name);
	}
	if (e->driver.gro_hw.on) {
		find(f, SEVERITY_WARNING, "GRO in the hardware of %s puts packets together before "
		     "XDP sees them, and many drivers refuse XDP with it", e->name);
		if (!e->driver.gro_hw.fixed)
			mend(f, "%sethtool -K %s rx-gro-hw off", e->host->place.enter, e->name);
	}
}

/* A tag beside the frame: XDP can't see it, and sends the reply without. */
static void check_tags(const struct exam *e, struct findings *f)
{
	enum severity severity = e->vlans ? SEVERITY_ERROR : SEVERITY_NOTE;
	const struct peer *p = &e->peer;
	const char *effect;

	if (!is_xdp(e))
		return;
	effect = e->vlans ? "pings through the VLAN devices on it are taken for untagged ones and "
			    "answered without their tag" :
			    "a tagged ping would be taken for an untagged one";
	if (e->driver.rxvlan.on && strcmp(e->dev.kind, "veth")) {
		find(f, severity, "%s takes VLAN tags out of the frame before XDP sees it: %s",
		     e->name, effect);
		if (e->driver.rxvlan.fixed)
			mend(f, "echogate attach %s --mode tc%s", e->name, e->host->place.option);
		else
			mend(f, "%sethtool -K %s rxvlan off", e->host->place.enter, e->name);
	}
	if (p->found && p->driver.txvlan.on) {
		find(f, severity, "the other end of %s hands VLAN tags over beside the frame, "
		     "where XDP doesn't see them: %s", e->name, effect);
		mend(f, "%sethtool -K %s txvlan off", p->place.enter, p->name);
	}
}

static void check_master(const struct exam *e, struct findings *f)
{
	const char *kind = e->dev.slave_kind;

	if (!*e->master)
		return;
	if (!strcmp(kind, "vrf")) {
		find(f, SEVERITY_ERROR, "%s belongs to the VRF %s, whose own tables decide what is "
		     "local, and attach refuses it", e->name, e->master);
		mend(f, "%sip link set dev %s nomaster", e->host->place.enter, e->name);
		return;
	}
	if (e->master_attached)
		return;
	find(f, SEVERITY_WARNING, "%s belongs to the %s %s, which has the addresses and the way "
	     "back: pings are left to the kernel unless echogate is attached there", e->name,
	     !strcmp(kind, "bridge") || !strcmp(kind, "bond") || !strcmp(kind, "team") ? kind :
	     "device", e->master);
	mend(f, "echogate attach %s%s", e->master, e->host->place.option);
}

static void check_veth(const struct exam *e, struct findings *f)
{
	const struct peer *p = &e->peer;

	if (strcmp(e->dev.kind, "veth") || exam__mode(e) != EG_MODE_NATIVE)
		return;
	if (!p->found) {
		find(f, SEVERITY_WARNING, "the other end of %s can't be seen from here; unless it "
		     "has a native XDP program, what XDP sends there is lost", e->name);
		mend(f, "echogate attach %s --mode tc%s", e->name, e->host->place.option);
	} else if (!p->dev.xdp_prog[XDP_WAY_DRIVER]) {
		find(f, SEVERITY_ERROR, "%s, the other end of %s, has no native XDP program: what "
		     "XDP sends there is lost, at once or, with GRO on, after 256 replies",
		     p->name, e->name);
		/* Once it is stuck a program doesn't help any more; tc does. */
		if (is_attached(e) || !p->reachable)
			mend(f, "echogate attach %s --mode tc%s", e->name, e->host->place.option);
		else
			mend(f, "echogate attach %s --mode native%s", p->name, p->place.option);
	}
}

static void check_foreign_xdp(const struct exam *e, struct findings *f)
{
	static const char *const off[] = {
		[XDP_WAY_DRIVER] = "xdpdrv",
		[XDP_WAY_SKB] = "xdpgeneric",
		[XDP_WAY_HARDWARE] = "xdpoffload",
	};

	if (!e->foreign_xdp)
		return;
	if (is_attached(e))
		find(f, SEVERITY_NOTE, "another XDP program (id %u) on %s comes before echogate, "
		     "which sees only what that one passes", e->foreign_xdp, e->name);
	else
		find(f, SEVERITY_ERROR, "another XDP program (id %u) is on %s, and attach refuses "
		     "to displace it without --replace; --mode tc runs behind it", e->foreign_xdp,
		     e->name);
	if (e->foreign_link)
		mend(f, "bpftool link detach id %u", e->foreign_link);
	else
		mend(f, "%sip link set dev %s %s off", e->host->place.enter, e->name,
		     off[e->foreign_way]);
}

static void check_foreign_tc(const struct exam *e, struct findings *f)
{
	const char *effect = is_xdp(e) ? "don't see pings that echogate answers" :
					 "may come before echogate and take its packets";

	if (e->foreign_tcx) {
		find(f, SEVERITY_WARNING, "%u other TCX program%s at the ingress of %s %s",
		     e->foreign_tcx, e->foreign_tcx == 1 ? "" : "s", e->name, effect);
		if (e->foreign_tcx_link)
			mend(f, "bpftool link detach id %u", e->foreign_tcx_link);
	}
	if (e->filters) {
		find(f, SEVERITY_WARNING, "%d tc filter%s at the ingress of %s %s", e->filters,
		     e->filters == 1 ? "" : "s", e->name, effect);
		/* This would take ours away, too. */
		if (!e->own_filter)
			mend(f, "%stc filter del dev %s ingress", e->host->place.enter, e->name);
	}
}

static void check_qdisc(const struct exam *e, struct findings *f)
{
	if (e->host->tcx || !e->ingress_qdisc)
		return;
	find(f, SEVERITY_ERROR, "%s has an ingress qdisc in place of the clsact that echogate "
	     "needs without TCX: it can't be attached", e->name);
	mend(f, "%stc qdisc del dev %s ingress", e->host->place.enter, e->name);
}

static void check_packet_sockets(const struct exam *e, struct findings *f)
{
	char who[80];

	for (size_t i = 0; i < e->host->listener_count; i++) {
		const struct listener *l = &e->host->listeners[i];

		if (l->family != AF_PACKET || (l->ifindex && l->ifindex != e->dev.ifindex) ||
		    !is_xdp(e))
			continue;
		holder(l, who, sizeof(who));
		find(f, SEVERITY_WARNING, "%s captures packets of %s and won't see pings that "
		     "echogate answers; in tc mode it would", who, e->name);
		mend(f, "echogate attach %s --mode tc%s", e->name, e->host->place.option);
	}
}

static void check_rp_filter(const struct exam *e, struct findings *f)
{
	if (!e->swap || e->rp_filter <= 0)
		return;
	find(f, SEVERITY_WARNING, "rp_filter of %s is %ld, but `reply-path swap` asks nobody: "
	     "sources are answered that the kernel would drop", e->name, e->rp_filter);
	mend(f, "echogate rules %s%s | sed /^reply-path/d | echogate apply /dev/stdin %s%s",
	     e->name, e->host->place.option, e->name, e->host->place.option);
}

static void check_lo(const struct exam *e, struct findings *f)
{
	__u32 off = e->host->forwarding_off;

	if (!is_attached(e) || e->swap || !off)
		return;
	find(f, SEVERITY_ERROR, "forwarding is off on lo for%s%s, and `reply-path fib` leaves such "
	     "pings to the kernel without it (%s)", off & EG_OWNED_FORWARD4 ? " IPv4" : "",
	     off & EG_OWNED_FORWARD6 ? " IPv6" : "", reason_names[EG_REASON_FIB_DISABLED]);
	mend(f, "echogate attach %s%s", e->name, e->host->place.option);
}

static void check_attachment(const struct exam *e, struct findings *f)
{
	switch (e->state) {
	case INSTANCE_INCOMPLETE:
		find(f, SEVERITY_ERROR, "%s is attached in part only: a command was killed, or "
		     "somebody removed something", e->name);
		break;
	case INSTANCE_OTHER_ABI:
		find(f, SEVERITY_ERROR, "%s was attached by another version of echogate, which "
		     "this one can't show or change", e->name);
		break;
	case INSTANCE_ATTACHED:
		if (!e->stale)
			return;
		find(f, SEVERITY_WARNING, "addresses, VLANs, routes or settings of %s have changed since "
		     "it was attached", e->name);
		break;
	default:
		return;
	}
	mend(f, "echogate attach %s%s", e->name, e->host->place.option);
}

/* The table --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum subject subject;
	void (*judge)(const struct exam *e, struct findings *f);
} checks[] = {
	{ "privileges", SUBJECT_HOST, check_privileges_held },
	{ "perfmon", SUBJECT_HOST, check_perfmon },
	{ "bpf", SUBJECT_HOST, check_bpf },
	{ "kernel", SUBJECT_HOST, check_kernel },
	{ "tcx", SUBJECT_HOST, check_tcx },
	{ "netdev", SUBJECT_HOST, check_netdev },
	{ "bpffs", SUBJECT_HOST, check_bpffs },
	{ "jit", SUBJECT_HOST, check_jit },
	{ "jit-harden", SUBJECT_HOST, check_jit_harden },
	{ "unprivileged-bpf", SUBJECT_HOST, check_unprivileged },
	{ "bpf-stats", SUBJECT_HOST, check_bpf_stats },
	{ "memlock", SUBJECT_HOST, check_memlock },
	{ "lockdown", SUBJECT_HOST, check_lockdown },
	{ "echo-ignored", SUBJECT_HOST, check_ignored },
	{ "ratemask", SUBJECT_HOST, check_ratemask },
	{ "forwarding", SUBJECT_HOST, check_forwarding },
	{ "route-metrics", SUBJECT_HOST, check_metrics },
	{ "raw-socket", SUBJECT_HOST, check_raw },
	{ "firewall", SUBJECT_HOST, check_firewall },
	{ "ipsec", SUBJECT_HOST, check_ipsec },
	{ "leftover", SUBJECT_HOST, check_leftovers },
	{ "link-type", SUBJECT_INTERFACE, check_link_type },
	{ "down", SUBJECT_INTERFACE, check_down },
	{ "attachment", SUBJECT_INTERFACE, check_attachment },
	{ "lo-forwarding", SUBJECT_INTERFACE, check_lo },
	{ "driver", SUBJECT_INTERFACE, check_driver },
	{ "mode", SUBJECT_INTERFACE, check_mode },
	{ "mtu", SUBJECT_INTERFACE, check_mtu },
	{ "queues", SUBJECT_INTERFACE, check_queues },
	{ "offloads", SUBJECT_INTERFACE, check_offloads },
	{ "vlan-tags", SUBJECT_INTERFACE, check_tags },
	{ "master", SUBJECT_INTERFACE, check_master },
	{ "veth-peer", SUBJECT_INTERFACE, check_veth },
	{ "foreign-xdp", SUBJECT_INTERFACE, check_foreign_xdp },
	{ "foreign-tc", SUBJECT_INTERFACE, check_foreign_tc },
	{ "ingress-qdisc", SUBJECT_INTERFACE, check_qdisc },
	{ "capture", SUBJECT_INTERFACE, check_packet_sockets },
	{ "rp-filter", SUBJECT_INTERFACE, check_rp_filter },
};

void checks__run(const struct exam *e, enum subject subject, struct findings *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (checks[i].subject != subject)
			continue;
		f->check = checks[i].name;
		checks[i].judge(e, f);
	}
}
