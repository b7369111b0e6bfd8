# SPDX-License-Identifier: Apache-2.0
# hashscan. `make help` lists the targets. Build products live under build/, one folder per flag set.

VERSION_MAJOR := $(shell awk '/define HASHSCAN_VERSION_MAJOR/ {print $$3}' core/include/hashscan.h)
VERSION_MINOR := $(shell awk '/define HASHSCAN_VERSION_MINOR/ {print $$3}' core/include/hashscan.h)
VERSION_PATCH := $(shell awk '/define HASHSCAN_VERSION_PATCH/ {print $$3}' core/include/hashscan.h)
VERSION := $(VERSION_MAJOR).$(VERSION_MINOR).$(VERSION_PATCH)

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
SHAREDIR ?= $(PREFIX)/share/hashscan
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DESTDIR ?=

# Cross builds: CROSS_COMPILE=aarch64-linux-gnu- chooses the compiler, or CC=aarch64-linux-gnu-gcc tells the prefix. The
# linker and the other tools are those that the compiler itself would run.
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)$(if $(CROSS_COMPILE),gcc,cc)
endif
CROSS_COMPILE ?= $(shell printf '%s\n' '$(CC)' | sed -nE 's,^(.* )?(([^ ]*/)?[^ /]+-[^ /]+-)(gcc|cc|clang)(-[0-9.]+)?( .*)?$$,\2,p')
program = $(shell $(CC) -print-prog-name=$(1))
ifeq ($(origin LD),default)
LD = $(call program,ld)
endif
ifeq ($(origin AR),default)
AR = $(call program,ar)
endif
OBJCOPY ?= $(call program,objcopy)
PKG_CONFIG ?= $(CROSS_COMPILE)pkg-config

BUILD ?= build$(if $(CROSS_COMPILE),/$(patsubst %-,%,$(notdir $(CROSS_COMPILE))))
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
CFLAGS ?= -O2 -g
SANITIZE ?=
V ?= 0
Q := $(if $(filter 0,$(V)),@,)
say = $(if $(filter 0,$(V)),@printf '  %-7s %s\n' $(1) $(2),@:)

# ---- What is needed to build and test; `make deps` installs what is missing ------------------------------------------
PKGS := libjpeg libpng libdeflate zlib libxxhash libcrypto
TEST_PKGS := cmocka

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror=implicit
# A fused multiply-add rounds once where PDQ's reference rounds twice: it flips hash bits.
HASHSCAN_CFLAGS := -std=c11 -D_GNU_SOURCE -DHASHSCAN_BUILDING -Icore/include -Icore/src -ffp-contract=off \
  -fno-math-errno -fvisibility=hidden -fPIC -pthread -MMD -MP $(WARNINGS) $(SANITIZE) $(EXTRA_CFLAGS)
# Expanded only by rules that compile or link, so that `make deps` and `make help` work before anything is installed.
# Once expanded, they are kept. Without a pkg-config for the target, headers of the build machine would be found instead.
has_pkg_config = $(or $(shell command -v $(PKG_CONFIG)),$(error hashscan needs $(PKG_CONFIG), which finds $(1) for the \
  target; PKG_CONFIG=... names another))
