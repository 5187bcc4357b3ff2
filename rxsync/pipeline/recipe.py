"""Named steps in order.

Floor 4, pipeline. A recipe is a value: amending it gives another. It is itself a ``Stage``.
Follows: ``pulpcore.plugin.stages.DeclarativeVersion.pipeline_stages``, which is a list to be rebuilt by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from reactivex import Observable

from rxsync.declare import DeclarativeContent
from rxsync.errors import UsageError
from rxsync.operators import CatalogStage, PlacedStage, Stage
from rxsync.operators.catalog_stage import Hook
from rxsync.pipeline import picture
from rxsync.pipeline.tap import Looker, tapped

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
        until: facts that no earlier step may give.
        own: True for an author's step, which may add and drop units; it is watched, and fused with nothing.
        lookers: who is told of each unit that leaves it.
    """

    name: str
    stage: Stage
    needs: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    own: bool = True
    until: frozenset[str] = frozenset()
    lookers: tuple[Looker, ...] = ()


@dataclass(frozen=True)
class Group:
    """Steps that run as one stage: a single step, or neighbours fused into one transaction."""

    steps: tuple[Step, ...]
    stage: Stage

    def lookers(self) -> Iterator[tuple[str, Looker]]:
        """Who looks at what leaves, and which of the steps they asked for."""
        return ((step.name, looker) for step in self.steps for looker in step.lookers)


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

    def hook(self, name: str, *, pre_save: Hook[Any] | None = None, post_save: Hook[Any] | None = None) -> Recipe:
        """Have functions called inside the transaction of a catalog step, before and after its work.

        Called with ``(batch, tx)``: a list of units and the open transaction; ``tx.execute(query)`` runs a query made
        with peewee. Both may run again with the same batch, after a serialization failure. What one raises undoes the
        transaction of its batch, and fails the run.

        Raises:
            UsageError: there is no such step, or it has no transaction.
        """
        at = self._index(name)
        stage = self.steps[at].stage
        if not isinstance(stage, CatalogStage):
            raise UsageError(f"step {name!r} has no transaction for hooks to run in")
        hooked = replace(self.steps[at], stage=stage.hooked(pre_save, post_save))
        return Recipe([*self.steps[:at], hooked, *self.steps[at + 1 :]])

    def tap(self, name: str, looker: Looker) -> Recipe:
        """Look at what leaves a step while the line runs, without disturbing it.

            >>> from reactivex import operators as ops
            >>> seen = []
            >>> print(Recipe([Step("keep", ops.filter(bool))]).tap("keep", seen.append))
            1  keep  tapped

        Steps that share a transaction let their units go together, after the commit: a tap on any of them is told
        then, and fusion stays as it is. The unit is the live one: what is learnt of it later will show in it.

        Args:
            name: of the step.
            looker: an observer, or a function of a unit; called on the loop, so it should be quick. If it raises, a
                warning is logged, and it is told no more.

        Raises:
            UsageError: there is no such step.
        """
        at = self._index(name)
        step = replace(self.steps[at], lookers=(*self.steps[at].lookers, looker))
        return Recipe([*self.steps[:at], step, *self.steps[at + 1 :]])

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
            for name, looker in group.lookers():
                source = tapped(name, looker)(source)
        return source

    def __call__(self, source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        """Be a ``Stage``."""
        return self.through(source, lambda _, stage: stage)

    def __str__(self) -> str:
        """List the steps; a bracket holds together what runs as one."""
        return picture.text(self._boxes())

    def mermaid(self) -> str:
        """Draw the line as a Mermaid flowchart; a frame holds together what runs as one."""
        return picture.mermaid(self._boxes())

    def svg(self) -> str:
        """Draw the line as SVG; a frame holds together what runs as one. The author's steps are filled."""
        return picture.svg(self._boxes())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show itself in a notebook."""
        return {"text/plain": str(self), "text/html": self.svg()}

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def _boxes(self) -> list[list[picture.Box]]:
        return [[*map(_box, group.steps[:-1]), _box(group.steps[-1], any(group.lookers()))] for group in self.groups()]

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
        _check_until(self.steps[:position], step)
        given = {fact for earlier in self.steps[:position] for fact in earlier.gives}
        for fact in sorted((step.needs | step.uses) - given):
            giver = next((later.name for later in self.steps[position:] if fact in later.gives), None)
            if giver is not None:
                raise UsageError(f"step {step.name!r} must come after {giver!r}, which gives {fact!r}")
            if fact in step.needs:
                raise UsageError(f"step {step.name!r} needs {fact!r}, and no step gives it")


def _check_until(earlier: Iterable[Step], step: Step) -> None:
    for other in earlier:
        for fact in sorted(step.until & other.gives):
            raise UsageError(f"step {step.name!r} must come before {other.name!r}, which gives {fact!r}")


def _named(stages: dict[str, Stage]) -> list[Step]:
    return [
        Step(name, stage, needs=stage.needs, until=stage.until) if isinstance(stage, PlacedStage) else Step(name, stage)
        for name, stage in stages.items()
    ]


def _fused(group: Group, step: Step) -> Group | None:
    one, other = group.stage, step.stage
    if step.own or group.steps[-1].own or not (isinstance(one, CatalogStage) and isinstance(other, CatalogStage)):
        return None
    return Group((*group.steps, step), one.fused(other)) if one.fuses_with(other) else None


def _box(step: Step, looked_at: bool = False) -> picture.Box:
    return picture.Box(step.name, step.own, tuple(sorted(step.gives)), looked_at)
