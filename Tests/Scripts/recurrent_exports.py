"""Exports steps of small recurrent decoders, and takes their logits: fixtures of the importer.

    python3 Tests/Scripts/recurrent_exports.py [FOLDER]

Needs numpy, onnx, onnxscript and torch. The models are written after the papers: RWKV-5 and -6 [Peng et al., arXiv 2404.05892], RWKV-7 [Peng et
al., arXiv 2503.14456] and Mamba [Gu and Dao, arXiv 2312.00752]. Every fixture of Tests/QuellImportTests/Fixtures/Decoders (or of the folder
given) gets the model, tokens.json, and logits.f32: the rows of logits that the model gives in torch. The weights are random,
with a fixed seed.
"""

import json
import os
import sys

import onnx
import torch
from torch import nn
from torch.nn import functional as F

FOLDER = os.path.join(os.path.dirname(__file__), "..", "QuellImportTests", "Fixtures", "Decoders")
VOCABULARY, WIDTH, LAYERS, HEADS, RANK = 24, 16, 2, 2, 4
SIZE = WIDTH // HEADS
TOKENS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 23, 5, 8]


def table(*shape):
    return nn.Parameter(torch.empty(shape))


class ChannelMix(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = table(WIDTH)
        self.key = nn.Linear(WIDTH, 2 * WIDTH, bias=False)
        self.value = nn.Linear(2 * WIDTH, WIDTH, bias=False)

    def forward(self, x, last):
        mixed = x + (last - x) * self.mix
        return self.value(torch.relu(self.key(mixed)) ** 2)


class TimeMix5(nn.Module):
    """RWKV-5: a decay and a bonus for each channel, layer normalisation of each head."""

    def __init__(self):
        super().__init__()
        self.mix = table(4, WIDTH)
        self.decay = table(HEADS, SIZE, 1)
        self.bonus = table(HEADS, SIZE, 1)
        for name in ["receptance", "key", "value", "gate", "output"]:
            setattr(self, name, nn.Linear(WIDTH, WIDTH, bias=False))
        self.norm = nn.GroupNorm(HEADS, WIDTH, eps=64e-5)

    def forward(self, x, last, state, first):
        r, k, v, g = (x * m + last * (1 - m) for m in self.mix)
        r = self.receptance(r).view(HEADS, 1, SIZE)
        k = self.key(k).view(HEADS, SIZE, 1)
        v = self.value(v).view(HEADS, 1, SIZE)
        g = F.silu(self.gate(g))
        product = k @ v
        y = (r @ (self.bonus * product + state)).flatten()
        state = product + torch.exp(-torch.exp(self.decay)) * state
        y = self.norm(y.unsqueeze(0)).squeeze(0)
        return self.output(y * g), state, first


class TimeMix6(nn.Module):
    """RWKV-6: a decay that depends on the data, through a matrix of low rank."""

    def __init__(self):
        super().__init__()
        self.mix = table(5, WIDTH)
        self.mix_x = table(WIDTH)
        self.mix_down = table(WIDTH, 5 * RANK)
        self.mix_up = table(5, RANK, WIDTH)
        self.decay = table(WIDTH)
        self.decay_down = table(WIDTH, RANK)
        self.decay_up = table(RANK, WIDTH)
        self.bonus = table(HEADS, SIZE, 1)
        for name in ["receptance", "key", "value", "gate", "output"]:
            setattr(self, name, nn.Linear(WIDTH, WIDTH, bias=False))
        self.norm = nn.GroupNorm(HEADS, WIDTH, eps=64e-5)

    def forward(self, x, last, state, first):
        shift = last - x
        mixed = x + shift * self.mix_x
        mixed = torch.tanh(mixed @ self.mix_down).view(5, 1, RANK)
        mixed = torch.bmm(mixed, self.mix_up).view(5, WIDTH)
        w, k, v, r, g = (x + shift * (self.mix + mixed)).unbind(0)
        r = self.receptance(r).view(HEADS, 1, SIZE)
        k = self.key(k).view(HEADS, SIZE, 1)
        v = self.value(v).view(HEADS, 1, SIZE)
        g = F.silu(self.gate(g))
        w = torch.exp(-torch.exp(self.decay + torch.tanh(w @ self.decay_down) @ self.decay_up)).view(HEADS, SIZE, 1)
        product = k @ v
        y = (r @ (self.bonus * product + state)).flatten()
        state = product + w * state
        y = self.norm(y.unsqueeze(0)).squeeze(0)
        return self.output(y * g), state, first


class TimeMix7(nn.Module):
    """RWKV-7: the state is changed by a generalised delta rule."""

    def __init__(self):
        super().__init__()
        self.mix = table(6, WIDTH)
        for name in ["w", "a", "v"]:
            setattr(self, f"{name}0", table(WIDTH))
        for name in ["w", "a", "v", "g"]:
            setattr(self, f"{name}1", table(WIDTH, RANK))
            setattr(self, f"{name}2", table(RANK, WIDTH))
        self.k_k, self.k_a, self.r_k = table(WIDTH), table(WIDTH), table(HEADS, SIZE)
        for name in ["receptance", "key", "value", "output"]:
            setattr(self, name, nn.Linear(WIDTH, WIDTH, bias=False))
        self.norm = nn.GroupNorm(HEADS, WIDTH, eps=64e-5)

    def forward(self, x, last, state, first):
        xr, xw, xk, xv, xa, xg = (x + (last - x) * m for m in self.mix)
        r, k, v = self.receptance(xr), self.key(xk), self.value(xv)
        w = torch.exp(-0.606531 * torch.sigmoid(self.w0 + torch.tanh(xw @ self.w1) @ self.w2))
        a = torch.sigmoid(self.a0 + (xa @ self.a1) @ self.a2)
        g = torch.sigmoid(xg @ self.g1) @ self.g2
        if first is None:
            first = v
        else:
            v = v + (first - v) * torch.sigmoid(self.v0 + (xv @ self.v1) @ self.v2)
        kk = F.normalize((k * self.k_k).view(HEADS, SIZE), dim=-1, p=2.0)
        k = (k * (1 + (a - 1) * self.k_a)).view(HEADS, SIZE)
        r, v, a, w = (z.view(HEADS, SIZE) for z in (r, v, a, w))
        removed = torch.einsum("hij,hj->hi", state, -kk)
        state = state * w.unsqueeze(1) + removed.unsqueeze(2) * (kk * a).unsqueeze(1) + v.unsqueeze(2) * k.unsqueeze(1)
        y = (state @ r.unsqueeze(2)).view(1, WIDTH)
        y = self.norm(y).view(WIDTH)
        y = y + ((r * k * self.r_k).sum(-1, keepdim=True) * v).view(WIDTH)
        return self.output(y * g), state, first


class RWKV(nn.Module):
    """States for each layer: what the two mixings saw last, and the matrix of each head."""

    def __init__(self, mix):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.first = nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({
                "ln1": nn.LayerNorm(WIDTH), "attention": mix(), "ln2": nn.LayerNorm(WIDTH), "feed_forward": ChannelMix()
            }) for _ in range(LAYERS))
        self.last = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    shapes = [(WIDTH,), (HEADS, SIZE, SIZE), (WIDTH,)]

    def forward(self, token, *states):
        x = self.first(self.embedding(token)).view(WIDTH)
        after = []
        shared = None
        for index, block in enumerate(self.blocks):
            last, matrix, channel = states[3 * index:3 * index + 3]
            normal = block["ln1"](x)
            y, matrix, shared = block["attention"](normal, last, matrix, shared)
            x = x + y
            other = block["ln2"](x)
            x = x + block["feed_forward"](other, channel)
            after += [normal, matrix, other]
        return self.head(self.last(x)), *after


