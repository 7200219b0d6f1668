// SPDX-License-Identifier: GPL-2.0-only
#include "detach.h"
#include "ask.h"
#include "command.h"
#include "forwarding.h"
#include "hooks.h"
#include "recover.h"
#include "swap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Another instance of the namespace inherits what lasts until the last one goes. */
static bool bequeath(const struct instance *in, __u32 bits)
{
	struct pin_dir *dirs;
	bool done = false;
	size_t count;

	if (pins__list_of(in->dir.cookie, &dirs, &count))
		return false;
	for (size_t i = 0; !done && i < count; i++) {
		struct instance heir;

		if (dirs[i].place != PLACE_RUNNING ||
		    (dirs[i].ifindex == in->dir.ifindex && in->dir.place == PLACE_RUNNING))
			continue;
		if (instance__open(&heir, &dirs[i]))
			continue;
		if (heir.abi == EG_ABI && heir.state != INSTANCE_GONE) {
			heir.meta.owned |= bits;
			done = !instance__set_meta(&heir, &heir.meta);
		}
		instance__close(&heir);
	}
	free(dirs);
	return done;
}

int instance__remove(struct instance *in, bool in_namespace)
{
	struct pin_dir running = pins__beside(&in->dir, PLACE_RUNNING);
	struct pin_dir new = pins__beside(&in->dir, PLACE_NEW);
	struct pin_dir previous = pins__beside(&in->dir, PLACE_PREVIOUS);
	/* Without notes, filters of ours are still known by their names. */
	__u32 owned = in->abi ? in->meta.owned : EG_OWNED_INGRESS | EG_OWNED_EGRESS, forward;
	struct instance other;
	bool replaced = false;

	/* A command that was killed while it replaced one: that one lives on. */
	if (in->dir.place != PLACE_RUNNING && !instance__open(&other, &running)) {
		replaced = other.state != INSTANCE_ABSENT;
		owned &= replaced && !other.abi ? 0 : ~other.meta.owned;
		instance__close(&other);
	}
	for (int i = 0; !replaced && i < HOOK_COUNT; i++)
		if (in->links[i] >= 0)
			bpf_link_detach(in->links[i]);
	if (in_namespace)
		hooks__remove_filters(in->dir.ifindex, owned);
	forward = in->meta.owned & FORWARD_BITS;
	if (forward && !bequeath(in, forward) && in_namespace)
		forwarding__restore(forward);
	instance__close(in);
	if (in->dir.place == PLACE_RUNNING) {
		pins__remove(&new);
		pins__remove(&previous);
	}
	return pins__remove(&in->dir);
}

static enum status detach_one(const struct scope *s, struct instance *in, const char *name)
{
	int err;

	err = instance__remove(in, true);
	if (err)
		return report(status_of(err), "%s: its pins can't be removed: %s", name, why(err));
	printf("%s: detached\n", name);
	scope__enter(s);
	return DONE;
}

static enum status detach_all(const struct scope *s)
{
	size_t count, done, elsewhere = 0;
	enum status first = DONE, st;
	struct pin_dir *dirs;
	struct instance in;
	int err;

	done = recover(s);
	if (done)
		printf("%zu leftover%s cleared\n", done, done == 1 ? "" : "s");
	err = pins__list(&dirs, &count);
	if (err)
		return report(status_of(err), PIN_ROOT ": %s", why(err));
	for (size_t i = 0; i < count; i++) {
		if (dirs[i].place != PLACE_RUNNING)
			continue;
		if (dirs[i].cookie != s->cookie) {
			elsewhere++;
			continue;
		}
		err = instance__open(&in, &dirs[i]);
		if (err) {
			st = report(status_of(err), "pins of interface %u: %s", dirs[i].ifindex,
				    why(err));
		} else {
			char name[IFNAMSIZ];

			instance__look(&in, s);
			snprintf(name, sizeof(name), "%s", *in.ifname ? in.ifname : "?");
			st = detach_one(s, &in, name);
		}
		first = first ?: st;
		done++;
	}
	free(dirs);
	if (done)
		return first;
	return report(
		NOT_ATTACHED, "nothing is attached%s%s%s",
		*s->name ? " in network namespace " : " in this network namespace", s->name,
		elsewhere ? "; in others it is: 'echogate status' lists them, --netns takes them"
			  : "");
}

enum status cmd_detach(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "netns", required_argument, NULL, 'n' },
		COMMON_OPTIONS
	};
	struct scope scope = SCOPE_INIT;
	enum status st, first = DONE;
	const char *netns = NULL;
	struct instance in;
	bool all = false;
	int o, lock = -1;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'a':
			all = true;
			break;
		case 'n':
			netns = optarg;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	if (all && optind < argc)
		return command__wrong(self, "--all and \"%s\" exclude each other", argv[optind]);
	if (!all && optind == argc)
		return command__wrong(self, "no interface given, nor --all");
	for (int i = optind; i < argc; i++)
		if (check_ifname(argv[i]))
			return USAGE;
	if (ask__instead(self, argc, argv, netns, &st))
		return st;
	st = check_privileges();
	if (st)
		return st;
	st = scope__open(&scope, netns) ?: pins__lock(&lock);
	if (st)
		goto cleanup;
	if (all) {
		st = detach_all(&scope);
		goto cleanup;
	}
	for (int i = optind; i < argc; i++) {
		st = instance__find(&scope, argv[i], &in);
		if (!st)
			st = detach_one(&scope, &in, argv[i]);
		first = first ?: st;
	}
	st = first;
	recover(&scope);
cleanup:
	pins__unlock(&lock);
	scope__close(&scope);
	return st;
}
