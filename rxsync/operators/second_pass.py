"""Units whose bytes did not come, and may come later: each is worked on once more before it is given up.

Floor 3, operators.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from rxsync.declare import DeclarativeContent
from rxsync.errors import DownloadError
from rxsync.typing import OnError


class SecondPass:
    """Says which units have one, and what becomes of those whose bytes did not come then either.

    Args:
        on_error: called with a unit and why its bytes cannot be had; None: that fails the run.
    """

    def __init__(self, on_error: OnError | None) -> None:
        self._on_error = on_error
        self._first: WeakKeyDictionary[DeclarativeContent, DownloadError] = WeakKeyDictionary()

    def again(self, unit: DeclarativeContent, error: Exception) -> bool:
        """Whether trying again may help: not where the file is not there, or the host is not who it should be."""
        if not (isinstance(error, DownloadError) and error.transient):
            return False
        self._first[unit] = error.with_traceback(None)  # which holds the unit
        return True

    def give_up(self, unit: DeclarativeContent, error: Exception) -> Iterable[Any] | None:
        """Leave a unit out; the error counts the attempts of both passes.

        Raises:
            Exception: the error, where it is the run's.
        """
        first = self._first.pop(unit, None)
        if first is not None and isinstance(error, DownloadError) and error.earlier is None:  # units may share it
            error.earlier = first
            error.attempts += first.attempts
        if self._on_error is None:
            raise error
        return self._on_error(unit, error)
