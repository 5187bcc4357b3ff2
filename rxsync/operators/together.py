"""All files of one unit that are to be fetched, on their way together.

Floor 3, operators. What reactivex makes for a stream lives on in circles until they are collected. Bytes must not wait
for that: when it is over, nothing of the unit is held here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.flow import flat_map_with_max_concurrent, from_iterable
from rxsync.operators.flights import Flight
from rxsync.operators.lease import FileClaim
from rxsync.typing import Observer, Work

Booked: TypeAlias = tuple[Flight, FileClaim]
Get: TypeAlias = Callable[
    [DeclarativeArtifact, DeclarativeContent, Flight | None, FileClaim | None], Work[DeclarativeContent]
]


def together(
    unit: DeclarativeContent,
    wanted: Sequence[DeclarativeArtifact],
    booked: dict[int, Booked],
    get: Get,
    cancel: Callable[[Flight], None],
) -> Observable[DeclarativeContent]:
    """Give a unit once all its files are there.

    Args:
        unit: what they are of.
        wanted: those to be fetched.
        booked: what those have that this unit fetches, by ``id``; others are on their way for somebody else.
        get: fetches one, and sets its body.
        cancel: told the flights at the end: where one file failed, others may have been called off before they began.

    Errors: the first of ``get``; the others are cancelled, and bytes that came are let go.
    """
    files = _Files(unit, list(wanted), booked, get, cancel)
    # an iterator, and a method: they hold nothing when they are through
    stream = from_iterable(iter(files.wanted)).pipe(flat_map_with_max_concurrent(files.get, len(wanted)))

    def subscribe(observer: Observer, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:
        def fail(error: Exception) -> None:
            files.let_go()
            observer.on_error(error)

        def complete() -> None:
            observer.on_next(files.unit)
            observer.on_completed()

        subscription = stream.subscribe(lambda _: None, fail, complete, scheduler=scheduler)
        return CompositeDisposable(subscription, Disposable(files.forget))

    return Observable(subscribe)


class _Files:
    def __init__(
        self,
        unit: DeclarativeContent,
        wanted: list[DeclarativeArtifact],
        booked: dict[int, Booked],
        get: Get,
        cancel: Callable[[Flight], None],
    ) -> None:
        self.unit: DeclarativeContent | None = unit
        self.wanted, self._booked, self._get, self._cancel = wanted, booked, get, cancel
        self._flights = [flight for flight, _ in booked.values()]

    def get(self, artifact: DeclarativeArtifact) -> Work[DeclarativeContent]:
        if self.unit is None:
            return ()
        return self._get(artifact, self.unit, *self._booked.pop(id(artifact), (None, None)))

    def let_go(self) -> None:
        for artifact in self.wanted:
            artifact.body = None

    def forget(self) -> None:
        for flight in self._flights:
            self._cancel(flight)
        self._flights.clear()
        self._booked.clear()
        self.unit = None
        self.wanted.clear()
