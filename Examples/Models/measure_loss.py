"""Loss, perplexity and bits per byte of a shipped model on a text, by ONNX Runtime.

usage: measure_loss.py MODEL.onnx TOKENIZER.json TEXT

The text's documents are separated by <|endoftext|> and each begins with it; every token after that is predicted exactly once,
in windows of 256 tokens, each from an empty state.
"""
import argparse
import json
import math
import pathlib

import numpy as np
import tokenizers
from onnx_step import END_OF_TEXT, END_OF_TEXT_ID, Stepper

WINDOW = 256


def negative_log_likelihood(logits: np.ndarray, token: int) -> float:
    wide = logits.astype(np.float64)
    top = wide.max()
    return float(top + math.log(np.exp(wide - top).sum()) - wide[token])


def loss_of(stepper: Stepper, document: list[int]) -> float:
    total = 0.0
    for index in range(len(document) - 1):
        if index % WINDOW == 0:
            stepper.reset()
        total += negative_log_likelihood(stepper.step(document[index]), document[index + 1])
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("tokenizer", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    arguments = parser.parse_args()
    tokenizer = tokenizers.Tokenizer.from_file(str(arguments.tokenizer))
    parts = arguments.text.read_text(encoding="utf-8").split(END_OF_TEXT)
    documents = [[END_OF_TEXT_ID, *tokenizer.encode(part, add_special_tokens=False).ids] for part in parts]
    stepper = Stepper(arguments.model)
    total = sum(loss_of(stepper, document) for document in documents)
    tokens = sum(len(document) - 1 for document in documents)
    size = sum(len(part.encode()) for part in parts)
    print(
        json.dumps(
            {
                "tokens": tokens,
                "bytes": size,
                "loss": round(total / tokens, 6),
                "perplexity": round(math.exp(total / tokens), 4),
                "bits_per_byte": round(total / math.log(2) / size, 6),
            }
        )
    )


if __name__ == "__main__":
    main()
