// SPDX-License-Identifier: GPL-2.0-only
#include "tracer.h"
#include "bytes.h"
#include "echo.h"
#include "extensions.h"
#include "reply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <sys/random.h>

#define PACKET_MAX	65535
#define TCP_HEADER	20
#define PSEUDO		12		/* of IPv4, in front of a segment that is summed */
#define SEQ_STEP	65536		/* from one packet's sequence number to the next one's */
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_ACK		0x10
#define SEND_TRIES	16		/* each error that is pending makes one fail */
#define SOURCE_FIRST	49152		/* where no service is */

/* Newer than some headers that this is built with. */
#ifndef IP_RECVERR_RFC4884
#define IP_RECVERR_RFC4884 26
#endif
#ifndef IPV6_RECVERR_RFC4884
#define IPV6_RECVERR_RFC4884 31
#endif

static bool is_v4(const struct tracer *t)
{
	return t->endpoint.family == AF_INET;
}

static size_t ip_header(const struct tracer *t)
{
	return is_v4(t) ? 20 : 40;
}

size_t tracer__headers(const struct tracer *t)
{
	return ip_header(t) + (t->method == TRACE_TCP ? TCP_HEADER : 8);
}

/* Opening ------------------------------------------------------------------------ */

static enum status open_tcp(struct tracer *t, const struct probe_options *o)
{
	struct endpoint *e = &t->endpoint;
	socklen_t size = sizeof(t->from);
	union address to = t->to;
	int offset = 16;
	enum status st;

	e->fd = socket(e->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (e->fd < 0 && (errno == EPERM || errno == EACCES))
		return report(NOT_PERMITTED, "--tcp: not permitted: it needs CAP_NET_RAW; run it "
			      "as root, or without --tcp");
	if (e->fd < 0)
		return report(FAILED, "raw socket: %s", why(errno));
	st = endpoint__configure(e, o);
	if (st)
		return st;
	if (getrandom(&t->source, sizeof(t->source), 0) != sizeof(t->source) ||
	    getrandom(&t->seq, sizeof(t->seq), 0) != sizeof(t->seq))
		t->source = t->seq = getpid();
	t->source = SOURCE_FIRST + t->source % 8192;
	/* Of IPv4 the checksum is ours to make, for which our own address must be known. */
	if (is_v4(t))
		to.in.sin_port = 0;
	else if (setsockopt(e->fd, SOL_IPV6, IPV6_CHECKSUM, &offset, sizeof(offset)))
		return report(FAILED, "raw socket: %s", why(errno));
	if (connect(e->fd, &to.sa, address__size(&to)) || getsockname(e->fd, &t->from.sa, &size))
		return report(FAILED, "%s: %s", t->host->name, why(errno));
	return DONE;
}

static enum status open_udp(struct tracer *t, const struct probe_options *o)
{
	struct endpoint *e = &t->endpoint;

	e->fd = socket(e->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (e->fd < 0)
		return report(FAILED, "UDP socket: %s", why(errno));
	return endpoint__configure(e, o);
}

/* Errors with all that they bring, and when; kernels before 5.9 don't tell of extensions. */
static void ask_for_errors(const struct tracer *t)
{
	int on = 1, fd = t->endpoint.fd;

	if (is_v4(t)) {
		setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof(on));
		setsockopt(fd, SOL_IP, IP_RECVERR_RFC4884, &on, sizeof(on));
	} else {
		setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &on, sizeof(on));
		setsockopt(fd, SOL_IPV6, IPV6_RECVERR_RFC4884, &on, sizeof(on));
	}
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

enum status tracer__open(struct tracer *t, const struct host *host, const struct probe_options *o)
{
	enum status st;

