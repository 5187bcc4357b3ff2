"""What the system refuses is told in one line, and nothing half-written stays."""

import asyncio
import os
import subprocess

import pytest

from rxsync.declare.body import Body
from rxsync.errors import StorageError
from rxsync.storage import LocalStorage
from rxsync.testing.storage import read_all, sha256_of, some_bytes

needs_mount = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@pytest.fixture
def mounted(tmp_path):
    """Mount something on the folder ``home``; taken down after the test."""
    home = tmp_path / "home"
    home.mkdir()
    mounts = []

    def mount(*arguments):
        done = subprocess.run(["mount", *arguments, home], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"cannot mount here: {done.stderr.strip()}")
        mounts.append(home)
        return home

    yield mount
    for each in mounts:
        subprocess.run(["umount", each], check=True)


def made(data):
    return Body(len(data), {"sha256": sha256_of(data)}, data=data)


def strays(home):
    return [path for path in (home / "tmp").rglob("*") if path.is_file()]


@needs_mount
async def test_a_full_disk_is_told_and_the_batch_can_be_put_when_there_is_room(mounted):
    home = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    storage = LocalStorage(home)
    (home / "ballast").write_bytes(bytes(900_000))
    bodies = [made(some_bytes(100_000, seed)) for seed in range(5)]
    with pytest.raises(StorageError, match=r"^cannot write artifacts/../\w{62}: no space left on device$") as told:
        await storage.put(bodies)
    assert told.value.hint == "make room on the disk, then run again"
    assert told.value.exit_code == 7
    assert strays(home) == []

    (home / "ballast").unlink()
    await storage.put(bodies)
    assert await read_all(storage, bodies[-1].sha256) == bodies[-1].data


@needs_mount
async def test_a_disk_that_fills_under_a_sink_is_told_and_the_sinks_file_goes(mounted):
    home = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    async with LocalStorage(home).scratch("run") as scratch:
        sink = scratch.receive()
        with pytest.raises(StorageError, match=r"^cannot write tmp/run: no space left on device$"):
            await sink.write(bytes(3 << 20))
        await sink.discard()
        assert strays(home) == []
        assert scratch.in_memory == 0

        sink = scratch.receive()
        await sink.write(bytes((1 << 20) - 1))
        (home / "ballast").write_bytes(bytes(500_000))
        with pytest.raises(StorageError, match="no space left on device"):
            await sink.close()
        await sink.discard()
        assert strays(home) == []


@needs_mount
async def test_a_copy_that_fills_the_disk_is_told_and_goes(mounted, tmp_path):
    home = mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs")
    theirs = tmp_path / "theirs"
    theirs.write_bytes(bytes(3 << 20))
    body = Body(3 << 20, {"sha256": sha256_of(bytes(3 << 20))}, path=theirs, ours=False)
    with pytest.raises(StorageError, match=r"^cannot write artifacts/.*: no space left on device$"):
        await LocalStorage(home).put([body])
    assert strays(home) == []
    assert theirs.stat().st_size == 3 << 20


@needs_mount
async def test_a_read_only_file_system_is_told(mounted, tmp_path):
    home = mounted("--bind", tmp_path / "home")
    storage = LocalStorage(home)
    await storage.put([made(b"before")])
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,bind,ro", home], check=True, capture_output=True)
    with pytest.raises(StorageError, match=r"^cannot write tmp/put-.*: read-only file system$") as told:
        await storage.put([made(b"after")])
    assert told.value.hint == "mount the home's file system for writing"
    with pytest.raises(StorageError, match=r"^cannot make tmp/run: read-only file system$"):
        async with storage.scratch("run"):
            pass
    assert await read_all(storage, sha256_of(b"before")) == b"before"


