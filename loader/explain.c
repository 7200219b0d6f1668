// SPDX-License-Identifier: GPL-2.0-only
/*
 * What would happen to packets, and why: each is tried with a loaded program, that of an interface
 * or one loaded from a file for this and attached nowhere.
 */
#include "command.h"
#include "copy.h"
#include "facts.h"
#include "gates.h"
#include "json.h"
#include "packets.h"
#include "rodata.h"
#include "trial.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOPBACK	1		/* index of lo, in every namespace */
#define NOTES_MAX	4
#define LABEL		"  %-10s"	/* what stands before each line of a block */

struct explain_options {
	const char *netns;
	const char *config;		/* NULL: rules of an interface */
	bool egress;
	bool json;
};

/* The program that packets are tried with, and what is known about it. */
struct subject {
	struct instance *in;		/* its maps and programs */
	bool attached;
	enum eg_direction direction;
	struct trial trial;
	struct rulelist rules;
	struct eg_ruleset ruleset;
	struct eg_config config;
	struct eg_addrs own;
};

/* One packet, and what came of it. */
struct finding {
	size_t number;
	struct packet packet;
	struct facts facts;
	const char *untried;		/* why it could not be tried; NULL: it was */
	struct outcome outcome;
	bool replied;
	struct facts reply;
	char notes[NOTES_MAX][160];
	size_t note_count;
};

/* The subject ------------------------------------------------------------------- */

static int read_system(struct subject *s)
{
	__u32 zero = 0;

	if (bpf_map_lookup_elem(s->in->maps[PIN_CONFIG], &zero, &s->config) ||
	    bpf_map_lookup_elem(s->in->maps[PIN_ADDRS], &zero, &s->own))
		return -errno;
	return 0;
}

/* Of maps and programs that @in holds. Reports. */
static enum status subject__open(struct subject *s, struct instance *in, const char *name)
{
	struct eg_ruleset both[EG_DIRECTION_COUNT];
	int program = in->programs[s->direction], err;

	s->in = in;
	err = trial__open(&s->trial, program, in->maps[PIN_TRACE],
			  s->direction == EG_EGRESS ? HOOK_TC_EGRESS : instance__ingress(in),
			  in->dir.ifindex);
	err = err ?: rodata__read(program, "eg_rulesets", both, sizeof(both));
	err = err ?: rulelist__read(&s->rules, in) ?: read_system(s);
	if (err)
		return report(status_of(err), "%s: its programs and maps can't be read: %s", name,
			      why(err));
	s->ruleset = both[s->direction];
	if (s->ruleset.fallback >= EG_DEFAULT_COUNT)
		return report(FAILED, "%s: its programs can't be understood; attach again to "
			      "mend it", name);
	return DONE;
}

static void subject__close(struct subject *s)
{
	trial__close(&s->trial);
	rulelist__free(&s->rules);
}

/* Its routes and neighbours are asked: the process stays in its namespace. Reports. */
static enum status open_attached(struct subject *s, const struct scope *scope, char **names,
				 size_t count, struct instances *all)
{
	struct instance *in;
	enum status st;

	st = instances__only(scope, names, count, all);
	if (st)
		return st;
	in = all->list;
	instance__visit(in, scope);
	if (!in->reachable)
		return report(FAILED, "%s: its network namespace can't be entered", in->ifname);
	s->attached = true;
	return subject__open(s, in, in->ifname);
}

/*
 * The same for a file, with the addresses of the namespace, as native XDP would have it but for the
 * way back: to which MAC address a packet was sent, and where an answer would go, says nothing about
 * the rules. Reports.
 */
static enum status open_file(struct subject *s, const struct config *config, const char *name,
			     struct copy *copy)
{
	struct snapshot snap = {};
	struct copy_options opts = {
		.name = name,
		.config = config,
		.snapshot = &snap,
		.mode = EG_MODE_NATIVE,
		.ifindex = LOOPBACK,
		.any_path = true,
	};
	struct rtnl rt = {};
	enum status st;
	int err;

	err = rtnl__open(&rt) ?: snapshot__take(&rt, LOOPBACK, &snap);
	if (err)
		st = report(status_of(err), "%s: addresses can't be read: %s", name, why(err));
	else
		st = copy__load(copy, &opts);
	if (!st)
		st = subject__open(s, &copy->in, name);
	snapshot__free(&snap);
	rtnl__close(&rt);
	return st;
}

