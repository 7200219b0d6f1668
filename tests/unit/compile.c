// SPDX-License-Identifier: GPL-2.0-only
/*
 * loader/compile.c: what the tables say of a packet against what the rules say,
 * read one by one as they were written. The table of prefixes is a plain one of this
 * file, which knows a dozen addresses.
 */
#include "vectors/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/compile.h"

#define TICK	4000000ULL
#define CPUS	4

/* What compile.c calls ------------------------------------------------- */

static char reported[512];

enum status report(enum status status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(reported, sizeof(reported), fmt, args);
	va_end(args);
	return status;
}

const char *why(int err)
{
	return strerror(abs(err));
}

/* The n-th allocation from now on fails; negative: none. */
static long allocations_left = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return allocations_left >= 0 && !allocations_left-- ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allocations_left >= 0 && !allocations_left-- ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return allocations_left >= 0 && !allocations_left-- ? NULL : __real_realloc(old, size);
}

/* Addresses and prefixes ----------------------------------------------- */

struct address {
	__u8 family;			/* 0: none */
	__u32 word[4];			/* host order; IPv4 in the first */
};

static const struct address addresses[] = {
	{ AF_INET, { 0x00000000 } },
	{ AF_INET, { 0xc6120001 } },
	{ AF_INET, { 0xc6120002 } },
	{ AF_INET, { 0xc61200ff } },
	{ AF_INET, { 0xc6130001 } },
	{ AF_INET, { 0xffffffff } },
	{ AF_INET6, { 0 } },
	{ AF_INET6, { 0xfd000000, 0, 0, 1 } },
	{ AF_INET6, { 0xfd000000, 0, 0, 2 } },
	{ AF_INET6, { 0xfd000000, 1, 0, 1 } },
	{ AF_INET6, { 0xfd800000, 0, 0, 1 } },
	{ AF_INET6, { ~0u, ~0u, ~0u, ~0u } },
};

#define ADDRESSES	ARRAY_SIZE(addresses)

static bool covers(const struct prefix *p, const struct address *a)
{
	if (p->family != a->family)
		return false;
	for (int bit = 0; bit < p->length; bit++)
		if ((be32toh(p->addr[bit / 32]) ^ a->word[bit / 32]) >> (31 - bit % 32) & 1)
			return false;
	return true;
}

/* The table of prefixes as the last call made it: class by address, and what it was given. */
static struct {
	__u32 class[ADDRESSES];
	size_t lists, prefixes;
	const struct prefix *borrowed;	/* of its first list */
	int fail;
} built;

int prefix_table__build(const struct prefixes *const *lists, size_t count, struct prefix_table *t)
{
	built.lists = count;
	built.prefixes = 0;
	built.borrowed = count ? lists[0]->list : NULL;
	if (built.fail)
		return built.fail;
	t->words = (count + 63) / 64;
	t->members = __real_calloc((ADDRESSES + 1) * t->words + 1, sizeof(*t->members));
	t->class_count = 1;
	for (size_t l = 0; l < count; l++)
		built.prefixes += lists[l]->count;
	for (size_t a = 0; a < ADDRESSES; a++) {
		__u64 *mine = t->members + t->class_count * t->words;
		size_t class = 0;

		memset(mine, 0, t->words * sizeof(*mine));
		for (size_t l = 0; l < count; l++)
			for (size_t p = 0; p < lists[l]->count; p++)
				if (covers(&lists[l]->list[p], &addresses[a]))
					mine[l / 64] |= 1ULL << l % 64;
		while (memcmp(t->members + class * t->words, mine, t->words * sizeof(*mine)))
			class++;
		built.class[a] = class;
		if (class == t->class_count)
			t->class_count++;
	}
	return 0;
}

void prefix_table__free(struct prefix_table *t)
{
	free(t->members);
	memset(t, 0, sizeof(*t));
}

size_t prefix_table__memory(const struct prefix_table *t)
{
	return 1000 * t->class_count;
}

/* Rules by hand -------------------------------------------------------- */

/* Lives until the end of a test. */
static struct block {
	struct block *next;
	__u64 bytes[];
} *blocks;

static void *take(size_t count, size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + count * size);

	if (!b)
		abort();
	b->next = blocks;
	blocks = b;
	return b->bytes;
}

static int release(void **state)
{
	(void)state;
	while (blocks) {
		struct block *next = blocks->next;

		free(blocks);
		blocks = next;
	}
	memset(&built, 0, sizeof(built));
	return 0;
}

/* As config__select() leaves it: `protect` first, and a block for each direction. */
static struct rules *make_rules(size_t ingress, size_t egress)
{
	struct rules *r = take(1, sizeof(*r));
	const size_t count[] = { ingress, egress };

	r->given = true;
	for (int d = 0; d < EG_DIRECTION_COUNT; d++) {
		r->count[d] = count[d];
		r->list[d] = take(count[d] + 1, sizeof(*r->list[d]));
		for (size_t n = 0; n < count[d]; n++) {
			r->list[d][n] = take(1, sizeof(struct rule));
			r->list[d][n]->verdict = EG_RULE_DROP;
			r->list[d][n]->even_protected = true;
			r->list[d][n]->place.line = 10 * d + n + 1;
			r->list[d][n]->id = 1000 * d + n;
		}
	}
	return r;
}

static struct ranges one_range(__u32 first, __u32 last)
{
	struct ranges r = { .present = true, .count = 1, .list = take(1, sizeof(*r.list)) };

	r.list[0] = (struct range){ first, last };
	return r;
}

static struct kinds one_kind(__u8 family, __u16 first, __u16 last)
{
	struct kinds k = { .present = true, .count = 1, .list = take(1, sizeof(*k.list)) };

	k.list[0] = (struct kind){ family, first, last };
	return k;
}

static struct prefix prefix_of(const struct address *a, int length)
{
	struct prefix p = { .family = a->family, .length = length };

	for (int bit = 0; bit < length; bit++)
		p.addr[bit / 32] |= htobe32(a->word[bit / 32] & 1u << (31 - bit % 32));
	return p;
}

static struct endpoint one_prefix(struct prefix p)
{
	struct endpoint e = { .present = true };

	e.prefixes = (struct prefixes){ .list = take(1, sizeof(p)), .count = 1, .room = 1 };
	e.prefixes.list[0] = p;
	return e;
}

static struct endpoint some_sets(struct set **sets, size_t count)
{
	struct endpoint e = { .present = true, .set_count = count };

	e.sets = take(count, sizeof(*e.sets));
	memcpy(e.sets, sets, count * sizeof(*sets));
	return e;
}

static struct set *make_set(size_t room)
{
	struct set *s = take(1, sizeof(*s));

	s->prefixes.list = take(room, sizeof(*s->prefixes.list));
	s->prefixes.room = room;
	s->loaded = true;
	return s;
}

static void put(struct set *s, const struct address *a, int length)
{
	s->prefixes.list[s->prefixes.count++] = prefix_of(a, length);
}

/* Packets -------------------------------------------------------------- */

enum frame { IP4, IP6, ARP, OTHER, BAD4, BAD6, FRAME_COUNT };

struct packet {
	enum frame frame;
	__u8 protocol;			/* of IP4 and IP6 */
	bool typed;			/* ICMP whose type and code can be read */
	__u8 type, code;
	bool ported;
	__u16 sport, dport;
	bool flagged;
	__u8 flags;
	__u8 ttl, dscp;
	__u32 length;
	__u8 fragment;			/* FRAGMENT_*, or 0 */
	bool options;
	bool tagged;
	__u16 vlan;
	bool own_source, own_destination;
	enum eg_solicited solicited;	/* of what is an echo reply */
	size_t from, to;		/* in addresses */
};

