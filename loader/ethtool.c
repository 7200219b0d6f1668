// SPDX-License-Identifier: GPL-2.0-only
#include "ethtool.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

#define STRINGS_MAX	65536	/* no driver has that many; bounds what we allocate */

static int ask(int fd, const char *ifname, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	copy_text(ifr.ifr_name, ifname, sizeof(ifr.ifr_name));
	return ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
}

/* How many strings a set has. */
static int count_strings(int fd, const char *ifname, __u32 set, __u32 *count)
{
	/* The head ends in an array; here it holds one number. */
	union {
		struct ethtool_sset_info head;
		char room[sizeof(struct ethtool_sset_info) + sizeof(__u32)];
	} cmd = { .head = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << set } };
	int err;

	err = ask(fd, ifname, &cmd);
	if (err)
		return err;
	*count = cmd.head.sset_mask ? cmd.head.data[0] : 0;
	return *count && *count <= STRINGS_MAX ? 0 : -EOPNOTSUPP;
}

/* The strings themselves; the caller frees *names. */
static int read_strings(int fd, const char *ifname, __u32 set, struct ethtool_gstrings **names)
{
	__u32 count;
	int err;

	*names = NULL;
	err = count_strings(fd, ifname, set, &count);
	if (err)
		return err;
	*names = calloc(1, sizeof(**names) + (size_t)count * ETH_GSTRING_LEN);
	if (!*names)
		return -ENOMEM;
	(*names)->cmd = ETHTOOL_GSTRINGS;
	(*names)->string_set = set;
	(*names)->len = count;
	err = ask(fd, ifname, *names);
	if (!err && (*names)->len > count)
		err = -EAGAIN;	/* there are more than a moment ago */
	if (err) {
		free(*names);
		*names = NULL;
	}
	return err;
}

static void copy_string(char to[ETH_GSTRING_LEN + 1], const struct ethtool_gstrings *names,
			__u32 i)
{
	memcpy(to, names->data + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
	to[ETH_GSTRING_LEN] = 0;
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
	char name[ETH_GSTRING_LEN + 1];
	int fd, err;

	*list = NULL;
	*count = 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = read_strings(fd, ifname, ETH_SS_STATS, &names);
	if (err)
		goto cleanup;
	values = calloc(1, sizeof(*values) + (size_t)names->len * sizeof(__u64));
	*list = calloc(names->len, sizeof(**list));
	if (!values || !*list) {
		err = -ENOMEM;
		goto cleanup;
	}
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = names->len;
	err = ask(fd, ifname, values);
	for (__u32 i = 0; !err && i < names->len && i < values->n_stats; i++) {
		copy_string(name, names, i);
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

static void read_features(int fd, const char *ifname, struct driver *d)
{
	const struct {
		const char *name;
		struct offload *at;
	} wanted[] = {
		{ "rx-lro", &d->lro },
		{ "rx-gro-hw", &d->gro_hw },
		{ "rx-vlan-hw-parse", &d->rxvlan },
		{ "tx-vlan-hw-insert", &d->txvlan },
	};
	struct ethtool_gstrings *names = NULL;
	struct ethtool_gfeatures *f = NULL;
	char name[ETH_GSTRING_LEN + 1];
	__u32 blocks;

	if (read_strings(fd, ifname, ETH_SS_FEATURES, &names))
		return;
	blocks = (names->len + 31) / 32;
	f = calloc(1, sizeof(*f) + blocks * sizeof(f->features[0]));
	if (!f)
		goto cleanup;
	f->cmd = ETHTOOL_GFEATURES;
	f->size = blocks;
	if (ask(fd, ifname, f) || f->size > blocks)
		goto cleanup;
	for (__u32 i = 0; i < names->len; i++) {
		const struct ethtool_get_features_block *b = &f->features[i / 32];
		__u32 bit = 1U << i % 32;

		copy_string(name, names, i);
		for (size_t j = 0; j < ARRAY_SIZE(wanted); j++)
			if (!strcmp(name, wanted[j].name))
				*wanted[j].at = (struct offload){
					.on = b->active & bit,
					.fixed = !(b->available & bit) || b->never_changed & bit,
				};
	}
cleanup:
	free(names);
	free(f);
}

int ethtool__driver(const char *ifname, struct driver *d)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	int fd, err;

	memset(d, 0, sizeof(*d));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = ask(fd, ifname, &info);
	if (!err)
		copy_text(d->name, info.driver, sizeof(d->name));
	if (!ask(fd, ifname, &channels)) {
		d->channels_known = true;
		d->channels = channels.rx_count + channels.combined_count;
		d->channels_max = channels.max_rx + channels.max_combined;
	}
	read_features(fd, ifname, d);
	close(fd);
	return err;
}
