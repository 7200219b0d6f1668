// SPDX-License-Identifier: GPL-2.0-only
/*
 * What doctor makes of facts: one thing is wrong with a host that is well, and just that is
 * found, with its severity and the command that mends it. And what it reads out of a firewall.
 */
#include "vectors/cmocka.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <linux/version.h>

#include "loader/checks.h"
#include "loader/netdev.h"
#include "loader/quote.h"

static struct host host;
static struct exam e;

/* A NIC in a namespace, on a machine where nothing is wrong. */
static void be_well(void)
{
	host = (struct host){
		.place = { .option = " --netns blue", .enter = "nsenter --net=/run/netns/blue " },
		.can_bpf = true, .can_net = true, .can_perfmon = true, .has_bpf = true,
		.kernel = KERNEL_VERSION(6, 12, 0), .release = "6.12.0",
		.tcx = true, .netdev = true, .cpus = 4, .bpffs = true,
		.jit = 1, .unprivileged_bpf_disabled = 2, .memlock = 64 << 10, .ratemask4 = 0x1818,
		.policies = -1,
	};
	e = (struct exam){
		.host = &host, .name = "nic0",
		.dev = { .name = "nic0", .ifindex = 7, .flags = IFF_UP, .mtu = 1500,
			 .type = ARPHRD_ETHER },
		.xdp_known = true, .xdp_features = NETDEV_XDP_BASIC | NETDEV_XDP_RX_SG,
		.driver = { .name = "ice", .channels_known = true, .channels = 8,
			    .channels_max = 8 },
	};
}

/* A veth whose other end is in another namespace and has a program. */
static void be_veth(void)
{
	be_well();
	strcpy(e.dev.kind, "veth");
	e.driver = (struct driver){ .name = "veth" };
	e.peer = (struct peer){
		.found = true, .reachable = true, .name = "c0",
		.dev = { .name = "c0", .xdp_prog = { [XDP_WAY_DRIVER] = 5 } },
		.place = { .option = " --netns red", .enter = "nsenter --net=/run/netns/red " },
	};
}

static void be_attached(enum eg_mode mode)
{
	e.state = INSTANCE_ATTACHED;
	e.mode = mode;
}

/* All that is found, a line each: "SEVERITY CHECK $ COMMAND". */
static void expect(const char *want)
{
	struct findings f = {};
	char have[2048] = "";

	checks__run(&e, SUBJECT_HOST, &f);
	checks__run(&e, SUBJECT_INTERFACE, &f);
	assert_false(f.lost);
	for (size_t i = 0; i < f.count; i++) {
		const struct finding *it = &f.list[i];
		size_t used = strlen(have);

		snprintf(have + used, sizeof(have) - used, "%s%s %s%s%s", i ? "\n" : "",
			 severity_names[it->severity], it->check, *it->mend ? " $ " : "",
			 it->mend);
		/* A sentence, and one that wasn't cut. */
		assert_true(strlen(it->text) > 20 && strlen(it->text) < sizeof(it->text) - 1);
		assert_true(strlen(it->mend) < sizeof(it->mend) - 1);
	}
	assert_string_equal(have, want);
	findings__free(&f);
}

/* What the only finding says. */
static void expect_text(const char *part)
{
	struct findings f = {};

	checks__run(&e, SUBJECT_HOST, &f);
	checks__run(&e, SUBJECT_INTERFACE, &f);
	assert_int_equal(f.count, 1);
	if (!strstr(f.list[0].text, part))
		assert_string_equal(f.list[0].text, part);
	findings__free(&f);
}

#define IN	"nsenter --net=/run/netns/blue "
#define PEER	"nsenter --net=/run/netns/red "
#define NS	" --netns blue"

static void test_well(void **state)
{
	(void)state;
	be_well();
	expect("");
	assert_int_equal(exam__mode(&e), EG_MODE_NATIVE);
	be_attached(EG_MODE_NATIVE);
	expect("");
	be_veth();
	expect("");
	be_attached(EG_MODE_NATIVE);
	expect("");
}

