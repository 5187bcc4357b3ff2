"""Compressed metadata: decoded in bounded pieces, refused where it is broken or becomes too much."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import hashlib
import lzma
import zlib
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxsync.download import Controls, Limits, Link, open_downloader
from rxsync.download.coding import FLOOR, Decoder, decoded
from rxsync.errors import DeclarationError, DownloadError, MetadataError
from rxsync.ports.downloader import Request
from rxsync.testing import SimulatedRemote
from rxsync.testing.faults import answer, chunked, drip, gzip_bomb, redirect, truncated

PACK = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "deflate": zlib.compress,
}
FILES = ["gzip", "xz", "bz2"]
TEXT = b"".join(b"%s\n" % hashlib.sha256(b"%d" % n).hexdigest().encode() for n in range(20_000))
LINES = TEXT.decode().splitlines()


def unpack(coding, *pieces, **caps):
    decoder = Decoder("here", coding, **caps)
    came = []
    for piece in pieces:
        while text := decoder.decode(piece):
            assert len(text) <= 256 << 10
            came.append(text)
            piece = b""
    decoder.close()
    return b"".join(came)


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("coding", PACK)
@given(st.binary(max_size=2000), st.lists(st.integers(0, 3000), max_size=12))
def test_what_was_packed_is_had_again_however_the_bytes_are_cut(coding, data, places):
    assert unpack(coding, *cut(PACK[coding](data), places)) == data


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize("size", [1, 1000, 1 << 30])
def test_a_long_text_comes_in_bounded_pieces(coding, size):
    packed = PACK[coding](TEXT)
    assert unpack(coding, *(packed[start : start + size] for start in range(0, len(packed), size))) == TEXT


@given(st.binary(max_size=2000), st.lists(st.integers(0, 3000), max_size=12))
def test_deflate_without_its_header_is_understood(data, places):
    assert unpack("deflate", *cut(raw_deflate(data), places)) == data


@pytest.mark.parametrize("coding", FILES)
@given(st.lists(st.binary(max_size=50), min_size=1, max_size=6), st.lists(st.integers(0, 999), max_size=12))
def test_a_file_may_be_of_several_streams(coding, parts, places):
    packed = b"".join(map(PACK[coding], parts))
    assert unpack(coding, *cut(packed, places)) == b"".join(parts)


def test_very_many_empty_streams_take_no_long():
    assert unpack("gzip", *[PACK["gzip"](b"") * 3000] * 3) == b""


@pytest.mark.parametrize("coding", ["gzip", "xz"])
@pytest.mark.parametrize("size", [1, 1000])
def test_zero_bytes_are_padding(coding, size):
    packed = PACK[coding](b"a") + bytes(512) + PACK[coding](b"b") + bytes(512)
    assert unpack(coding, *(packed[start : start + size] for start in range(0, len(packed), size))) == b"ab"


@pytest.mark.parametrize("coding", ["gzip", "bz2"])
@pytest.mark.parametrize("rest", [b"garbage", b"B", b"\x1f", b"\0\0garbage", PACK["xz"](b"c")])
@pytest.mark.parametrize("size", [1, 1000])
def test_what_follows_is_passed_over_where_the_tool_of_the_format_does_so(coding, rest, size):
    packed = PACK[coding](b"a") + PACK[coding](b"b") + rest
    assert unpack(coding, *(packed[start : start + size] for start in range(0, len(packed), size))) == b"ab"


@pytest.mark.parametrize("coding", ["xz", "deflate"])
@pytest.mark.parametrize("rest", [b"garbage", b"\xfd7z", b"\0\0\0\0garbage"])
@pytest.mark.parametrize("size", [1, 1000])
def test_what_follows_is_refused_where_it_does_not(coding, rest, size):
    packed = PACK[coding](b"a") + rest
    with pytest.raises(MetadataError, match=f"^here: after the end of the {coding} comes "):
        unpack(coding, *(packed[start : start + size] for start in range(0, len(packed), size)))


@pytest.mark.parametrize("coding", PACK)
def test_an_end_before_the_end_is_an_error_wherever_it_is(coding):
    packed = PACK[coding](b"some text, and some more of it")
    for end in range(len(packed)):
        with pytest.raises(MetadataError, match=f"^here: the {coding} ends in its middle, after .* bytes of text"):
            unpack(coding, packed[:end])


@pytest.mark.parametrize("coding", FILES)
def test_a_second_stream_that_ends_before_its_end_is_an_error(coding):
    with pytest.raises(MetadataError, match="in its middle, after 2 bytes"):
        unpack(coding, PACK[coding](b"a") + PACK[coding](b"b")[:-3])


@pytest.mark.parametrize("coding", FILES)
def test_what_is_of_no_such_coding_is_told_by_its_first_bytes(coding):
    with pytest.raises(
        MetadataError, match=f"^here: broken {coding} after 0 bytes of text: it begins with 3c 68 74 6d"
    ):
        unpack(coding, b"<html><body>")


@pytest.mark.parametrize("coding", ["gzip", "xz", "bz2", "deflate"])
def test_a_flipped_bit_is_found(coding):
    packed = bytearray(PACK[coding](TEXT))
    packed[len(packed) // 2] ^= 1
    with pytest.raises(MetadataError, match=rf"^here: broken {coding} after \d+ bytes of text: ") as caught:
        unpack(coding, bytes(packed))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("coding", PACK)
def test_a_text_that_is_too_long_is_not_read_to_its_end(coding):
    with pytest.raises(MetadataError) as caught:
        unpack(coding, PACK[coding](TEXT), most=100_000)
    given = int(str(caught.value).split("became ")[1].split()[0])
    assert 100_000 < given <= 100_000 + (256 << 10)
    assert "more than 100000 bytes are not read" in str(caught.value)
    assert unpack(coding, PACK[coding](TEXT), most=len(TEXT)) == TEXT


@pytest.mark.parametrize("coding", PACK)
def test_little_that_becomes_too_much_is_refused_once_it_is_more_than_a_mebibyte(coding):
    packed = PACK[coding](bytes(64 << 20))
    with pytest.raises(MetadataError, match="more than 200 times as many are not read"):
        unpack(coding, *(packed[start : start + 4096] for start in range(0, len(packed), 4096)))
    assert unpack(coding, PACK[coding](bytes(FLOOR))) == bytes(FLOOR)


def test_a_dictionary_of_gibibytes_is_not_made_room_for():
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    packed = bytearray(lzma.compress(b"text", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]))
    with pytest.raises(MetadataError, match="broken xz after 0 bytes"):
        unpack("xz", _with_dictionary_of(packed, filters[0]["dict_size"]))


def _with_dictionary_of(packed, size):
    """The same stream, whose block header asks for more memory; its checksum is right."""
    start, length = 12, (packed[12] + 1) * 4
    header = packed[start : start + length - 4]
    [place] = [i for i in range(2, len(header)) if header[i : i + 2] == b"\x21\x01"]
    header[place + 2] = next(bits for bits in range(40) if (2 | (bits & 1)) << (bits // 2 + 11) >= size)
    crc = zlib.crc32(bytes(header)).to_bytes(4, "little")
    return bytes(packed[:start]) + bytes(header) + crc + bytes(packed[start + length :])


# Over a wire


async def read(downloads, url, **options):
    return [line async for line in downloads.lines(url, **options)]


@pytest.mark.parametrize(("said", "pack"), [("gzip", "gzip"), ("X-GZip", "gzip"), ("deflate", "deflate")])
async def test_metadata_may_come_compressed_and_says_so_when_it_is_asked_for(server, once, said, pack):
    url = server.serve("/a", answer(PACK[pack](TEXT), Content_Encoding=said))
    assert await read(once, url) == LINES
    assert server.seen[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("said", ["identity", ""])
async def test_or_as_it_is(server, once, said):
    assert await read(once, server.serve("/a", answer(b"a\nb", Content_Encoding=said))) == ["a", "b"]


@pytest.mark.parametrize("said", ["br", "zstd", "gzip, gzip"])
async def test_a_coding_nobody_asked_for_is_refused(server, stubborn, said):
    url = server.serve("/a", answer(b"a", Content_Encoding=said))
    with pytest.raises(DownloadError, match=f"^{url}: it comes in the coding '{said}'; expected gzip, deflate or none"):
        await read(stubborn, url)
    assert len(server.seen) == 1


@pytest.mark.parametrize("coding", FILES)
@pytest.mark.parametrize("said", [{}, {"Content_Encoding": "x-gzip"}], ids=["plain", "said once more"])
async def test_a_file_that_is_compressed_is_asked_for_as_it_is_and_read(server, once, coding, said):
    """Several servers say of ``a.gz`` that its coding is gzip, and send the very file."""
    url = server.serve("/a", answer(PACK[coding](TEXT), **said))
    assert await read(once, url, coding=coding) == LINES
    assert server.seen[0].headers["accept-encoding"] == "identity"


async def test_a_file_that_is_not_what_it_should_be_is_named(server, stubborn):
    url = server.serve("/a", answer(b"<html>no such page</html>"))
    with pytest.raises(MetadataError, match=f"^{url}: broken xz after 0 bytes of text: it begins with 3c 68"):
        await read(stubborn, url.replace("//", "//ada:lovelace@"), coding="xz")


async def test_a_coding_that_nobody_knows_is_the_plugins_mistake(server, once):
    with pytest.raises(DeclarationError, match="coding 'zip': expected gzip, xz, bz2"):
        await read(once, server.serve("/a", answer(b"")), coding="zip")


async def test_a_file_on_disk_is_read_likewise(scratch, tmp_path):
    (tmp_path / "a.xz").write_bytes(PACK["xz"](TEXT))
    async with open_downloader(tmp_path.as_uri() + "/", scratch) as downloads:
        assert await read(downloads, (tmp_path / "a.xz").as_uri(), coding="xz") == LINES


async def test_a_simulated_remote_does_the_same():
    remote = SimulatedRemote({"a.bz2": PACK["bz2"](TEXT)})
    assert await read(remote, remote.url("a.bz2"), coding="bz2") == LINES


async def test_lines_are_given_while_the_rest_is_still_to_come(server, once):
    packer, ticks = zlib.compressobj(wbits=31), asyncio.Queue()
    first = packer.compress(b"a\nb") + packer.flush(zlib.Z_SYNC_FLUSH)
    rest = packer.compress(b"c\n") + packer.flush()
    url = server.serve("/a", drip(first + rest, ticks.get, size=len(first)))
    async with aclosing(once.lines(url, coding="gzip")) as lines:
        ticks.put_nowait(None)
        assert await anext(lines) == "a"
        ticks.put_nowait(None)
        assert [line async for line in lines] == ["bc"]


async def test_text_that_came_compressed_and_ends_before_its_end_is_an_error(server, once):
    packed = PACK["gzip"](TEXT)
    url = server.serve("/a", truncated(packed, len(packed) // 2, announced=False))
    with pytest.raises(MetadataError, match="the gzip ends in its middle"):
        await read(once, url, coding="gzip")


async def test_after_text_that_came_compressed_the_connection_is_as_good_as_new(server, scratch):
    packed = answer(PACK["gzip"](TEXT), Content_Encoding="gzip")
    async with open_downloader(server.origin, scratch, Link(retries=0), Limits(Controls(), per_host=1)) as downloads:
        for script in (packed, chunked(b"a\n"), packed):
            assert await read(downloads, server.serve("/a", script)) in (LINES, ["a"])
            assert (await downloads.fetch(Request((server.serve("/b", answer(b"ok")),)))).data == b"ok"


async def test_over_a_redirect_to_another_host_it_comes_as_it_is(server, elsewhere, once):
    """What is sent along is the first host's alone; the way there needs no exception."""
    there = elsewhere.serve("/b", answer(b"a\n"))
    assert await read(once, server.serve("/a", redirect(there))) == ["a"]
    assert elsewhere.seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("encoded", [True, False])
