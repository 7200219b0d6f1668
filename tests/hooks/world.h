/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host that the vectors are sent to: a network namespace of this process, two
 * veth pairs, addresses, routes and neighbours; and the programs, filled in as the
 * loader would. The second pair's end stands for every VLAN device: to the
 * programs such a device is an ifindex, a MAC address and a hop limit.
 */
#ifndef TESTS_HOOKS_WORLD_H
#define TESTS_HOOKS_WORLD_H

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>

#include "vectors/cmocka.h"
#include "vectors/frame.h"

#include <echogate/addr.h>
#include <echogate/path.h>

#include "echogate.skel.h"

/* Under a name of its own, lest one of them be taken for the host's. */
#define DEV	 "eg0"
#define DEV_VLAN "eg1"

enum hook { HOOK_XDP, HOOK_TC, HOOK_EGRESS };

#define DIE(...) \
	do { \
		printf("Bail out! "); \
		printf(__VA_ARGS__); \
		printf("\n"); \
		exit(1); \
	} while (0)

static inline void ip(const char *batch)
{
	FILE *f = popen("ip -force -batch -", "w");

	if (!f)
		DIE("ip: %s", strerror(errno));
	fputs(batch, f);
	if (pclose(f))
		DIE("ip refuses some of: %s", batch);
}

static inline void sysctl_set(const char *name, const char *value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	f = fopen(path, "w");
	if (!f || fputs(value, f) < 0 || fclose(f))
		DIE("%s: %s", path, strerror(errno));
}

static inline void world_make(void)
{
	if (unshare(CLONE_NEWNET))
		DIE("no network namespace: %s", strerror(errno));
	sysctl_set("ipv6/conf/default/accept_dad", "0");
	sysctl_set("ipv4/conf/lo/forwarding", "1");
	sysctl_set("ipv6/conf/lo/forwarding", "1");
	ip("link set lo up\n"
	   "link add eg0 address 02:00:00:00:e6:01 mtu 9000 type veth "
	   "peer name eg0p address 02:00:00:00:e6:02 mtu 9000\n"
	   "link add eg1 address 02:00:00:00:e6:11 mtu 9000 type veth "
	   "peer name eg1p address 02:00:00:00:e6:12 mtu 9000\n"
	   "link set eg0 up\nlink set eg0p up\nlink set eg1 up\nlink set eg1p up\n"
	   "addr add 198.18.0.1/24 brd 198.18.0.255 dev eg0\n"
	   "addr add 198.18.16.1/24 dev eg1\n"
	   "addr add 198.18.9.9/32 dev lo\n"
	   "addr add fd00:e6::1/64 nodad dev eg0\n"
	   "addr add fd00:e6:16::1/64 nodad dev eg1\n"
	   "addr add fd00:e6:9::9/128 nodad dev lo\n"
	   "neigh add 198.18.0.2 lladdr 02:00:00:00:e6:02 dev eg0 nud permanent\n"
	   "neigh add 198.18.0.3 lladdr 02:00:00:00:e6:02 dev eg0 nud permanent\n"
	   "neigh add 198.18.0.4 lladdr 02:00:00:00:e6:04 dev eg0 nud permanent\n"
	   "neigh add 198.18.16.2 lladdr 02:00:00:00:e6:12 dev eg1 nud permanent\n"
	   "neigh add fd00:e6::2 lladdr 02:00:00:00:e6:02 dev eg0 nud permanent\n"
	   "neigh add fd00:e6::4 lladdr 02:00:00:00:e6:04 dev eg0 nud permanent\n"
	   "neigh add fd00:e6:16::2 lladdr 02:00:00:00:e6:12 dev eg1 nud permanent\n"
	   "route add default via 198.18.0.2\n"
	   "route add default via fd00:e6::2\n"
	   "route add unreachable 198.19.1.0/24\n"
	   "route add 198.19.2.0/24 dev eg0\n"
	   "route add 198.19.3.0/24 via 198.18.16.2\n"
	   "route add 198.19.4.0/24 via 198.18.0.4\n"
	   "route add 198.19.5.0/24 via 198.18.0.2 mtu lock 600\n"
	   "route add blackhole 198.19.7.0/24\n"
	   "route add unreachable fd00:e6:1::/48\n"
	   "route add fd00:e6:2::/48 dev eg0\n"
	   "route add fd00:e6:3::/48 via fd00:e6:16::2\n"
	   "route add fd00:e6:4::/48 via fd00:e6::4\n"
	   "route add fd00:e6:5::/48 via fd00:e6::2 mtu lock 1280\n");
}

