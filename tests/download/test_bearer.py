"""Who hears a bearer token: the origin of the source, and nobody else."""

from __future__ import annotations

import pytest

from rxsync.download import Link, open_downloader
from rxsync.download.urls import Bearer, target_of
from rxsync.errors import DownloadError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, redirect

from .test_credentials import SECRET, assert_silent, with_user

BEARER = f"Bearer {SECRET}"


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
    assert SECRET not in str(target_of(url, {}, Bearer("https://h/", SECRET)).private)


@pytest.mark.parametrize("url", ["https://h:443/a", "https://H/b?c", "https://h"])
def test_the_same_origin_may_be_spelt_otherwise(url):
    assert target_of(url, {}, Bearer("https://h/", SECRET)).private == {"Authorization": BEARER}


@pytest.mark.parametrize("fault", [answer(b"", 401), answer(b"", 503), redirect("file:///a"), answer(b"other bytes")])
async def test_no_error_tells_it(server, signed, fault):
    with pytest.raises(DownloadError) as caught:
        await signed.fetch(Request((server.serve("/a", fault),), size=4))
    assert_silent(caught.value)
    assert SECRET not in repr(Bearer("https://h/", SECRET))


async def test_a_local_source_has_no_use_for_it(server, scratch, tmp_path):
    async with open_downloader(tmp_path.as_uri() + "/", scratch, Link(retries=0, token=SECRET)) as downloads:
        await downloads.fetch(Request((server.serve("/a", answer(b"ok")),)))
    assert heard(server) == [None]
