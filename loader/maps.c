// SPDX-License-Identifier: GPL-2.0-only
#include "ask.h"
#include "btfvalue.h"
#include "command.h"
#include "instance.h"
#include "json.h"
#include "mapped.h"
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* A pinned map and how to read it. */
struct map {
	int fd;				/* the instance's */
	const char *name;		/* of the pin; the kernel's may be another */
	char path[2 * PIN_PATH];
	struct bpf_map_info info;
	const struct btf *btf;		/* NULL if it has none */
	struct btf *loaded;		/* the same, if it is ours to free */
	int copies;			/* of a value: one for each CPU, or 1 */
	size_t step;			/* from copy to copy */
};

/* Called for each entry; @value has map->copies copies. Nonzero ends the walk. */
typedef int (*entry_fn)(const struct map *map, const void *key, const void *value, void *data);

static const char *type_of(const struct map *map)
{
	return libbpf_bpf_map_type_str(map->info.type) ?: "unknown";
}

static bool is_array(const struct map *map)
{
	return map->info.type == BPF_MAP_TYPE_ARRAY ||
	       map->info.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* By which index others' maps are put into it; the kernel has no types for these, and needs none. */
static bool holds_maps(const struct map *map)
{
	return map->info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS;
}

/*
 * The kernel gives types by their number to CAP_SYS_ADMIN only, which the daemon has given up. But
 * what has this build's ABI has its types.
 */
static void take_own_types(struct map *map, enum pin_map pin)
{
	const struct btf *types;
	const struct bpf_map *twin = object__map(pin, &types);

	if (!twin || bpf_map__key_size(twin) != map->info.key_size ||
	    bpf_map__value_size(twin) != map->info.value_size)
		return;
	map->btf = types;
	map->info.btf_key_type_id = bpf_map__btf_key_type_id(twin);
	map->info.btf_value_type_id = bpf_map__btf_value_type_id(twin);
}

static int map__open(struct map *map, const struct instance *in, enum pin_map pin)
{
	__u32 len = sizeof(map->info);
	memset(map, 0, sizeof(*map));
	map->fd = in->maps[pin];
	map->name = pinned_maps[pin].name;
	pins__path(map->path, sizeof(map->path), &in->dir, map->name);
	if (bpf_obj_get_info_by_fd(map->fd, &map->info, &len))
		return -errno;
	map->copies = 1;
	map->step = map->info.value_size;
	if (map->info.type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	    map->info.type == BPF_MAP_TYPE_PERCPU_HASH) {
		map->copies = libbpf_num_possible_cpus();
		map->step = (map->step + 7) / 8 * 8;
		if (map->copies < 0)
			return map->copies;
	}
	if (map->info.btf_id)
		map->btf = map->loaded = btf__load_from_kernel_by_id(map->info.btf_id);
	if (!map->btf && map->info.btf_id)
		take_own_types(map, pin);
	return 0;
}

static void map__close(struct map *map)
{
	btf__free(map->loaded);
	map->btf = map->loaded = NULL;
}

static bool all_zero(const __u8 *value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (value[i])
			return false;
	return true;
}

/* Of what can be mapped, without asking the kernel for each entry. */
static int map__walk_mapped(const struct map *map, entry_fn fn, void *data)
{
	struct mapped m;
	int err;

	err = mapped__open(&m, map->fd, false);
	if (err)
		return err;
	for (__u32 i = 0; !err && i < m.entries; i++) {
		const __u8 *value = (const __u8 *)m.data + i * m.stride;

		if (!all_zero(value, map->info.value_size))
			err = fn(map, &i, value, data);
	}
	mapped__close(&m);
	return err;
}

/* Entries in use: of an array those that aren't zero throughout. */
static int map__walk(const struct map *map, entry_fn fn, void *data)
{
	size_t size = map->step * map->copies;
	__u8 *key, *next, *value;
	const void *last = NULL;
	int err = 0;

	if (is_array(map) && map->info.map_flags & BPF_F_MMAPABLE)
		return map__walk_mapped(map, fn, data);
	key = calloc(1, map->info.key_size);
	next = calloc(1, map->info.key_size);
	value = calloc(1, size);
	if (!key || !next || !value) {
		err = -ENOMEM;
		goto cleanup;
	}
	/* A hash may change under us and lead in circles: more than it can hold is enough. */
	for (__u32 i = 0; !err && i < map->info.max_entries; i++) {
		if (bpf_map_get_next_key(map->fd, last, next))
			break;
		memcpy(key, next, map->info.key_size);
		last = key;
		if (bpf_map_lookup_elem(map->fd, key, value))
			continue;	/* deleted just now */
		if (is_array(map) && all_zero(value, size))
			continue;
		err = fn(map, key, value, data);
	}
cleanup:
	free(key);
	free(next);
	free(value);
	return err;
}

static int count_entry(const struct map *map, const void *key, const void *value, void *data)
{
	(void)map;
	(void)key;
	(void)value;
	++*(size_t *)data;
	return 0;
}

/* Bytes, as the kernel accounts them; 0 if it doesn't say. */
static __u64 map__memory(const struct map *map)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map->fd);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(f);
	return bytes;
}

