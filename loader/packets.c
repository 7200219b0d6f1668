// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"
#include "bytes.h"
#include "hex.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_ether.h>

/* Has its own idea of struct bpf_insn: nothing here may include <linux/bpf.h>. */
#include <pcap/pcap.h>
#include <pcap/sll.h>

#define TEXT_MAX	(64UL << 20)	/* bytes of hex */
#define SHOWN		24		/* characters of hex in an error line */
#define BILLION		1000000000
#define LEAD		2		/* before a frame, so that its IP header is aligned */

/* What a made-up header is sent by: locally administered, and hardly anybody's. */
static const __u8 nobody[ETH_ALEN] = { 2, 'e', 'c', 'h', 'o', 0 };

struct packets {
	char *name;			/* for error lines */
	pcap_t *pcap;			/* NULL: it is hex */
	struct hex hex;
	size_t next;			/* of hex */
	__u8 *buffer;			/* LEAD, and a frame */
	size_t room;
};

/* Opening ------------------------------------------------------------------------ */

/* By 4 bytes: pcap with micro- and nanoseconds, Kuznetzov's, in either byte order; pcapng. */
static bool is_capture(const __u8 *magic)
{
	static const __u32 magics[] = { 0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34, 0x0a0d0d0a };
	__u32 v = get32(magic);

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (v == magics[i] || v == __builtin_bswap32(magics[i]))
			return true;
	return false;
}

static enum status read_hex(struct packets *p, const char *text, size_t size, const char *as)
{
	struct hex_fault fault;
	int err;

	err = hex__parse(&p->hex, text, size, &fault);
	if (err == -EINVAL)
		return report(USAGE, "%s: %s: line %u, column %u: %s", p->name, as,
			      fault.place.line, fault.place.column, fault.text);
	return err ? report(FAILED, "%s: %s", p->name, why(err)) : DONE;
}

/* A text of which `start` has been read already. */
static enum status read_text(struct packets *p, FILE *f, const __u8 *start, size_t had)
{
	enum status st = FAILED;
	size_t size = 0, len = 0, got;
	char *text = NULL, *more;

	do {
		size = size ? 2 * size : 1 << 16;
		more = realloc(text, size);
		if (!more) {
			report(FAILED, "%s: %s", p->name, why(ENOMEM));
			goto cleanup;
		}
		text = more;
		if (!len) {
			memcpy(text, start, had);
			len = had;
		}
		got = fread(text + len, 1, size - len, f);
		len += got;
	} while (len == size && size <= TEXT_MAX);
	if (ferror(f))
		st = report(USAGE, "%s: %s; give a readable file, or hex", p->name, why(errno));
	else if (len > TEXT_MAX)
		st = report(USAGE, "%s: no capture, and as hex longer than 64 MiB", p->name);
	else
		st = read_hex(p, text, len, "neither a capture (pcap, pcapng) nor hex");
cleanup:
	free(text);
	return st;
}

/* Takes the stream over, unless it fails. */
static enum status open_capture(struct packets *p, FILE *f, const __u8 magic[4])
{
	char error[PCAP_ERRBUF_SIZE] = "";

	/* What has just been read out of its buffer, glibc lets us put back. */
	for (int i = 3; i >= 0; i--)
		if (ungetc(magic[i], f) == EOF)
			return report(FAILED, "%s: can't be read from its start again", p->name);
	p->pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, error);
	return p->pcap ? DONE : report(USAGE, "%s: %s", p->name, error);
}

static enum status check_link_type(const struct packets *p)
{
	int type = pcap_datalink(p->pcap);
	const char *name;

	switch (type) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return DONE;
	}
	name = pcap_datalink_val_to_name(type);
	return report(USAGE, "%s: link type %d (%s); only Ethernet, Linux cooked and raw IP are "
		      "understood", p->name, type, name ?: "unknown");
}

static enum status open_stream(struct packets *p, FILE *f)
{
	__u8 magic[4];
	enum status st;
	size_t had;

	had = fread(magic, 1, sizeof(magic), f);
	if (had < sizeof(magic) || !is_capture(magic)) {
		st = read_text(p, f, magic, had);
	} else {
		st = open_capture(p, f, magic);
		if (!st)
			return check_link_type(p);	/* libpcap closes it */
	}
	if (f != stdin)
		fclose(f);
	return st;
}

/* Something that names no file, and can hardly be meant to. */
static bool is_no_path(const char *what, int err)
{
	return err == ENAMETOOLONG || (err == ENOENT && !strpbrk(what, "/."));
}

static enum status open_argument(struct packets *p, const char *what)
{
	FILE *f;

	if (!strcmp(what, "-")) {
		p->name = strdup("standard input");
		return p->name ? open_stream(p, stdin) : report(FAILED, "%s", why(ENOMEM));
	}
	f = fopen(what, "re");
	if (f) {
		p->name = strdup(what);
		if (p->name)
			return open_stream(p, f);
		fclose(f);
		return report(FAILED, "%s", why(ENOMEM));
	}
	if (!is_no_path(what, errno))
		return report(USAGE, "%s: %s; give a readable file, or hex", what, why(errno));
	if (asprintf(&p->name, "\"%.*s%s\"", SHOWN, what, strlen(what) > SHOWN ? "..." : "") < 0) {
		p->name = NULL;
		return report(FAILED, "%s", why(ENOMEM));
	}
	return read_hex(p, what, strlen(what), "neither a file nor hex");
}

enum status packets__open(const char *what, struct packets **out)
{
	struct packets *p = calloc(1, sizeof(*p));
	enum status st;

	*out = NULL;
	if (!p)
		return report(FAILED, "%s", why(ENOMEM));
	st = open_argument(p, what);
	if (st)
		packets__close(p);
	else
		*out = p;
	return st;
}

