// SPDX-License-Identifier: GPL-2.0-only
#include "view.h"
#include "names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <json-c/json.h>

#define COLUMNS		6		/* of numbers, at most */
#define COLUMN		7		/* characters of each */
#define LABEL		36		/* columns before the bars, and behind them */
#define LABEL_HIGHEST	10
#define HISTORY		600		/* objects that are remembered */
#define SPAN		300		/* of them, those that bars show at most */
#define LINES		(EG_VERDICT_COUNT + 1)	/* with bars: each verdict, and all of them */
#define TOP		(LINES + 2)	/* rows above the panels */
#define PANEL_WIDTH	80		/* two stand side by side if both have that */
#define PANEL_HEIGHT	12

#define NAME_FIRST	true
#define NAME_LAST	false

/* A panel's columns. */
static const struct kind {
	const char *title;
	bool name_first;
	int columns;
	const char *names[COLUMNS];
} kinds[PANEL_COUNT] = {
	[PANEL_TYPES] = { "types", NAME_FIRST, 6,
			  { "pkts/s", "pass", "drop", "answer", "reject", "bit/s" } },
	[PANEL_REASONS] = { "reasons", NAME_FIRST, 2, { "pkts/s", "bit/s" } },
	[PANEL_RULES] = { "rules", NAME_LAST, 2, { "pkts/s", "bit/s" } },
	[PANEL_CPUS] = { "CPUs", NAME_FIRST, 5, { "pkts/s", "pass", "drop", "answer", "reject" } },
	[PANEL_SOURCES] = { "sources", NAME_FIRST, 6,
			    { "pkts/s", "least", "pass", "drop", "answer", "reject" } },
};

struct row {
	char *name;
	double values[COLUMNS];
};

struct table {
	struct row *rows;
	size_t count, room;
};

/* Of a verdict, a second's. */
struct flow {
	double packets, bytes;
};

/* All that is shown of an interface; also while it is still being added up. */
struct figures {
	struct flow flows[LINES];
	struct table tables[PANEL_COUNT];
	bool sources;			/* they are known */
};

struct port {
	char *name, *netns, *mode;
	struct figures shown, sum;
	float history[LINES][HISTORY];	/* oldest first */
	size_t remembered, taken;	/* of it; objects ever */
	bool present;			/* in the last object */
};

struct view {
	struct port all, *ports;
	size_t count;
	unsigned int added;		/* objects in the sums */
	double milliseconds;		/* that they cover */
	__u64 sample;
	time_t when;
};

/* Tables -------------------------------------------------------------------------- */

static void table__clear(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->rows[i].name);
	t->count = 0;
}

static void figures__clear(struct figures *f)
{
	for (int i = 0; i < PANEL_COUNT; i++)
		table__clear(&f->tables[i]);
	memset(f->flows, 0, sizeof(f->flows));
	f->sources = false;
}

static void figures__free(struct figures *f)
{
	figures__clear(f);
	for (int i = 0; i < PANEL_COUNT; i++)
		free(f->tables[i].rows);
}

/* NULL: no memory. */
static struct row *table__row(struct table *t, const char *name)
{
	size_t room = t->room ? 2 * t->room : 16;
	struct row *rows;

	for (size_t i = 0; i < t->count; i++)
		if (!strcmp(t->rows[i].name, name))
			return &t->rows[i];
	if (t->count == t->room) {
		rows = realloc(t->rows, room * sizeof(*rows));
		if (!rows)
			return NULL;
		t->rows = rows;
		t->room = room;
	}
	t->rows[t->count] = (struct row){ .name = strdup(name) };
	return t->rows[t->count].name ? &t->rows[t->count++] : NULL;
}

static void port__free(struct port *p)
{
	figures__free(&p->shown);
	figures__free(&p->sum);
	free(p->name);
	free(p->netns);
	free(p->mode);
}

struct view *view__new(void)
{
	return calloc(1, sizeof(struct view));
}

void view__free(struct view *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->count; i++)
		port__free(&v->ports[i]);
	port__free(&v->all);
	free(v->ports);
	free(v);
}

