// SPDX-License-Identifier: GPL-2.0-only
#include "language.h"

void frames__of_kind(const struct rule *r, struct frames *f)
{
	(void)r;
	memset(f, 0xff, sizeof(*f));
}
bool frames__empty(const struct frames *f) { (void)f; return false; }
void frames__only(struct frames *f, int families) { (void)f; (void)families; }
int endpoint__families(const struct endpoint *e) { (void)e; return 3; }
int config__warn_covered(struct config *c, struct written_rule *const *rules, size_t count)
{ (void)c; (void)rules; (void)count; return 0; }
