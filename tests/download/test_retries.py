"""Trying again where that may help, other URLs, and what is said in the end."""

from __future__ import annotations

import asyncio
import hashlib
import logging

import pytest
import stamina

from rxsync.declare.body import Validators
from rxsync.download import Controls, Limits, open_downloader
from rxsync.download.http import HttpTransport
from rxsync.download.link import Link
from rxsync.download.retry import again
from rxsync.errors import DigestMismatchError, DownloadError, HttpStatusError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import (
    End,
    Script,
    answer,
    fault_server,
    flipped,
    hang_up,
    redirect,
    reset,
    silence,
    truncated,
)

BODY = b"four" * 25
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize(
    "fault",
    [
        answer(b"", 503),
        answer(b"", 429),
        answer(b"", 500),
        reset(BODY, 4),
        truncated(BODY, 4),
        flipped(BODY, 4),
        answer(BODY[:-1]),
        hang_up(),
        hang_up(End.RESET),
    ],
    ids=["503", "429", "500", "reset", "truncated", "wrong bytes", "short", "hung up", "reset before"],
)
async def test_what_may_pass_is_tried_again(server, stubborn, scratch, fault):
    url = server.serve("/a", fault, fault, fault, fault, answer(BODY))
    request = Request((url,), size=len(BODY), digests={"sha256": SHA256})
    body = await stubborn.fetch(request)
    assert body.data == BODY
    assert len(server.seen) == 5
    assert scratch.bodies == [body]
    assert not scratch.open


async def test_four_retries_are_five_attempts_and_the_last_failure_is_told(server, stubborn):
    url = server.serve("/a", *[answer(b"", 500 + n) for n in range(4)], answer(b"", 511), answer(BODY))
    with pytest.raises(HttpStatusError) as caught:
        await stubborn.fetch(Request((url,)))
    assert caught.value.status == 511
    assert len(server.seen) == 5


@pytest.mark.parametrize("fault", [answer(b"", 503), hang_up(), hang_up(End.RESET), reset(BODY, 4)])
async def test_no_retries_are_one_request(server, once, fault):
    with pytest.raises(DownloadError):
        await once.fetch(Request((server.serve("/a", fault, answer(BODY)),)))
    assert len(server.seen) == 1


@pytest.mark.parametrize("refusal", [answer(b"", 404), answer(b"", 403), redirect("file:///etc/hostname")])
async def test_what_will_not_pass_is_not_tried_again(server, stubborn, refusal):
    with pytest.raises(DownloadError):
        await stubborn.fetch(Request((server.serve("/a", refusal, answer(BODY)),)))
    assert len(server.seen) == 1


async def test_urls_are_tried_in_order_and_the_first_that_gives_it_is_enough(server, stubborn):
    bad, good = server.serve("/bad", answer(b"", 404)), server.serve("/good", answer(BODY))
    worse = server.serve("/worse", answer(BODY))
    assert (await stubborn.fetch(Request((bad, good, worse)))).url == good
    assert [seen.path for seen in server.seen] == ["/bad", "/good"]


async def test_the_last_error_carries_what_the_other_urls_said(server, once):
    gone, wrong = server.serve("/gone", answer(b"", 410)), server.serve("/wrong", answer(b"????"))
    secret = server.serve("/last", flipped(BODY, 0)).replace("//", "//ada:lovelace@")
    with pytest.raises(DigestMismatchError) as caught:
        await once.fetch(Request((gone.replace("//", "//ada:lovelace@"), wrong, secret), digests={"sha256": SHA256}))
    assert caught.value.url == server.url("/last")
    first, second = caught.value.__notes__
    assert first == f"{gone}: HTTP 410 Gone"
    assert second.startswith(f"{wrong}: sha256 declared {SHA256}, received ")


async def test_a_refused_connection_is_called_that_after_every_retry(unused, scratch, stubborn):
    with pytest.raises(DownloadError) as caught:
        await stubborn.fetch(Request((unused + "/a",)))
    assert (caught.value.reason, caught.value.attempts) == ("connection refused", 5)


async def test_an_unknown_host_is_called_that_after_every_retry(stubborn):
    with pytest.raises(DownloadError) as caught:
        await stubborn.fetch(Request(("http://no-such-host.invalid/a",)))
    assert (caught.value.reason, caught.value.attempts) == ("unknown host", 5)


async def test_a_silent_server_is_given_up(server):
    never = asyncio.Event()
    url = server.serve("/a", silence(never))
    async with HttpTransport(Link(idle_timeout=0.05), Limits(Controls())) as http:
        with pytest.raises(DownloadError) as caught:
            async with http.open(url, {}, Validators()):
                pytest.fail("there was no answer")
    assert caught.value.reason == "timed out after 0.05 s without a byte"
    assert caught.value.transient


async def test_a_server_that_falls_silent_is_given_up(server):
    url = server.serve("/a", Script(answer(BODY, length=1000).wire, hold=asyncio.Event()))
    async with (
        HttpTransport(Link(idle_timeout=0.05), Limits(Controls())) as http,
        http.open(url, {}, Validators()) as given,
    ):
        assert await given.read() == BODY
        with pytest.raises(DownloadError, match="timed out"):
            await given.read()


async def test_waits_are_random_below_a_bound_that_doubles(monkeypatch):
    bounds = []

    def uniform(least: float, most: float) -> float:
        bounds.append((least, most))
        return 0.0

    no = DownloadError("here", "no", transient=True)

    async def fail() -> None:
        raise no

    monkeypatch.setattr("rxsync.download.retry.random.uniform", uniform)
    with pytest.raises(DownloadError):
        await again(no, fail, retries=8, backoff=0.5)
    assert bounds[:3] == [(0, 0.5), (0, 1.0), (0, 2.0)]
    assert bounds[-1] == (0, 30.0)


async def test_only_download_errors_are_tried_again():
    attempts = []

    async def fail() -> None:
        attempts.append(1)
        raise LookupError

    with pytest.raises(LookupError):
        await again(DownloadError("here", "no", transient=True), fail, retries=4, backoff=0)
    assert len(attempts) == 1


async def test_retries_are_not_logged_and_the_programs_own_still_are(server, stubborn, caplog):
    seen = []
    stamina.instrumentation.set_on_retry_hooks([seen.append])
    try:
        url = server.serve("/a", answer(b"", 503), answer(BODY)).replace("//", "//ada:lovelace@")
        with caplog.at_level(logging.DEBUG):
            await stubborn.fetch(Request((url,), headers={"X-Token": "lovelace"}))
        assert seen == []
        tries = []
        for attempt in stamina.retry_context(on=KeyError, attempts=2, wait_initial=0, wait_jitter=0):
            with attempt:
                tries.append(1)
                if len(tries) == 1:
                    raise KeyError("theirs")
        assert [repr(details.caused_by) for details in seen] == ["KeyError('theirs')"]
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)
    assert "lovelace" not in caplog.text


@pytest.fixture
async def unused(scratch):
    """The origin of a server that is gone."""
    async with fault_server() as server:
        origin = server.origin
    async with open_downloader(origin, scratch):
        yield origin
