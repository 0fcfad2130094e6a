"""Changes of a small model's file, from which files that are wrong are made by name, each with what must be said of it."""

import dataclasses
import struct
import typing

import gguf
import small_model

MALFORMED, UNSUPPORTED = 32, 33
NOWHERE = 2**64 - 1
HUGE = [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, 1 << 40, 1 << 63, (1 << 64) - 1]


@dataclasses.dataclass
class Case:
    """A file, the status of opening it, words of the message, and the byte that is named."""

    name: str
    data: bytes
    status: int
    says: str
    offset: int | None


CASES: list[Case] = []


def case(name: str, status: int, says: str, change: typing.Callable, at: str | int | None = None, plus: int = 0, **how) -> None:
    """Adds the small model, changed. `at` is a place of the file, by name or as a number; None where none can be named."""
    file = small_model.with_tokenizer(**how)
    changed = change(file)
    data = file.build()
    if isinstance(changed, typing.Callable):
        data = changed(data)
    offset = NOWHERE if at is None else (file.places[at] if isinstance(at, str) else at) + plus
    CASES.append(Case(name, data, status, says, offset))


def put(file: gguf.File, key: str, value: tuple[int, bytes] | None) -> None:
    """Gives a key another value, at its place; without one the key is taken away."""
    if value is None:
        del file.keys[key]
    else:
        file.keys[key] = value


def words(file: gguf.File, key: str) -> list[int]:
    """The numbers of an array."""
    body = file.keys[key][1][12:]
    return list(struct.unpack(f"<{len(body) // 4}I", body))


def set_word(file: gguf.File, key: str, index: int, word: int) -> None:
    """Changes a number of an array."""
    numbers = words(file, key)
    numbers[index] = word
    kind = struct.unpack("<I", file.keys[key][1][:4])[0]
    body = struct.pack(f"<{len(numbers)}I", *numbers)
    file.keys[key] = gguf.ARRAY, struct.pack("<IQ", kind, len(numbers)) + body


def operation(index: int, word: int, number: int) -> typing.Callable:
    """A change of a word of an operation."""
    return lambda file: set_word(file, "quell.operations", 8 * index + word, number)


def set_key(key: str, value: tuple[int, bytes] | None) -> typing.Callable:
    """A change of a key."""
    return lambda file: put(file, key, value)


def with_value(index: int, word: int, storage: int, offset: int, count: int) -> typing.Callable:
    """A change by which a word of an operation names a value that the model has not had."""
    def change(file: gguf.File) -> None:
        numbers = words(file, "quell.values")
        put(file, "quell.values", gguf.array(gguf.U32, numbers + [storage, offset, count]))
        set_word(file, "quell.operations", 8 * index + word, len(numbers) // 3)
    return change


def all_of(*changes: typing.Callable) -> typing.Callable:
    """Changes one after the other."""
    def change(file: gguf.File) -> None:
        for each in changes:
            each(file)
    return change


def patched(offset: int, piece: bytes) -> typing.Callable:
    """A change of bytes once the file is built."""
    return lambda file: lambda data: data[:offset] + piece + data[offset + len(piece):]


def tensor(title: str, /, **fields) -> typing.Callable:
    """A change of a tensor."""
    def change(file: gguf.File) -> None:
        tensor = file.tensor(title)
        for field, value in fields.items():
            setattr(tensor, field, value)
    return change
