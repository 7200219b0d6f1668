// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>

#include "bench.h"
#include "echogate/abi.h"
#include "station.h"

/* Not in the headers of Debian 12; the kernel has it since 6.6. */
#define STATION_TCX_INGRESS 46
#define STATION_TCX_EGRESS  47

#define COMMAND_SECONDS	    20

/* Reads to the end, and keeps what there is room for. */
static void keep_output(int from, char *said, size_t size)
{
	char rest[256];
	size_t used = 0;
	ssize_t n;

	do {
		bool room = used + 1 < size;

		n = read(from, room ? said + used : rest, room ? size - 1 - used : sizeof(rest));
		if (n > 0 && room)
			used += (size_t)n;
	} while (n > 0);
	said[used] = 0;
}

static int run(int netns, char *said, size_t size, const char *format, va_list args)
{
	char line[512], *words[48], *save = NULL;
	int status, output[2] = { -1, -1 };
	size_t count = 0;
	pid_t child;

	vsnprintf(line, sizeof(line), format, args);
	if (said && pipe2(output, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	child = fork();
	if (child < 0) {
		close(output[0]);
		close(output[1]);
		return -errno;
	}
	if (!child) {
		for (char *w = strtok_r(line, " ", &save); w && count < 47;
		     w = strtok_r(NULL, " ", &save))
			words[count++] = w;
		words[count] = NULL;
		alarm(COMMAND_SECONDS);
		if (setns(netns, CLONE_NEWNET))
			_exit(126);
		/* What is printed on stdout is the report, and nothing else. */
		dup2(said ? output[1] : STDERR_FILENO, STDOUT_FILENO);
		execvp(words[0], words);
		_exit(127);
	}
	if (said) {
		close(output[1]);
		keep_output(output[0], said, size);
		close(output[0]);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	fprintf(stderr, "bench: \"%s\": %s %d\n", line,
		WIFEXITED(status) ? "exit status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return -EIO;
}

int station__run(int netns, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = run(netns, NULL, 0, format, args);
	va_end(args);
	return err;
}

/* The same, keeping what it prints. */
static int run_keeping(int netns, char *said, size_t size, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = run(netns, said, size, format, args);
	va_end(args);
	return err;
}

int station__inside(struct station *s, int (*fn)(struct station *s, void *arg), void *arg)
{
	int home, err;

	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	if (setns(s->netns, CLONE_NEWNET)) {
		err = -errno;
		goto cleanup;
	}
	err = fn(s, arg);
	if (setns(home, CLONE_NEWNET)) {
		perror("bench: back to the generator's namespace");
		exit(1);
	}
cleanup:
	close(home);
	return err;
}

static int link_create(unsigned int ifindex, int program, int type, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	return bpf_link_create(program, (int)ifindex, type, &opts);
}

int station__park(const char *device, int program)
{
	int link = link_create(if_nametoindex(device), program, BPF_XDP, XDP_FLAGS_DRV_MODE);

	if (link < 0)
		fprintf(stderr, "bench: native XDP at %s: %s\n", device, strerror(-link));
	return link;
}

static int find_target(struct station *s, void *arg)
{
	(void)arg;
	s->target = if_nametoindex(STATION_DEVICE);
	return s->target ? 0 : -errno;
}

static int new_netns(void)
{
	int home, netns, err = 0;

	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	if (unshare(CLONE_NEWNET)) {
		err = -errno;
		close(home);
		return err;
	}
	netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		err = -errno;
	if (setns(home, CLONE_NEWNET)) {
		perror("bench: back to the generator's namespace");
		exit(1);
	}
	close(home);
	return err ? err : netns;
}

int station__open(struct station *s, int number, int sink)
{
	int err;

	memset(s, 0, sizeof(*s));
	s->link = s->egress = s->sink_link = s->counters = -1;
	snprintf(s->gate_name, sizeof(s->gate_name), "gate%d", number);
	s->netns = new_netns();
	if (s->netns < 0) {
		fprintf(stderr, "bench: no network namespace: %s\n", strerror(-s->netns));
		return s->netns;
	}
	/*
	 * No address of its own choosing and no router solicitation, on a link
	 * where every frame counts.
	 */
	if ((err = station__run(s->netns, "sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 "
					  "net.ipv6.conf.default.router_solicitations=0 "
					  "net.ipv6.conf.default.accept_ra=0")) ||
	    (err = station__run(
		     s->netns,
		     "ip link add " STATION_DEVICE " address " STATION_TARGET_MAC
		     " numtxqueues 1 numrxqueues 1 type veth peer name %s address " STATION_GATE_MAC
		     " numtxqueues 1 numrxqueues 1",
		     s->gate_name)) ||
	    (err = station__run(s->netns, "ip link set %s netns %d", s->gate_name, getpid())))
		return err;
	s->gate = if_nametoindex(s->gate_name);
	err = station__inside(s, find_target, NULL);
	if (err || !s->gate) {
		fprintf(stderr, "bench: the veth pair of %s is incomplete\n", s->gate_name);
		return -ENODEV;
	}
	/* Before any traffic: what veth queues without a program it never delivers. */
	s->sink_link = link_create(s->gate, sink, BPF_XDP, XDP_FLAGS_DRV_MODE);
	if (s->sink_link < 0) {
		fprintf(stderr, "bench: native XDP on %s: %s\n", s->gate_name,
			strerror(-s->sink_link));
		return s->sink_link;
	}
	return 0;
}

int station__up(struct station *s)
{
	int self = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), err;

	if (self < 0)
		return -errno;
	if ((err = station__run(self, "sysctl -qw net.ipv6.conf.%s.disable_ipv6=1",
				s->gate_name)) ||
	    (err = station__run(self, "ip link set %s up", s->gate_name)) ||
	    (err = station__run(s->netns, "ip link set lo up")) ||
	    (err = station__run(s->netns, "ip link set " STATION_DEVICE " up")) ||
	    (err = station__run(s->netns,
				"ip addr add " STATION_TARGET_4 "/30 dev " STATION_DEVICE)) ||
	    (err = station__run(s->netns, "ip addr add " STATION_TARGET_6 "/64 dev " STATION_DEVICE
					  " nodad")) ||
	    (err = station__run(s->netns, "ip neigh add " STATION_GATE_4 " lladdr " STATION_GATE_MAC
					  " dev " STATION_DEVICE " nud permanent")) ||
	    (err = station__run(s->netns, "ip neigh add " STATION_GATE_6 " lladdr " STATION_GATE_MAC
					  " dev " STATION_DEVICE " nud permanent")) ||
	    (err = station__run(s->netns, "ip route add 198.18.0.0/15 via " STATION_GATE_4)) ||
	    (err = station__run(s->netns, "ip -6 route add fd00::/64 via " STATION_GATE_6)))
		goto cleanup;
cleanup:
	close(self);
	return err;
}

struct attach {
	int *link;
	int program;
	int type;
	__u32 flags;
};

static int attach_inside(struct station *s, void *arg)
{
	const struct attach *a = arg;
	int link;

	if (*a->link >= 0)
		return bpf_link_update(*a->link, a->program, NULL);
	link = link_create(s->target, a->program, a->type, a->flags);
	if (link < 0)
		return link;
	*a->link = link;
	return 0;
}

int station__attach_xdp(struct station *s, int program)
{
	struct attach a = { &s->link, program, BPF_XDP, XDP_FLAGS_DRV_MODE };
	int err = station__inside(s, attach_inside, &a);

	if (err)
		fprintf(stderr, "bench: native XDP at %s: %s\n", s->gate_name, strerror(-err));
	return err;
}

int station__attach_tc(struct station *s, int ingress, int egress)
{
	struct attach in = { &s->link, ingress, STATION_TCX_INGRESS, 0 };
	struct attach out = { &s->egress, egress, STATION_TCX_EGRESS, 0 };
	int err = station__inside(s, attach_inside, &in);

	if (!err && egress >= 0) {
		err = station__inside(s, attach_inside, &out);
	} else if (s->egress >= 0) {
		close(s->egress);
		s->egress = -1;
	}
	if (err)
		fprintf(stderr, "bench: tcx at %s: %s\n", s->gate_name, strerror(-err));
	return err;
}

int station__attach_echogate(struct station *s, const char *echogate, const char *mode)
{
	int err = station__run(s->netns,
			       "%s attach " STATION_DEVICE " --netns /proc/%d/fd/%d --mode %s",
			       echogate, getpid(), s->netns, mode);

	s->echogate = !err;
	return err;
}

int station__apply(struct station *s, const char *echogate, const char *path, char *said,
		   size_t size)
{
	int err = run_keeping(s->netns, said, size,
			      "%s apply %s " STATION_DEVICE " --netns /proc/%d/fd/%d", echogate,
			      path, getpid(), s->netns);

	said[strcspn(said, "\n")] = 0;
	return err;
}

int station__apply_nft(struct station *s, const char *path)
{
	return station__run(s->netns, "nft -f %s", path);
}

static int enable_gro(struct station *s, void *arg)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SGRO, .data = 1 };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	(void)arg;
	(void)s;
	if (fd < 0)
		return -errno;
	strcpy(request.ifr_name, STATION_DEVICE);
	if (ioctl(fd, SIOCETHTOOL, &request))
		err = -errno;
	close(fd);
	return err;
}

int station__enable_gro(struct station *s)
{
	int err = station__inside(s, enable_gro, NULL);

	if (err)
		fprintf(stderr, "bench: GRO at %s: %s\n", s->gate_name, strerror(-err));
	return err;
}

/* veth counts as sent at one end what was taken from the ring at the other. */
int station__received(struct station *s, __u64 *frames)
{
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	char line[512], name[32];
	unsigned long long sent;
	int err = -ENOENT;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " %31[^:]:%*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", name,
			   &sent) == 2 &&
		    !strcmp(name, s->gate_name)) {
			*frames = sent;
			err = 0;
		}
	fclose(file);
	return err;
}

