// SPDX-License-Identifier: GPL-2.0-only
#include "driver.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "drive.skel.h"

static int drives(const struct driver *d)
{
	return bpf_program__fd(d->hook == HOOK_XDP ? d->skeleton->progs.eg_drive_xdp
						   : d->skeleton->progs.eg_drive_tc);
}

static int aim(const struct driver *d, int tested)
{
	bool xdp = d->hook == HOOK_XDP;
	int map = bpf_map__fd(xdp ? d->skeleton->maps.eg_targets_xdp
				  : d->skeleton->maps.eg_targets_tc);
	int bare = bpf_program__fd(xdp ? d->skeleton->progs.eg_bare_xdp
				       : d->skeleton->progs.eg_bare_tc);
	__u32 at_bare = EG_DRIVE_BARE, at_tested = EG_DRIVE_TESTED;

	return bpf_map_update_elem(map, &at_bare, &bare, BPF_ANY)
		       ?: bpf_map_update_elem(map, &at_tested, &tested, BPF_ANY);
}

int driver__open(struct driver *d, enum eg_mode mode, int program, __u32 ifindex)
{
	bool xdp = mode != EG_MODE_TC;
	int err;

	*d = (struct driver){ .hook = xdp ? HOOK_XDP : HOOK_TC_INGRESS,
			      .ifindex = ifindex,
			      .link = -1 };
	d->skeleton = drive__open();
	if (!d->skeleton)
		return -errno;
	bpf_program__set_autoload(d->skeleton->progs.eg_drive_xdp, xdp);
	bpf_program__set_autoload(d->skeleton->progs.eg_bare_xdp, xdp);
	bpf_program__set_autoload(d->skeleton->progs.eg_drive_tc, !xdp);
	bpf_program__set_autoload(d->skeleton->progs.eg_bare_tc, !xdp);
	/* Only programs that agree on it can call each other; see object__load(). */
	if (mode == EG_MODE_NATIVE) {
		bpf_program__set_flags(d->skeleton->progs.eg_drive_xdp, BPF_F_XDP_HAS_FRAGS);
		bpf_program__set_flags(d->skeleton->progs.eg_bare_xdp, BPF_F_XDP_HAS_FRAGS);
	}
	err = drive__load(d->skeleton) ?: aim(d, program);
	if (err || !xdp)
		return err;
	/*
	 * Each test run would put the program into the kernel's dispatcher for XDP and take it out
	 * again, which takes tens of ms; not so if it is attached somewhere, where no frame comes.
	 */
	d->link = bpf_link_create(drives(d), ifindex, BPF_XDP, NULL);
	return d->link < 0 ? d->link : 0;
}

void driver__close(struct driver *d)
{
	if (!d->skeleton)
		return;
	close_fd(&d->link);
	drive__destroy(d->skeleton);
	d->skeleton = NULL;
}

int driver__run(struct driver *d, const struct shot *shot, enum eg_drive_target target, int runs,
		__u64 *ns)
{
	struct eg_drive *drive = &d->skeleton->bss->eg_drive;
	struct xdp_md xdp = { .data_end = shot->length, .ingress_ifindex = d->ifindex };
	struct __sk_buff skb = { .ifindex = d->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = shot->frame, .data_size_in = shot->length,
		    .repeat = runs, );
	__u32 lost = d->hook == HOOK_XDP ? XDP_ABORTED : EG_DRIVE_LOST;
	__u64 start;
	int err;

	opts.ctx_in = d->hook == HOOK_XDP ? (void *)&xdp : (void *)&skb;
	opts.ctx_size_in = d->hook == HOOK_XDP ? sizeof(xdp) : sizeof(skb);
	memcpy(drive->head, shot->frame, sizeof(drive->head));
	drive->random = drive->random ?: 88172645463325252ull;
	drive->sources = shot->sources;
	drive->first = shot->first;
	drive->sum = shot->sum;
	drive->length = shot->length;
	drive->grown = shot->grown;
	drive->ipv4 = shot->ipv4;
	drive->target = target;
	start = monotonic_ns();
	err = bpf_prog_test_run_opts(drives(d), &opts);
	*ns = monotonic_ns() - start;
	if (err)
		return err;
	return opts.retval == lost ? -ENOLINK : 0;
}