packages = $(if $(call has_pkg_config,$(2)),$(shell $(PKG_CONFIG) $(1) $(2)))
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(call packages,--cflags,$(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(call packages,--libs,$(PKGS)))$(PKG_LIBS)
TEST_LIBS = $(eval TEST_LIBS := $$(call packages,--libs,$(TEST_PKGS)))$(TEST_LIBS)
LINK_LIBS = $(PKG_LIBS) -pthread -lm

LIB_SRC := $(sort $(wildcard core/src/*/*.c core/src/*/*/*.c))
CLI_SRC := $(sort $(wildcard core/cli/*.c))
# What every program reads its command line with.
PROGRAM_SRC := $(addprefix core/cli/,program.c options.c enumerations.c fail_on.c generate.c completions.c message.c \
  output.c)
DATASET_SRC := $(sort $(wildcard datasets-synthetic/*.c))
BENCH_SRC := $(sort $(wildcard bench/*.c))
TEST_SRC := $(sort $(wildcard tests/unit/test_*.c))
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
ORACLE_SRC := $(sort $(wildcard tests/oracles/*.c))
FUZZ_SRC := $(sort $(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/fuzz_*.c)))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJ := $(call obj,$(LIB_SRC))

STATIC := $(BUILD)/libhashscan.a
SONAME := libhashscan.so.$(VERSION_MAJOR)
SHARED := $(BUILD)/libhashscan.so.$(VERSION)
ORACLES := $(BUILD)/oracles.a
TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(TEST_SRC))
REPLAYS := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/%,$(FUZZ_SRC))
TOOLS := $(BUILD)/hashscan $(if $(DATASET_SRC),$(BUILD)/hashscan-dataset) $(if $(BENCH_SRC),$(BUILD)/hashscan-bench)

.DEFAULT_GOAL := all
.PHONY: all
all: $(STATIC) $(BUILD)/libhashscan.so $(TOOLS) $(BUILD)/hashscan.pc

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/obj/*/*/*/*.d $(BUILD)/obj/*/*/*/*/*.d)

$(BUILD)/obj/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HASHSCAN_CFLAGS) $(PKG_CFLAGS) $(CFLAGS) -c $< -o $@

# What makes inputs or judges answers is no code to be explored: without a fuzzer's instrumentation it is ten times as fast.
ifneq ($(findstring fuzzer-no-link,$(SANITIZE)),)
$(BUILD)/obj/tests/support/%.o $(BUILD)/obj/tests/oracles/%.o: override CFLAGS += -O2 -fno-sanitize=fuzzer-no-link
endif

# One relocatable object with everything but the public symbols made local, so that a program that links the archive
# sees hashscan_ names alone.
$(STATIC): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)$(LD) -r -o $(BUILD)/obj/hashscan.o $^
	$(Q)$(OBJCOPY) --localize-hidden $(BUILD)/obj/hashscan.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(BUILD)/obj/hashscan.o

$(SHARED): $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LINK_LIBS)

$(BUILD)/libhashscan.so: $(SHARED)
	$(Q)ln -sf $(notdir $(SHARED)) $(BUILD)/$(SONAME) && ln -sf $(SONAME) $@

$(BUILD)/hashscan: $(call obj,$(CLI_SRC)) $(STATIC)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LINK_LIBS)

$(BUILD)/hashscan-dataset: $(call obj,$(DATASET_SRC) $(PROGRAM_SRC) core/src/base/parallel.c) $(STATIC)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LINK_LIBS)

# What tests and benchmarks both compare with or search in: the naive PDQ, sets of hashes, the worst pictures. From an
# archive the linker takes what a program needs.
$(ORACLES): $(call obj,$(ORACLE_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Benchmarks and unit tests look inside the library, so they link its objects.
$(BUILD)/hashscan-bench: $(call obj,$(BENCH_SRC) $(PROGRAM_SRC)) $(ORACLES) $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LINK_LIBS)

# These tests fail or count allocations of the library: the linker sends them through their wrappers.
$(BUILD)/tests/test_allocation $(BUILD)/tests/test_allocator: TEST_LDFLAGS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc
$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(call obj,$(SUPPORT_SRC)) $(ORACLES) $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) $(TEST_LDFLAGS) -o $@ $^ $(LINK_LIBS) $(TEST_LIBS)

# Fuzz targets as plain programs that replay files; `make fuzz` links the same code with libFuzzer.
$(BUILD)/tests/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LINK_LIBS)

# What libjpeg reads is the oracle of this one, as it is of the unit tests.
$(BUILD)/tests/fuzz_jpeg_blocks $(BUILD)/fuzzers/fuzz_jpeg_blocks: \
  $(call obj,tests/support/coefficients.c tests/support/guard.c)
$(BUILD)/tests/fuzz_jpeg_lanes $(BUILD)/fuzzers/fuzz_jpeg_lanes: $(call obj,tests/support/raw.c tests/support/guard.c)
$(BUILD)/tests/fuzz_image $(BUILD)/fuzzers/fuzz_image: $(call obj,tests/support/planed.c tests/support/guard.c)