/* The value that stands where `name` stands in the line above. */
static __u64 value_called(const char *names, const char *values, const char *name)
{
	char n[64], v[64];
	int skip;

	while (sscanf(names, " %63s%n", n, &skip) == 1) {
		names += skip;
		if (sscanf(values, " %63s%n", v, &skip) != 1)
			break;
		values += skip;
		if (!strcmp(n, name))
			return strtoull(v, NULL, 10);
	}
	return 0;
}

struct delivered {
	const char *counter; /* of Ip; that of Ip6 is called the same */
	__u64 packets;
};

static int read_delivered(struct station *s, void *arg)
{
	char names[1024] = "", values[1024], name[64], name6[32];
	struct delivered *d = arg;
	unsigned long long value;
	FILE *f;

	(void)s;
	d->packets = 0;
	snprintf(name6, sizeof(name6), "Ip6%s", d->counter);
	f = fopen("/proc/thread-self/net/snmp", "re");
	if (!f)
		return -errno;
	while (fgets(values, sizeof(values), f)) {
		if (!strncmp(values, "Ip:", 3) && !strncmp(names, "Ip:", 3))
			d->packets += value_called(names, values, d->counter);
		memcpy(names, values, sizeof(names));
	}
	fclose(f);
	f = fopen("/proc/thread-self/net/snmp6", "re");
	if (!f)
		return -errno;
	while (fscanf(f, "%63s %llu", name, &value) == 2)
		if (!strcmp(name, name6))
			d->packets += value;
	fclose(f);
	return 0;
}

