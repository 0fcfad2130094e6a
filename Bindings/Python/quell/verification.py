"""Holds a model file against the ONNX export that it was made from, step by step, through ONNX Runtime."""

import math
import os
from typing import Any, Iterable, Mapping, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from .model import Model

_TYPES = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(int64)": np.int64,
    "tensor(int32)": np.int32, "tensor(bool)": np.bool_,
}  # fmt: skip


class Verification(NamedTuple):
    """How far a model's logits are from those of its export."""

    tokens: int
    """How many tokens were run."""
    largest_error: float
    """The greatest distance of any logit."""
    relative_error: float
    """The Euclidean length of all differences over that of all logits of the export."""
    same_arg_max: int
    """After how many tokens the greatest logit is the same."""


def verify(
    onnx: Union[str, os.PathLike[str]],
    gguf: Union[str, os.PathLike[str]],
    tokens: Optional[Iterable[int]] = None,
    *,
    roles: Optional[Mapping[str, str]] = None,
    initial: Optional[Mapping[str, npt.ArrayLike]] = None,
) -> Verification:
    """Runs the same tokens through an ONNX export, by ONNX Runtime, and through the model made of it.

    tokens: what to run; without it, 16 tokens spread over the vocabulary.
    roles: for inputs of whole numbers, "token", "position" or "mask"; needed only where the name of an input does not tell.
    initial: what states hold before the first token; needed only where it is neither zero nor, for the maxima of logarithms
    that RWKV keeps, -1e30, which is found out by trying.
    """
    with Model(gguf) as model:
        size = model.vocabulary_size
        if tokens is None:
            tokens = [(7 + 389 * step) % size for step in range(min(16, model.context_length or 16))]
        ids = [int(token) for token in tokens]
        if not ids:
            raise ValueError("there are no tokens to run")
        export = _Export(os.fspath(onnx), size, roles or {}, initial or {})
        session = model.session(context_length=len(ids) if model.context_length == 0 else 0)
        ours = np.stack([session.step(token) for token in ids]).astype(np.float64)
        theirs = np.stack([export.step(token) for token in ids]).astype(np.float64)
    difference = ours - theirs
    return Verification(
        len(ids),
        float(np.abs(difference).max()),
        float(np.linalg.norm(difference) / np.linalg.norm(theirs)),
        int((ours.argmax(1) == theirs.argmax(1)).sum()),
    )


