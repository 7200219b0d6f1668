// SPDX-License-Identifier: GPL-2.0-only
#include "health.h"
#include "check.h"
#include "gates.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <systemd/sd-bus.h>

#define MILLISECOND	1000000ULL
#define PATIENCE_MS	5000		/* an answer that takes longer is none */
#define FIRST_NS	1000000000ULL	/* what a first look may take */
#define FIRST_STEP_NS	2000000
#define STACK_SIZE	(64 << 10)	/* of a thread that looks for a file */

/* Where a finding goes. */
struct target {
	int map;			/* eg_gates */
	int source;			/* whose copy it is: rules of an interface share one */
	__u32 lease;			/* ms */
	struct eg_gate gate;		/* as it stands there */
};

struct checkup {
	struct health *health;
	struct check check;
	char *text;			/* as in the rule, for messages */
	__u32 every;			/* ms: the shortest that was asked for */
	bool wanted;
	struct target *targets;
	size_t target_count;
	struct watch clock;		/* the next one, or the end of our patience */
	struct watch answer;		/* fd -1: none is expected there */
	sd_bus_slot *slot;		/* NULL: none is expected from systemd */
	bool busy, settled;
	__u64 started;
	enum { TOLD_NOTHING, TOLD_OPEN, TOLD_SHUT } told;
};

enum finding {
	WELL,
	UNWELL,
	UNKNOWN,			/* nobody has said anything */
};

/* What is found -------------------------------------------------------------------- */

/* Stops what is under way. */
static void rest(struct checkup *c)
{
	loop__remove(c->health->loop, &c->answer);
	close_fd(&c->answer.fd);
	c->slot = sd_bus_slot_unref(c->slot);
	c->busy = false;
}

static void write_down(struct target *t, __u64 key, enum finding finding, const char *text)
{
	__u64 now = boottime_ns();
	int err;

	if (finding == WELL)
		t->gate.until = now + t->lease * MILLISECOND;
	else if (finding == UNWELL)
		t->gate.until = 0;
	if (finding != UNKNOWN)
		t->gate.checked = now;
	memset(t->gate.why, 0, sizeof(t->gate.why));
	copy_text(t->gate.why, text, sizeof(t->gate.why));
	if (!bpf_map_update_elem(t->map, &key, &t->gate, BPF_ANY))
		return;
	/* Full: there are checks of rules that are long gone. */
	err = -errno;
	if (err == -E2BIG)
		err = gates__clear_out(t->map) ?:
		      bpf_map_update_elem(t->map, &key, &t->gate, BPF_ANY) ? -errno : 0;
	if (err)
		report(status_of(err), "a gate can't be written: %s", why(err));
}

/* When it opens or shuts, and no oftener. */
static void tell_finding(struct checkup *c, const char *text)
{
	bool open = false;

	for (size_t i = 0; i < c->target_count; i++)
		open = open || c->targets[i].gate.until > boottime_ns();
	if (c->health->quiet || c->told == (open ? TOLD_OPEN : TOLD_SHUT))
		return;
	c->told = open ? TOLD_OPEN : TOLD_SHUT;
	tell(open ? LEVEL_INFO : LEVEL_WARNING, "%s: %s: %s", c->text, text,
	     open ? "what depends on it is answered" : "what depends on it isn't answered");
}

static void finish(struct checkup *c, enum finding finding, const char *text)
{
	__u64 now = monotonic_ns(), next = c->started + c->every * MILLISECOND;

	rest(c);
	for (size_t i = 0; i < c->target_count; i++)
		write_down(&c->targets[i], c->check.id, finding, text);
	tell_finding(c, text);
	c->settled = true;
	c->clock.due = next > now ? next : now + MILLISECOND;
}

/* Something that listens --------------------------------------------------------------- */

static void take_connection(struct watch *w)
{
	struct checkup *c = w->owner;
	socklen_t size = sizeof(int);
	int err = 0;

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &err, &size))
		err = errno;
	finish(c, err ? UNWELL : WELL, err ? why(err) : "connected");
}

