"""Runs the example and a measuring program on every emulated board, and holds what they compute against the host's: the tokens and
the CRC of all logits must be the same. Then the bars: flash, memory, no heap. Two open files that are made to overflow 32 bits.

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
TABLE = ROOT / "docs/FIRMWARE.md"

MOST_FLASH = {"cortex-m4f": 96_000}  # bytes of the example's image without the model
# A machine of 32 bits of either kind opens files that are made to overflow its sizes.
HOSTILE_CORES = {"cortex-m4f", "rv32imac"}
MOST_SESSION = 64 << 10
# Functions of C libraries that hand out memory: an image that has none of them cannot.
ALLOCATORS = {"malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "_sbrk", "sbrk", "__malloc_sbrk_aligned"}


def make_model(command: str, folder: pathlib.Path) -> pathlib.Path:
    """The micro model with 8-bit weights, thresholds for the sparsity in it."""
    dense, thresholds, sparse = folder / "dense.gguf", folder / "thresholds.json", folder / "model.gguf"
    for arguments in (
        ["import", MODEL, "--weights", "int8", "-o", dense],
        ["calibrate", "-m", dense, "-f", CALIBRATION, "--sparsity", SPARSITY, "-o", thresholds],
        ["convert", "-m", dense, "--thresholds", thresholds, "-o", sparse],
    ):
        subprocess.run([command, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return sparse


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


def check_board(board: Board, model: pathlib.Path, folder: pathlib.Path, reference: dict[str, str], text: str, checks: Checks) -> list[str]:
    example, measure = folder / f"{board.core}-example.elf", folder / f"{board.core}-measure.elf"
    board.build(EXAMPLE / "main.c", model, example)
    checks.expect(board.run(example) == text, f"{board.name}: the example writes another text than on the host")
    board.build(HERE / "measure.c", model, measure)
    values = parse(board.run(measure))
    for name in ("sparse_text", "sparse_crc", "dense_text", "dense_crc"):
        checks.expect(values[name] == reference[name], f"{board.name}: {name} is {values[name]}, on the host {reference[name]}")
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
    dense, sparse = int(values["dense_instructions"]), int(values["sparse_instructions"])
    count = lambda number: f"{number / 1e6:.2f} M" if board.counts_instructions else ""
    stack = f"{max(int(values['stack_open']), int(values['stack_step']))}" if board.counts_instructions else ""
    return [board.core, board.name.split()[0], f"{flash / 1000:.1f} kB", f"{int(values['tables']) / 1000:.1f} kB",
        f"{int(values['session']) / 1000:.1f} kB", stack, count(dense), count(sparse)]


def write_table(rows: list[list[str]]) -> None:
    lines = ["| core | emulated board | flash | tables | session | stack, bytes | instructions, dense | sparse |", "| --- " * 8 + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    text = TABLE.read_text()
    begin, end = "<!-- made by `make firmware-table` -->\n", "<!-- end -->"
    text = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + "\n".join(lines) + "\n" + end, text, flags=re.S)
    TABLE.write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=str(ROOT / "build/bin/quell"))
    parser.add_argument("--only", action="append", help="a core; all where none is named")
    parser.add_argument("--write-table", action="store_true")
    arguments = parser.parse_args()
    checks, rows = Checks(), []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = make_model(arguments.command, folder)
        for program, source in (("example", EXAMPLE / "main.c"), ("measure", HERE / "measure.c")):
            HOST.build(source, model, folder / f"host-{program}")
        text, reference = HOST.run(folder / "host-example"), parse(HOST.run(folder / "host-measure"))
        tiny = folder / "tiny.gguf"
        subprocess.run([sys.executable, str(ROOT / "Bindings/Python/tests/tiny_model.py"), str(tiny)], check=True)
        HOST.build(HERE / "hostile.c", tiny, folder / "host-hostile", hostile_flags(tiny))
        accepted = parse(HOST.run(folder / "host-hostile"))["accepted"]
        checks.expect(reference["sparse_crc"] != reference["dense_crc"], "thresholds change nothing")
        print(text)
        for board in BOARDS:
            if arguments.only and board.core not in arguments.only:
                continue
            row = check_board(board, model, folder, reference, text, checks)
            rows.append(row)
            if board.core in HOSTILE_CORES:
                board.build(HERE / "hostile.c", tiny, folder / f"{board.core}-hostile.elf", hostile_flags(tiny))
                got = parse(board.run(folder / f"{board.core}-hostile.elf"))["accepted"]
                checks.expect(got == accepted, f"{board.name}: runs {got} of the changed files, the host {accepted}")
            print(" | ".join(row), flush=True)
    if arguments.write_table:
        write_table(rows)
    if checks.failures:
        raise SystemExit(f"{len(checks.failures)} checks failed")
    print(f"{len(rows)} boards compute what the host computes, bit for bit")


if __name__ == "__main__":
    main()
