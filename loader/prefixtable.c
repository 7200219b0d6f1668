// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of prefixes become one table: sorted, a prefix follows all that cover it,
 * so one walk with a stack tells every prefix its class. What adds nothing to its
 * cover is left out; the rest is hashed into buckets. IPv4 addresses
 * are the upper 32 of 128 bits until buckets are written.
 */
#include "prefixtable.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* With so few lengths trying all of them is cheaper than asking a first table. */
#define FEW_LENGTHS	2

#define TOP4_BITS	16
#define TOP6_BITS	32
#define CELLS6_MIN	1024

/* Entries to a bucket on average, tenths: few enough that nine of ten stand in their first. */
#define LOAD4		100
#define LOAD6		18

#define CLASS_SLOTS	(2 * (CLASS_MAX + 1))

/* How often an entry may push out another before the seed is blamed. */
#define MOVES_MAX	500
#define TRIES_MAX	64

/* A prefix of a list; after the walk, of the table. */
struct entry {
	__u64 key[2];
	__u32 length;
	__u32 value;			/* list, then class */
};

struct entries {
	struct entry *list;
	size_t count;
};

/* All classes there are, found by a hash of their members. */
struct classes {
	struct prefix_table *table;
	size_t room;
	__u32 *slots;			/* class; 0: free */
};

/* Places for entries: `slots` of a bucket stand together and hold 1 + index. */
struct nest {
	__u64 *hash;			/* of each entry */
	__u32 *slots;
	__u32 buckets;
	unsigned int ways;
};

static void mask_of(unsigned int length, __u64 mask[2])
{
	mask[0] = length >= 64 ? ~0ull : ~(~0ull >> length);
	mask[1] = length >= 128 ? ~0ull : length <= 64 ? 0 : ~(~0ull >> (length - 64));
}

static bool covers(const struct entry *a, const struct entry *b)
{
	__u64 mask[2];

	mask_of(a->length, mask);
	return !((a->key[0] ^ b->key[0]) & mask[0]) && !((a->key[1] ^ b->key[1]) & mask[1]);
}

static bool same_prefix(const struct entry *a, const struct entry *b)
{
	return a->key[0] == b->key[0] && a->key[1] == b->key[1] && a->length == b->length;
}

static bool in_order(const struct entry *a, const struct entry *b)
{
	if (a->key[0] != b->key[0])
		return a->key[0] < b->key[0];
	if (a->key[1] != b->key[1])
		return a->key[1] < b->key[1];
	return a->length <= b->length;
}

/* Sorting -------------------------------------------------------------------- */

/* Byte `digit` of what entries are sorted by, the least significant first. */
static __u8 digit_of(const struct entry *e, unsigned int digit)
{
	if (digit == 0)
		return e->length;
	return digit <= 8 ? e->key[1] >> (8 * (digit - 1)) : e->key[0] >> (8 * (digit - 9));
}

/* By address, then length; byte by byte, skipping those in which all are the same. */
static int entries__sort(struct entries *e)
{
	struct entry *from = e->list, *to, differ = {};
	bool sorted = true;

	for (size_t i = 1; i < e->count; i++) {
		differ.key[0] |= from[i].key[0] ^ from[0].key[0];
		differ.key[1] |= from[i].key[1] ^ from[0].key[1];
		differ.length |= from[i].length ^ from[0].length;
		sorted &= in_order(&from[i - 1], &from[i]);
	}
	if (sorted)
		return 0;
	to = malloc(e->count * sizeof(*to));
	if (!to)
		return -ENOMEM;
	for (unsigned int digit = 0; digit < 17; digit++) {
		size_t start[256] = {}, sum = 0;
		struct entry *swap = from;

		if (!digit_of(&differ, digit))
			continue;
		for (size_t i = 0; i < e->count; i++)
			start[digit_of(&from[i], digit)]++;
		for (int i = 0; i < 256; i++) {
			size_t count = start[i];

			start[i] = sum;
			sum += count;
		}
		for (size_t i = 0; i < e->count; i++)
			to[start[digit_of(&from[i], digit)]++] = from[i];
		from = to;
		to = swap;
	}
	free(to);
	e->list = from;
	return 0;
}

