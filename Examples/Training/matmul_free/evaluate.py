"""Loss and perplexity of a trained model on a text, and the part of the multiply-accumulates that it needed.

usage: evaluate.py CHECKPOINT.pt --text TEXT --tokenizer TOKENIZER.json [--dense | --kept PART]

Windows of 256 tokens, each from an empty state; every token of a document after its first is scored once. With --kept, thresholds
that let this part of each site's inputs through, found without training on the text given by --calibrate, take the place of the
checkpoint's.
"""
import argparse
import json
import math
import pathlib

import torch
import torch.nn.functional as F
from data import Windows, documents
from model import MatMulFree, load
from train import set_thresholds, tokens_of

WINDOW = 256
TOGETHER = 16


class EventCounter:
    """Counts what fires at every site of a model."""

    def __init__(self, model: MatMulFree):
        self.fired = {name: 0 for name in model.sites()}
        self.seen = dict(self.fired)
        self.outputs = {name: outputs for name, (_, outputs) in model.sites().items()}
        for name, (site, _) in model.sites().items():
            site.register_forward_hook(lambda module, arguments, result, name=name: self.count(name, result[0]))

    def count(self, name: str, events: torch.Tensor) -> None:
        self.fired[name] += int((events != 0).sum())
        self.seen[name] += events.numel()

    def macs(self) -> float:
        """The part of all multiply-accumulates that had an event."""
        needed = sum(self.outputs[name] * fired for name, fired in self.fired.items())
        return needed / sum(self.outputs[name] * seen for name, seen in self.seen.items())


@torch.no_grad()
def losses(model: MatMulFree, text: list) -> tuple[float, int]:
    """The sum of the losses over documents, and how many tokens were scored."""
    pieces = [document[start : start + WINDOW + 1] for document in text for start in range(0, len(document) - 1, WINDOW)]
    total = scored = 0
    whole = [piece for piece in pieces if len(piece) == WINDOW + 1]
    batches = [whole[first : first + TOGETHER] for first in range(0, len(whole), TOGETHER)]
    for batch in batches + [[piece] for piece in pieces if len(piece) <= WINDOW]:
        tokens = torch.tensor([list(map(int, piece)) for piece in batch]).t()
        logits = model(tokens[:-1])
        total += F.cross_entropy(logits.flatten(0, 1), tokens[1:].flatten(), reduction="sum").item()
        scored += tokens[1:].numel()
    return total, scored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--dense", action="store_true", help="leave the thresholds out")
    parser.add_argument("--kept", type=float, help="thresholds without training, for this part of the inputs")
    parser.add_argument("--calibrate", type=pathlib.Path, help="the text for --kept")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load(arguments.checkpoint, sparse=False if arguments.dense or arguments.kept else None)
    if arguments.kept:
        tokens = tokens_of(arguments.calibrate, arguments.tokenizer, arguments.checkpoint)
        set_thresholds(model, Windows(tokens, WINDOW, seed=1), arguments.kept)
    counter = EventCounter(model)
    total, scored = losses(model, documents(arguments.text, arguments.tokenizer))
    loss = total / scored
    print(json.dumps({"tokens": scored, "loss": round(loss, 5), "perplexity": round(math.exp(loss), 3), "macs": round(counter.macs(), 4)}))


if __name__ == "__main__":
    main()
