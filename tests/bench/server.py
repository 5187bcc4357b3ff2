"""A static server in a process of its own: nginx where it is installed, else the one below, on asyncio.

Bench. ``http.server`` is no choice: it closes the connection after each file, and would be what is measured.
``python -m tests.bench.server FOLDER`` serves a folder until its stdin ends, and prints its port.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

HOST = "127.0.0.1"

SMALL = 1 << 16
"""Longest file that is read and sent in one go, in bytes."""

_NGINX = """
daemon off;
master_process off;  # one process, which reads what we may read: as root, workers would be somebody else
pid {scratch}/pid;
error_log {scratch}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    client_body_temp_path {scratch}/body;
    proxy_temp_path {scratch}/proxy;
    fastcgi_temp_path {scratch}/fastcgi;
    uwsgi_temp_path {scratch}/uwsgi;
    scgi_temp_path {scratch}/scgi;
    server {{ listen {host}:{port}; root {folder}; }}
}}
"""


@dataclass(frozen=True)
class Server:
    """Where the folder is served, with a slash at the end, and by what."""

    url: str
    name: str


@contextmanager
def serving(folder: Path, scratch: Path) -> Iterator[Server]:
    """Serve ``folder`` while the block runs.

    Args:
        folder: what to serve.
        scratch: an empty folder for the server's own files.

    Raises:
        RuntimeError: the server did not come up; says why.
    """
    with _nginx(folder, scratch) if shutil.which("nginx") else _ours(folder) as server:
        yield server


@contextmanager
def _ours(folder: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.bench.server", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"the server ended with {process.wait()}")
        try:
            yield Server(f"http://{HOST}:{port}/", "our own on asyncio, no nginx here")
        finally:
            process.stdin.close()


@contextmanager
def _nginx(folder: Path, scratch: Path) -> Iterator[Server]:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    config = scratch / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, scratch=scratch, host=HOST, port=port))
    process = subprocess.Popen(["nginx", "-p", scratch, "-e", scratch / "error.log", "-c", config])
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"nginx ended: {(scratch / 'error.log').read_text()}")
            time.sleep(0.01)
        yield Server(f"http://{HOST}:{port}/", "nginx")
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    with suppress(ConnectionRefusedError), socket.create_connection((HOST, port)):
        return True
    return False


class _Static(asyncio.Protocol):
    """One connection: GET after GET, one at a time, with the headers that nginx sends."""

    def __init__(self, root: bytes) -> None:
        self._root, self._received = root, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        head, end, rest = (self._received + data).partition(b"\r\n\r\n")
        self._received = rest if end else head
        if end:
            self._answer(unquote_to_bytes(head.split(b" ", 2)[1]))

    def _answer(self, path: bytes) -> None:
        try:
            file = open(self._root + path, "rb", buffering=0)  # noqa: PTH123, SIM115 - hot; closed by whoever sends it
        except OSError:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        status = os.fstat(file.fileno())
        head = _HEAD % (status.st_size, _date(int(status.st_mtime)), int(status.st_mtime), status.st_size)
        if status.st_size <= SMALL:
            with file:
                self._transport.write(head + file.read())
        else:
            self._transport.write(head)
            self._sending = asyncio.ensure_future(self._send(file))

    async def _send(self, file: BinaryIO) -> None:
        with file, suppress(ConnectionError):
            await asyncio.get_running_loop().sendfile(self._transport, file)


_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n"
    b'Last-Modified: %b\r\nETag: "%x-%x"\r\n\r\n'
)


@lru_cache(1024)
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()


async def _serve(folder: str) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Static(os.fsencode(folder)), HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # our parent is done, or dead


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
