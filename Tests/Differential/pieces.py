"""Pieces of a decoding step that the random generator puts together: each takes vectors and gives one."""

import numpy as np

from step_graph import StepGraph, Vector

# ---- Elementwise ----


def unary(g: StepGraph, x: Vector) -> Vector:
    same = x.shape
    kind = g.choose(
        "Sigmoid", "Tanh", "Relu", "Neg", "Identity", "Abs", "HardSigmoid", "Sin", "Cos", "Erf", "Softplus", "Softsign", "Elu",
        "LeakyRelu", "clip", "exponential", "double", "dropout", "silu", "gelu", "square", "root", "reciprocal")
    if kind == "clip":
        limits = [g.constant(np.array(limit, np.float32), "limit") for limit in (-0.5, 0.75)]
        return g.apply("Clip", [x.name, g.choose(limits[0], ""), limits[1]], same)
    if kind == "exponential":
        return g.apply("Exp", [g.apply("Tanh", [x.name], same).name], same)
    if kind == "double":
        wide = g.apply("Cast", [x.name], same, to=11)
        two = g.constant(np.array([2.0]), "number")
        return g.apply("Cast", [g.apply("Mul", [wide.name, two], same).name], same, to=1)
    if kind == "dropout":
        return g.apply("Dropout", [x.name], same)
    if kind == "silu":
        return g.apply("Mul", g.shuffled(x.name, g.apply("Sigmoid", [x.name], same).name), same)
    if kind == "gelu":
        return gelu(g, x)
    if kind == "square":
        two = g.integers(2) if g.opset >= 12 and g.chance(0.5) else g.real(2)
        return bounded(g, g.apply("Pow", [x.name, two], same))
    if kind == "reciprocal":
        return g.apply("Reciprocal", [positive(g, x).name], same)
    if kind == "root":
        return g.apply(g.choose("Sqrt", "Log"), [positive(g, x).name], same)
    return g.apply(kind, [x.name], same)


def gelu(g: StepGraph, x: Vector) -> Vector:
    """The form with tanh, as one operator or written out."""
    if g.chance(0.3):
        return g.apply("FastGelu", [x.name], x.shape, domain="com.microsoft")
    if g.opset >= 20 and g.chance(0.5):
        return g.apply("Gelu", [x.name], x.shape, approximate="tanh")
    cube = g.apply("Pow", [x.name, g.real(3)], x.shape)
    inner = g.apply("Add", g.shuffled(x.name, g.apply("Mul", g.shuffled(cube.name, g.real(0.044715)), x.shape).name), x.shape)
    gate = g.apply("Tanh", [g.apply("Mul", g.shuffled(inner.name, g.real((2 / np.pi) ** 0.5)), x.shape).name], x.shape)
    half = g.apply("Mul", g.shuffled(x.name, g.real(0.5)), x.shape)
    return g.apply("Mul", g.shuffled(half.name, g.apply("Add", g.shuffled(gate.name, g.real(1)), x.shape).name), x.shape)


def bounded(g: StepGraph, x: Vector) -> Vector:
    """Numbers that no later product lets grow without end."""
    return g.apply(g.choose("Tanh", "Sigmoid"), [x.name], x.shape)


def positive(g: StepGraph, x: Vector) -> Vector:
    """Numbers that may be divided by."""
    return g.apply("Add", g.shuffled(g.apply("Sigmoid", [x.name], x.shape).name, g.real(0.5)), x.shape)


def binary(g: StepGraph, x: Vector, y: Vector) -> Vector:
    """x and y have one shape; instead of y, a constant that broadcasts to x may be taken."""
    operand = y.name
    if g.chance(0.4):
        shape = g.choose((), (1,), x.shape[-1:], x.shape, (1,) * len(x.shape))
        operand = g.reals(*shape)
    operator = g.choose("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Add", "Mul")
    if operator == "Mul":
        return bounded(g, g.apply(operator, g.shuffled(x.name, operand), x.shape))
    if operator == "Div":
        return g.apply(operator, [operand, positive(g, x).name], x.shape)
    if operator in ("Max", "Min", "Sum") and g.chance(0.3):
        return g.apply(operator, [x.name, operand, g.reals(x.shape[-1])], x.shape)
    return g.apply(operator, g.shuffled(x.name, operand), x.shape)


