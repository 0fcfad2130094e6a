"""One run of a model."""

import ctypes
from typing import TYPE_CHECKING, Any, Iterable, Iterator, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _interface
from ._handle import Handle
from ._library import call, library
from ._memory import aligned
from .generation import Token, continuation
from .sampling import Sampler

if TYPE_CHECKING:
    from .model import Model

_TOKENS_PER_CALL = 16


class Counts(NamedTuple):
    """What a session's linear operations did; MACs are multiply-accumulates, and the vocabulary head's are counted apart."""

    tokens: int
    events: int
    effective_macs: int
    dense_macs: int
    head_effective_macs: int
    head_dense_macs: int

    @property
    def activation_sparsity(self) -> float:
        """The fraction of multiply-accumulates outside the head that were not done, 0 where there were none."""
        return 1 - self.effective_macs / self.dense_macs if self.dense_macs else 0.0


class Cost(NamedTuple):
    """What a token would cost on SENECA, a neuromorphic processor: modelled, not measured."""

    energy: float
    """Microjoules per token."""
    dense_energy: float
    """Microjoules per token if nothing were skipped."""
    latency: float
    """Milliseconds per token."""
    dense_latency: float
    """Milliseconds per token if nothing were skipped."""


class Scores(NamedTuple):
    """How a model predicted tokens that were to come, one element for each of them."""

    log_probabilities: npt.NDArray[np.float32]
    """ln of the probability that it gave to the token."""
    greatest: npt.NDArray[np.uint32]
    """The token that it thought likeliest, the first of equals."""


class Adaptation(NamedTuple):
    """How a session adapts its thresholds while it runs."""

    target: float
    """The fraction of multiply-accumulates to skip, the vocabulary head's apart."""
    rate: float
    """How much of what a token misses the target by is added to the logarithm of the factor."""
    lowest: float
    """The factor never falls below this."""
    highest: float
    """The factor never rises above this."""
    factor: float
    """What all thresholds but the head's are multiplied by: all that was learned."""


