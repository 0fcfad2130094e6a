import pathlib
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import quell

ROOT = pathlib.Path(__file__).parents[3]
FIXTURES = ROOT / "Tests" / "QuellImportTests" / "Fixtures"
COMMAND = ROOT / "build" / "bin" / "quell"

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")


@pytest.fixture
def imported(request, tmp_path):
    source = FIXTURES / request.param / "model.onnx"
    target = tmp_path / "model.gguf"
    subprocess.run([COMMAND, "import", source, "-o", target], check=True, capture_output=True)
    return source, target


CASES = ["rwkv_ts_step", "rwkv_axkuhta_op12", "opt_ts_past", "opt_optimum_past"]


@pytest.mark.parametrize("imported", CASES, indirect=True)
def test_exports_with_states_and_with_caches_agree_with_their_models(imported):
    result = quell.verify(*imported)
    assert result.tokens == 16 and result.same_arg_max == 16
    # Different programs round differently; equality would mean that something was compared with itself.
    assert 0 < result.largest_error < 2e-4 and 0 < result.relative_error < 1e-5


@pytest.mark.parametrize("imported", ["rwkv_ts_step"], indirect=True)
def test_a_wrong_start_shows(imported):
    right = quell.verify(*imported, tokens=[3, 1, 4, 1, 5])
    wrong = quell.verify(*imported, tokens=[3, 1, 4, 1, 5], initial={"state0": 1.0})
    assert right.largest_error < 2e-4 < 1e-2 < wrong.largest_error


@pytest.mark.parametrize("imported", ["opt_ts_past"], indirect=True)
def test_a_different_model_shows(imported, tmp_path):
    source, target = imported
    data = bytearray(target.read_bytes())
    # The last tensor's numbers end the file.
    data[-4096:] = np.zeros(1024, np.float32).tobytes()
    other = tmp_path / "other.gguf"
    other.write_bytes(data)
    assert quell.verify(source, other, tokens=[1, 2, 3]).largest_error > 1e-3


@pytest.mark.parametrize("imported", ["opt_ts_past"], indirect=True)
def test_what_cannot_be_run_is_said(imported):
    with pytest.raises(ValueError, match="no input called 'nothing'"):
        quell.verify(*imported, roles={"nothing": "mask"})
    with pytest.raises(ValueError, match="which input takes the token"):
        quell.verify(*imported, roles={"input_ids": "mask"})
    with pytest.raises(ValueError, match="no tokens"):
        quell.verify(*imported, tokens=[])


def test_a_great_number_that_a_threshold_hides_is_no_start(monkeypatch):
    class Session:
        """A decaying state, of which the logits show that it is there."""

        def get_inputs(self):
            return [
                SimpleNamespace(name="token", type="tensor(int64)", shape=[1]),
                SimpleNamespace(name="state", type="tensor(float)", shape=[2]),
            ]

        def get_outputs(self):
            return [SimpleNamespace(name="logits"), SimpleNamespace(name="new_state")]

        def run(self, _, feeds):
            state = feeds["state"]
            return [np.array([[1, 2, 3, 4]], np.float32) / (1 + np.abs(state[:1])), state / 100]

    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: Session())
    export = quell.verification._Export("", 4, {}, {})
    assert not export._states["state"].any()
