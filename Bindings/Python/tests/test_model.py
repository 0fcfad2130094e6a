import os

import pytest
import quell
import tiny_model


def test_a_model_tells_what_it_is(model):
    assert model.name == "Tiny, \u00fcber alles klein"
    assert model.vocabulary_size == tiny_model.VOCABULARY
    assert model.context_length == tiny_model.CONTEXT
    width, hidden = tiny_model.WIDTH, tiny_model.HIDDEN
    assert model.sites == [
        quell.Site("block.up", "up", width, hidden, False, 0),
        quell.Site("block.down", "down", hidden, width, False, 0),
        quell.Site("block.attention", "attention", width, 3 * width, False, 0),
        quell.Site("head", "head", width, tiny_model.VOCABULARY, True, 0),
    ]


def test_files_and_bytes_give_the_same(model, data, tmp_path):
    path = tmp_path / "tiny \u00fc.gguf"
    path.write_bytes(data)
    for source in (path, str(path), bytearray(data), memoryview(data)):
        with quell.Model(source) as other:
            assert (other.session().step(5) == model.session().step(5)).all()


def test_what_cannot_be_opened_says_why(data, tmp_path):
    with pytest.raises(quell.FileUnreadableError, match="No such file") as caught:
        quell.Model(tmp_path / "nothing.gguf")
    assert caught.value.status == 17 and caught.value.byte_offset is None
    assert isinstance(caught.value, OSError)
    with pytest.raises(quell.FileUnreadableError, match="not a regular file"):
        quell.Model(tmp_path)
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(quell.MalformedError, match="is empty"):
        quell.Model(empty)
    with pytest.raises(quell.MalformedError, match="not a GGUF file"):
        quell.Model(b"hello, this is text")
    with pytest.raises(quell.MalformedError):
        quell.Model(b"")
    with pytest.raises(TypeError):
        quell.Model(7)
    with pytest.raises(ValueError):
        quell.Model("a\0b")


def test_every_truncation_is_refused(data):
    for length in [*range(0, 2000, 13), *range(2000, len(data) - 1, 997), len(data) - 1]:
        with pytest.raises((quell.MalformedError, quell.UnsupportedError)):
            quell.Model(data[:length])


def test_no_damage_to_the_header_does_harm(data):
    header = len(data) - sum(-(-tensor.nbytes // 64) * 64 for tensor in tiny_model.make().tensors.values())
    for at in range(header):
        damaged = bytearray(data)
        damaged[at] ^= (0xFF, 0x01, 0x80)[at % 3]
        try:
            session = quell.Model(damaged).session()
        except quell.QuellError as error:
            assert str(error)
            continue
        session.step(1)


def test_a_model_without_a_tokenizer(model):
    with pytest.raises(quell.NoTokenizerError):
        model.tokenizer.encode("text")
    with pytest.raises(quell.NoTokenizerError):
        model.tokenizer.decode([1])
    assert model.tokenizer.end is None


def test_versions():
    assert quell.__version__.count(".") == 2
    assert quell.build_information.startswith(f"{quell.__version__} ")
    assert ", by Swift" in quell.build_information
    assert os.environ.get("QUELL_LIBRARY") is None or os.path.exists(os.environ["QUELL_LIBRARY"])
