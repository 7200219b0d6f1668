// SPDX-License-Identifier: GPL-2.0-only
#include "judge.h"
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <linux/if_ether.h>

#define ERROR_MAX4	576	/* RFC 1812 4.3.2.3 */
#define ERROR_MAX6	1280	/* RFC 4443 2.4 (c) */
#define DAY_MS		86400000

#define ADVERT_SIZE	24	/* of a neighbour advertisement without options */
#define STAMP_SIZE	20

/* The worst that can be said is kept; of several such, the first. */
__attribute__((format(printf, 4, 5)))
static void say(struct opinion *o, enum finding finding, const char *clause, const char *fmt, ...);

static void say(struct opinion *o, enum finding finding, const char *clause, const char *fmt, ...)
{
	va_list args;

	if (finding <= o->finding)
		return;
	o->finding = finding;
	va_start(args, fmt);
	vsnprintf(o->why, sizeof(o->why), fmt, args);
	va_end(args);
	copy_text(o->clause, finding == FINDING_WRONG ? clause : "", sizeof(o->clause));
}

#define wrong(o, clause, ...)	say(o, FINDING_WRONG, clause, __VA_ARGS__)
#define unlike(o, ...)		say(o, FINDING_UNLIKE, "", __VA_ARGS__)

static enum reaction_kind kind_of(const struct response *r)
{
	bool v4 = r->family == 4;

	if (!response__is_icmp(r))
		return REACTION_OTHER;
	if (r->l4[0] == (v4 ? 0 : 129))
		return REACTION_ECHO;
	if (v4 && r->l4[0] == 14)
		return REACTION_STAMP;
	if (!v4 && r->l4[0] == 136)
		return REACTION_ADVERT;
	return response__is_error(r) ? REACTION_ERROR : REACTION_OTHER;
}

/* Words -------------------------------------------------------------------------- */

static const char *error_name(int family, __u8 type)
{
	static const char *const names4[] = {
		[3] = "destination unreachable", [4] = "source quench", [5] = "redirect",
		[11] = "time exceeded", [12] = "parameter problem",
	};
	static const char *const names6[] = {
		[1] = "destination unreachable", [2] = "packet too big", [3] = "time exceeded",
		[4] = "parameter problem",
	};

	if (family == 4)
		return type < ARRAY_SIZE(names4) && names4[type] ? names4[type] : "error";
	return type < ARRAY_SIZE(names6) && names6[type] ? names6[type] : "error";
}

/* The pointer of a parameter problem, whichever family's. */
static void describe_error(char *text, size_t size, int family, __u8 type, __u8 code, __u32 rest)
{
	if (type == (family == 4 ? 12 : 4))
		snprintf(text, size, "parameter problem %u/%u at byte %u", type, code,
			 family == 4 ? rest >> 24 : rest);
	else
		snprintf(text, size, "%s %u/%u", error_name(family, type), type, code);
}

const char *response__describe(const struct response *r, char *text, size_t size)
{
	switch (kind_of(r)) {
	case REACTION_ECHO:
		snprintf(text, size, "echo reply");
		break;
	case REACTION_STAMP:
		snprintf(text, size, "timestamp reply");
		break;
	case REACTION_ADVERT:
		snprintf(text, size, "neighbour advertisement");
		break;
	case REACTION_ERROR:
		describe_error(text, size, r->family, r->l4[0], r->l4[1], get32(r->l4 + 4));
		break;
	default:
		if (response__is_icmp(r))
			snprintf(text, size, "ICMP type %u, code %u", r->l4[0], r->l4[1]);
		else
			snprintf(text, size, "protocol %u, %zu bytes", r->proto, r->l4_len);
	}
	return text;
}

static void describe_all(const struct response *list, size_t count, char *text, size_t size)
{
	char one[80];

	if (!count)
		snprintf(text, size, "nothing");
	else if (count == 1)
		snprintf(text, size, "%s", response__describe(list, one, sizeof(one)));
	else
		snprintf(text, size, "%zu x %s", count, response__describe(list, one, sizeof(one)));
}

const char *reaction__describe(const struct request *q, char *text, size_t size)
{
	const struct reaction *does = &q->linux_does;
	static const char *const names[] = {
		[REACTION_SILENCE] = "nothing", [REACTION_ECHO] = "an echo reply",
		[REACTION_STAMP] = "a timestamp reply", [REACTION_ADVERT] = "an advertisement",
	};

	if (does->kind == REACTION_ERROR)
		describe_error(text, size, q->spec.family, does->type, does->code, does->rest);
	else
		snprintf(text, size, "%s", names[does->kind]);
	return text;
}

