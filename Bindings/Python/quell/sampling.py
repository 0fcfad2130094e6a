"""How the next token is chosen."""

import ctypes

from . import _interface
from ._library import call, library


class Sampler:
    """Chooses tokens; the same options and seed give the same choices for the same logits.

    temperature: divides the logits; 0 chooses the greatest logit, always.
    top_k: only that many of the likeliest tokens are considered; 0 for all.
    top_p: only the likeliest tokens whose probabilities add up to this are considered; 1 for all.
    """

    def __init__(self, temperature: float = 0.0, top_k: int = 0, top_p: float = 1.0, seed: int = 0) -> None:
        if not 0 < top_p <= 1:
            raise ValueError("top_p is not above 0 and at most 1")
        if not 0 <= top_k < 2**32:
            raise ValueError("top_k is not from 0 to 2**32 - 1")
        if not 0 <= seed < 2**64:
            raise ValueError("seed is not from 0 to 2**64 - 1")
        options = _interface.SamplerOptions(
            struct_size=ctypes.sizeof(_interface.SamplerOptions), temperature=temperature, top_k=top_k, top_p=top_p, seed=seed
        )
        self._record = _interface.Sampler()
        call(library.quell_sampler_initialize, ctypes.byref(self._record), ctypes.byref(options))
