"""A repository in memory that implements the downloader port, with faults where the test wants them.

Floor 6, testing. Only the way to the bytes is simulated: what verifies, retries, turns to the next URL and cuts lines
is the downloader itself, so that nothing passes here that would not pass over HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from rxsync.declare import Body, Validators
from rxsync.download import Downloads
from rxsync.download.transport import Answer, Rest
from rxsync.errors import DownloadError, HttpStatusError
from rxsync.ports.downloader import Coding, Request
from rxsync.testing.builders import THERE
from rxsync.testing.scratch import MemoryScratch
from rxsync.testing.upstream import Turn, Upstream
from rxsync.urls import without_credentials

PIECE = 1 << 16
"""Bytes that come at once."""


class Asked(NamedTuple):
    """One request that came in.

    Attributes:
        url: what was asked for, without credentials.
        headers: what was sent along.
        validators: of the bytes that the asker holds.
    """

    url: str
    headers: Mapping[str, str]
    validators: Validators


class SimulatedRemote(Upstream):
    """Files by URL. Implements ``rxsync.ports.downloader.Downloader``.

        remote = SimulatedRemote({"a": b"1", "b": b"2"})
        remote.fail("a", 503, times=2)
        body = await remote.fetch(Request(("http://there/a",)))    # at the third attempt

    Where a method takes a ``path``, it is below ``origin``, or a whole URL. Faults of one file take turns in the
    order in which they were asked for; after them it is whole again.

    Args:
        files: path to bytes.
        origin: where they are, http or https, with a slash at its end.
        retries: attempts at one URL after the first, where trying again may help; none of them waits.

    Attributes:
        asked: every request, in the order they came; each attempt is one.
        open: requests that are being answered.
        most_open: most of them there ever were at once.
        scratch: what was fetched and not released.
    """

    origin: str
    scratch: MemoryScratch

    def __init__(self, files: Mapping[str, bytes] | None = None, *, origin: str = THERE, retries: int = 4) -> None:
        super().__init__()
        self.origin, self.scratch = origin, MemoryScratch()
        self.asked: list[Asked] = []
        self.open = self.most_open = 0
        self._way = _Way(self)
        self._downloads = Downloads({"http": self._way, "https": self._way}, self.scratch, retries=retries, backoff=0)
        for path, data in (files or {}).items():
            self.put(path, data)

    def url(self, path: str) -> str:
        """Give the URL of ``path``; a URL stays what it is, but for credentials."""
        return without_credentials(path) if "://" in path else self.origin + quote(path)

    # -- what was asked

    def count(self, path: str) -> int:
        """How many requests there were for ``path``; each attempt is one."""
        return sum(asked.url == self.url(path) for asked in self.asked)

    async def until_open(self, count: int) -> None:
        """Wait until ``count`` requests are being answered at once."""
        while self.open < count:
            self._way.came.clear()
            await self._way.came.wait()

    # -- the port

    async def fetch(self, request: Request) -> Body | None:
        """Fetch one file; None if ``request.validators`` were given and it is unchanged.

        Raises:
            DownloadError: no URL gave it; names the last URL and, in its notes, what the others said.
            HttpStatusError: likewise, the last answer was a status.
            IntegrityError: likewise, the last answer was other bytes than declared.
        """
        return await self._downloads.fetch(request)

    async def fingerprint(self, url: str, known: str | None = None) -> str:
        """Say what a file looks like; ``known``, where it is unchanged.

        Raises:
            DownloadError: it could not be had.
        """
        return await self._downloads.fingerprint(url, known)

    def lines(self, url: str, *, coding: Coding | None = None, longest: int = 1 << 20) -> AsyncGenerator[str, None]:
        """Stream a text file line by line: UTF-8, BOM dropped, LF or CRLF dropped.

        Args:
            url: where it is.
            coding: what the file itself is compressed by; None: it is text.
            longest: longest line that is accepted, in bytes.

        Raises:
            DownloadError: it could not be had, or ended before its end.
            MetadataError: it is no text in UTF-8, a line is longer than ``longest``, or what is compressed is broken or
                becomes too much; names URL and line, or what came.
        """
        return self._downloads.lines(url, coding=coding, longest=longest)


class _Way:
    """The way to the bytes. Implements ``rxsync.download.transport.Transport``."""

    def __init__(self, remote: SimulatedRemote) -> None:
        self._remote = remote
        self.came = asyncio.Event()

    @asynccontextmanager
    async def open(
        self, url: str, headers: Mapping[str, str], held: Validators, rest: Rest | None = None
    ) -> AsyncIterator[Answer]:
        remote, shown = self._remote, without_credentials(url)
        remote.asked.append(Asked(shown, headers, held))
        remote.open += 1
        remote.most_open = max(remote.most_open, remote.open)
        self.came.set()
        try:
            if shown in remote._holds:
                await remote._holds[shown].wait()
            yield _answer(shown, remote._turn(shown, held))
        finally:
            remote.open -= 1


def _answer(url: str, turn: Turn) -> Answer:
    if turn.status == 304:
        return Answer(_nothing, unchanged=True)
    if turn.status != 200:
        raise HttpStatusError(url, turn.status, HTTPStatus(turn.status).phrase)
    return Answer(_Reader(url, turn.data, turn.end).read, length=len(turn.data), validators=turn.validators)


class _Reader:
    """Gives the bytes piece by piece; where there is an ``end``, the connection breaks there."""

    def __init__(self, url: str, data: bytes, end: int | None) -> None:
        self._url, self._rest, self._breaks = url, data if end is None else data[:end], end is not None

    async def read(self) -> bytes:
        if not self._rest and self._breaks:
            raise DownloadError(self._url, "the connection ended in the middle of the body", transient=True)
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        return piece


async def _nothing() -> bytes:
    return b""
