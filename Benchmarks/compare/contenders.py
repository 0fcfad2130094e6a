"""The programs that are compared: each is prepared once, and takes a prompt and then tokens one by one when it is run."""
import json
import pathlib
import subprocess
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))


class Quell:
    """`quell bench` of a synthetic model, a process for each run."""

    def __init__(self, command, model, weights, sparsity, threads):
        self.name = f"quell {weights} sparsity {sparsity:g}"
        self.weights, self.sparsity = weights, sparsity
        self.command = [
            command, "bench", "-m", model, "--weights", weights, "--sparsity", str(sparsity), "-t", str(threads), "-r", "1", "--json",
        ]  # fmt: skip

    def run(self, prompt, tokens):
        output = subprocess.run(
            [*map(str, self.command), "-p", str(prompt), "-n", str(tokens)], check=True, stdout=subprocess.PIPE
        ).stdout
        rates = {record["test"][:2]: record["tokens_per_second"] for record in json.loads(output)}
        return rates["tg"], rates["pp"]


class LlamaCpp:
    """llama.cpp through llama-cpp-python, a GPT-2 of the same shape."""

    def __init__(self, path, weights, type, shape, threads, plain):
        import gpt2_gguf
        import llama_cpp

        if plain:
            defaults = llama_cpp.llama_cpp.llama_model_default_params

            def parameters():
                result = defaults()
                result.use_extra_bufts = False
                return result

            llama_cpp.llama_cpp.llama_model_default_params = parameters
        gpt2_gguf.make(
            path, type, shape["layers"], shape["d"], shape["ffn"], shape["heads"], shape["vocabulary"], shape["positions"])
        self.name, self.weights, self.sparsity = f"llama.cpp {type}", weights, 0
        self.vocabulary = shape["vocabulary"]
        self.model = llama_cpp.Llama(str(path), n_ctx=512, n_threads=threads, n_threads_batch=threads, verbose=False)

    def run(self, prompt, tokens):
        ids = np.random.default_rng(2).integers(0, self.vocabulary, prompt + tokens).tolist()
        self.model.reset()
        start = time.perf_counter()
        self.model.eval(ids[:prompt])
        middle = time.perf_counter()
        for token in ids[prompt:]:
            self.model.eval([token])
        end = time.perf_counter()
        return tokens / (end - middle), prompt / (middle - start)


class OnnxRuntime:
    """ONNX Runtime on the export of the same shape, its caches handed from step to step."""

    def __init__(self, path, weights, shape, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.name, self.weights, self.sparsity = f"ONNX Runtime {weights}", weights, 0
        self.shape = shape

    def run(self, prompt, tokens):
        ids = np.random.default_rng(2).integers(0, self.shape["vocabulary"], prompt + tokens)
        heads, size = self.shape["heads"], self.shape["d"] // self.shape["heads"]
        names = [f"past_key_values.{layer}.{part}" for layer in range(self.shape["layers"]) for part in ("key", "value")]
        past = {name: np.zeros((1, heads, 0, size), np.float32) for name in names}

        def step(new, done):
            feed = {"input_ids": new[None], "attention_mask": np.ones((1, done + new.size), np.int64),
                    "position_ids": np.arange(done, done + new.size)[None], **past}  # fmt: skip
            outputs = self.session.run(None, feed)
            past.update(zip(names, outputs[1:]))

        start = time.perf_counter()
        step(ids[:prompt], 0)
        middle = time.perf_counter()
        for number in range(tokens):
            step(ids[prompt + number : prompt + number + 1], prompt + number)
        end = time.perf_counter()
        return tokens / (end - middle), prompt / (middle - start)


def make_onnx(folder, shape, weights):
    """The export in the type asked for, which ONNX Runtime's own tools make of the fp32 one."""
    from graph import Graph
    from make_export import make_opt

    source = folder / "onnx-f32"
    if not source.exists():
        sizes = (shape[key] for key in ("layers", "d", "ffn", "heads", "vocabulary", "positions"))
        make_opt(Graph(source), *sizes)
    if weights == "f32":
        return source / "model.onnx"
    target = folder / f"onnx-{weights}" / "model.onnx"
    target.parent.mkdir()
    if weights == "int8":
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(
            source / "model.onnx", target, weight_type=QuantType.QInt8, per_channel=True, use_external_data_format=True,
            op_types_to_quantize=["MatMul", "Gemm"])  # fmt: skip
    else:
        import onnx
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        quantizer = MatMulNBitsQuantizer(onnx.load(source / "model.onnx"), block_size=32, is_symmetric=True)
        quantizer.process()
        quantizer.model.save_model_to_file(str(target), use_external_data_format=True)
    return target


def make_all(folder, command, description, shape, options):
    """All programs for the weights asked for."""
    programs = []
    sparsities = [float(text) for text in options.sparsity.split(",")]
    subprocess.run(
        [command, "bench", "--synthetic", description, "--weights", "f16", "--keep", folder, "-p", "1", "-n", "0", "-r", "1"],
        check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    for weights in options.weights.split(","):
        programs += [Quell(command, folder / "synthetic.gguf", weights, sparsity, options.threads) for sparsity in sparsities]
        peer = {"f16": "f16", "int8": "q8_0", "int4": "q4_0"}.get(weights)
        if peer:
            programs.append(LlamaCpp(folder / f"{peer}.gguf", weights, peer, shape, options.threads, options.plain))
        if weights != "f16":
            programs.append(OnnxRuntime(make_onnx(folder, shape, weights), weights, shape, options.threads))
    return programs
