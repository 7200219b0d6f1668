// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>

#include <glob.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "filter.h"

/* All that isn't listed passes; looks at IP addresses only. */
#define FILTER_OBJECTS "/usr/lib*/bpf/xdpfilt_alw_ip.o"
#define FILTER_DEBIAN  "/usr/lib/*/bpf/xdpfilt_alw_ip.o"
#define FILTER_MAP     "filter_ipv4"
#define FILTER_SOURCE  1 /* a flag of its values: drop by the source */

static struct bpf_object *open_object(void)
{
	struct bpf_object *object = NULL;
	glob_t found;

	if (!glob(FILTER_DEBIAN, 0, NULL, &found) || !glob(FILTER_OBJECTS, 0, NULL, &found))
		object = bpf_object__open_file(found.gl_pathv[0], NULL);
	globfree(&found);
	return object;
}

/* A value for each CPU: flags, above them what it counts. */
static int fill(const struct bpf_map *map, const struct rules *r)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	__u64 *values = cpus < 0 ? NULL : calloc(cpus, sizeof(*values));

	if (!values)
		return -1;
	for (int cpu = 0; cpu < cpus; cpu++)
		values[cpu] = FILTER_SOURCE;
	for (__u32 n = 0; n < r->count && !err; n++) {
		__u32 key = htonl(rules__source(r->family, n));

		err = bpf_map_update_elem(bpf_map__fd(map), &key, values, BPF_ANY);
	}
	free(values);
	return err;
}

const char *filter__attach(struct station *s, const struct rules *r)
{
	struct bpf_object *object = open_object();
	const char *why = NULL;
	struct bpf_program *program;
	struct bpf_map *map;

	if (!object)
		return "xdp-filter's program (package xdp-tools) is not there";
	/* Whoever uses it here shall not find ours. */
	bpf_object__for_each_map(map, object) bpf_map__set_pin_path(map, NULL);
	program = bpf_object__next_program(object, NULL);
	if (!program || bpf_object__load(object)) {
		why = "xdp-filter's program can't be loaded";
		goto cleanup;
	}
	map = bpf_object__find_map_by_name(object, FILTER_MAP);
	if (!map || bpf_map__key_size(map) != 4 || bpf_map__value_size(map) != 8 || fill(map, r))
		why = "xdp-filter's map of addresses isn't as expected";
	else if (station__attach_xdp(s, bpf_program__fd(program)))
		why = "xdp-filter's program can't be attached";
cleanup:
	bpf_object__close(object);
	return why;
}
