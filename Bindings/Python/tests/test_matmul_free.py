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


TEACHER = ROOT / "Examples" / "Models" / "rwkv4-tiny"


def train(checkpoint: pathlib.Path, *options: object) -> str:
    """Trains with thresholds, and returns what the training said."""
    text = ROOT / "Examples" / "Texts" / "calibration.txt"
    command = [sys.executable, RECIPE / "train.py", checkpoint, *SHAPE, "--sparse", 0.25, "--text", text, "--tokenizer", TEACHER / "tokenizer.json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "Bindings" / "Python"), str(COMMON)]), "QUELL_LIBRARY": quell._library._name}
    return subprocess.run([str(word) for word in [*command, *options]], check=True, capture_output=True, text=True, env=environment).stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, str]:
    """A checkpoint after a few steps with thresholds, and what the training said."""
    checkpoint = tmp_path_factory.mktemp("matmul_free") / "sparse.pt"
    return checkpoint, train(checkpoint, "--steps", 100, "--warmup", 5, "--rate", 1e-2, "--threshold-rate", 0.3)


def require_less_loss(said: str) -> float:
    """The loss has become less than that of who knows nothing, ln 2048 = 7.62. Returns the part of the multiply-accumulates that is done."""
    (first, _), *_, (last, macs) = re.findall(r"loss ([\d.]+) macs ([\d.]+)", said)
    assert float(last) < min(float(first), 7)
    return float(macs)


def test_training_lowers_the_loss_and_keeps_to_the_target(trained: tuple[pathlib.Path, str]) -> None:
    assert 0.2 < require_less_loss(trained[1]) < 0.28


def test_a_teacher_alone_teaches_to_predict(tmp_path: pathlib.Path) -> None:
    options = ["--warmup", 5, "--rate", 1e-2, "--teacher", TEACHER / "model.onnx", "--teacher-weight", 1]
    require_less_loss(train(tmp_path / "taught.pt", "--steps", 50, *options))


def test_training_goes_on_from_the_thresholds_of_a_checkpoint(trained: tuple[pathlib.Path, str], tmp_path: pathlib.Path) -> None:
    train(tmp_path / "same.pt", "--from", trained[0], "--steps", 1, "--rate", 0, "--threshold-rate", 0)
    before, after = (torch.load(path, weights_only=False)["model"] for path in (trained[0], tmp_path / "same.pt"))
    assert sum(name.endswith("theta") for name in before) == 9
    assert all(torch.equal(before[name], after[name]) for name in before)


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
