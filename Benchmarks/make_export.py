"""Makes an ONNX export of the shape of a published model, with random weights in single precision and external data.

usage: make_export.py SHAPE FOLDER

FOLDER gets model.onnx and model.onnx.data; the large shapes take 5 to 12 GB. The graphs have the form that exporters write: OPT
as optimum does, with past keys and values; RWKV-4 as one step traced by torch (TorchScript), with its state in five tensors.
"""
import sys

import numpy as np
from onnx import TensorProto

from graph import Graph

# family: layers, width, width of the feed-forward, heads, vocabulary, positions
SHAPES = {
    "opt-tiny": ("opt", 2, 64, 256, 4, 512, 128),
    "opt-1.3b": ("opt", 24, 2048, 8192, 32, 50272, 2048),
    "opt-2.7b": ("opt", 32, 2560, 10240, 32, 50272, 2048),
    "rwkv4-tiny": ("rwkv4", 2, 64, 256, 0, 512, 0),
    "rwkv4-430m": ("rwkv4", 24, 1024, 4096, 0, 50277, 0),
    "rwkv4-1b5": ("rwkv4", 24, 2048, 8192, 0, 50277, 0),
    "rwkv4-3b": ("rwkv4", 32, 2560, 10240, 0, 50277, 0),
}


def norm(graph, x, name, width):
    gain, bias = graph.weight(f"{name}.weight", [width], 0.1, 1), graph.weight(f"{name}.bias", [width], 0.1)
    return graph.node("LayerNormalization", x, gain, bias, axis=-1, epsilon=1e-5)


