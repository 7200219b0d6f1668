// SPDX-License-Identifier: GPL-2.0-only
#include "elffile.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* It is our own, from bpftool: 64 bits, and this machine's byte order. */
int elffile__fill(void *elf, const char *section, const void *data, size_t size)
{
	const Elf64_Ehdr *head = elf;
	const Elf64_Shdr *s = (const void *)((char *)elf + head->e_shoff);
	const char *names = (char *)elf + s[head->e_shstrndx].sh_offset;

	for (int i = 0; i < head->e_shnum; i++) {
		if (s[i].sh_type != SHT_PROGBITS || strcmp(names + s[i].sh_name, section))
			continue;
		if (s[i].sh_size != size)
			return -EINVAL;
		memcpy((char *)elf + s[i].sh_offset, data, size);
		return 0;
	}
	return -ENOENT;
}
