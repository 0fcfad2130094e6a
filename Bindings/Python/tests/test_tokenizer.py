import json
import pathlib
import random

import pytest
import quell
import tiny_model
import tokenizers

MODELS = pathlib.Path(__file__).parents[3] / "Examples" / "Models"

TEXTS = [
    "",
    " ",
    "Once upon a time, there was a king who didn't sleep; he'd lie awake at 3 o'clock.",
    "tabs\tand\r\nlines\n\n\n  and   spaces  ",
    "Ärger im Süden: naïve façade, 東京, \u0645\u0631\u062d\u0628\u0627, \U0001f469\u200d\U0001f680 e\u0301",
    "\u00a0\u2003odd\u3000spaces\u2028",
    "a\0b",
]


@pytest.fixture
def talker():
    return quell.Model(tiny_model.write(tiny_model.make(), tiny_model.byte_tokenizer()))


def converted(path):
    """A tiny model with the tokenizer of a tokenizer.json."""
    source = json.loads(path.read_text())
    tokens = dict(source["model"]["vocab"])
    special = {added["id"]: added["content"] for added in source["added_tokens"] if added["special"]}
    tokens.update({text: token for token, text in special.items()})
    names = sorted(tokens, key=tokens.get)
    assert [tokens[name] for name in names] == list(range(len(names)))
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in source["model"]["merges"]]
    keys = tiny_model.tokenizer_keys(names, set(special), merges)
    return quell.Model(tiny_model.write(tiny_model.make(vocabulary=len(names)), keys))


@pytest.mark.parametrize("path", sorted(MODELS.glob("*/tokenizer.json")), ids=lambda path: path.parent.name)
def test_agrees_with_the_tokenizers_library(path):
    ours = converted(path).tokenizer
    theirs = tokenizers.Tokenizer.from_file(str(path))
    numbers = random.Random(1)
    texts = TEXTS + ["".join(chr(numbers.choice((32, 65, 0x20AC, 0x3042, numbers.randrange(0xD7FF)))) for _ in range(200)) for _ in range(50)]
    for text in texts:
        expected = theirs.encode(text, add_special_tokens=False).ids
        assert ours.encode(text) == expected
        # A small vocabulary has no token for some bytes, which are left out.
        assert ours.decode(expected) == theirs.decode(expected, skip_special_tokens=False)
        if "micro" not in path.parent.name:
            assert ours.decode(expected) == text
    for _ in range(50):
        data = numbers.randbytes(200)
        expected = theirs.encode(data.decode("utf-8", "replace"), add_special_tokens=False).ids
        assert ours.encode(data) == expected


def test_bytes_and_texts(talker):
    tokenizer = talker.tokenizer
    assert tokenizer.encode("then the") == [257, 110, 32, 257]
    assert tokenizer.encode(b"then\xff") == [257, 110, 0xEF, 0xBF, 0xBD]
    assert tokenizer.encode("a<end>b") == [97, 258, 98]
    assert tokenizer.decode([257, 110, 0xC3]) == "then\ufffd"
    assert tokenizer.decode_bytes([257, 110, 0xC3]) == b"then\xc3"
    assert tokenizer.decode([]) == ""
    assert tokenizer.bytes(258) == b"<end>"
    assert tokenizer.is_control(258) and not tokenizer.is_control(257) and not tokenizer.is_control(9999)
    assert tokenizer.end == 258 and tokenizer.begin is None
    # More tokens than bytes: each of these is read as the three bytes of U+FFFD.
    assert len(tokenizer.encode(b"\xff" * 100)) == 300


def test_tokens_that_the_tokenizer_does_not_have(talker):
    for call in (talker.tokenizer.decode, talker.tokenizer.decode_bytes):
        with pytest.raises(quell.TokenOutOfRangeError):
            call([1, 300])


def test_a_tokenizer_ends_with_its_model(talker):
    tokenizer = talker.tokenizer
    talker.close()
    for call in (lambda: tokenizer.encode("a"), lambda: tokenizer.decode([1]), lambda: tokenizer.end):
        with pytest.raises(ValueError, match="model is closed"):
            call()


# ---- Generation ----


def test_generating_is_sampling_and_stepping(talker):
    tokens = list(talker.generate("the thing", max_tokens=5, temperature=2, top_k=40, seed=4))
    session, sampler = talker.session(), quell.Sampler(2, top_k=40, seed=4)
    session.prefill(talker.tokenizer.encode("the thing"))
    for token in tokens:
        assert token.id == session.sample(sampler)
        session.step(token.id)
    assert len(tokens) == 5
    assert "".join(token.text for token in tokens) == talker.tokenizer.decode(token.id for token in tokens)


def test_generating_ends_where_the_context_is_full(talker):
    prompt = talker.tokenizer.encode("the thing")
    tokens = list(talker.generate("the thing", max_tokens=500))
    # The last token is chosen and has no room to be taken.
    assert len(tokens) == tiny_model.CONTEXT - len(prompt) + 1


def test_generating_nothing(talker):
    assert list(talker.generate("the", max_tokens=0)) == []
    with pytest.raises(ValueError, match="no tokens"):
        talker.generate("")
    with pytest.raises(quell.ContextFullError):
        talker.generate("x" * 13)


class Scripted:
    """A session whose tokens were chosen beforehand."""

    def __init__(self, model, tokens):
        self.model, self.tokens, self.position, self.capacity = model, iter(tokens), 1, 0

    def sample(self, _):
        return next(self.tokens)

    def step(self, _):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def texts(model, tokens, limit=10):
    from quell.generation import continuation

    return [token.text for token in continuation(Scripted(model, tokens), None, limit)]


def test_characters_are_held_back_until_they_are_whole(talker):
    euro = list("\u20ac".encode())
    assert texts(talker, [97, *euro, 98], limit=5) == ["a", "", "", "\u20ac", "b"]
    # What never becomes whole comes with the last token.
    assert texts(talker, [97, *euro[:2]], limit=3) == ["a", "", "\ufffd"]
    assert texts(talker, [97, *euro[:2], 258]) == ["a", "", "\ufffd"]
    assert texts(talker, [97, 98, 258, 99]) == ["a", "b"]
    assert texts(talker, [258]) == []
