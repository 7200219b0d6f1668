/* SPDX-License-Identifier: GPL-2.0-only */
/* The grammar of a configuration file. What a statement means is statement.c's business. */
%require "3.8"
%define api.prefix {language_}
%define api.token.prefix {TOKEN_}
%define api.pure full
%define api.location.type {struct place}
%define parse.error custom
%define parse.lac full
%locations
%param { struct parser *p }

%code requires {
#include "language.h"
}

%union {
	struct slice word;
	__u64 number;
	struct place place;
	enum eg_rule_verdict verdict;
	enum check_kind check;
	struct { __u64 value, mask; } flag;
	struct limit_text limit;
}

%token END "the end of the statement"
%token OPEN "{" CLOSE "}" BRACE "a list in { }" UNBRACE "the closing }"
%token UNCLOSED UNCLOSED_BLOCK
%token COMMA "," PLUS "+" TO_NUMBER "-" SLASH "/"
%token REPLY_PATH "reply-path" METRICS "metrics" DEFAULT "default" SET "set" PROTECT "protect"
%token PASS "pass"
%token DROP "drop" COUNT "count" ANSWER "answer" REJECT "reject" EGRESS "egress"
%token INTERFACE "interface" EVEN_PROTECTED "even-protected" NOT "not" IP "ip" IP6 "ip6"
%token PROTOCOL "protocol" TYPE "type" CODE "code" PORT "port" SOURCE_PORT "source-port"
%token FLAGS "flags" TTL "ttl" DSCP "dscp" LENGTH "length" FRAGMENT "fragment" FIRST "first"
%token LATER "later" OPTIONS "options" VLAN "vlan" SOLICITED "solicited"
%token UNSOLICITED "unsolicited" FROM "from" TO "to" LOCAL "local"
%token WITH "with" LIMIT "limit" PER_SOURCE "per-source" BURST "burst" SAMPLE "sample"
%token ABOVE "above" WHILE "while" UNIT "unit" TCP "tcp" CHECK "check" EVERY "every" LEASE "lease"
%token MEASURE "measure" RTT "rtt" OF "of" OBSERVE "observe"
%token FIB "fib" SWAP "swap" FILE "file" RECORDER "recorder" ON "on" OFF "off"
%token <word> KIND "a protocol" NAME "a name" ODD "an odd word" ADDRESS "an address or prefix"
%token <word> SET_NAME "a @set" TEXT "a text in quotes" UNQUOTED "a text without its end"
%token <number> NUMBER "a number" TIME "a time, as 500ms or 5s"

%type <number> fallback
%type <verdict> verdict
%type <flag> flag_test
%type <number> flags
%type <check> check_kind
%type <limit> rate burst

%code {
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int scan(LANGUAGE_STYPE *value, struct place *at, void *scanner);
int language_get_leng(void *scanner);
char *language_get_text(void *scanner);

#define YYLLOC_DEFAULT(current, rhs, n) \
	((current) = (n) ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0))

static int language_lex(LANGUAGE_STYPE *value, struct place *at, struct parser *p)
{
	return scan(value, at, p->scanner);
}

static void language_error(struct place *at, struct parser *p, const char *what);
}

%%

file:
	statements
;

statements:
	%empty
|	statements END
|	statements statement END
|	statements error END			{ rule__abandon(p); yyerrok; }
|	statements interface error END		{ rule__abandon(p); yyerrok; }
;

/* What is nested so deep has had its errors; the parser's stack is not for more of them. */
open:
	OPEN					{ if (p->depth > ARRAY_SIZE(p->blocks)) YYABORT; }
;

/* A block's last statement may do without its own line. */
block:
	statements CLOSE
|	statements statement CLOSE
|	statements error CLOSE			{ rule__abandon(p); yyerrok; }
;

statement:
	REPLY_PATH FIB				{ statement__reply_path(p, @1, false); }
