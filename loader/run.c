// SPDX-License-Identifier: GPL-2.0-only
#include "charge.h"
#include "command.h"
#include "daemon.h"
#include "events.h"
#include "log.h"
#include "loop.h"
#include "notify.h"
#include "privileges.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DEFAULT_CONFIG	"/etc/echogate.conf"

/* A change rarely comes alone: a round waits for quiet, but not for ever. */
#define QUIET_NS	10000000ULL
#define PATIENCE_NS	30000000ULL
#define RETRY_NS	20000000ULL	/* after a round that failed */
#define TICK_NS		SECOND

/* How much longer the service manager is to wait, while something slow is done. */
#define EXTEND		"EXTEND_TIMEOUT_USEC=60000000"

struct run {
	struct daemon d;
	struct loop loop;
	struct watch news, signals, tick, round;
	struct events events;
	__u64 first;			/* of the changes that the round is due for */
	__u64 pause;			/* none before: half of the time is others' */
	__u64 period;			/* of ticks */
	bool reload_due;
	bool busy;			/* not ready, as the service manager has it */
	char told[512];			/* STATUS= */
};

/* Rounds ----------------------------------------------------------------------- */

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static __u64 later(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

static void mark(struct run *r)
{
	__u64 now = monotonic_ns();

	if (!r->round.due)
		r->first = now;
	r->round.due = later(earlier(now + QUIET_NS, r->first + PATIENCE_NS), r->pause);
}

/* For what we did ourselves, or know to be stale for long. */
static void mark_urgent(struct run *r)
{
	r->first = 0;
	r->round.due = later(monotonic_ns(), r->pause);
}

static void take_round(struct watch *w)
{
	struct run *r = w->owner;
	__u64 start = monotonic_ns(), end;
	int err;

	err = daemon__round(&r->d);
	end = monotonic_ns();
	r->pause = end + (end - start);
	if (!err)
		return;
	/* Interrupted by changes, of which there will be events. */
	if (err != -EINTR)
		report(FAILED, "the system can't be read: %s", why(err));
	r->pause += RETRY_NS;
	mark(r);
}

/* Events ----------------------------------------------------------------------- */

static void take_news(struct watch *w)
{
	struct run *r = w->owner;
	unsigned int bits = events__drain(&r->events);

	if (bits & EVENT_OVERRUN) {
		r->d.overruns++;
		tell(LEVEL_WARNING, "more changes came than the kernel keeps; all is read anew");
		bits |= EVENT_SYSTEM | EVENT_GONE | EVENT_METRICS;
	}
	if (bits & EVENT_GONE)
		daemon__distrust(&r->d);
	/* Metrics may go with a route, and routes with what they lead over. */
	if (bits & EVENT_METRICS || (bits && r->d.metrics.count))
		r->d.metrics_due = true;
	if (bits & EVENT_SYSTEM || r->d.metrics_due)
		mark(r);
}

static void take_signals(struct watch *w)
{
	struct run *r = w->owner;
	struct signalfd_siginfo info;

	while (read(w->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			notify("RELOADING=1\nMONOTONIC_USEC=%llu",
			       (unsigned long long)monotonic_ns() / 1000);
			log__begin_anew();
			r->reload_due = true;
			r->d.work.due = monotonic_ns();
			r->busy = true;
		} else {
			r->loop.stop = true;
		}
	}
}

static void tell_status(struct run *r)
{
	char text[sizeof(r->told)];

	daemon__describe(&r->d, text, sizeof(text));
	if (strcmp(text, r->told))
		notify("STATUS=%s", text);
	copy_text(r->told, text, sizeof(r->told));
}

static void tick(struct watch *w)
{
	struct run *r = w->owner;

	w->due = monotonic_ns() + r->period;
	if (daemon__look(&r->d))
		mark_urgent(r);
	log__tick();
	tell_status(r);
	notify("WATCHDOG=1");
}

/* Slow things, one at a time. */
static void work(struct watch *w)
{
	struct run *r = w->owner;

	if (r->reload_due && !daemon__is_loading(&r->d)) {
		r->reload_due = false;
		daemon__reload(&r->d);
	}
	switch (daemon__work(&r->d)) {
	case PROGRESS_DONE:
		mark_urgent(r);
		/* fall through */
	case PROGRESS_PART:
		if (r->busy)
			notify(EXTEND);
		break;
	case PROGRESS_WAITING:
		break;
	case PROGRESS_IDLE:
		if (!r->busy || r->round.due || r->reload_due)
			break;
		r->busy = false;
		tell_status(r);
		notify("READY=1");
		break;
	}
}

/* Start ------------------------------------------------------------------------ */

/* Blocked from the start: a signal that comes early is told of later. */
static int open_signals(void)
{
	static const int numbers[] = { SIGHUP, SIGTERM, SIGINT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		sigaddset(&set, numbers[i]);
		signal(numbers[i], SIG_DFL);	/* what is ignored isn't told either */
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int add_watches(struct run *r)
{
	r->signals = (struct watch){ .fd = open_signals(), .call = take_signals, .owner = r };
	r->news = (struct watch){ .fd = events__fd(&r->events), .call = take_news, .owner = r };
	r->tick = (struct watch){ .fd = -1, .call = tick, .owner = r, .due = monotonic_ns() };
	r->round = (struct watch){ .fd = -1, .call = take_round, .owner = r };
	r->d.work = (struct watch){ .fd = -1, .call = work, .owner = r };
	if (r->signals.fd < 0)
		return -errno;
	return loop__add(&r->loop, &r->signals, EPOLLIN) ?:
	       loop__add(&r->loop, &r->news, EPOLLIN) ?: loop__add(&r->loop, &r->tick, 0) ?:
	       loop__add(&r->loop, &r->round, 0) ?: loop__add(&r->loop, &r->d.work, 0);
}

static enum status open_inputs(struct run *r)
{
	int err;

	err = events__open(&r->events);
	if (err)
		return report(status_of(err), "rtnetlink: %s", why(err));
	err = loop__open(&r->loop) ?: add_watches(r);
	return err ? report(FAILED, "epoll: %s", why(err)) : DONE;
}

/* Two descriptors for each interface, and many for one that is being attached. */
static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* Whether something runs here whose rules came from this file. */
static bool runs_already(const struct scope *s, const char *path)
{
	struct pin_dir *dirs;
	bool runs = false;
	size_t count;

	if (pins__list_of(s->cookie, &dirs, &count))
		return false;
	for (size_t i = 0; !runs && i < count; i++) {
		struct instance in;

		if (dirs[i].place != PLACE_RUNNING || instance__open(&in, &dirs[i]))
			continue;
		runs = in.state == INSTANCE_ATTACHED && !strcmp(in.meta.config, path);
		instance__close(&in);
	}
	free(dirs);
	return runs;
}

/* Mounts what is to be mounted while that is permitted. */
static enum status prepare_pins(void)
{
	enum status st;
	int lock = -1;

	st = pins__lock(&lock);
	pins__unlock(&lock);
	return st;
}

static enum status start(struct run *r, const struct scope *scope, struct config *config)
{
	enum status st;
	int err;

	raise_limits();
	st = prepare_pins() ?: open_inputs(r) ?: privileges__drop();
	if (st) {
		config__free(config);
		return st;
	}
	r->period = TICK_NS;
	if (notify__watchdog() && notify__watchdog() / 2 < r->period)
		r->period = notify__watchdog() / 2;
	r->busy = true;
	err = daemon__open(&r->d, config);
	if (err)
		return report(status_of(err), "the system can't be read: %s", why(err));
	tell(LEVEL_INFO, "in charge%s%s, version %s", *scope->name ? " of " : "", scope->name,
	    ECHOGATE_VERSION);
	err = loop__run(&r->loop);
	return err ? report(FAILED, "epoll: %s", why(err)) : DONE;
}

static enum status run(const char *path, const char *netns)
{
	struct run r = { .loop = LOOP_INIT, .signals.fd = -1 };
	struct charge charge = CHARGE_INIT;
	struct scope scope = SCOPE_INIT;
	struct config *config = NULL;
	char *absolute = realpath(path, NULL) ?: strdup(path);
	enum status st, read;

	notify__open();
	log__open();
	daemon__init(&r.d, &scope);
	r.d.path = absolute;
	st = check_privileges();
	if (st)
		goto cleanup;
	read = config__read(path, &config) ?: config__load_sets(config, NULL, 0);
	if (read) {
		config__free(config);
		config = NULL;
	}
	st = scope__open(&scope, netns) ?: charge__take(&charge, scope.cookie);
	if (st)
		goto cleanup;
	if (read && !runs_already(&scope, absolute)) {
		st = read;
		goto cleanup;
	}
	if (read) {
		note("%s: it isn't taken up, see above; what it said before runs on", absolute);
		r.d.broken = true;
	}
	st = start(&r, &scope, config);
	config = NULL;
	notify("STOPPING=1");
	tell(LEVEL_INFO, "%s; what is attached answers on", st ? "giving up" : "stopped");
cleanup:
	config__free(config);
	daemon__close(&r.d);
	events__close(&r.events);
	close_fd(&r.signals.fd);
	loop__close(&r.loop);
	charge__release(&charge);
	scope__close(&scope);
	return st;
}

enum status cmd_run(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "netns", required_argument, NULL, 'n' },
		COMMON_OPTIONS
	};
	const char *config = DEFAULT_CONFIG, *netns = NULL;
	int o;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'c':
			config = optarg;
			break;
		case 'n':
			netns = optarg;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	if (optind < argc)
		return command__wrong(self, "\"%s\": interfaces are named in the file",
				      argv[optind]);
	return run(config, netns);
}
