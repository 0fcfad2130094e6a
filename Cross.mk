# The libraries for Linux on AArch64, built on a machine of another kind: `make library-aarch64`. The same sources, the same interface.
# Included by the Makefile.
#
# Needs what `Scripts/setup firmware` installs.

aarch64 := build/aarch64-linux-gnu
aarch64_tools := aarch64-linux-gnu-
aarch64_objects := $(aarch64)/obj/Quell.o $(runtime_c:Sources/CQuell/%.c=$(aarch64)/obj/%.o)
aarch64_libraries := $(aarch64)/lib/libquell.so $(aarch64)/lib/libquell.so.0

.PHONY: library-aarch64

library-aarch64: $(aarch64_libraries)

# Of Embedded Swift there is AArch64 without a system alone. The code is the same, position-independent as all of Swift's; what asks a
# system for something is in C.
$(aarch64)/obj/Quell.o: $(runtime_swift) $(runtime_headers) $(objects)/sources.txt Makefile Cross.mk
	@mkdir -p $(@D)
	$(SWIFTC) $(SWIFT_FLAGS) -target aarch64-none-none-elf -c @$(objects)/sources.txt -o $@

$(aarch64)/obj/%.o: Sources/CQuell/%.c $(runtime_headers) Makefile Cross.mk
	@mkdir -p $(@D)
	$(aarch64_tools)gcc $(C_FLAGS) -c $< -o $@

$(aarch64)/obj/build_information.o: $(objects)/quell_build.h

$(aarch64)/lib/libquell.so: $(aarch64_objects) Scripts/quell.map
	@mkdir -p $(@D)
	$(aarch64_tools)gcc $(LINK_FLAGS) $(aarch64_objects) -o $@

$(aarch64)/lib/libquell.so.0: $(aarch64)/lib/libquell.so
	ln -sf libquell.so $@
