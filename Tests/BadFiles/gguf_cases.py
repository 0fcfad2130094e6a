"""Model files made to be wrong, by name, each with what must be said of it.

Group by group: beginnings and ends, versions, counts, texts, dimensions, offsets, types, the program, its memory, sites, tokenizers.
"""

import math
import struct
import typing

import gguf
import small_model
from model_changes import CASES, HUGE, MALFORMED, UNSUPPORTED, all_of, case, operation, patched, put, set_key, set_word, tensor, with_value, words

# ---- 1: beginnings and ends ----

case("empty", MALFORMED, "not a GGUF file", lambda file: lambda data: b"", 0)
case("one byte", MALFORMED, "not a GGUF file", lambda file: lambda data: data[:1], 0)
case("magic alone", MALFORMED, "truncated", lambda file: lambda data: data[:4], 4)
case("header alone", MALFORMED, "truncated", lambda file: lambda data: data[:24], 8)
case("cut in a key", MALFORMED, "truncated", lambda file: lambda data: data[:file.places["key quell.logits"] + 3], "key quell.logits")
case("cut in a number", MALFORMED, "in the middle of its header", lambda file: lambda data: data[:file.places["quell.logits"] + 2],
     "quell.logits")
case("cut in the list of tensors", MALFORMED, "truncated", lambda file: lambda data: data[:file.places["tensor bias"] + 3],
     "tensor bias")
case("cut before the data", MALFORMED, "past the end", lambda file: lambda data: data[:file.places["data"]], "tensor gain")
case("cut before the multiple of the alignment at which the data begins", MALFORMED, "past the end",
     lambda file: lambda data: data[:file.places["data"] - 1], "tensor gain")
case("cut in the last tensor", MALFORMED, "'head' reaches past the end", lambda file: lambda data: data[:-1], "tensor head")
case("garbage behind", MALFORMED, "goes on after its last tensor", lambda file: lambda data: data + b"\0" * 64,
     len(small_model.with_tokenizer().build()))
case("two files joined", MALFORMED, "two files joined", lambda file: lambda data: data + b"\0" * (-len(data) % 64) + data,
     len(small_model.with_tokenizer().build()))
case("an archive behind", MALFORMED, "two files joined", lambda file: lambda data: data + b"PK\3\4" * 30,
     len(small_model.with_tokenizer().build()))

# ---- 2: magic and versions ----

case("wrong magic", MALFORMED, "not a GGUF file", lambda file: setattr(file, "magic", b"GGML"), 0)
case("magic in the other byte order", MALFORMED, "not a GGUF file", lambda file: setattr(file, "magic", b"FUGG"), 0)
for version in (0, 1, 2, 4, 3 << 24, 0xFFFFFFFF):
    case(f"GGUF version {version}", UNSUPPORTED, f"version {version}", lambda file, v=version: setattr(file, "version", v), 4)
for version in (0, 2, 0x7FFFFFFF):
    case(f"format {version}", UNSUPPORTED, f"format {version}", set_key("quell.version", gguf.u32(version)))
case("another architecture", UNSUPPORTED, "quell import", set_key("general.architecture", gguf.text("llama")))
case("no architecture", UNSUPPORTED, "not of a Quell model", set_key("general.architecture", None))

# ---- 3: counts ----

for number in HUGE:
    case(f"{number} tensors", MALFORMED, "list of tensors", lambda file, n=number: setattr(file, "tensor_count", n), 8)
    case(f"{number} keys", MALFORMED, "list of keys", lambda file, n=number: setattr(file, "key_count", n), 16)
    case(f"a key of {number} bytes", MALFORMED, "a key", patched(24, struct.pack("<Q", number)), 24)
    case(f"a text of {number} bytes", MALFORMED, "a string",
         set_key("general.name", (gguf.STRING, struct.pack("<Q", number) + b"small")), "general.name")
    case(f"an array of {number} numbers", MALFORMED, "an array",
         set_key("quell.values", (gguf.ARRAY, struct.pack("<IQ", gguf.U32, number))), "quell.values", -8)
    case(f"a list of {number} texts", MALFORMED, "an array",
         set_key("quell.sites", (gguf.ARRAY, struct.pack("<IQ", gguf.STRING, number))), "quell.sites", -8)
    case(f"a dimension of {number}" if number > 0x7FFFFFFF else "a dimension beyond the end", MALFORMED,
         "impossible dimension" if number > 0x7FFFFFFF else "past the end", tensor("gain", dimensions=[number]), "tensor gain",
         16 if number > 0x7FFFFFFF else 0)
for count in (0, 1):
    case(f"{count} tensors where there are more", MALFORMED, "", lambda file, n=count: setattr(file, "tensor_count", n))
    CASES[-1].offset = None
case("more keys than any model", MALFORMED, "more tensors or keys",
     lambda file: file.more_keys.extend([(f"x{index}", gguf.u32(0)) for index in range(5000)]), 8)
