# Tests against files from strangers: damaged and made to do harm, and the fuzzers. Included by the Makefile. TESTING.md tells what runs when.

CLANG ?= clang
TIME ?= 60
PYTHON ?= .venv/bin/python

sanitized := build/sanitized
sanitized_objects := $(sanitized)/Quell.o $(runtime_c:Sources/CQuell/%.c=$(sanitized)/%.o)
sanitizers := address
# Small files that are right, which others are made of by damage, and which every version to come reads.
samples := Tests/Compatibility/1
fuzzers := model state text calls
host_fuzzers := json tokenizer onnx
host_readers := $(wildcard Tests/QuellFileTests/Readers/*.swift)
host_build := $(SWIFT) build -c release --target QuellTool --scratch-path .build-fuzz --sanitize=$(sanitizers) \
  -Xswiftc -enable-testing -Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer,$(sanitizers)
damage_sources := Tests/Damage/damage.c Tests/Damage/exercise.c Tests/Damage/exercise.h
# What the library asks the system for is counted.
damage_flags := -Wall -Wextra -Iinclude -Wl,--wrap=posix_memalign,--wrap=malloc,--wrap=free

# What the faults' program stands in front of, as Scripts/check-faults has it.
faults_wrapped := posix_memalign free open close fstat mmap munmap pthread_create pthread_join

.PHONY: damage damage-long fuzz fuzz-replay host-fuzzers mutants coverage

# ---- The runtime with AddressSanitizer, and with what libFuzzer sees its way by ----

$(sanitized)/Quell.o: $(runtime_swift) $(runtime_headers) $(objects)/sources.txt Makefile Hardening.mk
	@mkdir -p $(@D)
	$(SWIFTC) $(SWIFT_FLAGS) -g -sanitize=fuzzer,$(sanitizers) -c @$(objects)/sources.txt -o $@

$(sanitized)/%.o: Sources/CQuell/%.c $(runtime_headers) Makefile Hardening.mk
	@mkdir -p $(@D)
	$(CLANG) $(C_FLAGS) -g -fsanitize=fuzzer-no-link,$(sanitizers),undefined -fno-sanitize-recover=undefined -c $< -o $@

# ---- Damage ----

build/tests/damage: $(damage_sources) build/lib/libquell.a Hardening.mk
	@mkdir -p $(@D)
	$(CC) -O2 $(damage_flags) $(filter %.c,$(damage_sources)) build/lib/libquell.a -lpthread -o $@

build/tests/damage-sanitized: $(damage_sources) $(sanitized_objects) Hardening.mk
	@mkdir -p $(@D)
	$(CLANG) -g -O1 $(damage_flags) -fsanitize=$(sanitizers),undefined -fno-sanitize-recover=undefined \
	  $(filter %.c,$(damage_sources)) $(sanitized_objects) -lpthread -o $@

# The named files as they are, too: with each, what the library asks the system for is counted.
damage: build/tests/damage
	@rm -rf build/tests/named
	$(PYTHON) Tests/BadFiles/check_library.py --write build/tests/named
	build/tests/damage --as-is build/tests/named/*.gguf
	Scripts/check-damage build/tests/damage $(samples)

damage-long: build/tests/damage build/tests/damage-sanitized
	Scripts/check-damage build/tests/damage $(samples) 2000000
	Scripts/check-damage build/tests/damage-sanitized $(samples) 100000
	@$(MAKE) --no-print-directory host-fuzzers
	SWIFT_BACKTRACE=enable=no build/fuzz/host-damage 20000

# ---- Fuzzers ----

build/fuzz/%: Tests/Fuzz/%.c Tests/Fuzz/support.h $(damage_sources) $(sanitized_objects) Hardening.mk
	@mkdir -p $(@D)
	$(CLANG) -g -O1 -Wall -Wextra -Iinclude -DMODELS='"$(abspath $(samples))"' \
	  -fsanitize=fuzzer,$(sanitizers),undefined -fno-sanitize-recover=undefined \
	  $< Tests/Damage/exercise.c $(sanitized_objects) -lpthread -o $@

# What the host reads: the modules of the command as SwiftPM builds them, all but its main function.
host-fuzzers:
	$(host_build)
	@mkdir -p build/fuzz
	built="$$($(host_build) --show-bin-path)"; \
	  $(SWIFTC) -O -parse-as-library -swift-version 6 -module-name Fuzzers -sanitize=fuzzer,$(sanitizers) -I "$$built/Modules" \
	    -I Sources/CQuell/include $$(printf ' -Xcc -fmodule-map-file=%s' Sources/*/module.modulemap "$$built"/*.build/module.modulemap) \
	    $(host_readers) Tests/Fuzz/host.swift $$(find "$$built" -path '*.build/*.o') -lonnx -lonnx_proto -lprotobuf -lz \
	    -o build/fuzz/host-damage
	for name in $(host_fuzzers); do ln -f build/fuzz/host-damage build/fuzz/$$name; done

fuzz: $(fuzzers:%=build/fuzz/%) host-fuzzers
	Tests/Fuzz/inputs.py --wrong build/fuzz/inputs
	Scripts/fuzz $(TIME) $(fuzzers) $(host_fuzzers)

# The inputs that were kept, each once. Those of what the host reads are replayed by Tests/QuellFileTests.
fuzz-replay: $(fuzzers:%=build/fuzz/%)
	Scripts/fuzz replay $(fuzzers)

# ---- What the tests are worth ----

mutants: library
	$(PYTHON) Tests/Mutation/mutate.py

# The runtime as it is shipped, but that what is in Swift counts what runs.
counted := build/coverage
counted_objects := $(counted)/Quell.o $(c_objects)
counted_fuzzers := model state text calls

$(counted)/Quell.o: $(runtime_swift) $(runtime_headers) $(objects)/sources.txt Makefile Hardening.mk
	@mkdir -p $(@D)
	$(SWIFTC) $(SWIFT_FLAGS) -profile-generate -profile-coverage-mapping -c @$(objects)/sources.txt -o $@

$(counted)/libquell.so: $(counted_objects) Scripts/quell.map
	$(CLANG) -shared -fprofile-instr-generate -Wl,-Bsymbolic -Wl,--version-script=Scripts/quell.map $(counted_objects) -o $@

$(counted)/damage: $(damage_sources) $(counted_objects)
	$(CLANG) -O1 -fprofile-instr-generate $(damage_flags) $(filter %.c,$(damage_sources)) $(counted_objects) -lpthread -o $@

$(counted)/faults: Tests/Faults/faults.c $(counted_objects)
	$(CLANG) -O1 -fprofile-instr-generate -Iinclude $(faults_wrapped:%=-Wl,--wrap=%) $< $(counted_objects) -lpthread -o $@

$(counted)/fuzz-%: Tests/Fuzz/%.c Tests/Fuzz/support.h $(damage_sources) $(counted_objects)
	$(CLANG) -O1 -fprofile-instr-generate -fsanitize=fuzzer -Iinclude -DMODELS='"$(abspath $(samples))"' $< Tests/Damage/exercise.c \
	  $(counted_objects) -lpthread -o $@

coverage: $(counted)/libquell.so $(counted)/damage $(counted)/faults $(counted_fuzzers:%=$(counted)/fuzz-%)
	Scripts/measure-coverage $(counted) $(PYTHON)
