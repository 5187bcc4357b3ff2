"""What a collection found and freed.

Floor 4, pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rxsync.catalog.collecting import Begun

DAY = 86_400.0
"""How long what nothing refers to is kept, in seconds."""


@dataclass(frozen=True)
class Kept:
    """What nothing refers to, and is not freed yet.

    Attributes:
        content: units.
        files: artifacts, and files that nothing names.
        bytes: of those, in bytes.
        until: when the grace of all of them is over, in UTC; None where it is over, and they wait for runs.
    """

    content: int = 0
    files: int = 0
    bytes: int = 0
    until: datetime | None = None


@dataclass(frozen=True)
class Collected:
    """What a collection has freed; with ``dry_run`` what it would free.

    Attributes:
        versions: (repository, number) of the versions that were deleted first.
        content: units that were deleted.
        artifacts: rows that named bytes.
        files: files that were removed from the store.
        partial: beginnings of large files that broke off, and that no sync has gone on with.
        bytes_freed: bytes of files and beginnings, without those of files that have another name elsewhere.
        waiting: what may be freed later.
        live_runs: syncs at work meanwhile; what they may use waits.
        dry_run: whether nothing was done.
        seconds: how long it took.
    """

    versions: tuple[tuple[str, int], ...]
    content: int
    artifacts: int
    files: int
    partial: int
    bytes_freed: int
    waiting: Kept
    live_runs: tuple[Begun, ...]
    dry_run: bool
    seconds: float
