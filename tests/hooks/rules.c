// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random rules and random packets: what the programs do with them is what an evaluator
 * says that asks one rule after the other (vectors/oracle.h). Which rules matched, which
 * decided, what became of the packet, and what was counted.
 *
 *	EG_PAIRS=1000000	pairs of rules and packet for each hook
 *	EG_SEED=7 EG_PAIRS=1	one set of rules again; a failure says which
 */
#include "ruled.h"
#include "vectors/oracle.h"
#include "vectors/randompacket.h"
#include "vectors/randomrules.h"

#include <echogate/solicit.h>

#define HOOKS	3
#define PACKETS 1000 /* for one set of rules */
#define PAIRS	20000
#define SHOWN	40 /* with more rules than that, only those in question are shown */

static const char *const hook_name[HOOKS] = { "xdp", "tc ingress", "tc egress" };

/* What became of packets: a test that sees nothing happen shows nothing. */
static struct {
	unsigned long pairs[HOOKS], live[HOOKS], rules[EG_RULE_PROTECT + 1],
		verdicts[EG_VERDICT_COUNT];
	unsigned long defaults, none, protected, deep, many, beside, below, shut, simple, asked,
		unasked;
} seen;

/* An echo reply, by all that tells it from others. */
struct reply {
	int family;
	uint8_t src[16], dst[16], rest[4];
};

/* One set of rules and what is to be repeated if it fails. */
struct scene {
	unsigned long seed;
	bool l3;
	char *text;
	struct ruled ruled;
	struct eg_counters counters[EG_DIRECTION_COUNT]; /* as they must be */
	struct eg_count *counts;			 /* of rules */
	struct eg_echo_bucket *echoes;	 /* mapped */
	struct reply *asked;		 /* replies that were asked for */
	size_t asked_count;
	int programs[2 * HOOKS]; /* by hook, and once more with one in front that tags */
};

/* One packet in it. */
struct pair {
	struct scene *scene;
	enum hook hook;
	const struct frame *frame;
	uint32_t beside; /* a tag beside it, TPID << 16 | TCI, or 0 */
	const struct oracle *want;
	const struct eg_trace *have;
};

static enum eg_direction direction_of(enum hook hook)
{
	return hook == HOOK_EGRESS ? EG_EGRESS : EG_INGRESS;
}

static void print_rule(const struct scene *c, enum eg_direction d, size_t n)
{
	const struct rules *r = &c->ruled.rules;

	if (n >= r->count[d])
		printf("#	rule %zu, of %zu\n", n, r->count[d]);
	else
		printf("#	rule %zu, line %u: %s\n", n, r->list[d][n]->place.line,
		       r->list[d][n]->text);
}

static void print_text(const struct scene *c)
{
	const struct rules *r = &c->ruled.rules;
	const char *line = c->text;

	if (r->count[EG_INGRESS] + r->count[EG_EGRESS] > SHOWN)
		return;
	while (*line) {
		size_t len = strcspn(line, "\n");

		printf("#	| %.*s\n", (int)len, line);
		line += len + !!line[len];
	}
}

static void print_want(const struct pair *p)
{
	static const char *const verdicts[] = { "pass", "drop", "answer", "reject" };
	const struct oracle *o = p->want;

	printf("# expected: %s by %s, cell %d%s\n", verdicts[o->verdict],
	       o->decided < 0 ? "default" : "the last of", o->cell,
	       o->protected ? ", protected" : "");
	for (unsigned int i = 0; i < o->count; i++)
		print_rule(p->scene, direction_of(p->hook), o->matched[i]);
}

static void print_have(const struct pair *p)
{
	enum eg_direction d = direction_of(p->hook);
	__u32 first = p->scene->ruled.compiled.rulesets[d].first;
	const struct eg_trace *t = p->have;

	printf("# the program: verdict %u, reason %u, by rule %d, %u matched%s\n", t->verdict,
	       t->reason, t->decided ? (int)(t->last - first) : -1, t->matched,
	       t->protect ? ", protected" : "");
	for (unsigned int i = 0; i < t->matched && i < EG_TRACE_RULES; i++)
		print_rule(p->scene, d, t->rules[i] - first);
	printf("# fields:");
	for (int i = 0; i < EG_FIELD_COUNT; i++)
		printf(" %u", t->index[i]);
	printf("\n");
}

