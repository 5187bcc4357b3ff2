"""Several processes share a home, and some of them are killed."""

import hashlib
import random
import signal

from rxsync.storage import LocalStorage
from rxsync.testing.storage import sha256_of, some_bytes

HOLD = """
async def main():
    async with storage.scratch(sys.argv[2]) as scratch:
        body = await received(scratch, some_bytes(2 << 20))
        say(body.path)
        heard()
        await storage.put([body])
asyncio.run(main())
"""

PUT_AND_DIE = """
die_at, calls = int(sys.argv[2]), 0

def hook(event, arguments):
    global calls
    if event in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.scandir"):
        calls += 1
        if calls == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with storage.scratch("run") as scratch:
        small = [await received(scratch, some_bytes(4096, seed)) for seed in range(20)]
        large = [await received(scratch, some_bytes(300_000, seed)) for seed in range(20, 25)]
        theirs = home / "theirs"
        theirs.write_bytes(some_bytes(3 << 20))
        copied = Body(3 << 20, {"sha256": sha256_of(theirs.read_bytes())}, path=theirs, ours=False)
        await storage.put(small[:3])
        sys.addaudithook(hook)
        await storage.put([*small, *large, copied])
        say(calls)

asyncio.run(main())
"""


def misnamed(home):
    """Files of the store whose name is not the hash of what they hold."""
    return [
        path
        for path in (home / "artifacts").rglob("*")
        if path.is_file() and path.parent.name + path.name != hashlib.sha256(path.read_bytes()).hexdigest()
    ]


async def test_a_kill_at_any_point_of_a_put_leaves_only_whole_files_and_the_next_run_sweeps_the_rest(tmp_path, child):
    status, calls = child(PUT_AND_DIE, tmp_path / "whole", 0).end()
    assert status == 0, calls
    stored = set()
    for die_at in random.Random(7).sample(range(1, int(calls) + 1), 10):
        home = tmp_path / str(die_at)
        status, _ = child(PUT_AND_DIE, home, die_at).end()
        assert status == -signal.SIGKILL
        assert misnamed(home) == []
        assert (home / "tmp" / "run").exists()
        stored.add(len(list((home / "artifacts").glob("*/*"))))
        async with LocalStorage(home).scratch("next"):
            assert [path.name for path in (home / "tmp").iterdir()] == ["next"]
    assert len(stored) > 5  # the kills did fall all along the batch


async def test_a_live_run_of_another_process_is_not_swept(tmp_path, child):
    other = child(HOLD, tmp_path, "theirs")
    path = other.heard()
    async with LocalStorage(tmp_path).scratch("ours"):
        assert sorted(entry.name for entry in (tmp_path / "tmp").iterdir()) == ["ours", "theirs"]
        other.say("go on")
        assert other.end() == (0, "")
    assert path == str(tmp_path / "tmp" / "theirs" / "0")
    assert await LocalStorage(tmp_path).has(sha256_of(some_bytes(2 << 20)))


async def test_a_killed_run_is_swept_by_the_next(tmp_path, child):
    other = child(HOLD, tmp_path, "theirs")
    other.heard()
    other.process.kill()
    other.end()
    assert (tmp_path / "tmp" / "theirs" / "0").exists()
    async with LocalStorage(tmp_path).scratch("ours"):
        assert not (tmp_path / "tmp" / "theirs").exists()


def test_processes_that_put_the_same_bytes_at_once_all_succeed(tmp_path, child):
    same = """
        bodies = [made(some_bytes(1000, seed)) for seed in range(150)]
        say("ready")
        heard()
        for _ in range(5):
            asyncio.run(storage.put(bodies))
    """
    children = [child(same, tmp_path) for _ in range(3)]
    assert [each.heard() for each in children] == ["ready"] * 3
    for each in children:
        each.say("go")
    assert [each.end() for each in children] == [(0, "")] * 3
    assert misnamed(tmp_path) == []
    assert len(list((tmp_path / "artifacts").glob("*/*"))) == 150


def test_runs_that_come_and_go_at_once_never_sweep_each_other(tmp_path, child):
    come_and_go = """
        async def main():
            for turn in range(40):
                async with storage.scratch(f"{os.getpid()}-{turn}") as scratch:
                    body = await received(scratch, some_bytes(300_000))
                    assert body.path.read_bytes() == some_bytes(300_000)
        say("ready")
        heard()
        asyncio.run(main())
    """
    children = [child(come_and_go, tmp_path) for _ in range(3)]
    assert [each.heard() for each in children] == ["ready"] * 3
    for each in children:
        each.say("go")
    assert [each.end() for each in children] == [(0, "")] * 3
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_folder_that_is_made_and_not_yet_locked_is_safe_from_sweeping(tmp_path, child):
    in_the_gap = """
        from filelock import lock_descriptor

        def hook(event, arguments):
            if event == "open" and str(arguments[0]) == str(home / "tmp" / "run"):
                assert (home / "tmp" / "run").is_dir()
                short = os.open(home / "tmp", os.O_RDONLY)
                say("free" if lock_descriptor(short, blocking=False) else "taken")
                os.close(short)

        folder = folders.LiveFolder(home / "tmp", "run")
        sys.addaudithook(hook)
        folder.make()      # opens it to lock it
        folders.sweep(home / "tmp")  # opens it to see whether it lives
    """
    assert child(in_the_gap, tmp_path).end() == (0, "taken\ntaken\n")
