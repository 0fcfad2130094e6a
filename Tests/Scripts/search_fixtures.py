"""The sequential search of arXiv 2501.16337 in NumPy, on the shipped models: what Quell's own has to agree with.

It shares nothing with Quell: weights come from the ONNX files, and both models are written out here. Writes one fixture for each.

usage: search_fixtures.py (from the root of the repository)
"""
import collections
import json
import pathlib

import numpy as np
import onnx
import onnx.numpy_helper
import tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests/QuellCalibrationTests/Fixtures"
DENSITIES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
LENGTH, COUNT = 40, 6  # steps of a window, and windows
# A decision closer than this could fall the other way in single precision.
MARGIN = 2e-6


class Weights:
    """Initializers by name, and the matrices of products in the order of the graph, one row for each input."""

    def __init__(self, path):
        graph = onnx.load(str(path)).graph
        self.vectors = {t.name.removeprefix("hf."): onnx.numpy_helper.to_array(t).astype(np.float64) for t in graph.initializer}
        casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
        self.products = {}
        for node in graph.node:
            if node.op_type == "MatMul" and (name := casts.get(node.input[1])) in self.vectors:
                self.products[node.name] = self.vectors[name]

    def __getitem__(self, name):
        return self.vectors[name]


def normalize(x, gain, bias):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-5) * gain + bias


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class RWKV4:
    """`site(name, x)` gets every vector that is searched, shape (windows, steps, channels), and returns what is sent on."""

    file, kinds = "rwkv4-tiny", 7

    def __init__(self, w):
        self.w = w
        self.blocks = sum(name.endswith("ln1.weight") for name in w.vectors)
        products = list(w.products.items())
        self.matrices = [dict(zip(("k", "v", "r", "o", "ck", "cr", "cv"), (m for _, m in products[7 * b : 7 * b + 7]))) for b in range(self.blocks)]
        self.head = products[-1][1]

    def order(self):
        names = ["attention.key", "attention.receptance", "attention.value", "attention.output"]
        names += ["feed_forward.receptance", "feed_forward.key", "feed_forward.value"]
        return [(f"blocks.{b}.{name}", name) for b in range(self.blocks) for name in names]

    def logits(self, tokens, site):
        w = self.w
        x = w["rwkv.embeddings.weight"][tokens]
        x = normalize(x, w["rwkv.blocks.0.pre_ln.weight"], w["rwkv.blocks.0.pre_ln.bias"])
        for b in range(self.blocks):
            p, m, s = f"rwkv.blocks.{b}.", self.matrices[b], f"blocks.{b}."

            def mixed(part, name):
                mix = w[f"{p}{part}.time_mix_{name}"].reshape(-1)
                return site(f"{s}{part}.{name}", h * mix + before * (1 - mix))

            h = normalize(x, w[p + "ln1.weight"], w[p + "ln1.bias"])
            before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], 1)
            k, r, v = (mixed("attention", n) @ m[n[0]] for n in ("key", "receptance", "value"))
            y = self.attend(k, v, -np.exp(w[p + "attention.time_decay"]), w[p + "attention.time_first"])
            x = x + site(s + "attention.output", sigmoid(r) * y) @ m["o"]
            h = normalize(x, w[p + "ln2.weight"], w[p + "ln2.bias"])
            before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], 1)
            r, k = (mixed("feed_forward", n) @ m["c" + n[0]] for n in ("receptance", "key"))
            x = x + sigmoid(r) * (site(s + "feed_forward.value", np.maximum(k, 0) ** 2) @ m["cv"])
        return normalize(x, w["rwkv.ln_out.weight"], w["rwkv.ln_out.bias"]) @ self.head

    @staticmethod
    def attend(k, v, decay, first):
        numerator = denominator = np.zeros_like(k[:, 0])
        y = np.empty_like(k)
        # In double precision keys as small as these need no common factor taken out.
        for t in range(k.shape[1]):
            now, bonus = np.exp(k[:, t]), np.exp(first + k[:, t])
            y[:, t] = (numerator + bonus * v[:, t]) / (denominator + bonus)
            numerator = np.exp(decay) * numerator + now * v[:, t]
            denominator = np.exp(decay) * denominator + now
        return y


