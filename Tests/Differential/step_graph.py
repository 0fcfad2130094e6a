"""Builds ONNX graphs of one decoding step, node by node, as an exporter of some opset would write them."""

from typing import Any, NamedTuple, Optional, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Vector(NamedTuple):
    """A tensor of computed real numbers: all axes but one are 1, unless a rule of the generator says otherwise."""

    name: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        return int(np.prod(self.shape))


class State(NamedTuple):
    """An input that is handed on: the output that becomes it, and what it holds before the first token."""

    input: str
    output: str
    start: np.ndarray


class StepGraph:
    """A graph under construction. Whatever can be written in several ways is written in one that the random numbers choose."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.opset = int(self.random.integers(11, 22))
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.states: list[State] = []
        self.uses_contributed = False
        self._names = 0
        # Some exporters write constants as nodes, and some list weights among the inputs, too.
        self.writes_constants = self.chance(0.2)

    # Choices

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def choose(self, *options: Any) -> Any:
        return options[int(self.random.integers(len(options)))]

    def shuffled(self, *options: Any) -> list[Any]:
        return [options[at] for at in self.random.permutation(len(options))]

    def between(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    # Parts

    def name(self, hint: str) -> str:
        self._names += 1
        return f"{hint}_{self._names}"

    def constant(self, array: np.ndarray, hint: str = "weight") -> str:
        name = self.name(hint)
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        if self.writes_constants:
            self.nodes.append(helper.make_node("Constant", [], [name], name=f"node_{name}", value=tensor))
        else:
            self.weights.append(tensor)
        return name

    def reals(self, *shape: int, scale: float = 1.0) -> str:
        return self.constant((scale * self.random.standard_normal(shape)).astype(np.float32))

    def real(self, number: float) -> str:
        return self.constant(np.array(number, np.float32).reshape(self.choose((), (1,))), "number")

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64), "integers")

    def node(self, operator: str, inputs: Sequence[str], outputs: int = 1, domain: str = "", **attributes: Any) -> list[str]:
        names = [self.name(operator.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=f"node_{names[0]}", domain=domain, **attributes))
        self.uses_contributed |= domain == "com.microsoft"
        return names

    def apply(self, operator: str, inputs: Sequence[str], shape: Sequence[int], domain: str = "", **attributes: Any) -> Vector:
        return Vector(self.node(operator, inputs, 1, domain, **attributes)[0], tuple(shape))

    def input(self, name: str, shape: Sequence[Any], kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, name: str, shape: Sequence[Any]) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def rename(self, vector: Vector, name: str) -> None:
        self.nodes.append(helper.make_node("Identity", [vector.name], [name], name=f"node_{name}"))

    # Movement, by the rules of the opset

    def reshape(self, vector: Vector, shape: Sequence[int]) -> Vector:
        target = list(shape)
        if vector.count and self.chance(0.3):
            target[self.between(0, len(target) - 1)] = -1
        return self.apply("Reshape", [vector.name, self.integers(*target)], shape)

    def transpose(self, vector: Vector, permutation: Sequence[int]) -> Vector:
        return self.apply("Transpose", [vector.name], [vector.shape[axis] for axis in permutation], perm=list(permutation))

    def squeeze(self, vector: Vector, axis: int) -> Vector:
        shape = vector.shape[:axis] + vector.shape[axis + 1 :]
        return self._axes("Squeeze", vector, axis, shape)

    def unsqueeze(self, vector: Vector, axis: int) -> Vector:
        shape = vector.shape[:axis] + (1,) + vector.shape[axis:]
        return self._axes("Unsqueeze", vector, axis, shape)

    def _axes(self, operator: str, vector: Vector, axis: int, shape: Sequence[int]) -> Vector:
        if self.opset < 13:
            return self.apply(operator, [vector.name], shape, axes=[axis])
        return self.apply(operator, [vector.name, self.integers(axis)], shape)

    def slice(self, vector: Vector, axis: int, start: int, end: int, step: int = 1) -> Vector:
        length = len(range(vector.shape[axis])[start:end:step])
        shape = vector.shape[:axis] + (length,) + vector.shape[axis + 1 :]
        if end >= vector.shape[axis] and self.chance(0.5):
            end = 2**63 - 1
        inputs = [vector.name, self.integers(start), self.integers(end), self.integers(self.either(axis, len(vector.shape)))]
        if step != 1 or self.chance(0.5):
            inputs.append(self.integers(step))
        return self.apply("Slice", inputs, shape)

    def split(self, vector: Vector, axis: int, sizes: Sequence[int]) -> list[Vector]:
        attributes: dict[str, Any] = {"axis": self.either(axis, len(vector.shape))}
        inputs = [vector.name]
        if self.opset < 13:
            attributes["split"] = list(sizes)
        elif self.opset >= 18 and len(set(sizes)) == 1 and self.chance(0.5):
            attributes["num_outputs"] = len(sizes)
        else:
            inputs.append(self.integers(*sizes))
        names = self.node("Split", inputs, len(sizes), **attributes)
        return [Vector(name, vector.shape[:axis] + (size,) + vector.shape[axis + 1 :]) for name, size in zip(names, sizes)]

    def concat(self, vectors: Sequence[Vector], axis: int) -> Vector:
        shape = list(vectors[0].shape)
        shape[axis] = sum(vector.shape[axis] for vector in vectors)
        return self.apply("Concat", [vector.name for vector in vectors], shape, axis=self.either(axis, len(shape)))

    def mean(self, vector: Vector, axis: int) -> Vector:
        return self.reduce("ReduceMean", vector, axis)

    def reduce(self, operator: str, vector: Vector, axis: int) -> Vector:
        """A reduction over one axis, which is kept with length 1."""
        shape = vector.shape[:axis] + (1,) + vector.shape[axis + 1 :]
        axis = self.either(axis, len(vector.shape))
        if self.opset < (13 if operator == "ReduceSum" else 18):
            return self.apply(operator, [vector.name], shape, axes=[axis], keepdims=1)
        return self.apply(operator, [vector.name, self.integers(axis)], shape, keepdims=1)

    def either(self, axis: int, rank: int) -> int:
        """The axis, counted from the front or from the back."""
        return self.choose(axis, axis - rank)

    # The end

    def model(self) -> onnx.ModelProto:
        inputs = list(self.inputs)
        if not self.writes_constants and self.chance(0.1):
            inputs += [helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims) for tensor in self.weights]
        graph = helper.make_graph(self.nodes, "step", inputs, self.outputs, self.weights)
        domains = [helper.make_opsetid("", self.opset)]
        if self.uses_contributed:
            domains.append(helper.make_opsetid("com.microsoft", 1))
        return helper.make_model(graph, opset_imports=domains, ir_version=8 if self.opset < 19 else 10, producer_name="random")