/* Taking objects ------------------------------------------------------------------ */

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? value : NULL;
}

static double number(struct json_object *o, const char *key)
{
	return json_object_get_int64(member(o, key));
}

/* "" for null, and for what isn't there. */
static const char *text(struct json_object *o, const char *key)
{
	return json_object_get_string(member(o, key)) ?: "";
}

/* Rates, for as long as they held. */
struct taking {
	struct port *port, *all;
	double ms;
};

static void add(const struct taking *t, enum panel panel, const char *name, const double *values)
{
	struct port *const both[] = { t->port, t->all };

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		struct row *row = table__row(&both[i]->sum.tables[panel], name);

		for (int k = 0; row && k < kinds[panel].columns; k++)
			row->values[k] += values[k] * t->ms;
	}
}

/* values[0] is of all verdicts, those from [1] on are by verdict; returns the bytes of all. */
static double by_verdict(struct json_object *o, double *values)
{
	double bytes = 0;

	values[0] = 0;
	for (int v = 0; v < EG_VERDICT_COUNT; v++) {
		struct json_object *count = member(o, verdict_names[v]);

		values[1 + v] = number(count, "packets");
		values[0] += values[1 + v];
		bytes += number(count, "bytes");
	}
	return bytes;
}

static void take_types(const struct taking *t, struct json_object *o, const char *family)
{
	json_object_object_foreach(o, type, verdicts) {
		double values[COLUMNS] = {};
		char name[64];

		snprintf(name, sizeof(name), "%s %s", family, type);
		values[5] = 8 * by_verdict(verdicts, values);
		add(t, PANEL_TYPES, name, values);
	}
}

/* Protocols aren't told by verdict; those of types that are shown count among these. */
static void take_protocols(const struct taking *t, struct json_object *o)
{
	json_object_object_foreach(o, name, count) {
		double values[COLUMNS] = { number(count, "packets"), -1, -1, -1, -1,
					   8 * number(count, "bytes") };

		if (strcmp(name, "icmp") && strcmp(name, "icmp6"))
			add(t, PANEL_TYPES, name, values);
	}
}

static void take_reasons(const struct taking *t, struct json_object *o)
{
	json_object_object_foreach(o, name, count) {
		double values[COLUMNS] = { number(count, "packets"), 8 * number(count, "bytes") };

		add(t, PANEL_REASONS, name, values);
	}
}

static void take_rules(const struct taking *t, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		double values[COLUMNS] = { number(o, "packets"), 8 * number(o, "bytes") };

		add(t, PANEL_RULES, text(o, "text"), values);
	}
}

static void take_cpus(const struct taking *t, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		double values[COLUMNS] = {};
		char name[32];

		snprintf(name, sizeof(name), "CPU %d", (int)number(o, "cpu"));
		by_verdict(member(o, "verdicts"), values);
		add(t, PANEL_CPUS, name, values);
	}
}

static void take_sources(const struct taking *t, struct json_object *list)
{
	t->port->sum.sources = t->all->sum.sources = true;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		double values[COLUMNS] = { number(o, "packets"), number(o, "at_least") };

		for (int v = 0; v < EG_VERDICT_COUNT; v++)
			values[2 + v] = number(member(o, "verdicts"), verdict_names[v]);
		add(t, PANEL_SOURCES, text(o, "address"), values);
	}
}

static void remember(struct port *p, const struct flow *flows)
{
	if (p->remembered == HISTORY) {
		for (int i = 0; i < LINES; i++)
			memmove(p->history[i], p->history[i] + 1,
				(HISTORY - 1) * sizeof(**p->history));
		p->remembered--;
	}
	for (int i = 0; i < LINES; i++)
		p->history[i][p->remembered] = flows[i].packets;
	p->remembered++;
	p->taken++;
}

static void flow__add(struct flow *to, const struct flow *from, double times)
{
	to->packets += from->packets * times;
	to->bytes += from->bytes * times;
}

