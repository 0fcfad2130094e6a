"""A language model without products of activations and full-precision matrices (Zhu et al., arXiv 2406.02528).

Tensors have the axes [time, batch, width], or [width] where a step is taken.
"""
import dataclasses
from typing import Optional

import torch
import torch.nn.functional as F
from layers import QuantizedInput, RMSNorm, TernaryLinear
from recurrence import recurrence


@dataclasses.dataclass
class Shape:
    vocabulary: int = 2048
    width: int = 128
    layers: int = 4
    hidden: int = 256


class TokenMixer(torch.nn.Module):
    """MLGRU: a gated linear recurrence without products of the state and a matrix.

    f = lower + (1 - lower) * sigmoid(W_f x); h = f * h + silu(W_i x) * (1 - f); output W_o (RMSNorm(W_g x) * silu(h)).
    """

    def __init__(self, width: int):
        super().__init__()
        self.input = QuantizedInput(width)
        self.forget = TernaryLinear(width, width)
        self.new = TernaryLinear(width, width)
        self.gate = TernaryLinear(width, width)
        self.gate_norm = RMSNorm(width)
        self.output_input = QuantizedInput(width)
        self.output = TernaryLinear(width, width)

    def gates(self, x: torch.Tensor, lower: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The forget gate, the new values, and the gate of the output."""
        events = self.input(x)
        forget = lower + (1 - lower) * torch.sigmoid(self.forget(*events))
        return forget, F.silu(self.new(*events)) * (1 - forget), self.gate_norm(self.gate(*events))

    def mix(self, gate: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        return self.output(*self.output_input(gate * F.silu(state)))

    def forward(self, x: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
        forget, new, gate = self.gates(x, lower)
        return self.mix(gate, recurrence(forget, new, torch.zeros_like(new[0])))

    def step(self, x: torch.Tensor, lower: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        forget, new, gate = self.gates(x, lower)
        state = forget * state + new
        return self.mix(gate, state), state


class ChannelMixer(torch.nn.Module):
    """A gated linear unit: W_d (silu(W_g x) * W_u x)."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.input = QuantizedInput(width)
        self.gate = TernaryLinear(width, hidden)
        self.up = TernaryLinear(width, hidden)
        self.down_input = QuantizedInput(hidden)
        self.down = TernaryLinear(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        events = self.input(x)
        return self.down(*self.down_input(F.silu(self.gate(*events)) * self.up(*events)))


class Block(torch.nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.tokens = TokenMixer(shape.width)
        self.channels = ChannelMixer(shape.width, shape.hidden)


class MatMulFree(torch.nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.embedding = torch.nn.Embedding(shape.vocabulary, shape.width)
        torch.nn.init.normal_(self.embedding.weight, 0, 0.02)
        self.bounds = torch.nn.Parameter(torch.zeros(shape.layers, shape.width))
        self.blocks = torch.nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.head_input = QuantizedInput(shape.width)
        self.head = TernaryLinear(shape.width, shape.vocabulary)

    def lower_bounds(self) -> torch.Tensor:
        """[layers, width]: 0 for the first layer, and rising with depth below 1, so that later layers remember longer."""
        parts = self.bounds.softmax(0)
        return parts.cumsum(0) - parts[0]

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """[time, batch] tokens, each sequence from an empty state, to [time, batch, vocabulary] logits."""
        x = self.embedding(tokens)
        for block, lower in zip(self.blocks, self.lower_bounds()):
            x = x + block.tokens(x, lower)
            x = x + block.channels(x)
        return self.head(*self.head_input(x))

    def sites(self) -> dict[str, tuple[QuantizedInput, int]]:
        """Every input of ternary matrices by name, with the number of weights that one of its events reads."""
        found = {}
        for index, block in enumerate(self.blocks):
            tokens, channels = block.tokens, block.channels
            found[f"{index}.tokens"] = tokens.input, 3 * self.shape.width
            found[f"{index}.output"] = tokens.output_input, self.shape.width
            found[f"{index}.channels"] = channels.input, 2 * self.shape.hidden
            found[f"{index}.down"] = channels.down_input, self.shape.width
        found["head"] = self.head_input, self.shape.vocabulary
        return found

    def make_sparse(self) -> None:
        for site, _ in self.sites().values():
            site.sparse = True

    def effective_macs(self) -> torch.Tensor:
        """The part of all multiply-accumulates with matrices that the events of the last forward pass needed."""
        needed, total = 0, 0
        for site, outputs in self.sites().values():
            weights = outputs * site.norm.gain.numel()
            needed = needed + site.threshold.events * weights
            total += weights
        return needed / total


def load(path, sparse: Optional[bool] = None) -> MatMulFree:
    """The model of a checkpoint; `sparse` overrides whether its thresholds work."""
    saved = torch.load(path, weights_only=True)
    model = MatMulFree(Shape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    if saved["sparse"] if sparse is None else sparse:
        model.make_sparse()
    return model.eval()
