// SPDX-License-Identifier: GPL-2.0-only
#include "interrupt.h"
#include "util.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t caught;

static void note_signal(int signal)
{
	(void)signal;
	caught = 1;
}

void interrupt__catch(void)
{
	/* Not restarted: a write that waits for a reader is to end, too. */
	struct sigaction action = { .sa_handler = note_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
}

bool interrupted(void)
{
	return caught;
}

int interrupt__sleep(__u64 ns)
{
	struct timespec t = { .tv_sec = ns / SECOND, .tv_nsec = ns % SECOND };

	while (!caught && nanosleep(&t, &t))
		;
	return caught ? -EINTR : 0;
}
