// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cost against number of rules, prefixes and sources, and against length: one table of what is drawn.
 * What has not been measured leaves a gap. A new row of plan.c becomes a point by a line here.
 */
#include "state.h"

#include <errno.h>
#include <stdio.h>

#define SERIES_MAX 6
#define POINTS_MAX 8

struct point {
	unsigned int x;
	enum group_id group;
	enum candidate_id id;
};

struct series {
	const char *name;
	struct point points[POINTS_MAX]; /* up to the first with x 0 */
};

struct plot {
	const char *file, *title, *axis;
	bool log_x, log_y;
	struct series series[SERIES_MAX]; /* up to the first without a name */
};

static const struct plot plots[] = {
	{
		"rules",
		"Dropped by the last of so many rules, each for one source",
		"rules",
		true,
		true,
		{
			{ "bare XDP_DROP",
			  { { 1, DROP4, BARE_DROP }, { 4096, DROP4, BARE_DROP } } },
			{ "echogate",
			  { { 1, DROP4, RULE },
			    { 10, DROP4, RULES_10 },
			    { 100, DROP4, RULES_100 },
			    { 1000, DROP4, RULES_1K },
			    { 4096, DROP4, RULES } } },
			{ "xdp-filter (a map)",
			  { { 1, DROP4, RULE_FILTER }, { 4096, DROP4, RULES_FILTER } } },
			{ "nftables, netdev",
			  { { 1, DROP4, RULE_NFT },
			    { 10, DROP4, RULES_10_NFT },
			    { 100, DROP4, RULES_100_NFT },
			    { 1000, DROP4, RULES_1K_NFT },
			    { 4096, DROP4, RULES_NFT } } },
			{ "nftables, raw prerouting",
			  { { 1, DROP4, RULE_RAW },
			    { 100, DROP4, RULES_100_RAW },
			    { 4096, DROP4, RULES_RAW } } },
		},
	},
	{
		"prefixes",
		"Dropped by a set of so many addresses, all of them sending, at random",
		"addresses",
		true,
		false,
		{
			{ "bare XDP_DROP",
			  { { 1, DROP4, BARE_DROP },
			    { 1000, DROP4_1K_SOURCES, BARE_DROP },
			    { 10000, DROP4_10K_SOURCES, BARE_DROP },
			    { 100000, DROP4_100K_SOURCES, BARE_DROP },
			    { 1000000, DROP4_1M_SOURCES, BARE_DROP } } },
			{ "echogate",
			  { { 1, DROP4, RULE },
			    { 1000, DROP4_1K_SOURCES, SET_1K },
			    { 10000, DROP4_10K_SOURCES, SET_10K },
			    { 100000, DROP4_100K_SOURCES, SET },
			    { 1000000, DROP4_1M_SOURCES, MILLION } } },
			{ "nftables, netdev",
			  { { 1, DROP4, RULE_NFT },
			    { 1000, DROP4_1K_SOURCES, SET_1K_NFT },
			    { 10000, DROP4_10K_SOURCES, SET_10K_NFT },
			    { 100000, DROP4_100K_SOURCES, SET_NFT } } },
		},
	},
	{
		"sources",
		"Echo requests answered, 64 bytes, from so many sources at random",
		"sources",
		true,
		true,
		{
			{ "bare XDP_TX",
			  { { 1, ECHO4_64, BARE_TX },
			    { 512, ECHO4_512_SOURCES, BARE_TX },
			    { 4096, ECHO4_4K_SOURCES, BARE_TX },
			    { 65536, ECHO4_64K_SOURCES, BARE_TX },
			    { 130800, ECHO4_ALL_SOURCES, BARE_TX } } },
			{ "echogate, reply-path swap",
			  { { 1, ECHO4_64, SWAP },
			    { 4096, ECHO4_4K_SOURCES, SWAP },
			    { 65536, ECHO4_64K_SOURCES, SWAP } } },
			{ "echogate, reply-path fib",
			  { { 1, ECHO4_64, NATIVE },
			    { 512, ECHO4_512_SOURCES, NATIVE },
			    { 4096, ECHO4_4K_SOURCES, NATIVE },
			    { 65536, ECHO4_64K_SOURCES, NATIVE },
			    { 130800, ECHO4_ALL_SOURCES, NATIVE } } },
			{ "kernel's stack",
			  { { 1, ECHO4_64, KERNEL },
			    { 4096, ECHO4_4K_SOURCES, KERNEL },
			    { 65536, ECHO4_64K_SOURCES, KERNEL } } },
		},
	},
	{
		"length",
		"Echo requests answered, every byte verified",
		"bytes of the frame",
		false,
		true,
#define BY_LENGTH(id) \
	{ \
		{ 64, ECHO4_64, id }, { 98, ECHO4_98, id }, { 128, ECHO4_128, id }, \
			{ 256, ECHO4_256, id }, { 512, ECHO4_512, id }, { 1024, ECHO4_1024, id }, \
		{ \
			1514, ECHO4_1514, id \
		} \
	}
		{
			{ "bare XDP_TX", BY_LENGTH(BARE_TX) },
			{ "least echo, verifies nothing", BY_LENGTH(LEAST) },
			{ "echogate, native", BY_LENGTH(NATIVE) },
			{ "echogate, tc", BY_LENGTH(TC) },
			{ "kernel's stack", BY_LENGTH(KERNEL) },
		},
	},
};

/* x, median, minimum and maximum of each point that has been measured. */
static int write_series(FILE *f, int number, const struct series *s)
{
	int points = 0;

	fprintf(f, "$s%d << EOD\n", number);
	for (int n = 0; n < POINTS_MAX && s->points[n].x; n++) {
		const struct point *p = &s->points[n];
		struct spread ns;

		if (!ns_spread(p->group, p->id, &ns))
			continue;
		fprintf(f, "%u %.1f %.1f %.1f\n", p->x, ns.median, ns.min, ns.max);
		points++;
	}
	fputs("EOD\n", f);
	return points;
}

static void write_plot(FILE *f, const struct plot *p)
{
	const char *separator = "plot ";
	int points[SERIES_MAX] = {};

	fprintf(f,
		"reset\nset terminal svg noenhanced size 720,420 font 'sans,12' background "
		"'white'\n"
		"set output '%s/%s.svg'\nset title \"%s\"\nset xlabel '%s'\n"
		"set ylabel 'ns a packet, generator and veth included'\n"
		"set grid\nset key outside right top\nset yrange [%s:*]\n%s%s",
		b.plots, p->file, p->title, p->axis, p->log_y ? "*" : "0",
		p->log_x ? "set logscale x\n" : "", p->log_y ? "set logscale y\n" : "");
	for (int n = 0; n < SERIES_MAX && p->series[n].name; n++)
		points[n] = write_series(f, n, &p->series[n]);
	for (int n = 0; n < SERIES_MAX && p->series[n].name; n++) {
		if (!points[n])
			continue;
		fprintf(f, "%s$s%d using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.5 title \"%s\"",
			separator, n, p->series[n].name);
		separator = ", ";
	}
	fputc('\n', f);
}

int draw_plots(void)
{
	FILE *f = popen("gnuplot", "w");
	int status;

	if (!f)
		return -errno;
	for (size_t n = 0; n < sizeof(plots) / sizeof(plots[0]); n++)
		write_plot(f, &plots[n]);
	status = pclose(f);
	if (status) {
		note("gnuplot (package gnuplot-nox) has drawn nothing, or not all: exit status %d",
		     status >> 8);
		return -EIO;
	}
	return 0;
}