static inline void own_add4(struct eg_addrs *t, const char *text, bool broadcast)
{
	struct eg_addr4_bucket *b;
	__be32 addr;
	int way = 0;

	address(text, (uint8_t *)&addr);
	b = &t->v4[eg_addr4_bucket_of(t->seed, addr)];
	while (b->addr[way])
		way++;
	b->addr[way] = addr;
	b->broadcast |= (__u32)broadcast << way;
}

static inline void own_add6(struct eg_addrs *t, const char *text)
{
	__be32 addr[4];
	int way = 0;

	address(text, (uint8_t *)addr);
	while (t->v6[eg_addr6_bucket_of(t->seed, addr)].addr[way][0])
		way++;
	memcpy(t->v6[eg_addr6_bucket_of(t->seed, addr)].addr[way], addr, sizeof(addr));
}

static inline void vlan_add(struct echogate *skel, __u32 outer, __u32 inner)
{
	struct eg_vlan_key key = { .outer = outer, .inner = inner };
	struct eg_vlan vlan = { .ifindex = if_nametoindex(DEV_VLAN), .hop6 = VLAN_HOPS };

	memcpy(vlan.mac, station_mac[STATION_VLAN], 6);
	if (bpf_map__update_elem(skel->maps.eg_vlans, &key, sizeof(key), &vlan, sizeof(vlan), 0))
		DIE("eg_vlans: %s", strerror(errno));
}

static inline void metrics_add(struct echogate *skel, const char *prefix, __u32 len)
{
	struct eg_metrics_key key = { .prefix = len };
	__u32 value = 0;

	address(prefix, (uint8_t *)key.addr);
	if (bpf_map__update_elem(skel->maps.eg_metrics, &key, sizeof(key), &value, sizeof(value),
				 0))
		DIE("eg_metrics: %s", strerror(errno));
}

/* Change one of them and every remembered path is void. */
static inline void forget(struct echogate *skel)
{
	struct eg_config *config = &skel->data_eg_config->eg_config;

	config->path_salt = config->path_salt * 0x2545f4914f6cdd1d + 1;
}

static inline __u32 epoch_shift(void)
{
	struct timespec tick = { 0 };
	__u32 shift = 0;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	while (tick.tv_nsec && (tick.tv_nsec << shift) < 850000000L)
		shift++;
	return shift;
}

/* The programs as attach would fill them in for world_make()'s namespace, not loaded yet. */
static inline struct echogate *world_open(bool swap, bool l3)
{
	struct echogate *skel = echogate__open();
	int cpus = libbpf_num_possible_cpus();
	uint64_t seed = RND_SEED;
	struct eg_config *config;
	struct eg_addrs *own;

	if (!skel)
		DIE("echogate__open: %s", strerror(errno));
	for (int i = 0; i < EG_PATH_KEYS; i++)
		skel->rodata->eg_rodata_keys[i] = rnd(&seed);
	skel->rodata->eg_epoch_shift = epoch_shift();
	skel->rodata->eg_recording = true;
	if (bpf_map__set_max_entries(skel->maps.eg_tap_cells, cpus * EG_DIRECTION_COUNT) ||
	    bpf_map__set_max_entries(skel->maps.eg_recorder,
				     cpus * EG_DIRECTION_COUNT * EG_RECORD_BUCKETS))
		DIE("%s", strerror(errno));
	skel->rodata->eg_swap = swap;
	skel->rodata->eg_l3 = l3;
	/* In native XDP only there are none. */
	skel->rodata->eg_offload = swap || l3;
	bpf_program__set_autoload(skel->progs.eg_xdp, !l3);
	config = &skel->data_eg_config->eg_config;
	config->path_salt = 1;
	config->ifindex = if_nametoindex(DEV);
	if (!l3)
		memcpy(config->mac, station_mac[STATION_OWN], 6);
	config->ttl4 = OWN_TTL;
	config->hop6 = OWN_HOPS;
	own = &skel->data_eg_addrs->eg_addrs;
	own->seed = 0xbf58476d1ce4e5b9;
	own_add4(own, OWN4, false);
	own_add4(own, OWN4_LO, false);
	own_add4(own, OWN4_VLAN, false);
	own_add4(own, BROADCAST4, true);
	own_add6(own, OWN6);
	own_add6(own, OWN6_LO);
	own_add6(own, OWN6_VLAN);
	return skel;
}