static bool is_ip(const struct packet *p)
{
	return p->frame == IP4 || p->frame == IP6;
}

/* Protected without any `protect`. */
static bool is_protected(const struct packet *p)
{
	static const __u8 nd[] = { 133, 134, 135, 136, 141, 142, 148, 149 };
	static const __u8 mld[] = { 130, 131, 132, 143, 151, 152, 153 };

	if (p->frame == ARP || (p->frame == IP4 && p->protocol == 2))
		return true;
	if (p->frame != IP6 || !p->typed)
		return false;
	return (p->ttl == 255 && memchr(nd, p->type, sizeof(nd))) ||
	       (p->ttl == 1 && memchr(mld, p->type, sizeof(mld)));
}

static bool is_reply(const struct packet *p)
{
	return p->typed && p->type == (p->frame == IP4 ? 0 : 129);
}

static __u32 index_in(const struct packet *p, enum eg_field field)
{
	switch (field) {
	case EG_FIELD_KIND:
		switch (p->frame) {
		case IP4:
			return p->typed ? EG_KIND_ICMP + p->type : EG_KIND_PROTO4 + p->protocol;
		case IP6:
			return p->typed ? EG_KIND_ICMP6 + p->type : EG_KIND_PROTO6 + p->protocol;
		case ARP:
			return EG_KIND_ARP;
		case OTHER:
			return EG_KIND_OTHER;
		case BAD4:
			return EG_KIND_BAD4;
		default:
			return EG_KIND_BAD6;
		}
	case EG_FIELD_CODE:
		return !p->typed ? 0 : p->frame == IP4 ? 1 + p->code : 257 + p->code;
	case EG_FIELD_SPORT:
		return p->ported ? 1 + p->sport : 0;
	case EG_FIELD_DPORT:
		return p->ported ? 1 + p->dport : 0;
	case EG_FIELD_FLAGS:
		return p->flagged ? 1 + p->flags : 0;
	case EG_FIELD_TTL:
		return is_ip(p) ? 1 + p->ttl : 0;
	case EG_FIELD_DSCP:
		return is_ip(p) ? 1 + p->dscp : 0;
	case EG_FIELD_LENGTH:
		return is_ip(p) ? 1 + (p->length < 65535 ? p->length : 65535) : 0;
	case EG_FIELD_SHAPE:
		if (!is_ip(p))
			return 0;
		return 1 + (p->options ? EG_SHAPE_OPTIONS : 0) +
		       (p->fragment == FRAGMENT_FIRST ? EG_SHAPE_FIRST :
			p->fragment == FRAGMENT_LATER ? EG_SHAPE_LATER : EG_SHAPE_WHOLE);
	case EG_FIELD_VLAN:
		return p->tagged ? 1 + p->vlan : 0;
	case EG_FIELD_OWN:
		return !is_ip(p) ? 0 : 1 + (p->own_source ? EG_OWN_SOURCE : 0) +
					       (p->own_destination ? EG_OWN_DESTINATION : 0);
	case EG_FIELD_PROTECT:
		return is_protected(p);
	case EG_FIELD_SOLICITED:
		return is_reply(p) ? p->solicited : EG_SOLICITED_NONE;
	case EG_FIELD_FROM:
		return is_ip(p) ? 1 + built.class[p->from] : 0;
	case EG_FIELD_TO:
		return is_ip(p) ? 1 + built.class[p->to] : 0;
	default:
		return ~0u;
	}
}

/* The rules as they are written ---------------------------------------- */

/* A matcher that isn't there, one on a field that isn't, and one that is right or negated. */
static bool holds(bool present, bool exists, bool negated, bool is)
{
	return !present || (exists && is != negated);
}

static bool among(const struct ranges *r, __u32 value)
{
	for (size_t i = 0; i < r->count; i++)
		if (value >= r->list[i].first && value <= r->list[i].last)
			return true;
	return false;
}

static bool has_kind(const struct kinds *k, const struct packet *p)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct kind *one = &k->list[i];
		__u32 value = p->frame == ARP ? KIND_ARP :
			      p->frame == OTHER ? KIND_NON_IP : p->protocol;

		if (p->frame == BAD4 || p->frame == BAD6)
			continue;
		if (is_ip(p) && one->family && (one->family == 4) != (p->frame == IP4))
			continue;
		if (value >= one->first && value <= one->last)
			return true;
	}
	return false;
}

static bool has_flags(const struct flag_tests *f, __u8 flags)
{
	for (size_t i = 0; i < f->count; i++)
		if ((flags & f->list[i].mask) == f->list[i].value)
			return true;
	return false;
}

static bool in_prefixes(const struct prefixes *list, size_t address)
{
	for (size_t i = 0; i < list->count; i++)
		if (covers(&list->list[i], &addresses[address]))
			return true;
	return false;
}

/* Of which group an address is, the first that it is in; 0: of none. */
static __u64 group_of(const struct endpoint *e, size_t address)
{
	for (size_t i = 0; i < e->prefixes.count; i++)
		if (covers(&e->prefixes.list[i], &addresses[address]))
			return i + 1;
	for (size_t i = 0; i < e->set_count; i++)
		if (in_prefixes(&e->sets[i]->prefixes, address))
			return e->prefixes.count + i + 1;
	return 0;
}

static bool has_address(const struct endpoint *e, size_t address, bool own)
{
	return e->local ? own : group_of(e, address) > 0;
}

static bool matches(const struct rule *r, const struct packet *p)
{
	bool four = p->frame == IP4 || p->frame == BAD4, six = p->frame == IP6 || p->frame == BAD6;
	__u32 length = p->length < 65535 ? p->length : 65535;

	return holds(r->kind.present, true, r->kind.negated, has_kind(&r->kind, p)) &&
	       holds(r->family, true, r->family_negated, r->family == 4 ? four : six) &&
	       holds(r->type.present, p->typed, r->type.negated, among(&r->type, p->type)) &&
	       holds(r->code.present, p->typed, r->code.negated, among(&r->code, p->code)) &&
	       holds(r->sport.present, p->ported, r->sport.negated, among(&r->sport, p->sport)) &&
	       holds(r->dport.present, p->ported, r->dport.negated, among(&r->dport, p->dport)) &&
	       holds(r->flags.present, p->flagged, r->flags.negated,
		     has_flags(&r->flags, p->flags)) &&
	       holds(r->ttl.present, is_ip(p), r->ttl.negated, among(&r->ttl, p->ttl)) &&
	       holds(r->dscp.present, is_ip(p), r->dscp.negated, among(&r->dscp, p->dscp)) &&
	       holds(r->length.present, is_ip(p), r->length.negated,
		     among(&r->length, length)) &&
	       holds(r->vlan.present, true, r->vlan.negated,
		     p->tagged ? among(&r->vlan, p->vlan) : r->vlan_none) &&
	       holds(r->fragment, is_ip(p), r->fragment_negated, r->fragment & p->fragment) &&
	       holds(r->options, is_ip(p), r->options_negated, p->options) &&
	       holds(r->solicited, is_reply(p), false, r->solicited == p->solicited) &&
	       holds(r->from.present, is_ip(p), r->from.negated,
		     has_address(&r->from, p->from, p->own_source)) &&
	       holds(r->to.present, is_ip(p), r->to.negated,
		     has_address(&r->to, p->to, p->own_destination));
}

static bool spares_protected(const struct rule *r)
{
	return (r->verdict == EG_RULE_DROP || r->verdict == EG_RULE_REJECT) && !r->even_protected;
}

