import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import quell  # noqa: E402
import tiny_model  # noqa: E402

# Shells have what runs in the background ignore Ctrl-C, and what that starts ignores it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def tiny() -> tiny_model.TinyModel:
    return tiny_model.make()


@pytest.fixture
def data(tiny: tiny_model.TinyModel) -> bytes:
    return tiny_model.write(tiny)


@pytest.fixture
def model(data: bytes) -> quell.Model:
    return quell.Model(data)


class Shipped:
    """The models of the examples, imported once."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._models: dict[str, quell.Model] = {}

    def path(self, name: str) -> pathlib.Path:
        """The path of a model's file."""
        path = self._folder / f"{name}.gguf"
        if not path.exists():
            source = pathlib.Path(__file__).parents[3] / "Examples" / "Models" / name
            quell.import_onnx(source / "model.onnx", path, tokenizer=source / "tokenizer.json")
        return path

    def __call__(self, name: str) -> quell.Model:
        if name not in self._models:
            self._models[name] = quell.Model(self.path(name))
        return self._models[name]


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    if not pathlib.Path(quell._library._name).with_name("libquell_import.so").exists():
        pytest.skip("the library that imports is not built")
    return Shipped(tmp_path_factory.mktemp("shipped"))
