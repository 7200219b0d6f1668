// SPDX-License-Identifier: GPL-2.0-only
#include "instance.h"
#include "hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void instance__init(struct instance *in)
{
	memset(in, 0, sizeof(*in));
	memset(in->maps, -1, sizeof(in->maps));
	memset(in->links, -1, sizeof(in->links));
	memset(in->programs, -1, sizeof(in->programs));
}

void instance__close(struct instance *in)
{
	for (int i = 0; i < PIN_MAP_COUNT; i++)
		close_fd(&in->maps[i]);
	for (int i = 0; i < HOOK_COUNT; i++)
		close_fd(&in->links[i]);
	for (int i = 0; i < EG_DIRECTION_COUNT; i++)
		close_fd(&in->programs[i]);
}

const char *state_name(enum instance_state state)
{
	switch (state) {
	case INSTANCE_ABSENT:
		return "absent";
	case INSTANCE_ATTACHED:
		return "attached";
	case INSTANCE_MOVED:
		return "moved";
	case INSTANCE_INCOMPLETE:
		return "incomplete";
	case INSTANCE_OTHER_ABI:
		return "other-abi";
	case INSTANCE_GONE:
		return "gone";
	}
	return "unknown";
}

/* -1: there is no such pin. -errno. */
static int open_pin(const struct pin_dir *dir, const char *name, int *fd)
{
	char path[2 * PIN_PATH];

	pins__path(path, sizeof(path), dir, name);
	*fd = bpf_obj_get(path);
	if (*fd >= 0)
		return 0;
	*fd = -1;
	return errno == ENOENT ? 0 : -errno;
}

/* Of another ABI: what must be taken back has always stood at the same place. */
static void read_owned(struct instance *in, const char *value, __u32 size)
{
	size_t at = offsetof(struct eg_meta, owned);

	if (in->abi == EG_ABI)
		in->abi = 0;	/* not what it claims to be */
	else if (size >= at + sizeof(in->meta.owned))
		memcpy(&in->meta.owned, value + at, sizeof(in->meta.owned));
}

/*
 * abi stands first whatever the rest looks like. What can't be read is an error, not
 * another ABI: it would be forgotten what has to be taken back. -errno.
 */
static int read_meta(struct instance *in)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), zero = 0;
	char *value;
	int err = 0;

	if (in->maps[PIN_META] < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(in->maps[PIN_META], &info, &len))
		return -errno;
	if (info.value_size < sizeof(in->abi))
		return 0;
	value = calloc(1, info.value_size);
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(in->maps[PIN_META], &zero, value)) {
		err = -errno;
	} else {
		memcpy(&in->abi, value, sizeof(in->abi));
		if (in->abi == EG_ABI && info.value_size == sizeof(in->meta))
			memcpy(&in->meta, value, sizeof(in->meta));
		else
			read_owned(in, value, info.value_size);
	}
	free(value);
	in->meta.ifname[sizeof(in->meta.ifname) - 1] = 0;
	in->meta.netns[sizeof(in->meta.netns) - 1] = 0;
	in->meta.config[sizeof(in->meta.config) - 1] = 0;
	return err;
}

static int read_links(struct instance *in)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		__u32 len = sizeof(in->info[i]);

		if (in->links[i] < 0)
			continue;
		if (bpf_obj_get_info_by_fd(in->links[i], &in->info[i], &len))
			return -errno;
		/* TCX keeps its ifindex in the same place. Both are 0 without a device. */
		in->alive[i] = in->info[i].xdp.ifindex != 0;
	}
	return 0;
}

static int read_programs(struct instance *in)
{
	for (int i = 0; i < EG_DIRECTION_COUNT; i++) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (in->programs[i] < 0)
			continue;
		if (bpf_obj_get_info_by_fd(in->programs[i], &info, &len))
			return -errno;
		in->program_ids[i] = info.id;
	}
	return 0;
}

static int read_system_id(struct instance *in)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (in->maps[PIN_CONFIG] < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(in->maps[PIN_CONFIG], &info, &len))
		return -errno;
	in->system_id = info.id;
	return 0;
}

enum hook instance__ingress(const struct instance *in)
{
	return in->meta.mode == EG_MODE_TC ? HOOK_TC_INGRESS : HOOK_XDP;
}

