"""The command line as people call it, and a server to point it at."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rxsync.cli import run


@dataclass
class Done:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of every command of the test; not made yet."""
    for name in os.environ:
        if name.startswith("RXSYNC_"):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RXSYNC_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def rxsync(capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Call a command in this process: ``rxsync("sync", source, "--repository", "tools")``."""

    def call(*args: object) -> Done:
        capfd.readouterr()
        code = run([str(arg) for arg in args])
        sys.stdout.flush()
        return Done(code, *capfd.readouterr())

    return call


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command as a process; one that still runs at the end of the test is killed."""
    begun: list[subprocess.Popen[str]] = []

    def start(*args: object, **how: Any) -> subprocess.Popen[str]:
        # a job in the background inherits that SIGINT is ignored; what is started here is to listen to it
        heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "preexec_fn": heed, **how}
        process = subprocess.Popen([sys.executable, "-m", "rxsync", *map(str, args)], **how)
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source: a folder with three files."""
    source = tmp_path / "source"
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"bytes of {name}\n")
    return source


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file of settings; gives its path, which differs from that of the home."""

    def write(text: str) -> Path:
        path = tmp_path / "settings" / "rxsync.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


@dataclass
class Upstream:
    """A server; set what it serves by path.

    Attributes:
        url: of its root, ending in a slash.
        files: path to bytes.
        endless: paths whose answer begins and does not end.
        begun: set when such an answer began.
        heard: path and ``Authorization`` of each request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)
    begun: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    heard: list[tuple[str, str | None]] = field(default_factory=list)

    def serve(self, path: str, content: bytes) -> None:
        """Serve a file, and list it in the manifest."""
        self.files[path] = content
        line = f"{path},{hashlib.sha256(content).hexdigest()},{len(content)}\n"
        self.files["PULP_MANIFEST"] = self.files.get("PULP_MANIFEST", b"") + line.encode()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A server on this machine."""
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            upstream.heard.append((path, self.headers["Authorization"]))
            content = upstream.files.get(path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            if path not in upstream.endless:
                self.wfile.write(content or b"")
                return
            self.wfile.write((content or b"")[:1])
            upstream.begun.set()
            upstream.over.wait()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a sync that stops hangs up
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    upstream.url = f"http://127.0.0.1:{server.server_port}/"
    yield upstream
    upstream.over.set()
    server.shutdown()
    thread.join()
    server.server_close()
