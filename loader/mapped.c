// SPDX-License-Identifier: GPL-2.0-only
#include "mapped.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <bpf/bpf.h>

static size_t size_of(const struct mapped *m)
{
	return m->stride * m->entries;
}

int mapped__open(struct mapped *m, int fd, bool write)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	memset(m, 0, sizeof(*m));
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.type != BPF_MAP_TYPE_ARRAY || !(info.map_flags & BPF_F_MMAPABLE))
		return -EINVAL;
	m->stride = (info.value_size + 7) / 8 * 8;	/* as the kernel lays out an array */
	m->entries = info.max_entries;
	m->data = mmap(NULL, size_of(m), PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (m->data != MAP_FAILED)
		return 0;
	m->data = NULL;
	return -errno;
}

void mapped__close(struct mapped *m)
{
	if (m->data)
		munmap(m->data, size_of(m));
	m->data = NULL;
}

int mapped__fill(int fd, const void *values, size_t count, size_t size)
{
	struct mapped m;
	int err;

	err = mapped__open(&m, fd, true);
	if (err)
		return err;
	if (m.stride != size || count > m.entries)
		err = -EINVAL;
	else
		memcpy(m.data, values, count * size);
	mapped__close(&m);
	return err;
}
