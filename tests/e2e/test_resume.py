"""A sync that is killed in the middle of a large file: the next one asks for the rest of it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from rxsync.download.intake import LARGE
from rxsync.testing.faults import FaultServer, Script, answer, fault_server, ranged
from rxsync.testing.storage import sha256_of, some_bytes

BODY = some_bytes(LARGE + (2 << 20))
AT, GATHERED = 6 << 20, 2 << 20  # of what has come, the last is in memory yet


async def sync(server: FaultServer, home: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rxsync", "sync", server.url("/PULP_MANIFEST"), "--repository", "big", "--json",
        "--home", str(home), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def until_written(home: Path, size: int) -> None:
    def written() -> int:
        return sum(path.stat().st_size for path in home.glob("tmp/*/0"))

    while written() < size:  # noqa: ASYNC110 - what another process does is no event here
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM"])
async def test_the_next_sync_goes_on_with_the_file_and_the_version_is_right(tmp_path, end):
    home = tmp_path / "home"
    async with fault_server() as server:
        server.serve("/PULP_MANIFEST", answer(f"big.iso,{sha256_of(BODY)},{len(BODY)}\n".encode()))
        whole = answer(BODY, ETag='"1"').wire
        head = len(whole) - len(BODY)
        server.serve("/big.iso", Script(whole[: head + AT], hold=asyncio.Event()), ranged(BODY))
        first = await sync(server, home)
        await until_written(home, AT - GATHERED)
        first.kill() if end == "SIGKILL" else first.terminate()
        await first.communicate()
        assert not list(home.glob("artifacts/*/*"))

        out, err = await (await sync(server, home)).communicate()
        report = json.loads(out)
        assert (report["exit_code"], report["version"], report["new"]) == (0, 1, 1), err
        [_, second] = [seen for seen in server.seen if seen.path == "/big.iso"]
        begins = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
        assert AT - GATHERED <= begins <= AT
        assert report["bytes_downloaded"] == len(BODY) - begins
    [stored] = home.glob("artifacts/*/*")
    assert stored.read_bytes() == BODY
    assert list((home / "partial").iterdir()) == []
