// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets with their verdicts: as they come, or those that the flight recorder has kept. On
 * standard output a line each, or in a capture file.
 */
#include "command.h"
#include "interrupt.h"
#include "recorder.h"
#include "rodata.h"
#include "transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAP_MAX	262144		/* that others accept: more than there is */
#define COUNT_MAX	1000000000000
#define SAMPLE_MAX	1000000000
#define BUFFER		(1 << 20)	/* of the output */
#define RING_MAX	(1 << 20)	/* KiB */

struct capture_options {
	const char *netns, *path, *rule, *filter;
	bool json, recorder;
	unsigned long count;		/* 0: no end */
	struct tap_options want;
	size_t names;			/* interfaces on the command line */
};

struct capture {
	const struct capture_options *opts;
	struct filter *filter;
	FILE *to;
	struct transcript transcript;
	struct instances all;
	__u64 *rules;			/* of each interface, the one that is wanted; 0: any */
};

/* Options ------------------------------------------------------------------------ */

/* Bits of the names in a list with commas. Reports. */
static enum status parse_names(const char *option, const char *text, const char *const *names,
			       size_t count, __u64 *bits)
{
	char known[1024] = "", word[64];
	size_t len, i;

	for (const char *at = text;; at += len + 1) {
		len = strcspn(at, ",");
		snprintf(word, sizeof(word), "%.*s", (int)len, at);
		for (i = 0; i < count && strcmp(names[i], word); i++)
			;
		if (i == count)
			break;
		*bits |= 1ULL << i;
		if (!at[len])
			return DONE;
	}
	for (i = 0; i < count; i++) {
		strncat(known, i ? ", " : "", sizeof(known) - strlen(known) - 1);
		strncat(known, names[i], sizeof(known) - strlen(known) - 1);
	}
	return report(USAGE, "%s: unknown word \"%s\"; there are %s", option, word, known);
}

static enum status parse_sample(const char *text, __u32 *sample)
{
	unsigned long n;

	if (strncmp(text, "1/", 2))
		return report(USAGE, "--sample: \"%s\" is not of the form 1/N, as 1/1000", text);
	if (parse_number("--sample", text + 2, 1, SAMPLE_MAX, &n))
		return USAGE;
	*sample = n;
	return DONE;
}

static enum status parse_direction(const char *text, __u8 *bits)
{
	static const char *const words[] = { "in", "out" };
	__u64 both = 0;
	enum status st;

	st = parse_names("--direction", text, words, ARRAY_SIZE(words), &both);
	*bits = both;
	return st;
}

/* One option's. Reports. */
static enum status take(struct capture_options *o, int option, const char *value)
{
	unsigned long n;
	__u64 bits = 0;
	enum status st;

	switch (option) {
	case 'n':
		o->netns = value;
		return DONE;
	case 'w':
		o->path = value;
		return DONE;
	case 'V':
		st = parse_names("--verdict", value, verdict_names, EG_VERDICT_COUNT, &bits);
		o->want.verdicts |= bits;
		return st;
	case 'R':
		return parse_names("--reason", value, reason_names, EG_REASON_COUNT,
				   &o->want.reasons);
	case 'r':
		o->rule = value;
		return DONE;
	case 'd':
		return parse_direction(value, &o->want.directions);
	case 'S':
		return parse_sample(value, &o->want.sample);
	case 'c':
		return parse_number("-c", value, 1, COUNT_MAX, &o->count);
	case 's':
		st = parse_number("-s", value, 0, SNAP_MAX, &n);
		o->want.snap = st || n > EG_SNAP_MAX ? 0 : n;
		return st;
	case 'B':
		st = parse_number("-B", value, 1, RING_MAX, &n);
		o->want.ring = st ? 0 : n << 10;
		return st;
	case 'l':
		o->recorder = true;
		return DONE;
	default:
		o->json = true;
		return DONE;
	}
}

