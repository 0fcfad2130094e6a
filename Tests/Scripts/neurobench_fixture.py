"""What NeuroBench's own package counts in a PyTorch copy of the shipped OPT with thresholds: the fixture of the tests of `quell cost
--neurobench`.

usage: neurobench_fixture.py OUTPUT.json    (needs torch, neurobench, onnx, tokenizers; made with neurobench 2.3.0)

Thresholds are found one site after the other, each in the middle of a gap between the magnitudes near a quantile, so that no
rounding decides which inputs are above it. The script fails where a magnitude is closer to its threshold than a ten thousandth of it.
"""

import json
import pathlib
import sys

import onnx
import tokenizers
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
from neurobench.models import TorchModel

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "Examples"
TOKENS = 33
LAYERS, WIDTH, HEADS, OFFSET = 6, 256, 8, 2
SPARSITY = {"qkv": 0.5, "out": 0.3, "fc1": 0.4, "fc2": 0.95}


class Threshold(torch.nn.Module):
    """What is not above theta in magnitude becomes zero; theta is found on the first vectors that come."""

    def __init__(self, sparsity: float) -> None:
        super().__init__()
        self.sparsity, self.theta, self.margin = sparsity, None, 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.theta is None:
            sizes = x.abs().flatten().sort().values
            middle, reach = int(self.sparsity * len(sizes)), len(sizes) // 50
            near = sizes[middle - reach : middle + reach]
            place = (near.diff() / near[1:]).nan_to_num().argmax()
            self.theta = float(((near[place] + near[place + 1]) / 2).to(torch.float32))
            self.margin = float((sizes - self.theta).abs().min() / self.theta)
        return torch.where(x.abs() > self.theta, x, 0.0)


class Layer(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention_norm, self.final_norm = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (torch.nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.fc1, self.fc2 = torch.nn.Linear(WIDTH, 4 * WIDTH), torch.nn.Linear(4 * WIDTH, WIDTH)
        self.sites = torch.nn.ModuleDict({name: Threshold(sparsity) for name, sparsity in SPARSITY.items()})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        count, size = len(x), WIDTH // HEADS
        normal = self.sites["qkv"](self.attention_norm(x))
        q, k, v = (linear(normal).view(count, HEADS, size).transpose(0, 1) for linear in (self.q_proj, self.k_proj, self.v_proj))
        scores = q @ k.transpose(1, 2) * size**-0.5
        scores = scores.masked_fill(torch.ones(count, count, dtype=torch.bool).triu(1), -torch.inf)
        mixed = (scores.softmax(-1) @ v).transpose(0, 1).reshape(count, WIDTH)
        x = x + self.out_proj(self.sites["out"](mixed))
        hidden = torch.nn.functional.relu(self.fc1(self.sites["fc1"](self.final_norm(x))))
        return x + self.fc2(self.sites["fc2"](hidden))


class OPT(torch.nn.Module):
    """Takes the tokens of one text, each a sample, and gives the logits after each."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = torch.nn.Embedding(2048, WIDTH), torch.nn.Embedding(256 + OFFSET, WIDTH)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm, self.head = torch.nn.LayerNorm(WIDTH), torch.nn.Linear(WIDTH, 2048, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens) + self.positions(torch.arange(len(tokens)) + OFFSET)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


def load() -> OPT:
    graph = onnx.load(EXAMPLES / "Models" / "opt-tiny" / "model.onnx").graph
    weights = {tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy()).double() for tensor in graph.initializer}
    cast = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast" and node.input[0] in weights}
    matmuls = {node.name: cast[node.input[1]] for node in graph.node if node.op_type == "MatMul" and node.input[1] in cast}
    opt, prefix = OPT().double(), "model.decoder."

    def fill(module: torch.nn.Module, name: str) -> None:
        module.weight.data = weights[f"{name}.weight"]
        if getattr(module, "bias", None) is not None:
            module.bias.data = weights[f"{name}.bias"]

    opt.tokens.weight.data = opt.head.weight.data = weights[f"{prefix}embed_tokens.weight"]
    opt.positions.weight.data = weights[f"{prefix}embed_positions.weight"]
    fill(opt.norm, f"{prefix}final_layer_norm")
    for index, layer in enumerate(opt.layers):
        name = f"{prefix}layers.{index}"
        fill(layer.attention_norm, f"{name}.self_attn_layer_norm")
        fill(layer.final_norm, f"{name}.final_layer_norm")
        fill(layer.fc1, f"{name}.fc1")
        fill(layer.fc2, f"{name}.fc2")
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear = getattr(layer, part)
            linear.weight.data = weights[matmuls[f"/decoder/layers.{index}/self_attn/{part}/MatMul"]].T.contiguous()
            linear.bias.data = weights[f"{name}.self_attn.{part}.bias"]
    return opt.eval()


def main() -> None:
    tokenizer = tokenizers.Tokenizer.from_file(str(EXAMPLES / "Models" / "opt-tiny" / "tokenizer.json"))
    text = (EXAMPLES / "Texts" / "evaluation.txt").read_text(encoding="utf-8")
    ids = tokenizer.encode(text[:400], add_special_tokens=False).ids[:TOKENS]
    # The command takes every token but the last, after the token that begins a text.
    taken = torch.tensor([tokenizer.token_to_id("<|endoftext|>"), *ids[:-1]])
    opt = load()
    with torch.no_grad():
        opt(taken)
        thresholds = [module for module in opt.modules() if isinstance(module, Threshold)]
        margin = min(threshold.margin for threshold in thresholds)
        if margin < 1e-4:
            sys.exit(f"a magnitude is within {margin} of its threshold")
        model = TorchModel(opt)
        model.add_activation_module(Threshold)
        data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(taken, taken), batch_size=len(taken))
        metrics = Benchmark(model, data, [], [], [[ConnectionSparsity], [ActivationSparsity, SynapticOperations]]).run(quiet=True)
    sites = [f"layers.{index}.{name}" for index in range(LAYERS) for name in SPARSITY]
    fixture = {
        "text": tokenizer.decode(ids),
        "tokens": len(taken),
        "thresholds": dict(zip(sites, (threshold.theta for threshold in thresholds))),
        "metrics": metrics,
    }
    assert tokenizer.encode(fixture["text"], add_special_tokens=False).ids == ids
    pathlib.Path(sys.argv[1]).write_text(json.dumps(fixture, indent=1, default=float) + "\n", encoding="utf-8")
    print(f"margin {margin:.1e}:", metrics)


main()
