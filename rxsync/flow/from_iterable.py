"""A stream of what an iterable yields.

Floor 2, flow. Works on virtual time, too.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.source import CHUNK, Source
from rxsync.typing import Observer

T = TypeVar("T")


def from_iterable(iterable: Iterable[T]) -> Observable[T]:
    """Emit what ``iterable`` yields, drawn only while the line below wants more.

        from_iterable("ab")    (a,b,|)

    Errors: whatever the iterable raises.
    """

    def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        return _Pull(iterable, observer, FlowScheduler.of(scheduler, "from_iterable")).connect()

    return Observable(subscribe)


class _Pull(Source):
    def __init__(self, iterable: Iterable[object], observer: Observer, scheduler: FlowScheduler) -> None:
        super().__init__("from_iterable", observer, scheduler)
        self._iterator = iter(iterable)
        self._forget: Callable[[], None] | None = None

    def connect(self) -> abc.DisposableBase:
        self._next_chunk()
        return Disposable(self.dispose)

    def _next_chunk(self) -> None:
        handle = self.scheduler.schedule(lambda *_: self._pump())
        self._forget = handle.dispose

    def _pump(self) -> None:
        try:
            for _ in range(CHUNK):
                if not self.live:
                    return
                if not self.gates.is_open:
                    self._forget = self.gates.on_open(self._pump)
                    return
                self.emit(next(self._iterator))
            self._next_chunk()
        except StopIteration:
            self.complete()
        except BaseException as error:
            self.fail(error)

    def dispose(self) -> None:
        if self._forget is not None:
            self._forget()
        if self.stop() and isinstance(self._iterator, Generator):
            self._iterator.close()
