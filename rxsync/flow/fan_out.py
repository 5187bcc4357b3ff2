"""Several consumers of one stream.

Floor 2, flow. Stock ``share()`` honours only the gate of whoever subscribes first: the others are run over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable, SingleAssignmentDisposable

from rxsync.flow.gate import AllOpen, Gate, Level
from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.step import at_least_one
from rxsync.typing import Item, Observer, Operator

T = TypeVar("T")
R = TypeVar("R")


def fan_out(*branches: Operator[T, R]) -> Operator[T, R]:
    """Give every item to each branch, and merge what the branches emit.

        source               -a---b---|
        branch 1: upper      -A---B---|
        branch 2: lower      -a---b---|
        result               -(A,a)(B,b)|

    The slowest branch sets the pace: the source is asked only while every branch wants more. A branch that
    has seen enough (``take``) no longer counts.

    Errors: the first of the source or of any branch.

    Raises:
        ValueError: no branch is given.
    """
    at_least_one("the number of branches", len(branches))

    def operator(source: Observable[T]) -> Observable[R]:
        def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
            return _FanOut(observer).connect(source, branches, FlowScheduler.of(scheduler, "fan_out"))

        return Observable(subscribe)

    return operator


class _FanOut:
    """One subscription: those who listen to the source, and their gates, in the order in which they came."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._listeners: dict[object, Observer] = {}
        self._idle = Gate()  # closed while an item is given out: no other may overtake it to a branch
        self._gates: dict[object, Level] = {self: self._idle}
        self._branches = CompositeDisposable()
        self._upstream = SingleAssignmentDisposable()
        self._running = 0

    def connect(
        self, source: Observable[Item], branches: Sequence[Operator[Item, Item]], scheduler: FlowScheduler
    ) -> abc.DisposableBase:
        tap = Observable(self._listen)
        self._running = len(branches)
        for branch in branches:
            self._branches.add(
                branch(tap).subscribe(self._observer.on_next, self._fail, self._finish, scheduler=scheduler)
            )
        self._upstream.disposable = source.subscribe(
            self._on_next, self._on_error, self._on_completed, scheduler=scheduler.behind(self._demand())
        )
        return Disposable(self.dispose)

    def dispose(self) -> None:
        self._branches.dispose()
        self._upstream.dispose()

    def _demand(self) -> Level:
        return AllOpen(self._gates.values())  # a view: follows those who come and go

    def _listen(self, observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        key = object()
        self._listeners[key] = observer
        self._gates[key] = FlowScheduler.of(scheduler, "a branch of fan_out").gate

        def leave() -> None:
            self._listeners.pop(key, None)
            self._gates.pop(key, None)

        return Disposable(leave)

    # -- from above

    def _on_next(self, item: Item) -> None:
        self._idle.close()
        for listener in [*self._listeners.values()]:
            listener.on_next(item)
        self._idle.open()

    def _on_error(self, error: Exception) -> None:
        self._fail(error)

    def _on_completed(self) -> None:
        for listener in [*self._listeners.values()]:
            listener.on_completed()

    # -- from the branches

    def _fail(self, error: Exception) -> None:
        self.dispose()
        self._observer.on_error(error)

    def _finish(self) -> None:
        self._running -= 1
        if not self._running:
            self.dispose()
            self._observer.on_completed()
