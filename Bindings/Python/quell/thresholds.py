"""Threshold files, which `quell calibrate` writes: docs/THRESHOLDS.md describes them."""

import json
import math
import os
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import numpy.typing as npt

from .errors import MalformedError, UnsupportedError

if TYPE_CHECKING:
    from .model import Model

_FORMAT = "quell-thresholds"
_VERSION = 1
_MALFORMED = 32
_UNSUPPORTED = 33


def load_thresholds(path: Union[str, os.PathLike[str]], model: "Model") -> npt.NDArray[np.float32]:
    """The thresholds of a JSON file, in the order of the model's sites, to be assigned to `session.thresholds`.

    Raises MalformedError where the file was not made for this model, where a site is missing, unknown or twice there, and where a
    theta is no finite number of at least 0; UnsupportedError where it is of a version that this package does not know.
    """

    def malformed(why: str) -> MalformedError:
        return MalformedError(f"{os.fspath(path)!r} is no threshold file for this model: {why}", _MALFORMED)

    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file, object_pairs_hook=_members)
    except _RepeatedName as error:
        raise malformed(f"the name {error.args[0]!r} stands twice in an object") from None
    except json.JSONDecodeError as error:
        raise malformed(f"it is not JSON: {error.msg} (character {error.pos})") from None
    except (ValueError, RecursionError):
        raise malformed("it is not JSON: its bytes are no UTF-8, or it is nested too deep") from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise malformed(f"its format is not {_FORMAT!r}")
    if document.get("version") != _VERSION:
        message = f"{os.fspath(path)!r} is of version {document.get('version')}; this package reads version {_VERSION}"
        raise UnsupportedError(message, _UNSUPPORTED)
    if document.get("model_fingerprint") != model.fingerprint:
        raise malformed("it was made for another model; calibrate this one")
    entries = document.get("sites")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "name" in entry for entry in entries):
        raise malformed("'sites' is not a list of sites with names")
    thetas: dict[str, Any] = {}
    for entry in entries:
        if entry["name"] in thetas:
            raise malformed(f"site {entry['name']!r} stands twice")
        thetas[entry["name"]] = entry.get("theta")
    thresholds = []
    for site in model.sites:
        if site.name not in thetas:
            raise malformed(f"site {site.name!r} of the model is missing")
        theta = thetas.pop(site.name)
        if not _is_threshold(theta):
            raise malformed(f"the theta of site {site.name!r} is not a number of at least 0")
        thresholds.append(theta)
    if thetas:
        raise malformed(f"site {min(map(str, thetas))!r} is none of the model's")
    return np.array(thresholds, np.float32)


class _RepeatedName(Exception):
    """An object has two members of the same name."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its members, which have different names."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise _RepeatedName(name)
        members[name] = value
    return members


def _is_threshold(theta: Any) -> bool:
    """Whether something is a number that single precision has, and not below 0."""
    if isinstance(theta, bool) or not isinstance(theta, (int, float)):
        return False
    return 0 <= theta <= float(np.finfo(np.float32).max) and math.copysign(1, theta) > 0