case("more tensors than any model", MALFORMED, "more tensors or keys", lambda file: (
    file.tensors.extend(gguf.Tensor(b"t%d" % index, [1], 0, b"") for index in range(65536))), 8)
case("more tensors than operations can read", MALFORMED, "more tensors than 27 operations", lambda file: (
    file.tensors.extend(gguf.Tensor(b"t%d" % index, [1], 0, b"") for index in range(200))), "quell.operations")
case("more operations than any model", UNSUPPORTED, "16384 are the most",
     set_key("quell.operations", gguf.array(gguf.U32, [2, 0, 0, 0, 0, 0, 0, 0] * 16385)), "quell.operations")
case("no program", MALFORMED, "the program has no operations", set_key("quell.operations", gguf.array(gguf.U32, [])), "quell.operations")
case("no program, and nothing to run it on", MALFORMED, "the program has no operations", lambda file: (
    put(file, "quell.operations", gguf.array(gguf.U32, [])), put(file, "quell.thresholds", gguf.array(gguf.F32, [])),
    put(file, "quell.sites", gguf.array(gguf.STRING, [])), put(file, "quell.site_kinds", gguf.array(gguf.STRING, [])),
    put(file, "quell.values", gguf.array(gguf.U32, [2, 0, 13])), put(file, "quell.logits", gguf.u32(0)), file.tensors.clear()),
     "quell.operations")
case("a flood of thresholds", MALFORMED, "differ in length", set_key("quell.thresholds", gguf.array(gguf.F32, [0.0] * 5000)),
     "quell.sites")
case("a flood of sites", MALFORMED, "more sites than 27 operations", lambda file: (
    put(file, "quell.thresholds", gguf.array(gguf.F32, [0.0] * 500)), put(file, "quell.sites", gguf.array(gguf.STRING, [""] * 500)),
    put(file, "quell.site_kinds", gguf.array(gguf.STRING, [""] * 500))), "quell.sites")
case("a flood of merges", MALFORMED, "is not of two tokens", set_key("tokenizer.ggml.merges", gguf.array(gguf.STRING, [""] * 5000)),
     "tokenizer.ggml.merges")

# ---- 4: texts ----

case("a name with a zero byte", MALFORMED, "'ga?in' has an impossible", tensor("gain", dimensions=[0], name=b"ga\0in"), "tensor ga\0in", 8 + 5 + 4)
case("a name that is no UTF-8", MALFORMED, "'g??in' has an impossible", tensor("gain", dimensions=[0], name=b"g\xff\xc3in"))
CASES[-1].offset = None
case("a name that steers a terminal", MALFORMED, "'?[2Jgain'", tensor("gain", dimensions=[0], name=b"\x1b[2Jgain"))
CASES[-1].offset = None
case("a name of 64 kB", MALFORMED, "tensor 'nnnn", tensor("gain", dimensions=[0], name=b"n" * 65536))
CASES[-1].offset = None
case("a key of 64 kB of the wrong type", MALFORMED, "key 'kkkkkkkkkkk", lambda file: file.more_keys.append(("k" * 65536, (99, b""))))
CASES[-1].offset = None
for key in ("quell.logits", "general.architecture", "quell.operations", "quell.sites", "tokenizer.ggml.add_bos_token"):
    case(f"{key} twice", MALFORMED, "stands twice", lambda file, key=key: file.more_keys.append((key, file.keys[key])))
    file = small_model.with_tokenizer()
    file.more_keys.append((key, file.keys[key]))
    file.build()
    CASES[-1].offset = file.places[key]
case("a tensor's name twice", MALFORMED, "tensors 0 and 1 have the same name 'gain'", tensor("bias", name=b"gain"))
CASES[-1].offset = None
case("a site's name twice", MALFORMED, "sites 0 and 2 have the same name 'a'",
     set_key("quell.sites", gguf.array(gguf.STRING, ["a", "b", "a", "c"])), "quell.sites", 8 + 1 + 8 + 1 + 8)

# ---- 5: dimensions ----

case("no dimensions", UNSUPPORTED, "0 dimensions", tensor("gain", dimensions=[]), "tensor gain")
for rank in (3, 4, 5):
    case(f"{rank} dimensions", UNSUPPORTED, f"{rank} dimensions", tensor("gain", dimensions=[8] + [1] * (rank - 1)), "tensor gain")
case("2^32 - 1 dimensions", UNSUPPORTED, "4294967295 dimensions",
     lambda file: lambda data: data[:file.places["tensor gain"] + 12] + b"\xff" * 4 + data[file.places["tensor gain"] + 16:], "tensor gain")
case("a dimension of zero", MALFORMED, "impossible dimension", tensor("gain", dimensions=[0]), "tensor gain", 16)
case("a second dimension of zero", MALFORMED, "impossible dimension", tensor("up", dimensions=[32, 0]), "tensor up", 8 + 2 + 4 + 8)
case("a product of dimensions that overflows", MALFORMED, "past the end", tensor("up", dimensions=[0x7FFFFFE0, 0x7FFFFFFF]), "tensor up")
case("bytes of a tensor that overflow", MALFORMED, "past the end", tensor("head", dimensions=[0x7FFFFFFF, 0x7FFFFFFF]), "tensor head")
case("bytes of a tensor of floats that overflow", MALFORMED, "past the end", tensor("positions", dimensions=[0x7FFFFFFF, 0x7FFFFFFF]),
     "tensor positions")
