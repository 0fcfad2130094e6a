#!/usr/bin/env python3
"""Opens every file of gguf_cases.py and collision_cases.py with the library, and restores every state of state_cases.py: each must be
refused with its own status, words and byte.

With --write the files go to a folder, for other programs to read.
"""

import argparse
import pathlib
import sys
import typing

import collision_cases  # noqa: F401: adds its files to the others
import gguf_cases
import state_cases
from library import OK, Library
from model_changes import CASES


def check_models(library: Library) -> typing.Iterator[str]:
    """What is wrong with how models are opened, as it is found."""
    for case in CASES:
        status, message, offset, model = library.open(case.data)
        if model is not None:
            model.close()
        told = f"status {status}, byte {offset}: {message}"
        if status != case.status or case.says not in message:
            yield f"model '{case.name}': {told} (expected {case.status}, '{case.says}')"
        elif case.offset is not None and offset != case.offset:
            yield f"model '{case.name}': {told} (expected byte {case.offset})"
    for name, data in gguf_cases.RIGHT.items():
        status, message, _, model = library.open(data)
        if status != OK:
            yield f"model '{name}' was refused: {message}"
            continue
        session = model.session()
        if session.step(0) != OK or session.step(1) != OK:
            yield f"model '{name}' does not run"
        session.close()
        model.close()


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", type=pathlib.Path, default=pathlib.Path("build/lib/libquell.so"))
    parser.add_argument("--write", type=pathlib.Path, help="a folder for the model files")
    arguments = parser.parse_args()
    if arguments.write:
        arguments.write.mkdir(parents=True, exist_ok=True)
        for index, case in enumerate(CASES):
            (arguments.write / f"{index:03} {case.name.replace('/', '_')}.gguf").write_bytes(case.data)
        return 0
    library = Library(arguments.library)
    states, wrong = state_cases.check(library)
    wrong += check_models(library)
    for line in wrong:
        print(line)
    print(f"{len(CASES)} model files and {states} states that are wrong, {len(wrong)} surprises")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
