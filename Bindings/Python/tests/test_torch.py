"""Training thresholds in PyTorch; left out where PyTorch is not installed."""

import json
import pathlib
from typing import Any

import pytest
import quell

torch = pytest.importorskip("torch")
import quell.torch as training  # noqa: E402


class Network(torch.nn.Module):
    """Two layers at one site, and one behind a rectifier at another, below a name of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = torch.nn.ModuleDict(
            {"mixer": torch.nn.ModuleDict({"key": torch.nn.Linear(16, 24), "value": torch.nn.Linear(16, 24)}), "down": torch.nn.Linear(24, 8)}
        )

    def forward(self, x: Any) -> Any:
        mixer = self.decoder["mixer"]
        return self.decoder["down"](torch.relu(mixer["key"](x)) * mixer["value"](x))


def document(**thetas: float) -> dict[str, Any]:
    sites = [{"name": name, "kind": name, "theta": theta, "sparsity": 0.5, "statistics": {"zeros": 0}} for name, theta in thetas.items()]
    return {"format": "quell-thresholds", "version": 1, "model_fingerprint": "0" * 16, "method": "uniform", "sparsity": 0.5, "sites": sites}


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "thresholds.json"
    path.write_text(json.dumps(document(**{"mixer.key+value": 0.5, "down": 0.25})))
    return path


def test_a_dead_zone_lets_larger_magnitudes_through_and_pulls_at_its_threshold() -> None:
    activation = training.ThresholdActivation(1.0)
    x = torch.tensor([0.2, 1.0, -1.1, 0.9, -3.0], requires_grad=True)
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    value = activation(x)
    assert value.tolist() == pytest.approx([0, 0, -1.1, 0, -3.0])
    assert activation.events.item() == pytest.approx(2 / 5)
    ((value * weights).sum() + 10 * activation.events).backward()
    assert x.grad is not None and x.grad.tolist() == weights.tolist()
    # 1.0, -1.1 and 0.9 are within a ramp of width 0.5: what each carries, times its weight, and its share of the events.
    assert activation.theta.grad.item() == pytest.approx(-(1.0 * 2 - 1.1 * 3 + 0.9 * 4 + 3 * 10 / 5) / 0.5, rel=1e-5)
    activation.eval()
    assert activation(x).tolist() == value.tolist()


def test_thresholds_work_before_the_layers_of_their_sites(file: pathlib.Path) -> None:
    torch.manual_seed(0)
    network, x = Network(), torch.randn(7, 16)
    sites = training.attach(network, file)
    network.eval(), sites.eval()
    key, value, down = (network.decoder["mixer"]["key"], network.decoder["mixer"]["value"], network.decoder["down"])
    quiet = x * (x.abs() > 0.5)
    hidden = torch.relu(quiet @ key.weight.t() + key.bias) * (quiet @ value.weight.t() + value.bias)
    expected = (hidden * (hidden.abs() > 0.25)) @ down.weight.t() + down.bias
    assert torch.allclose(network(x), expected, atol=1e-6)
    sites.train()
    network(x)
    fired = (x.abs() > 0.5).sum().item() * 48 + (hidden.abs() > 0.25).sum().item() * 8
    assert sites.macs().item() == pytest.approx(fired / (7 * (16 * 48 + 24 * 8)), rel=1e-5)
    sites.detach_from_module()
    assert not torch.allclose(network(x), expected, atol=1e-3)


def test_a_sparsity_term_trains_thresholds_to_its_target(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    torch.manual_seed(0)
    network, teacher = Network(), Network()
    teacher.load_state_dict(network.state_dict())
    sites = training.attach(network, file)
    optimizer = torch.optim.Adam([{"params": network.parameters(), "lr": 3e-3}, {"params": sites.parameters(), "lr": 2e-2}])
    for _ in range(300):
        x = torch.randn(64, 16)
        loss = (network(x) - teacher(x)).square().mean() + 4 * (sites.macs() / 0.25 - 1).clamp(min=0).square()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        sites.clamp_()
    x = torch.randn(4096, 16)
    network(x)
    assert 0.15 < sites.macs().item() < 0.3
    sites.save(tmp_path / "trained.json", fingerprint="1" * 16)
    trained = json.loads((tmp_path / "trained.json").read_text())
    thetas = [activation.theta.item() for activation in sites.activations]
    assert [site["theta"] for site in trained["sites"]] == thetas and thetas[0] > 0.5
    assert [site["name"] for site in trained["sites"]] == ["mixer.key+value", "down"]
    assert trained["method"] == "trained" and trained["model_fingerprint"] == "1" * 16
    assert trained["sparsity"] == pytest.approx(1 - sites.macs().item())


def test_what_is_written_loads_into_a_session(model: quell.Model, tmp_path: pathlib.Path) -> None:
    names = [site.name for site in model.sites]
    path = tmp_path / "thresholds.json"
    path.write_text(json.dumps({**document(**{name: 0.5 for name in names}), "model_fingerprint": model.fingerprint}))
    layers = torch.nn.ModuleDict({f"layer{index}": torch.nn.Linear(4, 4) for index in range(len(names))})
    sites = training.attach(layers, path, {name: [f"layer{index}"] for index, name in enumerate(names)})
    with torch.no_grad():
        for index, theta in enumerate(sites.parameters()):
            theta.fill_(index + 0.125)
    sites.save(path)
    assert quell.load_thresholds(path, model).tolist() == [index + 0.125 for index in range(len(names))]


@pytest.mark.parametrize(
    ("thetas", "linears", "says"),
    [
        ({"nowhere": 0.1}, None, "no linear layer"),
        ({"down": 0.1, "also": 0.1}, {"also": ["decoder.down"]}, "two sites"),
        ({"mixer.key+down": 0.1}, None, "mixer.down"),
    ],
)
def test_layers_that_cannot_be_told_are_named(tmp_path: pathlib.Path, thetas: Any, linears: Any, says: str) -> None:
    path = tmp_path / "thresholds.json"
    path.write_text(json.dumps(document(**thetas)))
    with pytest.raises(ValueError, match=says):
        training.attach(Network(), path, linears)
