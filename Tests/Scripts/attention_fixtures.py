"""Makes small decoders with attention as one operator, and what ONNX Runtime makes of them.

    python3 Tests/Scripts/attention_fixtures.py

Needs numpy, onnx and onnxruntime. Every model of Tests/QuellImportTests/Fixtures/Attention/<name> embeds a token, normalises, attends
and projects to logits; the numbers are random, with a fixed seed.
"""

import json
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = os.path.join(os.path.dirname(__file__), "..", "QuellImportTests", "Fixtures", "Attention")
VOCABULARY, WIDTH, HEADS = 11, 8, 4
SIZE = WIDTH // HEADS
TOKENS = [3, 1, 4, 1, 5, 9, 2, 6]


class Decoder:
    """A graph under construction, with the weights and nodes that all fixtures share."""

    def __init__(self, name, seed, opset, window):
        self.name, self.opset, self.window = name, opset, window
        self.numbers = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.outputs, self.caches = [], [], [], [], []
        length = "sequence" if window else 1
        self.inputs.append(helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", length]))
        self.outputs.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", length, VOCABULARY]))
        self.node("Gather", [self.weight("table", VOCABULARY, WIDTH), "tokens"], ["x"])
        self.node("LayerNormalization", ["x", self.weight("gain", WIDTH), self.weight("bias", WIDTH)], ["normal"], axis=-1)

    def weight(self, name, *shape):
        array = self.numbers.standard_normal(shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def integers(self, name, *values):
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def node(self, operator, inputs, outputs, domain="", **attributes):
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=f"node_{outputs[0]}", domain=domain, **attributes))

    def linear(self, source, name, outputs):
        self.node("MatMul", [source, self.weight(f"{name}.weight", WIDTH, outputs)], [name])
        return name

    def cache(self, past, present, *shape):
        """A cache input and the output that is it with one position more; the None of the shape counts positions."""
        self.inputs.append(helper.make_tensor_value_info(past, TensorProto.FLOAT, [n or "past" for n in shape]))
        self.outputs.append(helper.make_tensor_value_info(present, TensorProto.FLOAT, [n or "total" for n in shape]))
        self.caches.append((past, present, [n or 0 for n in shape]))
        return past

    def finish(self, context):
        """Adds the context to x, makes logits, and writes the model with its tokens and logits."""
        self.node("Add", ["x", self.linear(context, "output", WIDTH)], ["sum"])
        self.node("MatMul", ["sum", self.weight("head.weight", WIDTH, VOCABULARY)], ["logits"])
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.weights)
        domains = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=domains, ir_version=10)
        folder = os.path.join(FOLDER, self.name)
        os.makedirs(folder, exist_ok=True)
        onnx.save(model, os.path.join(folder, "model.onnx"))
        self.logits(model).tofile(os.path.join(folder, "logits.f32"))
        with open(os.path.join(folder, "tokens.json"), "w") as file:
            json.dump(TOKENS, file)

    def logits(self, model):
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        if self.window:
            return session.run(["logits"], {"tokens": np.array([TOKENS])})[0][0]
        caches = {past: np.zeros(shape, np.float32) for past, _, shape in self.caches}
        rows = []
        for token in TOKENS:
            names = ["logits"] + [present for _, present, _ in self.caches]
            results = session.run(names, {"tokens": np.array([[token]]), **caches})
            rows.append(results[0][0, 0])
            caches = {past: result for (past, _, _), result in zip(self.caches, results[1:])}
        return np.array(rows)


def standard_window():
    decoder = Decoder("standard_window", 1, 23, window=True)
    shape = decoder.integers("split", 0, -1, HEADS, SIZE)
    for name in ["query", "key", "value"]:
        decoder.node("Reshape", [decoder.linear("normal", name, WIDTH), shape], [f"{name}4"])
        decoder.node("Transpose", [f"{name}4"], [f"{name}T"], perm=[0, 2, 1, 3])
    decoder.node("Attention", ["queryT", "keyT", "valueT"], ["context4"], is_causal=1)
    decoder.node("Transpose", ["context4"], ["contextT"], perm=[0, 2, 1, 3])
    decoder.node("Reshape", ["contextT", decoder.integers("join", 0, -1, WIDTH)], ["context"])
    decoder.finish("context")


def standard_grouped_step():
    decoder = Decoder("standard_grouped_step", 2, 23, window=False)
    kept = HEADS // 2
    for name, outputs in [("query", WIDTH), ("key", kept * SIZE), ("value", kept * SIZE)]:
        decoder.linear("normal", name, outputs)
    past = [decoder.cache(f"past.{name}", f"present.{name}", 1, kept, None, SIZE) for name in ["key", "value"]]
    decoder.node(
        "Attention", ["query", "key", "value", "", *past], ["context", "present.key", "present.value"],
        q_num_heads=HEADS, kv_num_heads=kept, scale=0.75)
    decoder.finish("context")


def contributed_step():
    decoder = Decoder("contributed_step", 3, 17, window=False)
    for name in ["query", "key", "value"]:
        decoder.linear("normal", name, WIDTH)
    past = [decoder.cache(f"past.{name}", f"present.{name}", 1, HEADS, None, SIZE) for name in ["key", "value"]]
    decoder.node(
        "MultiHeadAttention", ["query", "key", "value", decoder.weight("biases", 3 * WIDTH), "", "", *past],
        ["context", "present.key", "present.value"], domain="com.microsoft", num_heads=HEADS)
    decoder.finish("context")


def contributed_window():
    decoder = Decoder("contributed_window", 4, 17, window=True)
    decoder.node(
        "Attention", ["normal", decoder.weight("projection", WIDTH, 3 * WIDTH), decoder.weight("biases", 3 * WIDTH)], ["first"],
        domain="com.microsoft", num_heads=HEADS, unidirectional=1)
    decoder.node(
        "SkipLayerNormalization", ["first", "x", decoder.weight("gain2", WIDTH), decoder.weight("bias2", WIDTH)],
        ["second", "", "", "residual"], domain="com.microsoft", epsilon=1e-5)
    decoder.node(
        "FusedMatMul", ["second", decoder.weight("turned", WIDTH, WIDTH)], ["third"], domain="com.microsoft", transB=1, alpha=0.5)
    decoder.node("FastGelu", ["third", decoder.weight("bias3", WIDTH)], ["fourth"], domain="com.microsoft")
    decoder.node("QuickGelu", ["fourth"], ["fifth"], domain="com.microsoft")
    decoder.node("Add", ["fifth", "residual"], ["sixth"])
    decoder.finish("sixth")


def contributed_projection_step():
    decoder = Decoder("contributed_projection_step", 5, 17, window=False)
    past = decoder.cache("past", "present", 2, 1, HEADS, None, SIZE)
    decoder.node(
        "Attention", ["normal", decoder.weight("projection", WIDTH, 3 * WIDTH), decoder.weight("biases", 3 * WIDTH), "", past],
        ["context", "present"], domain="com.microsoft", num_heads=HEADS, unidirectional=1)
    decoder.finish("context")


for make in [standard_window, standard_grouped_step, contributed_step, contributed_window, contributed_projection_step]:
    make()