async def test_a_bomb_is_left_before_it_goes_off(server, stubborn, encoded):
    url = server.serve("/a", gzip_bomb(1 << 40, encoded=encoded))
    with pytest.raises(
        MetadataError, match=rf"^{url}: \d+ bytes of gzip became \d+ bytes of text: more than 200 times"
    ):
        await read(stubborn, url, coding=None if encoded else "gzip")
    assert len(server.seen) == 1


async def test_who_leaves_early_closes_what_gave_the_pieces():
    closed = []

    async def pieces():
        try:
            yield PACK["gzip"](TEXT)
        finally:
            closed.append(True)

    async with aclosing(decoded(pieces(), Decoder("here", "gzip"))) as texts:
        assert TEXT.startswith(await anext(texts))
    assert closed == [True]


@pytest.mark.parametrize("said", ["gzip", "x-gzip", "br"])
async def test_a_file_that_is_kept_is_the_bytes_that_came_whatever_is_said_of_them(server, once, said):
    """Where a digest is declared it decides; without one there is nothing better than what was sent."""
    packed = PACK["gzip"](TEXT)
    url = server.serve("/a", answer(packed, Content_Encoding=said))
    digests = {"sha256": hashlib.sha256(packed).hexdigest()}
    assert (await once.fetch(Request((url,)))).digests == digests
    assert (await once.fetch(Request((url,), digests=digests))).data == packed
