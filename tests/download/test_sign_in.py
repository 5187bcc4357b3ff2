"""Who hears how a remote is signed in at, and its headers: the origin of the source, and nobody else."""

from __future__ import annotations

import asyncio
import base64

import pytest

from rxsync.download import Link, open_downloader
from rxsync.download.credentials import Credentials, target_of
from rxsync.errors import DownloadError, UsageError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import Script, answer, redirect

from .test_credentials import SECRET, assert_silent, with_user

BEARER = f"Bearer {SECRET}"
BASIC = f"Basic {base64.b64encode(f'ada:{SECRET}'.encode()).decode()}"
WAYS = {
    "a token": ({"token": SECRET}, BEARER),
    "a function": ({"token": lambda: SECRET}, BEARER),
    "a user": ({"username": "ada", "password": SECRET}, BASIC),
    "a user alone": ({"username": "ada"}, "Basic YWRhOg=="),
    "a header": ({"headers": {"authorization": BEARER}}, BEARER),
}


@pytest.fixture
async def signed(server, scratch):
    async with open_downloader(server.url("/repo/PULP_MANIFEST"), scratch, Link(retries=0, token=SECRET)) as downloads:
        yield downloads


def heard(server):
    return [seen.headers.get("authorization") for seen in server.seen]


async def test_its_own_origin_hears_it_for_metadata_and_files(server, signed):
    lines = [line async for line in signed.lines(server.serve("/repo/PULP_MANIFEST", answer(b"a\n")))]
    await signed.fetch(Request((server.serve("/elsewhere/a", answer(b"ok")),)))
    assert lines == ["a"]
    assert heard(server) == [BEARER, BEARER]


async def test_another_host_that_the_source_names_does_not(server, elsewhere, signed):
    await signed.fetch(Request((elsewhere.serve("/a", answer(b"ok")),)))
    assert heard(elsewhere) == [None]


async def test_a_redirect_at_home_keeps_it(server, signed):
    server.serve("/b", answer(b"ok"))
    await signed.fetch(Request((server.serve("/a", redirect("/b")),)))
    assert heard(server) == [BEARER, BEARER]


async def test_over_a_redirect_nobody_else_hears_it_nor_does_home_when_the_way_leads_back(server, elsewhere, signed):
    server.serve("/home", answer(b"ok"))
    elsewhere.serve("/b", redirect(server.url("/home")))
    await signed.fetch(Request((server.serve("/a", redirect(elsewhere.url("/b"))),)))
    assert SECRET not in str(elsewhere.seen)
    assert heard(server) == [BEARER, None]


async def test_who_redirects_home_from_elsewhere_makes_no_use_of_it(server, elsewhere, signed):
    server.serve("/home", answer(b"ok"))
    await signed.fetch(Request((elsewhere.serve("/b", redirect(server.url("/home"))),)))
    assert heard(elsewhere) == heard(server) == [None]


async def test_a_url_or_a_header_that_signs_in_goes_before_it(server, signed):
    await signed.fetch(Request((with_user(server.serve("/a", answer(b"ok"))),)))
    await signed.fetch(Request((server.serve("/b", answer(b"ok")),), headers={"authorization": "Basic x"}))
    assert heard(server)[0].startswith("Basic ")
    assert heard(server)[1] == "Basic x"


async def test_other_headers_go_with_it(server, signed):
    await signed.fetch(Request((server.serve("/a", answer(b"ok")),), headers={"X-More": "1"}))
    assert (server.seen[0].headers["x-more"], heard(server)) == ("1", [BEARER])


@pytest.mark.parametrize(
    "url",
    ["http://h/a", "https://h:8443/a", "https://sub.h/", "https://other/", "https://h.other/", "https://h@other/"],
)
def test_another_scheme_host_or_port_is_another_origin(url):
    assert SECRET not in str(target_of(url, {}, Credentials("https://h/", Link(token=SECRET))).private)


@pytest.mark.parametrize("url", ["https://h:443/a", "https://H/b?c", "https://h"])
def test_the_same_origin_may_be_spelt_otherwise(url):
    assert target_of(url, {}, Credentials("https://h/", Link(token=SECRET))).private == {"Authorization": BEARER}


@pytest.mark.parametrize("fault", [answer(b"", 401), answer(b"", 503), redirect("file:///a"), answer(b"other bytes")])
async def test_no_error_tells_it(server, signed, fault):
    with pytest.raises(DownloadError) as caught:
        await signed.fetch(Request((server.serve("/a", fault),), size=4))
    assert_silent(caught.value)
    assert SECRET not in repr(Credentials("https://h/", Link(token=SECRET)))


async def test_a_local_source_has_no_use_for_it(server, scratch, tmp_path):
    async with open_downloader(tmp_path.as_uri() + "/", scratch, Link(retries=0, token=SECRET)) as downloads:
        await downloads.fetch(Request((server.serve("/a", answer(b"ok")),)))
    assert heard(server) == [None]


