import pathlib
import subprocess
import sys

import pytest
import quell

ROOT = pathlib.Path(__file__).parents[3]
COMMAND = ROOT / "build" / "bin" / "quell"

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.skipif(not COMMAND.exists(), reason="the command is not built")


@pytest.mark.parametrize("shape", ["opt-tiny", "rwkv4-tiny"])
def test_exports_of_benchmarks_run_as_they_are_imported(shape, tmp_path):
    subprocess.run([sys.executable, ROOT / "Benchmarks" / "make_export.py", shape, tmp_path], check=True)
    source = tmp_path / "model.onnx"
    assert (tmp_path / "model.onnx.data").stat().st_size > 500_000
    # What the types of weights can do; see the tests of storage.
    for weights, bound in (("f32", 1e-5), ("f16", 5e-3), ("int8", 5e-2)):
        target = tmp_path / f"{weights}.gguf"
        subprocess.run([COMMAND, "import", source, "--weights", weights, "-o", target], check=True, capture_output=True)
        assert 0 < quell.verify(source, target).relative_error < bound


def test_the_speed_of_imports_is_a_table(tmp_path):
    folder = tmp_path / "rwkv4-tiny"
    subprocess.run([sys.executable, ROOT / "Benchmarks" / "make_export.py", "rwkv4-tiny", folder], check=True)
    command = [sys.executable, ROOT / "Benchmarks" / "import_speed.py", "--quell", COMMAND, "--rounds", "1", folder]
    table = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line.split(" | ")[1:3] for line in table[2:]] == [[type, cache] for cache in ("warm", "cold") for type in ("int8", "f16")]
    # Nothing is left beside the model.
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "model.onnx.data"]
