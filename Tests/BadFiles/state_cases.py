"""Saved states made to be wrong, by name: each is refused with its own status, words and byte, and leaves the session as it was."""

import math
import struct

import small_model
from library import CONTEXT_FULL, OK, STATE_MISMATCH, UNSUPPORTED, Library, Session

NOWHERE = 2**64 - 1
HASH = 8


def sealed(state: bytes) -> bytes:
    """A state with the right hash (FNV-1a) at its end."""
    value = 0xCBF29CE484222325
    for byte in state[:-HASH]:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return state[:-HASH] + struct.pack("<Q", value)


def put(state: bytes, offset: int, piece: bytes) -> bytes:
    """A state with some bytes changed, and the right hash."""
    return sealed(state[:offset] + piece + state[offset + len(piece):])


def wrong_states(state: bytes, other: bytes) -> list[tuple[str, bytes, int, str, int]]:
    """Name, bytes, status, words and byte of states made of one that is right, and of another model's."""
    last = len(state) - HASH
    cases = [
        ("empty", b"", STATE_MISMATCH, "not a saved state", NOWHERE),
        ("one byte", state[:1], STATE_MISMATCH, "not a saved state", NOWHERE),
        ("header alone", state[:32], STATE_MISMATCH, "not a saved state", NOWHERE),
        ("header and hash", state[:40], STATE_MISMATCH, "truncated or has bytes too many", 24),
        ("cut by one", state[:-1], STATE_MISMATCH, "truncated or has bytes too many", 24),
        ("a byte too many", state + b"\0", STATE_MISMATCH, "truncated or has bytes too many", 24),
        ("two states joined", state + state, STATE_MISMATCH, "truncated or has bytes too many", 24),
        ("wrong magic", put(state, 0, b"QLSX"), STATE_MISMATCH, "QLST", NOWHERE),
        ("a model's magic", put(state, 0, b"GGUF"), STATE_MISMATCH, "QLST", NOWHERE),
        ("an older version", put(state, 4, struct.pack("<I", 0)), UNSUPPORTED, "another version", 4),
        ("a newer version", put(state, 4, struct.pack("<I", 2)), UNSUPPORTED, "another version", 4),
        ("the other byte order", put(state, 4, struct.pack(">I", 1)), UNSUPPORTED, "another version", 4),
        ("another fingerprint", put(state, 8, b"\0" * 8), STATE_MISMATCH, "another model", 8),
        ("another model's", other, STATE_MISMATCH, "another model", 8),
        ("a wrong hash", state[:-1] + bytes([state[-1] ^ 1]), STATE_MISMATCH, "damaged: its hash differs", last),
        ("a flipped bit", state[:40] + bytes([state[40] ^ 0x80]) + state[41:], STATE_MISMATCH, "damaged", last),
    ]
    for position in (5, 0x7FFFFFFF, 1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        cases.append((f"position {position}", put(state, 16, struct.pack("<Q", position)), CONTEXT_FULL, "more positions", 16))
    cases.append(("a position before", put(state, 16, struct.pack("<Q", 1)), STATE_MISMATCH, "truncated or has bytes too many", 24))
    for size in (0, 1 << 32, (1 << 64) - 4, (1 << 64) - 1):
        cases.append((f"a size of {size}", put(state, 24, struct.pack("<Q", size)), STATE_MISMATCH, "truncated or has bytes too many", 24))
    return cases


def taken(session: Session) -> list[float]:
    """The logits of a token, from the session's state on."""
    assert session.step(1) == OK
    return session.logits(12)


def check(library: Library) -> tuple[int, list[str]]:
    """How many states there are, and what is wrong with how they are restored."""
    wrong = []
    model = library.open(small_model.make().build())[3]
    recurrent = library.open(small_model.make(attends=False).build())[3]
    session, other = model.session(), recurrent.session()
    for each in (session, other):
        assert each.step(3) == OK and each.step(5) == OK
    state = session.save()
    expected = taken(session)
    assert session.restore(state)[0] == OK
    cases = wrong_states(state, other.save())
    for name, damaged, status, says, offset in cases:
        got = session.restore(damaged)
        if (got[0], got[2]) != (status, offset) or says not in got[1]:
            wrong.append(f"state '{name}': status {got[0]}, byte {got[2]}: {got[1]} (expected {status}, byte {offset}, '{says}')")
        if session.save() != state:
            wrong.append(f"state '{name}' was refused, but has changed the session")
            session.restore(state)
    if taken(session) != expected:
        wrong.append("after all refused states the session goes on differently")
    wrong += check_far_positions(library)
    for each in (session, other):
        each.close()
    for each in (model, recurrent):
        each.close()
    return len(cases), wrong


def check_far_positions(library: Library) -> list[str]:
    """A model without caches goes on from any position, and from numbers that are none."""
    wrong = []
    model = library.open(small_model.make(attends=False).build())[3]
    session = model.session(context=0)
    session.step(1)
    state = session.save()
    for position in (1 << 40, (1 << 63) - 4):
        far = put(state, 16, struct.pack("<Q", position))
        if session.restore(far)[0] != OK or [session.step(1) for _ in range(2)] != [OK] * 2:
            wrong.append(f"a recurrent model does not go on at position {position}")
    nothing = put(state, 32, struct.pack("<2f", math.nan, math.inf))
    if session.restore(nothing)[0] != OK or session.step(1) != OK:
        wrong.append("a state with numbers that are none stops a session")
    session.close()
    model.close()
    return wrong