static inline void world_start(struct echogate *skel)
{
	if (echogate__load(skel))
		DIE("the programs don't load: %s", strerror(errno));
	vlan_add(skel, 0x8100u << 16 | VLAN_ONE, 0);
	vlan_add(skel, 0x88a8u << 16 | VLAN_OUTER, 0x8100u << 16 | VLAN_INNER);
	metrics_add(skel, "::ffff:198.19.6.0", 96 + 25);
	metrics_add(skel, "fd00:e6:6::", 49);
}

static inline struct echogate *world_load(bool swap, bool l3)
{
	struct echogate *skel = world_open(swap, l3);

	world_start(skel);
	return skel;
}

static inline int program(struct echogate *skel, enum hook hook)
{
	switch (hook) {
	case HOOK_XDP:
		return bpf_program__fd(skel->progs.eg_xdp);
	case HOOK_TC:
		return bpf_program__fd(skel->progs.eg_tc_ingress);
	case HOOK_EGRESS:
		break;
	}
	return bpf_program__fd(skel->progs.eg_tc_egress);
}

/*
 * In front of a program: puts the tag in skb->mark beside the frame, then calls it, for as
 * long as *array is open. The caller closes both.
 */
static inline int tagging_program(int target, int *array)
{
	int map = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "eg_test_call", 4, 4, 1, NULL);
	const struct bpf_insn insns[] = {
		/* r6 = ctx; r2 = mark's upper half, in network byte order; r3 = its lower half */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 2,
		  .src_reg = 1,
		  .off = offsetof(struct __sk_buff, mark) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 3, .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_RSH | BPF_K, .dst_reg = 2, .imm = 16 },
		{ .code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = 2, .imm = 16 },
		{ .code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = 3, .imm = 0xffff },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 6 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 2,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 99 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	__u32 zero = 0;
	int fd;

	fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "eg_test_tag", "GPL", insns,
			   sizeof(insns) / sizeof(insns[0]), NULL);
	if (map < 0 || fd < 0 || bpf_map_update_elem(map, &zero, &target, BPF_ANY))
		DIE("the program that tags doesn't load: %s", strerror(errno));
	*array = map;
	return fd;
}

/*
 * BPF_PROG_TEST_RUN refuses to make an skb of a frame that names IP and doesn't hold
 * its header. Such frames run in XDP, and in tc behind a tag.
 */
static inline bool makes_skb(const struct frame *f)
{
	unsigned int type = get16(f->data + 12);

	return f->len >= (type == 0x0800 ? 14 + 20 : type == 0x86dd ? 14 + 40 : 14);
}

/* Sends a frame through a program as if it came in by DEV. Returns the program's own code. */
static inline int run_program(int fd, enum hook hook, const uint8_t *bytes, size_t len, __u32 mark,
			      struct frame *out)
{
	struct __sk_buff skb = {
		.ifindex = if_nametoindex(DEV),
		.mark = mark,
	};
	struct xdp_md xdp = {
		.data_end = len,
		.ingress_ifindex = skb.ifindex,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = len,
		    .data_out = out->data, .data_size_out = sizeof(out->data),
		    .ctx_in = hook == HOOK_XDP ? (void *)&xdp : (void *)&skb,
		    .ctx_size_in = hook == HOOK_XDP ? sizeof(xdp) : sizeof(skb), .repeat = 1, );
	int err = bpf_prog_test_run_opts(fd, &opts);

