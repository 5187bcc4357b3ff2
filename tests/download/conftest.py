"""A server that misbehaves, a scratch in memory, and a downloader between them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field

import pytest

from rxsync.declare.body import Body
from rxsync.download import Downloads, open_downloader
from rxsync.errors import StorageError
from rxsync.testing.faults import FaultServer, fault_server


@dataclass(eq=False)
class MemorySink:
    scratch: MemoryScratch
    algorithms: Collection[str]
    expected: int | None
    size: int = 0
    pieces: list[bytes] = field(default_factory=list)

    async def write(self, piece: bytes) -> None:
        if self.size + len(piece) > self.scratch.room:
            raise StorageError("no room")
        self.size += len(piece)
        self.pieces.append(piece)

    async def close(self) -> Body:
        data = b"".join(self.pieces)
        digests = {name: hashlib.new(name, data).hexdigest() for name in {"sha256", *self.algorithms}}
        body = Body(len(data), digests, data=data)
        self.scratch.bodies.append(body)
        self.scratch.open.discard(self)
        return body

    async def discard(self) -> None:
        self.scratch.open.discard(self)


@dataclass
class MemoryScratch:
    """Knows what is left in it: sinks that were neither closed nor discarded, bodies not released."""

    room: int = 1 << 30
    open: set[MemorySink] = field(default_factory=set)
    bodies: list[Body] = field(default_factory=list)

    def receive(self, algorithms: Collection[str] = (), size: int | None = None) -> MemorySink:
        sink = MemorySink(self, algorithms, size)
        self.open.add(sink)
        return sink

    def release(self, bodies: Sequence[Body]) -> None:
        for body in bodies:
            self.bodies.remove(body)

    @property
    def empty(self) -> bool:
        return not self.open and not self.bodies


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
    async with open_downloader(server.origin, scratch, retries=0) as downloads:
        yield downloads


@pytest.fixture
async def stubborn(server: FaultServer, scratch: MemoryScratch) -> AsyncIterator[Downloads]:
    """A downloader that tries everything up to five times, without waiting."""
    async with open_downloader(server.origin, scratch, retries=4, backoff=0) as downloads:
        yield downloads