|	REPLY_PATH SWAP				{ statement__reply_path(p, @1, true); }
|	RECORDER ON				{ statement__recorder(p, @1, true); }
|	RECORDER OFF				{ statement__recorder(p, @1, false); }
|	METRICS NAME				{ statement__metrics(p, @1, $2, @2, false); }
|	METRICS TEXT				{ statement__metrics(p, @1, $2, @2, true); }
|	DEFAULT fallback		{ statement__default(p, @1, $2); }
|	SET NAME prefixes			{ statement__set(p, $2, @2, NULL, @2); }
|	SET NAME FILE TEXT			{ statement__set(p, $2, @2, &$4, @4); }
|	CHECK EVERY TIME			{ statement__check(p, @1, $3, @3, 0, @3); }
|	CHECK EVERY TIME LEASE TIME		{ statement__check(p, @1, $3, @3, $5, @5); }
|	MEASURE RTT				{ list__begin(p); statement__measure(p, @1, false); }
|	MEASURE RTT OF peers			{ statement__measure(p, @1, true); }
|	OBSERVE FROM peers			{ statement__observe(p, @1); }
|	EGRESS open				{ statement__egress(p, @1); }
	block					{ statement__egress_end(p); }
|	interface interfaces open block		{ statement__block_end(p); }
|	PROTECT					{ rule__begin(p, EG_RULE_PROTECT, @1); }
	matchers				{ rule__end(p); }
|	verdict					{ rule__begin(p, $1, @1); }
	even_protected matchers with modifiers	{ rule__end(p); }
;

peers:
	begin address
|	BRACE begin peer_list optional_comma UNBRACE
|	BRACE begin error close
;

peer_list:
	address
|	peer_list COMMA address
;

fallback:
	ANSWER					{ $$ = EG_DEFAULT_ANSWER; }
|	PASS					{ $$ = EG_DEFAULT_PASS; }
|	DROP					{ $$ = EG_DEFAULT_DROP; }
;

interface:
	INTERFACE				{ statement__block(p, @1); }
;

interfaces:
	interface_names
|	error
;

interface_names:
	interface_name
|	interface_names COMMA interface_name
;

interface_name:
	NAME					{ statement__block_name(p, $1, @1, false); }
|	TEXT					{ statement__block_name(p, $1, @1, true); }
;

prefixes:
	BRACE begin UNBRACE
|	BRACE begin prefix_list optional_comma UNBRACE
|	BRACE begin error close
;

prefix_list:
	prefix
|	prefix_list COMMA prefix
;

prefix:
	ADDRESS					{ list__prefix(p, @1, $1); }
;

verdict:
	PASS					{ $$ = EG_RULE_PASS; }
|	DROP					{ $$ = EG_RULE_DROP; }
|	ANSWER					{ $$ = EG_RULE_ANSWER; }
|	REJECT					{ $$ = EG_RULE_REJECT; }
|	COUNT					{ $$ = EG_RULE_COUNT; }
;

even_protected:
	%empty
|	EVEN_PROTECTED				{ rule__even_protected(p, @1); }
;

matchers:
	%empty
|	matchers matcher			{ p->negated = false; }
|	matchers not matcher			{ p->negated = false; }
;

not:
	NOT					{ p->negated = true; }
;

matcher:
	IP					{ rule__family(p, @1, 4); }
