"""How well a model predicts a text, and how much work it skips."""

import math
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from .texts import documents, usual_context, windows

if TYPE_CHECKING:
    from .model import Model

_BATCH = 32


class Sparsity(NamedTuple):
    """Which fraction of a model's work was skipped, and where."""

    macs: float
    """Of multiply-accumulates, the vocabulary head's apart."""
    elements: float
    """Of the inputs of linear layers, the head's apart. What several layers read counts for each of them."""
    sites: dict[str, float]
    """Of the inputs of each site, by its name."""


class Divergence(NamedTuple):
    """Kullback-Leibler divergences from what the reference expects, in nats."""

    mean: float
    percentile_99: float


class Evaluation(NamedTuple):
    """What evaluate() found: the figures of `quell eval`."""

    tokens: int
    """Predictions."""
    loss: float
    """The mean of -ln p(token), in nats."""
    loss_standard_error: float
    """The standard error of the loss, as if predictions were independent."""
    perplexity: float
    perplexity_standard_error: float
    bits_per_byte: float
    sparsity: Sparsity
    reference_loss: Optional[float]
    """The loss of the reference; this and what follows is None where there was none."""
    kl: Optional[Divergence]
    top1_agreement: Optional[float]
    """The fraction of predictions in which model and reference find the same token likeliest."""


def evaluate(
    model: "Model",
    text: Union[str, bytes],
    thresholds: Optional[npt.ArrayLike] = None,
    *,
    reference: Optional["Model"] = None,
    context: int = 0,
    stride: int = 0,
    threads: int = 1,
) -> Evaluation:
    """Predicts every token of a text from those before it.

    Documents are separated by the text of the token that ends one, and begin with it; they are cut into windows that each begin with
    nothing remembered.

    thresholds: one for each site, or one for all; without them the model's own.
    reference: what to compare with, a model that runs with all thresholds at 0; `model` itself for its dense self.
    context: tokens in a window; 0 for 256, or the model's own limit where that is shorter.
    stride: tokens from the beginning of a window to that of the next; 0 for `context`. What two windows predict counts in the first.
    """
    length = context or usual_context(model)
    if stride > length:
        raise ValueError(f"a stride of {stride} would leave tokens out between windows of {length}")
    if reference is not None and reference.vocabulary_size != model.vocabulary_size:
        raise ValueError("the vocabularies of the model and of the reference differ")
    found, size = documents(model, text)
    session = model.session(length, threads, _BATCH)
    if thresholds is not None:
        session.thresholds = thresholds
    other = None if reference is None else reference.session(length, threads, _BATCH)
    if other is not None:
        other.thresholds = 0
    surprises, other_surprises, divergences, agreements = [], [], [], []
    for tokens, overlap in (window for document in found for window in windows(document, length, stride or length)):
        session.reset()
        if other is not None:
            other.reset()
        for first in range(0, len(tokens) - 1, _BATCH):
            some = tokens[first : min(first + _BATCH, len(tokens) - 1)]
            kept = slice(max(overlap - first, 0), None)
            targets = np.array(tokens[first + 1 : first + 1 + len(some)])[kept]
            own = _logarithms(session.all_logits(some))[kept]
            surprises.append(-own[np.arange(len(targets)), targets])
            if other is not None:
                theirs = _logarithms(other.all_logits(some))[kept]
                other_surprises.append(-theirs[np.arange(len(targets)), targets])
                # Rounding makes small ones negative.
                divergences.append(np.maximum((np.exp(theirs) * (theirs - own)).sum(1), 0))
                agreements.append(own.argmax(1) == theirs.argmax(1))
    all_surprises = np.concatenate(surprises) if surprises else np.empty(0)
    if not len(all_surprises):
        raise ValueError("the text holds no tokens to predict")
    loss = float(all_surprises.mean())
    error = float(all_surprises.std(ddof=1) / math.sqrt(len(all_surprises))) if len(all_surprises) > 1 else 0.0
    events = session.site_events / session.counts.tokens
    return Evaluation(
        len(all_surprises),
        loss,
        error,
        math.exp(loss),
        math.exp(loss) * error,
        float(all_surprises.sum() / math.log(2) / size),
        _sparsity(model, events),
        float(np.concatenate(other_surprises).mean()) if other_surprises else None,
        Divergence(float(np.concatenate(divergences).mean()), float(np.quantile(np.concatenate(divergences), 0.99)))
        if divergences
        else None,
        float(np.concatenate(agreements).mean()) if agreements else None,
    )


def _logarithms(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """ln of the probabilities, row by row."""
    wide = logits.astype(np.float64)
    wide -= wide.max(1, keepdims=True)
    return wide - np.log(np.exp(wide).sum(1, keepdims=True))


def _sparsity(model: "Model", events: npt.NDArray[np.float64]) -> Sparsity:
    """From the events of each site for each token."""
    sites = model.sites
    quiet = 1 - events / [site.inputs for site in sites]

    def mean(weights: list[int]) -> float:
        total = sum(weight for weight, site in zip(weights, sites) if not site.is_head)
        return sum(weight * share for weight, share, site in zip(weights, quiet, sites) if not site.is_head) / total

    # An import makes one layer of those that share an input, and joins their names.
    layers = [len(site.kind.split("+")) for site in sites]
    return Sparsity(
        float(mean([site.inputs * site.outputs for site in sites])),
        float(mean([site.inputs * count for site, count in zip(sites, layers)])),
        {site.name: float(share) for site, share in zip(sites, quiet)},
    )
