// SPDX-License-Identifier: GPL-2.0-only
/* Gates in a map of the kernel's: what is said of them, and room for new ones when it is full. */
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "vectors/cmocka.h"
#include "loader/gates.h"
#include "loader/health.h"

#define SECOND_NS 1000000000ull

static int make_map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "gates", sizeof(__u64), sizeof(struct eg_gate),
				EG_GATES_MAX, &opts);

	assert_true(fd >= 0);
	return fd;
}

static void put(int map, __u64 key, __u64 until, __u64 checked, const char *why)
{
	struct eg_gate gate = { .until = until, .checked = checked };

	copy_text(gate.why, why, sizeof(gate.why));
	assert_int_equal(bpf_map_update_elem(map, &key, &gate, BPF_ANY), 0);
}

static void says(int map, __u64 key, bool open, const char *wanted)
{
	char text[GATE_TEXT];
	struct gate gate;

	gate__read(map, key, &gate);
	assert_int_equal(gate.open, open);
	gate__print(&gate, text);
	assert_string_equal(text, wanted);
}

static void test_states(void **state)
{
	__u64 now = boottime_ns();
	int map = make_map();

	(void)state;
	put(map, 1, now + 60 * SECOND_NS, now, "active");
	put(map, 2, 0, now, "failed");
	put(map, 3, now - 1, now - 30 * SECOND_NS, "active");
	put(map, 4, 0, 0, "systemd can't be reached");
	put(map, 5, now - 1, now, "01234567890123456789012345678901234567890123456789");
	says(map, 1, true, "open: active");
	says(map, 2, false, "shut: failed");
	says(map, 3, false, "shut: active; last checked 30 s ago, which 'echogate run' does");
	says(map, 4, false, "shut: systemd can't be reached; it has not been checked, which "
			    "'echogate run' does");
	says(map, 5, false, "shut: 01234567890123456789012345678901234567890123456");
	says(map, 6, false, "shut; it has not been checked, which 'echogate run' does");
	close(map);
}

static void test_clear_out(void **state)
{
	__u64 now = boottime_ns(), key = 1, next;
	int map = make_map(), left = 0;

	(void)state;
	for (__u64 i = 0; i < EG_GATES_MAX; i++)
		put(map, i, i % 4 ? now - i : now + 60 * SECOND_NS, now, "");
	assert_int_equal(gates__clear_out(map), 0);
	for (bool more = !bpf_map_get_next_key(map, NULL, &key); more; left++) {
		assert_int_equal(key % 4, 0);
		more = !bpf_map_get_next_key(map, &key, &next);
		key = next;
	}
	assert_int_equal(left, EG_GATES_MAX / 4);
	close(map);
}

/* What the rules of long ago have left doesn't keep a new one from being looked at. */
static void test_full(void **state)
{
	struct rule rule = { .check = { .kind = CHECK_FILE, .name = "/", .id = ~0ull } };
	struct rule *list[] = { &rule };
	struct rules r = { .list[EG_INGRESS] = list, .count[EG_INGRESS] = 1, .check_lease = 60000 };
	int map = make_map();

	(void)state;
	for (__u64 i = 0; i < EG_GATES_MAX; i++)
		put(map, i, 1, 1, "");
	health__look_first(&r, map);
	says(map, ~0ull, true, "open: there");
	close(map);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_clear_out),
		cmocka_unit_test(test_full),
	};

	if (geteuid())
		return tap_skip(tests, ARRAY_SIZE(tests), "needs root");
	return TAP_RUN("gates", tests);
}