/* Those that match, up to the one that decides. */
static size_t walk_rules(const struct rules *r, enum eg_direction d, const struct packet *p,
			 __u32 *found)
{
	bool protected = is_protected(p);
	size_t count = 0;

	for (size_t n = 0; n < r->count[d]; n++) {
		const struct rule *rule = r->list[d][n];

		if (!matches(rule, p) || (protected && spares_protected(rule)))
			continue;
		found[count++] = n;
		if (rule->verdict == EG_RULE_PROTECT)
			protected = true;
		else if (rule->verdict != EG_RULE_COUNT)
			break;
	}
	return count;
}

/* The tables ----------------------------------------------------------- */

static __u32 size_of(const struct compiled *c, enum eg_field field)
{
	static const __u32 sizes[EG_FIELD_COUNT] = {
		[EG_FIELD_KIND] = EG_KIND_COUNT,   [EG_FIELD_PROTECT] = EG_PROTECT_SIZE,
		[EG_FIELD_OWN] = EG_OWN_SIZE,	   [EG_FIELD_CODE] = EG_CODE_SIZE,
		[EG_FIELD_SPORT] = EG_PORT_SIZE,   [EG_FIELD_DPORT] = EG_PORT_SIZE,
		[EG_FIELD_FLAGS] = EG_FLAGS_SIZE,  [EG_FIELD_TTL] = EG_TTL_SIZE,
		[EG_FIELD_DSCP] = EG_DSCP_SIZE,	   [EG_FIELD_LENGTH] = EG_LENGTH_SIZE,
		[EG_FIELD_SHAPE] = EG_SHAPE_SIZE,  [EG_FIELD_VLAN] = EG_VLAN_SIZE,
		[EG_FIELD_SOLICITED] = EG_SOLICITED_SIZE,
	};

	return sizes[field] ? sizes[field] : 1 + c->prefixes.class_count;
}

/* What a field leaves of the rules. */
static void look_up(const struct compiled *c, enum eg_direction d, enum eg_field field,
		    __u32 index, __u64 *word)
{
	const struct eg_ruleset *set = &c->rulesets[d];
	__u64 entry;

	if (!(set->used & 1u << field))
		return;
	assert_true(index < size_of(c, field));
	entry = c->table[set->base[field] + index];
	if (set->rules <= EG_WORD_BITS) {
		word[0] &= entry;
		return;
	}
	assert_true(entry < c->vector_count);
	for (int w = 0; w < EG_RULE_WORDS; w++)
		word[w] &= c->vectors[entry].word[w];
}

static void all_fields(const struct compiled *c, enum eg_direction d, const struct packet *p,
		       __u64 *word)
{
	memset(word, 0, EG_RULE_WORDS * sizeof(*word));
	for (__u32 n = 0; n < c->rulesets[d].rules; n++)
		word[n / 64] |= 1ULL << n % 64;
	for (enum eg_field f = 0; f < EG_FIELD_COUNT; f++)
		look_up(c, d, f, index_in(p, f), word);
}

static size_t walk_tables(const struct compiled *c, enum eg_direction d, const struct packet *p,
			  __u32 *found)
{
	__u64 word[EG_RULE_WORDS];
	size_t count = 0;

	all_fields(c, d, p, word);
	for (__u32 n = 0; n < c->rulesets[d].rules; n++) {
		__u8 verdict = c->rules[c->rulesets[d].first + n].verdict;

		if (!(word[n / 64] >> n % 64 & 1))
			continue;
		found[count++] = n;
		if (verdict == EG_RULE_PROTECT)
			look_up(c, d, EG_FIELD_PROTECT, 1, word);
		else if (verdict != EG_RULE_COUNT)
			break;
	}
	return count;
}

static void check_tracking(const struct rules *r, const struct compiled *c)
{
	const struct eg_tracking *t = &c->tracking;
	bool asked = false;

	for (size_t n = 0; n < r->count[EG_INGRESS]; n++)
		asked |= r->list[EG_INGRESS][n]->solicited;
	assert_int_equal(!!(t->flags & EG_TRACK_NOTE), asked || r->measure);
	assert_int_equal(!!(t->flags & EG_TRACK_RTT), r->measure);
	assert_int_equal(!!(t->flags & EG_TRACK_OBSERVE), r->observed.present);
	if (!r->measured.present && !r->observed.present) {
		assert_int_equal(t->classes, 0);
		return;
	}
	assert_int_equal(t->classes, c->prefixes.class_count);
	assert_true(t->base + t->classes <= c->table_count);
	assert_int_equal(c->table[t->base], 0);
	for (size_t a = 0; a < ADDRESSES; a++) {
		bool observed = group_of(&r->observed, a);

		assert_int_equal(c->table[t->base + built.class[a]],
				 group_of(&r->measured, a) | (observed ? EG_GROUP_OBSERVED : 0));
	}
}

/* What must hold of any. */
static void check_form(const struct rules *r, const struct compiled *c)
{
	assert_true(c->table_count >= 1);
	assert_true(c->vector_count >= 1);
	assert_int_equal(c->rule_count, r->count[0] + r->count[1]);
	assert_int_equal(c->rulesets[EG_INGRESS].first, 0);
	assert_int_equal(c->rulesets[EG_EGRESS].first, r->count[EG_INGRESS]);
	for (int d = 0; d < EG_DIRECTION_COUNT; d++) {
		const struct eg_ruleset *set = &c->rulesets[d];

		assert_int_equal(set->rules, r->count[d]);
		assert_int_equal(set->fallback, r->fallback[d]);
		for (enum eg_field f = 0; f < EG_FIELD_COUNT; f++)
			if (set->used & 1u << f)
				assert_true(set->base[f] + size_of(c, f) <= c->table_count);
			else
				assert_int_equal(set->base[f], 0);
	}
	for (size_t v = 0; v < c->vector_count; v++)
		for (int w = 0; w < EG_RULE_WORDS; w++)
			assert_int_equal(c->vectors[v].summary >> w & 1, !!c->vectors[v].word[w]);
	assert_int_equal(c->vectors[0].summary, 0);
	/* Equal ones stand there once. */
	for (size_t v = 0; v < c->vector_count && c->vector_count < 500; v++)
		for (size_t o = 0; o < v; o++)
			assert_memory_not_equal(&c->vectors[v], &c->vectors[o],
						sizeof(*c->vectors));
	for (size_t n = 0; n < c->rule_count; n++) {
		int d = n >= r->count[EG_INGRESS];
		const struct rule *from = r->list[d][n - c->rulesets[d].first];

		assert_int_equal(c->rules[n].verdict, from->verdict);
		assert_int_equal(c->rules[n].line, from->place.line);
		assert_int_equal(c->rules[n].id, from->id);
		assert_int_equal(c->rules[n].slot, 0);
	}
	check_tracking(r, c);
	assert_int_equal(compiled__memory(c),
			 8 * c->table_count + sizeof(struct eg_vector) * c->vector_count +
				 sizeof(struct eg_rule) * c->rule_count +
				 1000 * c->prefixes.class_count);
}

static void compile_well(const struct rules *r, struct compiled *c)
{
	reported[0] = 0;
	assert_int_equal(compile(r, "eth0", TICK, CPUS, c), DONE);
	assert_string_equal(reported, "");
	check_form(r, c);
}

/* One packet, both ways; how many rules match it. */
static size_t agree(const struct rules *r, const struct compiled *c, enum eg_direction d,
		  const struct packet *p)
{
	static __u32 written[EG_RULES_MAX], compiled[EG_RULES_MAX];
	size_t count = walk_rules(r, d, p, written), all = 0;
	__u64 word[EG_RULE_WORDS];

	assert_int_equal(walk_tables(c, d, p, compiled), count);
	if (count)
		assert_memory_equal(written, compiled, count * sizeof(*written));
	/* Also those behind the first. */
	all_fields(c, d, p, word);
	for (size_t n = 0; n < r->count[d]; n++) {
		bool match = matches(r->list[d][n], p) &&
			     !(is_protected(p) && spares_protected(r->list[d][n]));

		assert_int_equal(word[n / 64] >> n % 64 & 1, match);
		all += match;
	}
	return all;
}