static void test_rights(void **state)
{
	(void)state;
	be_well();
	host.can_bpf = false;
	expect("error privileges $ sudo echogate doctor" NS);
	expect_text("CAP_BPF is missing");
	host.can_net = false;
	expect_text("CAP_BPF and CAP_NET_ADMIN are missing");
	host.can_bpf = true;
	expect_text("CAP_NET_ADMIN is missing");
	be_well();
	host.can_perfmon = false;
	expect("warning perfmon $ sudo echogate doctor" NS);
	be_well();
	host.has_bpf = false;
	expect("error bpf");
}

static void test_kernel(void **state)
{
	(void)state;
	be_well();
	host.kernel = KERNEL_VERSION(6, 1, 0);
	expect("");
	host.kernel = KERNEL_VERSION(6, 0, 255);
	expect("error kernel");
	be_well();
	host.tcx = false;
	expect("note tcx");
	e.ingress_qdisc = true;
	expect("note tcx\nerror ingress-qdisc $ " IN "tc qdisc del dev nic0 ingress");
	host.tcx = true;
	expect("");
	be_well();
	host.netdev = false;
	expect("note netdev");
	be_well();
	strcpy(host.lockdown, "integrity");
	expect("");
	strcpy(host.lockdown, "confidentiality");
	expect("note lockdown");
}

static void test_bpf(void **state)
{
	(void)state;
	be_well();
	host.bpffs = false;
	expect("note bpffs $ mount -t bpf bpf /sys/fs/bpf");
	be_well();
	host.bpffs_read_only = true;
	expect("error bpffs $ mount -o remount,rw /sys/fs/bpf");
	be_well();
	host.jit = 0;
	expect("warning jit $ sysctl -w net.core.bpf_jit_enable=1");
	expect_text("interpreted");
	host.jit = 2;
	expect("warning jit $ sysctl -w net.core.bpf_jit_enable=1");
	expect_text("debugging");
	host.jit = -1;
	expect("");
	host.jit_harden = 1;
	expect("");
	host.jit_harden = 2;
	expect("warning jit-harden $ sysctl -w net.core.bpf_jit_harden=1");
	be_well();
	host.unprivileged_bpf_disabled = 0;
	expect("note unprivileged-bpf $ sysctl -w kernel.unprivileged_bpf_disabled=2");
	host.unprivileged_bpf_disabled = -1;
	expect("");
	host.bpf_stats = -1;
	expect("");
	host.bpf_stats = 1;
	expect("warning bpf-stats $ sysctl -w kernel.bpf_stats_enabled=0");
}

static void test_memlock(void **state)
{
	(void)state;
	be_well();
	host.kernel = KERNEL_VERSION(5, 10, 0);
	expect("error kernel\nwarning memlock $ ulimit -l unlimited");
	host.memlock = ULONG_MAX;
	expect("error kernel");
	host.memlock = 0;
	host.kernel = KERNEL_VERSION(5, 11, 0);
	expect("error kernel");
}

static void test_sysctls(void **state)
{
	(void)state;
	be_well();
	host.ignore4 = 1;
	expect("warning echo-ignored $ " IN "sysctl -w net.ipv4.icmp_echo_ignore_all=0");
	host.ignore4 = -1;
	host.ignore6 = 1;
	expect("warning echo-ignored $ " IN "sysctl -w net.ipv6.icmp.echo_ignore_all=0");
	be_well();
	host.ratemask4 = 0x1819;
	expect("warning ratemask $ " IN "sysctl -w net.ipv4.icmp_ratemask=6168");
	host.ratemask4 = -1;	/* not known: has every bit */
	expect("");
	host.ratemask6 = true;
	expect("warning ratemask $ " IN "sysctl -w net.ipv6.icmp.ratemask=0-1,3-127");
	be_well();
	host.metrics = 1;
	expect("note route-metrics");
	expect_text("1 destination has a route with");
	host.metrics = 2;
	expect_text("2 destinations have routes with");
}

