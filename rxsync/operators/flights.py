"""Single flight: what is being fetched is not fetched a second time.

Floor 3, operators.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from inspect import iscoroutinefunction
from typing import Literal, TypeVar
from weakref import ref

from reactivex import Observable
from reactivex import operators as ops
from reactivex.subject import AsyncSubject

from rxsync.declare import Body, first_digest
from rxsync.flow import flat_map_with_max_concurrent, from_iterable, then
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
        subject: tells its outcome; None until somebody has joined.
    """

    __slots__ = ("key", "subject")

    key: str | None
    subject: AsyncSubject[Outcome] | None

    def __init__(self, key: str | None) -> None:
        self.key, self.subject = key, None

    def joined(self) -> AsyncSubject[Outcome]:
        """Give what tells the outcome."""
        if self.subject is None:
            self.subject = AsyncSubject()
        return self.subject


class Flights:
    """Fetches in flight, and bodies that landed a short while ago, by digest.

    Bytes are not held here: before they are stored, a body is remembered only as long as a unit has it.
    """

    def __init__(self) -> None:
        self._flying: dict[str, Flight] = {}
        self._landed: dict[str, Callable[[], Body | None]] = {}
        self._awaiting = False  # fetches are awaited, so whoever joins one awaits, too

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
        self._awaiting = self._awaiting or iscoroutinefunction(take_off)
        if self._awaiting:
            return self._await(digests, booked, take_off, arrive)
        mine = booked or self.book(digests)
        if mine is not None:
            return self._fly(digests, mine, take_off(), arrive)

        def go_on(outcome: Outcome) -> Work[T]:
            if outcome != "given up":
                return arrive(outcome)
            again: Operator[None, T] = flat_map_with_max_concurrent(
                lambda _: self.board(digests, take_off, arrive), 1, prefetch=0
            )
            return from_iterable([None]).pipe(again)  # a tick later: we may be about to be cancelled, too

        return then(self._flying[key].joined(), go_on)

    def _remembered(self, key: str) -> Body | None:
        return self._landed[key]() if key in self._landed else None

    def _fly(
        self, digests: Mapping[str, str], flight: Flight, flown: Flown, arrive: Callable[[Body | None], Sequence[T]]
    ) -> Work[T]:
        if isinstance(flown, Observable):
            watched = flown.pipe(
                ops.do_action(partial(self._land, flight), partial(self._crash, flight)),
                ops.finally_action(partial(self.cancel, flight)),
            )
            return then(watched, arrive)
        if isinstance(flown, Body) or flown is None:
            self._land(flight, flown)
            return arrive(flown)
        self._awaiting = True
        return self._await(digests, flight, lambda: flown, arrive)

    async def _await(
        self,
        digests: Mapping[str, str],
        flight: Flight | None,
        take_off: Callable[[], Flown],
        arrive: Callable[[Body | None], Sequence[T]],
    ) -> Sequence[T]:
        """Fetch, which begins only when this is awaited: a task may be cancelled before."""
        key = digests[first_digest(digests)]
        while flight is None and (flight := self.book(digests)) is None:
            if (body := self._remembered(key)) is not None:
                return arrive(body)
            outcome = await _outcome(self._flying[key].joined())
            if outcome != "given up":
                return arrive(outcome)
        try:
            flown = take_off()
            body = flown if isinstance(flown, Body) or flown is None else await flown
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
        if self._is_over(flight):
            return
        if flight.subject is not None:
            flight.subject.on_next(outcome)
            flight.subject.on_completed()

    def _crash(self, flight: Flight, error: Exception) -> None:
        if not self._is_over(flight) and flight.subject is not None:
            flight.subject.on_error(error)

    def _is_over(self, flight: Flight) -> bool:
        """End a flight; whether it had ended, and perhaps another one is under way."""
        if flight.key is None or self._flying.get(flight.key) is not flight:
            return True
        del self._flying[flight.key]
        return False


async def _outcome(flight: AsyncSubject[Outcome]) -> Outcome:
    """Wait for the end of a flight."""
    end: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def tell(outcome: Outcome) -> None:
        if not end.done():  # who waits may have been cancelled just now
            end.set_result(outcome)

    def fail(error: Exception) -> None:
        if not end.done():
            end.set_exception(error)

    with flight.subscribe(tell, fail):
        return await end
