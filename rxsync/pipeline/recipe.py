"""Named steps in order.

Floor 4, pipeline. A recipe is a value: amending it gives another. It is itself a ``Stage``.
Follows: ``pulpcore.plugin.stages.DeclarativeVersion.pipeline_stages``, which is a list to be rebuilt by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from reactivex import Observable

from rxsync.declare import DeclarativeContent
from rxsync.errors import UsageError
from rxsync.operators import CatalogStage, Stage

Wrap = Callable[[str, Stage], Stage]


@dataclass(frozen=True)
class Step:
    """A stage with a name, and what it has to do with the others.

    Attributes:
        name: how it is called in the recipe, in progress and in errors.
        stage: what it does.
        needs: facts that an earlier step must give.
        uses: facts that an earlier step must give if any step gives them.
        gives: facts that are known of a unit once it has passed.
        own: True for an author's step, which may add and drop units; it is watched, and fused with nothing.
    """

    name: str
    stage: Stage
    needs: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    own: bool = True


@dataclass(frozen=True)
class Group:
    """Steps that run as one stage: a single step, or neighbours fused into one transaction."""

    steps: tuple[Step, ...]
    stage: Stage


class Recipe:
    """The steps of a line.

        >>> from reactivex import operators as ops
        >>> print(Recipe([Step("keep", ops.filter(bool))]).before("keep", look=ops.map(lambda unit: unit)))
        1  look
        2  keep

    Args:
        steps: in order.

    Raises:
        UsageError: two steps of one name, or an order that cannot work; names the two steps.
    """

    steps: tuple[Step, ...]

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = tuple(steps)
        self._check_names()
        for position, step in enumerate(self.steps):
            self._check_facts(position, step)

    def before(self, name: str, *steps: Step, **stages: Stage) -> Recipe:
        """Insert steps before the one called ``name``; a keyword is the name of a plain stage.

        Raises:
            UsageError: there is no such step, or the order cannot work.
        """
        at = self._index(name)
        return Recipe([*self.steps[:at], *steps, *_named(stages), *self.steps[at:]])

    def after(self, name: str, *steps: Step, **stages: Stage) -> Recipe:
        """Insert steps after the one called ``name``; a keyword is the name of a plain stage.

        Raises:
            UsageError: there is no such step, or the order cannot work.
        """
        at = self._index(name) + 1
        return Recipe([*self.steps[:at], *steps, *_named(stages), *self.steps[at:]])

    def without(self, *names: str) -> Recipe:
        """Leave steps out.

        Raises:
            UsageError: there is no such step, or another needs it.
        """
        leave = {self._index(name) for name in names}
        return Recipe([step for at, step in enumerate(self.steps) if at not in leave])

    def replace(self, name: str, stage: Stage) -> Recipe:
        """Put another stage in the place of a step; it needs and gives what that one did.

        Raises:
            UsageError: there is no such step.
        """
        at = self._index(name)
        return Recipe([*self.steps[:at], replace(self.steps[at], stage=stage, own=True), *self.steps[at + 1 :]])

    def groups(self) -> list[Group]:
        """The stages as they run: neighbouring catalog steps that nothing stands between are one."""
        groups: list[Group] = []
        for step in self.steps:
            fused = _fused(groups[-1], step) if groups else None
            if fused is None:
                groups.append(Group((step,), step.stage))
            else:
                groups[-1] = fused
        return groups

    def through(self, source: Observable[DeclarativeContent], wrap: Wrap) -> Observable[DeclarativeContent]:
        """Compose the line, with each of the author's own stages in a wrapping made by ``wrap(name, stage)``."""
        for group in self.groups():
            step = group.steps[0]
            source = (wrap(step.name, group.stage) if step.own else group.stage)(source)
        return source

    def __call__(self, source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        """Be a ``Stage``."""
        return self.through(source, lambda _, stage: stage)

    def __str__(self) -> str:
        """List the steps; a bracket holds together what runs as one."""
        rows = [row for group in self.groups() for row in _rows(group)]
        width = max((len(name) for name, _ in rows), default=0)
        lines = (f"{number}  {name:{width}}{bracket}" for number, (name, bracket) in enumerate(rows, 1))
        return "\n".join(line.rstrip() for line in lines)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def _index(self, name: str) -> int:
        for at, step in enumerate(self.steps):
            if step.name == name:
                return at
        raise UsageError(f"no step {name!r} in the recipe; it has {', '.join(step.name for step in self.steps)}")

    def _check_names(self) -> None:
        seen = set()
        for step in self.steps:
            if step.name in seen:
                raise UsageError(f"two steps are called {step.name!r}")
            seen.add(step.name)

    def _check_facts(self, position: int, step: Step) -> None:
        given = {fact for earlier in self.steps[:position] for fact in earlier.gives}
        for fact in sorted((step.needs | step.uses) - given):
            giver = next((later.name for later in self.steps[position:] if fact in later.gives), None)
            if giver is not None:
                raise UsageError(f"step {step.name!r} must come after {giver!r}, which gives {fact!r}")
            if fact in step.needs:
                raise UsageError(f"step {step.name!r} needs {fact!r}, and no step gives it")


def _named(stages: dict[str, Stage]) -> list[Step]:
    return [Step(name, stage) for name, stage in stages.items()]


def _fused(group: Group, step: Step) -> Group | None:
    one, other = group.stage, step.stage
    if step.own or group.steps[-1].own or not (isinstance(one, CatalogStage) and isinstance(other, CatalogStage)):
        return None
    return Group((*group.steps, step), one.fused(other)) if one.fuses_with(other) else None


def _rows(group: Group) -> Iterator[tuple[str, str]]:
    last = len(group.steps) - 1
    for at, step in enumerate(group.steps):
        bracket = "" if not last else "  ┐" if at == 0 else "  ┘ one transaction" if at == last else "  │"
        yield step.name, bracket
