#include "build_information.h"
#include "quell_types.h"
/* Made by the Makefile; a build by other means knows no commit. */
#if __has_include("quell_build.h")
#include "quell_build.h"
#endif

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

#if defined(QUELL_COMMIT)
#define COMMIT " (commit " QUELL_COMMIT ")"
#else
#define COMMIT ""
#endif

#if defined(__x86_64__)
#define PROCESSOR "x86_64"
/* As in kernels_avx2.c and kernels_avx512.c. */
#define INSTRUCTIONS " with AVX2 and AVX-512"
#else
#define INSTRUCTIONS ""
#if defined(__aarch64__)
#define PROCESSOR "AArch64"
#elif defined(__arm__)
#define PROCESSOR "Arm"
#elif defined(__riscv)
#define PROCESSOR "RISC-V of " TEXT(__riscv_xlen) " bits"
#elif defined(__wasm__)
#define PROCESSOR "WebAssembly"
#else
#define PROCESSOR "an unknown processor"
#endif
#endif

#if defined(__linux__)
#define SYSTEM " and Linux"
#elif defined(__APPLE__)
#define SYSTEM " and Darwin"
#elif defined(__unix__)
#define SYSTEM " and Unix"
#else
#define SYSTEM " without a system"
#endif

#if defined(QUELL_SWIFT)
#define SWIFT "Swift " QUELL_SWIFT
#else
#define SWIFT "Swift"
#endif

#if defined(__clang__)
#define COMPILER "clang " TEXT(__clang_major__) "." TEXT(__clang_minor__) "." TEXT(__clang_patchlevel__)
#elif defined(__GNUC__)
#define COMPILER "gcc " TEXT(__GNUC__) "." TEXT(__GNUC_MINOR__) "." TEXT(__GNUC_PATCHLEVEL__)
#else
#define COMPILER "an unknown compiler"
#endif

const char *quell_build_text(void) {
  return QUELL_VERSION COMMIT " for " PROCESSOR SYSTEM INSTRUCTIONS ", by " SWIFT " and " COMPILER;
}
