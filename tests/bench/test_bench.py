"""The benchmark runs, small; its figures are not judged here."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from rxsync.pipeline.home import Home
from tests.bench import status
from tests.bench.check import check_same
from tests.bench.floor import floor
from tests.bench.measure import Figures
from tests.bench.server import serving
from tests.bench.source import make_files
from tests.bench.sync import main, make_tables, once
from tests.bench.table import Results
from tests.bench.versions import GOALS, fill, measure
from tests.bench.versions import main as measure_versions


@pytest.fixture
def url(tmp_path):
    make_files(tmp_path / "files", 120, 1000)
    (tmp_path / "scratch").mkdir()
    with serving(tmp_path / "files", tmp_path / "scratch") as server:
        yield server.url


def test_the_floor_does_the_same_work_as_the_product(tmp_path, url):
    asyncio.run(make_tables(tmp_path / "floor"))
    assert asyncio.run(floor(url, str(tmp_path / "floor"))) == 120
    figures = once(url, tmp_path / "home", "immediate")
    assert figures.units == 120
    assert figures.cpu > figures.start > 0
    check_same(tmp_path / "floor", tmp_path / "home")
    assert (tmp_path / "home" / "rxsync.db").exists()


def test_a_row_or_a_file_less_is_noticed(tmp_path, url):
    for name in ("one", "other"):
        asyncio.run(make_tables(tmp_path / name))
        asyncio.run(floor(url, str(tmp_path / name)))
    check_same(tmp_path / "one", tmp_path / "other")
    next((tmp_path / "other").glob("artifacts/??/*")).unlink()
    with pytest.raises(AssertionError, match="files"):
        check_same(tmp_path / "one", tmp_path / "other")
    with sqlite3.connect(tmp_path / "other" / "rxsync.db") as database:
        database.execute("DELETE FROM remote_artifact WHERE content_artifact_id = 7")
    database.close()
    with pytest.raises(AssertionError, match="remote_artifact"):
        check_same(tmp_path / "one", tmp_path / "other")


def test_large_files_and_files_that_are_not_there_are_served_as_well(tmp_path, url):
    data = bytes(range(256)) * 1000
    (tmp_path / "files" / "large one").write_bytes(data)
    with urlopen(f"{url}large%20one") as answer:
        assert answer.read() == data
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{url}pool/none")


def test_goals_are_judged_by_the_median_of_the_pairs():
    results = Results()
    for cpu in (2.0, 1.2, 9.0):
        results.add("floor", Figures(10, 1, 1.0, 0, 1))
        results.add("first", Figures(10, 1, cpu, 0, 1))
    assert re.search(r"\(2\.00, 1\.20, 9\.00\) +2\.00 x .* MISSED$", str(results))


def test_all_of_it_runs_and_says_what_served_the_files(capsys, tmp_path):
    main(["--files", "20", "--on-demand", "30", "--times", "1", "--folder", str(tmp_path)])
    told = capsys.readouterr().out
    for line in ("server: ", "floor (20)", "first sync (20)", "second sync (20)", "on demand (30)", "goal: "):
        assert line in told
    assert not list(tmp_path.iterdir())


def test_what_a_status_costs_is_measured(capsys, tmp_path):
    status.main(["--only", "SQLite", "--units", "300", "--versions", "3", "--times", "1", "--folder", str(tmp_path)])
    told = capsys.readouterr().out
    for what in ("newest version", "pinned to the one before"):
        assert re.search(rf"^  status, {what} .* goal: at most ", told, re.MULTILINE)
    assert not list(tmp_path.iterdir())


def test_what_versions_cost_is_measured(capsys, tmp_path):
    measure_versions(
        ["--only", "SQLite", "--units", "500", "--versions", "9", "--fold", "3", "--folder", str(tmp_path)]
    )
    told = capsys.readouterr().out
    assert "SQLite: 500 units, 9 versions" in told
    for what in GOALS:
        assert re.search(rf"^  {what} .* goal: at most ", told, re.MULTILINE)
    assert not list(tmp_path.iterdir())


async def test_and_so_it_is_on_postgresql(tmp_path, postgresql):
    repository = Home(tmp_path, postgresql).repository("bench")
    await fill(repository, 500, 9)
    times = await measure(repository, 9, 3)
    assert all(times[what] for what in GOALS)
    assert [version.number for version in await repository.versions()] == [8, 9, 10]