static void take_flows(const struct taking *t, struct json_object *o, struct flow *all)
{
	struct flow flows[LINES] = {}, *every = &flows[EG_VERDICT_COUNT];

	for (int v = 0; v < EG_VERDICT_COUNT; v++) {
		struct json_object *count = member(o, verdict_names[v]);

		flows[v] = (struct flow){ number(count, "packets"), number(count, "bytes") };
		flow__add(every, &flows[v], 1);
	}
	for (int i = 0; i < LINES; i++) {
		flow__add(&t->port->sum.flows[i], &flows[i], t->ms);
		flow__add(&t->all->sum.flows[i], &flows[i], t->ms);
		flow__add(&all[i], &flows[i], 1);
	}
	remember(t->port, flows);
}

static struct port *find_port(struct view *v, const char *name, const char *netns)
{
	struct port *ports, *p;

	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->ports[i].name, name) && !strcmp(v->ports[i].netns, netns))
			return &v->ports[i];
	ports = realloc(v->ports, (v->count + 1) * sizeof(*ports));
	if (!ports)
		return NULL;
	v->ports = ports;
	p = &ports[v->count];
	*p = (struct port){ .name = strdup(name), .netns = strdup(netns) };
	if (p->name && p->netns) {
		v->count++;
		return p;
	}
	port__free(p);
	return NULL;
}

static void take_interface(struct view *v, struct json_object *o, double ms, struct flow *all)
{
	struct taking t = { .all = &v->all, .ms = ms };

	t.port = find_port(v, text(o, "interface"), text(o, "netns"));
	if (!t.port)
		return;
	t.port->present = true;
	free(t.port->mode);
	t.port->mode = strdup(text(o, "mode"));
	take_flows(&t, member(o, "verdicts"), all);
	if (json_object_is_type(member(o, "icmp"), json_type_object))
		take_types(&t, member(o, "icmp"), "icmp");
	if (json_object_is_type(member(o, "icmp6"), json_type_object))
		take_types(&t, member(o, "icmp6"), "icmp6");
	if (json_object_is_type(member(o, "protocols"), json_type_object))
		take_protocols(&t, member(o, "protocols"));
	if (json_object_is_type(member(o, "reasons"), json_type_object))
		take_reasons(&t, member(o, "reasons"));
	if (json_object_is_type(member(o, "rules"), json_type_array))
		take_rules(&t, member(o, "rules"));
	if (json_object_is_type(member(o, "per_cpu"), json_type_array))
		take_cpus(&t, member(o, "per_cpu"));
	if (json_object_is_type(member(o, "sources"), json_type_array))
		take_sources(&t, member(o, "sources"));
}

/* Those that are no longer told of. */
static void drop_absent(struct view *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->count; i++) {
		if (v->ports[i].present)
			v->ports[kept++] = v->ports[i];
		else
			port__free(&v->ports[i]);
	}
	v->count = kept;
}

/* Makes the means of the sums what is shown. */
static void settle(struct port *p, double ms)
{
	struct figures old = p->shown;

	for (int i = 0; i < LINES; i++) {
		p->sum.flows[i].packets /= ms;
		p->sum.flows[i].bytes /= ms;
	}
	for (int i = 0; i < PANEL_COUNT; i++)
		for (size_t k = 0; k < p->sum.tables[i].count; k++)
			for (int n = 0; n < COLUMNS; n++)
				p->sum.tables[i].rows[k].values[n] /= ms;
	p->shown = p->sum;
	p->sum = old;
	figures__clear(&p->sum);
}

bool view__take(struct view *v, const char *line, unsigned int average)
{
	struct json_object *o = json_tokener_parse(line), *list;
	struct flow all[LINES] = {};
	double ms;

	list = member(o, "interfaces");
	ms = number(o, "milliseconds");
	if (!json_object_is_type(list, json_type_array) || ms <= 0) {
		json_object_put(o);
		return false;
	}
	for (size_t i = 0; i < v->count; i++)
		v->ports[i].present = false;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		take_interface(v, json_object_array_get_idx(list, i), ms, all);
	remember(&v->all, all);
	drop_absent(v);
	v->sample = number(o, "sample");
	v->when = number(o, "time");
	json_object_put(o);
	v->milliseconds += ms;
	if (++v->added < average)
		return false;
	settle(&v->all, v->milliseconds);
	for (size_t i = 0; i < v->count; i++)
		settle(&v->ports[i], v->milliseconds);
	v->added = 0;
	v->milliseconds = 0;
	return true;
}

