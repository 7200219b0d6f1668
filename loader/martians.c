// SPDX-License-Identifier: GPL-2.0-only
/*
 * The set that every file has: @martians, sources that nothing may have that comes by a wire. In
 * it is what IANA's registries of special-purpose addresses (RFC 6890) give no right to be a
 * source, and groups. Not in it is what may be right somewhere: private, shared, link-local and
 * benchmarking addresses, tunnels', and 192.0.0.0/24, where some are in use.
 */
#include "language.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MARTIANS	"martians"

static const char *const martians[] = {
	"0.0.0.0/8",		/* this network: RFC 791; who asks for DHCP has 0.0.0.0 all the same */
	"127.0.0.0/8",		/* loopback: RFC 1122 */
	"192.0.2.0/24",		/* documentation: RFC 5737 */
	"198.51.100.0/24",
	"203.0.113.0/24",
	"224.0.0.0/4",		/* multicast: RFC 1112 */
	"240.0.0.0/4",		/* reserved: RFC 1112; broadcast: RFC 919 */
	"::/80",		/* unspecified, loopback, IPv4-compatible, IPv4-mapped: RFC 4291 */
	"2001:db8::/32",	/* documentation: RFC 3849 */
	"3fff::/20",		/* the same: RFC 9637 */
	"fec0::/10",		/* once site-local: RFC 3879 */
	"ff00::/8",		/* multicast: RFC 4291 */
};

int martians__define(struct parser *p)
{
	struct defined_set *d;
	struct prefix prefix;
	bool host_bits;
	size_t at;

	for (size_t i = 0; i < p->c->set_count; i++)
		if (p->c->sets[i]->set.name && !strcmp(p->c->sets[i]->set.name, MARTIANS))
			return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	if (!parser__append(p, (void ***)&p->c->sets, &p->c->set_count, d)) {
		free(d);
		return -ENOMEM;
	}
	d->number = p->c->set_count;
	d->scope = p->c->scopes[0];
	d->set.loaded = true;
	d->set.name = strdup(MARTIANS);
	if (!d->set.name)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(martians); i++) {
		prefix__parse((struct slice){ martians[i], strlen(martians[i]) }, &prefix, &at,
			      &host_bits);
		if (prefixes__add(&d->set.prefixes, &prefix))
			return -ENOMEM;
	}
	return 0;
}
