// SPDX-License-Identifier: GPL-2.0-only
#include "trial.h"
#include "rodata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

/*
 * What every kernel takes in one page: what exceeds it becomes fragments in XDP, up to a limit of
 * theirs, and is refused in tc.
 */
#define PLAIN	3400

/* What `reject` may put before a packet, generously. */
#define GROWTH	256

int trial__open(struct trial *t, int program, int trace, enum hook hook, __u32 ifindex)
{
	memset(t, 0, sizeof(*t));
	t->program = program;
	t->trace = trace;
	t->xdp = hook == HOOK_XDP;
	t->ifindex = ifindex;
	return rodata__read(program, "eg_l3", &t->l3, sizeof(t->l3)) ?:
	       rodata__read(program, "eg_trial", &t->secret, sizeof(t->secret)) ?:
	       (t->secret ? 0 : -ENOENT);
}

void trial__close(struct trial *t)
{
	free(t->buffer);
	memset(t, 0, sizeof(*t));
}

/* Bytes left free in the buffer for the sake of alignment: an Ethernet header has 14. */
static size_t lead(const struct trial *t)
{
	return t->l3 ? 0 : 2;
}

/* The program's own code is of no interest: the verdict says it all. -errno. */
static int run(struct trial *t, size_t length, struct outcome *out)
{
	size_t meta = t->xdp ? sizeof(t->secret) : 0;
	__u8 *data = t->buffer + lead(t);
	struct xdp_md xdp = {
		.data = meta,
		.data_end = meta + length,
		.ingress_ifindex = t->ifindex,
	};
	struct __sk_buff skb = {
		.ifindex = t->ifindex,
		.cb = { (__u32)t->secret, t->secret >> 32 },
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = meta + length,
		    .data_out = data, .data_size_out = t->room - lead(t), .repeat = 1, );
	int err;

	opts.ctx_in = opts.ctx_out = t->xdp ? (void *)&xdp : (void *)&skb;
	opts.ctx_size_in = opts.ctx_size_out = t->xdp ? sizeof(xdp) : sizeof(skb);
	err = bpf_prog_test_run_opts(t->program, &opts);
	if (err)
		return err;
	/* The metadata comes back before the frame, wherever that begins by now. */
	meta = t->xdp ? xdp.data : 0;
	if (meta > opts.data_size_out)
		return -EPROTO;
	out->frame = data + meta;
	out->length = opts.data_size_out - meta;
	return 0;
}

static int make_room(struct trial *t, size_t size)
{
	__u8 *more;

	if (size <= t->room)
		return 0;
	more = realloc(t->buffer, size);
	if (!more)
		return -ENOMEM;
	t->buffer = more;
	t->room = size;
	return 0;
}

static int try_bytes(struct trial *t, const __u8 *frame, size_t length, struct outcome *out)
{
	size_t meta = t->xdp ? sizeof(t->secret) : 0;
	__u32 zero = 0;
	int err;

	err = make_room(t, lead(t) + meta + length + GROWTH);
	if (err)
		return err;
	memset(&out->trace, 0, sizeof(out->trace));
	out->trace.verdict = EG_VERDICT_COUNT;	/* which nobody leaves behind */
	if (bpf_map_update_elem(t->trace, &zero, &out->trace, BPF_ANY))
		return -errno;
	memcpy(t->buffer + lead(t), &t->secret, meta);
	memcpy(t->buffer + lead(t) + meta, frame, length);
	out->tried = length;
	err = run(t, length, out);
	if (err)
		return err;
	if (bpf_map_lookup_elem(t->trace, &zero, &out->trace))
		return -errno;
	return out->trace.verdict < EG_VERDICT_COUNT && out->trace.reason < EG_REASON_COUNT ?
	       0 : -ENODATA;
}

int trial__run(struct trial *t, const __u8 *frame, size_t length, struct outcome *out)
{
	int err = try_bytes(t, frame, length, out);

	if (length <= PLAIN || (err != -EINVAL && err != -ENOMEM && err != -E2BIG))
		return err;
	return try_bytes(t, frame, PLAIN, out);
}