/* Trying ------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3)))
static void add_note(struct finding *f, const char *fmt, ...)
{
	va_list args;

	if (f->note_count == NOTES_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(f->notes[f->note_count++], sizeof(f->notes[0]), fmt, args);
	va_end(args);
}

static bool is_ip_frame(const struct packet *p)
{
	const __u8 *type = p->frame + 2 * ETH_ALEN;

	return p->length >= ETH_HLEN &&
	       ((type[0] == ETH_P_IP >> 8 && type[1] == (ETH_P_IP & 0xff)) ||
		(type[0] == ETH_P_IPV6 >> 8 && type[1] == (ETH_P_IPV6 & 0xff)));
}

/* The packet as the subject's interface would see it. */
static void fit(const struct subject *s, struct finding *f)
{
	static const __u8 zero[ETH_ALEN];
	struct packet *p = &f->packet;

	if (!p->length) {
		f->untried = "the capture has cut off its link header";
		return;
	}
	if (!s->trial.l3) {
		if (p->made_up && !memcmp(p->frame, zero, ETH_ALEN))
			memcpy(p->frame, s->config.mac, ETH_ALEN);
		return;
	}
	if (!is_ip_frame(p)) {
		facts__read(&f->facts, p->frame, p->length, false);
		f->untried = "it is not IP, and nothing else is seen on this interface";
		return;
	}
	p->frame += ETH_HLEN;
	p->length -= ETH_HLEN;
	p->whole -= ETH_HLEN;
}

/* The key of the tags in a frame. False if there are none, or too many. */
static bool read_tags(const struct packet *p, struct eg_vlan_key *key)
{
	struct eg_cursor c = { p->frame, p->frame + p->length };
	struct eg_link link;
	__u32 tags[EG_VLAN_TAGS] = {};

	if (eg_parse_eth(&c, &link) != EG_REASON_NONE || !link.tags)
		return false;
	for (__u32 i = 0; i < link.tags; i++)
		tags[i] = (__u32)eg_ntohs(link.tag[i].tpid) << 16 | eg_tag_vid(&link.tag[i]);
	*key = (struct eg_vlan_key){ .outer = tags[0], .inner = tags[1] };
	return true;
}

/* Makes the packet's MAC address and VLAN those of the host that is attached to nothing. -errno. */
static int adopt(struct subject *s, const struct packet *p, bool *tagged, struct eg_vlan_key *key)
{
	struct eg_vlan vlan = { .ifindex = LOOPBACK, .hop6 = s->config.hop6 };
	struct eg_config config = s->config;
	__u32 zero = 0;

	if (p->length >= ETH_ALEN) {
		memcpy(config.mac, p->frame, ETH_ALEN);
		memcpy(vlan.mac, p->frame, ETH_ALEN);
	}
	*tagged = read_tags(p, key);
	if (bpf_map_update_elem(s->in->maps[PIN_CONFIG], &zero, &config, BPF_ANY) ||
	    (*tagged && bpf_map_update_elem(s->in->maps[PIN_VLANS], key, &vlan, BPF_ANY)))
		return -errno;
	return 0;
}

static int try_unattached(struct subject *s, struct finding *f)
{
	struct eg_vlan_key key;
	bool tagged;
	int err;

	err = adopt(s, &f->packet, &tagged, &key) ?:
	      trial__run(&s->trial, f->packet.frame, f->packet.length, &f->outcome);
	if (tagged)
		bpf_map_delete_elem(s->in->maps[PIN_VLANS], &key);
	return err;
}

/*
 * eg_trace is one for everybody. Locked for each packet: who reads our output, or writes our input,
 * may take his time.
 */
static enum status try_attached(struct subject *s, struct finding *f, int *err)
{
	enum status st;
	int lock = -1;

	st = pins__lock(&lock);
	if (!st)
		*err = trial__run(&s->trial, f->packet.frame, f->packet.length, &f->outcome);
	pins__unlock(&lock);
	return st;
}

/* Whether it is for bytes that are missing. */
static bool is_for_the_cut(enum eg_reason reason)
{
	switch (reason) {
	case EG_REASON_ETH_TRUNCATED:
	case EG_REASON_IP_TRUNCATED:
	case EG_REASON_IP_LENGTH:
	case EG_REASON_IPV6_CHAIN:
	case EG_REASON_ICMP_TRUNCATED:
	case EG_REASON_TIMESTAMP_SHORT:
		return true;
	default:
		return false;
	}
}

