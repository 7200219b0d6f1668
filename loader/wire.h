/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What goes over the control socket, a JSON object a message. One way, one request:
 *
 *	{"version":1,"command":["stats","h0","--json"],"directory":"/root","terminal":false}
 *
 * and the other way what the command prints, and at last how it ended:
 *
 *	{"stream":"stdout","data":"..."}
 *	{"exit":0}
 */
#ifndef LOADER_WIRE_H
#define LOADER_WIRE_H

#include "util.h"

#include <sys/un.h>

#define WIRE_SOCKET	"/run/echogate.sock"	/* of the daemon that runs without --netns */
#define WIRE_GROUP	"echogate"	/* may look, not touch */

#define WIRE_MAX	65536		/* bytes of a message */
#define WIRE_PIECE	8192		/* of output in one: escaped, six times as many */

/*
 * Where the daemon listens that was started with this --netns (NULL, "": without): beside
 * WIRE_SOCKET, with the name. -ENAMETOOLONG.
 */
int wire__address(struct sockaddr_un *a, const char *netns);

struct request {
	int argc;
	char **argv;			/* the command first, NULL at the end */
	char *directory;		/* where relative paths start; NULL: not said */
	bool terminal;			/* a person looks on */
};

/* From anybody, so anything. NULL, or what is wrong with it; then there is nothing to free. */
const char *request__decode(const char *text, size_t size, struct request *r);
void request__free(struct request *r);

/* -EMSGSIZE if it is too long; -errno. */
int request__send(int fd, const struct request *r);

struct answer {
	bool ends;
	enum status status;		/* if it ends */
	bool error;			/* for stderr */
	char *data;
	size_t size;
};

/* False if it is none. */
bool answer__decode(const char *text, size_t size, struct answer *a);
void answer__free(struct answer *a);

/* No more than WIRE_PIECE bytes; flags as for send(). -errno. */
int answer__send(int fd, int flags, bool error, const char *data, size_t size);
int answer__send_end(int fd, int flags, enum status status);

#endif
