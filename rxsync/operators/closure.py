"""Units that lead to further units: a discovery loop without a list to keep.

Floor 3, operators; a source, for use in ``declare``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
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

    A unit is yielded before it is followed, so ``further`` may await its resolution. Deep goes before wide: what waits
    to be followed stays short.

    Args:
        roots: where to begin.
        further: gives the units that one leads to; dependencies, say.
        max_concurrent: most calls of ``further`` at once.

    Raises:
        Exception: the first of ``roots`` or ``further``; what is under way is cancelled and waited for.
    """
    found: asyncio.Queue[DeclarativeContent | asyncio.Future[None]] = asyncio.Queue(max_concurrent)
    seen: set[bytes] = set()
    waiting: list[DeclarativeContent] = []
    tasks = {asyncio.ensure_future(_draw(roots, found))}
    try:
        while tasks:
            unit = await found.get()
            if isinstance(unit, asyncio.Future):
                tasks.discard(unit)
                await unit  # raises what it raised
            elif unit.identity not in seen:
                seen.add(unit.identity)
                waiting.append(unit)
                yield unit
            while waiting and len(tasks) <= max_concurrent:  # one of them draws the roots
                tasks.add(asyncio.ensure_future(_draw(further, found, waiting.pop())))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _draw(
    source: Units | Further, found: asyncio.Queue[DeclarativeContent | asyncio.Future[None]], *of: DeclarativeContent
) -> None:
    """Put all units of a source into the queue, then the task that did."""
    task = asyncio.current_task()
    try:
        async for unit in _each(source(*of) if callable(source) else source):
            await found.put(unit)
    finally:
        if task is not None and not task.cancelling():
            await found.put(task)


async def _each(units: Units) -> AsyncIterator[DeclarativeContent]:
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