static int connect_to(struct checkup *c)
{
	struct sockaddr_storage addr;
	socklen_t length;
	int err;

	err = check__address(c->check.name, &addr, &length);
	if (err)
		return err;
	c->answer.call = take_connection;
	c->answer.fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->answer.fd < 0)
		return -errno;
	if (!connect(c->answer.fd, (struct sockaddr *)&addr, length)) {
		finish(c, WELL, "connected");
		return 0;
	}
	if (errno != EINPROGRESS) {
		finish(c, UNWELL, why(errno));
		return 0;
	}
	return loop__add(c->health->loop, &c->answer, EPOLLOUT);
}

/* A file ------------------------------------------------------------------------------- */

/* What a thread of its own looks for: who knows how long the file system takes. */
struct quest {
	int fd;				/* to tell by: an errno */
	char path[];
};

static void *look_for(void *data)
{
	struct quest *q = data;
	struct stat st;
	int err = stat(q->path, &st) ? errno : 0;

	/* Perhaps nobody listens any more. */
	if (send(q->fd, &err, sizeof(err), MSG_NOSIGNAL) < 0)
		err = errno;
	close(q->fd);
	free(q);
	return NULL;
}

static void take_file(struct watch *w)
{
	struct checkup *c = w->owner;
	int err;

	if (recv(w->fd, &err, sizeof(err), MSG_DONTWAIT) != sizeof(err))
		finish(c, UNKNOWN, "no answer");
	else
		finish(c, err ? UNWELL : WELL, err ? why(err) : "there");
}

static int start_thread(struct quest *q)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	err = -pthread_attr_init(&attr);
	if (err)
		return err;
	err = -(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) ?:
		pthread_attr_setstacksize(&attr, STACK_SIZE) ?:
		pthread_create(&thread, &attr, look_for, q));
	pthread_attr_destroy(&attr);
	return err;
}

static int look_after_file(struct checkup *c)
{
	size_t size = strlen(c->check.name) + 1;
	struct quest *q;
	int ends[2], err;

	q = malloc(sizeof(*q) + size);
	if (!q)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends)) {
		err = -errno;
		free(q);
		return err;
	}
	memcpy(q->path, c->check.name, size);
	q->fd = ends[1];
	c->answer.call = take_file;
	c->answer.fd = ends[0];
	err = loop__add(c->health->loop, &c->answer, EPOLLIN) ?: start_thread(q);
	if (err) {
		close(q->fd);
		free(q);
	}
	return err;
}

/* A unit ------------------------------------------------------------------------------- */

static void take_bus(struct watch *w);

/* Whoever waits for an answer gets none. */
static void hang_up(struct health *h)
{
	if (!h->bus)
		return;
	loop__remove(h->loop, &h->bus_watch);
	for (size_t i = 0; i < h->count; i++)
		if (h->list[i]->slot)
			finish(h->list[i], UNKNOWN, "systemd has hung up");
	sd_bus_close(h->bus);
	h->bus = sd_bus_unref(h->bus);
}

/* The bus of the system; where there is none, root may speak to systemd itself. */
static int call_up(struct health *h)
{
	int err;

	if (h->bus)
		return 0;
	err = sd_bus_open_system(&h->bus);
	if (err >= 0)
		goto connected;
	err = sd_bus_new(&h->bus);
	if (err >= 0)
		err = sd_bus_set_address(h->bus, "unix:path=/run/systemd/private");
	if (err >= 0)
		err = sd_bus_start(h->bus);
	if (err < 0)
		goto failed;
connected:
	h->bus_watch = (struct watch){ .fd = sd_bus_get_fd(h->bus), .call = take_bus, .owner = h };
	err = h->bus_watch.fd < 0 ? h->bus_watch.fd : loop__add(h->loop, &h->bus_watch, EPOLLIN);
	if (!err)
		return 0;
failed:
	h->bus = sd_bus_unref(h->bus);
	return err;
}

