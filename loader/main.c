// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "glossary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {
	{ "attach", "IFACE... [-m|--mode MODE] [--netns NAME] [--config FILE] [--replace]",
	  "Answer pings on interfaces, or take up changed addresses and settings",
	  "  -m, --mode MODE      auto (default: native, else generic, else tc), native, generic, "
	  "tc\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --config FILE    rules and settings; without it those that run are kept\n"
	  "      --replace        remove a foreign XDP program that is in the way\n",
	  cmd_attach, ACCESS_ROOT },
	{ "apply", "FILE [IFACE...] [--check] [--confirm SEC] [--netns NAME]",
	  "Put the rules of a file in place of those that run, at once",
	  "      --check          read and compile only; nothing is loaded\n"
	  "      --confirm SEC    back to what runs now in SEC seconds (1 to 86400), unless "
	  "'echogate confirm'\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n",
	  cmd_apply, ACCESS_ROOT },
	{ "confirm", "[IFACE...] [--netns NAME]", "Keep rules that were applied with --confirm",
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n",
	  cmd_confirm, ACCESS_ROOT },
	{ "rollback", "[IFACE...] [--netns NAME]", "Go back to the rules before the last apply",
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n",
	  cmd_rollback, ACCESS_ROOT },
	{ "rules", "[IFACE...] [--stats] [--netns NAME] [--json]",
	  "Show the rules that run, in a form that can be applied again",
	  "      --stats          with what each rule has matched\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON\n",
	  cmd_rules, ACCESS_READ },
	{ "detach", "IFACE... | --all [--netns NAME]",
	  "Leave interfaces to the kernel again; nothing stays behind",
	  "      --all            every interface of the namespace, and leftovers of dead ones\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n",
	  cmd_detach, ACCESS_ROOT },
	{ "status", "[IFACE...] [--netns NAME] [--json]",
	  "Show what is attached where, and whether its tables are fresh",
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON\n",
	  cmd_status, ACCESS_READ },
	{ "stats",
	  "[IFACE...] [--netns NAME] [--per-cpu] [--rate] [--watch[=SEC]] [--json] "
	  "[--openmetrics] [--rtt] [--observed] [--reset] [--snmp] [-a|--absolute] [-z|--zeros]",
	  "Show the counters",
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --per-cpu        verdicts of each CPU too\n"
	  "      --rate           packets and bytes per second, measured over one second\n"
	  "      --watch[=SEC]    again every SEC seconds (1 to 86400, default 1) until "
	  "interrupted\n"
	  "      --json           as JSON; with --watch an object a line\n"
	  "      --openmetrics    as OpenMetrics text\n"
	  "      --rtt            instead: round trips of echo requests that left\n"
	  "      --observed       instead: who sends echo requests, and what is missing of them\n"
	  "      --reset          set what is shown to zero afterwards\n"
	  "      --snmp           the kernel's and echogate's together, under the kernel's names, as "
	  "nstat does:\n"
	  "                       what came since the last time; IFACE stands for its namespace\n"
	  "  -a, --absolute       with --snmp: since boot, not since the last time\n"
	  "  -z, --zeros          with --snmp: also what is zero\n",
	  cmd_stats, ACCESS_READ },
	{ "top", "[IFACE...] [-i|--interval SEC] [--once] [--netns NAME] [--json [-c|--count N]]",
	  "Watch rates by verdict, type, reason, rule, CPU and source, full screen",
	  "  -i, --interval SEC   a new reading every SEC seconds (1 to 3600, default 1)\n"
	  "      --once           one reading, as text\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON, an object a line for each reading\n"
	  "  -c, --count N        with --json: end after N readings\n\n"
	  "Press h for the keys. Sources are sampled: the more packets, the fewer are looked at.\n",
	  cmd_top, ACCESS_READ },
	{ "maps", "[IFACE...] [dump NAME] [--netns NAME] [--json]",
	  "List the pinned maps, or dump one by its types",
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON\n",
	  cmd_maps, ACCESS_READ },
	{ "capture",
	  "[IFACE...] [-w|--write FILE|-] [--verdict LIST] [--reason LIST] [--rule RULE] "
	  "[--direction in|out] [--sample 1/N] [-c|--count COUNT] [-s|--snaplen BYTES] "
	  "[-B|--buffer-size KIB] [--recorder] [--netns NAME] [--json] [-- FILTER]",
	  "Show packets as they came, and what became of them",
	  "  -w, --write FILE     into a file, or with - to standard output, as pcapng; replies too\n"
	  "      --verdict LIST   of these verdicts only: pass,drop,answer,reject\n"
	  "      --reason LIST    of these reasons only ('echogate help reasons'); none: without one\n"
	  "      --rule RULE      that one rule decided about: its id, or its line in the file\n"
	  "      --direction DIR  in: received, out: sent\n"
	  "      --sample 1/N     one packet in N, at random\n"
	  "  -c, --count COUNT    end after so many packets; their replies don't count\n"
	  "  -s, --snaplen BYTES  of each packet\n"
	  "  -B, --buffer-size KIB  for packets that wait to be written (default: 8192)\n"
	  "      --recorder       what the flight recorder has kept: the last drops, rejects and passes\n"
	  "                       that had a reason, some for each reason and each rule\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON, an object a line\n"
	  "  FILTER               of libpcap (man pcap-filter), for packets as they came\n\n"
	  "Ends with Ctrl-C, and says how many packets there were and how many were lost.\n",
	  cmd_capture, ACCESS_LOCAL },
	{ "explain", "FILE|HEX|- [--config FILE | IFACE] [--egress] [--netns NAME] [--json]",
	  "Show what would happen to packets, and why; nothing is counted",
	  "  FILE                 capture (pcap, pcapng), or a text file with packets as hex\n"
	  "  HEX                  a frame, or an IP packet, as pairs of hex digits\n"
	  "  -                    either of them from standard input\n"
	  "  IFACE                with what runs on it; the only interface attached needs no name\n"
	  "      --config FILE    with the rules of a file outside of interface blocks; nothing is "
	  "attached\n"
	  "      --egress         as packets that are sent, not received\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON, a line for each packet\n",
	  cmd_explain, ACCESS_LOCAL },
	{ "run", "[--config FILE] [--netns NAME]",
	  "Keep what is attached in step with the system, as a daemon in the foreground",
	  "      --config FILE    rules, and in its blocks the interfaces (default: "
	  "/etc/echogate.conf)\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n\n"
	  "SIGHUP has the file read again, SIGTERM ends the daemon and leaves all that is "
	  "attached.\n",
	  cmd_run, ACCESS_LOCAL },
	{ "doctor", "[IFACE...] [--netns NAME] [--json]",
	  "Tell why it would not work here, or less well, and the commands that mend it",
	  "  IFACE                attached or not; without, what is attached in the namespace, "
	  "else all\n"
	  "                       its interfaces that are up, but lo\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON\n\n"
	  "Nothing is changed. Errors: it doesn't work. Warnings: less well, or not as somebody "
	  "expects.\n"
	  "Exit status 1 if there is an error, else 0.\n",
	  cmd_doctor, ACCESS_LOCAL },
	{ "object", "IFACE [--netns NAME]",
	  "Write the XDP program for an interface as an object file, for xdp-loader",
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n\n"
	  "To standard output. It holds the interface's present addresses, no rules and no VLANs,\n"
	  "and sends replies back to where the request came from.\n",
	  cmd_object, ACCESS_LOCAL },
	{ "probe",
	  "HOST... [-4|-6] [--count N] [--interval SEC] [--timeout SEC] [--deadline SEC] "
	  "[--size BYTES] [--ttl N] [--tos N] [--df] [--pattern HEX] [--source ADDRESS] "
	  "[--interface IFACE] [--flood [RATE] [--yes-this-is-mine]] [--conformance] "
	  "[--trace] [--udp|--tcp [PORT]] [--max-hops N] [--queries N] [--mtu] [--numeric] [--quiet] "
	  "[--netns NAME] [--json]",
	  "Ping hosts, ten thousand of them if need be; or trace the way to one, or see how it "
	  "differs from Linux",
	  "  HOST                 name, address, or @FILE with many of them; @- reads standard "
	  "input\n"
	  "  -4, -6               IPv4 only, IPv6 only\n"
	  "  -c, --count N        so many requests to each host (default: until interrupted)\n"
	  "  -i, --interval SEC   from one request to a host to the next (0.002 to 86400, "
	  "default 1)\n"
	  "  -W, --timeout SEC    how long the last reply is waited for (default 2)\n"
	  "  -w, --deadline SEC   when all of it ends (of a flood: default 10)\n"
	  "  -s, --size BYTES     of data behind the ICMP header (default 56)\n"
	  "  -t, --ttl N          TTL or hop limit\n"
	  "  -Q, --tos N          type of service or traffic class\n"
	  "      --df             never in fragments: too long is an error, here or on the way\n"
	  "  -p, --pattern HEX    what the data is filled with, up to 16 bytes\n"
	  "      --source ADDRESS from this one of our addresses\n"
	  "  -I, --interface IFACE through this interface\n"
	  "      --flood [RATE]   as fast as it goes, or RATE packets a second: loopback and this "
	  "machine's\n"
	  "                       own addresses only\n"
	  "      --yes-this-is-mine  ... or a host that you answer for\n"
	  "      --trace          who is on the way to a host, all hops asked at once\n"
	  "      --udp            ... by UDP, not by echo requests\n"
	  "      --tcp [PORT]     ... by SYN segments of TCP (default 80)\n"
	  "      --max-hops N     ... so many hops at most (1 to 255, default 30)\n"
	  "      --queries N      ... so many packets for each (1 to 10, default 3)\n"
	  "      --mtu            ... and how long a packet the way takes\n"
	  "  -n, --numeric        ... addresses only, no names\n"
	  "      --conformance    not pings, but some 200 requests to one host, many of them "
	  "malformed: what the\n"
	  "                       RFCs and Linux make of them, and what the host does\n"
	  "  -q, --quiet          only the statistics\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON\n\n"
	  "Exit status as ping's: 0 every host answered, 1 one didn't, 2 anything else; of "
	  "--trace 1 if the host\n"
	  "wasn't reached, of --conformance 1 if something is wrong or unlike Linux.\n",
	  cmd_probe, ACCESS_LOCAL },
	{ "bench", "[IFACE | --config FILE] [--rate N] [--rounds N] [--netns NAME] [--json]",
	  "Measure what a packet of each kind costs; nothing that runs is touched",
	  "  IFACE                with its rules; the only interface attached needs no name\n"
	  "      --config FILE    with the rules of a file outside of interface blocks\n"
	  "      --rate N         packets a second to reckon with: 250k, 1M (1M)\n"
	  "      --rounds N       how often everything is measured (1 to 99, 3)\n"
	  "      --netns NAME     network namespace: name under /run/netns, path, or pid\n"
	  "      --json           as JSON\n",
	  cmd_bench, ACCESS_LOCAL },
	{ "version", "[--json]", "Show the versions of echogate, its ABI, libbpf and the kernel",
	  "      --json           as JSON\n", cmd_version, ACCESS_LOCAL },
	{ "help", "[COMMAND | reasons]", "Show this list, or more about a command",
	  "  reasons              what counters, verdicts and reasons mean\n", cmd_help,
	  ACCESS_LOCAL },
};

