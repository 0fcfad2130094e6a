"""A text as tokens, in windows."""
import pathlib

import numpy as np
import tokenizers
import torch

END_OF_TEXT = "<|endoftext|>"
END_OF_TEXT_ID = 0
"""Stands before every document in training; the tokenizer does not add it."""


def documents(text: pathlib.Path, tokenizer: pathlib.Path) -> list[np.ndarray]:
    """The token ids of each document of a text; documents are separated by <|endoftext|>, and each begins with it."""
    encoder = tokenizers.Tokenizer.from_file(str(tokenizer))
    parts = text.read_text(encoding="utf-8").split(END_OF_TEXT)
    return [np.array([END_OF_TEXT_ID, *encoder.encode(part, add_special_tokens=False).ids], np.int32) for part in parts]


class Windows:
    """Shuffled windows of a text; the places where it is cut move with every epoch."""

    def __init__(self, tokens: np.ndarray, length: int, seed: int):
        self.tokens, self.length = tokens, length
        self.random = np.random.default_rng(seed)
        self.queue: list[int] = []

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """[length, count] tokens, and the tokens that follow them."""
        while len(self.queue) < count:
            starts = np.arange(self.random.integers(self.length), len(self.tokens) - self.length, self.length)
            self.random.shuffle(starts)
            self.queue += starts.tolist()
        taken, self.queue = self.queue[:count], self.queue[count:]
        windows = torch.from_numpy(np.stack([self.tokens[start : start + self.length + 1] for start in taken], 1).astype(np.int64))
        return windows[:-1], windows[1:]
