"""Of several places for a file, the one that worked is asked first, one that keeps failing last, and it can come back."""

from __future__ import annotations

import hashlib

import pytest

from rxsync.declare.body import Validators
from rxsync.download import Controls, Downloads, Limits, Link, mirrors
from rxsync.download.http import HttpTransport
from rxsync.download.mirrors import CHANCE, Mirrors
from rxsync.errors import DigestMismatchError, DownloadError, HttpStatusError, SizeMismatchError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, fault_server, flipped

A, B, C = "http://a/", "http://b/", "http://c/"
REFUSED = DownloadError(A, "connection refused", transient=True)
BUSY = HttpStatusError(A, 503, "Service Unavailable")
GONE = HttpStatusError(A, 404, "Not Found")
WRONG = DigestMismatchError(A, "sha256", "0", "1")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock: Clock) -> Mirrors:
    return Mirrors(clock)


def files(*origins: str, name: str = "x") -> tuple[str, ...]:
    return tuple(origin + name for origin in origins)


def order(known: Mirrors, *origins: str, conditional: bool = False) -> list[str]:
    """Say in which order the origins are asked for the next file."""
    urls = known.order(files(*origins, name="next"), conditional=conditional)
    return [url.removesuffix("next") for url in urls]


def fail(known: Mirrors, origin: str, times: int = 3, error: DownloadError = REFUSED) -> None:
    for _ in range(times):
        known.failed(files(A, B, C), f"{origin}x", error)


def test_unless_something_is_known_the_order_is_as_declared(known: Mirrors) -> None:
    assert order(known, A, B, C) == [A, B, C]


def test_the_origin_that_worked_is_first_for_files_of_the_same_first_origin(known: Mirrors) -> None:
    known.gave(files(A, B, C), f"{C}x")
    assert order(known, A, B, C) == [C, A, B]
    assert order(known, A, C) == [C, A]
    assert order(known, A, B) == [A, B]  # nothing is there at the one that worked
    assert order(known, B, C) == [B, C]  # another first origin


def test_the_last_that_worked_counts(known: Mirrors) -> None:
    known.gave(files(A, B, C), f"{C}x")
    known.gave(files(A, B, C), f"{B}x")
    assert order(known, A, B, C) == [B, A, C]


def test_urls_of_one_origin_keep_their_order(known: Mirrors) -> None:
    known.gave(files(A, B), f"{B}x")
    assert known.order((f"{A}1", f"{B}2", f"{A}3", f"{B}4")) == [f"{B}2", f"{B}4", f"{A}1", f"{A}3"]


def test_an_origin_is_scheme_host_and_port_however_they_are_written(known: Mirrors) -> None:
    known.gave(("http://ada:secret@A:80/x", "HTTP://b?x"), "HTTP://b?x")
    assert known.order(("http://a:80/y", "http://B/y")) == ["http://B/y", "http://a:80/y"]
    assert known.order(("https://a:80/y", "http://B/y")) == ["https://a:80/y", "http://B/y"]
    assert known.order(("nonsense", "http://B/y")) == ["nonsense", "http://B/y"]
    assert "secret" not in str(vars(known._worked))


def test_the_one_that_worked_is_passed_over_once_in_a_while_so_that_the_first_can_come_back(
    known: Mirrors, clock: Clock
) -> None:
    known.gave(files(A, B), f"{B}x")
    clock.now = CHANCE - 1
    assert order(known, A, B) == [B, A]
    known.gave(files(A, B), f"{B}x")  # as ever: that does not put off the chance of the first
    clock.now = CHANCE
    assert order(known, A, B) == [A, B]
    assert order(known, A, B) == [B, A]  # one is enough
    clock.now = 2 * CHANCE
    assert order(known, A, B) == [A, B]
    known.gave(files(A, B), f"{A}x")
    assert order(known, A, B) == [A, B]


@pytest.mark.parametrize("error", [REFUSED, BUSY, HttpStatusError(A, 429, "Too Many Requests", retry_after=9)])
def test_an_origin_that_failed_three_times_in_a_row_is_last(known: Mirrors, error: DownloadError) -> None:
    fail(known, A, 2, error)
    assert order(known, A, B, C) == [A, B, C]
    fail(known, A, 1, error)
    assert order(known, A, B, C) == [B, C, A]


@pytest.mark.parametrize("error", [GONE, WRONG, SizeMismatchError(A, 1, 2), DownloadError(A, "not a valid URL")])
def test_a_file_that_is_not_there_or_another_one_says_nothing_against_the_host(
    known: Mirrors, error: DownloadError
) -> None:
    fail(known, A, 9, error)
    assert order(known, A, B) == [A, B]
    fail(known, A, 2)
    fail(known, A, 1, error)  # it answers
    fail(known, A, 2)
    assert order(known, A, B) == [A, B]


def test_a_file_that_comes_ends_the_row(known: Mirrors) -> None:
    fail(known, B, 2)
    known.gave(files(A, B), f"{B}x")
    fail(known, B, 2)
    assert order(known, A, B) == [B, A]
    fail(known, B, 1)
    assert order(known, A, B) == [A, B]


def test_of_a_host_that_is_down_one_file_in_a_while_is_asked_for_until_it_comes(known: Mirrors, clock: Clock) -> None:
    fail(known, A)
    clock.now = CHANCE
    assert order(known, A, B) == [A, B]
    assert order(known, A, B) == [B, A]
    fail(known, A, 1)
    clock.now = 2 * CHANCE - 1
    assert order(known, A, B) == [B, A]
    clock.now = 2 * CHANCE
    assert order(known, A, B) == [A, B]
    known.gave(files(A, B), f"{A}x")
    assert order(known, A, B) == [A, B]