void packets__close(struct packets *p)
{
	if (!p)
		return;
	if (p->pcap)
		pcap_close(p->pcap);
	hex__free(&p->hex);
	free(p->buffer);
	free(p->name);
	free(p);
}

/* Reading ------------------------------------------------------------------------ */

/*
 * Lays out a frame: `length` of `whole` bytes were captured, of which `skip` are no part of it.
 * With `header`, room for that of Ethernet stands before them. Reports.
 */
static enum status lay_out(struct packets *p, struct packet *out, const __u8 *data, size_t length,
			   size_t whole, size_t skip, bool header)
{
	size_t front = header ? ETH_HLEN : 0;
	__u8 *more;

	memset(out, 0, sizeof(*out));
	if (whole < length)
		whole = length;
	if (length < skip) {
		out->whole = whole;
		return DONE;
	}
	if (LEAD + ETH_HLEN + length > p->room) {
		more = realloc(p->buffer, LEAD + ETH_HLEN + length);
		if (!more)
			return report(FAILED, "%s: %s", p->name, why(ENOMEM));
		p->buffer = more;
		p->room = LEAD + ETH_HLEN + length;
	}
	out->frame = p->buffer + LEAD;
	memset(out->frame, 0, front);
	memcpy(out->frame + front, data + skip, length - skip);
	out->length = length - skip + front;
	out->whole = whole - skip + front;
	out->made_up = header;
	return DONE;
}

static enum status take_raw(struct packets *p, struct packet *out, const __u8 *data, size_t length,
			    size_t whole)
{
	enum status st = lay_out(p, out, data, length, whole, 0, true);
	bool v6 = length && data[0] >> 4 == 6;

	if (st)
		return st;
	memcpy(out->frame + ETH_ALEN, nobody, ETH_ALEN);
	out->frame[12] = v6 ? ETH_P_IPV6 >> 8 : ETH_P_IP >> 8;
	out->frame[13] = v6 ? ETH_P_IPV6 & 0xff : ETH_P_IP & 0xff;
	return DONE;
}

/* Where in the two forms of Linux' cooked header what stands. */
struct cooked {
	size_t size, protocol, type, address_length, address;
};

static enum status take_cooked(struct packets *p, struct packet *out, const __u8 *data,
			       size_t length, size_t whole, const struct cooked *c)
{
	enum status st = lay_out(p, out, data, length, whole, c->size, true);
	__u8 type;

	if (st || !out->length)
		return st;
	type = data[c->type];
	if (type == LINUX_SLL_BROADCAST || type == LINUX_SLL_MULTICAST)
		memset(out->frame, 0xff, ETH_ALEN);
	out->source_known = data[c->address_length] == ETH_ALEN;
	memcpy(out->frame + ETH_ALEN, out->source_known ? data + c->address : nobody, ETH_ALEN);
	memcpy(out->frame + 2 * ETH_ALEN, data + c->protocol, 2);
	return DONE;
}

/* Both are numbers of 16 bits in the first form: these are their lower bytes. */
static const struct cooked cooked1 = { 16, 14, 1, 5, 6 };
static const struct cooked cooked2 = { 20, 0, 10, 11, 12 };

static enum status take_captured(struct packets *p, struct packet *out, const __u8 *data,
				 const struct pcap_pkthdr *h)
{
	switch (pcap_datalink(p->pcap)) {
	case DLT_EN10MB:
		return lay_out(p, out, data, h->caplen, h->len, 0, false);
	case DLT_LINUX_SLL:
		return take_cooked(p, out, data, h->caplen, h->len, &cooked1);
	case DLT_LINUX_SLL2:
		return take_cooked(p, out, data, h->caplen, h->len, &cooked2);
	default:
		return take_raw(p, out, data, h->caplen, h->len);
	}
}

static enum status next_captured(struct packets *p, struct packet *out, bool *more)
{
	struct pcap_pkthdr *h;
	const __u8 *data;
	enum status st;
	int got;

	got = pcap_next_ex(p->pcap, &h, &data);
	if (got == PCAP_ERROR_BREAK)
		return DONE;
	if (got != 1)
		return report(USAGE, "%s: %s", p->name, pcap_geterr(p->pcap));
	st = take_captured(p, out, data, h);
	out->timed = true;
	out->time.tv_sec = h->ts.tv_sec;
	/* The file may say anything. */
	out->time.tv_nsec = (unsigned long)h->ts.tv_usec % BILLION;
	*more = !st;
	return st;
}

/*
 * tcpdump -x leaves the link header out. What begins like an IP header and is as long as
 * that says, is taken for a packet without one.
 */
static bool is_bare_ip(const struct hex_packet *h)
{
	const __u8 *d = h->data;

	if (h->length >= 40 && d[0] >> 4 == 6)
		return get16(d + 4) + 40u == h->length;
	return h->length >= 20 && d[0] >> 4 == 4 && (d[0] & 15) >= 5 && get16(d + 2) == h->length;
}

static enum status next_hex(struct packets *p, struct packet *out, bool *more)
{
	const struct hex_packet *h;
	enum status st;

	if (p->next == p->hex.count)
		return DONE;
	h = &p->hex.list[p->next++];
	if (is_bare_ip(h))
		st = take_raw(p, out, h->data, h->length, h->length);
	else
		st = lay_out(p, out, h->data, h->length, h->length, 0, false);
	*more = !st;
	return st;
}

enum status packets__next(struct packets *p, struct packet *out, bool *more)
{
	*more = false;
	return p->pcap ? next_captured(p, out, more) : next_hex(p, out, more);
}
