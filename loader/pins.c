// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

static const char *const prefixes[] = {
	[PLACE_RUNNING] = "",
	[PLACE_NEW] = "new",
	[PLACE_PREVIOUS] = "previous",
};

const struct pinned_map pinned_maps[] = {
	[PIN_COUNTERS] = { "eg_counters", MAP_LASTING },
	[PIN_RULE_CELLS] = { "eg_rule_cells", MAP_LASTING },
	[PIN_LIMITS] = { "eg_limits", MAP_LASTING },
	[PIN_SOURCES] = { "eg_sources", MAP_LASTING },
	[PIN_GATES] = { "eg_gates", MAP_LASTING },
	[PIN_TAPS] = { "eg_taps", MAP_LASTING },
	[PIN_TAP_RINGS] = { "eg_tap_rings", MAP_LASTING },
	[PIN_TAP_CELLS] = { "eg_tap_cells", MAP_LASTING },
	[PIN_RECORDER] = { "eg_recorder", MAP_LASTING },
	[PIN_ECHOES] = { "eg_echoes", MAP_LASTING },
	[PIN_RTT] = { "eg_rtt", MAP_LASTING },
	[PIN_OBSERVED] = { "eg_observed", MAP_LASTING },
	[PIN_CONFIG] = { "eg_config", MAP_SYSTEM },
	[PIN_ADDRS] = { "eg_addrs", MAP_SYSTEM },
	[PIN_PATHS] = { "eg_paths", MAP_SYSTEM },
	[PIN_VLANS] = { "eg_vlans", MAP_SYSTEM },
	[PIN_METRICS] = { "eg_metrics", MAP_SYSTEM },
	[PIN_TABLE] = { "eg_table", MAP_GENERATION },
	[PIN_VECTORS] = { "eg_vectors", MAP_GENERATION },
	[PIN_RULES] = { "eg_rules", MAP_GENERATION },
	[PIN_PREFIX4] = { "eg_prefix4", MAP_GENERATION },
	[PIN_BUCKET4] = { "eg_bucket4", MAP_GENERATION },
	[PIN_MIXED4] = { "eg_mixed4", MAP_GENERATION },
	[PIN_PREFIX6] = { "eg_prefix6", MAP_GENERATION },
	[PIN_BUCKET6] = { "eg_bucket6", MAP_GENERATION },
	[PIN_GROUPS] = { "eg_groups", MAP_GENERATION },
	[PIN_TRACE] = { "eg_trace", MAP_GENERATION },
	[PIN_TEXT] = { "eg_text", MAP_GENERATION },
	[PIN_META] = { "eg_meta", MAP_GENERATION },
};

const char *const pin_program_names[] = {
	[EG_INGRESS] = "prog_ingress",
	[EG_EGRESS] = "prog_egress",
};

const char *const pin_link_names[] = {
	[HOOK_XDP] = "link_xdp",
	[HOOK_TC_INGRESS] = "link_tc_ingress",
	[HOOK_TC_EGRESS] = "link_tc_egress",
};

/*
 * 1: it is mounted, 0: it isn't. -errno: nobody knows, and then nothing is to be mounted over what
 * may be there, nor looked for elsewhere.
 */