const char *finding__name(enum finding finding)
{
	static const char *const names[] = {
		[FINDING_SKIPPED] = "skipped",
		[FINDING_LIKE] = "like Linux",
		[FINDING_CONFORMS] = "conforms",
		[FINDING_UNLIKE] = "unlike Linux",
		[FINDING_WRONG] = "wrong",
	};

	return names[finding];
}

/* Any response ------------------------------------------------------------------- */

static bool is_group(int family, const __u8 *address)
{
	return family == 4 ? address[0] >= 224 : address[0] == 0xff;
}

/* What no packet may be, whatever it answers. */
static void judge_form(const struct request *q, const struct response *r, struct opinion *o)
{
	bool v4 = r->family == 4;

	if (r->fault)
		wrong(o, r->clause, "%s", r->fault);
	if (r->zero_sum && !(q->flags & REQUEST_ZERO))
		wrong(o, "RFC 1071", "its ICMP checksum is 0 over zeros");
	if (is_group(r->family, r->from))
		wrong(o, v4 ? "RFC 1122 3.2.1.3" : "RFC 4291 2.7",
		      "it comes from a group's address");
	if (!r->ttl)
		wrong(o, v4 ? "RFC 1122 3.2.1.7" : "RFC 8200 3", "its %s is 0",
		      v4 ? "TTL" : "hop limit");
	if (r->reserved_flag)
		wrong(o, "RFC 791 3.1", "its reserved flag is set");
	if (r->extra)
		unlike(o, "more bytes follow the packet");
	if (r->dont_fragment)
		unlike(o, "it sets \"don't fragment\"");
}

/* From the address that was asked, to the one that asked. */
static void judge_ends(const struct request *q, const struct response *r, struct opinion *o)
{
	size_t size = r->family == 4 ? 4 : 16;
	const char *clause = r->family == 4 ? "RFC 1122 3.2.2.6" : "RFC 4443 4.2";

	if (!is_group(r->family, q->spec.dst) && memcmp(r->from, q->spec.dst, size))
		wrong(o, clause, "it comes from another address than was asked");
	if (memcmp(r->to, q->spec.src, size))
		wrong(o, clause, "it goes to another address than asked");
}

/* Replies ------------------------------------------------------------------------ */

static void judge_options(const struct request *q, const struct response *r, struct opinion *o)
{
	__u8 got[sizeof(q->options)];

	if (r->family == 6) {
		if (r->option_len)
			unlike(o, "it has extension headers");
		return;
	}
	if (r->option_len != q->option_len) {
		unlike(o, "it has %zu bytes of options instead of %u", r->option_len,
		       q->option_len);
		return;
	}
	memcpy(got, r->options, q->option_len);
	if (q->clock_at)
		memset(got + q->clock_at, 0, 4);
	if (memcmp(got, q->options, q->option_len))
		unlike(o, "its options are others");
}

static void judge_hops(const struct request *q, bool on_link, const struct response *r,
		       struct opinion *o)
{
	if (q->flags & REQUEST_TTL && (on_link ? r->ttl != 64 : r->ttl > 64))
		unlike(o, "its %s is %u, not %s", r->family == 4 ? "TTL" : "hop limit", r->ttl,
		       on_link ? "64" : "64 or below");
	if (q->flags & REQUEST_ID && get16(r->packet + 4) == q->spec.ip_id)
		unlike(o, "it has the request's identification");
	if (q->flags & REQUEST_LABEL && q->spec.label && r->label == q->spec.label)
		unlike(o, "the flow label is echoed");
}

static void judge_echo(const struct request *q, bool on_link, const struct response *r,
		       struct opinion *o)
{
	bool v4 = r->family == 4;
	const char *clause = v4 ? "RFC 1122 3.2.2.6" : "RFC 4443 4.2";
	const __u8 *asked = q->message;

	judge_ends(q, r, o);
	if (r->l4_len != q->message_len)
		wrong(o, clause, "it has %zu bytes instead of %zu", r->l4_len, q->message_len);
	else if (memcmp(r->l4 + 8, asked + 8, r->l4_len - 8))
		wrong(o, clause, "its data isn't what was sent");
	if (get16(r->l4 + 4) != get16(asked + 4))
		wrong(o, v4 ? "RFC 792 p. 14" : clause, "its identifier is 0x%04x, not 0x%04x",
		      get16(r->l4 + 4), get16(asked + 4));
	if (get16(r->l4 + 6) != get16(asked + 6))
		wrong(o, v4 ? "RFC 792 p. 14" : clause, "its sequence number is %u, not %u",
		      get16(r->l4 + 6), get16(asked + 6));
	if (!asked[1] && r->l4[1])
		wrong(o, v4 ? "RFC 792 p. 14" : clause, "its code is %u, not 0", r->l4[1]);
	if (r->l4[1] != asked[1])
		unlike(o, "its code is %u, not %u", r->l4[1], asked[1]);
	if (r->tos != q->spec.tos)
		unlike(o, "its %s is 0x%02x, not 0x%02x", v4 ? "TOS" : "traffic class", r->tos,
		       q->spec.tos);
	judge_options(q, r, o);
	judge_hops(q, on_link, r, o);
	/* A defect of Linux: whoever has it not is right. */
	if (q->flags & REQUEST_ZERO && !r->zero_sum)
		say(o, FINDING_CONFORMS, "", "its checksum is 0xffff, where Linux sends 0");
}

