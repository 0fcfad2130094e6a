"""What a model and a session have in common: a handle of the library that is closed once."""

from typing import Any, Optional, TypeVar

Self = TypeVar("Self", bound="Handle")


class Handle:
    """Holds a handle of the library and closes it once: by close(), at the end of a `with` block, or with the object."""

    _kind = ""
    """What a message calls the object."""
    _handle: Optional[int] = None

    @staticmethod
    def _release(handle: int) -> None:
        raise NotImplementedError

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._handle is None

    def close(self) -> None:
        """Closes the object. A second call does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._release(handle)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    @property
    def _open_handle(self) -> int:
        if self._handle is None:
            raise ValueError(f"the {self._kind} is closed")
        return self._handle
