"""What each stage holds and waits for, read on demand.

Floor 2, flow. Counting costs an item nothing: a gauge asks the stages when somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rxsync.flow.gate import Level

#: What a stage waits for, the most telling first: work under way, a batch to fill, the gate below, items,
#: nothing.
Waits = Literal["work", "company", "room", "input", "done"]


class Label:
    """The name of one stage as it is written in the line, however often it is subscribed."""

    __slots__ = ("name",)

    name: str

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(frozen=True, slots=True)
class Gauge:
    """A reading of one stage, all its subscriptions (inside ``group_by``, say) taken together.

    Attributes:
        name: the stage's name.
        held: items in it, those in work included.
        working: items in work.
        waits_for: "input", "company" (a batch not full yet), "work", "room" (a closed gate below, or more than
            that holds) or "done".
    """

    name: str
    held: int
    working: int
    waits_for: Waits


class Station:
    """A source or a stage, as the run knows it.

    Attributes:
        label: its name.
        depth: how many stations stand below it.
        down: the gate below.
        work: what it is part of the answer of; None for what stands in the line itself.
        gate: its own, which those above look at; None for a source.
        feeds: True for a buffer, which is no stage of its own where the station below ``absorbs`` it.
        absorbs: True for work that takes nothing in advance.
    """

    label: Label
    depth: int
    down: Level
    work: object | None
    gate: Level | None = None
    feeds = False
    absorbs = False
    passing = True  # born on the way, inside another operator; the run corrects it for those it began with

    def __init__(self, label: Label, depth: int, down: Level, work: object | None) -> None:
        self.label, self.depth, self.down, self.work = label, depth, down, work

    def waits_for(self) -> Waits:
        """What keeps it from going on."""
        raise NotImplementedError

    def held(self) -> int:
        """Items in it, in work or not."""
        return 0

    def working(self) -> int:
        """Items in work."""
        return 0

    def items(self) -> Iterable[object]:
        """Whatever it holds, one by one."""
        return ()

    def is_busy(self) -> bool:
        """Whether something in it goes on by itself, without anything else happening in the run."""
        return False

    def hurry(self) -> bool:
        """Let go of what only waits for company; whether there was any."""
        return False


def read(stations: Collection[Station]) -> list[Gauge]:
    """Gauges of all ``stations``, in the order of the line, source first."""
    behind = {id(station.gate): station for station in stations if station.gate is not None}
    groups: dict[int, list[tuple[Station, Station]]] = {}
    for station in stations:
        face = _face(station, behind.get(id(station.down)))
        groups.setdefault(id(face.label), []).append((face, station))
    ordered = sorted(groups.values(), key=lambda group: -group[0][0].depth)
    return [_sum(group[0][0].label.name, [station for _, station in group]) for group in ordered]


def _face(station: Station, below: Station | None) -> Station:
    """Whose name ``station`` goes by: a buffer is part of the work that takes its lists."""
    return below if station.feeds and below is not None and below.absorbs else station


def _sum(name: str, group: Sequence[Station]) -> Gauge:
    waits = min((station.waits_for() for station in group), key=get_args(Waits).index)
    return Gauge(name, sum(s.held() for s in group), sum(s.working() for s in group), waits)
