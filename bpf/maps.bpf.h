/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map and every load-time switch. Layouts are in echogate/abi.h. What a
 * packet always needs is global data, at an address the JIT knows; the loader
 * pins these maps as eg_config and eg_addrs, like the others under their names.
 */
#ifndef EG_MAPS_BPF_H
#define EG_MAPS_BPF_H

#include <echogate/abi.h>
#include <echogate/path.h>
#include <echogate/prefix.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EG_COUNTERS_COUNT);
	__type(key, __u32);		/* enum eg_direction; arrays insist on an integer */
	__type(value, struct eg_counters);
} eg_counters SEC(".maps");

/* Written by every CPU, but only when a path is new or a second old. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << EG_PATH_SET_BITS);
	__type(key, __u32);
	__type(value, struct eg_path_set);
} eg_paths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_VLANS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_vlan_key);
	__type(value, struct eg_vlan);
} eg_vlans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, EG_METRICS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_metrics_key);
	__type(value, __u32);
} eg_metrics SEC(".maps");

/*
 * The rules. How many entries these have, the loader says; the large ones can be
 * mapped, which fills them at once and lets buckets begin on a cache line.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} eg_table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_vector);
} eg_vectors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_rule);
} eg_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_prefix4);
} eg_prefix4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_bucket4);
} eg_bucket4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_mixed4);
} eg_mixed4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_prefix6);
} eg_prefix6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_bucket6);
} eg_bucket6 SEC(".maps");

/* No program reads this one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_text);
} eg_text SEC(".maps");

/* What rules have counted and used up; outlives them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_RULE_SLOTS);	/* times CPUs: the loader says */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_rule_cell);
} eg_rule_cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_RULE_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_limit);
} eg_limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_GATES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct eg_gate);
} eg_gates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_SOURCE_BUCKETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_source_bucket);
} eg_sources SEC(".maps");

/* Requests that left, and what is known of round trips and of those who send requests. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_ECHO_BUCKETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_echo_bucket);
} eg_echoes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EG_RTT_ROWS);
	__type(key, __u32);
	__type(value, struct eg_rtt);
} eg_rtt SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EG_OBSERVED_MAX);
	__type(key, struct eg_observed_key);
	__type(value, struct eg_observed);
} eg_observed SEC(".maps");

/* No program reads this one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_group);
} eg_groups SEC(".maps");

/* Written in trial runs only (explain). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct eg_trace);
} eg_trace SEC(".maps");

/* Captures: their ring buffers, which come and go. Sizes differ; the kernel compares only types. */
struct eg_tap_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EG_TAPS);
	__type(key, __u32);
	__array(values, struct eg_tap_ring);
} eg_tap_rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_DIRECTION_COUNT);	/* times CPUs: the loader says */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_tap_cell);
} eg_tap_cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_DIRECTION_COUNT * EG_RECORD_BUCKETS);	/* the same */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct eg_record_bucket);
} eg_recorder SEC(".maps");

/* No program reads it: the loader's own notes, pinned with the rest. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct eg_meta);
} eg_meta SEC(".maps");

struct eg_config eg_config SEC(".data.eg_config") = {};
struct eg_addrs eg_addrs SEC(".data.eg_addrs") = {};
struct eg_taps eg_taps SEC(".data.eg_taps") = {};

/* Secret; the last pair but one hashes VLAN tags. */
const volatile __u64 eg_rodata_keys[EG_PATH_KEYS] = {};
/* A remembered path lives for 1 << eg_epoch_shift jiffies at most: about a second. */
const volatile __u32 eg_epoch_shift = 8;
/* reply-path swap: the way back is taken for the way here. */
const volatile bool eg_swap = false;
/* The device has no link header. */
const volatile bool eg_l3 = false;
/* Frames keep their length, replies the padding of requests: for who may replace only what does so too. */
const volatile bool eg_keep_length = false;
/* Packets may come with checksums yet to be finished: everywhere but in native XDP. */
const volatile bool eg_offload = false;
const volatile struct eg_ruleset eg_rulesets[EG_DIRECTION_COUNT] = {};
const volatile struct eg_prefix_info eg_prefix_info = {};
const volatile struct eg_tracking eg_tracking = {};
/* Length of a jiffy, ns. */
const volatile __u64 eg_tick = 4000000;
/*
 * Secret. A packet run by BPF_PROG_TEST_RUN that carries it (XDP: as 8 bytes of
 * metadata; tc: in cb[0] and cb[1]) is a trial: nothing is counted, no limit used up,
 * and eg_trace says how it was decided. 0: there are none.
 */
const volatile __u64 eg_trial = 0;
/* recorder on: eg_recorder gets what is worth keeping. */
const volatile bool eg_recording = false;

#endif
