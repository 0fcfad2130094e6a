"""What a shipped model must compute: ONNX Runtime's logits for the first tokens of a text.

usage: make_reference.py MODEL_DIR TEXT

Writes MODEL_DIR/reference/tokens.u32 (64 token ids: <|endoftext|> and the first 63 of the text) and MODEL_DIR/reference/logits.f32
(64 x vocabulary: row i are the logits after token i, from an empty state, one token at a time), both little-endian and without a
header. Then continues MODEL_DIR/reference/greedy.json's prompt and fails unless every token is the one recorded there.
"""
import argparse
import json
import pathlib

import numpy as np
import tokenizers
from onnx_step import END_OF_TEXT_ID, Stepper

TOKENS = 64


def reference_tokens(tokenizer: tokenizers.Tokenizer, text: str) -> np.ndarray:
    ids = [END_OF_TEXT_ID, *tokenizer.encode(text, add_special_tokens=False).ids]
    return np.array(ids[:TOKENS], dtype="<u4")


def greedy(stepper: Stepper, prompt: list[int], count: int) -> list[int]:
    stepper.reset()
    for token in prompt:
        logits = stepper.step(token)
    continuation = []
    for _ in range(count):
        continuation.append(int(logits.argmax()))
        logits = stepper.step(continuation[-1])
    return continuation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    arguments = parser.parse_args()
    folder = arguments.model / "reference"
    stepper = Stepper(arguments.model / "model.onnx")
    tokenizer = tokenizers.Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    tokens = reference_tokens(tokenizer, arguments.text.read_text(encoding="utf-8"))
    logits = np.stack([stepper.step(int(token)) for token in tokens]).astype("<f4")
    tokens.tofile(folder / "tokens.u32")
    logits.tofile(folder / "logits.f32")
    recorded = json.loads((folder / "greedy.json").read_text(encoding="utf-8"))
    prompt, expected = recorded["prompt_tokens"], recorded["tokens"]
    got = prompt + greedy(stepper, prompt, len(expected) - len(prompt))
    if got != expected:
        first = next(i for i, (a, b) in enumerate(zip(got, expected)) if a != b)
        raise SystemExit(f"greedy continuation: token {first} is {got[first]}, not {expected[first]}")
    print(f"{arguments.model}: {logits.shape[0]} x {logits.shape[1]} logits; greedy continuation by {len(expected) - len(prompt)} tokens is the recorded one")


if __name__ == "__main__":
    main()
