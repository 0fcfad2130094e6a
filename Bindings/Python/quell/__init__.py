"""Quell: a runtime for language models whose activations are mostly quiet.

    import quell

    with quell.Model("model.gguf") as model:
        for token in model.generate("Once upon a time", max_tokens=64):
            print(token.text, end="", flush=True)

A model never changes and may be shared by threads; a session belongs to one thread at a time. Models, sessions and tokenizers
raise ValueError when they are used after they were closed; a session keeps its model open.
"""

from ._library import library as _library
from .costing import Costs, cost
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
from .evaluation import Divergence, Evaluation, Sparsity, evaluate
from .generation import Token
from .importing import import_onnx
from .model import Model, Site
from .sampling import Sampler
from .session import Adaptation, Cost, Counts, Scores, Session
from .sweeping import sweep_point
from .thresholds import load_thresholds
from .tokenizer import Tokenizer
from .verification import Verification, verify

__version__: str = _library.quell_version().decode()

build_information: str = _library.quell_build_information().decode()
"""What the library was built of: version, commit, machine, instructions and compilers, for people."""

__all__ = [
    "Adaptation",
    "BufferTooSmallError",
    "Calibration",
    "ContextFullError",
    "Cost",
    "Costs",
    "Counts",
    "Divergence",
    "Evaluation",
    "FileUnreadableError",
    "FileUnwritableError",
    "InvalidArgumentError",
    "MalformedError",
    "Model",
    "NoTokenizerError",
    "OutOfMemoryError",
    "QuellError",
    "Sampler",
    "Scores",
    "Session",
    "Site",
    "Sparsity",
    "StateMismatchError",
    "Token",
    "TokenOutOfRangeError",
    "Tokenizer",
    "UnsupportedError",
    "Verification",
    "build_information",
    "calibrate",
    "cost",
    "evaluate",
    "import_onnx",
    "load_thresholds",
    "sweep_point",
    "verify",
]
