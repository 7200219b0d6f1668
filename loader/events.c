// SPDX-License-Identifier: GPL-2.0-only
#include "events.h"
#include "metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/rtnetlink.h>

#define BUFFER		65536
#define MESSAGES_MAX	1000		/* a drain; more are left for the next */

/* The kernel takes memory only for what waits. */
#define QUEUE		(4 << 20)

/* A test makes the queue short. */
static int set_queue(struct events *e)
{
	const char *given = getenv("ECHOGATE_RCVBUF");
	int size = given ? atoi(given) : QUEUE;

	if (!setsockopt(events__fd(e), SOL_SOCKET, given ? SO_RCVBUF : SO_RCVBUFFORCE, &size,
			sizeof(size)))
		return 0;
	return -errno;
}

int events__open(struct events *e)
{
	int err;

	memset(e, 0, sizeof(*e));
	e->buffer = malloc(BUFFER);
	e->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!e->buffer || !e->socket) {
		err = e->buffer ? -errno : -ENOMEM;
		goto failed;
	}
	err = set_queue(e);
	if (!err && mnl_socket_bind(e->socket, RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
				    RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
				    MNL_SOCKET_AUTOPID))
		err = -errno;
	if (!err)
		return 0;
failed:
	events__close(e);
	return err;
}

void events__close(struct events *e)
{
	if (e->socket)
		mnl_socket_close(e->socket);
	free(e->buffer);
	memset(e, 0, sizeof(*e));
}

int events__fd(const struct events *e)
{
	return mnl_socket_get_fd(e->socket);
}

/* Routes come by the thousand a second where BGP is spoken; few of them matter. */
static unsigned int judge_route(const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	unsigned int bits = 0;

	if (rtm->rtm_family == AF_INET && rtm->rtm_table == RT_TABLE_LOCAL)
		bits |= EVENT_SYSTEM;
	if (nlh->nlmsg_type == RTM_DELROUTE || nlh->nlmsg_flags & NLM_F_REPLACE)
		bits |= EVENT_ROUTES;
	if (metrics__of_route(nlh))
		bits |= EVENT_METRICS;
	return bits;
}

static void note_gone(struct events *e, __u32 ifindex)
{
	if (e->gone_count < ARRAY_SIZE(e->gone))
		e->gone[e->gone_count] = ifindex;
	e->gone_count++;
}

static int judge(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct events *e = data;

	switch (nlh->nlmsg_type) {
	case RTM_DELLINK:
		/* A port that leaves its bridge is announced as a link of the bridge's family. */
		if (ifi->ifi_family == AF_UNSPEC)
			note_gone(e, ifi->ifi_index);
		/* fall through */
	case RTM_NEWLINK:
	case RTM_NEWADDR:
	case RTM_DELADDR:
		e->bits |= EVENT_SYSTEM;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		e->bits |= judge_route(nlh);
		break;
	}
	return MNL_CB_OK;
}

unsigned int events__drain(struct events *e)
{
	ssize_t n;

	e->bits = 0;
	e->gone_count = 0;
	for (int i = 0; i < MESSAGES_MAX; i++) {
		n = mnl_socket_recvfrom(e->socket, e->buffer, BUFFER);
		if (n > 0)
			mnl_cb_run(e->buffer, n, 0, 0, judge, e);
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0 && errno == EAGAIN)
			break;
		else
			e->bits |= EVENT_OVERRUN;
	}
	return e->bits;
}
