// SPDX-License-Identifier: GPL-2.0-only
#include "host.h"
#include "probe.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names -------------------------------------------------------------------------- */

static enum status add_name(struct names *n, const char *name, size_t size)
{
	char **list = n->list;

	/* A power of two is full. */
	if (!(n->count & (n->count - 1))) {
		list = reallocarray(list, n->count ? n->count * 2 : 1, sizeof(*list));
		if (!list)
			return report(FAILED, "names of hosts: %s", why(ENOMEM));
		n->list = list;
	}
	list[n->count] = strndup(name, size);
	if (!list[n->count])
		return report(FAILED, "names of hosts: %s", why(ENOMEM));
	n->count++;
	return DONE;
}

static enum status read_file(struct names *n, const char *path)
{
	bool standard = !strcmp(path, "-");
	FILE *f = standard ? stdin : fopen(path, "re");
	enum status st = DONE;
	char *line = NULL;
	size_t room = 0;

	if (!f)
		return report(USAGE, "hosts: %s: %s", path, why(errno));
	while (!st && getline(&line, &room, f) >= 0) {
		const char *from = line;

		line[strcspn(line, "#\n")] = 0;
		while (!st && *(from += strspn(from, " \t\r"))) {
			size_t size = strcspn(from, " \t\r");

			st = add_name(n, from, size);
			from += size;
		}
	}
	if (!st && ferror(f))
		st = report(USAGE, "hosts: %s: %s", path, why(errno));
	free(line);
	if (!standard)
		fclose(f);
	return st;
}

enum status names__read(struct names *n, char **args, int count)
{
	enum status st = DONE;

	for (int i = 0; i < count && !st; i++)
		st = *args[i] == '@' ? read_file(n, args[i] + 1) :
				       add_name(n, args[i], strlen(args[i]));
	return st;
}

void names__free(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->list[i]);
	free(n->list);
	*n = (struct names){};
}

/* Addresses ---------------------------------------------------------------------- */

static enum status complain(const char *name, int family, int err)
{
	if (err == EAI_ADDRFAMILY || err == EAI_NODATA)
		return report(FAILED, "%s: it has no %s address", name,
			      family == AF_UNSPEC ? "IP" : family_name(family));
	if (err == EAI_NONAME)
		return report(FAILED, "%s: unknown host; is the name right, and is there a name "
			      "server?", name);
	return report(FAILED, "%s: %s", name, err == EAI_SYSTEM ? why(errno) : gai_strerror(err));
}

static enum status resolve(const char *name, const struct probe_options *o, struct host *h)
{
	int err;

	err = address__look_up(name, o->family, &h->address);
	if (err)
		return complain(name, o->family, err);
	if (h->address.sa.sa_family == AF_INET6 &&
	    (IN6_IS_ADDR_LINKLOCAL(&h->address.in6.sin6_addr) ||
	     IN6_IS_ADDR_MC_LINKLOCAL(&h->address.in6.sin6_addr)) &&
	    !h->address.in6.sin6_scope_id) {
		if (!o->ifindex)
			return report(FAILED, "%s: it exists on every link; say which: %s%%IFACE, "
				      "or --interface", name, name);
		h->address.in6.sin6_scope_id = o->ifindex;
	}
	address__print(&h->address, h->text);
	h->name = strdup(name);
	return h->name ? DONE : report(FAILED, "%s: %s", name, why(ENOMEM));
}

static int compare(const void *a, const void *b)
{
	const struct host *const *x = a, *const *y = b;
	int order = strcmp((*x)->text, (*y)->text);

	/* In the order given, where they are the same. */
	return order ? order : *x < *y ? -1 : 1;
}

/* Replies are told apart by where they come from: an address is asked by one of its names. */
static enum status drop_twins(struct hosts *h)
{
	struct host **sorted;
	size_t kept = 0;

	sorted = reallocarray(NULL, h->count, sizeof(*sorted));
	if (!sorted)
		return report(FAILED, "hosts: %s", why(ENOMEM));
	for (size_t i = 0; i < h->count; i++)
		sorted[i] = &h->list[i];
	qsort(sorted, h->count, sizeof(*sorted), compare);
	for (size_t i = 0, first = 0; i < h->count; i++) {
		if (i == first || strcmp(sorted[i]->text, sorted[first]->text)) {
			first = i;
			continue;
		}
		note("%s: it is %s, which is asked already%s%s", sorted[i]->name, sorted[i]->text,
		     strcmp(sorted[first]->name, sorted[i]->text) ? " as " : "",
		     strcmp(sorted[first]->name, sorted[i]->text) ? sorted[first]->name : "");
		free(sorted[i]->name);
		sorted[i]->name = NULL;
	}
	for (size_t i = 0; i < h->count; i++)
		if (h->list[i].name)
			h->list[kept++] = h->list[i];
	h->count = kept;
	free(sorted);
	return DONE;
}

enum status hosts__resolve(struct hosts *h, const struct names *n, const struct probe_options *o)
{
	if (!n->count)
		return report(USAGE, "probe: no host is named in what is to be read");
	h->list = calloc(n->count, sizeof(*h->list));
	if (!h->list)
		return report(FAILED, "hosts: %s", why(ENOMEM));
	for (size_t i = 0; i < n->count; i++) {
		if (resolve(n->list[i], o, &h->list[h->count]))
			h->unknown++;
		else
			h->count++;
	}
	return h->count ? drop_twins(h) : FAILED;
}

void hosts__free(struct hosts *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->list[i].name);
	free(h->list);
	*h = (struct hosts){};
}