size_t view__interfaces(const struct view *v)
{
	return v->count > 1 ? v->count + 1 : v->count;
}

/* Drawing ------------------------------------------------------------------------- */

static const struct port *chosen(const struct view *v, size_t interface)
{
	if (!v->count)
		return &v->all;
	if (v->count == 1)
		return &v->ports[0];
	return interface % (v->count + 1) ? &v->ports[interface % (v->count + 1) - 1] : &v->all;
}

static void draw_place(const struct view *v, const struct port *p, const struct look_at *l,
		       struct canvas *c, int row)
{
	char clock[16] = "", right[64];
	struct tm tm;
	int end;

	if (v->when && localtime_r(&v->when, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	snprintf(right, sizeof(right), "%s%s", l->paused ? "PAUSED  " : "", clock);
	end = c->width - (int)strlen(right);
	canvas__put(c, row, end, c->width, l->paused ? LOOK_CHOSEN : LOOK_DIM, right);
	end -= 2;
	if (!v->count)
		canvas__put(c, row, 0, end, LOOK_BOLD,
			    v->all.taken ? "echogate: nothing is attached" : "echogate: measuring");
	else if (p == &v->all)
		canvas__printf(c, row, 0, end, LOOK_BOLD, "echogate: all %zu interfaces", v->count);
	else
		canvas__printf(c, row, 0, end, LOOK_BOLD, "echogate: %s%s%s, %s", p->name,
			       *p->netns ? " in " : "", p->netns, p->mode ?: "");
}

static void draw_flows(const struct port *p, const struct look_at *l, struct canvas *c, int row)
{
	int width = c->width - LABEL - LABEL_HIGHEST;
	char packets[16], bits[16], highest[16];

	for (int i = 0; i < LINES; i++) {
		enum look look = i < EG_VERDICT_COUNT ? (enum look)(LOOK_VERDICT + i) : LOOK_BOLD;
		const struct flow *f = &p->shown.flows[i];
		double max;

		canvas__printf(c, row + i, 0, LABEL - 1, look, "%-7s %6s pkts/s %6s bit/s",
			       i < EG_VERDICT_COUNT ? verdict_names[i] : "all",
			       shorten(f->packets, packets), shorten(8 * f->bytes, bits));
		/* One alone says nothing. */
		if (p->taken < 2)
			continue;
		max = canvas__spark(c, row + i, LABEL, width, look, p->history[i], p->remembered,
				    p->taken, p->remembered < SPAN ? p->remembered : SPAN,
				    l->unicode);
		if (max >= 0.5)
			canvas__printf(c, row + i, LABEL + width + 1, LABEL_HIGHEST - 1, LOOK_DIM,
				       "max %s", shorten(max, highest));
	}
}

/* By what rows are ordered now; the panel's number of columns: by name. */
static int sort_column(enum panel panel, unsigned int sort)
{
	return sort % (kinds[panel].columns + 1);
}

/* @data: the column; -1: by name. */
static int compare(const void *a, const void *b, void *data)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	int column = *(const int *)data;

	if (column >= 0 && x->values[column] != y->values[column])
		return x->values[column] < y->values[column] ? 1 : -1;
	return strverscmp(x->name, y->name);
}

/* Where the numbers of a panel begin, and the name. */
static int numbers_at(const struct kind *k, const struct area *a)
{
	return k->name_first ? a->column + a->width - k->columns * COLUMN : a->column;
}

static int name_at(const struct kind *k, const struct area *a)
{
	return k->name_first ? a->column : a->column + k->columns * COLUMN + 1;
}

static int name_room(const struct kind *k, const struct area *a)
{
	return a->width - k->columns * COLUMN - 1;
}

static void draw_title(const struct view *v, const struct figures *f, enum panel panel,
		       const struct look_at *l, const struct area *a, struct canvas *c)
{
	int sorted = sort_column(panel, l->sort), at;
	const struct kind *k = &kinds[panel];
	char title[64];

	snprintf(title, sizeof(title), "%s", k->title);
	if (panel == PANEL_SOURCES && f->sources && v->sample > 1)
		snprintf(title, sizeof(title), "sources (sampled 1/%llu)",
			 (unsigned long long)v->sample);
	canvas__paint(c, a->row, a->column, a->width, LOOK_BAR);
	canvas__put(c, a->row, name_at(k, a), name_room(k, a),
		    sorted == k->columns ? LOOK_CHOSEN : LOOK_BAR, title);
	for (int i = 0; i < k->columns; i++) {
		at = numbers_at(k, a) + i * COLUMN;
		canvas__printf(c, a->row, at, COLUMN, sorted == i ? LOOK_CHOSEN : LOOK_BAR, "%*s",
			       COLUMN, k->names[i]);
	}
}

static void draw_row(const struct row *r, enum panel panel, const struct area *a, int row,
		     struct canvas *c)
{
	const struct kind *k = &kinds[panel];
	char number[16];