/* Random ones ---------------------------------------------------------- */

static uint64_t seed;

static bool chance(int in)
{
	return !(rnd(&seed) % in);
}

#define PICK(a)	((a)[rnd(&seed) % ARRAY_SIZE(a)])

static const __u32 protocols[] = { 0, 1, 2, 6, 17, 33, 58, 132, 136, 255 };
static const __u32 kind_values[] = { 0, 1, 2, 6, 17, 33, 58, 132, 136, 255, KIND_ARP, KIND_NON_IP };
static const __u32 types[] = { 0, 8, 13, 128, 129, 130, 133, 135, 137, 143, 149, 153, 255 };
static const __u32 codes[] = { 0, 1, 3, 13, 254, 255 };
static const __u32 ports[] = { 0, 1, 22, 53, 62, 63, 64, 1023, 1024, 65534, 65535 };
static const __u32 ttls[] = { 0, 1, 62, 63, 64, 254, 255 };
static const __u32 dscps[] = { 0, 1, 8, 46, 62, 63 };
static const __u32 lengths[] = { 0, 20, 21, 28, 1500, 65533, 65534, 65535, 65575 };
static const __u32 written_lengths[] = { 0, 20, 21, 28, 1500, 65533, 65534, 65535 };
static const __u32 vlans[] = { 0, 1, 10, 4094, 4095 };
static const __u32 flags[] = { 0, 0x02, 0x10, 0x12, 0x04, 0x29, 0x80, 0xff };
static const int lengths4[] = { 0, 1, 8, 15, 16, 24, 31, 32 };
static const int lengths6[] = { 0, 8, 9, 32, 63, 64, 127, 128 };

static struct ranges random_ranges(const __u32 *values, size_t count)
{
	struct ranges r = { .present = true, .negated = chance(3), .count = 1 + rnd(&seed) % 3 };

	r.list = take(r.count, sizeof(*r.list));
	for (size_t i = 0; i < r.count; i++) {
		__u32 a = values[rnd(&seed) % count];
		__u32 b = chance(2) ? a : values[rnd(&seed) % count];

		r.list[i] = (struct range){ a < b ? a : b, a < b ? b : a };
	}
	return r;
}

#define RANGES(values)	random_ranges(values, ARRAY_SIZE(values))

static struct kinds random_kinds(void)
{
	struct kinds k = { .present = true, .negated = chance(3), .count = 1 + rnd(&seed) % 3 };

	k.list = take(k.count, sizeof(*k.list));
	for (size_t i = 0; i < k.count; i++) {
		__u32 a = PICK(kind_values), b = chance(2) ? a : PICK(kind_values);

		k.list[i] = (struct kind){ .first = a < b ? a : b, .last = a < b ? b : a };
		k.list[i].family = chance(2) ? 0 : chance(2) ? 4 : 6;
	}
	return k;
}

static struct flag_tests random_flags(void)
{
	struct flag_tests f = { .present = true, .negated = chance(3) };

	f.count = 1 + rnd(&seed) % 2;
	f.list = take(f.count, sizeof(*f.list));
	for (size_t i = 0; i < f.count; i++) {
		f.list[i].value = PICK(flags);
		f.list[i].mask = f.list[i].value | PICK(flags);
	}
	return f;
}

static struct prefix random_prefix(void)
{
	const struct address *a = &PICK(addresses);

	return prefix_of(a, a->family == AF_INET ? PICK(lengths4) : PICK(lengths6));
}

/* Fewer than so many prefixes, and fewer than so many of the sets. */
static void fill_endpoint(struct endpoint *e, unsigned int prefixes, unsigned int some,
			  struct set **sets, size_t count)
{
	e->prefixes.count = rnd(&seed) % prefixes;
	e->prefixes.list = take(e->prefixes.count + 1, sizeof(*e->prefixes.list));
	for (size_t i = 0; i < e->prefixes.count; i++)
		e->prefixes.list[i] = random_prefix();
	e->set_count = rnd(&seed) % some;
	e->sets = take(e->set_count + 1, sizeof(*e->sets));
	for (size_t i = 0; i < e->set_count; i++)
		e->sets[i] = sets[rnd(&seed) % count];
}

/* For `measure` and `observe`: without `local`, and never negated. */
static struct endpoint random_peers(struct set **sets, size_t count)
{
	struct endpoint e = { .present = true };

	fill_endpoint(&e, 4, 3, sets, count);
	return e;
}

static struct endpoint random_endpoint(struct set **sets, size_t count)
{
	struct endpoint e = { .present = true, .negated = chance(3), .local = chance(4) };

	if (!e.local)
		fill_endpoint(&e, 3, 4, sets, count);
	return e;
}

/* The fewer matchers, the more often a rule matches. */
static void random_rule(struct rule *r, int rarity, struct set **sets, size_t set_count)
{
	static const enum eg_rule_verdict verdicts[] = { EG_RULE_PASS, EG_RULE_DROP, EG_RULE_REJECT,
							 EG_RULE_COUNT, EG_RULE_COUNT };

	r->verdict = PICK(verdicts);
	r->even_protected = chance(2);
	if (chance(rarity)) {
		r->family = chance(2) ? 4 : 6;
		r->family_negated = chance(3);
	}
	if (chance(rarity))
		r->kind = random_kinds();
	if (chance(rarity))
		r->type = RANGES(types);
	if (chance(rarity))
		r->code = RANGES(codes);
	if (chance(rarity))
		r->sport = RANGES(ports);
	if (chance(rarity))
		r->dport = RANGES(ports);
	if (chance(rarity))
		r->flags = random_flags();
	if (chance(rarity))
		r->ttl = RANGES(ttls);
	if (chance(rarity))
		r->dscp = RANGES(dscps);
	if (chance(rarity))
		r->length = RANGES(written_lengths);
	if (chance(rarity)) {
		r->vlan = RANGES(vlans);
		r->vlan_none = chance(2);
		if (r->vlan_none && chance(2))
			r->vlan.count = 0;
	}
	if (chance(rarity)) {
		r->fragment = 1 + rnd(&seed) % 3;
		r->fragment_negated = chance(3);
	}
	if (chance(rarity)) {
		r->options = true;
		r->options_negated = chance(3);
	}
	if (chance(2 * rarity))
		r->solicited = 1 + rnd(&seed) % 2;
	if (chance(rarity))
		r->from = random_endpoint(sets, set_count);
	if (chance(rarity))
		r->to = random_endpoint(sets, set_count);
}

static struct rules *random_rules(size_t ingress, size_t egress)
{
	struct rules *r = make_rules(ingress, egress);
	size_t set_count = 1 + rnd(&seed) % 6;
	struct set *sets[6];

	for (size_t s = 0; s < set_count; s++) {
		sets[s] = make_set(4);
		for (size_t i = rnd(&seed) % 5; i; i--)
			sets[s]->prefixes.list[sets[s]->prefixes.count++] = random_prefix();
	}
	r->measure = chance(2);
	if (r->measure && chance(2))
		r->measured = random_peers(sets, set_count);
	if (chance(2))
		r->observed = random_peers(sets, set_count);
	for (int d = 0; d < EG_DIRECTION_COUNT; d++) {
		size_t protect = chance(2) ? 0 : rnd(&seed) % 3;

		r->fallback[d] = rnd(&seed) % 3;
		for (size_t n = 0; n < r->count[d]; n++) {
			random_rule(r->list[d][n], 2 + rnd(&seed) % 14, sets, set_count);
			if (n < protect)
				r->list[d][n]->verdict = EG_RULE_PROTECT;
		}
	}
	return r;
}