static enum status check(const struct command *self, const struct capture_options *o)
{
	if (o->json && o->path)
		return command__wrong(self, "--json and -w exclude each other");
	if (o->recorder && o->want.sample)
		return command__wrong(self, "--recorder and --sample exclude each other");
	if (o->path && !strcmp(o->path, "-") && stdout_is_terminal)
		return report(USAGE, "-w -: standard output is a terminal; lead it into a file or "
			      "a program, as in 'echogate capture -w - | tcpdump -r -'");
	return DONE;
}

/* What stands behind "--", as one text. NULL if there is none, or no memory. */
static char *join(int argc, char **argv)
{
	size_t size = 1;
	char *text;

	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	text = argc ? calloc(1, size) : NULL;
	for (int i = 0; text && i < argc; i++) {
		strcat(text, i ? " " : "");
		strcat(text, argv[i]);
	}
	return text;
}

/* Where the output goes ------------------------------------------------------------- */

/* Opened early: later the path may mean another file. What is in it stays for now. Reports. */
static enum status open_output(struct capture *c)
{
	const char *path = c->opts->path;
	int fd;

	c->to = stdout;
	if (!path || !strcmp(path, "-"))
		return DONE;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	c->to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!c->to)
		return report(status_of(errno), "%s: %s", path, why(errno));
	return DONE;
}

/* Empties the file, once there is something to be written. Reports. */
static enum status begin_output(struct capture *c)
{
	const char *path = c->opts->path;
	struct stat about;

	setvbuf(c->to, NULL, _IOFBF, BUFFER);
	if (c->to == stdout || fstat(fileno(c->to), &about) || !S_ISREG(about.st_mode))
		return DONE;
	if (ftruncate(fileno(c->to), 0))
		return report(status_of(errno), "%s: %s", path, why(errno));
	return DONE;
}

/* Whether it can go on. What is wrong with standard output, main() says. */
static bool flush(struct capture *c)
{
	return !fflush(c->to) && !c->transcript.file.failed;
}

/* Reports. */
static enum status close_output(struct capture *c, enum status st)
{
	bool failed;

	if (!c->to || c->to == stdout)
		return st;
	failed = ferror(c->to);
	failed = fclose(c->to) || failed;
	return failed && !st ? report(FAILED, "%s: %s", c->opts->path, why(errno)) : st;
}

/* Rules ---------------------------------------------------------------------------- */

static bool parse_id(const char *text, __u64 *id)
{
	char *end;

	if (strlen(text) != 16)
		return false;
	*id = strtoull(text, &end, 16);
	return !*end;
}

/* The rule that --rule means on an interface; 0 if it has none such. Reports if it has several. */
static enum status find_rule(const char *text, const struct instance *in, __u64 *id)
{
	struct rulelist rules = {};
	enum status st = DONE;
	unsigned long line;
	int err;

	*id = 0;
	if (parse_id(text, id))
		return DONE;
	if (parse_number("--rule", text, 1, UINT32_MAX, &line))
		return USAGE;
	err = rulelist__read(&rules, in);
	if (err)
		return report(status_of(err), "%s: its rules can't be read: %s", in->ifname,
			      why(err));
	for (size_t i = 0; !st && i < rules.count; i++) {
		if (rules.list[i].line != line)
			continue;
		if (*id)
			st = report(USAGE, "--rule: line %lu of %s has several rules; name one by "
				    "its id, as 'echogate rules --json' shows it", line,
				    in->ifname);
		*id = rules.list[i].id;
	}
	rulelist__free(&rules);
	return st;
}

/* Reports, also if no interface has it. */
static enum status find_rules(struct capture *c)
{
	const char *text = c->opts->rule;
	enum status st = DONE;
	bool found = false;

	c->rules = calloc(c->all.count, sizeof(*c->rules));
	if (!c->rules)
		return report(FAILED, "capturing: %s", why(ENOMEM));
	for (size_t i = 0; text && !st && i < c->all.count; i++) {
		st = find_rule(text, &c->all.list[i], &c->rules[i]);
		found = found || c->rules[i];
	}
	if (!st && text && !found)
		st = report(FAILED, "--rule: no rule in line %s; 'echogate rules --json' lists "
			    "them", text);
	return st;
}

