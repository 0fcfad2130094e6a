#!/usr/bin/env python3
"""Takes out each check of the code that reads model files and states, one at a time, and sees that a test fails.

All checks are given numbers, and the library is built once with a switch in each: the one whose number is in QUELL_MUTANT lets everything
pass. Then the tests run for each number: the named bad files and the memory that they take, the system that refuses everything, wrong
calls, and small damage. A check whose loss goes unnoticed must stand in explained.py with the reason; one that stands there must go
unnoticed.
"""

import argparse
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import typing

from explained import EXPLAINED

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "mutants"
# A test that takes longer has noticed: nothing is to go on for ever.
SECONDS = 300
FILES = [
    "Format/ByteReader.swift", "Format/GGUF.swift", "Format/HashIndex.swift", "Format/ModelFile.swift", "Format/NamedList.swift",
    "Format/StringArray.swift", "Format/Tensor.swift", "Format/WordArray.swift", "Model/Arena.swift", "Model/ModelOpening.swift",
    "Model/ModelStorage.swift", "Program/Arrangement.swift", "Program/ChainVerifier.swift", "Program/Verifier.swift",
    "Session/SavedState.swift", "Session/SessionOpening.swift", "Text/AddedTokens.swift", "Text/ByteAlphabet.swift",
    "Text/MergeTable.swift", "Text/Tokenizer.swift", "Text/TokenizerKeys.swift", "Text/Vocabulary.swift",
]

SWITCH = """
#include <stdlib.h>
int quell_mutant;
__attribute__((constructor)) static void choose(void) {
  const char *number = getenv("QUELL_MUTANT");
  quell_mutant = number ? atoi(number) : 0;
}
"""
DECLARATION = "\n#include <stdbool.h>\nextern int quell_mutant;\nstatic inline bool quell_is_mutant(int number) { return quell_mutant == number; }\n"

class Switches:
    """The checks found so far."""

    def __init__(self) -> None:
        self.checks: list[tuple[str, int, str]] = []

    def add(self, path: str, line: int, text: str) -> int:
        """A check; its number."""
        self.checks.append((path, line, " ".join(text.split())))
        return len(self.checks)


