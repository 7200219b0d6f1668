// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same bytes through headers/ on the host, which guide the fuzzer, and through eg_xdp and
 * eg_tc_ingress by BPF_PROG_TEST_RUN: as they were attached without rules, with `reply-path swap`, and
 * with rules. Verdict, reason, counter and reply must be the same; the rules' verdict that of a naive
 * evaluator; and what is sent must be valid by the RFCs alone.
 */
#include <sched.h>
#include "hooks/ruled.h"
#include "unit/pure.h"
#include "vectors/oracle.h"
#include "input.h"
#include "validity.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Limits that none of this reaches: an error is sent whenever it may be. */
#define NEVER " limit 100000000/s burst 1000000\n"

static const char rules_text[] =
	"protect tcp port 22\n"
	"drop vlan 4094\n"
	"drop icmp type { redirect, address-mask-request }\n"
	"drop from 203.0.113.0/24\n"
	"drop ip fragment\n"
	"count udp\n"
	"reject udp port 33434-33534 with port-unreachable" NEVER
	"reject tcp flags syn port 113 with tcp-reset" NEVER "reject tcp with tcp-reset" NEVER
	"reject ip6 sctp with protocol-unreachable" NEVER
	"reject udp ttl 1 with host-unreachable" NEVER "reject gre with admin-prohibited" NEVER
	"drop ip6 options\n"
	"answer icmp type timestamp-request to local\n"
	"drop length 1200-1300\n"
	"drop icmp6 type echo-request dscp 46\n"
	"pass icmp type echo-request dscp 46\n"
	"reject to 198.18.9.9 with net-unreachable" NEVER
	"reject to fd00:e6:9::9 with admin-prohibited" NEVER;

/* Programs, and what they had counted before. */
struct world {
	const char *name;
	struct echogate *skel;
	bool fib;
	struct eg_counters before;
};

/* What became of one frame. */
struct seen {
	enum eg_verdict verdict;
	enum eg_reason reason;
	int cell;
	struct frame out;
};

static struct world fib = { .name = "reply-path fib", .fib = true },
		    swap = { .name = "reply-path swap" }, ruled = { .name = "rules" };
static struct ruled ruleset;
static struct eg_addrs *own;
static int cpu;
static const char *const hook_name[] = { "XDP", "tc" };

static const struct eg_counters *counters_here(const struct world *w)
{
	return &counters_each(w->skel, EG_INGRESS)[cpu];
}

/* One CPU runs all of it, so that one CPU's counters tell what happened. */
static void stay(void)
{
	cpu_set_t one;

	cpu = sched_getcpu();
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (cpu < 0 || sched_setaffinity(0, sizeof(one), &one))
		DIE("no CPU to stay on: %s", strerror(errno));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	stay();
	own = own_addresses();
	world_make();
	fib.skel = world_load(false, false);
	swap.skel = world_load(true, false);
	if (!ruled_load(&ruleset, rules_text, false))
		DIE("the rules are refused");
	ruled.skel = ruleset.skel;
	fib.before = *counters_here(&fib);
	swap.before = *counters_here(&swap);
	ruled.before = *counters_here(&ruled);
	return 0;
}

/* Exactly one cell has counted exactly this packet, and one reason at most. */
static void look(struct world *w, enum hook hook, const struct frame *f, struct seen *s)
{
	const struct eg_counters *was = &w->before, *is = counters_here(w);
	int cells = 0, reasons = 0;

	for (int cell = 0; cell < EG_CELL_COUNT; cell++) {
		const struct eg_cell *a = (const struct eg_cell *)was + cell;
		const struct eg_cell *b = (const struct eg_cell *)is + cell;

		for (int v = 0; v < EG_VERDICT_COUNT; v++) {
			if (!memcmp(&a->verdict[v], &b->verdict[v], sizeof(a->verdict[v])))
				continue;
			cells++;
			s->cell = cell;
			s->verdict = v;
			if (b->verdict[v].packets - a->verdict[v].packets != 1 ||
			    b->verdict[v].bytes - a->verdict[v].bytes != f->len)
				broken(f, NULL, "%s, %s: cell %d counts something else", w->name,
				       hook_name[hook], cell);
		}
	}
	s->reason = EG_REASON_NONE;
	for (int r = 0; r < EG_REASON_SLOTS; r++) {
		if (!memcmp(&was->reason[r], &is->reason[r], sizeof(is->reason[r])))
			continue;
		reasons++;
		s->reason = r;
		if (is->reason[r].packets - was->reason[r].packets != 1 ||
		    is->reason[r].bytes - was->reason[r].bytes != f->len)
			broken(f, NULL, "%s, %s: reason %d counts something else", w->name,
			       hook_name[hook], r);
	}
	if (cells != 1 || reasons > 1)
		broken(f, NULL, "%s, %s: counted in %d cells, for %d reasons", w->name,
		       hook_name[hook], cells, reasons);
	w->before = *is;
}

