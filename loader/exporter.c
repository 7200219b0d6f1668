// SPDX-License-Identifier: GPL-2.0-only
#include "exporter.h"
#include "exposition.h"
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define VISITORS_MAX	32
#define VISIT_NS	(10 * SECOND)	/* from its connection to its last byte */
#define PAUSE_NS	SECOND
#define QUEUE_NS	(SECOND / 20)
#define FRESH_NS	SECOND
#define WRITER_SECONDS	8		/* sooner than who waits for it has to go */
#define HEADERS_MAX	8192		/* bytes kept for a connection */

#define TEXT_TYPE	"application/openmetrics-text; version=1.0.0; charset=utf-8"

struct visitor {
	struct visitor *next;		/* who came before */
	int fd;
	__u64 leave_by;
	struct MHD_Connection *waits;	/* for the writer */
	bool asked;			/* its request has been read */
};

/* Answers -------------------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status, const char *line)
{
	struct MHD_Response *r;
	enum MHD_Result result;

	r = MHD_create_response_from_buffer(strlen(line), (void *)line, MHD_RESPMEM_PERSISTENT);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static void forget_latest(struct exporter *e)
{
	if (e->latest)
		MHD_destroy_response(e->latest);	/* when the last one who gets it has it */
	e->latest = NULL;
}

static int write_text(void *data)
{
	const struct exporter *e = data;

	alarm(WRITER_SECONDS);
	stdout = fdopen(TASK_FD, "w");
	if (!stdout)
		return FAILED;
	return exposition__print(e->daemon) || fclose(stdout) ? FAILED : DONE;
}

/* The file is the response's then. */
static struct MHD_Response *response_from(int fd)
{
	struct MHD_Response *r = NULL;
	off_t size = lseek(fd, 0, SEEK_END);

	if (size > 0)
		r = MHD_create_response_from_fd(size, fd);
	if (!r) {
		close(fd);
		return NULL;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, TEXT_TYPE);
	return r;
}

static void run_http(struct watch *w)
{
	struct exporter *e = w->owner;
	MHD_UNSIGNED_LONG_LONG ms;
	__u64 now;

	MHD_run(e->mhd);
	now = monotonic_ns();
	/* Late ones are cut off; that they are is news to the next call. */
	for (struct visitor *v = e->visitors; v; v = v->next)
		if (v->leave_by <= now && !v->waits)
			shutdown(v->fd, SHUT_RDWR);
	w->due = e->count ? now + PAUSE_NS : 0;
	if (MHD_get_timeout(e->mhd, &ms) == MHD_YES && now + ms * 1000000 < w->due)
		w->due = now + ms * 1000000;
}

static void end_writing(struct task *t, int status)
{
	struct exporter *e = t->owner;

	forget_latest(e);
	if (status)
		close_fd(&e->text);
	else
		e->latest = response_from(e->text);
	e->text = -1;
	e->fresh_until = monotonic_ns() + FRESH_NS;
	if (!e->latest)
		report(FAILED, "metrics can't be read");
	for (struct visitor *v = e->visitors; v; v = v->next) {
		if (!v->waits)
			continue;
		MHD_resume_connection(v->waits);
		v->waits = NULL;
	}
	run_http(&e->http);
}

static int begin_writing(struct exporter *e)
{
	int err;

	e->text = memfd_create("echogate-metrics", MFD_CLOEXEC);
	if (e->text < 0)
		return -errno;
	e->writer.owner = e;
	e->writer.ended = end_writing;
	err = task__start(&e->writer, e->loop, e->text, write_text, e);
	if (err)
		close_fd(&e->text);
	return err;
}

/* First when headers have come; again when who waited is to go on. */
static enum MHD_Result take_request(void *data, struct MHD_Connection *c, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **state)
{
	struct visitor *v = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
				    ->socket_context;
	struct exporter *e = data;
	bool waited = *state;

	(void)version;
	(void)upload;
	(void)upload_size;
	if (!v)
		return MHD_NO;
	v->asked = true;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics\n");
	if (strcmp(url, "/metrics"))
		return answer(c, MHD_HTTP_NOT_FOUND, "metrics are at /metrics\n");
	if (e->latest && monotonic_ns() < e->fresh_until)
		return MHD_queue_response(c, MHD_HTTP_OK, e->latest);
	if (waited || (!e->writer.pid && begin_writing(e)))
		return answer(c, MHD_HTTP_SERVICE_UNAVAILABLE, "the counters can't be read\n");
	*state = e;
	v->waits = c;
	MHD_suspend_connection(c);
	return MHD_YES;
}

/* Visitors ------------------------------------------------------------------------- */

static void welcome(struct exporter *e, struct MHD_Connection *c, void **context)
{
	struct visitor *v = calloc(1, sizeof(*v));

	*context = v;
	if (!v)
		return;
	v->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	v->leave_by = monotonic_ns() + VISIT_NS;
	v->next = e->visitors;
	e->visitors = v;
	e->count++;
}

static void note_visit(void *data, struct MHD_Connection *c, void **context,
		       enum MHD_ConnectionNotificationCode code)
{
	struct exporter *e = data;
	struct visitor *v = *context, **link = &e->visitors;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		welcome(e, c, context);
		return;
	}
	if (!v)
		return;
	while (*link != v)
		link = &(*link)->next;
	*link = v->next;
	e->count--;
	free(v);
}

