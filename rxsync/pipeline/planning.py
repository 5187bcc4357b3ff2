"""Make a plan: run the line up to where a sync would begin to write.

Floor 4, pipeline. Nothing is written: notes are in temporary tables, and what a source must read to declare is fetched
into a folder that goes with the plan.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, Unpack

from reactivex import defer
from reactivex import operators as ops

from rxsync.catalog import DatabaseCatalog
from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.download import Limits, limited
from rxsync.errors import CatalogError, ConflictError, GuardError, NotFoundError, UsageError
from rxsync.flow import Flow
from rxsync.flow import run as run_flow
from rxsync.operators import await_needs, learn_keys, plan_content, resolve_content
from rxsync.operators.download_artifacts import is_wanted
from rxsync.pipeline.home import Home, Repository
from rxsync.pipeline.options import as_text
from rxsync.pipeline.part import Part
from rxsync.pipeline.plan import TAKES, Plan
from rxsync.pipeline.plugin import Plugin, stream
from rxsync.pipeline.progress import Events, Finished, Started
from rxsync.pipeline.promise import Promise
from rxsync.pipeline.recipe import Recipe, Step
from rxsync.pipeline.rules import Rules, SyncOptions, arrange
from rxsync.pipeline.run import Run
from rxsync.pipeline.seal import Seal
from rxsync.pipeline.source import locate
from rxsync.pipeline.tally import Tally, blame
from rxsync.pipeline.undertaking import Undertaking
from rxsync.ports.catalog import Catalog, Change, PlanTransaction, VersionTransaction
from rxsync.storage import LocalStorage
from rxsync.urls import without_credentials

T = TypeVar("T")


async def plan(
    source: str, repository: Repository, *, events: Events | None = None, **options: Unpack[SyncOptions]
) -> Plan:
    """Look what a sync would do, and do none of it. The home need not exist.

    The steps before the download run, those of the plugin and of ``amend`` among them. What a later step would do, such
    as a check of the bytes, or ``finalize_version``, is not known to a plan.

    Args:
        source: a URL, or a folder.
        repository: where to.
        events: an observer that is told of progress.
        options: those of ``sync``.

    Raises:
        UsageError: an argument cannot be.
        RxSyncError: the source failed, or contradicts itself; ``report`` on the error says how far it came.
    """
    rules = arrange(**options)
    arguments = {"source": without_credentials(locate(source)), "repository": repository.name, **_plain(options)}
    with limited(rules.link.controls()) as limits:
        planning = _Planning(locate(source), repository, rules, rules.plugin, limits, events)
        try:
            async with repository.home.planning([*rules.plugin.content_types, *rules.plugin.related_types]) as catalog:
                await planning.run(catalog)
        except BaseException as error:
            planning.outcome.failed(error)
            raise
        finally:
            planning.watched.tell(Finished(planning.report))
    planning.plan.arguments = arguments
    return planning.plan


class _Planning(Undertaking):
    """One plan."""

    def __init__(
        self,
        url: str,
        repository: Repository,
        rules: Rules,
        plugin: Plugin[Any, Any],
        limits: Limits,
        events: Events | None = None,
    ) -> None:
        super().__init__(url, repository, rules, plugin, _Foreseen(rules.policy == "on_demand"), limits, events)
        self.plan = Plan(self.report, free=_free(repository.home))

    async def run(self, catalog: DatabaseCatalog) -> None:
        """Run the line, and compare."""
        run, report = uuid.uuid4().hex, self.report
        key, report.base_version = await catalog.read(self._base)
        report.run = run
        self.watched.tell(Started(run, self.repository.name, without_credentials(self.url)))
        seal = Seal(self.rules, self.plugin, self.url)
        with TemporaryDirectory(prefix="rxsync-plan-") as name:
            folder = Path(name)
            async with self.lend(
                run,
                catalog,
                _Unwritten(catalog),
                LocalStorage(folder),
                aside=folder / "quarantine",
                repository=key,
                planning=True,
            ) as lent:
                await seal.holds(lent)
                await self.plugin.before_run(lent)
                await catalog.read(lambda tx: tx.begin_plan(run))
                try:
                    async with self.watched.flow() as watch:
                        await self._line(lent, watch)
                    change, digest = await catalog.read(lambda tx: self._compare(tx, lent))
                finally:
                    with suppress(CatalogError):
                        await catalog.read(lambda tx: _forget(tx, run))
        parts = {part.report.repository: part.promise for part in self.plan.parts}
        self.plan.promise = Promise(change.base, digest, seal.now, parts)

    async def run_as_part(self, catalog: DatabaseCatalog) -> None:
        """Do it, inside another one: whoever plans keeps nobody off."""
        await self.run(catalog)

    def part(self, repository: Repository, plugin: Part) -> _Planning:
        """Make one for a sub-repository."""
        part = _Planning(self.url, repository, self.rules, plugin, self.limits)
        self.plan.parts.append(part.plan)
        return part

    def _base(self, tx: PlanTransaction) -> tuple[int, int]:
        try:
            return tx.repository_key(self.repository.name), tx.version(self.repository.name).number
        except NotFoundError:
            return 0, 0

    async def _line(self, run: Run[Any, Any], watch: Callable[[Flow], None]) -> None:
        tally = self.outcome.tally
        source = defer(lambda _: stream(self.plugin, run))
        counted = source.pipe(ops.do_action(tally.declare, blame("declare"), tally.end))
        steps = foresight(self.rules.line(self.plugin, run), run)
        await run_flow(steps.through(counted, tally.watch), tally.arrive, watch=watch)

    def _compare(self, tx: PlanTransaction, run: Run[Any, Any]) -> tuple[Change, str]:
        plan, report, tally, mirror = self.plan, self.plan.report, self.outcome.tally, self.rules.mode == "mirror"
        tx.spare(run.id, tally.spared)
        change = tx.change(run.id, run.repository_key, mirror=mirror)
        plan.add, plan.remove = list(tx.coming(run.id)), list(tx.going(run.id))
        plan.files_to_download, plan.bytes_to_download, plan.unsized = tx.wanted(run.id)
        self.outcome.came_to_an_end()
        report.version, report.added, report.removed, report.kept = (
            change.base,
            change.added,
            change.removed,
            change.kept,
        )
        try:
            if mirror:
                self.rules.max_delete.check(change, came_through=tally.came_through, declared=tally.declared)
            if change.added and (clash := tx.clash(run.id, run.repository_key)):
                raise ConflictError(str(clash))
        except (GuardError, ConflictError) as error:
            self.outcome.refused(error)
        return change, tx.digest(run.id)


class _Foreseen(Tally):
    """Counts what would come of units; none of their bytes is here."""

    def __init__(self, on_demand: bool) -> None:
        super().__init__()
        self._on_demand = on_demand

    def is_left(self, unit: DeclarativeContent, artifact: DeclarativeArtifact) -> bool:
        """Whether a sync would leave the bytes of a file for later."""
        here = artifact.stored is not None or artifact.body is not None
        return not here and not is_wanted(unit, artifact, self._on_demand)


class _Unwritten:
    """The catalog as a plugin sees it in a plan. Implements ``rxsync.ports.catalog.Catalog``."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def read(self, work: Callable[[PlanTransaction], T]) -> T:
        return await self._catalog.read(work)

    async def write(self, work: Callable[[VersionTransaction], T]) -> T:
        raise UsageError("a plan writes nothing, and the plugin wants to: it can only be synced")


