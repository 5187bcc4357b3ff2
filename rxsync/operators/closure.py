"""Units that lead to further units: a discovery loop without a list to keep.

Floor 3, operators; a source, for use in ``declare``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable

from rxsync.declare import DeclarativeContent

Further = Callable[[DeclarativeContent], Awaitable[Iterable[DeclarativeContent]]]
"""Answers with the units that one leads to."""


async def closure(
    roots: AsyncIterable[DeclarativeContent], further: Further, *, max_concurrent: int = 10
) -> AsyncIterator[DeclarativeContent]:
    """Yield the roots and all that they lead to, each unit once, by identity.

        roots                a-----b|
        further(a) = [c, b]  --x             b is not yielded, and not followed, a second time
        yields               a-(c,b)

    A unit is yielded before it is followed, so ``further`` may await its resolution. Deep goes before wide, and roots
    are drawn only when nothing else waits: what waits to be followed stays short.

    Args:
        roots: where to begin.
        further: answers with the units that one leads to; dependencies, say.
        max_concurrent: most calls of ``further`` at once.

    Raises:
        Exception: the first of ``roots`` or ``further``; what is under way is cancelled and waited for.
    """
    items = aiter(roots)
    search = _Search(further, max_concurrent)
    root = search.start(_next(items))
    try:
        while search.tasks:
            done, _ = await asyncio.wait(search.tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                search.tasks.discard(task)
                for unit in search.fresh(task.result()):
                    yield unit
            search.follow()
            if root.done() and root.result() and not search.waiting:
                root = search.start(_next(items))
    finally:
        await search.stop()
        if (close := getattr(items, "aclose", None)) is not None:
            await close()


class _Search:
    def __init__(self, further: Further, max_concurrent: int) -> None:
        self._further, self._max_concurrent = further, max_concurrent
        self._seen: set[bytes] = set()
        self.waiting: list[DeclarativeContent] = []
        self.tasks: set[asyncio.Future[Iterable[DeclarativeContent]]] = set()

    def start(self, work: Awaitable[Iterable[DeclarativeContent]]) -> asyncio.Future[Iterable[DeclarativeContent]]:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        return task

    def follow(self) -> None:
        while self.waiting and len(self.tasks) <= self._max_concurrent:  # one of them draws roots
            self.start(self._further(self.waiting.pop()))

    def fresh(self, units: Iterable[DeclarativeContent]) -> Iterable[DeclarativeContent]:
        for unit in units:
            if unit.identity not in self._seen:
                self._seen.add(unit.identity)
                self.waiting.append(unit)
                yield unit

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def _next(items: AsyncIterator[DeclarativeContent]) -> list[DeclarativeContent]:
    try:
        return [await anext(items)]
    except StopAsyncIteration:
        return []
