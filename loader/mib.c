// SPDX-License-Identifier: GPL-2.0-only
#include "mib.h"
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM	512
#define LINE_SIZE	16384		/* TcpExt has some 3,000 bytes */

/* In /proc/net/snmp beside counters. */
static const char *const no_counters[] = {
	"IpForwarding", "IpDefaultTTL", "TcpRtoAlgorithm", "TcpRtoMin", "TcpRtoMax", "TcpMaxConn",
	"TcpCurrEstab",
};

/* A type of ICMP that has counters with a name; they begin with In or Out. */
struct named_type {
	int type;
	const char *name;
};

static const struct named_type icmp_types[] = {
	{ ICMP_ECHOREPLY, "EchoReps" },		{ ICMP_DEST_UNREACH, "DestUnreachs" },
	{ ICMP_SOURCE_QUENCH, "SrcQuenchs" },	{ ICMP_REDIRECT, "Redirects" },
	{ ICMP_ECHO, "Echos" },			{ ICMP_TIME_EXCEEDED, "TimeExcds" },
	{ ICMP_PARAMETERPROB, "ParmProbs" },	{ ICMP_TIMESTAMP, "Timestamps" },
	{ ICMP_TIMESTAMPREPLY, "TimestampReps" }, { ICMP_ADDRESS, "AddrMasks" },
	{ ICMP_ADDRESSREPLY, "AddrMaskReps" },
};

static const struct named_type icmp6_types[] = {
	{ ICMPV6_DEST_UNREACH, "DestUnreachs" }, { ICMPV6_PKT_TOOBIG, "PktTooBigs" },
	{ ICMPV6_TIME_EXCEED, "TimeExcds" },	{ ICMPV6_PARAMPROB, "ParmProblems" },
	{ ICMPV6_ECHO_REQUEST, "Echos" },	{ ICMPV6_ECHO_REPLY, "EchoReplies" },
	{ ICMPV6_MGM_QUERY, "GroupMembQueries" }, { ICMPV6_MGM_REPORT, "GroupMembResponses" },
	{ ICMPV6_MGM_REDUCTION, "GroupMembReductions" }, { ICMPV6_MLD2_REPORT, "MLDv2Reports" },
	/* Of neighbour discovery the kernel's interface knows no numbers. */
	{ 133, "RouterSolicits" },		{ 134, "RouterAdvertisements" },
	{ 135, "NeighborSolicits" },		{ 136, "NeighborAdvertisements" },
	{ 137, "Redirects" },
};

/* Types of what `reject` sends. */
#define ERROR(id, name, type, code, type6, code6)	[EG_REJECT_##id] = type,
#define ERROR6(id, name, type, code, type6, code6)	[EG_REJECT_##id] = type6,
static const int errors[] = { EG_REJECTS(ERROR) };
static const int errors6[] = { EG_REJECTS(ERROR6) };

/* What differs between the families; IPv4 first. */
static const struct family {
	const char *ip, *octets, *icmp, *by_type;	/* how names begin */
	const struct named_type *types;
	size_t type_count;
	const int *numbers;		/* of the slots of eg_counters */
	int slots;
	const int *errors;
} families[] = {
	{ "Ip", "IpExt", "Icmp", "IcmpMsg", icmp_types, ARRAY_SIZE(icmp_types), icmp_numbers,
	  EG_ICMP_COUNT, errors },
	{ "Ip6", "Ip6", "Icmp6", "Icmp6", icmp6_types, ARRAY_SIZE(icmp6_types), icmp6_numbers,
	  EG_ICMP6_COUNT, errors6 },
};

/* What requests are answered with. */
static int reply_to(const struct family *f, int type)
{
	if (f != families)
		return ICMPV6_ECHO_REPLY;
	return type == ICMP_TIMESTAMP ? ICMP_TIMESTAMPREPLY : ICMP_ECHOREPLY;
}

/* The table --------------------------------------------------------------------- */

void mib__free(struct mib *m)
{
	free(m->list);
	memset(m, 0, sizeof(*m));
}

