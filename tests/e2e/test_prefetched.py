"""A source whose bytes are on this disk already: blobs of a checkout go through the whole line, and none is fetched."""

import hashlib
import sqlite3

import pytest

from rxsync.errors import DigestMismatchError, StorageError
from rxsync.pipeline.home import Home
from rxsync.pipeline.sync import sync
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, Plugin, prefetched
from rxsync.plugins.file import FileContent


class Checkout(Plugin):
    """Reads a tree of blobs as git keeps them: a list of names, and objects called by their sha1."""

    name = "checkout"
    content_types = (FileContent,)

    def __init__(self, folder, *, ours=False, url=()):
        self.folder, self.ours, self.url = folder, ours, url

    async def declare(self, *_):
        for line in (self.folder / "tree").read_text().splitlines():
            sha1, name = line.split(maxsplit=1)
            body = await prefetched(self.folder / sha1, ["sha1"], ours=self.ours)
            artifact = DeclarativeArtifact(self.url, name, digests={"sha1": sha1}, body=body)
            yield DeclarativeContent(FileContent(relative_path=name, sha256=body.sha256), [artifact])


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    commit(folder, {"a": b"one", "b/c": b"two", "b/twin": b"two", "empty": b"", "large": bytes(3 << 20)})
    return folder


def commit(folder, files):
    rows = []
    for name, data in files.items():
        sha1 = hashlib.sha1(data).hexdigest()
        (folder / sha1).write_bytes(data)
        rows.append(f"{sha1} {name}\n")
    (folder / "tree").write_text("".join(rows))


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


async def mirror(checkout, home, **options):
    plugin = Checkout(checkout, **options.pop("declared", {}))
    report = await sync(str(checkout), home.repository("blobs"), plugin=plugin, **options)
    assert report.balances
    assert report.bytes_downloaded == 0
    return report


def store(home):
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in home.path.glob("artifacts/*/*")}


def remote_artifacts(home):
    with sqlite3.connect(home.path / "rxsync.db") as database:
        rows = database.execute("SELECT url FROM remote_artifact").fetchall()
    database.close()
    return rows


@pytest.mark.parametrize("policy", ["immediate", "on_demand"])
async def test_blobs_come_into_a_version_without_a_download_and_without_a_remote_file(checkout, home, policy):
    report = await mirror(checkout, home, policy=policy)
    assert (report.version, report.new, report.deferred) == (1, 5, 0)
    assert {path.read_bytes() for path in store(home)} == {b"one", b"two", b"", bytes(3 << 20)}
    assert remote_artifacts(home) == []
    assert all(path.exists() for path in checkout.iterdir())
    units = await home.repository("blobs").units()
    assert [unit.files[0][0] for unit in units] == ["a", "b/c", "b/twin", "empty", "large"]


@pytest.mark.parametrize("policy", ["immediate", "on_demand"])
async def test_a_second_run_changes_nothing_and_stores_nothing_again(checkout, home, policy):
    await mirror(checkout, home, policy=policy)
    before = store(home)
    report = await mirror(checkout, home, policy=policy)
    assert (report.version, report.created, report.known, report.new) == (1, False, 5, 0)
    assert store(home) == before


async def test_a_blob_that_is_stored_for_another_unit_is_not_stored_again(checkout, home):
    await mirror(checkout, home)
    before = store(home)
    commit(checkout, {"a": b"one", "another name": b"one"})
    report = await mirror(checkout, home, mode="additive")
    assert (report.version, report.new) == (2, 1)
    assert store(home) == before


async def test_the_downloader_may_be_left_out_of_such_a_line(checkout, home):
    report = await mirror(checkout, home, amend=lambda recipe: recipe.without("download_artifacts"))
    assert (report.version, report.new) == (1, 5)


async def test_files_that_are_ours_are_moved(checkout, home):
    commit(checkout, {"a": b"one", "b": b"two"})
    one = checkout / hashlib.sha1(b"one").hexdigest()
    inode = one.stat().st_ino
    await mirror(checkout, home, declared={"ours": True})
    assert not one.exists()
    assert inode in {inode for inode, _ in store(home).values()}


async def test_a_body_may_come_with_urls_which_are_remembered(checkout, home):
    commit(checkout, {"a": b"one"})
    await mirror(checkout, home, declared={"url": "https://lfs.example/one"})
    assert remote_artifacts(home) == [("https://lfs.example/one",)]


async def test_a_blob_that_is_not_what_its_name_says_fails_the_run_and_makes_no_version(checkout, home):
    (checkout / hashlib.sha1(b"two").hexdigest()).write_bytes(b"rotten")
    with pytest.raises(DigestMismatchError, match="sha1 declared") as caught:
        await mirror(checkout, home)
    assert (caught.value.report.version, caught.value.report.exit_code) == (None, 6)


async def test_a_blob_that_changes_while_it_is_in_the_line_fails_the_run_and_makes_no_version(checkout, home):
    commit(checkout, {"a": b"one"})

    class Hasty(Checkout):
        async def declare(self, *_):
            async for unit in super().declare():
                unit.artifacts[0].body.path.write_bytes(b"One")
                yield unit

    with pytest.raises(StorageError, match="it changed since it was read"):
        await sync(str(checkout), home.repository("blobs"), plugin=Hasty(checkout))
    assert [version.number for version in await home.repository("blobs").versions()] == [0]
    assert store(home) == {}
