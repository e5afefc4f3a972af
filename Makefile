# The SDK of Dray Linux. `make` builds ./sdk; see README.md for the two commands that do everything.

VERSION = 0.1.0
PREFIX ?= /usr/local
BUILD ?= build
BOARD ?= amd64-usr
CC ?= gcc
PKG_CONFIG ?= pkg-config
WERROR ?= -Werror
# V=1 shows the commands.
Q = $(if $(V),,@)

# The libraries; of those in LAZY, the program loads one when it first calls it (src/base/lazy.h).
# `make LAZY=` links all of them.
PACKAGES = ncursesw yaml-0.1 $(LAZY_PACKAGES)
LAZY_PACKAGES = libarchive libcurl gpgme libgit2 fdisk libsolv libsolvext libcrypto libelf libmicrohttpd
LAZY = $(LAZY_PACKAGES)
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla $(WERROR)
ALL_CFLAGS = -std=gnu17 -O2 -g -pthread -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(WARNINGS) \
	-DSDK_VERSION='"$(VERSION)"' \
	$(PACKAGES_CFLAGS) $(CFLAGS)
# Only asked for when something is compiled: pkg-config costs more than a no-op build.
PACKAGES_CFLAGS = $(eval PACKAGES_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES)))$(PACKAGES_CFLAGS)
PACKAGES_LIBS = $(eval PACKAGES_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES)))$(PACKAGES_LIBS)
LAZY_LIBS = $(if $(LAZY),$(shell $(PKG_CONFIG) --libs $(LAZY)))
EAGER_LIBS = $(shell $(PKG_CONFIG) --libs $(filter-out $(LAZY),$(PACKAGES)))

# Each layer sees its own headers and those of the layers below, and nothing else.
# (-iquote, not -I: "archive.h" and "yaml.h" are ours, <archive.h> and <yaml.h> are the libraries'.)
LAYERS = base sys core cli
INCLUDE_base = -iquotesrc/base
INCLUDE_sys = $(INCLUDE_base) -iquotesrc/sys
INCLUDE_core = $(INCLUDE_sys) -iquotesrc/core
INCLUDE_cli = $(INCLUDE_core) -iquotesrc/cli

sources = $(wildcard src/$(1)/*.c)
objects = $(patsubst src/%.c,$(BUILD)/%.o,$(call sources,$(1)))

.PHONY: all image check lint install uninstall clean deps fuzz bench
all: sdk

sdk: $(BUILD)/sdk
	@cmp -s $< $@ || { cp $< $@.tmp && mv $@.tmp $@; }

layer_of = $(firstword $(subst /, ,$(1)))

$(BUILD)/%.o: src/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $<")
	$(Q)$(CC) $(ALL_CFLAGS) $(INCLUDE_$(call layer_of,$*)) -MMD -MP -c $< -o $@
# What it embeds, which the compiler does not tell.
$(BUILD)/core/report-page.o: $(addprefix src/core/report.,html css js)
-include $(patsubst %.o,%.d,$(foreach l,$(LAYERS),$(call objects,$(l))))

# Written anew each time, so that a deleted source file leaves no old member behind.
$(BUILD)/libsdk.a: $(foreach l,base sys core,$(call objects,$(l)))
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(BUILD)/lazy-stubs.o: src/base/lazy.sh src/base/lazy.S $(call objects,cli) $(BUILD)/libsdk.a
	$(Q)CC='$(CC)' sh $< $(LAZY_LIBS) -- $(filter-out src/%,$^) >$(BUILD)/lazy-stubs.S
	$(Q)$(CC) $(INCLUDE_base) -c $(BUILD)/lazy-stubs.S -o $@

$(BUILD)/sdk: $(call objects,cli) $(if $(LAZY),$(BUILD)/lazy-stubs.o) $(BUILD)/libsdk.a
	$(if $(V),,@echo "  LD  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(EAGER_LIBS)

include tests/tests.mk

# Everything a newcomer needs for a bootable image; ends with how to boot it.
image: deps
	@$(MAKE) --no-print-directory sdk
	@./sdk image --board=$(BOARD)

deps:
	@bootstrap/install-deps

install: sdk
	install -Dm755 sdk $(DESTDIR)$(PREFIX)/bin/sdk
	ln -sf sdk $(DESTDIR)$(PREFIX)/bin/build-packages
	ln -sf sdk $(DESTDIR)$(PREFIX)/bin/build-image
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	./sdk reference manual $(DESTDIR)$(PREFIX)/share/man/man1
	./sdk completion bash | install -Dm644 /dev/stdin $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sdk
	./sdk completion zsh | install -Dm644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_sdk
	./sdk completion fish | install -Dm644 /dev/stdin $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/sdk.fish

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/sdk bin/build-packages bin/build-image \
		share/bash-completion/completions/sdk share/zsh/site-functions/_sdk \
		share/fish/vendor_completions.d/sdk.fish share/man/man1/sdk.1 share/man/man1/sdk-*.1)

clean:
	rm -rf $(BUILD) sdk
