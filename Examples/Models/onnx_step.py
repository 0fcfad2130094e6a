"""The two shipped ONNX exports in ONNX Runtime, one token at a time."""
import pathlib

import numpy as np
import onnxruntime

END_OF_TEXT = "<|endoftext|>"
END_OF_TEXT_ID = 0  # in training it stands before every document; the tokenizer does not add it
LOG_MAXIMUM = "max"  # RWKV-4's state that begins at "minus infinity"; every other one begins at zero


class Stepper:
    """One sequence of one model: `step(token)` gives the logits of what follows; `reset()` forgets."""

    def __init__(self, model: pathlib.Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the sums are then always added in the same order
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.inputs = self.session.get_inputs()
        self.names = {i.name for i in self.inputs}
        self.outputs = [o.name for o in self.session.get_outputs()]
        # A cache has a symbolic axis for the past, which begins empty; a recurrent state has none.
        self.empty = {
            i.name: np.full(self._empty_shape(i.shape), -1e30 if i.name == LOG_MAXIMUM else 0, np.float32)
            for i in self.inputs
            if i.type == "tensor(float)"
        }
        self.reset()

    @staticmethod
    def _empty_shape(shape: list) -> list[int]:
        return [d if isinstance(d, int) else (1 if axis == 0 else 0) for axis, d in enumerate(shape)]

    def reset(self) -> None:
        self.position = 0
        self.state = dict(self.empty)

    def step(self, token: int) -> np.ndarray:
        feed = dict(self.state)
        for i in self.inputs:
            if i.name == "input_ids":
                feed[i.name] = np.array([token], np.int64).reshape([1] * len(i.shape))
            elif i.name == "attention_mask":
                feed[i.name] = np.ones((1, self.position + 1), np.int64)
            elif i.name == "position_ids":
                feed[i.name] = np.array([[self.position]], np.int64)
        results = dict(zip(self.outputs, self.session.run(None, feed)))
        self.position += 1
        self.state = {name: results[self._successor(name)] for name in self.state}
        return results["logits"].reshape(-1)

    @staticmethod
    def _successor(name: str) -> str:
        return name.replace("past_key_values", "present") if name.startswith("past_key_values") else name + "_out"