static bool is_time(__u32 ms)
{
	return ms >> 31 || ms < DAY_MS;		/* the highest bit: not of the standard kind */
}

static void judge_stamp(const struct request *q, const struct response *r, struct opinion *o)
{
	const char *clause = "RFC 792 p. 17";
	const __u8 *asked = q->message;

	judge_ends(q, r, o);
	if (r->l4_len < STAMP_SIZE) {
		wrong(o, clause, "it has %zu bytes, not %d", r->l4_len, STAMP_SIZE);
		return;
	}
	if (r->l4_len > STAMP_SIZE)
		unlike(o, "it has %zu bytes, not %d", r->l4_len, STAMP_SIZE);
	if (memcmp(r->l4 + 4, asked + 4, 8))
		wrong(o, clause, "identifier, sequence number or originate time aren't those sent");
	if (!is_time(get32(r->l4 + 12)) || !is_time(get32(r->l4 + 16)))
		wrong(o, clause, "its times aren't within a day, nor marked as special");
	if (r->l4[1])
		unlike(o, "its code is %u, not 0", r->l4[1]);
}

static void judge_advert(const struct request *q, const struct response *r, struct opinion *o)
{
	const char *clause = "RFC 4861 7.2.4";

	if (r->l4_len < ADVERT_SIZE || memcmp(r->l4 + 8, q->spec.dst, 16))
		wrong(o, clause, "it advertises another address");
	else if (!(r->l4[4] & 0x40))
		wrong(o, clause, "it doesn't say that it was solicited");
	if (r->ttl != 255)
		wrong(o, "RFC 4861 7.1.2", "its hop limit is %u, not 255", r->ttl);
	judge_ends(q, r, o);
}

/* Errors ------------------------------------------------------------------------- */

/* Blanks what may change on the way there, or be given back in another byte order. */
static void blank(__u8 *ip, int family)
{
	if (family == 4) {
		ip[1] = ip[8] = ip[10] = ip[11] = 0;
		return;
	}
	ip[0] = 0x60;
	ip[1] = ip[2] = ip[3] = ip[7] = 0;
}

static void judge_quote(const struct request *q, const struct response *r, struct opinion *o)
{
	bool v4 = r->family == 4;
	const struct frame *frame = q->frame[0];
	size_t header = v4 ? 20 + q->spec.ext_len : 40, most = (v4 ? ERROR_MAX4 : ERROR_MAX6);
	const __u8 *quote = r->l4 + 8;
	size_t len = r->l4_len - 8, sent, want, min = header + 8;
	__u8 a[FRAME_MAX], b[FRAME_MAX];

	sent = frame->len - ETH_HLEN - q->spec.trailer;
	if (sent > FRAME_MAX)
		return;
	most -= (v4 ? 20 : 40) + 8;
	want = sent < most ? sent : most;
	if (min > sent)
		min = sent;
	if (len < min) {
		wrong(o, v4 ? "RFC 1122 3.2.2" : "RFC 4443 2.4 (c)",
		      "it quotes %zu bytes, not even header and 8 bytes", len);
		return;
	}
	if (len > sent) {
		wrong(o, v4 ? "RFC 1812 4.3.2.3" : "RFC 4443 2.4 (c)",
		      "it quotes %zu bytes of a packet of %zu", len, sent);
		return;
	}
	memcpy(a, quote, len);
	memcpy(b, frame->data + ETH_HLEN, len);
	blank(a, r->family);
	blank(b, r->family);
	if (memcmp(a, b, len))
		wrong(o, v4 ? "RFC 1122 3.2.2" : "RFC 4443 2.4 (c)",
		      "what it quotes isn't what was sent");
	if (len == want)
		return;
	if (v4)
		unlike(o, "it quotes %zu bytes, not %zu", len, want);
	else
		wrong(o, "RFC 4443 2.4 (c)", "it quotes %zu bytes, not %zu", len, want);
}