|	IP6					{ rule__family(p, @1, 6); }
|	KIND					{ rule__kind_name(p, @1, $1); }
|	PROTOCOL list				{ rule__list(p, @1, MATCH_KIND); }
|	TYPE list				{ rule__list(p, @1, MATCH_TYPE); }
|	CODE list				{ rule__list(p, @1, MATCH_CODE); }
|	PORT list				{ rule__list(p, @1, MATCH_DPORT); }
|	SOURCE_PORT list			{ rule__list(p, @1, MATCH_SPORT); }
|	TTL list				{ rule__list(p, @1, MATCH_TTL); }
|	DSCP list				{ rule__list(p, @1, MATCH_DSCP); }
|	LENGTH list				{ rule__list(p, @1, MATCH_LENGTH); }
|	VLAN list				{ rule__list(p, @1, MATCH_VLAN); }
|	FLAGS flag_tests			{ rule__flags(p, @1); }
|	FRAGMENT				{ rule__fragment(p, @1, FRAGMENT_FIRST | FRAGMENT_LATER); }
|	FRAGMENT FIRST				{ rule__fragment(p, @1, FRAGMENT_FIRST); }
|	FRAGMENT LATER				{ rule__fragment(p, @1, FRAGMENT_LATER); }
|	OPTIONS					{ rule__options(p, @1); }
|	SOLICITED				{ rule__solicited(p, @1, EG_SOLICITED_YES); }
|	UNSOLICITED				{ rule__solicited(p, @1, EG_SOLICITED_NO); }
|	FROM addresses				{ rule__endpoint(p, @1, false); }
|	TO addresses				{ rule__endpoint(p, @1, true); }
;

begin:
	%empty					{ list__begin(p); }
;

/* After an error in a list the rest of it is skipped. */
close:
	UNBRACE					{ p->broken = true; }
|	UNCLOSED				{ p->broken = true; }
;

optional_comma:
	%empty
|	COMMA
;

list:
	begin item
|	BRACE begin items optional_comma UNBRACE
|	BRACE begin error close
;

items:
	item
|	items COMMA item
;

item:
	NUMBER					{ list__number(p, @1, $1, $1); }
|	NUMBER TO_NUMBER NUMBER			{ list__number(p, @1, $1, $3); }
|	NAME					{ list__name(p, @1, $1); }
|	KIND					{ list__name(p, @1, $1); }
;

flag_tests:
	begin flag_item
|	BRACE begin flag_items optional_comma UNBRACE
|	BRACE begin error close
;

flag_items:
	flag_item
|	flag_items COMMA flag_item
;

flag_item:
	flag_test				{ list__flag(p, @1, $1.value, $1.mask); }
;

flag_test:
	flags					{ $$.value = $1; $$.mask = 0; }
|	flags SLASH flags			{ $$.value = $1; $$.mask = $3; }
;

flags:
	NAME					{ $$ = list__flag_bits(p, @1, $1); }
|	flags PLUS NAME				{ $$ = $1 | list__flag_bits(p, @3, $3); }
;

addresses:
	begin address
|	begin LOCAL				{ list__local(p, @2); }
|	BRACE begin address_list optional_comma UNBRACE
|	BRACE begin error close
;

address_list:
	listed_address
|	address_list COMMA listed_address
;

listed_address:
	address
|	LOCAL					{ list__local_among(p, @1); }
;

address:
	prefix
|	SET_NAME				{ list__set(p, @1, $1); }
;

with:
	%empty
|	WITH NAME				{ rule__with(p, @1, $2, @2); }
;

modifiers:
	%empty
|	modifier_list
;

modifier_list:
	modifier
|	modifier_list optional_comma modifier
;

modifier:
	LIMIT rate burst			{ rule__limit(p, @1, &$2, &$3, MATCH_LIMIT); }
|	PER_SOURCE source_lengths rate burst	{ rule__limit(p, @1, &$3, &$4, MATCH_SOURCE); }
|	SAMPLE NUMBER SLASH NUMBER		{ rule__sample(p, @1, $2, @2, $4, @4); }
|	ABOVE rate burst			{ rule__limit(p, @1, &$2, &$3, MATCH_ABOVE); }
|	WHILE check_kind NAME			{ rule__while(p, @1, $2, $3, @3, false); }
|	WHILE check_kind TEXT			{ rule__while(p, @1, $2, $3, @3, true); }
|	COUNT
;

check_kind:
	UNIT					{ $$ = CHECK_UNIT; }
|	FILE					{ $$ = CHECK_FILE; }
|	TCP					{ $$ = CHECK_TCP; }
;

source_lengths:
	%empty					{ rule__source_lengths(p, NULL, NULL, NULL, NULL); }
