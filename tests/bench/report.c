// SPDX-License-Identifier: GPL-2.0-only
/* The report, for people and as JSON. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#include "frame.h"

static int by_size(const void *x, const void *y)
{
	double l = *(const double *)x, r = *(const double *)y;

	return (l > r) - (l < r);
}

static bool spread(const double *values, int count, struct spread *s)
{
	double sorted[ROUNDS_MAX];

	if (!count)
		return false;
	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), by_size);
	s->min = sorted[0];
	s->max = sorted[count - 1];
	s->median = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
	return true;
}

/* The ns a packet, of all rounds in which it was measured; how many these were. */
static int measured_ns(enum group_id g, enum candidate_id id, double *values)
{
	int count = 0;

	for (int r = 0; r < b.done; r++)
		if (b.ns[g][id][r] > 0)
			values[count++] = b.ns[g][id][r];
	return count;
}

bool ns_spread(enum group_id g, enum candidate_id id, struct spread *s)
{
	double values[ROUNDS_MAX];

	return spread(values, measured_ns(g, id, values), s);
}

/* Packets a second, in millions, by rounds. */
static bool rate(unsigned int g, enum candidate_id id, struct spread *s)
{
	double values[ROUNDS_MAX];
	int count = measured_ns(g, id, values);

	for (int n = 0; n < count; n++)
		values[n] = 1000 / values[n];
	return spread(values, count, s);
}

/* Rate of one candidate over another's, in the same round. */
static bool ratio(unsigned int g, enum candidate_id of, unsigned int over_g, enum candidate_id over,
		  struct spread *s)
{
	double values[ROUNDS_MAX];
	int count = 0;

	for (int r = 0; r < b.done; r++)
		if (b.ns[g][of][r] > 0 && b.ns[over_g][over][r] > 0)
			values[count++] = b.ns[over_g][over][r] / b.ns[g][of][r];
	return spread(values, count, s);
}

/* ns a packet more than the group's bare program, in the same round. */
static bool over_bare(unsigned int g, enum candidate_id id, struct spread *s)
{
	enum candidate_id bare = groups[g].bare;
	double values[ROUNDS_MAX];
	int count = 0;

	for (int r = 0; r < b.done; r++)
		if (b.ns[g][id][r] > 0 && b.ns[g][bare][r] > 0)
			values[count++] = b.ns[g][id][r] - b.ns[g][bare][r];
	return spread(values, count, s);
}

static bool target_ratio(const struct target *t, struct spread *s)
{
	return ratio(t->group, t->of, t->over_group, t->over, s);
}

static bool measured(unsigned int g)
{
	struct spread s;

	for (int id = 0; id < CANDIDATES; id++)
		if (rate(g, id, &s))
			return true;
	return false;
}

static void print_group(unsigned int g)
{
	struct spread mpps, of_bare, over;
	bool first = true;

	for (int id = 0; id < CANDIDATES; id++) {
		if (!rate(g, id, &mpps))
			continue;
		if (first)
			printf("IPv%d  %6u %8s  ", groups[g].family, groups[g].length,
			       sources(&groups[g]));
		else
			printf("%-23s", "");
		first = false;
		printf("%-16s %8.3f %8.3f..%-7.3f %8.1f", candidates[id].name, mpps.median,
		       mpps.min, mpps.max, 1000 / mpps.median);
		if (ratio(g, id, g, groups[g].bare, &of_bare) && over_bare(g, id, &over))
			printf(" %+9.1f %6.3f (%.3f..%.3f)", over.median, of_bare.median,
			       of_bare.min, of_bare.max);
		putchar('\n');
	}
	putchar('\n');
}

/* The groups that are compared with the same bare program. */
static void print_wire(const char *what, enum candidate_id bare)
{
	bool first = true;

	for (unsigned int g = 0; g < GROUPS; g++) {
		if (groups[g].bare != bare || !measured(g))
			continue;
		if (first)
			printf("%s\n%-5s %6s %8s  %-16s %8s %17s %8s %9s  of %s\n", what, "",
			       "bytes", "sources", "candidate", "Mpps", "(min..max)", "ns",
			       "over it", candidates[bare].name);
		first = false;
		print_group(g);
	}
}

static void print_applied(void)
{
	bool first = true;

	for (int id = 0; id < CANDIDATES; id++) {
		if (!b.applied[id].said[0])
			continue;
		if (first)
			printf("Rules put in place of none; ms from start to end of the command\n");
		first = false;
		printf("  %-16s IPv%d %7.0f  %s\n", candidates[id].name,
		       candidates[id].rules.family, b.applied[id].ms, b.applied[id].said);
	}
	if (!first)
		putchar('\n');
}

static const char *const yardsticks[YARDSTICKS] = {
	"yardstick: 100 multiplications",
	"yardstick: 100 calls and returns",
};

