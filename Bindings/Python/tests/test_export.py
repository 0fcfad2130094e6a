import pathlib
import subprocess

import pytest
import quell

ROOT = pathlib.Path(__file__).parents[3]
COMMAND = ROOT / "build" / "bin" / "quell"

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")


def run(*arguments):
    subprocess.run([COMMAND, *arguments], check=True, capture_output=True)


@pytest.mark.parametrize("name", ["rwkv4-tiny", "opt-tiny"])
def test_onnx_runtime_agrees_with_a_sparse_session(name, tmp_path):
    source = ROOT / "Examples" / "Models" / name / "model.onnx"
    dense, thresholds, export, sparse = (tmp_path / file for file in ("dense.gguf", "thresholds.json", "sparse.onnx", "sparse.gguf"))
    text = tmp_path / "text.txt"
    text.write_text((ROOT / "Examples" / "Texts" / "calibration.txt").read_text(encoding="utf-8")[:3000], encoding="utf-8")
    run("import", source, "-o", dense)
    run("calibrate", "-m", dense, "-f", text, "--sparsity", "0.63", "-o", thresholds)
    run("export", source, "-m", dense, "--thresholds", thresholds, "-o", export)
    run("import", export, "--no-tokenizer", "-o", sparse)

    tokens = quell.Model(dense).tokenizer.encode("Once upon a time there was a miller, who had three")
    result = quell.verify(export, sparse, tokens=tokens)
    # A number so near to its threshold that rounding decides would show as an error of a hundredth and more.
    assert result.largest_error < 2e-4 and result.same_arg_max == len(tokens)
    assert quell.verify(source, sparse, tokens=tokens).largest_error > 0.1
    with quell.Model(sparse) as model:
        session = model.session(context_length=64)
        for token in tokens:
            session.step(token)
        assert 0.5 < session.counts.activation_sparsity < 0.8
