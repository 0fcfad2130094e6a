#!/usr/bin/env python3
"""Reads the files of every version so far: models run, and go on from their saved states, with the logits that the version gave.

usage: check_samples.py [--library build/lib/libquell.so]
"""

import argparse
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "BadFiles"))

from library import OK, Library

# The portable loops give the same bits everywhere, but for what a compiler contracts.
TOLERANCE = 1e-5


def farthest(left: list[float], right: list[float]) -> float:
    """The greatest distance of two lists."""
    return max(abs(one - other) for one, other in zip(left, right, strict=True))


def check_model(library: Library, folder: pathlib.Path, name: str, expected: dict) -> list[str]:
    """What is wrong with a model and its state."""
    status, message, _, model = library.open((folder / f"{name}.gguf").read_bytes())
    if status != OK:
        return [f"{folder.name}/{name}.gguf is refused: {message}"]
    wrong = []
    session, restored = model.session(), model.session()
    for token in expected["tokens"]:
        assert session.step(token) == OK
    if farthest(session.logits(12), expected["logits"]) > TOLERANCE:
        wrong.append(f"{folder.name}/{name}.gguf gives other logits")
    status, message, _ = restored.restore((folder / f"{name}.state").read_bytes())
    if status != OK:
        wrong.append(f"{folder.name}/{name}.state is refused: {message}")
    elif restored.step(expected["tokens"][-1]) != OK or farthest(restored.logits(12), expected["logits"]) > TOLERANCE:
        wrong.append(f"{folder.name}/{name}.state goes on with other logits")
    session.close()
    restored.close()
    model.close()
    return wrong


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=pathlib.Path, default=pathlib.Path("build/lib/libquell.so"))
    library = Library(parser.parse_args().library)
    wrong, count = [], 0
    for folder in sorted(path for path in HERE.iterdir() if path.name.isdigit()):
        for name, expected in json.loads((folder / "expected.json").read_text()).items():
            wrong += check_model(library, folder, name, expected)
            count += 1
    for line in wrong:
        print(line)
    print(f"{count} models of earlier versions, {len(wrong)} surprises")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
