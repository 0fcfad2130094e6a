"""The library's interface as far as files need it, without a binding that would look at them first."""

import ctypes
import pathlib

OK, STATE_MISMATCH, CONTEXT_FULL, MALFORMED, UNSUPPORTED = 0, 34, 4, 32, 33


class Error(ctypes.Structure):
    """quell_error."""

    _fields_ = [("struct_size", ctypes.c_uint32), ("code", ctypes.c_int32), ("byte_offset", ctypes.c_uint64), ("message", ctypes.c_char * 256)]


class Options(ctypes.Structure):
    """quell_session_options."""

    _fields_ = [(name, ctypes.c_uint32) for name in (
        "struct_size", "context_length", "instruction_set", "threads", "batch", "uncounted", "event_group")]


class Library:
    """libquell.so."""

    def __init__(self, path: pathlib.Path):
        self.c = ctypes.CDLL(str(path))
        for name in ("quell_model_close", "quell_session_close", "quell_session_reset"):
            getattr(self.c, name).restype = None
        self.c.quell_session_logits.restype = ctypes.POINTER(ctypes.c_float)
        self.c.quell_session_state_size.restype = ctypes.c_uint64
        self.c.quell_model_fingerprint.restype = ctypes.c_uint64

    def open(self, data: bytes) -> tuple[int, str, int, "Model | None"]:
        """Opens bytes: the status, the message, the byte that it names, and the model."""
        error = Error(ctypes.sizeof(Error))
        handle = ctypes.c_void_p()
        memory = ctypes.create_string_buffer(len(data) + 64)
        address = (ctypes.addressof(memory) + 63) // 64 * 64
        ctypes.memmove(address, data, len(data))
        status = self.c.quell_model_open_memory(
            ctypes.c_void_p(address), ctypes.c_uint64(len(data)), ctypes.byref(handle), ctypes.byref(error))
        if status != OK:
            return status, error.message.decode(), error.byte_offset, None
        return status, "", 0, Model(self.c, handle, memory)


class Model:
    """An opened model."""

    def __init__(self, c: ctypes.CDLL, handle: ctypes.c_void_p, memory):
        self.c, self.handle, self.memory = c, handle, memory

    def session(self, context: int = 4) -> "Session":
        """A session whose sums are those of every machine."""
        handle = ctypes.c_void_p()
        options = Options(ctypes.sizeof(Options), context, 1)
        status = self.c.quell_session_create(self.handle, ctypes.byref(options), ctypes.byref(handle), None)
        assert status == OK, f"a session fails with {status}"
        return Session(self.c, handle)

    def close(self) -> None:
        """Gives the model up."""
        self.c.quell_model_close(self.handle)


class Session:
    """A session."""

    def __init__(self, c: ctypes.CDLL, handle: ctypes.c_void_p):
        self.c, self.handle = c, handle

    def step(self, token: int) -> int:
        """Takes a token."""
        return self.c.quell_session_step(self.handle, ctypes.c_uint32(token), None)

    def logits(self, count: int) -> list[float]:
        """The logits of the last step."""
        return list(self.c.quell_session_logits(self.handle)[:count])

    def save(self) -> bytes:
        """The state."""
        size = ctypes.c_uint64(self.c.quell_session_state_size(self.handle))
        state = ctypes.create_string_buffer(size.value)
        assert self.c.quell_session_save_state(self.handle, state, size, ctypes.byref(size), None) == OK
        return state.raw

    def restore(self, state: bytes) -> tuple[int, str, int]:
        """Restores a state: the status, the message, and the byte that it names."""
        error = Error(ctypes.sizeof(Error))
        status = self.c.quell_session_restore_state(self.handle, state, ctypes.c_uint64(len(state)), ctypes.byref(error))
        return (OK, "", 0) if status == OK else (status, error.message.decode(), error.byte_offset)

    def close(self) -> None:
        """Ends the session."""
        self.c.quell_session_close(self.handle)
