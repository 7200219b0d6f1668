/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of echogate. Each table stands here once; enums, counters, the
 * command line, JSON, metrics and documentation are made from it.
 *
 * Order is ABI: a row's place is the place of its counters. Append, and raise
 * EG_ABI when a row moves.
 */
#ifndef ECHOGATE_NAMES_H
#define ECHOGATE_NAMES_H

/* X(enumerator, name, explanation) */
#define EG_VERDICTS(X) \
	X(PASS,   "pass",   "handed on to the kernel") \
	X(DROP,   "drop",   "discarded") \
	X(ANSWER, "answer", "turned into its reply and sent back") \
	X(REJECT, "reject", "answered with an ICMP error or a TCP reset")

/*
 * Why a packet that might have been answered, or could not be read, was left
 * to the kernel, or dropped. At most 63: a memo cell keeps six bits for it.
 *
 * X(enumerator, name, the verdict that comes of it, explanation)
 */
#define EG_REASONS(X) \
	X(NONE,              "none",              PASS, "nothing stood in the way") \
	X(ETH_TRUNCATED,     "eth-truncated",     PASS, "frame too short for its Ethernet or VLAN header") \
	X(ETH_GROUP,         "eth-group",         PASS, "sent to a broadcast or multicast MAC address") \
	X(ETH_NOT_OURS,      "eth-not-ours",      PASS, "sent to another station's MAC address") \
	X(VLAN_PRIORITY,     "vlan-priority",     PASS, "priority tag: VLAN ID 0, or in tc a priority to be cleared") \
	X(VLAN_UNKNOWN,      "vlan-unknown",      PASS, "no VLAN device for these tags") \
	X(VLAN_DEPTH,        "vlan-depth",        PASS, "more than two VLAN tags") \
	X(IP_TRUNCATED,      "ip-truncated",      PASS, "too short for its IP header") \
	X(IP_VERSION,        "ip-version",        PASS, "version field differs from the Ethernet type") \
	X(IP_HEADER_LENGTH,  "ip-header-length",  PASS, "IPv4 header length below 20 bytes") \
	X(IP_LENGTH,         "ip-length",         PASS, "IP length below the header's or beyond the frame") \
	X(IP_CHECKSUM,       "ip-checksum",       PASS, "IPv4 header checksum is wrong") \
	X(IP_OPTIONS,        "ip-options",        PASS, "IPv4 options, which the kernel looks after") \
	X(FRAGMENT,          "fragment",          PASS, "IP fragment: the kernel puts it together") \
	X(IPV6_EXTENSION,    "ipv6-extension",    PASS, "IPv6 extension header, which the kernel looks after") \
	X(IPV6_CHAIN,        "ipv6-chain",        PASS, "IPv6 extension headers cut short or more than eight") \
	X(NOT_LINEAR,        "not-linear",        PASS, "message lies partly in fragments of the driver's buffer") \
	X(TOO_LONG,          "too-long",          PASS, "message longer than is verified here") \
	X(ICMP_TRUNCATED,    "icmp-truncated",    PASS, "ICMP message shorter than 8 bytes") \
	X(ICMP_CHECKSUM,     "icmp-checksum",     PASS, "ICMP checksum is wrong") \
	X(DESTINATION_GROUP, "destination-group", PASS, "sent to a broadcast or multicast IP address") \
	X(NOT_LOCAL,         "not-local",         PASS, "destination is no address of this host") \
	X(SOURCE_INVALID,    "source-invalid",    PASS, "source that must not be answered, as a group's or our own") \
	X(ECHO_IGNORED,      "echo-ignored",      PASS, "sysctl: echo requests are ignored") \
	X(ECHO_RATEMASK,     "echo-ratemask",     PASS, "sysctl: the kernel limits the rate of echo replies") \
	X(FIB_DISABLED,      "fib-disabled",      PASS, "forwarding is off on lo: the FIB can't be asked") \
	X(NO_ROUTE,          "no-route",          PASS, "no unicast route back to the source") \
	X(NO_NEIGHBOUR,      "no-neighbour",      PASS, "next hop's MAC address not resolved yet") \
	X(OTHER_PATH,        "other-path",        PASS, "reply leaves by another interface or next hop") \
	X(ROUTE_METRICS,     "route-metrics",     PASS, "a route to the source sets its own MTU or hop limit") \
	X(FRAG_NEEDED,       "frag-needed",       PASS, "reply longer than the route's MTU") \
	X(FIB_ERROR,         "fib-error",         PASS, "route look-up failed") \
	X(ADJUST_FAILED,     "adjust-failed",     PASS, "frame could not be trimmed or made writable") \
	X(MAP_MISS,          "map-miss",          PASS, "a map entry that must exist was not found") \
	X(TIMESTAMP_SHORT,   "timestamp-short",   PASS, "timestamp request shorter than 20 bytes") \
	X(REJECT_FORBIDDEN,  "reject-forbidden",  DROP, "rejected, but no error may be sent in answer to it") \
	X(REJECT_LIMIT,      "reject-limit",      DROP, "rejected, but errors were sent too often") \
	X(REJECT_FAILED,     "reject-failed",     DROP, "rejected, but the error has no way back or no room") \
	X(BELOW_RATE,        "below-rate",        PASS, "the kernel's up to the rate of the rule's above") \
	X(GATE_SHUT,         "gate-shut",         DROP, "dropped: what the rule's while names isn't well")

