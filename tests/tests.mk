# What `make check` runs: unit tests and fuzz corpora under ASan and UBSan, then the behaviour tests
# under prove (tests/run).

SAN = -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_BUILD = $(BUILD)/san
SAN_OBJECTS = $(foreach l,base sys core,$(patsubst src/%.c,$(SAN_BUILD)/%.o,$(call sources,$(l))))
UNIT = $(patsubst tests/unit/%.c,$(SAN_BUILD)/unit/%,$(wildcard tests/unit/*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(SAN_BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))
HELPERS = $(patsubst tests/helpers/%.c,$(BUILD)/helpers/%,$(wildcard tests/helpers/*.c))

.PHONY: unit fuzz-replayers test-helpers
check:
	@bootstrap/install-deps --check
	@$(MAKE) --no-print-directory sdk unit fuzz-replayers test-helpers
	@tests/run

unit: $(UNIT)
fuzz-replayers: $(FUZZ)
test-helpers: $(HELPERS)

$(SAN_OBJECTS): $(SAN_BUILD)/%.o: src/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $< (sanitized)")
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) $(INCLUDE_$(call layer_of,$*)) -MMD -MP -c $< -o $@
$(SAN_BUILD)/core/report-page.o: $(addprefix src/core/report.,html css js)
-include $(SAN_OBJECTS:.o=.d)

$(SAN_BUILD)/libsdk.a: $(SAN_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(UNIT): $(SAN_BUILD)/unit/%: tests/unit/%.c $(SAN_BUILD)/libsdk.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) $(INCLUDE_core) -Itests/unit -o $@ $< $(SAN_BUILD)/libsdk.a \
		$(PACKAGES_LIBS) -lcmocka

# A fuzz target defines LLVMFuzzerTestOneInput; replay.h gives it a main that replays its corpus.
$(FUZZ): $(SAN_BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.h $(SAN_BUILD)/libsdk.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) $(INCLUDE_core) -Itests/fuzz -o $@ $< $(SAN_BUILD)/libsdk.a \
		$(PACKAGES_LIBS)

# The same targets as programs of libFuzzer, in a tree of objects of their own. Each starts from a copy
# of its corpus, which keeps what it learns; what makes one fail lies beside it.
CLANG ?= clang
FUZZ_SECONDS ?= 30
FUZZ_BUILD = $(BUILD)/fuzz
FUZZ_SAN = -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -DSDK_FUZZER
FUZZ_OBJECTS = $(SAN_OBJECTS:$(SAN_BUILD)/%=$(FUZZ_BUILD)/%)
FUZZERS = $(FUZZ:$(SAN_BUILD)/fuzz/%=$(FUZZ_BUILD)/%)

fuzz: $(FUZZERS)
	@for program in $^; do name=$${program##*/fuzz-}; found=$(FUZZ_BUILD)/found/$$name; \
		mkdir -p $$found && cp -Rn tests/fuzz/corpus/$$name/. $$found/ || exit 1; \
		echo "== $$name: $(FUZZ_SECONDS) s"; \
		$$program -max_total_time=$(FUZZ_SECONDS) -timeout=20 -print_final_stats=1 \
			-artifact_prefix=$(FUZZ_BUILD)/$$name- $$found >$(FUZZ_BUILD)/$$name.log 2>&1 || \
			{ tail -n 40 $(FUZZ_BUILD)/$$name.log; exit 1; }; \
		grep -E 'number_of_executed_units|new_units_added' $(FUZZ_BUILD)/$$name.log; \
	done

$(FUZZ_OBJECTS): $(FUZZ_BUILD)/%.o: src/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $< (fuzzed)")
	$(Q)$(CLANG) $(filter-out -Werror,$(ALL_CFLAGS)) $(FUZZ_SAN) -fsanitize=fuzzer-no-link \
		$(INCLUDE_$(call layer_of,$*)) -MMD -MP -c $< -o $@
$(FUZZ_BUILD)/core/report-page.o: $(addprefix src/core/report.,html css js)
-include $(FUZZ_OBJECTS:.o=.d)

$(FUZZ_BUILD)/libsdk.a: $(FUZZ_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(FUZZERS): $(FUZZ_BUILD)/%: tests/fuzz/%.c tests/fuzz/replay.h $(FUZZ_BUILD)/libsdk.a
	$(if $(V),,@echo "  LD  $@")
	$(Q)$(CLANG) $(filter-out -Werror,$(ALL_CFLAGS)) $(FUZZ_SAN) -fsanitize=fuzzer $(INCLUDE_core) -Itests/fuzz -o $@ $< \
		$(FUZZ_BUILD)/libsdk.a $(PACKAGES_LIBS)

# Programs that shell tests drive the library with.
$(HELPERS): $(BUILD)/helpers/%: tests/helpers/%.c $(BUILD)/libsdk.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(INCLUDE_core) -o $@ $< $(BUILD)/libsdk.a $(PACKAGES_LIBS)

# What commands say, as it is now: to be looked at before it is committed.
.PHONY: bench lint golden
golden: sdk
	@rm -f tests/golden/*.txt
	@python3 tests/helpers/messages.py ./sdk tests/golden

bench: sdk
	@for b in $(filter-out %/peak.sh,$(sort $(wildcard tests/bench/*.sh))); do echo "== $$b"; sh "$$b" || exit 1; done

lint:
	@tests/lint
