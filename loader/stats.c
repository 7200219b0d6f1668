// SPDX-License-Identifier: GPL-2.0-only
#include "ask.h"
#include "command.h"
#include "counters.h"
#include "echoes.h"
#include "instance.h"
#include "interrupt.h"
#include "json.h"
#include "openmetrics.h"
#include "readingjson.h"
#include "snmp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WATCH_MAX	86400

struct stats_options {
	const char *netns;
	bool per_cpu;
	bool rate;
	bool json;
	bool openmetrics;
	bool reset;
	bool rtt, observed;	/* these, not the counters */
	bool snmp, absolute, zeros;
	unsigned long watch;	/* seconds; 0: once */
};

static bool shows_echoes(const struct stats_options *opts)
{
	return opts->rtt || opts->observed;
}

/* Text -------------------------------------------------------------------------- */

/* Names keep their column whatever the longest of the table is. */
#define NAME_WIDTH	42

static void print_row(const char *name, const char *verdict, const struct eg_count *c)
{
	if (c->packets)
		printf("    %-*s %-8s %16llu %20llu\n", NAME_WIDTH, name, verdict,
		       (unsigned long long)c->packets, (unsigned long long)c->bytes);
}

/* A group's title comes only if a row follows. */
static void print_title(const char *title, bool *printed)
{
	if (!*printed)
		printf("  %s\n", title);
	*printed = true;
}

static void print_cells(const char *title, const struct eg_cell *cells, const char *const *names,
			int count)
{
	bool titled = false;

	for (int i = 0; i < count; i++) {
		if (cell__is_zero(&cells[i]))
			continue;
		print_title(title, &titled);
		for (int v = 0; v < EG_VERDICT_COUNT; v++)
			print_row(names[i], verdict_names[v], &cells[i].verdict[v]);
	}
}

static void print_totals(const char *title, const struct eg_cell *cells, const char *const *names,
			 int count)
{
	bool titled = false;

	for (int i = 0; i < count; i++) {
		struct eg_count c = cell__total(&cells[i]);

		if (!c.packets)
			continue;
		print_title(title, &titled);
		print_row(names[i], "", &c);
	}
}

static void print_protocols(const char *title, const struct eg_counters *counters)
{
	bool titled = false;

	for (int i = 0; i < EG_PROTOCOL_COUNT; i++) {
		struct eg_count c = counters__protocol(counters, i);

		if (!c.packets)
			continue;
		print_title(title, &titled);
		print_row(protocol_names[i], "", &c);
	}
}

static void print_verdicts(const char *title, const struct eg_counters *counters)
{
	struct eg_count verdicts[EG_VERDICT_COUNT];
	bool titled = false;

	counters__verdicts(counters, verdicts);
	for (int v = 0; v < EG_VERDICT_COUNT; v++) {
		if (!verdicts[v].packets)
			continue;
		print_title(title, &titled);
		print_row(verdict_names[v], "", &verdicts[v]);
	}
}

static void print_reasons(const struct eg_counters *counters)
{
	bool titled = false;

	for (int i = EG_REASON_NONE + 1; i < EG_REASON_COUNT; i++) {
		if (!counters->reason[i].packets)
			continue;
		print_title("why it was left to the kernel, or no error sent", &titled);
		print_row(reason_names[i], "", &counters->reason[i]);
	}
}

static void print_rules(const struct rulelist *rules)
{
	bool titled = false;

	for (size_t i = 0; i < rules->count; i++) {
		const struct listed_rule *rule = &rules->list[i];

		if (!rule->count.packets)
			continue;
		print_title("rules", &titled);
		/* Texts are long: they stand behind, where the others have their names. */
		print_row("", direction_names[rule->direction], &rule->count);
		printf("      %s\n", rule->text);
	}
}

static void print_headline(const struct instance *in)
{
	time_t t = in->meta.since;
	char since[32] = "?";
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s%s%s: %s, since %s%s\n", in->ifname, *in->netns ? " in " : "", in->netns,
	       mode_name(in->meta.mode), since,
	       in->state == INSTANCE_ATTACHED ? "" : ", but see 'echogate status'");
}

/* Reports; there is nothing in it then. */
static enum status read_observed(struct observed *o, const struct instance *in)
{
	int err = observed__read(o, in);

	if (err)
		return report(status_of(err), "%s: who is observed can't be read: %s", in->ifname,
			      why(err));
	return DONE;
}

static void print_echoes(const struct stats_options *opts, const struct instance *in,
			 const struct reading *r)
{
	struct observed observed;

	print_headline(in);
	if (opts->rtt)
		roundtrips__print(&r->roundtrips);
	if (!opts->observed)
		return;
	if (!read_observed(&observed, in))
		observed__print(&observed, in->meta.tracks & EG_TRACK_OBSERVE);
	observed__free(&observed);
}

