// SPDX-License-Identifier: GPL-2.0-only
#include "sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/membarrier.h>
#include <sys/random.h>
#include <sys/syscall.h>

#define GRACE_NS	10000000

/* Elements of a map as an array: each a key, and the value behind it unless that means nothing. */
struct shape {
	size_t key, value;
	int (*compare)(const void *a, const void *b);
};

static const struct shape vlan_shape = {
	sizeof(struct eg_vlan_key), sizeof(struct eg_vlan), vlan__compare,
};
static const struct shape metrics_shape = {
	sizeof(struct eg_metrics_key), 0, metrics__compare,
};

static size_t size_of(const struct shape *s)
{
	return s->key + s->value;
}

/* The caller frees *list. -errno. */
static int read_map(int map, const struct shape *s, void **list, size_t *count)
{
	size_t size = size_of(s);
	const char *last = NULL;
	char *more, *e;
	int err;

	*list = NULL;
	*count = 0;
	for (;;) {
		more = realloc(*list, (*count + 1) * size);
		if (!more) {
			err = -ENOMEM;
			break;
		}
		*list = more;
		e = more + *count * size;
		last = *count ? e - size : NULL;
		err = bpf_map_get_next_key(map, last, e);
		if (!err && s->value)
			err = bpf_map_lookup_elem(map, e, e + s->key);
		if (err)
			break;
		++*count;
	}
	if (err == -ENOENT) {
		qsort(*list, *count, size, s->compare);
		return 0;
	}
	free(*list);
	*list = NULL;
	*count = 0;
	return err;
}

static int put(int map, const struct shape *s, const char *e)
{
	static const __u32 unused;

	return bpf_map_update_elem(map, e, s->value ? e + s->key : (void *)&unused, BPF_ANY);
}

static const void *find(const struct shape *s, const void *key, const void *list, size_t count)
{
	return count ? bsearch(key, list, count, size_of(s), s->compare) : NULL;
}

/* What is new and what has another value. -errno; -ENOSPC: there is no room for all. */
static int put_new(int map, const struct shape *s, const void *held, size_t held_count,
		   const void *want, size_t want_count, bool *changed)
{
	bool full = false;
	int err = 0;

	for (size_t i = 0; !err && i < want_count; i++) {
		const char *e = (const char *)want + i * size_of(s);
		const char *was = find(s, e, held, held_count);

		if (was && !memcmp(was, e, size_of(s)))
			continue;
		*changed = true;
		err = put(map, s, e);
		if (err == -E2BIG || err == -ENOSPC) {
			full = true;
			err = 0;
		}
	}
	return err ?: full ? -ENOSPC : 0;
}

/* From what it holds to what it shall hold, which has room. -errno. */
static int follow(int map, const struct shape *s, const void *held, size_t held_count,
		  const void *want, size_t want_count, bool *changed)
{
	int err, full;

	full = put_new(map, s, held, held_count, want, want_count, changed);
	if (full && full != -ENOSPC)
		return full;
	for (size_t i = 0; i < held_count; i++) {
		const char *e = (const char *)held + i * size_of(s);

		if (find(s, e, want, want_count))
			continue;
		*changed = true;
		err = bpf_map_delete_elem(map, e);
		if (err && err != -ENOENT)
			return err;
	}
	return full ? put_new(map, s, held, held_count, want, want_count, changed) : 0;
}

static int copy_list(void **to, size_t *to_count, const void *from, size_t count, size_t size)
{
	void *copy = malloc(count * size ?: 1);

	if (!copy)
		return -ENOMEM;
	if (count)
		memcpy(copy, from, count * size);
	free(*to);
	*to = copy;
	*to_count = count;
	return 0;
}

static int follow_vlans(struct sync *s, const struct snapshot *snap, bool *changed)
{
	return follow(s->vlan_map, &vlan_shape, s->vlans, s->vlan_count, snap->vlans,
		      snap->vlan_count, changed) ?:
	       copy_list((void **)&s->vlans, &s->vlan_count, snap->vlans, snap->vlan_count,
			 sizeof(*snap->vlans));
}

static int follow_metrics(struct sync *s, const struct metrics *m, bool *changed)
{
	if (s->metrics.count == m->count &&
	    (!m->count || !memcmp(s->metrics.keys, m->keys, m->count * sizeof(*m->keys))))
		return 0;
	return follow(s->metrics_map, &metrics_shape, s->metrics.keys, s->metrics.count, m->keys,
		      m->count, changed) ?:
	       copy_list((void **)&s->metrics.keys, &s->metrics.count, m->keys, m->count,
			 sizeof(*m->keys));
}