	canvas__put(c, row, name_at(k, a), name_room(k, a), LOOK_PLAIN, r->name);
	for (int i = 0; i < k->columns; i++) {
		const char *name = k->names[i];
		enum look look = i ? LOOK_PLAIN : LOOK_BOLD;

		for (int n = 0; n < EG_VERDICT_COUNT; n++)
			if (!strcmp(name, verdict_names[n]))
				look = LOOK_VERDICT + n;
		/* Not known, or nothing: what there is shall be seen. */
		if (r->values[i] < 0.5 && i)
			continue;
		canvas__printf(c, row, numbers_at(k, a) + i * COLUMN, COLUMN, look, "%*s", COLUMN,
			       shorten(r->values[i], number));
	}
}

static void draw_panel(const struct view *v, const struct figures *f, enum panel panel,
		       const struct look_at *l, const struct area *a, struct canvas *c)
{
	int room = a->height - 1, shown = 0, column = sort_column(panel, l->sort);
	const struct table *t = &f->tables[panel];
	const struct row **rows;

	if (column == kinds[panel].columns)
		column = -1;
	draw_title(v, f, panel, l, a, c);
	rows = calloc(t->count ?: 1, sizeof(*rows));
	if (!rows)
		return;
	for (size_t i = 0; i < t->count; i++)
		rows[i] = &t->rows[i];
	if (t->count)
		qsort_r(rows, t->count, sizeof(*rows), compare, &column);
	while (shown < room && (size_t)shown < t->count) {
		if (shown == room - 1 && t->count > (size_t)room) {
			canvas__printf(c, a->row + 1 + shown, a->column, a->width, LOOK_DIM,
				       "and %zu more", t->count - shown);
			break;
		}
		draw_row(rows[shown], panel, a, a->row + 1 + shown, c);
		shown++;
	}
	if (!t->count && room > 0)
		canvas__put(c, a->row + 1, a->column, a->width, LOOK_DIM,
			    panel == PANEL_SOURCES && !f->sources && v->all.taken ?
			    "not known: no capture could be begun" : "nothing");
	free(rows);
}

int view__layout(int width, int height, int top, struct area areas[PANEL_COUNT])
{
	int columns = width >= 2 * PANEL_WIDTH + 2 ? 2 : 1, rows = (height - top) / PANEL_HEIGHT;
	int each = (width - 2 * (columns - 1)) / columns, n = 0;

	if (rows < 1)
		rows = 1;
	while ((rows - 1) * columns >= PANEL_COUNT)
		rows--;
	for (int row = 0; row < rows; row++) {
		int from = top + (height - top) * row / rows;
		int to = top + (height - top) * (row + 1) / rows;

		for (int column = 0; column < columns && n < PANEL_COUNT; column++) {
			areas[n] = (struct area){ .row = from, .column = column * (each + 2),
						  .width = each, .height = to - from };
			/* Above the next one there is a blank line. */
			if (row + 1 < rows)
				areas[n].height--;
			/* The last one has the place of the one that is missing beside it. */
			if (++n == PANEL_COUNT)
				areas[n - 1].width = width - areas[n - 1].column;
		}
	}
	return n;
}

static void draw_tabs(const struct look_at *l, struct canvas *c, int row)
{
	int at = 0;

	for (int i = 0; i < PANEL_COUNT; i++) {
		enum look look = l->panel == (enum panel)i ? LOOK_CHOSEN : LOOK_DIM;
		char tab[32];

		snprintf(tab, sizeof(tab), " %d %s ", i + 1, kinds[i].title);
		at = canvas__put(c, row, at, c->width - at, look, tab);
	}
	if (l->average > 1)
		canvas__printf(c, row, at + 2, c->width - at - 2, LOOK_DIM, "means of %u intervals",
			       l->average);
}

static void draw_help(struct canvas *c, int top)
{
	static const char *const lines[] = {
		"q            quit",
		"p, space     pause; what comes meanwhile is counted in the bars",
		"left, right  the interface before, the next; Tab is right, too",
		"1 to 5, v    which view stands first; v: the next",
		"s, S         order by the next column, by the one before; last by name",
		"+, -         means over more intervals, over fewer",
		"h, ?         this help",
		"",
		"Bars show the last 300 readings: with one a second, five minutes.",
		"Sources are sampled: the more packets, the fewer are looked at. Of what was",
		"looked at, \"least\" was sent by that source for certain; the rest of its",
		"pkts/s may have been others'. Means of some seconds.",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		canvas__put(c, top + i, 2, c->width - 2, LOOK_PLAIN, lines[i]);
}

static const char keys[] = "q quit  p pause  <-/-> interface  1-5 view  s sort  +/- interval  "
			   "h help";

void view__draw(const struct view *v, const struct look_at *l, struct canvas *c)
{
	const struct port *p = chosen(v, l->interface);
	struct area areas[PANEL_COUNT];
	int n;

	if (c->width < VIEW_WIDTH || c->height < VIEW_HEIGHT) {
		canvas__printf(c, 0, 0, c->width, LOOK_PLAIN, "%dx%d: top needs %dx%d", c->width,
			       c->height, VIEW_WIDTH, VIEW_HEIGHT);
		return;
	}
	draw_place(v, p, l, c, 0);
	draw_flows(p, l, c, 1);
	draw_tabs(l, c, TOP - 1);
	if (l->help) {
		draw_help(c, TOP);
	} else {
		n = view__layout(c->width, c->height - 1, TOP, areas);
		for (int i = 0; i < n; i++)
			draw_panel(v, &p->shown, (l->panel + i) % PANEL_COUNT, l, &areas[i], c);
	}
	canvas__put(c, c->height - 1, 0, c->width, l->message ? LOOK_BOLD : LOOK_DIM,
		    l->message ?: keys);
}

/* Rows of an interface, and of each of its panels that has any. */
static int panel_height(const struct port *p, int panel)
{
	return p->shown.tables[panel].count ? (int)p->shown.tables[panel].count + 2 : 0;
}

static int port_height(const struct port *p)
{
	int height = 1 + LINES + 1;

	for (int i = 0; i < PANEL_COUNT; i++)
		height += panel_height(p, i);
	return height;
}

int view__draw_all(const struct view *v, const struct look_at *l, int width, struct canvas *c)
{
	size_t count = view__interfaces(v) ?: 1;
	int height = 0, row = 0, err;

	for (size_t i = 0; i < count; i++)
		height += port_height(chosen(v, i));
	err = canvas__init(c, width, height - 1);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		const struct port *p = chosen(v, i);

		draw_place(v, p, l, c, row);
		draw_flows(p, l, c, row + 1);
		row += 1 + LINES + 1;
		for (int k = 0; k < PANEL_COUNT; k++) {
			struct area a = { .row = row, .width = width,
					  .height = panel_height(p, k) - 1 };

			if (!panel_height(p, k))
				continue;
			draw_panel(v, &p->shown, k, l, &a, c);
			row += panel_height(p, k);
		}
	}
	return 0;
}