# ---- Reductions and products ----


def reduced(g: StepGraph, x: Vector) -> Vector:
    """The numbers times what reduces all of them, or those of a row, to one."""
    rows = g.choose(*[n for n in range(1, x.count + 1) if x.count % n == 0 and n < x.count] or [1])
    wide = g.reshape(x, (rows, x.count // rows))
    operator = g.choose("ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean", "ReduceL2", "Softmax", "LogSoftmax")
    axis = g.choose(0, 1) if g.opset >= 13 or not operator.endswith("Softmax") else 1
    if operator.endswith("Softmax"):
        return g.apply(operator, [wide.name], wide.shape, axis=g.either(axis, 2))
    one = g.reduce(operator, wide, axis)
    return g.apply("Mul", g.shuffled(wide.name, g.apply("Sigmoid", [one.name], one.shape).name), wide.shape)


def outer(g: StepGraph, x: Vector, y: Vector, z: Vector) -> Vector:
    """z times the matrix of the products of x and y, all of one length."""
    count = x.count
    matrix = g.apply("MatMul", [g.reshape(x, (count, 1)).name, g.reshape(y, (1, count)).name], (count, count))
    return bounded(g, g.apply("MatMul", [g.reshape(z, (1, count)).name, bounded(g, matrix).name], (1, count)))


# ---- Movement ----


def moved(g: StepGraph, x: Vector) -> Vector:
    """The same numbers, or some of them, in another order or shape. The result has as many numbers as x."""
    count = x.count
    kind = g.choose("transpose", "slice", "turn", "split", "gather", "expand", "where", "tile", "elements", "axes", "flatten")
    flat = g.reshape(x, (1, count))
    rows = g.choose(*[n for n in range(1, count + 1) if count % n == 0])
    if kind == "transpose":
        return g.reshape(g.transpose(g.reshape(x, (rows, count // rows)), (1, 0)), (1, count))
    if kind == "slice":
        cut = g.between(0, count - 1)
        parts = [g.slice(flat, 1, cut, count)] + ([g.slice(flat, 1, 0, cut)] if cut else [])
        return g.concat(parts, 1)
    if kind == "turn":
        name = g.node("Slice", [flat.name, g.integers(-1), g.integers(-(2**63)), g.integers(1), g.integers(-1)])[0]
        return Vector(name, flat.shape)
    if kind == "split":
        size = count // rows
        parts = g.split(flat, 1, [size] * rows)
        return g.concat([parts[at] for at in g.random.permutation(rows)], 1)
    if kind == "gather":
        order = g.integers(*(int(at) for at in g.random.permutation(count)))
        return g.apply("Gather", [flat.name, order], flat.shape, axis=1)
    if kind == "expand":
        column = g.slice(flat, 1, 0, 1)
        wide = g.apply("Expand", [column.name, g.integers(1, count)], flat.shape)
        return g.apply("Add", g.shuffled(flat.name, wide.name), flat.shape)
    if kind == "where":
        mask = g.constant(g.random.random((1, count)) < 0.5, "mask")
        return g.apply("Where", [mask, flat.name, g.choose(g.reals(count), g.real(0.5), flat.name)], flat.shape)
    if kind == "tile":
        half = g.slice(flat, 1, 0, count // 2)
        tiled = g.apply("Tile", [half.name, g.integers(1, 2)], (1, count // 2 * 2))
        rest = [g.slice(flat, 1, count - 1, count)] if count % 2 else []
        return g.concat([tiled, *rest], 1) if rest else tiled
    if kind == "elements":
        order = g.constant(g.random.permutation(count).reshape(1, count).astype(np.int64), "integers")
        return g.apply("GatherElements", [flat.name, order], flat.shape, axis=1)
    if kind == "axes":
        axis = g.between(0, 2)
        wide = g.unsqueeze(flat, axis)
        return g.squeeze(wide, axis) if g.chance(0.5) else wide
    return g.apply("Flatten", [g.reshape(x, (1, rows, count // rows)).name], flat.shape, axis=1)


# ---- Linear operations ----


def linear(g: StepGraph, x: Vector, outputs: int) -> Vector:
    """x times a matrix, plus a bias at times: as a product from either side, as Gemm, or with quantised weights."""
    inputs = x.count
    scale = 1 / inputs**0.5
    kind = g.choose("product", "product", "Gemm", "Gemm", "column", "quantized", "packed", "constant transpose")
    shapes = [(1, inputs), (1, 1, inputs), (inputs,)] if kind in ("product", "quantized") else [(1, inputs)]
    row = g.reshape(x, g.choose(*shapes))
    shape = row.shape[:-1] + (outputs,)
    if kind == "Gemm":
        return general(g, row, outputs, scale)
    if kind == "column":
        column = g.reshape(x, g.choose((inputs, 1), (inputs,)))
        result = g.apply("MatMul", [g.reals(outputs, inputs, scale=scale), column.name], (outputs,) + column.shape[1:])
        return g.reshape(result, (1, outputs))
    if kind == "quantized":
        matrix = quantized(g, inputs, outputs, scale)
    elif kind == "packed":
        return biased(g, packed(g, row, outputs), outputs)
    elif kind == "constant transpose":
        matrix = g.transpose(Vector(g.reals(outputs, inputs, scale=scale), (outputs, inputs)), (1, 0)).name
    else:
        matrix = g.reals(inputs, outputs, scale=scale)
    return biased(g, g.apply("MatMul", [row.name, matrix], shape), outputs)


def biased(g: StepGraph, x: Vector, outputs: int) -> Vector:
    if g.chance(0.5):
        return x
    return g.apply("Add", g.shuffled(x.name, g.reals(*g.choose((outputs,), (1, outputs)))), x.shape)


def general(g: StepGraph, x: Vector, outputs: int, scale: float) -> Vector:
    inputs = x.count
    attributes: dict[str, float] = {}
    if g.chance(0.5):
        attributes["alpha"] = g.choose(0.5, 2.0)
    if g.chance(0.5):
        attributes["beta"] = g.choose(0.0, 0.5, -1.0)
    if g.chance(0.4):
        attributes["transA"] = 1
        x = g.transpose(x, (1, 0))
    turned = g.chance(0.5)
    if turned:
        attributes["transB"] = 1
    matrix = g.reals(*((outputs, inputs) if turned else (inputs, outputs)), scale=scale)
    addend = g.choose([], [(outputs,)], [(1, outputs)], [(1,)], [(1, 1)], [()])
    return g.apply("Gemm", [x.name, matrix] + [g.reals(*shape) for shape in addend], (1, outputs), **attributes)


def quantized(g: StepGraph, inputs: int, outputs: int, scale: float) -> str:
    """A matrix of 8-bit codes, with one scale for all, or for each output or input."""
    kind = g.choose(np.int8, np.uint8)
    limits = np.iinfo(kind)
    codes = g.constant(g.random.integers(limits.min, limits.max + 1, (inputs, outputs)).astype(kind), "codes")
    axis = g.choose(None, 0, 1) if g.opset >= 13 else None
    shape = () if axis is None else ((inputs, outputs)[axis],)
    scales = g.constant((scale / 64 * (0.5 + g.random.random(shape))).astype(np.float32), "scales")
    inputs_of_node = [codes, scales]
    if kind == np.uint8 or g.chance(0.5):
        zero = g.random.integers(-8, 9, shape) + (128 if kind == np.uint8 else 0)
        inputs_of_node.append(g.constant(np.asarray(zero).astype(kind), "zero"))
    attributes = {} if axis is None else {"axis": g.either(axis, 2)}
    return g.node("DequantizeLinear", inputs_of_node, **attributes)[0]


def packed(g: StepGraph, x: Vector, outputs: int) -> Vector:
    """ONNX Runtime's product with 4-bit codes in blocks along the inputs."""
    inputs, block = x.count, g.choose(16, 32)
    blocks = -(-inputs // block)
    codes = g.constant(g.random.integers(0, 256, (outputs, blocks, block // 2)).astype(np.uint8), "codes")
    scales = g.constant((0.2 / inputs**0.5 * (0.5 + g.random.random(outputs * blocks))).astype(np.float32), "scales")
    operands = [x.name, codes, scales]
    if g.chance(0.5):
        operands.append(g.constant(g.random.integers(0, 256, outputs * ((blocks + 1) // 2)).astype(np.uint8), "zeros"))
    attributes = {"K": inputs, "N": outputs, "bits": 4, "block_size": block}
    return g.apply("MatMulNBits", operands, x.shape[:-1] + (outputs,), domain="com.microsoft", **attributes)


# ---- Normalisation ----


def normalized(g: StepGraph, x: Vector) -> Vector:
    """Layer normalisation, as one operator or written out in one of the ways of exporters."""
    width = x.count
    row = g.reshape(x, g.choose((1, width), (1, 1, width), (width,)))
    gain = g.reals(width) if g.chance(0.8) else None
    bias = g.reals(width) if gain and g.chance(0.8) else None
    if g.opset >= 17 and g.chance(0.5):
        operands = [row.name, gain or g.constant(np.ones(width, np.float32))] + ([bias] if bias else [])
        axis = g.either(len(row.shape) - 1, len(row.shape))
        return g.apply("LayerNormalization", operands, row.shape, axis=axis, epsilon=1e-3)
    if g.chance(0.2):
        other = g.constant((0.1 * g.random.standard_normal(row.shape)).astype(np.float32))
        three = g.reshape(row, (1, 1, width))
        skip = g.apply("Expand", [other, g.integers(1, 1, width)], (1, 1, width))
        operands = [three.name, skip.name, gain or g.constant(np.ones(width, np.float32))] + ([bias] if bias else [])
        return g.apply("SkipLayerNormalization", operands, (1, 1, width), domain="com.microsoft", epsilon=1e-3)
    axis = len(row.shape) - 1
    if g.chance(0.2):
        # Without the mean: by the root of the mean square.
        squares = g.apply("Mul", [row.name] * 2, row.shape)
        root = g.apply("Sqrt", [g.apply("Add", g.shuffled(g.mean(squares, axis).name, g.real(1e-3)), row.shape[:-1] + (1,)).name], (1,))
        result = g.apply("Div", [row.name, root.name], row.shape)
        return g.apply("Mul", g.shuffled(result.name, gain), row.shape) if gain else result
    deviation = g.apply("Sub", [row.name, g.mean(row, axis).name], row.shape)
    again = deviation if g.chance(0.5) else g.apply("Sub", [row.name, g.mean(row, axis).name], row.shape)
    squares = g.apply("Pow", [again.name, g.real(2)], row.shape) if g.chance(0.5) else g.apply("Mul", [again.name] * 2, row.shape)
    variance = g.mean(squares, axis)
    padded = g.apply("Add", g.shuffled(variance.name, g.real(1e-3)), variance.shape)
    operator, *power = g.choose(("Pow", g.real(0.5)), ("Sqrt",), ("Sqrt",))
    root = g.apply(operator, [padded.name, *power], padded.shape)
    form = g.choose("divide", "reciprocal", "inverse")
    if form == "divide":
        result = g.apply("Div", [deviation.name, root.name], row.shape)
    else:
        operator, *one = ("Reciprocal",) if form == "reciprocal" else ("Div", g.real(1))
        inverse = g.apply(operator, [*one, root.name], root.shape)
        result = g.apply("Mul", g.shuffled(deviation.name, inverse.name), row.shape)
    if gain:
        result = g.apply("Mul", g.shuffled(result.name, gain), row.shape)
    if bias:
        result = g.apply("Add", g.shuffled(result.name, bias), row.shape)
    return result
