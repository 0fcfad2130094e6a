#!/usr/bin/env python3
"""Takes out each check of the code that reads model files and states, one at a time, and sees that a test fails.

All checks are given numbers, and the library is built once with a switch in each: the one whose number is in QUELL_MUTANT lets everything
pass. Then the tests run for each number: the named bad files, and small damage. A check that can go unnoticed is listed.

usage: mutate.py [--random COUNT] [--only NUMBER] [FILE...]
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "mutants"
FILES = [
    "Format/ByteReader.swift", "Format/GGUF.swift", "Format/HashIndex.swift", "Format/ModelFile.swift", "Format/NamedList.swift",
    "Format/StringArray.swift", "Format/Tensor.swift", "Format/WordArray.swift", "Model/ModelStorage.swift", "Program/Arrangement.swift",
    "Program/ChainVerifier.swift", "Program/Verifier.swift", "Session/SavedState.swift", "Text/TokenizerKeys.swift",
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
    pattern = re.compile(r"\bguard\b(?P<guard>[^\"]*?)\belse \{|^ *(?P<call>try (?:self\.)?verify\w*\(.*\))$|\bif (?P<if>[^\"{}\n]*) \{(?= throw|\n +throw)"
                         r"|\bwhere (?P<where>[^\"\n]*?) (?P<brace>\{)\n +throw", re.MULTILINE)
    for match in pattern.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        result.append(source[position:match.start()])
        position = match.end()
        if match["guard"]:
            parts = []
            for clause in clauses(match["guard"]):
                if re.match(r"\s*(let|var|case)\b", clause):
                    parts.append(clause)
                else:
                    parts.append(open_clause(clause, switches.add(path, line, clause), "true"))
            result.append("guard" + ",".join(parts).rstrip() + " else {")
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


def build(files: list[str]) -> Switches:
    """Builds the library with its switches, and the program that damages files."""
    switches = Switches()
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.copytree(ROOT / "Sources" / "Quell", BUILD / "Quell")
    shutil.copytree(ROOT / "Sources" / "CQuell", BUILD / "CQuell")
    for path in files:
        file = BUILD / "Quell" / path
        text = mutated(path, file.read_text(), switches)
        file.write_text(text if "import CQuell\n" in text else f"import CQuell\n{text}")
    with (BUILD / "CQuell/include/platform.h").open("r+") as header:
        text = header.read()
        end = text.rindex("#endif")
        header.seek(0)
        header.write(text[:end] + DECLARATION + text[end:])
    (BUILD / "CQuell/mutant.c").write_text(SWITCH)
    (BUILD / "sources.txt").write_text("\n".join(sorted(str(path) for path in (BUILD / "Quell").rglob("*.swift"))))
    subprocess.run(
        ["swiftc", "-parse-as-library", "-module-name", "Quell", "-package-name", "quell", "-enable-experimental-feature", "Embedded", "-wmo",
         "-Osize", "-Xcc", "-fno-math-errno", "-suppress-warnings", "-I", str(BUILD / "CQuell/include"), "-module-cache-path", str(BUILD / "modules"), "-c", f"@{BUILD / 'sources.txt'}",
         "-o", str(BUILD / "Quell.o")], check=True)
    c_sources = sorted(str(path) for path in (BUILD / "CQuell").glob("*.c"))
    flags = ["-std=gnu11", "-O1", "-fPIC", "-fvisibility=hidden", f"-I{BUILD / 'CQuell/include'}"]
    subprocess.run(
        ["cc", "-w", "-shared", "-Wl,-Bsymbolic", f"-Wl,--version-script={ROOT / 'Scripts/quell.map'}", *flags, *c_sources, str(BUILD / "Quell.o"),
         "-lm", "-o", str(BUILD / "libquell.so")], check=True)
    subprocess.run(
        ["cc", "-w", "-O1", f"-I{ROOT / 'include'}", "-Wl,--wrap=posix_memalign,--wrap=malloc,--wrap=free", *flags, *c_sources,
         str(BUILD / "Quell.o"), *(str(ROOT / "Tests/Damage" / name) for name in ("damage.c", "exercise.c")), "-lpthread", "-lm", "-o",
         str(BUILD / "damage")], check=True)
    return switches


def fails(number: int, command: list[str]) -> bool:
    """Whether a test notices that a check is missing."""
    environment = {**os.environ, "QUELL_MUTANT": str(number)}
    try:
        return subprocess.run(command, env=environment, capture_output=True, timeout=120, cwd=ROOT).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", default="2000", help="random damage for each check that the named files do not need")
    parser.add_argument("--only", type=int, help="one check, by its number")
    parser.add_argument("files", nargs="*", default=FILES, help="sources, below Sources/Quell")
    arguments = parser.parse_args()
    switches = build(arguments.files)
    named = [sys.executable, "Tests/BadFiles/check_library.py", "--library", str(BUILD / "libquell.so")]
    damage = ["Scripts/check-damage", str(BUILD / "damage"), "Tests/Compatibility/1", arguments.random]
    for command in (named, damage):
        if fails(0, command):
            print(f"{command[0]} {command[1]} fails with all checks in place")
            return 2
    killed, missing = 0, []
    for number, (path, line, text) in enumerate(switches.checks, start=1):
        if arguments.only not in (None, number):
            continue
        by = "named files" if fails(number, named) else "damage" if fails(number, damage) else None
        killed += by is not None
        print(f"{number:4} {path}:{line}  {text}  -> {by or 'NOTHING FAILS'}", flush=True)
        if by is None:
            missing.append(number)
    print(f"{len(switches.checks)} checks, {killed} whose loss fails a test, {len(missing)} whose loss goes unnoticed")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