case("half a block", MALFORMED, "no whole number of blocks of 32", tensor("up", dimensions=[48, 8]), "tensor up")

# ---- 6: offsets ----

for offset in (1, 32, 63):
    case(f"a tensor at {offset}", MALFORMED, "multiple of the alignment", tensor("gain", offset=offset), "tensor gain")
case("tensors that overlap", MALFORMED, "before the tensor before it ends", tensor("bias", offset=0), "tensor bias")
case("tensors in the other order", MALFORMED, "before the tensor before it ends", lambda file: (
    setattr(file.tensor("gain"), "offset", 64), setattr(file.tensor("bias"), "offset", 0)), "tensor bias")
case("a tensor that ends behind the end", MALFORMED, "past the end", tensor("head", dimensions=[8, 14]), "tensor head")
for offset in (1 << 32, 1 << 63, (1 << 64) - 64):
    case(f"a tensor at {offset}", MALFORMED, "past the end", tensor("head", offset=offset), "tensor head")

# ---- 7: alignment ----

for alignment in (0, 1, 32, 63, 128, 0x7FFFFFFF):
    case(f"alignment {alignment}", UNSUPPORTED, "general.alignment is not 64", set_key("general.alignment", gguf.u32(alignment)))
case("no alignment", UNSUPPORTED, "general.alignment is not 64", set_key("general.alignment", None))
case("alignment of another type", MALFORMED, "'general.alignment' has the wrong type",
     set_key("general.alignment", (gguf.U64, struct.pack("<Q", 64))), "general.alignment")

# ---- 8: types ----

# 256 stands for ternary numbers inside the library, and for nothing in a file.
for kind in (3, 7, 8, 12, 28, 31, 99, 256, 0xFFFFFFFF):
    case(f"GGUF type {kind}", UNSUPPORTED, f"of GGUF type {kind}", tensor("gain", kind=kind), "tensor gain")
case("a vector of 16-bit floats", MALFORMED, "not the whole of an F32 vector", tensor("gain", kind=1), "quell.values")
CASES[-1].offset = None
case("integers without a scale", MALFORMED, "a matrix of 8-bit integers has no scale", operation(26, 4, 0xFFFFFFFF), "quell.operations", 26 * 32)
case("floats with a scale", MALFORMED, "a matrix that is not of integers has a scale", operation(11, 4, 17), "quell.operations", 11 * 32)
case("a table of integers without a scale", MALFORMED, "a matrix of 8-bit integers has no scale", operation(0, 5, 0xFFFFFFFF),
     "quell.operations")
case("a table of floats with a scale", MALFORMED, "a matrix that is not of integers has a scale", operation(1, 5, 20), "quell.operations", 32)
case("a scale that a step can change", MALFORMED, "not a vector of weights", with_value(26, 4, 2, 0, 13), "quell.operations", 26 * 32)
case("a scale of another length", MALFORMED, "not a vector of weights", operation(26, 4, 16), "quell.operations", 26 * 32)
for numbers, says in (([0], "'gain' cannot hold ternary numbers"), ([5], "no whole number of blocks of 64")):
    case(f"ternary tensors {numbers}", MALFORMED, says, set_key("quell.ternary", gguf.array(gguf.U32, numbers)),
         f"tensor {['gain', 'embedding'][numbers == [5]]}")
case("ternary tensors that are not there", MALFORMED, "does not name tensors of the file in rising order",
     set_key("quell.ternary", gguf.array(gguf.U32, [11])), "quell.ternary")
case("ternary tensors as a number", MALFORMED, "'quell.ternary' has the wrong type", set_key("quell.ternary", gguf.u32(1)), "quell.ternary")
for kind in (13, 99, 0xFFFFFFFF):
    case(f"a key of type {kind}", MALFORMED, "unknown type", set_key("quell.logits", (kind, b"\0" * 4)), "type quell.logits")
case("an array of arrays", UNSUPPORTED, "array of arrays", set_key("quell.values", (gguf.ARRAY, struct.pack("<IQ", gguf.ARRAY, 0))))
CASES[-1].offset = None
for key in ("quell.vocabulary_size", "quell.context_length", "quell.state_size", "quell.scratch_size", "quell.logits"):
    case(f"{key} as a text", MALFORMED, f"'{key}' has the wrong type", set_key(key, gguf.text("1")), key)
    case(f"{key} as an array", MALFORMED, f"'{key}' has the wrong type", set_key(key, gguf.array(gguf.U32, [1])), key)
    case(f"{key} missing", MALFORMED, f"no key '{key}'", set_key(key, None))
    case(f"{key} of 2^31", MALFORMED, "larger than any model", set_key(key, gguf.u32(1 << 31)), key)
