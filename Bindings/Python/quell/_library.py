"""Finds libquell.so, checks that it is of the version that this package was written for, and calls it."""

import ctypes
import logging
import os
import pathlib
from typing import Any

from . import _interface
from .errors import from_error

log = logging.getLogger("quell")
"""What is opened, imported and calibrated; nobody hears of it who does not ask."""
log.addHandler(logging.NullHandler())


def _candidates() -> list[pathlib.Path]:
    """Where the library may be, the best place first."""
    chosen = os.environ.get("QUELL_LIBRARY")
    if chosen:
        return [pathlib.Path(chosen)]
    package = pathlib.Path(__file__).resolve().parent
    return [package / "libquell.so", package.parents[2] / "build" / "lib" / "libquell.so"]


def _load() -> ctypes.CDLL:
    places = _candidates()
    for place in places:
        if place.is_file():
            break
    else:
        looked = ", ".join(str(place) for place in places)
        raise ImportError(f"libquell.so not found; looked for {looked}. Run `make`, or set QUELL_LIBRARY to its path.")
    return declare(ctypes.CDLL(str(place)), str(place), "quell_abi_version", _interface.ABI_VERSION, _interface.SIGNATURES)


def declare(loaded: ctypes.CDLL, place: str, version_function: str, wanted: int, signatures: dict[str, Any]) -> ctypes.CDLL:
    """Checks that a library has the interface that this package was written for, and tells ctypes its functions."""
    try:
        function = getattr(loaded, version_function)
    except AttributeError:
        raise ImportError(f"{place} is not Quell's library: it has no {version_function}") from None
    function.restype = ctypes.c_uint32
    version = function()
    if version != wanted:
        raise ImportError(f"{place} has interface version {version}; this package needs version {wanted}")
    for name, (result, parameters) in signatures.items():
        try:
            function = getattr(loaded, name)
        except AttributeError:
            raise ImportError(f"{place} is older than this package: it has no {name}") from None
        function.restype = result
        function.argtypes = parameters
    log.debug("loaded %s", place)
    return loaded


library = _load()


def call(function: Any, *arguments: Any) -> None:
    """Calls a function that returns a status, and raises its failure as an exception."""
    error = _interface.Error(struct_size=ctypes.sizeof(_interface.Error))
    status = function(*arguments, ctypes.byref(error))
    if status != 0:
        raise from_error(status, error.message.decode("utf-8", "replace"), error.byte_offset)


def text(function: Any, *arguments: Any) -> str:
    """The text that a function gives by the two-call protocol."""
    size = ctypes.c_uint64()
    error = _interface.Error(struct_size=ctypes.sizeof(_interface.Error))
    function(*arguments, None, 0, ctypes.byref(size), ctypes.byref(error))
    buffer = ctypes.create_string_buffer(size.value + 1)
    call(function, *arguments, buffer, len(buffer), None)
    return buffer.raw[: size.value].decode("utf-8", "replace")
