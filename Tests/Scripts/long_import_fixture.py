"""Makes the model whose import takes long enough to be interrupted: 300 bytes, and 8 GiB of weights that a test makes of nothing.

usage: long_import_fixture.py FILE

The weights lie in weights.bin beside the model, which the test creates as a sparse file of zeros.
"""
import sys

from onnx import TensorProto, checker, helper, save

ROWS, WIDTH, LOGITS = 2096640, 1024, 512


def external(name, shape, offset):
    tensor = TensorProto(name=name, dims=shape, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "weights.bin"), ("offset", offset), ("length", shape[0] * shape[1] * 4)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def main():
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "token"], ["x"]), helper.make_node("MatMul", ["x", "head"], ["logits"])],
        "graph",
        [helper.make_tensor_value_info("token", TensorProto.INT64, [1])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, LOGITS])],
        [external("table", [ROWS, WIDTH], 0), external("head", [WIDTH, LOGITS], ROWS * WIDTH * 4)],
    )
    save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), sys.argv[1])


if __name__ == "__main__":
    main()