$(BUILD)/tests/fuzz_image_hash $(BUILD)/fuzzers/fuzz_image_hash: $(call obj,tests/support/fixture.c)

# The comparison of the default with exact, and the writer of crafted files, are those of the unit tests.
ORACLE_OBJ := $(call obj,tests/support/oracle.c tests/support/fixture.c)
CRAFT_OBJ := $(call obj,$(wildcard tests/support/craft*.c) tests/support/coefficients.c tests/support/guard.c)
$(BUILD)/tests/fuzz_match $(BUILD)/fuzzers/fuzz_match: $(ORACLE_OBJ)
$(BUILD)/tests/fuzz_crafted_jpeg $(BUILD)/fuzzers/fuzz_crafted_jpeg: $(ORACLE_OBJ) $(CRAFT_OBJ)

.SECONDARY:

# Written anew each time, since it holds the PREFIX of this very call.
.PHONY: $(BUILD)/hashscan.pc
$(BUILD)/hashscan.pc:
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	  -e 's|@VERSION@|$(VERSION)|' -e 's|@PKGS@|$(PKGS)|' core/hashscan.pc.in > $@

# ---- Versions that meet (tests/abi) ----------------------------------------------------------------------------------
# Programs that use the whole header, built as a user of the library builds: against the header of today, of each version
# that is kept, and of a later one, where structs have grown. And the library as of that later one, which is compiled
# without optimization, since only its interface counts.
ABI_KEPT := $(patsubst tests/abi/%/program.c,%,$(wildcard tests/abi/*/program.c))
ABI_PROGRAMS := $(addprefix $(BUILD)/tests/abi/,today later $(ABI_KEPT))
ABI_LAYOUTS := $(ABI_KEPT:%=$(BUILD)/abi/%-kept.o) $(ABI_KEPT:%=$(BUILD)/abi/%-today.o)
ABI_LIBRARY := $(BUILD)/abi/$(SONAME)
ABI_CFLAGS = -std=c11 $(WARNINGS) $(SANITIZE) $(CFLAGS)
-include $(wildcard $(BUILD)/abi/obj/*/*/*/*.d $(BUILD)/abi/obj/*/*/*/*/*.d)

$(BUILD)/abi/hashscan.h: core/include/hashscan.h tests/abi/grow.py tests/abi/header.py
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) -B tests/abi/grow.py $< $@

$(BUILD)/abi/obj/%.o: %.c Makefile | $(BUILD)/abi/hashscan.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -I$(BUILD)/abi $(HASHSCAN_CFLAGS) $(PKG_CFLAGS) $(CFLAGS) -O0 -g0 -c $< -o $@

# layout.c asserts the layout of today.
$(ABI_LIBRARY): $(patsubst %.c,$(BUILD)/abi/obj/%.o,$(filter-out core/src/base/layout.c,$(LIB_SRC)))
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LINK_LIBS)

$(BUILD)/tests/abi/today: tests/abi/program.c core/include/hashscan.h $(BUILD)/libhashscan.so
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -Icore/include $(ABI_CFLAGS) $(LDFLAGS) -o $@ $< -L$(BUILD) -lhashscan

$(BUILD)/tests/abi/later: tests/abi/program.c $(BUILD)/abi/hashscan.h $(BUILD)/libhashscan.so
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -I$(BUILD)/abi -DABI_ADDED $(ABI_CFLAGS) $(LDFLAGS) -o $@ $< -L$(BUILD) -lhashscan

$(ABI_KEPT:%=$(BUILD)/tests/abi/%): $(BUILD)/tests/abi/%: tests/abi/%/program.c tests/abi/%/hashscan.h $(BUILD)/libhashscan.so
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -Itests/abi/$* $(ABI_CFLAGS) $(LDFLAGS) -o $@ $< -L$(BUILD) -lhashscan

$(ABI_KEPT:%=$(BUILD)/abi/%-kept.o): $(BUILD)/abi/%-kept.o: tests/abi/layout.c tests/abi/%/hashscan.h tests/abi/%/layout.h
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -Itests/abi/$* -DABI_KEPT -DABI_LAYOUT='"$*/layout.h"' $(ABI_CFLAGS) -c $< -o $@