for key in ("quell.values", "quell.caches", "quell.operations", "quell.thresholds", "quell.state_fill"):
    case(f"{key} as a number", MALFORMED, f"'{key}' has the wrong type", set_key(key, gguf.u32(1)), key)
    case(f"{key} of bytes", MALFORMED, f"'{key}' has the wrong type", set_key(key, (gguf.ARRAY, struct.pack("<IQ", gguf.U8, 4) + b"abcd")), key)
    case(f"{key} missing", MALFORMED, f"no key '{key}'", set_key(key, None))
for key in ("quell.sites", "quell.site_kinds"):
    case(f"{key} of numbers", MALFORMED, f"'{key}' has the wrong type", set_key(key, gguf.array(gguf.U32, [1, 2, 3, 4])), key)
    case(f"{key} missing", MALFORMED, f"no key '{key}'", set_key(key, None))
case("a truth that is neither", MALFORMED, "neither 0, for no, nor 1", set_key("tokenizer.ggml.add_bos_token", (gguf.BOOL, b"\2")),
     "tokenizer.ggml.add_bos_token")
case("a truth as a number", MALFORMED, "wrong type", set_key("tokenizer.ggml.add_bos_token", gguf.u32(1)), "tokenizer.ggml.add_bos_token")
case("a space prefix as a number", MALFORMED, "'tokenizer.ggml.add_space_prefix' has the wrong type", lambda file: file.more_keys.append(
    ("tokenizer.ggml.add_space_prefix", gguf.u32(1))), "tokenizer.ggml.add_space_prefix")
case("a truth as an array", MALFORMED, "wrong type",
     set_key("tokenizer.ggml.add_bos_token", (gguf.ARRAY, struct.pack("<IQB", gguf.BOOL, 1, 1))), "tokenizer.ggml.add_bos_token")
for name, value in (("number", gguf.u32(1)), ("list of texts", gguf.array(gguf.STRING, ["small"]))):
    case(f"a text as a {name}", MALFORMED, "'general.name' has the wrong type", set_key("general.name", value), "general.name")
case("sites as a text", MALFORMED, "'quell.sites' has the wrong type", set_key("quell.sites", gguf.text("site")), "quell.sites")
for key, group in (("quell.values", 3), ("quell.caches", 3), ("quell.operations", 8), ("quell.state_fill", 3)):
    case(f"{key} with a number too many", MALFORMED, f"whole groups of {group}",
         lambda file, key=key: put(file, key, gguf.array(gguf.U32, words(file, key) + [0])), key)

# ---- 9 and 10: the program ----

OPERATIONS = "quell.operations"


def wrong_operation(name: str, index: int, word: int, number: int, says: str, at: int | None = None, status: int = MALFORMED) -> None:
    """The model with a word of an operation changed."""
    case(name, status, says, operation(index, word, number), OPERATIONS, 32 * (index if at is None else at))


for code in (0, 14, 99, 0xFFFFFFFF):
    wrong_operation(f"operation {code}", 6, 0, code, "operation 6 of the program is unknown", status=UNSUPPORTED)
wrong_operation("unknown function of one", 9, 1, 12, "operation 9", status=UNSUPPORTED)
wrong_operation("unknown function of two", 3, 1, 7, "operation 3", status=UNSUPPORTED)
wrong_operation("unknown normalisation", 6, 1, 2, "operation 6", status=UNSUPPORTED)
wrong_operation("unknown layout", 8, 2, 2, "operation 8", status=UNSUPPORTED)
wrong_operation("unknown reduction", 20, 1, 2, "operation 20", status=UNSUPPORTED)
wrong_operation("unknown source of a row", 0, 2, 2, "operation 0", status=UNSUPPORTED)
for number in (1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF):
    wrong_operation(f"value {number}", 0, 4, number, "there is no such value")
    wrong_operation(f"tensor {number}", 0, 1, number, "there is no such tensor")
    wrong_operation(f"site {number}", 7, 1, number, "there is no such site")
    wrong_operation(f"cache {number}", 18, 4, number, "an attention is impossible")
