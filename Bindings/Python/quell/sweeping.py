"""How the loss of a model rises with its sparsity, one point of the curve at a time, by the command `quell`."""

import json
import os
import pathlib
import shutil
import subprocess
from typing import Any, Optional, Union

from .errors import QuellError

_METHODS = ("uniform", "allocate", "compensate", "sequential")


def sweep_point(
    model: Union[str, os.PathLike[str]],
    method: str,
    target: float,
    *,
    calibration: Union[str, os.PathLike[str]],
    evaluation: Union[str, os.PathLike[str]],
    tokens: int = 32768,
    evaluation_tokens: Optional[int] = None,
    weights: str = "source",
    threads: int = 1,
) -> dict[str, Any]:
    """Makes a model sparse by a method and evaluates it, as `quell sweep` does for each of its points.

    A plain function of paths, names and numbers with a plain dictionary as its result, so that whatever maps functions over a cluster
    makes a sweep of it; every call calibrates anew, in a process of its own. The command is the one that QUELL_COMMAND names, else that
    of the sources that this package lies in, else the first on the PATH.

    model: the model's file. method: "uniform", "allocate", "compensate" or "sequential".
    target: the sparsity to aim at; of "sequential" the factor that a site may multiply the loss by, such as 1.0005.
    calibration, evaluation: files of text. tokens, evaluation_tokens: how many of their tokens are taken at most.
    weights: how weights are stored when they are evaluated: "source", "f32", "f16", "bf16", "int8" or "int4".

    Returns the point: `method`, `target`, `sparsity`, `loss`, `loss_increase`, `loss_increase_standard_error`, `calibration_seconds` and,
    by site, `site_sparsity`; with `dense_loss`, and `subject`, which tells what was measured. Raises QuellError with what the command says.
    """
    if method not in _METHODS:
        raise ValueError(f"method is one of {', '.join(_METHODS)}, not {method!r}")
    aim = "--loss-increase" if method == "sequential" else "--sparsity"
    options = ["--methods", method, aim, repr(float(target)), "--tokens", str(tokens), "--weights", weights, "--threads", str(threads)]
    if evaluation_tokens is not None:
        options += ["--evaluation-tokens", str(evaluation_tokens)]
    files = ["-m", os.fspath(model), "-f", os.fspath(calibration), "--evaluation", os.fspath(evaluation)]
    done = subprocess.run([_command(), "sweep", *files, *options, "--json"], capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise QuellError(done.stderr.strip().removeprefix("quell: ") or f"the command ended with status {done.returncode}")
    document = json.loads(done.stdout)
    (point,) = document["points"]
    point["site_sparsity"] = {site["name"]: share for site, share in zip(document["sites"], point["site_sparsity"])}
    return {**point, "dense_loss": document["dense"]["loss"], "subject": document["subject"]}


def _command() -> str:
    """The path of the command."""
    built = pathlib.Path(__file__).resolve().parents[3] / "build" / "bin" / "quell"
    found = os.environ.get("QUELL_COMMAND") or (str(built) if built.is_file() else shutil.which("quell"))
    if not found:
        raise FileNotFoundError("the command `quell` is neither built nor on the PATH; set QUELL_COMMAND to its path")
    return found