static void test_forwarding(void **state)
{
	(void)state;
	be_well();
	/* attach sets it. */
	host.forwarding_off = EG_OWNED_FORWARD4 | EG_OWNED_FORWARD6;
	expect("");
	host.forwarding_fixed = true;
	expect("error forwarding $ mount -o remount,rw /proc/sys");
	host.forwarding_fixed = false;
	be_attached(EG_MODE_NATIVE);
	expect("error lo-forwarding $ echogate attach nic0" NS);
	expect_text("for IPv4 IPv6,");
	host.forwarding_off = EG_OWNED_FORWARD6;
	expect_text("for IPv6,");
	e.swap = true;
	expect("");
	e.rp_filter = 1;
	expect("warning rp-filter $ echogate rules nic0" NS " | sed /^reply-path/d | "
	       "echogate apply /dev/stdin nic0" NS);
	e.swap = false;
	host.forwarding_off = 0;
	expect("");
}

static void test_listeners(void **state)
{
	struct listener list[] = {
		{ .family = AF_INET, .pid = 11, .process = "fping" },
		{ .family = AF_INET6 },
		{ .family = AF_PACKET, .ifindex = 7, .pid = 12, .process = "tcpdump" },
		{ .family = AF_PACKET, .ifindex = 8, .pid = 13, .process = "lldpd" },
		{ .family = AF_PACKET, .ifindex = 0, .pid = 14 },
	};

	(void)state;
	be_well();
	host.listeners = list;
	host.listener_count = 1;
	expect("warning raw-socket $ kill 11");
	expect_text("fping (pid 11) has a raw ICMP socket");
	host.listeners = list + 1;
	expect("warning raw-socket");
	expect_text("a process that can't be seen from here has a raw ICMPv6 socket");
	host.listeners = list + 2;
	host.listener_count = 3;
	expect("warning capture $ echogate attach nic0 --mode tc" NS "\n"
	       "warning capture $ echogate attach nic0 --mode tc" NS);
	host.listener_count = 1;
	expect_text("tcpdump (pid 12)");
	/* In tc mode they see everything. */
	be_attached(EG_MODE_TC);
	expect("");
}

static void test_bypassed(void **state)
{
	struct firewall_rule rules[] = {
		{ .text = "nftables inet t c, handle 5",
		  .remove = "nft delete rule inet t c handle 5" },
		{ .text = "iptables-legacy filter INPUT -p icmp" },
	};

	(void)state;
	be_well();
	host.firewall = (struct firewall){ .rules = rules, .count = 2 };
	expect("warning firewall $ " IN "nft delete rule inet t c handle 5\nwarning firewall");
	host.firewall = (struct firewall){ .nft_error = -ENOENT };
	expect("note firewall $ apt-get install nftables");
	host.firewall = (struct firewall){ .nft_error = -EIO };
	expect("note firewall");
	host.firewall = (struct firewall){ .legacy_error = -ENOENT };
	expect("note firewall $ apt-get install iptables");
	be_well();
	host.policies = 0;
	expect("");
	host.policies = 2;
	expect("warning ipsec");
}

static void test_leftovers(void **state)
{
	struct leftover list[] = {
		{ .name = "h9", .dir = "/sys/fs/bpf/echogate/4/9", .gone = true },
		{ .dir = "/sys/fs/bpf/echogate/4/10", .gone = true },
		{ .dir = "/sys/fs/bpf/echogate/4/11" },
	};

	(void)state;
	be_well();
	host.leftovers = list;
	host.leftover_count = 3;
	expect("warning leftover $ echogate detach h9" NS "\n"
	       "warning leftover $ echogate detach --all" NS "\n"
	       "warning leftover $ echogate detach --all" NS);
	/* That would go too far. */
	strcpy(host.attached, "nic0");
	expect("warning leftover $ echogate detach h9" NS "\n"
	       "warning leftover $ echogate attach nic0" NS "\n"
	       "warning leftover");
}

static void test_link(void **state)
{
	(void)state;
	be_well();
	e.dev.flags = 0;
	expect("warning down $ " IN "ip link set dev nic0 up");
	be_well();
	e.dev.type = ARPHRD_NONE;
	e.l3 = true;
	expect("note link-type");
	assert_int_equal(exam__mode(&e), EG_MODE_TC);
	e.l3 = false;
	e.dev.type = ARPHRD_INFINIBAND;
	expect("error link-type");
}

