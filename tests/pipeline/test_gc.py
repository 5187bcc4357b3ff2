"""A collection frees what no version refers to, and says before what it will."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from peewee import ForeignKeyField, TextField

import rxsync
from rxsync.catalog import open_catalog
from rxsync.declare import Validators
from rxsync.errors import HomeError, LockedError, NotFoundError, UsageError
from rxsync.pipeline import collect
from rxsync.pipeline.lock import locked
from rxsync.plugin import Content, DeclarativeContent, Plugin
from rxsync.ports.storage import Beginning
from tests.postgresql import postgresql, postgresql_server  # noqa: F401 - fixtures, for the tests of this folder, too

from .author import Given, Link, Maker, Part, Whole, given, part, rows


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request, tmp_path):
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql")
    return rxsync.open(tmp_path / "home", url)


@pytest.fixture
def files(source, home):
    """Sync the folder with these files in it into a repository."""

    async def sync(names, repository="r"):
        for path in source.iterdir():
            path.unlink()
        for name in names:
            (source / name).write_text(f"file {name}\n" * 10)
        return await rxsync.sync(str(source), home.repository(repository), max_delete="100%")

    return sync


def stored(home):
    """What files the store holds, by their first words."""
    return sorted(path.read_text().split("\n")[0] for path in (home.path / "artifacts").glob("*/*"))


async def freed(home, **more):
    """Free, having told before what that will be."""
    told = await home.gc(**more, dry_run=True)
    done = await home.gc(**more)
    assert (told.dry_run, done.dry_run) == (True, False)
    assert comparable(told) == comparable(done)
    return done


def comparable(one):
    """All that telling and doing must agree on."""
    return replace(one, dry_run=True, seconds=0, waiting=replace(one.waiting, until=None))


async def everything(home):
    tables = (
        "content",
        "content_artifact",
        "artifact",
        "mark",
        "file_file",
        "repository_content",
        "repository_version",
    )
    state = {table: sorted(await rows(home, f"SELECT * FROM {table}")) for table in tables}
    return state, {path: path.stat().st_ino for path in (home.path / "artifacts").rglob("*")}


async def test_what_no_version_refers_to_is_freed_and_the_rest_stays(files, home):
    await files("ab")
    await files("bc", "s")
    await home.repository("r").delete()
    done = await freed(home, grace=0)
    assert (done.content, done.artifacts, done.files, done.bytes_freed) == (1, 1, 1, 70)
    assert stored(home) == ["file b", "file c"]
    assert done.waiting.content == done.waiting.files == 0
    assert (await freed(home, grace=0)).content == 0


async def test_versions_that_are_kept_keep_what_they_hold(files, home):
    await files("ab")
    await files("bc")
    assert (await freed(home, grace=0)).content == 0
    assert stored(home) == ["file a", "file b", "file c"]


async def test_a_first_call_marks_and_a_later_one_frees_when_the_grace_is_over(files, home):
    await files("ab")
    await home.repository("r").delete()
    done = await freed(home)
    assert (done.content, done.files, done.bytes_freed) == (0, 0, 0)
    assert (done.waiting.content, done.waiting.files, done.waiting.bytes) == (2, 2, 140)
    left = (done.waiting.until - datetime.now(UTC).replace(tzinfo=None)).total_seconds()
    assert 86_300 < left < 86_402
    assert (await freed(home, grace=3600)).waiting.content == 2
    await age(home, 7200)
    assert (await freed(home, grace=7300)).waiting.content == 2
    done = await freed(home, grace=7100)
    assert (done.content, done.artifacts) == (2, 2)
    assert (done.files, done.waiting.files) == (0, 2)  # when they came only the system can set
    assert (await freed(home, grace=0)).bytes_freed == 140
    assert stored(home) == []


async def age(home, seconds):
    """Let all marks have been there for longer."""
    catalog = open_catalog(home.database)

    def earlier(tx):
        for kind, key, marked in tx.connection.execute("SELECT kind, key, marked FROM mark").fetchall():
            at = datetime.fromisoformat(str(marked)).timestamp() - seconds
            sql = "UPDATE mark SET marked = ? WHERE kind = ? AND key = ?"
            tx.connection.execute(sql, (datetime.fromtimestamp(at).isoformat(" "), kind, key))

    await catalog.write(earlier)
    await catalog.close()


async def test_telling_changes_nothing(files, home):
    await files("ab")
    await files("b")
    await home.repository("r").delete()
    before = await everything(home)
    for grace in (0, 3600):
        await home.gc(grace=grace, dry_run=True)
    assert await everything(home) == before
    assert not (home.path / "locks" / ".gc.lock").exists()


async def test_a_file_without_a_row_is_freed_and_one_that_is_linked_elsewhere_frees_no_bytes(files, home, tmp_path):
    await files("ab")
    for path in (home.path / "artifacts").glob("*/*"):
        if path.read_text().startswith("file a"):
            os.link(path, tmp_path / "elsewhere")
    stray = home.storage.path("0" * 64)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x" * 11)
    (stray.parent / "no name").write_bytes(b"not ours")
    home.storage.path("0" * 63 + "1").mkdir()
    await home.repository("r").delete()
    done = await freed(home, grace=0)
    assert (done.files, done.bytes_freed) == (3, 70 + 11)
    assert (tmp_path / "elsewhere").read_text().startswith("file a")
    assert (stray.parent / "no name").exists()


async def test_bytes_that_are_shared_are_counted_with_who_has_them_last(source, home):
    for name in ("a", "b", "c"):
        (source / name).write_text("the same\n")
    await rxsync.sync(str(source), home.repository("r"))
    (source / "b").unlink()
    (source / "c").unlink()
    await rxsync.sync(str(source), home.repository("s"))
    await home.repository("r").delete()
    done = await freed(home, grace=0)
    assert (done.content, done.artifacts, done.bytes_freed) == (2, 0, 0)
    await home.repository("s").delete()
    done = await freed(home, grace=0)
    assert (done.content, done.artifacts, done.bytes_freed) == (1, 1, 9)


async def test_more_than_one_transaction_holds_goes_whatever_refers_to_what(source, home, monkeypatch):
    monkeypatch.setattr(collect, "BATCH", 7)

    async def declare(run):
        for number in range(40):
            maker = Maker(name=f"maker {number % 3}")
            one = DeclarativeContent(Part(name=f"part {number:02}", maker=maker))
            yield one
            whole = Whole(part=one.content, name="whole")
            yield DeclarativeContent(whole, needs=[one], related=[Link(whole=whole, maker=maker)])

    await rxsync.sync(str(source), home.repository("r"), plugin=Given(declare))
    await rxsync.sync(str(source), home.repository("s"), plugin=given(part("part 01")))
    await home.repository("r").delete()
    done = await freed(home, grace=0)
    assert done.content == 79
    assert await rows(home, "SELECT name FROM author_part") == [("part 01",)]
    for table in ("author_whole", "author_link", "mark"):
        assert await rows(home, f"SELECT count(*) FROM {table}") == [(0,)]
    assert await rows(home, "SELECT count(*) FROM author_maker") == [(3,)]  # as a role that no version has now


class Chained(Content):
    name = TextField()
    before = ForeignKeyField("self", null=True)

    class Meta:
        content_type = "gc.chained"
        natural_key = ("name",)


class Chains(Plugin):
    name = "chains"
    content_types = (Chained,)

    async def declare(self, run):
        links = [Chained(name=f"{number:02}") for number in range(40)]
        for link, before in pairwise(links):
            link.before = before
        for link in links:  # one batch: which of them has the higher key is a matter of chance
            yield DeclarativeContent(link)


async def test_a_chain_longer_than_a_transaction_goes_link_by_link_the_last_first(source, home, monkeypatch):
    monkeypatch.setattr(collect, "BATCH", 7)
    await rxsync.sync(str(source), home.repository("r"), plugin=Chains())
    await home.repository("r").delete()
    assert (await freed(home, grace=0)).content == 40
    assert await rows(home, "SELECT count(*) FROM gc_chained") == [(0,)]


class TestKeep:
    async def test_the_newest_versions_of_each_repository_stay(self, files, home):
        for names in ("a", "b", "c"):
            await files(names)
        await files("de", "s")
        done = await freed(home, keep=2, grace=0)
        assert done.versions == (("r", 0), ("r", 1))
        assert (done.content, done.bytes_freed) == (1, 70)
        assert stored(home) == ["file b", "file c", "file d", "file e"]

    async def test_of_those_that_are_named_only(self, files, home):
        for repository in ("r", "s"):
            for names in (f"{repository}1 ", f"{repository}2 "):
                await files(names.split(), repository)
        done = await freed(home, keep=1, grace=0, repositories=["s", "s"])
        assert done.versions == (("s", 0), ("s", 1))
        assert stored(home) == ["file r1", "file r2", "file s2"]

    async def test_a_repository_that_is_not_there_is_named_and_nothing_is_done(self, files, home):
        await files("a")
        before = await everything(home)
        for dry_run in (True, False):
            with pytest.raises(NotFoundError, match="'nobody'"):
                await home.gc(keep=1, repositories=["r", "nobody"], dry_run=dry_run)
        assert await everything(home) == before


@pytest.mark.parametrize(
    ("wish", "match"),
    [
        ({"keep": 0}, "keep 0 versions: expected 1 or more"),
        ({"grace": -1}, "grace -1: expected seconds"),
        ({"grace": float("nan")}, "grace nan: expected seconds"),
        ({"repositories": ["r"]}, "expected a number to keep"),
    ],
)
async def test_what_cannot_be_is_refused(home, wish, match):
    with pytest.raises(UsageError, match=match):
        await home.gc(**wish)


async def test_there_is_nothing_to_collect_from_where_there_is_no_home(home):
    for dry_run in (True, False):
        with pytest.raises(HomeError, match="no home yet"):
            await home.gc(dry_run=dry_run)
    assert not home.path.exists()


async def test_a_second_one_at_once_is_told_that_there_is_a_first(files, home):
    await files("a")
    with locked(home.locks, collect.LOCK), pytest.raises(LockedError, match="gc: another one is at work in this home"):
        await home.gc()
    catalog = open_catalog(home.database)
    if not isinstance(home.database, Path):  # another host has no such file
        async with catalog.holding(collect.LOCK):
            with pytest.raises(LockedError, match="gc: another one is at work in this home"):
                await home.gc()
    await catalog.close()
    await home.gc()


async def test_a_file_younger_than_the_grace_waits_though_nothing_names_it(files, home):
    await files("a")
    stray = home.storage.path("0" * 64)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x" * 11)
    done = await freed(home, grace=60)
    assert (done.files, done.waiting.files, done.waiting.bytes) == (0, 1, 11)
    assert done.waiting.until.replace(tzinfo=UTC).timestamp() == pytest.approx(time.time() + 60, abs=30)


async def test_beginnings_that_nobody_has_gone_on_with_are_freed_once_the_grace_is_over(files, home):
    await files("a")
    async with home.storage.scratch("broken") as scratch:
        sink = scratch.receive()
        sink.note("sha256-1", Beginning("http://host/a", Validators('"1"', None), 3 << 20))
        await sink.write(bytes(2 << 20))
        assert await sink.suspend()
    assert ((await freed(home)).partial, (await freed(home)).bytes_freed) == (0, 0)
    done = await freed(home, grace=0)
    assert (done.partial, done.files, done.bytes_freed) == (1, 0, 2 << 20)
    assert list((home.path / "partial").iterdir()) == []
