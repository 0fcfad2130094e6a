"""Texts that a model goes on with, token by token."""

import codecs
from typing import TYPE_CHECKING, Iterator, NamedTuple

if TYPE_CHECKING:
    from .sampling import Sampler
    from .session import Session


class Token(NamedTuple):
    """A token that a model chose."""

    id: int
    """Its id."""

    text: str
    """The text that is complete with it: empty while a character's bytes are still incomplete, so that texts can be joined."""


def continuation(session: "Session", sampler: "Sampler", limit: int) -> Iterator[Token]:
    """Chooses at most `limit` tokens after those that the session has taken; ends with the token that ends a text.

    What remains of a character at the end comes with the last token, as U+FFFD.
    """
    tokenizer = session.model.tokenizer
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for index in range(limit):
        chosen = session.sample(sampler)
        is_last = index == limit - 1 or chosen == tokenizer.end
        spoken = b"" if chosen == tokenizer.end else tokenizer.bytes(chosen)
        yield Token(chosen, decoder.decode(spoken, final=is_last))
        if is_last:
            return
        session.step(chosen)
