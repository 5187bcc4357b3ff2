"""One sync of one repository: everything opened, run, noted and closed again.

Floor 4, pipeline.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from signal import SIGINT
from typing import Any, get_args

from reactivex import defer, interval
from reactivex.disposable import SerialDisposable
from reactivex.scheduler.eventloop import AsyncIOScheduler

from rxsync.catalog import DatabaseCatalog
from rxsync.download import open_downloader
from rxsync.errors import CANCELLED, CatalogError, DownloadError, Failure, FlowError, RxSyncError, UsageError, failure
from rxsync.flow import Flow
from rxsync.models import Remote
from rxsync.operators.catalog_stage import refuse_coroutine
from rxsync.operators.download_artifacts import MAX_CONCURRENT
from rxsync.pipeline.declarative_version import DeclarativeVersion
from rxsync.pipeline.draft import Draft
from rxsync.pipeline.guards import DEFAULT, MaxDelete
from rxsync.pipeline.home import Repository
from rxsync.pipeline.lock import locked
from rxsync.pipeline.options import parse
from rxsync.pipeline.part import Part
from rxsync.pipeline.plugin import Plugin, stream
from rxsync.pipeline.plugins import load
from rxsync.pipeline.progress import EVERY, Advanced, Event, Events, Finished, Started
from rxsync.pipeline.recipe import Recipe
from rxsync.pipeline.report import Problem, Report
from rxsync.pipeline.rules import RETRIES, Amend, Mode, Policy, Rules
from rxsync.pipeline.run import Declare, OnNested, Run
from rxsync.pipeline.source import locate
from rxsync.pipeline.standard import standard
from rxsync.pipeline.tally import Tally, blamed
from rxsync.ports.catalog import Change, Version, VersionTransaction
from rxsync.urls import without_credentials

_log = logging.getLogger(__name__)


async def sync(
    source: str,
    repository: Repository,
    *,
    plugin: str | Plugin[Any, Any] = "file",
    options: Mapping[str, object] | None = None,
    mode: Mode = "mirror",
    policy: Policy = "immediate",
    max_delete: MaxDelete | str = DEFAULT,
    max_concurrent: int = MAX_CONCURRENT,
    retries: int = RETRIES,
    amend: Amend | None = None,
    events: Events | None = None,
) -> Report:
    """Mirror a source into a repository; at the end there is a new version, or nothing has changed.

    Args:
        source: a URL, or a folder.
        repository: where to.
        plugin: what kind of repository the source is.
        options: the plugin's, by name; values, or text as on the command line.
        mode: ``mirror``: the version holds what the source declares; ``additive``: that, and what was there.
        policy: ``immediate``: bytes now; ``on_demand``: content and URLs now, bytes when they are wanted.
        max_delete: how much may vanish in mirror mode; as text a number such as ``"50"``, or ``"20%"``.
        max_concurrent: most downloads at once.
        retries: attempts at one URL after the first, where trying again may help.
        amend: makes another recipe of the standard one.
        events: an observer that is told of progress.

    Raises:
        UsageError: an argument cannot be; nothing was opened.
        RxSyncError: it failed, and no version was made; ``report`` on the error says how far it came.
        asyncio.CancelledError: likewise; where it was cancelled with a signal's number, the report says so.
    """
    loaded = load(plugin) if isinstance(plugin, str) else plugin
    guard = MaxDelete.parse(max_delete) if isinstance(max_delete, str) else max_delete
    chosen = parse(loaded.options, options or {}, loaded.name)
    rules = Rules(mode, policy, guard, max_concurrent, retries, amend, chosen)
    sync = _Sync(locate(source), repository, loaded, rules, events)
    try:
        async with repository.holding([*loaded.content_types, *loaded.related_types]) as catalog:
            await sync.run(catalog)
    except BaseException as error:
        sync.failed(error)
        raise
    finally:
        sync.tell(Finished(sync.report))
    return sync.report


class _Sync:
    """The state of one sync. Its report is filled in as it goes."""

    def __init__(
        self, url: str, repository: Repository, plugin: Plugin[Any, Any], rules: Rules, events: Events | None
    ) -> None:
        self.url, self.repository, self.plugin, self.rules, self.events = url, repository, plugin, rules, events
        self.tally, self.report = Tally(), Report(run=None, repository=repository.name)
        self.began = time.monotonic()

    def tell(self, event: Event) -> None:
        """Tell whoever watches; who fails at watching is told no more, and holds up nothing."""
        if self.events is not None:
            try:
                self.events.on_next(event)
            except Exception:
                self.events = None
                _log.warning("an observer of progress failed and is told no more", exc_info=True)

    async def run(self, catalog: DatabaseCatalog) -> None:
        """Run the line, and note in the catalog how it ended."""
        run, shown = uuid.uuid4().hex, without_credentials(self.url)
        keys = await catalog.write(lambda tx: tx.begin_run(run, self.repository.name, shown))
        self.report.run = run
        try:
            base = await catalog.read(lambda tx: tx.version(self.repository.name))
            self.report.base_version = base.number
            self.tell(Started(run, self.repository.name, shown))
            await self._make_version(catalog, run, *keys)
        except BaseException as error:
            self.failed(error)
            with suppress(CatalogError):  # the first error is the one to tell
                await self._note_end(catalog, run)
            raise
        await self._note_end(catalog, run)

    async def _note_end(self, catalog: DatabaseCatalog, run: str) -> None:
        report = json.dumps(self.report.as_dict())
        await catalog.write(lambda tx: tx.end_run(run, self.report.exit_code, report))

    async def _make_version(self, catalog: DatabaseCatalog, run: str, repository: int, remote: int) -> None:
        storage, rules, plugin = self.repository.home.storage, self.rules, self.plugin
        async with (
            storage.scratch(run) as scratch,
            open_downloader(self.url, scratch, total=rules.max_concurrent, retries=rules.retries) as downloader,
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
                received=self.tally.receive,
                nested=lambda *part: self._nested(catalog, lent, *part),
            )
            await plugin.before_run(lent)
            async with self._watched() as watch:
                self._succeeded(*await self._line(lent).create(watch))
            await plugin.after_run(lent, self.report)

    async def _nested(
        self, catalog: DatabaseCatalog, run: Run[Any, Any], name: str, declare: Declare, on_error: OnNested
    ) -> Report:
        if on_error not in get_args(OnNested):
            raise UsageError(f"on_error {on_error!r}: expected {' or '.join(get_args(OnNested))}")
        repository = self.repository.home.repository(f"{self.repository.name}+{name}")
        if any(one.repository == repository.name for one in self.report.repositories):
            raise UsageError(f"{repository.name} is synced twice in one run: expected another name")
        part = _Sync(self.url, repository, Part(self.plugin, run, declare), self.rules, None)
        self.report.repositories.append(part.report)
        try:
            with locked(repository.home.locks, repository.name):
                async with catalog.holding(repository.name):
                    await part.run(catalog)
        except Exception as error:
            part.failed(error)
            if on_error == "fail":
                raise
            problem = Problem(repository.name, None, str(error), type(error).__name__, "declare", 0)
            self.tally.problems.append(problem)
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise asyncio.CancelledError  # which the part held back until its version was made
        return part.report

    def _line(self, run: Run[Any, Any]) -> DeclarativeVersion:
        plugin, name, amend = self.plugin, self.repository.name, self.rules.amend
        recipe = plugin.recipe(standard(run), run)
        if not isinstance(recipe, Recipe):
            raise FlowError(f"plugin {plugin.name!r}: recipe() answers with {recipe!r}: expected a Recipe")

        def finalize(tx: VersionTransaction, version: Version) -> None:
            answer: object = plugin.finalize_version(run, Draft(name, version, tx))  # type: ignore[func-returns-value]  # it should not
            refuse_coroutine(answer, f"finalize_version of plugin {plugin.name!r}")

        return DeclarativeVersion(
            defer(lambda _: stream(plugin, run)),
            run,
            self.tally,
            mirror=self.rules.mode == "mirror",
            max_delete=self.rules.max_delete,
            recipe=recipe if amend is None else amend(recipe),
            finalize=finalize,
        )

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[Callable[[Flow], None]]:
        """Tell where the run stands, a few times a second, and once more at its end."""
        ticking = SerialDisposable()
        flows: list[Flow] = []

        def advance(_: object = None) -> None:
            self.tell(self._advanced(flows[0]))

        def watch(flow: Flow) -> None:
            flows.append(flow)
            if self.events is not None:
                clock = AsyncIOScheduler(asyncio.get_running_loop())
                ticking.disposable = interval(EVERY, scheduler=clock).subscribe(advance)

        try:
            yield watch
        finally:
            ticking.dispose()
            if flows:
                advance()

    def _advanced(self, flow: Flow) -> Advanced:
        tally = self.tally
        seconds = time.monotonic() - self.began
        return Advanced(seconds, tally.declared, tally.ended, tally.done, tally.bytes_downloaded, flow.gauges)

    def _succeeded(self, change: Change, version: Version | None) -> None:
        report = self.report
        self._count()
        incomplete = [part.exit_code for part in report.repositories]
        report.exit_code = 3 if report.skipped or any(incomplete) else 0
        for step, count, names in self.tally.dropped():
            report.dropped += count
            reason = f"step {step!r} let it fall without saying so"
            report.problems += [Problem(name, None, reason, "dropped", step, 0) for name in names]
        report.version = change.base if version is None else version.number
        if version is not None:
            report.created, report.added, report.removed = True, change.added, change.removed

    def failed(self, error: BaseException) -> None:
        """Fill in what went wrong; if that was after the version was made, it stays made."""
        report = self.report
        if report.error is not None:
            return
        if report.version is None:
            self._count()
            report.failed = report.declared - self.tally.done
        report.exit_code = _exit_code(error)
        report.error = CANCELLED if isinstance(error, asyncio.CancelledError) else self._failure(error)
        if isinstance(error, DownloadError) and error.relative_path is not None:
            report.problems.append(_problem(error, error.relative_path))
        if isinstance(error, RxSyncError):
            error.report = report

    def _failure(self, error: BaseException) -> Failure:
        """Put an error into words; where it is the plugin's, say whose, in which step, and at which unit."""
        told, step = failure(error), blamed(error)
        if _exit_code(error) != 1 or step is None:
            return told
        where = [
            f"plugin {self.plugin.name!r}, {step}",
            *(note for note in getattr(error, "__notes__", ()) if note.startswith("at unit ")),
        ]
        what = told.message if isinstance(error, RxSyncError) else f"{told.kind}: {told.message}"
        return replace(told, message=f"{', '.join(where)}: {what}")

    def _count(self) -> None:
        report, tally = self.report, self.tally
        for name in ("declared", "new", "known", "repeated", "skipped", "deferred", "bytes_downloaded"):
            setattr(report, name, getattr(tally, name))
        report.problems += self.tally.problems
        self.tally.problems = []
        report.seconds = round(time.monotonic() - self.began, 3)


def _exit_code(error: BaseException) -> int:
    if isinstance(error, asyncio.CancelledError):
        signal = error.args[0] if error.args and isinstance(error.args[0], int) else SIGINT
        return 128 + signal
    return getattr(error, "exit_code", 1)


def _problem(error: DownloadError, name: str) -> Problem:
    return Problem(name, error.url, error.reason, type(error).__name__, "download_artifacts", error.attempts)
