"""Writes a GPT-2 shaped model with random weights as llama.cpp reads it: the same matrix products for a token as OPT of that shape."""
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, quantize

TYPES = {"f16": GGMLQuantizationType.F16, "q8_0": GGMLQuantizationType.Q8_0, "q4_0": GGMLQuantizationType.Q4_0}


class RandomMatrices:
    """Quantised matrices cut from one random one, since quantising gigabytes takes minutes and says nothing about speed."""

    ROWS = 256

    def __init__(self, type):
        self.type, self.random, self.pools = type, np.random.default_rng(1), {}

    def make(self, rows, columns):
        if columns not in self.pools:
            numbers = self.random.standard_normal((self.ROWS, columns), dtype=np.float32) * np.float32(columns**-0.5)
            self.pools[columns] = quantize(numbers, self.type)
        pool = self.pools[columns]
        return pool[self.random.integers(0, self.ROWS, rows)]


def make(path, weights, layers, width, inner, heads, vocabulary, positions):
    """Writes the file. `weights` is f16, q8_0 or q4_0."""
    writer = GGUFWriter(path, "gpt2")
    writer.add_context_length(positions)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(inner)
    writer.add_block_count(layers)
    writer.add_head_count(heads)
    writer.add_layer_norm_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([f"t{number}" for number in range(vocabulary)])
    writer.add_token_types([1] * vocabulary)
    writer.add_token_merges(["t 0"])
    for add in (writer.add_bos_token_id, writer.add_eos_token_id, writer.add_unk_token_id, writer.add_pad_token_id):
        add(0)
    matrices = RandomMatrices(TYPES[weights])

    def matrix(name, rows, columns):
        data = matrices.make(rows, columns)
        writer.add_tensor(f"{name}.weight", data, raw_dtype=TYPES[weights])

    def vector(name, count, value):
        writer.add_tensor(name, np.full(count, value, np.float32))

    def norm(name):
        vector(f"{name}.weight", width, 1)
        vector(f"{name}.bias", width, 0)

    matrix("token_embd", vocabulary, width)
    writer.add_tensor("position_embd.weight", np.full((positions, width), 0.01, np.float32))
    for layer in range(layers):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm")
        norm(f"{block}.ffn_norm")
        for name, rows, columns in (
            ("attn_qkv", 3 * width, width), ("attn_output", width, width), ("ffn_up", inner, width), ("ffn_down", width, inner)
        ):  # fmt: skip
            matrix(f"{block}.{name}", rows, columns)
            vector(f"{block}.{name}.bias", rows, 0)
    norm("output_norm")
    matrix("output", vocabulary, width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