/* Classes -------------------------------------------------------------------- */

static int classes__init(struct classes *c, struct prefix_table *t, size_t lists)
{
	c->table = t;
	c->room = 16;
	t->words = (lists + 63) / 64 ?: 1;
	t->members = calloc(c->room, t->words * sizeof(*t->members));
	c->slots = calloc(CLASS_SLOTS, sizeof(*c->slots));
	if (!t->members || !c->slots)
		return -ENOMEM;
	t->class_count = 1;
	return 0;
}

/* The class of members[class_count ...], which becomes one unless there is the same already. */
static int classes__intern(struct classes *c)
{
	struct prefix_table *t = c->table;
	const __u64 *new = t->members + t->class_count * t->words;
	size_t size = t->words * sizeof(*new), slot;
	__u64 hash = 0;

	for (size_t i = 0; i < t->words; i++) {
		hash = (hash ^ new[i]) * 0xbf58476d1ce4e5b9;
		hash ^= hash >> 32;
	}
	for (slot = hash % CLASS_SLOTS; c->slots[slot]; slot = (slot + 1) % CLASS_SLOTS)
		if (!memcmp(t->members + c->slots[slot] * t->words, new, size))
			return c->slots[slot];
	if (t->class_count > CLASS_MAX)
		return -E2BIG;
	c->slots[slot] = t->class_count;
	return t->class_count++;
}

/* The class of what belongs to `parent` and to the lists of `e`. */
static int classes__find(struct classes *c, __u32 parent, const struct entry *e, size_t count)
{
	struct prefix_table *t = c->table;
	__u64 *new;

	if (t->class_count == c->room) {
		new = reallocarray(t->members, 2 * c->room, t->words * sizeof(*new));
		if (!new)
			return -ENOMEM;
		t->members = new;
		c->room *= 2;
	}
	new = t->members + t->class_count * t->words;
	memcpy(new, t->members + parent * t->words, t->words * sizeof(*new));
	for (size_t i = 0; i < count; i++)
		new[e[i].value / 64] |= 1ull << e[i].value % 64;
	return classes__intern(c);
}

/* Leaves, in place, the entries of the table. `distinct` prefixes were there. */
static int entries__classify(struct entries *e, struct classes *c, size_t *distinct)
{
	struct entry stack[129];
	size_t count = 0, depth = 0, next;

	for (size_t i = 0; i < e->count; i = next) {
		struct entry here = e->list[i];
		__u32 parent;
		int class;

		for (next = i + 1; next < e->count && same_prefix(&e->list[next], &here);)
			next++;
		while (depth && !covers(&stack[depth - 1], &here))
			depth--;
		parent = depth ? stack[depth - 1].value : 0;
		class = classes__find(c, parent, &e->list[i], next - i);
		if (class < 0)
			return class;
		++*distinct;
		if ((__u32)class == parent)
			continue;
		here.value = class;
		stack[depth++] = here;
		e->list[count++] = here;
	}
	e->count = count;
	return 0;
}

static void entries__count(const struct prefixes *const *lists, size_t count, int family,
			   struct entries *e)
{
	for (size_t l = 0; l < count; l++)
		for (size_t i = 0; i < lists[l]->count; i++)
			e->count += lists[l]->list[i].family == family;
}

/* All prefixes of one family, sorted and classified. */
static int entries__make(struct entries *e, const struct prefixes *const *lists, size_t count,
			 int family, struct classes *c, size_t *distinct)
{
	struct entry *to;
	int err;

	entries__count(lists, count, family, e);
	e->list = to = malloc((e->count ?: 1) * sizeof(*e->list));
	if (!to)
		return -ENOMEM;
	for (size_t l = 0; l < count; l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct prefix *p = &lists[l]->list[i];

			if (p->family != family)
				continue;
			*to++ = (struct entry){
				.key[0] = (__u64)eg_ntohl(p->addr[0]) << 32 | eg_ntohl(p->addr[1]),
				.key[1] = (__u64)eg_ntohl(p->addr[2]) << 32 | eg_ntohl(p->addr[3]),
				.length = p->length,
				.value = l,
			};
		}
	}
	err = entries__sort(e);
	return err ?: entries__classify(e, c, distinct);
}

