# SPDX-License-Identifier: GPL-2.0-only
#
#   make            build .output/echogate
#   make deps       install what the build and the tests need (apt)
#   make demo       see it answer a flood of pings between two namespaces
#   make test       every test; ends with "N passed, N failed, N skipped"
#   make differential  rules against a naive evaluator, a million packets for each hook
#   make baseline   what the programs cost the verifier, measured anew for tests/complexity
#   make fuzz       the fuzzers, FUZZ_SECONDS=600 each; a short form is in make test
#   make vm         nearly all of it on Linux 6.1 and 6.12, in QEMU: some hours; writes a table into README.md
#   make install    below PREFIX=/usr/local, in DESTDIR=; make uninstall takes it away again
#   make deb        a Debian package, in .output/deb
#   make test-deb   it installed in Debian 12 made by debootstrap; a short form is in make test
#   make faults     each system call of the commands failing once, and kills; hours; a short form is in make test
#   make soak       everything at once for an hour, SOAK_SECONDS=3600; a short form is in make test
#   make bench      throughput beside bare XDP_TX and XDP_DROP, the kernel, nftables, xdp-filter
#   make bench-full the same with more of them, and tests/bench/plots drawn; twelve minutes
#
# V=1 shows the commands, CLANG=clang-19 takes another clang for the BPF side.

CLANG	?= clang
CC	?= cc
BPFTOOL	?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
PKG_CONFIG ?= pkg-config
BISON	?= bison
FLEX	?= flex

# For the targets that build all of it and then run something.
JOBS	:= -j$(shell nproc)

OUT	:= .output
WARN	:= -Wall -Wextra -Werror
SAN	:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# Each clang has a directory of its own for what it built, so that one tree
# never mixes objects of two compilers.
BOUT	:= $(OUT)/bpf-$(notdir $(CLANG))

BPF_CFLAGS	:= -O2 -g -target bpf -mcpu=v3 $(WARN) -Wno-address-of-packed-member -I. -Iheaders
CFLAGS		?= -O2 -g
HOST_CFLAGS	= -std=gnu11 -D_GNU_SOURCE $(WARN) -Iheaders -Iloader -I$(OUT)/loader -I$(BOUT) $(CFLAGS)
LOADER_PKGS	:= libbpf libmnl json-c libpcap libcap-ng libmicrohttpd libsystemd ncursesw
LOADER_LIBS	= $(shell $(PKG_CONFIG) --libs $(LOADER_PKGS)) -lm

