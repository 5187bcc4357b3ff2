"""Whose certificate is taken, who is shown ours, and what is said where one is not taken."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading

import pytest
import trustme

from rxsync.download import Link, open_downloader
from rxsync.errors import DownloadError, UsageError
from rxsync.ports.downloader import Request
from rxsync.testing.faults import answer, fault_server, redirect

LONG_AGO = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def ca_file(ca, tmp_path):
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


@pytest.fixture
def mine(ca, tmp_path):
    """A client certificate and its key, in files."""
    issued = ca.issue_cert("ada@example.org")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "mine.pem")
    issued.private_key_pem.write_to_path(tmp_path / "mine.key")
    return str(tmp_path / "mine.pem"), str(tmp_path / "mine.key")


def https(ca, *names, asks=False, **issued):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*(names or ("127.0.0.1", "127.0.0.2")), **issued).configure_cert(tls)
    if asks:
        tls.verify_mode = ssl.CERT_REQUIRED
        ca.configure_trust(tls)
    return tls


async def fetch(url, scratch, source=None, **link):
    async with open_downloader(source or url, scratch, Link(**link), backoff=0) as downloads:
        return (await downloads.fetch(Request((url,)))).data


async def test_a_ca_file_is_trusted_beside_the_system(ca, ca_file, scratch, monkeypatch, tmp_path):
    system = trustme.CA()
    system.cert_pem.write_to_path(tmp_path / "system.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    for issuer in (ca, system):
        async with fault_server(tls=https(issuer)) as server:
            assert await fetch(server.serve("/a", answer(b"ok")), scratch, ca_file=ca_file) == b"ok"


@pytest.mark.parametrize(
    ("host", "ended", "reason"),
    [
        ("127.0.0.9", None, "IP address mismatch"),
        ("127.0.0.1", LONG_AGO + datetime.timedelta(1), "certificate has expired"),
    ],
    ids=["another host", "expired"],
)
async def test_a_certificate_that_is_not_taken_is_asked_for_once(ca, ca_file, scratch, host, ended, reason):
    tls = https(ca, host, not_before=LONG_AGO, not_after=ended)
    async with fault_server(tls=tls) as server:
        with pytest.raises(DownloadError, match=f"TLS certificate not accepted: .*{reason}") as caught:
            await fetch(server.serve("/a", answer(b"ok")), scratch, ca_file=ca_file)
    assert (caught.value.transient, caught.value.attempts) == (False, 1)


async def test_nobody_vouches_for_an_unknown_ca_and_it_is_asked_for_once(scratch):
    async with fault_server(tls=https(trustme.CA())) as server:
        with pytest.raises(DownloadError, match="TLS certificate not accepted: unable to get local issuer") as caught:
            await fetch(server.serve("/a", answer(b"ok")), scratch)
    assert (caught.value.transient, caught.value.attempts) == (False, 1)


async def test_any_certificate_will_do_where_none_is_verified_and_one_warning_says_so(scratch, caplog):
    async with fault_server(tls=https(trustme.CA(), "elsewhere.example")) as server:
        link = Link(verify_tls=False)
        async with open_downloader(server.origin, scratch, link) as downloads:
            for _ in range(2):
                url = server.serve("/a", answer(b"ok", length=None))
                await downloads.fetch(Request((url,)))
    assert caplog.messages == ["127.0.0.1: TLS certificates are not verified, since verify_tls is false"]


async def test_there_is_no_such_warning_without_tls(server, scratch, caplog):
    assert await fetch(server.serve("/a", answer(b"ok")), scratch, verify_tls=False) == b"ok"
    assert caplog.messages == []


@pytest.mark.parametrize("verify", [True, False])
async def test_a_client_certificate_is_shown_to_the_origin_of_the_source(ca, ca_file, mine, scratch, verify):
    async with fault_server(tls=https(ca, asks=True)) as server:
        link = {"ca_file": ca_file, "client_cert": mine[0], "client_key": mine[1], "verify_tls": verify}
        assert await fetch(server.serve("/a", answer(b"ok")), scratch, **link) == b"ok"
        with pytest.raises(DownloadError):
            await fetch(server.url("/a"), scratch, ca_file=ca_file, retries=0)


@pytest.mark.parametrize("over", [True, False], ids=["over a redirect", "named by the source"])
async def test_no_other_origin_is_shown_it(ca, ca_file, mine, scratch, over):
    tls = https(ca, asks=True)
    async with fault_server(tls=tls) as server, fault_server("127.0.0.2", tls=tls) as elsewhere:
        there = elsewhere.serve("/b", answer(b"ok"))
        here = server.serve("/a", redirect(there))
        link = {"ca_file": ca_file, "client_cert": mine[0], "client_key": mine[1], "retries": 0}
        with pytest.raises(DownloadError):
            await fetch(here if over else there, scratch, server.url("/"), **link)
        assert elsewhere.seen == []
        assert await fetch(there, scratch, elsewhere.url("/"), **link) == b"ok"  # which is its own


@contextlib.contextmanager
def blunt(talk):
    """Answer one connection in a thread, without asyncio, which ends a failed handshake without a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            with contextlib.suppress(OSError):
                connection = listening.accept()[0]
                listening.close()  # to be asked again would be refused
                with connection:
                    talk(connection)

        url = f"https://127.0.0.1:{listening.getsockname()[1]}/a"
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield url
        finally:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()


