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
    """Chooses at most `limit` tokens after those that the session has taken.

    Ends before the token that ends a text, and where the context is full. What was held back of a character that never became
    whole comes with the last token, as U+FFFD.
    """
    tokenizer = session.model.tokenizer
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    chosen = session.sample(sampler) if limit > 0 else tokenizer.end
    for count in range(1, limit + 1):
        if chosen == tokenizer.end:
            return
        text = "" if tokenizer.is_control(chosen) else decoder.decode(tokenizer.bytes(chosen))
        token = Token(chosen, text)
        is_last = count == limit or session.position == session.capacity
        if not is_last:
            session.step(chosen)
            chosen = session.sample(sampler)
            is_last = chosen == tokenizer.end
        yield token._replace(text=token.text + decoder.decode(b"", final=True)) if is_last else token
        if is_last:
            return
