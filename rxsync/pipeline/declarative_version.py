"""From declarations to a version.

Floor 4, pipeline.
Follows: ``pulpcore.plugin.stages.DeclarativeVersion``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from reactivex import Observable
from reactivex import operators as ops

from rxsync.declare import DeclarativeContent
from rxsync.errors import CatalogError, ConflictError
from rxsync.flow import Flow, from_async
from rxsync.flow import run as run_flow
from rxsync.pipeline.guards import DEFAULT, MaxDelete
from rxsync.pipeline.recipe import Recipe
from rxsync.pipeline.run import Run
from rxsync.pipeline.standard import standard
from rxsync.pipeline.tally import Tally, blame
from rxsync.ports.catalog import Change, Version, VersionTransaction

T = TypeVar("T")

Source = Callable[[], AsyncIterator[DeclarativeContent]] | Observable[DeclarativeContent]


class DeclarativeVersion:
    """Runs a line, then makes the version of what came through, in one transaction, or not at all.

    Args:
        source: declares the units: an async generator function, or an Observable.
        run: what the run lends to the steps.
        tally: counts what passes.
        mirror: True: the version holds what the source declares; False: that, and what the last version holds.
        max_delete: how much may vanish in mirror mode.
        recipe: the steps; the standard ones where none is given.
        hold: looks at what would come and go, and at its digest, before there is a version; it may raise.
        finalize: looks at the version in the transaction that makes it; what it raises undoes it.
    """

    run: Run[Any, Any]
    tally: Tally
    mirror: bool
    max_delete: MaxDelete
    recipe: Recipe

    def __init__(
        self,
        source: Source,
        run: Run[Any, Any],
        tally: Tally,
        *,
        mirror: bool = True,
        max_delete: MaxDelete = DEFAULT,
        recipe: Recipe | None = None,
        hold: Callable[[Change, str], None] | None = None,
        finalize: Callable[[VersionTransaction, Version], None] | None = None,
    ) -> None:
        self.run, self.tally, self.mirror, self.max_delete = run, tally, mirror, max_delete
        self.recipe = standard(run) if recipe is None else recipe
        self._finalize, self._hold = finalize, hold
        self._source = source if isinstance(source, Observable) else from_async(source)

    async def create(self, watch: Callable[[Flow], None] | None = None) -> tuple[Change, Version | None]:
        """Run the line to its end and make the version; None where nothing changed.

        Args:
            watch: given the flow before the first unit moves, to read its gauges.

        Raises:
            Exception: whatever the source or a step raised first; there is no version then.
            ConflictError: the source declares units that cannot stand in one version.
            GuardError: too much would vanish, or it is not what was promised.
        """
        await self.run.catalog.write(lambda tx: tx.begin_staging(self.run.id))
        try:
            await run_flow(self._line(), self.tally.arrive, watch=watch)
        except BaseException:
            await self._forget()
            raise
        # A cancellation that comes now is too late: whether there is a version is the transaction's to say.
        return await _undisturbed(self._finish())

    async def _finish(self) -> tuple[Change, Version | None]:
        try:
            return await self.run.catalog.write(self._complete)
        finally:
            await self._forget()

    async def _forget(self) -> None:
        """Drop what the run noted. Temporary, so whatever goes wrong here is gone with the connection."""
        catalog, run = self.run.catalog, self.run.id
        with suppress(CatalogError):
            await catalog.read(lambda tx: tx.end_declaring(run))
            await catalog.write(lambda tx: tx.end_staging(run))

    def _line(self) -> Observable[DeclarativeContent]:
        counted = self._source.pipe(ops.do_action(self.tally.declare, blame("declare"), self.tally.end))
        return self.recipe.through(counted, self.tally.watch)

    def _complete(self, tx: VersionTransaction) -> tuple[Change, Version | None]:
        run = self.run
        tx.spare(run.id, self.tally.spared)
        change = tx.change(run.id, run.repository_key, mirror=self.mirror)
        run.errors.check(self.tally.skipped, self.tally.declared, all_declared=True)
        if self._hold is not None:
            self._hold(change, tx.digest(run.id))
        if self.mirror:
            self.max_delete.check(change, came_through=self.tally.came_through, declared=self.tally.declared)
        if not change.added and not change.removed:
            return change, None
        clash = tx.clash(run.id, run.repository_key) if change.added else None
        if clash is not None:
            raise ConflictError(str(clash))
        version = tx.complete(run.id, run.repository_key, change, skipped=self.tally.skipped)
        if self._finalize is not None:
            self._finalize(tx, version)
        return change, version


async def _undisturbed(work: Awaitable[T]) -> T:
    """Wait for ``work`` to its end; a cancellation meanwhile is dropped."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    return task.result()
