// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends one kind of frame at a rate, from one source or many, and counts what comes back.
 *
 *	flood [-p CPU] [-r RATE] [-s SOURCES[:BIT]] (-c COUNT | -t SECONDS) IFACE DESCRIPTION...
 *
 * The frame is described as in packet.h. RATE is frames a second (as fast as it goes). The
 * nth source's address is the first one's plus n << BIT, in turn. Prints
 *
 *	sent=60000 refused=0 back=3050 elapsed_us=2999960 gap_us=812 answered_us=3000110 least=40 most=52
 *
 * refused: how often the interface had no room for a frame, which was sent later; elapsed_us: from
 * the first frame to the last; gap_us: the longest pause between two; answered_us: from the first
 * to the last that came back, 0 if none did; least, most: of what came back to a source. Frames
 * are counted by whom they are for.
 */
#include <sched.h>
#include <netinet/in.h>

#include "station.h"

#define SOURCES_MAX	4096
#define BURST		32		/* frames sent before looking for what came back */
#define DRAIN_US	300000		/* of silence, then nothing more is coming */
#define DRAIN_MAX_US	3000000		/* others may never be silent */

struct flood {
	struct station station;
	struct packet_spec spec;
	long rate, count, seconds;
	unsigned int sources, bit;
	struct packet *packets;
	uint64_t sent, refused, back[SOURCES_MAX];
	int64_t first, last, gap, answered;
};

static struct flood self = { .sources = 1 };

static int usage(void)
{
	fprintf(stderr, "usage: flood [-p CPU] [-r RATE] [-s SOURCES[:BIT]] "
			"(-c COUNT | -t SECONDS) IFACE DESCRIPTION...\n");
	return 2;
}

/* Addresses are numbers of which only this half counts. */
static uint64_t half(const struct flood *f, const uint8_t *addr)
{
	uint64_t value;

	if (f->spec.ends.family == AF_INET)
		return packet_get32(addr);
	memcpy(&value, addr + (f->bit < 64 ? 8 : 0), sizeof(value));
	return be64toh(value);
}

static void set_half(const struct flood *f, uint8_t *addr, uint64_t value)
{
	if (f->spec.ends.family == AF_INET) {
		packet_put32(addr, value);
		return;
	}
	value = htobe64(value);
	memcpy(addr + (f->bit < 64 ? 8 : 0), &value, sizeof(value));
}

static bool build(struct flood *f)
{
	struct packet_spec spec = f->spec;
	uint64_t first = half(f, f->spec.ends.src);

	f->packets = calloc(f->sources, sizeof(*f->packets));
	if (!f->packets)
		return false;
	for (unsigned int i = 0; i < f->sources; i++) {
		set_half(f, spec.ends.src, first + ((uint64_t)i << f->bit % 64));
		packet_build(&spec, f->station.mac, &f->packets[i]);
	}
	return true;
}

static void take(struct flood *f)
{
	uint64_t first = half(f, f->spec.ends.src), source;
	static uint8_t in[65536];
	struct station_tags tags;
	size_t l3;

	while (station_receive(&f->station, in, sizeof(in), &l3, &tags)) {
		bool v4 = in[l3] >> 4 == 4;

		if (v4 != (f->spec.ends.family == AF_INET))
			continue;
		source = (half(f, in + l3 + (v4 ? 16 : 24)) - first) >> f->bit % 64;
		if (source < f->sources) {
			f->back[source]++;
			f->answered = station_now_us() - f->first;
		}
	}
}

static bool send_next(struct flood *f)
{
	const struct packet *p = &f->packets[f->sent % f->sources];
	int64_t now;

	if (send(f->station.fd, p->bytes, p->len, 0) != (ssize_t)p->len) {
		f->refused += errno == ENOBUFS;
		return errno == ENOBUFS || errno == EAGAIN;
	}
	now = station_now_us();
	if (!f->sent++)
		f->first = now;
	else if (now - f->last > f->gap)
		f->gap = now - f->last;
	f->last = now;
	return true;
}

static bool run(struct flood *f)
{
	int64_t start = station_now_us(), now = start;

	while (f->count ? f->sent < (uint64_t)f->count : now < start + f->seconds * 1000000) {
		uint64_t due = f->sent + BURST;

		if (f->rate && (uint64_t)(now - start) * f->rate / 1000000 < due)
			due = (uint64_t)(now - start) * f->rate / 1000000;
		if (f->count && due > (uint64_t)f->count)
			due = f->count;
		if (due <= f->sent)
			station_wait(&f->station, 200);
		while (f->sent < due)
			if (!send_next(f))
				return false;
		take(f);
		now = station_now_us();
	}
	start = station_now_us();
	while (station_wait(&f->station, DRAIN_US) && station_now_us() < start + DRAIN_MAX_US)
		take(f);
	return true;
}

int main(int argc, char **argv)
{
	uint64_t back = 0, least = ~0ull, most = 0;
	struct flood *f = &self;
	char line[4096] = "";
	cpu_set_t cpus;
	int o, err;

	/* "+": a description may hold a minus. */
	while ((o = getopt(argc, argv, "+p:r:s:c:t:")) != -1) {
		switch (o) {
		case 'p':
			CPU_ZERO(&cpus);
			CPU_SET(atoi(optarg), &cpus);
			if (sched_setaffinity(0, sizeof(cpus), &cpus)) {
				perror("flood: CPU");
				return 1;
			}
			break;
		case 'r':
			f->rate = atol(optarg);
			break;
		case 's':
			if (sscanf(optarg, "%u:%u", &f->sources, &f->bit) < 1)
				return usage();
			break;
		case 'c':
			f->count = atol(optarg);
			break;
		case 't':
			f->seconds = atol(optarg);
			break;
		default:
			return usage();
		}
	}
	if (argc - optind < 2 || (!f->count && !f->seconds) || !f->sources ||
	    f->sources > SOURCES_MAX || f->bit > 127)
		return usage();
	for (int i = optind + 1; i < argc; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s ", argv[i]);
	if (!packet_parse(&f->spec, line))
		return 2;
	err = station_open(&f->station, argv[optind]);
	if (err) {
		fprintf(stderr, "flood: %s: %s\n", argv[optind], strerror(-err));
		return 1;
	}
	if (!build(f) || !run(f)) {
		perror("flood");
		return 1;
	}
	for (unsigned int i = 0; i < f->sources; i++) {
		back += f->back[i];
		least = f->back[i] < least ? f->back[i] : least;
		most = f->back[i] > most ? f->back[i] : most;
	}
	printf("sent=%llu refused=%llu back=%llu elapsed_us=%lld gap_us=%lld answered_us=%lld "
	       "least=%llu most=%llu\n",
	       (unsigned long long)f->sent, (unsigned long long)f->refused,
	       (unsigned long long)back,
	       (long long)(f->last - f->first), (long long)f->gap, (long long)f->answered,
	       (unsigned long long)least, (unsigned long long)most);
	return 0;
}
