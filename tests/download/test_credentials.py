"""Who hears a secret: the origin it was meant for, and nobody else."""

from __future__ import annotations

import base64
import contextlib
import pickle
import ssl
import traceback

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from rxsync.download import Link, open_downloader
from rxsync.download.redirects import follow
from rxsync.download.urls import Target
from rxsync.errors import DownloadError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, fault_server, hang_up, redirect, reset, rubbish, truncated
from rxsync.urls import without_credentials

SECRET = "s3cr3t"
PRIVATE = {"Authorization": f"Bearer {SECRET}", "X-Token": SECRET}


def with_user(url: str) -> str:
    return url.replace("//", f"//ada:{SECRET}%2F%40@")


async def test_a_user_in_the_url_signs_in_by_basic_authentication(server, once):
    url = server.serve("/a", answer(b"ok"))
    body = await once.fetch(Request((with_user(url),)))
    kind, _, value = server.seen[0].headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(value).decode()) == ("Basic", f"ada:{SECRET}/@")
    assert body.url == url


async def test_a_header_that_signs_in_goes_before_the_user_in_the_url(server, once):
    url = with_user(server.serve("/a", answer(b"ok")))
    await once.fetch(Request((url,), headers={"authorization": "Bearer b"}))
    assert server.seen[0].headers["authorization"] == "Bearer b"


async def test_a_redirect_at_home_keeps_credentials_and_headers(server, once):
    server.serve("/b", answer(b"ok"))
    await once.fetch(Request((with_user(server.serve("/a", redirect("/b"))),), headers={"X-Token": SECRET}))
    assert server.seen[1].headers["authorization"] == server.seen[0].headers["authorization"]
    assert server.seen[1].headers["x-token"] == SECRET


async def test_nothing_private_crosses_to_another_host_or_comes_back_from_it(server, elsewhere, once):
    server.serve("/home", answer(b"ok"))
    elsewhere.serve("/b", redirect(server.url("/home")))
    url = server.serve("/a", redirect(elsewhere.url("/b")))
    await once.fetch(Request((with_user(url),), headers={"X-Token": SECRET}))
    assert SECRET in str(server.seen[0])
    assert SECRET not in str(elsewhere.seen) + str(server.seen[1])
    assert "authorization" not in elsewhere.seen[0].headers
    assert "authorization" not in server.seen[1].headers


async def test_a_user_in_a_redirect_is_dropped(server, elsewhere, once):
    there = elsewhere.serve("/b", answer(b"ok"))
    await once.fetch(Request((server.serve("/a", redirect(with_user(there))),)))
    assert "authorization" not in elsewhere.seen[0].headers


@pytest.mark.parametrize(
    "location",
    ["https://h:8443/", "https://other/", "//other/x", "https://sub.h/"],
    ids=["port", "host", "host, same scheme", "host below"],
)
def test_another_scheme_host_or_port_is_another_origin(location):
    assert follow(Target(URL("https://h/a"), PRIVATE), location, "asked").private == {}


@pytest.mark.parametrize("location", ["", "b", "/b", "?q", "https://h:443/b", "https://H/b", "//h/b"])
def test_the_same_origin_may_be_spelt_otherwise(location):
    assert follow(Target(URL("https://h/a"), PRIVATE), location, "asked").private is PRIVATE


def test_from_http_to_https_is_another_origin():
    target = follow(Target(URL("http://h:8000/a"), PRIVATE), "https://h:8000/a", "asked")
    assert (str(target.url), target.private) == ("https://h:8000/a", {})


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://h/a", "from https to plain http on h"),
        ("http://other/a", "from https to plain http on other"),
        ("file:///etc/passwd", "to a file: URL"),
        ("ftp://h/a", "to a ftp: URL"),
        ("javascript:1", "to a javascript: URL"),
        ("http:///a", "to a URL without a host"),
        (f"https://ada:{SECRET}@h:port/", "no valid URL"),
        ("https://[::1/", "no valid URL"),
    ],
)
def test_a_redirect_that_may_not_be_followed_is_refused(location, reason):
    with pytest.raises(DownloadError, match=f"^asked: redirected {'.*' if 'valid' in reason else ''}{reason}"):
        follow(Target(URL("https://h/a"), PRIVATE), location, "asked")


