"""Whole syncs of one repository over real files and a real database."""

import asyncio
import json
import os
import sqlite3
from contextlib import asynccontextmanager

import pytest
from peewee import TextField
from reactivex import Subject
from reactivex import operators as ops

from rxsync.catalog.versions import Versions
from rxsync.declare import DeclarativeArtifact, DeclarativeContent
from rxsync.errors import (
    ConflictError,
    DigestMismatchError,
    GuardError,
    HomeError,
    LockedError,
    MetadataError,
    NotFoundError,
    PluginError,
    StorageError,
    UsageError,
)
from rxsync.flow import stage
from rxsync.models import Content
from rxsync.pipeline.guards import MaxDelete
from rxsync.pipeline.home import Home, Repository
from rxsync.pipeline.lock import locked
from rxsync.pipeline.progress import Advanced, Finished, Started
from rxsync.pipeline.source import locate
from rxsync.pipeline.sync import sync
from rxsync.plugin import Plugin
from rxsync.plugins.file import FileContent, FilePlugin, plugin
from rxsync.plugins.file.folder import write_manifest
from rxsync.storage import LocalStorage
from tests.e2e.conftest import counting_server
from tests.operators.conftest import sha256


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def fill(folder, files):
    """Let the folder hold just these files and a manifest of them."""
    for old in [path for path in folder.rglob("*") if path.is_file()]:
        old.unlink()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    write_manifest(folder)


async def mirror(source, home, **options):
    report = await sync(str(source), home.repository("files"), plugin=plugin, **options)
    assert report.balances
    return report


async def failing(error, source, home, match=None, **options):
    """Sync, expecting a failure that leaves everything as it was."""
    before = await state(home)
    with pytest.raises(error, match=match) as caught:
        await sync(str(source), home.repository("files"), plugin=plugin, **options)
    report = caught.value.report
    if before:
        assert await state(home) == before
    assert report.version is None
    assert report.balances
    assert report.exit_code == error.exit_code
    assert list((home.path / "tmp").iterdir()) == []
    return report


async def state(home):
    if not (home.path / "rxsync.db").exists():
        return None
    versions = await home.repository("files").versions()
    return [(v.number, [unit.files for unit in await home.repository("files").units(v.number)]) for v in versions]


def stored(home):
    return {path.parent.name + path.name for path in (home.path / "artifacts").glob("*/*")}


async def test_a_first_sync_makes_version_1_with_every_file_under_its_sha256(source, home):
    fill(source, {"a": b"one", "b/c": b"two", "b/empty": b""})
    report = await mirror(source, home)
    assert (report.base_version, report.version, report.created) == (0, 1, True)
    assert (report.declared, report.new, report.known, report.added, report.removed) == (3, 3, 0, 3, 0)
    assert report.bytes_downloaded == 6
    assert stored(home) == {sha256(data) for data in (b"one", b"two", b"")}
    units = await home.repository("files").units()
    assert [unit.files for unit in units] == [
        (("a", sha256(b"one"), 3),),
        (("b/c", sha256(b"two"), 3),),
        (("b/empty", sha256(b""), 0),),
    ]


async def test_an_unchanged_source_makes_no_version_and_fetches_nothing(source, home):
    fill(source, {"a": b"one", "b": b"two"})
    await mirror(source, home)
    report = await mirror(source, home, full=True)
    assert (report.version, report.base_version, report.created) == (1, 1, False)
    assert (report.known, report.new, report.bytes_downloaded) == (2, 0, 0)


async def test_what_changes_goes_and_comes_makes_the_next_version(source, home):
    fill(source, {"same": b"same", "changed": b"old", "gone": b"gone"})
    await mirror(source, home)
    fill(source, {"same": b"same", "changed": b"new", "come": b"come"})
    report = await mirror(source, home)
    assert (report.version, report.added, report.removed, report.new, report.known) == (2, 2, 2, 2, 1)
    came, went = await home.repository("files").diff(1, 2)
    assert [unit.name for unit in came] == ["changed", "come"]
    assert [unit.name for unit in went] == ["changed", "gone"]


async def test_additive_mode_keeps_what_the_source_no_longer_has_and_replaces_what_changed(source, home):
    fill(source, {"changed": b"old", "gone": b"gone"})
    await mirror(source, home)
    fill(source, {"changed": b"new"})
    report = await mirror(source, home, mode="additive")
    assert (report.added, report.removed) == (1, 1)
    assert [unit.files[0][:2] for unit in await home.repository("files").units()] == [
        ("changed", sha256(b"new")),
        ("gone", sha256(b"gone")),
    ]