/* "struct eg_path_set", "unsigned int", or "" without BTF. */
static void type_name(const struct map *map, __u32 id, char *text, size_t size)
{
	const struct btf_type *t = map->btf && id ? btf__type_by_id(map->btf, id) : NULL;
	const char *kind = "";

	/* Global data: the one variable in its section says more than the section. */
	if (t && btf_is_datasec(t) && btf_vlen(t) == 1) {
		t = btf__type_by_id(map->btf, btf_var_secinfos(t)->type);
		t = t ? btf__type_by_id(map->btf, t->type) : NULL;
	}
	if (!t) {
		snprintf(text, size, "%s", "");
		return;
	}
	if (btf_is_struct(t))
		kind = "struct ";
	else if (btf_is_union(t))
		kind = "union ";
	else if (btf_is_any_enum(t))
		kind = "enum ";
	snprintf(text, size, "%s%s", kind, btf__name_by_offset(map->btf, t->name_off));
}

/* Listing ------------------------------------------------------------------------ */

static void sized_type(const struct map *map, __u32 size, __u32 type, char *text, size_t room)
{
	char name[64];

	type_name(map, type, name, sizeof(name));
	snprintf(text, room, "%u %s", size, name);
}

static enum status list_text(const struct instance *in)
{
	char key[80], value[80];
	enum status st = DONE;
	struct map map;

	printf("%s%s%s (index %u)\n", *in->ifname ? in->ifname : "?", *in->netns ? " in " : "",
	       in->netns, in->dir.ifindex);
	printf("  %-13s %-12s %-20s %-28s %8s %8s %10s  %s\n", "NAME", "TYPE", "KEY", "VALUE",
	       "USED", "OF", "MEMORY", "PATH");
	for (int i = 0; i < PIN_MAP_COUNT; i++) {
		size_t used = 0;
		int err;

		if (in->maps[i] < 0)
			continue;
		err = map__open(&map, in, i) ?: map__walk(&map, count_entry, &used);
		if (err) {
			st = report(status_of(err), "%s: %s", map.path, why(err));
			map__close(&map);
			continue;
		}
		sized_type(&map, map.info.key_size, map.info.btf_key_type_id, key, sizeof(key));
		sized_type(&map, map.info.value_size, map.info.btf_value_type_id, value,
			   sizeof(value));
		printf("  %-13s %-12s %-20s %-28s %8zu %8u %10llu  %s\n", map.name, type_of(&map),
		       key, value, used, map.info.max_entries,
		       (unsigned long long)map__memory(&map), map.path);
		map__close(&map);
	}
	return st;
}

static struct json_object *json_side(const struct map *map, __u32 size, __u32 type)
{
	struct json_object *o = json_object_new_object();
	char name[64];

	type_name(map, type, name, sizeof(name));
	json__add_number(o, "size", size);
	json__add_string_or_null(o, "type", name);
	return o;
}

static enum status list_json(const struct instance *in, struct json_object *out)
{
	struct json_object *list = json_object_new_array(), *o;
	enum status st = DONE;
	struct map map;

	json_object_object_add(out, "maps", list);
	for (int i = 0; i < PIN_MAP_COUNT; i++) {
		size_t used = 0;
		int err;

		if (in->maps[i] < 0)
			continue;
		err = map__open(&map, in, i) ?: map__walk(&map, count_entry, &used);
		if (err) {
			st = report(status_of(err), "%s: %s", map.path, why(err));
			map__close(&map);
			continue;
		}
		o = json_object_new_object();
		json__add_string(o, "name", map.name);
		json__add_string(o, "type", type_of(&map));
		json_object_object_add(o, "key", json_side(&map, map.info.key_size,
							   map.info.btf_key_type_id));
		json_object_object_add(o, "value", json_side(&map, map.info.value_size,
							     map.info.btf_value_type_id));
		json__add_number(o, "entries", used);
		json__add_number(o, "max_entries", map.info.max_entries);
		json__add_number(o, "memory", map__memory(&map));
		json__add_string(o, "path", map.path);
		json_object_array_add(list, o);
		map__close(&map);
	}
	return st;
}

/* Dumping ------------------------------------------------------------------------- */

static void dump_key(const struct map *map, const void *key)
{
	__u32 index;

	/* Arrays may be keyed by a bare integer, which BTF need not describe. */
	if (!is_array(map) && !holds_maps(map)) {
		puts("key:");
		btf__print(map->btf, map->info.btf_key_type_id, "", key, map->info.key_size);
		return;
	}
	memcpy(&index, key, sizeof(index));
	printf("key: %u\n", index);
}

static int dump_entry(const struct map *map, const void *key, const void *value, void *data)
{
	(void)data;
	dump_key(map, key);
	if (holds_maps(map)) {
		printf("value: map %u\n", *(const __u32 *)value);
		return 0;
	}
	for (int i = 0; i < map->copies; i++) {
		const __u8 *copy = (const __u8 *)value + i * map->step;

		if (map->copies == 1)
			puts("value:");
		else if (!all_zero(copy, map->info.value_size))
			printf("value (cpu %d):\n", i);
		btf__print(map->btf, map->info.btf_value_type_id, "", copy, map->info.value_size);
	}
	return 0;
}

