"""What every store must do, as a suite that a backend proves itself with.

Floor 6, doors. Shipped to whoever writes a backend; it speaks to the port ``rxsync.ports.storage`` alone::

    class TestMyStorage(StorageTests):
        async def make_storage(self, folder):
            return MyStorage(folder)
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from rxsync.declare.body import Body
from rxsync.errors import StorageError
from rxsync.ports.storage import Scratch, Storage

SIZES = [0, 1, 4096, 256 << 10, (256 << 10) + 1, (3 << 20) + 7]
"""Lengths in bytes, on both sides of what is usually kept in memory or written in one piece."""


def some_bytes(size: int, seed: int = 0) -> bytes:
    """Make ``size`` bytes that look random and are the same each time."""
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


def sha256_of(data: bytes) -> str:
    """Name of the bytes in a store."""
    return hashlib.sha256(data).hexdigest()


async def received(scratch: Scratch, data: bytes, *, pieces: int = 1 << 16, size: int | None = None) -> Body:
    """Push ``data`` through a sink of the scratch, ``pieces`` bytes at a time."""
    sink = scratch.receive(size=size)
    for start in range(0, len(data), pieces):
        await sink.write(data[start : start + pieces])
    return await sink.close()


async def read_all(storage: Storage, sha256: str) -> bytes:
    """All bytes of that name."""
    return b"".join([piece async for piece in storage.read(sha256)])


class StorageTests:
    """The contract. Subclass it, name the class ``Test…``, and say how a store is made.

    It needs pytest and pytest-asyncio, in either mode.
    """

    pytestmark: pytest.MarkDecorator = pytest.mark.asyncio

    async def make_storage(self, folder: Path) -> Storage:
        """Make an empty store.

        Args:
            folder: an empty folder of the test's own, for a backend that needs one.
        """
        raise NotImplementedError

    @pytest_asyncio.fixture
    async def storage(self, tmp_path: Path) -> Storage:
        """Give the store under test."""
        return await self.make_storage(tmp_path)

    @pytest_asyncio.fixture
    async def scratch(self, storage: Storage) -> AsyncIterator[Scratch]:
        """Give the scratch of a run that lives as long as the test."""
        async with storage.scratch("run") as scratch:
            yield scratch

    # What a sink gives

    @pytest.mark.parametrize("size", SIZES)
    async def test_a_body_is_what_came_whether_in_memory_or_on_disk(self, scratch: Scratch, size: int) -> None:
        data = some_bytes(size)
        body = await received(scratch, data)
        assert (body.size, body.digests) == (size, {"sha256": sha256_of(data)})
        assert (body.data is None) != (body.path is None)
        assert (body.path.read_bytes() if body.path else body.data) == data

    async def test_a_sink_computes_the_digests_it_is_asked_for(self, scratch: Scratch) -> None:
        for size in SIZES:
            data = some_bytes(size)
            sink = scratch.receive(["md5", "sha512", "sha256"])
            await sink.write(data)
            body = await sink.close()
            assert body.digests == {name: hashlib.new(name, data).hexdigest() for name in body.digests}
            assert set(body.digests) == {"md5", "sha256", "sha512"}

    async def test_a_sink_counts_while_it_takes(self, scratch: Scratch) -> None:
        sink = scratch.receive()
        counted = [sink.size]
        for piece in (b"ab", b"", b"c"):
            await sink.write(piece)
            counted.append(sink.size)
        await sink.discard()
        assert counted == [0, 2, 2, 3]

    async def test_a_wrong_size_hint_harms_nobody(self, scratch: Scratch) -> None:
        small, large = some_bytes(10), some_bytes(2 << 20)
        assert (await received(scratch, small, size=5 << 20)).sha256 == sha256_of(small)
        assert (await received(scratch, large, size=1)).sha256 == sha256_of(large)

    async def test_sinks_that_take_turns_do_not_mix_their_bytes(self, scratch: Scratch) -> None:
        pieces = [some_bytes(700_000, seed) for seed in range(4)]
        sinks = [scratch.receive() for _ in pieces]
        for _ in range(2):
            for sink, piece in zip(sinks, pieces, strict=True):
                await sink.write(piece)
        bodies = [await sink.close() for sink in sinks]
        assert [body.sha256 for body in bodies] == [sha256_of(piece * 2) for piece in pieces]

    async def test_discarding_is_harmless_again_and_after_close(self, scratch: Scratch, storage: Storage) -> None:
        for size in SIZES:
            dropped, kept = scratch.receive(), scratch.receive()
            for sink in (dropped, kept):
                await sink.write(some_bytes(size))
            await dropped.discard()
            await dropped.discard()
            body = await kept.close()
            await kept.discard()
            await storage.put([body])
            assert await storage.has(body.sha256)

    # What is put

    @pytest.mark.parametrize("size", SIZES)
    async def test_what_was_put_is_read_back(self, scratch: Scratch, storage: Storage, size: int) -> None:
        data = some_bytes(size)
        body = await received(scratch, data)
        assert not await storage.has(body.sha256)
        await storage.put([body])
        scratch.release([body])
        assert await storage.has(body.sha256)
        assert await read_all(storage, body.sha256) == data

    async def test_a_batch_may_hold_the_same_bytes_more_than_once(self, scratch: Scratch, storage: Storage) -> None:
        datas = [some_bytes(size, seed) for size in SIZES for seed in (1, 2, 1)]
        bodies = [await received(scratch, data) for data in datas]
        await storage.put(bodies)
        scratch.release(bodies)
        assert [await read_all(storage, sha256_of(data)) for data in datas] == datas

    async def test_bytes_may_be_put_again_and_by_several_at_once(self, scratch: Scratch, storage: Storage) -> None:
        bodies = [await received(scratch, some_bytes(size)) for size in SIZES * 3]
        await asyncio.gather(*(storage.put([body]) for body in bodies))
        await storage.put(bodies)
        scratch.release(bodies)
        for size in SIZES:
            assert await read_all(storage, sha256_of(some_bytes(size))) == some_bytes(size)

    async def test_an_empty_batch_is_put_without_a_word(self, storage: Storage) -> None:
        await storage.put([])
        assert not await storage.has(sha256_of(b""))

    async def test_a_file_that_is_not_ours_is_copied_and_left(self, storage: Storage, tmp_path: Path) -> None:
        for size in SIZES:
            theirs = tmp_path / f"theirs-{size}"
            theirs.write_bytes(some_bytes(size))
            before = theirs.stat()
            await storage.put([_not_ours(theirs)])
            assert await read_all(storage, sha256_of(some_bytes(size))) == theirs.read_bytes()
            after = theirs.stat()
            assert (after.st_ino, after.st_mode, after.st_nlink) == (before.st_ino, before.st_mode, 1)

    @pytest.mark.parametrize("now", [b"", b"bytes", b"bYtes then", b"bytes then, and more"])
    async def test_a_file_that_is_not_ours_and_has_changed_is_refused(
        self, storage: Storage, tmp_path: Path, now: bytes
    ) -> None:
        theirs = tmp_path / "theirs"
        theirs.write_bytes(b"bytes then")
        body = _not_ours(theirs)
        theirs.write_bytes(now)
        with pytest.raises(StorageError, match=r"theirs.*changed"):
            await storage.put([body])
        assert not await storage.has(body.sha256)
        assert not await storage.has(sha256_of(now))

    async def test_after_a_failure_the_bodies_not_at_fault_may_be_put_again(
        self, scratch: Scratch, storage: Storage, tmp_path: Path
    ) -> None:
        bodies = [await received(scratch, some_bytes(size)) for size in SIZES]
        missing = Body(1, {"sha256": sha256_of(b"x")}, path=tmp_path / "missing", ours=False)
        with pytest.raises(StorageError, match="missing"):
            await storage.put([*bodies, missing])
        await storage.put(bodies)
        scratch.release(bodies)
        for size in SIZES:
            assert await read_all(storage, sha256_of(some_bytes(size))) == some_bytes(size)

    async def test_a_put_that_is_cancelled_may_be_made_again(self, scratch: Scratch, storage: Storage) -> None:
        bodies = [await received(scratch, some_bytes(4096, seed)) for seed in range(300)]
        put = asyncio.ensure_future(storage.put(bodies))
        await asyncio.sleep(0)  # it has begun
        put.cancel()
        with pytest.raises(asyncio.CancelledError):
            await put
        await storage.put(bodies)
        assert [await storage.has(body.sha256) for body in bodies] == [True] * 300

    # What is released

    async def test_releasing_is_harmless_again_and_after_put(self, scratch: Scratch, storage: Storage) -> None:
        bodies = [await received(scratch, some_bytes(size)) for size in SIZES]
        await storage.put(bodies[::2])
        scratch.release(bodies)
        scratch.release(bodies)
        assert [await storage.has(body.sha256) for body in bodies] == [True, False] * 3

    async def test_bytes_that_were_released_cannot_be_put(self, scratch: Scratch, storage: Storage) -> None:
        for size in SIZES:
            body = await received(scratch, some_bytes(size))
            scratch.release([body])
            with pytest.raises(StorageError):
                await storage.put([body])
            assert not await storage.has(body.sha256)

    async def test_bodies_from_elsewhere_are_left_alone(
        self, scratch: Scratch, storage: Storage, tmp_path: Path
    ) -> None:
        theirs = tmp_path / "theirs"
        theirs.write_bytes(b"theirs")
        bodies = [_not_ours(theirs), Body(4, {"sha256": sha256_of(b"made")}, data=b"made")]
        scratch.release(bodies)
        await storage.put(bodies)
        assert await read_all(storage, sha256_of(b"theirs")) == theirs.read_bytes() == b"theirs"
        assert await read_all(storage, sha256_of(b"made")) == b"made"

    async def test_a_run_may_end_with_bodies_in_hand_and_its_name_is_free_again(self, storage: Storage) -> None:
        for _ in range(2):
            async with storage.scratch("again") as scratch:
                bodies = [await received(scratch, some_bytes(size)) for size in SIZES]
        with pytest.raises(StorageError):
            await storage.put(bodies[-1:])  # the file went with the run

    async def test_two_runs_have_a_scratch_each(self, storage: Storage) -> None:
        async with storage.scratch("one") as one:
            body = await received(one, some_bytes(2 << 20))
            async with storage.scratch("two") as two:
                await received(two, some_bytes(2 << 20, seed=2))
            await storage.put([body])
        assert await read_all(storage, body.sha256) == some_bytes(2 << 20)

    async def test_an_error_in_a_run_is_passed_on(self, storage: Storage) -> None:
        with pytest.raises(OSError, match="the run's own"):
            async with storage.scratch("failing"):
                raise OSError("the run's own")
        async with storage.scratch("failing") as scratch:
            assert (await received(scratch, b"x")).size == 1

    # What is read

    async def test_bytes_are_read_in_pieces_no_longer_than_asked(self, scratch: Scratch, storage: Storage) -> None:
        data = some_bytes(100_000)
        await storage.put([await received(scratch, data)])
        pieces = [piece async for piece in storage.read(sha256_of(data), piece=30_000)]
        assert max(map(len, pieces)) <= 30_000
        assert b"".join(pieces) == data

    async def test_bytes_that_are_not_here_cannot_be_read(self, storage: Storage) -> None:
        with pytest.raises(StorageError):
            await read_all(storage, sha256_of(b"never put"))


def _not_ours(path: Path) -> Body:
    data = path.read_bytes()
    return Body(len(data), {"sha256": sha256_of(data)}, path=path, ours=False)
