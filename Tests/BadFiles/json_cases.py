"""Threshold files, device profiles and tokenizers made to be wrong, by name, each with the exit status and the words of the command."""

import copy
import json
import typing

from command_case import MALFORMED, UNSUPPORTED, Case


def changed(document: dict, *path: str | int, to: typing.Any = ..., drop: bool = False) -> bytes:
    """A document with one member changed or dropped."""
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = place[key]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return json.dumps(document).encode()


def syntax(text: bytes) -> list[Case]:
    """What is wrong with any JSON: `text` is a right document, an object of some kilobytes."""
    first = text.index(b'"')
    end = text.rindex(b"}")
    nested = text[:end] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    cases = [
        ("empty", b"", "ends where a value belongs (byte 0)"),
        ("one byte", text[:1], "(byte 1)"),
        ("half of it", text[: len(text) // 2], "it is not JSON"),
        ("its last byte missing", text[:end], "(byte "),
        ("two documents", text + text, f"goes on behind its end (byte {len(text)})"),
        ("garbage behind", text + b"\0", f"(byte {len(text)})"),
        ("a list of 10^5 levels", b"[" * 100_000, "nested more than 128 levels deep (byte 128)"),
        ("10^5 levels within", nested, "nested more than 128 levels"),
        ("objects of 10^5 levels", b'{"a":' * 100_000, "nested more than 128 levels"),
        ("a comma at the end", text[:end] + b",}", "a name in quotes belongs here"),
        ("a number that is none", text[:end] + b',"x":NaN}', "a value belongs here"),
        ("a number beyond all", text[:end] + b',"x":1e999}', "a number is too large"),
        ("a whole number beyond all", text[:end] + b',"x":' + b"9" * 400 + b"}", "a number is too large"),
        ("a number with a zero before", text[:end] + b',"x":01}', "a comma or the end"),
        ("a name without quotes", text[:first] + b"x" + text[first:], f"(byte {first})"),
        ("a comment", b"// no\n" + text, "(byte 0)"),
        ("a byte order mark", b"\xef\xbb\xbf" + text, "(byte 0)"),
        ("UTF-16", text.decode().encode("utf-16"), "(byte 0)"),
        ("text that is no UTF-8", text[:end] + b',"x":"\xff"}', "not in UTF-8"),
        ("half a surrogate pair", text[:end] + b',"x":"\\ud800"}', "half of a surrogate pair"),
        ("a control in a text", text[:end] + b',"x":"\0"}', "control character"),
        ("a name twice", text[:end] + b',"x":1,"x":2}', "'x' stands twice"),
        ("a name twice, once escaped", text[:end] + b',"x":1,"\\u0078":2}', "'x' stands twice"),
    ]
    return [Case(name, data, MALFORMED, [says]) for name, data, says in cases]


def kinds(document: dict, says: str) -> list[Case]:
    """Other documents than an object."""
    return [Case(f"{name} instead of an object", data, MALFORMED, [says])
            for name, data in (("a list", b"[]"), ("a number", b"1"), ("null", b"null"), ("a text", b'"x"'))]


def thresholds(document: dict) -> list[Case]:
    """Threshold files."""
    def of_site(index: int, key: str, to: typing.Any = ..., **how) -> bytes:
        return changed(document, "sites", index, key, to=to, **how)

    cases = syntax(json.dumps(document).encode()) + kinds(document, "wrong type")
    malformed = [
        ("no format", changed(document, "format", drop=True), "'format' is missing"),
        ("another format", changed(document, "format", to="quell-device"), "its format is 'quell-device'"),
        ("a format that is a number", changed(document, "format", to=1), "wrong type"),
        ("no version", changed(document, "version", drop=True), "'version' is missing"),
        ("a version that is a text", changed(document, "version", to="1"), "wrong type"),
        ("no fingerprint", changed(document, "model_fingerprint", drop=True), "is missing"),
        ("another model's fingerprint", changed(document, "model_fingerprint", to="0" * 16), "made for another model"),
        ("no sites", changed(document, "sites", drop=True), "'sites' is missing"),
        ("sites of none", changed(document, "sites", to=[]), "site 'block.up' of the model is missing"),
        ("sites that are an object", changed(document, "sites", to={}), "wrong type"),
        ("a site too few", changed(document, "sites", to=document["sites"][:-1]), "site 'head' of the model is missing"),
        ("a site too many", changed(document, "sites", to=[*document["sites"], {**document["sites"][0], "name": "tail"}]),
         "site 'tail' is none of the model's"),
        ("a site of several lines", changed(document, "sites", to=[*document["sites"], {**document["sites"][0], "name": "a\n\x1b[2J\x85b"}]),
         "site 'a??[2J?b' is none of the model's"),
        ("a site twice", changed(document, "sites", to=[*document["sites"], document["sites"][0]]), "site 'block.up' stands twice"),
        ("10^5 sites", changed(document, "sites", to=[{"name": str(index), "kind": "x", "theta": 0, "sparsity": 0} for index in range(10**5)]),
         "of the model is missing"),
        ("a site without a name", of_site(0, "name", drop=True), "is missing"),
        ("a site of another kind", of_site(0, "kind", to="down"), "the kind of site 'block.up' is 'down'"),
        ("a site without a theta", of_site(0, "theta", drop=True), "is missing"),
        ("a negative theta", of_site(1, "theta", to=-0.5), "the theta of site 'block.down'"),
        ("a theta of -0", of_site(1, "theta", to=-0.0), "the theta of site 'block.down'"),
        ("a theta beyond single precision", of_site(1, "theta", to=1e39), "a number that does not fit"),
        ("a theta that is a text", of_site(1, "theta", to="1"), "wrong type"),
        ("a theta that is null", of_site(1, "theta", to=None), "wrong type"),
        ("a sparsity of 1.5", of_site(1, "sparsity", to=1.5), "the sparsity of site 'block.down'"),
        ("a density of -1", of_site(1, "density", to=-1), "the density of site 'block.down'"),
        ("a negative median", changed(document, "sites", 0, "statistics", "median", to=-1), "the statistics.median of site"),
        ("zeros of 2", changed(document, "sites", 0, "statistics", "zeros", to=2), "the statistics.zeros of site"),
        ("a centre that is nowhere", of_site(0, "centre", to="none"), "the centre of site 'block.up' is 'none'"),
        ("a centre of another length", of_site(0, "centre", to="up.bias"), "the centre of site 'block.up'"),
    ]
    cases += [Case(name, data, MALFORMED, [says]) for name, data, says in malformed]
    for version in (0, 2, 10**9):
        cases.append(Case(f"version {version}", changed(document, "version", to=version), UNSUPPORTED, [f"version {version}"]))
    return cases


def devices(document: dict) -> list[Case]:
    """Device profiles."""
    cases = syntax(json.dumps(document).encode()) + kinds(document, "not an object")
    malformed = [
        ("no format", changed(document, "format", drop=True), "'format' is missing"),
        ("another format", changed(document, "format", to="quell-thresholds"), "its format is not 'quell-device'"),
        ("an unknown key", changed(document, "colour", to="red"), "'colour' is unknown"),
        ("10^5 unknown keys", json.dumps({**document, **{f"x{index}": 0 for index in range(10**5)}}).encode(), "is unknown"),
        ("no sources", changed(document, "sources", drop=True), "'sources' is missing"),
        ("a figure without a source", changed(document, "clock_mhz", "source", drop=True), "'clock_mhz.source' is missing"),
        ("a source that is nowhere", changed(document, "clock_mhz", "source", to="hearsay"), "'hearsay'"),
        ("a figure that is null", changed(document, "clock_mhz", "value", to=None), "no value yet"),
        ("a figure that is a text", changed(document, "clock_mhz", "value", to="fast"), "'clock_mhz.value' is not a number"),
        ("a negative figure", changed(document, "clock_mhz", "value", to=-1), "'clock_mhz.value' is -1"),
        ("a clock of 0", changed(document, "clock_mhz", "value", to=0), "'clock_mhz' is 0"),
        ("a clock of 10^-300", changed(document, "clock_mhz", "value", to=1e-300), "'clock_mhz' is 1e-300, less than 1e-15"),
        ("a clock of 10^300", changed(document, "clock_mhz", "value", to=1e300), "'clock_mhz.value' is 1e+300"),
        ("a key of several lines", changed(document, "a\n\x1b[2J\x85b", to="red"), "'a??[2J?b' is unknown"),
        ("lanes of 0", changed(document, "lanes", "value", to=0), "'lanes' is not a whole number"),
        ("lanes of 1.5", changed(document, "lanes", "value", to=1.5), "'lanes' is not a whole number"),
        ("lanes of 10^12", changed(document, "lanes", "value", to=10**12), "'lanes' is not a whole number"),
        ("a truth that is a number", changed(document, "skips_quiet_inputs", to=1), "'skips_quiet_inputs' is not true or false"),
        ("components that are unknown", changed(document, "components", to=["lines"]), "'lines'"),
        ("no work", changed(document, "work", drop=True), "'work' is missing"),
        ("work of no kind", changed(document, "work", "mac_f33", to={}), "'work.mac_f33' is unknown"),
        ("work by no instruction", changed(document, "work", "mac_f32", to={"wish": 1}), "'work.mac_f32' names 'wish'"),
        ("work that is negative", changed(document, "work", "mac_f32", to={next(iter(document["instructions"])): -1}), "is -1"),
    ]
    cases += [Case(name, data, MALFORMED, [says]) for name, data, says in malformed]
    for version in (0, 2, 1.5):
        cases.append(Case(f"version {version}", changed(document, "version", to=version), UNSUPPORTED, ["its version is not 1"]))
    return cases


TOKENIZER = {
    "added_tokens": [{"id": 4, "content": "<end>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}],
    "normalizer": None,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    "post_processor": None,
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
              "fuse_unk": False, "byte_fallback": False, "vocab": {"t": 0, "h": 1, "e": 2, "th": 3}, "merges": ["t h"]},
}


def tokenizers() -> list[Case]:
    """Files of tokenizers, for a model of 5 tokens."""
    document = TOKENIZER

    def of_model(key: str, to: typing.Any) -> bytes:
        return changed(document, "model", key, to=to)

    # An empty file is refused before it is looked at.
    cases = [Case("empty", b"", MALFORMED, ["is empty"]), *syntax(json.dumps(document).encode())[1:]]
    malformed = [
        ("no vocabulary", changed(document, "model", "vocab", drop=True), "vocab"),
        ("a vocabulary that is a list", of_model("vocab", ["t", "h"]), "model.vocab"),
        ("an id that is a text", of_model("vocab", {"t": "0"}), "model.vocab"),
        ("an id of -1", of_model("vocab", {"t": -1, "h": 1, "e": 2, "th": 3}), "-1"),
        ("an id of 1.5", of_model("vocab", {"t": 1.5}), "a number that does not fit"),
        ("an id of 2^63", of_model("vocab", {"t": 2**63}), "a number that does not fit"),
        ("an id twice", of_model("vocab", {"t": 0, "h": 1, "e": 1, "th": 3}), "1"),
        ("an id beyond the model's", of_model("vocab", {"t": 0, "h": 1, "e": 2, "th": 7}), "7"),
        ("an id of 10^9", of_model("vocab", {"t": 0, "h": 1, "e": 2, "th": 10**9}), "1000000000"),
        ("a merge of three", of_model("merges", ["t h e"]), "a merge is of two tokens"),
        ("a merge of one", of_model("merges", [["t"]]), "a merge is of two tokens"),
        ("a merge of strangers", of_model("merges", ["x y"]), "the token 'x', which does not exist"),
        ("a merge that makes no token", of_model("merges", ["h t"]), "the token 'ht', which does not exist"),
        ("a merge twice", of_model("merges", ["t h", "t h"]), "twice"),
    ]
    cases += [Case(name, data, MALFORMED, [says]) for name, data, says in malformed]
    unsupported = [
        ("pieces of words", of_model("type", "WordPiece"), "WordPiece"),
        ("no model", b'{"model": {"type": "Unigram", "vocab": [["a", 0.5]]}}', "Unigram"),
        ("a prefix for parts of words", of_model("continuing_subword_prefix", "##"), "##"),
        ("fallback to bytes", of_model("byte_fallback", True), "byte"),
        ("a normalizer of another kind", changed(document, "normalizer", to={"type": "Lowercase"}), "Lowercase"),
        ("a split rule of another kind", changed(document, "pre_tokenizer", to={"type": "Whitespace"}), "Whitespace"),
        ("a decoder of another kind", changed(document, "decoder", to={"type": "WordPiece"}), "WordPiece"),
    ]
    cases += [Case(name, data, UNSUPPORTED, [says]) for name, data, says in unsupported]
    return cases
