"""The floor: the same work by hand, and nothing else. ``python -m tests.bench.floor URL HOME``.

Bench. What a mirror of a manifest cannot do without: the same requests by the same pool, the same digests, the same
files, as durable, and the same rows in the same tables, which the product has made beforehand. No look-up, no retry,
no redirect, no second URL, no progress, no bounds, no other plugin.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b, sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import aiohttp

from tests.bench.measure import measure
from tests.bench.source import MANIFEST

AT_ONCE, A_HOST = 50, 10
BATCH, HOP = 500, 100

_libc = ctypes.CDLL(None, use_errno=True)

PRAGMAS = ("journal_mode = wal", "synchronous = full", "cache_size = -16000", "foreign_keys = 1")

BEGIN = """
    INSERT INTO sync_run (id, repository, source, started, forgotten)
    VALUES ('floor', 'bench', 'floor', '2000-01-01 00:00:00', 0);
    INSERT INTO repository (id, name, last_version) VALUES (1, 'bench', 0);
    INSERT INTO remote (id, url) VALUES (1, 'floor');
    INSERT INTO repository_version (repository_id, number, created, run_id, present, added, removed, skipped)
        VALUES (1, 0, '2000-01-01 00:00:00', NULL, 0, 0, 0, 0);
    UPDATE repository SET last_version = 1;
"""

ROWS = {
    "artifact": "(id, size, sha256) VALUES (?, ?, ?)",
    "content": "(id, identity, type, repository_key) VALUES (?, ?, 'file.file', ?)",
    "file_file": "(id, relative_path, sha256) VALUES (?, ?, ?)",
    "content_artifact": "(id, content_id, relative_path, artifact_id) VALUES (?, ?, ?, ?)",
    "remote_artifact": "(content_artifact_id, remote_id, position, url, size, digests) VALUES (?, 1, 0, ?, ?, ?)",
    "repository_content": "(repository_id, content_id, version_added) VALUES (1, ?, 1)",
}

END = """
    INSERT INTO repository_version (repository_id, number, created, run_id, present, added, removed, skipped)
    SELECT 1, 1, '2000-01-01 00:00:00', 'floor', count(*), count(*), 0, 0 FROM repository_content
"""


class File(NamedTuple):
    """A file that came and was checked."""

    path: str
    sha256: str
    size: int
    url: str
    data: bytes


class Floor:
    """A mirror made by hand.

    Args:
        session: gives the files.
        url: of the folder with the manifest, with a slash at the end.
        home: a folder whose database has its tables.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, home: Path) -> None:
        self._session, self._url, self._home = session, url, home
        self._thread = ThreadPoolExecutor(1)
        self._database = sqlite3.connect(home / "rxsync.db", check_same_thread=False)
        self._batch: list[File] = []
        self._folders: set[str] = set()
        self._saved = 0

    async def mirror(self) -> int:
        """Mirror everything; answers how many files that is."""
        self._begin()
        lines = iter((await self._get(self._url + MANIFEST)).decode().splitlines())
        await asyncio.gather(*(self._work(lines) for _ in range(AT_ONCE)))
        await self._save(self._batch)
        with self._database:
            self._database.execute(END)
        self._thread.shutdown()
        self._database.close()
        return self._saved

    def _begin(self) -> None:
        for folder in ("artifacts", "tmp"):
            (self._home / folder).mkdir(exist_ok=True)
        for pragma in PRAGMAS:
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(BEGIN)

    async def _work(self, lines: Iterator[str]) -> None:
        for line in lines:
            path, digest, size = line.rsplit(",", 2)
            url = self._url + quote(path)
            data = await self._get(url)
            if len(data) != int(size) or sha256(data).hexdigest() != digest:
                raise SystemExit(f"{url}: other bytes than declared")
            self._batch.append(File(path, digest, len(data), url, data))
            if len(self._batch) == BATCH:
                batch, self._batch = self._batch, []
                await self._save(batch)

    async def _get(self, url: str) -> bytes:
        async with self._session.get(url, allow_redirects=False) as response:
            response.raise_for_status()
            return await response.read()

    async def _save(self, batch: list[File]) -> None:
        for start in range(0, len(batch), HOP):
            await self._hop(self._write, batch[start : start + HOP])
        await self._hop(self._name, batch)

    async def _hop(self, work: Callable[[list[File]], None], files: list[File]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work, files)

    def _write(self, files: list[File]) -> None:
        for file in files:
            temp = f"{self._home}/tmp/{file.sha256}"
            descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
            os.write(descriptor, file.data)
            os.close(descriptor)
            folder = f"{self._home}/artifacts/{file.sha256[:2]}"
            if file.sha256[:2] not in self._folders:
                Path(folder).mkdir()
                self._folders.add(file.sha256[:2])
            os.rename(temp, f"{folder}/{file.sha256[2:]}")  # noqa: PTH104 - hot, a Path costs 3 us

    def _name(self, batch: list[File]) -> None:
        _syncfs(self._home)
        first, self._saved = self._saved + 1, self._saved + len(batch)
        with self._database:
            for table, rows in _rows(first, batch).items():
                self._database.executemany(f"INSERT INTO {table} {ROWS[table]}", rows)


def _rows(first: int, batch: list[File]) -> dict[str, list[tuple[object, ...]]]:
    files = list(enumerate(batch, first))
    return {
        "artifact": [(key, file.size, file.sha256) for key, file in files],
        "content": [
            (key, _identity("file.file", file.path, file.sha256), _identity("file.file/place", file.path))
            for key, file in files
        ],
        "file_file": [(key, file.path, file.sha256) for key, file in files],
        "content_artifact": [(key, key, file.path, key) for key, file in files],
        "remote_artifact": [(key, file.url, file.size, f"sha256:{file.sha256}") for key, file in files],
        "repository_content": [(key,) for key, _ in files],
    }


def _identity(*texts: str) -> bytes:
    """The product's, written out for ASCII: the rows are to be the same to the last byte."""
    encoded = "".join([f"s{len(text)}:{text}" for text in texts])
    return blake2b(f"i1:1{encoded}".encode(), digest_size=16).digest()


def _syncfs(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _libc.syncfs(descriptor):
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(descriptor)


async def floor(url: str, home: str) -> int:
    """Mirror ``url`` into ``home``; answers how many files that is."""
    connector = aiohttp.TCPConnector(limit=AT_ONCE, limit_per_host=A_HOST)
    headers = {"Accept-Encoding": "identity", "User-Agent": "floor"}
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, cookie_jar=jar, auto_decompress=False
    ) as session:
        return await Floor(session, url, Path(home)).mirror()


if __name__ == "__main__":
    measure(floor(*sys.argv[1:]))