static void print_text(const struct stats_options *opts, const struct instance *in,
		       const struct reading *r)
{
	const struct eg_counters *ingress = &r->sum[EG_INGRESS], *egress = &r->sum[EG_EGRESS];
	char title[32];

	print_headline(in);
	printf("  %-*s %-8s %16s %20s\n", NAME_WIDTH + 2, "", "verdict",
	       opts->rate ? "packets/s" : "packets", opts->rate ? "bytes/s" : "bytes");
	print_verdicts("verdicts", ingress);
	print_cells("icmp", ingress->icmp, icmp_names, EG_ICMP_COUNT);
	print_cells("icmp6", ingress->icmp6, icmp6_names, EG_ICMP6_COUNT);
	print_protocols("protocols", ingress);
	print_reasons(ingress);
	print_rules(&r->rules);
	print_totals("egress icmp", egress->icmp, icmp_names, EG_ICMP_COUNT);
	print_totals("egress icmp6", egress->icmp6, icmp6_names, EG_ICMP6_COUNT);
	print_protocols("egress protocols", egress);
	for (int i = 0; opts->per_cpu && i < r->cpus; i++) {
		snprintf(title, sizeof(title), "cpu %d", i);
		print_verdicts(title, &r->per_cpu[i]);
	}
}

/* JSON -------------------------------------------------------------------------- */

static struct json_object *json_echoes(const struct stats_options *opts, const struct instance *in,
				       const struct reading *r)
{
	struct json_object *o = json_object_new_object();
	struct observed observed;

	json__add_place(o, in);
	if (opts->rtt)
		json_object_object_add(o, "rtt", roundtrips__json(&r->roundtrips));
	if (!opts->observed)
		return o;
	read_observed(&observed, in);
	json_object_object_add(o, "observed", observed__json(&observed));
	observed__free(&observed);
	return o;
}

static void print_json(const struct stats_options *opts, const struct instances *all,
		       const struct reading *readings)
{
	struct json_object *doc = json__document(), *list = json_object_new_array();

	if (opts->rate)
		json__add_bool(doc, "per_second", true);
	if (opts->reset)
		json__add_bool(doc, "reset", true);
	for (size_t i = 0; i < all->count; i++)
		json_object_array_add(list, shows_echoes(opts) ?
			json_echoes(opts, &all->list[i], &readings[i]) :
			json__reading(&all->list[i], &readings[i], opts->per_cpu));
	json_object_object_add(doc, "interfaces", list);
	json__print(doc, opts->watch);
}

/* The command ------------------------------------------------------------------- */

/* Reports. */
static struct reading *take_readings(const struct instances *all)
{
	struct reading *readings;
	int err = readings__take(&readings, all);

	if (err)
		report(status_of(err), "the counters can't be read: %s", why(err));
	return readings;
}

static struct reading *take_rates(const struct instances *all, const struct reading *before,
				  const struct reading *now)
{
	struct reading *rates = calloc(all->count ?: 1, sizeof(*rates));
	int err = rates ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < all->count; i++)
		err = reading__rate(&rates[i], &before[i], &now[i]);
	if (!err)
		return rates;
	readings__free(rates, all->count);
	report(FAILED, "%s", why(err));
	return NULL;
}

static void print_readings(const struct stats_options *opts, const struct instances *all,
			   const struct reading *readings)
{
	if (opts->openmetrics) {
		openmetrics__print(all, readings);
		openmetrics__print_end();
		return;
	}
	if (opts->json) {
		print_json(opts, all, readings);
		return;
	}
	/* A terminal is drawn over from its top left corner; a file just grows. */
	if (opts->watch && stdout_is_terminal)
		fputs("\033[H\033[2J", stdout);
	for (size_t i = 0; i < all->count; i++) {
		if (i)
			putchar('\n');
		if (shows_echoes(opts))
			print_echoes(opts, &all->list[i], &readings[i]);
		else
			print_text(opts, &all->list[i], &readings[i]);
	}
}

static enum status reset(const struct stats_options *opts, const struct instances *all,
			 const struct reading *readings)
{
	int err;

	for (size_t i = 0; i < all->count; i++) {
		const struct instance *in = &all->list[i];

		if (shows_echoes(opts))
			err = (opts->rtt ? roundtrips__reset(&readings[i].roundtrips, in) : 0) ?:
			      (opts->observed ? observed__reset(in) : 0);
		else
			err = reading__reset(&readings[i], in);
		if (err)
			return report(status_of(err), "%s: the counters can't be reset: %s",
				      all->list[i].ifname, why(err));
	}
	if (!opts->json)
		puts("\ncounters set to zero; packets of that very instant may be counted nowhere");
	return DONE;
}

/* Rates need a reading before; while watching it is the last one. */
static enum status show(const struct stats_options *opts, struct instances *all)
{
	struct reading *before = NULL, *now = NULL, *rates = NULL;
	enum status st = FAILED;

