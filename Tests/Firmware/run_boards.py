"""Runs the example and a measuring program on every emulated board, and holds what they compute against the host's: the tokens and
the CRC of all logits must be the same; so for models whose matrices meet whole numbers. Then the bars: flash, memory, no heap. Two open
files that are made to overflow 32 bits.

usage: run_boards.py --command QUELL [--only NAME]... [--write-table]

--write-table puts what was measured into docs/FIRMWARE.md.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

from boards import BOARDS, EXAMPLE, HERE, HOST, ROOT, Board

MODEL = ROOT / "Examples/Models/rwkv4-micro/model.onnx"
CALIBRATION = ROOT / "Examples/Texts/calibration.txt"
SPARSITY = "0.5"
TERNARY = ROOT / "Examples/Models/matmulfree-tiny/sparse.gguf"
TERNARY_TOKENS = 4
TABLE = ROOT / "docs/FIRMWARE.md"

MOST_FLASH = {"cortex-m4f": 96_000}  # bytes of the example's image without the model
# For a dense token of the micro model: counted, not timed, so always the same.
MOST_INSTRUCTIONS = {"cortex-m4f": 5_000_000, "aarch64": 2_000_000}
# The same where activations are whole numbers of 8 bits, too.
MOST_WHOLE = {"cortex-m4f": 3_500_000}
# A machine of 32 bits of either kind opens files that are made to overflow its sizes.
HOSTILE_CORES = {"cortex-m4f", "rv32imac"}
MOST_SESSION = 64 << 10
# Functions of C libraries that hand out memory: an image that has none of them cannot.
ALLOCATORS = {"malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "_sbrk", "sbrk", "__malloc_sbrk_aligned"}


# What must be the same on every machine.
RESULTS = ("sparse_text", "sparse_crc", "dense_text", "dense_crc")


class Models:
    """The micro model in any format of weights, thresholds for the sparsity in it."""

    def __init__(self, command: str, folder: pathlib.Path):
        self.command, self.folder = command, folder
        self.imported, self.thresholds = folder / "imported.gguf", folder / "thresholds.json"
        self.run("import", MODEL, "-o", self.imported)
        self.run("calibrate", "-m", self.imported, "-f", CALIBRATION, "--method", "uniform", "--sparsity", SPARSITY, "-o", self.thresholds)

    def run(self, *arguments) -> None:
        subprocess.run([self.command, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def of(self, weights: str) -> pathlib.Path:
        model = self.folder / f"{weights}.gguf"
        if not model.exists():
            self.run("convert", "-m", self.imported, "--weights", weights, "--thresholds", self.thresholds, "-o", model)
        return model

    def rounded(self) -> pathlib.Path:
        """The model in 8-bit integers, activations too, with thresholds that were found for it."""
        rounded, thresholds, model = (self.folder / name for name in ("rounded.gguf", "rounded.json", "int8-int8.gguf"))
        self.run("convert", "-m", self.imported, "--weights", "int8", "--activations", "int8", "-o", rounded)
        self.run("calibrate", "-m", rounded, "-f", CALIBRATION, "--method", "uniform", "--sparsity", SPARSITY, "-o", thresholds)
        self.run("convert", "-m", rounded, "--thresholds", thresholds, "-o", model)
        return model


def parse(report: str) -> dict[str, str]:
    values = dict(line.split(" ", 1) for line in report.splitlines() if " " in line)
    if "failure" in values:
        raise SystemExit(f"the library says: {values['failure']}")
    return values


def symbols(board: Board, program: pathlib.Path) -> set[str]:
    lines = subprocess.run([f"{board.tools}nm", str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[-1] for line in lines}


def flash_bytes(board: Board, program: pathlib.Path) -> int:
    """Code, constants and the first values of variables."""
    out = subprocess.run([f"{board.tools}size", str(program)], check=True, capture_output=True, text=True).stdout
    text, data, *_ = out.splitlines()[1].split()
    return int(text) + int(data)


def hostile_flags(tiny: pathlib.Path) -> str:
    """What hostile.c is to change: the keys of the program, and the list of tensors."""
    data = tiny.read_bytes()
    keys, tensors = data.index(b"tokenizer.ggml.model"), data.index(b"embedding") & ~3
    return f"-DHOSTILE_RANGES={{0, {keys}}}, {{{tensors}, {tensors + 600}}}"


class Checks:
    def __init__(self):
        self.failures = []

    def expect(self, is_so: bool, what: str) -> None:
        if not is_so:
            self.failures.append(what)
            print(f"FAILED: {what}", file=sys.stderr)

    def end(self) -> None:
        if self.failures:
            raise SystemExit(f"{len(self.failures)} checks failed")


def compare(board: Board, values: dict[str, str], reference: dict[str, str], checks: Checks, model: str = "int8") -> None:
    for name in RESULTS:
        checks.expect(
            values[name] == reference[name], f"{board.name}, {model}: {name} is {values[name]}, on the host {reference[name]}")


def references(model: pathlib.Path, folder: pathlib.Path, tokens: str) -> dict[str, str]:
    """What the host computes."""
    HOST.build(HERE / "measure.c", model, folder / "host-measure", tokens)
    values = parse(HOST.run(folder / "host-measure"))
    if values["sparse_crc"] == values["dense_crc"]:
        raise SystemExit("thresholds change nothing")
    return values


def measure(board: Board, model: pathlib.Path, folder: pathlib.Path, tokens: int, checks: Checks) -> dict[str, str]:
    """What a board computes of a model, and what that takes."""
    program, flag = folder / f"{board.core}-measure.elf", f"-DTOKENS={tokens}"
    board.build(HERE / "measure.c", model, program, flag)
    values = parse(board.run(program))
    compare(board, values, references(model, folder, flag), checks, model.stem)
    return values


def counts(board: Board, values: dict[str, str]) -> list[str]:
    """Instructions for a token, dense and sparse, where they are counted."""
    return [f"{int(values[kind + '_instructions']) / 1e6:.2f} M" if board.counts_instructions else "" for kind in ("dense", "sparse")]


def check_board(board: Board, model: pathlib.Path, folder: pathlib.Path, text: str, checks: Checks) -> list[str]:
    example = folder / f"{board.core}-example.elf"
    board.build(EXAMPLE / "main.c", model, example)
    checks.expect(board.run(example) == text, f"{board.name}: the example writes another text than on the host")
    values = measure(board, model, folder, board.tokens, checks)
    memory = int(values["tables"]) + int(values["session"])
    checks.expect(memory <= MOST_SESSION, f"{board.name}: model tables and session take {memory} bytes")
    flash = example.stat().st_size if not board.tools else flash_bytes(board, example)
    flash -= model.stat().st_size
    checks.expect(flash <= MOST_FLASH.get(board.core, flash), f"{board.name}: the image without the model takes {flash} bytes")
    if board.tools:
        found = symbols(board, example) & ALLOCATORS
        checks.expect(not found, f"{board.name}: the image can allocate: {', '.join(sorted(found))}")
    if board.counts_instructions:
        # 100,000 turns of a loop of two instructions, and few around it.
        counted = int(values["calibration"])
        checks.expect(abs(counted - 200_000) < 2_000, f"{board.name}: the counter says {counted} for 200,000 instructions")
    dense = int(values["dense_instructions"])
    checks.expect(dense <= MOST_INSTRUCTIONS.get(board.core, dense), f"{board.name}: a token takes {dense} instructions")
    stack = f"{max(int(values['stack_open']), int(values['stack_step']))}" if board.counts_instructions else ""
    return [board.core, board.name.split()[0], f"{flash / 1000:.1f} kB", f"{int(values['tables']) / 1000:.1f} kB",
        f"{int(values['session']) / 1000:.1f} kB", stack, *counts(board, values)]


def check_whole(board: Board, rounded: pathlib.Path, folder: pathlib.Path, checks: Checks) -> list[str]:
    """Matrices that meet whole numbers: of 8-bit integers, and ternary ones."""
    integers = measure(board, rounded, folder, board.tokens, checks)
    dense = int(integers["dense_instructions"])
    checks.expect(dense <= MOST_WHOLE.get(board.core, dense), f"{board.name}: a token of whole numbers takes {dense} instructions")
    return [board.core, *counts(board, integers), *counts(board, measure(board, TERNARY, folder, TERNARY_TOKENS, checks))]


def write_table(name: str, head: str, rows: list[list[str]]) -> None:
    lines = [head, "| --- " * len(rows[0]) + "|", *("| " + " | ".join(row) + " |" for row in rows)]
    text = TABLE.read_text()
    begin, end = f"<!-- made by `make firmware-table`: {name} -->\n", "<!-- end -->"
    text = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + "\n".join(lines) + "\n" + end, text, flags=re.S)
    TABLE.write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=str(ROOT / "build/bin/quell"))
    parser.add_argument("--only", action="append", help="a core; all where none is named")
    parser.add_argument("--write-table", action="store_true")
    arguments = parser.parse_args()
    checks, rows, whole = Checks(), [], []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        models = Models(arguments.command, folder)
        model, rounded = models.of("int8"), models.rounded()
        HOST.build(EXAMPLE / "main.c", model, folder / "host-example")
        text = HOST.run(folder / "host-example")
        tiny = folder / "tiny.gguf"
        subprocess.run([sys.executable, str(ROOT / "Bindings/Python/tests/tiny_model.py"), str(tiny)], check=True)
        HOST.build(HERE / "hostile.c", tiny, folder / "host-hostile", hostile_flags(tiny))
        accepted = parse(HOST.run(folder / "host-hostile"))["accepted"]
        print(text)
        for board in BOARDS:
            if arguments.only and board.core not in arguments.only:
                continue
            row = check_board(board, model, folder, text, checks)
            rows.append(row)
            whole.append(check_whole(board, rounded, folder, checks))
            if board.core in HOSTILE_CORES:
                board.build(HERE / "hostile.c", tiny, folder / f"{board.core}-hostile.elf", hostile_flags(tiny))
                got = parse(board.run(folder / f"{board.core}-hostile.elf"))["accepted"]
                checks.expect(got == accepted, f"{board.name}: runs {got} of the changed files, the host {accepted}")
            print(" | ".join(row + whole[-1][1:]), flush=True)
        if not arguments.only or "cortex-m33" in arguments.only:
            subprocess.run([str(HERE / "check-projects"), str(model)], check=True)
    if arguments.write_table:
        write_table("boards", "| core | emulated board | flash | tables | session | stack, bytes | instructions, dense | sparse |", rows)
        write_table("whole numbers", "| core | 8-bit weights, dense | sparse | ternary weights, dense | sparse |", [row for row in whole if any(row[1:])])
    checks.end()
    print(f"{len(rows)} boards compute what the host computes, bit for bit")


if __name__ == "__main__":
    main()
