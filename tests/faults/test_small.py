"""What ``python -m tests.faults`` does, small, and what of the fault matrix is proven nowhere else."""

from __future__ import annotations

import ast
import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

import rxsync
from rxsync.declare.body import Validators
from rxsync.download import Controls, Limits, Link, open_downloader
from rxsync.download.http import HttpTransport
from rxsync.errors import DigestMismatchError, DownloadError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, busy, drip, fault_server, flipped, wrong_length
from rxsync.testing.scratch import MemoryScratch
from tests.faults.__main__ import ROWS, main
from tests.faults.bombs import bomb
from tests.faults.busy import retry_after
from tests.faults.matrix import MATRIX
from tests.faults.resets import resets
from tests.faults.row import Outcome, Row

TESTS = Path(__file__).parent.parent
BODY = b"four" * 25


@pytest.fixture
async def server():
    async with fault_server() as running:
        yield running


@pytest.fixture
async def stubborn(server):
    async with open_downloader(server.origin, MemoryScratch(), backoff=0) as downloads:
        yield downloads


async def test_all_files_arrive_though_one_connection_in_twenty_is_reset(tmp_path):
    outcome = await resets(tmp_path, 300)
    assert outcome.met, outcome.told
    assert ", 0 skipped; 0 of" not in outcome.told


@pytest.mark.parametrize("coding", ["way", "gzip", "xz", "bz2"])
async def test_a_bomb_takes_no_memory(tmp_path, coding):
    outcome = await bomb(tmp_path, 1, coding=coding)
    assert outcome.met, outcome.told


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_is_waited_for_whether_in_seconds_or_as_a_date(server, stubborn, status):
    """How much longer it took is a matter of who else is at work; ``python -m tests.faults`` looks at that."""
    loop = asyncio.get_running_loop()
    until = datetime.now(UTC) + timedelta(seconds=2)
    server.serve("/a", busy(1, status), answer(BODY))
    server.serve("/b", busy(until, status), answer(BODY))
    began = loop.time()
    await stubborn.fetch(Request((server.url("/a"),)))
    assert loop.time() - began >= 1
    await stubborn.fetch(Request((server.url("/b"),)))
    assert datetime.now(UTC) >= until.replace(microsecond=0)


async def test_the_row_of_the_table_sees_the_pause_from_the_server(tmp_path):
    outcome = await retry_after(tmp_path, 1, seconds=1)
    assert float(outcome.told.split()[-2]) >= 1


async def test_who_drips_is_given_up_and_its_place_is_free(server):
    ticks = asyncio.Queue()
    slow, fast = server.serve("/slow", drip(bytes(1 << 20), ticks.get)), server.serve("/a", answer(BODY))

    async def read(url):
        async with http.open(url, {}, Validators()) as given:
            return b"".join([piece async for piece in _pieces(given)])

    async with HttpTransport(Link(min_rate=1e9), Limits(Controls(1)), slow_for=0) as http:
        dripping, other = asyncio.create_task(read(slow)), asyncio.create_task(read(fast))
        while not dripping.done():
            ticks.put_nowait(None)
            await asyncio.sleep(0)
        with pytest.raises(DownloadError, match="slower than"):
            await dripping
        assert await other == BODY


async def _pieces(given):
    while piece := await given.read():
        yield piece


@pytest.mark.parametrize("announced", [len(BODY) - 1, len(BODY) + 1])
@pytest.mark.parametrize("size", [len(BODY), None])
async def test_a_length_that_is_a_lie_is_found_and_asked_for_again(server, stubborn, announced, size):
    url = server.serve("/a", wrong_length(BODY, announced), answer(BODY))
    digests = {"sha256": hashlib.sha256(BODY).hexdigest()}
    assert (await stubborn.fetch(Request((url,), size=size, digests=digests))).data == BODY
    assert len(server.seen) == 2


async def test_a_flipped_bit_ends_a_sync_with_6_and_reaches_no_store(server, tmp_path):
    server.serve("/a", flipped(BODY, 7))
    entry = f"a,{hashlib.sha256(BODY).hexdigest()},{len(BODY)}\n"
    source = server.serve("/PULP_MANIFEST", answer(entry.encode()))
    with pytest.raises(DigestMismatchError) as caught:
        await rxsync.sync(source, rxsync.open(tmp_path / "home").repository("r"), retries=1)
    assert (caught.value.exit_code, caught.value.attempts) == (6, 4)
    assert not [path for path in (tmp_path / "home" / "artifacts").rglob("*") if path.is_file()]


def test_the_table_tells_what_was_met_and_counts_what_was_missed(tmp_path, capsys, monkeypatch):
    async def work(folder, files, *, met):
        return Outcome(files, f"{folder.name} done", met)

    monkeypatch.setitem(ROWS, "busy", Row("one", "well", partial(work, met=True)))
    monkeypatch.setitem(ROWS, "drip", Row("two", "well", partial(work, met=False)))
    folder = ["--folder", str(tmp_path), "--files", "1234"]
    assert main(["--only", "busy", *folder]) == 0
    assert main(["--only", "busy", "--only", "drip", *folder]) == 1
    lines = capsys.readouterr().out.splitlines()[-2:]
    assert [line.split() for line in lines] == [
        ["one", "1,234", "busy", "done", "well", "met"],
        ["two", "1,234", "drip", "done", "well", "MISSED"],
    ]
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", [name for _, *names in MATRIX.values() for name in names])
def test_what_the_matrix_names_is_there(name):
    path, _, function = name.partition("::")
    tree = ast.parse((TESTS / path).read_text())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