def make_opt(graph, layers, width, inner, heads, vocabulary, positions):
    """OPT with past, opset 18, the form of optimum: Gemm in the feed-forward, MatMul elsewhere, a second copy of the table as head."""
    size = width // heads
    scale = width**-0.5
    ids = graph.input("input_ids", ["batch_size", "sequence_length"], TensorProto.INT64)
    mask = graph.input("attention_mask", ["batch_size", "past_sequence_length + sequence_length"], TensorProto.INT64)
    cache = ["batch_size", heads, "past_sequence_length", size]
    pasts = [[graph.input(f"past_key_values.{layer}.{part}", cache) for part in ("key", "value")] for layer in range(layers)]
    places = graph.input("position_ids", ["batch_size", "sequence_length"], TensorProto.INT64)
    graph.output("logits", ["batch_size", "sequence_length", vocabulary])

    table = graph.weight("model.decoder.embed_tokens.weight", [vocabulary, width], 1.0)
    order = graph.weight("model.decoder.embed_positions.weight", [positions + 2, width], 0.1)
    x = graph.node("Gather", table, ids)
    x = graph.node("Add", x, graph.node("Gather", order, graph.node("Add", places, graph.constant(2))))

    def axis(tensor, number):
        return graph.node("Gather", graph.node("Shape", tensor), graph.constant(number), axis=0)

    # Of a query at its position, the keys after it and the keys that the mask leaves out are closed.
    zero, one = graph.constant(0), graph.constant(1)
    past, total = axis(pasts[0][0], 2), axis(mask, 1)
    rows = graph.node("Range", past, graph.node("Add", past, axis(ids, 1)), one)
    columns = graph.node("Range", zero, total, one)
    later = graph.node("Greater", columns, graph.node("Reshape", rows, graph.constant([-1, 1])))
    absent = graph.node("Equal", graph.node("Unsqueeze", mask, graph.constant([1, 2])), zero)
    closed = graph.node("Or", graph.node("Unsqueeze", later, graph.constant([0, 1])), absent)
    least, nothing = graph.constant(np.finfo(np.float32).min, np.float32), graph.constant(0, np.float32)
    mask = graph.node("Where", closed, least, nothing)

    def linear(x, name, matrix):
        return graph.node("Add", graph.weight(f"{name}.bias", [width], 0.02), graph.node("MatMul", x, matrix))

    def split(x):
        batch = graph.node("Unsqueeze", axis(x, 0), graph.constant([0]))
        shape = graph.node("Concat", batch, graph.constant([-1]), graph.constant([heads]), graph.constant([size]), axis=0)
        return graph.node("Transpose", graph.node("Reshape", x, shape), perm=[0, 2, 1, 3])

    for layer in range(layers):
        name = f"model.decoder.layers.{layer}"
        normal = norm(graph, x, f"{name}.self_attn_layer_norm", width)
        parts = {}
        for part in "qkv":
            matrix = graph.weight(f"onnx::MatMul_{layer}_{part}", [width, width], scale)
            parts[part] = linear(normal, f"{name}.self_attn.{part}_proj", matrix)
        query = split(graph.node("Mul", parts["q"], graph.constant(size**-0.5, np.float32)))
        joined = {}
        for part, old, label in (("k", pasts[layer][0], "key"), ("v", pasts[layer][1], "value")):
            joined[part] = graph.node("Concat", old, split(parts[part]), out=f"present.{layer}.{label}", axis=-2)
            graph.output(joined[part], ["batch_size", heads, "past_sequence_length + sequence_length", size])
        scores = graph.node("MatMul", query, graph.node("Transpose", joined["k"], perm=[0, 1, 3, 2]))
        weights = graph.node("Softmax", graph.node("Add", scores, mask), axis=-1)
        context = graph.node("Transpose", graph.node("MatMul", weights, joined["v"]), perm=[0, 2, 1, 3])
        context = graph.node("Reshape", context, graph.constant([0, 0, width]))
        matrix = graph.weight(f"onnx::MatMul_{layer}_o", [width, width], scale)
        x = graph.node("Add", x, linear(context, f"{name}.self_attn.out_proj", matrix))
        shape = graph.node("Shape", x)
        flat = graph.node("Reshape", x, graph.constant([-1, width]))
        inside = norm(graph, flat, f"{name}.final_layer_norm", width)
        for part, outputs, inputs in (("fc1", inner, width), ("fc2", width, inner)):
            matrix = graph.weight(f"{name}.{part}.weight", [outputs, inputs], inputs**-0.5)
            bias = graph.weight(f"{name}.{part}.bias", [outputs], 0.02)
            inside = graph.node("Gemm", inside, matrix, bias, alpha=1.0, beta=1.0, transB=1)
            if part == "fc1":
                inside = graph.node("Relu", inside)
        x = graph.node("Reshape", graph.node("Add", flat, inside), shape)
    x = norm(graph, x, "model.decoder.final_layer_norm", width)
    graph.node("MatMul", x, graph.transposed("onnx::MatMul_head", table), out="logits")
    graph.save(18)


