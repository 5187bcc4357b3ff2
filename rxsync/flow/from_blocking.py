"""A stream of what a blocking iterator gives.

Floor 2, flow. The iterator has one thread for itself, from its first item to its clean-up: a cursor or a parser may
insist on that, and the loop's own threads stay free.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Generic, TypeVar

from reactivex import Observable

from rxsync.flow.from_async import from_async
from rxsync.threads import in_thread

T = TypeVar("T")

MOST = 64
"""Items drawn in one trip to the thread."""

PATIENCE = 0.01
"""Seconds after which a trip takes home what it has."""


def from_blocking(make_iterator: Callable[[], Iterable[T]]) -> Observable[T]:
    """Emit what an iterator gives that blocks its thread: a database cursor, a parser, another library's generator.

        the iterator                    -a-b-c|
        from_blocking(make_iterator)    -a-b-c|

    Needs an event loop, so no marbles. At most 64 items are drawn ahead, and none while those wait for the line. At
    the end, also when the run fails, is cancelled or has seen enough, the iterator is closed in its thread, and that is
    waited for. A thread that blocks cannot be interrupted: the run ends no sooner than the item it blocks for comes.

    Args:
        make_iterator: opens what there is to open and gives the iterator, or is a generator function; called once a
            subscription, in the thread.

    Errors: whatever it or the iterator raises, after the items that came before.
    """

    async def drawn() -> AsyncIterator[T]:
        with ThreadPoolExecutor(1, thread_name_prefix=f"rxsync-{drawn.__name__}") as thread:
            items = _all_of(make_iterator)
            trip = _Trip[T]()
            try:
                while not trip.ended:
                    await in_thread(thread, lambda: trip.draw(items))
                    for item in trip.items:
                        yield item
                if trip.error is not None:
                    raise trip.error
            finally:
                await in_thread(thread, items.close)

    drawn.__name__ = getattr(make_iterator, "__name__", type(make_iterator).__name__)
    return from_async(drawn)


class _Trip(Generic[T]):
    """What one trip to the thread brought home."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.ended = False
        self.error: BaseException | None = None

    def draw(self, items: Iterable[T]) -> None:
        self.items, began = [], perf_counter()
        try:
            for item in items:
                self.items.append(item)
                if len(self.items) == MOST or perf_counter() - began > PATIENCE:
                    return
        except BaseException as error:
            self.error = error
        self.ended = True


def _all_of(make_iterator: Callable[[], Iterable[T]]) -> Generator[T, None, None]:
    items = make_iterator()
    try:
        yield from items
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
