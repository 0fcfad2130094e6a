"""OPT (Zhang et al., arXiv 2205.01068) in PyTorch, read from the ONNX file of Examples/Models, with or without rectifiers after its norms.

Tokens have the axes [batch, time].
"""
import pathlib

import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn.functional as F

POSITIONS_BEFORE_FIRST = 2
"""Rows of the table of positions that OPT leaves unused."""


class Layer(torch.nn.Module):
    def __init__(self, width: int, hidden: int, heads: int):
        super().__init__()
        self.heads = heads
        self.rectified = False
        self.self_attn_layer_norm = torch.nn.LayerNorm(width)
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (torch.nn.Linear(width, width) for _ in range(4))
        self.final_layer_norm = torch.nn.LayerNorm(width)
        self.fc1, self.fc2 = torch.nn.Linear(width, hidden), torch.nn.Linear(hidden, width)

    def rectify(self, x: torch.Tensor) -> torch.Tensor:
        """What norms send on: all, or the positive part of it ("ReLU Strikes Back", stage 2)."""
        return F.relu(x) if self.rectified else x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.rectify(self.self_attn_layer_norm(x))
        q, k, v = (linear(h).unflatten(-1, (self.heads, -1)).transpose(1, 2) for linear in (self.q_proj, self.k_proj, self.v_proj))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out_proj(attended.transpose(1, 2).flatten(2))
        h = self.rectify(self.final_layer_norm(x))
        return x + self.fc2(F.relu(self.fc1(h)))


class OPT(torch.nn.Module):
    """The decoder; its head is the table of its tokens."""

    def __init__(self, vocabulary: int, context: int, width: int, hidden: int, layers: int, heads: int):
        super().__init__()
        self.embed_tokens = torch.nn.Embedding(vocabulary, width)
        self.embed_positions = torch.nn.Embedding(context + POSITIONS_BEFORE_FIRST, width)
        self.layers = torch.nn.ModuleList(Layer(width, hidden, heads) for _ in range(layers))
        self.final_layer_norm = torch.nn.LayerNorm(width)

    def rectify_norms(self) -> None:
        """Puts a rectifier behind the norms that feed the layers' matrices. The last norm, which feeds the head, has none."""
        for layer in self.layers:
            layer.rectified = True

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(tokens.shape[1]) + POSITIONS_BEFORE_FIRST
        x = self.embed_tokens(tokens) + self.embed_positions(positions)
        for layer in self.layers:
            x = layer(x)
        return F.linear(self.final_layer_norm(x), self.embed_tokens.weight)


def read(path: pathlib.Path, heads: int) -> OPT:
    """The model of an export by optimum: vectors have the names of its modules, products those of their nodes."""
    graph = onnx.load(path).graph
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor).astype(np.float32) for tensor in graph.initializer}
    # Matrices are kept as half precision, with a cast behind them.
    sources = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
    state = {}
    for name, array in arrays.items():
        if name.startswith("model.decoder."):
            state[name.removeprefix("model.decoder.").replace(".self_attn.", ".")] = array
    for node in graph.node:
        matrix = arrays.get(sources.get(node.input[1], node.input[1])) if node.op_type == "MatMul" else None
        if matrix is not None and node.name.endswith("_proj/MatMul"):
            layer, _, name = node.name.removeprefix("/decoder/").removesuffix("/MatMul").split("/")
            state[f"{layer}.{name}.weight"] = matrix.T.copy()
    vocabulary, width = state["embed_tokens.weight"].shape
    context = len(state["embed_positions.weight"]) - POSITIONS_BEFORE_FIRST
    layers = sum(name.endswith("fc1.bias") for name in state)
    model = OPT(vocabulary, context, width, len(state["layers.0.fc1.bias"]), layers, heads)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    return model


def export(model: OPT, path: pathlib.Path) -> None:
    """Writes the decoder over a whole sequence to ONNX; `quell import` gives it a cache."""
    with torch.no_grad():
        torch.onnx.export(
            model.eval(), (torch.tensor([[0, 1, 2]]),), str(path), dynamo=False, opset_version=17,
            input_names=["input_ids"], output_names=["logits"], dynamic_axes={"input_ids": {1: "time"}, "logits": {1: "time"}},
        )
