"""A stream that comes when it will, made safe.

Floor 2, flow. A hot stream cannot be paused: what comes while the line wants nothing waits here, in the open.
"""

from __future__ import annotations

from collections import deque
from typing import Literal, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable, SingleAssignmentDisposable

from rxsync.errors import FlowError
from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.source import QueuedSource
from rxsync.typing import Item, Observer

T = TypeVar("T")


def from_hot(
    observable: Observable[T], *, overflow: Literal["error", "buffer"] = "error", capacity: int = 1000
) -> Observable[T]:
    """Pass on what ``observable`` emits, as the line below wants it.

        source             -abc----------|
        stage below         ---k|              takes one item at a time, and 4 s for it
        its results        ----k---k---k-|

    Args:
        observable: a stream that ignores gates, such as a Subject or an event stream.
        overflow: when more than ``capacity`` items wait: "error" fails, "buffer" keeps them all.
        capacity: how many items may wait, in items.

    Errors: those of ``observable``, at once; ``FlowError`` on overflow.
    """

    def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        most = capacity if overflow == "error" else None
        return _Hot(most, observer, FlowScheduler.of(scheduler, "from_hot")).connect(observable)

    return Observable(subscribe)


class _Hot(QueuedSource):
    def __init__(self, most: int | None, observer: Observer, scheduler: FlowScheduler) -> None:
        super().__init__("from_hot", observer, scheduler)
        self._most, self._waiting = most, deque[Item]()
        self._upstream = SingleAssignmentDisposable()

    def connect(self, observable: Observable[Item]) -> abc.DisposableBase:
        self.flow.hot += 1
        self._upstream.disposable = observable.subscribe(
            self._on_next, self.fail, self.complete, scheduler=self.scheduler
        )
        return Disposable(self.dispose)

    def _on_next(self, item: Item) -> None:
        if self.flow.is_foreign_thread("a hot stream"):
            return
        self._waiting.append(item)
        self.drain()
        if self.live and self._most is not None and len(self._waiting) > self._most:
            self.fail(FlowError(f"more than {self._most} items of a hot stream wait for the line"))

    def take(self) -> Item:
        return self._waiting.popleft()

    def stop(self) -> bool:
        was = super().stop()
        if was:
            self.flow.hot -= 1
            self._waiting.clear()
            self._upstream.dispose()
        return was

    def dispose(self) -> None:
        self.stop()

    def held(self) -> int:
        return len(self._waiting)
