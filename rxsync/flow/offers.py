"""Items whose givers wait until the line takes them.

Floor 2, flow. That is how backpressure reaches into code that knows nothing of gates: it awaits, or its thread
blocks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent import futures
from typing import Any, NoReturn, TypeVar

from rxsync.flow.source import CHUNK
from rxsync.resolution import is_waiting
from rxsync.typing import Item

TURNS = 10
"""Turns of the loop until a giver whose item nobody takes gives up by itself."""

T = TypeVar("T")

_resting: set[asyncio.Future[Any] | None] = set()


class Offers:
    """First come, first served; each giver has one item here at a time, so they hold no more than there are givers."""

    def __init__(self) -> None:
        self._waiting: deque[_Offer] = deque()
        self._budget = CHUNK

    def __len__(self) -> int:
        while self._waiting and self._waiting[0].done.cancelled():  # its giver takes it back
            self._waiting.popleft()
        return len(self._waiting)

    def __iter__(self) -> Iterator[Item]:
        return (offer.item for offer in self._waiting)

    async def give(self, item: Item, drain: Callable[[], None]) -> None:
        """Offer ``item`` and wait until it is taken; a giver that is cancelled meanwhile takes it back.

        Args:
            item: what to give.
            drain: takes what the line wants now.

        Raises:
            asyncio.CancelledError: nobody will take it any more, or the giver was cancelled.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Offer(item, done))
        drain()
        if done.done():
            await self._let_others_run()
        if not await rest(done):
            await nobody()

    def give_from_thread(self, item: Item, done: futures.Future[bool]) -> None:
        """Offer ``item`` for a thread that waits for ``done``: True if it is taken. Called on the loop."""
        self._waiting.append(_Offer(item, done))

    def take(self) -> Item:
        """Take the first item, of one or more, and let its giver go on."""
        offer = self._waiting.popleft()
        offer.done.set_result(True)
        return offer.item

    def refuse(self) -> None:
        """Take none of them, and let their givers know."""
        waiting, self._waiting = self._waiting, deque()
        for offer in waiting:
            if not offer.done.done():
                offer.done.set_result(False)

    async def _let_others_run(self) -> None:
        self._budget -= 1
        if not self._budget:
            self._budget = CHUNK
            await asyncio.sleep(0)


async def rest(until: Awaitable[T]) -> T:
    """Await something of the line's, and let it be known that this task does nothing else meanwhile.

    Raises:
        Exception: what ``until`` raises.
    """
    task = asyncio.current_task()
    _resting.add(task)
    try:
        return await until
    finally:
        _resting.discard(task)


def is_resting(task: asyncio.Future[Any]) -> bool:
    """Whether all that ``task`` does is to wait for the line to take or give something, or to resolve an item."""
    return task in _resting or is_waiting(task)


async def nobody() -> NoReturn:
    """Give up on an item that nobody will take.

    Whoever stops an engine cancels its workers, a turn of the loop or two later. They wait for that, lest they be
    cancelled twice, the second time while they clean up.

    Raises:
        asyncio.CancelledError: always.
    """
    for _ in range(TURNS):
        await asyncio.sleep(0)
    raise asyncio.CancelledError("the line takes no more items")


class _Offer:
    __slots__ = ("done", "item")

    def __init__(self, item: Item, done: asyncio.Future[bool] | futures.Future[bool]) -> None:
        self.item, self.done = item, done