def make_rwkv4(graph, layers, width, inner, _, vocabulary, __):
    """RWKV-4, one step, opset 17, the form of torch's TorchScript exporter: states are updated by ScatterND, layer after layer."""
    ids = graph.input("input_ids", [1, 1], TensorProto.INT64)
    shape = [1, width, layers]
    states = [graph.input(f"state{number}", shape) for number in range(5)]
    graph.output("logits", [1, 1, vocabulary])
    for number in range(5):
        graph.output(f"new_state{number}", shape)
    zero, last = graph.constant(0), graph.constant(-1)

    def read(number, layer):
        return graph.node("Gather", states[number], graph.constant(layer), axis=2)

    def write(number, layer, value):
        # state[:, :, layer] = value
        size = graph.constant([1, width, 1])
        indices = (graph.constant([[[0]]]), graph.constant(np.arange(width)[:, None]), graph.constant([layer]))
        spread = [graph.node("Unsqueeze", graph.node("Expand", index, size), last_axis) for index in indices]
        places = graph.node("Concat", *spread, axis=-1)
        out = f"new_state{number}" if layer == layers - 1 else None
        states[number] = graph.node("ScatterND", states[number], places, graph.node("Reshape", value, size), out=out)

    last_axis = graph.constant([-1])

    def mixed(x, before, name, label):
        # time_mix * x + (1 - time_mix) * before, the second factor folded by the exporter
        mix = graph.weight(f"{name}.time_mix_{label}", [1, 1, width], 0.1, 0.5)
        rest = graph.weight(f"onnx::Mul_{name}_{label}", [1, 1, width], 0.1, 0.5)
        return graph.node("Add", graph.node("Mul", x, mix), graph.node("Mul", before, rest))

    def linear(x, name, inputs, outputs):
        return graph.node("MatMul", x, graph.weight(f"onnx::MatMul_{name}", [inputs, outputs], inputs**-0.5))

    x = graph.node("Gather", graph.weight("rwkv.embeddings.weight", [vocabulary, width], 1.0), ids)
    x = norm(graph, x, "rwkv.blocks.0.pre_ln", width)
    for layer in range(layers):
        name = f"rwkv.blocks.{layer}.attention"
        normal = norm(graph, x, f"rwkv.blocks.{layer}.ln1", width)
        before = read(1, layer)
        key, value, gate = (
            linear(mixed(normal, before, name, label), f"{name}.{label}", width, width) for label in ("key", "value", "receptance"))
        gate = graph.node("Sigmoid", gate)
        write(1, layer, graph.node("Gather", normal, last, axis=1))
        numerator, denominator, greatest = (read(number, layer) for number in (2, 3, 4))
        decay = graph.node("Neg", graph.node("Exp", graph.weight(f"{name}.time_decay", [width], 0.5)))
        key, value = (graph.node("Gather", vector, zero, axis=1) for vector in (key, value))

        def blended(old, new):
            # Both sides of the recurrence in terms of their greater exponent.
            top = graph.node("Max", old, new)
            left, right = (graph.node("Exp", graph.node("Sub", side, top)) for side in (old, new))
            above = graph.node("Add", graph.node("Mul", left, numerator), graph.node("Mul", right, value))
            return above, graph.node("Add", graph.node("Mul", left, denominator), right), top

        first = graph.node("Add", key, graph.weight(f"{name}.time_first", [width], 0.5))
        above, below, _ = blended(greatest, first)
        mean = graph.node("Reshape", graph.node("Div", above, below), graph.constant([1, 1, width]))
        for number, new in zip((2, 3, 4), blended(graph.node("Add", greatest, decay), key)):
            write(number, layer, new)
        x = graph.node("Add", x, linear(graph.node("Mul", gate, mean), f"{name}.output", width, width))

        name = f"rwkv.blocks.{layer}.feed_forward"
        normal = norm(graph, x, f"rwkv.blocks.{layer}.ln2", width)
        before = read(0, layer)
        key = graph.node("Relu", linear(mixed(normal, before, name, "key"), f"{name}.key", width, inner))
        value = linear(graph.node("Mul", key, key), f"{name}.value", inner, width)
        gate = graph.node("Sigmoid", linear(mixed(normal, before, name, "receptance"), f"{name}.receptance", width, width))
        write(0, layer, graph.node("Gather", normal, last, axis=1))
        x = graph.node("Add", x, graph.node("Mul", gate, value))
    x = norm(graph, x, "rwkv.ln_out", width)
    graph.node("MatMul", x, graph.weight("onnx::MatMul_head", [width, vocabulary], width**-0.5), out="logits")
    graph.save(17)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in SHAPES:
        sys.exit(f"usage: make_export.py SHAPE FOLDER\nSHAPE is one of: {', '.join(SHAPES)}")
    family, *sizes = SHAPES[sys.argv[1]]
    {"opt": make_opt, "rwkv4": make_rwkv4}[family](Graph(sys.argv[2]), *sizes)


if __name__ == "__main__":
    main()
