// SPDX-License-Identifier: GPL-2.0-only
#include "exposition.h"
#include "command.h"
#include "openmetrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Of the daemon itself, without labels. */
struct own_metric {
	const char *name;	/* without _total */
	bool counter;		/* else a gauge */
	const char *help;
	__u64 (*value)(const struct daemon *d);
};

static __u64 started(const struct daemon *d)
{
	return d->tally.started;
}

static __u64 attached(const struct daemon *d)
{
	__u64 count = 0;

	for (size_t i = 0; i < d->ward_count; i++)
		count += d->wards[i].state == INSTANCE_ATTACHED;
	return count;
}

static __u64 missing(const struct daemon *d)
{
	__u64 count = 0;

	for (size_t i = 0; i < d->wanted_count; i++)
		count += !d->wanted[i].settled;
	return count;
}

static __u64 broken(const struct daemon *d)
{
	return d->broken;
}

static __u64 wakeups(const struct daemon *d)
{
	return d->tally.wakeups;
}

static __u64 overruns(const struct daemon *d)
{
	return d->tally.overruns;
}

static __u64 rounds(const struct daemon *d)
{
	return d->tally.rounds;
}

static __u64 failed_rounds(const struct daemon *d)
{
	return d->tally.failed_rounds;
}

static __u64 reloads(const struct daemon *d)
{
	return d->tally.reloads;
}

static __u64 failed_reloads(const struct daemon *d)
{
	return d->tally.failed_reloads;
}

static const struct own_metric own_metrics[] = {
	{ "echogate_daemon_start_timestamp_seconds", false, "When the daemon was started",
	  started },
	{ "echogate_daemon_attached_interfaces", false, "Interfaces it takes care of", attached },
	{ "echogate_daemon_missing_interfaces", false,
	  "Interfaces of its file that are not attached", missing },
	{ "echogate_daemon_file_broken", false, "1: what its file says is not what runs", broken },
	{ "echogate_daemon_events", true, "Times that the system told of changes", wakeups },
	{ "echogate_daemon_overruns", true, "Times that it told more than could be kept",
	  overruns },
	{ "echogate_daemon_resyncs", true, "Times that the maps were brought in step", rounds },
	{ "echogate_daemon_resync_failures", true, "Times that this failed", failed_rounds },
	{ "echogate_daemon_reloads", true, "Times that its file was taken up", reloads },
	{ "echogate_daemon_reload_failures", true, "Times that its file was not taken up",
	  failed_reloads },
};

static void print_own(const struct daemon *d)
{
	printf("# TYPE echogate_build info\n# HELP echogate_build This program.\n"
	       "echogate_build_info{version=\"" ECHOGATE_VERSION "\",abi=\"%d\"} 1\n", EG_ABI);
	for (size_t i = 0; i < ARRAY_SIZE(own_metrics); i++) {
		const struct own_metric *m = &own_metrics[i];

		printf("# TYPE %s %s\n# HELP %s %s.\n%s%s %llu\n", m->name,
		       m->counter ? "counter" : "gauge", m->name, m->help, m->name,
		       m->counter ? "_total" : "", (unsigned long long)m->value(d));
	}
}

/* What is attached, as it was when a round last looked. */
static void open_wards(const struct daemon *d, struct instances *all)
{
	const struct scope *s = d->scope;

	for (size_t i = 0; i < d->ward_count; i++) {
		struct pin_dir dir = { .cookie = s->cookie, .ifindex = d->wards[i].ifindex };
		struct instance *in = &all->list[all->count];

		if (d->wards[i].state != INSTANCE_ATTACHED || instance__open(in, &dir))
			continue;
		/* A command may just be taking it away. */
		if (in->state != INSTANCE_ATTACHED) {
			instance__close(in);
			continue;
		}
		copy_text(in->ifname, d->wards[i].name, sizeof(in->ifname));
		copy_text(in->netns, s->name, sizeof(in->netns));
		all->count++;
	}
}

int exposition__print(const struct daemon *d)
{
	struct instances all = { .list = calloc(d->ward_count ?: 1, sizeof(*all.list)) };
	struct reading *readings;
	int err;

	if (!all.list)
		return -ENOMEM;
	open_wards(d, &all);
	err = readings__take(&readings, &all);
	if (!err) {
		openmetrics__print(&all, readings);
		print_own(d);
		openmetrics__print_end();
	}
	readings__free(readings, all.count);
	instances__free(&all);
	return err;
}
