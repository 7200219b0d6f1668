// SPDX-License-Identifier: GPL-2.0-only
#include "facts.h"
#include "json.h"
#include "names.h"
#include "words.h"

#include <arpa/inet.h>

#include "echogate/addr.h"

#define ADDRESSES	(EG_BIT(EG_FIELD_OWN) | EG_BIT(EG_FIELD_FROM) | EG_BIT(EG_FIELD_TO))
#define MAC_TEXT	sizeof("00:00:00:00:00:00")

void facts__read(struct facts *f, const __u8 *frame, size_t length, bool l3)
{
	const void *end = frame + length;
	__u32 used = (EG_BIT(EG_FIELD_COUNT) - 1) & ~ADDRESSES;

	memset(f, 0, sizeof(*f));
	f->frame = frame;
	f->length = length;
	f->l3 = l3;
	f->reason = eg_parse((struct eg_cursor){ .pos = frame, .end = end }, l3, &f->packet);
	eg_fields_kind(frame, end, &f->packet, &f->match);
	eg_fields_read(frame, end, &f->packet, &used, &f->match);
}

/* What is asked of them ------------------------------------------------------------ */

static __u32 kind(const struct facts *f)
{
	return f->match.index[EG_FIELD_KIND];
}

static bool is_ip(const struct facts *f)
{
	return f->match.family;
}

/* 0: ICMP, 1: ICMPv6, as type_words and code_words have them; -1: neither. */
static int icmp_family(const struct facts *f)
{
	if (kind(f) < EG_KIND_ICMP || kind(f) >= EG_KIND_ARP)
		return -1;
	return kind(f) >= EG_KIND_ICMP6;
}

static __u8 protocol(const struct facts *f)
{
	switch (icmp_family(f)) {
	case 0:
		return EG_IPPROTO_ICMP;
	case 1:
		return EG_IPPROTO_ICMPV6;
	default:
		return kind(f) & 255;
	}
}

/* Of ICMP; the lower byte of a kind is what it is about. */
static __u8 type(const struct facts *f)
{
	return kind(f) & 255;
}

/* A field's value, that is its index less one; -1: it has none. */
static int value(const struct facts *f, enum eg_field field)
{
	return (int)f->match.index[field] - 1;
}

static int code(const struct facts *f)
{
	int v = value(f, EG_FIELD_CODE);

	return v < 0 ? -1 : v & 255;
}

static const char *code_name(const struct facts *f)
{
	const struct words *w = &code_words[icmp_family(f)];

	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].type == type(f) && w->list[i].number == code(f))
			return w->list[i].name;
	return NULL;
}

/* "first", "later", or NULL for a whole packet. */
static const char *fragment(const struct facts *f)
{
	static const char *const names[] = {
		[EG_SHAPE_WHOLE] = NULL, [EG_SHAPE_FIRST] = "first", [EG_SHAPE_LATER] = "later",
	};

	return names[value(f, EG_FIELD_SHAPE) % EG_SHAPE_OPTIONS];
}

static bool has_options(const struct facts *f)
{
	return value(f, EG_FIELD_SHAPE) >= EG_SHAPE_OPTIONS;
}

/* EtherType behind the tags; -1: it can't be read. */
static int ether_type(const struct facts *f)
{
	if (f->l3 || f->packet.l3 < sizeof(struct ethhdr))
		return -1;
	return ntohs(eg_load16(f->frame + f->packet.l3 - 2));
}

static void number_or_name(const struct words *w, __u32 number, char *text, size_t size)
{
	const struct word *word = words__name(w, number);

	if (word)
		snprintf(text, size, "%s", word->name);
	else
		snprintf(text, size, "%u", number);
}

static void flags_text(__u8 flags, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (__u32 bit = 1; bit <= 128; bit <<= 1)
		if (flags & bit)
			used += snprintf(text + used, size - used, "%s%s", used ? "+" : "",
					 words__name(&flag_words, bit)->name);
}