class Session(Handle):
    """One run of a model: takes tokens, gives logits, remembers what came before. Belongs to one thread at a time.

    Made by Model.session(). Keeps its model open.
    """

    _kind = "session"

    def __init__(self, model: "Model", context_length: int = 0, threads: int = 1, batch: int = 1) -> None:
        for name, number in (("context_length", context_length), ("threads", threads), ("batch", batch)):
            if not 0 <= number < 2**32:
                raise ValueError(f"{name} is not from 0 to 2**32 - 1")
        options = _interface.SessionOptions(
            struct_size=ctypes.sizeof(_interface.SessionOptions),
            context_length=context_length,
            threads=threads,
            batch=batch,
        )
        size = ctypes.c_uint64()
        call(library.quell_session_memory_size, model._open_handle, ctypes.byref(options), ctypes.byref(size))
        # The session lives in memory of NumPy's, so that a view of its logits is sound however long it is kept.
        memory = aligned(size.value)
        handle = ctypes.c_void_p()
        place = (memory.ctypes.data, len(memory), ctypes.byref(handle))
        call(library.quell_session_create_in, model._open_handle, ctypes.byref(options), *place)
        self._handle = handle.value
        self._model = model
        # The library keeps what it has of a model until its sessions are closed; bytes in memory are this side's to keep.
        self._memory = model._memory
        self._batch = batch
        self._vocabulary_size = model.vocabulary_size
        start = ctypes.cast(library.quell_session_logits(self._handle), ctypes.c_void_p).value - memory.ctypes.data
        self._logits = memory[start : start + 4 * self._vocabulary_size].view(np.float32)
        self._logits.flags.writeable = False
        self._site_count = library.quell_model_site_count(model._open_handle)

    # ---- Tokens ----

    def step(self, token: int) -> npt.NDArray[np.float32]:
        """Takes one token; returns the logits of the next, a copy that is the caller's. A failure leaves the session as it was."""
        call(library.quell_session_step, self._open_handle, _token(token))
        return self.logits.copy()

    def prefill(self, tokens: Iterable[int]) -> npt.NDArray[np.float32]:
        """Takes several tokens; returns the logits after the last, a copy. A failure leaves the session as it was.

        Ctrl-C ends it between tokens, or between batches of them: `position` tells how many the session has taken then.
        """
        handle = self._open_handle
        ids = _tokens(tokens)
        # Python looks for Ctrl-C between calls. What the library would refuse is given to it as a whole.
        room = self.capacity - self.position if self.capacity else len(ids)
        refused = len(ids) > room or (len(ids) > 0 and ids.max() >= self._vocabulary_size)
        some = max(len(ids), 1) if refused else _TOKENS_PER_CALL * max(self._batch, 1)
        for first in range(0, len(ids), some):
            part = ids[first : first + some]
            call(library.quell_session_prefill, handle, part.ctypes.data, len(part))
        return self.logits.copy()

    def score(self, tokens: Iterable[int], targets: Optional[Iterable[int]] = None) -> Scores:
        """Takes several tokens, and tells of each how the model predicted the one that was to come after it.

        Without targets, the tokens themselves are predicted: all but the last are taken, and all but the first have a score. With
        targets, as many as tokens, all tokens are taken. A failure leaves the session as it was.
        """
        taken = _tokens(tokens)
        if targets is None:
            taken, wanted = taken[:-1], taken[1:].copy()
        else:
            wanted = _tokens(targets)
            if len(wanted) != len(taken):
                raise ValueError(f"there are {len(taken)} tokens and {len(wanted)} targets")
        scores = np.empty(len(taken), [("log_probability", np.float32), ("greatest", np.uint32)])
        call(
            library.quell_session_score,
            self._open_handle,
            taken.ctypes.data,
            wanted.ctypes.data,
            len(taken),
            ctypes.cast(scores.ctypes.data, ctypes.POINTER(_interface.TokenScore)),
        )
        return Scores(scores["log_probability"].copy(), scores["greatest"].copy())

    def all_logits(self, tokens: Iterable[int]) -> npt.NDArray[np.float32]:
        """Takes several tokens; returns the logits after each of them, a row for each. A failure leaves the session as it was."""
        ids = _tokens(tokens)
        rows = np.empty((len(ids), self._vocabulary_size), np.float32)

        def keep(index: int, logits: Any, _: Any) -> None:
            ctypes.memmove(rows[index].ctypes.data, logits, rows.strides[0])

        visitor = _interface.LogitsVisitor(keep)
        call(library.quell_session_visit_logits, self._open_handle, ids.ctypes.data, len(ids), visitor, None)
        return rows

    @property
    def logits(self) -> npt.NDArray[np.float32]:
        """The logits of the last step: a view that cannot be written to and that changes with the next step. Before the first step
        they mean nothing."""
        self._open_handle
        return self._logits

    def sample(self, sampler: Sampler) -> int:
        """Chooses the next token from the logits; does not step."""
        token = ctypes.c_uint32()
        call(library.quell_session_sample, self._open_handle, ctypes.byref(sampler._record), ctypes.byref(token))
        return token.value

    def generate(
        self,
        prompt: Union[str, bytes] = "",
        max_tokens: int = 64,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> Iterator[Token]:
        """Takes a text, if any, and goes on with it, token by token. See Model.generate().

        However this is left, at its end, by `break` or by Ctrl-C, the session can be used on: `position` tells how many tokens it has
        taken.
        """
        sampler = Sampler(temperature, top_k, top_p, seed)
        tokens = self._model.tokenizer.encode(prompt) if prompt else []
        if not tokens and self.position == 0:
            raise ValueError("the prompt has no tokens")
        self.prefill(tokens)
        return continuation(self, sampler, max_tokens)

    def reset(self) -> None:
        """Forgets every token; thresholds and counters stay."""
        library.quell_session_reset(self._open_handle)

    @property
    def position(self) -> int:
        """Tokens taken since the session was made or reset."""
        return library.quell_session_position(self._open_handle)

    @property
    def capacity(self) -> int:
        """The greatest number of tokens, 0 where nothing limits it."""
        return library.quell_session_capacity(self._open_handle)

    # ---- Events ----

    @property
    def thresholds(self) -> npt.NDArray[np.float32]:
        """The threshold of each site, a copy; assign an array of as many numbers, or one number for all sites."""
        handle = self._open_handle
        thresholds = np.empty(self._site_count, np.float32)
        threshold = ctypes.c_float()
        for site in range(len(thresholds)):
            call(library.quell_session_get_threshold, handle, site, ctypes.byref(threshold))
            thresholds[site] = threshold.value
        return thresholds

    @thresholds.setter
    def thresholds(self, thresholds: Union[float, npt.ArrayLike]) -> None:
        handle = self._open_handle
        wanted = np.broadcast_to(np.asarray(thresholds, np.float32), (self._site_count,))
        if not (np.isfinite(wanted) & ~np.signbit(wanted)).all():
            raise ValueError("a threshold is not a finite number of at least 0")
        for site in range(self._site_count):
            call(library.quell_session_set_threshold, handle, site, float(wanted[site]))

    def adapt(
        self, target: Optional[float], rate: float = 0.05, lowest: float = 0.125, highest: float = 8.0, factor: float = 1.0
    ) -> None:
        """Makes the session keep a sparsity: a factor on all its thresholds but the head's goes up after a token that skipped less
        than the target, and down after one that skipped more. While a session adapts it takes tokens one by one.

        The attribute `thresholds` goes on to mean the thresholds before the factor. `session.adapt(*adaptation)` goes on with what
        another session learned. A target of None ends it: the thresholds are those that were set, then.
        """
        if target is None:
            call(library.quell_session_adapt, self._open_handle, None)
            return
        numbers = {"rate": rate, "lowest": lowest, "highest": highest, "factor": factor}
        for name, number in numbers.items():
            # The library takes 0 as a wish for the usual number.
            if not np.float32(number) > 0:
                raise ValueError(f"{name} is not above 0")
        options = _interface.Adaptation(struct_size=ctypes.sizeof(_interface.Adaptation), target=target, **numbers)
        call(library.quell_session_adapt, self._open_handle, ctypes.byref(options))

    @property
    def adaptation(self) -> Optional[Adaptation]:
        """How the session adapts, and the factor that it has come to; None where it does not."""
        present = _interface.Adaptation(struct_size=ctypes.sizeof(_interface.Adaptation))
        call(library.quell_session_adaptation, self._open_handle, ctypes.byref(present))
        return None if present.target < 0 else Adaptation(*(getattr(present, name) for name in Adaptation._fields))

    @property
    def site_events(self) -> npt.NDArray[np.uint64]:
        """Events of each site since the counters were last set to zero."""
        handle = self._open_handle
        return np.array([library.quell_session_site_events(handle, site) for site in range(self._site_count)], np.uint64)

    @property
    def counts(self) -> Counts:
        """The counts of all sites together."""
        counts = _interface.Counts(struct_size=ctypes.sizeof(_interface.Counts))
        call(library.quell_session_counts, self._open_handle, ctypes.byref(counts))
        return Counts(*(getattr(counts, name) for name in Counts._fields))

    def work(self, dense: bool = False) -> dict[str, int]:
        """The work that was done since the counters were last set to zero, or would have been if every input had fired: units by kind."""
        names = []
        while (name := library.quell_cost_kind_name(len(names))) is not None:
            names.append(name.decode())
        units = np.zeros(len(names), np.uint64)
        call(library.quell_cost_session_work, self._open_handle, dense, units.ctypes.data, len(units))
        return {name: int(count) for name, count in zip(names, units)}

    def reset_counts(self) -> None:
        """Sets all counters to zero."""
        library.quell_session_reset_counts(self._open_handle)

    @property
    def cost(self) -> Cost:
        """What the counted tokens would cost on SENECA: modelled, not measured."""
        cost = _interface.Cost(struct_size=ctypes.sizeof(_interface.Cost))
        call(library.quell_session_estimate_cost, self._open_handle, ctypes.byref(cost))
        return Cost(*(getattr(cost, name) for name in Cost._fields))

    # ---- State ----

    def save(self) -> bytes:
        """What the session has of its tokens, for restore()."""
        handle = self._open_handle
        state = ctypes.create_string_buffer(library.quell_session_state_size(handle))
        call(library.quell_session_save_state, handle, state, len(state), None)
        return state.raw

    def restore(self, state: bytes) -> None:
        """Goes on from a saved state; there are no logits before the next step. A failure leaves the session as it was."""
        call(library.quell_session_restore_state, self._open_handle, bytes(state), len(state))

    # ---- Life ----

    @property
    def model(self) -> "Model":
        """The model that runs."""
        return self._model

    def close(self) -> None:
        """Ends the session. A second call does nothing."""
        super().close()

    @staticmethod
    def _release(handle: int) -> None:
        library.quell_session_close(handle)


def _tokens(tokens: Iterable[int]) -> npt.NDArray[np.uint32]:
    """Token ids as the library takes them."""
    return np.fromiter((_token(token) for token in tokens), np.uint32)


def _token(token: int) -> int:
    """A token id that the library can be asked about; ctypes would cut a greater one off silently."""
    if not 0 <= token < 2**32:
        raise ValueError(f"token {token} is not from 0 to 2**32 - 1")
    return int(token)
