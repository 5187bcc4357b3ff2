"""Local files: those of the source's folder, and no others."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from pathlib import Path

import pytest

from rxsync.download import Link, open_downloader
from rxsync.download.files import PIECE, SMALL
from rxsync.errors import DigestMismatchError, DownloadError, SizeMismatchError
from rxsync.ports.downloader import Request


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "repo"
    made.mkdir()
    (made / "PULP_MANIFEST").write_text("a\nb\n")
    (tmp_path / "secret").write_text("secret")
    return made


@pytest.fixture
async def local(folder, scratch):
    async with open_downloader((folder / "PULP_MANIFEST").as_uri(), scratch, Link(retries=1), backoff=0) as downloads:
        yield downloads


async def refusal(downloads, url: str) -> str:
    with pytest.raises(DownloadError) as caught:
        await downloads.fetch(Request((url,)))
    assert not caught.value.transient
    return caught.value.reason


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, PIECE, 2 * PIECE + 1])
async def test_a_file_of_any_size_arrives_whole(folder, local, size):
    data = os.urandom(size)
    (folder / "file").write_bytes(data)
    url, told = (folder / "file").as_uri(), []
    sha256 = hashlib.sha256(data).hexdigest()
    body = await local.fetch(Request((url,), digests={"sha256": sha256}, size=size, received=told.append))
    assert (body.data, body.url, sum(told)) == (data, url, size)


async def test_wrong_bytes_are_found_as_on_the_network(folder, local, scratch):
    (folder / "file").write_bytes(b"data")
    url = (folder / "file").as_uri()
    with pytest.raises(DigestMismatchError):
        await local.fetch(Request((url,), digests={"sha256": "0" * 64}))
    with pytest.raises(SizeMismatchError):
        await local.fetch(Request((url,), size=5))
    assert scratch.empty


@pytest.mark.parametrize("name", ["a b", "a%20b", "ä#?&;+%", "a:b@c", "\udcff", "..."])
async def test_a_name_is_found_by_its_escaped_url(folder, local, name):
    (folder / name).write_bytes(b"here")
    assert (await local.fetch(Request(((folder / name).as_uri(),)))).data == b"here"


@pytest.mark.parametrize("start", ["file:", "file://localhost", "FILE://"])
async def test_a_file_url_may_be_spelt_in_these_ways(folder, local, start):
    (folder / "file").write_bytes(b"here")
    assert (await local.fetch(Request((f"{start}{folder}/file",)))).data == b"here"


async def test_lines_come_from_files_too(folder, local):
    assert [line async for line in local.lines((folder / "PULP_MANIFEST").as_uri())] == ["a", "b"]


@pytest.mark.parametrize("way", ["/../secret", "/sub/../../secret", "/%2e%2e/secret", "/..%2Fsecret"])
async def test_no_path_leads_out_of_the_folder(folder, local, way):
    (folder / "sub").mkdir()
    assert "outside of the source's folder" in await refusal(local, folder.as_uri() + way)


async def test_no_symbolic_link_leads_out_of_the_folder(folder, local, tmp_path):
    (folder / "file").symlink_to(tmp_path / "secret")
    (folder / "sub").symlink_to(tmp_path)
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "file").write_text("next door, same beginning of the name")
    for url in ("file", "sub/secret", "../repository/file"):
        assert "outside of the source's folder" in await refusal(local, f"{folder.as_uri()}/{url}")


async def test_a_symbolic_link_within_the_folder_is_followed(folder, local):
    (folder / "sub").mkdir()
    (folder / "sub" / "file").write_bytes(b"here")
    (folder / "link").symlink_to("sub")
    (folder / "sub" / "link").symlink_to(folder / "sub" / "file")
    assert (await local.fetch(Request(((folder / "link" / "link").as_uri(),)))).data == b"here"


async def test_the_folder_itself_may_be_reached_by_a_symbolic_link(folder, scratch, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    async with open_downloader((tmp_path / "link" / "PULP_MANIFEST").as_uri(), scratch) as downloads:
        for way in (folder, tmp_path / "link"):
            assert await downloads.fetch(Request(((way / "PULP_MANIFEST").as_uri(),)))


async def test_a_folder_as_source_is_its_own_folder(folder, scratch):
    async with open_downloader(folder.as_uri(), scratch) as downloads:
        assert await downloads.fetch(Request(((folder / "PULP_MANIFEST").as_uri(),)))
        assert "outside" in await refusal(downloads, (folder.parent / "secret").as_uri())


async def test_what_is_no_regular_file_is_not_opened(folder, local):
    os.mkfifo(folder / "fifo")  # to open it would wait for a writer
    (folder / "sub").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        for name in ("fifo", "sub", "socket"):
            assert await refusal(local, (folder / name).as_uri()) == "it is no regular file"


async def test_a_missing_file_is_called_that(folder, local):
    assert await refusal(local, (folder / "nowhere").as_uri()) == "there is no such file"
    assert await refusal(local, (folder / "PULP_MANIFEST" / "x").as_uri()) == "there is no such file"


async def test_links_that_go_in_circles_are_an_error(folder, local):
    (folder / "circle").symlink_to("circle")
    assert "it cannot be read" in await refusal(local, (folder / "circle").as_uri())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file://host/a", "cannot name another host"),
        ("file://ada:lovelace@localhost/a", "cannot name another host"),
        ("file:a", "needs an absolute path"),
        ("file:///a%00b", "needs an absolute path"),
        ("file:///a?b", "has no query or fragment"),
        ("file:///a#b", "has no query or fragment"),
    ],
)
async def test_a_file_url_that_means_no_file_is_refused(local, url, reason):
    assert reason in await refusal(local, url)


async def test_a_source_that_is_nowhere_is_an_error(scratch, tmp_path):
    with pytest.raises(DownloadError, match="there is no such file"):
        async with open_downloader((tmp_path / "no" / "PULP_MANIFEST").as_uri(), scratch):
            pytest.fail("it opened")


@pytest.mark.parametrize("length", [2 * PIECE, 3 * PIECE + 1], ids=["shrinks", "grows"])
async def test_a_file_that_changes_while_it_is_read_is_read_again(folder, local, scratch, length):
    (folder / "file").write_bytes(os.urandom(3 * PIECE))
    told = []

    def change(count: int) -> None:
        told.append(count)
        os.truncate(folder / "file", length)

    body = await local.fetch(Request(((folder / "file").as_uri(),), received=change))
    assert body.data == (folder / "file").read_bytes()
    assert scratch.bodies == [body]
    assert min(told) < 0
    assert sum(told) == length


async def test_a_file_that_keeps_changing_is_an_error_that_may_pass(folder, local, scratch):
    (folder / "file").write_bytes(bytes(3 * PIECE))

    def shorten(count: int) -> None:
        if count == PIECE:
            os.truncate(folder / "file", (folder / "file").stat().st_size - 1)

    with pytest.raises(DownloadError, match="changed while it was read") as caught:
        await local.fetch(Request(((folder / "file").as_uri(),), received=shorten))
    assert caught.value.transient
    assert scratch.empty


async def test_no_descriptor_is_left_behind(folder, local, tmp_path):
    (folder / "big").write_bytes(bytes(3 * PIECE))
    (folder / "link").symlink_to(tmp_path / "secret")
    before = descriptors()
    begun = asyncio.Event()
    for received in (None, lambda _: begun.set()):
        task = asyncio.create_task(local.fetch(Request(((folder / "big").as_uri(),), received=received)))
        await (begun.wait() if received else asyncio.sleep(0))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    for name in ("link", "nowhere", "PULP_MANIFEST/x"):
        await refusal(local, f"{folder.as_uri()}/{name}")
    assert descriptors() == before


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