static void address_text(const struct facts *f, const __be32 *addr, char *text, size_t size)
{
	inet_ntop(f->match.family, addr, text, size);
}

static void mac_text(const __u8 *m, char text[MAC_TEXT])
{
	snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		 m[5]);
}

/* A line ------------------------------------------------------------------------ */

static void print_arp(const struct facts *f, FILE *to)
{
	struct eg_cursor c = { f->frame + f->packet.l3, f->frame + f->length };
	char sender[INET_ADDRSTRLEN], target[INET_ADDRSTRLEN];
	struct eg_arp arp;

	fputs("ARP", to);
	if (!eg_parse_arp(&c, &arp))
		return;
	inet_ntop(AF_INET, &arp.sender, sender, sizeof(sender));
	inet_ntop(AF_INET, &arp.target, target, sizeof(target));
	fprintf(to, " %s %s > %s", ntohs(arp.op) == ARPOP_REQUEST ? "request" :
		ntohs(arp.op) == ARPOP_REPLY ? "reply" : "of another kind", sender, target);
}

static void print_icmp(const struct facts *f, FILE *to)
{
	char text[64];
	int family = icmp_family(f);

	number_or_name(&type_words[family], type(f), text, sizeof(text));
	fprintf(to, " %s", text);
	if (code_name(f))
		fprintf(to, " %s", code_name(f));
	else if (code(f) > 0)
		fprintf(to, " code %d", code(f));
}

static void print_address(const struct facts *f, const __be32 *addr, enum eg_field port, FILE *to)
{
	char text[INET6_ADDRSTRLEN];

	address_text(f, addr, text, sizeof(text));
	fputs(text, to);
	if (value(f, port) >= 0)
		fprintf(to, " port %d", value(f, port));
}

static void print_ip(const struct facts *f, FILE *to)
{
	const struct eg_match *m = &f->match;
	char text[64];

	number_or_name(&protocol_words, protocol(f), text, sizeof(text));
	fprintf(to, "%s %s%s", m->family == AF_INET ? "IPv4" : "IPv6",
		words__name(&protocol_words, protocol(f)) ? "" : "protocol ", text);
	if (icmp_family(f) >= 0)
		print_icmp(f, to);
	fputc(' ', to);
	print_address(f, m->from, EG_FIELD_SPORT, to);
	fputs(" > ", to);
	print_address(f, m->to, EG_FIELD_DPORT, to);
	if (value(f, EG_FIELD_FLAGS) >= 0) {
		flags_text(value(f, EG_FIELD_FLAGS), text, sizeof(text));
		fprintf(to, " %s", text);
	}
	fprintf(to, " ttl %u", m->ttl);
	if (value(f, EG_FIELD_DSCP) > 0) {
		number_or_name(&dscp_words, value(f, EG_FIELD_DSCP), text, sizeof(text));
		fprintf(to, " dscp %s", text);
	}
	if (fragment(f))
		fprintf(to, ", %s fragment", fragment(f));
	if (has_options(f))
		fputs(m->family == AF_INET ? ", options" : ", extension headers", to);
}

void facts__print(const struct facts *f, size_t whole, FILE *to)
{
	if (f->match.index[EG_FIELD_VLAN])
		fprintf(to, "VLAN %u ", f->match.index[EG_FIELD_VLAN] - 1);
	if (is_ip(f))
		print_ip(f, to);
	else if (kind(f) == EG_KIND_ARP)
		print_arp(f, to);
	else if (kind(f) == EG_KIND_BAD4 || kind(f) == EG_KIND_BAD6)
		fprintf(to, "IPv%c, malformed (%s)", kind(f) == EG_KIND_BAD4 ? '4' : '6',
			reason_names[f->reason]);
	else if (ether_type(f) >= 0)
		fprintf(to, "EtherType 0x%04x", ether_type(f));
	else
		fprintf(to, "unreadable (%s)", reason_names[f->reason]);
	fprintf(to, ", %zu bytes", whole);
}

char *facts__text(const struct facts *f, size_t whole)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	facts__print(f, whole, to);
	fclose(to);
	return text;
}

