// SPDX-License-Identifier: GPL-2.0-only
#include "echo.h"

#include <string.h>

#include "echogate/csum.h"

__u16 echo__checksum(const void *message, size_t size)
{
	const __u8 *p = message;
	__u64 sum = 0;

	for (; size > 1; size -= 2, p += 2)
		sum += eg_load16(p);
	if (size)
		sum += EG_FIRST_BYTE(*p);
	return ~eg_fold(sum);
}

__u8 pattern__byte(const struct pattern *p, size_t at)
{
	return p->size ? p->bytes[at % p->size] : at;
}

size_t pattern__differs(const struct pattern *p, const __u8 *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != pattern__byte(p, i))
			return i;
	return size;
}

void echo__renumber(void *message, int family, __u16 seq)
{
	struct icmphdr head;
	__u64 sum;

	memcpy(&head, message, sizeof(head));
	/* RFC 1624: HC' = ~(~HC + ~m + m') */
	sum = (__u16)~head.checksum + (__u16)~head.un.echo.sequence + (__u64)htons(seq);
	head.un.echo.sequence = htons(seq);
	if (family == AF_INET)
		head.checksum = ~eg_fold(sum);
	memcpy(message, &head, sizeof(head));
}

void echo__finish(void *message, int family, size_t size)
{
	struct icmphdr head;

	if (family != AF_INET)
		return;
	memcpy(&head, message, sizeof(head));
	head.checksum = 0;
	memcpy(message, &head, sizeof(head));
	head.checksum = echo__checksum(message, size);
	memcpy(message, &head, sizeof(head));
}

void echo__build(void *message, int family, __u16 id, __u16 seq, const struct pattern *p,
		 size_t size)
{
	struct icmphdr head = {
		.type = family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO_REQUEST,
		.un.echo = { .id = htons(id), .sequence = htons(seq) },
	};
	__u8 *data = (__u8 *)message + sizeof(head);

	for (size_t i = 0; i < size; i++)
		data[i] = pattern__byte(p, i);
	memcpy(message, &head, sizeof(head));
	echo__finish(message, family, sizeof(head) + size);
}
