"""What is told of runs, and how repositories stand, is what became of them."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

import rxsync
from rxsync.errors import HomeError, MetadataError, NotFoundError, UsageError
from rxsync.pipeline.lock import is_locked, locked
from rxsync.pipeline.log import LoggedRun, log, logged_run, read_report
from rxsync.pipeline.report import Failure, Problem, Report
from rxsync.pipeline.status import status
from rxsync.plugin import expand
from rxsync.plugins.file import FilePlugin

from .author import given, part


async def mirror(source, home, name="r", **more):
    return await rxsync.sync(str(source), home.repository(name), **more)


def skipping(*names):
    def step(unit):
        if unit.name in names:
            unit.skip("it is odd")
        return [unit]

    return lambda recipe: recipe.before("download_artifacts", odd=expand(step))


async def fail(source, home):
    (source / "PULP_MANIFEST").write_text("rubbish\n")
    with pytest.raises(MetadataError):
        await mirror(source, home)
    (source / "PULP_MANIFEST").unlink()


# -- outcomes


async def test_each_run_is_told_with_its_outcome_newest_first(source, home):
    reports = [await mirror(source, home), await mirror(source, home)]
    reports.append(await mirror(source, home, amend=skipping("a"), max_delete="100%"))
    await fail(source, home)
    runs = await log(home)
    assert [one.outcome for one in runs[1:]] == ["1 skipped", "nothing changed", "ok"]
    assert runs[0].outcome.startswith("failed: PULP_MANIFEST line 1: ")
    assert [one.exit_code for one in runs] == [4, 3, 0, 0]
    assert [one.report for one in runs[1:]] == reports[::-1]
    assert all(one.repository == "r" and one.source == f"{source.as_uri()}/" for one in runs)
    assert all(one.started <= one.finished for one in runs)


async def test_the_log_can_be_of_one_repository_and_short(source, home):
    await mirror(source, home, "r")
    await mirror(source, home, "s")
    await mirror(source, home, "r")
    assert [one.repository for one in await log(home)] == ["r", "s", "r"]
    assert [one.repository for one in await log(home, "s")] == ["s"]
    assert [one.outcome for one in await log(home, limit=1)] == ["nothing changed"]
    await home.repository("s").delete()
    assert [one.outcome for one in await log(home, "s")] == ["ok"]
    with pytest.raises(NotFoundError, match="no run of a repository 'none' here"):
        await log(home, "none")
    with pytest.raises(UsageError, match="cannot name a repository"):
        await log(home, "a/b")


async def test_one_run_is_found_by_the_beginning_of_its_id(source, home):
    report = await mirror(source, home)
    assert (await logged_run(home, report.run[:8])).report == report
    with pytest.raises(NotFoundError, match="no run begins with 'xyz'"):
        await logged_run(home, "xyz")


async def test_a_run_that_was_stopped_says_so(source, home):
    async def declare(run):
        task.cancel(15)
        yield part("a")(run)
        await asyncio.Event().wait()

    task = asyncio.create_task(mirror(source, home, plugin=given()))
    await task
    plugin = given()
    plugin._units = declare
    task = asyncio.create_task(mirror(source, home, plugin=plugin))
    await asyncio.wait([task])
    assert [(one.outcome, one.exit_code) for one in await log(home)] == [("stopped", 143), ("nothing changed", 0)]


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        (
            [Report(None, "r+s", skipped=2, exit_code=3), Report(None, "r+t", skipped=1200, exit_code=3)],
            "1,203 skipped",
        ),
        ([Report(None, "r+s")], "1 skipped"),
    ],
)
def test_what_parts_skipped_counts_too(parts, outcome):
    assert ended(Report("0" * 32, "r", skipped=1, repositories=parts), 3).outcome == outcome


def test_a_part_that_failed_is_told_where_nothing_was_skipped():
    assert ended(Report("0" * 32, "r", created=True, repositories=[Report(None, "r+s", exit_code=4)]), 3).outcome == (
        "a part failed"
    )


def ended(report, exit_code):
    when = datetime(2026, 1, 1)
    return LoggedRun("0" * 32, "r", "http://there/", when, when, exit_code, report, None)


def test_a_report_comes_back_as_it_was_with_its_parts_and_without_what_is_not_known():
    problem = Problem("a", "http://there/a", "404", "HttpStatusError", "download_artifacts", 5)
    inner = Report("1" * 32, "r+s", skipped=1, problems=[problem])
    report = Report("0" * 32, "r", version=3, error=Failure("X", "why", None, False), repositories=[inner])
    facts = json.loads(json.dumps(report.as_dict()))
    assert read_report(facts) == report
    facts["of_tomorrow"] = facts["repositories"][0]["problems"][0]["of_tomorrow"] = 1
    assert read_report(facts) == report
    for name in {field.name for field in dataclasses.fields(Report)} - {"run", "repository"}:
        facts.pop(name)
    assert read_report(facts) == Report("0" * 32, "r")


# -- without an end


@pytest.fixture
async def unfinished(source, home):
    """A run of repository r that has no end; an earlier one likewise."""
    await mirror(source, home)
    async with home.writing(()) as catalog:
        for run in ("e" * 32, "f" * 32):
            await catalog.write(lambda tx, run=run: tx.begin_run(run, "r", "http://there/"))


async def outcomes(home):
    return [one.outcome for one in await log(home)]


async def test_a_run_without_an_end_runs_while_its_repository_is_locked_and_died_else(home, unfinished):
    assert await outcomes(home) == ["died", "died", "ok"]
    (home.path / "locks" / "r.lock").unlink(missing_ok=True)
    assert await outcomes(home) == ["died", "died", "ok"]
    assert not is_locked(home.locks, "r")
    assert not (home.path / "locks" / "r.lock").exists()
    with locked(home.locks, "r"):
        assert await outcomes(home) == ["running", "died", "ok"]
        assert is_locked(home.locks, "r")
        (one,) = await status(home)
        assert (one.last.outcome, one.checked) == ("running", (await log(home))[2].finished)
    assert await outcomes(home) == ["died", "died", "ok"]


def test_a_run_that_begins_is_not_refused_because_somebody_looks(tmp_path):
    with locked(tmp_path, "r"):
        pass
    code = (
        "import sys; from pathlib import Path; from rxsync.pipeline.lock import is_locked\n"
        "print('looking', flush=True)\n"
        "while True: is_locked(Path(sys.argv[1]), 'r')"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as looking:
        assert looking.stdout.readline()
        try:
            for _ in range(500):
                with locked(tmp_path, "r"):
                    pass
        finally:
            looking.kill()


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="root may write anywhere")
async def test_where_the_lock_cannot_be_tried_nobody_says_whether_it_died(home, unfinished):
    (home.path / "locks" / "r.lock").touch()
    code = (
        "import asyncio, os, sys, rxsync\n"
        "from rxsync.pipeline.log import log\n"
        "home = rxsync.open(sys.argv[1])\n"  # before, since whoever that is need not reach what is installed
        "os.geteuid() or os.setuid(65534)\n"
        "print([one.outcome for one in asyncio.run(log(home))])"
    )
    paths = [home.path, home.path / "locks", *home.path.parents]
    modes = {path: path.stat().st_mode for path in [*paths, home.path / "locks" / "r.lock", home.path / "rxsync.db"]}
    try:
        for path in modes:
            readable = path.stat().st_mode | 0o555 if path.is_dir() else 0o444
            if path.stat().st_mode & 0o7777 != readable & 0o7777:
                path.chmod(readable & ~0o222 if path.is_relative_to(home.path) else readable)
        done = subprocess.run([sys.executable, "-c", code, home.path], capture_output=True, text=True, check=False)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert (done.stdout, done.stderr) == ("['unfinished', 'died', 'ok']\n", "")


# -- how they stand


async def test_a_status_tells_of_the_current_version_and_the_last_runs(source, home):
    await mirror(source, home, "s")
    await mirror(source, home, "r", amend=skipping("a"))
    await fail(source, home)
    r, s = await status(home)
    assert [(one.repository, one.version.number, one.version.present, one.version.pinned) for one in (r, s)] == [
        ("r", 1, 2, False),
        ("s", 1, 3, False),
    ]
    assert (r.version.skipped, s.version.skipped) == (1, 0)
    assert (r.size, s.size) == (14, 21)
    assert r.last.outcome.startswith("failed: ")
    assert s.last.outcome == "ok"
    assert r.checked == (await log(home, "r"))[1].finished
    assert r.age(r.checked + timedelta(hours=1)) == 3600
    assert r.age(r.checked - timedelta(hours=1)) == 0
    assert 0 <= r.age() < 3600


async def test_a_repository_that_never_came_in_was_never_checked(source, home):
    await fail(source, home)
    (one,) = await status(home, ["r"])
    assert (one.version.number, one.size, one.checked, one.age()) == (0, 0, None, None)


async def test_a_status_can_be_of_some_repositories_only(source, home):
    for name in "abc":
        await mirror(source, home, name)
    assert [one.repository for one in await status(home, ["c", "a", "c"])] == ["a", "c"]
    with pytest.raises(NotFoundError, match="no repository 'x' here"):
        await status(home, ["a", "x"])
    with pytest.raises(UsageError, match="cannot name a repository"):
        await status(home, ["a/b"])


async def test_files_that_are_left_for_later_take_no_room(source, home):
    await mirror(source, home, policy="on_demand")
    assert [one.size for one in await status(home)] == [0]
    assert FilePlugin.name == "file"


async def test_where_there_is_no_home_yet_nothing_is_told(home):
    for ask in (status, log):
        with pytest.raises(HomeError, match="is no home yet"):
            await ask(home)
    assert not home.path.exists()
