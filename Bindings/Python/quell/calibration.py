"""Thresholds that make a model skip a fraction of its work."""

import ctypes
from typing import TYPE_CHECKING, NamedTuple, Union

import numpy as np
import numpy.typing as npt

from ._library import call, library
from .progress import Progress, reporting
from .texts import documents, usual_context, windows

if TYPE_CHECKING:
    from .model import Model


class Calibration(NamedTuple):
    """What calibrate() found."""

    thresholds: npt.NDArray[np.float32]
    """The threshold of each site, to be assigned to `session.thresholds`."""
    quantile: float
    """The fraction of its inputs that each site is to drop; 0 where natural zeros are enough."""
    natural_sparsity: float
    """The fraction of multiply-accumulates that all thresholds at 0 skip on the text."""
    tokens: int
    """How many tokens were run."""


def calibrate(
    model: "Model",
    text: Union[str, bytes],
    sparsity: float,
    *,
    context: int = 0,
    threads: int = 1,
    progress: Progress = False,
) -> Calibration:
    """Runs a model densely over a text, and finds the thresholds with which its sites together skip a fraction of their
    multiply-accumulates, the vocabulary head's apart. Gives what `quell calibrate --method uniform` gives; the command's other methods
    take longer and keep more of what a model can do.

    text: like that on which the model is to run; documents in it are separated by the text of the token that ends one.
    sparsity: the fraction, from 0 to 1.
    context: tokens in a window; 0 for 256, or the model's own limit where that is shorter.
    progress: True for a bar, or a function that is told how many windows are done, and of how many.

    Ctrl-C ends it and leaves nothing behind.
    """
    if not 0 <= sparsity <= 1:
        raise ValueError("sparsity is not from 0 to 1")
    length = context or usual_context(model)
    pieces = [tokens for document in documents(model, text)[0] for tokens, _ in windows(document, length, length)]
    if not pieces:
        raise ValueError("the text holds no tokens to run")
    with model.session(length, threads) as session, reporting(progress, "calibrating") as tell:
        handle = session._open_handle
        call(library.quell_session_begin_calibration, handle, None, 0)
        for done, tokens in enumerate(pieces, 1):
            session.reset()
            session.prefill(tokens[:-1])
            tell(done, len(pieces))
        quantile = ctypes.c_double()
        call(library.quell_session_calibrate, handle, sparsity, ctypes.byref(quantile))
        counts = session.counts
        return Calibration(session.thresholds, quantile.value, counts.activation_sparsity, counts.tokens)
