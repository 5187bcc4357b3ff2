"""The beginning of a large file waits for a later run, however the one that fetched it ended."""

import asyncio
import json
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rxsync.declare import NoRoomError, Validators
from rxsync.ports.storage import Beginning
from rxsync.storage import LocalStorage
from rxsync.storage.partial import NOTE, Partial, write_note
from rxsync.storage.scratch import PIECE
from rxsync.testing.storage import sha256_of, some_bytes

DATA = some_bytes(3 << 20)
NAME = f"sha256-{sha256_of(DATA)}"
BEGINNING = Beginning("http://host/a", Validators('"1"', None), len(DATA))


async def begin(scratch, data=DATA[: 2 << 20], name=NAME, beginning=BEGINNING):
    """A sink that has taken some bytes, and is noted."""
    sink = scratch.receive()
    sink.note(name, beginning)
    await sink.write(data)
    return sink


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def test_what_was_suspended_is_gone_on_with_in_another_run_and_stored_whole(tmp_path):
    storage = LocalStorage(tmp_path)
    async with storage.scratch("one") as scratch:
        sink = await begin(scratch)
        await sink.write(b"tail, gathered")
        assert await sink.suspend()
        assert scratch.in_memory == 0
    assert names(tmp_path / "partial") == [NAME, NAME + NOTE]
    async with storage.scratch("two") as scratch:
        assert scratch.beginning(NAME) == BEGINNING
        sink = await scratch.resume(NAME, ["md5"])
        assert sink.size == (2 << 20) + 14
        assert names(tmp_path / "partial") == []
        await sink.write(b"the end")
        body = await sink.close()
        whole = DATA[: 2 << 20] + b"tail, gatheredthe end"
        assert body.sha256 == sha256_of(whole)
        assert "md5" in body.digests
        assert body.path.read_bytes() == whole
        assert stat.S_IMODE(body.path.stat().st_mode) == 0o444
        await storage.put([body])
        assert await storage.has(sha256_of(whole))
    assert names(tmp_path / "partial") == []


async def test_a_run_goes_on_with_what_it_has_suspended_itself(tmp_path):
    async with LocalStorage(tmp_path).scratch("run") as scratch:
        await (await begin(scratch)).suspend()
        assert scratch.beginning(NAME) == BEGINNING
        sink = await scratch.resume(NAME)
        await sink.write(DATA[2 << 20 :])
        assert (await sink.close()).sha256 == sha256_of(DATA)


async def test_what_there_is_no_room_for_yet_waits_again(tmp_path):
    class Claim:
        room = 0

        def grow(self, size, expected):
            raise NoRoomError

    async with LocalStorage(tmp_path).scratch("run") as scratch:
        await (await begin(scratch)).suspend()
        with pytest.raises(NoRoomError):
            await scratch.resume(NAME, claim=Claim())
        assert scratch.beginning(NAME) == BEGINNING
    assert names(tmp_path / "partial") == [NAME, NAME + NOTE]


class Interrupting(ThreadPoolExecutor):
    """Threads, whose user is cancelled as soon as the last of some pieces of work is theirs."""

    user, left = None, 0

    def submit(self, *work, **more):
        self.left -= 1
        if self.user is not None and self.left == 0:
            self.user.cancel()
        return super().submit(*work, **more)


async def test_what_nobody_goes_on_with_after_all_waits_again(tmp_path):
    with Interrupting(1) as threads:
        async with LocalStorage(tmp_path).scratch("run") as scratch:
            await (await begin(scratch)).suspend()
            scratch.threads = threads
            threads.user, threads.left = asyncio.create_task(scratch.resume(NAME)), 1
            with pytest.raises(asyncio.CancelledError):
                await threads.user
            assert scratch.beginning(NAME) == BEGINNING
    assert names(tmp_path / "partial") == [NAME, NAME + NOTE]


