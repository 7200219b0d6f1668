/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs with rules in them, as `apply` would load them, and runs that leave a trace. */
#ifndef TESTS_HOOKS_RULED_H
#define TESTS_HOOKS_RULED_H

#include <sys/mman.h>

#include "loader/compile.h"
#include "loader/ruleset.h"
#include "world.h"

#define TRIAL 0x6a09e667f3bcc908 /* what makes a run a trial */

struct ruled {
	struct config *config;
	struct rules rules;
	struct compiled compiled;
	struct echogate *skel;
	struct eg_rule_cell *cells; /* mapped */
	int cpus;
};

/* What an array map that can be mapped takes of memory, whole pages. */
static inline size_t map_bytes(const struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)bpf_map__max_entries(map) * ((bpf_map__value_size(map) + 7) & ~7);

	return (bytes + page - 1) & ~(page - 1);
}

static inline void *map_memory(const struct bpf_map *map)
{
	void *p =
		mmap(NULL, map_bytes(map), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (p == MAP_FAILED)
		DIE("%s can't be mapped: %s", bpf_map__name(map), strerror(errno));
	return p;
}

static inline void map_fill(const struct bpf_map *map, const void *from, size_t size)
{
	void *to = map_memory(map);

	memcpy(to, from, size);
	munmap(to, map_bytes(map));
}

/* A jiffy, ns. */
static inline __u64 ruled_tick(void)
{
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return tick.tv_nsec;
}

static inline void ruled_switches(struct ruled *r)
{
	memcpy((void *)r->skel->rodata->eg_rulesets, r->compiled.rulesets,
	       sizeof(r->compiled.rulesets));
	memcpy((void *)&r->skel->rodata->eg_prefix_info, &r->compiled.prefixes.info,
	       sizeof(r->compiled.prefixes.info));
	memcpy((void *)&r->skel->rodata->eg_tracking, &r->compiled.tracking,
	       sizeof(r->compiled.tracking));
	for (size_t i = 0; i <= EG_RTT_GROUPS; i++)
		r->skel->rodata->eg_tracking.row[i] = i;
	r->skel->rodata->eg_tick = ruled_tick();
	r->skel->rodata->eg_trial = TRIAL;
}

/* Slots in no order: a mix-up with the rules' numbers shows. The first is no rule's. */
static inline __u16 ruled_slot(size_t rule)
{
	return 1 + (rule * 1153 + 77) % (EG_RULE_SLOTS - 1);
}

/* Gates of files are opened for good, those of units are never looked at. */
static inline void ruled_gates(const struct ruled *r)
{
	const struct eg_gate open = { .until = ~0ull };

	for (size_t i = 0; i < r->rules.count[EG_INGRESS]; i++) {
		const struct check *c = &r->rules.list[EG_INGRESS][i]->check;

		if (c->kind == CHECK_FILE &&
		    bpf_map_update_elem(bpf_map__fd(r->skel->maps.eg_gates), &c->id, &open, BPF_ANY))
			DIE("eg_gates: %s", strerror(errno));
	}
}

static inline void ruled_fill(struct ruled *r)
{
	const struct compiled *c = &r->compiled;
	const struct prefix_table *t = &c->prefixes;
	struct echogate *skel = r->skel;
	const struct {
		struct bpf_map *map;
		const void *from;
		size_t count, size;
	} parts[] = {
		{ skel->maps.eg_table, c->table, c->table_count, sizeof(*c->table) },
		{ skel->maps.eg_vectors, c->vectors, c->vector_count, sizeof(*c->vectors) },
		{ skel->maps.eg_rules, c->rules, c->rule_count, sizeof(*c->rules) },
		{ skel->maps.eg_prefix4, t->top4, t->top4_count, sizeof(*t->top4) },
		{ skel->maps.eg_bucket4, t->buckets4, t->bucket4_count, sizeof(*t->buckets4) },
		{ skel->maps.eg_mixed4, t->mixed4, t->mixed4_count, sizeof(*t->mixed4) },
		{ skel->maps.eg_prefix6, t->top6, t->top6_count, sizeof(*t->top6) },
		{ skel->maps.eg_bucket6, t->buckets6, t->bucket6_count, sizeof(*t->buckets6) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (bpf_map__set_max_entries(parts[i].map, parts[i].count ?: 1))
			DIE("%s: %s", bpf_map__name(parts[i].map), strerror(errno));
	if (bpf_map__set_max_entries(skel->maps.eg_rule_cells, r->cpus * EG_RULE_SLOTS))
		DIE("eg_rule_cells: %s", strerror(errno));
	world_start(skel);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		map_fill(parts[i].map, parts[i].from, parts[i].count * parts[i].size);
	r->cells = map_memory(skel->maps.eg_rule_cells);
	ruled_gates(r);
}

/*
 * Runs a frame that came in by DEV through a program, or one in front of it that is told
 * something in `mark`, as a trial: nothing is counted, and *trace says what
 * happened. Returns the program's own code.
 */
static inline int ruled_trial(struct ruled *r, int fd, enum hook hook, const struct frame *f,
			      __u32 mark, struct eg_trace *trace)
{
	static uint8_t bytes[8 + FRAME_MAX], out[FRAME_MAX + 4096];
	const uint64_t token = TRIAL;
	struct __sk_buff skb = {
		.ifindex = if_nametoindex(DEV),
		.mark = mark,
		.cb = { (__u32)token, token >> 32 },
	};
	struct xdp_md xdp = {
		.data = sizeof(token),
		.data_end = sizeof(token) + f->len,
		.ingress_ifindex = skb.ifindex,
	};
	bool meta = hook == HOOK_XDP;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = meta ? bytes : f->data,
		    .data_size_in = meta ? xdp.data_end : f->len, .data_out = out,
		    .data_size_out = sizeof(out), .ctx_in = meta ? (void *)&xdp : (void *)&skb,
		    .ctx_size_in = meta ? sizeof(xdp) : sizeof(skb), .repeat = 1, );
	int map = bpf_map__fd(r->skel->maps.eg_trace);
	__u32 zero = 0;
	int err;

	memcpy(bytes, &token, sizeof(token));
	memcpy(bytes + sizeof(token), f->data, f->len);
	/* If the program leaves no trace, this is no verdict. */
	memset(trace, 0, sizeof(*trace));
	trace->verdict = EG_VERDICT_COUNT;
	if (bpf_map_update_elem(map, &zero, trace, BPF_ANY))
		DIE("eg_trace: %s", strerror(errno));
	err = bpf_prog_test_run_opts(fd, &opts);
	if (err)
		DIE("a trial run of %zu bytes: %s", f->len, strerror(-err));
	if (bpf_map_lookup_elem(map, &zero, trace))
		DIE("eg_trace: %s", strerror(errno));
	return opts.retval;
}

static inline bool ruled_compile(struct ruled *r, const char *text)
{
	return config__parse("rules", text, strlen(text), &r->config) == DONE &&
	       config__load_sets(r->config, NULL, 0) == DONE &&
	       config__select(r->config, DEV, &r->rules) == DONE &&
	       compile(&r->rules, DEV, ruled_tick(), r->cpus, &r->compiled) == DONE;
}

/*
 * From a text to programs that run it for DEV. False when the text isn't accepted; only
 * then is shown what was said about it, since random rules deserve many a warning.
 */
static inline bool ruled_load(struct ruled *r, const char *text, bool l3)
{
	int said = memfd_create("said", 0), err = dup(STDERR_FILENO);
	char buf[4096];
	ssize_t len;
	bool good;

	memset(r, 0, sizeof(*r));
	r->cpus = libbpf_num_possible_cpus();
	fflush(stderr);
	dup2(said, STDERR_FILENO);
	good = ruled_compile(r, text);
	fflush(stderr);
	dup2(err, STDERR_FILENO);
	close(err);
	lseek(said, 0, SEEK_SET);
	while (!good && (len = read(said, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, len, stderr);
	close(said);
	if (!good)
		return false;
	for (size_t i = 0; i < r->compiled.rule_count; i++)
		r->compiled.rules[i].slot = ruled_slot(i);
	r->skel = world_open(r->rules.swap, l3);
	ruled_switches(r);
	ruled_fill(r);
	return true;
}

static inline void ruled_free(struct ruled *r)
{
	if (r->cells)
		munmap(r->cells, map_bytes(r->skel->maps.eg_rule_cells));
	if (r->skel)
		echogate__destroy(r->skel);
	compiled__free(&r->compiled);
	rules__free(&r->rules);
	config__free(r->config);
}

#endif
