"""Every unit is accounted for.

Floor 4, pipeline. ``declared = new + known + repeated + filtered + skipped + failed + dropped``: what went in at the
source, and each way out.
"""

from __future__ import annotations

from collections.abc import Iterator

from reactivex import Observable
from reactivex import operators as ops

from rxsync.declare import DeclarativeContent
from rxsync.operators import Stage


class Tally:
    """Counts units and bytes while they pass. Cheap: each method runs once a unit."""

    def __init__(self) -> None:
        self.declared = self.new = self.known = self.repeated = self.deferred = 0
        self.bytes_declared = self.bytes_downloaded = 0
        self.ended = False
        self._inside: dict[str, dict[int, DeclarativeContent]] = {}

    @property
    def done(self) -> int:
        """Units that reached the end."""
        return self.new + self.known + self.repeated

    def declare(self, unit: DeclarativeContent) -> None:
        """Count a unit at the source."""
        self.declared += 1

    def end(self) -> None:
        """Note that the source has nothing more: the total is known."""
        self.ended = True

    def receive(self, size: int) -> None:
        """Count bytes that arrived; negative where they are void."""
        self.bytes_downloaded += size

    def arrive(self, unit: DeclarativeContent) -> None:
        """Count a unit at the end."""
        if unit.repeated:
            self.repeated += 1
            return
        if unit.new:
            self.new += 1
        else:
            self.known += 1
        for artifact in unit.artifacts:
            if artifact.stored is None:
                self.deferred += 1

    def watch(self, name: str, stage: Stage) -> Stage:
        """Wrap an author's stage, so that what it drops and what it adds is known."""
        inside = self._inside.setdefault(name, {})

        def enter(unit: DeclarativeContent) -> None:
            inside[id(unit)] = unit

        def leave(unit: DeclarativeContent) -> None:
            if inside.pop(id(unit), None) is None:
                self.declared += 1  # the step brought it

        def watched(source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
            return stage(source.pipe(ops.do_action(enter))).pipe(ops.do_action(leave))

        return watched

    def dropped(self) -> Iterator[tuple[str, DeclarativeContent]]:
        """Name what went into an author's step and never came out: (step, unit) each. Valid when the line is over."""
        for name, units in self._inside.items():
            for unit in units.values():
                yield name, unit
