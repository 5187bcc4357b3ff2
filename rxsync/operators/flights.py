"""Single flight: what is being fetched is not fetched a second time.

Floor 3, operators.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from reactivex import Observable, timer
from reactivex import operators as ops
from reactivex.subject import AsyncSubject

from rxsync.declare import Body, first_digest
from rxsync.errors import FlowError
from rxsync.flow import from_iterable, then
from rxsync.typing import Work

Flown = Awaitable[Body | None] | Observable[Body | None] | Body | None
T = TypeVar("T")

REMEMBERED = 10_000
"""Bodies that are remembered, the oldest forgotten first: as many as a run's window, since a unit that was looked up
before the bytes were stored is no further away than that."""


class _CalledOffError(FlowError):
    """The fetch that was joined was cancelled, which says nothing of the bytes."""


class Flights:
    """Fetches in flight, and bodies that landed a short while ago, by digest."""

    def __init__(self) -> None:
        self._flying: dict[str, AsyncSubject[Body | None] | None] = {}  # a subject once somebody has joined
        self._landed: dict[str, Body] = {}
        self._awaiting = False  # fetches are awaited, so whoever joins one awaits, too

    def board(
        self, digests: Mapping[str, str], take_off: Callable[[], Flown], arrive: Callable[[Body | None], Sequence[T]]
    ) -> Work[T]:
        """Join the flight with one of these digests, or take off; go on with what ``arrive`` makes of the body.

        Args:
            digests: declared ones; without any, nobody can know that two files are the same.
            take_off: starts the fetch.
            arrive: answers with results.

        Errors: whoever joined a flight gets its error; whoever comes later takes off again. A flight that is called
        off, since another file of its unit failed, is no failure: who joined it takes off instead.
        """
        if not digests:
            return then(take_off(), arrive)
        key = digests[first_digest(digests)]
        if key in self._landed:
            return arrive(self._landed[key])
        self._awaiting = self._awaiting or iscoroutinefunction(take_off)
        if self._awaiting:
            return self._await(key, take_off, arrive)
        if key in self._flying:
            return self._join(key, arrive, partial(self.board, digests, take_off, arrive))
        self._flying[key] = None
        return self._fly(key, take_off(), arrive)

    # -- streams

    def _fly(self, key: str, flown: Flown, arrive: Callable[[Body | None], Sequence[T]]) -> Work[T]:
        if isinstance(flown, Observable):
            watched = flown.pipe(
                ops.do_action(partial(self._land, key), partial(self._crash, key)),
                ops.finally_action(
                    lambda: self._crash(key, _CalledOffError("the fetch that was joined was cancelled"))
                ),
            )
            return then(watched, arrive)
        if isinstance(flown, Body) or flown is None:
            self._land(key, flown)
            return arrive(flown)
        self._awaiting = True
        del self._flying[key]
        return self._await(key, lambda: flown, arrive)

    def _join(
        self, key: str, arrive: Callable[[Body | None], Sequence[T]], board: Callable[[], Work[T]]
    ) -> Observable[T]:
        def instead(error: Exception, _: Observable[T]) -> Observable[T]:
            if not isinstance(error, _CalledOffError):
                raise error
            # a tick later: perhaps everybody is about to be cancelled
            return timer(0).pipe(ops.flat_map(lambda _: _as_stream(board())))

        return then(self._flight(key), arrive).pipe(ops.catch(instead))

    # -- awaitables; the fetch begins only when it is awaited: a task may be cancelled before

    async def _await(
        self, key: str, take_off: Callable[[], Flown], arrive: Callable[[Body | None], Sequence[T]]
    ) -> Sequence[T]:
        while key in self._flying:
            body, error = await _end(self._flight(key))
            if error is None:
                return arrive(body)
            if not isinstance(error, _CalledOffError):
                raise error
        if key in self._landed:
            return arrive(self._landed[key])
        self._flying[key] = None
        try:
            flown = take_off()
            body = flown if isinstance(flown, Body) or flown is None else await flown
        except Exception as error:
            self._crash(key, error)
            raise
        except BaseException:
            self._crash(key, _CalledOffError("the fetch that was joined was cancelled"))
            raise
        self._land(key, body)
        return arrive(body)

    # -- the book

    def _flight(self, key: str) -> AsyncSubject[Body | None]:
        flight = self._flying[key]
        if flight is None:
            flight = self._flying[key] = AsyncSubject()
        return flight

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


async def _end(flight: AsyncSubject[Body | None]) -> tuple[Body | None, Exception | None]:
    """Wait for the end of a flight, whatever it is."""
    end: asyncio.Future[tuple[Body | None, Exception | None]] = asyncio.get_running_loop().create_future()

    def tell(body: Body | None, error: Exception | None = None) -> None:
        if not end.done():  # who waits may have been cancelled just now
            end.set_result((body, error))

    with flight.subscribe(tell, partial(tell, None)):
        return await end


def _as_stream(work: Any) -> Observable[Any]:
    """Give what work answers with as a stream; flights of one line are all of one kind, and this is no awaitable."""
    return work if isinstance(work, Observable) else from_iterable(work or ())
