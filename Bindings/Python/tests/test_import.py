import os
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import quell

ROOT = pathlib.Path(__file__).parents[3]
MODEL = ROOT / "Examples" / "Models" / "rwkv4-tiny"
LIBRARY = pathlib.Path(quell._library._name).with_name("libquell_import.so")

needs_library = pytest.mark.skipif(not LIBRARY.exists(), reason="the library that imports is not built")


@needs_library
def test_an_import_runs_and_tells_how_far_it_is(tmp_path):
    calls = []
    output = tmp_path / "model.gguf"
    quell.import_onnx(
        MODEL / "model.onnx",
        output,
        name="Grimm",
        tokenizer=MODEL / "tokenizer.json",
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls[0] == (0, 0) and calls[-1][1] > 1_000_000
    assert all(first <= second for first, second in zip(calls, calls[1:]))
    assert [file.name for file in tmp_path.iterdir()] == ["model.gguf"]
    with quell.Model(output) as model:
        assert model.name == "Grimm"
        assert model.tokenizer.decode(model.tokenizer.encode("Once upon")) == "Once upon"
        session = model.session()
        tokens = np.fromfile(MODEL / "reference" / "tokens.u32", np.uint32)
        expected = np.fromfile(MODEL / "reference" / "logits.f32", np.float32).reshape(len(tokens), -1)
        errors = [np.abs(session.step(int(token)) - row).max() for token, row in zip(tokens[:8], expected)]
        assert max(errors) < 2e-4


@needs_library
def test_half_precision_is_smaller(tmp_path):
    for weights in ("f32", "f16"):
        quell.import_onnx(MODEL / "model.onnx", tmp_path / weights, weights=weights)
    assert (tmp_path / "f16").stat().st_size < 0.6 * (tmp_path / "f32").stat().st_size


@needs_library
def test_what_progress_raises_ends_the_import(tmp_path):
    def fail(done, total):
        if total:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        quell.import_onnx(MODEL / "model.onnx", tmp_path / "model.gguf", progress=fail)
    assert not list(tmp_path.iterdir())


@needs_library
def test_ctrl_c_ends_the_import(tmp_path):
    script = f"""
import os, signal, quell
def interrupt(done, total):
    if total:
        os.kill(os.getpid(), signal.SIGINT)
try:
    quell.import_onnx({str(MODEL / "model.onnx")!r}, {str(tmp_path / "model.gguf")!r}, progress=interrupt)
except KeyboardInterrupt:
    print("interrupted")
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert result.stdout == "interrupted\n", result.stderr
    assert result.returncode != -signal.SIGINT and not list(tmp_path.iterdir())


@needs_library
def test_failures_are_told_apart(tmp_path):
    source, output = MODEL / "model.onnx", tmp_path / "model.gguf"
    with pytest.raises(quell.FileUnreadableError, match="nothing.onnx"):
        quell.import_onnx(tmp_path / "nothing.onnx", output)
    with pytest.raises(quell.FileUnwritableError, match="nowhere"):
        quell.import_onnx(source, tmp_path / "nowhere" / "model.gguf")
    with pytest.raises(quell.MalformedError, match="ONNX"):
        quell.import_onnx(pathlib.Path(__file__), output)
    with pytest.raises(ValueError, match="weights"):
        quell.import_onnx(source, output, weights="int3")
    with pytest.raises(ValueError, match="null byte"):
        quell.import_onnx(source, output, name="a\0b")
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_said(tmp_path):
    copy = tmp_path / "libquell.so"
    shutil.copy(quell._library._name, copy)
    code = "import quell\ntry: quell.import_onnx('a.onnx', 'b.gguf')\nexcept ImportError as error: print(error)"
    environment = {**os.environ, "QUELL_LIBRARY": str(copy), "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True).stdout
    assert f"{tmp_path / 'libquell_import.so'} not found" in said