/* Where a trial isn't what would happen on the interface. */
static void note_differences(const struct subject *s, struct finding *f)
{
	const struct eg_trace *t = &f->outcome.trace;
	struct eg_vlan_key key;

	if (t->reason == EG_REASON_NOT_LINEAR && s->attached && s->in->meta.mode == EG_MODE_GENERIC)
		add_note(f, "on the interface it would lie in one piece, as generic XDP has it");
	else if (t->reason == EG_REASON_NOT_LINEAR)
		add_note(f, "how much lies in one piece, each driver has its own way");
	if (!s->attached || s->trial.xdp)
		return;
	if (t->verdict == EG_VERDICT_ANSWER && read_tags(&f->packet, &key))
		add_note(f, "on the interface its tag stands beside it, and with a priority it is "
			    "the kernel's");
	if (t->reason == EG_REASON_REJECT_FAILED && s->trial.l3)
		add_note(f, "on the interface there would be room: trials have it only behind an "
			    "Ethernet header");
}

static void take_notes(const struct subject *s, struct finding *f)
{
	const struct eg_trace *t = &f->outcome.trace;
	const struct packet *p = &f->packet;
	const char *hence = !f->untried && is_for_the_cut(t->reason) ? ", hence the reason" : "";

	if (p->length < p->whole)
		add_note(f, "the capture has cut it to %zu of %zu bytes%s", p->length, p->whole,
			 hence);
	if (f->untried)
		return;
	if (f->outcome.tried < p->length)
		add_note(f, "a trial takes only so much: its first %zu bytes were tried%s",
			 f->outcome.tried, hence);
	if (p->made_up && !s->trial.l3)
		add_note(f, "its Ethernet header is made up%s",
			 t->reason == EG_REASON_OTHER_PATH && !p->source_known ?
			 ": whether it came from the next hop isn't known" : "");
	note_differences(s, f);
}

/* Reports what concerns more than this packet. */
static enum status try_packet(struct subject *s, struct finding *f)
{
	enum eg_verdict verdict;
	enum status st = DONE;
	int err = 0;

	facts__read(&f->facts, f->packet.frame, f->packet.length, s->trial.l3);
	if (s->attached)
		st = try_attached(s, f, &err);
	else
		err = try_unattached(s, f);
	if (st)
		return st;
	if (err == -EINVAL) {
		f->untried = "the kernel tries no frame that is shorter than its headers";
		return DONE;
	}
	if (err == -ENODATA)
		return report(FAILED, "the program has left no trace; attach again to mend it");
	if (err)
		return report(status_of(err), "packet %zu can't be tried: %s", f->number, why(err));
	verdict = f->outcome.trace.verdict;
	f->replied = verdict == EG_VERDICT_ANSWER || verdict == EG_VERDICT_REJECT;
	if (f->replied)
		facts__read(&f->reply, f->outcome.frame, f->outcome.length, s->trial.l3);
	return DONE;
}

/* What a trace says ---------------------------------------------------------------- */

/* The nth that matched; NULL if the program speaks of one that isn't there. */
static const struct listed_rule *rule_at(const struct subject *s, __u32 index)
{
	return index < s->rules.count ? &s->rules.list[index] : NULL;
}

static size_t traced(const struct eg_trace *t)
{
	return t->matched < EG_TRACE_RULES ? t->matched : EG_TRACE_RULES;
}

/* NULL: the default decided. */
static const struct listed_rule *decider(const struct subject *s, const struct eg_trace *t)
{
	return t->decided ? rule_at(s, t->last) : NULL;
}

static const struct listed_rule *protector(const struct subject *s, const struct eg_trace *t)
{
	for (size_t i = 0; i < traced(t); i++) {
		const struct listed_rule *r = rule_at(s, t->rules[i]);

		if (r && r->verdict == EG_RULE_PROTECT)
			return r;
	}
	return NULL;
}

/* Rejects that have no limit of their own share one. */
static bool is_limited(const struct listed_rule *r)
{
	return r->flags & (EG_RULE_LIMIT | EG_RULE_SOURCE) || r->verdict == EG_RULE_REJECT;
}

/* Text -------------------------------------------------------------------------- */