class Mamba(nn.Module):
    """States for each layer: the window of the convolution, and the state space."""

    inner, space, kernel, rank = 2 * WIDTH, 4, 4, 2
    shapes = [(1, inner, kernel), (1, inner, space)]

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList()
        for _ in range(LAYERS):
            layer = nn.Module()
            layer.norm = table(WIDTH)
            layer.in_proj = nn.Linear(WIDTH, 2 * self.inner, bias=False)
            layer.conv1d = nn.Conv1d(self.inner, self.inner, self.kernel, groups=self.inner)
            layer.x_proj = nn.Linear(self.inner, self.rank + 2 * self.space, bias=False)
            layer.dt_proj = nn.Linear(self.rank, self.inner)
            layer.A_log, layer.D = table(self.inner, self.space), table(self.inner)
            layer.out_proj = nn.Linear(self.inner, WIDTH, bias=False)
            self.layers.append(layer)
        self.norm = table(WIDTH)

    @staticmethod
    def normalised(x, gain):
        return gain * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))

    def forward(self, token, *states):
        residual = self.embedding(token).view(1, WIDTH)
        after = []
        for index, layer in enumerate(self.layers):
            window, state = states[2 * index:2 * index + 2]
            x, z = layer.in_proj(self.normalised(residual, layer.norm)).chunk(2, dim=-1)
            if index == 0:
                window = torch.cat([window[:, :, 1:], x.unsqueeze(-1)], dim=-1)
                x = torch.sum(window * layer.conv1d.weight.squeeze(1), dim=-1) + layer.conv1d.bias
            else:
                # The same with the operator.
                window = torch.cat([window[:, :, 1:], x.unsqueeze(-1)], dim=-1)
                x = layer.conv1d(window).squeeze(-1)
            x = F.silu(x)
            dt, B, C = torch.split(layer.x_proj(x), [self.rank, self.space, self.space], dim=-1)
            dt = F.softplus(layer.dt_proj(dt))
            A = -torch.exp(layer.A_log)
            decay = torch.exp(torch.einsum("bd,dn->bdn", dt, A))
            entry = torch.einsum("bd,bn->bdn", dt, B)
            state = state * decay + x.unsqueeze(-1) * entry
            y = torch.einsum("bdn,bn->bd", state, C) + layer.D * x
            residual = residual + layer.out_proj(y * F.silu(z))
            after += [window, state]
        logits = self.normalised(residual, self.norm) @ self.embedding.weight.t()
        return logits, *after


