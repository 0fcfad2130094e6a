"""Small models made by hand, and what they must compute, worked out with NumPy in 64 bits from docs/FORMAT.md alone.

As a program it writes such a model, with a tokenizer, to the file that it is given.
"""

import dataclasses
import pathlib
import struct
import sys

import numpy as np

VOCABULARY = 300
WIDTH = 24
HIDDEN = 40
HEADS = 3
CONTEXT = 12
EPSILON = 1e-5

ABSENT = 0xFFFFFFFF
U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5
TENSOR_F32, TENSOR_F16 = 0, 1


def bits(number: float) -> int:
    """A float as the 32 bits that stand for it."""
    return struct.unpack("<I", struct.pack("<f", number))[0]


@dataclasses.dataclass
class TinyModel:
    """A model with one recurrent block, one attention block and a head of its own."""

    tensors: dict[str, np.ndarray]
    thresholds: np.ndarray
    state: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(WIDTH))
    keys: list[np.ndarray] = dataclasses.field(default_factory=list)
    values: list[np.ndarray] = dataclasses.field(default_factory=list)
    events: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(4, np.int64))

    def quiet(self, site: int, x: np.ndarray) -> np.ndarray:
        """The input of a site with its quiet values gone."""
        # The library compares in 32 bits.
        fires = np.abs(x.astype(np.float32)) > np.float32(self.thresholds[site])
        self.events[site] += int(fires.sum())
        return np.where(fires, x, 0)

    def step(self, token: int) -> np.ndarray:
        """The logits after one more token."""
        t = {name: tensor.astype(np.float64) for name, tensor in self.tensors.items()}
        x = t["embedding"][token]
        normal = (x - x.mean()) / np.sqrt(x.var() + EPSILON) * t["gain"] + t["bias"]
        hidden = np.maximum(self.quiet(0, normal) @ t["up"] + t["up_bias"], 0)
        self.state = self.state * t["decay"] + t["down"] @ self.quiet(1, hidden)
        x = x + self.state
        active = self.quiet(2, x)
        query, key, value = active @ t["query"], active @ t["key"], active @ t["value"]
        self.keys.append(key)
        self.values.append(value)
        size = WIDTH // HEADS
        mixed = np.zeros(WIDTH)
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            scores = np.array([key[part] @ query[part] for key in self.keys]) * 0.25
            weights = np.exp(scores - scores.max())
            weights /= weights.sum()
            mixed[part] = sum(weight * value[part] for weight, value in zip(weights, self.values))
        return t["head"] @ self.quiet(3, x + mixed)


SITES = [("block.up", "up"), ("block.down", "down"), ("block.attention", "attention"), ("head", "head")]


def make(seed: int = 1, thresholds: tuple[float, ...] = (0, 0, 0, 0), vocabulary: int = VOCABULARY) -> TinyModel:
    """A model of random weights, those of matrices rounded to 16 bits."""
    random = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        return random.normal(0, 0.4, shape).astype(np.float16)

    tensors = {
        "embedding": matrix(vocabulary, WIDTH),
        "gain": random.normal(1, 0.1, WIDTH).astype(np.float32),
        "bias": random.normal(0, 0.1, WIDTH).astype(np.float32),
        "up": matrix(WIDTH, HIDDEN),
        "up_bias": random.normal(0, 0.2, HIDDEN).astype(np.float32),
        "down": matrix(WIDTH, HIDDEN).astype(np.float32),
        "decay": random.uniform(0.3, 0.9, WIDTH).astype(np.float32),
        "query": matrix(WIDTH, WIDTH),
        "key": matrix(WIDTH, WIDTH),
        "value": matrix(WIDTH, WIDTH),
        "head": matrix(vocabulary, WIDTH),
    }
    return TinyModel(tensors, np.array(thresholds, np.float32))


# ---- The file ----


def _string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _array(kind: int, values: list) -> tuple[int, bytes]:
    if kind == STRING:
        body = b"".join(_string(value) for value in values)
    else:
        body = np.array(values, {U32: "<u4", F32: "<f4", I32: "<i4"}[kind]).tobytes()
    return ARRAY, struct.pack("<IQ", kind, len(values)) + body