/* Everything needed to see it again, and the end of this test. */
__attribute__((format(printf, 2, 3), noreturn)) static void differ(const struct pair *p,
								   const char *fmt, ...)
{
	va_list args;

	printf("# %s%s: ", hook_name[p->hook], p->scene->l3 ? ", no link header" : "");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n# again: EG_SEED=%lu EG_PAIRS=1 %s\n", p->scene->seed, program_invocation_name);
	print_text(p->scene);
	if (p->beside)
		printf("# beside it the tag %08x\n", p->beside);
	printf("# packet, %zu bytes: ", p->frame->len);
	for (size_t i = 0; i < p->frame->len; i++)
		printf("%02x", p->frame->data[i]);
	printf("\n");
	print_want(p);
	if (p->have)
		print_have(p);
	fail_msg("they differ");
	abort();
}

#define REASON_VERDICT(id, name, verdict, text)	EG_VERDICT_##verdict,

/* What an attempt may come to, and a reason says. */
static bool fits_verdict(const struct pair *p, enum eg_verdict verdict, enum eg_reason reason)
{
	static const enum eg_verdict verdicts[] = { EG_REASONS(REASON_VERDICT) };

	if (reason != EG_REASON_NONE && verdicts[reason] != verdict)
		return false;
	switch (p->want->verdict) {
	case EG_RULE_DROP:
		return verdict == EG_VERDICT_DROP;
	case EG_RULE_ANSWER:
		if (verdict == EG_VERDICT_ANSWER)
			return p->want->shown.answerable;
		return verdict == EG_VERDICT_PASS && reason != EG_REASON_NONE;
	case EG_RULE_REJECT:
		return verdict == EG_VERDICT_REJECT ||
		       (verdict == EG_VERDICT_DROP && reason != EG_REASON_NONE);
	default:
		return verdict == EG_VERDICT_PASS;
	}
}

/* The hook's code for a verdict. */
static int code_of(enum hook hook, enum eg_verdict verdict)
{
	static const int codes[][2] = {
		[EG_VERDICT_PASS] = { XDP_PASS, TC_ACT_UNSPEC },
		[EG_VERDICT_DROP] = { XDP_DROP, TC_ACT_SHOT },
		[EG_VERDICT_ANSWER] = { XDP_TX, TC_ACT_REDIRECT },
		[EG_VERDICT_REJECT] = { XDP_TX, TC_ACT_REDIRECT },
	};

	return codes[verdict][hook != HOOK_XDP];
}

static void check_trace(const struct pair *p, int code)
{
	const struct eg_trace *t = p->have;
	const struct oracle *o = p->want;
	const struct rules *rules = &p->scene->ruled.rules;
	enum eg_direction d = direction_of(p->hook);
	__u32 first = p->scene->ruled.compiled.rulesets[d].first;

	if (t->verdict >= EG_VERDICT_COUNT || t->reason >= EG_REASON_COUNT)
		differ(p, "no trace was left");
	if (!!t->decided != (o->decided >= 0) || (t->decided && t->last != first + o->decided))
		differ(p, "another rule decided");
	if (t->matched != o->count)
		differ(p, "%u rules matched, not %u", t->matched, o->count);
	for (unsigned int i = 0; i < o->count && i < EG_TRACE_RULES; i++)
		if (t->rules[i] != first + o->matched[i])
			differ(p, "other rules matched");
	/* Nobody asks where nothing depends on it. */
	if (rules->count[d] && !!t->protect != o->protected)
		differ(p, "protected or not");
	if (!fits_verdict(p, t->verdict, t->reason))
		differ(p, "another verdict");
	if (o->held != EG_REASON_NONE && t->reason != o->held)
		differ(p, "not for the reason %u", o->held);
	if (code != code_of(p->hook, t->verdict))
		differ(p, "code %d for verdict %u", code, t->verdict);
}

