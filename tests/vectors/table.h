/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vectors: what arrives, in which counter it belongs, and what becomes of it,
 * after what was measured of Linux (and, where it is marked so, RFCs). Host, XDP
 * and tc run the same table.
 */
#ifndef TESTS_VECTORS_TABLE_H
#define TESTS_VECTORS_TABLE_H

#include "frame.h"

/* A table: its shape is its sense. */
/* clang-format off */

#define PING4	.family = 4, CELL4(ECHO_REQUEST)
#define PING6	.family = 6, CELL6(ECHO_REQUEST)
#define VLAN(t, v)	{ t, v }
#define TAGGED	.tag = { VLAN(0x8100, VLAN_ONE) }, .to = STATION_VLAN, .from = STATION_VLAN_PEER
#define QINQ	.tag = { VLAN(0x88a8, VLAN_OUTER), VLAN(0x8100, VLAN_INNER) }, \
		.to = STATION_VLAN, .from = STATION_VLAN_PEER
#define FROM_VLAN4	.src = PEER4_VLAN, .dst = OWN4_VLAN
#define FROM_VLAN6	.src = PEER6_VLAN, .dst = OWN6_VLAN

/* Every size that ends in another piece of the sum, and its neighbours. */
#define SIZES(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(15) X(16) X(18) X(31) X(32) X(55) X(56) \
	X(57) X(64) X(100) X(119) X(120) X(121) X(127) X(128) X(200) X(247) X(248) X(249) X(255) \
	X(256) X(257) X(503) X(504) X(505) X(511) X(512) X(513) X(760) X(1000) X(1001) X(1016) \
	X(1023) X(1024) X(1025) X(1400) X(1452) X(1472) X(1473) X(2000) X(2047) X(2048) X(3001)
#define SIZE4(n)	{ "v4: " #n " bytes", PING4, .size = n, ANSWER },
#define SIZE6(n)	{ "v6: " #n " bytes", PING6, .size = n, ANSWER },
#define ZEROS4(n)	{ "v4: " #n " bytes, all zero", PING4, .size = n, .zero = true, \
			  .fill = FILL_ZERO, ANSWER },
#define ONES6(n)	{ "v6: " #n " bytes, all ones", PING6, .size = n, .fill = FILL_ONES, ANSWER },
#define JUMBO_SIZES(X)	X(3800) X(4096) X(8192) X(8952) X(8972) X(9207) X(9208)
#define JUMBO4(n)	{ "v4: " #n " bytes, in one piece", PING4, .size = n, ANSWER, \
			  .stage = STAGE_HOST_ONLY },
#define JUMBO6(n)	{ "v6: " #n " bytes, in one piece", PING6, .size = n, ANSWER, \
			  .stage = STAGE_HOST_ONLY },

/* A 16-bit `+= 8` breaks from 0xf800 on read big-endian, from 0xf8ff read little-endian. */
#define TRAPS(X) \
	X(0x0000) X(0x0001) X(0x00ff) X(0x0100) X(0x07ff) X(0x0800) X(0x7eff) X(0x7fff) X(0x8000) \
	X(0x80ff) X(0xf7fe) X(0xf7ff) X(0xf800) X(0xf801) X(0xf8ff) X(0xf9ff) X(0xfeff) X(0xff00) \
	X(0xfff7) X(0xfff8) X(0xfffe)
#define TRAP4(n)	{ "v4: request checksum " #n, PING4, .size = 20, .sum = SUM_WANT, \
			  .sum_value = n, ANSWER },
#define TRAP6(n)	{ "v6: request checksum " #n, PING6, .size = 20, .sum = SUM_WANT, \
			  .sum_value = n, ANSWER },

/* One a row of the tables in names.h; the echo request among them is answered. */
#define TYPE4(id, num, name)	{ "v4: type " name, .family = 4, TYPE((num) < 0 ? 250 : (num)), \
				  .size = 12, CELL4(id), .reason = EG_REASON_NONE, \
				  .verdict = (num) == 8 ? EG_VERDICT_ANSWER : EG_VERDICT_PASS },
#define TYPE6(id, num, name)	{ "v6: type " name, .family = 6, TYPE((num) < 0 ? 250 : (num)), \
				  .size = 12, CELL6(id), .reason = EG_REASON_NONE, \
				  .verdict = (num) == 128 ? EG_VERDICT_ANSWER : EG_VERDICT_PASS },
#define PROTOCOL4(num, id)	{ "v4: protocol " #num, .family = 4, PROTO(num), .size = 40, \
				  CELL(id), PASS(NONE) },
#define PROTOCOL6(num, id)	{ "v6: next header " #num, .family = 6, PROTO(num), .size = 40, \
				  IN6(id), PASS(NONE) },
#define PROTOCOLS(X) \
	X(2, IGMP) X(4, IPIP) X(6, TCP) X(17, UDP) X(33, DCCP) X(41, IP6) X(47, GRE) X(50, ESP) \
	X(59, NO_NEXT) X(88, EIGRP) X(89, OSPF) X(103, PIM) X(112, VRRP) X(115, L2TP) \
	X(132, SCTP) X(136, UDPLITE) X(3, OTHER) X(253, OTHER) X(255, OTHER)

/* Each extension header alone before an echo request, before TCP, and cut in its middle. */
#define EXTENSIONS(X) \
	X(0, "hop-by-hop") X(43, "routing") X(51, "authentication") X(60, "destination") \
	X(135, "mobility") X(139, "HIP") X(140, "shim6")
