"""The C interface as programs get it wrong, called without the binding's own checks: each call answers with its status and words, or
with nothing."""

import ctypes
import errno
import math
import os
from ctypes import POINTER, byref, c_char, c_double, c_float, c_uint32, c_uint64, c_void_p, sizeof

import pytest
import tiny_model
from quell import _interface as c
from quell._library import library

NULL = None
NOWHERE = 2**64 - 1
MOST = 2**64 - 1
NO_READER = ctypes.cast(NULL, c.Read)
NO_OPENER = ctypes.cast(NULL, c.TokenizerOpener)
NO_VISITOR = ctypes.cast(NULL, c.LogitsVisitor)
TOKENIZER = ctypes.cast(library.quell_open_tokenizer, c.TokenizerOpener)


def aligned(size: int) -> c_void_p:
    """Memory at a multiple of 64; its owner hangs on it."""
    memory = ctypes.create_string_buffer(size + 64)
    address = c_void_p((ctypes.addressof(memory) + 63) // 64 * 64)
    address.memory = memory
    return address


def moved(address: c_void_p, by: int) -> c_void_p:
    """A place further on."""
    other = c_void_p(address.value + by)
    other.memory = address
    return other


class World:
    """A model with a tokenizer, one without, and a session of the first that has taken a token."""

    def __init__(self, data: bytes, plain: bytes):
        self.bytes, self.size = aligned(len(data) + 8), len(data)
        ctypes.memmove(self.bytes, data, len(data))
        self.plain_bytes, self.plain_size = aligned(len(plain)), len(plain)
        ctypes.memmove(self.plain_bytes, plain, len(plain))
        self.model, self.plain, self.session = c_void_p(), c_void_p(), c_void_p()
        assert library.quell_model_open_memory(self.bytes, self.size, byref(self.model), NULL) == c.OK
        assert library.quell_model_open_memory(self.plain_bytes, self.plain_size, byref(self.plain), NULL) == c.OK
        assert library.quell_session_create(self.model, NULL, byref(self.session), NULL) == c.OK
        assert library.quell_session_step(self.session, 1, NULL) == c.OK

    def close(self) -> None:
        library.quell_session_close(self.session)
        library.quell_model_close(self.plain)
        library.quell_model_close(self.model)


@pytest.fixture
def world():
    model = tiny_model.make()
    world = World(tiny_model.write(model, tiny_model.byte_tokenizer()), tiny_model.write(model))
    yield world
    world.close()


def refused(status: int, says: str, function: str, *arguments) -> None:
    """Calls what must fail, with an error and without."""
    error = c.Error(struct_size=sizeof(c.Error))
    assert getattr(library, function)(*arguments, byref(error)) == status
    assert error.code == status and error.byte_offset == NOWHERE
    assert says in error.message.decode()
    assert getattr(library, function)(*arguments, NULL) == status


# What a call needs besides its handle, so that the handle alone is wrong.
NUMBER, SIZE, FLOAT, DOUBLE, TOKENS = c_uint32(), c_uint64(), c_float(), c_double(), (c_uint32 * 4)()
PLACE = c_void_p()
MODEL_CALLS = {
    "quell_model_name": (NULL, 0, NULL),
    "quell_model_site_name": (0, NULL, 0, NULL),
    "quell_model_site_kind": (0, NULL, 0, NULL),
    "quell_model_encode": (b"a", 1, TOKENS, 4, byref(SIZE)),
    "quell_model_encode_memory_size": (b"a", 1, byref(SIZE)),
    "quell_model_encode_in": (b"a", 1, NULL, 0, TOKENS, 4, byref(SIZE)),
    "quell_model_decode": (TOKENS, 1, NULL, 0, byref(SIZE)),
    "quell_model_token_bytes": (0, byref(PLACE), byref(SIZE)),
    "quell_session_create": (NULL, byref(PLACE)),
    "quell_session_memory_size": (NULL, byref(SIZE)),
    "quell_session_create_in": (NULL, aligned(64), 64, byref(PLACE)),
}
SESSION_CALLS = {
    "quell_session_step": (0,),
    "quell_session_prefill": (TOKENS, 1),
    "quell_session_score": (TOKENS, TOKENS, 1, byref(c.TokenScore())),
    "quell_session_visit_logits": (TOKENS, 1, c.LogitsVisitor(lambda *_: None), NULL),
    "quell_session_sample": (byref(c.Sampler()), byref(NUMBER)),
    "quell_session_get_threshold": (0, byref(FLOAT)),
    "quell_session_set_threshold": (0, 0.0),
    "quell_session_counts": (byref(c.Counts(struct_size=sizeof(c.Counts))),),
    "quell_session_estimate_cost": (byref(c.Cost(struct_size=sizeof(c.Cost))),),
    "quell_session_adapt": (NULL,),
    "quell_session_adaptation": (byref(c.Adaptation(struct_size=sizeof(c.Adaptation))),),
    "quell_session_begin_calibration": (NULL, 0),
    "quell_session_calibrate": (0.5, byref(DOUBLE)),
    "quell_session_save_state": (NULL, 0, byref(SIZE)),
    "quell_session_restore_state": (NULL, 0),
    "quell_cost_session_work": (False, (c_uint64 * 64)(), 64),
}
# What a handle that is of nothing is answered with.
MODEL_GETTERS = {
    "quell_model_vocabulary_size": ((), 0), "quell_model_context_length": ((), 0), "quell_model_fingerprint": ((), 0),
    "quell_model_site_count": ((), 0), "quell_model_site_inputs": ((0,), 0), "quell_model_site_outputs": ((0,), 0),
    "quell_model_site_is_head": ((0,), False), "quell_model_site_threshold": ((0,), 0), "quell_model_calibration_size": ((), 0),
    "quell_model_token_is_control": ((0,), False), "quell_model_beginning_token": ((), c.NO_TOKEN), "quell_model_end_token": ((), c.NO_TOKEN),
    "quell_model_close": ((), None),
}
SESSION_GETTERS = {
    "quell_session_position": ((), 0), "quell_session_capacity": ((), 0), "quell_session_state_size": ((), 0),
    "quell_session_site_events": ((0,), 0), "quell_session_reset": ((), None), "quell_session_reset_counts": ((), None),
    "quell_session_cancel": ((), None), "quell_session_end_calibration": ((), None), "quell_session_close": ((), None),
}


@pytest.mark.parametrize("kind", ["null", "zeros", "other"])
def test_handles_of_nothing(world, kind):
    """Null, memory that is no record of ours, and a handle of the other kind."""
    zeros = aligned(4096)
    model, session = {"null": (NULL, NULL), "zeros": (zeros, zeros), "other": (world.session, world.model)}[kind]
    for name, arguments in MODEL_CALLS.items():
        refused(c.INVALID_ARGUMENT, "the model is null" if kind == "null" else "no model that is open", name, model, *arguments)
    for name, arguments in SESSION_CALLS.items():
        refused(c.INVALID_ARGUMENT, "the session is null" if kind == "null" else "no session that is open", name, session, *arguments)
    for name, (arguments, nothing) in MODEL_GETTERS.items():
        assert getattr(library, name)(model, *arguments) == nothing, name
    for name, (arguments, nothing) in SESSION_GETTERS.items():
        assert getattr(library, name)(session, *arguments) == nothing, name
    assert not library.quell_session_logits(session)
    # Nothing of this has hurt those that are open.
    assert library.quell_session_step(world.session, 2, NULL) == c.OK


def test_every_call_is_among_those_above():
    """A new function of the interface is to be called wrongly as well."""
    elsewhere = {
        "quell_model_open_file", "quell_model_open_memory", "quell_model_open_reader", "quell_model_memory_size", "quell_model_open_in",
        "quell_open_tokenizer", "quell_sampler_initialize", "quell_session_logits", "quell_cost_kind_name", "quell_cost_price", "quell_version",
        "quell_version_number", "quell_build_information", "quell_abi_version", "quell_status_name"}
    assert set(c.SIGNATURES) == elsewhere | set(MODEL_CALLS) | set(SESSION_CALLS) | set(MODEL_GETTERS) | set(SESSION_GETTERS)


def test_places_that_are_null(world):
    sampler = c.Sampler()
    assert library.quell_sampler_initialize(byref(sampler), NULL, NULL) == c.OK
    for says, function, *arguments in [
        ("the place for the model is null", "quell_model_open_file", b"x", NULL),
        ("the path is null", "quell_model_open_file", NULL, byref(PLACE)),
        ("the place for the model is null", "quell_model_open_memory", world.bytes, world.size, NULL),
        ("the model's memory is null", "quell_model_open_memory", NULL, 8, byref(PLACE)),
        ("the place for the model is null", "quell_model_open_reader", NO_READER, NULL, 8, NULL),
        ("the callback that reads is null", "quell_model_open_reader", NO_READER, NULL, 8, byref(PLACE)),
        ("the place for the size is null", "quell_model_memory_size", world.bytes, world.size, NO_OPENER, NULL),
        ("the model's memory is null", "quell_model_memory_size", NULL, 8, NO_OPENER, byref(SIZE)),
        ("the place for the model is null", "quell_model_open_in", world.bytes, world.size, NO_OPENER, aligned(64), 64, NULL),
        ("the memory for the model's tables is null", "quell_model_open_in", world.bytes, world.size, NO_OPENER, NULL, 0, byref(PLACE)),
        ("the place for the session is null", "quell_session_create", world.model, NULL, NULL),
        ("the place for the size is null", "quell_session_memory_size", world.model, NULL, NULL),
        ("the place for the session is null", "quell_session_create_in", world.model, NULL, aligned(64), 64, NULL),
        ("the session's memory is null", "quell_session_create_in", world.model, NULL, NULL, 64, byref(PLACE)),
        ("the array of tokens is null", "quell_session_prefill", world.session, NULL, 1),
        ("the array of tokens is null", "quell_session_score", world.session, NULL, TOKENS, 1, byref(c.TokenScore())),
        ("the array of targets is null", "quell_session_score", world.session, TOKENS, NULL, 1, byref(c.TokenScore())),
        ("the array of scores is null", "quell_session_score", world.session, TOKENS, TOKENS, 1, NULL),
        ("the visitor is null", "quell_session_visit_logits", world.session, TOKENS, 1, NO_VISITOR, NULL),
        ("the text is null", "quell_model_encode", world.model, NULL, 1, TOKENS, 4, NULL),
        ("the array of tokens is null", "quell_model_encode", world.model, b"a", 1, NULL, 4, NULL),
        ("the scratch memory is null", "quell_model_encode_in", world.model, b"a", 1, NULL, 8, TOKENS, 4, NULL),
        ("the place for the size is null", "quell_model_encode_memory_size", world.model, b"a", 1, NULL),
        ("the array of tokens is null", "quell_model_decode", world.model, NULL, 1, NULL, 0, NULL),
        ("the place for the address is null", "quell_model_token_bytes", world.model, 0, NULL, byref(SIZE)),
        ("the place for the size is null", "quell_model_token_bytes", world.model, 0, byref(PLACE), NULL),
        ("the sampler is null", "quell_sampler_initialize", NULL, NULL),
        ("the sampler is null", "quell_session_sample", world.session, NULL, byref(NUMBER)),
        ("the place for the token is null", "quell_session_sample", world.session, byref(sampler), NULL),
        ("the place for the threshold is null", "quell_session_get_threshold", world.session, 0, NULL),
        ("the counts is null", "quell_session_counts", world.session, NULL),
        ("the cost is null", "quell_session_estimate_cost", world.session, NULL),
        ("the adaptation is null", "quell_session_adaptation", world.session, NULL),
        ("the memory for statistics is null", "quell_session_begin_calibration", world.session, NULL, 64),
        ("the buffer for the state is null", "quell_session_save_state", world.session, NULL, 1, NULL),
        ("the saved state is null", "quell_session_restore_state", world.session, NULL, 1),
        ("the room for units of work is null", "quell_cost_session_work", world.session, False, NULL, 1),
        ("the place for the price is null", "quell_cost_price", (c_uint64 * 1)(), byref(c.Price()), 1, NULL),
        ("the array of units is null", "quell_cost_price", NULL, byref(c.Price()), 1, byref(c.Price())),
        ("the array of prices is null", "quell_cost_price", (c_uint64 * 1)(), NULL, 1, byref(c.Price())),
        ("the buffer for the text is null", "quell_model_name", world.model, NULL, 1, NULL),
    ]:
        refused(c.INVALID_ARGUMENT, says, function, *arguments)


def test_paths_that_lead_to_no_model(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    for name, status, says in [
        ("empty", c.MALFORMED, "empty' is empty"),
        ("folder", c.FILE_UNREADABLE, "folder': it is not a regular file"),
        ("pipe", c.FILE_UNREADABLE, "pipe': it is not a regular file"),
        ("none", c.FILE_UNREADABLE, f"none': {os.strerror(errno.ENOENT)}"),
        ("loop", c.FILE_UNREADABLE, f"loop': {os.strerror(errno.ELOOP)}"),
        ("\x1b[2Jnone", c.FILE_UNREADABLE, "?[2Jnone': "),
    ]:
        refused(status, says, "quell_model_open_file", str(tmp_path / name).encode(), byref(PLACE))
    assert not PLACE.value


def test_sizes_that_no_machine_has(world):
    for size in (MOST, 2**63, 2**63 - 1):
        says = "would be larger than all memory"
        refused(c.INVALID_ARGUMENT, says, "quell_session_prefill", world.session, TOKENS, size)
        if size > 2**63 - 1:
            refused(c.INVALID_ARGUMENT, says, "quell_model_name", world.model, TOKENS, size, NULL)
            refused(c.INVALID_ARGUMENT, says, "quell_model_open_memory", world.bytes, size, byref(PLACE))
            refused(c.INVALID_ARGUMENT, says, "quell_session_restore_state", world.session, TOKENS, size)
        refused(c.OUT_OF_MEMORY, "no memory to read the model into", "quell_model_open_reader", c.Read(lambda *_: 0), NULL, size, byref(PLACE))


def test_places_in_memory_that_are_odd(world):
    for by in (1, 2, 3):
        refused(c.INVALID_ARGUMENT, "not a multiple of 4", "quell_model_open_memory", moved(world.bytes, by), world.size, byref(PLACE))
    room = aligned(1 << 16)
    refused(c.INVALID_ARGUMENT, "its address not a multiple of 64", "quell_model_open_in", world.bytes, world.size, NO_OPENER, moved(room, 32),
            1 << 15, byref(PLACE))
    refused(c.INVALID_ARGUMENT, "its address not a multiple of 64", "quell_session_create_in", world.model, NULL, moved(room, 4), 1 << 15,
            byref(PLACE))
    refused(c.INVALID_ARGUMENT, "its address not a multiple of 64", "quell_session_begin_calibration", world.session, moved(room, 16), 1 << 15)
    assert not PLACE.value


def test_memory_that_is_too_small(world):
    """By one byte, that is; the bytes needed are told."""
    needed = c_uint64()
    assert library.quell_model_memory_size(world.bytes, world.size, TOKENIZER, byref(needed), NULL) == c.OK
    refused(c.BUFFER_TOO_SMALL, f"bytes needed: {needed.value}", "quell_model_open_in", world.bytes, world.size, TOKENIZER, aligned(1 << 16),
            needed.value - 64, byref(PLACE))
    assert library.quell_session_memory_size(world.model, NULL, byref(needed), NULL) == c.OK
    refused(c.BUFFER_TOO_SMALL, f"bytes needed: {needed.value}", "quell_session_create_in", world.model, NULL, aligned(1 << 16), needed.value - 64,
            byref(PLACE))
    size = library.quell_model_calibration_size(world.model)
    refused(c.BUFFER_TOO_SMALL, f"bytes needed: {size}", "quell_session_begin_calibration", world.session, aligned(size), size - 1)
    size = library.quell_session_state_size(world.session)
    state = (c_char * size)(*b"\x5a" * size)
    refused(c.BUFFER_TOO_SMALL, f"bytes needed: {size}", "quell_session_save_state", world.session, state, size - 1, byref(needed))
    assert needed.value == size and state.raw == b"\x5a" * size
    assert library.quell_model_encode_memory_size(world.model, b"the then", 8, byref(needed), NULL) == c.OK
    # The first words of a text take less: what there is must be too small for any.
    refused(c.BUFFER_TOO_SMALL, f"needs {needed.value} bytes of scratch memory", "quell_model_encode_in", world.model, b"the then", 8, aligned(64), 8,
            TOKENS, 4, NULL)
    refused(c.BUFFER_TOO_SMALL, "tokens of the text: 4", "quell_model_encode", world.model, b"abcd", 4, TOKENS, 3, byref(needed))
    assert needed.value == 4
    refused(c.BUFFER_TOO_SMALL, "bytes of the text: 2", "quell_model_decode", world.model, (c_uint32 * 2)(97, 98), 2, TOKENS, 1, byref(needed))
    assert needed.value == 2
    refused(c.BUFFER_TOO_SMALL, "with the zero at the end: 24", "quell_model_name", world.model, TOKENS, 16, byref(needed))
    assert needed.value == 23
    assert not PLACE.value


def test_contexts_that_no_machine_has():
    """The model sets no limit, and has a cache that no attention uses."""
    for width, context, status, says in [
        (1, 0, c.INVALID_ARGUMENT, "sets no limit to the context"),
        (2**28, 2**32 - 1, c.OUT_OF_MEMORY, "more memory than can be addressed"),
        (2**32 - 1, 2**32 - 1, c.OUT_OF_MEMORY, "caches are too large; ask for a shorter context"),
    ]:
        caches = [tiny_model.WIDTH, tiny_model.WIDTH, tiny_model.HEADS, width, width, 1]
        data = tiny_model.write(tiny_model.make(), {"quell.caches": tiny_model._array(tiny_model.U32, caches)}, context=0)
        bytes_of_model, model = aligned(len(data)), c_void_p()
        ctypes.memmove(bytes_of_model, data, len(data))
        assert library.quell_model_open_memory(bytes_of_model, len(data), byref(model), NULL) == c.OK
        options = c.SessionOptions(struct_size=sizeof(c.SessionOptions), context_length=context)
        refused(status, says, "quell_session_memory_size", model, byref(options), byref(SIZE))
        library.quell_model_close(model)


def test_what_a_model_does_not_have(world):
    sites = library.quell_model_site_count(world.model)
    for site in (sites, 2**31, 2**32 - 1):
        for function in ("quell_model_site_name", "quell_model_site_kind"):
            refused(c.INVALID_ARGUMENT, f"there is no site {site}; sites: {sites}", function, world.model, site, NULL, 0, NULL)
        refused(c.INVALID_ARGUMENT, "there is no site", "quell_session_get_threshold", world.session, site, byref(FLOAT))
        refused(c.INVALID_ARGUMENT, "site", "quell_session_set_threshold", world.session, site, 0.0)
        assert library.quell_model_site_inputs(world.model, site) == 0 and library.quell_session_site_events(world.session, site) == 0
        assert not library.quell_model_site_is_head(world.model, site) and library.quell_model_site_threshold(world.model, site) == 0
    for number in (-1.0, -0.0, math.nan, math.inf):
        refused(c.INVALID_ARGUMENT, "threshold", "quell_session_set_threshold", world.session, 0, number)
    for token in (tiny_model.VOCABULARY, 2**31, 2**32 - 1):
        says = f"token {token} is out of range: the tokenizer has {tiny_model.VOCABULARY} tokens"
        refused(c.TOKEN_OUT_OF_RANGE, says, "quell_model_token_bytes", world.model, token, byref(PLACE), byref(SIZE))
        refused(c.TOKEN_OUT_OF_RANGE, says, "quell_model_decode", world.model, (c_uint32 * 1)(token), 1, NULL, 0, NULL)
        refused(c.TOKEN_OUT_OF_RANGE, f"token {token}", "quell_session_step", world.session, token)
        assert not library.quell_model_token_is_control(world.model, token)
    for function in ("encode", "encode_memory_size", "encode_in", "decode", "token_bytes"):
        refused(c.NO_TOKENIZER, "carries no tokenizer", f"quell_model_{function}", world.plain, *MODEL_CALLS[f"quell_model_{function}"])
    assert library.quell_model_end_token(world.plain) == c.NO_TOKEN and not library.quell_model_token_is_control(world.plain, 0)


def test_structures_of_another_size(world):
    class Later(ctypes.Structure):
        """The session's options of a version to come."""

        _fields_ = [*c.SessionOptions._fields_, ("more", c_uint32)]

    def memory_size(options) -> tuple:
        return "quell_session_memory_size", world.model, ctypes.cast(ctypes.pointer(options), POINTER(c.SessionOptions)), byref(SIZE)

    for size in (0, 7, 4097, 2**32 - 1):
        refused(c.INVALID_ARGUMENT, f"struct_size of {size}", *memory_size(c.SessionOptions(struct_size=size)))
    refused(c.UNSUPPORTED, "does not know", *memory_size(Later(struct_size=sizeof(Later), more=1)))
    function, *arguments = memory_size(Later(struct_size=sizeof(Later), context_length=5))
    assert getattr(library, function)(*arguments, NULL) == c.OK
    refused(c.UNSUPPORTED, "unknown instruction set", *memory_size(c.SessionOptions(struct_size=sizeof(c.SessionOptions), instruction_set=4)))
    refused(c.INVALID_ARGUMENT, "at most", *memory_size(c.SessionOptions(struct_size=sizeof(c.SessionOptions), threads=2**31)))
    longest = c.SessionOptions(struct_size=sizeof(c.SessionOptions), context_length=2**32 - 1)
    refused(c.INVALID_ARGUMENT, "longer than the model's", *memory_size(longest))
    # An answer fills in what the caller has room for and no more.
    counts = (c_uint64 * 10)(*[MOST] * 10)
    ctypes.cast(counts, POINTER(c_uint32))[0] = sizeof(c.Counts) + 8
    assert library.quell_session_counts(world.session, ctypes.cast(counts, POINTER(c.Counts)), NULL) == c.OK
    assert counts[1] == 1 and counts[sizeof(c.Counts) // 8] == 0 and counts[sizeof(c.Counts) // 8 + 1] == MOST
    # An error whose size is not that of an error is left alone.
    error = c.Error(struct_size=12, code=77)
    assert library.quell_session_step(NULL, 0, byref(error)) == c.INVALID_ARGUMENT and error.code == 77 and error.message == b""


def test_sampling_of_nothing(world):
    sampler, fresh = c.Sampler(), c_void_p()
    refused(c.INVALID_ARGUMENT, "not prepared", "quell_session_sample", world.session, byref(sampler), byref(NUMBER))
    wrong = {"temperature": (-1.0, math.nan, math.inf), "top_p": (-0.5, 1.5, math.nan)}
    for field, number in ((field, number) for field, numbers in wrong.items() for number in numbers):
        options = c.SamplerOptions(struct_size=sizeof(c.SamplerOptions), **{field: number})
        refused(c.INVALID_ARGUMENT, "", "quell_sampler_initialize", byref(sampler), byref(options))
    assert library.quell_sampler_initialize(byref(sampler), NULL, NULL) == c.OK
    assert library.quell_session_create(world.model, NULL, byref(fresh), NULL) == c.OK
    refused(c.INVALID_ARGUMENT, "step the session first", "quell_session_sample", fresh, byref(sampler), byref(NUMBER))
    library.quell_session_close(fresh)


def test_readers_that_do_not_read(world):
    def reader(answer: int) -> c.Read:
        return c.Read(lambda offset, bytes, size, user: answer)

    def read(status: int, says: str, answer: int, size: int) -> None:
        error = c.Error(struct_size=sizeof(c.Error))
        assert library.quell_model_open_reader(reader(answer), NULL, size, byref(PLACE), byref(error)) == status
        assert says in error.message.decode() and not PLACE.value

    read(c.MALFORMED, "the file to be read is empty", 0, 0)
    read(c.FILE_UNREADABLE, "answered 7 instead of 0", 7, 64)
    read(c.FILE_UNREADABLE, "answered -1 instead of 0", -1, 64)
    read(c.CANCELLED, "answered", c.CANCELLED, 64)
    read(c.MALFORMED, "not a GGUF file", 0, 64)


def test_calibration_out_of_turn(world):
    refused(c.INVALID_ARGUMENT, "no statistics", "quell_session_calibrate", world.session, 0.5, NULL)
    assert library.quell_session_begin_calibration(world.session, NULL, 0, NULL) == c.OK
    refused(c.INVALID_ARGUMENT, "no statistics", "quell_session_calibrate", world.session, 0.5, NULL)
    assert library.quell_session_step(world.session, 3, NULL) == c.OK
    for sparsity in (-0.1, 1.1, math.nan):
        refused(c.INVALID_ARGUMENT, "not between 0 and 1", "quell_session_calibrate", world.session, sparsity, NULL)
    assert library.quell_session_calibrate(world.session, 1.0, byref(DOUBLE), NULL) == c.OK and DOUBLE.value == 1
    library.quell_session_end_calibration(world.session)


def test_adaptation_of_nothing(world):
    options = c.Adaptation(struct_size=sizeof(c.Adaptation), target=0.5)
    refused(c.INVALID_ARGUMENT, "all thresholds are 0", "quell_session_adapt", world.session, byref(options))
    assert library.quell_session_set_threshold(world.session, 0, 0.1, NULL) == c.OK
    for fields in ({"target": 1.5}, {"target": math.nan}, {"rate": -1.0}, {"lowest": 2.0, "highest": 1.0}, {"factor": 100.0}, {"lowest": math.inf}):
        options = c.Adaptation(struct_size=sizeof(c.Adaptation), **{"target": 0.5, **fields})
        refused(c.INVALID_ARGUMENT, "", "quell_session_adapt", world.session, byref(options))
    told = c.Adaptation(struct_size=sizeof(c.Adaptation))
    assert library.quell_session_adaptation(world.session, byref(told), NULL) == c.OK and told.target == -1


def test_work_without_a_price(world):
    units, prices, total = (c_uint64 * 50)(), (c.Price * 50)(), c.Price()
    kinds = next(kind for kind in range(100) if library.quell_cost_kind_name(kind) is None)
    assert library.quell_cost_kind_name(0) == b"mac_f32" and kinds <= 50
    assert library.quell_cost_session_work(world.session, False, units, kinds, NULL) == c.OK
    refused(c.BUFFER_TOO_SMALL, f"kinds of work: {kinds}", "quell_cost_session_work", world.session, False, units, 1)
    assert library.quell_cost_session_work(world.session, False, units, kinds, NULL) == c.OK
    # By hand: two units of the first kind at 3 pJ and 5 ns, and one of the second at 7 pJ.
    by_hand, at = (c_uint64 * 3)(2, 1, 0), (c.Price * 3)(c.Price(3, 0, 5, 0), c.Price(7), c.Price(*[math.nan] * 4))
    assert library.quell_cost_price(by_hand, at, 3, byref(total), NULL) == c.OK
    assert (total.energy_compute, total.time_compute) == (13, 10)
    by_hand[2] = 1
    refused(c.UNSUPPORTED, "but no price for it", "quell_cost_price", by_hand, at, 3, byref(total))
    for number in (-1.0, math.inf):
        refused(c.INVALID_ARGUMENT, "not made of finite numbers", "quell_cost_price", by_hand, (c.Price * 3)(c.Price(number)), 3, byref(total))
    late = (c_uint64 * (kinds + 1))(*[0] * kinds, 1), (c.Price * (kinds + 1))(*[c.Price()] * kinds, c.Price(*[math.nan] * 4))
    refused(c.UNSUPPORTED, "of a newer library", "quell_cost_price", *late, kinds + 1, byref(total))
    uncounted = c_void_p()
    options = c.SessionOptions(struct_size=sizeof(c.SessionOptions), uncounted=1)
    assert library.quell_session_create(world.model, byref(options), byref(uncounted), NULL) == c.OK
    refused(c.INVALID_ARGUMENT, "made to count nothing", "quell_cost_session_work", uncounted, False, units, kinds)
    library.quell_session_close(uncounted)


def test_names_of_statuses():
    numbers = {name: number for name, number in vars(c).items() if isinstance(number, int) and number < 2**31}
    names = {name: number for name, number in numbers.items() if library.quell_status_name(number) == f"QUELL_{name}".encode()}
    assert names == {
        "OK": 0, "INVALID_ARGUMENT": 1, "TOKEN_OUT_OF_RANGE": 2, "BUFFER_TOO_SMALL": 3, "CONTEXT_FULL": 4, "NO_TOKENIZER": 5, "OUT_OF_MEMORY": 16,
        "FILE_UNREADABLE": 17, "CANCELLED": 18, "FILE_UNWRITABLE": 19, "MALFORMED": 32, "UNSUPPORTED": 33, "STATE_MISMATCH": 34}
    assert library.quell_status_name(-1) == library.quell_status_name(6) == b"unknown status"
    assert library.quell_version_number() == c.VERSION_MAJOR * 1_000_000 + c.VERSION_MINOR * 1000 + c.VERSION_PATCH
    library.quell_open_tokenizer(NULL)
