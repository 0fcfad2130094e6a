"""Texts scored and continued as benchmarks ask for it: what the LM Evaluation Harness's models do."""

from typing import TYPE_CHECKING, Optional, Sequence

import numpy as np
import numpy.typing as npt

from .sampling import Sampler

if TYPE_CHECKING:
    from .model import Model

_BATCH = 32
# What the harness gives to models that do not say how much they take.
_UNLIMITED = 2048


class TextScorer:
    """Answers a benchmark's questions with one session of a model.

    thresholds: one for each site, or one for all; without them the model's own.
    context_length: how many tokens are taken into account; 0 for the model's limit, or 2048 where it has none.
    """

    def __init__(
        self, model: "Model", thresholds: Optional[npt.ArrayLike] = None, *, context_length: int = 0, threads: int = 1
    ) -> None:
        self._tokenizer = model.tokenizer
        prefix = self._tokenizer.end if self._tokenizer.begin is None else self._tokenizer.begin
        if prefix is None:
            raise ValueError("the model's tokenizer has no token that begins or ends a text")
        self._prefix = prefix
        # A model whose texts begin with a token gets it at the beginning of an empty text, too.
        self._added = len(self._tokenizer.encode(b""))
        self.session = model.session(context_length or model.context_length or _UNLIMITED, threads, _BATCH)
        if thresholds is not None:
            self.session.thresholds = thresholds
        self._remembered: tuple[list[int], bytes] = ([], self.session.save())

    @property
    def longest(self) -> int:
        """How many tokens are taken into account."""
        return self.session.capacity

    def log_likelihood(self, context: str, continuation: str) -> tuple[float, bool]:
        """ln of the probability of a text after another one, and whether taking the likeliest token each time gives it.

        The tokens are those of both texts together, divided where the context's own end; white space at the context's end belongs to
        the continuation. An empty context stands for the token that begins a text.
        """
        before, tokens = self._encode(context, continuation)
        if not tokens or len(tokens) > self.longest:
            raise ValueError(f"the continuation has {len(tokens)} tokens; 1 to {self.longest} can be scored")
        return self._score(before, tokens)

    def rolling_log_likelihood(self, text: str) -> float:
        """ln of the probability of a whole text, in windows that together predict each token once and are as long as can be."""
        tokens = self._tokens(text)
        total, predicted = 0.0, 0
        while predicted < len(tokens):
            end = min(predicted + self.longest, len(tokens))
            before = ([self._prefix] + tokens[:predicted])[-1 - max(self.longest - (end - predicted), 0) :]
            total += self._score(before, tokens[predicted:end])[0]
            predicted = end
        return total

    def generate(self, context: str, until: Sequence[str] = (), max_tokens: int = 256, sampler: Optional[Sampler] = None) -> str:
        """Goes on with a text until one of some other texts comes up, which is left out, or the text ends."""
        room = self.longest - max_tokens
        if room < 1:
            raise ValueError(f"{max_tokens} tokens leave no room for a prompt in the model's {self.longest}")
        sampler = sampler or Sampler()
        before = (self._tokens(context) or [self._prefix])[-room:]
        self._take(before[:-1])
        self.session.step(before[-1])
        chosen: list[int] = []
        text = ""
        while len(chosen) < max_tokens:
            token = self.session.sample(sampler)
            if token == self._tokenizer.end:
                break
            chosen.append(token)
            text = self._tokenizer.decode(chosen)
            ends = [text.index(stop) for stop in until if stop and stop in text]
            if ends:
                return text[: min(ends)]
            if len(chosen) < max_tokens:
                self.session.step(token)
        return text

    def _tokens(self, text: str) -> list[int]:
        return self._tokenizer.encode(text)[self._added :]

    def _encode(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        if not context:
            tokens = self._tokens(continuation)
            return [self._prefix], tokens[1:] if tokens[:1] == [self._prefix] else tokens
        before = self._tokens(context.rstrip())
        return before or [self._prefix], self._tokens(context + continuation)[len(before) :]

    def _score(self, before: list[int], tokens: list[int]) -> tuple[float, bool]:
        kept = before[-(self.longest - len(tokens) + 1) :]
        self._take(kept[:-1])
        scores = self.session.score(kept[-1:] + tokens[:-1], tokens)
        return float(scores.log_probabilities.sum(dtype=np.float64)), bool((scores.greatest == tokens).all())

    def _take(self, tokens: list[int]) -> None:
        """Puts the session after some tokens; answers to one question share them."""
        if tokens == self._remembered[0]:
            self.session.restore(self._remembered[1])
            return
        self.session.reset()
        self.session.prefill(tokens)
        self._remembered = (tokens, self.session.save())
