"""Bytes that are not what was declared, kept with the error where somebody asks for them."""

from __future__ import annotations

import hashlib

import pytest

from rxsync.errors import DigestMismatchError, DownloadError, HttpStatusError, SizeMismatchError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, chunked

BODY = b"four" * 25
SHA256 = hashlib.sha256(BODY).hexdigest()


def wanted(*urls: str) -> Request:
    return Request(urls, digests={"sha256": SHA256}, keep_wrong=True)


async def test_of_several_attempts_the_last_wrong_bytes_are_kept_and_no_others(server, stubborn, scratch):
    url = server.serve("/a", *[answer(b"wrong %d" % number) for number in range(5)])
    with pytest.raises(DigestMismatchError) as caught:
        await stubborn.fetch(wanted(url))
    assert caught.value.wrong.data == b"wrong 4"
    assert scratch.bodies == [caught.value.wrong]
    assert not scratch.open


async def test_they_are_let_go_once_the_right_ones_come(server, stubborn, scratch):
    body = await stubborn.fetch(wanted(server.serve("/a", answer(b"wrong"), answer(BODY))))
    assert scratch.bodies == [body]


async def test_they_stay_with_the_error_that_is_told_whatever_the_other_urls_say(server, once, scratch):
    wrong, gone = server.serve("/wrong", answer(b"wrong")), server.serve("/gone", answer(b"", 404))
    with pytest.raises(HttpStatusError) as caught:
        await once.fetch(wanted(wrong, gone))
    assert caught.value.wrong.data == b"wrong"
    assert scratch.bodies == [caught.value.wrong]


async def test_of_a_body_that_is_too_long_there_is_what_had_come(server, once, scratch):
    url = server.serve("/a", chunked(b"four", b"four"))
    with pytest.raises(SizeMismatchError) as caught:
        await once.fetch(wanted(url)._replace(size=4))
    assert caught.value.wrong.size <= 4
    assert scratch.bodies == [caught.value.wrong]


async def test_where_nobody_asks_nothing_is_kept(server, once, scratch):
    with pytest.raises(DownloadError) as caught:
        await once.fetch(wanted(server.serve("/a", answer(b"wrong")))._replace(keep_wrong=False))
    assert (caught.value.wrong, scratch.bodies) == (None, [])