wrong_operation("a result that is a weight", 14, 4, 16, "the result is a weight")
wrong_operation("a row of another length", 1, 1, 7, "another length")
wrong_operation("a row past the table, by one", 1, 3, 3, "too few rows")
wrong_operation("a row past the table, by all", 1, 3, 0xFFFFFFFF, "too few rows")
wrong_operation("a copy of another length", 23, 1, 3, "differ in length")
wrong_operation("a function of another length", 9, 2, 0, "differ in length")
wrong_operation("a copy of one number to many", 23, 1, 8, "differ in length")
wrong_operation("a function of one number for many", 9, 2, 8, "differ in length")
wrong_operation("a sum of another length", 24, 2, 3, "differ in length")
wrong_operation("an infinite epsilon", 6, 5, small_model.bits(math.inf), "normalisation is impossible")
wrong_operation("an epsilon that is no number", 6, 5, small_model.bits(math.nan), "normalisation is impossible")
wrong_operation("a negative epsilon", 6, 5, small_model.bits(-1), "normalisation is impossible")
wrong_operation("a gain of another length", 6, 3, 19, "wrong length")
wrong_operation("a site twice", 10, 1, 0, "makes its events twice")
wrong_operation("a matrix of the wrong shape", 8, 1, 5, "")
CASES[-1].offset = None
wrong_operation("a matrix that is transposed", 11, 2, 0, "does not fit its input")
wrong_operation("no heads", 18, 5, 0, "an attention is impossible")
wrong_operation("heads that do not divide", 18, 5, 3, "do not fit together")
wrong_operation("2^32 - 1 heads", 18, 5, 0xFFFFFFFF, "do not fit together")
wrong_operation("an infinite scale of attention", 18, 6, small_model.bits(math.inf), "an attention is impossible")
wrong_operation("attention into its own query", 18, 7, 10, "an operand overlaps the result")
wrong_operation("a chain of nothing", 2, 1, 0, "has no operations")
wrong_operation("a chain beyond the end", 2, 1, 25, "more than there are")
wrong_operation("a chain without end", 2, 1, 0xFFFFFFFF, "more than there are")
wrong_operation("a chain over a normalisation", 2, 1, 4, "not elementwise")
wrong_operation("a chain of another length", 2, 2, 9, "has another length")
wrong_operation("an order that reaches too far", 19, 6, 5, "reaches out of its source")
wrong_operation("an order whose steps overflow", 19, 5, 0xFFFFFFFF, "reaches out of its source")
wrong_operation("an order without rows", 19, 2, 0, "reaches out of its source")
wrong_operation("an order of 2^64 elements", 19, 2, 0xFFFFFFFF, "reaches out of its source")
wrong_operation("a reduction by zero", 20, 3, 0, "does not divide its source")
wrong_operation("a reduction that does not divide", 20, 3, 3, "does not divide its source")
wrong_operation("a wide position", 21, 1, 0, "a position is one number")
wrong_operation("a choice of another length", 22, 2, 3, "differ in length")
wrong_operation("a linear before any events", 7, 0, 2, "before any list of events", at=8)

# Parts of scratch memory: x 0..<8, the position's row 8..<16, normalised 16..<24, hidden 24..<56, down 56..<64, mixed 64..<72,
# arranged 72..<80, reduced 80..<84, the position 84, chosen 85..<93, query 93..<101, key 101..<109, value 109..<117, logits.
# Each of these is wrong in one way: what it names has the right length or is in the right place.
OVERLAPS = {
    "a copy to a part of itself": (23, 1, 60, 8),
    "a function of a part of its result": (9, 2, 28, 32),
    "a sum whose left half is its result": (24, 2, 4, 8),
    "a sum whose right half is its result": (24, 3, 4, 8),
    "a normalisation over its source": (15, 2, 20, 8),
    "a gain that is being made": (15, 3, 20, 8),
    "a bias of a normalisation that is being made": (6, 4, 20, 8),
    "a bias that is being made": (8, 3, 40, 32),
    "an attention into its query": (18, 7, 93, 8),
    "an attention into its key": (18, 7, 101, 8),
    "an attention into its value": (18, 7, 109, 8),
    "an order over its source": (19, 7, 68, 8),
    "a reduction over its source": (20, 4, 72, 4),
    "a choice over its condition": (22, 1, 86, 8),
    "a choice over its left side": (22, 2, 86, 8),
    "a choice over its right side": (22, 3, 80, 8),
}
for name, (index, word, first, count) in OVERLAPS.items():
    case(name, MALFORMED, "an operand overlaps the result", with_value(index, word, 2, first, count), OPERATIONS, 32 * index)
LENGTHS = {
    "a longer query": (18, 1, 93, 12, "do not fit together"),
    "a longer key": (18, 2, 101, 12, "do not fit together"),
    "a longer value": (18, 3, 109, 12, "do not fit together"),
    "a longer result of an attention": (18, 7, 16, 12, "do not fit together"),
    "a longer result of a linear operation": (11, 5, 93, 12, "does not fit its input and output"),
    "a longer source of a normalisation": (15, 2, 56, 16, "a normalisation is impossible"),
    "a longer bias": (8, 3, 56, 40, "a vector of weights has the wrong length"),
}
for name, (index, word, first, count, says) in LENGTHS.items():
    case(name, MALFORMED, says, with_value(index, word, 2, first, count), OPERATIONS, 32 * index)
case("events of another length than the matrix", MALFORMED, "does not fit its input and output", operation(10, 2, 0), OPERATIONS, 32 * 11)
case("query heads that the cache's do not divide", MALFORMED, "do not fit together", all_of(
    with_value(18, 1, 2, 93, 12), with_value(18, 7, 2, 16, 12), operation(18, 5, 3)), OPERATIONS, 32 * 18)
