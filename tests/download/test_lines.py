"""Lines of text, strict and bounded: the splitter alone, then behind a server."""

from __future__ import annotations

import asyncio
import tracemalloc
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.download import Controls, Downloads, Limits, Link, open_downloader
from rxsync.download.lines import LineSplitter
from rxsync.download.transport import Answer
from rxsync.errors import DownloadError, HttpStatusError, MetadataError
from rxsync.testing.faults import Script, answer, chunked, reset, truncated

BOM = b"\xef\xbb\xbf"


def split(*pieces: bytes, longest: int = 1000) -> list[str]:
    splitter = LineSplitter("here", longest)
    return [line for piece in pieces for line in splitter.feed(piece)] + splitter.close()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


places = st.lists(st.integers(0, 1000), max_size=10)
texts = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\t"), max_size=8), max_size=8)


@given(texts, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from([b"", BOM]), places)
def test_lines_are_those_between_newlines_however_the_bytes_are_cut(lines, end, ended, bom, places):
    text = end.join(lines) + (end if ended else "")
    expected = text.removeprefix("\ufeff" if not bom else "").replace("\r\n", "\n").split("\n")
    if not expected[-1]:
        expected.pop()
    assert split(*cut(bom + text.encode(), places)) == expected


@given(st.binary(max_size=60) | st.text("a\n\r\0\ufeffü", max_size=30).map(str.encode), places, places)
def test_the_same_bytes_give_the_same_lines_or_the_same_fault_however_they_are_cut(data, these, those):
    def outcome(pieces: list[bytes]) -> object:
        try:
            return split(*pieces, longest=12)
        except MetadataError as error:
            return str(error)

    assert outcome(cut(data, these)) == outcome(cut(data, those))


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n\nb\n", ["a", "", "b"]),
        (BOM, []),
        (BOM + b"a\n", ["a"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        ("\u2028a\x85b\n".encode(), ["\u2028a\x85b"]),
        (b"a\tb\n", ["a\tb"]),
    ],
)
def test_what_a_line_is(data, lines):
    assert split(data) == lines


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"a\nb\xff\n", "line 2: byte 0xff at 1 is no UTF-8; this does not look like text"),
        (b"a\nb\n\xed\xa0\x80", "line 3: byte 0xed at 0 is no UTF-8; this does not look like text"),
        (b"a\n\nb\0\nc\xff", "line 3: holds the control byte 0x00; this does not look like text"),
        (b"a\rb\n", "line 1: holds the control byte 0x0d; this does not look like text"),
        (b"\x7fELF\n", "line 1: holds the control byte 0x7f; this does not look like text"),
        (b"\xff\xfea\0\n\0", "line 1: byte 0xff at 0 is no UTF-8; this does not look like text"),
        (b"\x1f\x8b\x08\n", "line 1: byte 0x8b at 1 is no UTF-8; this does not look like text"),
        (b"a\n" + b"x" * 1001, "line 2: longer than 1000 bytes"),
        (b"a\n" + "ü".encode() * 501 + b"\n", "line 2: longer than 1000 bytes"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 5000])
def test_what_is_no_text_is_named_by_its_line(data, fault, size):
    with pytest.raises(MetadataError) as caught:
        split(*(data[start : start + size] for start in range(0, len(data), size)))
    assert str(caught.value) == f"here: {fault}"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", BOM])
def test_a_line_of_the_longest_length_is_accepted(bom, end):
    assert split(bom + b"x" * 1000 + end) == ["x" * 1000]


def test_a_line_without_an_end_is_not_collected():
    fed = 0

    def feed_a_gigabyte() -> None:
        nonlocal fed
        splitter = LineSplitter("here", 1 << 20)
        while fed < 1 << 30:
            splitter.feed(b"x" * (64 << 10))
            fed += 64 << 10

    tracemalloc.start()
    try:
        with pytest.raises(MetadataError, match="line 1: longer than"):
            feed_a_gigabyte()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fed <= (1 << 20) + (64 << 10)
    assert peak < 3 << 20


