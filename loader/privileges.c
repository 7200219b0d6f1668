// SPDX-License-Identifier: GPL-2.0-only
#include "privileges.h"

#include <errno.h>
#include <sys/prctl.h>
#include <cap-ng.h>

/* What is left has been chosen with capng_update(). Reports. */
static enum status apply(void)
{
	/* The bounding set needs CAP_SETPCAP, and means nothing to who never executes another. */
	if (capng_apply(CAPNG_SELECT_CAPS))
		return report(FAILED, "capabilities can't be given up: %s", why(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return report(FAILED, "no_new_privs: %s", why(errno));
	return DONE;
}

enum status privileges__drop(void)
{
	static const unsigned int needed[] = { CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON };
	bool had[ARRAY_SIZE(needed)];

	if (capng_get_caps_process())
		return report(FAILED, "own capabilities can't be read");
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		had[i] = capng_have_capability(CAPNG_EFFECTIVE, needed[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, needed[i]);
	return apply();
}

enum status privileges__drop_all(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	return apply();
}
