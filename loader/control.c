// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"
#include "command.h"
#include "listener.h"
#include "task.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Connections; each has one child at most. A few are root's, whatever others do. */
#define CLIENTS_MAX	64
#define CLIENTS_OF_USER	16
#define CLIENTS_OF_ROOT	16

#define PAUSE_NS	SECOND
#define PATIENCE_NS	(5 * SECOND)	/* until a request has come */
#define SLOW_SECONDS	10		/* until a piece of output is taken */

struct client {
	struct watch watch;
	struct client *next;
	struct control *control;
	struct task task;
	uid_t uid;
	__u64 namespace;		/* cookie of its own */
};

/* What the child is to do. */
struct job {
	const struct client *client;
	const char *text;
	size_t size;
};

/* The child ----------------------------------------------------------------------- */

static ssize_t write_piece(void *cookie, const char *data, size_t size)
{
	bool error = cookie;
	size_t done = 0;

	while (done < size) {
		size_t piece = size - done < WIRE_PIECE ? size - done : WIRE_PIECE;

		if (answer__send(TASK_FD, 0, error, data + done, piece))
			return 0;
		done += piece;
	}
	return size;
}

/* From here on what is printed goes to the client. */
static bool redirect_output(void)
{
	static const cookie_io_functions_t functions = { .write = write_piece };
	FILE *out = fopencookie((void *)false, "w", functions);
	FILE *err = fopencookie((void *)true, "w", functions);

	if (!out || !err || setvbuf(out, NULL, _IOFBF, WIRE_PIECE) ||
	    setvbuf(err, NULL, _IOLBF, WIRE_PIECE))
		return false;
	stdout = out;
	stderr = err;
	return true;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static enum status run_request(const struct client *c, struct request *r)
{
	const struct command *command = find(r->argv[0]);

	if (!command || command->access == ACCESS_LOCAL)
		return report(USAGE, "the daemon runs no command \"%.64s\"", r->argv[0]);
	if (c->uid && command->access != ACCESS_READ)
		return report(NOT_PERMITTED, "%s: not permitted: the daemon does this for root "
			      "only; run it as root", command->name);
	/* Names of files are root's to give: they are opened with our rights. */
	if (!c->uid && r->directory && chdir(r->directory))
		return report(status_of(errno), "%s: %s", r->directory, why(errno));
	only_looking = c->uid;
	asking_user = c->uid;
	stdout_is_terminal = r->terminal;
	scope__confine(c->control->scope, c->namespace);
	verbosity = 0;
	optind = 0;			/* the daemon's own arguments are forgotten */
	return command->run(command, r->argc, r->argv);
}

static int serve(void *data)
{
	struct timeval slow = { .tv_sec = SLOW_SECONDS };
	const struct job *job = data;
	struct request request;
	const char *wrong;
	enum status st;

	log_line = NULL;
	setsockopt(TASK_FD, SOL_SOCKET, SO_SNDTIMEO, &slow, sizeof(slow));
	if (!redirect_output())
		return FAILED;
	/* What strangers wrote is first read here, not in the daemon. */
	wrong = request__decode(job->text, job->size, &request);
	if (wrong)
		st = report(USAGE, "the request isn't understood: %s", wrong);
	else
		st = run_request(job->client, &request);
	if (fflush(stdout) || ferror(stdout))
		return FAILED;
	fflush(stderr);
	answer__send_end(TASK_FD, 0, st);
	return st;
}

/* The daemon ---------------------------------------------------------------------- */

static void drop(struct client *c)
{
	struct client **link = &c->control->clients;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	c->control->count--;
	task__abandon(&c->task);
	loop__remove(c->control->loop, &c->watch);
	close_fd(&c->watch.fd);
	free(c);
}

/* A line, and the end; nobody waits until it is read. */
__attribute__((format(printf, 3, 4)))
static void turn_away(int fd, enum status status, const char *fmt, ...)
{
	char line[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	answer__send(fd, MSG_DONTWAIT, true, line, strlen(line));
	answer__send_end(fd, MSG_DONTWAIT, status);
}

static void end_client(struct task *t, int status)
{
	struct client *c = t->owner;

	if (WIFSIGNALED(status))
		turn_away(c->watch.fd, FAILED, "echogate: the daemon's child ended early: %s\n",
			  strsignal(WTERMSIG(status)));
	drop(c);
}

static void take_request(struct client *c)
{
	static char text[WIRE_MAX];
	struct job job = { .client = c, .text = text };
	ssize_t size;
	int err;

	size = recv(c->watch.fd, text, sizeof(text), MSG_DONTWAIT | MSG_TRUNC);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		drop(c);
		return;
	}
	if (size > WIRE_MAX) {
		turn_away(c->watch.fd, USAGE, "echogate: the request is too long: %zd bytes; %d "
			  "are the most\n", size, WIRE_MAX);
		drop(c);
		return;
	}
	job.size = size;
	/* One request a connection. What else it says isn't read; that it goes is heard. */
	c->watch.due = 0;
	c->task.owner = c;
	c->task.ended = end_client;
	err = loop__change(c->control->loop, &c->watch, 0) ?:
	      task__start(&c->task, c->control->loop, c->watch.fd, serve, &job);
	if (err) {
		turn_away(c->watch.fd, FAILED, "echogate: the daemon can't start a child: %s\n",
			  why(err));
		drop(c);
	}
}

static void look_at_client(struct watch *w)
{
	struct client *c = w->owner;

	if (c->task.pid) {
		/* It has gone. When its child has ended, so is all of it. */
		loop__remove(c->control->loop, w);
		task__stop(&c->task);
	} else if (w->events & EPOLLIN) {
		take_request(c);
	} else {
		drop(c);
	}
}

static bool is_in_group(const struct control *c, int fd, gid_t own)
{
	gid_t *groups = NULL;
	socklen_t size = 0;
	bool in = own == c->group;

	if (c->group == (gid_t)-1)
		return false;
	if (in || !getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) || errno != ERANGE)
		return in;
	groups = malloc(size);
	if (groups && !getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
		for (size_t i = 0; !in && i < size / sizeof(*groups); i++)
			in = groups[i] == c->group;
	free(groups);
	return in;
}

static bool has_room(const struct control *c, uid_t uid)
{
	size_t own = 0;

	for (const struct client *other = c->clients; other; other = other->next)
		own += other->uid == uid;
	return own < CLIENTS_OF_USER && c->count < CLIENTS_MAX - (uid ? CLIENTS_OF_ROOT : 0);
}

static int add_client(struct control *c, int fd, uid_t uid)
{
	struct client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	client->control = c;
	client->uid = uid;
	client->namespace = netns__cookie_of(fd);
	client->watch = (struct watch){ .fd = fd, .call = look_at_client, .owner = client,
					.due = monotonic_ns() + PATIENCE_NS };
	err = loop__add(c->loop, &client->watch, EPOLLIN);
	if (err) {
		free(client);
		return err;
	}
	client->next = c->clients;
	c->clients = client;
	c->count++;
	return 0;
}

/* One at a time: others are waited for beside. */
static void take_connection(struct watch *w)
{
	struct control *c = w->owner;
	struct ucred who;
	socklen_t size = sizeof(who);
	int fd;

	if (!w->events) {
		loop__change(c->loop, w, EPOLLIN);
		return;
	}
	/* That it blocks is for the child; the daemon never waits for it. */
	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		/* Out of descriptors: it would be called again at once, and for ever. */
		loop__change(c->loop, w, 0);
		w->due = monotonic_ns() + PAUSE_NS;
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) ||
	    (who.uid && !is_in_group(c, fd, who.gid)))
		turn_away(fd, NOT_PERMITTED, "echogate: not permitted: the daemon answers root and "
			  "the group " WIRE_GROUP "; run it as one of them\n");
	else if (!has_room(c, who.uid))
		turn_away(fd, FAILED, "echogate: the daemon has too many connections to serve "
			  "another; try again\n");
	else if (!add_client(c, fd, who.uid))
		return;
	close(fd);
}

void control__open(struct control *c, struct loop *l, const struct scope *scope)
{
	const struct group *group = getgrnam(WIRE_GROUP);
	int err, fd;

	c->loop = l;
	c->scope = scope;
	c->group = group ? group->gr_gid : (gid_t)-1;
	err = wire__address(&c->path, scope->name) ?:
	      listener__open_at(&c->path, SOCK_SEQPACKET, c->group, group ? 0660 : 0600, &fd);
	if (!err) {
		c->watch = (struct watch){ .fd = fd, .call = take_connection, .owner = c };
		err = loop__add(l, &c->watch, EPOLLIN);
		if (err)
			listener__close_at(&c->path, &c->watch.fd);
	}
	if (err)
		note("%s: no control socket: %s; commands need root then", c->path.sun_path,
		     why(err));
}

void control__close(struct control *c)
{
	while (c->clients)
		drop(c->clients);
	if (c->watch.fd < 0)
		return;
	loop__remove(c->loop, &c->watch);
	listener__close_at(&c->path, &c->watch.fd);
}
