"""Writes Sources/CQuell/unicode_classes.c: which code points are letters, numbers and white space.

The classes are asked of the `tokenizers` library itself, so that Quell splits text where it does. Run with a Python that has it:

    python Scripts/unicode_classes.py
"""

import pathlib

import tokenizers
from tokenizers import Regex, pre_tokenizers

CLASSES = {r"\p{L}": 1, r"\p{N}": 2, r"\s": 3}
TARGET = pathlib.Path(__file__).parent.parent / "Sources/CQuell/unicode_classes.c"


def members(pattern, code_points, chunk=1 << 14):
    """The code points that a pattern matches."""
    remove = pre_tokenizers.Split(Regex(pattern), "removed")
    found = set()
    for start in range(0, len(code_points), chunk):
        part = code_points[start : start + chunk]
        kept = set()
        for _, (first, last) in remove.pre_tokenize_str("".join(map(chr, part))):
            kept.update(part[first:last])
        found.update(set(part) - kept)
    return found


def main():
    code_points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    classes = bytearray(0x110000)
    for pattern, number in CLASSES.items():
        for point in members(pattern, code_points):
            assert classes[point] == 0, hex(point)
            classes[point] = number
    starts = [point for point in range(0x80, 0x110000) if point == 0x80 or classes[point] != classes[point - 1]]
    words = [f"0x{point << 2 | classes[point]:06x}," for point in starts]
    lines = [" ".join(words[first : first + 11]) for first in range(0, len(words), 11)]
    # Letters added by these versions of Unicode tell which of them the library follows.
    version = next(name for name, point in (("17", 0xA7CE), ("16", 0x1C89), ("15.1", 0x2EBF0), ("15", 0x1E4D0)) if classes[point] == 1)
    TARGET.write_text(
        f"""/* Written by Scripts/unicode_classes.py; do not edit. Letters, numbers and white space of Unicode {version}, as the
   tokenizers library {tokenizers.__version__} sees them. */
#include "unicode_classes.h"

/* Where a class begins, above ASCII: the code point times four, plus the class that holds up to the next entry. */
static const uint32_t starts[] = {{
    """
        + "\n    ".join(lines)
        + """
};

uint8_t quell_unicode_class(uint32_t code_point) {
  size_t low = 0, high = sizeof starts / sizeof *starts;
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (starts[middle] >> 2 <= code_point)
      low = middle;
    else
      high = middle;
  }
  return starts[low] & 3;
}
"""
    )


main()
