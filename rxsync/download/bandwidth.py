"""So many bytes a second, over everybody.

Floor 3, download. A token bucket: bytes are paid for when they are here, and who owes waits until the debt is paid.
Nobody reads meanwhile, so TCP holds the server back.
"""

from __future__ import annotations

import asyncio
from collections import deque

BURST = 0.05
"""Seconds whose bytes may come at once after a rest; also, how late a timer may be without a loss."""


class Bandwidth:
    """Who pays first goes on first.

    Args:
        limit: bytes a second; None for any number.

    Attributes:
        limited: whether there is anything to pay: a cheap question, for every piece.

    Raises:
        RuntimeError: there is no event loop.
    """

    limited: bool

    def __init__(self, limit: float | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit, self.limited = limit, limit is not None
        self._level, self._at = (limit or 0.0) * BURST, self._loop.time()
        self._owing: deque[tuple[float, asyncio.Future[None]]] = deque()  # bytes each waits for, behind those before it
        self._timer: asyncio.TimerHandle | None = None

    def turn(self, limit: float | None) -> None:
        """Allow so many bytes a second from now on; what is owed is owed at that pace."""
        self._fill()
        self._limit, self.limited = limit, limit is not None
        self._pay()

    async def pay(self, size: int) -> None:
        """Pay for so many bytes, once everybody who came before has."""
        self._fill()
        if not self._owing and self._level >= size:
            self._level -= size
            return
        paid = self._loop.create_future()
        self._owing.append((size, paid))
        self._pay()
        await paid

    def _fill(self) -> None:
        limit, now = self._limit or 0.0, self._loop.time()
        owed = self._owing[0][0] if self._owing else 0.0
        self._level, self._at = min(self._level + limit * (now - self._at), owed + limit * BURST), now

    def _pay(self) -> None:
        """Let go on who can pay; look again when the next one can."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._fill()
        while self._owing and (self._limit is None or self._owing[0][0] <= self._level + 1e-6):
            size, paid = self._owing.popleft()
            self._level = max(0.0, self._level - size)
            if not paid.done():  # else cancelled; its bytes came all the same
                paid.set_result(None)
        if self._owing and self._limit is not None:
            self._timer = self._loop.call_later((self._owing[0][0] - self._level) / self._limit, self._pay)