def test_the_one_that_worked_is_last_once_it_is_down_and_none_is_left_out_where_all_are(known: Mirrors) -> None:
    known.gave(files(A, B, C), f"{C}x")
    fail(known, C)
    assert order(known, A, B, C) == [A, B, C]
    fail(known, A)
    fail(known, B)
    assert order(known, A, B, C) == [C, A, B]


def test_whether_the_first_one_is_unchanged_is_asked_at_the_first_one_unless_it_is_down(known: Mirrors) -> None:
    known.gave(files(A, B), f"{B}x")
    assert order(known, A, B, conditional=True) == [A, B]
    fail(known, A)
    assert order(known, A, B, conditional=True) == [B, A]


def test_of_files_with_one_url_nothing_is_kept(known: Mirrors) -> None:
    for _ in range(9):
        known.failed((f"{A}x",), f"{A}x", REFUSED)
    known.gave((f"{B}x",), f"{B}x")
    assert known._worked.peek("http://b") is None
    assert order(known, A, B) == [A, B]
    assert known.order((f"{A}x",)) == (f"{A}x",)


def test_no_more_than_so_many_origins_are_remembered(known: Mirrors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrors, "KNOWN", 2)
    for first in (A, B, C):
        known.gave(files(first, "http://d/"), "http://d/x")
    assert [order(known, first, "http://d/")[0] for first in (A, B, C)] == [A, "http://d/", "http://d/"]


# -- over real sockets

BODY = b"four" * 25
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
async def downloads(scratch, clock):
    async with HttpTransport(Link(), Limits(Controls())) as http:
        yield Downloads({"http": http}, scratch, retries=4, backoff=0, mirrors=Mirrors(clock))


async def test_a_mirror_that_is_down_is_asked_only_for_the_first_file_and_can_come_back(
    server, elsewhere, downloads, clock
):
    requests = []
    for number in range(20):
        first = server.serve(f"/{number}", *[answer(b"", 503)] * 5, answer(BODY))  # up again, if it is asked again
        requests.append(Request((first, elsewhere.serve(f"/{number}", answer(BODY))), {"sha256": SHA256}))
    for request in requests[:18]:
        assert (await downloads.fetch(request)).url == request.urls[1]
    assert {seen.path for seen in server.seen} == {"/0"}
    assert len(server.seen) == 5
    clock.now = CHANCE
    server.serve("/18", answer(BODY))
    assert (await downloads.fetch(requests[18])).url == requests[18].urls[0]
    server.serve("/19", answer(BODY))
    assert (await downloads.fetch(requests[19])).url == requests[19].urls[0]
    assert len(elsewhere.seen) == 18


async def test_nobody_listens_at_the_first_mirror(server, downloads):
    async with fault_server() as gone:
        dead = gone.origin
    for number in range(20):
        good = server.serve(f"/{number}", answer(BODY))
        assert (await downloads.fetch(Request((f"{dead}/{number}", good)))).url == good
    assert downloads._mirrors._failures.peek(dead) == 1  # asked for the first one only


async def test_the_final_error_names_each_url_in_the_order_in_which_they_were_asked(server, elsewhere, downloads):
    ok = Request((server.serve("/ok", answer(b"", 404)), elsewhere.serve("/ok", answer(BODY))))
    await downloads.fetch(ok)
    request = Request((server.serve("/no", answer(b"", 404)), elsewhere.serve("/no", answer(b"", 503))))
    with pytest.raises(HttpStatusError) as caught:
        await downloads.fetch(request)
    assert (caught.value.url, caught.value.status) == (request.urls[0], 404)
    assert caught.value.__notes__ == [f"{request.urls[1]}: HTTP 503 Service Unavailable"]
    assert caught.value.transient  # the other one may have it later


async def test_where_no_url_may_have_it_later_that_is_said(server, elsewhere, downloads):
    with pytest.raises(HttpStatusError) as caught:
        await downloads.fetch(
            Request((server.serve("/no", answer(b"", 404)), elsewhere.serve("/no", answer(b"", 404))))
        )
    assert not caught.value.transient


async def test_validators_go_to_the_first_url_only_also_where_it_is_asked_last(server, elsewhere, downloads):
    for number in range(3):
        first = server.serve(f"/{number}", answer(b"", 503))
        await downloads.fetch(Request((first, elsewhere.serve(f"/{number}", answer(BODY)))))
        downloads._mirrors._worked.forget(server.origin)  # so that it is asked, and fails, three times
    server.serve("/x", answer(b"", 304))
    request = Request(
        (server.url("/x"), elsewhere.serve("/x", flipped(BODY, 0))), {"sha256": SHA256}, validators=Validators('"e"')
    )
    server.seen.clear()
    elsewhere.seen.clear()
    assert await downloads.fetch(request) is None
    assert [seen.headers.get("if-none-match") for seen in elsewhere.seen] == [None] * 5
    assert [seen.headers.get("if-none-match") for seen in server.seen] == ['"e"']


async def test_whether_a_file_is_unchanged_is_asked_where_its_validators_are_from(server, elsewhere, downloads):
    for number in range(2):
        first = server.serve(f"/{number}", answer(b"", 404))
        await downloads.fetch(Request((first, elsewhere.serve(f"/{number}", answer(BODY)))))
    assert [seen.path for seen in server.seen] == ["/0"]
    known = Request((server.serve("/x", answer(b"", 304)), elsewhere.url("/x")), validators=Validators('"e"'))
    assert await downloads.fetch(known) is None
    assert [seen.path for seen in elsewhere.seen] == ["/0", "/1"]
