// SPDX-License-Identifier: GPL-2.0-only
#include "ask.h"
#include "charge.h"
#include "check.h"
#include "command.h"
#include "confirm.h"
#include "ethtool.h"
#include "forwarding.h"
#include "freshness.h"
#include "gates.h"
#include "instance.h"
#include "json.h"
#include "swap.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct findings {
	struct freshness fresh;
	__u32 forwarding_off;		/* EG_OWNED_FORWARD4/6 */
	struct driver_counter *driver;
	size_t driver_count;
	const char *reply_path;		/* "fib", "swap"; NULL: can't be told */
	__u64 previous;			/* generation kept to go back to; 0: none */
	int daemon;			/* process that keeps it in step; 0: nobody does */
	struct gates gates;
	size_t captures;
};

/* Reading ------------------------------------------------------------------------ */

/* What a rollback would lead to; 0: nothing. */
static __u64 read_previous(const struct instance *in)
{
	struct pin_dir dir = pins__beside(&in->dir, PLACE_PREVIOUS);
	struct instance previous;
	__u64 generation = 0;

	if (instance__open(&previous, &dir))
		return 0;
	if (swap__fits(in, &previous))
		generation = previous.meta.generation;
	instance__close(&previous);
	return generation;
}

static void find_out(const struct scope *s, const struct instance *in, struct findings *f)
{
	char name[EG_META_PATH];
	__u32 program = instance__program(in, HOOK_XDP) ?: instance__program(in, HOOK_TC_INGRESS);

	memset(f, 0, sizeof(*f));
	if (gates__open(&f->gates, in))
		gates__init(&f->gates);
	f->captures = tap__census(in).living;
	freshness__count(in, &f->fresh);
	f->previous = read_previous(in);
	f->daemon = charge__holder(in->dir.cookie);
	if (program && in->abi == EG_ABI)
		f->reply_path = in->meta.swap ? "swap" : "fib";
	if (in->present && !netns__enter(s, in->dir.cookie, in->meta.netns, name, sizeof(name))) {
		freshness__compare(in, &f->fresh);
		f->forwarding_off = forwarding__off();
		ethtool__xdp_counters(in->ifname, &f->driver, &f->driver_count);
		scope__enter(s);
	}
}

/* Text --------------------------------------------------------------------------- */

static const char *advice(enum instance_state state)
{
	switch (state) {
	case INSTANCE_MOVED:
		return "the interface is in another namespace now; detach it here, attach it there";
	case INSTANCE_INCOMPLETE:
		return "parts of it are missing; attach again to mend it";
	case INSTANCE_GONE:
		return "the interface is gone; 'echogate detach --all' clears what it left";
	default:
		return NULL;
	}
}

static void print_fresh(const char *title, size_t count, bool compared, bool stale)
{
	printf("  %-12s %zu, %s\n", title, count,
	       !compared ? "not compared" : stale ? "stale: attach again to refresh" : "fresh");
}

static void print_hooks(const struct instance *in)
{
	const char *title = "hooks";

	for (int i = 0; i < HOOK_COUNT; i++) {
		__u32 program = instance__program(in, i);

		if (!program)
			continue;
		printf("  %-12s %s: program %u, ", title, hook_names[i], program);
		if (in->alive[i])
			printf("link %u, pinned\n", in->info[i].id);
		else
			printf("filter of clsact\n");
		title = "";
	}
}

static void print_generation(const struct instance *in, const struct findings *f)
{
	printf("  %-12s %llu", "generation", (unsigned long long)in->meta.generation);
	if (in->meta.confirm_by && f->previous)
		printf(", back to %llu in %llu s unless confirmed", (unsigned long long)f->previous,
		       (unsigned long long)confirm__left(&in->meta));
	else if (f->previous)
		printf(", rollback leads to %llu", (unsigned long long)f->previous);
	putchar('\n');
}

static void print_rules(const struct instance *in)
{
	__u32 ingress = in->meta.rules[EG_INGRESS], egress = in->meta.rules[EG_EGRESS];

	if (*in->meta.config)
		printf("  %-12s %u, %u for egress\n", "rules", ingress + egress, egress);
}

