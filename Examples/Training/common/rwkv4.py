"""RWKV-4 (Peng et al., arXiv 2305.13048) in PyTorch, read from the ONNX file of Examples/Models.

Tensors have the axes [time, batch, width]. Linear layers have the names of Quell's sites, for quell.torch to find them.
"""
import pathlib

import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn.functional as F
from recurrence import recurrence


def shifted(x: torch.Tensor) -> torch.Tensor:
    """The vector of the token before; nothing before the first."""
    return torch.cat([torch.zeros_like(x[:1]), x[:-1]])


class Mix(torch.nn.Module):
    """The token shift of one part: a channel's share of this token and of the one before."""

    def __init__(self, width: int, parts: list[str]):
        super().__init__()
        for part in parts:
            self.register_parameter(part, torch.nn.Parameter(torch.zeros(width)))

    def forward(self, part: str, now: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        share = self.get_parameter(part)
        return now * share + before * (1 - share)


class Attention(torch.nn.Module):
    """The time mix."""

    def __init__(self, width: int):
        super().__init__()
        self.time_mix = Mix(width, ["key", "value", "receptance"])
        self.time_decay = torch.nn.Parameter(torch.zeros(width))
        self.time_first = torch.nn.Parameter(torch.zeros(width))
        self.key, self.value, self.receptance, self.output = (torch.nn.Linear(width, width, bias=False) for _ in range(4))

    def weighted(self, k: torch.Tensor, v: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The weighted mean of all values so far, and the state [2, batch, width] after them: the sums of weights times values, and of weights.

        In double precision the exponentials of keys need no common factor taken out.
        """
        weight, bonus = k.double().exp(), (self.time_first + k).double().exp()
        sums = torch.stack([weight * v, weight], 1)
        decay = (-self.time_decay.double().exp()).exp().expand_as(sums)
        after = recurrence(decay, sums, state)
        before = torch.cat([state[None], after[:-1]])
        return ((before[:, 0] + bonus * v) / (before[:, 1] + bonus)).float(), after[-1]

    def forward(self, x: torch.Tensor, before: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        k, v, r = (layer(self.time_mix(part, x, before)) for part, layer in (("key", self.key), ("value", self.value), ("receptance", self.receptance)))
        mean, state = self.weighted(k, v, state)
        return self.output(torch.sigmoid(r) * mean), state


class FeedForward(torch.nn.Module):
    """The channel mix."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.time_mix = Mix(width, ["key", "receptance"])
        self.key, self.value = torch.nn.Linear(width, hidden, bias=False), torch.nn.Linear(hidden, width, bias=False)
        self.receptance = torch.nn.Linear(width, width, bias=False)

    def forward(self, x: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        r, k = self.receptance(self.time_mix("receptance", x, before)), self.key(self.time_mix("key", x, before))
        return torch.sigmoid(r) * self.value(F.relu(k).square())


class Block(torch.nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.ln1, self.ln2 = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.attention, self.feed_forward = Attention(width), FeedForward(width, hidden)


class RWKV4(torch.nn.Module):
    def __init__(self, vocabulary: int, width: int, hidden: int, blocks: int):
        super().__init__()
        self.embeddings = torch.nn.Embedding(vocabulary, width)
        self.pre_ln, self.ln_out = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.blocks = torch.nn.ModuleList(Block(width, hidden) for _ in range(blocks))
        self.head = torch.nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """[time, batch] tokens, each sequence from an empty state, to [time, batch, vocabulary] logits."""
        x = self.pre_ln(self.embeddings(tokens))
        empty = torch.zeros(2, *x.shape[1:], dtype=torch.float64)
        for block in self.blocks:
            h = block.ln1(x)
            x = x + block.attention(h, shifted(h), empty)[0]
            h = block.ln2(x)
            x = x + block.feed_forward(h, shifted(h))
        return self.head(self.ln_out(x))


class Export:
    """An export of transformers' RWKV, and which of its arrays is which parameter: vectors have its names, matrices come in the order of
    the graph, transposed and kept as half precision with a cast behind them.
    """

    def __init__(self, path: pathlib.Path):
        self.file = onnx.load(path)
        graph = self.file.graph
        self.arrays = {tensor.name: tensor for tensor in graph.initializer}
        sources = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
        self.sources = {self.parameter(name): name for name in self.arrays if name.startswith("hf.rwkv.")}
        blocks = sum(name.endswith("ln1.weight") for name in self.sources)
        order = ["attention.key", "attention.value", "attention.receptance", "attention.output"]
        order += ["feed_forward.key", "feed_forward.receptance", "feed_forward.value"]
        self.matrices = [*(f"blocks.{block}.{layer}.weight" for block in range(blocks) for layer in order), "head.weight"]
        products = (sources[node.input[1]] for node in graph.node if node.op_type == "MatMul")
        self.sources.update(zip(self.matrices, products, strict=True))

    @staticmethod
    def parameter(name: str) -> str:
        return name.removeprefix("hf.rwkv.").replace("time_mix_", "time_mix.").replace("blocks.0.pre_ln", "pre_ln")

    def model(self) -> RWKV4:
        state = {name: onnx.numpy_helper.to_array(self.arrays[source]).astype(np.float32) for name, source in self.sources.items()}
        state = {name: array.T if name in self.matrices else array for name, array in state.items()}
        vocabulary, width = state["embeddings.weight"].shape
        model = RWKV4(vocabulary, width, len(state["blocks.0.feed_forward.key.weight"]), sum(name.endswith("ln1.weight") for name in state))
        state = {name: array.reshape(-1) if "time_mix" in name else array for name, array in state.items()}
        model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in state.items()})
        # The graph has what the token shift leaves over, 1 - mix, as numbers of its own.
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("time_mix" not in name)
        return model

    def write(self, model: RWKV4, path: pathlib.Path) -> None:
        """Writes the export with the parameters as they are now."""
        for name, parameter in model.named_parameters():
            tensor, array = self.arrays[self.sources[name]], parameter.detach().numpy()
            kept = (array.T if name in self.matrices else array).reshape(tuple(tensor.dims)).astype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
            tensor.CopyFrom(onnx.numpy_helper.from_array(kept, tensor.name))
        onnx.save(self.file, path)
