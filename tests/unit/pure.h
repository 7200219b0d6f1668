/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hook for the host: headers/ over a frame that starts and ends exactly where
 * its memory does, so that ASan sees every byte beyond.
 */
#ifndef TESTS_UNIT_PURE_H
#define TESTS_UNIT_PURE_H

#include <echogate/echo.h>
#include "vectors/frame.h"

struct pure {
	enum eg_reason reason;
	uint32_t cell;
	uint32_t tags;
	bool answered;
	bool agreed; /* the shortcut for plain frames, if it knows the frame, says the same */
	size_t l3;
	size_t len; /* of the reply, link header and all */
	uint8_t reply[FRAME_MAX];
};

/*
 * Two bytes off, as drivers do it: the IP header stands on a multiple of four, this
 * frame does not. Not inlined, or gcc proves that what a test is about can't be.
 */
static __attribute__((noinline, unused)) uint8_t *sharp_alloc(size_t len, bool l3)
{
	uint8_t *p = malloc(l3 ? len : len + 2);

	if (!p)
		abort();
	return l3 ? p : p + 2;
}

static inline void sharp_free(uint8_t *p, bool l3)
{
	free(l3 ? p : p - 2);
}

static inline struct eg_addrs *own_addresses(void)
{
	static const char *const own4[] = { OWN4, OWN4_LO, OWN4_VLAN, BROADCAST4 };
	static const char *const own6[] = { OWN6, OWN6_LO, OWN6_VLAN };
	struct eg_addrs *t = calloc(1, sizeof(*t));
	__be32 addr[4];

	if (!t)
		abort();
	t->seed = 0xbf58476d1ce4e5b9;
	for (int i = 0; i < 4; i++) {
		struct eg_addr4_bucket *b;
		int way = 0;

		address(own4[i], (uint8_t *)addr);
		b = &t->v4[eg_addr4_bucket_of(t->seed, addr[0])];
		while (b->addr[way])
			way++;
		b->addr[way] = addr[0];
		b->broadcast |= (i == 3) << way;
		t->count4++;
	}
	for (int i = 0; i < 3; i++) {
		struct eg_addr6_bucket *b;
		int way = 0;

		address(own6[i], (uint8_t *)addr);
		b = &t->v6[eg_addr6_bucket_of(t->seed, addr)];
		while (b->addr[way][0])
			way++;
		memcpy(b->addr[way], addr, sizeof(addr));
		t->count6++;
	}
	return t;
}

static inline void pure_answer(const uint8_t *request, const struct eg_packet *p,
			       const struct eg_echo *e, bool l3, uint8_t hops, uint16_t id,
			       uint32_t label, struct pure *out)
{
	uint8_t *reply;

	out->answered = true;
	out->len = p->l3 + e->len;
	/* Trimmed as the hooks trim it: what is written behind the message shows. */
	reply = sharp_alloc(out->len, l3);
	memcpy(reply, request, out->len);
	if (!l3)
		eg_reply_link((struct ethhdr *)reply);
	if (p->echo == EG_ECHO_4)
		eg_reply_4((struct iphdr *)(reply + p->l3), e, hops, id);
	else
		eg_reply_6((struct ipv6hdr *)(reply + p->l3), e, hops, label);
	memcpy(out->reply, reply, out->len);
	sharp_free(reply, l3);
}

/* What headers/ makes of a frame, or with `l3` of an IP packet. */
static inline void pure_run(const uint8_t *bytes, size_t len, bool l3, const struct eg_addrs *own,
			    uint8_t hops, uint16_t id, uint32_t label, struct pure *out)
{
	uint8_t *frame = sharp_alloc(len, l3);
	const void *end = frame + len;
	struct eg_cursor c = { .pos = frame, .end = end };
	struct eg_packet p, plain;
	struct eg_echo e;
	uint32_t kind;

	memcpy(frame, bytes, len);
	out->answered = false;
	out->reason = eg_parse(c, l3, &p);
	out->cell = p.cell;
	memset(&plain, 0xee, sizeof(plain));
	kind = l3 ? EG_KIND_COUNT : eg_parse_plain(c);
	if (kind != EG_KIND_COUNT)
		eg_parse_kind(frame, kind, &plain);
	out->agreed = kind == EG_KIND_COUNT ||
		      (out->reason == EG_REASON_NONE && p.echo == plain.echo &&
		       p.cell == plain.cell && p.kind == plain.kind && p.l3 == plain.l3 &&
		       p.l4 == plain.l4 && p.shape == plain.shape && p.vlan == plain.vlan);
	out->l3 = p.l3;
	/* Timestamps are answered only by a rule's leave. */
	if (p.echo == EG_ECHO_STAMP) {
		out->reason = EG_REASON_NONE;
	} else if (out->reason == EG_REASON_NONE && p.echo != EG_ECHO_NONE) {
		out->reason =
			p.echo == EG_ECHO_4
				? eg_judge_4((const struct iphdr *)(frame + p.l3), end, own, false, &e)
				: eg_judge_6((const struct ipv6hdr *)(frame + p.l3), end, own, false,
						     &e);
		if (out->reason == EG_REASON_NONE)
			pure_answer(frame, &p, &e, l3, hops, id, label, out);
	}
	sharp_free(frame, l3);
}

#endif