def randomised(model):
    """Weights large enough that every part shows in the logits."""
    numbers = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = 0.4 if parameter.dim() > 1 else 0.2
            isGain = name.endswith("norm") or ("ln" in name or "norm" in name or "first" in name or "last" in name) and "weight" in name
            parameter.copy_(torch.randn(parameter.shape, generator=numbers) * spread + (1 if isGain else 0))
    return model.eval()


def strip(path):
    """Takes out what exporters remember of their own making."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.ClearField("doc_string")
        kept = [entry for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    del model.graph.value_info[:]
    onnx.save(model, path)


def export(folder, name, model, dynamo):
    randomised(model)
    states = [torch.zeros(shape) for _ in range(LAYERS) for shape in model.shapes]
    names = [f"state.{index}" for index in range(len(states))]
    outputs = ["logits"] + [f"{name}.next" for name in names]
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    path = os.path.join(folder, name, "model.onnx")
    options = {"dynamo": True, "opset_version": 20, "external_data": False} if dynamo else {"dynamo": False, "opset_version": 16}
    torch.onnx.export(
        model, (torch.tensor([1]), *states), path, input_names=["token"] + names, output_names=outputs, **options)
    strip(path)
    rows = []
    with torch.no_grad():
        for token in TOKENS:
            logits, *states = model(torch.tensor([token]), *states)
            rows.append(logits.flatten())
    torch.stack(rows).numpy().astype("<f4").tofile(os.path.join(folder, name, "logits.f32"))
    with open(os.path.join(folder, name, "tokens.json"), "w") as file:
        json.dump(TOKENS, file)
    print(name, os.path.getsize(path))


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else FOLDER
    for name, make in [
        ("rwkv5", lambda: RWKV(TimeMix5)), ("rwkv6", lambda: RWKV(TimeMix6)), ("rwkv7", lambda: RWKV(TimeMix7)), ("mamba", Mamba)
    ]:
        for dynamo in [False, True]:
            export(folder, f"{name}_{'dynamo' if dynamo else 'torchscript'}_step", make(), dynamo)


if __name__ == "__main__":
    main()
