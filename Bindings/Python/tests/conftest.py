import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import quell  # noqa: E402
import tiny_model  # noqa: E402


@pytest.fixture
def tiny() -> tiny_model.TinyModel:
    return tiny_model.make()


@pytest.fixture
def data(tiny: tiny_model.TinyModel) -> bytes:
    return tiny_model.write(tiny)


@pytest.fixture
def model(data: bytes) -> quell.Model:
    return quell.Model(data)
