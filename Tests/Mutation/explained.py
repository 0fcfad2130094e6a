"""Checks whose loss no file can show on the machine that runs the tests, and why they are there all the same.

By source and text. mutate.py reports those that are no longer true.
"""

NARROW = "only where Int has 32 bits, as on a board: what a file can give does not overflow 64"
GIGABYTES = "a file to show it would have gigabytes"

EXPLAINED = {
    ("Format/Tensor.swift", "!isTooWide"): NARROW,
    ("Format/Tensor.swift", "!tooMany"): NARROW,
    ("Program/Arrangement.swift", "!overflow"): NARROW,
    ("Program/Verifier.swift", "!overflow"): NARROW,
    ("Program/Verifier.swift", "!queryOverflow"): NARROW,
    ("Program/Verifier.swift", "!outputOverflow"): NARROW,
    ("Text/MergeTable.swift", "Int32(exactly: texts.count) != nil"): GIGABYTES,
    ("Text/Vocabulary.swift", "tokens.count <= maximumCount"): "a file to show it would have 192 megabytes",
    ("Text/Vocabulary.swift", "byteCount <= Int(UInt32.max >> 1)"): GIGABYTES,
    ("Text/AddedTokens.swift", "!sorted.isEmpty"): "spares looking through the text for nothing; keeps nothing out",
}