class OPT:
    file, kinds, heads = "opt-tiny", 3, 8

    def __init__(self, w):
        self.w = w
        self.layers = sum(name.endswith("fc1.bias") for name in w.vectors)

    def order(self):
        names = ["self_attn.q_proj+k_proj+v_proj", "fc1", "fc2"]
        return [(f"layers.{b}.{name}", name) for b in range(self.layers) for name in names]

    def logits(self, tokens, site):
        w, (windows, steps) = self.w, tokens.shape
        x = w["model.decoder.embed_tokens.weight"][tokens] + w["model.decoder.embed_positions.weight"][2 : 2 + steps]
        future = np.triu(np.full((steps, steps), -np.inf), 1)
        for b in range(self.layers):
            p, node = f"model.decoder.layers.{b}.", f"/decoder/layers.{b}/self_attn/"

            def linear(name, h):
                return h @ w.products[f"{node}{name}/MatMul"] + w[f"{p}self_attn.{name}.bias"]

            def split(h):
                return h.reshape(windows, steps, self.heads, -1).transpose(0, 2, 1, 3)

            h = normalize(x, w[p + "self_attn_layer_norm.weight"], w[p + "self_attn_layer_norm.bias"])
            h = site(f"layers.{b}.self_attn.q_proj+k_proj+v_proj", h)
            q, k, v = (split(linear(name, h)) for name in ("q_proj", "k_proj", "v_proj"))
            scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(q.shape[-1]) + future
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            attended = scores / scores.sum(-1, keepdims=True) @ v
            x = x + linear("out_proj", attended.transpose(0, 2, 1, 3).reshape(x.shape))
            h = normalize(x, w[p + "final_layer_norm.weight"], w[p + "final_layer_norm.bias"])
            h = np.maximum(site(f"layers.{b}.fc1", h) @ w[p + "fc1.weight"].T + w[p + "fc1.bias"], 0)
            x = x + site(f"layers.{b}.fc2", h) @ w[p + "fc2.weight"].T + w[p + "fc2.bias"]
        x = normalize(x, w["model.decoder.final_layer_norm.weight"], w["model.decoder.final_layer_norm.bias"])
        return x @ w["model.decoder.embed_tokens.weight"].T


def loss(model, tokens, thetas):
    def site(name, x):
        return np.where(np.abs(x) > thetas.get(name, 0), x, 0)

    z = model.logits(tokens[:, :-1], site)
    z = z - z.max(-1, keepdims=True)
    chosen = np.take_along_axis(z, tokens[:, 1:, None], -1)[..., 0]
    return float((np.log(np.exp(z).sum(-1)) - chosen).mean())


def thresholds(model, tokens, thetas, wanted):
    found = {}

    def site(name, x):
        if name == wanted:
            quantiles = np.quantile(np.abs(x), [1 - p for p in DENSITIES], axis=-1)
            found[name] = quantiles.reshape(len(DENSITIES), -1).mean(1)
        return np.where(np.abs(x) > thetas.get(name, 0), x, 0)

    model.logits(tokens[:, :-1], site)
    return found[wanted]


def search(model, tokens, increase):
    thetas, sites, frequent, evaluations = {}, [], collections.defaultdict(collections.Counter), 1
    dense = base = loss(model, tokens, thetas)
    for name, kind in model.order():
        candidates = thresholds(model, tokens, thetas, name)

        def attempt(index):
            nonlocal evaluations
            evaluations += 1
            result = loss(model, tokens, {**thetas, name: candidates[index]})
            assert abs(result / base - increase) > MARGIN, (name, index, result / base)
            return result, result / base < increase

        most = frequent[kind].most_common(1)
        index = most[0][0] if most else 0
        result, passes = attempt(index)
        if passes:
            while index + 1 < len(DENSITIES):
                further, passes = attempt(index + 1)
                if not passes:
                    break
                index, result = index + 1, further
        else:
            while index > 0 and not passes:
                index -= 1
                result, passes = attempt(index)
        thetas[name], base = candidates[index], result
        frequent[kind][index] += 1
        sites.append({"name": name, "density": DENSITIES[index], "theta": float(candidates[index]), "loss": result})
    return {"dense_loss": dense, "evaluations": evaluations, "sites": sites}


def main():
    text = (ROOT / "Examples/Texts/calibration.txt").read_text()
    for model, increase in ((RWKV4, 1.0015), (OPT, 1.002)):
        folder = ROOT / "Examples/Models" / model.file
        ids = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids
        windows = np.array([ids[LENGTH * i : LENGTH * (i + 1) + 1] for i in range(COUNT)])
        result = search(model(Weights(folder / "model.onnx")), windows, increase)
        result |= {"loss_increase": increase, "windows": windows.tolist()}
        (FIXTURES / f"{model.file}.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
        print(model.file, result["evaluations"], result["dense_loss"], [s["density"] for s in result["sites"]])


if __name__ == "__main__":
    main()
