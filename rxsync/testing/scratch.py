"""A run's scratch in memory that knows what is left in it.

Floor 6, testing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from weakref import ref

from rxsync.declare import Body, Claim
from rxsync.errors import StorageError
from rxsync.ports.storage import Beginning


@dataclass(eq=False)
class MemorySink:
    """Gathers pieces; see the port ``rxsync.ports.storage.Sink``."""

    scratch: MemoryScratch
    algorithms: Collection[str]
    expected: int | None
    claim: Claim | None = None
    size: int = 0
    pieces: list[bytes] = field(default_factory=list)

    async def write(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises:
            StorageError: there is no room.
            NoRoomError: the claim does not grow.
        """
        if self.size + len(piece) > self.scratch.room:
            raise StorageError("no room")
        if self.claim is not None and self.claim.room < self.size + len(piece):
            self.claim.grow(self.size + len(piece), self.expected or 0)
        self.size += len(piece)
        self.pieces.append(piece)

    async def close(self) -> Body:
        """Say that these were all; the body is what came."""
        data = b"".join(self.pieces)
        digests = {name: hashlib.new(name, data).hexdigest() for name in {"sha256", *self.algorithms}}
        body = Body(len(data), digests, data=data)
        self.scratch.known.append(ref(body))
        self.scratch.open.discard(self)
        return body

    async def discard(self) -> None:
        """Forget the bytes."""
        self.scratch.open.discard(self)

    def note(self, name: str, beginning: Beginning) -> None:
        """Note how to go on; what is in memory waits for nobody."""

    async def suspend(self) -> bool:
        """Forget the bytes."""
        await self.discard()
        return False


@dataclass
class MemoryScratch:
    """Takes files of any size; see the port ``rxsync.ports.storage.Scratch``.

    Attributes:
        room: longest file it takes, in bytes.
        open: sinks that were neither closed nor discarded.
        known: what was received and not released; a body that nobody has any more is gone.
    """

    room: int = 1 << 30
    open: set[MemorySink] = field(default_factory=set)
    known: list[ref[Body]] = field(default_factory=list)

    @property
    def bodies(self) -> list[Body]:
        """What was received, is not released, and somebody has."""
        return [body for one in self.known if (body := one()) is not None]

    def receive(
        self, algorithms: Collection[str] = (), size: int | None = None, claim: Claim | None = None
    ) -> MemorySink:
        """Give a place for one file."""
        sink = MemorySink(self, algorithms, size, claim)
        self.open.add(sink)
        return sink

    def beginning(self, name: str) -> Beginning | None:
        """Nothing waits here."""

    async def resume(
        self, name: str, algorithms: Collection[str] = (), claim: Claim | None = None
    ) -> MemorySink | None:
        """Nothing waits here."""

    def release(self, bodies: Sequence[Body]) -> None:
        """Forget bodies; others are left alone."""
        for body in bodies:
            body.let_go()
        self.known = [ref(body) for body in self.bodies if body not in bodies]

    @property
    def empty(self) -> bool:
        """Whether nothing is left in it."""
        return not self.open and not self.bodies