#define EXTENSION(num, name) \
	{ "v6: " name " header", PING6, CHAIN(num), .size = 56, PASS(IPV6_EXTENSION) }, \
	{ "v6: " name " header before TCP", .family = 6, CHAIN(num), PROTO(6), .size = 20, \
	  IN6(TCP), PASS(NONE) }, \
	{ "v6: " name " header cut", .family = 6, CHAIN(num), .size = 56, .cut = 14 + 40 + 7, \
	  IN6(IPV6_OF_##num), PASS(IPV6_CHAIN) },

/* What stands in the counters for a chain that breaks in this header. */
#define EG_PROTOCOL_IPV6_OF_0	EG_PROTOCOL_OTHER
#define EG_PROTOCOL_IPV6_OF_43	EG_PROTOCOL_OTHER
#define EG_PROTOCOL_IPV6_OF_51	EG_PROTOCOL_AH
#define EG_PROTOCOL_IPV6_OF_60	EG_PROTOCOL_OTHER
#define EG_PROTOCOL_IPV6_OF_135	EG_PROTOCOL_OTHER
#define EG_PROTOCOL_IPV6_OF_139	EG_PROTOCOL_OTHER
#define EG_PROTOCOL_IPV6_OF_140	EG_PROTOCOL_OTHER

#define BAD_SOURCES4(X) \
	X("0.0.0.0") X("127.0.0.1") X("127.255.255.255") X("224.0.0.1") X("239.255.255.255") \
	X("255.255.255.255") X(OWN4) X(OWN4_LO) X(BROADCAST4)
#define BAD_SOURCE4(a)	{ "v4: source " a, PING4, .src = a, PASS(SOURCE_INVALID), \
			  .stage = STAGE_HOOK },
#define GOOD_SOURCES4(X) \
	X("0.1.2.3") X("1.0.0.0") X("126.255.255.255") X("128.0.0.0") X("203.0.113.5") \
	X("223.255.255.255") X("240.0.0.1") X("255.255.255.254") X("198.18.0.3")
#define BAD_SOURCES6(X) \
	X("::") X("::1") X("ff02::1") X("ff0e::1234") X("::ffff:198.18.0.2") X(OWN6) X(OWN6_LO)
#define BAD_SOURCE6(a)	{ "v6: source " a, PING6, .src = a, PASS(SOURCE_INVALID), \
			  .stage = STAGE_HOOK },