static void test_driver(void **state)
{
	(void)state;
	be_well();
	e.xdp_features = NETDEV_XDP_RX_SG;
	expect("warning driver $ echogate attach nic0 --mode tc" NS);
	assert_int_equal(exam__mode(&e), EG_MODE_GENERIC);
	/* The kernel doesn't tell; the list does. */
	e.xdp_known = false;
	expect("");
	host.kernel = KERNEL_VERSION(6, 1, 0);
	strcpy(e.driver.name, "gve");
	e.driver.channels = 4;
	expect_text("from Linux 6.4 on");
	host.kernel = KERNEL_VERSION(6, 4, 0);
	expect("");
	strcpy(e.driver.name, "e1000");
	expect("warning driver $ echogate attach nic0 --mode tc" NS);
	expect_text("isn't known");
	be_attached(EG_MODE_TC);
	expect("");
	be_well();
	be_attached(EG_MODE_GENERIC);
	expect("note mode $ echogate attach nic0 --mode native" NS);
}

static void test_mtu(void **state)
{
	(void)state;
	be_well();
	e.dev.mtu = 3498;
	e.xdp_features = NETDEV_XDP_BASIC;
	expect("");
	e.dev.mtu = 3499;
	expect("warning mtu $ " IN "ip link set dev nic0 mtu 1500");
	e.xdp_features |= NETDEV_XDP_RX_SG;
	expect("note mtu $ echogate attach nic0 --mode tc" NS);
	be_attached(EG_MODE_TC);
	expect("");
	be_attached(EG_MODE_NATIVE);
	e.xdp_features = NETDEV_XDP_BASIC;	/* whatever it said, it was taken */
	expect("note mtu $ echogate attach nic0 --mode tc" NS);
}

static void test_queues(void **state)
{
	(void)state;
	be_well();
	strcpy(e.driver.name, "ena");
	expect("warning queues $ " IN "ethtool -L nic0 combined 4");
	e.driver.channels = 4;
	expect("");
	e.driver.channels = e.driver.channels_max = 1;
	expect("warning queues");
	be_well();
	strcpy(e.driver.name, "virtio_net");
	expect("warning queues $ " IN "ethtool -L nic0 combined 4");
	host.cpus = 7;
	expect("warning queues $ " IN "ethtool -L nic0 combined 1");
	host.cpus = 8;
	expect("warning queues");
	be_attached(EG_MODE_TC);
	expect("");
	be_well();
	strcpy(e.driver.name, "ena");
	e.driver.channels_known = false;
	expect("");
}

static void test_offloads(void **state)
{
	(void)state;
	be_well();
	e.driver.lro.on = true;
	expect("warning offloads $ " IN "ethtool -K nic0 lro off");
	e.driver.lro.fixed = true;
	expect("warning offloads");
	be_well();
	e.driver.gro_hw.on = true;
	expect("warning offloads $ " IN "ethtool -K nic0 rx-gro-hw off");
	be_attached(EG_MODE_TC);
	expect("");
}

static void test_tags(void **state)
{
	(void)state;
	be_well();
	e.driver.rxvlan.on = true;
	expect("note vlan-tags $ " IN "ethtool -K nic0 rxvlan off");
	e.vlans = 1;
	expect("error vlan-tags $ " IN "ethtool -K nic0 rxvlan off");
	e.driver.rxvlan.fixed = true;
	expect("error vlan-tags $ echogate attach nic0 --mode tc" NS);
	be_attached(EG_MODE_TC);
	expect("");
	be_veth();
	e.vlans = 1;
	e.driver.rxvlan.on = true;	/* means nothing on a veth: its other end decides */
	expect("");
	e.peer.driver.txvlan.on = true;
	expect("error vlan-tags $ " PEER "ethtool -K c0 txvlan off");
	e.vlans = 0;
	expect("note vlan-tags $ " PEER "ethtool -K c0 txvlan off");
}

static void test_master(void **state)
{
	static const char *const kinds[] = { "bridge", "bond", "team", "openvswitch" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		be_well();
		strcpy(e.master, "br0");
		strcpy(e.dev.slave_kind, kinds[i]);
		expect("warning master $ echogate attach br0" NS);
		expect_text(i < 3 ? kinds[i] : "device br0");
	}
	e.master_attached = true;
	expect("");
	strcpy(e.dev.slave_kind, "vrf");
	expect("error master $ " IN "ip link set dev nic0 nomaster");
}

