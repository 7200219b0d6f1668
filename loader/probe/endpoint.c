// SPDX-License-Identifier: GPL-2.0-only
#include "endpoint.h"

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <sys/random.h>
#include <sys/socket.h>

#define RECEIVE_BUFFER	(4 << 20)
#define GROUP_RANGE	"/proc/sys/net/ipv4/ping_group_range"

/* Sockets -------------------------------------------------------------------------- */

static enum status refused(int family, int raw, int ping)
{
	char range[64];

	if (raw == -EAFNOSUPPORT)
		return report(FAILED, "%s: this kernel doesn't have it", family_name(family));
	if (raw != -EPERM && raw != -EACCES)
		return report(FAILED, "raw socket: %s", why(raw));
	if (ping != -EACCES)
		return report(FAILED, "ping socket: %s", why(ping));
	if (read_line(GROUP_RANGE, range, sizeof(range)))
		copy_text(range, "?", sizeof(range));
	range[strcspn(range, "\t")] = range[strcspn(range, "\t")] ? '-' : 0;
	return report(NOT_PERMITTED, "not permitted: a raw socket needs CAP_NET_RAW, a ping socket "
		      "a group within net.ipv4.ping_group_range (%s); run it as root, or there: "
		      "sysctl net.ipv4.ping_group_range='0 2147483647'", range);
}

static enum status open_socket(struct endpoint *e)
{
	static bool told;
	int protocol = e->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int err;

	e->raw = true;
	e->fd = socket(e->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (e->fd >= 0)
		return DONE;
	err = -errno;
	e->raw = false;
	e->fd = socket(e->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (e->fd < 0)
		return refused(e->family, err, -errno);
	if (!told)
		note("without CAP_NET_RAW: by a ping socket, which hides replies that are malformed "
		     "or have a wrong checksum");
	told = true;
	return DONE;
}

/* Options -------------------------------------------------------------------------- */

static enum status set(const struct endpoint *e, const char *what, int level, int name, int value)
{
	if (!setsockopt(e->fd, level, name, &value, sizeof(value)))
		return DONE;
	return report(status_of(errno), "%s: %s", what, why(errno));
}

static enum status set_options4(const struct endpoint *e, const struct probe_options *o)
{
	enum status st = set(e, "TTL of replies", SOL_IP, IP_RECVTTL, 1) ?:
			 set(e, "--ttl", SOL_IP, IP_MULTICAST_LOOP, 0);

	if (!st && o->ttl >= 0)
		st = set(e, "--ttl", SOL_IP, IP_TTL, o->ttl) ?:
		     set(e, "--ttl", SOL_IP, IP_MULTICAST_TTL, o->ttl);
	if (!st && o->tos >= 0)
		st = set(e, "--tos", SOL_IP, IP_TOS, o->tos);
	if (!st && o->df)
		st = set(e, "--df", SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	if (!st && !e->raw)
		st = set(e, "errors", SOL_IP, IP_RECVERR, 1);
	return st;
}

static enum status set_options6(const struct endpoint *e, const struct probe_options *o)
{
	enum status st = set(e, "hop limit of replies", SOL_IPV6, IPV6_RECVHOPLIMIT, 1) ?:
			 set(e, "--ttl", SOL_IPV6, IPV6_MULTICAST_LOOP, 0);

	if (!st && o->ttl >= 0)
		st = set(e, "--ttl", SOL_IPV6, IPV6_UNICAST_HOPS, o->ttl) ?:
		     set(e, "--ttl", SOL_IPV6, IPV6_MULTICAST_HOPS, o->ttl);
	if (!st && o->tos >= 0)
		st = set(e, "--tos", SOL_IPV6, IPV6_TCLASS, o->tos);
	if (!st && o->df)
		st = set(e, "--df", SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO) ?:
		     set(e, "--df", SOL_IPV6, IPV6_DONTFRAG, 1);
	if (!st && !e->raw)
		st = set(e, "errors", SOL_IPV6, IPV6_RECVERR, 1);
	return st;
}

/* The kernel would send from another interface's address, and replies go there. */
static bool has_address(const char *interface, int family)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all))
		return true;
	for (const struct ifaddrs *a = all; a && !found; a = a->ifa_next)
		found = a->ifa_addr && a->ifa_addr->sa_family == family &&
			!strcmp(a->ifa_name, interface);
	freeifaddrs(all);
	return found;
}

static enum status bind_interface(const struct endpoint *e, const struct probe_options *o)
{
	if (!has_address(o->interface, e->family) && o->from.sa.sa_family == AF_UNSPEC)
		return report(FAILED, "%s: it has no %s address to send from; give it one, or say "
			      "--source", o->interface, family_name(e->family));
	if (setsockopt(e->fd, SOL_SOCKET, SO_BINDTODEVICE, o->interface, strlen(o->interface)))
		return report(status_of(errno), "--interface %s: %s", o->interface, why(errno));
	return DONE;
}

