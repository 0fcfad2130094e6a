"""Text to tokens and back."""

import ctypes
from typing import TYPE_CHECKING, Iterable, Optional, Union

import numpy as np

from . import _interface
from ._library import call, library
from .errors import BufferTooSmallError

if TYPE_CHECKING:
    from .model import Model


class Tokenizer:
    """The tokenizer that a model carries. Safe for threads; keeps the model."""

    def __init__(self, model: "Model") -> None:
        self._model = model

    @property
    def begin(self) -> Optional[int]:
        """The token that begins a text, or None where the model has none."""
        return _optional(library.quell_model_beginning_token(self._model._open_handle))

    @property
    def end(self) -> Optional[int]:
        """The token that ends a text, or None where the model has none."""
        return _optional(library.quell_model_end_token(self._model._open_handle))

    def encode(self, text: Union[str, bytes]) -> list[int]:
        """The tokens of a text; bytes need not be UTF-8."""
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
        # Most texts have a token for four bytes; only odd ones have more tokens than bytes.
        capacity = len(data) + 1
        while True:
            tokens = np.empty(capacity, np.uint32)
            count = ctypes.c_uint64()
            try:
                room = (tokens.ctypes.data, capacity, ctypes.byref(count))
                call(library.quell_model_encode, self._model._open_handle, data, len(data), *room)
            except BufferTooSmallError:
                capacity = count.value
                continue
            return tokens[: count.value].tolist()

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """The bytes of tokens, one after the other; perhaps not whole characters."""
        ids = np.ascontiguousarray(list(tokens), np.uint32)
        size = ctypes.c_uint64()
        arguments = (self._model._open_handle, ids.ctypes.data, len(ids))
        try:
            call(library.quell_model_decode, *arguments, None, 0, ctypes.byref(size))
        except BufferTooSmallError:
            pass
        buffer = ctypes.create_string_buffer(max(size.value, 1))
        call(library.quell_model_decode, *arguments, buffer, size.value, ctypes.byref(size))
        return buffer.raw[: size.value]

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens; what is no UTF-8 is read as U+FFFD."""
        return self.decode_bytes(tokens).decode("utf-8", "replace")

    def is_control(self, token: int) -> bool:
        """Whether a token steers the model rather than stand for text."""
        return library.quell_model_token_is_control(self._model._open_handle, token)

    def bytes(self, token: int) -> bytes:
        """The bytes of one token."""
        return self.decode_bytes([token])


def _optional(token: int) -> Optional[int]:
    return None if token == _interface.NO_TOKEN else token
