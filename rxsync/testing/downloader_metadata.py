"""What a downloader must do with metadata: texts by their lines, and what a file looks like.

Floor 6, doors. A part of the suite in ``downloader.py``.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from contextlib import aclosing

import pytest

from rxsync.errors import DownloadError, HttpStatusError, MetadataError
from rxsync.ports.downloader import Coding
from rxsync.testing.downloader_opened import DownloaderBase, Opened

PACK: dict[Coding, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}


class MetadataTests(DownloaderBase):
    """Of the contract, what is said of metadata."""

    async def test_a_fingerprint_is_the_same_while_the_file_is(self, there: Opened) -> None:
        url, look = there.upstream.put("a", b"data", etag='"1"'), there.downloader.fingerprint
        first = await look(url)
        there.upstream.fail("a", 503, times=1)
        assert await look(url) == await look(url, first) == first
        there.upstream.put("a", b"data", etag='"2"')
        assert await look(url, first) == await look(url) != first
        there.upstream.put("a", b"data")
        by_bytes = await look(url)
        assert await look(url, by_bytes) == by_bytes
        there.upstream.put("a", b"other")
        assert await look(url, by_bytes) != by_bytes
        with pytest.raises(HttpStatusError):
            await look(there.upstream.url("gone"))

    async def test_a_text_is_given_by_its_lines(self, there: Opened) -> None:
        there.upstream.put("a", b"\xef\xbb\xbf\xc3\xa4\r\nb\n\nc")
        there.upstream.put("empty", b"")
        assert (await there.lines("a"), await there.lines("empty")) == (["ä", "b", "", "c"], [])

    async def test_its_beginning_is_tried_again(self, there: Opened) -> None:
        there.upstream.put("a", b"abc\nd")
        there.upstream.fail("a", 503, times=1)
        there.upstream.cut_off("a", 2, times=1)
        assert await there.lines("a") == ["abc", "d"]
        there.upstream.remove("a")
        with pytest.raises(HttpStatusError):
            await there.lines("a")

    async def test_what_ends_before_its_end_is_an_error(self, there: Opened) -> None:
        there.upstream.put("a", b"a\nb\nc")
        there.upstream.cut_off("a", 3)
        with pytest.raises(DownloadError):
            await there.lines("a")

    @pytest.mark.parametrize("line", [b"\xff", b"\0", b"x" * 1001])
    async def test_what_is_no_text_is_named_by_its_line(self, there: Opened, line: bytes) -> None:
        url = there.upstream.put("a", b"a\n" + line + b"\n")
        with pytest.raises(MetadataError, match=f"^{url}: line 2: "):
            await there.lines("a", longest=1000)

    @pytest.mark.parametrize("coding", list(PACK))
    async def test_a_compressed_text_is_read_and_one_that_is_broken_refused(
        self, there: Opened, coding: Coding
    ) -> None:
        packed = PACK[coding](b"a\nb\n")
        there.upstream.put("a", packed)
        there.upstream.put("short", packed[:-5])
        there.upstream.put("bomb", PACK[coding](b"0\n" * (4 << 20)))
        assert await there.lines("a", coding=coding) == ["a", "b"]
        for path in ("short", "bomb"):
            with pytest.raises(MetadataError, match=there.upstream.url(path)):
                await there.lines(path, coding=coding)

    async def test_who_leaves_a_text_early_frees_what_it_held(self, there: Opened) -> None:
        url = there.upstream.put("a", b"a\n" * 500_000)
        for _ in range(60):  # more than any host is asked at once
            async with aclosing(there.downloader.lines(url)) as lines:
                assert await anext(lines) == "a"
