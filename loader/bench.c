// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet of each kind costs with the rules of an interface, or of a file: by a copy of the
 * programs with maps of its own, in a network namespace of its own. Nobody's traffic is touched.
 */
#include "command.h"
#include "copy.h"
#include "counters.h"
#include "driver.h"
#include "json.h"
#include "sandbox.h"
#include "trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define LOOPBACK   1 /* index of lo, in every namespace */
#define ROUNDS_MAX 99
#define ROUNDS	   3
#define TRIES	   3 /* the least of so many: what disturbs only ever adds */
#define TRY_NS	   4000000
#define MANY	   65536 /* sources */
/* Long enough for all that is remembered of a source to be forgotten, and asked for again. */
#define MANY_NS	    1100000000
#define RUNS_FIRST  2000
#define RULES_SHOWN 32
#define NAME_WIDTH  44
#define RATE_MAX    1000000000

/* Addresses of strangers, which no list of impossible sources has. No packet ever leaves. */
#define STRANGER4 "9.0.0.0"
#define STRANGER6 "2a00:e6::"
/* Where the namespace has no address of a family. */
#define MADE_UP4 "198.18.0.1"
#define MADE_UP6 "fd00:e6::1"
#define FOREIGN4 "9.9.9.9"
#define FOREIGN6 "2a00:e6:9::9"

struct bench_options {
	const char *netns;
	const char *config; /* NULL: rules of an interface */
	unsigned long rounds, rate;
	bool json;
};

/* A kind of packet, and what came of measuring it. */
struct row {
	char name[128];
	struct recipe recipe;
	const struct rule *rule; /* NULL: it is for no rule's sake */
	__u32 line;		 /* of the rule */
	struct shot shot;
	int runs;	       /* that take about as long as one try is to */
	double ns[ROUNDS_MAX]; /* what the program adds to a bare one */
	__u64 verdicts[EG_VERDICT_COUNT];
	enum eg_reason reason; /* of most of them; NONE: of none */
};

struct bench {
	const struct bench_options *opts;
	const char *name; /* of the interface or the file */
	enum eg_mode mode;
	char text[128];	       /* what of it is measured */
	struct rulelist rules; /* of the interface, with their places in its file */
	struct copy copy;
	struct trial trial;
	struct driver driver;
	struct ends ends4, ends6;
	struct row *kinds;
	size_t count;
	size_t without; /* rules that no packet was found for */
	int cpu;
	int done; /* rounds */
};

/* What is measured ------------------------------------------------------------------ */

/* An own address that everybody could ask; false if there is none. */
static bool own_address(const struct addresses *a, __u8 family, __be32 addr[4])
{
	for (size_t i = 0; i < a->count; i++) {
		const struct address *own = &a->list[i];
		__u8 first = ((const __u8 *)own->addr)[0], second = ((const __u8 *)own->addr)[1];

		if (own->family != family || own->broadcast ||
		    (family == AF_INET ? first == 127
				       : first == 0 || (first == 0xfe && second >= 0x80)))
			continue;
		memcpy(addr, own->addr, sizeof(own->addr));
		return true;
	}
	return false;
}

