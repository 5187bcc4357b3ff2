"""Whole, verified files, or an error and nothing left behind."""

from __future__ import annotations

import asyncio
import hashlib
import zlib

import pytest

from rxsync.declare.body import Validators
from rxsync.download import Controls, Limits, Link, open_downloader
from rxsync.errors import (
    DigestMismatchError,
    DownloadError,
    HttpStatusError,
    SizeMismatchError,
    StorageError,
)
from rxsync.ports.downloader import Request
from rxsync.testing.faults import Script, answer, chunked, flipped, redirect, reset, rubbish, truncated

BODY = bytes(range(256)) * 40
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


async def test_a_file_arrives_with_all_that_is_known_of_it(server, once):
    url = server.serve("/a", answer(BODY, ETag='"1"', Last_Modified="Thu, 01 Jan 1970 00:00:00 GMT"))
    body = await once.fetch(Request((url,), digests={"sha256": SHA256, "md5": MD5}, size=len(BODY)))
    assert body.data == BODY
    assert body.digests == {"sha256": SHA256, "md5": MD5}
    assert body.url == url
    assert body.validators == Validators('"1"', "Thu, 01 Jan 1970 00:00:00 GMT")


@pytest.mark.parametrize("odd", ['"é"', '"a\tb"'])
async def test_a_header_that_is_no_text_is_not_learnt(server, once, odd):
    url = server.serve("/a", answer(BODY, ETag=odd, Last_Modified=odd))
    assert (await once.fetch(Request((url,)))).validators == Validators()
    assert (await once.fingerprint(url)).startswith("sha256 ")


async def test_requests_say_who_asks_and_want_the_bytes_as_they_are(server, once):
    await once.fetch(Request((server.serve("/a", answer(BODY)),), headers={"X-Token": "t"}))
    [seen] = server.seen
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["user-agent"].startswith("rxsync/")
    assert seen.headers["x-token"] == "t"


async def test_bytes_are_not_decoded_whatever_the_server_says_of_them(server, once):
    packed = zlib.compress(BODY)
    url = server.serve("/a", answer(packed, Content_Encoding="deflate"))
    assert (await once.fetch(Request((url,)))).data == packed


async def test_no_cookie_comes_back(server, once):
    url = server.serve("/a", answer(BODY, Set_Cookie="id=1; Path=/"))
    await once.fetch(Request((url,)))
    await once.fetch(Request((url,)))
    assert "cookie" not in server.seen[1].headers


async def test_a_body_in_chunks_is_whole_after_its_last_chunk(server, once):
    assert (await once.fetch(Request((server.serve("/a", chunked(b"ab", b"c")),)))).data == b"abc"


async def test_a_body_without_announced_length_is_whole_when_the_connection_ends_in_order(server, once):
    assert (await once.fetch(Request((server.serve("/a", answer(BODY, length=None)),)))).data == BODY


@pytest.mark.parametrize(
    "fault",
    [
        truncated(BODY, 100),
        truncated(BODY, 0),
        reset(BODY, 100),
        reset(BODY, 100, announced=False),
        chunked(b"abc", whole=False),
        rubbish(),
    ],
    ids=["truncated", "no body", "reset", "reset, no length", "truncated chunks", "rubbish"],
)
async def test_a_broken_answer_is_a_transient_error_and_leaves_nothing(server, once, scratch, fault):
    url = server.serve("/a", fault)
    with pytest.raises(DownloadError) as caught:
        await once.fetch(Request((url,)))
    assert caught.value.transient
    assert caught.value.url == url
    assert scratch.empty


async def test_a_body_cut_off_in_order_is_found_by_its_size(server, once, scratch):
    url = server.serve("/a", truncated(BODY, 100, announced=False))
    with pytest.raises(SizeMismatchError) as caught:
        await once.fetch(Request((url,), size=len(BODY)))
    assert (caught.value.declared, caught.value.received) == (len(BODY), 100)
    assert scratch.empty


