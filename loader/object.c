// SPDX-License-Identifier: GPL-2.0-only
#include "object.h"
#include "addrs.h"
#include "elffile.h"
#include "mapped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "echogate.skel.h"

#define DEFAULT_TICK	4000000	/* of 250 Hz */

#define LOG_SIZE	(16 << 20)	/* of the verifier; only what it writes costs memory */

/* The coarse clock advances once a jiffy. */
__u64 object__tick(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec || !tick.tv_nsec)
		return DEFAULT_TICK;
	return tick.tv_nsec;
}

/* Jiffies shifted right by this change about once a second. */
static __u32 epoch_shift(void)
{
	__u64 hz = 1000000000 / object__tick();
	__u32 shift = 0;

	while ((1ULL << shift) * 100 < hz * 85)
		shift++;
	return shift;
}

static int random_bits(void *to, size_t size)
{
	ssize_t n = getrandom(to, size, 0);

	return n < 0 ? -errno : n == (ssize_t)size ? 0 : -EIO;
}

int object__keys(__u64 keys[EG_PATH_KEYS])
{
	return random_bits(keys, EG_PATH_KEYS * sizeof(*keys));
}

__u64 object__build(void)
{
	static __u64 build;
	const void *elf;
	size_t size;

	if (!build) {
		elf = echogate__elf_bytes(&size);
		build = hash_bytes(HASH_START, elf, size);
	}
	return build;
}

/* What a generation has of its own; the skeleton's volatiles take no memcpy(). */
static int configure(struct echogate *skel, const struct object_options *opts)
{
	__u64 trial = 0;
	int err;

	err = random_bits(&trial, sizeof(trial));
	if (err)
		return err;
	memcpy((void *)skel->rodata->eg_rodata_keys, opts->meta->keys, sizeof(opts->meta->keys));
	memcpy((void *)skel->rodata->eg_rulesets, opts->compiled->rulesets,
	       sizeof(skel->rodata->eg_rulesets));
	memcpy((void *)&skel->rodata->eg_prefix_info, &opts->compiled->prefixes.info,
	       sizeof(skel->rodata->eg_prefix_info));
	memcpy((void *)&skel->rodata->eg_tracking, &opts->compiled->tracking,
	       sizeof(skel->rodata->eg_tracking));
	skel->rodata->eg_epoch_shift = epoch_shift();
	skel->rodata->eg_offload = opts->mode != EG_MODE_NATIVE;
	skel->rodata->eg_tick = object__tick();
	skel->rodata->eg_trial = trial ?: 1;	/* 0 would be what no trial carries */
	skel->rodata->eg_recording = opts->recorder;
	skel->rodata->eg_swap = opts->swap;
	skel->rodata->eg_l3 = opts->l3;
	return 0;
}

/* What the system says, into memory that becomes the maps' when they are made. */
static int describe_system(struct echogate *skel, const struct snapshot *snap, const char *name)
{
	struct eg_config *config = &skel->data_eg_config->eg_config;
	size_t left_out;

	*config = snap->config;
	left_out = addresses__build(&snap->addrs, &skel->data_eg_addrs->eg_addrs);
	if (left_out)
		note("%s: %zu of %zu addresses don't fit into the table; the kernel answers for "
		     "them", name, left_out, snap->addrs.count);
	return random_bits(&config->path_salt, sizeof(config->path_salt));
}

/*
 * libbpf sets the flag for fragments by the section's name, whatever one says;
 * a handler of our own for that name leaves it to us. -errno.
 */
static int own_frags(void)
{
	static int handler = -1;

	if (handler < 0)
		handler = libbpf_register_prog_handler("xdp.frags", BPF_PROG_TYPE_XDP, BPF_XDP,
						       NULL);
	return handler < 0 ? handler : 0;
}

