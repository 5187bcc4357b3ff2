"""A stream of what an async generator yields.

Floor 2, flow. ``rx.from_async`` does not exist and ``from_future`` hides what is raised below it; here the
line pauses the generator, and its ``finally`` has run before ``run`` returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.source import CHUNK, Source
from rxsync.typing import Item, Observer

T = TypeVar("T")


def from_async(factory: Callable[[], AsyncIterable[T]]) -> Observable[T]:
    """Emit what ``factory()`` yields, and pause it while the line below wants nothing.

        from_async(numbers)    -1--2-3-|

    Needs an event loop, so no marbles. The generator may ``await item.resolution()`` between its items.

    Args:
        factory: an async generator function; called once a subscription.

    Errors: whatever it raises; ``FlowError`` if its task is cancelled from outside.
    """
    name = getattr(factory, "__name__", type(factory).__name__)

    def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        return _Task(factory, name, observer, FlowScheduler.of(scheduler, f"from_async({name})")).connect()

    return Observable(subscribe)


class _Task(Source):
    _task: asyncio.Future[None]

    def __init__(
        self,
        factory: Callable[[], AsyncIterable[Item]],
        name: str,
        observer: Observer,
        scheduler: FlowScheduler,
    ) -> None:
        super().__init__(name, observer, scheduler)
        self._factory = factory

    def connect(self) -> abc.DisposableBase:
        self._task = self.flow.adopt(self._run(), source=True)
        self._task.add_done_callback(self.over)
        return Disposable(self.dispose)

    async def _run(self) -> None:
        items = aiter(self._factory())
        try:
            await self._emit_all(items)
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()

    async def _emit_all(self, items: AsyncIterator[Item]) -> None:
        budget = CHUNK
        async for item in items:
            if not self.gates.is_open:
                await self._opened()
                budget = CHUNK
            elif not budget:
                await asyncio.sleep(0)
                budget = CHUNK
            budget -= 1
            self.emit(item)
            if not self.live:  # whoever is below has seen enough
                return

    async def _opened(self) -> None:
        while not self.gates.is_open:
            opened = asyncio.Event()
            forget = self.gates.on_open(opened.set)
            try:
                await opened.wait()
            finally:
                forget()

    def dispose(self) -> None:
        # our own task is not cancelled: it ends by itself, and its generator's finally may await
        if self.stop() and not _is_current(self._task):
            self._task.cancel()


def _is_current(task: asyncio.Future[None]) -> bool:
    try:
        return asyncio.current_task() is task
    except RuntimeError:  # no loop runs in this thread
        return False
