"""What PyTorch computes with a trained model, for others to be held against: the logits of one step after the other.

usage: reference.py CHECKPOINT.pt OUT_FOLDER --text TEXT --tokenizer TOKENIZER.json

Writes OUT_FOLDER/tokens.u32, <|endoftext|> and the first tokens of the text, and OUT_FOLDER/logits.f32, where row i follows token i, from an
empty state; both little-endian and without a header.
"""
import argparse
import pathlib

import numpy as np
import torch
from data import documents
from export import Step
from model import load

TOKENS = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    model = load(arguments.checkpoint)
    tokens = documents(arguments.text, arguments.tokenizer)[0][:TOKENS].astype("<u4")
    step, state, rows = Step(model), torch.zeros(model.shape.layers, model.shape.width), []
    with torch.no_grad():
        for token in tokens:
            logits, state = step(torch.tensor([int(token)]), state)
            rows.append(logits.numpy())
    arguments.folder.mkdir(parents=True, exist_ok=True)
    tokens.tofile(arguments.folder / "tokens.u32")
    np.stack(rows).astype("<f4").tofile(arguments.folder / "logits.f32")


if __name__ == "__main__":
    main()
