"""Writes Tests/Fixtures/Tokenizer: texts with the tokens that the `tokenizers` library makes of them.

Run with a Python that has the library:

    python Tests/Scripts/tokenizer_fixtures.py
"""

import base64
import json
import pathlib
import random

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).parent.parent.parent
TARGET = ROOT / "Tests/Fixtures/Tokenizer"
GPT2_RULE = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

TEXTS = [
    "",
    " ",
    "a",
    "Once upon a time a miller's daughter kept three geese, and they'd talk when nobody was there.",
    "The king said: \u201cI won\u2019t!\u201d and, after 12 days, he didn't; she'll, we've, they're, I'm, it's, you'd.",
    "SHE'LL WE'VE THEY'RE I'M IT'S YOU'D don'T 's'S 'tx ''re 'v 'l 'r ' '' '''",
    " '\u017f 's 's's 1's !'s\n's\t's",
    "tabs\tand\t\ttabs\t \t, lines\nand\r\nlines\r\n\r\n  indented\n\n\n   \n end  ",
    "   leading,     between,      trailing      ",
    "\n\n\n",
    " \n \n x",
    "x" + "".join(map(chr, [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x1F, 0x20, 0x85, 0xA0, 0x1680, 0x180E])) + "y",
    "".join(f"x{chr(point)}y" for point in [*range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF]),
    " \u00a0\u00a0a \u3000b\u2003 c\u2028\u2029d",
    "1 12 123,456.789 3rd x1 1x ½ ¼ ² ₃ Ⅷ ⅻ ①",
    "٠١٢٣٤٥٦٧٨٩ ۴۵۶ ०१२ ๑๒๓ 零一二 𝟘𝟙𝟚 𞥐𞥑 〇",
    "É e\u0301 ñ n\u0303 ﬁ ß ẞ İ ı \u0345a\u0300\u0301\u0302",
    "Да здравствует мир! Ἐν ἀρχῇ ἦν ὁ λόγος. Příliš žluťoučký kůň.",
    "שָׁלוֹם עוֹלָם مرحبا بالعالم \u200fabc\u200e سلام\u200cدنیا",
    "日本語のテキスト、漢字かな交じり。中文文本，没有空格。 한국어 텍스트 ㄱㄴㄷ 𠀀𪜶𫝀𬺰𰀀",
    "नमस्ते दुनिया สวัสดีชาวโลก မင်္ဂလာပါ ជំរាបសួរ ನಮಸ್ಕಾರ",
    "😀 😃😄 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇪🇺🇯🇵 ☃️ ❤️ 1️⃣ #️⃣",
    "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, α ∧ ¬β → γ; 10€ 5£ 3¥ ₿",
    "zero\u200bwidth \u200d \u2060 \ufeff soft\u00adhyphen",
    "control \x00\x01\x02 \x1b[31mred\x1b[0m \x7f \x80 \x9f",
    "private \ue000 \U000f0000 unassigned \u0378 \U000e0fff noncharacter \ufffe \U0010ffff",
    "code: for (int i = 0; i < n; ++i) { a[i] += b[i] * 0x1F; } // done\n\tif x != y: return f'{x!r}'",
    "http://example.org/a_b-c?d=e&f=%20#g user@example.org __init__ snake_case CamelCase",
    "<|endoftext|>",
    "<|endoftext|><|endoftext|> text <|endoftext|>\n<|endoftext|",
    "a<|endoftext|>b <|endoftext|> c<<|endoftext|>>|endoftext|> <|endoftext <|ENDOFTEXT|>",
    "  <|endoftext|>  <|endoftext|>\n\n",
    "a" * 200 + " " * 100 + "!" * 70 + "7" * 50 + "😀" * 20 + "\n" * 33,
    "thethethethe" * 20,
    "hhhhhhhheeeeeerrrrrreeeeee",
]

BROKEN = [
    b"\xff",
    b"\x80\x80a",
    b"a\xc3",
    b"a\xc3 b",
    b"\xc3\xc3\xa9",
    b"\xe2\x82",
    b"\xe2\x82\xe2\x82\xac",
    b"\xe2\x28\xa1",
    b"\xf0\x9f\x98",
    b"\xf0\x9f\x98 \xf0\x9f\x98\x80",
    b"\xf0\x9f<|endoftext|>\x98\x80",
    b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf",
    b"\xed\xa0\x80\xed\xbf\xbf\xed\x9f\xbf",
    b"\xf4\x8f\xbf\xbf\xf4\x90\x80\x80\xf5\x80\x80\x80",
    b"it\xff's \xff\xff  \xff\n\xfe",
    b"\xef\xbf\xbd\xef\xbf\xbe\xef\xbf",
]