static enum status bind_source(const struct endpoint *e, const struct probe_options *o)
{
	if (!bind(e->fd, &o->from.sa, address__size(&o->from)))
		return DONE;
	if (errno == EADDRNOTAVAIL)
		return report(FAILED, "--source %s: no interface here has this address; 'ip address' "
			      "lists them", o->source);
	return report(status_of(errno), "--source %s: %s", o->source, why(errno));
}

/* What is heard ---------------------------------------------------------------------- */

/* Echo replies with another id are others'; of errors, only the reader can tell. */
static int filter_id(const struct endpoint *e)
{
	struct sock_filter v4[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_ECHOREPLY, 0, 2),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, e->id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ~0u),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter v6[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY, 0, 2),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, e->id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ~0u),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {
		.len = e->family == AF_INET ? ARRAY_SIZE(v4) : ARRAY_SIZE(v6),
		.filter = e->family == AF_INET ? v4 : v6,
	};

	return setsockopt(e->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno :
											    0;
}

static int filter_types(const struct endpoint *e)
{
	if (e->family == AF_INET) {
		struct icmp_filter f = { ~(1u << ICMP_ECHOREPLY | 1u << ICMP_DEST_UNREACH |
					   1u << ICMP_SOURCE_QUENCH | 1u << ICMP_REDIRECT |
					   1u << ICMP_TIME_EXCEEDED | 1u << ICMP_PARAMETERPROB) };

		return setsockopt(e->fd, SOL_RAW, ICMP_FILTER, &f, sizeof(f)) ? -errno : 0;
	} else {
		struct icmp6_filter f;

		ICMP6_FILTER_SETBLOCKALL(&f);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
		ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &f);
		ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &f);
		ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &f);
		ICMP6_FILTER_SETPASS(ICMP6_PARAM_PROB, &f);
		return setsockopt(e->fd, SOL_ICMPV6, ICMP6_FILTER, &f, sizeof(f)) ? -errno : 0;
	}
}

/* What came before the filters stood is nobody's reply. */
static void drain(const struct endpoint *e)
{
	char byte;

	while (recv(e->fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0)
		;
}

static enum status choose_replies(struct endpoint *e)
{
	int err;

	if (getrandom(&e->id, sizeof(e->id), 0) != sizeof(e->id))
		e->id = getpid();
	err = filter_types(e);
	if (!err)
		err = filter_id(e);
	if (err)
		return report(FAILED, "filter of replies: %s", why(err));
	drain(e);
	return DONE;
}

/* A ping socket is given its id by bind(), as others are their port. */
static enum status learn_id(struct endpoint *e, const struct probe_options *o)
{
	union address a = { .sa.sa_family = e->family };
	socklen_t size = sizeof(a);

	if ((o->from.sa.sa_family == AF_UNSPEC && bind(e->fd, &a.sa, address__size(&a))) ||
	    getsockname(e->fd, &a.sa, &size))
		return report(FAILED, "ping socket: %s", why(errno));
	e->id = address__port(&a);
	return DONE;
}

enum status endpoint__configure(const struct endpoint *e, const struct probe_options *o)
{
	enum status st = e->family == AF_INET ? set_options4(e, o) : set_options6(e, o);

	if (!st && o->interface)
		st = bind_interface(e, o);
	if (!st && o->from.sa.sa_family != AF_UNSPEC)
		st = bind_source(e, o);
	return st;
}

enum status endpoint__open(struct endpoint *e, int family, const struct probe_options *o)
{
	int room = RECEIVE_BUFFER;
	enum status st;

	*e = (struct endpoint)ENDPOINT_INIT;
	e->family = family;
	st = open_socket(e);
	if (st)
		return st;
	/* Beyond net.core.rmem_max only for CAP_NET_ADMIN; as much as is given has to do. */
	if (setsockopt(e->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	st = endpoint__configure(e, o);
	if (!st)
		st = e->raw ? choose_replies(e) : learn_id(e, o);
	if (st)
		endpoint__close(e);
	return st;
}

void endpoint__close(struct endpoint *e)
{
	close_fd(&e->fd);
}

unsigned int endpoint__mtu(const struct endpoint *e, const union address *to)
{
	union address there = *to;
	bool v4 = e->family == AF_INET;
	socklen_t size = sizeof(int);
	int fd, mtu = 0;

	fd = socket(e->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	address__set_port(&there, 7);
	if (connect(fd, &there.sa, address__size(&there)) ||
	    getsockopt(fd, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_MTU : IPV6_MTU, &mtu, &size))
		mtu = 0;
	close(fd);
	return mtu;
}