case("a reduction of no whole number of parts", MALFORMED, "does not divide its source", all_of(
    operation(20, 3, 3), with_value(20, 4, 2, 80, 3)), OPERATIONS, 32 * 20)
case("events within a chain", MALFORMED, "not elementwise", all_of(operation(4, 0, 6), operation(4, 1, 0), operation(4, 2, 0)),
     OPERATIONS, 32 * 2)
case("an operation of a chain that reads half of what another writes", MALFORMED, "an operand overlaps the result",
     with_value(4, 2, 2, 4, 8), OPERATIONS, 32 * 2)
case("one that reads it on its left side", MALFORMED, "an operand overlaps the result", with_value(5, 2, 2, 4, 8), OPERATIONS, 32 * 2)
case("one that reads it on its right side", MALFORMED, "an operand overlaps the result", with_value(5, 3, 2, 4, 8), OPERATIONS, 32 * 2)
case("one that writes half of what another writes", MALFORMED, "an operand overlaps the result", all_of(
    operation(3, 2, 16), operation(3, 3, 16), operation(4, 2, 16), with_value(4, 3, 2, 4, 8), operation(5, 2, 16)), OPERATIONS, 32 * 2)
wrong_operation("an order that is no whole number of blocks", 19, 2, 3, "reaches out of its source")


def chain(count: int) -> typing.Callable:
    """A chain of so many operations behind the program."""
    return lambda file: put(file, OPERATIONS, gguf.array(gguf.U32, words(file, OPERATIONS) + [9, count, 8, 0, 0, 0, 0, 0]
                                                         + [3, 2, 0, 0, 0, 0, 0, 0] * count))


case("a chain of 65 operations", MALFORMED, "more than there are", chain(65), OPERATIONS, 32 * 27)
case("a value that reaches out of scratch memory", MALFORMED, "value 0 of the program reaches out of its storage",
     lambda file: set_word(file, "quell.values", 1, 10_000), "quell.values")
case("a value of no numbers", MALFORMED, "value 0 of the program reaches out", lambda file: set_word(file, "quell.values", 2, 0), "quell.values")
case("a value of 2^32 - 1 numbers", MALFORMED, "reaches out of its storage", lambda file: set_word(file, "quell.values", 2, 0xFFFFFFFF), "quell.values")
case("a value whose end wraps", MALFORMED, "reaches out of its storage",
     lambda file: (set_word(file, "quell.values", 1, 0xFFFFFFFF), set_word(file, "quell.values", 2, 2)), "quell.values")
case("a value in an unknown storage", MALFORMED, "unknown storage", lambda file: set_word(file, "quell.values", 0, 3), "quell.values")
case("a value of a tensor that is not there", MALFORMED, "names a tensor that is not there",
     lambda file: set_word(file, "quell.values", 3 * 16 + 1, 99), "quell.values", 12 * 16)
case("a value that is half a vector", MALFORMED, "not the whole of an F32 vector",
     lambda file: set_word(file, "quell.values", 3 * 16 + 2, 4), "quell.values", 12 * 16)
case("a value that is a row of a matrix", MALFORMED, "not the whole of an F32 vector",
     lambda file: set_word(file, "quell.values", 3 * 16 + 1, 6), "quell.values", 12 * 16)
case("a value beyond all scratch memory", MALFORMED, "reaches out of its storage",
     lambda file: (set_word(file, "quell.values", 1, 1000), set_word(file, "quell.values", 2, 1)), "quell.values")
case("a cache that does not divide", MALFORMED, "does not divide into its heads", set_key("quell.caches", gguf.array(gguf.U32, [8, 8, 3])), "quell.caches")
case("a cache without heads", MALFORMED, "does not divide into its heads", set_key("quell.caches", gguf.array(gguf.U32, [8, 8, 0])), "quell.caches")
for widths in ([0, 8, 1], [8, 0, 1], [9, 8, 2], [8, 9, 2]):
    case(f"a cache of {widths}", MALFORMED, "does not divide into its heads", set_key("quell.caches", gguf.array(gguf.U32, widths)),
         "quell.caches")
case("scratch memory without end", MALFORMED, "more state and scratch memory than twice", set_key("quell.scratch_size", gguf.u32(0x7FFFFFFF)))
case("state without end", MALFORMED, "more state and scratch memory than twice", set_key("quell.state_size", gguf.u32(0x7FFFFFFF)))
case("scratch memory too small", MALFORMED, "reaches out of its storage", set_key("quell.scratch_size", gguf.u32(20)))
CASES[-1].offset = None
case("state too small", MALFORMED, "reaches out of its storage", set_key("quell.state_size", gguf.u32(7)))
CASES[-1].offset = None
case("a vocabulary of none", MALFORMED, "the model only 0 logits", set_key("quell.vocabulary_size", gguf.u32(0)), "tokenizer.ggml.tokens")
case("a vocabulary beyond the logits", MALFORMED, "quell.logits is not a scratch value", set_key("quell.vocabulary_size", gguf.u32(14)))
case("logits that are no value", MALFORMED, "quell.logits names no value", set_key("quell.logits", gguf.u32(999)))
case("logits that are state", MALFORMED, "quell.logits is not a scratch value", set_key("quell.logits", gguf.u32(15)))
case("logits that are weights", MALFORMED, "quell.logits is not a scratch value", set_key("quell.logits", gguf.u32(20)))
case("a vocabulary of none, and no tokenizer", MALFORMED, "quell.vocabulary_size is zero", lambda file: (
    put(file, "quell.vocabulary_size", gguf.u32(0)),
    [file.keys.pop(key) for key in list(file.keys) if key.startswith("tokenizer.")]))