/* Saves the log of the program that was refused, and names the file. Reports. */
static enum status refused(const char *name, int err, struct bpf_program *const *programs,
			   const char *log)
{
	char path[64] = "/tmp/echogate-verifier-";
	const char *program = NULL;
	int fd;

	for (int i = 0; !program && i < HOOK_COUNT; i++)
		if (bpf_program__autoload(programs[i]) && bpf_program__fd(programs[i]) < 0)
			program = bpf_program__name(programs[i]);
	if (err == -ENOSYS)
		return report(FAILED, "%s: this kernel has no bpf(): CONFIG_BPF_SYSCALL is needed",
			      name);
	if (err == -EPERM || err == -EACCES) {
		if (!*log)
			return report(NOT_PERMITTED,
				      "%s: the kernel refuses to load BPF programs: %s; "
				      "run it as root",
				      name, why(err));
	} else if (!*log) {
		return report(FAILED, "%s: loading failed: %s (%s)", name, why(err),
			      libbpf_last_warning());
	}
	memset(path + strlen(path), 'X', 6);	/* for mkstemp() to fill in */
	fd = mkstemp(path);
	if (fd < 0 || write(fd, log, strlen(log)) < 0)
		copy_text(path, "(it could not be saved)", sizeof(path));
	close_fd(&fd);
	return report(FAILED, "%s: the verifier refuses %s: %s; its log: %s", name,
		      program ?: "the programs", why(err), path);
}

static int fill_vlans(int map, const struct snapshot *snap)
{
	int err = 0;

	for (size_t i = 0; !err && i < snap->vlan_count; i++)
		err = bpf_map_update_elem(map, &snap->vlans[i].key, &snap->vlans[i].value, BPF_ANY);
	return err;
}

static int fill_metrics(int map, const struct metrics *m)
{
	__u32 unused = 0;
	int err = 0;

	for (size_t i = 0; !err && i < m->count; i++)
		err = bpf_map_update_elem(map, &m->keys[i], &unused, BPF_ANY);
	return err;
}

/* Contents of a map that are all known before it is made. */
struct content {
	enum pin_map map;
	const void *values;
	size_t count, size;
};

#define CONTENT_COUNT	10

static void list_contents(const struct object_options *opts, struct content *c)
{
	const struct compiled *p = opts->compiled;
	const struct prefix_table *t = &p->prefixes;
	const struct content all[CONTENT_COUNT] = {
		{ PIN_TABLE, p->table, p->table_count, sizeof(*p->table) },
		{ PIN_VECTORS, p->vectors, p->vector_count, sizeof(*p->vectors) },
		{ PIN_RULES, p->rules, p->rule_count, sizeof(*p->rules) },
		{ PIN_PREFIX4, t->top4, t->top4_count, sizeof(*t->top4) },
		{ PIN_BUCKET4, t->buckets4, t->bucket4_count, sizeof(*t->buckets4) },
		{ PIN_MIXED4, t->mixed4, t->mixed4_count, sizeof(*t->mixed4) },
		{ PIN_PREFIX6, t->top6, t->top6_count, sizeof(*t->top6) },
		{ PIN_BUCKET6, t->buckets6, t->bucket6_count, sizeof(*t->buckets6) },
		{ PIN_GROUPS, p->groups, p->group_count, sizeof(*p->groups) },
		{ PIN_TEXT, opts->text, opts->text_size / EG_TEXT_CHUNK, EG_TEXT_CHUNK },
	};

	memcpy(c, all, sizeof(all));
}

static void list_maps(struct echogate *skel, struct bpf_map **maps)
{
	maps[PIN_COUNTERS] = skel->maps.eg_counters;
	maps[PIN_RULE_CELLS] = skel->maps.eg_rule_cells;
	maps[PIN_LIMITS] = skel->maps.eg_limits;
	maps[PIN_SOURCES] = skel->maps.eg_sources;
	maps[PIN_GATES] = skel->maps.eg_gates;
	maps[PIN_TAPS] = skel->maps.data_eg_taps;
	maps[PIN_TAP_RINGS] = skel->maps.eg_tap_rings;
	maps[PIN_TAP_CELLS] = skel->maps.eg_tap_cells;
	maps[PIN_RECORDER] = skel->maps.eg_recorder;
	maps[PIN_ECHOES] = skel->maps.eg_echoes;
	maps[PIN_RTT] = skel->maps.eg_rtt;
	maps[PIN_OBSERVED] = skel->maps.eg_observed;
	maps[PIN_CONFIG] = skel->maps.data_eg_config;
	maps[PIN_ADDRS] = skel->maps.data_eg_addrs;
	maps[PIN_PATHS] = skel->maps.eg_paths;
	maps[PIN_VLANS] = skel->maps.eg_vlans;
	maps[PIN_METRICS] = skel->maps.eg_metrics;
	maps[PIN_TABLE] = skel->maps.eg_table;
	maps[PIN_VECTORS] = skel->maps.eg_vectors;
	maps[PIN_RULES] = skel->maps.eg_rules;
	maps[PIN_PREFIX4] = skel->maps.eg_prefix4;
	maps[PIN_BUCKET4] = skel->maps.eg_bucket4;
	maps[PIN_MIXED4] = skel->maps.eg_mixed4;
	maps[PIN_PREFIX6] = skel->maps.eg_prefix6;
	maps[PIN_BUCKET6] = skel->maps.eg_bucket6;
	maps[PIN_GROUPS] = skel->maps.eg_groups;
	maps[PIN_TRACE] = skel->maps.eg_trace;
	maps[PIN_TEXT] = skel->maps.eg_text;
	maps[PIN_META] = skel->maps.eg_meta;
}

