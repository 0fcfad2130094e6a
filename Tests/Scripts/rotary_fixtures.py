"""Makes small Llama-style decoders of whole operators, and what ONNX Runtime makes of them.

    python3 Tests/Scripts/rotary_fixtures.py

Needs numpy, onnx and onnxruntime. Every model of Tests/QuellImportTests/Fixtures/Decoders/<name> embeds a token and runs two layers of grouped
attention with rotary positions and a gated network between root mean square normalisations; the numbers are random, with a fixed
seed.
"""

import json
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = os.path.join(os.path.dirname(__file__), "..", "QuellImportTests", "Fixtures", "Decoders")
VOCABULARY, WIDTH, HEADS, KEPT, SIZE, LAYERS, LONGEST = 24, 16, 4, 2, 16, 2, 20
TOKENS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 23, 5, 8]


class Decoder:
    """A graph under construction."""

    def __init__(self, seed, opset):
        self.numbers = np.random.default_rng(seed)
        self.opset = opset
        self.nodes, self.weights, self.caches = [], [], []
        self.inputs = [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", 1])]
        self.outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1, VOCABULARY])]
        frequencies = 10000.0 ** (-np.arange(0, SIZE, 2) / SIZE)
        angles = np.arange(LONGEST)[:, None] * frequencies
        self.add("cosines", np.cos(angles).astype(np.float32))
        self.add("sines", np.sin(angles).astype(np.float32))

    def add(self, name, array):
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, name, *shape):
        return self.add(name, (self.numbers.standard_normal(shape) * 0.4 + (len(shape) == 1)).astype(np.float32))

    def node(self, operator, inputs, outputs, domain="", **attributes):
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=f"node_{outputs[0]}", domain=domain, **attributes))
        return outputs[0]

    def linear(self, source, name, outputs, inputs=WIDTH):
        return self.node("MatMul", [source, self.weight(f"{name}.weight", inputs, outputs)], [name])

    def input(self, name, kind, shape):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def cache(self, past, present):
        self.input(past, TensorProto.FLOAT, ["batch", KEPT, "past", SIZE])
        self.outputs.append(helper.make_tensor_value_info(present, TensorProto.FLOAT, ["batch", KEPT, "total", SIZE]))
        self.caches.append((past, present))
        return past

    def gated(self, source, layer):
        gate = self.linear(source, f"layers.{layer}.gate", 24)
        up = self.linear(source, f"layers.{layer}.up", 24)
        self.node("Sigmoid", [gate], [f"{gate}.sigmoid"])
        self.node("Mul", [gate, f"{gate}.sigmoid"], [f"{gate}.silu"])
        self.node("Mul", [f"{gate}.silu", up], [f"{gate}.product"])
        return self.linear(f"{gate}.product", f"layers.{layer}.down", WIDTH, inputs=24)

    def finish(self, name, source, feed):
        self.node("MatMul", [source, self.weight("head.weight", WIDTH, VOCABULARY)], ["logits"])
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.weights)
        domains = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=domains, ir_version=10)
        folder = os.path.join(FOLDER, name)
        os.makedirs(folder, exist_ok=True)
        onnx.save(model, os.path.join(folder, "model.onnx"))
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        caches = {past: np.zeros([1, KEPT, 0, SIZE], np.float32) for past, _ in self.caches}
        rows = []
        for position, token in enumerate(TOKENS):
            names = ["logits"] + [present for _, present in self.caches]
            results = session.run(names, {"tokens": np.array([[token]]), **feed(position), **caches})
            rows.append(results[0][0, 0])
            caches = {past: result for (past, _), result in zip(self.caches, results[1:])}
        np.array(rows).astype("<f4").tofile(os.path.join(folder, "logits.f32"))
        with open(os.path.join(folder, "tokens.json"), "w") as file:
            json.dump(TOKENS, file)