static void random_packet(struct packet *p)
{
	memset(p, 0, sizeof(*p));
	p->frame = chance(3) ? rnd(&seed) % FRAME_COUNT : rnd(&seed) % 2;
	p->tagged = chance(2);
	p->vlan = p->tagged ? PICK(vlans) : 0;
	if (!is_ip(p))
		return;
	p->protocol = chance(3) ? (p->frame == IP4 ? 1 : 58) : PICK(protocols);
	p->fragment = chance(3) ? 1 + rnd(&seed) % 2 : 0;
	if (p->fragment != FRAGMENT_LATER && !chance(5)) {
		p->typed = p->protocol == (p->frame == IP4 ? 1 : 58);
		p->flagged = p->protocol == 6;
		p->ported = p->flagged || p->protocol == 17 || p->protocol == 33 ||
			    p->protocol == 132 || p->protocol == 136;
	}
	p->type = PICK(types);
	p->code = PICK(codes);
	p->sport = PICK(ports);
	p->dport = PICK(ports);
	p->flags = PICK(flags);
	p->ttl = PICK(ttls);
	p->dscp = PICK(dscps);
	p->length = PICK(lengths);
	p->options = chance(3);
	p->own_source = chance(3);
	p->own_destination = chance(2);
	p->solicited = 1 + rnd(&seed) % 2;
	do {
		p->from = rnd(&seed) % ADDRESSES;
		p->to = rnd(&seed) % ADDRESSES;
	} while (addresses[p->from].family != (p->frame == IP4 ? AF_INET : AF_INET6) ||
		 addresses[p->to].family != addresses[p->from].family);
}

static void compare(size_t ingress, size_t egress, int rulesets)
{
	size_t matched = 0, all = 0;

	for (int i = 0; i < rulesets; i++) {
		struct rules *r = random_rules(ingress, egress);
		struct compiled c;

		compile_well(r, &c);
		for (int n = 0; n < 400; n++) {
			enum eg_direction d = n % 2;
			struct packet p;

			random_packet(&p);
			matched += agree(r, &c, d, &p);
			all += r->count[d];
		}
		compiled__free(&c);
		release(NULL);
	}
	/* Neither always nor never: else it would be no test. */
	assert_in_range(matched, all / 50, all / 2);
}

static void test_few_rules(void **state)
{
	(void)state;
	seed = RND_SEED;
	compare(1, 1, 150);
	compare(4, 2, 150);
	compare(20, 7, 50);
}

static void test_one_word(void **state)
{
	(void)state;
	seed = RND_SEED + 1;
	for (size_t n = 63; n <= 65; n++)
		compare(n, 128 - n, 10);
}

static void test_many_rules(void **state)
{
	(void)state;
	seed = RND_SEED + 2;
	compare(200, 3, 15);
	compare(3, 129, 15);
	compare(600, 400, 2);
}

/* Single fields -------------------------------------------------------- */

static struct packet plain(enum frame frame, __u8 protocol)
{
	struct packet p = { .frame = frame, .protocol = protocol, .ttl = 64, .length = 100 };

	p.flagged = protocol == 6;
	p.ported = p.flagged || protocol == 17;
	p.from = p.to = frame == IP4 ? 1 : 7;
	return p;
}

/* Every value that a field can have, and a packet without the field. */
static void every_value(const struct rules *r)
{
	struct packet arp = plain(ARP, 0), tcp = plain(IP4, 6), p = tcp;
	struct compiled c;

	compile_well(r, &c);
	agree(r, &c, EG_INGRESS, &arp);
	for (__u32 v = 0; v < 65536; v++) {
		p.sport = p.dport = v;
		p.length = v;
		p.flags = v;
		p.ttl = v;
		p.dscp = v & 63;
		agree(r, &c, EG_INGRESS, &p);
	}
	p = tcp;
	p.tagged = true;
	for (p.vlan = 0; p.vlan < 4096; p.vlan++)
		agree(r, &c, EG_INGRESS, &p);
	for (enum frame f = 0; f < FRAME_COUNT; f++)
		for (__u32 v = 0; v < 256; v++) {
			p = plain(f, v);
			agree(r, &c, EG_INGRESS, &p);
			if (f > IP6)
				continue;
			p = plain(f, f == IP4 ? 1 : 58);
			p.typed = true;
			p.type = p.code = v;
			agree(r, &c, EG_INGRESS, &p);
		}
	compiled__free(&c);
}

static void test_every_value(void **state)
{
	(void)state;
	seed = RND_SEED + 3;
	for (int i = 0; i < 4; i++) {
		struct rules *r = make_rules(24, 0);
		struct rule **l = r->list[EG_INGRESS];

		for (int n = 0; n < 2; n++, l += 12) {
			l[0]->kind = random_kinds();
			l[1]->type = RANGES(types);
			l[2]->code = RANGES(codes);
			l[3]->sport = RANGES(ports);
			l[4]->dport = RANGES(ports);
			l[5]->flags = random_flags();
			l[6]->ttl = RANGES(ttls);
			l[7]->dscp = RANGES(dscps);
			l[8]->length = RANGES(written_lengths);
			l[9]->vlan = RANGES(vlans);
			l[10]->family = n ? 4 : 6;
			l[10]->family_negated = i % 2;
			l[11]->kind = random_kinds();
			l[11]->type = RANGES(types);
		}
		every_value(r);
		release(NULL);
	}
}

/* Entries as they stand in the table: the first and the last of a field. */
static void test_edges(void **state)
{
	struct rules *r = make_rules(4, 1);
	const __u64 *port;
	struct compiled c;

	(void)state;
	r->list[EG_INGRESS][0]->dport = one_range(0, 0);
	r->list[EG_INGRESS][1]->dport = one_range(65535, 65535);
	r->list[EG_INGRESS][2]->dport = one_range(0, 65535);
	r->list[EG_EGRESS][0]->dport = one_range(80, 80);
	r->list[EG_EGRESS][0]->dport.negated = true;
	compile_well(r, &c);
	port = c.table + c.rulesets[EG_INGRESS].base[EG_FIELD_DPORT];
	assert_int_equal(port[0], 0x8);
	assert_int_equal(port[1], 0xd);
	assert_int_equal(port[2], 0xc);
	assert_int_equal(port[65535], 0xc);
	assert_int_equal(port[65536], 0xe);
	port = c.table + c.rulesets[EG_EGRESS].base[EG_FIELD_DPORT];
	assert_int_equal(port[0], 0);
	assert_int_equal(port[80], 1);
	assert_int_equal(port[81], 0);
	assert_int_equal(port[82], 1);
	assert_int_equal(port[65536], 1);
	assert_int_equal(c.table_count, 2 * EG_PORT_SIZE);
	compiled__free(&c);
}

