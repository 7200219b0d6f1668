// SPDX-License-Identifier: GPL-2.0-only
#include "inbox.h"
#include "echo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define IP_HEADER_MAX	60
#define QUOTE_MAX	1280		/* no error is longer (RFC 4443; RFC 1812 has less) */
#define CONTROL_SIZE	512

#define STAMPS_RECEIVE	(SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_RX_HARDWARE | \
			 SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RAW_HARDWARE)
#define STAMPS_SEND	(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_HARDWARE | \
			 SOF_TIMESTAMPING_OPT_TX_SWHW | SOF_TIMESTAMPING_OPT_ID | \
			 SOF_TIMESTAMPING_OPT_TSONLY)

struct inbox {
	const struct endpoint *endpoint;
	struct mmsghdr heads[INBOX_BATCH];
	struct iovec parts[INBOX_BATCH];
	union address from[INBOX_BATCH];
	/* cmsg_len and what follows is read as it lies there. */
	_Alignas(struct cmsghdr) char control[INBOX_BATCH][CONTROL_SIZE];
	size_t room;			/* of each in data */
	__u8 *data;
};

enum status inbox__open(struct inbox **inp, const struct endpoint *e, size_t size)
{
	struct inbox *in = calloc(1, sizeof(*in));

	*inp = in;
	if (!in)
		return report(FAILED, "receive buffers: %s", why(ENOMEM));
	in->endpoint = e;
	in->room = IP_HEADER_MAX + ECHO_HEADER + (size > QUOTE_MAX ? size : QUOTE_MAX);
	in->data = calloc(INBOX_BATCH, in->room);
	if (!in->data)
		return report(FAILED, "receive buffers: %s", why(ENOMEM));
	return DONE;
}

void inbox__close(struct inbox *in)
{
	if (in)
		free(in->data);
	free(in);
}

/* Stamps --------------------------------------------------------------------------- */

static int ask(const struct inbox *in, int what)
{
	return setsockopt(in->endpoint->fd, SOL_SOCKET, SO_TIMESTAMPING, &what, sizeof(what));
}

void inbox__ask_for_stamps(struct inbox *in)
{
	int on = 1;

	/* Where even the last is refused, our own clock has to do. */
	if (ask(in, STAMPS_RECEIVE | STAMPS_SEND) && ask(in, STAMPS_RECEIVE))
		setsockopt(in->endpoint->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

void inbox__restart_keys(struct inbox *in)
{
	/* The kernel counts from 0 again when it begins to count. */
	ask(in, STAMPS_RECEIVE);
	ask(in, STAMPS_RECEIVE | STAMPS_SEND);
}

/* Receiving ------------------------------------------------------------------------ */

static int receive(struct inbox *in, int flags)
{
	int n;

	for (int i = 0; i < INBOX_BATCH; i++) {
		in->parts[i] = (struct iovec){ in->data + i * in->room, in->room };
		in->heads[i].msg_hdr = (struct msghdr){
			.msg_name = &in->from[i], .msg_namelen = sizeof(in->from[i]),
			.msg_iov = &in->parts[i], .msg_iovlen = 1,
			.msg_control = in->control[i], .msg_controllen = sizeof(in->control[i]),
		};
	}
	n = recvmmsg(in->endpoint->fd, in->heads, INBOX_BATCH, MSG_DONTWAIT | flags, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n;
}

int inbox__receive(struct inbox *in)
{
	return receive(in, 0);
}

int inbox__receive_errors(struct inbox *in)
{
	return receive(in, MSG_ERRQUEUE);
}

static __u64 to_ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ULL + t->tv_nsec;
}

static void read_error(const struct inbox *in, int at, const struct cmsghdr *c, struct arrival *a)
{
	const struct sock_extended_err *e = (const void *)CMSG_DATA(c);
	const struct sockaddr *offender = SO_EE_OFFENDER(e);

	if (e->ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
		a->stamp = true;
		a->key = e->ee_data;
	} else if (e->ee_origin == SO_EE_ORIGIN_LOCAL) {
		a->local = e->ee_errno;
	} else {
		reply__from_queue(e, &in->from[at], in->data + at * in->room,
				  in->heads[at].msg_len, &a->reply);
		memset(&a->from, 0, sizeof(a->from));
		if (offender->sa_family == AF_INET)
			a->from.in = *(const struct sockaddr_in *)offender;
		else if (offender->sa_family == AF_INET6)
			a->from.in6 = *(const struct sockaddr_in6 *)offender;
	}
}

static void read_control(const struct inbox *in, int at, const struct cmsghdr *c,
			 struct arrival *a)
{
	struct scm_timestamping stamps;
	struct timespec t;

	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
		memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
		memcpy(&t, &stamps.ts[0], sizeof(t));
		a->real = to_ns(&t);
		memcpy(&t, &stamps.ts[2], sizeof(t));
		a->hardware = to_ns(&t);
	} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		a->real = to_ns(&t);
	} else if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_TTL) ||
		   (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
		memcpy(&a->ttl, CMSG_DATA(c), sizeof(a->ttl));
	} else if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
		   (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
		read_error(in, at, c, a);
	}
}

void inbox__get(struct inbox *in, int at, struct arrival *a)
{
	struct msghdr *head = &in->heads[at].msg_hdr;
	const __u8 *data = in->data + at * in->room;
	size_t size = in->heads[at].msg_len;

	memset(a, 0, sizeof(*a));
	a->from = in->from[at];
	a->ttl = -1;
	if (!(head->msg_flags & MSG_ERRQUEUE)) {
		if (in->endpoint->family == AF_INET && in->endpoint->raw)
			reply__parse_ipv4(data, size, &a->reply);
		else
			reply__parse(in->endpoint->family, data, size, &a->reply);
		/* More came than was sent: its length is wrong, whatever its checksum. */
		if (head->msg_flags & MSG_TRUNC)
			a->reply.checksum_wrong = false;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c))
		read_control(in, at, c, a);
}
