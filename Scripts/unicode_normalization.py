"""Writes Sources/CQuell/normalization_tables.h: what the normalization form C of Unicode asks of each code point.

All of it is asked of the `tokenizers` library itself, which follows an older version of Unicode than it does elsewhere; Python's
tables only tell where to look. Run with a Python that has the library:

    python Scripts/unicode_normalization.py
"""

import itertools
import pathlib
import unicodedata

import tokenizers
from tokenizers import normalizers

TARGET = pathlib.Path(__file__).parent.parent / "Sources/CQuell/normalization_tables.h"
COMPOSED, DECOMPOSED = normalizers.NFC(), normalizers.NFD()
STARTER_THAT_JOINS_OR_CHANGES = 255
HANGUL = range(0xAC00, 0xAC00 + 11172)
VOWELS, TRAILS = range(0x1161, 0x1176), range(0x11A8, 0x11C3)


def normalized(form, texts, chunk=1 << 14):
    """What a form makes of texts without line feeds; a line feed keeps them apart."""
    result = []
    for start in range(0, len(texts), chunk):
        part = form.normalize_str("\n".join(texts[start : start + chunk])).split("\n")
        assert len(part) == len(texts[start : start + chunk])
        result += part
    return result


def combining_classes(points, decomposed):
    """The class of each code point that has one, by the marks that it changes places with."""
    known = sorted({unicodedata.combining(chr(point)) for point in points} - {0})
    first, last = "\u0334", "\u0345"
    assert (unicodedata.combining(first), unicodedata.combining(last)) == (known[0], known[-1]) == (1, 240)
    texts = [chr(point) for point in points]
    marks = []
    for text, before, after in zip(texts, normalized(DECOMPOSED, [text + first for text in texts]), normalized(DECOMPOSED, [last + text for text in texts])):
        if decomposed[ord(text)] == text and (before != text + first or after != last + text):
            marks.append(text)
    # One mark of each class, such that all of them are ordered as their classes are.
    samples = {}
    for mark in marks:
        samples.setdefault(unicodedata.combining(mark), mark)
    samples.pop(0, None)
    for low, high in itertools.combinations(sorted(samples), 2):
        assert normalized(DECOMPOSED, [samples[high] + samples[low]]) == [samples[low] + samples[high]]
    classes = {}
    for mark in marks:
        below = [number for number, other in samples.items() if normalized(DECOMPOSED, [mark + other]) != [mark + other]]
        above = [number for number, other in samples.items() if normalized(DECOMPOSED, [other + mark]) != [other + mark]]
        (classes[ord(mark)],) = set(samples) - set(below) - set(above)
    return classes


def decompositions(points, decomposed):
    """The code points that decompose, Hangul aside, with the one or two that they become; the first may decompose further."""
    pairs = {}
    for point in points:
        if decomposed[point] == chr(point) or point in HANGUL:
            continue
        parts = [int(part, 16) for part in unicodedata.decomposition(chr(point)).split()]
        pairs[point] = (parts[0], parts[1] if len(parts) == 2 else 0)
    for point, (first, second) in pairs.items():
        assert decomposed[first] + (chr(second) if second else "") == decomposed[point], hex(point)
        assert len(decomposed[point]) <= 4 and second not in pairs and first not in HANGUL
    return pairs


def compositions(pairs):
    """The code points that two others become, of those that decompose."""
    points = [point for point, (_, second) in pairs.items() if second]
    made = normalized(COMPOSED, [chr(pairs[point][0]) + chr(pairs[point][1]) for point in points])
    return [point for point, text in zip(points, made) if text == chr(point)]


def check(pairs, composites, classes):
    """No two code points become one, other than those that were found."""
    found = {pairs[point] for point in composites}
    assert len(found) == len(composites)
    # Those that decompose themselves could also become one with a mark that goes before theirs.
    firsts = sorted({first for first, _ in pairs.values() if first not in pairs} | set(range(0x1100, 0x1113)) | set(HANGUL[:2]))
    seconds = sorted({second for _, second in found} | set(classes) | set(VOWELS) | set(TRAILS))
    both = [(first, second) for first in firsts for second in seconds]
    for (first, second), text in zip(both, normalized(COMPOSED, [chr(first) + chr(second) for first, second in both])):
        hangul = second in VOWELS and 0x1100 <= first < 0x1113 or second in TRAILS and first == HANGUL[0]
        assert (len(text) == 1) == (hangul or (first, second) in found), (hex(first), hex(second))


def rows(words, width):
    lines = [" ".join(words[first : first + width]) for first in range(0, len(words), width)]
    return "\n    ".join(lines)


def main():
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000 and point != 0x0A]
    texts = [chr(point) for point in points]
    decomposed = dict(zip(points, normalized(DECOMPOSED, texts)))
    composed = dict(zip(points, normalized(COMPOSED, texts)))
    classes = combining_classes(points, decomposed)
    pairs = decompositions(points, decomposed)
    composites = compositions(pairs)
    check(pairs, composites, classes)
    # Marks added by these versions of Unicode tell which of them the library follows.
    version = next(name for name, point in (("15", 0x10EFD), ("14", 0x0898), ("13", 0x1ABF), ("12", 0x0EBA), ("11", 0x07FD), ("10", 0x1DF6), ("9", 0x1E000)) if point in classes)

    joins = {pairs[point][1] for point in composites} | set(VOWELS) | set(TRAILS)
    numbers = bytearray(0x110000)
    for point in points:
        if point in classes:
            numbers[point] = classes[point]
        elif point in joins or composed[point] != chr(point):
            numbers[point] = STARTER_THAT_JOINS_OR_CHANGES
    starts = [point for point in range(0x110000) if point == 0 or numbers[point] != numbers[point - 1]]
    # Below this a character is itself whatever stands before it, which is asked of the first byte in UTF-8.
    assert starts[1] == 0x300

    entries = sorted(pairs)
    places = sorted((entries.index(point) for point in composites), key=lambda place: pairs[entries[place]])
    TARGET.write_text(
        f"""/* Written by Scripts/unicode_normalization.py; do not edit. The canonical decompositions, compositions and combining
   classes of Unicode {version}, as the tokenizers library {tokenizers.__version__} sees them, without those of Hangul syllables. */

/* Where a class begins: the code point times 256, plus the class that holds up to the next entry. */
static const uint32_t class_starts[] = {{
    {rows([f"0x{point << 8 | numbers[point]:08x}," for point in starts], 9)}
}};

/* A code point times 2^42, plus the first times 2^21, plus the second, or 0, of the two that it decomposes into. */
static const uint64_t decompositions[] = {{
    {rows([f"0x{point << 42 | pairs[point][0] << 21 | pairs[point][1]:016x}," for point in entries], 5)}
}};

/* The places of those that are composed again, in the order of the two that they consist of. */
static const uint16_t compositions[] = {{
    {rows([f"0x{place:04x}," for place in places], 14)}
}};
"""
    )
    print(f"{len(starts)} classes begin, {len(entries)} decompositions, {len(places)} compositions:", 4 * len(starts) + 8 * len(entries) + 2 * len(places), "bytes")


main()
