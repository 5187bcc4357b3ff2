"""A stream of what somebody else's engine calls back with.

Floor 2, flow. Its workers, tasks of the loop or threads of their own, wait in the callback while the line wants
nothing: that is backpressure into a pool that knows nothing of gates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent import futures
from contextlib import suppress
from functools import partial
from threading import Lock, get_ident
from typing import Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxsync.errors import FlowError
from rxsync.flow.offers import Offers, nobody
from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.source import QueuedSource
from rxsync.typing import Item, Observer

T = TypeVar("T")


def from_callback(start: Callable[[Emit[T]], Awaitable[object]]) -> Observable[T]:
    """Emit what ``start`` is called back with; whoever calls waits while the line below wants nothing.

        start calls back with    -a-b-c|
        from_callback(start)     -a-b-c|

    Needs an event loop, so no marbles. Each waiting caller has one item, so what waits is no more than the engine has
    workers. What is offered when ``start`` returns still goes down, then the stream completes. When it ends otherwise,
    ``start`` and every task that waits in ``emit`` are cancelled, and a thread that waits gets a ``FlowError``. Then
    ``start`` is waited for, and so are threads that it waits for with ``rxsync.threads.in_thread``.

    A callback that can neither await nor block cannot be held up: put a ``Subject`` through ``from_hot`` instead.

    Args:
        start: runs the engine until it is done; given the callback. Called once a subscription.

    Errors: what ``start`` raises, and what it reports by ``emit.error``; ``FlowError`` if its task is cancelled from
    outside.
    """
    name = getattr(start, "__name__", type(start).__name__)

    def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        return _Callback(name, observer, FlowScheduler.of(scheduler, f"from_callback({name})")).connect(start)

    return Observable(subscribe)


class Emit(Generic[T]):
    """The callback of ``from_callback``: ``await emit(item)`` on the loop, ``emit.blocking(item)`` in a thread."""

    def __init__(self, source: _Callback) -> None:
        self._source = source

    async def __call__(self, item: T) -> None:
        """Send ``item`` down; waits while the line wants nothing.

        Raises:
            asyncio.CancelledError: the stream is over.
            FlowError: ``start`` has returned, or this is a thread of its own, where ``emit.blocking`` is to be called.
        """
        await self._source.give(item)

    def blocking(self, item: T) -> None:
        """Send ``item`` down, from a thread that is not the loop's; blocks while the line wants nothing.

        Raises:
            FlowError: the stream is over, or this is the loop's thread, where it would wait for itself.
        """
        self._source.give_from_thread(item)

    def error(self, error: Exception) -> None:
        """Fail the stream, from whatever thread. Of a stream that is over nobody is told."""
        self._source.report(error)


class _Callback(QueuedSource):
    _task: asyncio.Future[None]
    _loop: asyncio.AbstractEventLoop

    def __init__(self, name: str, observer: Observer, scheduler: FlowScheduler) -> None:
        super().__init__(name, observer, scheduler)
        self._offers = Offers()
        self._lock = Lock()  # around what threads look at, too
        self._blocked: set[futures.Future[bool]] = set()

    def connect(self, start: Callable[[Emit[Item]], Awaitable[object]]) -> abc.DisposableBase:
        self._task = self.flow.adopt(self._run(start), source=True)
        self._loop = self._task.get_loop()
        self._task.add_done_callback(self.over)
        return Disposable(self.dispose)

    async def _run(self, start: Callable[[Emit[Item]], Awaitable[object]]) -> None:
        await start(Emit(self))

    # -- what Emit does

    async def give(self, item: Item) -> None:
        if get_ident() != self.flow.thread:
            error = FlowError(f"{self._name}: emit was awaited in a thread of its own: expected emit.blocking there")
            self.flow.fail(error)
            raise error
        if not self.live:
            if self._task.done():
                raise self._late()
            await nobody()
        await self._offers.give(item, self.drain)
        if not self.live:
            await asyncio.sleep(0)  # our own cancellation is due: here, not in whatever the caller awaits to clean up

    def give_from_thread(self, item: Item) -> None:
        if get_ident() == self.flow.thread:
            raise FlowError(f"{self._name}: emit.blocking would stop the loop it waits for: expected await emit there")
        done: futures.Future[bool] = futures.Future()
        with self._lock:
            if not self.live:
                raise self._late()
            self._blocked.add(done)
            self._loop.call_soon_threadsafe(self._offer, item, done)
        taken = done.result()
        with self._lock:
            self._blocked.discard(done)
        if not taken:
            raise self._late()

    def report(self, error: Exception) -> None:
        if get_ident() == self.flow.thread:
            self._fail_alive(error)
        else:
            with suppress(RuntimeError):  # the loop is closed: its run is long over
                self._loop.call_soon_threadsafe(partial(self._fail_alive, error))

    def _fail_alive(self, error: Exception) -> None:
        if self.live:
            self.fail(error)

    def _offer(self, item: Item, done: futures.Future[bool]) -> None:
        self._offers.give_from_thread(item, done)
        self.drain()

    def _late(self) -> FlowError:
        return FlowError(f"{self._name}: nobody takes its items any more: it has returned, or the line is over")

    @property
    def _name(self) -> str:
        return f"source {self.label.name}"

    # -- as a source

    def take(self) -> Item:
        return self._offers.take()

    def held(self) -> int:
        return len(self._offers)

    def stop(self) -> bool:
        with self._lock:
            was = super().stop()
            blocked = [*self._blocked] if was else []
        if was:
            self._task.cancel()  # nothing, if that is why we stop
            self._offers.refuse()
            for done in blocked:  # offers that are still on their way from their threads, too
                if not done.done():
                    done.set_result(False)
        return was

    def dispose(self) -> None:
        self.stop()