const size_t command_count = ARRAY_SIZE(commands);

enum status cmd_help(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = { COMMON_OPTIONS };
	const struct command *c;
	int o;

	o = command__option(self, argc, argv, "", longs);
	if (o != OPTION_END)
		return o == OPTION_HELP ? DONE : USAGE;
	if (argc - optind > 1)
		return command__wrong(self, "one command at most");
	if (argc - optind == 1 && !strcmp(argv[optind], "reasons")) {
		glossary__print();
		return DONE;
	}
	if (argc - optind == 1) {
		c = command__find(argv[optind]);
		if (!c)
			return USAGE;
		command__print_help(c);
		return DONE;
	}
	printf("usage: echogate COMMAND [ARGUMENTS]\n\n"
	       "Answers pings in XDP and tc, as the kernel would, and counts the traffic around "
	       "them.\n"
	       "A command may be shortened as long as it is unique.\n\n");
	for (size_t i = 0; i < command_count; i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].help);
	printf("\n'echogate help COMMAND' shows its arguments, 'echogate help reasons' what counters "
	       "mean.\n"
	       "Exit status: 0 done, 1 failed, 2 command line or file wrong, 3 not permitted, "
	       "4 not attached.\n");
	return DONE;
}

static const struct command *choose(int argc, char **argv, int *at)
{
	for (*at = 1; *at < argc; ++*at) {
		const char *a = argv[*at];

		if (!strcmp(a, "-v") || !strcmp(a, "--verbose"))
			verbosity++;
		else if (!strcmp(a, "-h") || !strcmp(a, "--help"))
			return command__find("help");
		else if (!strcmp(a, "-V") || !strcmp(a, "--version"))
			return command__find("version");
		else
			return command__find(a);
	}
	report(USAGE, "no command given; 'echogate help' lists them");
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *c;
	enum status st;
	int at;

	libbpf_quieten();
	stdout_is_terminal = isatty(STDOUT_FILENO);
	c = choose(argc, argv, &at);
	if (!c)
		return USAGE;
	asking_user = getuid();
	optind = 1;
	st = c->run(c, argc - at, argv + at);
	/* A full disk or a closed pipe must not look like success. */
	if ((fflush(stdout) || ferror(stdout)) && errno != EPIPE && !st)
		st = report(FAILED, "writing the output: %s", why(errno));
	return st;
}
