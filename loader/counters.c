// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* What comes before the programs' working place is nothing but 64-bit numbers. */
#define WORDS		(offsetof(struct eg_counters, match) / sizeof(__u64))

static void add_words(struct eg_counters *to, const struct eg_counters *from)
{
	__u64 *t = (__u64 *)to;
	const __u64 *f = (const __u64 *)from;

	for (size_t i = 0; i < WORDS; i++)
		t[i] += f[i];
}

int reading__take(struct reading *r, const struct instance *in)
{
	int map = in->maps[PIN_COUNTERS];
	struct eg_counters *egress = NULL;
	int err = -ENOMEM;
	__u32 key;

	memset(r, 0, sizeof(*r));
	r->cpus = libbpf_num_possible_cpus();
	if (r->cpus < 0)
		return r->cpus;
	r->per_cpu = calloc(r->cpus, sizeof(*r->per_cpu));
	egress = calloc(r->cpus, sizeof(*egress));
	if (!r->per_cpu || !egress)
		goto cleanup;
	key = EG_INGRESS;
	err = bpf_map_lookup_elem(map, &key, r->per_cpu);
	key = EG_EGRESS;
	err = err ?: bpf_map_lookup_elem(map, &key, egress);
	/* A generation whose pins are damaged still counts. */
	err = err ?: rulelist__read(&r->rules, in);
	if (err == -ENODATA)
		err = 0;
	err = err ?: roundtrips__read(&r->roundtrips, in);
	if (err)
		goto cleanup;
	r->when = monotonic_ns();
	for (int i = 0; i < r->cpus; i++) {
		add_words(&r->sum[EG_INGRESS], &r->per_cpu[i]);
		add_words(&r->sum[EG_EGRESS], &egress[i]);
	}
cleanup:
	free(egress);
	if (err)
		reading__free(r);
	return err;
}

void reading__free(struct reading *r)
{
	rulelist__free(&r->rules);
	roundtrips__free(&r->roundtrips);
	free(r->per_cpu);
	r->per_cpu = NULL;
}

int readings__take(struct reading **out, const struct instances *all)
{
	struct reading *readings = calloc(all->count ?: 1, sizeof(*readings));
	int err = readings ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < all->count; i++)
		err = reading__take(&readings[i], &all->list[i]);
	if (err) {
		readings__free(readings, all->count);
		readings = NULL;
	}
	*out = readings;
	return err;
}

void readings__free(struct reading *readings, size_t count)
{
	for (size_t i = 0; readings && i < count; i++)
		reading__free(&readings[i]);
	free(readings);
}

__u64 per_second(__u64 value, __u64 ns)
{
	return (__u64)((double)value * SECOND / ns + 0.5);
}

static __u64 rate_of(__u64 before, __u64 now, __u64 ns)
{
	return per_second(now >= before ? now - before : now, ns);
}

static void rate_words(struct eg_counters *rate, const struct eg_counters *before,
		       const struct eg_counters *now, __u64 ns)
{
	const __u64 *b = (const __u64 *)before, *n = (const __u64 *)now;
	__u64 *r = (__u64 *)rate;

	for (size_t i = 0; i < WORDS; i++)
		r[i] = rate_of(b[i], n[i], ns);
}

int reading__rate(struct reading *rate, const struct reading *before, const struct reading *now)
{
	__u64 ns = now->when > before->when ? now->when - before->when : 1;

	*rate = *now;
	memset(&rate->rules, 0, sizeof(rate->rules));
	memset(&rate->roundtrips, 0, sizeof(rate->roundtrips));
	rate->per_cpu = calloc(now->cpus, sizeof(*rate->per_cpu));
	if (!rate->per_cpu)
		return -ENOMEM;
	for (int i = 0; i < EG_DIRECTION_COUNT; i++)
		rate_words(&rate->sum[i], &before->sum[i], &now->sum[i], ns);
	for (int i = 0; i < now->cpus; i++)
		rate_words(&rate->per_cpu[i], &before->per_cpu[i], &now->per_cpu[i], ns);
	return rulelist__rate(&rate->rules, &before->rules, &now->rules, ns);
}

int reading__reset(const struct reading *r, const struct instance *in)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct eg_counters *zero;

	if (cpus < 0)
		return cpus;
	zero = calloc(cpus, sizeof(*zero));
	if (!zero)
		return -ENOMEM;
	for (__u32 key = 0; !err && key < EG_DIRECTION_COUNT; key++)
		err = bpf_map_update_elem(in->maps[PIN_COUNTERS], &key, zero, BPF_EXIST);
	free(zero);
	return err ?: rulelist__reset(&r->rules, in);
}

void count__add(struct eg_count *to, const struct eg_count *from)
{
	to->packets += from->packets;
	to->bytes += from->bytes;
}

struct eg_count count__rate(const struct eg_count *before, const struct eg_count *now, __u64 ns)
{
	return (struct eg_count){
		.packets = rate_of(before->packets, now->packets, ns),
		.bytes = rate_of(before->bytes, now->bytes, ns),
	};
}

struct eg_count cell__total(const struct eg_cell *cell)
{
	struct eg_count total = {};

	for (int v = 0; v < EG_VERDICT_COUNT; v++)
		count__add(&total, &cell->verdict[v]);
	return total;
}

bool cell__is_zero(const struct eg_cell *cell)
{
	return !cell__total(cell).packets;
}

void counters__verdicts(const struct eg_counters *c, struct eg_count verdicts[EG_VERDICT_COUNT])
{
	memset(verdicts, 0, EG_VERDICT_COUNT * sizeof(*verdicts));
	for (int v = 0; v < EG_VERDICT_COUNT; v++) {
		for (int i = 0; i < EG_ICMP_COUNT; i++)
			count__add(&verdicts[v], &c->icmp[i].verdict[v]);
		for (int i = 0; i < EG_ICMP6_COUNT; i++)
			count__add(&verdicts[v], &c->icmp6[i].verdict[v]);
		for (int i = 0; i < EG_PROTOCOL_SLOTS; i++)
			count__add(&verdicts[v], &c->protocol[i].verdict[v]);
	}
}

struct eg_cell counters__protocol_cell(const struct eg_counters *c, enum eg_protocol protocol)
{
	struct eg_cell cell = c->protocol[protocol];

	for (int v = 0; v < EG_VERDICT_COUNT; v++)
		count__add(&cell.verdict[v], &c->protocol[protocol + EG_PROTOCOL_IN6].verdict[v]);
	return cell;
}

struct eg_count counters__protocol(const struct eg_counters *c, enum eg_protocol protocol)
{
	struct eg_cell cell = counters__protocol_cell(c, protocol);
	struct eg_count total = cell__total(&cell), type;

	for (int i = 0; protocol == EG_PROTOCOL_ICMP && i < EG_ICMP_COUNT; i++) {
		type = cell__total(&c->icmp[i]);
		count__add(&total, &type);
	}
	for (int i = 0; protocol == EG_PROTOCOL_ICMP6 && i < EG_ICMP6_COUNT; i++) {
		type = cell__total(&c->icmp6[i]);
		count__add(&total, &type);
	}
	return total;
}