SKELETONS	:= $(BOUT)/echogate.skel.h $(BOUT)/drive.skel.h
LOADER_SRC	:= $(filter-out loader/mkvmlinux.c,$(wildcard loader/*.c loader/*/*.c))
LOADER_OBJ	:= $(LOADER_SRC:%.c=$(OUT)/%.o) $(OUT)/loader/language.tab.o $(OUT)/loader/language.lex.o
UNIT_BIN	:= $(patsubst tests/unit/%.c,$(OUT)/tests/unit-%,$(wildcard tests/unit/*.c))
FUZZ_BIN	:= $(patsubst tests/fuzz/%.c,$(OUT)/tests/fuzz-%,$(wildcard tests/fuzz/*.c))
CLANG_MAJOR	:= $(shell $(CLANG) -dumpversion 2>/dev/null | cut -d. -f1)
CLANGS_HERE	:= $(foreach v,14 19,$(if $(filter $v,$(CLANG_MAJOR))$(shell command -v clang-$v),$v))
COMPLEXITY_BIN	:= $(CLANGS_HERE:%=$(OUT)/tests/complexity-%)
HOOKS_BIN	:= $(patsubst tests/hooks/%.c,$(OUT)/tests/hooks-%,$(wildcard tests/hooks/*.c))
PARITY_SRC	:= $(wildcard tests/parity/*.c)
PARITY_BIN	:= $(if $(PARITY_SRC),$(OUT)/tests/parity)
BENCH_SRC	:= $(filter-out %.bpf.c,$(wildcard tests/bench/*.c))
BENCH_BIN	:= $(if $(BENCH_SRC),$(OUT)/tests/bench)
TOOL_BIN	:= $(patsubst tests/tools/%.c,$(OUT)/tests/%,$(wildcard tests/tools/*.c))
SAN_BIN		:= $(OUT)/tests/echogate-san
TEST_BIN	:= $(UNIT_BIN) $(HOOKS_BIN) $(COMPLEXITY_BIN) $(FUZZ_BIN) $(PARITY_BIN) $(SAN_BIN)

ifeq ($(V),1)
Q :=
say :=
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(2);
MAKEFLAGS += --no-print-directory -s
endif

.DELETE_ON_ERROR:
.PHONY: all test check baseline vm differential fuzz faults soak bench bench-full demo install uninstall deb test-deb format lint deps clean
.PHONY: tests FORCE
.SECONDARY:

all: $(OUT)/echogate

# The link names the compiler, so that CLANG=clang-19 after a plain make relinks.
$(OUT)/clang: FORCE
	@mkdir -p $(OUT)
	@echo '$(CLANG) $(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(CLANG) $(CC) $(CFLAGS)' >$@

# BPF ------------------------------------------------------------------------

$(BOUT)/%.tmp.o: bpf/%.bpf.c
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $@

$(BOUT)/%.tmp.o: tests/bench/%.bpf.c
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c $< -o $@

# The static linker also drops DWARF, which nothing reads at run time.
$(BOUT)/%.bpf.o: $(BOUT)/%.tmp.o
	$(Q)$(BPFTOOL) gen object $@ $<

$(BOUT)/%.skel.h: $(BOUT)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $* >$@

# User space -----------------------------------------------------------------

$(OUT)/loader/%.o: loader/%.c $(SKELETONS) $(OUT)/clang
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(shell $(PKG_CONFIG) --cflags $(LOADER_PKGS)) -MMD -MP -c $< -o $@

# The parser: what the generators write is compiled like everything else.
$(OUT)/loader/%.tab.c $(OUT)/loader/%.tab.h: loader/%.y
	$(call say,BISON,$<)
	@mkdir -p $(@D)
	$(Q)$(BISON) -Wall -Werror --header -o $(OUT)/loader/$*.tab.c $<

$(OUT)/loader/%.lex.c: loader/%.l
	$(call say,FLEX,$<)
	@mkdir -p $(@D)
	$(Q)$(FLEX) -o $@ $<

$(OUT)/loader/%.o: $(OUT)/loader/%.c $(OUT)/clang
	$(call say,CC,$<)
	$(Q)$(CC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(OUT)/loader/language.lex.o $(OUT)/tests/loader/language.lex.o $(OUT)/tests/fuzz/language.lex.o: \
	$(OUT)/loader/language.tab.h

$(OUT)/echogate: $(LOADER_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LOADER_LIBS) -o $@

# Tests ----------------------------------------------------------------------

$(OUT)/loader.a: $(filter-out %/main.o,$(LOADER_OBJ))
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

# A unit test names the files of the loader that it is linked with.
LANGUAGE	:= $(addsuffix .o,language.tab language.lex statement rule check resolve ruleset print cover \
		   setfile martians source prefixes words names util)
$(OUT)/tests/unit-language: $(addprefix $(OUT)/tests/loader/,$(LANGUAGE))
$(OUT)/tests/unit-language: UNIT_LIBS = -lbpf
$(OUT)/tests/unit-prefix: $(OUT)/tests/loader/prefixtable.o
$(OUT)/tests/unit-hex: $(OUT)/tests/loader/hex.o
$(OUT)/tests/unit-doctor: $(addprefix $(OUT)/tests/loader/,checks.o firewall.o quote.o names.o \
				util.o)
$(OUT)/tests/unit-doctor: UNIT_LIBS = -ljson-c -lbpf
$(OUT)/tests/unit-compile: $(addprefix $(OUT)/tests/loader/,compile.o endpoints.o matchers.o)
$(OUT)/tests/unit-compile: UNIT_LIBS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

$(OUT)/tests/unit-wire: $(addprefix $(OUT)/tests/loader/,wire.o util.o)
$(OUT)/tests/unit-wire: UNIT_LIBS = -ljson-c -lbpf

$(OUT)/tests/unit-top: $(addprefix $(OUT)/tests/loader/,sources.o canvas.o view.o names.o util.o)
$(OUT)/tests/unit-top: UNIT_LIBS = -ljson-c -lbpf -lm

$(OUT)/tests/unit-pcapng: $(addprefix $(OUT)/tests/loader/,pcapng.o filter.o util.o)
$(OUT)/tests/unit-pcapng: UNIT_LIBS = -lpcap -lbpf

$(OUT)/tests/unit-addresses $(OUT)/tests/unit-rtnl: $(addprefix $(OUT)/tests/loader/,rtnl.o util.o)
$(OUT)/tests/unit-addresses $(OUT)/tests/unit-rtnl: UNIT_LIBS = -lmnl -lbpf

$(OUT)/tests/unit-loop: $(addprefix $(OUT)/tests/loader/,loop.o util.o)
$(OUT)/tests/unit-loop: UNIT_LIBS = -lbpf

$(OUT)/tests/unit-conformance: $(addprefix $(OUT)/tests/loader/,probe/battery.o probe/craft.o \
				 probe/judge.o probe/response.o util.o)
$(OUT)/tests/unit-conformance: UNIT_LIBS = -lbpf

PROBE_PURE	:= $(addsuffix .o,$(addprefix probe/,address echo reply) util)
$(OUT)/tests/unit-probe: $(addprefix $(OUT)/tests/loader/,probe/samples.o probe/target.o probe/values.o \
				$(PROBE_PURE))
$(OUT)/tests/unit-probe: UNIT_LIBS = -lbpf -lm

$(OUT)/tests/unit-extensions: $(addprefix $(OUT)/tests/loader/,probe/extensions.o json.o)
$(OUT)/tests/unit-extensions: UNIT_LIBS = -ljson-c

# The whole command under ASan and UBSan: 81-daemon looks for leaks with it.
$(SAN_BIN): $(LOADER_OBJ:$(OUT)/%=$(OUT)/tests/%)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN) $^ $(LOADER_LIBS) -o $@

$(OUT)/tests/loader/%.o: loader/%.c $(SKELETONS) $(OUT)/clang
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(shell $(PKG_CONFIG) --cflags $(LOADER_PKGS)) $(SAN) -MMD -MP \
		-c $< -o $@

$(OUT)/tests/loader/%.o: $(OUT)/loader/%.c $(OUT)/clang
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(SAN) -MMD -MP -c $< -o $@

$(OUT)/tests/unit-%: tests/unit/%.c $(OUT)/clang
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(SAN) -Itests -I. -MMD -MP -MF $@.d $< $(filter %.o,$^) -lcmocka \
		$(UNIT_LIBS) -o $@

# libFuzzer comes with clang, so here clang compiles all of it.
FUZZ_SECONDS	?= 600
FUZZ_CC		:= $(CLANG) -fsanitize=address,undefined -fno-sanitize-recover=all
$(OUT)/tests/fuzz-language: $(addprefix $(OUT)/tests/fuzz/,$(LANGUAGE))
$(OUT)/tests/fuzz-language: FUZZ_LIBS = -lbpf
$(OUT)/tests/fuzz-request: $(addprefix $(OUT)/tests/fuzz/,wire.o util.o)
$(OUT)/tests/fuzz-request: FUZZ_LIBS = -ljson-c -lbpf
$(OUT)/tests/fuzz-capture: $(addprefix $(OUT)/tests/fuzz/,packets.o hex.o util.o)
$(OUT)/tests/fuzz-capture: FUZZ_LIBS = -lpcap -lbpf
$(OUT)/tests/fuzz-differential: $(BOUT)/echogate.skel.h $(OUT)/loader.a
$(OUT)/tests/fuzz-differential: FUZZ_LIBS = $(OUT)/loader.a -lcmocka $(LOADER_LIBS)

$(OUT)/tests/fuzz-response: $(addprefix $(OUT)/tests/fuzz/probe/,battery.o craft.o judge.o response.o)
$(OUT)/tests/fuzz-response: $(OUT)/tests/fuzz/util.o
$(OUT)/tests/fuzz-response: FUZZ_LIBS = -lbpf

$(OUT)/tests/fuzz-reply: $(addprefix $(OUT)/tests/fuzz/,$(PROBE_PURE))
$(OUT)/tests/fuzz-reply: FUZZ_LIBS = -lbpf

$(OUT)/tests/fuzz-extensions: $(addprefix $(OUT)/tests/fuzz/,probe/extensions.o json.o)
$(OUT)/tests/fuzz-extensions: FUZZ_LIBS = -ljson-c

$(OUT)/tests/fuzz/%.o: loader/%.c $(OUT)/clang
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(OUT)/tests/fuzz/%.o: $(OUT)/loader/%.c $(OUT)/clang
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(OUT)/tests/fuzz-%: tests/fuzz/%.c $(OUT)/clang
	$(call say,CLANG,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer $(HOST_CFLAGS) -Itests -I. -MMD -MP -MF $@.d \
		$(filter %.c %.o,$^) $(FUZZ_LIBS) -o $@

# With the loader's parser and compiler, for those that try rules.
$(OUT)/tests/hooks-%: tests/hooks/%.c $(BOUT)/echogate.skel.h $(OUT)/loader.a $(OUT)/clang
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -I. -Itests -MMD -MP -MF $@.d $< $(OUT)/loader.a -lcmocka \
		$(LOADER_LIBS) -o $@

$(TOOL_BIN): $(OUT)/tests/%: tests/tools/%.c $(wildcard tests/tools/*.h) $(OUT)/clang
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $< $(LOADER_LIBS) -o $@

$(OUT)/tests/parity: $(PARITY_SRC) $(OUT)/loader/probe/craft.o $(wildcard tests/parity/*.h) $(OUT)/clang
	$(call say,CC,tests/parity)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(filter %.c %.o,$^) -lbpf -o $@

$(OUT)/tests/bench: $(BENCH_SRC) $(wildcard tests/bench/*.h) $(BOUT)/bench.skel.h $(OUT)/clang
	$(call say,CC,tests/bench)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(BENCH_SRC) $(LOADER_LIBS) -lelf -lz -o $@

# The programs by the oldest clang and the newest, whichever is here, for the verifier. One
# that isn't $(CLANG) is left to a make of its own, which has a directory of its own.
bpf_of = $(if $(filter $(CLANG_MAJOR),$(1)),$(BOUT),$(OUT)/bpf-clang-$(1))

$(OUT)/tests/complexity-14: $(call bpf_of,14)/echogate.skel.h
$(OUT)/tests/complexity-19: $(call bpf_of,19)/echogate.skel.h
$(COMPLEXITY_BIN): tests/complexity/measure.c $(OUT)/loader.a $(OUT)/clang
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -I$(dir $(filter %.skel.h,$^)) $(HOST_CFLAGS) -I. -Itests -MMD -MP -MF $@.d $< \
		$(OUT)/loader.a $(LOADER_LIBS) -o $@

$(filter-out $(BOUT)/%,$(foreach v,14 19,$(OUT)/bpf-clang-$v/echogate.skel.h)): FORCE
	@$(MAKE) CLANG=$(patsubst $(OUT)/bpf-%/,%,$(dir $@)) $@

tests: $(TEST_BIN) $(TOOL_BIN)

test check: deps
	@$(MAKE) $(JOBS) all tests $(BENCH_BIN)
	@tests/run

# VM_KERNELS=6.1 VM_SUITES="hooks 10" to choose; a short form is in make test.
vm: deps
	@$(MAKE) $(JOBS) all tests
	@tests/vm/run -a; status=$$?; tests/vm/table && exit $$status

fuzz: deps
	@$(MAKE) $(JOBS) all $(FUZZ_BIN)
	@tests/fuzz/run $(FUZZ_SECONDS)

# EG_COMMANDS="attach run" of these only.
faults: deps
	@$(MAKE) $(JOBS) all $(TOOL_BIN)
	@EG_EVERY=$${EG_EVERY:-1} EG_TIMEOUT=100000 tests/run 78-faults

SOAK_SECONDS	?= 3600
soak: deps
	@$(MAKE) $(JOBS) all $(TOOL_BIN)
	@SOAK_SECONDS=$(SOAK_SECONDS) EG_TIMEOUT=$$(($(SOAK_SECONDS) + 600)) tests/run 95-soak

# On purpose only. Both compilers must be here.
baseline: deps
	@$(MAKE) $(JOBS) $(COMPLEXITY_BIN)
	@tests/complexity/run -w

test-deb: deps
	@$(MAKE) $(JOBS) all tests
	@EG_DEBOOTSTRAP=1 tests/run 83-package

bench:
	@loader/share/deps
	@$(MAKE) $(JOBS) all $(BENCH_BIN)
	$(Q)ECHOGATE=$(OUT)/echogate $(BENCH_BIN) $(BENCH_ARGS)

# Alone on the machine, or the plots are of others' load.
bench-full:
	@loader/share/deps bench
	@$(MAKE) $(JOBS) all $(BENCH_BIN)
	@mkdir -p tests/bench/plots
	$(Q)ECHOGATE=$(OUT)/echogate $(BENCH_BIN) --full --rounds 5 --plots tests/bench/plots $(BENCH_ARGS)

# Random rules and packets, BPF against one rule after the other: a million of each hook.
differential: deps
	@$(MAKE) $(JOBS) all $(OUT)/tests/hooks-rules
	$(Q)EG_PAIRS=$${EG_PAIRS:-1000000} EG_SEED=$${EG_SEED:-$$(date +%s)} $(OUT)/tests/hooks-rules

demo: deps
	@$(MAKE) $(JOBS) all
	$(Q)ECHOGATE=$(OUT)/echogate tests/demo

# Upkeep ---------------------------------------------------------------------

deps:
	@loader/share/deps

# Only on demand: everybody else builds with the one that is checked in.
ifneq ($(filter vmlinux.h,$(MAKECMDGOALS)),)
vmlinux.h: FORCE
	@mkdir -p $(OUT)
	$(Q)$(CC) -Wall -Wextra -Werror -O2 loader/mkvmlinux.c -lbpf -o $(OUT)/mkvmlinux
	$(Q)$(OUT)/mkvmlinux >$(OUT)/vmlinux.h
	$(Q)cmp -s $(OUT)/vmlinux.h $@ || cp $(OUT)/vmlinux.h $@
endif

# Installing -----------------------------------------------------------------

PREFIX	?= /usr/local
UNITDIR	?= $(PREFIX)/lib/systemd/system
SHARE	:= loader/share

# From:to. The configuration isn't among them: what has been changed there stays.
INSTALLED = \
	$(OUT)/echogate:$(PREFIX)/sbin/echogate \
	$(OUT)/echogate.service:$(UNITDIR)/echogate.service \
	$(SHARE)/echogate.sysusers:$(PREFIX)/lib/sysusers.d/echogate.conf \
	README.md:$(PREFIX)/share/doc/echogate/README.md \
	$(SHARE)/echogate.8:$(PREFIX)/share/man/man8/echogate.8 \
	$(SHARE)/echogate.conf.5:$(PREFIX)/share/man/man5/echogate.conf.5 \
	$(SHARE)/echogate.bash:$(PREFIX)/share/bash-completion/completions/echogate \
	$(foreach f,$(wildcard $(SHARE)/examples/*), \
		$f:$(PREFIX)/share/doc/echogate/examples/$(notdir $f))
CONFIG = $(DESTDIR)/etc/echogate.conf

$(OUT)/echogate.service: $(SHARE)/echogate.service.in FORCE
	$(Q)sed 's,@SBINDIR@,$(PREFIX)/sbin,' $< >$@

install: all $(OUT)/echogate.service
	$(Q)for f in $(INSTALLED); do \
		mode=644; [ "$${f%%:*}" != $(OUT)/echogate ] || mode=755; \
		install -D -m $$mode "$${f%%:*}" "$(DESTDIR)$${f#*:}" || exit; \
	done
	$(Q)[ -e "$(CONFIG)" ] || install -D -m 644 $(SHARE)/echogate.conf "$(CONFIG)"

# Only files: what is attached answers on, unless it has been detached before.
uninstall:
	$(Q)for f in $(INSTALLED); do rm -f "$(DESTDIR)$${f#*:}" || exit; done
	$(Q)rmdir -p --ignore-fail-on-non-empty "$(DESTDIR)$(PREFIX)/share/doc/echogate/examples" || true
	$(Q)! cmp -s $(SHARE)/echogate.conf "$(CONFIG)" || rm "$(CONFIG)"

# As it would be built anywhere: from a copy of the sources, by dpkg-buildpackage.
DEB	:= $(OUT)/deb
deb: deps
	$(call say,DEB,$(DEB))
	$(Q)rm -rf $(DEB) && mkdir -p $(DEB)/echogate
	$(Q)cp -r Makefile README.md LICENSE bpf headers loader vmlinux.h $(SHARE)/debian $(DEB)/echogate
	$(Q)cd $(DEB)/echogate && dpkg-buildpackage -b -us -uc -d >../log 2>&1 || { cat ../log; exit 1; }
	$(Q)ls $(DEB)/*.deb

SH_FILES = .ci/run tests/run tests/fuzz/run tests/complexity/run tests/demo loader/share/deps loader/share/echogate.bash \
	   $(wildcard tests/netns/*.sh) \
	   tests/netns/debian $(addprefix tests/vm/,run boot fetch pack init splats table) $(wildcard tests/vm/*.sh)

# The lines changed since the last commit: what was laid out by hand stays.
format:
	$(Q)git clang-format --quiet --extensions c,h || true

lint:
	$(Q)shellcheck -x $(SH_FILES)
	$(Q)mandoc -T lint -W warning $(SHARE)/echogate.8 $(SHARE)/echogate.conf.5
	$(Q)cppcheck --quiet --std=c11 --language=c --enable=warning,portability --error-exitcode=1 \
		--inline-suppr --suppress=arithOperationsOnVoidPointer --suppress=missingInclude \
		'-DLIBBPF_OPTS(t,n,...)=struct t n={__VA_ARGS__}' '-D__always_inline=inline' \
		'-D_Static_assert(...)=' -Iheaders $(LOADER_SRC) loader/mkvmlinux.c

clean:
	$(Q)rm -rf $(OUT)

FORCE:

-include $(wildcard $(BOUT)/*.d $(OUT)/loader/*.d $(OUT)/loader/*/*.d $(OUT)/tests/*.d \
	   $(OUT)/tests/loader/*.d $(OUT)/tests/loader/*/*.d $(OUT)/tests/fuzz/*.d \
	   $(OUT)/tests/fuzz/*/*.d)
