"""So many requests a second, over all hosts.

Floor 3, download. aiolimiter's leaky bucket lets as many through at once as it holds; here it holds little more than
one, so that ``20/s`` is one every 50 ms. It is imported when there is a rate.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

LATE = 0.04
"""Seconds by which a turn may come late without a loss: that much is made up for at once."""


class Rate:
    """Who may ask now.

    Args:
        a_second: requests; None for any number.

    Attributes:
        limited: whether there is anything to wait for: a cheap question, for every request.
    """

    limited: bool
    _a_second: float | None

    def __init__(self, a_second: float | None = None) -> None:
        self._waiting: dict[asyncio.Timeout, None] = {}
        self._limiter: AsyncLimiter | None = None
        self.limited, self._a_second = False, None
        self.turn(a_second)

    def turn(self, a_second: float | None) -> None:
        """Allow so many from now on; who waits does so anew."""
        if a_second == self._a_second:
            return
        self._a_second = a_second
        self.limited, self._limiter = a_second is not None, None
        if a_second is not None:
            from aiolimiter import AsyncLimiter

            most = 1 + LATE * a_second
            self._limiter = AsyncLimiter(most, most / a_second)
        for waiting in self._waiting:
            if not waiting.expired():
                waiting.reschedule(0.0)

    async def over(self) -> None:
        """Wait for a turn."""
        while (limiter := self._limiter) is not None:
            waiting = asyncio.timeout(None)
            try:
                async with waiting:
                    self._waiting[waiting] = None
                    await limiter.acquire()
            except TimeoutError:
                continue  # another rate
            finally:
                self._waiting.pop(waiting, None)
            return
