/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From one generation of an interface to another. Both are complete and pinned; the one
 * that is to run stands in a directory beside. The moment at which the ingress program
 * is exchanged decides: before it the old one runs, after it the new one, and whoever is
 * killed later leaves only notes to be put in order (recover.h).
 *
 * The process is in the interface's namespace. All are silent: -errno.
 */
#ifndef LOADER_SWAP_H
#define LOADER_SWAP_H

#include "hooks.h"
#include "instance.h"

#define FORWARD_BITS	(EG_OWNED_FORWARD4 | EG_OWNED_FORWARD6)

/*
 * Exchanges the programs and settles; all is undone if something fails. @meta becomes the
 * notes of @to. @both_ns, if not NULL: how long one hook was @to's and the other @from's.
 */
int swap__run(const struct instance *from, const struct instance *to, struct eg_meta *meta,
	      __u64 *both_ns);

/*
 * The rest, once the hooks run the programs of @to: notes, pins of the links, exchange of
 * directories. Fails without having changed more than what is beside.
 */
int swap__settle(const struct hooks *h, const struct instance *from, const struct instance *to,
		 struct eg_meta *meta);

/* The same for a swap whose command was killed after ingress. */
int swap__complete(const struct instance *from, const struct instance *to);

/*
 * What ran before @to and stands in @old->dir now: becomes the previous generation if the two
 * use the same system maps, else it goes, and with it what was kept before.
 */
int swap__retire(const struct instance *old, const struct instance *to);

/* Whether it could run on the hooks that @running has. */
bool swap__fits(const struct instance *running, const struct instance *other);

/* From @running to @former, which is kept beside it. */
int swap__back(const struct instance *running, const struct instance *former);

#endif