$(ABI_KEPT:%=$(BUILD)/abi/%-today.o): $(BUILD)/abi/%-today.o: tests/abi/layout.c core/include/hashscan.h tests/abi/%/layout.h
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -Icore/include -DABI_LAYOUT='"$*/layout.h"' $(ABI_CFLAGS) -c $< -o $@

.PHONY: test-programs
test-programs: all $(TESTS) $(REPLAYS) $(ABI_PROGRAMS) $(ABI_LAYOUTS) $(ABI_LIBRARY)

# ---- Set-up ----------------------------------------------------------------------------------------------------------
# Both of the README's commands begin here. Nothing is asked of the system when everything is there.
.PHONY: deps
deps:
	@./tests/deps

# ---- Demo ------------------------------------------------------------------------------------------------------------
.PHONY: demo
demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(PYTHON) tests/demo.py $(BUILD)

# ---- Tests -----------------------------------------------------------------------------------------------------------
# One interpreter, decided by tests/python; PYTHON=... overrides. Expanded after `deps` has run.
PYTHON ?= $(shell tests/python)
TEST_ARGS ?=

.PHONY: test
test: deps
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	@$(PYTHON) tests/run.py --build $(BUILD) --jobs $(JOBS) $(TEST_ARGS)

ASAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
.PHONY: asan
asan: deps
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build/asan SANITIZE="$(ASAN_FLAGS)" CFLAGS="-O1 -g" test-programs
	@$(PYTHON) tests/run.py --build build/asan --title asan --jobs $(JOBS) $(TEST_ARGS)

# The tests that start threads, that scan with several, or whose opening lines say that ThreadSanitizer is to look at
# what the library does with threads of its own.
THREAD_TESTS = $(notdir $(basename $(shell grep -lE 'pthread_create|scene_options|ThreadSanitizer' $(TEST_SRC))))
comma := ,
empty :=
space := $(empty) $(empty)

# With -O2: at -O1 with -fsanitize=thread, and only there, gcc 12 gave an AVX-512 kernel that differs from the scalar one.
.PHONY: tsan
tsan: deps
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build/tsan SANITIZE=-fsanitize=thread CFLAGS="-O2 -g" \
	  all $(THREAD_TESTS:%=build/tsan/tests/%)
	@$(PYTHON) tests/run.py --build build/tsan --title tsan --jobs $(JOBS) \
	  --only $(subst $(space),$(comma),$(THREAD_TESTS)) $(TEST_ARGS)

# The NEON kernels, cross-compiled and run under qemu-user.
.PHONY: neon
neon: deps
	@tests/deps neon
	@tests/neon/run $(BUILD)

# The library's own objects and the tests of the index for another libc and another machine, where there are no decoders
# to link; and that a big-endian machine is refused.
.PHONY: musl cross
musl cross: deps
	@tests/deps $@
	@MAKE="$(MAKE)" tests/ports/run $@

# These need no decoder. Everything that they may use is in one archive, and the linker drops the functions that nothing
# reaches, with what those would need.
PORT_WITHOUT ?=
PORT_TESTS := $(filter-out $(PORT_WITHOUT),$(filter $(addprefix test_,file% hamming% list% index% info% searcher% sweep% \
  update% replace%),$(notdir $(TEST_SRC:.c=))))
.PHONY: port-tests
port-tests: $(LIB_OBJ) $(PORT_TESTS:%=$(BUILD)/ports/%)
$(BUILD)/ports/objects.a: $(LIB_OBJ) $(call obj,$(SUPPORT_SRC) tests/oracles/index_data.c tests/oracles/index_pictures.c)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) qcs $@ $^
$(BUILD)/ports/test_%: $(BUILD)/obj/tests/unit/test_%.o $(BUILD)/ports/objects.a
	$(call say,LD,$@)
	$(Q)$(CC) -Wl,--gc-sections $(LDFLAGS) -o $@ $^ -pthread -lm

# The two commands of the README in a minimal system made with debootstrap, with and without a foreign python3. As root.
.PHONY: fresh
fresh:
	@tests/deps fresh
	@TEST_ARGS="$(TEST_ARGS)" tests/fresh