def test_a_line_in_very_many_pieces_costs_no_more_than_its_length():
    splitter = LineSplitter("here", 1 << 20)
    for _ in range(200_000):
        assert splitter.feed(b"x") == []
    assert splitter.feed(b"\n") == ["x" * 200_000]


async def read(downloads, url: str, **options) -> list[str]:
    return [line async for line in downloads.lines(url, **options)]


async def test_a_text_is_read_as_lines(server, once):
    url = server.serve("/a", answer(BOM + "ä\r\nb\n\nc".encode()))
    assert await read(once, url) == ["ä", "b", "", "c"]


async def test_lines_are_given_while_the_rest_is_still_to_come(server, once):
    hold = asyncio.Event()
    url = server.serve("/a", Script(answer(b"a\nb\nc", length=9).wire, hold=hold, rest=b"d\ne\n"))
    async with aclosing(once.lines(url)) as lines:
        assert [await anext(lines), await anext(lines)] == ["a", "b"]
        hold.set()
        assert [line async for line in lines] == ["cd", "e"]


@pytest.mark.parametrize("script", [truncated(b"a\nb\nc", 4), reset(b"a\nb\nc", 4), chunked(b"a\nb\n", whole=False)])
async def test_a_text_that_ends_before_its_end_is_an_error(server, once, script):
    with pytest.raises(DownloadError, match="in the middle of the body"):
        await read(once, server.serve("/a", script))


async def test_the_beginning_is_tried_again_as_long_as_no_line_was_given(server, stubborn):
    url = server.serve("/a", answer(b"", 503), truncated(b"abc\nd", 2), answer(b"abc\nd"))
    assert await read(stubborn, url) == ["abc", "d"]
    assert len(server.seen) == 3


async def test_after_a_line_was_given_a_failure_is_final(server, stubborn):
    hold = asyncio.Event()
    url = server.serve("/a", Script(answer(b"a\nb", length=9).wire, reset(b"", 0).end, hold), answer(b"a\nb"))
    lines = stubborn.lines(url)
    assert await anext(lines) == "a"
    hold.set()
    with pytest.raises(DownloadError):
        await anext(lines)
    assert len(server.seen) == 1


async def test_an_error_in_the_text_names_the_url_without_credentials_and_the_line(server, stubborn):
    url = server.serve("/a", answer(b"a\nb\0\n"))
    with pytest.raises(MetadataError, match=f"^{url}: line 2: "):
        await read(stubborn, url.replace("//", "//ada:lovelace@"))
    assert len(server.seen) == 1


async def test_a_line_that_is_too_long_ends_the_download(server, once):
    url = server.serve("/a", Script(answer(b"x" * 4096, length=1 << 40).wire, hold=asyncio.Event()))
    with pytest.raises(MetadataError, match="line 1: longer than 1024 bytes"):
        await read(once, url, longest=1024)


async def test_a_missing_text_is_a_status(server, once):
    with pytest.raises(HttpStatusError):
        await read(once, server.url("/nowhere"))


async def test_an_empty_text_has_no_lines(server, once):
    assert await read(once, server.serve("/a", answer(b""))) == []


async def test_who_leaves_early_leaves_nothing_open(scratch):
    closed = []

    class Endless:
        @asynccontextmanager
        async def open(self, url, headers, held):
            try:
                yield Answer(self.read)
            finally:
                closed.append(url)

        async def read(self):
            return b"a\n"

    downloads = Downloads({"endless": Endless()}, scratch, retries=0, backoff=0)
    async with aclosing(downloads.lines("endless:a")) as lines:
        assert await anext(lines) == "a"
    assert closed == ["endless:a"]


async def test_who_leaves_early_frees_the_connection(server, scratch):
    never = asyncio.Event()
    slow = server.serve("/slow", Script(answer(b"a\nb", length=9).wire, hold=never))
    async with open_downloader(server.origin, scratch, Link(retries=0), Limits(Controls(), per_host=1)) as downloads:
        async with aclosing(downloads.lines(slow)) as lines:
            assert await anext(lines) == "a"
        assert await read(downloads, server.serve("/a", answer(b"c"))) == ["c"]
