"""Every unit is accounted for.

Floor 4, pipeline. ``declared = new + known + repeated + filtered + skipped + failed + dropped``: what went in at the
source, and each way out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from weakref import ref

from reactivex import Observable
from reactivex import operators as ops

from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.errors import DeclarationError, FlowError
from rxsync.models import content_type
from rxsync.operators import Stage
from rxsync.pipeline.report import Problem
from rxsync.ports.catalog import Spared

NAMED = 1000
"""Units that are named of those that a step drops; the others are counted."""


class Tally:
    """Counts units and bytes while they pass. Cheap: each method runs once a unit."""

    declared: int
    new: int
    known: int
    repeated: int
    deferred: int
    filtered: int
    skipped: int
    bytes_downloaded: int
    ended: bool

    def __init__(self) -> None:
        self.declared = self.new = self.known = self.repeated = self.deferred = 0
        self.bytes_downloaded = self.filtered = self.skipped = 0
        self.ended = False
        self.problems: list[Problem] = []
        self.spared: list[Spared] = []
        self._watched: dict[str, _Inside] = {}

    @property
    def done(self) -> int:
        """Units of which it is known what became of them."""
        return self.came_through + self.filtered + self.skipped

    @property
    def came_through(self) -> int:
        """Units of which a version can be made."""
        return self.new + self.known + self.repeated

    def declare(self, unit: DeclarativeContent) -> None:
        """Count a unit at the source.

        Raises:
            FlowError: it is none.
        """
        if not isinstance(unit, DeclarativeContent):
            error = FlowError(f"it declares {unit!r}: expected a DeclarativeContent")
            blame("declare")(error)
            raise error
        for need in unit.needs:
            if need.noted is None:
                error = FlowError(
                    f"{unit.name} needs {need.name}, which was never declared before it, as this very object"
                )
                blame("declare")(error)
                raise error
        self.declared += 1
        unit.noted, unit.arrived = self.skip, False
        if unit.skipped is not None:
            self.skip(unit)

    def skip(self, unit: DeclarativeContent) -> None:
        """Count a unit that was left out with a reason; no step has dropped it."""
        for inside in self._watched.values():
            inside.leave(unit)
        if unit.filtered:
            self.filtered += 1
            return
        self.skipped += 1
        self.spared.append(_spared(unit))
        if (skip := unit.skipped) is not None:
            path = skip.relative_path or unit.name
            self.problems.append(Problem(path, skip.url, skip.reason, skip.kind, skip.step, skip.attempts))

    def end(self) -> None:
        """Note that the source has nothing more: the total is known."""
        self.ended = True

    def receive(self, size: int) -> None:
        """Count bytes that arrived; negative where they are void."""
        self.bytes_downloaded += size

    def arrive(self, unit: DeclarativeContent) -> None:
        """Count a unit at the end."""
        if unit.repeated or unit.arrived:
            self.repeated += 1
            return
        unit.arrived = True
        if unit.new:
            self.new += 1
        else:
            self.known += 1
        self.deferred += sum(self.is_left(unit, artifact) for artifact in unit.artifacts)

    def is_left(self, unit: DeclarativeContent, artifact: DeclarativeArtifact) -> bool:
        """Whether the bytes of a file, at the end, are left for later."""
        return artifact.stored is None

    def watch(self, name: str, stage: Stage) -> Stage:
        """Wrap an author's stage, so that what it drops and what it adds is known."""
        inside = self._watched.setdefault(name, _Inside())

        def leave(unit: DeclarativeContent) -> bool:
            if unit.skipped is not None:
                return False
            if not inside.leave(unit):
                self.declare(unit)  # the step brought it
            return True

        def watched(source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
            entering = source.pipe(ops.filter(_stays), ops.do_action(inside.enter, blame(None)))
            return stage(entering).pipe(ops.filter(leave), ops.do_action(on_error=blame(name)))

        return watched

    def dropped(self) -> Iterator[tuple[str, int, list[str]]]:
        """What went into an author's step and never came out: (step, how many, the first names). Valid at the end."""
        for name, inside in self._watched.items():
            if count := inside.gone + sum(times for _, _, times in inside.units.values()):
                names = [*inside.names, *(unit for _, unit, _ in inside.units.values())]
                yield name, count, names[:NAMED]


def _spared(unit: DeclarativeContent) -> Spared:
    content = unit.content
    kind = content_type(type(content)).name
    if content.is_known():
        return Spared(kind, content.identity, content.place)
    try:
        return Spared(kind, None, content.place)
    except DeclarationError:  # it refers to a unit whose own key is yet to be learnt
        return Spared(kind, None, None)


def _stays(unit: DeclarativeContent) -> bool:
    return not isinstance(unit, DeclarativeContent) or unit.skipped is None


def blame(step: str | None) -> Callable[[Exception], None]:
    """Give what notes on an error where it came from: the first to see it knows; None for "not from here"."""

    def note(error: Exception) -> None:
        error.__dict__.setdefault(_STEP, step)

    return note


def blamed(error: BaseException) -> str | None:
    """The author's step that an error came from; None if from none."""
    return error.__dict__.get(_STEP)


_STEP = "__rxsync_step__"


class _Inside:
    """Who is inside a step. Not held here: a unit that the step let fall is forgotten, and counted, at once."""

    def __init__(self) -> None:
        self.units: dict[int, tuple[ref[DeclarativeContent], str, int]] = {}  # (unit, name, times it entered) by id
        self.gone = 0
        self.names: list[str] = []

    def enter(self, unit: DeclarativeContent) -> None:
        key = id(unit)
        if key in self.units:
            kept, name, times = self.units[key]
            self.units[key] = kept, name, times + 1
        else:
            self.units[key] = ref(unit, lambda _: self._fell(key)), unit.name, 1

    def leave(self, unit: DeclarativeContent) -> bool:
        """Note that a unit came out; False if it had not gone in."""
        found = self.units.pop(id(unit), None)
        if found is None:
            return False
        kept, name, times = found
        if times > 1:
            self.units[id(unit)] = kept, name, times - 1
        return True

    def _fell(self, key: int) -> None:
        _, name, times = self.units.pop(key)
        self.gone += times
        if len(self.names) < NAMED:
            self.names.append(name)