def alphabet():
    """GPT-2's printable character for each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(0x100 + n) for n, byte in enumerate(others)}}


ALPHABET = alphabet()


def written(text):
    return "".join(ALPHABET[byte] for byte in text.encode())


def case(tokenizer, text, special=True):
    """A text, what it becomes, and what the tokens are as text where that is not the text again."""
    read = text.decode("utf-8", "replace")
    tokens = tokenizer.encode(read, add_special_tokens=special).ids
    result = {"text": base64.b64encode(text).decode(), "tokens": tokens}
    decoded = tokenizer.decode(tokens, skip_special_tokens=False)
    if decoded.encode() != text:
        result["decoded"] = decoded
    without = tokenizer.decode(tokens, skip_special_tokens=True)
    if without != decoded:
        result["withoutControl"] = without
    return result


def random_texts(count, seed):
    """Half of them bytes of any kind, half pieces that the split rule looks at, some of them broken."""
    generator = random.Random(seed)
    pieces = [text.encode() for text in (" ", "  ", "\n", "\t", "\u00a0", "'s", "'LL", "'ve", "a", "Zb", "é", "1", "٣", "!", "<|endoftext|>", "😀", "日")]
    pieces += [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\x80"]
    for _ in range(count // 2):
        yield generator.randbytes(generator.randrange(1, 60))
        yield b"".join(generator.choice(pieces) for _ in range(generator.randrange(1, 20)))


def variant(name, texts, *, merges=(), added=(), prefix=False, split=False, template=None, left_out=(), pairs=True, ids=None):
    """A small tokenizer made to measure: its tokenizer.json, the arrays that it must become, and texts with their tokens."""
    tokens = [ALPHABET[byte] for byte in range(256) if byte not in left_out]
    tokens += [left + right for left, right in merges]
    numbers = dict(zip(tokens, ids or range(len(tokens))))
    byte_level = {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": not split}
    before = {"type": "Split", "pattern": {"Regex": GPT2_RULE}, "behavior": "Isolated", "invert": False}
    following = max(numbers.values()) + 1
    added_tokens = [
        {"id": following + n, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special}
        for n, (content, special) in enumerate(added)
    ]
    post_processor = None
    if template is not None:
        number = next(token["id"] for token in added_tokens if token["content"] == template)
        post_processor = {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": template, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {template: {"id": template, "ids": [number], "tokens": [template]}},
        }
    file = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens,
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [before, byte_level]} if split else byte_level,
        "post_processor": post_processor,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "vocab": numbers,
            "merges": [list(merge) if pairs else " ".join(merge) for merge in merges],
        },
    }
    tokenizer = Tokenizer.from_str(json.dumps(file))
    by_id = {number: (token, 1) for token, number in numbers.items()}
    by_id |= {token["id"]: (written(token["content"]), 3 if token["special"] else 4) for token in added_tokens}
    count = max(by_id) + 3
    return {
        "name": name,
        "file": file,
        "vocabularySize": count,
        "tokens": [by_id.get(number, ("", 5))[0] for number in range(count)],
        "types": [by_id.get(number, ("", 5))[1] for number in range(count)],
        "merges": [" ".join(merge) for merge in merges],
        "addsSpace": prefix,
        "beginning": None if template is None else number,
        "cases": [case(tokenizer, text.encode()) for text in texts],
    }


def variants():
    space = ALPHABET[0x20]
    merges = [(space, "a"), ("a", "b"), ("ab", "ab"), ("b", "c"), ("ab", "c"), (space + "a", "bc"), (space, space), ("c", "c"), ("'", "s")]
    texts = ["", " ", "a", " a", "abc", "ababc", "ababababccc abcabc  abc\n abc's", "\nabc", "\n abc", "!abc", "1 abc", "  abc ", "'s 's", "é abc"]
    yield variant("plain", texts, merges=merges)
    yield variant("the other order of merges", texts, merges=sorted(merges[:2] + merges[3:4]) + [("ab", "c"), ("a", "bc"), (space, "abc")])
    yield variant("a space before text", [*texts, "<x>abc<x> abc<x>\nabc<x><x>", "<x>"], merges=merges, added=[("<x>", True)], prefix=True)
    yield variant("a token before text", [*texts, "</s>abc</s>"], merges=merges, added=[("<pad>", True), ("</s>", True)], template="</s>", split=True, pairs=False)
    marks = [("<a>", True), ("<a><b>", True), ("<a><b><c", True), ("<end>", True), ("  ", False), ("    ", False), ("→é", False), ("ab!", False)]
    marked = ["<a>", "<a><b", "<a><b>", "<a><b><c", "<a><b><c>", "<a><a><b><b>", "x<a>y", "<<a>>", "<a", " <a> ", "<end><end>", "<en<end>d>", "→é→", "abab!ab!!"]
    yield variant("added tokens", [*texts, *marked, *(" " * n + "a" for n in range(1, 12)), "a     b   c  d e\n      f"], merges=merges, added=marks)
    yield variant("bytes left out", ["abc", "xaby", "a\nb", "é", "日本"], merges=merges[1:2], left_out=[ord("x"), 0x0A, 0xA9])
    scattered = random.Random(5).sample(range(400), 256 + len(merges))
    yield variant("ids with gaps", texts, merges=merges, ids=scattered)


def write(name, content):
    (TARGET / name).write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    small = Tokenizer.from_file(str(ROOT / "Examples/Models/rwkv4-tiny/tokenizer.json"))
    write("texts.json", [case(small, text.encode()) for text in TEXTS])
    write("broken.json", [case(small, text) for text in BROKEN])
    write("random.json", [case(small, text) for text in random_texts(400, 7)])
    write("variants.json", list(variants()))


main()
