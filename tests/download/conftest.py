"""A server that misbehaves, a scratch in memory, and a downloader between them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rxsync.download import Downloads, Link, open_downloader
from rxsync.testing.faults import FaultServer, fault_server
from rxsync.testing.scratch import MemoryScratch


@pytest.fixture
def scratch() -> MemoryScratch:
    return MemoryScratch()


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with fault_server() as running:
        yield running


@pytest.fixture
async def elsewhere() -> AsyncIterator[FaultServer]:
    """Another host."""
    async with fault_server("127.0.0.2") as running:
        yield running


@pytest.fixture
async def once(server: FaultServer, scratch: MemoryScratch) -> AsyncIterator[Downloads]:
    """A downloader that tries nothing twice."""
    async with open_downloader(server.origin, scratch, Link(retries=0)) as downloads:
        yield downloads


@pytest.fixture
async def stubborn(server: FaultServer, scratch: MemoryScratch) -> AsyncIterator[Downloads]:
    """A downloader that tries everything up to five times, without waiting."""
    async with open_downloader(server.origin, scratch, Link(retries=4), backoff=0) as downloads:
        yield downloads
