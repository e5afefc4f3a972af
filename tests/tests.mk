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
	@for b in tests/bench/*.sh; do echo "== $$b"; sh "$$b" || exit 1; done

lint:
	@tests/lint
