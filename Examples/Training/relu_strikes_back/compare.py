"""Compares models that were made sparse by training with what a search for thresholds makes of the dense one.

usage: compare.py --quell QUELL --dense DENSE.onnx --tokenizer TOKENIZER.json --text TEXT --evaluation TEXT [TRAINED.onnx ...]

Every model is measured by `quell eval` on the same text, which neither training nor search has seen. A table in Markdown: the sparsity of
each kind of input, of all that the paper counts (elements at q/k/v, fc1 and fc2), and of all multiply-accumulates of the layers; the loss; and
the processor time of the search. That of training is what `finetune.py` printed.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import tempfile

COLUMNS = ["q_proj+k_proj+v_proj", "out_proj", "fc1", "fc2"]
"""How the names of the kinds of sites end, which exporters begin in ways of their own."""


def processor_seconds() -> float:
    """Of all programs run so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Comparison:
    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path):
        self.arguments, self.folder = arguments, folder

    def quell(self, *words: object) -> str:
        command = [str(word) for word in (self.arguments.quell, *words)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def imported(self, export: pathlib.Path) -> pathlib.Path:
        model = self.folder / f"{export.stem}.gguf"
        self.quell("import", export, "--tokenizer", self.arguments.tokenizer, "-o", model)
        return model

    def row(self, name: str, model: pathlib.Path, *options: object, seconds: str = "") -> None:
        result = json.loads(self.quell("eval", "-m", model, "-f", self.arguments.evaluation, "--json", *options))
        kinds = {column: part for column in COLUMNS for kind, part in result["sparsity"]["kinds"].items() if kind.endswith(column)}
        # The output of attention is as wide as what q, k and v read, which the paper counts three times.
        paper = (3 * kinds[COLUMNS[0]] + kinds[COLUMNS[2]] + 4 * kinds[COLUMNS[3]]) / 8
        parts = [*(kinds[column] for column in COLUMNS), paper, result["sparsity"]["macs"]]
        cells = [name, *(f"{100 * part:.1f}" for part in parts), f"{result['loss']:.4f}", f"{result['perplexity']:.2f}", seconds]
        print("| " + " | ".join(cells) + " |", flush=True)

    def run(self) -> None:
        print("| | q/k/v % | out_proj % | fc1 % | fc2 % | elements % | multiply-accumulates % | loss | perplexity | processor seconds |")
        print("| " + " | ".join(["---"] * 10) + " |")
        dense = self.imported(self.arguments.dense)
        self.row("dense", dense)
        for factor in self.arguments.loss_increase:
            thresholds = self.folder / f"{factor}.json"
            before = processor_seconds()
            options = ["--method", "sequential", "--loss-increase", factor, "--tokens", self.arguments.tokens]
            self.quell("calibrate", "-m", dense, "-f", self.arguments.text, *options, "-o", thresholds)
            self.row(f"search, {factor}", dense, "--thresholds", thresholds, seconds=f"{processor_seconds() - before:.0f}")
        for trained in self.arguments.trained:
            self.row(trained.stem, self.imported(trained))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=pathlib.Path, nargs="*")
    for name in ("quell", "dense", "tokenizer", "text", "evaluation"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--tokens", type=int, default=3072, help="how many tokens the search sees")
    parser.add_argument("--loss-increase", type=float, nargs="*", default=[1.0005, 1.002])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Comparison(arguments, pathlib.Path(folder)).run()


if __name__ == "__main__":
    main()
