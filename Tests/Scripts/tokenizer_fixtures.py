"""Writes Tests/Fixtures/Tokenizer: texts with the tokens that the `tokenizers` library makes of them.

Run with a Python that has the library:

    python Tests/Scripts/tokenizer_fixtures.py
"""

import base64
import json
import pathlib
import random
import unicodedata

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

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

# Code points from here on stay what they are when they are normalized.
CHANGES_END = 0x30000

# What the normalization form C changes, and what it must leave alone.
UNNORMALIZED = [
    "Cafe\u0301, nai\u0308ve, A\u030angstro\u0308m, n\u0303, c\u0327, e\u0301te\u0301 et ho\u0302tel; Zażo\u0301łc\u0301.",
    "Tie\u0302\u0301ng Vie\u0323\u0302t, Tie\u0301\u0302ng Vie\u0302\u0323t, o\u031b\u0323 o\u0323\u031b ờ o\u0300\u031b u\u031b\u0303",
    "a\u0300\u0301\u0302 a\u0323\u0307 a\u0307\u0323 d\u0307\u0323\u0307 q\u0307\u0323 s\u0323\u0307 s\u0307\u0323 e\u0327\u0306 \u0344 \u0345\u0313\u0300 α\u0345\u0301\u0313",
    "é\u0323 ậ\u0301 ǖ u\u0304\u0308 u\u0308\u0304 ṩ s\u0323\u0307\u0301",
    "\u212b \u2126 \u212a \u1fef \u037e \u0387 \u2000\u2001 \u2329\u232a \u0340\u0341\u0343 \u1fbe \u1f71\u1fd3",
    "\u0958\u095c \u0915\u093c \u09dc\u09df \u0a33 \u0f43\u0f69 \ufb1d\ufb2a\ufb2c\ufb4e \u2adc \u0f73\u0f75\u0f81 \u0f71\u0f72",
    "\U0001d15e\U0001d160\U0001d1bb \ufb49\u05c1 \uf900\ufa0e\ufa10\ufad9 \U0002f800\U0002fa1d 豈更",
    "\u1112\u1161\u11ab\u1100\u1173\u11af \u1112\u1161 \u1112\u1161\u11a7 가\u11a8 각\u11a8 \u1161\u11a8 \u1100\u1100\u1161 ㅎㅏㄴ 한\u0301 \u1112\u0301\u1161",
    "\u0bc6\u0bbe \u0bc6\u0bd7 \u0dd9\u0dcf\u0dca \u0dd9\u0dca \u0cc6\u0cc2\u0cd5 \u0b47\u0b56 \u0d46\u0d3e \u1025\u102e \U00011131\U00011127 \U00011347\U0001133e",
    "\u0928\u093c \u0930\u093c\u094d \u0915\u094d\u093c\u093f \u09c7\u09be \u09c7\u09d7\u09bc",
    "שׁ \u05e9\u05c1\u05bc \u05e9\u05bc\u05c1 שָׁלוֹם ל\u05b9\u05bc \u05d0\u05b7 אַ",
    "\u0627\u0653 \u0627\u0654 \u0648\u0654\u064b \u064a\u0654 مُحَمَّد \u0645\u0651\u064e \u0645\u064e\u0651 \u06c1\u0654 \u06d5\u0654",
    "👨\u200d👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈 👍🏽 1\ufe0f\u20e3 ☃\ufe0f e\u200d\u0301 e\u034f\u0301\u0323",
    "\u0301 \u0323\u0301\u0323 \u0301",
    "\u0301\u0323abc",
    "<\u0338 =\u0338 >\u0338 < \u0338 a<\u0338b ≮ ∤ \u2223\u0338 \u2203\u0338",
    "it's i\u0301t's '\u0301s s\u0301 's\u0301 I'\u0301LL we'r\u0301e 'l\u0301l",
    " \u0301a  \u0301  e\u0301   \u0323\u0301\n\u0301 \n \u0301x",
    "1\u0301 2\u0323\u0301 !\u0301 ½\u0301 a\u0301b\u0301 c a\u0301\u0302 b\u0323\u0302c",
    # Younger than the version of Unicode that the library normalizes by: not put in order.
    "a\u0301\u1df7 a\u1abf\u0334 \u0898\u0323 \U00011935\U00011930 \U00011938 \u0c3c\u0334",
    "e" + "\u0301\u0323" * 40 + " o" + "\u0323\u031b\u0302" * 20 + "\u0300" * 30 + "\u11a8",
    "<|endoftext|>\u0338 <|endoftext|\u0338> e<|endoftext|>\u0301 <|padding|>\u0323\u0301<|padding|>",
    "  \u0301   \u0301    x\u0301     e\u0301      \n        \u0301def\u0301          é",
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


def variant(name, texts, *, merges=(), added=(), prefix=False, split=False, template=None, left_out=(), pairs=True, ids=None, normalizer=None):
    """A small tokenizer made to measure: its tokenizer.json, the arrays that it must become, and texts with their tokens.

    Added tokens are special or not and, where a third member says so and not the opposite of that, normalized or not.
    """
    tokens = [ALPHABET[byte] for byte in range(256) if byte not in left_out]
    tokens += [left + right for left, right in merges]
    numbers = dict(zip(tokens, ids or range(len(tokens))))
    byte_level = {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": not split}
    before = {"type": "Split", "pattern": {"Regex": GPT2_RULE}, "behavior": "Isolated", "invert": False}
    following = max(numbers.values()) + 1
    added_tokens = [
        {"id": following + n, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": (*normalized, not special)[0], "special": special}
        for n, (content, special, *normalized) in enumerate(added)
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
        "normalizer": normalizer,
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
    return expected(name, file, [text if isinstance(text, bytes) else text.encode() for text in texts])


def expected(name, file, texts):
    """A tokenizer.json, the arrays that it must become, and texts with their tokens."""
    tokenizer = Tokenizer.from_str(json.dumps(file))
    added = file["added_tokens"]
    contents = {token["content"] for token in added}
    by_id = {number: (token, 1) for token, number in file["model"]["vocab"].items() if token not in contents}
    by_id |= {token["id"]: (written(token["content"]), 3 if token["special"] else 4) for token in added}
    count = max(by_id) + 3
    template = (file["post_processor"] or {}).get("special_tokens")
    normalizer = file["normalizer"] and (file["normalizer"]["type"] == "NFC" or bool(file["normalizer"]["normalizers"]))
    normalized = sorted(token["id"] for token in added if token["normalized"])
    return {
        "name": name,
        "file": file,
        "vocabularySize": count,
        "tokens": [by_id.get(number, ("", 5))[0] for number in range(count)],
        "types": [by_id.get(number, ("", 5))[1] for number in range(count)],
        "merges": [merge if isinstance(merge, str) else " ".join(merge) for merge in file["model"]["merges"]],
        "addsSpace": file["pre_tokenizer"].get("add_prefix_space", False),
        "beginning": next(iter(template.values()))["ids"][0] if template else None,
        "end": next((token["id"] for token in added if token["special"] and token["content"] in ("<|endoftext|>", "</s>")), None),
        "normalizer": "nfc" if normalizer else None,
        "normalizedTokens": normalized if normalizer or len(normalized) < len(added) else [],
        "cases": [case(tokenizer, text) for text in texts],
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
    both = [("<x>", True), (">y", False), ("y<x", True, True), ("xyz", True), ("yz", False), ("a\ufffd", False), ("\ufffd\ufffd", True)]
    mixed = ["<x>y<x>y", "a>y<x>", "<x<x>>y", "xyz", "axyzy", "yxyz", "y<xyz", "y<x>yz", "a\ufffd\ufffd\ufffd", b"a\xffb\xff\xfe", b"a\xe2\x82<x>\xac\xac"]
    yield variant("two kinds of added tokens", mixed, merges=merges, added=both)
    changed = [("<a>", True), ("<b>", True, True), ("`q", False), ("Kq", False), ("Zq", False, False), ("é→", False), ("eq", False, False), ("≯c", False), ("  ", False), ("한", False), ("\u0323x", False)]
    marked = ["<a>\u0338", "<b>\u0338", "<b>c", "<a>\u0338c", "<b>\u0338c", "\u1fefq`q\u1fef", "\u212aqKq", "Kq\u0327 Kq\u0301", "Zq\u0301Z\u0301q", "E\u0301→e\u0301→é→e\u0323\u0301→", "eq\u0301 ee\u0301→eq", "<a>\u0301é→", "x\u0323x\u0301 x\u0301\u0323x"]
    marked += ["\u1112\u1161\u11ab\u1112\u1161\u11a8", "  \u0301   ", " \u2000  \u2001", "e\u0301→".encode() + b"\xcc \xcc\x81\xff\xcc\x81", b"\xe1\x84\x92\xe1\x85<a>\xa1", *texts]
    form = {"type": "NFC"}
    yield variant("normalized", marked, merges=merges, added=changed, normalizer=form)
    yield variant("normalized, a space before text", marked, merges=merges, added=changed, normalizer={"type": "Sequence", "normalizers": [form]}, prefix=True)
    yield variant("an empty normalizer", ["e\u0301", "abc"], merges=merges, normalizer={"type": "Sequence", "normalizers": []})
    yield variant("bytes left out", ["abc", "xaby", "a\nb", "é", "日本"], merges=merges[1:2], left_out=[ord("x"), 0x0A, 0xA9])
    scattered = random.Random(5).sample(range(400), 256 + len(merges))
    yield variant("ids with gaps", texts, merges=merges, ids=scattered)


def neox():
    """A tokenizer of the kind of GPT-NeoX's, which RWKV-4 and Pythia share, trained on the repository's own texts."""
    tales = [path.read_text() for path in sorted((ROOT / "Examples/Texts").glob("*.txt"))]
    indented = [" " * (2 * (n % 6)) + line for n, line in enumerate(line for tale in tales for line in tale.splitlines())]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True)
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=True)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=True)
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<|endoftext|>", "<|padding|>"], initial_alphabet=letters, show_progress=False)
    tokenizer.train_from_iterator([*tales, "\n".join(indented), *(["Café, naïve, tiếng Việt, été, 한국어"] * 20)], trainer)
    tokenizer.add_tokens([AddedToken(" " * length, normalized=True) for length in range(24, 1, -1)])
    texts = [text.encode() for text in [*UNNORMALIZED, *TEXTS]] + BROKEN
    return expected("as GPT-NeoX's", json.loads(tokenizer.to_str()), [*texts, *(text.encode() for text in unnormalized_texts(150, 3))])


def unnormalized_pools():
    """Characters that normalization changes, and what stands beside them in texts."""
    decomposing = [point for point in range(0x110000) if unicodedata.decomposition(chr(point))[:1] not in ("", "<")]
    parts = [ord(part) for point in decomposing for part in unicodedata.normalize("NFD", chr(point))]
    jamo = [*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A7, 0x11C3), *range(0xAC00, 0xAC39)]
    pools = [list(map(chr, pool)) for pool in (decomposing, parts, jamo, range(0x300, 0x346), range(0x20, 0x7F))]
    return pools + [list("aeiouAEIOU"), [" ", "  ", "     ", "\n", "'s", "<|endoftext|>", "<|padding|>", "\u200d"]]


def unnormalized_texts(count, seed):
    generator, pools = random.Random(seed), unnormalized_pools()
    for _ in range(count):
        yield "".join(generator.choice(generator.choice(pools)) for _ in range(generator.randrange(2, 25)))


def normalization():
    """What the library's normalization form C makes of every code point that can change, as hashes, and of sequences of them."""
    form = normalizers.NFC()
    blocks = []
    for start in range(0, CHANGES_END, 0x1000):
        state = 0xCBF29CE484222325
        for point in range(start, start + 0x1000):
            if 0xD800 <= point < 0xE000:
                continue
            for text in (chr(point), "e" + chr(point) + "\u0301", "\u1100" + chr(point) + "\u11a8"):
                for byte in form.normalize_str(text).encode():
                    state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        blocks.append(f"{state:016x}")
    texts = [*unnormalized_texts(300, 13), "".join(random.Random(17).choices(list(map(chr, range(0x300, 0x370))), k=2000))]
    encoded = [[base64.b64encode(part.encode()).decode() for part in (text, form.normalize_str(text))] for text in texts]
    return {"blocks": blocks, "sequences": encoded}


def write(name, content):
    (TARGET / name).write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    small = Tokenizer.from_file(str(ROOT / "Examples/Models/rwkv4-tiny/tokenizer.json"))
    write("texts.json", [case(small, text.encode()) for text in TEXTS])
    write("broken.json", [case(small, text) for text in BROKEN])
    write("random.json", [case(small, text) for text in random_texts(400, 7)])
    write("variants.json", list(variants()))
    write("neox.json", [neox()])
    write("normalization.json", normalization())


main()
