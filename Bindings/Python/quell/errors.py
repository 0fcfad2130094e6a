"""What can go wrong, one class for each status of the library."""

from typing import Optional

from . import _interface

_NO_OFFSET = 2**64 - 1


class QuellError(Exception):
    """A call of the library failed."""

    status: int
    """The status, as in quell.h."""

    byte_offset: Optional[int]
    """Where in the data the failure was found, or None where that makes no sense."""

    def __init__(self, message: str, status: int = 0, byte_offset: Optional[int] = None) -> None:
        super().__init__(message if byte_offset is None else f"{message} (byte {byte_offset})")
        self.status = status
        self.byte_offset = byte_offset


class InvalidArgumentError(QuellError, ValueError):
    """An argument was impossible."""


class TokenOutOfRangeError(QuellError, IndexError):
    """A token id is not below the vocabulary size."""


class BufferTooSmallError(QuellError):
    """A buffer is too small."""


class ContextFullError(QuellError):
    """The session has no room for another position."""


class NoTokenizerError(QuellError):
    """The model carries no tokenizer."""


class OutOfMemoryError(QuellError, MemoryError):
    """Memory could not be had."""


class FileUnreadableError(QuellError, OSError):
    """A file could not be opened or read."""


class FileUnwritableError(QuellError, OSError):
    """A file could not be written."""


class MalformedError(QuellError):
    """The bytes are not what they claim to be."""


class UnsupportedError(QuellError):
    """The data is well formed but of a kind that this version cannot use."""


class StateMismatchError(QuellError):
    """The saved state belongs to another model, or is damaged."""


BY_STATUS: dict[int, type[QuellError]] = {
    _interface.INVALID_ARGUMENT: InvalidArgumentError,
    _interface.TOKEN_OUT_OF_RANGE: TokenOutOfRangeError,
    _interface.BUFFER_TOO_SMALL: BufferTooSmallError,
    _interface.CONTEXT_FULL: ContextFullError,
    _interface.NO_TOKENIZER: NoTokenizerError,
    _interface.OUT_OF_MEMORY: OutOfMemoryError,
    _interface.FILE_UNREADABLE: FileUnreadableError,
    _interface.FILE_UNWRITABLE: FileUnwritableError,
    _interface.MALFORMED: MalformedError,
    _interface.UNSUPPORTED: UnsupportedError,
    _interface.STATE_MISMATCH: StateMismatchError,
}


def from_error(status: int, message: str, byte_offset: int) -> QuellError:
    """The exception for a status of the library."""
    offset = None if byte_offset == _NO_OFFSET else byte_offset
    return BY_STATUS.get(status, QuellError)(message, status, offset)