static void run(struct world *w, enum hook hook, const struct frame *f, struct seen *s)
{
	static const int codes[][2] = {
		[EG_VERDICT_PASS] = { XDP_PASS, TC_ACT_UNSPEC },
		[EG_VERDICT_DROP] = { XDP_DROP, TC_ACT_SHOT },
		[EG_VERDICT_ANSWER] = { XDP_TX, TC_ACT_REDIRECT },
		[EG_VERDICT_REJECT] = { XDP_TX, TC_ACT_REDIRECT },
	};
	int code = run_program(program(w->skel, hook), hook, f->data, f->len, 0, &s->out);

	look(w, hook, f, s);
	if (code != codes[s->verdict][hook])
		broken(f, &s->out, "%s, %s: code %d for verdict %d", w->name, hook_name[hook], code,
		       s->verdict);
	/* What could not be rejected is dropped as it happens to be. */
	if ((s->verdict == EG_VERDICT_PASS ||
	     (s->verdict == EG_VERDICT_DROP && s->reason == EG_REASON_NONE)) &&
	    (s->out.len != f->len || memcmp(s->out.data, f->data, f->len)))
		broken(f, &s->out, "%s, %s: not answered, but changed", w->name, hook_name[hook]);
}

/* What is sent must be valid, whoever thinks that it is right. */
static void check_reply(const struct world *w, enum hook hook, const struct frame *f,
			const struct seen *s)
{
	struct freedom free = { .hops = OWN_TTL };
	int family = 0;
	size_t l3 = input_l3(f, &family), at = 12;
	const char *fault;

	if (!l3 || s->out.len < l3 + 20)
		broken(f, &s->out, "%s, %s: a reply to what isn't IP, or none", w->name,
		       hook_name[hook]);
	if (s->verdict == EG_VERDICT_ANSWER) {
		if (family == 4)
			free.id = reply_id(&s->out, l3);
		else
			free.label = reply_label(&s->out, l3);
		if (family == 6)
			free.hops = get16(f->data + at) == 0x86dd ? OWN_HOPS : VLAN_HOPS;
		fault = answer_fault(f, &s->out, &free);
	} else {
		fault = link_fault(f, &s->out, l3)
				?: error_fault(f->data + l3, f->len - l3, family, s->out.data + l3,
					       s->out.len - l3);
	}
	if (fault)
		broken(f, &s->out, "%s, %s: %s", w->name, hook_name[hook], fault);
}

/* Why a frame that headers/ alone would answer may be left to the kernel. */
static bool beyond_headers(const struct world *w, const struct frame *f, enum eg_reason reason)
{
	bool tagged = get16(f->data + 12) == 0x8100 || get16(f->data + 12) == 0x88a8;

	switch (reason) {
	case EG_REASON_ETH_GROUP:
		return f->data[0] & 1;
	case EG_REASON_ETH_NOT_OURS:
		return memcmp(f->data, station_mac[tagged ? STATION_VLAN : STATION_OWN], 6);
	case EG_REASON_VLAN_PRIORITY:
	case EG_REASON_VLAN_UNKNOWN:
		return tagged;
	case EG_REASON_SOURCE_INVALID:
		return true;
	case EG_REASON_NO_ROUTE:
	case EG_REASON_NO_NEIGHBOUR:
	case EG_REASON_OTHER_PATH:
	case EG_REASON_ROUTE_METRICS:
	case EG_REASON_FRAG_NEEDED:
		return w->fib;
	default:
		return false;
	}
}

