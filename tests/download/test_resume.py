"""A large body that breaks off goes on where it broke, and begins anew where that cannot be."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from rxsync.declare import Validators
from rxsync.download import Link, open_downloader
from rxsync.download.intake import LARGE
from rxsync.errors import DigestMismatchError, DownloadError, StorageError
from rxsync.ports.downloader import Request
from rxsync.ports.storage import Beginning
from rxsync.storage import LocalStorage
from rxsync.testing.faults import End, Script, answer, ranged
from rxsync.testing.scratch import MemoryScratch
from rxsync.testing.storage import some_bytes

BODY = some_bytes(LARGE + (1 << 20))
SHA256 = hashlib.sha256(BODY).hexdigest()
AT = 5 << 20
OLD = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)


def wanted(url: str, **others) -> Request:
    return Request((url,), digests={"sha256": SHA256}, **others)


def asked(server) -> list[tuple[str | None, str | None]]:
    return [(seen.headers.get("range"), seen.headers.get("if-range")) for seen in server.seen]


def begins(seen: str) -> int:
    return int(seen.removeprefix("bytes=").removesuffix("-"))


@pytest.fixture
def storage(tmp_path):
    return LocalStorage(tmp_path)


async def test_what_broke_off_goes_on_with_the_rest_of_the_same_file(server, stubborn, scratch):
    url = server.serve("/a", ranged(BODY, breaks={1: AT, 2: 1 << 20}))
    received: list[int] = []
    body = await stubborn.fetch(wanted(url, received=received.append))
    assert body.sha256 == SHA256
    first, second, third = asked(server)
    assert first == (None, None)
    assert second[1] == third[1] == '"1"'
    assert 0 < begins(second[0]) <= AT
    assert begins(second[0]) < begins(third[0]) <= AT + (1 << 20)
    assert sum(received) == len(BODY)
    assert min(received) > 0
    assert not scratch.open


async def test_no_digest_is_needed_within_a_run_where_the_server_knows_the_file(server, stubborn):
    url = server.serve("/a", ranged(BODY, breaks={1: AT}))
    assert (await stubborn.fetch(Request((url,)))).sha256 == SHA256
    assert len(asked(server)) == 2
    assert asked(server)[1][0] is not None


async def test_a_date_will_do_if_it_is_not_young(server, stubborn):
    def reply(seen):
        said = {"Last_Modified": OLD}
        if "range" not in seen.headers:
            return _cut(answer(BODY, **said), AT)
        begin = begins(seen.headers["range"])
        part = {"Content_Range": f"bytes {begin}-{len(BODY) - 1}/{len(BODY)}"}
        return answer(BODY[begin:], 206, **said, **part)

    url = server.serve("/a", reply)
    assert (await stubborn.fetch(wanted(url))).sha256 == SHA256
    assert asked(server)[1][1] == OLD


def _cut(script: Script, at: int) -> Script:
    """The same, torn down after so many bytes of the body."""
    head = script.wire.index(b"\r\n\r\n") + 4
    return Script(script.wire[: head + at], End.RESET)


async def test_a_file_that_has_changed_meanwhile_comes_whole(server, stubborn, scratch):
    url = server.serve("/a", ranged(bytes(len(BODY)), etag='"old"', breaks={1: AT}), ranged(BODY, etag='"new"'))
    received: list[int] = []
    body = await stubborn.fetch(wanted(url, received=received.append))
    assert body.sha256 == SHA256
    assert sum(received) == len(BODY)
    assert len(server.seen) == 2
    assert not scratch.open


NOT_THE_REST = {
    "no part, all": lambda begin: answer(BODY, ETag='"1"'),
    "416": lambda begin: answer(status=416, Content_Range=f"bytes */{len(BODY)}"),
    "another part": lambda begin: part(begin - 1, len(BODY)),
    "a part without its end": lambda begin: part(begin, len(BODY) - 1),
    "a part of unknown whole": lambda begin: answer(
        BODY[begin:], 206, Content_Range=f"bytes {begin}-{len(BODY) - 1}/*"
    ),
    "a part of another file": lambda begin: part(begin, len(BODY), '"2"', bytes(len(BODY))),
    "no Content-Range": lambda begin: answer(BODY[begin:], 206),
}


def part(begin: int, end: int, etag: str = '"1"', body: bytes = BODY) -> Script:
    return answer(body[begin:end], 206, Content_Range=f"bytes {begin}-{end - 1}/{len(BODY)}", ETag=etag)


@pytest.mark.parametrize("way", NOT_THE_REST)
async def test_what_is_not_the_rest_leads_to_all_of_it(server, scratch, way):
    asked_for_part = 0

    def reply(seen):
        nonlocal asked_for_part
        if "range" in seen.headers:
            asked_for_part += 1
            return NOT_THE_REST[way](begins(seen.headers["range"]))
        return _cut(answer(BODY, ETag='"1"'), AT) if len(server.seen) == 1 else answer(BODY, ETag='"1"')

    url = server.serve("/a", reply)
    async with open_downloader(server.origin, scratch, Link(retries=1), backoff=0) as downloads:
        assert (await downloads.fetch(wanted(url))).sha256 == SHA256
    assert asked_for_part == 1
    assert not scratch.open


async def test_a_part_that_is_of_a_file_of_another_length_leads_to_all_of_it(server, stubborn):
    """A server that knows files by their dates, and looks at no condition: nobody would notice without a digest."""

    def reply(seen):
        if len(server.seen) == 1:
            return _cut(answer(BODY, Last_Modified=OLD), AT)
        if "range" not in seen.headers:
            return answer(new, Last_Modified=OLD)
        begin = begins(seen.headers["range"])
        said = {"Content_Range": f"bytes {begin}-{len(new) - 1}/{len(new)}", "Last_Modified": OLD}
        return answer(new[begin:], 206, **said)

    new = bytes(len(BODY) + 1)
    assert (await stubborn.fetch(Request((server.serve("/a", reply),)))).data == new


@pytest.mark.parametrize(
    ("size", "etag"),
    [(LARGE, '"1"'), (len(BODY), 'W/"1"'), (len(BODY), None)],
    ids=["8 MiB are not over 8 MiB", "a weak ETag", "no ETag"],
)
async def test_a_body_that_is_small_or_that_nobody_knows_again_begins_anew(server, stubborn, size, etag):
    body = BODY[:size]
    url = server.serve("/a", ranged(body, etag=etag, breaks={1: AT}))
    assert (await stubborn.fetch(Request((url,)))).size == size
    assert asked(server) == [(None, None)] * 2


async def test_wrong_bytes_made_of_parts_begin_anew(server, stubborn, scratch):
    wrong = bytes(AT) + BODY[AT:]
    url = server.serve("/a", ranged(wrong, breaks={1: AT}), ranged(wrong), ranged(BODY))
    received: list[int] = []
    assert (await stubborn.fetch(wanted(url, received=received.append))).sha256 == SHA256
    assert [one for one, _ in asked(server)][2] is None
    assert sum(received) == len(BODY)
    assert not scratch.open


async def test_what_turns_out_unchanged_when_a_part_of_it_is_here_leaves_nothing(server, stubborn, scratch):
    url = server.serve("/a", _cut(answer(BODY, ETag='"2"'), AT), answer(status=304))
    received: list[int] = []
    assert await stubborn.fetch(Request((url,), validators=Validators('"1"'), received=received.append)) is None
    assert (sum(received), scratch.open) == (0, set())


@pytest.mark.parametrize("wrong", [-1, 1])
async def test_a_part_that_is_not_as_long_as_it_says_leads_to_all_of_it(server, stubborn, scratch, wrong):
    def reply(seen):
        if "range" not in seen.headers:
            return _cut(answer(BODY, ETag='"1"'), AT) if len(server.seen) == 1 else answer(BODY, ETag='"1"')
        begin = begins(seen.headers["range"])
        said = {"Content_Range": f"bytes {begin}-{len(BODY) - 1}/{len(BODY)}", "ETag": '"1"'}
        return answer(BODY[begin:-1] if wrong < 0 else BODY[begin:] + b"x", 206, **said)

    received: list[int] = []
    body = await stubborn.fetch(Request((server.serve("/a", reply),), received=received.append))
    assert (body.sha256, sum(received)) == (SHA256, len(BODY))
    assert not scratch.open


async def test_what_broke_off_before_its_first_byte_is_not_gone_on_with_as_another_file(server, stubborn):
    old, new = answer(bytes(len(BODY)), ETag='"1"'), answer(BODY, ETag='"2"')
    head = old.wire.index(b"\r\n\r\n") + 4
    url = server.serve("/a", Script(old.wire[:head], End.CLOSE), _cut(new, AT), new)
    assert (await stubborn.fetch(Request((url,)))).sha256 == SHA256
    assert asked(server)[2][1] == '"2"'


async def test_what_came_in_parts_is_known_by_all_that_was_said_of_the_first(server, stubborn):
    """With a part, a server should not say again what whoever asked for it knows: RFC 9110, 15.3.7."""

    def reply(seen):
        if "range" not in seen.headers:
            return _cut(answer(BODY, ETag='"1"', Last_Modified=OLD), AT)
        return part(begins(seen.headers["range"]), len(BODY))

    body = await stubborn.fetch(Request((server.serve("/a", reply),)))
    assert (body.sha256, body.validators) == (SHA256, Validators('"1"', OLD))


async def test_another_url_begins_anew_and_names_both_failures(server, elsewhere, scratch):
    first = server.serve("/a", ranged(BODY, breaks={1: AT, 2: 0}))
    second = elsewhere.serve("/a", ranged(BODY))
    async with open_downloader(server.origin, scratch, Link(retries=1), backoff=0) as downloads:
        body = await downloads.fetch(Request((first, second), digests={"sha256": SHA256}))
    assert body.url == second
    assert asked(elsewhere) == [(None, None)]


async def fail_halfway(server, storage, url):
    async with (
        storage.scratch("one") as scratch,
        open_downloader(server.origin, scratch, Link(retries=0)) as downloads,
    ):
        with pytest.raises(DownloadError):
            await downloads.fetch(wanted(url))


async def test_the_next_run_goes_on_where_a_run_has_failed(server, storage, tmp_path):
    url = server.serve("/a", ranged(BODY, breaks={1: AT}))
    await fail_halfway(server, storage, url)
    received: list[int] = []
    async with (
        storage.scratch("two") as scratch,
        open_downloader(server.origin, scratch, Link(retries=0)) as downloads,
    ):
        body = await downloads.fetch(wanted(url, received=received.append))
        assert body.sha256 == SHA256
        begin = begins(asked(server)[1][0])
        assert begin > 1 << 20
        assert sum(received) == len(BODY) - begin
        await storage.put([body])
    assert list((tmp_path / "partial").iterdir()) == []


async def test_the_next_run_goes_on_where_a_run_was_cancelled(server, storage):
    never = asyncio.Event()
    script = answer(BODY, ETag='"1"')
    url = server.serve("/a", Script(_cut(script, AT).wire, hold=never), ranged(BODY))
    arrived = asyncio.Event()
    total = 0

    def received(count: int) -> None:
        nonlocal total
        total += count
        if total == AT:
            arrived.set()

    async with storage.scratch("one") as scratch, open_downloader(server.origin, scratch) as downloads:
        fetching = asyncio.create_task(downloads.fetch(wanted(url, received=received)))
        await arrived.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
    async with storage.scratch("two") as scratch, open_downloader(server.origin, scratch) as downloads:
        assert (await downloads.fetch(wanted(url))).sha256 == SHA256
    assert asked(server)[1] == (f"bytes={AT}-", '"1"')


async def test_what_is_whole_already_is_not_asked_for(server, storage):
    url = server.serve("/a", ranged(BODY))
    async with storage.scratch("one") as scratch:
        sink = scratch.receive()
        sink.note(f"sha256-{SHA256}", Beginning(url, Validators('"1"', None), len(BODY)))
        await sink.write(BODY)
        assert await sink.suspend()
    async with storage.scratch("two") as scratch, open_downloader(server.origin, scratch) as downloads:
        assert (await downloads.fetch(wanted(url))).sha256 == SHA256
    assert server.seen == []


async def test_a_beginning_that_is_damaged_is_found_out_and_all_is_fetched(server, storage, tmp_path):
    url = server.serve("/a", ranged(BODY, breaks={1: AT}))
    await fail_halfway(server, storage, url)
    [path] = [path for path in (tmp_path / "partial").iterdir() if path.suffix != ".json"]
    damaged = bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]
    path.chmod(0o600)
    path.write_bytes(damaged)
    async with (
        storage.scratch("two") as scratch,
        open_downloader(server.origin, scratch, Link(retries=1), backoff=0) as downloads,
    ):
        assert (await downloads.fetch(wanted(url))).sha256 == SHA256
    assert [one is None for one, _ in asked(server)] == [True, False, True]


async def test_without_a_digest_nothing_waits_for_another_run(server, storage, tmp_path):
    url = server.serve("/a", ranged(BODY, breaks={1: AT}))
    async with (
        storage.scratch("one") as scratch,
        open_downloader(server.origin, scratch, Link(retries=0)) as downloads,
    ):
        with pytest.raises(DownloadError):
            await downloads.fetch(Request((url,)))
    assert not (tmp_path / "partial").exists()


async def test_wrong_bytes_do_not_wait_for_another_run(server, storage, tmp_path):
    url = server.serve("/a", ranged(bytes(len(BODY))))
    async with (
        storage.scratch("one") as scratch,
        open_downloader(server.origin, scratch, Link(retries=0)) as downloads,
    ):
        with pytest.raises(DigestMismatchError):
            await downloads.fetch(wanted(url))
    assert not (tmp_path / "partial").exists()


async def test_no_credential_is_written_beside_what_waits(server, storage, tmp_path):
    url = server.serve("/a", ranged(BODY, breaks={1: AT})).replace("://", "://ada:lovelace@")
    await fail_halfway(server, storage, url)
    [note] = (tmp_path / "partial").glob("*.json")
    assert "lovelace" not in note.read_text()


async def test_a_young_date_is_no_condition(server, stubborn):
    young = answer(BODY, Last_Modified=format_datetime(datetime.now(UTC), usegmt=True))
    url = server.serve("/a", _cut(young, AT), young)
    assert (await stubborn.fetch(wanted(url))).sha256 == SHA256
    assert asked(server) == [(None, None)] * 2


async def test_nor_is_one_that_no_calendar_has(server, stubborn):
    strange = answer(BODY, Last_Modified="Tue, 24 Nov 2020 15:00:30 +99999999999999999")
    url = server.serve("/a", _cut(strange, AT), strange)
    assert (await stubborn.fetch(wanted(url))).sha256 == SHA256
    assert asked(server) == [(None, None)] * 2


async def test_the_beginning_from_one_url_waits_until_it_is_that_ones_turn(server, elsewhere, storage):
    url = server.serve("/a", ranged(BODY, breaks={1: AT}))
    await fail_halfway(server, storage, url)
    async with (
        storage.scratch("two") as scratch,
        open_downloader(server.origin, scratch, Link(retries=0)) as downloads,
    ):
        request = Request((elsewhere.url("/missing"), url), digests={"sha256": SHA256})
        assert (await downloads.fetch(request)).sha256 == SHA256
    assert asked(server)[1][0] is not None


async def test_what_cannot_be_gone_on_with_takes_no_room_while_the_next_attempt_waits(server, stubborn, scratch):
    held: list[int] = []

    def reply(seen):
        held.append(len(scratch.open))
        return _cut(answer(BODY), AT) if len(held) < 3 else answer(BODY)

    await stubborn.fetch(wanted(server.serve("/a", reply)))
    assert held == [0, 0, 0]


class Full(MemoryScratch):
    """Has no room for all, and would keep what there is if it were asked to."""

    suspended = 0

    def receive(self, algorithms=(), size=None, claim=None):
        sink = super().receive(algorithms, size, claim)

        async def suspend():
            self.suspended += 1

        sink.suspend = suspend
        return sink


async def test_where_there_is_no_room_nothing_is_kept_for_later(server):
    full = Full(room=AT)
    url = server.serve("/a", ranged(BODY))
    async with open_downloader(server.origin, full, Link(retries=0)) as downloads:
        with pytest.raises(StorageError):
            await downloads.fetch(wanted(url))
    assert (full.open, full.suspended) == (set(), 0)


class FullInTheEnd(Full):
    """Has no room for the last bytes, which it has gathered."""

    def receive(self, algorithms=(), size=None, claim=None):
        sink = super().receive(algorithms, size, claim)

        async def close():
            raise StorageError("no room")

        sink.close = close
        return sink


async def test_nor_where_there_is_none_for_the_last_bytes(server):
    full = FullInTheEnd()
    url = server.serve("/a", ranged(BODY))
    async with open_downloader(server.origin, full, Link(retries=0)) as downloads:
        with pytest.raises(StorageError):
            await downloads.fetch(wanted(url))
    assert (full.open, full.suspended) == (set(), 0)
