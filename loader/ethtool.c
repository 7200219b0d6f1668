// SPDX-License-Identifier: GPL-2.0-only
#include "ethtool.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

#define COUNTERS_MAX	65536	/* no driver has that many; bounds what we allocate */

static int ask(int fd, const char *ifname, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	copy_text(ifr.ifr_name, ifname, sizeof(ifr.ifr_name));
	return ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
}

static int counter_count(int fd, const char *ifname, __u32 *count)
{
	/* The head ends in an array; here it holds one number. */
	union {
		struct ethtool_sset_info head;
		char room[sizeof(struct ethtool_sset_info) + sizeof(__u32)];
	} cmd = { .head = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_STATS } };
	int err;

	err = ask(fd, ifname, &cmd);
	if (err)
		return err;
	*count = cmd.head.sset_mask ? cmd.head.data[0] : 0;
	return *count && *count <= COUNTERS_MAX ? 0 : -EOPNOTSUPP;
}

/* "rx_queue_3_xdp_drops" and "rx3_xdp_drops" both lose their queue. */
static const char *without_queue(const char *name)
{
	const char *p = name;

	if (strncmp(p, "rx", 2) && strncmp(p, "tx", 2))
		return name;
	p += 2;
	if (!strncmp(p, "_queue_", 7))
		p += 7;
	else if (!strncmp(p, "-", 1))
		p += 1;
	if (!isdigit((unsigned char)*p))
		return name;
	while (isdigit((unsigned char)*p))
		p++;
	return *p == '_' || *p == '.' ? p + 1 : name;
}

static void add(struct driver_counter *list, size_t *count, const char *name, __u64 value)
{
	struct driver_counter c = { .value = value };

	copy_text(c.name, without_queue(name), sizeof(c.name));
	for (char *p = c.name; *p; p++)
		*p = isalnum((unsigned char)*p) ? tolower((unsigned char)*p) : '_';
	for (size_t i = 0; i < *count; i++) {
		if (!strcmp(list[i].name, c.name)) {
			list[i].value += value;
			return;
		}
	}
	list[(*count)++] = c;
}

int ethtool__xdp_counters(const char *ifname, struct driver_counter **list, size_t *count)
{
	struct ethtool_gstrings *names = NULL;
	struct ethtool_stats *values = NULL;
	__u32 n;
	int fd, err;

	*list = NULL;
	*count = 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = counter_count(fd, ifname, &n);
	if (err)
		goto cleanup;
	names = calloc(1, sizeof(*names) + (size_t)n * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + (size_t)n * sizeof(__u64));
	*list = calloc(n, sizeof(**list));
	if (!names || !values || !*list) {
		err = -ENOMEM;
		goto cleanup;
	}
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = n;
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = n;
	err = ask(fd, ifname, names) ?: ask(fd, ifname, values);
	for (__u32 i = 0; !err && i < n && i < names->len && i < values->n_stats; i++) {
		char name[ETH_GSTRING_LEN + 1] = "";

		memcpy(name, names->data + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		if (strcasestr(name, "xdp"))
			add(*list, count, name, values->data[i]);
	}
cleanup:
	free(names);
	free(values);
	close(fd);
	if (err) {
		free(*list);
		*list = NULL;
	}
	return err;
}
