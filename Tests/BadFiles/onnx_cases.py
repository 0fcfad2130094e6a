"""ONNX files made to be wrong, by name, byte by byte in protobuf's wire format, each with the exit status and the words of the command."""

import dataclasses
import os
import pathlib
import struct
import typing

import command_case
from command_case import FAILED, MALFORMED, UNSUPPORTED

FLOAT, INT64 = 1, 7


def varint(number: int) -> bytes:
    """A number in groups of seven bits."""
    number &= 2**64 - 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes | str | int) -> bytes:
    """A field: a number, or bytes with their length."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def value(name: str, kind: int, shape: list[int]) -> bytes:
    """What a graph says of an input or output."""
    axes = b"".join(field(1, field(1, axis)) for axis in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, axes)))


def tensor(name: str, shape: list[int], data: bytes, kind: int = FLOAT) -> bytes:
    """An initializer, as a field of a graph; `data` are the fields that hold its numbers."""
    return field(5, b"".join(field(1, axis) for axis in shape) + field(2, kind) + field(8, name) + data)


def reals(name: str, shape: list[int], numbers: list[float]) -> bytes:
    """An initializer of floats."""
    return tensor(name, shape, field(9, struct.pack(f"<{len(numbers)}f", *numbers)))


def node(operation: str, inputs: list[str], output: str, more: bytes = b"") -> bytes:
    """A node named after its output."""
    names = b"".join(field(1, name) for name in inputs)
    return field(1, names + field(2, output) + field(3, f"make_{output}") + field(4, operation) + more)


def model(graph: bytes, opset: int = 17, ir: int = 8) -> bytes:
    """A file."""
    return field(1, ir) + field(7, field(2, "graph") + graph) + field(8, field(2, opset))


def parts(vocabulary: int = 3) -> dict[str, bytes]:
    """A graph that can be imported: a table, and a head."""
    width = 2
    return {
        "token": field(11, value("token", INT64, [1])),
        "table": reals("table", [vocabulary, width], [float(index) for index in range(vocabulary * width)]),
        "head": reals("head", [width, vocabulary], [0.5 * index for index in range(vocabulary * width)]),
        "gather": node("Gather", ["table", "token"], "x"),
        "product": node("MatMul", ["x", "head"], "logits"),
        "logits": field(12, value("logits", FLOAT, [1, vocabulary])),
    }


def good(vocabulary: int = 3) -> bytes:
    """The graph as a file."""
    return model(b"".join(parts(vocabulary).values()))


def changed(**with_parts: bytes) -> bytes:
    """The file with other parts, or more of them."""
    return model(b"".join({**parts(), **with_parts}.values()))


def later(**with_parts: bytes) -> bytes:
    """The same in a version of operators that libonnx does not know, so that the importer judges alone."""
    return model(b"".join({**parts(), **with_parts}.values()), opset=21)


@dataclasses.dataclass
class Case(command_case.Case):
    """A file, what lies beside it, and what is said."""

    # What lies beside it, by name: bytes, or what makes it.
    beside: dict[str, bytes | typing.Callable] = dataclasses.field(default_factory=dict)

    def prepare(self, folder: pathlib.Path) -> None:
        """Makes what lies beside."""
        for name, content in self.beside.items():
            if isinstance(content, bytes):
                (folder / name).write_bytes(content)
            else:
                content(folder / name)

    def clear(self, folder: pathlib.Path) -> None:
        """Takes it away."""
        for name in reversed(self.beside):
            path = folder / name
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def wire_cases() -> list[Case]:
    """What is no protobuf."""
    data = good()
    flood = b"".join(field(number, number) + field(number, "x" * 40) for number in range(100, 20_000))
    cases = [
        ("empty", b"", MALFORMED, ""), ("one byte", data[:1], MALFORMED, ""), ("half of it", data[: len(data) // 2], MALFORMED, "byte"),
        ("a byte too few", data[:-1], MALFORMED, ""), ("text", b"Once upon a time there was no model here.", MALFORMED, ""),
        ("a model file", b"GGUF" + bytes(60), MALFORMED, ""),
        ("a group", data + b"\x0b\x0c", MALFORMED, f"byte {len(data)}"),
        ("wire type 6", data + b"\x0e\0", MALFORMED, f"byte {len(data)}"),
        ("a number without end", data + b"\x08" + b"\x80" * 10 + b"\1", MALFORMED, "does not end"),
        ("a length of 4 GiB", data + b"\x3a\xff\xff\xff\xff\x0f", MALFORMED, "length beyond the end"),
        ("a length of 2^64 - 1", data + b"\x3a" + b"\xff" * 9 + b"\1", MALFORMED, "length beyond the end"),
        ("field number 0", data + b"\0\1", MALFORMED, "field number"),
        ("two graphs", data + b"\x3a\0", MALFORMED, "two graphs"), ("two files joined", data + data, MALFORMED, "two graphs"),
        ("no graph", field(1, 8) + field(8, field(2, 17)), MALFORMED, "graph"),
        ("a flood of unknown fields, and no graph", flood, MALFORMED, "graph"),
    ]
    return [Case(name, data, status, [says] if says else []) for name, data, status, says in cases]


def graph_cases() -> list[Case]:
    """Graphs that are none."""
    nested = field(2, "innermost")
    while len(nested) < 100_000:
        attribute = field(1, "then_branch") + field(6, nested) + field(20, 5)
        nested = field(1, field(4, "If") + field(5, attribute))
    axis = field(5, field(1, "axis") + field(3, 0) + field(20, 1))
    late = field(5, field(1, "mode") + b"\x22\x05ab")
    short = field(9, bytes(20))
    cases = [
        ("branches within branches", changed(more=nested), UNSUPPORTED, "nested"),
        ("a flood of nodes", changed(more=b"\x0a\0" * (9 << 18)), UNSUPPORTED, "more than"),
        ("a flood of tensors", changed(more=b"\x2a\0" * (9 << 18)), UNSUPPORTED, "more than"),
        ("a name twice", changed(more=reals("head", [1], [1])), MALFORMED, "two initializers"),
        ("an input twice", changed(more=parts()["token"]), MALFORMED, '"token"'),
        ("a result twice", changed(more=node("Neg", ["table"], "x")), MALFORMED, '"x"'),
        ("an input that is nowhere", changed(more=node("Neg", ["nowhere"], "y")), MALFORMED, '"nowhere"'),
        ("an output that is nowhere", changed(logits=field(12, value("nothing", FLOAT, [1]))), MALFORMED, '"nothing"'),
        ("a cycle", changed(more=node("Neg", ["loop"], "loop")), MALFORMED, "cycle"),
        ("a tensor without a name", changed(more=reals("", [1], [1])), MALFORMED, "no name"),
        ("no output", changed(logits=b""), UNSUPPORTED, "there are no logits"), ("no nodes", changed(gather=b"", product=b""), MALFORMED, "no graph"),
        ("an unknown operator", later(product=node("Frobnicate", ["x", "head"], "logits")), UNSUPPORTED, "Frobnicate"),
        ("an unknown domain", later(product=node("MatMul", ["x", "head"], "logits", field(7, "org.example"))), UNSUPPORTED, "org.example"),
        ("an attribute of the wrong type", changed(gather=node("Gather", ["table", "token"], "x", axis)), MALFORMED, "axis"),
        ("a text that runs past its attribute", changed(more=field(1, field(1, "x") + field(2, "y") + field(4, "Identity") + late)), MALFORMED,
         "length beyond the end"),
        ("no version of operators", field(1, 8) + field(7, b"".join(parts().values())), MALFORMED, ""),
        ("a version of operators of 2^63", model(b"".join(parts().values()), opset=1 << 63), MALFORMED, ""),
        ("data too short", changed(table=tensor("table", [3, 2], short)), MALFORMED, '"table"'),
        ("no data", changed(table=tensor("table", [3, 2], b"")), MALFORMED, "table"),
        ("a name of several lines", changed(more=tensor("a\n\x1b[2J\u0085b", [3, -2], short)), MALFORMED, "a??[2J?b"),
        ("a negative dimension", changed(table=tensor("table", [3, -2], short)), MALFORMED, '"table"'),
        ("a product of dimensions that wraps", changed(table=tensor("table", [1 << 32, 1 << 32], short)), MALFORMED, "table"),
        ("a product beyond the data", changed(table=tensor("table", [1 << 31, 2], short)), MALFORMED, '"table"'),
        ("thirty dimensions", changed(table=tensor("table", [1] * 30, short)), UNSUPPORTED, '"table"'),
        ("an unknown type", changed(table=tensor("table", [3, 2], short, kind=77)), UNSUPPORTED, "77"),
        ("texts as weights", changed(table=tensor("table", [3, 2], short, kind=8)), MALFORMED, "table"),
        ("weights that are no numbers", changed(head=reals("head", [2, 3], [1, float("nan"), 0, 0, 1, 1])), UNSUPPORTED, "not finite"),
        ("a head of another shape", changed(head=reals("head", [3, 3], [1.0] * 9)), UNSUPPORTED, "make_logits"),
    ]
    return [Case(name, data, status, [says] if says else []) for name, data, status, says in cases]


def external_cases() -> list[Case]:
    """Weights that lie where they must not, or not at all."""
    weights = struct.pack("<7f", 9, *range(6))

    def table(*entries: tuple[str, str]) -> bytes:
        return changed(table=tensor("table", [3, 2], field(14, 1) + b"".join(field(13, field(1, key) + field(2, text)) for key, text in entries)))

    here = {"weights.bin": weights}
    outside = lambda path: path.symlink_to("/etc/passwd")
    hard = lambda path: os.link(path.parent / "weights.bin", path)
    cases = [
        ("no place", table(), MALFORMED, '"table"', {}), ("an empty place", table(("location", "")), MALFORMED, '"table"', {}),
        ("the folder above", table(("location", "../weights.bin")), MALFORMED, '"table"', {}),
        ("a folder, then above", table(("location", "a/../../weights.bin")), MALFORMED, '"table"', {}),
        ("an absolute path", table(("location", "/etc/passwd")), MALFORMED, '"table"', {}),
        ("a device", table(("location", "/dev/zero")), MALFORMED, '"table"', {}),
        ("a zero byte in the path", table(("location", "weights.bin\0x")), MALFORMED, "", here),
        ("nothing there", table(("location", "missing.bin")), FAILED, "missing.bin", {}),
        ("a symbolic link", table(("location", "link.bin")), FAILED, "link.bin", {"link.bin": outside}),
        ("a hard link", table(("location", "hard.bin"), ("offset", "4")), MALFORMED, "hard.bin", {**here, "hard.bin": hard}),
        ("a folder", table(("location", "folder")), MALFORMED, "folder", {"folder": lambda path: path.mkdir()}),
        ("a pipe", table(("location", "pipe")), MALFORMED, "pipe", {"pipe": lambda path: os.mkfifo(path)}),
        ("a negative offset", table(("location", "weights.bin"), ("offset", "-4")), MALFORMED, '"table"', here),
        ("an offset past the end", table(("location", "weights.bin"), ("offset", "28")), MALFORMED, '"table"', here),
        ("an offset of 2^64 - 1", table(("location", "weights.bin"), ("offset", str(2**64 - 1))), MALFORMED, '"table"', here),
        ("an offset and a length that wrap", table(("location", "weights.bin"), ("offset", "8"), ("length", str(2**63 - 1))), MALFORMED,
         '"table"', here),
        ("a length that is another", table(("location", "weights.bin"), ("length", "20")), MALFORMED, '"table"', here),
        ("an offset that is no number", table(("location", "weights.bin"), ("offset", "4x")), MALFORMED, '"table"', here),
        ("an unknown key", table(("location", "missing.bin"), ("attribute", "x" * 10_000)), FAILED, "missing.bin", {}),
    ]
    return [Case(name, data, status, [says] if says else [], beside) for name, data, status, says, beside in cases]


def cases() -> list[Case]:
    """All of them."""
    return [*wire_cases(), *graph_cases(), *external_cases()]