def standard():
    """The operators of version 23."""
    decoder = Decoder(1, 23)
    decoder.input("positions", TensorProto.INT64, ["batch", 1])
    x = decoder.node("Gather", [decoder.weight("table", VOCABULARY, WIDTH), "tokens"], ["x"])
    for layer in range(LAYERS):
        at = f"layers.{layer}"
        normal = decoder.node("RMSNormalization", [x, decoder.weight(f"{at}.gain", WIDTH)], [f"{at}.normal"], axis=-1, epsilon=1e-5)
        parts = []
        for name, heads in [("query", HEADS), ("key", KEPT)]:
            part = decoder.linear(normal, f"{at}.{name}", heads * SIZE)
            parts.append(decoder.node(
                "RotaryEmbedding", [part, "cosines", "sines", "positions"], [f"{part}.turned"], num_heads=heads, interleaved=layer))
        parts.append(decoder.linear(normal, f"{at}.value", KEPT * SIZE))
        present = [f"present.{layer}.key", f"present.{layer}.value"]
        past = [decoder.cache(name.replace("present", "past"), name) for name in present]
        decoder.node(
            "Attention", [*parts, "", *past], [f"{at}.context", *present], q_num_heads=HEADS, kv_num_heads=KEPT)
        x = decoder.node("Add", [x, decoder.linear(f"{at}.context", f"{at}.output", WIDTH, inputs=HEADS * SIZE)], [f"{at}.x"])
        normal = decoder.node("RMSNormalization", [x, decoder.weight(f"{at}.gain2", WIDTH)], [f"{at}.normal2"], axis=-1, epsilon=1e-5)
        x = decoder.node("Add", [x, decoder.gated(normal, layer)], [f"{at}.y"])
    decoder.node("RMSNormalization", [x, decoder.weight("gain", WIDTH)], ["last"], axis=-1, epsilon=1e-5)
    decoder.finish("llama_standard_operators", "last", lambda position: {"positions": np.array([[position]])})


def contributed():
    """The operators of ONNX Runtime, as its generators of language models write them."""
    decoder = Decoder(2, 17)
    decoder.input("mask", TensorProto.INT64, ["batch", "total"])
    # The length of the sequence, and how many of its keys there are beside the newest.
    decoder.add("one", np.array([1], np.int64))
    decoder.node("ReduceSum", ["mask", "one"], ["ones"], keepdims=0)
    decoder.node("Sub", ["ones", "one"], ["before"])
    decoder.node("Cast", ["before"], ["before32"], to=TensorProto.INT32)
    decoder.node("Shape", ["mask"], ["lengths"])
    decoder.add("axis", np.array(1, np.int64))
    decoder.node("Gather", ["lengths", "axis"], ["length"])
    decoder.node("Cast", ["length"], ["length32"], to=TensorProto.INT32)
    x = decoder.node("Gather", [decoder.weight("table", VOCABULARY, WIDTH), "tokens"], ["x"])
    normal = decoder.node(
        "SimplifiedLayerNormalization", [x, decoder.weight("layers.0.gain", WIDTH)], ["layers.0.normal"], axis=-1, epsilon=1e-5)
    for layer in range(LAYERS):
        at = f"layers.{layer}"
        packed = decoder.linear(normal, f"{at}.packed", (HEADS + 2 * KEPT) * SIZE)
        present = [f"present.{layer}.key", f"present.{layer}.value"]
        past = [decoder.cache(name.replace("present", "past"), name) for name in present]
        decoder.node(
            "GroupQueryAttention", [packed, "", "", *past, "before32", "length32", "cosines", "sines"], [f"{at}.context", *present],
            domain="com.microsoft", num_heads=HEADS, kv_num_heads=KEPT, do_rotary=1, rotary_interleaved=layer)
        output = decoder.linear(f"{at}.context", f"{at}.output", WIDTH, inputs=HEADS * SIZE)
        normal = decoder.node(
            "SkipSimplifiedLayerNormalization", [x, output, decoder.weight(f"{at}.gain2", WIDTH)],
            [f"{at}.normal2", "", "", f"{at}.x"], domain="com.microsoft", epsilon=1e-5)
        down = decoder.gated(normal, layer)
        normal = decoder.node(
            "SkipSimplifiedLayerNormalization", [f"{at}.x", down, decoder.weight(f"layers.{layer + 1}.gain", WIDTH)],
            [f"{at}.normal3", "", "", f"{at}.y"], domain="com.microsoft", epsilon=1e-5)
        x = f"{at}.y"
    decoder.finish(
        "llama_contributed_operators", normal, lambda position: {"mask": np.ones([1, position + 1], np.int64)})


if __name__ == "__main__":
    standard()
    contributed()
