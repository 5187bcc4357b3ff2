"""A stream of what an iterable yields.

Floor 2, flow. Works on virtual time, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import GeneratorType
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
                    self._close()  # it was running if it brought about the end itself
                    return
                if not self.gates.is_open:
                    self._forget = self.gates.on_open(self._pump)
                    return
                try:
                    item = next(self._iterator)
                except StopIteration:  # of the iterable: one raised below is an error
                    self.complete()
                    return
                self.emit(item)
            self._next_chunk()
        except BaseException as error:
            self.fail(error)

    def stop(self) -> bool:
        was = super().stop()
        if was:
            if self._forget is not None:
                self._forget()
            self._close()
        return was

    def _close(self) -> None:
        """Let a generator clean up now, not when it is collected; what it raises then fails the run."""
        iterator = self._iterator
        if isinstance(iterator, GeneratorType) and not iterator.gi_running:
            try:
                iterator.close()
            except BaseException as error:
                self.flow.fail(error)

    def dispose(self) -> None:
        self.stop()
