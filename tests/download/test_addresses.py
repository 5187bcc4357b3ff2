"""Where a remote may point, if it may point to public addresses alone."""

from __future__ import annotations

import asyncio
import socket

import pytest

from rxsync.download import Link, addresses, open_downloader
from rxsync.download.addresses import is_public
from rxsync.errors import DownloadError, UsageError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, redirect

REFUSED = "no public address, and allow_private is false"


async def fetch(url, scratch, **link):
    async with open_downloader(url, scratch, Link(allow_private=False, **link), backoff=0) as downloads:
        return (await downloads.fetch(Request((url,)))).data


@pytest.fixture
def one_is_public(monkeypatch):
    """127.0.0.1 stands in for an address of somebody else's; the rest of the rule is as it is."""
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1" or is_public(address))


@pytest.fixture
def names(monkeypatch):
    """Answers by name, one for each time it is looked up; gives the names that were."""

    def give(**answers):
        looked_up, left = [], {name: iter(found) for name, found in answers.items()}

        async def getaddrinfo(host, port, **_):
            looked_up.append(host)
            return [
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
                if ":" in address
                else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in next(left[host])
            ]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        return looked_up

    return give


def named(url, name):
    return url.replace("127.0.0.1", name)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::10.0.0.1"),
        *("64:ff9b:1::1", "100::1", "4000::1"),
    ],
)
def test_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_public(address):
    assert is_public(address)


async def test_private_addresses_may_be_asked_unless_it_is_said(server, scratch):
    async with open_downloader(server.origin, scratch) as downloads:
        await downloads.fetch(Request((server.serve("/a", answer(b"ok")),)))
    assert len(server.seen) == 1


async def test_an_address_in_the_url_is_refused_once(server, scratch):
    with pytest.raises(DownloadError) as caught:
        await fetch(server.serve("/a", answer(b"ok")), scratch)
    assert caught.value.reason == f"127.0.0.1: {REFUSED}"
    assert (caught.value.transient, caught.value.attempts) == (False, 1)
    assert server.seen == []


@pytest.mark.parametrize(
    "host",
    ["[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "[::ffff:7f00:1]", "127.0.0.2"],
)
async def test_an_address_that_is_spelt_otherwise_is_refused_too(server, scratch, host):
    with pytest.raises(DownloadError, match=REFUSED):
        await fetch(named(server.serve("/a", answer(b"ok")), host), scratch)
    assert server.seen == []


@pytest.mark.parametrize(
    "host", ["2130706433", "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "127\u30020\u30020\u30021"]
)
async def test_an_address_of_old_spelling_leads_nowhere(server, scratch, host):
    with pytest.raises(DownloadError) as caught:
        await fetch(named(server.serve("/a", answer(b"ok")), host), scratch)
    assert not caught.value.transient
    assert server.seen == []


async def test_a_name_is_refused_with_what_it_is_at(server, scratch, names):
    names(host=[["10.0.0.1", "::1"]])
    with pytest.raises(DownloadError) as caught:
        await fetch(named(server.serve("/a", answer(b"ok")), "host"), scratch)
    assert caught.value.reason == f"host is at 10.0.0.1: {REFUSED}"
    assert (caught.value.transient, caught.value.attempts) == (False, 1)
    assert server.seen == []


async def test_the_system_is_asked_for_names(server, scratch):
    with pytest.raises(DownloadError, match=rf"localhost is at .*: {REFUSED}"):
        await fetch(named(server.serve("/a", answer(b"ok")), "localhost"), scratch)


async def test_a_name_with_private_addresses_beside_is_asked_at_its_public_one(server, scratch, names, one_is_public):
    names(host=[["127.0.0.2", "127.0.0.1", "10.0.0.1"]])
    assert await fetch(named(server.serve("/a", answer(b"ok")), "host"), scratch) == b"ok"


async def test_what_was_checked_is_what_is_connected_to_and_each_answer_is_checked(
    server, elsewhere, scratch, names, one_is_public
):
    """A name that leads elsewhere the second time, as one does that is out to deceive."""
    looked_up = names(host=[["127.0.0.1"], ["127.0.0.2"]])
    url = named(server.serve("/a", answer(b"ok")), "host")
    assert await fetch(url, scratch) == b"ok"
    assert looked_up == ["host"]
    with pytest.raises(DownloadError, match=f"host is at 127.0.0.2: {REFUSED}"):
        await fetch(url, scratch)
    assert elsewhere.seen == []


@pytest.mark.parametrize("name", [None, "inside"], ids=["an address", "a name"])
async def test_each_hop_is_checked(server, elsewhere, scratch, names, one_is_public, name):
    names(inside=[["127.0.0.2"]])
    there = elsewhere.serve("/b", answer(b"secret"))
    there = there if name is None else there.replace("127.0.0.2", name)
    server.serve("/b", redirect(there))
    with pytest.raises(DownloadError, match=f"^{server.url('/a')}: .*127.0.0.2: {REFUSED}") as caught:
        await fetch(server.serve("/a", redirect("/b")), scratch)
    assert len(server.seen) == 2
    assert caught.value.attempts == 1
    assert elsewhere.seen == []


async def test_a_name_nobody_knows_may_be_known_later(scratch):
    with pytest.raises(DownloadError, match="unknown host") as caught:
        await fetch("http://no-such-host.invalid/a", scratch, retries=1)
    assert caught.value.attempts == 2


@pytest.mark.parametrize("proxy", ["http://proxy:3128", "environment"])
def test_a_proxy_would_look_addresses_up_where_nobody_checks_them(proxy):
    with pytest.raises(UsageError, match="^allow_private=False and a proxy exclude each other: "):
        Link(proxy=proxy, allow_private=False)
