# Quell's build. `make` builds, `make test` tests, `make demo` shows; `make help` lists the rest.
#
# The command is built by SwiftPM; the libraries for other languages are the same runtime sources compiled as Embedded Swift,
# one object that needs libc alone.

SWIFT ?= swift
SWIFTC ?= swiftc
OBJCOPY ?= objcopy
STRIP ?= strip
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib

runtime_swift := $(sort $(shell find Sources/Quell -name '*.swift'))
runtime_c := $(sort $(wildcard Sources/CQuell/*.c))
runtime_headers := $(wildcard Sources/CQuell/*.h Sources/CQuell/include/*)

objects := build/obj
swift_object := $(objects)/Quell.o
compiler_header := $(objects)/Quell-Swift.h
c_objects := $(runtime_c:Sources/CQuell/%.c=$(objects)/%.o)
libraries := build/lib/libquell.so build/lib/libquell.so.0 build/lib/libquell.a

# -Osize: what reads files and texts is compiled to be small; the functions that a step spends its time in ask for speed themselves,
# by @_optimize(speed). -fno-math-errno: square roots become an instruction instead of a call into libm.
# -ffp-contract=off: no multiplication is joined to an addition, so that results are the same bits on every core.
SWIFT_FLAGS := -parse-as-library -module-name Quell -package-name quell -enable-experimental-feature Embedded -wmo -Osize \
  -Xfrontend -function-sections -Xcc -fno-math-errno -I Sources/CQuell/include -module-cache-path $(objects)/modules
C_FLAGS := -std=gnu11 -O2 -ffp-contract=off -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -fno-math-errno -Wall -Wextra \
  -ISources/CQuell/include -I$(objects)
# SwiftPM has given the command's main function a name of its own.
COMMAND_LINK_FLAGS := -lonnx -lonnx_proto -lprotobuf -lz -lFoundation -lCoreFoundation -lFoundationEssentials \
  -lFoundationInternationalization -l_FoundationCollections -l_FoundationCShims -l_FoundationICU -ldispatch -lBlocksRuntime \
  -Xlinker --defsym=main=QuellTool_main -Xlinker --gc-sections -Xlinker -s
# The objects name FoundationEssentials, but not the archives that it needs in turn.
IMPORT_LINK_FLAGS := -lonnx -lonnx_proto -lprotobuf -lz -lFoundationEssentials -l_FoundationCollections -l_FoundationCShims \
  -Xlinker -soname=libquell_import.so.0 -Xlinker --version-script=Scripts/quell_import.map -Xlinker --gc-sections -Xlinker -z \
  -Xlinker defs -Xlinker -s
# -Bsymbolic: the library calls its own functions, also where a Swift program in the same process has some of the same names.
LINK_FLAGS := -shared -Wl,-Bsymbolic -Wl,-soname,libquell.so.0 -Wl,--version-script=Scripts/quell.map -Wl,--gc-sections -Wl,-z,defs -Wl,-s

import_library := build/lib/libquell_import.so
import_header := $(objects)/QuellImportLibrary-Swift.h

.PHONY: all command library import-library check-import-library header check-header setup test quick lint demo \
  install install-library uninstall deb clean help FORCE

all: command library import-library

help:
	@echo 'make            build/bin/quell, build/lib/libquell.so, .a and libquell_import.so (installs nothing)'
	@echo 'make library    the libraries that run models alone'
	@echo 'make setup      install what building and testing lack on a Debian machine'
	@echo 'make demo       import, calibrate and run the model of the examples'
	@echo 'make test       everything that can fail: lints, unit tests, header, libraries, examples, Python'
	@echo 'make quick      the part of it that takes seconds once the libraries are built'
	@echo 'make fuzz       fuzzers, TIME=60 seconds each; TESTING.md has this and more'
	@echo 'make header     make include/quell.h, quell_import.h and what Python knows of them from the Swift sources'
	@echo 'make library-aarch64  the library for Linux on AArch64; needs Scripts/setup firmware'
	@echo 'make firmware   the library for cores without an operating system; needs Scripts/setup firmware'
	@echo 'make firmware-test  runs it on boards that QEMU emulates'
	@echo 'make install    into PREFIX ($(PREFIX)) and LIBDIR ($(LIBDIR)), below DESTDIR; `make uninstall` takes it away'
	@echo 'make install-library  the libraries that run models alone'
	@echo 'make deb        packages for Debian, in build/deb'
	@echo 'make clean      remove what was built'

# ---- The command ----

# SwiftPM decides what is to be done; the copy is renewed only when it differs.
command:
	@Scripts/setup --check
	$(SWIFT) build -c release --product quell
	@mkdir -p build/bin
	@built="$$($(SWIFT) build -c release --show-bin-path)/quell"; \
	  cmp -s "$$built" build/bin/quell || { cp "$$built" build/bin/quell.new && mv build/bin/quell.new build/bin/quell; }

# ---- The libraries ----

library: $(libraries)

# Changes only when a source is added or removed, which no time of a file tells.
$(objects)/sources.txt: FORCE
	@mkdir -p $(@D)
	@echo '$(runtime_swift)' | cmp -s - $@ || echo '$(runtime_swift)' > $@

# What the library tells of itself, which changes with every commit; one small object is compiled anew for it.
$(objects)/quell_build.h: FORCE
	@mkdir -p $(@D)
	@{ [ ! -e .git ] || git describe --always --abbrev=12 --exclude='*' --dirty 2>/dev/null | sed 's/.*/#define QUELL_COMMIT "&"/'; \
	  $(SWIFTC) --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/#define QUELL_SWIFT "\1"/p'; } > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(objects)/build_information.o: $(objects)/quell_build.h

$(swift_object) $(compiler_header) &: $(runtime_swift) $(runtime_headers) $(objects)/sources.txt Makefile
	$(SWIFTC) $(SWIFT_FLAGS) -c @$(objects)/sources.txt -o $(swift_object) -emit-clang-header-path $(compiler_header) \
	  -emit-module -emit-module-path $(objects)/Quell.swiftmodule
	@touch $(swift_object) $(compiler_header)

$(objects)/%.o: Sources/CQuell/%.c $(runtime_headers) Makefile
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) -c $< -o $@

build/lib/libquell.so: $(swift_object) $(c_objects) Scripts/quell.map
	@mkdir -p $(@D)
	$(CC) $(LINK_FLAGS) $(swift_object) $(c_objects) -o $@

# The name by which a program that was linked with the library looks for it.
build/lib/libquell.so.0: build/lib/libquell.so
	ln -sf libquell.so $@

# One object in which nothing but quell_* is visible: a Swift program that links it must not find its runtime's symbols here.
build/lib/libquell.a: $(swift_object) $(c_objects)
	@mkdir -p $(@D)
	$(LD) -r $(swift_object) $(c_objects) -o $(objects)/joined.o
	$(OBJCOPY) --localize-hidden --wildcard --keep-global-symbol='quell_*' $(objects)/joined.o
	$(STRIP) --strip-unneeded $(objects)/joined.o
	@rm -f $@
	$(AR) rcs $@ $(objects)/joined.o

# ---- The library that imports ----

# SwiftPM compiles the importer and lists the objects that it is made of. They are linked here with Swift's own libraries inside, so
# that users need no Swift, and nothing but quell_import_* shows.
import-library:
	@Scripts/setup --check
	$(SWIFT) build -c release --product QuellImportLibrary
	@mkdir -p build/lib $(objects)
	@built="$$($(SWIFT) build -c release --show-bin-path)"; \
	  cp "$$built/QuellImportLibrary.build/include/QuellImportLibrary-Swift.h" $(import_header) && \
  if [ ! $(import_library) -nt "$$built/libQuellImportLibrary.a" ]; then \
	    $(SWIFTC) -emit-library -static-stdlib -o $(import_library).new $(IMPORT_LINK_FLAGS) \
	      "@$$built/QuellImportLibrary.product/Objects.LinkFileList" && \
	    mv $(import_library).new $(import_library); fi
	@ln -sf libquell_import.so $(import_library).0

check-import-library: import-library
	Scripts/generate-header include/quell_import.h $(import_header) --check
	Scripts/check-import-library $(import_header) Examples/Models/rwkv4-tiny/model.onnx

# ---- The headers ----

header: $(compiler_header) import-library
	Scripts/generate-header include/quell.h $(compiler_header)
	Scripts/generate-header include/quell_import.h $(import_header)
	Scripts/generate-interface include/quell.h Bindings/Python/quell/_interface.py
	Scripts/generate-interface include/quell_import.h Bindings/Python/quell/_import_interface.py

check-header: $(compiler_header)
	Scripts/generate-header include/quell.h $(compiler_header) --check
	Scripts/generate-interface include/quell.h Bindings/Python/quell/_interface.py --check
	Scripts/generate-interface include/quell_import.h Bindings/Python/quell/_import_interface.py --check

# ---- Checks ----

setup:
	@Scripts/setup

test: setup
	@Scripts/test

quick: setup
	@Scripts/test quick

lint:
	@Scripts/lint

demo: setup
	@$(MAKE) --no-print-directory command
	@Scripts/demo

# ---- The library for another processor ----

include Cross.mk

# ---- The library for bare machines ----

include Firmware.mk

# ---- Files from strangers ----

include Hardening.mk

# ---- The rest ----

export PREFIX LIBDIR DESTDIR

install: all
	@Scripts/install runtime import command

install-library: library
	@Scripts/install runtime

uninstall:
	@Scripts/install --remove

# Packages for Debian, whose command has Swift's own libraries inside: Debian has no package of them.
deb: all
	@mkdir -p build/bin
	$(SWIFTC) -emit-executable -static-stdlib -o build/bin/quell-standalone $(COMMAND_LINK_FLAGS) \
	  "@$$($(SWIFT) build -c release --show-bin-path)/quell.product/Objects.LinkFileList"
	@Scripts/make-debian-packages build/deb build/bin/quell-standalone

clean:
	rm -rf build .build .build-test