# Each fuzz target for FUZZ_SECONDS with clang's libFuzzer; the corpora grow under build/fuzz/. FUZZ_TARGETS=fuzz_match
# runs that one alone, FUZZ_ARGS="-fork=2" on two cores.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(FUZZ_SRC:tests/fuzz/%.c=%)
FUZZ_ARGS ?=
.PHONY: fuzz
fuzz: deps
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build/fuzz CC=clang \
	  SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" CFLAGS="-O1 -g" fuzz-programs fuzz-seeds
	@for t in $(FUZZ_TARGETS); do mkdir -p build/fuzz/corpus/$$t; echo "== $$t"; \
	  build/fuzz/fuzzers/$$t -max_total_time=$(FUZZ_SECONDS) -print_final_stats=0 -verbosity=0 -rss_limit_mb=4096 \
	    -artifact_prefix=build/fuzz/ $(FUZZ_ARGS) build/fuzz/corpus/$$t $(wildcard tests/fuzz/seeds) || exit 1; done

# The crafted files of the unit tests begin the corpus of fuzz_match.
SEED_TESTS := $(patsubst %,$(BUILD)/tests/test_sound_%,known scans markers)
.PHONY: fuzz-seeds
fuzz-seeds: $(SEED_TESTS)
	@mkdir -p $(BUILD)/corpus/fuzz_match
	@for t in $^; do HASHSCAN_SOUND_DUMP=$(BUILD)/corpus/fuzz_match $$t >$$t.log 2>&1 || { cat $$t.log; exit 1; }; done

FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzzers/%,$(FUZZ_SRC))
.PHONY: fuzz-programs
fuzz-programs: $(FUZZERS)
$(BUILD)/fuzzers/%: $(BUILD)/obj/tests/fuzz/%.o $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LINK_LIBS)

# ---- Fidelity --------------------------------------------------------------------------------------------------------
.PHONY: fidelity
FIDELITY_ARGS ?=
fidelity: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(PYTHON) bench/fidelity.py --build $(BUILD) $(FIDELITY_ARGS)

# ---- Lint ------------------------------------------------------------------------------------------------------------
C_FILES = $(shell git ls-files '*.c' '*.h')
.PHONY: lint format
lint: deps
	@tests/deps lint
	@clang-format --dry-run --Werror $(C_FILES)
	@cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --std=c11 -j$(JOBS) -Icore/include -Icore/src -D__x86_64__ \
	  core bench datasets-synthetic tests/oracles

# clang's static analyzer. A finding that is none is explained where it is.
.PHONY: analyze
analyze: deps
	@tests/deps analyze
	@$(PYTHON) tests/analyze.py --jobs $(JOBS) --flags '$(filter-out -MMD -MP,$(HASHSCAN_CFLAGS)) $(PKG_CFLAGS)' \
	  $(LIB_SRC) $(CLI_SRC) $(DATASET_SRC) $(BENCH_SRC)

format:
	clang-format -i $(C_FILES)

# ---- Install ---------------------------------------------------------------------------------------------------------
.PHONY: install uninstall clean
# The known picture and its list, for trying a whole pipeline. The program that was built writes them.
SELFTEST := selftest.jpg selftest.png selftest.csv
$(BUILD)/selftest/selftest.csv: $(BUILD)/hashscan
	$(Q)mkdir -p $(@D)
	$(Q)$(BUILD)/hashscan selftest --write $(@D)

# Completions come from the tables that the parser reads, and so do the manuals of the programs that have no other.
INSTALLED := $(notdir $(TOOLS))
COMPLETIONS := $(foreach shell,bash zsh fish,$(INSTALLED:%=$(BUILD)/completions/%.$(shell)))
$(COMPLETIONS): $(BUILD)/completions/%: $(INSTALLED:%=$(BUILD)/%)
	$(Q)mkdir -p $(@D)
	$(Q)$(BUILD)/$(basename $*) completions $(subst .,,$(suffix $*)) >$@.new && mv $@.new $@