	if (opts->rate) {
		before = take_readings(all);
		if (!before || interrupt__sleep((opts->watch ?: 1) * SECOND))
			goto cleanup;
	}
	for (;;) {
		now = take_readings(all);
		if (!now)
			goto cleanup;
		if (opts->rate) {
			rates = take_rates(all, before, now);
			if (!rates)
				goto cleanup;
		}
		print_readings(opts, all, rates ?: now);
		if (fflush(stdout))
			break;		/* nobody reads any more */
		if (!opts->watch || interrupt__sleep(opts->watch * SECOND))
			break;
		readings__free(before, all->count);
		before = now;
		now = NULL;
		readings__free(rates, all->count);
		rates = NULL;
		for (size_t i = 0; i < all->count; i++)
			instance__refresh(&all->list[i]);
	}
	st = opts->reset ? reset(opts, all, now) : DONE;
cleanup:
	readings__free(before, all->count);
	readings__free(now, all->count);
	readings__free(rates, all->count);
	return interrupted() ? DONE : st;
}

static enum status show_snmp(const struct stats_options *o, const struct scope *scope,
			     char *const *names, size_t count)
{
	struct snmp_options snmp = { .absolute = o->absolute, .zeros = o->zeros, .rate = o->rate,
				     .json = o->json, .watch = o->watch };

	return snmp__show(&snmp, scope, names, count);
}

static enum status check(const struct command *self, const struct stats_options *o)
{
	if (o->reset && only_looking)
		return report(NOT_PERMITTED, "--reset: not permitted: the daemon does this for "
			      "root only; run it as root");
	if (o->json && o->openmetrics)
		return command__wrong(self, "--json and --openmetrics exclude each other");
	if (o->openmetrics && (o->watch || o->rate || o->per_cpu))
		return command__wrong(self, "--openmetrics goes with none of --watch, --rate and "
					    "--per-cpu");
	if (shows_echoes(o) && (o->openmetrics || o->rate || o->per_cpu))
		return command__wrong(self, "--rtt and --observed go with none of --openmetrics, "
					    "--rate and --per-cpu");
	if (!o->snmp && (o->absolute || o->zeros))
		return command__wrong(self, "--absolute and --zeros are for --snmp");
	if (o->snmp && (o->openmetrics || o->per_cpu || o->reset))
		return command__wrong(self, "--snmp goes with none of --openmetrics, --per-cpu and "
					    "--reset");
	if (o->snmp && shows_echoes(o))
		return command__wrong(self, "--snmp goes with neither --rtt nor --observed");
	if (o->absolute && o->rate)
		return command__wrong(self, "--absolute and --rate exclude each other");
	if (o->reset && (o->watch || o->rate))
		return command__wrong(self, "--reset goes with neither --watch nor --rate");
	return DONE;
}

enum status cmd_stats(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "per-cpu", no_argument, NULL, 'p' },
		{ "rate", no_argument, NULL, 'r' },
		{ "watch", optional_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ "openmetrics", no_argument, NULL, 'o' },
		{ "rtt", no_argument, NULL, 't' },
		{ "observed", no_argument, NULL, 'b' },
		{ "reset", no_argument, NULL, 'R' },
		{ "snmp", no_argument, NULL, 's' },
		{ "absolute", no_argument, NULL, 'a' },
		{ "zeros", no_argument, NULL, 'z' },
		COMMON_OPTIONS
	};
	struct scope scope = SCOPE_INIT;
	struct stats_options opts = {};
	struct instances all = {};
	enum status st, shown;
	int o;

	while ((o = command__option(self, argc, argv, "az", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			opts.netns = optarg;
			break;
		case 'p':
			opts.per_cpu = true;
			break;
		case 'r':
			opts.rate = true;
			break;
		case 'w':
			opts.watch = 1;
			if (optarg && parse_number("--watch", optarg, 1, WATCH_MAX, &opts.watch))
				return USAGE;
			break;
		case 'j':
			opts.json = true;
			break;
		case 'o':
			opts.openmetrics = true;
			break;
		case 't':
			opts.rtt = true;
			break;
		case 'b':
			opts.observed = true;
			break;
		case 'R':
			opts.reset = true;
			break;
		case 's':
			opts.snmp = true;
			break;
		case 'a':
			opts.absolute = true;
			break;
		case 'z':
			opts.zeros = true;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	st = check(self, &opts);
	if (st || ask__instead(self, argc, argv, opts.netns, &st))
		return st;
	st = check_privileges();
	if (st)
		return st;
	if (opts.watch || opts.rate)
		interrupt__catch();
	st = scope__open(&scope, opts.netns);
	if (st)
		goto cleanup;
	if (opts.snmp) {
		st = show_snmp(&opts, &scope, argv + optind, argc - optind);
		goto cleanup;
	}
	st = instances__select(&scope, argv + optind, argc - optind, SELECT_LIVE, &all);
	/* An empty list is an answer too, for programs that asked for one. */
	if (all.count ||
	    (st == NOT_ATTACHED && optind == argc && (opts.json || opts.openmetrics))) {
		if (!all.count)
			opts.watch = opts.rate = 0;
		shown = show(&opts, &all);
		st = st ?: shown;
	}
cleanup:
	instances__free(&all);
	scope__close(&scope);
	return st;
}
