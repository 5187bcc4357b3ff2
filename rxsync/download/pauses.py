"""A host that asks to be left alone for a while is; others go on.

Floor 3, download.
Follows: RFC 9110, 10.2.3, ``Retry-After``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from rxsync.download.dates import read_date

LONGEST = 600.0
"""Who asks for more seconds than this is not waited for."""

_Clock = Callable[[], float]


class Pauses:
    """Until when hosts want to be left alone.

    Args:
        clock: seconds, monotonic; None: the loop's.

    Raises:
        RuntimeError: there is no event loop.
    """

    def __init__(self, clock: _Clock | None = None) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self._until: dict[str, float] = {}

    def begin(self, host: str, seconds: float) -> None:
        """Leave a host alone from now on; of two pauses the one that ends later counts."""
        self._until[host] = max(self._until.get(host, 0.0), self._clock() + seconds)

    def left(self, host: str) -> float:
        """How many seconds a host is to be left alone yet; 0 for none."""
        until = self._until.get(host)
        if until is None:
            return 0.0
        left = until - self._clock()
        if left <= 0:
            del self._until[host]
        return max(0.0, left)

    async def over(self, host: str) -> None:
        """Wait until a host may be asked."""
        while left := self.left(host):  # noqa: ASYNC110 - until then nothing can happen
            await asyncio.sleep(left)

    def __bool__(self) -> bool:
        """Whether any host may be one to be left alone: a cheap question, for every request."""
        return bool(self._until)


def read_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Read the header: seconds from now; None where it says nothing that can be understood.

    >>> read_retry_after("120")
    120.0
    >>> read_retry_after("Wed, 21 Oct 2026 07:28:00 GMT", datetime(2026, 10, 21, 7, 27, 30, tzinfo=UTC))
    30.0

    Args:
        value: of the header, as it came; None if there was none.
        now: the time, with a zone; None: that of the clock.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    then = read_date(text)
    return None if then is None else max(0.0, (then - (now or datetime.now(UTC))).total_seconds())