static void print_head(const struct subject *s, const char *config)
{
	const struct instance *in = s->in;

	if (s->attached) {
		printf("%s", in->ifname);
		if (*in->netns)
			printf(" (netns %s)", in->netns);
		printf(": %s, %s, generation %llu", direction_names[s->direction],
		       mode_name(in->meta.mode), (unsigned long long)in->meta.generation);
	} else {
		printf("%s: %s, attached nowhere", config, direction_names[s->direction]);
	}
	printf(", %u rule%s, default %s\n", s->ruleset.rules, s->ruleset.rules == 1 ? "" : "s",
	       default_names[s->ruleset.fallback]);
	if (!s->attached)
		puts("Addresses are this namespace's. MAC addresses and VLANs are taken for its "
		     "own, and the way back isn't judged.");
}

static void print_time(const struct packet *p)
{
	char text[64];
	struct tm tm;

	if (!p->timed)
		return;
	if (localtime_r(&p->time.tv_sec, &tm) && strftime(text, sizeof(text), "%F %T", &tm))
		printf(" %s.%06ld", text, p->time.tv_nsec / 1000);
	else
		printf(" %lld.%06ld", (long long)p->time.tv_sec, p->time.tv_nsec / 1000);
}

static void print_rule(const struct subject *s, const struct listed_rule *r, bool first)
{
	char state[GATE_TEXT];
	struct gate gate;

	printf(LABEL "line %u: %s", first ? "matched" : "", r->line, r->text);
	if (is_limited(r))
		fputs("  (limit not counted)", stdout);
	if (r->flags & EG_RULE_SAMPLE)
		fputs("  (by chance)", stdout);
	if (r->flags & EG_RULE_ABOVE)
		fputs("  (rate not counted)", stdout);
	putchar('\n');
	if (!gate__check(r))
		return;
	gate__read(s->in->maps[PIN_GATES], r->gate, &gate);
	gate__print(&gate, state);
	printf(LABEL "%s: %s\n", "gate", gate__check(r), state);
}

static void print_rules(const struct subject *s, const struct eg_trace *t)
{
	const struct listed_rule *r;

	for (size_t i = 0; i < traced(t); i++) {
		r = rule_at(s, t->rules[i]);
		if (r)
			print_rule(s, r, !i);
	}
	if (t->matched > EG_TRACE_RULES)
		printf(LABEL "... and %u more\n", "", t->matched - EG_TRACE_RULES);
	if (!t->matched)
		printf(LABEL "no rule\n", "matched");
}

static void print_protection(const struct subject *s, const struct finding *f)
{
	const struct listed_rule *r = protector(s, &f->outcome.trace);

	if (f->facts.match.protect)
		printf(LABEL "for what it is\n", "protected");
	else if (r)
		printf(LABEL "by line %u\n", "protected", r->line);
}

/* Only if rules ask. */
static void print_solicited(const struct eg_trace *t)
{
	switch ((enum eg_solicited)t->index[EG_FIELD_SOLICITED]) {
	case EG_SOLICITED_YES:
		printf(LABEL "solicited: its request left within the last minute\n", "echo");
		break;
	case EG_SOLICITED_NO:
		printf(LABEL "unsolicited: no such request left within the last minute\n", "echo");
		break;
	case EG_SOLICITED_NONE:
		break;
	}
}

static void print_verdict(const struct subject *s, const struct eg_trace *t)
{
	const struct listed_rule *r = decider(s, t);

	printf(LABEL "%s (%s), by ", "verdict", verdict_names[t->verdict],
	       verdict_texts[t->verdict]);
	if (r)
		printf("line %u\n", r->line);
	else
		printf("default %s\n", default_names[s->ruleset.fallback]);
	if (t->reason != EG_REASON_NONE)
		printf(LABEL "%s: %s\n", "reason", reason_names[t->reason],
		       reason_texts[t->reason]);
}

/* As tcpdump -xx does, so that it can be given to those who read that; also to this command. */
static void print_hex(const __u8 *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (i % 16 == 0)
			printf("%s" LABEL "0x%04zx: ", i ? "\n" : "", "", i);
		printf("%s%02x", i % 2 ? "" : " ", data[i]);
	}
	putchar('\n');
}