/*
 * What `reject ... with` can send.
 * X(enumerator, name, ICMP type, code, ICMPv6 type, code); a type of -1 is a TCP segment.
 */
#define EG_REJECTS(X) \
	X(NET_UNREACHABLE,      "net-unreachable",      3, 0,  1, 0) \
	X(HOST_UNREACHABLE,     "host-unreachable",     3, 1,  1, 3) \
	X(PROTOCOL_UNREACHABLE, "protocol-unreachable", 3, 2,  4, 1) \
	X(PORT_UNREACHABLE,     "port-unreachable",     3, 3,  1, 4) \
	X(ADMIN_PROHIBITED,     "admin-prohibited",     3, 13, 1, 1) \
	X(TCP_RESET,            "tcp-reset",            -1, 0, -1, 0)

/*
 * Upper-layer protocols that have a counter of their own.
 * X(enumerator, protocol number or -1, name). ICMP and ICMPv6 count here only
 * what has no readable type: fragments, truncated messages.
 */
#define EG_PROTOCOLS(X) \
	X(OTHER,   -1,  "other") \
	X(NON_IP,  -1,  "non-ip") \
	X(ARP,     -1,  "arp") \
	X(IPV4,    -1,  "ipv4-malformed") \
	X(IPV6,    -1,  "ipv6-malformed") \
	X(ICMP,    1,   "icmp") \
	X(ICMP6,   58,  "icmp6") \
	X(IGMP,    2,   "igmp") \
	X(IPIP,    4,   "ipip") \
	X(TCP,     6,   "tcp") \
	X(UDP,     17,  "udp") \
	X(DCCP,    33,  "dccp") \
	X(IP6,     41,  "ipv6") \
	X(GRE,     47,  "gre") \
	X(ESP,     50,  "esp") \
	X(AH,      51,  "ah") \
	X(NO_NEXT, 59,  "ipv6-nonxt") \
	X(EIGRP,   88,  "eigrp") \
	X(OSPF,    89,  "ospf") \
	X(PIM,     103, "pim") \
	X(VRRP,    112, "vrrp") \
	X(L2TP,    115, "l2tp") \
	X(SCTP,    132, "sctp") \
	X(UDPLITE, 136, "udplite")

/*
 * ICMP types by the names of IANA's registry (icmp-parameters), deprecated ones
 * included. X(enumerator, type or -1, name)
 */
#define EG_ICMP_TYPES(X) \
	X(OTHER,                      -1, "other") \
	X(ECHO_REPLY,                 0,  "echo-reply") \
	X(DESTINATION_UNREACHABLE,    3,  "destination-unreachable") \
	X(SOURCE_QUENCH,              4,  "source-quench") \
	X(REDIRECT,                   5,  "redirect") \
	X(ALTERNATE_HOST_ADDRESS,     6,  "alternate-host-address") \
	X(ECHO_REQUEST,               8,  "echo-request") \
	X(ROUTER_ADVERTISEMENT,       9,  "router-advertisement") \
	X(ROUTER_SOLICITATION,        10, "router-solicitation") \
	X(TIME_EXCEEDED,              11, "time-exceeded") \
	X(PARAMETER_PROBLEM,          12, "parameter-problem") \
	X(TIMESTAMP_REQUEST,          13, "timestamp-request") \
	X(TIMESTAMP_REPLY,            14, "timestamp-reply") \
	X(INFORMATION_REQUEST,        15, "information-request") \
	X(INFORMATION_REPLY,          16, "information-reply") \
	X(ADDRESS_MASK_REQUEST,       17, "address-mask-request") \
	X(ADDRESS_MASK_REPLY,         18, "address-mask-reply") \
	X(TRACEROUTE,                 30, "traceroute") \
	X(CONVERSION_ERROR,           31, "datagram-conversion-error") \
	X(MOBILE_HOST_REDIRECT,       32, "mobile-host-redirect") \
	X(WHERE_ARE_YOU,              33, "where-are-you") \
	X(I_AM_HERE,                  34, "i-am-here") \
	X(MOBILE_REGISTRATION_REQUEST, 35, "mobile-registration-request") \
	X(MOBILE_REGISTRATION_REPLY,  36, "mobile-registration-reply") \
	X(DOMAIN_NAME_REQUEST,        37, "domain-name-request") \
	X(DOMAIN_NAME_REPLY,          38, "domain-name-reply") \
	X(SKIP,                       39, "skip") \
	X(PHOTURIS,                   40, "photuris") \
	X(EXPERIMENTAL_MOBILITY,      41, "experimental-mobility") \
	X(EXTENDED_ECHO_REQUEST,      42, "extended-echo-request") \
	X(EXTENDED_ECHO_REPLY,        43, "extended-echo-reply")

