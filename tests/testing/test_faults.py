"""The server that misbehaves does so as it is told: what goes over the wire, seen by a bare socket."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import closing
from datetime import UTC, datetime

import pytest

from rxsync.testing.bombs import BLOCK
from rxsync.testing.faults import (
    End,
    answer,
    busy,
    drip,
    fault_server,
    gzip_bomb,
    ranged,
    redirect,
    wrong_length,
)

BODY = bytes(range(100))


@pytest.fixture
async def server():
    async with fault_server() as running:
        yield running


async def connect(server):
    host, _, port = server.origin.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def get(server, path="/a", **headers):
    """Status, headers in lower case, and the body until the connection ends, or as long as is said."""
    reader, writer = await connect(server)
    with closing(writer):
        said = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {path} HTTP/1.1\r\n{said}\r\n".encode())
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        known = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest if line)}
        length = int(known["content-length"]) if "content-length" in known else -1
        if known.get("transfer-encoding") == "chunked":
            body = b"".join([piece async for piece in chunks(reader)])
        else:
            body = await (reader.readexactly(length) if length >= 0 else reader.read())
        return int(first.split()[1]), known, body


async def chunks(reader):
    while size := int(await reader.readline(), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    assert await reader.readline() == b"\r\n"


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop", "told"),
    [
        ({}, 200, 0, 100, None),
        ({"Range": "bytes=40-"}, 206, 40, 100, "bytes 40-99/100"),
        ({"Range": "bytes=40-49"}, 206, 40, 50, "bytes 40-49/100"),
        ({"Range": "bytes=40-1000"}, 206, 40, 100, "bytes 40-99/100"),
        ({"Range": "bytes=-10"}, 206, 90, 100, "bytes 90-99/100"),
        ({"Range": "bytes=40-", "If_Range": '"v"'}, 206, 40, 100, "bytes 40-99/100"),
        ({"Range": "bytes=40-", "If_Range": '"other"'}, 200, 0, 100, None),
        ({"Range": "bytes=1-2,5-6"}, 200, 0, 100, None),
        ({"Range": "bytes=-"}, 200, 0, 100, None),
        ({"Range": "bytes=100-"}, 416, 0, 0, "bytes */100"),
    ],
)
async def test_a_range_is_answered_as_http_has_it(server, asked, status, start, stop, told):
    server.serve("/a", ranged(BODY, etag='"v"'))
    came, headers, body = await get(server, **asked)
    assert (came, body, headers.get("content-range")) == (status, BODY[start:stop], told)
    assert headers["etag"] == '"v"'


async def test_it_breaks_off_at_the_requests_that_were_named_and_at_no_other(server):
    server.serve("/a", ranged(BODY, breaks={1: 30, 2: 10}, end=End.CLOSE))
    for start, came in ((0, 30), (30, 10)):
        with pytest.raises(asyncio.IncompleteReadError) as caught:
            await get(server, Range=f"bytes={start}-")
        assert caught.value.partial == BODY[start : start + came]
    assert (await get(server, Range="bytes=40-"))[2] == BODY[40:]


async def test_a_reset_in_a_range_is_a_reset(server):
    server.serve("/a", ranged(BODY, breaks={1: 30}))
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await get(server, Range="bytes=0-")


async def test_a_drip_comes_by_as_many_bytes_a_tick_as_it_was_told(server):
    ticks = asyncio.Queue()
    server.serve("/a", drip(b"abcde", ticks.get, size=2))
    reader, writer = await connect(server)
    with closing(writer):
        writer.write(b"GET /a HTTP/1.1\r\n\r\n")
        assert b"Content-Length: 5" in await reader.readuntil(b"\r\n\r\n")
        for piece in (b"ab", b"cd", b"e"):
            assert server.open == 1
            ticks.put_nowait(None)
            assert await reader.readexactly(len(piece)) == piece


@pytest.mark.parametrize(("announced", "came"), [(60, BODY[:60]), (100, BODY)])
async def test_a_wrong_length_is_what_is_announced_and_the_body_is_whole(server, announced, came):
    server.serve("/a", wrong_length(BODY, announced))
    assert (await get(server))[2] == came


async def test_a_length_that_is_too_long_is_never_met(server):
    server.serve("/a", wrong_length(BODY, 101))
    with pytest.raises(asyncio.IncompleteReadError) as caught:
        await get(server)
    assert caught.value.partial == BODY


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [(7, 429, "7"), (datetime(2026, 10, 21, 7, 28, tzinfo=UTC), 503, "Wed, 21 Oct 2026 07:28:00 GMT")],
)
async def test_who_is_busy_says_for_how_long_or_until_when(server, asked, status, said):
    server.serve("/a", busy(asked, status))
    came, headers, _ = await get(server)
    assert (came, headers["retry-after"]) == (status, said)


async def test_a_bomb_is_a_good_gzip_file_and_a_thousandth_of_its_text(server):
    server.serve("/a", gzip_bomb((3 << 20) + 5))
    server.serve("/a.gz", gzip_bomb(0, encoded=False))
    _, headers, body = await get(server)
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == BLOCK * 3
    assert len(body) * 300 < len(BLOCK) * 3
    _, headers, body = await get(server, "/a.gz")
    assert ("content-encoding" in headers, gzip.decompress(body)) == (False, b"")


async def test_a_redirect_may_be_a_loop_and_lead_to_another_host(server):
    async with fault_server("127.0.0.2") as elsewhere:
        server.serve("/a", redirect("/a"))
        server.serve("/b", redirect(elsewhere.url("/a")))
        assert (await get(server))[1]["location"] == "/a"
        assert (await get(server, "/b"))[1]["location"].startswith("http://127.0.0.2:")


async def torn(paths, *, seed, share=0.3, times=3):
    """Which requests of a server that resets some of them were torn down: path and time."""
    found = set()
    async with fault_server(resets=share, seed=seed) as server:
        for path in paths:
            server.serve(path, answer(BODY))
        for time in range(times):
            for path in paths:
                try:
                    assert (await get(server, path))[2] == BODY
                except (ConnectionError, asyncio.IncompleteReadError):
                    found.add((path, time))
        assert server.torn == len(found)
    return found


async def test_some_share_of_requests_is_reset_and_which_does_not_depend_on_their_order():
    paths = [f"/{number}" for number in range(60)]
    first = await torn(paths, seed=1)
    assert first == await torn(paths[::-1], seed=1)
    assert first != await torn(paths, seed=2)
    assert 30 < len(first) < 80  # of 180
    times = [{path for path, when in first if when == time} for time in range(3)]
    assert times[0] != times[1] != times[2], "an attempt says nothing of the next one"
    assert await torn(paths[:5], seed=1, share=0.0) == set()
    assert len(await torn(paths[:5], seed=1, share=1.0)) == 15


async def test_who_goes_away_is_not_counted_as_open(server):
    ticks = asyncio.Queue()
    server.serve("/a", drip(b"x" * (64 << 20), ticks.get, size=32 << 20))
    _, writer = await connect(server)
    writer.write(b"GET /a HTTP/1.1\r\n\r\n")
    await server.until_open(1)
    ticks.put_nowait(None)
    writer.transport.abort()
    async with server._changed:
        ticks.put_nowait(None)
        await server._changed.wait_for(lambda: server.open == 0)