/* Of those who haven't said yet what they want, the one who is here for the longest time goes. */
static bool make_room(struct exporter *e)
{
	struct visitor *oldest = NULL;

	if (e->count < VISITORS_MAX)
		return true;
	for (struct visitor *v = e->visitors; v; v = v->next)
		if (!v->asked)
			oldest = v;
	if (!oldest)
		return false;
	shutdown(oldest->fd, SHUT_RDWR);
	MHD_run(e->mhd);
	return e->count < VISITORS_MAX;
}

static void take_visitor(struct watch *w)
{
	struct exporter *e = w->owner;
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	int fd;

	if (!w->events) {
		loop__change(e->loop, w, EPOLLIN);
		return;
	}
	if (!make_room(e)) {
		/* All are being served, which won't take long: others wait outside. */
		loop__change(e->loop, w, 0);
		w->due = monotonic_ns() + QUEUE_NS;
		return;
	}
	fd = accept4(w->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		loop__change(e->loop, w, 0);
		w->due = monotonic_ns() + PAUSE_NS;
		return;
	}
	MHD_add_connection(e->mhd, fd, (struct sockaddr *)&from, size);
	run_http(&e->http);
}

/* The door ------------------------------------------------------------------------- */

static const struct sockaddr_un *path_of(const struct meeting *m)
{
	return m->address.ss_family == AF_UNIX ? (const struct sockaddr_un *)&m->address : NULL;
}

static void print_place(const struct meeting *m, char *text, size_t size)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&m->address;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&m->address;
	char host[INET6_ADDRSTRLEN];

	if (path_of(m))
		snprintf(text, size, "%s", path_of(m)->sun_path);
	else if (m->address.ss_family == AF_INET6)
		snprintf(text, size, "[%s]:%u", inet_ntop(AF_INET6, &in6->sin6_addr, host,
							  sizeof(host)), ntohs(in6->sin6_port));
	else
		snprintf(text, size, "%s:%u", inet_ntop(AF_INET, &in4->sin_addr, host,
							sizeof(host)), ntohs(in4->sin_port));
}

static int open_http(struct exporter *e)
{
	const union MHD_DaemonInfo *info;

	e->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
				  MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, take_request, e,
				  MHD_OPTION_NOTIFY_CONNECTION, note_visit, e,
				  MHD_OPTION_CONNECTION_LIMIT, VISITORS_MAX + 1,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX,
				  MHD_OPTION_END);
	info = e->mhd ? MHD_get_daemon_info(e->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info)
		return -ENOMEM;
	e->http = (struct watch){ .fd = info->epoll_fd, .call = run_http, .owner = e };
	return loop__add(e->loop, &e->http, EPOLLIN);
}

static int open_door(struct exporter *e)
{
	const struct meeting *m = &e->place;
	int fd = -1, err;

	/* Who may come to a path, its directory says: the address is no narrower. */
	err = path_of(m) ? listener__open_at(path_of(m), SOCK_STREAM, -1, 0666, &fd) :
			   listener__open_on((const struct sockaddr *)&m->address, m->size, &fd);
	if (err)
		return err;
	e->door = (struct watch){ .fd = fd, .call = take_visitor, .owner = e };
	return loop__add(e->loop, &e->door, EPOLLIN);
}

static void shut(struct exporter *e)
{
	loop__remove(e->loop, &e->door);
	if (e->door.fd >= 0 && path_of(&e->place))
		listener__close_at(path_of(&e->place), &e->door.fd);
	close_fd(&e->door.fd);
	task__kill(&e->writer);
	close_fd(&e->text);
	forget_latest(e);
	if (!e->mhd)
		return;
	/* None may be left that waits. */
	for (struct visitor *v = e->visitors; v; v = v->next)
		if (v->waits)
			MHD_resume_connection(v->waits);
	loop__remove(e->loop, &e->http);
	MHD_stop_daemon(e->mhd);
	e->mhd = NULL;
}

void exporter__init(struct exporter *e, struct loop *l, const struct daemon *d)
{
	*e = (struct exporter){ .daemon = d, .loop = l, .door.fd = -1, .text = -1 };
}

void exporter__close(struct exporter *e)
{
	shut(e);
}

void exporter__follow(struct exporter *e)
{
	struct meeting wanted = config__metrics(e->daemon->config);
	char place[sizeof(struct sockaddr_un)];
	int err;

	if (wanted.size == e->place.size &&
	    !memcmp(&wanted.address, &e->place.address, sizeof(wanted.address))) {
		if (!wanted.size || e->door.fd >= 0)
			return;
	} else {
		shut(e);
		e->place = wanted;
		e->complained = false;
		if (!wanted.size)
			return;
	}
	print_place(&wanted, place, sizeof(place));
	err = open_door(e) ?: open_http(e);
	if (!err) {
		tell(LEVEL_INFO, "metrics on %s", place);
		return;
	}
	shut(e);
	/* It may become possible: it is tried again each time. */
	if (!e->complained)
		note("metrics on %s: %s; tried again until it works", place, why(err));
	e->complained = true;
}