__u32 instance__program(const struct instance *in, enum hook hook)
{
	return in->alive[hook] ? in->info[hook].prog_id : in->filters[hook];
}

static bool in_place(const struct instance *in, enum hook hook)
{
	__u32 bit = hook == HOOK_TC_INGRESS ? EG_OWNED_INGRESS :
		    hook == HOOK_TC_EGRESS ? EG_OWNED_EGRESS : 0;

	return in->alive[hook] || in->meta.owned & bit;
}

/* A filter of clsact has no link that could tell whether it is there: instance__visit() looks. */
static bool has_filters_only(const struct instance *in)
{
	for (int i = 0; i < HOOK_COUNT; i++)
		if (in->alive[i])
			return false;
	return in->meta.owned & (EG_OWNED_INGRESS | EG_OWNED_EGRESS);
}

static enum instance_state judge(const struct instance *in)
{
	bool alive = has_filters_only(in), complete = in->abi;

	for (int i = 0; i < PIN_MAP_COUNT; i++)
		complete = complete && in->maps[i] >= 0;
	for (int i = 0; i < EG_DIRECTION_COUNT; i++)
		complete = complete && in->programs[i] >= 0;
	for (int i = 0; i < HOOK_COUNT; i++)
		alive = alive || in->alive[i];
	if (!alive)
		return INSTANCE_GONE;
	if (in->abi && in->abi != EG_ABI)
		return INSTANCE_OTHER_ABI;
	if (!complete || !in_place(in, instance__ingress(in)) || !in_place(in, HOOK_TC_EGRESS))
		return INSTANCE_INCOMPLETE;
	for (int i = 0; i < HOOK_COUNT; i++)
		if (in->alive[i] && in->info[i].xdp.ifindex != in->dir.ifindex)
			return INSTANCE_MOVED;
	return INSTANCE_ATTACHED;
}

int instance__open(struct instance *in, const struct pin_dir *dir)
{
	char path[PIN_PATH];
	int err = 0;

	instance__init(in);
	in->dir = *dir;
	pins__dir(path, sizeof(path), dir);
	if (access(path, F_OK))
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	for (int i = 0; !err && i < PIN_MAP_COUNT; i++)
		err = open_pin(dir, pinned_maps[i].name, &in->maps[i]);
	for (int i = 0; !err && i < EG_DIRECTION_COUNT; i++)
		err = open_pin(dir, pin_program_names[i], &in->programs[i]);
	for (int i = 0; !err && i < HOOK_COUNT; i++)
		err = open_pin(dir, pin_link_names[i], &in->links[i]);
	err = err ?: read_meta(in) ?: read_links(in) ?: read_programs(in) ?: read_system_id(in);
	if (err) {
		instance__close(in);
		return err;
	}
	in->state = judge(in);
	copy_text(in->ifname, in->meta.ifname, sizeof(in->ifname));
	return 0;
}

/* Takes over what another generation of the interface pins, which is closed. */
static void become(struct instance *in, struct instance *other)
{
	for (int i = 0; i < PIN_MAP_COUNT; i++) {
		close_fd(&in->maps[i]);
		in->maps[i] = other->maps[i];
	}
	for (int i = 0; i < EG_DIRECTION_COUNT; i++) {
		close_fd(&in->programs[i]);
		in->programs[i] = other->programs[i];
		in->program_ids[i] = other->program_ids[i];
	}
	/* The hooks are the interface's, not the generation's. */
	for (int i = 0; i < HOOK_COUNT; i++)
		close_fd(&other->links[i]);
	in->dir = other->dir;
	in->meta = other->meta;
	in->system_id = other->system_id;
}

/*
 * A command that was killed between exchanging the programs and exchanging the directories:
 * what runs is described in another one than it should be.
 */
static void follow(struct instance *in)
{
	__u32 running = instance__program(in, instance__ingress(in));
	struct instance other;

	if (in->abi != EG_ABI || !running || running == in->program_ids[EG_INGRESS])
		return;
	for (int place = PLACE_NEW; place < PLACE_COUNT; place++) {
		struct pin_dir dir = pins__beside(&in->dir, place);

		if (instance__open(&other, &dir))
			continue;
		if (other.abi == EG_ABI && other.program_ids[EG_INGRESS] == running) {
			become(in, &other);
			return;
		}
		instance__close(&other);
	}
}

