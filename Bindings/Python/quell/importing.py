"""Makes model files of ONNX exports, through libquell_import.so."""

import ctypes
import functools
import os
import pathlib
from typing import Optional, Union

from . import _import_interface, _interface
from ._library import declare, library, log
from .errors import from_error
from .progress import Progress, reporting

_WEIGHTS = {
    name: getattr(_import_interface, f"IMPORT_{name.upper()}") for name in ("source", "f32", "f16", "bf16", "int8", "int4")
}


def import_onnx(
    path: Union[str, os.PathLike[str]],
    output: Union[str, os.PathLike[str]],
    *,
    weights: str = "source",
    name: Optional[str] = None,
    tokenizer: Optional[Union[str, os.PathLike[str]]] = None,
    progress: Progress = False,
) -> None:
    """Makes a model file of an ONNX export: one step of a decoder, or a causal decoder of whole sequences.

    path: the ONNX file; other files that hold its weights lie beside it.
    output: the model file; it appears under its name only when it is complete and has run.
    weights: how matrices are stored: "source", as the export has them, or "f32", "f16", "bf16", "int8" or "int4".
    name: the model's name for people; without one, the name of the file.
    tokenizer: the model's tokenizer.json; without one, the model takes tokens but no text.
    progress: True for a bar, or a function that is told now and then how many bytes of the export's weights are done, and of how
    many; both are 0 while the graph is read.

    What progress raises, and Ctrl-C in the main thread, end the import and leave nothing behind. The same names as elsewhere
    tell what is wrong with a file: MalformedError, UnsupportedError, FileUnreadableError, FileUnwritableError.
    """
    if weights not in _WEIGHTS:
        raise ValueError(f"weights is one of {', '.join(_WEIGHTS)}, not {weights!r}")
    options = _import_interface.Options(
        ctypes.sizeof(_import_interface.Options),
        _WEIGHTS[weights],
        None if name is None else _text(name.encode()),
        None if tokenizer is None else _text(os.fsencode(tokenizer)),
    )
    error = _interface.Error(struct_size=ctypes.sizeof(_interface.Error))
    raised: list[BaseException] = []
    with reporting(progress, "importing") as report:

        def tell(done: int, total: int, _: Optional[int]) -> int:
            # Python looks for Ctrl-C while it runs this, which is why it is called even where nobody wants to know.
            try:
                report(done, total)
            except BaseException as exception:
                raised.append(exception)
            return len(raised)

        arguments = (_text(os.fsencode(path)), _text(os.fsencode(output)), ctypes.byref(options), _import_interface.Progress(tell))
        status = _library().quell_import_onnx(*arguments, None, ctypes.byref(error))
    if raised:
        raise raised[0]
    if status != 0:
        raise from_error(status, error.message.decode("utf-8", "replace"), error.byte_offset)
    log.info("imported %s as %s", os.fspath(path), os.fspath(output))


def _text(text: bytes) -> bytes:
    if b"\0" in text:
        raise ValueError("embedded null byte")
    return text


@functools.cache
def _library() -> ctypes.CDLL:
    """The library that imports: beside the one that runs, or where the system has its libraries."""
    beside = pathlib.Path(library._name).with_name("libquell_import.so")
    place = str(beside) if beside.is_file() else "libquell_import.so.0"
    try:
        loaded = ctypes.CDLL(place)
    except OSError as reason:
        if beside.is_file():
            raise ImportError(f"{place} cannot be loaded, since something that it needs is not installed: {reason}") from None
        raise ImportError(
            f"{beside} not found, and the system has no {place}; without one nothing can be imported. Run `make`, or use the command "
            "`quell import`."
        ) from None
    return declare(loaded, place, "quell_import_abi_version", _import_interface.IMPORT_ABI_VERSION, _import_interface.SIGNATURES)