static void print_finding(const struct subject *s, const struct finding *f)
{
	printf("\n#%zu", f->number);
	print_time(&f->packet);
	fputs("  ", stdout);
	if (f->facts.frame)
		facts__print(&f->facts, f->packet.whole, stdout);
	putchar('\n');
	for (size_t i = 0; i < f->note_count; i++)
		printf(LABEL "%s\n", "note", f->notes[i]);
	if (f->untried) {
		printf(LABEL "none: %s\n", "verdict", f->untried);
		return;
	}
	print_protection(s, f);
	print_solicited(&f->outcome.trace);
	print_rules(s, &f->outcome.trace);
	print_verdict(s, &f->outcome.trace);
	if (!f->replied)
		return;
	printf(LABEL, "reply");
	facts__print(&f->reply, f->outcome.length, stdout);
	putchar('\n');
	print_hex(f->outcome.frame, f->outcome.length);
}

/* JSON -------------------------------------------------------------------------- */

static void add_summary(struct json_object *o, const char *key, const struct facts *f, size_t whole)
{
	char *text = facts__text(f, whole);

	json__add_string_or_null(o, key, text ?: "");
	free(text);
}

static struct json_object *json_rules(const struct subject *s, const struct eg_trace *t)
{
	struct json_object *list = json_object_new_array(), *o;
	const struct listed_rule *r;
	struct gate gate;

	for (size_t i = 0; i < traced(t); i++) {
		r = rule_at(s, t->rules[i]);
		if (!r)
			continue;
		o = json_object_new_object();
		json__add_id(o, "id", r->id);
		json__add_number(o, "line", r->line);
		json__add_string(o, "text", r->text);
		json__add_bool(o, "limit_not_counted", is_limited(r));
		if (gate__check(r)) {
			gate__read(s->in->maps[PIN_GATES], r->gate, &gate);
			json_object_object_add(o, "gate", gate__json(&gate, gate__check(r)));
		}
		json_object_array_add(list, o);
	}
	return list;
}

static void add_hex(struct json_object *o, const char *key, const __u8 *data, size_t length)
{
	char *text = malloc(2 * length + 1);

	if (!text) {
		json_object_object_add(o, key, NULL);
		return;
	}
	text[0] = 0;
	for (size_t i = 0; i < length; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	json__add_string(o, key, text);
	free(text);
}

static void add_outcome(struct json_object *o, const struct subject *s, const struct finding *f)
{
	const struct eg_trace *t = &f->outcome.trace;
	const struct listed_rule *rule = decider(s, t);

	json__add_bool(o, "protected", f->facts.match.protect || t->protect || protector(s, t));
	if (t->index[EG_FIELD_SOLICITED])
		json__add_bool(o, "solicited", t->index[EG_FIELD_SOLICITED] == EG_SOLICITED_YES);
	json_object_object_add(o, "rules", json_rules(s, t));
	json__add_number(o, "rules_matched", t->matched);
	if (rule)
		json__add_id(o, "decided_by", rule->id);
	else
		json_object_object_add(o, "decided_by", NULL);
	json__add_string(o, "verdict", verdict_names[t->verdict]);
	json__add_string(o, "reason", reason_names[t->reason]);
	if (!f->replied) {
		json_object_object_add(o, "reply", NULL);
		return;
	}
	add_hex(o, "reply", f->outcome.frame, f->outcome.length);
	add_summary(o, "reply_summary", &f->reply, f->outcome.length);
	json_object_object_add(o, "reply_fields", facts__json(&f->reply, &s->own));
}

static struct json_object *json_finding(const struct subject *s, const struct finding *f)
{
	struct json_object *o = json_object_new_object(), *notes = json_object_new_array();

	json__add_number(o, "number", f->number);
	if (f->packet.timed)
		json_object_object_add(o, "time", json_object_new_int64(f->packet.time.tv_sec));
	else
		json_object_object_add(o, "time", NULL);
	json__add_number(o, "nanoseconds", f->packet.time.tv_nsec);
	json__add_number(o, "length", f->packet.whole);
	json__add_number(o, "captured", f->packet.length);
	if (f->facts.frame) {
		add_summary(o, "summary", &f->facts, f->packet.whole);
		json_object_object_add(o, "fields", facts__json(&f->facts, &s->own));
	}
	for (size_t i = 0; i < f->note_count; i++)
		json_object_array_add(notes, json_object_new_string(f->notes[i]));
	json_object_object_add(o, "notes", notes);
	json__add_string_or_null(o, "untried", f->untried ?: "");
	if (!f->untried)
		add_outcome(o, s, f);
	return o;
}

/* Everything but the packets, which follow one by one: there may be a million. */
static void open_document(const struct subject *s, const char *config)
{
	struct json_object *doc = json__document();
	const char *text;

	json__add_bool(doc, "attached", s->attached);
	if (s->attached) {
		json__add_place(doc, s->in);
		json__add_string(doc, "mode", mode_name(s->in->meta.mode));
		json__add_number(doc, "generation", s->in->meta.generation);
		config = s->in->meta.config;
	} else {
		json_object_object_add(doc, "interface", NULL);
	}
	json__add_string_or_null(doc, "config", config);
	json__add_string(doc, "direction", direction_names[s->direction]);
	json__add_string(doc, "default", default_names[s->ruleset.fallback]);
	text = json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN |
						   JSON_C_TO_STRING_NOSLASHESCAPE);
	/* Left open. */
	printf("%.*s,\"packets\":[", (int)strlen(text) - 1, text);
	json_object_put(doc);
}

