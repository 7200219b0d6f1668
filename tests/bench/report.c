// SPDX-License-Identifier: GPL-2.0-only
/* The report, for people and as JSON. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#include "frame.h"

struct spread {
	double median, min, max;
};

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

/* Rate of one candidate over another's, by rounds; over = CANDIDATES: in Mpps. */
static bool ratio(unsigned int g, enum candidate_id of, enum candidate_id over, struct spread *s)
{
	double values[ROUNDS_MAX];
	int count = 0;

	for (int r = 0; r < b.done; r++) {
		double base = over == CANDIDATES ? 1000 : b.ns[g][over][r];

		if (b.ns[g][of][r] > 0 && base > 0)
			values[count++] = base / b.ns[g][of][r];
	}
	return spread(values, count, s);
}

/* ns a packet more than bare XDP_TX, in the same round. */
static bool over_tx(unsigned int g, enum candidate_id id, struct spread *s)
{
	double values[ROUNDS_MAX];
	int count = 0;

	for (int r = 0; r < b.done; r++)
		if (b.ns[g][id][r] > 0 && b.ns[g][BARE_TX][r] > 0)
			values[count++] = b.ns[g][id][r] - b.ns[g][BARE_TX][r];
	return spread(values, count, s);
}

static void print_wire(void)
{
	struct spread mpps, of_tx, over;

	printf("%-5s %6s %8s  %-16s %8s %17s %8s %9s %16s\n", "", "bytes", "sources", "candidate",
	       "Mpps", "(min..max)", "ns", "over TX", "of bare XDP_TX");
	for (unsigned int g = 0; g < GROUPS; g++) {
		bool first = true;

		for (int id = 0; id < CANDIDATES; id++) {
			if (!ratio(g, id, CANDIDATES, &mpps))
				continue;
			if (first)
				printf("IPv%d  %6u %8s  ", groups[g].family, groups[g].length,
				       sources(groups[g].span));
			else
				printf("%-23s", "");
			first = false;
			printf("%-16s %8.3f %8.3f..%-7.3f %8.1f", candidates[id].name, mpps.median,
			       mpps.min, mpps.max, 1000 / mpps.median);
			if (ratio(g, id, BARE_TX, &of_tx) && over_tx(g, id, &over))
				printf(" %+9.1f %6.3f (%.3f..%.3f)", over.median, of_tx.median,
				       of_tx.min, of_tx.max);
			putchar('\n');
		}
		if (!first)
			putchar('\n');
	}
}

static const char *const yardsticks[YARDSTICKS] = {
	"yardstick: 100 multiplications",
	"yardstick: 100 calls and returns",
};

static void print_alone(void)
{
	struct spread s;

	if (!b.have_alone || !b.done)
		return;
	printf("A packet that is passed on, alone: ns over a bare XDP_PASS\n");
	for (unsigned int k = 0; k < frame_kind_count; k++)
		if (spread(b.alone[k].net, b.done, &s))
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

static const char *reached(bool yes)
{
	return yes ? "reached" : "not reached";
}

static void print_targets(void)
{
	struct spread s;

	printf("To reach\n");
	for (unsigned int t = 0; t < TARGETS; t++) {
		if (ratio(targets[t].group, targets[t].of, targets[t].over, &s))
			printf("  %-42s at least %5.2f: %6.3f (%.3f..%.3f) %s\n", targets[t].name,
			       targets[t].least, s.median, s.min, s.max,
			       reached(s.median >= targets[t].least));
		else
			printf("  %-42s at least %5.2f: not measured\n", targets[t].name,
			       targets[t].least);
	}
	if (b.have_alone && spread(b.alone[0].net, b.done, &s))
		printf("  %-42s at most  %5.2f: %6.2f (%.2f..%.2f) %s\n",
		       "bystander TCP, ns over bare XDP_PASS", BYSTANDER_NS, s.median, s.min, s.max,
		       reached(s.median <= BYSTANDER_NS));
	putchar('\n');
}

void print_text(const struct utsname *u)
{
	printf("Linux %s, %s, CPU %d, %d rounds; generator, target and sink on one CPU over "
	       "veth\n\n",
	       u->release, u->machine, b.cpu, b.done);
	print_wire();
	print_alone();
	print_targets();
	for (int at = 0; at < STATIONS; at++)
		if (b.missing[at][0])
			for (int id = 0; id < CANDIDATES; id++)
				if ((int)candidates[id].station == at)
					printf("Left out: %s: %s\n", candidates[id].name,
					       b.missing[at]);
	printf("%lu replies checked byte by byte and found right. Slices sent again: %lu because "
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
	struct json_object *alone = json_object_new_array(), *aims = json_object_new_array(), *o;
	struct spread s;

	json_object_object_add(top, "version", json_object_new_int(1));
	json_object_object_add(top, "kernel", json_object_new_string(u->release));
	json_object_object_add(top, "machine", json_object_new_string(u->machine));
	json_object_object_add(top, "cpu", json_object_new_int(b.cpu));
	json_object_object_add(top, "rounds", json_object_new_int(b.done));
	for (unsigned int g = 0; g < GROUPS; g++)
		for (int id = 0; id < CANDIDATES; id++) {
			if (!ratio(g, id, CANDIDATES, &s))
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
			if (ratio(g, id, BARE_TX, &s))
				json_object_object_add(o, "permille_of_bare_tx",
						       json_spread(&s, 1000));
			json_object_array_add(rows, o);
		}
	json_object_object_add(top, "wire", rows);
	for (unsigned int k = 0; b.have_alone && k < frame_kind_count; k++) {
		if (!spread(b.alone[k].net, b.done, &s))
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "packet", json_object_new_string(frame_kinds[k].name));
		json_object_object_add(o, "bytes", json_object_new_int((int)frame_kinds[k].length));
		json_object_object_add(o, "picoseconds_over_bare_pass", json_spread(&s, 1000));
		json_object_array_add(alone, o);
	}
	json_object_object_add(top, "alone", alone);
	for (unsigned int t = 0; t < TARGETS; t++) {
		if (!ratio(targets[t].group, targets[t].of, targets[t].over, &s))
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
	if (b.have_alone && spread(b.alone[0].net, b.done, &s)) {
		o = json_object_new_object();
		json_object_object_add(o, "target",
				       json_object_new_string("bystander TCP over bare XDP_PASS"));
		json_object_object_add(o, "most_picoseconds",
				       json_object_new_int64((int64_t)(BYSTANDER_NS * 1000)));
		json_object_object_add(o, "picoseconds", json_spread(&s, 1000));
		json_object_object_add(o, "reached",
				       json_object_new_boolean(s.median <= BYSTANDER_NS));
		json_object_array_add(aims, o);
	}
	json_object_object_add(top, "targets", aims);
	json_object_object_add(top, "replies_checked", json_object_new_int64((int64_t)b.checked));
	json_object_object_add(top, "slices_disturbed",
			       json_object_new_int64((int64_t)b.disturbed));
	json_object_object_add(top, "slices_with_loss",
			       json_object_new_int64((int64_t)b.lost_slices));
	json_object_object_add(top, "wrong", json_object_new_int(b.wrong));
	puts(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY));
	json_object_put(top);
}
