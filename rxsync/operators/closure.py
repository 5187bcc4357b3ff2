"""Units that lead to further units: a discovery loop without a list to keep.

Floor 3, operators; a source, for use in ``declare``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import aclosing
from typing import TypeAlias

from rxsync.declare import DeclarativeContent

Units: TypeAlias = (
    AsyncIterable[DeclarativeContent] | Awaitable[Iterable[DeclarativeContent]] | Iterable[DeclarativeContent]
)
Further: TypeAlias = Callable[[DeclarativeContent], Units]
"""Gives the units that one leads to: as an async generator, or all at once."""


async def closure(roots: Units, further: Further, *, max_concurrent: int = 10) -> AsyncIterator[DeclarativeContent]:
    """Yield the roots and all that they lead to, each unit once, by identity.

        roots       -a-------b-|
        further(a)    --c-b|           further(b), further(c) lead nowhere
        yields      -a--c-b----|       b once

    A unit is yielded before it is followed, so ``further`` may await its resolution. Deep goes before wide, and roots
    are drawn only while fewer than ``max_concurrent`` wait to be followed. A unit whose key is yet to be learnt is like
    no other.

    Args:
        roots: where to begin.
        further: gives the units that one leads to; dependencies, say.
        max_concurrent: most calls of ``further`` at once.

    Raises:
        Exception: the first of ``roots`` or ``further``; what is under way is cancelled and waited for.
    """
    search = _Search(further, max_concurrent)
    try:
        async for unit in search.units(roots):
            yield unit
    finally:
        await search.stop()


class _Search:
    def __init__(self, further: Further, max_concurrent: int) -> None:
        self._further, self._max_concurrent = further, max_concurrent
        self._found: asyncio.Queue[DeclarativeContent | asyncio.Future[None]] = asyncio.Queue(max_concurrent)
        self._seen: set[bytes] = set()
        self._waiting: list[DeclarativeContent] = []
        self._room = asyncio.Event()
        self._tasks: set[asyncio.Future[None]] = set()

    async def units(self, roots: Units) -> AsyncIterator[DeclarativeContent]:
        self._room.set()
        root = self._start(self._draw(roots, self._room.wait))
        while self._tasks:
            unit = await self._found.get()
            if isinstance(unit, asyncio.Future):
                self._tasks.discard(unit)
                await unit  # raises what it raised
            elif self._is_fresh(unit):
                self._waiting.append(unit)
                yield unit
            while self._waiting and len(self._tasks - {root}) < self._max_concurrent:
                self._start(self._draw(self._further(self._waiting.pop()), _at_once))
            (self._room.clear if len(self._waiting) >= self._max_concurrent else self._room.set)()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Future[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        return task

    def _is_fresh(self, unit: DeclarativeContent) -> bool:
        if not unit.content.is_known():
            return True
        fresh = unit.identity not in self._seen
        self._seen.add(unit.identity)
        return fresh

    async def _draw(self, units: Units, room: Callable[[], Awaitable[object]]) -> None:
        """Put all units of a source into the queue, then the task that did."""
        task = asyncio.current_task()
        try:
            async with aclosing(_each(units)) as each:  # also where we are cancelled between two units
                async for unit in each:
                    await room()
                    await self._found.put(unit)
        finally:
            if task is not None and not task.cancelling():
                await self._found.put(task)


async def _at_once() -> None:
    """Wait for nothing."""


async def _each(units: Units) -> AsyncGenerator[DeclarativeContent, None]:
    if isinstance(units, AsyncIterable):
        try:
            async for unit in units:
                yield unit
        finally:
            if (close := getattr(units, "aclose", None)) is not None:
                await close()
    else:
        for unit in await units if isinstance(units, Awaitable) else units:
            yield unit
