"""Whatever fails, and however: no secret is told, logged or kept.

The same words stand in every kind of secret that a remote has, and in what a server may say of itself; after each
failure nothing that rxsync has said or written holds them.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trustme

from rxsync.cli import run
from rxsync.testing.faults import (
    FaultServer,
    Script,
    answer,
    busy,
    chunked,
    fault_server,
    flipped,
    gzip_bomb,
    hang_up,
    redirect,
    reset,
    rubbish,
    silence,
    truncated,
    wrong_length,
)
from rxsync.testing.scripts import End

CANARY = "s3cr3t-canary-b1rd"
BASIC = base64.b64encode(f"ada:{CANARY}".encode()).decode().rstrip("=")
HELD = (CANARY.encode(), BASIC.encode(), BASIC[:24].encode(), gzip.compress(b"")[:0] + CANARY.upper().encode())
BODY = b"four" * 25
MANIFEST = f"a,{hashlib.sha256(BODY).hexdigest()},{len(BODY)}\n".encode()
SIGNED = f"?X-Amz-Signature={CANARY}&X-Amz-Credential={CANARY}&part=1"


class Servers:
    """Two hosts that misbehave, and one that speaks TLS, in a thread of their own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self._stack = AsyncExitStack()

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def __enter__(self) -> Servers:
        self.thread.start()
        self.one, self.other, self.tls = self.call(self._open())
        return self

    async def _open(self) -> list[FaultServer]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        enter = self._stack.enter_async_context
        return [
            await enter(fault_server()), await enter(fault_server("127.0.0.2")), await enter(fault_server(tls=context))
        ]  # fmt: skip

    def __exit__(self, *_: object) -> None:
        self.call(self._stack.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def never(self) -> asyncio.Event:
        return asyncio.Event()


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as running:
        yield running


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def status(number: int) -> Callable[[Servers], Script]:
    """An answer that says the secret itself, wherever it can."""
    return lambda _: Script(
        f"HTTP/1.1 {number} {CANARY}\r\nX-Echo: {CANARY}\r\nRetry-After: {CANARY}\r\nContent-Length: {len(CANARY)}\r\n\r\n{CANARY}"
        .encode()
    )  # fmt: skip


def away(servers: Servers, script: Script) -> Script:
    """A redirect to another host, where the URL says what nobody may hear."""
    url = servers.other.serve(f"/b{SIGNED}", script)
    return redirect(url.replace("://", f"://ada:{CANARY}@"))


FILE: dict[str, Callable[[Servers], Script]] = {
    **{f"status {number}": status(number) for number in (400, 401, 403, 404, 407, 410, 429, 500, 502, 503)},
    "asks for an hour": lambda _: busy(3600),
    "cut off": lambda _: truncated(BODY, 50),
    "cut off unannounced": lambda _: truncated(BODY, 50, announced=False),
    "reset": lambda _: reset(BODY, 50),
    "reset at once": lambda _: hang_up(End.RESET),
    "hangs up": lambda _: hang_up(),
    "rubbish": lambda _: rubbish(),
    "rubbish that tells": lambda _: Script(f"{CANARY} tells\r\n\r\n".encode(), End.CLOSE),
    "a header that is none": lambda _: Script(f"HTTP/1.1 200 OK\r\n{CANARY}\r\n\r\n".encode(), End.CLOSE),
    "wrong length": lambda _: wrong_length(BODY, 99),
    "too long": lambda _: answer(BODY + b"x"),
    "broken chunks": lambda _: chunked(BODY[:50], whole=False),
    "a wrong bit": lambda _: flipped(BODY, 5),
    "silent": lambda servers: silence(servers.never()),
    "away, not there": lambda servers: away(servers, answer(status=404)),
    "away, cut off": lambda servers: away(servers, truncated(BODY, 50)),
    "away, wrong bytes": lambda servers: away(servers, flipped(BODY, 5)),
    "in circles": lambda _: redirect(f"a{SIGNED}"),
    "to a file": lambda _: redirect(f"file:///etc/{CANARY}"),
    "to nobody": lambda _: redirect(f"http://ada:{CANARY}@127.0.0.1:{free_port()}/{SIGNED}"),
    "to no URL": lambda _: redirect(f"http://[{CANARY}/"),
    "to an unknown certificate": lambda servers: redirect(
        servers.tls.serve(f"/b{SIGNED}", answer(BODY)).replace("://", f"://ada:{CANARY}@")
    ),
}

METADATA: dict[str, Callable[[Servers], Script]] = {
    "not there": status(404),
    "not for us": status(401),
    "malformed": lambda _: answer(b"a,b\n"),
    "no text": lambda _: answer(b"\xff\xfe\n"),
    "a bomb": lambda _: gzip_bomb(64 << 20),
    "cut off in its middle": lambda _: truncated(MANIFEST, 20),
    "rubbish": lambda _: rubbish(),
    "moved to where nobody is": lambda _: redirect(f"http://ada:{CANARY}@127.0.0.1:{free_port()}/x{SIGNED}"),
}


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd, caplog) -> Callable[..., None]:
    """Sync as the file of settings says, and look everywhere."""
    home, secrets = tmp_path / "home", tmp_path / "secrets"
    secrets.mkdir()
    home.mkdir()
    (secrets / "secret").write_text(f"{CANARY}\n")
    monkeypatch.chdir(tmp_path)

    def held(data: bytes) -> list[bytes]:
        return [one for one in HELD if one in data]

    def sync(url: str, *lines: str, words: tuple[str, ...] = ()) -> None:
        config = secrets / "rxsync.toml"
        config.write_text(
            f'[remotes.here]\nurl = "{url}"\nidle_timeout = "0.2s"\n'
            + "\n".join(lines)
            + '\n[repositories.r]\nremote = "here"\n'
        )
        base = ["--home", str(home), "--config", str(config), "-v"]
        caplog.set_level(logging.DEBUG)
        for more in (["sync", "r", "--retries", "0", *words], ["sync", "r", "--retries", "1", "--json", *words]):
            assert run([*more, *base]) not in (0, 1, 2)
        for more in (["log", "--json"], ["config"]):
            run([*more, *base])
        sys.stdout.flush()
        said = capfd.readouterr()
        assert "error:" in said.err
        assert not held((said.out + said.err).encode()), said
        assert not held(caplog.text.encode())
        assert not held("".join(repr(record.__dict__) for record in caplog.records).encode())
        written = [path for path in home.rglob("*") if path.is_file()]
        assert home / "rxsync.db" in written
        for path in written:
            assert not held(path.read_bytes()), path
            assert CANARY not in path.name

    return sync


