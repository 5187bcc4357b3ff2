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
from rxsync.operators.lease import FileClaim
from rxsync.typing import Observer, Work

Get: TypeAlias = Callable[[DeclarativeArtifact, DeclarativeContent, FileClaim | None], Work[DeclarativeContent]]


def together(
    unit: DeclarativeContent,
    wanted: Sequence[DeclarativeArtifact],
    claims: dict[int, FileClaim],
    get: Get,
    cancel: Callable[[DeclarativeArtifact], None],
) -> Observable[DeclarativeContent]:
    """Give a unit once all its files are there.

    Args:
        unit: what they are of.
        wanted: those to be fetched.
        claims: of those that this unit fetches, by ``id``; others are on their way for somebody else.
        get: fetches one, and sets its body.
        cancel: told those of ``claims`` that ``get`` was not called with, at the end.

    Errors: the first of ``get``; the others are cancelled, and bytes that came are let go.
    """
    files = _Files(unit, list(wanted), claims, get, cancel)
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
        claims: dict[int, FileClaim],
        get: Get,
        cancel: Callable[[DeclarativeArtifact], None],
    ) -> None:
        self.unit: DeclarativeContent | None = unit
        self.wanted, self._claims, self._get, self._cancel = wanted, claims, get, cancel

    def get(self, artifact: DeclarativeArtifact) -> Work[DeclarativeContent]:
        return () if self.unit is None else self._get(artifact, self.unit, self._claims.pop(id(artifact), None))

    def let_go(self) -> None:
        for artifact in self.wanted:
            artifact.body = None

    def forget(self) -> None:
        for artifact in self.wanted:
            if self._claims.pop(id(artifact), None) is not None:
                self._cancel(artifact)
        self.unit = None
        self.wanted.clear()
