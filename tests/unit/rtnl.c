// SPDX-License-Identifier: GPL-2.0-only
/* rtnetlink as the loader asks: what goes wrong once doesn't go wrong for ever. Of this very namespace. */
#include "vectors/cmocka.h"

#include "rtnl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/rtnetlink.h>

static int setup(void **state)
{
	static struct rtnl rt;

	*state = &rt;
	return rtnl__open(&rt);
}

static int teardown(void **state)
{
	rtnl__close(*state);
	return 0;
}

static bool has_loopback(struct rtnl *rt)
{
	struct device lo;

	return !rtnl__device(rt, 1, &lo) && !strcmp(lo.name, "lo");
}

static int count_devices(struct rtnl *rt, size_t *count)
{
	struct device *list = NULL;
	int err = rtnl__devices(rt, &list, count);

	free(list);
	return err;
}

/* Somebody asked and didn't listen, as after ENOBUFS. */
static void leave_answer(struct rtnl *rt)
{
	const struct ifinfomsg all = {};
	char buf[256] = "";
	struct nlmsghdr *nlh = rtnl__request(buf, RTM_GETLINK, &all, sizeof(all));

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 4711;
	assert_int_equal(mnl_socket_sendto(rt->socket, nlh, nlh->nlmsg_len), nlh->nlmsg_len);
}

static void test_leftover(void **state)
{
	struct rtnl *rt = *state;
	size_t count = 0;

	leave_answer(rt);
	assert_int_not_equal(count_devices(rt, &count), 0);
	assert_int_equal(count_devices(rt, &count), 0);
	assert_in_range(count, 1, 100000);
	leave_answer(rt);
	assert_false(has_loopback(rt));
	assert_true(has_loopback(rt));
}

/* An answer that says no is whole: its socket stays, and with it what the kernel keeps for that. */
static void test_refusal(void **state)
{
	struct rtnl *rt = *state;
	const struct mnl_socket *was = rt->socket;
	struct device none;

	assert_int_equal(rtnl__device(rt, 0x7ffffff0, &none), -ENODEV);
	assert_ptr_equal(rt->socket, was);
	assert_true(has_loopback(rt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_leftover, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusal, setup, teardown),
	};

	return TAP_RUN("rtnl", tests);
}
