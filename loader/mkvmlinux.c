// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes vmlinux.h: the kernel types that the BPF side names, and what these
 * need, from the running kernel's BTF. `make vmlinux.h` runs it.
 *
 * The types are of the wire and of the BPF UAPI, which don't change between
 * kernels; so no preserve_access_index, and no CO-RE relocation later.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>

static const struct {
	const char *name;
	__u32 kind;
} wanted[] = {
	{ "__be16", BTF_KIND_TYPEDEF },
	{ "__be32", BTF_KIND_TYPEDEF },
	{ "__le32", BTF_KIND_TYPEDEF },
	{ "__sum16", BTF_KIND_TYPEDEF },
	{ "__wsum", BTF_KIND_TYPEDEF },
	{ "__s8", BTF_KIND_TYPEDEF },
	{ "__s32", BTF_KIND_TYPEDEF },
	{ "__s64", BTF_KIND_TYPEDEF },
	{ "__u64", BTF_KIND_TYPEDEF },
	{ "bool", BTF_KIND_TYPEDEF },
	{ "size_t", BTF_KIND_TYPEDEF },
	{ "ethhdr", BTF_KIND_STRUCT },
	{ "vlan_hdr", BTF_KIND_STRUCT },
	{ "arphdr", BTF_KIND_STRUCT },
	{ "iphdr", BTF_KIND_STRUCT },
	{ "ipv6hdr", BTF_KIND_STRUCT },
	{ "icmphdr", BTF_KIND_STRUCT },
	{ "icmp6hdr", BTF_KIND_STRUCT },
	{ "tcphdr", BTF_KIND_STRUCT },
	{ "udphdr", BTF_KIND_STRUCT },
	{ "sctphdr", BTF_KIND_STRUCT },
	{ "bpf_map_type", BTF_KIND_ENUM },
	{ "xdp_action", BTF_KIND_ENUM },
	{ "xdp_md", BTF_KIND_STRUCT },
	{ "__sk_buff", BTF_KIND_STRUCT },
	{ "bpf_fib_lookup", BTF_KIND_STRUCT },
	{ "bpf_dynptr", BTF_KIND_STRUCT },
};

static const char head[] =
	"/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */\n"
	"/* Written by `make vmlinux.h` from a kernel's BTF. Don't edit. */\n"
	"#ifndef __VMLINUX_H__\n"
	"#define __VMLINUX_H__\n\n";

static void print(void *ctx, const char *fmt, va_list args)
{
	vfprintf(ctx, fmt, args);
}

int main(void)
{
	struct btf_dump *dump = NULL;
	struct btf *btf;
	int err = 0;

	btf = btf__load_vmlinux_btf();
	if (!btf) {
		fprintf(stderr, "mkvmlinux: the kernel's BTF can't be read: %s; "
				"is CONFIG_DEBUG_INFO_BTF on?\n", strerror(errno));
		return 1;
	}
	dump = btf_dump__new(btf, print, stdout, NULL);
	if (!dump) {
		err = -errno;
		fprintf(stderr, "mkvmlinux: btf_dump: %s\n", strerror(-err));
		goto cleanup;
	}
	fputs(head, stdout);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int id = btf__find_by_name_kind(btf, wanted[i].name, wanted[i].kind);

		err = id < 0 ? id : btf_dump__dump_type(dump, id);
		if (err) {
			fprintf(stderr, "mkvmlinux: type %s: %s\n", wanted[i].name, strerror(-err));
			goto cleanup;
		}
	}
	fputs("#endif\n", stdout);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "mkvmlinux: writing failed: %s\n", strerror(errno));
		err = -EIO;
	}
cleanup:
	btf_dump__free(dump);
	btf__free(btf);
	return err ? 1 : 0;
}
