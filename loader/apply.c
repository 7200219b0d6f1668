// SPDX-License-Identifier: GPL-2.0-only
#include "ask.h"
#include "command.h"
#include "confirm.h"
#include "deploy.h"
#include "recover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct apply_options {
	const char *file;
	const char *netns;
	bool check;
	unsigned long confirm;		/* seconds; 0: it stays */
};

/* Sizes ------------------------------------------------------------------------ */

static void print_memory(size_t bytes)
{
	if (bytes < 1 << 20)
		printf(", %zu KiB", (bytes + 1023) >> 10);
	else
		printf(", %.1f MiB", (double)bytes / (1 << 20));
}

static void print_rules(const struct compiled *c)
{
	printf("%zu rule%s", c->rule_count, c->rule_count == 1 ? "" : "s");
}

static void print_tables(const struct generation *g)
{
	size_t prefixes = g->compiled.prefixes.prefix4_count + g->compiled.prefixes.prefix6_count;

	if (g->rules.set_count)
		printf(", %zu set%s", g->rules.set_count, g->rules.set_count == 1 ? "" : "s");
	if (prefixes)
		printf(", %zu prefix%s", prefixes, prefixes == 1 ? "" : "es");
	print_memory(compiled__memory(&g->compiled) + g->text_size);
}

/* Checking --------------------------------------------------------------------- */

static enum status check_one(const struct config *config, const char *file, const char *ifname)
{
	struct generation g;
	enum status st;

	generation__init(&g);
	g.name = ifname ?: file;
	copy_text(g.dev.name, ifname ?: "", sizeof(g.dev.name));
	st = generation__plan(&g, config);
	if (!st) {
		printf("%s: ", g.name);
		print_rules(&g.compiled);
		if (g.rules.count[EG_EGRESS])
			printf(" (%zu for egress)", g.rules.count[EG_EGRESS]);
		print_tables(&g);
		putchar('\n');
	}
	generation__close(&g);
	return st;
}

/* What is attached here, by name only. Reports. */
static enum status list_attached(const char *netns, struct instances *all)
{
	struct scope scope = SCOPE_INIT;
	struct pin_dir *dirs = NULL;
	struct instance *more;
	enum status st;
	size_t count;
	int err;

	st = scope__open(&scope, netns);
	if (st)
		goto cleanup;
	err = pins__list_of(scope.cookie, &dirs, &count);
	if (err) {
		st = report(status_of(err), PIN_ROOT ": %s", why(err));
		goto cleanup;
	}
	for (size_t i = 0; i < count; i++) {
		if (dirs[i].place != PLACE_RUNNING)
			continue;
		more = realloc(all->list, (all->count + 1) * sizeof(*more));
		if (!more) {
			st = report(FAILED, "%s", why(ENOMEM));
			goto cleanup;
		}
		all->list = more;
		instance__init(&more[all->count]);
		if (if_indextoname(dirs[i].ifindex, more[all->count].ifname))
			all->count++;
	}
cleanup:
	free(dirs);
	scope__close(&scope);
	return st;
}

static enum status check(const struct apply_options *opts, const struct config *config,
			 char *const *names, size_t count)
{
	enum status first = DONE, st;
	struct instances all = {};

	for (size_t i = 0; i < count; i++) {
		st = check_one(config, opts->file, names[i]);
		first = first ?: st;
	}
	if (count)
		return first;
	/* A file can be checked anywhere, by anybody: without an interface, what is for all. */
	if (!access(PIN_ROOT, R_OK | X_OK)) {
		first = list_attached(opts->netns, &all);
		for (size_t i = 0; !first && i < all.count; i++)
			first = check_one(config, opts->file, all.list[i].ifname);
	}
	if (!first && !all.count)
		first = check_one(config, opts->file, NULL);
	instances__free(&all);
	return first;
}

/* Applying --------------------------------------------------------------------- */

static enum status build_one(struct deployment *d, const struct apply_options *opts,
			     const struct instance *in)
{
	enum status st;

	if (in->state != INSTANCE_ATTACHED)
		return report(FAILED, "%s: it is %s; 'echogate status %s' says more", in->ifname,
			      state_name(in->state), in->ifname);
	if (opts->confirm) {
		st = confirm__refuse_pending(in, in->ifname);
		if (st)
			return st;
	}
	return deployment__build(d, in->ifname, false);
}

