// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the verifier says of each program under a few rulesets, as one line:
 *
 *	RULES PROGRAM INSNS STATES PEAK STACK SIZE
 *
 * Instructions it processed, states it kept in all and at once, bytes of stack (the sum over
 * all functions), and the instructions that it left. Which clang the programs are by is the
 * Makefile's choice.
 */
#include "hooks/ruled.h"

#define LOG_SIZE (1 << 20) /* statistics alone are much shorter */
#define EVERY	 (((1 << EG_FIELD_COUNT) - 1) & ~SOLICITED)
#define SOLICITED (1 << EG_FIELD_SOLICITED) /* has rows of its own: egress can't ask for it */

#define SET \
	"set s { 198.18.0.0/24, 198.19.0.0/16, 198.18.9.9, fd00::/48, fd00:1::/64 }\n" \
	"drop from @s\n"

/* Every field, every kind of limit. */
#define TEN \
	"protect tcp port 22 from 198.18.0.0/24\n" \
	"count icmp type destination-unreachable code host-unreachable\n" \
	"drop icmp6 type echo-request to { fd00:1::/64, fd00:2::/48 } limit 1000/s\n" \
	"count tcp port 23 source-port 1024-65535 flags syn/syn+ack\n" \
	"drop udp port 33434-33534 from local per-source 50/s\n" \
	"drop ip6 ttl 1 dscp cs6\n" \
	"drop ip length 1000-2000 sample 1/8\n" \
	"count fragment later vlan any\n" \
	"pass ip options to local\n"

/* All that is done about echo messages. */
#define TRACK \
	"measure rtt of { 198.18.0.0/24, fd00::/48 }\n" \
	"observe from { 198.18.0.0/16, fd00::/64 }\n" \
	"drop unsolicited\n"

#define TEN_IN \
	TEN "answer icmp type echo-request to local limit 1000/s, per-source 50/s\n" \
	    "reject tcp port 80 with tcp-reset\n"
#define TEN_OUT \
	TEN "drop ip from 198.18.1.0/24\n" \
	    "drop even-protected arp\n"

static const struct {
	const char *name;
	const char *in, *out;
	__u32 used; /* fields that there are rules about, lest the name lie */
	unsigned int rules; /* filled up to so many */
	bool track;
} rulesets[] = {
	{ .name = "none", .in = "", .out = "" },
	{ .name = "swap", .in = "reply-path swap\n", .out = "" },
	{ .name = "default-drop", .in = "default drop\n", .out = "default drop\n" },
	{ .name = "kind", .in = "drop udp\n", .out = "drop udp\n", .used = 1 << EG_FIELD_KIND },
	{ .name = "set", .in = SET, .out = "drop from @s\n", .used = 1 << EG_FIELD_FROM },
	{ .name = "track", .in = TRACK, .out = "", .track = true },
	{ .name = "ten", .in = TEN_IN, .out = TEN_OUT, .used = EVERY },
	{ .name = "hundred", .in = TEN_IN, .out = TEN_OUT, .used = EVERY, .rules = 100 },
};

static void write_rules(FILE *f, const char *text, unsigned int rules)
{
	fputs(text, f);
	for (; *text; text++)
		rules -= rules && *text == '\n';
	while (rules--)
		fprintf(f, "drop udp port %u length %u\n", 1000 + rules, 100 + rules);
}

static void print_row(const char *rules, const struct bpf_program *prog, const char *log)
{
	const char *stack = strstr(log, "stack depth "), *total = strstr(log, "processed ");
	struct bpf_prog_info info = { 0 };
	unsigned int insns, states, peak;
	__u32 size = sizeof(info);
	unsigned long depth = 0;
	char *end;

	if (!stack || !total ||
	    sscanf(total,
		   "processed %u insns %*[^)]) max_states_per_insn %*u total_states %u "
		   "peak_states %u",
		   &insns, &states, &peak) != 3)
		DIE("%s: the verifier's statistics are unknown here: %s", bpf_program__name(prog),
		    log);
	end = (char *)stack + strlen("stack depth");
	do
		depth += strtoul(end + 1, &end, 10);
	while (*end == '+');
	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
		DIE("%s: %s", bpf_program__name(prog), strerror(errno));
	printf("%s %s %u %u %u %lu %zu\n", rules, bpf_program__name(prog), insns, states, peak,
	       depth, info.xlated_prog_len / sizeof(struct bpf_insn));
}

/* As attach does for a mode: eg_xdp is measured in native XDP, the others in tc. */
static void measure(const char *name, struct ruled *r, bool native)
{
	static char logs[3][LOG_SIZE];
	struct bpf_program *prog;
	int i = 0;

	r->skel = world_open(r->rules.swap, false);
	r->skel->rodata->eg_offload = !native;
	ruled_switches(r);
	bpf_object__for_each_program(prog, r->skel->obj) {
		bool wanted = native == (bpf_program__type(prog) == BPF_PROG_TYPE_XDP);

		bpf_program__set_autoload(prog, wanted);
		bpf_program__set_log_level(prog, 4);
		bpf_program__set_log_buf(prog, logs[i++], LOG_SIZE);
	}
	ruled_fill(r);
	i = 0;
	bpf_object__for_each_program(prog, r->skel->obj) {
		if (bpf_program__autoload(prog))
			print_row(name, prog, logs[i]);
		i++;
	}
	munmap(r->cells, map_bytes(r->skel->maps.eg_rule_cells));
	echogate__destroy(r->skel);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rulesets); i++) {
		struct ruled r = { .cpus = libbpf_num_possible_cpus() };
		const struct eg_ruleset *sets = r.compiled.rulesets;
		char *text;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		write_rules(f, rulesets[i].in, rulesets[i].rules);
		fputs("egress {\n", f);
		write_rules(f, rulesets[i].out, rulesets[i].rules);
		fputs("}\n", f);
		fclose(f);
		if (!ruled_compile(&r, text))
			DIE("the rules \"%s\" aren't accepted", rulesets[i].name);
		for (int d = 0; d < EG_DIRECTION_COUNT; d++)
			if ((sets[d].used & rulesets[i].used) != rulesets[i].used)
				DIE("the rules \"%s\" use fields %#x, not %#x", rulesets[i].name,
				    sets[d].used, rulesets[i].used);
		if (rulesets[i].track != !!(sets[EG_INGRESS].used & SOLICITED))
			DIE("the rules \"%s\" ask for replies, or not", rulesets[i].name);
		measure(rulesets[i].name, &r, true);
		measure(rulesets[i].name, &r, false);
		compiled__free(&r.compiled);
		rules__free(&r.rules);
		config__free(r.config);
		free(text);
	}
	return 0;
}