void instance__look(struct instance *in, const struct scope *s)
{
	char name[IFNAMSIZ];
	struct rtnl rt = {};

	in->reachable = !netns__enter(s, in->dir.cookie, in->meta.netns, in->netns,
				      sizeof(in->netns));
	if (!in->reachable)
		copy_text(in->netns, in->meta.netns, sizeof(in->netns));
	if (in->dir.cookie == s->home_cookie)
		in->netns[0] = 0;
	else if (!in->netns[0])
		snprintf(in->netns, sizeof(in->netns), "cookie:%llu",
			 (unsigned long long)in->dir.cookie);
	/* Filters go with their interface, also when it goes to another namespace. */
	if (!in->reachable) {
		if (has_filters_only(in))
			in->state = INSTANCE_GONE;
		return;
	}
	if (!if_indextoname(in->dir.ifindex, name)) {
		if (has_filters_only(in))
			in->state = INSTANCE_GONE;
		else if (in->state != INSTANCE_GONE)
			in->state = INSTANCE_MOVED;
		return;
	}
	/* Then it isn't the interface that is gone. */
	if (in->state == INSTANCE_GONE)
		in->state = INSTANCE_INCOMPLETE;
	if (rtnl__open(&rt))
		return;
	in->present = !rtnl__device(&rt, in->dir.ifindex, &in->device);
	rtnl__close(&rt);
	if (!in->present)
		return;
	for (int i = 0; i < HOOK_COUNT; i++) {
		if (in->alive[i] && !hooks__here(in, i, &in->device)) {
			/* Its index was given to another interface here. */
			in->state = INSTANCE_MOVED;
			in->present = false;
			return;
		}
	}
	copy_text(in->ifname, in->device.name, sizeof(in->ifname));
	for (int i = 0; i < HOOK_COUNT; i++) {
		in->filters[i] = hooks__filter(in->dir.ifindex, i);
		/* Somebody may have removed the filter, or the whole qdisc. */
		if (in->state == INSTANCE_ATTACHED && in_place(in, i) && !in->alive[i] &&
		    !in->filters[i])
			in->state = INSTANCE_INCOMPLETE;
	}
}

void instance__visit(struct instance *in, const struct scope *s)
{
	instance__look(in, s);
	follow(in);
}

int instance__set_meta(const struct instance *in, const struct eg_meta *meta)
{
	__u32 zero = 0;

	return bpf_map_update_elem(in->maps[PIN_META], &zero, meta, BPF_ANY);
}

void instance__refresh(struct instance *in)
{
	struct pin_dir dir = pins__beside(&in->dir, PLACE_RUNNING);
	struct instance now;

	if (instance__open(&now, &dir))
		return;
	if (now.abi == EG_ABI && now.maps[PIN_COUNTERS] >= 0)
		become(in, &now);
	else
		instance__close(&now);
}

enum status instance__find(const struct scope *s, const char *name, struct instance *in)
{
	__u32 ifindex = if_nametoindex(name);
	struct pin_dir dir = { .cookie = s->cookie, .ifindex = ifindex };
	struct pin_dir *dirs = NULL;
	enum status st = DONE;
	size_t count = 0;
	int err = 0;

	instance__init(in);
	if (ifindex) {
		if (pins__mounted())
			err = instance__open(in, &dir);
		if (err)
			return report(status_of(err), "%s: its pins can't be opened: %s", name,
				      why(err));
		if (in->state == INSTANCE_ABSENT)
			return report(NOT_ATTACHED,
				      "%s: not attached; 'echogate attach %s%s%s' attaches to it",
				      name, name, *s->name ? " --netns " : "", s->name);
		return DONE;
	}
	err = pins__list_of(s->cookie, &dirs, &count);
	if (err)
		return report(status_of(err), PIN_ROOT ": %s", why(err));
	for (size_t i = 0; i < count; i++) {
		if (dirs[i].place != PLACE_RUNNING)
			continue;
		if (!instance__open(in, &dirs[i]) && !strcmp(in->ifname, name) &&
		    !if_indextoname(dirs[i].ifindex, (char [IFNAMSIZ]){}))
			goto cleanup;
		instance__close(in);
		instance__init(in);
	}
	st = report(FAILED, "%s: no such interface%s%s; 'ip link' lists them", name,
		    *s->name ? " in network namespace " : "", s->name);
cleanup:
	free(dirs);
	return st;
}

