"""Texts cut into the windows over which a model is calibrated and evaluated."""

from typing import TYPE_CHECKING, Iterator, Union

if TYPE_CHECKING:
    from .model import Model

_USUAL_CONTEXT = 256


def usual_context(model: "Model") -> int:
    """Tokens in a window where nobody asks for another number."""
    return min(_USUAL_CONTEXT, model.context_length or _USUAL_CONTEXT)


def documents(model: "Model", text: Union[str, bytes]) -> tuple[list[list[int]], int]:
    """The tokens of each document, the separator first, and the bytes of all without what separates them."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    tokenizer = model.tokenizer
    separator = tokenizer.begin if tokenizer.end is None else tokenizer.end
    if separator is None:
        raise ValueError("the model's tokenizer has no token that ends a text: documents cannot be told apart")
    found: list[list[int]] = [[separator]]
    # What the tokenizer puts before every text is not part of this one.
    for token in tokenizer.encode(data)[len(tokenizer.encode(b"")) :]:
        if token == separator:
            found.append([])
        found[-1].append(token)
    return found, len(data) - (len(found) - 1) * len(tokenizer.bytes(separator))


def windows(document: list[int], length: int, stride: int) -> Iterator[tuple[list[int], int]]:
    """The windows of a document, with how many of their first predictions an earlier one makes."""
    start = predicted = 0
    while predicted < len(document) - 1:
        end = min(start + length, len(document) - 1)
        yield document[start : end + 1], predicted - start
        predicted = end
        start += stride
