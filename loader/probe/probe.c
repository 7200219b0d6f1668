// SPDX-License-Identifier: GPL-2.0-only
#include "probe.h"
#include "command.h"
#include "loop.h"
#include "netns.h"

#include <string.h>

#define YEAR		(366 * 86400)

/* The least between two requests to a host that nobody has to be asked about. */
#define INTERVAL_MIN	(2 * SECOND / 1000)

/* Values of long options without a letter. */
enum {
	OPTION_NETNS = 256,
	OPTION_DF,
	OPTION_SOURCE,
	OPTION_FLOOD,
	OPTION_TRACE,
	OPTION_UDP,
	OPTION_TCP,
	OPTION_MAX_HOPS,
	OPTION_QUERIES,
	OPTION_MTU,
	OPTION_CONFORMANCE,
	OPTION_MINE,
	OPTION_JSON,
};

static const struct option longs[] = {
	{ "count", required_argument, NULL, 'c' },
	{ "interval", required_argument, NULL, 'i' },
	{ "size", required_argument, NULL, 's' },
	{ "ttl", required_argument, NULL, 't' },
	{ "tos", required_argument, NULL, 'Q' },
	{ "pattern", required_argument, NULL, 'p' },
	{ "interface", required_argument, NULL, 'I' },
	{ "timeout", required_argument, NULL, 'W' },
	{ "deadline", required_argument, NULL, 'w' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "df", no_argument, NULL, OPTION_DF },
	{ "source", required_argument, NULL, OPTION_SOURCE },
	{ "flood", optional_argument, NULL, OPTION_FLOOD },
	{ "trace", no_argument, NULL, OPTION_TRACE },
	{ "udp", no_argument, NULL, OPTION_UDP },
	{ "tcp", optional_argument, NULL, OPTION_TCP },
	{ "max-hops", required_argument, NULL, OPTION_MAX_HOPS },
	{ "queries", required_argument, NULL, OPTION_QUERIES },
	{ "mtu", no_argument, NULL, OPTION_MTU },
	{ "numeric", no_argument, NULL, 'n' },
	{ "conformance", no_argument, NULL, OPTION_CONFORMANCE },
	{ "yes-this-is-mine", no_argument, NULL, OPTION_MINE },
	{ "netns", required_argument, NULL, OPTION_NETNS },
	{ "json", no_argument, NULL, OPTION_JSON },
	COMMON_OPTIONS
};

#define SHORTS	"46c:i:s:t:Q:p:I:W:w:qn"

/* Options -------------------------------------------------------------------------- */

static enum status parse_int(const char *what, int min, int max, int *value)
{
	unsigned long v;
	enum status st = parse_number(what, optarg, min, max, &v);

	if (!st)
		*value = v;
	return st;
}

static enum status parse_u64(const char *what, __u64 max, __u64 *value)
{
	unsigned long v;
	enum status st = parse_number(what, optarg, 1, max, &v);

	if (!st)
		*value = v;
	return st;
}

static enum status choose_family(struct probe_options *o, int family)
{
	if (o->family != AF_UNSPEC && o->family != family)
		return report(USAGE, "probe: -4 and -6 exclude each other");
	o->family = family;
	return DONE;
}

static bool all_digits(const char *s)
{
	return s && *s && !s[strspn(s, "0123456789")];
}

static enum status choose_kind(struct probe_options *o,
			       int (*kind)(const struct probe_options *, const struct hosts *))
{
	if (o->kind != ping__run && o->kind != kind)
		return report(USAGE, "probe: --flood, --trace and --conformance exclude each other");
	o->kind = kind;
	return DONE;
}

/* The rate may be the next argument, since no host is called by a number alone. */
static enum status take_flood(struct probe_options *o, char **argv)
{
	enum status st = choose_kind(o, flood__run);

	if (st)
		return st;
	if (!optarg && all_digits(argv[optind]))
		optarg = argv[optind++];
	return optarg ? parse_u64("--flood", FLOOD_RATE_MAX, &o->rate) : DONE;
}

static enum status choose_method(struct probe_options *o, enum trace_method method)
{
	if (o->method != TRACE_ICMP && o->method != method)
		return report(USAGE, "probe: --udp and --tcp exclude each other");
	o->method = method;
	return DONE;
}

/* The port, too, may be the next argument. */
static enum status take_tcp(struct probe_options *o, char **argv)
{
	if (!optarg && all_digits(argv[optind]))
		optarg = argv[optind++];
	return choose_method(o, TRACE_TCP) ?: optarg ? parse_int("--tcp", 1, 65535, &o->port) : DONE;
}