static void add_to_document(const struct subject *s, const struct finding *f)
{
	struct json_object *o = json_finding(s, f);

	printf("%s%s", f->number > 1 ? ",\n" : "\n",
	       json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
						 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* Packet by packet ----------------------------------------------------------------- */

/* Reports. */
static enum status explain_all(struct subject *s, struct packets *packets,
			       const struct explain_options *opts)
{
	enum status st = DONE;
	size_t number = 0, untried = 0;
	bool more = true;

	if (opts->json)
		open_document(s, opts->config);
	else
		print_head(s, opts->config);
	/* Nobody reads any more: ferror(). */
	while (!st && !ferror(stdout)) {
		struct finding f = {};

		f.number = ++number;
		st = packets__next(packets, &f.packet, &more);
		if (st || !more)
			break;
		fit(s, &f);
		if (!f.untried)
			st = try_packet(s, &f);
		if (st)
			break;
		untried += !!f.untried;
		take_notes(s, &f);
		if (opts->json)
			add_to_document(s, &f);
		else
			print_finding(s, &f);
		/* They may come one by one, from a tcpdump that is running. */
		fflush(stdout);
	}
	if (opts->json)
		puts("\n]}");
	else if (number == 1 && !st)
		puts("\nno packets");
	if (untried && !st)
		st = report(FAILED, "%zu of %zu packets can't be tried: see there", untried,
			    number - 1);
	return st;
}

/* The command -------------------------------------------------------------------- */

/* Reports. */
static enum status check(const struct command *self, const struct explain_options *opts, int argc,
			 char **argv)
{
	if (optind == argc)
		return command__wrong(self, "no packets given: a file, hex, or - for standard "
				      "input");
	if (argc - optind > 2)
		return command__wrong(self, "one source of packets and one interface at most");
	if (opts->config && argc - optind > 1)
		return command__wrong(self, "--config and an interface exclude each other");
	return argc - optind > 1 ? check_ifname(argv[optind + 1]) : DONE;
}

enum status cmd_explain(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "config", required_argument, NULL, 'c' },
		{ "egress", no_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		COMMON_OPTIONS
	};
	struct explain_options opts = {};
	struct scope scope = SCOPE_INIT;
	struct packets *packets = NULL;
	struct config *config = NULL;
	struct instances all = {};
	struct subject subject = {};
	struct copy copy = {};
	enum status st;
	int o;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			opts.netns = optarg;
			break;
		case 'c':
			opts.config = optarg;
			break;
		case 'e':
			opts.egress = true;
			break;
		case 'j':
			opts.json = true;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	st = check(self, &opts, argc, argv);
	if (st)
		return st;
	subject.direction = opts.egress ? EG_EGRESS : EG_INGRESS;
	st = packets__open(argv[optind], &packets);
	if (!st && opts.config)
		st = config__read(opts.config, &config) ?: config__load_sets(config, NULL, 0);
	st = st ?: check_privileges() ?: scope__open(&scope, opts.netns);
	if (!st)
		st = opts.config ? open_file(&subject, config, opts.config, &copy)
				 : open_attached(&subject, &scope, argv + optind + 1,
						 argc - optind - 1, &all);
	st = st ?: explain_all(&subject, packets, &opts);
	subject__close(&subject);
	copy__close(&copy);
	instances__free(&all);
	scope__close(&scope);
	config__free(config);
	packets__close(packets);
	return st;
}
