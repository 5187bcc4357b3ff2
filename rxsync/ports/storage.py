"""What the line asks of a store.

Floor 2, ports. ``rxsync.testing.storage.StorageTests`` is this contract as a test suite.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from rxsync.declare.body import Body, Claim, Validators

SMALL = 256 << 10
"""Largest file that is kept in memory until it is stored, in bytes: a file of its own costs small ones more."""

MEMORY = 256 << 20
"""Most bytes of one run that are in memory until they are stored: a thousand of the largest that may be, or more of
usual ones than a run has under way."""


class Beginning(NamedTuple):
    """What is known of a file of which only the beginning is here.

    Attributes:
        url: where the rest is, without credentials.
        validators: what the server knows the file by.
        size: how many bytes it has in all.
    """

    url: str
    validators: Validators
    size: int


class Sink(Protocol):
    """Takes one file piece by piece, counts and hashes it. Ends by ``close`` or ``discard``, once."""

    size: int
    """Bytes taken so far."""

    async def write(self, piece: bytes) -> None:
        """Take the next bytes. If that fails or is cancelled, only ``discard`` is left.

        Raises:
            StorageError: there is no room or no permission.
            NoRoomError: the claim does not grow.
        """

    async def close(self) -> Body:
        """Say that these were all; the body is what came.

        Raises:
            StorageError: there is no room or no permission.
        """

    async def discard(self) -> None:
        """Forget the bytes and whatever holds them. Harmless after ``close`` and when called again."""

    def note(self, name: str, beginning: Beginning) -> None:
        """Say how a later run may go on with what is here, should this one end before; before the first ``write``.

        Args:
            name: what ``Scratch.resume`` will ask for.
            beginning: of what.
        """

    async def suspend(self) -> bool:
        """Stop here: what was noted waits for a later run, anything else is forgotten. Answers whether it waits."""


class Scratch(Protocol):
    """Where one run keeps bytes that are not yet in the store. Gone when the run is.

    It holds no body: the bytes of one that nobody has any more are gone, too.
    """

    def receive(self, algorithms: Collection[str] = (), size: int | None = None, claim: Claim | None = None) -> Sink:
        """Give a place for one file.

        Args:
            algorithms: what to compute beside sha256, as ``hashlib`` spells it.
            size: how many bytes are expected; None if nobody knows. Decides only where they are kept.
            claim: on the run's budget; grows before there are more bytes than it has room for.
        """

    def beginning(self, name: str) -> Beginning | None:
        """What waits to be gone on with, by the name that was noted; None for nothing."""

    async def resume(self, name: str, algorithms: Collection[str] = (), claim: Claim | None = None) -> Sink | None:
        """Go on with what waits; None: it is gone. As many bytes as there are have been taken.

        Raises:
            StorageError: it cannot be read.
            NoRoomError: the claim does not grow.
        """

    def release(self, bodies: Sequence[Body]) -> None:
        """Say that these bodies are needed no more, stored or not: their memory, files and claims may go.

        Harmless for bodies that were released before, or come from elsewhere.
        """


class Storage(Protocol):
    """A content-addressed store: bytes under their sha256, each once, never changed."""

    def scratch(self, run: str) -> AbstractAsyncContextManager[Scratch]:
        """Open a run's scratch; sweep those of runs that died.

        Raises:
            StorageError: it cannot be made.
        """

    async def put(self, bodies: Sequence[Body]) -> None:
        """Keep the bodies. Durable on return: what was put survives a power cut.

        A file that is already there is replaced: nobody vouches for a file that no row names yet.
        A body whose file was moved says where it is now.

        Raises:
            StorageError: there is no room or no permission, or a file that is not ours has changed; none of
                the bodies may be counted on, and those that are not at fault may be put again.
        """

    async def has(self, sha256: str) -> bool:
        """Whether bytes of that name are here."""

    def read(self, sha256: str, piece: int = 1 << 20) -> AsyncIterator[bytes]:
        """Stream the bytes in pieces of at most ``piece`` bytes.

        Raises:
            StorageError: they are not here or cannot be read.
        """