@pytest.mark.parametrize(("said", "expected"), WAYS.values(), ids=WAYS)
async def test_each_way_to_sign_in_is_for_its_origin_over_all_redirects(server, elsewhere, scratch, said, expected):
    link = Link(**{"retries": 0, **said, "headers": {"X-Key": SECRET, **said.get("headers", {})}})
    server.serve("/b", redirect(elsewhere.url("/c")))
    elsewhere.serve("/c", redirect(server.serve("/home", answer(b"ok"))))
    async with open_downloader(server.url("/"), scratch, link) as downloads:
        await downloads.fetch(Request((server.serve("/a", redirect("/b")),)))
        await downloads.fetch(Request((elsewhere.serve("/d", answer(b"ok")),)))
    assert heard(server) == [expected, expected, None]
    assert [seen.headers.get("x-key") for seen in server.seen] == [SECRET, SECRET, None]
    assert "ada" not in str(elsewhere.seen)
    assert SECRET not in str(elsewhere.seen)


async def test_a_user_in_the_url_of_the_source_signs_in_at_all_of_its_origin(server, elsewhere, scratch):
    source = server.url("/repo/PULP_MANIFEST").replace("//", f"//ada:{SECRET}@")
    async with open_downloader(source, scratch, Link(retries=0)) as downloads:
        await downloads.fetch(Request((server.serve("/a", answer(b"ok")),)))
        await downloads.fetch(Request((elsewhere.serve("/a", answer(b"ok")),)))
    assert (heard(server), heard(elsewhere)) == ([BASIC], [None])


async def test_the_headers_of_a_request_go_before_those_of_the_remote(server, scratch):
    link = Link(retries=0, token=SECRET, headers={"X-A": "remote", "X-B": "remote"})
    async with open_downloader(server.origin, scratch, link) as downloads:
        url = server.serve("/a", answer(b"ok"))
        await downloads.fetch(Request((url,), headers={"x-a": "request", "AUTHORIZATION": "Basic x"}))
    seen = server.seen[0].headers
    assert (seen["x-a"], seen["x-b"], seen["authorization"]) == ("request", "remote", "Basic x")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"token": SECRET, "username": "ada"}, "^username and token exclude each other"),
        ({"token": SECRET, "headers": {"authorization": SECRET}}, "^token and an Authorization header exclude"),
        ({"password": SECRET}, "^a password needs a username$"),
        ({"username": f"ada:{SECRET}"}, "^username: expected a name without a colon$"),
        ({"token": f"{SECRET}\nX: y"}, "^token: expected one line of printable ASCII$"),
        ({"token": ""}, "^token: expected one line"),
        ({"headers": {"X Y": SECRET}}, "^headers: 'X Y' is no name of a header$"),
        ({"headers": {"": SECRET}}, "^headers: '' is no name"),
        ({"headers": {"X-A": f"{SECRET}\r\nX-B: c"}}, "^headers: X-A: expected one line of printable ASCII$"),
        ({"headers": {"X-A": f"{SECRET}\u00e9"}}, "^headers: X-A: expected one line"),
        ({"headers": {"host": SECRET}}, "^headers: host is not to be set"),
        ({"headers": {"Accept-Encoding": SECRET}}, "^headers: Accept-Encoding is not to be set"),
    ],
)
def test_what_cannot_be_is_refused_and_not_told(said, reason):
    with pytest.raises(UsageError, match=reason) as caught:
        Link(**said)
    assert_silent(caught.value)


@pytest.mark.parametrize("said", [{"token": SECRET}, {"username": "ada"}, {"headers": {"Authorization": SECRET}}])
def test_a_source_with_a_user_has_no_use_for_another_way(said):
    with pytest.raises(UsageError, match=r"^https://h/x: the URL has a user, and the remote another way") as caught:
        Credentials(f"https://ada:{SECRET}@h/x", Link(**said))
    assert_silent(caught.value)


def test_a_token_that_is_read_and_can_be_none_is_refused():
    with pytest.raises(UsageError, match="^token: expected one line") as caught:
        Credentials("https://h/", Link(token=lambda: f"{SECRET}\n"))
    assert_silent(caught.value)


def test_no_secret_is_in_a_repr():
    link = Link(username="ada", password=SECRET, headers={"X": SECRET}, proxy=f"http://ada:{SECRET}@h")
    assert SECRET not in repr(link) + repr(Credentials("https://h/", link))


class Tokens:
    """A file of a token, as it is read: each in turn, then the last one for ever."""

    def __init__(self, *tokens):
        self.left, self.reads = list(tokens), 0

    def __call__(self):
        self.reads += 1
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


@pytest.fixture
def opened(server, scratch):
    return lambda token: open_downloader(server.url("/"), scratch, Link(retries=4, token=token), backoff=0)


async def test_a_token_that_is_refused_is_read_again_and_the_new_one_tried(server, opened):
    tokens = Tokens("old", "new")
    async with opened(tokens) as downloads:
        assert tokens.reads == 1
        refusal = answer(b"no", 401, length=3)  # whose end never comes
        await downloads.fetch(Request((server.serve("/a", refusal, answer(b"ok")),)))
        await downloads.fetch(Request((server.serve("/b", answer(b"ok")),)))
    assert heard(server) == ["Bearer old", "Bearer new", "Bearer new"]
    assert tokens.reads == 2