/* ICMPv6 types, IANA registry icmpv6-parameters. */
#define EG_ICMP6_TYPES(X) \
	X(OTHER,                      -1,  "other") \
	X(DESTINATION_UNREACHABLE,    1,   "destination-unreachable") \
	X(PACKET_TOO_BIG,             2,   "packet-too-big") \
	X(TIME_EXCEEDED,              3,   "time-exceeded") \
	X(PARAMETER_PROBLEM,          4,   "parameter-problem") \
	X(ECHO_REQUEST,               128, "echo-request") \
	X(ECHO_REPLY,                 129, "echo-reply") \
	X(MLD_QUERY,                  130, "multicast-listener-query") \
	X(MLD_REPORT,                 131, "multicast-listener-report") \
	X(MLD_DONE,                   132, "multicast-listener-done") \
	X(ROUTER_SOLICITATION,        133, "router-solicitation") \
	X(ROUTER_ADVERTISEMENT,       134, "router-advertisement") \
	X(NEIGHBOR_SOLICITATION,      135, "neighbor-solicitation") \
	X(NEIGHBOR_ADVERTISEMENT,     136, "neighbor-advertisement") \
	X(REDIRECT,                   137, "redirect") \
	X(ROUTER_RENUMBERING,         138, "router-renumbering") \
	X(NODE_INFORMATION_QUERY,     139, "node-information-query") \
	X(NODE_INFORMATION_RESPONSE,  140, "node-information-response") \
	X(INVERSE_ND_SOLICITATION,    141, "inverse-neighbor-discovery-solicitation") \
	X(INVERSE_ND_ADVERTISEMENT,   142, "inverse-neighbor-discovery-advertisement") \
	X(MLD_REPORT_V2,              143, "multicast-listener-report-v2") \
	X(HOME_AGENT_REQUEST,         144, "home-agent-address-discovery-request") \
	X(HOME_AGENT_REPLY,           145, "home-agent-address-discovery-reply") \
	X(MOBILE_PREFIX_SOLICITATION, 146, "mobile-prefix-solicitation") \
	X(MOBILE_PREFIX_ADVERTISEMENT, 147, "mobile-prefix-advertisement") \
	X(CERT_PATH_SOLICITATION,     148, "certification-path-solicitation") \
	X(CERT_PATH_ADVERTISEMENT,    149, "certification-path-advertisement") \
	X(EXPERIMENTAL_MOBILITY,      150, "experimental-mobility") \
	X(MRD_ADVERTISEMENT,          151, "multicast-router-advertisement") \
	X(MRD_SOLICITATION,           152, "multicast-router-solicitation") \
	X(MRD_TERMINATION,            153, "multicast-router-termination") \
	X(FMIPV6,                     154, "fmipv6") \
	X(RPL_CONTROL,                155, "rpl-control") \
	X(ILNPV6_LOCATOR_UPDATE,      156, "ilnpv6-locator-update") \
	X(DUPLICATE_ADDRESS_REQUEST,  157, "duplicate-address-request") \
	X(DUPLICATE_ADDRESS_CONFIRMATION, 158, "duplicate-address-confirmation") \
	X(MPL_CONTROL,                159, "mpl-control") \
	X(EXTENDED_ECHO_REQUEST,      160, "extended-echo-request") \
	X(EXTENDED_ECHO_REPLY,        161, "extended-echo-reply")

#define EG_ENUM_VERDICT(id, name, text)	EG_VERDICT_##id,
enum eg_verdict { EG_VERDICTS(EG_ENUM_VERDICT) EG_VERDICT_COUNT };

#define EG_ENUM_REASON(id, name, verdict, text)	EG_REASON_##id,
enum eg_reason { EG_REASONS(EG_ENUM_REASON) EG_REASON_COUNT };

#define EG_ENUM_REJECT(id, name, type, code, type6, code6)	EG_REJECT_##id,
enum eg_reject { EG_REJECTS(EG_ENUM_REJECT) EG_REJECT_COUNT };

#define EG_ENUM_PROTOCOL(id, num, name)	EG_PROTOCOL_##id,
enum eg_protocol { EG_PROTOCOLS(EG_ENUM_PROTOCOL) EG_PROTOCOL_COUNT };

#define EG_ENUM_ICMP(id, num, name)	EG_ICMP_##id,
enum eg_icmp { EG_ICMP_TYPES(EG_ENUM_ICMP) EG_ICMP_COUNT };

#define EG_ENUM_ICMP6(id, num, name)	EG_ICMP6_##id,
enum eg_icmp6 { EG_ICMP6_TYPES(EG_ENUM_ICMP6) EG_ICMP6_COUNT };

#endif
