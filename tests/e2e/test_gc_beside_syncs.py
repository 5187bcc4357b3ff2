"""Syncs by the command, while a process of its own collects without pause."""

import hashlib
import random
import subprocess
import sys

import pytest

from .conftest import rxsync, stored

WITHOUT_PAUSE = """
import asyncio, sys, threading
import rxsync

over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set())).start()

async def main():
    home, content = rxsync.open(sys.argv[1]), 0
    while not over.is_set():
        content += (await home.gc(grace=0)).content
        print(content, flush=True)

asyncio.run(main())
"""


@pytest.mark.usefixtures("ask")
def test_no_sync_fails_and_no_byte_is_lost(tmp_path):
    chance, home, source = random.Random(11), tmp_path / "home", tmp_path / "source"
    source.mkdir()
    (source / "first").write_text("first\n")
    rxsync(home, "sync", source, "--repository", "first")
    collector = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_PAUSE, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    collector.stdout.readline()
    for turn in range(4):
        for path in source.iterdir():
            path.unlink()
        for number in chance.sample(range(60), 30):
            (source / f"{number}").write_text(f"file {number}\n")
        report = rxsync(home, "sync", source, "--repository", "r", "--max-delete", "100%")
        assert report["version"] is not None
        for unit in rxsync(home, "version", "show", "r", report["version"])["units"]:
            (file,) = unit["files"]
            place = home / "artifacts" / file["sha256"][:2] / file["sha256"][2:]
            assert place.read_bytes() == f"file {file['relative_path']}\n".encode()
        if turn % 2:
            rxsync(home, "repository", "delete", "r")
    said, _ = collector.communicate()
    assert collector.returncode == 0
    assert int(said.split()[-1]) > 0
    rxsync(home, "gc", "--grace", "0")
    assert set(stored(home)) == {hashlib.sha256(b"first\n").hexdigest()}
