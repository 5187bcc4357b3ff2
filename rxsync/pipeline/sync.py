"""One sync of one repository: everything opened, run, noted and closed again.

Floor 4, pipeline.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from typing import Any, Unpack

from reactivex import defer

from rxsync.catalog import DatabaseCatalog
from rxsync.download import Controls, Limits, limited
from rxsync.errors import CatalogError, UsageError
from rxsync.operators.catalog_stage import refuse_coroutine
from rxsync.pipeline.declarative_version import DeclarativeVersion
from rxsync.pipeline.draft import Draft
from rxsync.pipeline.home import Repository
from rxsync.pipeline.lock import locked
from rxsync.pipeline.part import Part
from rxsync.pipeline.plugin import Plugin, stream
from rxsync.pipeline.progress import Events, Finished, Started
from rxsync.pipeline.promise import Promise
from rxsync.pipeline.report import Report
from rxsync.pipeline.retention import retain
from rxsync.pipeline.rules import Rules, SyncOptions, arrange
from rxsync.pipeline.run import Run
from rxsync.pipeline.seal import Seal
from rxsync.pipeline.source import locate
from rxsync.pipeline.tally import Tally
from rxsync.pipeline.undertaking import Undertaking
from rxsync.ports.catalog import Change, Version, VersionTransaction
from rxsync.urls import without_credentials


async def sync(
    source: str,
    repository: Repository,
    *,
    promise: Promise | None = None,
    events: Events | None = None,
    controls: Controls | None = None,
    **options: Unpack[SyncOptions],
) -> Report:
    """Mirror a source into a repository; at the end there is a new version, or nothing has changed.

    Args:
        source: a URL, or a folder.
        repository: where to.
        promise: of a plan, ``plan.promise``: make that version, or none.
        events: an observer that is told of progress.
        controls: ``max_concurrent``, ``rate`` and ``bwlimit``, to be set while it runs; instead of the options.
        options: see ``rxsync.pipeline.rules.SyncOptions``, which has all of them, with what holds unless they are said.

    Raises:
        UsageError: an argument cannot be; nothing was opened.
        RxSyncError: it failed, and no version was made; ``report`` on the error says how far it came.
        asyncio.CancelledError: likewise; where it was cancelled with a signal's number, the report says so.
    """
    rules = arrange(**options)
    with limited(_chosen(controls, rules, options)) as limits:
        sync = _Sync(locate(source), repository, rules, rules.plugin, limits, promise, events)
        try:
            async with repository.holding([*rules.plugin.content_types, *rules.plugin.related_types]) as catalog:
                await sync.run(catalog)
        except BaseException as error:
            sync.outcome.failed(error)
            raise
        finally:
            sync.watched.tell(Finished(sync.report))
    return sync.report


def _chosen(controls: Controls | None, rules: Rules, options: SyncOptions) -> Controls:
    if controls is None:
        return rules.link.controls()
    if both := [name for name in ("max_concurrent", "rate", "bwlimit") if name in options]:
        raise UsageError(f"{' and '.join(both)}: expected in controls, or as an option, and not twice")
    return controls


class _Sync(Undertaking):
    """One sync.

    Args:
        promise: of a plan; None for none.
    """

    def __init__(
        self,
        url: str,
        repository: Repository,
        rules: Rules,
        plugin: Plugin[Any, Any],
        limits: Limits,
        promise: Promise | None = None,
        events: Events | None = None,
    ) -> None:
        super().__init__(url, repository, rules, plugin, Tally(), limits, events)
        self.promise = promise

    async def run(self, catalog: DatabaseCatalog) -> None:
        """Run the line, and note in the catalog how it ended."""
        run, shown, name = uuid.uuid4().hex, without_credentials(self.url), self.repository.name
        keys = await catalog.write(lambda tx: tx.begin_run(run, name, shown))
        self.report.run = run
        seal = Seal(self.rules, self.plugin, self.url)
        try:
            self.report.base_version, seal.known = await catalog.read(
                lambda tx: (tx.version(name).number, tx.fingerprint(name))
            )
            if self.promise is not None:  # a server may know a file by more than one thing
                seal.known = self.promise.fingerprint
            self.watched.tell(Started(run, name, shown))
            await self._make_version(catalog, seal, run, *keys)
        except BaseException as error:
            self.outcome.failed(error)
            with suppress(CatalogError):  # the first error is the one to tell
                await self._note_end(catalog, run, None)
            raise
        whole = self.report.exit_code == 0 and not self.report.dropped
        await self._note_end(catalog, run, seal.now if whole else None)
        if self.rules.retain_versions is not None:
            await retain(catalog, name, self.rules.retain_versions)

    async def run_as_part(self, catalog: DatabaseCatalog) -> None:
        """Do it, inside another one, while no other run is at work on the sub-repository."""
        name = self.repository.name
        with locked(self.repository.home.locks, name):
            async with catalog.holding(name):
                await self.run(catalog)

    def part(self, repository: Repository, plugin: Part) -> _Sync:
        """Make one for a sub-repository."""
        promise = None if self.promise is None else self.promise.of_part(repository.name)
        return _Sync(self.url, repository, self.rules, plugin, self.limits, promise)

    async def _note_end(self, catalog: DatabaseCatalog, run: str, fingerprint: str | None) -> None:
        report = json.dumps(self.report.as_dict())
        await catalog.write(lambda tx: tx.end_run(run, self.report.exit_code, report, fingerprint))

    async def _make_version(self, catalog: DatabaseCatalog, seal: Seal, run: str, repository: int, remote: int) -> None:
        home, plugin = self.repository.home, self.plugin
        aside = home.path / "quarantine" / run
        async with self.lend(
            run, catalog, catalog, home.storage, aside=aside, remote=remote, repository=repository
        ) as lent:
            unchanged, base = await seal.holds(lent), self.report.base_version or 0
            if self.promise is not None:
                self.promise.check_beginning(base, seal.now)
            elif unchanged:
                self.outcome.unchanged(base)
                return
            await plugin.before_run(lent)
            async with self.watched.flow() as watch:
                self.outcome.succeeded(*await self._line(lent).create(watch))
            await plugin.after_run(lent, self.report)

    def _hold(self, change: Change, digest: str) -> None:
        assert self.promise is not None  # noqa: S101 - for mypy: else this is not called
        self.promise.check(change, digest, [part.repository for part in self.report.repositories])

    def _line(self, run: Run[Any, Any]) -> DeclarativeVersion:
        plugin, name = self.plugin, self.repository.name

        def finalize(tx: VersionTransaction, version: Version) -> None:
            answer: object = plugin.finalize_version(run, Draft(name, version, tx))  # type: ignore[func-returns-value]  # it should not
            refuse_coroutine(answer, f"finalize_version of plugin {plugin.name!r}")

        return DeclarativeVersion(
            defer(lambda _: stream(plugin, run)),
            run,
            self.outcome.tally,
            mirror=self.rules.mode == "mirror",
            max_delete=self.rules.max_delete,
            recipe=self.rules.line(plugin, run),
            hold=None if self.promise is None else self._hold,
            finalize=finalize,
        )