int mib__append(struct mib *m, const char *name, __u64 kernel, __u64 echogate)
{
	size_t room = m->room ? 2 * m->room : FIRST_ROOM;
	struct mib_counter *list;

	if (m->count == m->room) {
		list = realloc(m->list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		m->list = list;
		m->room = room;
	}
	m->list[m->count] = (struct mib_counter){ .kernel = kernel, .echogate = echogate };
	copy_text(m->list[m->count].name, name, sizeof(m->list->name));
	m->count++;
	return 0;
}

static struct mib_counter *find(const struct mib *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->list[i].name, name))
			return &m->list[i];
	return NULL;
}

const struct mib_counter *mib__find(const struct mib *m, const char *name)
{
	return find(m, name);
}

static __u64 grown(__u64 before, __u64 now)
{
	return now >= before ? now - before : now;
}

void mib__subtract(struct mib *now, const struct mib *before)
{
	for (size_t i = 0; i < now->count; i++) {
		struct mib_counter *c = &now->list[i];
		const struct mib_counter *old = find(before, c->name);

		if (!old)
			continue;
		c->kernel = grown(old->kernel, c->kernel);
		c->echogate = grown(old->echogate, c->echogate);
	}
}

/* The kernel's ------------------------------------------------------------------ */

static bool is_counter(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(no_counters); i++)
		if (!strcmp(name, no_counters[i]))
			return false;
	return true;
}

int mib__take_pair(struct mib *m, char *names, char *values)
{
	char *n, *v, *name_at, *value_at, *end, name[64];
	const char *prefix;
	__u64 value;
	int err = 0;

	prefix = strtok_r(names, ": \n", &name_at);
	v = strtok_r(values, ": \n", &value_at);
	if (!prefix || !v || strcmp(prefix, v))
		return -EPROTO;
	while (!err && (n = strtok_r(NULL, " \n", &name_at))) {
		v = strtok_r(NULL, " \n", &value_at);
		if (!v)
			return -EPROTO;
		snprintf(name, sizeof(name), "%s%s", prefix, n);
		if (!is_counter(name))
			continue;
		value = strtoull(v, &end, 10);
		if (*end)
			return -EPROTO;
		err = mib__append(m, name, value, 0);
	}
	return err;
}

int mib__take_line(struct mib *m, const char *line)
{
	unsigned long long value;
	char name[48];

	if (sscanf(line, "%47s %llu", name, &value) != 2)
		return -EPROTO;
	return mib__append(m, name, value, 0);
}

/* A kernel without IPv6 has no snmp6. */
static int read_file(struct mib *m, const char *path, bool pairs)
{
	static char line[LINE_SIZE], values[LINE_SIZE];
	FILE *f = fopen(path, "re");
	int err = 0;

	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while (!err && fgets(line, sizeof(line), f)) {
		if (!pairs)
			err = mib__take_line(m, line);
		else if (!fgets(values, sizeof(values), f))
			err = -EPROTO;
		else
			err = mib__take_pair(m, line, values);
	}
	if (!err && ferror(f))
		err = -EIO;
	fclose(f);
	return err;
}

int mib__read(struct mib *m)
{
	int err;

	memset(m, 0, sizeof(*m));
	err = read_file(m, "/proc/net/snmp", true) ?: read_file(m, "/proc/net/snmp6", false) ?:
	      read_file(m, "/proc/net/netstat", true);
	if (err)
		mib__free(m);
	return err;
}

/* Echogate's -------------------------------------------------------------------- */

/*
 * Of single types the kernel shows only those that it has seen; any other name that it hasn't
 * is unknown to it.
 */
static int add(struct mib *m, __u64 value, const char *name)
{
	struct mib_counter *c = find(m, name);

	if (c)
		c->echogate += value;
	else if (value && strstr(name, "Type"))
		return mib__append(m, name, 0, value);
	return 0;
}

static int add_two(struct mib *m, __u64 value, const char *prefix, const char *name)
{
	char whole[48];

	snprintf(whole, sizeof(whole), "%s%s", prefix, name);
	return add(m, value, whole);
}

/* Messages of a type; @way: "In" or "Out". -1: it isn't known. */
static int add_type(struct mib *m, const struct family *f, const char *way, int type, __u64 value)
{
	char name[48];
	int err;

	snprintf(name, sizeof(name), "%s%sMsgs", f->icmp, way);
	err = add(m, value, name);
	if (err || type < 0)
		return err;
	snprintf(name, sizeof(name), "%s%sType%d", f->by_type, way, type);
	err = add(m, value, name);
	for (size_t i = 0; !err && i < f->type_count; i++) {
		if (f->types[i].type != type)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", f->icmp, way, f->types[i].name);
		err = add(m, value, name);
	}
	return err;
}

