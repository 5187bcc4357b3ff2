"""A sync beside which things are collected, at any point, succeeds, and loses nothing."""

import asyncio
import random
import time

import pytest

import rxsync
from rxsync.catalog import open_catalog
from rxsync.flow import stage
from rxsync.pipeline import collect, free_files
from rxsync.pipeline.living import live_runs
from rxsync.plugin import DeclarativeContent
from tests.postgresql import postgresql, postgresql_server  # noqa: F401 - fixtures, for the tests of this folder, too

from .author import Given, Link, Maker, Part, Whole, rows

STEPS = (
    "query_existing_content",
    "query_existing_artifacts",
    "download_artifacts",
    "save_artifacts",
    "save_content",
    "save_remote_artifacts",
    "resolve_content",
    "associate_content",
)
PLACES = [*((step, "before") for step in STEPS), (STEPS[-1], "after")]


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request, tmp_path):
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql")
    return rxsync.open(tmp_path / "home", url)


_IN_R = "WHERE whole_id IN (SELECT content_id FROM repository_content WHERE version_removed IS NULL)"


class Beside:
    """Collects at chosen points of a sync: before or after a step, and when bytes are in place and not named yet."""

    def __init__(self, home):
        self.home, self.done, self._turn = home, [], asyncio.Lock()

    async def collect(self):
        async with self._turn:
            self.done.append(await self.home.gc(grace=0))

    def at(self, *places):
        """A recipe's amendment: collect at each (step, side, how many units went by)."""

        def amend(recipe):
            for number, (step, side, after) in enumerate(places):
                recipe = getattr(recipe, side)(step, **{f"collect_{number}": self._step(after)})
            return recipe

        return amend

    def _step(self, after):
        gone = []

        async def look(unit):
            gone.append(unit)
            if len(gone) == after:
                await self.collect()
            return (unit,)

        return stage(look, ordered=True)

    def after_each_put(self, monkeypatch):
        put = self.home.storage.put

        async def put_and_collect(bodies):
            await put(bodies)
            await self.collect()

        monkeypatch.setattr(self.home.storage, "put", put_and_collect)


@pytest.fixture
def clock_ahead(monkeypatch):
    """The host's clock is ahead of the file system's: when a file came says nothing."""
    monkeypatch.setattr(collect, "time", lambda: time.time() + 7200)
    monkeypatch.setattr(free_files, "SLACK", -7200)


@pytest.fixture
def beside(home):
    return Beside(home)


@pytest.fixture
def sync(source, home):
    async def run(names, repository="r", **more):
        for path in source.iterdir():
            path.unlink()
        for name in names:
            (source / name).write_text(f"file {name}\n")
        report = await rxsync.sync(str(source), home.repository(repository), max_delete="100%", **more)
        assert report.balances
        return report

    return run


async def whole(home, repository="r"):
    """What the newest version of a repository holds: every file of it can be read."""
    units = await home.repository(repository).units()
    for unit in units:
        for path, sha256, size in unit.files:
            read = b"".join([piece async for piece in home.storage.read(sha256)])
            assert (read, len(read)) == (f"file {path}\n".encode(), size)
    return "".join(unit.name for unit in units)


async def left_behind(sync, home, names, *, marked=True):
    """Let units and bytes be here that nothing refers to."""
    await sync(names, "gone")
    await home.repository("gone").delete()
    if marked:
        await home.gc()


async def at_a_step(home, sync, beside, place, *, marked=True):
    await left_behind(sync, home, "abcd", marked=marked)
    report = await sync("abcxyz", amend=beside.at((*place, 2), (*place, 6)))
    assert len(beside.done) == 2
    assert report.version == 1
    assert await whole(home) == "abcxyz"
    await home.gc(grace=0)
    assert await whole(home) == "abcxyz"
    assert sorted(await rows(home, "SELECT relative_path FROM content_artifact")) == [(name,) for name in "abcxyz"]


@pytest.mark.parametrize("home", ["sqlite"], indirect=True)
@pytest.mark.parametrize("place", PLACES, ids=" ".join)
async def test_at_any_step_of_a_sync_that_finds_what_is_marked(home, sync, beside, place):
    await at_a_step(home, sync, beside, place)


@pytest.mark.parametrize("place", PLACES[2::3], ids=" ".join)
async def test_at_any_step_of_a_sync_that_finds_what_nothing_refers_to(home, sync, beside, place):
    await at_a_step(home, sync, beside, place, marked=False)


async def test_when_bytes_are_in_place_and_no_row_names_them_yet(home, sync, beside, monkeypatch):
    beside.after_each_put(monkeypatch)
    await sync("abc")
    assert beside.done
    assert [one.repository for done in beside.done for one in done.live_runs] == ["r"] * len(beside.done)
    assert await whole(home) == "abc"


async def test_when_bytes_replace_those_that_are_collected_at_that_moment(home, sync, monkeypatch, clock_ahead):
    await left_behind(sync, home, "abc")
    remove = home.storage.remove
    syncing = []

    async def sync_first(files):  # files were looked at, nobody is at work, and now a sync puts the same bytes
        if not syncing:
            syncing.append(await sync("abc"))
        return await remove(files)

    monkeypatch.setattr(home.storage, "remove", sync_first)
    await home.gc(grace=0)
    assert syncing[0].new == 3
    assert await whole(home) == "abc"


