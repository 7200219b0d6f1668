// SPDX-License-Identifier: GPL-2.0-only
#include "readingjson.h"
#include "json.h"

static struct json_object *json_count(const struct eg_count *c)
{
	struct json_object *o = json_object_new_object();

	json__add_number(o, "packets", c->packets);
	json__add_number(o, "bytes", c->bytes);
	return o;
}

static struct json_object *json_by_verdict(const struct eg_count *verdicts)
{
	struct json_object *o = json_object_new_object();

	for (int v = 0; v < EG_VERDICT_COUNT; v++)
		json_object_object_add(o, verdict_names[v], json_count(&verdicts[v]));
	return o;
}

static struct json_object *json_verdicts(const struct eg_counters *c)
{
	struct eg_count verdicts[EG_VERDICT_COUNT];

	counters__verdicts(c, verdicts);
	return json_by_verdict(verdicts);
}

static struct json_object *json_cells(const struct eg_cell *cells, const char *const *names,
				      int count)
{
	struct json_object *o = json_object_new_object();

	for (int i = 0; i < count; i++)
		if (!cell__is_zero(&cells[i]))
			json_object_object_add(o, names[i], json_by_verdict(cells[i].verdict));
	return o;
}

static struct json_object *json_totals(const struct eg_cell *cells, const char *const *names,
				       int count)
{
	struct json_object *o = json_object_new_object();

	for (int i = 0; i < count; i++) {
		struct eg_count c = cell__total(&cells[i]);

		if (c.packets)
			json_object_object_add(o, names[i], json_count(&c));
	}
	return o;
}

static struct json_object *json_protocols(const struct eg_counters *counters)
{
	struct json_object *o = json_object_new_object();

	for (int i = 0; i < EG_PROTOCOL_COUNT; i++) {
		struct eg_count c = counters__protocol(counters, i);

		if (c.packets)
			json_object_object_add(o, protocol_names[i], json_count(&c));
	}
	return o;
}

static struct json_object *json_reasons(const struct eg_counters *counters)
{
	struct json_object *o = json_object_new_object();

	for (int i = EG_REASON_NONE + 1; i < EG_REASON_COUNT; i++)
		if (counters->reason[i].packets)
			json_object_object_add(o, reason_names[i],
					       json_count(&counters->reason[i]));
	return o;
}

static struct json_object *json_rules(const struct rulelist *rules)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < rules->count; i++)
		json_object_array_add(list, json__rule(&rules->list[i]));
	return list;
}

static struct json_object *json_per_cpu(const struct reading *r)
{
	struct json_object *list = json_object_new_array(), *o;

	for (int i = 0; i < r->cpus; i++) {
		o = json_object_new_object();
		json__add_number(o, "cpu", i);
		json_object_object_add(o, "verdicts", json_verdicts(&r->per_cpu[i]));
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *json__reading(const struct instance *in, const struct reading *r, bool per_cpu)
{
	const struct eg_counters *ingress = &r->sum[EG_INGRESS], *egress = &r->sum[EG_EGRESS];
	struct json_object *o = json_object_new_object(), *out;

	json__add_place(o, in);
	json__add_string(o, "mode", mode_name(in->meta.mode));
	json__add_number(o, "since", in->meta.since);
	json__add_number(o, "cpus", r->cpus);
	json_object_object_add(o, "verdicts", json_verdicts(ingress));
	json_object_object_add(o, "icmp", json_cells(ingress->icmp, icmp_names, EG_ICMP_COUNT));
	json_object_object_add(o, "icmp6", json_cells(ingress->icmp6, icmp6_names, EG_ICMP6_COUNT));
	json_object_object_add(o, "protocols", json_protocols(ingress));
	json_object_object_add(o, "reasons", json_reasons(ingress));
	json_object_object_add(o, "rules", json_rules(&r->rules));
	out = json_object_new_object();
	json_object_object_add(out, "icmp", json_totals(egress->icmp, icmp_names, EG_ICMP_COUNT));
	json_object_object_add(out, "icmp6",
			       json_totals(egress->icmp6, icmp6_names, EG_ICMP6_COUNT));
	json_object_object_add(out, "protocols", json_protocols(egress));
	json_object_object_add(o, "egress", out);
	if (per_cpu)
		json_object_object_add(o, "per_cpu", json_per_cpu(r));
	return o;
}