/* Each store is one that a program may read: what is read together is stored together. */
static void store_config(struct eg_config *c, const struct eg_config *want)
{
	typedef __u64 __attribute__((may_alias)) word;

	_Static_assert(offsetof(struct eg_config, mac) % 8 == 0 &&
		       offsetof(struct eg_config, tai) == offsetof(struct eg_config, mac) + 8,
		       "MAC address, TTL and hop limit are one word");
	__atomic_store_n((word *)c->mac, *(const word *)want->mac, __ATOMIC_RELAXED);
	__atomic_store_n(&c->flags, want->flags, __ATOMIC_RELAXED);
	__atomic_store_n(&c->tai, want->tai, __ATOMIC_RELAXED);
	__atomic_store_n(&c->error4, want->error4, __ATOMIC_RELAXED);
	for (int i = 0; i < 4; i++)
		__atomic_store_n(&c->error6[i], want->error6[i], __ATOMIC_RELAXED);
}

static int new_salt(struct eg_config *c)
{
	__u64 salt;

	if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		return -EIO;
	__atomic_store_n(&c->path_salt, salt, __ATOMIC_RELEASE);
	return 0;
}

static void forget(struct sync *s)
{
	addresses__free(&s->held);
	addresses__free(&s->fresh);
	metrics__free(&s->metrics);
	free(s->vlans);
	s->vlans = NULL;
	s->known = false;
}

/* -errno */
static int learn(struct sync *s)
{
	int err;

	forget(s);
	err = read_map(s->vlan_map, &vlan_shape, (void **)&s->vlans, &s->vlan_count) ?:
	      read_map(s->metrics_map, &metrics_shape, (void **)&s->metrics.keys,
		       &s->metrics.count) ?:
	      addresses__read(s->addrs.data, &s->held);
	s->known = !err;
	return err;
}

int sync__retire(struct sync *s, const struct snapshot *snap, bool *wait)
{
	struct addresses gone;
	int err;

	err = (s->known ? 0 : learn(s)) ?:
	      addresses__compare(&s->held, &snap->addrs, &gone, &s->fresh);
	if (err)
		return err;
	addresses__remove(&gone, s->addrs.data);
	s->changed = s->changed || gone.count || s->fresh.count;
	*wait = *wait || (gone.count && s->fresh.count);
	s->known = false;
	addresses__free(&gone);
	return 0;
}

void sync__wait(void)
{
	static const struct timespec grace = { .tv_nsec = GRACE_NS };

	/* It waits for what RCU protects, and so do the kernel's BPF programs run. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&grace, NULL);
}

int sync__bring(struct sync *s, struct snapshot *snap, const struct metrics *metrics)
{
	struct eg_config *config = s->config.data;
	int err, salted = 0;

	/* What must be left alone comes before what may be answered. */
	err = follow_metrics(s, metrics, &s->changed) ?: follow_vlans(s, snap, &s->changed);
	if (!config__equal(config, &snap->config) || config->tai != snap->config.tai) {
		store_config(config, &snap->config);
		s->changed = true;
	}
	s->left_out = addresses__insert(&s->fresh, s->addrs.data);
	addresses__free(&s->fresh);
	addresses__free(&s->held);
	s->held = snap->addrs;
	memset(&snap->addrs, 0, sizeof(snap->addrs));
	s->known = !err && !s->left_out;
	if (s->changed)
		salted = new_salt(config);
	s->changed = salted;
	return err ?: salted;
}

bool sync__would_fit_more(const struct sync *s)
{
	struct eg_addrs *anew = malloc(sizeof(*anew));
	bool more;

	if (!anew)
		return false;
	more = addresses__build(&s->held, anew) < s->left_out;
	free(anew);
	return more;
}

const struct eg_config *sync__config(const struct sync *s)
{
	return s->config.data;
}

const struct eg_addrs *sync__addrs(const struct sync *s)
{
	return s->addrs.data;
}

void sync__init(struct sync *s)
{
	memset(s, 0, sizeof(*s));
	s->vlan_map = s->metrics_map = -1;
}

static int duplicate(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

int sync__open(struct sync *s, const struct instance *in)
{
	int err;

	sync__init(s);
	err = mapped__open(&s->config, in->maps[PIN_CONFIG], true) ?:
	      mapped__open(&s->addrs, in->maps[PIN_ADDRS], true);
	if (err)
		goto failed;
	if (s->config.stride != sizeof(struct eg_config) ||
	    s->addrs.stride != sizeof(struct eg_addrs)) {
		err = -EINVAL;
		goto failed;
	}
	err = s->vlan_map = duplicate(in->maps[PIN_VLANS]);
	if (err < 0)
		goto failed;
	err = s->metrics_map = duplicate(in->maps[PIN_METRICS]);
	if (err >= 0)
		return 0;
failed:
	sync__close(s);
	return err;
}

void sync__close(struct sync *s)
{
	mapped__close(&s->config);
	mapped__close(&s->addrs);
	close_fd(&s->vlan_map);
	close_fd(&s->metrics_map);
	forget(s);
	sync__init(s);
}
