"""Imports random graphs and holds their logits, step by step, against ONNX Runtime's.

usage: differential.py --command build/bin/quell [--count 200] [--seed 0] [--keep FOLDER]

Every graph follows from its number: `--seed N --count 1` makes that of a failure again, and `--keep` leaves its files in a
folder. The last line is "N agree, M refused, K discarded"; the program fails where a graph differs, is refused for a reason that
is none, or cannot be run.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

import quell
from decoder import UNSUPPORTED, Decoder

STEPS = 7
# What the weights of every other graph are imported as, and how far a logit may be off, of the greatest: some hundred roundings
# in single precision, in another order; or what is left of quantised weights in the type that an import chooses.
WEIGHTS = [("f32", 1e-4), ("source", 2e-3)]


def reference(decoder: Decoder, model: onnx.ModelProto, tokens: list[int]) -> np.ndarray:
    """The logits after each token, by ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    # Its optimisations multiply quantised weights by quantised vectors.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    kinds = {entry.name: np.int32 if "int32" in entry.type else np.int64 for entry in session.get_inputs()}
    states = {state.input: state.start for state in decoder.graph.states}
    names = ["logits"] + [state.output for state in decoder.graph.states]
    rows = []
    for position, token in enumerate(tokens):
        feeds = dict(states, token=np.full(decoder.token_shape, token, kinds["token"]))
        if decoder.has_position:
            feeds["position"] = np.full((1, 1), position, kinds["position"])
        results = session.run(names, feeds)
        rows.append(results[0].reshape(-1))
        states = {state.input: result for state, result in zip(decoder.graph.states, results[1:])}
    return np.array(rows)


def imported(command: str, source: pathlib.Path, weights: str, tokens: list[int]) -> np.ndarray:
    """The logits after each token, by Quell; raises `Refused` where the import fails."""
    target = source.with_suffix(".gguf")
    arguments = ["--weights", weights, "--no-tokenizer", "-o", target]
    run = subprocess.run([command, "import", source, *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        raise Refused(run.stderr.strip())
    with quell.Model(target) as model, model.session(context_length=len(tokens)) as session:
        return np.array([session.step(token) for token in tokens])


class Refused(Exception):
    """An import that failed, with what it said."""

    def names_operator(self) -> bool:
        """Whether the message names a node of an operator that may be refused."""
        return any(f"({operator})" in str(self) or f" {operator} " in str(self) for operator in UNSUPPORTED)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    agree = refused = discarded = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(options.seed, options.seed + options.count):
            decoder = Decoder(seed)
            model = decoder.graph.model()
            source = folder / f"{seed}.onnx"
            onnx.save(model, source)
            weights, tolerance = WEIGHTS[seed % len(WEIGHTS)]
            tokens = [int(token) for token in np.random.default_rng(seed).integers(0, decoder.vocabulary, STEPS)]
            expected = reference(decoder, model, tokens)
            scale = np.abs(expected).max()
            if not 1e-3 < scale < 1e6:
                discarded += 1
                continue
            try:
                error = np.abs(imported(options.command, source, weights, tokens) - expected).max() / scale
            except Refused as refusal:
                if decoder.refusable and refusal.names_operator():
                    refused += 1
                else:
                    failed += 1
                    print(f"{seed}: refused: {refusal}", file=sys.stderr)
                continue
            if error <= tolerance:
                agree += 1
            else:
                failed += 1
                print(f"{seed}: differs by {error:.2g} of the greatest logit", file=sys.stderr)
            if not options.keep:
                source.unlink()
    print(f"{agree} agree, {refused} refused, {discarded} discarded" + (f", {failed} FAILED" if failed else ""))
    # Graphs that prove nothing must stay few.
    return 1 if failed or discarded > options.count / 20 or refused > options.count / 10 else 0


if __name__ == "__main__":
    sys.exit(main())
