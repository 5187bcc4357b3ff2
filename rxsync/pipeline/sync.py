"""One sync of one repository: everything opened, run, noted and closed again.

Floor 4, pipeline.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import suppress
from typing import Any, Unpack, get_args

from reactivex import defer

from rxsync.catalog import DatabaseCatalog
from rxsync.download import open_downloader
from rxsync.errors import CatalogError, UsageError
from rxsync.models import Remote
from rxsync.operators.catalog_stage import refuse_coroutine
from rxsync.pipeline.declarative_version import DeclarativeVersion
from rxsync.pipeline.draft import Draft
from rxsync.pipeline.home import Repository
from rxsync.pipeline.lock import locked
from rxsync.pipeline.outcome import Outcome
from rxsync.pipeline.part import Part
from rxsync.pipeline.plugin import Plugin, stream
from rxsync.pipeline.progress import Events, Finished, Started
from rxsync.pipeline.promise import Promise
from rxsync.pipeline.report import Problem, Report
from rxsync.pipeline.retention import retain
from rxsync.pipeline.rules import Rules, SyncOptions, arrange
from rxsync.pipeline.run import Declare, OnNested, Run
from rxsync.pipeline.seal import Seal
from rxsync.pipeline.source import locate
from rxsync.pipeline.tally import Tally
from rxsync.pipeline.watching import Watched
from rxsync.ports.catalog import Version, VersionTransaction
from rxsync.urls import without_credentials


async def sync(
    source: str,
    repository: Repository,
    *,
    promise: Promise | None = None,
    events: Events | None = None,
    **options: Unpack[SyncOptions],
) -> Report:
    """Mirror a source into a repository; at the end there is a new version, or nothing has changed.

    Args:
        source: a URL, or a folder.
        repository: where to.
        promise: of a plan, ``plan.promise``: make that version, or none.
        events: an observer that is told of progress.
        options: ``plugin``, ``options``, ``mode``, ``policy``, ``max_delete``, ``max_concurrent``, ``retries``,
            ``retain_versions``, ``token``, ``full``, ``amend``: see ``rxsync.pipeline.rules.SyncOptions``.

    Raises:
        UsageError: an argument cannot be; nothing was opened.
        RxSyncError: it failed, and no version was made; ``report`` on the error says how far it came.
        asyncio.CancelledError: likewise; where it was cancelled with a signal's number, the report says so.
    """
    rules = arrange(**options)
    sync = _Sync(locate(source), repository, rules, rules.plugin, promise, events)
    try:
        async with repository.holding([*rules.plugin.content_types, *rules.plugin.related_types]) as catalog:
            await sync.run(catalog)
    except BaseException as error:
        sync.outcome.failed(error)
        raise
    finally:
        sync.watched.tell(Finished(sync.report))
    return sync.report


class _Sync:
    """The state of one sync. Its report is filled in as it goes."""

    def __init__(
        self,
        url: str,
        repository: Repository,
        rules: Rules,
        plugin: Plugin[Any, Any],
        promise: Promise | None = None,
        events: Events | None = None,
    ) -> None:
        self.url, self.repository, self.rules, self.plugin, self.promise = url, repository, rules, plugin, promise
        self.report = Report(run=None, repository=repository.name)
        self.outcome = Outcome(self.report, plugin, Tally())
        self.watched = Watched(self.outcome, events)

    async def run(self, catalog: DatabaseCatalog) -> None:
        """Run the line, and note in the catalog how it ended."""
        run, shown, name = uuid.uuid4().hex, without_credentials(self.url), self.repository.name
        keys = await catalog.write(lambda tx: tx.begin_run(run, name, shown))
        self.report.run = run
        seal = Seal(self.rules, self.plugin, self.url)
        try:
            base, known = await catalog.read(lambda tx: (tx.version(name).number, tx.fingerprint(name)))
            seal.known = known
            self.report.base_version = base
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

    async def _note_end(self, catalog: DatabaseCatalog, run: str, fingerprint: str | None) -> None:
        report = json.dumps(self.report.as_dict())
        await catalog.write(lambda tx: tx.end_run(run, self.report.exit_code, report, fingerprint))

    async def _make_version(self, catalog: DatabaseCatalog, seal: Seal, run: str, repository: int, remote: int) -> None:
        storage, rules, plugin = self.repository.home.storage, self.rules, self.plugin
        async with (
            storage.scratch(run) as scratch,
            open_downloader(
                self.url, scratch, total=rules.max_concurrent, retries=rules.retries, token=rules.token
            ) as downloader,
        ):
            lent: Run[Any, Any] = Run(
                id=run,
                remote=Remote(url=self.url),
                options=rules.options,
                context=plugin.context(),
                downloader=downloader,
                remote_key=remote,
                repository_key=repository,
                catalog=catalog,
                storage=storage,
                scratch=scratch,
                aside=self.repository.home.path / "quarantine" / run,
                on_demand=rules.policy == "on_demand",
                max_concurrent=rules.max_concurrent,
                received=self.outcome.tally.receive,
                nested=lambda *part: self._nested(catalog, lent, *part),
            )
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

    async def _nested(
        self, catalog: DatabaseCatalog, run: Run[Any, Any], name: str, declare: Declare, on_error: OnNested
    ) -> Report:
        if on_error not in get_args(OnNested):
            raise UsageError(f"on_error {on_error!r}: expected {' or '.join(get_args(OnNested))}")
        repository = self.repository.home.repository(f"{self.repository.name}+{name}")
        if any(one.repository == repository.name for one in self.report.repositories):
            raise UsageError(f"{repository.name} is synced twice in one run: expected another name")
        promise = None if self.promise is None else self.promise.of_part(repository.name)
        part = _Sync(self.url, repository, self.rules, Part(self.plugin, run, declare), promise)
        self.report.repositories.append(part.report)
        try:
            with locked(repository.home.locks, repository.name):
                async with catalog.holding(repository.name):
                    await part.run(catalog)
        except Exception as error:
            part.outcome.failed(error)
            if on_error == "fail":
                raise
            problem = Problem(repository.name, None, str(error), type(error).__name__, "declare", 0)
            self.outcome.tally.problems.append(problem)
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise asyncio.CancelledError  # which the part held back until its version was made
        return part.report

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
            promise=self.promise,
            finalize=finalize,
        )
