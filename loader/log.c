// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_NS	60000000000ULL
#define KEPT		64		/* lines that are remembered */

struct said {
	char line[256];			/* cut */
	enum level level;
	__u64 hash;			/* of all of it */
	__u64 until;			/* ns; 0: unused */
	unsigned int again;
};

static struct said recent[KEPT];
static bool held_back;			/* the last line was, and so is what belongs to it */
static bool terminal;

static void put(enum level level, const char *line)
{
	if (terminal)
		fprintf(stderr, "echogate: %s\n", line);
	else
		fprintf(stderr, "<%d>%s\n", level, line);
}

static void forget(struct said *s)
{
	char line[320];

	if (s->again) {
		snprintf(line, sizeof(line), "%u times more within a minute: %s", s->again,
			 s->line);
		put(s->level, line);
	}
	s->until = 0;
	s->again = 0;
}

/* Where it stands, or the place of the one that has stood longest. */
static struct said *place_of(__u64 hash)
{
	struct said *oldest = recent;

	for (size_t i = 0; i < KEPT; i++) {
		if (recent[i].until && recent[i].hash == hash)
			return &recent[i];
		if (recent[i].until < oldest->until)
			oldest = &recent[i];
	}
	return oldest;
}

static void take_line(enum level level, bool more, const char *line)
{
	__u64 now = monotonic_ns(), hash = hash_bytes(HASH_START, line, strlen(line));
	struct said *s;

	if (more) {
		if (!held_back)
			put(level, line);
		return;
	}
	s = place_of(hash);
	held_back = s->until > now && s->hash == hash;
	if (held_back) {
		s->again++;
		return;
	}
	forget(s);
	copy_text(s->line, line, sizeof(s->line));
	s->level = level;
	s->hash = hash;
	s->until = now + WINDOW_NS;
	put(level, line);
}

void log__open(void)
{
	terminal = isatty(STDERR_FILENO);
	log_line = take_line;
}

void log__tick(void)
{
	__u64 now = monotonic_ns();

	for (size_t i = 0; i < KEPT; i++)
		if (recent[i].until && recent[i].until <= now)
			forget(&recent[i]);
}

void log__begin_anew(void)
{
	for (size_t i = 0; i < KEPT; i++)
		forget(&recent[i]);
}