static int look_for_bpffs(void)
{
	struct statfs fs;

	while (statfs(BPFFS, &fs))
		if (errno != EINTR)
			return errno == ENOENT ? 0 : -errno;
	return (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

bool pins__mounted(void)
{
	return look_for_bpffs() > 0;
}

/* Mount namespace of a process, if it can be opened and isn't our own. */
static int open_other_mounts(int pid)
{
	struct stat own, other;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (stat("/proc/self/ns/mnt", &own) || fstat(fd, &other) ||
	    (own.st_ino == other.st_ino && own.st_dev == other.st_dev)) {
		close(fd);
		return -EEXIST;
	}
	return fd;
}

static int parent_of(int pid)
{
	char path[64], line[512], *p;
	int ppid = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_line(path, line, sizeof(line)))
		return 0;
	p = strrchr(line, ')');		/* a command's name may hold anything */
	if (!p || sscanf(p + 1, " %*c %d", &ppid) != 1)
		return 0;
	return ppid;
}

void pins__enter_mounts(void)
{
	int fd, found = -1;

	if (look_for_bpffs())
		return;
	fd = open_other_mounts(1);
	if (fd == -EEXIST)
		return;
	if (fd < 0) {
		/* Not ours to see; the outermost of our ancestors is as good. */
		for (int pid = getppid(); pid > 1; pid = parent_of(pid)) {
			fd = open_other_mounts(pid);
			if (fd < 0)
				continue;
			close_fd(&found);
			found = fd;
		}
		fd = found;
	}
	if (fd < 0)
		return;
	/* If this is refused, bpffs gets mounted where we are. */
	if (setns(fd, CLONE_NEWNS) && verbosity)
		note("the outer mount namespace can't be entered: %s", why(errno));
	close(fd);
}

static enum status mount_bpffs(void)
{
	int there = look_for_bpffs();

	if (there < 0)
		return report(status_of(there), BPFFS ": %s", why(there));
	if (there)
		return DONE;
	if (!mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return DONE;
	if (errno == ENOENT)
		return report(FAILED,
			      BPFFS " doesn't exist: is sysfs mounted on /sys, and does this "
				    "kernel have CONFIG_BPF_SYSCALL?");
	if (errno == ENODEV)
		return report(FAILED,
			      "this kernel has no BPF file system; CONFIG_BPF_SYSCALL is needed");
	return report(status_of(errno), "the BPF file system can't be mounted on " BPFFS ": %s; "
		      "try: mount -t bpf bpf " BPFFS, why(errno));
}

static enum status make_root(void)
{
	if (mkdir(PIN_ROOT, 0700) && errno != EEXIST)
		goto failed;
	if (!access(PIN_ROOT, W_OK))
		return DONE;
failed:
	if (errno == EROFS)
		return report(FAILED, "the BPF file system on " BPFFS " is read-only; "
				      "try: mount -o remount,rw " BPFFS);
	return report(status_of(errno), PIN_ROOT ": %s", why(errno));
}

static enum status take_lock(int *lock, int how)
{
	struct stat held, there;
	enum status st;

	st = mount_bpffs();
	if (st)
		return st;
	for (;;) {
		st = make_root();
		if (st)
			return st;
		*lock = open(PIN_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (*lock < 0) {
			if (errno == ENOENT)
				continue;	/* another command's end took it away */
			return report(status_of(errno), PIN_ROOT ": %s", why(errno));
		}
		while (flock(*lock, how)) {
			if (errno == EINTR)
				continue;
			if (errno != EWOULDBLOCK)
				return report(FAILED, PIN_ROOT " can't be locked: %s", why(errno));
			close_fd(lock);
			return DONE;
		}
		/* While we waited the directory may have been removed and made anew. */
		if (!fstat(*lock, &held) && !stat(PIN_ROOT, &there) && held.st_ino == there.st_ino)
			return DONE;
		close_fd(lock);
	}
}

enum status pins__lock(int *lock)
{
	return take_lock(lock, LOCK_EX);
}

enum status pins__try_lock(int *lock)
{
	return take_lock(lock, LOCK_EX | LOCK_NB);
}

/* Whoever was killed may have left directories of namespaces empty, too. Others can't be removed. */
static void remove_empty(void)
{
	DIR *root = opendir(PIN_ROOT);
	struct dirent *e;

	if (!root)
		return;
	while ((e = readdir(root)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(root), e->d_name, AT_REMOVEDIR);
	closedir(root);
	rmdir(PIN_ROOT);
}

void pins__unlock(int *lock)
{
	if (*lock < 0)
		return;
	remove_empty();
	close_fd(lock);
}

void pins__dir(char *path, size_t size, const struct pin_dir *d)
{
	snprintf(path, size, PIN_ROOT "/%llu/%s%u", (unsigned long long)d->cookie,
		 prefixes[d->place], d->ifindex);
}

void pins__path(char *path, size_t size, const struct pin_dir *d, const char *name)
{
	char dir[PIN_PATH];

	pins__dir(dir, sizeof(dir), d);
	snprintf(path, size, "%s/%s", dir, name);
}

struct pin_dir pins__beside(const struct pin_dir *d, enum pin_place place)
{
	struct pin_dir other = *d;

	other.place = place;
	return other;
}

static int by_place(const void *va, const void *vb)
{
	const struct pin_dir *a = va, *b = vb;

	if (a->cookie != b->cookie)
		return a->cookie < b->cookie ? -1 : 1;
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return (int)a->place - (int)b->place;
}

static bool parse_name(const char *name, struct pin_dir *d)
{
	unsigned long long v;
	char *end;

	d->place = PLACE_RUNNING;
	for (int i = PLACE_NEW; i < PLACE_COUNT; i++) {
		size_t len = strlen(prefixes[i]);

		if (!strncmp(name, prefixes[i], len)) {
			d->place = i;
			name += len;
			break;
		}
	}
	v = strtoull(name, &end, 10);
	d->ifindex = v;
	return *name >= '1' && *name <= '9' && !*end && v <= UINT32_MAX;
}

static int list_namespace(__u64 cookie, struct pin_dir **list, size_t *count)
{
	struct pin_dir d = { .cookie = cookie };
	struct pin_dir *more;
	struct dirent *e;
	char path[PIN_PATH];
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), PIN_ROOT "/%llu", (unsigned long long)cookie);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(dir))) {
		if (!parse_name(e->d_name, &d))
			continue;
		more = realloc(*list, (*count + 1) * sizeof(**list));
		if (!more) {
			err = -ENOMEM;
			break;
		}
		*list = more;
		more[(*count)++] = d;
	}
	closedir(dir);
	return err;
}