	*t = (struct tracer)TRACER_INIT;
	t->endpoint.family = host->address.sa.sa_family;
	t->host = host;
	t->method = o->method;
	t->port = o->port;
	t->to = host->address;
	t->packet = malloc(PSEUDO + PACKET_MAX);
	if (!t->packet)
		return report(FAILED, "--trace: %s", why(ENOMEM));
	if (t->method == TRACE_TCP)
		st = open_tcp(t, o);
	else if (t->method == TRACE_UDP)
		st = open_udp(t, o);
	else
		st = endpoint__open(&t->endpoint, t->endpoint.family, o);
	if (!st)
		ask_for_errors(t);
	return st;
}

void tracer__close(struct tracer *t)
{
	endpoint__close(&t->endpoint);
	free(t->packet);
	t->packet = NULL;
}

/* Sending ------------------------------------------------------------------------ */

/* A SYN, behind the pseudo-header that its checksum is of as well. */
static __u8 *build_syn(struct tracer *t, size_t number, size_t size)
{
	__u32 seq = t->seq + (__u32)number * SEQ_STEP;
	__u8 *pseudo = t->packet, *tcp = pseudo + PSEUDO;
	__u16 sum;

	memset(pseudo, 0, PSEUDO + size);
	put16(tcp, t->source + number);
	put16(tcp + 2, t->port);
	put16(tcp + 4, seq >> 16);
	put16(tcp + 6, seq);
	tcp[12] = TCP_HEADER / 4 << 4;
	tcp[13] = TCP_SYN;
	put16(tcp + 14, 5840);
	if (!is_v4(t))
		return tcp;
	memcpy(pseudo, &t->from.in.sin_addr, 4);
	memcpy(pseudo + 4, &t->to.in.sin_addr, 4);
	put16(pseudo + 8, IPPROTO_TCP);
	put16(pseudo + 10, size);
	sum = echo__checksum(pseudo, PSEUDO + size);
	memcpy(tcp + 16, &sum, sizeof(sum));
	return tcp;
}

/* What goes to the socket, which puts a UDP header in front of it. */
static __u8 *build(struct tracer *t, size_t number, size_t *size)
{
	static const struct pattern counting;

	switch (t->method) {
	case TRACE_TCP:
		return build_syn(t, number, *size);
	case TRACE_UDP:
		*size -= 8;
		for (size_t i = 0; i < *size; i++)
			t->packet[i] = pattern__byte(&counting, i);
		return t->packet;
	default:
		echo__build(t->packet, t->endpoint.family, t->endpoint.id, number + 1, &counting,
			    *size - ECHO_HEADER);
		return t->packet;
	}
}

static int prepare(const struct tracer *t, int ttl, bool df)
{
	int how = df ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT, on = df, fd = t->endpoint.fd, err;

	if (is_v4(t)) {
		err = setsockopt(fd, SOL_IP, IP_TTL, &ttl, sizeof(ttl)) ?:
		      setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, &how, sizeof(how));
	} else {
		how = df ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT;
		err = setsockopt(fd, SOL_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl)) ?:
		      setsockopt(fd, SOL_IPV6, IPV6_MTU_DISCOVER, &how, sizeof(how)) ?:
		      setsockopt(fd, SOL_IPV6, IPV6_DONTFRAG, &on, sizeof(on));
	}
	return err ? -errno : 0;
}

int tracer__send(struct tracer *t, size_t number, int ttl, size_t size, bool df)
{
	union address to = t->to;
	const __u8 *packet;
	int err;

	err = prepare(t, ttl, df);
	if (err)
		return err;
	size -= ip_header(t);
	packet = build(t, number, &size);
	if (t->method == TRACE_UDP)
		address__set_port(&to, TRACE_PORT + number);
	t->last = number;
	/* Errors that wait in the queue are reported here, too, once each, and nothing is sent. */
	for (int i = 0; i < SEND_TRIES; i++) {
		ssize_t n = t->method == TRACE_TCP ?
				    send(t->endpoint.fd, packet, size, 0) :
				    sendto(t->endpoint.fd, packet, size, 0, &to.sa,
					   address__size(&to));

		if (n >= 0)
			return 0;
		err = -errno;
		if (err == -EMSGSIZE || err == -EPERM || err == -ENETUNREACH || err == -EINVAL)
			break;
	}
	return err;
}

/* Hearing ------------------------------------------------------------------------ */

struct mail {
	struct msghdr msg;
	struct iovec iov;
	union address name;
	char control[512] __attribute__((aligned(__alignof__(struct cmsghdr))));
	__u8 data[TRACE_QUOTED + 60];
};

static ssize_t receive(const struct tracer *t, struct mail *m, int flags)
{
	m->iov = (struct iovec){ .iov_base = m->data, .iov_len = sizeof(m->data) };
	m->msg = (struct msghdr){ .msg_name = &m->name, .msg_namelen = sizeof(m->name),
				  .msg_iov = &m->iov, .msg_iovlen = 1, .msg_control = m->control,
				  .msg_controllen = sizeof(m->control) };
	return recvmsg(t->endpoint.fd, &m->msg, MSG_DONTWAIT | flags);
}

static const struct sock_extended_err *read_control(struct mail *m, struct heard *h)
{
	const struct sock_extended_err *e = NULL;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg); c; c = CMSG_NXTHDR(&m->msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR))
			e = (const void *)CMSG_DATA(c);
	}
	h->when = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
	return e;
}

/* Of which packet an error is, by what is left of its upper layer. */
static bool find_number(const struct tracer *t, const struct mail *m, const __u8 *quoted,
			size_t size, size_t *number)
{
	if (t->method == TRACE_UDP) {
		*number = (__u16)(address__port(&m->name) - TRACE_PORT);
		return true;
	}
	if (size < 8)
		return false;
	if (t->method == TRACE_TCP) {
		*number = (__u16)(get16(quoted) - t->source);
		return get16(quoted + 2) == t->port;
	}
	*number = (__u16)(get16(quoted + 6) - 1);
	return get16(quoted + 4) == t->endpoint.id;
}

