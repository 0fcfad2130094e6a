"""Random decoders of one step: a token's row, pieces with states and caches between them, and a head."""

import numpy as np
from onnx import TensorProto, numpy_helper

import pieces
from step_graph import State, StepGraph, Vector

# Operators that may be refused: there is no operation for them over computed numbers.
UNSUPPORTED = {"Floor", "Ceil", "Round"}


class Decoder:
    """A graph with all that it takes to run it."""

    def __init__(self, seed: int) -> None:
        self.graph = g = StepGraph(seed)
        # No vector but the logits is as long as they, or as the table, so that they cannot be taken for a state.
        self.vocabulary = g.choose(7, 11, 19, 29, 37)
        self.width = g.choose(4, 6, 8, 12, 16, 24, 33)
        self.has_position = False
        self.table = g.reals(self.vocabulary + g.choose(0, 3), self.width)
        self.token_shape = g.choose((1,), (1, 1))
        token = g.input("token", self.token_shape, g.choose(TensorProto.INT64, TensorProto.INT32))
        row = g.node("Gather", [self.table, token])[0]
        self.live = [Vector(row, (*self.token_shape, self.width))]
        self.refusable = g.chance(0.04)
        self.states: list[tuple[Vector, str]] = []
        for _ in range(g.between(0, 3)):
            self._add_state()
        for _ in range(g.between(3, 14)):
            self._grow()
        if g.chance(0.3):
            self._recurrence()
        if g.chance(0.35):
            self._attention()
        if self.refusable:
            self._add_unsupported()
        self._finish()

    # ---- Vectors ----

    def _any(self) -> Vector:
        """A vector that was made before, a late one more often than an early one."""
        g = self.graph
        return self.live[max(g.between(0, len(self.live) - 1), g.between(0, len(self.live) - 1))]

    def _sized(self, count: int) -> Vector:
        """A vector of so many numbers: one that is there, or the result of a linear operation."""
        g = self.graph
        fitting = [vector for vector in self.live if vector.count == count]
        if fitting and g.chance(0.8):
            return g.choose(*fitting)
        return pieces.linear(g, self._any(), count)

    def _grow(self) -> None:
        g = self.graph
        x = self._any()
        kind = g.choose("unary", "binary", "binary", "moved", "moved", "linear", "linear", "normalized", "siblings", "part", "reduced", "outer")
        if kind == "unary":
            self.live.append(pieces.unary(g, x))
        elif kind == "binary":
            y = self._sized(x.count)
            self.live.append(pieces.binary(g, x, g.reshape(y, x.shape)))
        elif kind == "moved" and x.count > 1:
            self.live.append(pieces.moved(g, x))
        elif kind == "linear":
            self.live.append(pieces.linear(g, x, g.choose(1, 3, 8, self.width, 2 * self.width)))
        elif kind == "siblings":
            # Several matrices over one input, as queries, keys and values are.
            parts = [pieces.linear(g, x, g.choose(2, self.width, self.width)) for _ in range(g.between(2, 3))]
            self.live += parts
        elif kind == "reduced":
            self.live.append(pieces.reduced(g, x))
        elif kind == "outer" and x.count <= 12:
            self.live.append(pieces.outer(g, x, self._sized(x.count), self._sized(x.count)))
        elif kind == "part" and x.count > 2:
            flat = g.reshape(x, (1, x.count))
            start = g.between(0, x.count - 2)
            step = g.choose(1, 1, 2)
            self.live.append(g.slice(flat, 1, start, g.between(start + 1, x.count), step))
        elif x.count > 1:
            self.live.append(pieces.normalized(g, x))

    # ---- States ----

    def _add_state(self) -> None:
        """A state by itself, or of several layers in one tensor of which a step reads one after the other."""
        g = self.graph
        count = g.choose(self.width, self.width, 5)
        layers = g.choose(1, 1, 2, 3)
        if layers == 1:
            shape = g.choose((count,), (1, count), (1, 1, count))
            name = g.input(f"state.{len(self.states)}", shape)
            old = Vector(name, shape)
            self.live.append(old)
            self.states.append((old, "whole"))
            return
        name = g.input(f"state.{len(self.states)}", (layers, count))
        old = Vector(name, (layers, count))
        for layer in range(layers):
            if g.chance(0.5):
                index = g.constant(np.array(layer, np.int64), "index")
                self.live.append(g.apply("Gather", [name, index], (count,), axis=0))
            else:
                self.live.append(g.slice(old, 0, layer, layer + 1))
        self.states.append((old, "layers"))

    def _new_state(self, old: Vector, kind: str) -> Vector:
        g = self.graph
        if kind == "whole":
            new = g.reshape(self._sized(old.count), old.shape)
            mixed = g.choose("new", "faded", "shifted", "old")
            if mixed == "faded":
                faded = g.apply("Mul", g.shuffled(old.name, g.real(0.5)), old.shape)
                return g.apply("Add", g.shuffled(faded.name, new.name), old.shape)
            if mixed == "shifted" and old.count > 2:
                axis = len(old.shape) - 1
                kept = g.slice(old, axis, 2, old.count)
                added = g.slice(new, axis, 0, 2)
                return g.concat([kept, added], axis)
            return old if mixed == "old" and g.chance(0.3) else new
        count = old.shape[1]
        rows = [g.reshape(self._sized(count), (1, count)) for _ in range(old.shape[0])]
        if g.chance(0.3):
            # Only one row is new; it is scattered into the others.
            place = g.constant(np.array([[g.between(0, old.shape[0] - 1)]], np.int64), "index")
            return g.apply("ScatterND", [old.name, place, rows[0].name], old.shape)
        return g.concat(rows, 0)

    def _recurrence(self) -> None:
        """The recurrence of RWKV-4 [arXiv 2305.13048]: sums weighed by exponentials, with the logarithm of the greatest weight."""
        g = self.graph
        width = self.width
        shape = g.choose((width,), (1, width))
        key, value = (g.reshape(self._sized(width), shape) for _ in range(2))
        olds = [Vector(g.input(f"{name}.old", shape), shape) for name in ("numerator", "denominator", "greatest")]
        numerator, denominator, greatest = olds

        def step(left: Vector, right: Vector) -> tuple[Vector, Vector, Vector]:
            top = g.apply("Max", g.shuffled(left.name, right.name), shape)
            first = g.apply("Exp", [g.apply("Sub", [left.name, top.name], shape).name], shape)
            second = g.apply("Exp", [g.apply("Sub", [right.name, top.name], shape).name], shape)
            return top, first, second

        def weighed(first: Vector, second: Vector) -> tuple[Vector, Vector]:
            product = g.apply("Mul", g.shuffled(first.name, numerator.name), shape)
            added = g.apply("Mul", g.shuffled(second.name, value.name), shape)
            sum_of_values = g.apply("Add", g.shuffled(product.name, added.name), shape)
            counted = g.apply("Mul", g.shuffled(first.name, denominator.name), shape)
            return sum_of_values, g.apply("Add", g.shuffled(counted.name, second.name), shape)

        bonus = g.apply("Add", g.shuffled(key.name, g.reals(width)), shape)
        _, first, second = step(greatest, bonus)
        over, under = weighed(first, second)
        self.live.append(g.apply("Div", [over.name, under.name], shape))
        decayed = g.apply("Sub", [greatest.name, g.constant(g.random.random(width).astype(np.float32))], shape)
        top, first, second = step(decayed, key)
        news = (*weighed(first, second), top)
        for old, new, start in zip(olds, news, (0.0, 0.0, -1e30)):
            output = old.name.replace("old", "new")
            g.rename(new, output)
            g.states.append(State(old.name, output, np.full(shape, start, np.float32)))

    # ---- Attention ----

    def _attention(self) -> None:
        g = self.graph
        heads, size = g.choose((1, 4), (2, 4), (2, 3), (4, 2))
        inner = heads * size
        x = self._any()
        query, key, value = (pieces.linear(g, x, inner) for _ in range(3))
        if self.has_position or g.chance(0.5):
            self.has_position = True
            position = g.input("position", (1, 1), TensorProto.INT64)
            # As long as no vector, so that it is not taken for the table of the tokens.
            table = g.reals(97, inner, scale=0.3)
            place = g.reshape(Vector(g.node("Gather", [table, position])[0], (1, 1, inner)), query.shape)
            query = g.apply("Add", g.shuffled(query.name, place.name), query.shape)
        form = g.choose("written", "written", "three axes", "operator")
        if form == "operator":
            context = self._attention_operator(query, key, value, heads, size)
        else:
            context = self._attention_written(query, key, value, heads, size, batch=form == "written")
        self.live.append(context)

    def _cache(self, name: str, shape: tuple) -> Vector:
        """A cache input; the None of its shape counts positions."""
        g = self.graph
        input_name = g.input(f"past.{name}", ["past" if length is None else length for length in shape])
        start = np.zeros([length or 0 for length in shape], np.float32)
        g.states.append(State(input_name, f"present.{name}", start))
        return Vector(input_name, tuple(length or 0 for length in shape))

    def _attention_written(
        self, query: Vector, key: Vector, value: Vector, heads: int, size: int, batch: bool
    ) -> Vector:
        g = self.graph
        lead = (1,) if batch else ()
        # Caches as [heads, positions, size], or as they are computed, [positions, heads, size].
        late = g.chance(0.4)

        def split(vector: Vector) -> Vector:
            if g.chance(0.3) and not late:
                return g.reshape(vector, (*lead, heads, 1, size))
            wide = g.reshape(vector, (*lead, 1, heads, size))
            return wide if late else turned(wide)

        def turned(vector: Vector) -> Vector:
            axes = list(range(len(vector.shape)))
            axes[-3], axes[-2] = axes[-2], axes[-3]
            return g.transpose(vector, axes)

        past_shape = (*lead, None, heads, size) if late else (*lead, heads, None, size)
        axis = len(past_shape) - (3 if late else 2)
        everything = []
        for name, vector in (("key", split(key)), ("value", split(value))):
            past = self._cache(name, past_shape)
            joined = g.node("Concat", [past.name, vector.name], axis=g.either(axis, len(past_shape)))[0]
            g.rename(Vector(joined, past_shape), f"present.{name}")
            everything.append(turned(Vector(joined, past_shape)) if late else Vector(joined, past_shape))
        keys, values = everything
        queries = turned(split(query)) if late else split(query)
        axes = list(range(len(past_shape)))
        axes[-1], axes[-2] = axes[-2], axes[-1]
        columns = g.node("Transpose", [keys.name], perm=axes)[0]
        scale = size**-0.5
        place = g.choose("query", "key", "scores", "division")
        left = queries.name
        if place == "query":
            left = g.node("Mul", g.shuffled(left, g.real(scale)))[0]
        if place == "key":
            columns = g.node("Mul", g.shuffled(columns, g.real(scale)))[0]
        scores = g.node("MatMul", [left, columns])[0]
        if place == "scores":
            scores = g.node("Mul", g.shuffled(scores, g.real(scale)))[0]
        if place == "division":
            scores = g.node("Div", [scores, g.real(1 / scale)])[0]
        if g.chance(0.3):
            # A mask that hides nothing, of the length of the scores.
            shape = g.node("Shape", [scores])[0]
            zero = numpy_helper.from_array(np.zeros(1, np.float32))
            mask = g.node("ConstantOfShape", [shape], value=zero)[0]
            scores = g.node("Add", g.shuffled(scores, mask))[0]
        weights = g.node("Softmax", [scores], axis=-1 if g.opset >= 13 or g.chance(0.5) else len(past_shape) - 1)[0]
        context = Vector(g.node("MatMul", [weights, values.name])[0], (*lead, heads, 1, size))
        return g.reshape(turned(context), (1, heads * size))

    def _attention_operator(self, query: Vector, key: Vector, value: Vector, heads: int, size: int) -> Vector:
        g = self.graph
        shape = (1, heads, None, size)
        past = [self._cache(name, shape) for name in ("key", "value")]
        operands = [g.reshape(vector, (1, 1, heads * size)).name for vector in (query, key, value)]
        bias = g.choose("", g.reals(3 * heads * size))
        names = g.node(
            "MultiHeadAttention", [*operands, bias, "", "", past[0].name, past[1].name], 3, domain="com.microsoft", num_heads=heads)
        for name, present in zip(names[1:], ("present.key", "present.value")):
            g.rename(Vector(name, shape), present)
        return Vector(names[0], (1, 1, heads * size))

    # ---- The end ----

    def _add_unsupported(self) -> None:
        g = self.graph
        x = self._any()
        self.live.append(g.apply(g.choose(*sorted(UNSUPPORTED)), [x.name], x.shape))

    def _finish(self) -> None:
        """All that was made last goes into the logits, so that nothing of it is idle."""
        g = self.graph
        for number, (old, kind) in enumerate(self.states):
            new = self._new_state(old, kind)
            g.rename(new, f"new_state.{number}")
            start = np.zeros(old.shape, np.float32)
            g.states.append(State(old.name, f"new_state.{number}", start))
        total = None
        for vector in [self.live[0], *self.live[-4:]]:
            part = g.reshape(pieces.linear(g, vector, self.width), (1, self.width))
            total = part if total is None else g.apply("Add", g.shuffled(total.name, part.name), part.shape)
        last = pieces.normalized(g, total) if g.chance(0.5) else total
        shape = g.choose((1, self.vocabulary), (1, 1, self.vocabulary), (self.vocabulary,))
        if g.chance(0.3):
            # The head is the table of the tokens.
            row = g.reshape(last, (1, self.width))
            turned = g.transpose(Vector(self.table, (0, 0)), (1, 0))
            logits = Vector(g.node("MatMul", [row.name, turned.name])[0], (1, 0))
            logits = g.slice(Vector(logits.name, (1, self.vocabulary + 3)), 1, 0, self.vocabulary)
        else:
            logits = pieces.linear(g, last, self.vocabulary)
        g.rename(g.reshape(logits, shape), "logits")
        # States are told apart by their order where their shapes are the same.
        places = {entry.name: place for place, entry in enumerate(g.inputs)}
        g.states.sort(key=lambda state: places[state.input])
        outputs = [(state.output, ["total" if length == 0 else length for length in state.start.shape]) for state in g.states]
        outputs.insert(g.choose(0, 0, len(outputs)), ("logits", shape))
        for name, lengths in outputs:
            g.output(name, lengths)
