"""A host that asks to be left alone is; others go on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from rxsync.download.pauses import LONGEST, Pauses, read_retry_after
from rxsync.errors import HttpStatusError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer

BODY = b"body"
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Tue, 24 Nov 2026 15:00:30", 30.0),
        ("1.5", None),
        ("-3", None),
        ("soon", None),
        ("Tue, 24 Nov 2026 15:00:30 +99999999999", None),
        ("24 Nov 2026 99999999999999999999:00:30", None),
        ("", None),
        (None, None),
        ("9" * 100, 999_999_999_999.0),
    ],
)
def test_the_header_is_seconds_or_a_date(value, seconds):
    assert read_retry_after(value, NOW) == seconds


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


async def test_of_two_pauses_the_one_that_ends_later_counts():
    clock = Clock()
    pauses = Pauses(clock)
    assert not pauses
    pauses.begin("a", 10)
    pauses.begin("a", 3)
    assert (pauses.left("a"), pauses.left("b"), bool(pauses)) == (10, 0, True)
    clock.now = 9.5
    assert pauses.left("a") == 0.5
    clock.now = 10
    assert (pauses.left("a"), bool(pauses)) == (0, False)


@pytest.fixture
def paused(monkeypatch):
    """What hosts were asked to be paused for; nobody waits."""
    begun = []
    monkeypatch.setattr(Pauses, "begin", lambda _, host, seconds: begun.append((host, seconds)))
    return begun


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_who_asks_for_a_pause_gets_it_and_is_asked_again(server, stubborn, paused, status):
    url = server.serve("/a", answer(b"", status, Retry_After="7"), answer(BODY))
    assert (await stubborn.fetch(Request((url,)))).data == BODY
    assert paused == [(server.origin.removeprefix("http://").rstrip("/"), 7.0)]


async def test_a_refusal_that_is_for_good_makes_no_pause(server, stubborn, paused):
    url = server.serve("/a", answer(b"", 404, Retry_After="7"))
    with pytest.raises(HttpStatusError):
        await stubborn.fetch(Request((url,)))
    assert paused == []


async def test_who_asks_for_more_than_anybody_would_wait_is_given_up(server, stubborn, paused):
    url = server.serve("/a", answer(b"", 429, Retry_After=str(int(LONGEST) + 1)), answer(BODY))
    with pytest.raises(HttpStatusError, match="429 Too Many Requests, and asks to wait 601 s, more than 600") as caught:
        await stubborn.fetch(Request((url,)))
    assert (caught.value.transient, len(server.seen), paused) == (False, 1, [])


async def test_while_a_host_is_paused_nobody_asks_it_and_others_are_asked(server, elsewhere, stubborn, monkeypatch):
    gate = asyncio.Event()
    waiting = asyncio.Event()

    async def over(self, host):
        if self.left(host):
            waiting.set()
            await gate.wait()
            self._until.clear()

    monkeypatch.setattr(Pauses, "over", over)
    url = server.serve("/a", answer(b"", 503, Retry_After="300"), answer(BODY))
    first = asyncio.create_task(stubborn.fetch(Request((url,))))
    await waiting.wait()
    second = asyncio.create_task(stubborn.fetch(Request((server.serve("/b", answer(BODY)),))))
    other = await stubborn.fetch(Request((elsewhere.serve("/c", answer(BODY)),)))
    assert other.data == BODY
    assert [seen.path for seen in server.seen] == ["/a"]
    gate.set()
    assert [(await one).data for one in (first, second)] == [BODY, BODY]


async def test_a_pause_is_slept_through(server, stubborn, monkeypatch):
    """The real clock, and a pause too short to be felt."""
    monkeypatch.setattr("rxsync.download.http.read_retry_after", lambda _: 0.05)
    url = server.serve("/a", answer(b"", 503, Retry_After="1"), answer(BODY))
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await stubborn.fetch(Request((url,)))).data == BODY
    assert loop.time() - began >= 0.05
