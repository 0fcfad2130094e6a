"""Makes model files of ONNX exports, through libquell_import.so."""

import ctypes
import functools
import os
import pathlib
from ctypes import POINTER, c_char_p, c_int32, c_uint32, c_uint64, c_void_p
from typing import Callable, Optional, Union

from . import _interface
from ._library import library
from .errors import from_error

_ABI_VERSION = 1
_WEIGHTS = {"source": 0, "f32": 1, "f16": 2, "bf16": 3, "int8": 4, "int4": 5}


class _Options(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("weights", c_uint32), ("name", c_char_p), ("tokenizer", c_char_p)]


_Progress = ctypes.CFUNCTYPE(c_int32, c_uint64, c_uint64, c_void_p)


def import_onnx(
    path: Union[str, os.PathLike[str]],
    output: Union[str, os.PathLike[str]],
    *,
    weights: str = "source",
    name: Optional[str] = None,
    tokenizer: Optional[Union[str, os.PathLike[str]]] = None,
    progress: Optional[Callable[[int, int], object]] = None,
) -> None:
    """Makes a model file of an ONNX export: one step of a decoder, or a causal decoder of whole sequences.

    path: the ONNX file; other files that hold its weights lie beside it.
    output: the model file; it appears under its name only when it is complete and has run.
    weights: how matrices are stored: "source", as the export has them, or "f32", "f16", "bf16", "int8" or "int4".
    name: the model's name for people; without one, the name of the file.
    tokenizer: the model's tokenizer.json; without one, the model takes tokens but no text.
    progress: told now and then how many bytes of the export's weights are done, and of how many; both are 0 while the graph is read.

    What progress raises, and Ctrl-C in the main thread, end the import and leave nothing behind. The same names as elsewhere
    tell what is wrong with a file: MalformedError, UnsupportedError, FileUnreadableError, FileUnwritableError.
    """
    if weights not in _WEIGHTS:
        raise ValueError(f"weights is one of {', '.join(_WEIGHTS)}, not {weights!r}")
    raised: list[BaseException] = []

    def tell(done: int, total: int, _: Optional[int]) -> int:
        # Python looks for Ctrl-C while it runs this, which is why it is called even where nobody wants to know.
        try:
            if progress is not None:
                progress(done, total)
        except BaseException as exception:
            raised.append(exception)
        return len(raised)

    options = _Options(
        ctypes.sizeof(_Options),
        _WEIGHTS[weights],
        None if name is None else _text(name.encode()),
        None if tokenizer is None else _text(os.fsencode(tokenizer)),
    )
    error = _interface.Error(struct_size=ctypes.sizeof(_interface.Error))
    status = _library().quell_import_onnx(
        _text(os.fsencode(path)), _text(os.fsencode(output)), ctypes.byref(options), _Progress(tell), None, ctypes.byref(error)
    )
    if raised:
        raise raised[0]
    if status != 0:
        raise from_error(status, error.message.decode("utf-8", "replace"), error.byte_offset)


def _text(text: bytes) -> bytes:
    if b"\0" in text:
        raise ValueError("embedded null byte")
    return text


@functools.cache
def _library() -> ctypes.CDLL:
    """The library that imports; it lies beside the one that runs."""
    place = pathlib.Path(library._name).with_name("libquell_import.so")
    if not place.is_file():
        raise ImportError(f"{place} not found, without which nothing can be imported. Run `make`, or use the command `quell import`.")
    try:
        loaded = ctypes.CDLL(str(place))
    except OSError as reason:
        raise ImportError(f"{place} cannot be loaded, since something that it needs is not installed: {reason}") from None
    loaded.quell_import_abi_version.restype = c_uint32
    version = loaded.quell_import_abi_version()
    if version != _ABI_VERSION:
        raise ImportError(f"{place} has interface version {version}; this package needs version {_ABI_VERSION}")
    loaded.quell_import_onnx.restype = c_int32
    loaded.quell_import_onnx.argtypes = [c_char_p, c_char_p, POINTER(_Options), _Progress, c_void_p, POINTER(_interface.Error)]
    return loaded