static void test_veth(void **state)
{
	(void)state;
	be_veth();
	e.peer.dev.xdp_prog[XDP_WAY_DRIVER] = 0;
	expect("error veth-peer $ echogate attach c0 --mode native --netns red");
	e.peer.dev.xdp_prog[XDP_WAY_SKB] = 6;	/* generic doesn't help */
	expect("error veth-peer $ echogate attach c0 --mode native --netns red");
	e.peer.reachable = false;
	expect("error veth-peer $ echogate attach nic0 --mode tc" NS);
	e.peer.reachable = true;
	be_attached(EG_MODE_NATIVE);
	expect("error veth-peer $ echogate attach nic0 --mode tc" NS);
	be_attached(EG_MODE_TC);
	expect("");
	be_veth();
	e.peer = (struct peer){};
	expect("warning veth-peer $ echogate attach nic0 --mode tc" NS);
}

static void test_foreign(void **state)
{
	(void)state;
	be_well();
	e.foreign_xdp = 9;
	e.foreign_way = XDP_WAY_SKB;
	expect("error foreign-xdp $ " IN "ip link set dev nic0 xdpgeneric off");
	e.foreign_way = XDP_WAY_DRIVER;
	expect("error foreign-xdp $ " IN "ip link set dev nic0 xdpdrv off");
	e.foreign_link = 3;
	expect("error foreign-xdp $ bpftool link detach id 3");
	be_attached(EG_MODE_TC);
	expect("note foreign-xdp $ bpftool link detach id 3");
	be_well();
	e.foreign_tcx = 1;
	expect("warning foreign-tc");
	e.foreign_tcx_link = 4;
	expect("warning foreign-tc $ bpftool link detach id 4");
	expect_text("1 other TCX program at the ingress of nic0 don't see pings");
	be_attached(EG_MODE_TC);
	expect_text("may come before");
	be_well();
	e.filters = 2;
	expect("warning foreign-tc $ " IN "tc filter del dev nic0 ingress");
	e.own_filter = true;
	expect("warning foreign-tc");
}

static void test_attachment(void **state)
{
	(void)state;
	be_well();
	e.state = INSTANCE_INCOMPLETE;
	expect("error attachment $ echogate attach nic0" NS);
	e.state = INSTANCE_OTHER_ABI;
	expect("error attachment $ echogate attach nic0" NS);
	be_attached(EG_MODE_NATIVE);
	e.stale = true;
	expect("warning attachment $ echogate attach nic0" NS);
}

/* In the caller's own namespace nothing stands around the commands. */
static void test_own(void **state)
{
	(void)state;
	be_well();
	host.place = (struct place){};
	e.dev.flags = 0;
	e.state = INSTANCE_INCOMPLETE;
	expect("warning down $ ip link set dev nic0 up\nerror attachment $ echogate attach nic0");
}

/* Firewalls ------------------------------------------------------------------------------- */

/* The commands that remove what is found, a line each. */
static void expect_rules(struct firewall *fw, const char *want)
{
	char have[1024] = "";

	for (size_t i = 0; i < fw->count; i++)
		snprintf(have + strlen(have), sizeof(have) - strlen(have), "%s%s", i ? "\n" : "",
			 fw->rules[i].remove);
	assert_string_equal(have, want);
	firewall__free(fw);
}

/* A ruleset with one rule in a chain of that hook. */
static void expect_nft(const char *hook, const char *expr, const char *want)
{
	struct firewall fw = {};
	char json[1024];

	snprintf(json, sizeof(json),
		 "{\"nftables\": [{\"metainfo\": {}}, {\"table\": {\"name\": \"t\"}}, {\"chain\": "
		 "{\"family\": \"inet\", \"table\": \"t\", \"name\": \"c\"%s%s%s}}, {\"rule\": "
		 "{\"family\": \"inet\", \"table\": \"t\", \"chain\": \"c\", \"handle\": 8, "
		 "\"expr\": [%s]}}]}", *hook ? ", \"hook\": \"" : "", hook, *hook ? "\"" : "",
		 expr);
	assert_int_equal(firewall__add_nft(&fw, json), 0);
	expect_rules(&fw, want);
}

