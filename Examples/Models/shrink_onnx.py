"""Store the float32 matrices of an ONNX model as float16, and leave the arithmetic in float32.

usage: shrink_onnx.py ORIGINAL.onnx SHRUNK.onnx

Every float32 initializer of two or more dimensions and at least 4096 elements is rounded to float16 (to the nearest, ties
to even) under its own name, and one Cast gives its float32 form to the nodes that read it. Vectors stay as they are: they
are less than a hundredth of the file. Opset, IR version, inputs and outputs do
not change.
"""
import argparse
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 4096  # elements; below it a tensor is not worth a node


def is_matrix(tensor: TensorProto) -> bool:
    return tensor.data_type == TensorProto.FLOAT and len(tensor.dims) >= 2 and int(np.prod(tensor.dims)) >= SMALLEST


def rounded(tensor: TensorProto) -> TensorProto:
    wide = numpy_helper.to_array(tensor)
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float16)
    if not np.isfinite(narrow).all():
        raise SystemExit(f"{tensor.name}: a value of {np.abs(wide).max():g} does not fit float16")
    return numpy_helper.from_array(narrow, tensor.name)


def shrink(model: onnx.ModelProto) -> list[str]:
    """Shrink in place; return the names of the matrices that were rounded."""
    graph = model.graph
    for node in graph.node:
        if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
            raise SystemExit(f"{node.name}: has a subgraph, whose reads of the matrices this script does not follow")
    interface = {value.name for value in [*graph.input, *graph.output]}
    names = [t.name for t in graph.initializer if is_matrix(t) and t.name not in interface]
    widened = {name: name + ".float32" for name in names}
    for tensor in graph.initializer:
        if tensor.name in widened:
            tensor.CopyFrom(rounded(tensor))
    for node in graph.node:
        node.input[:] = [widened.get(name, name) for name in node.input]
    casts = [helper.make_node("Cast", [name], [wide], name=name + ".widen", to=TensorProto.FLOAT) for name, wide in widened.items()]
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("original", type=pathlib.Path)
    parser.add_argument("shrunk", type=pathlib.Path)
    arguments = parser.parse_args()
    model = onnx.load(str(arguments.original))
    names = shrink(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(arguments.shrunk))
    before, after = (path.stat().st_size for path in (arguments.original, arguments.shrunk))
    print(f"{len(names)} matrices rounded, {before} bytes -> {after} bytes")


if __name__ == "__main__":
    main()