def program(names: list[str], vocabulary: int) -> tuple[list[int], list[int], int]:
    """The values and the operations of the model, and the value of the logits; `names` are those of the tensors in order."""
    values: list[int] = []
    scratch = 0

    def value(storage: int, offset: int, count: int) -> int:
        values.extend([storage, offset, count])
        return len(values) // 3 - 1

    def temporary(count: int) -> int:
        nonlocal scratch
        scratch += count
        return value(2, scratch - count, count)

    def weight(name: str, count: int) -> int:
        return value(0, names.index(name), count)

    x, normal, hidden = temporary(WIDTH), temporary(WIDTH), temporary(HIDDEN)
    down, query, key, kept, mixed = (temporary(WIDTH) for _ in range(5))
    logits = temporary(vocabulary)
    state = value(1, 0, WIDTH)
    tensor = names.index
    operations = [
        (1, tensor("embedding"), 0, 0, x, ABSENT),
        (5, 0, x, weight("gain", WIDTH), weight("bias", WIDTH), bits(EPSILON), normal),
        (6, 0, normal),
        (7, tensor("up"), 0, weight("up_bias", HIDDEN), ABSENT, hidden),
        (3, 2, hidden, hidden),
        (6, 1, hidden),
        (7, tensor("down"), 1, ABSENT, ABSENT, down),
        (4, 2, state, weight("decay", WIDTH), state),
        (4, 0, state, down, state),
        (4, 0, x, state, x),
        (6, 2, x),
        (7, tensor("query"), 0, ABSENT, ABSENT, query),
        (7, tensor("key"), 0, ABSENT, ABSENT, key),
        (7, tensor("value"), 0, ABSENT, ABSENT, kept),
        (8, query, key, kept, 0, HEADS, bits(0.25), mixed),
        (4, 0, x, mixed, x),
        (6, 3, x),
        (7, tensor("head"), 1, ABSENT, ABSENT, logits),
    ]
    words = [word for operation in operations for word in (*operation, *[0] * (8 - len(operation)))]
    return values, words, logits


def write(model: TinyModel, tokenizer: dict[str, tuple[int, bytes]] | None = None, context: int = CONTEXT) -> bytes:
    """The model as the bytes of a file."""
    names = list(model.tensors)
    vocabulary = len(model.tensors["head"])
    values, operations, logits = program(names, vocabulary)
    scratch = max(values[i + 1] + values[i + 2] for i in range(0, len(values), 3) if values[i] == 2)

    def u32(number: int) -> tuple[int, bytes]:
        return U32, struct.pack("<I", number)

    keys = {
        "general.architecture": (STRING, _string(b"quell")),
        "general.alignment": u32(64),
        "general.name": (STRING, _string("Tiny, \u00fcber alles klein".encode())),
        "quell.version": u32(1),
        "quell.vocabulary_size": u32(vocabulary),
        "quell.context_length": u32(context),
        "quell.state_size": u32(WIDTH),
        "quell.state_fill": _array(U32, []),
        "quell.scratch_size": u32(scratch),
        "quell.values": _array(U32, values),
        "quell.caches": _array(U32, [WIDTH, WIDTH, HEADS]),
        "quell.operations": _array(U32, operations),
        "quell.logits": u32(logits),
        "quell.sites": _array(STRING, [name.encode() for name, _ in SITES]),
        "quell.site_kinds": _array(STRING, [kind.encode() for _, kind in SITES]),
        "quell.thresholds": _array(F32, list(model.thresholds)),
        **(tokenizer or {}),
    }
    header = struct.pack("<4sIQQ", b"GGUF", 3, len(names), len(keys))
    for key, (kind, body) in keys.items():
        header += _string(key.encode()) + struct.pack("<I", kind) + body
    data = b""
    for name, tensor in model.tensors.items():
        data += b"\0" * (-len(data) % 64)
        kind = TENSOR_F16 if tensor.dtype == np.float16 else TENSOR_F32
        header += _string(name.encode()) + struct.pack("<I", tensor.ndim)
        header += struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape)) + struct.pack("<IQ", kind, len(data))
        data += tensor.tobytes()
    return header + b"\0" * (-len(header) % 64) + data


def _printable(byte: int) -> str:
    """A byte in GPT-2's alphabet: itself where it can be printed, else the next unused character from U+0100 on."""
    def keeps(byte: int) -> bool:
        return 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte <= 0xFF

    return chr(byte) if keeps(byte) else chr(0x100 + sum(not keeps(other) for other in range(byte)))


def tokenizer_keys(tokens: list[str], control: set[int], merges: list[str], **ids: int) -> dict[str, tuple[int, bytes]]:
    """The keys of a byte-level BPE tokenizer; `ids` are those of special tokens by the names of their keys."""
    return {
        "tokenizer.ggml.model": (STRING, _string(b"gpt2")),
        "tokenizer.ggml.pre": (STRING, _string(b"gpt-2")),
        "tokenizer.ggml.tokens": _array(STRING, [token.encode() for token in tokens]),
        "tokenizer.ggml.token_type": _array(I32, [3 if token in control else 1 for token in range(len(tokens))]),
        "tokenizer.ggml.merges": _array(STRING, [merge.encode() for merge in merges]),
        **{f"tokenizer.ggml.{name}_token_id": (U32, struct.pack("<I", token)) for name, token in ids.items()},
    }


def byte_tokenizer() -> dict[str, tuple[int, bytes]]:
    """A tokenizer whose first 256 tokens are the bytes; then come `th` and `the`, the token that ends a text, and words that no
    merge makes."""
    tokens = [_printable(byte) for byte in range(256)] + ["th", "the", "<end>"]
    tokens += [f"word{index}" for index in range(len(tokens), VOCABULARY)]
    return tokenizer_keys(tokens, {258}, ["t h", "th e"], eos=258)


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).write_bytes(write(make(), byte_tokenizer(), context=128))