async def test_on_demand_saves_content_and_urls_and_a_later_immediate_sync_fetches_just_what_is_missing(source, home):
    fill(source, {"a": b"one", "b": b"two"})
    report = await mirror(source, home, policy="on_demand")
    assert (report.version, report.new, report.deferred, report.bytes_downloaded) == (1, 2, 2, 0)
    assert stored(home) == set()
    with sqlite3.connect(home.path / "rxsync.db") as database:
        urls = database.execute("SELECT url, size, digests FROM remote_artifact ORDER BY url").fetchall()
    database.close()
    assert urls == [
        (f"{source.as_uri()}/{n}", 3, f"sha256:{sha256(data)}") for n, data in (("a", b"one"), ("b", b"two"))
    ]
    fill(source, {"a": b"one", "b": b"two", "c": b"six"})
    report = await mirror(source, home)
    assert (report.version, report.new, report.known, report.deferred, report.bytes_downloaded) == (2, 1, 2, 0, 9)
    assert (report.added, report.removed) == (1, 0)
    assert [unit.files[0][1] for unit in await home.repository("files").units()] == [
        sha256(x) for x in (b"one", b"two", b"six")
    ]
    assert (await mirror(source, home)).bytes_downloaded == 0


async def test_bytes_fetched_later_change_no_version(source, home):
    fill(source, {"a": b"one"})
    await mirror(source, home, policy="on_demand")
    report = await mirror(source, home)
    assert (report.version, report.created, report.known, report.bytes_downloaded) == (1, False, 1, 3)
    assert stored(home) == {sha256(b"one")}


async def test_two_paths_with_the_same_bytes_are_two_units_and_one_file(source, home):
    fill(source, {"a": b"same", "b": b"same", "c": b"same"})
    report = await mirror(source, home)
    assert (report.new, report.bytes_downloaded) == (3, 4)
    assert stored(home) == {sha256(b"same")}


async def test_the_same_line_twice_is_one_unit_repeated(source, home):
    fill(source, {"a": b"one"})
    manifest = source / "PULP_MANIFEST"
    manifest.write_text(manifest.read_text() * 3)
    report = await mirror(source, home)
    assert (report.declared, report.new, report.repeated, report.added) == (3, 1, 2, 1)


async def test_a_folder_without_a_manifest_is_walked(source, home):
    fill(source, {"b/c": b"two", "a": b"one"})
    (source / "PULP_MANIFEST").unlink()
    (source / "link").symlink_to("a")
    (source / "outside").symlink_to("/etc/passwd")
    report = await mirror(source, home)
    assert report.new == 3
    assert [unit.name for unit in await home.repository("files").units()] == ["a", "b/c", "link"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("b,nothex,3", "PULP_MANIFEST line 2: sha256"),
        (f"b,{'0' * 63},3", "PULP_MANIFEST line 2: sha256"),
        (f"b,{'0' * 64},-4", 'PULP_MANIFEST line 2: size "-4" is negative'),
        (f"b,{'0' * 64},many", "PULP_MANIFEST line 2: size"),
        ("b", "PULP_MANIFEST line 2: expected relative_path,sha256,size"),
        (f"b,c,{'0' * 64},3", "PULP_MANIFEST line 2: expected relative_path,sha256,size"),
        *[
            (f"{path},{'0' * 64},3", "PULP_MANIFEST line 2: relative_path")
            for path in ("../b", "/b", "", ".", "b/./c", "b//c", "b\\c", "b/..", "x" * 300)
        ],
    ],
)
async def test_a_malformed_line_is_named_and_changes_nothing(source, home, line, said):
    fill(source, {"a": b"one"})
    await mirror(source, home)
    with (source / "PULP_MANIFEST").open("a") as manifest:
        manifest.write(line + "\n")
    await failing(MetadataError, source, home, match=said)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            [("a", b"one"), ("a", b"two")],
            r'"a" \(PULP_MANIFEST line [12]\) and "a" \(PULP_MANIFEST line [12]\) have other bytes',
        ),
        ([("a/b", b"one"), ("a", b"two")], r'"a/b" \(PULP_MANIFEST line 1\) lies below "a" \(PULP_MANIFEST line 2\)'),
    ],
)
async def test_files_that_cannot_stand_together_are_named_and_make_no_version(source, home, files, said):
    fill(source, {"z": b"zero"})
    await mirror(source, home, max_delete=MaxDelete.parse("100%"))
    objects = source / "objects"
    objects.mkdir()

    class Objects(FilePlugin):
        async def declare(self, run):
            for number, (path, data) in enumerate(files, 1):
                (objects / sha256(data)).write_bytes(data)
                artifact = DeclarativeArtifact(
                    (objects / sha256(data)).as_uri(), path, digests={"sha256": sha256(data)}, size=len(data)
                )
                yield DeclarativeContent(
                    FileContent(relative_path=path, sha256=sha256(data)),
                    [artifact],
                    origin=f"PULP_MANIFEST line {number}",
                )

    before = await state(home)
    with pytest.raises(ConflictError, match=said) as caught:
        await sync(str(source), home.repository("files"), plugin=Objects())
    assert await state(home) == before
    assert caught.value.report.exit_code == 4


