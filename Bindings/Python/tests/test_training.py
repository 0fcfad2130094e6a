"""The recipes of Examples/Training that train the shipped models on, for a few steps; left out where PyTorch is not installed."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import quell

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("tokenizers")

ROOT = pathlib.Path(__file__).parents[3]
TRAINING = ROOT / "Examples" / "Training"
MODELS = ROOT / "Examples" / "Models"
TEXT = ROOT / "Examples" / "Texts" / "calibration.txt"


@pytest.fixture(autouse=True)
def _importing_library() -> None:
    if not pathlib.Path(quell._library._name).with_name("libquell_import.so").exists():
        pytest.skip("the library that imports is not built")


def run(script: str, name: str, *options: object) -> dict[str, Any]:
    """Runs a script of a recipe on a shipped model; what it printed last."""
    model = MODELS / name
    paths = os.pathsep.join([str(TRAINING / "common"), str(ROOT / "Bindings" / "Python")])
    environment = {**os.environ, "PYTHONPATH": paths, "QUELL_LIBRARY": quell._library._name}
    command = [sys.executable, TRAINING / script, *options, "--model", model / "model.onnx", "--tokenizer", model / "tokenizer.json", "--text", TEXT]
    result = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, env=environment)
    printed: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return printed


def document(model: quell.Model, theta: float) -> dict[str, Any]:
    """A threshold file with one threshold for all sites but the head."""
    sites = [{"name": site.name, "kind": site.kind, "theta": 0 if site.is_head else theta, "sparsity": 0} for site in model.sites]
    return {"format": "quell-thresholds", "version": 1, "model_fingerprint": model.fingerprint, "method": "uniform", "sparsity": 0, "sites": sites}


def imported(export: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    quell.import_onnx(export, folder / "imported.gguf", weights="f32")
    return folder / "imported.gguf"


def test_what_is_exported_again_is_the_model_that_was_read(tmp_path: pathlib.Path) -> None:
    run("relu_strikes_back/finetune.py", "opt-tiny", tmp_path / "same.onnx", "--steps", 0)
    tokens = np.fromfile(MODELS / "opt-tiny/reference/tokens.u32", "<u4")[:16]
    expected = np.fromfile(MODELS / "opt-tiny/reference/logits.f32", "<f4").reshape(64, -1)[:16]
    with quell.Model(imported(tmp_path / "same.onnx", tmp_path)) as model, quell.Session(model) as session:
        for token, logits in zip(tokens, expected):
            session.step(int(token))
            assert np.abs(session.logits - logits).max() < 2e-4


def test_rectifiers_quieten_what_norms_send_on(tmp_path: pathlib.Path) -> None:
    printed = run("relu_strikes_back/finetune.py", "opt-tiny", tmp_path / "trained.onnx", "--steps", 2, "--batch", 2, "--window", 64)
    assert printed["tokens"] == 2 * 2 * 64 and printed["processor_seconds"] > 0
    with quell.Model(imported(tmp_path / "trained.onnx", tmp_path)) as model, quell.Session(model) as session:
        session.prefill([0, 17, 900, 33, 5, 1200])
        for site, events in zip(model.sites, session.site_events):
            # What attention writes, and what the head reads, has no rectifier before it.
            whole = site.is_head or site.kind.endswith("out_proj")
            assert events == 6 * site.inputs if whole else events < 0.75 * 6 * site.inputs, site.name


def test_thresholds_alone_are_trained_to_their_target_and_belong_to_the_model(tmp_path: pathlib.Path) -> None:
    source = imported(MODELS / "rwkv4-tiny/model.onnx", tmp_path)
    with quell.Model(source) as model:
        (tmp_path / "start.json").write_text(json.dumps(document(model, 0.01)))
        options = ["--thresholds", tmp_path / "start.json", "--sparsity", 0.4, "--steps", 3, "--batch", 2, "--window", 64]
        run("rwkv4_thresholds/train.py", "rwkv4-tiny", tmp_path / "trained.json", *options, "--threshold-rate", 0.05, "--warmup", 1)
        before = quell.load_thresholds(tmp_path / "start.json", model)
        after = quell.load_thresholds(tmp_path / "trained.json", model)
    # So small thresholds skip too little: all that do anything rise.
    assert (after >= before).all() and (after > before).sum() > 30


def test_weights_trained_with_thresholds_are_a_model_of_their_own(tmp_path: pathlib.Path) -> None:
    source = imported(MODELS / "rwkv4-tiny/model.onnx", tmp_path)
    with quell.Model(source) as model:
        (tmp_path / "start.json").write_text(json.dumps(document(model, 0.01)))
    options = ["--thresholds", tmp_path / "start.json", "--sparsity", 0.4, "--steps", 2, "--batch", 2, "--window", 64]
    run("rwkv4_thresholds/train.py", "rwkv4-tiny", tmp_path / "trained.json", *options, "--weights", tmp_path / "trained.onnx")
    with quell.Model(source) as model, pytest.raises(quell.MalformedError):
        quell.load_thresholds(tmp_path / "trained.json", model)
    with quell.Model(tmp_path / "trained.gguf") as model:
        assert (quell.load_thresholds(tmp_path / "trained.json", model) > 0).any()