static void test_nft(void **state)
{
	static const char found[] = "nft delete rule inet t c handle 8";
	static const char type[] = "{\"match\": {\"left\": {\"payload\": {\"protocol\": \"icmp\", "
				   "\"field\": \"type\"}}, \"right\": \"echo-request\"}}";
	struct firewall fw = {};

	(void)state;
	expect_nft("input", type, found);
	expect_nft("prerouting", type, found);
	expect_nft("ingress", type, found);
	expect_nft("", type, found);	/* others jump to it */
	expect_nft("forward", type, "");
	expect_nft("output", type, "");
	expect_nft("postrouting", type, "");
	expect_nft("input", "{\"match\": {\"left\": {\"meta\": {\"key\": \"l4proto\"}}, \"right\": "
		   "{\"set\": [\"tcp\", \"ipv6-icmp\"]}}}", found);
	expect_nft("input", "{\"vmap\": {\"key\": {\"payload\": {\"protocol\": \"icmpv6\"}}}}",
		   found);
	expect_nft("input", "{\"match\": {\"right\": \"tcp\"}}, {\"reject\": {\"type\": \"icmp\", "
		   "\"expr\": \"port-unreachable\"}}", "");
	expect_nft("input", "{\"match\": {\"right\": \"icmpx\"}}, {\"drop\": null}", "");
	assert_int_equal(firewall__add_nft(&fw, ""), -EINVAL);
	assert_int_equal(firewall__add_nft(&fw, "[]"), -EINVAL);
	assert_int_equal(firewall__add_nft(&fw, "{\"nftables\": 3}"), -EINVAL);
	assert_int_equal(firewall__add_nft(&fw, "{\"nftables\": [1, null, {\"rule\": 2}, {\"rule\": "
					   "{\"expr\": \"icmp\"}}, {\"chain\": []}]}"), 0);
	expect_rules(&fw, "");
}

static void test_legacy(void **state)
{
	static const char save[] =
		"# Generated\n*filter\n:INPUT ACCEPT [0:0]\n"
		"-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"
		"-A INPUT -p icmp -m icmp --icmp-type 8 -j DROP\n"
		"-A FORWARD -p icmp -j DROP\n-A OUTPUT -p icmp -j DROP\n"
		"-A mine -p ipv6-icmp -j DROP\n"
		"-A INPUT -p icmp -m comment --comment \"$(reboot)\" -j DROP\n"
		"COMMIT\n*raw\n-A PREROUTING -p icmp -j DROP";
	struct firewall fw = {};

	(void)state;
	assert_int_equal(firewall__add_legacy(&fw, "iptables-legacy", save), 0);
	expect_rules(&fw, "iptables-legacy -t filter -D INPUT -p icmp -m icmp --icmp-type 8 "
		     "-j DROP\n"
		     "iptables-legacy -t filter -D mine -p ipv6-icmp -j DROP\n\n"
		     "iptables-legacy -t raw -D PREROUTING -p icmp -j DROP");
	assert_int_equal(firewall__add_legacy(&fw, "iptables-legacy", ""), 0);
	expect_rules(&fw, "");
}

static void test_quote(void **state)
{
	static const struct {
		const char *word, *want;
	} rows[] = {
		{ "eth0.100", "eth0.100" },
		{ "a b", "'a b'" },
		{ "", "''" },
		{ "-x", "'-x'" },
		{ "$(reboot)", "'$(reboot)'" },
		{ "it's", "'it'\\''s'" },
		{ "a\033[2J", "''" },
		{ "0123456789abcdefghij", "''" },	/* doesn't fit */
		{ "';';';';';'", "''" },
	};
	char have[20];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		quote(have, sizeof(have), rows[i].word);
		assert_string_equal(have, rows[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_bpf),
		cmocka_unit_test(test_memlock),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_forwarding),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_bypassed),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_driver),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_offloads),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_veth),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_attachment),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_nft),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_quote),
	};

	return TAP_RUN("doctor", tests);
}