/* Buckets -------------------------------------------------------------------- */

static bool nest__put(struct nest *n, __u32 bucket, __u32 entry)
{
	__u32 *slot = n->slots + (size_t)bucket * n->ways;

	for (unsigned int i = 0; i < n->ways; i++) {
		if (!slot[i]) {
			slot[i] = entry + 1;
			return true;
		}
	}
	return false;
}

/* Into the first of its buckets if there is room, or the second, or else somebody has to move. */
static bool nest__settle(struct nest *n, __u32 entry)
{
	__u32 bucket = eg_prefix_home(n->hash[entry], n->buckets);

	if (nest__put(n, bucket, entry))
		return true;
	for (unsigned int move = 0; move < MOVES_MAX; move++) {
		__u32 home = eg_prefix_home(n->hash[entry], n->buckets), *slot, out;

		bucket = bucket == home ? eg_prefix_other(n->hash[entry], n->buckets) : home;
		if (nest__put(n, bucket, entry))
			return true;
		slot = n->slots + (size_t)bucket * n->ways + (entry + move) % n->ways;
		out = *slot - 1;
		*slot = entry + 1;
		entry = out;
	}
	return false;
}

static __u32 buckets_for(size_t count, unsigned int load, unsigned int tries)
{
	return (count * 10 / load + 2) * (8 + tries) / 8;
}

/* A place for every entry. -EAGAIN: not with this seed. */
static int nest__build(struct nest *n, const struct entries *e, __u64 seed,
		       __u64 (*hash)(const struct entry *, __u64), unsigned int ways,
		       __u32 buckets)
{
	*n = (struct nest){ .ways = ways, .buckets = buckets };
	n->hash = malloc((e->count ?: 1) * sizeof(*n->hash));
	n->slots = calloc((size_t)n->buckets * n->ways, sizeof(*n->slots));
	if (!n->hash || !n->slots)
		return -ENOMEM;
	for (size_t i = 0; i < e->count; i++)
		n->hash[i] = hash(&e->list[i], seed);
	for (size_t i = 0; i < e->count; i++)
		if (!nest__settle(n, i))
			return -EAGAIN;
	return 0;
}

static void nest__free(struct nest *n)
{
	free(n->hash);
	free(n->slots);
	*n = (struct nest){};
}

/* IPv4 ----------------------------------------------------------------------- */

static __u32 entry_key4(const struct entry *e)
{
	return eg_prefix4_key(e->key[0] >> 32, 32 - e->length);
}

static __u64 entry_hash4(const struct entry *e, __u64 seed)
{
	return eg_prefix4_hash(seed, entry_key4(e));
}

/* Prefixes up to /16 are written out, a later one over those that cover it. */
static void fill_top4(struct prefix_table *t, const struct entries *e)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct entry *p = &e->list[i];
		__u32 first = p->key[0] >> 48;

		if (p->length > TOP4_BITS) {
			t->top4[first / 16].cell[first % 16] |= 1u << (32 - p->length);
			continue;
		}
		for (__u32 cell = first; cell < first + (1u << (TOP4_BITS - p->length)); cell++)
			t->top4[cell / 16].cell[cell % 16] = p->value << 16;
	}
}

/* The first table; only what is longer than /16 remains among the entries. */
static int build_top4(struct prefix_table *t, struct entries *e)
{
	struct eg_prefix_info *info = &t->info;
	size_t count = 0;
	__u32 lengths = 0;

	for (size_t i = 0; i < e->count; i++) {
		if (e->list[i].length <= TOP4_BITS)
			info->top4 = 1;
		else
			lengths |= 1u << (32 - e->list[i].length);
	}
	info->top4 |= __builtin_popcount(lengths) > FEW_LENGTHS;
	if (!info->top4) {
		info->always4 = lengths;
		info->longest4 = eg_first_bit(lengths);
	}
	t->top4_count = info->top4 ? (1 << TOP4_BITS) / 16 : 1;
	t->top4 = calloc(t->top4_count, sizeof(*t->top4));
	if (!t->top4)
		return -ENOMEM;
	if (!info->top4)
		return 0;
	fill_top4(t, e);
	for (size_t i = 0; i < e->count; i++)
		if (e->list[i].length > TOP4_BITS)
			e->list[count++] = e->list[i];
	e->count = count;
	return 0;
}