async def test_who_misses_a_certificate_of_ours_says_so_and_is_asked_once(ca, ca_file, scratch):
    def refuse(connection):
        tls = https(ca, asks=True).wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with tls:
            with contextlib.suppress(ssl.SSLError):
                tls.do_handshake()
            socket.socket.shutdown(tls, socket.SHUT_WR)
            while socket.socket.recv(tls, 1 << 16):
                pass

    with blunt(refuse) as url, pytest.raises(DownloadError) as caught:
        await fetch(url, scratch, ca_file=ca_file)
    assert caught.value.reason == "TLS could not be established: tlsv13 alert certificate required"
    assert (caught.value.transient, caught.value.attempts) == (False, 1)


async def test_who_speaks_no_tls_is_asked_once(scratch):
    def talk(connection):
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with blunt(talk) as url, pytest.raises(DownloadError) as caught:
        await fetch(url, scratch)
    assert caught.value.reason == "TLS could not be established: wrong version number"
    assert (caught.value.transient, caught.value.attempts) == (False, 1)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"ca_file": "{tmp}/none"}, "^ca_file {tmp}/none: no such file or directory; expected certificates in PEM$"),
        ({"ca_file": "{tmp}"}, "^ca_file {tmp}: is a directory; expected certificates"),
        ({"ca_file": "{tmp}/mine.key"}, "^ca_file {tmp}/mine.key: expected certificates in PEM, there is none$"),
        ({"client_key": "{tmp}/mine.key"}, "^client_key {tmp}/mine.key: needs a client_cert$"),
        ({"client_cert": "{tmp}/mine.pem"}, "^client_cert {tmp}/mine.pem: expected a private key beside the certif"),
        (
            {"client_cert": "{tmp}/mine.key", "client_key": "{tmp}/mine.key"},
            "^client_cert {tmp}/mine.key: expected a certificate in PEM",
        ),
        (
            {"client_cert": "{tmp}/mine.pem", "client_key": "{tmp}/mine.pem"},
            "^client_key {tmp}/mine.pem: expected a private key in PEM",
        ),
    ],
)
def test_files_that_hold_something_else_are_refused(mine, tmp_path, said, reason):
    with pytest.raises(UsageError, match=reason.replace("{tmp}", str(tmp_path))):
        Link(**{name: value.replace("{tmp}", str(tmp_path)) for name, value in said.items()})


async def test_what_only_looks_like_a_certificate_is_refused_before_anybody_is_asked(mine, scratch, tmp_path):
    rubbish, other, locked = tmp_path / "rubbish.pem", tmp_path / "other.key", tmp_path / "locked.key"
    rubbish.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    trustme.CA().issue_cert("h").private_key_pem.write_to_path(other)
    locked.write_bytes(_locked())
    for said, reason in (
        ({"ca_file": str(rubbish)}, f"^ca_file {rubbish}: expected certificates in PEM: "),
        ({"client_cert": mine[0], "client_key": str(other)}, "expected a certificate and its key in PEM: key values m"),
        ({"client_cert": mine[0], "client_key": str(locked)}, f"^client_key {locked}: expected a key without a pass"),
    ):
        with pytest.raises(UsageError, match=reason):
            await fetch("https://127.0.0.1:1/", scratch, **said)


def _locked():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
