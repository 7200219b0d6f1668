// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast is echogate, beside the bare programs that bound it and the kernel
 * that it stands in for? Method and reading: README.md.
 */
#include "state.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"

#define LIMIT_NS       (240 * NS)
#define LIMIT_QUICK_NS (18 * NS)
#define LIMIT_FULL_NS  (540 * NS)

struct state b;
volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	stop = signal;
}

__u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * NS + (__u64)t.tv_nsec;
}

void note(const char *format, ...)
{
	va_list args;

	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static const char usage_text[] =
	"usage: bench [--rounds N] [--quick] [--json] [--cpu N] [--only LIST] [--alone]\n"
	"             [--full] [--plots DIR]\n"
	"\n"
	"  --rounds N   rounds, 5 to 99 (7)\n"
	"  --quick      short measurements, to see that all of it works\n"
	"  --json       print JSON\n"
	"  --cpu N      CPU that does everything (the last one allowed)\n"
	"  --busy       count CPU time instead of the clock's: for a machine that others use too\n"
	"  --only LIST  of these, and what they are compared with:%s\n"
	"  --alone      only packets alone\n"
	"  --full       with other numbers of rules, prefixes and sources, lengths, and nftables' raw\n"
	"               prerouting\n"
	"  --plots DIR  what of these has been measured, as SVG, by gnuplot\n"
	"\n"
	"echogate is taken from $ECHOGATE, else from beside the tests. Exit status: 0 measured,\n"
	"1 packets wrong or lost, or something failed; 2 command line.\n";

static void usage(FILE *f)
{
	char words[2048] = "";
	size_t used = 0;

	for (int id = 0; id < CANDIDATES; id++)
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s",
					 id % 8 ? ","
					 : id	? ",\n               "
						: "\n               ",
					 candidates[id].word);
	fprintf(f, usage_text, words);
}

static int number(const char *option, const char *text, long least, long most, int *result)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < least || n > most) {
		note("--%s: \"%s\" is no number from %ld to %ld", option, text, least, most);
		return -EINVAL;
	}
	*result = (int)n;
	return 0;
}

static int choose(char *list)
{
	char *save = NULL;

	b.only = 0;
	for (char *w = strtok_r(list, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int id = 0;

		while (id < CANDIDATES && strcmp(candidates[id].word, w))
			id++;
		if (id == CANDIDATES) {
			note("--only: no candidate is called \"%s\"", w);
			return -EINVAL;
		}
		b.only |= 1ull << id;
	}
	return 0;
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "quick", no_argument, NULL, 'q' },
		{ "json", no_argument, NULL, 'j' },
		{ "cpu", required_argument, NULL, 'c' },
		{ "only", required_argument, NULL, 'o' },
		{ "alone", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "busy", no_argument, NULL, 'b' },
		{ "full", no_argument, NULL, 'f' },
		{ "plots", required_argument, NULL, 'p' },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			if (number("rounds", optarg, ROUNDS_MIN, ROUNDS_MAX, &b.rounds))
				return -EINVAL;
			break;
		case 'q':
			b.quick = true;
			break;
		case 'j':
			b.json = true;
			break;
		case 'c':
			if (number("cpu", optarg, 0, CPU_SETSIZE - 1, &b.cpu))
				return -EINVAL;
			break;
		case 'o':
			if (choose(optarg))
				return -EINVAL;
			break;
		case 'b':
			b.busy = true;
			break;
		case 'a':
			b.only_alone = true;
			b.only = 1ull << NATIVE;
			break;
		case 'f':
			b.full = true;
			break;
		case 'p':
			b.plots = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return -EINVAL;
	}
	return 0;
}

static int find_echogate(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("ECHOGATE");
	ssize_t length;
	char *slash;

	if (given && *given) {
		snprintf(path, sizeof(path), "%s", given);
	} else {
		length = readlink("/proc/self/exe", path, sizeof(path) - 16);
		if (length < 0)
			return -errno;
		path[length] = 0;
		for (int n = 0; n < 2; n++)
			if ((slash = strrchr(path, '/')))
				*slash = 0;
		strcat(path, "/echogate");
	}
	if (access(path, X_OK)) {
		note("%s: %s", path, strerror(errno));
		return -ENOENT;
	}
	b.echogate = path;
	return 0;
}

static int last_cpu(void)
{
	cpu_set_t set;
	int last = 0;

	if (!sched_getaffinity(0, sizeof(set), &set))
		for (int c = 0; c < CPU_SETSIZE; c++)
			if (CPU_ISSET(c, &set))
				last = c;
	return last;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct utsname u;
	int err;

	b.started = now();
	b.rounds = ROUNDS_DEFAULT;
	b.only = ~0ull;
	b.cpu = last_cpu();
	if (parse(argc, argv))
		return 2;
	b.limit = b.full ? LIMIT_FULL_NS : b.quick ? LIMIT_QUICK_NS : LIMIT_NS;
	if (b.quick && b.rounds == ROUNDS_DEFAULT)
		b.rounds = ROUNDS_MIN;
	if (find_echogate())
		return 1;
	b.alone = calloc(frame_kind_count, sizeof(*b.alone));
	if (!b.alone)
		return 1;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);

	err = set_up();
	if (!err)
		err = run_rounds();
	if (!err && !b.only_alone)
		err = measure_capture();
	if (!err) {
		uname(&u);
		if (b.json)
			print_json(&u);
		else
			print_text(&u);
		fflush(stdout);
		if (b.plots)
			err = draw_plots();
	}
	tear_down();
	return err || b.wrong || stop;
}