def foresight(line: Recipe, run: Run[Any, Any]) -> Recipe:
    """The steps of a line before it begins to fetch and write, and those that note what it would."""
    facts = {"bytes", "stored files", "saved content"}
    at = next((at for at, step in enumerate(line.steps) if step.gives & facts), len(line.steps))
    plan = plan_content(run.catalog.read, run.id, deferred=run.on_demand)
    return Recipe(
        [
            *line.steps[:at],
            Step(
                "learn_keys",
                learn_keys(
                    run.downloader.fetch,
                    max_concurrent=run.max_concurrent,
                    on_error=run.spare,
                    second_pass=run.second_pass,
                ),
                own=False,
            ),
            Step("await_needs", await_needs(), own=False),
            Step("plan_content", plan, own=False),
            Step("resolve_content", resolve_content(), own=False),
        ]
    )


def _forget(tx: PlanTransaction, run: str) -> None:
    tx.end_declaring(run)
    tx.end_plan(run)


def _free(home: Home) -> int:
    folder = home.path.absolute()
    while not folder.exists():
        folder = folder.parent
    return disk_usage(folder).free


def _plain(options: SyncOptions) -> dict[str, Any]:
    """What of the options a file can hold: a plugin by name, the rest as text; no functions, and no secrets."""
    plain: dict[str, Any] = {name: value for name, value in options.items() if name in TAKES}
    if isinstance(plugin := options.get("plugin"), Plugin):
        plain["plugin"] = plugin.name
    for name in ("max_delete", "max_failures"):
        if plain.get(name) is not None:
            plain[name] = str(plain[name])
    if chosen := options.get("options"):
        plain["options"] = {key: as_text(value) for key, value in chosen.items()}
    return plain