/* What their answers depend on, and how it is. */
static void print_gates(const struct gates *g)
{
	char state[GATE_TEXT], *text;
	struct gate gate;

	for (size_t i = 0; i < g->count; i++) {
		gate__read(g->map, g->list[i].id, &gate);
		gate__print(&gate, state);
		text = check__text(&g->list[i]);
		printf("  %-12s %s: %s\n", i ? "" : "gates", text ?: "?", state);
		free(text);
	}
}

static void print_text(const struct instance *in, const struct findings *f)
{
	const char *hint = advice(in->state);
	char since[32] = "?";
	time_t t = in->meta.since;
	struct tm tm;

	printf("%s%s%s (index %u): %s%s%s%s\n", *in->ifname ? in->ifname : "?",
	       *in->netns ? " in " : "", in->netns, in->dir.ifindex, state_name(in->state),
	       hint ? " (" : "", hint ?: "", hint ? ")" : "");
	if (in->abi == EG_ABI) {
		if (localtime_r(&t, &tm))
			strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
		printf("  %-12s %s\n", "mode", mode_name(in->meta.mode));
		printf("  %-12s %s\n", "since", since);
		print_generation(in, f);
		printf("  %-12s %s\n", "config", *in->meta.config ? in->meta.config : "none");
		print_rules(in);
		print_gates(&f->gates);
		if (f->captures)
			printf("  %-12s %zu running\n", "captures", f->captures);
	}
	if (f->daemon)
		printf("  %-12s process %d\n", "daemon", f->daemon);
	if (f->reply_path)
		printf("  %-12s %s\n", "reply path", f->reply_path);
	print_hooks(in);
	print_fresh("addresses", f->fresh.addresses, f->fresh.compared, f->fresh.addresses_stale);
	if (f->fresh.vlans || f->fresh.vlans_stale)
		print_fresh("VLANs", f->fresh.vlans, f->fresh.compared, f->fresh.vlans_stale);
	if (f->fresh.metrics || f->fresh.metrics_stale)
		print_fresh("metrics", f->fresh.metrics, f->fresh.compared, f->fresh.metrics_stale);
	if (f->fresh.compared)
		printf("  %-12s %s\n", "settings",
		       f->fresh.settings_stale ? "stale: attach again to refresh" : "fresh");
	if (f->fresh.compared && f->forwarding_off && f->reply_path && strcmp(f->reply_path, "swap"))
		printf("  %-12s off on lo for%s%s: such pings go to the kernel (fib-disabled); "
		       "attach again to mend it\n", "forwarding",
		       f->forwarding_off & EG_OWNED_FORWARD4 ? " IPv4" : "",
		       f->forwarding_off & EG_OWNED_FORWARD6 ? " IPv6" : "");
	if (in->present)
		printf("  %-12s rx_dropped %llu\n", "driver",
		       (unsigned long long)in->device.rx_dropped);
	for (size_t i = 0; i < f->driver_count; i++)
		printf("  %-12s %s %llu\n", "", f->driver[i].name,
		       (unsigned long long)f->driver[i].value);
}

/* JSON --------------------------------------------------------------------------- */

static void add_stale(struct json_object *o, bool compared, bool stale)
{
	json_object_object_add(o, "stale", compared ? json_object_new_boolean(stale) : NULL);
}

static struct json_object *json_hooks(const struct instance *in)
{
	struct json_object *list = json_object_new_array(), *o;

