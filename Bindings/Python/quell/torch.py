"""Thresholds that are trained: PyTorch modules whose dead zones become the thresholds of Quell's sites.

    sites = quell.torch.attach(module, "thresholds.json")
    optimizer = torch.optim.AdamW([{"params": module.parameters()}, {"params": sites.parameters(), "lr": 1e-3}])
    for batch in batches:
        loss = loss_of(module, batch) + 4 * (sites.macs() / 0.25 - 1).clamp(min=0) ** 2
        ...
        optimizer.step()
        sites.clamp_()
    sites.save("trained.json")

A threshold has no useful derivative: what it lets through jumps. As for the thresholds of JumpReLU units (Rajamanoharan et al., "Jumping
Ahead", arXiv 2407.14435, equations 11 and 12), the step is given the derivative of a ramp around it, for the threshold alone: what a
value carries across it, and how many values cross it, then pull at the threshold. The values themselves get the gradient of what is sent
on in their place, also those that are held back ("straight through"), which otherwise would never learn to be worth sending; so do those
behind the top-K of Q-Sparse (Wang et al., arXiv 2407.10969).
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import torch

__all__ = ["SiteThresholds", "ThresholdActivation", "attach"]

_RAMP = 0.5
"""The width of the ramp, in thresholds."""


class _DeadZone(torch.autograd.Function):
    """x where |x| > theta, else 0; and which those are, as numbers."""

    @staticmethod
    def forward(context: Any, x: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        magnitude = x.abs()
        fires = (magnitude > theta).to(x.dtype)
        context.save_for_backward(x, magnitude, theta)
        return x * fires, fires

    @staticmethod
    def backward(context: Any, value_gradient: torch.Tensor, fires_gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, magnitude, theta = context.saved_tensors
        width = (_RAMP * theta).clamp_(min=torch.finfo(theta.dtype).tiny)
        near = (magnitude - theta).abs() < width / 2
        crossing = value_gradient * x + fires_gradient
        return value_gradient, -(crossing * near).sum().reshape(theta.shape) / width


class ThresholdActivation(torch.nn.Module):
    """The dead zone of one site: `T(x) = x where |x| > theta, else 0`, with a theta that is trained.

    `theta` is a parameter of one number, in the units of x; keep it at 0 or above by `clamp_` after each step of the optimiser.
    After a forward pass in training `events` is the part of the inputs that fired; a loss may contain it.
    """

    def __init__(self, theta: float = 0.0) -> None:
        super().__init__()
        self.theta = torch.nn.Parameter(torch.tensor(float(theta)))
        self.events: torch.Tensor = torch.tensor(1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return torch.where(x.abs() > self.theta, x, 0.0)
        value, fires = _DeadZone.apply(x, self.theta)
        self.events = fires.mean()
        return value

    @torch.no_grad()
    def clamp_(self) -> None:
        """Sets a theta that training has taken below 0 to 0."""
        self.theta.clamp_(min=0)


class SiteThresholds(torch.nn.Module):
    """The thresholds of a threshold file at work in a module; `attach` makes it. Its parameters are the thetas, in the file's order."""

    def __init__(self, document: dict[str, Any], linears: Sequence[Sequence[torch.nn.Linear]]) -> None:
        super().__init__()
        self._document = document
        # As everywhere in Quell, the vocabulary head's are not counted.
        self._weights = [
            0 if site["kind"] == "head" else sum(linear.weight.numel() for linear in fed) for site, fed in zip(document["sites"], linears)
        ]
        self.activations = torch.nn.ModuleList(ThresholdActivation(site["theta"]) for site in document["sites"])
        self._hooks = [
            linear.register_forward_pre_hook(lambda module, arguments, at=activation: (at(arguments[0]), *arguments[1:]))
            for activation, fed in zip(self.activations, linears)
            for linear in fed
        ]

    def macs(self) -> torch.Tensor:
        """The part of the multiply-accumulates of all sites but the vocabulary head's that the events of the last forward pass in training
        needed.
        """
        needed = sum(activation.events * weights for activation, weights in zip(self.activations, self._weights))
        return torch.as_tensor(needed) / max(sum(self._weights), 1)

    def clamp_(self) -> None:
        """Sets thetas that training has taken below 0 to 0; call it after each step of the optimiser."""
        for activation in self.activations:
            activation.clamp_()

    def detach_from_module(self) -> None:
        """Takes the thresholds out of the module again."""
        for hook in self._hooks:
            hook.remove()

    def save(self, path: Union[str, os.PathLike[str]], fingerprint: Optional[str] = None) -> None:
        """Writes the file that the thresholds came from with the thetas as they are now, and the sparsities of the last forward pass in
        training. Where weights were trained as well, the thetas belong to another model: export and import it, and give its
        `fingerprint`.
        """
        sites = []
        for site, activation in zip(self._document["sites"], self.activations):
            trained = {"theta": float(activation.theta.detach()), "sparsity": 1 - float(activation.events.detach())}
            # The statistics and the density are those of the thresholds before.
            sites.append({key: value for key, value in site.items() if key not in ("statistics", "density")} | trained)
        document = {**self._document, "method": "trained", "sparsity": 1 - float(self.macs().detach()), "sites": sites}
        if fingerprint is not None:
            document["model_fingerprint"] = fingerprint
        temporary = f"{os.fspath(path)}.tmp"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.write("\n")
        os.replace(temporary, path)


def attach(
    module: torch.nn.Module, path: Union[str, os.PathLike[str]], linears: Optional[Mapping[str, Sequence[str]]] = None
) -> SiteThresholds:
    """Puts the thresholds of a file that `quell calibrate` wrote before the linear layers of a module, to be trained.

    A site feeds the linear layers whose names its own name tells: `layers.0.attention.q+k` stands for two layers whose names are, or
    end in, `.layers.0.attention.q` and `.layers.0.attention.k`. For sites whose names tell nothing of the kind, `linears` gives the
    names. Raises ValueError for a site none of whose layers is found, or more than one for one name, and where a layer has two sites.
    """
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    layers = {name: layer for name, layer in module.named_modules() if isinstance(layer, torch.nn.Linear)}
    taken: set[str] = set()
    fed = []
    for site in document["sites"]:
        names = list((linears or {}).get(site["name"], _names(site["name"])))
        found = []
        for name in names:
            matches = [layer for layer in layers if layer == name or layer.endswith("." + name)]
            if len(matches) != 1:
                many = f"{len(matches)} linear layers" if matches else "no linear layer"
                raise ValueError(f"site {site['name']!r} feeds {name!r}, and the module has {many} of that name; say which in `linears`")
            if matches[0] in taken:
                raise ValueError(f"linear layer {matches[0]!r} has two sites; say which in `linears`")
            taken.add(matches[0])
            found.append(layers[matches[0]])
        fed.append(found)
    return SiteThresholds(document, fed)


def _names(site: str) -> list[str]:
    stem, dot, last = site.rpartition(".")
    return [stem + dot + part for part in last.split("+")]
