/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF object as a file: as much of ELF as it takes to change what it holds. */
#ifndef LOADER_ELF_H
#define LOADER_ELF_H

#include <stddef.h>

/* Replaces what a section holds by as many bytes. -ENOENT, or -EINVAL if that isn't its size. */
int elffile__fill(void *elf, const char *section, const void *data, size_t size);

/* In all of its programs calls of the helper, a BPF_FUNC_*, fail with -EOPNOTSUPP without being made. */
void elffile__drop_calls(void *elf, int helper);

#endif