/* Does what there is to do on the bus. */
static void attend_to_bus(struct health *h)
{
	uint64_t due;
	int err, events;

	do {
		err = sd_bus_process(h->bus, NULL);
	} while (err > 0);
	events = err < 0 ? err : sd_bus_get_events(h->bus);
	if (events < 0 || loop__change(h->loop, &h->bus_watch, events)) {
		hang_up(h);
		return;
	}
	h->bus_watch.due = 0;
	if (sd_bus_get_timeout(h->bus, &due) >= 0 && due != UINT64_MAX)
		h->bus_watch.due = due ? due * 1000 : 1;
}

static void take_bus(struct watch *w)
{
	attend_to_bus(w->owner);
}

/* As `systemctl is-active` has it. */
static bool is_well(const char *state)
{
	return !strcmp(state, "active") || !strcmp(state, "reloading") ||
	       !strcmp(state, "refreshing");
}

static int take_unit(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *name, *about, *loaded, *state;
	struct checkup *c = data;
	int n;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL)) {
		const sd_bus_error *said = sd_bus_message_get_error(m);

		finish(c, UNKNOWN, said && said->message ? said->message : "systemd refuses to tell");
		return 0;
	}
	n = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(ssssssouso)");
	if (n >= 0)
		n = sd_bus_message_read(m, "(ssssssouso)", &name, &about, &loaded, &state, NULL, NULL,
					NULL, NULL, NULL, NULL);
	if (n < 0)
		finish(c, UNKNOWN, "systemd speaks another language");
	else if (!n || !strcmp(loaded, "not-found"))
		finish(c, UNWELL, "no such unit");
	else
		finish(c, is_well(state) ? WELL : UNWELL, state);
	return 0;
}

static int ask_for_unit(struct checkup *c)
{
	struct health *h = c->health;
	int err;

	err = call_up(h);
	if (err < 0) {
		finish(c, UNKNOWN, "systemd can't be reached");
		return 0;
	}
	err = sd_bus_call_method_async(h->bus, &c->slot, "org.freedesktop.systemd1",
				       "/org/freedesktop/systemd1",
				       "org.freedesktop.systemd1.Manager", "ListUnitsByNames",
				       take_unit, c, "as", 1, c->check.name);
	if (err < 0)
		return err;
	/* It may not even be sent, unless it is said what there is to wait for. */
	attend_to_bus(h);
	return 0;
}

/* One check after the other ---------------------------------------------------------------- */

static void start(struct checkup *c)
{
	__u32 patience = c->every < PATIENCE_MS ? c->every : PATIENCE_MS;
	int err = 0;

	c->started = monotonic_ns();
	c->clock.due = c->started + patience * MILLISECOND;
	c->busy = true;
	switch (c->check.kind) {
	case CHECK_UNIT:
		err = ask_for_unit(c);
		break;
	case CHECK_FILE:
		err = look_after_file(c);
		break;
	case CHECK_TCP:
		err = connect_to(c);
		break;
	case CHECK_NONE:
		break;
	}
	if (err)
		finish(c, UNKNOWN, why(err));
}

static void take_time(struct watch *w)
{
	struct checkup *c = w->owner;

	if (c->busy)
		finish(c, UNKNOWN, "no answer in time");
	else
		start(c);
}

static void forget_targets(struct checkup *c)
{
	for (size_t i = 0; i < c->target_count; i++)
		close(c->targets[i].map);
	free(c->targets);
	c->targets = NULL;
	c->target_count = 0;
}

static void checkup__free(struct checkup *c)
{
	rest(c);
	loop__remove(c->health->loop, &c->clock);
	forget_targets(c);
	free(c->check.name);
	free(c->text);
	free(c);
}

static struct checkup *find(struct health *h, __u64 id)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->list[i]->check.id == id)
			return h->list[i];
	return NULL;
}

static struct checkup *add(struct health *h, const struct check *check)
{
	struct checkup **more, *c;