async def test_wrong_bytes_are_never_stored(source, home):
    fill(source, {"a": b"one"})
    await mirror(source, home)
    fill(source, {"a": b"one", "b": b"two"})
    (source / "b").write_bytes(b"owt")
    report = await failing(DigestMismatchError, source, home, retries=0)
    assert stored(home) == {sha256(b"one")}
    (problem,) = report.problems
    assert (problem.relative_path, problem.url) == ("b", f"{source.as_uri()}/b")
    assert problem.kind == "DigestMismatchError"


async def test_an_empty_manifest_over_a_full_version_trips_the_guard(source, home):
    fill(source, {"a": b"one"})
    await mirror(source, home)
    (source / "PULP_MANIFEST").write_text("# nothing\n\n")
    report = await failing(GuardError, source, home, match="the source is empty")
    assert report.declared == 0
    report = await mirror(source, home, max_delete=MaxDelete.parse("100%"))
    assert (report.version, report.removed) == (2, 1)
    assert (await mirror(source, home)).created is False


async def test_an_empty_source_into_an_empty_repository_or_added_is_no_accident(source, home):
    fill(source, {})
    assert (await mirror(source, home)).version == 0
    fill(source, {"a": b"one"})
    await mirror(source, home)
    (source / "PULP_MANIFEST").write_text("")
    assert (await mirror(source, home, mode="additive")).created is False


async def test_losing_too_much_trips_the_guard_and_changed_files_are_not_lost(source, home):
    fill(source, {f"{n}": b"%d" % n for n in range(20)})
    await mirror(source, home)
    fill(source, {f"{n}": b"changed" for n in range(20)})
    assert (await mirror(source, home)).removed == 20
    fill(source, {f"{n}": b"changed" for n in range(15)})
    await failing(GuardError, source, home, match="5 of 20 units")
    assert (await mirror(source, home, max_delete=MaxDelete.parse("5"))).removed == 5


async def test_a_repository_that_is_held_is_left_alone(source, home):
    fill(source, {"a": b"one"})
    await mirror(source, home)
    with locked(home.locks, "files"):
        with pytest.raises(LockedError, match="files: another run holds"):
            await sync(str(source), home.repository("files"), plugin=plugin)
        assert (await sync(str(source), home.repository("other"), plugin=plugin)).version == 1
        assert await state(home)
    assert (await mirror(source, home)).created is False


async def test_two_syncs_of_one_home_at_the_same_time_share_files_and_both_finish(source, home):
    fill(source, {f"{n}": b"%d" % (n % 50) for n in range(300)})
    reports = await asyncio.gather(
        *(sync(str(source), home.repository(name), plugin=plugin) for name in ("one", "two"))
    )
    assert [(report.version, report.declared, report.balances) for report in reports] == [(1, 300, True)] * 2
    assert len(stored(home)) == 50
    one, two = [await home.repository(name).units() for name in ("one", "two")]
    assert one == two


async def test_a_cancelled_sync_leaves_no_version_no_temp_file_and_the_next_one_succeeds(source, home):
    fill(source, {f"{n}": b"%d" % n for n in range(200)})
    reached = asyncio.Event()
    never = asyncio.Event()

    class Stuck(FilePlugin):
        async def declare(self, run):
            async for unit in super().declare(run):
                yield unit
            reached.set()
            await never.wait()

    task = asyncio.create_task(sync(str(source), home.repository("files"), plugin=Stuck()))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [v.number for v in await home.repository("files").versions()] == [0]
    assert list((home.path / "tmp").iterdir()) == []
    report = await mirror(source, home)
    assert (report.version, report.added) == (1, 200)


async def test_an_authors_step_that_drops_units_is_named_and_the_report_still_balances(source, home):
    fill(source, {"a": b"one", "b.tmp": b"two"})
    keep = ops.filter(lambda unit: not unit.name.endswith(".tmp"))
    report = await mirror(source, home, amend=lambda recipe: recipe.before("download_artifacts", no_temporaries=keep))
    assert (report.declared, report.new, report.dropped, report.added) == (2, 1, 1, 1)
    (problem,) = report.problems
    assert (problem.relative_path, problem.kind, problem.stage) == ("b.tmp", "dropped", "no_temporaries")