class _Export:
    """An ONNX export driven token by token, whatever its states and caches are called."""

    def __init__(
        self, path: str, vocabulary_size: int, roles: Mapping[str, str], initial: Mapping[str, npt.ArrayLike]
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._inputs = self._session.get_inputs()
        self._outputs = self._session.get_outputs()
        self._vocabulary_size = vocabulary_size
        self._history: list[int] = []
        unknown = (set(roles) | set(initial)) - {entry.name for entry in self._inputs}
        if unknown:
            raise ValueError(f"the export has no input called {sorted(unknown)[0]!r}")
        self._floats = [entry for entry in self._inputs if "float" in entry.type or "double" in entry.type]
        whole = [entry for entry in self._inputs if entry.type in ("tensor(int64)", "tensor(int32)")]
        self._roles = {entry.name: roles.get(entry.name) or _role(entry.name, len(whole)) for entry in whole}
        if list(self._roles.values()).count("token") != 1:
            raise ValueError(f"which input takes the token? Say so by roles; the export has {sorted(self._roles)}")
        self._states = {entry.name: self._start(entry) for entry in self._floats}
        for entry in self._floats:
            if entry.name in initial:
                start = np.asarray(initial[entry.name], self._states[entry.name].dtype)
                self._states[entry.name] = np.broadcast_to(start, self._states[entry.name].shape).copy()
        self._lower_log_maxima(set(initial))

    @staticmethod
    def _start(entry: Any) -> npt.NDArray[Any]:
        """Zeros of a state's shape; an axis that counts positions is empty."""
        free = [axis for axis, length in enumerate(entry.shape) if not isinstance(length, int)]
        # An open first axis beside another open one is the batch.
        batch = free[:1] if len(free) > 1 and free[0] == 0 else []
        shape = [1 if axis in batch else 0 if axis in free else length for axis, length in enumerate(entry.shape)]
        return np.zeros(shape, _TYPES[entry.type])

    def _lower_log_maxima(self, given: set[str]) -> None:
        """Starts at -1e30 what takes it without a trace: the maximum of no logarithms. In other states it would show."""
        before = self._first_logits(self._states)
        for name, start in list(self._states.items()):
            if name in given or start.size == 0 or any(state.size == 0 for state in self._states.values()):
                continue
            lowest = max(-1e30, float(np.finfo(start.dtype).min))
            feeds = self._feeds(0, {**self._states, name: np.full_like(start, lowest)})
            with np.errstate(all="ignore"):
                results = [np.abs(result.astype(np.float64)).max() for result in self._session.run(None, feeds)]
            # Thresholds can hide a great number, but then something is missing from the logits.
            if all(np.isfinite(result) and result < -lowest * 0.1 for result in results) and np.allclose(
                self._first_logits(feeds), before, rtol=1e-2, atol=1e-2 * np.abs(before).max()
            ):
                self._states[name] = feeds[name]

    def _feeds(self, token: int, states: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        position = len(self._history)
        feeds = dict(states)
        for entry in self._inputs:
            if entry in self._floats:
                continue
            dtype = _TYPES[entry.type]
            if entry.type == "tensor(bool)":
                # The switch of a merged export between its first step and the others: an empty cache serves for both.
                feeds[entry.name] = np.ones([length if isinstance(length, int) else 1 for length in entry.shape], dtype)
                continue
            role = self._roles[entry.name]
            total = position + 1
            # Without a cache the export takes all tokens so far.
            span = 1 if self._floats else total
            values = {"token": [*self._history, token][-span:], "position": range(total - span, total), "mask": [1] * total}[role]
            shape = [length if isinstance(length, int) else 1 for length in entry.shape]
            open_axes = [axis for axis, length in enumerate(entry.shape) if not isinstance(length, int)]
            if open_axes:
                shape[open_axes[-1]] = -1
            elif role == "token":
                # A window of fixed length ends in the token of the step.
                values = ([0] * math.prod(shape) + values)[-math.prod(shape) :]
            feeds[entry.name] = np.array(values, dtype).reshape(shape)
        return feeds

    def step(self, token: int) -> npt.NDArray[Any]:
        """The logits after a token."""
        results = self._session.run(None, self._feeds(token, self._states))
        self._history.append(token)
        head = next((at for at, result in enumerate(results) if self._is_logits(result)), None)
        if head is None:
            raise ValueError(f"no output of the export ends in an axis of {self._vocabulary_size} logits")
        rest = results[:head] + results[head + 1 :]
        for name, state in self._states.items():
            match = next((at for at, result in enumerate(rest) if _follows(state, result)), None)
            if match is None:
                raise ValueError(f"no output of the export becomes its input {name!r}")
            self._states[name] = rest.pop(match)
        return results[head].reshape(-1, self._vocabulary_size)[-1]

    def _first_logits(self, states: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """The logits after token 0 at the beginning."""
        results = self._session.run(None, self._feeds(0, states))
        return next((result for result in results if self._is_logits(result)), np.zeros(1))

    def _is_logits(self, result: npt.NDArray[Any]) -> bool:
        return bool(result.ndim) and result.shape[-1] == self._vocabulary_size and np.issubdtype(result.dtype, np.floating)


def _role(name: str, count: int) -> str:
    """What an input of whole numbers is for, by its name; the only one takes the token."""
    if count == 1:
        return "token"
    return "position" if "position" in name else "mask" if "mask" in name else "token"


def _follows(state: npt.NDArray[Any], result: npt.NDArray[Any]) -> bool:
    """Whether an output may be a state after the step: of its shape, or with one position more along one axis."""
    if state.ndim != result.ndim or state.dtype != result.dtype:
        return False
    growth = [new - old for old, new in zip(state.shape, result.shape)]
    return all(step == 0 for step in growth) or (sorted(growth)[-1] == 1 and sum(growth) == 1)