static void test_used(void **state)
{
	struct rules *r = make_rules(EG_FIELD_COUNT, EG_FIELD_COUNT);
	struct rule **l = r->list[EG_INGRESS];
	struct set *set = make_set(1);
	struct compiled c;

	(void)state;
	compile_well(r, &c);
	assert_int_equal(c.rulesets[EG_INGRESS].used, 0);
	assert_int_equal(c.rulesets[EG_EGRESS].used, 0);
	assert_int_equal(c.table_count, 1);
	assert_int_equal(c.vector_count, 1);
	compiled__free(&c);

	l[EG_FIELD_KIND]->kind = one_kind(0, 6, 6);
	l[EG_FIELD_CODE]->code = one_range(0, 0);
	l[EG_FIELD_SPORT]->sport = one_range(1, 2);
	l[EG_FIELD_DPORT]->dport = one_range(1, 2);
	l[EG_FIELD_FLAGS]->flags = (struct flag_tests){ .present = true };
	l[EG_FIELD_TTL]->ttl = one_range(1, 2);
	l[EG_FIELD_DSCP]->dscp = one_range(1, 2);
	l[EG_FIELD_LENGTH]->length = one_range(1, 2);
	l[EG_FIELD_SHAPE]->options = true;
	l[EG_FIELD_VLAN]->vlan = one_range(1, 2);
	l[EG_FIELD_SOLICITED]->solicited = EG_SOLICITED_NO;
	l[EG_FIELD_OWN]->to = (struct endpoint){ .present = true, .local = true };
	l[EG_FIELD_PROTECT]->even_protected = false;
	l[EG_FIELD_FROM]->from = one_prefix(prefix_of(&addresses[1], 24));
	/* An empty set is no address: still something to ask for. */
	l[EG_FIELD_TO]->to = some_sets(&set, 1);
	for (enum eg_field f = 0; f < EG_FIELD_COUNT; f++) {
		/* What asks for replies asks for the kind, too, which comes first. */
		__u32 kind = f == EG_FIELD_SOLICITED ? EG_KIND_COUNT : 0;
		struct rules one = *r;

		one.list[EG_INGRESS] = r->list[EG_EGRESS];
		one.list[EG_EGRESS] = &l[f];
		one.count[EG_EGRESS] = 1;
		compile_well(&one, &c);
		assert_int_equal(c.rulesets[EG_INGRESS].used, 0);
		assert_int_equal(c.rulesets[EG_EGRESS].used, 1u << f | (kind ? 1 : 0));
		assert_int_equal(c.rulesets[EG_EGRESS].header, f != EG_FIELD_KIND);
		assert_int_equal(c.rulesets[EG_EGRESS].base[f], kind);
		assert_int_equal(c.table_count, kind + size_of(&c, f));
		compiled__free(&c);
	}
	compile_well(r, &c);
	assert_int_equal(c.rulesets[EG_INGRESS].used, (1u << EG_FIELD_COUNT) - 1);
	compiled__free(&c);
}

static bool needs_header(const struct rules *r)
{
	struct compiled c;
	bool header;

	compile_well(r, &c);
	header = c.rulesets[EG_INGRESS].header;
	compiled__free(&c);
	return header;
}

/* Where the kind alone decides, nothing else is read; but what is done may ask for more. */
static void test_header(void **state)
{
	struct rules *r = make_rules(2, 0);
	struct rule *first = r->list[EG_INGRESS][0], *last = r->list[EG_INGRESS][1];

	(void)state;
	first->kind = last->kind = one_kind(0, 6, 6);
	assert_false(needs_header(r));
	r->fallback[EG_INGRESS] = EG_DEFAULT_DROP;
	assert_true(needs_header(r));
	r->fallback[EG_INGRESS] = EG_DEFAULT_ANSWER;
	assert_false(needs_header(r));
	last->limit = (struct limit){ .present = true, .count = 1, .seconds = 1, .burst = 5 };
	assert_false(needs_header(r));
	last->per_source = last->limit;
	assert_true(needs_header(r));
	last->per_source.present = false;
	last->verdict = EG_RULE_REJECT;
	last->even_protected = true;
	assert_true(needs_header(r));
	last->verdict = EG_RULE_PASS;
	last->ttl = one_range(1, 2);
	assert_true(needs_header(r));
}

static bool is_simple(const struct rules *r)
{
	struct compiled c;
	bool simple;

	compile_well(r, &c);
	simple = c.rulesets[EG_INGRESS].simple;
	compiled__free(&c);
	return simple;
}

/* Decided at sight: what drops or passes by kind and addresses, and leaves nothing behind. */
static void test_simple(void **state)
{
	struct rules *r = make_rules(2, 0);
	struct rule *first = r->list[EG_INGRESS][0];

	(void)state;
	assert_true(is_simple(r));
	first->kind = one_kind(0, 6, 6);
	first->from = one_prefix(prefix_of(&addresses[1], 24));
	first->verdict = EG_RULE_DROP;
	assert_true(is_simple(r));
	for (enum eg_rule_verdict v = EG_RULE_PASS; v <= EG_RULE_PROTECT; v++) {
		first->verdict = v;
		assert_int_equal(is_simple(r), v <= EG_RULE_DROP);
	}
	first->verdict = EG_RULE_PASS;
	first->sample = 2;
	assert_false(is_simple(r));
	first->sample = 0;
	first->limit = (struct limit){ .present = true, .count = 1, .seconds = 1, .burst = 1 };
	assert_false(is_simple(r));
	first->limit.present = false;
	first->ttl = one_range(1, 2);
	assert_false(is_simple(r));
}

static bool uses_protect(const struct rules *r)
{
	struct compiled c;
	bool used;

	compile_well(r, &c);
	used = c.rulesets[EG_INGRESS].used & 1u << EG_FIELD_PROTECT;
	compiled__free(&c);
	return used;
}

/* Asked for only where it could change something. */
static void test_protect(void **state)
{
	static const struct { __u8 type; bool is; } icmp6[] = {
		{ 129, 0 }, { 130, 1 }, { 131, 1 }, { 132, 1 }, { 133, 1 }, { 134, 1 }, { 135, 1 },
		{ 136, 1 }, { 137, 0 }, { 140, 0 }, { 141, 1 }, { 142, 1 }, { 143, 1 }, { 144, 0 },
		{ 147, 0 }, { 148, 1 }, { 149, 1 }, { 150, 0 }, { 151, 1 }, { 152, 1 }, { 153, 1 },
		{ 154, 0 },
	};
	struct rules *r = make_rules(2, 0);
	struct rule *first = r->list[EG_INGRESS][0], *drop = r->list[EG_INGRESS][1];

	(void)state;
	first->verdict = EG_RULE_COUNT;
	assert_false(uses_protect(r));
	drop->even_protected = false;
	assert_true(uses_protect(r));
	drop->verdict = EG_RULE_REJECT;
	assert_true(uses_protect(r));
	drop->verdict = EG_RULE_PASS;
	assert_false(uses_protect(r));
	drop->verdict = EG_RULE_ANSWER;
	assert_false(uses_protect(r));
	drop->verdict = EG_RULE_DROP;
	drop->kind = one_kind(0, KIND_ARP, KIND_ARP);
	assert_true(uses_protect(r));
	drop->kind.negated = true;
	assert_true(uses_protect(r));
	drop->kind = one_kind(0, KIND_NON_IP, KIND_NON_IP);
	assert_false(uses_protect(r));
	drop->kind = one_kind(0, 2, 2);
	assert_true(uses_protect(r));
	drop->family = 6;
	assert_false(uses_protect(r));
	drop->family = 0;
	drop->kind = one_kind(4, 1, 1);
	assert_false(uses_protect(r));
	drop->type = one_range(135, 135);
	assert_false(uses_protect(r));
	drop->kind = one_kind(6, 58, 58);
	for (size_t i = 0; i < ARRAY_SIZE(icmp6); i++) {
		drop->type = one_range(icmp6[i].type, icmp6[i].type);
		assert_int_equal(uses_protect(r), icmp6[i].is);
	}
	drop->kind.present = drop->type.present = false;
	/* What has ports or TCP's flags is none of them. */
	drop->flags = (struct flag_tests){ .present = true };
	assert_false(uses_protect(r));
	drop->flags.present = false;
	drop->sport = one_range(53, 53);
	assert_false(uses_protect(r));
	drop->sport.present = false;
	drop->dport = one_range(53, 53);
	assert_false(uses_protect(r));
	first->verdict = EG_RULE_PROTECT;
	assert_true(uses_protect(r));
	drop->even_protected = true;
	assert_false(uses_protect(r));
}

