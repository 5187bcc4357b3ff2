"""The command as people run it, against servers as people run them."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import threading
from contextlib import closing, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.postgresql import postgresql, postgresql_server  # noqa: F401 - fixtures, for the tests of this folder, too

SKIPPED = ("__pycache__", "site-packages", "config-*")


def rxsync(home, *words, expect=0, **more):
    """Run the command with ``--json``; answers what it printed, as a value."""
    command = [sys.executable, "-m", "rxsync", "--json", "--home", str(home), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    assert done.returncode == expect, done.stdout + done.stderr
    return json.loads(done.stdout)


def start(home, *words, **more):
    """Start the command and do not wait for it."""
    command = [sys.executable, "-m", "rxsync", "--json", "--home", str(home), *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


@pytest.fixture
def library(tmp_path):
    """A copy of the interpreter's standard library: some thousand files, many of them small, some the same."""
    copy = tmp_path / "library" / "lib"
    shutil.copytree(sysconfig.get_path("stdlib"), copy, ignore=shutil.ignore_patterns(*SKIPPED), symlinks=True)
    return copy


@contextmanager
def http_server(folder: Path):
    """Serve a folder by ``python -m http.server``; gives the URL."""
    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = re.search(r"port (\d+)", server.stdout.readline())[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


class Counting(SimpleHTTPRequestHandler):
    """Serves files, and tells when so many have been asked for."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet

    def do_GET(self):
        self.server.count()
        super().do_GET()

    def log_message(self, *args):
        pass


class CountingServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), partial(Counting, directory=str(folder)))
        self.lock, self.asked, self.wanted, self.reached = threading.Lock(), 0, 0, threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, *args):  # whoever is killed hangs up
        pass

    def wait_for(self, requests):
        """Forget what was asked so far, and give what is set after so many more requests."""
        with self.lock:
            self.asked, self.wanted = 0, requests
            self.reached.clear()
        return self.reached

    def count(self):
        with self.lock:
            self.asked += 1
            if self.asked == self.wanted:
                self.reached.set()


@contextmanager
def counting_server(folder):
    server = CountingServer(folder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(params=["sqlite", "postgresql"])
def ask(request, monkeypatch):
    """Runs a test on both databases: the commands it starts know from their environment. Gives how to ask in SQL."""
    if request.param == "sqlite":
        return _ask_sqlite
    url = request.getfixturevalue("postgresql")
    monkeypatch.setenv("RXSYNC_DATABASE", url)
    return partial(_ask_postgresql, url)


def _ask_sqlite(home, sql):
    with closing(sqlite3.connect(home / "rxsync.db")) as database:
        return database.execute(sql).fetchall()


def _ask_postgresql(url, home, sql):
    import psycopg

    assert not (home / "rxsync.db").exists()
    with psycopg.connect(url) as database:
        return database.execute(sql).fetchall()


def stored(home):
    """sha256 to the bytes, of every file in the store."""
    return {path.parent.name + path.name: path.read_bytes() for path in Path(home, "artifacts").glob("*/*")}


def temporary(home):
    return [path.name for path in Path(home, "tmp").iterdir()]
