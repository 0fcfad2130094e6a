"""BitLinear, in two halves: what happens to the activations once per vector, and the ternary matrices that then read them.

Roundings have straight-through gradients (Bengio et al., arXiv 1308.3432): the derivative of a rounding is taken as 1, and sizes of
steps as constants. The derivatives are written out, which halves the time of training on a processor.
"""
from typing import Any

import torch
from quell.torch import ThresholdActivation

STEPS = 127
"""The greatest magnitude of an 8-bit activation."""
SMALLEST_MAGNITUDE = 1e-5


EPSILON = 1e-6


class _Normalization(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
        factor = torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON)
        unit = x * factor
        context.save_for_backward(unit, factor, gain)
        return unit * gain

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        unit, factor, gain = context.saved_tensors
        along = gradient * unit
        mean = (along @ gain / gain.numel()).unsqueeze(-1)
        x_gradient = (gradient * gain).addcmul_(unit, mean, value=-1).mul_(factor)
        return x_gradient, along.flatten(0, -2).sum(0)


class RMSNorm(torch.nn.Module):
    """x / sqrt(mean of x * x + EPSILON) * gain."""

    def __init__(self, width: int):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            return _Normalization.apply(x, self.gain)
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * self.gain


class _Quantization(torch.autograd.Function):
    """x * steps rounded to integers of 8 bits, half to even, steps being STEPS over the greatest magnitude of each vector."""

    @staticmethod
    def forward(context: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        steps = STEPS / x.abs().amax(-1, keepdim=True).clamp(min=SMALLEST_MAGNITUDE)
        context.save_for_backward(steps)
        context.set_materialize_grads(False)
        return (x * steps).round_().clamp_(-STEPS - 1, STEPS), steps.reciprocal()

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor, _: Any) -> torch.Tensor:
        return gradient * context.saved_tensors[0]


class QuantizedInput(torch.nn.Module):
    """A vector on its way to ternary matrices: normalised, rounded to 8-bit integers by its greatest magnitude, and cut to its events.

    Gives the integers, as floats, and the size of a step: their product is what the matrices are to see. With `sparse`, an integer
    within the trained dead zone is not sent on. The threshold is in steps, so it follows the greatest magnitude of each vector.
    """

    def __init__(self, width: int):
        super().__init__()
        self.norm = RMSNorm(width)
        self.threshold = ThresholdActivation()
        self.sparse = False

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, step = _Quantization.apply(self.norm(x))
        return self.threshold(x) if self.sparse else x, step


def _signs(weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The weights as -1, 0 and 1."""
    return (weight * (1 / scale)).round_().clamp_(-1, 1)


class _TernaryProduct(torch.autograd.Function):
    """The sums of integers x over the signs of ternary weights, times the size of a step and the scale of the weights.

    In training a processor may take the factors as bfloat16, which has all integers of 8 bits; the sums are of 32-bit floats, which have all
    of theirs.
    """

    @staticmethod
    def forward(context: Any, x: torch.Tensor, step: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        signs = _signs(weight, scale)
        integers, step = x.flatten(0, -2), step.flatten(0, -2) * scale
        context.save_for_backward(integers, step, signs, scale)
        return (integers @ signs.t()).mul_(step).unflatten(0, x.shape[:-1])

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor, None]:
        integers, step, signs, scale = context.saved_tensors
        scaled = gradient.flatten(0, -2) * step
        weight_gradient = (scaled.t() @ integers).div_(scale)
        return (scaled @ signs).unflatten(0, gradient.shape[:-1]), None, weight_gradient, None


class TernaryLinear(torch.nn.Module):
    """A matrix of the values -s, 0 and s, s being the mean magnitude of the weights that are trained.

    Reads integers and the size of their step. In evaluation the sums of integers are exact: a float holds every one of them.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(outputs, inputs).normal_(0, inputs**-0.5))

    def scale(self) -> torch.Tensor:
        return self.weight.detach().abs().mean().clamp(min=SMALLEST_MAGNITUDE)

    def signs(self) -> torch.Tensor:
        """The weights as -1, 0 and 1."""
        return _signs(self.weight.detach(), self.scale())

    def forward(self, x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        if self.training:
            return _TernaryProduct.apply(x, step, self.weight, self.scale())
        return (x @ self.signs().t()) * (step * self.scale())