/* Which is made up, if need be: what answers cost is asked, not where. -ENOMEM. */
static int choose_own(struct addresses *a, __u8 family, const char *made_up, __be32 addr[4])
{
	struct address *more;

	if (own_address(a, family, addr))
		return 0;
	more = realloc(a->list, (a->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	a->list = more;
	a->room = a->count + 1;
	more += a->count++;
	memset(more, 0, sizeof(*more));
	more->family = family;
	inet_pton(family, made_up, more->addr);
	memcpy(addr, more->addr, sizeof(more->addr));
	return 0;
}

/* From strangers to an own address, through the sandbox's gateway. -ENOMEM. */
static int choose_ends(struct bench *b, const struct sandbox *box, struct snapshot *snap)
{
	int err;

	memset(&b->ends4, 0, sizeof(b->ends4));
	memcpy(b->ends4.to_mac, box->mac, sizeof(box->mac));
	memcpy(b->ends4.from_mac, box->gateway, sizeof(box->gateway));
	b->ends6 = b->ends4;
	inet_pton(AF_INET, STRANGER4, b->ends4.from);
	inet_pton(AF_INET6, STRANGER6, b->ends6.from);
	err = choose_own(&snap->addrs, AF_INET, MADE_UP4, b->ends4.to)
		      ?: choose_own(&snap->addrs, AF_INET6, MADE_UP6, b->ends6.to);
	memcpy(snap->config.mac, box->mac, sizeof(box->mac));
	snap->config.ifindex = box->ifindex;
	return err;
}

/* The interface's rules as they are pinned. Reports. */
static enum status read_rules(struct bench *b, struct instance *in, struct config **config)
{
	char *name = in->ifname;
	int err;

	if (!*in->meta.config)
		return DONE;
	err = rulelist__read(&b->rules, in);
	if (err)
		return report(status_of(err),
			      "%s: the rules that run can't be read: %s; attach "
			      "again to mend it",
			      in->ifname, why(err));
	return config__parse(in->meta.config, b->rules.text, strlen(b->rules.text), config)
		       ?: config__load_sets(*config, &name, 1);
}

/* The interface's mode, rules and system, as they are now. Reports. */
static enum status look_at_interface(struct bench *b, const struct scope *scope,
				     struct instances *all, struct config **config, __u32 *ifindex)
{
	struct instance *in = all->list;

	instance__visit(in, scope);
	b->name = in->ifname;
	if (!in->reachable)
		return report(FAILED, "%s: its network namespace can't be entered", in->ifname);
	if (device__is_l3(&in->device))
		return report(FAILED,
			      "%s: it has no Ethernet header, and packets are measured with "
			      "one; --config FILE measures the same rules",
			      in->ifname);
	b->mode = in->meta.mode;
	*ifindex = in->dir.ifindex;
	snprintf(b->text, sizeof(b->text), "%s, generation %llu", mode_name(in->meta.mode),
		 (unsigned long long)in->meta.generation);
	return read_rules(b, in, config);
}

/* Reports. */
static enum status set_up(struct bench *b, const struct config *config, __u32 ifindex)
{
	struct snapshot snap = {};
	struct copy_options opts = {
		.name = b->name, .config = config, .snapshot = &snap, .mode = b->mode
	};
	struct sandbox box = {};
	struct rtnl rt = {};
	enum status st;
	int err;

	err = rtnl__open(&rt) ?: snapshot__take(&rt, ifindex, &snap);
	rtnl__close(&rt);
	if (err) {
		st = report(status_of(err), "%s: addresses can't be read: %s", b->name, why(err));
		goto cleanup;
	}
	err = sandbox__enter(&box);
	if (err) {
		st = report(status_of(err),
			    "%s: a network namespace with a veth to measure in can't "
			    "be made: %s",
			    b->name, why(err));
		goto cleanup;
	}
	err = choose_ends(b, &box, &snap);
	if (err) {
		st = report(status_of(err), "%s: %s", b->name, why(err));
		goto cleanup;
	}
	opts.ifindex = box.ifindex;
	st = copy__load(&b->copy, &opts);
	if (st)
		goto cleanup;
	err = trial__open(&b->trial, b->copy.in.programs[EG_INGRESS], b->copy.in.maps[PIN_TRACE],
			  instance__ingress(&b->copy.in), box.ifindex)
		      ?: driver__open(&b->driver, b->mode, b->copy.in.programs[EG_INGRESS],
				      box.ifindex);
	if (err)
		st = report(status_of(err),
			    "%s: the program that makes packets can't be loaded: %s "
			    "(%s)",
			    b->name, why(err), libbpf_last_warning());
cleanup:
	snapshot__free(&snap);
	return st;
}

/* Kinds ------------------------------------------------------------------------------- */

static struct row *add_kind(struct bench *b, const struct recipe *r, __u32 sources)
{
	struct row *more = realloc(b->kinds, (b->count + 1) * sizeof(*more)), *k;

	if (!more)
		return NULL;
	b->kinds = more;
	k = &more[b->count++];
	memset(k, 0, sizeof(*k));
	k->recipe = *r;
	k->shot.sources = sources;
	k->shot.length = recipe__build(r, k->shot.frame);
	k->shot.ipv4 = r->family == AF_INET;
	k->shot.first = ntohl(r->ends.from[k->shot.ipv4 ? 0 : 3]);
	if (sources > 1)
		k->shot.sum = recipe__sum_but_source(r, k->shot.frame);
	return k;
}

static int add_plain(struct bench *b, const char *name, __u8 family, __u8 protocol, __u16 length,
		     __u32 sources, const char *to)
{
	struct recipe r =
		recipe__plain(family, protocol, length, family == AF_INET6 ? &b->ends6 : &b->ends4);
	struct row *k;

	if (to)
		inet_pton(family, to, r.ends.to);
	k = add_kind(b, &r, sources);
	if (!k)
		return -ENOMEM;
	snprintf(k->name, sizeof(k->name), "%s", name);
	return 0;
}

/* How much longer the reply is in front, if it is an error about the packet. */
static __u32 growth(const struct recipe *r, const struct outcome *out)
{
	size_t protocol_at = r->family == AF_INET ? 23 : 20;
	__u8 error = r->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (out->trace.verdict != EG_VERDICT_REJECT || out->frame[protocol_at] != error)
		return 0;
	return r->family == AF_INET ? sizeof(struct iphdr) + 8 : sizeof(struct ipv6hdr) + 8;
}

/* A packet about which the rule decides; false if none could be made. */
static bool find_packet(struct bench *b, const struct rule *rule, __u32 index, struct recipe *r,
			__u32 *grown)
{
	for (unsigned int n = 0; recipe__for_rule(rule, n, &b->ends4, &b->ends6, r); n++) {
		__u8 frame[RECIPE_FRAME_MAX];
		struct outcome out;
		size_t length = recipe__build(r, frame);

		if (trial__run(&b->trial, frame, length, &out) || !out.trace.decided ||
		    out.trace.last != index)
			continue;
		*grown = growth(r, &out);
		return true;
	}
	return false;
}

static int add_rules(struct bench *b)
{
	const struct rules *rules = &b->copy.g.rules;
	size_t shown = 0;

	for (size_t i = 0; i < rules->count[EG_INGRESS] && shown < RULES_SHOWN; i++) {
		const struct rule *rule = rules->list[EG_INGRESS][i];
		struct recipe r;
		struct row *k;
		__u32 grown = 0;

		if (rule->verdict == EG_RULE_COUNT || rule->verdict == EG_RULE_PROTECT)
			continue;
		if (!find_packet(b, rule, i, &r, &grown)) {
			b->without++;
			continue;
		}
		shown++;
		k = add_kind(b, &r, 1);
		if (!k)
			return -ENOMEM;
		k->rule = rule;
		k->line = i < b->rules.count ? b->rules.list[i].line : rule->place.line;
		k->shot.grown = grown;
		snprintf(k->name, sizeof(k->name), "line %u: %s", k->line, rule->text);
	}
	return 0;
}

static int add_kinds(struct bench *b)
{
	static const struct {
		const char *name;
		__u8 family, protocol;
		__u16 length;
		__u32 sources;
		const char *to;
	} plain[] = {
		{ "echo request, IPv4", AF_INET, IPPROTO_ICMP, 64, 1, NULL },
		{ "echo request, IPv4", AF_INET, IPPROTO_ICMP, 64, MANY, NULL },
		{ "echo request, IPv4", AF_INET, IPPROTO_ICMP, 1514, 1, NULL },
		{ "echo request, IPv6", AF_INET6, IPPROTO_ICMPV6, 64, 1, NULL },
		{ "echo request, IPv6", AF_INET6, IPPROTO_ICMPV6, 64, MANY, NULL },
		{ "echo request, IPv6", AF_INET6, IPPROTO_ICMPV6, 1514, 1, NULL },
		{ "echo request to another host, IPv4", AF_INET, IPPROTO_ICMP, 64, 1, FOREIGN4 },
		{ "echo request to another host, IPv6", AF_INET6, IPPROTO_ICMPV6, 64, 1, FOREIGN6 },
		{ "TCP SYN, IPv4", AF_INET, IPPROTO_TCP, 64, 1, NULL },
		{ "TCP SYN, IPv6", AF_INET6, IPPROTO_TCP, 74, 1, NULL },
		{ "UDP to port 53, IPv4", AF_INET, IPPROTO_UDP, 64, 1, NULL },
		{ "UDP to port 53, IPv6", AF_INET6, IPPROTO_UDP, 64, 1, NULL },
		{ "ARP request", 0, 0, 64, 1, NULL },
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(plain); i++)
		err = add_plain(b, plain[i].name, plain[i].family, plain[i].protocol,
				plain[i].length, plain[i].sources, plain[i].to);
	return err ?: add_rules(b);
}

/* Measuring --------------------------------------------------------------------------- */

/* How many runs take about that long. -errno. */
static int calibrate(struct bench *b, struct row *k)
{
	__u64 ns;
	int err;

	for (k->runs = RUNS_FIRST;; k->runs *= 4) {
		err = driver__run(&b->driver, &k->shot, EG_DRIVE_TESTED, k->runs, &ns);
		if (err)
			return err;
		if (ns > TRY_NS / 4 || k->runs > 1 << 24)
			break;
	}
	k->runs = (double)k->runs * TRY_NS / (ns ?: 1) + 1;
	return 0;
}

/* ns a packet, the least of some tries. -errno. */
static int least(struct bench *b, const struct row *k, enum eg_drive_target target, double *result)
{
	double best = 0;
	__u64 ns;
	int err;

	for (int n = 0; n < TRIES; n++) {
		err = driver__run(&b->driver, &k->shot, target, k->runs, &ns);
		if (err)
			return err;
		if (!n || (double)ns / k->runs < best)
			best = (double)ns / k->runs;
	}
	*result = best;
	return 0;
}

/* The same of many sources, over so long that none is remembered all the time. -errno. */
static int at_length(struct bench *b, const struct row *k, double *result)
{
	__u64 total = 0, ns, runs = 0;
	int err;

	while (total < MANY_NS) {
		err = driver__run(&b->driver, &k->shot, EG_DRIVE_TESTED, 4 * k->runs, &ns);
		if (err)
			return err;
		total += ns;
		runs += 4 * k->runs;
	}
	*result = (double)total / runs;
	return 0;
}

static __u64 total(const struct row *k)
{
	__u64 all = 0;

	for (int v = 0; v < EG_VERDICT_COUNT; v++)
		all += k->verdicts[v];
	return all;
}

/* What became of the packets of one round. */
static void take_verdicts(struct row *k, const struct reading *before, const struct reading *after)
{
	struct eg_count was[EG_VERDICT_COUNT], is[EG_VERDICT_COUNT];
	__u64 all;

	counters__verdicts(&before->sum[EG_INGRESS], was);
	counters__verdicts(&after->sum[EG_INGRESS], is);
	for (int v = 0; v < EG_VERDICT_COUNT; v++)
		k->verdicts[v] = is[v].packets - was[v].packets;
	all = total(k);
	k->reason = EG_REASON_NONE;
	for (int r = EG_REASON_NONE + 1; r < EG_REASON_COUNT; r++) {
		__u64 packets = after->sum[EG_INGRESS].reason[r].packets -
				before->sum[EG_INGRESS].reason[r].packets;

		if (2 * packets > all)
			k->reason = r;
	}
}

static int measure(struct bench *b, struct row *k)
{
	struct reading before = {}, after = {};
	double bare, tested;
	int err;

	err = k->runs ? 0 : calibrate(b, k);
	err = err ?: reading__take(&before, &b->copy.in);
	err = err ?: least(b, k, EG_DRIVE_BARE, &bare);
	if (!err)
		err = k->shot.sources > 1 ? at_length(b, k, &tested)
					  : least(b, k, EG_DRIVE_TESTED, &tested);
	err = err ?: reading__take(&after, &b->copy.in);
	if (!err) {
		k->ns[b->done] = tested > bare ? tested - bare : 0;
		take_verdicts(k, &before, &after);
	}
	reading__free(&before);
	reading__free(&after);
	return err;
}

/* On one CPU, the one we are on: others' caches are no help. */
static void stay(struct bench *b)
{
	cpu_set_t one;

	b->cpu = sched_getcpu();
	if (b->cpu < 0)
		b->cpu = 0;
	CPU_ZERO(&one);
	CPU_SET(b->cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* Reports. */
static enum status run(struct bench *b)
{
	int err;

	stay(b);
	err = add_kinds(b);
	if (err)
		return report(status_of(err), "%s: %s", b->name, why(err));
	for (b->done = 0; b->done < (int)b->opts->rounds; b->done++) {
		for (size_t i = 0; i < b->count; i++) {
			struct row *k = &b->kinds[i];

			err = measure(b, k);
			if (err)
				return report(status_of(err), "%s: \"%s\" can't be measured: %s",
					      b->name, k->name, why(err));
		}
	}
	return DONE;
}

/* Showing ------------------------------------------------------------------------------ */

struct spread {
	double median, min, max;
};

static int by_size(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static struct spread spread_of(const struct row *k, int rounds)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, k->ns, rounds * sizeof(*sorted));
	qsort(sorted, rounds, sizeof(*sorted), by_size);
	return (struct spread){
		.median = (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2,
		.min = sorted[0],
		.max = sorted[rounds - 1],
	};
}

/* "answer", "98 % drop (reject-limit)" */
static void describe_verdict(const struct row *k, char *text, size_t size)
{
	__u64 all = total(k) ?: 1;
	int most = 0;
	char share[16] = "";

	for (int v = 1; v < EG_VERDICT_COUNT; v++)
		if (k->verdicts[v] > k->verdicts[most])
			most = v;
	if (k->verdicts[most] < all)
		snprintf(share, sizeof(share), "%.1f %% ", 100.0 * k->verdicts[most] / all);
	snprintf(text, size, "%s%s%s%s%s", share, verdict_names[most],
		 k->reason == EG_REASON_NONE ? "" : " (",
		 k->reason == EG_REASON_NONE ? "" : reason_names[k->reason],
		 k->reason == EG_REASON_NONE ? "" : ")");
}

static void print_name(const struct row *k)
{
	bool fits = strlen(k->name) <= NAME_WIDTH;

	printf("%-*.*s%s", fits ? NAME_WIDTH : NAME_WIDTH - 3, fits ? NAME_WIDTH : NAME_WIDTH - 3,
	       k->name, fits ? "" : "...");
}

static void print_text(const struct bench *b)
{
	const struct generation *g = &b->copy.g;
	struct utsname u;

	uname(&u);
	printf("%s: %s, %zu rule%s, default %s, reply-path %s; Linux %s, CPU %d, %d round%s\n\n",
	       b->name, b->text, g->rules.count[EG_INGRESS],
	       g->rules.count[EG_INGRESS] == 1 ? "" : "s",
	       default_names[g->rules.fallback[EG_INGRESS]], g->rules.swap ? "swap" : "fib",
	       u.release, b->cpu, b->done, b->done == 1 ? "" : "s");
	printf("%-*s %5s %7s %8s %17s %7s %8s  becomes\n", NAME_WIDTH, "packet", "bytes", "sources",
	       "ns", "(min..max)", "M/s", "of core");
	for (size_t i = 0; i < b->count; i++) {
		const struct row *k = &b->kinds[i];
		struct spread s = spread_of(k, b->done);
		char verdict[96];

		describe_verdict(k, verdict, sizeof(verdict));
		print_name(k);
		printf(" %5zu %7u %8.1f %8.1f..%-7.1f %7.2f %6.1f %%  %s\n", k->shot.length,
		       k->shot.sources, s.median, s.min, s.max, s.median > 0 ? 1000 / s.median : 0,
		       s.median * b->opts->rate / 1e7, verdict);
	}
	printf("\nns: what echogate adds to a program that does nothing. M/s: so many a core could "
	       "look at if that were all.\n"
	       "of core: what %lu packets a second take of one. The driver's work comes on top, "
	       "and "
	       "the kernel's for\n"
	       "what is passed on. A flood's limits are exhausted, as here.\n",
	       b->opts->rate);
	if (b->without)
		printf("No packet could be made up for %zu rule%s.\n", b->without,
		       b->without == 1 ? "" : "s");
}

static struct json_object *json_kind(const struct bench *b, const struct row *k)
{
	struct json_object *o = json_object_new_object(), *ns = json_object_new_object(),
			   *verdicts = json_object_new_object(), *rule = NULL;
	struct spread s = spread_of(k, b->done);
	__u64 all = total(k) ?: 1;

	json__add_string(o, "packet", k->name);
	json__add_number(o, "bytes", k->shot.length);
	json__add_number(o, "sources", k->shot.sources);
	if (k->rule) {
		rule = json_object_new_object();
		json__add_id(rule, "id", k->rule->id);
		json__add_number(rule, "line", k->line);
		json__add_string(rule, "text", k->rule->text);
	}
	json_object_object_add(o, "rule", rule);
	json__add_number(ns, "median", s.median * 1000);
	json__add_number(ns, "min", s.min * 1000);
	json__add_number(ns, "max", s.max * 1000);
	json_object_object_add(o, "picoseconds", ns);
	json__add_number(o, "core_ppm", s.median * b->opts->rate / 1000);
	for (int v = 0; v < EG_VERDICT_COUNT; v++)
		json__add_number(verdicts, verdict_names[v], k->verdicts[v] * 1000000 / all);
	json_object_object_add(o, "verdicts_ppm", verdicts);
	json__add_string_or_null(o, "reason",
				 k->reason == EG_REASON_NONE ? "" : reason_names[k->reason]);
	return o;
}

static void print_json(const struct bench *b)
{
	struct json_object *doc = json__document(), *list = json_object_new_array();
	const struct generation *g = &b->copy.g;

	json__add_string_or_null(doc, "interface", b->opts->config ? "" : b->name);
	json__add_string_or_null(doc, "config", b->opts->config ?: g->config);
	json__add_string(doc, "mode", mode_name(b->mode));
	json__add_string(doc, "reply_path", g->rules.swap ? "swap" : "fib");
	json__add_number(doc, "rules", g->rules.count[EG_INGRESS]);
	json__add_number(doc, "rules_without_packet", b->without);
	json__add_number(doc, "cpu", b->cpu);
	json__add_number(doc, "rounds", b->done);
	json__add_number(doc, "rate", b->opts->rate);
	for (size_t i = 0; i < b->count; i++)
		json_object_array_add(list, json_kind(b, &b->kinds[i]));
	json_object_object_add(doc, "packets", list);
	json__print(doc, false);
}

/* The command --------------------------------------------------------------------------- */

/* "1M", "250k", "1000000". Reports. */
static enum status parse_rate(const char *text, unsigned long *rate)
{
	size_t length = strlen(text);
	unsigned long scale = 1;
	char digits[32];
	enum status st;

	if (length && text[length - 1] == 'k')
		scale = 1000;
	else if (length && text[length - 1] == 'M')
		scale = 1000000;
	snprintf(digits, sizeof(digits), "%.*s", (int)(scale > 1 ? length - 1 : length), text);
	st = parse_number("--rate", digits, 1, RATE_MAX / scale, rate);
	*rate *= scale;
	return st;
}

enum status cmd_bench(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = { { "netns", required_argument, NULL, 'n' },
					       { "config", required_argument, NULL, 'c' },
					       { "rate", required_argument, NULL, 'r' },
					       { "rounds", required_argument, NULL, 'o' },
					       { "json", no_argument, NULL, 'j' },
					       COMMON_OPTIONS };
	struct bench_options opts = { .rounds = ROUNDS, .rate = 1000000 };
	struct bench b = { .opts = &opts, .mode = EG_MODE_NATIVE };
	struct scope scope = SCOPE_INIT;
	struct instances all = {};
	struct config *config = NULL;
	__u32 ifindex = LOOPBACK;
	enum status st = DONE;
	int o;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			opts.netns = optarg;
			break;
		case 'c':
			opts.config = optarg;
			break;
		case 'r':
			st = parse_rate(optarg, &opts.rate);
			break;
		case 'o':
			st = parse_number("--rounds", optarg, 1, ROUNDS_MAX, &opts.rounds);
			break;
		case 'j':
			opts.json = true;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
		if (st)
			return st;
	}
	if (argc - optind > 1)
		return command__wrong(self, "one interface at most");
	if (opts.config && argc > optind)
		return command__wrong(self, "--config and an interface exclude each other");
	if (argc > optind && check_ifname(argv[optind]))
		return USAGE;
	if (opts.config)
		st = config__read(opts.config, &config) ?: config__load_sets(config, NULL, 0);
	st = st ?: check_privileges() ?: scope__open(&scope, opts.netns);
	if (!st && opts.config) {
		b.name = opts.config;
		snprintf(b.text, sizeof(b.text), "attached nowhere, as native");
	} else if (!st) {
		st = instances__only(&scope, argv + optind, argc - optind, &all)
			     ?: look_at_interface(&b, &scope, &all, &config, &ifindex);
	}
	st = st ?: set_up(&b, config, ifindex) ?: run(&b);
	if (!st)
		opts.json ? print_json(&b) : print_text(&b);
	driver__close(&b.driver);
	trial__close(&b.trial);
	copy__close(&b.copy);
	free(b.kinds);
	rulelist__free(&b.rules);
	instances__free(&all);
	scope__close(&scope);
	config__free(config);
	return st;
}
