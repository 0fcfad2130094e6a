#!/usr/bin/env python3
"""Makes the small files of a version, which every later version must read: once, when the version is made. They are never made anew.

usage: make_samples.py --library build/lib/libquell.so FOLDER
"""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "BadFiles"))

import gguf
import small_model
from library import Library

TOKENS = [3, 1, 4, 0]


def all_bytes() -> gguf.File:
    """The model with a token for every byte, and some that merges make."""
    merged = ["th", "the", "\u0120the", "er", "in"]
    tokens = [small_model.printable(byte) for byte in range(256)] + merged + ["<end>"]
    keys = {
        "tokenizer.ggml.model": gguf.text("gpt2"),
        "tokenizer.ggml.pre": gguf.text("gpt-2"),
        "tokenizer.ggml.tokens": gguf.array(gguf.STRING, tokens),
        "tokenizer.ggml.token_type": gguf.array(gguf.I32, [1] * (len(tokens) - 1) + [3]),
        "tokenizer.ggml.merges": gguf.array(gguf.STRING, ["t h", "th e", "\u0120 the", "e r", "i n"]),
        "tokenizer.ggml.eos_token_id": gguf.u32(len(tokens) - 1),
    }
    return small_model.make(vocabulary=len(tokens), tokenizer=keys)


def thresholds(fingerprint: int) -> dict:
    """A threshold file of the small model."""
    names = ["block.up", "block.down", "block.attention", "head"]
    kinds = ["up", "down", "attention", "head"]
    statistics = {"zeros": 0, "median": 0.5, "p90": 1.5, "p99": 2.5}
    sites = [
        {"name": name, "kind": kind, "theta": theta, "sparsity": 0.25, "statistics": statistics}
        for name, kind, theta in zip(names, kinds, [0.25, 0.125, 0.5, 0])
    ]
    return {"format": "quell-thresholds", "version": 1, "model_fingerprint": f"{fingerprint:016x}", "method": "uniform",
            "sparsity": 0.5, "calibration_tokens": 100, "sites": sites}


def main() -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=pathlib.Path, required=True)
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    library = Library(arguments.library)
    expected = {}
    files = {"small": small_model.with_tokenizer(), "recurrent": small_model.make(attends=False), "bytes": all_bytes()}
    for name, file in files.items():
        data = file.build()
        (arguments.folder / f"{name}.gguf").write_bytes(data)
        status, message, _, model = library.open(data)
        assert status == 0, message
        session = model.session()
        for token in TOKENS[:-1]:
            assert session.step(token) == 0
        (arguments.folder / f"{name}.state").write_bytes(session.save())
        assert session.step(TOKENS[-1]) == 0
        expected[name] = {"tokens": TOKENS, "logits": session.logits(12)}
        if name == "small":
            document = thresholds(library.c.quell_model_fingerprint(model.handle))
            (arguments.folder / "small.thresholds.json").write_text(json.dumps(document, indent=2) + "\n")
        session.close()
        model.close()
    (arguments.folder / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
