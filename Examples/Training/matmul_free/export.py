"""Exports one step of a trained model to ONNX: a token and the states of all layers in, logits and the next states out.

usage: export.py CHECKPOINT.pt OUT.onnx [--dense] [--dynamo]

Ternary matrices are stored as -1, 0 and 1; their scales follow the products. The embedding is rounded to half precision. Thresholds become
`Shrink`.
"""
import argparse
import copy
import pathlib

import torch
from layers import TernaryLinear
from model import MatMulFree, load
from quell.torch import ThresholdActivation


class FrozenLinear(torch.nn.Module):
    """A ternary matrix that is no longer trained."""

    def __init__(self, linear: TernaryLinear):
        super().__init__()
        self.register_buffer("weight", linear.signs())
        self.scale = float(linear.scale())

    def forward(self, x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(x, self.weight) * (step * self.scale)


def frozen(module: torch.nn.Module) -> torch.nn.Module:
    """The module with matrices and thresholds as they are."""
    for name, child in module.named_children():
        if isinstance(child, TernaryLinear):
            setattr(module, name, FrozenLinear(child))
        elif isinstance(child, ThresholdActivation):
            setattr(module, name, torch.nn.Hardshrink(float(child.theta)))
        else:
            frozen(child)
    return module


class Step(torch.nn.Module):
    """One token: `input_ids` [1] and `state` [layers, width] to `logits` [vocabulary] and the next state."""

    def __init__(self, model: MatMulFree):
        super().__init__()
        self.model = frozen(copy.deepcopy(model).eval())
        # As a model file has it: what follows is rounded and cut by thresholds, so a smaller difference here would not stay small.
        self.model.embedding.weight.data = self.model.embedding.weight.detach().half().float()
        self.register_buffer("lower", model.lower_bounds().detach())

    def forward(self, input_ids: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.model.embedding(input_ids)[0]
        states = []
        for layer, block in enumerate(self.model.blocks):
            mixed, next_state = block.tokens.step(x, self.lower[layer], state[layer])
            states.append(next_state)
            x = x + mixed
            x = x + block.channels(x)
        return self.model.head(*self.model.head_input(x)), torch.stack(states)


def export(model: MatMulFree, path: pathlib.Path, dynamo: bool = False) -> Step:
    """Writes the step of a model, and gives it as PyTorch runs it."""
    step = Step(model)
    arguments = torch.tensor([0]), torch.zeros(model.shape.layers, model.shape.width)
    names = {"input_names": ["input_ids", "state"], "output_names": ["logits", "state_out"]}
    with torch.no_grad():
        if dynamo:
            torch.onnx.export(step, arguments, str(path), dynamo=True, external_data=False, verbose=False, **names)
        else:
            torch.onnx.export(step, arguments, str(path), dynamo=False, opset_version=17, **names)
    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--dense", action="store_true", help="leave the thresholds out")
    parser.add_argument("--dynamo", action="store_true", help="use the exporter that goes through torch.export")
    arguments = parser.parse_args()
    export(load(arguments.checkpoint, sparse=False if arguments.dense else None), arguments.out, arguments.dynamo)


if __name__ == "__main__":
    main()