static int json_entry(const struct map *map, const void *key, const void *value, void *data)
{
	struct json_object *list = data, *o = json_object_new_object(), *values, *v;

	if (map->info.btf_key_type_id)
		v = btf__to_json(map->btf, map->info.btf_key_type_id, key, map->info.key_size);
	else
		v = json_object_new_int(*(const int *)key);
	json_object_object_add(o, "key", v);
	if (holds_maps(map)) {
		json__add_number(o, "value", *(const __u32 *)value);
	} else if (map->copies == 1) {
		json_object_object_add(o, "value",
				       btf__to_json(map->btf, map->info.btf_value_type_id, value,
						    map->info.value_size));
	} else {
		values = json_object_new_array();
		json_object_object_add(o, "values", values);
		for (int i = 0; i < map->copies; i++) {
			v = json_object_new_object();
			json__add_number(v, "cpu", i);
			json_object_object_add(v, "value",
					       btf__to_json(map->btf, map->info.btf_value_type_id,
							    (const __u8 *)value + i * map->step,
							    map->info.value_size));
			json_object_array_add(values, v);
		}
	}
	json_object_array_add(list, o);
	return 0;
}

static int dump_text(const struct map *map)
{
	printf("%s (%s; what is zero is left out)\n", map->path, type_of(map));
	return map__walk(map, dump_entry, NULL);
}

static enum status dump(const struct instance *in, enum pin_map pin, struct json_object *out)
{
	struct json_object *list;
	struct map map;
	int err;

	if (in->maps[pin] < 0)
		return report(FAILED, "%s: %s is not pinned; attach again to mend it", in->ifname,
			      pinned_maps[pin].name);
	err = map__open(&map, in, pin);
	if (!err && !map.btf && !holds_maps(&map))
		err = -ENODATA;
	if (!err && out) {
		list = json_object_new_array();
		json__add_string(out, "map", map.name);
		json_object_object_add(out, "entries", list);
		err = map__walk(&map, json_entry, list);
	} else if (!err) {
		err = dump_text(&map);
	}
	map__close(&map);
	if (err)
		return report(status_of(err), "%s: %s can't be dumped: %s", in->ifname,
			      pinned_maps[pin].name, why(err));
	return DONE;
}

/* The command --------------------------------------------------------------------- */

static void wrong_map(const struct command *self, const char *name)
{
	char known[400] = "";

	for (int i = 0; i < PIN_MAP_COUNT; i++) {
		strncat(known, i ? ", " : "", sizeof(known) - strlen(known) - 1);
		strncat(known, pinned_maps[i].name, sizeof(known) - strlen(known) - 1);
	}
	command__wrong(self, "no map \"%s\"; there are %s", name, known);
}

/* PIN_MAP_COUNT: no such map; reported. With or without its prefix. */
static enum pin_map find_map(const struct command *self, const char *name)
{
	int i;

	for (i = 0; i < PIN_MAP_COUNT; i++)
		if (!strcmp(name, pinned_maps[i].name) || !strcmp(name, pinned_maps[i].name + 3))
			break;
	if (i == PIN_MAP_COUNT)
		wrong_map(self, name);
	return i;
}

enum status cmd_maps(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		COMMON_OPTIONS
	};
	struct json_object *list = NULL, *place;
	enum pin_map pin = PIN_MAP_COUNT;
	struct scope scope = SCOPE_INIT;
	struct instances all = {};
	enum status st, first;
	const char *netns = NULL;
	bool json = false;
	int o, names;

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
	for (names = 0; optind + names < argc; names++)
		if (!strcmp(argv[optind + names], "dump"))
			break;
	if (optind + names < argc) {
		if (optind + names + 2 != argc)
			return command__wrong(self,
					      "after \"dump\" the name of one map is expected");
		pin = find_map(self, argv[argc - 1]);
		if (pin == PIN_MAP_COUNT)
			return USAGE;
	}
	if (ask__instead(self, argc, argv, netns, &st))
		return st;
	st = check_privileges() ?: scope__open(&scope, netns);
	if (st)
		goto cleanup;
	first = instances__select(&scope, argv + optind, names, SELECT_ALL, &all);
	if (json)
		list = json_object_new_array();
	for (size_t i = 0; i < all.count; i++) {
		place = NULL;
		if (json) {
			place = json_object_new_object();
			json__add_place(place, &all.list[i]);
			json_object_array_add(list, place);
		} else if (i) {
			putchar('\n');
		}
		if (pin != PIN_MAP_COUNT)
			st = dump(&all.list[i], pin, place);
		else
			st = json ? list_json(&all.list[i], place) : list_text(&all.list[i]);
		first = first ?: st;
	}
	st = first;
	/* An empty list is an answer too, for programs that asked for one. */
	json__print_interfaces(list, all.count || (st == NOT_ATTACHED && !names));
cleanup:
	instances__free(&all);
	scope__close(&scope);
	return st;
}
