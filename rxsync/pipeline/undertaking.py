"""What a sync and a plan of one have in common: a source, a repository, rules, and what the run is lent.

Floor 4, pipeline.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, get_args

from rxsync.catalog import DatabaseCatalog
from rxsync.catalog.fingerprints import PART
from rxsync.declare import DeclarativeContent
from rxsync.download import Limits, open_downloader
from rxsync.errors import MovedError, UsageError
from rxsync.models import Remote
from rxsync.pipeline.home import Repository
from rxsync.pipeline.outcome import Outcome
from rxsync.pipeline.part import Part
from rxsync.pipeline.plugin import Plugin
from rxsync.pipeline.progress import Events
from rxsync.pipeline.report import Problem, Report
from rxsync.pipeline.rules import Rules
from rxsync.pipeline.run import Declare, OnNested, Run
from rxsync.pipeline.tally import Tally
from rxsync.pipeline.watching import Watched
from rxsync.ports.catalog import Catalog
from rxsync.storage import LocalStorage


class Undertaking(ABC):
    """The state of one sync, or of one plan. Its report is filled in as it goes.

    Args:
        url: of the source, with credentials.
        repository: where to.
        rules: how to go about it.
        plugin: who declares: that of the rules, or a part of it.
        tally: counts what passes.
        limits: of the whole run, its parts included.
        events: who watches; None for nobody.
    """

    url: str
    repository: Repository
    rules: Rules
    plugin: Plugin[Any, Any]
    limits: Limits
    report: Report
    outcome: Outcome
    watched: Watched

    def __init__(
        self,
        url: str,
        repository: Repository,
        rules: Rules,
        plugin: Plugin[Any, Any],
        tally: Tally,
        limits: Limits,
        events: Events | None = None,
    ) -> None:
        self.url, self.repository, self.rules, self.plugin, self.limits = url, repository, rules, plugin, limits
        self.report = Report(run=None, repository=repository.name)
        self.outcome = Outcome(self.report, plugin, tally)
        self.watched = Watched(self.outcome, events, limits)

    @abstractmethod
    async def run(self, catalog: DatabaseCatalog) -> None:
        """Do it."""

    @abstractmethod
    def part(self, repository: Repository, plugin: Part) -> Self:
        """Make one for a sub-repository."""

    @abstractmethod
    async def run_as_part(self, catalog: DatabaseCatalog) -> None:
        """Do it, inside another one."""

    @asynccontextmanager
    async def lend(
        self,
        run: str,
        catalog: DatabaseCatalog,
        seen: Catalog,
        storage: LocalStorage,
        *,
        aside: Path,
        remote: int = 0,
        repository: int = 0,
        planning: bool = False,
    ) -> AsyncIterator[Run[Any, Any]]:
        """Open what a run needs, and give it.

        Args:
            run: its id.
            catalog: the home's.
            seen: the same, as a plugin sees it.
            storage: what the scratch is a part of.
            aside: folder for what is kept for a look.
            remote: key of the remote.
            repository: key of the repository; 0 for one that does not exist.
            planning: True where nothing is written.
        """
        rules, plugin = self.rules, self.plugin
        async with (
            storage.scratch(run) as scratch,
            open_downloader(self.url, scratch, rules.link, self.limits) as downloader,
        ):
            lent: Run[Any, Any] = Run(
                id=run,
                remote=Remote(url=self.url),
                options=rules.options,
                context=plugin.context(),
                downloader=downloader,
                remote_key=remote,
                repository_key=repository,
                catalog=seen,
                storage=self.repository.home.storage,
                scratch=scratch,
                aside=aside,
                on_demand=rules.policy == "on_demand",
                max_concurrent=self.limits.total,
                per_host=self.limits.host,
                controls=self.limits.controls,
                received=self.outcome.tally.receive,
                errors=rules.errors,
                spare=self._spare if rules.errors.spares else None,
                second_pass=rules.link.retries > 0,
                nested=lambda *part: self._nested(catalog, lent, *part),
                planning=planning,
            )
            yield lent

    def _spare(self, unit: DeclarativeContent, error: Exception) -> None:
        errors, tally = self.rules.errors, self.outcome.tally
        errors.leave_out(unit, error)
        errors.check(tally.skipped, tally.declared, all_declared=tally.ended)

    async def _nested(
        self, catalog: DatabaseCatalog, run: Run[Any, Any], name: str, declare: Declare, on_error: OnNested
    ) -> Report:
        if on_error not in get_args(OnNested):
            raise UsageError(f"on_error {on_error!r}: expected {' or '.join(get_args(OnNested))}")
        repository = self.repository.home.repository(f"{self.repository.name}{PART}{name}")
        if any(one.repository == repository.name for one in self.report.repositories):
            raise UsageError(f"{repository.name} is synced twice in one run: expected another name")
        part = self.part(repository, Part(self.plugin, run, declare))
        self.report.repositories.append(part.report)
        try:
            await part.run_as_part(catalog)
        except Exception as error:
            part.outcome.failed(error)
            if on_error == "fail" or isinstance(error, MovedError):
                raise
            problem = Problem(repository.name, None, str(error), type(error).__name__, "declare", 0)
            self.outcome.tally.problems.append(problem)
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise asyncio.CancelledError  # which the part held back until its version was made
        return part.report