/* Without a file, and with one that holds no rule. */
static void test_no_rules(void **state)
{
	struct rules none = { .fallback = { EG_DEFAULT_ANSWER, EG_DEFAULT_PASS } };
	struct compiled c;

	(void)state;
	compile_well(&none, &c);
	assert_int_equal(c.rulesets[EG_INGRESS].used | c.rulesets[EG_EGRESS].used, 0);
	assert_int_equal(c.table_count, 1);
	assert_int_equal(c.table[0], 0);
	assert_int_equal(c.vector_count, 1);
	compiled__free(&c);
	none.given = true;
	none.fallback[EG_INGRESS] = EG_DEFAULT_DROP;
	compile_well(&none, &c);
	compiled__free(&c);
}

/* Vectors and lists ---------------------------------------------------- */

static void test_vectors(void **state)
{
	struct rules *r = make_rules(EG_RULES_MAX, 0);
	struct packet p = plain(IP4, 6);
	struct compiled c;

	(void)state;
	/* All the same: a vector with all of them beside the empty one. */
	for (size_t n = 0; n < EG_RULES_MAX; n++) {
		r->list[EG_INGRESS][n]->kind = one_kind(0, 6, 6);
		r->list[EG_INGRESS][n]->dport = one_range(80, 443);
		r->list[EG_INGRESS][n]->from = one_prefix(prefix_of(&addresses[1], 24));
	}
	compile_well(r, &c);
	assert_int_equal(c.vector_count, 2);
	assert_int_equal(c.vectors[1].summary, ~0ULL);
	assert_int_equal(built.lists, 1);
	compiled__free(&c);

	/* All different, and the last one decides. */
	for (__u32 n = 0; n < EG_RULES_MAX; n++)
		r->list[EG_INGRESS][n]->dport = one_range(n, n);
	compile_well(r, &c);
	assert_int_equal(c.vector_count, 2 + EG_RULES_MAX);
	p.dport = EG_RULES_MAX - 1;
	assert_true(agree(r, &c, EG_INGRESS, &p));
	p.dport = EG_RULES_MAX;
	assert_false(agree(r, &c, EG_INGRESS, &p));
	compiled__free(&c);
}

/* Sets that rules never tell apart are one list; a set that stands alone isn't copied. */
static void test_lists(void **state)
{
	struct rules *r = make_rules(3, 1);
	struct set *s[3] = { make_set(3), make_set(3), make_set(3) };
	struct prefix inside = prefix_of(&addresses[2], 32);
	struct compiled c;

	(void)state;
	put(s[0], &addresses[1], 16);
	put(s[0], &addresses[4], 16);
	put(s[1], &addresses[1], 24);
	put(s[1], &addresses[7], 64);
	put(s[2], &addresses[10], 16);
	put(s[2], &addresses[2], 32);
	r->list[EG_INGRESS][0]->from = some_sets(s, 3);
	r->list[EG_INGRESS][1]->to = some_sets((struct set *[]){ s[2], s[1], s[0], s[2] }, 4);
	r->list[EG_EGRESS][0]->from = some_sets(s, 3);
	compile_well(r, &c);
	assert_int_equal(built.lists, 1);
	assert_int_equal(built.prefixes, 6);
	assert_int_equal(c.prefixes.class_count, 2);
	compiled__free(&c);

	/* A rule for one of them splits it off. */
	r->list[EG_INGRESS][2]->to = some_sets(&s[1], 1);
	compile_well(r, &c);
	assert_int_equal(built.lists, 2);
	assert_int_equal(built.prefixes, 6);
	compiled__free(&c);

	/* The same prefix, in a rule and as the whole of a set. */
	s[1]->prefixes.count = 0;
	s[1]->prefixes.list[s[1]->prefixes.count++] = inside;
	r->list[EG_EGRESS][0]->from = one_prefix(inside);
	compile_well(r, &c);
	assert_int_equal(built.lists, 2);
	compiled__free(&c);

	r = make_rules(2, 0);
	r->list[EG_INGRESS][0]->from = some_sets(s, 1);
	r->list[EG_INGRESS][1]->from = some_sets(s, 1);
	r->list[EG_INGRESS][1]->from.negated = true;
	compile_well(r, &c);
	assert_int_equal(built.lists, 1);
	assert_ptr_equal(built.borrowed, s[0]->prefixes.list);
	compiled__free(&c);
}

/* Limits --------------------------------------------------------------- */

static const struct eg_rule *compile_rule(struct rules *r, struct compiled *c)
{
	compile_well(r, c);
	return &c->rules[0];
}

static void test_limit(void **state)
{
	static const struct {
		struct limit limit;
		__u64 gap, depth;
		__u32 batch;
		bool precise;
	} rows[] = {
		{ { 1, 1000, 1, 100 }, 1000000, 100000000, 1, false },
		{ { 1, 1, 60, 5 }, 60 * 1000000000ULL, 300 * 1000000000ULL, 1, false },
		{ { 1, 1, 3600, 1 }, 3600 * 1000000000ULL, 3600 * 1000000000ULL, 1, false },
		{ { 1, 3, 1, 1 }, 333333333, 333333333, 1, false },
		{ { 1, 600, 1, 5 }, 1666667, 8333335, 1, false },
		/* 1,000,000 / 8,192 is 122; an eighth of the burst is the most for four CPUs. */
		{ { 1, 1000000, 1, 100000 }, 1000, 100000000, 122, false },
		{ { 1, 1000000, 1, 8000 }, 1000, 8000000, 122, false },
		{ { 1, 1000000, 1, 7999 }, 1000, 7999000, 122, true },
		{ { 1, 1000000, 1, 800 }, 1000, 800000, 100, true },
		{ { 1, 1000000, 1, 7 }, 1000, 7000, 1, true },
		{ { 1, 60000000, 60, 100000 }, 1000, 100000000, 122, false },
		/* The most that the parser allows. */
		{ { 1, 100000000, 1, 100000000 }, 10, 1000000000, 12207, false },
	};
	struct compiled c;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rules *r = make_rules(1, 0);
		const struct eg_rule *out;

		r->list[EG_INGRESS][0]->limit = rows[i].limit;
		out = compile_rule(r, &c);
		assert_int_equal(out->gap, rows[i].gap);
		assert_int_equal(out->depth, rows[i].depth);
		assert_int_equal(out->batch, rows[i].batch);
		assert_int_equal(out->flags,
				 EG_RULE_LIMIT | (rows[i].precise ? EG_RULE_PRECISE : 0));
		assert_int_equal(out->source_gap | out->source_depth, 0);
		compiled__free(&c);
	}
}