	more = realloc(h->list, (h->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	h->list = more;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->health = h;
	c->check = *check;
	c->check.name = strdup(check->name);
	c->text = check__text(check);
	c->clock = (struct watch){ .fd = -1, .call = take_time, .owner = c,
				   .due = monotonic_ns() };
	c->answer = (struct watch){ .fd = -1, .owner = c };
	if (!c->check.name || !c->text || loop__add(h->loop, &c->clock, 0)) {
		free(c->check.name);
		free(c->text);
		free(c);
		return NULL;
	}
	h->list[h->count++] = c;
	return c;
}

int health__want(struct health *h, const struct check *check, __u32 every, __u32 lease, int map)
{
	struct checkup *c = find(h, check->id) ?: add(h, check);
	struct target *more, t = { .source = map, .lease = lease };

	if (!c)
		return -ENOMEM;
	if (!c->wanted || every < c->every)
		c->every = every;
	c->wanted = true;
	for (size_t i = 0; i < c->target_count; i++)
		if (c->targets[i].source == map)
			return 0;
	more = realloc(c->targets, (c->target_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	c->targets = more;
	t.map = fcntl(map, F_DUPFD_CLOEXEC, 0);
	if (t.map < 0)
		return -errno;
	/* Who looked after it before us may have left a lease. */
	if (bpf_map_lookup_elem(t.map, &check->id, &t.gate)) {
		memset(&t.gate, 0, sizeof(t.gate));
		if (!c->busy)
			c->clock.due = monotonic_ns();
	}
	c->targets[c->target_count++] = t;
	return 0;
}

void health__begin(struct health *h)
{
	for (size_t i = 0; i < h->count; i++) {
		forget_targets(h->list[i]);
		h->list[i]->wanted = false;
	}
}

void health__end(struct health *h)
{
	for (size_t i = h->count; i-- > 0;) {
		if (h->list[i]->wanted)
			continue;
		checkup__free(h->list[i]);
		h->list[i] = h->list[--h->count];
	}
}

void health__init(struct health *h, struct loop *loop)
{
	memset(h, 0, sizeof(*h));
	h->loop = loop;
}

void health__close(struct health *h)
{
	for (size_t i = 0; i < h->count; i++)
		checkup__free(h->list[i]);
	free(h->list);
	h->list = NULL;
	h->count = 0;
	hang_up(h);
}

/* Once, and waited for ---------------------------------------------------------------------- */

struct first_look {
	struct health health;
	struct loop loop;
	struct watch watch;
	__u64 until;
};

static bool is_settled(const struct health *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (!h->list[i]->settled)
			return false;
	return true;
}

static void look_whether_done(struct watch *w)
{
	struct first_look *f = w->owner;
	__u64 now = monotonic_ns();

	if (now >= f->until || is_settled(&f->health))
		f->loop.stop = true;
	else
		w->due = now + FIRST_STEP_NS;
}

void health__look_first(const struct rules *r, int map)
{
	struct first_look f = { .loop = LOOP_INIT };
	struct gate gate;
	int err;

	health__init(&f.health, &f.loop);
	f.health.quiet = true;
	f.watch = (struct watch){ .fd = -1, .call = look_whether_done, .owner = &f };
	err = loop__open(&f.loop) ?: loop__add(&f.loop, &f.watch, 0);
	for (size_t i = 0; !err && i < r->count[EG_INGRESS]; i++) {
		const struct check *c = &r->list[EG_INGRESS][i]->check;

		if (c->kind == CHECK_NONE || find(&f.health, c->id))
			continue;
		gate__read(map, c->id, &gate);
		if (!gate.open)
			err = health__want(&f.health, c, FIRST_NS / MILLISECOND, r->check_lease, map);
	}
	/* Whatever fails here, the daemon does again. */
	f.until = monotonic_ns() + FIRST_NS;
	f.watch.due = 1;
	if (!err && f.health.count)
		loop__run(&f.loop);
	health__close(&f.health);
	loop__close(&f.loop);
}
