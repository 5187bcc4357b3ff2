"""Single flight: what is being fetched is not fetched a second time.

Floor 3, operators.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from inspect import iscoroutinefunction
from typing import Literal, TypeVar
from weakref import ref

from reactivex import Observable
from reactivex import operators as ops

from rxsync.declare import Body, first_digest
from rxsync.flow import flat_map_with_max_concurrent, from_iterable, then
from rxsync.flow.shared import Shared
from rxsync.typing import Operator, Work

Flown = Awaitable[Body | None] | Observable[Body | None] | Body | None
T = TypeVar("T")

REMEMBERED = 10_000
"""Bodies that are remembered, the oldest forgotten first: as many as a run's window, since a unit that was looked up
before the bytes were stored is no further away than that."""

Outcome = Body | None | Literal["given up"]
"""What a flight comes to: given up, where who had taken off wants it no more, and others may."""


class Flight:
    """A fetch that is under way, or about to be.

    Attributes:
        key: a digest of what it fetches; None where nobody can join it.
        outcome: what it comes to, for those who have joined.
    """

    __slots__ = ("key", "outcome")

    key: str | None
    outcome: Shared[Outcome]

    def __init__(self, key: str | None) -> None:
        self.key, self.outcome = key, Shared()


class Flights:
    """Fetches in flight, and bodies that landed a short while ago, by digest.

    Bytes are not held here: before they are stored, a body is remembered only as long as a unit has it.
    """

    def __init__(self) -> None:
        self._flying: dict[str, Flight] = {}
        self._landed: dict[str, Callable[[], Body | None]] = {}

    def book(self, digests: Mapping[str, str]) -> Flight | None:
        """Be the one who takes off; None: somebody has, and who comes later joins.

        Ends in ``board``, or in ``cancel``: also where ``board`` was called, and what it gave was never begun.
        """
        if not digests:
            return Flight(None)
        key = digests[first_digest(digests)]
        if key in self._flying or self._remembered(key) is not None:
            return None
        self._flying[key] = flight = Flight(key)
        return flight

    def cancel(self, flight: Flight) -> None:
        """Take back what was booked; harmless once it is over."""
        self._end(flight, "given up")

    def board(
        self,
        digests: Mapping[str, str],
        take_off: Callable[[], Flown],
        arrive: Callable[[Body | None], Sequence[T]],
        *,
        booked: Flight | None = None,
    ) -> Work[T]:
        """Join the flight with one of these digests, or take off; go on with what ``arrive`` makes of the body.

        Args:
            digests: declared ones; without any, nobody can know that two files are the same.
            take_off: starts the fetch.
            arrive: answers with results.
            booked: the flight to take off with, if one was booked.

        Errors: whoever joined a flight gets its error; whoever comes later takes off again, as do those who joined one
        that was cancelled.
        """
        if not digests:
            return then(take_off(), arrive)
        key = digests[first_digest(digests)]
        if booked is None and (body := self._remembered(key)) is not None:
            return arrive(body)
        mine = booked or self.book(digests)
        if mine is not None:
            if iscoroutinefunction(take_off):  # begun only when it is awaited: a task may be cancelled before
                return self._await(mine, take_off, arrive)
            return self._fly(mine, take_off(), arrive)

        def go_on(outcome: Outcome) -> Work[T]:
            if outcome != "given up":
                return arrive(outcome)
            again: Operator[None, T] = flat_map_with_max_concurrent(
                lambda _: self.board(digests, take_off, arrive), 1, prefetch=0
            )
            return from_iterable([None]).pipe(again)  # a tick later: we may be about to be cancelled, too

        return then(self._flying[key].outcome.stream(), go_on)

    def _remembered(self, key: str) -> Body | None:
        return self._landed[key]() if key in self._landed else None

    def _fly(self, flight: Flight, flown: Flown, arrive: Callable[[Body | None], Sequence[T]]) -> Work[T]:
        if isinstance(flown, Observable):
            watched = flown.pipe(
                ops.do_action(partial(self._land, flight), partial(self._crash, flight)),
                ops.finally_action(partial(self.cancel, flight)),
            )
            return then(watched, arrive)
        if isinstance(flown, Body) or flown is None:
            self._land(flight, flown)
            return arrive(flown)
        return self._await(flight, lambda: flown, arrive)

    async def _await(
        self,
        flight: Flight,
        take_off: Callable[[], Awaitable[Body | None]],
        arrive: Callable[[Body | None], Sequence[T]],
    ) -> Sequence[T]:
        try:
            body = await take_off()
        except Exception as error:
            self._crash(flight, error)
            raise
        except BaseException:
            self.cancel(flight)
            raise
        self._land(flight, body)
        return arrive(body)

    def _land(self, flight: Flight, body: Body | None) -> None:
        key = flight.key
        if body is not None and key is not None:
            self._landed.pop(key, None)
            self._landed[key] = (lambda: body) if body.kept else ref(body)
            body.when_kept = partial(self._keep, key)
            if len(self._landed) > REMEMBERED:
                del self._landed[next(iter(self._landed))]
        self._end(flight, body)

    def _keep(self, key: str, body: Body) -> None:
        if key in self._landed:
            self._landed[key] = lambda: body

    def _end(self, flight: Flight, outcome: Outcome) -> None:
        if self._ends(flight):
            flight.outcome.tell(outcome)

    def _crash(self, flight: Flight, error: Exception) -> None:
        if self._ends(flight):
            flight.outcome.fail(error)

    def _ends(self, flight: Flight) -> bool:
        """Take a flight out of the book; False: it was over, and perhaps another one is under way."""
        if flight.key is None or self._flying.get(flight.key) is not flight:
            return False
        del self._flying[flight.key]
        return True
