// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum block {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

/* Numbers of options are their block's own, but for the first two. */
enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_OS = 3,
	SHB_APPLICATION = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
	EPB_VERDICT = 7,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
	ISB_USRDELIV = 8,
};

#define MAGIC		0x1a2b3c4du
#define NANOSECONDS	9		/* of if_tsresol: 10^-9 */
#define OPTION_MAX	0xfff0		/* bytes; the length has 16 bits */

/* To be padded to whole words. */
static void put(struct pcapng *p, const void *data, size_t size)
{
	size_t padded = (size + 3) & ~3UL, room = p->room ?: 1024;
	__u8 *more;

	while (room < p->used + padded)
		room *= 2;
	if (room > p->room) {
		more = realloc(p->block, room);
		if (!more) {
			p->failed = true;
			return;
		}
		p->block = more;
		p->room = room;
	}
	if (size)
		memcpy(p->block + p->used, data, size);
	memset(p->block + p->used + size, 0, padded - size);
	p->used += padded;
}

static void put32(struct pcapng *p, __u32 value)
{
	put(p, &value, sizeof(value));
}

static void put16s(struct pcapng *p, __u16 first, __u16 second)
{
	__u16 both[2] = { first, second };

	put(p, both, sizeof(both));
}

/* Upper half first, whatever the byte order. */
static void put_time(struct pcapng *p, __u64 ns)
{
	put32(p, ns >> 32);
	put32(p, ns);
}

static void option(struct pcapng *p, enum option code, const void *data, size_t size)
{
	if (size > OPTION_MAX)
		size = OPTION_MAX;
	put16s(p, code, size);
	put(p, data, size);
}

static void option_text(struct pcapng *p, enum option code, const char *text)
{
	if (text && *text)
		option(p, code, text, strlen(text));
}

static void option64(struct pcapng *p, enum option code, __u64 value)
{
	option(p, code, &value, sizeof(value));
}

/* Its length is put in at the end, in both places. */
static void begin(struct pcapng *p, enum block type)
{
	p->used = 0;
	put32(p, type);
	put32(p, 0);
}

static void end(struct pcapng *p)
{
	__u32 size;

	option(p, OPT_END, NULL, 0);
	size = p->used + sizeof(size);
	put32(p, size);
	if (p->failed)
		return;
	memcpy(p->block + sizeof(__u32), &size, sizeof(size));
	fwrite(p->block, 1, p->used, p->to);
}

void pcapng__begin(struct pcapng *p, FILE *to, const char *application)
{
	__u64 unknown = ~0ULL;
	struct utsname u;
	char os[256];

	memset(p, 0, sizeof(*p));
	p->to = to;
	begin(p, BLOCK_SECTION);
	put32(p, MAGIC);
	put16s(p, 1, 0);		/* version */
	put(p, &unknown, sizeof(unknown));	/* length of the section */
	if (!uname(&u)) {
		snprintf(os, sizeof(os), "%s %s", u.sysname, u.release);
		option_text(p, SHB_OS, os);
	}
	option_text(p, SHB_APPLICATION, application);
	end(p);
}

void pcapng__interface(struct pcapng *p, const struct pcapng_interface *i)
{
	__u8 resolution = NANOSECONDS;
	char filter[1024];
	size_t len;

	begin(p, BLOCK_INTERFACE);
	put16s(p, i->link, 0);
	put32(p, i->snap);
	option_text(p, IF_NAME, i->name);
	option_text(p, IF_DESCRIPTION, i->description);
	option(p, IF_TSRESOL, &resolution, sizeof(resolution));
	if (i->filter && *i->filter) {
		/* The first byte says that it is a text. */
		filter[0] = 0;
		len = strlen(i->filter);
		len = len < sizeof(filter) - 1 ? len : sizeof(filter) - 1;
		memcpy(filter + 1, i->filter, len);
		option(p, IF_FILTER, filter, len + 1);
	}
	end(p);
}

void pcapng__packet(struct pcapng *p, const struct pcapng_packet *packet)
{
	__u32 flags = packet->way;
	__u8 verdict[1 + sizeof(packet->code)];

	begin(p, BLOCK_PACKET);
	put32(p, packet->interface);
	put_time(p, packet->time);
	put32(p, packet->captured);
	put32(p, packet->length);
	put(p, packet->data, packet->captured);
	option_text(p, OPT_COMMENT, packet->comment);
	option(p, EPB_FLAGS, &flags, sizeof(flags));
	if (packet->program != PCAPNG_NO_PROGRAM) {
		verdict[0] = packet->program;
		memcpy(verdict + 1, &packet->code, sizeof(packet->code));
		option(p, EPB_VERDICT, verdict, sizeof(verdict));
	}
	end(p);
}

void pcapng__statistics(struct pcapng *p, __u32 interface, __u64 time, __u64 there, __u64 written,
			__u64 lost)
{
	begin(p, BLOCK_STATISTICS);
	put32(p, interface);
	put_time(p, time);
	option64(p, ISB_IFRECV, there);
	option64(p, ISB_IFDROP, lost);
	option64(p, ISB_USRDELIV, written);
	end(p);
}

void pcapng__end(struct pcapng *p)
{
	free(p->block);
	p->block = NULL;
}