/* One kind of packet; false if it was not measured. */
static bool alone_spread(unsigned int k, struct spread *s)
{
	return (!frame_kinds[k].tracked || b.have_tracked) && spread(b.alone[k].net, b.done, s);
}

static void print_alone(void)
{
	struct spread s;

	if (!b.have_alone || !b.done)
		return;
	printf("A packet that is passed on, alone: ns over a bare XDP_PASS\n");
	for (unsigned int k = 0; k < frame_kind_count; k++)
		if (alone_spread(k, &s))
			printf("  %-36s %5u bytes %7.1f (%.1f..%.1f)\n", frame_kinds[k].name,
			       frame_kinds[k].length, s.median, s.min, s.max);
	if (spread(b.alone[0].bare, b.done, &s))
		printf("  %-36s %11s %7.1f (%.1f..%.1f), loop and all\n", "bare XDP_PASS", "",
		       s.median, s.min, s.max);
	for (int y = 0; y < YARDSTICKS; y++)
		if (spread(b.yardstick[y], b.done, &s))
			printf("  %-36s %11s %7.1f (%.1f..%.1f)\n", yardsticks[y], "", s.median,
			       s.min, s.max);
	putchar('\n');
}

enum { BYSTANDER, APPLY, BOTH, BOUNDS };

static const struct {
	const char *name;
	double most;
} bounds[BOUNDS] = {
	[BYSTANDER] = { "bystander TCP, ns over bare XDP_PASS", 2 },
	[APPLY] = { "a million prefixes applied, ms", 2000 },
	[BOTH] = { "of these with both generations in place, us", 1000 },
};

/* What a bound is set for; false if that was not measured. */
static bool bound_value(unsigned int n, struct spread *s)
{
	const struct applied *a = &b.applied[MILLION];
	double value = n == APPLY ? a->ms : a->both_us;

	if (n == BYSTANDER)
		return b.have_alone && spread(b.alone[0].net, b.done, s);
	return a->said[0] && spread(&value, 1, s);
}

static const char *reached(bool yes)
{
	return yes ? "reached" : "not reached";
}

static void print_targets(void)
{
	struct spread s;

	printf("To reach\n");
	for (unsigned int t = 0; t < TARGETS; t++) {
		if (target_ratio(&targets[t], &s))
			printf("  %-42s at least %5.2f: %6.3f (%.3f..%.3f) %s\n", targets[t].name,
			       targets[t].least, s.median, s.min, s.max,
			       reached(s.median >= targets[t].least));
		else
			printf("  %-42s at least %5.2f: not measured\n", targets[t].name,
			       targets[t].least);
	}
	for (unsigned int n = 0; n < BOUNDS; n++)
		if (bound_value(n, &s))
			printf("  %-42s at most  %5.0f: %6.1f (%.1f..%.1f) %s\n", bounds[n].name,
			       bounds[n].most, s.median, s.min, s.max,
			       reached(s.median <= bounds[n].most));
	putchar('\n');
}

static void print_captured(void)
{
	const struct captured *c = &b.captured;

	if (c->measured)
		printf("Captured, all of it: %llu packets at %.2f Mpps: %llu captured, %llu lost, "
		       "%s\n\n",
		       (unsigned long long)c->came, (double)c->sent * 1e3 / (double)c->ns,
		       c->captured, c->lost,
		       c->captured + c->lost == c->came ? "each accounted for"
							: "NOT all accounted for");
}

void print_text(const struct utsname *u)
{
	printf("Linux %s, %s, CPU %d, %d rounds; generator, target and sink on one CPU over "
	       "veth\n\n",
	       u->release, u->machine, b.cpu, b.done);
	print_wire("Answered", BARE_TX);
	print_wire("Dropped", BARE_DROP);
	print_applied();
	print_alone();
	print_captured();
	print_targets();
	for (int id = 0; id < CANDIDATES; id++)
		if (b.missing[station_of(id)][0])
			printf("Left out: %s: %s\n", candidates[id].name,
			       b.missing[station_of(id)]);
	printf("%lu replies and drops checked one by one and found right. Slices sent again: %lu "
	       "because "
	       "others\n"
	       "were given the CPU, %lu because frames were lost. %.0f s.\n",
	       b.checked, b.disturbed, b.lost_slices, (double)(now() - b.started) / NS);
	if (b.done < b.rounds)
		printf("Ended after %d of %d rounds: %s.\n", b.done, b.rounds,
		       stop ? "interrupted" : "out of time");
}

static struct json_object *json_spread(const struct spread *s, double scale)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "median", json_object_new_int64((int64_t)(s->median * scale)));
	json_object_object_add(o, "min", json_object_new_int64((int64_t)(s->min * scale)));
	json_object_object_add(o, "max", json_object_new_int64((int64_t)(s->max * scale)));
	return o;
}

