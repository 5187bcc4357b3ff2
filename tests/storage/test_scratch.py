"""A scratch keeps its promises on memory, and is gone when its run is."""

import asyncio
import threading

import pytest

from rxsync.declare import NoRoomError
from rxsync.errors import StorageError
from rxsync.storage import LocalStorage
from rxsync.storage.hashing import HashingFile
from rxsync.storage.scratch import MEMORY, PIECE, SMALL
from rxsync.testing.storage import received, sha256_of, some_bytes


@pytest.fixture
def storage(tmp_path):
    return LocalStorage(tmp_path)


@pytest.fixture
async def scratch(storage):
    async with storage.scratch("run") as scratch:
        yield scratch


async def test_bodies_up_to_256_kib_are_kept_in_memory_and_larger_ones_in_the_runs_folder(scratch, tmp_path):
    assert SMALL == 256 * 1024
    at_limit, above = await received(scratch, bytes(SMALL)), await received(scratch, bytes(SMALL + 1))
    assert (at_limit.path, above.data) == (None, None)
    assert above.path.parent == tmp_path / "tmp" / "run"


async def test_bodies_in_memory_stay_under_256_mib_in_sum_and_a_release_makes_room(scratch):
    assert MEMORY == 256 * 1024 * 1024
    data = bytes(SMALL)  # one object, so that the test itself needs no 256 MiB
    bodies = [await received(scratch, data, pieces=SMALL) for _ in range(MEMORY // SMALL)]
    assert all(body.data is not None for body in bodies)
    assert scratch.in_memory == MEMORY

    one_more = await received(scratch, b"x")
    assert one_more.path.read_bytes() == b"x"
    assert scratch.in_memory == MEMORY

    scratch.release(bodies[:1])
    assert (await received(scratch, b"x")).data == b"x"


async def test_pieces_that_are_gathered_count_as_memory_too(scratch):
    data = bytes(PIECE - 1)
    sinks = [scratch.receive() for _ in range(MEMORY // PIECE + 6)]
    most = 0
    for sink in sinks:
        await sink.write(data)
        most = max(most, scratch.in_memory)
    assert most <= MEMORY
    bodies = [await sink.close() for sink in sinks]
    assert {body.sha256 for body in bodies} == {sha256_of(data)}
    assert scratch.in_memory == 0


async def test_whatever_ends_a_body_gives_its_memory_back(scratch):
    for size in (0, 1, SMALL, SMALL + 1, PIECE, 3 * PIECE + 1):
        sink = scratch.receive()
        await sink.write(bytes(size))
        await sink.discard()
        assert scratch.in_memory == 0
        body = await received(scratch, bytes(size))
        scratch.release([body])
        assert (scratch.in_memory, body.data) == (0, None)


async def test_a_large_file_is_written_as_it_comes(scratch, tmp_path):
    sink = scratch.receive()
    for _ in range(10):
        await sink.write(bytes(PIECE))
        assert scratch.in_memory == 0
    [file] = (tmp_path / "tmp" / "run").iterdir()
    assert file.stat().st_size >= 9 * PIECE
    await sink.discard()
    assert not file.exists()


async def test_a_released_file_is_gone(scratch, tmp_path):
    body = await received(scratch, some_bytes(PIECE))
    scratch.release([body])
    assert list((tmp_path / "tmp" / "run").iterdir()) == []


async def test_an_unknown_algorithm_is_an_error_and_leaves_nothing(scratch, tmp_path):
    small, large = scratch.receive(["sha257"]), scratch.receive(["sha257"])
    await small.write(b"x")
    with pytest.raises(ValueError, match="sha257"):
        await small.close()
    with pytest.raises(ValueError, match="sha257"):
        await large.write(bytes(PIECE))
    for sink in (small, large):
        await sink.discard()
    assert scratch.in_memory == 0
    assert list((tmp_path / "tmp" / "run").iterdir()) == []


async def test_a_write_that_is_cancelled_is_over_when_the_sink_is_discarded(scratch, tmp_path):
    sink = scratch.receive()
    write = asyncio.ensure_future(sink.write(bytes(4 * PIECE)))
    await asyncio.sleep(0)
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    await sink.discard()  # an open file would be a ResourceWarning, which is an error here
    assert scratch.in_memory == 0
    assert list((tmp_path / "tmp" / "run").iterdir()) == []


async def test_a_write_that_is_cancelled_waits_for_its_thread(scratch, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    whole_write = HashingFile.write

    def slow_disk(file, piece):
        begun.set()
        go_on.wait()
        return whole_write(file, piece)

    monkeypatch.setattr(HashingFile, "write", slow_disk)
    sink = scratch.receive()
    write = asyncio.ensure_future(sink.write(bytes(PIECE)))
    await asyncio.to_thread(begun.wait)
    for _ in range(6):  # however often
        write.cancel()
        await asyncio.sleep(0)
    waited = not write.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await write
    assert waited
    await sink.discard()


@pytest.mark.parametrize("ending", [KeyError, asyncio.CancelledError, KeyboardInterrupt])
async def test_the_folder_is_gone_whatever_ends_the_run(storage, tmp_path, ending):
    async def run():
        async with storage.scratch("run") as scratch:
            assert (await received(scratch, some_bytes(PIECE))).path.exists()
            raise ending

    with pytest.raises(ending):
        await run()
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_run_cancelled_while_its_scratch_opens_leaves_no_folder(storage, tmp_path):
    async def run():
        async with storage.scratch("run"):
            raise AssertionError("it was cancelled before")

    for turns in range(1, 40):  # at each point at which the opening waits
        opening = asyncio.ensure_future(run())
        for _ in range(turns):
            await asyncio.sleep(0)
        if opening.done():
            break
        opening.cancel()
        with pytest.raises((asyncio.CancelledError, AssertionError)):
            await opening
        assert not (tmp_path / "tmp").exists() or list((tmp_path / "tmp").iterdir()) == []


async def test_two_live_runs_of_one_name_are_refused_and_the_first_goes_on(storage, tmp_path):
    async with storage.scratch("run") as scratch:
        body = await received(scratch, some_bytes(PIECE))
        with pytest.raises(StorageError, match="cannot make tmp/run: file exists"):
            async with LocalStorage(tmp_path).scratch("run"):
                pass
        assert body.path.exists()


async def test_what_is_no_folder_in_tmp_is_left_alone(storage, tmp_path):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "note").write_text("by hand")
    async with storage.scratch("run"):
        assert (tmp_path / "tmp" / "note").read_text() == "by hand"


@pytest.mark.parametrize("size", [1, SMALL + 1])
@pytest.mark.parametrize("elsewhere", [False, True])
async def test_bytes_go_with_the_last_who_has_the_body_in_whatever_thread(scratch, tmp_path, size, elsewhere):
    held = [await received(scratch, bytes(size))]
    folder = tmp_path / "tmp" / "run"
    assert (scratch.in_memory, len(list(folder.iterdir()))) == ((1, 0) if size == 1 else (0, 1))
    await asyncio.to_thread(held.clear) if elsewhere else held.clear()
    assert (scratch.in_memory, list(folder.iterdir())) == (0, [])


async def test_a_body_that_was_stored_goes_without_its_file(scratch, storage):
    body = await received(scratch, bytes(SMALL + 1))
    await storage.put([body])
    name = body.sha256
    del body
    assert await storage.has(name)


class Claim:
    """Grows as it is asked to, up to a bound, and remembers."""

    def __init__(self, most=5):
        self.room, self.most, self.asked = 0, most, []

    def grow(self, size, expected):
        self.asked.append((size, expected))
        if max(size, expected) > self.most:
            raise NoRoomError
        self.room = max(size, expected)

    def give_back(self):
        self.room = -1


@pytest.mark.parametrize(
    ("expected", "asked"), [(None, [(3, 0), (5, 0)]), (4, [(3, 4), (5, 4)]), (5, [(3, 5)]), (1, [(3, 1), (5, 1)])]
)
async def test_a_claim_grows_before_there_are_more_bytes_than_it_has_room_for(scratch, expected, asked):
    claim = Claim()
    sink = scratch.receive(size=expected, claim=claim)
    for piece in (b"abc", b"", b"de"):
        await sink.write(piece)
        assert claim.room >= sink.size
    body = await sink.close()
    assert claim.asked == asked
    body.claim = claim
    scratch.release([body])
    assert (claim.room, body.claim) == (-1, None)


async def test_bytes_that_find_no_room_are_not_taken(scratch):
    sink = scratch.receive(claim=Claim(most=3))
    await sink.write(b"abc")
    with pytest.raises(NoRoomError):
        await sink.write(b"d")
    assert (sink.size, scratch.in_memory) == (3, 3)
    await sink.discard()
    assert scratch.in_memory == 0
