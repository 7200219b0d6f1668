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

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EG_DIRECTION_COUNT);
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

/* No program reads it: the loader's own notes, pinned with the rest. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct eg_meta);
} eg_meta SEC(".maps");

struct eg_config eg_config SEC(".data.eg_config") = {};
struct eg_addrs eg_addrs SEC(".data.eg_addrs") = {};

/* Secret; the last pair but one hashes VLAN tags. */
const volatile __u64 eg_rodata_keys[EG_PATH_KEYS] = {};
/* A remembered path lives for 1 << eg_epoch_shift jiffies at most: about a second. */
const volatile __u32 eg_epoch_shift = 8;
/* reply-path swap: the way back is taken for the way here. */
const volatile bool eg_swap = false;
/* The device has no link header. */
const volatile bool eg_l3 = false;

#endif
