"""Models, opened from a file or from memory."""

import ctypes
import os
from typing import Any, Iterator, NamedTuple, Union

import numpy as np

from ._handle import Handle
from ._library import call, library, log, text
from ._memory import aligned
from .calibration import Calibration, calibrate
from .generation import Token
from .progress import Progress
from .session import Session
from .tokenizer import Tokenizer

class Site(NamedTuple):
    """The input of one or more linear operations: where a vector becomes events."""

    name: str
    """Its name, unique in the model."""
    kind: str
    """What it feeds, the same for all blocks."""
    inputs: int
    """Length of its input."""
    outputs: int
    """Multiply-accumulates that one event costs."""
    is_head: bool
    """Whether it feeds the vocabulary head."""
    threshold: float
    """The threshold that the file carries: a fresh session's."""


class Model(Handle):
    """A model. Never changes; any number of sessions and threads may share it.

    source: the path of a model file, which is mapped and must stay as it is, or the bytes of one, which are copied.
    """

    _kind = "model"

    def __init__(self, source: Union[str, os.PathLike[str], bytes, bytearray, memoryview]) -> None:
        self._memory: Any = None
        handle = ctypes.c_void_p()
        if isinstance(source, (bytes, bytearray, memoryview)):
            self._memory = _aligned_copy(source)
            call(library.quell_model_open_memory, self._memory.ctypes.data, len(self._memory), ctypes.byref(handle))
        else:
            path = os.fsencode(source)
            if b"\0" in path:
                raise ValueError("a path cannot hold a zero byte")
            call(library.quell_model_open_file, path, ctypes.byref(handle))
        self._handle = handle.value
        log.info("opened %s: %d tokens, %d sites", self.name or "a model", self.vocabulary_size, len(self.sites))

    # ---- What it is ----

    @property
    def name(self) -> str:
        """A name for people, from the file."""
        return text(library.quell_model_name, self._open_handle)

    @property
    def vocabulary_size(self) -> int:
        """How many logits a step gives; token ids are below it."""
        return library.quell_model_vocabulary_size(self._open_handle)

    @property
    def context_length(self) -> int:
        """The greatest number of positions, 0 where nothing limits it."""
        return library.quell_model_context_length(self._open_handle)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that depend on the model's program and on a sample of its weights; threshold files name it by them."""
        return f"{library.quell_model_fingerprint(self._open_handle):016x}"

    @property
    def sites(self) -> list[Site]:
        """The inputs of the model's linear operations, in the order of the program."""
        handle = self._open_handle
        return [
            Site(
                text(library.quell_model_site_name, handle, site),
                text(library.quell_model_site_kind, handle, site),
                library.quell_model_site_inputs(handle, site),
                library.quell_model_site_outputs(handle, site),
                library.quell_model_site_is_head(handle, site),
                library.quell_model_site_threshold(handle, site),
            )
            for site in range(library.quell_model_site_count(handle))
        ]

    @property
    def tokenizer(self) -> Tokenizer:
        """Text to tokens and back; its calls raise NoTokenizerError where the model carries none."""
        self._open_handle
        return Tokenizer(self)

    # ---- Running ----

    def session(self, context_length: int = 0, threads: int = 1, batch: int = 1) -> Session:
        """A fresh session with the model's own thresholds. A context length of 0 is the model's limit.

        threads: how many work on a step, this one among them; the number changes no result.
        batch: how many tokens a prefill takes at a time, each for as much memory as a step needs. What comes after a model's
        last state is then done for the last token of the prompt alone, and counted so.
        """
        return Session(self, context_length, threads, batch)

    def generate(
        self,
        prompt: Union[str, bytes],
        max_tokens: int = 64,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> Iterator[Token]:
        """Goes on with a text, token by token, in a session of its own.

        Ends after max_tokens, before the token that ends a text, and where the context is full. Texts of the tokens can be joined:
        a character's bytes are held back until it is whole.
        """
        return self.session().generate(prompt, max_tokens, temperature, top_k, top_p, seed)

    def calibrate(
        self, text: Union[str, bytes], sparsity: float, *, context: int = 0, threads: int = 1, progress: Progress = False
    ) -> Calibration:
        """Finds thresholds that skip a fraction of the model's work on a text: see calibrate()."""
        return calibrate(self, text, sparsity, context=context, threads=threads, progress=progress)

    # ---- Life ----

    def close(self) -> None:
        """Closes the model; its sessions go on. A second call does nothing."""
        super().close()

    @staticmethod
    def _release(handle: int) -> None:
        library.quell_model_close(handle)


def _aligned_copy(source: Union[bytes, bytearray, memoryview]) -> np.ndarray:
    """The bytes at an address that the library accepts, whatever the object's own is."""
    data = np.frombuffer(source, np.uint8)
    memory = aligned(len(data))
    memory[:] = data
    return memory
