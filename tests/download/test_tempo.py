"""Who drips is given up; who is fast and waits for us is not."""

from __future__ import annotations

import asyncio

import pytest

from rxsync.declare.body import Validators
from rxsync.download import Controls, Limits
from rxsync.download.http import HttpTransport
from rxsync.download.link import Link
from rxsync.download.tempo import Tempo
from rxsync.errors import DownloadError
from rxsync.testing.faults import Script, answer


def test_a_drip_is_too_slow_once_it_has_lasted():
    tempo = Tempo(1024, 30)
    assert [tempo.is_too_slow(1, 9.9) for _ in range(3)] == [False] * 3
    assert tempo.is_too_slow(1, 0.3)


def test_just_fast_enough_is_fast_enough_and_each_stretch_counts_anew():
    tempo = Tempo(1024, 30)
    assert not tempo.is_too_slow(30 * 1024, 30)
    assert not tempo.is_too_slow(30 * 1024 - 1, 29)
    assert tempo.is_too_slow(0, 1)
    assert not tempo.is_too_slow(1, 29.9)


def test_what_came_at_once_counts_for_the_time_that_follows():
    tempo = Tempo(1024, 30)
    assert not tempo.is_too_slow(1 << 20, 0.0)
    assert not tempo.is_too_slow(0, 31)
    assert tempo.is_too_slow(0, 31)


async def test_a_server_that_drips_is_told_as_that_and_may_be_asked_again(server):
    more = asyncio.Event()
    url = server.serve("/a", Script(answer(b"body", length=1000).wire, hold=more, rest=b"drop"))
    async with (
        HttpTransport(Link(min_rate=1e9), Limits(Controls()), slow_for=0) as http,
        http.open(url, {}, Validators()) as given,
    ):
        assert await given.read() == b"body"
        read = asyncio.create_task(given.read())
        await asyncio.sleep(0)
        more.set()
        with pytest.raises(DownloadError, match="slower than 1e\\+09 B/s for 0 s") as caught:
            await read
    assert caught.value.transient


async def test_a_body_that_is_here_already_is_never_too_slow(server):
    url = server.serve("/a", answer(b"body"))
    async with (
        HttpTransport(Link(min_rate=1e12), Limits(Controls()), slow_for=1e-9) as http,
        http.open(url, {}, Validators()) as given,
    ):
        assert await given.read() == b"body"
        assert await given.read() == b""
