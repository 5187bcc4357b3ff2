"""Whom requests go over, what that one hears, and what is said where it fails."""

from __future__ import annotations

import base64

import pytest
import trustme
from yarl import URL

from rxsync.download import Link, open_downloader
from rxsync.download.proxies import Proxy, proxies_of
from rxsync.errors import DownloadError, HttpStatusError, UsageError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, fault_server, redirect

from .proxying import proxy_server
from .test_credentials import SECRET, assert_silent
from .test_tls import ca, ca_file, https, mine  # noqa: F401 - fixtures, which are found by name

SIGNED = f"Basic {base64.b64encode(f'ada:{SECRET}'.encode()).decode()}"


@pytest.fixture
async def proxy():
    async with proxy_server() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_proxy_around_us(monkeypatch):
    for name in ("http", "https", "no", "all"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


def signed(proxy):
    return proxy.url.replace("://", f"://ada:{SECRET}@")


async def fetch(url, scratch, source=None, **link):
    async with open_downloader(source or url, scratch, Link(**link), backoff=0) as downloads:
        return (await downloads.fetch(Request((url,)))).data


async def test_plain_http_is_asked_for_over_it_and_it_alone_hears_its_password(server, proxy, scratch):
    url = server.serve("/a", answer(b"ok"))
    assert await fetch(url, scratch, proxy=signed(proxy), token="t") == b"ok"
    [head] = proxy.heard
    assert head.startswith(f"GET {url} HTTP/1.1\r\n")
    assert f"\r\nProxy-Authorization: {SIGNED}\r\n" in head
    [seen] = server.seen
    assert seen.headers["authorization"] == "Bearer t"
    assert SECRET not in str(seen)


async def test_https_goes_through_a_tunnel_that_hears_nothing_of_the_origins(ca, ca_file, proxy, scratch):  # noqa: F811 - as above
    async with fault_server(tls=https(ca)) as server:
        url = server.serve("/a", answer(b"ok"))
        link = {"ca_file": ca_file, "token": "tttt", "headers": {"X-Key": "kkkk"}}
        assert await fetch(url, scratch, proxy=signed(proxy), **link) == b"ok"
        [head], [seen] = proxy.heard, server.seen
    assert head.startswith(f"CONNECT {url.removeprefix('https://').removesuffix('/a')} HTTP/1.1\r\n")
    assert f"\r\nProxy-Authorization: {SIGNED}\r\n" in head
    assert "tttt" not in head
    assert "kkkk" not in head
    assert seen.headers["authorization"] == "Bearer tttt"
    assert "proxy-authorization" not in seen.headers


async def test_a_proxy_of_https_is_shown_no_client_certificate(ca, ca_file, mine, scratch):  # noqa: F811 - as above
    link = {"ca_file": ca_file, "client_cert": mine[0], "client_key": mine[1], "retries": 0}
    async with fault_server(tls=https(ca, asks=True)) as server:
        url = server.serve("/a", answer(b"ok"))
        async with proxy_server(tls=https(ca, "127.0.0.3")) as proxy:
            assert await fetch(url, scratch, proxy=proxy.url, **link) == b"ok"
        async with proxy_server(tls=https(ca, "127.0.0.3", asks=True)) as proxy:
            with pytest.raises(DownloadError):
                await fetch(url, scratch, proxy=proxy.url, **link)
            assert proxy.heard == []


async def test_a_redirect_to_another_origin_goes_over_it_too_without_what_is_the_origins(
    server, elsewhere, proxy, scratch
):
    url = server.serve("/a", redirect(elsewhere.serve("/b", answer(b"ok"))))
    assert await fetch(url, scratch, proxy=signed(proxy), token="tttt") == b"ok"
    assert [SIGNED in head for head in proxy.heard] == [True, True]
    assert ["tttt" in head for head in proxy.heard] == [True, False]
    assert SECRET not in str(server.seen + elsewhere.seen)


async def test_the_environment_says_it_only_where_that_is_asked_for(server, elsewhere, proxy, scratch, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", signed(proxy))
    monkeypatch.setenv("NO_PROXY", "example.org, 127.0.0.2")
    here, there = server.serve("/a", answer(b"ok")), elsewhere.serve("/b", answer(b"ok"))
    assert await fetch(here, scratch) == b"ok"
    assert proxy.heard == []
    for url in (here, there):
        assert await fetch(url, scratch, proxy="environment") == b"ok"
    assert [head.split(" ")[1] for head in proxy.heard] == [here]
    assert SECRET not in str(server.seen + elsewhere.seen)


@pytest.mark.parametrize(
    ("said", "url", "expected"),
    [
        ({"http_proxy": "http://p:1"}, "http://h/", "p:1"),
        ({"http_proxy": "http://p:1"}, "https://h/", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://h/", "p:1"),
        ({"https_proxy": "p:1"}, "https://h/", "p:1"),
        ({"https_proxy": "https://p"}, "https://h/", "p:443"),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http://h/", None),
        ({"http_proxy": "http://p:1", "no_proxy": "*"}, "http://h/", None),
        ({"http_proxy": "http://p:1", "no_proxy": ".h"}, "http://a.h/", None),
        ({"http_proxy": "http://p:1", "no_proxy": "h:8080"}, "http://h:8080/", None),
        ({"http_proxy": "http://p:1", "no_proxy": "h:8080"}, "http://h/", "p:1"),
        ({"ftp_proxy": "socks5://p:1"}, "http://h/", None),
        ({}, "http://h/", None),
    ],
)
def test_the_environment_is_read_as_others_read_it(monkeypatch, said, url, expected):
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    chosen = proxies_of(Link(proxy="environment"))(URL(url))
    assert (None if chosen is None else chosen.name) == expected


async def test_a_proxy_that_asks_for_a_password_is_named(server, ca, ca_file, proxy, scratch):  # noqa: F811 - as above
    proxy.answers = b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(HttpStatusError) as caught:
        await fetch(server.serve("/a", answer(b"ok")), scratch, proxy=signed(proxy))
    name = proxy.url.removeprefix("http://")
    assert caught.value.reason == f"HTTP 407 Proxy Authentication Required by proxy {name}"
    assert_silent(caught.value)
    async with fault_server(tls=https(ca)) as secure:
        with pytest.raises(DownloadError) as caught:
            await fetch(secure.serve("/a", answer(b"ok")), scratch, proxy=signed(proxy), ca_file=ca_file)
    assert caught.value.reason == f"proxy {name}: refuses a tunnel: HTTP 407"
    assert (caught.value.transient, caught.value.attempts) == (False, 1)
    assert_silent(caught.value)


async def test_a_tunnel_that_may_come_later_is_tried_again(proxy, scratch):
    proxy.answers = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(DownloadError, match="refuses a tunnel: HTTP 503") as caught:
        await fetch("https://127.0.0.1:1/a", scratch, proxy=proxy.url, retries=2)
    assert caught.value.attempts == 3


async def test_a_proxy_that_is_not_there_is_named_and_a_certificate_of_its_own(scratch):
    async with proxy_server() as gone:
        pass
    name = gone.url.removeprefix("http://")
    for url in ("http://127.0.0.1:1/a", "https://127.0.0.1:1/a"):
        with pytest.raises(DownloadError) as caught:
            await fetch(url, scratch, proxy=signed(gone), retries=1)
        assert caught.value.reason == f"proxy {name}: connection refused"
        assert caught.value.attempts == 2
        assert_silent(caught.value)
    async with proxy_server(tls=https(trustme.CA(), "127.0.0.3")) as unknown:
        with pytest.raises(DownloadError, match=r"proxy 127.0.0.3:\d+: TLS certificate not accepted: ") as caught:
            await fetch("http://127.0.0.1:1/a", scratch, proxy=unknown.url)
        assert caught.value.attempts == 1


async def test_a_certificate_behind_the_tunnel_is_not_the_proxys(proxy, scratch):
    async with fault_server(tls=https(trustme.CA())) as server:
        with pytest.raises(DownloadError) as caught:
            await fetch(server.serve("/a", answer(b"ok")), scratch, proxy=proxy.url)
    assert caught.value.reason.startswith("TLS certificate not accepted: ")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"socks5://ada:{SECRET}@h:1080", "socks5://h:1080"),
        (f"http://ada:{SECRET}@", "http://"),
        (f"http://ada:{SECRET}@h:x", "http://h:x"),
        (f"ada:{SECRET}@h:3128", "h:3128"),
        ("h:3128", "h:3128"),
        ("", ""),
    ],
)
def test_what_can_be_no_proxy_is_refused(said, shown, monkeypatch):
    with pytest.raises(UsageError, match=f"^proxy {shown}: expected an http or https URL with a host$") as caught:
        Link(proxy=said)
    assert_silent(caught.value)
    if "://" in said:
        monkeypatch.setenv("HTTPS_PROXY", said)
        with pytest.raises(UsageError, match=f"^HTTPS_PROXY {shown}: expected an http") as caught:
            proxies_of(Link(proxy="environment"))
        assert_silent(caught.value)


def test_a_user_that_can_be_none_is_refused_when_the_run_begins():
    with pytest.raises(UsageError, match="^proxy http://h: not a valid URL$") as caught:
        proxies_of(Link(proxy=f"http://a%3Ab:{SECRET}@h"))
    assert_silent(caught.value)


def test_a_proxy_tells_no_password():
    proxy = Proxy("proxy", f"http://ada:{SECRET}@h")
    assert SECRET not in repr(proxy) + proxy.name + str(proxy.url)
