"""Run a line on asyncio, and leave nothing behind.

Floor 2, flow. Plain ``await observable`` loses what is raised below a future, and ``dispose()`` waits for
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.scheduler.eventloop import AsyncIOScheduler

from rxsync.flow.flow import Flow
from rxsync.flow.scheduler import FlowScheduler
from rxsync.resolution import current_line

T = TypeVar("T")


async def run(
    observable: Observable[T],
    on_next: Callable[[T], Any] | None = None,
    window: int = 10_000,
    *,
    watch: Callable[[Flow], None] | None = None,
) -> Flow:
    """Subscribe to ``observable`` and wait until it is over; return the run, with its gauges and counts.

    However it ends, done, failed or cancelled: what is under way is cancelled and waited for, also when
    cancelled a second time meanwhile, and whoever still awaits an item is told. No task is left.

    Args:
        observable: the line, sources included.
        on_next: called with each item that comes out.
        window: most items that all stages together hold before the sources pause.
        watch: given the run before anything moves, to read its gauges meanwhile.

    Raises:
        Exception: the first error of the line, or of ``on_next``.
        FlowError: an operator stands where it cannot work.
        DroppedError: the source or a stage awaits a unit that was dropped.
        asyncio.CancelledError: the caller was cancelled.
    """
    end = _End(window)
    if watch is not None:
        watch(end.flow)
    token = current_line.set(end.flow)
    try:
        await _until(end, observable, on_next)
    finally:
        current_line.reset(token)
    return end.flow


async def _until(end: _End, observable: Observable[T], on_next: Callable[[T], Any] | None) -> None:
    subscription: abc.DisposableBase | None = None
    error: BaseException | None = None
    try:
        subscription = _subscribe(end, observable, on_next)
        await end.wait()
    except BaseException as why:
        error = why
        raise
    finally:
        try:
            if subscription is not None:
                subscription.dispose()  # a finally_action may raise
        finally:
            end.flow.close(error)
            await end.flow.join()


def _subscribe(end: _End, observable: Observable[T], on_next: Callable[[T], Any] | None) -> abc.DisposableBase:
    flow = end.flow

    def sink(item: T) -> None:
        if flow.is_foreign_thread("the end of the line") or on_next is None:
            return
        try:
            on_next(item)
        except BaseException as error:
            end.fail(error)  # at once: no catch() or retry() in the line may swallow it
            raise  # stops whoever is emitting

    subscription = observable.subscribe(sink, end.fail, end.complete, scheduler=FlowScheduler(flow))
    flow.lay()
    return subscription


class _End:
    """Where a run ends; may be told from any thread."""

    def __init__(self, window: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.flow = Flow(AsyncIOScheduler(self._loop), window, self.fail, self._loop)
        self._reached: asyncio.Future[None] = self._loop.create_future()
        self._error: BaseException | None = None

    async def wait(self) -> None:
        await self._reached
        if self._error is not None:
            raise self._error

    def complete(self) -> None:
        self._settle_soon(None)

    def fail(self, error: BaseException) -> None:
        self._settle_soon(error)

    def _settle_soon(self, error: BaseException | None) -> None:
        self.flow.ending = True
        with suppress(RuntimeError):  # the loop is closed: a stray thread outlived its run
            self._loop.call_soon_threadsafe(self._settle, error)

    def _settle(self, error: BaseException | None) -> None:
        if not self._reached.done():
            self._error = error
            self._reached.set_result(None)  # set_exception would refuse a StopIteration
