// SPDX-License-Identifier: GPL-2.0-only
#include "object.h"
#include "addrs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "echogate.skel.h"

#define LOG_SIZE	(16 << 20)	/* of the verifier; only what it writes costs memory */

/*
 * Jiffies shifted right by this change about once a second. The coarse clock
 * advances once a jiffy.
 */
static __u32 epoch_shift(void)
{
	struct timespec tick;
	__u32 shift = 0;
	long hz;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec || !tick.tv_nsec)
		return 8;
	hz = 1000000000L / tick.tv_nsec;
	while ((1L << shift) * 100 < hz * 85)
		shift++;
	return shift;
}

static int configure(struct echogate *skel, const struct object_options *opts)
{
	struct eg_config *config = &skel->data_eg_config->eg_config;
	__u64 keys[ARRAY_SIZE(skel->rodata->eg_rodata_keys)];

	*config = opts->snapshot->config;
	if (getrandom(&config->path_salt, sizeof(config->path_salt), 0) < 0 ||
	    getrandom(keys, sizeof(keys), 0) != sizeof(keys))
		return -errno;
	memcpy(skel->rodata->eg_rodata_keys, keys, sizeof(keys));
	skel->rodata->eg_epoch_shift = epoch_shift();
	skel->rodata->eg_swap = opts->settings->swap;
	skel->rodata->eg_l3 = opts->l3;
	return 0;
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

enum status object__load(const struct object_options *opts, const char *name, struct object *obj)
{
	struct bpf_program *programs[HOOK_COUNT];
	struct bpf_map *maps[PIN_MAP_COUNT];
	enum status st = FAILED;
	struct echogate *skel = NULL;
	size_t left_out;
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
	maps[PIN_COUNTERS] = skel->maps.eg_counters;
	maps[PIN_CONFIG] = skel->maps.data_eg_config;
	maps[PIN_ADDRS] = skel->maps.data_eg_addrs;
	maps[PIN_PATHS] = skel->maps.eg_paths;
	maps[PIN_VLANS] = skel->maps.eg_vlans;
	maps[PIN_METRICS] = skel->maps.eg_metrics;
	maps[PIN_META] = skel->maps.eg_meta;

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
	if (err) {
		st = report(FAILED, "%s: random numbers: %s", name, why(err));
		goto cleanup;
	}
	left_out = addresses__build(&opts->snapshot->addrs, &skel->data_eg_addrs->eg_addrs);
	if (left_out)
		note("%s: %zu of %zu addresses don't fit into the table; the kernel answers for "
		     "them",
		     name, left_out, opts->snapshot->addrs.count);
	if (opts->counters >= 0) {
		err = bpf_map__reuse_fd(skel->maps.eg_counters, opts->counters);
		if (err) {
			st = report(FAILED, "%s: its counters can't be taken over: %s", name,
				    why(err));
			goto cleanup;
		}
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
	err = fill_vlans(obj->maps[PIN_VLANS], opts->snapshot) ?:
	      fill_metrics(obj->maps[PIN_METRICS], &opts->snapshot->metrics) ?:
	      object__set_meta(obj, opts->meta);
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

void object__close(struct object *obj)
{
	echogate__destroy(obj->skeleton);
	obj->skeleton = NULL;
}

int object__set_meta(const struct object *obj, const struct eg_meta *meta)
{
	__u32 zero = 0;

	return bpf_map_update_elem(obj->maps[PIN_META], &zero, meta, BPF_ANY);
}