MANUALS := $(patsubst %,$(BUILD)/man/%.1,$(filter-out hashscan,$(INSTALLED)))
$(MANUALS): $(BUILD)/man/%.1: $(BUILD)/%
	$(Q)mkdir -p $(@D)
	$(Q)$< man-page >$@.new && mv $@.new $@

install: all $(BUILD)/selftest/selftest.csv $(COMPLETIONS) $(MANUALS)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(MANDIR)/man1 \
	  $(DESTDIR)$(SHAREDIR) $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	for program in $(INSTALLED); do \
	  install -m 644 $(BUILD)/completions/$$program.bash $(DESTDIR)$(BASHDIR)/$$program && \
	  install -m 644 $(BUILD)/completions/$$program.zsh $(DESTDIR)$(ZSHDIR)/_$$program && \
	  install -m 644 $(BUILD)/completions/$$program.fish $(DESTDIR)$(FISHDIR)/$$program.fish || exit 1; done
	install -m 644 $(SELFTEST:%=$(BUILD)/selftest/%) $(DESTDIR)$(SHAREDIR)
	install -m 755 $(TOOLS) $(DESTDIR)$(BINDIR)
	install -m 644 core/include/hashscan.h $(DESTDIR)$(INCLUDEDIR)/hashscan.h
	install -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)/libhashscan.a
	install -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/$(notdir $(SHARED))
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libhashscan.so
	install -m 644 $(BUILD)/hashscan.pc $(DESTDIR)$(LIBDIR)/pkgconfig/hashscan.pc
	install -m 644 core/doc/hashscan.1 $(MANUALS) $(DESTDIR)$(MANDIR)/man1

uninstall:
	rm -f $(INSTALLED:%=$(DESTDIR)$(BINDIR)/%) $(DESTDIR)$(INCLUDEDIR)/hashscan.h $(DESTDIR)$(LIBDIR)/libhashscan.a \
	  $(DESTDIR)$(LIBDIR)/$(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/libhashscan.so \
	  $(DESTDIR)$(LIBDIR)/pkgconfig/hashscan.pc $(INSTALLED:%=$(DESTDIR)$(MANDIR)/man1/%.1) \
	  $(SELFTEST:%=$(DESTDIR)$(SHAREDIR)/%) $(INSTALLED:%=$(DESTDIR)$(BASHDIR)/%) $(INSTALLED:%=$(DESTDIR)$(ZSHDIR)/_%) \
	  $(INSTALLED:%=$(DESTDIR)$(FISHDIR)/%.fish)
	rmdir $(DESTDIR)$(SHAREDIR) 2>/dev/null || true

clean:
	rm -rf build

.PHONY: help
help:
	@echo 'make            build the library (static, shared), the hashscan command, tools'
	@echo 'make demo       install what is missing, build, and show a scan of a synthetic picture set'
	@echo 'make test       install what is missing, build, and run every test'
	@echo 'make deps       install missing packages with apt-get (elsewhere: print their names)'
	@echo 'make asan       every test under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make tsan       the multi-threaded tests under ThreadSanitizer'
	@echo 'make neon       the NEON kernels under qemu-user'
	@echo 'make musl       the library and the tests of the index with musl'
	@echo 'make cross      the same cross-compiled for AArch64, under qemu-user; a big-endian machine is refused'
	@echo 'make fresh      make demo and make test in a minimal Debian, with and without a foreign python3 (as root)'
	@echo 'make fuzz       each fuzz target for FUZZ_SECONDS=60 (clang)'
	@echo 'make fidelity   how far fast hashes are from exact ones, and whether screening changes a verdict'
	@echo 'make lint       clang-format check and cppcheck'
	@echo 'make analyze    the static analyzer of clang'
	@echo 'make install    PREFIX=/usr/local DESTDIR= ; make uninstall undoes it'
	@echo 'make clean      remove build/'
	@echo 'Cross builds: CROSS_COMPILE=aarch64-linux-gnu-, with the libraries that aarch64-linux-gnu-pkg-config finds'
	@echo 'Variables: CC=cc CFLAGS="-O2 -g" BUILD=build JOBS=n V=1 TEST_ARGS="--only NAME"'