const struct bpf_map *object__map(enum pin_map pin, const struct btf **types)
{
	static struct echogate *skeleton;
	struct bpf_map *maps[PIN_MAP_COUNT];

	skeleton = skeleton ?: echogate__open();
	if (!skeleton)
		return NULL;
	list_maps(skeleton, maps);
	*types = bpf_object__btf(skeleton->obj);
	return maps[pin];
}

/* Which maps are taken over, and how large the others are. -errno. */
static int prepare_maps(struct bpf_map *const *maps, const struct content *contents,
			const int *reuse)
{
	int err = 0, cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	err = bpf_map__set_max_entries(maps[PIN_RULE_CELLS], cpus * EG_RULE_SLOTS) ?:
	      bpf_map__set_max_entries(maps[PIN_TAP_CELLS], cpus * EG_DIRECTION_COUNT) ?:
	      bpf_map__set_max_entries(maps[PIN_RECORDER],
				       cpus * EG_DIRECTION_COUNT * EG_RECORD_BUCKETS);
	/* An array has one entry at least. */
	for (int i = 0; !err && i < CONTENT_COUNT; i++)
		err = bpf_map__set_max_entries(maps[contents[i].map], contents[i].count ?: 1);
	for (int i = 0; !err && i < PIN_MAP_COUNT; i++)
		if (reuse[i] >= 0)
			err = bpf_map__reuse_fd(maps[i], reuse[i]);
	return err;
}

static int fill_maps(const struct object *obj, const struct object_options *opts,
		     const struct content *contents)
{
	__u32 zero = 0;
	int err;

	err = bpf_map_update_elem(obj->maps[PIN_META], &zero, opts->meta, BPF_ANY);
	for (int i = 0; !err && i < CONTENT_COUNT; i++)
		err = mapped__fill(obj->maps[contents[i].map], contents[i].values,
				   contents[i].count, contents[i].size);
	if (!err && opts->snapshot)
		err = fill_vlans(obj->maps[PIN_VLANS], opts->snapshot) ?:
		      fill_metrics(obj->maps[PIN_METRICS], &opts->snapshot->metrics);
	return err;
}

enum status object__load(const struct object_options *opts, const char *name, struct object *obj)
{
	struct bpf_program *programs[HOOK_COUNT];
	struct content contents[CONTENT_COUNT];
	struct bpf_map *maps[PIN_MAP_COUNT];
	enum status st = FAILED;
	struct echogate *skel = NULL;
	char *log;
	int err;

	memset(obj, 0, sizeof(*obj));
	memset(obj->programs, -1, sizeof(obj->programs));
	memset(obj->maps, -1, sizeof(obj->maps));
	libbpf_forget_warning();
	log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (log == MAP_FAILED)
		return report(FAILED, "%s: %s", name, why(errno));
	err = own_frags();
	if (err) {
		st = report(FAILED, "%s: libbpf: %s", name, why(err));
		goto cleanup;
	}
	skel = echogate__open();
	if (!skel) {
		st = report(FAILED, "%s: the BPF object can't be opened: %s (%s)", name, why(errno),
			    libbpf_last_warning());
		goto cleanup;
	}
	programs[HOOK_XDP] = skel->progs.eg_xdp;
	programs[HOOK_TC_INGRESS] = skel->progs.eg_tc_ingress;
	programs[HOOK_TC_EGRESS] = skel->progs.eg_tc_egress;
	list_maps(skel, maps);
	list_contents(opts, contents);

