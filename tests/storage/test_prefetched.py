"""Files that are here already are named, and nothing else happens to them."""

import hashlib
import os
import tempfile
import threading
from pathlib import Path

import pytest

from rxsync.errors import SourceError, StorageError
from rxsync.storage import LocalStorage
from rxsync.storage.hashing import PIECE
from rxsync.storage.prefetched import prefetched
from rxsync.testing.storage import sha256_of, some_bytes


@pytest.fixture
def theirs(tmp_path):
    path = tmp_path / "theirs"
    path.write_bytes(b"a blob")
    return path


async def test_a_file_is_named_by_sha256_and_by_what_is_asked_for_and_stays_where_it_is(theirs):
    body = await prefetched(str(theirs), ["sha1", "md5"])
    assert (body.size, body.path, body.ours, body.data) == (6, theirs, False, None)
    assert body.digests == {name: hashlib.new(name, b"a blob").hexdigest() for name in ("sha256", "sha1", "md5")}
    assert theirs.read_bytes() == b"a blob"


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, 3 * PIECE + 1])
async def test_a_file_of_any_size_is_read_whole(size, theirs):
    data = some_bytes(size)
    theirs.write_bytes(data)
    body = await prefetched(theirs)
    assert (body.size, body.sha256) == (size, sha256_of(data))


async def test_a_file_is_read_in_a_thread(theirs, monkeypatch):
    threads, opens = [], Path.open

    def noting(self, *args, **options):
        threads.append(threading.get_ident())
        return opens(self, *args, **options)

    monkeypatch.setattr(Path, "open", noting)
    await prefetched(theirs)
    assert threads
    assert threading.get_ident() not in threads


async def test_what_is_no_regular_file_or_cannot_be_read_is_an_error_that_names_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    for name, why in [("pipe", "regular file"), (".", "regular file"), ("missing", "No such"), ("link", "No such")]:
        with pytest.raises(SourceError, match=why):
            await prefetched(tmp_path / name)


async def test_a_digest_that_cannot_be_computed_is_an_error(theirs):
    with pytest.raises(ValueError, match="nonsense"):
        await prefetched(theirs, ["nonsense"])


async def test_a_link_is_followed_so_that_only_the_file_is_moved(theirs, tmp_path):
    (tmp_path / "link").symlink_to(theirs)
    body = await prefetched(tmp_path / "link", ours=True)
    storage = LocalStorage(tmp_path / "home")
    await storage.put([body])
    assert not storage.path(body.sha256).is_symlink()
    assert not theirs.exists()


async def test_a_relative_path_means_the_same_file_wherever_the_process_goes_next(theirs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = await prefetched("theirs")
    monkeypatch.chdir("/")
    storage = LocalStorage(tmp_path / "home")
    await storage.put([body])
    assert await storage.has(body.sha256)


async def test_a_file_that_has_changed_since_is_not_stored(theirs, tmp_path):
    body = await prefetched(theirs)
    theirs.write_bytes(b"b blob")
    storage = LocalStorage(tmp_path / "home")
    with pytest.raises(StorageError, match="it changed since it was read"):
        await storage.put([body])
    assert not await storage.has(body.sha256)


@pytest.fixture
def elsewhere():
    """A file on a second file system."""
    if not Path("/dev/shm").is_dir() or Path("/dev/shm").stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        pytest.skip("there is no second file system")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        (Path(folder) / "ours").write_bytes(b"far away")
        yield Path(folder) / "ours"


async def test_a_file_of_ours_on_another_file_system_is_copied_and_left(elsewhere, tmp_path):
    storage, body = LocalStorage(tmp_path / "home"), await prefetched(elsewhere, ours=True)
    await storage.put([body])
    assert elsewhere.read_bytes() == storage.path(body.sha256).read_bytes() == b"far away"
    assert storage.path(body.sha256).stat().st_mode & 0o777 == 0o444
