"""Makes the fixtures of a micro MatMul-free model: two exports of one step, and the logits that PyTorch gives.

usage: ternary_fixtures.py OUT_FOLDER, with PyTorch and ONNX, and on PYTHONPATH the package quell and the folders matmul_free and common of
Examples/Training

The weights are random, and thresholds stand where they let about half of the inputs through. The logits are of 256 random tokens.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from export import export
from model import MatMulFree, Shape
from onnx import numpy_helper

TOKENS = 256


def narrow(path: pathlib.Path) -> None:
    """Makes a file smaller that stays the same model: matrices become bytes or half precision, which have their numbers, with a cast behind
    them, and what exporters tell of themselves is left out.
    """
    model = onnx.load(path)
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for initializer in list(model.graph.initializer):
        numbers = numpy_helper.to_array(initializer)
        if numbers.dtype != np.float32 or numbers.size < 1024:
            continue
        narrowed = numbers.astype(np.int8 if (numbers == numbers.round()).all() else np.float16)
        assert (narrowed.astype(np.float32) == numbers).all(), initializer.name
        name = initializer.name
        initializer.CopyFrom(numpy_helper.from_array(narrowed, name + ".narrow"))
        model.graph.node.insert(0, onnx.helper.make_node("Cast", [name + ".narrow"], [name], to=onnx.TensorProto.FLOAT))
    onnx.save(model, path)


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(0)
    model = MatMulFree(Shape(vocabulary=64, width=64, layers=1, hidden=64))
    model.embedding.weight.data = model.embedding.weight.data.mul(20).half().float()
    model.make_sparse()
    for site, _ in model.sites().values():
        site.norm.gain.data.uniform_(0.5, 1.5)
        site.threshold.theta.data.fill_(25.0)
    tokens = torch.randint(0, 64, (TOKENS,), generator=torch.Generator().manual_seed(1)).tolist()
    for name, dynamo in (("matmulfree_torchscript_step", False), ("matmulfree_dynamo_step", True)):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        step = export(model, place / "model.onnx", dynamo)
        narrow(place / "model.onnx")
        state = torch.zeros(1, 64)
        logits = []
        with torch.no_grad():
            for token in tokens:
                result, state = step(torch.tensor([token]), state)
                logits.append(result.numpy())
        np.stack(logits).astype("<f4").tofile(place / "logits.f32")
        (place / "tokens.json").write_text(json.dumps(tokens))


if __name__ == "__main__":
    main()
