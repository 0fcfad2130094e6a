#!/usr/bin/env python3
"""Hands files that are wrong to the command, each in turn: it must end by itself, say why in one line that names the file, with the right
exit status, leave nothing behind, and have taken little more memory than for a file that is right.

Needs the command (`make command`) and Debian's gcc.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import json_cases
import onnx_cases

HERE = pathlib.Path(__file__).resolve().parent
SAMPLES = HERE.parent / "Compatibility" / "1"
SECONDS = 20
# What threads and buffers of a fixed size may add.
SLACK = 4 << 20
# How many times its size a file may take: the decoder of JSON makes an object of each value; the parts of a graph are at most 2^19.
JSON_FACTOR = 32
ONNX_FACTOR = 24


class Command:
    """The command, and what of its memory is watched."""

    def __init__(self, path: pathlib.Path, folder: pathlib.Path):
        self.path, self.folder = path, folder
        self.watch = folder / "watch.so"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", self.watch, HERE / "watch.c"], check=True)

    def run(self, arguments: list[str | bytes], limit_memory: bool = True) -> tuple[int, str, int]:
        """The exit status, what it says, and the most memory that it had."""
        report = self.folder / "memory"
        report.unlink(missing_ok=True)
        environment = {**os.environ, "LD_PRELOAD": str(self.watch), "WATCH": str(report), "SWIFT_BACKTRACE": "enable=no"}
        result = subprocess.run([str(self.path), *arguments], env=environment, capture_output=True, timeout=SECONDS, cwd=self.folder)
        memory = int(report.read_text()) if report.exists() else 0
        return result.returncode, result.stderr.decode(errors="surrogateescape"), memory


class Checks:
    """What was found."""

    def __init__(self, command: Command):
        self.command = command
        self.count = 0
        self.wrong: list[str] = []

    def expect(self, name: str, arguments: list, file: str, size: int, status: int, says: list[str], most: int) -> None:
        """Runs the command once; `most` is the memory that it may take."""
        self.count += 1
        before = {path.name for path in self.command.folder.iterdir()}
        try:
            got, text, memory = self.command.run(arguments)
        except subprocess.TimeoutExpired:
            self.wrong.append(f"{name}: still at work after {SECONDS} seconds")
            return
        lines = text.splitlines()
        problems = []
        if got != status:
            problems.append(f"exit status {got}, expected {status}")
        if len(lines) != 1 or not text.startswith("quell: ") or file not in text:
            problems.append("not one line that names the file")
        problems += [f"nothing of '{words}'" for words in says if words not in text]
        if memory > most:
            problems.append(f"{memory} bytes of memory for a file of {size}, at most {most} are right")
        left = {path.name for path in self.command.folder.iterdir()} - before - {"memory"}
        if left:
            problems.append(f"left behind: {sorted(left)}")
        if problems:
            self.wrong.append(f"{name}: {'; '.join(problems)}: {text[:400]!r}")

    def usual(self, name: str, arguments: list) -> int:
        """The memory that a file takes which is right."""
        status, text, memory = self.command.run(arguments)
        (self.command.folder / "model.gguf").unlink(missing_ok=True)
        if status != 0 or memory == 0:
            self.wrong.append(f"{name} that is right: exit status {status}: {text}")
        return memory


def check_json(checks: Checks) -> None:
    """Threshold files, profiles and tokenizers."""
    folder = checks.command.folder
    document = json.loads((SAMPLES / "small.thresholds.json").read_text())
    profile = json.loads((SAMPLES / "device.json").read_text())
    (folder / "good.onnx").write_bytes(onnx_cases.good(vocabulary=5))
    kinds = {
        "thresholds": (json_cases.thresholds(document), document,
                       ["run", "-m", str(SAMPLES / "small.gguf"), "-p", "the", "-n", "1", "--thresholds", "file.json"]),
        "device": (json_cases.devices(profile), profile, ["cost", "--device", "file.json", "--prices"]),
        "tokenizer": (json_cases.tokenizers(), json_cases.TOKENIZER,
                      ["import", "good.onnx", "--tokenizer", "file.json", "-o", "model.gguf"]),
    }
    for kind, (cases, right, arguments) in kinds.items():
        file = folder / "file.json"
        file.write_text(json.dumps(right))
        usual = checks.usual(kind, arguments)
        for case in cases:
            file.write_bytes(case.data)
            checks.expect(f"{kind} '{case.name}'", arguments, "file.json", len(case.data), case.status, case.says,
                          usual + SLACK + JSON_FACTOR * len(case.data))
        file.unlink()
    (folder / "good.onnx").unlink()


def check_onnx(checks: Checks) -> None:
    """ONNX files, with weights inside and beside."""
    folder = checks.command.folder
    arguments = ["import", "file.onnx", "--no-tokenizer", "-o", "model.gguf"]
    file = folder / "file.onnx"
    file.write_bytes(onnx_cases.good())
    usual = checks.usual("onnx", arguments)
    for case in onnx_cases.cases():
        file.write_bytes(case.data)
        case.prepare(folder)
        checks.expect(f"onnx '{case.name}'", arguments, "file.onnx", len(case.data), case.status,
                      case.says, usual + SLACK + ONNX_FACTOR * len(case.data))
        case.clear(folder)
    file.unlink()


def check_paths(checks: Checks) -> None:
    """What is no file, and names that are none."""
    folder = checks.command.folder
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "folder").mkdir()
    places = [("/dev/zero", "not a regular file"), ("pipe", "not a regular file"), ("folder", "not a regular file"), ("loop", "loop"),
              ("n" * 5000, ""), ("a/../b", "No such file")]
    for place, says in places:
        checks.expect(f"model at '{place[:20]}'", ["inspect", "-m", place], place, 0, 1, [says], SLACK)
        checks.expect(f"onnx at '{place[:20]}'", ["import", place, "--no-tokenizer", "-o", "model.gguf"], place, 0, 1, [], SLACK)
    (folder / "loop").unlink()
    (folder / "pipe").unlink()
    (folder / "folder").rmdir()


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", type=pathlib.Path, default=pathlib.Path("build/bin/quell"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(Command(arguments.command.resolve(), pathlib.Path(folder)))
        check_json(checks)
        check_onnx(checks)
        check_paths(checks)
    for line in checks.wrong:
        print(line)
    print(f"{checks.count} files handed to the command, {len(checks.wrong)} surprises")
    return 1 if checks.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
