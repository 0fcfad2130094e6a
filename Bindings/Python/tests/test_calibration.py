import builtins
import io
import json
import logging
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import quell
import tiny_model
from quell import progress

ROOT = pathlib.Path(__file__).parents[3]
COMMAND = ROOT / "build" / "bin" / "quell"
TEXT = "once there was a fox. the fox had a tail; the tail was long.\n" * 8


@pytest.fixture
def texts(tiny):
    return quell.Model(tiny_model.write(tiny, tiny_model.byte_tokenizer(), context=64))


def test_sessions_skip_what_was_asked_for(texts):
    calls = []
    found = texts.calibrate(TEXT, 0.5, progress=lambda done, total: calls.append((done, total)))
    assert calls and calls[-1] == (len(calls), len(calls))
    assert found.tokens == len(texts.tokenizer.encode(TEXT)) and 0 < found.quantile <= 0.5
    assert found.thresholds[3] == 0 and (found.thresholds[:3] >= 0).all() and found.thresholds.max() > 0
    session = texts.session()
    session.thresholds = found.thresholds
    for start in range(0, 480, 60):
        session.reset()
        session.prefill(texts.tokenizer.encode(TEXT[start : start + 60])[:63])
    assert abs(session.counts.activation_sparsity - 0.5) < 0.05
    assert texts.calibrate(TEXT, 0).thresholds.max() == 0


def test_more_sparsity_is_higher_thresholds(texts):
    low, high = (texts.calibrate(TEXT, sparsity).thresholds for sparsity in (0.4, 0.8))
    assert (low[:3] <= high[:3]).all() and (low < high).any()


def test_what_cannot_be_calibrated(texts, model):
    for sparsity in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="sparsity"):
            texts.calibrate(TEXT, sparsity)
    with pytest.raises(ValueError, match="no tokens"):
        texts.calibrate("", 0.5)
    with pytest.raises((quell.NoTokenizerError, ValueError)):
        model.calibrate(TEXT, 0.5)


def test_the_greatest_numbers_have_a_threshold(tiny):
    """Beyond the bin of the greatest magnitudes there is infinity, which is no threshold: the bin's lower end is taken."""
    tiny.tensors["embedding"] = np.full((tiny_model.VOCABULARY, tiny_model.WIDTH), 0.25, np.float32)
    tiny.tensors["embedding"][:, 0] = 3.4e38
    for name in ("query", "key", "value"):
        tiny.tensors[name][0] = 0
    tiny.tensors["head"][:, 0] = 0
    model = quell.Model(tiny_model.write(tiny, tiny_model.byte_tokenizer(), context=64))
    assert model.calibrate(TEXT[:60], 1).thresholds[2] == np.uint32(0x7F7F0000).view(np.float32)


def test_a_model_that_is_all_head_is_left_alone(tiny):
    kinds = {"quell.site_kinds": tiny_model._array(tiny_model.STRING, [b"head"] * 4)}
    model = quell.Model(tiny_model.write(tiny, {**tiny_model.byte_tokenizer(), **kinds}, context=64))
    found = model.calibrate(TEXT[:60], 0.5)
    assert found.quantile == 0 and not found.thresholds.any()


def test_what_progress_raises_leaves_the_model_usable(texts):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        texts.calibrate(TEXT, 0.5, progress=stop)
    assert texts.calibrate(TEXT, 0.5).tokens > 0


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")
def test_the_command_finds_the_same(tmp_path):
    model, thresholds, text = tmp_path / "model.gguf", tmp_path / "thresholds.json", tmp_path / "text.txt"
    text.write_text((ROOT / "Examples" / "Texts" / "calibration.txt").read_text(encoding="utf-8")[:3000], encoding="utf-8")
    source = ROOT / "Examples" / "Models" / "rwkv4-tiny" / "model.onnx"
    subprocess.run([COMMAND, "import", source, "-o", model], check=True, capture_output=True)
    options = ["-m", model, "-f", text, "--method", "uniform", "--sparsity", "0.6", "-o", thresholds]
    subprocess.run([COMMAND, "calibrate", *options], check=True, capture_output=True)
    expected = [site["theta"] for site in json.loads(thresholds.read_text())["sites"]]
    found = quell.Model(model).calibrate(text.read_bytes(), 0.6)
    assert np.array_equal(found.thresholds, np.float32(expected))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream, shown", [(Terminal(), "\rworking: 0 %\rworking: 50 %\rworking: 100 %\n"), (io.StringIO(), "")])
def test_without_tqdm_a_line_on_terminals_alone(monkeypatch, stream, shown):
    original = builtins.__import__

    def without_tqdm(name, *arguments):
        if name.startswith("tqdm"):
            raise ImportError(name)
        return original(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_tqdm)
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.reporting(True, "working") as tell:
        for done in (0, 1, 1, 2):
            tell(done, 2 if done else 0)
    assert stream.getvalue() == shown


def test_silence_is_the_default(capfd, caplog, data):
    with caplog.at_level(logging.INFO, "quell"):
        quell.Model(data).session().step(1)
    assert [record.message for record in caplog.records] == ["opened Tiny, über alles klein: 300 tokens, 4 sites"]
    assert capfd.readouterr() == ("", "")
