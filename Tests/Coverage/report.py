#!/usr/bin/env python3
"""Tells which parts of the runtime's sources the tests have run: a table by file and folder, and what has never run.

The compiler counts regions: stretches of a source that are run together, such as a body of a branch or one side of a `??`. A region of
a generic function, or of one that is compiled several times, has run where any of them has.

usage: report.py EXPORTED [--least PERCENT] [FOLDER...]     EXPORTED is what `llvm-cov export` has written.
"""

import argparse
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "Sources" / "Quell"
FOLDERS = ["Format", "Program", "Thresholds", "ABI", "Model"]
# Of llvm's kinds of regions: code. The others are gaps between statements and what the preprocessor leaves out.
CODE = 0

Region = tuple[int, int, int, int]


def regions(exported: dict) -> dict[str, dict[Region, int]]:
    """How often each region has run, by the source's path below Sources/Quell."""
    found: dict[str, dict[Region, int]] = {}
    for function in exported["data"][0]["functions"]:
        for line, column, last_line, last_column, count, file, _, kind in function["regions"]:
            path = pathlib.Path(ROOT, function["filenames"][file])
            if kind != CODE or not path.is_relative_to(SOURCES):
                continue
            of_file = found.setdefault(str(path.relative_to(SOURCES)), {})
            place = line, column, last_line, last_column
            of_file[place] = max(of_file.get(place, 0), count)
    return found


def lines(counts: dict[Region, int]) -> tuple[int, int]:
    """How many lines have code, and how many have run: a line counts as the innermost of the regions that it lies in."""
    innermost: dict[int, tuple[int, int]] = {}
    for (first, _, last, _), count in counts.items():
        for line in range(first, last + 1):
            size, known = innermost.get(line, (sys.maxsize, 0))
            # Of regions on one line, the line has run where any has.
            if last - first < size:
                innermost[line] = last - first, count
            elif last - first == size:
                innermost[line] = size, max(known, count)
    return len(innermost), sum(count > 0 for _, count in innermost.values())


def share(ran: int, all_of_them: int) -> str:
    """A share in percent."""
    return f"{ran:5} of {all_of_them:5} {100 * ran / all_of_them if all_of_them else 100:6.2f} %"


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("exported", type=pathlib.Path)
    parser.add_argument("--least", type=float, default=0, help="the share of regions that each folder must have run, in percent")
    parser.add_argument("folders", nargs="*", default=FOLDERS, help="below Sources/Quell")
    arguments = parser.parse_args()
    found = regions(json.loads(arguments.exported.read_text()))
    short = []
    print(f"{'':36}{'regions that ran':>24}{'lines that ran':>26}")
    for folder in arguments.folders:
        sums = [0, 0, 0, 0]
        for path in sorted(path for path in found if path.startswith(f"{folder}/")):
            counts = found[path]
            all_lines, ran_lines = lines(counts)
            numbers = [sum(count > 0 for count in counts.values()), len(counts), ran_lines, all_lines]
            sums = [total + number for total, number in zip(sums, numbers, strict=True)]
            print(f"  {path:34}{share(*numbers[:2])}  {share(*numbers[2:])}")
        print(f"{folder:36}{share(*sums[:2])}  {share(*sums[2:])}\n")
        if sums[1] == 0 or 100 * sums[0] < arguments.least * sums[1]:
            short.append(folder)
    print("What has not run:")
    for path in sorted(path for path in found if path.split("/")[0] in arguments.folders):
        source = (SOURCES / path).read_text().splitlines()
        for line, column, last, last_column in sorted(place for place, count in found[path].items() if count == 0):
            text = source[line - 1][column - 1:last_column - 1 if last == line else None].strip()
            following = next((each.strip() for each in source[line:last] if each.strip()), "") if last > line else ""
            print(f"  {path}:{line}:{column}  {text} {following}".rstrip())
    if short:
        print(f"less than {arguments.least} % of the regions have run in: {', '.join(short)}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