static int write4(struct prefix_table *t, const struct entries *e, const struct nest *n)
{
	bool mixed = false;

	for (size_t i = 1; i < e->count; i++)
		mixed |= e->list[i].value != e->list[0].value;
	t->info.buckets4 = t->bucket4_count = n->buckets;
	t->buckets4 = calloc(n->buckets, sizeof(*t->buckets4));
	t->mixed4_count = mixed ? n->buckets : 1;
	t->mixed4 = calloc(t->mixed4_count, sizeof(*t->mixed4));
	if (!t->buckets4 || !t->mixed4)
		return -ENOMEM;
	for (size_t i = 0; i < (size_t)n->buckets * n->ways; i++) {
		struct eg_bucket4 *b = &t->buckets4[i / n->ways];
		unsigned int way = i % n->ways;
		const struct entry *p;
		__u32 home;
		__u64 hash;
		__u8 tag;

		if (!n->slots[i])
			continue;
		p = &e->list[n->slots[i] - 1];
		hash = n->hash[n->slots[i] - 1];
		b->key[way] = entry_key4(p);
		tag = eg_prefix4_tag(hash, 32 - p->length);
		if (way < 8)
			b->tags |= (__u64)tag << (8 * way);
		else
			b->tags8 |= (__u32)tag << (8 * (way - 8));
		b->class = !b->class || b->class == p->value ? p->value : EG_CLASS_MIXED;
		if (mixed)
			t->mixed4[i / n->ways].class[way] = p->value;
		home = eg_prefix_home(hash, n->buckets);
		if (home != i / n->ways)
			t->buckets4[home].spills = 1;
	}
	return 0;
}

/* IPv6 ----------------------------------------------------------------------- */

static __u64 entry_hash6(const struct entry *e, __u64 seed)
{
	return eg_prefix6_hash(seed, e->key[0], e->key[1], e->length);
}

/* ::/0 is the class of all that nothing else is said of. */
static void take_base6(struct prefix_table *t, struct entries *e)
{
	if (!e->count || e->list[0].length)
		return;
	t->info.base6 = e->list[0].value;
	e->count--;
	memmove(e->list, e->list + 1, e->count * sizeof(*e->list));
}

/* The lengths that occur, the longest first, and the bit of each. Returns how many. */
static unsigned int number_lengths(struct eg_prefix_info *info, const struct entries *e,
				   __u8 bit[129])
{
	bool occurs[129] = {};
	unsigned int count = 0;

	/* The last bit may have no second length: none is so long. */
	memset(info->length6, 255, sizeof(info->length6));
	for (size_t i = 0; i < e->count; i++)
		occurs[e->list[i].length] = true;
	for (int length = 128; length > 0; length--) {
		if (!occurs[length])
			continue;
		info->length6[count] = length;
		mask_of(length, info->mask6[count]);
		count++;
	}
	info->share6 = count > 64 ? 2 : 1;
	info->bits6 = (count + info->share6 - 1) / info->share6;
	for (unsigned int i = 0; i < count; i++)
		bit[info->length6[i]] = i / info->share6;
	return count;
}

/* The first table; info.seed must be settled. */
static int build_top6(struct prefix_table *t, const struct entries *e)
{
	struct eg_prefix_info *info = &t->info;
	__u32 tops = 0, last = 0;
	__u8 bit[129] = {};
	bool few;

	few = number_lengths(info, e, bit) <= FEW_LENGTHS;
	for (size_t i = 0; i < e->count; i++) {
		__u32 top = e->list[i].key[0] >> 32;

		if (few || e->list[i].length <= TOP6_BITS) {
			info->always6 |= 1ull << bit[e->list[i].length];
			continue;
		}
		tops += !tops || top != last;
		last = top;
	}
	if (tops) {
		/* Half of the cells stay empty, and send away who has no business here. */
		tops = 2 * tops > CELLS6_MIN ? 2 * tops : CELLS6_MIN;
		info->cells6 = (tops + 7) & ~7u;
	}
	t->top6_count = info->cells6 / 8 ?: 1;
	t->top6 = calloc(t->top6_count, sizeof(*t->top6));
	if (!t->top6)
		return -ENOMEM;
	for (size_t i = 0; tops && i < e->count; i++) {
		const struct entry *p = &e->list[i];
		__u32 cell = eg_prefix6_cell(info->seed, p->key[0] >> 32, info->cells6);

		if (p->length > TOP6_BITS)
			t->top6[cell / 8].cell[cell % 8] |= 1ull << bit[p->length];
	}
	return 0;
}

