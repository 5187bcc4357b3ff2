"""The outcome of one piece of work, for others of the same run that wait for it.

Floor 2, flow. Unlike a stock ``AsyncSubject`` it holds nothing once it is told, and the run knows that whoever waits
does not go on by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from rxsync.flow.gauge import Label, Station, Waits
from rxsync.flow.scheduler import FlowScheduler
from rxsync.typing import Observer

T = TypeVar("T")

_label = Label("joined work")


class Shared(Generic[T]):
    """Told once, to all who wait then."""

    def __init__(self) -> None:
        self._waiting: list[Observer] = []

    def stream(self) -> Observable[T]:
        """Emit the outcome when it is told, and end; whoever subscribes later waits in vain."""

        def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
            self._waiting.append(observer)
            forget = _stand_by(scheduler) if isinstance(scheduler, FlowScheduler) else None

            def leave() -> None:
                if observer in self._waiting:
                    self._waiting.remove(observer)
                if forget is not None:
                    forget()

            return Disposable(leave)

        return Observable(subscribe)

    def tell(self, outcome: T) -> None:
        """Say what came of it."""
        waiting, self._waiting = self._waiting, []
        for observer in waiting:
            observer.on_next(outcome)
            observer.on_completed()

    def fail(self, error: Exception) -> None:
        """Say why nothing came of it."""
        waiting, self._waiting = self._waiting, []
        for observer in waiting:
            observer.on_error(error)


class _Bystander(Station):
    """Stands for work that waits for other work."""

    def waits_for(self) -> Waits:
        return "room"


def _stand_by(scheduler: FlowScheduler) -> Callable[[], None]:
    station, flow = _Bystander(_label, scheduler.depth, scheduler.gate, scheduler.work), scheduler.flow
    flow.enlist(station)
    return lambda: flow.dismiss(station)
