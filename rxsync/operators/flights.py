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

        Errors: whoever joined a flight gets its error.
        """
        if not digests:
            return take_off()
        key = next(digests[algorithm] for algorithm in DIGEST_SIZES if algorithm in digests)
        if key not in self._flights:
            self._remember(key)
            return _onward(take_off(), partial(self._land, key))
        flight = self._flights[key]
        if flight is None:  # nobody has joined so far: a subject is made only when it is needed
            flight = self._flights[key] = AsyncSubject()
        return flight

    def _remember(self, key: str) -> None:
        self._flights[key] = None
        if len(self._flights) > REMEMBERED:
            del self._flights[next(iter(self._flights))]

    def _land(self, key: str, body: Body | None) -> Body | None:
        flight = self._flights.get(key)
        if key in self._flights:
            self._flights[key] = body
        if isinstance(flight, AsyncSubject):
            flight.on_next(body)
            flight.on_completed()
        return body


def _onward(flown: Flown, land: Callable[[Body | None], Body | None]) -> Flown:
    """Like ``then``, for an answer that is one value and no list of results."""
    if isinstance(flown, Observable):
        return flown.pipe(ops.map(land))
    if inspect.isawaitable(flown):
        return _landed(flown, land)
    return land(flown)


async def _landed(flown: Awaitable[Body | None], land: Callable[[Body | None], Body | None]) -> Body | None:
    return land(await flown)
