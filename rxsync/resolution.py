"""An item that somebody may await until the line has done with it.

Floor 0. Knows neither streams nor content: a *line* is told who is awaited, a *holder* lets go of what is
urgent. Follows: ``pulpcore.plugin.stages.DeclarativeContent.resolution``.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any, Protocol, Self


class Holder(Protocol):
    """Keeps items back until they have company."""

    def awaited(self, item: Resolvable) -> None:
        """Let go of ``item`` now: somebody waits for it."""


class Line(Protocol):
    """The run that items travel through."""

    def awaited(self, item: Resolvable) -> None:
        """Remember that somebody waits for ``item``, lest it be dropped in silence."""

    def answered(self, item: Resolvable) -> None:
        """Forget it again: ``item`` is resolved or has failed."""


#: The line whose tasks we are in; None outside a run. Tells a line of items that have not entered it yet.
current_line: ContextVar[Line | None] = ContextVar("current_line", default=None)

_waiting: dict[asyncio.Task[Any], Resolvable] = {}


def is_waiting(task: asyncio.Future[Any]) -> bool:
    """Whether all that ``task`` does is to await an item that nobody has resolved yet."""
    item = _waiting.get(task) if isinstance(task, asyncio.Task) else None
    return item is not None and not item.resolved


class Resolvable:
    """An item that may be awaited; awaiting it makes every half-full batch that holds it leave at once.

    Nothing is created for an item that nobody awaits. Not thread-safe: resolve it on the loop's thread.

    Attributes:
        urgent: True once somebody has awaited it, also before it has entered a line.
        line: the run it has entered, or None.
        holders: whoever keeps it back at the moment; several, where a stream has several consumers.
    """

    __slots__ = ("_future", "_outcome", "holders", "line", "urgent")

    _future: asyncio.Future[None] | None
    _outcome: tuple[Any, Exception | None] | None
    holders: tuple[Holder, ...]
    line: Line | None
    urgent: bool

    def __new__(cls, *_: object, **__: object) -> Self:
        """Make one. Not ``__init__``: a slotted dataclass generates its own and would not call ours."""
        self = super().__new__(cls)
        self._future = self._outcome = self.line = None
        self.urgent, self.holders = False, ()
        return self

    @property
    def resolved(self) -> bool:
        """Whether it has been resolved or has failed."""
        return self._outcome is not None

    async def resolution(self) -> Any:
        """Wait until the line has resolved this item; return the value it gave.

        Raises:
            DroppedError: the item left the line, or the line ended, without anybody resolving it.
            Exception: what it was failed with, or the error that ended the run.
        """
        while self._outcome is None:
            await self._wait()
        value, error = self._outcome
        if error is not None:
            raise error
        return value

    def resolve(self, value: Any = None) -> None:
        """Wake whoever waits. Only the first outcome counts, of this and ``fail``."""
        self._settle(value, None)

    def fail(self, error: Exception) -> None:
        """Raise ``error`` in whoever waits, now or later. Only the first outcome counts."""
        self._settle(None, error)

    def enter(self, line: Line) -> None:
        """Belong to ``line`` from now on; called by sources and stages."""
        self.line = line
        if self.urgent and not self.resolved:
            line.awaited(self)

    def leave(self, holder: Holder) -> None:
        """Be kept back by ``holder`` no longer."""
        self.holders = () if len(self.holders) == 1 else tuple(h for h in self.holders if h is not holder)

    def _settle(self, value: Any, error: Exception | None) -> None:
        if self._outcome is not None:
            return
        self._outcome = value, error
        if self._future is not None and not self._future.done():
            self._future.set_result(None)  # never an exception: asyncio would report one nobody fetched

    async def _wait(self) -> None:
        if self._future is None:
            self._future = asyncio.get_running_loop().create_future()
        line, task = self.line or current_line.get(), asyncio.current_task()
        assert task is not None, "a coroutine awaits a future in a task only"  # noqa: S101 - for mypy, which cannot know
        _waiting[task], self.urgent = self, True
        try:
            if line is not None:
                line.awaited(self)
            for holder in self.holders:
                holder.awaited(self)
            await asyncio.shield(self._future)
        finally:
            del _waiting[task]
            if line is not None and self.resolved:
                line.answered(self)