@pytest.mark.parametrize("hops", [1, 2])
async def test_who_is_cancelled_while_the_last_bytes_are_written_leaves_all_of_them_waiting(tmp_path, hops):
    with Interrupting(1) as threads:
        async with LocalStorage(tmp_path).scratch("run") as scratch:
            sink = await begin(scratch, DATA[: 2 << 20])
            await sink.write(DATA[2 << 20 : -1])
            await sink.write(DATA[-1:])
            scratch.threads = threads
            threads.user, threads.left = asyncio.create_task(sink.close()), hops
            with pytest.raises(asyncio.CancelledError):
                await threads.user
            assert await sink.suspend()
            sink = await scratch.resume(NAME)
            assert sink.size == len(DATA)
            await sink.discard()


async def test_what_was_not_noted_or_is_still_in_memory_or_came_whole_does_not_wait(tmp_path):
    async with LocalStorage(tmp_path).scratch("run") as scratch:
        unnoted = scratch.receive()
        await unnoted.write(DATA)
        assert not await unnoted.suspend()
        small = await begin(scratch, bytes(PIECE - 1))
        assert not await small.suspend()
        whole = await begin(scratch, DATA)
        await whole.close()
        assert not await whole.suspend()
        thrown = await begin(scratch)
        await thrown.discard()
        assert not await thrown.suspend()
        assert scratch.in_memory == 0
    assert names(tmp_path / "partial") == []


DIE = """
import os, signal
from rxsync.declare import Validators
from rxsync.ports.storage import Beginning

async def main():
    async with storage.scratch("dead") as scratch:
        for number, whole in enumerate((False, True)):
            sink = scratch.receive()
            sink.note(f"sha256-{number}", Beginning("http://host/a", Validators('"1"', None), 3 << 20))
            await sink.write(some_bytes(2 << 20))
            if whole:
                await sink.write(some_bytes(1 << 20))
                body = await sink.close()
        unnoted = scratch.receive()
        await unnoted.write(some_bytes(2 << 20))
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


async def test_what_a_killed_run_has_left_is_rescued_also_if_it_was_whole(tmp_path, child):
    status, said = child(DIE, tmp_path).end()
    assert status == -signal.SIGKILL, said
    async with LocalStorage(tmp_path).scratch("next") as scratch:
        assert names(tmp_path / "tmp") == ["next"]
        sinks = [await scratch.resume(f"sha256-{number}") for number in (0, 1)]
        assert [sink.size for sink in sinks] == [2 << 20, 3 << 20]
        for sink in sinks:
            await sink.discard()
        assert names(tmp_path / "partial") == []


async def test_of_two_runs_one_goes_on_and_the_other_begins_anew(tmp_path):
    storage = LocalStorage(tmp_path)
    async with storage.scratch("one") as scratch:
        await (await begin(scratch)).suspend()
    async with storage.scratch("two") as two, storage.scratch("three") as three:
        assert two.beginning(NAME) == three.beginning(NAME) == BEGINNING
        sink = await two.resume(NAME)
        assert sink.size == 2 << 20
        assert await three.resume(NAME) is None
        assert three.beginning(NAME) is None
        await sink.discard()


async def test_a_folder_that_cannot_be_written_is_no_error_and_leaves_nothing(tmp_path):
    (tmp_path / "partial").write_text("in the way")
    partials = Partial(tmp_path / "partial")
    with pytest.raises(NotADirectoryError):
        partials.look()
    (tmp_path / "partial").unlink()
    async with LocalStorage(tmp_path).scratch("run") as scratch:
        sink = await begin(scratch)
        (tmp_path / "partial").write_text("in the way")
        assert not await sink.suspend()
        assert [name for name in names(tmp_path / "tmp" / "run") if not name.endswith(NOTE)] == []


def have(folder, name, size, age):
    """A beginning in the folder, so many seconds old."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(bytes(size))
    write_note(folder / name, name, BEGINNING)
    os.utime(folder / name, (1e9 - age, 1e9 - age))


