"""Interrupts commands that write files at random moments, and gives them too little room and memory, folders that cannot be written, and
sources that change under them: a file is there whole or not at all, earlier files stay as they were, and what is left behind by a process
that was killed bears no final name and disturbs nobody.

usage: interruptions.py --command build/bin/quell [--rounds 1] [--seed 1]
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXPORT = ROOT / "Examples/Models/rwkv4-tiny/model.onnx"
MICRO = ROOT / "Examples/Models/rwkv4-micro/model.onnx"
TEXT = ROOT / "Examples/Texts/calibration.txt"
EARLIER = b"an earlier file, which is worth more than half of a new one"
TEMPORARY = re.compile(r"\.(tmp|fitting|[0-9]+\.gguf)$")
UNPRIVILEGED = 65534


@dataclasses.dataclass
class Work:
    """A command that writes a file, and what it takes when nothing goes wrong."""

    name: str
    arguments: list[str]
    output: str
    content: bytes = b""
    seconds: float = 0.0
    # A search keeps what it has found beside its output.
    keeps: str | None = None


class Place:
    """A folder in which an earlier file lies where a command is to write."""

    def __init__(self, command: str, folder: pathlib.Path, work: Work) -> None:
        self.work, self.folder, self.output = work, folder, folder / work.output
        self.output.write_bytes(EARLIER)
        self.command = [command, *(argument.replace("OUTPUT", str(self.output)) for argument in work.arguments)]

    def start(self, **options: object) -> subprocess.Popen[str]:
        return subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options)

    def run(self, **options: object) -> tuple[int, str]:
        process = self.start(**options)
        _, errors = process.communicate(timeout=120)
        return process.returncode, errors

    def others(self) -> set[str]:
        """The files beside the output."""
        return {path.name for path in self.folder.iterdir()} - {self.work.output, self.work.keeps}

    def expect(self, condition: bool, what: str) -> None:
        if not condition:
            sys.exit(f"interruptions: {self.work.name}: {what}")

    def expect_refused(self, status: int, errors: str, reason: str) -> None:
        self.expect(status == 1 and reason in errors, f"{reason!r} expected, but status {status} with {errors!r}")
        self.expect(self.output.read_bytes() == EARLIER, f"the earlier file is gone: {reason}")
        self.expect(not self.others(), f"{self.others()} left behind: {reason}")


@contextlib.contextmanager
def place(command: str, work: Work, parent: str | None = None):
    with tempfile.TemporaryDirectory(prefix="quell-interruptions-", dir=parent) as folder:
        yield Place(command, pathlib.Path(folder), work)


# ---- Signals ----


def interrupt(command: str, work: Work, number: signal.Signals, lottery: random.Random) -> str:
    with place(command, work) as here:
        process = here.start()
        time.sleep(lottery.uniform(0, 1.1 * work.seconds))
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
        status, content = process.returncode, here.output.read_bytes()
        # Before the command watches for signals, they end it as they end every process.
        statuses = {0, -number} if number == signal.SIGKILL else {0, 128 + number, -number}
        here.expect(status in statuses, f"status {status} after {number.name}: {errors}")
        here.expect(content in (EARLIER, work.content), f"{number.name} leaves half a file")
        here.expect(status != 0 or content == work.content, "success without a file")
        left = here.others()
        if number == signal.SIGKILL:
            here.expect(all(TEMPORARY.search(name) for name in left), f"{left} look like results")
        else:
            here.expect(not left, f"{number.name} leaves {left} behind")
        # What a killed process left does not stand in the way of the next one; a search begins anew.
        here.expect(here.run() == (0, "") or here.output.read_bytes() == work.content, "the next run fails")
        here.expect(here.output.read_bytes() == work.content and here.others() == left, "the next run differs")
        return "finished" if status == 0 else "ended"


# ---- Too little room ----


def limit_files(size: int):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def fill(command: str, work: Work) -> None:
    for size in (0, 1, 4096, len(work.content) // 2, len(work.content) - 1):
        if size < len(work.content):
            with place(command, work) as here:
                here.expect_refused(*here.run(preexec_fn=limit_files(size)), "File too large")


@contextlib.contextmanager
def small_disk(size: int):
    """A file system of a size, or None where this user may make none."""
    with tempfile.TemporaryDirectory(prefix="quell-interruptions-") as folder:
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, check=False)
        try:
            yield folder if made.returncode == 0 else None
        finally:
            if made.returncode == 0:
                subprocess.run(["umount", folder], check=True)


def fill_disk(command: str, work: Work) -> None:
    # A page for the earlier file, and less than the new one needs.
    with small_disk(4096 + len(work.content) // 8192 * 4096) as disk:
        if disk is None:
            print(f"{work.name}: no disk of its own may be made here")
            return
        with place(command, work, parent=disk) as here:
            here.expect_refused(*here.run(), "No space left on device")


def starve(command: str, work: Work) -> None:
    """Gives the command less and less memory: it may end in any way, but not with half a file."""
    for megabytes in (256, 128, 64):
        with place(command, work) as here:
            limit = megabytes << 20
            process = here.start(
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
                env=os.environ | {"SWIFT_BACKTRACE": "enable=no"},
            )
            # Where no thread can be had, libdispatch waits until one can.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=3 + 3 * work.seconds)
            process.kill()
            process.communicate(timeout=120)
            content = here.output.read_bytes()
            here.expect(content == (EARLIER if process.returncode else work.content), f"half a file, or none, with {megabytes} MB")
            here.expect(all(TEMPORARY.search(name) for name in here.others()), f"{here.others()} look like results")


def protect(command: str, work: Work) -> None:
    with place(command, work) as here:
        here.folder.chmod(0o555)
        try:
            as_user = {"user": UNPRIVILEGED} if os.geteuid() == 0 else {}
            here.expect_refused(*here.run(**as_user), "Permission denied")
        finally:
            here.folder.chmod(0o755)


# ---- Sources that change ----


def change(command: str, work: Work, source: pathlib.Path, lottery: random.Random) -> str:
    """Shortens the source while the command runs; a file that comes of it must be the whole one."""
    with place(command, work) as here, tempfile.NamedTemporaryFile(suffix=source.suffix) as copy:
        shutil.copyfile(source, copy.name)
        here.command = [argument.replace(str(source), copy.name) for argument in here.command]
        process = here.start()
        time.sleep(lottery.uniform(0, work.seconds))
        size = lottery.choice([0, source.stat().st_size // 2, source.stat().st_size - 1])
        os.truncate(copy.name, size)
        _, errors = process.communicate(timeout=120)
        content = here.output.read_bytes()
        here.expect(process.returncode in (0, 1, 3), f"status {process.returncode} as its source gets {size} bytes: {errors}")
        here.expect(process.returncode == 0 or errors.startswith("quell: "), f"no reason is given: {errors}")
        here.expect((process.returncode == 0) == (content != EARLIER), "half a file, or none")
        here.expect(all(TEMPORARY.search(name) for name in here.others()), f"{here.others()} look like results")
        return "finished" if process.returncode == 0 else "refused"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", required=True)
    parser.add_argument("--rounds", type=int, default=1, help="how often each signal is sent to each command")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    command, lottery = str(pathlib.Path(options.command).resolve()), random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="quell-interruptions-") as folder:
        model, micro, thresholds = f"{folder}/model.gguf", f"{folder}/micro.gguf", f"{folder}/thresholds.json"
        calibrate = ["calibrate", "-m", micro, "-f", str(TEXT), "-o", "OUTPUT", "--tokens", "24"]
        works = [
            Work("import", ["import", str(EXPORT), "--no-tokenizer", "-o", "OUTPUT"], "model.gguf"),
            Work("convert", ["convert", "-m", model, "--weights", "int8", "-o", "OUTPUT"], "model.gguf"),
            Work("calibrate", [*calibrate, "--sparsity", "0.5", "--method", "uniform"], "thresholds.json"),
            Work("compensate", [*calibrate, "--sparsity", "0.5", "--method", "compensate"], "model.gguf"),
            Work(
                "search",
                [*calibrate, "--method", "sequential", "--loss-increase", "1.01", "--max-evaluations", "12"],
                "thresholds.json",
                keeps="thresholds.json.checkpoint",
            ),
            Work("export", ["export", str(EXPORT), "-m", model, "--thresholds", thresholds, "-o", "OUTPUT"], "sparse.onnx"),
        ]
        subprocess.run([command, "import", EXPORT, "-o", model], check=True, capture_output=True)
        subprocess.run([command, "import", MICRO, "-o", micro], check=True, capture_output=True)
        uniform = [command, "calibrate", "-m", model, "-f", TEXT, "--method", "uniform", "--sparsity", "0.5", "--tokens", "64"]
        subprocess.run([*uniform, "-o", thresholds], check=True, capture_output=True)
        sources = {"import": EXPORT, "convert": pathlib.Path(model)}
        for work in works:
            with place(command, work) as here:
                start = time.monotonic()
                status, errors = here.run()
                work.seconds, work.content = time.monotonic() - start, here.output.read_bytes()
                here.expect(status == 0 and work.content != EARLIER and not here.others(), f"status {status}: {errors}")
            ends = [
                interrupt(command, work, number, lottery)
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
                for _ in range(options.rounds)
            ]
            fill(command, work)
            fill_disk(command, work)
            protect(command, work)
            starve(command, work)
            changes = [change(command, work, sources[work.name], lottery) for _ in range(options.rounds) if work.name in sources]
            said = f"{ends.count('ended')} of {len(ends)} runs ended early"
            if changes:
                said += f", {changes.count('refused')} of {len(changes)} refused a source that changed"
            print(f"{work.name}: {work.seconds:.2f} s; {said}")


main()