case("a context beyond the table", MALFORMED, "too few rows", set_key("quell.context_length", gguf.u32(7)), OPERATIONS, 32)
case("a table of positions without a context", MALFORMED, "too few rows", set_key("quell.context_length", gguf.u32(0)), OPERATIONS, 32)
for fill, says in (([7, 2, 0], "out of the state"), ([9, 0, 0], "out of the state"), ([0xFFFFFFFF, 2, 0], "out of the state"),
                   ([0, 0xFFFFFFFF, 0], "out of the state"),
                   ([4, 1, 0, 3, 1, 0], "goes back"), ([0, 8, 0] * 2, "goes back")):
    case(f"a fill of {fill}", MALFORMED, says, set_key("quell.state_fill", gguf.array(gguf.U32, fill)), "quell.state_fill",
         12 if says == "goes back" else 0)

# ---- 11: thresholds and sites ----

for number in (math.nan, math.inf, -math.inf, -1.0, -0.0):
    case(f"a threshold of {number}", MALFORMED, "'block.down' is not a finite number of at least 0",
         set_key("quell.thresholds", gguf.array(gguf.F32, [0, number, 0, 0])), "quell.thresholds", 4)
case("thresholds for too few sites", MALFORMED, "differ in length", set_key("quell.thresholds", gguf.array(gguf.F32, [0, 0, 0])), "quell.sites")
case("names for too few sites", MALFORMED, "differ in length", set_key("quell.sites", gguf.array(gguf.STRING, ["a", "b", "c"])), "quell.sites")
case("kinds for too many sites", MALFORMED, "differ in length", set_key("quell.site_kinds", gguf.array(gguf.STRING, ["x"] * 5)), "quell.sites")
case("a site that feeds nothing", MALFORMED, "site 4 feeds no linear operation", lambda file: (
    put(file, "quell.thresholds", gguf.array(gguf.F32, [0.0] * 5)), put(file, "quell.sites", gguf.array(gguf.STRING, list("abcde"))),
    put(file, "quell.site_kinds", gguf.array(gguf.STRING, list("abcde")))))

# ---- 14: tokenizers ----

TOKENS, KINDS, MERGES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges"
case("another kind of tokenizer", UNSUPPORTED, "byte-level BPE", set_key("tokenizer.ggml.model", gguf.text("llama")))
case("another split rule", UNSUPPORTED, "byte-level BPE", set_key("tokenizer.ggml.pre", gguf.text("llama-bpe")))
case("another normalizer", UNSUPPORTED, "'nfkc' is not supported", set_key("tokenizer.ggml.normalizer", gguf.text("nfkc")))
case("no tokens", MALFORMED, "lacks one of its keys", set_key(TOKENS, None))
case("no merges", MALFORMED, "lacks one of its keys", set_key(MERGES, None))
case("more tokens than logits", MALFORMED, "only 13 logits", lambda file: (
    put(file, TOKENS, gguf.array(gguf.STRING, list("abcdefghijklmn"))), put(file, KINDS, gguf.array(gguf.I32, [1] * 14))), TOKENS)
case("types for too few tokens", MALFORMED, "has 12 elements for 13 tokens", set_key(KINDS, gguf.array(gguf.I32, [1] * 12)), KINDS)
for kind in (0, 2, 6, -1):
    case(f"a token of type {kind}", UNSUPPORTED, "token 2 is of type", lambda file, kind=kind: set_word(file, KINDS, 2, kind & 0xFFFFFFFF), KINDS, 8)
case("a token in no alphabet", MALFORMED, "not written in GPT-2's alphabet", lambda file: put(
    file, TOKENS, gguf.array(gguf.STRING, ["\u4e00", *"bcdefghijk", "l", ""])), TOKENS)
case("a token of the byte -1", MALFORMED, "not written in GPT-2's alphabet", lambda file: put(
    file, TOKENS, gguf.array(gguf.STRING, [b"\xc5\x84", *"bcdefghijk", "l", ""])), TOKENS)
