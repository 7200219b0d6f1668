/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every file of the loader needs: exit statuses, error lines, numbers.
 *
 * Two kinds of functions exist here. Those that "report" print their own error
 * line and return an enum status; all others are silent and return -errno.
 */
#ifndef LOADER_UTIL_H
#define LOADER_UTIL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

/* Exit statuses of the command line; they don't change. */
enum status {
	DONE = 0,
	FAILED = 1,
	USAGE = 2,
	NOT_PERMITTED = 3,
	NOT_ATTACHED = 4,
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define SECOND		1000000000ULL /* ns */

/* 1: libbpf's warnings and notes are shown. 2: its debugging too. */
extern int verbosity;

/* A person looks at what is printed, not a program. */
extern bool stdout_is_terminal;

/* Prints one line on stderr, "echogate: ...", and returns @status. */
__attribute__((format(printf, 2, 3)))
enum status report(enum status status, const char *fmt, ...);

/* A line on stderr that is no error. */
__attribute__((format(printf, 1, 2)))
void note(const char *fmt, ...);

/* How much a line matters, as syslog has it: report() is an error, note() a notice. */
enum level { LEVEL_ERROR = 3, LEVEL_WARNING = 4, LEVEL_NOTICE = 5, LEVEL_INFO = 6 };

/* A line of any level; INFO is a result, and goes to stdout as it is. */
__attribute__((format(printf, 2, 3)))
void tell(enum level level, const char *fmt, ...);

/* A line that belongs to the one before: what stands in a file, and where. */
void tell_more(enum level level, const char *line);

/* The daemon has all of them logged instead. @more: it belongs to the one before. */
extern void (*log_line)(enum level level, bool more, const char *line);

/* The exit status that an errno means (either sign). */
enum status status_of(int err);

/* strerror() for either sign. */
const char *why(int err);

/*
 * Decimal number within [min, max], nothing after it. @what names the option in
 * the error line. Reports.
 */
enum status parse_number(const char *what, const char *text, unsigned long min, unsigned long max,
			 unsigned long *value);

/* A name the kernel could have given an interface. Reports. */
enum status check_ifname(const char *name);

/* First line of a small file, without the newline. -errno. */
int read_line(const char *path, char *buf, size_t size);

/* CLOCK_MONOTONIC, ns. */
__u64 monotonic_ns(void);

/* CLOCK_REALTIME, ns: somebody may set it. */
__u64 realtime_ns(void);

/* CLOCK_BOOTTIME, ns: goes on while the machine sleeps. */
__u64 boottime_ns(void);

/* FNV-1a, to be continued; not against design. */
#define HASH_START	0xcbf29ce484222325
__u64 hash_bytes(__u64 hash, const void *data, size_t size);

/* Closes a descriptor if there is one, and forgets it. */
void close_fd(int *fd);

/* An address of either family, IPv4 mapped into IPv6: the former as such. */
void in6__print(const struct in6_addr *addr, char text[INET6_ADDRSTRLEN]);

/* Cuts quietly; for texts that only people read. */
void copy_text(char *to, const char *from, size_t size);

/* Whether this process has a capability; true if the kernel won't tell: its own refusal has to do. */
bool capability__held(int cap);

/* bpf() itself, and the capabilities that every command on BPF objects needs. Reports. */
enum status check_privileges(void);

/* The capabilities, silently. */
bool is_privileged(void);

/* What isn't held, and the verb: "CAP_BPF is". */
const char *missing_privileges(bool bpf, bool net);

/* libbpf's messages go through here from now on. */
void libbpf_quieten(void);

/* What libbpf last warned about, without its prefix; "" if nothing. */
const char *libbpf_last_warning(void);

/* Before something whose warning is to be told from earlier ones. */
void libbpf_forget_warning(void);

#endif