static void judge_error(const struct request *q, const struct response *r, struct opinion *o)
{
	size_t size = r->family == 4 ? 4 : 16;

	if (memcmp(r->to, q->spec.src, size))
		wrong(o, r->family == 4 ? "RFC 1122 3.2.2" : "RFC 4443 2.2",
		      "it goes to another address than asked");
	/* What isn't its own address is no address to send from. */
	if (q->demand != DEMAND_NO_ECHO && !is_group(r->family, q->spec.dst) &&
	    memcmp(r->from, q->spec.dst, size))
		unlike(o, "it comes from another address than was asked");
	if (r->family == 4 && (r->tos & 0xe0) != 0xc0)
		unlike(o, "its precedence isn't 6 (TOS 0x%02x)", r->tos);
	judge_quote(q, r, o);
}

/* Everything ----------------------------------------------------------------------- */

static bool is_same_error(const struct request *q, const struct response *r)
{
	const struct reaction *does = &q->linux_does;

	return r->l4[0] == does->type && r->l4[1] == does->code && get32(r->l4 + 4) == does->rest;
}

static bool is_expected(const struct request *q, const struct response *r)
{
	enum reaction_kind kind = kind_of(r);

	if (kind != q->linux_does.kind)
		return false;
	return kind != REACTION_ERROR || is_same_error(q, r);
}

/* What is thought of another reaction than that of Linux. */
static enum finding other_than(const struct request *q)
{
	return q->flags & REQUEST_VARIABLE ? FINDING_CONFORMS : FINDING_UNLIKE;
}

static void judge_silence(const struct request *q, struct opinion *o)
{
	char wanted[80];

	if (q->linux_does.kind == REACTION_SILENCE)
		return;
	reaction__describe(q, wanted, sizeof(wanted));
	if (q->demand == DEMAND_MUST && !(q->flags & REQUEST_LIMITED))
		wrong(o, q->clause, "no response, but %s is due", wanted);
	else
		say(o, other_than(q), "", "no response; Linux sends %s", wanted);
}

static void judge_kind(const struct request *q, const struct response *r, struct opinion *o)
{
	char wanted[80];

	if (is_expected(q, r))
		return;
	reaction__describe(q, wanted, sizeof(wanted));
	if (q->demand == DEMAND_NOTHING)
		wrong(o, q->clause, "it must draw nothing");
	else if (q->demand == DEMAND_NO_ECHO && kind_of(r) == REACTION_ECHO)
		wrong(o, q->clause, "it must not be answered");
	else if (q->demand == DEMAND_MUST && q->linux_does.kind != REACTION_SILENCE)
		wrong(o, q->clause, "%s is due", wanted);
	else if (q->linux_does.kind == REACTION_SILENCE)
		say(o, other_than(q), "", "Linux is silent");
	else
		say(o, other_than(q), "", "Linux sends %s", wanted);
}

static void judge_one(const struct request *q, bool on_link, const struct response *r,
		      struct opinion *o)
{
	judge_kind(q, r, o);
	judge_form(q, r, o);
	if (r->fault)
		return;
	switch (kind_of(r)) {
	case REACTION_ECHO:
		judge_echo(q, on_link, r, o);
		break;
	case REACTION_STAMP:
		judge_stamp(q, r, o);
		break;
	case REACTION_ADVERT:
		judge_advert(q, r, o);
		break;
	case REACTION_ERROR:
		judge_error(q, r, o);
		break;
	default:
		break;
	}
}

/* That fragments were missing is said some time later, which is right. */
static bool is_expiry(const struct request *q, const struct response *r)
{
	return q->flags & REQUEST_EXPIRES && response__is_error(r) &&
	       r->l4[0] == (r->family == 4 ? 11 : 3) && r->l4[1] == 1;
}

static void judge_count(const struct request *q, size_t count, struct opinion *o)
{
	if (q->flags & REQUEST_LIMITED) {
		if (count < REQUEST_BURST)
			return;
		if (q->demand == DEMAND_MUST)
			wrong(o, q->clause, "errors aren't limited");
		else
			unlike(o, "errors aren't limited");
	} else if (count > 1) {
		unlike(o, "%zu responses instead of one", count);
	}
}

void judge(const struct request *q, bool on_link, const struct response *list, size_t count,
	   struct opinion *o)
{
	size_t counted = 0;

	memset(o, 0, sizeof(*o));
	o->finding = FINDING_LIKE;
	describe_all(list, count, o->came, sizeof(o->came));
	for (size_t i = 0; i < count; i++) {
		if (is_expiry(q, &list[i]))
			continue;
		judge_one(q, on_link, &list[i], o);
		counted++;
	}
	if (counted)
		judge_count(q, counted, o);
	else
		judge_silence(q, o);
}