async def test_what_is_inside_an_authors_step_when_a_run_fails_has_failed_and_was_not_dropped(source, home):
    fill(source, {"a": b"one", "b": b"two"})
    (source / "b").write_bytes(b"owt")
    hold = stage(lambda units: units, batch=2, linger=None)
    report = await failing(
        DigestMismatchError, source, home, retries=0, amend=lambda recipe: recipe.after("download_artifacts", hold=hold)
    )
    assert (report.declared, report.failed, report.dropped) == (2, 2, 0)


async def test_a_version_that_was_made_stays_made_whatever_goes_wrong_afterwards(source, home):
    fill(source, {"a": b"one"})

    class Untidy(LocalStorage):
        @asynccontextmanager
        async def scratch(self, run):
            async with super().scratch(run) as scratch:
                yield scratch
            raise StorageError("cannot remove tmp")

    home.storage = Untidy(home.path)
    with pytest.raises(StorageError) as caught:
        await sync(str(source), home.repository("files"), plugin=plugin)
    report = caught.value.report
    assert (report.exit_code, report.version, report.created, report.added, report.failed) == (7, 1, True, 1, 0)
    assert report.balances
    assert (await home.repository("files").version()).number == 1


async def test_a_source_that_awaits_a_unit_gets_its_saved_content(source, home):
    fill(source, {"a": b"one", "b": b"two"})
    saved = []

    class Patient(FilePlugin):
        async def declare(self, run):
            async for unit in super().declare(run):
                yield unit
                saved.append(await unit.resolution())

    await sync(str(source), home.repository("files"), plugin=Patient())
    assert [(content.relative_path, content.id is not None) for content in saved] == [("a", True), ("b", True)]


async def test_progress_is_told_as_events_that_end_with_the_report(source, home):
    fill(source, {"a": b"one", "b": b"two"})
    events, seen = Subject(), []
    events.subscribe(seen.append)
    report = await sync(str(source), home.repository("files"), plugin=plugin, events=events)
    assert seen[0] == Started(report.run, "files", f"{source.as_uri()}/")
    assert seen[-1] == Finished(report)
    last = [event for event in seen if isinstance(event, Advanced)][-1]
    assert (last.declared, last.done, last.total_known, last.bytes_downloaded) == (2, 2, True, 6)
    assert "download_artifacts" in [gauge.name for gauge in last.stages]


async def test_every_run_is_noted_with_its_report(source, home):
    fill(source, {"a": b"one"})
    good = await mirror(source, home)
    (source / "PULP_MANIFEST").write_text("rubbish\n")
    bad = await failing(MetadataError, source, home)
    database = sqlite3.connect(home.path / "rxsync.db")
    rows = database.execute(
        "SELECT id, exit_code, finished IS NOT NULL, report FROM sync_run ORDER BY exit_code"
    ).fetchall()
    database.close()
    assert [row[:3] for row in rows] == [(good.run, 0, 1), (bad.run, 4, 1)]
    assert [json.loads(row[3])["version"] for row in rows] == [1, None]


async def test_what_is_wrong_before_a_run_makes_no_home(tmp_path, source, home):
    fill(source, {"a": b"one"})
    with pytest.raises(PluginError, match="no plugin 'nope'; installed:"):
        await sync(str(source), home.repository("files"), plugin="nope")
    with pytest.raises(UsageError, match="no such folder, and no URL"):
        await sync(str(tmp_path / "nowhere"), home.repository("files"), plugin=plugin)
    for name in ("", "a/b", "..", "-x", "x" * 200, "ä"):
        with pytest.raises(UsageError, match="cannot name a repository"):
            home.repository(name)
    assert not home.path.exists()
    with pytest.raises(HomeError, match="is no home yet"):
        await home.repositories()


async def test_a_deleted_repository_is_gone(source, home):
    fill(source, {"a": b"one"})
    await mirror(source, home)
    assert await home.repository("files").delete() == 2
    with pytest.raises(NotFoundError):
        await home.repository("files").versions()
    report = await mirror(source, home)
    assert (report.version, report.known, report.bytes_downloaded) == (1, 1, 0)


class Page(Content):
    """Known by its path alone: the source says nothing of its bytes."""

    path = TextField()

    class Meta:
        content_type = "test.page"
        natural_key = ("path",)


