"""Tells how far something is."""

import contextlib
import sys
from typing import Callable, Iterator, Union

Progress = Union[bool, Callable[[int, int], object]]
"""False for silence; True for a bar, of tqdm where that is installed; or a function that is told how much is done, and of how much."""


@contextlib.contextmanager
def reporting(progress: Progress, what: str) -> Iterator[Callable[[int, int], object]]:
    """Gives a function to be told how much is done, and of how much; 0 of 0 where that is not known yet."""
    if callable(progress):
        yield progress
    elif not progress:
        yield lambda done, total: None
    else:
        with _bar(what) as tell:
            yield tell


@contextlib.contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], object]]:
    try:
        # A bar for notebooks in notebooks, and for terminals elsewhere.
        from tqdm.auto import tqdm
    except ImportError:
        yield from _line(what)
        return
    with tqdm(desc=what, disable=None if not _in_notebook() else False, unit_scale=True) as bar:

        def tell(done: int, total: int) -> None:
            if total:
                bar.total = total
                bar.update(done - bar.n)

        yield tell


def _line(what: str) -> Iterator[Callable[[int, int], object]]:
    """One line on a terminal that is written anew whenever a percent is done; nothing where standard error goes elsewhere."""
    shown = -1

    def tell(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // total if total else 0
        if percent > shown and sys.stderr.isatty():
            shown = percent
            print(f"\r{what}: {percent} %", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if shown >= 0:
            print(file=sys.stderr)


def _in_notebook() -> bool:
    """Whether output goes to a notebook, whose standard error is no terminal and shows bars all the same."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    return shell is not None and hasattr(shell, "kernel")
