/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the maps of what is attached still say what the system does. */
#ifndef LOADER_FRESHNESS_H
#define LOADER_FRESHNESS_H

#include "instance.h"

struct freshness {
	size_t addresses;		/* local ones in the table */
	size_t vlans;
	size_t metrics;
	bool compared;			/* else the four below mean nothing */
	bool addresses_stale;
	bool settings_stale;
	bool vlans_stale;
	bool metrics_stale;
};

/* What the maps hold, counted; from any namespace. */
void freshness__count(const struct instance *in, struct freshness *f);

/*
 * Compares it, after freshness__count(), with the system; in the namespace of @in.
 * What can't be read stays not compared.
 */
void freshness__compare(const struct instance *in, struct freshness *f);

/* Whether anything of it has changed. */
bool freshness__stale(const struct freshness *f);

#endif
