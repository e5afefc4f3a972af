# What `make check` runs: unit tests under ASan and UBSan, then everything else under prove.

SAN = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_BUILD = $(BUILD)/san
UNIT = $(patsubst tests/unit/%.c,$(SAN_BUILD)/unit/%,$(wildcard tests/unit/*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(SAN_BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))

check: deps
	@$(MAKE) --no-print-directory sdk unit fuzz-replayers
	@tests/run

.PHONY: unit fuzz-replayers
unit: $(UNIT)
fuzz-replayers: $(FUZZ)

$(SAN_BUILD)/libsdk.a: $(foreach l,base sys core,$(call sources,$(l))) $(wildcard src/*/*.h)
	@$(MAKE) --no-print-directory BUILD=$(SAN_BUILD) CFLAGS="$(SAN)" $(SAN_BUILD)/libsdk.a-objects

$(SAN_BUILD)/libsdk.a-objects: $(patsubst $(BUILD)/%,$(BUILD)/%,$(foreach l,base sys core,$(call objects,$(l))))
	@rm -f $(BUILD)/libsdk.a
	$(AR) rcsD $(BUILD)/libsdk.a $^

$(SAN_BUILD)/unit/%: tests/unit/%.c $(SAN_BUILD)/libsdk.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SAN) $(INCLUDE_core) -Itests/unit -o $@ $< $(SAN_BUILD)/libsdk.a \
		$(PACKAGES_LIBS) $(shell $(PKG_CONFIG) --libs cmocka)

# A fuzz target is a file with LLVMFuzzerTestOneInput; here it replays its corpus.
$(SAN_BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.h $(SAN_BUILD)/libsdk.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SAN) $(INCLUDE_core) -Itests/fuzz -o $@ $< $(SAN_BUILD)/libsdk.a $(PACKAGES_LIBS)

bench: sdk
	@for b in tests/bench/*.sh; do echo "== $$b"; sh $$b || exit 1; done

lint:
	@tests/lint