/* Nothing is to be seen of this one: the rule isn't there. */
static bool is_left_out(const struct capture *c, size_t nth)
{
	return c->opts->rule && !c->rules[nth];
}

/* Live ------------------------------------------------------------------------------ */

static bool is_enough(const struct capture *c)
{
	return c->opts->count && c->transcript.written >= c->opts->count;
}

static bool show(const struct tap_packet *p, void *data)
{
	struct capture *c = data;

	transcript__add(&c->transcript, p->event->source, p);
	return !is_enough(c);
}

/* How many interfaces go on; says why others don't. */
static size_t count_going(const struct tap *tap, const struct capture *c, bool *told)
{
	size_t going = 0;

	for (size_t i = 0; i < c->all.count; i++) {
		const char *gone = tap__gone(tap, i);

		if (gone && !told[i])
			note("%s: no longer captured: %s", c->all.list[i].ifname, gone);
		told[i] = told[i] || gone;
		going += !gone && !is_left_out(c, i);
	}
	return going;
}

/* Until there is enough, or nobody reads it, or nothing is left to capture. Reports. */
static enum status follow(struct capture *c, struct tap *tap)
{
	bool *told = calloc(c->all.count, sizeof(*told));
	int n = 0;

	if (!told)
		return report(FAILED, "capturing: %s", why(ENOMEM));
	while (!interrupted() && !is_enough(c) && n >= 0 && count_going(tap, c, told)) {
		n = tap__poll(tap, 1000);
		if (n > 0 && !flush(c))
			break;
	}
	tap__end(tap);
	/* What came until now; all that was taken is either here or lost. */
	while (n >= 0 && !is_enough(c) && !ferror(c->to) && (n = tap__poll(tap, 0)) > 0)
		;
	free(told);
	return n < 0 ? report(FAILED, "capturing: its ring buffer can't be read: %s", why(n))
		     : DONE;
}

static void finish(struct capture *c, const struct tap *tap)
{
	struct eg_tap_count sum = {}, one;

	for (size_t i = 0; i < c->all.count; i++) {
		one = tap__count(tap, i);
		transcript__statistics(&c->transcript, i, &one);
		sum.taken += one.taken;
		sum.lost += one.lost;
	}
	flush(c);
	note("%llu packets captured, %llu seen, %llu lost",
	     (unsigned long long)c->transcript.written, (unsigned long long)sum.taken,
	     (unsigned long long)sum.lost);
}

static enum status capture_live(struct capture *c)
{
	struct tap *tap = NULL;
	enum status st;

	st = tap__open(&tap, &c->opts->want, show, c);
	for (size_t i = 0; !st && i < c->all.count; i++)
		if (!is_left_out(c, i))
			st = tap__add(tap, &c->all.list[i], i, c->rules[i]);
	if (!st && c->opts->path)
		note("capturing%s%s; Ctrl-C ends it", c->all.count == 1 ? " from " : "",
		     c->all.count == 1 ? c->all.list[0].ifname : "");
	/* Somebody may wait for the header of the file. */
	if (!st && flush(c))
		st = follow(c, tap);
	if (!st)
		finish(c, tap);
	tap__close(tap);
	return st;
}

/* The recorder ------------------------------------------------------------------------ */

static bool is_wanted(const struct capture *c, const struct recording *r)
{
	const struct tap_options *want = &c->opts->want;
	const struct eg_event *e = &r->record.event;

	return (!want->verdicts || want->verdicts & 1 << e->verdict) &&
	       (!want->reasons || want->reasons & 1ULL << e->reason) &&
	       (!want->directions || want->directions & 1 << e->direction) &&
	       (!c->opts->rule || (c->rules[r->nth] && c->rules[r->nth] == e->rule));
}