@needs_mount
async def test_artifacts_on_another_file_system_are_refused_with_advice(mounted, tmp_path):
    elsewhere = mounted("-t", "tmpfs", "tmpfs")
    (tmp_path / "artifacts").symlink_to(elsewhere)
    with pytest.raises(StorageError, match="cross-device link") as told:
        await LocalStorage(tmp_path).put([made(b"x")])
    assert told.value.hint == "keep tmp/ and artifacts/ of the home on one file system"


def test_a_folder_without_permission_is_told(tmp_path, child):
    forbidden = """
        import shutil, tempfile
        if os.geteuid() == 0:
            os.seteuid(65534)  # root may write everywhere
        home = Path(tempfile.mkdtemp())
        (home / "artifacts").mkdir(mode=0o555)
        try:
            asyncio.run(LocalStorage(home).put([made(b"x")]))
        except StorageError as told:
            say(f"{told}; {told.hint}")
        say([path.name for path in (home / "tmp").iterdir()])
        shutil.rmtree(home)
    """
    status, said = child(forbidden, tmp_path).end()
    assert status == 0, said
    folder = sha256_of(b"x")[:2]
    assert said.splitlines() == [
        f"cannot write artifacts/{folder}: permission denied; give the user rxsync runs as the right to it",
        "[]",
    ]


async def test_a_file_where_a_folder_should_be_is_told(tmp_path):
    storage = LocalStorage(tmp_path)
    folder = storage.path(sha256_of(b"x")).parent
    folder.parent.mkdir()
    folder.write_text("in the way")
    with pytest.raises(StorageError, match=f"^cannot write artifacts/{folder.name}/.*: not a directory$"):
        await storage.put([made(b"x")])
    assert strays(tmp_path) == []


async def test_a_file_in_place_of_tmp_is_told(tmp_path):
    (tmp_path / "tmp").write_text("in the way")
    with pytest.raises(StorageError, match=r"^cannot make tmp.*: not a directory$"):
        async with LocalStorage(tmp_path).scratch("run"):
            pass


async def test_reading_what_is_not_here_names_the_place(tmp_path):
    with pytest.raises(StorageError, match=r"^cannot read artifacts/../\w{62}: no such file or directory$"):
        await read_all(LocalStorage(tmp_path), sha256_of(b"x"))


def test_too_large_a_file_is_told(tmp_path, child):
    limited = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        async def main():
            for size in (100_001, 2 << 20):
                async with storage.scratch("run") as scratch:
                    body = made(some_bytes(100_001))
                    try:
                        await storage.put([body]) if size < 1 << 20 else await received(scratch, bytes(size))
                    except StorageError as told:
                        say(told)
                    say([path.name for path in (home / "tmp").rglob("*") if "put" in path.name])
        asyncio.run(main())
    """
    status, said = child(limited, tmp_path).end()
    assert status == 0, said
    name = sha256_of(some_bytes(100_001))
    assert said.splitlines() == [
        f"cannot write artifacts/{name[:2]}/{name[2:]}: file too large",
        "[]",
        "cannot write tmp/run: file too large",
        "[]",
    ]


def test_too_many_open_files_are_told_and_pass(tmp_path, child):
    crowded = """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        async def main():
            async with storage.scratch("run") as scratch:
                taken = []
                try:
                    while True:
                        taken.append(os.open("/dev/null", os.O_RDONLY))
                except OSError:
                    pass
                for attempt in (storage.put([made(b"x")]), received(scratch, bytes(1 << 20))):
                    try:
                        await attempt
                    except StorageError as told:
                        say(f"{told}; {told.hint}")
                for each in taken:
                    os.close(each)
                await storage.put([made(b"x")])
                say(await storage.has(sha256_of(b"x")))
                say([path.name for path in (home / "tmp").iterdir()])
        asyncio.run(main())
    """
    status, said = child(crowded, tmp_path).end()
    assert status == 0, said
    put, write, *rest = said.splitlines()
    for told in (put, write):
        assert told.startswith("cannot write tmp")
        assert told.endswith(": too many open files; raise the limit of open files (ulimit -n), then run again")
    assert rest == ["True", "['run']"]
