"""Give up on whoever drips: a byte now and then is no silence, and holds a place for ever.

Floor 3, download. Only the time counts in which somebody waited for the server; a line that is busy, and takes nothing,
makes no server slow.
"""

from __future__ import annotations

from typing import NamedTuple


class Slowest(NamedTuple):
    """How slow a server may be.

    Attributes:
        rate: bytes a second.
        seconds: so long, of waiting, must it be slower before it is given up.
    """

    rate: float = 1024.0
    seconds: float = 30.0

    def __str__(self) -> str:
        return f"{self.rate / 1024:g} KiB/s for {self.seconds:g} s"


class Tempo:
    """How fast one answer comes.

    Args:
        slowest: how slow it may.
    """

    __slots__ = ("_size", "_slowest", "_waited")

    def __init__(self, slowest: Slowest) -> None:
        self._slowest = slowest
        self._size, self._waited = 0, 0.0

    def is_too_slow(self, size: int, waited: float) -> bool:
        """Count bytes, and how long they were waited for in seconds; answers whether it was too long for too few."""
        self._size += size
        self._waited += waited
        if self._waited < self._slowest.seconds:
            return False
        slow = self._size < self._slowest.rate * self._waited
        self._size, self._waited = 0, 0.0
        return slow
