// SPDX-License-Identifier: GPL-2.0-only
#include "filter.h"
#include "echogate/abi.h"

#include <errno.h>
#include <stdlib.h>
#include <pcap/pcap.h>

struct filter {
	const char *text;
	struct bpf_program frames, packets;
	char why[PCAP_ERRBUF_SIZE];	/* it can't be for packets; "": it can */
};

/* False: @why says it. */
static bool compile_for(int link, const char *text, struct bpf_program *out, char *why)
{
	pcap_t *pcap = pcap_open_dead(link, EG_SNAP_MAX);
	bool good;

	if (!pcap) {
		copy_text(why, "out of memory", PCAP_ERRBUF_SIZE);
		return false;
	}
	good = !pcap_compile(pcap, out, text, 1, PCAP_NETMASK_UNKNOWN);
	if (!good)
		copy_text(why, pcap_geterr(pcap), PCAP_ERRBUF_SIZE);
	pcap_close(pcap);
	return good;
}

enum status filter__compile(struct filter **out, const char *text)
{
	struct filter *f = calloc(1, sizeof(*f));
	char wrong[PCAP_ERRBUF_SIZE];

	*out = f;
	if (!f)
		return report(FAILED, "filter: %s", why(ENOMEM));
	f->text = text;
	if (!compile_for(DLT_EN10MB, text, &f->frames, wrong))
		return report(USAGE, "filter \"%s\": %s; 'man pcap-filter' has the language", text,
			      wrong);
	compile_for(DLT_RAW, text, &f->packets, f->why);
	return DONE;
}

void filter__free(struct filter *f)
{
	if (!f)
		return;
	pcap_freecode(&f->frames);
	pcap_freecode(&f->packets);
	free(f);
}

const char *filter__text(const struct filter *f)
{
	return f ? f->text : NULL;
}

const char *filter__needs_link(const struct filter *f)
{
	return f && *f->why ? f->why : NULL;
}

bool filter__passes(const struct filter *f, bool l3, const __u8 *data, __u32 captured,
		    __u32 length)
{
	struct pcap_pkthdr h = { .caplen = captured, .len = length };

	return !f || pcap_offline_filter(l3 ? &f->packets : &f->frames, &h, data);
}
