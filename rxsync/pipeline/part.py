"""A part of a source that is a repository of its own.

Floor 4, pipeline.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable
from datetime import datetime
from typing import Any

from rxsync.declare import DeclarativeContent
from rxsync.operators import Rank
from rxsync.pipeline.draft import Draft
from rxsync.pipeline.plugin import Plugin
from rxsync.pipeline.recipe import Recipe
from rxsync.pipeline.run import Declare, Run


class Part(Plugin[Any, Any]):
    """Declares a part; its line, its context and what may refuse a version are those of the whole.

    What comes before and after a run comes once, for the whole.

    Args:
        whole: the plugin.
        run: of the whole.
        declare: what the part holds.

    Attributes:
        whole: the plugin.
    """

    whole: Plugin[Any, Any]
    options: type[Any]
    context: Callable[[], Any]

    def __init__(self, whole: Plugin[Any, Any], run: Run[Any, Any], declare: Declare) -> None:
        self.whole, self._declare = whole, declare
        self.options, self.context = whole.options, lambda: run.context

    @property
    def name(self) -> str:  # type: ignore[override]  # a part is called as the whole is
        """As the whole is called."""
        return self.whole.name

    def declare(self, run: Run[Any, Any]) -> AsyncIterator[DeclarativeContent]:
        """Declare the part."""
        return self._declare(run)

    async def fingerprint(self, run: Run[Any, Any], known: str | None) -> str | None:
        """Nobody can tell of a part by itself."""
        return None

    def finalize_version(self, run: Run[Any, Any], draft: Draft) -> None:
        """Let the whole look at the part; ``draft.repository`` tells which it is."""
        return self.whole.finalize_version(run, draft)

    def recipe(self, standard: Recipe, run: Run[Any, Any]) -> Recipe:
        """Give the line of the whole."""
        return self.whole.recipe(standard, run)

    def newest_by(self, unit: DeclarativeContent) -> tuple[Hashable, Rank] | None:
        """Say what the whole says."""
        return self.whole.newest_by(unit)

    def published(self, unit: DeclarativeContent) -> datetime | None:
        """Say what the whole says."""
        return self.whole.published(unit)
