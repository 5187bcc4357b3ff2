"""What the tests of a downloader have before them, and how it is opened.

Floor 6, doors. A part of the suite in ``downloader.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar, NamedTuple

import pytest
import pytest_asyncio

from rxsync.ports.downloader import Coding, Downloader, Request
from rxsync.testing.faults import fault_server
from rxsync.testing.scratch import MemoryScratch
from rxsync.testing.upstream import HttpUpstream, Upstream


class Opened(NamedTuple):
    """What a test has before it.

    Attributes:
        upstream: where files are.
        downloader: is under test.
        scratch: where bodies go.
    """

    upstream: Upstream
    downloader: Downloader
    scratch: MemoryScratch

    def request(self, *paths: str) -> Request:
        """Ask for a file that may be at any of these paths."""
        return Request(tuple(self.upstream.url(path) for path in paths))

    async def lines(self, path: str, *, coding: Coding | None = None, longest: int = 1 << 20) -> list[str]:
        """Read all lines of a text."""
        url = self.upstream.url(path)
        return [line async for line in self.downloader.lines(url, coding=coding, longest=longest)]


class DownloaderBase:
    """How a downloader is opened; see ``DownloaderTests``.

    Attributes:
        retries: attempts at one URL after the first, where trying again may help; at least 2, and none may wait.
    """

    pytestmark: pytest.MarkDecorator = pytest.mark.asyncio

    retries: ClassVar[int] = 4

    def open_downloader(self, source_url: str, scratch: MemoryScratch) -> AbstractAsyncContextManager[Downloader]:
        """Open the downloader under test; it is used within the context alone.

        Args:
            source_url: where the source is, http.
            scratch: where bodies are to go.
        """
        raise NotImplementedError

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Opened]:
        """Give a downloader, and a server for it to ask; to be overridden by what has no use for one."""
        scratch = MemoryScratch()
        async with fault_server() as server, self.open_downloader(server.origin, scratch) as downloader:
            yield Opened(HttpUpstream(server), downloader, scratch)

    @pytest_asyncio.fixture
    async def there(self) -> AsyncIterator[Opened]:
        """Give what is under test."""
        async with self.opened() as opened:
            yield opened
