"""What stands around a stage while its laws are tested: a world that answers late, and a source that is played by hand.

Floor 6, testing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxsync.declare import DeclarativeContent
from rxsync.flow import FlowScheduler


class World:
    """What a stage under test calls where its work would go out to a server, a database, a disk.

        async def fetch(request):
            await world()
            return body(b"…")

    Attributes:
        calls: how many there were.
        active: calls that wait for their answer.
        peak: most of them there ever were at once.
    """

    calls: int
    active: int
    peak: int

    def __init__(self) -> None:
        self.calls = self.active = self.peak = 0
        self._error: Exception | None = None
        self._free, self._called = asyncio.Event(), asyncio.Event()
        self._free.set()

    async def __call__(self, *_: object) -> None:
        """Answer: every call after some turns of the loop, some sooner than those before; unless it is held.

        Raises:
            Exception: what the suite lets go wrong, at one call.
        """
        self.calls += 1
        self.active += 1
        self.peak = max(self.peak, self.active)
        self._called.set()
        try:
            await self._free.wait()
            await turns(self.calls * 5 % 7)
            error, self._error = self._error, None
            if error is not None:
                raise error
        finally:
            self.active -= 1

    def hold(self) -> None:
        """Answer no call until ``let_go``."""
        self._free.clear()

    def let_go(self, error: Exception | None = None) -> None:
        """Answer all calls; fail one of them, if an error is given."""
        self._error = error
        self._free.set()

    async def until_called(self) -> None:
        """Wait for the first call."""
        await self._called.wait()


class Played:
    """A source that says what it is told to, when it is told to.

    Attributes:
        stream: it.
        subscribed: how often it was subscribed.
        left: whether somebody has left it, or it has ended.
    """

    subscribed: int
    left: bool

    def __init__(self) -> None:
        self.stream: Observable[DeclarativeContent] = Observable(self._subscribe)
        self.subscribed, self.left = 0, False
        self._came = asyncio.Event()
        self._observer: abc.ObserverBase[DeclarativeContent]
        self._flow: FlowScheduler

    async def until_subscribed(self) -> None:
        """Wait for somebody to listen."""
        await self._came.wait()

    def push(self, units: Iterable[DeclarativeContent]) -> None:
        """Say these, one after another, whether they are wanted or not."""
        for unit in units:
            unit.enter(self._flow.flow)
            self._observer.on_next(unit)

    def fail(self, error: Exception) -> None:
        """End with an error."""
        self._observer.on_error(error)

    def complete(self) -> None:
        """End."""
        self._observer.on_completed()

    def _subscribe(
        self, observer: abc.ObserverBase[DeclarativeContent], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        self._observer, self._flow = observer, FlowScheduler.of(scheduler, "the source of the suite")
        self.subscribed += 1
        self._came.set()
        return Disposable(self._leave)

    def _leave(self) -> None:
        self.left = True


async def turns(count: int) -> None:
    """Let everybody else go first, so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until_any(task: asyncio.Task[Any], *others: Awaitable[Any]) -> None:
    """Wait until one is done, however; ``task`` goes on, the others are cancelled."""
    futures = [asyncio.ensure_future(other) for other in others]
    try:
        await asyncio.wait([task, *futures], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
