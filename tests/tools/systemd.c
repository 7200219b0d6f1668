// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for systemd on a system bus of its own: tells the states of units as a file has them.
 *
 *	systemd SOCKET FILE
 *
 * The file has a unit and its state on each line, and is read for each question; a unit
 * that isn't there is not found, and about one in state "silent" nothing is said at all.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

static const char *states;

/* False: silence. */
static bool state_of(const char *unit, char *state, size_t size)
{
	FILE *f = fopen(states, "r");
	char name[256], word[64];

	snprintf(state, size, "%s", "");
	while (f && fscanf(f, "%255s %63s", name, word) == 2)
		if (!strcmp(name, unit))
			snprintf(state, size, "%s", word);
	if (f)
		fclose(f);
	return strcmp(state, "silent");
}

static int tell(sd_bus_message *m)
{
	sd_bus_message *reply;
	const char *unit;
	char state[64];

	if (sd_bus_message_enter_container(m, 'a', "s") < 0 || sd_bus_message_read(m, "s", &unit) <= 0)
		return sd_bus_reply_method_errnof(m, EINVAL, "one unit, please");
	if (!state_of(unit, state, sizeof(state)))
		return 1;
	if (sd_bus_message_new_method_return(m, &reply) < 0 ||
	    sd_bus_message_append(reply, "a(ssssssouso)", 1, unit, "", *state ? "loaded" : "not-found",
				  *state ? state : "inactive", "", "", "/unit", 0, "", "/") < 0)
		return -1;
	sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return 1;
}

static int take(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)data;
	(void)error;
	if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
		return sd_bus_reply_method_return(m, "s", ":1.1");
	if (sd_bus_message_is_method_call(m, "org.freedesktop.systemd1.Manager", "ListUnitsByNames"))
		return tell(m);
	return 0;
}

static int welcome(sd_event_source *s, int fd, uint32_t events, void *data)
{
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	sd_id128_t id = SD_ID128_MAKE(12, 34, 56, 78, 9a, bc, de, f0, 12, 34, 56, 78, 9a, bc, de, f0);
	sd_bus *bus;

	(void)events;
	(void)data;
	/* Lives as long as its peer does, and nobody counts them. */
	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, peer, peer) < 0 ||
	    sd_bus_set_server(bus, 1, id) < 0 || sd_bus_set_anonymous(bus, 1) < 0 ||
	    sd_bus_add_filter(bus, NULL, take, NULL) < 0 || sd_bus_start(bus) < 0 ||
	    sd_bus_attach_event(bus, sd_event_source_get_event(s), 0) < 0)
		fprintf(stderr, "systemd: a peer is not understood\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	sd_event *event;
	int fd;

	if (argc != 3 || strlen(argv[1]) >= sizeof(at.sun_path)) {
		fprintf(stderr, "usage: systemd SOCKET FILE\n");
		return 2;
	}
	states = argv[2];
	strcpy(at.sun_path, argv[1]);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16)) {
		perror(argv[1]);
		return 1;
	}
	if (sd_event_new(&event) < 0 || sd_event_add_io(event, NULL, fd, EPOLLIN, welcome,
							NULL) < 0)
		return 1;
	return sd_event_loop(event) < 0;
}
