// SPDX-License-Identifier: GPL-2.0-only
#include "probe.h"
#include "loop.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum status parse_seconds(const char *what, const char *text, __u64 min, __u64 max, __u64 *ns)
{
	__u64 value = 0, unit = SECOND;
	const char *p = text;
	bool digits = false;

	for (; isdigit((unsigned char)*p) && value <= max * SECOND; p++, digits = true)
		value = value * 10 + (*p - '0') * SECOND;
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++, digits = true)
			value += (*p - '0') * (unit /= 10);
	if (!digits || (*p && !isdigit((unsigned char)*p)))
		return report(USAGE,
			      "%s: \"%s\" is no number of seconds; expected something like "
			      "1 or 0.2",
			      what, text);
	if (*p || value < min || value > max * SECOND)
		return report(USAGE, "%s: %s is out of range; expected %g to %llu seconds", what,
			      text, (double)min / SECOND, max);
	*ns = value;
	return DONE;
}

enum status pattern__parse(struct pattern *p, const char *text)
{
	size_t digits = strspn(text, "0123456789abcdefABCDEF");

	if (!digits || digits % 2 || text[digits])
		return report(USAGE,
			      "--pattern: \"%s\" isn't pairs of hex digits; expected "
			      "something like ff00",
			      text);
	if (digits / 2 > PATTERN_MAX)
		return report(USAGE, "--pattern: %zu bytes are too many; expected 1 to %d",
			      digits / 2, PATTERN_MAX);
	p->size = digits / 2;
	for (size_t i = 0; i < p->size; i++)
		p->bytes[i] = strtoul((char[]){ text[2 * i], text[2 * i + 1], 0 }, NULL, 16);
	return DONE;
}