@pytest.mark.parametrize(
    "fault",
    [
        answer(b"", 401),
        answer(b"", 503),
        hang_up(),
        reset(b"body", 2),
        truncated(b"body", 2),
        rubbish(),
        redirect("file:///a"),
        redirect(f"http://ada:{SECRET}@h:port/"),
        answer(b"other bytes"),
    ],
)
async def test_no_error_tells_a_secret_however_it_is_looked_at(server, stubborn, fault):
    url = with_user(server.serve("/a", fault))
    with pytest.raises(DownloadError) as caught:
        await stubborn.fetch(Request((url, url), headers={"X-Token": SECRET}, size=4))
    assert_silent(caught.value)


async def test_a_password_nobody_escaped_is_not_shown(once):
    with pytest.raises(DownloadError) as caught:
        await once.fetch(Request((f"http://ada:{SECRET}/x@127.0.0.1/a",)))
    assert caught.value.url == "http://127.0.0.1/a"
    assert_silent(caught.value)


async def test_a_certificate_nobody_vouches_for_is_refused_at_once(scratch):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with (
        fault_server(tls=tls) as server,
        open_downloader(server.origin, scratch, Link(retries=4), backoff=0) as downloads,
    ):
        url = server.serve("/a", answer(b"ok"))
        with pytest.raises(DownloadError) as caught:
            await downloads.fetch(Request((with_user(url),)))
        assert caught.value.reason.startswith("TLS certificate not accepted: ")
        assert not caught.value.transient
        assert not server.seen
        assert_silent(caught.value)


def assert_silent(error: BaseException) -> None:
    """No text of the error, of its notes, and of whatever it is chained to holds the secret."""
    told = "".join(traceback.format_exception(error)) + repr(error) + str(getattr(error, "__notes__", ""))
    while error is not None:
        told += repr(error) + repr(error.__dict__)
        with contextlib.suppress(TypeError, AttributeError):
            told += str(pickle.dumps(error.args))
        error = error.__cause__ or error.__context__
    assert SECRET not in told
    assert base64.b64encode(f"ada:{SECRET}".encode()).decode()[:8] not in told


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://ada:pw@h/a", "http://h/a"),
        ("http://ada@h", "http://h"),
        ("HTTP://ada:p@w@h:80/a@b?c@d#e@f", "HTTP://h:80/a@b?c@d#e@f"),
        ("http://h/@scope/pkg", "http://h/@scope/pkg"),
        ("http://h:80/@scope", "http://h:80/@scope"),
        ("http://[::1]:80/@scope", "http://[::1]:80/@scope"),
        ("http://h?mail=a@b", "http://h?mail=a@b"),
        ("file:///srv/a@b", "file:///srv/a@b"),
        ("//ada:pw@h/a", "//h/a"),
        ("http://ada:p/w@h/a", "http://h/a"),
        ("ada:pw@h/a", "h/a"),
        ("http:ada:pw@h/a", "h/a"),
        ("http://h/%20%2f?b=%41", "http://h/%20%2f?b=%41"),
    ],
)
def test_credentials_and_nothing_else_are_dropped(url, shown):
    assert without_credentials(url) == shown


plain = st.text(st.sampled_from("abz09-._~%/?#@:&=+"), max_size=20)


@given(
    user=st.text(st.sampled_from("abc019%-._~!$&'()*+,;=:@"), min_size=1, max_size=20),
    host=st.from_regex(r"\A[a-z][a-z0-9.-]{0,9}(:[0-9]{1,5})?\Z"),
    tail=plain,
)
def test_dropping_credentials_gives_the_url_without_them(user, host, tail):
    rest = f"{host}/{tail}"
    assert without_credentials(f"https://{user}@{rest}") == f"https://{rest}"
    assert without_credentials(f"https://{rest}") == f"https://{rest}"