|	SLASH NUMBER				{ rule__source_lengths(p, &$2, &@2, NULL, NULL); }
|	SLASH NUMBER SLASH NUMBER		{ rule__source_lengths(p, &$2, &@2, &$4, &@4); }
;

rate:
	NUMBER SLASH NAME			{ $$ = (struct limit_text){ .count = $1, .count_at = @1,
								    .unit = $3, .unit_at = @3 }; }
;

burst:
	%empty					{ $$ = (struct limit_text){ .burst = 0 }; }
|	BURST NUMBER				{ $$ = (struct limit_text){ .burst = $2, .burst_at = @2 }; }
;

%%

/* How "expected ..." names a word whose meaning depends on what it follows. */
static const char *const topics[TOPIC_COUNT] = {
	[TOPIC_NONE] = "a name",
	[TOPIC_PROTOCOL] = "a protocol's name or number",
	[TOPIC_TYPE] = "an ICMP type's name or number",
	[TOPIC_CODE] = "an ICMP code's name or number",
	[TOPIC_PORT] = "a port or a range of ports",
	[TOPIC_FLAGS] = "TCP flags (fin, syn, rst, psh, ack, urg, ece, cwr, none)",
	[TOPIC_TTL] = "a number of 0 to 255",
	[TOPIC_DSCP] = "a number of 0 to 63 or a name (cs0-7, af11-43, ef, le, va)",
	[TOPIC_LENGTH] = "a number of bytes",
	[TOPIC_VLAN] = "a VLAN ID, none or any",
	[TOPIC_WITH] = "net-unreachable, host-unreachable, protocol-unreachable, port-unreachable, "
		       "admin-prohibited or tcp-reset",
	[TOPIC_RATE] = "s, m or h",
	[TOPIC_SET] = "a name",
	[TOPIC_METRICS] = "a port, an address with a port, or a path in quotes",
	[TOPIC_INTERFACE] = "an interface's name",
	[TOPIC_UNIT] = "the name of a unit of systemd",
	[TOPIC_FILE] = "the path of a file",
	[TOPIC_TCP] = "an address with a port, as 198.18.5.1:80 or [fd00::1]:80",
};

struct expected {
	bool at[YYNTOKENS];
	yysymbol_kind_t list[YYNTOKENS];
	int count;
};

#define EXPECTED(e, token)	((e)->at[YYSYMBOL_##token])

static bool is_shown(yysymbol_kind_t symbol)
{
	return symbol != YYSYMBOL_YYEOF && symbol != YYSYMBOL_YYerror && symbol != YYSYMBOL_END &&
	       symbol != YYSYMBOL_UNCLOSED && symbol != YYSYMBOL_UNCLOSED_BLOCK;
}

static void take_out(struct expected *e, yysymbol_kind_t first, yysymbol_kind_t last)
{
	for (int i = first; i <= (int)last; i++)
		e->at[i] = false;
}

/* The alternatives as people would name them, several tokens at once where there are many. */
static size_t alternatives(const struct parser *p, struct expected *e,
			   const char *words[YYNTOKENS + 1])
{
	bool starts = EXPECTED(e, PROTECT), ends = !starts && (EXPECTED(e, END) || EXPECTED(e, CLOSE));
	size_t n = 0;

	if (starts) {
		words[n++] = "a rule (pass, drop, answer, reject, count)";
		take_out(e, YYSYMBOL_PASS, YYSYMBOL_REJECT);
	}
	if (EXPECTED(e, FROM) && EXPECTED(e, TO)) {
		words[n++] = EXPECTED(e, NOT) ? "a matcher (from, to, tcp, icmp, type, port, not, ...)" :
						"a matcher (from, to, tcp, icmp, type, port, ...)";
		take_out(e, YYSYMBOL_NOT, YYSYMBOL_TO);
		take_out(e, YYSYMBOL_KIND, YYSYMBOL_KIND);
	}
	if (EXPECTED(e, NAME)) {
		words[n++] = topics[p->topic];
		take_out(e, YYSYMBOL_KIND, YYSYMBOL_NAME);
		take_out(e, YYSYMBOL_TEXT, YYSYMBOL_TEXT);
		take_out(e, YYSYMBOL_NUMBER, YYSYMBOL_NUMBER);
	}
	if (EXPECTED(e, LIMIT))		/* beside it, `count` is nothing to expect */
		take_out(e, YYSYMBOL_COUNT, YYSYMBOL_COUNT);
	if (ends)
		take_out(e, YYSYMBOL_CLOSE, YYSYMBOL_CLOSE);
	for (int i = 0; i < YYNTOKENS; i++)
		if (e->at[i] && is_shown(i))
			words[n++] = yysymbol_name(i);
	if (ends)
		words[n++] = "the end of the statement";
	return n;
}