static int hear_error(struct tracer *t, struct heard *h)
{
	const struct sock_extended_err *e;
	size_t header = ip_header(t) + (t->method == TRACE_UDP ? 8 : 0);
	struct mail m;
	ssize_t n;

	for (;;) {
		n = receive(t, &m, MSG_ERRQUEUE);
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		memset(h, 0, sizeof(*h));
		e = read_control(&m, h);
		if (!e)
			continue;
		h->error = true;
		h->info = e->ee_info;
		h->extensions = -1;
		if (e->ee_origin == SO_EE_ORIGIN_LOCAL) {
			h->local = true;
			h->number = t->last;
			return 1;
		}
		if (e->ee_origin != SO_EE_ORIGIN_ICMP && e->ee_origin != SO_EE_ORIGIN_ICMP6)
			continue;
		if (!find_number(t, &m, m.data, n, &h->number))
			continue;
		h->type = e->ee_type;
		h->code = e->ee_code;
		memcpy(&h->from, SO_EE_OFFENDER(e),
		       is_v4(t) ? sizeof(h->from.in) : sizeof(h->from.in6));
		h->quoted_size = n < TRACE_QUOTED ? n : TRACE_QUOTED;
		memcpy(h->quoted, m.data, h->quoted_size);
		if (!(e->ee_rfc4884.flags & SO_EE_RFC4884_FLAG_INVALID))
			h->extensions = extensions__find(h->quoted, h->quoted_size, header,
							 e->ee_rfc4884.len);
		return 1;
	}
}

static bool read_tcp(const struct tracer *t, const __u8 *p, size_t size, struct heard *h)
{
	size_t header = is_v4(t) && size ? (*p & 15) * 4 : 0;
	__u32 taken;

	if (size < header + TCP_HEADER)
		return false;
	p += header;
	h->number = (__u16)(get16(p + 2) - t->source);
	/* The SYN, and of its data as much as somebody likes. */
	taken = get32(p + 8) - (t->seq + (__u32)h->number * SEQ_STEP);
	h->open = (p[13] & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
	return get16(p) == t->port && (h->open || p[13] & TCP_RST) && taken && taken < SEQ_STEP;
}

static bool read_echo(const struct tracer *t, const __u8 *p, size_t size, struct heard *h)
{
	struct reply r;

	if (is_v4(t) && t->endpoint.raw)
		reply__parse_ipv4(p, size, &r);
	else
		reply__parse(t->endpoint.family, p, size, &r);
	h->number = (__u16)(r.seq - 1);
	return r.kind == REPLY_ECHO && r.id == t->endpoint.id;
}

static int hear_reply(struct tracer *t, struct heard *h)
{
	struct mail m;
	int errors = 0;
	bool ours;
	ssize_t n;

	for (;;) {
		n = receive(t, &m, 0);
		if (n < 0 && errno == EAGAIN)
			return 0;
		/* What the error queue has is told here once more, as an error of the socket. */
		if (n < 0 && ++errors > SEND_TRIES)
			return -errno;
		if (n < 0)
			continue;
		memset(h, 0, sizeof(*h));
		h->extensions = -1;
		read_control(&m, h);
		h->from = m.name;
		if (t->method == TRACE_TCP)
			ours = read_tcp(t, m.data, n, h);
		else if (t->method == TRACE_UDP)
			ours = find_number(t, &m, m.data, n, &h->number);
		else
			ours = read_echo(t, m.data, n, h);
		if (ours && address__equal(&h->from, &t->to))
			return 1;
	}
}

int tracer__hear(struct tracer *t, struct heard *h)
{
	return hear_error(t, h) ?: hear_reply(t, h);
}

/* What it means ------------------------------------------------------------------- */

bool heard__is_too_big(const struct heard *h, const struct tracer *t)
{
	if (!h->error || h->local)
		return false;
	return is_v4(t) ? h->type == ICMP_DEST_UNREACH && h->code == ICMP_FRAG_NEEDED :
			  h->type == ICMPV6_PKT_TOOBIG;
}

bool heard__is_final(const struct heard *h, const struct tracer *t)
{
	if (!h->error)
		return true;
	return !h->local && !heard__is_too_big(h, t) &&
	       h->type == (is_v4(t) ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH);
}

bool heard__is_reached(const struct heard *h, const struct tracer *t)
{
	if (!heard__is_final(h, t))
		return false;
	return !h->error || h->code == (is_v4(t) ? ICMP_PORT_UNREACH : ICMPV6_PORT_UNREACH) ||
	       address__equal(&h->from, &t->to);
}