static enum status take(struct probe_options *o, int option, char **argv)
{
	unsigned long size;
	enum status st;

	switch (option) {
	case '4':
		return choose_family(o, AF_INET);
	case '6':
		return choose_family(o, AF_INET6);
	case 'c':
		return parse_u64("--count", UINT32_MAX, &o->count);
	case 'i':
		return parse_seconds("--interval", optarg, INTERVAL_MIN, 86400, &o->interval);
	case 's':
		st = parse_number("--size", optarg, 0, SIZE_MAX6, &size);
		o->size = size;
		return st;
	case 't':
		return parse_int("--ttl", 1, 255, &o->ttl);
	case 'Q':
		return parse_int("--tos", 0, 255, &o->tos);
	case 'p':
		return pattern__parse(&o->pattern, optarg);
	case 'I':
		o->interface = optarg;
		return check_ifname(optarg);
	case 'W':
		return parse_seconds("--timeout", optarg, SECOND / 1000, 3600, &o->timeout);
	case 'w':
		return parse_seconds("--deadline", optarg, SECOND / 1000, YEAR, &o->deadline);
	case 'q':
		o->quiet = true;
		return DONE;
	case OPTION_DF:
		o->df = true;
		return DONE;
	case OPTION_SOURCE:
		o->source = optarg;
		return DONE;
	case OPTION_FLOOD:
		return take_flood(o, argv);
	case OPTION_TRACE:
		return choose_kind(o, trace__run);
	case OPTION_UDP:
		return choose_method(o, TRACE_UDP);
	case OPTION_TCP:
		return take_tcp(o, argv);
	case OPTION_MAX_HOPS:
		return parse_int("--max-hops", 1, 255, &o->max_hops);
	case OPTION_QUERIES:
		return parse_int("--queries", 1, 10, &o->queries);
	case OPTION_MTU:
		o->find_mtu = true;
		return DONE;
	case 'n':
		o->numeric = true;
		return DONE;
	case OPTION_CONFORMANCE:
		return choose_kind(o, conformance__run);
	case OPTION_MINE:
		o->mine = true;
		return DONE;
	case OPTION_JSON:
		o->json = true;
		return DONE;
	default:
		o->netns = optarg;
		return DONE;
	}
}

/* What only the namespace knows. */
static enum status find_places(struct probe_options *o)
{
	if (o->interface) {
		o->ifindex = if_nametoindex(o->interface);
		if (!o->ifindex)
			return report(FAILED, "--interface %s: it doesn't exist here; 'ip link' "
				      "lists them", o->interface);
	}
	if (!o->source)
		return DONE;
	if (address__parse(o->source, o->family, &o->from))
		return report(USAGE, "--source: \"%s\" is no %s address", o->source,
			      o->family == AF_UNSPEC ? "IP" : family_name(o->family));
	o->family = o->from.sa.sa_family;
	return DONE;
}

enum status cmd_probe(const struct command *self, int argc, char **argv)
{
	struct probe_options o = {
		.size = 56,
		.ttl = -1,
		.tos = -1,
		.port = 80,
		.max_hops = 30,
		.queries = 3,
		.kind = ping__run,
	};
	struct scope scope = SCOPE_INIT;
	struct names names = {};
	struct hosts hosts = {};
	enum status st = DONE;
	int option;

	while ((option = command__option(self, argc, argv, SHORTS, longs)) != OPTION_END) {
		if (option == OPTION_HELP)
			return DONE;
		if (option == OPTION_WRONG || take(&o, option, argv))
			return USAGE;
	}
	if (optind == argc)
		return command__wrong(self, "no host is named");
	if (o.kind != trace__run && (o.method != TRACE_ICMP || o.find_mtu || o.numeric))
		return command__wrong(self, "--udp, --tcp, --mtu and -n belong to --trace");
	if (o.kind == flood__run && o.interval)
		return command__wrong(self, "a flood has a rate, --flood RATE, and no --interval");
	o.interval = o.interval ?: SECOND;
	/* Routers look three seconds for a host that isn't there before they say so. */
	o.timeout = o.timeout ?: (o.kind == trace__run ? 5 : 2) * SECOND;
	st = names__read(&names, argv + optind, argc - optind);
	if (!st && o.netns)
		st = scope__open(&scope, o.netns);
	if (!st)
		st = find_places(&o) ?: hosts__resolve(&hosts, &names, &o);
	st = st ? (enum status)PROBE_ERROR : (enum status)o.kind(&o, &hosts);
	hosts__free(&hosts);
	names__free(&names);
	scope__close(&scope);
	return st;
}