async def test_when_a_run_puts_and_names_bytes_between_the_question_for_rows_and_the_look_at_files(
    home, sync, monkeypatch, clock_ahead
):
    await left_behind(sync, home, "abc")
    look = home.storage.look
    syncing = []

    async def sync_first(names):
        if not syncing:
            syncing.append(await sync("abc"))
        return await look(names)

    monkeypatch.setattr(home.storage, "look", sync_first)
    await home.gc(grace=0)
    assert syncing[0].new == 3
    assert await whole(home) == "abc"


async def test_when_a_run_begins_between_the_question_who_is_at_work_and_the_deletion(home, sync, monkeypatch):
    await left_behind(sync, home, "abc")
    doom, syncing = collect._Collection._doom, []

    async def doom_and_sync(*args):
        doomed = await doom(*args)
        syncing.append(await sync("ab"))
        return doomed

    monkeypatch.setattr(collect._Collection, "_doom", doom_and_sync)
    done = await home.gc(grace=0)
    assert syncing[0].known == 2
    assert done.content == 1
    assert await whole(home) == "ab"


@pytest.mark.parametrize("seed", range(3))
async def test_at_random_points_of_syncs_one_after_the_other(home, sync, beside, seed):
    chance = random.Random(seed)
    for _ in range(4):
        names = "".join(sorted(chance.sample("abcdefgh", 5)))
        repository = chance.choice("rs")
        places = [(chance.choice(STEPS), chance.choice(("before", "after")), chance.randint(1, 5)) for _ in range(3)]
        await sync(names, repository, amend=beside.at(*places))
        assert await whole(home, repository) == names
        if chance.random() < 0.5:
            await home.repository(repository).delete()
        await home.gc(grace=chance.choice((0, 3600)))
    for one in await home.repositories():
        await whole(home, one.name)
    await home.gc(grace=0)
    for one in await home.repositories():
        await whole(home, one.name)


async def test_a_sync_that_fails_leaves_what_a_later_one_frees(home, sync, beside):
    def fail(recipe):
        def look(unit):
            if unit.name == "c":
                raise KeyError("on purpose")
            return (unit,)

        return recipe.after("associate_content", fail=stage(look))

    with pytest.raises(KeyError):
        await sync("abc", amend=fail)
    done = await home.gc(grace=0)
    assert (done.content, done.files, done.live_runs) == (3, 3, ())


async def test_related_rows_and_units_that_units_refer_to(home, source, beside):
    def declare(names):
        async def units(run):
            for name in names:
                maker = Maker(name=name)
                one = DeclarativeContent(Part(name=name, maker=maker))
                yield one
                over = Whole(part=one.content, name="whole")
                yield DeclarativeContent(over, needs=[one], related=[Link(whole=over, maker=maker)])

        return Given(units, lambda recipe, run: amend[0](recipe))

    amend = [lambda recipe: recipe]
    await rxsync.sync(str(source), home.repository("r"), plugin=declare("abcd"))
    await home.repository("r").delete()
    await home.gc()
    for step in STEPS[::3]:
        amend[0] = beside.at((step, "before", 1), (step, "after", 4))
        await rxsync.sync(str(source), home.repository("r"), plugin=declare("abc"))
        assert await rows(home, f"SELECT count(*) FROM author_link {_IN_R}") == [(3,)]
        await home.repository("r").delete()
        await home.gc()
    await rxsync.sync(str(source), home.repository("r"), plugin=declare("ab"))
    await home.gc(grace=0)
    for table in ("author_part", "author_whole", "author_link"):
        assert await rows(home, f"SELECT count(*) FROM {table}") == [(2,)]


async def test_who_is_at_work_is_known_without_taking_its_locks(home, sync, beside):
    seen = []

    async def look(unit):
        catalog = open_catalog(home.database)
        seen.append([one.repository for one in await live_runs(catalog, home.storage)])
        await catalog.close()
        return (unit,)

    await sync("a", amend=lambda recipe: recipe.before("save_content", look=stage(look)))
    assert seen == [["r"]]


async def test_a_run_that_died_holds_nothing_up(home, sync):
    await left_behind(sync, home, "ab")
    catalog = open_catalog(home.database)
    await catalog.write(lambda tx: tx.begin_run("1" * 32, "r", "http://there/"))
    sql = "UPDATE sync_run SET started = '2001-01-01 00:00:00' WHERE finished IS NULL"
    await catalog.write(lambda tx: tx.connection.execute(sql))
    (home.path / "tmp" / ("1" * 32)).mkdir()
    assert (await home.gc(grace=0)).content == 2
    await catalog.close()


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
async def test_a_run_of_another_host_is_seen_in_the_database(home, sync):
    await left_behind(sync, home, "ab")
    catalog = open_catalog(home.database)
    async with catalog.holding("far"):
        await catalog.write(lambda tx: tx.begin_run("1" * 32, "far", "http://there/"))
        sql = "UPDATE sync_run SET started = '2001-01-01 00:00:00' WHERE finished IS NULL"
        await catalog.write(lambda tx: tx.connection.execute(sql))
        done = await home.gc(grace=0)
        assert (done.content, [one.repository for one in done.live_runs]) == (0, ["far"])
        assert (done.waiting.content, done.waiting.until) == (2, None)
    assert (await home.gc(grace=0)).content == 2
    await catalog.close()
