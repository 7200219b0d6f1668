// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"
#include "extensions.h"
#include "json.h"
#include "reply.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>

/* Names -------------------------------------------------------------------------- */

/* The name of an address, as far as somebody knows one; until the next call. */
static const char *look_up(const union address *a)
{
	static union address last;
	static char name[NI_MAXHOST];
	static bool deaf;
	int err = EAI_AGAIN;

	/* Of a hop's packets most were answered by one router. */
	if (*name && address__equal(&last, a))
		return name;
	last = *a;
	if (!deaf)
		err = getnameinfo(&a->sa, address__size(a), name, sizeof(name), NULL, 0,
				  NI_NAMEREQD);
	/* Where no name server answers, the next one wouldn't either, some seconds later. */
	deaf |= err == EAI_AGAIN;
	if (err)
		address__print(a, name);
	return name;
}

/* Text ----------------------------------------------------------------------------- */

static const char *method_name(const struct trace *t)
{
	static const char *const names[] = { [TRACE_ICMP] = "icmp", [TRACE_UDP] = "udp",
					     [TRACE_TCP] = "tcp" };

	return names[t->options->method];
}

void traceprint__begin(const struct trace *t)
{
	printf("traceroute to %s (%s), %d hops max, %zu byte packets\n", t->host->name,
	       t->host->text, t->options->max_hops, t->size);
	fflush(stdout);
}

/* traceroute's letters for errors that aren't the usual ones. */
static void print_letters(const struct trace *t, const struct heard *h)
{
	static const char letters4[] = { [0] = 'N', [1] = 'H', [2] = 'P', [5] = 'S', [6] = 'U',
					 [7] = 'W', [8] = 'I', [9] = 'A', [10] = 'Z', [11] = 'Q',
					 [12] = 'T', [13] = 'X', [14] = 'V', [15] = 'C' };
	static const char letters6[] = { [0] = 'N', [1] = 'X', [2] = 'S', [3] = 'H' };
	bool v4 = t->tracer.endpoint.family == AF_INET;
	const char *letters = v4 ? letters4 : letters6;
	size_t count = v4 ? sizeof(letters4) : sizeof(letters6);

	if (!h->error)
		printf(t->options->method != TRACE_TCP ? "" : h->open ? " [open]" : " [closed]");
	else if (heard__is_too_big(h, &t->tracer))
		printf(" !F-%u", h->info);
	else if (!heard__is_final(h, &t->tracer) ||
		 h->code == (v4 ? ICMP_PORT_UNREACH : ICMPV6_PORT_UNREACH))
		return;
	else if (h->code < count && letters[h->code])
		printf(" !%c", letters[h->code]);
	else
		printf(" !<%u>", h->code);
}

static bool read_extensions(const struct heard *h, struct extensions *e)
{
	return h->extensions >= 0 &&
	       !extensions__read(e, h->quoted + h->extensions, h->quoted_size - h->extensions) &&
	       e->count;
}

static void print_cuts(const struct trace *t, const union address *a)
{
	for (size_t i = 0; i < t->cut_count; i++)
		if (address__equal(&t->cuts[i].from, a))
			printf(" F=%u", t->cuts[i].mtu);
}

static void print_router(const struct trace *t, const struct heard *h)
{
	char text[ADDRESS_TEXT];
	struct extensions e;

	address__print(&h->from, text);
	if (t->options->numeric)
		printf(" %s", text);
	else
		printf(" %s (%s)", look_up(&h->from), text);
	if (read_extensions(h, &e))
		extensions__print(&e, stdout);
	print_cuts(t, &h->from);
}

/* Labels may differ from packet to packet; when the router does, it is named anew. */
static bool is_new(const struct heard *before, const struct heard *h)
{
	struct extensions a = {}, b = {};
	bool first = before && read_extensions(before, &a), second = read_extensions(h, &b);
	size_t size;

	if (!before || !address__equal(&before->from, &h->from) || first != second)
		return true;
	size = h->quoted_size - h->extensions;
	return first && (size != before->quoted_size - before->extensions ||
			 memcmp(h->quoted + h->extensions, before->quoted + before->extensions,
				size));
}

