"""Give up on whoever drips: a byte now and then is no silence, and holds a place for ever.

Floor 3, download. Only the time counts in which somebody waited for the server; a line that is busy, and takes nothing,
makes no server slow.
"""

from __future__ import annotations

SECONDS = 30.0
"""So long, of waiting, must a server be slower before it is given up."""


class Tempo:
    """How fast one answer comes.

    Args:
        least: bytes a second that it must have.
        seconds: so long, of waiting, must it be slower.
    """

    __slots__ = ("_least", "_seconds", "_size", "_waited")

    def __init__(self, least: float, seconds: float = SECONDS) -> None:
        self._least, self._seconds = least, seconds
        self._size, self._waited = 0, 0.0

    def is_too_slow(self, size: int, waited: float) -> bool:
        """Count bytes, and how long they were waited for in seconds; answers whether it was too long for too few."""
        self._size += size
        self._waited += waited
        if self._waited < self._seconds:
            return False
        slow = self._size < self._least * self._waited
        self._size, self._waited = 0, 0.0
        return slow
