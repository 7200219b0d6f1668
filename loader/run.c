// SPDX-License-Identifier: GPL-2.0-only
#include "charge.h"
#include "command.h"
#include "control.h"
#include "daemon.h"
#include "exporter.h"
#include "log.h"
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
#define TICK_NS		SECOND

struct run {
	struct daemon d;
	struct loop loop;
	struct control control;
	struct exporter exporter;
	struct watch signals, tick;
	__u64 period;			/* of ticks, ns */
};

static void take_signals(struct watch *w)
{
	struct run *r = w->owner;
	struct signalfd_siginfo info;

	while (read(w->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			log__begin_anew();
			daemon__reload(&r->d);
		} else {
			r->loop.stop = true;
		}
	}
}

static void tick(struct watch *w)
{
	struct run *r = w->owner;

	w->due = monotonic_ns() + r->period;
	daemon__look(&r->d);
	exporter__follow(&r->exporter);
	log__tick();
	notify("WATCHDOG=1");
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
	r->tick = (struct watch){ .fd = -1, .call = tick, .owner = r, .due = monotonic_ns() };
	if (r->signals.fd < 0)
		return -errno;
	return loop__add(&r->loop, &r->signals, EPOLLIN) ?: loop__add(&r->loop, &r->tick, 0);
}

/* All that takes privileges which are given up then. */
static enum status open_inputs(struct run *r)
{
	int err;

	err = loop__open(&r->loop) ?: add_watches(r) ?: daemon__open(&r->d, &r->loop);
	if (err)
		return report(status_of(err), "the daemon can't be set up: %s", why(err));
	control__open(&r->control, &r->loop, r->d.scope);
	return DONE;
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

/* Whether anything runs here, by whatever rules. */
static bool runs_already(const struct scope *s)
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
		runs = in.state == INSTANCE_ATTACHED;
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

/* @config is the daemon's then. */
static enum status serve(struct run *r, struct config *config)
{
	int err;

	r->period = TICK_NS;
	if (notify__watchdog() && notify__watchdog() / 2 < r->period)
		r->period = notify__watchdog() / 2;
	err = daemon__start(&r->d, config);
	if (err)
		return report(status_of(err), "the system can't be read: %s", why(err));
	tell(LEVEL_INFO, "in charge%s%s, version %s", *r->d.scope->name ? " of " : "",
	     r->d.scope->name, ECHOGATE_VERSION);
	err = loop__run(&r->loop);
	notify("STOPPING=1");
	if (err)
		return report(FAILED, "epoll: %s", why(err));
	tell(LEVEL_INFO, "stopped; what is attached answers on");
	return DONE;
}

/* Links are followed at each reading, not once for all. NULL: no memory, or no such place. */
static char *make_absolute(const char *path)
{
	char *here, *absolute = NULL;

	if (*path == '/')
		return strdup(path);
	here = realpath(".", NULL);
	if (!here || asprintf(&absolute, "%s/%s", here, path) < 0)
		absolute = NULL;
	free(here);
	return absolute;
}

static enum status run(const char *path, const char *netns)
{
	struct run r = { .loop = LOOP_INIT, .signals.fd = -1, .control = CONTROL_INIT };
	struct charge charge = CHARGE_INIT;
	struct scope scope = SCOPE_INIT;
	struct config *config = NULL;
	enum status st, broken;
	char *absolute;

	notify__open();
	log__open();
	absolute = make_absolute(path);
	daemon__init(&r.d, &scope, absolute);
	exporter__init(&r.exporter, &r.loop, &r.d);
	st = absolute ? check_privileges() : report(FAILED, "%s: %s", path, why(errno));
	if (st)
		goto cleanup;
	broken = config__read(path, &config) ?: config__load_sets(config, NULL, 0);
	st = scope__open(&scope, netns) ?: charge__take(&charge, scope.cookie);
	if (st)
		goto cleanup;
	if (broken && !runs_already(&scope)) {
		st = broken;
		goto cleanup;
	}
	if (broken) {
		note("%s: it isn't taken up, see above; what runs stays", absolute);
		config__free(config);
		config = NULL;
	}
	raise_limits();
	st = prepare_pins() ?: open_inputs(&r) ?: privileges__drop();
	if (st)
		goto cleanup;
	st = serve(&r, config);
	config = NULL;
cleanup:
	config__free(config);
	control__close(&r.control);
	exporter__close(&r.exporter);
	daemon__close(&r.d);
	close_fd(&r.signals.fd);
	loop__close(&r.loop);
	charge__release(&charge);
	scope__close(&scope);
	free(absolute);
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