/* Everything is built before anything is swapped. Reports. */
static enum status build(struct deployment *d, const struct apply_options *opts,
			 const struct instances *all)
{
	enum status st = DONE;

	for (size_t i = 0; !st && i < all->count; i++) {
		bool twice = false;

		for (size_t j = 0; !twice && j < i; j++)
			twice = all->list[i].dir.ifindex == all->list[j].dir.ifindex;
		if (!twice)
			st = build_one(d, opts, &all->list[i]);
	}
	return st;
}

/*
 * The deadline is noted and the guard at its post before the first swap: from then on nothing
 * that happens to this process keeps a generation that locks its maker out.
 */
static enum status arm(struct deployment *d, struct guard *guard, unsigned long seconds)
{
	__u64 deadline = boottime() + seconds;
	int err;

	for (size_t i = 0; i < d->count; i++) {
		struct generation *g = &d->list[i];

		g->meta.confirm_by = deadline;
		err = instance__set_meta(&g->next, &g->meta);
		if (err)
			return report(status_of(err), "%s: its notes can't be written: %s",
				      g->name, why(err));
	}
	return guard__arm(guard, deadline);
}

static void print_result(const struct apply_options *opts, const struct generation *g)
{
	printf("%s: generation %llu: ", g->name, (unsigned long long)g->meta.generation);
	print_rules(&g->compiled);
	printf(" (%zu new, %zu gone)", g->changes.added, g->changes.gone);
	print_tables(g);
	printf("; built in %llu ms, two generations in place for %llu us\n",
	       (unsigned long long)(g->built - g->started) / 1000000,
	       (unsigned long long)g->both_ns / 1000);
	if (opts->confirm)
		printf("%s: generation %llu comes back in %lu s, unless: echogate confirm %s%s%s\n",
		       g->name, (unsigned long long)g->running.meta.generation, opts->confirm,
		       g->name, *g->scope->name ? " --netns " : "", g->scope->name);
}

static enum status apply(const struct apply_options *opts, const struct config *config,
			 char *const *names, size_t count, struct guard *guard)
{
	struct scope scope = SCOPE_INIT;
	struct deployment d = { .scope = &scope, .config = config };
	struct instances all = {};
	enum status st;
	int lock = -1;

	st = check_privileges() ?: scope__open(&scope, opts->netns) ?: pins__lock(&lock);
	if (st)
		goto cleanup;
	recover(&scope);
	st = instances__select(&scope, names, count, SELECT_HERE, &all) ?: build(&d, opts, &all);
	for (size_t i = 0; !st && i < d.count; i++)
		generation__forward(&d.list[i]);
	if (!st && opts->confirm)
		st = arm(&d, guard, opts->confirm);
	st = st ?: deployment__swap(&d);
	for (size_t i = 0; !st && i < d.count; i++)
		print_result(opts, &d.list[i]);
cleanup:
	deployment__close(&d);
	instances__free(&all);
	pins__unlock(&lock);
	scope__close(&scope);
	return st;
}

/* The command -------------------------------------------------------------------- */

enum status cmd_apply(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "check", no_argument, NULL, 'c' },
		{ "confirm", required_argument, NULL, 's' },
		COMMON_OPTIONS
	};
	struct guard guard = { .line = -1 };
	struct apply_options opts = {};
	struct config *config = NULL;
	enum status st = DONE;
	char **names;
	size_t count;
	int o;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			opts.netns = optarg;
			break;
		case 'c':
			opts.check = true;
			break;
		case 's':
			if (parse_number("--confirm", optarg, 1, CONFIRM_MAX, &opts.confirm))
				return USAGE;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	if (optind == argc)
		return command__wrong(self, "no file given");
	if (opts.check && opts.confirm)
		return command__wrong(self, "--check and --confirm exclude each other");
	opts.file = argv[optind];
	names = argv + optind + 1;
	count = argc - optind - 1;
	for (size_t i = 0; i < count; i++)
		if (check_ifname(names[i]))
			return USAGE;
	if (!opts.check && ask__instead(self, argc, argv, opts.netns, &st))
		return st;
	/* Before there is a million prefixes in memory, which it would keep. */
	if (opts.confirm)
		st = check_privileges() ?: guard__start(&guard, opts.netns);
	st = st ?: config__read(opts.file, &config) ?:
	     config__load_sets(config, count ? names : NULL, count);
	if (!st)
		st = opts.check ? check(&opts, config, names, count) :
				  apply(&opts, config, names, count, &guard);
	if (st)
		guard__cancel(&guard);
	else
		guard__release(&guard);
	config__free(config);
	return st;
}
