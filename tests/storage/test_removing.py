"""What is taken out of the store is what was looked at, and nothing that came since."""

import os

import pytest

from rxsync.declare.body import Body
from rxsync.errors import StorageError
from rxsync.locks import alone_in
from rxsync.storage import LocalStorage, durable, place, removing
from rxsync.testing.storage import sha256_of


@pytest.fixture
def storage(tmp_path):
    return LocalStorage(tmp_path)


def body(data):
    return Body(len(data), {"sha256": sha256_of(data)}, data=data)


async def put(storage, *contents):
    async with storage.scratch("run"):
        await storage.put([body(data) for data in contents])
    return [sha256_of(data) for data in contents]


async def test_what_was_looked_at_is_removed_and_the_rest_stays(storage):
    names = await put(storage, b"a", b"bc", b"def")
    found = await storage.look([*names[:2], "0" * 64])
    assert {(file.sha256, file.size, file.freed) for file in found} == {(names[0], 1, 1), (names[1], 2, 2)}
    assert set(await storage.remove(found)) == set(found)
    assert [name async for name in storage.names()] == names[2:]
    assert await storage.remove(found) == []


async def test_a_file_that_was_put_since_stays(storage):
    (name,) = await put(storage, b"a")
    found = await storage.look([name])
    await put(storage, b"a")
    assert await storage.remove(found) == []
    assert await storage.has(name)


async def test_a_file_that_was_removed_and_put_since_stays(storage):
    (name,) = await put(storage, b"a")
    found = await storage.look([name])
    storage.path(name).unlink()
    await put(storage, b"a")
    assert await storage.remove(found) == []


async def test_a_file_with_another_name_elsewhere_frees_nothing(storage, tmp_path):
    (name,) = await put(storage, b"a")
    os.link(storage.path(name), tmp_path / "elsewhere")
    (found,) = await storage.look([name])
    assert (found.size, found.links, found.freed) == (1, 2, 0)
    assert await storage.remove([found]) == [found]
    assert (tmp_path / "elsewhere").read_bytes() == b"a"


async def test_folders_and_links_are_no_files_of_the_store(storage, tmp_path):
    (tmp_path / "artifacts" / "00").mkdir(parents=True)
    storage.path("0" * 64).mkdir()
    storage.path("0" * 63 + "1").symlink_to(tmp_path)
    assert await storage.look(["0" * 64, "0" * 63 + "1"]) == []


@pytest.mark.parametrize("settles", [True, False])
async def test_a_file_is_replaced_under_the_lock_of_its_folder(storage, monkeypatch, settles):
    monkeypatch.setattr(durable, "settles_batches", lambda: settles)
    (name,) = await put(storage, b"a")
    seen = []

    def replace(temp, target, replace=os.replace):
        with pytest.raises(BlockingIOError):
            _take_at_once(storage.path(name).parent)
        seen.append(target)
        replace(temp, target)

    monkeypatch.setattr(place.os, "replace", replace)
    await put(storage, b"a")
    assert seen == [str(storage.path(name))]


async def test_a_file_is_looked_at_again_and_removed_under_that_lock(storage, monkeypatch):
    (name,) = await put(storage, b"a")
    found = await storage.look([name])
    seen, look = [], removing._look

    def look_locked(artifacts, name):
        with pytest.raises(BlockingIOError):
            _take_at_once(artifacts / name[:2])
        seen.append(name)
        return look(artifacts, name)

    monkeypatch.setattr(removing, "_look", look_locked)
    assert await storage.remove(found) == found
    assert seen == [name]


def _take_at_once(folder):
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


async def test_what_cannot_be_removed_is_told(storage, monkeypatch):
    (name,) = await put(storage, b"a")
    found = await storage.look([name])

    def refuse(path):
        raise PermissionError(1, "", str(path))

    monkeypatch.setattr(removing.Path, "unlink", refuse)
    with pytest.raises(StorageError, match=f"cannot remove artifacts/{name[:2]}/{name[2:]}: operation not permitted"):
        await storage.remove(found)


async def test_a_run_lives_while_its_scratch_is_open(storage, tmp_path):
    assert await storage.living(["one", "other"]) == set()
    async with storage.scratch("one"):
        assert await storage.living(["one", "other"]) == {"one"}
        with alone_in(tmp_path):  # of the home: another lock
            assert await storage.living(["one"]) == {"one"}
    assert await storage.living(["one"]) == set()
    (tmp_path / "tmp" / "dead").mkdir()
    assert await storage.living(["dead"]) == set()
    assert (tmp_path / "tmp" / "dead").is_dir()
