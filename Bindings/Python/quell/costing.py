"""What a model costs on a neuromorphic processor, through libquell_import.so: modelled, not measured."""

import ctypes
import json
import os
import pathlib
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _import_interface, _interface
from .errors import from_error
from .importing import _library, _text

if TYPE_CHECKING:
    import pandas


class Costs(dict[str, Any]):
    """The document of `quell cost --json`, which docs/COST.md describes, as nested dictionaries."""

    def frame(self, level: str = "sites") -> "pandas.DataFrame":
        """One level of the document, "groups", "sites", "layers", "components" or "totals", as a table of pandas: a row for each name
        and case. Needs pandas."""
        import pandas

        if level not in ("groups", "sites", "layers", "components", "totals"):
            raise ValueError(f"there is no level {level!r}")
        names = {"total": self["totals"]} if level == "totals" else self[level]
        rows = []
        for name, cases in names.items():
            for case, figures in cases.items():
                flat = {key: figure for key, figure in figures.items() if not isinstance(figure, dict)}
                rows.append({"name": name, "case": case, **flat})
        return pandas.DataFrame(rows).set_index(["name", "case"])


def cost(
    model: Union[str, os.PathLike[str]],
    tokens: Iterable[int],
    *,
    device: Union[str, os.PathLike[str]] = "seneca",
    thresholds: Optional[npt.ArrayLike] = None,
    weights: Optional[str] = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    cores: Optional[int] = None,
    grouped: bool = True,
    pipelined: bool = False,
) -> Costs:
    """What a model costs for each of some tokens, with its thresholds, with natural zeros alone, and if nothing were skipped.

    model: the model's file. tokens: taken one by one, with nothing remembered before the first.
    device: a device by name, "seneca", "seneca-poster" or "dense-edge", or the file of a profile.
    thresholds: one for each site; without them the model's own. weights: what weights are priced as, "int8" for instance.
    include, exclude: parts of the model to price, too, and to leave out. cores: the most that may be used.
    grouped: whether sums are read and written once for each group of events. pipelined: whether cores work on different tokens.
    """
    ids = np.fromiter(tokens, np.int64)
    if len(ids) == 0 or ids.min() < 0 or ids.max() >= 2**32:
        raise ValueError("tokens are none, or not from 0 to 2**32 - 1")
    ids = ids.astype(np.uint32)
    if cores is not None and not 1 <= cores < 2**32:
        raise ValueError("cores is not from 1 to 2**32 - 1")
    limits = None
    if thresholds is not None:
        from .model import Model

        with Model(model) as opened:
            limits = np.ascontiguousarray(np.broadcast_to(np.asarray(thresholds, np.float32), (len(opened.sites),)))
    name = os.fspath(device)
    profile = pathlib.Path(name).read_bytes() if os.path.isfile(name) else str(name).encode()
    options = _import_interface.CostOptions(
        ctypes.sizeof(_import_interface.CostOptions),
        cores or 0,
        not grouped,
        pipelined,
        None if weights is None else _text(weights.encode()),
        _text(",".join(include).encode()),
        _text(",".join(exclude).encode()),
    )
    received: list[bytes] = []

    def receive(text: int, size: int, _: Optional[int]) -> None:
        received.append(ctypes.string_at(text, size))

    error = _interface.Error(struct_size=ctypes.sizeof(_interface.Error))
    status = _library().quell_import_cost(
        _text(os.fsencode(model)), _text(profile), ids.ctypes.data, len(ids), None if limits is None else limits.ctypes.data,
        ctypes.byref(options), _import_interface.Receiver(receive), None, ctypes.byref(error),
    )
    if status != 0:
        raise from_error(status, error.message.decode("utf-8", "replace"), error.byte_offset)
    return Costs(json.loads(received[0]))
