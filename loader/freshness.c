// SPDX-License-Identifier: GPL-2.0-only
#include "freshness.h"
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

static struct eg_addrs *read_table(const struct instance *in)
{
	struct eg_addrs *table = calloc(1, sizeof(*table));
	__u32 zero = 0;

	if (table && (in->maps[PIN_ADDRS] < 0 ||
		      bpf_map_lookup_elem(in->maps[PIN_ADDRS], &zero, table))) {
		free(table);
		table = NULL;
	}
	return table;
}

/* Entries of a map; no more than one over @max are looked at. */
static size_t count_keys(int map, size_t max)
{
	__u8 key[sizeof(struct eg_metrics_key)], *last = NULL;
	size_t n = 0;

	while (n <= max && !bpf_map_get_next_key(map, last, key)) {
		last = key;
		n++;
	}
	return n;
}

static bool vlans_equal(int map, size_t count, const struct snapshot *snap)
{
	struct eg_vlan value;

	if (count != snap->vlan_count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (bpf_map_lookup_elem(map, &snap->vlans[i].key, &value) ||
		    memcmp(&value, &snap->vlans[i].value, sizeof(value)))
			return false;
	return true;
}

static bool metrics_equal(int map, size_t count, const struct metrics *m)
{
	__u32 unused;

	if (count != m->count)
		return false;
	/* A trie finds the longest prefix; as many as there are, each its own: the same. */
	for (size_t i = 0; i < count; i++)
		if (bpf_map_lookup_elem(map, &m->keys[i], &unused))
			return false;
	return true;
}

void freshness__count(const struct instance *in, struct freshness *f)
{
	struct eg_addrs *table = read_table(in);

	*f = (struct freshness){};
	if (table)
		f->addresses = (size_t)table->count4 + table->count6;
	if (in->maps[PIN_VLANS] >= 0)
		f->vlans = count_keys(in->maps[PIN_VLANS], EG_VLANS_MAX);
	if (in->maps[PIN_METRICS] >= 0)
		f->metrics = count_keys(in->maps[PIN_METRICS], EG_METRICS_MAX);
	free(table);
}

void freshness__compare(const struct instance *in, struct freshness *f)
{
	struct eg_addrs *table = read_table(in);
	struct snapshot snap = {};
	struct eg_config config;
	struct rtnl rt = {};
	__u32 zero = 0;
	bool same;

	if (table && in->maps[PIN_CONFIG] >= 0 && in->maps[PIN_VLANS] >= 0 &&
	    in->maps[PIN_METRICS] >= 0 &&
	    !bpf_map_lookup_elem(in->maps[PIN_CONFIG], &zero, &config) && !rtnl__open(&rt) &&
	    !snapshot__take(&rt, in->dir.ifindex, &snap) &&
	    !addresses__in_table(&snap.addrs, table, &same)) {
		f->compared = true;
		f->addresses_stale = !same;
		f->settings_stale = !config__equal(&config, &snap.config);
		f->vlans_stale = !vlans_equal(in->maps[PIN_VLANS], f->vlans, &snap);
		f->metrics_stale =
			!metrics_equal(in->maps[PIN_METRICS], f->metrics, &snap.metrics);
	}
	snapshot__free(&snap);
	rtnl__close(&rt);
	free(table);
}

bool freshness__stale(const struct freshness *f)
{
	return f->compared && (f->addresses_stale || f->settings_stale || f->vlans_stale ||
			       f->metrics_stale);
}