	if (err)
		fail_msg("BPF_PROG_TEST_RUN of %zu bytes: %s", len, strerror(-err));
	out->len = opts.data_size_out;
	return opts.retval;
}

/* Of each CPU; they are overwritten by the next call. */
static inline const struct eg_counters *counters_each(struct echogate *skel,
						      enum eg_direction direction)
{
	int cpus = libbpf_num_possible_cpus();
	static struct eg_counters *each;
	__u32 key = direction;

	if (!each)
		each = calloc(cpus, sizeof(*each));
	if (!each || bpf_map__lookup_elem(skel->maps.eg_counters, &key, sizeof(key), each,
					  cpus * sizeof(*each), 0))
		DIE("eg_counters: %s", strerror(errno));
	return each;
}

/* Sum over all CPUs. */
static inline void counters_read(struct echogate *skel, enum eg_direction direction,
				 struct eg_counters *sum)
{
	const struct eg_counters *each = counters_each(skel, direction);
	int cpus = libbpf_num_possible_cpus();

	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < sizeof(*sum) / sizeof(__u64); i++)
			((__u64 *)sum)[i] += ((__u64 *)&each[cpu])[i];
}

/* Adds to `c` what one packet should. */
static inline void count_one(struct eg_counters *c, __u32 cell, enum eg_verdict verdict,
			     enum eg_reason reason, size_t bytes)
{
	struct eg_count *count = &c->icmp[cell].verdict[verdict];

	/* The three arrays are one, see EG_CELL_*. */
	count = (struct eg_count *)((char *)c + cell * sizeof(struct eg_cell)) + verdict;
	count->packets++;
	count->bytes += bytes;
	if (reason == EG_REASON_NONE)
		return;
	c->reason[reason].packets++;
	c->reason[reason].bytes += bytes;
}

/* Says what differs, since 14 KiB of counters say little. */
static inline void same_counters(const char *name, const struct eg_counters *have,
				 const struct eg_counters *want)
{
	static const char *const verdicts[] = { "pass", "drop", "answer", "reject" };

	for (int cell = 0; cell < EG_CELL_COUNT; cell++) {
		const struct eg_count *h = (void *)((char *)have + cell * sizeof(struct eg_cell));
		const struct eg_count *w = (void *)((char *)want + cell * sizeof(struct eg_cell));

		for (int i = 0; i < 4; i++)
			if (memcmp(&h[i], &w[i], sizeof(*h)))
				fail_msg("%s: cell %d %s: %lld packets and %lld bytes too many",
					 name, cell, verdicts[i], h[i].packets - w[i].packets,
					 h[i].bytes - w[i].bytes);
	}
	for (int r = 0; r < EG_REASON_SLOTS; r++)
		if (memcmp(&have->reason[r], &want->reason[r], sizeof(want->reason[r])))
			fail_msg("%s: reason %d: %lld packets and %lld bytes too many", name, r,
				 have->reason[r].packets - want->reason[r].packets,
				 have->reason[r].bytes - want->reason[r].bytes);
}

static inline bool answered(enum hook hook, int rc)
{
	return rc == (hook == HOOK_XDP ? XDP_TX : TC_ACT_REDIRECT);
}

/* What no rule and no reply concerns goes on as if nobody had looked. */
static inline bool passed(enum hook hook, int rc)
{
	return rc == (hook == HOOK_XDP ? (int)XDP_PASS : TC_ACT_UNSPEC);
}

/* Identification or flow label of the reply, for the expected one to have it too. */
static inline uint16_t reply_id(const struct frame *reply, size_t l3)
{
	return get16(reply->data + l3 + 4);
}

static inline uint32_t reply_label(const struct frame *reply, size_t l3)
{
	return (reply->data[l3 + 1] & 15) << 16 | get16(reply->data + l3 + 2);
}

#endif