static const char *nearest(const struct expected *e, struct slice word)
{
	unsigned int best = words__tolerance(word.length) + 1, d;
	const char *nearest = NULL;

	for (int i = 0; i < e->count; i++) {
		const char *name = yysymbol_name(e->list[i]);

		if (e->list[i] < YYSYMBOL_REPLY_PATH || e->list[i] > YYSYMBOL_FILE)
			continue;
		d = words__distance(word, name, best);
		if (d < best) {
			best = d;
			nearest = name;
		}
	}
	if (EXPECTED(e, KIND) && !nearest)
		nearest = words__nearest(&protocol_words, word);
	return nearest;
}

static int yyreport_syntax_error(const yypcontext_t *context, struct parser *p)
{
	yysymbol_kind_t token = yypcontext_token(context);
	struct place at = *yypcontext_location(context);
	struct slice word = { language_get_text(p->scanner), language_get_leng(p->scanner) };
	const char *words[YYNTOKENS + 1], *near = NULL;
	char what[160], *wanted = NULL;
	struct expected e = { .count = 0 };
	size_t size, count;
	FILE *f;

	if (!source__wanted(&p->c->source, ERROR, at)) {
		parser__error(p, at, "%s", "");	/* only counted */
		return 0;
	}
	e.count = yypcontext_expected_tokens(context, e.list, YYNTOKENS);
	if (e.count < 0)
		return e.count;
	for (int i = 0; i < e.count; i++)
		e.at[e.list[i]] = true;
	if (token == YYSYMBOL_NAME || token == YYSYMBOL_ODD ||
	    (token >= YYSYMBOL_REPLY_PATH && token <= YYSYMBOL_FILE) || token == YYSYMBOL_KIND)
		near = nearest(&e, word);
	switch (token) {
	case YYSYMBOL_END:
	case YYSYMBOL_YYEOF:
		snprintf(what, sizeof(what), "the statement ends too early");
		break;
	case YYSYMBOL_UNCLOSED:
		snprintf(what, sizeof(what), "this list is not closed");
		break;
	case YYSYMBOL_UNCLOSED_BLOCK:
		parser__error(p, at, "this block is not closed; expected } before the end of the file");
		return 0;
	case YYSYMBOL_UNQUOTED:
		parser__error(p, at, "a quote is not closed; expected \" before the end of the line");
		return 0;
	default:
		snprintf(what, sizeof(what), "%s \"%.*s\"%s%s%s",
			 token == YYSYMBOL_NAME ? "unknown word" : "unexpected", SHOWN(word),
			 near ? " (did you mean " : "", near ?: "", near ? "?)" : "");
	}
	count = alternatives(p, &e, words);
	f = open_memstream(&wanted, &size);
	if (!f)
		return YYENOMEM;
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%s%s", !i ? "" : i + 1 < count ? ", " : " or ", words[i]);
	if (fclose(f)) {
		free(wanted);
		return YYENOMEM;
	}
	parser__error(p, at, "%s; expected %s", what, wanted);
	free(wanted);
	return 0;
}

static void language_error(struct place *at, struct parser *p, const char *what)
{
	(void)at;
	(void)what;
	p->no_memory = true;
}
