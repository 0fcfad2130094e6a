"""Builds GGUF files part by part, right or wrong as a test asks, and knows at which byte each part stands."""

import dataclasses
import struct

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
ALIGNMENT = 64


def string(text: bytes | str) -> bytes:
    """A string as GGUF writes it: its length in 64 bits, then its bytes."""
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def u32(number: int) -> tuple[int, bytes]:
    """A number that is the value of a key."""
    return U32, struct.pack("<I", number)


def text(value: bytes | str) -> tuple[int, bytes]:
    """A text that is the value of a key."""
    return STRING, string(value)


def array(kind: int, values: list) -> tuple[int, bytes]:
    """An array that is the value of a key."""
    if kind == STRING:
        body = b"".join(string(value) for value in values)
    else:
        body = struct.pack(f"<{len(values)}{ {U32: 'I', I32: 'i', F32: 'f'}[kind] }", *values)
    return ARRAY, struct.pack("<IQ", kind, len(values)) + body


@dataclasses.dataclass
class Tensor:
    """A tensor's entry and its data."""

    name: bytes
    # The fastest first.
    dimensions: list[int]
    kind: int
    data: bytes
    # From the beginning of the data; None for right behind the tensor before.
    offset: int | None = None


@dataclasses.dataclass
class File:
    """What stands in a file. `places` says where, once it is built."""

    keys: dict[str, tuple[int, bytes]]
    tensors: list[Tensor]
    magic: bytes = b"GGUF"
    version: int = 3
    tensor_count: int | None = None
    key_count: int | None = None
    # Keys that are there once more.
    more_keys: list[tuple[str | bytes, tuple[int, bytes]]] = dataclasses.field(default_factory=list)
    tail: bytes = b""
    places: dict[str, int] = dataclasses.field(default_factory=dict)

    def tensor(self, name: str) -> Tensor:
        """The first tensor of a name."""
        return next(tensor for tensor in self.tensors if tensor.name == name.encode())

    def build(self) -> bytes:
        """The file."""
        keys = [*self.keys.items(), *self.more_keys]
        counts = [len(self.tensors) if self.tensor_count is None else self.tensor_count,
                  len(keys) if self.key_count is None else self.key_count]
        out = bytearray(self.magic + struct.pack("<I", self.version) + struct.pack("<QQ", *counts))
        for key, (kind, body) in keys:
            self.places[f"key {key}"] = len(out)
            out += string(key) + struct.pack("<I", kind)
            # An array's elements stand behind their type and count.
            self.places[str(key)] = len(out) + (12 if kind == ARRAY else 0)
            self.places[f"type {key}"] = len(out) - 4
            out += body
        end = 0
        for tensor in self.tensors:
            offset = end if tensor.offset is None else tensor.offset
            self.places[f"tensor {tensor.name.decode(errors='replace')}"] = len(out)
            out += string(tensor.name) + struct.pack("<I", len(tensor.dimensions))
            out += b"".join(struct.pack("<Q", dimension) for dimension in tensor.dimensions)
            out += struct.pack("<IQ", tensor.kind, offset)
            end = offset + (len(tensor.data) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        out += b"\0" * (-len(out) % ALIGNMENT)
        self.places["data"] = start = len(out)
        end = 0
        for tensor in self.tensors:
            offset = end if tensor.offset is None or tensor.offset > 1 << 20 else tensor.offset
            out += b"\0" * (start + offset - len(out))
            out[start + offset:start + offset + len(tensor.data)] = tensor.data
            end = offset + (len(tensor.data) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        return bytes(out) + self.tail