	for (int i = 0; i < HOOK_COUNT; i++) {
		__u32 program = instance__program(in, i);

		if (!program)
			continue;
		o = json_object_new_object();
		json__add_string(o, "name", hook_names[i]);
		json__add_number(o, "program_id", program);
		json_object_object_add(o, "link_id", in->alive[i] ?
				       json_object_new_int64(in->info[i].id) : NULL);
		json__add_bool(o, "pinned", in->alive[i]);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_gates(const struct gates *g)
{
	struct json_object *list = json_object_new_array();
	struct gate gate;
	char *text;

	for (size_t i = 0; i < g->count; i++) {
		gate__read(g->map, g->list[i].id, &gate);
		text = check__text(&g->list[i]);
		json_object_array_add(list, gate__json(&gate, text ?: ""));
		free(text);
	}
	return list;
}

static struct json_object *json_instance(const struct instance *in, const struct findings *f)
{
	struct json_object *o = json_object_new_object(), *sub, *list;

	json__add_place(o, in);
	json__add_string(o, "state", state_name(in->state));
	json__add_string_or_null(o, "mode", in->abi == EG_ABI ? mode_name(in->meta.mode) : "");
	json_object_object_add(o, "hooks", json_hooks(in));
	json__add_number(o, "since", in->meta.since);
	json__add_string_or_null(o, "config", in->meta.config);
	json_object_object_add(o, "daemon", f->daemon ? json_object_new_int(f->daemon) : NULL);
	json__add_string_or_null(o, "reply_path", f->reply_path ?: "");
	json__add_number(o, "generation", in->meta.generation);
	json_object_object_add(o, "previous_generation", f->previous ?
			       json_object_new_uint64(f->previous) : NULL);
	json_object_object_add(o, "confirm_seconds_left", in->meta.confirm_by ?
			       json_object_new_uint64(confirm__left(&in->meta)) : NULL);
	sub = json_object_new_object();
	for (int i = 0; i < EG_DIRECTION_COUNT; i++)
		json__add_number(sub, direction_names[i], in->meta.rules[i]);
	json_object_object_add(o, "rules", sub);
	json_object_object_add(o, "gates", json_gates(&f->gates));
	json__add_number(o, "captures", f->captures);
	sub = json_object_new_object();
	json__add_number(sub, "count", f->fresh.addresses);
	add_stale(sub, f->fresh.compared, f->fresh.addresses_stale);
	json_object_object_add(o, "addresses", sub);
	sub = json_object_new_object();
	json__add_number(sub, "count", f->fresh.vlans);
	add_stale(sub, f->fresh.compared, f->fresh.vlans_stale);
	json_object_object_add(o, "vlans", sub);
	sub = json_object_new_object();
	json__add_number(sub, "count", f->fresh.metrics);
	add_stale(sub, f->fresh.compared, f->fresh.metrics_stale);
	json_object_object_add(o, "metrics", sub);
	sub = json_object_new_object();
	add_stale(sub, f->fresh.compared, f->fresh.settings_stale);
	list = json_object_new_array();
	if (f->forwarding_off & EG_OWNED_FORWARD4)
		json_object_array_add(list, json_object_new_string("ipv4"));
	if (f->forwarding_off & EG_OWNED_FORWARD6)
		json_object_array_add(list, json_object_new_string("ipv6"));
	json_object_object_add(sub, "forwarding_off", list);
	json_object_object_add(o, "settings", sub);
	sub = json_object_new_object();
	if (in->present)
		json__add_number(sub, "rx_dropped", in->device.rx_dropped);
	for (size_t i = 0; i < f->driver_count; i++)
		json__add_number(sub, f->driver[i].name, f->driver[i].value);
	json_object_object_add(o, "driver", sub);
	return o;
}

/* The command -------------------------------------------------------------------- */

enum status cmd_status(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		COMMON_OPTIONS
	};
	struct json_object *list = NULL;
	struct scope scope = SCOPE_INIT;
	struct instances all = {};
	const char *netns = NULL;
	struct findings f;
	bool json = false;
	enum status st;
	int o;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			netns = optarg;
			break;
		case 'j':
			json = true;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	if (ask__instead(self, argc, argv, netns, &st))
		return st;
	st = check_privileges() ?: scope__open(&scope, netns);
	if (st)
		goto cleanup;
	st = instances__select(&scope, argv + optind, argc - optind, SELECT_ALL, &all);
	if (json)
		list = json_object_new_array();
	for (size_t i = 0; i < all.count; i++) {
		find_out(&scope, &all.list[i], &f);
		if (json) {
			json_object_array_add(list, json_instance(&all.list[i], &f));
		} else {
			if (i)
				putchar('\n');
			print_text(&all.list[i], &f);
		}
		gates__close(&f.gates);
		free(f.driver);
	}
	/* An empty list is an answer too, for programs that asked for one. */
	json__print_interfaces(list, all.count || (st == NOT_ATTACHED && optind == argc));
cleanup:
	instances__free(&all);
	scope__close(&scope);
	return st;
}
