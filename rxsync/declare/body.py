"""The bytes of one file, on their way from a remote into the store.

Floor 1, declare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol


class Validators(NamedTuple):
    """What a server said to recognise an unchanged file by.

    Attributes:
        etag: the ``ETag`` header as it came, None if there was none.
        last_modified: the ``Last-Modified`` header as it came, None if there was none.
    """

    etag: str | None = None
    last_modified: str | None = None


class Claim(Protocol):
    """What one file takes of a run's budget for bytes that are not yet in the store."""

    room: int
    """Bytes that it may have now."""

    make_way: Callable[[], None] | None
    """Called before it waits: whoever is to make the room may need what the fetch has beside this, such as a place."""

    async def grow(self, size: int) -> None:
        """Wait until it may have ``size`` bytes, more than ``room``."""

    def hand_over(self, body: Body) -> None:
        """Let ``body`` have what it takes of this; whoever wants to fetch once more has to grow again."""

    def give_back(self) -> None:
        """Take nothing any more. Harmless when called again, and from any thread."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Body:
    """One whole, verified file that is not yet in the store: in memory or on disk, never both.

    Its bytes go when they are stored, or with the last unit that has it.

    Attributes:
        size: length in bytes.
        digests: algorithm (as ``hashlib`` spells it) to lower-case hex; ``sha256`` is always there.
        data: the bytes, where they are in memory.
        path: the file, where they are on disk.
        ours: True if the file at ``path`` may be moved into the store; False if it must be copied and left.
        url: where the bytes came from, without credentials; None if from no remote.
        validators: what the server said to recognise an unchanged file by.
        kept: True once the store has the bytes.
        claim: what it takes of the run's budget; None for bytes that came from elsewhere, and for stored ones.
        when_kept: told, once, that the store has the bytes.
    """

    size: int
    digests: Mapping[str, str]
    data: bytes | None = None
    path: Path | None = None
    ours: bool = True
    url: str | None = None
    validators: Validators = Validators()  # noqa: RUF009 - a value that cannot change
    kept: bool = False
    claim: Claim | None = field(default=None, repr=False)
    when_kept: Callable[[Body], None] | None = field(default=None, repr=False)

    def mark_kept(self) -> None:
        """Note that the store has the bytes."""
        self.kept = True
        tell, self.when_kept = self.when_kept, None
        if tell is not None:
            tell(self)

    def let_go(self) -> None:
        """Take nothing of the run's budget any more: its bytes are released."""
        claim, self.claim = self.claim, None
        if claim is not None:
            claim.give_back()

    @property
    def sha256(self) -> str:
        """Name of the bytes in the store: 64 lower-case hex digits."""
        return self.digests["sha256"]
