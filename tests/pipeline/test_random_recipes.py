"""Recipes drawn at random, over a real home: whatever an author puts into the line, the report balances.

Or the run fails with an error that says why, no version, no file of its own, no lock and no task.
``RXSYNC_EXAMPLES=2000`` draws that many, and others each time.
"""

import asyncio
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import reactivex as rx
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from reactivex import operators as ops

from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.errors import FlowError, RxSyncError
from rxsync.flow import expand, stage
from rxsync.pipeline.home import Home
from rxsync.pipeline.lock import locked
from rxsync.pipeline.sync import sync
from rxsync.plugins.file import FileContent
from rxsync.plugins.file.folder import write_manifest

EXAMPLES = int(os.environ.get("RXSYNC_EXAMPLES", "0"))
randomly = settings(
    max_examples=EXAMPLES or 100,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
STEPS = [
    "refuse_clashes",
    "query_existing_content",
    "query_existing_artifacts",
    "download_artifacts",
    "save_artifacts",
    "save_content",
    "save_remote_artifacts",
    "resolve_content",
    "associate_content",
]
HANG = 30  # seconds after which a run is taken to hang


class Boom(Exception):
    """A step's own bug."""


class Trial:
    """One recipe, run once."""

    def __init__(self, cancels):
        self.passed, self.cancels, self.canceller, self.never = 0, cancels, None, asyncio.Event()

    def passes(self):
        """Count a unit at any of the steps; cancel the run where that is due."""
        self.passed += 1
        if self.cancels and self.passed == self.cancels[0]:
            self.cancel_soon()

    def cancel_soon(self):
        if self.canceller is None:
            self.canceller = asyncio.create_task(self.cancel())

    async def cancel(self):
        for turns in self.cancels[1:]:
            self.running.cancel()
            for _ in range(turns):
                await asyncio.sleep(0)
        self.running.cancel()


@dataclass(frozen=True)
class Own:
    """A step of the author's, and where it stands: before one of the standard ones, or at the end."""

    at: int
    kind: str
    number: int

    def stage(self, trial):
        return rx.compose(ops.do_action(lambda _: trial.passes()), getattr(self, self.kind)(trial))

    def model(self, names):
        """What becomes of the names that come to it."""
        if self.kind == "drop":
            return [name for name in names if not self.falls(name)]
        if self.kind == "bring":
            return [other for name in names for other in ([name, f"more/{name}"] if self.falls(name) else [name])]
        return names

    def falls(self, name):
        return sum(name.encode()) % 4 == self.number % 4

    def same(self, trial):
        return ops.map(lambda unit: unit)

    def slow(self, trial):
        async def work(unit):
            for _ in range(sum(unit.name.encode()) % 3):
                await asyncio.sleep(0)
            return (unit,)

        return stage(work, concurrency=self.number % 5 + 1)

    def hold(self, trial):
        return stage(list, batch=self.number + 1, linger=None)

    def drop(self, trial):
        return ops.filter(lambda unit: not self.falls(unit.name))

    def twice(self, trial):
        return expand(lambda unit: [unit, unit] if self.falls(unit.name) else [unit])

    def bring(self, trial):
        return expand(lambda given: [given, another(given)] if self.falls(given.name) else [given])

    def fail(self, trial):
        units = iter(range(1000))

        async def work(unit):
            await asyncio.sleep(0)
            if next(units) == self.number:
                raise Boom
            return (unit,)

        return stage(work, concurrency=3)

    def wait(self, trial):
        async def work(unit):
            if self.falls(unit.name):
                await unit.resolution()
            return (unit,)

        return stage(work, concurrency=self.number % 3 + 1)

    def stall(self, trial):
        async def work(unit):
            if trial.cancels:  # the only thing that ends it
                trial.cancel_soon()
                await trial.never.wait()
            return (unit,)

        return stage(work, concurrency=2)


def another(given):
    """The same bytes at another path."""
    path, (file,) = f"more/{given.name}", given.artifacts
    artifact = DeclarativeArtifact(file.urls, path, digests=file.digests, size=file.size)
    return DeclarativeContent(FileContent(relative_path=path, sha256=file.digests["sha256"]), [artifact])


KINDS = ["same", "slow", "hold", "drop", "twice", "bring", "fail", "wait", "stall"]
OWN = st.builds(Own, st.integers(0, len(STEPS)), st.sampled_from(KINDS), st.integers(0, 12))
FILES = st.integers(0, 25)
CANCELS = st.just(()) | st.lists(st.integers(1, 40), min_size=1, max_size=3).map(tuple)


def amended(owns, trial):
    def amend(recipe):
        for number, own in enumerate(owns):
            added = {f"{own.kind}_{number}": own.stage(trial)}
            end = [step.name for step in recipe][-1]
            recipe = recipe.before(STEPS[own.at], **added) if own.at < len(STEPS) else recipe.after(end, **added)
        return recipe

    return amend


def fill(folder, count):
    """``count`` files, a third of them with the bytes of others; all that a step may bring lies there, too."""
    for number in range(count):
        (folder / f"{number}").write_bytes(b"%d" % (number % 15))
    write_manifest(folder)


@randomly
@given(FILES, st.lists(OWN, max_size=4), st.sampled_from(["immediate", "on_demand"]), CANCELS)
def test_whatever_an_author_puts_into_the_line_the_report_balances_or_nothing_is_left(count, owns, policy, cancels):
    with tempfile.TemporaryDirectory() as folder:
        source, home = Path(folder, "source"), Home(Path(folder, "home"))
        source.mkdir()
        fill(source, count)
        asyncio.run(attempt(source, home, owns, policy, cancels))


async def attempt(source, home, owns, policy, cancels):
    trial, files = Trial(cancels), home.repository("files")
    trial.running = asyncio.create_task(
        sync(str(source), files, policy=policy, retries=0, amend=amended(owns, trial)), name="sync"
    )
    try:
        async with asyncio.timeout(HANG):
            report = await trial.running
    except (Boom, RxSyncError, asyncio.CancelledError) as error:
        event(type(error).__name__)
        await check_that_nothing_is_left(home, error, owns, trial)
        report = await sync(str(source), files, policy=policy)  # and the next one goes on from there
        await check_the_version(files, report, [path.name for path in source.iterdir() if path.name.isdigit()])
    else:
        event("a version")
        names = sorted((path.name for path in source.iterdir() if path.name.isdigit()), key=int)
        for own in sorted(owns, key=lambda own: own.at):
            names = own.model(names) if own.at < len(STEPS) else names
        await check_the_version(files, report, names)
    assert asyncio.all_tasks() <= {asyncio.current_task(), trial.canceller}
    if trial.canceller is not None:
        await trial.canceller


async def check_the_version(files, report, names):
    assert report.balances
    assert report.exit_code == 0
    assert Counter(unit.name for unit in await files.units()) == Counter(set(names))


async def check_that_nothing_is_left(home, error, owns, trial):
    if isinstance(error, asyncio.CancelledError):
        assert trial.cancels
    elif isinstance(error, Boom):
        assert any(own.kind == "fail" for own in owns)
    else:
        assert isinstance(error, FlowError)  # a circle of waiting, or a unit brought in too late to be saved
        assert {own.kind for own in owns} & {"wait", "bring"}
        assert error.report.balances
        assert error.report.version is None
    if home.path.exists():
        assert list((home.path / "tmp").iterdir()) == []
        assert [version.number for version in await home.repository("files").versions()] == [0]
        with locked(home.locks, "files"):
            pass
