"""Holds Quell against ONNX Runtime and llama.cpp on one shape, in turns on one machine, and draws the result.

usage: compare.py [--shape opt:layers=24,d=1024,ffn=4096,heads=16,vocabulary=50257,positions=2048] [--threads 1]
                  [--rounds 5] [--tokens 32] [--prompt 64] [--sparsity 0,0.63] [--weights f16,int8,int4] [--plain] [--output results]

Quell and ONNX Runtime run OPT of that shape, llama.cpp runs GPT-2 of that shape: the same matrices, so the same bytes and
multiply-accumulates for a token. Weights are random. Every round runs every program once, so that noise meets all; the table
gives medians, and ratios of the medians. Nothing is compared across runs.
"""
import argparse
import csv
import pathlib
import statistics
import sys
import tempfile

import contenders
from chart import draw

HERE = pathlib.Path(__file__).resolve().parent
QUELL = HERE.parents[1] / "build" / "bin" / "quell"


def parse_shape(text):
    fields = dict(part.split("=") for part in text.split(":", 1)[1].split(","))
    return {name: int(number) for name, number in fields.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="opt:layers=24,d=1024,ffn=4096,heads=16,vocabulary=50257,positions=2048")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--prompt", type=int, default=64)
    parser.add_argument("--sparsity", default="0,0.63")
    parser.add_argument("--weights", default="f16,int8,int4")
    parser.add_argument(
        "--plain", action="store_true",
        help="keep llama.cpp from repacking weights: where a system grants no AMX tiles, its kernels for them crash")
    parser.add_argument("--output", default="results", help="folder for the table and the chart")
    options = parser.parse_args()
    shape = parse_shape(options.shape)
    with tempfile.TemporaryDirectory(prefix="quell-compare-") as folder:
        programs = contenders.make_all(pathlib.Path(folder), QUELL, options.shape, shape, options)
        samples = {program.name: {"decode": [], "prefill": []} for program in programs}
        for number in range(options.rounds):
            for program in programs:
                decode, prefill = program.run(options.prompt, options.tokens)
                samples[program.name]["decode"].append(decode)
                samples[program.name]["prefill"].append(prefill)
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    rows = [
        {
            "program": program.name, "weights": program.weights, "sparsity": program.sparsity,
            **{test: statistics.median(samples[program.name][test]) for test in ("decode", "prefill")},
            **{f"{test}_deviation": statistics.pstdev(samples[program.name][test]) for test in ("decode", "prefill")},
        }
        for program in programs
    ]  # fmt: skip
    write(pathlib.Path(options.output), rows, options)


def write(folder, rows, options):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "compare.csv", "w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    title = f"{options.shape}, {options.threads} thread{'s' if options.threads > 1 else ''}"
    (folder / "compare.svg").write_text(draw(rows, title))
    print(f"{'program':34s}{'decode tokens/s':>18s}{'prefill tokens/s':>18s}")
    for row in rows:
        print(f"{row['program']:34s}{row['decode']:12.2f} ±{row['decode_deviation']:5.2f}{row['prefill']:12.2f} ±{row['prefill_deviation']:5.2f}")
    for weights in options.weights.split(","):
        ours = {row["sparsity"]: row for row in rows if row["program"].startswith("quell") and row["weights"] == weights}
        peers = [row for row in rows if not row["program"].startswith("quell") and row["weights"] == weights]
        if not ours or not peers:
            continue
        for test in ("decode", "prefill"):
            best = max(peers, key=lambda row: row[test])
            for sparsity, row in ours.items():
                print(f"{weights} {test}: quell at sparsity {sparsity} is {row[test] / best[test]:.2f} x {best['program']}")


if __name__ == "__main__":
    main()
