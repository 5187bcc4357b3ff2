"""Find the items that are awaited in vain, once a run has come to rest.

Floor 2, flow. Asked only when no work goes on, no timer runs and no list can leave: nothing in the line
will move unless a source moves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Any, Protocol

from rxsync.flow.gauge import Station
from rxsync.resolution import Line, Resolvable, is_waiting


class AtRest(Line, Protocol):
    """What is asked of a run."""

    hot: int
    sources: set[asyncio.Future[Any]]


def lost_items(run: AtRest, awaited: Collection[Resolvable], stations: Iterable[Station]) -> list[Resolvable]:
    """Those of ``awaited`` that can never be resolved: dropped, or part of a circle of waiting.

    An item that has entered the line and is in no station was dropped. If every awaited item is still held,
    each by work that itself awaits another, they wait for each other; sources help only if an item is yet
    to come.
    """
    held = {id(item) for station in stations for item in station.items()}
    dropped = [item for item in awaited if item.line is run and id(item) not in held]
    if dropped:
        return dropped
    entered = all(item.line is run for item in awaited)
    return [*awaited] if entered or is_asleep(run) else []


def is_asleep(run: AtRest) -> bool:
    """Whether no source of ``run`` will bring anything unless an item that it awaits is resolved."""
    return not run.hot and all(is_waiting(source) for source in run.sources)