@pytest.mark.parametrize("length", [-1, None], ids=["announced", "not announced"])
async def test_reading_stops_at_one_byte_more_than_declared(server, once, scratch, length):
    url = server.serve("/a", answer(BODY, length=length))
    told = []
    with pytest.raises(SizeMismatchError) as caught:
        await once.fetch(Request((url,), size=300, received=told.append))
    assert (caught.value.declared, caught.value.received) == (300, 301)
    assert max(told, default=0) <= 300
    assert scratch.empty


async def test_an_endless_body_is_left_at_its_declared_size(server, once, scratch):
    never = asyncio.Event()
    url = server.serve("/a", Script(answer(BODY, length=None).wire, hold=never))
    with pytest.raises(SizeMismatchError):
        await once.fetch(Request((url,), size=10))
    assert scratch.empty


@pytest.mark.parametrize(("announced", "received"), [(99, 99), (1 << 40, 101)])
async def test_a_wrong_announced_length_is_refused_before_a_byte_comes(server, once, announced, received):
    url = server.serve("/a", Script(answer(length=announced).wire, hold=asyncio.Event()))
    with pytest.raises(SizeMismatchError) as caught:
        await once.fetch(Request((url,), size=100))
    assert caught.value.received == received


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
async def test_a_flipped_bit_is_found_by_each_declared_digest(server, once, scratch, algorithm):
    declared = hashlib.new(algorithm, BODY).hexdigest()
    url = server.serve("/a", flipped(BODY, 77))
    with pytest.raises(DigestMismatchError) as caught:
        await once.fetch(Request((url,), digests={algorithm: declared}, size=len(BODY)))
    assert (caught.value.algorithm, caught.value.declared) == (algorithm, declared)
    assert scratch.empty


async def test_a_full_store_is_no_fault_of_the_source(server, stubborn, scratch):
    scratch.room = 10
    url = server.serve("/a", answer(BODY))
    with pytest.raises(StorageError):
        await stubborn.fetch(Request((url,)))
    assert scratch.empty
    assert len(server.seen) == 1


async def test_progress_adds_up_to_the_bytes_that_count(server, stubborn):
    url = server.serve("/a", reset(BODY, 100), flipped(BODY, 5), truncated(BODY, 4000), answer(BODY))
    told = []
    await stubborn.fetch(Request((url,), digests={"sha256": SHA256}, received=told.append))
    assert sum(told) == len(BODY)
    assert min(told) == -len(BODY), "the attempt with the flipped bit was taken back whole"


async def test_a_cancelled_download_leaves_nothing(server, once, scratch):
    url = server.serve("/a", Script(answer(BODY, length=2 * len(BODY)).wire, hold=asyncio.Event()))
    begun = asyncio.Event()
    told = []

    def received(count: int) -> None:
        told.append(count)
        begun.set()

    task = asyncio.create_task(once.fetch(Request((url,), received=received)))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scratch.empty
    assert sum(told) == 0