/* Counts that packet where it must be; *verdict and *reason are what was counted. */
static void check_counters(const struct pair *p, enum eg_verdict *verdict, enum eg_reason *reason)
{
	enum eg_direction d = direction_of(p->hook);
	struct eg_counters *want = &p->scene->counters[d];
	static struct eg_counters have;
	struct eg_count *cell = (void *)((char *)want + p->want->cell * sizeof(struct eg_cell));
	const struct eg_count *now =
		(void *)((char *)&have + p->want->cell * sizeof(struct eg_cell));

	counters_read(p->scene->ruled.skel, d, &have);
	for (*verdict = 0; *verdict < EG_VERDICT_COUNT; (*verdict)++)
		if (now[*verdict].packets != cell[*verdict].packets)
			break;
	if (*verdict == EG_VERDICT_COUNT)
		differ(p, "not counted in cell %d", p->want->cell);
	for (*reason = EG_REASON_COUNT - 1; *reason > EG_REASON_NONE; (*reason)--)
		if (have.reason[*reason].packets != want->reason[*reason].packets)
			break;
	count_one(want, p->want->cell, *verdict, *reason, p->frame->len);
	if (memcmp(&have, want, offsetof(struct eg_counters, reason) + sizeof(have.reason)))
		differ(p, "counted otherwise than once, as verdict %u and reason %u, of %zu bytes",
		       *verdict, *reason, p->frame->len);
}

static void check_rule_counts(const struct pair *p)
{
	const struct ruled *r = &p->scene->ruled;
	enum eg_direction d = direction_of(p->hook);
	__u32 first = r->compiled.rulesets[d].first;

	for (unsigned int i = 0; i < p->want->count; i++) {
		struct eg_count *count = &p->scene->counts[first + p->want->matched[i]];

		count->packets++;
		count->bytes += p->frame->len;
	}
	for (size_t i = 0; i < r->compiled.rule_count; i++) {
		struct eg_count have = { 0 };

		for (int cpu = 0; cpu < r->cpus; cpu++) {
			const struct eg_rule_cell *cell =
				&r->cells[cpu * EG_RULE_SLOTS + ruled_slot(i)];

			have.packets += cell->count.packets;
			have.bytes += cell->count.bytes;
		}
		if (memcmp(&have, &p->scene->counts[i], sizeof(have)))
			differ(p,
			       "rule %zu of both directions has counted %llu packets and %llu "
			       "bytes, "
			       "not %llu and %llu",
			       i, have.packets, have.bytes, p->scene->counts[i].packets,
			       p->scene->counts[i].bytes);
	}
}

static int program_of(const struct pair *p)
{
	return p->scene->programs[p->hook + (p->beside ? HOOKS : 0)];
}

static void run_live(const struct pair *p)
{
	static struct frame out;
	enum eg_verdict verdict;
	enum eg_reason reason;
	int code;

	code = run_program(program_of(p), p->hook, p->frame->data, p->frame->len, p->beside, &out);
	check_counters(p, &verdict, &reason);
	if (!fits_verdict(p, verdict, reason))
		differ(p, "another verdict than in the trial: %u, reason %u", verdict, reason);
	if (p->want->held != EG_REASON_NONE && reason != p->want->held)
		differ(p, "reason %u, not %u", reason, p->want->held);
	if (code != code_of(p->hook, verdict))
		differ(p, "code %d for verdict %u", code, verdict);
	/* What could not be rejected is dropped as it happens to be. */
	if ((verdict == EG_VERDICT_PASS || p->want->verdict == EG_RULE_DROP) &&
	    (out.len != p->frame->len || memcmp(out.data, p->frame->data, out.len)))
		differ(p, "passed or dropped, but changed");
	check_rule_counts(p);
	seen.live[p->hook]++;
	seen.simple += p->scene->ruled.compiled.rulesets[direction_of(p->hook)].simple;
}

static void remember(const struct pair *p)
{
	const struct oracle *o = p->want;
	enum eg_direction d = direction_of(p->hook);

	seen.pairs[p->hook]++;
	seen.verdicts[p->have->verdict]++;
	for (unsigned int i = 0; i < o->count; i++)
		seen.rules[p->scene->ruled.rules.list[d][o->matched[i]]->verdict]++;
	seen.defaults += o->decided < 0;
	seen.none += o->count == 0;
	seen.protected += o->protected;
	seen.deep += o->decided >= EG_WORD_BITS;
	seen.many += o->count > 3;
	seen.beside += !!p->beside;
	seen.below += o->held == EG_REASON_BELOW_RATE;
	seen.shut += o->held == EG_REASON_GATE_SHUT;
	for (unsigned int i = 0; i < o->count; i++) {
		enum eg_solicited s = p->scene->ruled.rules.list[d][o->matched[i]]->solicited;

		seen.asked += s == EG_SOLICITED_YES;
		seen.unasked += s == EG_SOLICITED_NO;
	}
}

