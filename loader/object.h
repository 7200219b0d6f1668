/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF object: configured, loaded, its maps filled, attached nowhere yet. */
#ifndef LOADER_OBJECT_H
#define LOADER_OBJECT_H

#include "compile.h"
#include "pins.h"
#include "snapshot.h"

#include <echogate/path.h>
#include <bpf/btf.h>

struct object {
	struct echogate *skeleton;
	int programs[HOOK_COUNT];	/* -1: not loaded */
	int maps[PIN_MAP_COUNT];
};

struct object_options {
	const struct compiled *compiled;
	const char *text;		/* for eg_text */
	size_t text_size;
	const struct snapshot *snapshot;	/* NULL: the system's maps are reused */
	const struct eg_meta *meta;
	int reuse[PIN_MAP_COUNT];	/* a map that is there already, or -1 */
	enum eg_mode mode;		/* of ingress */
	bool swap;			/* reply-path swap */
	bool recorder;			/* recorder on */
	bool l3;			/* frames without an Ethernet header */
};

/* New keys of hashes. -errno. */
int object__keys(__u64 keys[EG_PATH_KEYS]);

/* Stands for the programs: another build of them, another number. */
__u64 object__build(void);

/* A map as this build would load it, and its types. Both are kept; NULL if they can't be had. */
const struct bpf_map *object__map(enum pin_map pin, const struct btf **types);

/* Length of a jiffy, ns: how far apart two readings of the programs' clock are. */
__u64 object__tick(void);

/* @name is the interface's, for messages. Reports. */
enum status object__load(const struct object_options *opts, const char *name, struct object *obj);
void object__close(struct object *obj);

/*
 * The object as a file for other loaders, with its data as object__load() would have it; rules and
 * VLANs aren't data, and frames keep their length. In memory from malloc(). Reports.
 */
enum status object__write(const struct object_options *opts, const char *name, void **elf,
			  size_t *size);

/* The program for one direction; -1: not loaded. */
int object__program(const struct object *obj, enum eg_direction direction);

#endif