static void print_hop(const struct trace *t, int hop)
{
	const struct heard *before = NULL;

	printf("%2d ", hop);
	for (int i = 0; i < t->options->queries; i++) {
		const struct traced *p = trace__packet(t, hop, i);

		if (!p->answered) {
			printf(" *");
			continue;
		}
		if (is_new(before, &p->heard))
			print_router(t, &p->heard);
		before = &p->heard;
		printf("  %.3f ms", p->rtt / 1e6);
		print_letters(t, &p->heard);
	}
	putchar('\n');
}

void traceprint__text(const struct trace *t)
{
	char text[ADDRESS_TEXT];

	for (int hop = 1; hop <= t->hops; hop++)
		print_hop(t, hop);
	if (!t->options->find_mtu)
		return;
	for (size_t i = 0; i < t->cut_count; i++)
		printf("%s: a link takes no more than %u bytes\n",
		       address__print(&t->cuts[i].from, text), t->cuts[i].mtu);
	if (t->path_mtu)
		printf("path MTU %u\n", t->path_mtu);
	else if (t->hole)
		printf("path MTU unknown: packets of %u bytes get lost, and nobody says why\n",
		       t->hole);
	else
		printf("path MTU unknown: a router names one that is no smaller\n");
}

/* JSON ----------------------------------------------------------------------------- */

static const char *what(const struct trace *t, const struct heard *h, char *text, size_t size)
{
	struct reply r = { .family = t->tracer.endpoint.family, .type = h->type, .code = h->code,
			   .info = h->info };

	if (h->error)
		return reply__describe(&r, text, size);
	switch (t->options->method) {
	case TRACE_TCP:
		return h->open ? "SYN-ACK" : "RST";
	case TRACE_UDP:
		return "UDP";
	default:
		return "Echo reply";
	}
}

static struct json_object *packet_json(const struct trace *t, const struct traced *p)
{
	struct json_object *o;
	char text[128], address[ADDRESS_TEXT];
	struct extensions e;

	if (!p->answered)
		return NULL;
	o = json_object_new_object();
	json__add_string(o, "address", address__print(&p->heard.from, address));
	if (!t->options->numeric)
		json__add_string(o, "name", look_up(&p->heard.from));
	json__add_number(o, "rtt_ns", p->rtt);
	json__add_string(o, "what", what(t, &p->heard, text, sizeof(text)));
	if (p->heard.error) {
		json__add_number(o, "type", p->heard.type);
		json__add_number(o, "code", p->heard.code);
	}
	if (read_extensions(&p->heard, &e))
		json_object_object_add(o, "extensions", extensions__json(&e));
	return o;
}

static struct json_object *hops_json(const struct trace *t)
{
	struct json_object *list = json_object_new_array();

	for (int hop = 1; hop <= t->hops; hop++) {
		struct json_object *packets = json_object_new_array();
		struct json_object *o = json_object_new_object();

		json__add_number(o, "hop", hop);
		for (int i = 0; i < t->options->queries; i++)
			json_object_array_add(packets, packet_json(t, trace__packet(t, hop, i)));
		json_object_object_add(o, "packets", packets);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *mtu_json(const struct trace *t)
{
	struct json_object *o = json_object_new_object(), *cuts = json_object_new_array();
	char text[ADDRESS_TEXT];

	json_object_object_add(o, "path", t->path_mtu ? json_object_new_int(t->path_mtu) : NULL);
	json_object_object_add(o, "lost", t->hole ? json_object_new_int(t->hole) : NULL);
	for (size_t i = 0; i < t->cut_count; i++) {
		struct json_object *cut = json_object_new_object();

		json__add_string(cut, "address", address__print(&t->cuts[i].from, text));
		json__add_number(cut, "mtu", t->cuts[i].mtu);
		json_object_array_add(cuts, cut);
	}
	json_object_object_add(o, "links", cuts);
	return o;
}

void traceprint__json(const struct trace *t)
{
	struct json_object *doc = json__document();

	json__add_string(doc, "host", t->host->name);
	json__add_string(doc, "address", t->host->text);
	json__add_string(doc, "method", method_name(t));
	json__add_number(doc, "max_hops", t->options->max_hops);
	json__add_number(doc, "queries", t->options->queries);
	json__add_number(doc, "size", t->size);
	json__add_bool(doc, "reached", t->reached);
	json_object_object_add(doc, "hops", hops_json(t));
	if (t->options->find_mtu)
		json_object_object_add(doc, "mtu", mtu_json(t));
	json__print(doc, false);
}
