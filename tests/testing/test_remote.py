"""A repository in memory keeps to the contract of a downloader, and fails where it is told to."""

import asyncio
import hashlib

import pytest

from rxsync.declare import Validators
from rxsync.errors import (
    DigestMismatchError,
    DownloadError,
    HttpStatusError,
    MetadataError,
    SizeMismatchError,
)
from rxsync.flow import from_iterable, run
from rxsync.operators import (
    download_artifacts,
    query_existing_artifacts,
    query_existing_content,
    resolve_content,
    save_artifacts,
    save_content,
)
from rxsync.ports.downloader import Request
from rxsync.storage import LocalStorage
from rxsync.testing import SimulatedRemote, unit

DATA = bytes(range(256)) * 300


def request(remote, *paths, **more):
    return Request(tuple(remote.url(path) for path in paths), **more)


@pytest.fixture
def remote():
    return SimulatedRemote({"a": DATA, "list": b"one\r\ntwo"})


async def test_a_file_arrives_with_all_that_is_known_of_it(remote):
    url = remote.put("a b", DATA, etag='"1"', last_modified="Thu, 01 Jan 1970 00:00:00 GMT")
    md5 = hashlib.md5(DATA).hexdigest()
    told = []
    body = await remote.fetch(Request((url,), digests={"md5": md5}, size=len(DATA), received=told.append))
    assert body.data == DATA
    assert body.digests == {"md5": md5, "sha256": hashlib.sha256(DATA).hexdigest()}
    assert (body.url, body.validators.etag) == ("http://there/a%20b", '"1"')
    assert sum(told) == len(DATA)
    assert len(told) > 1


async def test_lines_come_without_their_ends(remote):
    assert [line async for line in remote.lines(remote.url("list"))] == ["one", "two"]


async def test_what_is_not_there_is_404_at_once_and_names_the_file(remote):
    remote.remove("a")
    with pytest.raises(HttpStatusError) as caught:
        await remote.fetch(request(remote, "a", relative_path="here"))
    assert str(caught.value) == "http://there/a: HTTP 404 Not Found"
    assert (caught.value.status, caught.value.relative_path, caught.value.attempts) == (404, "here", 1)


async def test_other_bytes_than_declared_are_refused_also_after_retries(remote):
    remote.corrupt("a")
    with pytest.raises(DigestMismatchError) as caught:
        await remote.fetch(request(remote, "a", digests={"sha256": hashlib.sha256(DATA).hexdigest()}))
    assert caught.value.attempts == remote.count("a") == 5
    remote.mend("a")
    told = []
    with pytest.raises(SizeMismatchError):
        await remote.fetch(request(remote, "a", size=3, received=told.append))
    assert told == []  # the length was announced
    assert remote.scratch.empty


async def test_other_bytes_can_be_any(remote):
    remote.corrupt("list", b"three")
    assert (await remote.fetch(request(remote, "list"))).data == b"three"


async def test_what_fails_some_times_works_then(remote):
    remote.fail("a", 503, times=1)
    remote.cut_off("a", 10, times=2)
    assert (await remote.fetch(request(remote, "a"))).data == DATA
    assert remote.count("a") == 4


async def test_nothing_is_tried_again_where_it_must_not(remote):
    once = SimulatedRemote({"a": DATA}, retries=0)
    once.cut_off("a", 10)
    with pytest.raises(DownloadError, match="http://there/a: the connection ended in the middle of the body"):
        await once.fetch(request(once, "a"))
    assert once.count("a") == 1
    assert once.scratch.empty


async def test_the_next_url_is_asked_and_the_notes_say_what_the_others_said(remote):
    remote.fail("a", 410)
    assert (await remote.fetch(request(remote, "a", "list"))).data == b"one\r\ntwo"
    remote.fail("list", 403)
    with pytest.raises(HttpStatusError, match="403") as caught:
        await remote.fetch(request(remote, "a", "list"))
    assert caught.value.__notes__ == ["http://there/a: HTTP 410 Gone"]


@pytest.mark.parametrize(
    ("held", "unchanged"),
    [
        (Validators('"1"'), True),
        (Validators('"0"'), False),
        (Validators(None, "then"), True),
        (Validators('"0"', "then"), False),
        (Validators(), False),
    ],
)
async def test_a_conditional_request_is_answered_by_the_etag_before_the_date(remote, held, unchanged):
    remote.put("a", b"1", etag='"1"', last_modified="then")
    body = await remote.fetch(request(remote, "a", validators=held))
    assert (body is None) == unchanged
    assert remote.asked[0].validators == held


async def test_what_is_corrupt_is_not_unchanged(remote):
    remote.put("a", b"1", etag='"1"')
    remote.corrupt("a", b"2")
    assert (await remote.fetch(request(remote, "a", validators=Validators('"1"')))).data == b"2"


async def test_metadata_that_is_cut_off_or_no_text_fails(remote):
    remote.cut_off("list", 5)
    with pytest.raises(DownloadError):
        _ = [line async for line in remote.lines(remote.url("list"))]
    with pytest.raises(MetadataError, match="http://there/a: line 1"):
        _ = [line async for line in remote.lines(remote.url("a"))]


async def test_credentials_are_not_shown(remote):
    await remote.fetch(Request(("http://ada:lovelace@there/a",), headers={"X-Token": "t"}))
    assert remote.asked[0][:2] == ("http://there/a", {"X-Token": "t"})


async def test_the_test_says_when_an_answer_comes(remote):
    answer = asyncio.Event()
    remote.hold("a", answer)
    tasks = [asyncio.create_task(remote.fetch(request(remote, "a"))) for _ in range(3)]
    await remote.until_open(3)
    assert not any(task.done() for task in tasks)
    tasks[0].cancel()
    answer.set()
    assert len(await asyncio.gather(*tasks[1:])) == 2
    assert (remote.open, remote.most_open) == (0, 3)


async def test_a_line_runs_over_it_from_look_up_to_rows(remote, catalog, tmp_path):
    for name in "bcd":
        remote.put(name, name.encode())
    remote.fail("c", 500, times=2)
    units, came, storage = [unit(name) for name in "bcd"], [], LocalStorage(tmp_path)
    line = from_iterable(units).pipe(
        query_existing_content(catalog.read),
        query_existing_artifacts(catalog.read),
        download_artifacts(remote.fetch),
        save_artifacts(catalog.write, storage.put, remote.scratch.release),
        save_content(catalog.write),
        resolve_content(),
    )
    await run(line, came.append)
    assert [unit.new and await storage.has(unit.content.sha256) for unit in units] == [True] * 3
    assert sorted(unit.name for unit in came) == ["b", "c", "d"]
    assert remote.scratch.empty
