"""The local store keeps the contract, and its files are where and what scripts rely on."""

import asyncio
import hashlib
import itertools
import threading
from pathlib import Path

import pytest

from rxsync.declare.body import Body
from rxsync.errors import StorageError
from rxsync.storage import LocalStorage, local, place
from rxsync.testing.storage import StorageTests, received, sha256_of, some_bytes


class TestLocalStorage(StorageTests):
    async def make_storage(self, folder):
        return LocalStorage(folder / "home")


@pytest.fixture
def storage(tmp_path):
    return LocalStorage(tmp_path)


def made(data):
    return Body(len(data), {"sha256": sha256_of(data)}, data=data)


def files_below(folder: Path):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_file_is_named_by_two_and_sixty_two_hex_digits_and_is_read_only(storage, tmp_path):
    (tmp_path / "moved").write_bytes(b"moved")
    (tmp_path / "copied").write_bytes(b"copied")
    moved = Body(5, {"sha256": sha256_of(b"moved")}, path=tmp_path / "moved")
    copied = Body(6, {"sha256": sha256_of(b"copied")}, path=tmp_path / "copied", ours=False)
    await storage.put([made(b"in memory"), moved, copied])
    for data in (b"in memory", b"moved", b"copied"):
        digest = hashlib.sha256(data).hexdigest()
        path = tmp_path / "artifacts" / digest[:2] / digest[2:]
        assert path == storage.path(digest)
        assert path.read_bytes() == data
        assert path.stat().st_mode & 0o777 == 0o444


async def test_nothing_is_made_before_it_is_needed(storage, tmp_path):
    assert not await storage.has(sha256_of(b"x"))
    assert [name async for name in storage.names()] == []
    assert list(tmp_path.iterdir()) == []


async def test_a_put_leaves_nothing_behind_but_its_files(storage, tmp_path):
    await storage.put([made(some_bytes(100, seed)) for seed in range(250)])
    assert len(files_below(tmp_path)) == len(files_below(tmp_path / "artifacts")) == 250
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_file_that_is_already_there_is_replaced(storage):
    path = storage.path(sha256_of(b"right"))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"wrong")
    await storage.put([made(b"right")])
    assert path.read_bytes() == b"right"


async def test_a_moved_body_says_where_it_is_and_its_release_leaves_it_there(storage):
    async with storage.scratch("run") as scratch:
        body = await received(scratch, some_bytes(2 << 20))
        await storage.put([body])
        scratch.release([body])
    assert (body.path, body.ours) == (storage.path(body.sha256), False)
    assert body.path.read_bytes() == some_bytes(2 << 20)


async def test_the_same_bytes_twice_in_a_batch_are_written_once(storage):
    async with storage.scratch("run") as scratch:
        bodies = [await received(scratch, some_bytes(300_000)) for _ in range(3)]
        await storage.put(bodies)
        assert sorted(body.ours for body in bodies) == [False, True, True]
        scratch.release(bodies)
    assert storage.path(bodies[0].sha256).read_bytes() == some_bytes(300_000)


async def test_names_streams_what_is_stored_and_passes_over_strangers(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "NAMES", 7)
    datas = [some_bytes(10, seed) for seed in range(40)]
    await storage.put([made(data) for data in datas])
    folder = storage.path(sha256_of(datas[0])).parent
    (folder / "README").write_text("a stranger")
    (tmp_path / "artifacts" / "README").write_text("another")
    names = [name async for name in storage.names()]
    assert sorted(names) == sorted(sha256_of(data) for data in datas)


async def test_names_may_be_left_half_way(storage, monkeypatch):
    monkeypatch.setattr(local, "NAMES", 1)
    await storage.put([made(some_bytes(10, seed)) for seed in range(5)])
    names = storage.names()
    first = await anext(names)
    await names.aclose()  # an open folder would be a ResourceWarning, which is an error here
    assert await storage.has(first)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
async def test_what_is_no_sha256_has_no_path(storage, name):
    with pytest.raises(StorageError, match="is no sha256"):
        storage.path(name)
    with pytest.raises(StorageError, match="is no sha256"):
        await storage.has(name)


async def test_a_cancelled_put_stops_between_two_steps_and_leaves_no_temporary_file(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "STEPS", 1)
    copied = tmp_path / "large"
    copied.write_bytes(some_bytes(8 << 20))
    body = Body(8 << 20, {"sha256": sha256_of(some_bytes(8 << 20))}, path=copied, ours=False)
    put = asyncio.ensure_future(storage.put([body]))
    await asyncio.sleep(0)
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    assert files_below(tmp_path) == ["large"]
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_read_that_is_left_half_way_closes_its_file(storage):
    await storage.put([made(some_bytes(100))])
    pieces = storage.read(sha256_of(some_bytes(100)), piece=10)
    assert await anext(pieces) == some_bytes(100)[:10]
    await pieces.aclose()  # an open file would be a ResourceWarning, which is an error here


@pytest.mark.parametrize(("seconds", "on_the_loop"), [(0.0, 9), (1.0, 1)])
async def test_the_loop_writes_small_files_only_while_the_disk_answers_at_once(
    tmp_path, monkeypatch, seconds, on_the_loop
):
    clock, wrote = itertools.count(), []
    monkeypatch.setattr(local, "perf_counter", lambda: next(clock) * seconds)
    write = place._write
    monkeypatch.setattr(place, "_write", lambda *args: (wrote.append(threading.get_ident()), write(*args))[1])
    storage = LocalStorage(tmp_path)
    async with storage.scratch("run") as scratch:
        bodies = [await received(scratch, some_bytes(10, seed)) for seed in range(10)]
        await storage.put(bodies)
    assert wrote.count(threading.get_ident()) == on_the_loop
    assert len(wrote) == 10
    assert sorted([name async for name in storage.names()]) == sorted(body.sha256 for body in bodies)
