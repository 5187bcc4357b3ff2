"""Keep the newest of each kind.

Floor 3, operators.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from reactivex import Observable, concat, defer
from reactivex import operators as ops

from rxsync.declare import DeclarativeContent
from rxsync.errors import UsageError
from rxsync.flow import from_iterable
from rxsync.operators.for_new_content import at
from rxsync.operators.leave_out import UNTIL
from rxsync.operators.stage import PlacedStage


class Rank(Protocol):
    """Whatever can be compared by ``<`` with others of its group: a number, a date, a tuple, a parsed version."""

    def __lt__(self, other: Any, /) -> bool:
        """Whether it is older."""


NewestBy: TypeAlias = Callable[[DeclarativeContent], "tuple[Hashable, Rank] | None"]
"""Says of what a unit is a version, and which: (group, rank), the newest highest; None lets it pass."""


def newest(n: int, by: NewestBy) -> PlacedStage:
    """Let pass the newest ``n`` versions of each group, and what stands in none; filter out all others.

        source     -a-b-c-x-|             a, b and c are 1, 3 and 2 of one group, x of none
        newest(2)  -------x-(b,c,|)       in the order in which they came, once the source has ended

    Units of one rank in a group are one version, such as a wheel and its source distribution: they stay, or go,
    together. Which are the newest is known only at the end of the source, so until then the ``n`` versions of each
    group are held here; memory grows with what is kept, not with what is declared. A source that awaits one of those
    meanwhile gets a ``DroppedError`` that names it: let ``by`` answer with None for units that others are declared
    after.

    Args:
        n: how many, at least 1.
        by: says which group and rank a unit has.

    Raises:
        UsageError: ``n`` is less than 1.

    Errors: those of ``by``, or of comparing its ranks, with a note that names the unit.
    """
    if n < 1:
        raise UsageError(f"newest {n}: expected at least 1")

    def line(source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        def begin(_: object) -> Observable[DeclarativeContent]:
            groups = _Groups(n, by)
            rest = defer(lambda _: from_iterable(groups.rest()))
            return concat(source.pipe(ops.filter(groups.passes)), rest)

        return defer(begin)

    return PlacedStage(line, until=UNTIL)


@dataclass(slots=True)
class _Version:
    """Units of one rank, each with its place among all that came."""

    rank: Rank
    units: list[tuple[int, DeclarativeContent]] = field(default_factory=list)


class _Groups:
    def __init__(self, n: int, by: NewestBy) -> None:
        self._n, self._by = n, by
        self._groups: dict[Hashable, list[_Version]] = {}  # the oldest first
        self._came = 0

    def passes(self, unit: DeclarativeContent) -> bool:
        """Whether a unit need not wait for the end: it stands in no group. Others are held, or filtered out."""
        if unit.skipped is not None:
            return False
        with at(unit):
            found = self._by(unit)
            if found is None:
                return True
            group, rank = found
            self._hold(unit, rank, self._groups.setdefault(group, []))
        return False

    def _hold(self, unit: DeclarativeContent, rank: Rank, versions: list[_Version]) -> None:
        place = bisect_left(versions, rank, key=lambda version: version.rank)
        if place == len(versions) or rank < versions[place].rank:
            versions.insert(place, _Version(rank))
        self._came += 1
        versions[place].units.append((self._came, unit))
        if len(versions) > self._n:
            for _, old in versions.pop(0).units:
                old.filter_out(f"there are {self._n:,} newer ones", step="newest")

    def rest(self) -> Iterator[DeclarativeContent]:
        """Let go of what is held, in the order in which it came."""
        held = [one for versions in self._groups.values() for version in versions for one in version.units]
        self._groups.clear()
        held.sort(key=lambda one: -one[0])
        while held:
            _, unit = held.pop()
            if unit.skipped is None:
                yield unit
