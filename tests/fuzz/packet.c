// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a frame, and as an IP packet without one, through headers/ on the host: nothing is read
 * beyond the frame, and whatever is answered or rejected deserved it, with a reply that is right.
 */
#include "unit/pure.h"
#include <echogate/reject.h>
#include "input.h"
#include "validity.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct eg_addrs *own;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	own = own_addresses();
	return 0;
}

static void check_answer(const struct frame *f)
{
	const struct freedom free = { .hops = OWN_TTL, .id = 0x1234, .label = 0x54321 };
	static struct frame reply;
	static struct pure out;
	const char *fault;
	struct opinion o;

	pure_run(f->data, f->len, false, own, free.hops, free.id, free.label, &out);
	if (!out.agreed)
		broken(f, NULL, "the shortcut for plain frames says otherwise");
	if (out.answered) {
		reply.len = out.len;
		memcpy(reply.data, out.reply, out.len);
		fault = f->data[0] & 1 ? NULL : answer_fault(f, &reply, &free);
		if (fault)
			broken(f, &reply, "%s", fault);
	} else if (opinion(f->data, f->len, &o) && out.reason != EG_REASON_SOURCE_INVALID &&
		   out.reason != EG_REASON_TOO_LONG) {
		broken(f, NULL, "not answered, for reason %d", out.reason);
	}
}

/* Where the frame would begin if there were no link header. */
static void check_answer_l3(const struct frame *f)
{
	static struct pure out;
	struct opinion o = { 0 };

	if (f->len < 15)
		return;
	pure_run(f->data + 14, f->len - 14, true, own, OWN_TTL, 0x1234, 0x54321, &out);
	if (out.answered &&
	    (!opinion_ip(f->data + 14, f->len - 14, f->data[14] >> 4, &o) || out.len != o.len))
		broken(f, NULL, "an answer to a wrong request without link header");
}

/* The way of bpf/reject.bpf.h: judge, sum, write over a packet with room before it. */
static void check_reject(const struct frame *f, enum eg_reject kind, bool offload)
{
	uint8_t *frame = sharp_alloc(f->len, false), *to;
	const void *end = frame + f->len;
	struct eg_error e = { .hops = OWN_HOPS };
	enum eg_reason reason;
	struct eg_match m;
	struct eg_packet p;
	const char *fault;
	const __u32 all = EG_BIT(EG_FIELD_COUNT) - 1;

	memcpy(frame, f->data, f->len);
	reason = eg_parse((struct eg_cursor){ .pos = frame, .end = end }, false, &p);
	(void)reason;
	eg_fields_kind(frame, end, &p, &m);
	eg_fields_read(frame, end, &p, &all, &m);
	reason = eg_error_judge(frame + p.l3, end, &p, &m, own, kind, &e);
	if (reason == EG_REASON_NONE)
		reason = eg_error_sum(frame + p.l3, end, p.kind, offload, &e);
	if (reason == EG_REASON_NONE) {
		memcpy(e.from, m.to, sizeof(e.from));
		if (e.len != e.head + e.quote || e.quote > f->len - p.l3)
			broken(f, NULL, "an error of %u bytes that quotes %u", e.len, e.quote);
		to = sharp_alloc(e.len, true);
		memset(to, 0xee, e.head);
		memcpy(to + e.head, frame + p.l3, e.quote);
		eg_error_write(to, &e, m.family == AF_INET, 0x1234);
		fault = error_fault(f->data + p.l3, f->len - p.l3, m.family == AF_INET ? 4 : 6, to,
				    e.len);
		if (fault)
			broken(f, NULL, "%s", fault);
		sharp_free(to, true);
	}
	sharp_free(frame, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame f;
	unsigned int rest;

	if (!input_frame(data, size, &f, &rest))
		return 0;
	check_answer(&f);
	check_answer_l3(&f);
	check_reject(&f, rest % EG_REJECT_COUNT, rest / EG_REJECT_COUNT % 2);
	return 0;
}
