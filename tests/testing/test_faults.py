"""The server that misbehaves does so as it is told: what goes over the wire, seen by a bare socket."""

from __future__ import annotations

import asyncio

import pytest

from rxsync.testing.faults import End, fault_server, ranged

BODY = bytes(range(100))


@pytest.fixture
async def server():
    async with fault_server() as running:
        yield running


async def get(server, path="/a", **headers):
    """Status, headers in lower case, and the body until the connection ends, or as long as is said."""
    host, _, port = server.origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        said = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {path} HTTP/1.1\r\n{said}\r\n".encode())
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        known = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest if line)}
        length = int(known["content-length"]) if "content-length" in known else -1
        body = await (reader.readexactly(length) if length >= 0 else reader.read())
        return int(first.split()[1]), known, body
    finally:
        writer.close()


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