def test_the_oldest_go_where_there_are_too_many_bytes_and_the_newest_stays(tmp_path):
    for number in (1, 2, 3):
        have(tmp_path / "partial", f"sha256-{number}", 10, age=number)
    have(tmp_path / "run", "0", 15, age=9)
    write_note(tmp_path / "run" / "0", "sha256-0", BEGINNING)
    partials = Partial(tmp_path / "partial", most=36)
    partials.look()
    partials.keep(tmp_path / "run" / "0")
    assert names(tmp_path / "partial") == [
        "sha256-0",
        "sha256-0.json",
        "sha256-1",
        "sha256-1.json",
        "sha256-2",
        "sha256-2.json",
    ]
    assert [bool(partials.beginning(f"sha256-{number}")) for number in range(4)] == [True, True, True, False]
    have(tmp_path / "run", "5", 100, age=99)
    write_note(tmp_path / "run" / "5", "sha256-5", BEGINNING)
    partials.keep(tmp_path / "run" / "5")
    assert names(tmp_path / "partial") == ["sha256-5", "sha256-5.json"]


@pytest.mark.parametrize(
    "note",
    [
        b"", b"{", b"[]", b'{"name": "sha256-1"}', b"\xff",
        json.dumps({"name": "sha256-2", "url": "u", "size": 9, "etag": None, "last_modified": None}).encode(),
        json.dumps({"name": "../sha256-1", "url": "u", "size": 9, "etag": None, "last_modified": None}).encode(),
        json.dumps({"name": "sha256-1", "url": "u", "size": "x", "etag": None, "last_modified": None}).encode(),
    ],
)  # fmt: skip
def test_what_nobody_can_go_on_with_goes(tmp_path, note):
    have(tmp_path / "partial", "sha256-1", 10, age=1)
    (tmp_path / "partial" / ("sha256-1" + NOTE)).write_bytes(note)
    (tmp_path / "partial" / "sha256-3").write_bytes(b"without a note")
    write_note(tmp_path / "partial" / "sha256-4", "sha256-4", BEGINNING)
    partials = Partial(tmp_path / "partial")
    partials.look()
    assert names(tmp_path / "partial") == []
    assert partials.beginning("sha256-1") is None


def test_a_name_that_leads_elsewhere_is_not_followed(tmp_path):
    have(tmp_path / "run", "0", 10, age=1)
    write_note(tmp_path / "run" / "0", "../../escaped", BEGINNING)
    Partial(tmp_path / "home" / "partial").keep(tmp_path / "run" / "0")
    assert names(tmp_path) == ["run"]


def test_a_note_that_came_before_its_file_is_left_where_it_is(tmp_path):
    (tmp_path / "run").mkdir()
    write_note(tmp_path / "run" / "0", NAME, BEGINNING)
    Partial(tmp_path / "partial").rescue(tmp_path / "run")
    assert names(tmp_path / "partial") == []


def test_who_is_stopped_between_file_and_note_leaves_nothing_that_is_believed(tmp_path, monkeypatch):
    have(tmp_path / "run", "0", 10, age=1)
    write_note(tmp_path / "run" / "0", NAME, BEGINNING)
    replace = Path.replace

    def stop(self, target):
        if self.suffix == NOTE:
            raise OSError(5, "stopped")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(OSError, match="stopped"):
        Partial(tmp_path / "partial").keep(tmp_path / "run" / "0")
    assert names(tmp_path / "partial") == [NAME]
    fresh = Partial(tmp_path / "partial")
    fresh.look()
    assert fresh.beginning(NAME) is None
    assert names(tmp_path / "partial") == []


async def test_what_nobody_has_gone_on_with_is_forgotten_by_its_age(tmp_path):
    storage = LocalStorage(tmp_path)
    assert await storage.forget_partial(1e9) == (0, 0)
    have(tmp_path / "partial", "sha256-1", 10, age=100)
    have(tmp_path / "partial", "sha256-2", 20, age=300)
    assert await storage.forget_partial(1e9 - 200, dry_run=True) == (1, 20)
    assert len(names(tmp_path / "partial")) == 4
    assert await storage.forget_partial(1e9 - 200) == (1, 20)
    assert names(tmp_path / "partial") == ["sha256-1", "sha256-1.json"]
