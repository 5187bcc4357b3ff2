"""Demand as a level: an emitter may emit while the gate is open, and is called when it opens again.

Floor 2, flow. A gate is never a count: operators that drop, add or hold items between two stages lose no
credits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol


class Level(Protocol):
    """What an emitter sees of a gate."""

    @property
    def is_open(self) -> bool:
        """Whether to emit."""

    def on_open(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` once, when the gate opens; the answer takes the request back."""


class Gate:
    """A gate as whoever stands behind it sees it: it can be closed and opened."""

    __slots__ = ("_opening", "_waiting", "is_open")

    is_open: bool

    def __init__(self) -> None:
        self.is_open, self._opening = True, False
        self._waiting: dict[object, Callable[[], None]] = {}

    def close(self) -> None:
        """Ask emitters to pause."""
        self.is_open = False

    def open(self) -> None:
        """Let waiting emitters go on, first come first served, until one of them closes the gate again."""
        self.is_open = True
        if self._opening:
            return
        self._opening = True
        try:
            while self.is_open and self._waiting:
                self._waiting.pop(next(iter(self._waiting)))()
        finally:
            self._opening = False

    def on_open(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` once, when the gate opens; the answer takes the request back."""
        key = object()
        self._waiting[key] = callback
        return lambda: void(self._waiting.pop(key, None))


class AllOpen:
    """Several gates seen as one: open only while each of them is.

    Args:
        levels: the gates; may change while the stream runs, but must be one that can be iterated again and
            again.
    """

    __slots__ = ("_levels",)

    def __init__(self, levels: Iterable[Level]) -> None:
        self._levels = levels

    @property
    def is_open(self) -> bool:
        """Whether every gate is open."""
        return all(level.is_open for level in self._levels)

    def on_open(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` once, when every gate is open; the answer takes the request back."""
        closed = next(level for level in self._levels if not level.is_open)
        forget = closed.on_open(lambda: again())

        def again() -> None:
            nonlocal forget
            if self.is_open:
                callback()
            else:
                forget = self.on_open(callback)

        return lambda: forget()


def void(_: object) -> None:
    """Throw an answer away, where a callback must give none."""
