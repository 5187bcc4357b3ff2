"""A sync from a remote that is not open to all: what it needs arrives, and nothing of it is kept or told."""

import hashlib
import logging
import ssl

import pytest
import trustme

import rxsync
from rxsync.errors import HttpStatusError, UsageError
from rxsync.testing.faults import answer, fault_server

CANARY = "c4n4ry"


@pytest.fixture
async def upstream():
    async with fault_server() as server:
        digest = hashlib.sha256(b"ok").hexdigest()
        server.serve("/repo/PULP_MANIFEST", answer(f"a,{digest},2\n".encode()))
        server.serve("/repo/a", answer(b"ok"))
        yield server


def kept(home):
    """All that is in the home, as bytes."""
    return b"".join(path.read_bytes() for path in sorted(home.path.rglob("*")) if path.is_file())


@pytest.mark.parametrize(
    "said",
    [
        {"username": "ada", "password": CANARY, "headers": {"X-Key": CANARY}},
        {"token": CANARY},
        {"token": lambda: CANARY},
        {"headers": {"Authorization": CANARY}},
    ],
    ids=["a user", "a token", "a function", "a header"],
)
async def test_who_is_known_is_served_and_the_secret_is_kept_nowhere(upstream, home, caplog, said):
    source = upstream.url("/repo/PULP_MANIFEST")
    with caplog.at_level(logging.DEBUG):
        report = await rxsync.sync(source, home.repository("r"), **said)
        upstream.serve("/repo/PULP_MANIFEST", answer(b"", 401))
        with pytest.raises(HttpStatusError) as caught:
            await rxsync.sync(source, home.repository("r"), **said)
    assert report.version == 1
    assert all(seen.headers.get("authorization") for seen in upstream.seen)
    told = caplog.text + str(report.as_dict()) + repr(report) + repr(caught.value) + repr(caught.value.report)
    assert CANARY not in told
    assert CANARY.encode() not in kept(home)


async def test_a_certificate_that_is_none_ends_the_run_before_anybody_is_asked(upstream, home, tmp_path):
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(UsageError, match="ca_file .*: expected certificates in PEM") as caught:
        await rxsync.sync(upstream.url("/repo/"), home.repository("r"), ca_file=str(tmp_path / "ca.pem"))
    assert caught.value.exit_code == 2
    assert upstream.seen == []
    assert list((home.path / "tmp").iterdir()) == []


async def test_a_remote_behind_tls_of_its_own_is_mirrored(upstream, home, tmp_path):
    ca, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert("127.0.0.1").configure_cert(tls)
    ca.issue_cert("ada@example.org").private_key_and_cert_chain_pem.write_to_path(tmp_path / "mine.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(tls)
    said = {"ca_file": str(tmp_path / "ca.pem"), "client_cert": str(tmp_path / "mine.pem")}
    async with fault_server(tls=tls) as server:
        server._scripts = upstream._scripts
        report = await rxsync.sync(server.url("/repo/PULP_MANIFEST"), home.repository("r"), **said)
    assert report.version == 1
