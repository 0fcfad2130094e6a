"""Makes small recurrent steps whose linear layers stand behind thresholds, exported by PyTorch, and what ONNX Runtime makes of them.

    python3 Tests/Scripts/threshold_fixtures.py

Needs torch, onnxscript, numpy and onnxruntime. Every model of Tests/QuellImportTests/Fixtures/Thresholds/<name> adds a token's
row to its state, and sends both the sum and the new state through a threshold of its own; the numbers are random, with a fixed seed.
"""

import json
import os

import numpy as np
import onnx
import onnxruntime
import torch

FOLDER = os.path.join(os.path.dirname(__file__), "..", "QuellImportTests", "Fixtures", "Thresholds")
VOCABULARY, WIDTH = 11, 16
TOKENS = [3, 1, 4, 1, 5, 9, 2, 6]


class Gate(torch.nn.Module):
    """A threshold as a multiplication by a comparison."""

    def __init__(self, theta):
        super().__init__()
        self.theta = theta

    def forward(self, x):
        return x * (x.abs() >= self.theta)


class Step(torch.nn.Module):
    def __init__(self, threshold):
        super().__init__()
        self.table = torch.nn.Embedding(VOCABULARY, WIDTH)
        self.mix = torch.nn.Linear(WIDTH, WIDTH)
        self.head = torch.nn.Linear(WIDTH, VOCABULARY)
        self.thresholds = torch.nn.ModuleList([threshold(0.75), threshold(0.5)])

    def forward(self, token, state):
        x = self.table(token) + state
        state = self.mix(self.thresholds[0](x))
        return self.head(self.thresholds[1](state)), state


def export(name, threshold, dynamo):
    torch.manual_seed(5)
    model = Step(threshold).eval()
    folder = os.path.join(FOLDER, name)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.onnx")
    inputs = (torch.tensor([3]), torch.zeros(1, WIDTH))
    names = {"input_names": ["token", "state"], "output_names": ["logits", "new_state"]}
    if dynamo:
        torch.onnx.export(model, inputs, path, dynamo=True, external_data=False, opset_version=18, **names)
    else:
        torch.onnx.export(model, inputs, path, dynamo=False, opset_version=17, **names)
    exported = onnx.load(path)
    del exported.metadata_props[:]
    for node in exported.graph.node:
        # Paths of the machine that exported.
        kept = [entry for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
        node.doc_string = ""
    onnx.save(exported, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    state, rows = np.zeros((1, WIDTH), np.float32), []
    for token in TOKENS:
        logits, state = session.run(None, {"token": np.array([token], np.int64), "state": state})
        rows.append(logits.reshape(-1))
    np.array(rows, "<f4").tofile(os.path.join(folder, "logits.f32"))
    with open(os.path.join(folder, "tokens.json"), "w") as file:
        file.write(json.dumps(TOKENS) + "\n")
    print(name, [node.op_type for node in exported.graph.node], os.path.getsize(path))


export("hardshrink_torchscript", torch.nn.Hardshrink, dynamo=False)
export("hardshrink_dynamo", torch.nn.Hardshrink, dynamo=True)
export("gate_dynamo", Gate, dynamo=True)
export("gate_torchscript", Gate, dynamo=False)