	bpf_program__set_autoload(skel->progs.eg_xdp, opts->mode != EG_MODE_TC);
	bpf_program__set_autoload(skel->progs.eg_tc_ingress, opts->mode == EG_MODE_TC);
	/*
	 * For a program that knows fragments, generic XDP copies the packet and forgets
	 * the length of its link header: every tc program behind it would be blind. For
	 * one that doesn't, it makes the packet linear.
	 */
	if (opts->mode == EG_MODE_NATIVE)
		bpf_program__set_flags(skel->progs.eg_xdp, BPF_F_XDP_HAS_FRAGS);
	err = configure(skel, opts);
	if (!err && opts->snapshot)
		err = describe_system(skel, opts->snapshot, name);
	if (err) {
		st = report(FAILED, "%s: random numbers: %s", name, why(err));
		goto cleanup;
	}
	err = prepare_maps(maps, contents, opts->reuse);
	if (err) {
		st = report(FAILED, "%s: its maps can't be taken over: %s", name, why(err));
		goto cleanup;
	}
	for (int i = 0; i < HOOK_COUNT; i++)
		bpf_program__set_log_buf(programs[i], log, LOG_SIZE);
	err = echogate__load(skel);
	if (err) {
		st = refused(name, err, programs, log);
		goto cleanup;
	}
	obj->skeleton = skel;
	for (int i = 0; i < HOOK_COUNT; i++)
		obj->programs[i] = bpf_program__fd(programs[i]);
	for (int i = 0; i < PIN_MAP_COUNT; i++)
		obj->maps[i] = bpf_map__fd(maps[i]);
	err = fill_maps(obj, opts, contents);
	if (err) {
		st = report(FAILED, "%s: the maps can't be filled: %s", name, why(err));
		goto cleanup;
	}
	st = DONE;
cleanup:
	munmap(log, LOG_SIZE);
	if (st) {
		echogate__destroy(skel);
		obj->skeleton = NULL;
	}
	return st;
}

static int fill_section(void *elf, const char *section, struct bpf_map *map)
{
	size_t size;
	const void *data = bpf_map__initial_value(map, &size);

	return data ? elffile__fill(elf, section, data, size) : -ENOENT;
}

enum status object__write(const struct object_options *opts, const char *name, void **elf,
			  size_t *size)
{
	struct echogate *skel = echogate__open();
	enum status st = FAILED;
	const void *plain;
	int err;

	*elf = NULL;
	if (!skel)
		return report(FAILED, "%s: the BPF object can't be opened: %s", name, why(errno));
	err = configure(skel, opts) ?: describe_system(skel, opts->snapshot, name);
	if (err) {
		st = report(FAILED, "%s: random numbers: %s", name, why(err));
		goto cleanup;
	}
	/*
	 * What libxdp's dispatcher has in a program's place changes no lengths, and newer kernels want
	 * the same of the program.
	 */
	skel->rodata->eg_keep_length = true;
	plain = echogate__elf_bytes(size);
	*elf = malloc(*size);
	if (!*elf) {
		st = report(FAILED, "%s: %s", name, why(ENOMEM));
		goto cleanup;
	}
	memcpy(*elf, plain, *size);
	err = fill_section(*elf, ".rodata", skel->maps.rodata) ?:
	      fill_section(*elf, ".data.eg_config", skel->maps.data_eg_config) ?:
	      fill_section(*elf, ".data.eg_addrs", skel->maps.data_eg_addrs);
	/* Out of reach now, but verifiers judge by what is there. */
	elffile__drop_calls(*elf, BPF_FUNC_xdp_adjust_head);
	elffile__drop_calls(*elf, BPF_FUNC_xdp_adjust_tail);
	st = err ? report(FAILED, "%s: the BPF object isn't as it was built: %s", name, why(err)) :
		   DONE;
cleanup:
	echogate__destroy(skel);
	return st;
}

void object__close(struct object *obj)
{
	echogate__destroy(obj->skeleton);
	obj->skeleton = NULL;
}

int object__program(const struct object *obj, enum eg_direction direction)
{
	if (direction == EG_EGRESS)
		return obj->programs[HOOK_TC_EGRESS];
	return obj->programs[HOOK_XDP] >= 0 ? obj->programs[HOOK_XDP] :
					      obj->programs[HOOK_TC_INGRESS];
}
