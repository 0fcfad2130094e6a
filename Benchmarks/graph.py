"""Writes an ONNX model a node at a time, its weights to a file beside it as they come."""
import pathlib

import numpy as np
from onnx import TensorProto, helper, save

ALIGNMENT = 64
PIECE = 1 << 22


class Graph:
    """A graph in the making. Weights go to `model.onnx.data` at once, so memory stays small whatever the model's size."""

    def __init__(self, folder, seed=1):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = open(self.folder / "model.onnx.data", "wb+")
        self.offset = 0
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        # Where the numbers of each weight begin in the data, and its shape.
        self.places = {}
        self.count = 0
        self.random = np.random.default_rng(seed)
        # Drawing thousands of millions of numbers takes minutes: weights are stretches of one pool instead.
        self.pool = self.random.standard_normal(PIECE + 12345, dtype=np.float32)

    # Declarations

    def input(self, name, shape, type=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, type, shape))
        return name

    def output(self, name, shape, type=TensorProto.FLOAT):
        self.outputs.append(helper.make_tensor_value_info(name, type, shape))

    # Weights

    def weight(self, name, shape, scale, mean=0.0):
        """Normal random numbers in single precision."""
        start = self._begin(name, shape)
        count = int(np.prod(shape))
        while count > 0:
            first = int(self.random.integers(0, self.pool.size - min(count, PIECE) + 1))
            piece = self.pool[first : first + min(count, PIECE)] * np.float32(scale) + np.float32(mean)
            piece.tofile(self.data)
            count -= piece.size
        self._end(start)
        return name

    def transposed(self, name, source):
        """A stored matrix a second time with its axes exchanged, as exporters write a head that shares the embedding."""
        place, (rows, columns) = self.places[source]
        start = self._begin(name, (columns, rows))
        self.data.flush()
        matrix = np.memmap(self.data.name, np.float32, "r", place, (rows, columns))
        for first in range(0, columns, 64):
            np.ascontiguousarray(matrix[:, first : first + 64].T).tofile(self.data)
        self._end(start)
        return name

    def _begin(self, name, shape):
        padding = -self.offset % ALIGNMENT
        self.data.write(bytes(padding))
        self.offset += padding
        tensor = TensorProto(name=name, dims=shape, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
        length = int(np.prod(shape)) * 4
        for key, value in (("location", "model.onnx.data"), ("offset", self.offset), ("length", length)):
            tensor.external_data.add(key=key, value=str(value))
        self.initializers.append(tensor)
        self.places[name] = (self.offset, shape)
        return length

    def _end(self, length):
        self.offset += length

    # Nodes

    def node(self, operation, *inputs, out=None, **attributes):
        """Adds a node with one output and returns the output's name."""
        self.count += 1
        out = out or f"/{operation}_{self.count}_output_0"
        self.nodes.append(helper.make_node(operation, list(inputs), [out], name=f"/{operation}_{self.count}", **attributes))
        return out

    def constant(self, values, type=np.int64):
        """A Constant node, as torch writes numbers."""
        array = np.asarray(values, type)
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        value = helper.make_tensor("", kind, array.shape, array.tobytes(), raw=True)
        return self.node("Constant", value=value)

    def save(self, opset):
        """Writes `model.onnx` and closes the data."""
        graph = helper.make_graph(self.nodes, "main_graph", self.inputs, self.outputs, self.initializers)
        model = helper.make_model(
            graph, producer_name="pytorch", ir_version=8, opset_imports=[helper.make_opsetid("", opset)])
        save(model, self.folder / "model.onnx")
        self.data.close()
