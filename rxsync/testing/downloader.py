"""What every downloader must do, as a suite that whoever writes one proves it with.

Floor 6, doors. It speaks to the port ``rxsync.ports.downloader`` alone, over real sockets::

    class TestMyDownloader(DownloaderTests):
        def open_downloader(self, source_url, scratch):
            return my_downloader(source_url, scratch, retries=self.retries)
"""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from rxsync.declare.body import Validators
from rxsync.errors import (
    DigestMismatchError,
    DownloadError,
    HttpStatusError,
    SizeMismatchError,
    StorageError,
)
from rxsync.ports.downloader import Request
from rxsync.testing.downloader_metadata import MetadataTests
from rxsync.testing.downloader_opened import Opened

DATA = hashlib.shake_128(b"data").digest(300_000)
OTHER = hashlib.shake_128(b"other").digest(300_000)
DIGESTS = {name: hashlib.new(name, DATA).hexdigest() for name in ("sha256", "md5")}
DATE = "Thu, 01 Jan 1970 00:00:00 GMT"


class DownloaderTests(MetadataTests):
    """The contract. Subclass it, name the class ``Test…``, and say how a downloader is opened.

    It needs pytest and pytest-asyncio, in either mode.

    Attributes:
        retries: attempts at one URL after the first, where trying again may help; at least 2, and none may wait.
    """

    # Whole files

    @pytest.mark.parametrize("size", [0, 1, 300_000])
    async def test_a_file_arrives_with_all_that_is_known_of_it(self, there: Opened, size: int) -> None:
        url = there.upstream.put("a b", DATA[:size], etag='"1"', last_modified=DATE)
        digests = {name: hashlib.new(name, DATA[:size]).hexdigest() for name in DIGESTS}
        body = await there.downloader.fetch(Request((url,), digests=digests, size=size))
        assert body is not None
        assert (body.data, body.size, body.digests) == (DATA[:size], size, digests)
        assert (body.url, body.validators) == (url, Validators('"1"', DATE))
        assert there.scratch.bodies == [body]

    async def test_sha256_is_known_where_nothing_was_declared(self, there: Opened) -> None:
        there.upstream.put("a", DATA)
        body = await there.downloader.fetch(there.request("a"))
        assert body is not None
        assert (body.sha256, body.validators) == (DIGESTS["sha256"], Validators())

    async def test_several_at_once_do_not_mix_their_bytes(self, there: Opened) -> None:
        files = {f"{number}": hashlib.shake_128(bytes([number])).digest(100_000) for number in range(20)}
        for path, data in files.items():
            there.upstream.put(path, data)
        bodies = await asyncio.gather(*(there.downloader.fetch(there.request(path)) for path in files))
        assert [body and body.data for body in bodies] == list(files.values())

    # Other bytes than were declared

    @pytest.mark.parametrize("algorithm", list(DIGESTS))
    async def test_other_bytes_are_refused_by_each_declared_digest(self, there: Opened, algorithm: str) -> None:
        there.upstream.put("a", DATA)
        there.upstream.corrupt("a")
        with pytest.raises(DigestMismatchError) as caught:
            await there.downloader.fetch(there.request("a")._replace(digests={algorithm: DIGESTS[algorithm]}))
        error = caught.value
        assert (error.url, error.algorithm) == (there.upstream.url("a"), algorithm)
        assert (error.declared, error.attempts) == (DIGESTS[algorithm], self.retries + 1)
        assert there.upstream.count("a") == self.retries + 1
        assert there.scratch.empty

    @pytest.mark.parametrize("declared", [10, 299_999, 300_001])
    async def test_another_size_is_refused(self, there: Opened, declared: int) -> None:
        there.upstream.put("a", DATA)
        told: list[int] = []
        with pytest.raises(SizeMismatchError) as caught:
            await there.downloader.fetch(there.request("a")._replace(size=declared, received=told.append))
        assert caught.value.declared == declared
        assert (caught.value.received > declared) == (declared < len(DATA))
        assert sum(told) == 0
        assert max(told, default=0) <= declared, "more was taken than was declared"
        assert there.scratch.empty

    async def test_wrong_bytes_are_kept_for_who_asks_the_last_that_came_and_no_others(self, there: Opened) -> None:
        there.upstream.put("a", DATA)
        there.upstream.corrupt("a", b"first", times=self.retries)
        there.upstream.corrupt("a", b"last")
        with pytest.raises(DigestMismatchError) as caught:
            await there.downloader.fetch(there.request("a")._replace(digests=DIGESTS, keep_wrong=True))
        assert [body.data for body in there.scratch.bodies] == [b"last"]
        assert there.scratch.bodies == [caught.value.wrong]
        assert not there.scratch.open

    async def test_wrong_bytes_are_let_go_when_the_right_ones_come(self, there: Opened) -> None:
        there.upstream.put("a", DATA)
        there.upstream.corrupt("a", times=1)
        body = await there.downloader.fetch(there.request("a")._replace(digests=DIGESTS, keep_wrong=True))
        assert there.scratch.bodies == [body]

    # What fails, and may work then

    async def test_what_may_pass_is_tried_again_and_progress_adds_up(self, there: Opened) -> None:
        there.upstream.put("a", DATA)
        there.upstream.cut_off("a", 100_000, times=1)
        there.upstream.fail("a", 503, times=self.retries - 1)
        told: list[int] = []
        body = await there.downloader.fetch(there.request("a")._replace(digests=DIGESTS, received=told.append))
        assert body is not None
        assert body.data == DATA
        assert there.upstream.count("a") == self.retries + 1
        assert sum(told) == len(DATA)
        assert there.scratch.bodies == [body]
        assert not there.scratch.open

    async def test_what_fails_for_good_says_so_once_all_was_tried_and_leaves_nothing(self, there: Opened) -> None:
        there.upstream.put("a", DATA)
        there.upstream.cut_off("a", 100_000)
        told: list[int] = []
        with pytest.raises(DownloadError) as caught:
            await there.downloader.fetch(there.request("a")._replace(relative_path="a/file", received=told.append))
        error = caught.value
        assert (error.url, error.relative_path) == (there.upstream.url("a"), "a/file")
        assert (error.attempts, error.transient) == (self.retries + 1, True)
        assert sum(told) == 0
        assert there.scratch.empty

    @pytest.mark.parametrize(("status", "again"), [(404, False), (403, False), (429, True), (500, True), (503, True)])
    async def test_a_status_is_an_error_tried_again_where_that_may_help(
        self, there: Opened, status: int, again: bool
    ) -> None:
        there.upstream.fail("a", status)
        with pytest.raises(HttpStatusError) as caught:
            await there.downloader.fetch(there.request("a"))
        assert (caught.value.status, caught.value.transient) == (status, again)
        assert there.upstream.count("a") == (self.retries + 1 if again else 1)

    async def test_a_full_scratch_is_no_fault_of_the_source(self, there: Opened) -> None:
        there.upstream.put("a", DATA)
        there.scratch.room = 10
        with pytest.raises(StorageError):
            await there.downloader.fetch(there.request("a"))
        assert there.upstream.count("a") == 1
        assert there.scratch.empty

    async def test_a_url_of_no_known_scheme_is_refused_at_once(self, there: Opened) -> None:
        with pytest.raises(DownloadError) as caught:
            await there.downloader.fetch(Request(("no-such-scheme://ada:lovelace@there/a",)))
        assert not caught.value.transient
        assert "lovelace" not in f"{caught.value!r} {caught.value}"

    # Several URLs

    async def test_urls_are_tried_in_order_and_the_first_that_gives_it_is_enough(self, there: Opened) -> None:
        for path in ("b", "c"):
            there.upstream.put(path, DATA)
        body = await there.downloader.fetch(there.request("a", "b", "c")._replace(digests=DIGESTS))
        assert body is not None
        assert body.url == there.upstream.url("b")
        assert [there.upstream.count(path) for path in "abc"] == [1, 1, 0]

    async def test_the_last_url_is_named_and_notes_say_what_the_others_said(self, there: Opened) -> None:
        there.upstream.fail("a", 410)
        there.upstream.fail("b", 403)
        secret = there.upstream.url("b").replace("//", "//ada:lovelace@")
        with pytest.raises(HttpStatusError) as caught:
            await there.downloader.fetch(Request((there.upstream.url("a"), secret)))
        assert (caught.value.status, caught.value.url) == (403, there.upstream.url("b"))
        [note] = caught.value.__notes__
        assert note.startswith(f"{there.upstream.url('a')}: HTTP 410")
        assert "lovelace" not in repr(caught.value)

    # What is here already

    @pytest.mark.parametrize("held", [Validators('"1"'), Validators(None, DATE), Validators('"1"', DATE)])
    async def test_what_is_unchanged_is_not_sent_again(self, there: Opened, held: Validators) -> None:
        there.upstream.put("a", DATA, etag='"1"', last_modified=DATE)
        assert await there.downloader.fetch(there.request("a")._replace(validators=held)) is None
        assert there.scratch.empty

    async def test_what_has_changed_is_and_another_url_is_never_unchanged(self, there: Opened) -> None:
        there.upstream.put("a", DATA, etag='"2"')
        there.upstream.put("b", OTHER, etag='"1"')
        held = Validators('"1"')
        body = await there.downloader.fetch(there.request("a")._replace(validators=held))
        other = await there.downloader.fetch(there.request("gone", "b")._replace(validators=held))
        assert [body and body.data, other and other.data] == [DATA, OTHER]

    # Who is cancelled

    async def test_a_cancelled_download_leaves_nothing_and_others_go_on(self, there: Opened) -> None:
        there.upstream.put("a", DATA)
        go = asyncio.Event()
        there.upstream.hold("a", go)
        told: list[int] = []
        tasks = [
            asyncio.create_task(there.downloader.fetch(there.request("a")._replace(received=told.append)))
            for _ in range(3)
        ]
        await there.upstream.until_open(3)
        tasks[0].cancel()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        bodies = await asyncio.gather(*tasks[1:])
        assert [body and body.data for body in bodies] == [DATA] * 2
        assert (sum(told), there.scratch.bodies, there.scratch.open) == (2 * len(DATA), bodies, set())