/* As if the request had left just now. */
static void ask_for(const struct scene *c, const struct reply *r)
{
	struct eg_echo_key k = {
		.peer = (const void *)r->src,
		.own = (const void *)r->dst,
		.family = r->family == 4 ? AF_INET : AF_INET6,
	};
	struct timespec now;
	__u64 hash;

	memcpy(&k.rest, r->rest, sizeof(k.rest));
	clock_gettime(CLOCK_MONOTONIC, &now);
	hash = eg_echo_hash(c->ruled.skel->rodata->eg_rodata_keys, &k);
	eg_echo_note(&c->echoes[eg_echo_bucket_of(hash)], hash,
		     now.tv_sec * 1000000000ull + now.tv_nsec);
}

/* Whether the frame is a reply that was asked for; about every other one is from now on. */
static bool was_asked(struct scene *c, const struct frame *f, uint64_t *s)
{
	struct reply r = { 0 };
	struct shown shown;
	size_t size;

	show(f->data, f->len, c->l3, 0, &shown);
	if (!shown.reply)
		return false;
	r.family = shown.family;
	size = r.family == 4 ? 4 : 16;
	memcpy(r.src, shown.src, size);
	memcpy(r.dst, shown.dst, size);
	memcpy(r.rest, shown.icmp + 4, sizeof(r.rest));
	for (size_t i = 0; i < c->asked_count; i++)
		if (!memcmp(&c->asked[i], &r, sizeof(r)))
			return true;
	if (percent(s, 50))
		return false;
	c->asked[c->asked_count++] = r;
	ask_for(c, &r);
	return true;
}

static void run_pair(struct scene *c, enum hook hook, const struct frame *f, uint32_t beside,
		     bool asked, bool live)
{
	static struct oracle want;
	static struct eg_trace have;
	struct pair p = { c, hook, f, beside, &want, NULL };
	int code;

	if ((hook == HOOK_XDP && c->l3) || (hook != HOOK_XDP && !makes_skb(f)))
		return;
	oracle_ask(&c->ruled.rules, direction_of(hook), f->data, f->len, c->l3, beside, asked,
		   &want);
	code = ruled_trial(&c->ruled, program_of(&p), hook, f, beside, &have);
	p.have = &have;
	check_trace(&p, code);
	remember(&p);
	p.have = NULL;
	if (live)
		run_live(&p);
}

/* Takes the outer tag out of the frame, as drivers do before tc sees it. */
static uint32_t take_tag(const struct frame *f, struct frame *rest)
{
	unsigned int tpid = get16(f->data + 12);

	if ((tpid != 0x8100 && tpid != 0x88a8) || f->len < 18)
		return 0;
	rest->len = f->len - 4;
	memcpy(rest->data, f->data, 12);
	memcpy(rest->data + 12, f->data + 16, rest->len - 12);
	return tpid << 16 | get16(f->data + 14);
}

static void run_packet(struct scene *c, uint64_t *s)
{
	static struct frame f, rest;
	uint32_t beside;
	bool asked;

	random_packet(s, c->l3, &f);
	asked = was_asked(c, &f, s);
	beside = c->l3 ? 0 : take_tag(&f, &rest);
	for (enum hook hook = HOOK_XDP; hook <= HOOK_EGRESS; hook++) {
		bool live = percent(s, 30);

		if (beside && hook != HOOK_XDP && percent(s, 75))
			run_pair(c, hook, &rest, beside, asked, live);
		else
			run_pair(c, hook, &f, 0, asked, live);
	}
}

/* Every 16th set is as large as can be. */
static unsigned int random_count(uint64_t *s, unsigned long seed)
{
	if (seed % 16 == 4)
		return EG_RULES_MAX;
	if (seed % 4 == 2 || seed % 16 == 9)
		return 65 + below(s, 236);
	return 1 + below(s, 40);
}

