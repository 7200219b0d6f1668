// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts an XDP program that passes everything on an interface.
 *
 *	xdp-pass NETNS IFACE [native|generic|hold|tcx]
 *
 * Attached by netlink it outlives this process and dies with the interface: what
 * the other end of a veth pair needs, and what echogate has to respect as somebody
 * else's. With "hold" a bpf_link holds it, until standard input ends; with "tcx" it is
 * a program of tc's ingress, and held in the same way.
 * Prints the program's id.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/if_link.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Since Linux 6.6; not in Debian 12's headers. */
#define ATTACH_TCX_INGRESS	46
#define TCX_NEXT		(-1)

static int die(const char *what, int err)
{
	fprintf(stderr, "xdp-pass: %s: %s\n", what, strerror(abs(err)));
	return 1;
}

static int enter(const char *netns)
{
	char path[256];
	int fd, err;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return err;
}

/*
 * In the driver with fragments allowed, so that an MTU of 9000 is no obstacle. Not in
 * generic mode: there the kernel (6.18) copies packets for such a program and forgets
 * the length of their Ethernet headers, and tc programs behind it don't see these.
 */
static int load(bool tcx, bool frags)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		  .imm = tcx ? TCX_NEXT : XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = frags ? BPF_F_XDP_HAS_FRAGS : 0);
	int fd;

	fd = bpf_prog_load(tcx ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP, "xdp_pass", "GPL",
			   insns, sizeof(insns) / sizeof(*insns), &opts);
	return fd < 0 ? -errno : fd;
}

int main(int argc, char **argv)
{
	const char *how = argc == 4 ? argv[3] : "native";
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int ifindex, program, err;
	bool tcx, held;

	if (argc < 3 || argc > 4 ||
	    (strcmp(how, "native") && strcmp(how, "generic") && strcmp(how, "hold") &&
	     strcmp(how, "tcx"))) {
		fprintf(stderr, "usage: xdp-pass NETNS IFACE [native|generic|hold|tcx]\n");
		return 2;
	}
	tcx = !strcmp(how, "tcx");
	held = tcx || !strcmp(how, "hold");
	err = enter(argv[1]);
	if (err)
		return die(argv[1], err);
	ifindex = if_nametoindex(argv[2]);
	if (!ifindex)
		return die(argv[2], errno);
	program = load(tcx, !tcx && strcmp(how, "generic"));
	if (program < 0)
		return die("loading", program);
	if (held) {
		if (bpf_link_create(program, ifindex, tcx ? ATTACH_TCX_INGRESS : BPF_XDP, NULL) < 0)
			return die("linking", errno);
	} else {
		err = bpf_xdp_attach(ifindex, program, !strcmp(how, "native") ? XDP_FLAGS_DRV_MODE :
				     XDP_FLAGS_SKB_MODE, NULL);
		if (err)
			return die("attaching", err);
	}
	if (bpf_obj_get_info_by_fd(program, &info, &len))
		return die("program info", errno);
	printf("%u\n", info.id);
	fflush(stdout);
	if (held)
		while (getchar() != EOF)
			;
	return 0;
}