int station__delivered(struct station *s, bool beyond, __u64 *packets)
{
	struct delivered d = { .counter = beyond ? "InDelivers" : "InReceives" };
	int err = station__inside(s, read_delivered, &d);

	*packets = d.packets;
	return err;
}

static int send_request(struct station *s, void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET }, from = { .sin_family = AF_INET };
	struct icmphdr request = {
		.type = ICMP_ECHO,
		.un.echo.id = htons(BENCH_IDENTIFIER),
	};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP), err = 0;

	(void)s;
	(void)arg;
	if (fd < 0)
		return -errno;
	request.checksum = ~(htons(ICMP_ECHO << 8) + htons(BENCH_IDENTIFIER));
	inet_pton(AF_INET, STATION_SOURCE_4, &to.sin_addr);
	inet_pton(AF_INET, STATION_TARGET_4, &from.sin_addr);
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
	    sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int station__ask(struct station *s)
{
	return station__inside(s, send_request, NULL);
}

static int find_program(struct station *s, void *arg)
{
	__u32 id = 0;
	int err;

	err = bpf_xdp_query_id((int)s->target, 0, &id);
	if (err)
		return err;
	*(int *)arg = bpf_prog_get_fd_by_id(id);
	return *(int *)arg < 0 ? -errno : 0;
}

int station__program(struct station *s)
{
	int program = -1, err = station__inside(s, find_program, &program);

	return err ? err : program;
}

/* The map of echogate's counters, which outlives its programs. */
static int find_counters(int program)
{
	__u32 ids[64], size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (__u64)(unsigned long)ids };

	if (bpf_obj_get_info_by_fd(program, &info, &size))
		return -errno;
	for (__u32 n = 0; n < info.nr_map_ids && n < 64; n++) {
		int map = bpf_map_get_fd_by_id(ids[n]);
		struct bpf_map_info is = {};

		size = sizeof(is);
		if (map >= 0 && !bpf_obj_get_info_by_fd(map, &is, &size) &&
		    !strcmp(is.name, "eg_counters"))
			return map;
		if (map >= 0)
			close(map);
	}
	return -ENOENT;
}

int station__dropped(struct station *s, __u64 *packets)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	__u32 key = EG_INGRESS;
	struct eg_counters *counters;

	if (s->counters < 0) {
		int program = station__program(s);

		if (program < 0)
			return program;
		s->counters = find_counters(program);
		close(program);
		if (s->counters < 0)
			return s->counters;
	}
	if (cpus < 0)
		return cpus;
	counters = calloc(cpus, sizeof(*counters));
	if (!counters)
		return -ENOMEM;
	if (bpf_map_lookup_elem(s->counters, &key, counters))
		err = -errno;
	*packets = 0;
	for (int cpu = 0; cpu < cpus && !err; cpu++) {
		const struct eg_cell *cells = counters[cpu].icmp;

		for (int n = 0; n < EG_CELL_COUNT; n++)
			*packets += cells[n].verdict[EG_VERDICT_DROP].packets;
	}
	free(counters);
	return err;
}

void station__close(struct station *s, const char *echogate)
{
	if (s->echogate)
		station__run(s->netns, "%s detach " STATION_DEVICE " --netns /proc/%d/fd/%d",
			     echogate, getpid(), s->netns);
	s->echogate = false;
	if (s->link >= 0)
		close(s->link);
	if (s->egress >= 0)
		close(s->egress);
	if (s->sink_link >= 0)
		close(s->sink_link);
	if (s->counters >= 0)
		close(s->counters);
	if (s->netns >= 0)
		close(s->netns);
	s->link = s->egress = s->sink_link = s->counters = s->netns = -1;
}