static enum status append(struct instances *all, const struct instance *in)
{
	struct instance *more;

	more = realloc(all->list, (all->count + 1) * sizeof(*more));
	if (!more)
		return report(FAILED, "%s", why(ENOMEM));
	all->list = more;
	more[all->count++] = *in;
	return DONE;
}

/* Reports if an instance can't be shown. */
static enum status refuse(const struct instance *in, const char *name, enum selection which)
{
	if (in->state == INSTANCE_OTHER_ABI)
		return report(FAILED, "%s: attached by an echogate with ABI %u, this one has %u; "
			      "attach again to replace it", name, in->abi, EG_ABI);
	if (which == SELECT_ALL)
		return DONE;
	if (in->state == INSTANCE_GONE)
		return report(NOT_ATTACHED, "%s: the interface is gone; "
			      "'echogate detach --all' clears what it left", name);
	if (in->maps[PIN_COUNTERS] < 0 || !in->abi)
		return report(FAILED, "%s: parts of its pins are missing; attach again to mend it",
			      name);
	return DONE;
}

static enum status select_named(const struct scope *s, char *const *names, size_t count,
				enum selection which, struct instances *out)
{
	enum status first = DONE, st;
	struct instance in;

	for (size_t i = 0; i < count; i++) {
		st = check_ifname(names[i]) ?: instance__find(s, names[i], &in);
		if (!st) {
			instance__visit(&in, s);
			scope__enter(s);
			st = refuse(&in, names[i], which) ?: append(out, &in);
			if (st)
				instance__close(&in);
		}
		first = first ?: st;
	}
	return first;
}

enum status instances__select(const struct scope *s, char *const *names, size_t count,
			      enum selection which, struct instances *out)
{
	enum status st, first = DONE;
	struct pin_dir *dirs;
	struct instance in;
	char name[32];
	size_t n;
	int err;

	memset(out, 0, sizeof(*out));
	if (count)
		return select_named(s, names, count, which, out);
	err = pins__list(&dirs, &n);
	if (err)
		return report(status_of(err), PIN_ROOT ": %s", why(err));
	for (size_t i = 0; i < n; i++) {
		if (dirs[i].place != PLACE_RUNNING ||
		    ((*s->name || s->confined || which == SELECT_HERE) &&
		     dirs[i].cookie != s->cookie))
			continue;
		err = instance__open(&in, &dirs[i]);
		if (err) {
			st = report(status_of(err), "pins of interface %u: %s", dirs[i].ifindex,
				    why(err));
			first = first ?: st;
			continue;
		}
		if (in.state == INSTANCE_ABSENT)
			continue;
		instance__visit(&in, s);
		scope__enter(s);
		/* Of a vanished interface only status and maps have something to tell. */
		if (which != SELECT_ALL && in.state == INSTANCE_GONE) {
			instance__close(&in);
			continue;
		}
		snprintf(name, sizeof(name), "%s", in.ifname);
		if (!*name)
			snprintf(name, sizeof(name), "interface %u", in.dir.ifindex);
		st = refuse(&in, name, which) ?: append(out, &in);
		if (st)
			instance__close(&in);
		first = first ?: st;
	}
	free(dirs);
	if (!first && !out->count)
		first = report(NOT_ATTACHED,
			       "nothing is attached%s%s; 'echogate attach IFACE' attaches",
			       *s->name ? " in network namespace " : "", s->name);
	return first;
}

enum status instances__only(const struct scope *s, char *const *names, size_t count,
			    struct instances *all)
{
	const struct instance *in;
	char list[256] = "";
	enum status st;

	st = instances__select(s, names, count, SELECT_LIVE, all);
	if (st)
		return st;
	if (all->count > 1) {
		for (size_t i = 0; i < all->count; i++) {
			size_t used = strlen(list);

			snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
				 all->list[i].ifname);
		}
		return report(USAGE, "several interfaces are attached; name one of: %s", list);
	}
	in = &all->list[0];
	if (in->state != INSTANCE_ATTACHED)
		return report(FAILED, "%s: it is %s; 'echogate status %s' says more", in->ifname,
			      state_name(in->state), in->ifname);
	return DONE;
}

void instances__free(struct instances *all)
{
	for (size_t i = 0; i < all->count; i++)
		instance__close(&all->list[i]);
	free(all->list);
	memset(all, 0, sizeof(*all));
}