# What another reader of UTF-8 might take for a letter: a space before a continuation, a letter in two bytes, the beginning of three,
# one without its continuation, one whose continuation would be the next text's length.
for name, wrong in (("space and a half", b"\x20\xa1"), ("letter in two bytes", b"\xc1\xba"), ("part of three bytes", b"\xe2\xa1"),
                    ("letter without its end", b"\xc4A"), ("letter that is cut", b"\xc4")):
    case(f"a token of a {name}", MALFORMED, "not written in GPT-2's alphabet", lambda file, wrong=wrong: put(
        file, TOKENS, gguf.array(gguf.STRING, [wrong, "b" * 130, *"cdefghijkl", ""])), TOKENS)
case("an empty token", MALFORMED, "is empty", lambda file: put(file, TOKENS, gguf.array(gguf.STRING, ["", *"bcdefghijklm"])), TOKENS)
case("a token twice", MALFORMED, "have the same text", lambda file: put(file, TOKENS, gguf.array(gguf.STRING, [*"aacdefghijkl", ""])))
case("a control token twice, beside a normal one of its text", MALFORMED, "of the tokenizer have the same text", lambda file: (
    put(file, TOKENS, gguf.array(gguf.STRING, [*"abcdefghijk", "a", "a"])), put(file, MERGES, gguf.array(gguf.STRING, [])),
    put(file, "tokenizer.ggml.normalized_tokens", None), put(file, KINDS, gguf.array(gguf.I32, [1] * 11 + [3, 3]))))
case("a control token of 1025 bytes", MALFORMED, "is longer than 1024 bytes", lambda file: put(
    file, TOKENS, gguf.array(gguf.STRING, ["\u0120", *"abcdeht", "th", "the", "x" * 1025, "<sum>", ""])), TOKENS)
case("a merge of one token", MALFORMED, "merge 0 of the tokenizer is not of two tokens", set_key(MERGES, gguf.array(gguf.STRING, ["the"])), MERGES)
case("a merge of nothing", MALFORMED, "merge 1 of the tokenizer is not of two tokens", set_key(MERGES, gguf.array(gguf.STRING, ["t h", " "])), MERGES)
case("a merge of strangers", MALFORMED, "is not of two tokens", set_key(MERGES, gguf.array(gguf.STRING, ["t q"])), MERGES)
case("a merge of a token and what is no letter", MALFORMED, "is not of two tokens", set_key(MERGES, gguf.array(gguf.STRING, [b"t\1 h"])), MERGES)
case("a merge that makes no token", MALFORMED, "makes no token: 'h t'", set_key(MERGES, gguf.array(gguf.STRING, ["h t"])), MERGES)
case("a merge twice", MALFORMED, "stands twice", set_key(MERGES, gguf.array(gguf.STRING, ["t h", "t h"])), MERGES)
case("a first token that is none", MALFORMED, "not the id of a token", set_key("tokenizer.ggml.bos_token_id", gguf.u32(13)))
case("a last token that is none", MALFORMED, "not the id of a token", set_key("tokenizer.ggml.eos_token_id", gguf.u32(0x7FFFFFFF)))
case("a first token to be added that is not told", MALFORMED, "there is no tokenizer.ggml.bos_token_id", set_key("tokenizer.ggml.bos_token_id", None))
for numbers in ([13], [0xFFFFFFFF], [0], [11, 11], [11, 10]):
    case(f"normalised tokens {numbers}", MALFORMED, "not the id of a control or added token",
         set_key("tokenizer.ggml.normalized_tokens", gguf.array(gguf.U32, numbers)), "tokenizer.ggml.normalized_tokens")

# What is no harm: it is run.

RIGHT = {
    "as it is": small_model.with_tokenizer().build(),
    "without a tokenizer": small_model.make().build(),
    "without attention": small_model.make(attends=False).build(),
}


def right(name: str, change: typing.Callable) -> None:
    """A file that is odd, but right."""
    file = small_model.with_tokenizer()
    change(file)
    RIGHT[name] = file.build()


right("keys that nobody knows", lambda file: file.more_keys.extend([("a.b", gguf.u32(1)), ("c", gguf.array(gguf.STRING, ["x"] * 9))]))
right("a space before each text", lambda file: file.more_keys.append(("tokenizer.ggml.add_space_prefix", (gguf.BOOL, b"\1"))))
right("a hole between tensors", tensor("head", offset=1 << 12))
right("thresholds that silence all", set_key("quell.thresholds", gguf.array(gguf.F32, [3.4e38] * 4)))
right("a key that is the beginning of another", lambda file: file.more_keys.append(("quell.log", gguf.u32(1))))
right("a chain of 64 operations", chain(64))
right("a control token of 1024 bytes", lambda file: put(
    file, TOKENS, gguf.array(gguf.STRING, ["\u0120", *"abcdeht", "th", "the", "x" * 1024, "<sum>", ""])))
right("weights that are no numbers", lambda file: setattr(file.tensor("gain"), "data", struct.pack("<8f", *[math.nan, math.inf, -math.inf, 1e-45] * 2)))
right("scales of denormal numbers", lambda file: setattr(file.tensor("embedding.scale"), "data", struct.pack("<13f", *[1e-45] * 13)))
