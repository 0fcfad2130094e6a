"""The MatMul-free models that are shipped: they compute what PyTorch did, and send on what they were trained to."""

import pathlib

import numpy as np
import pytest
import quell

FOLDER = pathlib.Path(__file__).parents[3] / "Examples" / "Models" / "matmulfree-tiny"


@pytest.fixture(params=["dense", "sparse"])
def run(request: pytest.FixtureRequest) -> tuple[str, quell.Session, np.ndarray, np.ndarray]:
    reference = FOLDER / "reference" / request.param
    tokens = np.fromfile(reference / "tokens.u32", "<u4")
    expected = np.fromfile(reference / "logits.f32", "<f4").reshape(len(tokens), -1)
    session = quell.Model(FOLDER / f"{request.param}.gguf").session()
    logits = np.stack([session.step(int(token)).copy() for token in tokens])
    return request.param, session, logits, expected


@pytest.mark.parametrize("name", ["dense", "sparse"])
def test_the_name_is_that_of_the_file(name: str) -> None:
    assert quell.Model(FOLDER / f"{name}.gguf").name == name


def test_logits_are_those_of_pytorch(run: tuple[str, quell.Session, np.ndarray, np.ndarray]) -> None:
    _, _, logits, expected = run
    assert np.linalg.norm(logits - expected) < 1e-3 * np.linalg.norm(expected)
    assert (logits.argmax(1) == expected.argmax(1)).all()


def test_the_sparse_one_does_a_quarter_of_the_work(run: tuple[str, quell.Session, np.ndarray, np.ndarray]) -> None:
    name, session, _, _ = run
    counts = session.counts
    part = (counts.effective_macs + counts.head_effective_macs) / (counts.dense_macs + counts.head_dense_macs)
    assert part < 0.27 if name == "sparse" else part > 0.9
