// SPDX-License-Identifier: GPL-2.0-only
#include "elffile.h"

#include <elf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

/* It is our own, from bpftool: 64 bits, and this machine's byte order. Sections, and how many. */
static const Elf64_Shdr *sections(const void *elf, int *count)
{
	const Elf64_Ehdr *head = elf;

	*count = head->e_shnum;
	return (const void *)((const char *)elf + head->e_shoff);
}

int elffile__fill(void *elf, const char *section, const void *data, size_t size)
{
	const Elf64_Ehdr *head = elf;
	int count;
	const Elf64_Shdr *s = sections(elf, &count);
	const char *names = (char *)elf + s[head->e_shstrndx].sh_offset;

	for (int i = 0; i < count; i++) {
		if (s[i].sh_type != SHT_PROGBITS || strcmp(names + s[i].sh_name, section))
			continue;
		if (s[i].sh_size != size)
			return -EINVAL;
		memcpy((char *)elf + s[i].sh_offset, data, size);
		return 0;
	}
	return -ENOENT;
}

void elffile__drop_calls(void *elf, int helper)
{
	static const struct bpf_insn fail = {
		.code = BPF_ALU64 | BPF_MOV | BPF_K,
		.dst_reg = BPF_REG_0,
		.imm = -EOPNOTSUPP,
	};
	int count;
	const Elf64_Shdr *s = sections(elf, &count);

	for (int i = 0; i < count; i++) {
		struct bpf_insn *insns = (void *)((char *)elf + s[i].sh_offset);

		if (s[i].sh_type != SHT_PROGBITS || !(s[i].sh_flags & SHF_EXECINSTR))
			continue;
		for (size_t n = 0; n < s[i].sh_size / sizeof(*insns); n++)
			if (insns[n].code == (BPF_JMP | BPF_CALL) && !insns[n].src_reg &&
			    insns[n].imm == helper)
				insns[n] = fail;
	}
}