/* Against headers/ on the host. */
static void check_host(const struct world *w, enum hook hook, const struct frame *f,
		       const struct pure *host, const struct seen *s)
{
	bool vlan = s->reason == EG_REASON_VLAN_PRIORITY || s->reason == EG_REASON_VLAN_UNKNOWN;
	enum eg_reason reason = host->reason;

	/* The hook knows that there is no more of the frame than this. */
	if (reason == EG_REASON_NOT_LINEAR)
		reason = EG_REASON_IP_LENGTH;
	if ((int)host->cell != s->cell)
		broken(f, NULL, "%s, %s: counted in cell %d, not %u", w->name, hook_name[hook],
		       s->cell, host->cell);
	if (host->answered && s->verdict == EG_VERDICT_PASS) {
		if (!beyond_headers(w, f, s->reason))
			broken(f, NULL, "%s, %s: not answered, for reason %d", w->name,
			       hook_name[hook], s->reason);
		return;
	}
	if (host->answered != (s->verdict == EG_VERDICT_ANSWER))
		broken(f, &s->out, "%s, %s: verdict %d, host %s", w->name, hook_name[hook],
		       s->verdict, host->answered ? "answers" : "doesn't answer");
	/* Tags are looked at first, if it comes to that. */
	if (!host->answered && s->reason != reason && !vlan)
		broken(f, NULL, "%s, %s: reason %d, not %d", w->name, hook_name[hook], s->reason,
		       reason);
}

/* Without rules. */
static void compare(struct world *w, const struct frame *f, const struct pure *host)
{
	static struct seen seen[2];

	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		if (hook == HOOK_TC && !makes_skb(f))
			return;
		run(w, hook, f, &seen[hook]);
		check_host(w, hook, f, host, &seen[hook]);
		if (seen[hook].verdict == EG_VERDICT_ANSWER)
			check_reply(w, hook, f, &seen[hook]);
	}
	if (seen[HOOK_XDP].verdict != seen[HOOK_TC].verdict ||
	    seen[HOOK_XDP].reason != seen[HOOK_TC].reason)
		broken(f, NULL, "%s: XDP has verdict %d and reason %d, tc %d and %d", w->name,
		       seen[HOOK_XDP].verdict, seen[HOOK_XDP].reason, seen[HOOK_TC].verdict,
		       seen[HOOK_TC].reason);
}

static bool fits_oracle(const struct oracle *o, const struct seen *s)
{
	switch (o->verdict) {
	case EG_RULE_DROP:
		return s->verdict == EG_VERDICT_DROP && s->reason == EG_REASON_NONE;
	case EG_RULE_REJECT:
		return s->verdict == EG_VERDICT_REJECT ||
		       (s->verdict == EG_VERDICT_DROP && s->reason != EG_REASON_NONE);
	case EG_RULE_ANSWER:
		return s->verdict == EG_VERDICT_ANSWER
			       ? o->shown.answerable
			       : s->verdict == EG_VERDICT_PASS && s->reason != EG_REASON_NONE;
	default:
		return s->verdict == EG_VERDICT_PASS;
	}
}

static void compare_rules(struct world *w, const struct frame *f)
{
	static struct seen seen[2];
	static struct oracle want;

	oracle_ask(&ruleset.rules, EG_INGRESS, f->data, f->len, false, 0, false, &want);
	for (enum hook hook = HOOK_XDP; hook <= HOOK_TC; hook++) {
		if (hook == HOOK_TC && !makes_skb(f))
			return;
		run(w, hook, f, &seen[hook]);
		if (seen[hook].cell != want.cell || !fits_oracle(&want, &seen[hook]))
			broken(f, &seen[hook].out,
			       "rules, %s: verdict %d, reason %d, cell %d; expected %d by rule %d, "
			       "cell %d",
			       hook_name[hook], seen[hook].verdict, seen[hook].reason,
			       seen[hook].cell, want.verdict, want.decided, want.cell);
		if (seen[hook].verdict == EG_VERDICT_ANSWER ||
		    seen[hook].verdict == EG_VERDICT_REJECT)
			check_reply(w, hook, f, &seen[hook]);
	}
	if (seen[HOOK_XDP].verdict != seen[HOOK_TC].verdict ||
	    seen[HOOK_XDP].reason != seen[HOOK_TC].reason)
		broken(f, NULL, "rules: XDP has verdict %d and reason %d, tc %d and %d",
		       seen[HOOK_XDP].verdict, seen[HOOK_XDP].reason, seen[HOOK_TC].verdict,
		       seen[HOOK_TC].reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pure host;
	static struct frame f;
	unsigned int rest;

	/* BPF_PROG_TEST_RUN takes no less than a link header, and in one piece no more than 3,520. */
	if (!input_frame(data, size, &f, &rest) || f.len < 14 || f.len > 3000)
		return 0;
	pure_run(f.data, f.len, false, own, OWN_TTL, 0, 0, &host);
	compare(&fib, &f, &host);
	compare(&swap, &f, &host);
	compare_rules(&ruled, &f);
	return 0;
}
