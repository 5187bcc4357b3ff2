"""Many repositories with one call, from Python."""

import asyncio
from itertools import pairwise

import pytest
from reactivex import Observer

import rxsync
from rxsync.config import sync_all
from rxsync.config.several import WORST_FIRST, Several
from rxsync.errors import DownloadError, UsageError
from rxsync.pipeline.progress import Finished, Started
from rxsync.pipeline.report import Report

THREE = """
[repositories.c]
source = "c"
[repositories.broken]
source = "none"
[repositories.a]
source = "a"
"""


@pytest.fixture
def config(read, tmp_path):
    for name in ("a", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return read(THREE)


@pytest.fixture
def home(tmp_path):
    return rxsync.open(tmp_path / "home")


async def test_each_is_synced_in_the_order_of_the_file_and_one_that_fails_stops_no_other(config, home):
    reports = await sync_all(config, home)
    assert [(one.repository, one.exit_code, one.version) for one in reports] == [
        ("c", 0, 1),
        ("broken", 2, None),
        ("a", 0, 1),
    ]
    assert reports[1].error.message.endswith("/none: no such folder, and no URL")
    assert [one.name for one in await home.repositories()] == ["a", "c"]


async def test_those_that_are_named_are_synced_in_that_order(config, home):
    assert [one.repository for one in await sync_all(config, home, ["a", "c"])] == ["a", "c"]


async def test_a_name_that_is_not_known_begins_nothing(config, home):
    with pytest.raises(UsageError):
        await sync_all(config, home, ["a", "x"])
    assert not home.path.exists()


async def test_who_watches_is_told_of_each_and_each_report_comes_at_once(config, home):
    told, events = [], []
    reports = await sync_all(
        config,
        home,
        events=Observer(events.append),
        told=lambda report, error: told.append((report, type(error), len(events))),
    )
    assert [type(event) for event in events if isinstance(event, Started | Finished)] == [Started, Finished] * 2
    assert [one for one, _, _ in told] == reports
    assert [kind for _, kind, _ in told] == [type(None), UsageError, type(None)]
    assert told[0][2] == told[1][2] < told[2][2]


async def test_a_failed_run_gives_the_report_it_came_to(read, tmp_path, home):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "PULP_MANIFEST").write_text(f"here,{'0' * 64},1\n")
    kinds = []
    [report] = await sync_all(
        read("[repositories.a]\nsource = 'a'"), home, told=lambda _, error: kinds.append(type(error))
    )
    assert (report.exit_code, report.declared, report.run is not None) == (4, 1, True)
    assert kinds == [DownloadError]


async def test_who_cancels_ends_them_all(config, home):
    begun = []

    def cancel(event):
        if isinstance(event, Started):
            begun.append(event.repository)
            asyncio.current_task().cancel()

    with pytest.raises(asyncio.CancelledError):
        await sync_all(config, home, events=Observer(cancel))
    assert begun == ["c"]


def several(*codes):
    return Several([str(code) for code in codes], [Report(None, str(code), exit_code=code) for code in codes])


@pytest.mark.parametrize(("code", "milder"), list(pairwise(WORST_FIRST)))
def test_the_worst_of_many_is_the_exit_code(code, milder):
    assert several(milder, code, 0).exit_code == several(code, milder).exit_code == code


def test_nothing_at_all_is_no_failure():
    assert several().exit_code == 0
    assert several(0, 0).headline() == "2 repositories: all well"
    assert several(0).headline() == "1 repository: all well"
