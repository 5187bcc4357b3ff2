"""Units drawn at random through a real line with a small budget: what is really there never exceeds it by more than one.

``RXSYNC_EXAMPLES=1000`` draws that many, and others each time.
"""

import asyncio
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from weakref import WeakSet

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from reactivex import operators as ops

from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.operators.budget import Budget
from rxsync.pipeline.home import Home
from rxsync.pipeline.run import Run
from rxsync.pipeline.sync import sync
from rxsync.storage.prefetched import prefetched
from rxsync.storage.scratch import LocalScratch, LocalSink
from tests.pipeline.author import Given, Part

EXAMPLES = int(os.environ.get("RXSYNC_EXAMPLES", "0"))
randomly = settings(
    max_examples=EXAMPLES or 100,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SMALL, PIECE = 60, 100  # so that few bytes do what many would
HANG = 5  # seconds after which a run is taken to hang


@dataclass(frozen=True)
class Spec:
    """One unit: what becomes of it, its files as (which bytes, how many), and whether their size and digest are told."""

    fate: str
    files: tuple[tuple[int, int], ...]
    sized: bool = True
    digested: bool = True

    @property
    def size(self):
        return sum(size for _, size in self.files)


def data(seed, size):
    """The same for the same two: units share bytes by chance."""
    return (b"%d." % seed * size)[:size]


class Told:
    """What was there at once, really, and by the books."""

    def __init__(self, budget):
        self.budget, self.scratch, self.sinks = budget, None, WeakSet()
        self.memory = self.disk = self.looks = 0

    def look(self):
        """Compare what is there with what is leased."""
        used, bodies = self.budget.used, [body for one in self.scratch._bodies.values() if (body := one()) is not None]
        here = sum(body.size for body in bodies) + sum(sink.size for sink in self.sinks if not sink._ended)
        assert here <= used.memory + used.disk
        assert self.scratch.in_memory <= here
        assert sum(map(size_of, self.scratch.folder.iterdir())) <= used.memory + used.disk
        self.memory, self.disk = max(self.memory, used.memory), max(self.disk, used.disk)
        self.looks += 1


def size_of(path):
    """Of a file that a thread may be moving into the store just now."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def spied(patch, told):
    """Have it look whenever bytes come or go."""
    receive, write, close, release = LocalScratch.receive, LocalSink.write, LocalSink.close, LocalScratch.release

    def receive_and_know(scratch, *args):
        told.scratch = scratch
        sink = receive(scratch, *args)
        told.sinks.add(sink)
        return sink

    async def write_and_look(sink, piece):
        await write(sink, piece)
        told.look()

    async def close_and_look(sink):
        body = await close(sink)
        told.look()
        return body

    def release_and_look(scratch, bodies):
        release(scratch, bodies)
        if told.scratch is not None:
            told.look()

    patch.setattr(LocalScratch, "receive", receive_and_know)
    patch.setattr(LocalSink, "write", write_and_look)
    patch.setattr(LocalSink, "close", close_and_look)
    patch.setattr(LocalScratch, "release", release_and_look)


class Source(Given):
    """Declares the units of some specs; their files are in a folder."""

    def __init__(self, folder, specs):
        self.folder, self.specs = folder, specs

    def recipe(self, standard, run):
        def leave_out(unit):
            fate = unit.extra_data.fate
            if fate == "skipped":
                unit.skip("not wanted")
            return fate != "dropped"

        return standard.after("download_artifacts", leaving_out=ops.filter(leave_out))

    async def declare(self, run):
        before, kept = None, []  # whoever declares may hold every unit
        for number, spec in enumerate(self.specs):
            if spec.fate == "again" and before is not None:
                unit = await self.unit(*before)
            else:
                before = number, spec
                unit = await self.unit(number, spec)
            kept.append(unit) if spec.fate != "dropped" else None
            yield unit
            if number % 5 == 0:
                await asyncio.sleep(0)

    async def unit(self, number, spec):
        files = [await self.artifact(number, at, spec, *file) for at, file in enumerate(spec.files)]
        return DeclarativeContent(Part(name=f"{number}"), files, extra_data=spec)

    async def artifact(self, number, at, spec, seed, size):
        path, bytes_ = f"{number}.{at}", data(seed, size)
        place = self.folder / path
        told = bytes_ if spec.fate != "wrong" or at else bytes_ + b"!"
        if spec.fate != "missing" or at:
            place.write_bytes(bytes_)
        if spec.fate == "given":
            return DeclarativeArtifact((), path, body=await prefetched(place))
        return DeclarativeArtifact(
            place.as_uri(),
            path,
            digests={"sha256": sha256(told).hexdigest()} if spec.digested or spec.fate == "wrong" else None,
            size=len(told) if spec.sized else None,
            deferred=spec.fate == "deferred",
        )


SIZES = st.integers(0, SMALL) | st.integers(0, 600)
FATES = ["new", "cached", "deferred", "missing", "wrong", "again", "given", "dropped", "skipped"]
FILES = st.lists(st.tuples(st.integers(0, 6), SIZES), min_size=1, max_size=3).map(tuple)
SPECS = st.lists(st.builds(Spec, st.sampled_from(FATES), FILES, st.booleans(), st.booleans()), max_size=40)


@randomly
@given(SPECS, st.integers(1, 300), st.integers(1, 1000), st.integers(1, 12))
def test_what_is_here_and_not_stored_never_exceeds_the_budget_by_more_than_one(specs, memory, disk, most):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        asyncio.run(attempt(Path(folder), specs, Budget(memory, disk, SMALL), most, patch))


async def attempt(folder, specs, budget, most, patch):
    home, source = Home(folder / "home"), folder / "source"
    source.mkdir()
    files, told = home.repository("files"), Told(budget)
    before = [spec if spec.fate == "cached" else Spec("deferred", spec.files) for spec in specs]
    if any(spec.fate == "cached" for spec in specs):
        cached = [spec for spec in before if spec.fate == "cached"]
        await sync(str(source), files, plugin=Source(source, cached))
        specs = [*cached, *(spec for spec in specs if spec.fate != "cached")]
    patch.setattr("rxsync.pipeline.undertaking.Run", partial(Run, budget=budget))
    for name, value in (("SMALL", SMALL), ("PIECE", PIECE), ("MEMORY", budget.memory)):
        patch.setattr(f"rxsync.storage.scratch.{name}", value)
    patch.setattr("rxsync.download.files.PIECE", PIECE)
    spied(patch, told)
    async with asyncio.timeout(HANG):
        report = await sync(
            str(source), files, plugin=Source(source, specs), retries=0, on_error="skip", max_concurrent=most
        )
    check(specs, report, told)


def check(specs, report, told):
    assert report.balances
    budget = told.budget
    assert (budget.used, budget.waiting, list(budget._leases)) == ((0, 0), 0, [])
    assert told.scratch is None or told.scratch.in_memory == 0
    for most, cap, on_disk in ((told.memory, budget.memory, False), (told.disk, budget.disk, True)):
        odd = [bytes_of(spec, on_disk) for spec in specs if not spec.sized or bytes_of(spec, on_disk) > cap]
        assert most <= cap + max(odd, default=0)
        event(f"{'disk' if on_disk else 'memory'}: {'over' if most > cap else 'full' if most > cap * 0.9 else 'free'}")
    fates = Counter(problem.kind for problem in report.problems)
    event(f"skipped: {bool(fates)}")


def bytes_of(spec, on_disk):
    """Bytes of one kind; where no size is told, any file may begin as a small one."""
    return (
        sum(size for _, size in spec.files if size > SMALL)
        if on_disk
        else sum(
            min(size, SMALL) if not spec.sized else size for _, size in spec.files if size <= SMALL or not spec.sized
        )
    )
