"""Single flight: what is being fetched is not fetched a second time.

Floor 3, operators.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from inspect import iscoroutinefunction
from typing import TypeVar

from reactivex import Observable
from reactivex import operators as ops
from reactivex.subject import AsyncSubject

from rxsync.declare import Body, first_digest
from rxsync.errors import FlowError
from rxsync.flow import then
from rxsync.typing import Work

Flown = Awaitable[Body | None] | Observable[Body | None] | Body | None
T = TypeVar("T")

REMEMBERED = 10_000
"""Bodies that are remembered, the oldest forgotten first: as many as a run's window, since a unit that was looked up
before the bytes were stored is no further away than that."""


class Flights:
    """Fetches in flight, and bodies that landed a short while ago, by digest."""

    def __init__(self) -> None:
        self._flying: dict[str, AsyncSubject[Body | None] | None] = {}  # a subject once somebody has joined
        self._landed: dict[str, Body] = {}

    def board(
        self, digests: Mapping[str, str], take_off: Callable[[], Flown], arrive: Callable[[Body | None], Sequence[T]]
    ) -> Work[T]:
        """Join the flight with one of these digests, or take off; go on with what ``arrive`` makes of the body.

        Args:
            digests: declared ones; without any, nobody can know that two files are the same.
            take_off: starts the fetch.
            arrive: answers with results.

        Errors: whoever joined a flight gets its error; whoever comes later takes off again.
        """
        if not digests:
            return then(take_off(), arrive)
        key = digests[first_digest(digests)]
        if key in self._landed:
            return arrive(self._landed[key])
        if key not in self._flying:
            self._flying[key] = None
            if iscoroutinefunction(take_off):  # begun only when it is awaited: a task may be cancelled before
                return self._await(key, take_off, arrive)
            return self._fly(key, take_off(), arrive)
        flight = self._flying[key]
        if flight is None:
            flight = self._flying[key] = AsyncSubject()
        return then(flight, arrive)

    def _fly(self, key: str, flown: Flown, arrive: Callable[[Body | None], Sequence[T]]) -> Work[T]:
        if isinstance(flown, Observable):
            watched = flown.pipe(
                ops.do_action(partial(self._land, key), partial(self._crash, key)),
                ops.finally_action(lambda: self._crash(key, FlowError("the fetch that was joined was cancelled"))),
            )
            return then(watched, arrive)
        if isinstance(flown, Body) or flown is None:
            self._land(key, flown)
            return arrive(flown)
        return self._await(key, lambda: flown, arrive)

    async def _await(
        self, key: str, take_off: Callable[[], Awaitable[Body | None]], arrive: Callable[[Body | None], Sequence[T]]
    ) -> Sequence[T]:
        try:
            body = await take_off()
        except Exception as error:
            self._crash(key, error)
            raise
        except BaseException:
            self._crash(key, FlowError("the fetch that was joined was cancelled"))
            raise
        self._land(key, body)
        return arrive(body)

    def _land(self, key: str, body: Body | None) -> None:
        flight = self._flying.pop(key, None)
        if body is not None:
            self._landed[key] = body
            if len(self._landed) > REMEMBERED:
                del self._landed[next(iter(self._landed))]
        if flight is not None:
            flight.on_next(body)
            flight.on_completed()

    def _crash(self, key: str, error: Exception) -> None:
        flight = self._flying.pop(key, None)
        if flight is not None:
            flight.on_error(error)