async def test_what_is_unchanged_is_not_sent_again(server, once, scratch):
    url = server.serve("/a", answer(status=304))
    held = Validators('"1"', "Thu, 01 Jan 1970 00:00:00 GMT")
    assert await once.fetch(Request((url,), validators=held)) is None
    assert server.seen[0].headers["if-none-match"] == '"1"'
    assert server.seen[0].headers["if-modified-since"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert scratch.empty


async def test_unchanged_is_no_answer_to_who_holds_nothing(server, once):
    with pytest.raises(HttpStatusError, match="304"):
        await once.fetch(Request((server.serve("/a", answer(status=304)),)))


@pytest.mark.parametrize(("status", "transient"), [(404, False), (410, False), (206, False), (429, True), (503, True)])
async def test_a_status_is_an_error_that_says_whether_to_try_again(server, once, status, transient):
    url = server.serve("/a", answer(b"sorry", status))
    with pytest.raises(HttpStatusError) as caught:
        await once.fetch(Request((url,)))
    assert (caught.value.status, caught.value.transient, caught.value.url) == (status, transient, url)


async def test_a_redirect_is_followed_and_the_body_keeps_the_url_that_was_asked_for(server, elsewhere, once):
    elsewhere.serve("/c?signature=secret", answer(BODY))
    server.serve("/b", redirect(elsewhere.url("/c?signature=secret"), 307))
    url = server.serve("/a", redirect("b", 301))
    body = await once.fetch(Request((url,)))
    assert (body.data, body.url) == (BODY, url)


async def test_ten_redirects_are_followed_and_no_more(server, once):
    for hop in range(12):
        server.serve(f"/{hop}", redirect(f"/{hop + 1}"))
    server.serve("/12", answer(BODY))
    assert await once.fetch(Request((server.url("/2"),)))
    with pytest.raises(DownloadError, match="more than 10 redirects"):
        await once.fetch(Request((server.url("/1"),)))


async def test_a_redirect_never_leads_to_a_local_file(server, once, tmp_path):
    (tmp_path / "secret").write_bytes(BODY)
    url = server.serve("/a", redirect((tmp_path / "secret").as_uri()))
    with pytest.raises(DownloadError, match="redirected to a file: URL"):
        await once.fetch(Request((url,)))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://127.0.0.1/a", "cannot download by ftp:"),
        ("127.0.0.1/a", "no scheme; expected http:, https: or file:"),
        ("file:///etc/hostname", "only a file: source may lead to file: URLs"),
        ("http://127.0.0.1:99999/a", "not a valid URL"),
        ("http:///a", "not a valid URL"),
    ],
)
async def test_a_url_that_cannot_be_read_is_refused_with_the_reason(stubborn, url, reason):
    with pytest.raises(DownloadError, match=reason) as caught:
        await stubborn.fetch(Request((url,)))
    assert not caught.value.transient


@pytest.mark.parametrize(("most", "per_host"), [(50, 3), (3, 10)], ids=["a host", "in total"])
async def test_connections_are_bounded(server, scratch, most, per_host):
    hold = asyncio.Event()
    wire = answer(BODY).wire
    url = server.serve("/a", Script(wire[:-50], hold=hold, rest=wire[-50:]))
    limits = Limits(Controls(most), per_host=per_host)
    async with open_downloader(server.origin, scratch, limits=limits) as downloads:
        tasks = [asyncio.create_task(downloads.fetch(Request((url,), size=len(BODY)))) for _ in range(30)]
        await server.until_open(3)
        hold.set()
        await asyncio.gather(*tasks)
    assert server.most_open == 3


async def test_a_slow_host_does_not_hold_up_another(server, elsewhere, scratch):
    hold = asyncio.Event()
    slow = server.serve("/a", Script(b"", hold=hold, rest=answer(BODY).wire))
    async with open_downloader(server.origin, scratch, Link(retries=0), Limits(Controls(), per_host=1)) as downloads:
        waiting = [asyncio.create_task(downloads.fetch(Request((slow,)))) for _ in range(3)]
        await server.until_open(1)
        assert await downloads.fetch(Request((elsewhere.serve("/a", answer(BODY)),)))
        assert not any(task.done() for task in waiting)
        hold.set()
        assert len(await asyncio.gather(*waiting)) == 3


SIGNED = "/b%2Fc/%41?hdnts=exp=1~acl=%2f*~hmac=ab&e=a%2Bb+c"


@pytest.mark.parametrize("way", ["at once", "over a redirect", "over one to elsewhere"])
async def test_a_url_is_asked_for_as_it_is_spelt_since_a_signature_may_be_of_that(server, elsewhere, once, way):
    there = elsewhere if way == "over one to elsewhere" else server
    url = there.serve(SIGNED, answer(b"ok"))
    if way != "at once":
        url = server.serve("/a", redirect(SIGNED if there is server else url))
    assert (await once.fetch(Request((url,)))).data == b"ok"
    assert there.seen[-1].path == SIGNED