/* What a list ends with. Returns @err. */
static int finish_list(struct pin_dir **list, size_t *count, int err)
{
	if (err) {
		free(*list);
		*list = NULL;
		*count = 0;
	} else if (*count) {
		qsort(*list, *count, sizeof(**list), by_place);
	}
	return err;
}

int pins__list(struct pin_dir **list, size_t *count)
{
	struct dirent *e;
	__u64 cookie;
	int err = 0;
	char *end;
	DIR *dir;

	*list = NULL;
	*count = 0;
	if (!pins__mounted())
		return 0;
	dir = opendir(PIN_ROOT);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (e = readdir(dir))) {
		cookie = strtoull(e->d_name, &end, 10);
		if (cookie && !*end)
			err = list_namespace(cookie, list, count);
	}
	closedir(dir);
	return finish_list(list, count, err);
}

int pins__list_of(__u64 cookie, struct pin_dir **list, size_t *count)
{
	*list = NULL;
	*count = 0;
	return finish_list(list, count, list_namespace(cookie, list, count));
}

int pins__make(const struct pin_dir *d)
{
	char path[PIN_PATH];

	snprintf(path, sizeof(path), PIN_ROOT "/%llu", (unsigned long long)d->cookie);
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	pins__dir(path, sizeof(path), d);
	return mkdir(path, 0700) ? -errno : 0;
}

int pins__exchange(const struct pin_dir *a, const struct pin_dir *b)
{
	char from[PIN_PATH], to[PIN_PATH];

	pins__dir(from, sizeof(from), a);
	pins__dir(to, sizeof(to), b);
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE))
		return 0;
	if (errno != ENOENT)
		return -errno;
	return rename(from, to) ? -errno : 0;
}

int pins__remove(const struct pin_dir *d)
{
	char path[PIN_PATH];
	struct dirent *e;
	int err = 0;
	DIR *dir;

	pins__dir(path, sizeof(path), d);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), e->d_name, 0))
			err = err ?: -errno;
	}
	closedir(dir);
	if (rmdir(path))
		err = err ?: -errno;
	return err;
}
