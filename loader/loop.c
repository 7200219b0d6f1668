// SPDX-License-Identifier: GPL-2.0-only
#include "loop.h"

#include <errno.h>
#include <time.h>

int loop__open(struct loop *l)
{
	l->poll = epoll_create1(EPOLL_CLOEXEC);
	return l->poll < 0 ? -errno : 0;
}

void loop__close(struct loop *l)
{
	close_fd(&l->poll);
}

static int control(struct loop *l, int what, struct watch *w, __u32 events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	return epoll_ctl(l->poll, what, w->fd, &e) ? -errno : 0;
}

int loop__add(struct loop *l, struct watch *w, __u32 events)
{
	int err = w->fd < 0 ? 0 : control(l, EPOLL_CTL_ADD, w, events);

	if (err)
		return err;
	w->next = l->first;
	l->first = w;
	return 0;
}

int loop__change(struct loop *l, struct watch *w, __u32 events)
{
	return control(l, EPOLL_CTL_MOD, w, events);
}

void loop__remove(struct loop *l, struct watch *w)
{
	struct watch **link = &l->first;

	while (*link && *link != w)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = w->next;
	if (w->fd >= 0)
		control(l, EPOLL_CTL_DEL, w, 0);
	for (int i = l->at; i < l->count; i++)
		if (l->ready[i].data.ptr == w)
			l->ready[i].data.ptr = NULL;
}

static struct watch *next_due(const struct loop *l)
{
	struct watch *next = NULL;

	for (struct watch *w = l->first; w; w = w->next)
		if (w->due && (!next || w->due < next->due))
			next = w;
	return next;
}

static int wait_for_ready(struct loop *l)
{
	const struct watch *next = next_due(l);
	__u64 now = monotonic_ns(), wait = next && next->due > now ? next->due - now : 0;
	struct timespec ts = { .tv_sec = wait / SECOND, .tv_nsec = wait % SECOND };

	l->at = 0;
	l->count = epoll_pwait2(l->poll, l->ready, ARRAY_SIZE(l->ready), next ? &ts : NULL, NULL);
	return l->count < 0 && errno != EINTR ? -errno : 0;
}

static void call_ready(struct loop *l)
{
	while (l->at < l->count) {
		const struct epoll_event *e = &l->ready[l->at++];
		struct watch *w = e->data.ptr;

		if (!w)
			continue;
		w->events = e->events;
		w->call(w);
	}
}

/* One: what it did may have taken long, and descriptors come before what is due. */
static void call_due(struct loop *l)
{
	struct watch *w = next_due(l);

	if (!w || w->due > monotonic_ns())
		return;
	w->due = 0;
	w->events = 0;
	w->call(w);
}

int loop__run(struct loop *l)
{
	int err = 0;

	while (!err && !l->stop) {
		err = wait_for_ready(l);
		call_ready(l);
		call_due(l);
	}
	return err;
}
