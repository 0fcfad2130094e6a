"""Model files whose names were made to collide in the hash tables that find them: each is refused in the end, however many there are."""

import itertools
import typing

import gguf
from gguf_cases import KINDS, MERGES, OPERATIONS, TOKENS
from model_changes import UNSUPPORTED, case, put

# So many that belong into an eighth of the table that the last one is further from its place than is looked.
COLLIDING, EIGHTH = 5200, 1 << 61


def mixed(number: int) -> int:
    """The finalizer of MurmurHash3."""
    number = (number ^ number >> 33) * 0xFF51AFD7ED558CCD % 2**64
    number = (number ^ number >> 33) * 0xC4CEB9FE1A85EC53 % 2**64
    return number ^ number >> 33


def hashed(text: bytes) -> int:
    """FNV-1a, mixed."""
    value = 0xCBF29CE484222325
    for byte in text:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return mixed(value)


def colliding(candidates: typing.Iterable, hash_of: typing.Callable) -> list:
    """The first of the candidates whose hashes lie close together."""
    return list(itertools.islice((each for each in candidates if hash_of(each) < EIGHTH), COLLIDING))


def colliding_merges(file: gguf.File) -> None:
    """Merges of pairs of tokens whose hashes lie close together, and the tokens that they make."""
    letters = [chr(letter) for letter in range(ord("a"), ord("z") + 1)]
    pairs = [one + other for one in letters for other in letters]
    merges = colliding(itertools.product(range(26, 26 + len(pairs)), repeat=2), lambda merge: mixed(merge[0] << 32 | merge[1]))
    texts = [(pairs[left - 26], pairs[right - 26]) for left, right in merges]
    tokens = [*letters, *pairs, *(left + right for left, right in texts)]
    tokenizer_of(file, tokens, [f"{left} {right}" for left, right in texts])


def tokenizer_of(file: gguf.File, tokens: list[str], merges: list[str]) -> None:
    """Gives the file a tokenizer of normal tokens."""
    put(file, "quell.vocabulary_size", gguf.u32(len(tokens)))
    put(file, TOKENS, gguf.array(gguf.STRING, tokens))
    put(file, KINDS, gguf.array(gguf.I32, [1] * len(tokens)))
    put(file, MERGES, gguf.array(gguf.STRING, merges))
    put(file, "tokenizer.ggml.normalized_tokens", None)


NAMES = colliding((f"{index:x}" for index in itertools.count()), lambda name: hashed(name.encode()))
case("tokens that collide", UNSUPPORTED, "the tokens collide in their hash table", lambda file: tokenizer_of(file, NAMES, []))
case("merges that collide", UNSUPPORTED, "the merges of the tokenizer collide", colliding_merges, MERGES)
case("names of sites that collide", UNSUPPORTED, "the names of sites collide in their hash table", lambda file: (
    put(file, OPERATIONS, gguf.array(gguf.U32, [2, 0, 1, 0, 0, 0, 0, 0] * 2 * COLLIDING)),
    put(file, "quell.thresholds", gguf.array(gguf.F32, [0.0] * COLLIDING)), put(file, "quell.sites", gguf.array(gguf.STRING, NAMES)),
    put(file, "quell.site_kinds", gguf.array(gguf.STRING, NAMES))))
