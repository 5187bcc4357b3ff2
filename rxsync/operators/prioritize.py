"""Several sources as one, the first word counts.

Floor 3, operators; a source, for use in ``declare``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack, aclosing

from rxsync.declare import DeclarativeContent


async def prioritize(*sources: AsyncIterable[DeclarativeContent]) -> AsyncIterator[DeclarativeContent]:
    """Yield what the sources declare, one source after the other; what an earlier one has in its place is left out.

        first     -a-b-|
        second         -c-b-d|       the second's b has the repository key, or a path, of the first's
        yields    -a-b--c---d|

    A unit's place is its repository key and the paths of its files. Left out is not declared: the report does not
    count it. For sources that may be read at once, in any order and without priority, use ``reactivex.merge``.

    Args:
        sources: the most important first.

    Raises:
        Exception: whatever a source raises.
    """
    taken: dict[bytes | str, int] = {}
    for rank, source in enumerate(sources):
        async with AsyncExitStack() as stack:
            if isinstance(source, AsyncGenerator):
                await stack.enter_async_context(aclosing(source))
            async for unit in source:
                places = _places(unit)
                if all(taken.get(place, rank) == rank for place in places):
                    taken.update(dict.fromkeys(places, rank))
                    yield unit


def _places(unit: DeclarativeContent) -> list[bytes | str]:
    places: list[bytes | str] = [artifact.relative_path for artifact in unit.artifacts]
    if unit.content.is_known():
        places.append(unit.content.place or unit.identity)
    return places
