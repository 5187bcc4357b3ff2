"""What may change while a sync runs: how much at once, how often, how fast.

Floor 3, download.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Literal

from rxsync.errors import UsageError

MaxConcurrent = int | Literal["auto"]

MOST = 50
"""Downloads at once, unless somebody says otherwise, and for ``auto``."""


class Controls:
    """Three settings of a sync that may be set while it runs, and hold from that moment on.

    Raised, they let go on who waits, at once; lowered, what is under way ends as it would have. To be set in the
    thread of the event loop; ``loop.call_soon_threadsafe(setattr, controls, "rate", 20)`` does it from another one.

    Args:
        max_concurrent: see below.
        rate: see below.
        bwlimit: see below.

    Raises:
        UsageError: a value cannot be.
    """

    def __init__(
        self, max_concurrent: MaxConcurrent = MOST, rate: float | None = None, bwlimit: float | None = None
    ) -> None:
        self._listeners: list[Callable[[], None]] = []
        self.set(max_concurrent, rate, bwlimit)

    @property
    def max_concurrent(self) -> MaxConcurrent:
        """Most downloads at once, and 10 a host; ``auto``: as many as each host takes well, up to 50 in total.

        Raises, when set:
            UsageError: it is neither a whole number from 1 nor ``auto``.
        """
        return self._max_concurrent

    @max_concurrent.setter
    def max_concurrent(self, value: MaxConcurrent) -> None:
        self.set(value, self._rate, self._bwlimit)

    @property
    def rate(self) -> float | None:
        """Most requests a second, over all hosts; None for any number.

        Raises, when set:
            UsageError: it is not more than 0.
        """
        return self._rate

    @rate.setter
    def rate(self, value: float | None) -> None:
        self.set(self._max_concurrent, value, self._bwlimit)

    @property
    def bwlimit(self) -> float | None:
        """Most bytes a second, over all downloads; None for any number.

        Raises, when set:
            UsageError: it is not more than 0.
        """
        return self._bwlimit

    @bwlimit.setter
    def bwlimit(self, value: float | None) -> None:
        self.set(self._max_concurrent, self._rate, value)

    def set(self, max_concurrent: MaxConcurrent, rate: float | None, bwlimit: float | None) -> None:
        """Set all three, or none.

        Raises:
            UsageError: a value cannot be; nothing has changed.
        """
        _check_concurrent(max_concurrent)
        _check_pace("rate", rate, "a second")
        _check_pace("bwlimit", bwlimit, "bytes a second")
        self._max_concurrent, self._rate, self._bwlimit = max_concurrent, rate, bwlimit
        for listener in [*self._listeners]:
            listener()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` whenever something was set; the answer takes the request back."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __repr__(self) -> str:
        return f"Controls(max_concurrent={self.max_concurrent!r}, rate={self.rate!r}, bwlimit={self.bwlimit!r})"


def _check_concurrent(value: object) -> None:
    if value == "auto":
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"max_concurrent {value!r}: expected a whole number from 1, or auto")
    if value < 1:
        raise UsageError(f"max_concurrent {value}: expected at least 1, or auto")


def _check_pace(name: str, value: object, unit: str) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not (value > 0 and isfinite(value)):
        raise UsageError(f"{name} {value!r}: expected more than 0 {unit}, or None for no limit")
