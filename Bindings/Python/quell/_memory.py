"""Memory at addresses that the library accepts."""

import numpy as np
import numpy.typing as npt

_ALIGNMENT = 64


def aligned(size: int) -> npt.NDArray[np.uint8]:
    """Bytes, uninitialised."""
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size]