static const struct vector vectors[] = {
	/* Link ---------------------------------------------------------- */
	{ "eth: one byte", .family = 4, .cut = 1, CELL(NON_IP), PASS(ETH_TRUNCATED),
	  .stage = STAGE_HOST_ONLY },
	{ "eth: 13 bytes", .family = 4, .cut = 13, CELL(NON_IP), PASS(ETH_TRUNCATED),
	  .stage = STAGE_HOST_ONLY },
	{ "eth: ARP", .ethertype = 0x0806, .size = 28, CELL(ARP), PASS(NONE) },
	{ "eth: ARP in a VLAN", TAGGED, .ethertype = 0x0806, .size = 28, CELL(ARP), PASS(NONE) },
	{ "eth: LLDP", .ethertype = 0x88cc, .size = 50, CELL(NON_IP), PASS(NONE) },
	{ "eth: 802.3 length", .ethertype = 64, .size = 64, CELL(NON_IP), PASS(NONE) },
	{ "eth: 802.3 length like IPv4's type", .ethertype = 0x0600 - 1, .size = 64, CELL(NON_IP),
	  PASS(NONE) },
	{ "eth: IPv4 said to be IPv6", .family = 4, .ethertype = 0x86dd, .size = 56, CELL(IPV6),
	  PASS(IP_VERSION) },
	{ "eth: IPv6 said to be IPv4", .family = 6, .ethertype = 0x0800, .size = 56, CELL(IPV4),
	  PASS(IP_VERSION) },
	{ "eth: IPv4 request to broadcast", PING4, .to = STATION_BROADCAST, .size = 56,
	  PASS(ETH_GROUP), .stage = STAGE_HOOK },
	{ "eth: IPv4 request to multicast", PING4, .to = STATION_MULTICAST, .size = 56,
	  PASS(ETH_GROUP), .stage = STAGE_HOOK },
	{ "eth: IPv4 request to another station", PING4, .to = STATION_OTHER, .size = 56,
	  PASS(ETH_NOT_OURS), .stage = STAGE_HOOK },
	{ "eth: IPv6 request to broadcast", PING6, .to = STATION_BROADCAST, .size = 56,
	  PASS(ETH_GROUP), .stage = STAGE_HOOK },
	{ "eth: IPv6 request to another station", PING6, .to = STATION_OTHER, .size = 56,
	  PASS(ETH_NOT_OURS), .stage = STAGE_HOOK },
	{ "eth: TCP to another station", .family = 4, PROTO(6), .to = STATION_OTHER, .size = 20,
	  CELL(TCP), PASS(NONE) },

	/* VLAN ---------------------------------------------------------- */
	{ "vlan: IPv4 request", PING4, TAGGED, FROM_VLAN4, .size = 56, ANSWER },
	{ "vlan: IPv6 request", PING6, TAGGED, FROM_VLAN6, .size = 56, ANSWER },
	{ "vlan: IPv4 request, padded", PING4, TAGGED, FROM_VLAN4, .size = 3, .trailer = 15, ANSWER },
	{ "vlan: priority 7", PING4, .tag = { VLAN(0x8100, 0xe000 | VLAN_ONE) },
	  .to = STATION_VLAN, .from = STATION_VLAN_PEER, FROM_VLAN4, .size = 56, ANSWER },
	{ "vlan: drop eligible", PING6, .tag = { VLAN(0x8100, 0x1000 | VLAN_ONE) },
	  .to = STATION_VLAN, .from = STATION_VLAN_PEER, FROM_VLAN6, .size = 56, ANSWER },
	{ "vlan: two tags, inner priority 3", PING4,
	  .tag = { VLAN(0x88a8, VLAN_OUTER), VLAN(0x8100, 0x6000 | VLAN_INNER) },
	  .to = STATION_VLAN, .from = STATION_VLAN_PEER, FROM_VLAN4, .size = 56, ANSWER },
	{ "vlan: two tags, outer priority 5", PING6,
	  .tag = { VLAN(0x88a8, 0xa000 | VLAN_OUTER), VLAN(0x8100, VLAN_INNER) },
	  .to = STATION_VLAN, .from = STATION_VLAN_PEER, FROM_VLAN6, .size = 56, ANSWER },
	{ "vlan: two tags, IPv4", PING4, QINQ, FROM_VLAN4, .size = 56, ANSWER },
	{ "vlan: two tags, IPv6", PING6, QINQ, FROM_VLAN6, .size = 57, ANSWER },
	{ "vlan: TCP", .family = 4, TAGGED, PROTO(6), .size = 20, CELL(TCP), PASS(NONE) },
	{ "vlan: two tags, UDP", .family = 6, QINQ, PROTO(17), .size = 8, IN6(UDP), PASS(NONE) },
	{ "vlan: ID 0", PING4, .tag = { VLAN(0x8100, 0) }, .size = 56, PASS(VLAN_PRIORITY),
	  .stage = STAGE_HOOK },
	{ "vlan: ID 0 with a priority", PING4, .tag = { VLAN(0x8100, 0xe000) }, .size = 56,
	  PASS(VLAN_PRIORITY), .stage = STAGE_HOOK },
	{ "vlan: IPv6, ID 0", PING6, .tag = { VLAN(0x8100, 0) }, .size = 56, PASS(VLAN_PRIORITY),
	  .stage = STAGE_HOOK },
	{ "vlan: 802.1ad, ID 0", PING4, .tag = { VLAN(0x88a8, 0) }, .size = 56,
	  PASS(VLAN_PRIORITY), .stage = STAGE_HOOK },
	{ "vlan: inner ID 0", PING4, .tag = { VLAN(0x8100, VLAN_ONE), VLAN(0x8100, 0) },
	  .size = 56, PASS(VLAN_PRIORITY), .stage = STAGE_HOOK },
	{ "vlan: outer ID 0", PING4, .tag = { VLAN(0x8100, 0), VLAN(0x8100, VLAN_ONE) },
	  .size = 56, PASS(VLAN_PRIORITY), .stage = STAGE_HOOK },
	{ "vlan: no such ID", PING4, .tag = { VLAN(0x8100, 11) }, .size = 56, PASS(VLAN_UNKNOWN),
	  .stage = STAGE_HOOK },
	{ "vlan: IPv6, no such ID", PING6, .tag = { VLAN(0x8100, 4095) }, .size = 56,
	  PASS(VLAN_UNKNOWN), .stage = STAGE_HOOK },
	{ "vlan: the ID under another TPID", PING4, .tag = { VLAN(0x88a8, VLAN_ONE) },
	  .to = STATION_VLAN, FROM_VLAN4, .size = 56, PASS(VLAN_UNKNOWN), .stage = STAGE_HOOK },
	{ "vlan: the outer of two alone", PING4, .tag = { VLAN(0x88a8, VLAN_OUTER) },
	  .to = STATION_VLAN, FROM_VLAN4, .size = 56, PASS(VLAN_UNKNOWN), .stage = STAGE_HOOK },
	{ "vlan: two tags swapped", PING4,
	  .tag = { VLAN(0x8100, VLAN_INNER), VLAN(0x88a8, VLAN_OUTER) },
	  .to = STATION_VLAN, FROM_VLAN4, .size = 56, PASS(VLAN_UNKNOWN), .stage = STAGE_HOOK },
	{ "vlan: MAC of the lower device", PING4, .tag = { VLAN(0x8100, VLAN_ONE) }, FROM_VLAN4,
	  .size = 56, PASS(ETH_NOT_OURS), .stage = STAGE_HOOK },
	{ "vlan: broadcast", PING4, .tag = { VLAN(0x8100, VLAN_ONE) }, .to = STATION_BROADCAST,
	  FROM_VLAN4, .size = 56, PASS(ETH_GROUP), .stage = STAGE_HOOK },
	{ "vlan: way back by another device", PING4, TAGGED, .size = 56, PASS(OTHER_PATH),
	  .stage = STAGE_HOOK },
	{ "vlan: three tags", .family = 4,
	  .tag = { VLAN(0x88a8, VLAN_OUTER), VLAN(0x8100, VLAN_INNER), VLAN(0x8100, 5) },
	  .size = 56, CELL(NON_IP), PASS(VLAN_DEPTH) },
	{ "vlan: cut in the tag", .family = 4, TAGGED, .cut = 17, CELL(NON_IP),
	  PASS(ETH_TRUNCATED) },
	{ "vlan: cut before the tag", .family = 4, TAGGED, .cut = 14, CELL(NON_IP),
	  PASS(ETH_TRUNCATED) },
	{ "vlan: cut in the second tag", .family = 4, QINQ, .cut = 21, CELL(NON_IP),
	  PASS(ETH_TRUNCATED) },
	{ "vlan: nothing behind the tag", .family = 4, TAGGED, .cut = 18, CELL(IPV4),
	  PASS(IP_TRUNCATED) },
	{ "vlan: LLDP", TAGGED, .ethertype = 0x88cc, .size = 46, CELL(NON_IP), PASS(NONE) },
	{ "vlan: fragment", .family = 4, TAGGED, .frag = 0x2000, .size = 56, CELL(ICMP),
	  PASS(FRAGMENT) },
	{ "vlan: IPv4 options", PING4, TAGGED, FROM_VLAN4, .options = 4, .size = 56,
	  PASS(IP_OPTIONS) },

	/* IPv4 ---------------------------------------------------------- */
	SIZES(SIZE4)
	SIZES(ZEROS4)
	JUMBO_SIZES(JUMBO4)
	{ "v4: 3,002 bytes, all ones", PING4, .size = 3002, .fill = FILL_ONES, ANSWER },
	{ "v4: longer than is summed", PING4, .size = 9209, PASS(TOO_LONG),
	  .stage = STAGE_HOST_ONLY },
	{ "v4: TOS 0xff", PING4, .tos = 0xff, .size = 56, ANSWER },
	{ "v4: ECT(1)", PING4, .tos = 0x01, .size = 56, ANSWER },
	{ "v4: DSCP EF and CE", PING4, .tos = 0xbb, .size = 56, ANSWER },
	{ "v4: TTL 0", PING4, TTL(0), .size = 56, ANSWER },
	{ "v4: TTL 1", PING4, TTL(1), .size = 56, ANSWER },
	{ "v4: TTL 255", PING4, TTL(255), .size = 56, ANSWER },
	{ "v4: don't fragment", PING4, .frag = 0x4000, .size = 56, ANSWER },
	{ "v4: reserved flag", PING4, .frag = 0x8000, .size = 56, ANSWER },
	{ "v4: reserved flag and DF", PING4, .frag = 0xc000, .size = 56, ANSWER },
	{ "v4: identification 0xffff", PING4, .id = 0xffff, .size = 56, ANSWER },
	{ "v4: code 1", PING4, .code = 1, .size = 56, ANSWER },
	{ "v4: code 255, odd size", PING4, .code = 255, .size = 57, ANSWER },
	{ "v4: to an address of lo", PING4, .dst = OWN4_LO, .size = 56, ANSWER },
	{ "v4: to an address of another interface", PING4, .dst = OWN4_VLAN, .size = 56, ANSWER },
	{ "v4: padded to 60 bytes", PING4, .trailer = 18, ANSWER },
	{ "v4: padded to 60 bytes, odd size", PING4, .size = 5, .trailer = 13, ANSWER },
	{ "v4: trailer of one byte", PING4, .size = 56, .trailer = 1, ANSWER },
	{ "v4: long trailer", PING4, .size = 56, .trailer = 700, ANSWER },
	{ "v4: trailer in the checksum", PING4, .size = 56, .trailer = 4, .sum = SUM_TRAILER,
	  PASS(ICMP_CHECKSUM) },

	{ "v4: more fragments", .family = 4, .frag = 0x2000, .size = 56, CELL(ICMP),
	  PASS(FRAGMENT) },
	{ "v4: last fragment", .family = 4, .frag = 0x0001, .size = 56, CELL(ICMP),
	  PASS(FRAGMENT) },
	{ "v4: middle fragment", .family = 4, .frag = 0x20b9, .size = 56, CELL(ICMP),
	  PASS(FRAGMENT) },
	{ "v4: highest offset", .family = 4, .frag = 0x1fff, .size = 56, CELL(ICMP),
	  PASS(FRAGMENT) },
	{ "v4: offset with the high bit alone", .family = 4, .frag = 0x1000, .size = 56, CELL(ICMP),
	  PASS(FRAGMENT) },
	{ "v4: DF and MF", .family = 4, .frag = 0x6000, .size = 56, CELL(ICMP), PASS(FRAGMENT) },
	{ "v4: fragment of another type", .family = 4, TYPE(13), .frag = 0x2000, .size = 12,
	  CELL(ICMP), PASS(FRAGMENT) },
	{ "v4: fragment of UDP", .family = 4, PROTO(17), .frag = 0x2000, .size = 24, CELL(UDP),
	  PASS(NONE) },
	{ "v4: fragment of three bytes", .family = 4, .frag = 0x0001, .message = 3, CELL(ICMP),
	  PASS(FRAGMENT) },

	{ "v4: header length 0", .family = 4, .vihl = 0x40, .size = 56, CELL(IPV4),
	  PASS(IP_HEADER_LENGTH) },
	{ "v4: header length 16", .family = 4, .vihl = 0x44, .size = 56, CELL(IPV4),
	  PASS(IP_HEADER_LENGTH) },
	{ "v4: 4 bytes of options", PING4, .options = 4, .size = 56, PASS(IP_OPTIONS) },
	{ "v4: 40 bytes of options", PING4, .options = 40, .size = 56, PASS(IP_OPTIONS) },
	{ "v4: options, wrong checksum of ICMP", PING4, .options = 8, .size = 56, .sum = SUM_ADD,
	  .sum_value = 1, PASS(IP_OPTIONS) },
	{ "v4: options, another type", .family = 4, TYPE(13), .options = 8, .size = 12,
	  CELL4(TIMESTAMP_REQUEST), PASS(NONE) },
	{ "v4: options before TCP", .family = 4, PROTO(6), .options = 40, .size = 20, CELL(TCP),
	  PASS(NONE) },
	{ "v4: options in a fragment", .family = 4, .options = 8, .frag = 0x2000, .size = 56,
	  CELL(ICMP), PASS(FRAGMENT) },
	{ "v4: options cut", .family = 4, .options = 40, .cut = 14 + 59, CELL(ICMP),
	  PASS(IP_TRUNCATED) },
	{ "v4: options said, none there", .family = 4, .vihl = 0x4f, .cut = 14 + 28, CELL(ICMP),
	  PASS(IP_TRUNCATED) },
	{ "v4: options, message cut", .family = 4, .options = 40, .cut = 14 + 67, CELL(ICMP),
	  PASS(ICMP_TRUNCATED) },
	{ "v4: version 0", .family = 4, .vihl = 0x05, .size = 56, CELL(IPV4), PASS(IP_VERSION) },
	{ "v4: version 5", .family = 4, .vihl = 0x55, .size = 56, CELL(IPV4), PASS(IP_VERSION) },
	{ "v4: version 15", .family = 4, .vihl = 0xf5, .size = 56, CELL(IPV4), PASS(IP_VERSION) },

	{ "v4: total length 0", PING4, TOTAL(0), .size = 56, PASS(IP_LENGTH) },
	{ "v4: total length 19", PING4, TOTAL(19), .size = 56, PASS(IP_LENGTH) },
	{ "v4: total length 20", PING4, TOTAL(20), .size = 56, PASS(ICMP_TRUNCATED) },
	{ "v4: total length 27", PING4, TOTAL(27), .size = 56, PASS(ICMP_TRUNCATED) },
	{ "v4: total length one too small", PING4, TOTAL(83), .size = 56, PASS(ICMP_CHECKSUM) },
	{ "v4: total length one beyond", PING4, TOTAL(85), .size = 56, PASS(IP_LENGTH),
	  .stage = STAGE_BEYOND },
	{ "v4: total length 65,535", PING4, TOTAL(65535), .size = 56, PASS(IP_LENGTH),
	  .stage = STAGE_BEYOND },
	{ "v4: message cut by one byte", PING4, .size = 56, .cut = 14 + 83, PASS(IP_LENGTH),
	  .stage = STAGE_BEYOND },
	{ "v4: no header", .family = 4, .cut = 14, CELL(IPV4), PASS(IP_TRUNCATED) },
	{ "v4: header cut", .family = 4, .cut = 14 + 19, CELL(IPV4), PASS(IP_TRUNCATED) },
	{ "v4: header alone", .family = 4, .cut = 14 + 20, CELL(ICMP), PASS(ICMP_TRUNCATED) },
	{ "v4: ICMP of one byte", .family = 4, .message = 1, CELL(ICMP), PASS(ICMP_TRUNCATED) },
	{ "v4: ICMP of seven bytes", .family = 4, .message = 7, CELL(ICMP),
	  PASS(ICMP_TRUNCATED) },
	{ "v4: ICMP of seven bytes, padded", PING4, .message = 7, .trailer = 19,
	  PASS(ICMP_TRUNCATED) },
	{ "v4: TCP header cut", .family = 4, PROTO(6), .size = 3, CELL(TCP), PASS(NONE) },

	{ "v4: header checksum plus one", PING4, .size = 56, .header_sum = SUM_ADD,
	  .header_sum_value = 1, PASS(IP_CHECKSUM) },
	{ "v4: header checksum 256 less", PING4, .size = 56, .header_sum = SUM_ADD,
	  .header_sum_value = 0xff00, PASS(IP_CHECKSUM) },
	{ "v4: header checksum 0", PING4, .size = 56, .header_sum = SUM_FIXED,
	  PASS(IP_CHECKSUM) },
	{ "v4: header checksum 0x0000, right", PING4, .size = 56, .header_sum = SUM_WANT, ANSWER },
	{ "v4: header checksum 0xffff for 0x0000", PING4, .size = 56, .header_sum = SUM_ONES,
	  ANSWER },
	{ "v4: header checksum 0xfffe, right", PING4, .size = 56, .header_sum = SUM_WANT,
	  .header_sum_value = 0xfffe, ANSWER },

	{ "v4: to a stranger", PING4, .dst = "198.18.0.77", .size = 56, PASS(NOT_LOCAL) },
	{ "v4: to 0.0.0.0", PING4, .dst = "0.0.0.0", .size = 56, PASS(NOT_LOCAL) },
	{ "v4: to 127.0.0.1", PING4, .dst = "127.0.0.1", .size = 56, PASS(NOT_LOCAL) },
	{ "v4: to 240.0.0.1", PING4, .dst = "240.0.0.1", .size = 56, PASS(NOT_LOCAL) },
	{ "v4: to 223.255.255.255", PING4, .dst = "223.255.255.255", .size = 56,
	  PASS(NOT_LOCAL) },
	{ "v4: to the subnet's broadcast", PING4, .dst = BROADCAST4, .size = 56,
	  PASS(DESTINATION_GROUP) },
	{ "v4: to 255.255.255.255", PING4, .dst = "255.255.255.255", .size = 56,
	  PASS(DESTINATION_GROUP) },
	{ "v4: broadcast by MAC and address", PING4, .to = STATION_BROADCAST, .dst = BROADCAST4,
	  .size = 56, PASS(DESTINATION_GROUP) },
	{ "v4: to 224.0.0.1", PING4, .to = STATION_MULTICAST, .dst = "224.0.0.1", .size = 56,
	  PASS(DESTINATION_GROUP) },
	{ "v4: to 239.255.255.255", PING4, .dst = "239.255.255.255", .size = 56,
	  PASS(DESTINATION_GROUP) },
	BAD_SOURCES4(BAD_SOURCE4)
#define GOOD_SOURCE4(a) { "v4: source " a, PING4, .src = a, .size = 24, ANSWER },
	GOOD_SOURCES4(GOOD_SOURCE4)

	{ "v4: checksum plus one", PING4, .size = 56, .sum = SUM_ADD, .sum_value = 1,
	  PASS(ICMP_CHECKSUM) },
	{ "v4: checksum plus 256", PING4, .size = 56, .sum = SUM_ADD, .sum_value = 256,
	  PASS(ICMP_CHECKSUM) },
	{ "v4: checksum 0 for none", PING4, .size = 56, .sum = SUM_FIXED, PASS(ICMP_CHECKSUM) },
	{ "v4: checksum 0xffff, wrong", PING4, .size = 56, .sum = SUM_FIXED, .sum_value = 0xffff,
	  PASS(ICMP_CHECKSUM) },
	{ "v4: wrong checksum, 3,001 bytes", PING4, .size = 3001, .sum = SUM_ADD,
	  .sum_value = 0x8000, PASS(ICMP_CHECKSUM) },
	{ "v4: wrong checksum of another type", .family = 4, TYPE(3), .size = 28, .sum = SUM_FIXED,
	  CELL4(DESTINATION_UNREACHABLE), PASS(NONE) },
	{ "v4: all zero: 0xf7ff", PING4, .zero = true, .fill = FILL_ZERO, .size = 56, ANSWER },
	{ "v4: all zero, no data", PING4, .zero = true, ANSWER },
	{ "v4: all zero but the code", PING4, .zero = true, .fill = FILL_ZERO, .code = 3,
	  .size = 56, ANSWER },
	{ "v4: checksum 0xffff for 0x0000", PING4, .size = 20, .sum = SUM_ONES, ANSWER },
	TRAPS(TRAP4)

	{ "v4: echo ignored", PING4, .flags = EG_FLAG_IGNORE4, .size = 56, PASS(ECHO_IGNORED),
	  .stage = STAGE_HOOK },
	{ "v4: IPv6 echo ignored", PING4, .flags = EG_FLAG_IGNORE6 | EG_FLAG_RATEMASK6, .size = 56,
	  ANSWER },
	{ "v4: echo replies limited", PING4, .flags = EG_FLAG_RATEMASK4, .size = 56,
	  PASS(ECHO_RATEMASK), .stage = STAGE_HOOK },
	{ "v4: echo ignored and limited", PING4, .flags = EG_FLAG_RATEMASK4 | EG_FLAG_IGNORE4,
	  .size = 56, PASS(ECHO_IGNORED), .stage = STAGE_HOOK },
	{ "v4: echo ignored, wrong checksum", PING4, .flags = EG_FLAG_IGNORE4, .size = 56,
	  .sum = SUM_FIXED, PASS(ICMP_CHECKSUM) },

	EG_ICMP_TYPES(TYPE4)
	{ "v4: type 1", .family = 4, TYPE(1), .size = 12, CELL4(OTHER), PASS(NONE) },
	{ "v4: type 44", .family = 4, TYPE(44), .size = 12, CELL4(OTHER), PASS(NONE) },
	{ "v4: type 128", .family = 4, TYPE(128), .size = 12, CELL4(OTHER), PASS(NONE) },
	{ "v4: type 255", .family = 4, TYPE(255), .size = 12, CELL4(OTHER), PASS(NONE) },
	PROTOCOLS(PROTOCOL4)
	{ "v4: protocol 51", .family = 4, PROTO(51), .size = 40, CELL(AH), PASS(NONE) },
	{ "v4: protocol 0", .family = 4, PROTO(0), .size = 40, CELL(OTHER), PASS(NONE) },
	{ "v4: ICMPv6", .family = 4, PROTO(58), TYPE(128), .size = 40, CELL(ICMP6), PASS(NONE) },

	/* IPv6 ---------------------------------------------------------- */
	SIZES(SIZE6)
	SIZES(ONES6)
	JUMBO_SIZES(JUMBO6)
	{ "v6: longer than is summed", PING6, .size = 9209, PASS(TOO_LONG),
	  .stage = STAGE_HOST_ONLY },
	{ "v6: traffic class 0xff", PING6, .tos = 0xff, .size = 56, ANSWER },
	{ "v6: traffic class 0x10", PING6, .tos = 0x10, .size = 56, ANSWER },
	{ "v6: traffic class 0x03", PING6, .tos = 0x03, .size = 56, ANSWER },
	{ "v6: flow label", PING6, .label = 0xabcde, .size = 56, ANSWER },
	{ "v6: flow label of ones, automatic labels", PING6, .label = 0xfffff,
	  .flags = EG_FLAG_LABEL_AUTO, .size = 56, ANSWER },
	{ "v6: no flow label, automatic labels", PING6, .flags = EG_FLAG_LABEL_AUTO, .tos = 0x5a,
	  .size = 56, ANSWER },
	{ "v6: flow label reflected", PING6, .label = 0x12345, .flags = EG_FLAG_LABEL_REFLECT,
	  .tos = 0xa5, .size = 56, ANSWER },
	{ "v6: no flow label to reflect", PING6, .flags = EG_FLAG_LABEL_REFLECT, .size = 56,
	  ANSWER },
	{ "v6: flow label reflected, though automatic", PING6, .label = 0xfffff,
	  .flags = EG_FLAG_LABEL_REFLECT | EG_FLAG_LABEL_AUTO, .size = 56, ANSWER },
	{ "v6: no flow label to reflect, automatic labels", PING6,
	  .flags = EG_FLAG_LABEL_REFLECT | EG_FLAG_LABEL_AUTO, .size = 56, ANSWER },
	{ "v6: hop limit 0", PING6, TTL(0), .size = 56, ANSWER },
	{ "v6: hop limit 1", PING6, TTL(1), .size = 56, ANSWER },
	{ "v6: hop limit 255", PING6, TTL(255), .size = 56, ANSWER },
	{ "v6: code 1", PING6, .code = 1, .size = 56, ANSWER },
	{ "v6: code 255, odd size", PING6, .code = 255, .size = 57, ANSWER },
	{ "v6: to an address of lo", PING6, .dst = OWN6_LO, .size = 56, ANSWER },
	{ "v6: trailer of one byte", PING6, .size = 56, .trailer = 1, ANSWER },
	{ "v6: long trailer, odd size", PING6, .size = 1, .trailer = 700, ANSWER },
	{ "v6: trailer in the checksum", PING6, .size = 56, .trailer = 4, .sum = SUM_TRAILER,
	  PASS(ICMP_CHECKSUM) },
	{ "v6: version 0", .family = 6, .vihl = 0x0f, .size = 56, CELL(IPV6), PASS(IP_VERSION) },
	{ "v6: version 4", .family = 6, .vihl = 0x45, .size = 56, CELL(IPV6), PASS(IP_VERSION) },
	{ "v6: version 7", .family = 6, .vihl = 0x70, .size = 56, CELL(IPV6), PASS(IP_VERSION) },

	{ "v6: payload length 0", PING6, TOTAL(0), .size = 56, PASS(ICMP_TRUNCATED) },
	{ "v6: payload length 7", PING6, TOTAL(7), .size = 56, PASS(ICMP_TRUNCATED) },
	{ "v6: payload length one too small", PING6, TOTAL(63), .size = 56, PASS(ICMP_CHECKSUM) },
	{ "v6: payload length one beyond", PING6, TOTAL(65), .size = 56, PASS(IP_LENGTH),
	  .stage = STAGE_BEYOND },
	{ "v6: payload length 65,535", PING6, TOTAL(65535), .size = 56, PASS(IP_LENGTH),
	  .stage = STAGE_BEYOND },
	{ "v6: message cut by one byte", PING6, .size = 56, .cut = 14 + 40 + 63, PASS(IP_LENGTH),
	  .stage = STAGE_BEYOND },
	{ "v6: no header", .family = 6, .cut = 14, CELL(IPV6), PASS(IP_TRUNCATED) },
	{ "v6: header cut", .family = 6, .cut = 14 + 39, CELL(IPV6), PASS(IP_TRUNCATED) },
	{ "v6: header alone", .family = 6, .cut = 14 + 40, IN6(ICMP6), PASS(ICMP_TRUNCATED) },
	{ "v6: ICMP of one byte", .family = 6, .message = 1, IN6(ICMP6), PASS(ICMP_TRUNCATED) },
	{ "v6: ICMP of seven bytes", .family = 6, .message = 7, IN6(ICMP6),
	  PASS(ICMP_TRUNCATED) },
	{ "v6: TCP header cut", .family = 6, PROTO(6), .size = 3, IN6(TCP), PASS(NONE) },

	EXTENSIONS(EXTENSION)
	{ "v6: fragment", .family = 6, CHAIN(44), .ext_frag = 0x0001, .size = 56, IN6(ICMP6),
	  PASS(FRAGMENT) },
	{ "v6: later fragment", .family = 6, CHAIN(44), .ext_frag = 0x0b98, .size = 56, IN6(ICMP6),
	  PASS(FRAGMENT) },
	{ "v6: atomic fragment", .family = 6, CHAIN(44), .size = 56, IN6(ICMP6),
	  PASS(FRAGMENT) },
	{ "v6: fragment of UDP", .family = 6, CHAIN(44), PROTO(17), .ext_frag = 0x0001, .size = 24,
	  IN6(UDP), PASS(FRAGMENT) },
	{ "v6: fragment header behind hop-by-hop", .family = 6, CHAIN(0, 44), .ext_frag = 0x0001,
	  .size = 56, IN6(ICMP6), PASS(FRAGMENT) },
	{ "v6: fragment header before destination options", .family = 6, CHAIN(44, 60),
	  .ext_frag = 0x0001, .size = 56, IN6(ICMP6), PASS(FRAGMENT) },
	{ "v6: later fragment of destination options", .family = 6, CHAIN(44, 60),
	  .ext_frag = 0x0b98, .size = 56, IN6(OTHER), PASS(FRAGMENT) },
	{ "v6: two fragment headers", .family = 6, CHAIN(44, 44), .ext_frag = 0x0001,
	  .size = 56, IN6(ICMP6), PASS(FRAGMENT) },
	{ "v6: fragment whose destination options are cut", .family = 6, CHAIN(44, 60),
	  .ext_frag = 0x0001, .cut = 14 + 40 + 15, IN6(OTHER), PASS(IPV6_CHAIN) },
	{ "v6: fragment header cut", .family = 6, CHAIN(44), .cut = 14 + 47, IN6(OTHER),
	  PASS(IPV6_CHAIN) },
	{ "v6: two headers", PING6, CHAIN(0, 60), .size = 56, PASS(IPV6_EXTENSION) },
	{ "v6: eight headers", PING6, CHAIN(0, 60, 43, 60, 51, 135, 139, 140), .size = 56,
	  PASS(IPV6_EXTENSION) },
	{ "v6: nine headers", .family = 6, CHAIN(0, 60, 43, 60, 60, 135, 139, 140, 60), .size = 56,
	  IN6(ICMP6), PASS(IPV6_CHAIN) },
	{ "v6: eight headers before TCP", .family = 6, CHAIN(0, 60, 60, 60, 60, 60, 60, 60),
	  PROTO(6), .size = 20, IN6(TCP), PASS(NONE) },
	{ "v6: header longer than the frame", .family = 6, CHAIN(0), .ext_len = 255, .size = 56,
	  IN6(ICMP6), PASS(IPV6_CHAIN) },
	{ "v6: AH longer than the frame", .family = 6, CHAIN(51), .ext_len = 255, .size = 56,
	  IN6(ICMP6), PASS(IPV6_CHAIN) },
	{ "v6: header over the whole message", .family = 6, CHAIN(60), .ext_len = 8, .size = 56,
	  IN6(ICMP6), PASS(ICMP_TRUNCATED) },
	{ "v6: extension, message cut", .family = 6, CHAIN(60), .cut = 14 + 40 + 8 + 7, .size = 56,
	  IN6(ICMP6), PASS(ICMP_TRUNCATED) },
	{ "v6: no next header behind destination options", .family = 6, CHAIN(60), PROTO(59),
	  IN6(NO_NEXT), PASS(NONE) },
	{ "v6: MLD report with router alert", .family = 6, CHAIN(0), TYPE(143), .size = 20,
	  CELL6(MLD_REPORT_V2), PASS(NONE) },

	{ "v6: to a stranger", PING6, .dst = "fd00:e6::77", .size = 56, PASS(NOT_LOCAL) },
	{ "v6: to ::", PING6, .dst = "::", .size = 56, PASS(NOT_LOCAL) },
	{ "v6: to ::1", PING6, .dst = "::1", .size = 56, PASS(NOT_LOCAL) },
	{ "v6: to an own address but the last bit", PING6, .dst = "fd00:e6::", .size = 56,
	  PASS(NOT_LOCAL) },
	{ "v6: to ff02::1", PING6, .to = STATION_MULTICAST, .dst = "ff02::1", .size = 56,
	  PASS(DESTINATION_GROUP) },
	{ "v6: to the solicited-node address", PING6, .dst = "ff02::1:ff00:1", .size = 56,
	  PASS(DESTINATION_GROUP) },
	BAD_SOURCES6(BAD_SOURCE6)
	{ "v6: source 2001:db8::5", PING6, .src = "2001:db8::5", .size = 24, ANSWER },
	{ "v6: source ::2", PING6, .src = "::2", .size = 24, ANSWER },
	{ "v6: source 0:1::", PING6, .src = "0:1::", .size = 24, ANSWER },

	{ "v6: checksum plus one", PING6, .size = 56, .sum = SUM_ADD, .sum_value = 1,
	  PASS(ICMP_CHECKSUM) },
	{ "v6: checksum plus 256", PING6, .size = 56, .sum = SUM_ADD, .sum_value = 256,
	  PASS(ICMP_CHECKSUM) },
	{ "v6: checksum 0 for none", PING6, .size = 56, .sum = SUM_FIXED, PASS(ICMP_CHECKSUM) },
	{ "v6: checksum without pseudo-header", PING6, .zero = true, .fill = FILL_ZERO, .size = 56,
	  .sum = SUM_FIXED, .sum_value = 0x7fff, PASS(ICMP_CHECKSUM) },
	{ "v6: wrong checksum, 3,001 bytes", PING6, .size = 3001, .sum = SUM_ADD, .sum_value = 8,
	  PASS(ICMP_CHECKSUM) },
	{ "v6: all zero", PING6, .zero = true, .fill = FILL_ZERO, .size = 56, ANSWER },
	{ "v6: checksum 0xffff for 0x0000", PING6, .size = 20, .sum = SUM_ONES, ANSWER },
	TRAPS(TRAP6)

	{ "v6: echo ignored", PING6, .flags = EG_FLAG_IGNORE6, .size = 56, PASS(ECHO_IGNORED),
	  .stage = STAGE_HOOK },
	{ "v6: IPv4 echo ignored", PING6, .flags = EG_FLAG_IGNORE4 | EG_FLAG_RATEMASK4, .size = 56,
	  ANSWER },
	{ "v6: echo replies limited", PING6, .flags = EG_FLAG_RATEMASK6, .size = 56,
	  PASS(ECHO_RATEMASK), .stage = STAGE_HOOK },

	EG_ICMP6_TYPES(TYPE6)
	{ "v6: type 0", .family = 6, TYPE(0), .size = 12, CELL6(OTHER), PASS(NONE) },
	{ "v6: type 8", .family = 6, TYPE(8), .size = 12, CELL6(OTHER), PASS(NONE) },
	{ "v6: type 127", .family = 6, TYPE(127), .size = 12, CELL6(OTHER), PASS(NONE) },
	{ "v6: type 255", .family = 6, TYPE(255), .size = 12, CELL6(OTHER), PASS(NONE) },
	PROTOCOLS(PROTOCOL6)
	{ "v6: ICMP of IPv4", .family = 6, PROTO(1), TYPE(8), .size = 40, IN6(ICMP), PASS(NONE) },

	/* The way back: tests/hooks sets up these routes and neighbours - */
	{ "path: unreachable, v4", PING4, .src = "198.19.1.1", .size = 56, PASS(NO_ROUTE),
	  .stage = STAGE_HOOK },
	{ "path: blackhole, v4", PING4, .src = "198.19.7.1", .size = 56, PASS(NO_ROUTE),
	  .stage = STAGE_HOOK },
	{ "path: neighbour unknown, v4", PING4, .src = "198.19.2.1", .size = 56,
	  PASS(NO_NEIGHBOUR), .stage = STAGE_HOOK },
	{ "path: by another interface, v4", PING4, .src = "198.19.3.1", .size = 56,
	  PASS(OTHER_PATH), .stage = STAGE_HOOK },
	{ "path: by another router, v4", PING4, .src = "198.19.4.1", .size = 56,
	  PASS(OTHER_PATH), .stage = STAGE_HOOK },
	{ "path: from another router, v4", PING4, .from = STATION_OTHER, .size = 56,
	  PASS(OTHER_PATH), .stage = STAGE_HOOK },
	{ "path: as long as the MTU, v4", PING4, .src = "198.19.5.1", .size = 572, ANSWER },
	{ "path: longer than the MTU, v4", PING4, .src = "198.19.5.1", .size = 573,
	  PASS(FRAG_NEEDED), .stage = STAGE_HOOK },
	{ "path: route with metrics, v4", PING4, .src = "198.19.6.1", .size = 56,
	  PASS(ROUTE_METRICS), .stage = STAGE_HOOK },
	{ "path: beside the route with metrics, v4", PING4, .src = "198.19.6.129", .size = 56,
	  ANSWER },
	{ "path: unreachable, v6", PING6, .src = "fd00:e6:1::1", .size = 56, PASS(NO_ROUTE),
	  .stage = STAGE_HOOK },
	{ "path: neighbour unknown, v6", PING6, .src = "fd00:e6:2::1", .size = 56,
	  PASS(NO_NEIGHBOUR), .stage = STAGE_HOOK },
	{ "path: by another interface, v6", PING6, .src = "fd00:e6:3::1", .size = 56,
	  PASS(OTHER_PATH), .stage = STAGE_HOOK },
	{ "path: by another router, v6", PING6, .src = "fd00:e6:4::1", .size = 56,
	  PASS(OTHER_PATH), .stage = STAGE_HOOK },
	{ "path: as long as the MTU, v6", PING6, .src = "fd00:e6:5::1", .size = 1232, ANSWER },
	{ "path: longer than the MTU, v6", PING6, .src = "fd00:e6:5::1", .size = 1233,
	  PASS(FRAG_NEEDED), .stage = STAGE_HOOK },
	{ "path: route with metrics, v6", PING6, .src = "fd00:e6:6::1", .size = 56,
	  PASS(ROUTE_METRICS), .stage = STAGE_HOOK },
	{ "path: beside the route with metrics, v6", PING6, .src = "fd00:e6:6:8000::1", .size = 56,
	  ANSWER },
};

/* clang-format on */

/* Whether it means the same without its link header: then the version says what it is. */
static inline bool works_without_link(const struct vector *v)
{
	return v->family && !vector_tags(v) && !v->ethertype &&
	       v->reason != EG_REASON_ETH_TRUNCATED && v->reason != EG_REASON_IP_VERSION &&
	       v->cut != 14;
}

#define VECTOR_COUNT (sizeof(vectors) / sizeof(vectors[0]))

/*
 * Reasons that no frame brings about: the FIB switched off is tested on its own,
 * what needs fragments of the buffer likewise; the others only a broken kernel
 * or loader could cause. What only rules bring about is tested with them.
 */
static inline bool reason_without_vector(enum eg_reason reason)
{
	return reason == EG_REASON_FIB_DISABLED || reason == EG_REASON_NOT_LINEAR ||
	       reason == EG_REASON_FIB_ERROR || reason == EG_REASON_ADJUST_FAILED ||
	       reason == EG_REASON_MAP_MISS || reason >= EG_REASON_TIMESTAMP_SHORT;
}

#endif
