"""One row of the table: a fault, and what came of it.

Faults. To add one, write a function of a folder and a number of files, and name it in ``ROWS``, in ``__main__.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        files: how many files were asked for.
        told: what happened, in a few words.
        met: whether that is what should.
    """

    files: int
    told: str
    met: bool


@dataclass(frozen=True)
class Row:
    """A fault.

    Attributes:
        fault: what goes wrong.
        goal: what should come of it.
        work: given an empty folder, and how many files to ask for where that is not fixed: makes it go wrong.
    """

    fault: str
    goal: str
    work: Callable[[Path, int], Coroutine[None, None, Outcome]]


def line(fault: str, files: object, told: str, goal: str, verdict: str = "") -> str:
    """Lay out a line of the table."""
    return f"{fault:<44} {files!s:>7}  {told:<64} {goal:<36} {verdict}".rstrip()
