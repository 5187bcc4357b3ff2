"""Items whose givers wait until the line takes them.

Floor 2, flow. That is how backpressure reaches into code that knows nothing of gates: it awaits, or its thread
blocks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import NoReturn

from rxsync.flow.source import CHUNK
from rxsync.typing import Item

TURNS = 10
"""Turns of the loop until a giver whose item nobody takes gives up by itself."""


class Offers:
    """First come, first served; each giver has one item here at a time, so they hold no more than there are givers."""

    def __init__(self) -> None:
        self._waiting: deque[_Offer] = deque()
        self._budget = CHUNK

    def __len__(self) -> int:
        while self._waiting and self._waiting[0].done.cancelled():  # its giver has not run since to take it back
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
        offer = _Offer(item, done)
        self._waiting.append(offer)
        drain()
        try:
            if done.done():
                await self._let_others_run()
            if not await done:
                await nobody()
        except asyncio.CancelledError:
            if offer in self._waiting:
                self._waiting.remove(offer)
            raise

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
