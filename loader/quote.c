// SPDX-License-Identifier: GPL-2.0-only
#include "quote.h"

#include <ctype.h>
#include <string.h>

static bool is_plain(const char *word)
{
	for (const char *p = word; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._/:@%+,-", *p))
			return false;
	return *word && *word != '-';
}

void quote(char *to, size_t size, const char *word)
{
	const char *p = word;
	size_t used = 0;

	if (is_plain(word) && strlen(word) < size) {
		strcpy(to, word);
		return;
	}
	to[used++] = '\'';
	/* A terminal would obey control characters. */
	for (; *p && !iscntrl((unsigned char)*p) && used + 6 < size; p++) {
		if (*p == '\'') {
			/* Out of the quotes, an escaped one, into them again. */
			memcpy(to + used, "'\\''", 4);
			used += 4;
		} else {
			to[used++] = *p;
		}
	}
	strcpy(to + (*p ? 1 : used), "'");
}
