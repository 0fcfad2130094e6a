# The library for machines without an operating system, one archive for each kind of core: `make firmware`. It is the same runtime
# sources, compiled as Embedded Swift for the core, and C that stands in for the system: no heap, no files, no threads.
#
# Needs what `Scripts/setup firmware` installs.

firmware_cores := cortex-m4f cortex-m7 cortex-m33 cortex-m55 rv32imac rv32imafc aarch64 wasm32
firmware := build/firmware

# For each core: Swift's target; the flags by which clang, inside Swift, and gcc name the core; the tools.
# Swift's library has no build for Armv8-M; that for Armv7E-M is compiled for the core together with our sources.
arm_m := armv7em-none-none-eabi
swift_target_cortex-m4f := $(arm_m)
swift_target_cortex-m7 := $(arm_m)
swift_target_cortex-m33 := $(arm_m)
swift_target_cortex-m55 := $(arm_m)
swift_target_rv32imac := riscv32-none-none-eabi
swift_target_rv32imafc := riscv32-none-none-eabi
swift_target_aarch64 := aarch64-none-none-elf
swift_target_wasm32 := wasm32-unknown-none-wasm

swift_core_cortex-m4f := -fshort-enums -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
swift_core_cortex-m7 := -fshort-enums -mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-sp-d16
swift_core_cortex-m33 := -fshort-enums -mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16
# Without the vector extension, which takes subnormal numbers for zeros.
swift_core_cortex-m55 := -fshort-enums -mcpu=cortex-m55+nomve -mfloat-abi=hard
swift_core_rv32imac := -march=rv32imac -mabi=ilp32
swift_core_rv32imafc := -march=rv32imafc -mabi=ilp32f

c_core_cortex-m4f := -mthumb $(swift_core_cortex-m4f)
c_core_cortex-m7 := -mthumb $(swift_core_cortex-m7)
c_core_cortex-m33 := -mthumb $(swift_core_cortex-m33)
c_core_cortex-m55 := -mthumb $(swift_core_cortex-m55)
c_core_rv32imac := $(swift_core_rv32imac)
c_core_rv32imafc := $(swift_core_rv32imafc)
# Debian has no compiler for bare AArch64: Linux's must not take the machine for Linux.
c_core_aarch64 := -march=armv8-a -fno-pic -U__unix__
c_core_wasm32 := --target=wasm32-unknown-none-wasm

tools_cortex-m4f := arm-none-eabi-
tools_cortex-m7 := arm-none-eabi-
tools_cortex-m33 := arm-none-eabi-
tools_cortex-m55 := arm-none-eabi-
tools_rv32imac := riscv64-unknown-elf-
tools_rv32imafc := riscv64-unknown-elf-
tools_aarch64 := aarch64-linux-gnu-

FIRMWARE_SWIFT_FLAGS := -parse-as-library -module-name Quell -package-name quell -enable-experimental-feature Embedded -wmo -Osize \
  -Xfrontend -disable-stack-protector -Xfrontend -function-sections -Xcc -fno-math-errno -I Sources/CQuell/include
# No multiplication may be joined to an addition: results are the same bits on every core.
FIRMWARE_C_FLAGS := -std=gnu11 -Os -ffreestanding -ffunction-sections -fdata-sections -fno-math-errno -ffp-contract=off \
  -Wall -Wextra -ISources/CQuell/include -I$(objects)

.PHONY: firmware firmware-test firmware-table $(addprefix firmware-,$(firmware_cores))

firmware: $(firmware_cores:%=$(firmware)/%/libquell.a)

# Bare machines' C knows no <errno.h> or <pthread.h>: what is for systems compiles to nothing there.
firmware_c := $(notdir $(runtime_c))

define firmware_core
firmware-$(1): $(firmware)/$(1)/libquell.a

$(firmware)/$(1)/Quell.o: $(runtime_swift) $(runtime_headers) $(objects)/sources.txt Firmware.mk
	@mkdir -p $$(@D)
	$(SWIFTC) $(FIRMWARE_SWIFT_FLAGS) -target $(swift_target_$(1)) $(addprefix -Xcc ,$(swift_core_$(1))) \
	  -module-cache-path $(firmware)/modules -c @$(objects)/sources.txt -o $$@

$(firmware)/$(1)/%.o: Sources/CQuell/%.c $(runtime_headers) Firmware.mk
	@mkdir -p $$(@D)
	$$(firmware_cc_$(1)) $(c_core_$(1)) $(FIRMWARE_C_FLAGS) -c $$< -o $$@

$(firmware)/$(1)/build_information.o: $(objects)/quell_build.h
endef

# As for libquell.a of the host: one object in which nothing but quell_* is visible.
define firmware_joined
firmware_cc_$(1) := $(tools_$(1))gcc
$(firmware)/$(1)/libquell.a: $(addprefix $(firmware)/$(1)/,Quell.o $(firmware_c:.c=.o))
	$(tools_$(1))ld -r -z noexecstack $$^ -o $(firmware)/$(1)/joined.o $(if $(filter rv32%,$(1)),-melf32lriscv)
	$(tools_$(1))objcopy --remove-section=.swift_modhash --wildcard --keep-global-symbol='quell_*' $(firmware)/$(1)/joined.o
	@rm -f $$@
	$(tools_$(1))ar rcs $$@ $(firmware)/$(1)/joined.o
endef

$(foreach core,$(firmware_cores),$(eval $(call firmware_core,$(core))))
$(foreach core,$(filter-out wasm32,$(firmware_cores)),$(eval $(call firmware_joined,$(core))))

# Tools for WebAssembly hide no symbols; it has one Swift runtime anyway.
firmware_cc_wasm32 := clang
$(firmware)/wasm32/libquell.a: $(addprefix $(firmware)/wasm32/,Quell.o $(firmware_c:.c=.o))
	@rm -f $@
	llvm-ar rcs $@ $^

# ---- Tests ----

# Programs are built for boards that QEMU emulates; what they compute must be what the host computes.
firmware-test: firmware library command
	.venv/bin/python Tests/Firmware/run_boards.py

# Puts what was measured into docs/FIRMWARE.md.
firmware-table: firmware library command
	.venv/bin/python Tests/Firmware/run_boards.py --write-table
