"""A model of a few kilobytes that has every operation of docs/FORMAT.md, every type of weights and a tokenizer.

The files that tests damage are this one, changed.
"""

import struct

import numpy as np

import gguf

WIDTH, HIDDEN, HEADS, CONTEXT = 8, 32, 2, 6
ABSENT = 0xFFFFFFFF
TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "i8": 24, "bf16": 30}
BLOCK = 32


def bits(number: float) -> int:
    """A float as the 32 bits that stand for it."""
    return struct.unpack("<I", struct.pack("<f", number))[0]


def stored(numbers: np.ndarray, kind: str) -> bytes:
    """Numbers as a tensor of a type holds them."""
    flat = numbers.astype(np.float32).ravel()
    if kind == "f32":
        return flat.tobytes()
    if kind == "f16":
        return flat.astype(np.float16).tobytes()
    if kind == "bf16":
        return (flat.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    if kind == "i8":
        return np.clip(np.rint(flat * 40), -127, 127).astype(np.int8).tobytes()
    blocks = flat.reshape(-1, BLOCK)
    halves = np.clip(np.rint(blocks / 0.15) + 8, 0, 15).astype(np.uint8)
    packed = halves[:, : BLOCK // 2] | halves[:, BLOCK // 2:] << 4
    scale = np.float16(0.15).tobytes()
    return b"".join(scale + block.tobytes() for block in packed)


class Parts:
    """Values, operations and tensors as they come together."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.tensors: list[gguf.Tensor] = []
        self.values: list[int] = []
        self.operations: list[int] = []
        self.scratch = 0

    def matrix(self, name: str, kind: str, rows: int, columns: int) -> int:
        """A tensor of random numbers; its index."""
        numbers = self.random.normal(0, 0.4, (rows, columns))
        self.tensors.append(gguf.Tensor(name.encode(), [columns, rows], TYPES[kind], stored(numbers, kind)))
        return len(self.tensors) - 1

    def vector(self, name: str, numbers: np.ndarray) -> int:
        """A vector of weights; its value."""
        self.tensors.append(gguf.Tensor(name.encode(), [len(numbers)], TYPES["f32"], stored(numbers, "f32")))
        return self.value(0, len(self.tensors) - 1, len(numbers))

    def value(self, storage: int, offset: int, count: int) -> int:
        """A value; its index."""
        self.values += [storage, offset, count]
        return len(self.values) // 3 - 1

    def temporary(self, count: int) -> int:
        """A value in scratch memory of its own."""
        self.scratch += count
        return self.value(2, self.scratch - count, count)

    def add(self, *words: int) -> int:
        """An operation; its index."""
        self.operations += [*words, *[0] * (8 - len(words))]
        return len(self.operations) // 8 - 1


def make(vocabulary: int = 12, tokenizer: dict[str, tuple[int, bytes]] | None = None, attends: bool = True, seed: int = 1) -> gguf.File:
    """The model. Without attention it has no cache and no limit of its context."""
    parts = Parts(seed)
    random = parts.random
    x, position, normal, hidden, down, mixed, other, reduced, number, chosen = (
        parts.temporary(count) for count in (WIDTH, WIDTH, WIDTH, HIDDEN, WIDTH, WIDTH, WIDTH, WIDTH // 2, 1, WIDTH))
    first = parts.scratch
    query_key_value = parts.temporary(3 * WIDTH)
    query, key, kept = (parts.value(2, first + WIDTH * part, WIDTH) for part in range(3))
    logits = parts.temporary(vocabulary)
    state = parts.value(1, 0, WIDTH)
    gain = parts.vector("gain", random.normal(1, 0.1, WIDTH))
    bias = parts.vector("bias", random.normal(0, 0.1, WIDTH))
    decay = parts.vector("decay", random.uniform(0.3, 0.9, WIDTH))
    up_bias = parts.vector("up.bias", random.normal(0, 0.2, HIDDEN))
    scale = parts.vector("embedding.scale", np.full(vocabulary, 1 / 40))

    parts.add(1, parts.matrix("embedding", "i8", vocabulary, WIDTH), 0, 0, x, scale)
    if attends:
        parts.add(1, parts.matrix("positions", "f32", CONTEXT + 2, WIDTH), 1, 2, position, ABSENT)
    else:
        parts.add(2, gain, position)
    parts.add(9, 3, WIDTH)
    parts.add(4, 0, x, position, x)
    parts.add(3, 7, x, other)
    parts.add(4, 2, other, gain, other)
    parts.add(5, 0, x, gain, bias, bits(1e-5), normal)
    parts.add(6, 0, normal)
    parts.add(7, parts.matrix("up", "q4_0", WIDTH, HIDDEN), 0, up_bias, ABSENT, hidden)
    parts.add(3, 2, hidden, hidden)
    parts.add(6, 1, hidden)
    parts.add(7, parts.matrix("down", "f16", WIDTH, HIDDEN), 1, ABSENT, ABSENT, down)
    parts.add(4, 2, state, decay, state)
    parts.add(4, 0, state, down, state)
    parts.add(4, 0, x, state, x)
    parts.add(5, 1, x, gain, ABSENT, bits(1e-5), normal)
    parts.add(6, 2, normal)
    parts.add(7, parts.matrix("query_key_value", "bf16", WIDTH, 3 * WIDTH), 0, ABSENT, ABSENT, query_key_value)
    if attends:
        parts.add(8, query, key, kept, 0, HEADS, bits(0.5), mixed)
    else:
        parts.add(2, query, mixed)
    parts.add(11, mixed, 4, 2, 0, 1, 4, other)
    parts.add(12, 1, other, 4, reduced)
    parts.add(10, number)
    parts.add(13, other, x, number, chosen)
    parts.add(2, chosen, down)
    parts.add(4, 0, x, down, x)
    parts.add(6, 3, x)
    parts.add(7, parts.matrix("head", "i8", vocabulary, WIDTH), 1, ABSENT, scale, logits)

    keys = {
        "general.architecture": gguf.text("quell"),
        "general.alignment": gguf.u32(64),
        "general.name": gguf.text("small"),
        "quell.version": gguf.u32(1),
        "quell.vocabulary_size": gguf.u32(vocabulary),
        "quell.context_length": gguf.u32(CONTEXT if attends else 0),
        "quell.state_size": gguf.u32(WIDTH),
        "quell.state_fill": gguf.array(gguf.U32, [1, 2, bits(-1), 4, 1, bits(0.5)]),
        "quell.scratch_size": gguf.u32(parts.scratch),
        "quell.values": gguf.array(gguf.U32, parts.values),
        "quell.caches": gguf.array(gguf.U32, [WIDTH, WIDTH, HEADS] if attends else []),
        "quell.operations": gguf.array(gguf.U32, parts.operations),
        "quell.logits": gguf.u32(logits),
        "quell.sites": gguf.array(gguf.STRING, ["block.up", "block.down", "block.attention", "head"]),
        "quell.site_kinds": gguf.array(gguf.STRING, ["up", "down", "attention", "head"]),
        "quell.thresholds": gguf.array(gguf.F32, [0, 0.1, 0.2, 0.05]),
        **(tokenizer or {}),
    }
    return gguf.File(keys, parts.tensors)


# ---- The tokenizer ----


def printable(byte: int) -> str:
    """A byte in GPT-2's alphabet: itself where it can be printed, else the next unused character from U+0100 on."""
    def keeps(byte: int) -> bool:
        return 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte <= 0xFF

    return chr(byte) if keeps(byte) else chr(0x100 + sum(not keeps(other) for other in range(byte)))


def tokenizer(letters: bytes = b" abcdeht") -> dict[str, tuple[int, bytes]]:
    """Some bytes, `th`, `the`, a control token, an added one and an unused id."""
    tokens = [printable(letter) for letter in letters] + ["th", "the", "<end>", "<sum>", ""]
    kinds = [1] * (len(letters) + 2) + [3, 4, 5]
    return {
        "tokenizer.ggml.model": gguf.text("gpt2"),
        "tokenizer.ggml.pre": gguf.text("gpt-2"),
        "tokenizer.ggml.tokens": gguf.array(gguf.STRING, tokens),
        "tokenizer.ggml.token_type": gguf.array(gguf.I32, kinds),
        "tokenizer.ggml.merges": gguf.array(gguf.STRING, ["t h", "th e"]),
        "tokenizer.ggml.bos_token_id": gguf.u32(len(letters) + 2),
        "tokenizer.ggml.eos_token_id": gguf.u32(len(letters) + 2),
        "tokenizer.ggml.add_bos_token": (gguf.BOOL, b"\1"),
        "tokenizer.ggml.normalizer": gguf.text("nfc"),
        "tokenizer.ggml.normalized_tokens": gguf.array(gguf.U32, [len(letters) + 3]),
    }


def with_tokenizer(**how) -> gguf.File:
    """The model with the tokenizer."""
    keys = tokenizer()
    return make(vocabulary=13, tokenizer=keys, **how)