async def test_it_is_read_again_for_metadata_too_and_after_a_redirect_at_home(server, opened):
    server.serve("/b", answer(b"", 401), answer(b"x\n"))
    async with opened(Tokens("old", "new")) as downloads:
        assert [line async for line in downloads.lines(server.serve("/a", redirect("/b")))] == ["x"]
    assert heard(server) == ["Bearer old", "Bearer old", "Bearer new"]


async def test_a_token_that_has_not_changed_is_neither_tried_nor_read_again(server, opened):
    tokens, url = Tokens("old"), server.serve("/a", answer(b"", 401))
    async with opened(tokens) as downloads:
        for _ in range(3):
            with pytest.raises(DownloadError, match="HTTP 401 Unauthorized") as caught:
                await downloads.fetch(Request((url,)))
            assert caught.value.attempts == 1
    assert (len(server.seen), tokens.reads) == (3, 2)


async def test_a_new_token_that_is_refused_as_well_lets_the_answer_stand(server, opened):
    tokens = Tokens("1", "2", "3")
    async with opened(tokens) as downloads:
        with pytest.raises(DownloadError, match="HTTP 401 Unauthorized"):
            await downloads.fetch(Request((server.serve("/a", answer(b"", 401)),)))
    assert (heard(server), tokens.reads) == (["Bearer 1", "Bearer 2"], 2)


async def test_who_is_refused_with_an_old_token_takes_the_one_that_others_have_read(server, opened):
    tokens, all_asked = Tokens("old", "new"), asyncio.Event()
    refusal = answer(b"", 401).wire
    paths = [f"/{number}" for number in range(3)]
    urls = [server.serve(path, Script(b"", hold=all_asked, rest=refusal), answer(b"ok")) for path in paths]
    async with opened(tokens) as downloads, asyncio.TaskGroup() as group:
        for url in urls:
            group.create_task(downloads.fetch(Request((url,))))
        await server.until_open(3)
        all_asked.set()
    assert sorted(heard(server)) == ["Bearer new"] * 3 + ["Bearer old"] * 3
    assert tokens.reads == 2


async def test_another_origin_that_refuses_makes_nobody_read_it(server, elsewhere, opened):
    tokens = Tokens("old", "new")
    there = elsewhere.serve("/b", answer(b"", 401))
    async with opened(tokens) as downloads:
        for url in (there, server.serve("/a", redirect(there))):
            with pytest.raises(DownloadError, match="HTTP 401"):
                await downloads.fetch(Request((url,)))
    assert (heard(elsewhere), tokens.reads) == ([None, None], 1)


async def test_a_request_that_signs_in_by_itself_is_refused_as_it_is(server, opened):
    tokens, url = Tokens("old", "new"), server.serve("/a", answer(b"", 401))
    requests = [
        Request((with_user(url),)),
        Request((url,), headers={"Authorization": "Basic x"}),
        Request((url,), headers={"authorization": "Basic x"}),
    ]
    async with opened(tokens) as downloads:
        for request in requests:
            with pytest.raises(DownloadError, match="HTTP 401"):
                await downloads.fetch(request)
    assert (len(server.seen), tokens.reads) == (3, 1)


async def test_text_and_a_user_are_refused_once(server, scratch):
    for link in (Link(token=SECRET), Link(username="ada"), Link()):
        async with open_downloader(server.url("/"), scratch, link) as downloads:
            with pytest.raises(DownloadError, match="HTTP 401"):
                await downloads.fetch(Request((server.serve("/a", answer(b"", 401)),)))
    assert len(server.seen) == 3


async def test_a_token_that_is_gone_when_it_is_read_again_says_so(server, opened):
    reads = iter(["old"])

    def read():
        for token in reads:
            return token
        raise UsageError("token: no such file")

    url = server.serve("/a", answer(b"no", 401, length=3))  # whose end never comes
    async with opened(read) as downloads:
        with pytest.raises(UsageError, match="^token: no such file$"):
            await downloads.fetch(Request((url,)))
        with pytest.raises(DownloadError, match="HTTP 401"):
            await downloads.fetch(Request((url,)))


async def test_headers_of_a_request_are_for_the_origin_of_its_first_url(server, elsewhere, scratch):
    first = server.serve("/a", answer(status=404))
    mirror, again = elsewhere.serve("/a", answer(status=404)), server.serve("/b", answer(b"body"))
    async with open_downloader(server.origin, scratch, Link(retries=0)) as downloads:
        await downloads.fetch(Request((first, mirror, again), headers={"Authorization": "Basic x", "X-Token": SECRET}))
    for seen in server.seen:
        assert (seen.headers["authorization"], seen.headers["x-token"]) == ("Basic x", SECRET)
    assert not {"authorization", "x-token"} & elsewhere.seen[0].headers.keys()
