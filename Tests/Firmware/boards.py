"""The boards that QEMU emulates, and how a program for each is built and run."""
import dataclasses
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "Examples/Firmware"
HERE = ROOT / "Tests/Firmware"
MEGABYTE = 1 << 20

SEMIHOSTING = ["-nographic", "-semihosting-config", "enable=on,target=native"]
PICOLIBC_AARCH64 = "/usr/lib/picolibc/aarch64-linux-gnu/picolibc.specs"


@dataclasses.dataclass
class Board:
    """A machine; `core` names its library below build/firmware."""

    name: str
    core: str
    # The compiler and its flags for the core, and for picolibc where there is one.
    compiler: list[str]
    # What runs a program, the program's path coming last.
    emulator: list[str]
    # Where the linker puts constants and variables.
    flash: int = 0
    ram: int = 0
    picoseconds_per_tick: int = 0
    tools: str = ""
    # Which of the example's board files.
    console: str = "semihosting"
    # How many tokens the measuring program generates.
    tokens: int = 48
    # The library where it is not firmware's, below the build folder.
    library: str = ""
    # Vectors for a board that does not begin where its flash does, in a file beside this one.
    startup: str = ""

    @property
    def counts_instructions(self) -> bool:
        return self.console == "semihosting"

    def build(self, source: pathlib.Path, model: pathlib.Path, output: pathlib.Path, *flags: str) -> None:
        """Compiles and links a program; unused functions are left out, and so is an allocator where nothing asks for one."""
        command = [*self.compiler, "-std=gnu2x" if self.core == "wasm32" else "-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror",
            "-ffunction-sections", "-fdata-sections", "-I", str(ROOT / "include"), "-I", str(EXAMPLE), f'-DMODEL_FILE="{model}"',
            f"-DPICOSECONDS_PER_TICK={self.picoseconds_per_tick}", *flags, str(source), str(EXAMPLE / "model.c")]
        library = ROOT / "build" / (self.library or f"firmware/{self.core}/libquell.a")
        command += [str(EXAMPLE / f"board_{self.console}.c"), str(library), "-Wl,--gc-sections"]
        if library.suffix == ".so":
            command.append(f"-Wl,-rpath,{library.parent}")
        if self.console == "semihosting":
            command += ["-Wl,-z,noexecstack", "-Wl,--no-warn-rwx-segments", "-Wl,--defsym=__stack_size=0x4000",
                f"-Wl,--defsym=__flash={self.flash:#x}", f"-Wl,--defsym=__flash_size={4 * MEGABYTE:#x}",
                f"-Wl,--defsym=__ram={self.ram:#x}", f"-Wl,--defsym=__ram_size={2 * MEGABYTE:#x}"]
        if self.console == "wasi":
            command.append("-Wl,-s")
        if self.startup:
            command += [str(HERE / self.startup), "-Wl,-u,startup_vectors,--section-start=.startup=0"]
        subprocess.run([*command, "-o", str(output)], check=True)

    def run(self, program: pathlib.Path, seconds: int = 300) -> str:
        """What the program writes; it must return 0."""
        # QEMU's console for semihosting is its standard error.
        done = subprocess.run(
            [*self.emulator, str(program)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
        text = done.stdout.decode("utf-8", "replace")
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: {program.name} ended with status {done.returncode}: {text[-300:]}")
        return text


def arm(name: str, core: str, flags: str, flash: int, ram: int, picoseconds_per_tick: int, **others) -> Board:
    compiler = ["arm-none-eabi-gcc", "--specs=picolibc.specs", "--oslib=semihost", "--crt0=hosted", "-mthumb", *flags.split()]
    emulator = ["qemu-system-arm", "-M", name, "-icount", "shift=0", *SEMIHOSTING, "-kernel"]
    return Board(name, core, compiler, emulator, flash, ram, picoseconds_per_tick, "arm-none-eabi-", **others)


def riscv(core: str, flags: str, features: str, tokens: int) -> Board:
    compiler = ["riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "--oslib=semihost", "--crt0=hosted", *flags.split()]
    emulator = ["qemu-system-riscv32", "-M", "virt", "-cpu", f"rv32{features}", "-bios", "none", "-icount", "shift=0", *SEMIHOSTING, "-kernel"]
    return Board(f"virt ({core})", core, compiler, emulator, 0x80000000, 0x80400000, 0, "riscv64-unknown-elf-", tokens=tokens)


BOARDS = [
    arm("mps2-an386", "cortex-m4f", "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16", 0, 0x20000000, 40_000),
    arm("mps2-an500", "cortex-m7", "-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-sp-d16", 0, 0x20000000, 40_000),
    arm("mps2-an505", "cortex-m33", "-mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16", 0x10000000, 0x38000000, 50_000),
    arm("mps3-an547", "cortex-m55", "-mcpu=cortex-m55+nomve -mfloat-abi=hard", 0x21000000, 0x01000000, 31_250, startup="startup_an547.c"),
    riscv("rv32imac", "-march=rv32imac -mabi=ilp32", ",f=false,d=false", 4),
    riscv("rv32imafc", "-march=rv32imafc -mabi=ilp32f", "", 48),
    Board(
        "virt (aarch64)", "aarch64",
        ["aarch64-linux-gnu-gcc", f"-specs={PICOLIBC_AARCH64}", "--oslib=semihost", "--crt0=hosted", "-fno-pic", "-no-pie", "-static"],
        ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-nic", "none", "-icount", "shift=0", *SEMIHOSTING, "-kernel"],
        0x40000000, 0x40400000, 16_000, "aarch64-linux-gnu-"),
    Board(
        "wasm32", "wasm32",
        ["clang", "--target=wasm32-unknown-none-wasm", "-nostdlib", "-fno-builtin", "-I", str(EXAMPLE / "wasm"), "-Wl,--no-entry",
            "-Wl,-z,stack-size=65536"],
        ["wasmkit", "run"], console="wasi"),
]

HOST = Board("host", "host", ["gcc"], [], console="posix", library="lib/libquell.a")
# Another processor with an operating system, which QEMU emulates by itself.
LINUX = Board(
    "Linux (aarch64)", "aarch64", ["aarch64-linux-gnu-gcc"], ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"], console="posix",
    library="aarch64-linux-gnu/lib/libquell.so")
