// SPDX-License-Identifier: GPL-2.0-only
#include "rodata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>

static int read_from(int map, const struct bpf_map_info *info, const char *name, void *value,
		     size_t size)
{
	const struct btf_var_secinfo *var;
	const struct btf_type *section;
	struct btf *btf = NULL;
	__u8 *data = NULL;
	__u32 zero = 0;
	int err = -ENOENT;

	btf = btf__load_from_kernel_by_id(info->btf_id);
	data = calloc(1, info->value_size);
	section = btf ? btf__type_by_id(btf, info->btf_value_type_id) : NULL;
	if (!data || !section || !btf_is_datasec(section) ||
	    bpf_map_lookup_elem(map, &zero, data))
		goto cleanup;
	var = btf_var_secinfos(section);
	for (int i = 0; i < btf_vlen(section); i++, var++) {
		const struct btf_type *t = btf__type_by_id(btf, var->type);

		if (!t || strcmp(btf__name_by_offset(btf, t->name_off), name) ||
		    var->size < size || var->offset + size > info->value_size)
			continue;
		memcpy(value, data + var->offset, size);
		err = 0;
	}
cleanup:
	free(data);
	btf__free(btf);
	return err;
}

int rodata__read(int program, const char *name, void *value, size_t size)
{
	struct bpf_prog_info info = {};
	__u32 ids[64] = {}, len = sizeof(info);
	int err = -ENOENT, fd;

	info.nr_map_ids = ARRAY_SIZE(ids);
	info.map_ids = (uintptr_t)ids;
	if (bpf_obj_get_info_by_fd(program, &info, &len))
		return -errno;
	for (__u32 i = 0; err && i < info.nr_map_ids && i < ARRAY_SIZE(ids); i++) {
		struct bpf_map_info map = {};

		fd = bpf_map_get_fd_by_id(ids[i]);
		len = sizeof(map);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &map, &len) &&
		    strstr(map.name, ".rodata"))
			err = read_from(fd, &map, name, value, size);
		close_fd(&fd);
	}
	return err;
}