static void test_per_source(void **state)
{
	struct rules *r = make_rules(1, 0);
	struct rule *rule = r->list[EG_INGRESS][0];
	const struct eg_rule *out;
	struct compiled c;

	(void)state;
	rule->per_source = (struct limit){ 1, 50, 1, 10 };
	rule->source4 = 24;
	rule->source6 = 56;
	out = compile_rule(r, &c);
	assert_int_equal(out->flags, EG_RULE_SOURCE);
	assert_int_equal(out->source_gap, 20000000 / 64);
	assert_int_equal(out->source_depth, 10 * 20000000 / 64);
	assert_int_equal(out->source4, 24);
	assert_int_equal(out->source6, 56);
	assert_int_equal(out->gap | out->depth | out->batch, 0);
	compiled__free(&c);

	rule->per_source = (struct limit){ 1, 1, 3600, 1 };
	out = compile_rule(r, &c);
	assert_true(out->source_depth == 3600 * 15625000ULL);
	compiled__free(&c);
	rule->per_source = (struct limit){ 1, 10000, 1, 79 };
	assert_int_equal(compile_rule(r, &c)->flags, EG_RULE_SOURCE | EG_RULE_PRECISE);
	compiled__free(&c);
	rule->limit = (struct limit){ 1, 1000, 1, 100 };
	assert_int_equal(compile_rule(r, &c)->flags,
			 EG_RULE_SOURCE | EG_RULE_LIMIT | EG_RULE_PRECISE);
	compiled__free(&c);
}

/* What holds a rule back, and that a ruleset without it says so. */
static void test_held(void **state)
{
	struct rules *r = make_rules(1, 0);
	struct rule *rule = r->list[EG_INGRESS][0];
	const struct eg_rule *out;
	struct compiled c;

	(void)state;
	rule->limit = (struct limit){ 1, 1000, 1, 100 };
	out = compile_rule(r, &c);
	assert_int_equal(out->above_gap | out->above_depth | out->above_hold | out->gate, 0);
	assert_int_equal(c.rulesets[EG_INGRESS].held, 0);
	compiled__free(&c);
	rule->limit.present = false;
	rule->above = (struct limit){ 1, 1000, 1, 100 };
	out = compile_rule(r, &c);
	assert_int_equal(out->flags, EG_RULE_ABOVE);
	assert_int_equal(out->above_gap, 1000000);
	assert_int_equal(out->above_depth, 100000000);
	assert_int_equal(out->above_hold, 1000000000);
	assert_int_equal(out->gap | out->depth, 0);
	assert_int_equal(c.rulesets[EG_INGRESS].held, 1);
	assert_int_equal(c.rulesets[EG_EGRESS].held, 0);
	compiled__free(&c);
	/* A burst that takes longer than a second is waited for at half the rate. */
	rule->above = (struct limit){ 1, 60, 60, 5 };
	out = compile_rule(r, &c);
	assert_true(out->above_hold == 10 * 1000000000ULL);
	compiled__free(&c);
	rule->above = (struct limit){ 1, 100000, 1, 10 };
	assert_int_equal(compile_rule(r, &c)->flags, EG_RULE_ABOVE | EG_RULE_PRECISE);
	compiled__free(&c);
	rule->above.present = false;
	rule->check = (struct check){ .kind = CHECK_FILE, .name = "/x", .id = 77 };
	out = compile_rule(r, &c);
	assert_int_equal(out->flags, EG_RULE_GATE);
	assert_int_equal(out->gate, 77);
	assert_int_equal(c.rulesets[EG_INGRESS].held, 1);
	compiled__free(&c);
}

/* As many gates as the map has room for; rules that share one don't count. */
static void test_gates(void **state)
{
	struct rules *r = make_rules(EG_GATES_MAX + 2, 0);
	struct compiled c;

	(void)state;
	for (int i = 0; i < EG_GATES_MAX + 2; i++)
		r->list[EG_INGRESS][i]->check = (struct check){
			.kind = CHECK_FILE, .name = "/x", .id = 5 + i % EG_GATES_MAX,
		};
	compile_well(r, &c);
	compiled__free(&c);
	r->list[EG_INGRESS][0]->check.id = 1;
	assert_int_equal(compile(r, "eth0", TICK, CPUS, &c), USAGE);
	compiled__free(&c);
}

static void test_flags(void **state)
{
	struct rules *r = make_rules(1, 0);
	struct rule *rule = r->list[EG_INGRESS][0];
	struct set *set = make_set(1);
	const struct eg_rule *out;
	struct compiled c;

	(void)state;
	rule->sample = 100;
	rule->reject = EG_REJECT_TCP_RESET;
	out = compile_rule(r, &c);
	assert_int_equal(out->flags, EG_RULE_SAMPLE);
	assert_int_equal(out->sample, 100);
	assert_int_equal(out->reject, 0);
	compiled__free(&c);

	rule->sample = 1;
	rule->verdict = EG_RULE_REJECT;
	out = compile_rule(r, &c);
	assert_int_equal(out->flags, 0);
	assert_int_equal(out->reject, EG_REJECT_TCP_RESET);
	compiled__free(&c);

	rule->verdict = EG_RULE_ANSWER;
	assert_int_equal(compile_rule(r, &c)->flags, 0);
	compiled__free(&c);
	rule->to = (struct endpoint){ .present = true, .local = true };
	assert_int_equal(compile_rule(r, &c)->flags, 0);
	compiled__free(&c);
	rule->to = some_sets(&set, 1);
	assert_int_equal(compile_rule(r, &c)->flags, EG_RULE_FOREIGN);
	compiled__free(&c);
	rule->to = one_prefix(prefix_of(&addresses[1], 24));
	assert_int_equal(compile_rule(r, &c)->flags, EG_RULE_FOREIGN);
	compiled__free(&c);
	rule->verdict = EG_RULE_DROP;
	assert_int_equal(compile_rule(r, &c)->flags, 0);
	compiled__free(&c);
}

/* What fails ----------------------------------------------------------- */

static void test_too_many(void **state)
{
	struct rules *r = make_rules(4000, 97);
	struct compiled c;

	(void)state;
	assert_int_equal(compile(r, "eth0", TICK, CPUS, &c), USAGE);
	assert_string_equal(reported, "eth0: 4097 rules; at most 4096 are possible, both directions "
				      "together");
	compiled__free(&c);
	built.fail = -E2BIG;
	r = make_rules(1, 0);
	assert_int_equal(compile(r, "eth0", TICK, CPUS, &c), USAGE);
	assert_non_null(strstr(reported, "more than 65534 ways"));
	compiled__free(&c);
}

/* Whichever allocation fails, one line says so and nothing leaks. */
static void test_no_memory(void **state)
{
	struct compiled c;
	struct rules *r;
	int failed = 0;

	(void)state;
	seed = RND_SEED + 4;
	r = random_rules(100, 100);
	for (long n = 0;; n++) {
		enum status st;

		reported[0] = 0;
		allocations_left = n;
		st = compile(r, "eth0", TICK, CPUS, &c);
		allocations_left = -1;
		compiled__free(&c);
		if (!st)
			break;
		failed++;
		assert_int_equal(st, FAILED);
		assert_string_equal(reported, "eth0: rules: Cannot allocate memory");
	}
	assert_true(failed > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_few_rules, release),
		cmocka_unit_test_teardown(test_one_word, release),
		cmocka_unit_test_teardown(test_many_rules, release),
		cmocka_unit_test_teardown(test_every_value, release),
		cmocka_unit_test_teardown(test_edges, release),
		cmocka_unit_test_teardown(test_used, release),
		cmocka_unit_test_teardown(test_header, release),
		cmocka_unit_test_teardown(test_simple, release),
		cmocka_unit_test_teardown(test_protect, release),
		cmocka_unit_test_teardown(test_no_rules, release),
		cmocka_unit_test_teardown(test_vectors, release),
		cmocka_unit_test_teardown(test_lists, release),
		cmocka_unit_test_teardown(test_limit, release),
		cmocka_unit_test_teardown(test_held, release),
		cmocka_unit_test_teardown(test_gates, release),
		cmocka_unit_test_teardown(test_per_source, release),
		cmocka_unit_test_teardown(test_flags, release),
		cmocka_unit_test_teardown(test_too_many, release),
		cmocka_unit_test_teardown(test_no_memory, release),
	};

	return TAP_RUN("compile", tests);
}
