/* SPDX-License-Identifier: GPL-2.0-only */
/* Gates of an attached interface's rules: which there are, and what eg_gates says of them. */
#ifndef LOADER_GATES_H
#define LOADER_GATES_H

#include "rulelist.h"
#include "ruleset.h"

#define GATE_TEXT	128

struct gates {
	struct check *list;		/* each once */
	size_t count;
	int map;			/* eg_gates; -1: there are none */
	__u32 every, lease;		/* ms */
};

void gates__init(struct gates *g);

/* -errno */
int gates__open(struct gates *g, const struct instance *in);
void gates__close(struct gates *g);

/* What a rule is answered with `while`, as it stands in its text; NULL: it has no gate. */
const char *gate__check(const struct listed_rule *rule);

/* What a map says of a gate, NULL: nothing; open or shut, and since when it isn't known. */
struct gate {
	bool open;
	__u64 checked;			/* s ago; UINT64_MAX: never */
	char why[sizeof(((struct eg_gate *)0)->why) + 1];
};

void gate__read(int map, __u64 key, struct gate *g);

/* The same for JSON, as "gate" of its object. */
struct json_object *gate__json(const struct gate *g, const char *check);

/* "open: active", "shut: not checked for 12 s, for which 'echogate run' is needed". */
void gate__print(const struct gate *g, char text[GATE_TEXT]);

/* Removes all that are shut: the programs find the same without them. -errno. */
int gates__clear_out(int map);

#endif
