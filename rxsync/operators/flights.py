"""Single flight: what is being fetched is not fetched a second time.

Floor 3, operators.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from reactivex import Observable
from reactivex import operators as ops
from reactivex.subject import AsyncSubject

from rxsync.declare import Body
from rxsync.models import DIGEST_SIZES

Flown = Awaitable[Body | None] | Observable[Body | None] | Body | None

REMEMBERED = 10_000
"""Fetches that are remembered, the oldest forgotten first: as many as a run's window, since a unit that was looked up
before the bytes were stored is no further away than that."""


class Flights:
    """Fetches in flight and those that landed a short while ago, by digest."""

    def __init__(self) -> None:
        self._flights: dict[str, Body | AsyncSubject[Body | None] | None] = {}

    def board(self, digests: Mapping[str, str], take_off: Callable[[], Flown]) -> Flown:
        """Join the flight with one of these digests, or take off.

        Args:
            digests: declared ones; without any, nobody can know that two files are the same.
            take_off: starts the fetch.

        Errors: whoever joined a flight gets its error; whoever comes later takes off again.
        """
        if not digests:
            return take_off()
        key = next(digests[algorithm] for algorithm in DIGEST_SIZES if algorithm in digests)
        if key not in self._flights:
            self._remember(key)
            return self._flown(key, take_off())
        flight = self._flights[key]
        if flight is None:  # nobody has joined so far: a subject is made only when it is needed
            flight = self._flights[key] = AsyncSubject()
        return flight

    def _remember(self, key: str) -> None:
        self._flights[key] = None
        if len(self._flights) > REMEMBERED:
            del self._flights[next(iter(self._flights))]

    def _flown(self, key: str, flown: Flown) -> Flown:
        if isinstance(flown, Observable):
            return flown.pipe(ops.do_action(partial(self._land, key), partial(self._crash, key)))
        if inspect.isawaitable(flown):
            return self._awaited(key, flown)
        self._land(key, flown)
        return flown

    async def _awaited(self, key: str, flown: Awaitable[Body | None]) -> Body | None:
        try:
            body = await flown
        except Exception as error:
            self._crash(key, error)
            raise
        self._land(key, body)
        return body

    def _land(self, key: str, body: Body | None) -> None:
        flight = self._flights.get(key)
        if key in self._flights:
            self._flights[key] = body
        if isinstance(flight, AsyncSubject):
            flight.on_next(body)
            flight.on_completed()

    def _crash(self, key: str, error: Exception) -> None:
        flight = self._flights.pop(key, None)
        if isinstance(flight, AsyncSubject):
            flight.on_error(error)
