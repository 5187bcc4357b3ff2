"""A collection that is killed at any point loses nothing; the next one goes on."""

import hashlib
import subprocess
import sys

import pytest

from .conftest import rxsync, stored

KILLED = """
import asyncio, os, signal, sys
import rxsync
from rxsync.catalog import DatabaseCatalog
from rxsync.pipeline import collect
from rxsync.storage import LocalStorage

die_at, calls = int(sys.argv[2]), 0
collect.BATCH = 5

def mortal(method):
    async def step(*args):
        global calls
        for when in ("before", "after"):
            calls += 1
            if calls == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if when == "before":
                answer = await method(*args)
        return answer
    return step

DatabaseCatalog.write = mortal(DatabaseCatalog.write)
LocalStorage.remove = mortal(LocalStorage.remove)
asyncio.run(rxsync.open(sys.argv[1]).gc(grace=0))
print(calls)
"""


def killed_at(home, point):
    """Collect in a process that is killed at that point; answers how many points there were, if it came to the end."""
    command = [sys.executable, "-c", KILLED, str(home), str(point)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        assert (done.returncode, done.stderr) == (-9, "")
        return None
    return int(done.stdout)


@pytest.mark.usefixtures("ask")
def test_a_kill_at_any_point_leaves_what_the_next_collection_and_the_next_sync_make_good(tmp_path, ask):
    source, home = tmp_path / "source", tmp_path / "home"
    source.mkdir()
    for number in range(24):
        (source / f"{number:02}").write_text(f"file {number}\n")
    rxsync(home, "sync", source, "--repository", "gone")
    for number in range(12):
        (source / f"{number:02}").unlink()
    rxsync(home, "sync", source, "--repository", "stays")
    rxsync(home, "repository", "delete", "gone")
    kept = {hashlib.sha256(f"file {number}\n".encode()).hexdigest() for number in range(12, 24)}
    point, points = 1, None
    while points is None:  # each goes a little further than the one before, and finds what that has left
        points = killed_at(home, point)
        assert kept <= set(stored(home))
        point += 2
    assert point > 6
    assert set(stored(home)) == kept
    assert ask(home, "SELECT count(*) FROM content") == ask(home, "SELECT count(*) FROM artifact") == [(12,)]
    for number in range(12):
        (source / f"{number:02}").write_text(f"file {number}\n")
    report = rxsync(home, "sync", source, "--repository", "stays")
    assert (report["new"], report["known"]) == (12, 12)
    assert len(stored(home)) == 24
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in stored(home).items())
