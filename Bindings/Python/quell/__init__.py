"""Quell: a runtime for language models whose activations are mostly quiet.

    import quell

    with quell.Model("model.gguf") as model:
        for token in model.generate("Once upon a time", max_tokens=64):
            print(token.text, end="", flush=True)

A model never changes and may be shared by threads; a session belongs to one thread at a time. Models, sessions and tokenizers
raise ValueError when they are used after they were closed; a session keeps its model open.
"""

from ._library import library as _library
from .errors import (
    BufferTooSmallError,
    ContextFullError,
    FileUnreadableError,
    FileUnwritableError,
    InvalidArgumentError,
    MalformedError,
    NoTokenizerError,
    OutOfMemoryError,
    QuellError,
    StateMismatchError,
    TokenOutOfRangeError,
    UnsupportedError,
)
from .calibration import Calibration, calibrate
from .generation import Token
from .importing import import_onnx
from .model import Model, Site
from .sampling import Sampler
from .session import Cost, Counts, Session
from .tokenizer import Tokenizer
from .verification import Verification, verify

__version__: str = _library.quell_version().decode()

__all__ = [
    "BufferTooSmallError",
    "Calibration",
    "ContextFullError",
    "Cost",
    "Counts",
    "FileUnreadableError",
    "FileUnwritableError",
    "InvalidArgumentError",
    "MalformedError",
    "Model",
    "NoTokenizerError",
    "OutOfMemoryError",
    "QuellError",
    "Sampler",
    "Session",
    "Site",
    "StateMismatchError",
    "Token",
    "TokenOutOfRangeError",
    "Tokenizer",
    "UnsupportedError",
    "Verification",
    "calibrate",
    "import_onnx",
    "verify",
]