/* JSON -------------------------------------------------------------------------- */

static const char *kind_name(const struct facts *f)
{
	switch (kind(f)) {
	case EG_KIND_ARP:
		return protocol_names[EG_PROTOCOL_ARP];
	case EG_KIND_OTHER:
		return protocol_names[EG_PROTOCOL_NON_IP];
	case EG_KIND_BAD4:
		return protocol_names[EG_PROTOCOL_IPV4];
	case EG_KIND_BAD6:
		return protocol_names[EG_PROTOCOL_IPV6];
	default:
		return protocol_names[eg_protocol_slot[protocol(f)]];
	}
}

/* A number that mostly has a name: a string if it has. */
static void add_word(struct json_object *o, const char *key, const char *name, __u32 number)
{
	if (name)
		json__add_string(o, key, name);
	else
		json__add_number(o, key, number);
}

static void add_value(struct json_object *o, const char *key, const struct facts *f,
		      enum eg_field field)
{
	if (value(f, field) >= 0)
		json__add_number(o, key, value(f, field));
}

static bool is_own(const struct facts *f, const __be32 *addr, const struct eg_addrs *own)
{
	if (f->match.family == AF_INET)
		return eg_addr4_owner(own, addr[0]) == EG_OWNER_LOCAL;
	return eg_addr6_own(own, addr);
}

static void add_address(struct json_object *o, const char *key, const char *key_own,
			const struct facts *f, const __be32 *addr, const struct eg_addrs *own)
{
	char text[INET6_ADDRSTRLEN];

	address_text(f, addr, text, sizeof(text));
	json__add_string(o, key, text);
	json__add_bool(o, key_own, is_own(f, addr, own));
}

static void add_icmp(struct json_object *o, const struct facts *f)
{
	const struct word *w = words__name(&type_words[icmp_family(f)], type(f));

	add_word(o, "type", w ? w->name : NULL, type(f));
	if (code(f) >= 0)
		add_word(o, "code", code_name(f), code(f));
}

static void add_ip(struct json_object *o, const struct facts *f, const struct eg_addrs *own)
{
	const struct eg_match *m = &f->match;
	char text[64];

	json__add_number(o, "family", m->family == AF_INET ? 4 : 6);
	json__add_number(o, "protocol", protocol(f));
	if (icmp_family(f) >= 0)
		add_icmp(o, f);
	add_address(o, "from", "from_local", f, m->from, own);
	add_value(o, "source_port", f, EG_FIELD_SPORT);
	add_address(o, "to", "to_local", f, m->to, own);
	add_value(o, "port", f, EG_FIELD_DPORT);
	if (value(f, EG_FIELD_FLAGS) >= 0) {
		flags_text(value(f, EG_FIELD_FLAGS), text, sizeof(text));
		json__add_string(o, "flags", text);
	}
	json__add_number(o, "ttl", m->ttl);
	add_value(o, "dscp", f, EG_FIELD_DSCP);
	add_value(o, "length", f, EG_FIELD_LENGTH);
	json__add_string_or_null(o, "fragment", fragment(f) ?: "");
	json__add_bool(o, "options", has_options(f));
}

struct json_object *facts__json(const struct facts *f, const struct eg_addrs *own)
{
	struct json_object *o = json_object_new_object();
	char mac[MAC_TEXT];

	if (!f->l3 && f->length >= sizeof(struct ethhdr)) {
		mac_text(f->frame + ETH_ALEN, mac);
		json__add_string(o, "source_mac", mac);
		mac_text(f->frame, mac);
		json__add_string(o, "destination_mac", mac);
	}
	if (f->match.index[EG_FIELD_VLAN])
		json__add_number(o, "vlan", f->match.index[EG_FIELD_VLAN] - 1);
	if (ether_type(f) >= 0)
		json__add_number(o, "ether_type", ether_type(f));
	json__add_string(o, "kind", kind_name(f));
	if (is_ip(f))
		add_ip(o, f, own);
	return o;
}
