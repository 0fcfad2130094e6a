"""Exports small decoders of the transformers library, and takes their logits: fixtures of the importer.

    python3 Tests/Scripts/decoder_exports.py [FOLDER]

Needs numpy, onnx, onnxscript, torch, and transformers 4.46, whose masks TorchScript can follow. Every fixture of Tests/QuellImportTests/Fixtures/Decoders (or of the folder
given) gets the model, tokens.json, and logits.f32: the rows of logits that the model itself gives in its own framework.
The weights are random, with a fixed seed.
"""

import json
import os
import sys

import torch
import transformers
from transformers.cache_utils import DynamicCache

from recurrent_exports import strip

FOLDER = os.path.join(os.path.dirname(__file__), "..", "QuellImportTests", "Fixtures", "Decoders")
VOCABULARY, WIDTH, HEADS = 32, 16, 4
TOKENS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 30, 5, 8]


class Step(torch.nn.Module):
    """One step: past keys and values in, those of one position more out."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, *caches):
        past = DynamicCache.from_legacy_cache(list(zip(caches[0::2], caches[1::2])))
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=past, use_cache=True)
        return out.logits, *tensors(out.past_key_values)


class NumberedStep(Step):
    """The same with the position as an input."""

    def forward(self, input_ids, attention_mask, position_ids, *caches):
        past = DynamicCache.from_legacy_cache(list(zip(caches[0::2], caches[1::2])))
        out = self.model(
            input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids, past_key_values=past, use_cache=True)
        return out.logits, *tensors(out.past_key_values)


def tensors(caches):
    """Keys and values of all layers, one after the other."""
    layers = caches.to_legacy_cache() if hasattr(caches, "to_legacy_cache") else caches
    return [tensor for layer in layers for tensor in layer]


class Window(torch.nn.Module):
    """All tokens so far, and nothing kept."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        return self.model(input_ids=input_ids, use_cache=False).logits


def gpt2(layers):
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=64, n_embd=WIDTH, n_layer=layers, n_head=HEADS, attn_implementation="eager")
    return transformers.GPT2LMHeadModel(config), HEADS, WIDTH // HEADS


def llama(layers):
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=24, num_hidden_layers=layers, num_attention_heads=HEADS,
        num_key_value_heads=2, max_position_embeddings=64, attn_implementation="eager")
    return transformers.LlamaForCausalLM(config), 2, WIDTH // HEADS


def randomised(model):
    """Weights large enough that every part shows in the logits."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 0.3 if parameter.dim() > 1 else 0.1
            parameter.copy_(torch.randn(parameter.shape) * scale + (1 if "norm" in name or "ln" in name and "weight" in name else 0))
    return model.eval()


def export(folder, name, make, kind, numbered):
    # One way of exporting writes so many nodes that one layer must do.
    layers = 1 if kind == "torchscript" else 2
    model, heads, width = make(layers)
    randomised(model)
    module = (NumberedStep if numbered else Step)(model).eval()
    past = 3
    inputs = [torch.ones(1, 1, dtype=torch.int64), torch.ones(1, past + 1, dtype=torch.int64)]
    names = ["input_ids", "attention_mask"]
    axes = {"attention_mask": {1: "total"}}
    shapes = [{}, {1: torch.export.Dim.DYNAMIC}]
    if numbered:
        inputs.append(torch.full((1, 1), past, dtype=torch.int64))
        names.append("position_ids")
        shapes.append({})
    outputs = ["logits"]
    caches = []
    for layer in range(layers):
        for part in ["key", "value"]:
            caches.append(torch.randn(1, heads, past, width))
            names.append(f"past.{layer}.{part}")
            outputs.append(f"present.{layer}.{part}")
            axes[names[-1]] = {2: "past"}
            axes[outputs[-1]] = {2: "total"}
    shapes.append(tuple({2: torch.export.Dim.DYNAMIC} for _ in caches))
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    path = os.path.join(folder, name, "model.onnx")
    if kind == "torchscript":
        torch.onnx.export(
            module, (*inputs, *caches), path, input_names=names, output_names=outputs, dynamic_axes=axes, opset_version=17,
            dynamo=False, do_constant_folding=True)
    else:
        torch.onnx.export(
            module, (*inputs, *caches), path, input_names=names, output_names=outputs, dynamic_shapes=tuple(shapes), opset_version=20,
            dynamo=True, external_data=False)
    strip(path)
    finish(folder, name, model)


def export_window(folder, name, make):
    """Exports a decoder without caches."""
    model, _, _ = make(1)
    randomised(model)
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    path = os.path.join(folder, name, "model.onnx")
    torch.onnx.export(
        Window(model).eval(), (torch.ones(1, 4, dtype=torch.int64),), path, input_names=["input_ids"], output_names=["logits"],
        dynamic_axes={"input_ids": {1: "sequence"}, "logits": {1: "sequence"}}, opset_version=17, dynamo=False)
    strip(path)
    finish(folder, name, model)


def finish(folder, name, model):
    """Writes tokens and logits."""
    path = os.path.join(folder, name, "model.onnx")
    rows = model(input_ids=torch.tensor([TOKENS])).logits[0].detach().numpy()
    rows.astype("<f4").tofile(os.path.join(folder, name, "logits.f32"))
    with open(os.path.join(folder, name, "tokens.json"), "w") as file:
        json.dump(TOKENS, file)
    print(name, os.path.getsize(path))


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else FOLDER
    for model, make in [("gpt2", gpt2), ("llama", llama)]:
        for kind in ["torchscript", "dynamo"]:
            export(folder, f"{model}_{kind}_past", make, kind, numbered=kind == "torchscript")
        export_window(folder, f"{model}_torchscript_full", make)


if __name__ == "__main__":
    main()