/* Reports if an interface has none. */
static enum status read_records(const struct capture *c, struct recordings *all)
{
	bool on = false;
	int err = 0;

	for (size_t i = 0; i < c->all.count; i++) {
		struct instance *in = &c->all.list[i];

		err = rodata__read(in->programs[EG_INGRESS], "eg_recording", &on, sizeof(on)) ?:
		      recordings__read(all, in, i);
		if (err)
			return report(status_of(err), "%s: its recorder can't be read: %s",
				      in->ifname, why(err));
		if (!on)
			note("%s: its rules say 'recorder off': there is what was recorded before, "
			     "at most", in->ifname);
	}
	recordings__sort(all);
	return DONE;
}

static enum status dump_recorder(struct capture *c)
{
	struct recordings all = {};
	enum status st;

	st = read_records(c, &all);
	for (size_t i = 0; !st && i < all.count && !is_enough(c); i++) {
		const struct recording *r = &all.list[i];
		struct tap_packet p = { &r->record.event, r->record.frame, NULL };

		if (is_wanted(c, r))
			transcript__add(&c->transcript, r->nth, &p);
	}
	if (!st && !c->transcript.written && c->opts->path)
		note("the recorder has kept no such packets");
	flush(c);
	recordings__free(&all);
	return st;
}

/* The command ------------------------------------------------------------------------- */

static enum form form_of(const struct capture_options *o)
{
	return o->path ? FORM_PCAPNG : o->json ? FORM_JSON : FORM_TEXT;
}

static enum status run(struct capture *c, char **names)
{
	const struct capture_options *o = c->opts;
	struct scope scope = SCOPE_INIT;
	enum status st;

	st = open_output(c) ?: check_privileges() ?: scope__open(&scope, o->netns) ?:
	     instances__select(&scope, names, o->names, SELECT_LIVE, &c->all) ?:
	     find_rules(c) ?: begin_output(c);
	st = st ?: transcript__open(&c->transcript, c->to, form_of(o), c->filter, &c->all,
				    o->want.snap ?: EG_SNAP_MAX);
	if (!st)
		st = o->recorder ? dump_recorder(c) : capture_live(c);
	transcript__close(&c->transcript);
	instances__free(&c->all);
	scope__close(&scope);
	free(c->rules);
	return close_output(c, st);
}

enum status cmd_capture(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "write", required_argument, NULL, 'w' },
		{ "verdict", required_argument, NULL, 'V' },
		{ "reason", required_argument, NULL, 'R' },
		{ "rule", required_argument, NULL, 'r' },
		{ "direction", required_argument, NULL, 'd' },
		{ "sample", required_argument, NULL, 'S' },
		{ "count", required_argument, NULL, 'c' },
		{ "snaplen", required_argument, NULL, 's' },
		{ "buffer-size", required_argument, NULL, 'B' },
		{ "recorder", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		COMMON_OPTIONS
	};
	struct capture_options opts = {};
	struct capture capture = { .opts = &opts };
	int o, own = 0;
	char *filter;
	enum status st = DONE;

	while (own < argc && strcmp(argv[own], "--"))
		own++;
	filter = own < argc ? join(argc - own - 1, argv + own + 1) : NULL;
	while (!st && (o = command__option(self, own, argv, "w:c:s:B:", longs)) != OPTION_END) {
		if (o == OPTION_HELP)
			goto cleanup;
		st = o == OPTION_WRONG ? USAGE : take(&opts, o, optarg);
	}
	opts.names = own - optind;
	st = st ?: check(self, &opts);
	if (!st && filter)
		st = filter__compile(&capture.filter, filter);
	if (!st) {
		interrupt__catch();
		/* A reader that goes is an error of writing like others. */
		signal(SIGPIPE, SIG_IGN);
		st = run(&capture, argv + optind);
	}
cleanup:
	filter__free(capture.filter);
	free(filter);
	return st;
}