class Pages(Plugin):
    """Declares pages without a digest."""

    name = "pages"
    content_types = (Page,)

    async def declare(self, run):
        for path in ("a", "b"):
            yield DeclarativeContent(Page(path=path), [DeclarativeArtifact(f"{run.remote.url}{path}", path)])


async def test_files_without_digest_are_asked_for_conditionally_and_must_stay_what_they_were(source, home):
    fill(source, {"a": b"one", "b": b"two"})
    with counting_server(source) as server:
        first = await sync(server.url, home.repository("pages"), plugin=Pages())
        assert (first.new, first.bytes_downloaded) == (2, 6)
        again = await sync(server.url, home.repository("pages"), plugin=Pages())
        assert (again.known, again.bytes_downloaded, again.created) == (2, 0, False)
        (source / "b").write_bytes(b"other")
        os.utime(source / "b", (2_000_000_000, 2_000_000_000))
        with pytest.raises(
            ConflictError, match=r"b: the saved unit has sha256 .*, http://127.* gives .* now"
        ) as caught:
            await sync(server.url, home.repository("pages"), plugin=Pages())
    assert caught.value.report.exit_code == 4
    assert stored(home) == {sha256(b"one"), sha256(b"two")}


async def test_a_cancellation_that_comes_once_the_version_is_made_is_too_late(source, home, monkeypatch):
    fill(source, {"a": b"one"})
    task = None

    def cancelled(self, run):
        task.get_loop().call_soon_threadsafe(task.cancel)
        return end_staging(self, run)

    end_staging = Versions.end_staging
    monkeypatch.setattr(Versions, "end_staging", cancelled)
    task = asyncio.create_task(sync(str(source), home.repository("files"), plugin=plugin))
    report = await task
    assert (report.version, report.created, report.exit_code, report.error) == (1, True, 0, None)


async def test_trouble_with_the_runs_notes_does_not_hide_what_went_wrong_first(source, home, monkeypatch):
    fill(source, {"a": b"one"})
    (source / "a").write_bytes(b"eno")

    def broken(self, run):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Versions, "end_staging", broken)
    await failing(DigestMismatchError, source, home, retries=0)


@pytest.mark.parametrize("kind", [Started, Advanced, Finished])
async def test_who_fails_at_watching_holds_up_nothing(source, home, kind, caplog):
    fill(source, {"a": b"one"})
    told = []

    def watch(event):
        told.append(event)
        if isinstance(event, kind):
            raise RuntimeError("no more paper")

    events = Subject()
    events.subscribe(watch)
    report = await sync(str(source), home.repository("files"), plugin=plugin, events=events)
    assert (report.version, report.exit_code) == (1, 0)
    assert isinstance(told[-1], kind)
    assert "an observer of progress failed" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [{"mode": "mirrow"}, {"policy": "streamed"}, {"max_concurrent": 0}, {"retries": -1}, {"max_delete": "lots"}],
)
def test_options_that_cannot_be_are_refused_before_anything_is_opened(home, wrong):
    with pytest.raises(UsageError, match="expected"):
        asyncio.run(sync("/nowhere", home.repository("files"), plugin=plugin, **wrong))
    assert not home.path.exists()


def test_a_repository_cannot_be_named_out_of_the_home(home):
    with pytest.raises(UsageError, match="cannot name a repository"):
        Repository(home, "../evil")


def test_a_host_alone_is_its_root_folder():
    assert locate("http://host") == "http://host/"
    assert locate("http://host/x") == "http://host/x"


async def test_of_very_many_dropped_units_some_are_named_and_all_are_counted(source, home, monkeypatch):
    monkeypatch.setattr("rxsync.pipeline.tally.NAMED", 3)
    fill(source, {f"{n}": b"%d" % n for n in range(20)})
    nothing = ops.filter(lambda unit: False)
    report = await mirror(source, home, amend=lambda recipe: recipe.before("download_artifacts", nothing=nothing))
    assert (report.declared, report.dropped) == (20, 20)
    assert [problem.kind for problem in report.problems] == ["dropped"] * 3


async def test_the_same_object_declared_twice_is_counted_twice(source, home):
    fill(source, {"a": b"one"})
    hold = stage(lambda units: units, batch=10)

    class Twice(FilePlugin):
        async def declare(self, run):
            async for unit in super().declare(run):
                yield unit
                yield unit

    report = await sync(
        str(source),
        home.repository("files"),
        plugin=Twice(),
        amend=lambda recipe: recipe.before("download_artifacts", hold=hold),
    )
    assert report.balances
    assert report.declared == 2