static int write6(struct prefix_table *t, const struct entries *e, const struct nest *n)
{
	t->info.buckets6 = t->bucket6_count = n->buckets;
	t->buckets6 = calloc(n->buckets, sizeof(*t->buckets6));
	if (!t->buckets6)
		return -ENOMEM;
	for (size_t i = 0; i < (size_t)n->buckets * n->ways; i++) {
		struct eg_bucket6 *b = &t->buckets6[i / n->ways];
		unsigned int way = i % n->ways;
		const struct entry *p;
		__u32 home;

		if (!n->slots[i])
			continue;
		p = &e->list[n->slots[i] - 1];
		memcpy(b->key[way], p->key, sizeof(p->key));
		b->class[way] = p->value;
		b->length[way] = p->length;
		home = eg_prefix_home(n->hash[n->slots[i] - 1], n->buckets);
		if (home != i / n->ways)
			t->buckets6[home].spills = 1;
	}
	return 0;
}

/* All of it ------------------------------------------------------------------ */

/* Finds a seed with which everything has a place; hardly ever is the first one bad. */
static int settle(struct prefix_table *t, const struct entries *e4, struct nest *n4,
		  const struct entries *e6, struct nest *n6)
{
	int err = -EAGAIN;

	for (unsigned int try = 0; err == -EAGAIN && try < TRIES_MAX; try++) {
		__u64 seed;

		nest__free(n4);
		nest__free(n6);
		if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
			return -EIO;
		t->info.seed = seed | 1;
		err = nest__build(n4, e4, t->info.seed, entry_hash4, EG_BUCKET4_WAYS,
				  buckets_for(e4->count, LOAD4, try));
		err = err ?: nest__build(n6, e6, t->info.seed, entry_hash6, EG_BUCKET6_WAYS,
					 buckets_for(e6->count, LOAD6, try));
	}
	return err;
}

int prefix_table__build(const struct prefixes *const *lists, size_t count,
			struct prefix_table *t)
{
	struct entries e4 = {}, e6 = {};
	struct nest n4 = {}, n6 = {};
	struct classes c = {};
	int err;

	memset(t, 0, sizeof(*t));
	err = classes__init(&c, t, count);
	err = err ?: entries__make(&e4, lists, count, AF_INET, &c, &t->prefix4_count);
	err = err ?: entries__make(&e6, lists, count, AF_INET6, &c, &t->prefix6_count);
	if (err)
		goto cleanup;
	take_base6(t, &e6);
	err = build_top4(t, &e4);
	err = err ?: settle(t, &e4, &n4, &e6, &n6);
	err = err ?: build_top6(t, &e6);
	err = err ?: write4(t, &e4, &n4);
	err = err ?: write6(t, &e6, &n6);
cleanup:
	nest__free(&n4);
	nest__free(&n6);
	free(e4.list);
	free(e6.list);
	free(c.slots);
	return err;
}

void prefix_table__free(struct prefix_table *t)
{
	free(t->top4);
	free(t->buckets4);
	free(t->mixed4);
	free(t->top6);
	free(t->buckets6);
	free(t->members);
	memset(t, 0, sizeof(*t));
}

size_t prefix_table__memory(const struct prefix_table *t)
{
	return t->top4_count * sizeof(*t->top4) + t->bucket4_count * sizeof(*t->buckets4) +
	       t->mixed4_count * sizeof(*t->mixed4) +
	       t->top6_count * sizeof(*t->top6) + t->bucket6_count * sizeof(*t->buckets6);
}
