/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules of netfilter that ask for ICMP, and so don't see what is answered before it. */
#ifndef LOADER_FIREWALL_H
#define LOADER_FIREWALL_H

#include "util.h"

struct firewall_rule {
	char text[200];		/* which one, for people */
	char remove[260];	/* the command that deletes it; "": it can't be told */
};

struct firewall {
	struct firewall_rule *rules;
	size_t count;
	int nft_error;		/* why nft couldn't be asked; -ENOENT: it isn't installed */
	int legacy_error;	/* the same of iptables-legacy-save, if there is something to ask */
};

/* By running nft and iptables-save, in the namespace the process is in. -errno. */
int firewall__read(struct firewall *fw);

/* From what they print; apart for tests. -EINVAL: not understood; -ENOMEM. */
int firewall__add_nft(struct firewall *fw, const char *json);
int firewall__add_legacy(struct firewall *fw, const char *command, const char *save);

void firewall__free(struct firewall *fw);

#endif