static void run_scene(unsigned long seed)
{
	uint64_t s = RND_SEED ^ seed * 0xd1342543de82ef95;
	struct scene c = { .seed = seed };
	int arrays[HOOKS];

	rnd(&s);
	c.l3 = seed % 8 == 7;
	c.text = random_rules(&s, DEV, random_count(&s, seed), seed % 8 == 1);
	if (!ruled_load(&c.ruled, c.text, c.l3)) {
		print_text(&c);
		fail_msg("EG_SEED=%lu: the rules are refused", seed);
	}
	c.counts = calloc(c.ruled.compiled.rule_count + 1, sizeof(*c.counts));
	c.asked = calloc(PACKETS, sizeof(*c.asked));
	assert_true(c.counts && c.asked);
	c.echoes = map_memory(c.ruled.skel->maps.eg_echoes);
	c.programs[HOOK_XDP] = program(c.ruled.skel, HOOK_XDP);
	for (int hook = HOOK_TC; hook <= HOOK_EGRESS; hook++) {
		c.programs[hook] = program(c.ruled.skel, hook);
		c.programs[HOOKS + hook] = tagging_program(c.programs[hook], &arrays[hook]);
	}
	for (int n = 0; n < PACKETS; n++)
		run_packet(&c, &s);
	for (int hook = HOOK_TC; hook <= HOOK_EGRESS; hook++) {
		close(c.programs[HOOKS + hook]);
		close(arrays[hook]);
	}
	munmap(c.echoes, map_bytes(c.ruled.skel->maps.eg_echoes));
	free(c.counts);
	free(c.asked);
	ruled_free(&c.ruled);
	free(c.text);
}

static unsigned long number_of(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);
	char *end;
	unsigned long n;

	if (!text)
		return fallback;
	n = strtoul(text, &end, 10);
	if (!*text || *end)
		DIE("%s=%s: not a number", name, text);
	return n;
}

/* Each of these happens to one pair in a hundred at least; rejects are limited to 1,000/s. */
static void check_seen(unsigned long pairs)
{
	static const char *const rules[] = {
		"pass", "drop", "answer", "reject", "count", "protect"
	};
	const struct {
		const char *what;
		unsigned long times;
	} rest[] = {
		{ "rules above the 64th that decided", seen.deep },
		{ "packets that many rules matched", seen.many },
		{ "packets that no rule matched", seen.none },
		{ "packets that no rule decided", seen.defaults },
		{ "protected packets", seen.protected },
		{ "tags beside the frame", seen.beside },
		{ "packets for simple rules", seen.simple },
		{ "packets below a rule's rate", 10 * seen.below },
		{ "packets at a gate that is shut", 10 * seen.shut },
		{ "replies that were asked for", 10 * seen.asked },
		{ "replies that nobody asked for", 10 * seen.unasked },
		{ "packets answered", seen.verdicts[EG_VERDICT_ANSWER] },
		{ "packets rejected", 2 * seen.verdicts[EG_VERDICT_REJECT] },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (seen.rules[i] < pairs / 100)
			fail_msg("only %lu rules with %s matched", seen.rules[i], rules[i]);
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
		if (rest[i].times < pairs / 100)
			fail_msg("only %lu %s", rest[i].times, rest[i].what);
	for (int hook = 0; hook < HOOKS; hook++)
		if (seen.live[hook] < pairs / 5)
			fail_msg("%s: only %lu packets counted", hook_name[hook], seen.live[hook]);
}

static void test_rules(void **state)
{
	unsigned long pairs = number_of("EG_PAIRS", PAIRS), seed = number_of("EG_SEED", 1);

	(void)state;
	do {
		run_scene(seed++);
		/* For who waits for a million. */
		if (seed % 50 == 0)
			printf("# pairs so far: %lu\n", seen.pairs[HOOK_TC]);
		fflush(stdout);
	} while (seen.pairs[HOOK_XDP] < pairs || seen.pairs[HOOK_TC] < pairs ||
		 seen.pairs[HOOK_EGRESS] < pairs);
	printf("# pairs: xdp %lu, tc ingress %lu, tc egress %lu\n", seen.pairs[HOOK_XDP],
	       seen.pairs[HOOK_TC], seen.pairs[HOOK_EGRESS]);
	/* One set of rules need not show everything. */
	if (pairs >= PAIRS)
		check_seen(pairs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
	};

	if (geteuid())
		return tap_skip(tests, ARRAY_SIZE(tests), "needs root");
	world_make();
	return TAP_RUN("rules", tests);
}
