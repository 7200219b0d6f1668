// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "json.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <bpf/libbpf.h>

enum status cmd_version(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		COMMON_OPTIONS
	};
	const char *libbpf = libbpf_version_string();
	struct json_object *doc;
	struct utsname kernel;
	bool json = false;
	int o;

	while ((o = command__option(self, argc, argv, "", longs)) != OPTION_END) {
		if (o != 'j')
			return o == OPTION_HELP ? DONE : USAGE;
		json = true;
	}
	if (optind < argc)
		return command__wrong(self, "\"%s\" is too much", argv[optind]);
	libbpf += *libbpf == 'v';
	uname(&kernel);
	if (!json) {
		printf("echogate %s\nABI      %d\nlibbpf   %s\nkernel   %s\n", ECHOGATE_VERSION,
		       EG_ABI, libbpf, kernel.release);
		return DONE;
	}
	doc = json__document();
	json__add_string(doc, "echogate", ECHOGATE_VERSION);
	json__add_number(doc, "abi", EG_ABI);
	json__add_string(doc, "libbpf", libbpf);
	json__add_string(doc, "kernel", kernel.release);
	json__print(doc, false);
	return DONE;
}
