// SPDX-License-Identifier: GPL-2.0-only
/* What the grammar recognizes but rules: settings, blocks, sets, and the elements of lists. */
#include "check.h"
#include "language.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define FLAG_NONE	0x100		/* the word, until it is known to stand alone */

void parser__error(struct parser *p, struct place at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	source__vsay(&p->c->source, ERROR, at, fmt, args);
	va_end(args);
	p->broken = true;
}

void parser__warn(struct parser *p, struct place at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	source__vsay(&p->c->source, WARNING, at, fmt, args);
	va_end(args);
}

void parser__unknown(struct parser *p, struct place at, const char *what, struct slice name,
		     const struct words *words, const char *wanted)
{
	const char *near = NULL;

	if (source__wanted(&p->c->source, ERROR, at))
		near = words__nearest(words, name);
	parser__error(p, at, "unknown %s \"%.*s\"%s%s%s; expected %s", what, SHOWN(name),
		      near ? " (did you mean " : "", near ?: "", near ? "?)" : "", wanted);
}

bool parser__grow(struct parser *p, void **list, size_t count, size_t *room, size_t size)
{
	void *more;

	if (count < *room)
		return true;
	more = reallocarray(*list, *room ? *room * 2 : 8, size);
	if (!more) {
		p->no_memory = true;
		return false;
	}
	*list = more;
	*room = *room ? *room * 2 : 8;
	return true;
}

bool parser__append(struct parser *p, void ***list, size_t *count, void *element)
{
	if (!(*count & (*count - 1))) {
		void **more = reallocarray(*list, *count ? *count * 2 : 1, sizeof(*more));

		if (!more) {
			p->no_memory = true;
			return false;
		}
		*list = more;
	}
	(*list)[(*count)++] = element;
	return true;
}

static char *copy(struct parser *p, struct slice s)
{
	char *text = strndup(s.at, s.length);

	if (!text)
		p->no_memory = true;
	return text;
}

char *unquote(struct parser *p, struct slice s)
{
	char *text = slice__unquote(s);

	if (!text)
		p->no_memory = true;
	return text;
}

/* Settings and blocks -------------------------------------------------------- */

static const char *holder(const struct parser *p)
{
	return p->scope->number ? " in this block" : "";
}

void statement__reply_path(struct parser *p, struct place at, bool swap)
{
	if (p->direction == EG_EGRESS)
		parser__error(p, at, "reply-path in an egress block; expected it outside");
	else if (p->scope->swap >= 0)
		parser__error(p, at, "reply-path is set twice%s, first in line %u; expected one of them",
			      holder(p), p->scope->swap_at.line);
	p->scope->swap = swap;
	p->scope->swap_at = at;
	p->broken = false;
}

void statement__recorder(struct parser *p, struct place at, bool on)
{
	if (p->direction == EG_EGRESS)
		parser__error(p, at, "recorder in an egress block; expected it outside");
	else if (p->scope->recorder >= 0)
		parser__error(p, at, "recorder is set twice%s, first in line %u; expected one of them",
			      holder(p), p->scope->recorder_at.line);
	p->scope->recorder = on;
	p->scope->recorder_at = at;
	p->broken = false;
}

/* "127.0.0.1:9342", "[::1]:9342", or a port alone, which is for this host only. */
static const char *parse_meeting(const char *text, struct meeting *m)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&m->address;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&m->address;
	const char *colon = strrchr(text, ':'), *digits = colon ? colon + 1 : text;
	size_t length = colon ? colon - text : 0;
	unsigned long port = strtoul(digits, NULL, 10);
	char host[INET6_ADDRSTRLEN + 2];

	if (strspn(digits, "0123456789") != strlen(digits) || !port || port > UINT16_MAX)
		return "expected a port of 1 to 65535, as in 9342, 127.0.0.1:9342 or [::1]:9342";
	snprintf(host, sizeof(host), "%.*s", (int)length, text);
	if (!colon || inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		if (!colon)
			in4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		m->size = sizeof(*in4);
		return NULL;
	}
	if (length < 2 || length >= sizeof(host) || *host != '[' || host[length - 1] != ']')
		return "expected an address before the port, as in 127.0.0.1:9342 or [::1]:9342";
	host[length - 1] = 0;
	if (inet_pton(AF_INET6, host + 1, &in6->sin6_addr) != 1)
		return "expected an IPv6 address in the brackets, as in [::1]:9342";
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	m->size = sizeof(*in6);
	return NULL;
}

static const char *parse_socket_path(const char *text, struct meeting *m)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&m->address;

	if (*text != '/')
		return "expected a path that begins with /";
	if (strlen(text) >= sizeof(un->sun_path))
		return "expected a shorter path: of at most 107 bytes";
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, text);
	m->size = sizeof(*un);
	return NULL;
}

