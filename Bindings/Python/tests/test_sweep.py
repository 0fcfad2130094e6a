import csv
import io
import os
import pathlib
import subprocess
import sys

import pytest
import quell

ROOT = pathlib.Path(__file__).parents[3]
COMMAND = ROOT / "build" / "bin" / "quell"

pytestmark = pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")


@pytest.fixture
def texts(tmp_path):
    """A text to calibrate on, and another one to evaluate on."""
    paths = []
    for name in ("calibration", "evaluation"):
        text = (ROOT / "Examples" / "Texts" / f"{name}.txt").read_text(encoding="utf-8")
        paths.append(tmp_path / f"{name}.txt")
        paths[-1].write_text(text[:1500], encoding="utf-8")
    return paths


def test_a_point_is_what_calibrating_and_evaluating_give(shipped, texts):
    calibration, evaluation = texts
    path, model = shipped.path("rwkv4-tiny"), shipped("rwkv4-tiny")
    point = quell.sweep_point(path, "uniform", 0.6, calibration=calibration, evaluation=evaluation)
    found = model.calibrate(calibration.read_bytes(), 0.6)
    dense, sparse = (quell.evaluate(model, evaluation.read_bytes(), thresholds) for thresholds in (0, found.thresholds))
    assert point["dense_loss"] == pytest.approx(dense.loss, abs=1e-6)
    assert point["loss"] == pytest.approx(sparse.loss, abs=1e-6)
    assert point["loss_increase"] == pytest.approx(sparse.loss - dense.loss, abs=1e-6)
    assert point["sparsity"] == pytest.approx(sparse.sparsity.macs, abs=1e-9)
    assert point["site_sparsity"] == pytest.approx(sparse.sparsity.sites, abs=1e-9)
    assert point["subject"]["evaluation_tokens"] == sparse.tokens and point["subject"]["calibration_tokens"] == found.tokens


def test_weights_are_converted_before_they_are_evaluated(shipped, texts):
    options = {"calibration": texts[0], "evaluation": texts[1], "evaluation_tokens": 256}
    points = [quell.sweep_point(shipped.path("opt-tiny"), "compensate", 0.6, weights=weights, **options) for weights in ("source", "int4")]
    assert points[0]["dense_loss"] != points[1]["dense_loss"]
    assert abs(points[0]["sparsity"] - points[1]["sparsity"]) < 0.02


def test_what_cannot_be_measured(shipped, texts, monkeypatch):
    files = {"calibration": texts[0], "evaluation": texts[1]}
    with pytest.raises(ValueError, match="method is one of"):
        quell.sweep_point(shipped.path("opt-tiny"), "best", 0.6, **files)
    with pytest.raises(quell.QuellError, match="is a fraction from 0 to 1"):
        quell.sweep_point(shipped.path("opt-tiny"), "uniform", 1.6, **files)
    with pytest.raises(quell.QuellError, match="cannot read"):
        quell.sweep_point(shipped.path("opt-tiny"), "uniform", 0.6, calibration="no such file", evaluation=texts[1])
    monkeypatch.setenv("QUELL_COMMAND", "/no/such/command")
    with pytest.raises(FileNotFoundError):
        quell.sweep_point(shipped.path("opt-tiny"), "uniform", 0.6, **files)


def test_a_cluster_makes_a_sweep_of_it(shipped, texts):
    pytest.importorskip("dask.distributed", reason="dask is not installed: it runs the example on a cluster")
    arguments = [shipped.path("opt-tiny"), *texts, "0.5,0.7"]
    done = subprocess.run(
        [sys.executable, ROOT / "Examples" / "Python" / "sweep.py", *arguments], capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT / "Bindings" / "Python")},
    )
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert sorted((row["method"], float(row["target"])) for row in rows) == [
        (method, target) for method in ("allocate", "compensate", "uniform") for target in (0.5, 0.7)
    ]
    for row in rows:
        assert abs(float(row["sparsity"]) - float(row["target"])) < 0.05
    increases = {(row["method"], float(row["target"])): float(row["loss_increase"]) for row in rows}
    assert all(increases[method, 0.5] < increases[method, 0.7] for method in ("allocate", "compensate", "uniform"))
