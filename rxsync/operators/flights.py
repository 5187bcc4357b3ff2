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


class Flights:
    """Fetches in flight, and bodies that landed a short while ago, by digest.

    Bytes are not held here: before they are stored, a body is remembered only as long as a unit has it.
    """

    def __init__(self) -> None:
        self._flying: dict[str, Shared[Outcome] | None] = {}  # shared once somebody has joined
        self._landed: dict[str, Callable[[], Body | None]] = {}

    def book(self, digests: Mapping[str, str]) -> bool:
        """Be the one who takes off, if nobody has; who comes later joins. Ends in ``board``, or in ``cancel``."""
        if not digests:
            return True
        key = digests[first_digest(digests)]
        if key in self._flying or self._remembered(key) is not None:
            return False
        self._flying[key] = None
        return True

    def cancel(self, digests: Mapping[str, str]) -> None:
        """Take back what was booked."""
        if digests:
            self._give_up(digests[first_digest(digests)])

    def board(
        self,
        digests: Mapping[str, str],
        take_off: Callable[[], Flown],
        arrive: Callable[[Body | None], Sequence[T]],
        *,
        booked: bool = False,
    ) -> Work[T]:
        """Join the flight with one of these digests, or take off; go on with what ``arrive`` makes of the body.

        Args:
            digests: declared ones; without any, nobody can know that two files are the same.
            take_off: starts the fetch.
            arrive: answers with results.
            booked: whether to take off in any case, as was booked.

        Errors: whoever joined a flight gets its error; whoever comes later takes off again, as do those who joined one
        that was cancelled.
        """
        if not digests:
            return then(take_off(), arrive)
        key = digests[first_digest(digests)]
        if not booked and (body := self._remembered(key)) is not None:
            return arrive(body)
        if booked or key not in self._flying:
            self._flying.setdefault(key, None)
            if iscoroutinefunction(take_off):  # begun only when it is awaited: a task may be cancelled before
                return self._await(key, take_off, arrive)
            return self._fly(key, take_off(), arrive)
        flight = self._flying[key]
        if flight is None:
            flight = self._flying[key] = Shared()

        def go_on(outcome: Outcome) -> Work[T]:
            if outcome != "given up":
                return arrive(outcome)
            again: Operator[None, T] = flat_map_with_max_concurrent(
                lambda _: self.board(digests, take_off, arrive), 1, prefetch=0
            )
            return from_iterable([None]).pipe(again)  # a tick later: we may be about to be cancelled, too

        return then(flight.stream(), go_on)

    def _remembered(self, key: str) -> Body | None:
        return self._landed[key]() if key in self._landed else None

    def _fly(self, key: str, flown: Flown, arrive: Callable[[Body | None], Sequence[T]]) -> Work[T]:
        if isinstance(flown, Observable):
            watched = flown.pipe(
                ops.do_action(partial(self._land, key), partial(self._crash, key)),
                ops.finally_action(partial(self._give_up, key)),
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
            self._give_up(key)
            raise
        self._land(key, body)
        return arrive(body)

    def _land(self, key: str, body: Body | None) -> None:
        if body is not None:
            self._landed.pop(key, None)
            self._landed[key] = (lambda: body) if body.kept else ref(body)
            body.when_kept = partial(self._keep, key)
            if len(self._landed) > REMEMBERED:
                del self._landed[next(iter(self._landed))]
        self._end(key, body)

    def _keep(self, key: str, body: Body) -> None:
        if key in self._landed:
            self._landed[key] = lambda: body

    def _give_up(self, key: str) -> None:
        self._end(key, "given up")

    def _end(self, key: str, outcome: Outcome) -> None:
        flight = self._flying.pop(key, None)
        if flight is not None:
            flight.tell(outcome)

    def _crash(self, key: str, error: Exception) -> None:
        flight = self._flying.pop(key, None)
        if flight is not None:
            flight.fail(error)