WAYS = {
    "a token": ("token_file = 'secret'",),
    "a password": ("username = 'ada'", "password_file = 'secret'"),
    "a header": (f"headers = {{ X-Token = '{CANARY}', Authorization-Too = 'Basic {BASIC}' }}",),
}


@pytest.mark.parametrize("fault", FILE)
def test_a_file_that_does_not_come_tells_nothing(servers, check, fault):
    way = list(WAYS.values())[list(FILE).index(fault) % len(WAYS)]
    servers.one.serve("/a", FILE[fault](servers))
    words = ("--on-error", "quarantine", "--max-failures", "0") if fault in ("a wrong bit", "too long") else ()
    check(servers.one.serve("/PULP_MANIFEST", answer(MANIFEST)), *way, words=words)


@pytest.mark.parametrize("fault", METADATA)
def test_metadata_that_does_not_come_tells_nothing(servers, check, fault):
    way = list(WAYS.values())[list(METADATA).index(fault) % len(WAYS)]
    check(servers.one.serve("/PULP_MANIFEST", METADATA[fault](servers)), *way)


@pytest.mark.parametrize("fault", ["refused", "wants a password", "hangs up"])
def test_a_proxy_that_does_not_work_tells_nothing(servers, check, fault):
    proxy = f"http://127.0.0.1:{free_port()}"
    if fault != "refused":
        script = status(407)(servers) if fault == "wants a password" else hang_up()
        servers.other.serve("http://upstream.invalid/PULP_MANIFEST", script)
        proxy = servers.other.origin
    settings = (f"proxy = '{proxy}'", "proxy_username = 'ada'", "proxy_password_file = 'secret'")
    check("http://upstream.invalid/PULP_MANIFEST", *settings, *WAYS["a token"])


def test_an_address_that_is_refused_tells_nothing(servers, check):
    check(servers.one.serve("/PULP_MANIFEST", answer(MANIFEST)), "allow_private = false", *WAYS["a token"])