def clauses(text: str) -> list[str]:
    """The parts of a condition, which commas separate."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def open_clause(clause: str, number: int, harmless: str) -> str:
    """A clause with a switch that makes it what does no harm."""
    text = clause.strip()
    lead = "try " if text.startswith("try ") else ""
    return f" {lead}(quell_is_mutant({number}) ? {harmless} : ({text.removeprefix('try ')}))"


def mutated(path: str, source: str, switches: Switches) -> str:
    """A source with a switch in each check."""
    result, position = [], 0
    pattern = re.compile(
        r"\bguard\b(?P<guard>[^\"]*?)\belse \{(?P<end>[^{}]*?(?:throw|return (?:nil|false|fail\(\))))?"
        r"|(?:^ *|(?<=\{ ))(?P<call>try [\w.]*(?:\(\w+\)\.)?(?:verify|check)\w*\([^{}\n]*\))(?=$| \})"
        r"|\bif (?P<if>[^\"{}\n]*) \{(?= throw|\n +throw)|\bwhere (?P<where>[^\"\n]*?) (?P<brace>\{)\n +throw", re.MULTILINE)
    for match in pattern.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        result.append(source[position:match.start()])
        position = match.end()
        if match["guard"] and match["end"] is None:
            # It ends a search, or what there is nothing to do for; it keeps nothing out.
            result.append(match[0])
        elif match["guard"]:
            parts = []
            for clause in clauses(match["guard"]):
                if re.match(r"\s*(let|var|case)\b", clause):
                    parts.append(clause)
                else:
                    parts.append(open_clause(clause, switches.add(path, line, clause), "true"))
            result.append("guard" + ",".join(parts).rstrip() + " else {" + match["end"])
        elif match["call"]:
            number = switches.add(path, line, match["call"])
            result.append(match[0].replace(match["call"], f"if !quell_is_mutant({number}) {{ {match['call']} }}"))
        elif match["if"]:
            number = switches.add(path, line, match["if"])
            result.append(f"if !quell_is_mutant({number}), {match['if']} {{" if "let " in match["if"] or "," in match["if"]
                          else f"if{open_clause(match['if'], number, 'false')} {{")
        else:
            number = switches.add(path, line, match["where"])
            result.append(match[0].replace(f"where {match['where']}", f"where{open_clause(match['where'], number, 'false')}"))
    return "".join([*result, source[position:]])


def build(files: list[str], only_sources: bool) -> Switches:
    """Builds the library with its switches, and the programs that try it; or puts the switches into the sources alone."""
    switches = Switches()
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.copytree(ROOT / "Sources" / "Quell", BUILD / "Quell")
    shutil.copytree(ROOT / "Sources" / "CQuell", BUILD / "CQuell")
    for path in files:
        file = BUILD / "Quell" / path
        text = mutated(path, file.read_text(), switches)
        file.write_text(text if "import CQuell\n" in text else f"import CQuell\n{text}")
    if only_sources:
        return switches
    with (BUILD / "CQuell/include/platform.h").open("r+") as header:
        text = header.read()
        end = text.rindex("#endif")
        header.seek(0)
        header.write(text[:end] + DECLARATION + text[end:])
    (BUILD / "mutant.c").write_text(SWITCH)
    (BUILD / "sources.txt").write_text("\n".join(sorted(str(path) for path in (BUILD / "Quell").rglob("*.swift"))))
    subprocess.run(
        ["swiftc", "-parse-as-library", "-module-name", "Quell", "-package-name", "quell", "-enable-experimental-feature", "Embedded", "-wmo",
         "-Osize", "-Xcc", "-fno-math-errno", "-suppress-warnings", "-I", str(BUILD / "CQuell/include"), "-module-cache-path",
         str(BUILD / "modules"), "-c", f"@{BUILD / 'sources.txt'}", "-o", str(BUILD / "Quell.o")], check=True)
    compiler = ["cc", "-w", "-O1", f"-I{ROOT / 'include'}"]
    subprocess.run([*compiler, "-fPIC", "-c", str(BUILD / "mutant.c"), "-o", str(BUILD / "mutant.o")], check=True)
    # What is in C is as `make library` has built it.
    objects = [str(path) for path in sorted((ROOT / "build/obj").glob("*.o")) if path.name not in ("Quell.o", "joined.o")]
    objects += [str(BUILD / "Quell.o"), str(BUILD / "mutant.o"), "-lpthread"]
    subprocess.run(
        [*compiler, "-shared", "-Wl,-Bsymbolic", f"-Wl,--version-script={ROOT / 'Scripts/quell.map'}", *objects, "-o",
         str(BUILD / "libquell.so")], check=True)
    programs = {
        "damage": (["Tests/Damage/damage.c", "Tests/Damage/exercise.c"], "posix_memalign malloc free"),
        "faults": (["Tests/Faults/faults.c"], "posix_memalign free open close fstat mmap munmap pthread_create pthread_join"),
    }
    for name, (sources, wrapped) in programs.items():
        subprocess.run(
            [*compiler, *(f"-Wl,--wrap={call}" for call in wrapped.split()), *(str(ROOT / source) for source in sources), *objects, "-o",
             str(BUILD / name)], check=True)
    subprocess.run([sys.executable, str(ROOT / "Bindings/Python/tests/tiny_model.py"), str(BUILD / "tiny.gguf")], check=True)
    subprocess.run([sys.executable, str(ROOT / "Tests/BadFiles/check_library.py"), "--write", str(BUILD / "named")], check=True)
    return switches


# ---- Tests ----


class Tests:
    """What is run for each check: in a process of its own, which may end by a signal or not at all."""

    def __init__(self, randoms: str):
        # What they need is loaded once, by the process from which theirs are forked.
        os.environ["QUELL_LIBRARY"] = str(BUILD / "libquell.so")
        sys.path[:0] = [str(ROOT / "Tests/BadFiles"), str(ROOT / "Bindings/Python"), str(ROOT / "Bindings/Python/tests")]
        import check_library
        import library
        import pytest
        import state_cases
        import test_c_interface  # noqa: F401

        loaded = library.Library(BUILD / "libquell.so")
        self.mutant = ctypes.c_int.in_dll(loaded.c, "quell_mutant")
        calls = ["-q", "-x", "-p", "no:cacheprovider", str(ROOT / "Bindings/Python/tests/test_c_interface.py")]
        named = [str(BUILD / "damage"), "--as-is", *(str(path) for path in sorted((BUILD / "named").iterdir()))]
        damage = [str(ROOT / "Scripts/check-damage"), str(BUILD / "damage"), str(ROOT / "Tests/Compatibility/1"), randoms]
        self.tests: dict[str, typing.Callable[[], typing.Any]] = {
            "named files": lambda: any(check_library.check_models(loaded)),
            "named states": lambda: state_cases.check(loaded)[1],
            "memory": lambda: os.execv(named[0], named),
            "calls": lambda: pytest.main(calls),
            "faults": lambda: os.execv(BUILD / "faults", ["faults", str(BUILD / "tiny.gguf")]),
            "damage": lambda: os.execv(damage[0], damage),
        }

    def notices(self, name: str, number: int) -> bool:
        """Whether a test fails when a check is missing. Number 0 is no check."""
        child = os.fork()
        if child == 0:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            self.mutant.value = number
            os.environ["QUELL_MUTANT"] = str(number)
            status = 1
            try:
                signal.alarm(SECONDS)
                status = 1 if self.tests[name]() else 0
            finally:
                os._exit(status)
        return os.waitpid(child, 0)[1] != 0

    def first_to_notice(self, number: int) -> str | None:
        """The first test that fails when a check is missing."""
        return next((name for name in self.tests if self.notices(name, number)), None)


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", default="2000", help="random damage for each check that the named files do not need")
    parser.add_argument("--only", type=int, nargs="+", help="some checks, by their numbers")
    parser.add_argument("--list", action="store_true", help="only list the checks")
    parser.add_argument("files", nargs="*", default=FILES, help="sources, below Sources/Quell")
    arguments = parser.parse_args()
    switches = build(arguments.files, arguments.list)
    if arguments.list:
        for number, (path, line, text) in enumerate(switches.checks, start=1):
            print(f"{number:4} {path}:{line}  {text}")
        return 0
    tests = Tests(arguments.random)
    if (broken := tests.first_to_notice(0)) is not None:
        print(f"{broken}: fails with all checks in place")
        return 2
    noticed, explained, missing = 0, set(), []
    for number, (path, line, text) in enumerate(switches.checks, start=1):
        if arguments.only and number not in arguments.only:
            continue
        by = tests.first_to_notice(number)
        noticed += by is not None
        if by is None and (path, text) in EXPLAINED:
            explained.add((path, text))
            by = f"nothing: {EXPLAINED[path, text]}"
        elif by is None:
            missing.append(number)
        print(f"{number:4} {path}:{line}  {text}  -> {by or 'NOTHING FAILS'}", flush=True)
    outdated = [] if arguments.only else [each for each in EXPLAINED if each[0] in arguments.files and each not in explained]
    for path, text in outdated:
        print(f"explained.py has {path}  {text}, which is no check any more, or one whose loss is noticed")
    count = len(arguments.only or switches.checks)
    print(f"{count} checks, {noticed} whose loss fails a test, {count - noticed - len(missing)} explained, "
          f"{len(missing)} whose loss goes unnoticed")
    return 1 if missing or outdated else 0


if __name__ == "__main__":
    sys.exit(main())
