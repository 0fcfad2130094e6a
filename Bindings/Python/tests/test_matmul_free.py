"""The training recipe of Examples/Training/matmul_free, at a size that takes seconds; left out where PyTorch is not installed."""

import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import quell

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("tokenizers")

ROOT = pathlib.Path(__file__).parents[3]
RECIPE = ROOT / "Examples" / "Training" / "matmul_free"
COMMON = RECIPE.parent / "common"
SHAPE = ["--width", "64", "--layers", "2", "--hidden", "128", "--batch", "2", "--window", "64"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, str]:
    """A checkpoint after a few steps with thresholds, and what the training said."""
    checkpoint = tmp_path_factory.mktemp("matmul_free") / "sparse.pt"
    text, tokenizer = ROOT / "Examples" / "Texts" / "calibration.txt", ROOT / "Examples" / "Models" / "rwkv4-tiny" / "tokenizer.json"
    options = ["--steps", 50, "--sparse", 0.25, "--warmup", 5, "--rate", 1e-2, "--threshold-rate", 0.3, "--text", text, "--tokenizer", tokenizer]
    command = [sys.executable, RECIPE / "train.py", checkpoint, *SHAPE, *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "Bindings" / "Python"), str(COMMON)]), "QUELL_LIBRARY": quell._library._name}
    said = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, env=environment).stdout
    return checkpoint, said


def test_training_lowers_the_loss_and_keeps_to_the_target(trained: tuple[pathlib.Path, str]) -> None:
    (first, _), (last, macs) = re.findall(r"loss ([\d.]+) macs ([\d.]+)", trained[1])
    # Who knows nothing has a loss of ln 2048 = 7.62.
    assert float(last) < min(float(first), 7) and 0.15 < float(macs) < 0.3


@pytest.mark.parametrize("dynamo", [False, True])
def test_a_trained_model_gives_the_same_logits_in_a_session(trained: tuple[pathlib.Path, str], tmp_path: pathlib.Path, dynamo: bool) -> None:
    if not pathlib.Path(quell._library._name).with_name("libquell_import.so").exists():
        pytest.skip("the library that imports is not built")
    if dynamo:
        pytest.importorskip("onnxscript")
    sys.path[:0] = [str(RECIPE), str(COMMON)]
    try:
        import export
        import model
    finally:
        del sys.path[:2]
    sparse = model.load(trained[0])
    step = export.export(sparse, tmp_path / "step.onnx", dynamo)
    quell.import_onnx(tmp_path / "step.onnx", tmp_path / "step.gguf", weights="f16")
    # Eight kinds of matrices in 2 bits, the embedding, which is a third of the parameters, in 16: well below 16 bits a weight.
    parameters = sum(parameter.numel() for parameter in sparse.parameters())
    assert (tmp_path / "step.gguf").stat().st_size < 1.2 * parameters
    state, tokens = torch.zeros(2, 64), [0, 17, 5, 5, 900, 2047, 1, 33]
    with quell.Model(tmp_path / "step.gguf") as packed, quell.Session(packed) as session, torch.no_grad():
        assert [site.threshold > 0 for site in packed.sites] == [True] * 9
        for token in tokens:
            expected, state = step(torch.tensor([token]), state)
            session.step(token)
            assert np.abs(session.logits - expected.numpy()).max() < 1e-5 * np.abs(expected.numpy()).max()