void print_json(const struct utsname *u)
{
	struct json_object *top = json_object_new_object(), *rows = json_object_new_array();
	struct json_object *alone = json_object_new_array(), *aims = json_object_new_array();
	struct json_object *applied = json_object_new_array(), *o;
	struct spread s;

	json_object_object_add(top, "version", json_object_new_int(2));
	json_object_object_add(top, "kernel", json_object_new_string(u->release));
	json_object_object_add(top, "machine", json_object_new_string(u->machine));
	json_object_object_add(top, "cpu", json_object_new_int(b.cpu));
	json_object_object_add(top, "rounds", json_object_new_int(b.done));
	for (unsigned int g = 0; g < GROUPS; g++)
		for (int id = 0; id < CANDIDATES; id++) {
			if (!rate(g, id, &s))
				continue;
			o = json_object_new_object();
			json_object_object_add(o, "candidate",
					       json_object_new_string(candidates[id].name));
			json_object_object_add(o, "family", json_object_new_int(groups[g].family));
			json_object_object_add(o, "bytes",
					       json_object_new_int((int)groups[g].length));
			json_object_object_add(o, "sources",
					       json_object_new_int64((int64_t)groups[g].span));
			json_object_object_add(o, "packets_per_second", json_spread(&s, 1e6));
			json_object_object_add(
				o, "bare", json_object_new_string(candidates[groups[g].bare].name));
			if (ratio(g, id, g, groups[g].bare, &s))
				json_object_object_add(o, "permille_of_bare",
						       json_spread(&s, 1000));
			json_object_array_add(rows, o);
		}
	json_object_object_add(top, "wire", rows);
	for (unsigned int k = 0; b.have_alone && k < frame_kind_count; k++) {
		if (!alone_spread(k, &s))
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "packet", json_object_new_string(frame_kinds[k].name));
		json_object_object_add(o, "bytes", json_object_new_int((int)frame_kinds[k].length));
		json_object_object_add(o, "picoseconds_over_bare_pass", json_spread(&s, 1000));
		json_object_array_add(alone, o);
	}
	json_object_object_add(top, "alone", alone);
	for (int id = 0; id < CANDIDATES; id++) {
		if (!b.applied[id].said[0])
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "candidate", json_object_new_string(candidates[id].name));
		json_object_object_add(o, "family",
				       json_object_new_int(candidates[id].rules.family));
		json_object_object_add(o, "us",
				       json_object_new_int64((int64_t)(b.applied[id].ms * 1000)));
		json_object_object_add(o, "both_us", json_object_new_int64(b.applied[id].both_us));
		json_object_object_add(o, "said", json_object_new_string(b.applied[id].said));
		json_object_array_add(applied, o);
	}
	json_object_object_add(top, "applied", applied);
	for (unsigned int t = 0; t < TARGETS; t++) {
		if (!target_ratio(&targets[t], &s))
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "target", json_object_new_string(targets[t].name));
		json_object_object_add(
			o, "least_permille",
			json_object_new_int64((int64_t)(targets[t].least * 1000 + 0.5)));
		json_object_object_add(o, "permille", json_spread(&s, 1000));
		json_object_object_add(o, "reached",
				       json_object_new_boolean(s.median >= targets[t].least));
		json_object_array_add(aims, o);
	}
	for (unsigned int n = 0; n < BOUNDS; n++) {
		if (!bound_value(n, &s))
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "target", json_object_new_string(bounds[n].name));
		json_object_object_add(o, "most_thousandths",
				       json_object_new_int64((int64_t)(bounds[n].most * 1000)));
		json_object_object_add(o, "thousandths", json_spread(&s, 1000));
		json_object_object_add(o, "reached",
				       json_object_new_boolean(s.median <= bounds[n].most));
		json_object_array_add(aims, o);
	}
	json_object_object_add(top, "targets", aims);
	if (b.captured.measured) {
		o = json_object_new_object();
		json_object_object_add(o, "sent", json_object_new_uint64(b.captured.sent));
		json_object_object_add(o, "came", json_object_new_uint64(b.captured.came));
		json_object_object_add(o, "seen", json_object_new_uint64(b.captured.seen));
		json_object_object_add(o, "captured", json_object_new_uint64(b.captured.captured));
		json_object_object_add(o, "lost", json_object_new_uint64(b.captured.lost));
		json_object_object_add(o, "us", json_object_new_uint64(b.captured.ns / 1000));
		json_object_object_add(top, "capture", o);
	}
	json_object_object_add(top, "replies_checked", json_object_new_int64((int64_t)b.checked));
	json_object_object_add(top, "slices_disturbed",
			       json_object_new_int64((int64_t)b.disturbed));
	json_object_object_add(top, "slices_with_loss",
			       json_object_new_int64((int64_t)b.lost_slices));
	json_object_object_add(top, "wrong", json_object_new_int(b.wrong));
	puts(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY));
	json_object_put(top);
}