static bool is_loopback(const struct meeting *m)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&m->address;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&m->address;

	if (m->address.ss_family == AF_INET)
		return ntohl(in4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return m->address.ss_family == AF_UNIX || IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

void statement__metrics(struct parser *p, struct place at, struct slice where, struct place where_at,
			bool quoted)
{
	struct config *c = p->c;
	struct meeting m = {};
	const char *wrong;
	char *text;

	if (p->scope->number || p->direction == EG_EGRESS)
		parser__error(p, at, "metrics in a block; expected it outside of all blocks");
	else if (c->metrics_at.line)
		parser__error(p, at, "metrics is set twice, first in line %u; expected one of them",
			      c->metrics_at.line);
	text = quoted ? unquote(p, where) : copy(p, where);
	wrong = !text ? NULL : quoted ? parse_socket_path(text, &m) : parse_meeting(text, &m);
	if (wrong)
		parser__error(p, where_at, "\"%.60s\" is no place for metrics; %s", text, wrong);
	else if (text && !is_loopback(&m))
		parser__warn(p, where_at, "whoever reaches %.60s sees the metrics; a firewall, or "
			     "127.0.0.1 and a proxy, would keep them from strangers", text);
	free(text);
	c->metrics = m;
	c->metrics_at = at;
	p->broken = false;
}

void statement__default(struct parser *p, struct place at, enum eg_default fallback)
{
	int *now = &p->scope->fallback[p->direction];
	struct place *now_at = &p->scope->fallback_at[p->direction];

	if (p->direction == EG_EGRESS && fallback == EG_DEFAULT_ANSWER)
		parser__error(p, at, "default answer in egress; expected default pass or default drop");
	else if (*now >= 0)
		parser__error(p, at, "default is set twice%s, first in line %u; expected one of them",
			      holder(p), now_at->line);
	*now = fallback;
	*now_at = at;
	p->broken = false;
}

void statement__check(struct parser *p, struct place at, __u64 every, struct place every_at,
		      __u64 lease, struct place lease_at)
{
	struct scope *s = p->scope;

	if (p->direction == EG_EGRESS)
		parser__error(p, at, "check in an egress block; expected it outside");
	else if (s->check_every)
		parser__error(p, at, "check is set twice%s, first in line %u; expected one of them",
			      holder(p), s->check_at.line);
	if (every < CHECK_EVERY_MIN || every > CHECK_MAX / CHECK_LEASES_MIN)
		parser__error(p, every_at, "checks every %llums are out of range; expected %dms to %ds",
			      every, CHECK_EVERY_MIN, CHECK_MAX / CHECK_LEASES_MIN / 1000);
	else if (lease && (lease < every * CHECK_LEASES_MIN || lease > CHECK_MAX))
		parser__error(p, lease_at, "a lease of %llums is out of range; expected at least %d times "
			      "as long as from one check to the next, and %ds at most", lease,
			      CHECK_LEASES_MIN, CHECK_MAX / 1000);
	if (!lease)
		lease = every * CHECK_LEASES < CHECK_MAX ? every * CHECK_LEASES : CHECK_MAX;
	s->check_every = every;
	s->check_lease = lease;
	s->check_at = at;
	p->broken = false;
}

static void say_peers(struct parser *p, struct place at, const char *what, bool of,
		      struct said_peers *said)
{
	if (p->direction == EG_EGRESS)
		parser__error(p, at, "%s in an egress block; expected it outside", what);
	else if (said->at.line)
		parser__error(p, at, "%s is set twice%s, first in line %u; expected one of them, with "
			      "several values in { }", what, holder(p), said->at.line);
	if (said->at.line || !of) {
		/* What stands there is as good as any: there was an error, or there are none. */
		said->at = at;
		return;
	}
	said->at = at;
	list__endpoint(p, at, &said->of, &said->references, false);
}

void statement__measure(struct parser *p, struct place at, bool of)
{
	struct said_peers *said = &p->scope->measure;

	say_peers(p, at, "measure", of, said);
	if (said->of.prefixes.count + said->references.count > EG_RTT_GROUPS)
		parser__error(p, at, "more than %d peers to measure; expected fewer, perhaps sets: each "
			      "is measured as one", EG_RTT_GROUPS);
	p->broken = false;
}

void statement__observe(struct parser *p, struct place at)
{
	say_peers(p, at, "observe", true, &p->scope->observe);
	p->broken = false;
}

void said_peers__free(struct said_peers *s)
{
	prefixes__free(&s->of.prefixes);
	free(s->of.sets);
	free(s->references.list);
}

void statement__block(struct parser *p, struct place at)
{
	struct scope *s;

	if (p->scope->number)
		parser__error(p, at, "an interface block inside another; expected } first");
	else if (p->direction == EG_EGRESS)
		parser__error(p, at, "an interface block inside egress; expected egress inside of it");
	s = calloc(1, sizeof(*s));
	if (!s) {
		p->no_memory = true;
		return;
	}
	s->number = p->c->scope_count;
	s->swap = s->recorder = s->fallback[EG_INGRESS] = s->fallback[EG_EGRESS] = -1;
	if (!parser__append(p, (void ***)&p->c->scopes, &p->c->scope_count, s)) {
		free(s);
		return;
	}
	p->scope = s;
	p->broken = false;
}

void statement__block_name(struct parser *p, struct slice word, struct place at, bool quoted)
{
	char *name = quoted ? unquote(p, word) : copy(p, word);

	if (!name)
		return;
	if (!*name)
		parser__error(p, at, "an interface's name is empty; expected one of 'ip link'");
	else if (strlen(name) >= IFNAMSIZ)
		parser__error(p, at, "interface name \"%.60s\" is too long; expected %d characters at most",
			      name, IFNAMSIZ - 1);
	else if (strpbrk(name, "/: \t\n\r\v\f") || !strcmp(name, ".") || !strcmp(name, ".."))
		parser__error(p, at, "\"%s\" can't be an interface's name; expected one of 'ip link'",
			      name);
	if (!parser__append(p, (void ***)&p->scope->names, &p->scope->count, name))
		free(name);
	p->broken = false;
}

void statement__block_end(struct parser *p)
{
	p->scope = p->c->scopes[0];
	p->broken = false;
}

void statement__egress(struct parser *p, struct place at)
{
	if (p->direction == EG_EGRESS)
		parser__error(p, at, "an egress block inside another; expected } first");
	p->direction = EG_EGRESS;
	p->broken = false;
}

void statement__egress_end(struct parser *p)
{
	p->direction = EG_INGRESS;
	p->broken = false;
}

bool scope__holds(const struct scope *s, const char *ifname)
{
	if (!s->number)
		return true;
	for (size_t i = 0; ifname && i < s->count; i++)
		if (!strcmp(s->names[i], ifname))
			return true;
	return false;
}

/* Sets ----------------------------------------------------------------------- */

static bool is_set_name(struct slice s)
{
	for (size_t i = 0; i < s.length; i++) {
		char c = s.at[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (!i || ((c < '0' || c > '9') && c != '-')))
			return false;
	}
	return s.length;
}

static char *absolute(struct parser *p, const char *file)
{
	char *path;

	if (asprintf(&path, "%s%s%s", *file == '/' ? "" : p->c->directory,
		     *file == '/' ? "" : "/", file) >= 0)
		return path;
	p->no_memory = true;
	return NULL;
}

void statement__set(struct parser *p, struct slice name, struct place at, const struct slice *file,
		    struct place file_at)
{
	struct defined_set *d;

	if (!is_set_name(name))
		parser__error(p, at, "\"%.*s\" can't be the name of a set; expected a letter or _, then "
			      "letters, digits, _ and -", SHOWN(name));
	if (p->direction == EG_EGRESS)
		parser__error(p, at, "a set in an egress block; expected it outside");
	if (p->c->set_count == SETS_MAX) {
		if (!p->too_many)
			parser__error(p, at, "more than %d sets; expected fewer", SETS_MAX);
		p->too_many = true;
		goto cleanup;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		p->no_memory = true;
		goto cleanup;
	}
	if (!parser__append(p, (void ***)&p->c->sets, &p->c->set_count, d)) {
		free(d);
		goto cleanup;
	}
	d->number = p->c->set_count;
	d->scope = p->scope;
	d->name_at = at;
	d->set.place = at;
	d->set.name = copy(p, name);
	if (file) {
		d->set.file = unquote(p, *file);
		if (d->set.file && !*d->set.file)
			parser__error(p, file_at, "the path of a set's file is empty; expected a file");
		d->set.path = d->set.file ? absolute(p, d->set.file) : NULL;
	} else {
		d->set.prefixes = p->prefixes;
		d->set.loaded = true;
		memset(&p->prefixes, 0, sizeof(p->prefixes));
		if (!p->broken && !d->set.prefixes.count)
			parser__warn(p, at, "set %s is empty: nothing is in it", d->set.name);
		if (source__duplicates(&p->c->source, at, &d->set.prefixes))
			p->no_memory = true;
	}
cleanup:
	p->broken = false;
}

/* Lists ---------------------------------------------------------------------- */

void list__begin(struct parser *p)
{
	p->items.count = 0;
	p->prefixes.count = 0;
	p->local = false;
}

void list__endpoint(struct parser *p, struct place at, struct endpoint *e, struct references *refs,
		    bool to)
{
	e->present = true;
	if (source__duplicates(&p->c->source, at, &p->prefixes))
		p->no_memory = true;
	e->prefixes = p->prefixes;
	memset(&p->prefixes, 0, sizeof(p->prefixes));
	for (size_t i = 0; i < p->items.count; i++)
		if (parser__grow(p, (void **)&refs->list, refs->count, &refs->room, sizeof(*refs->list)))
			refs->list[refs->count++] = (struct reference){
				.name = p->items.list[i].name,
				.place = p->items.list[i].place,
				.to = to,
			};
}

static void add_item(struct parser *p, const struct item *item)
{
	if (p->items.count == ITEMS_MAX)
		parser__error(p, item->place, "a list of more than %d elements; expected fewer",
			      ITEMS_MAX);
	if (p->items.count <= ITEMS_MAX &&
	    parser__grow(p, (void **)&p->items.list, p->items.count, &p->items.room, sizeof(*item)))
		p->items.list[p->items.count++] = *item;
}

void list__number(struct parser *p, struct place at, __u64 first, __u64 last)
{
	if (first > last)
		parser__error(p, at, "the range %llu-%llu is reversed; expected %llu-%llu", first, last,
			      last, first);
	add_item(p, &(struct item){ .first = first, .last = last, .place = at });
}

void list__name(struct parser *p, struct place at, struct slice name)
{
	add_item(p, &(struct item){ .name = name, .place = at });
}

__u64 list__flag_bits(struct parser *p, struct place at, struct slice name)
{
	const struct word *w = words__find(&flag_words, name);

	if (w)
		return w->number ?: FLAG_NONE;
	parser__unknown(p, at, "TCP flag", name, &flag_words,
		     "fin, syn, rst, psh, ack, urg, ece, cwr or none");
	return 0;
}

void list__flag(struct parser *p, struct place at, __u64 value, __u64 mask)
{
	if (p->broken)
		return;
	if ((value > FLAG_NONE) || mask >= FLAG_NONE)
		parser__error(p, at, "none stands beside other flags; expected none alone, or none/syn+ack");
	else if (value == FLAG_NONE)
		add_item(p, &(struct item){ .first = 0, .last = mask ?: 0xff, .place = at });
	else if (mask && value & ~mask)
		parser__error(p, at, "flags before / that don't stand behind it; expected all of them there");
	else
		add_item(p, &(struct item){ .first = value, .last = mask ?: value, .place = at });
}

bool source__prefix(struct source *s, struct place at, struct slice text, struct prefix *prefix)
{
	bool host_bits = false;
	char taken[PREFIX_TEXT];
	const char *wrong;
	size_t column;

	wrong = prefix__parse(text, prefix, &column, &host_bits);
	if (wrong) {
		at.column += column;
		source__say(s, ERROR, at, "%s", wrong);
		return false;
	}
	if (host_bits) {
		prefix__print(prefix, taken);
		source__say(s, WARNING, at, "bits are set behind the prefix of %.*s; taken as %s",
			    SHOWN(text), taken);
	}
	if (prefix__mapped(prefix))
		source__say(s, WARNING, at, "%.*s only matches IPv6 packets; for IPv4 write it with dots "
			    "alone", SHOWN(text));
	return true;
}

int source__duplicates(struct source *s, struct place at, const struct prefixes *list)
{
	char text[PREFIX_TEXT];
	ssize_t count;
	size_t first;

	count = prefixes__duplicates(list, &first);
	if (count < 0)
		return count;
	if (!count)
		return 0;
	prefix__print(&list->list[first], text);
	if (count == 1)
		source__say(s, WARNING, at, "%s stands here twice", text);
	else
		source__say(s, WARNING, at, "%zd prefixes stand here again, %s the first of them", count,
			    text);
	return 0;
}

void list__prefix(struct parser *p, struct place at, struct slice text)
{
	struct prefix prefix;

	if (!source__prefix(&p->c->source, at, text, &prefix))
		p->broken = true;
	else if (prefixes__add(&p->prefixes, &prefix))
		p->no_memory = true;
}

void list__set(struct parser *p, struct place at, struct slice name)
{
	list__name(p, at, name);
}

void list__local(struct parser *p, struct place at)
{
	(void)at;
	p->local = true;
}

void list__local_among(struct parser *p, struct place at)
{
	parser__error(p, at, "local stands in a list; expected it alone, in a rule of its own");
}