static int add_received(struct mib *m, const struct family *f, enum eg_verdict verdict,
			__u64 packets, __u64 octets)
{
	const char *fate = verdict == EG_VERDICT_DROP ? "InDiscards" : "InDelivers";

	return add_two(m, packets, f->ip, "InReceives") ?: add_two(m, packets, f->ip, fate) ?:
	       add_two(m, octets, f->octets, "InOctets");
}

static int add_sent(struct mib *m, const struct family *f, __u64 packets, __u64 octets)
{
	return add_two(m, packets, f->ip, "OutRequests") ?:
	       add_two(m, packets, f->ip, "OutTransmits") ?:
	       add_two(m, octets, f->octets, "OutOctets");
}

/* What the kernel has seen is none of our business. */
static bool is_kept(int verdict)
{
	return verdict != EG_VERDICT_PASS;
}

static int add_messages(struct mib *m, const struct family *f, const struct eg_cell *cells,
			size_t header)
{
	int err = 0;

	for (int i = 0; !err && i < f->slots; i++) {
		for (int v = 0; !err && v < EG_VERDICT_COUNT; v++) {
			const struct eg_count *c = &cells[i].verdict[v];
			__u64 octets = c->bytes - c->packets * header;
			int type = f->numbers[i];

			if (!is_kept(v) || !c->packets)
				continue;
			err = add_received(m, f, v, c->packets, octets) ?:
			      add_type(m, f, "In", type, c->packets);
			if (err || v != EG_VERDICT_ANSWER)
				continue;
			err = add_sent(m, f, c->packets, octets) ?:
			      add_type(m, f, "Out", reply_to(f, type), c->packets);
		}
	}
	return err;
}

/* The family that a protocol's slot belongs to, an index in families; -1: none. */
static int family_of(int slot)
{
	switch (slot) {
	case EG_PROTOCOL_NON_IP:
	case EG_PROTOCOL_ARP:
		return -1;
	case EG_PROTOCOL_IPV6:
		return 1;
	default:
		return slot >= EG_PROTOCOL_IN6;
	}
}

static int add_protocol(struct mib *m, int slot, const struct eg_cell *cell, size_t header)
{
	int family = family_of(slot), err = 0;

	for (int v = 0; !err && family >= 0 && v < EG_VERDICT_COUNT; v++) {
		const struct eg_count *c = &cell->verdict[v];

		if (!is_kept(v) || !c->packets)
			continue;
		err = add_received(m, &families[family], v, c->packets,
				   c->bytes - c->packets * header);
		if (!err && slot % EG_PROTOCOL_IN6 == EG_PROTOCOL_TCP)
			err = add(m, c->packets, "TcpInSegs");
	}
	return err;
}

/* Errors and resets that were sent, in the octets of their IP packets. */
static int add_errors(struct mib *m, const struct family *f, const struct eg_count *sent)
{
	int err = 0;

	for (int i = 0; !err && i < EG_REJECT_COUNT; i++) {
		if (!sent[i].packets)
			continue;
		err = add_sent(m, f, sent[i].packets, sent[i].bytes);
		if (!err && i == EG_REJECT_TCP_RESET)
			err = add(m, sent[i].packets, "TcpOutSegs") ?:
			      add(m, sent[i].packets, "TcpOutRsts");
		else if (!err)
			err = add_type(m, f, "Out", f->errors[i], sent[i].packets);
	}
	return err;
}

int mib__add(struct mib *m, const struct eg_counters *ingress, bool ethernet)
{
	size_t header = ethernet ? sizeof(struct ethhdr) : 0;
	int err;

	err = add_messages(m, &families[0], ingress->icmp, header) ?:
	      add_messages(m, &families[1], ingress->icmp6, header);
	for (int i = 0; !err && i < EG_PROTOCOL_SLOTS; i++)
		err = add_protocol(m, i, &ingress->protocol[i], header);
	for (size_t i = 0; !err && i < ARRAY_SIZE(families); i++)
		err = add_errors(m, &families[i], ingress->sent[i]);
	return err;
}
