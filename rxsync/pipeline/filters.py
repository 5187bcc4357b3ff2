"""What the operator wants of what a source declares: the filters of the command line, as a value.

Floor 4, pipeline.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rxsync.errors import UsageError
from rxsync.operators import PlacedStage, exclude, include, max_size, newest, older_than
from rxsync.pipeline.part import Part
from rxsync.pipeline.plugin import Plugin
from rxsync.pipeline.recipe import Recipe, Step


@dataclass(frozen=True)
class Filters:
    """What to let pass. As text it is the options that were given, the same for all that choose the same.

        >>> str(Filters(include=("*.iso", "*.img"), newest=2)), str(Filters())
        ("--include '*.img' --include '*.iso' --newest 2", '')

    Attributes:
        include: patterns, one of which must be for a unit; none: all are. See ``path_pattern``.
        exclude: patterns, none of which may be for a unit.
        newest: how many versions of each group; the plugin says what those are. None: all.
        min_age: how long ago a unit must have been published, in seconds; the plugin says when it was. None: whenever.
        max_size: most bytes of a unit's files together; None: any number.

    Raises:
        UsageError: one of them cannot be.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    newest: int | None = None
    min_age: float | None = None
    max_size: int | None = None

    def __post_init__(self) -> None:
        """Check them, also where no run is to be had: what cannot be is said before anything is opened."""
        for _ in self._stages(Plugin()):
            pass

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return self != Filters()

    def __str__(self) -> str:
        """Say them as options."""
        words = [word for pattern in sorted({*self.include}) for word in ("--include", pattern)]
        words += [word for pattern in sorted({*self.exclude}) for word in ("--exclude", pattern)]
        for name in ("newest", "min_age", "max_size"):
            if (value := getattr(self, name)) is not None:
                words += [_option(name), f"{value:.15g}s" if name == "min_age" else str(value)]
        return shlex.join(words)

    @property
    def change_with_time(self) -> bool:
        """Whether another run may choose otherwise although the source is the same."""
        return self.min_age is not None

    def check(self, plugin: Plugin[Any, Any]) -> None:
        """Make sure that the plugin can say what they ask of it.

        Raises:
            UsageError: it cannot; names the plugin and the option.
        """
        whole = plugin
        while isinstance(whole, Part):
            whole = whole.whole
        if self.newest is not None and type(whole).newest_by is Plugin.newest_by:
            raise _cannot(whole, "newest", "which units are versions of the same, and which of them is newer")
        if self.min_age is not None and type(whole).published is Plugin.published:
            raise _cannot(whole, "min_age", "when a unit was published")

    def applied(self, recipe: Recipe, plugin: Plugin[Any, Any]) -> Recipe:
        """Give a recipe with them in front of the standard steps, after steps that a plugin put there.

        Each is a step of its own, ``filter_include`` say. ``newest`` is the last: the newest of those that the others
        let pass.

        Raises:
            UsageError: the plugin cannot say what they ask of it; names it and the option.
        """
        self.check(plugin)
        steps = [Step(f"filter_{name}", stage, until=stage.until) for name, stage in self._stages(plugin)]
        first = next((place for place, step in enumerate(recipe) if not step.own), len(recipe.steps))
        return Recipe([*recipe.steps[:first], *steps, *recipe.steps[first:]]) if steps else recipe

    def _stages(self, plugin: Plugin[Any, Any]) -> Iterator[tuple[str, PlacedStage]]:
        if self.include:
            yield "include", include(*self.include)
        if self.exclude:
            yield "exclude", exclude(*self.exclude)
        if self.max_size is not None:
            yield "max_size", max_size(self.max_size)
        if self.min_age is not None:
            yield "min_age", older_than(self.min_age, plugin.published)
        if self.newest is not None:
            yield "newest", newest(self.newest, plugin.newest_by)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _cannot(plugin: Plugin[Any, Any], name: str, what: str) -> UsageError:
    return UsageError(f"{_option(name)}: plugin {plugin.name!r} does not say {what}")
