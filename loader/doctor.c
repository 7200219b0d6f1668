// SPDX-License-Identifier: GPL-2.0-only
#include "checks.h"
#include "command.h"
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What the command was given, and what it has found so far. */
struct doctor {
	struct scope scope;
	struct rtnl rt;
	struct host host;
	bool json;
	struct json_object *doc, *interfaces;
	size_t totals[SEVERITY_COUNT];
};

/* Showing ---------------------------------------------------------------------------- */

static struct json_object *json_findings(const struct findings *f)
{
	struct json_object *list = json_object_new_array(), *o;

	for (size_t i = 0; i < f->count; i++) {
		o = json_object_new_object();
		json__add_string(o, "check", f->list[i].check);
		json__add_string(o, "severity", severity_names[f->list[i].severity]);
		json__add_string(o, "text", f->list[i].text);
		json__add_string_or_null(o, "mend", f->list[i].mend);
		json_object_array_add(list, o);
	}
	return list;
}

static void print_findings(const struct findings *f)
{
	/* What is worst first. */
	for (int severity = SEVERITY_COUNT - 1; severity >= 0; severity--) {
		for (size_t i = 0; i < f->count; i++) {
			const struct finding *it = &f->list[i];

			if ((int)it->severity != severity)
				continue;
			printf("  %-8s %s: %s\n", severity_names[severity], it->check, it->text);
			if (*it->mend)
				printf("  %8s $ %s\n", "", it->mend);
		}
	}
	if (!f->count)
		printf("  nothing to complain of\n");
}

/* Runs the checks of a subject; the caller shows and frees what they find. Reports. */
static enum status judge(struct doctor *d, const struct exam *e, enum subject subject,
			 struct findings *f)
{
	checks__run(e, subject, f);
	if (f->lost)
		return report(FAILED, "%s", why(ENOMEM));
	for (size_t i = 0; i < f->count; i++)
		d->totals[f->list[i].severity]++;
	return DONE;
}

/* Subjects ------------------------------------------------------------------------------ */

static void add_netns(const struct doctor *d, struct json_object *o)
{
	json__add_string_or_null(o, "netns", d->scope.name);
}

static enum status judge_host(struct doctor *d)
{
	struct exam e = { .host = &d->host };
	struct findings f = {};
	struct json_object *o;
	enum status st;

	st = judge(d, &e, SUBJECT_HOST, &f);
	if (!st && d->json) {
		o = json_object_new_object();
		add_netns(d, o);
		json_object_object_add(o, "findings", json_findings(&f));
		json_object_object_add(d->doc, "host", o);
	} else if (!st) {
		printf("this host%s%s\n", *d->scope.name ? ", network namespace " : "",
		       d->scope.name);
		print_findings(&f);
	}
	findings__free(&f);
	return st;
}

static void print_heading(const struct exam *e)
{
	bool attached = e->state == INSTANCE_ATTACHED;

	printf("\n%s: %s%s%s\n", e->dev.name, attached ? "" : "would be ",
	       attached ? "attached, " : "", mode_name(exam__mode(e)));
}

static enum status judge_interface(struct doctor *d, const char *name)
{
	struct findings f = {};
	struct json_object *o;
	enum status st;
	struct exam e;
	int err;

	err = interface__examine(&d->scope, &d->rt, &d->host, if_nametoindex(name), &e);
	if (err)
		return report(status_of(err), "%s: it can't be examined: %s", name, why(err));
	st = judge(d, &e, SUBJECT_INTERFACE, &f);
	if (!st && d->json) {
		o = json_object_new_object();
		json__add_string(o, "interface", e.dev.name);
		json__add_number(o, "ifindex", e.dev.ifindex);
		add_netns(d, o);
		json__add_bool(o, "attached", e.state == INSTANCE_ATTACHED);
		json__add_string(o, "mode", mode_name(exam__mode(&e)));
		json_object_object_add(o, "findings", json_findings(&f));
		json_object_array_add(d->interfaces, o);
	} else if (!st) {
		print_heading(&e);
		print_findings(&f);
	}
	findings__free(&f);
	return st;
}

/* What is attached in the namespace, else every interface that is up, but lo. Reports. */
static enum status judge_all(struct doctor *d)
{
	const struct device *devs = d->host.devs;
	enum status first = DONE, st;
	bool any = false;

	for (int pass = 0; pass < 2 && !any; pass++) {
		for (size_t i = 0; i < d->host.dev_count; i++) {
			bool wanted = pass ? (devs[i].flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP :
					     interface__attached(&d->scope, devs[i].ifindex);

			if (!wanted)
				continue;
			st = judge_interface(d, devs[i].name);
			first = first ?: st;
			any = true;
		}
	}
	return first;
}

/* Before anything is printed. Reports. */
static enum status check_names(const struct doctor *d, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (check_ifname(names[i]))
			return USAGE;
		if (!if_nametoindex(names[i]))
			return report(FAILED, "%s: no such interface%s%s; 'ip link' lists them",
				      names[i], *d->scope.name ? " in network namespace " : "",
				      d->scope.name);
	}
	return DONE;
}

/* The command ------------------------------------------------------------------------- */

static void print_totals(const struct doctor *d)
{
	const char *before = "\n";

	for (int severity = SEVERITY_COUNT - 1; severity >= 0; severity--) {
		size_t n = d->totals[severity];

		printf("%s%zu %s%s", before, n, severity_names[severity], n == 1 ? "" : "s");
		before = ", ";
	}
	putchar('\n');
}

enum status cmd_doctor(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		COMMON_OPTIONS
	};
	struct doctor d = { .scope = SCOPE_INIT };
	enum status st, first;
	const char *netns = NULL;
	int o, err;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			netns = optarg;
			break;
		case 'j':
			d.json = true;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	first = scope__open(&d.scope, netns) ?: check_names(&d, argv + optind, argc - optind);
	if (first)
		goto cleanup;
	err = rtnl__open(&d.rt) ?: host__examine(&d.scope, &d.rt, &d.host);
	if (err) {
		first = report(status_of(err), "this host can't be examined: %s", why(err));
		goto cleanup;
	}
	if (d.json) {
		d.doc = json__document();
		d.interfaces = json_object_new_array();
	}
	first = judge_host(&d);
	if (optind == argc && !first)
		first = judge_all(&d);
	for (int i = optind; i < argc; i++) {
		st = judge_interface(&d, argv[i]);
		first = first ?: st;
	}
	if (d.json) {
		json_object_object_add(d.doc, "interfaces", d.interfaces);
		json__print(d.doc, false);
	} else {
		print_totals(&d);
	}
	if (!first && d.totals[SEVERITY_ERROR])
		first = FAILED;
cleanup:
	rtnl__close(&d.rt);
	host__free(&d.host);
	scope__close(&d.scope);
	return first;
}
